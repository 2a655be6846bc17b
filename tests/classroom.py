"""A course for the tests: the set `ps-small`, released, and students who hand work in."""

import atexit
import contextlib
import copy
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import prose
from browser import missing
from nbgrader.api import Gradebook

from grading import jail, release

SET = "ps-small"
NOBODY = 65534
USERS = ["root", "an ordinary user"] if os.getuid() == 0 else ["an ordinary user"]
LIMITS = {"cell": 6, "call": 2, "question": 6, "grace": 1, "memory": 400 * 2**20, "total": 90}


def need_a_jail():
    """End the test here if this machine can make no jail."""
    try:
        jail.check()
    except jail.NoJail as why:
        missing("a jail for submissions", str(why))


def prepare(root):
    """Release the set in a folder."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copy(prose.ROOT / "tests" / "grading" / f"{SET}.py", root)
    release.release(SET, root=root)


@functools.cache
def released():
    """A folder in which the set was released, to be copied: a release takes three seconds."""
    folder = tempfile.mkdtemp(prefix="course-")
    atexit.register(shutil.rmtree, folder)
    root = Path(folder) / "course"
    prepare(root)
    return root


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


@contextlib.contextmanager
def open_folder():
    """A folder that every user can reach; pytest closes its own to others."""
    with tempfile.TemporaryDirectory(prefix="class-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


class Course:
    """A course's folder, and what one does in it."""

    def __init__(self, root, limits=LIMITS):
        """Release the set in `root`."""
        self.root = root
        if "DB_URL" in os.environ:  # its gradebook is not in the folder
            prepare(root)
        else:
            shutil.copytree(released(), root, dirs_exist_ok=True)
        (root / "nbgrader_config.py").write_text(
            "c = get_config()\n"
            f"load_subconfig('nbgrader_config.py', path={str(prose.ROOT / 'exercises')!r})\n"
            f"c.GradeInJail.limits = {limits!r}\n"
        )
        self.given = nbformat.read(root / "release" / SET / f"{SET}.ipynb", as_version=4)
        source = nbformat.read(root / "source" / SET / f"{SET}.ipynb", as_version=4)
        self.solutions = {
            cell.id: re.sub(r"(?m)^ *### (BEGIN|END) SOLUTION\n?", "", cell.source)
            for cell in source.cells
            if cell.metadata.nbgrader.solution
        }

    def notebook(self, answers=None, first=None):
        """A student's notebook: answers by question, and code in an added first cell."""
        notebook = copy.deepcopy(self.given)
        answers = {"q4" if q == "q4" else f"{q}-answer": a for q, a in (answers or {}).items()}
        for cell in notebook.cells:
            cell.source = answers.get(cell.id, cell.source)
        if first is not None:
            notebook.cells.insert(2, nbformat.v4.new_code_cell(first))
        return notebook

    def right(self, *questions):
        """The solutions of these questions."""
        return {q: self.solutions.get(f"{q}-answer", self.solutions.get(q)) for q in questions}

    def hand_in(self, student, notebook=None, *, name=f"{SET}.ipynb", data=None):
        """Put a notebook, or any bytes, into a student's folder."""
        path = self.root / "inbox" / SET / student / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(nbformat.writes(notebook).encode() if data is None else data)
        return path

    def run(self, *arguments, env=None, check=True, user=None):
        """Run `python -m grading` for this course; returns the finished process.

        user : "an ordinary user" is given the folder in which the course's lies, an `open_folder`;
            otherwise it is who runs the tests
        """
        command, env = [sys.executable, "-m", "grading", *arguments], os.environ | (env or {})
        if user == "an ordinary user" and os.getuid() == 0:
            command[0], student = ordinary_python(self.root.parent)
            own = "import sys; print(*[p for p in sys.path if p.endswith('-packages')], sep=':')"
            paths = subprocess.check_output([sys.executable, "-c", own], text=True).strip()
            env |= {"PYTHONPATH": f"{prose.ROOT}:{paths}", "GRADING_STUDENT": str(student)}
            subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", self.root.parent], check=True)
            command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                       "--inh-caps=-all", "--bounding-set=-all", *command]  # fmt: skip
        done = subprocess.run(
            [*command, "--root", str(self.root)],
            cwd=prose.ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def nbgrader(self, *arguments, env=None):
        """Run one of nbgrader's own commands in the course's folder."""
        program = Path(sys.executable).with_name("nbgrader")
        return subprocess.run(
            [sys.executable, program, *arguments],
            cwd=self.root,
            env=os.environ | (env or {}),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def gradebook(self):
        """nbgrader's gradebook of this course."""
        return Gradebook(os.environ.get("DB_URL", f"sqlite:///{self.root / 'gradebook.db'}"))

    def rows(self):
        """Every row of the gradebook that concerns a student, by student."""
        found = {}
        with self.gradebook() as book:
            for submission in book.assignment_submissions(SET):
                found[submission.student_id] = sorted(
                    (grade.name, grade.auto_score, grade.manual_score, grade.needs_manual_grade)
                    for notebook in submission.notebooks
                    for grade in notebook.grades
                )
        return found

    def points(self):
        """The automatic points of each student, by question."""
        return {
            student: {name: auto for name, auto, *_ in rows}
            for student, rows in self.rows().items()
        }

    def graded(self, student):
        """A student's graded notebook."""
        return nbformat.read(
            self.root / "autograded" / student / SET / f"{SET}.ipynb", as_version=4
        )

    def message(self, student, question):
        """What the verdict on a question says."""
        (cell,) = [c for c in self.graded(student).cells if c.id == question]
        return cell.outputs[0].text

    def set_aside(self):
        """The teacher's list, as text."""
        return (self.root / "set_aside" / f"{SET}.csv").read_text(encoding="utf-8")
