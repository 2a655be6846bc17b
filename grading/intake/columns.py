"""What the columns of a list of students say, by their headings and values."""

import csv
import functools
import io
import re
import unicodedata
from collections.abc import Iterable

from grading.intake.files import spelled_out

# The columns that are read, by their headings: in lower case, with a space for each sign. No other
# column says who somebody is: students may have filled it in.
PLATFORMS = r"moodle|canvas|blackboard|brightspace|d2l|gradescope|lms"
HUBS = r"git ?(?:hub|lab|ea)|codeberg|bitbucket"
ISSUED = (  # what a number or a name that the school gave is called
    r"sis|login|students?|uni|university|school|college|campus|institution(?:al)?"
    r"|matriculation|enrolment|enrollment|registration|roll|index|org ?defined|banner"
)
FIRST = re.compile(
    r"(?:legal )?(?:first|given|fore) ?(?:names?)?|vornamen?|pr[ée]noms?"
    r"|(?:primer |segundo )?nombres?(?: s)?|voornaam|roepnaam|nome|förnamn|fornavn"
    r"|imię|imiona|jméno|keresztnév|etunimi|adı?|имя|名"
)
MIDDLE = re.compile(
    r"middle(?: names?| initial)?|m ?i|second name|patronymic|отчество|(?:grand)?father(?: s)? name"
    r"|tussenvoegsels?|infix|prefix"
)
LAST = re.compile(
    r"(?:legal |second )?(?:last|family|sur) ?names?|last|nachnamen?|familiennamen?|zuname"
    r"|noms?(?: de (?:famille|naissance))?"
    r"|(?:primer |segundo )?apellidos?(?: (?:paterno|materno|1|2))?|achternaam|cognome|sobrenome"
    r"|apelido|efternavn|etternavn|efternamn|nazwisko|příjmení|vezetéknév|sukunimi|soyadı?|фамилия"
    r"|姓氏?"
)
AND = r"(?: (?:and|a|e|et|i|og|och|und|y))? "
WHOLE = re.compile(
    r"(?:(?:full|legal|official|complete|sortable) ?|(?:students?|learners?)(?: s)? )*names?"
    rf"|students?|(?:{FIRST.pattern}){AND}(?:{LAST.pattern})|(?:{LAST.pattern}){AND}(?:{FIRST.pattern})"
    r"|nombre completo|nom complet|nome completo|name (?:vorname|and surname|of student)"
    r"|vor und nachname|candidate name|学生姓名|姓名|名前|氏名|이름|фио|фамилия имя отчество"
)
NICK = re.compile(
    r"(?:preferred|chosen|nick|used) ?(?:first|given)? ?names?|rufname|known as|goes by"
)
OTHER = re.compile(  # what somebody is called besides, in whole
    r"(?:display|english|chinese|latin|native|local|romani[sz]ed|other|alternat(?:iv)?e) ?names?"
    r"|alias|pinyin"
)
EMAIL = re.compile(
    rf"(?:(?:{ISSUED}|official|primary|{PLATFORMS}) )?"
    r"(?:e ?)?mails?(?: ?(?:address|addresses|adresse|id))?"
    r"|adresse (?:de )?(?:e ?mail|mail|courriel|électronique)|courriel|e mailadresse?|e post"
    r"|(?:dirección de )?correo(?: electrónico)?|(?:indirizzo|endereço de) e ?mail|電子郵件地址"
)
LOGIN = re.compile(
    rf"(?:(?:{ISSUED}) )*(?:user|login|account)(?: ?(?:names?|id))?"
    rf"|(?:(?:{ISSUED}) ?)+(?:id|number|num|no|nr|code)|id (?:number|nummer|no|nr)|usn|prn"
    r"|upi|onyen|(?:reg|stud|mat) (?:no|nr)|upn|samaccountname|nutzerkennung"
    r"|nr (?:albumu|indeksu)|학번"
    r"|uniqname|kerberos|sso|(?:net|sunet|uni|andrew|sso|crs|utor|gt|pu|un|cw|e|p|s|u|z) ?id"
    r"|benutzer(?:name|kennung)?|nutzername|anmeldename|kennung|kürzel|matrikel(?:nummer)?"
    r"|matr(?:ikel)? ?nr|identifiant|numéro (?:d )?étudiant|usuario|usuário|matrícula|legajo"
    r"|nome utente|matricola|brukernavn|brugernavn|användarnamn|gebruikersnaam|stud\w*nummer|学号"
)
PLATFORM = re.compile(  # a platform's numbers or names for people
    rf"(?=.*(?:{PLATFORMS}))(?:(?:{PLATFORMS}|{ISSUED}|user|account|participant|profile|full"
    r"|display|names?|s?id|number|num|no|nr) ?)+|(?:platform|participant)(?: (?:id|number|no))?"
)
GITHUB = re.compile(
    rf"(?=.*(?:{HUBS}))(?:(?:{HUBS}|students?|account|user|login|names?|id|handle|profile"
    r"|url|link) ?)+"
)
ACCOUNT = re.compile(r"(?:(?:https?://)?[\w.]+\.\w+/)?@?(?!\d+$)([A-Za-z\d][\w-]*)/?(?:[?#].*)?")
NO_ACCOUNT = {"yes", "no", "true", "false", "none", "n/a", "na", "x", "y", "n"}
# What may stand in brackets in a heading: `Username (Discord)` is not read.
BESIDE = re.compile(
    r"s|es|ids?|number|no|nr|optional|required|legal|official|school|university|last first"
    r"|first last|as in .*|"
)
KINDS = {
    "github": GITHUB,
    "platform": PLATFORM,
    "email": EMAIL,
    "login": LOGIN,
    "first": FIRST,
    "middle": MIDDLE,
    "last": LAST,
    "nick": NICK,
    "other": OTHER,
    "whole": WHOLE,
}
READ_AS_THEY_ARE = ("id", "login", "platform")  # names are put together first


@functools.lru_cache(1_000)
def kind_of_column(heading: str | None) -> str:
    """What a column says of a student: "id", one of KINDS, or "" if it is not read."""
    heading = unicodedata.normalize("NFC", heading or "").lower().replace("#", " number ")
    if heading == "id":
        return "id"
    beside = " ".join(re.findall(r"\((.*?)\)", heading))
    words, beside = (
        " ".join(re.findall(r"[^\W_]+", part)) for part in (re.sub(r"\(.*?\)", "", heading), beside)
    )
    if not BESIDE.fullmatch(beside):
        return ""
    words = re.sub(r"^(?:what (?:is|s) )?your ", "", words)  # a form asks so
    return next((kind for kind, form in KINDS.items() if form.fullmatch(words)), "")


def read_table(data: bytes) -> "csv.DictReader[str]":
    """A table as spreadsheets save it: in UTF-8, UTF-16 or Windows-1252, with , or ; or tabs."""
    text, _ = _decoded(data)
    text = re.sub(r"\Asep=.\r?\n", "", text)
    head = text.partition("\n")[0]
    signs = sorted(",;\t", key=head.count, reverse=True)
    heads = {sign: [name.strip(' "').lower() for name in head.split(sign)] for sign in signs}
    sign = next((one for one in signs if "id" in heads[one]), signs[0])
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=sign)
    names = [name.strip().lower() for name in rows.fieldnames or ()]
    # Of two columns of one name the first counts: the other may be about a partner.
    rows.fieldnames = [f"{n} (again)" if n in names[:at] else n for at, n in enumerate(names)]
    return rows


def _decoded(data: bytes) -> tuple[str, bool]:
    """The text of a table, and whether it is sure that it was meant so."""
    try:
        code = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        return data.decode(code), True
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), False


def misread(data: bytes, values: Iterable[str]) -> str:
    """A word that no name of Western Europe is, if a table is in no known encoding, or "".

    values : what is read of it; the rest may have any signs
    """
    is_sure = _decoded(data)[1]
    for found in re.finditer(r"[^\s,;\"']+", "" if is_sure else "\n".join(values)):
        word = found[0]
        beyond = [letter for letter in word if not letter.isascii()]
        signs = not all(letter.isalpha() or letter in "’‘“”–—ªº·" for letter in beyond)
        if signs or len(beyond) > max(1, len(word) / 2) or re.search(r"[a-z][À-ÞŠŒŽŸ]", word):
            return word
    return ""


def names_of(row: dict[str, str | None]) -> tuple[list[str], list[str]]:
    """A student's whole names, first as the pages say it, and what else the student is called."""
    first, middle, last, nick, other, whole = (
        _values(row, kind) for kind in ("first", "middle", "last", "nick", "other", "whole")
    )
    if not first + last + whole:
        whole, other = other, []
    if nick and not first + last and whole and len(words_of(whole[0])) == 1:
        first = nick
    nick = [one for one in nick if "@" not in one]
    halves = first or last
    joined = [" ".join([one, *last]) for one in first] if last else halves[:1]
    if first and last:
        joined += [" ".join([*first, *last])] + [f"{one} {two}" for one in first for two in last]
        joined += [" ".join([first[0], *middle, *last])]
    elif halves and whole and not {*words_of(halves[0])} & {*words_of(whole[0])}:
        joined = [" ".join([*first, whole[0], *last])]  # a name may be the other half alone
        if first == nick:  # Kumar, who is called Ravi
            nick, joined = [*nick, *joined], []
        elif len(words_of(whole[0])) == 1 and _is_latin(whole[0]):
            whole = [*joined, *whole[1:]]
        else:
            whole += joined
    else:
        joined = [] if whole else joined
    bare = [" ".join(re.sub(r"\([^()]*\)", " ", one).split()) for one in whole if "(" in one]
    whole += [one for one in bare if one]
    ends = [" ".join(last)] if last else []
    for name in [] if last else whole:
        front, comma, _ = name.partition(",")
        ends += [front] if comma else [" ".join(name.split()[1:]), " ".join(name.split()[-1:])]
    called = [f"{one} {end}" for one in nick if " " not in one for end in ends if end]
    called += [name for name in other + nick if " " in name]
    names = [*dict.fromkeys([*whole, *joined])]
    # Students choose it: it has to share a word with the name, unless that is in another script.
    known_words = {word for name in names for word in words_of(name) if word[1:]}
    latin = all(map(_is_latin, names))
    called = [one for one in called if not latin or known_words & {*words_of(one)}]
    return names, [*dict.fromkeys(called)]


def _values(row: dict[str, str | None], kind: str) -> list[str]:
    """The values of the columns of a kind."""
    columns = [column for column in row if kind_of_column(column) == kind]
    return [value for column in columns if (value := (row[column] or "").strip())]


def _is_latin(name: str) -> bool:
    """Whether all letters of a name are Latin, with whatever signs beside or over them."""
    return all(unicodedata.name(c, "").startswith("LATIN") for c in name if c.isalpha())


def apart(kind: str, value: str | None) -> list[str]:
    """The values of a cell: each address of several, and a number without the .0 of programs."""
    value = (value or "").strip()
    addresses = [one for one in re.split(r"[\s<>;,:\"()]+", value) if "@" in one[1:-1]]
    if kind == "email" and addresses:
        return addresses
    return [re.sub(r"^(\d+)\.0$", r"\1", value)] if value else []


def words_of(value: str) -> list[str]:
    """The words of a name in lower case, in ASCII as in an id."""
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", spelled_out(value)) if word]
