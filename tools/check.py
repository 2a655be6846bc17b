"""Check a change at hand in half a minute: `make check`, or `make check FILES="one two"`.

Without FILES, the change is what differs from the last commit, new files included. The files are
linted, and the tests run that belong to them; the rest is for `make test`.
"""

import fnmatch
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Files, and their tests; the first pattern that fits counts. Beside these, `test_feedback.py` and
# `test_feedback_*.py` belong to any file `feedback.*`. Of the tests BY_NAME, only the cases run
# that name the file.
OF_CE_LIB = (
    "reference bad_input calibration datasets derivatives every_array imbalance information"
    " language linear logits loss"
)
BY_NAME = [
    ("chapters/*.ipynb", "notebooks prose voice pages reading_time notation exercises"),
    ("exercises/ps-*.py", "sets voice"),
    ("practice/*.py", "exercises voice"),
    ("*.md", "prose voice pages"),
    ("*", "voice"),
]
WHOLE = [
    ("ce_lib/widgets/*", "bad_input"),
    ("ce_lib/*.py", OF_CE_LIB),
    ("pages/for_teachers.md", "teachers"),
    ("pages/checks.md", "checks_page"),
    ("pages/references.bib", "reference"),
    ("chapters/*.ipynb", "map glossary"),
    ("grading/inside/*", "exchange"),
    ("grading/intake/*", "intake_attacks"),
    (".github/*", "release"),
    ("README.md", "readme release"),
    ("CONTRIBUTING.md", "readme release"),
    ("Makefile", "readme release"),
    ("pyproject.toml", "release"),
]


def changed():
    """The files that differ from the last commit."""
    listed = ["git", "diff", "--name-only", "--diff-filter=d", "HEAD"], ["git", "ls-files", "-o"]
    for command in listed:
        options = ["--exclude-standard"] if "-o" in command else []
        yield from subprocess.check_output([*command, *options], cwd=ROOT, text=True).splitlines()


def belonging(file, table):
    """The test files that the first fitting line of a table names."""
    names = next((names for pattern, names in table if fnmatch.fnmatch(file, pattern)), "")
    return [f"tests/test_{name}.py" for name in names.split()]


def commands(files):
    """What to run for these files, and those of them that no test belongs to."""
    code = [file for file in files if file.endswith((".py", ".ipynb"))]
    run = [["ruff", "check", *code], ["ruff", "format", "--check", *code]] if code else []
    run += [["codespell", *files]] if files else []
    run += [["mypy"]] if any(f.startswith(("ce_lib/", "grading/")) for f in code) else []
    whole, by_name, keys, left = set(), set(), set(), []
    for file in files:
        stem = Path(file).stem
        found = [p for end in ("", "_*") for p in (ROOT / "tests").glob(f"test_{stem}{end}.py")]
        own = [f"tests/{path.name}" for path in found]
        own += [file] if file.startswith("tests/test_") else []
        tests = {*own, *belonging(file, WHOLE)}
        whole |= tests
        by_name |= {*belonging(file, BY_NAME), *([file] if file.endswith(".ipynb") else [])}
        keys.add(stem)
        left += [] if tests or belonging(file, BY_NAME)[1:] else [file]
    pytest = ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not machine"]
    run += [[*pytest, *sorted(by_name - whole), "-k", " or ".join(sorted(keys))]] if by_name else []
    run += [[*pytest, *sorted(whole)]] if whole else []
    return run, left


def main(files):
    """Run what belongs to the files; True if all of it passes."""
    run, left = commands(sorted(files or changed()))
    failed = []
    for command in run:
        print("$", *command, flush=True)
        program = Path(sys.executable).with_name(command[0])
        if subprocess.run([program, *command[1:]], cwd=ROOT, check=False).returncode not in (0, 5):
            failed.append(command)
    print("\nFailed:" if failed else "\nAll passed.", *(" ".join(c[:3]) for c in failed))
    print("Left to `make test`: browsers, jails and the build", *left, sep="\n  ")
    return not failed


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
