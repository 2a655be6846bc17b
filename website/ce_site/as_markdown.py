"""A page as plain Markdown: what a reader may hand to an assistant, or keep.

Cross-references are spelled out with the numbers of the page, code stands with what it prints,
and figures are given by their caption and their form in words.
"""

import functools
import json
import re
from pathlib import Path

from ce_site import book as roles
from ce_site import chapter_map, practice, reference, signatures

FENCES = re.compile(
    r"^:{3,}\{(?P<name>[\w-]+)\}(?P<title>[^\n]*)\n(?P<options>(?::[\w-]+:.*\n)*)", re.M
)


@functools.cache
def section_numbers(env):
    """{label: the number of its section, such as "8.8", or of its page}."""
    numbers = {}
    trees = {doc: roles.tree_of(env, doc) for doc in env.toc_secnumbers}
    for label, (doc, anchor, _) in env.get_domain("std").labels.items():
        of_page = env.toc_secnumbers.get(doc, {})
        section = trees[doc].ids.get(anchor) if doc in trees else None  # by its title's id there
        number = of_page.get(f"#{section['ids'][0]}") if section is not None else None
        numbers[label] = ".".join(map(str, number or of_page.get("", ())))
    return numbers


class Book:
    """The numbers and titles that references take from Sphinx's environment."""

    def __init__(self, env):
        """Of a book that has been read."""
        self.source, self.references = env.srcdir, Path(env.srcdir, env.config.bibtex_bibfiles[0])
        self.benchmarks = Path(env.srcdir, "pages/benchmarks.md").read_text(encoding="utf-8")
        self.numbers = {}
        for kinds in env.toc_fignumbers.values():
            for kind, ids in kinds.items():
                for name, number in ids.items():
                    self.numbers[kind, name.removeprefix("equation-")] = ".".join(map(str, number))
        self.pages = {Path(doc).name: title.astext() for doc, title in env.titles.items()}
        self.sections = section_numbers(env)
        self.titles = {name: title for name, (_, _, title) in env.get_domain("std").labels.items()}

    def number(self, kind, name):
        """The number of an equation or figure; KeyError if there is none."""
        return self.numbers[kind, name]


def prose(text, book):
    """A Markdown cell or page with its roles and directives spelled out."""

    def opened(match):
        name, title = match["name"], match["title"].strip()
        options = dict(re.findall(r"^:([\w-]+): *(.*)$", match["options"], re.M))
        if name == "figure":
            return f"Figure {book.number('figure', options['name'])}. ({options['alt']})\n\n"
        if name == "widget":
            return f"(An interactive figure: {title}.)\n"
        return "" if name in ("glossary", "tab-set") else f"**{title or name.capitalize()}**\n\n"

    def api(match):
        module, names = match[1], match[2].split()
        parts = [
            f"### `{name}`\n\n{reference.body(module, name, book.source)}"
            for name in names or reference.MODULES[module][1].__all__
        ]
        return "\n\n".join(parts)

    spelled = [
        (
            r"^:::\{map\}\n:::$",
            lambda m: chapter_map.in_words(chapter_map.chapters(book.source)),
        ),
        (r"^:::\{api\} (\S+)\n(.*?)^:::$", api),
        (r"^\([\w-]+\)=$", ""),
        (r"<!--.*?-->|</?span\b[^>]*>", ""),
        (r"(?<=\))\{\.[\w-]+\}", ""),
        (r"\{(?:output|ref|doc|term)\}`([^`<]+?) *<[^`>]*>`", r"\1"),
        (r"\{(?:output|cited|term)\}`([^`]*)`", r"\1"),
        (r"\{measured\}`([^`]*)`", lambda m: roles.measured(book.benchmarks, m[1])),
        (r"\{ref\}`([\w-]+)`", lambda m: f"“{book.titles[m[1]]}”"),
        (r"\{numref\}`§%s <([\w-]+)>`", lambda m: f"§{book.sections[m[1]]}"),
        (r"\{numref\}`([\w-]+)`", lambda m: f"Figure {book.number('figure', m[1])}"),
        (r"\{eq\}`([\w-]+)`", lambda m: f"({book.number('displaymath', m[1])})"),
        (r"\{cite(?::\w+)?\}`([^`]*)`", r"[\1]"),
        (
            r"^\$\$ *\(([\w-]+)\) *$",
            lambda m: rf"\tag{{{book.number('displaymath', m[1])}}}" + "\n$$",
        ),
        (r"\]\(([\w./]+)\.ipynb(#[\w-]+)?\)", r"](\1.md)"),
        (r"\[\]\(([\w./]+)\.md\)", lambda m: f"[{book.pages[Path(m[1]).name]}]({m[1]}.md)"),
        (FENCES, opened),
        (r"^:{3,}[ \t]*\n?", ""),
        (
            r"^```\{bibliography\}.*?^```\n",
            lambda m: fenced(book.references.read_text(encoding="utf-8"), "bibtex") + "\n",
        ),
    ]
    for pattern, to in spelled:
        flags = 0 if isinstance(pattern, re.Pattern) else re.MULTILINE | re.DOTALL
        text = re.sub(pattern, to, text, flags=flags)
    return text.strip()


def fenced(text, language):
    """Text in a code fence."""
    return f"```{language}\n{text.rstrip()}\n```"


def code(cell):
    """A code cell, with what it shows as text."""
    tags = cell["metadata"].get("tags", [])
    if "remove-cell" in tags:
        return
    if "remove-input" not in tags:
        yield fenced("".join(cell["source"]), "python")
    for output in cell["outputs"]:
        text = "".join(output.get("text", output.get("data", {}).get("text/plain", "")))
        if text:
            yield fenced(text, "text")


def page(path, env):
    """The Markdown of one source file, a notebook or a page."""
    book, text = Book(env), Path(path).read_text(encoding="utf-8")
    path = Path(path)
    if path.parent.name == "practice":
        text = practice.page(practice.NAME.search(text)[1], path.stem, env.config.html_baseurl)
    if path.suffix != ".ipynb":
        text = signatures.filled(text, env.srcdir, with_form=False)
        return prose(text, book) + "\n"
    parts = []
    for cell in json.loads(text)["cells"]:
        markdown = cell["cell_type"] == "markdown"
        parts += [prose("".join(cell["source"]), book)] if markdown else code(cell)
    return "\n\n".join(filter(None, parts)) + "\n"
