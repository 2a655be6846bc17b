"""Which chapter needs which, drawn from what their openings say: `:::{map}`.

The source is the paragraph of each chapter's opening that begins with "You need": a chapter
linked there is needed; linked after "for one section", it is used in one section only.
"""

import json
import re
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

ROW, LEFT, WIDE = 40, 92, 420  # of the drawing: a chapter's height, the arcs' width, all of it


def needs(path):
    """A chapter's title, the numbers of the chapters it needs, and of those it uses once."""
    cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"][:3]
    text = "\n\n".join("".join(cell["source"]) for cell in cells)
    title = re.search(r"^# \d+ · (.*)", text, re.MULTILINE)[1]
    (said,) = re.findall(r"^You need\b.*", text, re.MULTILINE)
    needed, _, once = said.partition("for one section")
    found = (re.findall(r"\]\((\d\d)_\w+\.ipynb\)", part) for part in (needed, once))
    return (title, *(sorted(map(int, numbers)) for numbers in found))


def chapters(source):
    """What each chapter needs, by its number."""
    return {
        int(path.stem[:2]): needs(path) for path in sorted(Path(source).glob("chapters/*.ipynb"))
    }


def listed(numbers):
    """1, 2 and 3."""
    *most, last = map(str, numbers)
    return f"{', '.join(most)} and {last}" if most else last


def in_words(book):
    """The map as sentences."""
    parts = []
    for number, (_, needed, once) in book.items():
        needed = f"needs {listed(needed)}" if needed else "needs no other"
        parts.append(
            f"{number} {needed}" + (f", and {listed(once)} for one section" if once else "")
        )
    return f"Chapter {'; '.join(parts)}."


def drawn(book):
    """The map as SVG: the chapters from top to bottom, an arc from each to those that need it."""
    place = {number: ROW * (row + 0.5) for row, number in enumerate(book)}
    shapes = []
    for number, (_, needed, once) in book.items():
        for other in needed + once:
            top, bottom = place[other], place[number]
            wide = min(LEFT - 30, 12 + 0.22 * (bottom - top))
            kind = ' class="once"' if other in once else ""
            shapes.append(
                f'<path{kind} d="M{LEFT - 14} {top}C{LEFT - 14 - 1.4 * wide:.0f} {top}'
                f' {LEFT - 14 - 1.4 * wide:.0f} {bottom} {LEFT - 14} {bottom}"/>'
            )
    for number, (title, *_) in book.items():
        y = place[number]
        shapes.append(f'<circle cx="{LEFT}" cy="{y}" r="13"/>')
        shapes.append(f'<text class="number" x="{LEFT}" y="{y + 5}">{number}</text>')
        shapes.append(f'<text x="{LEFT + 24}" y="{y + 5}">{escape(title)}</text>')
    size = f"0 0 {WIDE} {ROW * len(book)}"
    label = f"The chapters below one another, joined by arcs. {in_words(book)}"
    return f'<svg role="img" aria-label="{escape(label)}" viewBox="{size}">{"".join(shapes)}</svg>'


def minutes(path):
    """What a chapter's opening says of its main road's length."""
    cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"][:3]
    return int(re.search(r"About (\d+) minutes", "".join("".join(c["source"]) for c in cells))[1])


def state_minutes(app, doctree, docname):
    """Let the front page's list of chapters say how long each is."""
    if docname != app.config.root_doc:
        return
    for item in doctree.findall(nodes.list_item):
        link = item.next_node(nodes.reference)
        doc = (link.get("refuri", "") if link else "").removesuffix(".html")
        if doc.startswith("chapters/") and item[0][0] is link:
            said = f'<span class="minutes">{minutes(app.env.doc2path(doc))} minutes</span>'
            item[0] += nodes.raw("", f" {said}", format="html")
            item["classes"].append("chapter")
            item.parent["classes"] = ["chapters"]


class Map(SphinxDirective):
    """The drawing, and below it the same in words."""

    def run(self):
        """Make both from the chapters as they are."""
        for path in [__file__, *Path(self.env.srcdir, "chapters").glob("*.ipynb")]:
            self.env.note_dependency(str(path))
        book = chapters(self.env.srcdir)
        caption = (
            "<b>An arc joins a chapter to a later one that needs it</b>, a dashed one to a chapter"
            f" that uses it in a single section. {in_words(book)}"
        )
        figure = f'<figure class="ce-map">{drawn(book)}<figcaption>{caption}</figcaption></figure>'
        return [nodes.raw("", figure, format="html")]


def setup(app):
    """Register the directive with Sphinx."""
    app.add_directive("map", Map)
    app.connect("doctree-resolved", state_minutes)
