"""What goes back: a page for each student that needs nothing else, and the table of grades.

nbgrader's `generate_feedback` makes the page through `Page`: points, messages and comments of each
question, then the notebook as it ran. No script, no request: the page forbids both to itself.
"""

import re
import sys
from collections import Counter
from functools import cache
from html import unescape
from urllib.parse import unquote
from xml.etree import ElementTree

import jinja2
import latex2mathml.converter
from markdown_it import MarkdownIt
from markupsafe import Markup
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbconvert.exporters import Exporter
from nbgrader.api import Grade
from nbgrader.plugins import CsvExportPlugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from traitlets import default

from grading.jail import HERE

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
HEADING = 200  # characters of a heading that are read
SHOWN = 3  # times that an attached picture is set into its cell
ACTIVE = ("href", "style", "class", "id")  # attributes that a formula may not set in the page


def mathml(tex, options):
    """A formula as MathML, or as it was written if it is not understood."""
    try:
        formula = latex2mathml.converter.convert_to_element(
            unescape(tex), display="block" if options.get("display_mode") else "inline"
        )
        for node in formula.iter():
            for name in ACTIVE:
                node.attrib.pop(name, None)
        # Its symbols are character references already; all else has to stay escaped.
        xml = ElementTree.tostring(formula, encoding="unicode")
        return re.sub(r"&amp;(#[0-9]+;|#x[0-9A-Fa-f]+;)", r"&\1", xml)
    except Exception:  # latex2mathml raises whatever its parser trips over
        return f"<code>{Markup.escape(tex)}</code>"


@cache
def markdown():
    """CommonMark with tables and formulas, without raw HTML.

    Without `[name]: address` too, by which a few characters repeat a long address.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.disable("reference")
    return parser.use(dollarmath_plugin, renderer=mathml, allow_digits=False, double_inline=True)


def text(source, attachments=None):
    """A Markdown cell as HTML, its attached pictures set in."""
    pictures, seen = attachments or {}, Counter()

    def picture(tag):
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

    # Jupyter leaves the spaces of a file's name as they are.
    spaced = r"\]\(attachment:[\w .-]+(?=\))"
    source = re.sub(spaced, lambda link: link[0].replace(" ", "%20"), source)
    return Markup(re.sub(r'<img src="([^"]*)"([^>]*)>', picture, markdown().render(source)))


def code(source):
    """Python, its syntax coloured by classes."""
    return Markup(highlight(source, PythonLexer(), HtmlFormatter()))


def ticked(message):
    """A message with its names in backticks set as code."""
    return Markup(re.sub(r"`(\w+)`", r"<code>\1</code>", str(Markup.escape(message))))


def questions(notebook):
    """Each graded cell with the heading above it and the message that it shows."""
    heading, found = "", []
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "markdown" and (lines := re.findall(r"(?m)^#+ (.+)", cell.source)):
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
                }
            )
    return found


class Page(Exporter):
    """A graded notebook as one HTML file."""

    @default("file_extension")
    def _file_extension_default(self):
        return ".html"

    def from_notebook_node(self, nb, resources=None, **kwargs):
        """Render it after nbgrader's preprocessors have added the grades."""
        nb, resources = super().from_notebook_node(nb, resources, **kwargs)
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True
        )
        environment.filters |= {
            "text": text,
            "code": code,
            "plain": lambda lines: ANSI.sub("", lines),
            "ticked": ticked,
            "number": lambda value: f"{value:g}",
        }
        return (
            environment.get_template("feedback.html").render(
                cells=nb.cells,
                questions={question["id"]: question for question in questions(nb)},
                of=resources["nbgrader"],
                title=next(
                    (t for c in nb.cells for t in re.findall(r"(?m)^# (.+)", c.source)),
                    resources["nbgrader"]["notebook"],
                ),
                colours=[
                    Markup(HtmlFormatter(style=style).get_style_defs(".highlight"))
                    for style in ("default", "github-dark")
                ],
            ),
            resources,
        )


class CheckedExport(CsvExportPlugin):
    """nbgrader's table of grades, refused while a machine-graded cell has no points."""

    def export(self, gradebook):
        """Write the table, or raise ValueError naming each cell that has none."""
        grades = gradebook.db.query(Grade).filter(Grade.auto_score.is_(None)).all()
        waiting = [grade for grade in grades if grade.manual_score is None]
        ungraded = [grade for grade in waiting if grade.cell.cell_type == "code"]
        if ungraded:
            raise ValueError(
                "these cells have no points yet, so nothing is exported; run make grade again:\n"
                + "\n".join(sorted(map(_where, ungraded)))
            )
        for grade in sorted(waiting, key=_where):
            print(f"waits for a grader, counts 0 until then: {_where(grade)}", file=sys.stderr)
        super().export(gradebook)


def _where(grade):
    submission = grade.notebook.assignment
    return f"{submission.student_id}: {grade.cell.name} of {submission.name}"
