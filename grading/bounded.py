"""Run code that is trusted on what a student wrote, so that it takes neither long nor much."""

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

MEMORY = 2**29  # bytes that a limited process may use beyond its parent's


@contextlib.contextmanager
def within(seconds: float, what: str) -> Iterator[None]:
    """Break off with a TimeoutError, where the system can do that."""

    def stop(signum: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"{what} took longer than {seconds} seconds")

    if threading.current_thread() is not threading.main_thread() or sys.platform == "win32":
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    start = time.monotonic()
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)
        if left:  # of a limit around this one, whose time went on
            left = max(left - (time.monotonic() - start), 1e-3)
        signal.setitimer(signal.ITIMER_REAL, left)


def limited(make: Callable[[], str], seconds: int) -> str | None:
    """What a function returns as text, in a process of its own that may use little; or None.

    seconds : of processor time, whole ones

    A few thousand characters can keep a parser of Markdown or Python busy for hours.
    """
    if not hasattr(os, "fork"):  # Windows grades nobody
        return make()
    import resource

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
            with contextlib.suppress(OSError, ValueError):  # macOS has no such limit
                pages = int(Path("/proc/self/statm").read_text().split()[0])
                most = pages * resource.getpagesize() + MEMORY
                resource.setrlimit(resource.RLIMIT_AS, (most, most))
            with os.fdopen(writer, "wb") as file:
                file.write(make().encode("utf-8", "replace"))
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writer)
    parts, size, end = [], 0, time.monotonic() + 3 * seconds
    while size < MEMORY and time.monotonic() < end:
        if not select.select([reader], [], [], 0.5)[0]:
            continue
        if not (part := os.read(reader, 2**20)):
            break
        parts.append(part)
        size += len(part)
    else:
        os.kill(child, signal.SIGKILL)
    os.close(reader)
    status = os.waitpid(child, 0)[1]
    return None if status else b"".join(parts).decode()
