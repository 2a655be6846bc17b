"""A problem set: one source, from which the notebooks and the graded questions are made.

The source is a jupytext py:percent file. Its cells are read by their headers:

    tags=["variants"]                          a dict `variants`: for each name its choices
    nbgrader={"grade_id": "q1-answer", "solution": true}        where the student writes
    nbgrader={"grade_id": "q1", "grade": true, "points": 2}     the public check of question q1
    tags=["grading"] question="q1"             `name`, `inputs`, tolerances; never released
    tags=["mistake"] question="q1"             a wrong answer; `says`: a piece of the message that
                                               the check has for it; `hint`: for the feedback, if
                                               `says` is no sentence; `hidden = True`: only hidden
                                               inputs show it
    tags=["rubric"] question="q8"              how a free text is marked; never released

Every other cell is given to the student as it is. `{{expression}}` is replaced in all of them
by its value for the variant that was drawn. In a public check, lines between `### BEGIN VALUES` and
`### END VALUES` are run when the set is read, and replaced by the values of the names that the rest
of the check uses: what a check compares with would else show how it is computed.
"""

import ast
import builtins
import contextlib
import copy
import functools
import inspect
import io
import itertools
import json
import re
import symtable
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import yaml
from nbformat import NotebookNode

from grading import copied, jail
from grading.bounded import limited, within
from grading.compare import difference, in_single
from grading.inside import exchange

BOOK = Path(__file__).resolve().parents[1]
EXERCISES = BOOK / "exercises"
TEACHER = ("variants", "grading", "mistake", "rubric")  # tags of cells that no student receives
FOR_STUDENTS = {"numpy", "matplotlib"} | sys.stdlib_module_names
HIDDEN = ("### BEGIN MARK SCHEME", "### END MARK SCHEME")  # nbgrader's, kept in the gradebook


PLACE = re.compile(r"\{\{(.+?)\}\}")  # a placeholder
VALUES = re.compile(r"(?ms)^### BEGIN VALUES\n(.*?)^### END VALUES\n")
COMPARES = """\
import sys  # the first check also compares versions

here = f"{{sys.version_info[0]}}.{{sys.version_info[1]}}", ".".join(np.__version__.split(".")[:2])
if here != ("{python}", "{numpy}"):
    print("You use Python %s with NumPy %s." % here, "It is graded with {python} and {numpy}.")"""


class SetError(ValueError):
    """The source of a problem set is not as it should be; the message says where and why."""


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people give, and what helps them."""

    says: str  # stands in the message of the public check
    hint: str  # the sentence for the feedback
    wrong: Any  # as `Question.reference`: a function or a value
    code: str  # the cell that makes it
    hidden: bool = False  # the open examples do not show it


@dataclass(frozen=True)
class Question:
    """What is asked, and how an answer is judged. The engine needs nothing else."""

    id: str  # nbgrader's grade_id of its public check (of its answer, if it is a text)
    points: int
    kind: str  # "function", "value" or "text"
    name: str = ""  # what the student defines or assigns
    inputs: Callable[[np.random.Generator], list[tuple[Any, ...]]] | None = None
    reference: Any = None  # the function or the value of the solution edition
    rtol: float = 5e-7  # seven digits: half a unit of the last, relative to 1.000000
    atol: float = 1e-9
    single: bool = True  # whether single precision will do; not where `rtol` is set
    show: bool = True  # whether feedback may show an input that failed
    mistakes: tuple[Mistake, ...] = ()
    explanation: Callable[[tuple[Any, ...], Any, Any], str | None] | None = None
    rubric: str = ""

    def draw(self, rng: np.random.Generator) -> list[tuple[Any, ...]]:
        """Fresh hidden inputs: argument tuples for a function, one empty tuple for a value."""
        asked = self.inputs if self.kind == "function" else None
        return [()] if asked is None else [tuple(args) for args in asked(rng)]

    def answer(self, args: tuple[Any, ...], function: Any = None) -> Any:
        """What the reference (or another `function`) gives for these arguments."""
        function = self.reference if function is None else function
        if self.kind == "value":
            return function
        with np.errstate(all="ignore"):
            return function(*copy.deepcopy(args))

    def accepts(self, got: object, want: Any) -> bool:
        """True if `got` is `want` within the tolerances, shapes included."""
        return self.difference(got, want) is None

    def difference(self, got: object, want: Any) -> str | None:
        """How `got` differs from `want`, or None; a number that was asked for has seven digits."""
        single = self.single and (self.kind == "function" or in_single(got))
        return difference(got, want, self.rtol, self.atol, single)

    def earned(self, names: dict[str, Any], seed: int) -> bool:
        """True if what `names` holds answers the question; for code that is trusted only."""
        try:
            given = names[self.name]
            for args in self.draw(np.random.default_rng(seed)):
                if not self.accepts(self.answer(args, given), self.answer(args)):
                    return False
        except Exception:
            return False
        return True

    def said(self, names: dict[str, Any], seed: int) -> set[str | None]:
        """The sentences that a wrong answer in `names` gets on the hidden inputs."""
        sentences: set[str | None] = set()
        for args in self.draw(np.random.default_rng(seed)):
            with contextlib.suppress(Exception):
                got, want = self.answer(args, names[self.name]), self.answer(args)
                if not self.accepts(got, want):
                    sentences.add(self.explain(args, got, want))
        return sentences

    def tolerant(self) -> Iterator[str]:
        """Whether `atol`, which does not grow with a value, would let pass what `rtol` does not."""
        if self.kind != "value":
            return
        with contextlib.suppress(TypeError, ValueError):
            sizes = np.abs(np.asarray(self.reference, float))
            smallest = sizes[np.isfinite(sizes) & (sizes > 0)].min(initial=np.inf)
            if self.atol and self.atol >= self.rtol * smallest:
                yield (
                    f"{self.id}: atol is {self.atol:.3g}; for an answer of {smallest:.3g} it "
                    f"should be below {self.rtol * smallest:.3g}"
                )

    def explain(self, args: tuple[Any, ...], got: Any, want: Any) -> str | None:
        """A sentence for this wrong answer: the set's own, or the mistake that gives it.

        The set's own works on whatever was answered, so it gets a process with limits.
        """
        explanation = self.explanation
        if explanation and (said := limited(lambda: explanation(args, got, want) or "", 1)):
            return said
        for mistake in self.mistakes:
            with contextlib.suppress(Exception):
                wrong = self.answer(args, mistake.wrong)
                if self.accepts(got, wrong) and not self.accepts(wrong, want):
                    return mistake.hint
        return None


@dataclass(frozen=True)
class ProblemSet:
    """A set in one variant: its cells with every `{{}}` replaced, and its questions."""

    name: str
    title: str
    variant: int | None
    drawn: dict[str, int]  # for each of the variants' names the number of its choice
    values: dict[str, Any]
    text: str  # the source it was read from
    cells: tuple[NotebookNode, ...]
    questions: tuple[Question, ...]

    def source(self) -> NotebookNode:
        """The solution edition, as nbgrader's generate_assignment takes it."""
        notebook: NotebookNode = nbformat.v4.new_notebook(
            metadata={
                "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                "language_info": {"name": "python"},
            }
        )
        make: dict[str, Callable[..., NotebookNode]] = {
            "code": nbformat.v4.new_code_cell,
            "markdown": nbformat.v4.new_markdown_cell,
        }
        notebook.cells = [
            make[c.cell_type](c.source, id=c.id, metadata={"nbgrader": dict(c.metadata.nbgrader)})
            for c in self.cells
            if "nbgrader" in c.metadata
        ]
        nbformat.validate(notebook)
        return notebook

    def student(self) -> NotebookNode:
        """The student edition: the solutions taken out as nbgrader does it."""
        from nbconvert.exporters import ResourcesDict
        from nbgrader.preprocessors import ClearMarkScheme, ClearSolutions
        from traitlets.config.loader import PyFileConfigLoader

        config = PyFileConfigLoader("nbgrader_config.py", path=str(EXERCISES)).load_config()
        notebook = self.source()
        for step in (ClearSolutions, ClearMarkScheme):
            notebook, _ = step(config=config).preprocess(notebook, ResourcesDict())
        return notebook

    def run(
        self, replace: dict[str, str] | None = None, check: str | None = None
    ) -> dict[str, Any]:
        """The names that the solution edition defines, in this process: teacher's code only.

        `replace` maps the id of a cell to other code. With `check`, stop at the public check of
        this question and run it; an answer that it does not like is an AssertionError.
        """
        names: dict[str, Any] = {"__name__": self.name}
        for cell in self.source().cells:
            if cell.cell_type == "code" and (cell.id == check or not cell.metadata.nbgrader.grade):
                execute((replace or {}).get(cell.id, cell.source), names, f"{self.name}, {cell.id}")
            if cell.id == check:
                break
        return names

    def faults(self, seed: int = 0) -> list[str]:
        """What is wrong with the set when it is tried out, a sentence each; [] if nothing is."""
        found = []
        released: dict[str, Any] = {}
        handed_out = {c.id: c.source for c in self.student().cells if c.cell_type == "code"}
        for place, code in handed_out.items():
            with contextlib.suppress(Exception):
                execute(code, released, f"{self.name}, {place}")
        solved = self.run()
        for asked in self.questions:
            if asked.kind == "text":
                continue
            try:
                self.run(check=asked.id)
            except Exception as error:
                found.append(f"{asked.id}: its own solution fails the check: {error}")
            found += asked.tolerant()
            if asked.earned(released, seed):
                found.append(f"{asked.id}: the student edition holds the solution already")
            elif asked.kind == "function":
                stub, check = handed_out[f"{asked.id}-answer"], handed_out[asked.id]
                for result, code in copied.functions(asked.name, stub, check):
                    with contextlib.suppress(Exception):
                        if asked.earned(execute(code, dict(solved), asked.id), seed):
                            found.append(
                                f"{asked.id}: its check holds the solution: return {result}"
                            )
                            break
            for number, mistake in enumerate(asked.mistakes, 1):
                of_it = self.tried(asked, mistake, seed)
                found += [f"{asked.id}, mistake {number}: {fault}" for fault in of_it]
        return found

    def tried(self, asked: Question, mistake: Mistake, seed: int) -> Iterator[str]:
        """What is wrong with one mistake: it should be found, and get its sentence."""
        answer = next(c.source for c in self.cells if c.get("id") == f"{asked.id}-answer")
        try:
            self.run({f"{asked.id}-answer": f"{answer}\n{mistake.code}"}, check=asked.id)
            if not mistake.hidden:
                yield "the public check lets it pass; if it should, say hidden = True"
        except Exception as error:
            if mistake.hidden:
                yield f"it is not hidden, the public check says: {error}"
            elif mistake.says not in str(error):
                yield f"the public check should say {mistake.says!r}, and says: {error}"
        wrong = {asked.name: mistake.wrong}
        if asked.explanation and (said := self.misexplained(asked, wrong, seed)):
            yield said
        if asked.earned(wrong, seed):
            yield "it passes for right"
        elif asked.explanation is None and mistake.hint not in asked.said(wrong, seed):
            yield f"on hidden inputs it is taken for another: {asked.said(wrong, seed)}"

    @staticmethod
    def misexplained(asked: Question, names: dict[str, Any], seed: int) -> str:
        """How `explain` fails for a mistake that the set knows, or ""."""
        for args in asked.draw(np.random.default_rng(seed)):
            try:
                got = asked.answer(args, names[asked.name])
            except Exception:
                continue
            try:
                said = asked.explanation(args, got, asked.answer(args))  # type: ignore[misc]
            except Exception as error:
                return f"`explain` fails for it: {error!r}"
            if said is not None and not isinstance(said, str):
                return f"`explain` should return a text or None for it, got {said!r:.200}"
        return ""


def execute(code: str, names: dict[str, Any], where: str) -> dict[str, Any]:
    """Run a cell's code in `names`, quietly, for a minute at most."""
    try:
        with (
            within(60, where),
            contextlib.redirect_stdout(io.StringIO()),
            np.errstate(all="ignore"),
        ):
            exec(compile(code, f"<{where}>", "exec"), names)
    finally:
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")
    return names


def find(name: str | Path, folder: str | Path | None = None) -> Path:
    """The source of a set by its name: in the teacher's folder, else among the book's."""
    folders = dict.fromkeys(Path(f).expanduser().resolve() for f in (folder, EXERCISES) if f)
    for path in (f / f"{name}.py" for f in folders):
        if path.is_file():
            return path
    here = sorted({p.stem for f in folders for p in f.glob("ps-*.py")})
    raise SetError(
        f"there is no {name}.py in {' or '.join(map(str, folders))};"
        f" there is {', '.join(here) or 'no set at all'}"
    )


def load(
    name: str | Path, variant: int | None = None, folder: str | Path | None = None
) -> ProblemSet:
    """The set of this name (or at this path), as the book has it or in a variant."""
    path = Path(name) if str(name).endswith(".py") else find(name, folder)
    return read(path.stem, path.read_text(encoding="utf-8"), variant)


def course(root: str | Path) -> Path:
    """A course's folder, whole; SetError if nbgrader would read its path as a pattern."""
    path = Path(root).expanduser().resolve()
    if found := sorted(set("*?[]$%") & set(str(path))):
        raise SetError(
            f"the course's folder is {path}, and nbgrader reads {' '.join(found)} as part of a"
            " pattern: give the folder a name without it"
        )
    return path


def issued(name: str, root: str | Path = EXERCISES) -> ProblemSet:
    """The set as it was released to a class, whatever has become of its source since."""
    kept = record(name, root)
    if "drawn" not in kept and kept["variant"] is not None:
        raise SetError(f"{name} was released by an earlier version of the book: grade it with that")
    return read(name, kept["source"], kept["variant"], kept.get("drawn"))


def record(name: str, root: str | Path) -> dict[str, Any]:
    """What was kept of a set when it was released to a class: its source and its variant."""
    path = Path(root).expanduser() / "issued" / f"{name}.json"
    if not path.exists():
        raise SetError(f"{name} was not released from {root}; make release PS={name}")
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(kept["source"], str) and isinstance(kept["variant"], int | None):
            return kept
        raise TypeError
    except (ValueError, KeyError, TypeError):
        raise SetError(
            f"{path} is damaged, which says what the class was given: put a copy of it back, or "
            "delete it and release the set again with the same variant"
        ) from None


def templates(name: str, text: str) -> dict[str, re.Pattern[str]]:
    """{id of a given cell: a pattern of its text in any variant}, for those that vary."""
    import jupytext

    cells = [c for c in jupytext.reads(text, fmt="py:percent").cells if c.source.strip()]
    names: dict[str, Any] = {"np": np}
    found, known = {}, standing(cells)
    for cell in cells:
        if role(cell) == "variants":
            execute(cell.source, names, name)
    choices = [
        [one if isinstance(one, dict) else {key: one} for one in options]
        for key, options in names.get("variants", {}).items()
    ]

    def forms(piece: str) -> Iterator[str]:
        """What a placeholder may be replaced by: the values of all choices that it depends on."""
        used = {node.id for node in ast.walk(ast.parse(piece[2:-2])) if isinstance(node, ast.Name)}
        relevant = [options for options in choices if used & set(options[0])]
        for drawn in itertools.islice(itertools.product(*relevant), 1000):
            values = {key: value for one in drawn for key, value in one.items()}
            yield re.escape(fill(piece, known | values, name))

    for number, cell in enumerate(cells):
        marks = cell.metadata.get("nbgrader", {})
        given = role(cell) is None and not marks.get("solution")
        if given and not VALUES.search(cell.source):  # values are like a student's own numbers
            pieces = re.split(r"(\{\{.+?\}\})", cell.source.strip())
            parts = [re.escape(p) for p in pieces]
            parts[1::2] = ["(?:" + "|".join(dict.fromkeys(forms(p))) + ")" for p in pieces[1::2]]
            if any("|" in part for part in parts[1::2]):
                found[marks.get("grade_id", f"{name}-{number}")] = re.compile("".join(parts))
    return found


def cells_of(name: str, text: str) -> list[NotebookNode]:
    """The cells of a source, with their places and nbgrader's metadata, nothing filled in."""
    return copy.deepcopy(_cells_of(name, text))


@functools.lru_cache(16)
def _cells_of(name: str, text: str) -> list[NotebookNode]:
    """The same, for several variants: each takes a copy, and fills it in."""
    import jupytext

    cells = jupytext.reads(text, fmt="py:percent").cells
    lines = [n for n, line in enumerate(text.splitlines(), 1) if re.match(r"# ?%%", line)]
    for place, cell in enumerate(cells):
        cell.line = lines[place] if len(lines) == len(cells) else None
    cells = [cell for cell in cells if cell.source.strip()]
    for number, cell in enumerate(cells):
        line = f".py, line {cell.line}" if cell.line else ""
        cell.where = f"{name}{line}, cell {number}"
        complete(cell, f"{name}-{number}")
    return cells


def variants(name: str, text: str) -> int:
    """How many numbered variants a set has."""
    return len(editions(name, cells_of(name, text))) - 1


def read(
    name: str, text: str, variant: int | None = None, drawn: dict[str, int] | None = None
) -> ProblemSet:
    """A set from the text of its source; `drawn`, if the choices are known already."""
    cells = cells_of(name, text)
    drawn = draw(name, cells, variant) if drawn is None else drawn
    values = chosen(choices_of(name, cells), drawn)
    known = values | standing(cells)
    for cell in cells:
        if role(cell) != "variants":
            cell.source = fill(cell.source, known, cell.where)
    title = next(
        (m[1] for c in cells if c.cell_type == "markdown" and (m := re.match(r"# (.+)", c.source))),
        None,
    )
    if title is None:
        raise SetError(f"{name}: the first cell should have the title, a line '# …'")
    parts = name, title, variant, drawn, values, text, tuple(cells)
    problem_set = ProblemSet(*parts, ())
    questions = tuple(gather(problem_set))
    for above, cell in itertools.pairwise(cells):
        finish(cell, above, questions)
    return ProblemSet(*parts, questions)


def role(cell: NotebookNode) -> str | None:
    """The tag of a cell that no student receives, else None."""
    return next((tag for tag in cell.metadata.get("tags", []) if tag in TEACHER), None)


def draw(name: str, cells: list[NotebookNode], variant: int | None) -> dict[str, int]:
    """Which choice of each of the variants' names is taken, {name: its number}.

    That is the first of each for the book's edition (None); a whole number takes one of the
    `editions` that come after it, and after the last the first again.
    """
    choices = choices_of(name, cells)
    if variant is not None and not choices:
        raise SetError(f"{name} has no variants; release it without VARIANT")
    if variant is not None and (type(variant) is not int or abs(variant) >= 2**63):
        raise SetError(f"{name}: a variant is a whole number below 2**63, got {variant!r}")
    if variant is None:
        return dict.fromkeys(choices, 0)
    _, *others = editions(name, cells)
    return others[(variant - 1) % len(others)]


def choices_of(name: str, cells: list[NotebookNode]) -> dict[str, list[Any]]:
    """What the variants are drawn from, {name: [choice, ...]}, if it is written as it should be."""
    names: dict[str, Any] = {"np": np}
    for cell in cells:
        if role(cell) == "variants":
            execute(cell.source, names, cell.where)
    choices: dict[str, list[Any]] = names.get("variants", {})
    known: set[str] = set()
    for key, options in choices.items():
        if not isinstance(options, list) or len(options) < 2:
            raise SetError(f"{name}: variants[{key!r}] should be a list of two choices or more")
        named = set(options[0] if isinstance(options[0], dict) else [key])
        if twice := named & known:
            raise SetError(f"{name}: variants[{key!r}] sets {', '.join(twice)} a second time")
        known |= named
    return choices


def chosen(choices: dict[str, list[Any]], drawn: dict[str, int]) -> dict[str, Any]:
    """The values of the names that stand in placeholders."""
    values: dict[str, Any] = {}
    for key, place in drawn.items():
        one = choices[key][place]
        values |= one if isinstance(one, dict) else {key: one}
    return values


MOST_EDITIONS, TRIED, RESTARTS = 100, 1000, 40


def editions(name: str, cells: list[NotebookNode]) -> list[dict[str, int]]:
    """The book's edition, and its variants by their numbers: what `draw` returns for each.

    No two of them have the same solution in more than a third of the cells for answers, nor in
    cells worth more than a third of the points that a machine gives, if there are choices enough
    for that; else in as few as can be. They are found by trying: of many drawn at random, the same
    each time, those are kept, one after another, that differ so from all that were kept before.
    """
    choices, rng = choices_of(name, cells), np.random.default_rng(0)
    drawn = {key: np.r_[0, rng.integers(len(o), size=TRIED)] for key, o in choices.items()}
    known = {c.id: c.metadata.nbgrader.points for c in cells if "points" in _marks(c)}
    numbers, points = [], []  # for each cell the number of its solution, and its points
    for cell in (c for c in cells if _marks(c).get("solution")):
        solution = cell.source.split("### BEGIN SOLUTION")[-1].split("### END SOLUTION")[0]
        pieces = PLACE.findall(solution)
        used = set().union(*map(_names, pieces))
        keys = [k for k, o in choices.items() if used & set(chosen(choices, {k: 0}))]
        rows = list(zip(*(drawn[key] for key in keys), strict=True)) or [()] * (TRIED + 1)
        forms: dict[tuple[int, ...], str] = {}
        for row in dict.fromkeys(rows):
            values = chosen(choices, dict(zip(keys, row, strict=True)))
            varied = [f"{{{{{piece}}}}}" for piece in pieces if _names(piece) <= values.keys()]
            forms[row] = fill("\n".join(varied), values, cell.where)
        number = {form: place for place, form in enumerate(dict.fromkeys(forms.values()))}
        numbers.append([number[forms[row]] for row in rows])
        points.append(known.get(cell.id.removesuffix("-answer"), 0) * (cell.cell_type == "code"))
    alike, worth = np.array(numbers), np.array(points)
    for most in range(len(worth) // 3, len(worth) + 1):
        found: list[int] = []
        share = 1 / 3 if most == len(worth) // 3 else most / len(worth)
        for _ in range(RESTARTS):
            left = np.r_[0, 1 + rng.permutation(TRIED)]
            kept: list[int] = []
            while len(left) and len(kept) < MOST_EDITIONS:
                kept.append(int(left[0]))
                same = alike[:, left] == alike[:, left[:1]]
                left = left[(same.sum(axis=0) <= most) & (worth @ same <= share * worth.sum())]
            found = max(found, kept, key=len)
        if len(found) > 1:
            break
    return [{key: int(places[one]) for key, places in drawn.items()} for one in found]


def _marks(cell: NotebookNode) -> dict[str, Any]:
    return cell.metadata.get("nbgrader") or {}


def _names(expression: str) -> set[str]:
    """The names in the expression of a placeholder, NumPy's and Python's own left out."""
    nodes = ast.walk(ast.parse(expression.strip()))
    found = {node.id for node in nodes if isinstance(node, ast.Name)}
    return found - {"np"} - set(dir(builtins))


def standing(cells: list[NotebookNode]) -> dict[str, Any]:
    """What every set may fill in: the book's address, each question's points, the rules."""
    config = yaml.safe_load((BOOK / "_config.yml").read_text(encoding="utf-8"))
    given = [cell.metadata.get("nbgrader", {}) for cell in cells]
    points = {g.get("grade_id"): g["points"] for g in given if "points" in g}
    rules = (EXERCISES / "rules.md").read_text(encoding="utf-8").strip()
    return {
        "book": config["html"]["baseurl"] + "chapters",
        "points": points,
        "rules": fill(rules, {"total": sum(points.values()), **graded_with()}, "rules.md"),
        "open": "{{",
        "close": "}}",
    }


def graded_with() -> dict[str, str | jail.Limits]:
    """What submissions run in: versions and limits."""
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    with contextlib.suppress(OSError):  # the student environment may not be there yet
        made = (jail.STUDENT / "pyvenv.cfg").read_text(encoding="utf-8")
        python = next(iter(re.findall(r"(?m)^version(?:_info)? *= *(\d+\.\d+)", made)), python)
    pins = (EXERCISES / "requirements.txt").read_text(encoding="utf-8")
    numpy = re.findall(r"(?m)^numpy==(\d+\.\d+)", pins)[0]
    return {"python": python, "numpy": numpy, "limits": jail.Limits()}


def fill(source: str, values: dict[str, Any], where: str) -> str:
    """The text with each `{{expression}}` replaced by its value."""

    def value(match: re.Match[str]) -> str:
        try:
            return str(eval(match[1], {"np": np}, values))
        except Exception as error:
            known = ", ".join(sorted(values))
            raise SetError(
                f"{where}: {match[0]} cannot be filled in ({error}); it may use {known}"
            ) from error

    return PLACE.sub(value, source)


def complete(cell: NotebookNode, fallback: str) -> None:
    """Give a cell of the release all of nbgrader's metadata, and a stable id."""
    cell.metadata = nbformat.from_dict(
        {k: v for k, v in cell.metadata.items() if not k.startswith("lines_to_")}
    )
    unknown = set(cell.metadata) - {"nbgrader", "tags", "question"}
    unknown |= set(cell.metadata.get("tags", [])) - set(TEACHER)
    if unknown:
        raise SetError(f"{cell.where}: unknown in its header: {', '.join(unknown)}")
    given = cell.metadata.get("nbgrader", {})
    if role(cell) is not None:
        return
    grade, solution = bool(given.get("grade")), bool(given.get("solution"))
    if cell.metadata.get("nbgrader") is not None and not (grade or solution):
        raise SetError(f"{cell.where}: its nbgrader metadata says neither grade nor solution")
    if (grade or solution) and not given.get("grade_id"):
        raise SetError(f"{cell.where}: its nbgrader metadata has no grade_id")
    if grade and not (isinstance(given.get("points"), int) and given["points"] > 0):
        raise SetError(f"{cell.where}: question {given['grade_id']} needs points, a whole number")
    marks = [line.strip() for line in cell.source.splitlines() if "SOLUTION" in line]
    if marks != (["### BEGIN SOLUTION", "### END SOLUTION"] if solution else []):
        raise SetError(
            f"{cell.where}: a solution stands between one '### BEGIN SOLUTION' and one"
            " '### END SOLUTION', in a cell whose metadata says solution"
        )
    points = {"points": given["points"]} if grade else {}
    cell.id = given.get("grade_id", fallback)
    cell.metadata.nbgrader = nbformat.from_dict(
        {
            "schema_version": 3,
            "grade_id": cell.id,
            "grade": grade,
            "solution": solution,
            "locked": not solution,
            "task": False,
            **points,
        }
    )


def gather(problem_set: ProblemSet) -> list[Question]:
    """The questions of a set, in their order; and what is wrong with it, if anything."""
    name, cells = problem_set.name, problem_set.cells
    seen: set[str] = set()
    beside: dict[str | None, list[NotebookNode]] = {}
    for cell in cells:
        if "nbgrader" in cell.metadata:
            if cell.id in seen:
                raise SetError(f"{cell.where}: the grade_id {cell.id} is used twice")
            seen.add(cell.id)
        if role(cell) in TEACHER[1:]:
            beside.setdefault(cell.metadata.get("question"), []).append(cell)
    for cell in source_cells(cells):
        check_imports(cell)
    asked = [c for c in cells if c.metadata.get("nbgrader", {}).get("grade")]
    if not asked:
        raise SetError(f"{name} has no question")
    if lost := set(beside) - {c.id for c in asked}:
        where = beside[next(iter(lost))][0].where
        raise SetError(f"{where}: there is no question {next(iter(lost))!r}")
    try:
        names = settle(problem_set)
    except SetError:
        raise
    except Exception as error:
        raise SetError(f"{name}: its own solutions do not run: {error!r}") from error
    questions = [question(problem_set, cell, beside.get(cell.id, []), names) for cell in asked]
    for cell in source_cells(cells):
        taken = assigned(cell.source) & {q.name for q in questions}
        if taken and not cell.metadata.nbgrader.solution:
            raise SetError(
                f"{cell.where}: it assigns {', '.join(taken)}, which a question asks for"
            )
    return questions


def settle(problem_set: ProblemSet) -> dict[str, Any]:
    """The names that the solution edition defines; in the checks, values replace their lines."""
    names: dict[str, Any] = {"__name__": problem_set.name}
    for cell in source_cells(problem_set.cells):
        if not cell.metadata.nbgrader.grade:
            execute(cell.source, names, f"{problem_set.name}, {cell.id}")
        elif "### BEGIN VALUES" in cell.source or "### END VALUES" in cell.source:
            cell.source = with_values(cell, names)
    return names


def with_values(cell: NotebookNode, names: dict[str, Any]) -> str:
    """A check in which values stand for the lines that compute them."""
    parts = VALUES.split(cell.source)
    if len(parts) != 3:
        raise SetError(
            f"{cell.where}: values are computed between one line '### BEGIN VALUES' and one"
            " '### END VALUES'"
        )
    before, block, after = parts
    try:
        found = execute(before + block, dict(names), cell.where)
    except Exception as error:
        raise SetError(f"{cell.where}: its values cannot be computed: {error!r}") from error
    used = {node.id for node in ast.walk(ast.parse(after)) if isinstance(node, ast.Name)}
    made = assigned(block)
    lines = [f"{name} = {written(found[name], cell)}\n" for name in found if name in used & made]
    return "".join([before, *lines, after])


def written(value: object, cell: NotebookNode) -> str:
    """A value as Python code, numbers with ten digits, long lists in several lines."""
    if isinstance(value, np.ndarray):
        return f"np.array({written(value.tolist(), cell)})"
    if isinstance(value, (list, tuple)):
        opening, closing = "[]" if isinstance(value, list) else "()"
        parts = [written(one, cell) for one in value]
        inner = ", ".join(parts) + "," * (len(parts) == 1 and opening == "(")
        if len(inner) > 76:
            nested = any(isinstance(one, (list, tuple, np.ndarray)) for one in value)
            inner = ",\n".join(parts) if nested else textwrap.fill(inner, 90)
            inner = f"\n{textwrap.indent(inner, '    ')},\n"
        return f"{opening}{inner}{closing}"
    if isinstance(value, (bool, int, np.bool_, np.integer)):
        return str(value)
    if isinstance(value, (float, np.floating)):
        if not np.isfinite(value):
            return {"inf": "np.inf", "-inf": "-np.inf"}.get(str(value), "np.nan")
        text = f"{value:.10g}"
        return text if re.search("[.e]", text) else f"{text}.0"
    what = "numbers, arrays, and lists and tuples of these"
    raise SetError(f"{cell.where}: among its values is {type(value).__name__}; {what} may be")


def source_cells(cells: Iterable[NotebookNode]) -> list[NotebookNode]:
    """The code cells of the release."""
    return [c for c in cells if c.cell_type == "code" and "nbgrader" in c.metadata]


def assigned(code: str) -> set[str]:
    """The names that a cell binds outside of its functions."""
    symbols = symtable.symtable(code, "cell", "exec").get_symbols()
    return {symbol.get_name() for symbol in symbols if symbol.is_assigned()}


def check_imports(cell: NotebookNode) -> None:
    """Refuse code that a student with nothing but NumPy and Matplotlib cannot run."""
    try:
        with warnings.catch_warnings(action="error"):
            tree = ast.parse(cell.source)
    except SyntaxError as error:
        raise SetError(f"{cell.where}: not Python: {error}") from error
    for node in ast.walk(tree):
        modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or "a file beside it"] if isinstance(node, ast.ImportFrom) else []
        if foreign := {m.split(".")[0] for m in modules} - FOR_STUDENTS:
            raise SetError(
                f"{cell.where} imports {', '.join(foreign)}; students have NumPy and Matplotlib"
            )


def question(
    problem_set: ProblemSet, cell: NotebookNode, beside: list[NotebookNode], names: dict[str, Any]
) -> Question:
    """The question that a graded cell asks, with what stands beside it in the source."""
    points = cell.metadata.nbgrader["points"]
    roles = {tag: [c for c in beside if role(c) == tag] for tag in TEACHER}
    if cell.metadata.nbgrader["solution"]:
        if len(roles["rubric"]) != 1 or cell.cell_type != "markdown":
            raise SetError(f"{cell.where}: the free text {cell.id} needs one rubric cell")
        return Question(cell.id, points, "text", rubric=roles["rubric"][0].source)
    if len(roles["grading"]) != 1:
        raise SetError(f"{cell.where}: question {cell.id} needs one grading cell")
    grading = roles["grading"][0]
    if not any(c.id == f"{cell.id}-answer" for c in problem_set.cells):
        raise SetError(f"{cell.where}: question {cell.id} needs a solution cell {cell.id}-answer")
    rules = defined(grading, names, NAMES)
    name = rules.get("name")
    if not isinstance(name, str) or name not in names:
        raise SetError(f"{grading.where}: `name` should be what the solution defines, got {name!r}")
    kind = "function" if callable(names[name]) else "value"
    options: dict[str, Any] = {k: rules[k] for k in ("rtol", "atol", "show") if k in rules}
    options["single"] = not {"rtol", "atol"} & options.keys()
    mistakes = []
    for wrong in roles["mistake"]:
        made = defined(wrong, names, NAMES_OF_A_MISTAKE)
        if not made.get("says") or made[name] is names[name]:
            raise SetError(f"{wrong.where}: a mistake gives `says`, and {name} made wrongly")
        says, hidden = made["says"], made.get("hidden", False)
        hint = made.get("hint") or sentence(says)
        mistakes.append(Mistake(says, hint, made[name], wrong.source, hidden))
    asked = Question(
        cell.id,
        points,
        kind,
        name,
        rules.get("inputs"),
        names[name],
        mistakes=tuple(mistakes),
        explanation=rules.get("explain"),
        **options,
    )
    if kind == "function":
        check_inputs(asked, grading.where)
    return asked


def is_tolerance(value: object) -> bool:
    """Whether a value is a finite number that is not negative."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and 0 <= value < np.inf  # type: ignore[operator]


def explains(value: object) -> bool:
    """Whether a value can be called with three arguments."""
    try:
        inspect.signature(value).bind(None, None, None)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return callable(value)


def is_text(value: object) -> bool:
    """Whether a value is a text that is not empty."""
    return isinstance(value, str) and bool(value.strip())


Wanted = dict[str, tuple[Callable[[object], bool], str]]
TRUTH = (lambda value: isinstance(value, bool), "True or False")
TOLERANCE, TEXT = (is_tolerance, "a number from 0 on"), (is_text, "a text")
NAMES: Wanted = {
    "rtol": TOLERANCE,
    "atol": TOLERANCE,
    "show": TRUTH,
    "inputs": (callable, "a function"),
    "explain": (explains, "a function of three arguments, args, got and want"),
}
NAMES_OF_A_MISTAKE: Wanted = {"says": TEXT, "hint": TEXT, "hidden": TRUTH}


def defined(cell: NotebookNode, names: dict[str, Any], wanted: Wanted) -> dict[str, Any]:
    """What a teacher's cell defines beside `names`; SetError says what is wrong with it."""
    try:
        found = execute(cell.source, dict(names), cell.where)
    except Exception as error:
        raise SetError(f"{cell.where}: it does not run: {error!r}") from error
    for name, (fits, what) in wanted.items():
        if name in found and found[name] is not names.get(name) and not fits(found[name]):
            raise SetError(f"{cell.where}: `{name}` should be {what}, got {found[name]!r:.200}")
    return found


def sentence(says: str) -> str:
    """What a check says, with a capital and a full stop."""
    return says[0].upper() + says[1:] + "." * (says[-1] not in ".?!")


def check_inputs(asked: Question, where: str) -> None:
    """A function is tried on inputs of more than one shape, drawn at random each time."""
    if asked.inputs is None:
        raise SetError(f"{where}: question {asked.id} needs `inputs(rng)`")
    try:
        found = asked.inputs(np.random.default_rng(0))
    except Exception as error:
        raise SetError(f"{where}: `inputs(rng)` of {asked.id} fails: {error!r}") from error
    if not isinstance(found, list) or not all(isinstance(args, tuple) for args in found):
        raise SetError(f"{where}: `inputs(rng)` of {asked.id} should return a list of tuples")
    for value in itertools.chain(*found):
        if said := unsuitable(value):
            raise SetError(f"{where}: an input of {asked.id} is {said}")
    drawn = asked.draw(np.random.default_rng(0))
    if len({tuple(np.shape(a) for a in args) for args in drawn}) < 2:
        raise SetError(f"{where}: the inputs of {asked.id} should have more than one shape")
    if repr(drawn) == repr(asked.draw(np.random.default_rng(1))):
        raise SetError(f"{where}: the inputs of {asked.id} should be drawn from rng")


def unsuitable(value: object) -> str | None:
    """Why a value is no input for a student's function, or None."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return "an array without axes; hand over value.item()"
    plain = exchange.plain(value)
    if isinstance(plain, exchange.Other):
        kinds = "numbers, texts, arrays, and lists, tuples and dicts of these"
        return f"{plain.what}; {kinds} can be sent"
    if isinstance(value, (list, tuple)):
        return next((said for item in value if (said := unsuitable(item))), None)
    return None


def finish(cell: NotebookNode, above: NotebookNode, questions: tuple[Question, ...]) -> None:
    """Say at the end of a check what depends on it; put a rubric where nbgrader hides it."""
    asked = next((q for q in questions if q.id == cell.get("id")), None)
    if asked is None:
        return
    if asked.kind == "text":
        if above.cell_type != "markdown" or "nbgrader" not in above.metadata:
            raise SetError(f"{cell.where}: the cell above should ask for the text {asked.id}")
        above.source = "\n".join([above.source, HIDDEN[0], asked.rubric, HIDDEN[1]])
    else:
        depend = "1 point depends" if asked.points == 1 else f"{asked.points} points depend"
        if asked.kind == "value" and np.ndim(asked.reference) == 0:
            number = f"np.ndim({asked.name}) == 0 and np.asarray({asked.name}).dtype.kind in 'iuf'"
            wanted = f"`{asked.name}` should be one number, got {{{asked.name}!r}}"
            cell.source = f'assert {number}, f"{wanted}"\n{cell.source}'
        passed = {
            "function": f"right on the examples shown; {depend} on others, too",
            "value": f"a plausible answer; {depend} on whether it is right",
        }[asked.kind]
        cell.source += f'\nprint("{asked.id}: {passed}")'
        if asked is next(q for q in questions if q.kind != "text"):
            cell.source = f"{COMPARES.format(**graded_with())}\n{cell.source}"
