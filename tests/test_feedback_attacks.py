"""What a student writes neither stops the feedback, nor acts in its page, nor tells an input."""

import ast
import contextlib
import copy
import dataclasses
import json
import os
import re
import time
from pathlib import Path
from types import SimpleNamespace

import latex2mathml.converter
import nbformat
import numpy as np
import pytest
from classroom import SET, Course, need_a_jail
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grading import autograde, bounded, feedback, grades, intake, jail, release, sets, verdict
from grading.inside import exchange

pytestmark = pytest.mark.machine

PIXEL = "iVBORw0KGgo="


BOMBS = {
    "a table": "|a" * 2000 + "|\n" + "|-" * 2000 + "|\n" + "|b\n" * 4000,
    "emphasis": "*a **a " * 7000,
    "brackets": "[[[[" * 10_000,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_text_that_takes_long_to_show_is_shown_as_it_is(bomb, monkeypatch):
    monkeypatch.setattr(feedback, "SECONDS", 2)
    notebook = new_notebook(cells=[new_markdown_cell(BOMBS[bomb]), new_code_cell("1 + 1")])
    of = {"score": 0, "max_score": 1, "waits": 0, "student": "s", "notebook": "n"}
    start = time.monotonic()
    html, _ = feedback.Page().from_notebook_node(notebook, {"nbgrader": of})
    assert time.monotonic() - start < 30
    assert BOMBS[bomb][:4] in html


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_a_figure_is_on_the_page_in_its_own_form(kind):
    shown = {"text/plain": "<Image>", f"image/{kind}": PIXEL}
    output = nbformat.v4.new_output("display_data", data=shown)
    notebook = new_notebook(cells=[new_code_cell("figure", outputs=[output])])
    of = {"score": 0, "max_score": 1, "waits": 0, "student": "s", "notebook": "n"}
    page = feedback.Page().page(notebook, of)
    assert f'src="data:image/{kind};base64,{PIXEL}"' in page


def colours(count):
    stream = nbformat.v4.new_output("stream", name="stdout", text="\x1b[m" * count)
    return new_code_cell("print(colours)", outputs=[stream])


SLOW = {
    "brackets": [new_markdown_cell("[[[[" * 12_000)],
    "lines of spaces": [new_code_cell("x = (\n" + "\n \t" * 20_000)],
    "many that are quick": [new_markdown_cell("[[[[" * 2000) for _ in range(25)],
    "colours": [colours(300_000)],
    "colours in many": [colours(50_000) for _ in range(40)],
}


@pytest.mark.parametrize("kind", SLOW)
def test_the_form_grader_shows_a_part_of_what_takes_long(kind):
    """With nbgrader's own exporter, configured as in the course's folder."""
    exporter = HTMLExporter(config=release.settings(sets.EXERCISES))
    slow = copy.deepcopy(SLOW[kind])
    notebook = new_notebook(cells=[new_markdown_cell("*fine*"), new_code_cell("1 + 1"), *slow])
    start, before = time.process_time(), sum(os.times()[2:4])
    html, _ = exporter.from_notebook_node(notebook)
    assert time.process_time() - start < 5
    assert sum(os.times()[2:4]) - before < 2 * feedback.TRIAL + feedback.TRIALS * feedback.TRIAL + 3
    assert "<em>fine</em>" in html
    assert 1 <= html.count("characters at most are shown") <= len(slow)


def test_what_takes_all_memory_or_time_or_dies_is_given_up():
    for text in ("x" * 100, "ü€"):
        assert bounded.limited(lambda text=text: text, 1) == text
    assert bounded.limited(lambda: "x" * 10**10, 1) is None
    assert bounded.limited(lambda: os._exit(3), 1) is None
    assert bounded.limited(lambda: [1 for _ in iter(int, 1)], 1) is None


def graded(name):
    marks = {"grade_id": name, "grade": True, "solution": False, "locked": True, "points": 1}
    return new_code_cell(id=name, metadata={"nbgrader": marks})


def given(text):
    marks = {"grade_id": "text", "grade": False, "solution": False, "locked": True}
    return new_markdown_cell(text, metadata={"nbgrader": marks})


def test_a_heading_of_brackets_takes_no_time():
    notebook = new_notebook(cells=[given("# " + "(" * 40_000), graded("q1")])
    start = time.process_time()
    (question,) = feedback.questions(notebook)
    assert time.process_time() - start < 1
    assert len(question["heading"]) == feedback.HEADING


def test_a_headings_points_are_left_out():
    notebook = new_notebook(cells=[given("## 1 · Double (2 points)"), graded("q1")])
    assert feedback.questions(notebook)[0]["heading"] == "1 · Double"


@pytest.mark.parametrize(
    "attack",
    [
        r'\text{<meta/http-equiv="refresh"content="0;url=http://evil/">}',
        r"\text{<style>body{display:none}</style>}",
        r"\text{&lt;img src=x&gt;}",
        r"\text{&amp;lt;img src=x&amp;gt;}",
        r"\mbox{<form/action=http://evil/>}",
        r"\href{javascript:alert(1)}{x}",
        r"\style{position:fixed}{x}",
        r"\class{right}{x}",
        r'\color{red"><img src=x>}{y}',
    ],
)
@pytest.mark.parametrize("dollars", ["$", "$$"])
def test_a_formula_puts_nothing_into_the_page(attack, dollars):
    html = feedback.text(dollars + attack + dollars)
    assert "<math" in html
    for active in ("<meta", "<style", "<form", "<img", " href=", " style=", ' class="right'):
        assert active not in html


@pytest.mark.parametrize(
    "formula",
    [
        r"\frac{a}{b + 1}",
        r"\sum_{i=1}^n x_i \log p_i",
        r"\alpha + \Omega \to \infty",
        r"\hat{y} = \bar x",
        r"f'(x) + f''(x)",
        "a < b \\le c",
        r"\begin{pmatrix}a & b \\ c & d\end{pmatrix}",
        r"\text{if } x > 0",
    ],
)
@pytest.mark.parametrize("display", ["inline", "block"])
def test_a_usual_formula_is_as_it_was(formula, display):
    options = {"display_mode": display == "block"}
    usual = latex2mathml.converter.convert(formula, display=display)
    assert feedback.mathml(formula, options) == usual


ALIGNED = ["align", "align*", "aligned", "alignedat", "eqnarray", "eqnarray*", "split", "array"]


@pytest.mark.parametrize("name", [*ALIGNED, "gather", "gathered", "multline*", "dcases"])
def test_the_rows_of_a_derivation_are_rows(name):
    """As Jupyter shows them, without numbers."""
    alone = name in ("gather", "gathered", "multline*")
    sign = "=" if alone else "&=&" if "arr" in name else "&="
    more = {"alignedat": "{2}", "array": "{rcl}", "aligned": "[t]"}.get(name, "")
    body = f"a_1 {sign} b*c \\\\[4pt]\n{sign} c*d \\label{{x}} \\nonumber"
    formula = f"\\begin{{{name}}}{more}\n{body}\n\\end{{{name}}}"
    pages = [feedback.text(f"$${formula}$$"), feedback.text(f"So $$\n{formula}\n$$")]
    pages += [feedback.text(f"$$\\begin{{equation}}\n{formula}\n\\end{{equation}}$$ and so on")]
    bare = name in ("align", "align*", "eqnarray", "eqnarray*", "gather", "multline*")
    pages += [feedback.text(intake.harmless(f"So\n{formula}\nand"))] * bare
    for page in pages:
        assert page.count("<mtr>") == 2
        assert page.count("<mtd") == 2 * {"=": 1, "&=": 2, "&=&": 3}[sign]
        assert not re.search(r"4pt|&amp;|<em>|label|nonumber|\(1\)|<code>", page)


@pytest.mark.parametrize("formula", [r"\begin{unknown}a &= b\end{unknown}", "a &= b"])
def test_a_formula_that_is_not_understood_is_shown_as_written(formula):
    page = feedback.text(f"$${formula}$$")
    assert f"<code>{formula.replace('&', '&amp;')}</code>" in page


def test_a_picture_is_set_in_a_few_times():
    attached = {"a.png": {"image/png": PIXEL}, "A.png": {"image/png": PIXEL}}
    html = feedback.text("![it](attachment:a.png) " * 300 + "![](attachment:A.png)", attached)
    assert html.count(PIXEL) == feedback.SHOWN + 1
    assert html.count("shown 3 times above") == 297
    assert 'alt="it"' in html


def test_no_short_name_repeats_a_long_address():
    picture = f"data:image/png;base64,{PIXEL}"
    html = feedback.text("![][a] [b][a] " * 100 + f"\n\n[a]: {picture}\n")
    assert html.count(PIXEL) == 1
    assert PIXEL in feedback.text(f"![]({picture})")


@pytest.mark.parametrize("address", ["http://evil/x.png", "data%3Ax", "attachment:other.png"])
def test_a_picture_from_elsewhere_is_not_fetched(address):
    html = feedback.text(f"![seen]({address})", {"a.png": {"image/png": PIXEL}})
    assert "src=" not in html
    assert "seen" in html


@pytest.mark.parametrize("words", ["BEGIN MARK SCHEME", "END MARK SCHEME"])
def test_a_student_may_write_the_words_around_a_rubric(words):
    lines = f"mine\n### {words}\nmine, too"
    rubric = "Derive it.\n### BEGIN MARK SCHEME\nsecret\n### END MARK SCHEME"
    given = {"grade_id": "a", "grade": False, "solution": False, "locked": True, "task": False}
    answer = given | {"grade_id": "b", "solution": True, "locked": False}
    notebook = new_notebook(
        cells=[
            new_markdown_cell(rubric, metadata={"nbgrader": given}),
            new_markdown_cell(lines, metadata={"nbgrader": answer}),
            new_code_cell(lines),
        ]
    )
    clear = autograde.ClearRubrics(enforce_metadata=False)
    notebook, _ = clear.preprocess(notebook, {})
    assert [cell.source for cell in notebook.cells] == ["Derive it.", lines, lines]


class OfTwo:
    """An exam of one question, `share(x)`, with two hidden inputs and a mistake that it knows."""

    def __init__(self, show):
        """Show an input that failed, or do not."""
        mistake = sets.Mistake("a quarter", "Which sum?", lambda x: x / np.max(x), "")
        question = sets.Question("q2", 2, "function", "share", reference=lambda x: x / x.sum())
        self.question = dataclasses.replace(question, show=show, mistakes=(mistake,))
        self.exam = verdict.Exam.__new__(verdict.Exam)
        calls = [[np.array([1.0, 2.0])], [np.array([1.0, 2.0, 3.0])]]
        self.exam.questions, self.exam.calls = [self.question], {"q2": calls}
        self.exam.wanted = {"q2": [x / x.sum() for (x,) in calls]}

    def said(self, first, **record):
        """The verdict's words if the first call is answered like this, and the second right."""
        right = {"value": exchange.encode(self.exam.wanted["q2"][1])}
        right = first if "missing" in first else right
        whole = {"answers": {"q2": [first, right]}, "later": {}, "cells": {}} | record
        return self.exam.judge(whole)[0].message


KINDS = [
    *({"died": why} for why in verdict.DIED),
    *({"error": [name, "it was 1.0"]} for name in ("KeyError", "NotImplementedError", "Secret1")),
    *({"missing": why} for why in ("undefined", "uncallable")),
    {"timeout": True},
    *({"value": value} for value in (1.0, None, "it was 1.0", {"$other": "an object of type T"})),
    {"value": exchange.encode(np.array([0.5, 1.0]))},  # the known mistake's
]


def test_where_inputs_are_hidden_no_kind_of_failure_tells_anything():
    """A submission could choose it by what it was asked."""
    hidden = {OfTwo(show=False).said(kind) for kind in KINDS}
    assert len(hidden) == 1
    assert "not shown" in hidden.pop()
    assert len({OfTwo(show=True).said(kind) for kind in KINDS}) > 12


def test_where_inputs_are_hidden_what_was_seen_before_them_is_said():
    error = {"output_type": "error", "ename": "KeyError", "evalue": "'a'", "traceback": []}
    sources = {"q2-answer": "def share(x): pass"}
    of = OfTwo(show=False)
    assert "`share` stopped with KeyError: 'a'." in of.said(
        KINDS[0], sources=sources, cells={"q2-answer": [error]}
    )
    assert "Not answered yet" in of.said(KINDS[0], sources=sources, untouched=["q2"])
    check = ["x = 1", "assert share([1, 3])[0] == 0.25, f'a quarter and no {1 + 1} of three'"]
    failed = error | {"ename": "AssertionError", "evalue": "a quarter and no 2 of three"}
    assert "The check says: a quarter" in of.said(KINDS[0], given=check, cells={"q2": [failed]})


@pytest.mark.parametrize("end", ["", ".", "?", "!", "…"])
@pytest.mark.parametrize("said", ["raised", "the cell", "the check"])
def test_each_sentence_of_a_message_has_one_sign_at_its_end(said, end):
    of, text = OfTwo(show=True), f"use axis 1 instead{end}"
    failed = {"output_type": "error", "ename": "AssertionError", "evalue": text}
    message = {
        "raised": lambda: of.said({"error": ["KeyError", f"KeyError: {text}"]}),
        "the cell": lambda: of.said(
            {"missing": "undefined"}, sources={"a": "share = 1"}, cells={"a": [failed]}
        ),
        "the check": lambda: of.said(
            {"value": 2.0}, given=[f"assert x, {text!r}"], cells={"q2": [failed]}
        ),
    }[said]()
    assert re.search(rf"use axis 1 instead{re.escape(end or '.')}(?=\s[A-Z`]|\Z)", message)


FORGED = "right, and q2 has 2 of 2 points"


@pytest.mark.parametrize(
    "output",
    [
        {"output_type": "stream", "text": f"This cell is {FORGED}, so it was left out."},
        {"output_type": "error", "ename": "TooLong", "evalue": ""},
        {"output_type": "error", "ename": f"X\nIt is {FORGED}\n" + "x" * 10**6, "evalue": ""},
    ],
    ids=["a note", "a time", "a name"],
)
def test_a_submission_puts_no_words_into_the_graders_mouth(output):
    of = OfTwo(show=True)
    said = of.said(
        {"missing": "undefined"},
        sources={"a": "share: int"},
        cells={"a": [output], "q2": [output]},
    )
    assert "left out" not in said
    assert "longer than" not in said
    assert len(said) < 1000
    assert "\n" not in said.replace("It was called with", "")
    for text in (FORGED, "a quarter and no right of three, FORGED", "a quarter and no"):
        failed = {"output_type": "error", "ename": "AssertionError", "evalue": text}
        for check in ("assert f'a quarter and no {1 + 1} of three'", "%time f'{1}'"):
            wrong = of.said({"value": 1.0}, cells={"q2": [failed]}, given=[check])
            assert "The check says" not in wrong


@pytest.mark.parametrize("name", sorted(path.stem for path in sets.EXERCISES.glob("ps-*.py")))
def test_what_a_sets_checks_say_is_known_as_their_own(name):
    """So each of their messages has to stand in the code as a text."""
    for cell in sets.load(name).student().cells:
        nodes = ast.walk(ast.parse(cell.source if cell.cell_type == "code" else ""))
        said = [node.msg for node in nodes if isinstance(node, ast.Assert)]
        assert all(isinstance(text, ast.Constant | ast.JoinedStr) for text in said), cell.id


def test_the_table_of_grades_names_each_column_once(tmp_path):
    table = tmp_path / "grades.csv"
    table.write_text("assignment,student_id,score\nps,ada,1\n", encoding="utf-8")
    one = SimpleNamespace(student_id="ada", total_seconds_late=0)
    book = SimpleNamespace(
        assignments=[SimpleNamespace(name="ps")], assignment_submissions=lambda _: [one]
    )
    grades.with_status(table, tmp_path, book, [], set())
    assert table.read_text() == "assignment,student_id,score,status\nps,ada,1,graded\n"


def test_the_status_says_why_a_file_no_longer_counts(tmp_path):
    table = tmp_path / "grades.csv"
    table.write_text("assignment,student_id,score\nps,ada,1\nps,bob,1\n", encoding="utf-8")
    (tmp_path / "set_aside").mkdir()
    listed, head = tmp_path / "set_aside" / "ps.csv", "student,file,status,reason\n"
    listed.write_text(head + "eva,x,graded,\nada,y,set aside,it is encrypted\n")
    those = [SimpleNamespace(student_id=one, total_seconds_late=0) for one in ("ada", "bob")]
    book = SimpleNamespace(
        assignments=[SimpleNamespace(name="ps")], assignment_submissions=lambda _: those
    )
    grades.with_status(table, tmp_path, book, [], set())
    lost = {
        "ps,ada,1,its file is now set aside: it is encrypted",
        "ps,bob,1,no file in the inbox is this student's now",
    }
    assert lost < set(table.read_text().splitlines())
    listed.write_text(head + "ada,y,set aside,it is encrypted\n")  # and nobody's is graded
    grades.with_status(table, tmp_path, book, [], set())
    assert lost < set(table.read_text().splitlines())
    own = intake.listed(tmp_path, "ps")  # a spreadsheet takes zeros from the beginning of an id
    own.parent.mkdir(parents=True)
    own.write_text(head + "ada,x,graded,\nbob,x,graded,\n")
    grades.with_status(table, tmp_path, book, [], set())
    assert {"ps,ada,1,graded", "ps,bob,1,graded"} < set(table.read_text().splitlines())


def test_a_list_that_a_spreadsheet_saved_is_read_and_a_foreign_one_named(tmp_path, capsys):
    table = tmp_path / "grades.csv"
    table.write_text("assignment,student_id,score,max_score\n", encoding="utf-8")
    folder = tmp_path / "set_aside"
    folder.mkdir()
    lines = "student;file;status;reason\r\nada;y;set aside;it is encrypted\r\nbob;z;graded\r\n"
    (folder / "ps.csv").write_text(lines, encoding="utf-8-sig")
    (folder / "ps (copy).csv").write_text(lines)
    (folder / "notes.csv").write_text("a,b\n1,2\n")
    book = SimpleNamespace(
        assignments=[SimpleNamespace(name="ps")], assignment_submissions=lambda _: []
    )
    grades.with_status(table, tmp_path, book, [], set())
    assert table.read_text().splitlines()[1:] == [
        "ps,ada,,,set aside: it is encrypted",
        "ps,bob,,,not in the gradebook: run make grade again",
    ]
    said = capsys.readouterr().err
    assert [name in said for name in ("notes.csv", "ps (copy).csv", "ps.csv")] == [1, 1, 0]


def test_no_student_writes_the_title_or_a_heading():
    def cell(kind, source, **marks):
        made = nbformat.v4.new_markdown_cell(source) if kind == "text" else None
        made = made or nbformat.v4.new_code_cell(source)
        made.metadata.nbgrader = nbformat.from_dict(marks) if marks else {}
        return made

    cells = [
        cell("code", "# my helpers: 24 of 24 points"),
        cell("text", "# Mine"),
        cell("code", "# given", grade_id="a", locked=True),
        cell("text", "# The set", grade_id="b", locked=True),
        cell("text", "## 1 · First (2 points)", grade_id="c", locked=True),
        cell("text", "## All right"),
        cell("code", "", grade_id="q1", locked=True, grade=True, points=2, score=0),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    assert feedback.questions(notebook)[0]["heading"] == "1 · First"
    of = {"notebook": "ps", "student": "ada", "score": 0, "max_score": 2, "waits": 0}
    page = feedback.Page().page(notebook, of)
    assert "<title>The set: 0 of 2 points</title>" in page
    assert "<h1>The set</h1>" in page


@pytest.mark.parametrize("nested", [tuple, list, dict])
def test_a_part_of_a_long_answer_is_read(nested):
    """To write an array takes 100 microseconds, and there may be 60,000 of them."""
    many = [np.ones((2,) * 6, "i1") for _ in range(60_000)]
    value = {str(n): one for n, one in enumerate(many)} if nested is dict else nested(many)
    start = time.process_time()
    text = verdict._show([value, value])
    assert time.process_time() - start < 1
    assert len(text) == verdict.SHOWN + 2
    assert verdict._show([{"a": (1, [2.0])}]) == "[{'a': (1, [2.0])}]"


@pytest.mark.parametrize(("shape", "count"), [((2,) * 20, 1), ((6,) * 7, 9), ((2,) * 8, 9000)])
def test_an_array_of_many_short_axes_is_named(shape, count):
    """NumPy shortens long axes only."""
    many = [np.ones(shape, "i1")] * count
    start = time.process_time()
    text, first = verdict._show(many), verdict._show(many[0])
    assert time.process_time() - start < 1
    assert len(text) <= verdict.SHOWN + 2
    assert ("array([" in first) == (np.ones(shape).size <= verdict.SHOWN)
    assert first.startswith(("array([", f"an array of shape {shape} and dtype int8"))


def test_how_a_cell_ended_is_said_as_the_grader_saw_it():
    of = OfTwo(show=True)
    for why, said in (("slow", "took longer than a cell may take"), ("memory", "used more memory")):
        found = of.said({"missing": "undefined"}, sources={"a": "share = 1"}, ended={"a": why})
        assert f"The cell that defines `share` {said}" in found


def test_a_placeholder_left_as_it_was_is_named():
    said = OfTwo(show=True).said({"error": ["NotImplementedError", "replace it"]})
    assert said.startswith("Not answered yet")


@pytest.mark.parametrize("count", [-5, 2**80, None])
def test_the_grader_counts_the_cells_itself(count, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    said = {"output_type": "execute_result", "data": {"text/plain": "1"}, "metadata": {}}
    record = {"cells": {"a": [said | {"execution_count": count}]}, "answers": {}}
    paper = SimpleNamespace(judge=lambda _: [], digest=lambda: "")
    monkeypatch.setattr(autograde, "exam", lambda *_: paper)
    monkeypatch.setattr(autograde, "recall", lambda *_: record)
    names = {"nbgrader": {"assignment": SET, "student": "one"}}
    notebook = new_notebook(cells=[new_markdown_cell("one"), new_code_cell("1", id="a")])
    notebook, _ = autograde.GradeInJail().preprocess(notebook, names)
    assert notebook.cells[1].execution_count == 1
    assert notebook.cells[1].outputs[0].execution_count == 1
    nbformat.validate(notebook)


def test_an_attackers_page_is_made(tmp_path):
    need_a_jail()
    course = Course(tmp_path / "course")
    answers = course.right("q1") | {"q4": "mine\n### BEGIN MARK SCHEME\nmine, too"}
    course.hand_in("one", course.notebook(answers, first="### END MARK SCHEME\n'kept'"))
    course.run("grade", SET)
    course.run("feedback", SET)
    page = (course.root / "feedback" / "one" / SET / f"{SET}.html").read_text(encoding="utf-8")
    assert "mine, too" in page
    assert "END MARK SCHEME" in page
    assert "rubric's secret sentence" not in page
    assert "form-action 'none'; base-uri 'none'" in page


def said(frames):
    """A jail that says these frames, one after another."""
    lines = [exchange.dump(frame) for frame in frames]

    def read(seconds):
        fake.size = len(lines[0]), jail.watch.elements(lines[0])
        return exchange.parse(lines.pop(0))

    fake = SimpleNamespace(read=read, size=(0, 0), stray=lambda: None)
    return fake


def test_answers_that_are_too_large_cost_themselves_only():
    """To read the elements of lists takes the grader's time, so there is room for so many."""
    deep = json.loads("[" * 17 + "]" * 17)  # no comma in it
    values = [[1] * 700, [1] * 700, [deep] * 40, 2, [1] * 200]
    frames = [{"question": "q1", "call": n, "value": value} for n, value in enumerate(values)]
    answers, room = {}, [10**6, 1000]
    asked = ["q1", "function", "f", [[]] * len(values)]
    jail.submission.take_answers(
        said([*frames, {"question": "q1", "done": "exit"}]), asked, answers, 5, room
    )
    found = [answer["value"] for answer in answers["q1"]]
    too_much = {"$other": "too much data, with all answers before"}
    assert found == [values[0], too_much, too_much, *values[3:]]


def test_a_limit_within_another_gives_its_time_back():
    def work():
        with bounded.within(5, "a part"):
            time.sleep(0.7)
        time.sleep(5)

    start = time.monotonic()
    with pytest.raises(TimeoutError, match="the whole"), bounded.within(1, "the whole"):
        work()
    assert time.monotonic() - start < 1.5


def test_a_wide_character_widens_its_text():
    """Python then holds all of the text in four bytes a character."""
    assert [jail.watch.width(one) for one in (b'"ab"', '"é"'.encode(), b'"\\u00e9"')] == [1, 4, 4]


def test_all_attempts_share_what_may_be_shown(monkeypatch):
    """What each shows first is kept to the end; what a later one shows again takes no room."""
    big = {"output_type": "stream", "name": "stdout", "text": "x" * 700}
    a, c = ({"cell": name, "outputs": [big], "slow": False} for name in "ac")
    attempts = [a], [a, c], [a, c]  # each dies then: in b, in d, and before any question
    monkeypatch.setattr(jail.submission, "Jail", Scripted(*attempts))
    record = jail.run([[name, "1"] for name in "abcd"], [], jail.Limits(shown=600))  # twice as much
    shown = {name: outputs[0]["text"] for name, outputs in record["cells"].items()}
    assert len(shown["a"]) == 700
    assert "The output is cut here" in shown["c"]


def test_all_attempts_share_what_may_be_said(monkeypatch):
    """What one says is kept in the grader's memory; and the last has enough left to answer."""
    most = []

    class Flood:
        said, reason = 0, staticmethod(str)

        def __init__(self, limits, **_):
            self.limits = limits

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def start(self):
            pass

        def hand_over(self, cells, kept):
            most.append(self.most)
            self.said = self.most
            raise jail.Ended("output")

    monkeypatch.setattr(jail.submission, "Jail", Flood)
    limits = jail.Limits()
    jail.run([["q1", "1"]], [["q1", "value", "x", [[]]]], limits)
    assert len(most) == limits.attempts
    assert sum(most) == limits.said
    assert most[-1] >= 2 * limits.shown


class Scripted:
    """Jails whose submissions say these frames, a list for each attempt, and then die."""

    said, size, reason = 0, (0, 0), staticmethod(str)

    def __init__(self, *attempts):
        """Take what they say."""
        self.attempts = [list(frames) for frames in attempts]

    def __call__(self, limits, **_):
        """Begin an attempt; without one left it dies at once."""
        self.frames = self.attempts.pop(0) if self.attempts else []
        return contextlib.nullcontext(self)

    def start(self):
        """It is there already."""

    hand_over = send = stray = lambda self, *_: None

    def read(self, _):
        """Say the next frame."""
        if not self.frames:
            raise jail.Ended("exit")
        frame = self.frames.pop(0)
        if isinstance(frame, Exception):
            raise frame
        return frame


ORDERS = [["q1", "function", "f", [[]]], ["q2", "function", "g", [[]]]]
RAN = [{"cell": "q1", "outputs": [], "slow": False}, {"cell": "q2", "outputs": [], "slow": False}]
DONE = {"cells": "done"}
ASKED = {"question": "q1", "call": 0, "timeout": True}
PRINTS = {"output_type": "stream", "name": "stdout", "text": "1"}


@pytest.mark.parametrize(
    "told",
    [
        [RAN[0] | {"slow": True}],
        [RAN[0], RAN[1] | {"slow": True}],
        [RAN[0] | {"outputs": [PRINTS]}],
        [RAN[0]],
        [*RAN, DONE, {"question": "q1", "call": 0, "value": 1}],
    ],
    ids=["slow", "slow, too", "an output", "an end", "another answer"],
)
def test_after_hidden_inputs_an_attempt_tells_nothing_but_its_answers(told, monkeypatch):
    """A submission that ends the first attempt by an input could tell it in the second."""
    cells = [["q1", "1"], ["q2", "2"]]
    first = [*RAN, DONE, ASKED, {"question": "q1", "done": "exit"}]  # q2 is asked in the next

    def record(second):
        monkeypatch.setattr(jail.submission, "Jail", Scripted(first, second))
        found = jail.run(cells, ORDERS, hidden=["q2"])
        del found["answers"]["q2"]  # which are not shown
        return found

    assert record(told) == record([])
    assert record(told)["ended"] == {}


def test_a_second_jail_that_cannot_be_made_is_no_answer(monkeypatch):
    """The machine's fault would else stay as the answer that only the first run gave."""
    made, asked = [], ["q1", "function", "f", [[]]]
    stuck = {"question": "q1", "done": "exit", "stuck": True}

    def start(_):
        made.append(1)
        if len(made) == 2:
            raise jail.NoJail("no memory left")

    monkeypatch.setattr(Scripted, "start", start)
    answers = [RAN[0], DONE, {"question": "q1", "call": 0, "value": 7}]
    first = [RAN[0], DONE, ASKED, stuck]
    monkeypatch.setattr(jail.submission, "Jail", Scripted(first, [], first, answers))
    with pytest.raises(jail.NoJail, match="no memory left"):
        jail.run([["q1", "1"]], [asked])
    made.clear()
    monkeypatch.setattr(jail.submission, "Jail", Scripted(first, [], first, answers))
    monkeypatch.setattr(jail.submission, "private", lambda _: None)
    record = jail.run_twice([["q1", "1"]], questions=[asked])
    assert record["answers"]["q1"] == [{"value": 7}]
    assert len(made) == 4


def test_a_repeated_run_shows_nothing_that_hidden_inputs_could_be_in(monkeypatch):
    """A submission that kills itself may look as if the kernel had done it for want of memory."""
    cells, orders = [["q1", "1"], ["q2", "2"]], [*ORDERS]
    q1 = [{"question": "q1", "call": 0, "value": 1}, {"question": "q1", "done": "exit"}]
    q2 = [{"question": "q2", "call": 0, "value": 2}, {"question": "q2", "done": "exit"}]
    first = [*RAN, DONE, q2[0], jail.Unwatched("no memory left")]
    again = [RAN[0] | {"outputs": [PRINTS], "slow": True}, RAN[1], DONE, *q2]
    monkeypatch.setattr(jail.submission, "Jail", Scripted([*RAN, DONE, *q1], first, again))
    record = jail.run(cells, orders, hidden=["q2"], retries=1)
    assert record["cells"] == {"q1": [], "q2": []}
    assert record["ended"] == {}
    assert record["answers"] == {"q1": [{"value": 1}], "q2": [{"value": 2}]}
    monkeypatch.setattr(jail.submission, "Jail", Scripted([*RAN, DONE, *q1], first, again))
    with pytest.raises(jail.Unwatched):
        jail.run(cells, orders, hidden=["q2"])


def test_lines_of_an_output_count():
    """A notebook is written by lines, each an object: a million took a gigabyte."""
    data = {"text/plain": "\u2028" * 2000}
    shows = {"output_type": "display_data", "data": data, "metadata": {}}
    room = [50_000, 10]
    assert len(jail.submission.checked_outputs({"outputs": [shows]}, room)) == 1
    assert room[0] < 10_000
    (cut,) = jail.submission.checked_outputs({"outputs": [shows]}, room)
    assert "The output is cut here" in cut["text"]


def test_outputs_that_are_cut_say_so():
    shows = {"output_type": "stream", "name": "stdout", "text": "é" * 1000}
    room = [1500, 10]
    (whole,) = jail.submission.checked_outputs({"outputs": [shows]}, room)
    assert whole["text"] == shows["text"]  # a letter counts once
    (cut,) = jail.submission.checked_outputs({"outputs": [shows]}, room)
    assert "The output is cut here" in cut["text"]


def test_no_run_that_begins_after_hidden_inputs_answers_what_is_shown(monkeypatch):
    """The time at which it begins could tell one of them."""
    asked = []
    monkeypatch.setattr(Scripted, "send", lambda _, order: asked.append(order["question"].id))
    stuck = {"done": "exit", "stuck": True}
    first = [*RAN, DONE, ASKED, {"question": "q1"} | stuck]
    value = {"question": "q1", "call": 0, "value": 1}
    second = [*RAN, DONE, value, {"question": "q1", "done": "exit"}]
    third = [*RAN, DONE, {"question": "q2", "call": 0, "value": 2}, {"question": "q2"} | stuck]
    fourth = [*RAN, DONE, {"question": "q2", "call": 0, "value": 3}]
    monkeypatch.setattr(jail.submission, "Jail", Scripted(first, second, third, fourth))
    record = jail.run([["q1", "1"], ["q2", "2"]], ORDERS, hidden=["q2"])
    assert asked == ["q1", "q1", "q2", "q2"]
    assert record["answers"] == {"q1": [{"value": 1}], "q2": [{"value": 3}]}


def test_a_jail_is_in_a_control_group_where_one_can_be_made(tmp_path, monkeypatch):
    """Tried in a folder with the kernel's files; a kernel that limits by them is tried by none."""
    need_a_jail()
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    own = next((line[3:] for line in lines if line.startswith("0::")), None)
    if own is None:
        pytest.skip("this kernel has no control groups of version 2")
    monkeypatch.setattr(jail.place, "GROUPS", tmp_path)
    monkeypatch.setattr(jail.place, "OFF", [])
    place = tmp_path / own.lstrip("/")
    place.mkdir(exist_ok=True)
    assert jail.place.group_place() is None
    assert "limited by looking at /proc" in jail.check()
    (place / "cgroup.controllers").write_text("cpu memory pids\n")
    (place / "cgroup.subtree_control").write_text("")
    assert "control group below" in jail.check()
    assert (place / "cgroup.subtree_control").read_text() == "+memory +pids"
    assert (place / "grader" / "cgroup.procs").read_text() == "0"
    limits = jail.Limits()
    with jail.Jail(limits) as one:
        one.start()
        assert (one.group / "cgroup.procs").read_text() == "0\n"
        assert limits.memory < int((one.group / "memory.max").read_text()) < 2 * limits.memory
        assert (one.group / "memory.swap.max").read_text() == "0"
        assert int((one.group / "pids.max").read_text()) > limits.processes
        assert one.reason(jail.Ended("exit")) == "exit"
        (one.group / "memory.events").write_text("low 0\noom 1\noom_kill 1\n")
        assert one.reason(jail.Ended("exit")) == "memory"
        assert one.reason(jail.Ended("time")) == "time"
    monkeypatch.setattr(
        jail.watch, "in_group", lambda *_: ["/bin/false"]
    )  # a group that lets nobody in
    assert "limited by looking at /proc" in jail.check()
    assert jail.place.group_place() is None


def test_the_processes_that_make_pages_have_the_templates_already(monkeypatch):
    """Else each of them reads them again, which takes three times as long as the page."""
    feedback.environment.cache_clear()
    feedback.warm.cache_clear()
    ready = []
    monkeypatch.setattr(
        feedback, "limited", lambda make, _: ready.append(feedback.environment().cache) or "page"
    )
    of = {"score": 0, "max_score": 1, "waits": 0, "student": "s", "notebook": "n"}
    feedback.Page().from_notebook_node(new_notebook(cells=[]), {"nbgrader": of})
    assert len(ready[0]) == 1
