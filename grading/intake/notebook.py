"""A student's cells, put back into the notebook that was released."""

import ast
import bisect
import itertools
import json
import re
from collections import Counter
from urllib.parse import quote

import nbformat
from nbformat import NotebookNode

from grading.intake.cells import Pictures, cut
from grading.intake.files import Unreadable
from grading.intake.markdown import REFERENCE, disarm, meant, without_spaces

ADDED = "*(Added by the student:)*"
DEFINED = re.compile(r"(?m)^(?:async +)?(?:def|class) +(\w+)")  # names of functions and classes
LOOK = "*(The cell for the answer was left as it was. Text of the student stands in other cells.)*"


def restore(cells: list[NotebookNode], release: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Put a student's cells into the released notebook: its order, its given cells, its metadata.

    cells : what `read_cells` returned
    release : the notebook that the students received

    Returns the notebook and notes on what was repaired. What a student wrote counts wherever it
    stands: cells that were added stay, behind the cell that they followed, and so do answers in
    code that were moved, and copies of them, and given code that was run once more; a given cell of
    code that was changed is run as it was given and as it became; an answer that was deleted leaves
    no placeholder behind; a text is also looked for in the cells around its own, and pictures alone
    are an answer.
    """
    names = {cell.metadata.nbgrader.grade_id: cell for cell in release.cells}
    by_id = {cell.id: name for name, cell in names.items()}
    by_text = {bare(c.source): n for n, c in names.items() if not c.metadata.nbgrader.solution}
    found: dict[str, list[NotebookNode]] = {name: [] for name in names}
    added: dict[str | None, list[NotebookNode]] = {name: [] for name in [None, *names]}
    elsewhere: Counter[str] = Counter()
    order, notes = [], []
    last: str | None = None  # the given cell that was last and stands where it was given
    near: str | None = None  # the one that was last wherever it stands
    for cell in cells:
        name = cell.metadata.pop("name")
        name = name if name in names else by_id.get(cell.metadata.id)
        if name and not names[name].metadata.nbgrader.solution and not _alike(cell, names[name]):
            name = None  # a given cell's copy in which the student wrote something of another kind
        cell.metadata.told = name  # by its id or nbgrader's mark
        cell.metadata.name = by_text.get(bare(cell.source)) if name is None else name
    places = {name: place for place, name in enumerate(names)}
    told = {cell.metadata.told for cell in cells}
    # A cell that is known by its words alone gives way to one that is known for certain.
    taken = [c.metadata.told if c.metadata.name in told else c.metadata.name for c in cells]
    stays = _in_order([places.get(name) for name in taken])
    for cell, stayed in zip(cells, stays, strict=True):
        name = cell.metadata.name
        cell.metadata = nbformat.NotebookNode()
        code = cell.cell_type == "code"
        # Code stays in the student's order: it does not go with a given cell that was moved or
        # copied. A text does.
        if name is None:
            added[last if code else near].append(cell)
        elif not stayed and _runs_again(cell, names[name]):
            order.append(name)
            added[last].append(nbformat.v4.new_code_cell(cell.source))
            elsewhere[name] += 1
        else:
            last, near = name if stayed else last, name
            order.append(name)
            found[name].append(cell)
    if not order:
        raise Unreadable("it has no cell of this problem set")
    for name, given in names.items():
        for cell in reversed(found[name]) if not given.metadata.nbgrader.solution else ():
            if new := _additions(cell, given):
                text = nbformat.v4.new_markdown_cell(new)
                text.update(metadata={}, attachments=cell.get("attachments", {}))
                added[name].insert(0, text)
    notebook = nbformat.v4.new_notebook(metadata=dict(release.metadata))
    above = None
    stubs = {c.source.strip() for c in names.values() if c.metadata.nbgrader.solution}
    own_code = [c.source for c in cells if c.cell_type == "code" and c.source.strip() not in stubs]
    defined = {name for source in own_code for name in DEFINED.findall(source)}
    several = False  # texts at one answer, of which one may be another question's
    for name in (n for n, given in names.items() if given.metadata.nbgrader.solution):
        texts = {c.source.strip() for c in found[name] if c.cell_type != "code"} - {*stubs, ""}
        several |= len(texts) > 1
    merged = [  # given code with words in it: a text that was merged with it
        cell
        for name, given in names.items()
        if given.cell_type == "code" and not given.metadata.nbgrader.solution
        for cell in found[name]
        if cell.cell_type == "code" and cell.source.strip() != given.source.strip()
    ]
    several = several or _any_words(merged)
    for name, given in names.items():
        cell = nbformat.from_dict(json.loads(json.dumps(given)))
        marks = given.metadata.nbgrader
        was = given.source.strip()
        own = [c for c in found[name] if c.source.strip() != was or c.get("attachments")]
        count = len(found[name]) + elsewhere[name]
        if marks.solution and cell.cell_type == "markdown" and not own:
            _look_for_text(cell, name, above, added, several)
        notebook.cells += added[above]
        if not found[name]:
            notes.append(f"cell {name} was {'moved' if count else 'missing'}")
            cell.source = "" if marks.solution and cell.cell_type == "code" else cell.source
        elif marks.solution and own:
            answer = ([c for c in own if _alike(c, cell)] or own)[-1]
            cell.source = answer.source
            notebook.cells += [c for c in own if c is not answer]
            if cell.cell_type == "markdown":
                cell.attachments = answer.get("attachments", {})
                if cell.source.strip() == was:  # nothing but pictures, which are to be seen
                    shown = [f"![](attachment:{quote(one)})" for one in cell.attachments]
                    cell.source = "\n\n".join([cell.source, *shown])
                disarm(cell)
        elif cell.cell_type == "code" and marks.solution and defined & {*DEFINED.findall(was)}:
            cell.source = ""  # it was answered elsewhere, which the placeholder would override
        elif own:
            notes.append(f"given cell {name} had been changed")
        if count > 1:
            notes.append(f"cell {name} was there {count} times")
        changed = own if cell.cell_type == "code" and not marks.solution else []
        # A check that was changed comes first: the notebook's state is kept after the check.
        notebook.cells += [*changed, cell] if marks.get("grade") else [cell, *changed]
        above = name
    notebook.cells += added[above]
    if [name for name in names if name in order] != list(dict.fromkeys(order)):
        notes.append("the cells were in another order")
    known = set(by_id)
    # A given text that was pasted over another, or copied, is there once, where it was given: so
    # what was taken in stays as it is when it is taken in again.
    notebook.cells = [
        cell
        for cell in notebook.cells
        if cell.id in known or cell.cell_type == "code" or bare(cell.source) not in by_text
    ]
    for number, cell in enumerate(notebook.cells):
        if cell.id not in known:
            cell.id = f"added-{number}"
            if cell.cell_type != "code":
                disarm(cell)
                if cell.source.strip() and not cell.source.startswith(ADDED):
                    cell.source = f"{ADDED}\n\n{cell.source}"  # or it could pass for the rubric
    return notebook, notes


def _runs_again(cell: NotebookNode, given: NotebookNode) -> bool:
    """Whether a copy of a given cell, or one that was moved, is run where it stands."""
    if given.cell_type != "code":
        return False
    marks = given.metadata.nbgrader
    if marks.solution or marks.get("grade"):
        return bool(cell.source.strip() != given.source.strip())
    return True


def _in_order(places: list[int | None]) -> list[bool]:
    """Which cells stand in the released order, as many of them as can; None is no place."""
    ends: list[int] = []
    last: list[int] = []
    before: dict[int, int | None] = {}  # the longest rising row, by patience sorting
    for at, place in enumerate(places):
        if place is not None:
            row = bisect.bisect_left(ends, place)
            ends[row:], last[row:] = [place, *ends[row + 1 :]], [at, *last[row + 1 :]]
            before[at] = last[row - 1] if row else None
    here, stays = last[-1] if last else None, [False] * len(places)
    while here is not None:
        stays[here], here = True, before[here]
    return stays


def _look_for_text(
    cell: NotebookNode,
    name: str,
    above: str | None,
    added: dict[str | None, list[NotebookNode]],
    several: bool,
) -> None:
    """Take an answer in words from the cells around its own, or have a reader look for it.

    several : whether there may be such words at another question
    """
    taken = {id(c): c for c in added[above] + added[name] if c.source.strip()}
    texts, pictures = [cell.source], dict(cell.get("attachments", {}))
    for one in taken.values():
        text, own = _apart(one.source, one.get("attachments", {}), pictures)
        texts.append(f"```python\n{text}\n```" if one.cell_type == "code" else text)
        pictures |= own
    for listed in (added[above], added[name]):
        listed[:] = [c for c in listed if c.cell_type == "code" or id(c) not in taken]
    others = [c for of in added.values() for c in of if c.source.strip()]
    if not taken and (several or _any_words(others)):
        texts.append(LOOK)
    cell.source = cut("\n\n".join(texts))
    if pictures:  # once, since a notebook copies what it is given
        cell.attachments = pictures
    disarm(cell)


WORDS = 20_000  # characters of a cell for code that is parsed; each may take 1.5 KB of memory


def _any_words(cells: list[NotebookNode]) -> bool:
    """Whether any of these cells is a text or holds words; so much code is looked at."""
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    if len(code) < len(cells):
        return True
    left = 5 * WORDS
    for source in sorted(code, key=len):
        left -= len(source)
        if left < 0:
            return False
        if _in_words(source):
            return True
    return False


def _in_words(source: str) -> bool:
    """Whether a cell for code holds words: nothing but comments, or no Python."""
    lines = [line for line in source.splitlines() if line.strip()]
    if len(source) > WORDS or any(line.startswith(("%", "!")) for line in lines):
        return False
    try:
        return not ast.parse(source).body and bool(lines)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return True


def _apart(text: str, pictures: Pictures, others: Pictures) -> tuple[str, Pictures]:
    """A text and its pictures, renamed where others have their names, as `image.png` is each's."""
    names, held = {}, dict(others)
    for name, forms in pictures.items():
        tries = (f"{number}-{name}" if number else name for number in itertools.count())
        names[name] = next(one for one in tries if held.setdefault(one, forms) == forms)

    def refer(found: re.Match[str]) -> str:
        name = meant(found, names)
        return f"{found[1]}attachment:{quote(names[name])}" if name else found[0]

    text = without_spaces(text, pictures)
    return REFERENCE.sub(refer, text), {names[name]: forms for name, forms in pictures.items()}


def _additions(cell: NotebookNode, given: NotebookNode) -> str:
    """The lines of a changed given text that are not the given ones."""
    if cell.cell_type == "code" or given.cell_type == "code":
        return ""
    was = {bare(line) for line in given.source.splitlines()}
    new = [line for line in cell.source.splitlines() if bare(line) not in was]
    return "\n".join(new).strip()


def bare(text: str) -> str:
    """A text without what a formatter or an editor may change."""
    return re.sub(r"[\s()\"',]+", "", text)


def strange(
    cells: list[NotebookNode],
    release: NotebookNode,
    other: dict[str, re.Pattern[str]] | None = None,
) -> str:
    """Why cells are those of another set or variant, or "".

    other : `grading.sets.templates` of the set; without it another variant cannot be told from
        changes of the student's
    """
    given = {
        c.metadata.nbgrader.grade_id: c.source
        for c in release.cells
        if not c.metadata.nbgrader.solution
    }
    texts = {bare(cell.source) for cell in cells}
    present = {c.metadata.name: c for c in cells if c.metadata.get("name") in given}
    same = [name for name, text in given.items() if bare(text) in texts]
    changed = [name for name in present if name not in same]
    others = other or {}
    found = {n: others[n].search(present[n].source) for n in changed if n in others}
    varied = [name for name, match in found.items() if match and match[0] not in given[name]]
    if len(varied) > 1 and 10 * len(varied) >= len(given):
        return f"it is another variant of this set, by the text of {len(varied)} given cells"
    kept = [n for n in changed if bare(given[n])[:80] in bare(present[n].source)]
    if len(changed) - len(kept) > len(same) + len(kept):
        return "it is a notebook of another set: its given cells are not those of this one"
    return ""


def _alike(one: NotebookNode, other: NotebookNode) -> bool:
    """Whether two cells are both code, or both text."""
    return bool((one.cell_type == "code") == (other.cell_type == "code"))
