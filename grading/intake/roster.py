"""The course's list of students."""

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path

from grading.intake.files import EPOCH, HandedIn, spelled_out, student_id
from grading.intake.platforms import MOODLE

# A column with numbers of a platform's, by its name.
NUMBERS = re.compile(
    r"moodle|canvas|blackboard|brightspace|d2l|gradescope|lms|platform|participant"
)
# Words that stand before a part of a name, or for it, in the columns of platforms and offices.
FIRST = re.compile(r"(?:first|given|fore)[ _-]?names?|vornamen?|prénoms?|nombres?")
LAST = re.compile(r"(?:last|family|sur)[ _-]?names?|nachnamen?|familiennamen?|nom|apellidos?")
MISTAKEN = re.compile(r"(?i)roster(?:\.csv)*\.(?:csv|tsv|txt|xlsx?|ods|numbers)")


class Roster:
    """Who takes part: `roster.csv`, with the columns id, name, email, and any others.

    A file belongs to the student of whom one of the columns says what the file's name says, the id
    before name and email, and these before the others; of a name the parts count in any order, of
    an e-mail address the part before the @, too.

    A platform's number counts in a column that is named after a platform, or that agrees with the
    names more often than not (`learn_numbers`): it could also be somebody's seat.
    """

    def __init__(self, path: Path) -> None:
        """Read the table; ValueError says what is wrong with it."""
        table = read_table(path.read_bytes())
        self.rows = [row for row in table if any(row.values())]
        if self.rows and "id" not in self.rows[0]:
            found = ", ".join(name for name in self.rows[0] if name)
            raise ValueError(
                f"{path} needs a column id, with a value in each line; its columns are: {found}"
            )
        self.lower: dict[str, str] = {}  # the ids, by themselves without upper case
        self.ids: list[str] = []
        self.names: dict[str, str | None] = {}
        self.written: dict[str, str] = {}  # the ids as the table has them
        self.excused: dict[str, set[str]] = {}
        self.logins: dict[str, set[str]] = {}  # by what the columns say, as it is written
        # By what each column says, in the forms in which it may stand in a file's name.
        self.columns = defaultdict[str, dict[str, set[str]]](dict)
        self.numbers: set[str] = set()  # columns with a platform's numbers
        for number, row in enumerate(self.rows, 2):
            student = student_id(row.get("id") or "")
            if not student:
                raise ValueError(f"{path}, line {number}: its id is empty")
            if other := self.lower.get(student.lower()):
                raise ValueError(
                    f"{path}, line {number}: its id {student} is that of another line ({other}): "
                    "only letters, digits, _ and - count, and upper case is as lower case"
                )
            self.lower[student.lower()] = student
            self.ids.append(student)
            if not (row.get("name") or "").strip():
                parts = [*_parts_of_name(row, FIRST), *_parts_of_name(row, LAST)]
                row["name"] = " ".join(parts) or row.get("full name") or row.get("student")
            self.names[student] = (row.get("name") or "").strip() or None
            self.written[student] = (row.get("id") or "").strip()
            self.excused[student] = set(re.split(r"[\s,;]+", row.get("excused") or ""))
            for column, value in row.items():
                if not isinstance(value, str):
                    continue
                for key in _keys(column, value):
                    self.columns[column].setdefault(key, set()).add(student)
                for login in _logins(column, value):
                    self.logins.setdefault(login, set()).add(student)
        self.numbers = {column for column in self.columns if NUMBERS.search(column)}

    def learn_numbers(self, found: list[HandedIn]) -> None:
        """Find out which other columns have the platform's numbers, before any item has one."""
        accounts = {(item.student, n) for item in found if (n := number_of(item))}
        agree: Counter[str] = Counter()
        for name, number in accounts:
            ids = self.find(HandedIn(name, name, name, EPOCH))
            for column, of in self.columns.items():
                if len(ids) == 1 and (owners := of.get("".join(_words(number)))):
                    agree[column] += 1 if ids <= owners else -1
        self.numbers |= {column for column, more in agree.items() if more > 0}

    def numbered(self, number: str) -> set[str]:
        """The ids of whom one of the columns has this number of a platform's, or this address."""
        if "@" in number:
            return self.logins.get(number.strip().casefold(), set())
        key = "".join(_words(number))
        return self._named(key, self.numbers)

    def _named(self, key: str, columns: Collection[str]) -> set[str]:
        return {one for column in columns for one in self.columns[column].get(key, ())}

    def knows(self, name: str) -> bool:
        """Whether a name is one student's."""
        return len(self.find(HandedIn(name, name, name, EPOCH))) == 1

    def has(self, login: str) -> bool:
        """Whether a column says this of one student, letter by letter."""
        return len(self.logins.get(login.strip().casefold(), ())) == 1

    def find(self, item: HandedIn, *, by_number: bool = True) -> set[str]:
        """The ids that a file may belong to; a platform's number has to agree with the name."""

        def known(*names: str) -> set[str]:
            logins = [one for name in names for one in (name, name.partition("@")[0])]
            for name in logins:
                if own := self.lower.get(student_id(name).lower()):
                    return {own}
            for words in map(_words, logins):
                # In order: `m_ada` is not adam.
                if not _with_number(words) and (ids := self._named("".join(words), ["id"])):
                    return ids
            tried = [key for name in names for key in _tried(name)]
            others = self.columns.keys() - {"id", "name", "email"}
            found = (self._named(key, of) for of in (["name", "email"], others) for key in tried)
            return next(filter(None, found), set())

        if "@" in item.account and len(mail := self.numbered(item.account)) == 1:
            return mail  # whatever its owner is called there
        name = known(item.student, f"{item.student}_{item.number}")
        if not name and item.mark and item.mark.re is MOODLE:  # group-name
            parts = item.student.split("-")
            name = known(*("-".join(parts[place:]) for place in range(1, len(parts))))
        number = self.numbered(item.number) if by_number else set()
        if name and len(number) > 1:  # of a section, or the like
            return name
        return (name & number) or (name | number)


def read_roster(root: str | Path) -> Roster | None:
    """The course's roster, or None if it has none."""
    path = Path(root) / "roster.csv"
    if path.is_file():
        return Roster(path)
    for other in sorted(Path(root).glob("*")):
        if MISTAKEN.fullmatch(other.name):
            raise ValueError(f"{other} is not read: save your list as {path}, or move it away")
    return None


def read_table(data: bytes) -> "csv.DictReader[str]":
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


def number_of(item: HandedIn) -> str:
    """A platform's number for who handed a file in, by the file's or the folder's name, or ""."""
    return (item.mark.groupdict().get("number") or "") if item.mark else ""


def _parts_of_name(row: dict[str, str | None], kind: re.Pattern[str]) -> list[str]:
    """The values of the columns for first names, or for last names."""
    columns = [column for column in row if isinstance(column, str) and kind.fullmatch(column)]
    return [value for column in columns if (value := (row[column] or "").strip())]


def _logins(column: str, value: str) -> Iterator[str]:
    """A value as it is written, an id as a folder has it, an address without its second half."""
    if column not in NOT_NAMES and value.strip():
        yield value.strip().casefold()
        yield value.strip().casefold().split("@")[0]
        if column == "id":
            yield student_id(value).lower()


def _keys(column: str, value: str) -> Iterator[str]:
    """The forms in which a value of the roster may appear in the name of a file."""
    if column in NOT_NAMES or not value.strip():
        return
    if "@" in value:
        yield "".join(_words(value.split("@")[0]))
    if not (words := _words(value)):
        return
    yield "".join(words)
    yield " ".join(words)
    yield "".join(sorted(words))
    for turn in range(1, len(words)):
        yield "".join(words[turn:] + words[:turn])


def _tried(name: str) -> list[str]:
    """The keys by which a name is looked for."""
    words = _words(name)
    return [" ".join(words)] if _with_number(words) and "@" not in name else [*_keys("name", name)]


def _with_number(words: list[str]) -> bool:
    """Whether a number stands apart: `smith 2` may be a second copy of smith's, and not smith2."""
    return len(words) > 1 and any(map(str.isdigit, words))


def _words(value: str) -> list[str]:
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", spelled_out(value)) if word]
