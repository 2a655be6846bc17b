"""What goes back: a page for each student that needs nothing else, and the table of grades.

nbgrader's `generate_feedback` makes the page through `Page`: points, messages and comments of each
question, then the notebook as it ran. No script, no request: the page forbids both to itself.
"""

import re
import sys
from functools import cache
from html import unescape

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


def mathml(tex, options):
    """A formula as MathML, or as it was written if it is not understood."""
    try:
        return latex2mathml.converter.convert(
            unescape(tex), display="block" if options.get("display_mode") else "inline"
        )
    except Exception:  # latex2mathml raises whatever its parser trips over
        return f"<code>{Markup.escape(tex)}</code>"


@cache
def markdown():
    """CommonMark with tables and formulas, without raw HTML."""
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    return parser.use(dollarmath_plugin, renderer=mathml, allow_digits=False, double_inline=True)


def text(source, attachments=None):
    """A Markdown cell as HTML, its attached pictures set in."""
    for name, forms in (attachments or {}).items():
        kind, data = next(iter(forms.items()))
        source = source.replace(f"attachment:{name}", f"data:{kind};base64,{''.join(data.split())}")
    # Links to other hosts are for clicking; a picture from there would be a request.
    html = re.sub(r'<img src="(?!data:image/)[^"]*"', "<img", markdown().render(source))
    return Markup(html)


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
                    "heading": re.sub(r" *\(.*?points?\)$", "", heading),
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
