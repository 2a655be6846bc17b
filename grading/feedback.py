"""What goes back: a page for each student that needs nothing else, and the table of grades.

nbgrader's `generate_feedback` makes the page through `Page`: points, messages and comments of each
question, then the notebook as it ran. No script, no request: the page forbids both to itself.
"""

import csv
import json
import math
import mmap
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from functools import cache, partial
from html import unescape
from pathlib import Path
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
from nbgrader.api import Grade, Gradebook
from nbgrader.plugins import CsvExportPlugin
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


class CheckedExport(CsvExportPlugin):
    """nbgrader's table of grades, refused while a machine-graded cell has no points.

    A last column says what each line stands for, for everybody who takes part: graded, missing, set
    aside, late, not read yet, excused, or that the grading failed, which keeps nobody else's
    points back. No line has points that nobody gave.
    """

    def export(self, gradebook: Gradebook) -> None:
        """Write the table, or raise ValueError naming each cell that has none."""
        grades = gradebook.db.query(Grade).filter(Grade.auto_score.is_(None)).all()
        root = Path(self.config.CourseDirectory.get("root", os.getcwd()))
        failed = {(p.parent.name, p.stem) for p in root.glob("runs/*/*.failed")}
        waiting = [grade for grade in grades if grade.manual_score is None]
        waiting = [grade for grade in waiting if _whose(grade) not in failed]
        ungraded = [grade for grade in waiting if grade.cell.cell_type == "code"]
        if ungraded:
            raise ValueError(
                "these cells have no points yet, so nothing is exported; run make grade again:\n"
                + "\n".join(sorted(map(_where, ungraded)))
            )
        by_hand = Grade.manual_score.isnot(None) | Grade.extra_credit.isnot(None)
        off = [g for g in gradebook.db.query(Grade).filter(by_hand) if not _in_range(g)]
        if off:
            raise ValueError(
                "these marks are out of range, so nothing is exported; correct them in the form "
                "grader:\n" + "\n".join(sorted(f"{_where(g)}: {_mark(g)}" for g in off))
            )
        known = {assignment.name for assignment in gradebook.assignments}
        if lost := sorted({path.name for path in root.glob("autograded/*/*/")} - known):
            raise ValueError(
                f"the gradebook does not know {', '.join(lost)}, though it was graded here: put a "
                "copy of gradebook.db back, or release and grade it again"
            )
        for grade in sorted(waiting, key=_where):
            print(f"not read yet, counts 0 until then: {_where(grade)}", file=sys.stderr)
        table = Path(self.to or "grades.csv")
        draft = table.with_name(f".{table.name}.new")
        try:
            self.to = str(draft)
            super().export(gradebook)
            with_status(draft, root, gradebook, waiting, failed)
            os.replace(draft, table)
        finally:
            self.to = str(table)
            draft.unlink(missing_ok=True)


def reports(root: Path, gradebook: Gradebook) -> dict[str, list[dict[str, str]]]:
    """The teacher's list of each set in the gradebook."""
    known = {assignment.name for assignment in gradebook.assignments}
    found = {path.stem: path for path in sorted(root.glob("set_aside/*.csv")) if path.stem in known}
    for name in found:  # a spreadsheet may have saved the one that is for its reader
        own = intake.listed(root, name)
        found[name] = own if own.is_file() else found[name]
    lists = {name: intake.reported(path) for name, path in found.items()}
    return {name: rows for name, rows in lists.items() if rows is not None}


def misspelled(roster: intake.Roster, root: Path, sets: Iterable[str]) -> Iterator[str]:
    """A line for each student who is excused from what is no set of this course."""
    own = {
        path.stem for folder in (root, HERE.parent / "exercises") for path in folder.glob("*.py")
    }
    for student, excused in roster.excused.items():
        if others := ", ".join(sorted(excused - own - {*sets, ""})):
            yield f"roster.csv: {student} is excused from {others}, no set of this course"


def with_status(
    table: Path,
    root: Path,
    gradebook: Gradebook,
    waiting: list[Grade],
    failed: Set[tuple[str, str]],
) -> None:
    """Add the column `status` to a table, and a line for each who should be in it."""
    with table.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows, columns = list(reader), reader.fieldnames or ()
    roster = intake.read_roster(root)
    if roster is not None:
        for wrong in misspelled(roster, root, [one.name for one in gradebook.assignments]):
            print(wrong, file=sys.stderr)
    lines_of: dict[tuple[str, str], dict[str, str]] = {}
    said: dict[tuple[str, str], list[str]] = {}
    shape: dict[str, dict[str, str]] = {}
    now: set[tuple[str, str]] = set()
    lists = reports(root, gradebook)
    for path in sorted(root.glob("set_aside/*.csv")):
        if path.stem not in lists:
            print(f"not read, since it is no list of a set's files: {path}", file=sys.stderr)
    for name, lines in lists.items():
        for line in lines:
            student = line["student"]
            if line["status"] == "beside" and "; late by" in line["reason"]:
                hours = line["reason"].rpartition("; ")[2]
                said.setdefault((name, student), []).append(f"a file beside it {hours}")
            if line["status"] == "graded":
                now.add((name, student))
            elif student:
                lines_of.setdefault((name, student), line)
    aside = {key for key in lines_of if roster is None or key[1] in roster.ids}
    for grade in waiting:
        of = grade.notebook.assignment
        was = intake.recalled(intake.read_texts(root, of.name, of.student_id)).get("was", {})
        again = f" (was {was[grade.name]:g} for another text)" if grade.name in was else ""
        said.setdefault((of.name, of.student_id), []).append(f"not read yet: {grade.name}{again}")
    handed_in = {}
    for assignment in gradebook.assignments:
        for one in gradebook.assignment_submissions(assignment.name):
            handed_in[assignment.name, one.student_id] = one.total_seconds_late
    for row in rows:
        shape.setdefault(row["assignment"], row)
    names = {name for name, _ in [*handed_in, *aside, *failed]}
    listed = {(row["assignment"], row["student_id"]): row for row in rows}
    listed = {key: row for key, row in listed.items() if key[0] in names}
    people = [(name, one) for name in sorted(names) for one in (roster.ids if roster else ())]
    for name, student in [*people, *sorted(aside), *sorted(failed), *sorted(now)]:
        if (name, student) not in listed:
            of = shape.get(name, {})
            kept = {key: of.get(key, "") for key in ("duedate", "max_score") if key in columns}
            listed[name, student] = {"assignment": name, "student_id": student} | kept
    for key, row in listed.items():
        late = handed_in.get(key)
        status = [f"late by {late / 3600:.1f} h"] if late else []
        status += sorted(said.get(key, []))
        if key not in now and key[0] in lists:
            now_aside = f"now set aside: {lines_of[key]['reason']}" if key in lines_of else ""
            status.append(f"its file is {now_aside or 'no longer in the inbox'}")
        if key in failed:
            status.insert(0, "could not be graded")
        elif key not in handed_in:
            found = lines_of[key]["reason"] if key in aside else ""
            status = [f"set aside: {found}" if found else "missing"]
            if key in now:
                status = ["not in the gradebook: run make grade again"]
        if key in failed or key not in handed_in:
            row |= {name: "" for name in ("raw_score", "score", "timestamp") if name in row}
        if roster is not None and key[0] in roster.excused.get(key[1], ()):
            status = ["excused"]
        row["status"] = intake.no_formula("; ".join(status) or "graded")
        if roster is not None:
            row["roster_id"] = roster.written.get(key[1], "")
            row["name"] = roster.names.get(key[1]) or ""
    own = ["roster_id", "name"] if roster is not None else []
    fields = dict.fromkeys([*columns, *own, "status"])
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fields, restval="", lineterminator="\n")
        writer.writeheader()
        for _, row in sorted(listed.items()):
            writer.writerow(row)


def _whose(grade: Grade) -> tuple[str, str]:
    of = grade.notebook.assignment
    return of.name, of.student_id


def _mark(grade: Grade) -> str:
    return f"{grade.manual_score} of {grade.max_score:g}, and {grade.extra_credit or 0} extra"


def _in_range(grade: Grade) -> bool:
    """Whether points given by hand are some that the form grader would give."""
    mark, extra = grade.manual_score or 0, grade.extra_credit or 0
    return 0 <= mark <= grade.max_score and math.isfinite(extra)


def _where(grade: Grade) -> str:
    submission = grade.notebook.assignment
    return f"{submission.student_id}: {grade.cell.name} of {submission.name}"
