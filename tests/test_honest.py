"""Honest habits cost no points: one class on `ps-small`, a student for each habit.

Questions: q1 `scale(x)`, 2 points; q2 `share(x)`, 2 points; q3 `answer`, 1 point; q4 a text.
Unless a habit says otherwise, everything is solved.
"""

import contextlib
import json
import os
import random

import nbformat
import pytest
from classroom import SET, USERS, Course, need_a_jail, open_folder
from hostile import ANSWER, SCALE, SHARE

from grading import autograde, intake

pytestmark = pytest.mark.machine

FULL = (2, 2, 1)
STUB = 'raise NotImplementedError("replace this line by your answer")\n'
TEXT = "Because $2x = x + x$."


def new(source, kind="code"):
    return {"cell_type": kind, "metadata": {}, "source": source, "outputs": []}


def at(cells, name):
    return next(i for i, c in enumerate(cells) if c.get("id") == name)


def remade(cells, *names):
    """The cells are deleted and written again."""
    for name in names:
        cells[at(cells, name)] = new(cells[at(cells, name)]["source"])


def moved(cells, name, below):
    """A cell's text stands in a new cell below another; its own is as it was handed out."""
    source = cells[at(cells, name)]["source"]
    cells[at(cells, name)]["source"] = GIVEN[name]
    cells.insert(at(cells, below) + 1, new(source, cells[at(cells, name)]["cell_type"]))


def merged(cells, name, into, first=False):
    """An answer is written into a given cell; its own is as it was handed out."""
    source, cell = cells[at(cells, name)]["source"], cells[at(cells, into)]
    cells[at(cells, name)]["source"] = GIVEN[name]
    parts = [source, cell["source"]] if first else [cell["source"], source]
    cell["source"] = "\n\n".join(parts)


def corrected(cells, *names):
    """Copies of cells at the end, with their marks, where the last answer of q1 is right."""
    for name in names:
        copy = cells[at(cells, name)]
        cells.append(copy | {"source": SCALE if name == "q1-answer" else copy["source"], "id": "x"})
    if "q1-answer" not in names:
        cells.append(new(SCALE))


def again(cells, before):
    """A name that given code sets is changed, and the given code is run again."""
    place = at(cells, before)
    cells[place:place] = [new("np = None"), new("import numpy as np")]


def split_off(cells, name, beside):
    """An answer stands in what was split off the cell above or below, whose marks it has."""
    place = at(cells, name)
    like, own = cells[place + beside], cells[place]
    half = {**new(own["source"], own["cell_type"]), "metadata": like["metadata"], "id": "half"}
    own["source"] = GIVEN[name]
    cells.insert(place + (beside > 0), half)


def copied(cells, name, onto):
    """A cell is copied, with its marks, to the place of another, whose answer it takes."""
    place = at(cells, onto)
    source = "def share(x, f=divide): return f(x)"
    cells[place] = {**cells[at(cells, name)], "id": "copy", "source": source}
    cells.insert(place, new("def divide(x): return x / np.sum(x)"))


def without_marks(cells):
    for cell in cells:
        cell["metadata"] = {}
        del cell["id"]


GIVEN = {}
HABITS = {  # answers by question; "first", "last": an added cell; "do": what becomes of the cells
    "as asked": {},
    # the state in which a function is called
    "a helper of the same name": {"q2": SHARE + "def scale(x): return 'mine'"},
    "np is a number later": {"q3": "np = 26\n" + ANSWER},
    "names deleted at the end": {"last": "del scale, share, np, answer"},
    "everything reset": {"last": "%reset -f"},
    "a global changed in place": {
        "q1": "two = [2]\ndef scale(x): return two[0] * np.asarray(x)",
        "last": "two[0] = 7",
    },
    "errors raised by a later setting": {
        "q2": SHARE + "np.seterr(all='raise'); import warnings; warnings.simplefilter('error')"
    },
    "errors raised from the beginning": {
        "first": "import warnings\nimport numpy as np\n"
        "np.seterr(all='raise')\nwarnings.simplefilter('error')",
        "q1": "def scale(x):\n    np.log(0.0 * np.asarray(x))\n    return 2 * np.asarray(x)",
    },
    "large objects one after another": {
        f"q{n}": f"X = times = None\nX = np.ones(15_000_000); times = X.dot\n{answer}"
        for n, answer in enumerate((SCALE, SHARE, ANSWER), 1)
    },
    "a global name that is no text": {"first": "globals()[1] = 'one'"},
    "a helper further down": {
        "q1": "def scale(x): return helper(x)",
        "last": "def helper(x): return 2 * np.asarray(x)",
    },
    "a helper corrected at the end": {
        "q1": "def scale(x): return helper(x)\ndef helper(x): return x",
        "last": "def helper(x): return 2 * np.asarray(x)",
    },
    "a setting corrected at the end": {
        "q1": "two = 3\ndef scale(x): return two * np.asarray(x)", "last": "two = 2"
    },
    "corrected at the end": {"q1": "def scale(x): return x", "last": SCALE},
    "a number corrected below its check": {"q3": "answer = 41.0", "last": ANSWER},
    "answer used as a counter": {"last": "for answer in range(9): pass"},
    # where an answer stands
    "cells written again": {"do": lambda c: remade(c, "q1-answer", "q2-answer", "q3-answer")},
    "below its check": {"do": lambda c: moved(c, "q1-answer", "q1")},
    "a value below its check": {"do": lambda c: moved(c, "q3-answer", "q3")},
    "merged into the check": {"do": lambda c: merged(c, "q1-answer", "q1", first=True)},
    "merged into the imports": {"do": lambda c: merged(c, "q1-answer", f"{SET}-1")},
    "imports added to the given ones": {
        "q1": "def scale(x): return math.fsum([2]) * np.asarray(x)",
        "do": lambda c: c[at(c, f"{SET}-1")].update(source="import numpy as np\nimport math"),
    },
    "the placeholder stays above": {"q3": f"# your code here\n{STUB}{ANSWER}"},
    "the placeholder stays below": {"q1": f"{SCALE}{STUB}"},
    "the placeholder's function stays": {"q1": f"{SCALE}\ndef scale(x):\n    '''x'''\n    {STUB}"},
    "copied before the placeholder": {"first": SCALE, "q1": None},
    "the placeholder in try": {
        "q1": f"{SCALE}def scale(x):\n    try:\n        {STUB}    except OSError:\n        pass",
        "q3": f"try:\n    {STUB}except NotImplementedError:\n    {ANSWER}",
    },
    "a copy of another answer's cell": {"do": lambda c: copied(c, "q1-answer", "q2-answer")},
    "moved behind what it needs": {
        "q1": "def scale(x, n=two): return n * np.asarray(x)",
        "do": lambda c: [
            c.insert(at(c, "q2-answer"), new("two = 2")),
            c.insert(at(c, "q2-answer"), c.pop(at(c, "q1-answer"))),
        ],
    },
    "moved before what needs it": {
        "q1": "def scale(x, n=int(answer) // 21): return n * np.asarray(x)",
        "do": lambda c: c.insert(at(c, "q1-answer"), c.pop(at(c, "q3-answer"))),
    },
    "a copy of the question below": {
        "q1": "def scale(x): return x",
        "do": lambda c: corrected(c, f"{SET}-2"),
    },
    "a copy of all of the question below": {
        "q1": "def scale(x): return x",
        "do": lambda c: corrected(c, f"{SET}-2", "q1-answer", "q1"),
    },
    "its placeholder moved to the end": {
        "q1": None,
        "do": lambda c: (
            c.insert(at(c, "q1-answer"), new(SCALE)),
            c.append(c.pop(at(c, "q1-answer"))),
        ),
    },
    "given code run again": {
        "q2": "def share(x): return np.asarray(x) / np.sum(x)",
        "q3": "answer = np.float64(42)",
        "do": lambda c: again(c, "q3-answer"),
    },
    "reversed": {"do": lambda c: c.reverse()},
    "no metadata and no ids": {"do": without_marks},
    "markdown by mistake": {
        "do": lambda c: c[at(c, "q1-answer")].update(cell_type="markdown"),
    },
    "half of the question turned into code": {"do": lambda c: split_off(c, "q1-answer", -1)},
    "half of a check turned into an answer": {"do": lambda c: split_off(c, "q3-answer", 1)},
    # what notebooks hold
    "%conda without conda": {"q1": "%conda install -y numpy\n" + SCALE},
    "a module written by a cell": {
        "first": "%%writefile helper.py\ntwo = 2",
        "q1": "from helper import two\ndef scale(x): return two * np.asarray(x)",
    },
    "%matplotlib inline": {"q1": "%matplotlib inline\nimport math\n" + SCALE},
    "%matplotlib widget": {"first": "%matplotlib widget\ntwo = 2", "q3": "answer = 21.0 * two"},
    "a backend with windows": {
        "first": "import matplotlib\nmatplotlib.use('TkAgg')\nimport matplotlib.pyplot as plt",
        "q1": "plt.switch_backend('QtAgg'); matplotlib.use('WebAgg'); plt.plot([1]); plt.show()\n"
        "matplotlib.use('Agg', force=True); plt.figure()\n" + SCALE,
    },
    "%pylab": {"first": "%pylab inline\ntwo = 2", "q3": "answer = 21.0 * two"},
    "unknown magics": {"q1": "%load_ext lab_black\n%nb_black\n" + SCALE, "q2": "%%nope\n" + SHARE},
    "%%time and %config": {
        "q1": "%config Completer.use_jedi = False\n" + SCALE,
        "q2": "%%time\n" + SHARE,
    },
    "!pip and %pip": {"q1": "!pip install pandas\n%pip install pandas\n" + SCALE},
    "plots": {
        "q1": "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()\n" + SCALE,
        "first": "from IPython.display import display, clear_output\ndisplay(1); clear_output()",
    },
    "processes, threads and files": {
        "q1": SCALE + "import threading; threading.Thread(target=print).start()\n"
        "from multiprocessing import Pool\nwith Pool(2) as pool: pool.map(abs, [-1])",
        "q2": "import sqlite3; sqlite3.connect('a.db').execute('create table t (x)')\n" + SHARE,
    },
    "streams": {
        "q1": "import sys, getpass, faulthandler, subprocess\nsys.stdout.buffer.write(b'x')\n"
        "faulthandler.enable(); getpass.getuser()\nsubprocess.run(['echo'], stdout=sys.stdout)\n"
        + SCALE
    },
    "pasted with prompts": {
        "q1": "In [1]: def scale(x):\n   ...:     return 2 * np.asarray(x)\n   ...:",
        "q2": ">>> def share(x):\n...     return x / np.sum(x)\n...",
    },
    "%%capture, %run and help": {
        "first": "%%writefile mine.py\nanswer = 42.0",
        "q1": "%%capture out\n" + SCALE,
        "q2": SHARE + "np.sum?\nshare??",
        "q3": "%run mine.py",
    },
    "a breakpoint and a failed assertion": {
        "q1": SCALE + "breakpoint()",
        "q2": SHARE + "assert share(np.ones(2))[0] == 3",
        "last": "exit()",
    },
    "builtins as names": {"first": "max = 3; id = 4", "last": "sum = list = len = print = 5"},
    "an animation": {
        "q1": "import matplotlib.pyplot as plt\nfrom matplotlib.animation import FuncAnimation\n"
        "f, a = plt.subplots(); FuncAnimation(f, lambda i: a.plot([i]), frames=2)\n" + SCALE
    },
    "a progress bar": {"q1": "from tqdm import tqdm, trange\nlist(tqdm(range(3)))\n" + SCALE},
    "a progress bar for notebooks": {
        "q1": "from tqdm.notebook import tqdm\nlist(tqdm(range(3)))\n" + SCALE,
        "q2": "from tqdm.auto import trange\nlist(trange(3))\n" + SHARE,
    },
    "what few people write": {
        "q1": "import sys, array\nassert sys.stdout.buffer.write(array.array('d', [0])) == 8\n"
        "get_ipython().display_pub.publish({'text/plain': '1'}, {}, 'here')\n" + SCALE,
        "q2": "import os\nos.mkdir('tqdm'); open('tqdm/__init__.py', 'w').close()\n"
        "try: import tqdm.notebook\nexcept ImportError: pass\n" + SHARE,
    },
    "asyncio": {"q1": "import asyncio\nawait asyncio.sleep(0)\n" + SCALE},
    "slow cells": {"first": "import time; time.sleep(60)", "last": "import time; time.sleep(60)"},
    # what is right
    "float32": {"q1": "def scale(x): return np.float32(2) * np.asarray(x, 'float32')"},
    "lists": {
        "q1": "def scale(x): return [[2 * v for v in r] if np.ndim(r) else 2 * r for r in x]"
    },
    "named tuples": {
        "q1": "from collections import namedtuple, deque\n"
        "def scale(x):\n"
        "    kind = namedtuple('kind', [f'a{i}' for i in range(len(x))])\n"
        "    return kind(*[2 * r for r in x])",
        "q2": "def share(x): return deque(x / np.sum(x))",
    },
    "an object array": {
        "q1": "def scale(x):\n    y = np.full(np.shape(x), None)\n    y[:] = 2 * x\n    return y"
    },
    "callables": {
        "q1": "from functools import partial\nscale = partial(np.multiply, 2)",
        "q2": "class Share:\n    def __call__(self, x): return x / np.sum(x)\nshare = Share()",
        "q3": "from decimal import Decimal\nanswer = Decimal('42')",
    },
    "threads and loops in a function": {
        "q1": "from concurrent.futures import ThreadPoolExecutor\ndef scale(x):\n"
        "    with ThreadPoolExecutor(4) as pool: return list(pool.map(lambda r: 2 * r, x))",
        "q2": "import asyncio\nasync def go(x): return x / np.sum(x)\n"
        "def share(x): return asyncio.run(go(x))",
    },
    "a large array before each question": {
        "q1": "X = np.full(45_000_000, 1.0)\n" + SCALE,
        "q2": "X = np.full(45_000_000, 2.0)\n" + SHARE,
        "q3": "X = np.full(45_000_000, 3.0)\n" + ANSWER,
        "last": "X = np.full(45_000_000, 4.0)\nnp = 26",
    },
    "a pool of threads made once": {
        "q1": "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(2)\n"
        "list(pool.map(abs, [-1]))\ndef scale(x): return pool.submit(np.multiply, 2, x).result()",
        "last": "np = 26",
    },
    "a pool of processes made once": {
        "q1": "from concurrent.futures import ProcessPoolExecutor\n"
        "pool = ProcessPoolExecutor(2)\nlist(pool.map(abs, [-1]))\n"
        "def scale(x): return np.array(list(pool.map(np.multiply, [2] * len(x), x)))",
    },
    "a manager made once": {
        "q1": "from multiprocessing import Manager\ntable = Manager().dict(two=2)\n"
        "def scale(x): return table['two'] * np.asarray(x)",
    },
    "a program that runs beside": {
        "q3": "import subprocess\nbc = subprocess.Popen(['cat'], stdin=-1, stdout=-1, text=True)\n"
        + ANSWER,
        "last": "def scale(x):\n    print(2, file=bc.stdin, flush=True)\n"
        "    return float(bc.stdout.readline()) * np.asarray(x)",
        "q1": "def scale(x): return x",
    },
    "a thread that works off a queue": {
        "q1": "import queue, threading\ntodo, done = queue.Queue(), queue.Queue()\n"
        "def work():\n    while True: done.put(2 * np.asarray(todo.get()))\n"
        "threading.Thread(target=work, daemon=True).start()\n"
        "def scale(x):\n    todo.put(x)\n    return done.get()",
    },
    "corrected at the end by a pool": {
        "q1": "def scale(x): return x",
        "last": "from multiprocessing.pool import ThreadPool\npool = ThreadPool(2)\n"
        "def scale(x): return np.array(pool.map(lambda r: 2 * r, x))",
    },
    "many lines printed": {
        "q1": "for step in range(20_000): print(step, '\\u2713 \\U0001f600', flush=True)\n" + SCALE,
        "q2": "def share(x):\n    for step in range(20_000): print(step, '\\u2713')\n"
        "    return x / np.sum(x)",
    },
    "an animation of many pictures": {
        "first": "from IPython.display import clear_output\nfor step in range(40):\n"
        "    print(step, 'x' * 100_000)\n    clear_output(wait=True)\nprint('the last frame')",
    },
    "what programs ask the system": {
        "q1": "import os, shutil\nfrom multiprocessing import Array, Pool, Value, cpu_count\n"
        "done = Value('i', 0)\nArray('d', 300_000)[:] = [1.0] * 300_000\nPool().close()\n"
        "assert cpu_count() == os.cpu_count() == 1\n"
        "assert shutil.disk_usage('.').free > 0\n" + SCALE,
    },
    "commands of the shell": {
        "first": "!echo 'x = 21' > mine.py\n%system echo\n!cat mine.py; exit 3\n"
        "two = _exit_code - 1\nname = 'mine.py'\nlines = !cat {name}",
        "q3": "exec(lines[0])\nanswer = x * float(two)",
    },
    "long doubles and masks": {
        "q1": "def scale(x): return 2 * np.asarray(x, np.longdouble)",
        "q2": "def share(x): return np.ma.array(x / np.sum(x))",
    },
    "a fraction": {"q3": "from fractions import Fraction\nanswer = Fraction(42)"},
}  # fmt: skip
OTHERS = {  # honest, and not all right: points, a part of the message
    "a matrix only": ({"q1": "def scale(x): return np.array([2 * r for r in x[:, :]])"},
                      (1, 2, 1), "Right on 1 of 3 hidden inputs: for rows, not yet for one row"),
    "one row only": ({"q1": "def scale(x): return 2 * x if x.ndim == 1 else x"},
                     (1, 2, 1), "for one row, not yet for rows"),
    "a syntax error": ({"q1": "def scale(x):\n    return 2 * (x"}, (0, 2, 1), "SyntaxError"),
    "left by a cell that failed": ({"q3": "answer = 1.0\nimport pandas\nanswer = 42.0"}, (2, 2, 0),
                                   "The cell that defines `answer` stopped with"),
    "a slip in def": ({"q1": "dfe scale(x):\n    return 2 * x"}, (0, 2, 1),
                      "The cell for the answer stopped with SyntaxError"),
    "a failure after too much output": ({"first": "print('x' * 10**7)",
                                         "q1": "import pandas as pd\n" + SCALE},
                                        (0, 2, 1), "named 'pandas'"),
    "a failed import": ({"q1": "import pandas as pd\n" + SCALE}, (0, 2, 1), "named 'pandas'"),
    "its helper failed": ({"first": "import pandas\ndef helper(x): return 2 * x",
                           "q1": "def scale(x): return helper(x)"}, (0, 2, 1), "named 'pandas'"),
    "slow": ({"q3": "while True: pass\nanswer = 42.0"}, (2, 2, 0), "longer than a cell may"),
    "not answered": ({"q1": None}, (0, 2, 1), "Not answered yet"),
    "three digits": ({"q3": "answer = 42.01"}, (2, 2, 0), "right to about 3 digits, where"),
    "a known mistake": ({"q1": "def scale(x): return np.square(x)"}, (0, 2, 1), "Twice, not"),
    "the check says it": ({"q1": "def scale(x): return 3 * x"}, (0, 2, 1), "twice, not squared"),
}  # fmt: skip


def left_out(cells, before, source):
    """Put a cell for code before another, and leave the text's own as it was."""
    cells[at(cells, "q4")].update(source=GIVEN["q4"])
    cells.insert(at(cells, before), new(source))


TEXTS = {  # what becomes of the text's cell, and whether it waits for a reader
    "text as asked": (lambda c: None, True),
    "text in the cell below": (lambda c: moved(c, "q4", "q4"), True),
    "text in a new cell": (lambda c: remade(c, "q4"), True),
    "text in a code cell": (
        lambda c: (moved(c, "q4", "q4"), c[-1].update(cell_type="code")),
        True,
    ),
    "text in the question": (lambda c: merged(c, "q4", f"{SET}-{LAST}"), True),
    "text in a copy of a code cell": (
        lambda c: (
            split_off(c, "q4", -1),
            c[at(c, "half")].update(metadata=c[at(c, "q3")]["metadata"]),
        ),
        True,
    ),
    "text in a code cell above": (lambda c: left_out(c, "q4", TEXT), True),
    "text as comments further up": (lambda c: left_out(c, f"{SET}-{LAST}", f"# {TEXT}"), True),
    "code of one's own further up": (
        lambda c: left_out(c, f"{SET}-{LAST}", "%matplotlib inline\nown = 1"),
        False,
    ),
    "text with code split off": (
        lambda c: c.insert(at(c, "q4"), {**c[at(c, "q4")], "id": "half", "cell_type": "code"}),
        True,
    ),
    "text at the top": (lambda c: moved(c, "q4", f"{SET}-1"), True),
    "a picture alone": (
        lambda c: c[at(c, "q4")].update(
            source=GIVEN["q4"], attachments={"a b.png": {"image/png": "iVBORw0KGgo="}}
        ),
        True,
    ),
    "no text at all": (lambda c: c[at(c, "q4")].update(source=GIVEN["q4"]), False),
    "a photo beside it": (lambda c: c[at(c, "q4")].update(source=GIVEN["q4"]), True),
    "a document beside it": (lambda c: c[at(c, "q4")].update(source=GIVEN["q4"]), True),
}
LAST = 9  # replaced by the number of the cell that asks for the text


@pytest.fixture(scope="module", params=USERS)
def course(request):
    """The class, graded once for each user."""
    need_a_jail()
    with open_folder() as folder:
        yield graded(folder / "course", request.param)


def graded(folder, user):
    """A course in which each habit was handed in, and graded as this user."""
    global LAST
    limits = {"cell": 6, "call": 3, "question": 12, "grace": 1}
    course = Course(folder, limits)
    GIVEN.update({cell.id: cell.source for cell in course.given.cells})
    LAST = max(int(name.rsplit("-", 1)[1]) for name in GIVEN if name.startswith(f"{SET}-"))
    habits = HABITS | {name: habit for name, (habit, *_) in OTHERS.items()}
    habits |= {name: {"do": change} for name, (change, _) in TEXTS.items()}
    for name, habit in habits.items():
        answers = {"q1": SCALE, "q2": SHARE, "q3": ANSWER, "q4": TEXT}
        answers |= {key: text for key, text in habit.items() if key in answers}
        written = course.notebook({q: a for q, a in answers.items() if a is not None})
        raw = json.loads(nbformat.writes(written))
        cells = raw["cells"]
        for cell in cells:
            cell["source"] = "".join(cell["source"])
        habit.get("do", lambda c: None)(cells)
        if "first" in habit:
            cells.insert(2, new(habit["first"]))
        if "last" in habit:
            cells.append(new(habit["last"]))
        raw["nbformat_minor"] = 4
        course.hand_in(name, data=json.dumps(raw).encode())
    course.hand_in("a photo beside it", name="derivation.jpg", data=b"\xff\xd8")
    course.hand_in("a document beside it", name="derivation.docx", data=b"PK")
    course.run("grade", SET, "--jobs", "2", env={"HOME": str(folder.parent)}, user=user)
    return course


def ids(course):
    return {name: intake.student_id(name) for name in [*HABITS, *OTHERS, *TEXTS]}


def test_every_habit_gets_what_it_is_worth(course):
    points, wanted = course.points(), dict.fromkeys([*HABITS, *TEXTS], FULL)
    wanted |= {name: worth for name, (_, worth, _) in OTHERS.items()}
    named = ids(course)
    found = {name: tuple(points[named[name]][q] for q in ("q1", "q2", "q3")) for name in wanted}
    unfair = {name: (found[name], wanted[name]) for name in wanted if found[name] != wanted[name]}
    assert not unfair, {
        n: [course.message(named[n], q) for q in ("q1", "q2", "q3")] for n in unfair
    }


@pytest.mark.parametrize("name", OTHERS)
def test_a_message_names_the_cause(course, name):
    said = [course.message(ids(course)[name], q).split("\n")[0] for q in ("q1", "q2", "q3")]
    assert OTHERS[name][2] in " ".join(said), said


def test_what_was_taken_in_once_is_taken_in_again_as_it_is(course):
    """nbgrader's own step does, and the kept run is that of these very cells."""
    for path in course.root.glob(f"submitted/*/{SET}/{SET}.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        again, _ = intake.restore(intake.read_cells(path.read_bytes()), course.given)
        assert autograde.code(again) == autograde.code(notebook), path
        texts = [[c.source for c in n.cells if c.id == "q4"] for n in (again, notebook)]
        assert texts[0] == texts[1], path


def test_pictures_that_were_replaced_leave_room_for_others(course):
    notebook = course.graded(ids(course)["an animation of many pictures"])
    assert "the last frame" in json.dumps(notebook.cells[2].outputs)


def test_a_text_that_nobody_has_read_waits(course):
    points = course.points()
    waits = {name: points[ids(course)[name]]["q4"] is None for name in TEXTS}
    assert waits == {name: waiting for name, (_, waiting) in TEXTS.items()}
    assert "derivation.jpg" in course.set_aside()
    for name in list(TEXTS)[:5]:
        (cell,) = [c for c in course.graded(ids(course)[name]).cells if c.id == "q4"]
        assert "2x = x + x" in cell.source, name


def test_points_given_by_hand_belong_to_the_text_that_was_read(tmp_path):
    need_a_jail()
    course, ada = Course(tmp_path), "ada"
    answers = {"q1": SCALE, "q2": SHARE, "q3": ANSWER, "q4": TEXT}
    course.hand_in(ada, course.notebook(answers))
    course.run("grade", SET)
    with course.gradebook() as book:
        for name in ("q4", "q1"):
            grade = book.find_grade(name, SET, SET, ada)
            grade.manual_score, grade.needs_manual_grade = 1.5, False
        book.db.commit()
    course.run("grade", SET, "--again")
    kept = {name: manual for name, _, manual, _ in course.rows()[ada]}
    assert (kept["q1"], kept["q4"]) == (1.5, 1.5)
    again = course.notebook(answers | {"q4": "I do not know."})
    path = course.hand_in(ada, again, name="again.ipynb")
    os.utime(path, (2e9, 2e9))
    course.run("grade", SET)
    kept = {name: (manual, needs) for name, _, manual, needs in course.rows()[ada]}
    assert kept["q1"] == (1.5, False)  # its code is as it was
    assert kept["q4"] == (None, True)
    said = course.run("feedback", SET).stderr
    assert "not read yet" in said
    page = (course.root / "feedback" / ada / SET / f"{SET}.html").read_text(encoding="utf-8")
    assert "4.5 of 5 points so far" in page
    assert "newer than the mark" in page
    (course.root / "roster.csv").write_text(
        f"id,name,email,excused\n{ada},Ada L,ada@x,\nzed,Zed Z,zed@x,ps-smol\n"
        f"eve@x.org,Eve,e@x,{SET}\n"
    )
    done = course.run("grades")
    table = (course.root / "grades.csv").read_text(encoding="utf-8").splitlines()
    status = {line.split(",")[3]: line.rsplit(",", 1)[1] for line in table[1:]}
    assert status[ada] == "not read yet: q4 (was 1.5 for another text)"
    assert status["zed"] == "missing"
    assert status["eve_x_org"] == "excused"
    assert "roster.csv: zed is excused from ps-smol, no set of this course" in done.stderr
    assert table[0].endswith(",roster_id,name,status")
    assert any(line.endswith(",eve@x.org,Eve,excused") for line in table)  # as the roster has it


SMALL = [  # a set of two questions: id, kind, text
    ("title", "markdown", "# A set"),
    ("start", "code", "k = 2"),
    ("text-a", "markdown", "Let a be twice k."),
    ("a-answer", "code", STUB),
    ("a", "code", "check('a')"),
    ("text-b", "markdown", "Let b be a squared."),
    ("b-answer", "code", STUB),
    ("b", "code", "check('b')"),
]


def small_set():
    made = nbformat.v4.new_notebook()
    for name, kind, text in SMALL:
        cell = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        made.cells.append(cell(text, id=name))
        marks = {"grade_id": name, "solution": "answer" in name, "grade": name in ("a", "b")}
        made.cells[-1].metadata.nbgrader = marks
    return made


def works(cells):
    """The questions that are right at their first check or at the end, when all cells are run."""
    right, seen = set(), set()

    def look(name, end=False):
        if names.get(name) == {"a": 4, "b": 16}[name] and (end or name not in seen):
            right.add(name)
        seen.add(name)

    names = {"check": look}
    for source in (cell["source"] for cell in cells if cell["cell_type"] == "code"):
        with contextlib.suppress(Exception):
            exec(source, names)
    look("a", end=True)
    look("b", end=True)
    return right


def edited(given, rng):
    """A notebook in which both questions are answered, and which was then worked on further."""
    cells = json.loads(nbformat.writes(given))["cells"]
    for cell in cells:
        cell["source"] = "".join(cell["source"])
    cells[at(cells, "a-answer")]["source"] = "a = m * k"
    cells[at(cells, "b-answer")]["source"] = "b = a * a"
    cells.insert(3, new("m = 2"))
    for _ in range(rng.choice([1, 2, 3])):
        place, other = rng.randrange(len(cells)), rng.randrange(1, len(cells) + 1)
        copy = json.loads(json.dumps(cells[place])) | {"id": f"x{rng.random()}"}
        kinds = ["copy", "move", "again", "reset", "wrong first", "section", "no marks", "over"]
        match rng.choice(kinds):
            case "copy":
                cells.insert(other, copy)
            case "move":
                cells.insert(other - 1, cells.pop(place))
            case "again":
                cells.insert(other, new(copy["source"], copy["cell_type"]))
            case "reset":
                cells[other:other] = [new("k = 5"), new("k = 2")]
            case "wrong first":
                cells.append(copy)
                cells[place]["source"] = cells[place]["source"].replace(" * ", " - ")
            case "section":
                copies = [cell | {"id": f"y{rng.random()}"} for cell in cells[place : place + 3]]
                cells.extend(json.loads(json.dumps(copies)))
            case "no marks":
                cells[place] |= {"metadata": {}, "id": copy["id"]}
            case "over":  # a copy takes other code
                if copy["cell_type"] == "code":
                    cells.insert(other, copy | {"source": "c = k + 1"})
    return cells


@pytest.mark.parametrize("seed", range(10))
def test_what_works_in_jupyter_works_when_it_is_put_in_order(seed):
    given, rng = small_set(), random.Random(seed)
    for _ in range(300):
        cells = edited(given, rng)
        restored, _ = intake.restore(
            intake.read_cells(json.dumps({"cells": cells}).encode()), given
        )
        lost = works(cells) - works(restored.cells)
        assert not lost, (lost, [c["source"] for c in cells], [c.source for c in restored.cells])
        again, _ = intake.restore(intake.read_cells(nbformat.writes(restored).encode()), given)
        assert autograde.code(again) == autograde.code(restored)
