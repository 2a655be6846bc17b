"""The checks are checked: break a copy on purpose, and see the right check turn red."""

import copy
import os
import re
import shutil
import subprocess
import sys

import nbformat
import prose
import pytest
import test_notebooks
from ce_site import book

ROOT = prose.ROOT
IMPORTS = """import matplotlib.pyplot as plt
import numpy as np

from ce_lib import figures

figures.style()"""
FIGURE = """fig, ax = plt.subplots()
ax.plot([0.9, 0.1], [0.105, 2.303], "o", color=figures.CAT)
ax.set(xlabel="belief in cat", ylabel="loss (nats)")
figures.show(fig)"""
CAPTION = """:::{figure}
:name: fig-two
:alt: Two points, at the losses 0.105 and 2.303 nats.

**The less belief, the more loss.** It is 2.303 at the right.
:::"""


def mini():
    """A chapter of one print, one figure and three claims."""
    new = nbformat.v4
    cells = [
        new.new_markdown_cell("# 2 · Small", id="title"),
        new.new_code_cell(IMPORTS, id="imports"),
        new.new_code_cell('print(f"{-np.log(0.9):.3f}")  # not 0.108', id="demo"),
        new.new_markdown_cell("Confident and right pays 0.105.", id="reading"),
        new.new_code_cell(FIGURE, id="fig-two", metadata={"label": "fig-two"}),
        new.new_markdown_cell(CAPTION, id="caption"),
    ]
    return new.new_notebook(cells=cells)


def edit(notebook, cell_id, old, new):
    """A copy of the notebook in which one cell's source says `new` for `old`."""
    changed = copy.deepcopy(notebook)
    cell = next(cell for cell in changed["cells"] if cell["id"] == cell_id)
    assert old in cell["source"]
    cell["source"] = cell["source"].replace(old, new, 1)
    return changed


def edit_output(notebook, old, new):
    """A copy in which the first printed `old` became `new`, and the position of that code cell."""
    changed = copy.deepcopy(notebook)
    codes = [cell for cell in changed["cells"] if cell["cell_type"] == "code"]
    for position, cell in enumerate(codes):
        for output in cell["outputs"]:
            lines = output.get("text", [])
            hit = next((i for i, line in enumerate(lines) if re.search(old, line)), None)
            if hit is not None:
                lines[hit] = re.sub(old, new, lines[hit], count=1)
                return changed, position
    raise AssertionError(f"no output holds {old}")


def write(path, notebook):
    """Store a notebook, sources as one string."""
    path.write_text(prose.json.dumps(notebook), encoding="utf-8")


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The small chapter, executed and normalised by the book's own tool."""
    path = tmp_path_factory.mktemp("mini") / "02_small.ipynb"
    nbformat.write(mini(), path)
    assert test_notebooks.TOOL["run"](path) is None
    return prose.load(path)


@pytest.fixture(scope="module")
def nbval(good, tmp_path_factory):
    """One run of nbval over an intact copy and three broken ones: its report, line by line."""
    folder = tmp_path_factory.mktemp("nbval")
    write(folder / "intact.ipynb", good)
    write(folder / "digit.ipynb", edit_output(good, r"0\.105", "0.106")[0])
    write(folder / "moved.ipynb", edit(good, "fig-two", "2.303]", "2.503]"))
    stripped = copy.deepcopy(good)
    stripped["cells"][2]["outputs"] = []
    write(folder / "stripped.ipynb", stripped)
    return run_nbval(folder)


def run_nbval(folder):
    """What nbval says about the notebooks of a folder, without colours."""
    options = ["--nbval", "--nbval-current-env", "-p", "no:cacheprovider", "-q", "-rfE"]
    options += ["--nbval-sanitize-with", str(ROOT / "tests" / "nbval_sanitize.cfg")]
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), *options]
    done = subprocess.run(
        [*command, "--rootdir", str(folder), str(folder)],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return re.sub(r"\x1b\[\d*m", "", done.stdout)


def failed(report):
    """The cells that nbval's summary lists as failed."""
    return re.findall(r"^FAILED (?:\S*/)?(\w+\.ipynb::Cell \d+)", report, re.MULTILINE)


def test_the_intact_copy_is_green(good):
    """Without a fault there is no message."""
    assert test_notebooks.faults("02_small", good) == []
    assert prose.unsupported("02_small", good) == []


def test_nbval_sees_each_changed_lost_or_moved_output_and_nothing_else(nbval):
    """A digit, a stripped output and a moved data point fail in their cell; the rest passes."""
    assert sorted(failed(nbval)) == [
        "digit.ipynb::Cell 1",
        "moved.ipynb::Cell 2",
        "stripped.ipynb::Cell 1",
    ]
    for number in ("0.106", "2.503"):
        assert number in nbval


@pytest.mark.parametrize("path", prose.CHAPTERS[:1], ids=lambda path: path.stem)
def test_nbval_sees_a_changed_digit_in_a_real_chapter(path, tmp_path):
    """The first decimal that the chapter prints, with its last digit changed."""
    chapter, position = edit_output(prose.load(path), r"(\d\.\d*?)[0-8]\b", r"\g<1>9")
    write(tmp_path / path.name, chapter)
    assert f"{path.name}::Cell {position}" in failed(run_nbval(tmp_path))


@pytest.mark.parametrize(
    ("cell_id", "old", "new", "number"),
    [
        ("reading", "0.105", "0.107", "0.107"),
        ("reading", "0.105", "0.108", "0.108"),  # a comment in the code holds it
        ("caption", "It is 2.303", "It is 2.313", "2.313"),
        ("caption", "and 2.303", "and 2.203", "2.203"),
        ("reading", "0.105.", "0.105 of $4.2 \\times 10^{-3}$.", "4.2e-3"),
        ("reading", "0.105.", "0.105 of 10,000.", "10,000"),
        ("reading", "0.105.", "0.105 in version 1.0.4.", "1.0.4"),
    ],
)
def test_a_wrong_number_in_prose_is_named(good, cell_id, old, new, number):
    """The message says which chapter, which cell and which number."""
    (message,) = prose.unsupported("02_small", edit(good, cell_id, old, new))
    assert message.startswith(f"02_small, cell {cell_id}: {number} ")


def test_a_wrong_number_in_a_question_is_named():
    """A question is prose, and what it shows supports no number of its own."""
    (path,) = (path for path in prose.CHAPTERS if path.stem.startswith("05_"))
    wrong = edit(prose.load(path), "quiz-stuck", "stayed at 27.6", "stayed at 27.9")
    (message,) = prose.unsupported("05", wrong)
    assert message.startswith("05, cell quiz-stuck: 27.9 ")


def test_a_number_from_far_above_does_not_count(good):
    """A source more than eight cells back is too far for a reader to see."""
    far = copy.deepcopy(good)
    blank = nbformat.v4.new_code_cell("x = 1", id="blank")
    far["cells"][4:4] = [blank]
    far["cells"][3:3] = [blank] * prose.NEARBY
    assert "cell reading: 0.105" in prose.unsupported("02_small", far)[0]
    far["cells"][11]["source"] = "## Check yourself\n\n" + far["cells"][11]["source"]
    assert prose.unsupported("02_small", far) == []


@pytest.mark.parametrize(
    ("cell_id", "old", "new", "says"),
    [
        ("demo", "print", "import torch\nprint", "imports torch"),
        ("demo", "print", "import sys\nsys.path\nprint", "sys.path"),
        ("demo", "print", "!pip install x\nprint", "'!'"),
        ("demo", "print", "# NBVAL_IGNORE_OUTPUT\nprint", "NBVAL_"),
        ("demo", "print", "\n" * 20 + "print", "21 lines"),
        ("reading", "Confident", "/home/me Confident", "/home"),
        ("caption", ":alt:", ":name:", ":alt:"),
        ("caption", "**", "", "bold first sentence"),
        ("caption", ":name: fig-two", ":name: fig-three", "caption cell"),
    ],
)
def test_a_broken_rule_is_named(good, cell_id, old, new, says):
    """Each rule of a notebook's form turns red, and names chapter and cell."""
    messages = test_notebooks.faults("02_small", edit(good, cell_id, old, new))
    owner = "fig-two" if cell_id == "caption" else cell_id
    assert any(m.startswith(f"02_small, cell {owner}: ") and says in m for m in messages), messages


def set_count(cell):
    """A cell that ran out of order."""
    cell["execution_count"] = 7


def never_ran(cell):
    """A cell without count and outputs, which nbval would pass."""
    cell.update(execution_count=None, outputs=[])


def only_svg(cell):
    """A figure without its text form, which nbval would not compare."""
    del cell["outputs"][0]["data"]["text/plain"]


def warns(cell):
    """A cell that wrote to stderr."""
    cell["outputs"].append({"output_type": "stream", "name": "stderr", "text": ["careful"]})


def looks_away(cell):
    """A cell that asks nbval to skip it."""
    cell["metadata"]["tags"] = ["nbval-skip"]


@pytest.mark.parametrize("damage", [set_count, never_ran, only_svg, warns, looks_away])
def test_a_damaged_cell_is_named(good, damage):
    """What nbval would let through is caught by the rules beside it."""
    broken = copy.deepcopy(good)
    damage(broken["cells"][4])
    messages = test_notebooks.faults("02_small", broken)
    assert messages
    assert all(m.startswith("02_small, cell fig-two: ") for m in messages)


def test_a_page_that_types_or_misquotes_a_number_is_named(good, tmp_path):
    """On a page a number is an output, whole and named, or it is cited."""
    write(tmp_path / "02_small.ipynb", good)

    def check(text):
        return prose.page_faults("intro", text, tmp_path)

    assert check("pays {output}`0.105 <02_small#demo>`, {cited}`1.58`") == []
    for text in (
        "pays 0.105",
        "{output}`0.10 <02_small#demo>`",
        "{output}`0.106 <02_small#demo>`",
        "{output}`0.105 <02_small#lost>`",
        "{output}`0.105 <09_lost#demo>`",
    ):
        (message,) = check(text)
        assert message.startswith("intro: ")
        assert re.search(r"0\.10\d?", message)


def test_a_measured_number_is_looked_up_and_a_missing_one_is_not_invented():
    """By section, row and column; the build warns where there is no such cell."""
    page = (ROOT / "pages" / "benchmarks.md").read_text(encoding="utf-8")
    place = "Memory / 4096 × 50,257 / loss + gradient / PyTorch"
    _, _, memory = page.partition("## Memory\n")
    head = re.search(r"^\| logits \|.*$", memory, re.MULTILINE)[0].split(" | ")
    row = re.search(r"^\| 4096 × 50,257 \| loss \+ .*$", memory, re.MULTILINE)[0].split(" | ")
    assert book.measured(page, place) == dict(zip(head, row, strict=True))["PyTorch"]
    for lost in (
        "Speed / 4096 × 50,257 / loss / Caffe",
        place.replace("50,257", "50,256"),
        "a / b",
    ):
        assert book.measured(page, lost) is None


def test_a_notebook_that_raises_is_reported_and_left_alone(tmp_path):
    """The tool names chapter and cell, and does not store a broken run."""
    path = tmp_path / "02_small.ipynb"
    nbformat.write(edit(mini(), "demo", "0.9", "ninety"), path)
    before = path.read_text(encoding="utf-8")
    assert "02_small.ipynb, cell demo" in test_notebooks.TOOL["run"](path)
    assert path.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("line", "wrong"),
    [("e -= v\n", "np.subtract(v, e, out=e)\n"), ("e.put(own, 0.0 - rest)", "e.put(own, rest)")],
    ids=["distributions", "labels"],
)
def test_a_swapped_sign_in_the_gradient_is_seen(line, wrong, tmp_path):
    """A copy of the package with y - p for p - y fails the tests of the gradient."""
    shutil.copytree(ROOT / "ce_lib", tmp_path / "ce_lib")
    source = (tmp_path / "ce_lib" / "loss.py").read_text(encoding="utf-8")
    assert source.count(line) == 1, "the line that computes the gradient has changed: update this"
    swapped = source.replace(line, wrong)
    (tmp_path / "ce_lib" / "loss.py").write_text(swapped, encoding="utf-8")
    tests = sorted((ROOT / "tests").glob("test_derivatives*.py"))
    tests += sorted((ROOT / "tests").glob("test_loss*.py"))
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml")]
    command += [
        "-o",
        "pythonpath=",
        "--rootdir",
        str(ROOT),
        "-p",
        "no:cacheprovider",
        "-q",
        "-x",
        "-k",
        "grad",
    ]
    done = subprocess.run(
        [*command, *map(str, tests)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        timeout=300,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "grad" in "".join(re.findall(r"^FAILED .*", done.stdout, re.MULTILINE)), done.stdout
