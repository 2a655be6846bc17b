"""The book as PDF, EPUB and a zip of the website, all made from the built website.

    python -m downloads.pdf | downloads.epub | downloads.site        (make pdf, make epub, make zip)

PDF and EPUB share the whole book as one document in a headless Chromium, which reads the site's
pages as any browser does; assemble.mjs, print.mjs and epub.mjs run there.
"""

import contextlib
import sys
import zipfile
from datetime import date
from pathlib import Path

from tools import headless

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
SITE, DIST = ROOT / "_build" / "html", ROOT / "dist"
NAME = "cross-entropy-and-softmax"
FONTS = ROOT / "website" / "node_modules"
LICENCE = "Text and figures: CC BY 4.0 (creativecommons.org/licenses/by/4.0). Code: BSD-3-Clause."
SUBTITLE = "From scores to loss, by running it"


@contextlib.contextmanager
def assembled(site, chromium):
    """The built site as one document: the browser's page that holds it, and what is in it.

    The second is a dict of title, author, edition (a date), version, published (the site's
    address), drawing and pages, each page with id, title, part and sections.
    """
    from downloads import cover

    scripts = [
        (HERE / name).read_text("utf-8") for name in ("assemble.mjs", "print.mjs", "epub.mjs")
    ]
    with (
        headless.served(site) as address,
        chromium.new_context(
            bypass_csp=True, service_workers="block", color_scheme="light", device_scale_factor=2
        ) as context,
    ):
        context.set_default_timeout(120_000)
        context.route("**/_static/book.js", lambda route: route.abort())
        context.route(
            "**/node_modules/**",
            lambda route: route.fulfill(path=FONTS / route.request.url.split("node_modules/")[1]),
        )
        page = context.new_page()
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(address + "index.html")
        page.add_style_tag(content=(HERE / "print.css").read_text("utf-8"))
        page.add_script_tag(content="\n".join(scripts))
        book = page.evaluate("assemble()")
        if problems:
            raise RuntimeError("; ".join(problems))
        day = date.fromisoformat(book["edition"])
        book |= {"day": f"{day.day} {day:%B %Y}", "licence": LICENCE, "subtitle": SUBTITLE}
        yield page, book | {"drawing": cover.drawing()}


@contextlib.contextmanager
def archive(path, edition):
    """A zip being written: a function of name, content and kind of compression.

    Every entry is dated `edition` (YYYY-MM-DD), so that the same content gives the same file.
    """
    day = (*map(int, edition.split("-")), 0, 0, 0)
    with zipfile.ZipFile(path, "w") as file:

        def add(name, content, kind=zipfile.ZIP_DEFLATED):
            entry = zipfile.ZipInfo(name, day)
            entry.external_attr = 0o644 << 16
            file.writestr(entry, content, kind, 9)

        yield add


def target(suffix):
    """Where a download is written; ends the program if there is no built site."""
    if not (SITE / "index.html").exists():
        sys.exit("There is no website in _build/html: run `make book` first")
    DIST.mkdir(exist_ok=True)
    return DIST / f"{NAME}{suffix}"


def make(write, suffix):
    """Run `write(site, path, chromium)` on the built site, and say what was written."""
    path = target(suffix)
    try:
        with headless.chromium() as chromium:
            write(SITE, path, chromium)
    except headless.Missing as why:
        sys.exit(f"There is no Chromium: {why}")
    report(path)


def report(path):
    """Say what was written."""
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1e6:.1f} MB")
