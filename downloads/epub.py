"""Bind the book as EPUB 3: a file for each page of the site, formulas as MathML. See downloads."""

import uuid
import zipfile
from html import escape

from downloads import HERE, archive, assembled, make

HEAD = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"
  lang="en" xml:lang="en">
<head><title>{title}</title><link rel="stylesheet" type="text/css" href="book.css"/></head>
<body>
{body}
</body>
</html>
"""
CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles>
<rootfile full-path="EPUB/book.opf" media-type="application/oebps-package+xml"/>
</rootfiles>
</container>
"""
PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:{identifier}</dc:identifier>
<dc:title>{title}: {subtitle}</dc:title>
<dc:creator>{author}</dc:creator>
<dc:language>en</dc:language>
<dc:date>{edition}</dc:date>
<dc:rights>{licence}</dc:rights>
<dc:source>{published}</dc:source>
<meta property="dcterms:modified">{edition}T00:00:00Z</meta>
<meta property="schema:accessMode">textual</meta>
<meta property="schema:accessMode">visual</meta>
<meta property="schema:accessModeSufficient">textual</meta>
<meta property="schema:accessibilityFeature">alternativeText</meta>
<meta property="schema:accessibilityFeature">MathML</meta>
<meta property="schema:accessibilityFeature">structuralNavigation</meta>
<meta property="schema:accessibilityFeature">tableOfContents</meta>
<meta property="schema:accessibilityHazard">none</meta>
<meta property="schema:accessibilitySummary">Formulas are MathML, figures have descriptions.</meta>
<meta name="cover" content="cover-image"/>
</metadata>
<manifest>
{manifest}
</manifest>
<spine toc="ncx">
{spine}
</spine>
</package>
"""


def write(site, path, chromium):
    """The EPUB of the built site."""
    with assembled(site, chromium) as (page, book):
        cover = picture(page, book)
        sections = page.evaluate("(book) => xhtml(book)", book)
    book = {key: escape(value) if isinstance(value, str) else value for key, value in book.items()}
    files = {"cover.png": cover, "book.css": (HERE / "epub.css").read_bytes()}
    files["cover.xhtml"] = HEAD.format(
        title=book["title"],
        body=f'<p class="cover" epub:type="cover"><img src="cover.png" alt="{book["title"]}"/></p>',
    )
    files["title.xhtml"] = HEAD.format(title=book["title"], body=title(book))
    files["contents.xhtml"] = HEAD.format(title="Contents", body=contents(book))
    items = [
        item("cover-image", "cover.png", "image/png", "cover-image"),
        item("style", "book.css", "text/css"),
        item("cover", "cover.xhtml"),
        item("title", "title.xhtml"),
        item("contents", "contents.xhtml", properties="nav"),
        item("ncx", "toc.ncx", "application/x-dtbncx+xml"),
    ]
    for section, about in zip(sections, book["pages"], strict=True):
        name = f"{section['id']}.xhtml"
        files[name] = HEAD.format(title=escape(about["title"]), body=section["text"])
        has = " ".join(kind for kind in ("mathml", "svg") if section[kind])
        items.append(item(section["id"], name, properties=has))
    order = ["cover", "title", "contents", *(section["id"] for section in sections)]
    identifier = uuid.uuid5(uuid.NAMESPACE_URL, f"{book['published']}{book['version']}")
    files["toc.ncx"] = ncx(book, identifier)
    files["book.opf"] = PACKAGE.format(
        **book,
        identifier=identifier,
        manifest="\n".join(items),
        spine="\n".join(f'<itemref idref="{name}"/>' for name in order),
    )
    inside = {f"EPUB/{name}": content for name, content in files.items()}
    with archive(path, book["edition"]) as add:
        add("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        add("META-INF/container.xml", CONTAINER)
        for name, content in inside.items():
            add(name, content)


def item(name, file, kind="application/xhtml+xml", properties=""):
    """A line of the package's manifest."""
    more = f' properties="{properties}"' if properties else ""
    return f'<item id="{name}" href="{file}" media-type="{kind}"{more}/>'


def picture(page, book):
    """The cover, 1600 by 2400 pixels."""
    page.set_viewport_size({"width": 800, "height": 1200})
    page.evaluate("(book) => addCover(book)", book)
    image = page.locator("#cover").screenshot()
    page.evaluate("document.querySelector('#cover').remove()")
    return image


def title(book):
    """The title page, with edition and licence."""
    return f"""<section epub:type="titlepage"><h1>{book["title"]}</h1>
<p>{book["subtitle"]}</p>
<p>Edition of {book["day"]}, version {book["version"]}</p>
<p>{book["licence"]}</p>
<p>The website, with figures that move and notebooks to run:
<a href="{book["published"]}">{book["published"]}</a></p></section>"""


def contents(book):
    """The navigation: parts, pages and their sections."""
    parts = []
    for page in book["pages"]:
        file = f"{page['id']}.xhtml"
        inner = "".join(
            f'<li><a href="{file}#{section["id"]}">{escape(section["title"])}</a></li>'
            for section in page["sections"]
        )
        inner = f"<ol>{inner}</ol>" if inner else ""
        entry = f'<li><a href="{file}">{escape(page["title"])}</a>{inner}</li>'
        if not parts or parts[-1][0] != page["part"]:
            parts.append((page["part"], []))
        parts[-1][1].append(entry)
    listed = "".join(
        f"<li><span>{escape(part)}</span><ol>{''.join(entries)}</ol></li>"
        if part
        else "".join(entries)
        for part, entries in parts
    )
    return f'<nav epub:type="toc" id="toc"><h1>Contents</h1><ol>{listed}</ol></nav>'


def ncx(book, identifier):
    """The navigation once more, in the form that readers of EPUB 2 know: pages and sections."""
    points = []

    def point(label, target, inner=""):
        points.append(target)
        return (
            f'<navPoint id="p{len(points)}"><navLabel><text>{escape(label)}</text></navLabel>'
            f'<content src="{target}"/>{inner}</navPoint>'
        )

    listed = "".join(
        point(
            page["title"],
            f"{page['id']}.xhtml",
            "".join(
                point(section["title"], f"{page['id']}.xhtml#{section['id']}")
                for section in page["sections"]
            ),
        )
        for page in book["pages"]
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1" xml:lang="en">
<head><meta name="dtb:uid" content="urn:uuid:{identifier}"/></head>
<docTitle><text>{book["title"]}</text></docTitle>
<navMap>{listed}</navMap>
</ncx>
"""


if __name__ == "__main__":
    make(write, ".epub")
