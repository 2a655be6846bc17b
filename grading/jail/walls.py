"""What a jail sees of the machine: bubblewrap's arguments, and what they need."""

import contextlib
import functools
import glob
import os
import re
from collections.abc import Iterable
from pathlib import Path

from grading.jail.limits import HERE, MIB, STUDENT, Limits, NoJail

# What a program may read in /proc, besides of itself.
OF_PROC = {"cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "uptime", "version"}
# What Python's own modules are linked to, where it brings that along (conda).
LIBRARIES = """
    python ssl crypto ffi z bz2 lzma zstd sqlite3 readline ncurses tinfo expat uuid mpdec stdc++
    gcc_s
"""
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
