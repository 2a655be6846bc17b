"""Every chapter is stored as it ran: nbval re-runs it, and these rules close nbval's gaps.

nbval passes a cell that was never executed, and one whose author asks it to look away. It does
fail an executed cell whose stored outputs are missing. So: every cell executed, in order, nothing
ignored; then an output that is lost or changed cannot pass.
"""

import ast
import re
import runpy
import sys

import nbformat
import prose
import pytest

TOOL = runpy.run_path(str(prose.ROOT / "tools" / "notebooks.py"))
TAGS = {"hide-cell", "hide-input", "hide-output", "remove-cell", "remove-input"}
LONGEST_CELL, WIDEST_OUTPUT = 20, 60
PACKAGES = {"numpy", "matplotlib", "ce_lib"} | sys.stdlib_module_names
MOST_LINES = 20
MACHINE = re.compile(r"(?<![\w.:])/(?:home|root|Users|tmp)\b|\b[CD]:\\|\bat 0x[0-9a-f]+")
FORBIDDEN = re.compile(r"sys\.path|^\s*[!%]|pip install|allow_errors|NBVAL_", re.MULTILINE)
CAPTION = re.compile(r"^:::\{figure\}\n:name: (\S+)\n((?::[\w-]+:.*\n)*)\s*\*\*[^*]+[.?!:]\*\*")


def code_faults(cell, is_first):
    """What is wrong with a code cell's source."""
    lines = cell["source"].count("\n") + 1
    if lines > MOST_LINES and prose.question(cell) is None:
        yield f"has {lines} lines; {MOST_LINES} at most"
    if found := FORBIDDEN.search(cell["source"]):
        yield f"holds {found[0].strip()!r}"
    tags = cell["metadata"].get("tags", [])
    if "hide-cell" in tags and not cell["metadata"].get("mystnb", {}).get("code_prompt_show"):
        yield "is folded without a title; give it mystnb: code_prompt_show"
    if unknown := set(tags) - TAGS:
        yield f"has tags the book does not use: {sorted(unknown)}"
    try:
        tree = ast.parse(cell["source"])
    except SyntaxError as error:
        yield f"is not Python: {error}"
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None) or alias.name for alias in node.names]
            for package in {name.partition(".")[0] for name in names} - PACKAGES:
                yield f"imports {package}, which a light install lacks"
            if not is_first:
                yield f"imports {names[0]}; imports stand in the first code cell"


def output_faults(cell, count):
    """What is wrong with a code cell's stored outputs."""
    if cell["execution_count"] != count:
        yield f"has execution count {cell['execution_count']}, should be {count}: run it in order"
    pictures = 0
    for output in cell["outputs"]:
        if output["output_type"] == "error" or output.get("name") == "stderr":
            yield f"stores an error or a warning: {str(output)[:200]}"
        if output.get("execution_count", count) != count:
            yield f"has an output of execution {output['execution_count']}, should be {count}"
        data = {kind: "".join(text) for kind, text in output.get("data", {}).items()}
        is_picture = any(kind.startswith("image/") for kind in data)
        pictures += is_picture
        if is_picture and set(data) != {"image/svg+xml", "text/plain"}:
            yield f"shows a picture as {sorted(data)}, not as SVG with its text form"
        if is_picture and not prose.printed(cell):
            yield "shows a figure whose text form holds no number"
        for kind, text in data.items():
            if kind != "image/svg+xml" and text.lstrip().startswith(("<svg", "<?xml", "<Figure")):
                yield f"hides a picture in {kind}, where nothing compares it"
    label = cell["metadata"].get("label", "")
    if pictures != ("figures.show(" in cell["source"]) or pictures != label.startswith("fig-"):
        yield f"shows {pictures} figures; a figure cell shows one and has a label fig-..."
    if label and label != cell["id"]:
        yield f"has label {label}, which is not its id"


def size_faults(cell):
    """What is too long to be read at once, of a cell that the page shows open."""
    folded = {"hide-cell", "hide-input", "remove-cell", "remove-input"}
    if folded & set(cell["metadata"].get("tags", [])) or "figures.show(" in cell["source"]:
        return
    lines = cell["source"].count("\n") + 1
    if lines > LONGEST_CELL and cell["id"] != "story":
        yield f"has {lines} lines of code; at most {LONGEST_CELL} can be read at once"
    texts = ["".join(output.get("text", "")) for output in cell["outputs"]]
    widest = max((len(line) for text in texts for line in text.split("\n")), default=0)
    if widest > WIDEST_OUTPUT:
        yield f"prints {widest} columns; a phone shows {WIDEST_OUTPUT}"


def caption_fault(cell, after):
    """What is wrong with the caption after a figure cell, or None."""
    source = after["source"] if after and after["cell_type"] == "markdown" else ""
    match = CAPTION.match(source)
    if not match or match[1] != cell["metadata"]["label"]:
        return "needs its caption cell next: {figure}, its :name:, a bold first sentence"
    if not re.search(r"^:alt: \S.{20,}", match[2], re.MULTILINE):
        return "needs :alt: text that says what is drawn"
    return None


def faults(name, notebook):
    """Every broken rule of a notebook, one message each with chapter and cell."""
    cells, messages, count = notebook["cells"], [], 0
    ids = [cell.get("id") for cell in cells]
    for cell, after in zip(cells, [*cells[1:], None], strict=True):
        found = []
        if ids.count(cell.get("id")) > 1 or not re.fullmatch(r"[a-z0-9-]+", cell.get("id") or ""):
            found.append("has an id that is missing, ill-formed or used twice")
        if machine := MACHINE.search(cell["source"] + prose.output_text(cell)):
            found.append(f"holds a path or address of one machine: {machine[0]}")
        if cell["cell_type"] == "code":
            count += 1
            found += [*code_faults(cell, count == 1), *output_faults(cell, count)]
            found += size_faults(cell)
            if cell["metadata"].get("label", "").startswith("fig-"):
                found += filter(None, [caption_fault(cell, after)])
        messages += [f"{name}, cell {cell.get('id')}: {fault}" for fault in found]
    return messages


@pytest.mark.parametrize("path", prose.CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_is_stored_as_it_ran(path):
    """Every cell executed in order, nothing hidden from nbval, every figure with its caption."""
    found = faults(path.stem, prose.load(path))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", prose.CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_is_in_normal_form(path):
    """`make notebooks` would change nothing but outputs: one kernelspec, no timings, one indent."""
    notebook = nbformat.read(path, as_version=4)
    normal = TOOL["text_of"](TOOL["normalise"](notebook))
    same = normal == path.read_text(encoding="utf-8")
    assert same, f"{path.stem} is not in normal form: run `make notebooks`"


def test_the_chapters_are_found_and_rerun(pytestconfig):
    """The checks above have something to check, and pytest runs nbval strictly."""
    assert prose.CHAPTERS
    assert pytestconfig.getoption("nbval")
    assert not pytestconfig.getoption("nbval_lax")
    assert "chapters" in pytestconfig.getini("testpaths")


def test_the_user_s_own_profile_does_not_reach_a_notebook(tmp_path, monkeypatch):
    """Neither what IPython runs at its start nor how Matplotlib is set."""
    startup = tmp_path / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "mine.py").write_text("import numpy; numpy.set_printoptions(precision=1)")
    (tmp_path / "matplotlibrc").write_text("font.size: 40")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("MATPLOTLIBRC", str(tmp_path / "matplotlibrc"))
    code = "import matplotlib, numpy; print(numpy.array([0.125]), matplotlib.rcParams['font.size'])"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    TOOL["execute"](notebook)
    assert notebook.cells[0].outputs[0]["text"] == "[0.125] 10.0\n"


def test_a_checkout_on_windows_keeps_unix_line_ends():
    said = (prose.ROOT / ".gitattributes").read_text(encoding="utf-8")
    assert "* text=auto eol=lf" in said
    assert "*.png binary" in said
