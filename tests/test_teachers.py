"""The page for teachers is true: its commands give what it shows, its set of your own works."""

import copy
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import prose
import pytest
from classroom import SET, Course
from nbgrader.api import Gradebook

from grading import jail, run, sets

PAGE = (prose.ROOT / "pages" / "for_teachers.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^```console\n\$ (.+)\n((?:.*\n)*?)```", PAGE, re.MULTILINE)
NEEDS_A_JAIL = ("make grade", "make feedback", "make grades", "sort")


def hand_in(root, name):
    """Ada solves all, Blaise makes two mistakes and leaves one out, Chen changes nothing."""
    problem_set = sets.issued(name, root)
    released = nbformat.read(root / "release" / name / f"{name}.ipynb", as_version=4)
    solved = {cell.id: cell.source for cell in problem_set.source().cells}
    answers = {cell.id for cell in released.cells if cell.metadata.nbgrader.solution}
    wrong = {q.id: q.mistakes[-1].code for q in problem_set.questions if q.mistakes}
    wrong["q1"] = problem_set.questions[0].mistakes[0].code
    blaise = {cell: solved[cell] for cell in answers - {"q7-answer"}}
    blaise |= {"q1-answer": wrong["q1"], "q4-answer": wrong["q4"], "q8": "The largest wins."}
    for student, given in {"ada": solved, "blaise": blaise, "chen": {}}.items():
        notebook = copy.deepcopy(released)
        for cell in notebook.cells:
            if cell.id in answers:
                cell.source = given.get(cell.id, cell.source)
        folder = root / "inbox" / name / student
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / f"{name}.ipynb")


def command_line(command, course):
    """What a command of the page prints, its progress bar aside."""
    command = command.replace("~/course", str(course))
    if command.startswith("make "):
        made = "-o .venv/installed -o .venv-student/installed --no-print-directory"
        command = f"make {made} BIN={Path(sys.executable).parent} {command.removeprefix('make ')}"
    done = subprocess.run(
        command, shell=True, cwd=prose.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    printed = done.stdout.splitlines() + done.stderr.replace("\r", "\n").splitlines()
    printed = [line for line in printed if line.strip() and "%|" not in line]
    return [line.replace(str(course), "~/course") for line in printed]


def test_the_commands_give_what_is_shown(tmp_path):
    """In their order, for the class that the page tells of."""
    assert len(SHOWN) == 5
    walls = shutil.which("bwrap") and (prose.ROOT / ".venv-student").exists()
    for command, output in SHOWN:
        if command.startswith(NEEDS_A_JAIL) and not walls:
            message = "grading needs bubblewrap, and make .venv-student/installed"
            pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
        if command.startswith("make grade "):
            hand_in(tmp_path, "ps-softmax")
        assert sorted(command_line(command, tmp_path)) == sorted(output.splitlines()), command
    page = (tmp_path / "feedback" / "blaise" / "ps-softmax" / "ps-softmax.html").read_text("utf-8")
    assert "Which axis did you sum over?" in page
    assert "which axis did you sum over?" in PAGE


def test_the_refusal_is_the_graders_own():
    """What is shown where no jail can be made is what would be said there."""
    shown = re.search(
        r"^```text\nNothing was graded: .*?(bwrap: .*?)\n(.*?)\nTo run", PAGE, re.M | re.S
    )
    assert shown[2] == jail.remedy(shown[1])


def test_the_table_of_sets_is_true():
    """Every set of the book has a line, with its chapter, its questions and its points."""
    rows = re.findall(
        r"^\| `(ps-[\w-]+)` \| \[chapter (\d+)\]\((.*?)\) \| (\d+) \| (\d+) \|", PAGE, re.M
    )
    assert {row[0] for row in rows} == {path.stem for path in sets.EXERCISES.glob("ps-*.py")}
    for name, number, link, count, points in rows:
        problem_set = sets.load(name)
        assert len(problem_set.questions) == int(count)
        assert sum(q.points for q in problem_set.questions) == int(points)
        assert Path(link).name.startswith(f"{int(number):02d}_")
        assert f"[chapter {number}]" in problem_set.cells[1].source


@pytest.mark.parametrize("variant", [None, 1])
def test_the_set_on_the_page_is_sound(variant):
    """As a teacher would save it."""
    source = re.search(r"^```python\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)[1]
    problem_set = sets.read("ps-surprise", source, variant)
    assert problem_set.faults() == []
    assert [q.kind for q in problem_set.questions] == ["function", "text"]


@pytest.mark.parametrize("tag", [*sets.TEACHER, "solution", "grade"])
def test_the_table_of_cells_names_every_kind(tag):
    table = PAGE[PAGE.index("| Cell | What") :]
    assert f'tags=["{tag}"]' in table or f'"{tag}": true' in table


# ---------------------------------------------------------------- what goes wrong in a folder


@pytest.fixture
def course(tmp_path):
    """A course in which one student was graded, as far as the folders say."""
    course = Course(tmp_path)
    course.hand_in("ada", course.notebook())
    (tmp_path / "autograded" / "ada" / SET).mkdir(parents=True)
    return course


def said(course, *arguments):
    """What a command says at its end."""
    return str(run.main([*arguments, "--root", str(course.root)]))


def configured(line):
    def write(root):
        with (root / "nbgrader_config.py").open("a") as file:
            file.write(line + "\n")

    return write


LIMITS = "c.GradeInJail.limits = "
TRAPS = {
    "a limit that is none": (configured(LIMITS + '{"cel": 60}'), "has no limit 'cel'; there are"),
    "a limit as text": (configured(LIMITS + '{"cell": "60"}'), "cell must be a number, got '60'"),
    "a limit below": (configured(LIMITS + '{"cell": -1}'), "cell must be above 0, got -1"),
    "part of a limit": (configured(LIMITS + '{"files": 1.5}'), "files must be a whole number"),
    "limits as a number": (configured(LIMITS + "60"), "limits must be a dictionary, got 60"),
    "a bracket left open": (configured("c.x = {"), "nbgrader_config.py, line 4: SyntaxError"),
    "an unknown name": (configured("x = nothing"), "nbgrader_config.py, line 4: NameError"),
    "half of what was issued": (
        lambda root: (root / "issued" / f"{SET}.json").write_text("{"),
        f"{SET}.json is damaged",
    ),
    "nothing of what was issued": (
        lambda root: (root / "issued" / f"{SET}.json").write_text("{}"),
        "put a copy of it back",
    ),
    "no seed": (
        lambda root: (root / "issued" / f"{SET}.seed").unlink(),
        "from which the hidden inputs were drawn: put a copy of it back",
    ),
    "no inbox": (lambda root: shutil.rmtree(root / "inbox"), "there is no folder"),
    "no gradebook": (lambda root: (root / "gradebook.db").unlink(), "gradebook.db is lost"),
    "a gradebook that is none": (
        lambda root: (root / "gradebook.db").write_text("hello" * 999),
        "cannot be read: file is not a database",
    ),
    "another gradebook": (
        lambda root: Gradebook(f"sqlite:///{fresh(root / 'gradebook.db')}").close(),
        f"does not know {SET}, so it was lost",
    ),
}


def fresh(path):
    path.unlink()
    return path


@pytest.mark.parametrize("name", TRAPS)
def test_what_a_teacher_may_lose_or_mistype_is_named(name, course, monkeypatch):
    monkeypatch.setattr(jail, "check", lambda: None)
    break_it, message = TRAPS[name]
    break_it(course.root)
    assert message in said(course, "grade", SET)
    if "gradebook" in name:
        assert "gradebook" in said(course, "feedback", SET)
        (course.root / "grades.csv").write_text("the table of last week")
        assert "gradebook" in said(course, "grades")
        assert (course.root / "grades.csv").read_text() == "the table of last week"


def test_as_many_jails_as_none_are_refused(course):
    assert said(course, "grade", SET, "--jobs", "-1") == "--jobs must be 1 or more, got -1"
    assert said(course, "grade", SET, "--jobs", "0") == "--jobs must be 1 or more, got 0"


@pytest.mark.filterwarnings("ignore:Object of type")  # as `run.main` says of SQLAlchemy's
@pytest.mark.parametrize(
    ("mark", "extra"), [(98.0, None), (-1.0, None), (float("inf"), None), (1.0, float("inf"))]
)
def test_a_mark_out_of_range_is_not_exported(course, mark, extra):
    (course.root / "grades.csv").write_text("the table of last week")
    with course.gradebook() as book:
        book.update_or_create_student("ada")
        book.update_or_create_submission(SET, "ada")
        for grade in book.find_submission(SET, "ada").notebooks[0].grades:
            grade.auto_score = 0.0
        book.find_grade("q4", SET, SET, "ada").manual_score = mark
        book.find_grade("q4", SET, SET, "ada").extra_credit = extra
        book.db.commit()
    assert f"ada: q4 of {SET}: {mark} of 3" in said(course, "grades")
    assert (course.root / "grades.csv").read_text() == "the table of last week"
    assert not list(course.root.glob(".*.new"))
