"""The book is written in modern plain English: no archaic words, no words that say nothing.

The list grew out of sentences that readers had to read twice. It is short on purpose: a word is
on it only if the book always has a plainer one.
"""

import re
import subprocess

import prose
import pytest

PLAINER = {  # a pattern, and what to write instead
    r"mend(?:s|ed|ing)?": "fix, repair, correct",
    r"dear(?:er|est)": "costs more, most expensive",
    r"lest|ere|whence|thence|hitherto|thereof|therein|whereupon|hereby|forthwith|anew|afresh|unto"
    r"|betwixt|nought|aught|whilst|amongst|oft": "a modern word",
    r"for ever": "forever, without end",
    r"thousand million": "billion",
    r"by a hair": "slightly",
    r"h(?:angs?|ung) (?:up)?on": "depends on",
    r"(?:is|are|be|was|were|been) laid down": "this needs a convention",
    r"whoever|whosoever": "anyone who, a reader who",
    r"nobody put|unasked|unbidden": "say plainly what happens",
    r"in (?:another|a new|a different) coat|in disguise": "in another form",
    r"shrugs?|had set (?:its|his|her) heart|in a quarrel": "a literal sentence",
    r"out of (?:its|their) hearing": "a literal sentence",
    r"com(?:e|es|ing) about|came about": "happens, results",
    r"the (?:former|latter)": "the noun again",
    r"to take along|takes? it along": "download",
    r"obviously|needless to say|as we can see|it can be shown that|of course": "(nothing)",
    r"has? to be had|is to be had|can be had": "is available",
    r"some (?:\d[\d,.]*|ten|twenty|thirty|forty|fifty|sixty|hundred)": "about",
    r"a (?:good )?many": "many",
    r"as it were|so to speak": "(nothing)",
}
GROUPS = "|".join(f"(?P<p{i}>{p})" for i, p in enumerate(PLAINER))
PATTERN = re.compile(rf"\b(?:{GROUPS})\b".replace(" ", r"\s+"), re.IGNORECASE)
QUOTED = re.compile(r"^```.*?^```|`[^`\n]+`|\$[^$\n]+\$", re.MULTILINE | re.DOTALL)
CODE = (".py", ".mjs", ".js", ".html", ".sh", "Makefile")
TRACKED = subprocess.run(
    ["git", "ls-files"], cwd=prose.ROOT, capture_output=True, text=True, check=False
).stdout.split()
WRITTEN = [
    name
    for name in TRACKED
    if name.endswith((".md", ".ipynb", *CODE)) and name != "tests/test_voice.py"
]


def faults(name, text):
    """Each phrase that the book does not use, with its place and what to write."""
    if not name.endswith(CODE):  # in code, $ and ` do not enclose a quotation
        text = QUOTED.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    for match in PATTERN.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        instead = list(PLAINER.values())[int(match.lastgroup[1:])]
        yield f"{name}:{line}: {match[0]!r}; write: {instead}"


def sentences(path):
    """All that a reader of this file reads as sentences."""
    if path.suffix != ".ipynb":
        text = path.read_text(encoding="utf-8")
        return [("", text)]
    cells = prose.load(path)["cells"]
    return [(f", cell {cell['id']}", cell["source"]) for cell in cells]


def test_there_is_something_to_read():
    assert len(WRITTEN) > 100, "git must list the files"


@pytest.mark.parametrize("name", WRITTEN)
def test_a_file_is_written_plainly(name):
    path = prose.ROOT / name
    found = [f for where, text in sentences(path) for f in faults(name + where, text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "count", "name"),
    [
        ("It costs more, and depends on the layout.", 0, "x.md"),
        ("The dearest third hangs on the layout.", 2, "x.md"),
        ("```\nlest\n```\nand `lest` again", 0, "x.md"),
        ("Lest you forget: some 30 rows.", 2, "x.md"),
        ("It runs for\never.", 1, "x.md"),
        ("const a = $('x'); // lest we forget\nconst b = $('y');", 1, "x.mjs"),
    ],
)
def test_the_check_finds_what_it_should(text, count, name):
    assert len(list(faults(name, text))) == count
