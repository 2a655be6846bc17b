"""Every number in the prose comes from a cell."""

import re
from decimal import Decimal

import prose
import pytest


@pytest.mark.parametrize("path", prose.CHAPTERS, ids=lambda path: path.stem)
def test_every_number_in_a_chapter_comes_from_a_nearby_cell(path):
    """Prose, captions, alt text, formulas and answers repeat only what ran."""
    faults = prose.unsupported(path.stem, prose.load(path))
    assert not faults, "\n".join(faults)


WRITTEN = [path for path in prose.PAGES if path.stem != "benchmarks"]  # that one is measured


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_every_number_on_a_page_names_its_output(path):
    """Pages do not run, so their numbers are taken from named outputs, or cited."""
    text = path.read_text(encoding="utf-8")
    if path.stem in ("checks", "for_teachers"):  # test_checks_page.py, test_teachers.py: the same
        text = re.sub(r"^```(?:diff|text)\n.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    faults = prose.page_faults(path.stem, text)
    assert not faults, "\n".join(faults)


def test_the_measured_page_was_measured_with_the_locked_versions():
    """`make bench` wrote it, all of it, and with the libraries that the tests compare with."""
    page = (prose.ROOT / "pages" / "benchmarks.md").read_text(encoding="utf-8")
    lock = (prose.ROOT / "tests" / "peers" / "requirements.txt").read_text(encoding="utf-8")
    for name in ("numpy", "torch", "jax", "optax", "scipy", "scikit-learn"):
        version = re.search(rf"^{name}==(\S+)", lock, re.MULTILINE)[1]
        assert f"{name} {version}" in page, f"{name} {version}: run `make bench`"
    sections = ["Accuracy", "Memory", "Speed", "Website", "Grading"]
    assert re.findall(r"^## (\w+)", page, re.MULTILINE) == sections


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("0.105", "0.10536"),
        ("−0.105", "0.105"),
        ("0.10", "0.105"),
        ("0.11", "0.105"),
        ("12.5%", "0.125"),
        (r"$12.5\%$", "12.5"),
        ("10,000", "10000"),
        ("$50{,}257$", "50257"),
        ("`10_000`", "10000"),
        ("4.248e-18", "4.24835e-18"),
        (r"$4.248 \times 10^{-18}$", "4.24835e-18"),
        ("4.25 × 10⁻¹⁸", "4.24835e-18"),
        (r"$\ln2.5$", "2.5"),
        ("[0.5](https://a.org/9.87)", "0.5"),
        ("{ref}`half, 0.5 <sec-1.2>`", "0.5"),
        (":alt: up to 0.5", "0.5"),
        ("`0.5`", "0.5"),
    ],
)
def test_one_number_is_read_and_matched(text, source):
    """Each way in which the book writes a number is read as that number."""
    (number,) = filter(prose.needs_a_source, prose.numbers(prose.readable(text)))
    assert number.fits(Decimal(source))
    assert not number.fits(Decimal(source) * Decimal("1.2"))


@pytest.mark.parametrize(
    "text",
    [
        "{cited}`1.58`",
        "{cite}`a-1.5` and {eq}`eq-2.1`",
        ":width: 0.5",
        "<https://a.org/1.5>",
        "arXiv:1503.02531",
        "chapter 2, float64, 3 classes",
        "v1.5 and p1.5",
    ],
)
def test_what_is_no_claim_is_left_alone(text):
    """Citations, links, options and names are not numbers of the chapter."""
    assert not [*filter(prose.needs_a_source, prose.numbers(prose.readable(text)))]


def test_a_comment_or_a_text_in_code_supports_nothing():
    """Only numbers that the code computes with count."""
    assert prose.literals('"""0.1"""\nx = 10_000 + 2e-3  # 0.7\n') == [10000, Decimal("0.002")]
