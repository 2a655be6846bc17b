"""The system calls that a homework never needs, refused by a filter."""

import ctypes
import ctypes.util
import errno
import functools
import os
import tempfile

from grading.jail.limits import NoJail

# Tracing; memory that no process is seen to hold, the kernel's for epoll included, or that is
# filled within one call; another submission's processor; what tells of neighbours; new namespaces;
# kernel administration.
REFUSED = """
    ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd
    memfd_create memfd_secret shmget msgget semget mq_open
    sched_setaffinity timer_create epoll_create epoll_create1 eventfd eventfd2
    unshare setns mount umount2 pivot_root chroot move_mount fsopen fsconfig fsmount fspick
    open_tree mount_setattr keyctl add_key request_key bpf perf_event_open userfaultfd
    io_uring_setup io_setup kexec_load kexec_file_load init_module finit_module delete_module
    open_by_handle_at name_to_handle_at personality syslog acct swapon swapoff reboot quotactl
    fanotify_init inotify_init inotify_init1 mincore cachestat vmsplice process_madvise
    landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp
    setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat
    file_setattr statfs fstatfs statfs64 fstatfs64 ustat statmount listmount
    move_pages migrate_pages mbind quotactl_fd listns mlock mlock2 mlockall
"""
# These change a file's times, even where they set the owner that it has. All jails have the
# machine's own /dev/null and the like, so the times would carry messages. The calls do nothing,
# which harms nothing in a scratch folder.
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
# give, is not heeded. The last two fill memory within the call, see below.
ADVICE = (12, 21, 25, 22, 23)  # MADV_MERGEABLE, _PAGEOUT, _COLLAPSE, _POPULATE_READ and _WRITE
# A call that fills memory by gigabytes cannot be stopped for a look, only killed: MAP_POPULATE and
# MAP_LOCKED. MAP_HUGETLB takes pages that a look does not see.
FILLS = (0x8000, 0x2000, 0x40000)
# A table for a process's own futexes takes up to a gigabyte that nothing counts; the others merge
# pages, choose who may share a processor, set a filter whose finds the kernel logs, and allow huge
# pages: PR_FUTEX_HASH, PR_SET_MEMORY_MERGE, PR_SCHED_CORE, PR_SET_SECCOMP, PR_SET_THP_DISABLE.
REFUSED_PRCTL = (78, 67, 62, 22, 41)
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
    for flags in (SHARED_ANONYMOUS, *FILLS):
        rule(refuse(errno.EPERM), "mmap", _Compare(3, masked_equal, flags, flags))
    for advice in ADVICE:
        rule(refuse(errno.EPERM), "madvise", _Compare(2, masked_equal, word, advice))
    for number in REFUSED_PRCTL:
        rule(refuse(errno.EINVAL), "prctl", _Compare(0, masked_equal, word, number))
    # A session of its own has a share of the processor of its own, where the kernel groups by them.
    # A process of low rank would not come to the end that the grader waits for.
    ranks = ("setpriority", "sched_setscheduler", "sched_setparam", "sched_setattr")
    # Writing to the disk, also for a file of the read-only system, slows down who runs beside it.
    syncs = ("sync", "syncfs", "fsync", "fdatasync")
    for name in ("flock", "fadvise64", "setsid", *ranks, *syncs, *STAMPS.split()):
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
