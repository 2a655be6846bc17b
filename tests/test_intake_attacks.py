"""What a student may send so that the teacher, or another student, suffers: without a jail."""

import base64
import csv
import html
import io
import json
import os
import re
import shutil
import struct
import subprocess
import time
import tracemalloc
import unicodedata
import zipfile
from datetime import UTC, datetime

import nbformat
import pytest
import yaml
from classroom import Course
from nbconvert.exporters import HTMLExporter
from nbconvert.filters import markdown2html
from traitlets.config import Config

from grading import autograde, feedback, intake, run
from grading.intake.platforms import TOGETHER, submitters_in

SET = "ps-small"
PIXEL = "iVBORw0KGgo="


@pytest.fixture
def release():
    """A set of one question, answered in words."""
    cell = nbformat.v4.new_markdown_cell("Your answer.", id="q1")
    cell.metadata.nbgrader = {"grade_id": "q1", "solution": True}
    return nbformat.v4.new_notebook(cells=[nbformat.from_dict(cell)])


def answer(text="Because.", attachments=None):
    """A notebook with an answer, in bytes."""
    cell = {"cell_type": "markdown", "id": "q1", "source": text, "attachments": attachments or {}}
    return json.dumps({"cells": [cell]}).encode()


def hand_in(inbox, path, data=None, time=None):
    file = inbox / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(answer() if data is None else data)
    if time:
        os.utime(file, (time, time))
    return file


def students(inbox, release):
    return [s.student for s in intake.take_in(intake.gather(inbox, SET), release)[0]]


# ---------------------------------------------------------------- size


def _many(cells=(), **more):
    own = {"cell_type": "markdown", "id": "q1", "source": "Your answer."} | more
    return json.dumps({"cells": [own, *cells]}, separators=(",", ":")).encode()


ATTACHED = {f"{n:x}": {"image/png": "A"} for n in range(5000)}
TEXTS = [{"cell_type": "markdown", "source": "y"}] * 900
SIZES = {
    "attachments, beside many texts": (_many(TEXTS, attachments=ATTACHED), "200 pictures"),
    "attachments, spread": (_many([t | {"attachments": {"a": {}}} for t in TEXTS]), "200 pictures"),
    "pasted pictures": (_many(source="data:image/png;base64,A " * 5000), "200 pictures"),
    "elements": (b'{"cells":[],"x":[' + b"[]," * 999_999 + b"[]]}", "brackets and commas"),
    "keys": (b'{"cells":[],"x":[' + b'{"":0},' * 999_999 + b"0]}", "brackets and commas"),
    "cells": (_many([0] * 5000), "cells"),
    "lines": (_many([{"cell_type": "code", "source": "\n" * 900_000}]), "50000 lines"),
    "lines of other kinds": (
        _many([{"cell_type": "code", "source": "\x0b\u2028" * 90_000}]),
        "lines",
    ),
    "lines of texts": (_many([{"cell_type": "markdown", "source": "\n" * 40_000}] * 20), "lines"),
    "one long line": (_many([{"cell_type": "code", "source": "# " + "a " * 9_000_000}]), "code"),
}


@pytest.mark.parametrize("kind", SIZES)
def test_a_notebook_of_too_many_parts_is_set_aside_at_once(kind, tmp_path, release):
    data, said = SIZES[kind]
    hand_in(tmp_path, "one/x.ipynb", data)
    hand_in(tmp_path, "two/x.ipynb")
    start = time.process_time()
    taken, entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert time.process_time() - start < 3
    assert [s.student for s in taken] == ["two"]
    reason = next(e.reason for e in entries if e.student == "one")
    assert said in reason
    assert "at most" in reason


@pytest.mark.parametrize("where", ["own", "spread"])
def test_as_much_as_may_be_handed_in_is_taken_in_at_once(where, release):
    """As many pictures as there may be, and as many texts, around an answer that was left out."""
    names = list(ATTACHED)[: intake.cells.PICTURES]
    texts = [
        {"cell_type": "markdown", "source": "y" * (intake.cells.TEXT // 900)} for _ in range(900)
    ]
    for text, name in zip(texts, names, strict=False):
        text["attachments"] = {name: ATTACHED[name]} if where == "spread" else {}
    if where == "own":
        texts[0]["attachments"] = {name: ATTACHED[name] for name in names}
    start = time.process_time()
    notebook, _ = intake.restore(intake.read_cells(_many(texts)), release)
    assert time.process_time() - start < 3
    (cell,) = notebook.cells
    assert len(cell.attachments) == intake.cells.PICTURES
    assert len(cell.source) == intake.LONGEST
    assert cell.source.count("![](attachment:") == len(cell.attachments)  # they are all shown


# ---------------------------------------------------------------- Markdown


SCRIPTS = [
    "[x](javascript:alert(1))",
    "[x](JavaScript:alert(1))",
    "[x]( \n javascript:alert(1))",
    "[x](javascript&#58;alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](javascript\\:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6a;avascript:alert(1) 'title')",
    "[x](java&Tab;script:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](< javascript:alert(1)>)",
    "[x](<&#106;avascript:alert(1)>)",
    "[x](vbscript:alert(1))",
    "[x](http:..%2f..%2fpage.html)",  # a file of the form grader's own server
    "[x](https:/formgrader?path=inbox)",
    "[a]\n\n[a]: javascript:alert(1)",
    "[a]\n\n[a]:\njavascript&#58;alert(1)",
    "[a][b]\n\n> [b]: &#106;avascript:alert(1)",
    "- [x](\n  javascript:alert(1))",
    "> [x](\n> javascript:alert(1))",
    "| a |\n|---|\n| [x](javascript:alert(1)) |",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    "![x](d&#97;ta:image/svg+xml;base64,PHN2Zz4=)",
    "![x][a]\n\n[a]: data:image/svg+xml;base64,PHN2Zz4=",
    "<javascript:alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "> <img src=x onerror=alert(1)>",
]


@pytest.mark.parametrize("text", SCRIPTS)
def test_no_link_of_an_answer_runs_a_script(text):
    page = markdown2html(intake.harmless(text))
    assert not re.search(r"<[^>]*\b(href|src|onerror)\s*=", page), page


@pytest.mark.parametrize(
    "text",
    [
        '[x](https://example.org/"onclick="alert(1))',
        '![" onerror="alert(1)](https://example.org/a.png)',
        '[x](https://example.org "a\\" onclick=\\"alert(1)")',
        '```a"onclick="alert(1)\nx\n```',
    ],
)
def test_no_link_of_an_answer_has_a_handler(text):
    tags = re.findall(r"<(?:\"[^\"]*\"|[^>\"])*>", markdown2html(intake.harmless(text)))
    assert not [tag for tag in tags if " on" in re.sub(r'"[^"]*"', '""', tag)]


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("[x](https://example.org/a_(b)?c=1#d)", 'href="https://example.org/a_(b)?c=1#d"'),
        ("[x](HTTP://example.org 'title')", 'href="HTTP://example.org"'),
        ("[x](mailto:ada@example.org)", 'href="mailto:ada@example.org"'),
        ("[x](#part)", 'href="#part"'),
        ("https://example.org", 'href="https://example.org"'),
    ],
)
def test_an_answers_other_links_stay(text, link):
    assert intake.harmless(text) == text
    assert link in markdown2html(text)


@pytest.mark.parametrize(
    "text",
    [
        "![x](https://example.org/a.png)",
        "![x](http://localhost:8888/logout 'title')",
        "![a [b] c](https://example.org/a.png)",
        "![x\n](\n HTTPS://example.org/a.png)",
        "[![x](https://example.org/a.png)](https://example.org)",
        "![![x](attachment:x.png)](https://example.org/a.png)",
        "!![x](https://example.org/a.png)",
        "![x](#a)",
        "![a`](attachment:x) `](https://example.org/a.png)",
        "![a$](attachment:x)$](https://example.org/a.png)",
        "![a\\](attachment:x)](https://example.org/a.png)",
    ],
)
def test_a_picture_from_elsewhere_is_a_link(text):
    """The form grader would fetch it, and tell its owner, or a service on this machine."""
    assert not re.search(r'<img[^>]*src="(?!attachment:)', markdown2html(intake.harmless(text)))
    assert not re.search(r'<img[^>]*src="(?!attachment:)', markdown2html(intake.harmless(text * 2)))


@pytest.mark.parametrize("text", ["$E[x](y)$", "$$p[i]: q < r$$", r"$\log[1](2) < x$", "`a[1](2)`"])
def test_a_formula_gets_a_space_at_most(text):
    assert intake.harmless(text).replace(" ", "") == text.replace(" ", "")


# ---------------------------------------------------------------- pictures


def shown(text, release, *names):
    """An answer's cell, and its page as the formgrader makes it."""
    pictures = {name: {"image/png": PIXEL} for name in names}
    notebook, _ = intake.restore(intake.read_cells(answer(text, pictures)), release)
    nbformat.validate(notebook)
    page, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    return notebook.cells[-1].source, page


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("photo (1).png", "photo%20(1).png"),
        ("my photo.png", "my photo.png"),
        ("photo%20%281%29.png", "photo%20%281%29.png"),
        ("Löwe+é.png", "Löwe+é.png"),
        ("plain_1.png", 'plain_1.png "title"'),
        ("a&b.png", "a&b.png"),
    ],
)
def test_a_picture_is_shown_whatever_its_name(release, name, written):
    _, page = shown(f"See ![it](attachment:{written}) here.", release, name)
    assert f"data:image/png;base64,{PIXEL}" in page


@pytest.mark.parametrize(
    "text",
    [
        "![it](attachment:gone.png)",
        "![it](attachment:)",
        "![it]( \n attachment:gone%20(1).png 'title')",
        "![it](attachment:here.png((b)))",
        "![it](attachment:here.png\u00a0b)",
        "![it](attachment:here.png\\))",
        "![it](attachmen&#116;:gone.png)",
        "![it](<attachment:gone.png>)",
        "![it](< attachment:gone.png>)",
        "![it][a]\n\n[a]: attachment:gone.png",
        "![it](attachment:a/b.png)",
        "![it](attachment:here.png&amp;)",
    ],
)
def test_a_picture_that_is_not_there_does_not_keep_the_page_from_opening(release, text):
    source, page = shown(text, release, "here.png", "a/b.png")
    assert source.endswith("\n\n![](attachment:here.png)")
    assert page.count(PIXEL) == 1  # of the one that is there, below the text
    if text.startswith("![it](attachment:"):
        assert "picture not taken" in source


@pytest.mark.parametrize("form", ["![x]({}) ", '<img src="{}" width="5">'])
@pytest.mark.parametrize("kind", ["png", "jpeg", "svg+xml"])
def test_a_picture_pasted_as_text_takes_no_room_from_the_text(release, form, kind):
    picture = form.format(f"data:image/{kind};base64,{'iVBO' * 30_000}")
    source, page = shown(f"Before.\n\n{picture}\n\nTherefore.", release)
    assert source.endswith("Therefore.")
    assert len(source) < 200
    assert (f"data:image/{kind};base64,iVBO" in page) == (kind != "svg+xml")


TWO = [  # two texts around an answer that was left out: with a picture each, by the same name
    [("One ![image.png](attachment:image.png)", "image.png")] * 2,
    [("One ![](attachment:a%20b.png) ![](attachment:gone.png)", "a b.png")] * 2,
    [("One ![](data:image/png;base64,{})", "")] * 2,
    [('One <img src="data:image/png;base64,{}"/>', "")] * 2,
    [("![](attachment:pasted-2.png)", "pasted-2.png"), ("![](data:image/png;base64,{})", "")],
]


@pytest.mark.parametrize("texts", TWO, ids=["image.png", "a b.png", "pasted", "tag", "both"])
@pytest.mark.parametrize("alike", [False, True])
def test_no_picture_takes_anothers_place(release, texts, alike):
    cells = [{"cell_type": "markdown", "id": "q1", "source": release.cells[0].source}]
    data = [f"iVBORw{number}=" for number in ("AA", "AA" if alike else "BB")]
    for (text, name), one in zip(texts, data, strict=True):
        attached = {name: {"image/png": one}} if name else {}
        text = text.format(one) if not name else text
        cells.append({"cell_type": "markdown", "source": text, "attachments": attached})
    notebook, _ = intake.restore(intake.read_cells(json.dumps({"cells": cells}).encode()), release)
    page, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    assert re.findall(r"base64,([\w=]+)", page) == data


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("![my proof.png](attachment:my proof.png)", "my proof.png"),
        ("![page [1].png](attachment:page%20%5B1%5D.png)", "page [1].png"),
        ("See `![a](attachment:a.png)`.", "b.png"),
    ],
)
def test_an_attached_picture_is_shown_whatever_its_name(release, text, name):
    cells = intake.read_cells(answer(f"By this: {text}", {name: {"image/png": PIXEL}}))
    notebook, _ = intake.restore(cells, release)
    (cell,) = [c for c in notebook.cells if c.get("attachments")]
    (own,) = cell.attachments
    assert re.search(rf"!\[[^]]*\]\(attachment:{re.escape(own)}\)", cell.source)
    assert PIXEL in feedback.text(cell.source, cell.attachments)


def test_a_picture_with_a_name_of_megabytes_is_left_out(release):
    pictures = {name: {"image/png": PIXEL} for name in ("(" * 10**7, "a.png")}
    tracemalloc.start()
    notebook, _ = intake.restore(intake.read_cells(answer("Your answer.", pictures)), release)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10**8
    assert [*notebook.cells[0].attachments] == ["a.png"]


def test_an_added_cells_pictures_are_treated_alike(release):
    new = {"cell_type": "markdown", "source": "![it](attachment:gone.png)"}
    cells = [new, *json.loads(answer())["cells"]]
    notebook, _ = intake.restore(intake.read_cells(json.dumps({"cells": cells}).encode()), release)
    assert "picture not taken" in notebook.cells[0].source


def test_a_text_about_attachments_stays():
    text = "The attachment: see attachment:x.png and (attachment:y)."
    assert intake.harmless(text) == text


# ---------------------------------------------------------------- names


def platform_zip(path, *folders):
    with zipfile.ZipFile(path, "w") as archive:
        for folder in folders:
            archive.writestr(f"{folder}/hw.ipynb", answer())


def test_two_students_of_one_name_are_both_graded(tmp_path, release):
    platform_zip(
        tmp_path / "all.zip",
        "Wei Zhang_111_assignsubmission_file_",
        "Wei Zhang_222_assignsubmission_file_",
        "Zoë Müller_333_assignsubmission_file_",
        "Zoë Müller_333_assignsubmission_onlinetext_",
        "Ada_444_assignsubmission_file_",
    )
    assert students(tmp_path, release) == ["Ada", "Wei_Zhang_111", "Wei_Zhang_222", "Zoe_Muller"]


def test_two_students_of_one_name_are_both_graded_from_folders(tmp_path, release):
    for number in (111, 222):
        hand_in(tmp_path, f"Wei Zhang_{number}_assignsubmission_file_/hw.ipynb")
    assert students(tmp_path, release) == ["Wei_Zhang_111", "Wei_Zhang_222"]


def test_who_had_a_name_alone_keeps_it(tmp_path, release):
    """Points given by hand belong to it, and nobody who comes later may have them."""
    course = object.__new__(run.Class)  # its problem set is not needed
    course.name, course.root, course.release = SET, tmp_path, release
    course.roster = course.templates = course.closes = None

    def graded(*numbers):
        shutil.rmtree(tmp_path / "inbox", ignore_errors=True)
        shutil.rmtree(tmp_path / "submitted", ignore_errors=True)
        for number in numbers:
            place = f"inbox/{SET}/Ada L_{number}_assignsubmission_file_/hw.ipynb"
            hand_in(tmp_path, place, answer(f"I am {number}."))
        return {s.student: s.notebook.cells[-1].source for s in course.take_in()[0]}

    assert graded(2) == {"Ada_L": "I am 2."}
    assert graded(1, 2, 3) == {"Ada_L_1": "I am 1.", "Ada_L": "I am 2.", "Ada_L_3": "I am 3."}
    assert graded(3) == {"Ada_L_3": "I am 3."}


@pytest.mark.parametrize("columns", ["id,name,moodle", "id,name,other"])
@pytest.mark.parametrize(
    "name",
    [
        "H_AdaLovelace_attempt_2036-11-20-10-11-12",
        "H_al1_attempt_2036-11-20-10-11-12_x",
        "AdaLovelace_777_1_x",
        "1-2 - Ada Lovelace - Nov 20, 2036 1012 AM",
    ],
)
def test_no_name_on_moodle_passes_for_another_platforms(tmp_path, release, columns, name):
    """There everybody may choose it, and it stands before what the platform says."""
    (tmp_path / "roster.csv").write_text(f"{columns}\nal1,Ada Lovelace,42\nbo,Bo K,43\n")
    roster = intake.Roster(tmp_path / "roster.csv")
    for who, number in (("Ada Lovelace", 42), (name, 43)):
        place = f"{who}_{number}_assignsubmission_file_/hw.ipynb"
        hand_in(tmp_path / "inbox", place, answer(who), time=10**9 + number)
    found = intake.gather(tmp_path / "inbox", SET, roster=roster)
    submissions, entries = intake.take_in(found, release, roster=roster)
    said = {one.student: one.notebook.cells[0].source for one in submissions}
    assert said == {"al1": "Ada Lovelace"}
    assert "nothing says whose it is" in " ".join(entry.reason for entry in entries)


def test_a_name_that_may_be_two_platforms_makes_no_student(tmp_path, release):
    """One account could else be many students, each with a run of its own."""
    files = [("lovelaceada_12_345_ps.ipynb", answer())]
    files += [(f"mal_77_90{n}_x{n}_attempt_2026-11-01-10-00-00_ps.ipynb", answer()) for n in "01"]
    hand_in(tmp_path, "submissions.zip", packed(*files))
    assert students(tmp_path, release) == ["lovelaceada"]


EITHER = "lovelaceada_104_30{}_page_{}_attempt_2026-11-20-10-00-00"  # on Canvas or on Blackboard
CLASS = [f"{who}_10{n}_200{n}_ps.ipynb" for n, who in enumerate(["booleg", "cantorg", "eulerl"])]


@pytest.mark.parametrize("place", ["week3", "submissions", "week3.zip", "submissions.zip"])
@pytest.mark.parametrize("kind", ["png", "ipynb"])
@pytest.mark.parametrize("known", [False, True], ids=["anybody", "roster"])
def test_by_names_of_two_platforms_no_student_changes_what_an_export_is(
    tmp_path, release, place, kind, known
):
    """However many of them: by most names a folder counts as an export."""
    files = [(name, answer()) for name in CLASS]
    files += [(f"{EITHER.format(n, n)}.{kind}", answer()) for n in range(9)]
    roster = None
    if known:
        lines = "".join(f"{name.split('_')[0]}\n" for name in CLASS)
        (tmp_path / "roster.csv").write_text(f"id\n{lines}")
        roster = intake.Roster(tmp_path / "roster.csv")
    inbox = tmp_path / "inbox"
    if place.endswith(".zip"):
        hand_in(inbox, place, packed(*files))
    else:
        for name, data in files:
            hand_in(inbox, f"{place}/{name}", data)
    found = intake.gather(inbox, SET, roster=roster)
    submissions, _ = intake.take_in(found, release, roster=roster, set_name=SET)
    assert [s.student for s in submissions] == ["booleg", "cantorg", "eulerl"]


@pytest.mark.parametrize("whole", ["submissions/", "all.zip", "week3/", "week3.zip"])
@pytest.mark.parametrize("own", ["lovelaceada/", "lovelaceada.zip"])
def test_beside_the_class_a_students_own_folder_is_no_export(tmp_path, release, whole, own):
    """Names of files in it would else be other students, whose newest work they were."""
    mine = [(f"{name.split('_')[0]}_1_9_ps.ipynb", answer("mine")) for name in CLASS[:2]]
    for place, files in ((whole, [(name, answer("right")) for name in CLASS]), (own, mine)):
        if place.endswith(".zip"):
            hand_in(tmp_path, place, packed(*files), time=10**9)
        for name, data in files if place.endswith("/") else ():
            hand_in(tmp_path, f"{place}{name}", data, time=10**9 + (place == own))
    submissions, entries = intake.take_in(intake.gather(tmp_path, SET), release, set_name=SET)
    said = {s.student: s.notebook.cells[0].source for s in submissions}
    assert [who for who, text in said.items() if text == "mine"] in ([], ["lovelaceada"])
    if whole in ("submissions/", "all.zip"):
        assert said.keys() >= {"booleg", "cantorg", "eulerl"}
    else:  # it could be either
        assert any("name" in e.reason for e in entries if e.file.startswith(whole.rstrip("/")))


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1)], ids=["older", "newer"])
def test_nobody_takes_a_namesakes_place_by_a_name_with_a_number(tmp_path, release, order):
    """The number by which a platform's namesakes are told apart may stand in a name."""
    names = ["Ada L_11", "Ada L_22", "Ada L_22_33"]  # the last one is called Ada L_22
    for name, turn in zip(names, order, strict=True):
        place = f"{name}_assignsubmission_file_/hw.ipynb"
        hand_in(tmp_path, place, answer(name), time=turn * 10**8)
    submissions, _ = intake.take_in(intake.gather(tmp_path, SET), release)
    said = {s.student: s.notebook.cells[0].source for s in submissions}
    assert said == {"Ada_L_11": "Ada L_11", "Ada_L_22": "Ada L_22", "Ada_L_22_33": "Ada L_22_33"}


def test_an_unreadable_notebook_takes_nobodys_name(tmp_path, release):
    hand_in(tmp_path, "zoe muller/hw.ipynb", time=10**9)
    hand_in(tmp_path, "zoe.muller/hw.ipynb", answer()[:40])
    submissions, entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert [s.student for s in submissions] == ["zoe_muller"]
    assert [e.status for e in entries if e.file.startswith("zoe muller")] == ["graded"]


def test_of_two_spellings_that_would_be_one_student_neither_is_taken(tmp_path, release):
    hand_in(tmp_path, "Ada Lovelace/hw.ipynb", time=10**9)
    hand_in(tmp_path, "Ada Lovelace/older.ipynb", time=10**8)
    hand_in(tmp_path, "Ada_Lovelace/hw.ipynb")
    submissions, entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert not submissions
    assert {entry.status for entry in entries} == {"set aside"}
    said = "Ada Lovelace and Ada_Lovelace would both be Ada_Lovelace: rename one of them"
    assert {entry.reason for entry in entries} == {said}


def test_an_export_of_one_beside_other_work_is_asked_about(tmp_path, release):
    """It is named after a course, which is no student."""
    platform_zip(tmp_path / "CE101-PS3-12345.zip", "Ada L_1_assignsubmission_file_")
    hand_in(tmp_path, "bob/hw.ipynb")
    taken, entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert [one.student for one in taken] == ["bob"]
    (entry,) = (entry for entry in entries if entry.status == "set aside")
    assert "the work of another (Ada L): put it into a folder named after" in entry.reason


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        ("علی‌رضا احمدی", ["علی‌رضا احمدی", "علیرضا احمدی"]),  # a joiner that nobody sees
        ("ශ්‍රී ලාල්", ["ශ්‍රී ලාල්"]),
        ("Иван ИВАНОВ", ["иван иванов", "Иванов Иван"]),
        ("Νίκος Παππάς", ["ΝΊΚΟΣ ΠΑΠΠΆΣ"]),
        ("Øystein Strauß", ["øystein strauß", "ØYSTEIN STRAUSS"]),
    ],
)
def test_a_name_is_known_in_every_script_and_case(tmp_path, listed, names):
    (tmp_path / "roster.csv").write_text(f"id,name\ns1,{listed}\ns2,Bo\n", encoding="utf-8")
    roster = intake.Roster(tmp_path / "roster.csv")
    for name in names:
        assert roster.find(intake.HandedIn(name, name, name, intake.EPOCH)) == {"s1"}, name
    assert intake.student_id(names[0]).lower() == intake.student_id(listed).lower()


def test_a_text_above_its_cell_is_taken_once_with_all_its_pictures(release):
    given = nbformat.v4.new_markdown_cell("The question.", id="text")
    given.metadata.nbgrader = {"grade_id": "text", "solution": False}
    release.cells.insert(0, nbformat.from_dict(given))
    names = [f"{number}.png" for number in range(150)]
    shown = " ".join(f"![](attachment:{name})" for name in names)
    pictures = {name: {"image/png": PIXEL} for name in names}
    cells = [
        given,
        {"cell_type": "markdown", "source": f"My proof. {shown}", "attachments": pictures},
    ]
    read = intake.read_cells(json.dumps({"cells": cells}).encode())
    notebook, _ = intake.restore(read, release)
    assert nbformat.writes(notebook).count("My proof.") == 1
    again, _ = intake.restore(intake.read_cells(nbformat.writes(notebook).encode(), 99), release)
    assert [cell.source for cell in again.cells] == [cell.source for cell in notebook.cells]


def test_a_file_beside_stays_the_same_in_an_export_of_another_name(tmp_path, release):
    texts = []
    for name in ("all.zip", "class 2.zip"):
        members = (
            ("ada/hw.ipynb", answer()),
            ("ada/proof.jpg", b"a photo"),
            ("bo/hw.ipynb", answer()),
        )
        hand_in(tmp_path / name, name, packed(*members))
        taken, _ = intake.take_in(intake.gather(tmp_path / name, SET), release)
        texts.append(taken[0].notebook.cells[0].source)
    assert texts[0] == texts[1]
    assert "`proof.jpg` (7 bytes)" in texts[0]


def test_on_gradescope_who_hands_in_again_has_the_newest_graded(tmp_path, release):
    for folder, number, day in (("export", 11, 20), ("export (1)", 21, 27)):
        text = f"submission_{number}:\n  :submitters:\n  - :name: Ada L\n"
        text += f"  :created_at: 2026-11-{day} 10:00:00 Z\n"
        text += text.replace(str(number), "13").replace("Ada L", "Bo")
        hand_in(tmp_path, f"{folder}/submission_metadata.yml", text.encode())
        for one in (number, 13):
            hand_in(tmp_path, f"{folder}/submission_{one}/hw.ipynb", answer(str(one)))
    (one, _), _ = intake.take_in(intake.gather(tmp_path, SET), release)
    assert (one.student, one.notebook.cells[0].source) == ("Ada_L", "21")


@pytest.mark.parametrize("table", ["", "id,name,canvas\nada,Ada L,12\neve,Eve L,99\n"])
def test_nobody_takes_anothers_place_on_canvas_by_a_number_in_a_name(tmp_path, release, table):
    (tmp_path / "roster.csv").write_text(table)
    roster = intake.Roster(tmp_path / "roster.csv") if table else None
    for name in ("lada_12_345_hw.ipynb", "lada_12_99_346_hw.ipynb", "leve_99_347_2026_1_x.ipynb"):
        hand_in(tmp_path / "in", name, answer(name))
    found = intake.gather(tmp_path / "in", SET, roster=roster)
    taken, entries = intake.take_in(found, release, roster=roster)
    files = {one.student: one.notebook.cells[0].source for one in taken}
    assert [*files.values()] == ["lada_12_345_hw.ipynb", "leve_99_347_2026_1_x.ipynb"]
    (aside,) = (entry.reason for entry in entries if entry.status == "set aside")
    assert aside.startswith("the user may be 12 or 99: put it into a folder")


def test_on_blackboard_a_user_is_what_follows_the_assignment_for_all(tmp_path, release):
    """Neither a part of it that is another's id, nor its words in another order."""
    (tmp_path / "roster.csv").write_text("id,name\nsmith,A\nsmith1,B\nada,C\nadam,D\nm_bo,E\n")
    roster = intake.Roster(tmp_path / "roster.csv")
    for user in ("smith", "ada", "m_ada", "m_bo"):
        name = f"HW_1_{user}_attempt_2026-11-20-10-00-00_hw.ipynb"
        hand_in(tmp_path / "in", name, answer(user))
    found = intake.gather(tmp_path / "in", SET, roster=roster)
    taken, entries = intake.take_in(found, release, roster=roster)
    files = {one.student: one.notebook.cells[0].source for one in taken}
    assert files == {"ada": "ada", "m_bo": "m_bo", "smith": "smith"}
    (aside,) = (entry.reason for entry in entries if entry.status == "set aside")
    assert aside.startswith("m_ada is not in roster.csv")


@pytest.mark.parametrize(
    "folder",
    [
        "Eve S_3_assignsubmission_file_",
        "1-3 - Eve S - Nov 20, 2026 1012 AM",
        "ps-small-eve",
        "Eve S - ps-small",
    ],
)
def test_the_only_folder_in_a_class_s_zip_stays_its_students(tmp_path, release, folder):
    """Whatever the files in it are called."""
    (tmp_path / "roster.csv").write_text("id,name\nada,Ada L\nbob,Bob K\neve,Eve S\n")
    roster = intake.Roster(tmp_path / "roster.csv")
    hand_in(tmp_path / "in", "ada/hw.ipynb", answer("Ada's"), time=10**9)
    names = ("ada.ipynb", "bob.ipynb", "x.ipynb")
    data = packed(*((f"{folder}/{name}", answer("Eve's")) for name in names))
    hand_in(tmp_path / "in", "all.zip", data)
    found = intake.gather(tmp_path / "in", SET, roster=roster)
    taken, _ = intake.take_in(found, release, roster=roster, set_name=SET)
    said = {one.student: one.notebook.cells[0].source for one in taken}
    assert said == {"ada": "Ada's", "eve": "Eve's"}


def test_on_gradescope_a_file_s_own_name_says_nothing(tmp_path, release):
    hand_in(tmp_path, "ada/hw.ipynb", answer("Ada's"), time=10**9)
    text = "submission_11:\n  :submitters:\n  - :name: Eve S\n  :created_at: 2026-11-20 10:00 Z\n"
    forged = "submission_11/hw_ada_attempt_2090-01-01-00-00-00_.ipynb"
    data = packed((forged, answer("Eve's")), (intake.METADATA, text.encode()))
    hand_in(tmp_path, "all.zip", data)
    taken, _ = intake.take_in(intake.gather(tmp_path, SET), release)
    assert {one.student: one.notebook.cells[0].source for one in taken} == {
        "ada": "Ada's",
        "Eve_S": "Eve's",
    }
    assert all(one.time.year < 2090 for one in taken)


def test_a_number_behind_a_login_is_another_login_wherever_it_stands(tmp_path):
    (tmp_path / "roster.csv").write_text(
        "id,name,email\n1,Ann Smith,smith@x.edu\n2,Joe Smith,smith2@x.edu\n"
    )
    roster = intake.Roster(tmp_path / "roster.csv")
    names = ("smith", "smith2", "smith_2", "smith 2", "2_smith")
    found = [roster.find(intake.HandedIn(name, name, name, intake.EPOCH)) for name in names]
    assert found == [{"1"}, {"2"}, set(), set(), set()]


def test_a_list_of_long_extra_fields_is_refused(tmp_path, release):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(500):
            member = zipfile.ZipInfo(f".git/{number}")
            member.extra = struct.pack("<HH", 9, 0) * 1000
            archive.writestr(member, b"")
    hand_in(tmp_path, "eve/hw.zip", file.getvalue())
    hand_in(tmp_path, "ada/hw.ipynb")
    taken, entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert [one.student for one in taken] == ["ada"]
    assert any("bytes on a member beside its name" in entry.reason for entry in entries)


def test_an_archive_s_list_is_read_once_for_all_its_files(tmp_path, release, monkeypatch):
    opened = []
    made = intake.archives._Archive

    def counted(file):
        opened.append(file)
        return made(file)

    def in_turns(first):
        """Files whose times alternate with those of another archive."""
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            for number in range(35):
                name = f"{number}.ipynb" if number < 9 else f"{number}.pdf"
                archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 1, number, first)), b"broken")
        return data.getvalue()

    monkeypatch.setattr(intake.archives, "_Archive", counted)
    files = [(f"{number}.ipynb", b"broken") for number in range(18)]
    hand_in(tmp_path, "eve/hw.zip", packed(*files, *((f"{n}.pdf", b"x") for n in range(50))))
    hand_in(tmp_path, "joe/a.zip", in_turns(10), time=10**9)
    hand_in(tmp_path, "joe/b.zip", in_turns(20), time=10**9)
    both = packed(("a.zip", in_turns(10)), ("b.zip", in_turns(20)))
    hand_in(tmp_path, "kim/all.zip", both)
    intake.take_in(intake.gather(tmp_path, SET), release)
    assert len(opened) <= 9


def test_all_archives_of_a_student_have_one_limit_on_what_their_lists_have(
    tmp_path, release, monkeypatch
):
    monkeypatch.setattr(intake.archives, "LISTED", 500)
    junk = packed(*((f".git/{number}", b"") for number in range(150)))
    many = packed(("hw.ipynb", answer()), *((f"{number}.zip", junk) for number in range(5)))
    hand_in(tmp_path, "ada/hw.zip", many)
    hand_in(tmp_path, "bob/hw.zip", packed(("hw.ipynb", answer()), ("1.zip", junk)))
    taken, entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert [one.student for one in taken] == ["ada", "bob"]
    assert sum("500 members of a student's archives" in entry.reason for entry in entries) == 2


def test_a_file_beside_is_the_same_packed_or_not(tmp_path, release):
    files = [("a/hw.ipynb", answer()), ("a/proof.jpg", b"1"), ("a/more.jpg", b"2")]
    hand_in(tmp_path / "packed", "all.zip", packed(*files))
    hand_in(tmp_path / "stored", "all.zip", packed(*files, method=zipfile.ZIP_STORED))
    for place, (name, data) in enumerate(reversed(files)):
        hand_in(tmp_path / "folder", f"all/{name}", data, time=10**9 + place)
    texts = set()
    for inbox in ("packed", "stored", "folder"):
        (one,), _ = intake.take_in(intake.gather(tmp_path / inbox, SET), release)
        texts.add(re.search(r"checksum (\w+)", one.notebook.cells[0].source)[1])
    assert len(texts) == 1


def test_a_students_own_page_has_a_line_and_the_exports_has_none(tmp_path, release):
    for place in ("index.html", "ada/index.html", "ada/hw.ipynb"):
        hand_in(tmp_path, place)
    _, entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert sorted(entry.file for entry in entries) == ["ada/hw.ipynb", "ada/index.html"]


def taken_by(tmp_path, release, table, *accounts):
    """{student: the number of whose work it is} of accounts on Moodle, and why others are not."""
    (tmp_path / "roster.csv").write_text(table)
    roster = intake.Roster(tmp_path / "roster.csv")
    for account in accounts:
        place = f"{account}_assignsubmission_file_/hw.ipynb"
        hand_in(tmp_path / "in", place, answer(account.rpartition("_")[2]))
    found = intake.gather(tmp_path / "in", SET, roster=roster)
    submissions, entries = intake.take_in(found, release, roster=roster)
    aside = [entry.reason for entry in entries if entry.status == "set aside"]
    return {one.student: one.notebook.cells[0].source for one in submissions}, aside


def test_the_end_of_a_name_on_moodle_is_nobody_else(tmp_path, release):
    """After a group's name comes a student's; in a name with a hyphen that is by chance."""
    table = "id,name\n1,Annabel Smith-Jones\n2,Bob Jones\n3,Paul Martin\n4,Ada King\n5,Eve Li\n"
    names = ["Ann Smith-Jones_9", "Jean-Paul Martin_8", "Red-Ada King_7", "Red-Eve Li_6"]
    found, aside = taken_by(tmp_path, release, table, *names)
    assert found == {"4": "7", "5": "6"}
    assert all("is not in roster.csv" in why for why in aside)


def test_a_name_on_a_platform_is_no_login(tmp_path, release):
    table = "id,name\nm_li,Max Li\nm,M Li\nkim.lee,Kim Lee\nkim,Kim Lee\n"
    found, aside = taken_by(tmp_path, release, table, "M Li_1", "Max Li_2", "Kim Lee_3")
    assert found == {"m": "1", "m_li": "2"}
    assert [why.partition(":")[0] for why in aside] == ["Kim Lee may be kim or kim_lee"]
    assert "add 3 to the right one" in aside[0]


def test_an_account_that_turns_out_to_be_anothers_keeps_nobody_out(tmp_path, release):
    first = {}

    def graded(table, *numbers):
        (tmp_path / "roster.csv").write_text(table)
        roster = intake.Roster(tmp_path / "roster.csv")
        for name in numbers:
            hand_in(tmp_path / "in", f"{name}_assignsubmission_file_/hw.ipynb")
        found = intake.gather(tmp_path / "in", SET, roster=roster, first=first)
        return [one.student for one in intake.take_in(found, release, roster=roster)[0]]

    assert graded("id,name\np,Li Wei\n", "Wei Li_9") == ["p"]
    assert graded("id,name,moodle\np,Li Wei,5\nw,Wei Li,9\n", "Li Wei_5") == ["p", "w"]


@pytest.mark.parametrize("name", ["-".join("abcdefghij" * 11), " ".join("abcdefghij" * 11)])
def test_a_long_name_is_looked_up_once(tmp_path, release, name):
    files = [(f"{number}.png", b"") for number in range(1000)]
    hand_in(tmp_path / "in", f"{name}_12_assignsubmission_file_x.zip", packed(*files))
    (tmp_path / "roster.csv").write_text("id,name\nada,Ada King\n")
    roster = intake.Roster(tmp_path / "roster.csv")
    start = time.process_time()
    intake.take_in(intake.gather(tmp_path / "in", SET, roster=roster), release, roster=roster)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("2026002-张三.ipynb", "2026002"),
        ("81235_cem_oz_ps-small.ipynb", "81235"),
        ("Ada King-71/hw.ipynb", "0071"),
        ("71.ipynb", "0071"),
        ("0081235.ipynb", "81235"),
        ("81235_v2.ipynb", "81235"),
        ("hw7-81235.ipynb", "81235"),
        ("Homework 3 - Ada King.ipynb", "0071"),
        ("final version Ada King.ipynb", "0071"),
        ("81235-Ada King.ipynb", None),  # of two
        ("81235-Ada Oz.ipynb", None),
        ("hw 71.ipynb", None),  # the number of a homework
        ("Homework-071.zip", None),
        ("Ada V.ipynb", None),  # other people
        ("King New.ipynb", None),
        ("Kim Kim.ipynb", None),
    ],
)
def test_an_id_beside_the_name_or_without_its_zeros_is_found(tmp_path, name, student):
    table = "id,name,nr\n2026002,张三,1\n81235,Cem Oz,2\n0071,Ada King,3\nkim,Kim,4\n"
    (tmp_path / "roster.csv").write_text(table, encoding="utf-8")
    roster = intake.Roster(tmp_path / "roster.csv")
    hand_in(tmp_path / "in", name)
    (found,) = intake.gather(tmp_path / "in", SET, roster=roster)
    assert roster.find(found) == ({student} if student else set())


@pytest.mark.parametrize(
    ("text", "code"),
    [("李明", "gbk"), ("Иван Чехов", "cp1251"), ("Łukasz", "cp1250"), ("José Pérez", "mac-roman")],
)
def test_a_list_in_another_code_page_is_refused(tmp_path, text, code):
    (tmp_path / "roster.csv").write_bytes(f"id,name\ns1,{text}\n".encode(code))
    with pytest.raises(ValueError, match=r"is not in UTF-8.*save it in UTF-8"):
        intake.read_roster(tmp_path)


@pytest.mark.parametrize("text", ["José Pérez", "Łukasz Wójcik", "O’Neil Ñuñez", "Zoë Müller-Weiß"])
def test_a_list_as_excel_saves_it_is_read(tmp_path, text):
    for code in ("utf-8", "utf-8-sig", "utf-16", *(["cp1252"] if "Ł" not in text else [])):
        (tmp_path / "roster.csv").write_bytes(f"id,name\ns1,{text}\n".encode(code))
        assert intake.read_roster(tmp_path).names == {"s1": text}


def in_code_page(code, *names, own=()):
    """An archive as Windows writes it: names in a code page, and no word of which.

    own : what Eve calls her files
    """
    raw = [name.encode(code).ljust(8, b"_") for name in (*names, *own)]
    places = [f"{number:08}" for number in range(len(raw))]
    files = [(f"{places[n]}/hw.ipynb", answer(name)) for n, name in enumerate(names)]
    files += [(f"Eve/{place}.ipynb", b"") for place in places[len(names) :]]
    written = packed(*files)
    for place, name in zip(places, raw, strict=True):
        written = written.replace(place.encode(), name)
    return written


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("gbk", ["李明", "王芳", "张伟"]),
        ("cp866", ["Иван", "Ольга"]),
        ("cp932", ["太郎", "花子"]),
        ("cp850", ["João", "Søren"]),
    ],
)
def test_names_in_a_zip_from_windows_are_found_or_asked_about(tmp_path, release, code, names):
    hand_in(tmp_path / "in", "all.zip", in_code_page(code, *names))
    taken, entries = intake.take_in(intake.gather(tmp_path / "in", SET), release)
    assert not taken
    assert all("names in it are not in UTF-8" in entry.reason for entry in entries)
    lines = "".join(f"s{n},{name}\n" for n, name in enumerate(names))
    (tmp_path / "roster.csv").write_text(f"id,name\n{lines}", encoding="utf-8")
    roster = intake.read_roster(tmp_path)
    found = intake.gather(tmp_path / "in", SET, roster=roster)
    taken, _ = intake.take_in(found, release, roster=roster)
    texts = {one.student: one.notebook.cells[0].source for one in taken}
    assert texts == {f"s{n}": name for n, name in enumerate(names)}


def test_a_students_own_files_do_not_choose_the_code_page(tmp_path, release):
    (tmp_path / "roster.csv").write_text("id,name\nz,Zoë\nj,José\nk,Käthe\n", encoding="utf-8")
    roster = intake.read_roster(tmp_path)
    jose = "José".encode("cp1252").decode("cp850")  # as it is read in Windows-1252
    own = [f"{jose} ({number})" for number in range(9)]
    hand_in(tmp_path / "in", "class.zip", in_code_page("cp850", "Zoë", "José", "Käthe", own=own))
    found = intake.gather(tmp_path / "in", SET, roster=roster)
    taken, _ = intake.take_in(found, release, roster=roster)
    assert [one.student for one in taken] == ["j", "k", "z"]


NAMES = {
    "hyphens": "-" * 60_000 + "x",
    "a copy's": " (1)" * 110,
    "of": " kopie von" * 45,
    "a set's end": "a" + " -" * 200,
    "another code page": "-" * 20_000 + "\xff",
}


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("place", ["{}/{:04}.ipynb", "{}{:04}.ipynb"])
def test_long_names_in_an_archive_take_no_time(tmp_path, release, kind, place):
    length = len(NAMES[kind])
    many = 1 if length > 500 else 300
    hand_in(
        tmp_path, "eve.zip", packed(*((place.format(NAMES[kind], n), b"") for n in range(many)))
    )
    hand_in(tmp_path, "ada/hw.ipynb")
    start = time.process_time()
    taken, _ = intake.take_in(intake.gather(tmp_path, SET), release)
    assert time.process_time() - start < 4
    assert [one.student for one in taken] == ["ada"]


@pytest.mark.parametrize(
    ("listed", "written"),
    [
        ("SILA YILDIZ", "Sıla Yıldız"),
        ("Çağrı Işık", "ÇAĞRI IŞIK"),
        ("Dang Van An", "Đặng Văn An"),
        ("Łukasz Æsop", "Lukasz Aesop"),
    ],
)
def test_letters_with_strokes_are_those_without(tmp_path, release, listed, written):
    table = f"id,name\ns,{listed}\n"
    assert taken_by(tmp_path, release, table, f"{written}_5") == ({"s": "5"}, [])


@pytest.mark.parametrize(
    "name",
    [
        *("Kopie von ps-small.ipynb", "Copia de ps-small.ipynb", "Cópia de ps-small.ipynb"),
        *("Copy of Copy of ps-small.ipynb", "Копия ps-small.ipynb", "Bản sao của ps-small.ipynb"),
        *("Copy_of_ps-small.ipynb", "ps-small 的副本.ipynb", "Co\u0301pia de ps-small.ipynb"),
    ],
)
def test_a_copy_is_its_owners_in_any_language(name):
    stem = name.removesuffix(".ipynb")
    for file in (f"Ada King - {name}", f"{stem} - Ada King.ipynb", f"Ada King_{name}"):
        assert intake.owners.owner_of((file,), SET) == "Ada King", file


@pytest.mark.parametrize("listed", [True, False])
def test_a_login_may_have_the_sets_name_in_it_or_a_classs(tmp_path, release, listed):
    """On GitHub people choose what they are called, and it stands behind the set's name."""
    logins = {"ada": "ada", "eve": f"ada-{SET}", "joe": "section-7"}
    lines = "".join(f"{one},{login}\n" for one, login in logins.items())
    (tmp_path / "roster.csv").write_text(f"id,github\n{lines}")
    roster = intake.read_roster(tmp_path) if listed else None
    for place, login in enumerate(logins.values()):
        name = "bob/hw.ipynb" if login == "section-7" else "hw.ipynb"
        file = f"in/{SET}-{login}/{name}"
        hand_in(tmp_path, file, answer(login), time=10**9 + 60 * place)
    found = intake.gather(tmp_path / "in", SET, roster=roster)
    taken, _ = intake.take_in(found, release, roster=roster, set_name=SET)
    texts = {one.student: one.notebook.cells[0].source for one in taken}
    if listed:
        assert texts == logins
    else:  # whose the folder with a folder in it is, is asked
        assert texts == {login: login for login in logins.values() if login != "section-7"}


@pytest.mark.parametrize("login", ["1001", "ada-king", "King-Ada", "m-adams"])
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("where", ["in/", "in/all/"])
def test_an_account_on_github_is_nobodys_whom_the_list_knows_by_another(
    tmp_path, release, login, own, where
):
    """It may be called like somebody's id or name, and be newer than hers."""
    (tmp_path / "roster.csv").write_text(
        "id,name,github\n1001,Ada King,https://github.com/AK99\nma,M Adams,@m-a-7\nbo,Bo Li,\n"
    )
    roster = intake.read_roster(tmp_path)
    if own:
        hand_in(tmp_path, f"{where}{SET}-ak99/hw.ipynb", answer("ada"), time=10**9)
    for one in ("m-a-7", "bo-li", login):
        hand_in(tmp_path, f"{where}{SET}-{one}/hw.ipynb", answer(one), time=10**9 + 60)
    found = intake.gather(tmp_path / "in", SET, roster=roster)
    taken, entries = intake.take_in(found, release, roster=roster, set_name=SET)
    texts = {one.student: one.notebook.cells[0].source for one in taken}
    assert texts == ({"1001": "ada"} if own else {}) | {"ma": "m-a-7"}
    for one in (login, "bo-li"):
        (said,) = [entry.reason for entry in entries if f"-{one}/" in entry.file]
        assert said.startswith(f"{one} is no account in roster.csv: correct the list")


def test_a_folder_without_a_number_may_be_either_namesakes(tmp_path, release):
    for number in (12, 13):
        hand_in(tmp_path, f"Ada King_{number}_assignsubmission_file_/hw.ipynb", answer(str(number)))
    hand_in(tmp_path, "Ada King/late.ipynb", answer("late"))
    taken, entries = intake.take_in(intake.gather(tmp_path, SET), release, set_name=SET)
    assert [one.student for one in taken] == ["Ada_King_12", "Ada_King_13"]
    assert [one.reason for one in entries if "late" in one.file] == [
        "Ada King may be Ada_King_12 or Ada_King_13: put it into a folder of that name"
    ]


@pytest.mark.parametrize("names", ["Name,Vorname", "First name,name", "Nombre,Apellido(s)"])
def test_a_name_in_two_columns_is_found_whatever_they_are_called(tmp_path, release, names):
    last = names == "Name,Vorname"
    rows = (
        [("Krause", "Paul"), ("Paul", "Simon")] if last else [("Paul", "Krause"), ("Simon", "Paul")]
    )
    lines = "".join(f"{n},{','.join(row)}\n" for n, row in enumerate(rows))
    table = f"id,{names}\n{lines}"
    found = taken_by(tmp_path, release, table, "Paul Krause_5", "Simon Paul_6")
    assert found == ({"0": "5", "1": "6"}, [])


def sections():
    """A set of two texts, with a heading above each."""
    cells = []
    for name in ("title", "a-text", "a", "b-text", "b"):
        cell = nbformat.v4.new_markdown_cell(f"Given {name}.", id=name)
        cell.metadata.nbgrader = {"grade_id": name, "solution": name in "ab"}
        cells.append(nbformat.from_dict(cell))
    return nbformat.v4.new_notebook(cells=cells)


@pytest.mark.parametrize("answers", [{}, {"a": "First half."}, {"a": "One.", "b": "Two."}])
@pytest.mark.parametrize("where", ["title", "a-text", "b-text"])
def test_words_in_a_given_text_are_kept_and_waited_for(where, answers):
    given = sections()
    cells = json.loads(nbformat.writes(given))["cells"]
    for cell in cells:
        cell["source"] = answers.get(cell["id"], "".join(cell["source"]))
        cell["source"] += "\n\nProof: since 1 < 2." * (cell["id"] == where)
    restored, _ = intake.restore(intake.read_cells(json.dumps({"cells": cells}).encode()), given)
    texts = {cell.id: cell.source for cell in restored.cells}
    assert sum("since 1" in text for text in texts.values()) == 1
    assert all(answer in texts[name] for name, answer in answers.items())
    if not answers:
        assert "since 1" in texts["a"] + texts["b"] or intake.LOOK in texts["a"]


def test_a_text_that_was_merged_with_given_code_is_waited_for():
    given = sections()
    check = nbformat.v4.new_code_cell("assert True", id="check")
    check.metadata.nbgrader = {"grade_id": "check", "solution": False, "grade": True}
    given.cells.append(nbformat.from_dict(check))
    cells = json.loads(nbformat.writes(given))["cells"]
    cells[-1]["source"] = "assert True\n\nProof of b: since 1 < 2, it is so."
    restored, _ = intake.restore(intake.read_cells(json.dumps({"cells": cells}).encode()), given)
    texts = {cell.id: cell.source for cell in restored.cells}
    assert intake.LOOK in texts["b"]
    assert any("Proof of b" in text for text in texts.values())


BLACKBOARD = "_attempt_2026-11-20-08-00-00_ps.ipynb"
MOODLE = "{}_{}_assignsubmission_file_/h.ipynb".format
ATTEMPT = "HW1_{}_attempt_2026-11-20-10-00-00_h.ipynb".format
WHOSE = {  # the list of students, the files that come in (the newest last), and whose are graded
    "an address of the list is no login": (
        "id,name,email\nasmith,Alice Smith,alice@uni.edu\n2,Adam Smith,asmith@gmail.com",
        "alice@uni.edu/h.ipynb asmith@gmail.com/h.ipynb asmith@evil.com/h.ipynb",
        {"asmith": "alice@uni.edu/h.ipynb", "2": "asmith@gmail.com/h.ipynb"},
    ),
    "an address that is not in the list": (
        "id,name,email\n1001,Alice Smith,alice@uni.edu\nbli,Bo Li,",
        "alice@uni.edu/h.ipynb alice@evil.com/h.ipynb 1001@evil.com/h.ipynb bli@uni.edu/h.ipynb",
        {"1001": "alice@uni.edu/h.ipynb", "bli": "bli@uni.edu/h.ipynb"},
    ),
    "an account on GitHub that is another's id, name or address": (
        "id,name,email,GitHub ID\nasmith,Al Smith,jlee@x.edu,\n2,Adam Smith,,asmith\n"
        "3,John Lee,,jlee\n4,Eve Doe,,al-smith\n5,Al Ng,,n/a",
        f"Smith_Al/h.ipynb {SET}-asmith/h.ipynb {SET}-jlee/h.ipynb {SET}-al-smith/h.ipynb"
        f" {SET}-al-ng/h.ipynb {SET}-n/h.ipynb",
        {"asmith": "Smith_Al/h.ipynb", "2": f"{SET}-asmith/h.ipynb", "3": f"{SET}-jlee/h.ipynb"}
        | {"4": f"{SET}-al-smith/h.ipynb"},
    ),
    "the folder that GitHub's own command makes": (
        "id,github\n1,ada7\n2,submissions",
        f"{SET}-submissions/{SET}-ada7/h.ipynb {SET}-submissions/{SET}-submissions/h.ipynb",
        {"1": f"{SET}-submissions/{SET}-ada7/h.ipynb"}
        | {"2": f"{SET}-submissions/{SET}-submissions/h.ipynb"},
    ),
    "a class's zip that a browser numbered, and a student's number": (
        "no,id,name\n1,ada,Ada\n2,bo,Bo",
        f"{SET}-2.zip:{MOODLE('Ada', 1)} {SET}-2.zip:{MOODLE('Bo', 2)}",
        {"ada": MOODLE("Ada", 1), "bo": MOODLE("Bo", 2)},
    ),
    "a class's zip that a browser numbered, and a student's id": (
        "id,name\n1,Ada\n2,Bo",
        f"{SET}-2.zip:{MOODLE('Ada', 1)} {SET}-2.zip:{MOODLE('Bo', 2)}",
        {"1": MOODLE("Ada", 1), "2": MOODLE("Bo", 2)},
    ),
    "a folder with a number in which others lie": (
        "id,name\n1,Ada\n2,Bo\n3,Cy",
        f"Bo.ipynb {SET}-2/Ada/h.ipynb {SET}-2/Cy/h.ipynb",
        {"2": "Bo.ipynb"},
    ),
    "an account that is called like a class": (
        "id,name,github\n1,Ada,\n2,Bo,\n3,Cy,all-2\n4,Di,section-a",
        "all.zip:Ada/h.ipynb all.zip:Cy/h.ipynb all-2.zip:Bo/h.ipynb"
        " all-2.zip:Section_A/Di/h.ipynb",
        {"1": "Ada/h.ipynb", "2": "Bo/h.ipynb", "3": "Cy/h.ipynb", "4": "Section_A/Di/h.ipynb"},
    ),
    "an account that is called like Moodle's export": (
        "id,name,github\n1,Ada,\n2,Bo,\n3,Cy,CS1-HW-3-1234",
        f"CS1-HW-3-1234/{MOODLE('Ada', 1)} CS1-HW-3-1234/{MOODLE('Bo', 2)}",
        {"1": f"CS1-HW-3-1234/{MOODLE('Ada', 1)}", "2": f"CS1-HW-3-1234/{MOODLE('Bo', 2)}"},
    ),
    "an account that is called like a class's zip": (
        "id,name,github\n1,Ada,\n2,Bo,\n3,Cy,week3",
        "week3.zip:Ada/h.ipynb week3.zip:Bo/h.ipynb Cy.ipynb",
        {"3": "Cy.ipynb"},
    ),
    "a last name that is called like a class": (
        "id,first name,last name,extra time\n1,Ada,King,\n2,Mo,Class,all",
        "class.zip:Ada_King/h.ipynb all.zip:Mo_Class/h.ipynb",
        {"1": "Ada_King/h.ipynb", "2": "Mo_Class/h.ipynb"},
    ),
    "a name on Moodle that is another's account, address or nickname": (
        "id,name,email,github,nickname,supervisor\n1,Rob Chen,,,Bob,Di Doe\n"
        "2,Eve Doe,cy.lee@x.edu,bo-chen,Al Ng,Bo Chen",
        " ".join(MOODLE(*one) for one in [("Bo+Chen", 1), ("Al+Ng", 2), ("Cy+Lee", 3)])
        + f" {MOODLE('Bob+Chen', 4)} Bo+Chen/h.ipynb Di+Doe/h.ipynb",
        {"1": MOODLE("Bob Chen", 4)},
    ),
    "a last name that is another's login": (
        "id,first name,last name,username\n1,Vera,Cruz,vcruz\n2,Bo,Lee,blee",
        "vcruz/h.ipynb cruz/h.ipynb HW_cruz_attempt_2026-11-20-10-03-00_h.ipynb",
        {"1": "vcruz/h.ipynb"},
    ),
    "the student's own folder within the student's": (
        "id,name,github\nboc,Bo,bo99\nak,Ada,\neve,Eve,boc",
        f"boc/{SET}-boc/h.ipynb ak.zip:{SET}-ak/h.ipynb",
        {"boc": f"boc/{SET}-boc/h.ipynb", "ak": f"{SET}-ak/h.ipynb"},
    ),
    "a nickname that is the set's name with another's": (
        "id,name,discord,github\nada,Ada,,ada9\neve,Eve,ps-small-ada,\nmal,Mal,ps-small-ada9,",
        f"{SET}-ada9/h.ipynb",
        {"ada": f"{SET}-ada9/h.ipynb"},
    ),
    "the same in a file's name": (
        "id,name,discord\nada,Ada,\neve,Eve,ps-small-ada",
        f"{SET}-ada.ipynb",
        {"ada": f"{SET}-ada.ipynb"},
    ),
    "a nickname that ends as Blackboard's names do": (
        "id,name,discord,email\nada,A,,\nbo,B,,\neve,E,1_ada,hw_1_bo@x.com",
        " ".join(f"HW_1_{one}_attempt_2026-11-20-10-00-00_h.ipynb" for one in ("ada", "bo")),
        {one: f"HW_1_{one}_attempt_2026-11-20-10-00-00_h.ipynb" for one in ("ada", "bo")},
    ),
    "a name on Canvas that is another's account": (
        "id,name,login,discord\n1,Rob Chen,rc,\n2,Eve Doe,chenbo,ngal\n3,Ada King,ak,",
        "chenbo_71_90_h.ipynb ngal_72_91_h.ipynb kingada_73_92_h.ipynb",
        {"3": "kingada_73_92_h.ipynb"},
    ),
    "a preferred name that is another's name": (
        "id,name,preferred name\n1,Ada King,\n2,Eve King,Ada\n3,Di Doe,bo.li@x.com\n4,Al Ng,Cy Lee",
        " ".join(MOODLE(*one) for one in [("Ada+King", 71), ("Bo+Li", 72), ("Cy+Lee", 73)]),
        {"1": MOODLE("Ada King", 71)},
    ),
    "a preferred name that makes the set's name": (
        "id,first name,last name,preferred name\n1,Ada,King,\n2,Bo,Li,\n3,Eve,Small,ps",
        f"{SET}.zip:Ada+King/h.ipynb {SET}.zip:Bo+Li/h.ipynb",
        {"1": "Ada King/h.ipynb", "2": "Bo Li/h.ipynb"},
    ),
    "accounts that make a name together": (
        "id,Jméno,Příjmení,discord,club\n1,Ada,King,,\n2,Bo,Li,,\n3,Eve,Doe,cy,lee",
        " ".join(MOODLE(*one) for one in [("Ada+King", 71), ("Bo+Li", 72), ("Cy+Lee", 73)]),
        {"1": MOODLE("Ada King", 71), "2": MOODLE("Bo Li", 72)},
    ),
    "an account on another service": (
        "id,name,github,gitlab\n1,Ada,ada9,\n2,Eve,,ada9",
        f"{SET}-ada9/h.ipynb",
        {"1": f"{SET}-ada9/h.ipynb"},
    ),
    "folders that are called by numbers": (
        "id,username\n1,aking\n2,bo\n3,cy",
        "aking/1/h.ipynb aking/2/h.ipynb bo.zip:1/h.ipynb bo.zip:3/h.ipynb",
        {"1": "aking/2/h.ipynb", "2": "1/h.ipynb"},
    ),
    "an id of four digits": (
        "id,name\n1001,Eve Doe\n1002,Bo King\n1003,Cy Chen",
        "1001.zip:kingbo_22_333_h.ipynb 1001.zip:chency_23_334_h.ipynb",
        {"1001": "kingbo_22_333_h.ipynb"},
    ),
    "addresses as mail programs write them": (
        "id,email\n1,Ada King <ada@x.edu>\n2,mailto:bo@x.edu; bo@y.com\n3,<cy@x.edu>;",
        "ada@x.edu.ipynb bo@y.com.ipynb cy@x.edu.ipynb",
        {"1": "ada@x.edu.ipynb", "2": "bo@y.com.ipynb", "3": "cy@x.edu.ipynb"},
    ),
    "an id that is written with a space": (
        "id,name\nada-king,Augusta King\ns1234567,Bo Li",
        "ada+king/h.ipynb s+1234567/h.ipynb",
        {"ada-king": "ada king/h.ipynb"},
    ),
    "the set's short name with a capital": (
        "id,name\n1001,Ada King\n1002,Bo Li",
        "1001_Small.ipynb Bo+Li+-+SMALL.ipynb",
        {"1001": "1001_Small.ipynb", "1002": "Bo Li - SMALL.ipynb"},
    ),
    "logins of Blackboard's under a heading of the school's": (
        "id,name,EID,telegram username\n1,A,aking,\n2,B,bnagy,\n3,C,ccruz,\n4,E,edoe,dlee",
        " ".join(map(ATTEMPT, ["aking", "bnagy", "ccruz", "dlee"])),
        {"1": ATTEMPT("aking"), "2": ATTEMPT("bnagy"), "3": ATTEMPT("ccruz")},
    ),
    "addresses under another heading on Blackboard": (
        "id,Nom,Prénom,Courriel,tutor email\n1,King,Ada,aking@x.fr,bo@x.fr\n2,Nagy,Bo,bo@x.fr,",
        f"bo@x.fr/early.ipynb {ATTEMPT('aking')} {ATTEMPT('bo')}",
        {"1": ATTEMPT("aking"), "2": ATTEMPT("bo")},
    ),
    "a login, and what another is called": (
        "id,name,preferred name,username\n1,Rob Chen,,bochen\n2,Eve Chen,Bo,ec\n3,Cy Li,,cli",
        f"{ATTEMPT('cli')} {ATTEMPT('bochen')} bochen/h.ipynb",
        {"1": ATTEMPT("bochen"), "3": ATTEMPT("cli")},
    ),
    "an id without its zeros, or beside a name, that another writes": (
        "id,name,discord\n123456,Ada King,\n1234,Bo Li,\n5,Eve Doe,00123456\n6,Mal Y,1234_bo_li",
        "00123456.ipynb 1234_Bo_Li.ipynb",
        {"123456": "00123456.ipynb", "1234": "1234_Bo_Li.ipynb"},
    ),
    "a name in a column of another service": (
        "id,name,discord name,zoom name\n1,Robin Doe,Robin Chen,\n2,Eve O’Brien,,Bo Li\n3,Cy X,,",
        f"{MOODLE('Robin+Chen', 71)} {MOODLE('Bo+Li', 72)} {MOODLE('Cy+X', 73)}",
        {"3": MOODLE("Cy X", 73)},
    ),
    "an account that ends like the set or a copy, which is asked about": (
        "id,name,login\nada,Ada King,\n2,Bo Nagy,ada-small\n3,Cy Cruz,ada-copy2",
        "Ada+King.ipynb ada-small.ipynb ada-copy2.ipynb",
        {"ada": "Ada King.ipynb"},
    ),
    "names under headings in another language": (
        "id,jméno,příjmení,login\n1,Ada,King,bonagy\n2,Bo,Nagy,bn\n3,Cy,Cruz,cc",
        f"{MOODLE('Group+1-Ada+King', 71)} kingada_72_91_h.ipynb nagybo_73_92_h.ipynb"
        " cy_cruz.ipynb",
        {"1": "kingada_72_91_h.ipynb", "2": "nagybo_73_92_h.ipynb", "3": "cy_cruz.ipynb"},
    ),
    "a preferred name in all places of a name": (
        "id,name,preferred name\n1004,Robert Roy,Bob\n1005,Ada King,\n1006,Bo Li,",
        f"{MOODLE('Group+2-Bo+Li', 71)} {MOODLE('Group+2-Bob+Roy', 72)} Bob+Roy+v2.ipynb"
        " 1004-Bob+Roy.ipynb",
        {"1004": "1004-Bob Roy.ipynb", "1006": MOODLE("Group 2-Bo Li", 71)},
    ),
    "a number that a spreadsheet saved as 12.0": (
        "id,name,moodle\n1001.0,Ada,12.0\n1002.0,Ada,13.0",
        f"{MOODLE('Ada', 12)} {MOODLE('Ada', 13)}",
        {"1001": MOODLE("Ada", 12), "1002": MOODLE("Ada", 13)},
    ),
    "logins that the list has not, but for one in a column of another's": (
        "id,name,discord\n1,Ada King,\n2,Bo Chen,\n3,Cy Cruz,\n4,Eve Doe,bchen\n5,Di Day,x1",
        " ".join(f"HW_{user}{BLACKBOARD}" for user in ("aking", "bchen", "ccruz", "dday", "ffox")),
        {},
    ),
    "the first login that comes, which another wrote into a column": (
        "id,name,username,discord\n1,Ada King,aking,\n2,Bo Chen,bchen,\n3,Eve Doe,edoe,bchen",
        f"HW_bchen{BLACKBOARD}",
        {"2": f"HW_bchen{BLACKBOARD}"},
    ),
    "a login that another wrote into a column that all filled in": (
        "id,name,username,discord\n1,Ada King,aking,a1\n2,Bo Chen,bchen,b2\n3,Eve Doe,edoe,bchen",
        f"HW_bchen{BLACKBOARD} HW_aking{BLACKBOARD}",
        {"1": f"HW_aking{BLACKBOARD}", "2": f"HW_bchen{BLACKBOARD}"},
    ),
    "a nickname that is another's name on Moodle": (
        "id,jméno,příjmení,přezdívka\n1,Robert,Chen,\n2,Eve,Doe,Bo Chen\n3,Ada,King,\n4,Cy,Cruz,",
        f"{MOODLE('Bo+Chen', 1)} {MOODLE('Ada+King', 2)}",
        {"3": MOODLE("Ada King", 2)},
    ),
    "the name on a platform of one student alone": (
        "id,name,username,blackboard\n1,Ada King,aking,\n2,Bo Chen,bchen,\n3,Eve Doe,edoe,zed9",
        " ".join(f"HW_{user}{BLACKBOARD}" for user in ("aking", "bchen", "zed9")),
        {n: f"HW_{u}{BLACKBOARD}" for n, u in {"1": "aking", "2": "bchen", "3": "zed9"}.items()},
    ),
    "a column that students fill in, and a class's zip": (
        "id,jméno,příjmení,discord\n1,Ada,King,\n2,Bo,Li,\n3,Eve,Doe,submissions",
        f"submissions.zip:{MOODLE('Ada+King', 1)} submissions.zip:{MOODLE('Bo+Li', 2)}",
        {"1": MOODLE("Ada King", 1), "2": MOODLE("Bo Li", 2)},
    ),
    "a cell with a whole class's logins": (
        "id,name,username,discord\n1,A,aking,\n2,B,bli,\n3,E,edoe,aking@q.c bli@q.c a_king",
        f"HW_aking{BLACKBOARD} HW_bli{BLACKBOARD}",
        {"1": f"HW_aking{BLACKBOARD}", "2": f"HW_bli{BLACKBOARD}"},
    ),
    "a login with a line in it that another wrote": (
        "id,name,username,discord\n1,A,ada_king,\n2,B,bli,\n3,E,edoe,ada_king",
        f"HW_1_ada_king{BLACKBOARD} HW_1_bli{BLACKBOARD}",
        {"1": f"HW_1_ada_king{BLACKBOARD}", "2": f"HW_1_bli{BLACKBOARD}"},
    ),
    "a file's name that another wrote": (
        "id,name,discord\njunok,Jun Ok,\n1001,Ada King,\n3,Eve Doe,junok-ps-small",
        "junok-ps-small.ipynb",
        {"junok": "junok-ps-small.ipynb"},
    ),
    "an id and a name and a word, which others wrote": (
        "id,name,username,discord\n1001,Ada King,aking,\n1002,Bo Li,bli,1001_ada_king_final\n"
        "1003,Cy Xu,cxu,bli_v2",
        "1001_Ada_King_final.ipynb bli_v2.ipynb s1003_final.ipynb",
        {"1001": "1001_Ada_King_final.ipynb", "1002": "bli_v2.ipynb"},
    ),
    "columns about somebody else": (
        "id,Who are you?,Who do you work with?,buddy username,teammate email\n"
        "1,Ada King,Bo Li,bli,bo@x.edu\n2,Bo Li,Ada King,1,ada@x.edu",
        f"{MOODLE('Ada+King', 1)} {MOODLE('Bo+Li', 2)} HW_bli{BLACKBOARD} bo@x.edu.ipynb",
        {},
    ),
    "folders in a student's folder that are called as others wrote": (
        "id,username,discord,canvas\n1,aking,,\n2,bli,week1,week1\n3,cxu,week2,week2",
        "aking/week1/h.ipynb aking/week2/h.ipynb",
        {"1": "aking/week2/h.ipynb"},
    ),
    "users of whom some are in another column": (
        "id,name,login,email\n1,A,aking,a.k@x.edu\n2,B,bli,b.l@x.edu\n3,C,cxu,c@x\n4,D,,ddow@x.edu",
        " ".join(f"HW_{user}{BLACKBOARD}" for user in ("aking", "bli", "ddow")),
        {n: f"HW_{u}{BLACKBOARD}" for n, u in {"1": "aking", "2": "bli", "4": "ddow"}.items()},
    ),
    "a number whose zeros a spreadsheet took away": (
        "id,name,student number\nada,A,123456\nbo,B,223456\ncy,C,7",
        f"HW_0123456{BLACKBOARD} 0223456/h.ipynb {SET}-07.ipynb",
        {"ada": f"HW_0123456{BLACKBOARD}", "bo": "0223456/h.ipynb"},
    ),
    "names in four columns, and a middle name": (
        "id,First name,Middle name,Last name,Segundo apellido\n1,Ada,María,King,Cruz\n2,Bo,,Li,",
        f"{MOODLE('Ada+María+King+Cruz', 1)} {MOODLE('Bo+Li', 2)}",
        {"1": MOODLE("Ada María King Cruz", 1), "2": MOODLE("Bo Li", 2)},
    ),
    "what stands in brackets beside a name": (
        'id,name\n1,"King, Ada (she/her)"\n2,Bo Li (bli)',
        f"{MOODLE('Ada+King', 1)} {MOODLE('Bo+Li', 2)}",
        {"1": MOODLE("Ada King", 1), "2": MOODLE("Bo Li", 2)},
    ),
    "a name before a word, which is another's address or login": (
        "id,name,email,username\n1,Ada King,a7@x.edu,\n2,Ada Marie King,ada.king@x.edu,\n"
        "3,Max Li,,m_li\n4,M Li,,",
        "Ada+King+final.ipynb M+Li+v2/h.ipynb",
        {"1": "Ada King final.ipynb", "4": "M Li v2/h.ipynb"},
    ),
    "user names that are the first halves of others' addresses": (
        "id,name,username,email\n1,Kim Lee,klee,klee1@x.edu\n2,Kate Lee,klee1,klee@x.edu\n"
        "3,Eve Doe,,aking@q.com wangli@q.com\n4,Ada King,aking,\n5,Wang Li,,\n"
        "6,Wang Liming,wangli,",
        " ".join(f"HW_{user}{BLACKBOARD}" for user in ("klee", "klee1", "aking", "wangli")),
        {"1": f"HW_klee{BLACKBOARD}", "2": f"HW_klee1{BLACKBOARD}", "4": f"HW_aking{BLACKBOARD}"}
        | {"6": f"HW_wangli{BLACKBOARD}"},
    ),
    "the same in the names of files": (
        "id,name,username,email\n1,Kim Lee,klee,klee1@x.edu\n2,Kate Lee,klee1,klee@x.edu\n"
        "3,Eve Doe,,aking@q.com\n4,Ada King,aking,",
        "klee/h.ipynb klee1.ipynb aking.ipynb",
        {"1": "klee/h.ipynb", "2": "klee1.ipynb", "4": "aking.ipynb"},
    ),
    "a user name that reads like another's name": (
        "id,name,username\n1,Ada King,ak2\n2,Ada Marie King,ada.king\n3,Ann,li.na\n4,Na Li,nl",
        f"HW_1_ada.king{BLACKBOARD} HW_1_ak2{BLACKBOARD} HW_1_li.na{BLACKBOARD}",
        {
            n: f"HW_1_{u}{BLACKBOARD}"
            for n, u in {"1": "ak2", "2": "ada.king", "3": "li.na"}.items()
        },
    ),
    "two columns of one name": (
        "id,Name,Email,Name,Email,ID\n1,Ada King,a@x,Bo Li,b@x,2\n2,Bo Li,b@x,Ada King,a@x,1",
        f"{MOODLE('Ada+King', 71)} b@x.ipynb",
        {"1": MOODLE("Ada King", 71), "2": "b@x.ipynb"},
    ),
    "what stands in brackets in a heading": (
        "id,name,username,Username (Discord),ID (Discord),Email (personal),Name (partner)\n"
        "1,Ada King,aking,,,,Eve Doe\n2,Eve Doe,edoe,aking,aking,bo@x.edu,Bo Li\n"
        "3,Bo Li,bli,,,,Ada King",
        f"HW_aking{BLACKBOARD} {MOODLE('Bo+Li', 71)} bo@x.edu/h.ipynb",
        {"1": f"HW_aking{BLACKBOARD}", "3": MOODLE("Bo Li", 71)},
    ),
    "an address that begins like an export": (
        "id,name,email,login\n1,Ada King,,ada_king\n2,Bo Li,,bo_li\n3,Eve,submissions@g.com,",
        f"submissions.zip:HW_ada_king{BLACKBOARD} submissions.zip:HW_bo_li{BLACKBOARD}",
        {"1": f"HW_ada_king{BLACKBOARD}", "2": f"HW_bo_li{BLACKBOARD}"},
    ),
    "addresses that begin like folders": (
        "id,username,email\n1,aking,\n2,bli,week1@g.com\n3,cxu,week2@g.com",
        "aking/week1/h.ipynb aking/week2/h.ipynb",
        {"1": "aking/week2/h.ipynb"},
    ),
    "an address that begins like an assignment": (
        "id,username,email\n1,aking,\n2,bli,small_aking@g.com",
        f"ps_small_aking{BLACKBOARD}",
        {"1": f"ps_small_aking{BLACKBOARD}"},
    ),
    "an account on GitHub, and a file that is clear": (
        "id,name,github\n1001,Ada King,\n3,Eve Doe,1001_ps-small",
        "1001_ps-small.ipynb",
        {"1001": "1001_ps-small.ipynb"},
    ),
    "a preferred name that makes another's name without the middle one": (
        "id,name,preferred name\n1,Ada Marie King,\n2,Eve King,Ada\n3,Robert Roy,Bob",
        f"{MOODLE('Ada+King', 71)} kingada_71_72_h.ipynb Ada+King.ipynb {MOODLE('Bob+Roy', 72)}",
        {"3": MOODLE("Bob Roy", 72)},
    ),
    "others' names in a zip that is called by a user name": (
        "id,name,username,github\n1,Ada King,aking,\n2,Bo Li,bli,\n3,Eve Doe,edoe,ed99",
        f"edoe.zip:{MOODLE('Ada+King', 9)} edoe.zip:{MOODLE('Bo+Li', 8)}",
        {"3": MOODLE("Ada King", 9)},
    ),
    "others' names in a clone, which is asked about": (
        "id,name,github\n1,Ada King,\n2,Bo Li,\n3,Eve Doe,ed99",
        f"{SET}-ed99/{MOODLE('Ada+King', 9)} {SET}-ed99/{MOODLE('Bo+Li', 8)}",
        {},
    ),
    "a word for a version within a name": (
        "id,name\n1,Ada King\n2,Bo Li",
        "Ada+final+King.ipynb rev2+Bo+Li.ipynb Bo+v2+Li.ipynb hw+2+Bo+Li+final+v2.ipynb",
        {"2": "hw 2 Bo Li final v2.ipynb"},
    ),
    "a user name that is another's name on another platform": (
        "id,name,username,gradescope,canvas\n1,Ada King,aking,,\n2,Bo Li,bli,,\n"
        "3,Eve Doe,edoe,aking,aking\n4,Cy Xu,20345,,\n5,Di Fox,dfox,,20345",
        f"HW_aking{BLACKBOARD} HW_20345{BLACKBOARD} aking.ipynb 20345/h.ipynb",
        {"1": f"HW_aking{BLACKBOARD}", "4": f"HW_20345{BLACKBOARD}"},
    ),
    "a name on a platform that is an export's": (
        "id,name,gradescope\n1,Ada King,\n2,Bo Li,\n3,Eve Doe,CS101-HW-123",
        f"CS101-HW-123.zip:{MOODLE('Ada+King', 1)} CS101-HW-123.zip:{MOODLE('Bo+Li', 2)}",
        {"1": MOODLE("Ada King", 1), "2": MOODLE("Bo Li", 2)},
    ),
    "a user name that is an id without its signs": (
        "id,name,username\nan-lee,An Lee,\n2,Anne Lee,anlee",
        f"HW_1_anlee{BLACKBOARD} an-lee/h.ipynb",
        {"2": f"HW_1_anlee{BLACKBOARD}", "an-lee": "an-lee/h.ipynb"},
    ),
    "a student of one name, and what she is called": (
        "id,name,preferred name\n1,Kumar,Ravi\n2,Ada King,",
        f"{MOODLE('Kumar', 71)} {MOODLE('Ada+King', 72)}",
        {"1": MOODLE("Kumar", 71), "2": MOODLE("Ada King", 72)},
    ),
    "the gradebook of Canvas": (
        "Student,ID,SIS User ID,SIS Login ID,Section,HW\n,,,,,Manual Posting\n"
        "    Points Possible,,,,,10\n"
        '"King, Ada",71,1001,aking,A,\n"Li, Bo",72,1002,bli,A,',
        f"kingada_71_90_h.ipynb libo_72_91_h.ipynb {MOODLE('Points+Possible', 5)}",
        {"71": "kingada_71_90_h.ipynb", "72": "libo_72_91_h.ipynb"},
    ),
    "two user names that differ by a sign": (
        "id,username\n1,a.king\n2,aking\n3,b.li",
        "aking.ipynb a.king/h.ipynb bli.ipynb",
        {"1": "a.king/h.ipynb", "2": "aking.ipynb", "3": "bli.ipynb"},
    ),
    "a name of one word that is another's user name, which is asked about": (
        "id,name,username,email\n1,Kumar,k1,\n2,Ada King,kumar,\n3,Bo Li,b1,ravi@x\n4,Ravi,r1,",
        "Kumar.ipynb ravi/h.ipynb k1/h.ipynb",
        {"1": "k1/h.ipynb"},
    ),
    "a student of one name who is called as another": (
        "id,name,preferred name\n1,Kumar,Ravi\n2,Ravi Kumar,",
        f"{MOODLE('Kumar', 71)} {MOODLE('Ravi+Kumar', 72)}",
        {"1": MOODLE("Kumar", 71), "2": MOODLE("Ravi Kumar", 72)},
    ),
}


def come_in(inbox, files):
    """Files, each with its path as its text and a minute after the one before; + is a space."""
    archives = {}
    for minute, file in enumerate(one.replace("+", " ") for one in files.split()):
        archive, _, path = file.rpartition(":")
        work = answer(path)
        if archive:
            archives.setdefault(archive, []).append((path, work))
            work = packed(*archives[archive])
        hand_in(inbox, archive or path, work, time=10**9 + 60 * minute)


def graded(inbox, release, set_name=SET, roster=None):
    """Whose files are graded, by their texts, and the lines of the list."""
    found = intake.gather(inbox, set_name, roster=roster)
    taken, entries = intake.take_in(found, release, roster=roster, set_name=set_name)
    return {one.student: one.notebook.cells[0].source for one in taken}, entries


def test_words_for_versions_are_looked_for_in_linear_time(tmp_path):
    (tmp_path / "roster.csv").write_text("id,name\n1001,Ada King\n")
    roster = intake.read_roster(tmp_path)
    asked = []
    roster._with_name = lambda name: asked.append(name) or set()
    for place in range(10):
        words = ["final"] * 10
        words[place] = "v1"
        assert roster.find(intake.HandedIn("", "_".join(words), "", intake.EPOCH)) == set()
    assert len(asked) < 10 * 200


HEADINGS = {  # of a list of students, by what is read of them
    "login": "Username;user_id;SIS Login ID;SIS User ID;sis_id;Login;EID;NetID;Student ID;usuario;"
    "Student number;StudentNumber;Matrikelnummer;Matr.-Nr.;Benutzername;Kürzel;account;zID;SID;"
    "OrgDefinedId;ID number;Student #;ID #;Reg. no.;"
    "Registration number;Roll no;学号;identifiant;university username",
    "platform": "moodle;Moodle ID;canvas_user_id;Canvas user;blackboard;LMS id;Gradescope SID",
    "email": "Email;E-Mail;Email address;E-Mail-Adresse;Student Email;Courriel;gradescope email",
    "github": "GitHub;github_username;GitHub ID;gitlab;"
    "What's your GitHub username?;Your GitHub account",
    "whole": "Name;Full name;Student;Student's name;Nombre completo;姓名;Last, First;sortable_name;"
    "jméno a příjmení;What is your name?;Nachname, Vorname;First and last name",
    "first": "First name;Given name(s);Vorname;Prénom;Nombre;Nombre/s;jméno;Ad;名",
    "last": "Last name;Surname;Nachname;Nom;Apellido(s);Apellido paterno;příjmení;Soyad;姓",
    "nick": "Preferred name;preferred/first name;Nickname (optional);Rufname",
    "middle": "Middle name;Tussenvoegsel;MI",
    "": "discord;ID (Discord);Username (Discord);Name (partner);Email (personal);discord name;"
    "telegram username;buddy username;partner github;personal email;seat;"
    "tutor email;guardian name;canvas group;favourite films;no;number;code;section;hobby;excused;"
    "Who do you work with?;What is your buddy's name?;emergency contact;Name / Group;lab email;",
}


@pytest.mark.parametrize(("kind", "headings"), HEADINGS.items())
def test_only_columns_with_a_known_heading_are_read(kind, headings):
    found = {one: intake.columns.kind_of_column(one.lower()) for one in headings.split(";")}
    assert found == dict.fromkeys(found, kind)


@pytest.mark.parametrize(
    ("table", "name", "said"),
    [
        (
            "id,name,Kürzel 2\n1,Ada,aking",
            "aking",
            "if the school filled in its column kürzel 2",
        ),
        (
            "id,Who are you?,x\n1,Ada King,",
            "Bo Li",
            "or call its columns with names name, or",
        ),
        ("id,name,github\n1,Ada,ak99", "ak99", "if it is an account on GitHub, put the set's name"),
        ("id,name,seat\n1,Ada,4", "Bo", "rename the folder or the file, or, if the folder"),
    ],
)
def test_a_name_that_is_not_found_is_said_with_what_may_help(tmp_path, release, table, name, said):
    (tmp_path / "roster.csv").write_text(table)
    hand_in(tmp_path / "in", f"{name}/h.ipynb")
    _, (entry,) = graded(tmp_path / "in", release, roster=intake.read_roster(tmp_path))
    assert f"{name} is not in roster.csv: add it there, or rename" in entry.reason
    assert said in entry.reason


@pytest.mark.parametrize("case", WHOSE)
def test_whose_a_file_is_by_the_list(tmp_path, release, case):
    table, files, right = WHOSE[case]
    (tmp_path / "roster.csv").write_text(table)
    come_in(tmp_path / "in", files)
    found, entries = graded(tmp_path / "in", release, roster=intake.read_roster(tmp_path))
    assert found == right
    assert all(entry.status == "graded" or entry.reason for entry in entries)


CALLED = {  # the columns of a list, a line, and what the student may be called on Moodle
    "name,first name,last name": ("张三,San,Zhang", ["张三", "San Zhang"]),
    "name,first name, last name": ("Bob Chen,Robert,Chen", ["Bob Chen", "Robert Chen"]),
    "name,preferred name": ("Robert Chen,Bob", ["Robert Chen", "Bob Chen"]),
    "first name,preferred name,last name": ("Robert,Bob,Chen", ["Robert Chen", "Bob Chen"]),
    "Vorname,Rufname,Nachname": ("Bo,Bo,Chen", ["Bo Chen"]),
    "name,preferred first name": ("Robert Quincy Chen,Bob", ["Bob Chen"]),
    "name,nickname": ('"Chen, Robert",Bob Chen', ["Robert Chen", "Bob Chen"]),
    "Nombre completo": ("Ana Ruiz", ["Ana Ruiz"]),
    '"Nachname, Vorname"': ('"Müller, Anna"', ["Anna Müller"]),
    "姓名": ("李 雷", ["李 雷"]),
    "name,English name": ("陈大卫,David Chen", ["陈大卫", "David Chen"]),
    "Name,Vorname": ("Müller,Anna", ["Anna Müller", "Müller, Anna"]),
    "Nom,Prenom": ("Durand,Zoé", ["Zoé Durand"]),
    "Primer apellido,Segundo apellido,Nombre": ("Ruiz,Gil,Ana", ["Ana Ruiz Gil"]),
    "Soyad,Ad": ("Kılıç,Ayşe", ["Ayşe Kılıç"]),
    "姓,名": ("张,三", ["三 张"]),
}


@pytest.mark.parametrize(("columns", "name"), [(c, n) for c, (_, of) in CALLED.items() for n in of])
def test_a_student_is_found_by_each_whole_name_of_the_list(tmp_path, release, columns, name):
    table = f"id,{columns}\n1,{CALLED[columns][0]}\n"
    assert taken_by(tmp_path, release, table, f"{name}_5") == ({"1": "5"}, [])


@pytest.mark.parametrize(
    "name",
    [
        *("Ada Newton.ipynb", "Ada_Newton.ipynb", "ada.newton.ipynb", "Ada Newton (1).ipynb"),
        *("Copy of Ada Newton.ipynb", "Ada Newton final.ipynb", "Ada_Newton.zip"),
        unicodedata.normalize("NFD", "Zoë Newton.ipynb"),
    ],
)
@pytest.mark.parametrize("listed", [True, False])
def test_a_last_name_may_be_the_sets_however_it_is_written(tmp_path, release, name, listed):
    table = "id,name\nada,Ada King\nanewton,Ada Newton\nzking,Zoë King\nznewton,Zoë Newton\n"
    (tmp_path / "roster.csv").write_text(table)
    for minute, one in enumerate((name, "Ada King.ipynb", "Ada.ipynb", "Zoë.ipynb")):
        work = answer(one)
        data = packed(("h.ipynb", work)) if one.endswith(".zip") else work
        hand_in(tmp_path / "in", one, data, time=10**9 + 60 * minute)
    roster = intake.read_roster(tmp_path) if listed else None
    found, _ = graded(tmp_path / "in", release, "ps-newton", roster)
    if listed:
        assert found == {"ada": "Ada.ipynb", "znewton" if "Zo" in name else "anewton": name}
    elif name != "ada.newton.ipynb":  # that may be Ada's work on this set
        assert {name, "Ada.ipynb"} <= {*found.values()}


def test_of_files_of_one_name_written_together_the_upper_one_counts(tmp_path, release):
    """Folders behind the set's letter are written later."""
    for number, name in enumerate((f"{SET.upper()}.ipynb", f"v1/{SET}.ipynb", "z.ipynb")):
        file = hand_in(tmp_path, f"ada/{name}", answer(name))
        os.utime(file, ns=(10**18 + number * 10**6,) * 2)
    assert graded(tmp_path, release)[0] == {"ada": f"{SET.upper()}.ipynb"}


@pytest.mark.parametrize("other", ["-old", " copy", " (1)", "_old"])
@pytest.mark.parametrize("apart", [8 * 10**6, 10**9])
@pytest.mark.parametrize("later", ["scan.pdf", "other.ipynb", "broken.zip", "ada.mp4"])
def test_of_files_written_together_the_sets_own_counts(tmp_path, release, other, apart, later):
    """As `git clone` and `cp -r` write them, in whatever order, whatever else comes later."""
    hand_in(tmp_path, f"ada/{later}", b"{}", time=2 * 10**9)
    for number, name in enumerate((f"{SET}.ipynb", f"{SET}{other}.ipynb", "Untitled.ipynb")):
        file = hand_in(tmp_path, f"ada/{name}", answer(name))
        os.utime(file, ns=(10**18 + number * apart // 2,) * 2)
    found, entries = graded(tmp_path, release)
    assert found["ada"].endswith(f"{SET}.ipynb")
    assert sum("of the same time" in entry.reason for entry in entries) == 2


@pytest.mark.parametrize("deleted", [True, False])
def test_a_text_in_a_copy_of_another_answers_cell_is_waited_for(deleted):
    given = sections()
    cells = json.loads(nbformat.writes(given))["cells"]
    a, b = (next(cell for cell in cells if cell["id"] == name) for name in "ab")
    a["source"] = "Of a."
    cells.insert(cells.index(b), a | {"id": "copy", "source": "Of b."})
    cells = [cell for cell in cells if not (deleted and cell is b)]
    restored, _ = intake.restore(intake.read_cells(json.dumps({"cells": cells}).encode()), given)
    texts = {cell.id: cell.source for cell in restored.cells}
    assert intake.LOOK in texts["b"]
    assert "Of b." in "".join(texts.values())


@pytest.mark.parametrize("column", ["seat", "id"])
def test_a_seat_is_no_number_of_a_platforms(tmp_path, release, column):
    """A stranger with the number would be that student, and all would be somebody else."""
    ids = {one: one for one in ("ada", "bob", "eve")}
    if column == "id":
        ids = dict(zip(ids, "123", strict=True))
    rows = [f"{ids[one]},{one.title()} X,{n}" for n, one in enumerate(ids, 1)]
    table = "\n".join(["id,name,seat", *rows])
    accounts = ["Ada X_2", "Bob X_3", "Eve X_1", "Tina Tutor_2", "Una_9"]
    taken, aside = taken_by(tmp_path, release, table, *accounts)
    assert taken == {ids["ada"]: "2", ids["bob"]: "3", ids["eve"]: "1"}
    assert sorted(reason.partition(":")[0] for reason in aside) == [
        "Tina Tutor is not in roster.csv",
        "Una is not in roster.csv",
    ]


@pytest.mark.parametrize(
    "table",
    [
        "id,name,moodle\nada,Ada X,11\nbob,Bob X,12\n",
        "id,name,Moodle_ID (number)\nada,Ada X,11\nbob,Bob X,12\neve,Eve X,13\nmal,Mal X,14\n",
    ],
)
def test_a_platforms_number_counts_in_a_column_named_after_one(tmp_path, release, table):
    accounts = ["Ada X_11", "Bobby_12", "Eve X_13", "Mal X_14"]
    taken, aside = taken_by(tmp_path, release, table, *accounts)
    assert (taken["ada"], taken["bob"]) == ("11", "12")
    hand_in(tmp_path / "in", "Bob X_15_assignsubmission_file_/hw.ipynb", answer("15"))
    taken, aside = taken_by(tmp_path, release, table)
    assert taken["bob"] == "12"
    assert any("Bob X (15)" in reason for reason in aside)


def test_a_list_under_another_name_is_not_passed_over(tmp_path):
    (tmp_path / "roster-2025.csv").write_text("id\nada\n")
    assert intake.read_roster(tmp_path) is None
    for name in ("Roster.csv", "roster.csv.csv", "roster.xlsx"):
        file = tmp_path / name
        file.write_text("id\nada\n")
        with pytest.raises(ValueError, match=f"{re.escape(name)} is not read: save your list as"):
            intake.read_roster(tmp_path)
        file.unlink()


def test_first_and_last_names_in_two_columns_are_one_name(tmp_path, release):
    table = "id,Last name,First name\na1,Lovelace,Ada\n"
    taken, _ = taken_by(tmp_path, release, table, "Ada Lovelace_4")
    assert taken == {"a1": "4"}
    assert intake.Roster(tmp_path / "roster.csv").names == {"a1": "Ada Lovelace"}
    hand_in(tmp_path / "in", "Submitted files/Ada Lovelace/hw.ipynb")
    _, (said,) = taken_by(tmp_path, release, table)
    assert said.endswith("or, if the folder is the class's, name it all")


def test_one_students_folders_leave_room_for_the_class(tmp_path, release, monkeypatch):
    monkeypatch.setattr(intake.inbox, "MEMBERS", 5)
    monkeypatch.setattr(intake.inbox, "CLASS_MEMBERS", 20)
    for number in range(30):
        hand_in(tmp_path, f"all/mallory/{number}/a.txt")
    for name in ("ada", "zoe"):
        hand_in(tmp_path, f"all/{name}/hw.ipynb")
    taken, entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert [one.student for one in taken] == ["ada", "zoe"]
    (said,) = (entry for entry in entries if "not all of this folder" in entry.reason)
    assert said.student == "mallory"
    assert "5 files in all/mallory are taken at most" in said.reason


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("image/jpg", "QUJD"),
        ("image/png", "QUJD\nQUJD\n"),
        ("image/png", ["QUJD\n", "QUJD"]),
        ("image/webp", "QUJD"),
        ("image/gif", "QUJD"),
    ],
)
def test_an_attached_picture_is_shown_however_it_is_written(release, kind, data):
    (cell,) = intake.read_cells(answer("![](attachment:a.x)", {"a.x": {kind: data}}))
    ((as_kind, letters),) = cell.attachments["a.x"].items()
    assert as_kind == kind.replace("jpg", "jpeg")
    assert letters == "".join("".join(data).split())
    notebook, _ = intake.restore([cell], release)
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(notebook)
    assert f'src="data:{kind.replace("jpg", "jpeg")};base64,QUJD' in page


def test_a_picture_of_another_kind_is_named(release):
    pictures = {"a.svg": {"image/svg+xml": "QUJD"}}
    notebook, _ = intake.restore(
        intake.read_cells(answer("![](attachment:a.svg)", pictures)), release
    )
    assert "picture not taken, only PNG, JPEG, GIF or WebP" in notebook.cells[0].source


def test_line_ends_of_windows_change_nothing(release):
    data = answer("One line,\r\nanother,\rand a third.")
    (cell,) = intake.read_cells(data)
    assert cell.source == "One line,\nanother,\nand a third."


@pytest.mark.parametrize("place", ["ada/hw.zip", "ps-small_ada.zip", "all.zip"])
def test_an_archive_without_a_file_has_a_line(tmp_path, release, place):
    junk = packed(("__MACOSX/hw.ipynb", b""), ("folder/", b""))
    nested = packed(("ada/x.zip", junk), ("ada/hw.ipynb", answer()))
    hand_in(tmp_path, place, nested if place == "all.zip" else junk)
    _, entries = intake.take_in(intake.gather(tmp_path, SET), release)
    (entry,) = (entry for entry in entries if entry.status == "set aside")
    assert (entry.student, entry.reason.partition(" (")[0]) == ("ada", "there is no file in it")


def test_a_newer_archive_counts_beside_one_with_too_many_files(tmp_path, release, monkeypatch):
    monkeypatch.setattr(intake.archives, "MEMBERS", 50)
    beside = [(f"data/{n}.csv", b"") for n in range(60)]
    for number in (1, 2):
        work = ("hw.ipynb", answer(f"Of {number}."))
        hand_in(tmp_path, f"ada/{number}.zip", packed(work, *beside), time=number * 5 * 10**8)
    (one,), entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert one.notebook.cells[0].source.endswith("Of 2.")
    said = "50 files of a student are taken at most (another file of this student is graded)"
    dropped = [entry.file for entry in entries if entry.reason == said]
    assert sorted(file.partition(":")[0] for file in dropped) == ["ada/1.zip", "ada/2.zip"]


@pytest.mark.parametrize("folder", ["{}", "{}_7_assignsubmission_file_"])
def test_ids_that_differ_in_case_only_do_not_share_a_folder(tmp_path, release, folder):
    """On the disks of macOS and Windows it would be one, with the points of one of them."""
    for name in ("Ada", "ada"):
        hand_in(tmp_path, f"{folder.format(name)}/hw.ipynb")
    submissions, entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert not submissions
    said = "Ada and ada would both be Ada", "ada and Ada would both be ada"
    assert all(entry.reason.startswith(said) for entry in entries)


def test_of_two_accounts_whose_names_differ_in_case_only_each_has_an_id(tmp_path, release):
    for name in ("Wei Zhang_1", "wei zhang_2", "Bo_3"):
        hand_in(tmp_path, f"{name}_assignsubmission_file_/hw.ipynb")
    assert students(tmp_path, release) == ["Bo", "Wei_Zhang_1", "wei_zhang_2"]
    first = {"wei_zhang": "2"}
    found = intake.gather(tmp_path, SET, first=first)
    taken, _ = intake.take_in(found, release)
    assert [one.student for one in taken] == ["Bo", "Wei_Zhang_1", "wei_zhang"]


def test_a_roster_says_who_it_is_however_a_name_is_written(tmp_path, release):
    roster = tmp_path / "roster.csv"
    roster.write_text("id,name\nada,Ada Lovelace\n")
    hand_in(tmp_path / "in", "ada.ipynb", time=10**9)
    hand_in(tmp_path / "in", "Ada.ipynb", time=15 * 10**8)
    hand_in(tmp_path / "in", "Ada Lovelace/hw.ipynb", answer("Newest."))
    known = intake.Roster(roster)
    found = intake.gather(tmp_path / "in", SET, roster=known)
    (one,), _ = intake.take_in(found, release, roster=known)
    assert (one.student, one.notebook.cells[0].source) == ("ada", "Newest.")
    roster.write_text("id,name\nada,Ada Lovelace\nADA,Ada Byron\n")
    with pytest.raises(ValueError, match=r"line 3: its id (ada|ADA) is that of another line"):
        intake.Roster(roster)


def test_folders_without_end_stop_nothing(tmp_path, release):
    """An archive of 35 KB unpacks to them, and Python 3.11 calls itself for each."""
    hand_in(tmp_path, "ada/hw.ipynb")
    folder = f"{tmp_path}/bob"
    for _ in range(1200):
        os.mkdir(folder)
        folder += "/a"
    submissions, entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert [one.student for one in submissions] == ["ada"]
    assert [e.reason for e in entries if e.student == "bob"] == [
        "not all of this folder is read: it lies too deep"
    ]
    subprocess.run(["rm", "-r", tmp_path / "bob"], check=True)  # Python could not, either


def test_a_file_that_nothing_tells_from_another_is_set_aside(tmp_path, release):
    """A mark would stay for whatever comes in its place."""
    data = bytearray(packed(("hw.ipynb", answer()), ("scan.pdf", b"right")))
    place = data.rindex(b"PK\1\2") + 42  # where the list says that the last member begins
    data[place : place + 4] = (len(data) - 2).to_bytes(4, "little")
    hand_in(tmp_path, "ada/hw.zip", bytes(data))
    (one,), entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert "scan.pdf" not in one.notebook.cells[0].source
    (aside,) = [entry for entry in entries if entry.status == "set aside"]
    assert aside.reason.startswith("it cannot be read")


def test_a_huge_file_beside_a_notebook_is_not_read(tmp_path, release):
    """One with a hole takes no space on the disk, and minutes of each run."""
    hand_in(tmp_path, "ada/hw.ipynb")
    os.truncate(hand_in(tmp_path, "ada/scan.pdf", b""), 2**41)
    (one,), entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert "scan.pdf" not in one.notebook.cells[0].source
    reasons = [entry.reason for entry in entries if entry.status == "set aside"]
    assert len(reasons) == 1
    assert "2097152 MB; 200 MB are taken at most beside a notebook" in reasons[0]


def test_names_that_are_no_text_stop_nothing(tmp_path, release):
    inbox = tmp_path / "inbox"
    for name in (b"L\xf6sung", b"L\xe4sung", b"a\x1b[2Jb"):
        folder = os.path.join(os.fsencode(inbox), name)
        try:
            os.makedirs(folder)
        except OSError:
            pytest.skip("this file system takes no such names")
        for end in (b".ipynb", b".py"):
            with open(os.path.join(folder, name + end), "wb") as file:
                file.write(answer())
    submissions, entries = intake.take_in(intake.gather(inbox, SET), release)
    assert len(submissions) == 3
    intake.write(submissions, tmp_path, SET)
    intake.report(entries, tmp_path / "list.csv")
    said = (tmp_path / "list.csv").read_text(encoding="utf-8")
    assert "\x1b" not in said
    assert "sung.py,set aside" in said


def test_a_long_name_in_an_archive_leaves_a_list_that_can_be_read(tmp_path, release):
    """The module csv refuses a field of more than 131,072 characters."""
    members = packed(
        ("hw.ipynb", answer()), ("\x01" * 65_000, b""), ("\x02" * 65_000 + ".zip", b"")
    )
    hand_in(tmp_path / "inbox", "eve/hw.zip", members)
    _, entries = intake.take_in(intake.gather(tmp_path / "inbox", SET), release)
    entries.append(intake.Entry("ada", "ada/hw.ipynb", "set aside", "x" * 200_000))
    intake.report(entries, tmp_path / "list.csv")
    with (tmp_path / "list.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["status"] for row in rows) == ["graded"] + 3 * ["set aside"]


@pytest.mark.parametrize("letter", "_sµ")
def test_no_pattern_is_made_of_a_files_name(tmp_path, release, letter, monkeypatch):
    """Patterns of long names take seconds each, and Python keeps hundreds of them."""
    made = []
    escape = re.escape
    monkeypatch.setattr(intake.owners.re, "escape", lambda text: made.append(text) or escape(text))
    names = [letter * 30_000 + f"{number}.ipynb" for number in range(3)]
    members = packed(("hw.ipynb", answer()), *((name, b"") for name in names))
    for name in ("ada.zip", "homework.zip"):
        hand_in(tmp_path, name, members)
    intake.take_in(intake.gather(tmp_path, SET), release)
    assert max(map(len, made)) < 100


def test_a_zip_that_nothing_can_make_the_classs_is_not_read(tmp_path, release, monkeypatch):
    """Beside other work no content says that homework.zip is an export; its list took 1.2 GB."""
    monkeypatch.setattr(intake.archives, "_opened", None)
    hand_in(tmp_path, "homework.zip", packed(("ada_1_2_hw.ipynb", answer())))
    hand_in(tmp_path, "bob.ipynb", answer())
    _, entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert {e.file: e.reason for e in entries}["homework.zip"].startswith("nothing says whose")


@pytest.mark.parametrize("whole", [False, True], ids=["unpacked", "packed"])
@pytest.mark.parametrize("many", ["files", "archives", "bytes"])
def test_a_namesakes_account_has_room_of_its_own(tmp_path, release, whole, many, monkeypatch):
    """Else somebody who takes a name uses up what its owner may hand in."""
    monkeypatch.setattr(intake.archives, "MEMBERS", 4)
    monkeypatch.setattr(intake.archives, "ARCHIVES", 2)
    monkeypatch.setattr(intake.archives, "UNPACKED", 100_000)
    name = "Ada_{}_assignsubmission_file_/{}"
    most = {
        "files": [("work.zip", packed(*((f"{n}.ipynb", b"{}") for n in range(5))))],
        "archives": [(f"{n}.zip", packed(("hw.ipynb", b"{}"))) for n in range(3)],
        "bytes": [("work.zip", packed(("hw.ipynb", b"0" * 200_000)))],
    }[many]
    files = [(name.format(1, file), data) for file, data in most]
    files.append((name.format(2, "hw.zip"), packed(("hw.ipynb", answer("print(2)")))))
    if whole:
        hand_in(tmp_path, "all.zip", packed(*files))
    for file, data in () if whole else files:
        hand_in(tmp_path, file, data)
    _, entries = intake.take_in(intake.gather(tmp_path, SET), release)
    graded = [entry for entry in entries if entry.status == "graded"]
    assert [entry.file.partition("_2_")[1] for entry in graded if "_2_" in entry.file] == ["_2_"]


def test_a_notebook_of_as_many_cells_as_are_taken_is_taken_in_again(release, monkeypatch):
    """What the set's own cells add to it is no reason to refuse it when nbgrader reads it."""
    monkeypatch.setattr(intake.cells, "CELLS", 3)
    monkeypatch.setattr(autograde, "release", lambda *_: release)
    code = [{"cell_type": "code", "source": f"x = {number}"} for number in range(3)]
    code[0]["id"] = "q1"
    release.cells.append(nbformat.from_dict({**release.cells[0], "id": "q2"}))
    release.cells[1].metadata = {"nbgrader": {"grade_id": "q2", "solution": True}}
    submitted, _ = intake.restore(intake.read_cells(json.dumps({"cells": code}).encode()), release)
    assert len(submitted.cells) > 3
    names = {"assignment": SET, "student": "many"}
    again, _ = autograde.Restore().preprocess(submitted, {"nbgrader": names})
    assert autograde.code(again) == autograde.code(submitted)
    with pytest.raises(intake.Unreadable, match="3 are taken at most"):
        intake.read_cells(json.dumps({"cells": [*code, code[1]]}).encode())


def test_a_notebook_of_as_many_lines_as_are_taken_is_taken_in_again(release, monkeypatch):
    monkeypatch.setattr(intake.cells, "LINES", 6)
    monkeypatch.setattr(autograde, "release", lambda *_: release)
    code = {"cell_type": "code", "source": "x = 1\n" * 5}
    data = json.loads(answer())
    data["cells"].append(code)
    submitted, _ = intake.restore(intake.read_cells(json.dumps(data).encode()), release)
    submitted.cells.append(nbformat.v4.new_code_cell("the set's own\n" * 3))
    names = {"assignment": SET, "student": "long"}
    autograde.Restore().preprocess(submitted, {"nbgrader": names})
    data["cells"].append(code)
    with pytest.raises(intake.Unreadable, match="more than 6 lines; 6 are read at most"):
        intake.read_cells(json.dumps(data).encode())


GIVEN = {"imports": "import this", "a": "check(1)", "b": "check(2)", "c": "check(2)"}


def test_a_notebook_of_texts_without_end_is_set_aside(monkeypatch):
    """Each character may take 70 bytes on its way into the gradebook."""
    assert intake.cells.TEXT <= 2_000_000
    monkeypatch.setattr(intake.cells, "TEXT", 100)
    cells = [
        {"cell_type": "markdown", "source": "a" * 40},
        {"cell_type": "code", "source": "1" * 99},
    ]
    assert len(intake.read_cells(json.dumps({"cells": cells[:1] * 2 + cells[1:]}).encode())) == 3
    with pytest.raises(intake.Unreadable, match="more than 100 characters of text; 100 are read"):
        intake.read_cells(json.dumps({"cells": cells * 3}).encode())


@pytest.mark.parametrize("here", range(6))
def test_what_was_pasted_over_another_cell_is_taken_in_again_as_it_is(release, here):
    """Else nbgrader would run it again, in the process that all wait for."""
    release.cells += [nbformat.v4.new_code_cell(text, id=n) for n, text in GIVEN.items()]
    release.cells.append(nbformat.v4.new_code_cell("...", id="d"))
    for cell in release.cells:
        cell.metadata = {"nbgrader": {"grade_id": cell.id, "solution": cell.id in ("q1", "d")}}
    release = nbformat.from_dict(release)
    whole = json.loads(nbformat.writes(release))["cells"]
    whole[0]["source"] = whole[5]["source"] = "mine(1)"
    for there in range(6):
        moved = whole[: here + 1] + whole[here:there] + whole[there + 1 :]  # down by one
        moved = [cell | {"id": of["id"]} for cell, of in zip(moved, whole, strict=False)]
        copied = [
            *whole[:here],
            whole[here] | {"source": whole[there]["source"]},
            *whole[here + 1 :],
        ]
        for cells in (moved, copied, [copied[here], *whole], [*whole, copied[here]]):
            read = intake.read_cells(json.dumps({"cells": cells}).encode())
            once, _ = intake.restore(read, release)
            again, _ = intake.restore(intake.read_cells(nbformat.writes(once).encode()), release)
            assert [(c.id, c.source) for c in again.cells] == [(c.id, c.source) for c in once.cells]
            assert [c.source for c in once.cells if c.id in ("b", "c")] == 2 * ["check(2)"]


# ---------------------------------------------------------------- time


def test_a_stamp_of_another_zone_is_read_as_utc():
    assert intake.stamped("2024-05-01T23:30:00-05:00") == datetime(2024, 5, 2, 4, 30, tzinfo=UTC)


@pytest.mark.parametrize("block", [1, 7, 40, 2**20])
def test_gradescopes_list_is_read_the_same_in_blocks_of_any_size(block, monkeypatch):
    monkeypatch.setattr(intake.platforms, "MIB", block)
    monkeypatch.setattr(intake.platforms, "LONGEST_METADATA", 10_000)
    monkeypatch.setattr(intake.platforms, "LONGEST_REASON", 50)
    long = "A" * 150
    text = listed(("Ada Lovelace", 1, "a@x"), (long, 2, "b@x"))
    text = text.replace(
        "  :created", "  :results:\n    :name: Eve\n    - " + "x" * 300 + "\n  :created"
    )
    found = intake.platforms.submitters_in(intake.platforms.outline(io.BytesIO(text.encode())))
    assert [one.name for one in found["submission_0"]] == ["Ada Lovelace"]
    assert [one.name[:50] for one in found["submission_1"]] == ["A" * 50]
    assert [one.time.day for of in found.values() for one in of] == [20, 21]
    with pytest.raises(intake.Unreadable, match="too long"):
        intake.platforms.outline(io.BytesIO(b"\n" * 10_001))


def test_gradescopes_list_is_not_read_however_deep(monkeypatch):
    """The parser of YAML takes minutes for a megabyte of brackets."""
    events = []
    parse = intake.platforms.yaml.parse
    spy = lambda *given, **named: (events.append(1) or event for event in parse(*given, **named))  # noqa: E731
    monkeypatch.setattr(intake.platforms.yaml, "parse", spy)
    for deep in ("[" * 5_000, "- " * 5_000, "{a: " * 5_000, "? " * 5_000):
        text = f"submission_1:\n  :submitters:\n  - {deep}\n"
        assert intake.platforms.submitters_in(text) == {}
    assert len(events) < 200
    text = listed(("Ada", 1, "a@x")) + " " * intake.platforms.LONGEST_PART
    assert intake.platforms.submitters_in(text) == {}


@pytest.mark.parametrize("whole", [False, True], ids=["unpacked", "packed"])
def test_what_a_student_printed_fills_gradescopes_list_and_nobody_loses_a_name(
    tmp_path, release, whole, monkeypatch
):
    monkeypatch.setattr(intake.platforms, "LONGEST_OUTLINE", 10_000)
    printed = "  :results:\n    :output: |\n" + "      :name: Eve\n" * 10_000
    printed += "  :history:\n  - :id: 3\n    :name: Eve\n    :created_at: x\n"
    listed = "".join(
        f"submission_{n}:\n{printed if n == 1 else ''}  :submitters:\n  - :name: {name}\n{printed}"
        for n, name in ((1, "Ada"), (2, "Bob"))
    )
    files = [(f"submission_{n}/hw.ipynb", answer()) for n in (1, 2)]
    files.append((intake.METADATA, listed.encode()))
    for name, data in files if not whole else ():
        hand_in(tmp_path, f"assignment_1_export/{name}", data)
    if whole:
        hand_in(tmp_path, "assignment_1_export.zip", packed(*files))
    assert students(tmp_path, release) == ["Ada", "Bob"]


def listed(*people):
    """Gradescope's list of people (name, number, address), one after another."""
    return "".join(
        f"submission_{n}:\n  :submitters:\n  - :name: {name}\n    :sid: {sid}\n    :email: {mail}\n"
        f"  :created_at: 2025-11-{20 + n} 12:00:00 Z\n"
        for n, (name, sid, mail) in enumerate(people)
    )


@pytest.mark.parametrize("called", ["Bob. Jones", "bob", "Jones Bob", "bob@x.edu"])
@pytest.mark.parametrize("columns", ["id,name,email", "id,name"])
def test_on_gradescope_an_address_says_who_somebody_is_and_no_name(
    tmp_path, release, called, columns
):
    """People may change what they are called."""
    rows = ["bob,Bob Jones,bob@x.edu", "eve,Eve Adams,eve@x.edu"]
    rows = [",".join(row.split(",")[: columns.count(",") + 1]) for row in rows]
    (tmp_path / "roster.csv").write_text("\n".join([columns, *rows, ""]))
    roster = intake.Roster(tmp_path / "roster.csv")
    people = listed(("Bob Jones", 1, "bob@x.edu"), (called, 2, "eve@x.edu"))
    files = [(f"submission_{n}/hw.ipynb", answer(who)) for n, who in enumerate(("bob", "eve"))]
    hand_in(tmp_path / "in", "submissions.zip", packed(*files, (intake.METADATA, people)))
    found = intake.gather(tmp_path / "in", SET, roster=roster)
    submissions, entries = intake.take_in(found, release, roster=roster)
    said = {s.student: s.notebook.cells[0].source for s in submissions}
    assert all(who == text for who, text in said.items())
    assert len(said) == 2 or "email" not in columns
    asked = [one for one in entries if re.search("different accounts|not in ros", one.reason)]
    assert len(asked) == 2 - len(said)


@pytest.mark.parametrize("known", [False, True], ids=["anybody", "roster"])
def test_a_long_name_on_gradescope_stays_one_name(tmp_path, release, known):
    """YAML goes on with it in further lines, which may look like those of the list."""
    lines = ["Mal", "- :name: Ada", ":email: ada@x", "- :name: Mal", ":submitters:"]
    called = " ".join(line.ljust(78, "\u00a0") for line in lines)
    people = [("Ada", "ada@x"), (called, "mal@x")]
    tree = {
        f"submission_{n}": {":submitters": [{":name": name, ":email": mail}]}
        for n, (name, mail) in enumerate(people)
    }
    written = yaml.dump(tree, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False)
    assert "\n      - :name: Ada" in written or "\n        - :name: Ada" in written
    files = [(f"submission_{n}/hw.ipynb", answer(str(n))) for n in (0, 1)]
    hand_in(tmp_path / "in", "submissions.zip", packed(*files, (intake.METADATA, written.encode())))
    (tmp_path / "roster.csv").write_text("id,email\ns1,ada@x\ns2,mal@x\n")
    roster = intake.Roster(tmp_path / "roster.csv") if known else None
    found = intake.gather(tmp_path / "in", SET, roster=roster)
    submissions, _ = intake.take_in(found, release, roster=roster)
    said = {s.student: s.notebook.cells[0].source for s in submissions}
    assert said.pop("s1" if known else "Ada") == "0"
    assert [*said.values()] == ["1"]


def test_an_address_that_only_looks_like_anothers_is_nobodys(tmp_path, release):
    (tmp_path / "roster.csv").write_text("id,email\ns1,ada@gmail.com\n")
    roster = intake.Roster(tmp_path / "roster.csv")
    people = listed(("Ada", 1, "Ada@gmail.com"), ("M Mole", 2, "adag@mail.com"))
    files = [(f"submission_{n}/hw.ipynb", answer(str(n))) for n in (0, 1)]
    hand_in(tmp_path / "in", "submissions.zip", packed(*files, (intake.METADATA, people)))
    found = intake.gather(tmp_path / "in", SET, roster=roster)
    (one,), entries = intake.take_in(found, release, roster=roster)
    assert (one.student, one.notebook.cells[0].source) == ("s1", "0")
    assert any("M Mole is not in roster.csv" in entry.reason for entry in entries)


def test_names_that_are_spelled_alike_are_told_apart_by_their_addresses(tmp_path, release):
    people = listed(("Zo\u00e9", 1, "zoe@x"), ("Zoe\u0301", 2, "eve@x"))
    files = [(f"submission_{n}/hw.ipynb", answer()) for n in (0, 1)]
    hand_in(tmp_path, "submissions.zip", packed(*files, (intake.METADATA, people)))
    assert students(tmp_path, release) == ["eve_x", "zoe_x"]


@pytest.mark.parametrize("inside", ["list", "folders", "platform", "notebooks"])
@pytest.mark.parametrize("known", [False, True], ids=["anybody", "roster"])
def test_nothing_in_the_only_folder_of_a_classs_archive_makes_a_student(
    tmp_path, release, inside, known
):
    """It may be a student's, as of one who came late."""
    files = {
        "list": ["submission_0/hw.ipynb"],
        "folders": ["bob/hw.ipynb", "x/hw.ipynb"],
        "platform": [
            "bob_5_assignsubmission_file_/hw.ipynb",
            "x_6_assignsubmission_file_/hw.ipynb",
        ],
        "notebooks": ["bob.ipynb", "x.ipynb", "y.ipynb"],
    }[inside]
    members = [(f"eve/{name}", answer("eve")) for name in files]
    members += [(f"eve/{intake.METADATA}", listed(("bob", 1, "bob@x")))] * (inside == "list")
    hand_in(tmp_path / "in", "all2.zip", packed(*members))
    hand_in(
        tmp_path / "in",
        "all.zip",
        packed(("bob/hw.ipynb", answer("bob")), ("cy/a.ipynb", answer("cy"))),
    )
    roster = None
    if known:
        (tmp_path / "roster.csv").write_text("id\nbob\ncy\neve\n")
        roster = intake.Roster(tmp_path / "roster.csv")
    found = intake.gather(tmp_path / "in", SET, roster=roster)
    submissions, entries = intake.take_in(found, release, roster=roster)
    said = {s.student: s.notebook.cells[0].source for s in submissions}
    assert said.pop("eve", "eve") == "eve"
    assert said == {"bob": "bob", "cy": "cy"}
    if not known and inside != "list":
        assert any("all of it lies in the folder eve" in entry.reason for entry in entries)


@pytest.mark.parametrize(
    "called", ["X_bob_attempt_2026-11-28-00-00-00", "eve - Nov 19, 2026 1000 AM"]
)
def test_a_name_on_brightspace_is_no_other_platforms_and_no_time(tmp_path, release, called):
    files = ["1-1 - bob - Nov 20, 2026 0900 AM - hw.ipynb"]
    files += [f"2-1 - {called} - Nov 29, 2026 1000 AM - hw.ipynb"]
    hand_in(tmp_path, "submissions.zip", packed(*[(name, answer()) for name in files]))
    submissions, entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert [s.student for s in submissions] == ["bob"]
    assert any("nothing says whose it is" in entry.reason for entry in entries)


def groups(tmp_path, files, count=1):
    """A packed export of Gradescope's, with these files of `count` groups of twenty, and Wei's."""
    members = [(f"submission_{n}/{name}", data) for n in range(count) for name, data in files]
    members.append((f"submission_{count}/hw.ipynb", answer()))
    people = "".join(
        f"submission_{n}:\n  :submitters:\n"
        + "".join(f"  - :name: g{n} m{one}\n    :email: {one}@{n}\n" for one in range(TOGETHER))
        for n in range(count)
    )
    people += f"submission_{count}:\n  :submitters:\n  - :name: Wei\n"
    hand_in(tmp_path, "assignment_1_export.zip", packed(*members, (intake.METADATA, people)))


def test_what_a_group_hands_in_is_read_once(tmp_path, release, monkeypatch):
    """Each of twenty members may have twenty files, and fifty beside them."""
    read, opened = [], []
    for module, name, calls in (
        (intake.students, "read_cells", read),
        (intake.archives, "_hash_of_member", opened),
    ):
        whole = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *of, whole=whole, calls=calls: calls.append(of) or whole(*of)
        )
    empty = json.dumps({"cells": [{"cell_type": "markdown", "id": "q1", "source": "Your answer."}]})
    files = [(f"{n}.ipynb", empty.encode()) for n in range(5)] + [("page.png", b"1")]
    groups(tmp_path, files)
    submissions, _ = intake.take_in(intake.gather(tmp_path, SET), release)
    assert len(submissions) == TOGETHER + 1
    assert len(read) == 6
    assert len(opened) == 1
    one, other = (s.notebook.cells[0] for s in submissions[:2])
    one.source += "!"
    assert other.source != one.source


def test_large_groups_do_not_close_the_classs_archive(tmp_path, release, monkeypatch):
    monkeypatch.setattr(intake.archives, "MEMBERS", 100)
    monkeypatch.setattr(intake.archives, "CLASS_MEMBERS", 300)
    groups(tmp_path, [("hw.ipynb", answer()), *((f"{n}.c", b"") for n in range(90))], count=3)
    found = intake.gather(tmp_path, SET)
    assert len(found) < 3 * 150
    assert "Wei" in [s.student for s in intake.take_in(found, release)[0]]


def test_long_paths_take_little_memory(tmp_path, release):
    """Their parts are many objects each; and the files of a deep folder have long paths."""
    deep = ["/".join(f"{n:03x}{part:03x}" for part in range(130)) for n in range(4000)]
    members = [(f"eve/{path}/hw.ipynb", b"") for path in deep]
    hand_in(tmp_path, "all.zip", packed(("ada/hw.ipynb", answer()), *members))
    folder = tmp_path / "mal"
    for _ in range(30):
        folder = folder / ("x" * 100)
    os.makedirs(folder)
    for n in range(50):
        (folder / f"{n}.ipynb").touch()
    tracemalloc.start()
    found = intake.gather(tmp_path, SET)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50 * 2**20  # 67 where all their parts are kept
    submissions, entries = intake.take_in(found, release)
    assert [s.student for s in submissions] == ["ada"]
    assert any("its path is too long" in entry.reason for entry in entries)


@pytest.mark.parametrize("name", ["mal (2.ipynb", "(.+.+)+~[" + "a" * 60 + "].ipynb", "mal[.ipynb"])
@pytest.mark.parametrize("place", ["all.zip", "mal.zip", "Homework-001.zip"])
def test_a_files_name_is_no_pattern(tmp_path, release, name, place):
    """It could keep the grader busy for years, or close the class's archive."""
    files = [(f"{who}_ps-small.ipynb", answer()) for who in ("ada", "bob")]
    start = time.process_time()
    hand_in(tmp_path, place, packed((f"hw/{name}", answer()), *[(f"hw/{n}", d) for n, d in files]))
    hand_in(tmp_path, "wei.ipynb")
    found = intake.gather(tmp_path, SET)
    intake.take_in(found, release, set_name=SET)
    assert time.process_time() - start < 5
    assert not any("subpattern" in item.known_fault for item in found)


def test_of_one_folder_only_so_many_files_are_read(tmp_path, release, monkeypatch):
    """Each takes memory; a student's folder may lie in the class's."""
    monkeypatch.setattr(intake.inbox, "MEMBERS", 20)
    monkeypatch.setattr(intake.inbox, "CLASS_MEMBERS", 60)
    for number in range(100):
        hand_in(tmp_path, f"all/eve/{number}.csv", b"")
        hand_in(tmp_path, f"mal/{number}.csv", b"")
    for who in ("all/ada", "all/eve", "all/wei", "zoe"):
        hand_in(tmp_path, f"{who}/hw.ipynb")
    found = intake.gather(tmp_path, SET)
    assert len(found) < 90
    submissions, entries = intake.take_in(found, release)
    assert [s.student for s in submissions] == ["ada", "eve", "wei", "zoe"]
    reasons = [entry.reason for entry in entries]
    assert sum("20 files in all/eve are taken at most" in why for why in reasons) == 1
    assert sum("60 files in mal are taken at most" in why for why in reasons) == 1


def test_gradescopes_time_of_another_zone_is_written_in_utc(tmp_path, release):
    listed = """submission_1:
  :created_at: 2025-11-20 23:30:00 -08:00
  :submitters:
  - :name: Ada
"""
    hand_in(
        tmp_path,
        "inbox/all.zip",
        packed(("submission_1/hw.ipynb", answer()), ("submission_metadata.yml", listed)),
    )
    (one,), _ = intake.take_in(intake.gather(tmp_path / "inbox", SET), release)
    intake.write([one], tmp_path, SET)
    stamp = (tmp_path / "submitted" / "Ada" / SET / "timestamp.txt").read_text()
    assert stamp.startswith("2025-11-21 07:30:00")


def test_no_students_file_says_when_it_was_handed_in(tmp_path, release):
    hand_in(tmp_path / "inbox", "ada/hw.ipynb", time=10**9)
    hand_in(tmp_path / "inbox", "ada/timestamp.txt", b"1999-05-01 23:30:00 UTC")
    path = hand_in(tmp_path / "inbox", "bob/hw.zip")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("hw.ipynb", (2099, 1, 1, 0, 0, 0)), answer())
        archive.writestr("timestamp.txt", "1999-05-01 23:30:00 UTC")
    os.utime(path, (10**9, 10**9))
    submissions, _ = intake.take_in(intake.gather(tmp_path / "inbox", SET), release)
    assert [s.time for s in submissions] == 2 * [datetime.fromtimestamp(10**9, UTC)]
    intake.write(submissions, tmp_path, SET)
    stamp = (tmp_path / "submitted" / "ada" / SET / "timestamp.txt").read_text()
    assert stamp == "2001-09-09 01:46:40.000000 UTC\n"


@pytest.mark.parametrize(
    "stamp",
    ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "0001-01-01 00:00:00 UTC", "soon"],
)
def test_a_stamp_out_of_all_bounds_is_none(stamp):
    assert intake.stamped(stamp) is None


def test_a_file_changed_beyond_the_last_year_is_taken_in(tmp_path, release):
    hand_in(tmp_path, "ada/hw.ipynb")
    try:
        os.utime(tmp_path / "ada" / "hw.ipynb", (10**12, 10**12))
    except (OSError, OverflowError):
        pytest.skip("this file system takes no such times")
    assert students(tmp_path, release) == ["ada"]


def test_a_students_own_archive_is_not_older_than_it_is(tmp_path, release):
    path = hand_in(tmp_path, "ada/hw.zip")
    with zipfile.ZipFile(path, "w") as archive:
        for day, text in ((1, "first"), (3, "last"), (2, "second")):
            member = zipfile.ZipInfo(f"{text}.ipynb", (1999, 1, day, 0, 0, 0))
            archive.writestr(member, answer(text))
    os.utime(path, (10**9, 10**9))
    (submission,), _ = intake.take_in(intake.gather(tmp_path, SET), release)
    assert submission.time == datetime.fromtimestamp(10**9, UTC)
    assert submission.notebook.cells[0].source == "last"


# ---------------------------------------------------------------- what stops nobody


def packed(*members, method=zipfile.ZIP_DEFLATED):
    """An archive with these members, (name, data) each, in bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


BAD = {  # file: what is in it, a part of the reason
    "worksheets.ipynb": (b'{"worksheets": [{"cells": 5}]}', "no cell of this"),
    "numbers.ipynb": (b'{"cells": [1, null, {"cell_type": []}], "metadata": 3}', "no cell of this"),
    "long number.ipynb": (b'{"cells": [' + b"9" * 5000 + b"]}", "not whole JSON"),
    "attachments.ipynb": (
        b'{"cells": [{"cell_type": "markdown", "id": "q1", "attachments": {"a": {"image/png": 1}},'
        b' "source": [1, {}], "metadata": {"nbgrader": []}}]',
        "not whole JSON",
    ),
    "dot.zip": (packed((".", answer())), "hidden file"),
    "bzip2.zip": (packed(("hw.ipynb", answer()), method=zipfile.ZIP_BZIP2), "an unusual way"),
    "lzma.zip": (packed(("hw.ipynb", answer()), method=zipfile.ZIP_LZMA), "an unusual way"),
    "slow.zip": (
        packed(*((f"{n}.ipynb", bytes(2**21)) for n in range(40))),
        "whole JSON",
    ),
    "bomb.zip": (
        packed(*((f"{n}.ipynb", bytes(22 * 2**20)) for n in range(40))),
        "unpacks to more than 20 MB",
    ),
    "nested.zip": (
        packed(*((f"{n}.zip", packed(("x.ipynb", b"[" * 10**5))) for n in range(30))),
        "archives of a student are opened at most",
    ),
    "no zip.zip": (b"PK\x03\x04", "cannot be read"),
}


def test_a_bad_file_is_set_aside_and_stops_nobody(tmp_path, release):
    for name, (data, _) in BAD.items():
        hand_in(tmp_path, f"bad {name}/{name}", data)
    hand_in(tmp_path, "good/hw.ipynb")
    start = time.process_time()
    submissions, entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert time.process_time() - start < 20
    assert [s.student for s in submissions] == ["good"]
    for name, (_, reason) in BAD.items():
        said = [entry.reason for entry in entries if entry.file.startswith(f"bad {name}/")]
        assert any(reason in text for text in said), (name, said[:3])


def test_what_goes_wrong_with_one_file_in_any_step_is_its_reason(tmp_path, release, monkeypatch):
    for name in ("ada", "bob", "eve"):
        hand_in(tmp_path, f"{name}/hw.ipynb", answer(name))
    in_order = dict.fromkeys(["read_cells", "strange", "restore"], intake.students)
    for step, module in (in_order | {"read_file": intake.inbox}).items():
        whole = getattr(module, step)

        def breaks(given, *rest, whole=whole):
            if "bob" in str(given):
                raise MemoryError
            return whole(given, *rest)

        with monkeypatch.context() as patched:
            patched.setattr(module, step, breaks)
            submissions, entries = intake.take_in(intake.gather(tmp_path, SET), release)
        assert [s.student for s in submissions] == ["ada", "eve"], step
        assert [e.reason for e in entries if e.student == "bob" and "MemoryError" in e.reason], step


@pytest.mark.machine
def test_closed_files_folders_and_links_have_a_line(tmp_path, release):
    hand_in(tmp_path, "good/hw.ipynb")
    os.symlink("/etc", tmp_path / "folder")
    os.symlink("/etc/passwd", hand_in(tmp_path, "eve/x.ipynb").with_name("y.ipynb"))
    os.mkfifo(tmp_path / "eve" / "z.ipynb")
    hand_in(tmp_path, "bob/hw.ipynb").chmod(0)
    hand_in(tmp_path, "closed/hw.ipynb").parent.chmod(0)
    try:
        _, entries = intake.take_in(intake.gather(tmp_path, SET), release)
    finally:
        (tmp_path / "closed").chmod(0o755)
    reasons = {entry.file: entry.reason for entry in entries}
    assert {"folder", "eve/y.ipynb", "eve/z.ipynb"} <= reasons.keys()
    assert all("link or a device" in reasons[n] for n in ("folder", "eve/y.ipynb", "eve/z.ipynb"))
    if os.getuid():
        assert "Permission denied" in reasons["bob/hw.ipynb"]
        assert "Permission denied" in reasons["closed"]


def test_many_lines_of_spaces_become_empty_and_a_long_text_is_cut():
    """Both are slow to show, here and in the form grader."""
    blank = {"cell_type": "code", "source": "x = 1\n" + " \n" * 20_000}
    long = {"cell_type": "markdown", "source": "|a" * 10**6}
    cells = intake.read_cells(json.dumps({"cells": [blank, long]}).encode())
    assert " \n" not in cells[0].source
    assert len(cells[1].source) < intake.LONGEST + 100


@pytest.mark.parametrize(
    "text",
    [
        "<img " + "attachment:pasted-1." + 8_000_000 * "a",
        "![](data:image/png;base64,iVBO) <img " + "attachment:pasted-1." + 8_000_000 * "a",
        "![](data:image/png;base64,iVBO)" + 1000 * ("<img " + 15 * "attachment:pasted-1.a"),
    ],
    ids=["none", "one", "many"],
)
def test_a_text_full_of_pictures_that_are_none_is_read_in_no_time(text):
    cell = {"cell_type": "markdown", "source": text}
    start = time.process_time()
    intake.read_cells(json.dumps({"cells": [cell]}).encode())
    assert time.process_time() - start < 2


def test_large_files_of_one_student_count_as_several_tries(tmp_path, release, monkeypatch):
    monkeypatch.setattr(intake.students, "MIB", 1000)
    for number in range(9):
        hand_in(tmp_path, f"eve/{number}.ipynb", b"[" + bytes(19_000))
    hand_in(tmp_path, "ada/hw.ipynb")
    submissions, entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert [s.student for s in submissions] == ["ada"]
    assert sum("no more are tried" in entry.reason for entry in entries) == 9 - 4


# ---------------------------------------------------------------- platforms

WHO = {"Ada Lovelace": "ada", "Hana Nováková": "hana", "Wei Guo": "wei"}
EXPORTS = {  # files in the inbox, or members of an archive there: the student of each, or a reason
    "Moodle": {
        "all.zip": {
            "Ada Lovelace_248101_assignsubmission_file_/hw.ipynb": "Ada_Lovelace",
            "Hana Nováková_248102_assignsubmission_file_/hw (1).ipynb": "Hana_Novakova",
        }
    },
    "Moodle, flat, in a folder of its own": {
        "download/Ada Lovelace_1_assignsubmission_file_hw.ipynb": "Ada_Lovelace",
        "download/Wei Guo_2_assignsubmission_file_hw.ipynb": "Wei_Guo",
    },
    "Canvas": {
        "submissions.zip": {
            "lovelaceada_4101_990100_ps-small.ipynb": "lovelaceada",
            "novakovahana_LATE_4108_990107_homework_7_FINAL.ipynb": "novakovahana",
            "guowei_4107_990106_Copy_of_ps-2.ipynb": "guowei",
        }
    },
    "Blackboard": {
        "gradebook.zip": {
            "Homework203_ada1_attempt_2025-11-20-12-00-00_hw.ipynb": "ada1",
            "Homework203_ada1_attempt_2025-11-19-12-00-00_hw.ipynb": "newer one",
            "Homework203_ada1_attempt_2025-11-20-12-00-00.txt": "no notebook",
        }
    },
    "Brightspace": {
        "homework.zip": {
            "123-77 - Ada Lovelace - Nov 20, 2025 1205 PM/hw.ipynb": "Ada_Lovelace",
            "123-77 - Ada Lovelace - Nov 20, 2025 905 AM/hw.ipynb": "newer one",
            "124-77 - Wei Guo - Nov 19, 2025 1205 PM/hw.ipynb": "Wei_Guo",
        }
    },
    "Gradescope": {
        "export.zip": {
            "assignment_1_export/submission_11/hw.ipynb": "Ada_Lovelace",
            "assignment_1_export/submission_12/hw.ipynb": "Wei_Guo",
            "assignment_1_export/submission_metadata.yml": None,
        }
    },
    "Google Classroom": {
        "Homework-001.zip": {
            "Homework/Ada Lovelace - ps-small.ipynb": "Ada_Lovelace",
            "Homework/Copy of Wei Guo - ps-small.ipynb": "Wei_Guo",
        }
    },
    "a folder of notebooks": {
        "all.zip": {f"all/{name}.ipynb": name for name in ("ada", "bob", "eve")},
    },
    "one student's folder": {"all.zip": {"all/ada/a.ipynb": "ada"}},
    "one student's folders": {"all.zip": {"all/ada/bob/hw.ipynb": "ada", "ada.pdf": "no notebook"}},
    "one student's, in none": {"all.zip": {"ada/bob/hw.ipynb": "ada"}},
    "one student's, and the set's": {"all.zip": {"ps-small/ada/homework/hw.ipynb": "ada"}},
    "macOS": {
        "class.zip": {
            "class/ada/hw.ipynb": "ada",
            "__MACOSX/class/ada/._hw.ipynb": None,
            "class/.DS_Store": None,
            "class/wei/hw.ipynb": "wei",
            "list.txt": "no notebook",
        }
    },
    "old Windows": {"class.zip": {"class\\ada\\hw.ipynb": "ada", "class\\wei\\a b.ipynb": "wei"}},
    "archives of students": {
        "all.zip": {
            "Ada Lovelace_1_assignsubmission_file_/hw.zip": {"hw/hw.ipynb": "Ada_Lovelace"},
            "Wei Guo_2_assignsubmission_file_/hw.zip": {"inner.zip": {"hw.ipynb": "Wei_Guo"}},
        }
    },
    "browsers, checkpoints, colons": {
        "ada/hw.ipynb.txt": "ada",
        "bob/hw.ipynb.json": "bob",
        "eve/hw.ipynb (1)": "eve",
        "eve/.ipynb_checkpoints/hw-checkpoint.ipynb": "Jupyter keeps",
        "eve/.hidden.ipynb": "hidden file",
        "all.zip": {"wei/Homework 3: small.ipynb": "wei"},
    },
    "folders that a browser or Windows made": {
        "ada/ps-small/ps-small.ipynb": "ada",
        "ada/ps-small (1)/ps-small.ipynb": "of the same time",  # so it is not the first
        "bob/hw/hw.ipynb": "bob",
        "bob/hw2/hw.ipynb": "of the same time",
        "Eve_12_assignsubmission_file/trials/hw.ipynb": "of the same time",
        "Eve_12_assignsubmission_file/plots/hw.ipynb": "Eve",
    },
    "names around the set's": {
        "ps-small-ada/hw.ipynb": "ada",
        "Bo K - ps-small/hw.ipynb": "Bo_K",
        "eve.ipynb.ipynb": "eve",
        "Mal O - Copy of ps-small.ipynb": "Mal_O",
        "ps-small (1) - Fay W.ipynb": "Fay_W",
    },
    "code beside a notebook": {
        "ada/hw.ipynb": "ada",
        "ada/helpers.py": "only the notebook is run",
    },
    "sections": {
        "Section A/ada/hw.ipynb": "ada",
        "Section A/bob/hw.ipynb": "bob",
        "Section 2/eve.ipynb": "eve",
    },
    "a folder of folders": {
        "group A/ada/hw.ipynb": "if it is the class's folder",
        "group A/wei/hw.ipynb": "if it is the class's folder",
    },
    "archives named after students": {
        "ada.zip": {"ps-small.ipynb": "ada"},
        "ps-small_bob.zip": {"ps-small (2).ipynb": "bob"},
    },
    "old copies": {
        "ada/old/hw.ipynb": "of the same time",
        "ada/v2/ps-small.ipynb": "ada",
        "ps-small_bob.ipynb": "bob",
    },
    "names that only look like a platform's": {
        "ada/ps_2026_11_20.ipynb": "ada",
        "bob/ps_2026_11_20.ipynb": "bob",
        "blaise_7_8_hw.ipynb": "blaise",
        "eve/blaise_1_2_x.ipynb": "eve",
        "mallory/blaise_7_8_x.ipynb": "if it is the class's folder",
        "mallory/ada_7_8_x.ipynb": "if it is the class's folder",
    },
    "the same in an archive": {
        "all.zip": {"ada/ps_2026_11_20.ipynb": "ada", "bob/ada_1_2_x.ipynb": "bob"},
    },
    "archives with one folder's name": {
        "ada.zip": {"homework/hw.ipynb": "ada"},
        "bob.ZIP": {"homework/hw.ipynb": "bob", "homework/old/hw.ipynb": "newer one"},
        "eve_1_2_hw.zip": {"ps-small/my homework.ipynb": "eve"},
    },
    "archives of sections": {
        "section 1.zip": {"ada/hw.ipynb": "ada", "bob/hw.ipynb": "bob"},
        "section-2.zip": {"eve/hw.ipynb": "eve", "wei/hw.ipynb": "wei"},
    },
    "a student's archive beside a folder": {
        "ada.zip": {"homework/hw.ipynb": "ada"},
        "blaise.zip": {"hw1.ipynb": "blaise"},
        "4101.zip": {"hw.ipynb": "4101"},
        "bob/hw.ipynb": "bob",
    },
    "a student's archive alone": {"ada.zip": {"homework/hw.ipynb": "ada"}},
    "a number's archive alone": {"4101.zip": {"ps_2026_11_20.ipynb": "4101"}},
    "an export with the course's name": {
        "CS101-Softmax-12345.zip": {"Ada_1_assignsubmission_file_/hw.ipynb": "Ada"},
    },
    "an export twice": {
        "all.zip": {"ada_1_2_hw.ipynb": "newer one"},
        "all (1).zip": {
            "ada_1_2_hw-1.ipynb": "ada",
            "bob_LATE_3_4_hw.zip": {"a.ipynb": "bob"},
        },
    },
    "an export and one that came late": {
        "all 2025.zip": {"ada_1_2_hw.ipynb": "ada", "bob_3_4_hw.ipynb": "bob"},
        "eve/hw.ipynb": "eve",
    },
    "Gradescope, an archive within": {
        "assignment_1_export.zip": {
            "assignment_1_export/submission_11/hw.zip": {"hw.ipynb": "Ada_Lovelace"},
            "assignment_1_export/submission_12/submission_11/hw.ipynb": "Wei_Guo",
            "assignment_1_export/submission_metadata.yml": None,
        }
    },
    "Gradescope, unpacked here": {
        "submission_11/hw.zip": {"a/hw.ipynb": "Ada_Lovelace"},
        "submission_12/ada_1_2_hw.ipynb": "Wei_Guo",
        "submission_13/hw.ipynb": "whose it is",
        "submission_metadata.yml": None,
        "eve/hw.ipynb": "eve",
    },
    "Gradescope, unpacked into a folder": {
        "assignment_1_export/submission_11/hw.ipynb": "Ada_Lovelace",
        "assignment_1_export/submission_12/hw.ipynb": "Wei_Guo",
        "assignment_1_export/submission_metadata.yml": None,
        "eve/hw.ipynb": "eve",
    },
    "Gradescope's form in a student's folder": {
        "mallory/submission_11/hw.ipynb": "if it is the class's folder",
        "mallory/submission_12/hw.ipynb": "if it is the class's folder",
        "mallory/submission_metadata.yml": None,
        "eve/hw.ipynb": "eve",
    },
    "Canvas, unpacked, and one that came late": {
        "submissions/lovelaceada_4101_990100_hw.ipynb": "lovelaceada",
        "submissions/guowei_4102_990101_hw.ipynb": "guowei",
        "eve.ipynb": "eve",
    },
    "Moodle, unpacked, and one that came late": {
        "CS101-Softmax-12345/Ada_1_assignsubmission_file_/hw.ipynb": "if it is the class's folder",
        "CS101-Softmax-12345/Wei_2_assignsubmission_file_/hw.ipynb": "name it all",
        "eve/hw.ipynb": "eve",
    },
    "the same, with a name for the class": {
        "all 1/Ada_1_assignsubmission_file_/hw.ipynb": "Ada",
        "all 1/Wei_2_assignsubmission_file_/hw.ipynb": "Wei",
        "section 2/class/Bob_3_assignsubmission_file_/hw.ipynb": "Bob",
        "section 2/wei_zhang.zip": {"hw.ipynb": "wei_zhang"},
        "eve/hw.ipynb": "eve",
    },
    "an export of one, unpacked": {
        "submissions/guowei_4102_990101_hw.ipynb": "name that folder all",
        "eve.ipynb": "eve",
    },
    "exports in a folder": {
        "sub/export1/ada_1_2_hw.ipynb": "if it is the class's folder",
        "sub/export1/bob_3_4_hw.ipynb": "if it is the class's folder",
    },
    "names that begin like an old copy's": {
        "week3.zip": "work of several",
        "group A/V Kumar/hw.ipynb": "if it is the class's folder",
        "group A/New Anna/hw.ipynb": "if it is the class's folder",
        "eve/old versions 2/hw.ipynb": "eve",
        "eve/v 2.1/hw.ipynb": "of the same time",
    },
    "a tie": {"ada/part1.ipynb": "of the same time", "ada/ps-small.ipynb": "ada"},
}  # fmt: skip
YAML = """---
submission_11:
  :submitters:
  - :name: Ada Lovelace
    :sid: '4101'
  :created_at: 2025-11-20 12:00:00 Z
submission_12: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
  :submitters:
  - :name: Wei Guo
"""


def put(where, tree):
    """Write a tree of files; returns {name: wanted} of the files, and packs archives."""
    wanted, members = {}, []
    for name, of in tree.items():
        inner = {}
        data = YAML.encode() if name.endswith(".yml") else answer()
        if of == "work of several":
            data = packed(*[(f"{one}/hw.ipynb", data) for one in ("Old John", "Ada L")])
        if isinstance(of, dict):
            inner, data = put(None, of)
        else:
            inner = {"": of} if of else {}
        wanted |= {f"{name}: {n}" if n else name: w for n, w in inner.items()}
        if where is not None:
            hand_in(where, name, data, time=10**9)
        members.append((name, data))
    return wanted, packed(*members)


@pytest.mark.parametrize("platform", EXPORTS)
def test_files_as_they_come_find_their_student(tmp_path, release, platform):
    wanted, _ = put(tmp_path, EXPORTS[platform])
    _, entries = intake.take_in(intake.gather(tmp_path, SET), release, set_name=SET)
    found = {e.file.replace("/: ", ": "): e for e in entries}
    assert {name.replace("\\", "/") for name in wanted} == found.keys()
    for name, want in wanted.items():
        entry = found[name.replace("\\", "/")]
        taken = entry.status == "graded"
        assert entry.student == want if taken else want in entry.reason, (name, entry)


BOTH = """submission_1:
  :submitters:
  - :name: ada
  - :name: bob
  :created_at: 2090-01-01 00:00:00 Z
"""
INSIDE = {  # what eve's archive may hold so that ada's and bob's work is replaced
    "folders": ["ada/hw.ipynb", "bob/hw.ipynb"],
    "a folder": ["ada/hw.ipynb"],
    "folders in one": ["all/ada/hw.ipynb", "all/bob/hw.ipynb"],
    "notebooks": ["ada.ipynb", "bob.ipynb", "wei.ipynb"],
    "Moodle": ["ada_1_assignsubmission_file_/hw.ipynb", "bob_2_assignsubmission_file_/hw.ipynb"],
    "Canvas": ["ada_1_2_hw.ipynb", "bob_3_4_hw.ipynb"],
    "Blackboard": [f"hw_{one}_attempt_2090-01-01-00-00-00_hw.ipynb" for one in ("ada", "bob")],
    "Brightspace": [f"1-2 - {one} - Nov 20, 2090 1205 PM/hw.ipynb" for one in ("ada", "bob")],
    "Gradescope": ["assignment_1/submission_1/hw.ipynb", "assignment_1/submission_metadata.yml"],
    "a list": ["submission_1/hw.ipynb", "submission_metadata.yml", "timestamp.txt"],
    "archives": ["ada.zip", "bob.zip"],
}
PLACES = {  # where eve's archive comes from; beside it lie ada.ipynb and bob/hw.ipynb
    "named": "eve.zip",
    "named with the set": "ps-small_eve.zip",
    "in a folder": "eve/hw.zip",
    "in a folder within": "eve/all/all.zip",
    "by Canvas": "eve_5_6_all.zip",
    "by Moodle": "eve_7_assignsubmission_file_/all.zip",
    "by Blackboard": "hw_eve_attempt_2025-01-01-00-00-00_submission_metadata.zip",
    "with a name for nobody": "homework.zip",
    "in the class's": None,
}


@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize("place", PLACES)
def test_nothing_in_a_students_archive_says_whose_anything_is(tmp_path, release, place, inside):
    evil = answer("Eve's.")
    data = {"zip": packed(("hw.ipynb", evil)), "yml": BOTH, "txt": "2090-01-01", "ipynb": evil}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name in INSIDE[inside]:
            member = zipfile.ZipInfo(name, (2090, 1, 1, 0, 0, 0))
            file.writestr(member, data[name.rpartition(".")[2]])
    work = {"ada.ipynb": answer(), "bob/hw.ipynb": answer()}
    if PLACES[place] is None:
        members = ["ada/hw.ipynb", "bob/hw.ipynb"]
        work = {
            "all.zip": packed(("eve/hw.zip", archive.getvalue()), *[(m, answer()) for m in members])
        }
    for name, of in (work | ({PLACES[place]: archive.getvalue()} if PLACES[place] else {})).items():
        hand_in(tmp_path, name, of)
    submissions, _ = intake.take_in(intake.gather(tmp_path, SET), release, set_name=SET)
    found = {s.student: s.notebook.cells[-1].source for s in submissions}
    assert found.pop("eve", "Eve's.") == "Eve's."
    assert found == {"ada": "Because.", "bob": "Because."}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("week3.zip", "work of several (ada, bob)"),
        ("submissions.zip", "says whose"),
        ("homework.zip", "says whose"),
        (f"{SET}.zip", "says"),
    ],
)
def test_an_archive_that_may_be_a_students_is_asked_about(tmp_path, release, name, reason):
    hand_in(tmp_path, name, packed(("ada/hw.ipynb", answer()), ("bob/hw.ipynb", answer())))
    hand_in(tmp_path, "eve/hw.ipynb")
    submissions, entries = intake.take_in(intake.gather(tmp_path, SET), release, set_name=SET)
    assert [s.student for s in submissions] == ["eve"]
    (said,) = [entry.reason for entry in entries if entry.file == name]
    assert reason in said
    assert "name it all.zip" in said
    (tmp_path / name).rename(tmp_path / "all.zip")
    assert students(tmp_path, release) == ["ada", "bob", "eve"]


@pytest.mark.parametrize("inside", INSIDE)
def test_of_a_student_in_the_roster_an_archive_alone_is_the_students(tmp_path, release, inside):
    (tmp_path / "roster.csv").write_text("id,name\nada,Ada\nbob,Bob\neve,Eve E\nhw,-\n")
    data = {"zip": packed(("hw.ipynb", answer())), "yml": BOTH, "txt": "", "ipynb": answer()}
    members = [(name, data[name.rpartition(".")[2]]) for name in INSIDE[inside]]
    hand_in(tmp_path / "inbox", "Eve E.zip", packed(*members))
    roster = intake.Roster(tmp_path / "roster.csv")
    found = intake.gather(tmp_path / "inbox", SET, roster=roster)
    submissions, _ = intake.take_in(found, release, roster=roster)
    assert [s.student for s in submissions] == ["eve"]


def test_the_folder_of_a_student_in_the_roster_is_no_platforms(tmp_path, release):
    (tmp_path / "roster.csv").write_text("id,name\nada,Ada\nbob,Bob\neve,Eve E\n")
    for one in ("ada", "bob"):
        hand_in(tmp_path / "inbox", f"Eve E/{one}_1_2_hw.ipynb")
    roster = intake.Roster(tmp_path / "roster.csv")
    found = intake.gather(tmp_path / "inbox", SET, roster=roster)
    assert {item.student for item in found} == {"Eve E"}
    assert {item.student for item in intake.gather(tmp_path / "inbox", SET)} == {"ada", "bob"}


def test_a_student_in_the_roster_who_is_alone_in_a_classs_archive(tmp_path, release):
    (tmp_path / "roster.csv").write_text("id,name\nada,Ada\nbob,Bob\neve,Eve E\n")
    names = ["week3/Eve E/ada/hw.ipynb", "week3/Eve E/bob/hw.ipynb"]
    hand_in(tmp_path / "inbox", "all.zip", packed(*[(name, answer()) for name in names]))
    roster = intake.Roster(tmp_path / "roster.csv")
    found = intake.gather(tmp_path / "inbox", SET, roster=roster)
    assert {item.student for item in found} == {"Eve E"}


SPOOFS = ["ada_attempt_2090-01-01-00-00-00_x", "ada_9_assignsubmission_file_x", "ada_1_2_x"]


@pytest.mark.parametrize("place", ["{}", "CS101-Softmax-12345.zip"])
@pytest.mark.parametrize(
    "form",
    ["{}_{}_5_", "{}_{}_assignsubmission_file_", "HW_{}_attempt_2025-11-20-12-00-0{}_"],
    ids=["Canvas", "Moodle", "Blackboard"],
)
def test_no_name_of_a_students_file_passes_for_another_platforms(tmp_path, release, form, place):
    """What the platform puts first says whose a file is, and what the export is."""
    work = {
        f"{form.format(one, n)}hw.ipynb": answer() for n, one in enumerate(("ada", "bob", "wei"))
    }
    work |= {
        f"{form.format('eve', n)}{spoof}.ipynb": answer("Eve's.") for n, spoof in enumerate(SPOOFS)
    }
    if place == "{}":
        for name, data in work.items():
            hand_in(tmp_path, name, data)
    else:
        hand_in(tmp_path, place, packed(*work.items()))
    submissions, _ = intake.take_in(intake.gather(tmp_path, SET), release, set_name=SET)
    found = {s.student: s.notebook.cells[-1].source for s in submissions}
    assert [found.pop(one) for one in ("ada", "bob", "wei")] == 3 * ["Because."]
    assert found
    assert all("eve" in name for name in found)


def test_gradescopes_list_is_read_in_no_time_and_tells_namesakes_apart():
    people = [(f"Ada {n}", f"a{n}@x") for n in range(2000)] + [
        ("Wei Guo", f"wei{n}@x") for n in (1, 2)
    ]
    results = 20 * "    - :output: |\n        submission_1:\n          :submitters:\n"
    said = "".join(
        f"submission_{n}:\n  :submitters:\n  - :name: {name!r}\n    :sid: '{n}'\n"
        f"    :email: {mail}\n  :created_at: 2025-11-20 23:30:00.000000000 -08:00\n"
        f"  :results:\n    :tests:\n{results}"
        for n, (name, mail) in enumerate(people)
    )
    start = time.process_time()
    found = submitters_in(said)
    hard = ["[" * 10**6, "- [" + "a," * 2_000_000, "    :name: '" * 10**5, "{a: " * 10**6, MERGES]
    for text in hard:
        submitters_in(f"submission_1:\n  :submitters:\n  - :name: Ada\n  {text}\n" * 2)
    many = submitters_in("submission_1:\n  :submitters:\n" + "  - :name: 'Ada'\n" * 1000)
    assert len(many["submission_1"]) == TOGETHER
    head = "  :submitters:\n" + 20 * "  - :name: 'Ada'\n    :email: '\"'\n    :sid: \"\\'\"\n"
    submitters_in("".join(f"submission_{n}:\n{head}" for n in range(20_000)))
    submitters_in("submission_1:\n" * 10**6)
    assert time.process_time() - start < 10
    when = datetime(2025, 11, 21, 7, 30, tzinfo=UTC)
    assert found["submission_7"] == [("Ada 7", when, "a7@x")]
    assert [found[f"submission_{n}"][0][0] for n in (2000, 2001)] == ["wei1@x", "wei2@x"]
    assert len(found) == len(people)


@pytest.mark.parametrize("solved", ["a.ipynb", "z.ipynb", "ps-small.ipynb"])
def test_one_without_answers_takes_no_others_place(tmp_path, release, solved):
    """It may be the notebook that was handed out, downloaded again."""
    empty = answer(release.cells[0].source)
    for name in ("m.ipynb", "ps-small (1).ipynb", "ps-small.ipynb"):
        hand_in(tmp_path, f"ada/{name}", empty, time=10**9 + (name == "m.ipynb"))
    hand_in(tmp_path, f"ada/{solved}", time=10**9)
    got, entries = intake.take_in(intake.gather(tmp_path, SET), release, set_name=SET)
    assert got[0].notebook.cells[-1].source == "Because."
    assert [e.file for e in entries if e.status == "graded"] == [f"ada/{solved}"]
    hand_in(tmp_path, "ada/new.ipynb", empty, time=10**9 + 3600)
    hand_in(tmp_path, "ada/old.ipynb", answer("Old."), time=10**9 - 60)
    got, entries = intake.take_in(intake.gather(tmp_path, SET), release, set_name=SET)
    assert got[0].notebook.cells[-1].source == "Because."
    assert got[0].time == datetime.fromtimestamp(10**9, UTC)
    reasons = {entry.file: entry.reason for entry in entries}
    assert "it has no answers" in reasons["ada/new.ipynb"]
    picture = answer("Your answer.", {"a.png": {"image/png": PIXEL}})
    hand_in(tmp_path, "ada/newest.ipynb", picture, time=10**9 + 7200)
    got, _ = intake.take_in(intake.gather(tmp_path, SET), release, set_name=SET)
    assert got[0].notebook.cells[-1].attachments


@pytest.mark.parametrize(
    "kind",
    ["pdf", "JPG", "docx", "doc", "odt", "rtf", "tex", "md", "txt", "html", "gif", "bmp", "svg"],
)
def test_a_derivation_beside_the_notebook_is_pointed_to(tmp_path, release, kind):
    hand_in(tmp_path, "ada/hw.ipynb", answer("Your answer."))
    hand_in(tmp_path, f"ada/derivation.{kind}", b"")
    (one,), entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert f"derivation.{kind}" in one.notebook.cells[0].source
    assert sorted(entry.status for entry in entries) == ["beside", "graded"]


@pytest.mark.parametrize(
    ("set_name", "file", "student"),
    [
        ("ps-1", "student_1.ipynb", "student_1"),
        ("ps-1", "ada_ps-1.ipynb", "ada"),
        ("ps-softmax", "ada_softmax.ipynb", "ada"),
    ],
)
def test_a_number_at_the_end_of_a_name_is_the_students(tmp_path, release, set_name, file, student):
    hand_in(tmp_path, file)
    taken, _ = intake.take_in(intake.gather(tmp_path, set_name), release, set_name=set_name)
    assert [one.student for one in taken] == [student]


@pytest.mark.parametrize("with_roster", [False, True])
def test_a_name_that_is_no_text_stops_nobody(tmp_path, with_roster):
    """As Latin-1 names come out of some archives; nor does one reach a terminal as it is."""
    course = Course(tmp_path / "course")
    for name in (
        b"HW_zo\xeb_attempt_2026-11-20-10-10-10_hw.ipynb",
        b"HW_\x1b[2J_attempt_2026-11-20-10-10-10_hw.ipynb",
    ):
        hand_in(course.root / "inbox" / SET, os.fsdecode(name))
    (course.root / "submitted" / os.fsdecode(b"\xff\x1b") / SET).mkdir(parents=True)
    if with_roster:
        (course.root / "roster.csv").write_text("id,name\nada,Ada L\n")
    _, entries = run.Class(SET, course.root).take_in()
    assert entries
    for said in (course.set_aside(), *(entry.reason for entry in entries)):
        assert said.encode()
        assert "\x1b" not in said


def test_words_are_looked_for_in_a_cell_for_code_of_any_length():
    """Python's parser takes a kilobyte and a half for a character."""
    tracemalloc.start()
    assert not intake.notebook._in_words("a,;" * 330_000 + "b c")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10**7
    assert intake.notebook._in_words("# By the sum of the logarithms.\n")
    assert intake.notebook._in_words("The sum of the logarithms is the logarithm of the product.")
    assert not intake.notebook._in_words("a = 1  # a comment")
    assert not intake.notebook._in_words("%pip list")
    assert not intake.notebook._in_words(" \n")


def test_all_files_beside_a_notebook_are_named_or_set_aside(tmp_path, release):
    """What is named is noticed when it changes; each takes some time."""
    hand_in(tmp_path, "ada/hw.ipynb", answer("See the pages beside this."))
    for page in range(intake.students.NAMED_BESIDE + 2):
        hand_in(tmp_path, f"ada/page{page:02}.jpg", b"12345", time=10**9 - page)
    (one,), entries = intake.take_in(intake.gather(tmp_path, SET), release)
    said = one.notebook.cells[0].source
    assert said.endswith("See the pages beside this.")
    assert said.count("page") == 1 + intake.students.NAMED_BESIDE
    aside = {entry.file: entry.reason for entry in entries if entry.status == "set aside"}
    assert list(aside) == ["ada/page50.jpg", "ada/page51.jpg"]
    assert all("50 files beside a notebook are taken at most" in why for why in aside.values())


def test_of_files_beside_a_notebook_that_cannot_be_read_few_are_tried(
    tmp_path, release, monkeypatch
):
    """Each opens its archive, whose list may take a third of a second."""
    pages = [(f"{page:03}.png", b"12345") for page in range(300)]
    data = packed(("hw.ipynb", answer()), *pages)
    place = data.index(b"PK\1\2")
    for page, _ in pages:  # where it begins, by the list: behind the archive's end
        at = data.index(page.encode(), place) - 4
        data = data[:at] + b"\xff\xff\xff\xf0"[::-1] + data[at + 4 :]
    hand_in(tmp_path, "ada.zip", data)
    opened, whole = [], intake.archives._opened
    monkeypatch.setattr(
        intake.archives, "_opened", lambda *args: opened.append(args) or whole(*args)
    )
    (one,), entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert one.student == "ada"
    assert len(opened) < intake.students.NAMED_BESIDE + 10
    assert sum(entry.status == "set aside" for entry in entries) == len(pages)


def test_a_text_beside_a_notebook_that_came_late_is_said_to_be_late(tmp_path, release):
    course = object.__new__(run.Class)
    course.name, course.root, course.release = SET, tmp_path, release
    course.roster = course.templates = None
    course.closes = datetime.fromtimestamp(10**9, UTC)
    for name, late in (("hw.ipynb", -9), ("old.pdf", -9), ("new.pdf", 5400), ("soon.pdf", 30)):
        hand_in(tmp_path, f"inbox/{SET}/ada/{name}", time=10**9 + late)
    _, entries = course.take_in()
    assert {entry.file: entry.reason for entry in entries if entry.status == "beside"} == {
        "ada/old.pdf": "for the reader of the text",
        "ada/new.pdf": "for the reader of the text; late by 1.5 h",
        "ada/soon.pdf": "for the reader of the text; late by 1 min",
    }


@pytest.mark.parametrize("packing", ["large", "large member", "bzip2", "LZMA", "encrypted"])
def test_another_file_that_cannot_be_unpacked_is_noticed(tmp_path, release, packing):
    """It is for its reader all the same."""
    methods = {"bzip2": zipfile.ZIP_BZIP2, "LZMA": zipfile.ZIP_LZMA}
    size = intake.LARGEST + 9 if "large" in packing else 900
    said = []
    for number, sign in enumerate((b"right", b"wrong", b"right")):
        inbox, scan = tmp_path / str(number), sign.ljust(size, b".")
        hand_in(inbox, "ada/hw.ipynb")
        if packing == "large":
            hand_in(inbox, "ada/scan.pdf", scan)
        else:
            data = packed(("scan.pdf", scan), method=methods.get(packing, zipfile.ZIP_STORED))
            if packing == "encrypted":
                data = bytearray(data)
                data[6] |= 1
                data[data.rindex(b"PK\1\2") + 8] |= 1
            hand_in(inbox, "ada/scan.zip", bytes(data))
        (one,), _ = intake.take_in(intake.gather(inbox, SET), release)
        said.append(one.notebook.cells[0].source)
    assert said[0] == said[2] != said[1]


GRADESCOPE = """submission_1:
  :submitters:
  - :name: Ada
"""


@pytest.mark.parametrize("where", ["a folder", "a zip", "a zip in a folder", "Gradescope"])
def test_another_file_of_the_same_name_and_size_is_noticed(tmp_path, release, where):
    """Or a mark for a scan would stay for another scan."""
    said = set()
    for number, scan in enumerate((b"right", b"wrong", b"right")):
        inbox, work = tmp_path / str(number), [("hw.ipynb", answer()), ("scan.pdf", scan)]
        if where == "a folder":
            for name, data in work:
                hand_in(inbox, f"ada/{name}", data)
        elif where == "Gradescope":
            export = [(f"export/submission_1/{name}", data) for name, data in work]
            export.append(("export/submission_metadata.yml", GRADESCOPE))
            hand_in(inbox, "all.zip", packed(*export))
        else:
            hand_in(inbox, "ada.zip" if where == "a zip" else "ada/hw.zip", packed(*work))
        (one,), _ = intake.take_in(intake.gather(inbox, SET), release)
        assert "scan.pdf` (5 bytes)" in one.notebook.cells[0].source
        said.add(one.notebook.cells[0].source)
    assert len(said) == 2


def test_another_file_is_noticed_however_much_its_archive_unpacks_to(tmp_path, release):
    """An archive within another is unpacked once for each file, until that is too much."""
    photo, others = os.urandom(19 * 2**20), [(f"{n}.txt", b"") for n in range(40)]
    files = [("hw.ipynb", answer()), ("a.png", photo), *others]
    inner = {
        sign: packed(*files, ("scan.pdf", sign), method=zipfile.ZIP_STORED)
        for sign in (b"right", b"wrong")
    }
    said = []
    for number, sign in enumerate((b"right", b"wrong", b"right")):
        hand_in(tmp_path / str(number), "ada/hw.zip", packed(("inner.zip", inner[sign])))
        hand_in(tmp_path / str(number), "all.zip", packed(("bob/inner.zip", inner[sign])))
        submissions, _ = intake.take_in(intake.gather(tmp_path / str(number), SET), release)
        texts = [one.notebook.cells[0].source for one in submissions]
        said.append([re.search(r"\(checksum (\w{40})\)", text)[1] for text in texts])
    assert said[0] == said[2]
    assert not {*said[0]} & {*said[1]}


def test_another_file_is_noticed_beside_a_text_that_is_cut(tmp_path, release):
    """Whatever is cut off, by the student's length or by escapes in names of pictures."""
    name, said = "\u20ac" * 255, []
    text = f"![](attachment:{name}) " * 200
    for scan in (b"right", b"wrong"):
        hand_in(tmp_path, "ada/hw.ipynb", answer(text, {name: {"image/png": "aGk="}}))
        hand_in(tmp_path, "ada/scan.pdf", scan)
        (one,), _ = intake.take_in(intake.gather(tmp_path, SET), release)
        data = nbformat.writes(one.notebook).encode()
        again, _ = intake.restore(intake.read_cells(data), release)  # as nbgrader does
        assert len(again.cells[0].source) <= intake.LONGEST
        said.append(re.search(r"\(checksum (\w{40})\)", again.cells[0].source)[1])
    assert said[0] != said[1]


def test_notebooks_with_photos_do_not_stay_in_memory(tmp_path, release):
    photo = base64.b64encode(bytes(2 * 10**6)).decode()
    for number in range(6):
        of_it = answer(f"See {number} ![](attachment:a.jpg)", {"a.jpg": {"image/jpeg": photo}})
        hand_in(tmp_path, f"s{number}/hw.ipynb", of_it)
    tracemalloc.start()
    taken, _ = intake.take_in(intake.gather(tmp_path, SET), release)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 4 * 10**6
    assert [s.notebook.cells[0].source[:5] for s in taken] == [f"See {n}" for n in range(6)]
    assert taken[0].notebook.cells[0].attachments["a.jpg"]["image/jpeg"] == photo


def test_a_roster_is_the_truth(tmp_path, release):
    path = tmp_path / "roster.csv"
    path.write_text(
        "id,name,email,canvas\nada,Ada Lovelace,al@x.org,4101\nhana,\"Nováková, Hana\",hn@x,4108\n"
        "wei,Wei Guo,guo.w@x,4107\n", encoding="utf-8",
    )  # fmt: skip
    for name in ("lovelaceada_4101_1_hw.ipynb", "Hana Nováková/hw.ipynb", "guo.w/hw.ipynb",
                 "mallory/hw.ipynb"):  # fmt: skip
        hand_in(tmp_path / "inbox", name)
    roster = intake.Roster(path)
    submissions, entries = intake.take_in(
        intake.gather(tmp_path / "inbox", SET), release, roster=roster
    )
    assert [s.student for s in submissions] == ["ada", "hana", "wei"]
    assert [e.reason for e in entries if e.status == "set aside"] == [
        "mallory is not in roster.csv: add it there, or rename the folder or the file, or, if the "
        "folder is the class's, name it all"
    ]
    path.write_text("id,name\nada,A\nada,B\n")
    with pytest.raises(ValueError, match=r"line 3: its id (ada|ADA) is that of another line"):
        intake.Roster(path)


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("smith", "smith"),  # the id of one, a part of another's name, and a third's login
        ("jones", "bob1 smith"),  # the name of one, another's login: it is asked
        ("anna lee", "lee1"),
        ("lee", "bob1 cy"),
        ("4101", "cy"),
        ("bob", "dee eve"),
    ],
)
def test_of_the_rosters_columns_the_id_comes_first_and_two_readings_are_asked(
    tmp_path, name, student
):
    path = tmp_path / "roster.csv"
    path.write_text(
        "login,id,name,email,canvas\n"
        "Jones,smith,Bob Smith,b.smith@x,1\nSmith,lee1,Anna Lee,al@x,2\nLee,bob1,Jones,smith@x,\n"
        "Anna Lee,cy,Lee,cy@x,4101\nBob,dee,Dee,d@x,\nBob,eve,Eve,e@x,\n"
    )
    found = intake.Roster(path).find(intake.HandedIn(name, name, name, intake.EPOCH))
    assert found == set(student.split())


def test_who_takes_anothers_name_on_a_platform_keeps_the_own_number(tmp_path, release):
    path = tmp_path / "roster.csv"
    path.write_text(
        "id,name,canvas,section\n"
        "ada,Ada L,4101,1\neve,Eve E,4102,1\nwei,Wei G,,1\n7,Bo K,9,1\n9,Cy,7,1\n"
    )
    for name in ("adal_4102_1_hw.ipynb", "weig_1_1_hw.ipynb", "bok_9_1_hw.ipynb"):
        hand_in(tmp_path / "inbox", name)
    roster = intake.Roster(path)
    found = intake.gather(tmp_path / "inbox", SET, roster=roster)
    submissions, entries = intake.take_in(found, release, roster=roster)
    assert [s.student for s in submissions] == ["7", "wei"]  # 9 is the number of one, another's id
    assert "adal may be ada or eve" in " ".join(entry.reason for entry in entries)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada Lovelace_101_assignsubmission_file_/a.ipynb",
         "lovelace ada_202_assignsubmission_file_/a.ipynb"),
        ("lovelaceada_101_1_a.ipynb", "adalovelace_202_2_a.ipynb"),
        ("7-101 - Ada Lovelace - May 1, 2026 9:05 AM/a.ipynb",
         "7-202 - Lovelace Ada - May 2, 2026 9:05 AM/a.ipynb"),
        ("hw_adalovelace_attempt_2026-05-01-09-00-00_a.ipynb",
         "hw_lovelaceada_attempt_2026-05-02-09-00-00_a.ipynb"),
    ],
)  # fmt: skip
def test_two_accounts_are_not_one_student_by_the_roster(tmp_path, release, one, other):
    path, inbox, first = tmp_path / "roster.csv", tmp_path / "inbox", {}
    path.write_text("id,name\nal1,Ada Lovelace\nbo,Bo K\n")

    def taken(roster):
        found = intake.gather(inbox, SET, roster=roster, first=first)
        submissions, entries = intake.take_in(found, release, roster=roster)
        aside = [e.reason for e in entries if e.status == "set aside"]
        return {s.student: s.notebook.cells[0].source for s in submissions}, " ".join(aside)

    hand_in(inbox, one, answer("Mine."), time=10**9)
    hand_in(inbox, other, answer("Newer."))
    roster = intake.Roster(path)
    got, why = taken(roster)
    assert got == {}
    assert "are different accounts, and would both be al1" in why
    (inbox / other).rename(tmp_path / "later")  # the older one had the name alone
    assert taken(roster) == ({"al1": "Mine."}, "")
    (tmp_path / "later").rename(inbox / other)
    got, why = taken(roster)
    assert got == {"al1": "Mine."}
    assert "are different accounts" in why


def test_who_was_called_as_another_before_does_not_stand_in_the_way(tmp_path, release):
    """The numbers that names had alone are kept from run to run."""
    table = "id,name\n1001,Ada King\n1002,Eve Doe\n"
    (tmp_path / "roster.csv").write_text(table)
    roster, first = intake.Roster(tmp_path / "roster.csv"), {}

    def taken(*accounts):
        shutil.rmtree(tmp_path / "in", ignore_errors=True)
        for name, number in accounts:
            hand_in(tmp_path / "in", MOODLE(name, number), answer(str(number)))
        found = intake.gather(tmp_path / "in", SET, roster=roster, first=first)
        return {one.student: one.notebook.cells[0].source for one in intake.take_in(
            found, release, roster=roster, set_name=SET)[0]}  # fmt: skip

    assert taken(("Ada King", 66)) == {"1001": "66"}
    assert taken(("Ada King", 11), ("Eve Doe", 66)) == {"1001": "11", "1002": "66"}
    assert taken(("Ada King", 11)) == {"1001": "11"}


def test_ids_that_were_made_without_a_list_are_found_with_one(tmp_path, release):
    """Of two of one name, the second one's has the platform's number in it."""
    table = "id\nAda_King\nAda_King_12\n"
    taken, aside = taken_by(tmp_path, release, table, "Ada King_11", "Ada King_12")
    assert taken == {"Ada_King": "11", "Ada_King_12": "12"}
    assert aside == []


@pytest.mark.parametrize("table", ["", "id,name\n1,Ada King\n2,Bo Li\n3,Eve Doe"])
@pytest.mark.parametrize(
    "form",
    [
        MOODLE,
        "HW1_{}_attempt_2026-11-20-10-00-0{}_h.ipynb".format,
        "{1}-3 - {0} - Nov 20, 2026 1012 AM/h.ipynb".format,
    ],
)
@pytest.mark.parametrize("place", ["section 1/{}", "all.zip:{}"])
def test_an_export_packed_into_a_classs_folder_is_nobodys(tmp_path, release, table, form, place):
    """Ada has handed in a zip there, too, with weeks in it, and is graded."""
    (tmp_path / "roster.csv").write_text(table)
    files = [(form(one, n), answer(one)) for n, one in enumerate(("Ada King", "Bo Li"), 1)]
    both = {
        place.format("CS1-HW-123.zip"): packed(*files),
        place.format("Eve Doe.zip"): packed(
            ("week1/lab_1_2_a.ipynb", b"{}"), (f"week2/{SET}.ipynb", answer("Eve"))
        ),
    }
    archive = place.partition(":")[0] if ":" in place else ""
    if archive:
        both = {archive: packed(*((path.rpartition(":")[2], data) for path, data in both.items()))}
    for path, data in both.items():
        hand_in(tmp_path / "in", path, data)
    roster = intake.read_roster(tmp_path) if table else None
    found, entries = graded(tmp_path / "in", release, roster=roster)
    assert [*found.values()] == ["Eve"]
    said = [entry.reason for entry in entries if "CS1" in entry.file + entry.student]
    assert len(said) == 1
    assert "the work of several (Ada King, Bo Li): put it into a folder" in said[0]
    assert "if it is the class's, put it into the inbox itself, as all.zip" in said[0]


def test_a_file_with_the_sets_name_is_tried_behind_many_others(tmp_path, release):
    """Ada hands in the folder of the course, in which her lectures are newer."""
    hand_in(tmp_path, f"ada/{SET}.ipynb", answer("Mine."), time=10**9)
    hand_in(tmp_path, "bo/mine.ipynb", answer("Mine."), time=10**9)
    for student in ("ada", "bo"):
        for number in range(intake.students.TRIES):
            other = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
            data = nbformat.writes(other).encode()
            hand_in(
                tmp_path, f"{student}/lecture {number}.ipynb", data, time=10**9 + 60 * number + 60
            )
    found, entries = graded(tmp_path, release)
    assert found == {"ada": "Mine."}
    assert any("no more are tried" in entry.reason for entry in entries)


def test_long_names_that_are_no_platforms_take_no_time(tmp_path, release):
    names = [f"d/x_{n}_assignsubmission_{'a' * 64_000}\n/h.ipynb" for n in range(40)]
    hand_in(tmp_path, "eve/a.zip", packed(*[(name, b"{}") for name in names]))
    listed = f"submission_1:\n  :submitters:\n{'  - x' * 10 + chr(10)}" * 20_000
    times = f"submission_2:\n  :created_at: 1{' ' * 100_000}x\n"
    hand_in(tmp_path, "wei.zip", packed((f"hw/{intake.METADATA}", (listed + times).encode())))
    hand_in(tmp_path, "ada/hw.ipynb", answer())
    began = time.process_time()
    assert students(tmp_path, release) == ["ada"]
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    ("known", "other"),
    [
        ("Екатерина Иванова", "Екатерина Ивановская"),
        ("Александра Александровна Петрова", "Александра Александровна Смирнова"),
        ("Παναγιώτα Παπαδοπούλου", "Παναγιώτα Παπαδοπετράκη"),
        ("राम शर्मा", "रमा शर्मा"),
        ("की", "का"),
        ("A" * 70, "A" * 69 + "B"),
    ],
)
def test_two_names_in_any_script_are_two_students(tmp_path, release, known, other):
    """A letter outside ASCII takes five in an id, and a vowel sign tells names apart."""
    ids = {intake.student_id(name) for name in (known, other)}
    assert len(ids) == 2
    assert max(map(len, ids)) <= 60
    (tmp_path / "roster.csv").write_text(f"id,name\na1,{known}\n", encoding="utf-8")
    roster = intake.Roster(tmp_path / "roster.csv")
    for name in (known, other):
        hand_in(tmp_path / "inbox", f"{name}/h.ipynb", answer(name))
    found = intake.gather(tmp_path / "inbox", SET, roster=roster)
    submissions, entries = intake.take_in(found, release, roster=roster)
    assert {s.student: s.notebook.cells[0].source for s in submissions} == {"a1": known}
    (reason,) = [entry.reason for entry in entries if entry.status == "set aside"]
    assert "is not in roster.csv" in reason


def test_canvas_names_in_any_script_are_known(tmp_path, release):
    """Its own code keeps letters and their marks."""
    for file in ("शर्माआदित्य_123_456_hw.ipynb", "शर्माआदित्य_123_499_hw-1.ipynb"):
        hand_in(tmp_path, file, answer(file))
    assert len(students(tmp_path, release)) == 1


def test_an_account_that_is_somebody_elses_claims_no_name(tmp_path, release):
    """By the roster; else who is called like another would keep that one's work aside for good."""
    inbox, first = tmp_path / "inbox", {}
    (tmp_path / "roster.csv").write_text("id,name,moodle\nada,Ada L,\nmal,Mal O,66\n")
    roster = intake.Roster(tmp_path / "roster.csv")

    def graded():
        found = intake.gather(inbox, SET, roster=roster, first=first)
        submissions, entries = intake.take_in(found, release, roster=roster)
        aside = [entry.reason for entry in entries if entry.status == "set aside"]
        return {s.student: s.notebook.cells[0].source for s in submissions}, aside

    hand_in(inbox, "Ada L_66_assignsubmission_file_/a.ipynb", answer("Mal's."))
    asked = (
        "Ada L may be ada or mal: rename the folder or the file, or add 66 to the right one in a"
    )
    asked += " column named after the platform"
    assert graded() == ({}, [asked])
    hand_in(inbox, "Ada L_11_assignsubmission_file_/a.ipynb", answer("Ada's."), time=10**9)
    for _ in range(2):
        assert graded() == ({"ada": "Ada's."}, [asked])
    shutil.rmtree(inbox / "Ada L_66_assignsubmission_file_")
    assert graded() == ({"ada": "Ada's."}, [])


def test_a_group_s_name_before_a_student_s_is_passed_over(tmp_path, release):
    """Moodle puts it there; a name with a hyphen of its own is found whole."""
    (tmp_path / "roster.csv").write_text("id,name\nal1,Ada Lovelace\nbo,Anna-Lena B\nle,Lena B\n")
    for name in ("Group 3-Ada Lovelace_12_", "Anna-Lena B_13_", "4-b-Lena B_14_", "Eve-X_15_"):
        hand_in(tmp_path / "inbox", f"{name}assignsubmission_file_/a.ipynb", answer(name))
    roster = intake.Roster(tmp_path / "roster.csv")
    found = intake.gather(tmp_path / "inbox", SET, roster=roster)
    submissions, entries = intake.take_in(found, release, roster=roster)
    assert sorted(s.student for s in submissions) == ["al1", "bo", "le"]
    (aside,) = [entry.reason for entry in entries if entry.status == "set aside"]
    assert "not in roster.csv" in aside


# ---------------------------------------------------------------- memory


def test_a_notebook_and_an_archive_may_not_fill_the_memory(tmp_path, monkeypatch):
    assert intake.LARGEST <= 20 * 2**20
    assert intake.archives.UNPACKED <= 512 * 2**20
    monkeypatch.setattr(intake.archives, "UNPACKED", 1000)
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a/1", "a/2", "a/3", "a/4", "b/1", "c/1"):
            archive.writestr(f"{name}.ipynb", bytes(400))
    found = {item.where.split(": ")[1]: item for item in intake.gather(tmp_path, SET)}
    held = {name: len(item.data) for name, item in found.items()}
    assert sum(size for name, size in held.items() if name[0] == "a") <= 1000
    assert held["b/1.ipynb"] == held["c/1.ipynb"] == 400, "another student's allowance"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_is_not_unpacked_in_pieces_takes_no_memory(tmp_path, method):
    """Python unpacks it whole, however little is asked for; nested, and where a list is sought."""
    inside = packed(("hw.ipynb", bytes(300 * 2**20)), method=method)
    hand_in(tmp_path, "eve/a.zip", packed(("b.zip", inside)))
    hand_in(tmp_path, "eve.zip", inside)
    listed = packed((f"hw/{intake.METADATA}", bytes(300 * 2**20)), method=method)
    hand_in(tmp_path, "bob/b.zip", listed)
    hand_in(tmp_path, "all.zip", listed)
    tracemalloc.start()
    faults = [item.fault for item in intake.gather(tmp_path, SET)]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 50 * 2**20
    assert sum("an unusual way" in fault for fault in faults) >= 2


def test_archives_in_archives_share_one_count(tmp_path, release, monkeypatch):
    """Of files and of archives, and a list that is too long is not read."""
    monkeypatch.setattr(intake.archives, "MEMBERS", 40)
    monkeypatch.setattr(intake.archives, "ARCHIVES", 3)
    deep = packed(*[(f"{n}.zip", packed(*[(f"{n}.txt", b"") for n in range(9)])) for n in range(4)])
    hand_in(tmp_path, "eve/a.zip", packed(*[(f"{n}.zip", deep) for n in range(4)]))
    hand_in(
        tmp_path, "bob/a.zip", packed(("x.zip", packed(*[(f"{n:0500}", b"") for n in range(41)])))
    )
    hand_in(tmp_path, "ada/a.zip", packed(("x.zip", packed(("hw.ipynb", answer())))))
    found = intake.gather(tmp_path, SET)
    assert len([item for item in found if item.where.startswith("eve")]) <= 41
    assert any("archives of a student" in item.fault for item in found)
    assert any("list of members is too long" in i.fault for i in found if i.where[:3] == "bob")
    assert students(tmp_path, release) == ["ada"]


def test_one_students_many_files_do_not_close_the_classs_archive(tmp_path, release, monkeypatch):
    monkeypatch.setattr(intake.archives, "MEMBERS", 10)
    monkeypatch.setattr(intake.archives, "CLASS_MEMBERS", 40)
    files = [(f"{who}/hw.ipynb", answer()) for who in ("ada", "bob")]
    hand_in(tmp_path, "all.zip", packed(*files, *[(f"eve/{n}.csv", b"") for n in range(60)]))
    assert students(tmp_path, release) == ["ada", "bob"]


def test_an_archive_is_counted_before_its_list_is_read(tmp_path, release, monkeypatch):
    """To read it takes memory for each line, and a list of a few MB has a hundred thousand."""
    monkeypatch.setattr(intake.archives, "MEMBERS", 40)
    hand_in(tmp_path, "eve/a.zip", packed(*[(f"{n}", b"") for n in range(121)]))
    hand_in(tmp_path, "bob/a.zip", packed(*[(f"{n:0500}", b"") for n in range(60)]))
    hand_in(
        tmp_path, "ada/a.zip", packed(("hw.ipynb", answer()), *[(f"{n}/", b"") for n in range(99)])
    )
    hand_in(tmp_path, "wei/a.zip", b"#!/bin/sh\n" + packed(("hw.ipynb", answer())))
    archives, opened, whole = intake.archives, [], intake.archives._Archive
    monkeypatch.setattr(archives, "_Archive", lambda file: opened.append(file) or whole(file))
    found = {item.where: item.fault for item in intake.gather(tmp_path, SET)}
    assert "its list has 121 members" in found["eve/a.zip"]
    assert "list of members is too long" in found["bob/a.zip"]
    assert {path.parent.name for path in opened} == {"ada", "wei"}
    assert students(tmp_path, release) == ["ada", "wei"]


@pytest.mark.machine
@pytest.mark.parametrize("place", ["{}/hw.zip", "{}.zip"], ids=["in folders", "in the inbox"])
def test_more_archives_than_files_can_be_open(tmp_path, release, place):
    import resource

    names = [f"student-{number:02}" for number in range(60)]
    for name in names:
        hand_in(tmp_path, place.format(name), packed(("hw.ipynb", answer())))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 20, hard))
    try:
        assert students(tmp_path, release) == names
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_many_archives_of_one_student_share_one_count(tmp_path, release, monkeypatch):
    monkeypatch.setattr(intake.archives, "ARCHIVES", 3)
    monkeypatch.setattr(intake.archives, "MEMBERS", 10)
    for number in range(5):
        hand_in(tmp_path, f"eve/{number}.zip", packed(*[(f"{n}.txt", b"") for n in range(9)]))
    hand_in(tmp_path, "ada/hw.zip", packed(("hw.ipynb", answer())))
    found = [item for item in intake.gather(tmp_path, SET) if item.where.startswith("eve")]
    assert sum("archives of a student are opened at most" in item.fault for item in found) == 2
    assert len(found) == 10 + 2 + 2  # a line for each archive that has more
    assert students(tmp_path, release) == ["ada"]


def test_many_files_of_one_student_cost_that_student_only(tmp_path, release, monkeypatch):
    monkeypatch.setattr(intake.archives, "MEMBERS", 20)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for number in range(50):
            archive.writestr(f"all/eve/venv/{number}.py", b"")
        for name in ("ada", "bob"):
            archive.writestr(f"all/{name}/hw.ipynb", answer())
    assert students(tmp_path, release) == ["ada", "bob"]


@pytest.mark.parametrize(
    "folder",
    [".venv/lib", ".git/objects", "__pycache__", "web/node_modules/x", ".mypy_cache/3", "data"],
)
@pytest.mark.parametrize("place", ["eve/hw.zip", "all.zip"])
def test_what_lies_beside_a_notebook_costs_it_nothing(
    tmp_path, release, monkeypatch, folder, place
):
    monkeypatch.setattr(intake.archives, "MEMBERS", 20)
    names = [f"eve/{folder}/{number}.py" for number in range(50)]
    members = [(name, b"") for name in names] + [("eve/hw.ipynb", answer())]
    hand_in(tmp_path, place, packed(*members, *[("ada/hw.ipynb", answer())] * (place == "all.zip")))
    hand_in(tmp_path, "wei/hw.ipynb")
    for name in names:
        hand_in(tmp_path, name.replace("eve", "bob"), b"")
    hand_in(tmp_path, "bob/hw.ipynb")
    submissions, entries = intake.take_in(intake.gather(tmp_path, SET), release, set_name=SET)
    assert {s.student for s in submissions} >= {"bob", "eve", "wei"}
    beside = [entry for entry in entries if folder in entry.file]
    assert len(beside) == (50 + intake.archives.MEMBERS + 1 if folder == "data" else 0)


@pytest.mark.parametrize("place", ["all.zip", "eve/hw.zip", "eve/deep.zip"])
def test_a_name_in_no_known_letters_closes_no_archive(tmp_path, release, place):
    data = packed(
        ("eve/\N{LATIN SMALL LETTER E WITH ACUTE}.ipynb", answer()), ("Zoë/hw.ipynb", answer())
    )
    data = data.replace("\N{LATIN SMALL LETTER E WITH ACUTE}".encode(), b"\xe9\xe9")
    hand_in(tmp_path, place, packed(("in.zip", data)) if "deep" in place else data)
    hand_in(tmp_path, "wei/hw.ipynb")
    assert students(tmp_path, release) == ["Zoe"] * (place == "all.zip") + ["eve", "wei"]


SWAP = """
"Blaise P_2_assignsubmission_file_":
  :submitters:
  - :name: Eve E
"Eve E_3_assignsubmission_file_":
  :submitters:
  - :name: Blaise P
"""
MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}\n" for i in range(1, 12)
)


@pytest.mark.parametrize("listed", [SWAP, MERGES], ids=["swap", "merges"])
@pytest.mark.parametrize("place", ["Eve E_3_assignsubmission_file_/", ""], ids=["eve", "top"])
def test_a_students_list_of_submitters_says_nothing(tmp_path, release, listed, place):
    """One at the top comes from a platform, which names the folders as it does."""
    names = ["Blaise P_2_assignsubmission_file_", "Eve E_3_assignsubmission_file_"]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in names:
            archive.writestr(f"{name}/hw.ipynb", answer(name))
        archive.writestr(f"{place}submission_metadata.yml", listed)
    submissions, _ = intake.take_in(intake.gather(tmp_path, SET), release, set_name=SET)
    whose = {s.student: names["Eve" in nbformat.writes(s.notebook)] for s in submissions}
    assert whose == dict(zip(["Blaise_P", "Eve_E"], names, strict=True))


@pytest.mark.parametrize(
    ("names", "roster", "want"),
    [
        (["HW1_ada_l", "HW1_bob_l"], "", ["ada_l", "bob_l"]),
        (["HW1_ada_l", "HW1_chen"], "", ["ada_l", "chen"]),
        (["HW_1_ada", "HW_1_ada_l"], "", ["ada", "ada_l"]),
        (["HW1_ada", "HW2_ada"], "", ["HW1_ada", "HW2_ada"]),
        (["HW1_ada"], "", ["ada"]),
        (["HW1_ada_l", "HW1_bob_l"], "id\nada_l\nbob_l\n", ["ada_l", "bob_l"]),
        (["HW1_ada_l", "HW1_bob_l", "HW1_l"], "id\nada_l\nbob_l\nl\n", ["ada_l", "bob_l", "l"]),
        (["HW1_ada_l", "HW_2_ada_l"], "id\nada_l\nl\n", ["ada_l"]),
    ],
)
@pytest.mark.parametrize("within", ["", "export/"])
def test_blackboards_users_with_a_line_in_their_names_stay_apart(
    names, roster, want, within, tmp_path, release
):
    for name in names:
        hand_in(tmp_path / "in", f"{within if len(names) > 1 else ''}{name}{BLACKBOARD}")
    (tmp_path / "roster.csv").write_text(roster)
    known = intake.read_roster(tmp_path) if roster else None
    found = intake.gather(tmp_path / "in", SET, roster=known)
    taken, entries = intake.take_in(found, release, roster=known)
    assert [s.student for s in taken] == sorted(want), entries


def test_the_newer_of_two_files_in_an_archive_is_taken_whatever_its_name(tmp_path, release):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, day in ((f"{SET}.ipynb", 1), ("final.ipynb", 20)):
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, day, 8, 0, 0)), answer(f"Day {day}."))
    hand_in(tmp_path, "ada/hw.zip", packed.getvalue())
    taken, entries = intake.take_in(intake.gather(tmp_path, SET), release, set_name=SET)
    assert [s.notebook.cells[0].source for s in taken] == ["Day 20."]
    assert any("newer" in e.reason for e in entries if e.file.endswith(f"{SET}.ipynb"))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Where $0<p<1$.", "0< p<1"),
        ("`if a<b:`", "if a< b:"),
        ("```python\nwhile a<b: pass\n```", "while a< b: pass"),
        ("See <https://example.org/a?b=c>.", "https://example.org/a?b=c ."),
    ],
)
def test_a_sign_for_less_stays_readable(text, kept):
    assert kept in intake.harmless(text)
    assert intake.harmless(intake.harmless(text)) == intake.harmless(text)


@pytest.mark.parametrize(
    "text",
    [
        "<https://x onclick=alert(1)>",
        "<https:>",
        "<http://>",
        "```mermaid\n<https://x/contenteditable/autofocus/onfocus=alert(1)>\n```",
        "~~~ &#109;ermaid\n<http://x/autofocus/onclick=alert(1)>\n~~~",
    ],
)
def test_nothing_between_angle_brackets_acts(text):
    page = markdown2html(intake.harmless(text))
    assert not re.search(r"<[^>]*\b(href|onclick|onfocus)\s*=", page), page


@pytest.mark.parametrize(
    "text",
    [
        ":::{iframe} javascript:alert(1)\n:::",
        "> ``` {iframe} javascript:alert(1)\n> ```",
        "~~~\ufeff{card}\n:link: javascript:alert(1)\n~~~",
        "{eval}`1`",
        "{eval .x}``1``",
        r"$\def\sum{1}$",
        r"\$\\newcommand{\\sum}{1}\$",
        r"&#36;&bsol;let\sum=1&#x24;",
        r"$\require{html}$",
    ],
)
def test_no_directive_role_or_macro_is_left(text):
    """JupyterLab with MyST runs the first ones; a macro would hold in the rubric."""
    left = intake.harmless(text)
    assert not re.search(r"[:`~]{3}[\s\ufeff]*\{", left)
    assert not re.search(r"\{[^{}]*\}`", left)
    assert not re.search(r"\\(def|let|newcommand|require)\b", html.unescape(left))
    assert intake.harmless(left) == left


@pytest.mark.parametrize(
    "text", [r"$\sum_k \delta_k \definecolor$", "R&D: {a} and `b`", "a &lt; b"]
)
def test_other_formulas_braces_and_entities_stay(text):
    assert intake.harmless(text) == text


@pytest.mark.parametrize(
    "fence",
    ["```mermaid", "~~~~ Mermaid", "> ~~~\tmermaid x", "~~~text mermaid"],
)
def test_no_diagram_is_drawn_of_a_text(fence):
    """It fetches its pictures from anywhere; JupyterLab goes by the first word behind the fence."""
    left = intake.harmless(f"{fence}\nflowchart TD\n~~~")
    word = re.search(r"[`~]{3,}\s*(\S*)", left)[1]
    assert "mermaid" not in word.lower()
    assert intake.harmless(left) == left


@pytest.mark.parametrize(
    "piece", ["```a", "``` ", "`~", "~~~ mermai", "```{", "{`", "![](", "&#36", "](", "<http://x"]
)
def test_a_long_text_is_made_harmless_at_once(piece):
    """A notebook may hold a thousand of this length; what looks far ahead took seconds for each."""
    text, begin = (piece * 50_000)[:50_000], time.process_time()
    intake.harmless(text)
    assert time.process_time() - begin < 1


def test_what_a_student_added_is_told_from_the_rubric(release):
    """In the form grader it may stand right below it."""
    cells = [nbformat.v4.new_markdown_cell("Rubric, continued: all points.")]
    cells += [nbformat.v4.new_markdown_cell("My answer.", id="q1")]
    data = nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()
    for _ in range(2):  # what was taken in is taken in again as it is
        notebook, _ = intake.restore(intake.read_cells(data), release)
        assert [cell.source for cell in notebook.cells] == [
            "*(Added by the student:)*\n\nRubric, continued: all points.",
            "My answer.",
        ]
        data = nbformat.writes(notebook).encode()


def _listed_again(data, names, extra=b""):
    """An archive's bytes, and further names in its list for its last member."""
    end = data.rindex(b"PK\5\6")
    count, size, begin = struct.unpack_from("<HLL", data, end + 10)
    last = data.rindex(b"PK\1\2")
    lines = b""
    for name in names:
        head = bytearray(data[last : last + 46])
        struct.pack_into("<HHH", head, 28, len(name), len(extra), 0)
        lines += bytes(head) + name.encode() + extra
    tail, count = bytearray(data[end:]), count + len(names)
    struct.pack_into("<HHLL", tail, 8, count, count, size + len(lines), begin)
    return data[:end] + lines + bytes(tail)


def test_no_member_is_read_for_many_names(tmp_path, release):
    """Each would cost the time of all."""
    work = packed(("hw.ipynb", answer()), ("page.txt", os.urandom(4000)), method=zipfile.ZIP_STORED)
    hand_in(tmp_path, "ada/hw.zip", _listed_again(work, [f"{n}.txt" for n in range(9)]))
    hand_in(tmp_path, "bob/hw.zip", _listed_again(work, ["x.txt"], extra=b"\0" * 9000))
    hand_in(tmp_path, "cy/hw.zip", work)
    submissions, entries = intake.take_in(intake.gather(tmp_path, SET), release)
    assert [one.student for one in submissions] == ["cy"]
    reasons = " ".join(entry.reason for entry in entries)
    assert "its members lie over one another" in reasons
    assert "9000 bytes on a member" in reasons


def test_one_list_of_gradescopes_is_read(tmp_path, release, monkeypatch):
    """Of many with one name, each could be the same member."""
    read, of_zip = [], zipfile.ZipFile.open

    def noted(archive, member, *args, **more):
        read.append(getattr(member, "filename", member))
        return of_zip(archive, member, *args, **more)

    files = [("export/submission_1/hw.ipynb", answer()), (f"export/{intake.METADATA}", "")]
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = bytearray(packed(*files, *files[1:] * 5))
    for found in re.finditer(rb"PK\x01\x02", bytes(data)):
        data[found.start() + 16] ^= 1  # no checksum is right
    hand_in(tmp_path, "all.zip", bytes(data))
    monkeypatch.setattr(zipfile.ZipFile, "open", noted)
    intake.take_in(intake.gather(tmp_path, SET), release)
    assert read.count(f"export/{intake.METADATA}") == 2  # once to look at it, once to take it in


def test_a_heading_does_not_take_the_place_of_a_question():
    """The form grader finds the boxes for marks by the ids of a page."""
    settings = Config()
    autograde.configure(settings)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# q2\n\nq2\n---")])
    page, _ = HTMLExporter(config=settings, template_name="basic").from_notebook_node(notebook)
    assert "<h1>q2</h1>" in page.replace("\n", "")
    assert 'id="q2"' not in page


def test_no_cell_of_a_list_is_a_formula(tmp_path):
    """Whichever sign a spreadsheet takes for the end of a cell."""
    names = ["=1+1.txt", "a;=1+1;.txt", "a;@x.txt", "a\t-1.txt", 'a;"=1&";.txt', "a; '\"+1.txt"]
    entries = [intake.Entry(name, name, "set aside", name) for name in names]
    intake.report(entries, tmp_path / "list.csv")
    for sign in ",;\t":
        with (tmp_path / "list.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.reader(file, delimiter=sign):
                begun = [cell.lstrip(' "')[:1] for cell in row]
                assert not {"=", "+", "-", "@"} & {*begun}, row


@pytest.mark.parametrize(
    ("file", "whose"),
    [
        ("PS-Small_ada.ipynb", "ada"),
        ("ps_small_bob.ipynb", "bob"),
        ("chen_ps_small.ipynb", "chen"),
        ("ps-small-fay-Copy1.ipynb", "fay"),
        ("gil-ps-small-final.ipynb", "gil"),
        ("ada - Copy.ipynb", "ada"),
        ("ada - Copy (2).ipynb", "ada"),
        ("ada copy.ipynb", "ada"),
        ("ada copy 2.ipynb", "ada"),
        ("ada - Kopie.ipynb", "ada"),
        ("Kopie von ada.ipynb", "ada"),
        ("Copie de ada (1).ipynb", "ada"),
        ("Copia de ada.ipynb", "ada"),
        ("Cópia de ada.ipynb", "ada"),
        ("ada_copyright.ipynb", "ada_copyright"),
        ("lea.ipynb.zip", "lea"),
        ("Homework.ipynb", ""),
        ("hw.ipynb", ""),
        ("Homework 2/x.ipynb", ""),
        ("ps-small/ps-small.ipynb", ""),
        ("submission_12/ps-small.ipynb", ""),
        ("class/ada.ipynb", "ada"),
        ("\N{GRINNING FACE}/x.ipynb", ""),
    ],
)
def test_a_name_is_told_from_the_sets(file, whose, tmp_path, release):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x.ipynb", answer())
    hand_in(tmp_path, file, packed.getvalue() if file.endswith(".zip") else None)
    taken, entries = intake.take_in(intake.gather(tmp_path, SET), release, set_name=SET)
    assert [s.student for s in taken] == [whose] * bool(whose), entries
    assert whose or "whose it is" in entries[0].reason or "rename" in entries[0].reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("hw.json", "end in .ipynb"),
        ("ps-small", "end in .ipynb"),
        ("ps-small.TXT", "end in .ipynb"),
        ("hw.7z", "only .zip is opened, not .7z"),
        ("hw.tar.gz", "only .zip is opened, not .gz"),
        ("hw.pdf", "it is no notebook"),
    ],
)
def test_what_is_no_notebook_by_its_name_is_told_why(name, reason, tmp_path, release):
    hand_in(tmp_path, f"ada/{name}")
    hand_in(tmp_path, "bob.zip", packed((name, b"")))
    _, entries = intake.take_in(intake.gather(tmp_path, SET), release, set_name=SET)
    assert [reason in entry.reason for entry in entries] == [True, True]


ROSTER = "id,name,section\nada,Zoë Ada,A\nbob,Bob Li,B\n"


@pytest.mark.parametrize(
    "data",
    [
        ROSTER.encode(),
        ROSTER.encode("utf-8-sig"),
        ROSTER.encode("utf-16"),
        ROSTER.encode("cp1252"),
        ROSTER.replace(",A\n", ",£20…¿?\n").encode("cp1252"),
        ROSTER.replace(",", ";").encode(),
        ROSTER.replace(",", "\t").encode(),
        ROSTER.replace("id,name", " ID , Name ").encode(),
        b"sep=,\r\n" + ROSTER.replace("\n", "\r\n").encode(),
    ],
)
def test_a_roster_is_read_as_spreadsheets_save_it(data, tmp_path):
    (tmp_path / "roster.csv").write_bytes(data)
    roster = intake.read_roster(tmp_path)
    assert roster.names == {"ada": "Zoë Ada", "bob": "Bob Li"}
    assert roster.find(intake.HandedIn("A", "A", "A", intake.EPOCH)) == set()  # a section
    (tmp_path / "roster.csv").write_text("number,name\n1,Ada\n")
    with pytest.raises(ValueError, match=r"roster.csv needs a column id.*number, name"):
        intake.read_roster(tmp_path)
