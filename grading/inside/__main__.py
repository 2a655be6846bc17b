"""What runs inside the jail: a submission's cells, then its functions on inputs sent later.

Nothing that this process says is trusted. It has an in-tray (file descriptor 0) and an out-tray
(1), each a line of JSON at a time:

    in   {"limits": {...}}
    out  {"ready": true}
    in   {"cells": [[id, source], ...]}
    out  {"cell": id, "outputs": [...], "count": n}    for each, then {"cells": "done"}
    in   {"question": [id, kind, name, [arguments, ...]]}     one after the other
    out  {"question": id, "call": n, "value": ...}     or "error", "timeout", "missing"
    out  {"question": id, "done": why}                 when all calls are answered, or cannot be

Each question is answered in a process of its own, so that one that crashes costs no other.
This folder is bound into the jail and run as `python -I /inside`.
"""

import contextlib
import os
import resource
import signal
import sys
import time
import traceback

import exchange

KEPT = ("text/plain", "image/png")  # other outputs could run scripts when somebody looks at them


class TooLong(BaseException):
    """A cell or a call used up its time. Not an Exception, which `except Exception` would catch."""


def give_up_rights(limits):
    """Set the limits of this process and its children; as root, become a user without a name."""
    for name, most in limits["rlimits"].items():
        try:
            resource.setrlimit(getattr(resource, name), (most, most))
        except (ValueError, OSError):
            if limits["walls"]:
                raise
    if limits["uid"]:
        os.setgroups([])
        os.setresgid(limits["uid"], limits["uid"], limits["uid"])
        os.setresuid(limits["uid"], limits["uid"], limits["uid"])


class Recorder:
    """Collects what a cell shows, in order and up to a size, as nbformat's output dicts."""

    def __init__(self, most):
        """Keep at most `most` characters for the whole notebook."""
        self.left = most
        self.outputs = []

    def add(self, output, size):
        """Append an output, or one note in place of all that is too much."""
        if self.left <= 0:
            return
        self.left -= size
        if self.left < 0:
            note = "\n[The output is cut here: the notebook shows too much.]\n"
            output = {"output_type": "stream", "name": "stderr", "text": note}
        self.outputs.append(output)

    def text(self, name, text):
        """Append text to a stream, to the last output if that is the same stream."""
        last = self.outputs[-1] if self.outputs else {}
        if last.get("output_type") == "stream" and last["name"] == name and self.left > len(text):
            last["text"] += text
            self.left -= len(text)
        else:
            text = text[: max(self.left, 0)] if len(text) > self.left else text
            self.add({"output_type": "stream", "name": name, "text": text}, len(text) + 50)

    def rich(self, output_type, data, **more):
        """Append a displayed object, with the harmless ones of its forms."""
        data = {kind: str(data[kind]) for kind in KEPT if kind in data}
        output = {"output_type": output_type, "data": data, "metadata": {}, **more}
        self.add(output, sum(map(len, data.values())) + 50)

    def take(self):
        """Return what was collected since the last call."""
        taken, self.outputs = self.outputs, []
        return taken


class Stream:
    """A text file that writes into a Recorder."""

    encoding, errors, closed = "utf-8", "replace", False

    def __init__(self, recorder, name):
        """Write to `recorder` as the stream `name`."""
        self.recorder, self.name = recorder, name

    def write(self, text):
        """Record the text."""
        self.recorder.text(self.name, str(text))
        return len(text)

    def writelines(self, lines):
        """Record each line."""
        for line in lines:
            self.write(line)

    def flush(self):
        """Nothing is held back."""

    def isatty(self):
        """No one is at the other end."""
        return False

    def fileno(self):
        """There is no file."""
        raise OSError("this stream has no file descriptor")


def make_shell(recorder):
    """IPython without a terminal, a history file or a profile, whose outputs go to `recorder`."""
    import base64

    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    class Publisher(DisplayPublisher):
        def publish(self, data, metadata=None, **_):
            data = {
                kind: base64.b64encode(form).decode() if isinstance(form, bytes) else form
                for kind, form in data.items()
            }
            recorder.rich("display_data", data)

        def clear_output(self, wait=False):
            recorder.take()

    class Hook(DisplayHook):
        def write_output_prompt(self):
            pass

        def write_format_data(self, format_dict, md_dict=None):
            recorder.rich("execute_result", format_dict, execution_count=self.prompt_count)

        def finish_displayhook(self):
            pass

    class Shell(InteractiveShell):
        def _showtraceback(self, etype, evalue, stb):
            recorder.add(
                {
                    "output_type": "error",
                    "ename": str(etype.__name__),
                    "evalue": str(evalue)[:2000],
                    "traceback": [line[:4000] for line in stb[-30:]],
                },
                4000,
            )

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    config.InteractiveShell.display_pub_class = Publisher
    config.InteractiveShell.displayhook_class = Hook
    Shell.display_pub_class.default_value = Publisher
    Shell.displayhook_class.default_value = Hook
    shell = Shell(config=config)
    InteractiveShell._instance = Shell._instance = shell  # what display() asks for
    return shell


def out_of_time(signum, frame):
    """Interrupt whatever runs."""
    raise TooLong("this took longer than it may")


def run_cells(shell, recorder, cells, limit, send):
    """Run each cell for at most `limit` seconds and report what it showed."""
    for number, (cell_id, source) in enumerate(cells, 1):
        sys.stdout, sys.stderr = Stream(recorder, "stdout"), Stream(recorder, "stderr")
        signal.signal(signal.SIGALRM, out_of_time)
        signal.setitimer(signal.ITIMER_REAL, limit)
        try:
            shell.run_cell(source, store_history=True)
        except TooLong:
            shell.showtraceback()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            send({"cell": cell_id, "outputs": recorder.take(), "count": number})


def answer(namespace, question, limit, send):
    """Call the student's function with each of the arguments, or read the student's value."""
    question_id, kind, name, calls = question
    if name not in namespace:
        return send({"question": question_id, "missing": "undefined"})
    if kind == "value":
        value = exchange.encode(exchange.plain(namespace[name]))
        return send({"question": question_id, "call": 0, "value": value})
    if not callable(namespace[name]):
        return send({"question": question_id, "missing": "uncallable"})
    for number, arguments in enumerate(calls):
        frame = {"question": question_id, "call": number}
        signal.signal(signal.SIGALRM, out_of_time)
        try:
            signal.setitimer(signal.ITIMER_REAL, limit)
            result = namespace[name](*exchange.decode(arguments))
            frame["value"] = exchange.encode(exchange.plain(result))
        except TooLong:
            frame["timeout"] = True
        except BaseException as error:
            frame["error"] = [type(error).__name__, traceback.format_exception_only(error)[-1]]
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        send(frame)


def answer_apart(namespace, question, limits, send):
    """Answer one question in a child process, and say so if that does not come to its end."""
    child = os.fork()
    if child == 0:
        try:
            answer(namespace, question, limits["call"], send)
            os._exit(0)
        finally:
            os._exit(1)
    ended, end = 0, time.monotonic() + limits["question"]
    try:
        while not ended and time.monotonic() < end:
            ended, _ = os.waitpid(child, os.WNOHANG)
            time.sleep(0.002)
    except ChildProcessError:  # it has ended, and SIGCHLD is ignored
        ended = child
    if not ended:
        os.kill(child, signal.SIGKILL)
    send({"question": question[0], "done": "exit" if ended else "time"})


def main():
    """Take orders from descriptor 0 and report on 1, both moved out of the way of prints."""
    in_tray, out_tray = os.fdopen(os.dup(0), "rb"), os.dup(1)
    os.set_inheritable(out_tray, False)

    def send(frame):
        line = exchange.dump(frame)
        if len(line) > exchange.LINE and "value" in frame:
            line = exchange.dump(frame | {"value": {"$other": "too much data to take"}})
        line = memoryview(line)
        while line:
            line = line[os.write(out_tray, line) :]

    limits = exchange.parse(in_tray.readline())["limits"]
    give_up_rights(limits)
    recorder = Recorder(limits["shown"])
    shell = make_shell(recorder)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nowhere, fd)
    send({"ready": True})
    cells = exchange.parse(in_tray.readline())["cells"]
    run_cells(shell, recorder, cells, limits["cell"], send)
    if limits["walls"] and os.getpid() == 2:  # in the jail, after its first process
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)  # all others: what the cells left running
    send({"cells": "done"})
    for line in in_tray:
        answer_apart(shell.user_ns, exchange.parse(line)["question"], limits, send)
    os._exit(0)  # no clean-up of the student's objects


main()
