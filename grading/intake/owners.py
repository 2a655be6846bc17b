"""Whose a file is, by its path or name, the roster, and what else was handed in."""

import functools
import itertools
import re
import unicodedata
from collections import Counter, defaultdict

from grading.intake.files import (
    EPOCH,
    LONGEST_NAME,
    NOTEBOOK,
    HandedIn,
    Parts,
    may_be_work,
    person,
    same_id,
    student_id,
)
from grading.intake.platforms import (
    BLACKBOARD,
    CANVAS,
    METADATA,
    PLATFORMS,
    SUBMITTED,
    TWO_NUMBERS,
    of_two_platforms,
    platform_of,
    platform_time,
    platforms_of,
    words_on_blackboard,
)
from grading.intake.roster import Roster

# Words of a name, numbers aside: those that only a class's archive has, and those of platforms'
# exports, which students use as well.
CLASS = re.compile(r"(?i)(?:all|class|course|sections?|students)\d*")
EXPORT = re.compile(
    r"(?i)(?:submission|gradebook|assignment|homework|hw|export|download|drive)s?\d*"
)
OLD = re.compile(  # all of a folder's name: `Old John` is a student's
    r"(?i)(?:(?:old|new|back-?up|archive|cop(?:y|ies)|draft|try|attempt|v(?:ersion)?)s?[\W\d_]*)+"
)
# Before the name of what was copied and behind it, as Drive and systems say it in many languages.
COPY_OF = re.sub(
    " ",
    "[ _]",
    "(?:copy of|kopie (?:von|van|souboru)|copie de|c[oó]pia d[aei]|kopia(?: pliku| av)?|kopi a[fv]"
    "|копия|копія|bản sao của|salinan)",
)
COPIED = r"[ _]?\(\d+\)|-copy\d+| ?(?:的副本|のコピー|의 사본)"
COPIED += r"| (?:- )?(?:copy|kopie|copie|c[oó]pia)(?: \d+)?"
COPY, COPY_END = re.compile(rf"(?i)^(?:{COPY_OF}[ _])+"), re.compile(rf"(?i)(?:{COPIED})$")
COPY_LAST = re.compile(
    rf"(?i)(?:(?<![-_ ])[-_ ]++{COPY_OF})+$"
)  # once the set's name is taken away
NO_SET = "\0"  # which no file's name has in it
STAMP = re.compile(r"-\d{8}T\d{6}Z(?:-\d+)*$")  # of a folder that Google Drive packed


def names_class(name: str, set_name: str) -> str:
    """Whether an archive's name says that it is a class's: "class", "export" (perhaps), or ""."""
    if not name.lower().endswith(".zip"):
        return ""
    name = name[:-4][:LONGEST_NAME] + ".zip"
    said = owner_of((STAMP.sub("", name[:-4]) + ".zip",), set_name)
    words = [word for word in re.split(r"[\W_]+", said) if word[1:] and not word[0].isdigit()]
    if words and all(map(CLASS.fullmatch, words)):
        # `ps-1-students` is the folder of somebody on GitHub who is called students.
        return "" if set_name and name.lower().startswith(set_name.lower()) else "class"
    exported = all(CLASS.fullmatch(word) or EXPORT.fullmatch(word) for word in words)
    return "export" if exported and (words or not said) else ""  # a number may be a student's


def wrappers(paths: list[Parts], set_name: str) -> set[str]:
    """The outermost folders, if they are the platform's or the teacher's and not the students'.

    One that is named for a class is. One in which a platform named two students or more is if its
    name is an export's, or if no other work lies beside it, but for another download of the same.
    By one name alone (`ada/ps_2026_11_20.ipynb`) a file would leave its owner, or pass for somebody
    else's.
    """
    lists = {parts[0] for parts in paths if parts[1:] == (METADATA,)}
    clones = f"{set_name}-".lower()  # GitHub's command makes a folder `ps-softmax-submissions`
    held: defaultdict[str, list[str]] = defaultdict(list)
    alone = True
    for parts in (parts for parts in paths if not parts[0].startswith(".")):
        if len(parts) > 1:
            graded = parts[0] in lists and SUBMITTED.fullmatch(parts[1])
            if parts[0].lower() == f"{clones}submissions" and parts[2:]:
                graded = re.match(re.escape(clones), parts[1].lower())
            mark = None if graded else platform_of(parts[1])
            if not graded and of_two_platforms(platforms_of(parts[1])):
                continue  # it says nothing, however many of them one student has
            named = "_".join(words_on_blackboard(mark)) if mark else parts[1] if graded else ""
            held[parts[0]].append(student_id(named))
        elif may_be_work(parts):
            alone = False
    wrapped: set[str] = set()
    perhaps: set[str] = set()
    for name, who in held.items():
        if platform_of(name) or SUBMITTED.fullmatch(name):
            continue
        kind = names_class(f"{name}.zip", set_name)
        exported = len(set(who) - {""}) > 1 and 2 * who.count("") < len(who)
        if kind == "class" or (kind and exported and not name.lower().startswith(clones)):
            wrapped.add(name)
        elif exported:
            perhaps.add(name)
    downloads = {re.sub(r"[\W\d_]", "", name) for name in held}  # `CS-hw-12` and `CS-hw-12 (1)`
    return perhaps if alone and held.keys() == perhaps and len(downloads) == 1 else wrapped


def is_students(roster: Roster | None, folder: str, set_name: str) -> bool:
    """Whether a folder is named after a student by the list, which it stays whatever it holds."""
    if roster is None:
        return False
    name = owner_of((folder, ""), set_name, roster)
    if roster.is_named(name):
        return True
    cloned = f"{set_name}-{name}".casefold() == folder.casefold()
    known = roster.accounts.get(name.casefold()) if cloned and roster.accounts else None
    known = known or roster.writes(name)
    return len(known) == 1 and not names_class(f"{folder}.zip", set_name)


def owner_of(parts: Parts, set_name: str, roster: Roster | None = None) -> str:
    """Whose this file is: the name of its folder, or what its own name says beside the set's.

    roster : a name that is a student's as it stands is taken whole, the set's in it or not
    """
    name, is_folder = parts[0][:LONGEST_NAME], len(parts) > 1
    if roster is not None:
        whole = whole_name(name, is_folder, set_name)
        plain = _owner_of(name, is_folder, NO_SET, True)  # a last name may be the set's, too
        for one in (whole, plain):
            if roster.is_named(one) and not platforms_of(name):
                return one
        if len(roster.find(HandedIn(plain, plain, plain, EPOCH))) == 1 and " " in plain:
            return plain
    return _owner_of(name, is_folder, set_name, roster is not None)


def whole_name(name: str, is_folder: bool, set_name: str) -> str:
    """The name of a folder or file without its ending and without the set's before it."""
    name = name if is_folder else NOTEBOOK.sub("", re.sub(r"(?i)\.zip$", "", name))
    return re.sub(rf"(?i)^{re.escape(set_name)}[-_. ]+(?=.)", "", name)


@functools.lru_cache(10_000)  # each file of a student asks for the same name, several times
def _owner_of(name: str, is_folder: bool, set_name: str, listed: bool) -> str:
    if mark := platform_of(name):
        return mark["name"]
    if of_two_platforms(platforms_of(name)):
        return ""  # one account could else be many, each named by a whole name of a file
    if is_folder:  # which may be called ps-softmax-ada, as on GitHub
        folder = re.sub(rf"(?i)^{re.escape(set_name)}[-_. ]+(?=.)", "", name)
        if folder == name:
            folder = re.sub(rf"(?i)(?<=[^-_. ])[-_. ]++{re.escape(set_name)}$", "", name)
        return folder.strip(" -")
    stem = NOTEBOOK.sub("", re.sub(r"(?i)\.zip$", "", name))
    stem = unicodedata.normalize("NFC", stem)
    stem = COPY.sub("", re.sub(r"(?i)(?:\.ipynb)+$", "", stem))
    while end := COPY_END.search(stem, max(len(stem) - 30, 0)):
        stem = stem[: end.start()]
    short = set_name.removeprefix("ps-")
    short = short if re.search("[^\\W\\d_]", short) else set_name  # student_1 is no work for ps-1
    parts_of = (re.split("[-_ ]", name) for name in (set_name, short))
    known, short = ("[-_ ]".join(map(re.escape, words)) for words in parts_of)
    stem = re.sub(rf"(?i)^{known}(?:{COPIED})?(?:\.ipynb)?[-_. ]+(?=.)", "", stem)
    end = re.search(rf"(?i)(?:^|[-_. ])(?:{known}|({short}))(?:[-_. ]final)?$", stem)
    if end:  # without a list, `Ada Newton` is a whole name in a set called ps-newton
        one = not listed and re.fullmatch(r"[^\W\d_]+", stem[: end.start()])
        stem = stem if one and end[1] and end[1][0].isupper() else stem[: end.start()]
    return COPY_LAST.sub("", stem).strip(" -")


def name_by_blackboard(found: list[HandedIn], roster: Roster | None) -> None:
    """Tell the user from the assignment, both of which may have `_` in Blackboard's names.

    A user is the longest end that the roster has, if the others' names begin with the same words.
    Without one, it is what follows the words that all these names begin with, so that no two names
    become one student.
    """
    named = [
        (item, words_on_blackboard(m)) for item in found if (m := item.mark) and m.re is BLACKBOARD
    ]
    known: dict[str, str] = {}
    before: dict[str, str] = {}  # what stands before the user
    if roster is not None:
        ends: dict[str, list[str]] = {}
        for whole in {"_".join(words) for _, words in named}:
            words = whole.split("_")
            tails = ["_".join(words[place:]) for place in range(len(words))]
            ends[whole] = [end for end in tails if len(roster.writes(end)) == 1] or [
                end for end in tails if len(roster.addressed(end)) == 1
            ]
        starts = Counter(w.removesuffix(end) for w, of in ends.items() for end in of)
        for whole, of in ends.items():
            best = {e: (starts[whole.removesuffix(e)], roster.is_named(e), len(e)) for e in of}
            if best:
                known[whole] = max(best, key=lambda end: best[end])
                before[whole] = whole.removesuffix(known[whole])
        # Of `HW_1_m_ada` the end may be in the roster, and yet not be this user.
        usual = Counter(before.values()).most_common()
        most = min((one for one, count in usual if count == usual[0][1]), key=len, default="")
        for whole, assignment in before.items():
            if assignment != most and assignment.startswith(most):
                known[whole] = whole.removeprefix(most)
    different = {tuple(one) for _, one in named if "_".join(one) not in known}
    levels = zip(*(words[:-1] for words in different), strict=False)
    shared = len(list(itertools.takewhile(lambda level: len(set(level)) == 1, levels)))
    for item, words in named:
        student = known.get("_".join(words)) or "_".join(words[shared:])
        item.student = person(student)


def ask_of_canvas(found: list[HandedIn], roster: Roster | None) -> None:
    """Ask about files of Canvas's that may be either of two users'.

    Of `lovelaceada_12_99_346_hw.ipynb` the user may be 12, with a file 346_hw.ipynb, or 99, who
    calls herself lovelaceada_12 to pass for the other. Canvas counts the files of all courses, so
    `lovelaceada_12_34567_2026_hw.ipynb` is no file 2026 among others above 30,000.
    """
    marks = {item: item.mark for item in found if item.mark and item.mark.re is CANVAS}
    two = {item: TWO_NUMBERS.fullmatch(mark.string) for item, mark in marks.items()}
    others = {item: mark for item, mark in marks.items() if not two[item]}
    numbers = Counter(mark["number"] for mark in marks.values())
    least = min((int(mark["file"]) for mark in others.values()), default=0)
    for item, mark in marks.items():
        if (other := two[item]) is None:
            continue
        one, another = mark["number"], other["number"]
        far = 2 * int(mark["file"]) >= least > 10 * int(other["file"])
        listed = roster is not None and roster.numbered(another) - roster.numbered(one)
        if listed or (numbers[one] > 1 and not far):
            item.asked = (
                f"the user may be {one} or {another}: put it into a folder named after the student"
            )


def look_up_on_github(found: list[HandedIn], set_name: str, roster: Roster) -> None:
    """Look up the folders of a clone by the accounts that the roster has, and by nothing else.

    People choose what they are called there, and it may be somebody else's id or name.
    """
    for item in found if roster.accounts else ():
        login = item.student
        cloned = f"{set_name}-{login}".casefold() == item.folder.casefold()
        if cloned and re.fullmatch(r"[A-Za-z\d][A-Za-z\d-]*", login):
            ids = roster.accounts.get(login.casefold(), set())
            item.owner = next(iter(ids)) if len(ids) == 1 else ""
            if not item.owner:
                said = f"may be {' or '.join(sorted(ids))}" if ids else "is no account"
                item.asked = (
                    f"{login} {said} in roster.csv: correct the list, or, if the folder is no"
                    " clone's, rename it"
                )


def ask_of_whole_names(found: list[HandedIn], set_name: str, roster: Roster) -> None:
    """Ask about a name from which the set's, or a copy's, was taken, if the whole is another's."""
    for item in found:
        if item.mark is None and item.says and not item.owner and not item.listed:
            whole = whole_name(item.says, bool(item.folder), set_name)
            ids, others = roster.find(item), roster.writes(whole)
            if len(ids) == 1 and others and not ids & others and whole != item.student:
                may = " or ".join(sorted(ids | others))
                item.asked = f"{whole} may be {may}: put it into a folder named after the student"


def ask_of_accounts(found: list[HandedIn], first: dict[str, str], roster: Roster) -> None:
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
            of.setdefault(number or item.account or student_id(item.student), []).append(item)
    now = {(platform, account): one for (platform, one), of in accounts.items() for account in of}
    for (platform, student), of in accounts.items():
        key = f"{student.lower()} on {platform}"  # no name has a space here
        was = [first[key]] if key in first else []
        was = [a for a in was if now.get((platform, a), student) == student]  # a list may change
        was += [a for a, items in of.items() if first.get(same_id(items[0].student)) == a]
        sure = [a for a in of if a == student] or [a for a in of if roster.numbered(a) == {student}]
        kept = sure if len(sure) == 1 else was[:1]
        if len({*of, *kept}) == 1:
            first[key] = next(iter(of))
            continue
        named = [f"{items[0].student} ({a})" for a, items in of.items()]
        named += [a for a in kept if a not in of]
        for item in (item for account in of.keys() - {*kept} for item in of[account]):
            item.asked = (
                f"{' and '.join(sorted(named))} are different accounts, and would both be {student}"
                " by roster.csv: add the right one's number there, or, if they are one person in"
                f" two assignments, put both into a folder named {student}"
            )


def name_students(
    found: list[HandedIn], first: dict[str, str], roster: Roster | None = None
) -> None:
    """Add the platform's number where two students have one name, and take its word on the time.

    Who had a name alone keeps it: points given by hand would else be left with nobody.
    """
    numbers: dict[str, set[str]] = {}
    before = dict(first)
    for item in found:
        if item.mark is not None and item.student:
            said = item.mark.groupdict()
            named = roster.find(item, by_number=False) if roster else set()
            if said.get("time"):
                item.time = platform_time(said["time"]) or item.time
            owners = roster.numbered(item.number) if roster else set()
            if not (named and owners and not named & owners):  # else another's, and asked about
                numbers.setdefault(same_id(item.student), set()).add(item.number)
    for name, of in numbers.items():
        if len(of) == 1 and (number := next(iter(of))):
            first.setdefault(name, number)
    if roster is not None:
        return  # it says who they are, and `ask_of_accounts` asks of two who would be one
    for item in found:
        name = same_id(item.student)
        shared = len(numbers.get(name, ())) > 1 or name in first
        if item.number and shared and first.get(name) != item.number:
            item.student += f"_{item.number}"
            if numbers.get(other := same_id(item.student), {item.number}) != {item.number}:
                first[other] = before.get(other, item.number)  # somebody else is called that
    for item in found:
        name = same_id(item.student)
        if item.number and name in numbers and first.get(name, item.number) != item.number:
            item.student += f"_{item.number}"
    alike: defaultdict[str, set[str]] = defaultdict(set)  # ids of those with one name
    for item in found:
        if item.number and item.mark and item.student:
            alike[same_id(item.mark["name"])].add(student_id(item.student))
    for item in found:
        ids = alike.get(same_id(item.student), set())
        if item.mark is None and len(ids) > 1:
            them = " or ".join(sorted(ids))
            item.asked = f"{item.student} may be {them}: put it into a folder of that name"
