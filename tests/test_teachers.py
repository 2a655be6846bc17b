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

from grading import jail, sets

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


def run(command, course):
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
        assert sorted(run(command, tmp_path)) == sorted(output.splitlines()), command
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
