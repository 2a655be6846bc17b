"""The reference of ce_lib, made from its docstrings: `:::{api} ce_lib`, a name on each line.

Each name becomes a section: its signature, then what its docstring says of each argument and of
what it returns and raises, with the book's equations and references linked, and its example.
Without names:
everything in the module's `__all__`.
"""

import functools
import importlib
import inspect
import json
import math
import re
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

import ce_lib as ce
from ce_lib import figures, widgets

MODULES = {  # the name by which the chapters call each
    "ce_lib": ("ce", ce),
    "ce_lib.figures": ("figures", figures),
    "ce_lib.widgets": ("widgets", widgets),
}
WIDTH = 76  # of a signature on one line
SIGN = r"[\\*_<>\[\]|$^~{}#]"  # what Markdown would take for its own


def chapters(source):
    """The chapters of a source folder, as (number, path)."""
    return [(int(path.stem[:2]), path) for path in sorted(Path(source, "chapters").glob("*.ipynb"))]


@functools.cache
def cells_of(path):
    """A notebook's cells."""
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def equation(number, source):
    """The label of equation 5.3, the third of chapter 5. Raises KeyError if there is none."""
    chapter, place = map(int, number.split("."))
    labels = {}
    for found, path in chapters(source):
        text = "\n".join("".join(cell["source"]) for cell in cells_of(path))
        names = re.findall(r"^\$\$ *\((eq-[\w-]+)\)", text, re.MULTILINE)
        labels |= {(found, n): name for n, name in enumerate(names, 1)}
    return labels[chapter, place]


def users(call, source):
    """The chapters whose code calls, say, `ce.softmax`, as (number, file name)."""
    for number, path in chapters(source):
        code = "\n".join("".join(c["source"]) for c in cells_of(path) if c["cell_type"] == "code")
        if re.search(rf"\b{re.escape(call)}\(", code):
            yield number, path.name


def signature(thing):
    """How it is called, and its arguments' names."""
    if isinstance(thing, type) and "__init__" not in vars(thing):  # a widget: its own traits
        traits = {k: t.default() for k, t in thing.class_own_traits(sync=True).items()}
        names = {k: value for k, value in traits.items() if value not in (None, [])}
        parts = [f"{name}={json.dumps(value)}" for name, value in names.items()]
    else:
        given = inspect.signature(thing).parameters.values()
        given = [p for p in given if p.kind is not inspect.Parameter.VAR_KEYWORD]
        names = {p.name: None for p in given}
        given = [p.replace(annotation=p.empty) for p in given]  # the words below say more
        whole = str(inspect.Signature(given)).replace(repr(math.e), "math.e")
        parts = whole.replace("'", '"')[1:-1].split(", ")
    line = f"{thing.__name__}({', '.join(parts)})"
    if len(line) > WIDTH:
        line = f"{thing.__name__}(\n    " + ",\n    ".join(parts) + ",\n)"
    return line, list(names)


def fields(thing):
    """The docstring's summary, its remarks, and what it says of each argument, in order."""
    summary, *paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(thing.__doc__))
    names = "|".join(map(re.escape, signature(thing)[1])) or "(?!)"
    mark = re.compile(
        rf"(?:^|(?<=[\s.]))(?:(?P<names>(?:{names})(?:, (?:{names}))*) : |"
        r"(?P<word>Returns|Raises|Reference:) )"
    )
    remarks, found = [], {}
    for paragraph in paragraphs:
        if paragraph.startswith(("    ", ">>> ")):  # a table or code, kept as it is
            remarks.append(paragraph)
            continue
        flat = re.sub(r"\s+", " ", paragraph)
        marks = list(mark.finditer(flat))
        ends = [m.start() for m in marks[1:]] + [len(flat)]
        remarks.append(flat[: marks[0].start()] if marks else flat)
        for match, end in zip(marks, ends, strict=False):
            head = match["names"] or match["word"].rstrip(":")
            found[head] = flat[match.end() : end].strip()
    return re.sub(r"\s+", " ", summary), [r for r in remarks if r.strip()], found


def marked_up(text, source):
    """Plain text of a docstring as MyST: names, equations and references become links."""

    def link(match):
        if match["code"]:
            name = match["code"]
            return f"[`{name}`](#api-{name})" if name in ce.__all__ else f"`{name}`"
        if match["equations"]:
            said = f", {match['equations'][2:-1]}" if match["bracket"] else match["equations"]
            return re.sub(r"\d+\.\d+", lambda m: f"{{eq}}`{equation(m[0], source)}`", said)
        if match["cited"]:
            key = re.match(r"\w+", match["cited"])[0].lower() + match["year"]
            return f"{{cite:t}}`{key}`"
        return "\\" + match[0]

    tokens = (
        r"`(?P<code>[^`]+)`"
        r"|(?P<equations>(?P<bracket> \()?[Ee]quations? \d+\.\d+(?: and \d+\.\d+)*(?(bracket)\)))"
        r"|(?P<cited>[A-Z]\w+(?:, [A-Z]\w+)*(?: and [A-Z]\w+| et al\.)?) \((?P<year>\d{4})\)"
        rf"|{SIGN}"
    )
    return re.sub(tokens, link, text)


def body(module, name, source):
    """What stands below a name's heading, in MyST."""
    prefix, home = MODULES[module]
    thing = getattr(home, name)
    call, _ = signature(thing)
    summary, remarks, found = fields(thing)
    parts = [f"```python\n{call}\n```", marked_up(summary, source)]
    reference = found.pop("Reference", None)
    for head, said in found.items():
        term = head if head in ("Returns", "Raises") else f"`{head.replace(', ', '`, `')}`"
        parts.append(f"{term}\n: {marked_up(said, source)}")
    for remark in remarks:
        language = {"    ": "text", ">>> ": "pycon"}.get(remark[:4])
        fenced = f"```{language}\n{remark}\n```"
        parts.append(fenced if language else marked_up(remark, source).strip())
    if reference:
        parts.append(f"Reference: {marked_up(reference, source)}")
    called = list(users(f"{prefix}.{name}", source))
    if 0 < len(called) < len(chapters(source)):
        links = [f"[{number}](../chapters/{file})" for number, file in called]
        parts.append(f"In chapter{'s' * (len(links) > 1)} {', '.join(links)}.")
    return "\n\n".join(parts)


class Api(SphinxDirective):
    """Sections for the names of a module."""

    required_arguments = 1
    has_content = True

    def run(self):
        """One section for each name."""
        module = self.arguments[0]
        sections = []
        for name in list(self.content) or MODULES[module][1].__all__:
            self.env.note_dependency(inspect.getsourcefile(importlib.import_module(module)))
            section = nodes.section(ids=[f"api-{name}"], names=[f"api-{name}"])
            section += nodes.title("", "", nodes.literal(text=name))
            self.state.document.note_explicit_target(section)
            text = body(module, name, self.env.srcdir).splitlines()
            self.state.nested_parse(StringList(text, source=name), self.content_offset, section)
            sections.append(section)
        for path in [__file__, *(path for _, path in chapters(self.env.srcdir))]:
            self.env.note_dependency(str(path))
        return sections


def setup(app):
    """Register the directive with Sphinx."""
    app.add_directive("api", Api)
