"""The HTML of a few elements, where the default fails a keyboard or a screen reader."""

from html import escape

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.writers.html5 import HTML5Translator


def visit_table(self, node):
    """A table in a box of its own, which scrolls where the page is too narrow."""
    self.body.append('<div class="scrolls">')
    HTML5Translator.visit_table(self, node)


def depart_table(self, node):
    """Close the box."""
    HTML5Translator.depart_table(self, node)
    self.body.append("</div>\n")


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


def setup(app):
    """Register them with Sphinx."""
    app.add_node(nodes.table, override=True, html=(visit_table, depart_table))
    app.add_node(nodes.citation, override=True, html=(visit_citation, depart_citation))
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden, depart_hidden))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
