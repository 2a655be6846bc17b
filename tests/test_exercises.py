"""The exercises at a chapter's end that code can check: their cells, checks and known mistakes."""

import json
import re

import prose
import pytest
from ce_site import exercises, lite
from playwright.sync_api import expect
from sphinx.errors import ExtensionError
from test_cells import SECONDS, finished, open_page, press
from test_cells import reader as reader  # a fixture: Pyodide's CDN answers
from test_practice import answer, outcome
from test_site import NARROW, axe

PATHS = {path.stem: path for path in prose.CHAPTERS}
CHECKED = {doc.rpartition("/")[2]: numbers for doc, numbers in exercises.checks(prose.ROOT).items()}
CASES = [(chapter, number) for chapter, numbers in CHECKED.items() for number in numbers]


def source(chapter):
    return prose.ROOT / "practice" / f"{chapter}.py"


def made(chapter, number):
    """The parts of an exercise's checks, and what its cell gets."""
    asked = exercises.questions(source(chapter), PATHS[chapter])[f"exercise-{number}"]
    return exercises.read(source(chapter))[number], asked["variants"][0]


@pytest.mark.parametrize(("chapter", "number"), CASES)
def test_an_answer_passes_the_empty_cell_does_not_and_each_mistake_is_named(chapter, number):
    parts, entry = made(chapter, number)
    assert outcome(entry, parts["answer"]) == ""
    assert outcome(entry, entry["begin"])
    for says, code, hint in parts["mistakes"]:
        assert says in outcome(entry, f"{parts['answer']}\n{code}"), code
        assert hint[-1] in ".?", "a hint is a sentence"


def test_what_is_amiss_in_the_checks_is_reported(tmp_path):
    text = source("03_softmax").read_text(encoding="utf-8")
    for old, new in [
        ("# %% 1 answer", "# %% 1 solution"),
        ("# %% 1 answer", "# %% 2 answer"),
        ("gumbel)", "no-such-cell)"),
    ]:
        path = tmp_path / f"{len(new)}.py"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(ExtensionError):
            exercises.questions(path, PATHS["03_softmax"])


@pytest.mark.parametrize("chapter", CHECKED)
def test_each_answer_passes_in_its_chapter(chapter, reader, address):
    """In the page's Python; what was begun is there again when the chapter is opened."""
    page = open_page(reader, f"{address}chapters/{chapter}.html")
    for number in CHECKED[chapter]:
        code, key = (
            made(chapter, number)[0]["answer"],
            f"code:chapters/{chapter}#exercise-{number}.0",
        )
        page.evaluate(
            "(kept) => localStorage.setItem(...kept)", [f"ce-book:{key}", json.dumps(code)]
        )
    page.reload()
    for number in CHECKED[chapter]:
        box = page.locator(f"#exercise-{number}")
        box.get_by_role("button", name="Check").click()
        said = box.locator(".verdict :is(.right, .wrong, .failed)")
        expect(said).to_be_attached(timeout=300 * SECONDS)
        assert box.locator(".verdict").inner_text().startswith("Right."), number
    total = len(CHECKED[chapter])
    expect(page.locator("#progress")).to_contain_text(re.compile(rf"\b{total} of \d+ practice"))
    assert page.faults == []
    page.evaluate("localStorage.clear()")
    page.close()


def test_an_exercise_by_keyboard_beside_the_chapter_s_own_cells(reader, address):
    """Empty, a mistake, hints, solved; what the chapter's cells have made stays as it was."""
    page = open_page(reader, f"{address}chapters/03_softmax.html")
    page.set_viewport_size(NARROW)
    press(page, "odds", "Run")
    finished(page, "odds")
    box = page.locator("#exercise-2")
    box.get_by_role("button", name="Answer exercise 2 in code").focus()
    page.keyboard.press("Enter")
    expect(box.locator(".cm-content")).to_be_focused()
    parts, entry = made("03_softmax", 2)
    assert "in place of the dots" in answer(page, "exercise-2", entry["begin"])
    says, code, _ = parts["mistakes"][0]
    assert says in answer(page, "exercise-2", f"{parts['answer']}\nlogits = None\n{code}")
    for hint in entry["hints"]:
        box.get_by_role("button", name="int").click()
        assert box.locator(".hints li").all_text_contents()[-1] == hint
    solution = page.locator("#exercise-2 + details")
    assert not solution.get_attribute("open")
    page.evaluate("scrollTo(0, 0)")  # the bar on top must not lie over a question's button
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert "Right." in answer(page, "exercise-2", "rise = 1.538")
    assert solution.get_attribute("open") == ""
    expect(page.locator("#progress")).to_contain_text("1 of ")
    press(page, "sigmoid", "Run")
    yours = finished(page, "sigmoid")
    assert yours.get_attribute("data-same") == "true"
    assert "run first" not in yours.inner_text()
    page.reload()
    expect(box.locator(".solved")).to_have_text("✓ You have solved this exercise.")
    page.emulate_media(media="print")
    assert page.locator(".exercise:visible").count() == 0
    assert page.faults == []
    page.evaluate("localStorage.clear()")
    page.close()


def test_an_endless_answer_is_stopped_and_the_cells_run_again(reader, address):
    page = open_page(reader, f"{address}chapters/03_softmax.html")
    press(page, "odds", "Run")
    finished(page, "odds")
    box = page.locator("#exercise-2")
    box.get_by_role("button", name="Answer exercise 2 in code").click()
    box.locator(".cm-content").focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("while True: pass")
    page.keyboard.press("Control+Enter")
    box.get_by_role("button", name="Stop").click()
    expect(box.locator(".verdict")).to_have_text("Stopped.")
    press(page, "sigmoid", "Run")
    expect(finished(page, "sigmoid")).to_contain_text("4 cells before this one were run first")
    assert page.faults == []
    page.evaluate("localStorage.clear()")
    page.close()


def test_without_python_the_exercise_says_so(chromium, address):
    with chromium.new_context(viewport=NARROW, service_workers="block") as context:
        context.route(f"{lite.cdn()}**", lambda route: route.abort())
        page = open_page(context, f"{address}chapters/03_softmax.html")
        box = page.locator("#exercise-1")
        box.get_by_role("button", name="Answer exercise 1 in code").click()
        box.get_by_role("button", name="Check").click()
        expect(box.locator(".failed")).to_contain_text("could not be loaded from cdn.")
        box.get_by_role("button", name="Try again").click()
        expect(box.locator(".failed")).to_contain_text("could not be loaded from cdn.")
        page.evaluate("scrollTo(0, 0)")  # as above
        assert axe(page) == []


def test_without_scripts_the_exercises_read_as_in_the_notebook(chromium, address):
    with chromium.new_context(viewport=NARROW, java_script_enabled=False) as context:
        page = context.new_page()
        for chapter in CHECKED:
            page.goto(f"{address}chapters/{chapter}.html")
            assert page.locator(".exercise").count() >= len(CHECKED[chapter])
            assert page.locator(".exercise:visible").count() == 0


def test_a_reader_says_that_an_exercise_is_solved(chromium, address):
    """Also of one that no code can check; it counts, is kept, and can be taken back."""
    context = chromium.new_context(service_workers="block")
    page = context.new_page()
    for chapter, path in PATHS.items():
        page.goto(f"{address}chapters/{chapter}.html")
        asked = re.findall(r"\*\*\d+ ★", path.read_text(encoding="utf-8"))
        assert page.locator("[data-do=solved]").count() == len(asked), chapter
    page.goto(f"{address}chapters/01_surprisal.html")
    progress, counted = page.locator("#progress"), "and {} of "
    unchecked = page.locator("#exercise-5")
    assert unchecked.locator("button").count() == 1
    for number in (5, 1):
        page.locator(f"#exercise-{number} [data-do=solved]").click()
    expect(progress).to_contain_text(counted.format(2))
    page.reload()
    expect(progress).to_contain_text(counted.format(2))
    pressed = unchecked.locator("[data-do=solved]")
    expect(pressed).to_have_attribute("aria-pressed", "true")
    pressed.click()
    expect(pressed).to_have_text("I solved it")
    expect(progress).to_contain_text(counted.format(1))
    context.close()
