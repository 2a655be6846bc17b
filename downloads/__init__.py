"""The book to take along: PDF, EPUB and the site as a zip, all made from the built website.

    python -m downloads.pdf | downloads.epub | downloads.site        (make pdf, make epub, make zip)

What they share: the whole book as one document in a headless Chromium, which has read the pages
as a browser does; assemble.mjs does the work there.
"""

import contextlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
SITE, DIST = ROOT / "_build" / "html", ROOT / "dist"
NAME = "cross-entropy-and-softmax"
FONTS = ROOT / "website" / "node_modules"


@contextlib.contextmanager
def assembled(site, chromium, style):
    """The built site as one document: the browser's page that holds it, and what is in it.

    The second is a dict of title, edition, version, published (the site's address) and pages, each
    with id, title, part and sections. `style` is a style sheet of this folder; the fonts that it
    names are taken from website/node_modules.
    """
    from tests import browser

    with (
        browser.served(site) as address,
        chromium.new_context(bypass_csp=True, service_workers="block") as context,
    ):
        context.set_default_timeout(120_000)
        context.route("**/_static/book.mjs", lambda route: route.abort())
        context.route(
            "**/node_modules/**",
            lambda route: route.fulfill(path=FONTS / route.request.url.split("node_modules/")[1]),
        )
        page = context.new_page()
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(address + "index.html")
        page.add_style_tag(content=(HERE / style).read_text(encoding="utf-8"))
        page.add_script_tag(content=(HERE / "assemble.mjs").read_text("utf-8"), type="module")
        book = page.evaluate("assemble()")
        if problems:
            raise RuntimeError("; ".join(problems))
        yield page, book


def make(write, suffix):
    """Run `write(site, path, chromium)` on the built site; the path is in dist/."""
    from tests import browser

    if not (SITE / "index.html").exists():
        sys.exit("There is no website in _build/html: run `make book` first")
    DIST.mkdir(exist_ok=True)
    path = DIST / f"{NAME}{suffix}"
    with browser.chromium() as chromium:
        write(SITE, path, chromium)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1e6:.1f} MB")
