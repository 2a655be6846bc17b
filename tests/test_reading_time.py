"""The minutes in a chapter's opening are measured from what there is to read and to run.

Two times are stated: for the main road, which is all that is not folded, and with every fold
open: proofs, derivations and the code of figures. Exercises and their solutions are left out of
both, since how long those take depends on the reader.
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
LONGEST_ROAD, LONGEST = 30, 50
WORD = re.compile(r"[^\W\d_][\w’'-]*")
SKIPPED = re.compile(r"^## (?:Exercises|Further reading)\b", re.MULTILINE)
SECTION = re.compile(r"^## ", re.MULTILINE)
OTHER_TABS = re.compile(r"(^(:{3,})\{tab-item\}.*?^\2$).*?^(?=:{4,}$)", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
FOLD = re.compile(r"^(:{3,})\{dropdown\}.*?^\1$", re.MULTILINE | re.DOTALL)


def seconds(notebook, folds=False):
    """What reading and running a chapter takes, by kind; with every fold open, or without."""
    spent, skipping, argument = dict.fromkeys(["words", *SECONDS], 0), False, True
    for cell in notebook["cells"]:
        text, tags = cell["source"], cell["metadata"].get("tags", [])
        if not folds and cell["cell_type"] == "markdown":
            text = FOLD.sub("", text)
        if cell["cell_type"] == "markdown" and SECTION.search(text):
            skipping = SKIPPED.search(text) is not None
            argument = argument and not prose.END_MATTER.search(text)
        if skipping or "remove-cell" in tags or ("hide-cell" in tags and not folds):
            continue
        if prose.question(cell):
            counts = {"question to answer": 1}
        elif cell["cell_type"] == "code":
            code, lines = len(re.findall(r"^.*\w", text, re.M)), prose.output_text(cell)
            counts = {"cell to run": 1, "line of code": code}
            if "figures.show(" in text:
                counts = {"cell to run": 1, "line of a figure's code": folds * code, "figure": 1}
            elif text.startswith("widgets."):
                counts = {"interactive figure": 1}
            else:
                counts["line of output"] = len(lines.strip().splitlines())
        else:
            text = OTHER_TABS.sub(r"\1\n", text)  # a reader opens the tab of one framework
            code = sum(block.count("\n") for block in CODE.findall(text))
            rest, displayed = re.subn(r"^\$\$.*?^\$\$", "", CODE.sub("", text), flags=re.M | re.S)
            guesses = argument * len(re.findall(r"\*\*[^*]+\?\*\*", rest))
            rest, in_lines = re.subn(r"\$[^$]+\$", "", re.sub(r"^:alt:.*", "", rest, flags=re.M))
            words = len(WORD.findall(prose.readable(rest)))
            counts = {"displayed formula": displayed, "formula in a line": in_lines}
            counts |= {"guess asked for": guesses, "words": words, "line of code": code}
        for kind, count in counts.items():
            spent[kind] += count * SECONDS.get(kind, 60 / WORDS_A_MINUTE)
    return spent


def minutes(notebook, folds=False):
    """The same in all, to the nearest five minutes."""
    return 5 * round(sum(seconds(notebook, folds).values()) / 300)


def claimed(notebook):
    """What the opening says: the main road, and with every fold."""
    opening = "".join(cell["source"] for cell in notebook["cells"][:3])
    (said,) = re.findall(r"\bAbout (\d+) minutes; with every fold, (\d+)\.", opening)
    return tuple(map(int, said))


@pytest.mark.parametrize("path", prose.CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_takes_the_minutes_it_says(path):
    notebook = prose.load(path)
    took = minutes(notebook), minutes(notebook, folds=True)
    spent = {kind: round(s / 60, 1) for kind, s in seconds(notebook).items()}
    assert claimed(notebook) == took, f"the road: {sum(spent.values()):.1f} minutes, {spent}"
    assert took[0] <= LONGEST_ROAD
    assert took[1] <= LONGEST


def test_a_page_of_text_is_two_minutes_and_what_is_hidden_takes_none():
    text = {"cell_type": "markdown", "source": "word " * 476, "metadata": {}}
    code = {"cell_type": "code", "source": "x = 1\n" * 20, "metadata": {"tags": ["hide-cell"]}}
    after = {**text, "source": "## Exercises\n\n" + text["source"]}
    notebook = {"cells": [text, {**code, "outputs": []}, after]}
    assert sum(seconds(notebook).values()) == pytest.approx(120)


def test_a_fold_takes_time_only_when_it_is_open():
    fold = ":::{dropdown} Proof: of it\n" + "word " * 235 + "\n:::"
    notebook = {"cells": [{"cell_type": "markdown", "source": fold, "metadata": {}}]}
    assert sum(seconds(notebook).values()) == 0
    assert sum(seconds(notebook, folds=True).values()) == pytest.approx(60, abs=1)
