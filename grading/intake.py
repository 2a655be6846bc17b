"""From whatever was handed in to one notebook for each student, or set aside with a reason.

Teachers put what they received into `inbox/<set>/`: a folder for each student, notebooks named
after students, or the zip archive of a learning platform. Nothing there is changed. Each student's
newest readable notebook is put back into the form that was released and written to
`submitted/<student>/<set>/<set>.ipynb`; whatever is not graded is listed with the reason.
"""

import csv
import io
import json
import os
import re
import stat
import unicodedata
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote

import nbformat

MIB = 2**20
LARGEST = 20 * MIB  # bytes of a notebook
MEMBERS, UNPACKED = 5000, 512 * MIB  # of a zip archive
CELLS = 1000
# Moodle's addition to a student's name
PLATFORM = re.compile(r"_(\d+)_assignsubmission_.*$")


class Unreadable(ValueError):
    """A file that cannot be graded; the message says why."""


@dataclass
class HandedIn:
    """A file that somebody handed in, wherever it was found."""

    where: str  # for the teacher to find it
    student: str  # as written; "" if nothing says whose it is
    name: str
    time: datetime
    data: bytes = b""
    fault: str = ""  # why it cannot be read

    def __post_init__(self):
        """Make the names fit for lists and terminals."""
        self.where, self.student, self.name = map(printable, (self.where, self.student, self.name))


@dataclass
class Entry:
    """A line of the teacher's list."""

    student: str
    file: str
    status: str  # "graded" or "set aside"
    reason: str = ""


@dataclass
class Submission:
    """One student's notebook, in the form that was released."""

    student: str
    notebook: nbformat.NotebookNode
    time: datetime
    notes: list[str] = field(default_factory=list)


def student_id(name):
    """A name that is safe in paths, made of ASCII letters, digits, `_` and `-`; same for the same.

    >>> student_id("Zoë Müller"), student_id("李雷"), student_id("../x")
    ('Zoe_Muller', 'u674eu96f7', 'x')
    """
    letters = []
    for letter in unicodedata.normalize("NFC", name.strip()):
        plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
        letters.append(plain if plain or not letter.isalnum() else f"u{ord(letter):x}")
    return re.sub(r"[^A-Za-z0-9-]+", "_", "".join(letters)).strip("_-")[:60]


def printable(name):
    """A name without control characters, and without bytes that are no text in UTF-8."""
    return "".join(
        letter.encode("unicode_escape").decode()
        if unicodedata.category(letter) in ("Cc", "Cs")
        else letter
        for letter in name
    )


# ---------------------------------------------------------------- what was handed in


def gather(inbox, set_name):
    """Every file below `inbox` that was handed in, those inside zip archives included."""
    found = []
    for folder, folders, names in os.walk(inbox):
        folders.sort()
        for name in sorted(names):
            if not name.startswith("."):
                path = Path(folder) / name
                found += _open(path, path.relative_to(inbox), set_name)
    _tell_apart(found)
    return found


def _tell_apart(found):
    """Take the platform's addition from the names; of two students of one name the number stays."""
    numbers = {}
    for item in found:
        if mark := PLATFORM.search(item.student):
            numbers.setdefault(student_id(item.student[: mark.start()]), set()).add(mark[1])
    for item in found:
        if mark := PLATFORM.search(item.student):
            name = item.student[: mark.start()]
            item.student = name + f"_{mark[1]}" * (len(numbers[student_id(name)]) > 1)


def _open(path, inner, set_name):
    entry = os.lstat(path)
    time = _changed(entry)
    item = HandedIn(str(inner), _owner(inner.parts, set_name), path.name, time)
    if not stat.S_ISREG(entry.st_mode):
        item.fault = "it is a symbolic link or a device, not a file"
    elif path.suffix.lower() == ".zip":
        return _unpack(path, inner, set_name)
    elif path.name == "timestamp.txt":
        return []
    elif path.suffix.lower() != ".ipynb":
        item.fault = "it is no notebook"
    elif entry.st_size > LARGEST:
        item.fault = f"it has {entry.st_size / MIB:.0f} MB; {LARGEST // MIB} MB are taken at most"
    else:
        item.data = path.read_bytes()
        stamp = path.parent / "timestamp.txt"
        if stamp.is_file() and not stamp.is_symlink():
            item.time = stamped(stamp.read_text(errors="replace")) or time
    return [item]


def _changed(entry):
    """When a file was changed; some systems allow years that Python does not know."""
    try:
        return datetime.fromtimestamp(entry.st_mtime, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def stamped(text):
    """A time as nbgrader writes it, in UTC, or None."""
    try:
        time = datetime.fromisoformat(text.strip().removesuffix(" UTC"))
        time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return time if 1970 <= time.year < 9999 else None


def _unpack(path, inner, set_name):
    """The notebooks in an archive; none is written to disk under the name that it has there."""
    time = _changed(os.stat(path))
    whole = HandedIn(str(inner), _owner(inner.parts, set_name), path.name, time)
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
            if len(members) > MEMBERS:
                whole.fault = f"the archive has {len(members)} members; {MEMBERS} are taken at most"
                return [whole]
            names = [m.filename for m in members if not _leads_out(m.filename)]
            shared = _shared_folder([PurePosixPath(name).parts for name in names])
            found, left = [], UNPACKED
            for member in members:
                item = _member(archive, member, inner, shared, set_name, left)
                left -= len(item.data)
                found.append(item)
            if len(inner.parts) > 1:  # the student made it, and with it the members' times
                found.sort(key=lambda item: item.time, reverse=True)
                for item in found:
                    item.time = max(item.time, time)
            return found
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        whole.fault = f"the archive cannot be read: {error}"
        return [whole]


def _shared_folder(paths):
    """1 if all members lie in one folder that has folders for the students, else 0."""
    first = {parts[:1] for parts in paths}
    return int(len(first) == 1 and all(len(parts) > 2 for parts in paths))


def _leads_out(name):
    """Whether a member's name would be another folder's on some system."""
    return name.startswith("/") or ".." in PurePosixPath(name).parts or re.search(r"[\\:\0]", name)


def _member(archive, member, inner, shared, set_name, left):
    parts = PurePosixPath(member.filename).parts
    # An archive that lies in a student's folder is that student's, whatever its members are named.
    own = inner.parts if len(inner.parts) > 1 else (*parts[shared:],)
    try:
        time = datetime(*member.date_time).astimezone(UTC)
    except ValueError:
        time = datetime.fromtimestamp(0, UTC)
    name = parts[-1] if parts else member.filename
    where = f"{inner}: {member.filename}"
    item = HandedIn(where, _owner(own, set_name), name, time)
    if _leads_out(member.filename):
        item.student, item.fault = "", "its name in the archive points to another folder"
    elif stat.S_ISLNK(member.external_attr >> 16):
        item.fault = "it is a symbolic link, not a file"
    elif member.flag_bits & 1:
        item.fault = "it is encrypted"
    elif not name.lower().endswith(".ipynb"):
        item.fault = "it is no notebook"
    else:
        most = min(LARGEST, left)
        try:
            with archive.open(member) as file:
                item.data = file.read(most + 1)
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError) as error:
            item.fault = f"it cannot be unpacked: {error}"
        except Exception as error:  # zlib and lzma have errors of their own
            item.fault = f"it cannot be unpacked: {error}"
        if len(item.data) > most:
            item.data, item.fault = b"", f"it unpacks to more than {most // MIB} MB"
    return item


def _owner(parts, set_name):
    """Whose file this is: the name of its folder, or what its own name says beside the set's."""
    if len(parts) > 1:
        return parts[0]
    stem = re.sub(r" ?\(\d+\)$", "", PurePosixPath(parts[0]).stem)
    short = set_name.removeprefix("ps-")
    for known in (set_name, short):
        stem = re.sub(rf"(^|[-_. ]){re.escape(known)}$", "", stem)
    return stem


# ---------------------------------------------------------------- one notebook


def read_cells(data):
    """The cells of a notebook, each rebuilt from its type, source, id and nbgrader's name."""
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
        cells = [cell for sheet in sheets for cell in sheet.get("cells") or []]
    if not isinstance(cells, list):
        raise Unreadable("it is JSON, but no notebook: it has no cells")
    if len(cells) > CELLS:
        raise Unreadable(f"it has {len(cells)} cells; {CELLS} are taken at most")
    return [cell for cell in map(_cell, cells) if cell]


def _cell(raw):
    if not isinstance(raw, dict) or raw.get("cell_type") not in ("code", "markdown", "raw"):
        return None
    source = raw.get("source", raw.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        return None
    source = source.encode("utf-8", "replace").decode()
    new = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    cell = new.get(raw["cell_type"], nbformat.v4.new_raw_cell)(source)
    metadata = raw.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    cell.metadata.name = name if isinstance(name, str) else ""
    cell.metadata.id = raw["id"] if isinstance(raw.get("id"), str) else ""
    if cell.cell_type == "markdown" and (pictures := _pictures(raw.get("attachments"))):
        cell.attachments = pictures
    return cell


def _pictures(attachments):
    """The attached pictures of a free-text answer, by the names that the student gave them."""
    kept = {}
    for name, forms in attachments.items() if isinstance(attachments, dict) else ():
        for kind, data in forms.items() if isinstance(forms, dict) else ():
            picture = kind in ("image/png", "image/jpeg") and isinstance(data, str)
            named = name.isprintable() and not set(name) & set('/\\<>"')
            if picture and named and re.fullmatch(r"[\w+/\n]+=*", data):
                kept.setdefault(name, {})[kind] = data
    return kept


def restore(cells, release):
    """Put a student's cells into the released notebook: its order, its given cells, its metadata.

    cells : what `read_cells` returned
    release : the notebook that the students received

    Returns the notebook and notes on what was repaired. Cells that a student added stay, behind the
    cell that they followed. Of a cell that is there twice, the last one with an answer counts.
    """
    names = {cell.metadata.nbgrader.grade_id: cell for cell in release.cells}
    by_id = {cell.id: name for name, cell in names.items()}
    found = {name: [] for name in names}
    added = {name: [] for name in [None, *names]}
    order, notes, last = [], [], None
    for cell in cells:
        name = cell.metadata.pop("name")
        name = name if name in names else by_id.get(cell.metadata.id)
        cell.metadata = nbformat.NotebookNode()
        if name is None:
            added[last].append(cell)
        else:
            last = name
            order.append(name)
            found[name].append(cell)
    if not order:
        raise Unreadable("it has no cell of this problem set")
    notebook = nbformat.v4.new_notebook(metadata=dict(release.metadata))
    notebook.cells += added[None]
    for name, given in names.items():
        cell = nbformat.from_dict(json.loads(json.dumps(given)))
        if not found[name]:
            notes.append(f"cell {name} was missing")
        elif given.metadata.nbgrader.solution:
            answers = [c for c in found[name] if c.source.strip() != given.source.strip()]
            if answers:
                cell.source = answers[-1].source
                notebook.cells += _as(cell.cell_type, answers[:-1])
                if cell.cell_type == "markdown":
                    cell.attachments = answers[-1].get("attachments", {})
                    _disarm(cell)
        elif any(c.source.strip() != given.source.strip() for c in found[name]):
            notes.append(f"given cell {name} had been changed")
        if len(found[name]) > 1:
            notes.append(f"cell {name} was there {len(found[name])} times")
        notebook.cells.append(cell)
        notebook.cells += added[name]
    if [name for name in names if name in order] != list(dict.fromkeys(order)):
        notes.append("the cells were in another order")
    known = set(by_id)
    for number, cell in enumerate(notebook.cells):
        if cell.id not in known:
            cell.id = f"added-{number}"
            if cell.cell_type != "code":
                _disarm(cell)
    return notebook, notes


def _as(cell_type, cells):
    return [cell for cell in cells if cell.cell_type == cell_type]


def _disarm(cell):
    """Make a cell's Markdown harmless, and refer to its pictures by names that need no escapes."""
    pictures = cell.get("attachments", {})
    if pictures:
        cell.attachments = {_plain(name): forms for name, forms in pictures.items()}
    cell.source = harmless(cell.source, pictures)


def _plain(name):
    return quote(name, safe="").replace("%", "_")


def harmless(text, pictures=()):
    """Markdown without HTML or script links, which would act when a teacher opens the notebook.

    pictures : the names of those that may be shown; a missing one would keep the page from opening
    """

    def refer(found):
        start, name = found.groups()
        name = next((n for n in (name, unquote(name or "")) if n in pictures), None)
        return start + (f"attachment:{_plain(name)}" if name else "picture not taken")

    text = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)
    name = r"((?:[^ \t\n\r\f()]|\([^ \t\n\r\f()]*\))+)(?=[ \t\n\r\f)]|\Z)"
    text = re.sub(rf"(\]\(\s*)attachment:(?:{name})?", refer, text)
    # A link is one only where the brackets touch. What it may lead to is listed: a scheme can be
    # spelled in too many ways to list what it may not. Reference definitions go altogether.
    text = re.sub(r"(?i)\]\((?!\s*(?:https?:|mailto:|attachment:|#))", "] (", text)
    return text.replace("]:", "] :")


# ---------------------------------------------------------------- the whole class


def take_in(handed_in, release):
    """Sort out who gets which notebook graded.

    Returns a list of Submission, one for each student, and a list of Entry, one for each file.
    """
    submissions, entries, spelled = {}, [], {}
    for item in sorted(handed_in, key=lambda item: item.time, reverse=True):  # newest first
        student = student_id(item.student)
        entry = Entry(student, item.where, "set aside")
        entries.append(entry)
        if item.fault:
            entry.reason = item.fault
            continue
        if not student:
            entry.reason = "nothing says whose it is: put it into a folder named after the student"
            continue
        spelling = unicodedata.normalize("NFC", item.student.strip())
        if spelled.get(student, spelling) != spelling:
            entry.reason = f"{spelling} and {spelled[student]} would both be {student}"
            continue
        try:
            notebook, notes = restore(read_cells(item.data), release)
        except Unreadable as error:
            entry.reason = str(error)
            continue
        spelled[student] = spelling
        if student in submissions:
            entry.reason = "the same student handed in a newer one, which is graded"
            continue
        submissions[student] = Submission(student, notebook, item.time, notes)
        entry.status, entry.reason = "graded", "; ".join(notes)
    for entry in entries:
        if entry.status == "set aside" and entry.student in submissions:
            entry.reason += " (another file of this student is graded)" * (
                "newer" not in entry.reason
            )
    return sorted(submissions.values(), key=lambda s: s.student), entries


def write(submissions, root, set_name):
    """Write each notebook where nbgrader looks for it, if it is not there already."""
    for submission in submissions:
        folder = Path(root) / "submitted" / submission.student / set_name
        folder.mkdir(parents=True, exist_ok=True)
        stamp = submission.time.strftime("%Y-%m-%d %H:%M:%S.%f UTC\n")
        for name, text in (
            (f"{set_name}.ipynb", nbformat.writes(submission.notebook) + "\n"),
            ("timestamp.txt", stamp),
        ):
            path = folder / name
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                replace(path, text)


def replace(path, text):
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, path)


def report(entries, path):
    """Write the teacher's list as CSV."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["student", "file", "status", "reason"])
    for entry in sorted(entries, key=lambda e: (e.status != "set aside", e.student, e.file)):
        cells = [entry.student, entry.file, entry.status, entry.reason]
        rows.writerow(["'" + c if c[:1] in "=+-@" and c else c for c in cells])
    replace(path, text.getvalue())
