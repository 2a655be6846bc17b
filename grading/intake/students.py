"""One notebook for each student, and a line for each file."""

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Set
from datetime import datetime
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
    student_id,
)
from grading.intake.markdown import harmless
from grading.intake.notebook import bare, restore, strange
from grading.intake.owners import OLD, names_class
from grading.intake.platforms import of_two_platforms, platform_of, platforms_of
from grading.intake.records import Entry, Submission
from grading.intake.roster import Roster

TRIES = 20  # files of a student that are read to find one that can be graded, or large ones fewer
NAMED_BESIDE = 50  # files


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
    submissions: dict[str, Submission] = {}
    entries: list[Entry] = []
    spelled: dict[str, str] = {}
    tries: Counter[str] = Counter()
    beside: dict[str, list[tuple[Entry, HandedIn]]] = {}
    untouched: dict[str, Entry | None] = {}
    contested: dict[str, str] = {}
    given = {bare(cell.source) for cell in release.cells}
    crowds = _crowds(handed_in) if roster is None else set()

    def newest(item: HandedIn) -> tuple[datetime, datetime, bool]:
        right = bool(set_name) and set_name in item.name
        return item.time, item.inner, right

    for item in sorted(handed_in, key=newest, reverse=True):
        student, asked = student_id(item.student), ""
        if roster is not None and student:
            ids = roster.find(item)
            asked = item.asked or ("" if len(ids) == 1 else _ask(item, ids))
            student = next(iter(ids)) if len(ids) == 1 else student
        entry = Entry(student, item.where, "set aside")
        entries.append(entry)
        try:
            empty = untouched.get(student)  # an older one that has answers goes before it
            others = submissions.keys() - ({student} if empty else set())
            known = roster is not None
            entry.reason = _reason(
                item, student, asked, crowds, spelled, others, tries, known, set_name
            )
            # Blackboard's own note on an attempt has no name beside the platform's.
            note = item.mark is not None and item.mark["rest"].startswith(".")
            kind = item.known_fault and item.name.lower().endswith(BESIDE)
            kind = kind and item.name != "timestamp.txt"  # nbgrader's
            if kind and item.size > LARGEST_BESIDE:  # each run reads it, holes and all
                mib = f"{item.size / MIB:.0f} MB; {LARGEST_BESIDE // MIB} MB"
                kind, entry.reason = False, f"it has {mib} are taken at most beside a notebook"
            if kind and not note and student and not asked:
                beside.setdefault(student, []).append((entry, item))
            entry.reason = entry.reason or contested.get(student, "")
            if entry.reason:
                continue
            tries[student] += 1
            if item.fault:
                raise Unreadable(item.fault)
            tries[student] += len(item.data) // (4 * MIB)
            cells = read_cells(item.data)
            if why := strange(cells, release, other):
                raise Unreadable(why)
            notebook, notes = restore(cells, release)
            answered = any(
                cell.get("attachments") or (cell.source.strip() and bare(cell.source) not in given)
                for cell in cells
            )
            if _spelled_otherwise(item, student, spelled):
                both = f"{_spelling(item)} and {spelled[student]} would both be {student}"
                contested[student] = f"{both}: rename one of them"
                del submissions[student]
                for one in entries:
                    if one.student == student and one.status == "graded":
                        one.status, one.reason = "set aside", contested[student]
                raise Unreadable(contested[student])
            if empty and not answered:
                raise Unreadable("the same student handed in a newer one, which is graded")
        except Unreadable as error:
            entry.reason = str(error)
            continue
        except Exception as error:  # whatever is in one file, the others are taken in
            said = printable(str(error))[:200]
            entry.reason = f"it cannot be read ({type(error).__name__}: {said})"
            continue
        finally:
            item.drop()
        if empty:
            empty.status = "set aside"
            empty.reason = "it has no answers, and one that is no newer has some: that is graded"
        untouched[student] = None if answered else entry
        spelled[student] = _spelling(item)
        submissions[student] = Submission(student, notebook, item.time, notes)
        entry.status, entry.reason = "graded", "; ".join(notes)
    for student, files in beside.items():
        if student in submissions:
            seals: dict[HandedIn, str] = {}
            for place, (entry, item) in enumerate(files):
                if place >= NAMED_BESIDE:  # readable or not: each opens its archive
                    entry.reason = f"{NAMED_BESIDE} files beside a notebook are taken at most"
                elif seal := item.seal:
                    seals[item], entry.time = seal, item.time
                    entry.status, entry.reason = "beside", "for the reader of the text"
                else:  # another one in its place could not be noticed
                    entry.reason = "it cannot be read"
            submissions[student].notebook = _pointing_to(submissions[student].notebook, seals)
    for entry in entries:
        if entry.status == "set aside" and entry.student in submissions:
            entry.reason += " (another file of this student is graded)" * (
                "newer" not in entry.reason
            )
    return sorted(submissions.values(), key=lambda s: s.student), entries


def _reason(
    item: HandedIn,
    student: str,
    asked: str,
    crowds: set[str],
    spelled: dict[str, str],
    submissions: Set[str],
    tries: Counter[str],
    known: bool,
    set_name: str,
) -> str:
    """Why a file is not even read, or ""."""
    if item.known_fault:
        return item.known_fault
    if item.student and not student:
        return f"{item.student} has no letter or digit: rename the folder or the file"
    if not student:
        return f"nothing says whose it is: {NAMED}"
    if not known and names_class(f"{item.student}.zip", set_name):
        folder = PurePosixPath(item.where).parts[0]
        rename = f", or, if {folder} is the class's, name that folder all"
        return f"nothing says whose it is: {NAMED}{rename if folder == item.student else ''}"
    if asked:
        return asked
    if item.student in crowds:
        return (
            f"in {item.student} is what seems to be the work of several: if it is the class's "
            "folder, name it all; if it is one student's, rename the files in it"
        )
    if student in submissions and not _spelled_otherwise(item, student, spelled):
        return "the same student handed in a newer one, which is graded"
    if tries[student] >= TRIES:
        return "the newer files of this student cannot be read, and no more are tried"
    return ""


def _spelling(item: HandedIn) -> str:
    return unicodedata.normalize("NFC", item.student.strip())


def _spelled_otherwise(item: HandedIn, student: str, spelled: dict[str, str]) -> bool:
    """Whether a student who is graded has another name than this one, from which the id is made."""
    other = spelled.get(student, _spelling(item)) != _spelling(item)
    return other and student == student_id(item.student)


def _crowds(handed_in: list[HandedIn]) -> set[str]:
    """Folders of the inbox that hold the work of several, by the names of what lies in them.

    What a platform put there may lie at any depth.
    """
    within: dict[str, set[str]] = {}
    for item in handed_in:
        parts = PurePosixPath(item.where).parts
        copy = len(parts) > 2 and OLD.fullmatch(parts[1])
        if ": " not in item.where and not item.known_fault and len(parts) > 1 and not copy:
            if any(map(of_two_platforms, map(platforms_of, parts[1:]))):
                continue  # it says nothing
            mark = next(filter(None, map(platform_of, parts[1:])), None)
            name = mark["name"] if mark else parts[1] if len(parts) > 2 else ""
            within.setdefault(item.student, set()).add(name)
    return {one for one, folders in within.items() if len(folders) > 1 and "" not in folders}


def _ask(item: HandedIn, ids: set[str]) -> str:
    if ids:
        return f"{item.student} may be {' or '.join(sorted(ids))}: rename the folder or the file"
    return f"{item.student} is not in roster.csv: add it there, or rename the folder or the file"


def _pointing_to(notebook: NotebookNode, seals: dict[HandedIn, str]) -> NotebookNode:
    """The notebook, whose texts say what was handed in beside it, for their reader.

    The checksum is there so that another file of the same name is noticed. It comes first, where
    nothing is cut off.
    """
    if not seals:
        return notebook
    sealed = json.dumps([[file.where, seal] for file, seal in seals.items()])
    checksum = hashlib.sha256(sealed.encode()).hexdigest()[:40]
    named = [f"`{file.where.replace('`', '')}` ({file.size:,} bytes)" for file in seals]
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.metadata.get("nbgrader", {}).get("solution"):
            beside = f"Handed in beside the notebook (checksum {checksum})"
            note = f"*({beside}: {', '.join(map(harmless, named))}.)*"
            cell.source = cut(f"{note}\n\n{cell.source}")
    return notebook
