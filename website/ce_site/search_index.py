"""What the search knows: one entry for each section, glossary term, figure and question.

`search.json` lists them with the address, the trail of titles and the text, and is fetched when
a reader begins to search; `theme/static/search.mjs` searches it with MiniSearch. That engine was
chosen over Sphinx's own, which finds pages but not places, and drops numbers; and over Pagefind,
which needs WebAssembly and so a weaker Content Security Policy.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx import addnodes

from ce_site import publish

WEBSITE = Path(__file__).resolve().parents[1]
SCRIPTS = {
    "search.js": WEBSITE / "theme/static/search.mjs",
    "minisearch.js": WEBSITE / "node_modules/minisearch/dist/es/index.js",
}
NAMES = "alpha beta gamma delta varepsilon eta lambda sigma tau pi Delta varphi kappa rho mu theta"
GREEK = dict(zip(NAMES.split(), "αβγδεηλστπΔφκρμθ", strict=True))
SIGNS = {"le": "≤", "ge": "≥", "ne": "≠", "sum": "Σ", "cdot": "·", "times": "×", "infty": "∞"}
SIGNS |= {"to": "→", "partial": "∂", "nabla": "∇", "approx": "≈", "in": "∈", "dots": "…"} | GREEK
SIGNS |= {"mid": "|", "vert": "|", "lvert": "|", "rvert": "|", "lVert": "‖", "rVert": "‖"}
SIGNS |= {"prod": "∏", "sqrt": "√", "lceil": "⌈", "rceil": "⌉", "odot": "⊙", "top": "ᵀ", "pm": "±"}
SIGNS |= {"ldots": "…", "cdots": "…", "iff": "⇔", "leftarrow": "←", "Longrightarrow": "⇒"}
SIGNS |= {"epsilon": "ε", "leq": "≤", "geq": "≥", "lfloor": "⌊", "rfloor": "⌋", "ell": "ℓ"}
BRACES = [  # taken from the inside out
    (r"\\(?:operatorname\*?|mathrm|text\w*|mathbf|mathbb|boldsymbol)\{([^{}]*)\}", r" \1 "),
    (r"([_^])\{([^{}]*)\}", r"\1\2"),
    (r"\\d?frac\{([^{}]*)\}\{([^{}]*)\}", r"(\1)/(\2)"),
    (r"\\[dt]?frac\s*(\w)\s*\{([^{}]*)\}", r"\1/(\2)"),
    (r"\\sqrt\{([^{}]*)\}", r"√(\1)"),
    (r"\\(?:under|over)brace\{([^{}]*)\}", r"\1"),
]
PLAIN = [  # a formula as one would type it
    (r"\\hat\s*\{?(\w)\}?", "\\1\u0302"),
    (r"\\bar\s*\{?(\w)\}?", "\\1\u0304"),
    (r"\\tilde\s*\{?(\w)\}?", "\\1\u0303"),
    (r"\\(?:operatorname\*?|mathrm|text\w*|mathbf|mathbb|boldsymbol)(?![a-z])", " "),
    (r"\\(?:begin|end|label|tag)\{[^}]*\}|\\(?:left|right|bigl|bigr|Bigl|Bigr|big|Big)\b", " "),
    (r"\\[dt]?frac\s*(\w|\\[a-z]+)\s*(\w|\\[a-z]+)", r"\1/\2"),
    (r"\\(?:display|text)style\b|\\(?:no)?limits\b", " "),
    (r"\\([{}|])", r" \1 "),
    (r"\\[,;:!> ]|\\q?quad\b|\\\\|&", " "),
    (r"\\([A-Za-z]+)", lambda m: SIGNS.get(m[1], f" {m[1]} ")),
    (r"[{}\\]", ""),
    (r"\s+(?=[_^])", ""),
]


def plain(tex):
    """A formula as text: `-\\log \\hat p_c` becomes `-log p̂_c`."""
    for pattern, to in [*BRACES * 3, *PLAIN]:
        tex = re.sub(pattern, to, tex)
    return " ".join(tex.split())


def text_of(node):
    """All that a reader sees of a node, without nested sections and without code."""
    if isinstance(node, nodes.section | addnodes.glossary | nodes.figure | HideCodeCellNode):
        return ""
    if isinstance(node, nodes.math | nodes.math_block):
        return plain(node.astext())
    if isinstance(node, nodes.raw):  # a widget, which stands there as text, too; of a question
        return ""  # the text has no answer
    if isinstance(node, nodes.Text):
        return re.sub(r"\$([^$]+)\$", lambda m: plain(m[1]), node.astext())  # a question's
    if isinstance(node, addnodes.pending_xref):
        instead = {"numref": "the figure", "eq": "the equation", "ref": "the section"}
        kind, explicit = node.get("reftype"), node.get("refexplicit")
        if node.get("refdomain") == "cite" or (kind == "numref" and explicit):
            return ""
        if kind in instead and not explicit:
            return instead[kind]
    code = isinstance(node, nodes.container) and node.get("nb_element") == "cell_code_source"
    code |= node.get("language", "").startswith(("python", "ipython", "pycon"))
    code |= "variant" in node.get("classes", ()) and "variant-0" not in node["classes"]
    code |= "model" in node.get("classes", ())
    if code or isinstance(node, nodes.title | nodes.target):
        return ""
    inline = isinstance(node, nodes.TextElement)
    text = ("" if inline else " ").join(map(text_of, node.children))
    text = re.sub(r"(?i)\b(equation|section|figure) the \1\b", r"the \1", text)
    return "" if text.startswith("Reference: ") else text


def squeezed(text):
    """Text with single spaces."""
    return " ".join(text.split())


def entries(app):
    """Each place: page, id, title, trail of titles above it, text, and what kind of place it is."""
    env = app.env
    for doc in [env.config.root_doc, *env.toctree_includes.get(env.config.root_doc, [])]:
        tree = env.get_doctree(doc)

        for section in tree.findall(nodes.section):
            above, at = [], section.parent
            while isinstance(at, nodes.section):
                above.insert(0, publish.titled(env, doc, at))
                at = at.parent
            where = {"p": doc, "c": above}
            top = not above
            yield where | {
                "h": "" if top else section["ids"][0],
                "t": publish.titled(env, doc, section),
                "x": squeezed(" ".join(map(text_of, section.children))),
                "k": "page" if top else "section",
            }
            inside = [*above, publish.titled(env, doc, section)]
            for figure in [n for n in section.children if isinstance(n, nodes.figure)]:
                caption = figure.next_node(nodes.caption)
                if caption is not None and figure["ids"]:
                    said = squeezed(" ".join(map(text_of, caption.children)))
                    first, _, rest = said.partition(". ")
                    yield {
                        **{"p": doc, "h": figure["ids"][0], "c": inside, "k": "figure"},
                        **{"t": first, "x": rest},
                    }
            for glossary in [n for n in section.children if isinstance(n, addnodes.glossary)]:
                for item in glossary.findall(nodes.definition_list_item):
                    terms = [t for t in item.children if isinstance(t, nodes.term)]
                    yield {
                        "p": doc,
                        "h": terms[0]["ids"][0],
                        "c": inside,
                        "k": "term",
                        "t": ", ".join(term.astext().split("\n")[0] for term in terms),
                        "x": squeezed(" ".join(map(text_of, item.children[len(terms) :]))),
                    }


def write(app, error):
    """Write the list and the scripts that search it; Sphinx's own index is not used."""
    if error or app.builder.name != "html":
        return
    out = Path(app.outdir)
    listed = json.dumps(list(entries(app)), ensure_ascii=False, separators=(",", ":"))
    (out / "search.json").write_text(listed, encoding="utf-8")
    (out / "searchindex.js").unlink(missing_ok=True)
    for name, path in SCRIPTS.items():
        script = path.read_text(encoding="utf-8")
        script = re.sub(r"^//# sourceMappingURL=.*$", "", script, flags=re.MULTILINE)
        (out / "_static" / name).write_text(script, encoding="utf-8")


def setup(app):
    """Register it with Sphinx."""
    app.connect("build-finished", write, priority=850)  # after the clean-up, before the worker
