"""A headless Chromium, and a server for the site: what the tests and the benchmark drive."""

import contextlib
import functools
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PYODIDE = "let this machine reach it, or set PYODIDE_FILES to a folder with its release"
TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".woff2": "font/woff2"}


def missing(tool, advice):
    """End a test that needs a tool: a failure in CI, elsewhere a skip that says so."""
    message = f"{tool} is not there, so this was not checked: {advice}"
    (pytest.fail if os.environ.get("CI") else pytest.skip)(message)


def find(variable, *names):
    """The path of a program: from the environment, or by one of its names; None if neither."""
    return os.environ.get(variable) or next(filter(None, map(shutil.which, names)), None)


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
    """Chromium without windows: from CHROMIUM, the system, or Playwright's own download.

    The headless shell comes first: with the whole browser a visit takes twice as long.
    """
    from playwright.sync_api import Error, sync_playwright

    whole = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = find("CHROMIUM", "chromium-headless-shell", *whole)
    with sync_playwright() as playwright:
        try:
            running = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        except Error as why:
            if path or "playwright install" not in why.message:
                raise
            command = ".venv/bin/playwright install --only-shell chromium"
            missing("Chromium", f"install it, or run `{command}`")
        yield running
        running.close()


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves one folder as /book/, without a log."""

    clean = False

    def translate_path(self, path):
        """Only what is below /book/ exists."""
        if not path.startswith("/book/"):
            return os.path.join(self.directory, "nothing-stands-here")
        return super().translate_path(path.removeprefix("/book"))

    def do_GET(self):
        """Redirect x.html to x where URLs are to be clean; answer x with x.html."""
        path = self.path.partition("?")[0]
        if self.clean and path.endswith(".html"):
            self.send_response(308)
            self.send_header("Location", path.removesuffix("index.html").removesuffix(".html"))
            return self.end_headers()
        if self.clean and not Path(self.translate_path(path)).exists():
            self.path = path + ".html"
        return super().do_GET()

    def end_headers(self):
        """Let pages of any address read a file, as GitHub Pages does."""
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def guess_type(self, path):
        """The types of scripts and fonts, whatever this system's registry thinks."""
        return TYPES.get(Path(path).suffix) or super().guess_type(path)

    def log_message(self, *args):
        """Say nothing."""


@contextlib.contextmanager
def served(folder, clean=False):
    """The address, ending in /book/, at which a folder is served while the context lasts.

    clean : whether the server redirects x.html to x, as some do.
    """
    kind = type("Handler", (Handler,), {"clean": clean})
    handler = functools.partial(kind, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/book/"
        server.shutdown()
