"""Make the notebook that a class is given: python -m grading.release ps-softmax --variant 7."""

import argparse
import contextlib
import json
import os
import secrets
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

import nbformat
from traitlets.config import Config

from grading import intake, sets, verdict

TRIES = 20  # seeds that are drawn until no known mistake passes


def settings(root: Path) -> Config:
    """nbgrader's settings for a course: the book's, then those of the course's own folder."""
    from traitlets.config.loader import PyFileConfigLoader

    beside = str(Path(sys.executable).parent)
    if beside not in os.environ["PATH"].split(os.pathsep):  # nbgrader calls `alembic` by its name
        os.environ["PATH"] = os.pathsep.join([beside, os.environ["PATH"]])
    config = Config()
    for folder in dict.fromkeys([sets.EXERCISES, root]):
        if (folder / "nbgrader_config.py").exists():
            loader = PyFileConfigLoader("nbgrader_config.py", path=str(folder))
            try:
                config.merge(loader.load_config())
            except Exception as error:  # it is Python, which a teacher writes
                line = traceback.extract_tb(error.__traceback__)[-1].lineno
                line = error.lineno if isinstance(error, SyntaxError) else line
                raise sets.SetError(
                    f"{folder / 'nbgrader_config.py'}, line {line}: {type(error).__name__}: {error}"
                ) from None
    config.CourseDirectory.root = str(root)
    return config


def release(name: str, variant: int | None = None, root: str | Path = sets.EXERCISES) -> Path:
    """Try a set out, make its notebooks, enter it in the gradebook; the path to hand out.

    Parameters
    ----------
    name : str, such as "ps-softmax"; looked for in `root`, then among the book's sets.
    variant : int or None, the seed of the numbers, conventions and bugs; None for the book's own.
    root : the course's folder, where nbgrader keeps its own folders and the gradebook.

    Raises
    ------
    SetError : the set has faults, or a class has handed in work on another edition of it.
    """
    root = sets.course(root)
    problem_set = sets.load(name, variant, root)
    if faults := problem_set.faults():
        raise sets.SetError("\n".join([f"{name} was not released:", *faults]))
    seed = root / "issued" / f"{name}.seed"
    record = root / "issued" / f"{name}.json"
    kept = {"set": name, "variant": variant, "drawn": problem_set.drawn, "source": problem_set.text}
    differs = record.exists() and sets.record(name, root) != kept
    handed_in = sorted(root.glob(f"submitted/*/{name}"))
    if handed_in and differs:
        raise sets.SetError(
            f"{name} was not released: {len(handed_in)} students have handed in work on an edition"
            " of it that differs; move submitted/ away, or release this one under another name"
        )
    drawn = seed_for(problem_set, None if differs else seed)
    source = root / "source" / name
    with kept_if_it_fails(source, root / "release" / name):
        source.mkdir(parents=True, exist_ok=True)
        nbformat.write(problem_set.source(), source / f"{name}.ipynb")
        enter(name, root)
        record.parent.mkdir(mode=0o700, exist_ok=True)
        intake.replace(record, json.dumps(kept, ensure_ascii=False, indent=1))
        if differs:  # pages may have shown the inputs of the edition before
            seed.unlink(missing_ok=True)
        verdict.secret_seed(seed, drawn)
    return root / "release" / name / f"{name}.ipynb"


@contextlib.contextmanager
def kept_if_it_fails(*folders: Path) -> Iterator[None]:
    """Put folders back as they were if what changes them fails: a class has what is there."""
    with tempfile.TemporaryDirectory() as aside:
        copies = {folder: Path(aside) / str(number) for number, folder in enumerate(folders)}
        for folder, copy in copies.items():
            if folder.exists():
                shutil.copytree(folder, copy)
        try:
            yield
        except BaseException:
            for folder, copy in copies.items():
                shutil.rmtree(folder, ignore_errors=True)
                if copy.exists():
                    shutil.copytree(copy, folder)
            raise


def seed_for(problem_set: sets.ProblemSet, kept: Path | None) -> int:
    """The seed of a class, tried on the very inputs that it will be graded on.

    kept : where the seed lies that the class has already and keeps, if there is one

    Whether a wrong answer can be told from a right one is left to what is drawn, in some sets. So a
    seed on which a known mistake would earn all points is drawn again.
    """
    name = problem_set.name
    if kept and kept.exists():
        drawn = verdict.secret_seed(kept)
        if passing := tried(problem_set, drawn).passing():
            print(
                f"{name} keeps the hidden inputs that were drawn when it was released"
                " first. On them a known mistake earns all points:",
                *passing,
                f"If nobody has handed in yet, delete {kept} and release again: that draws others.",
                sep="\n",
            )
        return drawn
    for _ in range(TRIES):
        drawn = secrets.randbits(128)
        if not (passing := tried(problem_set, drawn).passing()):
            return drawn
    raise sets.SetError(
        f"{name} was not released: hidden inputs were drawn {TRIES} times, and each"
        " time a known mistake would have earned all points. Have `inputs` draw what shows it:\n"
        + "\n".join(passing)
    )


def tried(problem_set: sets.ProblemSet, seed: int) -> verdict.Exam:
    """The exam of a seed, on which each solution earns its points; SetError says which does not."""
    exam = verdict.Exam(problem_set, seed)
    if unsure := exam.unsure():
        raise sets.SetError("\n".join([f"{problem_set.name} was not released:", *unsure]))
    return exam


def enter(name: str, root: Path) -> None:
    """Have nbgrader make the student edition and enter the assignment in the gradebook."""
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    config = settings(root)
    api = NbGraderAPI(CourseDirectory(config=config), config=config, log_level="ERROR")
    done = api.generate_assignment(name)
    if not done["success"]:
        said = done.get("log") or done["error"]
        if "there are submissions" in said:
            raise sets.SetError(
                f"{name} was not released: work on it is in the gradebook, and its questions are no"
                " longer the same; release this one under another name"
            )
        raise RuntimeError(f"nbgrader could not release {name}:\n{said}")


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and release."""
    parser = argparse.ArgumentParser(
        prog="make release", description=(release.__doc__ or "").split("\n")[0]
    )
    parser.add_argument("name", help="the set, such as ps-softmax")
    parser.add_argument("--variant", type=int, help="a seed for other numbers, conventions, bugs")
    parser.add_argument("--root", type=Path, default=sets.EXERCISES, help="the course's folder")
    asked = parser.parse_args(arguments)
    try:
        path = release(asked.name, asked.variant, asked.root)
    except sets.SetError as error:
        sys.exit(str(error))
    problem_set = sets.issued(asked.name, asked.root)
    edition = "the book's edition"
    if asked.variant is not None:
        edition = f"variant {asked.variant}, one of {sets.variants(asked.name, problem_set.text)}"
    total = sum(q.points for q in problem_set.questions)
    print(
        f"{problem_set.title} ({edition}): {len(problem_set.questions)} questions, {total} points"
    )
    print(f"hand out       {path}")
    print(f"keep private   {path.parents[2] / 'source' / asked.name / path.name} (with solutions)")


if __name__ == "__main__":
    main()
