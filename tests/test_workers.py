"""Two workers: a file stays together, what is alone is alone, what both need is made once."""

import os
import subprocess
import sys
import textwrap

import prose
import pytest

pytestmark = pytest.mark.machine  # the locks are Unix's
HEAD = """
import os, time
from pathlib import Path
import conftest, pytest

DONE = Path(__file__).with_name("done")

def work(name):
    start = time.monotonic()
    time.sleep(0.05)
    line = f"{name} {os.environ['PYTEST_XDIST_WORKER']} {start} {time.monotonic()}"
    with DONE.open("a") as file:
        file.write(line + chr(10))

@pytest.fixture(scope="session")
def made(tmp_path_factory):
    return conftest.once(tmp_path_factory, "made", lambda folder: (work("make"), folder)[1])

@pytest.mark.parametrize("number", range(8))
def test_work(made, number):
    assert made.exists()
    work(f"{Path(__file__).stem}-{number}")
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """What four files of eight tests did, in the order of their ends: name, worker, start, end."""
    folder = tmp_path_factory.mktemp("workers")
    for name in ("hostile", "grading", "site", "loss"):
        text = textwrap.dedent(HEAD)
        text += "pytestmark = pytest.mark.alone\n" * (name == "hostile")
        (folder / f"test_{name}.py").write_text(text, encoding="utf-8")
    makefile = (prose.ROOT / "Makefile").read_text(encoding="utf-8")
    (options,) = (line.split("pytest ")[1] for line in makefile.splitlines() if " -n 2" in line)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        prose.ROOT / "pyproject.toml",
        "-o",
        "addopts=",
    ]
    command += ["--rootdir", folder, "-p", "conftest", "-p", "no:cacheprovider", *options.split()]
    paths = [
        str(prose.ROOT / "tests"),
        str(prose.ROOT),
        *os.environ.get("PYTHONPATH", "").split(":"),
    ]
    env = {name: value for name, value in os.environ.items() if "XDIST" not in name}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    run = subprocess.run(
        [*command, folder], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.strip().splitlines()[-1].count("32 passed") == 1
    lines = [line.split() for line in (folder / "done").read_text().splitlines()]
    return [(name, worker, float(start), float(end)) for name, worker, start, end in lines]


def test_what_two_workers_need_is_made_once(done):
    assert sum(name == "make" for name, *_ in done) == 1
    assert {worker for _, worker, *_ in done} == {"gw0", "gw1"}


def test_a_test_that_is_alone_has_no_neighbour(done):
    alone = [line for line in done if line[0].startswith("test_hostile")]
    assert len(alone) == 8
    for name, _, start, end in alone:
        beside = [n for n, _, s, e in done if n not in (name, "make") and s < end and e > start]
        assert not beside


def test_the_tests_of_a_file_run_in_one_worker_in_their_order(done):
    for file in ("test_hostile", "test_grading", "test_site", "test_loss"):
        mine = [(name, worker) for name, worker, *_ in done if name.startswith(file)]
        assert [name for name, _ in mine] == [f"{file}-{number}" for number in range(8)]
        assert len({worker for _, worker in mine}) == 1
    jails = {
        worker for name, worker, *_ in done if name.startswith(("test_hostile", "test_grading"))
    }
    assert len(jails) == 1, "what grades on every processor"
