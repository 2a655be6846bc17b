"""Where a jail runs: its processor, its control group, its user, and what ends first."""

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from grading.jail.limits import Limits

BEHIND = ["nice", "-n", "5"]  # so that the grader gets its turn, however many processes a jail has
NO_CORE = ["prlimit", "--core=1"]  # at 0, a crash would still start what core_pattern names


def first_to_end() -> list[str]:
    """A command's beginning: where memory runs out, the kernel ends it and not the grader.

    In a container this process may have more than that already, and could not go back.
    """
    own = int(Path("/proc/self/oom_score_adj").read_text())
    return ["choom", "-n", str(max(own, 500)), "--"]


class Processor:
    """The one processor that a jail's processes stay on, so that they slow no other jail down."""

    def __init__(self) -> None:
        """Take one that no other jail of this user has on this machine, or else any."""
        self.file: IO[bytes] | None = None
        self.number: int | None = None
        if not hasattr(os, "sched_getaffinity"):
            return
        import fcntl

        usable = sorted(os.sched_getaffinity(0))
        self.number = usable[threading.get_native_id() % len(usable)]
        with contextlib.suppress(OSError):  # others may have made the folder
            folder = Path(tempfile.gettempdir(), f"ce-grader-{os.getuid()}")
            folder.mkdir(mode=0o700, exist_ok=True)
            for number in usable:
                fd = os.open(folder / str(number), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
                file = os.fdopen(fd, "wb")
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    file.close()
                    continue
                self.file, self.number = file, number
                break

    @contextlib.contextmanager
    def starts(self) -> Iterator[None]:
        """What is started here stays on it, and not this thread, which could hardly watch then."""
        if self.number is None:
            yield
            return
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {self.number})
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)

    def leave(self) -> None:
        """Let the next jail have it, though a child of this process may still hold the file."""
        if self.file is not None:
            import fcntl

            fcntl.flock(self.file, fcntl.LOCK_UN)
            self.file.close()


GROUPS = Path("/sys/fs/cgroup")
OFF: list[Path] = []  # places where no jail could be started in a group


def group_place() -> Path | None:
    """Where this process may make control groups that limit memory and processes, if anywhere.

    That takes version 2 and a group that is this process's alone, as `systemd-run --user --scope
    -p Delegate=yes` makes one: a group with groups in it has no processes of its own, so this one
    moves into one of them.
    """
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
        own = GROUPS / next(line[3:] for line in lines if line.startswith("0::")).lstrip("/")
        place = own.parent if own.name == "grader" else own
        if place in OFF or not {"memory", "pids"} <= set(words(place / "cgroup.controllers")):
            return None
        if {"memory", "pids"} <= set(words(place / "cgroup.subtree_control")):
            return place
        (place / "grader").mkdir(exist_ok=True)
        (place / "grader" / "cgroup.procs").write_text("0")
        try:
            (place / "cgroup.subtree_control").write_text("+memory +pids")
        except OSError:  # others are in it
            (place / "cgroup.procs").write_text("0")
            (place / "grader").rmdir()
            return None
        return place
    except (OSError, StopIteration):
        return None


def do_without(place: Path) -> None:
    """Make no groups in this place any more, since no jail starts in one."""
    OFF.append(place)


def words(path: Path) -> list[str]:
    """What a file of the kernel's lists."""
    return path.read_text().split()


def in_group(group: Path, limits: Limits) -> list[str]:
    """A command's beginning that starts it in a control group, which is made here.

    Its limits are a little above those that looking at the processes keeps, which says why it ends
    a jail.
    """
    group.mkdir(exist_ok=True)
    (group / "memory.max").write_text(str(limits.memory + limits.memory // 4))
    (group / "pids.max").write_text(str(2 * limits.processes + 64))
    with contextlib.suppress(OSError):  # where the kernel does not count it
        (group / "memory.swap.max").write_text("0")
    enter = 'echo 0 > "$1" && shift && exec "$@"'  # before there are others to be moved
    return ["/bin/sh", "-c", enter, "sh", str(group / "cgroup.procs")]


def nobody() -> int:
    """A user for one jail of root's, who owns no file and, since threads differ, no other jail."""
    users = Path("/proc/self/uid_map").read_text().splitlines()
    lines = [list(map(int, line.split())) for line in users]
    few = max(start + count for start, _, count in lines) < 2**31  # in a container
    thread = threading.get_native_id()
    return 60_001 + thread % 5_000 if few else 1_000_000_000 + thread


def log_in() -> None:
    """Give this thread, and what it starts, a login, if it has none.

    A process without one may take one once, and the kernel numbers logins for all jails together.
    """
    with contextlib.suppress(OSError):  # this kernel keeps no account of logins
        login = Path("/proc/thread-self/loginuid")
        if login.read_text() == str(2**32 - 1):
            login.write_text(str(os.getuid()))
