"""What one submission may use, what goes in and out of a jail, and how a jail may fail."""

import math
import os
import platform
import re
import threading
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, Self, TypedDict

from grading.inside import exchange

HERE = Path(__file__).resolve().parents[1]
STUDENT = Path(os.environ.get("GRADING_STUDENT", HERE.parent / ".venv-student"))
MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """What one submission may use; seconds and bytes."""

    total: float = 240  # all of it, restarts included
    cell: float = 20
    cells: float = 90  # all cells; then added cells are left out, and the others must be quick
    call: float = 5  # one call of a student's function
    question: float = 30  # all its calls, or more if there are many
    processor: float = 240  # processor time of all processes together
    memory: int = 1024 * MIB  # of all processes together, with the kernel's tables of their pages
    mappings: int = 100_000  # the same; the kernel takes a few hundred bytes for each
    address_space: int = 3072 * MIB  # of each process
    processes: int = 32  # threads count, too
    files: int = 64  # open at a time, in each process
    sockets: int = 128  # of all processes together
    inodes: int = 20_000  # files and folders in the scratch folder
    file_size: int = 32 * MIB
    scratch: int = 64 * MIB
    shown: int = 3 * MIB  # outputs of all cells
    outputs: int = 1000  # of all cells; a stream is one
    said: int = 64 * MIB  # all that leaves the jail, in all attempts together
    answered: int = 16 * MIB  # characters of all answers
    elements: int = 2**19  # of all answers, lists counted too; to read them takes time outside
    grace: float = 5  # before what does not heed its time is killed
    attempts: int = 4  # a cell that kills its process is left out, and the rest is run again

    @classmethod
    def of(cls, changed: Any) -> Self:
        """The usual limits but for some; ValueError names one that is none, or is no number."""
        if not isinstance(changed, dict):
            raise ValueError(f"c.GradeInJail.limits must be a dictionary, got {changed!r}")
        known = {one.name: one.type for one in fields(cls)}
        for name, value in changed.items():
            if name not in known:
                raise ValueError(
                    f"c.GradeInJail.limits has no limit {name!r}; there are: {', '.join(known)}"
                )
            whole = known[name] is int
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                kind = "a whole number" if whole else "a number"
                raise ValueError(f"c.GradeInJail.limits: {name} must be {kind}, got {value!r}")
            if not 0 < value < math.inf:
                raise ValueError(f"c.GradeInJail.limits: {name} must be above 0, got {value!r}")
        return cls(**changed)

    def order(self, uid: int | None, walls: bool) -> exchange.Allowed:
        """The part that the inside needs to know."""
        return {
            "cell": self.cell,
            "cells": self.cells,
            "call": self.call,
            "question": self.question,
            "shown": self.shown,
            "uid": uid,
            "walls": walls,
            "rlimits": {
                "RLIMIT_AS": self.address_space,
                "RLIMIT_CPU": int(self.processor) + 5,  # looking at them comes first, and says why
                "RLIMIT_NOFILE": self.files,
                "RLIMIT_FSIZE": self.file_size,
            }
            | ({"RLIMIT_NPROC": 2 * self.processes} if walls and counts_apart() else {})
            # Pending signals are counted for each user, jails and other programs together.
            | ({"RLIMIT_SIGPENDING": 256, "RLIMIT_MEMLOCK": 0} if walls else {}),
        }


def counts_apart() -> bool:
    """Whether RLIMIT_NPROC counts a jail's processes alone; older kernels count all of a user's."""
    kernel = tuple(map(int, re.findall(r"\d+", platform.release())[:2]))
    return os.getuid() == 0 or kernel >= (5, 14)


class Asked(NamedTuple):
    """A question, as the jail is asked it."""

    id: str
    kind: str  # "function" or "value"
    name: str  # of what the student defined
    calls: list[Any]  # encoded arguments


class Answer(TypedDict, total=False):
    """What a submission says to one call: one of these."""

    value: Any  # encoded
    error: list[str]  # its type and its text
    timeout: bool
    missing: str  # "undefined" or "uncallable"
    died: str  # one of `REASONS`


class Output(TypedDict, total=False):
    """One output of a cell, in nbformat's form."""

    output_type: str
    name: str
    text: str
    ename: str
    evalue: str
    traceback: list[str]
    data: dict[str, str]
    metadata: dict[str, str]
    execution_count: int | None


class About(TypedDict, total=False):
    """What the verdict's messages need to know of a notebook."""

    sources: dict[str, str]  # of the code cells, without the checks
    given: list[str]  # the same of the cells that were handed out, checks included
    untouched: list[str]  # questions whose cell for the answer is as it was handed out


class Record(About):
    """What a submission showed and answered; see `run`."""

    cells: dict[str, list[Output]]
    ended: dict[str, str]  # cells that did not come to their end: "slow", or one of `REASONS`
    answers: dict[str, list[Answer]]
    later: dict[str, list[Answer]]


class NoJail(Exception):
    """This machine cannot make the jail; the message says why and what helps."""


class Ended(Exception):
    """The jailed process came to its end too early."""


class Stopped(Exception):
    """The grader itself was asked to stop."""


class Unwatched(Exception):
    """The grader itself stood still for so long that it cannot tell what a submission used."""


STOP = threading.Event()  # set to end all jails of this process
REASONS = {
    "unreached": "was not reached",
    "exit": "ended the Python process",
    "time": "used more time than allowed",
    "processor": "used more processor time than allowed",
    "memory": "used more memory than allowed",
    "processes": "started more processes than allowed",
    "output": "sent more data than allowed",
    "sockets": "opened more sockets than allowed",
    "inodes": "made more files than allowed",
}
