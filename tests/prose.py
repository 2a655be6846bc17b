"""Numbers in prose: find them, and find where each comes from.

A decimal, a number in scientific notation or an integer with a thousands comma must be, or be a
rounding of, a number that the chapter's code reads or prints nearby. `{cited}` marks the rest.
"""

import ast
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
PAGES = [ROOT / "index.md", *sorted((ROOT / "pages").glob("*.md"))]
NEARBY = 8  # how many code cells back a number in prose may come from
END_MATTER = re.compile(r"^## Check yourself\b", re.MULTILINE)  # from here on, the whole chapter

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
NUMBER = re.compile(
    r"""(?<![\w.])
    (?P<mantissa> \d{1,3}(?:,\d{3})+(?:\.\d+)? | \d+(?:_\d{3})*(?:\.\d+)* | \.\d+ )
    (?: [eE](?P<e>[-+]?\d+) )?
    (?P<percent> \s?% )?""",
    re.VERBOSE,
)


class Number(NamedTuple):
    """A number as it is written, its value, and half a unit of its last digit."""

    text: str
    value: Decimal
    tolerance: Decimal
    percent: bool
    version: bool = False  # 1.0.4, which no cell can print as a number

    def fits(self, candidate):
        """True if this is `candidate`, or `candidate` rounded; signs are dropped."""
        values = [abs(candidate), abs(candidate) * 100] if self.percent else [abs(candidate)]
        return not self.version and any(abs(v - self.value) <= self.tolerance for v in values)

    def distance(self, candidate):
        """How many times larger the larger of the two is."""
        smaller, larger = sorted([abs(candidate), self.value])
        return larger / smaller if smaller else Decimal("inf")


def numbers(text):
    """Every number in a piece of plain text, integers included."""
    text = text.replace("−", "-")
    text = re.sub(r"\s*(?:×|\*)\s*10(?:\^|\*\*)\{?([-+]?\d+)\}?", r"e\1", text)
    text = re.sub(r"\s*×\s*10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: "e" + m[1].translate(SUPERSCRIPTS), text)
    for match in NUMBER.finditer(text):
        digits = match["mantissa"].replace(",", "").replace("_", "")
        if digits.count(".") > 1:
            yield Number(match[0], Decimal(0), Decimal(0), False, version=True)
            continue
        places = len(digits.partition(".")[2])
        unit = Decimal(10) ** (int(match["e"] or 0) - places)
        value = Decimal(digits).scaleb(int(match["e"] or 0))
        yield Number(match[0].strip(), value, unit / 2, bool(match["percent"]))


def needs_a_source(number):
    """True for decimals, scientific notation and thousands; plain integers are words."""
    return re.search(r"[.,_eE]", number.text) is not None


def readable(markdown, roles=("cited", "measured")):
    """The text of a markdown cell that makes claims: no link targets, labels or marked roles."""
    drop = [
        (r"<!--[\s\S]*?-->|</?span\b[^>]*>", ""),
        (r"^%.*$", ""),
        (rf"\{{(?:{'|'.join(roles)})\}}(`+).*?\1", ""),
        (r"\{(?:cite|eq|numref|doc|download)[\w:]*\}`[^`]*`", ""),
        (r"\{\w[\w:-]*\}`([^`<]*)<[^`>]*>`", r"\1"),
        (r"^\s*:(?!alt:)[\w-]+:.*$", ""),
        (r"^(\s*[:`]{3,}\{[\w:-]+\})\s*#[\w-]+", r"\1"),
        (r"^\([\w-]+\)=\s*$", ""),
        (r"\]\([^)]*\)", "]"),
        (r"<?https?://[^\s>)]+>?", ""),
        (r"^```(?:sh|console|python)\n[\s\S]*?^```", ""),  # run and compared by other tests
        (r"\bPython 3\.\d+", ""),
        (r"(?i)\b(?:arXiv|doi):\s*\S+", ""),
        (r"\\times|\\cdot", "×"),
        (r"\{,\}|(?<=\d)\\,(?=\d{3})", ","),
        (r"\\%", "%"),
        (r"\\[A-Za-z]+|\\[,;!: ]", " "),
    ]
    for pattern, to in drop:
        markdown = re.sub(pattern, to, markdown, flags=re.MULTILINE)
    return markdown


def load(path):
    """A notebook as it is stored, with every source joined into one string."""
    notebook = json.loads(Path(path).read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def output_text(cell):
    """All that a code cell shows, as text: streams, results and the text form of figures."""
    parts = []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        parts.append("".join(output.get("text", [])))
        parts.append("".join(data.get("text/plain", [])))
        parts.append(re.sub(r"<[^>]*>", " ", "".join(data.get("text/html", []))))
    return "\n".join(parts)


def literals(code):
    """The numbers that stand in code; comments, names and text do not count."""
    return [
        Decimal(repr(node.value))
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Constant) and type(node.value) in (int, float)
    ]


def printed(cell):
    """The numbers that stand in a code cell's stored output."""
    return [number.value for number in numbers(output_text(cell)) if not number.version]


def question(cell):
    """The Markdown of a cell that asks a question, else None; a tolerance is not a claim."""
    if cell["cell_type"] != "code" or not cell["source"].startswith("widgets.Quiz("):
        return None
    text = ast.parse(cell["source"]).body[0].value.args[1].value
    return re.sub(r"^(- \[.*?) ± [^]\s]*\]", r"\1", text, flags=re.MULTILINE)


def sources(cells, position, everything=False):
    """The numbers that the prose of the cell at `position` may use."""
    runs = [cell["cell_type"] == "code" and question(cell) is None for cell in cells]
    before = [cell for cell, run in zip(cells[:position], runs, strict=False) if run]
    after = [cell for cell, run in zip(cells[position:], runs[position:], strict=True) if run]
    nearby = before + after if everything else before[-NEARBY:]
    found = [value for cell in nearby for value in literals(cell["source"]) + printed(cell)]
    return found + (literals(after[0]["source"]) if after else [])


def unsupported(name, notebook):
    """Every number in a chapter's prose that no cell gives, one message each."""
    cells, messages, everything = notebook["cells"], [], False
    for position, cell in enumerate(cells):
        text = cell["source"] if cell["cell_type"] == "markdown" else question(cell)
        if text is None:
            continue
        everything = everything or END_MATTER.search(text) is not None
        claimed = [n for n in numbers(readable(text)) if needs_a_source(n)]
        candidates = sources(cells, position, everything) if claimed else []
        for number in claimed:
            if not any(number.fits(candidate) for candidate in candidates):
                near = min(candidates, key=number.distance, default="none at all")
                messages.append(
                    f"{name}, cell {cell['id']}: {number.text} stands in no output or literal"
                    f" nearby; nearest is {near}"
                )
    return messages


def page_faults(name, text, folder=ROOT / "chapters"):
    """Numbers on a page that are typed by hand, or whose named output does not hold them."""
    messages = [
        f"{name}: {number.text} is typed by hand; use {{output}} or {{cited}}"
        for number in numbers(readable(text, roles=("cited", "measured", "output")))
        if needs_a_source(number)
    ]
    for token, chapter, cell_id in re.findall(
        r"\{output\}`([^`<]*?)\s*<([^#`>]+)#([^`>]+)>`", text
    ):
        where = f"{name}: {{output}} {token} <{chapter}#{cell_id}>"
        if not (folder / f"{chapter}.ipynb").exists():
            messages.append(f"{where}: there is no such chapter")
            continue
        cells = {cell["id"]: cell for cell in load(folder / f"{chapter}.ipynb")["cells"]}
        if cell_id not in cells:
            messages.append(f"{where}: there is no such cell")
        elif not re.search(
            rf"(?<![\w.]){re.escape(token)}(?!\w|\.\d)", output_text(cells[cell_id])
        ):
            messages.append(f"{where}: the cell's output does not hold {token}")
    return messages
