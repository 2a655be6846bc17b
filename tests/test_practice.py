"""Practice pages: each question in the page, its check, its hints, its solution, other numbers."""

import json
import re

import prose
import pytest
from ce_site import practice
from playwright.sync_api import expect
from test_cells import SECONDS, open_page
from test_cells import reader as reader  # a fixture: Pyodide's CDN answers
from test_site import NARROW, WIDE, axe

from grading import sets

NAMES = practice.names(prose.ROOT)
EXERCISES = [re.findall(r"\*\*\d+ ★", path.read_text(encoding="utf-8")) for path in prose.CHAPTERS]
TOTAL = sum(len(practice.variants(name)[0][0].questions) for name in NAMES.values())
TOTAL += sum(map(len, EXERCISES))
CASES = [(chapter, variant) for chapter in NAMES for variant in range(len(practice.VARIANTS))]


def read(site, chapter):
    """What the cells of a practice page get."""
    return json.loads((site / "practice" / f"{chapter}.json").read_text(encoding="utf-8"))


def outcome(entry, code):
    """What the check says of an answer, as the page runs it; "" if nothing."""
    names = {}
    try:
        for part in (entry["given"], code, entry["check"]):
            sets.execute(part, names, "practice")
    except Exception as error:
        return str(error) or type(error).__name__
    return ""


def expected(asked):
    """Each known mistake of a question, with a part of the message that it gets."""
    return [(m.code, m.hint if m.hidden else m.says) for m in asked.mistakes]


def misnamed(asked, entry):
    """The known mistakes whose message the check does not give."""
    broken = [(f"{entry['solution']}\n{code}", said) for code, said in expected(asked)]
    return [code for code, said in broken if said not in outcome(entry, code)]


@pytest.mark.parametrize("chapter", NAMES)
def test_a_message_made_false_is_noticed(chapter):
    """A check that says something else of a broken solution, or accepts it, is reported."""
    problem_set = practice.variants(NAMES[chapter])[0][0]
    asked = next(q for q in problem_set.questions if q.kind == "value" and expected(q))
    entry = practice.questions(NAMES[chapter])[asked.id]["variants"][0]
    assert misnamed(asked, entry) == []
    other = re.sub(r"^(assert .*), .*$", r"\1, 'Something else.'", entry["check"], flags=re.M)
    assert other != entry["check"]
    assert len(misnamed(asked, entry | {"check": other})) == len(expected(asked))
    assert len(misnamed(asked, entry | {"check": "pass"})) == len(expected(asked))


@pytest.mark.parametrize(("chapter", "variant"), CASES)
def test_solutions_pass_empty_cells_do_not_and_mistakes_are_named(chapter, variant, site):
    problem_set = practice.variants(NAMES[chapter])[variant][0]
    found = read(site, chapter)["questions"]
    assert [*found] == [asked.id for asked in problem_set.questions]
    for asked in problem_set.questions:
        if asked.kind == "text":
            continue
        entry = found[asked.id]["variants"][variant]
        assert outcome(entry, entry["solution"]) == "", asked.id
        assert outcome(entry, entry["begin"]), asked.id
        assert "SOLUTION" not in entry["begin"] + entry["solution"]
        assert entry["hints"]
        assert misnamed(asked, entry) == []


def test_nothing_of_the_class_is_on_a_page(site):
    """Neither hidden inputs nor points nor rubrics, whose text comes from the sets."""
    for chapter, name in NAMES.items():
        cells = practice.variants(name)[0][0].cells
        secret, open_to_all = (
            {line.strip() for c in cells if (sets.role(c) in tags) for line in c.source.split("\n")}
            for tags in (("grading", "rubric"), (None, "mistake"))
        )
        lines = {line for line in secret - open_to_all if len(line) > 30}
        html = (site / "practice" / f"{chapter}.html").read_text(encoding="utf-8")
        data = (site / "practice" / f"{chapter}.json").read_text(encoding="utf-8")
        staged = (site / "lite/files/practice" / f"{name}.ipynb").read_text(encoding="utf-8")
        for text in (html, data, staged):
            assert [line for line in lines if json.dumps(line)[1:-1] in text] == []
        assert not re.search(r"\d points? depends?|### (BEGIN|END)", html + data)


def answer(page, name, code):
    """Put code into a question's cell and have it checked; what is said of it."""
    box = page.locator(f"#{name}")
    box.get_by_role("button", name="Check").wait_for()
    if box.get_by_role("button", name="Write your answer").count():
        box.get_by_role("button", name="Write your answer").click()
    box.locator(".verdict").evaluate("(verdict) => verdict.replaceChildren()")  # the last one's
    box.locator(".cm-content").focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(code)
    page.keyboard.press("Control+Enter")
    said = box.locator(".verdict :is(.right, .wrong)")
    expect(said).to_be_attached(timeout=120 * SECONDS)
    return box.locator(".verdict").inner_text()


@pytest.mark.parametrize("chapter", NAMES)
def test_a_question_is_answered_in_the_page(chapter, reader, address, site):
    """One function and one number of each set: empty, each known mistake, then solved."""
    page = open_page(reader, f"{address}practice/{chapter}.html")
    asked = practice.variants(NAMES[chapter])[0][0].questions
    found = read(site, chapter)["questions"]
    chosen = [next(q for q in asked if q.kind == kind) for kind in ("function", "value")]
    for question in chosen:
        entry = found[question.id]["variants"][0]
        assert "replace this line" in answer(page, question.id, entry["begin"])
        for code, said in expected(question):
            assert said in answer(page, question.id, f"{entry['solution']}\n{code}")
        assert "Right." in answer(page, question.id, entry["solution"])
        expect(page.locator(f"#{question.id} .solved")).to_contain_text("You have solved")
    expect(page.locator("#progress")).to_contain_text(
        f"2 of {TOTAL} practice questions and exercises solved"
    )
    assert page.faults == []
    page.evaluate("localStorage.clear()")
    page.close()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("chapter", NAMES)
def test_hints_the_solution_and_other_numbers(chapter, size, chromium, address, site):
    with chromium.new_context(viewport=size, service_workers="block") as context:
        page = open_page(context, f"{address}practice/{chapter}.html")
        found, changed = read(site, chapter)["questions"], {}
        for name, question in found.items():
            box, entries = page.locator(f"#{name}"), question["variants"]
            if question["kind"] == "text":
                expect(box.locator(".model:visible")).to_have_count(0)
                box.get_by_role("button", name="Show a solution").click()
                expect(box.locator(".model:visible")).to_have_count(1)
                box.get_by_role("button", name="Mine is right").click()
                expect(box.locator(".solved")).to_contain_text("solved")
                continue
            assert box.locator(".cell_input pre").text_content() == entries[0]["begin"]
            page.wait_for_function(  # the cue comes when the page is idle
                """(id) => {
                    const pre = document.getElementById(id).querySelector('.cell_input pre');
                    return pre.scrollWidth > pre.clientWidth + 1 === pre.classList.contains('cut');
                }""",
                arg=name,
            )
            for number, hint in enumerate(entries[0]["hints"], 1):
                box.get_by_role("button", name=re.compile("int$")).click()
                assert box.locator(".hints li").all_text_contents()[-1] == hint
                assert box.locator(".hints li").count() == number
            box.get_by_role("button", name="Show a solution").click()
            assert box.locator(".solution pre").text_content() == entries[0]["solution"]
            expect(box.locator(".given")).to_be_visible(visible=bool(entries[0]["shown"]))
            for other in found.values():  # what is given shows no answer
                for entry in other["variants"]:
                    assert "solution" not in entry or entry["solution"] not in entries[0]["shown"]
            whole = [(e, box.locator(f".variant-{v}").inner_html()) for v, e in enumerate(entries)]
            distinct = [v for v, one in enumerate(whole) if one not in whole[:v]]
            other = box.get_by_role("button", name="Other numbers")
            expect(other).to_have_count(int(len(distinct) > 1))
            for v in distinct[1:] + distinct[:1] if len(distinct) > 1 else []:
                other.click()
                assert box.locator(".cell_input pre").text_content() == entries[v]["begin"]
                assert box.locator(".variant:visible").count() == 1
                assert f"variant-{v}" in box.locator(".variant:visible").get_attribute("class")
                assert box.locator(".solution pre").count() == 0
            if len(distinct) > 1:
                other.click()
                changed[name] = distinct[1]
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        page.reload()
        for name, v in changed.items():
            kept = page.locator(f"#{name} .variant:visible")
            expect(kept).to_have_class(re.compile(f"variant-{v}"))
        expect(page.locator("#progress")).to_contain_text(
            f"1 of {TOTAL} practice questions and exercises solved"
        )
        assert page.faults == []


def test_an_answer_that_was_begun_is_there_after_a_reload(chromium, address):
    """And nothing takes the page for a chapter, whose cells are others."""
    with chromium.new_context(viewport=NARROW, service_workers="block") as context:
        page = open_page(context, f"{address}practice/03_softmax.html")
        page.get_by_role("button", name="Write your answer").first.click()
        page.locator(".cm-content").first.press_sequentially("# mine ")
        page.reload()
        expect(page.locator(".question .cell_input pre").first).to_contain_text("# mine ")
        page.wait_for_load_state("networkidle")
        expect(page.locator("#notice")).to_be_empty()
        assert page.faults == []


def test_without_scripts_a_question_can_be_read(chromium, address):
    with chromium.new_context(viewport=NARROW, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{address}practice/03_softmax.html")
        assert page.locator(".variant:visible").count() == page.locator(".question").count() == 8
        assert page.locator("#main button:visible").count() == 0
        expect(page.locator("noscript b")).to_be_visible()
        link = page.locator("noscript a").get_attribute("href")
        assert link == "../lite/files/practice/ps-softmax.ipynb"
        assert page.request.get(f"{address}lite/files/practice/ps-softmax.ipynb").ok
