"""Put the wall into nbgrader: its commands grade as `make grade` does, in jails.

`exercises/nbgrader_config.py` calls `configure`. Of nbgrader's autograde two steps are replaced:
the one that takes a student's notebook in, and the one that runs it. What the point-giving step
then reads in the cell of a question was written by the grader, not by the submission.
"""

import functools
import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path

import nbformat
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearMarkScheme,
    GetGrades,
    LimitOutput,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from traitlets import Bool, Dict

from grading import intake, jail, sets
from grading.feedback import CheckedExport, Page
from grading.verdict import Exam, secret_seed


def configure(c):
    """Set what nbgrader must do differently, in its configuration `c`."""
    c.Autograde.sanitize_preprocessors = [
        Restore,
        OverwriteKernelspec,
        OverwriteCells,
        CheckCellMetadata,
    ]
    c.Autograde.autograde_preprocessors = [
        GradeInJail,
        LimitOutput,
        SaveAutoGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    c.OverwriteCells.add_missing_cells = True
    c.GenerateFeedback.preprocessors = [GetGrades, ClearRubrics]
    c.GenerateFeedback.exporter_class = Page
    c.ExportApp.plugin_class = CheckedExport
    if "DB_URL" in os.environ:
        c.CourseDirectory.db_url = os.environ["DB_URL"]


def exam(name, root):
    """The exam that a class was issued, with its hidden inputs."""
    return _exam(name, root, _stamp(Path(root) / "issued" / f"{name}.json"))


@functools.lru_cache(maxsize=8)
def _exam(name, root, stamp):
    return Exam(sets.issued(name, root), secret_seed(Path(root) / "issued" / f"{name}.seed"))


def release(name, root):
    """The notebook that the students received."""
    path = Path(root) / "release" / name / f"{name}.ipynb"
    if not path.exists():
        raise sets.SetError(f"{name} was not released from {root}; make release PS={name}")
    return _release(path, _stamp(path))


@functools.lru_cache(maxsize=8)
def _release(path, stamp):
    return nbformat.read(path, as_version=4)


def _stamp(path):
    """When a file was last written, so that nothing outdated is taken from a cache."""
    return path.stat().st_mtime_ns if path.exists() else None


def code(notebook):
    """The cells to run, as the jail takes them."""
    return [[cell.id, cell.source] for cell in notebook.cells if cell.cell_type == "code"]


def digest(cells, paper, limits):
    """A name for a submission's code, the questions put to it, and what it may use."""
    parts = [cells, paper.digest(), asdict(limits)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def kept(root, name, student):
    """Where the record of a submission's run is kept."""
    return Path(root) / "runs" / name / f"{student}.json"


def keep(root, name, student, key, record):
    """Keep a record, for a run that is broken off to be continued."""
    intake.replace(kept(root, name, student), json.dumps({"digest": key, "record": record}))


def recall(root, name, student, key):
    """The kept record of this very submission, or None."""
    try:
        found = json.loads(kept(root, name, student).read_text(encoding="utf-8"))
        return found["record"] if found["digest"] == key else None
    except (OSError, ValueError, KeyError):
        return None


class Restore(NbGraderPreprocessor):
    """Put a student's notebook back into the released form, whatever became of it."""

    def preprocess(self, nb, resources):
        """Take its cells in as `grading.intake` does."""
        names = resources["nbgrader"]
        cells = intake.read_cells(nbformat.writes(nb).encode())
        notebook, notes = intake.restore(cells, release(names["assignment"], os.getcwd()))
        for note in notes:
            self.log.warning("%s: %s", names["student"], note)
        return notebook, resources


class ClearRubrics(ClearMarkScheme):
    """Take the rubrics out of the given cells; what a student wrote stays, whatever it says."""

    def preprocess_cell(self, cell, resources, cell_index):
        """Leave a cell alone that a student may write; its metadata is the release's."""
        if not cell.metadata.get("nbgrader", {}).get("locked"):
            return cell, resources
        return super().preprocess_cell(cell, resources, cell_index)


class GradeInJail(NbGraderPreprocessor):
    """Run a submission in a jail, reach the verdict, and write both into the notebook."""

    unsafe_no_jail = Bool(
        False, help="Run submissions with your own rights, on a machine that can make no jail."
    ).tag(config=True)

    limits = Dict(
        help="What a submission may use, where that differs from grading.jail.Limits."
    ).tag(config=True)

    def preprocess(self, nb, resources):
        """Replace the outputs of every code cell; a question's cell gets the verdict."""
        names = resources["nbgrader"]
        name, student, root = names["assignment"], names["student"], os.getcwd()
        paper, cells = exam(name, root), code(nb)
        limits = jail.Limits(**self.limits)
        key = digest(cells, paper, limits)
        record = recall(root, name, student, key)
        if record is None:
            record = jail.run(cells, paper.orders(), limits, walls=not self.unsafe_no_jail)
            keep(root, name, student, key, record)
        verdicts = {verdict.question: verdict for verdict in paper.judge(record["answers"])}
        for count, cell in enumerate((c for c in nb.cells if c.cell_type == "code"), 1):
            marks = cell.metadata.get("nbgrader", {})
            cell.execution_count = count
            if marks.get("grade") and not marks.get("solution"):
                cell.outputs = written(verdicts[marks["grade_id"]], count)
            else:
                cell.outputs = nbformat.from_dict(record["cells"][cell.id])
                for output in cell.outputs:  # the jail's own count may be anything
                    if output.output_type == "execute_result":
                        output.execution_count = count
        return nb, resources


def written(verdict, count):
    """A verdict as the outputs that nbgrader's partial credit reads."""
    new = nbformat.v4.new_output
    return [
        new("stream", name="stdout", text=verdict.message + "\n"),
        new("execute_result", {"text/plain": repr(verdict.points)}, execution_count=count),
    ]
