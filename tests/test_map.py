"""The map of the chapters is what their openings say, and what their texts do."""

import json
import re

import prose
import pytest
from ce_site import chapter_map

BOOK = chapter_map.chapters(prose.ROOT)
REFERENCE = re.compile(r"\{(?:eq|ref|numref)\}`(?:[^`<]*<)?([\w-]+)>?`")
LABEL = re.compile(r"^\$\$ *\(([\w-]+)\)|^:name: ([\w-]+)|^\(([\w-]+)\)=", re.MULTILINE)


def text(path):
    """A chapter's prose up to its questions."""
    cells = [c["source"] for c in prose.load(path)["cells"] if c["cell_type"] == "markdown"]
    return prose.END_MATTER.split("\n\n".join(cells))[0]


def test_an_opening_links_only_chapters_before_it():
    for number, (title, needed, once) in BOOK.items():
        assert all(other < number for other in needed + once), title
        assert not set(needed) & set(once), title


@pytest.mark.parametrize("path", prose.CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_names_each_chapter_whose_equations_figures_or_sections_it_uses(path):
    home = {
        label: int(other.stem[:2])
        for other in prose.CHAPTERS
        for label in filter(None, sum(LABEL.findall(text(other)), ()))
    }
    number = int(path.stem[:2])
    used = {home[label] for label in REFERENCE.findall(text(path)) if label in home}
    _, needed, once = BOOK[number]
    missing = {other for other in used if other < number} - {*needed, *once}
    assert not missing, f"{path.stem} uses chapters {missing}; its opening must link them"


def test_the_front_page_draws_what_the_openings_say(site):
    page = (site / "index.html").read_text(encoding="utf-8")
    drawing = re.search(r'<figure class="ce-map">.*?</figure>', page, re.DOTALL)[0]
    dashed = [other for _, _, once in BOOK.values() for other in once]
    solid = [other for _, needed, _ in BOOK.values() for other in needed]
    assert drawing.count("<path d=") == len(solid)
    assert drawing.count('<path class="once"') == len(dashed)
    assert drawing.count(chapter_map.in_words(BOOK).removesuffix(".")) == 2  # seen and spoken
    for number, (title, *_) in BOOK.items():
        assert f">{number}</text>" in drawing
        assert title in drawing


def test_the_map_follows_an_opening(tmp_path):
    (tmp_path / "chapters").mkdir()
    for number, said in {
        2: "Python.",
        3: "[x](02_a.ipynb).",
        5: "[x](02_a.ipynb), and for one section [y](03_a.ipynb).",
    }.items():
        source = f"# {number} · Title\n\nYou need {said} About 5 minutes."
        cell = {"cell_type": "markdown", "source": source}
        path = tmp_path / f"chapters/{number:02d}_a.ipynb"
        path.write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    book = chapter_map.chapters(tmp_path)
    assert (
        chapter_map.in_words(book)
        == "Chapter 2 needs no other; 3 needs 2; 5 needs 2, and 3 for one section."
    )
    assert chapter_map.drawn(book).count("<path") == 3


@pytest.mark.parametrize("path", prose.CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_that_is_named_is_linked_where_it_is_first_named(path):
    cells = [c["source"] for c in prose.load(path)["cells"] if c["cell_type"] == "markdown"]
    named = re.compile(r"(\[)?\b[Cc]hapter (\d+)\b(?(1)[^\]]*\]\((\d\d)_\w+\.ipynb)?")
    seen = set()
    for match in named.finditer("\n\n".join(cells)):
        number = int(match[2])
        if number in BOOK and number not in seen:
            assert int(match[3] or 0) == number, f"{path.stem}: {match[0]} is not a link"
        seen.add(number)
