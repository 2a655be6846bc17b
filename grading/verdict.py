"""Reach the verdict on a submission's answers, outside the jail.

The hidden inputs are drawn from a secret seed, one for each class and set, kept beside what was
issued, so that a re-grade asks the same. They and the reference's answers stay in this process.
"""

import hashlib
import json
import os
import secrets
import warnings
from dataclasses import dataclass, replace
from textwrap import indent

import numpy as np

from grading.compare import difference
from grading.inside import exchange

DIED = {
    "exit": "it ended the Python process",
    "time": "it used more time than allowed",
    "processor": "it used more processor time than allowed",
    "memory": "it used more memory than allowed",
    "processes": "it started more processes than allowed",
    "output": "it sent more data than allowed",
    "unreached": "the notebook ended before this question was reached",
}
SHOWN = 500  # characters of a value in a message


@dataclass(frozen=True)
class Verdict:
    """The points of one question, and why."""

    question: str
    points: float
    message: str


def secret_seed(path):
    """Read the class's secret seed, or draw it and record it for its owner's eyes only."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return int(path.read_text(), 16)
    with os.fdopen(fd, "w") as file:
        file.write(secrets.token_hex(16) + "\n")
    return secret_seed(path)


class Exam:
    """A problem set with its hidden inputs drawn and the reference's answers worked out."""

    def __init__(self, problem_set, seed):
        """Draw and solve; `seed` is an integer."""
        self.name = problem_set.name
        self.questions = [q for q in problem_set.questions if q.kind != "text"]
        self.calls, self.wanted = {}, {}
        for question in self.questions:
            key = hashlib.sha256(f"{seed:x}/{self.name}/{question.id}".encode()).digest()
            rng = np.random.default_rng(int.from_bytes(key))
            calls = self.calls[question.id] = [exchange.plain(c) for c in question.draw(rng)]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                answers = [question.answer(_copy(call)) for call in calls]
            self.wanted[question.id] = [_copy(exchange.plain(answer)) for answer in answers]

    def orders(self):
        """What the jail is asked: ids, kinds, names and encoded arguments.

        Inputs that may not be shown come last: what a submission says before it has seen them
        cannot tell them.
        """
        in_order = sorted(self.questions, key=lambda q: 0 if q.kind == "value" else 2 - q.show)
        return [
            [q.id, q.kind, q.name, [exchange.encode(call) for call in self.calls[q.id]]]
            for q in in_order
        ]

    def digest(self):
        """A name for all that the answers depend on, to tell kept answers from outdated ones."""
        wanted = {key: exchange.encode(answers) for key, answers in self.wanted.items()}
        return hashlib.sha256(json.dumps([self.orders(), wanted]).encode()).hexdigest()

    def judge(self, answers):
        """The verdicts on `grading.jail.run`'s answers, in the order of the questions."""
        return [self._judge(question, answers[question.id]) for question in self.questions]

    def _judge(self, question, answers):
        calls, wanted = self.calls[question.id], self.wanted[question.id]
        for call, answer, want in zip(calls, answers, wanted, strict=True):
            said = fault(question, call, answer, want)
            if said:
                return Verdict(question.id, 0.0, said)
        if question.kind == "value":
            said = "Correct."
        else:
            said = f"Correct, on {len(calls)} inputs that are not in the notebook."
        return Verdict(question.id, float(question.points), said)


def fault(question, call, answer, want):
    """What is wrong with an answer: a line for the student, more lines with values; or None.

    Where a question's hidden inputs may not be shown, nothing that the submission says is shown
    either: it could say what it was asked.
    """
    name = f"`{question.name}`"
    shown = call if question.show else []  # a value has no arguments
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
        if question.show:
            return _lines(f"{name} raised {' '.join(text.split())}", shown)
        return f"{name} raised an exception on an input not shown."
    got = exchange.decode(answer["value"])
    said = difference(got, want, question.rtol, question.atol)
    if said is None:
        return None
    explained = _explanation(question, call, got, want)
    if isinstance(got, exchange.Other):
        said = "which is none of the plain values that a question asks for"
    if question.kind == "value":
        return explained or f"{name} is {_show(got)}: {said}."
    if not question.show:
        return explained or f"{name} returns something wrong for an input that is not shown."
    said = explained or f"What {name} returns is wrong: {said}."
    return _lines(said, shown, [got])


def _lines(sentence, shown, returned=()):
    """The sentence, and below it the values that were passed and returned, indented."""
    lines = [sentence]
    for words, values in (("It was called with", shown), ("It returned", returned)):
        if values:
            lines += [words, *(indent(_show(value), "  ") for value in values)]
    return "\n".join(lines)


def _explanation(question, call, got, want):
    if isinstance(got, exchange.Other):
        return None
    if not question.show:  # then no words that depend on what the submission says
        question = replace(question, explanation=None)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return question.explain(tuple(_copy(call)), _copy(got), _copy(want))
    except Exception:  # the set's author expected another kind of answer
        return None


def _copy(value):
    return exchange.decode(exchange.encode(value))


def _show(value):
    if isinstance(value, exchange.Other):
        return value.what
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    four = {"float_kind": "{:.4g}".format}
    with np.printoptions(formatter=four, threshold=40, edgeitems=3):
        text = repr(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + " …"
