"""The Python side of a page's cells: IPython, whose outputs go to the page as they come.

The page's worker imports this file as `book_shell`, and calls `start` once and `run` for each cell.
"""

import json
import os
import sys
import time
from pathlib import Path

import comm
from comm.base_comm import BaseComm
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

BACKEND = """
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas
from book_shell import show_figures
def show(*args, **kwargs):
    show_figures()
"""
LIMIT = 50_000  # characters of one cell's outputs: more would stop the page


class Outputs:
    """What a cell shows, in order; sent in parcels, so that a fast loop doesn't flood the page."""

    def __init__(self, send):
        """send : function of a JSON list of [kind, value]."""
        self.send, self.waiting, self.sent, self.size = send, [], 0.0, 0

    def add(self, kind, value):
        """Take one output: text of a stream, a dict of forms by MIME type, or an error."""
        length = len(value) if isinstance(value, str) else 500  # a figure, by what it costs
        before, self.size = self.size, self.size + length
        if before > LIMIT:
            return
        if self.size > LIMIT:
            kind, value = (
                "stderr",
                f"\nThis cell shows more than {LIMIT:,} characters. The rest is left out.\n",
            )
        last = self.waiting[-1] if self.waiting else [None]
        if kind == last[0] and kind in ("stdout", "stderr"):
            last[1] += value
        else:
            self.waiting.append([kind, value])
        if self.size > LIMIT or time.monotonic() - self.sent > 0.05:
            self.flush()

    def move(self, model, values):
        """Take the new values of a widget; those that code sets one after another go as one."""
        last = self.waiting[-1] if self.waiting else [None]
        if last[0] == "values" and last[1]["model"] == model:
            last[1]["values"] |= values
        else:
            self.waiting.append(["values", {"model": model, "values": values}])
        if time.monotonic() - self.sent > 0.05:
            self.flush()

    def flush(self):
        """Send what waits."""
        if self.waiting:
            self.send(json.dumps(self.waiting))
        self.waiting, self.sent = [], time.monotonic()


class Stream:
    """Standard output or error."""

    encoding, errors, closed = "utf-8", "strict", False

    def __init__(self, name):
        """name : "stdout" or "stderr"."""
        self.name = name

    def write(self, text):
        """Hand the text on."""
        outputs.add(self.name, str(text))
        return len(text)

    def flush(self):
        """Nothing waits here."""

    def isatty(self):
        """No terminal."""
        return False


class Hook(DisplayHook):
    """The value of a cell's last line."""

    def write_output_prompt(self):
        """No prompt."""

    def write_format_data(self, format_dict, md_dict=None):
        """Hand the value's forms on."""
        outputs.add("data", format_dict)

    def finish_displayhook(self):
        """No line after it."""


class Publisher(DisplayPublisher):
    """What `display` shows."""

    def publish(self, data, *args, **kwargs):
        """Hand the forms on."""
        outputs.add("data", data)


class Comm(BaseComm):
    """A widget's way to the page: what code sets moves the drawing."""

    def publish_msg(self, msg_type, data=None, **keys):
        """Hand on new values; a widget's first state comes with its HTML."""
        if msg_type == "comm_msg" and data.get("method") == "update":
            outputs.move(self.comm_id, data["state"])


class Shell(InteractiveShell):
    """IPython, with the page in place of a terminal."""

    displayhook_class = Type(Hook)
    display_pub_class = Type(Publisher)

    def _showtraceback(self, etype, evalue, stb):
        error = {"name": etype.__name__, "said": str(evalue), "trace": "\n".join(stb)}
        outputs.add("error", error)


def show_figures():
    """Show what Matplotlib holds, as the book shows its figures, and close it."""
    if "matplotlib.pyplot" in sys.modules:
        import matplotlib.pyplot as plt

        from ce_lib import figures

        for number in plt.get_fignums():
            figures.show(plt.figure(number))


def start(send):
    """Make the shell; `send` gets each parcel of outputs."""
    global outputs, shell
    outputs = Outputs(send)
    Path(__file__).with_name("book_backend.py").write_text(BACKEND)  # imported for a figure
    os.environ["MPLBACKEND"] = "module://book_backend"
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    shell = Shell.instance(config=config)
    sys.stdout, sys.stderr = Stream("stdout"), Stream("stderr")
    comm.create_comm = Comm  # for widgets, which are imported later


def moved(model, values):
    """Let a widget that the reader has moved take its new values, given as JSON."""
    from ipywidgets.widgets.widget import _instances

    if widget := _instances.get(model):
        widget.set_state(json.loads(values))
    outputs.flush()


def apart():
    """Put the variables aside and begin without any, until `back`."""
    global aside
    aside = dict(shell.user_ns)
    shell.reset(new_session=False)


def back():
    """Drop the variables, and bring back those that were put aside."""
    shell.user_ns.clear()
    shell.user_ns.update(aside)


def run(code):
    """Run one cell; whether it ended without an error."""
    outputs.size = 0
    done = shell.run_cell(code, store_history=True)
    try:
        show_figures()
    except Exception:
        shell.showtraceback()
    outputs.flush()
    return done.success
