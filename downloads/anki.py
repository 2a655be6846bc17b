"""Write the quiz questions and the recaps as a deck for Anki. See downloads.

Notes have stable ids, made from a question's key or a recap line's chapter and number, so that
importing a newer deck updates the notes and keeps what Anki knows about the reader.
"""

import json
import re
from html import escape, unescape

import genanki

from ce_lib import widgets
from downloads import NAME, ROOT, SITE, report, target

TITLE = "Cross-Entropy and Softmax"
CSS = """.card { max-width: 40em; margin: auto; font: 20px/1.45 sans-serif; text-align: left; }
.from { color: gray; font-size: 75%; }
li { margin: 0.3em 0; }"""
BACK = '{{FrontSide}}<hr id="answer">{{Back}}<p class="from">{{From}}</p>'
MODEL = genanki.Model(
    1_846_203_517,  # drawn once; Anki knows the note type by it
    TITLE,
    fields=[{"name": name} for name in ("Front", "Back", "From")],
    templates=[{"name": "Card", "qfmt": "{{Front}}", "afmt": BACK}],
    css=CSS,
)
DECK = 1_562_907_344  # drawn once, too
QUIZ = re.compile(r'data-question="([\w-]+)"[^>]*data-model="([^"]*)"')
RECAP = re.compile(r"^## Recap\n(.*?)^## ", re.MULTILINE | re.DOTALL)
WORD = re.compile(r"(?:\$[^$]+\$|`[^`]+`|\[[^\]]+\]\([^)]*\)|\S)+")  # a formula is one word


def quizzes(html):
    """The questions in a cell's output: key and model, as widgets.Quiz wrote them."""
    for key, model in QUIZ.findall(html):
        yield key, json.loads(unescape(model))


def for_anki(html, page):
    """A question's HTML with formulas as Anki sets them, and links to the published page."""
    html = re.sub(r'<math data-tex="([^"]*)".*?</math>', r"\\(\1\\)", html, flags=re.DOTALL)
    return html.replace('href="#', f'href="{page}#')


def question(model):
    """Front and back of a quiz question: its options, then the verdict and reason for each."""
    answers, front = model["answers"], f"<p><b>{model['question']}</b></p>"
    told = [f"{'✓' if a['right'] else '✗'} {a['why']}" for a in answers]
    if model["kind"] == "number":
        names = [f"{a['value']:g}: " if "value" in a else "Another number: " for a in answers]
        return front, listed("ul", (name + why for name, why in zip(names, told, strict=True)))
    if model["kind"] == "many":
        front += "<p>More than one may be right.</p>"
    return front + listed("ol", (a["text"] for a in answers)), listed("ol", told)


def listed(tag, items):
    """A list in HTML, lettered if ordered."""
    return f'<{tag} type="a">{"".join(f"<li>{item}</li>" for item in items)}</{tag}>'


def beginning(line):
    """About half of a line, in whole words and formulas."""
    words = [*WORD.finditer(line)]
    return line[: words[max(1, len(words) // 2) - 1].end()]


def notes(site):
    """A note for each quiz question and each line of a recap: key, front, back, page, chapter."""
    front = (site / "index.html").read_text(encoding="utf-8")
    base = re.search(r'rel="canonical" href="(.*?)index.html"', front)[1]
    for path in sorted((ROOT / "chapters").glob("*.ipynb")):
        page, chapter = f"{base}chapters/{path.stem}.html", path.stem
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                for key, model in quizzes("".join(output.get("data", {}).get("text/html", ""))):
                    yield key, *question(model), page, chapter
        text = (site / "chapters" / f"{path.stem}.md").read_text(encoding="utf-8")
        for number, line in enumerate(re.findall(r"^- (.*)$", RECAP.search(text)[1], re.M)):
            half = widgets.markup(beginning(line))
            key = f"{path.stem}-recap-{number}"
            yield key, f"<p>Complete: {half} …</p>", f"<p>{widgets.markup(line)}</p>", page, chapter


def write(site, path):
    """The deck of the built site's questions and recaps."""
    deck = genanki.Deck(DECK, TITLE)
    for key, front, back, page, chapter in notes(site):
        link = f'<a href="{escape(page)}">Chapter {int(chapter[:2])}</a>'
        fields = [for_anki(front, page), for_anki(back, page), link]
        guid = genanki.guid_for(NAME, key)
        deck.add_note(genanki.Note(model=MODEL, fields=fields, tags=[chapter], guid=guid))
    genanki.Package(deck).write_to_file(path)


if __name__ == "__main__":
    path = target(".apkg")
    write(SITE, path)
    report(path)
