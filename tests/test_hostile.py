"""A class of attackers is graded: right points, right reasons, and nothing outside has changed.

The whole class goes through the real command, as the user who runs the tests and, if that is root,
as an ordinary user too.
"""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import nbformat
import prose
import pytest
from browser import missing
from classroom import SET, Course, need_a_jail
from hostile import ANSWER, ATTACKS, SCALE, SHARE

from grading import jail

pytestmark = [pytest.mark.machine, pytest.mark.alone]
NOBODY = 65534
USERS = ["root", "an ordinary user"] if os.getuid() == 0 else ["an ordinary user"]


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


def readable_by_all(path):
    """Whether an ordinary user could open the file."""
    path = Path(os.path.realpath(path))
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in (path, *path.parents))


def ordinary_python(folder):
    """A Python and a student environment that an ordinary user can run; made if need be."""
    if readable_by_all(sys.executable) and readable_by_all(jail.STUDENT / "bin" / "python"):
        return sys.executable, jail.STUDENT
    system = f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}"
    if not readable_by_all(system if os.path.exists(system) else "/root"):
        missing(f"a Python for ordinary users ({system})", "install it, or test as one")
    student = folder / "student"
    subprocess.run([system, "-m", "venv", "--without-pip", student], check=True)
    packages = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    shutil.copytree(jail.STUDENT / packages, student / packages, dirs_exist_ok=True)
    shutil.copytree(jail.STUDENT / "matplotlib", student / "matplotlib")
    return system, student


@pytest.fixture(scope="module", params=USERS)
def outcome(request):
    """Grade the class once for each user."""
    need_a_jail()
    root = Path(tempfile.mkdtemp(prefix="hostile-"))  # pytest closes its own to other users
    root.chmod(0o755)
    course = Course(root / "course")
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
    ordinary = request.param != "root" and os.getuid() == 0
    command = [sys.executable, "-m", "grading", "grade", SET, "--jobs", "2", "--root",
               str(course.root)]  # fmt: skip
    env = os.environ | {"CANARY": "canary", "HOME": str(root)}
    if ordinary:
        command[0], student = ordinary_python(root)
        own = "import sys; print(*[p for p in sys.path if p.endswith('-packages')], sep=':')"
        paths = subprocess.check_output([sys.executable, "-c", own], text=True).strip()
        env |= {"PYTHONPATH": f"{prose.ROOT}:{paths}", "GRADING_STUDENT": str(student)}
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", root], check=True)
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                   "--inh-caps=-all", "--bounding-set=-all", *command]  # fmt: skip
    done = subprocess.run(
        command, cwd=prose.ROOT, env=env, capture_output=True, text=True, timeout=1800, check=False
    )
    found.said = done.stdout + done.stderr
    found.left = orphans()
    found.changed = (
        before.items() ^ snapshot(*kept, prose.ROOT / "grading", prose.ROOT / "exercises").items()
    )
    assert done.returncode == 0, found.said
    found.points, found.rows = course.points(), course.rows()
    course.run("feedback", SET)
    yield found
    shutil.rmtree(root)


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
