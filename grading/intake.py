"""From whatever was handed in to one notebook for each student, or set aside with a reason.

Teachers put what they received into `inbox/<set>/`: a folder for each student, notebooks named
after students, or what a learning platform makes of all submissions. Nothing there is changed. Each
student's newest readable notebook is put back into the form that was released and written to
`submitted/<student>/<set>/<set>.ipynb`; whatever is not graded is listed with the reason.

No file can stop the others: whatever goes wrong with one, when it is opened, unpacked or read, is
the reason why that one is set aside. Files are read one at a time, and of a student who handed in
several only as many as it takes.
"""

import ast
import atexit
import bisect
import contextlib
import copy
import csv
import hashlib
import io
import itertools
import json
import os
import re
import stat
import struct
import tempfile
import unicodedata
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path, PurePath, PurePosixPath
from typing import IO, Any, TypedDict
from urllib.parse import quote, unquote
from zipfile import (  # type: ignore[attr-defined]  # private, so untyped
    _ECD_LOCATION,
    _ECD_SIGNATURE,
    _ECD_SIZE,
    _EndRecData,
    sizeEndCentDir64,
    sizeEndCentDir64Locator,
    stringEndArchive64,
)

import nbformat
from nbformat import NotebookNode

MIB = 2**20
LARGEST = 20 * MIB  # bytes of a notebook
LARGEST_BESIDE = 10 * LARGEST  # of a file for the reader of a text
MEMBERS, UNPACKED = 5000, 512 * MIB  # of each student in a zip archive
LONGEST_LIST = 64 * MIB  # bytes of an archive's list
ZIP64, ZIP64_MARK = sizeEndCentDir64 + sizeEndCentDir64Locator, stringEndArchive64
LONGEST_EXTRA = 4096  # bytes of it about a member besides its name; programs write below a hundred
LOCAL_HEAD = 30  # bytes before a member's name and data
LISTING = 512  # bytes of a member's line in an archive's list, on average
CLASS_MEMBERS = 20 * MEMBERS  # of all students in one
TRIES = 20  # files of a student that are read to find one that can be graded, or large ones fewer
OPEN = 10  # archives that may stay open until all is read
DEEPEST = 100  # folders one in another
ARCHIVES = 20  # archives within an archive, of each student
CELLS = 1000
LINES, CODE = 50_000, 1_000_000  # lines of all cells; characters of all code
ELEMENTS = 2_000_000  # brackets and commas of a notebook's JSON, each of which may be an object
PICTURES = 200  # attached to the cells of a notebook, or pasted into them
TOGETHER = 20  # students who hand in one notebook
LONGEST = 50_000  # characters of a text; what follows is cut
LONGEST_NAME, LONGEST_REASON = 500, 2000  # characters of these in the teacher's list
BLANK = 200  # lines of nothing but spaces in a cell that are left as they are
# How learning platforms name a student's folder or file; what the student called it comes behind.
PLATFORMS = [
    re.compile(pattern)
    for pattern in (
        r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_[a-z]++_?+(?P<rest>.*)",  # Moodle
        r"(?P<before>.+?)_(?P<name>[^_]+)_attempt_"  # Blackboard
        r"(?P<time>\d{4}(?:-\d\d){5})_?(?P<rest>.*)",
        r"(?P<number>\d+-\d+) - (?P<name>.+?) - "  # Brightspace
        r"(?P<time>[A-Z][a-z]+ \d{1,2}, \d{4} \d{1,2}:?\d\d [AP]M)(?: - )?(?P<rest>.*)",
        r"(?P<name>[^\x00-/:-@\[-`{-\x7f]+)(?:_LATE)?_(?P<number>\d+)_\d+_(?P<rest>.+)",  # Canvas
    )
]
ON_CANVAS = f" on {len(PLATFORMS) - 1}"
MOODLE, BLACKBOARD, CANVAS = (PLATFORMS[n] for n in (0, 1, -1))  # names may look like another's
# Words of a name, numbers aside: those that only a class's archive has, and those of platforms'
# exports, which students use as well.
CLASS = re.compile(r"(?i)(?:all|class|course|sections?|students)\d*")
EXPORT = re.compile(r"(?i)(?:submission|gradebook|assignment|homework|hw|export|download)s?\d*")
NAMED = "put it into a folder named after the student"
WHOSE = f"{NAMED}, or, if it is the class's, name it all.zip"
JUNK = re.compile(  # what systems and programs leave beside one's work; it has no line in the list
    r"(?i)(?:^|/)(?:\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$|(?:__MACOSX|__pycache__|node_modules|"
    r"site-packages|\.(?:git|venv|env|conda|tox|cache|idea|vscode|\w+_cache))(?:/|$))"
)
NOTEBOOK = re.compile(r"(?i)\.ipynb(?: ?\(\d+\))?(?:\.(?:txt|json|download))?$")  # as browsers save
OLD = re.compile(  # all of a folder's name: `Old John` is a student's
    r"(?i)(?:(?:old|new|back-?up|archive|cop(?:y|ies)|draft|try|attempt|v(?:ersion)?)s?[\W\d_]*)+"
)
COPY = re.compile(  # before a name or behind it, by browsers and systems
    r"(?i)^(?:copy of|kopie von|copie de|c[oó]pia d[aei]) "
    r"|(?: ?\(\d+\)|-copy\d+| (?:- )?(?:copy|kopie|copie|c[oó]pia)(?: \d+)?)+$"
)
# What a reader of a text may be given beside the notebook: photos, scans and documents.
BESIDE = (
    ".pdf", ".png", ".jpg", ".jpeg", ".heic", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".svg",
    ".docx", ".doc", ".odt", ".rtf", ".tex", ".md", ".txt", ".html", ".pages",
)  # fmt: skip


class Unreadable(ValueError):
    """A file that cannot be graded; the message says why."""


Parts = tuple[str, ...]  # a path, or the part of it that says whose a file is
Opener = Callable[[Path, PurePath, str, Parts], list["HandedIn"]]
Used = tuple[str, Counter[str], Counter[str]]  # the same, and whose an archive is
People = list[tuple[str, datetime | None]]  # who handed in together, and when
Pictures = dict[str, dict[str, str]]  # {name: {kind: data in base64}}


def _fit(name: str) -> str:
    """A name, fit for lists and terminals; in an archive one may have 65,535 bytes."""
    return printable(name[:LONGEST_NAME])[:LONGEST_NAME]


class HandedIn:
    """A file that somebody handed in, wherever it was found; it is read when it is asked for."""

    def __init__(
        self,
        where: str,
        student: str,
        name: str,
        time: datetime,
        *,
        fault: str = "",
        load: Callable[[], bytes] | None = None,
        inner: datetime | None = None,
    ) -> None:
        """Say where a teacher finds it, whose it is ("" if nothing says so), and how to read it."""
        self.where, self.student, self.name = map(_fit, (where, student, name))
        self.time = time
        self.inner = inner or time  # when it was packed, for which its owner's word is taken
        self.size = 0  # in bytes, as far as it is known without reading it
        self.look: Callable[[], str] | None = None  # a hash of one that is no notebook
        self.number = ""  # the platform's for the student
        self.mark: re.Match[str] | None = None
        self.listed = False  # whether a list of the platform's says whose it is
        self.asked = ""  # why it takes a teacher to say whose it is
        self._fault, self._load, self._data = fault, load, b""

    @property
    def known_fault(self) -> str:
        """Why it cannot be read, as far as that is known without reading it."""
        return self._fault

    @property
    def fault(self) -> str:
        """Why it cannot be read, or ""."""
        self._read()
        return self._fault

    @property
    def data(self) -> bytes:
        """What is in it."""
        self._read()
        return self._data

    def _read(self) -> None:
        if self._load is None or self._fault:
            return
        load, self._load = self._load, None
        try:
            self._data = load()
        except Unreadable as error:
            self._fault = str(error)
        except Exception as error:  # zlib, lzma and the system have errors of their own
            self._fault = f"it cannot be read: {printable(str(error)) or type(error).__name__}"

    def drop(self) -> None:
        """Let go of the data."""
        self._data = b""

    @property
    def seal(self) -> str:
        """What tells a file that is no notebook from another of its name, or "" if nothing can."""
        with contextlib.suppress(Exception):  # whatever is wrong with it, it is set aside
            return self.look() if self.look else ""
        return ""


class Marked(TypedDict, total=False):
    """Which texts a student's points were given for."""

    texts: dict[str, str]  # {question: digest of the text}
    was: dict[str, float]  # {question: points that were taken back}
    taken: dict[str, float]  # the same, while `make grade` has not named it
    coming: str  # the time that the work to be entered has
    edition: str  # a digest of what the class was given
    time: str  # when the work was handed in, as the gradebook has it


@dataclass
class Inbox:
    """What is known of a whole inbox when one of its files is opened."""

    roster: "Roster | None"
    beside: set[str]  # the names of what lies in it, but for archives that are named for a class
    many: bool  # whether there are more archives in it than should be open at once
    archives: Counter[str] = field(default_factory=Counter)  # of each student
    files: Counter[str] = field(default_factory=Counter)  # in them


@dataclass
class Entry:
    """A line of the teacher's list."""

    student: str
    file: str
    status: str  # "graded", "set aside" or "beside"
    reason: str = ""
    time: datetime | None = None  # of a file beside a notebook


LARGE = 2**17  # characters of a notebook that is kept in a file until it is asked for


@cache
def _shelf() -> IO[bytes]:
    """The file for large notebooks, as those with photos: not in /tmp, which may be in memory."""
    place = "/var/tmp" if os.path.isdir("/var/tmp") else None
    file = tempfile.TemporaryFile(dir=place)  # noqa: SIM115 - it is needed to the end
    atexit.register(file.close)
    return file


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


def student_id(name: str) -> str:
    """A name that is safe in paths, made of ASCII letters, digits, `_` and `-`; same for the same.

    >>> student_id("Zoë Müller"), student_id("李雷"), student_id("../x")
    ('Zoe_Muller', 'u674eu96f7', 'x')
    """
    whole = _spelled_out(name)
    if len(whole) <= 60:
        return whole
    return f"{whole[:51]}_{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def _spelled_out(name: str) -> str:
    """The letters of an id before it is cut; one outside ASCII, or a vowel sign, takes five."""
    letters = []
    for letter in unicodedata.normalize("NFC", name[:LONGEST_NAME].strip()):
        plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
        said = letter.isalnum() or unicodedata.category(letter) in ("Mn", "Mc")
        letters.append(plain if plain or not said else f"u{ord(letter):x}")
    return re.sub(r"[^A-Za-z0-9-]+", "_", "".join(letters)).strip("_-")


def printable(name: str) -> str:
    """A name without control characters, and without bytes that are no text in UTF-8."""
    return "".join(
        letter.encode("unicode_escape").decode()
        if unicodedata.category(letter) in ("Cc", "Cf", "Cs")
        else letter
        for letter in name
    )


# ---------------------------------------------------------------- what was handed in


def gather(
    inbox: str | Path,
    set_name: str,
    *,
    roster: "Roster | None" = None,
    first: dict[str, str] | None = None,
) -> list[HandedIn]:
    """Every file below `inbox` that was handed in, those inside zip archives included.

    roster : a `Roster`, by which an archive is known as a student's own, or None
    first : {name: the platform's number for the student who had it alone}, which is added to
    """
    inbox, listed = Path(inbox), []
    closed: list[OSError] = []
    for folder, folders, names in os.walk(inbox, onerror=closed.append):
        folders.sort()
        if len(Path(folder).parts) - len(inbox.parts) >= DEEPEST:  # Python would walk no further
            closed += [OSError(0, "it lies too deep", Path(folder, name)) for name in folders[:1]]
            folders.clear()
        for name in sorted([*names, *(f for f in folders if os.path.islink(Path(folder, f)))]):
            path = Path(folder) / name
            inner = path.relative_to(inbox)
            if not JUNK.search(inner.as_posix()):
                listed.append((path, inner))
    own = {inner: inner.parts for _, inner in listed}  # the part that says whose it is

    def students(name: str) -> bool:
        """Whether a folder is a student's in the roster, which it stays whatever it holds."""
        return roster is not None and len(roster.find(HandedIn(name, name, name, EPOCH))) == 1

    while outer := {n for n in _wrappers([*own.values()], set_name) if not students(n)}:
        own = {i: parts[len(parts) > 1 and parts[0] in outer :] for i, parts in own.items()}
    whose: dict[Parts, People] = {}  # of each of Gradescope's folders
    for path, inner in listed:
        if own[inner] == (METADATA,):
            with contextlib.suppress(Exception):
                said = _submitters(read_file(path, LARGEST).decode("utf-8", "replace"))
                whose |= {(*inner.parts[:-1], folder): people for folder, people in said.items()}
    found: list[HandedIn] = []
    tops = {inner.parts[0] for _, inner in listed if _may_be_work(inner.parts)}
    beside = {name for name in tops if _names_class(name, set_name) != "class"}
    of = Inbox(roster, beside, sum(name.lower().endswith(".zip") for name in tops) > OPEN)
    for path, inner in listed:
        people = whose.get(inner.parts[: 1 - len(own[inner])], [])  # none for a file beside them
        for item in _guarded(partial(_open, of), path, inner, set_name, own[inner]):
            found += _for_each(item, people)
    for error in closed:
        where = Path(os.path.relpath(error.filename, inbox)).as_posix()
        if where != ".":
            reason = f"this folder cannot be opened: {error.strerror}"
            student = _owner(Path(where).parts, set_name)
            found.append(HandedIn(where, student, where, EPOCH, fault=reason))
    _name_by_blackboard(found, roster)
    first = {} if first is None else first
    if roster is not None:
        _ask_of_accounts(found, first, roster)
    _name_students(found, first, roster)
    return found


def _guarded(
    function: Opener, path: Path, inner: PurePath, set_name: str, parts: Parts
) -> list[HandedIn]:
    """What a function finds in a file, or the file with the reason why it finds nothing."""
    try:
        return function(path, inner, set_name, parts)
    except Exception as error:
        said = printable(getattr(error, "strerror", None) or str(error)) or type(error).__name__
        packed = path.suffix.lower() == ".zip"
        what = "the archive cannot be read" if packed else "it cannot be opened"
        student = _owner(parts, set_name)
        return [HandedIn(inner.as_posix(), student, path.name, EPOCH, fault=f"{what}: {said}")]


def _open(of: Inbox, path: Path, inner: PurePath, set_name: str, parts: Parts) -> list[HandedIn]:
    entry = os.lstat(path)
    item = HandedIn(inner.as_posix(), _owner(parts, set_name), path.name, _changed(entry))
    item.mark, item.size = _platform(parts[0]), entry.st_size
    if not stat.S_ISREG(entry.st_mode):
        item._fault = "it is a symbolic link or a device, not a file"
    elif path.suffix.lower() == ".zip":
        return _unpack(of, path, inner, set_name, parts)
    elif path.name in ("timestamp.txt", METADATA):
        return []  # a time that may be the student's own word is not taken
    elif why := _no_notebook(inner.parts):
        item._fault, item.look = why, partial(_hash, path)
    elif entry.st_size > LARGEST:
        item._fault = f"it has {entry.st_size / MIB:.0f} MB; {LARGEST // MIB} MB are taken at most"
    else:
        item._load = lambda: read_file(path, LARGEST)
    return [item]


def _may_be_work(parts: Parts) -> bool:
    """Whether a file may be a notebook, or hold one, by its name."""
    return parts[-1].lower().endswith(".zip") or not _no_notebook(parts)


def _no_notebook(parts: Parts) -> str:
    """Why a file is not taken for what a student handed in, by its name; "" if it may be one."""
    if any(part.startswith(".") for part in parts):
        if ".ipynb_checkpoints" in parts:
            return "it is a copy that Jupyter keeps for itself"
        return "it is a hidden file"
    if NOTEBOOK.search(parts[-1]):
        return ""
    kind = PurePosixPath(parts[-1]).suffix.lower()
    if kind in (".7z", ".rar", ".gz", ".tgz", ".xz", ".bz2", ".tar"):
        return f"it is no notebook: of archives only .zip is opened, not {kind}"
    if kind in ("", ".json", ".txt"):
        return "it is no notebook by its name: if it is one, let the name end in .ipynb"
    return "it is no notebook"


def _plain_file(path: str | Path) -> io.BufferedReader:
    """A plain file, opened; a link that was put there in the meantime is not followed."""
    wanted = ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")  # as far as the system has them
    fd = os.open(path, sum({getattr(os, name, 0) for name in wanted}) | os.O_RDONLY)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Unreadable("it is a symbolic link or a device, not a file")
    return os.fdopen(fd, "rb")


def read_file(path: str | Path, most: int) -> bytes:
    """The bytes of a plain file, if these are not too many."""
    with _plain_file(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise Unreadable(f"it has more than {most / MIB:.3g} MB")
    return data


def _hash(path: Path) -> str:
    """A hash of a plain file of any size."""
    with _plain_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


EPOCH = datetime.fromtimestamp(0, UTC)


def _changed(entry: os.stat_result) -> datetime:
    """When a file was changed; some systems allow years that Python does not know."""
    try:
        return datetime.fromtimestamp(entry.st_mtime, UTC)
    except (ValueError, OverflowError, OSError):
        return EPOCH


def stamped(text: str) -> datetime | None:
    """A time as nbgrader writes it, in UTC, or None."""
    try:
        time = datetime.fromisoformat(text.strip().removesuffix(" UTC"))
        time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return time if 1970 <= time.year < 9999 else None


# ---------------------------------------------------------------- archives


def _unpack(of: Inbox, path: Path, inner: PurePath, set_name: str, parts: Parts) -> list[HandedIn]:
    """The notebooks in an archive; none is written to disk under the name that it has there.

    Whose they are is said from outside wherever it can be: by the archive's folder or its own name.
    Only a class's archive says it by the names in it. That one lies in the inbox itself, and is
    known by its name, or as a platform's export if no other work lies beside it.
    """
    time, student = _changed(os.stat(path)), _owner(parts, set_name)

    def own() -> list[HandedIn]:
        """All of it as this student's; it is opened for each file, so that few are open at once."""
        of.archives[student] += 1
        if of.archives[student] > ARCHIVES:
            raise Unreadable(f"{ARCHIVES} archives of a student are opened at most")
        reopen = partial(_opened, path, MEMBERS)
        used = student, of.archives, of.files
        with reopen() as archive:
            return _members(archive, inner, set_name, time, True, 0, reopen, parts, used)

    item = HandedIn(inner.as_posix(), student, path.name, time)
    known = of.roster.find(item) if of.roster is not None and student_id(student) else set()
    if len(inner.parts) > 1 or _platform(parts[0]) or len(known) == 1:
        return own()
    named = _names_class(path.name, set_name)
    alone = not of.beside - {path.name}
    archive = _opened(path, CLASS_MEMBERS if named or alone else MEMBERS)
    again = partial(_opened, path, MEMBERS)
    stays = not of.many or len(archive.infolist()) > MEMBERS  # else it is opened for each file
    with contextlib.nullcontext() if stays else archive:
        look = partial(
            _members, archive, inner, set_name, time, False, roster=of.roster,
            reopen=None if stays else again, parts=parts,
        )  # fmt: skip
        seen = [file for file in look(opens=False) if not file.known_fault]
        names = {student_id(f.student): f.student for f in seen if not OLD.fullmatch(f.student)}
        names.pop("", None)
        formed = [file for file in seen if file.mark or file.listed]
        if len(names) < 2:  # ps_2026_11_20.ipynb is no file of Canvas's
            formed = [file for file in formed if not file.mark or file.mark.re is not CANVAS]
        exported = 2 * len(formed) > len(seen)  # by a few names no student may change what it is
        if named == "class" or (alone and (named or exported)):
            return look()
    if named:
        item.student, item._fault = "", f"nothing says whose it is: {WHOSE}"
    elif len(names) > 1 and student_id(student) not in names:
        some = ", ".join(printable(name)[:40] for name in sorted(names.values())[:3])
        item._fault = f"in it is what seems to be the work of several ({some}): {WHOSE}"
    else:
        return own()
    return [item]


def _names_class(name: str, set_name: str) -> str:
    """Whether an archive's name says that it is a class's: "class", "export" (perhaps), or ""."""
    if not name.lower().endswith(".zip"):
        return ""
    said = _owner((name,), set_name)
    words = [word for word in re.split(r"[\W_]+", said) if word and not word[0].isdigit()]
    if words and all(map(CLASS.fullmatch, words)):
        return "class"
    exported = all(CLASS.fullmatch(word) or EXPORT.fullmatch(word) for word in words)
    return "export" if exported and (words or not said) else ""  # a number may be a student's


def _opened(file: Path | io.BytesIO, most: int) -> zipfile.ZipFile:
    """An archive, once its list has been counted: Python reads all of it, which takes memory.

    most : members, folders and the systems' own files left out; twice as many of these are let be
    """
    with contextlib.ExitStack() as stack:
        raw = stack.enter_context(file.open("rb")) if isinstance(file, Path) else file
        if end := _EndRecData(raw):
            size, count, place = end[_ECD_SIZE], 0, 0
            if size > min(LISTING * most, LONGEST_LIST):
                raise Unreadable(f"its list of members is too long; {most} are taken at most")
            begin = end[_ECD_LOCATION] - size - (ZIP64 if end[_ECD_SIGNATURE] == ZIP64_MARK else 0)
            raw.seek(max(begin, 0))
            listed = raw.read(size)
            extras = 0  # bytes; the time that Python needs for a member grows with their square
            while listed.startswith(b"PK\1\2", place) and place + 46 <= size:
                name, extra, comment = struct.unpack_from("<HHH", listed, place + 28)
                count, place = count + 1, place + 46 + name + extra + comment
                extras = max(extras, extra)
            if count > 3 * most:
                raise Unreadable(f"its list has {count} members; {most} are taken at most")
            if extras > LONGEST_EXTRA:
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
    """An archive that does not say that its names are in UTF-8: one that is not would close it."""

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
    reopen: Callable[[], zipfile.ZipFile] | None = None,
    parts: Parts = (),
    used: Used | None = None,
    opens: bool = True,
    roster: "Roster | None" = None,
) -> list[HandedIn]:
    """The files in an opened archive.

    own : whether a student made it: then all in it is that student's, and as old as the archive
    reopen : a function that opens it again; None if it stays open
    parts : the part of the archive's own path that says whose it is
    used : of a student's archive: the student, and what all students' archives have held so far
    opens : whether archives in it are opened, too
    roster : by which a folder of a class's archive is known as a student's, or None
    """
    named = [(_spelled(m), place, m) for place, m in enumerate(archive.infolist())]
    named = [one for one in named if not one[2].is_dir() and not JUNK.search(one[0])]
    if not own and len(named) > CLASS_MEMBERS:
        raise Unreadable(f"it has {len(named)} members; {CLASS_MEMBERS} are taken at most")
    # Work comes first, or the files that lie beside it could use up what a student may have.
    named.sort(key=lambda one: not _may_be_work(PurePosixPath(one[0]).parts or (one[0],)))
    names = [one[0] for one in named]
    notebooks = [
        PurePosixPath(name).parts
        for name in names
        if not _leads_out(name) and name.lower().endswith((".ipynb", ".zip"))
    ]
    shared = 0 if own else _shared_folders(notebooks, set_name, roster)
    top, whose = ((), {}) if own else _gradescope(archive, names)
    outer = _wrappers([parts[shared:] for parts in notebooks if len(parts) > shared], set_name)
    owner = tuple(parts) or inner.parts

    def held() -> AbstractContextManager[zipfile.ZipFile]:
        return contextlib.nullcontext(archive)

    found: list[HandedIn] = []
    left: defaultdict[str, list[int]] = defaultdict(lambda: [UNPACKED])
    whole, nested, taken = used or (None, Counter(), Counter())
    for name, place, member in named:
        parts = PurePosixPath(name).parts or (name,)
        inside = parts[shared:] if len(parts) > shared else parts[-1:]
        inside = inside[len(inside) > 1 and inside[0] in outer :]
        packed, where = _packed(member), f"{inner.as_posix()}: {name}"
        item = HandedIn(
            where,
            _owner(owner if own else inside, set_name),
            parts[-1],
            time if own else packed,
            inner=packed,
        )
        key = item.student if whole is None else whole
        taken[key] += 1
        if taken[key] > MEMBERS + 1:
            continue  # the first one too many has a line
        load, files = _loader(reopen or held, place, left[item.student]), [item]
        item.look = partial(_hash_of_member, reopen or held, place)
        item.mark, item.size = _platform(owner[0] if own else inside[0]), member.file_size
        if taken[key] > MEMBERS:
            item._fault = f"{MEMBERS} files of a student are taken at most"
        elif _leads_out(name):
            item.student, item.mark = "", None
            item._fault = "its name in the archive points to another folder"
        elif stat.S_ISLNK(member.external_attr >> 16):
            item._fault = "it is a symbolic link, not a file"
        elif member.flag_bits & 1:
            item._fault = "it is encrypted"
        elif name.lower().endswith(".zip") and depth < 2 and opens:
            nested[key] += 1
            if nested[key] > ARCHIVES:
                item._fault = f"{ARCHIVES} archives of a student are opened at most"
            else:
                files = _nested(load, item, set_name, depth, (key, nested, taken))
        elif name.lower().endswith(".zip") and opens:
            item._fault = "it is an archive within three others; so deep none is opened"
        elif parts == (*top, METADATA) and whose:
            continue
        elif (why := _no_notebook(parts)) and (opens or not _may_be_work(parts)):
            item._fault = why
        else:
            item._load = load
        people = whose.get(parts[len(top)], []) if len(parts) > len(top) else []
        people = people if opens else people[:2]
        found += [one for file in files for one in _for_each(file, people)]
        if len(found) > 2 * CLASS_MEMBERS:
            raise Unreadable(f"more than {2 * CLASS_MEMBERS} files of its students are in it")
    return found


def _for_each(item: HandedIn, students: People) -> Iterator[HandedIn]:
    """The file once for each student who handed it in, where a list of the platform's says so."""
    if not students:
        yield item
        return
    for name, time in students:
        of_one = copy.copy(item)
        of_one.student, of_one.time, of_one.listed = _fit(name), time or item.time, True
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
            raise Unreadable(f"it unpacks to more than {most // MIB} MB")
        return data

    return load


def _hash_of_member(
    opened: Callable[[], AbstractContextManager[zipfile.ZipFile]], place: int
) -> str:
    """A hash of a member as it is packed, so that nothing has to be unpacked for it."""
    with opened() as archive:
        member = archive.infolist()[place]
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
    load: Callable[[], bytes], item: HandedIn, set_name: str, depth: int, used: Used
) -> list[HandedIn]:
    """The files of a student's archive within another archive."""

    def reopen() -> zipfile.ZipFile:
        return _opened(io.BytesIO(load()), MEMBERS)

    try:
        inner = PurePosixPath(item.where)
        files = _members(reopen(), inner, set_name, item.time, True, depth + 1, reopen, used=used)
    except Exception as error:
        item._fault = f"the archive cannot be read: {error}"
        return [item]
    for file in files:
        file.student, file.mark = item.student, item.mark
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
    return name.replace("\\", "/")


def _packed(member: zipfile.ZipInfo) -> datetime:
    """When a member was changed, in UTC where the archive says so, else by this computer's zone."""
    try:
        return datetime(*member.date_time).astimezone(UTC)
    except (ValueError, OverflowError):
        return EPOCH


def _shared_folders(paths: list[Parts], set_name: str, roster: "Roster | None") -> int:
    """How many folders all notebooks of a class's archive lie in before the students' begin."""
    folders = {parts[:-1] for parts in paths}
    if not folders:
        return 0
    alike = itertools.takewhile(lambda level: len(set(level)) == 1, zip(*folders, strict=False))
    common = [level[0] for level in alike]
    shared = len(common)
    for place, name in enumerate(common):
        if roster is not None and len(roster.find(HandedIn(name, name, name, EPOCH))) == 1:
            return place
    # In one folder lie the files of one student, or of a class that are named after the students.
    files = {parts[-1] for parts in paths} if len(folders) == 1 else set()
    known = [file for file in files if _platform(file)]
    named = [f for f in files if 0 < len(_owner((f,), set_name)) < len(_owner((f,), f))]
    flat = shared and (len(files) > 2 or (files and (len(known) == len(files) or len(named) == 2)))
    if any(_platform(part) for parts in paths for part in parts[: shared or 1]) and not flat:
        return next((i for i, part in enumerate(paths[0]) if _platform(part)), 0)
    if flat or len(folders) > 1:
        return shared
    # All lie in one folder: below what is named for a class, the first is a student's.
    outer = itertools.takewhile(lambda name: _names_class(f"{name}.zip", set_name), common[:-1])
    return len(list(outer))


def _leads_out(name: str) -> bool:
    """Whether a member's name would be another folder's on some system."""
    return name.startswith("/") or ".." in name.split("/") or bool(re.match(r"\w:/|.*\0", name))


METADATA = "submission_metadata.yml"
SUBMITTED = re.compile(r"submission_\d+")  # a folder that this list speaks of
SUBMITTER = r"(?m)^ *:(name|email|sid): (.+)"


def _gradescope(archive: zipfile.ZipFile, names: list[str]) -> tuple[Parts, dict[str, People]]:
    """Where Gradescope's folders lie in one of its exports, and {folder: people} from its list."""
    inside = [PurePosixPath(name).parts for name in names if not _leads_out(name)]
    outer = {parts[:1] for parts in inside}
    top = inside[0][:1] if len(outer) == 1 else ()
    for name in names:  # beside the students' folders: one in a student's folder is the student's
        if PurePosixPath(name).parts == (*top, METADATA) and not any(map(_platform, top)):
            with contextlib.suppress(Exception), archive.open(name) as file:
                return top, _submitters(file.read(LARGEST).decode("utf-8", "replace"))
            break  # others of this name could be the same member, read once more for each
    return top, {}


def _submitters(listed: str) -> dict[str, People]:
    """{folder: people} from Gradescope's list.

    It is YAML, of which a parser in Python reads a hundred kilobytes a second. What is looked for
    stands in lines of its own, which nothing that a student says can make: that is indented more.
    """
    said: dict[str, list[dict[str, str]]] = {}
    times: dict[str, datetime | None] = {}
    for part in re.split(r"(?m)^(?=submission_\d+:)", listed, maxsplit=MEMBERS)[1:]:
        folder = part.partition(":")[0]
        lines = re.search(r"(?m)^  :submitters:.*\n((?:  (?:- |  ).*+\n?+)*+)", part)
        people = re.split(r"(?m)^ *- ", lines[1] if lines else "", maxsplit=TOGETHER)[1:]
        said[folder] = [
            {key: _scalar(value) for key, value in re.findall(SUBMITTER, person[:LONGEST_REASON])}
            for person in people
        ]
        time = re.search(r"(?m)^  :created_at: (.+)", part)
        times[folder] = stamped(
            re.sub(r" +(?=Z$|[-+][\d:]+$)", "", _scalar(time[1][:100]) if time else "")
        )
    named = Counter(one.get("name") for people in said.values() for one in people)
    found: dict[str, People] = {}
    for folder, submitters in said.items():
        for one in submitters:  # of two of one name the address tells them apart
            alike = named[one.get("name")] > 1
            keys = ("email", "sid", "name") if alike else ("name", "email", "sid")
            if name := next((one[key] for key in keys if one.get(key)), ""):
                found.setdefault(folder, []).append((name, times[folder]))
    return found


def _scalar(text: str) -> str:
    """A short value of YAML as text, in quotes or not."""
    text = text[:LONGEST_NAME].strip()
    if text[:1] == '"':
        with contextlib.suppress(ValueError):
            return str(json.loads(text))
    return text.strip("'").replace("''", "'")


# ---------------------------------------------------------------- whose it is


def _platform(name: str) -> re.Match[str] | None:
    """The parts of a name that a learning platform made, or None.

    The platform's part comes first, and the student's behind it may look like another platform's.
    """
    found = _platforms(name)
    return found[0] if found and not _two_platforms(found) else None


def _platforms(name: str) -> list[re.Match[str]]:
    """The parts of a name by each platform's pattern that it has, the shortest first."""
    name = name[:LONGEST_NAME]  # in an archive one may have 65,535 bytes
    found = [match for pattern in PLATFORMS if (match := pattern.fullmatch(name))]
    return sorted(found, key=lambda match: match.start("rest"))


def _two_platforms(found: list[re.Match[str]]) -> bool:
    """Whether a name may be of either of two platforms.

    HW_1_2_ada_attempt_… may be HW's file on Canvas as well as ada's on Blackboard. On Moodle a
    student's own name comes before the platform's part, and may look like another platform's.
    """
    kinds = [match.re for match in found]
    return kinds[:2] == [CANVAS, BLACKBOARD] or MOODLE in kinds[1:]


def _wrappers(paths: list[Parts], set_name: str) -> set[str]:
    """The outermost folders, if they are the platform's or the teacher's and not the students'.

    One that is named for a class is. One in which a platform named two students or more is if its
    name is an export's, or if all that lies beside it are such folders, too. By one name alone
    (`ada/ps_2026_11_20.ipynb`) a file would leave its owner, or pass for somebody else's.
    """
    lists = {parts[0] for parts in paths if parts[1:] == (METADATA,)}
    held: defaultdict[str, list[str]] = defaultdict(list)
    alone = True
    for parts in (parts for parts in paths if not parts[0].startswith(".")):
        if len(parts) > 1:
            graded = parts[0] in lists and SUBMITTED.fullmatch(parts[1])
            mark = None if graded else _platform(parts[1])
            named = "_".join(_blackboard(mark)) if mark else parts[1] if graded else ""
            held[parts[0]].append(student_id(named))
        elif _may_be_work(parts):
            alone &= _names_class(parts[0], set_name) == "class"
    wrapped: set[str] = set()
    perhaps: set[str] = set()
    for name, who in held.items():
        if _platform(name) or SUBMITTED.fullmatch(name):
            continue
        kind = _names_class(f"{name}.zip", set_name)
        exported = len(set(who) - {""}) > 1 and 2 * who.count("") < len(who)
        if kind == "class" or (kind and exported):
            wrapped.add(name)
        elif exported:
            perhaps.add(name)
    return wrapped | perhaps if alone and held.keys() == wrapped | perhaps else wrapped


def _owner(parts: Parts, set_name: str) -> str:
    """Whose this file is: the name of its folder, or what its own name says beside the set's."""
    if mark := _platform(parts[0]):
        return mark["name"]
    if _two_platforms(_platforms(parts[0])):
        return ""  # one account could else be many, each named by a whole name of a file
    if len(parts) > 1:
        return parts[0]
    stem = NOTEBOOK.sub("", re.sub(r"(?i)\.zip$", "", parts[0]))
    stem = COPY.sub("", stem[:LONGEST_NAME])
    short = set_name.removeprefix("ps-")
    short = short if re.search("[^\\W\\d_]", short) else set_name  # student_1 is no work for ps-1
    known, short = (re.sub(r"[-_ ]", "[-_ ]", name) for name in (set_name, short))
    stem = re.sub(rf"(?i)^{known}[-_. ]+(?=.)", "", stem)
    stem = re.sub(rf"(?i)(^|[-_. ])(?:{known}|{short})(?:[-_. ]final)?$", "", stem)
    return stem.strip(" -")


def _blackboard(mark: re.Match[str]) -> list[str]:
    """The parts of Blackboard's word for an assignment and a user; of others', the name's."""
    before = mark["before"] if mark.re is BLACKBOARD else ""
    return [*(before.split("_") if before else []), *mark["name"].split("_")]


def _name_by_blackboard(found: list[HandedIn], roster: "Roster | None") -> None:
    """Tell the user from the assignment, both of which may have `_` in Blackboard's names.

    A user is the longest end that the roster has. Without one, it is what follows the words that
    all these names begin with, so that no two names become one student.
    """
    named = [(item, _blackboard(m)) for item in found if (m := item.mark) and m.re is BLACKBOARD]
    known: dict[str, str] = {}
    if roster is not None:
        for _, words in named:
            for place in range(len(words)):
                end = "_".join(words[place:])
                if len(roster.find(HandedIn(end, end, end, EPOCH))) == 1:
                    known["_".join(words)] = end
                    break
    different = {tuple(one) for _, one in named if "_".join(one) not in known}
    levels = zip(*(words[:-1] for words in different), strict=False)
    shared = len(list(itertools.takewhile(lambda level: len(set(level)) == 1, levels)))
    for item, words in named:
        student = known.get("_".join(words)) or "_".join(words[shared:])
        item.student = printable(student[:LONGEST_NAME])[:LONGEST_NAME]


def _ask_of_accounts(found: list[HandedIn], first: dict[str, str], roster: "Roster") -> None:
    """Ask about two accounts of a platform that the roster would take for one student.

    It finds a name whatever the order of its words, and on many platforms people may change what
    they are called. The account whose number the roster has, or that was alone before, stays.
    """
    accounts: dict[tuple[str, str], dict[str, list[HandedIn]]] = {}
    for item in found:
        # A person's name may be made to look like another platform's: it counts for each it fits.
        said = item.mark.string if item.mark else ""
        fitting = [fit for pattern in PLATFORMS if (fit := pattern.fullmatch(said))]
        places = [(str(PLATFORMS.index(m.re)), m.groupdict().get("number") or "") for m in fitting]
        places += [("list", "")] if item.listed and not said else []
        ids = [*roster.find(item)] if places and student_id(item.student) else []
        for platform, number in places if len(ids) == 1 else ():
            if (owners := roster.numbered(number)) and ids[0] not in owners:
                continue  # somebody else's account, which will be asked about
            of = accounts.setdefault((platform, ids[0]), {})
            of.setdefault(number or student_id(item.student), []).append(item)
    for (platform, student), of in accounts.items():
        key = f"{student} on {platform}"  # no name has a space here
        was = [first[key]] if key in first else []
        was += [a for a, items in of.items() if first.get(student_id(items[0].student)) == a]
        sure = [a for a in of if a == student] or [a for a in of if roster.numbered(a) == {student}]
        kept = sure if len(sure) == 1 else was[:1]
        if len({*of, *kept}) == 1:
            first.setdefault(key, next(iter(of)))
            continue
        named = [f"{items[0].student} ({a})" for a, items in of.items()]
        named += [a for a in kept if a not in of]
        for item in (item for account in of.keys() - {*kept} for item in of[account]):
            item.asked = (
                f"{' and '.join(sorted(named))} are different accounts, and would both be {student}"
                " by roster.csv: add the right one's number there, or rename the folder or the file"
            )


def _name_students(
    found: list[HandedIn], first: dict[str, str], roster: "Roster | None" = None
) -> None:
    """Add the platform's number where two students have one name, and take its word on the time.

    Who had a name alone keeps it: points given by hand would else be left with nobody.
    """
    numbers: dict[str, set[str]] = {}
    foreign: set[HandedIn] = set()
    before = dict(first)
    for item in found:
        if item.mark is not None and item.student:
            said = item.mark.groupdict()
            named = roster.find(item) if roster else set()
            item.number = said.get("number") or ""
            if said.get("time"):
                item.time = _platform_time(said["time"]) or item.time
            owners = roster.numbered(item.number) if roster else set()
            if named and owners and not named & owners:
                foreign.add(item)  # somebody else's account, which will be asked about
            else:
                numbers.setdefault(student_id(item.student), set()).add(item.number)
    for name, of in numbers.items():
        if len(of) == 1 and (number := next(iter(of))):
            first.setdefault(name, number)
    for item in found:
        name = student_id(item.student)
        shared = len(numbers.get(name, ())) > 1 or name in first
        if item.number and shared and first.get(name) != item.number and item not in foreign:
            item.student += f"_{item.number}"
            if numbers.get(other := student_id(item.student), {item.number}) != {item.number}:
                first[other] = before.get(other, item.number)  # somebody else is called that
    for item in found:
        name = student_id(item.student)
        if item.number and name in numbers and first.get(name, item.number) != item.number:
            item.student += f"_{item.number}" * (item not in foreign)


def _platform_time(text: str) -> datetime | None:
    text = re.sub(r" (\d)(:?\d\d [AP]M)$", r" 0\1\2", text).replace(":", "")
    text = text.replace("Sept ", "Sep ")
    for form in ("%Y-%m-%d-%H-%M-%S", "%b %d, %Y %I%M %p", "%B %d, %Y %I%M %p"):
        try:
            return datetime.strptime(text, form).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


class Roster:
    """Who takes part: `roster.csv`, with the columns id, name, email, and any others.

    A file belongs to the student of whom one of the columns says what the file's name says, the id
    before name and email, and these before the others; of a name the parts count in any order, of
    an e-mail address the part before the @, too.
    """

    def __init__(self, path: Path) -> None:
        """Read the table; ValueError says what is wrong with it."""
        table = _table(path.read_bytes())
        self.rows = [row for row in table if any(row.values())]
        if self.rows and not (self.rows[0].get("id") or "").strip():
            found = ", ".join(name for name in self.rows[0] if name)
            raise ValueError(
                f"{path} needs a column id, with a value in each line; its columns are: {found}"
            )
        self.ids: list[str] = []
        self.known: list[dict[str, set[str]]] = [{}, {}, {}]  # by id, by name and email, by others
        self.names: dict[str, str | None] = {}
        self.written: dict[str, str] = {}  # the ids as the table has them
        self.excused: dict[str, set[str]] = {}
        for number, row in enumerate(self.rows, 2):
            student = student_id(row.get("id") or "")
            if not student or student in self.ids:
                raise ValueError(f"{path}, line {number}: its id is empty, or is there twice")
            self.ids.append(student)
            self.names[student] = (row.get("name") or "").strip() or None
            self.written[student] = (row.get("id") or "").strip()
            self.excused[student] = set(re.split(r"[\s,;]+", row.get("excused") or ""))
            for column, value in row.items():
                known = self.known[{"id": 0, "name": 1, "email": 1}.get(column, 2)]
                for key in _keys(column, value) if isinstance(value, str) else ():
                    known.setdefault(key, set()).add(student)

    def numbered(self, number: str) -> set[str]:
        """The ids of whom one of the columns has this number of a platform's."""
        return {one for of in self.known for one in of.get("".join(_words(number)), ())}

    def find(self, item: HandedIn) -> set[str]:
        """The ids that a file may belong to; a platform's number has to agree with the name."""

        def known(*names: str) -> set[str]:
            tried = [key for name in names for key in _keys("name", name)]
            return next((of[key] for of in self.known for key in tried if key in of), set())

        name = known(item.student, f"{item.student}_{item.number}")
        if not name and item.mark and item.mark.re is MOODLE:  # group-name
            parts = item.student.split("-")
            name = known(*("-".join(parts[place:]) for place in range(1, len(parts))))
        number = self.numbered(item.number)
        if name and len(number) > 1:  # of a section, or the like
            return name
        return (name & number) or (name | number)


def roster(root: str | Path) -> Roster | None:
    """The course's roster, or None if it has none."""
    path = Path(root) / "roster.csv"
    return Roster(path) if path.is_file() else None


def _table(data: bytes) -> "csv.DictReader[str]":
    """A table as spreadsheets save it: in UTF-8, UTF-16 or Windows-1252, with , or ; or tabs."""
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    text = re.sub(r"\Asep=.\r?\n", "", text)
    head = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or ()]
    return rows


NOT_NAMES = {  # columns of a roster that do not name a student
    *("excused", "section", "group", "class", "team", "status", "room", "note", "notes"),
    *("comment", "comments", "grade", "points", "score"),
}


def _keys(column: str, value: str) -> Iterator[str]:
    """The forms in which a value of the roster may appear in the name of a file."""
    if column in NOT_NAMES or not value.strip():
        return
    if "@" in value:
        yield "".join(_words(value.split("@")[0]))
    if not (words := _words(value)):
        return
    yield "".join(words)
    yield "".join(sorted(words))
    for turn in range(1, len(words)):
        yield "".join(words[turn:] + words[:turn])


def _words(value: str) -> list[str]:
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", _spelled_out(value)) if word]


# ---------------------------------------------------------------- one notebook


def read_cells(data: bytes, most: int | None = None) -> list[NotebookNode]:
    """The cells of a notebook, each rebuilt from its type, source, id and nbgrader's name.

    most : how many it may have, CELLS by default. Where it is given, the notebook was taken in
        before, and has the set's own cells and what the grader wrote besides.
    """
    times = 1 if most is None else 2
    most = CELLS if most is None else most
    elements = sum(data.count(mark) for mark in (b"[", b"{", b","))
    if elements > times * ELEMENTS:
        raise Unreadable(
            f"its JSON has {elements} brackets and commas; {ELEMENTS} are read at most"
        )
    try:
        raw = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Unreadable("it is not text in UTF-8, so no notebook") from None
    except RecursionError:
        raise Unreadable("its JSON is nested too deep for a notebook") from None
    except ValueError as error:
        raise Unreadable(f"it is not whole JSON ({error}): truncated or no notebook") from None
    if not isinstance(raw, dict):
        raise Unreadable("it is JSON, but no notebook")
    cells = raw.get("cells")
    if cells is None and isinstance(raw.get("worksheets"), list):
        sheets = [sheet for sheet in raw["worksheets"] if isinstance(sheet, dict)]
        lists = [sheet.get("cells") for sheet in sheets]
        cells = [cell for sheet in lists if isinstance(sheet, list) for cell in sheet]
    if not isinstance(cells, list):
        raise Unreadable("it is JSON, but no notebook: it has no cells")
    if len(cells) > most:
        raise Unreadable(f"it has {len(cells)} cells; {most} are taken at most")
    room = Room(PICTURES, times * LINES, times * CODE)
    return [cell for raw_cell in cells if (cell := _cell(raw_cell, room))]


@dataclass
class Room:
    """How many more of these a notebook may have."""

    pictures: int
    lines: int
    code: int  # characters

    def take(self, source: str, code: bool) -> None:
        """Count a cell's source: each line of it is an object in memory and a line in files."""
        self.code -= len(source) if code else 0
        if self.code < 0:
            raise Unreadable(f"it has more than {CODE} characters of code; {CODE} are read at most")
        self.lines -= len(source.splitlines())
        if self.lines < 0:
            raise Unreadable(f"it has more than {LINES} lines; {LINES} are read at most")


def _cell(raw: object, room: Room) -> NotebookNode | None:
    """A cell rebuilt, or None; what it has is taken from `room`."""
    if not isinstance(raw, dict) or raw.get("cell_type") not in ("code", "markdown", "raw"):
        return None
    source = raw.get("source", raw.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        return None
    source = source.encode("utf-8", "replace").decode()
    pasted: Pictures = {}
    attached: dict[str, object] = {}
    if raw["cell_type"] == "markdown":
        attached = raw["attachments"] if isinstance(raw.get("attachments"), dict) else {}
        source = _pasted(source, pasted, PICTURES - room.pictures + len(attached))
        room.pictures -= len(attached) + len(pasted)
        if room.pictures < 0:
            raise Unreadable(f"it has more than {PICTURES} pictures; {PICTURES} are taken at most")
    if raw["cell_type"] != "code":
        source = _cut(source)
    room.take(source, raw["cell_type"] == "code")
    if pasted:
        tag = r"<img\b[^<>]{0,300}?(attachment:pasted-\d{1,9}+\.\w{1,5}+)[^<>]{0,300}+>"
        source = re.sub(tag, r"![](\1)", source)
    if len(blank := re.findall(r"(?m)^[ \t]+$", source)) > BLANK:  # slow to show in colours
        source = re.sub(r"(?m)^[ \t]+$", "", source) if blank else source
    new: dict[str, Callable[[str], NotebookNode]] = {
        "code": nbformat.v4.new_code_cell,
        "markdown": nbformat.v4.new_markdown_cell,
        "raw": nbformat.v4.new_raw_cell,
    }
    cell = new[raw["cell_type"]](source)
    metadata = raw.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    cell.metadata.name = name if isinstance(name, str) else ""
    cell.metadata.id = raw["id"] if isinstance(raw.get("id"), str) else ""
    if cell.cell_type == "markdown" and (pictures := _pictures(attached) | pasted):
        cell.attachments = pictures
    return cell


def _pasted(source: str, pictures: Pictures, before: int) -> str:
    """The text with the pictures in it, which are long, moved to its attachments.

    before : how many pictures the notebook has before these, which are numbered from there on
    """

    def attach(found: re.Match[str]) -> str:
        if len(pictures) > PICTURES:
            raise Unreadable(f"it has more than {PICTURES} pictures; {PICTURES} are taken at most")
        name = f"pasted-{before + len(pictures) + 1}.{found[1]}"
        pictures[name] = {f"image/{found[1].replace('jpg', 'jpeg')}": found[2]}
        return f"attachment:{name}"

    source = re.sub(r"data:image/(png|jpe?g);base64,([\w+/]+=*)", attach, source, flags=re.A)
    return re.sub(r"data:[\w/+.;=-]{0,99}base64,[\w+/]{99,}=*", "picture not taken", source)


def _cut(text: str, most: int = LONGEST) -> str:
    """A text as long as one may be, which stays as it is when it is cut again."""
    said = f"\n\n[Cut here: {LONGEST} characters are taken at most.]"
    return text if len(text) <= most else text[: max(most - len(said), 0)] + said


def _pictures(attachments: dict[str, object]) -> Pictures:
    """The attached pictures of a free-text answer, by the names that the student gave them."""
    kept: Pictures = {}
    for name, forms in attachments.items():
        for kind, data in forms.items() if isinstance(forms, dict) else ():
            picture = kind in ("image/png", "image/jpeg") and isinstance(data, str)
            # A name of megabytes would be looked at letter by letter, in each text that shows it.
            named = len(name) < 256 and name.isprintable() and not set(name) & set('/\\<>"')
            if picture and named and re.fullmatch(r"[\w+/\n]+=*", data):
                kept.setdefault(name, {})[kind] = data
    return kept


def restore(cells: list[NotebookNode], release: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Put a student's cells into the released notebook: its order, its given cells, its metadata.

    cells : what `read_cells` returned
    release : the notebook that the students received

    Returns the notebook and notes on what was repaired. What a student wrote counts wherever it
    stands: cells that were added stay, behind the cell that they followed, and so do answers in
    code that were moved, and copies of them; a given cell of code that was changed is run as it was
    given and as it became; an answer that was deleted leaves no placeholder behind; a text is also
    looked for in the cells around its own, and pictures alone are an answer.
    """
    names = {cell.metadata.nbgrader.grade_id: cell for cell in release.cells}
    by_id = {cell.id: name for name, cell in names.items()}
    by_text = {bare(c.source): n for n, c in names.items() if not c.metadata.nbgrader.solution}
    found: dict[str, list[NotebookNode]] = {name: [] for name in names}
    added: dict[str | None, list[NotebookNode]] = {name: [] for name in [None, *names]}
    elsewhere: Counter[str] = Counter()
    order, notes, last = [], [], None
    for cell in cells:
        name = cell.metadata.pop("name")
        name = name if name in names else by_id.get(cell.metadata.id)
        if name and not names[name].metadata.nbgrader.solution and not _alike(cell, names[name]):
            name = None  # a given cell's copy in which the student wrote something of another kind
        cell.metadata.name = by_text.get(bare(cell.source)) if name is None else name
    places = {name: place for place, name in enumerate(names)}
    stays = _in_order([places.get(cell.metadata.name) for cell in cells])
    for cell, stayed in zip(cells, stays, strict=True):
        name = cell.metadata.name
        cell.metadata = nbformat.NotebookNode()
        code = name and names[name].metadata.nbgrader.solution and names[name].cell_type == "code"
        if name is None:
            added[last].append(cell)
        elif code and not stayed and cell.source.strip() != names[name].source.strip():
            moved = nbformat.v4.new_code_cell(cell.source)
            order.append(name)
            added[last].append(moved)
            elsewhere[name] += 1
        else:
            last = name
            order.append(name)
            found[name].append(cell)
    if not order:
        raise Unreadable("it has no cell of this problem set")
    notebook = nbformat.v4.new_notebook(metadata=dict(release.metadata))
    notebook.cells += added[None]
    above = None
    for name, given in names.items():
        cell = nbformat.from_dict(json.loads(json.dumps(given)))
        marks = given.metadata.nbgrader
        was = given.source.strip()
        own = [c for c in found[name] if c.source.strip() != was or c.get("attachments")]
        count = len(found[name]) + elsewhere[name]
        if not found[name]:
            notes.append(f"cell {name} was {'moved' if count else 'missing'}")
            cell.source = "" if marks.solution and cell.cell_type == "code" else cell.source
        elif marks.solution and own:
            answer = ([c for c in own if _alike(c, cell)] or own)[-1]
            cell.source = answer.source
            notebook.cells += [c for c in own if c is not answer]
            if cell.cell_type == "markdown":
                cell.attachments = answer.get("attachments", {})
                if cell.source.strip() == was:  # nothing but pictures, which are to be seen
                    shown = [f"![](attachment:{quote(one)})" for one in cell.attachments]
                    cell.source = "\n\n".join([cell.source, *shown])
                _disarm(cell)
        elif own:
            notes.append(f"given cell {name} had been changed")
        if marks.solution and cell.cell_type == "markdown" and not own:
            _look_for_text(cell, name, above, found, added, names)
        if count > 1:
            notes.append(f"cell {name} was there {count} times")
        changed = own if cell.cell_type == "code" and not marks.solution else []
        # A check that was changed comes first: the notebook's state is kept after the check.
        notebook.cells += [*changed, cell] if marks.get("grade") else [cell, *changed]
        notebook.cells += added[name]
        above = name
    if [name for name in names if name in order] != list(dict.fromkeys(order)):
        notes.append("the cells were in another order")
    known = set(by_id)
    # A given cell that was pasted over another, or copied, is there once, where it was given: so
    # what was taken in stays as it is when it is taken in again.
    notebook.cells = [c for c in notebook.cells if c.id in known or bare(c.source) not in by_text]
    for number, cell in enumerate(notebook.cells):
        if cell.id not in known:
            cell.id = f"added-{number}"
            if cell.cell_type != "code":
                _disarm(cell)
                if cell.source.strip() and not cell.source.startswith(ADDED):
                    cell.source = f"{ADDED}\n\n{cell.source}"  # or it could pass for the rubric
    return notebook, notes


def _in_order(places: list[int | None]) -> list[bool]:
    """Which cells stand in the released order, as many of them as can; None is no place."""
    ends: list[int] = []
    last: list[int] = []
    before: dict[int, int | None] = {}  # the longest rising row, by patience sorting
    for at, place in enumerate(places):
        if place is not None:
            row = bisect.bisect_left(ends, place)
            ends[row:], last[row:] = [place, *ends[row + 1 :]], [at, *last[row + 1 :]]
            before[at] = last[row - 1] if row else None
    here, stays = last[-1] if last else None, [False] * len(places)
    while here is not None:
        stays[here], here = True, before[here]
    return stays


ADDED = "*(Added by the student:)*"
LOOK = "*(The cell for the answer was left as it was. Text of the student stands in other cells.)*"


def _look_for_text(
    cell: NotebookNode,
    name: str,
    above: str | None,
    found: dict[str, list[NotebookNode]],
    added: dict[str | None, list[NotebookNode]],
    names: dict[str, NotebookNode],
) -> None:
    """Take an answer in words from the cells around its own, or have a reader look for it."""
    near = added[above] + added[name]
    given = [] if above is None else found[above]
    beside = {id(c): new for c in given if above and (new := _additions(c, names[above]))}
    near += [c for c in given if id(c) in beside]
    taken = {id(c): c for c in near if c.source.strip()}
    texts, pictures = [cell.source], dict(cell.get("attachments", {}))
    for key, one in taken.items():
        text = beside.get(key, one.source)
        text, own = _apart(text, one.get("attachments", {}), pictures)
        texts.append(f"```python\n{text}\n```" if one.cell_type == "code" else text)
        pictures |= own
    for listed in (added[above], added[name]):
        listed[:] = [c for c in listed if c.cell_type == "code" or id(c) not in taken]
    others = (
        c for of in added.values() for c in of if c.cell_type != "code" or _in_words(c.source)
    )
    if not taken and any(c.source.strip() for c in others):
        texts.append(LOOK)
    cell.source = _cut("\n\n".join(texts))
    if pictures:  # once, since a notebook copies what it is given
        cell.attachments = pictures
    _disarm(cell)


WORDS = 20_000  # characters of a cell for code that is parsed; each may take 1.5 KB of memory


def _in_words(source: str) -> bool:
    """Whether a cell for code holds words: nothing but comments, or no Python."""
    lines = [line for line in source.splitlines() if line.strip()]
    if len(source) > WORDS or any(line.startswith(("%", "!")) for line in lines):
        return False
    try:
        return not ast.parse(source).body and bool(lines)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return True


def _apart(text: str, pictures: Pictures, others: Pictures) -> tuple[str, Pictures]:
    """A text and its pictures, renamed where others have their names, as `image.png` is each's."""
    names, held = {}, dict(others)
    for name, forms in pictures.items():
        tries = (f"{number}-{name}" if number else name for number in itertools.count())
        names[name] = next(one for one in tries if held.setdefault(one, forms) == forms)

    def refer(found: re.Match[str]) -> str:
        name = _meant(found, names)
        return f"{found[1]}attachment:{quote(names[name])}" if name else found[0]

    text = _without_spaces(text, pictures)
    return REFERENCE.sub(refer, text), {names[name]: forms for name, forms in pictures.items()}


def _additions(cell: NotebookNode, given: NotebookNode) -> str:
    """The lines of a changed given text that are not the given ones."""
    if cell.cell_type == "code" or given.cell_type == "code":
        return ""
    was = {line.strip() for line in given.source.splitlines()}
    new = [line for line in cell.source.splitlines() if line.strip() not in was]
    return "\n".join(new).strip()


def bare(text: str) -> str:
    """A text without what a formatter or an editor may change."""
    return re.sub(r"[\s()\"',]+", "", text)


def strange(
    cells: list[NotebookNode],
    release: NotebookNode,
    other: dict[str, re.Pattern[str]] | None = None,
) -> str:
    """Why cells are those of another set or variant, or "".

    other : `grading.sets.templates` of the set; without it another variant cannot be told from
        changes of the student's
    """
    given = {
        c.metadata.nbgrader.grade_id: c.source
        for c in release.cells
        if not c.metadata.nbgrader.solution
    }
    texts = {bare(cell.source) for cell in cells}
    present = {c.metadata.name: c for c in cells if c.metadata.get("name") in given}
    same = [name for name, text in given.items() if bare(text) in texts]
    changed = [name for name in present if name not in same]
    others = other or {}
    found = {n: others[n].search(present[n].source) for n in changed if n in others}
    varied = [name for name, match in found.items() if match and match[0] not in given[name]]
    if len(varied) > 1 and 10 * len(varied) >= len(given):
        return f"it is another variant of this set, by the text of {len(varied)} given cells"
    kept = [n for n in changed if bare(given[n])[:80] in bare(present[n].source)]
    if len(changed) - len(kept) > len(same) + len(kept):
        return "it is a notebook of another set: its given cells are not those of this one"
    return ""


def _alike(one: NotebookNode, other: NotebookNode) -> bool:
    """Whether two cells are both code, or both text."""
    return bool((one.cell_type == "code") == (other.cell_type == "code"))


def _disarm(cell: NotebookNode) -> None:
    """Make a cell's Markdown harmless, and show its pictures, by names that need no escapes."""
    pictures = cell.get("attachments", {})
    if pictures:
        cell.attachments = {_plain(name): forms for name, forms in pictures.items()}
    cell.source = harmless(cell.source, pictures)
    shown = re.findall(r"!\[[^][`$\\<]*\]\(\s*attachment:([^\s)]+)", cell.source)
    names = map(_plain, pictures)
    lost = "".join(f"\n\n![](attachment:{name})" for name in names if name not in shown)
    cell.source = _cut(cell.source, LONGEST - len(lost)) + lost  # names with escapes are longer


def _plain(name: str) -> str:
    plain = quote(name, safe="").replace("%", "_")
    short = f"{plain[:60]}_{hashlib.sha256(plain.encode()).hexdigest()[:16]}"
    return plain if len(plain) < 100 else short


REFERENCE = re.compile(  # to an attached picture
    r"(\]\(\s*)attachment:(?:((?:[^ \t\n\r\f()]|\([^ \t\n\r\f()]*\))+)(?=[ \t\n\r\f)]|\Z))?"
)


def _meant(found: re.Match[str], names: Collection[str]) -> str | None:
    """Which of these names a reference has, written as it is or with escapes."""
    return next((name for name in (found[2], unquote(found[2] or "")) if name in names), None)


def _without_spaces(text: str, names: Collection[str]) -> str:
    """A text whose references to pictures have escapes where Jupyter leaves a name's spaces."""
    for name in sorted(names, key=len, reverse=True):
        if " " in name:
            text = text.replace(f"](attachment:{name})", f"](attachment:{quote(name)})")
    return text


def harmless(text: str, pictures: Collection[str] = ()) -> str:
    """Markdown without HTML or script links, which would act when a teacher opens the notebook.

    pictures : the names of those that may be shown; a missing one would keep the page from opening
    """

    def refer(found: re.Match[str]) -> str:
        name = _meant(found, pictures)
        return found[1] + (f"attachment:{_plain(name)}" if name else "picture not taken")

    # A space keeps `<` from beginning a tag, and reads well in code and formulas, too.
    # Not even an address stays in one: in a fence of mermaid, nbconvert escapes nothing.
    text = re.sub(r"<(https?://[^\s<>\"'`\\]+)>", r"\1 ", text)
    text = re.sub(r"<(?=[A-Za-z/!?])", "< ", text)
    text = REFERENCE.sub(refer, _without_spaces(text, pictures))
    # A link is one only where the brackets touch. What it may lead to is listed: a scheme can be
    # spelled in too many ways to list what it may not. Reference definitions go altogether.
    # Without slashes `http:` leads to a file of the server that shows the page.
    text = re.sub(r"(?i)\]\((?!\s*(?:https?://|mailto:|attachment:|#))", "] (", text)
    # The form grader would fetch a picture from elsewhere: only what is plainly an attached one
    # stays a picture, without a bracket, code or formula in which its end could hide.
    text = re.sub(r"!(?=\[)(?!\[[^][`$\\<]*\]\(\s*attachment:)", "! ", text)
    # JupyterLab with MyST makes frames and widgets of directives, and runs the role `eval`.
    text = re.sub(r"([`~:]{3}[\s\ufeff]*)\{", r"\1\\{", text)
    text = re.sub(r"(\{[^{}\n]*\})(?=`)", r"\1 ", text)
    # A diagram fetches its pictures from anywhere, and may fill the browser's memory: its text has
    # to do.
    text = re.sub(r"(?i)(?<![`~])([`~]{3,}+[^\S\n]*+)(?=mermaid)", r"\1text ", text)
    # A macro would hold for the whole page, in the rubric's formulas, too; entities could spell it.
    text = re.sub(r"&(?!(?:nbsp|lt|gt|amp|quot);)(?=#?\w+;)", "& ", text)
    text = re.sub(rf"\\(?=(?:{MACROS})(?![A-Za-z]))", r"\\ ", text)
    return text.replace("]:", "] :")


MACROS = (
    "[egx]?def|let|(?:re)?newcommand|providecommand|(?:re)?newenvironment|require|"
    "DeclareMathOperator|DeclarePairedDelimiters?|Newextarrow"
)


# ---------------------------------------------------------------- the whole class


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
            for entry, item in files:
                if len(seals) == NAMED_BESIDE:
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
    if not known and _names_class(f"{item.student}.zip", set_name):
        folder = PurePosixPath(item.where).parts[0]
        rename = f", or, if {folder} is the class's, name that folder all"
        return f"nothing says whose it is: {NAMED}{rename if folder == item.student else ''}"
    if asked:
        return asked
    if item.student in crowds:
        return (
            f"in {item.student} is the work of several: are these students? "
            "Name the folder all, or put what is in it into the inbox itself"
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
            mark = next(filter(None, map(_platform, parts[1:])), None)
            name = mark["name"] if mark else parts[1] if len(parts) > 2 else ""
            within.setdefault(item.student, set()).add(name)
    return {one for one, folders in within.items() if len(folders) > 1 and "" not in folders}


def _ask(item: HandedIn, ids: set[str]) -> str:
    if ids:
        return f"{item.student} may be {' or '.join(sorted(ids))}: rename the folder or the file"
    return f"{item.student} is not in roster.csv: add it there, or rename the folder or the file"


NAMED_BESIDE = 50  # files


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
            cell.source = _cut(f"{note}\n\n{cell.source}")
    return notebook


def made(root: str | Path, set_name: str, student: str) -> list[Path]:
    """Copies of the notebooks that `write` wrote, and is about to: others' are told by them."""
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


LISTED = ["student", "file", "status", "reason"]


def listed(root: str | Path, name: str) -> Path:
    """Where the same list is kept for the table of grades: a spreadsheet may change the other."""
    return Path(root) / "runs" / name / ".list.csv"


def reported(path: Path) -> list[dict[str, str]] | None:
    """The lines of a teacher's list, perhaps saved again by a spreadsheet; None if it is none."""
    try:
        table = _table(path.read_bytes())
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


def kept_numbers(path: Path) -> dict[str, str]:
    """{name: the platform's number for the student who had it alone}, as kept in a file."""
    try:
        found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def recalled(path: Path) -> Marked:
    """What a file of JSON holds, or nothing."""
    try:
        found: Marked = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found
