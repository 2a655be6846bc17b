"""What several tests share: the website, built once, and a browser that reads it.

`make test` runs two workers of pytest-xdist. Each takes the tests of one file after another.
"""

import importlib.util
import os
import re
import runpy
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import browser
import prose
import pytest

MACHINE = {"chromium", "self_hosted", "site"}  # fixtures that want a browser, or Node and a Unix
# These grade on every processor, so one worker runs them all.
JAILS = ["hostile", "grading", "honest", "intake_attacks", "feedback_attacks", "teachers"]
# What takes long begins early, so that both workers end at about the same time.
LONGEST = [*JAILS, "cells", "widgets", "site", "lite", "downloads", "exercises", "sets"]
ORDER = {name: place for place, name in enumerate(LONGEST)}
HELD = []  # the locks that this worker holds


@pytest.fixture(scope="session", autouse=True)
def neutral_settings(tmp_path_factory):
    """No kernel that a test starts reads this user's IPython profile or Matplotlib settings."""
    if importlib.util.find_spec("nbformat"):  # the peers' environment starts no kernel
        tool = runpy.run_path(str(prose.ROOT / "tools" / "notebooks.py"))
        os.environ.update(tool["neutral"](tmp_path_factory.mktemp("ipython")))


def pytest_collection_modifyitems(items):
    """Mark what needs more than Python; `-m "not machine"` runs the rest on any system."""
    for item in items:
        if MACHINE & set(getattr(item, "fixturenames", ())):
            item.add_marker("machine")
    items.sort(key=lambda item: ORDER.get(item.path.stem.removeprefix("test_"), len(ORDER)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A file's tests go to one worker, in their order: they share fixtures or a kernel."""
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return "jails" if Path(file).stem.removeprefix("test_") in JAILS else file

    return ByFile(config, log)


def place(tmp_path_factory):
    """The folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    """While tests marked `alone` run, one after another, the other worker waits."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return (yield)
    door, room = (place(item.config._tmp_path_factory) / name for name in ("door", "room"))
    alone, more = (test and test.get_closest_marker("alone") for test in (item, nextitem))
    if not alone:
        os.close(locked(door))  # closed by the worker that wants to be alone
        HELD.append(locked(room, together=True))
    elif not HELD:
        HELD.extend([locked(door), locked(room)])
    try:
        return (yield)
    finally:
        while HELD and not (alone and more):
            os.close(HELD.pop())


def locked(path, together=False):
    """Open a file and wait for its lock, which is held until the file is closed."""
    import fcntl

    file = os.open(path, os.O_CREAT | os.O_RDWR)
    fcntl.flock(file, fcntl.LOCK_SH if together else fcntl.LOCK_EX)
    return file


def once(tmp_path_factory, name, make):
    """What `make(folder)` returns, made by the worker that first asks for it; a path."""
    folder = place(tmp_path_factory) / name
    if "PYTEST_XDIST_WORKER" not in os.environ:
        folder.mkdir()
        return make(folder)
    made, lock = folder.with_suffix(".made"), locked(folder.with_suffix(".lock"))
    try:
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # the other worker's try, which failed
            folder.mkdir()
            made.write_text(str(make(folder)), encoding="utf-8")
    finally:
        os.close(lock)
    return Path(made.read_text(encoding="utf-8"))


def build(copy):
    """Build the website from a copy of the book, with every warning an error; its folder."""
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
def site(tmp_path_factory):
    """The website's folder."""
    return once(tmp_path_factory, "site", lambda folder: build(folder / "copy"))


@pytest.fixture(scope="session")
def second_site(tmp_path_factory, site):
    """The same built once more, elsewhere and later."""
    return build(tmp_path_factory.mktemp("again") / "another")


@pytest.fixture(scope="session")
def self_hosted(tmp_path_factory, site):
    """The website with Pyodide's release in it."""
    from ce_site import lite

    def make(folder):
        (folder / "pyodide").mkdir()
        release = os.environ.get("PYODIDE_FILES") or fetched_release(folder / "pyodide")
        made = folder / "site"
        shutil.copytree(site, made, ignore=shutil.ignore_patterns("lite"))
        lite.build(prose.ROOT, made / "lite", folder / "work", release)
        (made / "_static/worker.js").write_text(lite.page_worker(made / "lite"), encoding="utf-8")
        return made

    return once(tmp_path_factory, "self-hosted", make)


def fetched_release(folder):
    """The part of Pyodide's release that the book needs, from its CDN; its folder."""
    from ce_site import lite

    packages = lite.release_lock()["packages"]
    needed = lite.closure(packages, [name for name in lite.START if name in packages])
    try:
        for name in [*lite.CORE, *(packages[key]["file_name"] for key in needed)]:
            urllib.request.urlretrieve(lite.cdn() + name, folder / name)
    except urllib.error.URLError:
        browser.missing("Pyodide's CDN", browser.PYODIDE)
    return folder


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
