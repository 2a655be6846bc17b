"""Put the jail into nbgrader: its commands grade as `make grade` does.

`exercises/nbgrader_config.py` calls `configure`. Of nbgrader's autograde two steps are replaced:
the one that takes a student's notebook in, and the one that runs it. What the point-giving step
then reads in the cell of a question was written by the grader, not by the submission.
"""

import functools
import hashlib
import itertools
import json
import os
import uuid
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import nbformat
from nbconvert.exporters import ResourcesDict
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import (
    AssignLatePenalties,
    ClearMarkScheme,
    GetGrades,
    LimitOutput,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from nbgrader.preprocessors.base import NbGraderPreprocessor
from traitlets import Bool, Dict
from traitlets.config import Config

from grading import intake, jail, sets
from grading.feedback import Page
from grading.grades import CheckedExport
from grading.jail import About, Record
from grading.verdict import Exam, Verdict, secret_seed


def configure(c: Config) -> None:
    """Set what nbgrader must do differently, in its configuration `c`."""
    # Not nbgrader's check of the cells' metadata, which takes a third of its time: `Restore` has
    # written them.
    c.Autograde.sanitize_preprocessors = [Restore, OverwriteKernelspec, OverwriteCells]
    c.Autograde.autograde_preprocessors = [
        GradeInJail,
        LimitOutput,
        SaveAutoGrades,
        MarksOfAnotherText,
        AssignLatePenalties,
    ]
    c.OverwriteCells.add_missing_cells = True
    c.GenerateFeedback.preprocessors = [GetGrades, Waiting, ClearRubrics]
    c.GenerateFeedback.exporter_class = Page
    c.ExportApp.plugin_class = CheckedExport
    c.HTMLExporter.preprocessors = ["grading.feedback.quick"]  # the form grader's pages
    # A heading would have its text as id, and the form grader finds the boxes for marks by ids.
    c.HTMLExporter.exclude_anchor_links = True
    if "DB_URL" in os.environ:
        c.CourseDirectory.db_url = os.environ["DB_URL"]


def exam(name: str, root: str | Path) -> Exam:
    """The exam that a class was issued, with its hidden inputs."""
    return _exam(name, root, _stamp(Path(root) / "issued" / f"{name}.json"))


@functools.lru_cache(maxsize=8)
def _exam(name: str, root: str | Path, stamp: int | None) -> Exam:
    seed = Path(root) / "issued" / f"{name}.seed"
    if not seed.exists() and any(Path(root).glob(f"autograded/*/{name}")):
        raise sets.SetError(
            f"{seed} is gone, from which the hidden inputs were drawn: put a copy of it back. If "
            "there is none, release the set again with the same variant: everybody is then graded "
            "on other inputs, and the feedback that was returned does not speak of them"
        )
    return Exam(sets.issued(name, root), secret_seed(seed))


def release(name: str, root: str | Path) -> NotebookNode:
    """The notebook that the students received."""
    path = Path(root) / "release" / name / f"{name}.ipynb"
    if not path.exists():
        raise sets.SetError(f"{name} was not released from {root}; make release PS={name}")
    return _release(path, _stamp(path))


@functools.lru_cache(maxsize=8)
def _release(path: Path, stamp: int | None) -> NotebookNode:
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    return notebook


def _stamp(path: Path) -> int | None:
    """When a file was last written, so that nothing outdated is taken from a cache."""
    return path.stat().st_mtime_ns if path.exists() else None


def code(notebook: NotebookNode) -> list[list[str]]:
    """The cells to run, as the jail takes them."""
    return [[cell.id, cell.source] for cell in notebook.cells if cell.cell_type == "code"]


def digest(cells: list[list[str]], paper: Exam, limits: jail.Limits) -> str:
    """A name for a submission's code, the questions put to it, and what it may use."""
    parts = [cells, paper.digest(), asdict(limits)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def kept(root: str | Path, name: str, student: str) -> Path:
    """Where the record of a submission's run is kept."""
    return Path(root) / "runs" / name / f"{student}.json"


def keep(root: str | Path, name: str, student: str, key: str, record: Record) -> None:
    """Keep a record, for a run that is broken off to be continued."""
    intake.replace(kept(root, name, student), json.dumps({"digest": key, "record": record}))


def recall(root: str | Path, name: str, student: str, key: str) -> Record | None:
    """The kept record of this very submission, or None."""
    found = intake.read_json(kept(root, name, student))
    record: Record | None = found.get("record") if found.get("digest") == key else None
    return record


class Restore(NbGraderPreprocessor):
    """Put a student's notebook back into the released form, whatever became of it."""

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Take its cells in as `grading.intake` does."""
        names = resources["nbgrader"]
        given = release(names["assignment"], os.getcwd())
        # What was taken in has the set's own cells besides those that a student may hand in.
        most = intake.CELLS + 3 * len(given.cells)
        cells = intake.read_cells(nbformat.writes(nb).encode(), most)
        notebook, notes = intake.restore(cells, given)
        for note in notes:
            self.log.warning("%s: %s", names["student"], note)
        return notebook, resources


class MarksOfAnotherText(NbGraderPreprocessor):
    """Take back points given by hand, extra credit too, when what they were for has changed.

    What a free text said, and for a question that the grader marks all code, is kept as a digest
    beside the run, and so is the edition of the set: in another, the question may be another.
    `runs/<set>/<student>.read.json` also keeps the points that were taken back.
    """

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Compare with what was there when this student was last entered."""
        names = resources["nbgrader"]
        student = names["student"]
        path = intake.read_texts(os.getcwd(), names["assignment"], student)
        kept = intake.recalled(path)
        program = hashlib.sha256(json.dumps(code(nb)).encode()).hexdigest()
        now: dict[str, str] = {}
        was, taken = kept.get("was", {}), kept.get("taken", {})
        given = Path("issued", f"{names['assignment']}.json").read_bytes()
        edition = hashlib.sha256(given).hexdigest()
        same_edition = kept.get("edition", edition) == edition
        own = [cell for cell in nb.cells if not cell.metadata.get("nbgrader") and _has_work(cell)]
        with Gradebook(names["db_url"]) as book:
            for cell in nb.cells:
                marks = cell.metadata.get("nbgrader", {})
                if not marks.get("grade"):
                    continue
                name = marks["grade_id"]
                around = own if intake.LOOK in cell.source else added_around(cell, nb)
                texts = [one for one in own if one.cell_type != "code" or one in around]
                said = [[_tidy(one.source), one.get("attachments", {})] for one in [cell, *texts]]
                if any(one.cell_type == "code" for one in texts):  # any code may make what it shows
                    said.append([program, {}])
                text = json.dumps(said, sort_keys=True)
                digest = hashlib.sha256(text.encode()).hexdigest()
                now[name] = digest if marks.get("solution") else program
                grade = book.find_grade(name, names["notebook"], names["assignment"], student)
                same = same_edition and kept.get("texts", {}).get(name, now[name]) == now[name]
                if not same:  # a page of the form grader that is open still shows what was before
                    grade.id = uuid.uuid4().hex
                    if marks.get("solution"):
                        args = name, names["notebook"], names["assignment"], student
                        book.find_comment(*args).manual_comment = None
                if grade.manual_score is None and not grade.extra_credit:
                    continue
                if same:
                    if grade.manual_score is not None:
                        grade.needs_manual_grade = False
                    was.pop(name, None)
                    continue
                was[name] = taken[name] = (grade.manual_score or 0) + (grade.extra_credit or 0)
                self.log.warning("%s: %s was marked for another text", student, name)
                grade.manual_score = grade.extra_credit = None
                grade.needs_manual_grade = grade.auto_score is None
            book.db.commit()
            time = str(book.find_submission(names["assignment"], student).timestamp)
        found: intake.Marked = {"texts": now, "was": was, "taken": taken}
        found |= {"edition": edition, "time": time}
        intake.replace(path, json.dumps(found))
        return nb, resources


def added_around(cell: NotebookNode, notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that a student added right before or behind a cell: a proof may go on there."""
    place = notebook.cells.index(cell)
    sides = reversed(notebook.cells[:place]), notebook.cells[place + 1 :]
    added = (itertools.takewhile(lambda c: not c.metadata.get("nbgrader"), side) for side in sides)
    return [*filter(_has_work, itertools.chain(*added))]


def _has_work(cell: NotebookNode) -> bool:
    """Whether there is anything in a cell: Jupyter adds an empty one when the last is run."""
    return bool(cell.source.strip() or cell.get("attachments"))


def _tidy(text: str) -> str:
    """A text without what an editor adds or takes away at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


class Waiting(NbGraderPreprocessor):
    """Tell a page which texts nobody has read yet: they count neither for nor against."""

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Take the points away that nobody has given."""
        names = resources["nbgrader"]
        args = names["notebook"], names["assignment"], names["student"]
        names["waits"] = 0
        path = intake.read_texts(os.getcwd(), names["assignment"], names["student"])
        was = intake.recalled(path).get("was", {})
        with Gradebook(names["db_url"]) as book:
            for cell in nb.cells:
                marks = cell.metadata.get("nbgrader", {})
                if not marks.get("grade"):
                    continue
                grade = book.find_grade(marks["grade_id"], *args)
                marks["again"] = marks["grade_id"] in was
                marks["left_out"] = grade.auto_score == 0 and grade.manual_score is None
                if grade.auto_score is None and grade.manual_score is None:
                    marks["score"] = None
                    names["waits"] += marks["points"]
        return nb, resources


class ClearRubrics(ClearMarkScheme):
    """Take the rubrics out of the given cells; what a student wrote stays, whatever it says."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: ResourcesDict, cell_index: int
    ) -> tuple[NotebookNode, ResourcesDict]:
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

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Replace the outputs of every code cell; a question's cell gets the verdict."""
        names = resources["nbgrader"]
        name, student, root = names["assignment"], names["student"], os.getcwd()
        paper, cells = exam(name, root), code(nb)
        limits = jail.Limits.of(self.limits)
        key = digest(cells, paper, limits)
        record = recall(root, name, student, key)
        if record is None:
            if not self.unsafe_no_jail:
                jail.private([root, sets.BOOK])
            walls = not self.unsafe_no_jail
            record = jail.run(cells, paper.orders(), limits, hidden=paper.hidden(), walls=walls)
            keep(root, name, student, key, record)
        seen: Record = {**record, **about(nb, lambda: release(name, root))}
        verdicts = {verdict.question: verdict for verdict in paper.judge(seen)}
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


def about(notebook: NotebookNode, given: Callable[[], NotebookNode]) -> About:
    """What the messages need to know of a notebook: its code, and which answers were left out."""
    marks = {cell.id: cell.metadata.get("nbgrader", {}) for cell in notebook.cells}
    sources = {
        cell.id: cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and not marks[cell.id].get("grade")
    }
    written = [name for name, of in marks.items() if of.get("solution") and name in sources]
    was = {cell.id: cell.source for cell in given().cells} if written else {}
    untouched = [
        name.removesuffix("-answer")
        for name in written
        if sources[name].strip() == was.get(name, "").strip()
    ]
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and marks[cell.id]]
    texts = [cell.source for cell in code if not marks[cell.id].get("solution")]
    return {"sources": sources, "given": texts, "untouched": untouched}


def written(verdict: Verdict, count: int) -> list[NotebookNode]:
    """A verdict as the outputs that nbgrader's partial credit reads."""
    return [
        nbformat.v4.new_output("stream", name="stdout", text=verdict.message + "\n"),
        nbformat.v4.new_output(
            "execute_result", {"text/plain": repr(verdict.points)}, execution_count=count
        ),
    ]
