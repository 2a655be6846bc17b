"""Grade a class, return feedback, export the grades: python -m grading grade ps-softmax.

The jails do the work and run side by side, on this machine's processors or on a Dask cluster's.
This process hands out submissions, and as each comes back reaches the verdict and has nbgrader
enter it. Whatever is finished is on disk: a run that was broken off continues where it was.
"""

import argparse
import contextlib
import csv
import errno
import fcntl
import functools
import hashlib
import itertools
import json
import os
import queue
import re
import signal
import sys
import threading
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TypedDict

import nbformat
from nbgrader.api import Gradebook
from tqdm import tqdm

from grading import autograde, intake, jail, sets
from grading.jail import Record
from grading.release import settings

Cells = list[list[str]]  # [id, source] of each
Task = tuple[str, Cells]  # of a student
Result = tuple[str, Record | BaseException]
Results = Generator[Result, None, None]

OWN_CONFIG = """\
\"\"\"nbgrader's settings for this course, beside the book's. Add your own below.\"\"\"

import sys

if "grading.autograde" not in sys.modules:
    sys.exit("Only the book's own nbgrader, .venv/bin/nbgrader in its folder, grades in a jail.")
c = get_config()
"""
BARE = """\
NO JAIL: the students' code runs with your own rights, and can read, change and send whatever you
can. Grade like this only what you would run yourself."""


HIDES = """\
{name} has a question with show = False, and submissions that run at once could tell each other what
they were asked: {so}"""
CROWDED = (
    "the kernel refused to pass open files between its processes, and counts those of all "
    "submissions that run at a time: grade with ARGS=--jobs=1, which runs one at a time"
)
LOST = """\
the gradebook of {root} does not know {name}, so it was lost: put a copy of gradebook.db back. If
there is none, release the set again with the same variant and grade it. The points then come back
from the runs that were kept, and marks given by hand are lost"""


@contextlib.contextmanager
def opened(db_url: str, root: Path) -> Iterator[Gradebook]:
    """The gradebook; SetError says if it is missing, or none that can be read."""
    from sqlalchemy.exc import SQLAlchemyError

    file = db_url.removeprefix("sqlite:///")
    on_disk = file != db_url
    if on_disk and not Path(root, file).exists():  # nbgrader would make an empty one
        raise sets.SetError(
            f"{root} has no gradebook: nothing was released from there, or {file} is lost"
        )
    try:
        with Gradebook(db_url) as book:
            yield book
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).splitlines()[0]
        # An address without its password, if it is one.
        where = file if on_disk else re.sub(r"//.*@", "//", db_url)
        remedy = "; put a copy of it back" if on_disk else ""
        raise sets.SetError(f"the gradebook {where} cannot be read: {said}{remedy}") from None


class Failure(TypedDict):
    """What is noted of a submission that could not be graded."""

    version: str
    times: int  # that it could not be entered
    why: str


PATIENCE = 20  # seconds for a cluster to answer
ENTRIES = 2  # times that one and the same submission is entered, if that fails
PASSES = re.compile(  # what is nobody's fault, and may be over at the next run
    r"OperationalError: .*(?:locked|readonly|is full|disk I/O)|OSError: .*No space left"
)


class Class:
    """A course's folder and one of its problem sets."""

    def __init__(self, name: str, root: str | Path) -> None:
        """Read what was issued; SetError says if nothing was."""
        from nbgrader.apps import NbGraderAPI
        from nbgrader.coursedir import CourseDirectory

        self.name, self.root = name, sets.course(root)
        self.release = autograde.release(name, str(self.root))
        own = self.root / "nbgrader_config.py"
        if not own.exists():
            own.write_text(OWN_CONFIG, encoding="utf-8")
        self.exam = autograde.exam(name, str(self.root))
        self.config = settings(self.root)
        course = CourseDirectory(config=self.config)
        self.limits = jail.Limits.of(self.config.GradeInJail.get("limits", {}))
        self.db_url = course.db_url
        with opened(self.db_url, self.root) as book:
            due = {assignment.name: assignment.duedate for assignment in book.assignments}
            closes = due.get(name)
            self.closes = closes.replace(tzinfo=UTC) if closes else None
            # What a penalty depends on; the book sets none.
            self.due = f"{due.get(name)} {self.config.get('LateSubmissionPlugin', '')}"
            if name not in due and any(self.root.glob(f"autograded/*/{name}")):
                raise sets.SetError(LOST.format(root=self.root, name=name))
        self.nbgrader = NbGraderAPI(course, config=self.config, log_level="ERROR")
        self.roster = intake.read_roster(self.root)
        self.notes: list[str] = []  # what the teacher should hear of
        self.entered: set[str] = set()  # students whom the gradebook has
        self.templates = sets.templates(name, sets.record(name, self.root)["source"])

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep a second run for the same folder and set away."""
        path = self.root / "runs" / self.name / ".lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RuntimeError(f"{self.name} is being graded by another run") from None
            yield

    def take_in(self) -> tuple[list[intake.Submission], list[intake.Entry]]:
        """Sort out what was handed in; what lies in submitted/ unsorted goes to the inbox first."""
        inbox = self.root / "inbox" / self.name
        unmoved = []
        for folder in sorted(self.root.glob(f"submitted/*/{self.name}")):
            try:
                self._move_in(folder, inbox / folder.parent.name)
            except Exception as error:
                reason = f"it cannot be copied to the inbox: {error}"
                where = str(folder.relative_to(self.root))
                unmoved.append(intake.Entry(folder.parent.name, where, "set aside", reason))
        numbers = self.root / "runs" / self.name / ".numbers.json"
        first = {key.lower(): one for key, one in intake.read_json(numbers).items()}
        # On Canvas a number is a user's, whatever the set.
        for path in sorted(self.root.glob("runs/*/.numbers.json")):
            for key, number in intake.read_json(path).items():
                if key.endswith(intake.ON_CANVAS):
                    first.setdefault(key.lower(), number)
        found = intake.gather(inbox, self.name, roster=self.roster, first=first)
        intake.replace(numbers, json.dumps(first))
        submissions, entries = intake.take_in(
            found,
            self.release,
            roster=self.roster,
            other=self.templates,
            set_name=self.name,
        )
        entries += unmoved
        for entry in entries:
            if self.closes and entry.time and entry.time > self.closes:
                entry.reason += f"; {intake.late_by((entry.time - self.closes).total_seconds())}"
        for entry in entries:  # for a list, and for the terminal
            entry.file, entry.reason = map(intake.printable, (entry.file, entry.reason))
        intake.write(submissions, self.root, self.name)
        for path in (
            self.root / "set_aside" / f"{self.name}.csv",
            intake.listed(self.root, self.name),
        ):
            intake.report(entries, path)
        return submissions, entries

    def _move_in(self, folder: Path, inbox: Path) -> None:
        """Copy what others put into submitted/ to the inbox: collected by nbgrader, or by hand."""
        made = [p for p in intake.made(self.root, self.name, folder.parent.name) if p.exists()]
        written = {path.read_bytes() for path in made}
        found = [p for p in sorted(folder.glob("*")) if p.is_file() and not p.is_symlink()]
        for path in (p for p in found if p.suffix.lower() in (".ipynb", ".zip")):
            data = intake.read_file(path, 4 * intake.LARGEST)
            if path.name == f"{self.name}.ipynb" and data in written:
                continue
            inbox.mkdir(parents=True, exist_ok=True)
            copy = inbox / path.name
            if not copy.exists() or copy.read_bytes() != data:
                if copy.exists():
                    copy = inbox / f"{path.stem}-{path.stat().st_mtime_ns}{path.suffix}"
                copy.write_bytes(data)
            time = path.stat().st_mtime
            stamp = folder / "timestamp.txt"
            if stamp.is_file() and not stamp.is_symlink():
                with stamp.open("rb") as file:
                    stamped = intake.stamped(file.read(100).decode(errors="replace"))
                time = stamped.timestamp() if stamped else time
            os.utime(copy, (time, time))
            if path.name != f"{self.name}.ipynb":
                path.unlink()

    def key(self, submission: intake.Submission) -> tuple[str, Cells]:
        """A name for what a submission's run depends on, and the cells to run."""
        cells = autograde.code(submission.notebook)
        return autograde.digest(cells, self.exam, self.limits), cells

    def version(self, submission: intake.Submission, key: str) -> str:
        """A name for all that is entered: the run, the free text, and how late it was."""
        parts = [key, nbformat.writes(submission.notebook), submission.time.isoformat(), self.due]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def done(self, student: str) -> Path:
        """Where it is noted that nbgrader has entered a submission."""
        return self.root / "runs" / self.name / f"{student}.done"

    def is_done(self, student: str, version: str) -> bool:
        """Whether this very submission has been entered."""
        graded = self.root / "autograded" / student / self.name / f"{self.name}.ipynb"
        done = self.done(student)
        return done.exists() and done.read_text() == version and graded.exists()

    def forget_later(self, entered: dict[str, str]) -> None:
        """Enter students again for whom the gradebook holds older work than the last run left.

        entered : {student: when the work in the gradebook was handed in}

        Such a gradebook is a copy that was put back. Nobody knows for which text its marks were
        given.
        """
        for student, time in entered.items():
            path = intake.read_texts(self.root, self.name, student)
            kept = intake.recalled(path)
            if time not in (kept.get("time", time), kept.get("coming")):
                kept["texts"] = dict.fromkeys(kept.get("texts", {}), "")
                intake.replace(path, json.dumps(kept))
                self.done(student).unlink(missing_ok=True)

    def failure(self, student: str, version: str) -> Failure:
        """How often nbgrader could not enter this very submission, and why."""
        found = intake.read_json(intake.not_entered(self.root, self.name, student))
        same = found.get("version") == version
        times, why = (found.get("times", 0), found.get("why", "")) if same else (0, "")
        return {"version": version, "times": times, "why": why}

    def note_failure(self, student: str, version: str, why: str, more: int = 0) -> None:
        """Note why a submission could not be graded, and whether once more it was not entered."""
        times = self.failure(student, version)["times"] + more
        found: Failure = {"version": version, "times": times, "why": why}
        intake.replace(intake.not_entered(self.root, self.name, student), json.dumps(found))

    def log(self, student: str) -> Path:
        """Where it is kept what nbgrader said when it could not enter a submission."""
        return self.root / "runs" / self.name / f"{student}.log"

    def enter(self, student: str, key: str, version: str, record: Record) -> None:
        """Keep the record of a run and have nbgrader reach and enter the verdict."""
        autograde.keep(self.root, self.name, student, key, record)
        marks = intake.read_texts(self.root, self.name, student)
        stamp = self.root / "submitted" / student / self.name / "timestamp.txt"
        coming = intake.stamped(stamp.read_text(encoding="utf-8")) if stamp.is_file() else None
        # nbgrader writes this time first, and may be cut before it has done the rest.
        if coming is not None:
            kept = intake.recalled(marks)
            kept["coming"] = str(coming.astimezone(UTC).replace(tzinfo=None))
            with contextlib.suppress(OSError):  # which the entry meets again, and says
                intake.replace(marks, json.dumps(kept))
        with contextlib.chdir(self.root):
            result = self.nbgrader.autograde(self.name, student, force=True)
        if not result["success"]:
            log = result.get("log") or result["error"]
            intake.replace(self.log(student), log)
            why = f"{cause(log)} (all that nbgrader said: {self.log(student)})"
            self.note_failure(student, version, why, 0 if PASSES.match(why) else 1)
            raise RuntimeError(why)
        intake.replace(self.done(student), version)
        intake.not_entered(self.root, self.name, student).unlink(missing_ok=True)
        self.log(student).unlink(missing_ok=True)
        kept = intake.recalled(marks)
        if back := [f"{name} ({had:g})" for name, had in kept.pop("taken", {}).items()]:
            intake.replace(marks, json.dumps(kept))
            what = "points given by hand, taken back since the work has changed"
            self.notes.append(f"{what}: {student}: {', '.join(back)}")

    def renamed(self, submissions: list[intake.Submission], book: Gradebook) -> Iterator[str]:
        """A line for each whose very notebook now has another id, if points were given by hand."""
        now = {one.student for one in submissions}
        unknown = [one for one in submissions if one.student not in self.entered]
        gone = sorted(self.entered - now)
        names = defaultdict[str, list[str]](list)
        for one in unknown if gone else ():
            names[_digest(intake.as_written(one.notebook))].append(one.student)
        for old in gone if unknown else ():
            kept, _ = intake.made(self.root, self.name, old)
            text = kept.read_text(encoding="utf-8") if kept.exists() else ""
            marked = book.find_submission(self.name, old).notebooks
            marks = [grade for notebook in marked for grade in notebook.grades]
            by_hand = any(g.manual_score is not None or g.extra_credit for g in marks)
            for new in names[_digest(text)] if text and by_hand else ():
                yield (
                    f"the work of {old} is now {new}'s, and points given by hand stay "
                    f"with {old}: give {new} the id {old} again, or enter them again"
                )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def cause(log: str) -> str:
    """The error at the end of the last traceback in nbgrader's log, or else its first line."""
    raised = re.findall(r"(?m)^ {4}([A-Za-z_][\w.]*): (.*)$", log)
    if not raised:
        return log.strip().partition("\n")[0]
    name, said = raised[-1]
    return said if name.endswith("Unreadable") else f"{name.rpartition('.')[2]}: {said}"


def here(jobs: int | None, tasks: list[Task], answers: Callable[[Cells], Record]) -> Results:
    """Run tasks in jails on this machine; yields (student, record or exception) as they end."""
    affinity = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))
    jobs = len(affinity(0)) if jobs is None else jobs
    results: queue.SimpleQueue[Result] = queue.SimpleQueue()
    room = threading.Semaphore(2 * jobs)  # records that wait to be entered are held in memory

    def work(student: str, cells: Cells) -> None:
        room.acquire()
        try:
            results.put((student, answers(cells)))
        except BaseException as error:
            results.put((student, error))

    with ThreadPoolExecutor(jobs) as pool:
        try:
            for student, cells in tasks:
                pool.submit(work, student, cells)
            for _ in tasks:
                yield results.get()
                room.release()
        finally:
            jail.STOP.set()
            room.release(len(tasks) + 1)
            pool.shutdown(wait=True, cancel_futures=True)
            jail.STOP.clear()


def on_cluster(address: str, tasks: list[Task], answers: Callable[[Cells], Record]) -> Results:
    """Run tasks in jails on a Dask cluster, whose workers need this project and its jail.

    Only code and inputs go there and only answers come back; the verdict is reached here. Dask
    gives a task whose worker died to another worker; a task that three workers died of comes back
    as an exception.
    """
    from dask.distributed import Client, as_completed

    with Client(address, timeout=PATIENCE) as client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise RuntimeError(
                f"the scheduler at {address} has no workers: start one with dask worker {address}"
            ) from None
        calls = {client.submit(answers, cells, pure=False): student for student, cells in tasks}
        done = as_completed(calls)
        while calls and not jail.STOP.wait(0 if done.has_ready() else jail.TICK):
            for call in done.next_batch(block=False):
                try:
                    result = call.result()
                except Exception as error:  # also that the scheduler is gone
                    result = error
                yield calls.pop(call), result
        client.cancel([*calls])


def crowded(record: Record | BaseException) -> bool:
    """Whether open files could not be passed on, which may be another submission's doing."""
    if isinstance(record, BaseException):
        return False
    answers = itertools.chain(*record["answers"].values(), *record["later"].values())
    said = [answer["error"][1] for answer in answers if "error" in answer]
    outputs = itertools.chain(*record["cells"].values())
    said += [output["evalue"] for output in outputs if "evalue" in output]
    return any(f"[Errno {errno.ETOOMANYREFS}]" in text for text in said)


def grade(
    name: str,
    root: str | Path,
    *,
    jobs: int | None = None,
    scheduler: str | None = None,
    walls: bool = True,
    again: bool = False,
) -> int:
    """Grade all that was handed in; returns how many submissions could not be graded."""
    if jobs is not None and jobs < 1:
        raise ValueError(f"--jobs must be 1 or more, got {jobs}")
    if jobs is not None and scheduler is not None:
        raise ValueError(
            "--jobs is about this machine: with --scheduler, the number of the cluster's workers "
            "says how many submissions run at a time"
        )
    course = Class(name, root)
    with course.alone():
        return _grade(course, jobs, scheduler, walls, again)


def _grade(course: Class, jobs: int | None, scheduler: str | None, walls: bool, again: bool) -> int:
    name = course.name
    if any(not question.show for question in course.exam.questions) and jobs != 1:
        so = "--jobs 1 lets each run alone" if jobs else "each runs alone"
        so = "let each machine have one worker, with one thread" if scheduler else so
        print(HIDES.format(name=name, so=so), file=sys.stderr)
        jobs = jobs or 1
    if not walls:
        print(BARE, file=sys.stderr)
    elif scheduler is None:
        jail.private([course.root, sets.BOOK])
        jail.check()
    inbox = course.root / "inbox" / name
    if not inbox.is_dir() and not any(course.root.glob(f"submitted/*/{name}")):
        raise sets.SetError(f"there is no folder {inbox}: put into it what was handed in")
    submissions, entries = course.take_in()
    with opened(course.db_url, course.root) as book:
        entered = {one.student_id: str(one.timestamp) for one in book.assignment_submissions(name)}
        course.entered = set(entered)
        course.forget_later(entered)
        course.notes += course.renamed(submissions, book)
    hopeless: dict[str, str] = {}
    names: dict[str, tuple[str, str]] = {}
    tasks: list[Task] = []
    alike: dict[str, list[str]] = {}  # students with the very same code, as a group's: run once
    ready: list[str] = []  # whose runs were kept
    for submission in submissions:
        student = submission.student
        key, cells = course.key(submission)
        names[student] = key, course.version(submission, key)
        if again:
            course.done(student).unlink(missing_ok=True)
            autograde.kept(course.root, name, student).unlink(missing_ok=True)
        if student in course.entered and course.is_done(student, names[student][1]):
            intake.not_entered(course.root, name, student).unlink(missing_ok=True)
            continue
        failure = course.failure(student, names[student][1])
        if failure["times"] >= ENTRIES and not again:
            hopeless[student] = (
                f"{failure['why']}; it failed {failure['times']} times, so it is tried again "
                "when it changes, or with ARGS=--again"
            )
            continue
        if autograde.recall(course.root, name, student, key) is not None:
            ready.append(student)
        elif key in alike:
            alike[key].append(student)
        else:
            alike[key] = [student]
            tasks.append((student, cells))
    answers = functools.partial(
        jail.run_twice,
        questions=course.exam.orders(),
        hidden=course.exam.hidden(),
        limits=course.limits,
        walls=walls,
    )
    if scheduler:
        running = on_cluster(scheduler, tasks, answers)
    else:
        running = here(jobs, tasks, answers)
    students = len(ready) + sum(map(len, alike.values()))
    # Where root grades, each submission runs as a user of its own, whose files are counted apart.
    counted = bool(walls and os.getuid() and jobs != 1)
    with contextlib.closing(running):
        gone = RuntimeError("the record of its run is gone: run make grade again")
        kept = (
            (one, autograde.recall(course.root, name, one, names[one][0]) or gone) for one in ready
        )
        ran = (
            (one, RuntimeError(CROWDED) if counted and crowded(record) else record)
            for student, record in running
            for one in alike[names[student][0]]
        )
        failed = enter_all(course, names, itertools.chain(kept, ran), students)
    graded = students - len(failed)
    for student, why in failed.items():
        course.note_failure(student, names[student][1], why)
    summary(course, len(submissions), graded, entries, failed | hopeless)
    return len(failed | hopeless)


def enter_all(
    course: Class,
    names: dict[str, tuple[str, str]],
    results: Iterable[Result],
    students: int,
) -> dict[str, str]:
    """Enter each record as it comes; returns {student: why} for those that could not be."""
    failed = {}
    with (
        stop_on_interrupt() as stopped,
        tqdm(total=students, unit="submission", disable=None) as bar,
    ):
        for student, record in results:
            try:
                if isinstance(record, BaseException):
                    raise record
                course.enter(student, *names[student], record)
            except Exception as error:
                said = str(error).strip() or repr(error)
                failed[student] = said.encode(errors="backslashreplace").decode()
            bar.update()
            if stopped():
                break
    if stopped():
        raise KeyboardInterrupt
    return failed


@contextlib.contextmanager
def stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C end all jails here, and wait until the submission at hand is entered.

    On a cluster, what runs already goes on to its end, and nobody takes the answers.
    """
    asked: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def note(signum: int, frame: FrameType | None) -> None:
        asked.append(signum)
        signal.signal(signal.SIGINT, before)
        print("stopping; what runs now is run again next time", file=sys.stderr)
        jail.STOP.set()

    signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)
        jail.STOP.clear()


FEW = 5  # lines of one student, whose zip may hold thousands of files
MANY = 1000  # students or archives with lines


def few(lines: list[tuple[str, str, str]]) -> Iterator[str]:
    """A line for each (student, file, reason), but few of each student or archive.

    Notebooks and archives come first. All of them stand in the teacher's list.
    """
    counts = Counter[str]()
    for student, file, reason in sorted(
        lines, key=lambda line: not line[1].lower().endswith((".ipynb", ".zip"))
    ):
        whose = student or file.split("/")[0]
        counts[whose] += 1
        if counts[whose] <= FEW and len(counts) <= MANY:
            yield f"{file}: {reason}"
    for whose, count in itertools.islice(counts.items(), MANY):
        if count > FEW:
            yield f"{count - FEW} more files of {whose}, all in the list"
    if others := counts.total() - sum(counts[whose] for whose in itertools.islice(counts, MANY)):
        yield f"{others} more files of {len(counts) - MANY} others, all in the list"


def summary(
    course: Class, students: int, graded: int, entries: list[intake.Entry], failed: dict[str, str]
) -> None:
    """Say what was graded, what was not, and why."""
    aside = [entry for entry in entries if entry.status == "set aside"]
    print(
        f"{course.name}: {students} students; {graded} submissions graded now, "
        f"{students - graded - len(failed)} before"
    )
    for line in few([(entry.student, entry.file, entry.reason) for entry in aside]):
        print(f"set aside: {line}")
    for entry in entries:
        if entry.status == "beside" and "late by" in entry.reason:
            print(f"late: {entry.file}, {entry.reason}")
    for student, why in failed.items():
        print(f"NOT GRADED: {student}: {why}")
    for line in course.notes:
        print(line)
    with opened(course.db_url, course.root) as gradebook:
        late = [s for s in gradebook.assignment_submissions(course.name) if s.total_seconds_late]
        for submission in late:
            by = intake.late_by(submission.total_seconds_late).removeprefix("late ")
            print(f"late: {submission.student_id}, {by}")
    if course.closes:
        due, zone = course.closes.astimezone(), datetime.now().astimezone().tzname()
        print(
            f"due: {due:%Y-%m-%d %H:%M %Z}, which is {course.closes:%Y-%m-%d %H:%M} UTC; times in "
            f"files' names were read in this computer's zone, {zone}"
        )
    print(f"the list of all files: {course.root / 'set_aside' / (course.name + '.csv')}")


def feedback(name: str, root: str | Path) -> Path:
    """Make the pages for the students; returns the folder."""
    course = Class(name, root)
    with contextlib.chdir(course.root):
        result = course.nbgrader.generate_feedback(name)
    with opened(course.db_url, course.root) as book:
        rows = [
            (one.student_id, sum(g.auto_score is None and g.manual_score is None for g in n.grades))
            for one in book.assignment_submissions(name)
            for n in one.notebooks
        ]
    waits = [count for _, count in rows if count]
    if waits:
        print(
            f"not read yet, as their pages say: {sum(waits)} answers of {len(waits)} students",
            file=sys.stderr,
        )
    pages = {path.parent.parent.name for path in course.root.glob(f"feedback/*/{name}/{name}.html")}
    graded = {path.parent.parent.name for path in course.root.glob(f"autograded/*/{name}/*.ipynb")}
    known = {student for student, _ in rows}
    for student in sorted(graded - known):
        print(f"no page, since not in the gradebook: {student}", file=sys.stderr)
    if without := sorted((graded & known) - pages):
        raise RuntimeError("\n".join(f"NO PAGE: {student}" for student in without))
    if not result["success"] and not graded - known:
        raise RuntimeError(result.get("log") or result["error"])
    return course.root / "feedback"


def grades(root: str | Path) -> Path:
    """Export the table of grades; returns its path. ValueError names cells without points."""
    from nbgrader.coursedir import CourseDirectory

    from grading.grades import CheckedExport, reports

    root = sets.course(root)
    config = settings(root)
    table = root / "grades.csv"
    with opened(CourseDirectory(config=config).db_url, root) as gradebook:
        CheckedExport(to=str(table), config=config).export(gradebook)
        listed = reports(root, gradebook)
    for name, rows in listed.items():
        graded = {row["student"] for row in rows if row["status"] == "graded"}
        others = [row for row in rows if row["student"] not in graded]
        for line in few([(row["student"], row["file"], row["reason"]) for row in others]):
            print(f"set aside, not among the grades: {name}: {line}", file=sys.stderr)
    return table


def main(arguments: list[str] | None = None) -> int | str | None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m grading", description=(__doc__ or "").split("\n")[0]
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="whether a jail can be made here, and how it is limited")
    for command, does in (
        ("grade", "run and grade what was handed in"),
        ("feedback", "write a page of feedback for each student"),
        ("grades", "write the table of grades"),
    ):
        sub = commands.add_parser(command, help=does)
        sub.add_argument("--root", type=Path, default=sets.EXERCISES, help="the course's folder")
        if command != "grades":
            sub.add_argument("name", help="the problem set, such as ps-softmax")
        if command == "grade":
            sub.add_argument(
                "--jobs",
                type=int,
                help="how many submissions to run at a time (default: one for each processor, or 1 "
                "if the set has a question with show = False)",
            )
            sub.add_argument("--scheduler", help="a Dask cluster's address: tcp://host:8786")
            sub.add_argument("--again", action="store_true", help="run all submissions again")
            sub.add_argument(
                "--unsafe-no-jail",
                action="store_true",
                help="run the students' code without a jail, with your own rights",
            )
    asked = parser.parse_args(arguments)
    # nbgrader 0.9.6 makes SQLAlchemy 2.1 say this on each new submission; the rows are right.
    warnings.filterwarnings("ignore", message="Object of type .* not in session")
    try:
        if asked.command == "check":
            print(jail.check())
            return 0
        if asked.command == "grade":
            return int(
                bool(
                    grade(
                        asked.name,
                        asked.root,
                        jobs=asked.jobs,
                        scheduler=asked.scheduler,
                        walls=not asked.unsafe_no_jail,
                        again=asked.again,
                    )
                )
            )
        made = grades(asked.root) if asked.command == "grades" else feedback(asked.name, asked.root)
        print(made)
        return None
    except jail.NoJail as error:
        unsafe = "make grade … ARGS=--unsafe-no-jail"
        return f"Nothing was graded: {error}\nTo run the code without a jail: {unsafe}"
    except (sets.SetError, ValueError, RuntimeError, OSError, csv.Error) as error:
        return str(error)
    except KeyboardInterrupt:
        return "stopped; what was graded is kept, and the same command continues"
