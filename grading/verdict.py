"""Reach the verdict on a submission's answers, outside the jail.

The hidden inputs are drawn from a secret seed, one for each class and set, kept beside what was
issued, so that a re-grade asks the same. They and the reference's answers stay in this process.
"""

import ast
import hashlib
import json
import math
import os
import re
import secrets
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import indent
from typing import Any

import numpy as np

from grading.bounded import within
from grading.compare import kind
from grading.inside import exchange
from grading.jail import REASONS, Answer, Asked, Record
from grading.sets import Mistake, ProblemSet, Question, SetError

DIED = {why: f"it {what}" for why, what in REASONS.items()} | {
    "unreached": "the cells took all the time, or ended Python too often, so it was not reached",
}
HIDDEN = (
    "gives no right answer for an input that is not shown: it is not defined, was not reached, "
    "fails, or is wrong."
)
UNSHOWN = "is not right. It is not shown, since it was found after inputs that may not be shown."
SHOWN = 500  # characters, and elements, of a value in a message
WHOLE, EDGE = 40, 3  # elements of an array that is shown whole; of each end of a longer one's axes


@dataclass(frozen=True)
class Verdict:
    """The points of one question, and why."""

    question: str
    points: float
    message: str
    wrong: bool = False  # there were answers, and not all of them right
    known: bool = False  # the message is about a mistake that the set knows


def secret_seed(path: Path, drawn: int | None = None) -> int:
    """Read the class's secret seed, or record one that was `drawn` for its owner's eyes only."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        try:
            return int(path.read_text(), 16)
        except ValueError:
            said = "must hold a number in hexadecimal digits: put a copy of it back"
            raise SetError(f"{path} {said}") from None
    with os.fdopen(fd, "w") as file:
        file.write(f"{secrets.randbits(128) if drawn is None else drawn:032x}\n")
    return secret_seed(path)


class Exam:
    """A problem set with its hidden inputs drawn and the reference's answers worked out."""

    def __init__(self, problem_set: ProblemSet, seed: int) -> None:
        """Draw and solve; `seed` is an integer. SetError says which solution fails."""
        self.name = problem_set.name
        self.questions = [q for q in problem_set.questions if q.kind != "text"]
        self.calls: dict[str, list[Any]] = {}
        self.wanted: dict[str, list[Any]] = {}
        for question in self.questions:
            key = hashlib.sha256(f"{seed:x}/{self.name}/{question.id}".encode()).digest()
            rng = np.random.default_rng(int.from_bytes(key))
            calls = self.calls[question.id] = [exchange.plain(c) for c in question.draw(rng)]
            try:
                with warnings.catch_warnings(), within(60, "all calls together"):
                    warnings.simplefilter("ignore")
                    answers = [question.answer(_copy(call)) for call in calls]
            except Exception as error:
                shapes = [tuple(np.shape(a) for a in call) for call in calls]
                raise SetError(
                    f"{self.name}: the solution of {question.id} fails on hidden inputs of shapes "
                    f"{shapes}: {type(error).__name__}: {error}"
                ) from error
            answers = [exchange.plain(answer) for answer in answers]
            if other := next((a for a in answers if isinstance(a, exchange.Other)), None):
                raise SetError(
                    f"{self.name}: the solution of {question.id} returns {other.what}, "
                    "which cannot be compared"
                )
            self.wanted[question.id] = [_copy(answer) for answer in answers]

    def unsure(self) -> list[str]:
        """The solutions that would not earn their points: asked again, they do not agree."""
        found = {}
        for question in self.questions:
            pairs = zip(self.calls[question.id], self.wanted[question.id], strict=True)
            with warnings.catch_warnings(), within(60, "all calls together"):
                warnings.simplefilter("ignore")
                for call, want in pairs:
                    again = exchange.plain(question.answer(_copy(call)))
                    if said := question.difference(again, want):
                        words = "asked again, its solution earns no points"
                        found[question.id] = f"{question.id}: {words}: {said}"
        return [*found.values()]

    def passing(self) -> list[str]:
        """The mistakes that the set knows and that would earn all points on these inputs."""
        return [
            f"{question.id}: {mistake.hint}"
            for question in self.questions
            for mistake in question.mistakes
            if question.kind == "function" and self._passes(question, mistake)
        ]

    def _passes(self, question: Question, mistake: Mistake) -> bool:
        """Whether a mistake is right on every input; one that fails or takes too long is not."""
        try:
            with warnings.catch_warnings(), within(60, "all calls together"):
                warnings.simplefilter("ignore")
                return all(
                    question.accepts(
                        exchange.plain(question.answer(_copy(call), mistake.wrong)), want
                    )
                    for call, want in zip(
                        self.calls[question.id], self.wanted[question.id], strict=True
                    )
                )
        except Exception:
            return False

    def hidden(self) -> list[str]:
        """The questions with inputs that may not be shown."""
        return [question.id for question in self.questions if _hidden(question)]

    def orders(self) -> list[Asked]:
        """What the jail is asked: ids, kinds, names and encoded arguments; values come first."""
        in_order = sorted(self.questions, key=lambda q: q.kind != "value")
        return [
            Asked(q.id, q.kind, q.name, [exchange.encode(call) for call in self.calls[q.id]])
            for q in in_order
        ]

    def digest(self) -> str:
        """A name for all that the answers depend on, to tell kept answers from outdated ones."""
        wanted = {key: exchange.encode(answers) for key, answers in self.wanted.items()}
        return hashlib.sha256(json.dumps([self.orders(), wanted]).encode()).hexdigest()

    def judge(self, record: Record) -> list[Verdict]:
        """The verdicts on what `grading.jail.run` recorded, in the order of the questions.

        With "sources", {id: source} of the code cells, "given", the sources of those that were
        handed out, and "untouched", the questions whose cell for the answer is as it was handed
        out, the messages name the causes of a fault.

        A question was asked in the notebook's state after its check, and where the state at the end
        might answer better, in that, too: the better answers count.
        """
        found = []
        for question in self.questions:
            later = record.get("later", {}).get(question.id)
            first = verdict = self._judge(question, record["answers"][question.id])
            if later is not None:
                verdict = self._judge(question, later)
                if (first.points, first.wrong) >= (verdict.points, True):
                    verdict = first
            if verdict.points < question.points:
                verdict = replace(verdict, message=explained(question, verdict, record))
            found.append(verdict)
        return found

    def _judge(self, question: Question, answers: list[Answer]) -> Verdict:
        calls, wanted = self.calls[question.id], self.wanted[question.id]
        said: list[str | None] = []
        wrong: list[str] = []
        for one in zip(calls, answers, wanted, strict=True):
            # To look for known mistakes takes time, so it is done for the first few.
            known = any(isinstance(text, Known) for text in wrong)
            said.append(fault(question, *one, explain=len(wrong) < 3 and not known))
            wrong += [text for text in said[-1:] if text is not None]
        if not wrong:
            praise = "Correct."
            if question.kind == "function":
                praise = f"Correct, on {len(calls)} inputs that are not in the notebook."
            return Verdict(question.id, float(question.points), praise)
        # A known mistake says more than a difference.
        message = next((text for text in wrong if isinstance(text, Known)), wrong[0])
        valued = any("value" in answer for answer in answers)
        groups: dict[str, list[bool]] = {}
        for call, text in zip(calls, said, strict=True):
            groups.setdefault(shape_of(call), []).append(text is None)
        known, points = isinstance(message, Known), 0.0
        if question.kind == "function" and question.show and valued:
            right = [name for name, parts in groups.items() if all(parts)]
            points = int(2 * question.points * len(right) / len(groups)) / 2
            count = f"Right on {sum(text is None for text in said)} of {len(calls)} hidden inputs"
            if right:
                others = [name for name in groups if name not in right]
                count += f": for {' and '.join(right)}, not yet for {' and '.join(others)}"
            first, *more = message.split("\n")
            message = "\n".join([f"{_ended(first)} {count}.", *more])
        return Verdict(question.id, points, str(message), valued, known)


def shape_of(call: Sequence[Any]) -> str:
    """The group of inputs that a call belongs to, by the axes of its first array, in words."""
    axes = next((value.ndim for value in call if isinstance(value, np.ndarray)), 0)
    return {0: "single numbers", 1: "one row", 2: "rows"}.get(axes, "stacks of rows")


class Known(str):
    """The words for a mistake that the set knows."""


def explained(question: Question, verdict: Verdict, record: Record) -> str:
    """The message on a fault, with what lies behind it: a cell that failed, or the check's words.

    What cells showed was shown before any input was sent, so it can tell nothing of one. It is all
    that is told where the inputs may not be shown.
    """
    sources, hidden = record.get("sources", {}), _hidden(question)
    first, *more = verdict.message.split("\n")
    missing = hidden or first.endswith("is not defined.")
    # A number may be what a cell that failed had left behind.
    left = question.kind == "value" and verdict.wrong and not verdict.known
    binding = _binds(question.name, sources) if missing or left else []
    untouched = question.id in record.get("untouched", ())
    if untouched and missing and not set(binding) - {f"{question.id}-answer"}:
        return "Not answered yet: the cell for the answer is as it was handed out."
    name = question.name
    if not hidden and (echo := re.search(r"NameError: name '(\w+)' is not", first)):
        name, binding = echo[1], _binds(echo[1], sources)
    what = f"that defines `{name}`"
    if missing and not binding:  # by its words, as after a slip in `def`
        binding, what = [f"{question.id}-answer"], "for the answer"
    for cell_id in binding:
        if failed := _failed(cell_id, record):
            said = _ended(f"{_ended(first)} The cell {what} {failed}")
            return "\n".join([said, *more])
    check = re.fullmatch(r"stopped with AssertionError: (.*)", _failed(question.id, record))
    own = check and any(_is_own(given, check[1]) for given in record.get("given", ()))
    if check and own and (hidden or (verdict.wrong and not verdict.known)):
        return f"The check says: {_ended(check[1])}\n{verdict.message}"
    return verdict.message


def _is_own(given: str, said: str) -> bool:
    """Whether given code says this itself; with anything for the values that it sets into a text.

    An error from the function that a check calls could say whatever its author likes.
    """
    try:
        nodes = list(ast.walk(ast.parse(given)))
    except SyntaxError:  # magics
        return False
    pieces = [part for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values]
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in pieces:
            if said == " ".join(node.value.split()):
                return True
        elif isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "" for part in node.values]
            texts, place = [" ".join(str(part).split()) for part in parts], 0
            fits = said.startswith(texts[0]) and said.endswith(texts[-1])
            fits = fits and max(map(len, texts)) > 9
            for text in texts:
                found = said.find(text, place)
                fits, place = fits and found >= 0, found + len(text)
            if fits:
                return True
    return False


def _binds(name: str, sources: dict[str, str]) -> list[str]:
    """The cells that define a name, as far as a look at their lines tells."""
    word = re.escape(name)
    binds = (
        rf"(?m)^[ \t]*(?:(?:def|class) +{word}\b|{word}[ \t]*[=,:]|(?:from|import)\b.*\b{word}\b)"
    )
    return [cell_id for cell_id, source in sources.items() if re.search(binds, source)]


def _failed(cell_id: str, record: Record) -> str:
    """How a cell ended that did not end well."""
    if ended := record.get("ended", {}).get(cell_id):
        return "took longer than a cell may take" if ended == "slow" else REASONS[ended]
    for output in record.get("cells", {}).get(cell_id, []):
        if output.get("output_type") == "error":
            name, said = output["ename"].split(), " ".join(output["evalue"].split())[:SHOWN]
            named = f"stopped with {name[0][:100] if name else 'an error'}"
            return f"{named}: {said}" if said else named
    return ""


def _hidden(question: Question) -> bool:
    """Whether a question has inputs that may not be shown."""
    return not question.show


def fault(
    question: Question, call: Sequence[Any], answer: Answer, want: Any, explain: bool = True
) -> str | None:
    """What is wrong with an answer: a line for the student, more lines with values; or None.

    Where a question's inputs may not be shown, there is one sentence for all that may be wrong: the
    submission could choose what is wrong by what it was asked, and so tell it.
    """
    name = f"`{question.name}`"
    if _hidden(question):
        right = "value" in answer and question.accepts(exchange.decode(answer["value"]), want)
        return None if right else f"{name} {UNSHOWN if question.kind == 'value' else HIDDEN}"
    shown = call if question.kind == "function" else []
    if "missing" in answer:
        undefined = answer["missing"] == "undefined"
        return f"{name} is not defined." if undefined else f"{name} is not a function."
    if "died" in answer:
        return _lines(f"{name} gave no answer: {DIED[answer['died']]}.", shown)
    if "timeout" in answer:
        return _lines(f"{name} took longer than one call may take.", shown)
    if "error" in answer:
        error, text = answer["error"]
        if error == "NotImplementedError":
            return "Not answered yet: NotImplementedError was raised."
        return _lines(_ended(f"{name} raised {' '.join(text.split())}"), shown)
    got = exchange.decode(answer["value"])
    said = question.difference(got, want)
    if said is None:
        return None
    explained = _explanation(question, call, got, want) if explain else None
    if isinstance(got, exchange.Other):
        said = f"it is {got.what}; numbers, texts, arrays and lists of these can be compared"
    if question.kind == "value":
        return Known(_ended(explained)) if explained else f"{name} is {_show(got)}: {said}."
    said = _ended(explained or f"What {name} returns is wrong: {said}")
    said = _lines(said, shown, [got])
    return Known(said) if explained else said


def _ended(sentence: str) -> str:
    """A sentence with the sign at its end, which others' words may have or lack."""
    return sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."


def _lines(sentence: str, shown: Sequence[Any], returned: Sequence[Any] = ()) -> str:
    """The sentence, and below it the values that were passed and returned, indented."""
    lines = [sentence]
    for words, values in (("It was called with", shown), ("It returned", returned)):
        if values:
            lines += [words, *(indent(_show(value), "  ") for value in values)]
    return "\n".join(lines)


def _explanation(question: Question, call: Sequence[Any], got: Any, want: Any) -> str | None:
    if isinstance(got, exchange.Other):
        return None
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), within(10, "an explanation"):
            warnings.simplefilter("ignore")
            return question.explain(tuple(_copy(call)), _copy(got), _copy(want))
    except Exception:  # the set's author expected another kind of answer
        return None


def _copy(value: Any) -> Any:
    return exchange.decode(exchange.encode(value))


def _first_of(value: Any, left: list[int]) -> Any:
    """A value with as many elements as may be shown; `left` says how many more.

    An array that has more than that is named only: to write one takes 10 microseconds an element.
    """
    if isinstance(value, dict):
        return dict(zip(value, _first_of(list(value.values()), left), strict=False))
    if isinstance(value, np.ndarray):
        shape = value.shape if value.size <= WHOLE else [min(n, 2 * EDGE) for n in value.shape]
        left[0] -= math.prod(shape)
        return exchange.Other(kind(value)) if left[0] < 0 else value
    if not isinstance(value, (list, tuple)):
        return value
    kept = []
    for one in value:
        if left[0] <= 0:
            break
        left[0] -= 1
        kept.append(_first_of(one, left))
    return type(value)(kept)


def _show(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    value = _first_of(value, [SHOWN])
    if isinstance(value, exchange.Other):
        return value.what
    with np.printoptions(
        formatter={"float_kind": "{:.4g}".format}, threshold=WHOLE, edgeitems=EDGE
    ):
        text = repr(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + " …"
