"""One notebook for each student, and a line for each file."""

import copy
import hashlib
import json
import re
import unicodedata
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from nbformat import NotebookNode

from grading.intake.archives import NAMED
from grading.intake.cells import cut, read_cells
from grading.intake.files import (
    BESIDE,
    LARGEST_BESIDE,
    MIB,
    HandedIn,
    Unreadable,
    printable,
    same_id,
    student_id,
)
from grading.intake.markdown import harmless
from grading.intake.notebook import bare, restore, strange
from grading.intake.owners import OLD, names_class, owner_of
from grading.intake.platforms import SUBMITTED, of_two_platforms, platform_of, platforms_of
from grading.intake.records import Entry, Submission
from grading.intake.roster import SHORT, Roster

TRIES = 20  # files of a student that are read to find one that can be graded, or large ones fewer
NAMED_BESIDE = 50  # files
AT_ONCE = timedelta(seconds=2)  # between files that were written together
CROWD = (
    "in {} is what seems to be the work of several: if it is the class's folder, name it all; if "
    "it is one student's, put the notebooks straight into it"
)
TOGETHER = "another file of this student, of the same time, is graded"
NEWER = "the same student handed in a newer one, which is graded"


def take_in(
    handed_in: list[HandedIn],
    release: NotebookNode,
    *,
    roster: Roster | None = None,
    other: dict[str, re.Pattern[str]] | None = None,
    set_name: str = "",
) -> tuple[list[Submission], list[Entry]]:
    """Sort out who gets which notebook graded.

    roster : a `Roster`, or None if any name may be a student's
    other : as for `strange`

    Returns a list of Submission, one for each student, and a list of Entry, one for each file.
    """

    # The files of an archive come one after another: it need not be opened for each.
    archives: dict[tuple[str, datetime], datetime] = {}
    for item in handed_in:
        archive = _archive(item)
        archives[archive] = max(item.inner, archives.get(archive, item.inner))
    places = {archive: -place for place, archive in enumerate(archives)}
    times = _written_together(handed_in, roster)

    def newest(item: HandedIn) -> tuple[object, ...]:
        archive, name = _archive(item), item.name.lower()
        right = bool(set_name) and set_name.lower() in name
        if time := times.get(item):
            order = time, time, 0, time
        else:
            order = item.time, archives[archive], places[archive] if archive[0] else 0, item.inner
        high = -item.where.count("/")  # not in `v1`, `old` and the like
        return *order, name == f"{set_name.lower()}.ipynb", right, high, item.time

    students: dict[str, Student] = defaultdict(lambda: Student(roster is not None))
    entries: list[Entry] = []
    crowds = _crowds(handed_in, set_name, roster)
    read = Reader(release, other)
    for item in sorted(handed_in, key=newest, reverse=True):
        name, asked = _whose(item, roster)
        student, entry = students[name.lower()], Entry(name, item.where, "set aside")
        entries.append(entry)
        try:
            if item.known_fault:
                kept = name and not asked and student.keep_beside(item, entry)
                entry.reason = kept or item.known_fault
                continue
            entry.reason = asked or _unnamed(item, name, set_name if roster is None else None)
            if item.student in crowds:
                entry.reason = entry.reason or CROWD.format(item.student)
            entry.reason = entry.reason or student.passed_over(item, set_name)
            if entry.reason:
                continue
            try:
                notebook, notes, answered = read(item)
            finally:
                student.tries += read.tries
            student.take(item, entry, Submission(name, notebook, item.time, notes), answered)
        except Unreadable as error:
            entry.reason = str(error)
        except Exception as error:  # whatever is in one file, the others are taken in
            said = printable(str(error))[:200]
            entry.reason = f"it cannot be read ({type(error).__name__}: {said})"
        finally:
            item.drop()
    for student in students.values():
        student.point_to_files_beside()
    taken = {key: one.submission for key, one in students.items() if one.submission}
    for entry in entries:
        if (
            entry.status == "set aside"
            and entry.student.lower() in taken
            and "newer" not in entry.reason
            and entry.reason != TOGETHER
        ):
            entry.reason += " (another file of this student is graded)"
    return sorted(taken.values(), key=lambda one: one.student), entries


class Reader:
    """Reads a file once, however many handed it in together: they come one after another."""

    def __init__(self, release: NotebookNode, other: dict[str, re.Pattern[str]] | None) -> None:
        """As for `take_in`."""
        self.release, self.other = release, other
        self.given = {bare(cell.source) for cell in release.cells}
        self.item: HandedIn | None = None
        self.why, self.tries = "", 1
        self.read: tuple[NotebookNode, list[str], bool] | None = None

    def __call__(self, item: HandedIn) -> tuple[NotebookNode, list[str], bool]:
        """The notebook restored, notes on it, and whether it has answers.

        Unreadable says why it cannot be graded. `tries` is then how many tries it counts for.
        """
        if not item.is_copy_of(self.item):
            self.item, self.why, self.tries, self.read = item, "it cannot be read", 1, None
            try:
                self.read = self.look(item)
            except Unreadable as error:
                self.why = str(error)
        if self.read is None:
            raise Unreadable(self.why)
        notebook, notes, answered = self.read
        return copy.deepcopy(notebook) if item.listed else notebook, notes, answered

    def look(self, item: HandedIn) -> tuple[NotebookNode, list[str], bool]:
        """The same, of a file that has not been read."""
        if item.fault:
            raise Unreadable(item.fault)
        self.tries += len(item.data) // (4 * MIB)
        cells = read_cells(item.data)
        if why := strange(cells, self.release, self.other):
            raise Unreadable(why)
        notebook, notes = restore(cells, self.release)
        answered = any(
            cell.get("attachments") or (cell.source.strip() and bare(cell.source) not in self.given)
            for cell in cells
        )
        return notebook, notes, answered


class Student:
    """What one student handed in, as far as it has been looked at: the newest comes first."""

    def __init__(self, in_roster: bool) -> None:
        """Begin without a notebook.

        in_roster : whether a roster says who it is, however a file's name is written
        """
        self.in_roster = in_roster
        self.submission: Submission | None = None
        self.entry: Entry | None = None  # of that one
        self.empty = False  # whether it has no answers: then an older one that has some is taken
        self.spelled = ""  # the name from which the id was made
        self.contested = ""  # why no notebook of this id is graded
        self.tries = 0
        self.beside: list[tuple[Entry, HandedIn]] = []

    def keep_beside(self, item: HandedIn, entry: Entry) -> str:
        """Keep a file for the reader of a text if it is of such a kind, or say that it is large."""
        # Blackboard's own note on an attempt has no name beside the platform's.
        note = item.mark is not None and item.mark["rest"].startswith(".")
        if note or item.name == "timestamp.txt" or not item.name.lower().endswith(BESIDE):
            return ""  # a timestamp is nbgrader's
        if item.size > LARGEST_BESIDE:  # each run reads it, holes and all
            size, most = item.size / MIB, LARGEST_BESIDE // MIB
            return f"it has {size:.0f} MB; {most} MB are taken at most beside a notebook"
        self.beside.append((entry, item))
        return ""

    def otherwise(self, item: HandedIn) -> bool:
        """Whether another name than this file's made the same id."""
        return not self.in_roster and self.spelled not in ("", spelling(item))

    def passed_over(self, item: HandedIn, set_name: str) -> str:
        """Why a file is not even read, or ""; those with the set's name have tries of their own."""
        if self.submission and not self.empty and not self.otherwise(item):
            loose = self.entry is not None and ": " not in item.where + self.entry.file
            together = loose and self.submission.time - item.time < AT_ONCE
            return TOGETHER if together else NEWER
        is_named = bool(set_name) and set_name.lower() in item.name.lower()
        if self.tries >= TRIES * (2 if is_named else 1):
            return "the newer files of this student cannot be read, and no more are tried"
        return self.contested

    def take(self, item: HandedIn, entry: Entry, submission: Submission, answered: bool) -> None:
        """Take a notebook, or raise Unreadable with the reason why it is not taken."""
        if self.otherwise(item):
            both = f"{spelling(item)} and {self.spelled} would both be {submission.student}"
            self.contested = f"{both}: rename one of them"
            self.give_up(self.contested)
            raise Unreadable(self.contested)
        if self.submission and not answered:
            raise Unreadable(NEWER)
        self.give_up("it has no answers, and one that is no newer has some: that is graded")
        self.submission, self.entry, self.empty = submission, entry, not answered
        self.spelled = spelling(item)
        entry.status, entry.reason = "graded", "; ".join(submission.notes)

    def give_up(self, why: str) -> None:
        """Set aside what was taken, if anything was."""
        if self.entry:
            self.entry.status, self.entry.reason = "set aside", why
        self.submission = self.entry = None

    def point_to_files_beside(self) -> None:
        """Say in the notebook's texts, for their reader, what was handed in beside it."""
        if not self.submission:
            return
        seals: dict[HandedIn, str] = {}
        for place, (entry, item) in enumerate(self.beside):
            if place >= NAMED_BESIDE:  # readable or not: each opens its archive
                entry.reason = f"{NAMED_BESIDE} files beside a notebook are taken at most"
            elif seal := item.seal:
                seals[item], entry.time = seal, item.time
                entry.status, entry.reason = "beside", "for the reader of the text"
            else:  # another one in its place could not be noticed
                entry.reason = "it cannot be read"
        self.submission.notebook = _pointing_to(self.submission.notebook, seals)


def _archive(item: HandedIn) -> tuple[str, datetime]:
    """The archive that a file is in, if any, and when that was handed in."""
    return item.where.rpartition(": ")[0], item.time


def _written_together(handed_in: list[HandedIn], roster: Roster | None) -> dict[HandedIn, datetime]:
    """The times of loose files that may be work: of those written together, that of the newest.

    A copy of a folder, or a clone of git's, has its files one after another, as they are written.
    """
    loose: defaultdict[str, list[HandedIn]] = defaultdict(list)
    for item in handed_in:
        if not item.known_fault and not _archive(item)[0]:
            loose[_whose(item, roster)[0].lower()].append(item)
    times: dict[HandedIn, datetime] = {}
    for files in loose.values():
        files.sort(key=lambda item: item.time, reverse=True)
        last = files[0].time
        for item in files:
            last = last if last - item.time < AT_ONCE else item.time
            times[item] = last
    return times


def _whose(item: HandedIn, roster: Roster | None) -> tuple[str, str]:
    """The id of a file's owner, and what the teacher has to answer before it is known."""
    student = student_id(item.student)
    if roster is None or not student:
        return student, item.asked
    ids = roster.find(item)
    if len(ids) == 1:
        return next(iter(ids)), item.asked
    if item.asked:
        return student, item.asked
    if len(ids) > 1:
        said = f"may be {' or '.join(sorted(ids))}: rename the folder or the file"
        if item.number:
            said += f", or add {item.number} to the right one in a column named after the platform"
    else:
        column = " in a column named after the platform" if item.mark else ""
        said = f"is not in roster.csv: add it there{column}, or rename the folder or the file"
        said += roster.why_unknown(item.student)
        if len(PurePosixPath(item.where).parts) > 1:
            said += ", or, if the folder is the class's, name it all"
    return student, f"{item.student} {said}"


def _unnamed(item: HandedIn, student: str, set_name: str | None) -> str:
    """Why a file is nobody's, or "".

    set_name : None if a roster says who the students are
    """
    if item.student and not student:
        return f"{item.student} has no letter or digit: rename the folder or the file"
    if not student:
        return f"nothing says whose it is: {NAMED}"
    if set_name is not None and names_class(f"{item.student}.zip", set_name):
        folder = PurePosixPath(item.where).parts[0]
        rename = f", or, if {folder} is the class's, name that folder all"
        same = same_id(owner_of((folder, ""), set_name)) == same_id(item.student)
        return f"nothing says whose it is: {NAMED}{rename if same else ''}"
    return ""


def spelling(item: HandedIn) -> str:
    """A student's name as it was written."""
    return unicodedata.normalize("NFC", item.student.strip())


def _crowds(handed_in: list[HandedIn], set_name: str, roster: Roster | None) -> set[str]:
    """Folders of the inbox that hold the work of several, by the names of what lies in them.

    What a platform put there may lie at any depth. A folder that is named after the set, or like
    an export (`hw2`), is nobody's. With a roster, a folder that is named after a student's id or
    name is that student's whatever it holds, and of others it has to be students who lie in it.
    """
    within: dict[str, set[str]] = {}
    for item in handed_in:
        parts = PurePosixPath(item.where).parts
        if item.listed:
            continue  # Gradescope's folders are one for each submission
        copy = len(parts) > 2 and OLD.fullmatch(parts[1])
        if ": " not in item.where and not item.known_fault and len(parts) > 1 and not copy:
            if any(map(of_two_platforms, map(platforms_of, parts[1:]))):
                continue  # it says nothing
            mark = next(filter(None, map(platform_of, parts[1:])), None)
            name = mark["name"] if mark else parts[1] if len(parts) > 2 else ""
            if item.mark and not mark:
                continue  # a platform says whose the whole folder is
            generic = not mark and not SUBMITTED.fullmatch(name)
            if name and generic and names_class(f"{name}.zip", set_name) == "export":
                continue
            if roster is not None and (roster.is_named(item.student) or not roster.knows(name)):
                continue
            chosen = roster is not None and roster.addressed(name) | roster.numbered(name)
            if roster is not None and (SHORT.fullmatch(name) or chosen):
                continue  # of a question, perhaps, or what somebody is called elsewhere
            within.setdefault(item.student, set()).add(name)
    return {one for one, folders in within.items() if len(folders) > 1 and "" not in folders}


def _pointing_to(notebook: NotebookNode, seals: dict[HandedIn, str]) -> NotebookNode:
    """The notebook, whose texts say what was handed in beside it, for their reader.

    The checksum is there so that another file of the same name is noticed. It comes first, where
    nothing is cut off.
    """
    if not seals:
        return notebook
    # By its own name: the next export, and its folder, will be called otherwise.
    sealed = json.dumps(sorted([file.name, seal] for file, seal in seals.items()))
    checksum = hashlib.sha256(sealed.encode()).hexdigest()[:40]
    named = [f"`{file.name.replace('`', '')}` ({file.size:,} bytes)" for file in seals]
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.metadata.get("nbgrader", {}).get("solution"):
            beside = f"Handed in beside the notebook (checksum {checksum})"
            note = f"*({beside}: {', '.join(map(harmless, named))}.)*"
            cell.source = cut(f"{note}\n\n{cell.source}")
    return notebook
