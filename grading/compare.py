"""Compare an answer with the reference, and say in words where they differ."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from grading.inside.exchange import Other

Array = np.ndarray[Any, Any]
SINGLE = 2e-5, 2e-6  # how far an answer in single precision may be off, where nothing asks for more


def difference(
    got: object, want: Any, rtol: float = 1e-9, atol: float = 0.0, single: bool = False
) -> str | None:
    """Say how `got` differs from `want`, or return None if it agrees.

    got : plain data from a submission (see `grading.inside.exchange`)
    want : number, bool, str, None, numeric array, or a list, tuple or dict of these

    single : whether numbers with a fraction need to be right to single precision only, whatever
        they are returned in: a result of single precision often becomes one of double

    Numbers agree within `rtol` and `atol`, nan with nan. A list of numbers is as good as an array,
    a tuple as a list; a truth value is no number. The text names shapes, kinds and places, never a
    value of `want`.
    """
    if isinstance(got, Other):
        return f"it is {got.what}"
    if want is None or isinstance(want, str):
        if type(got) is not type(want):
            return f"it is {kind(got)}, not {kind(want)}"
        return None if got == want else "it is another text"
    if isinstance(want, dict):
        if not isinstance(got, dict) or got.keys() != want.keys():
            return f"it is not a dict with the keys {', '.join(want)}"
        return _first(difference(got[key], want[key], rtol, atol, single) for key in want)
    if isinstance(want, (list, tuple)) and not _numeric(want):
        if not isinstance(got, (list, tuple)) or len(got) != len(want):
            return f"it is {kind(got)}, not {kind(want)}"
        pairs = enumerate(zip(got, want, strict=True))
        found = (
            (place, difference(one, other, rtol, atol, single)) for place, (one, other) in pairs
        )
        return _first(said and f"of element {place}, {said}" for place, said in found)
    return _numbers(got, np.asarray(want), rtol, atol, single)


def in_single(value: object) -> bool:
    """Whether some number of an answer is in single precision."""
    if isinstance(value, (list, tuple)):
        return any(map(in_single, value))
    return getattr(value, "dtype", None) in (np.float32, np.complex64)


def kind(value: object) -> str:
    """Name the kind of a value in a message."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    if isinstance(value, (list, tuple)):
        s = "" if len(value) == 1 else "s"
        return f"a {type(value).__name__} of {len(value)} element{s}"
    names = {bool: "a truth value", str: "a text", dict: "a dict", type(None): "None"}
    return getattr(value, "what", None) or names.get(type(value), "a number")


def _first(found: Iterable[str | None]) -> str | None:
    return next((said for said in found if said), None)


def _numeric(value: Any) -> bool:
    """Whether a list or tuple holds nothing but numbers, in rows of the same length."""
    try:
        return np.asarray(value).dtype.kind in "iufc"
    except (ValueError, OverflowError):
        return False


def _numbers(got: object, want: Array, rtol: float, atol: float, single: bool) -> str | None:
    if got is None or isinstance(got, (str, dict)):
        return f"it is {kind(got)}, not {_wanted(want)}"
    if not _only_numbers(got):  # of texts NumPy would make an array as wide as the longest
        return f"it is not {_wanted(want)}"
    try:
        array = np.asarray(got)
    except (ValueError, OverflowError, MemoryError):
        return f"it is not {_wanted(want)}"
    array, want = _floats(array), _floats(want)
    if array.dtype.kind not in "biufc":
        return f"it is not {_wanted(want)}"
    if array.shape != want.shape:
        return f"it is {kind(got)}, not {_wanted(want)}"
    if (array.dtype.kind == "b") != (want.dtype.kind == "b"):
        what = "a truth value" if array.dtype.kind == "b" else kind(got)
        return f"it is {what}, not {_wanted(want)}"
    with np.errstate(all="ignore"):
        if single and want.dtype.kind in "fc" and want.size:
            largest = np.abs(want[np.isfinite(want)]).max(initial=0)
            rtol, atol = max(rtol, SINGLE[0]), max(atol, SINGLE[1] * largest)
        wrong = ~np.isclose(array, want, rtol=rtol, atol=atol, equal_nan=True)
        if not wrong.any():
            return None
        close = _digits(array[wrong], want[wrong], rtol)
    said = "its value is wrong"
    if want.ndim:
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        said = f"{wrong.sum()} of its {want.size} values are wrong, the first at index {place}"
    return said + close


def _floats(array: Array) -> Array:
    """Integers that are too large for NumPy's as floats."""
    if array.dtype.kind != "O":
        return array
    try:
        return array.astype(float)
    except (TypeError, ValueError, OverflowError):
        return array


def _digits(got: Array, want: Array, rtol: float) -> str:
    """To how many digits wrong values are right, if it is several; and how many are asked for.

    Who asks for n digits allows half a unit of the last one: up to 0.5 · 10^(1-n) of the number.
    """
    off = np.max(np.abs(got - want) / np.abs(want)) if want.dtype.kind in "iufc" else np.inf
    rounded = got.size == 1 and rtol > 1e-4  # a number that was asked for with few digits
    if not rtol < off < (0.05 if rounded else 0.005):
        return ""
    right, said = int(max(-np.log10(off), 2)), ""
    if rtol:
        asked = int(1.001 - np.log10(2 * rtol))
        right, said = min(right, asked - 1), f", where {asked} are asked"
    return f"; right to about {right} digits{said}"


def _only_numbers(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_only_numbers, value))
    return isinstance(value, (bool, int, float, complex, np.ndarray, np.generic))


def _wanted(want: Array) -> str:
    what = "truth values" if want.dtype.kind == "b" else "numbers"
    return f"an array of {what} of shape {want.shape}" if want.ndim else f"one of the {what}"
