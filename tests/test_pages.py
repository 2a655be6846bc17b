"""The website builds without a warning, and every link of the book leads somewhere."""

import re
from pathlib import Path

import prose
import pytest

TEXTS = [*prose.ROOT.glob("*.md"), *prose.PAGES, *prose.CHAPTERS]
RAW_ROLE = re.compile(r"\{(?:eq|numref|ref|cite|output|cited|measured|doc)[\w:]*\}")


def pages(site):
    """The book's own pages, without JupyterLite's."""
    return [page for page in site.rglob("*.html") if page.relative_to(site).parts[0] != "lite"]


def test_every_chapter_and_page_is_on_the_site(site):
    """Nothing that is written is left out."""
    for path in [*prose.CHAPTERS, *prose.PAGES]:
        page = (site / path.relative_to(prose.ROOT)).with_suffix(".html")
        assert page.exists(), f"{path.name} is not built: is it in _toc.yml?"


def test_every_role_and_figure_is_resolved(site):
    """No page shows a role as raw text or a problem of the build, or loses a figure's picture."""
    for page in pages(site):
        text = page.read_text(encoding="utf-8")
        article = re.sub(r"<(script|pre)\b.*?</\1>", "", text, flags=re.DOTALL)
        raw = RAW_ROLE.search(article)
        assert raw is None, f"{page.name} shows {raw[0]} as raw text"
        assert "problematic" not in article, f"{page.name} has an unresolved reference"
        for figure in re.findall(r"<figure\b.*?</figure>", text, flags=re.DOTALL):
            assert re.search(r"<(?:svg|img|picture)\b", figure), f"{page.name}: {figure[:200]}"


def test_every_anchor_on_the_site_exists(site):
    """A link within the site leads to a page, and to a place on it."""
    ids = {
        page.resolve(): set(re.findall(r'\bid="([^"]+)"', page.read_text(encoding="utf-8")))
        for page in pages(site)
    }
    for page in ids:
        text = page.read_text(encoding="utf-8")
        for link in re.findall(r'<a\b[^>]*\bhref="([^"]*\.html(?:#[^"]*)?|#[^"]+)"', text):
            if re.match(r"[a-z]+:|//", link):
                continue
            file, _, anchor = link.partition("#")
            file = str(site / file.removeprefix("/book/")) if file.startswith("/") else file
            target = (page.parent / file).resolve() if file else page
            assert target in ids, f"{page.name}: {link} leads to no page"
            assert not anchor or anchor in ids[target], f"{page.name}: {link} leads to no place"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_relative_link_leads_to_a_file(path):
    """In plain JupyterLab and on GitHub too, where the build does not help."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = prose.load(path)["cells"]
        text = "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "markdown")
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:|#", link):
            target = path.parent / Path(link.partition("#")[0])
            assert target.exists(), f"{path.name}: {link} does not exist"
