"""`make check` finds the tests of each kind of file, and fails when one of them does."""

import shutil
import subprocess
import sys
from pathlib import Path

import check
import prose
import pytest

KINDS = {
    "chapters/03_softmax.ipynb": "notebooks prose voice pages reading_time notation exercises map"
    " glossary",
    "pages/glossary.md": "prose voice pages glossary",
    "pages/for_teachers.md": "prose voice pages teachers",
    "exercises/ps-softmax.py": "sets voice",
    "practice/03_softmax.py": "exercises voice",
    "ce_lib/linear.py": f"voice {check.OF_CE_LIB}",
    "tools/check.py": "voice check",
    "pyproject.toml": "voice release",
    "ce_lib/widgets/gradient_explorer.mjs": "voice bad_input",
    "grading/intake/owners.py": "voice intake_attacks",
    "grading/inside/exchange.py": "voice exchange",
    "CONTRIBUTING.md": "prose voice pages readme release",
    ".github/workflows/test.yml": "voice release",
    "tests/test_logits.py": "voice logits",
}


def called(run):
    """The test files that pytest is to run."""
    return {word for command in run for word in command if word.startswith("tests/")}


@pytest.mark.parametrize(("file", "names"), KINDS.items(), ids=KINDS)
def test_each_kind_of_file_has_its_tests(file, names):
    run, _ = check.commands([file])
    assert called(run) == {f"tests/test_{name}.py" for name in names.split()}
    assert all((prose.ROOT / name).exists() for name in called(run))
    lines = [" ".join(command) for command in run]
    assert any(line.startswith("codespell") and file in line for line in lines)
    assert ("mypy" in lines) == (file.startswith(("ce_lib/", "grading/")) and file.endswith("py"))
    assert any(line.startswith("ruff") for line in lines) == file.endswith((".py", ".ipynb"))


def test_a_chapter_runs_again_and_alone():
    (run,) = (c for c in check.commands(["chapters/03_softmax.ipynb"])[0] if "-k" in c)
    assert "chapters/03_softmax.ipynb" in run
    assert run[-1] == "03_softmax"


def test_what_has_no_test_of_its_own_is_left_and_named():
    assert check.commands(["website/theme/book.css", "tests/test_logits.py"])[1] == [
        "website/theme/book.css"
    ]
    assert check.commands([]) == ([], [])


@pytest.fixture
def change(tmp_path, monkeypatch):
    """A repository of two files, one of them changed since and a third one new."""
    git = ["git", "-c", "user.name=x", "-c", "user.email=x"]
    (tmp_path / "same.py").write_text('"""Same."""\n')
    (tmp_path / "gone.py").write_text("")
    (tmp_path / "changed.py").write_text("")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    (tmp_path / "changed.py").write_text('"""Changed."""\n')
    (tmp_path / "new.py").write_text('"""New."""\n')
    (tmp_path / "gone.py").unlink()
    monkeypatch.setattr(check, "ROOT", tmp_path)
    monkeypatch.setattr(check, "BY_NAME", [])
    return tmp_path


def test_a_change_is_what_differs_from_the_last_commit_and_what_is_new(change):
    assert sorted(check.changed()) == ["changed.py", "new.py"]


def test_one_fault_fails_the_check(change, capfd):
    assert check.main([])
    (change / "new.py").write_text("import os\n")
    assert not check.main([])
    said = capfd.readouterr().out
    assert "$ ruff check changed.py new.py" in said
    assert "Failed: ruff check changed.py" in said


def test_a_misspelt_word_is_found_wherever_it_stands(tmp_path):
    """By codespell as `make test` calls it: without the names of files."""
    shutil.copy(prose.ROOT / "pyproject.toml", tmp_path)
    wrong = "rec" + "ieve"
    for name in ("README.md", "ce_lib/loss.py", "chapters/01_x.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"We {wrong} it.\n", encoding="utf-8")
    program = Path(sys.executable).with_name("codespell")
    said = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    assert said.count(f"{wrong} ==>") == 3
