"""What learning platforms' own names, and Gradescope's list, say about a file."""

import contextlib
import re
from collections import Counter
from datetime import UTC, datetime
from typing import IO

import yaml

from grading.intake.files import (
    LONGEST_NAME,
    LONGEST_REASON,
    MEMBERS,
    MIB,
    People,
    Person,
    Unreadable,
    same_id,
    stamped,
)

# How learning platforms name a student's folder or file; what the student called it comes behind.
PLATFORMS = [
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_[a-z]++_?+(?P<rest>.*)",  # Moodle
        r"(?P<before>.+?)_(?P<name>[^_]+)_attempt_"  # Blackboard
        r"(?P<time>\d{4}(?:-\d\d){5})_?(?P<rest>.*)",
        r"(?P<number>\d+-\d+) - (?P<name>.+?) - "  # Brightspace
        r"(?P<time>[A-Z][a-z]+ \d{1,2}, \d{4} \d{1,2}:?\d\d [AP]M)(?: - )?(?P<rest>.*)",
        r"(?P<name>[^\x00-/:-@\[-`{-\x7f]+)(?:_LATE)?_(?P<number>\d+)"
        r"_(?P<file>\d+)_(?P<rest>.+)",  # Canvas
    )
]
# Canvas leaves `_` in names, and the number of a user is the last but one before the file's name.
TWO_NUMBERS = re.compile(r".+?_\d+_(?P<number>\d+)_(?P<file>\d+)_.+", re.DOTALL)
ON_CANVAS = f" on {len(PLATFORMS) - 1}"
# What follows a name on Moodle, or on Canvas, where a student's own words look like Moodle's or
# Blackboard's.
MOODLES = re.compile(r".*_\d+_assignsubmission_|_*(?:LATE_)?\d+_\d{3,}_", re.DOTALL)
CANVASES = re.compile(r".+_\d+_\d+_", re.DOTALL)
MOODLE, BLACKBOARD, BRIGHTSPACE, CANVAS = PLATFORMS


def platform_of(name: str) -> re.Match[str] | None:
    """The parts of a name that a learning platform made, or None.

    The platform's part comes first, and the student's behind it may look like another platform's.
    """
    found = platforms_of(name)
    return found[0] if found and not of_two_platforms(found) else None


def platforms_of(name: str) -> list[re.Match[str]]:
    """The parts of a name by each platform's pattern that it has, the shortest first."""
    name = name[:LONGEST_NAME]  # in an archive one may have 65,535 bytes
    found = [match for pattern in PLATFORMS if (match := pattern.fullmatch(name))]
    return sorted(found, key=lambda match: match.start("rest"))


def of_two_platforms(found: list[re.Match[str]]) -> bool:
    """Whether a name may be of either of two platforms.

    HW_1_2_ada_attempt_… may be HW's file on Canvas as well as ada's on Blackboard. On Moodle a
    student's own name comes before the platform's part, and so it does on Brightspace: it may look
    like another platform's, or have a time in it, or the platform's own part. On Canvas it may
    have `_` in it.
    """
    kinds = [match.re for match in found]
    for match in found:
        again = match.re is MOODLE and MOODLES.match(match["rest"])
        if again or (match.re is BLACKBOARD and CANVASES.match(match["before"] + "_")):
            return True
    if kinds[:2] == [CANVAS, BLACKBOARD] or {MOODLE, BRIGHTSPACE} & {*kinds[1:]}:
        return True
    rests = [match["rest"] for match in found if match.re is BRIGHTSPACE]
    return any(BRIGHTSPACE.fullmatch(f"1-1 - x - {rest}") for rest in rests)


def words_on_blackboard(mark: re.Match[str]) -> list[str]:
    """The parts of Blackboard's word for an assignment and a user; of others', the name's."""
    before = mark["before"] if mark.re is BLACKBOARD else ""
    return [*(before.split("_") if before else []), *mark["name"].split("_")]


def platform_time(text: str) -> datetime | None:
    """When a file was handed in, by what a platform writes into its name, or None."""
    text = re.sub(r" (\d)(:?\d\d [AP]M)$", r" 0\1\2", text).replace(":", "")
    text = text.replace("Sept ", "Sep ")
    for form in ("%Y-%m-%d-%H-%M-%S", "%b %d, %Y %I%M %p", "%B %d, %Y %I%M %p"):
        try:
            return datetime.strptime(text, form).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


METADATA = "submission_metadata.yml"
SUBMITTED = re.compile(r"submission_\d+")  # a folder that this list speaks of
SUBMITTER = (":name", ":email", ":sid")
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # in C, if it was built
TOGETHER = 20  # students who hand in one notebook
# The lines of it that count: where a submission begins, its time, and its people (indented lines).
OUTLINE = re.compile(
    rb"\n(?:(?:submission_\d+|  :created_at):.*|  :submitters:.*(?:\n(?:  - |    ).*)*)"
)
CUT = re.compile(rb"(.{%d}).+" % (2 * LONGEST_REASON))
LONGEST_OUTLINE, LONGEST_METADATA = 20 * MIB, 1024 * MIB
LONGEST_PART, DEEPEST = 128 * 1024, 10  # of what it says about one submission


def outline(listed: IO[bytes]) -> str:
    """The lines of Gradescope's list that say whose a folder is, and since when.

    The rest, which may be most of it, is what students' programs printed. It is searched in blocks
    of many lines: a billion empty lines, one by one, would take half an hour.
    """
    kept: list[bytes] = []
    size = read = 0
    block = rest = b"\n"  # rest: what goes on in the next block, from the end of the line before
    while block:
        block = listed.read(MIB)
        lines, end, last = (rest + (block or b"\n")).rpartition(b"\n")
        rest = end + last[: 2 * LONGEST_REASON]
        for found in OUTLINE.finditer(lines):
            if block and found.end() == len(lines):  # its people may go on
                rest = found[0] + rest
                break
            kept.append(CUT.sub(rb"\1", found[0]))
            size += len(kept[-1])
        read += len(block)
        if size + len(rest) > LONGEST_OUTLINE or read > LONGEST_METADATA:
            raise Unreadable("Gradescope's list is too long")
    return b"".join(kept).decode("utf-8", "replace")


def submitters_in(listed: str) -> dict[str, People]:
    """{folder: people} from Gradescope's list.

    Each submission's part is parsed as YAML: a long name goes on in lines that may look like others
    of the list.
    """
    said: dict[str, list[dict[str, str]]] = {}
    times: dict[str, datetime | None] = {}
    for part in re.split(r"(?m)^(?=submission_\d+:)", listed, maxsplit=MEMBERS)[1:]:
        folder = part.partition(":")[0]
        said[folder], created = _people(part)
        times[folder] = stamped(re.sub(r" +(?=Z$|[-+][\d:]+$)", "", created))
    everybody = {(one.get("name", ""), one.get("email")) for of in said.values() for one in of}
    named = Counter(same_id(name) for name, _ in everybody)
    found: dict[str, People] = {}
    for folder, submitters in said.items():
        for one in submitters:  # of two of one name the address tells them apart
            alike = named[same_id(one.get("name", ""))] > 1
            keys = ("email", "sid", "name") if alike else ("name", "email", "sid")
            if name := next((one[key] for key in keys if one.get(key)), ""):
                account = one.get("email") or one.get("sid") or name
                found.setdefault(folder, []).append(Person(name, times[folder], account))
    return found


def _people(part: str) -> tuple[list[dict[str, str]], str]:
    """The people of one submission ({"name", "email", "sid"}), and when it was handed in.

    Its events are read one after another: a tree of it could fill the memory or the stack.
    """
    people: list[dict[str, str]] = []
    created = ""
    if len(part) > LONGEST_PART:
        return people, created
    inside: list[str | None] = []  # for each collection, the key whose value is next; None in lists
    with contextlib.suppress(yaml.YAMLError):
        for event in yaml.parse(part, Loader=LOADER):
            if len(inside) > DEEPEST:  # the parser's time grows with the square of the depth
                break
            if isinstance(event, yaml.CollectionEndEvent):
                inside.pop()
            elif isinstance(event, yaml.SequenceStartEvent):
                inside.append(None)
                continue
            elif isinstance(event, yaml.MappingStartEvent):
                if len(inside) == 3 and inside[1:] == [":submitters", None]:
                    if len(people) == TOGETHER:
                        break
                    people.append({})
                inside.append("")
                continue
            elif not isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
                continue
            elif inside and inside[-1] == "":  # a key
                inside[-1] = getattr(event, "value", "")[:LONGEST_NAME] or "?"
                continue
            elif isinstance(event, yaml.ScalarEvent):
                if len(inside) == 4 and inside[1:3] == [":submitters", None]:
                    if (key := str(inside[3])) in SUBMITTER:
                        people[-1][key[1:]] = event.value[:LONGEST_NAME].strip()
                elif len(inside) == 2 and inside[1] == ":created_at":
                    created = event.value[:100]
            if inside and inside[-1] is not None:  # a value is over, so a key is next
                inside[-1] = ""
    return people, created


def account_in(name: str) -> str:
    """What a platform's name for a folder or file says of an account, or "".

    It tells an account from all others; the name alone does not, since people may share it.
    """
    if (mark := platform_of(name)) is None:
        return ""
    return "\0".join(mark.groupdict().get(key) or "" for key in ("before", "name", "number"))
