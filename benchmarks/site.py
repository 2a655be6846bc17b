"""How quickly a chapter opens on a slow phone, and how quickly its first cell prints.

    python -m benchmarks.site          (in .venv; `make bench` puts the table into its page)

Each page is opened in a fresh headless Chromium at 1.6 Mbps, 150 ms and a processor four times
slower, the pages in turn: default Jupyter Book, this book, and bare HTML, which is the chapter's
text, its formulas as MathML and its figures, without style or script. A cell is run in its page and
in JupyterLite, on this machine as it is, by a browser that has nothing stored. Pyodide comes from
its CDN or, where PYODIDE_FILES names a folder with its release, from there. A figure is the median
of five.
"""

import contextlib
import gzip
import http.server
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

from benchmarks import table

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = "chapters/07_gradients.html"  # the longest, with the most formulas
FIRST = "03_softmax", "seed-demo"  # a chapter and its first cell
ROUNDS = 5
OBSERVE = """
    window.seen = {lcp: 0, shift: 0, blocked: 0};
    const watch = (type, use) => new PerformanceObserver((list) =>
        list.getEntries().forEach(use)).observe({type, buffered: true});
    watch('largest-contentful-paint', (e) => { seen.lcp = e.startTime; });
    watch('layout-shift', (e) => { if (!e.hadRecentInput) seen.shift += e.value; });
    watch('longtask', (e) => { seen.blocked += Math.max(0, e.duration - 50); });
"""


RUN_FIRST = """async () => {
    await jupyterapp.commands.execute('notebook:clear-all-cell-outputs');
    jupyterapp.commands.execute('notebook:run-all-cells');
}"""
# Asked at each frame; a selector would be looked for twice a second only.
STATUS = """() =>
    document.querySelector('#ce-status')?.textContent.includes('What you run now')"""
FIRST_OUTPUT = """() => jupyterapp.shell.currentWidget.content.widgets.some(
    ({ model }) => model.type === 'code' && model.outputs.length > 0)"""


class Compressed(http.server.SimpleHTTPRequestHandler):
    """Serves a folder as a web host does: text compressed."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """The file, gzipped unless it is compressed already."""
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            path /= "index.html"
        if not path.is_file():
            return self.send_error(404)
        data, packed = path.read_bytes(), path.suffix not in (".woff2", ".woff", ".png")
        data = gzip.compress(data, 6) if packed else data
        self.send_response(200)
        script = path.suffix in (".mjs", ".js")
        self.send_header(
            "Content-Type", "text/javascript" if script else self.guess_type(str(path))
        )
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        """Say nothing."""


@contextlib.contextmanager
def served(folder):
    """The address of a folder while the context lasts."""
    handler = partial(Compressed, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def bare(html):
    """A chapter without style and script: its text, MathML and figures."""
    main = re.search(r"<main\b.*</main>", html, re.DOTALL)[0]
    formula = re.compile(
        r"<mjx-container.*?(<math .*?</math>)</mjx-assistive-mml></mjx-container>", re.DOTALL
    )
    main = re.sub(r'<mjx-container[^>]* class="narrow".*?</mjx-container>', "", main)
    main = formula.sub(r"\1", re.sub(r"<(script|style)\b.*?</\1>", "", main, flags=re.DOTALL))
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    return f'<!DOCTYPE html><html lang="en">{head}<title>bare</title>{main}</html>'


def default_book(folder):
    """The same chapters as Jupyter Book builds them without any settings."""
    copy = folder / "default"
    shutil.copytree(ROOT / "chapters", copy / "chapters", ignore=shutil.ignore_patterns(".*"))
    for name in ("pages", "index.md", "_toc.yml"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, copy / name)
    (copy / "_config.yml").write_text(
        "title: Default\nexecute: {execute_notebooks: 'off'}\nonly_build_toc_files: true\n"
        "bibtex_bibfiles: [pages/references.bib]\n"
        "parse: {myst_enable_extensions: [amsmath, colon_fence, deflist, dollarmath]}\n"
    )
    program = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    subprocess.run([*program, "build", "-q", "."], cwd=copy, capture_output=True, check=False)
    return copy / "_build" / "html"


def opened(browser, url):
    """One visit on the slow phone: milliseconds, layout shift, bytes, requests, other hosts'."""
    context = browser.new_context(
        viewport={"width": 375, "height": 800}, device_scale_factor=2, service_workers="block"
    )
    page = context.new_page()
    session = context.new_cdp_session(page)
    got = {"bytes": 0, "requests": 0, "foreign": 0}

    def finished(event):
        got["bytes"] += event["encodedDataLength"]

    def asked(event):
        address = event["request"]["url"]
        got["requests"] += not address.startswith("data:")
        got["foreign"] += not address.startswith(("data:", "http://127.0.0.1"))

    session.on("Network.loadingFinished", finished)
    session.on("Network.requestWillBeSent", asked)
    session.send("Network.enable")
    slow = {"downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8, "latency": 150}
    session.send("Network.emulateNetworkConditions", {"offline": False, **slow})
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.add_init_script(OBSERVE)
    page.goto(url, wait_until="load", timeout=120_000)
    page.wait_for_timeout(3000)
    seen = page.evaluate("seen")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    context.close()
    return {"fcp": paint, **seen, **got}


def measure(built):
    """The medians for each kind of page, visited in turn."""
    from tools import headless

    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "bare.html").write_text(bare((built / CHAPTER).read_text("utf-8")), "utf-8")
        pages = {
            "Jupyter Book as it comes": stack.enter_context(served(default_book(folder))) + CHAPTER,
            "this book": stack.enter_context(served(built)) + CHAPTER,
            "bare HTML": stack.enter_context(served(folder)) + "bare.html",
        }
        chromium = stack.enter_context(headless.chromium())
        visits = {name: [] for name in pages}
        for _ in range(ROUNDS):
            for name, url in pages.items():
                visits[name].append(opened(chromium, url))
    return {
        name: {key: statistics.median(visit[key] for visit in seen) for key in seen[0]}
        for name, seen in visits.items()
    }


def in_the_page(page, address):
    """Seconds from pressing Run at a chapter's first cell to its output, in its page."""
    chapter, cell = FIRST
    page.goto(f"{address}chapters/{chapter}.html", wait_until="networkidle")
    began = time.monotonic()
    page.click(f"#cell-{cell} [data-do=run]")
    page.wait_for_function(f"() => document.querySelector('#cell-{cell} .yours .outputs pre')")
    return time.monotonic() - began


def in_jupyterlite(page, address):
    """Seconds from opening the chapter's notebook, running it from the top, to its first output."""
    began = time.monotonic()
    page.goto(f"{address}lite/notebooks/?path=chapters/{FIRST[0]}.ipynb")
    page.wait_for_function(STATUS)
    page.evaluate(RUN_FIRST)
    page.wait_for_function(FIRST_OUTPUT)
    return time.monotonic() - began


def first_outputs(built):
    """The text and table of what a reader waits for the first output."""
    from tools import headless

    ways = {"Run, in the page": in_the_page, "JupyterLite": in_jupyterlite}
    seconds = {name: [] for name in ways}
    with contextlib.ExitStack() as servers:
        address, chromium = map(
            servers.enter_context, (headless.served(built), headless.chromium())
        )
        files = os.environ.get("PYODIDE_FILES")
        local = files and servers.enter_context(headless.served(files))
        allow = {"access-control-allow-origin": "*"}

        def answer(route):  # redirected: 30 MB through the browser's debugger would take time
            place = local + route.request.url.rpartition("/")[2]
            route.fulfill(status=302, headers={"location": place, **allow})

        for _ in range(ROUNDS):
            for name, way in ways.items():
                with chromium.new_context(service_workers="block") as context:
                    context.set_default_timeout(300_000)
                    if files:
                        context.route("https://cdn.jsdelivr.net/pyodide/**", answer)
                    seconds[name].append(way(context.new_page(), address))
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    share = medians["Run, in the page"] / medians["JupyterLite"]
    source = "a folder of this machine" if "PYODIDE_FILES" in os.environ else "its CDN"
    text = (
        "The first cell of chapter 3, run by a browser that has nothing stored, with Pyodide from"
        f" {source}; medians of {ROUNDS}, in turn. In the page it is the time from the press of"
        " *Run* to the output, in JupyterLite from opening the notebook. The page needs"
        f" {share:.2f} times as long."
    )
    rows = [[name, f"{median:.1f}"] for name, median in medians.items()]
    return f"{text}\n\n{table(['run', 'first output, s'], rows)}"


def report(built):
    """The text and table of the benchmarks page."""
    medians = measure(built)
    rows = [
        [
            name,
            f"{m['fcp'] / 1000:.2f}",
            f"{m['lcp'] / 1000:.2f}",
            f"{m['blocked']:.0f}",
            f"{m['shift']:.3f}",
            f"{m['bytes'] / 1000:,.0f}",
            f"{m['requests']:.0f}",
            f"{m['foreign']:.0f}",
        ]
        for name, m in medians.items()
    ]
    head = ["page", "first paint, s", "largest paint, s", "blocked, ms", "shift"]
    head += ["KB on the wire", "requests", "to other hosts"]
    ratio = medians["this book"]["lcp"] / medians["bare HTML"]["lcp"]
    text = (
        "Chapter 7 opened on an emulated slow phone (1.6 Mbps, 150 ms, a processor four times"
        f" slower) in headless Chromium; medians of {ROUNDS} visits, in turn. The bare page is the"
        " same text with MathML and the same figures, without style or script. The largest paint"
        f" of this book comes after {ratio:.2f} times the bare page's. If other hosts cannot be"
        " reached, *Jupyter Book as it comes* is measured without the files that it requests from"
        " them."
    )
    return f"{text}\n\n{table(head, rows)}\n\n{first_outputs(built)}"


if __name__ == "__main__":
    print(report(ROOT / "_build" / "html"))
