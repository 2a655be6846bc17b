"""Random classes on every platform: nobody gets another's work, and who is left out has a reason.

The people are hard to tell apart: names in another order, with and without accents and hyphens,
logins made of initials, numbers of other people, files named by dates and numbers.
"""

import io
import itertools
import os
import random
import re
import unicodedata
import zipfile
from dataclasses import dataclass

import nbformat
import pytest

from grading import intake

SET = "ps-small"
FIRST = (
    "Ann Anna Joe Mary-Ann Maryann Li Wei José Jose Adam Ada M Eve Jean-Luc Jean Kim Müller Md 雷"
)
LAST = "Smith Lee Jones Smith-Jones García Garcia Müller Mueller Wei Li O'Neil Adam Ada Kim Cruz 李"
OWN = [
    "ps-small.ipynb",
    "ps-small (1).ipynb",
    "hw.ipynb",
    "2026_11_20_ps-small.ipynb",
    "12_3.ipynb",
]


@dataclass
class Person:
    """One of a class."""

    place: int
    first: str
    last: str
    login: str
    number: str  # the platform's

    @property
    def name(self):
        """As most people write it."""
        return f"{self.first} {self.last}"


def plain(text):
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if c.isascii() and c.isalnum()).lower()


def people(draw, count):
    """A class; each login and each number is one person's."""
    found, logins, numbers = [], set(), draw.sample(range(1, 60), count)
    for place in range(count):
        first, last = draw.choice(FIRST.split()), draw.choice(LAST.split())
        joined = draw.choice(["", ".", "_"])
        forms = [plain(last), plain(first), f"{plain(first)[:1]}{joined}{plain(last)}"]
        forms.append(f"{plain(first)}{joined}{plain(last)}")
        login = draw.choice(forms).strip("._") or "student"
        many = (f"{login}{n or ''}" for n in itertools.count())
        login = next(one for one in many if re.sub(r"\W", "_", one) not in logins)
        logins.add(re.sub(r"\W", "_", login))
        found.append(Person(place, first, last, login, str(numbers[place])))
    return found


def named(draw, platform, one, file, own):
    """The path of a file in a platform's export."""
    if platform == "moodle":
        return f"{one.name}_{one.number}_assignsubmission_file{draw.choice(['/', '_/', '_'])}{own}"
    if platform == "canvas":
        sortable = re.sub(r"\W", "", f"{one.last}{one.first}").lower()
        return f"{sortable}{draw.choice(['', '_LATE'])}_{one.number}_{file}_{own}"
    if platform == "blackboard":
        return f"HW_1_{one.login}_attempt_2026-11-20-10-{one.place:02}-00_{own}"
    if platform == "brightspace":
        return f"{one.number}-77 - {one.name} - Nov 20, 2026 10{one.place:02} AM/{own}"
    return f"{one.login}/{own}"


def packed(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2026, 11, 20, 10, 0, 0)), content)
    return data.getvalue()


def hand_in(draw, inbox, platform, class_):
    """Put an export into the inbox: a zip, a folder, or unpacked. Each text says whose it is."""
    files = {}
    for one in class_:
        cell = nbformat.v4.new_markdown_cell(f"I am {one.place}.", id="q1")
        text = nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))
        file = 70_000 + 10 * one.place
        files[named(draw, platform, one, file, draw.choice(OWN))] = text.encode()
        if draw.random() < 0.2:
            files[named(draw, platform, one, file + 1, "proof.jpg")] = b"\xff\xd8"
    how = draw.choice(["zip", "folder", "unpacked"])
    if how == "zip":
        files = {"all.zip": packed(files)}
    for path, data in files.items():
        where = inbox / ("all" if how == "folder" else "") / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(data)
        os.utime(where, (1.79e9, 1.79e9))


def listed(draw, path, kind, class_):
    """Write the list of students; returns {place: id}."""
    ids = {one.place: one.login if kind != "numbers" else f"{7000 + one.place}" for one in class_}
    turned = draw.random() < 0.3
    lines = ["id,name,email,moodle" if kind == "platform's" else "id,name,email"]
    for one in class_:
        name = f'"{one.last}, {one.first}"' if turned else one.name
        more = f",{one.number}" if kind == "platform's" else ""
        lines.append(f"{ids[one.place]},{name},{one.login}@x.edu{more}")
    path.write_text("\n".join(lines))
    return {place: intake.files.student_id(one) for place, one in ids.items()}


@pytest.mark.parametrize("kind", ["none", "logins", "numbers", "platform's"])
@pytest.mark.parametrize("platform", ["moodle", "canvas", "blackboard", "brightspace", "folders"])
def test_nobody_gets_anothers_work(platform, kind, tmp_path):
    release = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("Answer.", id="q1")])
    release.cells[0].metadata.nbgrader = {"grade_id": "q1", "solution": True}
    left_out = handed_in = 0
    for seed in range(25):
        draw = random.Random(f"{platform} {kind} {seed}")
        class_ = people(draw, draw.choice([3, 6, 12]))
        course = tmp_path / str(seed)
        (course / "inbox").mkdir(parents=True)
        ids = None if kind == "none" else listed(draw, course / "roster.csv", kind, class_)
        roster = intake.read_roster(course)
        came = draw.sample(class_, draw.randint(2, len(class_)))
        hand_in(draw, course / "inbox", platform, came)
        found = intake.gather(course / "inbox", SET, roster=roster)
        taken, entries = intake.take_in(found, release, roster=roster, set_name=SET)
        whose = {}
        for one in taken:
            place = int(re.search(r"I am (\d+)", one.notebook.cells[0].source)[1])
            assert place not in whose.values(), (seed, one.student)
            assert ids is None or ids[place] == one.student, (seed, place, one.student)
            whose[one.student] = place
        aside = [e for e in entries if e.status == "set aside" and e.file.endswith(".ipynb")]
        assert len(whose) + len(aside) == len(came)
        assert all(re.search("may be|would both|is not in|or another", e.reason) for e in aside), (
            seed
        )
        handed_in, left_out = handed_in + len(came), left_out + len(aside)
    most = 0.02 if kind == "platform's" else 0.12
    assert left_out <= most * handed_in, left_out / handed_in
