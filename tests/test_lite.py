"""The chapters in the reader's browser: JupyterLite, on Pyodide, prints what the book stores.

Pyodide comes from its CDN, as a reader has it. Where that is out of reach, PYODIDE_FILES names a
folder with the files of its release, which then answers in the CDN's place.
"""

import contextlib
import copy
import json
import os
import re
import shlex
import shutil
import subprocess
import time
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import browser
import colab
import prose
import pytest
import yaml
from ce_site import lite
from playwright.sync_api import expect
from test_site import NARROW, WIDE, axe, local
from test_widgets import SHOW_CELL

from ce_lib import widgets

FILES = os.environ.get("PYODIDE_FILES")
TYPES = {".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json"}
RUN_ALL = """async () => {
    await jupyterapp.commands.execute('notebook:clear-all-cell-outputs');
    window.finished = false;
    const run = jupyterapp.commands.execute('notebook:run-all-cells');
    run.then(() => { window.finished = true; });
}"""
FIRST_OUTPUT = """() => jupyterapp.shell.currentWidget.content.widgets.some(
    ({ model }) => model.type === 'code' && model.outputs.length > 0)"""
CHANGE = """async () => {
    const { context, content } = jupyterapp.shell.currentWidget;
    await context.ready;
    content.model.cells.get(0).sharedModel.setSource('mine');
    await context.save();
}"""
NOTEBOOK = "() => jupyterapp.shell.currentWidget.content.model.toJSON()"


def answer_from(folder):
    """A route that serves the CDN's files from a folder."""

    def answer(route):
        file = Path(folder) / Path(urlsplit(route.request.url).path).name
        if file.exists():
            kind = TYPES.get(file.suffix, "application/octet-stream")
            headers = {"content-type": kind, "access-control-allow-origin": "*"}
            route.fulfill(path=file, headers=headers)
        else:
            route.fulfill(status=404)

    return answer


@pytest.fixture(scope="module")
def reader(chromium):
    """A browser context in which Pyodide's CDN answers, and a list of all that is asked for."""
    context = chromium.new_context(viewport=WIDE, service_workers="block")
    context.set_default_timeout(60_000)
    context.asked = []
    context.on("request", lambda request: context.asked.append(request.url))
    if FILES:
        context.route(f"{lite.cdn()}**", answer_from(FILES))
    yield context
    context.close()


def texts(cell):
    """What a code cell printed, warnings and errors named as such; pictures aside."""
    for output in cell["outputs"]:
        if output["output_type"] == "error":
            yield f"{output['ename']}: {output['evalue']}"
        elif output["output_type"] == "stream":
            text = "".join(output["text"])
            yield text if output["name"] == "stdout" else f"{output['name']}: {text}"
        else:
            yield "".join(output["data"].get("text/plain", ""))


def differences(stored, ran):
    """A line for each code cell that printed something else than what is stored."""
    found = {cell["id"]: cell for cell in ran["cells"]}
    for cell in stored["cells"]:
        if cell["cell_type"] == "code":
            wanted, got = "".join(texts(cell)), "".join(texts(found[cell["id"]]))
            if wanted != got:
                yield f"cell {cell['id']} stores\n{wanted}\nand prints\n{got}"


def spoilt(notebook):
    """A copy with one digit of one stored output changed, and the id of that cell."""
    wrong = copy.deepcopy(notebook)
    for cell in wrong["cells"]:
        for output in cell.get("outputs", []):
            text = "".join(output.get("text", ""))
            if "1" in text:
                output["text"] = text.replace("1", "2", 1)
                return wrong, cell["id"]
    raise AssertionError("no cell prints a 1")


def until_started(page):
    """Wait for Python, and end the test where Pyodide is out of reach."""
    status = page.locator("#ce-status")
    expect(status).not_to_contain_text("Python is starting", timeout=120_000)
    if "could not be loaded" in status.inner_text():
        browser.missing("Pyodide's CDN", browser.PYODIDE)


def run_all(page):
    """Run a notebook from top to bottom; what it then holds, and the seconds to its output."""
    began = time.monotonic()
    expect(page.locator("#ce-status")).to_contain_text("What you run now", timeout=60_000)
    page.evaluate(RUN_ALL)
    until_started(page)
    page.wait_for_function(FIRST_OUTPUT, timeout=120_000)
    seconds = time.monotonic() - began
    page.wait_for_function("window.finished", timeout=180_000)
    return page.evaluate(NOTEBOOK), seconds


@pytest.mark.parametrize("path", prose.CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_prints_in_the_browser_what_it_stores(path, reader, address):
    """From its page by the button: every output is the stored one, its widgets are alive."""
    page = reader.new_page()
    reader.asked.clear()
    page.goto(f"{address}chapters/{path.stem}.html")
    page.click(".run summary")
    page.click("text=Open the chapter as a notebook")
    ran, seconds = run_all(page)
    print(f"{path.stem}: first output after {seconds:.1f} s")
    stored = prose.load(path)
    assert list(differences(stored, ran)) == []
    wrong, cell = spoilt(stored)
    (line,) = differences(wrong, ran)
    assert line.startswith(f"cell {cell} ")
    widgets_answer(page, stored)
    hosts = {urlsplit(url).hostname for url in reader.asked if not local(url)}
    assert hosts == {urlsplit(lite.cdn()).hostname}
    page.close()


def widgets_answer(page, notebook):
    """A key moves each figure of a notebook, and its first question is judged."""
    sources = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for name, figure in widgets.FIGURES.items():
        start = f"widgets.{figure.__name__}("
        if any(source.startswith(start) for source in sources):
            page.evaluate(SHOW_CELL, start)
            box = page.locator(f".ce-widget[data-widget={name}]:has(input)").first
            box.locator("input[type=range]").first.focus()
            before = box.inner_text()
            page.keyboard.press("ArrowRight")
            expect(box).not_to_have_text(before, use_inner_text=True)
    page.evaluate(SHOW_CELL, "widgets.Quiz(")
    question = page.locator(".ce-widget[data-widget=quiz]:has(form)").first
    question.locator("input").first.click()
    question.locator("button").click()
    expect(question.locator("[role=status]")).not_to_be_empty()


def test_jupyterlite_s_own_address_leads_to_the_book(reader, address):
    page = reader.new_page()
    page.goto(f"{address}lite/")
    page.wait_for_url(f"{address}index.html")
    page.close()


@pytest.fixture
def cut_off(chromium, address):
    """A chapter in JupyterLite on a narrow page that cannot reach Pyodide."""
    with chromium.new_context(viewport=NARROW, service_workers="block") as context:
        context.route(f"{lite.cdn()}**", lambda route: route.abort())
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())  # JupyterLab asks when one leaves
        page.goto(f"{address}lite/notebooks/index.html?path=chapters/{prose.CHAPTERS[0].name}")
        yield page


def test_without_pyodide_the_reader_is_told(cut_off, address):
    status = cut_off.locator("#ce-status")
    expect(status).to_contain_text("could not be loaded from cdn.", timeout=60_000)
    box = status.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= NARROW["width"]
    assert status.locator("a").get_attribute("href") == f"{address}index.html#how-to-run-it"
    cut_off.get_by_role("button", name="Close").click()
    expect(status).to_be_hidden()
    assert cut_off.locator(".jp-OutputArea-output").count() > 0
    back = cut_off.get_attribute("#ce-back", "href")
    assert back == f"{address}chapters/{prose.CHAPTERS[0].stem}.html"
    expect(cut_off.locator("#ce-back")).to_be_visible()
    expect(cut_off.locator("#ce-back")).to_have_text("← Back to the chapter")


@contextlib.contextmanager
def lab_page(chromium, size=WIDE):
    """A page with time for JupyterLite, which starts slowly; Pyodide's CDN does not answer."""
    with chromium.new_context(viewport=size, service_workers="block") as context:
        context.route(f"{lite.cdn()}**", lambda route: route.abort())
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())
        yield page


def test_a_chapter_in_jupyterlite_reads_without_warnings(chromium, address):
    """Terms, works and numbers are links into this copy; the first cell is the title."""
    with lab_page(chromium) as page:
        page.goto(f"{address}lite/notebooks/index.html?path=chapters/{prose.CHAPTERS[3].name}")
        page.locator(".jp-Notebook h1").first.wait_for()
        expect(page.locator(".jp-Notebook .jp-Cell").first).to_contain_text("Why the two belong")
        page.locator("#ce-back").wait_for()  # the book's extension has come
        page.wait_for_timeout(1500)
        text = page.inner_text(".jp-Notebook")
        assert "⚠" not in text
        assert "Cross reference target" not in page.content()
        widths = page.evaluate(WIDTHS)
        assert 300 < max(widths) <= 46 * 16 + 1
        page.evaluate(FOLLOW_A_TERM)
        page.wait_for_url(f"{address}pages/glossary.html#term-*")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_section_opens_in_jupyterlite_and_leads_back(size, chromium, address):
    """From the section's link on the page to its title, and back from the section of any cell."""
    with lab_page(chromium, size) as page:
        page.goto(f"{address}chapters/07_gradients.html")
        page.locator("#check-a-gradient").get_by_text("This section in JupyterLab").click()
        back = page.get_by_text("← Back to section 7.")
        back.wait_for()
        number = back.inner_text().split()[-1]
        heading = page.locator(".jp-Notebook h2", has_text="Check a gradient")
        expect(heading).to_be_in_viewport(timeout=60_000)
        page.wait_for_timeout(3000)  # until the cells above it have their height
        expect(heading).to_be_in_viewport(timeout=10_000)
        page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex = 0")
        expect(page.get_by_text("← Back to the chapter")).to_be_visible()
        page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex += 40")
        page.get_by_text("← Back to section 7.").click()
        page.wait_for_url("**/07_gradients.html#*")
        title = page.locator(":target h2").first
        assert title.inner_text().startswith("7.")
        assert number != title.inner_text().split()[0]


def test_a_problem_set_in_jupyterlite_leads_back_to_its_page(chromium, address):
    with lab_page(chromium) as page:
        page.goto(f"{address}practice/{prose.CHAPTERS[0].stem}.html")
        page.locator("a[href*='lite/notebooks']").first.click()
        page.get_by_text("← Back to the practice page").click()
        page.wait_for_url(f"{address}practice/{prose.CHAPTERS[0].stem}.html")


# In one step: until all cells are drawn, a link found may be replaced before it is clicked.
FOLLOW_A_TERM = """() => {
    const link = document.querySelector(".jp-Notebook a[href*='glossary.html#term-']");
    link.target = '';
    link.click();
}"""
WIDTHS = """[...document.querySelectorAll('.jp-MarkdownCell p')]
    .map((paragraph) => paragraph.getBoundingClientRect().width)"""
ROLE = re.compile(r"\{[\w:]+\}`")


@pytest.mark.parametrize("path", prose.CHAPTERS, ids=lambda path: path.stem)
def test_the_roles_of_a_chapter_are_links_in_jupyterlite(path, site):
    cells = json.loads((site / "lite/files/chapters" / path.name).read_text())["cells"]
    text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    assert ROLE.findall(re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)) == []
    assert "[]" not in text
    pages = {}
    for page, anchor in re.findall(r"\]\(https://[^)]*?/book/([^)#]*)#([^)]*)\)", text):
        if page not in pages:
            pages[page] = (site / page).read_text(encoding="utf-8")
        assert f'id="{anchor}"' in pages[page], (page, anchor)


def test_a_changed_chapter_is_kept_and_the_book_s_can_be_had_again(cut_off, site):
    choice = cut_off.get_by_text("This is your saved copy")
    cut_off.locator(".jp-Notebook").wait_for()
    cut_off.evaluate(CHANGE)
    cut_off.reload()
    choice.wait_for()
    assert first_cell(cut_off) == "mine"
    cut_off.get_by_role("button", name="Load the book’s version").click()
    choice.wait_for(state="detached")
    staged = prose.load(site / "lite/files/chapters" / prose.CHAPTERS[0].name)
    assert first_cell(cut_off) == staged["cells"][0]["source"]


def first_cell(page):
    """The text of a notebook's first cell."""
    return "".join(page.evaluate(NOTEBOOK)["cells"][0]["source"])


def test_self_hosted_no_other_host_is_asked(self_hosted, chromium):
    path = min(prose.CHAPTERS, key=lambda path: path.stat().st_size)
    with (
        browser.served(self_hosted) as address,
        chromium.new_context(service_workers="block") as context,
    ):
        asked = []
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        page.goto(f"{address}lite/notebooks/index.html?path=chapters/{path.name}")
        ran, _ = run_all(page)
        assert list(differences(prose.load(path), ran)) == []
        assert [url for url in asked if not local(url)] == []


def test_a_folder_that_is_not_the_release_is_refused(tmp_path):
    folder = tmp_path / "pyodide"
    folder.mkdir()
    with pytest.raises(FileNotFoundError, match=r"PYODIDE must name .* has no pyodide\.js"):
        lite.stage_python(prose.ROOT, tmp_path / "one", folder)
    for name in lite.CORE:
        shutil.copy(lite.RELEASE / name, folder)
    for package in lite.release_lock()["packages"].values():
        (folder / package["file_name"]).write_bytes(b"not a wheel")
    with pytest.raises(ValueError, match="is not that release's: its sha256 is"):
        lite.stage_python(prose.ROOT, tmp_path / "two", folder)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_ways_to_run_open_by_keyboard_and_have_no_fault(scheme, chromium, address):
    with chromium.new_context(
        viewport=NARROW, color_scheme=scheme, service_workers="block"
    ) as context:
        page = context.new_page()
        page.goto(f"{address}chapters/{prose.CHAPTERS[0].stem}.html")
        page.focus(".run a.button")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator(".run li").last).to_be_visible()
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
        with page.expect_download() as download:
            page.click("text=Download the notebook")
        assert Path(download.value.path()).read_bytes() == prose.CHAPTERS[0].read_bytes()


def test_jupyterlite_is_not_part_of_the_book_s_own_pages(site):
    """Neither the offline copy, nor the search, nor a list of pages knows of it."""
    assert (site / "lite" / "index.html").exists()
    for name in ("sitemap.xml", "llms.txt", "search.json"):
        assert "lite/" not in (site / name).read_text(encoding="utf-8")
    worker = (site / "sw.js").read_text(encoding="utf-8")
    assert '"lite/' not in worker
    assert ".ipynb" not in worker


def config():
    """The settings that hold the repository's address."""
    return yaml.safe_load((prose.ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]


@pytest.mark.parametrize("path", prose.CHAPTERS, ids=lambda path: path.stem)
def test_binder_and_colab_open_this_very_chapter(path, site):
    name, branch = config()["url"].removeprefix("https://github.com/"), config()["branch"]
    page = (site / "chapters" / f"{path.stem}.html").read_text(encoding="utf-8")
    assert re.findall(r'href="(https://(?:mybinder|colab)[^"]*)"', page) == [
        f"https://mybinder.org/v2/gh/{name}/{branch}?urlpath=lab/tree/chapters/{path.name}",
        f"https://colab.research.google.com/github/{name}/blob/colab/chapters/{path.name}",
    ]


def test_colab_s_chapters_have_one_cell_more_that_installs_what_they_import(tmp_path):
    colab.main(tmp_path)
    assert [p.name for p in sorted(tmp_path.glob("chapters/*"))] == [p.name for p in prose.CHAPTERS]
    for path in prose.CHAPTERS:
        first, *rest = prose.load(tmp_path / "chapters" / path.name)["cells"]
        assert rest == prose.load(path)["cells"]
        asked = shlex.split(first["source"].splitlines()[1])
        assert asked[:3] == ["%pip", "install", "--quiet"]
        assert asked[3] == f"ce-lib @ git+{config()['url']}@{config()['branch']}"
    project = tomllib.loads((prose.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    notebooks = "\n".join(project["optional-dependencies"]["notebooks"])
    assert all(name in notebooks for name in asked[4:])


def test_binder_s_python_runs_the_package_and_its_script_can_be_run():
    folder = prose.ROOT / "binder"
    major, minor = re.fullmatch(
        r"python-(\d+)\.(\d+)\n", (folder / "runtime.txt").read_text()
    ).groups()
    assert (int(major), int(minor)) >= (3, 11)
    assert os.access(folder / "postBuild", os.X_OK)
    done = subprocess.run(["sh", "-n", folder / "postBuild"], check=False)
    assert done.returncode == 0
