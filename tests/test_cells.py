"""The cells of a chapter on its own page: they run, can be edited and stopped, and start offline.

Pyodide comes from its CDN or, where PYODIDE_FILES names a folder, from there; see `test_lite.py`.
"""

import json
import re

import browser
import prose
import pytest
from ce_site import cells, lite
from playwright.sync_api import expect
from test_lite import FILES, answer_from, texts
from test_site import NARROW, WIDE, axe, local

PATHS = {path.stem: path for path in prose.CHAPTERS}
LATER = re.compile(
    r"/(run|python|worker|editor|practice)\.js$|/cells\.css$|/chapters/[\w.]+\.json$"
)
SECONDS = 1000


@pytest.fixture(scope="module")
def reader(chromium):
    """A browser context in which Pyodide's CDN answers, with all that it asked for."""
    with chromium.new_context(viewport=WIDE, service_workers="block") as context:
        context.set_default_timeout(20 * SECONDS)
        context.asked = []
        context.on("request", lambda request: context.asked.append(request.url))
        if FILES:
            context.route(f"{lite.cdn()}**", answer_from(FILES))
        yield context


def open_page(context, url):
    """A chapter's page, with a list of the errors that it reports."""
    page = context.new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto(url)
    return page


def cell(page, name):
    """A cell of the page by its id in the notebook."""
    return page.locator(f"#cell-{name}")


def press(page, name, button):
    """Press one of a cell's buttons."""
    cell(page, name).get_by_role("button", name=button, exact=True).click()


def finished(page, name, seconds=300):
    """Wait until a cell's output is there; end the test where Pyodide is out of reach."""
    yours = cell(page, name).locator(".yours[data-same], .yours .failed")
    whole = page.locator(".overall .failed")  # of a run of all cells
    expect(yours.or_(whole).first).to_be_attached(timeout=seconds * SECONDS)
    if whole.count():
        yours = whole
    if yours.locator(".failed, :scope.failed").count() or "could not be" in yours.inner_text():
        browser.missing("Pyodide's CDN", browser.PYODIDE)
    return yours


def shown(path):
    """The cells of a notebook whose code the page shows, with what they print."""
    for code in prose.load(path)["cells"]:
        tags = {*code["metadata"].get("tags", [])}
        if code["cell_type"] == "code" and not tags & {"remove-cell", "remove-input"}:
            yield code["id"], "".join(texts(code))


@pytest.mark.parametrize("name", PATHS)
def test_every_cell_prints_on_its_page_what_the_book_stores(name, reader, address):
    """Those that the page hides run, too; only the site and Pyodide's CDN are asked.

    Then a cell is edited, run, kept over a reload, and restored.
    """
    page = open_page(reader, f"{address}chapters/{name}.html")
    wanted = dict(shown(PATHS[name]))
    assert page.locator("[data-do=run]").count() == page.locator("[data-do=edit]").count()
    assert page.locator("[data-do=run]").count() == len(wanted)
    page.wait_for_load_state("networkidle")
    assert [url for url in reader.asked if LATER.search(url)] == []
    page.get_by_role("button", name="Run every cell on this page").click()
    finished(page, list(wanted)[-1])
    expect(page.locator(".overall")).to_have_text(
        "All cells have run. Each prints what the book shows."
    )
    for name_of_cell, text in wanted.items():
        yours = cell(page, name_of_cell).locator(".yours")
        assert yours.get_attribute("data-same") == "true", (name_of_cell, yours.inner_text())
        if text and not yours.locator("svg, .ce-widget").count():
            assert yours.locator(".outputs").text_content() == text, name_of_cell
    assert page.locator(".untrue, .error, .stderr").count() == 0
    edit_and_restore(page, next(iter(wanted)))
    assert page.faults == []
    hosts = {url.split("/")[2] for url in reader.asked if not local(url)}
    assert hosts <= {lite.cdn().split("/")[2]}  # none, once this browser has Python
    reader.asked.clear()
    page.close()


def edit_and_restore(page, name):
    """Change a cell by one line, run it, reload, and return to the book's version."""
    press(page, name, "Edit")
    cell(page, name).locator(".cm-content").focus()
    page.keyboard.press("Control+Home")
    page.keyboard.insert_text("print('a line of mine')\n")
    press(page, name, "Run")
    expect(cell(page, name).locator(".yours[data-same=false]")).to_contain_text("a line of mine")
    page.reload()
    expect(cell(page, name).locator(".cm-content")).to_contain_text("print('a line of mine')")
    press(page, name, "The book’s version")
    expect(cell(page, name).locator(".cm-content")).to_have_count(0)
    page.reload()
    expect(cell(page, name).get_by_role("button", name="Run", exact=True)).to_be_visible()
    assert page.locator(".editor").count() == 0
    assert page.evaluate("Object.keys(localStorage).filter((key) => /:code:/.test(key))") == []


def test_a_figure_and_a_widget_of_the_reader_s_are_as_the_book_s(reader, address):
    page = open_page(reader, f"{address}chapters/03_softmax.html")
    page.click("summary:has-text('Code for this figure')")
    page.locator("details[open] [data-do=run]").first.click()
    drawing = page.locator(".yours svg.ce-figure")
    expect(drawing).to_be_visible(timeout=120 * SECONDS)
    assert "currentColor" in drawing.inner_html()
    assert drawing.get_attribute("aria-label")
    ids = page.evaluate("[...document.querySelectorAll('svg [id]')].map(({ id }) => id)")
    mine = [name for name in ids if name.startswith("own")]
    assert mine
    assert len(set(mine)) == len(mine)
    name = next(
        code["id"] for code in prose.load(PATHS["03_softmax"])["cells"]
        if "widgets.SoftmaxExplorer(" in "".join(code["source"])
    )  # fmt: skip
    press(page, name, "Run")
    box = cell(page, name).locator(".yours .ce-widget")
    box.scroll_into_view_if_needed()  # it wakes when it comes near
    box.locator(".ce-knob").first.focus()
    before = box.inner_text()
    page.keyboard.press("ArrowUp")
    expect(box).not_to_have_text(before, use_inner_text=True)
    page.close()


def test_a_widget_moves_when_code_gives_it_other_values(reader, address):
    """Also one that is not on the screen yet; a loop's last value stays."""
    page = open_page(reader, f"{address}chapters/03_softmax.html")
    first, later = "seed-demo", "four-sets"
    press(page, first, "Edit")
    cell(page, first).locator(".cm-content").focus()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(
        "\nfrom ce_lib import widgets\nmine = widgets.SoftmaxExplorer()\nmine"
    )
    press(page, first, "Run")
    finished(page, first)
    for code, score in (
        ("mine.logits = [-1.0, 1.0, 0.1]", "−1.0, share"),
        ("for z in range(-20, 31):\n    mine.logits = [z / 10, 1.0, 0.1]", "3.0, share"),
    ):
        type_into(page, later, code)
        press(page, later, "Run")
        finished(page, later, 60)
        box = cell(page, first).locator(".yours .ce-widget")
        box.scroll_into_view_if_needed()
        knob = box.locator(".ce-knob[aria-label*=cat]").first
        expect(knob).to_have_attribute("aria-valuetext", re.compile(score))
    assert page.faults == []
    page.evaluate("localStorage.clear()")
    page.close()


def test_a_widget_that_is_moved_tells_its_python_object(reader, address):
    page = open_page(reader, f"{address}chapters/03_softmax.html")
    name = "seed-demo"
    type_into(page, name, "from ce_lib import widgets\nmine = widgets.SoftmaxExplorer()\nmine")
    press(page, name, "Run")
    box = finished(page, name).locator(".ce-widget")
    box.scroll_into_view_if_needed()
    box.locator(".ce-knob").first.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    type_into(page, name, "print(mine.logits, round(mine.shift, 3))")
    press(page, name, "Run")
    assert finished(page, name).locator(".outputs").inner_text().strip() == "[2.0, 1.0, 0.1] 0.2"
    assert page.faults == []
    page.evaluate("localStorage.clear()")
    page.close()


def test_an_edited_cell_is_run_kept_exported_and_restored(reader, address, tmp_path):
    """By keyboard alone, from the button to the book's version again."""
    page = open_page(reader, f"{address}chapters/03_softmax.html")
    name = [name for name, _ in shown(PATHS["03_softmax"])][5]
    cell(page, name).locator("[data-do=edit]").focus()
    page.keyboard.press("Enter")
    field = cell(page, name).locator(".cm-content")
    expect(field).to_be_focused()
    page.keyboard.press("Tab")
    expect(field).not_to_be_focused()
    field.focus()
    page.keyboard.press("Control+Home")
    page.keyboard.insert_text("print('mine')\n")
    page.keyboard.press("Control+Enter")
    yours = finished(page, name)
    expect(yours).to_contain_text("5 cells before this one were run first")
    expect(yours).to_contain_text("differs from the book’s")
    assert yours.locator("mark").all_text_contents() == ["mine"]
    assert axe(page) == []
    page.set_viewport_size(NARROW)  # with the button at the foot of the screen
    to_foot = "(b) => scrollBy(0, b.getBoundingClientRect().bottom - innerHeight + 60)"
    cell(page, name).get_by_role("button", name="Run", exact=True).evaluate(to_foot)
    cell(page, name).locator(".yours").evaluate("(yours) => yours.remove()")
    press(page, name, "Run")
    finished(page, name)
    page.wait_for_timeout(100)
    place = "(e) => { const { top, bottom } = e.getBoundingClientRect(); return [top, bottom]; }"
    top, bottom = yours.evaluate(place)
    assert top > 52
    assert bottom < NARROW["height"] or top < 100
    page.set_viewport_size(WIDE)
    page.reload()
    expect(field).to_contain_text("print('mine')")
    with page.expect_download() as download:
        page.click("#progress >> text=Export")
    kept = json.loads(download.value.path().read_text())["kept"]
    assert kept[f"code:chapters/03_softmax#{name}"].startswith("print('mine')\n")
    page.emulate_media(media="print")
    assert page.locator(":is(.tools, .editor, .yours, .run):visible").count() == 0
    expect(cell(page, name).locator(".highlight").first).to_be_visible()
    page.emulate_media(media="screen")
    press(page, name, "The book’s version")
    expect(field).to_have_count(0)
    page.reload()
    expect(page.locator("[data-do=run]").first).to_be_visible()
    assert page.locator(".editor").count() == 0
    assert page.faults == []
    page.close()


def type_into(page, name, code):
    """Replace a cell's code."""
    press(page, name, "Edit")
    cell(page, name).locator(".cm-content").focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(code)


def test_an_error_an_endless_loop_and_a_false_statement(reader, address):
    """What goes wrong is said where it goes wrong, and the page never waits."""
    page = open_page(reader, f"{address}chapters/04_the_pair.html")
    names = [name for name, _ in shown(PATHS["04_the_pair"])]
    type_into(page, names[1], "print('loss 0.7437')\n1 / 0")
    press(page, names[1], "Run")
    yours = finished(page, names[1])
    expect(yours.locator(".error .last")).to_have_text("ZeroDivisionError: division by zero")
    expect(yours.locator(".error pre")).to_be_hidden()
    expect(yours.locator(".signature")).to_contain_text("0.7437 is a signature")
    press(page, names[2], "Run")
    expect(cell(page, names[2]).locator(".yours")).to_contain_text("stopped with an error")
    press(page, names[1], "The book’s version")
    type_into(page, names[0], "while True: print('again')")
    press(page, names[0], "Run")
    expect(cell(page, names[0]).locator(".outputs")).to_contain_text("is left out")
    press(page, names[0], "Stop")
    expect(cell(page, names[0]).locator(".yours")).to_contain_text("Stopped.")
    press(page, names[0], "The book’s version")
    press(page, names[0], "Run")
    finished(page, names[0])
    page.get_by_role("button", name="Restart Python").click()
    expect(page.locator(".yours")).to_have_count(0)
    assert page.faults == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_python_the_reader_is_told_in_place(scheme, chromium, address):
    with chromium.new_context(
        viewport=NARROW, color_scheme=scheme, service_workers="block"
    ) as context:
        context.route(f"{lite.cdn()}**", lambda route: route.abort())
        page = open_page(context, f"{address}chapters/03_softmax.html")
        press(page, "seed-demo", "Run")
        notice = cell(page, "seed-demo").locator(".failed")
        expect(notice).to_contain_text("could not be loaded from cdn.", timeout=20 * SECONDS)
        assert notice.locator("a").get_attribute("href") == f"{address}index.html#how-to-run-it"
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
        type_into(page, "seed-demo", "x = 1")
        assert axe(page) == []
        notice.get_by_role("button", name="Try again").click()
        expect(notice).to_contain_text("could not be loaded", timeout=20 * SECONDS)
        assert page.faults == []


def kept(page):
    """Wait until what Python was fetched as is stored: no file more within two seconds."""
    page.wait_for_function(
        """async () => {
            const keys = await (await caches.open('ce-python')).keys();
            const [before, now] = [window.stored, window.stored = keys.length];
            return now > 20 && now === before;
        }""",
        polling=2000,
    )


def test_python_starts_again_without_a_network(chromium, self_hosted):
    """And with the site's own Pyodide no other host is asked."""
    with chromium.new_context(viewport=WIDE) as context, browser.served(self_hosted) as address:
        asked = []
        context.on("request", lambda request: asked.append(request.url))
        page = open_page(context, f"{address}chapters/03_softmax.html")
        press(page, "seed-demo", "Run")
        finished(page, "seed-demo")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        kept(page)
        context.set_offline(True)
        page.reload()
        press(page, "seed-demo", "Run")
        assert finished(page, "seed-demo").get_attribute("data-same") == "true"
        press(page, "seed-demo", "Edit")
        expect(cell(page, "seed-demo").locator(".cm-content")).to_be_focused()
        assert [url for url in asked if not local(url)] == []


def test_python_from_its_cdn_starts_again_without_a_network(chromium, address):
    """With the offline copy in charge of the page, which must leave the CDN's answers alone."""
    with chromium.new_context(viewport=WIDE) as context:
        if FILES:
            context.route(f"{lite.cdn()}**", answer_from(FILES))
        page = open_page(context, f"{address}chapters/03_softmax.html")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.reload()
        assert page.evaluate("navigator.serviceWorker.controller !== null")
        press(page, "seed-demo", "Run")
        finished(page, "seed-demo")
        kept(page)
        context.unroute_all()
        context.set_offline(True)
        asked = []
        context.on("request", lambda request: asked.append(request.url))
        page.reload()
        press(page, "seed-demo", "Run")
        assert finished(page, "seed-demo").get_attribute("data-same") == "true"
        assert [url for url in asked if not local(url)] == []


def test_a_long_line_in_the_editor_shows_that_it_goes_on(chromium, address):
    """As it is opened, typed and scrolled."""
    with chromium.new_context(viewport=NARROW, service_workers="block") as context:
        page = open_page(context, f"{address}chapters/03_softmax.html")
        type_into(page, "seed-demo", "x = 1")
        scroller = cell(page, "seed-demo").locator(".cm-scroller")
        assert not scroller.evaluate("(e) => e.matches('.cut')")
        page.keyboard.insert_text("\n" + "y = " + "1 + " * 30 + "1")
        page.keyboard.press("Home")
        expect(scroller).to_have_class(re.compile(r"\bcut\b"))
        page.reload()
        expect(scroller).to_have_class(re.compile(r"\bcut\b"))
        scroller.evaluate("(e) => { e.scrollLeft = e.scrollWidth; }")
        expect(scroller).not_to_have_class(re.compile(r"\bcut\b"))
        expect(scroller).to_have_class(re.compile(r"\bbegun\b"))
        assert axe(page) == []


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_new_reader_is_led_to_a_first_cell(size, chromium, address):
    """In three presses from the front page, on any screen: the first one that prints something."""
    with chromium.new_context(viewport=size, service_workers="block") as context:
        page = open_page(context, f"{address}index.html")
        page.get_by_role("link", name="Start reading").click()
        page.get_by_role("link", name="Go to the first one").click()
        expect(cell(page, "huffman").get_by_role("button", name="Run")).to_be_in_viewport()
        assert cell(page, "huffman").locator(".cell_output").inner_text()
        press(page, "huffman", "Edit")
        expect(cell(page, "huffman").locator(".cm-content")).to_be_focused()


@pytest.mark.parametrize("name", PATHS)
def test_the_list_of_a_chapter_s_cells_is_the_notebook_s(name, site):
    listed = json.loads((site / "chapters" / f"{name}.json").read_text(encoding="utf-8"))
    assert listed == [*cells.code_cells(PATHS[name])]
    assert {c["id"]: c["text"] for c in listed if c["shown"]} == dict(shown(PATHS[name]))


def test_in_firefox_every_cell_prints_what_the_book_stores(self_hosted):
    """All chapters in one browser, which fetches Python once."""
    last = {name: [*shown(path)][-1][0] for name, path in PATHS.items()}
    with browser.served(self_hosted) as address:
        found = browser.firefox(address, "cells", json.dumps(last))
    assert found == {**{name: [] for name in PATHS}, "errors": []}


def in_view(page, text):
    """Whether a text of the page is on the screen."""
    box = page.get_by_text(text).first.bounding_box()
    return box is not None and 0 <= box["y"] < page.viewport_size["height"]


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_what_is_fetched_is_told_where_the_reader_looks(size, chromium, address):
    """Beside the button that was pressed, though another cell runs first; also that it stopped."""
    with chromium.new_context(viewport=size, service_workers="block") as context:
        context.route(f"{lite.cdn()}**", lambda route: None)  # it never answers
        page = open_page(context, f"{address}chapters/01_surprisal.html")
        run = cell(page, "huffman").get_by_role("button", name="Run", exact=True)
        run.click()
        cancel = page.get_by_role("button", name="Cancel", exact=True)
        expect(cancel).to_be_visible()
        assert in_view(page, "First, the cells before this one: 1 of")
        assert 0 <= cancel.bounding_box()["y"] < size["height"]
        cancel.click()
        expect(run).to_be_focused()
        everything = page.get_by_role("button", name="Run every cell on this page")
        everything.click()
        expect(cancel).to_be_visible()
        assert in_view(page, "Running the cells: 1 of")
        assert 0 <= cancel.bounding_box()["y"] < size["height"]
        cancel.click()
        expect(everything).to_be_focused()
        assert in_view(page, "Stopped. The variables are gone")
        assert page.faults == []
