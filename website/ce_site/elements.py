"""The HTML of a few elements, where the default fails a keyboard or a screen reader."""

import itertools
import json
import re
from html import escape, unescape

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

from ce_lib import widgets
from ce_site import maths

FITS = 28  # characters of a printed line that fit any page at the usual size
EXPONENT = re.compile(r"(\d(?:\.\d+)?e[-−]\d+)")
CLASS = re.compile(r"\b((?:cat|dog|bird)s?)\b", re.IGNORECASE)
COLOURED = re.compile(
    'data-widget="(softmax_explorer|temperature_path|gumbel_race|gradient_explorer|boundary)"'
)
UNBROKEN = (
    nodes.literal,
    nodes.FixedTextElement,
    nodes.math,
    nodes.math_block,
    nodes.raw,
    nodes.comment,
)


def visit_table(self, node):
    """A table in a box of its own, which scrolls where the page is too narrow."""
    self.body.append('<div class="scrolls">')
    HTML5Translator.visit_table(self, node)


def depart_table(self, node):
    """Close the box."""
    HTML5Translator.depart_table(self, node)
    self.body.append("</div>\n")


def stack_wide_tables(app, doctree, docname):
    """Mark tables of five columns or more: a phone shows a row's keys above its values.

    The keys are the columns before that of `ce_lib`, or the first one. Four values go side by
    side, and `torch.compile` may break after its dot, so that no word is broken.
    """
    for table in doctree.findall(nodes.table):
        if not any(table.findall(nodes.thead)):
            continue
        heads = [entry.astext() for entry in next(table.findall(nodes.thead)).findall(nodes.entry)]
        if len(heads) < 5:
            continue
        keys = heads.index("ce_lib") if "ce_lib" in heads else 1
        columns = max(keys, min(4, len(heads) - keys))
        each, more = divmod(columns, keys)
        widest = max(range(keys), key=lambda place: len(heads[place]))
        table["classes"] += ["stacks", f"stacks-{columns}"]
        for row in table.findall(nodes.row):
            cells = list(row.findall(nodes.entry))
            for place, cell in enumerate(cells[:keys]):
                cell["classes"] += ["key", f"spans-{each + more * (place == widest)}"]
            cells[keys]["classes"].append("value-1")
        for text in next(table.findall(nodes.thead)).findall(nodes.Text):
            text.parent.replace(text, nodes.Text(re.sub("(?<=[.=])", "\u200b", text)))


def visit_citation(self, node):
    """An entry of the bibliography, without the role that browsers have given up."""
    self.body.append(self.starttag(node, "div", classes=["citation"]))


def depart_citation(self, node):
    """Close the entry."""
    self.body.append("</div>\n")


def visit_hidden(self, node):
    """A folded cell, whose name is what its line says."""
    self.body.append(
        '<details class="hide"><summary>'
        f'<span class="collapsed">{escape(node["prompt_show"])}</span>'
        f'<span class="expanded">{escape(node["prompt_hide"])}</span></summary>\n'
    )


def depart_hidden(self, node):
    """Close the fold."""
    self.body.append("</details>\n")


def visit_literal_block(self, node):
    """Code; of what a cell prints also the length of the longest line, for the style to fit it."""
    place = len(self.body)
    try:
        HTML5Translator.visit_literal_block(self, node)
    finally:  # it ends with SkipNode
        longest = max(map(len, node.astext().split("\n")))
        if "output" in node["classes"] and len(self.body) > place and longest > FITS:
            block = self.body[place]
            self.body[place] = block.replace("<div ", f'<div style="--chars:{longest}" ', 1)


def set_formulas(app, values):
    """A widget's values, with the formulas in its texts set."""
    return {
        key: maths.in_html(app, value) if isinstance(value, str) else value
        for key, value in values.items()
    }


def visit_raw(self, node):
    """A widget's still form, with its formulas set as on the rest of the page."""
    text, app = node.astext(), self.builder.app
    if "data-widget=" not in text:
        return HTML5Translator.visit_raw(self, node)

    def with_formulas(match):
        model = json.loads(unescape(match[1]), object_hook=lambda v: set_formulas(app, v))
        return f'data-model="{escape(json.dumps(model, ensure_ascii=False))}"'

    text = re.sub(r'data-model="([^"]*)"', with_formulas, text)
    self.body.append(maths.in_html(app, text))
    raise nodes.SkipNode


def explain_terms(app, doctree, docname):
    """Let each link to the glossary say, under the mouse, what stands there."""
    if not hasattr(app, "explanations"):
        app.explanations = {
            item.next_node(nodes.term)["ids"][0]: item
            for item in app.env.get_doctree("pages/glossary").findall(nodes.definition_list_item)
        }
    for link in doctree.findall(nodes.reference):
        item = app.explanations.get(link.get("refid") or link.get("refuri", "").partition("#")[2])
        if item and docname != "pages/glossary":
            parts = [
                n
                for n in item.next_node(nodes.paragraph)
                if not isinstance(n, addnodes.pending_xref)
            ]
            link["reftitle"] = widgets.spoken("".join(n.astext() for n in parts))


def hold_numbers(app, doctree, docname):
    """Keep a number such as 4.2e-18 on one line: browsers break behind its hyphen."""
    for text in list(doctree.findall(nodes.Text)):
        if isinstance(text.parent, UNBROKEN) or not EXPONENT.search(text):
            continue
        parts = [
            nodes.inline("", part, classes=["held"]) if k % 2 else nodes.Text(part)
            for k, part in enumerate(EXPONENT.split(text))
        ]
        text.parent.replace(text, [part for part in parts if part])


def colour_classes(app, doctree, docname):
    """Give cat, dog and bird the colours that an interactive figure beside them gives the classes.

    In the two paragraphs before it and the two after it; only on the website and what is made of
    it. The figures in COLOURED draw the classes in these colours, others something else.
    """
    beside = []
    for figure in doctree.findall(nodes.raw):
        if not COLOURED.search(figure.astext()):
            continue
        while not isinstance(figure.parent, nodes.section):
            figure = figure.parent
        around, k = figure.parent.children, figure.parent.index(figure)
        for part in (around[:k][::-1], around[k + 1 :]):
            blocks = [node for node in part if node.astext() and not isinstance(node, nodes.target)]
            beside += itertools.takewhile(lambda n: isinstance(n, nodes.paragraph), blocks[:2])
    for text in {id(t): t for p in beside for t in p.findall(nodes.Text)}.values():
        if isinstance(text.parent, UNBROKEN):
            continue
        parts = [
            nodes.inline("", part, classes=[f"is-{part.lower().rstrip('s')}"])
            if k % 2
            else nodes.Text(part)
            for k, part in enumerate(CLASS.split(text))
        ]
        if len(parts) > 1:
            text.parent.replace(text, [part for part in parts if part.astext()])


class WidgetFigure(SphinxDirective):
    """An interactive figure on a page without code: `:::{widget} softmax_explorer`."""

    required_arguments = 1

    def run(self):
        """Make its first state; the page's script does the rest."""
        name = self.arguments[0]
        if name not in widgets.FIGURES:
            raise self.error(f"widget: there is no {name!r}, only {sorted(widgets.FIGURES)}")
        return [nodes.raw("", widgets.FIGURES[name]().html(), format="html")]


def setup(app):
    """Register them with Sphinx."""
    app.add_node(nodes.table, override=True, html=(visit_table, depart_table))
    app.add_node(nodes.citation, override=True, html=(visit_citation, depart_citation))
    app.add_node(nodes.raw, override=True, html=(visit_raw, None))
    app.add_node(nodes.literal_block, override=True, html=(visit_literal_block, None))
    app.add_directive("widget", WidgetFigure)
    app.connect("doctree-resolved", explain_terms)
    app.connect("doctree-resolved", stack_wide_tables)
    app.connect("doctree-resolved", hold_numbers)
    app.connect("doctree-resolved", colour_classes)
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden, depart_hidden))
