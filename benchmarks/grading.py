"""How long a class takes to grade: python -m benchmarks.grading [students], as Markdown."""

import copy
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

from grading import release, sets

BOOK = Path(__file__).resolve().parents[1]
SET = "ps-softmax"


PLOTS = """\
import matplotlib.pyplot as plt
plt.plot([1, 2, 4]); plt.show()
plt.bar([1, 2], [3, 4]); plt.show()"""
INTRO = """\
A class hands in `{name}`, solved. First, `make grade` grades it. Then `make grade` grades it on \
a Dask cluster of two workers on this machine, one of which is killed when half of the class is \
graded. nbgrader without the book's settings grades a tenth of the class: it starts a kernel for \
one submission after the other, without a jail. In the typical class, three of ten made a mistake \
in two questions and left one out, and everybody drew two plots. The feedback is that of \
`make feedback` for this class. *Grader's own* and *grader's MB* are the processor seconds for \
each student and the memory that the grader itself takes, without the jails. *Full marks* counts \
the students with the most points in their class. On average, {busy:.1f} other programs used or \
waited for the machine's processors when the measurement began.
"""


def hand_in(root, students, typical=False):
    """Release the set in `root` and let each student hand in the solutions, a little different."""
    release.release(SET, root=root)
    asked = [q for q in sets.load(SET).questions if q.mistakes]
    given = nbformat.read(root / "release" / SET / f"{SET}.ipynb", as_version=4)
    stubs = {cell.id: cell.source for cell in given.cells}
    solved = nbformat.read(root / "source" / SET / f"{SET}.ipynb", as_version=4)
    for number in range(students):
        notebook = copy.deepcopy(solved)
        notebook.cells.insert(1, nbformat.v4.new_code_cell(f"student = {number}"))
        if typical:
            notebook.cells.insert(2, nbformat.v4.new_code_cell(PLOTS))
        if typical and number % 10 < 3:
            wrong = {asked[(number + n) % len(asked)] for n in (0, 2)}
            changed = {f"{q.id}-answer": q.mistakes[0].code for q in wrong}
            left_out = f"{asked[(number + 1) % len(asked)].id}-answer"
            for cell in notebook.cells:
                cell.source += "\n" + changed.get(cell.id, "")
                cell.source = stubs[left_out] if cell.id == left_out else cell.source
        folder = root / "inbox" / SET / f"student-{number:04}"
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / f"{SET}.ipynb")


def grade(root, *arguments, command="grade", watch=lambda: None):
    """Grade with the real command.

    Returns seconds, the grader's own processor seconds, and its largest memory in MB.
    """
    line = [sys.executable, "-m", "grading", command, SET, "--root", str(root), *arguments]
    before = time.perf_counter()
    process = subprocess.Popen(line, cwd=BOOK, stdout=subprocess.DEVNULL, stderr=sys.stderr)
    most = 0
    while True:
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                most = max(most, int(line.split()[1]) / 1024)
        watch()
        ended, status, used = os.wait4(process.pid, os.WNOHANG)
        if ended:
            process.returncode = os.waitstatus_to_exitcode(status)
            assert process.returncode == 0
            return time.perf_counter() - before, used.ru_utime + used.ru_stime, most
        time.sleep(0.2)


def full_marks(root):
    """How many students have all the points that a machine gives."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as book:
        scores = [submission.score for submission in book.assignment_submissions(SET)]
    return sum(score == max(scores) for score in scores)


def on_a_cluster(root, students):
    """The same on two workers of which one is killed when half of the class is graded."""
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        victims = list(client.run(os.getpid).values())[:1]

        def kill():
            if victims and len(list(root.glob(f"runs/{SET}/*.done"))) >= students // 2:
                os.kill(victims.pop(), signal.SIGKILL)

        return grade(root, "--scheduler", cluster.scheduler_address, watch=kill)


def plain(root, students):
    """Seconds for nbgrader's own autograde without the book's settings."""
    for number in range(students):
        student = f"student-{number:04}"
        source = root / "inbox" / SET / student
        shutil.copytree(source, root / "submitted" / student / SET)
    (root / "nbgrader_config.py").unlink(missing_ok=True)
    before = time.perf_counter()
    program = Path(sys.executable).with_name("nbgrader")
    command = [sys.executable, program, "autograde", SET, "--CourseDirectory.course_id=plain"]
    env = os.environ | {"JUPYTER_NO_CONFIG": "1"}  # else it has the book's settings everywhere
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert len(list(root.glob("autograded/*"))) == students, done.stderr[-2000:]
    return time.perf_counter() - before


def main(students=200):
    """Measure and print the table."""
    few = max(students // 10, 1)
    print(INTRO.format(name=SET, busy=os.getloadavg()[0]))
    columns = (
        "graded by",
        "students",
        "seconds each",
        "grader's own",
        "grader's MB",
        "full marks",
    )
    print("|", " | ".join(columns), "|")
    print("| --- " * len(columns) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for name, measure in (
            (f"make grade, {len(os.sched_getaffinity(0))} processors", grade),
            ("on Dask, a worker killed half way", lambda root: on_a_cluster(root, students)),
        ):
            root = Path(folder) / name.split(",")[0].strip("`").replace(" ", "-")
            hand_in(root, students)
            seconds, busy, most = measure(root)
            each = [f"{seconds / students:.2f}", f"{busy / students:.2f}"]
            row = [name, students, *each, f"{most:.0f}", full_marks(root)]
            print("|", " | ".join(map(str, row)), "|", flush=True)
        root = Path(folder) / "typical"
        hand_in(root, students, typical=True)
        for name, command in (("make grade", "grade"), ("make feedback", "feedback")):
            seconds, busy, most = grade(root, command=command)
            each = [f"{seconds / students:.2f}", f"{busy / students:.2f}"]
            row = [f"{name}, a typical class", students, *each, f"{most:.0f}", full_marks(root)]
            print("|", " | ".join(map(str, row)), "|", flush=True)
        root = Path(folder) / "plain"
        hand_in(root, few)
        seconds = plain(root, few)
        print(
            f"| nbgrader as it is, unprotected | {few} | {seconds / few:.2f} | – | – | – |",
            flush=True,
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
