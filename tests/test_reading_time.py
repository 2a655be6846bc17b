"""The minutes in a chapter's opening are measured from what there is to read and to run.

Counted are the text up to the exercises, the recap and the readers' questions. Solutions and
exercises are left out: how long those take is the reader's own affair.
"""

import re

import prose
import pytest

WORDS_A_MINUTE = 238  # silent reading of English non-fiction: Brysbaert (2019)
PAGE = (prose.ROOT / "pages/checks.md").read_text(encoding="utf-8")
SECONDS = {  # for what is not a word
    kind: int(seconds)
    for kind, seconds in re.findall(r"^\| ([^|\d\n]+) \| (\d+) \|$", PAGE, re.MULTILINE)
}
LONGEST = 45
WORD = re.compile(r"[^\W\d_][\w’'-]*")
SKIPPED = re.compile(r"^## (?:Exercises|Further reading)\b", re.MULTILINE)
SECTION = re.compile(r"^## ", re.MULTILINE)


def seconds(notebook):
    """What reading and running a chapter takes, by kind."""
    spent, skipping, argument = dict.fromkeys(["words", *SECONDS], 0), False, True
    for cell in notebook["cells"]:
        text, tags = cell["source"], cell["metadata"].get("tags", [])
        if cell["cell_type"] == "markdown" and SECTION.search(text):
            skipping = SKIPPED.search(text) is not None
            argument = argument and not prose.END_MATTER.search(text)
        if skipping or "remove-cell" in tags or "hide-cell" in tags:
            continue
        if prose.question(cell):
            counts = {"question to answer": 1}
        elif cell["cell_type"] == "code":
            code, lines = len(re.findall(r"^.*\w", text, re.M)), prose.output_text(cell)
            counts = {"cell to run": 1, "line of code": code}
            if "figures.show(" in text:
                counts = {"cell to run": 1, "line of a figure's code": code, "figure": 1}
            elif text.startswith("widgets."):
                counts = {"interactive figure": 1}
            else:
                counts["line of output"] = len(lines.strip().splitlines())
        else:
            rest, displayed = re.subn(r"^\$\$.*?^\$\$", "", text, flags=re.M | re.S)
            guesses = argument * len(re.findall(r"\*\*[^*]+\?\*\*", rest))
            rest, in_lines = re.subn(r"\$[^$]+\$", "", re.sub(r"^:alt:.*", "", rest, flags=re.M))
            words = len(WORD.findall(prose.readable(rest)))
            counts = {"displayed formula": displayed, "formula in a line": in_lines}
            counts |= {"guess asked for": guesses, "words": words}
        for kind, count in counts.items():
            spent[kind] += count * SECONDS.get(kind, 60 / WORDS_A_MINUTE)
    return spent


def minutes(notebook):
    """The same in all, to the nearest five minutes."""
    return 5 * round(sum(seconds(notebook).values()) / 300)


def claimed(notebook):
    """What the opening says."""
    opening = "".join(cell["source"] for cell in notebook["cells"][:3])
    (said,) = re.findall(r"\bAbout (\d+) minutes\.", opening)
    return int(said)


@pytest.mark.parametrize("path", prose.CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_takes_the_minutes_it_says(path):
    notebook = prose.load(path)
    spent = {kind: round(s / 60, 1) for kind, s in seconds(notebook).items()}
    assert claimed(notebook) == minutes(notebook), f"{sum(spent.values()):.1f} minutes: {spent}"
    assert minutes(notebook) <= LONGEST


def test_a_page_of_text_is_two_minutes_and_what_is_hidden_takes_none():
    text = {"cell_type": "markdown", "source": "word " * 476, "metadata": {}}
    code = {"cell_type": "code", "source": "x = 1\n" * 20, "metadata": {"tags": ["hide-cell"]}}
    after = {**text, "source": "## Exercises\n\n" + text["source"]}
    notebook = {"cells": [text, {**code, "outputs": []}, after]}
    assert sum(seconds(notebook).values()) == pytest.approx(120)
