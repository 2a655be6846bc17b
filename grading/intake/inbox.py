"""Every file in the inbox of a set, and whose it is."""

import contextlib
import os
import stat
from collections import Counter
from functools import partial
from pathlib import Path, PurePath

from grading.intake.archives import CLASS_MEMBERS, NO_FILE, Inbox, for_each, unpack
from grading.intake.files import (
    EPOCH,
    JUNK,
    LARGEST,
    LONGEST_NAME,
    MEMBERS,
    MIB,
    HandedIn,
    Parts,
    People,
    Unreadable,
    changed_at,
    hash_of_file,
    may_be_work,
    no_notebook,
    plain_file,
    printable,
    read_file,
)
from grading.intake.owners import (
    ask_of_accounts,
    ask_of_canvas,
    ask_of_whole_names,
    is_students,
    look_up_on_github,
    name_by_blackboard,
    name_students,
    owner_of,
    wrappers,
)
from grading.intake.platforms import METADATA, outline, platform_of, submitters_in
from grading.intake.roster import Roster, number_of

OPEN = 10  # archives that may stay open until all is read
DEEPEST = 100  # folders one in another


def gather(
    inbox: str | Path,
    set_name: str,
    *,
    roster: Roster | None = None,
    first: dict[str, str] | None = None,
) -> list[HandedIn]:
    """Every file below `inbox` that was handed in, those inside zip archives included.

    roster : a `Roster`, by which an archive is known as a student's own, or None
    first : {name: the platform's number for the student who had it alone}, which is added to
    """
    inbox, listed = Path(inbox), []
    closed: list[OSError] = []
    within: Counter[Parts] = Counter()  # files below a folder of the inbox, and below one in it
    full: set[tuple[Parts, str]] = set()  # each folder in one of the inbox is said once
    for folder, folders, names in os.walk(inbox, onerror=closed.append):
        folders.sort()
        if len(folder) - len(str(inbox)) > 2 * LONGEST_NAME:  # each file's path is kept in memory
            closed.append(OSError(0, "its path is too long", folder))
            folders.clear()
            continue
        if len(Path(folder).parts) - len(inbox.parts) >= DEEPEST:  # Python would walk no further
            closed += [OSError(0, "it lies too deep", Path(folder, name)) for name in folders[:1]]
            folders.clear()
        links = [name for name in folders if os.path.islink(Path(folder, name))]
        for name in sorted([*names, *links], key=lambda name: (not may_be_work((name,)), name)):
            path = Path(folder) / name
            inner = path.relative_to(inbox)
            if JUNK.search(inner.as_posix()):
                continue
            if why := _too_many(inner.parts, within):
                if (inner.parts[:2], why) not in full:
                    closed.append(OSError(0, why, folder))
                full.add((inner.parts[:2], why))
                folders.clear()
                break
            listed.append((path, inner))
    own = {inner: inner.parts for _, inner in listed}  # the part that says whose it is
    classes: set[str] = set()  # folders that are the class's
    while outer := {
        n for n in wrappers([*own.values()], set_name) if not is_students(roster, n, set_name)
    }:
        classes |= outer
        own = {i: parts[len(parts) > 1 and parts[0] in outer :] for i, parts in own.items()}
    whose: dict[Parts, People] = {}  # of each of Gradescope's folders
    for path, inner in listed:
        if own[inner] == (METADATA,):
            with contextlib.suppress(OSError, Unreadable), plain_file(path) as file:
                said = submitters_in(outline(file))
                whose |= {(*inner.parts[:-1], folder): people for folder, people in said.items()}
    found: list[HandedIn] = []
    tops = {inner.parts[0] for _, inner in listed if may_be_work(inner.parts)}
    of = Inbox(roster, tops, sum(name.lower().endswith(".zip") for name in tops) > OPEN)
    for path, inner in listed:
        people = whose.get(inner.parts[: 1 - len(own[inner])], [])  # none for a file beside them
        for item in _opened(of, path, inner, set_name, own[inner]):
            found += for_each(item, people)
    for error in closed:
        where = Path(os.path.relpath(error.filename, inbox)).as_posix()
        if where != ".":
            reason = f"not all of this folder is read: {error.strerror}"
            parts = Path(where).parts
            while len(parts) > 1 and parts[0] in classes:
                parts = parts[1:]
            student = owner_of(parts if len(parts) > 1 else (*parts, ""), set_name, roster)
            found.append(HandedIn(where, student, where, EPOCH, fault=reason))
    name_by_blackboard(found, roster)
    first = {} if first is None else first
    if roster is not None:
        roster.learn_groups(found)
        look_up_on_github(found, set_name, roster)
        ask_of_whole_names(found, set_name, roster)
    for item in found:
        item.number = number_of(item) if item.student else ""
    ask_of_canvas(found, roster)
    if roster is not None:
        ask_of_accounts(found, first, roster)
    name_students(found, first, roster)
    return found


def _too_many(parts: Parts, within: Counter[Parts]) -> str:
    """Count a file, and say why no more are read where it lies; "" if there is room.

    A folder of the inbox may be the class's, and one in it a student's. What a student has too many
    of does not count for the class.
    """
    for depth, most in ((2, MEMBERS), (1, CLASS_MEMBERS)):
        if len(parts) > depth:
            if within[parts[:depth]] == most:
                return f"{most} files in {'/'.join(parts[:depth])} are taken at most"
            within[parts[:depth]] += 1
    return ""


def _opened(of: Inbox, path: Path, inner: PurePath, set_name: str, parts: Parts) -> list[HandedIn]:
    """What is in a file, or the file with the reason why nothing is."""
    try:
        return _open(of, path, inner, set_name, parts)
    except Exception as error:
        said = printable(getattr(error, "strerror", None) or str(error)) or type(error).__name__
        packed = path.suffix.lower() == ".zip"
        what = "the archive cannot be read" if packed else "it cannot be opened"
        student = owner_of(parts, set_name, of.roster)
        return [HandedIn(inner.as_posix(), student, path.name, EPOCH, fault=f"{what}: {said}")]


def _open(of: Inbox, path: Path, inner: PurePath, set_name: str, parts: Parts) -> list[HandedIn]:
    entry = os.lstat(path)
    student = owner_of(parts, set_name, of.roster)
    item = HandedIn(inner.as_posix(), student, path.name, changed_at(entry))
    item.mark, item.size = platform_of(parts[0]), entry.st_size
    item.says, item.folder = parts[0], parts[0] if len(parts) > 1 else ""
    if not stat.S_ISREG(entry.st_mode):
        item.refuse("it is a symbolic link or a device, not a file")
    elif path.suffix.lower() == ".zip":
        if files := unpack(of, path, inner, set_name, parts):
            return files
        item.refuse(NO_FILE)
    elif path.name in ("timestamp.txt", METADATA):
        return []  # a time that may be the student's own word is not taken
    elif why := no_notebook(inner.parts):
        item.refuse(why)
        item.look = partial(hash_of_file, path)
    elif entry.st_size > LARGEST:
        item.refuse(
            f"it has {entry.st_size / MIB:.0f} MB; {LARGEST // MIB} MB are taken at most: clear its"
            " outputs, or make the pictures in it smaller"
        )
    else:
        item.read_by(lambda: read_file(path, LARGEST))
    return [item]
