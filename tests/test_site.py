"""The site as a browser meets it: self-contained, accessible, small, the same at any address.

How long a page takes is measured by `make bench`; here only what does not depend on the machine.
"""

import gzip
import json
import re
import shutil
from itertools import pairwise
from urllib.parse import urlsplit

import browser
import prose
import pytest
from fontTools.ttLib import TTFont
from playwright.sync_api import expect

PAGES = [
    path.relative_to(prose.ROOT).with_suffix(".html").as_posix()
    for path in [*prose.PAGES, *prose.CHAPTERS]
] + ["search.html", "404.html"]
CHAPTERS = [page for page in PAGES if page.startswith("chapters/")]
AXE = prose.ROOT / "website/node_modules/axe-core/axe.min.js"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 375, "height": 800}
WAIT_FOR_ALL = """async () => {
    for (let y = 0; y < document.documentElement.scrollHeight; y += 600) {
        window.scrollTo(0, y);
        await new Promise((done) => setTimeout(done, 15));
    }
    window.scrollTo(0, 0);
    await document.fonts.ready;
    await new Promise((done) => setTimeout(done, 250));
}"""


class Visit:
    """One page in a fresh browser context, with all that it asked for and complained about."""

    def __init__(self, chromium, url, **options):
        """Open the page and scroll through it, so that everything lazy has loaded."""
        self.context = chromium.new_context(service_workers="block", **options)
        self.page = self.context.new_page()
        self.errors, self.requests = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("requestfailed", lambda request: self.errors.append(request.url))
        self.page.goto(url, wait_until="load")
        self.page.evaluate(WAIT_FOR_ALL)

    def _heard(self, message):
        if message.type in ("error", "warning") and "Service Worker" not in message.text:
            self.errors.append(message.text)

    def __enter__(self):
        """Nothing to do but to hand it out."""
        return self

    def __exit__(self, *error):
        """Close the context."""
        self.context.close()


def local(url):
    """True for what the page brings along."""
    return urlsplit(url).scheme in ("data", "blob") or urlsplit(url).hostname == "127.0.0.1"


@pytest.mark.parametrize("page", [*PAGES, "search.html?q=softmax"])
def test_a_page_asks_no_other_host_and_has_no_fault(page, chromium, address):
    for size in (WIDE, NARROW):
        for scheme in ("light", "dark"):
            with Visit(chromium, address + page, viewport=size, color_scheme=scheme) as visit:
                where = f"{page} at {size['width']} px, {scheme}"
                assert [url for url in visit.requests if not local(url)] == [], where
                assert visit.errors == [], where
                width = visit.page.evaluate("document.documentElement.scrollWidth")
                assert width <= size["width"], f"{where} scrolls sideways: {width} px"
                assert axe(visit.page) == [], where


def test_the_checks_of_a_page_bite(chromium, site, tmp_path):
    """A foreign picture, an inline handler, pale text and a wide box are all reported."""
    fault = (
        '<img src="https://example.org/a.png"><p style="color:#aaa;background:#bbb">pale</p>'
        '<p onclick="alert(1)">press</p><div style="width:2000px">wide</div>'
    )
    page = (site / "404.html").read_text(encoding="utf-8")
    (tmp_path / "bad.html").write_text(page.replace("</h1>", "</h1>" + fault), encoding="utf-8")
    with (
        browser.served(tmp_path) as address,
        Visit(chromium, address + "bad.html", viewport=WIDE) as visit,
    ):
        assert any("Content Security Policy" in error for error in visit.errors)
        assert any("book.mjs" in error or "404" in error for error in visit.errors)
        found = " ".join(axe(visit.page))
        assert "color-contrast" in found
        assert "image-alt" in found
        assert visit.page.evaluate("document.documentElement.scrollWidth") > WIDE["width"]


def axe(page):
    """What axe-core finds wrong, as readable lines."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        f"{violation['id']}: {node['html'][:160]} {node['failureSummary']}"
        for violation in found
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_one_title_headings_in_order_and_words_for_pictures(page, site):
    text = (site / page).read_text(encoding="utf-8")
    levels = [int(level) for level in re.findall(r"<h([1-6])\b", text)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for image in re.findall(r"<img\b[^>]*>", text):
        assert re.search(r'\balt="[^"]', image), image
    for drawing in re.findall(r'<svg\b[^>]*role="img"[^>]*>', text):
        assert re.search(r'aria-label="[^"]', drawing), drawing


@pytest.mark.parametrize("page", PAGES[:-2])
def test_each_character_of_a_formula_has_its_style_and_its_glyph(page, site):
    """The style sheet sets each character that the page's formulas name, braces included."""
    text = (site / page).read_text(encoding="utf-8")
    style = re.search(r"<style>(.*?)</style>", text, re.S)[1]
    wanted = set(re.findall(r'<mjx-c class="(mjx-c[0-9A-F]+(?: TEX-[\w-]+)?)">', text))
    unset = [name for name in wanted if f"mjx-c.{name.replace(' ', '.')}::before" not in style]
    assert unset == []
    used = set(re.findall(r'<mjx-[^>]* ((?:r?space|size)="\w+")', text))
    assert [mark for mark in used if f"mjx-container [{mark}]" not in style] == []


def test_the_fonts_hold_each_character_that_the_style_sets(site):
    """A character without a glyph would be taken from another font, at another size."""
    style = re.search(r"<style>(.*?)</style>", (site / "index.html").read_text("utf-8"), re.S)[1]
    glyphs = {}
    for family, file in re.findall(r'font-family:(MJX[\w-]+);src:url\("\./(_static/[^"]*)"', style):
        glyphs[family] = set(TTFont(site / file).getBestCmap())
    for code, variant, content in re.findall(
        r'mjx-c\.mjx-c([0-9A-F]+)(?:\.(TEX-[\w-]+))?::before\{[^"}]*content:"([^"]*)"', style
    ):
        text = re.sub(r"\\([0-9A-F]+) ?", lambda m: chr(int(m[1], 16)), content)
        missing = {ord(c) for c in text} - glyphs["MJX" + (variant or "TEX")]
        assert not missing, (code, variant, content)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_only_the_scripts_its_policy_allows(page, site):
    text = (site / page).read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert "unsafe-eval" not in policy
    assert "script-src 'self' 'sha256-" in policy.replace("&#x27;", "'").replace("&#39;", "'")
    assert (
        re.search(r"<[^>]+\son\w+=", re.sub(r"<(script|style|pre)\b.*?</\1>", "", text, flags=re.S))
        is None
    )
    assert len(re.findall(r"<script>", text)) == 1


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_stays_within_its_budget(page, chromium, address, site):
    """At most 150 KB on the wire and 15 requests until a widget is reached."""
    with chromium.new_context(viewport=NARROW, service_workers="block") as context:
        opened, asked = context.new_page(), []
        opened.on("request", lambda request: asked.append(request.url))
        opened.goto(address + page, wait_until="networkidle")
    files = [
        urlsplit(url).path.removeprefix("/book/") for url in asked if not url.startswith("data:")
    ]
    sizes = {}
    for file in set(files):
        data = (site / file).read_bytes()
        sizes[file] = len(data) if file.endswith(".woff2") else len(gzip.compress(data, 6))
    assert sum(sizes.values()) <= 150_000, sizes
    assert len(files) <= 15, files


def test_without_scripts_the_text_the_formulas_and_the_figures_are_there(chromium, address):
    context = chromium.new_context(viewport=NARROW, java_script_enabled=False)
    page = context.new_page()
    for chapter in CHAPTERS:
        page.goto(address + chapter)
        width = page.locator("html").evaluate("(html) => html.scrollWidth")
        assert width <= NARROW["width"], f"{chapter} scrolls sideways: {width} px"
        assert page.locator("main h2").count() > 5
        assert page.locator("mjx-container").first.bounding_box()["width"] > 5
        assert page.locator("svg.ce-figure").first.bounding_box()["width"] > 200
        assert page.locator(".with-script:visible").count() == 0
    context.close()


@pytest.fixture
def reader(chromium, address):
    """A reader's page in a browser that keeps things; closed at the end."""
    context = chromium.new_context(viewport=WIDE, accept_downloads=True)
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.goto(address + "chapters/02_cross_entropy.html")
    yield page
    context.close()


def test_search_finds_a_word_and_works_by_keyboard(reader):
    reader.keyboard.press("Control+k")
    reader.keyboard.type("overflow")
    reader.keyboard.press("Enter")
    reader.wait_for_selector("#search-results li a")
    found = [a.get_attribute("href") for a in reader.locator("#search-results li a").all()[:2]]
    assert "glossary.html#term-overflow" in found[0]
    assert "05_stability" in found[1]
    expect(reader.locator("#search-results li p.context").first).to_contain_text("overflow")


def test_the_theme_is_chosen_and_kept(reader):
    before = reader.evaluate("getComputedStyle(document.body).backgroundColor")
    reader.click("[data-do=theme]")
    after = reader.evaluate("getComputedStyle(document.body).backgroundColor")
    assert before != after
    reader.reload()
    assert reader.evaluate("getComputedStyle(document.body).backgroundColor") == after


def test_arrow_keys_turn_pages(reader):
    reader.keyboard.press("ArrowRight")
    reader.wait_for_url("**/03_softmax.html")
    reader.keyboard.press("ArrowLeft")
    reader.wait_for_url("**/02_cross_entropy.html")


def test_the_contents_open_on_a_narrow_page(chromium, address):
    with chromium.new_context(viewport=NARROW, service_workers="block") as context:
        page = context.new_page()
        page.goto(address + CHAPTERS[0])
        assert not page.locator("#contents").is_visible()
        page.click("[popovertarget=contents]")
        page.click("#contents >> text=When exp overflows")
        page.wait_for_url("**/05_stability.html")


def test_a_page_is_copied_as_markdown(reader, address):
    reader.context.grant_permissions(["clipboard-read", "clipboard-write"])
    reader.click("[data-do=copy-page]")
    reader.wait_for_selector("text=Copied")
    text = reader.evaluate("navigator.clipboard.readText()")
    assert text.startswith("# 2 · Cross-entropy")
    assert "```python" in text


@pytest.mark.parametrize("path", [*prose.PAGES, *prose.CHAPTERS], ids=lambda path: path.stem)
def test_the_markdown_of_a_page_has_its_roles_spelled_out(path, site):
    file = (site / path.relative_to(prose.ROOT)).with_suffix(".md")
    text = re.sub(r"```.*?```", "", file.read_text(encoding="utf-8"), flags=re.S)
    assert not re.search(r"\{\w+\}`|^:::|^\([\w-]+\)=", text, re.M)


def test_llms_txt_and_the_sitemap_list_every_page(site):
    llms, sitemap = (site / "llms.txt").read_text(), (site / "sitemap.xml").read_text()
    for page in PAGES[:-2]:
        assert page.replace(".html", ".md") in llms
        assert f"/{page}</loc>" in sitemap


@pytest.mark.parametrize("page", PAGES[:-2])
def test_a_link_to_a_page_shows_what_it_is(page, site):
    text = (site / page).read_text(encoding="utf-8")
    base = re.search(r"baseurl: (\S+)", (prose.ROOT / "_config.yml").read_text())[1]
    said = dict(re.findall(r'<meta (?:property|name)="([\w:]+)" content="([^"]*)"', text))
    assert said["og:url"] == base + page
    assert said["og:title"]
    assert len(said["description"]) > 40
    assert (site / said["og:image"].removeprefix(base)).read_bytes()[:4] == b"\x89PNG"
    assert f'rel="canonical" href="{base}{page}"' in text


def test_a_report_opens_prefilled_in_the_repository(reader):
    link = reader.get_attribute("text=Something wrong on this page?", "href")
    url = re.search(r"url: (\S+)", (prose.ROOT / "_config.yml").read_text())[1]
    assert link.startswith(url + "/issues/new?title=")
    assert "02_cross_entropy" in link


def test_links_to_the_repository_come_from_one_place():
    url = re.search(r"url: (\S+)", (prose.ROOT / "_config.yml").read_text())[1]
    for path in prose.ROOT.rglob("*"):
        parts = path.relative_to(prose.ROOT).parts
        if path.suffix in (".py", ".mjs", ".html", ".md", ".ipynb") and not any(
            part.startswith(("_", ".")) or part == "node_modules" for part in parts[:-1]
        ):
            assert url not in path.read_text(encoding="utf-8"), path


def test_reading_is_kept_exported_forgotten_and_restored(reader, tmp_path):
    section = reader.evaluate("JSON.parse(document.querySelector('#progress').dataset.totals)")[
        "chapters/02_cross_entropy"
    ]["sections"][0]
    reader.evaluate(f"document.getElementById('{section}').lastElementChild.scrollIntoView()")
    expect(reader.locator("#progress")).to_contain_text("1 of", timeout=10_000)
    said = reader.inner_text("#progress p:nth-of-type(2)")
    reader.evaluate("window.scrollTo(0, 0)")
    reader.reload()
    reader.wait_for_selector("#progress button")
    assert reader.inner_text("#progress p:nth-of-type(2)") == said
    with reader.expect_download() as download:
        reader.click("#progress >> text=Export")
    download.value.save_as(tmp_path / "kept.json")
    reader.click("#progress >> text=Reset")
    with reader.expect_navigation():
        reader.click("#notice >> text=Forget it all")
    reader.wait_for_selector("#progress button")
    assert reader.inner_text("#progress p:nth-of-type(2)").startswith("0 of")
    with reader.expect_navigation():
        reader.set_input_files("#progress input", tmp_path / "kept.json")
    reader.wait_for_selector("#progress button")
    assert reader.inner_text("#progress p:nth-of-type(2)") == said
    reader.goto(reader.url.replace("02_cross_entropy", "05_stability"))
    reader.click("#progress >> text=Continue")
    reader.wait_for_url(f"**/02_cross_entropy.html#{section}")


FOREIGN = {
    "not JSON": {"ce-book:read": "{"},
    "another shape": {"ce-book:read": "[1, 2]", "ce-book:last": "7"},
    "markup": {
        "ce-book:last": json.dumps(
            {"page": "x", "id": "y", "title": "<img src=x onerror=alert(1)>"}
        )
    },
    "a prototype": {"ce-book:read": '{"__proto__": ["x"], "chapters/99": ["y"]}'},
}


@pytest.mark.parametrize("stored", FOREIGN.values(), ids=FOREIGN)
def test_foreign_stored_data_breaks_nothing(stored, reader):
    errors = []
    reader.on("pageerror", lambda error: errors.append(str(error)))
    reader.evaluate(
        "(stored) => Object.entries(stored).forEach(([k, v]) => localStorage.setItem(k, v))", stored
    )
    reader.reload()
    reader.wait_for_selector("#progress button")
    assert reader.inner_text("#progress p:nth-of-type(2)").startswith("0 of")
    assert errors == []
    if stored in (FOREIGN["not JSON"], FOREIGN["another shape"]):
        assert "left aside" in reader.inner_text("#notice")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"book": "other"}',
        '{"book": "cross-entropy-and-softmax", "version": 1, "kept": {"evil": 1}}',
    ],
)
def test_a_file_that_is_no_export_is_refused(text, reader, tmp_path):
    (tmp_path / "foreign.json").write_text(text)
    reader.wait_for_selector("#progress input", state="attached")
    reader.set_input_files("#progress input", tmp_path / "foreign.json")
    reader.wait_for_selector("text=nothing was changed")


def test_after_one_visit_the_book_reads_without_a_network(reader, address):
    reader.evaluate("navigator.serviceWorker.ready.then(() => true)")
    reader.context.set_offline(True)
    for page in PAGES[:-2]:
        reader.goto(address + page)
        assert reader.locator("h1").count() == 1
    reader.goto(address + "search.html?q=softmax")
    reader.wait_for_selector("#search-results li a")
    reader.goto(address)
    assert reader.locator("h1").count() == 1


def test_a_new_edition_replaces_the_old_one_whole(chromium, site, tmp_path):
    folder = tmp_path / "book"
    shutil.copytree(site, folder)
    with browser.served(folder) as address, chromium.new_context() as context:
        page = context.new_page()
        page.goto(address + "index.html")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        for name in ("index.html", "sw.js"):
            text = (folder / name).read_text(encoding="utf-8")
            new = text.replace("Cross-Entropy and Softmax</h1>", "A new edition</h1>")
            new = re.sub(r'EDITION = "\w+"', 'EDITION = "new"', new)
            new = re.sub(r"(<h1>).*?(<a)", r"\1A new edition\2", new)
            (folder / name).write_text(new, encoding="utf-8")
        page.reload()
        assert "A new edition" not in page.inner_text("h1")
        page.click("#notice >> text=Show it")
        expect(page.locator("h1")).to_contain_text("A new edition", timeout=10_000)
        assert len(page.evaluate("caches.keys()")) == 1
