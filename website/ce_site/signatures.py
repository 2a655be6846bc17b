"""The number in your log: a page, the cheat sheet's table and a tool, made from one table.

pages/signatures.toml is the table. A line `:::{signatures} WHICH` of a page is replaced by rows of
it as Markdown, or by the tool's form; `_static/your_log.js` is the tool with the table in it. Each
number is an expression, computed here for the page and in the reader's browser for the tool.
"""

import ast
import functools
import itertools
import json
import math
import re
import tomllib
from pathlib import Path

from ce_site import search_index

PLACE = re.compile(r"^:::\{signatures\} (\w+)\n:::$", re.M)
STATIC = Path(__file__).resolve().parents[1] / "theme/static"
FUNCTIONS = {name: getattr(math, name) for name in ("log", "log1p", "e")}
HEAD = "| you see | look for | in |\n|---|---|---|\n"
FORM = """<style>STYLE</style>
<form id="your-log" class="with-script">
<p><label for="log-text">A loss, several losses in their order, or an error message</label>
<textarea id="log-text" rows="4" spellcheck="false" autocomplete="off"></textarea></p>
<p class="choices"><label>Classes, K <input id="log-classes" type="number" min="2" max="1000000"
value="10" list="log-usual"></label>
<datalist id="log-usual">CLASSES</datalist>
<label>Format <select id="log-format">FORMATS</select></label></p>
<div id="log-found" role="status"></div>
</form>
"""


@functools.cache
def table(root):
    """The table: classes, formats and rows."""
    return tomllib.loads(Path(root, "pages/signatures.toml").read_text(encoding="utf-8"))


def constants(spec):
    """What an expression may use of a number format."""
    digits, least = spec["digits"], spec["least"]
    ulp, tiny = 2.0 ** (1 - digits), 2.0**least
    return {"digits": digits, "ulp": ulp, "tiny": tiny, "smallest": tiny * ulp}


def names(row):
    """The names that a row's expression uses."""
    found = {n.id for n in ast.walk(ast.parse(row["value"])) if isinstance(n, ast.Name)}
    return found - set(FUNCTIONS)


def cases(row):
    """Each choice of the row's own names."""
    over = row.get("over", {})
    return [dict(zip(over, values, strict=True)) for values in itertools.product(*over.values())]


def value(row, **given):
    """The row's number; given : what its expression uses."""
    code = compile(row["value"], row["id"], "eval")
    return eval(code, {"__builtins__": {}}, FUNCTIONS | given)  # the book's own table


def short(number):
    """A number as a log prints it."""
    if number == int(number):
        return f"{number:g}".replace("e+0", "e")
    return f"{number:.4f}"


def listed(row, data):
    """The row's numbers as text, such as "K = 2: 0.6931, K = 3: 1.0986"."""
    used, parts = names(row), []
    by_format = bool(used & set(constants(data["formats"]["float32"])))
    formats = {n: constants(s) for n, s in data["formats"].items()} if by_format else {"": {}}
    classes = data["classes"][:5] if "K" in used else [None]
    choices = cases(row)[:4] if "N" in used else cases(row)
    if len(classes) > 1 and (len(choices) > 1 or by_format):
        classes = [10]
    for own in choices:
        for name, spec in formats.items():
            for k in classes:
                said = [f"{n} = {v:g}".replace("e-0", "e-") for n, v in own.items()]
                said += [f"K = {k}"] if k else []
                said += [name] if name else []
                number = short(value(row, **own, **spec, **({"K": k} if k else {})))
                parts.append(f"{number} ({', '.join(said)})" if said else number)
    return ", ".join(dict.fromkeys(parts))


def advice(row):
    """What to look for, in full."""
    return "; ".join(filter(None, (row["look"], row.get("more"))))


def line(row, see, look):
    """One row as Markdown."""
    return f"| {see} | {look} | {{numref}}`§%s <{row['section']}>` |\n"


def form(data):
    """The tool's form; without scripts it does not show."""
    classes = "".join(f'<option value="{k}"></option>' for k in data["classes"])
    formats = "".join(f"<option>{name}</option>" for name in data["formats"])
    made = FORM.replace("CLASSES", classes).replace("FORMATS", formats)
    return made.replace("STYLE", (STATIC / "your_log.css").read_text(encoding="utf-8"))


def rows(which, data):
    """The Markdown for one place of a page."""
    if which == "form":
        return form(data)
    if which == "sheet":
        return HEAD + "".join(line(r, r["see"], r["look"]) for r in data["row"] if r.get("sheet"))
    wanted = {
        "numbers": ("value", "ratio", "difference"),
        "messages": ("message",),
    }.get(which)
    text = HEAD
    for row in data["row"]:
        if row["kind"] in wanted if wanted else "value" not in row and row["kind"] != "message":
            number = f": {listed(row, data)}" if "value" in row else ""
            text += line(row, row["see"] + number, advice(row))
    return text


def filled(text, root, with_form=True):
    """A page's Markdown with the table's rows, and the tool's form, in their places."""

    def made(match):
        wanted = with_form or match[1] != "form"
        return rows(match[1], table(root)).rstrip("\n") if wanted else ""

    return PLACE.sub(made, text)


def fill(app, doc, source):
    """Put the rows into a page."""
    if PLACE.search(source[0]):
        source[0] = filled(source[0], app.srcdir)
        app.env.note_dependency(str(Path(app.srcdir, "pages/signatures.toml")))


def plain(markdown):
    """A cell of the table as text: roles and code without their marks, formulas as one types."""
    text = re.sub(r"\{\w+\}`([^`<]*?) *(?:<[^>]*>)?`", r"\1", markdown)
    text = re.sub(r"\$([^$]*)\$", lambda m: search_index.plain(m[1]), text)
    return re.sub(r"``?(.*?)``?(?!`)", r"\1", text)


def script(app):
    """The tool's module, the table in it: expressions become functions, for pages run no text."""
    from ce_site.as_markdown import section_numbers  # which itself fills in this table

    data, numbers = table(app.srcdir), section_numbers(app.env)
    labels = app.env.get_domain("std").labels
    entries = []
    for row in data["row"]:
        if row["kind"] == "told":
            continue
        doc, anchor, title = labels[row["section"]]
        entry = {"id": row["id"], "kind": row["kind"], "see": plain(row["see"])}
        entry |= {
            "look": plain(advice(row)),
            "to": f"{doc}.html#{anchor}",
            "title": f"{numbers[row['section']]} {title}",
        }
        parts = [json.dumps(entry, ensure_ascii=False)[1:-1]]
        if "match" in row:
            parts.append(f"match: /{row['match'].replace('/', chr(92) + '/')}/i")
        if "value" in row:
            used = ", ".join(sorted(names(row)))
            parts.append(f"uses: {json.dumps(sorted(names(row)))}, cases: {json.dumps(cases(row))}")
            parts.append(f"value: ({{ {used} }}) => {row['value']}")
        entries.append(f"{{{', '.join(parts)}}}")
    formats = {name: constants(spec) for name, spec in data["formats"].items()}
    made = (
        "const { log, log1p, E: e } = Math;\n"
        f"const CLASSES = {json.dumps(data['classes'])};\n"
        f"const FORMATS = {json.dumps(formats)};\n"
        f"const ROWS = [\n{(',' + chr(10)).join(entries)}\n];\n"
    )
    text = (STATIC / "your_log.mjs").read_text(encoding="utf-8").replace("/* TABLE */", made)
    return re.sub(r"(from '\./\w+)\.mjs'", r"\1.js'", text)


def write(app, error):
    """Write the tool."""
    if not error and app.builder.name == "html":
        path = Path(app.outdir, "_static", "your_log.js")
        path.write_text(script(app), encoding="utf-8")


def setup(app):
    """Register it with Sphinx."""
    app.connect("source-read", fill)
    app.connect("build-finished", write, priority=880)  # before sw.js
