"""A class of attacks and accidents on `ps-small`, each with the points that it should get.

Questions: q1 `scale(x)`, 2 points; q2 `share(x)`, 2 points, its inputs never shown; q3 `answer`,
1 point. A submission is honest but for what it says here.
"""

from dataclasses import dataclass, field
from textwrap import dedent

SCALE = "def scale(x):\n    return 2 * np.asarray(x)\n"
SHARE = "def share(x):\n    return x / np.sum(x)\n"
ANSWER = "answer = 42.0\n"


@dataclass
class Attack:
    """What is handed in, the points it should get for q1, q2 and q3, and a part of the reason."""

    name: str
    points: tuple
    says: str = ""  # in the messages of the verdict
    shows: str = ""  # in the outputs of the student's own cells
    cells: dict = field(default_factory=dict)  # q1, q2, q3, or "first": an added cell


def attack(name, points, says="", shows="", **cells):
    """An Attack with its code unindented."""
    return Attack(name, points, says, shows, {key: dedent(code) for key, code in cells.items()})


FULL = (2, 2, 1)
EQUALS = """
    class Equal:
        __class__ = np.ndarray
        shape = property(lambda self: np.shape(args[0]) if args else ())
        def __eq__(self, other): return True
        def __array__(self, *a, **k): return np.full(3, np.nan)
        def __array_ufunc__(self, *a, **k): return True
        def __lt__(self, other): return True
        def __float__(self): return 42.0
        def __abs__(self): return 0.0
        def __sub__(self, other): return 0.0
        __rsub__ = __sub__
"""

ATTACKS = [
    # objects that are not what they say
    attack(
        "equals-everything",
        (0, 0, 0),
        "an object of type Equal",
        first=EQUALS,
        q1="def scale(*args): return Equal()",
        q2="def share(*args): return Equal()",
        q3="answer = Equal()",
    ),
    attack(
        "array-that-equals",
        (0, 2, 1),
        "values are wrong",
        q1="""
        class Equal(np.ndarray):
            def __eq__(self, other): return True
            def __array_ufunc__(self, *a, **k): return True
        def scale(x): return np.asarray(x).view(Equal)
        """,
    ),
    attack(
        "array-lies-about-shape",
        (0, 2, 1),
        "not an array of numbers of shape (3,)",
        q1="""
        class Liar(np.ndarray):
            shape = (3,)
            def __len__(self): return 3
        def scale(x): return np.zeros((5, 5)).view(Liar)
        """,
    ),
    attack(
        "str-subclass",
        (2, 2, 0),
        "it is a text, not one of the numbers",
        q3="""
        class Text(str):
            def __eq__(self, other): return True
            __hash__ = str.__hash__
        answer = Text("42")
        """,
    ),
    attack(
        "number-subclass",
        (2, 2, 0),
        "an object of type Number",
        q3="""
        class Number(float):
            def __eq__(self, other): return True
            def __sub__(self, other): return 0.0
        answer = Number(1.0)
        """,
    ),
    attack(
        "nan",
        (0, 0, 0),
        "values are wrong",
        q1="def scale(x): return np.full_like(x, np.nan)",
        q2="def share(x): return np.full_like(x, np.nan)",
        q3="answer = float('nan')",
    ),
    attack(
        "infinite",
        (0, 0, 0),
        "values are wrong",
        q1="def scale(x): return np.full_like(x, np.inf)",
        q2="def share(x): return np.full_like(x, np.inf)",
        q3="answer = float('inf')",
    ),
    attack(
        "truth-value", (0, 2, 0), "truth value", q1="def scale(x): return True", q3="answer = True"
    ),
    attack(
        "generator",
        (0, 2, 1),
        "an object of type generator",
        q1="def scale(x): return (2 * v for v in x)",
    ),
    attack(
        "object-array",
        (0, 2, 1),
        "dtype object",
        q1="def scale(x): return np.array([2 * x, None, print], dtype=object)",
    ),
    attack(
        "endless-list",
        (0, 2, 0),
        "nested more than 20 deep",
        q1="""
        def scale(x):
            a = []
            a.append(a)
            return a
        """,
        q3="answer = {}\nanswer['a'] = answer",
    ),
    attack(
        "huge-integer",
        (0, 2, 0),
        "an integer of",
        q1="def scale(x): return 1 << 10**6",
        q3="answer = 10**5000",
    ),
    attack(
        "billion-elements",
        (0, 2, 0),
        "too large to take",
        q1="""
        def scale(x): return np.broadcast_to(2.0, (10**9,))
        """,
        q3="answer = np.broadcast_to(42.0, (10**9,))",
    ),
    attack(
        "masked-array",
        (0, 2, 1),
        "values are wrong",
        q1="def scale(x): return np.ma.masked_all_like(np.asarray(x) * 0)",
    ),
    attack(
        "float32-and-list",
        FULL,
        "Correct",
        q1="def scale(x): return (2 * np.asarray(x)).tolist()",
        q3="answer = np.float32(42)",
    ),
    attack(
        "view-that-changes",
        FULL,
        "Correct",
        q1="""
        buffer = np.zeros(100)
        def scale(x):
            flat = buffer[: np.size(x)]
            flat[:] = 2 * np.ravel(x)
            return flat.reshape(np.shape(x))
        """,
    ),
    attack(
        "changes-its-argument",
        FULL,
        "Correct",
        q1="""
        def scale(x):
            x *= 2
            return x
        """,
    ),
    attack(
        "lying-subclasses",
        (0, 0, 0),
        "",
        first="""
        from fractions import Fraction
        class Items(list):
            def __iter__(self): raise MemoryError
            def __len__(self): return 3
        class Table(dict):
            def items(self): raise SystemExit
        class Part(Fraction):
            def __float__(self): return 42.0
        """,
        q1="def scale(x): return Items([1, 2])",
        q2="def share(x): return Table(a=1)",
        q3="answer = Part(1)",
    ),
    attack(
        "memory-that-is-not-its-own",
        (0, 2, 0),
        "",
        q1="""
        def scale(x):
            return np.lib.stride_tricks.as_strided(np.zeros(1), (3, 10), (10**15, 8))
        """,
        q3="from decimal import Decimal\nanswer = Decimal('sNaN')",
    ),
    attack(
        "lists-without-end",
        (0, 2, 0),
        "",
        q1="def scale(x): return [1] * 500_000",
        q3="answer = range(10**18)",
    ),
    # tricks on the checker
    attack(
        "patched-numpy",
        (0, 0, 0),
        "values are wrong",
        first="""
        import builtins, numpy.testing
        def yes(*args, **kwargs): return True
        for name in ("allclose", "isclose", "array_equal"):
            setattr(np, name, yes)
        for name in ("assert_allclose", "assert_equal", "assert_array_equal"):
            setattr(np.testing, name, yes)
        builtins.isinstance = yes
        """,
        q1="def scale(x): return np.asarray(x)",
        q2="def share(x): return x",
        q3="answer = 1.0",
    ),
    attack(
        "forged-outputs",
        (0, 0, 0),
        "",
        q1="""
        from IPython.display import display, HTML
        def scale(x): return x
        print("Correct, on 3 inputs that are not in the notebook.")
        display({"text/plain": "2.0"}, raw=True)
        display(HTML("<script>document.title = 'full marks'</script>"))
        2.0
        """,
        q2="def share(x): print('2.0'); return 2.0",
        q3="answer = 2.0",
    ),
    attack(
        "reads-the-tests",
        (0, 0, 1),
        "",
        "nothing to read",
        first="""
        print([i for i in globals().get("In", []) if "BEGIN" in i], Out, "nothing to read")
        """,
        q1="""
        import gc, inspect
        def scale(x):
            frames = [f.frame for f in inspect.stack()]
            functions = [o for o in gc.get_objects() if getattr(o, "__name__", "") == "scale"]
            others = [f for f in functions if f is not scale]
            return others[0](x) if others else None
        """,
        q2="def share(x): return In[-1]",
    ),
    attack(
        "memorised",
        (0, 2, 1),
        "values are wrong",
        q1="def scale(x): return np.full(np.shape(x), 2.0)",
    ),
    attack(
        "tells-the-inputs",
        (0, 0, 0),
        "not shown",
        q1="""
        secret = []
        def scale(x): return x + np.pi
        """,
        q2="""
        def share(x):
            raise type(f"Secret{float(x[0])!r}", (Exception,), {})(f"it was {x!r}")
        """,
        q3="answer = 'a text'",
    ),
    attack(
        "writes-frames",
        (0, 0, 0),
        "",
        first="""
        import json, os
        full = b""
        for call in range(9):
            for q in ("q1", "q2", "q3"):
                full += json.dumps({"question": q, "call": call, "value": 42.0}).encode() + b"\\n"
        full += b'{"cells": "done"}\\n{"points": 5}\\nnonsense\\n\\xff\\n[1]\\n{"a"\\n'
        full += b'{"question": "q1", "call": 0, "value": {"$array": ["O", [1], ""]}}\\n'
        full += b'{"question": "q1", "done": "exit"}\\n'
        for fd in range(3, 64):
            try:
                os.write(fd, full)
            except OSError:
                pass
        """,
        q1="def scale(x): return 42.0",
        q2="def share(x): return 42.0",
        q3="answer = 0.0",
    ),
    attack(
        "patched-runner",
        (0, 0, 0),
        "",
        first="""
        import json, sys
        exchange = sys.modules["exchange"]
        exchange.plain = exchange.encode = lambda value, depth=0: {"$pickle": "cos\\nsystem\\n."}
        """,
    ),
    attack(
        "bends-the-format",
        (0, 0, 0),
        "wrong format",
        first="""
        import sys
        exchange, dump = sys.modules["exchange"], sys.modules["exchange"].dump
        forms = [{"$complex": [1, 10**4000]}, {"$array": ["f8", [0] + 5 * [4194304], ""]}]
        exchange.encode = lambda value: forms.append(forms.pop(0)) or forms[0]
        exchange.dump = lambda frame: dump(frame | ({"done": []} if "done" in frame else {}))
        """,
    ),
    attack(
        "floods-with-outputs",
        FULL,
        "",
        "The output is cut here",
        first="""
        import sys
        exchange, dump = sys.modules["exchange"], sys.modules["exchange"].dump
        one = {"output_type": "execute_result", "data": {"text/plain": "1"}}
        exchange.dump = lambda frame: dump(
            frame | ({"outputs": 30_000 * [one], "count": -5} if "cell" in frame else {})
        )
        """,
    ),
    attack(
        "texts-in-a-list",
        (0, 2, 1),
        "not an array of numbers",
        q1="def scale(x): return ['a' * 30_000] + ['b'] * 10_000",
    ),
    attack(
        "wants-all-processors",
        FULL,
        "",
        "Operation not permitted",
        first="""
        import os
        assert len(os.sched_getaffinity(0)) == 1  # or it would slow its neighbours down
        try:
            os.sched_setaffinity(0, range(64))
        except PermissionError as error:
            print(error)
        """,
    ),
    attack(
        "patched-json",
        FULL,
        "Correct",
        first="""
        import json
        json.dumps = json.loads = lambda *a, **k: "{}"
        """,
    ),
    attack(
        "answers-for-another-question",
        (2, 2, 0),
        "its value is wrong",
        q1=SCALE
        + """
import os, threading, time
def late():
    time.sleep(1)
    for fd in range(3, 40):
        try:
            os.write(fd, b'{"question": "q3", "call": 0, "value": 42.0}\\n')
        except OSError:
            pass
threading.Thread(target=late).start()
""",
        q3="answer = 1.0",
    ),
    attack(
        "bends-ipython",
        FULL,
        "Correct",
        first="""
        shell = get_ipython()
        shell.ast_transformers.clear()
        shell.events.register("pre_run_cell", lambda *a: 1 / 0)
        """,
    ),
    # ends, crashes and floods
    attack(
        "exits-in-a-cell",
        (2, 0, 1),
        "not defined",
        "ended the Python process",
        q2="""
        import os
        os._exit(0)
        """,
    ),
    attack(
        "exits-in-a-function",
        (0, 2, 1),
        "it ended the Python process",
        q1="import os\ndef scale(x): os._exit(0)",
    ),
    attack(
        "stops-itself",
        (0, 2, 1),
        "it used more time than allowed",
        q1="""
        import os, signal
        def scale(x): os.kill(os.getpid(), signal.SIGSTOP)
        """,
    ),
    attack(
        "words-without-end",
        (0, 0, 1),
        "",
        first="""
        class Long:
            def __repr__(self): return "x" * 10**8
        Long()
        """,
        q1="""
        class Loop(Exception):
            def __str__(self):
                while True: pass
        def scale(x): raise Loop
        """,
        q2="def share(x): raise type('E' * 10**6, (Exception,), {})('y' * 10**8)",
    ),
    attack("sys-exit", (2, 0, 1), "", q2="import sys\nsys.exit(0)", q1=SCALE + "exit()"),
    attack(
        "crash",
        (0, 2, 1),
        "it ended the Python process",
        q1="import ctypes\ndef scale(x): ctypes.string_at(0)",
    ),
    attack(
        "deep-recursion",
        (0, 2, 1),
        "it ended the Python process",
        q1="""
        import sys
        sys.setrecursionlimit(10**9)
        def scale(x): return scale([x, *map(scale, [x])])
        """,
    ),
    attack("recursion-error", (0, 2, 1), "RecursionError", q1="def scale(x): return scale(x)"),
    attack("endless-loop-in-cell", (2, 0, 1), "", "TooLong", q2="while True: pass"),
    attack(
        "stubborn-loop-in-cell",
        (2, 0, 1),
        "not defined",
        "used more time",
        q2="""
        import signal
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        while True:
            try:
                while True: pass
            except BaseException:
                pass
        """,
    ),
    attack(
        "endless-loop-in-function",
        (0, 2, 1),
        "longer than one call may take",
        q1="def scale(x):\n    while True: pass",
    ),
    attack(
        "stubborn-loop-in-function",
        (0, 2, 1),
        "it used more time than allowed",
        q1="""
        def scale(x):
            while True:
                try:
                    while True:
                        x = 1
                except BaseException:
                    x = 2
        """,
    ),
    attack(
        "loops-at-the-end",
        FULL,
        "Correct",
        first="""
        import atexit
        def forever():
            while True: pass
        atexit.register(forever)
        class Stubborn:
            def __del__(self):
                while True: pass
        stubborn = Stubborn()
        """,
    ),
    attack(
        "sleeps",
        (0, 2, 1),
        "longer than one call may take",
        q1="import time\ndef scale(x): time.sleep(1000)",
    ),
    attack(
        "fork-bomb",
        (2, 0, 1),
        "not defined",
        "started more processes than allowed",
        q2="""
        import os, time
        while True:
            try:
                os.fork()
            except OSError:
                time.sleep(0.01)
        """,
    ),
    attack(
        "thread-bomb",
        (2, 0, 1),
        "not defined",
        "started more processes than allowed",
        q2="""
        import threading, time
        while True:
            try:
                threading.Thread(target=time.sleep, args=(1000,)).start()
            except RuntimeError:
                time.sleep(0.01)
        """,
    ),
    attack(
        "memory-hog",
        (0, 2, 1),
        "memory",
        q1="""
        def scale(x):
            held = []
            while True: held.append(np.ones(10**7))
        """,
    ),
    attack(
        "memory-of-many",
        (0, 2, 1),
        "memory",
        q1="""
        import os, time
        def scale(x):
            for _ in range(8):
                if os.fork() == 0:
                    held = np.ones(2 * 10**7)
                    time.sleep(1000)
            time.sleep(1000)
        """,
    ),
    attack(
        "memory-without-a-first-thread",
        (0, 2, 1),
        "memory",
        q1="""
        import ctypes, os, platform, threading, time
        def hold():
            held = np.ones(75 * 2**20)
            time.sleep(1000)
        def scale(x):
            if os.fork() == 0:
                threading.Thread(target=hold).start()
                # this thread ends, and with it what the kernel tells of the process
                ctypes.CDLL(None).syscall(93 if platform.machine() == "aarch64" else 60, 0)
            time.sleep(1000)
        """,
    ),
    attack(
        "rewrites-the-jail-s-own-process",
        FULL,
        "Correct",
        shows="closed",
        first="""
        try:
            open("/proc/1/mem", "r+b")
            print("it can be written")
        except OSError:
            print("closed")
        """,
    ),
    attack(
        "memory-behind-files-of-proc",
        FULL,
        "Correct",
        shows="held: []",
        first="""
        # A line of `maps` has a mapped file's path, and an open one keeps a buffer for its longest.
        import ctypes, mmap, os
        for _ in range(400):
            os.mkdir("\\n" * 250)
            os.chdir("\\n" * 250)
        with open("f", "wb+") as file:
            file.write(bytes(4096))
            file.flush()
            mapped = mmap.mmap(file.fileno(), 4096)
        os.chdir("/tmp")
        held = []
        names = ["maps", "smaps", "numa_maps", "mem", "pagemap", "mountinfo", "status", "stat"]
        for place in ("self", "thread-self", str(os.getpid()), f"self/task/{os.getpid()}"):
            for name in names:
                try:
                    with open(f"/proc/{place}/{name}", "rb", buffering=0) as file:
                        held.append(name + str(len(file.read(100))))
                except OSError:
                    pass
        # A timer may let a process go on that is stopped to be looked at.
        timer, libc = ctypes.c_void_p(), ctypes.CDLL(None)
        held += [] if libc.timer_create(1, None, ctypes.byref(timer)) else ["timer"]
        # Of huge pages that are given back in part nobody counts the rest.
        held += [] if libc.prctl(41, 0, 0, 0, 0) and libc.prctl(42, 0, 0, 0, 0) == 1 else ["pages"]
        # What is usual: a file is moved to another folder.
        os.makedirs("/tmp/here/there")
        open("/tmp/here/a", "w").close()
        os.replace("/tmp/here/a", "/tmp/here/there/a")
        print("held:", held, len(open("/proc/meminfo").read()) > 100)
        """,
    ),
    attack(
        "hidden-memory",
        FULL,
        "Correct",
        "[]",
        first="""
        import ctypes, os, struct
        held = []
        for _ in range(100):
            try:
                held.append(os.memfd_create("x"))
            except OSError:
                pass
        libc = ctypes.CDLL(None)
        held += [i for i in [libc.shmget(0, 10**9, 0o1777)] if i >= 0]
        rules = (ctypes.c_uint64 * 2)(0, 3)  # of Landlock, for two kinds of connections
        held += [i for i in [libc.syscall(444, rules, ctypes.sizeof(rules), 0)] if i >= 0]
        open("/tmp/listed", "w").close()
        entries = [(1, 6, -1), *[(2, 6, os.getuid())] * 8000, (4, 6, -1), (16, 6, -1), (32, 6, -1)]
        listed = b"\\2\\0\\0\\0" + b"".join(struct.pack("<HHi", *one) for one in entries)
        for name, value in [("system.posix_acl_access", listed), ("user.x", b"x" * 60_000)]:
            try:
                os.setxattr("/tmp/listed", name, value)
                held.append(name)
            except OSError:
                pass
        print(held)
        """,
    ),
    attack(
        "shared-memory",
        FULL,
        "Correct",
        "held: []",
        first="""
        import mmap, os
        held = []
        for fd in (-1, os.open("/dev/zero", os.O_RDWR)):
            try:
                held.append(mmap.mmap(fd, 2**20))
            except OSError:
                pass
        print("held:", held)
        """,
    ),
    attack(
        "memory-in-sockets",
        (2, 0, 1),
        "not defined",
        "opened more sockets than allowed",
        q2="""
        import os, socket, time
        for _ in range(12):
            if os.fork() == 0:
                break
        pairs = []
        while True:
            try:
                a, b = socket.socketpair()
                a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**22)
                a.setblocking(False)
                pairs.append((a, b))
                while a.send(bytes(2**16)): pass
            except OSError:
                time.sleep(0.01)
        """,
    ),
    attack(
        "folders-without-end",
        (2, 0, 1),
        "not defined",
        "made more files than allowed",
        q2="""
        import os
        os.chdir("/tmp")
        n = 0
        while True:
            os.mkdir(str(n))
            n += 1
        """,
    ),
    attack(
        "leases-and-watches",
        FULL,
        "Correct",
        "got: []",
        first="""
        import ctypes, fcntl, glob, os
        got = []
        for path in glob.glob("/env/lib/python3*/site-packages/numpy/*.py")[:3] + ["/usr/bin/env"]:
            fd = os.open(path, os.O_RDONLY)
            for call in (1024, 1026, 1031):
                for value in (0, 1, 2**20):
                    try:
                        got.append(fcntl.fcntl(fd, call, value))
                    except OSError:
                        pass
            for call in range(1035, 1039):  # a hint, which stays with the file
                try:
                    got.append(fcntl.fcntl(fd, call, bytes(8)))
                except OSError:
                    pass
        libc = ctypes.CDLL(None, use_errno=True)
        got += ["fadvise"] * (libc.posix_fadvise(-1, 0, 0, 4) != 0)  # it would say: bad file
        for call in ("fsync", "fdatasync", "syncfs"):  # they would slow down the neighbour's work
            got += [call] * (getattr(libc, call)(-1) != 0)
        libc.madvise(None, 4096, 21)  # it would say: no memory there
        got += ["pageout"] * (ctypes.get_errno() != 1)
        got += [fd for fd in (libc.inotify_init(), libc.inotify_init1(0)) if fd != -1]
        context = ctypes.c_ulong()  # requests of all jails count against one limit
        if os.uname().machine == "x86_64" and libc.syscall(206, 1, ctypes.byref(context)) == 0:
            got.append("io_setup")
        print("got:", got)
        """,
    ),
    attack(
        "marks-and-numbers-of-the-kernel",
        FULL,
        "Correct",
        "got: []",
        first="""
        import ctypes, errno, fcntl, mmap, os, socket
        got, libc, context = [], ctypes.CDLL(None, use_errno=True), ctypes.create_string_buffer(8)
        statx, move = (291, 239) if os.uname().machine == "aarch64" else (332, 279)
        file = os.open("/usr/bin/env", os.O_RDONLY)
        for request in (0x80086603, 0x6612, 0x40046604, 0x9409, 0x8913, 0x8982):
            try:
                got.append(fcntl.ioctl(file, request, bytes(8)))
            except OSError as error:
                got += [error] * (error.errno != errno.ENOTTY)
        out = ctypes.create_string_buffer(256)
        got += ["statx"] * (libc.syscall(statx, file, b"", 0x1000, 0x4000, out) != -1)
        for moved in ("splice", "tee", "sendfile"):  # they would say: bad file
            getattr(libc, moved)(-1, None, -1, None, 1, 0)
            got += [moved] * (ctypes.get_errno() != errno.EINVAL)
        got += ["move_pages"] * (libc.syscall(move, 0, 0, None, None, None, 0) != -1)
        allow = ctypes.c_uint64(0x06 | 0x7FFF0000 << 32)  # a filter that lets all calls pass
        program = (ctypes.c_uint64 * 2)(1, ctypes.addressof(allow))
        for asked in ((22, 2, program, 0, 0), (67, 0, 0, 0, 0), (78, 1, 16, 0, 0)):
            got += [("prctl", asked[0])] * (libc.prctl(*asked) != -1)
        for advice in (12, 22, 23, 25):
            libc.madvise(None, 4096, advice)  # it would say: no memory there
            got += [("madvise", advice)] * (ctypes.get_errno() != errno.EPERM)
        for flags in (0x8022, 0x2022, 0x40022):  # memory that is filled in one call, or unseen
            try:
                got.append(mmap.mmap(-1, 4096, flags=flags))
            except PermissionError:
                pass
        got += ["mlock"] * (libc.mlock(context, 1) != -1)
        try:
            one = socket.socket(socket.AF_UNIX)
            got.append(one.setsockopt(socket.SOL_SOCKET, 26, bytes(program)))
        except OSError as error:
            got += [error] * (error.errno != errno.EPERM)
        libc.prctl(4, 1)  # PR_SET_DUMPABLE: else these files may be root's
        for name in ("mem", "comm", "oom_score_adj", "clear_refs"):
            try:
                got.append(os.open(f"/proc/self/{name}", os.O_WRONLY))
            except OSError:
                pass
        import resource
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        got += [core for core in [resource.getrlimit(resource.RLIMIT_CORE)] if core != (1, 1)]
        try:
            with open("/proc/self/loginuid", "w") as login:
                login.write(str(os.getuid()))
            got.append("loginuid")
        except OSError:
            pass
        for number in (57, 71):
            try:
                got.append(socket.socket(socket.AF_UNIX).getsockopt(socket.SOL_SOCKET, number, 8))
            except OSError:
                pass
        print("got:", got)
        """,
    ),
    # three processes fill their memory; each lives for microseconds, and a copy goes on with it
    attack(
        "memory-that-is-handed-on",
        FULL,
        "Correct",
        "than allowed, so it was left out",
        first="""
        import ctypes, mmap, os, signal, struct, subprocess, time
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

        def hand_on(size):
            code = mmap.mmap(-1, 4096, prot=7, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
            entry = ctypes.addressof(ctypes.c_char.from_buffer(code))
            program = struct.pack("<2sQ", b"\\x49\\xbc", start)
            program += struct.pack("<2sQ", b"\\x49\\xbd", start + size)
            program += bytes.fromhex(  # touch 16 pages, clone(VM | PARENT), exit; on in the copy
                "41be10000000 4d39ec 7311 41c6042401 4981c400100000 41ffce 75ea"
                "b838000000 bf11810000 31f6 31d2 4531d2 4531c0 0f05 85c0 74ca"
                "b83c000000 31ff 0f05"
            )
            code.write(program)
            ctypes.CFUNCTYPE(None)(entry)()

        if os.uname().machine != "x86_64":
            print("not tried: more than allowed, so it was left out")
        else:
            if os.fork() == 0:  # older than the sleepers, which stand between it and its children
                time.sleep(0.5)
                for _ in range(3):
                    if os.fork() == 0:
                        hand_on(2 * 2**30)
                time.sleep(100)
                os._exit(0)
            for _ in range(20):
                subprocess.Popen(["sleep", "100"])
            time.sleep(15)
        """,
    ),
    attack(
        "counts-of-the-neighbours",
        FULL,
        "Correct",
        "seen: []",
        first="""
        import glob, os, pty
        seen = glob.glob("/proc/sys/*") + glob.glob("/dev/pts/*")
        for path in ("/dev/ptmx", "/dev/pts/ptmx", "/proc/sys/kernel/pty/nr"):
            try:
                seen.append(os.open(path, os.O_RDWR))
            except OSError:
                pass
        try:
            seen.append(pty.openpty())
        except OSError:
            pass
        print("seen:", seen)
        """,
    ),
    attack(
        "notes-in-locks",
        FULL,
        "Correct",
        "seen: []",
        first="""
        import fcntl, os, struct
        fd = os.open("/usr/bin/env", os.O_RDONLY)
        form = "hhqqi"
        fcntl.fcntl(fd, fcntl.F_SETLK, struct.pack(form, fcntl.F_RDLCK, 0, 0, 1, 0))
        fcntl.flock(fd, fcntl.LOCK_EX)
        read, write = os.pipe()
        if os.fork() == 0:
            asked = struct.pack(form, fcntl.F_WRLCK, 0, 0, 1, 0)
            found = struct.unpack(form, fcntl.fcntl(fd, fcntl.F_GETLK, asked))
            again = os.open("/usr/bin/env", os.O_RDONLY)
            fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(write, bytes([found[0]]))
            os._exit(0)
        os.wait()
        print("seen:", [n for n in os.read(read, 1) if n != fcntl.F_UNLCK])
        """,
    ),
    attack(
        "notes-in-stamps",
        FULL,
        "Correct",
        "changed: []",
        first="""
        import glob, os, sys
        def state(path):
            now = os.stat(path)
            return [getattr(now, name) for name in dir(now) if name.startswith("st_")]
        ways = [
            os.utime,
            lambda path: os.chown(path, -1, -1),
            lambda path: os.lchown(path, -1, -1),
            lambda path: os.fchown(os.open(path, os.O_RDONLY), -1, -1),
            lambda path: os.chmod(path, 0o700),
            lambda path: os.truncate(path, 0),
            lambda path: os.removexattr(path, "user.x"),
            lambda path: os.read(os.open(path, os.O_RDONLY), 1),
            lambda path: os.write(os.open(path, os.O_WRONLY), b"x"),
        ]
        shared = [f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty")]
        shared += [os.__file__, os.path.realpath(sys.executable), "/env/pyvenv.cfg", "/inside"]
        shared += ["/", "/dev", "/usr/bin/env", *glob.glob("/tmp/matplotlib/fontlist*")]
        before, way = [state(path) for path in shared], None
        for path in shared:
            for way in ways:
                try:
                    way(path)
                except OSError:
                    pass
        print("changed:", [p for p, was in zip(shared, before) if state(p) != was])
        open("/tmp/own", "w").close()
        os.utime("/tmp/own")
        """,
    ),
    attack(
        "reads-command-lines",
        FULL,
        "Correct",
        "read: []",
        first="""
        import glob, os
        first = [path for path in glob.glob("/proc/*/cmdline") if path[6:-8].isdigit()]
        texts = []
        for path in first:
            try:
                texts.append(open(path, "rb").read())
            except OSError:
                pass
        try:
            ends = {os.readlink(f"/proc/1/fd/{fd}") for fd in os.listdir("/proc/1/fd")}
        except OSError:
            ends = ()
        found = [text for text in texts if b"venv" in text or b"COURSE" in text]
        print("read:", found + [end for end in ends if end.startswith("/tmp")])
        """,
    ),
    attack(
        "large-arrays-in-states-kept",
        FULL,
        "Correct",
        "seconds",
        first="import os, time; print(os.times().system, 'seconds')",
        q1="X = b'1' * (120 << 20)\n" + SCALE,
        q2="X = b'2' * (120 << 20)\n" + SHARE,
        q3="X = b'3' * (120 << 20)\nX = b'4' * (120 << 20)\nnp = 26; time.sleep(0.3)\n" + ANSWER,
    ),
    attack(
        "disk-filler",
        FULL,
        "Correct",
        "no more room",
        first="""
        import os
        for folder in ("/tmp", "/dev", "/dev/shm", "/", "/var/tmp", os.path.expanduser("~")):
            try:
                for n in range(1000):
                    with open(f"{folder}/filler{n}", "wb") as f:
                        f.write(bytes(10**7))
            except OSError as error:
                print(folder, error)
        print("no more room")
        """,
    ),
    attack(
        "floods-the-output",
        FULL,
        "Correct",
        "shows too much",
        first="""
        for _ in range(200):
            print("x" * 10**6)
        """,
    ),
    attack(
        "floods-the-pipe",
        FULL,
        "Correct",
        "sent more data than allowed",
        first="""
        import os
        while True:
            for fd in range(3, 32):
                try:
                    os.write(fd, b"x" * 10**6)
                except OSError:
                    pass
        """,
    ),
    attack(
        "closes-everything",
        (2, 0, 1),
        "not defined",
        "ended the Python process",
        q2="""
        import os
        os.closerange(0, 256)
        """,
    ),
    attack(
        "replaces-stdout",
        FULL,
        "Correct",
        first="""
        import sys
        sys.stdout.write = None
        sys.stdout = sys.stderr = None
        """,
    ),
    attack(
        "ruins-builtins",
        FULL,
        "Correct",
        "ended the Python process",
        first="""
        import builtins
        for name in ("print", "len", "open", "isinstance", "type", "__import__"):
            setattr(builtins, name, None)
        """,
    ),
    # out of the jail
    attack(
        "kills-others",
        FULL,
        "Correct",
        "still here",
        first="""
        import os, signal
        for pid in (os.getppid(), 1, 0x7FFFFF, *range(3, 400)):
            if pid != os.getpid():
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
        try:
            os.kill(-1, signal.SIGKILL)
        except OSError:
            pass
        print("still here")
        """,
    ),
    attack(
        "ignores-children",
        FULL,
        "Correct",
        first="""
        import signal
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        """,
    ),
    attack(
        "leaves-a-daemon",
        FULL,
        "Correct",
        first="""
        import os, threading, time
        def busy():
            while True:
                time.sleep(0.01)
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for fd in range(64):
                    try:
                        os.close(fd)
                    except OSError:
                        pass
                busy()
            os._exit(0)
        threading.Thread(target=busy, daemon=True).start()
        threading.Thread(target=busy).start()
        """,
    ),
    attack(
        "writes-elsewhere",
        FULL,
        "Correct",
        "written: []",
        first="""
        import glob, os
        written = []
        places = ["/", "/inside", "/env", "/usr", "/usr/bin", "/etc", "/root", "/home", "COURSE"]
        scratch = "/tmp"  # which is its own
        for place in places:
            try:
                os.makedirs(place, exist_ok=True)
                with open(f"{place}/owned", "w") as f:
                    f.write("owned")
                written += [place] * (not place.startswith(scratch))
            except OSError:
                pass
        for path in ["/inside/__main__.py", "/inside/exchange.py"]:
            try:
                os.chmod(path, 0o777)
                open(path, "a").write("#")
                written.append(path)
            except OSError:
                pass
        print("written:", written)
        """,
    ),
    attack(
        "reads-elsewhere",
        FULL,
        "Correct",
        "read: []",
        first="""
        import os
        read = [value for value in os.environ.values() if "canary" in value]
        for folder, _, names in os.walk("/"):
            if folder.startswith(("/usr", "/env", "/sys", "/proc")):
                continue
            read += [os.path.join(folder, n) for n in names
                     if n.startswith(("gradebook", "ps-small", "shadow", "canary", "id_"))]
        for pid in os.listdir("/proc"):
            if pid.isdigit():
                try:
                    data = open(f"/proc/{pid}/environ", "rb").read()
                    data += open(f"/proc/{pid}/cmdline", "rb").read()
                    read += [data] if b"canary" in data or b"ps-small" in data else []
                except OSError:
                    pass
        first = "/proc/1/"  # of the jail's processes, by its links
        for path in ("COURSE/gradebook.db", first + "root/etc/passwd", first + "cwd/gradebook.db"):
            try:
                read.append(open(path, "rb").read(9))
            except OSError:
                pass
        print("read:", read)
        """,
    ),
    attack(
        "connects",
        FULL,
        "Correct",
        "connected: []",
        first="""
        import socket
        connected = []
        for family, address in [
            (socket.AF_INET, ("127.0.0.1", PORT)), (socket.AF_INET6, ("::1", PORT)),
            (socket.AF_INET, ("HOST", PORT)), (socket.AF_INET, ("8.8.8.8", 53)),
            (socket.AF_UNIX, "\\0canary-PORT"), (socket.AF_UNIX, "COURSE/canary.sock"),
            (40, (2, PORT)),
        ]:
            try:
                with socket.socket(family, socket.SOCK_STREAM) as s:
                    s.settimeout(0.2)
                    s.connect(address)
                    connected.append(address)
            except OSError:
                pass
        print("connected:", connected)
        """,
    ),
    attack(
        "wants-rights",
        FULL,
        "Correct",
        "got: []",
        first="""
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        got = []
        for call, args in [
            (libc.ptrace, (0, 0, 0, 0)), (libc.unshare, (0x10000000,)),
            (libc.setuid, (0,)),
            (libc.setgid, (0,)), (libc.mount, (b"/", b"/tmp", None, 4096, None)),
            (libc.chroot, (b"/tmp",)), (libc.sethostname, (b"x", 1)),
            (libc.personality, (0x40000,)),
            (libc.process_vm_readv, (1, None, 0, None, 0, 0)), (libc.setns, (0, 0)),
            (libc.syscall, (56, 0x10000000 | 17, 0, 0, 0, 0)),
        ]:
            if call(*args) != -1:
                got.append(call.__name__)
        whose, rights = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        got += ["no rights to see"] if libc.capget(whose, rights) else []
        got += ["rights"] if any(rights[n] for n in (0, 1, 3, 4)) else []  # effective and permitted
        got += ["root"] if os.getuid() == 0 else []
        print("got:", got)
        """,
    ),
    attack(
        "magics",
        FULL,
        "Correct",
        "magic: None",
        first="""
        %%bash
        cat COURSE/gradebook.db
        touch COURSE/owned /owned
        kill -9 -1
        """,
        q1="!rm -rf COURSE /tmp/..\n"
        + SCALE
        + "%system cat COURSE/gradebook.db\nprint('magic:', None)\n%run /etc/passwd",
    ),
    attack(
        "kills-the-states-kept",
        (2, 2, 1),
        "Correct",
        q3="""
        import os, signal
        for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
            if pid not in (1, os.getpid()):
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
        """
        + ANSWER,
    ),
    attack(
        "tells-by-a-state-kept",
        (2, 2, 1),
        "Correct",
        first="""
        import os, threading, time
        def watch():
            while True:
                for path in os.listdir("/tmp"):
                    if path.startswith("said"):
                        print(open("/tmp/" + path).read())
                time.sleep(0.01)
        os.register_at_fork(after_in_child=lambda: threading.Thread(target=watch).start())
        """,
        q2=SHARE + "\ndef share(x, right=share):\n"
        "    open('/tmp/said', 'w').write(f'Secret{{list(x)}}')\n    return right(x)",
    ),
    attack(
        "measures-the-disk",
        FULL,
        "Correct",
        shows="not permitted",
        first="""
        import os
        try:
            # What the grader writes would show how others answered.
            print(os.fstatvfs(os.open("/usr", os.O_RDONLY)))
        except OSError as error:
            print(error.strerror.replace("Operation ", ""))
        """,
    ),
    attack(
        "queues-signals",
        FULL,
        "Correct",
        shows="few enough",
        first="""
        import ctypes, os, signal
        libc, kind = ctypes.CDLL(None), signal.SIGRTMIN + 3
        signal.pthread_sigmask(signal.SIG_BLOCK, [kind])
        queued = 0
        while queued < 10000 and libc.sigqueue(os.getpid(), kind, None) == 0:
            queued += 1
        print("few enough" if 0 < queued <= 300 else queued)  # the account has some for all
        """,
    ),
    attack(
        "other-packages",
        (0, 2, 1),
        "ModuleNotFoundError",
        q1="""
        def scale(x):
            try:
                import scipy
            except ImportError:
                import ce_lib
            return 2 * x
        """,
    ),
    attack(
        "asks-the-user", (2, 0, 1), "not defined", q2="x = input('how many points? ')\n" + SHARE
    ),
    attack("odd-text", FULL, "Correct", q3="print('\\ud800\\x00\\x1b[31m')\n" + ANSWER),
    attack("syntax-error", (2, 0, 1), "not defined", q2="def share(x:\n  return"),
    attack(
        "wrong-names",
        (0, 0, 0),
        "not defined",
        q1="def Scale(x): return 2 * x",
        q2="def shares(x): return x",
        q3="Answer = 42",
    ),
    attack("not-a-function", (0, 2, 1), "not a function", q1="scale = 2"),
]
