"""Random classes on every platform: nobody gets another's work, and who is left out has a reason.

The people are hard to tell apart: names in another order, with and without accents and hyphens,
logins made of initials, numbers of other people, files named by dates and numbers.
"""

import io
import itertools
import os
import random
import re
import shutil
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
OWN = (
    "ps-small.ipynb",
    "ps-small (1).ipynb",
    "hw.ipynb",
    "2026_11_20_ps-small.ipynb",
    "12_3.ipynb",
)
HOW = ["zip", "folder", "unpacked"]
KINDS = ["none", "logins", "numbers", "platform's"]


@dataclass
class Person:
    """One of a class."""

    place: int
    first: str
    last: str
    login: str
    number: str  # the platform's
    files: tuple[str, ...] = OWN  # what own files may be called

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


def export(draw, platform, class_):
    """The files of an export; each text says whose it is."""
    files = {}
    for one in class_:
        cell = nbformat.v4.new_markdown_cell(f"I am {one.place}.", id="q1")
        text = nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))
        file = 70_000 + 10 * one.place
        own = draw.choice(one.files)
        files[named(draw, platform, one, file, own)] = text.encode()
        if draw.random() < 0.2:
            files[named(draw, platform, one, file + 1, "proof.jpg")] = b"\xff\xd8"
    return files


def graded(course, how, files, roster):
    """{student: the place of whose work it is}, and the lines of the list."""
    inbox = course / "inbox"
    shutil.rmtree(inbox, ignore_errors=True)
    if how == "zip":
        files = {"all.zip": packed(files)}
    for path, data in files.items():
        where = inbox / ("all" if how == "folder" else "") / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(data)
        os.utime(where, (1.79e9, 1.79e9))
    release = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("Answer.", id="q1")])
    release.cells[0].metadata.nbgrader = {"grade_id": "q1", "solution": True}
    found = intake.gather(inbox, SET, roster=roster)
    taken, entries = intake.take_in(found, release, roster=roster, set_name=SET)
    texts = {one.student: one.notebook.cells[0].source for one in taken}
    return {who: int(re.search(r"I am (\d+)", text)[1]) for who, text in texts.items()}, entries


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


def course_of(draw, course, kind):
    """A class, its ids if there is a list of students, and that list."""
    class_ = people(draw, draw.choice([3, 6, 12]))
    course.mkdir()
    ids = None if kind == "none" else listed(draw, course / "roster.csv", kind, class_)
    return class_, ids, intake.read_roster(course)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("platform", ["moodle", "canvas", "blackboard", "brightspace", "folders"])
def test_nobody_gets_anothers_work(platform, kind, tmp_path):
    left_out = handed_in = 0
    for seed in range(25):
        draw = random.Random(f"{platform} {kind} {seed}")
        class_, ids, roster = course_of(draw, tmp_path / str(seed), kind)
        came = draw.sample(class_, draw.randint(2, len(class_)))
        files = export(draw, platform, came)
        whose, entries = graded(tmp_path / str(seed), draw.choice(HOW), files, roster)
        assert len({*whose.values()}) == len(whose), seed
        assert ids is None or all(ids[place] == who for who, place in whose.items()), (seed, whose)
        aside = [e for e in entries if e.status == "set aside" and e.file.endswith(".ipynb")]
        assert len(whose) + len(aside) == len(came)
        reasons = [e.reason for e in aside]
        assert all(re.search("may be|would both|is not in", why) for why in reasons), (
            seed,
            reasons,
        )
        handed_in, left_out = handed_in + len(came), left_out + len(aside)
    most = 0.02 if kind == "platform's" else 0.12
    assert left_out <= most * handed_in, left_out / handed_in


def disguised(draw, one):
    """A stranger who would pass for a student by a display name, or by what a file is called."""
    first, last = one.first, one.last
    name = draw.choice(
        [
            *(
                one.login,
                f"{last} {first}",
                f"{last}, {first}",
                f"Red-{one.name}",
                f"{one.name} v2",
            ),
            *(f"{one.name}_{one.number}", f"{one.login}_{one.number}", f"{one.login}_final"),
            *(f"{one.name}_{one.number}_assignsubmission_file_", f"{one.number}-77 - {one.name}"),
            *(f"HW_1_{one.login}_attempt_2026-11-29-10-00-00", one.name.upper(), f"x_{one.login}"),
        ]
    )
    sortable = plain(f"{last}{first}")
    files = (
        *("hw.ipynb", "2026_11_20_ps-small.ipynb", f"{one.login}.ipynb", f"{one.name}.ipynb"),
        f"{one.name}_{one.number}_assignsubmission_file_x.ipynb",
        f"{sortable}_{one.number}_99_x.ipynb",
        f"HW_1_{one.login}_attempt_2026-11-29-10-00-00_x.ipynb",
        f"{one.number}-77 - {one.name} - Nov 29, 2026 1000 AM - x.ipynb",
    )
    return Person(99, name, "", "stranger", "90001", files)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("platform", ["moodle", "canvas", "blackboard", "brightspace"])
def test_a_stranger_takes_nobodys_place(platform, kind, tmp_path):
    for seed in range(40):
        draw = random.Random(f"{platform} {kind} {seed}")
        class_, _, roster = course_of(draw, tmp_path / str(seed), kind)
        files, how = export(draw, platform, class_), draw.choice(HOW)
        stranger = disguised(draw, draw.choice(class_))
        before, _ = graded(tmp_path / str(seed), how, files, roster)
        more = export(draw, platform, [stranger])
        after, _ = graded(tmp_path / str(seed), how, files | more, roster)
        taken = {who for who in before if after.get(who, before[who]) != before[who]}
        assert not taken, (seed, how, [*more])
