"""Each term of the glossary is linked where a chapter first uses it, and nothing else is."""

import re

import prose
import pytest

GLOSSARY = (prose.ROOT / "pages/glossary.md").read_text(encoding="utf-8")
ENTRIES = re.findall(r"^((?:^\S.*\n)+)  (\S.*)$", GLOSSARY, re.MULTILINE)
NAMES = {name: names.split("\n")[0] for names, _ in ENTRIES for name in names.split("\n")[:-1]}
FORMS = sorted(NAMES, key=len, reverse=True)
TERM = re.compile(r"\{term\}`(?P<text>[^`<]+?)(?: <(?P<name>[^`>]+)>)?`")
NOT_PROSE = re.compile(  # nobody reads these as running text, or they are links already
    r"""(?P<term> \{term\}`[^`]*` )
    | ^```.*?^```
    | ^\#+[ ][^\n]* | ^:[\w-]+:[^\n]* | ^:{3,}[^\n]* | ^\([\w-]+\)=
    | ^\$\$.*?^\$\$[^\n]* | \$[^$]+\$ | (?:\{[\w:]+\})?`[^`]+` | \[[^\]]*\]\([^)]*\)
    """,
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
USE = re.compile(
    TERM.pattern + r"|(?<![\w-])(?P<use>" + "|".join(map(re.escape, FORMS)) + r")(?:e?s)?(?![\w-])",
    re.IGNORECASE,
)


def uses(markdown):
    """The terms in a text, in order: (term, as written, linked or not)."""
    text = NOT_PROSE.sub(lambda m: m["term"] or re.sub(r"\S", " ", m[0]), markdown)
    by_lower = {name.lower(): name for name in NAMES}
    for match in USE.finditer(text):
        if match["use"]:
            yield by_lower[match["use"].lower()], match, False
        else:
            name = (match["name"] or match["text"]).lower()
            yield by_lower.get(name, name), match, True


def faults(name, notebook):
    """Terms that are not linked at their first use, linked twice, or linked and not explained."""
    seen = set()
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            for form, match, linked in uses(cell["source"]):
                term = NAMES.get(form)
                if term is None:
                    yield f"{name}, cell {cell['id']}: {match[0]} is not in the glossary"
                elif linked and term in seen:
                    yield f"{name}, cell {cell['id']}: links {term} again"
                elif not linked and term not in seen:
                    yield f"{name}, cell {cell['id']}: does not link its first {term}"
                seen.add(term)


@pytest.mark.parametrize("path", prose.CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_links_each_term_at_its_first_use(path):
    found = list(faults(path.stem, prose.load(path)))
    assert not found, "\n".join(found)


def test_an_entry_is_used_is_short_and_says_where_it_comes_from():
    chapters = [prose.load(path)["cells"] for path in prose.CHAPTERS]
    text = "\n".join(cell["source"] for cells in chapters for cell in cells)
    linked = {NAMES[form] for form, _, is_link in uses(text) if is_link}
    for names, said in ENTRIES:
        assert re.fullmatch(r"[^.]+\.(?: [^.]+\.)? \{numref\}`§%s <[\w-]+>`", said), names
        assert names.split("\n")[0] in linked, f"no chapter uses {names}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("The {term}`logit` of a cat, and a logit.", ""),
        ("The *{term}`odds`* and the {term}`Softmax <softmax>`.", ""),
        ("# The logit\n\n`logit` in $logit$ and [logit](a.md)", ""),
        ("the cross-logit", ""),
        ("```python\nlogit = 1\n```\n\n`a`, a {term}`logit`", ""),
        ("The logit of a cat.", "does not link its first logit"),
        ("Logits, and then a {term}`logit`.", "does not link its first logit"),
        ("a {term}`logit`, a {term}`logit`", "links logit again"),
        ("a {term}`lodgit`", "is not in the glossary"),
    ],
)
def test_a_forgotten_a_second_and_an_unknown_link_are_named(text, says):
    cell = {"cell_type": "markdown", "id": "a", "source": text}
    found = "; ".join(faults("02_small", {"cells": [cell]}))
    assert says in found if says else not found
