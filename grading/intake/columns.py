"""What the columns of a list of students say, by their headings and values."""

import csv
import io
import itertools
import re
import unicodedata
from collections.abc import Iterator

from grading.intake.files import spelled_out

# A column with numbers of a platform's, by its name.
NUMBERS = re.compile(
    r"moodle|canvas|blackboard|brightspace|d2l|gradescope|\blms\b|platform|participant"
)
# A column with accounts on a service where people choose what they are called, and one of them.
GITHUB = re.compile(r"git ?(?:hub|lab|ea)|codeberg|bitbucket")
ACCOUNT = re.compile(r"(?:(?:https?://)?[\w.]+\.\w+/)?@?(?!\d+$)([A-Za-z\d][\w-]*)/?(?:[?#].*)?")
ACCOUNTS = re.compile(rf"{GITHUB.pattern}|discord|slack|telegram|zoom|user|login|account|handle")
NO_ACCOUNT = {"yes", "no", "true", "false", "none", "n/a", "na", "x", "y", "n"}
CALLED = "(called)"  # no column, but what several say
# Words that stand before a part of a name, or for it, in the columns of platforms and offices.
FIRST = re.compile(
    r"(?:(?:first|given|fore)(?:[ _-]?names?)?|vornamen?|pr[ée]noms?|nombres?|voornaam"
    r"|nome|förnamn|fornavn|imię)(?: ?\(.*\))?"
)
LAST = re.compile(
    r"(?:(?:last|family|sur)[ _-]?names?|last|nachnamen?|familiennamen?|nom(?: de famille)?"
    r"|apellidos?|apellido\(s\)|achternaam|cognome|efternavn|etternavn|efternamn|nazwisko|zuname)"
    r"(?: ?\(.*\))?"
)
NICK = re.compile(
    r"(?:(?:preferred|chosen|nick)[ _-]?(?:first[ _-]?)?names?|rufname|known as|goes by)"
    r"(?: ?\(.*\))?"
)
WHOLE = re.compile(r"(?:(?:full|legal|student)[ _-])?name|student")
MOST_COLUMNS = 10  # that may make a name together
NOT_NAMES = {  # columns of a roster that do not name a student
    *("excused", "time", "section", "group", "class", "team", "status", "room", "note", "notes"),
    *("comment", "comments", "grade", "points", "score", "country", "nationality", "city"),
    *("guardian", "mother", "father", "spouse", "mentor", "lecturer", "professor", "friend"),
    *("tutor", "advisor", "supervisor", "teacher", "instructor", "parent", "emergency", "partner"),
    *("major", "program", "programme", "degree", "year", "semester", "gender", "pronouns", "lab"),
}


def read_table(data: bytes) -> "csv.DictReader[str]":
    """A table as spreadsheets save it: in UTF-8, UTF-16 or Windows-1252, with , or ; or tabs."""
    text, _ = _decoded(data)
    text = re.sub(r"\Asep=.\r?\n", "", text)
    head = text.partition("\n")[0]
    signs = sorted(",;\t", key=head.count, reverse=True)
    heads = {sign: [name.strip(' "').lower() for name in head.split(sign)] for sign in signs}
    sign = next((one for one in signs if "id" in heads[one]), signs[0])
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=sign)
    rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or ()]
    return rows


def _decoded(data: bytes) -> tuple[str, bool]:
    """The text of a table, and whether it is sure that it was meant so."""
    try:
        code = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        return data.decode(code), True
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), False


def misread(data: bytes) -> str:
    """A word that no name of Western Europe is, if a table is in no known encoding, or ""."""
    text, is_sure = _decoded(data)
    for found in re.finditer(r"[^\s,;\"']+", "" if is_sure else text):
        word = found[0]
        beyond = [letter for letter in word if not letter.isascii()]
        signs = not all(letter.isalpha() or letter in "’‘“”–—ªº·" for letter in beyond)
        if signs or len(beyond) > max(1, len(word) / 2) or re.search(r"[a-z][À-ÞŠŒŽŸ]", word):
            return word
    return ""


def names_of(row: dict[str, str | None]) -> tuple[list[str], list[str]]:
    """A student's whole names, first as the pages say it, and what else the student is called."""
    first, last, nick, whole = (_values(row, kind) for kind in (FIRST, LAST, NICK, WHOLE))
    if nick and not first + last and whole and len(words_of(whole[0])) == 1:
        first = nick
    nick = [one for one in nick if "@" not in one]
    halves = first or last
    joined = [" ".join([one, *last]) for one in first] if last else halves[:1]
    if first and last:
        joined += [" ".join([*first, *last])] + [f"{one} {two}" for one in first for two in last]
    elif halves and whole and not {*words_of(halves[0])} & {*words_of(whole[0])}:
        joined = [" ".join([*first, whole[0], *last])]  # a name may be the other half alone
        if len(words_of(whole[0])) == 1 and _is_latin(whole[0]):
            whole = [*joined, *whole[1:]]
        else:
            whole += joined
    else:
        joined = [] if whole else joined
    ends = [" ".join(last)] if last else []
    for name in [] if last else whole:
        front, comma, _ = name.partition(",")
        ends += [front] if comma else [" ".join(name.split()[1:]), " ".join(name.split()[-1:])]
    called = [f"{one} {end}" for one in nick if " " not in one for end in ends if end]
    others = [column for column in row if column and re.search("name|alias|pinyin", column)]
    known = [column for column in others for kind in (FIRST, LAST) if kind.fullmatch(column)]
    known += [column for column in others if is_no_name(column) or ACCOUNTS.search(column)]
    others = [column for column in others if column not in known]
    called += [name for column in others if " " in (name := (row[column] or "").strip())]
    called += [one for one in nick if " " in one]
    names = [*dict.fromkeys([*whole, *joined])]
    # Students choose it: it has to share a word with the name, unless that is in another script.
    known_words = {word for name in names for word in words_of(name) if word[1:]}
    latin = all(map(_is_latin, names))
    called = [one for one in called if not latin or known_words & {*words_of(one)}]
    return names, [*dict.fromkeys(called)]


def _values(row: dict[str, str | None], kind: re.Pattern[str]) -> list[str]:
    """The values of the columns of a kind."""
    columns = [column for column in row if isinstance(column, str) and kind.fullmatch(column)]
    return [value for column in columns if (value := (row[column] or "").strip())]


def _is_latin(name: str) -> bool:
    """Whether all letters of a name are Latin, with whatever signs beside or over them."""
    return all(unicodedata.name(c, "").startswith("LATIN") for c in name if c.isalpha())


def is_no_name(column: str) -> bool:
    """Whether a column's name says that it is about something else."""
    return not NOT_NAMES.isdisjoint(re.split(r"[\W_]+", column))


def names_students(column: str, value: str) -> bool:
    """Whether a value says who somebody is: other columns may name a tutor, or half of a name."""
    if is_no_name(column) or any(kind.fullmatch(column) for kind in (FIRST, LAST, NICK)):
        return False
    person = " " in value and "@" not in value
    return not person or column in ("id", "name", CALLED) or bool(NUMBERS.search(column))


def combined(row: dict[str, str | None]) -> Iterator[tuple[tuple[str, ...], str]]:
    """What one to three columns say together.

    They may be first and last names, whatever the columns are called, if none has the whole name.
    """
    first, last, whole = (_values(row, kind) for kind in (FIRST, LAST, WHOLE))
    if (first and last) or whole:
        return
    words = {
        column: words_of(value)
        for column, value in row.items()
        if isinstance(value, str) and column and not is_no_name(column)
        if column != "id" and not ACCOUNTS.search(column) and not NICK.fullmatch(column)
        if value.strip()
        and all(c in " -'’.,·" or unicodedata.category(c)[0] in "LM" for c in value)
    }
    for count in (1, 2, 3):
        for columns in itertools.combinations([*words][:MOST_COLUMNS], count):
            yield columns, " ".join(itertools.chain(*(words[one] for one in columns)))


def apart(value: object) -> list[str]:
    """The values of a cell: each address of several, and a number without the .0 of programs."""
    if not isinstance(value, str) or not (value := value.strip()):
        return []
    if addresses := [one for one in re.split(r"[\s<>;,:\"()]+", value) if "@" in one[1:-1]]:
        return addresses
    return [re.sub(r"^(\d+)\.0$", r"\1", value)]


def words_of(value: str) -> list[str]:
    """The words of a name in lower case, in ASCII as in an id."""
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", spelled_out(value)) if word]
