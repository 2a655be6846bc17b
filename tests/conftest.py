"""What several tests share: the website, built once, and a browser that reads it."""

import os
import re
import shutil
import subprocess
import sys

import browser
import prose
import pytest

MACHINE = {"chromium", "site"}  # fixtures that want a browser, or Node and a Unix


def pytest_collection_modifyitems(items):
    """Mark what needs more than Python; `-m "not machine"` runs the rest on any system."""
    for item in items:
        if MACHINE & set(getattr(item, "fixturenames", ())):
            item.add_marker("machine")


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The website's folder, built from a copy with every warning an error."""
    copy = tmp_path_factory.mktemp("site") / "copy"
    skip = shutil.ignore_patterns("_build", ".*", "__pycache__", "tests", "node_modules", "wheels")
    shutil.copytree(prose.ROOT, copy, ignore=skip)
    for name in ("node_modules", "wheels"):
        made = prose.ROOT / "website" / name
        assert made.exists(), f"the website needs it: run `make website/{name}`"
        os.symlink(made, copy / "website" / name, target_is_directory=True)
    jupyter_book = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    command = [*jupyter_book, "build", "-W", "-n", "--keep-going", "."]
    done = subprocess.run(
        command, cwd=copy, capture_output=True, text=True, timeout=300, check=False
    )
    log = done.stdout + done.stderr
    assert done.returncode == 0, "\n".join(re.findall(r".*(?:WARNING|ERROR).*", log)) or log
    return copy / "_build" / "html"


@pytest.fixture(scope="session")
def address(site):
    """Where the website is served, below a path as a project's pages are."""
    with browser.served(site) as url:
        yield url


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium for the whole run."""
    with browser.chromium() as running:
        yield running
