"""What several tests share: the website, built once, and a browser that reads it."""

import importlib.util
import os
import re
import runpy
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

import browser
import prose
import pytest

MACHINE = {"chromium", "self_hosted", "site"}  # fixtures that want a browser, or Node and a Unix


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
    return build(tmp_path_factory.mktemp("site") / "copy")


@pytest.fixture(scope="session")
def second_site(tmp_path_factory, site):
    """The same built once more, elsewhere and later."""
    return build(tmp_path_factory.mktemp("again") / "another")


@pytest.fixture(scope="session")
def self_hosted(tmp_path_factory, site):
    """The website with Pyodide's release in it."""
    from ce_site import lite

    release = os.environ.get("PYODIDE_FILES") or fetched_release(tmp_path_factory.mktemp("pyodide"))
    folder = tmp_path_factory.mktemp("self-hosted")
    shutil.copytree(site, folder, ignore=shutil.ignore_patterns("lite"), dirs_exist_ok=True)
    lite.build(prose.ROOT, folder / "lite", tmp_path_factory.mktemp("lite") / "work", release)
    (folder / "_static/worker.js").write_text(lite.page_worker(folder / "lite"), encoding="utf-8")
    return folder


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
