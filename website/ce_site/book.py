"""The book's Sphinx extension: figures from notebook cells, numbers from names, checked numbers.

- `:::{figure}` with `:name: label` and no file takes the image of the code cell with that label,
  and the cell's code is folded below the caption;
- the book's SVG figures are set inside the page, so that their ink follows the theme;
- chapters/NN_name is chapter NN, in its sections, figures and equations;
- {cited}`1.58` marks a number from elsewhere; {output}`0.105 <NN_name#cell-id>` one from a cell;
- {measured}`Speed / 64 × 10 / loss / PyTorch` is taken from a table of pages/benchmarks.md.
"""

import functools
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.directives.patches import Figure
from sphinx.domains.std import StandardDomain
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)
CHAPTER = re.compile(r"chapters/(\d+)_")
SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
NUMBER = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?%?")


@functools.cache
def tree_of(env, doc):
    """A page's tree as it was read, loaded once for all who look at it and change nothing."""
    return env.get_doctree(doc)


class Trees:
    """Sphinx's environment, with each page's tree loaded once."""

    def __init__(self, env):
        """Of this environment."""
        self.env = env

    def __getattr__(self, name):
        """Everything else is as it is there."""
        return getattr(self.env, name)

    def get_doctree(self, doc):
        """A tree to look at."""
        return tree_of(self.env, doc)


class Domain(StandardDomain):
    """Sphinx's own, which would load a chapter for each reference to one of its figures."""

    def _resolve_numref_xref(self, env, *rest):
        return super()._resolve_numref_xref(Trees(env), *rest)


class CellFigure(Figure):
    """A figure; without an argument, of the notebook cell that has the figure's name as label."""

    required_arguments, optional_arguments = 0, 1

    def run(self):
        """Make the figure's node, and leave the image's place for `TakeFigures` to fill."""
        if self.arguments:
            return super().run()
        name = self.options.get("name", "")
        if not (name and self.options.get("alt") and self.content):
            logger.warning(
                "figure %r needs :name:, :alt: and a caption", name, location=self.get_location()
            )
        self.arguments = ["#" + name]
        result = super().run()
        result[0]["cell"] = name
        return result


class TakeFigures(SphinxTransform):
    """Move each labelled cell's image into the figure that asks for it, and fold its code below."""

    default_priority = 400

    def apply(self, **kwargs):
        """Fill every figure of this document."""
        cells = {
            node["cell_metadata"].get("label"): node
            for node in self.document.findall(nodes.container)
            if node.get("nb_element") == "cell_code"
        }
        for figure in list(self.document.findall(nodes.figure)):
            if "cell" not in figure:
                continue
            place = next(figure.findall(nodes.image))
            bundle = next(
                (
                    node
                    for node in cells.get(figure["cell"], nodes.container()).findall(
                        nodes.container
                    )
                    if node.get("nb_element") == "mime_bundle" and any(node.findall(nodes.image))
                ),
                None,
            )
            if bundle is None:
                logger.warning("no cell labelled %s with an image", figure["cell"], location=figure)
                continue
            for image in bundle.findall(nodes.image):
                image["alt"] = place.get("alt", "")
            output = bundle.parent
            output.remove(bundle)
            if not output.children:
                output.parent.remove(output)
            place.replace_self(bundle)
            self.fold_code(cells[figure["cell"]], figure)

    def fold_code(self, cell, figure):
        """Move the figure's code into a fold below the caption; drop a cell with nothing left."""
        fold = HideCodeCellNode(
            prompt_show="Code for this figure",
            prompt_hide=self.env.config.nb_code_prompt_hide,
        )
        for code in [n for n in cell.children if n.get("nb_element") == "cell_code_source"]:
            cell.remove(code)
            fold += code
        figure.parent.insert(
            figure.parent.index(figure) + 1,
            nodes.container("", fold, classes=["cell"], ids=cell["ids"]),
        )
        cell["ids"] = []
        if not cell.children:
            cell.parent.remove(cell)


class OneFoldForASolution(SphinxTransform):
    """Put the code of an exercise's solution into the fold of its text."""

    default_priority = 450

    def apply(self, **kwargs):
        """Move each folded cell that follows a fold named "Solution" into it, unfolded."""
        for fold in list(self.document.findall(nodes.container)):
            if fold.get("design_component") != "dropdown" or fold[0].astext() != "Solution":
                continue
            cell = fold.next_node(descend=False, siblings=True)
            if isinstance(cell, nodes.container) and cell.get("hide_mode") == "all":
                cell.parent.remove(cell)
                del cell["hide_mode"]
                fold += cell


class StripTypedNumber(SphinxTransform):
    """Drop "2 · " from a chapter's title: in JupyterLab it is needed, here the site numbers."""

    default_priority = 400

    def apply(self, **kwargs):
        """Strip the first title."""
        if CHAPTER.match(self.env.docname):
            title = next(self.document.findall(nodes.title))
            first = title[0]
            title.replace(first, nodes.Text(re.sub(r"^\d+ · ", "", first.astext())))


def number_chapters(app, env):
    """Let each chapter's number be the one in its file's name."""
    for doc in env.found_docs:
        match = CHAPTER.match(doc)
        if not match or doc not in env.toc_secnumbers:
            continue
        chapter = int(match[1])
        for numbers in (env.toc_secnumbers[doc], *env.toc_fignumbers.get(doc, {}).values()):
            for anchor, number in numbers.items():
                numbers[anchor] = (chapter, *number[1:])
        for node in [*env.tocs[doc].findall(nodes.reference), env.titles[doc]]:
            if "secnumber" in node:
                node["secnumber"] = (chapter, *node["secnumber"][1:])
    return []


class Cited(SphinxRole):
    """A number from elsewhere, which no cell prints."""

    def run(self):
        """Print it as plain text."""
        return [nodes.Text(self.text)], []


class Output(SphinxRole):
    """A number that a named cell prints."""

    def run(self):
        """Print the number, once it is found in the cell's stored output."""
        match = re.fullmatch(r"(\S+) <([\w-]+)#([\w-]+)>", self.text)
        if not match:
            logger.warning("{output} wants `NUMBER <chapter#cell>`, got %s", self.text)
            return [], []
        token, chapter, cell_id = match.groups()
        path = Path(self.env.srcdir, "chapters", f"{chapter}.ipynb")
        self.env.note_dependency(str(path))
        if token not in NUMBER.findall(_output(path, cell_id)):
            logger.warning("%s stands in no output of %s#%s", token, chapter, cell_id)
        return [nodes.Text(token)], []


class Measured(SphinxRole):
    """A number of the benchmarks, by its section, the first cells of its row, and its column."""

    def run(self):
        """Print what the page holds there."""
        path = Path(self.env.srcdir, "pages", "benchmarks.md")
        self.env.note_dependency(str(path))
        value = measured(path.read_text(encoding="utf-8"), self.text)
        if value is None:
            logger.warning("pages/benchmarks.md has no %s", self.text)
        return [nodes.Text(value or "")], []


def measured(page, place):
    """The cell of the page's tables at "Section / first cells / of the row / Column", or None."""
    section, *row, column = place.split(" / ")
    _, _, text = page.partition(f"\n## {section}\n")
    for table in re.findall(r"(?:^\|.*\|\n)+", text.partition("\n## ")[0], re.MULTILINE):
        lines = table.strip().split("\n")
        head, _, *rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)
        for cells in rows:
            if column in head and cells[: len(row)] == row:
                return cells[head.index(column)]
    return None


def _output(path, cell_id):
    """The stored text output of a cell; empty if there is no such cell."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"] if path.exists() else []
    parts = []
    for output in next((c["outputs"] for c in cells if c["id"] == cell_id), []):
        parts += output.get("text", []) + output.get("data", {}).get("text/plain", [])
    return "".join(parts)


def visit_image(self, node):
    """Set the book's own SVG figures inside the page, once for a phone; other images as ever."""
    path = Path(self.builder.srcdir, node["uri"])
    svg = path.read_text(encoding="utf-8") if path.suffix == ".svg" and path.exists() else ""
    if '<svg display="none"' not in svg:
        HTML5Translator.visit_image(self, node)
        return
    self.builder.images.pop(node["uri"], None)
    ET.register_namespace("", SVG[1:-1])
    ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    wide = ET.fromstring(svg)
    phone = wide.find(f"{SVG}svg")
    wide.remove(phone)
    known, names = vars(self).setdefault("shapes", {}), {}
    share(wide, known, names, new=True)
    share(phone, known, names)
    for drawing, name in ((wide, "ce-figure wide"), (phone, "ce-figure narrow")):
        next(drawing.iter(f"{SVG}path")).set("style", "fill: none")  # the page is the paper
        colour_text(drawing)
        shorten(drawing)
        drawing.attrib.update({"role": "img", "aria-label": node.get("alt", ""), "class": name})
        self.body.append(ET.tostring(drawing, encoding="unicode"))


def share(drawing, known, names, new=False):
    """Define a glyph or mark once for the whole page, under its own name.

    known : the page's shapes by name, without what is a figure's own; names : ids to replace;
    new : whether the drawing may define one for the drawings that follow.
    """
    for shapes in drawing.iter(f"{SVG}defs"):
        for shape in shapes.findall(f"{SVG}path"):
            old = shape.get("id", "")
            name, looks = old.partition("-")[2], [shape.get("d"), shape.get("style")]
            if new:
                known.setdefault(name, looks)
            if known.get(name) != looks:
                continue
            if f"#{name}" in known:
                shapes.remove(shape)
            known[f"#{name}"] = True
            shape.set("id", name)
            names[f"#{old}"] = f"#{name}"
    for use in drawing.iter(f"{SVG}use"):
        use.set(HREF, names.get(use.get(HREF), use.get(HREF)))


def shorten(element):
    """Drop what draws nothing, and digits that no screen shows: half less to send."""
    for child in list(element):
        shorten(child)
        place = list(element).index(child)
        nothing = child.tag == f"{SVG}defs" and not len(child)
        if nothing or child.get("style") == "fill: none":
            element.remove(child)
        elif child.tag == f"{SVG}g" and not child.attrib:
            element[place : place + 1] = list(child)
    if path := element.get("d"):
        element.set("d", relative(path, 2 if element.get("id") else 1))
    for name in {"x", "y", "style"} & set(element.keys()):
        element.set(name, re.sub(r"-?\d+\.\d{3,}", _hundredth, element.get(name)))
    if move := element.get("transform"):
        place = re.compile(r"(?<=translate\().*?(?=\))")
        element.set("transform", place.sub(lambda m: NUMBER.sub(_hundredth, m[0]), move))
        glyph = re.fullmatch(r"translate\((\S+) 0\)", move)  # in hundredths of its height
        if glyph and element.tag == f"{SVG}use":
            del element.attrib["transform"]
            element.set("x", f"{float(glyph[1]):.0f}")
    element.text, element.tail = ((text or "").strip() for text in (element.text, element.tail))


def _hundredth(match):
    return f"{float(match[0]):.2f}".rstrip("0").rstrip(".")


def relative(path, digits):
    """A path of Matplotlib's, each point rounded and counted from the last one."""
    short, last, at, start = "", "", [0, 0], [0, 0]
    for command, numbers in re.findall(r"([MLQCz])([^MLQCz]*)", path):
        points = [round(float(number), digits) for number in numbers.split()]
        short += command.lower() if command != last or command in "Mz" else ""
        for k, point in enumerate(points):
            step = re.sub(r"^(-?)0\.", r"\1.", f"{round(point - at[k % 2], digits):g}")
            short += step if step[0] == "-" or short[-1].isalpha() else f" {step}"
        at = points[-2:] or start
        start, last = (at if command == "M" else start), command
    return short


def colour_text(root):
    """Give lettering the darker variants of the colours, which are made for lines and areas.

    Matplotlib draws a text as a scaled group of references to glyphs.
    """
    for group in root.iter("{http://www.w3.org/2000/svg}g"):
        glyphs = any(child.tag.endswith("}use") for child in group)
        if glyphs and "scale(" in group.get("transform", ""):
            style = group.get("style", "").replace("#808080", "var(--ce-quiet, #808080)")
            group.set("style", re.sub(r"var\(--(dog|bird|other),", r"var(--ce-\1-text,", style))


def setup(app):
    """Register all of it with Sphinx."""
    app.add_domain(Domain, override=True)
    app.add_directive("figure", CellFigure, override=True)
    app.add_transform(TakeFigures)
    app.add_transform(OneFoldForASolution)
    app.add_transform(StripTypedNumber)
    app.connect("env-get-updated", number_chapters, priority=900)
    app.add_role("cited", Cited())
    app.add_role("output", Output())
    app.add_role("measured", Measured())
    html = (visit_image, lambda self, node: None)
    app.add_node(nodes.image, override=True, html=html, dirhtml=html)
