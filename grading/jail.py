"""Run a submission in a bubblewrap jail, watch what it uses, and take plain data out of it.

In the jail there is no network, no process but its own, no variable of the grader's environment,
and no file but the system's programs and the student environment, all read-only, and a small
scratch folder in memory. The kernel interfaces that a homework never needs are refused by a system
call filter. Nothing outlives the jail: its first process is the first of a PID namespace.

Limits on a single process are rlimits. Limits on all of them together (memory, processor time,
number of processes) are kept by looking at the process tree in /proc ten times a second, which
works for root and for an ordinary user alike. Where this process may make control groups (v2),
each jail has one as well, which also holds what no process is seen to hold.
"""

import contextlib
import ctypes
import ctypes.util
import errno
import functools
import glob
import itertools
import json
import math
import mmap
import os
import platform
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import IO, Any, NamedTuple, Self, TypedDict

from grading.inside import exchange

HERE = Path(__file__).resolve().parent
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
            # All signals that wait count for the account, with those of processes outside.
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
        """Let the next jail have it."""
        if self.file is not None:
            self.file.close()


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


# ---------------------------------------------------------------- the jail's walls

# Tracing; memory that no process is seen to hold, the kernel's for epoll included; another
# submission's processor; what tells of neighbours; new namespaces; kernel administration.
REFUSED = """
    ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd
    memfd_create memfd_secret shmget msgget semget mq_open
    sched_setaffinity epoll_create epoll_create1 eventfd eventfd2
    unshare setns mount umount2 pivot_root chroot move_mount fsopen fsconfig fsmount fspick
    open_tree mount_setattr keyctl add_key request_key bpf perf_event_open userfaultfd
    io_uring_setup io_setup kexec_load kexec_file_load init_module finit_module delete_module
    open_by_handle_at name_to_handle_at personality syslog acct swapon swapoff reboot quotactl
    fanotify_init inotify_init inotify_init1 mincore cachestat vmsplice process_madvise
    landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp
    setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat
    file_setattr statfs fstatfs statfs64 fstatfs64 ustat statmount listmount
    move_pages migrate_pages mbind quotactl_fd listns
"""
# Where a process may write to a file it may set its times to now, and any may leave a file's owner
# as it is, which sets a time as well. All jails have the machine's own /dev/null and the like, so
# both would carry messages. These calls do nothing, which harms nothing in a scratch folder.
STAMPS = """
    utime utimes futimesat utimensat utimensat_time64
    chown lchown fchown fchownat chown32 lchown32 fchown32
"""
# Calls that an older libseccomp does not know by name; their numbers are the same everywhere.
NEWER = {
    "landlock_create_ruleset": 444,
    "landlock_add_rule": 445,
    "landlock_restrict_self": 446,
    "setxattrat": 463,
    "removexattrat": 466,
    "file_setattr": 469,
    "quotactl_fd": 443,
    "statmount": 457,
    "listmount": 458,
    "listns": 470,
}
CLONE_NEWUSER, AF_UNIX, SOL_SOCKET, RLIMIT_CORE = 0x10000000, 1, 1, 4
SHARED_ANONYMOUS = 0x21  # memory that stays held after it has left every page table
# Locks on files would carry messages between jails, which share the system's files. Each jail's
# scratch folder is its own, so there a lock that is granted and not kept is as good.
LOCKS = (6, 7, 37, 38)  # F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW
# A lease or a watch on a file that all jails open would stop or tell of the others, and a hint on
# how long its data will live stays with the file: F_SETLEASE, F_NOTIFY, F_SETPIPE_SZ, four named
# F_GET_RW_HINT and the like, F_SETDELEG.
REFUSED_FCNTL = (1024, 1026, 1031, 1035, 1036, 1037, 1038, 1040)
# To empty the cache of a file that all jails read would let each tell whether another has read it.
# To have pages joined or merged is seen by all. The same advice on a file, which some programs
# give, is not heeded.
ADVICE = (12, 21, 25)  # MADV_MERGEABLE, MADV_PAGEOUT, MADV_COLLAPSE
# A table for a process's own futexes takes up to a gigabyte that nothing counts; the others merge
# pages, choose who may share a processor, and set a filter whose finds the kernel logs:
# PR_FUTEX_HASH, PR_SET_MEMORY_MERGE, PR_SCHED_CORE, PR_SET_SECCOMP.
REFUSED_PRCTL = (78, 67, 62, 22)
BUFFERS = (7, 8, 32, 33)  # SO_SNDBUF, SO_RCVBUF, and both by force
FILTERS = (26, 50, 51, 52)  # SO_ATTACH_FILTER and the like
# Numbers that the kernel counts for all: those of mounts, of networks and of sockets.
STATX_MNT_ID_UNIQUE, COUNTED = 0x4000, (57, 71)  # SO_COOKIE, SO_NETNS_COOKIE


class _Compare(ctypes.Structure):
    _fields_ = [
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    ]


@functools.cache
def libseccomp() -> ctypes.CDLL:
    """The library that makes filters and knows the numbers of system calls."""
    library = ctypes.util.find_library("seccomp")
    if not library:
        raise NoJail("libseccomp is not installed (Debian, Ubuntu: apt install libseccomp2)")
    return ctypes.CDLL(library, use_errno=True)


@functools.cache
def system_call_filter() -> bytes:
    """The filter as a BPF program, made by libseccomp for this machine's architecture."""
    lib = libseccomp()
    lib.seccomp_init.restype = ctypes.c_void_p
    allow = 0x7FFF0000
    context = ctypes.c_void_p(lib.seccomp_init(ctypes.c_uint32(allow)))

    def refuse(number: int) -> int:
        return 0x00050000 | number

    def rule(action: int, name: str, *compare: _Compare) -> None:
        number = lib.seccomp_syscall_resolve_name(name.encode())
        number = NEWER.get(name, number) if number == -1 else number
        if number == -1:  # unknown here
            return
        array = (_Compare * len(compare))(*compare)
        result = lib.seccomp_rule_add_array(
            context, ctypes.c_uint32(action), number, ctypes.c_uint(len(compare)), array
        )
        if result and result != -errno.EDOM:  # EDOM: not on this architecture
            raise NoJail(f"libseccomp takes no rule for {name}: {os.strerror(-result)}")

    # Calls by the numbers of another architecture: to kill for them, as is usual, would be logged.
    of_others = 2  # SCMP_FLTATR_ACT_BADARCH
    lib.seccomp_attr_set(context, of_others, ctypes.c_uint32(refuse(errno.ENOSYS)))
    differs, masked_equal, word = 1, 7, 0xFFFFFFFF
    ignored = refuse(0)  # the call returns 0 and does nothing
    for name in REFUSED.split():
        rule(refuse(errno.EPERM), name)
    # A socket is charged for the bytes that are spliced into it, and holds their whole pages.
    for name in ("splice", "tee", "sendfile", "sendfile64"):
        rule(refuse(errno.EINVAL), name)
    rule(refuse(errno.EPERM), "clone", _Compare(0, masked_equal, CLONE_NEWUSER, CLONE_NEWUSER))
    rule(refuse(errno.ENOSYS), "clone3")  # its flags are out of sight; libc falls back to clone
    core = _Compare(1, masked_equal, word, RLIMIT_CORE)
    rule(ignored, "setrlimit", _Compare(0, masked_equal, word, RLIMIT_CORE))
    rule(ignored, "prlimit64", core, _Compare(2, differs, 0, 0))
    for name in ("socket", "socketpair"):
        rule(refuse(errno.EAFNOSUPPORT), name, _Compare(0, differs, AF_UNIX, 0))
    both = _Compare(3, masked_equal, SHARED_ANONYMOUS, SHARED_ANONYMOUS)
    rule(refuse(errno.EPERM), "mmap", both)
    for advice in ADVICE:
        rule(refuse(errno.EPERM), "madvise", _Compare(2, masked_equal, word, advice))
    for number in REFUSED_PRCTL:
        rule(refuse(errno.EINVAL), "prctl", _Compare(0, masked_equal, word, number))
    # A session of its own has a share of the processor of its own, where the kernel groups by them.
    # A process of low rank would not come to the end that the grader waits for.
    ranks = ("setpriority", "sched_setscheduler", "sched_setparam", "sched_setattr")
    for name in ("flock", "fadvise64", "setsid", *ranks, *STAMPS.split()):
        rule(ignored, name)
    for action, numbers in ((ignored, LOCKS), (refuse(errno.EPERM), REFUSED_FCNTL)):
        for number in numbers:
            rule(action, "fcntl", _Compare(1, masked_equal, word, number))
    for action, numbers in ((ignored, BUFFERS), (refuse(errno.EPERM), FILTERS)):
        for number in numbers:
            option = _Compare(2, masked_equal, word, number)
            rule(action, "setsockopt", _Compare(1, masked_equal, word, SOL_SOCKET), option)
    for number in COUNTED:
        option = _Compare(2, masked_equal, word, number)
        level = _Compare(1, masked_equal, word, SOL_SOCKET)
        rule(refuse(errno.ENOPROTOOPT), "getsockopt", level, option)
    unique = _Compare(3, masked_equal, STATX_MNT_ID_UNIQUE, STATX_MNT_ID_UNIQUE)
    rule(refuse(errno.EINVAL), "statx", unique)
    # Requests to a file system leave marks on the system's files. Only those of the type T are
    # taken, which concern terminals and waiting input; each bit of the type is compared alone.
    for bit in (1 << place for place in range(8, 16)):
        other = ~(ord("T") << 8) & bit
        rule(refuse(errno.ENOTTY), "ioctl", _Compare(1, masked_equal, bit, other))
    with tempfile.TemporaryFile() as file:
        lib.seccomp_export_bpf(context, file.fileno())
        lib.seccomp_release(context)
        file.seek(0)
        return file.read()


# What a program may read in /proc, besides of itself.
OF_PROC = {"cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "uptime", "version"}

# What Python's own modules are linked to, where it brings that along (conda).
LIBRARIES = """
    python ssl crypto ffi z bz2 lzma zstd sqlite3 readline ncurses tinfo expat uuid mpdec stdc++
    gcc_s
"""


@functools.cache
def base_python(student: Path) -> dict[Path, Path]:
    """What the student environment needs of the Python that it was made from: {place: source}.

    Its programs, its library and those that it links to, and nothing else that lies beside them:
    a Python may be installed into a home, or into a folder with other environments.
    """
    links, path = [], student / "bin" / "python"
    while path.is_symlink():
        path = Path(os.path.normpath(path.parent / os.readlink(path)))
        links.append(path)
    with contextlib.suppress(OSError):  # what it is told to look for, which a link may lead to
        told = re.findall(r"(?m)^home *= *(.+)", (student / "pyvenv.cfg").read_text("utf-8"))
        links += [Path(home.strip()) / "python" for home in told]
    links += [Path(os.path.realpath(link)) for link in links]
    parts = {}
    for base in dict.fromkeys(link.parent.parent for link in links):
        if base in (student, Path("/usr"), Path("/")):
            continue
        names = [f"lib/lib{name}*.so*" for name in LIBRARIES.split()]
        for pattern in ["bin/python*", "lib/python3.*", "lib64/python3.*", *names]:
            for found in base.glob(pattern):
                if found.exists() and not found.name.endswith((".txt", ".sh")):
                    parts[found] = Path(os.path.realpath(found))
    return parts


def private(folders: Iterable[str | Path], student: Path | None = None) -> None:
    """Raise NoJail if one of these folders lies in what every submission can see."""
    student = student or STUDENT
    seen = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", os.path.realpath(student)}
    seen |= {str(part) for part in base_python(student).values()}
    for folder in map(os.path.realpath, folders):
        for place in seen:
            hidden = place == "/usr" and Path(folder).is_relative_to("/usr/local")
            if Path(folder).is_relative_to(place) and not hidden:
                raise NoJail(f"{folder} lies in {place}, which submissions can read: move it")


def command(student: Path, limits: Limits, as_root: bool) -> list[str]:
    """bubblewrap's arguments, without the filter and what it starts."""
    line = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    line += ["--unshare-cgroup-try", "--hostname", "jail", "--new-session", "--die-with-parent"]
    if as_root:  # no user namespace: inside would be root outside, so the inside changes its user
        line += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        line += ["--unshare-user", "--uid", "65534", "--gid", "65534"]
    line += ["--ro-bind", "/usr", "/usr", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        if os.path.islink(name):
            line += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            line += ["--ro-bind", name, name]
    hidden = ["/usr/local", *glob.glob("/usr/lib*/python3*/*-packages")]
    for folder in filter(os.path.isdir, hidden):  # SciPy may be among the packages
        line += ["--size", "65536", "--tmpfs", folder]
    parts, made = base_python(student), set()
    for place, source in parts.items():
        for parent in reversed(place.parents[:-1]):  # they may be closed outside
            if parent not in made and not parent.is_relative_to("/usr"):
                line += ["--perms", "0755", "--dir", str(parent)]
                made.add(parent)
        line += ["--ro-bind", str(source), str(place)]
        for packages in map(str, place.glob("*-packages")):
            line += ["--size", "4096", "--tmpfs", packages, "--remount-ro", packages]
    for folder in filter(os.path.isdir, hidden):
        line += ["--remount-ro", folder]
    line += ["--ro-bind", str(student), "/env", "--ro-bind", str(HERE / "inside"), "/inside"]
    # The kernel's counters in /proc would tell of the neighbours, and some of those before: what is
    # not usual to read is covered. So would a lack of pseudo-terminals, of which all have so many.
    line += ["--proc", "/proc"]
    for path in sorted(Path("/proc").iterdir()):
        if path.name.isdecimal() or path.name in OF_PROC or path.is_symlink():
            continue
        if path.is_dir():
            line += ["--size", "4096", "--tmpfs", str(path), "--remount-ro", str(path)]
        else:
            line += ["--ro-bind", "/dev/null", str(path)]
    # A process that has ended still takes what another writes into its `mem`, unseen.
    line += ["--remount-ro", "/proc"]
    # As an ordinary user's, bubblewrap's own process could be rewritten through its `mem`.
    line += ["--size", "4096", "--tmpfs", "/proc/1", "--remount-ro", "/proc/1"]
    line += ["--dev", "/dev", "--dev-bind", "/dev/null", "/dev/zero"]
    line += ["--size", "4096", "--tmpfs", "/dev/pts", "--remount-ro", "/dev/pts"]
    line += ["--perms", "1777", "--size", str(MIB), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    line += ["--perms", "1777", "--size", str(limits.scratch), "--tmpfs", "/tmp"]
    line += ["--perms", "0777", "--dir", "/tmp/matplotlib"]
    for fonts in (student / "matplotlib").glob("fontlist-*.json"):  # else 2 s at its first import
        line += ["--ro-bind", str(fonts), f"/tmp/matplotlib/{fonts.name}"]
    line += ["--remount-ro", "/", "--chdir", "/tmp", "--clearenv"]
    for name, value in ENVIRONMENT.items():
        line += ["--setenv", name, value]
    return line


ENVIRONMENT = {
    "PATH": "/env/bin:/usr/bin:/bin",
    "HOME": "/tmp",
    "USER": "student",
    "PIP_RETRIES": "0",  # there is no network, and no use in waiting for it
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MPLCONFIGDIR": "/tmp/matplotlib",
    "IPYTHONDIR": "/tmp/ipython",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


def remedy(message: str) -> str:
    """What helps against a failure of bubblewrap, as far as its message tells."""
    if "setting up uid map" in message:
        return (
            "This system (Ubuntu 24.04 and newer) lets no program make user namespaces that has no "
            "AppArmor profile. Let bubblewrap do it: write into /etc/apparmor.d/bwrap\n"
            "    abi <abi/4.0>,\n    include <tunables/global>\n"
            "    profile bwrap /usr/bin/bwrap flags=(unconfined) {\n      userns,\n    }\n"
            "and run: sudo systemctl reload apparmor"
        )
    if "namespace" in message:
        return (
            "This system lets ordinary users make no namespaces (sysctl user.max_user_namespaces, "
            "kernel.unprivileged_userns_clone), or a container around it forbids them. Ask the "
            "administrator, or grade in the container that exercises/Containerfile describes."
        )
    if "Unknown option" in message:
        return "bubblewrap 0.8 or newer is needed."
    if "loopback" in message or "mount proc" in message:
        return "The container around it must give it more rights: see exercises/Containerfile."
    return ""


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


def words(path: Path) -> list[str]:
    """What a file of the kernel's lists."""
    return path.read_text().split()


def check(student: Path | None = None, limits: Limits | None = None) -> str:
    """Raise NoJail unless a jail can be made here; returns how its limits are kept, in words."""
    student = student or STUDENT
    if not (student / "bin" / "python").exists():
        raise NoJail(f"there is no student environment at {student}: make .venv-student/installed")
    if sys.platform != "linux":
        raise NoJail(
            "the jail needs Linux; elsewhere grade in the container that exercises/Containerfile "
            "describes"
        )
    if not shutil.which("bwrap"):
        raise NoJail(
            "bubblewrap is not installed (Debian, Ubuntu: apt install bubblewrap; Fedora: dnf "
            "install bubblewrap; elsewhere: exercises/Containerfile)"
        )
    for place in (group_place(), None):
        try:
            with Jail(limits or Limits(), student=student) as jail:
                jail.start()
        except NoJail:
            if place is None:
                raise
            OFF.append(place)
        else:
            way = f"a control group below {place}, and by " if place else ""
            return f"memory and processes of a jail are limited by {way}looking at /proc"
    raise AssertionError


# ---------------------------------------------------------------- one jail

TICK = 0.1  # seconds between two looks at what the jail uses
SLOW = 5.0  # seconds that one look may take
HELD_UP = 0.3  # seconds after which all processes are stopped until it is over
STALLED = 15.0  # seconds between two looks, of which no submission is the reason
SELDOM = 1.0  # seconds between two looks at what takes longer to read
FLEETING = 20  # times that new processes are found while all are being stopped


def log_in() -> None:
    """Give this thread, and what it starts, a login, if it has none.

    A process without one may take one once, and the kernel numbers logins for all jails together.
    """
    with contextlib.suppress(OSError):  # this kernel keeps no account of logins
        login = Path("/proc/thread-self/loginuid")
        if login.read_text() == str(2**32 - 1):
            login.write_text(str(os.getuid()))


class Jail:
    """A jailed process, to talk to in lines of JSON. Leaving the `with` ends all that is in it."""

    def __init__(self, limits: Limits, *, student: Path | None = None, walls: bool = True) -> None:
        """Start it; `walls=False` starts the same program with the grader's own rights."""
        self.limits, self.student, self.walls = limits, student or STUDENT, walls
        self.deadline = time.monotonic() + 60  # to start; then its owner sets it
        self.buffer, self.searched, self.said = bytearray(), 0, 0
        self.next_look = self.next_count = self.looked = 0.0
        self.crowded, self.malformed = False, 0
        self.used: dict[tuple[int, bytes], float] = {}
        self.tree: list[str] = []
        as_root = os.getuid() == 0
        self.uid = nobody() if walls and as_root else None
        self.ready, self.room, self.given_up = False, 0, 0
        self.most, self.size = limits.said, (0, 0)  # of all it says, and of the last frame
        self.over: Ended | None = None
        self.group: Path | None = None
        self.processor = Processor()
        self.looking, self.waited_for, self.left = 0.0, False, threading.Event()
        log_in()
        if walls:
            with tempfile.TemporaryFile() as filter_file, tempfile.TemporaryFile() as arguments:
                filter_file.write(system_call_filter())
                line = command(self.student, limits, as_root)
                line += ["--seccomp", str(filter_file.fileno())]
                arguments.write(b"".join(os.fsencode(word) + b"\0" for word in line))
                for file in (filter_file, arguments):
                    file.seek(0)
                fds = [filter_file.fileno(), arguments.fileno()]
                # Inside, anybody can read the command line: it names none of this machine's paths.
                line = [shutil.which("bwrap") or "bwrap", "--args", str(fds[1])]
                line += ["/env/bin/python", "-I", "-B", "/inside"]
                if place := group_place():
                    self.group = place / f"jail-{os.getpid()}-{threading.get_native_id()}"
                    line = [*in_group(self.group, limits), *line]
                with self.processor.starts():
                    self.process = subprocess.Popen(
                        [*BEHIND, *NO_CORE, *first_to_end(), *line],
                        env={"PATH": os.defpath},
                        pass_fds=fds,
                        start_new_session=True,  # a terminal's Ctrl-C is the grader's alone
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE,
                    )
        else:
            self.scratch = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
            home = self.scratch.name
            env = ENVIRONMENT | {"HOME": home, "IPYTHONDIR": home, "MPLCONFIGDIR": home}
            line = [str(self.student / "bin" / "python"), "-I", "-B", str(HERE / "inside")]
            with self.processor.starts():
                self.process = subprocess.Popen(
                    line,
                    env=env,
                    cwd=home,
                    start_new_session=True,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
        pipes = self.process.stdin, self.process.stdout, self.process.stderr
        self.pipes = [pipe for pipe in pipes if pipe is not None]  # none of them is
        self.tray, self.answers = self.pipes[0].fileno(), self.pipes[1].fileno()
        # Not even when something has come: who may open a pipe again takes it back.
        for fd in (self.tray, self.answers):
            os.set_blocking(fd, False)
        threading.Thread(target=self.guard, daemon=True).start()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kill every process in the jail and wait until none is left."""
        self.left.set()
        fds = self.kill_all()
        if not self.walls:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        for fd in fds:
            select.select([fd], [], [], 30)
            os.close(fd)
        for pipe in self.pipes:
            pipe.close()
        self.processor.leave()
        if not self.walls:
            self.scratch.cleanup()
        if self.group is not None:
            with contextlib.suppress(OSError):  # it is empty, or the next jail has it again
                self.group.rmdir()

    def start(self) -> None:
        """Send the limits; return when the inside is ready for cells.

        No student's code has run by then: whatever goes wrong here is the machine's fault.
        """
        try:
            self.send({"limits": self.limits.order(self.uid, self.walls)})
            frame = self.read(60)
        except Ended as ended:
            os.set_blocking(self.pipes[2].fileno(), False)
            said = (self.pipes[2].read(4000) or b"").decode(errors="replace").strip()
            if str(ended) == "processes":
                said = "\n".join(["more processes than allowed, with their threads", *self.tree])
            raise NoJail(f"no jail could be made: {said or ended}\n{remedy(said)}") from None
        if frame != {"ready": True}:
            raise NoJail(f"the jail did not start: it said {frame}")
        self.ready = True

    def hand_over(self, cells: list[list[str]], kept: list[list[str]], leave: bool = False) -> None:
        """Send the cells to run.

        kept : lists of [cell, question, name]: after this cell the state is kept for the question
        leave : whether what the cells left running may go on
        """
        self.room = len(kept)
        self.send({"cells": cells, "kept": kept, "leave": leave})

    def reason(self, ended: Ended) -> str:
        """Why it has ended; the kernel says of its group whether memory was the reason."""
        said = ""
        if self.group is not None and str(ended) == "exit":
            with contextlib.suppress(OSError):
                said = (self.group / "memory.events").read_text()
        return "memory" if re.search(r"(?m)^oom_kill [1-9]", said) else str(ended)

    def send(self, frame: dict[str, Any]) -> None:
        """Put a frame into the in-tray, for as long as the jail may live."""
        line = memoryview(exchange.dump(frame))
        while line and not self.over:
            _, writable, _ = select.select([], [self.tray], [], TICK)
            if writable:
                try:
                    line = line[os.write(self.tray, line) :]
                except BrokenPipeError:
                    raise Ended("exit") from None
            self.watch(self.deadline)

    def read(self, seconds: float) -> dict[str, Any]:
        """Return the next frame, or raise Ended with the reason why there is none."""
        deadline = min(time.monotonic() + seconds, self.deadline)
        while True:
            end = self.buffer.find(b"\n", self.searched)
            if end >= 0:
                line = bytes(self.buffer[:end])
                del self.buffer[: end + 1]
                self.searched = 0
                self.size = len(line), elements(line)
                try:
                    most = 2 * exchange.MOST  # and texts may have commas
                    if self.size[1] > most and elements(TEXT.sub(b"", line)) > most:
                        raise exchange.Malformed("too many elements")
                    return exchange.parse(line)
                except exchange.Malformed:  # only a submission that writes here itself does this
                    self.malformed += 1
                    if self.malformed > 1000:
                        raise Ended("output") from None
                    continue
            if self.over:
                raise self.over
            self.searched = len(self.buffer)
            readable = self.take(TICK)
            self.watch(self.deadline if readable else deadline)  # what has come in time counts

    def watch(self, deadline: float) -> None:
        """Look; if the jail has to end, what it said before is read first: which cells have run.

        To read that may take seconds, and nobody looks meanwhile.
        """
        try:
            self.look(deadline)
        except Ended as ended:
            self.over = ended
            for fd in self.kill_all():
                os.close(fd)
            while self.take(0):
                pass

    def take(self, seconds: float) -> bool:
        """Wait for what the jail says and put it into the buffer; whether there was something."""
        readable, _, _ = select.select([self.answers], [], [], seconds)
        if readable:
            try:
                data = os.read(self.answers, MIB)
            except BlockingIOError:
                return False
            self.said += len(data)
            too_much = self.said > self.most or len(self.buffer) > exchange.LINE
            if self.over and (too_much or not data):
                return False
            if not data:
                raise Ended("exit")
            if too_much:
                raise Ended("output")
            self.buffer += data
        return bool(readable)

    def look(self, deadline: float) -> None:
        """Raise Ended when the time is up or the processes together use too much."""
        if STOP.is_set():
            raise Stopped
        now = time.monotonic()
        if self.looked and now - self.looked > STALLED:
            gap = now - self.looked
            raise Unwatched(f"the grader itself was stopped for {gap:.0f} s: grade again")
        self.looked = now
        if now > deadline:
            raise Ended("time")
        if now < self.next_look:
            return
        self.next_look = now + TICK
        self.looking = now
        try:
            self.measure(now)
        finally:
            self.looking = 0.0
        if self.waited_for:
            raise Ended("memory")

    def guard(self) -> None:
        """End the jail if a look at it does not come back.

        Some files of /proc wait until their process is done with its memory, which it may never be.
        Meanwhile the others could grow unseen, so all are stopped soon.
        """
        last, stopped = time.monotonic(), dict[int, int]()
        while not self.left.wait(TICK):
            now = time.monotonic()
            if self.looking and now - self.looking > HELD_UP:
                self.stop(stopped)
            elif stopped:
                let_go(stopped)
            if now - last > 1 and self.looking:  # this thread stood still, so all did
                self.looking = now
            if self.looking and now - self.looking > SLOW:
                self.waited_for = True
                for fd in self.kill_all():
                    os.close(fd)
                break
            last = now
        let_go(stopped)

    def kill_all(self) -> list[int]:
        """Kill the processes in the jail; returns descriptors that tell when they are gone."""
        # bubblewrap's child is the first process of the PID namespace: with it, the kernel
        # kills all others, and it is gone only when they are.
        first = children(self.process.pid) if self.walls else []
        fds = [fd for fd in map(open_pidfd, first) if fd is not None]
        for fd in fds:
            send_signal(fd)
        return fds

    def measure(self, now: float) -> None:
        """Raise Ended when the processes together use too much."""
        seen = self.seen()
        if seen is None:
            with self.still():
                seen = self.seen()
        if seen is None:
            raise Ended("processes")
        tree, threads, memory, processor = seen
        most = self.limits.processes + self.room + 2
        was_crowded, self.crowded = self.crowded, threads > most
        if was_crowded and self.crowded:  # two of them bubblewrap's own; one look may be mistaken
            raise Ended("processes")
        if max(processor, sum(self.used.values())) > self.limits.processor:
            raise Ended("processor")
        if memory > self.limits.memory:
            self.make_room()
        if now > self.next_count:
            self.next_count, left = now + SELDOM, self.limits.mappings
            for pid in tree:
                left -= mappings(pid)
                if left < 0:
                    raise Ended("memory")
        if self.ready and self.walls and len(tree) > 1:
            if sockets(tree[1]) > self.limits.sockets:
                raise Ended("sockets")
            if inodes(tree[1]) > self.limits.inodes:
                raise Ended("inodes")

    def seen(self) -> tuple[list[int], int, int, float] | None:
        """The processes, their threads, bytes of memory and seconds of processor time.

        None if any came or went meanwhile: one that ends may hand its memory on to a new one.
        """
        tree = descendants(self.process.pid)
        self.tree = []  # a line for each process: what a message about too many can say
        threads = memory = 0
        processor, used = 0.0, {}
        clock = os.sysconf("SC_CLK_TCK")
        for pid in tree:
            try:
                name, _, rest = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")
            except OSError:
                return None
            stat = rest.split()
            self.tree.append(f"{name.decode(errors='replace')}) of {int(stat[1])}: {int(stat[17])}")
            processor += sum(map(int, stat[11:15])) / clock  # user, system; its dead children's
            # Where SIGCHLD is ignored nobody is told what the dead have used: it is kept here.
            used[pid, stat[19]] = sum(map(int, stat[11:13])) / clock
            threads += int(stat[17])
            headless = stat[0] == b"Z" and int(stat[17]) > 1
            size = resident(pid) if headless else int(stat[21]) * mmap.PAGESIZE
            if headless and not size:  # its threads come and go
                return None
            memory += size + tables(pid)
        if set(tree) != set(descendants(self.process.pid)):
            return None
        self.used |= used
        return tree, threads, memory, processor

    @contextlib.contextmanager
    def still(self) -> Iterator[None]:
        """Stop all processes for a while, so that none can hand memory on while it is looked at.

        Ended if they cannot be caught, since new ones take the place of those that are stopped.
        """
        stopped: dict[int, int] = {}  # {process: its descriptor}
        end = time.monotonic() + SLOW / 2
        try:
            for _ in range(FLEETING):
                tree, new = self.stop(stopped)
                if not new:
                    break
                while any(map(runs, tree)) and time.monotonic() < end:
                    time.sleep(TICK / 100)
            else:
                raise Ended("processes")
            yield
        finally:
            let_go(stopped)

    def stop(self, stopped: dict[int, int]) -> tuple[list[int], list[int]]:
        """Stop all processes but those in `stopped`, and add these; returns all, and new ones."""
        tree = descendants(self.process.pid)
        new = [pid for pid in tree if pid not in stopped]
        for pid in new:
            fd = open_pidfd(pid)
            if fd is not None:
                stopped[pid] = fd
                if pid == tree[0] or parent(pid) in tree:  # still, so it is the one meant
                    send_signal(fd, signal.SIGSTOP)
        return tree, new

    def make_room(self) -> None:
        """Keep the limit of memory; Ended says that this is not possible.

        The states that are kept for questions come on top of what the notebook itself holds, so
        they are ended first, the largest of them before the others, and no more processes than
        there are states: others may say of themselves what these do.
        """
        sizes = self.sizes()
        steady = all(sizes.values()) and set(sizes) == set(descendants(self.process.pid))
        if steady and sum(sizes.values()) <= self.limits.memory:
            return
        with self.still():
            self.end_states()

    def sizes(self) -> dict[int, int]:
        """{process: bytes}; one that shares its memory with another, as at its start, has none."""
        counted: dict[int, int] = {}
        for pid in descendants(self.process.pid):
            shares = any(one_memory(pid, other) for other in counted)
            counted[pid] = 0 if shares else held(pid) + tables(pid)
        return counted

    def end_states(self) -> None:
        """End the states that are kept, one by one, until the rest is within the limit."""
        # Not bubblewrap's own two processes, and not the one that runs the cells.
        first = 3 if self.walls else 1
        while True:
            sizes = self.sizes()
            if sum(sizes.values()) <= self.limits.memory:
                return
            tree = list(sizes)
            spare = [pid for pid in tree[first:] if sizes[pid] and gives_way(pid)]
            if not spare or self.given_up == self.room:
                raise Ended("memory")
            self.given_up += 1
            largest = max(spare, key=sizes.__getitem__)
            fd = open_pidfd(largest)
            if fd is not None:
                try:
                    if gives_way(largest):  # still, so the descriptor is that of the one meant
                        send_signal(fd)
                        self.await_end(fd, [pid for pid in tree if pid != largest])
                finally:
                    os.close(fd)

    def await_end(self, fd: int, others: list[int]) -> None:
        """Wait until a killed process has ended; Ended if the others fill the memory meanwhile."""
        end = time.monotonic() + 5
        while not select.select([fd], [], [], TICK / 2)[0] and time.monotonic() < end:
            known = {*others, *itertools.chain(*map(children, others))}
            if sum(held(pid) + tables(pid) for pid in known) > self.limits.memory:
                raise Ended("memory")


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


TEXT = re.compile(rb'"(?:[^"\\]++|\\.?)*+"?', re.DOTALL)  # in JSON, or from a quote to the end


def elements(line: bytes) -> int:
    """About how many elements, lists and dictionaries a line of JSON has, in memory of a list's."""
    return line.count(b",") + line.count(b"[") + 8 * line.count(b"{")


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
    with contextlib.suppress(OSError, ValueError, IndexError):
        status = (seat(pid) / "status").read_bytes()
        return 1024 * int(status.split(b"\nVmPTE:")[1].split()[0])
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


# ---------------------------------------------------------------- one submission


def run(
    cells: list[list[str]],
    questions: list[Asked],
    limits: Limits | None = None,
    *,
    hidden: Collection[str] = (),
    student: Path | None = None,
    walls: bool = True,
) -> Record:
    """Run a submission's cells, then put the questions to it.

    cells : list of [id, source]
    questions : list of [id, kind, name, calls], each call a list of encoded arguments
    hidden : ids of questions whose inputs may not be shown

    Returns {"cells": {id: [output, ...]}, "answers": {id: [answer, ...]}, "later": ...}, all of it
    JSON. An answer is {"value": ...}, {"error": [type, text]}, {"timeout": true},
    {"missing": why} or {"died": why}; values are still encoded. "answers" are given in the state
    after the cell with the question's id, "later" in the state at the end, where that may differ.
    A cell or a question that kills the process is left out, and the others are tried again, up to
    `limits.attempts` times. Where a state could not be kept, or was of no use without its threads,
    the cells are run again up to it, as long as there is time.

    The questions in `hidden` are asked in runs of their own, when all others have been answered:
    what a run answers that began after their inputs were sent, the time could tell it.
    """
    limits, questions = limits or Limits(), [Asked(*question) for question in questions]
    deadline = time.monotonic() + limits.total
    found = Found([limits.answered, limits.elements], limits.said)
    start = functools.partial(Jail, limits, student=student, walls=walls)
    shown = [one for one in questions if one.id not in hidden]
    rounds = [shown, [one for one in questions if one.id in hidden]]
    for asked in filter(None, rounds) if questions else [[]]:
        put(cells, asked, found, limits, deadline, start)
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
            room = [2 * limits.shown, limits.outputs]
            try:
                jail.hand_over(todo, kept)
                for cell_id, _ in todo:
                    frame = awaited(jail, "cell", cell_id, limits.cell + limits.grace)
                    # What a later attempt shows, and how its cells end, could depend on inputs that
                    # this one is asked.
                    slow = frame.get("slow") is True
                    if slow and cell_id not in found.shown:
                        found.over[cell_id] = "slow"
                    found.shown.setdefault(cell_id, checked_outputs(frame, room))
                    if slow:
                        found.left_out.add(cell_id)  # of the next attempt
                cell_id = None
                awaited(jail, "cells", "done", limits.cell)
                for question in asked:
                    retries += ask_both(jail, question, found, limits, {cell[0] for cell in todo})
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
    todo = [cell for cell in cells if cell[0] not in found.left_out]
    place = {cell[0]: place for place, cell in enumerate(todo, 1)}
    retries = [one for one in retries if one.state == "end" or one.question.id in place]
    while retries and time.monotonic() < deadline:
        retries.sort(key=lambda one: place[one.question.id] if one.state == "own" else len(todo))
        last = retries.pop()
        upto = todo[: place[last.question.id]] if last.state == "own" else todo
        with contextlib.suppress(Ended, NoJail), start() as jail:
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
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    later: dict[str, list[Answer]] = field(default_factory=dict)
    shown: dict[str, list[Output]] = field(default_factory=dict)
    over: dict[str, str] = field(default_factory=dict)  # cells that did not come to their end
    left_out: set[str] = field(default_factory=set)

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
    jail: Jail, question: Asked, found: Found, limits: Limits, ran: set[str]
) -> list[Retry]:
    """Put a question to its own state and, where that may help, to the state at the end.

    ran : the cells that were run

    Returns the states that are to be asked again.
    """
    retries = []
    done = ask(jail, question, "own", found.answers, limits, found.room)
    if done.lost and question.id in ran:
        retries.append(Retry(question, "own", False))
    elif done.stuck:
        retries.append(Retry(question, "own", True))
    if done.lost or done.again:
        answers = found.answers if done.lost else found.later
        if ask(jail, question, "end", answers, limits, found.room).stuck:
            retries.append(Retry(question, "end", True))
    return retries


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


TRACEBACK = 100  # lines; the inside sends fewer


def checked_outputs(frame: dict[str, Any], room: list[int]) -> list[Output]:
    """The outputs of a cell, rebuilt from their plain parts in nbformat's form.

    room : how many characters and outputs are still taken, of this and all later cells; the inside
    cuts what it shows sooner, unless the submission speaks in its place.
    """
    outputs: list[Output] = []
    count = frame.get("count")
    found: Output
    for output in frame["outputs"] if isinstance(frame.get("outputs"), list) else []:
        if min(room) <= 0:
            outputs.append(note("[The output is cut here: the notebook shows too much.]"))
            break
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
        size = len(json.dumps(found))
        room[0], room[1] = room[0] - size, room[1] - 1
        if room[0] < 0:
            continue
        outputs.append(found)
    return outputs


def checked_data(data: dict[str, Any]) -> dict[str, str]:
    """Text, and images that are base64; nothing that a browser would run."""
    kept = {}
    if isinstance(data.get("text/plain"), str):
        kept["text/plain"] = clean(data["text/plain"])
    image = data.get("image/png")
    if isinstance(image, str) and re.fullmatch(r"[A-Za-z0-9+/\n]+=*\n?", image):
        kept["image/png"] = image
    return kept


def clean(text: str) -> str:
    """Text without half characters, which no file can hold."""
    return text.encode("utf-8", "replace").decode()


def note(text: str) -> Output:
    """An output that says what the grader did."""
    return {"output_type": "stream", "name": "stderr", "text": text + "\n"}
