"""What runs inside the jail: a submission's cells, then its functions on inputs sent later.

Nothing that this process says is trusted. It has an in-tray (file descriptor 0) and an out-tray
(1), each a line of JSON at a time:

    in   {"limits": {...}, "open": [files of /proc], "filter": of system calls, in hexadecimal}
    out  {"ready": true, "landlock": bool}
    in   {"cells": [[id, source], ...], "kept": [[cell, question, name], ...], "leave": bool}
    out  {"cell": id, "outputs": [...], "count": n}    for each, then {"cells": "done"}
    in   {"question": [id, kind, name, [arguments, ...]], "state": "own", "end" or "here"}
    out  {"question": id, "call": n, "value": ...}     or "error", "timeout", "missing"
    out  {"question": id, "done": why, "again": bool, "lost": bool, "stuck": bool}

Each question is answered in a process of its own, so that one that crashes costs no other. That
process branched off right after the question's check had run, so it has the state that the author
of the answer saw; with "again" the state at the end of the notebook may give another answer. It is
"lost" if it is no longer there, as when it was ended for its memory; and an answer is "stuck" that
may wait for threads, which no copy of a process has, or fail for a process that was ended. Then a
question may be answered "here", in the process that ran the cells; with "leave", the processes that
they started are left to it.
This folder is bound into the jail and run as `python -I /inside`.
"""

from __future__ import annotations

import ast
import contextlib
import ctypes
import io
import os
import resource
import signal
import sys
import time
import traceback
import warnings
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # nothing here takes time in the jail
    from collections.abc import Callable, Iterable, Sequence
    from importlib.machinery import ModuleSpec
    from types import FrameType, ModuleType
    from typing import Any

    from _typeshed import ReadableBuffer
    from IPython.core.interactiveshell import InteractiveShell

    from grading.inside import exchange

    Send = Callable[[dict[str, Any]], None]
else:
    import exchange  # the folder it lies in is all that the jail has of the grader

STUB = "replace this line by your answer"
QUICK = 5  # seconds for a cell once all of them have used up their time
FAULTY = 3  # what a process ends with whose answers the state at the end might better
FAILED = 4  # the same after an error of the student's function
STUCK = 5  # and after a call that may have waited for threads that the process does not have
SET_NAME = 15  # of prctl
SPARE = 8  # files that the questions need
SYSTEM = ctypes.CDLL(None, use_errno=True)
INSTALL = ("pip", "conda", "mamba", "micromamba", "uv")  # magics without their program here
# Other outputs could run scripts when somebody looks at them.
KEPT = ("text/plain", "image/png", "image/jpeg")


class TooLong(BaseException):
    """A cell or a call used up its time. Not an Exception, which `except Exception` would catch."""


def give_up_rights(limits: exchange.Allowed) -> None:
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


def close_proc(allowed: Sequence[str]) -> bool:
    """Let only these files of /proc be read from now on, by Landlock; whether the kernel has it.

    Those of processes are more than their text: one that is open may keep megabytes in the kernel
    that nothing counts, or the memory of a process that has ended.
    """
    create, add, restrict = 444, 445, 446  # the numbers of the system calls, everywhere the same
    ask_version, beneath, read_file, refer, unlogged = 1, 1, 1 << 2, 1 << 13, 1
    version = SYSTEM.syscall(create, None, ctypes.c_size_t(0), ask_version)
    if version < 1:
        return False
    # The first version lets no file be moved to another folder; the seventh may log refusals.
    rights = read_file | (refer if version > 1 else 0)
    handled = ctypes.c_uint64(rights)
    ruleset = SYSTEM.syscall(create, ctypes.byref(handled), ctypes.c_size_t(8), 0)
    others = [f"/{name}" for name in os.listdir("/") if name != "proc"]
    for path in [*others, *allowed]:
        with contextlib.suppress(FileNotFoundError):
            fd = os.open(path, os.O_PATH)
            right = rights if os.path.isdir(path) else read_file
            rule = right.to_bytes(8, sys.byteorder) + fd.to_bytes(4, sys.byteorder)
            if SYSTEM.syscall(add, ruleset, beneath, rule, 0):
                raise OSError(ctypes.get_errno(), "Landlock takes no rule", path)
            os.close(fd)
    if SYSTEM.syscall(restrict, ruleset, unlogged if version >= 7 else 0):
        raise OSError(ctypes.get_errno(), "Landlock does not begin")
    os.close(ruleset)
    return True


def refuse_calls(program: bytes) -> None:
    """Load the filter of system calls for this process and all that it will start.

    bubblewrap has set that no rights can be gained any more, without which there is no filter.
    """

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))

    # Of a huge page that is given back but for 4 KB the kernel keeps all, and counts the 4 KB.
    disable_huge_pages, set_seccomp, with_filter = 41, 22, 2  # of prctl
    SYSTEM.prctl(disable_huge_pages, 1, 0, 0, 0)  # where there are any
    loaded = Program(len(program) // 8, program)
    if SYSTEM.prctl(set_seccomp, with_filter, ctypes.byref(loaded), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp takes no filter of system calls")


def begun(text: str) -> io.StringIO:
    """A stream's text so far; each output has its own, since threads may write while one ends."""
    stream = io.StringIO()
    stream.write(text)
    return stream


def weight(text: str) -> int:
    """How many bytes a text takes on its way out: JSON spells what is not ASCII, in 6 or 12."""
    return len(text) if text.isascii() else len(text.encode("ascii", "backslashreplace"))


class Recorder:
    """Collects what a cell shows, in order and up to a size, as nbformat's output dicts."""

    def __init__(self, most: int) -> None:
        """Keep at most `most` bytes for the whole notebook."""
        self.left = self.before = most  # `before`: at the last `take`
        self.outputs: list[dict[str, Any]] = []
        self.cut = False  # whether something was left out of this cell

    def add(self, output: dict[str, Any], size: int) -> None:
        """Append an output, or one note in place of all that is too much; but why a cell failed."""
        if output["output_type"] == "stream":
            output["text"] = begun(output["text"])
        if size <= self.left:
            self.left -= size
            self.outputs.append(output)
            return
        self.leave_out()
        failed = output["output_type"] == "error"
        if failed and not any(one["output_type"] == "error" for one in self.outputs):
            self.outputs.append(output | {"traceback": []})

    def leave_out(self) -> None:
        """Note, once in a cell, that something is left out of it."""
        if not self.cut:
            note = "\n[The output is cut here: the notebook shows too much.]\n"
            self.outputs.append({"output_type": "stream", "name": "stderr", "text": begun(note)})
        self.cut = True

    def text(self, name: str, text: str) -> None:
        """Append text to a stream, to the last output if that is the same stream."""
        if self.cut:
            return
        size, most = weight(text), self.left - 50
        if too_long := size > most:  # its beginning is kept
            text = text[: max(most, 0) // (1 if text.isascii() else 12)]
            size = weight(text)
        last = self.outputs[-1] if self.outputs else {}
        if last.get("output_type") == "stream" and last["name"] == name:
            last["text"].write(text)  # `+=` would copy all of it each time
            self.left -= size
        elif text:
            self.add({"output_type": "stream", "name": name, "text": text}, size + 50)
        if too_long:
            self.leave_out()

    def rich(self, output_type: str, data: dict[str, Any], **more: int) -> None:
        """Append a displayed object, with the harmless ones of its forms."""
        data = {kind: str(data[kind]) for kind in KEPT if kind in data}
        output = {"output_type": output_type, "data": data, "metadata": {}, **more}
        self.add(output, sum(map(weight, data.values())) + 50)

    def take(self) -> list[dict[str, Any]]:
        """Return what was collected since the last call."""
        taken, self.outputs, self.before, self.cut = self.outputs, [], self.left, False
        return [
            one | {"text": one["text"].getvalue()} if one["output_type"] == "stream" else one
            for one in taken
        ]

    def clear(self) -> None:
        """Drop what was collected since then, as an animation does for each of its pictures."""
        before = self.before
        self.take()
        self.left = self.before = before


class Stream:
    """A text file that writes into a Recorder."""

    encoding, errors, closed, newlines = "utf-8", "replace", False, None

    def __init__(self, recorder: Recorder, name: str) -> None:
        """Write to `recorder` as the stream `name`."""
        self.recorder, self.name, self.buffer = recorder, name, Bytes(self)

    def write(self, text: str) -> int:
        """Record the text."""
        self.recorder.text(self.name, str(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Record each line."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing is held back."""

    def isatty(self) -> bool:
        """No one is at the other end."""
        return False

    def writable(self) -> bool:
        """It is there to be written to."""
        return True

    def fileno(self) -> int:
        """A file that keeps nothing, for what insists on one."""
        return 1


class Bytes(io.RawIOBase):
    """What a text stream has below it."""

    def __init__(self, stream: Stream) -> None:
        """Pass on to this text stream."""
        self.stream = stream

    def writable(self) -> bool:
        """It is there to be written to."""
        return True

    def write(self, data: ReadableBuffer) -> int:
        """Record the bytes as text."""
        plain = bytes(data)
        self.stream.write(plain.decode("utf-8", "replace"))
        return len(plain)


class StubsOut(ast.NodeTransformer):
    """Leaves out what was handed out in place of an answer, so that it overrides no answer."""

    def visit_Raise(self, node: ast.Raise) -> ast.AST | None:
        """Drop the line that says where the answer belongs."""
        match node.exc:
            case ast.Call(func=ast.Name(id="NotImplementedError"), args=[ast.Constant(value=said)]):
                return None if said == STUB else node
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST | None:
        """Drop a function in which nothing else stands."""
        before = len(node.body)
        self.generic_visit(node)
        words = [part for part in node.body if not is_text(part)]
        return node if words or len(node.body) == before else None

    def visit_Try(self, node: ast.Try) -> ast.AST | list[ast.stmt]:
        """Drop a block that tries nothing else, unless what it does instead is an answer."""
        if any(self.visit_Raise(part) for part in node.body if isinstance(part, ast.Raise)) or not (
            all(isinstance(part, ast.Raise) or is_text(part) for part in node.body)
        ):
            return self.generic_visit(node)
        quiet = (ast.Pass, ast.Raise, ast.Expr)
        instead = [part for handler in node.handlers for part in handler.body]
        return node.finalbody if all(isinstance(part, quiet) for part in instead) else node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Keep a block that held nothing else whole."""
        node = super().generic_visit(node)
        body = getattr(node, "body", None)
        if body == [] and not isinstance(node, (ast.Module, ast.FunctionDef)):
            body.append(ast.copy_location(ast.Pass(), node))
        return node


def is_text(node: ast.AST) -> bool:
    """Whether a statement is a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def make_shell(recorder: Recorder) -> InteractiveShell:
    """IPython without a terminal, a history file or a profile, whose outputs go to `recorder`."""
    import base64

    from IPython.core import pylabtools
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.error import UsageError
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    class Publisher(DisplayPublisher):
        def publish(
            self, data: dict[str, Any], metadata: object = None, source: object = None, **_: Any
        ) -> None:
            data = {
                kind: base64.b64encode(form).decode() if isinstance(form, bytes) else form
                for kind, form in data.items()
            }
            recorder.rich("display_data", data)

        def clear_output(self, wait: bool = False) -> None:
            recorder.clear()

    class Hook(DisplayHook):
        def write_output_prompt(self) -> None:
            pass

        def write_format_data(self, format_dict: dict[str, Any], md_dict: object = None) -> None:
            recorder.rich("execute_result", format_dict, execution_count=self.prompt_count)

        def finish_displayhook(self) -> None:
            pass

    class Shell(InteractiveShell):
        def system(self, cmd: str) -> None:
            """Run a command of the shell's without a terminal, of which there is none here."""
            import subprocess

            if cmd.rstrip().endswith("&"):
                raise OSError("commands in the background are not supported")
            line = ["/bin/sh", "-c", self.var_expand(cmd, depth=1)]
            nothing, pipe, both = subprocess.DEVNULL, subprocess.PIPE, subprocess.STDOUT
            with subprocess.Popen(line, stdin=nothing, stdout=pipe, stderr=both) as process:
                try:
                    for part in iter(lambda: process.stdout.read1(2**16), b""):  # type: ignore
                        sys.stdout.write(part.decode("utf-8", "replace"))
                except BaseException:
                    process.kill()
                    raise
            self.user_ns["_exit_code"] = process.returncode

        def enable_gui(self, gui: str | None = None) -> None:
            """No window is ever opened."""

        def enable_matplotlib(self, gui: str | None = None) -> Any:
            return super().enable_matplotlib("inline")  # whichever was asked for

        def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> Any:
            try:
                return super().run_line_magic(magic_name, line, _stack_depth + 1)
            except Exception as error:  # the rest of the cell still counts
                if not isinstance(error, UsageError | ImportError) and magic_name not in INSTALL:
                    raise
                print(f"%{magic_name} does nothing here: {error}", file=sys.stderr)

        def run_cell_magic(self, magic_name: str, line: str, cell: str) -> Any:
            if self.find_cell_magic(magic_name) is None:
                print(f"%%{magic_name} does nothing here", file=sys.stderr)
                return exec(compile(self.transform_cell(cell), "<cell>", "exec"), self.user_ns)
            return super().run_cell_magic(magic_name, line, cell)

        def _showtraceback(
            self, etype: type[BaseException], evalue: BaseException, stb: list[str]
        ) -> None:
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
    shell = Shell.instance(config=config)  # what display() asks for
    sys.path.insert(0, "")  # a module that a cell has written can be imported
    shell.ast_transformers.append(StubsOut())
    sys.meta_path[:0] = [PlainBars, NoWindows]
    select = pylabtools.select_figure_formats

    def select_shown(shell: Any, formats: Any, **options: Any) -> None:
        """Let a figure be a PNG, which is shown, whatever was asked for (`%config`: SVG, PDF)."""
        asked = {formats} if isinstance(formats, str) else {*formats}
        select(shell, asked & {"retina", "png2x"} or {"png"}, **options)

    pylabtools.select_figure_formats = select_shown
    return shell


class PlainBars:
    """Finds tqdm's bars for notebooks, which need a browser, as those for a terminal."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Import the others in their place."""
        if name != "tqdm.notebook":
            return None
        import importlib.util

        found = importlib.util.find_spec("tqdm.std")
        return found and importlib.util.spec_from_file_location(name, found.origin)


class NoWindows:
    """Finds Matplotlib, and leaves out the requests for a backend that opens windows."""

    @classmethod
    def find_spec(
        cls, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Replace what chooses a backend once the module has run."""
        if name not in ("matplotlib", "matplotlib.pyplot"):
            return None
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, path)
        if spec and (loader := spec.loader):
            run = loader.exec_module

            def exec_module(module: Any) -> None:
                run(module)
                if name == "matplotlib":
                    module.use = lambda backend, **_: None
                else:
                    choose = module.switch_backend
                    module.switch_backend = lambda backend: cls.tried(choose, backend)

            loader.exec_module = exec_module  # type: ignore[method-assign]  # of this loader only
        return spec

    @staticmethod
    def tried(choose: Callable[[str], object], backend: str) -> None:
        """Take a backend that is there."""
        try:
            choose(backend)
        except ImportError as error:
            print(f"the figures stay in the notebook: {error}", file=sys.stderr)


def out_of_time(signum: int, frame: FrameType | None) -> None:
    """Interrupt whatever runs."""
    raise TooLong("this took longer than it may")


def run_cells(
    shell: InteractiveShell,
    recorder: Recorder,
    cells: list[list[str]],
    limits: exchange.Allowed,
    send: Send,
    after: Callable[[str, bool], None],
) -> None:
    """Run each cell for at most `limits["cell"]` seconds, report what it showed, call `after`.

    `after` is told the cell's id and whether it came to its end without an error.

    When all have used up `limits["cells"]`, cells that a student added are left out: the time that
    remains is the questions'.
    """
    end = time.monotonic() + limits["cells"]
    for number, (cell_id, source) in enumerate(cells, 1):
        sys.stdout, sys.stderr = Stream(recorder, "stdout"), Stream(recorder, "stderr")
        late, slow, right = time.monotonic() > end, False, False
        if late and cell_id.startswith("added-"):
            print("Left out: the cells above took all the time that there is.", file=sys.stderr)
            send({"cell": cell_id, "outputs": recorder.take(), "count": number})
            continue
        signal.signal(signal.SIGALRM, out_of_time)
        signal.setitimer(signal.ITIMER_REAL, min(QUICK, limits["cell"]) if late else limits["cell"])
        try:
            result = shell.run_cell(source, store_history=True)
            slow, right = isinstance(result.error_in_exec, TooLong), bool(result.success)
        except TooLong:
            slow = True
            shell.showtraceback()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            send({"cell": cell_id, "outputs": recorder.take(), "count": number, "slow": slow})
        after(cell_id, right)


def answer(
    namespace: dict[str, Any], question: list[Any], limit: float, send: Send, copied: bool = False
) -> int:
    """Call the student's function with each of the arguments, or read the student's value.

    copied : whether this process lacks threads that were there; then it ends at the first call that
        takes too long

    Returns FAULTY if something is missing, FAILED, STUCK, or 0.
    """
    question_id, kind, name, calls = question
    if name not in namespace:
        send({"question": question_id, "missing": "undefined"})
        return FAULTY
    if kind == "value":
        value = exchange.encode(exchange.plain(namespace[name]))
        send({"question": question_id, "call": 0, "value": value})
        return FAULTY if value is None else 0
    if not callable(namespace[name]):
        send({"question": question_id, "missing": "uncallable"})
        return FAULTY
    status = 0

    def called(arguments: list[Any]) -> Any:
        return exchange.encode(exchange.plain(namespace[name](*exchange.decode(arguments))))

    for number, arguments in enumerate(calls):
        frame = {"question": question_id, "call": number}
        signal.signal(signal.SIGALRM, out_of_time)
        try:
            signal.setitimer(signal.ITIMER_REAL, limit)
            try:
                frame["value"] = called(arguments)
            except (FloatingPointError, Warning):  # of `np.seterr`; the public checks let it pass
                import numpy as np

                with warnings.catch_warnings(), np.errstate(all="ignore"):
                    warnings.simplefilter("ignore")
                    frame["value"] = called(arguments)
        except TooLong:
            frame["timeout"] = True
        except BaseException as error:
            status = FAULTY if isinstance(error, NotImplementedError) else FAILED
            said = traceback.format_exception_only(error)[-1]
            frame["error"] = [type(error).__name__[:100], said[:500]]
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        send(frame)
        if copied and frame.get("timeout"):
            return STUCK
    return status


def gives_way(first: bool) -> None:
    """Set whether this process is the first to be ended where the jail's memory runs short.

    The grader knows it by the name that the kernel has of it.
    """
    name = exchange.GIVES_WAY if first else "python"
    SYSTEM.prctl(SET_NAME, name.encode())


def spare_files(count: int) -> None:
    """Set how many files may be open besides those that the cells leave open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most - count, most))


def has_threads() -> bool:
    """Whether this process has threads besides the first."""
    with contextlib.suppress(OSError):
        return len(os.listdir("/proc/self/task")) > 1
    return False


def seen(value: Any) -> Callable[[], Any]:
    """What returns it, and does not keep it where that can be helped: it may hold large arrays."""
    try:
        return weakref.ref(value)
    except TypeError:
        return lambda: value


class State:
    """The notebook's state at one moment, in a process of its own that waits for a question.

    It may have to hold much that the notebook has let go of since, so it is the first to be ended
    where memory runs short: it then costs the student nothing but time.
    """

    def __init__(
        self,
        namespace: dict[str, Any],
        name: str,
        limits: exchange.Allowed,
        send: Send,
        checked: bool = True,
    ) -> None:
        """Branch off; OSError says that no process is left to do it.

        checked : whether the question's check passed
        """
        self.checked, self.threads = checked, has_threads()
        found = {n: f for n, f in [*namespace.items()] if isinstance(n, str) and n[:1] != "_"}
        self.bound = {n: seen(f) for n, f in found.items() if callable(f)}
        self.bound[name] = seen(namespace.get(name))
        tray, self.tray = os.pipe()
        with (
            warnings.catch_warnings()
        ):  # Python 3.12 warns of threads, which the copy does not have
            warnings.simplefilter("ignore")
            self.process = os.fork()
        if self.process == 0:
            try:
                with contextlib.suppress(OSError, AttributeError):  # macOS has no such call
                    gives_way(True)
                question = exchange.parse(os.fdopen(tray, "rb").readline())["question"]
                with contextlib.suppress(OSError, AttributeError):
                    gives_way(False)
                os._exit(answer(namespace, question, limits["call"], send, self.threads))
            finally:
                os._exit(1)
        os.close(tray)

    def outdated(self, namespace: dict[str, Any]) -> bool:
        """Whether the end of the notebook may be better: a check failed, or names were bound again.

        These are what the student defined and any function that it may call.
        """
        again = any(namespace.get(name) is not was() for name, was in self.bound.items())
        return again or not self.checked

    def waits(self) -> bool:
        """Whether it is still there."""
        try:
            return os.waitpid(self.process, os.WNOHANG) == (0, 0)
        except ChildProcessError:
            return False

    def ask(self, question: list[Any], limits: exchange.Allowed) -> int | None:
        """Pass the question on and wait; returns the exit status, or None if time is up."""
        with contextlib.suppress(OSError), os.fdopen(self.tray, "wb") as tray:
            tray.write(exchange.dump({"question": question}))
        seconds = max(limits["question"], limits["call"] * len(question[3]))  # of all calls
        ended, status, end = 0, 0, time.monotonic() + seconds
        try:
            while not ended and time.monotonic() < end:
                ended, status = os.waitpid(self.process, os.WNOHANG)
                time.sleep(0.002)
        except ChildProcessError:  # it has ended, and SIGCHLD is ignored
            ended = self.process
        if not ended:
            os.kill(self.process, signal.SIGKILL)
            return None
        return os.waitstatus_to_exitcode(status)


def answer_apart(
    states: dict[str, State],
    namespace: dict[str, Any],
    asked: dict[str, Any],
    limits: exchange.Allowed,
    send: Send,
    alone: bool,
) -> None:
    """Have a question answered in a process of its own, and say so when that has ended.

    alone : whether processes that the cells left running were ended
    """
    question, where = asked["question"], asked["state"]
    question_id, _, name, _ = question
    again = lost = stuck = False
    status: int | None = 0
    if where == "here":
        answer(namespace, question, limits["call"], send)
    elif where == "end":
        state = State(namespace, name, limits, send)
        status = state.ask(question, limits)
        stuck = (state.threads and status in (None, STUCK)) or (alone and status in (None, FAILED))
    elif (kept := states.get(question_id)) and kept.waits():
        status = kept.ask(question, limits)
        again = status in (FAULTY, FAILED) or kept.outdated(namespace)
        stuck = (kept.threads and status in (None, STUCK)) or (alone and status in (None, FAILED))
        lost = status == -signal.SIGKILL  # as if it had been gone a moment earlier
    else:
        lost = True
    done = "time" if status is None else "exit"
    said = {"again": again, "lost": lost, "stuck": stuck}
    send({"question": question_id, "done": done, **said})


def end_all_but(kept: list[int]) -> bool:
    """End what the cells left running: all processes of the jail but this one and those to keep.

    Returns whether there were any.
    """
    ended = False
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGSTOP)  # at one stroke, so that none can start another
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) not in {1, os.getpid(), *kept}:
            with contextlib.suppress(OSError):
                os.kill(int(name), signal.SIGKILL)
                ended = True
    for process in kept:
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGCONT)
    return ended


def answer_for_the_system() -> None:
    """Say here what programs ask a system that may not answer, or that speaks of all its users."""
    os.cpu_count = lambda: len(os.sched_getaffinity(0))  # for as many a Pool starts processes

    def disk(path: object) -> os.statvfs_result:
        free = 2**8 if str(path).startswith("/dev/shm") else 2**14  # blocks of 4 KB
        return os.statvfs_result((4096, 4096, free, free, free, free, free, free, 0, 255))

    os.statvfs = disk


def main() -> None:
    """Take orders from descriptor 0 and report on 1, both moved out of the way of prints."""
    in_tray, out_tray = os.fdopen(os.dup(0), "rb"), os.dup(1)
    os.set_inheritable(out_tray, False)

    def send(frame: dict[str, Any]) -> None:
        line = exchange.dump(frame)
        if len(line) > exchange.LINE and "value" in frame:
            line = exchange.dump(frame | {"value": {"$other": "too much data to take"}})
        left = memoryview(line)
        while left:
            left = left[os.write(out_tray, left) :]

    order = exchange.parse(in_tray.readline())
    limits, landlock = order["limits"], False
    give_up_rights(limits)
    if limits["walls"]:
        landlock = close_proc(order["open"])
        refuse_calls(bytes.fromhex(order["filter"]))
    answer_for_the_system()
    recorder = Recorder(limits["shown"])
    shell = make_shell(recorder)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nowhere, fd)
    send({"ready": True, "landlock": landlock})
    order = exchange.parse(in_tray.readline())
    states: dict[str, State] = {}

    def keep(cell_id: str, right: bool) -> None:
        spare_files(0)
        for cell, question_id, name in order["kept"]:
            if cell == cell_id:
                with contextlib.suppress(OSError):  # then the state at the end has to do
                    states[question_id] = State(shell.user_ns, name, limits, send, right)
        spare_files(SPARE)

    spare_files(SPARE)
    run_cells(shell, recorder, order["cells"], limits, send, keep)
    spare_files(0)
    inside = limits["walls"] and os.getpid() == 2  # in the jail, after its first process
    alone = False
    if inside and not order.get("leave"):
        alone = end_all_but([state.process for state in states.values()])
    send({"cells": "done"})
    for line in in_tray:
        answer_apart(states, shell.user_ns, exchange.parse(line), limits, send, alone)
    os._exit(0)  # no clean-up of the student's objects


main()
