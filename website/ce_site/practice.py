"""Practice pages, made from the problem sets' own sources.

`practice/NN_name.md` names a set. The page gets each question's text in a few variants; beside it
`practice/NN_name.json` holds what a question's cell needs: code that is given, the cell to begin
with, the public check, hints and the solution. Hidden inputs and points stay with a class.
"""

import functools
import json
import re
from pathlib import Path

from docutils import nodes

from grading import sets

VARIANTS = (None, 1, 2)  # the book's numbers, and two other draws
NAME = re.compile(r"exercises/(ps-[\w-]+)\.py")
INTRO = """
These are the questions of the chapter's problem set. Write your answer into the cell of a question
and press *Check*: Python runs in the page, and the check says what it found. A hint tells a
mistake that people often make. *Other numbers* gives you another variant of the same question.
NumPy is there as `np`; what else is given can be opened above the cell.
You can [open the set as a notebook]({notebook}), too.

<noscript><b>JavaScript is off</b>, so nothing can be answered or checked here. You can read the
questions and <a href="../lite/files/practice/{name}.ipynb" download>download the set as a
notebook</a>, to answer it in JupyterLab on your computer.</noscript>

It goes with [](../chapters/{chapter}.ipynb).
"""


def names(root):
    """The name of each chapter's set, by the chapter's file name."""
    pages = sorted(Path(root, "practice").glob("*.md"))
    return {page.stem: NAME.search(page.read_text(encoding="utf-8"))[1] for page in pages}


@functools.cache
def variants(name):
    """A set in each of its variants, with what a student gets of it."""
    loaded = [sets.load(name, variant) for variant in VARIANTS]
    return [(problem_set, problem_set.student().cells) for problem_set in loaded]


def between(text, begin, end):
    """The lines between two marks."""
    return re.search(rf"^ *{begin} *\n(.*?)^ *{end}", text, re.S | re.M)[1].strip("\n")


def unmarked(code):
    """A cell of the solution edition without the marks around its solution."""
    return re.sub(r"^ *### (?:BEGIN|END) SOLUTION *\n?", "", code, flags=re.M).strip()


def texts(cells):
    """The Markdown of each question, and its title, in their order."""
    found = []
    for cell in cells:
        if title := re.match(r"## (.*?) \(\d+ points?\)\n", cell.source):
            found.append((title[1], []))
            cell = {"cell_type": "markdown", "source": cell.source[title.end() :]}
        asks = found and not cell.get("metadata", {}).get("nbgrader", {}).get("grade")
        if asks and not cell.get("metadata", {}).get("nbgrader", {}).get("solution"):
            code = cell["cell_type"] == "code"
            found[-1][1].append(f"```python\n{cell['source']}\n```" if code else cell["source"])
    return [(title, "\n\n".join(parts)) for title, parts in found]


def page(name, chapter, base):
    """The Markdown of a practice page; base : the address at which the book is published."""
    made = [(problem_set, texts(cells)) for problem_set, cells in variants(name)]
    notebook = f"{base}lite/notebooks/?path=practice/{name}.ipynb"
    title = made[0][0].title.replace("Problem set", "Practice")
    parts = [f"# {title}", INTRO.format(chapter=chapter, notebook=notebook, name=name).strip()]
    for k, asked in enumerate(made[0][0].questions):
        parts += [f"## {made[0][1][k][0]}", f":::::{{container}} question\n:name: {asked.id}\n"]
        for v, (problem_set, questions) in enumerate(made):
            model = ""
            if asked.kind == "text":
                cell = next(c for c in problem_set.cells if c.get("id") == asked.id)
                written = between(cell.source, "### BEGIN SOLUTION", "### END SOLUTION")
                model = f"\n\n:::{{container}} model\n{written}\n:::"
            parts.append(f"::::{{container}} variant variant-{v}\n{questions[k][1]}{model}\n::::")
        parts.append(":::::")
    return "\n\n".join(parts) + "\n"


def check(asked, source):
    """The public check, without the line on points; of a number also whether it is right."""
    lines = source.rpartition("\n")[0]
    if asked.kind == "function":
        return lines
    wrong = [(float(m.wrong), m.hint) for m in asked.mistakes if m.hidden]
    near = f"np.isclose(float({asked.name}), {{}}, rtol={asked.rtol}, atol={asked.atol})"
    for value, hint in wrong:
        lines += f"\nassert not {near.format(repr(value))}, {hint!r}"
    plausible = "That is plausible, but it is not the number that was asked for."
    return f"{lines}\nassert {near.format(repr(float(asked.reference)))}, {plausible!r}"


def questions(name):
    """What the cell of each question needs, for each variant."""
    found = {}
    for problem_set, student in variants(name):
        begin = {cell.id: cell.source for cell in student}
        for asked in problem_set.questions:
            entry = found.setdefault(asked.id, {"kind": asked.kind, "variants": []})
            if asked.kind == "text":
                entry["variants"].append({})
                continue
            given, shown, cells = [], [], problem_set.source().cells
            for cell in cells:
                if cell.id == f"{asked.id}-answer":
                    break
                if cell.cell_type == "code" and not cell.metadata.nbgrader.grade:
                    given.append(unmarked(cell.source))
                    if not cell.metadata.nbgrader.solution:  # of another question
                        shown.append(cell.source)
            source = {cell.id: cell.source for cell in cells}
            entry["variants"].append(
                {
                    "given": "\n\n".join(given),
                    "shown": "\n\n".join(shown),
                    "begin": begin[f"{asked.id}-answer"],
                    "solution": unmarked(source[f"{asked.id}-answer"]),
                    "check": check(asked, source[asked.id]),
                    "hints": [*dict.fromkeys(m.hint for m in asked.mistakes)],
                }
            )
    return found


def fill(app, doc, source):
    """Put the questions in the place of the set's name."""
    if doc.startswith("practice/"):
        source[0] = page(NAME.search(source[0])[1], doc.partition("/")[2], app.config.html_baseurl)
        app.env.note_dependency(str(Path(app.srcdir, "exercises")))


def lead_into_this_copy(app, tree, doc):
    """Links to the published book, as a notebook needs them, lead to this copy."""
    base = app.config.html_baseurl
    if doc.startswith("practice/"):
        for link in tree.findall(nodes.reference):
            link["refuri"] = link.get("refuri", "").replace(base, "../")


def write(app, error):
    """Write what the cells need."""
    if not error and app.builder.name == "html":
        for chapter, name in names(app.srcdir).items():
            text = json.dumps({"set": name, "questions": questions(name)}, ensure_ascii=False)
            Path(app.outdir, "practice", f"{chapter}.json").write_text(text, encoding="utf-8")


def setup(app):
    """Register it with Sphinx."""
    app.connect("source-read", fill)
    app.connect("doctree-resolved", lead_into_this_copy)
    app.connect("build-finished", write, priority=880)  # before sw.js
