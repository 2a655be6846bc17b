"""The cells of a notebook that a student made, within limits."""

import json
import re
from collections.abc import Callable

import nbformat
from nbformat import NotebookNode

from grading.intake.files import Unreadable

CELLS = 1000
LINES, CODE = 50_000, 1_000_000  # lines of all cells; characters of all code
TEXT = 2_000_000  # characters of all texts, pictures aside; each may take 70 bytes on its way
ELEMENTS = 2_000_000  # brackets and commas of a notebook's JSON, each of which may be an object
PICTURES = 200  # attached to the cells of a notebook, or pasted into them
LONGEST = 50_000  # characters of a text; what follows is cut
BLANK = 200  # lines of nothing but spaces in a cell that are left as they are
SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp")  # by each browser, without scripts
NOT_TAKEN = "picture not taken, only PNG, JPEG, GIF or WebP"
Pictures = dict[str, dict[str, str]]  # {name: {kind: data in base64}}


def read_cells(data: bytes, most: int | None = None) -> list[NotebookNode]:
    """The cells of a notebook, each rebuilt from its type, source, id and nbgrader's name.

    most : how many it may have, CELLS by default. Where it is given, the notebook was taken in
        before, and has the set's own cells and what the grader wrote besides.
    """
    times = 1 if most is None else 2
    most = CELLS if most is None else most
    elements = sum(data.count(mark) for mark in (b"[", b"{", b","))
    if elements > times * ELEMENTS:
        raise Unreadable(
            f"its JSON has {elements} brackets and commas; {times * ELEMENTS} are read at most"
        )
    try:
        raw = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Unreadable("it is not text in UTF-8, so no notebook") from None
    except RecursionError:
        raise Unreadable("its JSON is nested too deep for a notebook") from None
    except ValueError as error:
        raise Unreadable(f"it is not whole JSON ({error}): truncated or no notebook") from None
    if not isinstance(raw, dict):
        raise Unreadable("it is JSON, but no notebook")
    cells = raw.get("cells")
    if cells is None and isinstance(raw.get("worksheets"), list):
        sheets = [sheet for sheet in raw["worksheets"] if isinstance(sheet, dict)]
        lists = [sheet.get("cells") for sheet in sheets]
        cells = [cell for sheet in lists if isinstance(sheet, list) for cell in sheet]
    if not isinstance(cells, list):
        raise Unreadable("it is JSON, but no notebook: it has no cells")
    if len(cells) > most:
        raise Unreadable(f"it has {len(cells)} cells; {most} are taken at most")
    room = Room(times)
    return [cell for raw_cell in cells if (cell := _cell(raw_cell, room))]


class Room:
    """How many more of these a notebook may have."""

    def __init__(self, times: int) -> None:
        """Begin with the limits, or a multiple of them."""
        self.pictures = PICTURES
        counts = {"lines": LINES, "characters of code": CODE, "characters of text": TEXT}
        self.most = {name: times * most for name, most in counts.items()}
        self.left = dict(self.most)

    def take(self, source: str, code: bool) -> None:
        """Count a cell's source: each line of it is an object in memory and a line in files."""
        self.left["lines"] -= len(source.splitlines())
        self.left["characters of code" if code else "characters of text"] -= len(source)
        for name, left in self.left.items():
            if left < 0:
                most = self.most[name]
                raise Unreadable(f"it has more than {most} {name}; {most} are read at most")


def _cell(raw: object, room: Room) -> NotebookNode | None:
    """A cell rebuilt, or None; what it has is taken from `room`."""
    if not isinstance(raw, dict) or raw.get("cell_type") not in ("code", "markdown", "raw"):
        return None
    source = raw.get("source", raw.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        return None
    source = source.encode("utf-8", "replace").decode()
    source = source.replace("\r\n", "\n").replace("\r", "\n")  # as Python reads them
    pasted: Pictures = {}
    attached: dict[str, object] = {}
    if raw["cell_type"] == "markdown":
        attached = raw["attachments"] if isinstance(raw.get("attachments"), dict) else {}
        source = _pasted(source, pasted, PICTURES - room.pictures + len(attached))
        room.pictures -= len(attached) + len(pasted)
        if room.pictures < 0:
            raise Unreadable(f"it has more than {PICTURES} pictures; {PICTURES} are taken at most")
    if raw["cell_type"] != "code":
        source = cut(source)
    room.take(source, raw["cell_type"] == "code")
    if pasted:
        tag = r"<img\b[^<>]{0,300}?(attachment:pasted-\d{1,9}+\.\w{1,5}+)[^<>]{0,300}+>"
        source = re.sub(tag, r"![](\1)", source)
    if len(re.findall(r"(?m)^[ \t]+$", source)) > BLANK:  # slow to show in colours
        source = re.sub(r"(?m)^[ \t]+$", "", source)
    new: dict[str, Callable[[str], NotebookNode]] = {
        "code": nbformat.v4.new_code_cell,
        "markdown": nbformat.v4.new_markdown_cell,
        "raw": nbformat.v4.new_raw_cell,
    }
    cell = new[raw["cell_type"]](source)
    metadata = raw.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    cell.metadata.name = name if isinstance(name, str) else ""
    cell.metadata.id = raw["id"] if isinstance(raw.get("id"), str) else ""
    if cell.cell_type == "markdown" and (pictures := _pictures(attached) | pasted):
        cell.attachments = pictures
    return cell


def _pasted(source: str, pictures: Pictures, before: int) -> str:
    """The text with the pictures in it, which are long, moved to its attachments.

    before : how many pictures the notebook has before these, which are numbered from there on
    """

    def attach(found: re.Match[str]) -> str:
        if len(pictures) > PICTURES:
            raise Unreadable(f"it has more than {PICTURES} pictures; {PICTURES} are taken at most")
        name = f"pasted-{before + len(pictures) + 1}.{found[1]}"
        pictures[name] = {_kind(f"image/{found[1]}"): found[2]}
        return f"attachment:{name}"

    source = re.sub(
        r"data:image/(png|jpe?g|gif|webp);base64,([\w+/]+=*)", attach, source, flags=re.A
    )
    return re.sub(r"data:[\w/+.;=-]{0,99}base64,[\w+/]{99,}=*", NOT_TAKEN, source)


def cut(text: str, most: int = LONGEST) -> str:
    """A text as long as one may be, which stays as it is when it is cut again."""
    said = f"\n\n[Cut here: {LONGEST} characters are taken at most.]"
    return text if len(text) <= most else text[: max(most - len(said), 0)] + said


def _kind(named: str) -> str:
    """A kind of pictures by its right name."""
    return named.replace("image/jpg", "image/jpeg")


def _pictures(attachments: dict[str, object]) -> Pictures:
    """The attached pictures of a free-text answer, by the names that the student gave them."""
    kept: Pictures = {}
    for name, forms in attachments.items():
        for kind, data in forms.items() if isinstance(forms, dict) else ():
            if isinstance(data, list):  # of lines, as the format allows
                data = "".join(line for line in data if isinstance(line, str))
            data = re.sub(r"\s+", "", data) if isinstance(data, str) else ""
            # A name of megabytes would be looked at letter by letter, in each text that shows it.
            named = len(name) < 256 and name.isprintable() and not set(name) & set('/\\<>"')
            if _kind(kind) in SHOWN and named and re.fullmatch(r"[\w+/]+=*", data):
                kept.setdefault(name, {})[_kind(kind)] = data
    return kept
