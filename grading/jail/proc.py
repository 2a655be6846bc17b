"""What /proc says about a jail's processes."""

import contextlib
import ctypes
import ctypes.util
import glob
import mmap
import os
import re
import signal
from pathlib import Path

from grading.inside import exchange
from grading.jail.filter import libseccomp
from grading.jail.limits import MIB, NoJail


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    found: list[int] = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            found += map(int, Path(path).read_text().split())
        except OSError:
            continue
    return found


def descendants(pid: int) -> list[int]:
    """A process, those that it has started, and theirs."""
    found = [pid]
    for one in found:
        found += [child for child in children(one) if child not in found]
    return found


def parent(pid: int) -> int:
    """The process that started it, or 0 if it is gone."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1])
    return 0


def one_memory(pid: int, other: int) -> bool:
    """Whether two processes have one memory, not a copy: so it is between vfork and exec."""
    with contextlib.suppress(NoJail):
        lib, kcmp_vm = libseccomp(), 1
        number = lib.seccomp_syscall_resolve_name(b"kcmp")
        return bool(ctypes.CDLL(None).syscall(number, pid, other, kcmp_vm, 0, 0) == 0)
    return False


def oom_kills() -> int:
    """How many processes the kernel has ended since it began, because memory had run out."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def let_go(stopped: dict[int, int]) -> None:
    """Let stopped processes go on."""
    for fd in stopped.values():
        send_signal(fd, signal.SIGCONT)
        os.close(fd)
    stopped.clear()


def runs(pid: int) -> bool:
    """Whether any of its threads may do something before it heeds a stop."""
    for path in glob.glob(f"/proc/{pid}/task/*/stat"):
        with contextlib.suppress(OSError):
            if Path(path).read_bytes().rpartition(b")")[2].split()[0] in (b"R", b"S"):
                return True
    return False


def seat(pid: int) -> Path:
    """Where the kernel tells of a process's memory.

    Once its first thread has ended, that is with any other: the process's own files say 0.
    """
    own = Path(f"/proc/{pid}")
    with contextlib.suppress(OSError):
        for path in [own, *Path(own, "task").iterdir()]:
            with contextlib.suppress(OSError):
                if not (path / "statm").read_bytes().startswith(b"0 "):
                    return path
    return own


def resident(pid: int) -> int:
    """Bytes of a process in memory, pages shared with others in full."""
    try:
        return int((seat(pid) / "statm").read_text().split()[1]) * mmap.PAGESIZE
    except OSError:
        return 0


def held(pid: int) -> int:
    """Bytes that a process holds, pages shared with others in part, swapped ones included."""
    try:
        lines = (seat(pid) / "smaps_rollup").read_text().splitlines()
        sizes = {line.split(":")[0]: line.split()[1] for line in lines[1:]}
        return 1024 * (int(sizes["Pss"]) + int(sizes["SwapPss"]))
    except (OSError, KeyError):
        return resident(pid)


def tables(pid: int) -> int:
    """Bytes of the tables in which the kernel keeps where a process's pages are.

    They may be more than the pages: one alone in its gigabyte has two tables of its size.
    """
    return of_status(pid, b"VmPTE")


def of_status(pid: int, *names: bytes) -> int:
    """Bytes of a process, by these lines of its status together."""
    with contextlib.suppress(OSError):
        status = (seat(pid) / "status").read_bytes()
        found = [re.search(rb"(?m)^%s:\s*(\d+) kB$" % name, status) for name in names]
        return 1024 * sum(int(one[1]) for one in found if one)
    return 0


def mappings(pid: int) -> int:
    """How many pieces a process's memory is mapped in."""
    with contextlib.suppress(OSError):
        count = 0  # in pieces: a line has a path, which may have megabytes
        with open(seat(pid) / "maps", "rb", buffering=0) as file:
            while part := file.read(MIB):
                count += part.count(b"\n")
        return count
    return 0


def gives_way(pid: int) -> bool:
    """Whether a process has said that it may be the first to be ended where memory runs short."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_bytes().strip() == exchange.GIVES_WAY.encode()
    return False


def sockets(pid: int) -> int:
    """How many sockets there are in a process's network namespace, those on their way included."""
    try:
        first = Path(f"/proc/{pid}/net/sockstat").read_text().split("\n", 1)[0]
        return int(first.split()[-1])
    except (OSError, ValueError, IndexError):
        return 0


def inodes(pid: int) -> int:
    """How many files and folders a jail's scratch folders have; each takes the kernel's memory."""
    count = 0
    for folder in ("tmp", "dev/shm"):
        with contextlib.suppress(OSError):
            found = os.statvfs(Path("/proc", str(pid), "root", folder))
            count += found.f_files - found.f_ffree
    return count


def open_pidfd(pid: int) -> int | None:
    """A descriptor of the process, so that no other is meant once it is gone."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def send_signal(fd: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Kill it, or send it another signal, if it is still there."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(fd, number)
