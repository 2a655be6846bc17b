"""What the search knows: one entry for each section, glossary term, figure and question.

Questions are those of the quizzes, the guesses, the exercises and the practice pages. An entry has
what is asked and what there is to choose from; the solution of an exercise is searched, not shown.

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
from ce_site.book import tree_of

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
        if node.get("refdomain") == "cite":
            keys = [re.match(r"(\D+)(\d+)", key) for key in node["reftarget"].split(",")]
            return f"[{', '.join(f'{key[1].strip().title()} {key[2]}' for key in keys)}]"
        if kind == "numref" and explicit:
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


def joined(parts):
    """The text of several nodes."""
    return squeezed(" ".join(map(text_of, parts)))


def quizzes(section):
    """The quizzes among a section's children: the cell, and what it asks."""
    for cell in section.children:
        raws = cell.findall(nodes.raw) if isinstance(cell, nodes.container) else ()
        if any("data-question=" in raw.astext() for raw in raws):
            asked, *choices = joined([cell]).split(" (a) ", 1)
            yield (
                cell,
                {
                    "h": cell["ids"][0],
                    "t": asked,
                    "x": "".join(f"(a) {c}" for c in choices),
                },
            )


def exercises(section):
    """The exercises among a section's children: their nodes, and what is asked and solved."""
    starts = [n for n in section.children if any("asks-exercise-" in i for i in n.get("ids", ()))]
    for start in starts:
        number = next(i for i in start["ids"] if i.startswith("asks-")).rpartition("-")[2]
        rest = section.children[section.children.index(start) :]
        end = next(k for k, n in enumerate(rest) if n.get("design_component") == "dropdown")
        asked = re.sub(r"^\d+ ★+ ", "", joined(rest[:end]))
        entry = {"h": f"asks-exercise-{number}", "t": asked, "x": "", "y": joined([rest[end]])}
        yield rest[: end + 1], {**entry, "s": f"Exercise {number}"}


def guesses(section):
    """What a section asks its readers to guess."""
    for node in section.children:
        if isinstance(node, nodes.raw) and "guess" in node:
            asked = node["guess"]
            told = [asked.get("ask", ""), *asked.get("options", ())]
            yield {"h": f"asks-{asked['id']}", "t": asked["question"], "x": " ".join(told).strip()}


def entries(app):
    """Each place: page p, id h, title t, trail of titles c above it, text x, and kind k of place.

    A question has its sort s, and may have a text y that is searched and not shown.
    """
    env = app.env
    for doc in [env.config.root_doc, *env.toctree_includes.get(env.config.root_doc, [])]:
        page = tree_of(env, doc)

        for section in page.findall(nodes.section):
            above, at = [], section.parent
            while isinstance(at, nodes.section):
                above.insert(0, publish.titled(env, doc, at))
                at = at.parent
            where = {"p": doc, "c": above}
            top = not above
            practised = doc.startswith("practice/") and not top
            inside = [*above, publish.titled(env, doc, section)]
            aside = []
            for cell, entry in quizzes(section):
                aside.append(cell)
                yield {"p": doc, "c": inside, "k": "question", "s": "Quiz", **entry}
            for parts, entry in exercises(section):
                aside += parts
                yield {"p": doc, "c": inside, "k": "question", **entry}
            for entry in guesses(section):
                yield {"p": doc, "c": inside, "k": "question", "s": "Guess", **entry}
            kind = {"k": "page" if top else "section"}
            yield where | {
                "h": "" if top else section["ids"][0],
                "t": inside[-1],
                "x": joined(node for node in section.children if node not in aside),
                **({"k": "question", "s": "Practice"} if practised else kind),
            }
            for figure in [n for n in section.children if isinstance(n, nodes.figure)]:
                caption = figure.next_node(nodes.caption)
                if caption is not None and figure["ids"]:
                    said = joined(caption.children)
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
                        "x": joined(item.children[len(terms) :]),
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
