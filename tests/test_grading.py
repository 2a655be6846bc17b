"""A class is graded: the right points by the real commands, and whatever is handed in."""

import csv
import dataclasses
import glob
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
import tracemalloc
import types
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import nbformat
import prose
import pytest
from browser import find, missing
from classroom import NOBODY, SET, Course, need_a_jail

from grading import intake, jail, release, run, sets, verdict
from grading.inside import exchange

pytestmark = pytest.mark.machine

GOLDEN = {  # q1, q2, q3; q4 is graded by hand, and 0 where it was left as it was
    "perfect": (2, 2, 1, None),
    "half": (2, 0, 1, 0),
    "empty": (0, 0, 0, 0),
    "raises": (0, 2, 0, 0),
    "text-only": (0, 0, 0, None),
}


def golden(course):
    course.hand_in("perfect", course.notebook(course.right("q1", "q2", "q3", "q4")))
    course.hand_in("half", course.notebook(course.right("q1", "q3")))
    course.hand_in("empty", course.notebook())
    raises = course.right("q2") | {"q1": "def scale(x):\n    return 1 / 0", "q3": "raise OSError"}
    course.hand_in("raises", course.notebook(raises))
    course.hand_in("text-only", course.notebook({"q4": "Because $2x = x + x$, I think."}))


def as_points(found):
    return {
        name: tuple(scores[q] for q in ("q1", "q2", "q3", "q4")) for name, scores in found.items()
    }


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The golden class, graded by make."""
    need_a_jail()
    course = Course(tmp_path_factory.mktemp("golden"))
    golden(course)
    make(course, "grade", f"PS={SET}")
    return course


def make(course, *arguments, check=True):
    made = [word for name in (".venv", ".venv-student") for word in ("-o", f"{name}/installed")]
    binaries = f"BIN={Path(sys.executable).parent}"
    done = subprocess.run(
        ["make", *made, *arguments, f"PS_DIR={course.root}", binaries],
        cwd=prose.ROOT, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def test_the_golden_class_gets_its_points_from_make(course):
    assert as_points(course.points()) == GOLDEN


def test_the_golden_class_gets_its_points_from_nbgraders_own_commands(course, tmp_path):
    other = Course(tmp_path / "course")
    golden(other)
    other.run("grade", SET)
    for folder in ("autograded", "runs", "gradebook.db"):
        path = other.root / folder
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    again = Course(other.root)
    done = again.nbgrader("autograde", SET)
    assert done.returncode == 0, done.stderr
    assert as_points(again.points()) == GOLDEN


@pytest.fixture
def postgresql():
    """The address of a gradebook in a PostgreSQL of its own, which takes no orders from root."""
    server = find("PG_CTL", "pg_ctl", *glob.glob("/usr/lib/postgresql/*/bin/pg_ctl"))
    if not server:
        missing("PostgreSQL", "install it (Debian, Ubuntu: apt install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    user = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
    if user:
        os.chown(folder, 65534, 65534)

    def run(program, *arguments):
        line = [Path(server).with_name(program), "-D", folder / "data", *arguments]
        with open(folder / "said", "ab") as said:
            done = subprocess.run(line, stdout=said, stderr=said, check=False, cwd="/", **user)
        assert done.returncode == 0, (folder / "said").read_text()

    run("initdb", "-U", "teacher", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
    run("pg_ctl", "-w", "-o", f"-k {folder} -c listen_addresses=''", "start")
    yield f"postgresql+psycopg://teacher@/postgres?host={folder}"
    run("pg_ctl", "-m", "immediate", "stop")
    shutil.rmtree(folder)


def test_the_gradebook_may_be_kept_in_postgresql(postgresql, tmp_path, monkeypatch):
    need_a_jail()
    monkeypatch.setenv("DB_URL", postgresql)
    course = Course(tmp_path / "course")
    golden(course)
    course.run("grade", SET)
    assert as_points(course.points()) == GOLDEN
    course.run("feedback", SET)
    assert len(list(course.root.glob(f"feedback/*/{SET}/{SET}.html"))) == len(GOLDEN)
    course.run("grades")
    table = (course.root / "grades.csv").read_text(encoding="utf-8")
    assert sum(name in table for name in GOLDEN) == len(GOLDEN)
    assert not (course.root / "gradebook.db").exists()


def test_a_second_run_grades_nothing_anew_and_a_new_version_is(tmp_path):
    need_a_jail()
    course = Course(tmp_path)
    path = course.hand_in("ada", course.notebook(course.right("q1")))
    course.run("grade", SET)
    seed = (tmp_path / "issued" / f"{SET}.seed").read_text()
    assert stat.S_IMODE((tmp_path / "issued" / f"{SET}.seed").stat().st_mode) == 0o600
    assert "0 submissions graded now, 1 before" in course.run("grade", SET).stdout
    course.hand_in("ada", course.notebook(course.right("q1", "q2")), name="softmax (1).ipynb")
    os.utime(path, (0, 0))
    assert "1 submissions graded now" in course.run("grade", SET).stdout
    assert course.points()["ada"]["q2"] == 2
    text = course.right("q1", "q2", "q4")
    course.hand_in("ada", course.notebook(text), name="softmax (2).ipynb")
    os.utime(path.with_name("softmax (1).ipynb"), (0, 0))
    assert "1 submissions graded now" in course.run("grade", SET).stdout
    assert course.points()["ada"]["q4"] is None  # waits to be read
    assert (tmp_path / "issued" / f"{SET}.seed").read_text() == seed


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own
def test_what_several_handed_in_is_run_once(tmp_path, monkeypatch, capsys):
    """Five who hand in one notebook that sleeps would else take five times as long."""
    need_a_jail()
    course = Course(tmp_path)
    for student, questions in (("ada", "q1"), ("bea", "q1"), ("cy", "q2"), ("dee", "q1")):
        course.hand_in(student, course.notebook(course.right(questions)))
    ran = []
    of_jail = jail.run_twice
    counted = lambda *args, **more: ran.append(1) or of_jail(*args, **more)  # noqa: E731
    monkeypatch.setattr(jail, "run_twice", counted)
    monkeypatch.chdir(tmp_path)
    assert run.grade(SET, tmp_path) == 0
    assert len(ran) == 2
    assert "4 submissions graded now" in capsys.readouterr().out
    points = course.points()
    assert points["ada"] == points["bea"] == points["dee"] != points["cy"]


def test_what_cannot_be_entered_is_tried_twice_and_its_cause_is_said(tmp_path):
    need_a_jail()
    course = Course(tmp_path)
    course.hand_in("ada", course.notebook(course.right("q1")))
    block = tmp_path / "runs" / SET / "ada.read.json"
    block.mkdir(parents=True)
    for _ in range(2):
        said = course.run("grade", SET, check=False).stdout
        assert "NOT GRADED: ada: IsADirectoryError: " in said
        assert "tried again" not in said
        assert "Traceback" not in said
        assert len(said.splitlines()) == 3
    block.rmdir()
    assert "it failed 2 times, so it is tried again" in course.run("grade", SET, check=False).stdout
    assert "1 submissions graded now" in course.run("grade", SET, "--again").stdout
    assert "1 before" in course.run("grade", SET).stdout


def test_points_by_hand_go_with_the_work_and_a_new_id_is_noticed(tmp_path):
    """Extra credit as well, and for a text in another cell or a file beside the notebook."""
    need_a_jail()
    course = Course(tmp_path)

    def elsewhere(text):
        notebook = course.notebook(course.right("q1"))
        notebook.cells.insert(1, nbformat.v4.new_markdown_cell(text))
        return notebook

    def below(code):
        notebook = course.notebook(course.right("q1") | {"q4": "See the next cell."})
        notebook.cells.append(nbformat.v4.new_code_cell(code))
        return notebook

    def printed(proof):
        notebook = below("print(PROOF)")
        notebook.cells.insert(1, nbformat.v4.new_code_cell(f"PROOF = {proof!r}"))
        return notebook

    def at_the_top(text):
        notebook = course.notebook(course.right("q1") | {"q4": "It stands at the top."})
        notebook.cells.insert(1, nbformat.v4.new_markdown_cell(text))
        return notebook

    first = course.hand_in("ada", course.notebook(course.right("q1", "q4")))
    course.hand_in("cod", below("'2x = x + x'"))
    course.hand_in("out", printed("2x = x + x"))
    course.hand_in("top", at_the_top("2x = x + x"))
    course.hand_in("see", elsewhere("See the file proof.pdf, beside this."))
    course.hand_in("see", name="proof.pdf", data=b"%PDF-1.4 right")
    course.hand_in("far", elsewhere("Because $2x = x + x$, as the sum of the same."))
    course.hand_in("pdf", course.notebook(course.right("q1")))
    course.hand_in("pdf", name="proof.pdf", data=b"%PDF-1.4 right")
    course.run("grade", SET)

    def mark(student, **extra):
        with course.gradebook() as book:
            for name, points in extra.items():
                grade = book.find_grade(name, SET, SET, student)
                grade.manual_score, grade.extra_credit = 1 if name == "q4" else None, points
            book.db.commit()

    mark("ada", q1=2, q4=0.5)
    mark("cod", q4=0)
    mark("out", q4=0)
    mark("top", q4=0)
    mark("far", q4=0)
    mark("pdf", q4=0)
    mark("see", q4=0)
    runs, inbox = tmp_path / "runs" / SET, tmp_path / "inbox" / SET
    (runs / "ada.ipynb").rename(runs / ".ada.coming")  # as if the run had been cut there
    assert "taken back" not in course.run("grade", SET, "--again").stdout
    assert [path.name for path in inbox.rglob("ada/*")] == [first.name]
    course.hand_in("ada", course.notebook(course.right("q2")), name="newer.ipynb")
    os.utime(first, (0, 0))
    course.hand_in("cod", below("'I say so'"))
    course.hand_in("out", printed("I say so"))
    course.hand_in("top", at_the_top("I say so"))
    course.hand_in("far", elsewhere("Because I say so, and nobody else does."))
    course.hand_in("pdf", name="proof.pdf", data=b"%PDF-1.4 wrong")
    course.hand_in("see", name="proof.pdf", data=b"%PDF-1.4 wrong")
    said = course.run("grade", SET).stdout
    lines = [
        "ada: q1 (2), q4 (1.5)\n",
        *(f"{one}: q4 (1)\n" for one in ("cod", "far", "out", "pdf", "see", "top")),
    ]
    for line in lines:
        assert f"taken back since the work has changed: {line}" in said
    with course.gradebook() as book:
        assert book.find_submission(SET, "ada").score == 2
    mark("ada", q1=1)
    (inbox / "ada").rename(inbox / "bea")
    assert "the work of ada is now bea's" in course.run("grade", SET).stdout


@pytest.mark.skipif("DB_URL" in os.environ, reason="its gradebook is no file to copy")
def test_a_copy_of_the_gradebook_and_another_edition_keep_no_mark_of_another_text(tmp_path):
    need_a_jail()
    course = Course(tmp_path)
    book_file, copy = tmp_path / "gradebook.db", tmp_path / "copy.db"
    issued = tmp_path / "issued" / f"{SET}.json"

    def hand_in(name, q4, *right):
        path = course.hand_in("ada", course.notebook(course.right(*right) | {"q4": q4}), name=name)
        os.utime(path, (time.time() + int(name[0]),) * 2)

    def mark():
        with course.gradebook() as book:
            grade = book.find_grade("q4", SET, SET, "ada")
            grade.manual_score = 1
            book.db.commit()
            return grade.id

    hand_in("1.ipynb", "A proof.", "q1")
    course.run("grade", SET)
    page = mark()
    course.run("grade", SET, "--again")
    assert mark() == page
    shutil.copy(book_file, copy)
    hand_in("2.ipynb", "Nonsense.", "q1", "q2")
    assert "taken back" in course.run("grade", SET).stdout
    with course.gradebook() as book:  # an open page of the form grader marks by this id
        assert book.find_grade("q4", SET, SET, "ada").id != page
    shutil.copy(copy, book_file)
    read = tmp_path / "runs" / SET / "ada.read.json"
    cut = json.loads(read.read_text())  # nbgrader has the new time, and was cut before the rest
    shutil.copy(book_file, tmp_path / "before.db")
    with course.gradebook() as book:
        now = book.find_submission(SET, "ada").timestamp = datetime(2026, 1, 2, 3, 4, 5)
        book.db.commit()
    read.write_text(json.dumps(cut | {"coming": str(now)}))
    of_cut = run.Class(SET, tmp_path)
    of_cut.forget_later({"ada": str(now)})
    assert json.loads(read.read_text())["texts"] == cut["texts"]
    shutil.copy(tmp_path / "before.db", book_file)
    assert "1 submissions graded now" in course.run("grade", SET).stdout
    assert course.points()["ada"]["q2"] == 2
    assert "ada: q4" in course.run("grades").stderr  # it waits
    mark()
    assert "taken back" not in course.run("grade", SET, "--again").stdout
    issued.write_text(issued.read_text() + "\n")
    said = course.run("grade", SET, "--again").stdout
    assert "taken back since the work has changed: ada: q4 (1)" in said


def test_what_is_taken_back_is_named_each_time_and_a_proof_may_go_on_in_another_cell(tmp_path):
    need_a_jail()
    course = Course(tmp_path)

    def hand_in(number, more, *cells):
        notebook = course.notebook(course.right("q2") | {"q1": f"scale = {number}"})
        place = next(i for i, cell in enumerate(notebook.cells) if cell.id == "q4")
        notebook.cells[place].source = "The first half."
        notebook.cells.insert(place + 1, nbformat.v4.new_markdown_cell(more))
        notebook.cells[place + 2 : place + 2] = cells
        path = course.hand_in("ada", notebook, name=f"{number}.ipynb")
        os.utime(path, (time.time() + number,) * 2)
        said = course.run("grade", SET).stdout
        with course.gradebook() as book:
            for name in ("q1", "q4"):
                book.find_grade(name, SET, SET, "ada").manual_score = 1
            book.db.commit()
        return said.partition("work has changed: ada: ")[2].partition("\n")[0]

    assert hand_in(1, "The second half.") == ""
    assert hand_in(2, "The second half.") == "q1 (1)"
    assert hand_in(3, "Another second half.") == "q1 (1), q4 (1)"
    empty = nbformat.v4.new_code_cell("")  # as Jupyter adds it, and line ends as Windows has them
    assert hand_in(4, "Another second half. \r\n", empty) == "q1 (1)"
    with course.gradebook() as book:
        book.update_or_create_assignment(SET, duedate="2019-12-31 22:00:00")
    assert "1 submissions graded now" in course.run("grade", SET).stdout  # it is late now
    assert "0 submissions graded now" in course.run("grade", SET).stdout


def test_few_records_wait_to_be_entered_at_a_time():
    made = []

    def answers(cells):
        made.append(cells)
        return {}

    running = run.here(2, [(str(number), []) for number in range(30)], answers)
    next(running)
    time.sleep(0.5)
    assert len(made) <= 5
    assert len(list(running)) == 29
    started = run.here(2, [(str(number), []) for number in range(30)], answers)
    next(started)
    started.close()  # ends, however many are left


def test_a_gradebook_that_is_busy_is_nobodys_fault(tmp_path):
    course = run.Class(SET, Course(tmp_path).root)
    record = {"cells": {}}

    def enter(error):
        result = {"success": False, "log": f"Traceback\n    {error}\n"}
        course.nbgrader = types.SimpleNamespace(autograde=lambda *a, **k: result)
        with pytest.raises(RuntimeError, match=re.escape(error.split(": ")[1])):
            course.enter("ada", "key", "version", record)
        return course.failure("ada", "version")["times"]

    locked = "sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) database is locked"
    assert [enter(locked), enter("KeyError: 'a'"), enter(locked)] == [0, 1, 1]


def test_where_inputs_are_not_shown_each_submission_runs_alone(tmp_path, monkeypatch, capsys):
    """Two jails at once map the same system files, and each can see which the other reads."""
    course = run.Class(SET, Course(tmp_path).root)
    (tmp_path / "inbox" / SET).mkdir(parents=True)
    ran = []
    monkeypatch.setattr(run, "here", lambda jobs, *_: ran.append(jobs) or (_ for _ in ()))
    monkeypatch.setattr(run, "on_cluster", lambda *_: (_ for _ in ()))
    monkeypatch.setattr(run.jail, "check", lambda: "")
    assert not all(question.show for question in course.exam.questions)

    def said(jobs, scheduler=None):
        run._grade(course, jobs, scheduler, walls=True, again=False)
        return capsys.readouterr().err

    assert "what\nthey were asked: each runs alone" in said(None)
    assert "--jobs 1 lets each run alone" in said(2)
    assert "one worker, with one thread" in said(None, "tcp://here:8786")
    assert said(1) == ""
    shown = [dataclasses.replace(question, show=True) for question in course.exam.questions]
    course.exam.questions = shown
    assert said(None) == ""
    assert ran == [1, 2, 1, None]


@pytest.mark.parametrize(
    "answers",
    [
        {"q1": "def scale(x):\n    raise OSError(109, 'Too many references')"},
        {"q3": "raise OSError(109, 'Too many references')"},
    ],
)
def test_what_another_of_the_account_may_have_refused_costs_nothing(
    tmp_path, monkeypatch, capsys, answers
):
    need_a_jail()
    course = Course(tmp_path)
    course.hand_in("ada", course.notebook(course.right("q1", "q2") | answers))
    course.hand_in("bob", course.notebook(course.right("q1")))
    # As an ordinary user; the jails are the tester's.
    monkeypatch.setattr(run, "os", types.SimpleNamespace(**vars(os) | {"getuid": lambda: NOBODY}))
    grade = ["grade", SET, "--root", str(tmp_path)]
    assert run.main([*grade, "--jobs=2"]) == 1
    assert f"NOT GRADED: ada: {run.CROWDED}" in capsys.readouterr().out
    assert run.main([*grade, "--jobs=1"]) == 0
    assert course.points()["ada"]["q2"] == 2


def test_the_first_interrupt_ends_the_jails_and_says_so(capsys):
    with run.stop_on_interrupt() as stopped:
        assert not stopped()
        signal.raise_signal(signal.SIGINT)
        assert stopped()
        assert jail.STOP.is_set()
    assert not jail.STOP.is_set()
    assert "stopping; what runs now is run again" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["c*", "c?x", "c [2026]", "c$HOME", "c%20d"])
def test_a_folder_that_nbgrader_takes_for_a_pattern_is_refused(tmp_path, name):
    for command in (run.Class, release.release):
        with pytest.raises(sets.SetError, match=r"part of a pattern: give the folder a name"):
            command(SET, root=tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_gradebook_that_was_lost_and_made_anew_gets_its_points_back(tmp_path):
    need_a_jail()
    course = Course(tmp_path)
    course.hand_in("ada", course.notebook(course.right("q1")))
    course.run("grade", SET)
    (tmp_path / "gradebook.db").unlink()
    release.release(SET, root=tmp_path)
    course.run("grades")
    table = (tmp_path / "grades.csv").read_text()
    assert "not in the gradebook: run make grade again" in table
    assert "1 submissions graded now" in course.run("grade", SET).stdout
    assert course.points()["ada"]["q1"] == 2


def test_the_table_waits_for_every_automatic_point(course):
    table = make(course, "grades")
    assert "not read yet" in table.stderr
    with course.gradebook() as book:
        book.find_grade("q2", SET, SET, "half").auto_score = None
        book.find_grade("q4", SET, SET, "perfect").manual_score = 3.0
        book.db.commit()
    refused = make(course, "grades", check=False)
    assert refused.returncode != 0
    assert "half: q2 of ps-small" in refused.stderr
    refused = course.nbgrader("export")
    assert refused.returncode != 0
    kept = course.root / "runs" / SET
    (kept / "half.done").unlink()
    (kept / "half.read.json").unlink()
    (kept / "half.read.json").mkdir()  # so that this one cannot be entered
    assert "NOT GRADED: half" in course.run("grade", SET, check=False).stdout
    make(course, "grades")
    (kept / "half.read.json").rmdir()
    lines = csv.DictReader((course.root / "grades.csv").read_text().splitlines())
    of = {line["student_id"]: (line["score"], line["status"]) for line in lines}
    assert of["half"] == ("", "could not be graded")
    assert of["perfect"] == ("8.0", "graded")
    make(course, "grade", f"PS={SET}", "ARGS=--again")
    make(course, "grades")
    rows = (course.root / "grades.csv").read_text().splitlines()
    score = rows[0].split(",").index("score")
    scores = {row.split(",")[3]: float(row.split(",")[score]) for row in rows[1:]}
    assert scores == {"perfect": 8, "half": 3, "empty": 0, "raises": 2, "text-only": 0}


def test_feedback_explains_and_gives_nothing_away(course):
    make(course, "feedback", f"PS={SET}")
    assert "<math" in (course.root / "feedback" / "perfect" / SET / f"{SET}.html").read_text()
    ours = (course.root / "feedback" / "raises" / SET / f"{SET}.html").read_text()
    assert "ZeroDivisionError" in ours
    assert "It was called with" in ours
    done = course.nbgrader("generate_feedback", SET, "--force")
    assert done.returncode == 0, done.stderr
    for page in course.root.glob("feedback/*/*/*.html"):
        html = page.read_text(encoding="utf-8")
        assert not re.search(r"<script|(?:src|href)=[\"']?(?:https?:)?//", html.split("<body>")[0])
        assert not re.search(r"<(?:script|link|iframe|object)|(?:src|poster)=\"(?!data:)", html)
        assert "default-src 'none'" in html
        assert "rubric's secret sentence" not in html
        assert "BEGIN SOLUTION" not in html


def test_feedback_makes_no_request(course, chromium):
    make(course, "feedback", f"PS={SET}")
    page = chromium.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((course.root / "feedback" / "half" / SET / f"{SET}.html").as_uri())
    assert len(asked) == 1
    assert "of 8 points" in page.inner_text("body")
    page.close()


# ---------------------------------------------------------------- robust intake


def raw(notebook):
    return json.loads(nbformat.writes(notebook))


def test_whatever_is_handed_in_is_graded_or_set_aside_with_a_reason(tmp_path):
    need_a_jail()
    course = Course(tmp_path)
    full = course.notebook(course.right("q1", "q2", "q3"))
    whole = nbformat.writes(full)
    everything = {q: p for q, p in zip(("q1", "q2", "q3"), (2, 2, 1), strict=True)}

    def cells(change):
        notebook = raw(full)
        change(notebook["cells"])
        return json.dumps(notebook).encode()

    def index(cells, name):
        return next(i for i, c in enumerate(cells) if c["metadata"]["nbgrader"]["grade_id"] == name)

    def edit_check(cells):
        cells[index(cells, "q1")]["source"] = "print('2.0')\n2.0"

    def twice(cells):
        answer = json.loads(json.dumps(cells[index(cells, "q1-answer")]))
        answer["source"] = "def scale(x):\n    return 0"
        cells.insert(0, answer)
        cells.append(json.loads(json.dumps(cells[index(cells, "q1")])))

    def promote(cells):
        for cell in cells:
            cell["metadata"]["nbgrader"] |= {"points": 1000, "grade": True, "solution": True}
            cell["metadata"]["trusted"] = True

    def without_metadata(cells):
        for cell in cells:
            cell["metadata"] = {}

    def old_outputs(cells):
        for cell in cells:
            if cell["cell_type"] == "code":
                text = "99\n" * 400_000
                cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]

    graded = {
        "wrong-name": course.hand_in("wrong-name", full, name="softmax (1).ipynb"),
        "missing-cell": course.hand_in("missing-cell", data=cells(lambda c: c.pop(index(c, "q3")))),
        "missing-answer": course.hand_in(
            "missing-answer", data=cells(lambda c: c.pop(index(c, "q3-answer")))
        ),
        "reversed": course.hand_in("reversed", data=cells(lambda c: c.reverse())),
        "edited": course.hand_in("edited", data=cells(edit_check)),
        "twice": course.hand_in("twice", data=cells(twice)),
        "promoted": course.hand_in("promoted", data=cells(promote)),
        "bare": course.hand_in("bare", data=cells(without_metadata)),
        "outputs": course.hand_in("outputs", data=cells(old_outputs)),
        "bom": course.hand_in("bom", data=b"\xef\xbb\xbf" + whole.encode()),
        "Zoë Müller": course.hand_in("Zoë Müller", full),
        "李雷": course.hand_in("李雷", full),
    }
    aside = {
        "truncated": course.hand_in("truncated", data=whole.encode()[: len(whole) // 2]),
        "foreign": course.hand_in("foreign", data=b'{"cells": 3}'),
        "deep": course.hand_in("deep", data=b"[" * 200_000),
        "binary": course.hand_in("binary", data=bytes(range(256))),
        "another-set": course.hand_in(
            "another-set", nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
        ),
        "a-text": course.hand_in("a-text", name="answers.docx", data=b"PK"),
    }
    os.symlink("/etc/passwd", course.hand_in("linked", full, name="x.ipynb").with_name("y.ipynb"))
    course.hand_in("linked", full, name="x.ipynb").unlink()
    older = course.hand_in("two", course.notebook(), name="first.ipynb")
    os.utime(older, (10**9, 10**9))
    course.hand_in("two", full, name="second.ipynb")
    course.hand_in("broken-newest", full, name="first.ipynb")
    os.utime(course.root / "inbox" / SET / "broken-newest" / "first.ipynb", (10**9, 10**9))
    course.hand_in("broken-newest", data=whole.encode()[:99], name="second.ipynb")
    with zipfile.ZipFile(course.root / "inbox" / SET / "all.zip", "w") as archive:
        archive.writestr("all/zipped/any name.ipynb", whole)
        archive.writestr("all/Müller, Jörg_12345_assignsubmission_file_/softmax.ipynb", whole)
        archive.writestr("all/../../../escaped/ps-small.ipynb", whole)
        archive.writestr("/absolute/ps-small.ipynb", whole)
        link = zipfile.ZipInfo("all/zip-link/ps-small.ipynb")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    (course.root / "inbox" / SET / "bad.zip").write_bytes(b"PK\x03\x04 no archive")
    (course.root / "inbox" / SET / f"{SET} (2).ipynb").write_bytes(whole.encode())

    for number in range(9):
        course.hand_in("flood", name=f"{number}.exe", data=b"")
    course.hand_in("flood", name="work.ipynb", data=b"[]")

    printed = course.run("grade", SET).stdout
    points = {
        name: {q: s for q, s in p.items() if q != "q4"} for name, p in course.points().items()
    }
    exceptions = {"missing-answer": everything | {"q3": 0}}
    ids = [intake.student_id(name) for name in graded]
    assert set(points) == {*ids, "two", "broken-newest", "zipped", "Muller_Jorg"}
    for name in points:
        assert points[name] == exceptions.get(name, everything), name
    said = course.set_aside()
    for path in aside.values():
        assert f"{path.parent.name}/{path.name},set aside" in said
    for name, reason in {
        "truncated": "truncated", "foreign": "no notebook", "another-set": "no cell of this",
        "linked": "symbolic link", "zip-link": "symbolic link", "escaped": "another folder",
        "absolute": "another folder", "bad.zip": "archive cannot be read", "first": "newer one",
        "second": "another file of this student is graded", "(2)": "nothing says whose it is",
        "edited": "given cell q1 had been changed", "twice": "was there 2 times",
        "reversed": "another order", "missing-cell": "cell q3 was missing",
    }.items():  # fmt: skip
        assert re.search(f".*{re.escape(name)}.*{reason}", said), (name, said)
    said = course.run("grades").stderr
    assert "set aside, not among the grades: ps-small: truncated/ps-small.ipynb: " in said
    assert "second.ipynb" not in said
    for lines, start in ((printed, "set aside: "), (said, f"the grades: {SET}: ")):
        assert lines.count(f"{start}flood/") == run.FEW
        assert f"{start}flood/work.ipynb: " in lines  # before what nobody takes for work
        assert f"{start}5 more files of flood" in lines
    assert not list(tmp_path.parent.glob("**/escaped"))
    assert not Path("/absolute").exists()


def test_what_nbgrader_collected_is_taken_in_as_well(tmp_path):
    need_a_jail()
    course = Course(tmp_path)
    folder = course.root / "submitted" / "ada" / SET
    folder.mkdir(parents=True)
    right = course.notebook(course.right("q1"))
    nbformat.write(right, folder / "softmax (1).ipynb")
    (folder / "timestamp.txt").write_text("2020-01-01 10:00:00 UTC")
    with course.gradebook() as book:
        book.update_or_create_assignment(SET, duedate="2019-12-31 22:00:00")
    done = course.run("grade", SET, env={"TZ": "Asia/Tokyo"})
    assert "late: ada, by 12.0 h" in done.stdout
    assert "due: 2020-01-01 07:00 JST, which is 2019-12-31 22:00 UTC;" in done.stdout
    assert course.points()["ada"]["q1"] == 2
    assert "0 submissions graded now, 1 before" in course.run("grade", SET).stdout


OWN_SETTINGS = {
    "none yet": None,
    "a bracket left open": "c = get_config()\nc.GradeInJail.limits = {",
    "of a book that was moved": "c = get_config()\nload_subconfig('x.py', path='/nowhere')\n",
    "as the first run writes them": run.OWN_CONFIG,
}


@pytest.mark.parametrize("own", OWN_SETTINGS.values(), ids=OWN_SETTINGS)
def test_nbgraders_own_autograde_has_the_jail_whatever_a_course_sets(tmp_path, own):
    """nbgrader passes over settings that are not there or fail, and would grade without one."""
    need_a_jail()
    course = Course(tmp_path / "course")
    settings = course.root / "nbgrader_config.py"
    settings.unlink() if own is None else settings.write_text(own)
    (tmp_path / "out").mkdir(mode=0o777)
    spy = f"open({str(tmp_path / 'out' / 'was_here')!r}, 'w')"
    folder = course.root / "submitted" / "ada" / SET
    folder.mkdir(parents=True)
    nbformat.write(course.notebook(course.right("q1"), first=spy), folder / f"{SET}.ipynb")
    done = course.nbgrader("autograde", SET)
    assert done.returncode == 0, done.stderr
    assert not list((tmp_path / "out").iterdir())
    assert course.points()["ada"]["q1"] == 2


def test_another_nbgrader_than_the_books_is_told_that_it_has_no_jail(tmp_path):
    course = Course(tmp_path)
    (course.root / "nbgrader_config.py").write_text(run.OWN_CONFIG)
    done = course.nbgrader("autograde", SET, env={"JUPYTER_NO_CONFIG": "1"})
    assert done.returncode != 0
    assert "Only the book's own nbgrader" in done.stderr


# ---------------------------------------------------------------- stop and continue


def test_an_output_that_lacks_a_letter_of_a_name_says_the_rest(tmp_path):
    course = Course(tmp_path)
    (tmp_path / "inbox" / SET).mkdir(parents=True, exist_ok=True)
    (tmp_path / "inbox" / SET / "李雷.pdf").write_bytes(b"%PDF")
    done = course.run("grade", SET, env={"PYTHONIOENCODING": "latin-1"})
    assert "\\u674e\\u96f7.pdf" in done.stdout
    assert "the list of all files" in done.stdout


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_broken_off_continues(tmp_path, how):
    need_a_jail()
    course = Course(tmp_path)
    for number in range(6):
        notebook = course.notebook(course.right("q1", "q2"), first="import time; time.sleep(0.5)")
        course.hand_in(f"s{number}", notebook)
    command = [sys.executable, "-m", "grading", "grade", SET, "--root", str(tmp_path), "--jobs=1"]
    process = subprocess.Popen(
        command, cwd=prose.ROOT, stdout=-3, stderr=-3, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while len(list(tmp_path.glob(f"runs/{SET}/*.done"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    # Ctrl-C reaches all that a terminal's command has begun.
    (os.killpg if how == signal.SIGINT else os.kill)(process.pid, how)
    process.wait(60)
    done = {path.stem: path.stat().st_mtime_ns for path in tmp_path.glob(f"runs/{SET}/*.done")}
    assert 2 <= len(done) < 6
    said = course.run("grade", SET).stdout
    assert f"{6 - len(done)} submissions graded now, {len(done)} before" in said
    for name, written in done.items():
        assert (tmp_path / "runs" / SET / f"{name}.done").stat().st_mtime_ns == written
    assert {tuple(p.values()) for p in course.points().values()} == {(2, 2, 0, 0)}
    assert len(course.points()) == 6


# ---------------------------------------------------------------- without a jail


def fake_bwrap(folder, said):
    program = folder / "bwrap"
    program.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.skipif(sys.platform != "linux", reason="the jail is Linux's")
@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("bwrap: setting up uid map: Permission denied", "AppArmor"),
        ("bwrap: No permissions to create new namespace", "Containerfile"),
        ("bwrap: Unknown option --size", "0.8 or newer"),
    ],
)
def test_without_a_jail_grading_refuses_and_says_what_helps(tmp_path, said, remedy):
    course = Course(tmp_path / "course")
    course.hand_in("ada", course.notebook(course.right("q1"), first="open('ran', 'w')"))
    env = fake_bwrap(tmp_path, said)
    done = course.run("grade", SET, env=env, check=False)
    assert done.returncode != 0
    assert remedy in done.stderr
    assert said in done.stderr
    assert "--unsafe-no-jail" in done.stderr
    course.run("grade", SET, env={"PATH": str(tmp_path / "nothing")}, check=False)
    assert not course.points()
    intake.write(intake.take_in(intake.gather(course.root / "inbox" / SET, SET), course.given)[0],
                 course.root, SET)  # fmt: skip
    assert course.nbgrader("autograde", SET, env=env).returncode != 0
    assert {p["q1"] for p in course.points().values()} <= {None}
    assert not list(course.root.rglob("ran"))
    unsafe = course.run("grade", SET, "--unsafe-no-jail", env=env)
    assert "NO JAIL" in unsafe.stderr
    assert course.points()["ada"]["q1"] == 2


@pytest.mark.parametrize("module", ["grading", "grading.release"])
def test_a_python_that_drops_docstrings_will_do(module):
    subprocess.run([sys.executable, "-B", "-OO", "-m", module, "--help"], check=True)


@pytest.mark.parametrize("linked", [False, True])
def test_of_the_base_python_its_own_parts_are_in_the_jail_and_nothing_beside(tmp_path, linked):
    """Installed into a home, it has the course beside it; uv leads to it by a linked folder."""
    home, student = tmp_path / "home", tmp_path / "student"
    for name in ("bin/python3.11", "bin/other", "lib/python3.11/os.py", "lib/libpython3.11.so.1.0",
                 "lib/libssl.so.3", "lib/python3.11/site-packages/ce_lib.py", "course/gradebook.db",
                 "pkgs/scipy/site-packages/scipy.py", ".local/share/jupyter/token"):  # fmt: skip
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(name)
    base = tmp_path / "link" if linked else home
    if linked:
        base.symlink_to(home)
    (student / "bin").mkdir(parents=True)
    (student / "bin" / "python").symlink_to(base / "bin" / "python3.11")
    (student / "pyvenv.cfg").write_text(f"home = {home / 'bin'}\nversion = 3.11.7\n")
    parts = jail.base_python(student)
    own = {"bin/python3.11", "lib/python3.11", "lib/libpython3.11.so.1.0", "lib/libssl.so.3"}
    assert set(parts.values()) == {home / name for name in own}
    assert set(parts) == {where / name for where in {base, home} for name in own}
    line = jail.command(student, jail.Limits(), False)
    hidden = [line[n + 1] for n, word in enumerate(line) if word == "--tmpfs"]
    assert str(base / "lib" / "python3.11" / "site-packages") in hidden
    jail.private([home / "course"], student)
    for folder in (
        home / "lib" / "python3.11" / "course",
        student / "course",
        Path("/usr/share/x"),
    ):
        with pytest.raises(jail.NoJail, match="which submissions can read: move it"):
            jail.private([folder], student)


def test_a_jail_that_fails_for_one_is_tried_again_and_costs_that_one_only(monkeypatch):
    tries = []

    def put(cells, asked, found, *_):
        ((name, _),) = cells
        tries.append(name)
        if name == "never" or tries.count(name) < 2:
            raise jail.NoJail("no jail could be made: time")
        found.shown[name] = tries.count(name)

    monkeypatch.setattr(jail.submission, "put", put)
    tasks = [(who, [[what, ""]]) for who, what in dict(ada="later", bob="never", eve="too").items()]
    found = dict(run.here(1, tasks, lambda it: jail.run_twice(it, questions=[], walls=False)))
    assert isinstance(found.pop("bob"), jail.NoJail)
    assert {who: record["cells"] for who, record in found.items()} == {
        "ada": {"later": 2},
        "eve": {"too": 2},
    }

    class Course:
        def enter(self, *_):
            pass

    failed = run.enter_all(Course(), {"bob": ()}, [("bob", jail.NoJail("why"))], 1)
    assert failed == {"bob": "why"}


def test_time_that_is_up_is_the_submissions_fault_and_not_the_jails():
    need_a_jail()
    limits = jail.Limits(total=2, cell=10)
    cells = [["a", "import time; time.sleep(60)"], ["b", "x = 1"]]
    record = jail.run(cells, [["q", "value", "x", [[]]]], limits)
    assert record["answers"] == {"q": [{"died": "unreached"}]}
    assert "more time than allowed" in json.dumps(record["cells"]["a"])
    assert "not reached" in json.dumps(record["cells"]["b"])


BOMB = """
import threading, time
while True:
    try:
        threading.Thread(target=time.sleep, args=(1000,)).start()
    except RuntimeError:
        time.sleep(0.01)
"""


def test_a_bomb_under_a_slow_grader_is_the_submissions_fault_and_not_the_jails(monkeypatch):
    """A busy grader looks late and seldom; by then the first cell may have run for long."""
    need_a_jail()
    look = jail.Jail.look

    def slow(self, deadline):
        time.sleep(0.5)
        look(self, deadline)

    monkeypatch.setattr(jail.Jail, "look", slow)
    record = jail.run([["a", BOMB], ["b", "x = 1"]], [["q", "value", "x", [[]]]])
    assert "more processes than allowed" in json.dumps(record["cells"]["a"])
    assert record["answers"] == {"q": [{"value": 1}]}


ENDLESS = "import os, itertools\nfor n in itertools.count(): os.mkdir(f'/tmp/{n}')"


def test_the_cell_that_broke_a_limit_is_blamed_however_late_the_grader_looks(monkeypatch):
    need_a_jail()
    look = jail.Jail.look

    def late(self, deadline):
        time.sleep(0.5 if self.ready else 0)
        look(self, deadline)

    monkeypatch.setattr(jail.Jail, "look", late)
    cells = [["a", "x = 1"], ["b", ENDLESS]]
    record = jail.run(cells, [["q", "value", "x", [[]]]])
    assert "more files than allowed" in json.dumps(record["cells"]["b"])
    assert record["cells"]["a"] == []
    assert record["answers"] == {"q": [{"value": 1}]}


def test_what_has_come_in_time_counts_however_late_the_grader_looks():
    need_a_jail()
    with jail.Jail(jail.Limits()) as inside:
        inside.start()
        inside.hand_over([], [])
        time.sleep(1)
        assert inside.read(0) == {"cells": "done"}


def test_a_million_empty_lines_are_looked_through():
    """With a pattern whose time grows with their square this would take hours."""
    assert verdict._binds("scale", {"a": "\n" * 10**6 + "scale = 1", "b": "x = 1"}) == ["a"]


def test_what_a_jail_takes_back_from_its_pipe_is_not_waited_for(monkeypatch):
    """An ordinary user's may be opened again for reading, and `select` had seen something."""
    need_a_jail()
    with jail.Jail(jail.Limits()) as inside:
        inside.start()
        assert not os.get_blocking(inside.answers)
        monkeypatch.setattr(jail.watch.select, "select", lambda reads, *_: (reads, [], []))
        assert not inside.take(0)


def test_a_look_that_waits_for_the_jail_ends_it(monkeypatch):
    """The kernel's files on a process may wait for as long as it changes its memory."""
    need_a_jail()
    measure = jail.Jail.measure

    def waits(self, now):
        if self.ready:
            first = os.pidfd_open(jail.proc.children(self.process.pid)[0])
            jail.watch.select.select([first], [], [], 60)
            os.close(first)
        measure(self, now)

    monkeypatch.setattr(jail.watch, "SLOW", 1.0)
    monkeypatch.setattr(jail.Jail, "measure", waits)
    start = time.monotonic()
    record = jail.run([["a", ENDLESS]], [], jail.Limits(attempts=1))
    assert record["ended"] == {"a": "memory"}
    assert time.monotonic() - start < 30


def test_a_jail_that_has_to_end_is_killed_before_the_rest_of_its_words_is_read(monkeypatch):
    """To read it may take seconds, and nobody looks meanwhile."""
    need_a_jail()

    def look(deadline):
        raise jail.Ended("sockets")

    with jail.Jail(jail.Limits()) as inside:
        inside.start()
        inside.hand_over([["a", "import time; time.sleep(60)"]], [])
        first = os.pidfd_open(jail.proc.children(inside.process.pid)[0])
        monkeypatch.setattr(inside, "look", look)
        inside.watch(0)
        assert jail.watch.select.select([first], [], [], 5)[0]
        with pytest.raises(jail.Ended, match="sockets"):
            inside.read(5)
        os.close(first)


@pytest.mark.parametrize(
    ("kills", "does"), [(1, "kill(os.getpid(), 9)"), (1, "_exit(9)"), (0, "kill(os.getpid(), 9)")]
)
def test_whom_the_kernel_ended_for_anothers_memory_is_run_again(kills, does, monkeypatch):
    need_a_jail()
    counts = [0, kills]
    monkeypatch.setattr(jail.watch, "oom_kills", lambda: counts.pop(0) if counts else kills)
    cells = [["a", f"import os; os.{does}"]]
    if kills and "kill" in does:
        with pytest.raises(jail.Unwatched, match="ran out of memory"):
            jail.run(cells, [])
    else:
        assert jail.run(cells, [])["ended"] == {"a": "exit"}


def test_nobody_waits_for_a_killed_process_while_others_fill_the_memory(monkeypatch):
    need_a_jail()
    with jail.Jail(jail.Limits(memory=1000)) as inside, subprocess.Popen(["sleep", "60"]) as slow:
        monkeypatch.setattr(jail.watch, "held", lambda pid: 2000 if pid == 1 else 0)
        fd = os.pidfd_open(slow.pid)
        with pytest.raises(jail.Ended, match="memory"):
            inside.await_end(fd, [1])
        slow.kill()
        inside.await_end(fd, [1])
        os.close(fd)


def test_what_python_takes_in_place_of_epoll_works_and_ranks_change_nothing():
    need_a_jail()
    asks = """if True:
        import asyncio, os, select, selectors
        for refused in (select.epoll, lambda: os.eventfd(0)):
            try:
                refused()
            except PermissionError:
                print(selectors.DefaultSelector.__name__)
        async def three():
            echo = await asyncio.create_subprocess_exec("echo", "3", stdout=-1)
            return (await echo.communicate())[0]
        import threading
        def runs():
            print(asyncio.run(three()))
        thread = threading.Thread(target=runs)
        thread.start()
        thread.join()
        os.setpriority(os.PRIO_PROCESS, 0, 19)
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        print(os.getpriority(os.PRIO_PROCESS, 0) < 19, os.sched_getscheduler(0))
    """
    (shown,) = jail.run([["a", asks]], [])["cells"]["a"]
    assert shown["text"].splitlines() == ["PollSelector", "PollSelector", "b'3\\n'", "True 0"]


def test_while_a_look_is_held_up_nothing_in_the_jail_goes_on(monkeypatch):
    need_a_jail()
    looked, of_jail, states = [], jail.Jail.measure, []

    def slow(self, now):
        of_jail(self, now)
        looked.append(now)
        if len(looked) == 5:
            time.sleep(1)
            for pid in jail.proc.descendants(self.process.pid):
                states.append(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0])

    monkeypatch.setattr(jail.Jail, "measure", slow)
    record = jail.run([["a", "import time\ntime.sleep(2)\nprint(1)"]], [])
    assert set(states) == {"T"}
    assert record["cells"]["a"][0]["text"] == "1\n"


def test_processes_that_come_and_go_beside_a_large_array_cost_nothing():
    """Between vfork and exec two processes have one memory; it counts once, as it is one."""
    need_a_jail()
    cell = """
        import numpy as np, os, subprocess, time
        from multiprocessing import Pool
        x, end = np.ones(80_000_000), time.time() + 3
        while time.time() < end:
            subprocess.run(["true"])
            if (child := os.fork()) == 0:
                os._exit(0)
            os.waitpid(child, 0)
        with Pool(8, maxtasksperchild=1) as pool:
            print(sum(pool.map(abs, range(200), chunksize=1)))
    """
    record = jail.run([["a", textwrap.dedent(cell)]], [])
    assert record["ended"] == {}
    assert record["cells"]["a"][0]["text"] == "19900\n"


def test_of_the_kernels_counters_a_jail_sees_few():
    """Some, as those in /proc/vmstat, keep what a jail before has counted up."""
    need_a_jail()
    asks = """if True:
        from pathlib import Path
        seen = []
        for path in Path("/proc").iterdir():
            if path.name.isdecimal() or path.is_symlink():
                continue
            if path.is_dir() and list(path.iterdir()) or path.is_file() and path.read_bytes():
                seen.append(path.name)
        print(*sorted(seen))
    """
    (shown,) = jail.run([["a", asks]], [])["cells"]["a"]
    assert set(shown["text"].split()) == jail.walls.OF_PROC


def test_each_jail_has_a_processor_and_the_grader_has_all(tmp_path, monkeypatch):
    """A thread that shared one with all processes of its jail could not watch them."""
    need_a_jail()
    # Jails of other tests hold processors, too.
    monkeypatch.setattr(jail.place.tempfile, "gettempdir", lambda: str(tmp_path))
    processors = os.sched_getaffinity(0)
    asks = [["a", "import os, time; time.sleep(1); print(sorted(os.sched_getaffinity(0)))"]]
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(jail.run, asks, []) for _ in range(2)]
        own = [json.loads(one.result()["cells"]["a"][0]["text"]) for one in runs]
        assert set(pool.map(lambda _: frozenset(os.sched_getaffinity(0)), range(2))) == {
            frozenset(processors)
        }
    assert [len(each) for each in own] == [1, 1]
    assert len({*own[0], *own[1]}) == min(2, len(processors))


def test_a_processor_is_free_again_though_a_child_of_the_grader_has_its_file(tmp_path, monkeypatch):
    """What compares or explains is a child, made while other jails run."""
    monkeypatch.setattr(jail.place.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    taken = jail.place.Processor()
    child = os.fork()
    if not child:
        time.sleep(60)
        os._exit(0)
    try:
        assert taken.file
        assert jail.place.Processor().file is None
        taken.leave()
        after = jail.place.Processor()
        assert after.file
        after.leave()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_who_writes_frames_without_end_that_nobody_waits_for_is_stopped():
    """They kept the grader as busy as the submission."""
    need_a_jail()
    floods = """if True:
        import fcntl, os
        for number in range(3, 20):
            try:
                if fcntl.fcntl(number, fcntl.F_GETFL) & 3 == os.O_WRONLY:
                    break
            except OSError:
                pass
        while True:
            os.write(number, b"{}\\n" * 1000)
    """
    assert jail.run([["a", floods]], [])["ended"] == {"a": "output"}


def test_a_session_of_its_own_has_no_effect():
    """The kernel would give each as much of a processor as it gives the grader."""
    need_a_jail()
    asks = """if True:
        import os, subprocess
        before = os.getsid(0)
        if os.fork() == 0:
            os.setsid()
            os._exit(os.getsid(0) != before)
        print(os.wait()[1])
        subprocess.run(["true"], start_new_session=True, check=True)
    """
    assert jail.run([["a", asks]], [])["cells"]["a"][0]["text"] == "0\n"


def test_a_frame_of_more_lists_than_an_answer_may_have_is_not_parsed(monkeypatch):
    """Eight million brackets took seconds, and a hundred times their length of memory."""
    need_a_jail()
    parsed = []
    parse = exchange.parse
    with jail.Jail(jail.Limits()) as inside:
        inside.start()
        monkeypatch.setattr(exchange, "parse", lambda line: parsed.append(line) or parse(line))
        texts = exchange.dump({"cell": "a", "outputs": [], "text": ',[\\"' * 10**6})
        endless = b"," * 2**21 + b'"' + 10**6 * rb"\"" + b"\\\n"  # a text without an end
        lists = b'{"x":[' + b",".join([b"[" * 900 + b"]" * 900] * 4000) + b"]}\n"
        inside.buffer += lists + endless + texts
        assert inside.read(5)["cell"] == "a"
    assert parsed == [texts[:-1]]


def test_a_figure_in_another_form_is_shown_as_a_picture():
    need_a_jail()
    plot = "import matplotlib.pyplot as plt; plt.plot([1]); plt.show()"
    asks = "b.set_matplotlib_formats('pdf')"
    image = "import PIL.Image, IPython.display as d; PIL.Image.new('RGB', (9, 9)).save('a.jpg')"
    cells = [
        ["svg", f"%config InlineBackend.figure_format = 'svg'\n{plot}"],
        ["pdf", f"from matplotlib_inline import backend_inline as b\n{asks}\n{plot}"],
        ["jpg", f"{image}; d.Image('a.jpg')"],
    ]
    shown = jail.run(cells, [])["cells"]
    kinds = {name: [*outputs[-1].get("data", {})] for name, outputs in shown.items()}
    assert kinds == {
        "svg": ["text/plain", "image/png"],
        "pdf": ["text/plain", "image/png"],
        "jpg": ["text/plain", "image/jpeg"],
    }


def test_letters_beyond_ascii_are_cut_and_end_nothing():
    """On their way out each takes six bytes or twelve, and a line has a limit."""
    need_a_jail()
    cells = [["prints", "x = 1\nfor _ in range(30_000): print('█' * 30 + '░' * 30)"]]
    cells += [["later", "print('here')"]]
    record = jail.run(cells, [["prints", "value", "x", [[]]]])
    assert (record["ended"], record["answers"]) == ({}, {"prints": [{"value": 1}]})
    (shown, cut) = record["cells"]["prints"]
    assert shown["text"].startswith("█" * 30 + "░" * 30 + "\n")
    assert "The output is cut here" in cut["text"]


def test_one_figure_that_is_too_large_leaves_room_for_others():
    need_a_jail()
    figure = "import IPython.display as d, os\nd.display(d.Image(b'\\x89PNG' + os.urandom({})))"
    cells = [["large", figure.format(3_000_000)], ["small", figure.format(100)]]
    shown = jail.run([*cells, ["print", "print('here')"]], [])["cells"]
    assert "The output is cut here" in shown["large"][0]["text"]
    assert "image/png" in shown["small"][0]["data"]
    assert shown["print"][0]["text"] == "here\n"


@pytest.mark.parametrize("takes", ["[0] * 10**9", "[bytearray(10**8) for _ in range(40)]"])
def test_what_ends_a_process_may_be_defined_again_further_down(takes):
    need_a_jail()
    limits = jail.Limits(memory=400 * 2**20)
    cells = [["q", f"kept = []\ndef f(x): kept.append({takes}); return x"]]
    cells += [["again", "def f(x): return 2 * x"]]
    record = jail.run(cells, [["q", "function", "f", [[3]]]], limits)
    assert record["later"] == {"q": [{"value": 6}]}


def test_files_that_cells_leave_open_cost_their_own_cell_only():
    need_a_jail()
    opens = "files = []\nwhile True: files.append(open('/dev/null'))"
    cells = [["x", "def x(): return 1"], ["files", opens], ["y", "def y(): return 2"]]
    questions = [["x", "function", "x", [[]]], ["y", "function", "y", [[]]]]
    record = jail.run(cells, questions)
    assert record["answers"] == {"x": [{"value": 1}], "y": [{"value": 2}]}
    assert "Too many open files" in json.dumps(record["cells"]["files"])


def test_a_long_error_costs_its_own_question_only():
    need_a_jail()
    names = [f"q{number}" for number in range(6)]
    cells = [["q", "".join(f"def {n}(): raise OSError('é' * 2_000_000)\n" for n in names[1:])]]
    cells += [["q0", "def q0(): return 1"]]
    questions = [[name, "function", name, [[]]] for name in (*names[1:], "q0")]
    answers = jail.run(cells, questions)["answers"]
    assert answers["q0"] == [{"value": 1}]
    assert all(answers[name][0]["error"][0] == "OSError" for name in names[1:])


def test_threads_that_print_while_cells_end_end_nothing():
    need_a_jail()
    prints = """
import sys, threading
sys.setswitchinterval(1e-6)
def printing():
    while not over:
        print("step")
over = False
threads = [threading.Thread(target=printing) for _ in range(2)]
[thread.start() for thread in threads]
"""
    cells = [["threads", prints], *([f"{n}", f"display({n})"] for n in range(150))]
    record = jail.run([*cells, ["end", "over = True"]], [])
    assert record["ended"] == {}


def test_slow_cells_of_ones_own_leave_time_for_the_questions():
    need_a_jail()
    limits = jail.Limits(cell=3, cells=4)
    slow = "import time; time.sleep(60)"
    cells = [*([f"added-{n}", slow] for n in range(6)), ["q", "x = 1"]]
    start = time.monotonic()
    record = jail.run(cells, [["q", "value", "x", [[]]]], limits)
    assert record["answers"] == {"q": [{"value": 1}]}
    assert time.monotonic() - start < 30
    assert "took all the time" in json.dumps(record["cells"]["added-5"])


def test_what_a_slow_cell_defines_is_there_for_hidden_questions_as_well():
    need_a_jail()
    limits = jail.Limits(cell=2, cells=10, total=60)
    cells = [["a", "x, y = 1, 2\nimport time; time.sleep(60)"], ["p", ""], ["q", ""]]
    questions = [["p", "value", "x", [[]]], ["q", "value", "y", [[]]]]
    record = jail.run(cells, questions, limits, hidden=["q"])
    assert record["answers"] == {"p": [{"value": 1}], "q": [{"value": 2}]}


def test_what_a_slow_cell_defines_is_there_when_a_question_is_asked_again():
    """A pool of threads is not copied with the process, so the notebook is run up to there."""
    need_a_jail()
    limits = jail.Limits(cell=3, cells=10, total=60)
    pool = "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(1)\n"
    uses = "def f(x): return pool.submit(abs, x).result()\nimport time; time.sleep(60)"
    cells = [["made", f"{pool}pool.submit(abs, -1).result()"], ["q", uses]]
    record = jail.run(cells, [["q", "function", "f", [[exchange.encode(-2.0)]]]], limits)
    assert record["answers"] == {"q": [{"value": 2.0}]}


def test_each_call_of_a_question_has_the_time_of_a_call():
    need_a_jail()
    cells = [["q", "import time\ndef f(x):\n    time.sleep(0.7)\n    return x"]]
    calls = [[exchange.encode(float(n))] for n in range(4)]
    record = jail.run(cells, [["q", "function", "f", calls]], jail.Limits(call=2, question=2))
    assert record["answers"] == {"q": [{"value": float(n)} for n in range(4)]}


def test_a_grader_that_was_stopped_itself_blames_nobody():
    """As by Ctrl-Z: its clock goes on."""
    need_a_jail()
    program = """
        from grading import jail
        jail.watch.STALLED = 2
        look, looked = jail.Jail.look, []
        def noted(self, deadline):
            look(self, deadline)
            looked or looked.append(print("looked", flush=True))
        jail.Jail.look = noted
        cells = [["q", "import time; time.sleep(3); x = 1"]]
        try:
            print(jail.run(cells, [["q", "value", "x", [[]]]], jail.Limits(total=5)))
        except jail.Unwatched as error:
            print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    process = subprocess.Popen(command, cwd=prose.ROOT, stdout=-1, stderr=-2, text=True)
    assert process.stdout.readline() == "looked\n"  # before that it has no clock to compare with
    process.send_signal(signal.SIGSTOP)
    time.sleep(4)
    process.send_signal(signal.SIGCONT)
    said, _ = process.communicate(timeout=60)
    assert re.search(r"the grader itself was stopped for \d s: grade again", said)


def test_what_a_later_attempt_shows_is_not_shown():
    """It could show what an earlier one was asked."""
    need_a_jail()
    cells = [["a", "import time; print(time.time_ns())"], ["b", "import os; os._exit(0)"]]
    cells.append(["c", "def f(x): os._exit(0)"])
    ran = []
    whole = jail.submission.awaited

    def noted(*of):
        frame = whole(*of)
        ran.extend(output["text"] for output in frame.get("outputs", []) if of[2] == "a")
        return frame

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(jail.submission, "awaited", noted)
        record = jail.run(cells, [["q", "value", "x", [[]]]])
    assert len(set(ran)) > 1
    assert [output["text"] for output in record["cells"]["a"]] == ran[:1]


KILLS = """
import os, signal
for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
    if pid not in (1, os.getpid()):
        os.kill(pid, signal.SIGKILL)
"""
LARGE = "\na = b'x' * (120 * 2**20)"


@pytest.mark.parametrize("does", [KILLS, LARGE], ids=["killed", "too large"])
def test_a_state_that_is_lost_is_made_anew(does, monkeypatch):
    """What is kept for a question is on top of what the notebook holds, which alone has a limit.

    In each run questions are asked in their order: those whose inputs may not be shown come last.
    """
    need_a_jail()
    limits, ids = jail.Limits(memory=400 * 2**20), [f"q{n}" for n in range(1, 6)]
    cells = [[f"q{n}", f"{does if n > 1 or does is LARGE else ''}\nx = {n}"] for n in range(1, 6)]
    asked, ask = {}, jail.submission.ask
    monkeypatch.setattr(
        jail.submission, "ask", lambda *of: asked.setdefault(of[0], []).append(of[1].id) or ask(*of)
    )
    order = ["q3", "q1", "q5", "q2", "q4"]
    questions = [[name, "value", "x", [[]]] for name in order]
    record = jail.run([*cells, ["end", "x = 'end'"]], questions, limits)
    assert len(asked) > 1
    assert all(run == sorted(run, key=order.index) for run in asked.values())
    assert record["ended"] == {}
    assert [record["answers"][q] for q in ids] == [[{"value": n}] for n in range(1, 6)]


def test_a_notebook_that_is_too_large_itself_is_ended():
    need_a_jail()
    limits = jail.Limits(memory=400 * 2**20)
    cells = [
        ["a", LARGE],
        ["q", "x = 1"],
        ["c", f"b = a{LARGE}; c = b * 2\nimport time; time.sleep(1)"],
    ]
    record = jail.run(cells, [["q", "value", "x", [[]]]], limits)
    assert record["ended"] == {"c": "memory"}
    assert record["answers"] == {"q": [{"value": 1}]}


MAPS = """
import ctypes, time
libc = ctypes.CDLL(None)
libc.mmap.restype, libc.mmap.argtypes = ctypes.c_void_p, [ctypes.c_void_p] + 5 * [ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_long, ctypes.c_long]
"""
SCATTERED = """
for gigabyte in range(1, 30_000):  # a page in each; what is only read is no memory of its own
    page = libc.mmap(gigabyte * 2**30, 4096, 1, 0x100022, -1, 0)  # MAP_FIXED_NOREPLACE
    if page != 2**64 - 1:
        ctypes.c_char.from_address(page).value
time.sleep(9)
"""
SPLIT = """
start = libc.mmap(None, 2**30, 1, 0x4022, -1, 0)  # MAP_NORESERVE
for piece in range(9000):
    libc.mprotect(start + 8192 * piece, 4096, 3)
time.sleep(9)
"""


@pytest.mark.parametrize("does", [SCATTERED, SPLIT], ids=["tables", "mappings"])
def test_what_the_kernel_keeps_of_a_processs_memory_counts(does):
    need_a_jail()
    limits = jail.Limits(memory=200 * 2**20, mappings=9000)
    record = jail.run([["a", MAPS + does]], [], limits)
    assert record["ended"] == {"a": "memory"}


LONG_LINES = """
import ctypes, os, time
mmap, long = ctypes.CDLL(None).mmap, ctypes.c_long
mmap.argtypes, mmap.restype = [ctypes.c_void_p, long, *[ctypes.c_int] * 3, long], long
for _ in range(600):
    os.mkdir("\\n" * 255)
    os.chdir("\\n" * 255)
file = os.open("f", os.O_RDWR | os.O_CREAT)
os.ftruncate(file, 4096)
print([mmap(None, 4096, 1, 1, file, 0) for _ in range(300)].count(-1))
os.chdir("/tmp")
time.sleep(2)
"""


def test_a_list_of_mappings_does_not_fill_the_graders_memory():
    """Each line has the file's path, however long; here it is 180 MB."""
    need_a_jail()
    tracemalloc.start()
    record = jail.run([["a", LONG_LINES]], [])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert record["cells"]["a"][0]["text"] == "0\n"
    assert peak < 20 * 2**20


YIELDS = """
import ctypes, os, time
for _ in range(40):
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(15, b"gives way")  # PR_SET_NAME
        held = b"x" * (120 * 2**20)
        time.sleep(60)
    time.sleep(0.3)
"""


def test_processes_that_give_way_may_do_so_as_often_as_states_are_kept():
    need_a_jail()
    limits = jail.Limits(memory=400 * 2**20)
    cells = [["q", "x = 1"], ["c", YIELDS]]
    record = jail.run(cells, [["q", "value", "x", [[]]]], limits)
    assert record["ended"] == {"c": "memory"}
    assert record["answers"] == {"q": [{"value": 1}]}


BURIES = """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # what the dead have used is then told to nobody
for _ in range(40):
    if os.fork() == 0:
        end = time.process_time() + 0.5
        while time.process_time() < end: pass
        os._exit(0)
    time.sleep(0.6)
"""


def test_the_time_of_processes_that_are_gone_counts():
    need_a_jail()
    limits = jail.Limits(processor=2, total=40, cell=30)
    found = jail.run([["a", BURIES]], [], limits)
    assert "more processor time" in found["cells"]["a"][0]["text"]


def test_the_page_for_teachers_names_the_limits_and_the_remedy():
    page = (prose.ROOT / "pages" / "for_teachers.md").read_text(encoding="utf-8")
    of = jail.Limits()
    assert (
        f"{of.cell} seconds for a cell, {of.call} seconds for one call of a function, "
        f"{of.question} seconds for all calls of a question, {of.memory // 2**30} GB of memory in "
        f"total, {of.processes} processes and threads, "
        f"and {of.scratch // 2**20} MB of disk"
    ) in page
    assert (intake.cells.LINES, intake.cells.CODE) == (50_000, 1_000_000)
    assert "more than fifty thousand lines, or of more than a million characters" in page
    assert jail.remedy("bwrap: setting up uid map: Permission denied") in page


# ---------------------------------------------------------------- a cluster


def test_a_cluster_that_loses_a_worker_loses_and_doubles_nothing(tmp_path):
    need_a_jail()
    from dask.distributed import Client, LocalCluster

    course = Course(tmp_path)
    for number in range(8):
        notebook = course.notebook(course.right("q1", "q3"), first="import time; time.sleep(1)")
        course.hand_in(f"s{number}", notebook)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        victim, other = client.run(os.getpid).values()
        arguments = ["grade", SET, "--scheduler", cluster.scheduler_address]
        command = [sys.executable, "-m", "grading", *arguments, "--root", str(tmp_path)]
        process = subprocess.Popen(command, cwd=prose.ROOT, stdout=-1, stderr=-2, text=True)
        deadline = time.monotonic() + 120
        while len(list(tmp_path.glob(f"runs/{SET}/*.done"))) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(victim, signal.SIGKILL)
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 0, said
        assert victim != other
    assert "8 submissions graded now, 0 before" in said
    assert {tuple(p.values()) for p in course.points().values()} == {(2, 0, 1, 0)}
    assert len(course.points()) == 8


def test_a_cluster_without_workers_is_named(monkeypatch):
    from dask.distributed import LocalCluster

    monkeypatch.setattr(run, "PATIENCE", 1)
    with (
        LocalCluster(n_workers=0, dashboard_address=None) as cluster,
        pytest.raises(RuntimeError, match=r"has no workers: start one with dask worker tcp://"),
    ):
        next(run.on_cluster(cluster.scheduler_address, [("ada", [])], None))


def test_a_gradebook_that_is_not_reached_is_named_without_its_password(tmp_path, monkeypatch):
    course = Course(tmp_path)
    address = "postgresql+psycopg://ada:SECRET@127.0.0.1:9/none"
    with (
        pytest.raises(sets.SetError, match=r"127\.0\.0\.1:9/none cannot be read") as said,
        run.opened(address, course.root),
    ):
        pass
    assert "SECRET" not in str(said.value)
    assert "copy" not in str(said.value)


def test_how_many_run_at_a_time_is_said_once(tmp_path):
    course = Course(tmp_path)
    done = course.run("grade", SET, "--jobs", "2", "--scheduler", "tcp://x:1", check=False)
    assert "with --scheduler, the number of the cluster's workers says" in done.stderr


@pytest.mark.parametrize("kept", ["[]", "7", "{}", '{"digest": 1}', "\udcff", ""])
def test_what_was_kept_and_is_none_is_made_anew(tmp_path, kept):
    course = Course(tmp_path)
    course.hand_in("ada", course.notebook(course.right("q1")))
    course.run("grade", SET)
    for path in (tmp_path / "runs" / SET).glob("*.json"):
        path.write_text(kept, errors="surrogateescape")
    for path in (tmp_path / "runs" / SET).glob("*.done"):
        path.unlink()
    course.run("grade", SET)
    assert course.points()["ada"]["q1"] == 2


def test_an_interrupted_run_does_not_wait_for_a_cluster():
    from dask.distributed import LocalCluster

    tasks = [("ada", 0), ("bob", 5)]  # seconds
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        results = run.on_cluster(cluster.scheduler_address, tasks, time.sleep)
        assert next(results) == ("ada", None)
        jail.STOP.set()
        start = time.monotonic()
        try:
            assert list(results) == []
            assert time.monotonic() - start < 4
        finally:
            jail.STOP.clear()


def test_if_the_clusters_scheduler_dies_each_task_that_is_left_says_so():
    from dask.distributed import LocalCluster

    tasks = [("ada", 0), ("bob", 9), ("cy", 9)]
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        results = run.on_cluster(cluster.scheduler_address, tasks, time.sleep)
        assert next(results) == ("ada", None)
        cluster.sync(cluster.scheduler.close)
        left = dict(results)
    assert left.keys() == {"bob", "cy"}
    assert all(isinstance(why, Exception) for why in left.values())


def test_the_student_environment_has_numpy_and_matplotlib_alone():
    need_a_jail()
    names = ["numpy", "matplotlib.pyplot", "ipykernel", "tqdm", "scipy", "ce_lib", "pandas"]
    cells = [[name, f"import {name}"] for name in names]
    shown = jail.run(cells, [])["cells"]
    assert [name for name in names if not shown[name]] == names[:4]
    assert all("ModuleNotFoundError" in json.dumps(shown[name]) for name in names[4:])
