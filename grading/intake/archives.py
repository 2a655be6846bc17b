"""Zip archives, of a class or of a student; nothing is unpacked to disk."""

import contextlib
import copy
import hashlib
import io
import itertools
import os
import re
import stat
import struct
import unicodedata
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePath, PurePosixPath
from typing import IO, Any
from zipfile import (  # type: ignore[attr-defined]  # private, so untyped
    _ECD_LOCATION,
    _ECD_SIGNATURE,
    _ECD_SIZE,
    _EndRecData,
    sizeEndCentDir64,
    sizeEndCentDir64Locator,
    stringEndArchive64,
)

from grading.intake.files import (
    EPOCH,
    JUNK,
    LARGEST,
    MEMBERS,
    MIB,
    HandedIn,
    Parts,
    People,
    Unreadable,
    changed_at,
    hash_of,
    may_be_work,
    no_notebook,
    person,
    printable,
    same_id,
    short,
    student_id,
)
from grading.intake.owners import NO_SET, OLD, is_students, names_class, owner_of, wrappers
from grading.intake.platforms import (
    BRIGHTSPACE,
    CANVAS,
    METADATA,
    MOODLE,
    account_in,
    of_two_platforms,
    outline,
    platform_of,
    platforms_of,
    submitters_in,
)
from grading.intake.roster import SHORT, Roster

UNPACKED = 512 * MIB  # of each student's files in an archive
LONGEST_LIST = 64 * MIB  # bytes of an archive's list
ZIP64, ZIP64_MARK = sizeEndCentDir64 + sizeEndCentDir64Locator, stringEndArchive64
# Bytes of it about a member besides its name, and about all on average.
LONGEST_EXTRA, USUAL_EXTRA = 4096, 100
LOCAL_HEAD = 30  # bytes before a member's name and data
LISTING = 512  # bytes of a member's line in an archive's list, on average
CLASS_MEMBERS = 20 * MEMBERS  # of all students in one
ARCHIVES = 20  # archives within an archive, of each student
PAGES = ("cp437", "cp850", "cp1252", "cp866", "gbk", "cp932", "cp949", "big5")  # Windows'
NAMED = "put it into a folder named after the student"
WHOSE = f"{NAMED}, or, if it is the class's, name it all.zip (a second one all-2.zip)"
OUT = f"{NAMED}, or, if it is the class's, put it into the inbox itself, as all.zip"
NO_FILE = "there is no file in it"
LISTED = 12 * MEMBERS  # of all archives of a student together, folders and all
HASHED = 100 * MIB  # of each student's files in archives, as they are unpacked
STAY_OPEN = 4  # archives that are opened for each of their files


@dataclass
class Counts:
    """What each student has had in archives so far."""

    archives: Counter[str] = field(default_factory=Counter)
    listed: Counter[str] = field(default_factory=Counter)  # what their lists have, folders and all
    # Files in them, those that may be work apart.
    files: Counter[tuple[str, bool]] = field(default_factory=Counter)
    hashed: Counter[str] = field(default_factory=Counter)  # bytes


Used = tuple[str, Counts]  # whose an archive is


@dataclass
class Inbox:
    """What is known of a whole inbox when one of its files is opened."""

    roster: Roster | None
    beside: set[str]  # the names of what lies in it
    many: bool  # whether there are more archives in it than should be open at once
    counts: Counts = field(default_factory=Counts)


def unpack(of: Inbox, path: Path, inner: PurePath, set_name: str, parts: Parts) -> list[HandedIn]:
    """The notebooks in an archive; none is written to disk under the name that it has there.

    Whose they are is said from outside wherever it can be: by the archive's folder or its own name.
    Only a class's archive says it by the names in it. That one lies in the inbox itself, and is
    known by its name, or as a platform's export if no other work lies beside it.
    """
    time, student = changed_at(os.stat(path)), owner_of(parts, set_name, of.roster)

    def own() -> list[HandedIn]:
        """All of it as this student's; it is opened for each file, so that few are open at once."""
        whole = account_in(parts[0]) or student
        of.counts.archives[whole] += 1
        if of.counts.archives[whole] > ARCHIVES:
            raise Unreadable(f"{ARCHIVES} archives of a student are opened at most")
        reopen = _kept_open(lambda: path, (whole, of.counts))
        with reopen() as archive:
            used = whole, of.counts
            return _members(
                archive, inner, set_name, time, True, 0, reopen, parts, used, roster=of.roster
            )

    item = HandedIn(inner.as_posix(), student, path.name, time)
    is_named = of.roster is not None and of.roster.is_named(student)
    if len(parts) > 1 or platform_of(parts[0]) or is_named:
        return own()
    if len(inner.parts) > 1:  # in a class's folder
        with _opened(path, MEMBERS) as archive:
            several = _of_accounts(archive)
        if len(several) < 2:
            return own()
        item.refuse(_whose(several, OUT))
        return [item]
    known = of.roster.find(item) if of.roster is not None and student_id(student) else set()
    if of.roster is not None and known != of.roster.writes(student):
        # An address, or a name on a platform, may be chosen to be like an export's.
        known = known - of.roster.addressed(student) - of.roster.numbered(student)
    named = names_class(path.name, set_name)
    alone = not of.beside - {path.name}
    if len(known) == 1 and not named and not SHORT.fullmatch(student):
        return own()  # by a user name, or by id and name together
    if named == "export" and not alone:
        item.student = ""
        item.refuse(f"nothing says whose it is: {WHOSE}")
        return [item]
    archive = _opened(path, CLASS_MEMBERS if named or alone else MEMBERS)
    again = _kept_open(lambda: path)
    stays = not of.many or len(archive.infolist()) > MEMBERS  # else it is opened for each file
    with contextlib.nullcontext() if stays else archive:
        look = partial(
            _members, archive, inner, set_name, time, False, roster=of.roster,
            reopen=None if stays else again, parts=parts,
        )  # fmt: skip
        seen = [file for file in look(opens=False) if not file.known_fault]
        seen = [file for file in seen if file.mark or not of_two_platforms(platforms_of(file.name))]
        names = {same_id(f.student): f.student for f in seen if not OLD.fullmatch(f.student)}
        names.pop("", None)
        if of.roster is not None and len(known) == 1:  # in another column: then others are in it
            names = {one: name for one, name in names.items() if not SHORT.fullmatch(name)}
            found = {one: of.roster.find(HandedIn(n, n, n, time)) for one, n in names.items()}
            sure = {one: next(iter(ids)) for one, ids in found.items() if len(ids) == 1}
            names = {one: names[one] for one in sure}
            if len({*sure.values()}) < 2 and named != "class":
                return own()
        formed = [file for file in seen if file.mark or file.listed]
        if len(names) < 2:  # ps_2026_11_20.ipynb is no file of Canvas's
            formed = [file for file in formed if not file.mark or file.mark.re is not CANVAS]
        exported = 2 * len(formed) > len(seen)  # by a few names no student may change what it is
        if named == "class" or (alone and (named or exported)):
            return look()
    if (len(names) > 1 or (names and exported)) and same_id(student) not in names:
        item.refuse(_whose({*names.values()}, WHOSE))
    else:
        return own()
    return [item]


def _of_accounts(archive: zipfile.ZipFile) -> set[str]:
    """Whose work is in an archive by the names of folders and files that platforms made.

    Canvas's do not count: `hw_1_2_plots.ipynb` and `lab_1_3_plots.ipynb` may be one student's.
    """
    paths = (_outer(_spelled(member))[:2] for member in archive.infolist())
    parts = {part for path in itertools.islice(paths, MEMBERS) for part in path}
    return {mark["name"] for one in parts if (mark := platform_of(one)) and mark.re is not CANVAS}


def _whose(names: set[str], what_to_do: str) -> str:
    """Why an archive is nobody's in which the work of others is."""
    some = ", ".join(printable(name)[:40] for name in sorted(names)[:3])
    whose = "several" if len(names) > 1 else "another"
    return f"in it is what seems to be the work of {whose} ({some}): {what_to_do}"


def _opened(file: Path | io.BytesIO, most: int, used: Used | None = None) -> zipfile.ZipFile:
    """An archive, once its list has been counted: Python reads all of it, which takes memory.

    most : members; folders and the systems' own files may be twice as many besides
    used : of a student's archive: the student, and what all of the student's have had before
    """
    with contextlib.ExitStack() as stack:
        raw = stack.enter_context(file.open("rb")) if isinstance(file, Path) else file
        if end := _EndRecData(raw):
            size, count, place = end[_ECD_SIZE], 0, 0
            begin = end[_ECD_LOCATION] - size - (ZIP64 if end[_ECD_SIGNATURE] == ZIP64_MARK else 0)
            raw.seek(max(begin, 0))
            listed = raw.read(min(size, LONGEST_LIST))
            # Bytes; the time that Python needs for a member grows with their square.
            extras = squares = 0
            folders: Counter[bytes] = Counter()
            while listed.startswith(b"PK\1\2", place) and place + 46 <= len(listed):
                name, extra, comment = struct.unpack_from("<HHH", listed, place + 28)
                named = place + 46
                count, place = count + 1, named + name + extra + comment
                extras, squares = max(extras, extra), squares + extra**2
                folders[b"/".join(listed[named : named + min(name, 200)].split(b"/")[:2])] += 1
            if count > 3 * most or size > min(LISTING * most, LONGEST_LIST):
                where, many = next(iter(folders.most_common(1)), (b"", 0))
                begins = short(where.decode(errors="replace"))[:100]
                some = f"{most} are taken at most, and {many} of {count} begin with {begins}"
                long = count <= 3 * most
                what = "of members is too long" if long else f"has {count} members"
                raise Unreadable(f"its list {what}; {some}")
            if used:
                student, counts = used
                counts.listed[student] += count
                if counts.listed[student] > LISTED:
                    raise Unreadable(f"{LISTED} members of a student's archives are looked at")
            if extras > LONGEST_EXTRA or squares > 3 * most * USUAL_EXTRA**2:
                raise Unreadable(f"its list has {extras} bytes on a member beside its name")
    try:
        archive = _Archive(file)
    except UnicodeDecodeError:
        archive = _Archive(
            _AnyName(file.open("rb", buffering=0) if isinstance(file, Path) else file)
        )
        archive._filePassed = 0  # type: ignore[attr-defined]  # so that it is closed with it
    whole = file.stat().st_size if isinstance(file, Path) else file.getbuffer().nbytes
    if sum(member.compress_size for member in archive.infolist()) > whole:
        archive.close()
        raise Unreadable("its members lie over one another")
    return archive


Opens = Callable[[], AbstractContextManager[zipfile.ZipFile]]


kept: dict[Opens, zipfile.ZipFile] = {}  # the last one used comes last


def _kept_open(file: Callable[[], Path | io.BytesIO], used: Used | None = None) -> Opens:
    """A function that opens a student's archive, unless it is one of the last few.

    used : as for `_opened`; what is opened again is not counted again
    """
    uncounted = [used]

    def opened() -> AbstractContextManager[zipfile.ZipFile]:
        archive = kept.pop(opened, None)
        if archive is None:
            archive = _opened(file(), MEMBERS, uncounted.pop() if uncounted else None)
        kept[opened] = archive
        while len(kept) > STAY_OPEN:
            kept.pop(next(iter(kept))).close()
        return contextlib.nullcontext(archive)

    return opened


class _Archive(zipfile.ZipFile):
    """An archive whose members can be unpacked in pieces.

    Python unpacks bzip2 and LZMA whole, however little is asked for: 2 KB became 3 GB in memory.
    """

    def open(self, name: str | zipfile.ZipInfo, *args: Any, **options: Any) -> IO[bytes]:
        """As for any archive; Unreadable if a member is packed otherwise."""
        member = self.getinfo(name) if isinstance(name, str) else name
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unreadable("it is packed in an unusual way (bzip2, LZMA): pack it as usual")
        return super().open(name, *args, **options)


class _AnyName(io.BufferedReader):
    """An archive without the marks of UTF-8: for one wrong name Python would refuse all of it."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read; the list of members comes in one piece, and so does the head of each."""
        data, place = bytearray(super().read(size)), 0
        if len(data) == LOCAL_HEAD and data.startswith(b"PK\3\4"):
            data[7] &= ~8
        while data.startswith(b"PK\1\2", place) and place + 46 <= len(data):
            data[place + 9] &= ~8
            place += 46 + sum(struct.unpack_from("<HHH", data, place + 28))
        return bytes(data)


def _members(
    archive: zipfile.ZipFile,
    inner: PurePath,
    set_name: str,
    time: datetime,
    own: bool,
    depth: int = 0,
    reopen: Opens | None = None,
    parts: Parts = (),
    used: Used | None = None,
    opens: bool = True,
    roster: Roster | None = None,
) -> list[HandedIn]:
    """The files in an opened archive.

    own : whether a student made it: then all in it is that student's, and as old as the archive
    reopen : a function that opens it again; None if it stays open
    parts : the part of the archive's own path that says whose it is
    used : of a student's archive: the student, and what all students' archives have held so far
    opens : whether archives in it are opened, too
    roster : by which a folder of a class's archive is known as a student's, or None
    """
    spelled = map(_spelled, archive.infolist()) if own else _names(archive, set_name, roster)
    named = [(name, *of) for name, of in zip(spelled, enumerate(archive.infolist()), strict=True)]
    named = [one for one in named if not one[2].is_dir() and not JUNK.search(one[0])]
    # Work comes first, and is counted apart, or the files beside it could leave no room for it.
    named.sort(key=lambda one: not may_be_work(PurePosixPath(one[0]).parts or (one[0],)))
    names = [one[0] for one in named]
    notebooks = [
        _outer(name)
        for name in names
        if not _leads_out(name) and name.lower().endswith((".ipynb", ".zip"))
    ]
    shared = 0 if own else _shared_folders(notebooks, set_name, roster)
    for name in notebooks[0][:shared] if shared and opens and roster is None else ():
        if not _of_class(name, inner.stem, set_name):  # or what is in a student's would be others'
            raise Unreadable(
                f"all of it lies in the folder {short(name)}: if that is the class's, name it all; "
                "if it is a student's, unpack the archive"
            )
    top, whose = ((), {}) if own else _gradescope(archive, names, set_name, roster)
    if whose:
        shared = len(top)  # the next folder is one that the list speaks of
    outer = wrappers([parts[shared:] for parts in notebooks if len(parts) > shared], set_name)
    outer = {name for name in outer if not is_students(roster, name, set_name)}
    owner = tuple(parts) or inner.parts

    def held() -> AbstractContextManager[zipfile.ZipFile]:
        return contextlib.nullcontext(archive)

    found: list[HandedIn] = []
    left: defaultdict[str, list[int]] = defaultdict(lambda: [UNPACKED])
    whole, counts = used or (None, Counts())
    count, full = 0, set[str]()
    for name, place, member in named:
        parts = PurePosixPath(name).parts or (name,)
        inside = parts[shared:] if len(parts) > shared else parts[-1:]
        inside = inside[len(inside) > 1 and inside[0] in outer :]
        packed, where = _packed(member), f"{inner.as_posix()}: {name}"
        item = HandedIn(
            where,
            owner_of(owner if own else inside, set_name, roster),
            parts[-1],
            time if own else packed,
            inner=packed,
        )
        says = owner if own else inside
        item.says, item.folder = says[0], says[0] if len(says) > 1 else ""
        # Of two accounts with one name neither uses up what the other may have.
        key = (account_in(inside[0]) or item.student) if whole is None else whole
        people = whose.get(parts[len(top)], []) if len(parts) > len(top) else []
        people = people if opens else people[:2]
        times = max(1, len(people))  # each member of a group has the file
        counts.files[key, may_be_work(parts)] += times
        too_many = counts.files[key, may_be_work(parts)] > MEMBERS
        if too_many and key in full:
            continue  # the first one too many in an archive has a line
        full |= {key} if too_many else set()
        count += 1
        if not own and count > CLASS_MEMBERS:
            raise Unreadable(f"more than {CLASS_MEMBERS} files of its students are in it")
        load, files = _loader(reopen or held, place, left[key]), [item]
        item.look = partial(_hash_of_member, reopen or held, place, counts.hashed, key)
        item.mark, item.size = platform_of(owner[0] if own else inside[0]), member.file_size
        if too_many:
            item.refuse(f"{MEMBERS} files of a student are taken at most")
        elif _leads_out(name):
            item.student, item.mark = "", None
            item.refuse("its name in the archive points to another folder")
        elif stat.S_ISLNK(member.external_attr >> 16):
            item.refuse("it is a symbolic link, not a file")
        elif member.flag_bits & 1:
            item.refuse("it is encrypted")
        elif name.lower().endswith(".zip") and depth < 2 and opens:
            counts.archives[key] += 1
            if counts.archives[key] > ARCHIVES:
                item.refuse(f"{ARCHIVES} archives of a student are opened at most")
            else:
                is_loose = not own and not inside[1:] and not item.mark
                files = _nested(load, item, set_name, depth, (key, counts), is_loose=is_loose)
                counts.files[key, True] += len(files) * (times - 1)
                if len(files) * times > MEMBERS:
                    item.refuse(f"{MEMBERS // times} files for each of a group are taken at most")
                    files = [*files[: MEMBERS // times], item]
        elif name.lower().endswith(".zip") and opens:
            item.refuse("it is an archive within three others; so deep none is opened")
        elif parts == (*top, METADATA) and whose:
            continue
        elif (why := no_notebook(parts)) and (opens or not may_be_work(parts)):
            item.refuse(why)
        else:
            item.read_by(load)
        found += [one for file in files for one in for_each(file, people)]
    return found


def _gradescope(
    archive: zipfile.ZipFile, names: list[str], set_name: str, roster: Roster | None
) -> tuple[Parts, dict[str, People]]:
    """Where Gradescope's folders lie in one of its exports, and {folder: people} from its list."""
    outer = {PurePosixPath(name).parts[:1] for name in names if not _leads_out(name)}
    top = next(iter(outer)) if len(outer) == 1 else ()
    for name in top:
        if not names_class(f"{name}.zip", set_name) or is_students(roster, name, set_name):
            return (), {}  # a list in a student's folder is the student's
    for name in names:
        if PurePosixPath(name).parts == (*top, METADATA):
            with contextlib.suppress(Exception), archive.open(name) as file:
                return top, submitters_in(outline(file))
            break  # others of this name could be the same member, read once more for each
    return top, {}


def for_each(item: HandedIn, students: People) -> Iterator[HandedIn]:
    """The file once for each student who handed it in, where a list of the platform's says so."""
    if not students:
        yield item
        return
    for name, time, account in students:
        of_one = copy.copy(item)
        of_one.student, of_one.time, of_one.listed = person(name), time or item.time, True
        of_one.account = short(account)
        of_one.mark = None  # its owner chose its name
        yield of_one


def _loader(
    opened: Callable[[], AbstractContextManager[zipfile.ZipFile]], place: int, left: list[int]
) -> Callable[[], bytes]:
    """A function that reads a member, within what may still be unpacked of its archive."""

    def load() -> bytes:
        most = min(LARGEST, left[0])
        if most <= 0:
            raise Unreadable("too much of its archive was unpacked already")
        try:
            with opened() as archive:
                member = archive.infolist()[place]
                with archive.open(member) as file:
                    data, packed = file.read(most + 1), member.compress_size
        except Exception as error:  # zlib and lzma have errors of their own
            left[0] -= MIB
            raise Unreadable(f"it cannot be unpacked: {error}") from None
        left[0] -= max(len(data), packed)  # also of what is thrown away: it took its time
        if len(data) > most:
            raise Unreadable(
                f"it unpacks to more than {most // MIB} MB: clear its outputs, or make the pictures"
                " in it smaller"
            )
        return data

    return load


def _hash_of_member(opened: Opens, place: int, hashed: Counter[str], whose: str) -> str:
    """A hash of a member, as of the file that it is unpacked to; of much data, as it is packed.

    hashed : how many bytes of each student's files were unpacked for it
    """
    with opened() as archive:
        member = archive.infolist()[place]
        hashed[whose] += member.file_size
        if hashed[whose] <= HASHED:
            with contextlib.suppress(Exception), archive.open(member) as file:
                return hash_of(file)
        if archive.fp is None:
            raise Unreadable("its archive is closed")
        archive.fp.seek(member.header_offset + 26)
        name, extra = struct.unpack("<HH", archive.fp.read(4))
        archive.fp.seek(name + extra, os.SEEK_CUR)
        digest, rest = hashlib.sha256(), member.compress_size
        digest.update(f"{member.compress_type} {member.CRC}\n".encode())
        while rest > 0 and (data := archive.fp.read(min(rest, MIB))):
            digest.update(data)
            rest -= len(data)
        return digest.hexdigest()


def _nested(
    load: Callable[[], bytes],
    item: HandedIn,
    set_name: str,
    depth: int,
    used: Used,
    *,
    is_loose: bool,
) -> list[HandedIn]:
    """The files of a student's archive within another archive.

    is_loose : whether only its own name says whose it is: then it may be a class's
    """

    try:
        inner = PurePosixPath(item.where)
        again = _kept_open(lambda: io.BytesIO(load()), used)
        with again() as archive:
            if is_loose and len(several := _of_accounts(archive)) > 1:
                item.refuse(_whose(several, OUT))
                return [item]
            files = _members(archive, inner, set_name, item.time, True, depth + 1, again, used=used)
    except Exception as error:
        item.refuse(f"the archive cannot be read: {error}")
        return [item]
    if not files:
        item.refuse(NO_FILE)
        return [item]
    for file in files:
        file.student, file.mark = item.student, item.mark
        file.says, file.folder = item.says, item.folder
        file.look = partial(_first_hash, file.look, item.look)
    return files


def _first_hash(look: Callable[[], str] | None, whole: Callable[[], str] | None) -> str:
    """A file's hash, or its archive's, if too much of that was unpacked already."""
    with contextlib.suppress(Unreadable):
        if look:
            return look()
    return whole() if whole else ""


def _spelled(member: zipfile.ZipInfo) -> str:
    """A member's name: Windows writes backslashes, macOS UTF-8 without saying so."""
    name = member.filename
    if not member.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return _slashed(name)


def _names(archive: zipfile.ZipFile, set_name: str, roster: Roster | None) -> list[str]:
    """The names in a class's archive, which may be in another computer's own code page.

    It is the one in which most of the names are students' by the roster.
    """
    names, strange = [], set[int]()
    for place, member in enumerate(archive.infolist()):
        names.append(name := _spelled(member))
        as_written = name == _slashed(member.filename) and not name.isascii()
        strange |= {place} if as_written and not member.flag_bits & 0x800 else set()
    if not strange:
        return names
    # Students choose what their own files are called, so who they are is asked above these.
    above = [_outer(name) for name in names]
    alike = itertools.takewhile(lambda level: len({*level}) == 1, zip(*above, strict=False))
    shared = len([*alike])
    whose = {above[place][shared:] or above[place] for place in strange}
    owners = [*dict.fromkeys(owner_of(parts, set_name) for parts in sorted(whose))][:300]

    def known(page: str) -> int:
        """How many students' names are found in the roster."""
        found = (HandedIn(n, n, n, EPOCH) for n in (_in_page(owner, page) for owner in owners))
        ids = [roster.find(item) for item in found] if roster else []
        return len({*itertools.chain(*(one for one in ids if len(one) == 1))})

    page = max(PAGES, key=known) if roster else "cp437"
    if not (roster and known(page)) and any(
        unicodedata.category(letter).startswith("S") for owner in owners for letter in owner
    ):
        raise Unreadable("names in it are not in UTF-8: unpack it, and put its folders here")
    return [_in_page(n, page) if place in strange else n for place, n in enumerate(names)]


def _in_page(name: str, page: str) -> str:
    """A name that was read as IBM's, read by another code page."""
    with contextlib.suppress(UnicodeError):
        return name.encode("cp437").decode(page)
    return name


def _slashed(name: str) -> str:
    return name.replace("\\", "/")


def _packed(member: zipfile.ZipInfo) -> datetime:
    """When a member was changed, in UTC where the archive says so, else by this computer's zone."""
    try:
        return datetime(*member.date_time).astimezone(UTC)
    except (ValueError, OverflowError):
        return EPOCH


def _shared_folders(paths: list[Parts], set_name: str, roster: Roster | None) -> int:
    """How many folders all notebooks of a class's archive lie in before the students' begin."""
    folders = {parts[:-1] for parts in paths}
    if not folders:
        return 0
    alike = itertools.takewhile(lambda level: len(set(level)) == 1, zip(*folders, strict=False))
    common = [level[0] for level in alike]
    shared = len(common)
    for place, name in enumerate(common):
        if _knows(roster, name, set_name):
            return place
        if any(mark.re in (MOODLE, BRIGHTSPACE) for mark in platforms_of(name)):
            return place  # a folder of one account
    # In one folder lie the files of one student, or of a class that are named after the students.
    files = {parts[-1] for parts in paths} if len(folders) == 1 else set()
    known = [file for file in files if platform_of(file)]
    named = [f for f in files if 0 < len(owner_of((f,), set_name)) < len(owner_of((f,), NO_SET))]
    flat = shared and (len(files) > 2 or (files and (len(known) == len(files) or len(named) == 2)))
    if any(platform_of(part) for parts in paths for part in parts[: shared or 1]) and not flat:
        return next((i for i, part in enumerate(paths[0]) if platform_of(part)), 0)
    if flat or len(folders) > 1:
        return shared
    # All lie in one folder: below what is named for a class, the first is a student's.
    outer = itertools.takewhile(lambda name: names_class(f"{name}.zip", set_name), common[:-1])
    return len(list(outer))


def _knows(roster: Roster | None, folder: str, set_name: str) -> bool:
    """Whether a folder in a class's archive is a student's by the roster."""
    if roster is None or names_class(f"{folder}.zip", set_name):
        return is_students(roster, folder, set_name)
    return roster.knows(owner_of((folder, ""), set_name, roster))


def _of_class(folder: str, archive: str, set_name: str) -> bool:
    """Whether a folder in a class's archive is the class's, by its name or by the archive's."""
    named = names_class(f"{folder}.zip", set_name) or not owner_of((f"{folder}.zip",), set_name)
    return bool(named) or same_id(folder) == same_id(archive)


def _outer(name: str) -> Parts:
    """A member's path without the folders in the middle, of which there may be hundreds."""
    parts = PurePosixPath(name).parts
    return parts if len(parts) <= 12 else (*parts[:10], parts[-1])


def _leads_out(name: str) -> bool:
    """Whether a member's name would be another folder's on some system."""
    return name.startswith("/") or ".." in name.split("/") or bool(re.match(r"\w:/|.*\0", name))
