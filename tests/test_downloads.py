"""PDF, EPUB and zip hold the whole book: all its text, links that lead somewhere, nothing cut."""

import re
import shutil
import subprocess
import zipfile
from html import unescape

import browser
import prose
import pytest
from pypdf import PdfReader

from ce_lib import widgets
from downloads import epub, pdf
from downloads import site as packed

PAGE_HEIGHT = 944  # CSS pixels: A4 less the margins that print.css sets
NEEDS_SCRIPTS = {"your_guesses", "review"}
BOUND = [p for p in [*prose.CHAPTERS, *prose.PAGES] if p.stem not in NEEDS_SCRIPTS]
PRE = re.compile(r"<pre>(.*?)</pre>", re.DOTALL)
PLAIN = str.maketrans({"’": "'", "ʼ": "'", "\u00a0": " "})


def squeezed(text):
    """Text without any space, for comparison across line breaks."""
    return re.sub(r"\s+", "", text.translate(PLAIN))


def without_tags(html):
    return unescape(re.sub(r"<[^>]+>", "", html))


@pytest.fixture(scope="session")
def printed(site, chromium, tmp_path_factory):
    """The PDF."""
    path = tmp_path_factory.mktemp("pdf") / "book.pdf"
    pdf.write(site, path, chromium)
    return path


@pytest.fixture(scope="session")
def read(printed):
    """The PDF, as pypdf reads it."""
    return PdfReader(printed)


@pytest.fixture(scope="session")
def bound(site, chromium, tmp_path_factory):
    """The EPUB."""
    path = tmp_path_factory.mktemp("epub") / "book.epub"
    epub.write(site, path, chromium)
    return path


@pytest.fixture(scope="session")
def words(printed):
    """The PDF's text, in the order in which it is printed, by page."""
    return program("pdftotext", "poppler-utils", "-raw", "-enc", "UTF-8", printed, "-").split("\f")


def program(name, package, *arguments):
    """What a program of the system says."""
    if not shutil.which(name):
        browser.missing(name, f"install Debian's {package}, or the like")
    return subprocess.run(
        [name, *arguments], capture_output=True, text=True, check=True, encoding="utf-8"
    ).stdout


def titles(site):
    """The pages' titles by name, numbers included."""
    found = {}
    for path in BOUND:
        html = (site / path.relative_to(prose.ROOT)).with_suffix(".html").read_text("utf-8")
        found[path.stem] = without_tags(
            re.search(r"<h1>(.*?)<a class=", html, re.DOTALL)[1]
        ).strip()
    return found | {"index": "About this book"}


def outline(reader, items=None):
    """The bookmarks of the first level, with the page of each."""
    return {
        item.title: reader.get_destination_page_number(item) + 1
        for item in (items or reader.outline)
        if not isinstance(item, list)
    }


def test_the_pdf_is_tagged_titled_and_dated_by_its_edition(printed, read):
    says = dict(
        re.findall(
            r"^(\w[\w ]*): +(.*)$", program("pdfinfo", "poppler-utils", printed), re.MULTILINE
        )
    )
    assert says["Tagged"] == "yes"
    assert says["Title"] == "Cross-Entropy and Softmax"
    assert "A4" in says["Page size"]
    assert read.trailer["/Root"]["/Lang"] == "en"
    assert len(read.pages) > 20 * len(prose.CHAPTERS) / 2


def test_every_page_of_the_book_is_a_bookmark_and_starts_where_the_contents_say(site, read, words):
    marks = outline(read)
    appendices = {"Proofs, derivations and code", "Answers and solutions"}
    assert set(marks) == {*titles(site).values(), *appendices}
    contents = squeezed("".join(words[1 : marks["About this book"] - 1]))
    for title, page in marks.items():
        assert squeezed(title) in squeezed(words[page - 1]), title
        assert f"{squeezed(title)}{page}" in contents, title


def test_every_link_of_the_pdf_leads_to_a_place(read):
    places, inside = read.named_destinations, 0
    for page in read.pages:
        for note in page.get("/Annots", []):
            link = note.get_object()
            if "/Dest" in link:
                assert link["/Dest"] in places, link["/Dest"]
                inside += 1
            elif link["/Subtype"] == "/Link":
                address = link["/A"]["/URI"]
                assert address.startswith("https://"), address
    assert inside > 50 * len(prose.CHAPTERS)


@pytest.mark.parametrize("path", prose.CHAPTERS, ids=lambda path: path.stem)
def test_no_code_line_and_no_equation_number_is_lost_on_paper(path, site, words):
    """A clipped line would end early in the text that the PDF shows."""
    shown = squeezed("".join(words))
    html = (site / path.relative_to(prose.ROOT)).with_suffix(".html").read_text(encoding="utf-8")
    lines = [line for block in PRE.findall(html) for line in without_tags(block).splitlines()]
    assert len(lines) > 100
    for line in lines:
        assert squeezed(line) in shown, line
    numbers = re.findall(r'class="eqno">\((\d+\.\d+)\)', html)
    assert [number for number in numbers if f"({number})" not in shown] == []
    for number in re.findall(r'class="caption-number">(Figure \d+\.\d+)', html):
        assert squeezed(number) in shown, number


def test_what_does_not_fit_on_paper_is_named(site, chromium):
    """`make pdf` refuses a line that is too wide and a figure that is too high for a page."""
    with pdf.laid_out(site, chromium) as (page, _):
        assert page.evaluate("tooLarge()") == []
        page.evaluate("""() => {
            const chapter = document.querySelector('[data-page="chapters/03_softmax"]');
            chapter.querySelector('p').innerHTML = '<b style="padding-right: 900px">wide</b>';
            chapter.querySelector('figure').style.height = '1300px';
        }""")
        faults = page.evaluate("tooLarge()")
    assert any("wide" in fault for fault in faults)
    assert any("figure" in fault for fault in faults)


ON_PAPER = """() => [...document.querySelectorAll('.ce-widget')]
    .filter((box) => box.dataset.widget !== 'quiz').map((box) => [
    box.dataset.widget, ...['.ce-drawing', 'svg:not(.ce-drawing)', '.ce-hint', '.ce-key', 'table']
        .map((kind) => box.querySelectorAll(kind).length), box.getBoundingClientRect().height])"""
KEYLESS = {"softmax_explorer"}


def test_a_figure_is_drawn_once_on_paper_with_its_key_and_its_numbers(site, chromium):
    with pdf.laid_out(site, chromium) as (page, _):
        found = page.evaluate(ON_PAPER)
    assert {name for name, *_ in found} == set(widgets.FIGURES)
    for name, drawn, others, hints, keys, tables, height in found:
        more = name == "training"  # the picture beside its class's weights, then all ten classes
        assert (name, drawn, others, hints, tables) == (name, 1 + more, more, 0, 1)
        assert keys == (name not in KEYLESS), name
        assert height < PAGE_HEIGHT, name


def test_the_epub_has_no_fault_that_epubcheck_finds(bound):
    assert checked(bound) == []


def test_a_damaged_epub_is_found_out(bound, tmp_path):
    broken = tmp_path / "broken.epub"
    with zipfile.ZipFile(bound) as before, zipfile.ZipFile(broken, "w") as after:
        for entry in before.infolist():
            content = before.read(entry)
            if entry.filename.endswith("answers.xhtml"):
                content = content.replace(b"</section>", b"<p id='answers'>twice</p></section>", 1)
            after.writestr(entry, content)
    assert any("Duplicate" in fault for fault in checked(broken))


def checked(path):
    """The errors and warnings that epubcheck reports."""
    jar = shutil.which("epubcheck")  # Debian's is a jar, which not every kernel can run
    if not jar or not shutil.which("java"):
        browser.missing("epubcheck", "install Debian's epubcheck")
    done = subprocess.run(
        ["java", "-jar", jar, path], capture_output=True, text=True, check=False, encoding="utf-8"
    )
    said = done.stdout + done.stderr
    assert "EPUBCheck completed" in said, said
    return re.findall(r"^(?:FATAL|ERROR|WARNING).*", said, re.MULTILINE)


def test_the_epub_holds_every_page_its_code_and_its_formulas_in_words(site, bound):
    with zipfile.ZipFile(bound) as file:
        names = file.namelist()
        assert names[0] == "mimetype"
        for path in BOUND:
            doc = path.relative_to(prose.ROOT).with_suffix("").as_posix()
            text = file.read(f"EPUB/{doc.replace('/', '-')}.xhtml").decode("utf-8")
            html = (site / f"{doc}.html").read_text(encoding="utf-8")
            assert "mjx-" not in text
            assert "var(--" not in text
            formulas = re.findall(r"<math\b[^>]*>", text)
            assert all(re.search(r'alttext="[^"]', formula) for formula in formulas)
            ends = [file.read(f"EPUB/{name}.xhtml").decode() for name in ("proofs", "answers")]
            whole = squeezed(without_tags("".join([text, *ends])))
            for block in PRE.findall(html):
                assert squeezed(without_tags(block)) in whole, (doc, block[:80])
        bound_in = [*site.glob("chapters/*.html"), *site.glob("pages/*.html")]
        pages = [page.read_text("utf-8") for page in bound_in]
        once = sum(page.count('<div class="math') for page in pages)
        assert sum(text.count('display="block"') for _, text in sections(file)) == once
        for number in ("eq-sm-softmax", "eq-gr"):
            assert any(f'id="{page}--equation-{number}"' in text for page, text in sections(file))


def sections(file):
    """Each XHTML file's name without its ending, and its text."""
    for name in file.namelist():
        if name.endswith(".xhtml"):
            yield name.removeprefix("EPUB/").removesuffix(".xhtml"), file.read(name).decode("utf-8")


def test_each_file_of_the_epub_has_the_glyphs_that_it_uses(bound):
    """On the website a page's figures share them; solutions and proofs are moved to other files."""
    with zipfile.ZipFile(bound) as file:
        for name in file.namelist():
            text = file.read(name).decode() if name.endswith(".xhtml") else ""
            used = set(re.findall(r'<use\b[^>]*?href="#([^"]+)"', text))
            assert used <= set(re.findall(r'\bid="([^"]+)"', text)), name


def test_a_formula_is_said_in_a_line(bound):
    with zipfile.ZipFile(bound) as file:
        text = file.read("EPUB/chapters-03_softmax.xhtml").decode("utf-8")
    said = set(re.findall(r'alttext="([^"]*)"', text))
    assert {"p̂", "ln K", "softmax(z)"} & said
    assert any("e^(z_k)" in formula and "∑_j" in formula for formula in said)


def test_the_zip_reads_from_a_local_server_without_a_network(site, chromium, tmp_path):
    packed.write(site, tmp_path / "book.zip")
    with zipfile.ZipFile(tmp_path / "book.zip") as file:
        assert file.testzip() is None
        file.extractall(tmp_path)
    folder = tmp_path / "cross-entropy-and-softmax"
    assert "http.server" in (folder / "README.txt").read_text(encoding="utf-8")
    with (
        browser.served(folder) as address,
        chromium.new_context(service_workers="block") as context,
    ):
        asked = []
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("requestfailed", lambda request: errors.append(request.url))
        for path in ["index.html", "chapters/03_softmax.html", "search.html?q=softmax"]:
            page.goto(address + path, wait_until="networkidle")
            assert page.locator("h1").count() == 1
        page.wait_for_selector("#search-results li a")
        assert errors == []
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def test_the_same_site_gives_the_same_zip(site, tmp_path):
    for name in ("a.zip", "b.zip"):
        packed.write(site, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_folds_stand_in_the_appendix_where_they_belong(read, words):
    """A proof after the chapters, a solution after the proofs; the chapter has only a link."""
    marks = outline(read)
    proofs, answers = marks["Proofs, derivations and code"], marks["Answers and solutions"]
    titles = re.findall(
        r"\{dropdown\} (Proof: [^\n]+)",
        "\n".join(c["source"] for p in prose.CHAPTERS for c in prose.load(p)["cells"]),
    )
    assert len(titles) >= 8
    appendix = squeezed("".join(words[proofs - 1 : answers - 1]))
    for title in titles:
        assert squeezed(re.sub(r"[$*\\]", "", title))[:30] in appendix, title
