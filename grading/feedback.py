"""What goes back: a page for each student that needs nothing else.

nbgrader's `generate_feedback` makes the page through `Page`: points, messages and comments of each
question, then the notebook as it ran. No script, no request: the page forbids both to itself.
"""

import json
import mmap
import os
import re
from collections import Counter
from functools import cache, partial
from html import unescape
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import jinja2
import latex2mathml.converter
import nbformat
from markdown_it import MarkdownIt
from markupsafe import Markup
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbconvert.exporters import Exporter
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers.python import PythonLexer
from traitlets import default

from grading import intake
from grading.bounded import limited
from grading.jail import HERE

SECONDS = 20  # of processor time, to make a page
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
HEADING = 200  # characters of a heading that are read
SHOWN = 3  # times that an attached picture is set into its cell
ACTIVE = ("href", "style", "class", "id")  # attributes that a formula may not set in the page


# Environments of rows that latex2mathml does not know, or whose rows it numbers from 1 each time.
ROWS = dict.fromkeys(("aligned", "align", "alignedat", "alignat", "flalign"), "align*")
ROWS |= dict.fromkeys(("gathered", "gather", "multline"), "matrix")
ROWS |= {"split": "align*", "eqnarray": "array", "dcases": "cases"}


def rows(tex: str) -> str:
    """A formula with the environments that latex2mathml sets, without numbers, marks and gaps."""

    def known(found: re.Match[str]) -> str:
        begin, name, _ = found.groups()
        columns = "{rcl}" if begin == "begin" and name == "eqnarray" else ""
        return f"\\{begin}{{{ROWS[name]}}}{columns}"

    tex = re.sub(r"\\(?:begin|end)\{equation\*?\}|\\label\{[^{}]*\}|\\no(?:tag|number)\b", "", tex)
    tex = re.sub(r"(\\\\)\*? ?\[-?[\d.]+ ?[a-z]{2}\]", r"\1", tex)
    tex = re.sub(r"(\\begin\{(?:aligned|gathered)\})\[[tbc]\]", r"\1", tex)
    tex = re.sub(r"(\\begin\{align(?:ed)?at\*?\})\{\d+\}", r"\1", tex)
    return re.sub(rf"\\(begin|end)\{{({'|'.join(ROWS)})(\*?)\}}", known, tex)


def mathml(tex: str, options: dict[str, Any]) -> str:
    """A formula as MathML, or as it was written if it is not understood."""
    try:
        formula = latex2mathml.converter.convert_to_element(
            rows(unescape(tex)), display="block" if options.get("display_mode") else "inline"
        )
        for node in formula.iter():
            if node.text == "&":  # of an environment that is not known
                raise ValueError(tex)
            for name in ACTIVE:
                node.attrib.pop(name, None)
        # Its symbols are character references already; all else has to stay escaped.
        xml = ElementTree.tostring(formula, encoding="unicode")
        return re.sub(r"&amp;(#[0-9]+;|#x[0-9A-Fa-f]+;)", r"&\1", xml)
    except Exception:  # latex2mathml raises whatever its parser trips over
        return f"<code>{Markup.escape(tex)}</code>"


@cache
def markdown() -> MarkdownIt:
    """CommonMark with tables and formulas, those without dollars included, without raw HTML.

    Without `[name]: address` too, by which a few characters repeat a long address.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.disable("reference")
    parser.use(dollarmath_plugin, renderer=mathml, allow_digits=False, double_inline=True)
    return parser.use(amsmath_plugin, renderer=partial(mathml, options={"display_mode": True}))


def text(source: str, attachments: intake.Pictures | None = None) -> Markup:
    """A Markdown cell as HTML, its attached pictures set in."""
    pictures = attachments or {}
    seen: Counter[str] = Counter()

    def picture(tag: re.Match[str]) -> str:
        if tag[1].startswith("data:image/"):
            return tag[0]
        scheme, _, name = unquote(unescape(tag[1])).partition(":")
        if scheme != "attachment" or name not in pictures:
            return f"<img{tag[2]}>"  # links are for clicking; a picture would be a request
        seen[name] += 1
        if seen[name] > SHOWN:
            return f"<em>(a picture that is shown {SHOWN} times above)</em>"
        kind, data = next(iter(pictures[name].items()))
        return f'<img src="data:{kind};base64,{"".join(data.split())}"{tag[2]}>'

    return Markup(re.sub(r'<img src="([^"]*)"([^>]*)>', picture, markdown().render(source)))


def code(source: str) -> Markup:
    """Python, its syntax coloured by classes."""
    if len(source) > intake.LONGEST:
        source = source[: intake.LONGEST] + "\n# [cut here: the rest is too long to be shown]"
    return Markup(highlight(source, PythonLexer(), HtmlFormatter()))


def ticked(message: str) -> Markup:
    """A message with its names in backticks set as code."""
    return Markup(re.sub(r"`(\w+)`", r"<code>\1</code>", str(Markup.escape(message))))


def headings(cell: NotebookNode, signs: str) -> list[str]:
    """The headings in a text that was handed out; a student's would stand for the teacher's."""
    given = cell.cell_type == "markdown" and cell.metadata.get("nbgrader", {}).get("locked")
    return re.findall(rf"(?m)^{signs} (.+)", cell.source) if given else []


def questions(notebook: NotebookNode) -> list[dict[str, object]]:
    """Each graded cell with the heading above it and the message that it shows."""
    heading, found = "", []
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if lines := headings(cell, "#+"):
            heading = lines[-1]
        if marks.get("grade"):
            said = [o.text for o in cell.get("outputs", []) if o.output_type == "stream"]
            found.append(
                {
                    "id": marks["grade_id"],
                    "heading": re.sub(r" *\(.*?points?\)$", "", heading[:HEADING]),
                    "score": marks.get("score"),
                    "points": marks["points"],
                    "message": "".join(said).strip(),
                    "comment": marks.get("comment"),
                    "by_hand": marks.get("solution"),
                    "again": marks.get("again"),
                    "left_out": marks.get("left_out"),
                }
            )
    return found


@cache
def environment(plain: bool = False) -> jinja2.Environment:
    """The templates; `plain` ones show every cell as it was written, which takes no time."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True
    )
    made.filters |= {
        "text": as_written if plain else text,
        "code": as_written if plain else code,
        "plain": lambda lines: ANSI.sub("", lines),
        "ticked": ticked,
        "number": lambda value: f"{value:g}",
    }
    return made


def as_written(source: str, attachments: object = None) -> Markup:
    """A cell without any form."""
    return Markup(f"<pre>{Markup.escape(source)}</pre>")


@cache
def colours() -> list[Markup]:
    """The styles of code, light and dark."""
    styles = ("default", "github-dark")
    return [Markup(HtmlFormatter(style=s).get_style_defs(".highlight")) for s in styles]


@cache
def warm() -> None:
    """Make once what every page needs, since the processes that make the pages keep nothing."""
    environment().get_template("feedback.html")
    colours()
    text("# a *b* `c` $x^2$\n\n|a|\n|-|\n")
    code("def f(x):\n    return f'{x}'")


TRIAL, TRIALS = 1, 3  # seconds to show cells in; how often more time is given to show the rest
PART, PARTS = 2000, 40_000  # characters shown of a cell that takes longer, and of all such cells


@cache
def basic() -> Exporter:
    """nbconvert's exporter, with its templates read."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name="basic")  # type: ignore[no-untyped-call]
    exporter.from_notebook_node(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]))
    return exporter


def quick(nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
    """For the form grader: cells that nbconvert takes long to show are cut, as plain text.

    One notebook could keep its server, and all who mark, from their work. So the cells are first
    shown in a process with limits. Where that fails they are shown one after another, the smallest
    first: those stay that are shown in the time for all of them, outputs and attachments included.
    """
    count = mmap.mmap(-1, 8)  # of cells shown, which the child process leaves here

    def show(cells: list[NotebookNode]) -> str:
        basic().from_notebook_node(nbformat.v4.new_notebook(cells=cells))
        return "shown"

    def one_by_one(cells: list[NotebookNode]) -> str:
        for shown, cell in enumerate(cells):
            count[:] = shown.to_bytes(8, "big")
            show([cell])
        return "shown"

    basic()
    if limited(partial(show, nb.cells), 2 * TRIAL):
        return nb, resources
    rest = sorted(nb.cells, key=lambda cell: len(json.dumps(cell)))
    slow: list[NotebookNode] = []
    for _ in range(TRIALS):
        if limited(partial(one_by_one, rest), TRIAL):
            rest = []
            break
        place = int.from_bytes(count[:], "big")
        slow, rest = [*slow, rest[place]], rest[place + 1 :]
    left = PARTS
    for cell in [*slow, *rest]:
        part = re.sub(r"(?m)^[`~#\s]+", "", cell.source.strip()[: min(PART, left)])
        left -= len(part)
        note = (
            f"{PART} characters at most are shown, since the whole takes too long; see submitted/"
        )
        text = cell.cell_type == "markdown"
        cell.source = f"{note}\n\n~~~\n{part}\n~~~" if text else f"# {note}\n{part}"
        cell.pop("attachments", None)
        if cell.get("outputs"):
            said = "The outputs are left out, since they take too long to show; see autograded/\n"
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=said)]
    return nb, resources


class Page(Exporter):
    """A graded notebook as one HTML file."""

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    # Exporters return text in place of a notebook, nbconvert's own ones too.
    def from_notebook_node(  # type: ignore[override]
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """Render it after nbgrader's preprocessors have added the grades."""
        nb, resources = super().from_notebook_node(nb, resources, **kwargs)
        warm()
        show = partial(self.page, nb, resources["nbgrader"])
        html = limited(show, SECONDS) or limited(partial(show, plain=True), SECONDS)
        if html is None:
            raise ValueError("this notebook cannot be shown, not even as it was written")
        return html, resources

    def page(self, nb: NotebookNode, of: dict[str, Any], plain: bool = False) -> str:
        """The page as HTML."""
        roster = intake.read_roster(self.config.CourseDirectory.get("root", os.getcwd()))
        return (
            environment(plain)
            .get_template("feedback.html")
            .render(
                cells=nb.cells,
                questions={question["id"]: question for question in questions(nb)},
                of=of,
                name=roster.names.get(of["student"]) if roster else None,
                title=next((t for c in nb.cells for t in headings(c, "#")), of["notebook"]),
                colours=colours(),
            )
        )
