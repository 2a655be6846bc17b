"""The course's list of students."""

import csv
import itertools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from grading.intake.columns import (
    ACCOUNT,
    NO_ACCOUNT,
    READ_AS_THEY_ARE,
    apart,
    kind_of_column,
    misread,
    names_of,
    read_table,
    words_of,
)
from grading.intake.files import EPOCH, HandedIn, student_id
from grading.intake.platforms import BLACKBOARD, MOODLE

SHORT = re.compile(r"\d{1,3}|[^\W\d_]")  # it may count copies, or sections
# Words beside a student's in the name of a file, which say nothing of whose it is.
VERSION = r"(?:(?:final|draft|corrected|submission|homework|hw|version)[\W_]?\d{0,3}|v\d{1,3})"
VERSIONS = re.compile(rf"(?i)^(?:{VERSION}[\W_]+){{1,3}}|(?:[\W_]+{VERSION}){{1,3}}$")
NO_COUNT = re.compile(r"\d{5}|[^\W\d]\w|\w[^\W\d]")  # the 3 of `hw 3` is no student
MISTAKEN = re.compile(r"(?i)roster(?:\.csv)*\.(?:csv|tsv|txt|xlsx?|ods|numbers)")
CANVAS_POINTS = "Points Possible"  # in place of a student's name in Canvas's gradebook
MOST_WORDS = 10  # of a name that is looked for in another order


Kind = re.Pattern[str] | str | None  # of a platform


class Roster:
    """Who takes part: `roster.csv`, with a column id and others.

    A file belongs to the student of whom one of the columns says what the file's name says: the id
    first, then names, user names, the first half of an address, and what students prefer to be
    called. Of a name the parts count in any order. A column is read if its heading is known
    (`columns.kind_of_column`): students may write anything into one such as `discord`.

    Where a platform writes a person's name, that comes first, and nobody who is called otherwise is
    meant. An address counts in full if the student has any in the list.
    """

    def __init__(self, path: Path) -> None:
        """Read the table; ValueError says what is wrong with it."""
        data = path.read_bytes()
        try:
            table = read_table(data)
            rows = [row for row in table if any(row.values()) and not _of_canvas(row)]
        except csv.Error as error:
            raise ValueError(f"{path} cannot be read as a table: {error}") from None
        kinds = {heading: kind_of_column(heading) for heading in table.fieldnames or ()}
        read = [one for one, kind in kinds.items() if kind]
        if word := misread(data, (row[one] or "" for row in rows for one in read)):
            raise ValueError(
                f"{path} is not in UTF-8, and read as Windows-1252 it has words such as {word}: "
                "save it in UTF-8 (in Excel: CSV UTF-8)"
            )
        if rows and "id" not in rows[0]:
            found = ", ".join(name for name in rows[0] if name)
            raise ValueError(
                f"{path} needs a column id, with a value in each line; its columns are: {found}"
            )
        self.lower: dict[str, str] = {}  # the ids, by themselves without upper case
        self.ids: list[str] = []
        self.names: dict[str, str | None] = {}
        self.called: dict[str, list[str]] = {}
        self.written: dict[str, str] = {}  # the ids as the table has them
        self.excused: dict[str, set[str]] = {}
        # Ids by what people are called on GitHub; without such a column, on GitLab and the like.
        self.accounts: dict[str, set[str]] = {}
        self.addresses: dict[str, set[str]] = {}
        self.halves: dict[str, set[str]] = {}  # by the first halves of addresses
        self.logins: dict[str, set[str]] = {}  # by what the columns say, as it is written
        # By what each kind of columns says, in the forms in which it may stand in a file's name.
        self.columns = defaultdict[str, dict[str, set[str]]](dict)
        self.unread: dict[str, str] = {}  # the other columns, by what they say
        self.groups: set[str] = set()  # which Moodle writes before their members' names
        self.found: dict[tuple[Any, ...], set[str]] = {}  # by names that were looked up
        users = [one for one, kind in kinds.items() if kind == "platform" and "blackboard" in one]
        hubs = [heading for heading, kind in kinds.items() if kind == "github"]
        hubs = [heading for heading in hubs if "hub" in heading] or hubs
        for number, row in enumerate(rows, 2):
            row["id"] = re.sub(r"^(\d+)\.0$", r"\1", (row.get("id") or "").strip())
            student = student_id(row["id"])
            if not student:
                raise ValueError(f"{path}, line {number}: its id is empty")
            if other := self.lower.get(student.lower()):
                raise ValueError(
                    f"{path}, line {number}: its id {student} is that of another line ({other}): "
                    "only letters, digits, _ and - count, and upper case is as lower case"
                )
            self.lower[student.lower()] = student
            self.ids.append(student)
            names, called = names_of(row)
            self.names[student] = names[0] if names else None
            self.called[student] = called
            self.written[student] = row["id"]
            self.excused[student] = set(re.split(r"[\s,;]+", row.get("excused") or ""))
            said = [(kind, one) for h, kind in kinds.items() for one in apart(kind, row[h])]
            said += [("login", one) for h in users for one in apart("login", row[h])]
            said += [("name", name) for name in names] + [("called", name) for name in called]
            for kind, value in said:
                self._say(student, kind, value)
            for heading in hubs:
                account = ACCOUNT.fullmatch((row[heading] or "").strip())
                if account and account[1].casefold() not in NO_ACCOUNT:
                    self.accounts.setdefault(account[1].casefold(), set()).add(student)
            for heading in (one for one, kind in kinds.items() if one and not kind):
                if key := "".join(words_of(row[heading] or "")):
                    self.unread.setdefault(key, heading)
        self.mailed = {one for ids in self.addresses.values() for one in ids}

    def _say(self, student: str, kind: str, value: str) -> None:
        """Take in what a kind of columns says of a student."""
        if kind == "email" and "@" in value:
            self.addresses.setdefault(_spelled(value), set()).add(student)
            self.halves.setdefault(_spelled(value).split("@")[0], set()).add(student)
        if kind in (*READ_AS_THEY_ARE, "email", "name", "called"):
            for key in _keys(value):
                self.columns[kind].setdefault(key, set()).add(student)
        if kind in ("id", "login"):
            for login in _logins(kind, value):
                self.logins.setdefault(login, set()).add(student)

    def learn_groups(self, found: list[HandedIn]) -> None:
        """Find out what Moodle's groups are called, before any item has a number.

        A group has several members, or a digit in its name: of `Ann Smith-Jones` the end may be a
        student's name by chance.
        """
        members = defaultdict[str, set[str]](set)
        on_moodle = {item.student for item in found if item.mark and item.mark.re is MOODLE}
        for group, name in itertools.chain(*map(_of_group, on_moodle)):
            members[group] |= self._with_name(name)
        self.groups = {
            group
            for group, ids in members.items()
            if len(ids) > 1 or (ids and re.search(r"\d", group))
        }
        self.found.clear()

    def why_unknown(self, name: str) -> str:
        """What else may help if a name is not found: a heading that is read."""
        if heading := self.unread.get("".join(words_of(name))):
            return f", or, if the school filled in its column {heading}, call that username or name"
        if name.casefold() in self.accounts:
            return ", or, if it is an account on GitHub, put the set's name before it"
        if self.unread and not any(self.names.values()):
            return ", or call its columns with names name, or first name and last name"
        return ""

    def numbered(self, number: str) -> set[str]:
        """The ids of whom one of the columns has this number of a platform's, or this address."""
        if "@" in number:
            return self.addresses.get(_spelled(number), set())
        key = "".join(words_of(number))
        return self._named(key, ["platform"])

    def _known(self, name: str, kind: Kind, *, a_persons: bool) -> set[str]:
        """The students whom a name may mean.

        What the school says of students comes first; if that says two, both are meant. Addresses,
        and names on other platforms, students may have chosen.

        kind : the platform that wrote it, or None
        a_persons : whether it is a person's name for certain. M Adams may have the id ma, and Mo
            Adams the id m_adams; and whom the list calls otherwise it is not
        """
        named = self._with_name(name) if a_persons else set()
        written = set() if a_persons else self.writes(name)
        # On Blackboard a name is a user's.
        sure = written if kind is BLACKBOARD and len(written) == 1 else self._is_id(name)
        ids, by_name = self._with_id(name), self._said(name, ["name"])
        halves, numbered = self._said(name, ["email"]), self._said(name, ["platform"])
        is_short = SHORT.fullmatch("".join(words_of(name)))
        logins = set() if is_short else self._said(name, ["login"])
        parts = self._in_parts(name) if kind in (None, BLACKBOARD) else set()
        known = (
            named
            or sure
            or ids | by_name | (halves if by_name else set()) | (written or logins)
            or self._with_id(name, turned=True)
            or numbered
            or halves
            or parts
            or self._with_name(name)
        )
        if a_persons and not named:
            called = {one for one in known if self.names[one]}
            exactly = {self.lower.get(student_id(name).lower()), *numbered}
            known = known - called | known & (exactly if kind else ids | self.writes(name))
        return known or parts

    def _with_name(self, name: str) -> set[str]:
        """The students whose whole name this is, in any order, or who are called so besides.

        Students choose what they are called, so others whose name has these words are meant, too.
        """
        if found := self._said(name, ["name"]):
            return found
        found = self._said(name, ["called"])
        called = [{*words_of(one)} for student in found for one in self.called[student]]
        names = {one: {*words_of(self.names[one] or "")} for one in self.ids if called}
        return found | {one for one, words in names.items() if any(c <= words for c in called)}

    def _said(self, name: str, kinds: Collection[str]) -> set[str]:
        """The students of whom columns of these kinds say a name."""
        return next(filter(None, (self._named(key, kinds) for key in _tried(name))), set())

    def _is_id(self, name: str) -> set[str]:
        """The student whose id a name is as it stands."""
        tried = (student_id(one).lower() for one in (name, name.partition("@")[0]))
        return next(({self.lower[one]} for one in tried if one in self.lower), set())

    def _with_id(self, name: str, *, turned: bool = False) -> set[str]:
        """The students whose id a name is.

        turned : in any order of its words, and without the zeros that a spreadsheet takes away;
            `m_ada` is adam turned
        """
        if own := self._is_id(name):
            return own
        for words in map(words_of, (name, name.partition("@")[0])):
            key = "".join(words)
            ids = set() if _with_number(words) else self._named(key, ["id"])
            if turned and key.isdigit():
                ids = self._named(key.lstrip("0"), ["id"])
            if ids := {one for one in ids if turned or key in _in_order(self.written[one])}:
                return ids
        return set()

    def _in_parts(self, name: str) -> set[str]:
        """The student whom a name means by id and name together."""
        words = words_of(name)
        for place in range(1, len(words)) if len(words) <= MOST_WORDS else ():
            parts = [" ".join(words[:place]), " ".join(words[place:])]
            for one, other in (parts, parts[::-1]):
                ids = self._with_id(one, turned=True) or self._said(one, ["login"])
                if len(ids) == 1 and ids == self._with_name(other) and one != other:
                    return ids
        return set()

    def _named(self, key: str, kinds: Collection[str]) -> set[str]:
        return {one for kind in kinds for one in self.columns[kind].get(key, ())}

    def knows(self, name: str) -> bool:
        """Whether a name is one student's."""
        return len(self.find(HandedIn(name, name, name, EPOCH))) == 1

    def is_named(self, name: str) -> bool:
        """Whether a name is one student's id or whole name, and no number that counts copies."""
        ids = self._with_id(name) or self._said(name, ["name"])
        return len(ids) == 1 and not SHORT.fullmatch(name)

    def writes(self, login: str) -> set[str]:
        """The students who have this, letter by letter, as an id or a user name."""
        return self.logins.get(_spelled(login), set())

    def addressed(self, login: str) -> set[str]:
        """The students who have this before the @ of an address, which they may have chosen."""
        return self.halves.get(_spelled(login), set())

    def find(self, item: HandedIn, *, by_number: bool = True) -> set[str]:
        """The ids that a file may belong to; a platform's number has to agree with the name."""
        if item.owner:
            return {item.owner}
        for address in (item.account, item.student):
            if "@" in address and len(mail := self.numbered(address)) == 1:
                return mail  # whatever its owner is called there
        kind = kind_of(item)
        key = item.student, item.number, kind
        if key not in self.found:
            names_people = kind not in (None, BLACKBOARD)
            a_persons = (names_people or " " in item.student) and "@" not in item.student
            both = self._is_id(f"{item.student}_{item.number}") if item.number else set()
            name = both or self._known(item.student, kind, a_persons=a_persons)
            plain = VERSIONS.sub("", item.student) if kind in (None, BLACKBOARD) else ""
            if not name and plain != item.student and NO_COUNT.search(plain):
                name = self._known(plain, kind, a_persons=" " in plain)
            if not name and kind is MOODLE:
                ends = (end for group, end in _of_group(item.student) if group in self.groups)
                name = next(filter(None, map(self._with_name, ends)), set())
            if "@" in item.student:  # an address that the list has not: of who has another there?
                name = name - self.mailed
            self.found[key] = name
        name = self.found[key]
        number = self.numbered(item.number) if by_number else set()
        if name and len(number) > 1:  # of a section, or the like
            return name
        return (name & number) or (name | number)


def _of_canvas(row: dict[str, Any]) -> bool:
    """Whether a line of Canvas's gradebook is none of a student's: it has no id."""
    name = (row.get("student") or "").strip()
    return "student" in row and not (row.get("id") or "").strip() and name in ("", CANVAS_POINTS)


def kind_of(item: HandedIn) -> Kind:
    """The platform that says whose a file is, by the form of its names, or None."""
    return "a list" if item.listed else item.mark.re if item.mark else None


def read_roster(root: str | Path) -> Roster | None:
    """The course's roster, or None if it has none."""
    path = Path(root) / "roster.csv"
    if path.is_file():
        return Roster(path)
    for other in sorted(Path(root).glob("*")):
        if MISTAKEN.fullmatch(other.name):
            raise ValueError(f"{other} is not read: save your list as {path}, or move it away")
    return None


def number_of(item: HandedIn) -> str:
    """A platform's number for who handed a file in, by the file's or the folder's name, or ""."""
    return (item.mark.groupdict().get("number") or "") if item.mark else ""


def _spelled(value: str) -> str:
    """A value as it is compared letter by letter."""
    return unicodedata.normalize("NFC", value.strip()).casefold()


def _logins(kind: str, value: str) -> Iterator[str]:
    """A value as it is written, an id as a folder has it, an address without its second half."""
    if kind != "id" and SHORT.fullmatch(value):
        return
    yield _spelled(value)
    yield _spelled(value).split("@")[0]
    if kind == "id":
        yield student_id(value).lower()


def _keys(value: str) -> Iterator[str]:
    """The forms in which a value of the roster may appear in the name of a file.

    A spreadsheet takes the zeros away with which a number begins.
    """
    if "@" in value:
        yield "".join(words_of(value.split("@")[0]))
    if not (words := words_of(value)):
        return
    yield "".join(words)
    yield " ".join(words)
    yield "".join(sorted(words))
    if value.isdigit():
        yield value.lstrip("0")
    for turn in range(1, len(words) if len(words) <= MOST_WORDS else 0):
        yield "".join(words[turn:] + words[:turn])


def _of_group(name: str) -> Iterator[tuple[str, str]]:
    """A name on Moodle as that of a group and of a student; a group's may have hyphens, too."""
    parts = name.split("-", 4)
    for place in range(1, len(parts)):
        yield "-".join(parts[:place]), "-".join(parts[place:])


def _in_order(value: str) -> set[str]:
    """An id in one word, and an address without its second half."""
    return {"".join(words_of(part)) for part in (value, value.partition("@")[0])}


def _tried(name: str) -> list[str]:
    """The keys by which a name is looked for."""
    words = words_of(name)
    return [" ".join(words)] if _with_number(words) and "@" not in name else [*_keys(name)]


def _with_number(words: list[str]) -> bool:
    """Whether a number stands apart: `smith 2` may be a second copy of smith's, and not smith2."""
    return len(words) > 1 and any(map(str.isdigit, words))
