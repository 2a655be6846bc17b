"""One submission: its cells are run, and the questions are put to it."""

import contextlib
import functools
import json
import re
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from grading.inside import exchange
from grading.jail.limits import (
    HERE,
    REASONS,
    STOP,
    Answer,
    Asked,
    Ended,
    Limits,
    NoJail,
    Output,
    Record,
    Stopped,
    Unwatched,
)
from grading.jail.walls import private
from grading.jail.watch import Jail

TRACEBACK = 100  # lines; the inside sends fewer
CUT = "[The output is cut here: the notebook shows too much.]"
LINE_END = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")  # as splitlines has them


def run(
    cells: list[list[str]],
    questions: list[Asked],
    limits: Limits | None = None,
    *,
    hidden: Collection[str] = (),
    student: Path | None = None,
    walls: bool = True,
    retries: int = 0,
) -> Record:
    """Run a submission's cells, then put the questions to it.

    cells : list of [id, source]
    questions : list of [id, kind, name, calls], each call a list of encoded arguments
    hidden : ids of questions whose inputs may not be shown
    retries : how often a jail that could not be made or not be watched is made again

    Returns {"cells": {id: [output, ...]}, "answers": {id: [answer, ...]}, "later": ...}, all of it
    JSON. An answer is {"value": ...}, {"error": [type, text]}, {"timeout": true},
    {"missing": why} or {"died": why}; values are still encoded. "answers" are given in the state
    after the cell with the question's id, "later" in the state at the end, where that may differ.
    A cell or a question that kills the process is left out, and the others are tried again, up to
    `limits.attempts` times. Where a state could not be kept, or was of no use without its threads,
    the cells are run again up to it, as long as there is time.

    The questions in `hidden` are asked in runs of their own, when all others have been answered. A
    submission could otherwise make the start of a later run depend on a hidden input, and read that
    time there, to answer another question by it.
    """
    limits, questions = limits or Limits(), [Asked(*question) for question in questions]
    deadline = time.monotonic() + limits.total
    space = [2 * limits.shown, limits.outputs]
    found = Found([limits.answered, limits.elements], limits.said, space)
    start = functools.partial(Jail, limits, student=student, walls=walls)
    shown = [one for one in questions if one.id not in hidden]
    rounds = [shown, [one for one in questions if one.id in hidden]]
    for asked in filter(None, rounds) if questions else [[]]:
        before = found.answers.copy(), found.later.copy()
        found.run_slow_cells(limits, deadline)
        while True:
            try:
                put(cells, asked, found, limits, deadline, start)
                break
            except (NoJail, Unwatched):
                if not retries:
                    raise
            retries -= 1
            # All of this round is asked again. What cells have shown stays, and so does what was
            # answered before: a submission that ends itself may look as if the kernel had done it.
            found.answers, found.later = before[0].copy(), before[1].copy()
            found.room[:], found.left = [limits.answered, limits.elements], limits.said
            deadline = time.monotonic() + limits.total
    if STOP.is_set():  # what has been answered by now may not be all
        raise Stopped
    for question_id, _, _, calls in questions:
        found.answers.setdefault(question_id, [{"died": "unreached"}] * len(calls))
    for cell_id, _ in cells:
        found.shown.setdefault(cell_id, [note("This cell was not reached.")])
    return {
        "cells": found.shown,
        "ended": found.over,
        "answers": found.answers,
        "later": found.later,
    }


def run_twice(cells: list[list[str]], *, walls: bool = True, **options: Any) -> Record:
    """`run`, once more if a jail could not be made or not be watched, which may be over by then.

    Raises NoJail on a machine where submissions could read the grader: a cluster's, for one.
    """
    if walls:
        private([HERE.parent])
    return run(cells, walls=walls, retries=1, **options)


def put(
    cells: list[list[str]],
    questions: list[Asked],
    found: "Found",
    limits: Limits,
    deadline: float,
    start: Callable[[], Jail],
) -> None:
    """Run the cells, and put these questions to them, as often as it takes."""
    retries: list[Retry] = []
    for attempt in range(1, limits.attempts + 1):
        if time.monotonic() > deadline:
            break
        todo = [cell for cell in cells if cell[0] not in found.left_out]
        asked = [question for question in questions if question.id not in found.answers]
        kept = [[cell[0], q[0], q[2]] for q in asked for cell in todo if cell[0] == q[0]]
        with start() as jail:
            jail.start()
            jail.deadline = deadline
            # What an attempt says is kept in memory here: each may use up half of the rest.
            jail.most = found.left if attempt == limits.attempts else found.left // 2
            cell_id: str | None = None
            try:
                jail.hand_over(todo, kept)
                for cell_id, _ in todo:
                    frame = awaited(jail, "cell", cell_id, limits.cell + limits.grace)
                    # What a later attempt shows, and how its cells end, could depend on inputs that
                    # this one is asked.
                    slow = frame.get("slow") is True
                    if slow and cell_id not in found.shown:
                        found.over[cell_id] = "slow"
                    if cell_id not in found.shown:
                        found.shown[cell_id] = checked_outputs(frame, found.space)
                    if slow:
                        found.left_out.add(cell_id)  # of the next attempt
                cell_id = None
                awaited(jail, "cells", "done", limits.cell)
                for question in asked:
                    ran = {cell[0] for cell in todo}
                    ask_both(jail, question, found, limits, ran, retries)
                break
            except Ended as ended:
                why = jail.reason(ended)
                if cell_id is not None:
                    found.left_out.add(cell_id)
                    if cell_id not in found.shown:
                        found.over[cell_id] = why
                        said = f"This cell {REASONS[why]}, so it was left out."
                        found.shown[cell_id] = [note(said)]
                elif all(question.id in found.answers for question in questions):
                    break
            finally:
                found.left = max(found.left - jail.said, 0)
    if retries:
        found.run_slow_cells(limits, deadline)
    todo = [cell for cell in cells if cell[0] not in found.left_out]
    place = {cell[0]: place for place, cell in enumerate(todo, 1)}
    retries = [one for one in retries if one.state == "end" or one.question.id in place]
    while retries and time.monotonic() < deadline:
        retries.sort(key=lambda one: place[one.question.id] if one.state == "own" else len(todo))
        last = retries.pop()
        upto = todo[: place[last.question.id]] if last.state == "own" else todo
        with contextlib.suppress(Ended), start() as jail:
            try:
                jail.start()
                jail.deadline, jail.most = deadline, found.left // 2
                retries = run_again(jail, upto, questions, retries, last, found, limits)
            finally:
                found.left = max(found.left - jail.said, 0)


@dataclass
class Found:
    """What a submission showed and answered so far, and how much more it may say."""

    room: list[int]  # characters and elements of answers
    left: int  # bytes, all that leaves the jail
    space: list[int]  # characters and number of outputs, in all attempts together
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    later: dict[str, list[Answer]] = field(default_factory=dict)
    shown: dict[str, list[Output]] = field(default_factory=dict)
    over: dict[str, str] = field(default_factory=dict)  # cells that did not come to their end
    left_out: set[str] = field(default_factory=set)

    def run_slow_cells(self, limits: Limits, deadline: float) -> None:
        """Leave slow cells out no more, if there is time: their first lines may be needed."""
        if deadline - time.monotonic() > limits.cells + limits.cell:
            self.left_out -= {cell for cell, why in self.over.items() if why == "slow"}

    def take(self, retry: "Retry", answers: list[Answer]) -> None:
        """Take the answers of another run, if it came to any."""
        question_id = retry.question.id
        if not any("value" in answer or "error" in answer for answer in answers):
            return
        if retry.state == "end":
            self.later[question_id] = answers
            return
        if not retry.stuck:  # until now, those of the state at the end had to do
            self.later.setdefault(question_id, self.answers[question_id])
        self.answers[question_id] = answers


class Done(NamedTuple):
    """What the jail says of a question when it has been asked."""

    again: bool  # the state at the end of the notebook may answer it better
    lost: bool  # the state in which it was to be asked is gone
    stuck: bool  # it may have waited for threads that the copy of a process lacks


class Retry(NamedTuple):
    """A question to be asked again, in a run that ends with it."""

    question: Asked
    state: str  # "own" or "end"
    stuck: bool


def ask_both(
    jail: Jail,
    question: Asked,
    found: Found,
    limits: Limits,
    ran: set[str],
    retries: list[Retry],
) -> None:
    """Put a question to its own state and, where that may help, to the state at the end.

    ran : the cells that were run
    retries : what is to be asked again, which is added to
    """
    try:
        done = ask(jail, question, "own", found.answers, limits, found.room)
    except Ended:  # it may have been defined again further down
        retries.append(Retry(question, "end", True))
        raise
    if done.lost and question.id in ran:
        retries.append(Retry(question, "own", False))
    elif done.stuck:
        retries.append(Retry(question, "own", True))
    if done.lost or done.again:
        answers = found.answers if done.lost else found.later
        if ask(jail, question, "end", answers, limits, found.room).stuck:
            retries.append(Retry(question, "end", True))


def run_again(
    jail: Jail,
    cells: list[list[str]],
    questions: list[Asked],
    retries: list[Retry],
    last: Retry,
    found: Found,
    limits: Limits,
) -> list[Retry]:
    """Run cells once more and ask `last` in the very process, without a copy.

    The states before that are kept and asked as well, where they need no threads, all in the order
    of `questions`. What cells show now is not looked at.
    Returns what is left to ask.
    """
    kept = [one for one in retries if not one.stuck]
    names = [[one.question.id, one.question.id, one.question.name] for one in kept]
    jail.hand_over(cells, names, last.stuck)
    for cell_id, _ in cells:
        awaited(jail, "cell", cell_id, limits.cell + limits.grace)
    awaited(jail, "cells", "done", limits.cell)
    left = [one for one in retries if one.stuck]
    for one in sorted([*kept, last], key=lambda one: questions.index(one.question)):
        answers: dict[str, list[Answer]] = {}
        try:
            done = ask(
                jail, one.question, "own" if one in kept else "here", answers, limits, found.room
            )
            if one in kept and (done.lost or done.stuck):
                answers.clear()
                left.append(one._replace(stuck=done.stuck))
        finally:  # what came before a crash counts
            found.take(one, answers.get(one.question.id, []))
    return left


def ask(
    jail: Jail,
    question: Asked,
    state: str,
    answers: dict[str, list[Answer]],
    limits: Limits,
    room: list[int],
) -> Done:
    """Put a question to one state of the notebook."""
    jail.send({"question": question, "state": state})
    seconds = max(limits.question, limits.call * len(question.calls))
    return take_answers(jail, question, answers, seconds + limits.grace, room)


def awaited(jail: Jail, key: str, value: str, seconds: float) -> dict[str, Any]:
    """The next frame of that kind; others can only come from a submission that writes frames."""
    end = time.monotonic() + seconds
    while True:
        frame = jail.read(end - time.monotonic())
        if frame.get(key) == value:
            return frame
        del frame  # two at a time could fill the memory
        jail.stray()


def take_answers(
    jail: Jail, question: Asked, answers: dict[str, list[Answer]], seconds: float, room: list[int]
) -> Done:
    """Collect the answers to a question as they come; what arrived before a crash counts.

    room : how many characters and elements are still taken, of these answers and all later ones

    Returns what the jail says of the question when it is done with it.
    """
    question_id, _, _, calls = question
    taken: list[Answer | None] = [None] * len(calls)
    end, why = time.monotonic() + seconds, "exit"
    try:
        while True:
            frame = awaited(jail, "question", question_id, end - time.monotonic())
            number = frame.get("call")
            if "done" in frame:
                why = frame["done"] if frame["done"] in list(REASONS) else "exit"
                return Done(*(frame.get(key) is True for key in Done._fields))
            if frame.get("missing") in ("undefined", "uncallable"):
                taken[:] = [{"missing": frame["missing"]}] * len(calls)
            elif type(number) is int and 0 <= number < len(calls) and taken[number] is None:
                rest = [left - size for left, size in zip(room, jail.size, strict=True)]
                if min(rest) >= 0:  # else it costs this answer only
                    room[:], taken[number] = rest, checked_answer(frame)
                else:
                    taken[number] = {"value": {"$other": "too much data, with all answers before"}}
            else:
                jail.stray()
    except Ended as ended:
        why = str(ended)
        raise
    finally:
        answers[question_id] = [answer or {"died": why} for answer in taken]


def checked_answer(frame: dict[str, Any]) -> Answer:
    """The part of a frame that is an answer, in the documented form."""
    match frame:
        case {"value": value}:
            try:
                exchange.decode(value)
                return {"value": value}
            except exchange.Malformed:
                return {"value": {"$other": "data in a wrong format"}}
        case {"error": [str(name), str(text)]}:
            return {"error": [clean(name)[:100], clean(text)[:500]]}
        case {"timeout": True}:
            return {"timeout": True}
    return {"value": {"$other": "data in a wrong format"}}


def checked_outputs(frame: dict[str, Any], room: list[int]) -> list[Output]:
    """The outputs of a cell, rebuilt from their plain parts in nbformat's form.

    room : how many characters and outputs are still taken, of this and all later cells; the inside
    cuts what it shows sooner, unless the submission speaks in its place.
    """
    outputs: list[Output] = []
    count = frame.get("count")
    found: Output
    full = False
    for output in frame["outputs"] if isinstance(frame.get("outputs"), list) else []:
        if min(room) <= 0 and not full:
            outputs.append(note(CUT))
            full = True
        match output:
            case {"output_type": "stream", "name": "stdout" | "stderr" as name, "text": str(text)}:
                found = {"output_type": "stream", "name": name, "text": clean(text)}
            case {"output_type": "error", "ename": str(name), "evalue": str(value)}:
                lines = output.get("traceback")
                lines = lines[:TRACEBACK] if isinstance(lines, list) else []
                found = {"output_type": "error", "ename": clean(name), "evalue": clean(value)}
                found["traceback"] = [clean(line) for line in lines if isinstance(line, str)]
            case {"output_type": "display_data" | "execute_result" as kind, "data": dict(data)}:
                found = {"output_type": kind, "data": checked_data(data), "metadata": {}}
                if kind == "execute_result":
                    right = type(count) is int and 0 < count < 10**6
                    found["execution_count"] = count if right else None
            case _:
                continue
        if full and found["output_type"] != "error":
            continue
        texts = [found.get("text", ""), *found.get("data", {}).values()]
        # When a notebook is written each line is an object in memory.
        lines = sum(sum(1 for _ in LINE_END.finditer(text)) for text in texts)
        size = len(json.dumps(found, ensure_ascii=False)) + 40 * max(lines - 1000, 0)
        room[0], room[1] = room[0] - size, room[1] - 1
        if room[0] >= 0:
            outputs.append(found)
            continue
        outputs += [] if full else [note(CUT)]
        full = True
        if found["output_type"] == "error":  # why the cell failed is told in any case
            found |= {"ename": found["ename"][:100], "evalue": found["evalue"][:500]}
            outputs.append(found | {"traceback": []})
            break
    return outputs


def checked_data(data: dict[str, Any]) -> dict[str, str]:
    """Text, and images that are base64; nothing that a browser would run."""
    kept = {}
    if isinstance(data.get("text/plain"), str):
        kept["text/plain"] = clean(data["text/plain"])
    for kind in ("image/png", "image/jpeg"):
        image = data.get(kind)
        if isinstance(image, str) and re.fullmatch(r"[A-Za-z0-9+/\n]+=*\n?", image):
            kept[kind] = image
    return kept


def clean(text: str) -> str:
    """Text without half characters, which no file can hold."""
    return text.encode("utf-8", "replace").decode()


def note(text: str) -> Output:
    """An output that says what the grader did."""
    return {"output_type": "stream", "name": "stderr", "text": text + "\n"}
