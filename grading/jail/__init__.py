"""Run a submission in a bubblewrap jail, watch what it uses, and take plain data out of it.

In the jail there is no network, no process but its own, no variable of the grader's environment,
and no file but the system's programs and the student environment, all read-only, and a small
scratch folder in memory (`walls`). The kernel interfaces that a homework never needs are refused by
a system call filter (`filter`). Nothing outlives the jail: its first process is the first of a PID
namespace.

Limits on a single process are rlimits. Limits on all of them together (memory, processor time,
number of processes) are kept by looking at the process tree in /proc ten times a second (`watch`,
`proc`), which works for root and for an ordinary user alike. Where this process may make control
groups (v2), each jail has one as well, which also holds what no process is seen to hold (`place`).

`submission` runs the cells in such a jail, asks the questions, and checks the form of the answers.
Whether they are right is for `grading.verdict`.
"""

from grading.jail.limits import (
    HERE,
    REASONS,
    STOP,
    STUDENT,
    About,
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
from grading.jail.submission import run, run_twice
from grading.jail.walls import base_python, command, private, remedy
from grading.jail.watch import TICK, Jail, check

__all__ = [
    "HERE", "REASONS", "STOP", "STUDENT", "TICK", "About", "Answer", "Asked", "Ended", "Jail",
    "Limits", "NoJail", "Output", "Record", "Stopped", "Unwatched", "base_python", "check",
    "command", "private", "remedy", "run", "run_twice",
]  # fmt: skip
