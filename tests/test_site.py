"""The site as a browser meets it: self-contained, accessible, small, the same at any address.

How long a page takes is measured by `make bench`; here only what does not depend on the machine.
"""

import gzip
import json
import os
import re
import shutil
import socket
import subprocess
import time
import unicodedata
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import browser
import prose
import pypdf
import pytest
from ce_site import publish
from fontTools.ttLib import TTFont
from playwright.sync_api import expect

PAGES = [
    path.relative_to(prose.ROOT).with_suffix(".html").as_posix()
    for path in [*prose.PAGES, *prose.CHAPTERS]
] + ["search.html", "404.html"]
CHAPTERS = [page for page in PAGES if page.startswith("chapters/")]
AXE = prose.ROOT / "website/node_modules/axe-core/axe.min.js"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 375, "height": 800}
OPTIONS = "{resultTypes: ['violations'], rules: {'target-size': {enabled: true}}}"
IDLE = "() => new Promise((done) => requestIdleCallback(() => done(), { timeout: 2000 }))"
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


DUE = {  # answers that a reader gave long ago
    f"ce-book:{kind}:{key}": kept
    for key in ("02-loss-of-a-label", "04-flat-where", "04-loss-of-twenty")
    for kind, kept in (
        ("quiz", '{"given": "x", "right": false}'),
        ("review", '{"box": 1, "day": 20000}'),
    )
}
LIVING = [  # pages that are more than their text, and what shows that they are there
    *((f"practice/{path.stem}.html", ".question .tools button") for path in prose.CHAPTERS),
    ("pages/review.html", "#reviews-due .ce-widget input"),
    ("search.html?q=softmax", "#search-results .question"),
    ("search.html?q=xyzzyplugh", "#search-results .nothing"),
    ("search.html?q=dropout", "#search-results .nothing"),
    ("404.html", "h1"),
]


@pytest.mark.parametrize(("page", "there"), LIVING, ids=[page for page, _ in LIVING])
def test_a_page_that_scripts_fill_has_no_fault(page, there, chromium, address):
    """At three widths, in light and dark, once it is filled; `test_guesses.py` has its own page."""
    with chromium.new_context(viewport=WIDE, service_workers="block") as context:
        context.add_init_script(
            f"Object.entries({json.dumps(DUE)}).forEach(([k, v]) => localStorage.setItem(k, v))"
        )
        opened = context.new_page()
        opened.goto(address + page)
        opened.locator(there).first.wait_for()
        for width, scheme in ((1280, "light"), (375, "dark"), (320, "light")):
            opened.set_viewport_size({"width": width, "height": 800})
            opened.emulate_media(color_scheme=scheme)
            assert axe(opened) == [], f"{page} at {width} px, {scheme}"
            wide = opened.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{page} scrolls sideways at {width} px: {wide}"


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
        assert any("book.js" in error or "404" in error for error in visit.errors)
        found = " ".join(axe(visit.page))
        assert "color-contrast" in found
        assert "image-alt" in found
        assert visit.page.evaluate("document.documentElement.scrollWidth") > WIDE["width"]


def axe(page):
    """What axe-core finds wrong, as readable lines, once the page has come to rest."""
    page.evaluate(IDLE)  # by then its boxes that scroll can be focused
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(f"axe.run(document, {OPTIONS})")["violations"]
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


OTHER = ("mjx-break", "mjx-utext")  # a place to break; a letter that no font of TeX has


class Glyphs(HTMLParser):
    """The characters that a page's formulas show, by the class that names their font."""

    def __init__(self, text):
        """Of the page's HTML."""
        super().__init__()
        self.open, self.found = [], {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        """Note the font inside an element: its own, or the one around it."""
        if tag == "mjx-math" or self.open:
            names = (dict(attributes).get("class") or "").split()
            own = [name for name in names if name.startswith("TEX-")]
            self.open.append(tag if tag in OTHER else own[0] if own else self.open[-1])

    def handle_endtag(self, tag):
        """Return to the font around it."""
        if self.open:
            self.open.pop()

    def handle_data(self, data):
        """Note the characters; marks without a shape need no glyph."""
        if self.open:
            shown = {ord(c) for c in data if c not in "\n\u2061\u2062\u2063\u2064"}
            self.found.setdefault(self.open[-1], set()).update(shown)


@pytest.mark.parametrize("page", PAGES[:-2])
def test_each_character_of_a_formula_has_its_style(page, site):
    """The style sheet sets each character that the page's formulas name, braces included."""
    text = (site / page).read_text(encoding="utf-8")
    style = re.search(r"<style>(.*?)</style>", text, re.S)[1]
    wanted = set(re.findall(r'<(mjx-(?:c|stretchy-[vh]))\b[^>]* class="([^"]*)"', text))
    names = {f"{tag}.{name.replace(' ', '.')}" for tag, name in wanted}
    assert [name for name in names if not re.search(re.escape(name) + r"(?![\w-])", style)] == []
    used = set(re.findall(r'<mjx-[^>]* ((?:r?space|size)="\w+")', text.replace("<mjx-break", "")))
    assert [mark for mark in used if f"mjx-container [{mark}]" not in style] == []
    breaks = set(re.findall(r'<mjx-break (size="\w+")', text))
    assert [mark for mark in breaks if f"mjx-break[{mark}]" not in style] == []


@pytest.mark.parametrize("page", PAGES[:-2])
def test_each_character_of_a_formula_has_its_glyph(page, site):
    """A character without a glyph would be taken from another font, at another size."""
    text = (site / page).read_text(encoding="utf-8")
    style = re.search(r"<style>(.*?)</style>", text, re.S)[1]
    glyphs = {}
    for family, file in re.findall(r'font-family:MJX-(TEX-\w+);src:url\("([^":]*)"', style):
        glyphs[family] = set(TTFont((site / page).parent / file).getBestCmap())
    found = Glyphs(text).found
    assert found.pop("mjx-break", {ord(" ")}) == {ord(" ")}
    found.pop("mjx-utext", None)
    for family, characters in found.items():
        missing = {chr(c) for c in characters - glyphs[family]}
        assert not missing, (family, missing)
        assert f".{family}{{font-family:MJX-TEX-ZERO,MJX-{family}" in style
    assert "@font-face{font-family:MJX-TEX-ZERO;" in style
    assert "@font-face{font-family:MJX-BRK;" in style


SHOWN = """() => {
    for (const fold of document.querySelectorAll('details')) fold.open = true;
    return [...document.querySelectorAll('main div.math')].map((box) => {
        const forms = [...box.querySelectorAll(':scope > mjx-container')];
        const shown = forms.filter((form) => form.checkVisibility());
        const formula = shown[0].querySelector('mjx-math').getBoundingClientRect();
        const { left, right } = box.getBoundingClientRect();
        const number = box.querySelector('.eqno')?.getBoundingClientRect();
        return {
            name: box.id, forms: forms.length, shown: shown.length,
            narrow: shown[0].matches('.narrow'),
            over: Math.max(
                box.scrollWidth - box.clientWidth, left - formula.left, formula.right - right),
            number: !number || (number.left >= left && number.right <= right + 0.5),
        };
    });
}"""


@pytest.mark.parametrize("width", [320, 375, 1280])
def test_a_formula_is_set_for_the_width_of_its_page(width, chromium, address):
    """None runs out of its box; of two forms one shows, and beside or below it the number."""
    with chromium.new_context(
        viewport={"width": width, "height": 800}, service_workers="block"
    ) as context:
        page, narrow = context.new_page(), 0
        for chapter in CHAPTERS:
            page.goto(address + chapter)
            page.evaluate("document.fonts.ready")
            for formula in page.evaluate(SHOWN):
                where = f"{chapter}#{formula['name']}"
                assert formula["over"] <= 1, f"{where} is {formula['over']} px too wide"
                assert formula["shown"] == 1, where
                assert formula["number"], where
                narrow += formula["narrow"]
        assert (narrow > 0) == (width < 1280), narrow


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
    """At most 170 KB on the wire and 15 requests until a widget is reached."""
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
    assert sum(sizes.values()) <= 170_000, sizes
    assert len(files) <= 15, files


@pytest.mark.parametrize("path", prose.CHAPTERS, ids=lambda path: path.stem)
def test_a_solution_is_one_fold_with_its_code(path, site):
    cells = prose.load(path)["cells"]
    pairs = sum(
        "{dropdown} Solution" in first["source"] and second["id"].startswith("solution")
        for first, second in pairwise(cells)
    )
    folds = re.findall(
        r"<details(?:(?!</details>).)*?>Solution</span>(?:(?!</details>).)*",
        (site / "chapters" / f"{path.stem}.html").read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert pairs == sum("cell_input" in fold for fold in folds) > 2


def test_without_scripts_the_text_the_formulas_and_the_figures_are_there(chromium, address):
    context = chromium.new_context(viewport=NARROW, java_script_enabled=False)
    page = context.new_page()
    for chapter in CHAPTERS:
        page.goto(address + chapter)
        width = page.locator("html").evaluate("(html) => html.scrollWidth")
        assert width <= NARROW["width"], f"{chapter} scrolls sideways: {width} px"
        assert page.locator("main h2").count() > 5
        assert page.locator("mjx-container").first.bounding_box()["width"] > 5
        assert page.locator("svg.ce-figure:visible").first.bounding_box()["width"] > 200
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
    found = [a.get_attribute("href") for a in reader.locator("#search-results li a").all()]
    assert any("glossary.html#term-overflow" in link for link in found[:3])
    assert any("05_stability.html#" in link for link in found[:5])
    expect(reader.locator("#search-results li .context mark").first).to_have_text(
        re.compile("overflow", re.I)
    )


FOUND = {  # what a reader types, and a place that must be among the first results
    "2.303": "#",
    "87.3365": "05_stability.html#",
    "4.248e-18": "05_stability.html#",
    "2.302585": "#",
    "log-sum-exp": "glossary.html#term-logsumexp",
    "LSE": "glossary.html#term-logsumexp",
    "tau": "03_softmax.html#",
    "KL": "glossary.html#term-Kullback",
    "why log": "02_cross_entropy.html#why-the-logarithm",
    "softmax twice": "04_the_pair.html#",
    "Gumbel": "03_softmax.html#",
    "entorpy": "glossary.html#term-entropy",
    "logits": "glossary.html#term-logit",
}


@pytest.mark.parametrize("query", FOUND)
def test_the_search_finds_places_as_one_types(query, reader):
    reader.keyboard.press("Control+k")
    reader.keyboard.type(query)
    reader.wait_for_selector(".results li a")
    reader.wait_for_timeout(200)
    found = [a.get_attribute("href") for a in reader.locator(".results li a").all()]
    assert any(FOUND[query] in link for link in found[:5]), found
    if query[0].isdigit():  # the places hold the number, or the number with fewer digits
        assert reader.locator(".results mark", has_text=re.compile(r"^\d")).count() > 0
    reader.keyboard.press("ArrowDown")
    reader.keyboard.press("Enter")
    reader.wait_for_url(found[0])
    assert reader.locator(":target").count() == 1 or "#" not in found[0]


FIRST = {  # what answers a question comes before what mentions its words
    "softmax twice": "04_the_pair.html#what-goes-wrong-softmax-applied-twice",
    "double softmax": "04_the_pair.html#what-goes-wrong-softmax-applied-twice",
    "why log": "02_cross_entropy.html#why-the-logarithm",
    "softmax": "glossary.html#term-softmax",
    "masking": "glossary.html#term-mask",
    "logits": "glossary.html#term-logit",
    "2.303": "08_learning.html#stuck-at-2-303",
    "nll_loss": "glossary.html#term-negative-log-likelihood",
    "KLDivLoss": "glossary.html#term-KullbackLeibler-divergence",
    "BCEWithLogitsLoss": "glossary.html#term-logistic-loss",
    "regularization": "glossary.html#term-L2-penalty",
    "overfitting": "08_learning.html#what-the-penalty-does-on-new-pictures",
    "exploding gradients": "09_the_network.html#fig-nw-depth",
    "vanishing gradient": "09_the_network.html#fig-nw-depth",
    "temperature scaling": "glossary.html#term-temperature-scaling",
    "one hot": "glossary.html#term-one-hot",
    "cross entropy loss nan": "your_log.html#patterns",
    "entorpy": "glossary.html#term-entropy",
    "focal loss": "glossary.html#term-focal-loss",
    "early stopping": "glossary.html#term-early-stopping",
    "softcap": "glossary.html#term-soft-cap",
    "ppl": "glossary.html#term-perplexity",
    "top p": "glossary.html#term-nucleus-sampling",
    "ignore -100": "02_cross_entropy.html#which-mean",
    "dropout": "glossary.html#term-L2-penalty",
}


def test_the_search_puts_first_what_answers(reader, address):
    reader.keyboard.press("Control+k")
    reader.wait_for_selector(".results", state="attached")
    found = reader.evaluate(
        """async (queries) => {
            const { find } = await import(new URL('_static/search.js', queries[0]).href);
            return Promise.all(queries.slice(1).map(async (query) => (await find(query, 1))[0]));
        }""",
        [address, *FIRST],
    )
    places = [f"{Path(hit['p']).name}.html#{hit['h']}" for hit in found]
    assert dict(zip(FIRST, places, strict=True)) == FIRST


TEX = re.compile(r"\\[a-zA-Z]|\$\S[^$]*\$|\b(?:frac|textstyle|underbrace|operatorname|mathbf)\b")
CHROME = re.compile(
    r"\bimport numpy\b|Run this chapter|Copy this page|in JupyterLab$"
    r"|>>>|Reference: \W|equation the equation"
)


def test_an_excerpt_of_a_found_place_is_text(site):
    """Formulas as one would type them, and neither code nor the page's own buttons."""
    places = json.loads((site / "search.json").read_text(encoding="utf-8"))
    said = [place["x"] for place in places]
    faults = {m[0]: text[m.start() : m.end() + 40] for text in said for m in TEX.finditer(text)}
    faults |= {m[0]: text[:40] for text in said for m in CHROME.finditer(text)}
    assert faults == {}


def test_the_search_knows_the_questions_and_not_their_answers(site):
    """Each once, with what there is to choose from."""
    found = json.loads((site / "search.json").read_text(encoding="utf-8"))
    text = " ".join(f"{entry['t']} {entry['x']}" for entry in found)
    asked = "By how much does one Newton step raise the margin of the right class?"
    assert text.count(asked) == 1
    assert "conclude that ten classes must be a hard problem" in text
    assert "Difficulty does not show before training" not in text


@pytest.mark.parametrize("path", prose.CHAPTERS, ids=lambda path: path.stem)
def test_every_question_of_a_chapter_is_a_place_of_its_own(path, site):
    """Quizzes, guesses, exercises and practice, without solutions; each leads to what it asks."""
    sorts = dict.fromkeys(("Quiz", "Guess", "Exercise", "Practice"), 0)
    found = json.loads((site / "search.json").read_text(encoding="utf-8"))
    for entry in found:
        if entry["k"] != "question" or Path(entry["p"]).name != path.stem:
            continue
        sort = entry["s"].split()[0]
        sorts[sort] += 1
        page = (site / f"{entry['p']}.html").read_text(encoding="utf-8")
        assert f'id="{entry["h"]}"' in page, entry
        assert len(entry["t"]) > 8, entry
        assert ("y" in entry) == (sort == "Exercise"), entry
        if sort == "Exercise":  # what is asked stands at the address, and its solution further on
            asked, _, _ = page.partition(f'id="exercise-{entry["h"].rpartition("-")[2]}"')
            assert f'id="{entry["h"]}"' in asked
            assert "Solution" not in entry["t"]
            assert entry["y"]
    page = (site / "chapters" / f"{path.stem}.html").read_text(encoding="utf-8")
    practised = (site / "practice" / f"{path.stem}.html").read_text(encoding="utf-8")
    assert sorts == {
        "Quiz": len(re.findall(r'data-question="', page)),
        "Guess": len(re.findall(r'class="guess"', page)),
        "Exercise": len(re.findall(r'id="exercise-\d+"', page)),
        "Practice": len(re.findall(r'class="question docutils', practised)),
    }


ASKED = {  # what a reader types: the sort of question that is found, and where it leads
    "Newton step margin of the right class": ("Quiz", "08_learning.html#cell-quiz-"),
    "networks use cosines as logits": ("Exercise", "04_the_pair.html#asks-exercise-4"),
    "1,000,001 additions": None,  # stands in a solution only, which is not to be told
    "gradient vanishes": ("Practice", "practice/05_stability.html#"),
}


@pytest.mark.parametrize("query", ASKED)
def test_a_found_question_is_marked_and_leads_to_its_place(query, reader, address):
    reader.goto(f"{address}search.html?q={query}")
    if not ASKED[query]:
        expect(reader.locator("#search-results")).to_contain_text("places mention")
        told = reader.locator("#search-results .question").all_inner_texts()
        assert told
        assert all("1,000,001" not in text for text in told)
        return
    sort, place = ASKED[query]
    link = reader.locator(f"#search-results .question a[href*='{place}']").first
    expect(link.locator(".crumb")).to_contain_text(f"› {sort}")
    expect(reader.locator("#search-results .kind").last).to_have_text("Questions to try")
    link.click()
    reader.wait_for_url(f"**/{place}*")
    expect(reader.locator(":target")).to_be_in_viewport()
    assert reader.locator(":target").evaluate("(e) => e.getBoundingClientRect().top") > 52


def test_what_the_book_does_not_have_is_said_before_the_nearest(reader):
    for query in ("dropout", "entorpy", "softmax zebra"):
        reader.fill(".bar [type=search]", query)
        expect(reader.locator(".results .nothing")).to_contain_text(f"has all of “{query}”")
        expect(reader.locator("[role=status].for-ears")).to_contain_text("the nearest")
        assert reader.locator(".results li a").count()
        assert reader.locator(".results").evaluate("(panel) => panel.scrollTop") == 0
        reader.locator(".results").evaluate("(panel) => { panel.scrollTop = 1e4; }")
    reader.fill(".bar [type=search]", "one hot")
    expect(reader.locator(".results .nothing")).to_have_count(0)


def test_what_the_search_takes_for_absent_is_nowhere_in_the_book(site):
    """A chapter that is added may treat it."""
    script = (site / "_static/search.js").read_text(encoding="utf-8")
    absent = re.findall(r"\[/(.+?)/gi,", re.search(r"ABSENT = \[(.*?)\n\];", script, re.S)[1])
    places = json.loads((site / "search.json").read_text(encoding="utf-8"))
    assert absent
    for place in places:
        text = " ".join(str(value) for value in place.values())
        assert not [word for word in absent if re.search(word, text, re.IGNORECASE)], place


def test_a_search_leaves_the_page_where_it_was(reader):
    reader.locator("#reading-a-loss").scroll_into_view_if_needed()
    reader.wait_for_timeout(300)
    before = reader.evaluate("scrollY")
    reader.keyboard.press("Control+k")
    reader.keyboard.type("adam")
    reader.wait_for_selector(".results li a")
    for key in ("ArrowDown", "Escape"):
        reader.keyboard.press(key)
    reader.wait_for_timeout(300)
    assert before > 1000
    assert reader.evaluate("scrollY") == before


def test_a_search_without_a_result_says_what_to_try(reader):
    reader.keyboard.press("Control+k")
    reader.keyboard.type("xyzzyplugh")
    expect(reader.locator(".results .nothing")).to_contain_text("Nothing in the book")
    reader.keyboard.press("Escape")
    expect(reader.locator(".results")).to_be_hidden()


def test_the_slash_searches_unless_it_is_switched_off(reader):
    reader.keyboard.press("/")
    assert reader.evaluate("document.activeElement.type") == "search"
    reader.wait_for_selector("#progress input[type=checkbox]")
    reader.uncheck("#progress input[type=checkbox]")
    reader.reload()
    reader.wait_for_selector("#progress input[type=checkbox]")
    reader.keyboard.press("/")
    assert reader.evaluate("document.activeElement.type") != "search"


def test_the_theme_is_chosen_and_kept(reader):
    before = reader.evaluate("getComputedStyle(document.body).backgroundColor")
    reader.click("[data-do=theme]")
    after = reader.evaluate("getComputedStyle(document.body).backgroundColor")
    assert before != after
    reader.reload()
    assert reader.evaluate("getComputedStyle(document.body).backgroundColor") == after


def test_no_arrow_key_leaves_the_page(reader):
    """Not after a click into the text, a drag in a figure, or on an open fold."""
    before = reader.url
    for place in ("main p", ".ce-widget", "main summary"):
        reader.locator(place).first.scroll_into_view_if_needed()
        reader.locator(place).first.click()
        for key in ("ArrowRight", "ArrowLeft"):
            reader.keyboard.press(key)
    reader.wait_for_timeout(200)
    assert reader.url.partition("#")[0] == before


def test_the_contents_and_the_bar_say_where_one_is(reader):
    section = reader.locator("main section section:has(> h2)").nth(2)
    section.locator("h2").first.scroll_into_view_if_needed()
    reader.evaluate("window.scrollBy(0, 500)")
    name = section.evaluate("(s) => s.id")
    current = reader.locator(f'#contents a[href="#{name}"]')
    expect(current).to_have_attribute("aria-current", "location")
    assert reader.locator("#contents [aria-current=location]").count() == 1
    expect(reader.locator(".here")).to_contain_text("›")


@pytest.mark.parametrize("touch", [False, True], ids=["mouse", "touch"])
@pytest.mark.parametrize(
    ("link", "shows"),
    [
        ("a:has(.std-term)", "b + p"),
        ("a[href*='#equation-']", "mjx-container"),
        ("a[href*='#fig-']", "svg"),
        ("a[href*='bibliography.html#']", ".citation"),
    ],
    ids=["term", "equation", "figure", "citation"],
)
def test_a_link_shows_what_it_leads_to(link, shows, touch, chromium, address):
    with chromium.new_context(viewport=NARROW if touch else WIDE, has_touch=touch) as context:
        page = context.new_page()
        page.goto(address + "chapters/02_cross_entropy.html")
        before, place = page.url, page.locator(f"main p {link}:not(.headerlink):visible").first
        place.scroll_into_view_if_needed()
        page.wait_for_timeout(300)
        place.tap() if touch else place.hover()
        page.wait_for_selector("#peek:popover-open")
        assert page.locator(f"#peek :is({shows})").count()
        assert page.url == before
        box = page.locator("#peek").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= page.viewport_size["width"]
        page.keyboard.press("Escape")
        expect(page.locator("#peek")).to_be_hidden()


def test_without_popovers_a_tap_follows_the_link(chromium, address):
    """Browsers of 2023 have none; the page's script lives on, and so do its links."""
    with chromium.new_context(viewport=NARROW, has_touch=True) as context:
        context.add_init_script("delete HTMLElement.prototype.popover")
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        page.goto(address + "chapters/02_cross_entropy.html")
        page.locator("main p a[href*='glossary.html#term-']").first.tap()
        page.wait_for_url("**/glossary.html#term-*")


@pytest.mark.parametrize("part", ["#100%", "#sec-%E0%A4%A", "#:~:text=softmax", "#no-such-place"])
def test_an_address_with_a_strange_part_opens_the_page(part, reader, address):
    reader.on("pageerror", lambda error: pytest.fail(str(error)))
    reader.goto(f"{address}chapters/01_surprisal.html{part}")
    reader.keyboard.press("Control+k")
    expect(reader.locator("input[type=search]").first).to_be_focused()


@pytest.mark.parametrize("page", PAGES[:-2])
def test_what_is_cut_on_a_narrow_page_shows_that_it_goes_on(page, chromium, address):
    with Visit(chromium, address + page, viewport=NARROW) as visit:
        silent = visit.page.evaluate(
            """() => [...document.querySelectorAll('main pre, main div.math, main .scrolls')]
            .filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1
                && !e.classList.contains('cut')).map((e) => e.textContent.slice(0, 60))"""
        )
        assert silent == []


CUT = """async () => {
    for (const fold of document.querySelectorAll('main details')) fold.open = true;
    await new Promise((done) => setTimeout(done, 150));
    const boxes = [...document.querySelectorAll('main pre, main div.math, main .scrolls')];
    const cut = boxes.filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1);
    const silent = cut.filter((e) => e.matches('.scrolls') || !e.classList.contains('cut'));
    const small = [...document.querySelectorAll('main :is(button, summary, .run a)')].filter((e) =>
        e.checkVisibility({ visibilityProperty: true }) && e.getBoundingClientRect().height < 24);
    const broken = [...document.querySelectorAll('main th')].filter((head) => {
        const texts = document.createTreeWalker(head, NodeFilter.SHOW_TEXT);
        const word = document.createRange();
        while (texts.nextNode())
            for (const { index, 0: letters } of texts.currentNode.data.matchAll(/\\p{L}+/gu)) {
                word.setStart(texts.currentNode, index);
                word.setEnd(texts.currentNode, index + letters.length);
                if (new Set([...word.getClientRects()].map(({ y }) => Math.round(y))).size > 1)
                    return true;
            }
        return false;
    });
    return [...silent, ...small, ...broken].map(
        (e) => `${e.tagName} ${e.textContent.trim().slice(0, 60)}`);
}"""


@pytest.mark.parametrize("width", [320, 375])
def test_no_table_is_cut_and_no_target_small_on_a_phone(width, chromium, address, site):
    """On all pages, with every fold open; code may scroll, and says so. No head breaks a word."""
    pages = [page for page in sorted(site.rglob("*.html")) if "lite" not in page.parts]
    assert len(pages) > len(PAGES)
    with chromium.new_context(
        viewport={"width": width, "height": 800}, service_workers="block"
    ) as context:
        page = context.new_page()
        for file in pages:
            name = file.relative_to(site).as_posix()
            page.goto(address + name)
            page.evaluate(IDLE)  # the page watches its boxes by then
            assert page.evaluate(CUT) == [], name
            for _ in range(50):  # until the figures in sight have taken its width
                if page.evaluate("document.documentElement.scrollWidth") <= width:
                    break
                page.wait_for_timeout(100)
            else:
                pytest.fail(f"{name} scrolls sideways at {width} px")


PRINTED = """() => {
    for (const fold of document.querySelectorAll('main details')) fold.open = true;
    for (const answer of document.querySelectorAll('main [hidden]')) answer.hidden = false;
    return [...document.querySelectorAll('.cell_output pre')].map((pre) => ({
        said: pre.textContent,
        size: parseFloat(getComputedStyle(pre).fontSize),
        over: pre.scrollWidth - pre.clientWidth,
    }));
}"""


def test_what_a_cell_prints_fits_a_phone(phone):
    """Set smaller where a line is long, but not below 11 px; with every fold and answer open."""
    shown = {width: [] for width in (320, 375)}
    for width, found in shown.items():
        for page in CHAPTERS:
            for output in phone(page, width).evaluate(PRINTED):
                longest = max(map(len, output["said"].split("\n")))
                found.append(f"{longest:3} letters, {page}: {output['said'][:40]}")
                assert output["size"] >= 11, found[-1]
                if output["over"] <= 1:
                    found.pop()
    assert shown[375] == []
    assert all(int(line.split()[0]) >= 40 for line in shown[320]), shown[320]


LABEL = "(cell) => getComputedStyle(cell, '::before').content"


@pytest.mark.parametrize("size", [WIDE, NARROW, {"width": 320, "height": 700}], ids=str)
@pytest.mark.parametrize(
    "page", [f"pages/{p}.html" for p in ("notation", "benchmarks", "your_log")]
)
def test_a_table_that_is_to_be_read_in_full_is_shown_in_full(page, size, chromium, address):
    """The meanings of symbols, and the libraries beside ce_lib, are the point of their tables."""
    with Visit(chromium, address + page, viewport=size) as visit:
        hidden = visit.page.evaluate(
            """() => [...document.querySelectorAll('main .scrolls')].filter((box) =>
                box.scrollWidth > box.clientWidth + 1
                || [...box.querySelectorAll('td')].some((cell) =>
                    cell.getBoundingClientRect().right > innerWidth)).map((box) => box.innerText)"""
        )
        assert hidden == []
        if page == "pages/notation.html" and size != WIDE:
            row = visit.page.locator("tbody tr").first
            symbol, code, meaning, elsewhere = (
                cell.bounding_box() for cell in row.locator("td").all()
            )
            assert symbol["y"] <= meaning["y"] < code["y"] < elsewhere["y"]
            heads = visit.page.locator("thead th").all_text_contents()
            for k in (1, 3):
                assert heads[k] in row.locator("td").nth(k).evaluate(LABEL)
        if page == "pages/your_log.html" and size != WIDE:
            see, look, section = visit.page.locator("tbody tr").first.locator("td").all()
            assert see.bounding_box()["y"] < look.bounding_box()["y"]
            assert look.bounding_box()["y"] < section.bounding_box()["y"]
            assert "Look for" in look.evaluate(LABEL)


CONTRASTS = """() => {
    const light = (colour) => {
        const rgb = colour.match(/[\\d.]+/g).slice(0, 3).map((value) => value / 255);
        const [r, g, b] = rgb.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const paper = light(getComputedStyle(document.body).backgroundColor);
    const texts = [...document.querySelectorAll('svg.ce-figure g[transform*="scale("]:has(> use)')]
        .filter((text) => !/--paper|opacity/.test(text.getAttribute('style')));
    texts.push(...document.querySelectorAll('.ce-widget svg text:not(.ce-on)')); // on: on a bar
    return texts.map((text) => {
        const ink = light(getComputedStyle(text).fill);
        const [dark, pale] = [ink, paper].sort((a, b) => a - b);
        const name = text.getAttribute('style') ?? text.className.baseVal;
        return [(pale + 0.05) / (dark + 0.05), name];
    });
}"""


BROKEN_NUMBERS = """() => {
    for (const fold of document.querySelectorAll('details')) fold.open = true;
    const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
    const found = [], range = document.createRange();
    for (let text; (text = walker.nextNode());) {
        if (text.parentElement.closest('pre, svg, [hidden], .ce-widget')) continue;
        for (const { 0: number, index } of text.data.matchAll(/\\d(\\.\\d+)?e[-−]\\d+/g)) {
            range.setStart(text, index);
            range.setEnd(text, index + number.length);
            const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
            found.push([number, lines.size]);
        }
    }
    return found;
}"""


@pytest.mark.parametrize("page", ["chapters/05_stability.html", "chapters/08_learning.html"])
def test_a_number_is_not_broken_behind_its_hyphen(page, chromium, address):
    with Visit(chromium, address + page, viewport=NARROW) as visit:
        for width in range(320, 420, 10):
            visit.page.set_viewport_size({"width": width, "height": 800})
            found = visit.page.evaluate(BROKEN_NUMBERS)
            assert len(found) > 2
            assert [number for number, lines in found if lines > 1] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", CHAPTERS)
def test_lettering_in_a_figure_stands_out_from_the_paper(page, scheme, chromium, address):
    with Visit(chromium, address + page, viewport=WIDE, color_scheme=scheme) as visit:
        found = visit.page.evaluate(CONTRASTS)
        assert len(found) > 10
        assert [style for contrast, style in found if contrast < 4.5] == []


LETTERING = """() => {
    for (const fold of document.querySelectorAll('details')) fold.open = true;
    const figures = [...document.querySelectorAll('svg.ce-figure')];
    return figures.filter((figure) => figure.checkVisibility()).flatMap((figure) => {
        const name = figure.closest('figure').id;
        const frame = figure.getBoundingClientRect();
        const letters = [...figure.querySelectorAll('g[transform*="scale("] > use')];
        const sizes = letters.map((each) => each.getScreenCTM()).map((m) => Math.hypot(m.c, m.d));
        const texts = [...new Set(letters.map((letter) => letter.parentElement))]
            .map((text) => text.getBoundingClientRect());
        const overlap = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
            && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
        const cut = (a) => Math.min(a.left - frame.left, frame.right - a.right,
            a.top - frame.top, frame.bottom - a.bottom) < -1;
        const least = 100 * Math.min(...sizes);
        return [
            least < 11 && `${least} px`,
            texts.some((a, k) => texts.slice(k + 1).some((b) => overlap(a, b))) && 'overlap',
            texts.some(cut) && 'cut',
        ].filter(Boolean).map((fault) => `${name}: ${fault}`);
    });
}"""
BROKEN = {  # what is done to a chapter's first figure, and what is then found
    "the wide drawing": (
        "(figure) => figure.querySelector('.narrow').replaceWith("
        "Object.assign(figure.querySelector('.wide'), {style: 'display: block'}))",
        "px",
    ),
    "a small exponent": (
        "(figure) => figure.querySelector('.narrow use').setAttribute('transform', 'scale(0.7)')",
        "px",
    ),
    "a label on another": (
        "(figure) => figure.querySelector('.narrow g:has(> use)')"
        ".after(figure.querySelector('.narrow g:has(> use)').cloneNode(true))",
        "overlap",
    ),
    "a label half outside": (
        "(figure) => figure.querySelector('.narrow').setAttribute('viewBox', '20 0 280 240')",
        "cut",
    ),
}


@pytest.fixture(scope="module")
def phone(chromium, address):
    """A chapter on a phone: phone(page, width)."""
    with chromium.new_context(service_workers="block") as context:
        opened = context.new_page()

        def go(page, width=375):
            opened.set_viewport_size({"width": width, "height": 800})
            opened.goto(address + page)
            return opened

        yield go


@pytest.mark.parametrize("width", [320, 375])
@pytest.mark.parametrize("page", CHAPTERS)
def test_lettering_of_a_figure_is_11_px_on_a_phone(page, width, phone):
    """None is smaller, runs over another or out of the drawing; one of two drawings shows."""
    chapter = phone(page, width)
    assert chapter.evaluate(LETTERING) == []
    assert chapter.locator("figure > :not(figcaption)").count() > 1
    shown = chapter.locator("svg.ce-figure:visible").count()
    assert shown == chapter.locator("svg.ce-figure.narrow:visible").count()
    chapter.emulate_media(media="print")
    assert shown == chapter.locator("svg.ce-figure.wide:visible").count()
    chapter.emulate_media(media="screen")


@pytest.mark.parametrize(("change", "says"), BROKEN.values(), ids=BROKEN)
def test_small_cut_and_crossing_lettering_is_found(change, says, phone):
    chapter = phone(CHAPTERS[0])
    chapter.locator("figure:has(.ce-figure)").first.evaluate(change)
    (found,) = {line for line in chapter.evaluate(LETTERING) if says in line}
    assert found.startswith("fig-su-tree")


def test_a_figure_of_another_page_is_shown_with_its_glyphs(reader):
    reader.evaluate(
        """() => { document.querySelector('main section > p').innerHTML =
            '<a id="far" class="internal" href="04_the_pair.html#fig-pa-surface">figure</a>'; }"""
    )
    reader.hover("#far")
    reader.wait_for_selector("#peek svg", state="attached")
    missing = reader.evaluate(
        """() => [...document.querySelectorAll('#peek use')].map((use) => use.href.baseVal.slice(1))
            .filter((id) => !document.getElementById(id))"""
    )
    assert missing == []
    assert reader.locator("#peek use").count() > 20


@pytest.mark.parametrize("page", CHAPTERS)
def test_every_glyph_and_mark_of_a_figure_is_defined_once(page, site):
    """Figures share them: what one page's drawings use is on that page, and not twice."""
    text = (site / page).read_text(encoding="utf-8")
    drawings = "".join(re.findall(r'<svg [^>]*class="ce-figure.*?</svg>', text, re.S))
    names = re.findall(r' id="([^"]+)"', drawings)
    assert len(names) == len(set(names))
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', drawings))
    assert used == set(names)
    outlines = re.findall(r'<path (?:id="[^"]*" )?d="([^"]*)"[^>]*?id="DejaVu', drawings)
    outlines += re.findall(r'<path id="DejaVu[^>]* d="([^"]*)"', drawings)
    assert len(outlines) == len(set(outlines)) > 20


@pytest.fixture(scope="module")
def older(site, tmp_path_factory):
    """The site as a browser meets it that doesn't know light-dark()."""
    folder = tmp_path_factory.mktemp("older") / "book"
    shutil.copytree(site, folder, ignore=shutil.ignore_patterns("lite"))
    for page in (folder / "index.html", *(folder / "chapters").glob("*.html")):
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace("light-dark(", "not-known("), encoding="utf-8")
    with browser.served(folder) as url:
        yield url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_older_browser_gets_a_light_page_with_all_its_colours(scheme, chromium, older):
    with Visit(chromium, older + CHAPTERS[4], viewport=NARROW, color_scheme=scheme) as visit:
        style = "(selector) => getComputedStyle(document.querySelector(selector)).backgroundColor"
        for place in ("body", ".bar", ".highlight"):
            assert visit.page.evaluate(style, place).startswith("rgb(2"), place
        assert axe(visit.page) == []


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("page", ["index.html", "chapters/02_cross_entropy.html"])
def test_text_of_twice_the_size_fits_a_narrow_screen(page, width, chromium, address):
    """The reader's own font size, not a zoom: rem grows and the screen does not."""
    with chromium.new_context(
        viewport={"width": width, "height": 700}, service_workers="block"
    ) as context:
        opened = context.new_page()
        session = context.new_cdp_session(opened)
        session.send("Page.enable")
        session.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
        opened.goto(address + page)
        assert opened.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
        opened.evaluate(WAIT_FOR_ALL)
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        for part in opened.locator(".bar > :visible").all():
            box = part.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            assert part.evaluate(
                "(e) => e.scrollHeight <= e.clientHeight + 1 || e.tagName == 'FORM'"
            )


def test_forced_colours_leave_every_control_to_be_seen(chromium, address):
    """A border where a background colour is taken away."""
    with Visit(
        chromium, address + "chapters/07_gradients.html", viewport=WIDE, forced_colors="active"
    ) as visit:
        for place in (".button", ".ce-knob", ".ce-widget button"):
            element = visit.page.locator(place).first
            element.scroll_into_view_if_needed()
            style = element.evaluate("(e) => getComputedStyle(e).borderTopStyle")
            assert style == "solid", place


def squeezed(text):
    """Text without spaces and ligatures, as different programs set them."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_prints_whole_and_without_empty_pages(page, chromium, address, tmp_path):
    """Solutions and answers are open, quizzes have no buttons, pages are numbered and full."""
    with Visit(chromium, address + page) as visit:
        folded = visit.page.evaluate(
            """() => [...document.querySelectorAll('main details > :not(summary) p')]
            .filter((p) => !p.closest('.run'))
            .map((p) => p.firstChild).filter((n) => n?.nodeType === 3 && n.data.trim().length > 25)
            .map((n) => n.data.trim().slice(0, 25))"""
        )
        visit.page.emulate_media(media="print")
        assert visit.page.locator(".ce-widget :is(button, input):visible").count() == 0
        visit.page.pdf(path=tmp_path / "chapter.pdf", format="A4", prefer_css_page_size=True)
    pages = pypdf.PdfReader(tmp_path / "chapter.pdf").pages
    texts = [squeezed(text.extract_text()) for text in pages]
    whole = "".join(texts)
    assert len(folded) >= 5
    missing = [said for said in folded if squeezed(said) not in whole]
    assert len(missing) <= len(folded) / 10, missing  # a page may end in the middle of one
    for number, text in enumerate(texts, 1):
        assert f"{number}/{len(texts)}" in text
    emptier = []
    for number, paper in enumerate(pages[:-1], 1):
        lowest = [900.0]

        def note(text, transform, matrix, font, size, lowest=lowest):
            y = transform[5] + transform[3] * matrix[5]
            if text.strip() and y > 60:  # the page's number stands below
                lowest.append(y)

        paper.extract_text(visitor_text=note)
        emptier += [number] if min(lowest) > 0.45 * 842 else []
    assert len(emptier) <= 1, f"pages {emptier} are empty in their lower half"


def test_a_server_with_clean_urls_serves_the_book_after_a_visit(chromium, site):
    """It answers x.html with a redirect to x, as npm's serve and several hosts do."""
    with browser.served(site, clean=True) as address, chromium.new_context() as context:
        page = context.new_page()
        page.goto(address)
        page.fill(".bar [type=search]", "softmax")  # whose redirects drop what follows a ?
        page.wait_for_selector(".results li a")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search**")
        expect(page.locator("#search-results li a").first).to_be_visible()
        page.goto(address)
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.reload()
        context.set_offline(True)
        for name in ("index.html", "chapters/02_cross_entropy.html", "chapters/03_softmax"):
            page.goto(address + name)
            assert page.locator("h1").count() == 1


NGINX = """
daemon off; pid nginx.pid; error_log stderr;
events {{ }}
http {{
  include {types}; default_type application/octet-stream; access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {{ listen 127.0.0.1:{port}; location /book/ {{ alias {site}/; }} }}
}}
"""


@pytest.fixture
def nginx(site, tmp_path):
    """The address at which Debian's nginx serves the site, with the types that it knows."""
    program = browser.find("NGINX", "nginx", "/usr/sbin/nginx")
    types = Path("/etc/nginx/mime.types")
    if not program or not types.exists():
        browser.missing("nginx", "install nginx-light")
    port = browser.free_port()
    (tmp_path / "nginx.conf").write_text(NGINX.format(types=types, port=port, site=site))
    tmp_path.chmod(0o755)
    user = "user root;" if not os.getuid() else ""  # the site may lie where only root can read
    command = [program, "-p", tmp_path, "-c", "nginx.conf", "-g", user]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as server:
        for _ in range(50):
            with socket.socket() as probe:
                if server.poll() is not None or not probe.connect_ex(("127.0.0.1", port)):
                    break
            time.sleep(0.1)
        assert server.poll() is None, server.stderr.read()
        yield f"http://127.0.0.1:{port}/book/"
        server.terminate()


def test_a_plain_nginx_serves_the_book_with_its_scripts(nginx, chromium):
    """Each file's type is one that a browser runs, and nothing is reported in the console."""
    with Visit(chromium, nginx + "chapters/07_gradients.html", viewport=WIDE) as visit:
        expect(visit.page.locator("[data-widget=step_microscope] .ce-knob")).to_have_count(1)
        expect(visit.page.locator("#progress")).to_contain_text("sections read")
        visit.page.keyboard.press("Control+k")
        visit.page.keyboard.type("softmax")
        visit.page.wait_for_selector(".results li a")
        assert visit.errors == []
        kinds = visit.page.evaluate(
            """async () => Object.fromEntries(await Promise.all(
            performance.getEntriesByType('resource').filter(({ name }) => /\\.js$/.test(name))
            .map(async ({ name }) => [name, (await fetch(name)).headers.get('content-type')])))"""
        )
        assert len(kinds) >= 3
        assert all("javascript" in kind for kind in kinds.values()), kinds


def test_two_builds_of_one_commit_are_equal(site, second_site):
    """Else every reader would be told of a new edition that is none."""
    first, second = (
        {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
        for folder in (site, second_site)
    )
    assert first.keys() == second.keys()
    differ = [name for name in first if first[name].read_bytes() != second[name].read_bytes()]
    assert [name for name in differ if name != ".buildinfo"] == []


def test_a_server_of_another_user_can_read_a_site_built_privately(tmp_path):
    (tmp_path / "below").mkdir(mode=0o700)
    files = [tmp_path / "index.html", tmp_path / "below/page.html"]
    for file in files:
        file.touch(mode=0o600)
    app = SimpleNamespace(outdir=tmp_path, builder=SimpleNamespace(name="html"))
    publish.open_to_all(app, None)
    assert [file.stat().st_mode & 0o777 for file in files] == [0o644, 0o644]
    assert (tmp_path / "below").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("page", PAGES)
def test_no_link_needs_a_query_that_a_redirect_drops(page, site):
    """A server with clean URLs answers x.html?a with a redirect to x: a folder keeps its query."""
    text = (site / page).read_text(encoding="utf-8")
    assert re.findall(r'href="(?!https?:)[^"]*\.html\?[^"]*"', text) == []


def test_scripts_have_a_name_that_every_server_knows(site):
    modules = [f for f in site.rglob("*.mjs") if "lite" not in f.relative_to(site).parts]
    assert modules == []
    assert (site / ".nojekyll").exists()


def test_the_contents_open_on_a_narrow_page(chromium, address):
    with chromium.new_context(viewport=NARROW, service_workers="block") as context:
        page = context.new_page()
        page.goto(address + CHAPTERS[0])
        assert not page.locator("#contents").is_visible()
        page.click("[popovertarget=contents]")
        page.click("#contents >> text=When exp overflows")
        page.wait_for_url("**/05_stability.html")
        page.goto(f"{address}{CHAPTERS[7]}#exercises")
        page.wait_for_selector("#contents [aria-current=location]", state="attached")
        page.click("[popovertarget=contents]")
        expect(page.locator("#contents [aria-current=location]")).to_be_in_viewport()
        page.locator("#contents .current a[href^='#']").first.click()  # of this page
        expect(page.locator("#contents")).to_be_hidden()


UNDER_COPY = """() => [...document.querySelectorAll('.highlight:has(> .copy) pre')]
    .filter((pre) => pre.offsetParent).filter((pre) => {
    pre.scrollLeft = 1e5;
    const button = pre.parentElement.querySelector('.copy').getBoundingClientRect();
    const text = document.createRange();
    text.selectNodeContents(pre);
    return [...text.getClientRects()].some((line) => line.width && line.right > button.left
        && line.left < button.right && line.top < button.bottom && line.bottom > button.top);
}).map((pre) => pre.innerText)"""


def test_no_code_lies_under_the_copy_button_of_a_touch_screen(chromium, address):
    """Scrolled to its end, each line that the button stands on can be read."""
    options = {"viewport": NARROW, "has_touch": True, "is_mobile": True}
    with Visit(chromium, address + CHAPTERS[2], **options) as visit:
        assert visit.page.locator(".copy").count() > 20
        assert visit.page.evaluate(UNDER_COPY) == []


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
    link = reader.get_attribute("text=Report a problem", "href")
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
    browser.export_and_reset(reader, tmp_path / "kept.json")
    reader.wait_for_selector("#progress button")
    assert reader.inner_text("#progress p:nth-of-type(2)").startswith("0 of")
    with reader.expect_navigation():
        reader.set_input_files("#progress input", tmp_path / "kept.json")
    reader.wait_for_selector("#progress button")
    assert reader.inner_text("#progress p:nth-of-type(2)") == said
    reader.goto(reader.url.replace("02_cross_entropy", "05_stability"))
    reader.click("#progress >> text=Continue")
    last = json.loads((tmp_path / "kept.json").read_text())["kept"]["last"]
    reader.wait_for_url(f"**/02_cross_entropy.html#{last['id']}")


def test_the_front_page_begins_with_the_way_in_and_the_way_back(reader, address):
    """At every width: two links, then the chapters as a list with minutes and what is read."""
    part = reader.locator("main section section:has(> h2)").nth(2)
    name, title = part.evaluate("(s) => [s.id, s.querySelector('h2').innerText]")
    reader.locator("main details").first.locator("summary").first.click()
    part.evaluate("(s) => s.lastElementChild.scrollIntoView()")
    expect(reader.locator("#progress")).to_contain_text("1 of", timeout=10_000)
    part.evaluate("(s) => s.querySelector('h2').scrollIntoView()")
    reader.wait_for_timeout(800)  # until the page has come to rest
    for width in (1280, 375, 320):
        reader.set_viewport_size({"width": width, "height": 900})
        reader.goto(address + "index.html")
        start, back = reader.locator("main .button").all()
        assert start.inner_text() == "Start reading"
        assert back.inner_text().startswith("Continue with 2.")
        assert f"02_cross_entropy.html#{name}" in back.get_attribute("href"), title
        assert start.bounding_box()["y"] < 400
        assert reader.locator("main .scrolls").count() == 0
        assert reader.locator(".chapter").count() == len(CHAPTERS)
        for chapter in reader.locator(".chapter").all():
            expect(chapter).to_contain_text(re.compile(r"\?.*\d\d minutes", re.S))
        bars = reader.locator(".chapter progress")
        assert bars.count() == 1
        assert "Chapter 2 · Cross-entropy: 1 of" in bars.get_attribute("aria-label")
        assert axe(reader) == []
    back.click()
    reader.wait_for_url(f"**/02_cross_entropy.html#{name}")
    assert reader.locator("main details").first.evaluate("(fold) => fold.open")


def test_a_reset_asks_first_and_can_be_left_by_escape(reader):
    opener = reader.locator("#progress >> text=Reset")
    opener.click()
    dialog = reader.locator("dialog")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    with reader.expect_download():
        dialog.get_by_role("button", name="Export").click()
    reader.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(reader.locator("#progress >> text=Reset")).to_be_focused()


STORAGE = {
    "blocked": (
        "Object.defineProperty(window, 'localStorage', "
        "{get() { throw new DOMException('no', 'SecurityError'); }})",
        "blocks storage",
    ),
    "full": (
        "Storage.prototype.setItem = "
        "() => { throw new DOMException('full', 'QuotaExceededError'); }",
        "is full",
    ),
}


@pytest.mark.parametrize(("fault", "says"), STORAGE.values(), ids=STORAGE)
def test_a_reader_is_told_why_nothing_is_kept(fault, says, chromium, address):
    with chromium.new_context(viewport=WIDE, service_workers="block") as context:
        page, errors = context.new_page(), []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.add_init_script(fault)
        page.goto(address + CHAPTERS[1])
        expect(page.locator("#progress .refused")).to_contain_text(says)
        page.click("[data-do=theme]")
        assert errors == []


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
        assert "ignored" in reader.inner_text("#notice")


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
    reader.wait_for_selector("text=Nothing was changed")


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


@pytest.mark.parametrize("published", ["/book/", "/elsewhere/below/"])
def test_a_page_that_is_not_in_the_copy_is_answered_in_words(published, chromium, site, tmp_path):
    """Without a network, at any depth; links stay in this copy, wherever the book was to stand."""
    shutil.copytree(site, tmp_path / "book", ignore=shutil.ignore_patterns("lite"))
    for name in ("404.html", "sw.js"):
        file = tmp_path / "book" / name
        text = file.read_text(encoding="utf-8").replace('"/book/', f'"{published}')
        file.write_text(text, encoding="utf-8")
    with browser.served(tmp_path / "book") as address, chromium.new_context() as context:
        page = context.new_page()
        page.goto(address + CHAPTERS[0])
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        context.set_offline(True)
        for place in ("chapters/99_nothing.html", "no/such/place", "chapters/01_surprisal.md"):
            page.goto(address + place)
            expect(page.locator("h1")).to_contain_text("There is no such page")
            expect(page.locator("main p")).to_contain_text("offline")
        page.click("main a")
        page.wait_for_url(f"{address}index.html")
        assert page.locator(".chapter").count() == len(CHAPTERS)


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
        page.click("#notice >> text=Load it")
        expect(page.locator("h1")).to_contain_text("A new edition", timeout=10_000)
        assert len(page.evaluate("caches.keys()")) == 1


def test_a_link_that_is_no_reference_is_followed_at_the_first_tap(chromium, address):
    """A popover stands in for references only: terms, formulas, figures and citations."""
    with chromium.new_context(viewport=NARROW, has_touch=True, service_workers="block") as context:
        page = context.new_page()
        page.goto(address + "chapters/02_cross_entropy.html")
        page.locator("h2").nth(3).scroll_into_view_if_needed()
        page.mouse.wheel(0, 200)
        page.wait_for_timeout(700)
        page.goto(address + "chapters/03_softmax.html")
        page.mouse.wheel(0, 300)  # the next chapter is begun: this is where to continue
        page.wait_for_timeout(700)
        page.goto(address + "index.html")
        onward = page.get_by_role("link", name=re.compile("^Continue"))
        expect(onward.first).to_be_visible()
        onward.first.tap()
        page.wait_for_url("**/03_softmax.html**")
        page.goto(address + "chapters/03_softmax.html")
        link = page.locator("main a", has_text="This section in JupyterLab").first
        link.scroll_into_view_if_needed()
        link.tap()
        page.wait_for_url("**/lite/**")
