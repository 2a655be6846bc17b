"""The page on the checks tells the truth: its accidents are made again, its reports compared."""

import os
import re
import shutil
import subprocess
import sys

import prose
import pytest
from test_checks_bite import run_nbval, write

PAGE = (prose.ROOT / "pages/checks.md").read_text(encoding="utf-8")
ACCIDENTS = re.findall(
    r"^```diff\n--- (\S+?)(?:, cell (\S+))?\n-([^\n]*)\n\+([^\n]*)\n```\n\n```text\n(.*?)^```",
    PAGE,
    re.MULTILINE | re.DOTALL,
)
NOTEBOOKS = [a for a in ACCIDENTS if a[0].endswith("ipynb")]


def broken(file, cell_id, old, new):
    """A chapter cut to the cells up to the broken one that matter, and what kind of cell it is."""
    notebook = prose.load(prose.ROOT / file)
    cell = next(cell for cell in notebook["cells"] if cell["id"] == cell_id)
    stored = [output["text"] for output in cell.get("outputs", []) if "text" in output]
    places = [text for text in stored if f"{old}\n" in text]
    if places:
        (lines,) = places
        lines[lines.index(f"{old}\n")] = f"{new}\n"
    else:
        assert cell["source"].count(old) == 1, f"{file}, cell {cell_id} changed: update the page"
        cell["source"] = cell["source"].replace(old, new)
    return notebook, cell["cell_type"]


def squeezed(text):
    """Lines without the spaces that only align."""
    return [re.sub(r"\s+", " ", line).strip() for line in text.strip().splitlines()]


def assert_said(report, fence):
    """Each line of the page's fence stands in the report, in this order; … is what is left out."""
    said = iter(squeezed(report))
    for line in squeezed(fence):
        pattern = ".*".join(map(re.escape, line.split("…")))
        assert any(re.search(pattern, other) for other in said), f"the check did not say: {line}"


def test_an_accident_in_a_notebook_is_reported_as_the_page_says(tmp_path):
    """All of them in one run of nbval; of a chapter only its first code cell is needed."""
    assert len(NOTEBOOKS) == 3
    for number, (file, cell_id, old, new, _) in enumerate(NOTEBOOKS):
        notebook, kind = broken(file, cell_id, old, new)
        if kind == "code":
            code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
            kept = [code[0]] + [cell for cell in code[1:] if cell["id"] == cell_id]
            for count, cell in enumerate(kept, 1):
                cell["execution_count"] = count
            write(tmp_path / f"accident{number}.ipynb", {**notebook, "cells": kept})
    report = run_nbval(tmp_path)
    for number, (file, cell_id, old, new, fence) in enumerate(NOTEBOOKS):
        notebook, kind = broken(file, cell_id, old, new)
        if kind == "markdown":
            (message,) = prose.unsupported("chapter", notebook)
            assert_said(message, fence)
        else:
            part = re.search(rf"accident{number}\.ipynb::Cell(.*?)(?:\n_{{5}}|\Z)", report, re.S)
            assert_said(part[1], fence)


def test_the_accident_in_the_library_is_reported_as_the_page_says(tmp_path):
    ((file, _, old, new, fence),) = (a for a in ACCIDENTS if a not in NOTEBOOKS)
    shutil.copytree(prose.ROOT / "ce_lib", tmp_path / "ce_lib")
    source = (prose.ROOT / file).read_text(encoding="utf-8")
    assert source.count(old) == 1, f"{file} has changed: update the page"
    (tmp_path / file).write_text(source.replace(old, new), encoding="utf-8")
    options = ["-c", str(prose.ROOT / "pyproject.toml"), "-o", "pythonpath="]
    options += [
        "--rootdir",
        str(prose.ROOT),
        "-p",
        "no:cacheprovider",
        "-q",
        "-x",
        "-k",
        "gradient_is",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(prose.ROOT / "tests/test_loss.py")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "COLUMNS": "200"},
        timeout=300,
        check=False,
    )
    assert_said(done.stdout, fence)


def test_a_report_that_was_not_made_is_noticed():
    with pytest.raises(AssertionError, match="did not say"):
        assert_said("- bility 0.659\n+ bility 0.669", "- bility 0.659\n+ bility 0.679")
