"""A class of attackers is graded: right points, right reasons, and nothing outside has changed.

The whole class goes through the real command, as the user who runs the tests and, if that is root,
as an ordinary user too.
"""

import hashlib
import json
import socket
import threading
from pathlib import Path

import nbformat
import prose
import pytest
from classroom import SET, USERS, Course, need_a_jail, open_folder
from hostile import ANSWER, ATTACKS, SCALE, SHARE

pytestmark = [pytest.mark.machine, pytest.mark.alone]


class Ears:
    """Listens where submissions try to connect, and remembers who came."""

    def __init__(self, root):
        """Listen on an internet port, an abstract socket and one in `root`."""
        self.came = []
        port = socket.socket()
        port.bind(("0.0.0.0", 0))
        self.port = port.getsockname()[1]
        abstract, file = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        abstract.bind(f"\0canary-{self.port}")
        file.bind(str(root / "canary.sock"))
        self.sockets = [port, abstract, file]
        for listener in self.sockets:
            listener.listen()
            threading.Thread(target=self.listen, args=(listener,), daemon=True).start()

    def listen(self, listener):
        """Accept until the socket is closed."""
        while True:
            try:
                self.came.append(listener.accept()[1])
            except OSError:
                return


class Outcome:
    """What came of grading the class."""


def snapshot(*folders):
    """Every file below the folders, by what it holds."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module", params=USERS)
def outcome(request):
    """Grade the class once for each user."""
    need_a_jail()
    with open_folder() as folder:
        yield graded(Course(folder / "course"), request.param)


def graded(course, user):
    """Hand in all attacks, and grade them as this user."""
    ears = Ears(course.root)
    honest = course.notebook(course.right("q1", "q2", "q3", "q4"))
    course.hand_in("witness", honest)
    course.run("grade", SET)
    found = Outcome()
    found.course, found.ears = course, ears
    found.witness = course.rows()["witness"]
    with course.gradebook() as book:
        book.find_grade("q4", SET, SET, "witness").manual_score = 2.0
        book.db.commit()
    found.witness = course.rows()["witness"]
    host = socket.gethostbyname(socket.gethostname())
    fill = {"COURSE": str(course.root), "PORT": str(ears.port), "HOST": host}
    for attack in ATTACKS:
        code = dict({"q1": SCALE, "q2": SHARE, "q3": ANSWER}, **attack.cells)
        for name, value in fill.items():
            code = {key: text.replace(name, value) for key, text in code.items()}
        first = code.pop("first", None)
        code["q4"] = "<script>document.title = 1</script> ![x](http://canary/x.png) <img src=y>"
        course.hand_in(attack.name, course.notebook(code, first))
    (course.root / "canary").write_text("canary")
    kept = [course.root / folder for folder in ("inbox", "source", "release", "issued")]
    before = snapshot(*kept, prose.ROOT / "grading", prose.ROOT / "exercises")
    env = {"CANARY": "canary", "HOME": str(course.root.parent)}
    done = course.run("grade", SET, "--jobs", "2", env=env, user=user, check=False)
    found.said = done.stdout + done.stderr
    found.left = orphans()
    found.changed = (
        before.items() ^ snapshot(*kept, prose.ROOT / "grading", prose.ROOT / "exercises").items()
    )
    assert done.returncode == 0, found.said
    found.points, found.rows = course.points(), course.rows()
    course.run("feedback", SET)
    return found


def orphans():
    """The command lines of jails whose grader has gone; another grader's own are not meant."""
    lines, parents = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            lines[folder.name] = (folder / "cmdline").read_text(errors="replace").replace("\0", " ")
            parents[folder.name] = (folder / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
    jailed = [pid for pid in parents if "/inside" in lines[pid]]
    above = [lines.get(parents[pid], "") for pid in jailed]
    return [
        lines[pid]
        for pid, parent in zip(jailed, above, strict=True)
        if "/inside" not in parent and "python" not in parent
    ]


def test_there_are_thirty_attacks_and_more():
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 30


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_gets_what_its_answers_are_worth(outcome, attack):
    found = outcome.points[attack.name]
    said = [outcome.course.message(attack.name, question) for question in ("q1", "q2", "q3")]
    assert tuple(found[q] for q in ("q1", "q2", "q3")) == attack.points, said
    assert attack.says in "\n".join(said)
    cells = [cell for cell in outcome.course.graded(attack.name).cells if cell.cell_type == "code"]
    shown = json.dumps([cell.outputs for cell in cells])
    assert attack.shows in shown
    assert len(nbformat.writes(outcome.course.graded(attack.name))) < 4_000_000


def test_nothing_outside_has_changed(outcome):
    assert not outcome.changed
    assert not list(outcome.course.root.rglob("owned"))
    assert not Path("/owned").exists()
    assert not outcome.ears.came
    assert not outcome.left


def test_the_gradebook_has_what_it_should_and_nothing_else(outcome):
    assert outcome.rows.keys() == {"witness"} | {attack.name for attack in ATTACKS}
    assert outcome.rows["witness"] == outcome.witness
    for attack in ATTACKS:
        scores = dict(zip(("q1", "q2", "q3"), map(float, attack.points), strict=True))
        assert outcome.rows[attack.name] == [
            *((name, score, None, False) for name, score in scores.items()),
            ("q4", None, None, True),
        ]


def test_no_hidden_input_and_no_script_comes_back(outcome):
    name = "tells-the-inputs"
    pages = {
        path.parent.parent.name: path.read_text(encoding="utf-8")
        for path in outcome.course.root.glob(f"feedback/*/{SET}/{SET}.html")
    }
    assert len(pages) == len(ATTACKS) + 1
    assert "Secret" not in pages[name].replace("Secret{", "").split("</table>")[0]
    assert "not shown" in pages[name]
    for page in pages.values():
        assert "<script" not in page
        assert 'src="http' not in page
    graded = nbformat.writes(outcome.course.graded("forged-outputs"))
    assert "text/html" not in graded
    assert "<script>document.title = 1" not in graded
