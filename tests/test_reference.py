"""The reference lists all that is public, and its links are the book's."""

import doctest
import inspect
import re

import numpy as np
import prose
import pytest
from test_site import NARROW

import ce_lib as ce
from ce_lib import figures, widgets

PUBLIC = [*ce.__all__, *figures.__all__, *widgets.__all__]


def test_nothing_public_is_missing(site):
    page = (site / "pages/reference.html").read_text(encoding="utf-8")
    explained = set(re.findall(r'<section id="api-(\w+)"', page))
    named = set(re.findall(r'<span class="pre">(?:figures\.)?([A-Z]+)</span>', page))
    assert set(PUBLIC) == explained | named
    for name in ce.__all__:
        section = page.partition(f'<section id="api-{name}"')[2].partition("</section>")[0]
        assert "&gt;&gt;&gt; " in section, f"the page shows no example of {name}"


POINTS = re.compile(r"as in `(\w+)`|[Tt]akes what `(\w+)` does")  # to where the rest is said


@pytest.mark.parametrize("name", ce.__all__)
def test_a_docstring_says_arguments_shape_error_and_reference(name):
    """Or names the function whose docstring does."""
    told = [name]
    for told_by in told:
        found = sum(POINTS.findall(getattr(ce, told_by).__doc__), ())
        told += [other for other in found if other and other not in told]
    said = " ".join(getattr(ce, told_by).__doc__ for told_by in told)
    for argument in inspect.signature(getattr(ce, name)).parameters:
        assert re.search(rf"\b{argument}\b", said), f"{name} does not explain {argument}"
    assert re.search(r"\(\.\.\.|\(K|shape", said), f"{name} says no shape"
    assert re.search(r"Returns|returns", said), f"{name} does not say what it returns"
    assert "Raises" in said, f"{name} says no error"
    assert "Reference: " in said, f"{name} names no reference"


@pytest.mark.parametrize("name", ce.__all__)
def test_a_docstring_ends_with_an_example_that_runs(name):
    function, failures = getattr(ce, name), []
    (test,) = doctest.DocTestFinder(recurse=False).find(function, name, globs={"ce": ce, "np": np})
    assert len(test.examples) >= 1, f"{name} has no example"
    doctest.DocTestRunner().run(test, out=failures.append)
    assert not failures, "".join(failures)
    assert inspect.getdoc(function).rpartition("\n\n")[2].startswith(">>> ")


@pytest.mark.parametrize("size", ["A4", "Letter"])
def test_the_cheat_sheet_is_one_printed_page(size, chromium, address):
    with chromium.new_context(viewport=NARROW, service_workers="block") as context:
        page = context.new_page()
        page.goto(address + "pages/cheat_sheet.html")
        page.evaluate("document.fonts.ready")
        pdf = page.pdf(format=size)
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
        page.evaluate(
            "document.querySelector('article').append(...[1, 2].map(() => document"
            ".querySelector('article > section').cloneNode(true)))"
        )
        assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=size))) > 1, "it cannot fail"


BIBLIOGRAPHY = (prose.ROOT / "pages/references.bib").read_text(encoding="utf-8")
ENTRIES = dict(re.findall(r"^@\w+\{(\w+),\n(.*?)^\}", BIBLIOGRAPHY, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("key", ENTRIES)
def test_an_entry_of_the_bibliography_links_to_the_work(key, site):
    """By DOI or a stable address; its key says author and year; the page shows it."""
    entry = dict(re.findall(r"^  (\w+) = \{(.*)\},?$", ENTRIES[key], re.MULTILINE))
    assert {"author", "title", "year"} <= set(entry)
    assert re.fullmatch(r"[a-z]+" + entry["year"], key)
    link = f"https://doi.org/{entry['doi']}" if "doi" in entry else entry["url"]
    assert re.match(r"https://doi\.org/10\.\d{4,}/|https://(?!doi\.org)[\w.-]+/\S", link)
    page = (site / "pages/bibliography.html").read_text(encoding="utf-8")
    assert link.replace("<", "&lt;").replace(">", "&gt;") in page, f"{key} is not cited"
