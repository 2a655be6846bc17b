"""What drives browsers in tests: a test that needs one ends where there is none."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tools import headless
from tools.headless import find, served  # noqa: F401 - tests have them from here

PYODIDE = "let this machine reach it, or set PYODIDE_FILES to a folder with its release"


def missing(tool, advice):
    """End a test that needs a tool: a failure in CI, elsewhere a skip that says so."""
    message = f"{tool} is not there, so this was not checked: {advice}"
    (pytest.fail if os.environ.get("CI") else pytest.skip)(message)


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def firefox(address, *task):
    """What `firefox.mjs` finds in a real Firefox; without one, the test ends."""
    program = find("FIREFOX", "firefox-esr", "firefox")
    if not program:
        missing("Firefox", "install it, or set FIREFOX to its path")
    command = [Path(sys.executable).parent / "node", Path(__file__).parent / "firefox.mjs"]
    done = subprocess.run(
        [*command, program, address, *task],
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def export_and_reset(page, path):
    """Save the reader's progress to a file and delete it; the page reloads."""
    with page.expect_download() as download:
        page.click("#progress >> text=Export")
    download.value.save_as(path)
    page.click("#progress >> text=Reset")
    with page.expect_navigation():
        page.click("dialog button:text-is('Delete')")


@contextlib.contextmanager
def jupyterlab(folder, **settings):
    """The address of a JupyterLab on a folder, with these variables set in its environment."""
    port = free_port()
    program = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    options = [f"--port={port}", "--IdentityProvider.token=", f"--notebook-dir={folder}"]
    own = {f"JUPYTER_{name}_DIR": str(folder / name) for name in ("CONFIG", "RUNTIME")}
    server = subprocess.Popen(
        [*program, *options, "--ServerApp.password=", "--LabApp.expose_app_in_browser=True"],
        env=os.environ | own | settings,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{url}/api", timeout=1)
                break
            except OSError:
                time.sleep(0.5)
        yield url
    finally:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(20)
        server.kill()
        server.wait()


@contextlib.contextmanager
def chromium():
    """`tools.headless.chromium`; without one, the test ends."""
    try:
        with headless.chromium() as running:
            yield running
    except headless.Missing as why:
        missing("Chromium", str(why))
