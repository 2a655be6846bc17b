"""A headless Chromium, and a server for the site: what tests, downloads and benchmarks drive."""

import contextlib
import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".woff2": "font/woff2"}


class Missing(RuntimeError):
    """There is no Chromium; the message says how to get one."""


def find(variable, *names):
    """The path of a program: from the environment, or by one of its names; None if neither."""
    return os.environ.get(variable) or next(filter(None, map(shutil.which, names)), None)


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
            raise Missing(f"install Chromium, or run `{command}`") from None
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
