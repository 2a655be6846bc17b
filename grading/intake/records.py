"""What is written about a class's work: notebooks, the teacher's list, and notes on marks."""

import atexit
import csv
import io
import json
import math
import os
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import IO, Any, TypedDict, cast

import nbformat
from nbformat import NotebookNode

from grading.intake.columns import read_table
from grading.intake.files import LONGEST_REASON


def late_by(seconds: float) -> str:
    """How late work is, in words."""
    minutes = math.ceil(seconds / 60)
    return f"late by {seconds / 3600:.1f} h" if minutes >= 60 else f"late by {minutes} min"


LARGE = 2**17  # characters of a notebook that is kept in a file until it is asked for


class Marked(TypedDict, total=False):
    """Which texts a student's points were given for."""

    texts: dict[str, str]  # {question: digest of the text}
    was: dict[str, float]  # {question: points that were taken back}
    taken: dict[str, float]  # the same, while `make grade` has not named it
    coming: str  # the time that the work to be entered has
    edition: str  # a digest of what the class was given
    time: str  # when the work was handed in, as the gradebook has it


@dataclass
class Entry:
    """A line of the teacher's list."""

    student: str
    file: str
    status: str  # "graded", "set aside" or "beside"
    reason: str = ""
    time: datetime | None = None  # of a file beside a notebook


class Submission:
    """One student's notebook, in the form that was released."""

    def __init__(
        self, student: str, notebook: NotebookNode, time: datetime, notes: Iterable[str] = ()
    ) -> None:
        """Say whose it is and when it came; `notes` say what was done to it."""
        self.student, self.time, self.notes = student, time, [*notes]
        self.notebook = notebook

    @property
    def notebook(self) -> NotebookNode:
        """The notebook; one that is changed has to be set again."""
        if isinstance(self._kept, NotebookNode):
            return self._kept
        start, size = self._kept
        _shelf().seek(start)
        notebook: NotebookNode = nbformat.from_dict(json.loads(_shelf().read(size)))
        return notebook

    @notebook.setter
    def notebook(self, notebook: NotebookNode) -> None:
        self._kept: NotebookNode | tuple[int, int] = notebook
        pictures = (cell.get("attachments", "") for cell in notebook.cells)
        if sum(len(c.source) for c in notebook.cells) + sum(map(len, map(str, pictures))) > LARGE:
            start = _shelf().seek(0, os.SEEK_END)
            self._kept = start, _shelf().write(json.dumps(notebook).encode())


@cache
def _shelf() -> IO[bytes]:
    """The file for large notebooks, as those with photos: not in /tmp, which may be in memory."""
    place = "/var/tmp" if os.path.isdir("/var/tmp") else None
    file = tempfile.TemporaryFile(dir=place)  # noqa: SIM115 - it is needed to the end
    atexit.register(file.close)
    return file


def made(root: str | Path, set_name: str, student: str) -> list[Path]:
    """Where copies lie of the notebook that `write` wrote, and of the one that it is writing.

    A notebook in submitted/ that is like neither was put there by somebody else.
    """
    folder = Path(root) / "runs" / set_name
    return [folder / f"{student}.ipynb", folder / f".{student}.coming"]


def as_written(notebook: NotebookNode) -> str:
    """The text of a file that holds a notebook."""
    return str(nbformat.writes(notebook)) + "\n"


def write(submissions: list[Submission], root: str | Path, set_name: str) -> None:
    """Write each notebook where nbgrader looks for it, if it is not there already."""
    for submission in submissions:
        folder = Path(root) / "submitted" / submission.student / set_name
        text = as_written(submission.notebook)
        stamp = submission.time.strftime("%Y-%m-%d %H:%M:%S.%f UTC\n")
        copy, coming = made(root, set_name, submission.student)
        new = not copy.is_file() or copy.read_text(encoding="utf-8") != text
        if new:
            replace(coming, text)
        for name, wanted in ((f"{set_name}.ipynb", text), ("timestamp.txt", stamp)):
            path = folder / name
            if not path.is_file() or path.read_text(encoding="utf-8") != wanted:
                replace(path, wanted)
        if new:
            os.replace(coming, copy)


def replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, path)


LISTED = ["student", "file", "status", "reason"]


def report(entries: list[Entry], path: Path) -> None:
    """Write the teacher's list as CSV."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(LISTED)
    for entry in sorted(entries, key=lambda e: (e.status != "set aside", e.student, e.file)):
        cells = [entry.student, entry.file, entry.status, entry.reason[:LONGEST_REASON]]
        rows.writerow(map(no_formula, cells))
    replace(path, text.getvalue())


def no_formula(cell: str) -> str:
    """A cell in which no formula begins, whichever sign a spreadsheet splits lines at."""
    return re.sub(r"((?:\A|[;\t])[\s\"']*)(?<!')(?=[=+@-])", r"\1'", cell)


def listed(root: str | Path, name: str) -> Path:
    """Where the same list is kept for the table of grades: a spreadsheet may change the other."""
    return Path(root) / "runs" / name / ".list.csv"


def reported(path: Path) -> list[dict[str, str]] | None:
    """The lines of a teacher's list, perhaps saved again by a spreadsheet; None if it is none."""
    try:
        table = read_table(path.read_bytes())
        if not {*LISTED} <= {*(table.fieldnames or ())}:
            return None
        rows = [{name: row[name] or "" for name in LISTED} for row in table]
    except (OSError, csv.Error):
        return None
    return [row | {"student": row["student"].removeprefix("'")} for row in rows]


def read_texts(root: str | Path, name: str, student: str) -> Path:
    """Where it is kept which texts a student's points were given for."""
    return Path(root) / "runs" / name / f"{student}.read.json"


def not_entered(root: str | Path, name: str, student: str) -> Path:
    """Where it is noted that, and why, a student's newest submission could not be graded."""
    return Path(root) / "runs" / name / f"{student}.failed"


def read_json(path: Path) -> dict[str, Any]:
    """The dictionary in a file that the grader keeps; an empty one if there is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def recalled(path: Path) -> Marked:
    """Which texts a student's points were given for, as kept in a file."""
    return cast(Marked, read_json(path))
