"""What leaves a jail, what is handed in, and how answers are compared: on any system."""

import enum
import re
import tracemalloc
import zipfile
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from grading import intake
from grading.compare import difference
from grading.inside import exchange

plain_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    | st.complex_numbers()
    | arrays.arrays(st.sampled_from(["f8", "f4", "i8", "u1", "?", "c16"]), arrays.array_shapes()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


@given(plain_data)
def test_plain_data_arrives_as_it_was_sent(value):
    line = exchange.dump({"value": exchange.encode(exchange.plain(value))})
    arrived = exchange.decode(exchange.parse(line)["value"])
    assert repr(arrived) == repr(exchange.plain(value))
    if not isinstance(value, (int, float)) or abs(value) < 1e300:
        assert type(arrived) is type(value)


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(
        ["$array", "$other", "$dict", "$complex", "$pickle", "f8", "O", "AAAAAAAAAAA="]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["$array", "$other", "$dict", "$complex", "x"]), inner),
    max_leaves=12,
))  # fmt: skip
def test_whatever_arrives_is_decoded_or_refused(value):
    try:
        got = exchange.decode(value)
    except exchange.Malformed:
        return
    for want in (1.0, np.zeros(3), "text", True, None, [1, "a"], {"a": 1}):
        difference(got, want)


@pytest.mark.parametrize(
    "value",
    [
        {"$complex": [1, 10**4000]},
        {"$array": ["f8", [0] + 5 * [2**22], ""]},
        (exchange.MOST + 2) * [[]],
    ],
    ids=["a complex beyond floats", "an array beyond NumPy", "too many lists"],
)
def test_what_would_break_the_grader_is_refused(value):
    with pytest.raises(exchange.Malformed):
        exchange.decode(value)


def test_a_kind_of_text_is_a_text():
    class Bug(enum.StrEnum):
        SIGN = "sign"

    class Loud(str):
        def __str__(self):
            return "other"

    got = exchange.plain([Bug.SIGN, Loud("own")])
    assert (got, [*map(type, got)]) == (["sign", "own"], [str, str])
    assert [type(key) for key in exchange.plain({Bug.SIGN: 1, np.str_("b"): 2})] == [str, str]


def test_a_description_is_fit_for_a_file_and_a_terminal():
    """A class may name itself as it likes, by a metaclass, and a message repeats the name."""
    got = exchange.decode({"$other": "an object of type \ud800 \x1b[31m\n" + 300 * "\ud801"})
    assert repr(got).isprintable()
    assert len(got.what.encode()) < 1500


def test_texts_among_numbers_take_no_memory():
    """NumPy would make each as wide as the longest."""
    tracemalloc.start()
    said = difference(["a" * 30_000] + ["b"] * 10_000, np.ones(3))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "not an array of numbers" in said
    assert peak < 2**20


@pytest.mark.parametrize("line", [b"", b"[1]", b"nonsense", b"\xff", b"{", b"[" * 100_000, b"3"])
def test_what_is_no_frame_is_refused(line):
    with pytest.raises(exchange.Malformed):
        exchange.parse(line)


@pytest.mark.parametrize(
    ("got", "want", "says"),
    [
        (2.0, 2.0, None),
        (np.float32(2), 2, None),
        ([1, 2], np.array([1.0, 2.0]), None),
        ([1, "a"], (1, "a"), None),
        (float("nan"), float("nan"), None),
        ({"a": [1.0]}, {"a": np.ones(1)}, None),
        (np.zeros((2, 3)), np.zeros((3, 2)), "shape (2, 3)"),
        (np.array([1.0, 2.0]), np.array([1.0, 3.0]), "1 of its 2 values are wrong, the first at"),
        (1, True, "a number"),
        (True, 1, "a truth value"),
        ("1", 1, "a text"),
        (10**400, 1, "not one of the numbers"),
        (10**400, 10**400, "not one of the numbers"),
        ([[1], [1, 2]], np.ones(2), "not an array of numbers"),
        ([1, "b"], (1, "a"), "of element 1, it is another text"),
        (exchange.Other("a joke"), 1, "a joke"),
        (None, 1, "None"),
    ],
)
def test_a_difference_is_named(got, want, says):
    said = difference(got if isinstance(got, exchange.Other) else exchange.plain(got), want)
    assert (said is None) if says is None else (says in said)


@pytest.mark.parametrize("name", ["../x", "a/b", "Ann-Lee", "O'Brien", "é" * 200, "..", "", "a\0b"])
def test_a_students_name_is_safe_in_a_path(name):
    assert re.fullmatch(r"[A-Za-z0-9_-]{0,60}", intake.student_id(name))


def test_a_zip_bomb_is_set_aside(monkeypatch, tmp_path):
    monkeypatch.setattr(intake.archives, "LARGEST", 10**6)
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ada/a.ipynb", bytes(10**8))
    (item,) = intake.gather(tmp_path, "ps-small")
    assert "unpacks to more than" in item.fault
    assert item.data == b""


@pytest.mark.parametrize("value", [Decimal("sNaN"), Fraction(10**400)])
def test_a_number_that_no_float_can_hold_is_named(value):
    assert "that is no float" in exchange.plain(value).what


def test_a_number_rounded_to_two_digits_is_told_so():
    """But known mistakes come first, and of a function's values nothing is said."""
    asked = {"rtol": 0.0005, "single": True}
    assert "right to about 2 digits, where 4 are asked" in difference(6.1, 6.063, **asked)
    assert difference(6.5, 6.063, **asked) == "its value is wrong"
    assert "digits" not in difference(6.1, 6.063)
    assert difference((1e-6,), np.zeros(2)).startswith("it is a tuple of 1 element, not an array")
    assert difference({}, (np.zeros(2), 1.0)) == "it is a dict, not a tuple of 2 elements"
