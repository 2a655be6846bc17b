"""Markdown in which nothing acts when a teacher opens it."""

import hashlib
import re
from collections.abc import Collection
from urllib.parse import quote, unquote

from nbformat import NotebookNode

from grading.intake.cells import LONGEST, NOT_TAKEN, cut


def harmless(text: str, pictures: Collection[str] = ()) -> str:
    """Markdown without HTML or script links, which would act when a teacher opens the notebook.

    pictures : the names of those that may be shown; a missing one would keep the page from opening
    """

    def refer(found: re.Match[str]) -> str:
        name = meant(found, pictures)
        return found[1] + (f"attachment:{_plain(name)}" if name else NOT_TAKEN)

    # A space keeps `<` from beginning a tag, and reads well in code and formulas, too.
    # Not even an address stays in one: in a fence of mermaid, nbconvert escapes nothing.
    text = re.sub(r"<(https?://[^\s<>\"'`\\]+)>", r"\1 ", text)
    text = re.sub(r"<(?=[A-Za-z/!?])", "< ", text)
    text = REFERENCE.sub(refer, without_spaces(text, pictures))
    # A link is one only where the brackets touch. What it may lead to is listed: a scheme can be
    # spelled in too many ways to list what it may not. Reference definitions go altogether.
    # Without slashes `http:` leads to a file of the server that shows the page.
    text = re.sub(r"(?i)\]\((?!\s*(?:https?://|mailto:|attachment:|#))", "] (", text)
    # The form grader would fetch a picture from elsewhere: only what is plainly an attached one
    # stays a picture, without a bracket, code or formula in which its end could hide.
    text = re.sub(r"!(?=\[)(?!\[[^][`$\\<]*\]\(\s*attachment:)", "! ", text)
    # JupyterLab with MyST makes frames and widgets of directives, and runs the role `eval`.
    text = re.sub(r"([`~:]{3}[\s\ufeff]*)\{", r"\1\\{", text)
    text = re.sub(r"(\{[^{}\n]*\})(?=`)", r"\1 ", text)
    # A diagram fetches its pictures from anywhere, and may fill the browser's memory: its text has
    # to do.
    text = re.sub(r"(?i)(?<![`~])([`~]{3,}+[^\S\n]*+)(?=mermaid)", r"\1text ", text)
    # A macro would hold for the whole page, in the rubric's formulas, too; entities could spell it.
    text = re.sub(r"&(?!(?:nbsp|lt|gt|amp|quot);)(?=#?\w+;)", "& ", text)
    text = re.sub(rf"\\(?=(?:{MACROS})(?![A-Za-z]))", r"\\ ", text)
    return text.replace("]:", "] :")


MACROS = (
    "[egx]?def|let|(?:re)?newcommand|providecommand|(?:re)?newenvironment|require|"
    "DeclareMathOperator|DeclarePairedDelimiters?|Newextarrow"
)


def disarm(cell: NotebookNode) -> None:
    """Make a cell's Markdown harmless, and show its pictures, by names that need no escapes."""
    pictures = cell.get("attachments", {})
    if pictures:
        cell.attachments = {_plain(name): forms for name, forms in pictures.items()}
    cell.source = harmless(cell.source, pictures)
    shown = re.findall(r"!\[[^][`$\\<]*\]\(\s*attachment:([^\s)]+)", cell.source)
    names = map(_plain, pictures)
    lost = "".join(f"\n\n![](attachment:{name})" for name in names if name not in shown)
    cell.source = cut(cell.source, LONGEST - len(lost)) + lost  # names with escapes are longer


def _plain(name: str) -> str:
    plain = quote(name, safe="").replace("%", "_")
    short = f"{plain[:60]}_{hashlib.sha256(plain.encode()).hexdigest()[:16]}"
    return plain if len(plain) < 100 else short


REFERENCE = re.compile(  # to an attached picture
    r"(\]\(\s*)attachment:(?:((?:[^ \t\n\r\f()]|\([^ \t\n\r\f()]*\))+)(?=[ \t\n\r\f)]|\Z))?"
)


def meant(found: re.Match[str], names: Collection[str]) -> str | None:
    """Which of these names a reference has, written as it is or with escapes."""
    return next((name for name in (found[2], unquote(found[2] or "")) if name in names), None)


def without_spaces(text: str, names: Collection[str]) -> str:
    """A text whose references to pictures have escapes where Jupyter leaves a name's spaces."""
    for name in sorted(names, key=len, reverse=True):
        if " " in name:
            text = text.replace(f"](attachment:{name})", f"](attachment:{quote(name)})")
    return text
