"""Cells for the exercises at the end of a chapter whose answers code can check.

`practice/NN_name.py` has what the cells of a chapter's exercises need, in parts whose headers
begin with the exercise's number:

    # %% 3 begin (story huffman)      what the cell begins with: a name for each part of the answer;
                                      in brackets the chapter's cells that run before it
    # %% 3 answer                     a right answer; the page compares with it and does not show it
    # %% 3 inputs                     of a function: `inputs`, a list of argument tuples
    # %% 3 check                      instead of a comparison, assertions: for an answer that is
                                      right if it has a property
    # %% 3 mistake: What it says.     a wrong answer, and the sentence for it; with a check, a part
                                      of its message. The sentences are the hints, too, where a
                                      mistake has no other one: (hint: Look at the sign.)

Before its solution each exercise has a button that counts it in the progress. Those with checks
have a second button; pressed, it fetches `chapters/NN_name.exercises.json`, in the form in which
practice pages have their questions. The solution stays where the chapter has it.
"""

import functools
import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform

from ce_site import cells
from ce_site.book import CHAPTER

PART = re.compile(r"^# %% (\d+) (\w+)(?:: (.+?)(?: \(hint: (.+)\))?| \(([\w -]+)\))?\n", re.M)
JUDGE = Path(__file__).with_name("judge.py").read_text(encoding="utf-8")
NAME = re.compile(r"^(\w+) = \.\.\.|^def (\w+)", re.M)
BOX = """\
<div class="question exercise with-script" id="exercise-{0}"><p class="tools">{1}\
<button data-do="solved" aria-pressed="false" aria-label="I solved it, exercise {0}">\
I solved it</button></p></div>"""
ANSWER = '<button data-do="answer">Answer exercise {0} in code</button> '
FIRST = "import ce_lib as ce\nimport numpy as np\n"


@functools.cache
def read(path):
    """A chapter's checks by the exercise's number; raises ExtensionError for what is amiss."""
    found = {}
    _, *parts = PART.split(Path(path).read_text(encoding="utf-8"))
    for number, kind, says, hint, needs, code in zip(*(parts[k::6] for k in range(6)), strict=True):
        entry = found.setdefault(int(number), {"mistakes": [], "needs": []})
        if kind == "mistake" and says:
            entry["mistakes"].append((says, code.strip(), hint or says))
        elif kind in ("begin", "answer", "inputs", "check") and kind not in entry:
            entry[kind] = code.strip()
            entry["needs"] += (needs or "").split()
        else:
            raise ExtensionError(f"{path}: cannot read the part {number} {kind}")
    for number, entry in found.items():
        if missing := {"begin", "answer", "mistakes"} - {k for k, v in entry.items() if v}:
            raise ExtensionError(f"{path}: exercise {number} has no {', '.join(sorted(missing))}")
    return found


def checks(root):
    """For each chapter's document the numbers of the exercises that are checked."""
    return {
        f"chapters/{path.stem}": [*read(path)]
        for path in sorted(Path(root, "practice").glob("*.py"))
    }


def questions(path, chapter):
    """What the cell of each exercise needs. path : of the checks; chapter : of the notebook."""
    sources = {cell["id"]: cell["source"] for cell in cells.code_cells(chapter)}
    found = {}
    for number, entry in read(path).items():
        if unknown := [name for name in entry["needs"] if name not in sources]:
            raise ExtensionError(f"{path}: {Path(chapter).name} has no cell {', '.join(unknown)}")
        names = [a or b for a, b in NAME.findall(entry["begin"])]
        if "check" in entry:
            judged = f"asked(globals(), {names!r})\n{entry['check']}"
        else:
            inputs = entry.get("inputs", "inputs = ()")
            mistakes = [(says, code) for says, code, _ in entry["mistakes"]]
            judged = (
                f"{inputs}\njudge(globals(), {names!r}, {entry['answer']!r}, {mistakes!r}, inputs)"
            )
        given = "\n\n".join([FIRST, *(sources[name] for name in entry["needs"])])
        variant = {
            "given": f"{given}\n_given = dict(globals())",
            "begin": entry["begin"],
            "check": f"{JUDGE}\n\n{judged}",
            "hints": [hint for _, _, hint in entry["mistakes"]],
        }
        found[f"exercise-{number}"] = {"kind": "exercise", "variants": [variant]}
    return found


class OfferCells(SphinxTransform):
    """Put buttons before each exercise's solution: to say that it is solved, and to be checked."""

    default_priority = 440  # before the solution's code moves into its fold

    def apply(self, **kwargs):
        """Treat every exercise of this chapter."""
        doc = self.env.docname
        if not CHAPTER.match(doc):
            return
        self.env.note_dependency(str(Path(self.env.srcdir, "practice", f"{Path(doc).name}.py")))
        wanted = {*checks(self.env.srcdir).get(doc, [])}
        for strong in list(self.document.findall(nodes.strong)):
            number = re.fullmatch(r"(\d+) ★+", strong.astext())
            if not number:
                continue
            strong.parent["ids"].append(f"asks-exercise-{number[1]}")
            checked = int(number[1]) in wanted
            wanted.discard(int(number[1]))
            fold = strong.parent
            while fold and fold.get("design_component") != "dropdown":
                fold = fold.next_node(descend=False, siblings=True)
            html = BOX.format(number[1], checked * ANSWER.format(number[1]))
            fold.parent.insert(fold.parent.index(fold), nodes.raw("", html, format="html"))
        if wanted:
            raise ExtensionError(f"{doc}: there is no exercise {sorted(wanted)} to check")


def write(app, error):
    """Write what the cells need."""
    if error or app.builder.name != "html":
        return
    for doc in checks(app.srcdir):
        source = Path(app.srcdir, "practice", f"{Path(doc).name}.py")
        found = questions(source, Path(app.srcdir, f"{doc}.ipynb"))
        text = json.dumps({"set": doc, "questions": found}, ensure_ascii=False)
        Path(app.outdir, f"{doc}.exercises.json").write_text(text, encoding="utf-8")


def setup(app):
    """Register it with Sphinx."""
    app.add_transform(OfferCells)
    app.connect("build-finished", write, priority=880)  # before sw.js
