"""A file that somebody handed in, wherever it was found, and names that are safe to use."""

import contextlib
import functools
import hashlib
import io
import os
import re
import stat
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

MIB = 2**20
LARGEST = 20 * MIB  # bytes of a notebook
LARGEST_BESIDE = 10 * LARGEST  # of a file for the reader of a text
MEMBERS = 5000  # of each student in an archive
LONGEST_NAME, LONGEST_REASON = 500, 2000  # characters of these in the teacher's list
JUNK = re.compile(  # what systems and programs leave beside one's work; it has no line in the list
    r"(?i)^index\.html$|"  # Brightspace's, at the top of an export; a student's may be work
    r"(?:^|/)(?:\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$|(?:__MACOSX|__pycache__|node_modules|"
    r"site-packages|\.(?:git|venv|env|conda|tox|cache|idea|vscode|\w+_cache))(?:/|$))"
)
NOTEBOOK = re.compile(r"(?i)\.ipynb(?: ?\(\d+\))?(?:\.(?:txt|json|download))?$")  # as browsers save
# What a reader of a text may be given beside the notebook: photos, scans and documents.
BESIDE = (
    ".pdf", ".png", ".jpg", ".jpeg", ".heic", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".svg",
    ".docx", ".doc", ".odt", ".rtf", ".tex", ".md", ".txt", ".html", ".pages",
)  # fmt: skip


class Unreadable(ValueError):
    """A file that cannot be graded; the message says why."""


Parts = tuple[str, ...]  # a path, or the part of it that says whose a file is


class Person(NamedTuple):
    """Who handed a file in, by a list of the platform's."""

    name: str  # as its owner chose it
    time: datetime | None
    account: str  # an address, or a number, or else the name


People = list[Person]  # who handed in together


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
        self.where, self.student, self.name = short(where), person(student), short(name)
        self.time = time
        self.inner = inner or time  # when it was packed, for which its owner's word is taken
        self.size = 0  # in bytes, as far as it is known without reading it
        self.look: Callable[[], str] | None = None  # a hash of one that is no notebook
        self._seals: list[str] = []  # the same list in all copies, as for the members of a group
        self.number = ""  # the platform's for the student
        self.mark: re.Match[str] | None = None
        self.listed = False  # whether a list of the platform's says whose it is
        self.account = ""  # in that list: an address, which is harder to change than a name
        self.says = ""  # the name of the folder, archive or file that says whose it is
        self.folder = ""  # the same if it is a folder
        self.owner = ""  # the id, where the roster says for certain whose it is
        self.asked = ""  # why it takes a teacher to say whose it is
        self._fault, self._load, self._data = fault, load, b""

    @property
    def known_fault(self) -> str:
        """Why it cannot be read, as far as that is known without reading it."""
        return self._fault

    def refuse(self, why: str) -> None:
        """Say why it cannot be read."""
        self._fault = why

    def read_by(self, load: Callable[[], bytes]) -> None:
        """Say how to read it."""
        self._load = load

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

    def is_copy_of(self, other: "HandedIn | None") -> bool:
        """Whether both are one file, which several students handed in together."""
        return other is not None and self._seals is other._seals

    @property
    def seal(self) -> str:
        """A checksum of a file that is no notebook, or "" if it cannot be read."""
        if not self._seals:
            self._seals.append("")
            with contextlib.suppress(Exception):  # whatever is wrong with it, it is set aside
                self._seals[0] = self.look() if self.look else ""
        return self._seals[0]


def short(name: str) -> str:
    """A name, fit for lists and terminals; in an archive one may have 65,535 bytes."""
    return printable(name[:LONGEST_NAME])[:LONGEST_NAME]


def person(name: str) -> str:
    """A person's name without letters that nobody sees, as joiners in Persian and Sinhala."""
    return short("".join(c for c in name[:LONGEST_NAME] if unicodedata.category(c) != "Cf"))


def student_id(name: str) -> str:
    """A name that is safe in paths, made of ASCII letters, digits, `_` and `-`; same for the same.

    >>> student_id("Zoë Müller"), student_id("李雷"), student_id("../x")
    ('Zoe_Muller', 'u674eu96f7', 'x')
    """
    whole = spelled_out(name)
    if len(whole) <= 60:
        return whole
    return f"{whole[:51]}_{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def same_id(name: str) -> str:
    """An id without upper case: many disks take ids that differ in it only for one folder."""
    return student_id(name).lower()


# Letters that Unicode does not take apart, without their strokes. People leave these out, and by
# upper case `KILIÇ` is `Kılıç`.
WITHOUT_STROKES = str.maketrans(
    dict(zip("ıđðłøħŧĐÐŁØĦŦ", "iddlohtDDLOHT", strict=True))
    | {"æ": "ae", "œ": "oe", "þ": "th", "Æ": "AE", "Œ": "OE", "Þ": "TH"}
)


@functools.lru_cache(10_000)  # each file of a student asks for the same name, several times
def spelled_out(name: str) -> str:
    """The letters of an id before it is cut; one outside ASCII, or a vowel sign, takes five.

    Of letters outside ASCII none is upper case: ids are compared as they are.
    """
    letters = []
    whole = unicodedata.normalize("NFC", name[:LONGEST_NAME].strip())
    for letter in whole.translate(WITHOUT_STROKES):
        plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
        said = letter.isalnum() or unicodedata.category(letter) in ("Mn", "Mc")
        spelled = "".join(c if c.isascii() else f"u{ord(c):x}" for c in letter.casefold())
        letters.append(plain if plain or not said else spelled)
    return re.sub(r"[^A-Za-z0-9-]+", "_", "".join(letters)).strip("_-")


def printable(name: str) -> str:
    """A name without control characters, and without bytes that are no text in UTF-8."""
    return "".join(
        letter.encode("unicode_escape").decode()
        if unicodedata.category(letter) in ("Cc", "Cf", "Cs")
        else letter
        for letter in name
    )


def may_be_work(parts: Parts) -> bool:
    """Whether a file may be a notebook, or hold one, by its name."""
    return parts[-1].lower().endswith(".zip") or not no_notebook(parts)


def no_notebook(parts: Parts) -> str:
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
    if kind == ".py":
        return "it is no notebook, and only the notebook is run: its code has to stand in there"
    return "it is no notebook"


def read_file(path: str | Path, most: int) -> bytes:
    """The bytes of a plain file, if these are not too many."""
    with plain_file(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise Unreadable(f"it has more than {most / MIB:.3g} MB")
    return data


def plain_file(path: str | Path) -> io.BufferedReader:
    """A plain file, opened; a link that was put there in the meantime is not followed."""
    wanted = ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")  # as far as the system has them
    fd = os.open(path, sum({getattr(os, name, 0) for name in wanted}) | os.O_RDONLY)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Unreadable("it is a symbolic link or a device, not a file")
    return os.fdopen(fd, "rb")


def hash_of_file(path: Path) -> str:
    """A hash of a plain file of any size."""
    with plain_file(path) as file:
        return hash_of(file)


def hash_of(file: Any) -> str:
    """A hash of an open file, whatever it lies in."""
    return hashlib.file_digest(file, "sha256").hexdigest()


EPOCH = datetime.fromtimestamp(0, UTC)


def changed_at(entry: os.stat_result) -> datetime:
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
