"""The table of grades: nbgrader's, with a line for everybody and what it stands for.

No line has points that nobody gave. The column `status` says who was graded, is missing, late, set
aside, excused or not read yet, and whose grading failed, which keeps nobody else's points back.
"""

import csv
import math
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Set
from pathlib import Path

from nbgrader.api import Grade, Gradebook
from nbgrader.plugins import CsvExportPlugin

from grading import intake
from grading.jail import HERE

Key = tuple[str, str]  # a set and a student


class CheckedExport(CsvExportPlugin):
    """nbgrader's table of grades, refused while a machine-graded cell has no points."""

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
    table: Path, root: Path, gradebook: Gradebook, waiting: list[Grade], failed: Set[Key]
) -> None:
    """Add the column `status` to a table, and a line for each who should be in it.

    waiting : texts that nobody has read yet
    failed : whose submissions could not be entered
    """
    with table.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows, columns = list(reader), reader.fieldnames or ()
    roster = intake.read_roster(root)
    standing = Standing(root, gradebook, roster, waiting, failed)
    every = standing.everybody()
    sets = {name for name, _ in every}
    of_set = {row["assignment"]: row for row in reversed(rows)}
    listed = {(row["assignment"], row["student_id"]): row for row in rows}
    listed = {key: row for key, row in listed.items() if key[0] in sets}
    for name, student in every:
        if (name, student) not in listed:
            of = of_set.get(name, {})
            kept = {key: of.get(key, "") for key in ("duedate", "max_score") if key in columns}
            listed[name, student] = {"assignment": name, "student_id": student} | kept
    for key, row in listed.items():
        if not standing.has_points(key):
            row |= {name: "" for name in ("raw_score", "score", "timestamp") if name in row}
        row["status"] = intake.no_formula(standing.status(key))
        if roster is not None:
            row["roster_id"] = roster.written.get(key[1], "")
            row["name"] = intake.no_formula(roster.names.get(key[1]) or "")
    own = ["roster_id", "name"] if roster is not None else []
    with table.open("w", encoding="utf-8", newline="") as file:
        fields = dict.fromkeys([*columns, *own, "status"])
        writer = csv.DictWriter(file, fields, restval="", lineterminator="\n")
        writer.writeheader()
        for _, row in sorted(listed.items()):
            writer.writerow(row)


class Standing:
    """Where each student stands in each set."""

    def __init__(
        self,
        root: Path,
        gradebook: Gradebook,
        roster: intake.Roster | None,
        waiting: list[Grade],
        failed: Set[Key],
    ) -> None:
        """Read the gradebook and the teacher's lists; as for `with_status`."""
        self.roster, self.failed = roster, failed
        self.late: dict[Key, float] = {}  # seconds, of each who is in the gradebook
        for assignment in gradebook.assignments:
            for one in gradebook.assignment_submissions(assignment.name):
                self.late[assignment.name, one.student_id] = one.total_seconds_late
        if roster is not None:
            for wrong in misspelled(roster, root, [one.name for one in gradebook.assignments]):
                print(wrong, file=sys.stderr)
        self.lists = reports(root, gradebook)
        for path in sorted(root.glob("set_aside/*.csv")):
            if path.stem not in self.lists:
                print(f"not read, since it is no list of a set's files: {path}", file=sys.stderr)
        self.now: set[Key] = set()  # who has a file that was graded
        self.aside: dict[Key, str] = {}  # why the first of one's other files was not
        self.notes: defaultdict[Key, list[str]] = defaultdict(list)
        for name, lines in self.lists.items():
            for line in lines:
                key = name, line["student"]
                if line["status"] == "beside" and "; late by" in line["reason"]:
                    hours = line["reason"].rpartition("; ")[2]
                    self.notes[key].append(f"a file beside it {hours}")
                if line["status"] == "graded":
                    self.now.add(key)
                elif line["student"]:
                    self.aside.setdefault(key, line["reason"])
        for grade in waiting:
            key = _whose(grade)
            was = intake.recalled(intake.read_texts(root, *key)).get("was", {})
            again = f" (was {was[grade.name]:g} for another text)" if grade.name in was else ""
            self.notes[key].append(f"not read yet: {grade.name}{again}")

    def takes_part(self, student: str) -> bool:
        """Whether a student whose file was set aside has a line for that."""
        return self.roster is None or student in self.roster.ids

    def everybody(self) -> list[Key]:
        """All who have a line in the table."""
        aside = [key for key in self.aside if self.takes_part(key[1])]
        keys = {*self.late, *aside, *self.failed}
        ids = self.roster.ids if self.roster else []
        return sorted({*keys, *self.now, *((name, one) for name, _ in keys for one in ids)})

    def has_points(self, key: Key) -> bool:
        """Whether what the gradebook has is what was handed in."""
        return key in self.late and key not in self.failed

    def status(self, key: Key) -> str:
        """What the line of a student and a set stands for."""
        name, student = key
        if self.roster is not None and name in self.roster.excused.get(student, ()):
            return "excused"
        if key not in self.late and key not in self.failed:
            if key in self.now:
                return "not in the gradebook: run make grade again"
            why = self.aside.get(key) if self.takes_part(student) else None
            return f"set aside: {why}" if why else "missing"
        late = self.late.get(key)
        said = ["could not be graded"] if key in self.failed else []
        said += [intake.late_by(late)] if late else []
        said += sorted(self.notes.get(key, []))
        if key not in self.now and name in self.lists:
            gone = "no file in the inbox is this student's now"
            aside = f"its file is now set aside: {self.aside.get(key)}"
            said.append(aside if key in self.aside else gone)
        return "; ".join(said) or "graded"


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
