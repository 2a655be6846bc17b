"""Guess first: a bold question of a chapter whose answer the page covers until the reader guesses.

The Markdown cell that asks has the metadata `guess`, and the chapter's text stays as it is:

- `truth` is a Python expression over what the answering cell prints: `rows`, the numbers of each
  line that holds any, and `out`, the text. Its value is the answer, so no answer is typed by hand;
- a number has `ask`, and `within` (a distance) or `factor` (a ratio) for what counts as right,
  and may have a `unit`;
- a choice has `options`, a list of each option's text and the condition on `v`, the value of
  `truth`, under which it is right; the build fails unless exactly one is;
- a curve has `ask`, `x` (an expression for the labels of the points), `axes` (two labels) and
  `range` (the lowest and the highest value that can be drawn);
- `cell` is the answering cell, by default the next one, and `reads` how many paragraphs or lists
  after it tell its answer and are covered, too (1 by default).

`pages/your_guesses.json` lists the questions for the page of that name; `pages/review.json` the
questions of the quizzes, for the page "Due today". theme/static has the scripts: guess.mjs,
your_guesses.mjs and review.mjs.
"""

import json
import re
from html import escape, unescape
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform

from ce_site import elements, search_index
from ce_site.book import CHAPTER, NUMBER, tree_of
from ce_site.cells import texts

KINDS = {"options": set(), "axes": {"ask", "x", "range"}, "within": {"ask"}, "factor": {"ask"}}
ALLOWED = {"truth", "cell", "reads", "ask", "unit", "x", "range", *KINDS}
SAFE = {f.__name__: f for f in (abs, all, enumerate, len, sum, zip)}
TEXT = nodes.paragraph | nodes.bullet_list | nodes.enumerated_list
QUIZ = re.compile(r'data-question="([\w-]+)"[^>]*data-model="([^"]*)"')


def numbers(line):
    """The numbers of a line, as floats; a percentage as it is written."""
    return [float(n.strip("%").replace(",", "").replace("−", "-")) for n in NUMBER.findall(line)]


def value(expression, out, **more):
    """What an expression gives for a printed output."""
    rows = [found for line in out.splitlines() if (found := numbers(line))]
    return eval(expression, {"__builtins__": SAFE, "re": re, "out": out, "rows": rows, **more})


def question(spec, out, where="guess"):
    """What the page needs of an annotation, with the truth computed from the printed output.

    Raises ExtensionError, which names `where`, for an annotation that is not as described above.
    """
    kinds = [kind for kind in KINDS if kind in spec]
    if len(kinds) != 1 or "truth" not in spec or not KINDS[kinds[0]] <= {*spec} <= ALLOWED:
        wanted = "truth, and options, or ask with one of within, factor, or axes with x and range"
        raise ExtensionError(f"{where}: the guess has {sorted(spec)}, wanted {wanted}")
    try:
        truth = value(spec["truth"], out)
        if "options" in spec:
            right = [value(condition, out, v=truth) for _, condition in spec["options"]]
            if sum(map(bool, right)) != 1:
                raise ExtensionError(f"{where}: exactly one option must be right, got {right}")
            asked = {"options": [said for said, _ in spec["options"]], "right": right.index(True)}
        elif "axes" in spec:
            labels, (low, high) = value(spec["x"], out), spec["range"]
            if len(labels) != len(truth) or not all(low <= y <= high for y in truth):
                raise ExtensionError(f"{where}: the curve {truth} must fit {labels} and the range")
            asked = {"x": labels, "truth": truth, "axes": spec["axes"], "range": [low, high]}
        else:
            asked = {"truth": float(f"{truth:.4g}"), kinds[0]: spec[kinds[0]]}
    except (SyntaxError, NameError, TypeError, ValueError, LookupError, ArithmeticError) as error:
        raise ExtensionError(f"{where}: the truth cannot be computed: {error!r}") from error
    return {key: spec[key] for key in ("ask", "unit") if key in spec} | asked


def annotations(path):
    """The guesses of a notebook: the answering cell's id, the annotation, that cell's output."""
    cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
    for number, cell in enumerate(cells):
        if spec := cell["metadata"].get("guess"):
            name = spec.get("cell", cells[number + 1]["id"])
            answers = [c for c in cells[number:] if c["id"] == name and c["cell_type"] == "code"]
            if not answers:
                raise ExtensionError(f"{Path(path).name}: no code cell {name} after {cell['id']}")
            yield name, spec, "".join(texts(answers[0]["outputs"]))


class AskForGuesses(SphinxTransform):
    """Put an empty box after each question to guess at, and mark what answers it."""

    default_priority = 395  # cells have their ids

    def apply(self, **kwargs):
        """Treat every annotation of this chapter."""
        if not CHAPTER.match(self.env.docname):
            return
        for name, spec, out in annotations(self.env.doc2path(self.env.docname)):
            asked = question(spec, out, f"{self.env.docname}#{name}")
            place = self.cell(name)
            bold = [n for n in self.before(place) if n.astext().rstrip().endswith("?")]
            if not bold:
                raise ExtensionError(f"{self.env.docname}: no bold question stands before {name}")
            box = (
                f'<div class="guess" id="guess-{name}" '
                f'data-guess="{escape(json.dumps(asked, ensure_ascii=False))}"></div>'
            )
            said = search_index.squeezed("".join(map(search_index.text_of, bold[-1].children)))
            raw = nodes.raw("", box, format="html", guess={"id": name, "question": said, **asked})
            paragraph = bold[-1].parent
            paragraph["ids"].append(f"asks-{name}")
            paragraph.parent.insert(paragraph.parent.index(paragraph) + 1, raw)
            for part in self.answers(place, spec.get("reads", 1)):
                part["classes"].append(f"answers-{name}")

    def cell(self, name):
        """The node of a code cell."""
        return next(n for n in self.document.findall(nodes.container) if f"cell-{name}" in n["ids"])

    def before(self, place):
        """The bold texts before a node, in their order."""
        for node in self.document.findall():
            if node is place:
                return
            if isinstance(node, nodes.strong):
                yield node

    def answers(self, cell, reads):
        """The output of a cell, and the text after it that tells its answer."""
        yield from (n for n in cell.children if n.get("nb_element") == "cell_code_output")
        after = cell.parent.children[cell.parent.index(cell) + 1 :]
        yield from [node for node in after if isinstance(node, TEXT)][:reads]


def write(app, error):
    """Write the lists of the two pages."""
    if error or app.builder.name != "html":
        return
    guesses, quizzes = [], []
    for doc in app.totals:
        page, title = tree_of(app.env, doc), app.env.titles[doc].astext()
        chapter = {"page": doc, "title": f"{int(CHAPTER.match(doc)[1])} · {title}"}
        asked = [node["guess"] for node in page.findall(nodes.raw) if "guess" in node]
        guesses.append({**chapter, "guesses": asked})
        html = "".join(n.astext() for n in page.findall(nodes.raw))
        found = {
            key: json.loads(unescape(model), object_hook=lambda v: elements.set_formulas(app, v))
            for key, model in QUIZ.findall(html)
        }
        away = json.dumps(found, ensure_ascii=False).replace('href=\\"#', f'href=\\"../{doc}.html#')
        quizzes.append({**chapter, "questions": json.loads(away)})
    for name, content in (("your_guesses", guesses), ("review", quizzes)):
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        Path(app.outdir, "pages", f"{name}.json").write_text(text, encoding="utf-8")


def setup(app):
    """Register it with Sphinx."""
    app.add_transform(AskForGuesses)
    app.connect("build-finished", write, priority=880)  # before sw.js
