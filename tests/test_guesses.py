"""Guesses, reviews and the deck: truths from outputs, right scores, nothing lost unscripted."""

import gzip
import json
import re
import zipfile
from contextlib import closing
from sqlite3 import connect

import browser
import numpy as np
import prose
import pytest
from ce_site import guesses
from playwright.sync_api import expect
from sphinx.errors import ExtensionError
from test_site import NARROW, WIDE, axe
from test_site import reader as reader  # a fixture: a page that keeps things

import ce_lib as ce

ASKED = {
    f"chapters/{path.stem}#{name}": (spec, out)
    for path in prose.CHAPTERS
    for name, spec, out in guesses.annotations(path)
}
COINS, PULLS, CURVE = (
    "chapters/01_surprisal#coins",
    "chapters/04_the_pair#pulls",
    "chapters/08_learning#penalties",
)


def question(place):
    return guesses.question(*ASKED[place], place)


# Where the truth comes from -----------------------------------------------------------------------
@pytest.mark.parametrize("place", ASKED)
def test_a_truth_comes_from_the_output(place):
    """With other digits in the output it is another, or none: it was not typed by hand."""
    spec, out = ASKED[place]
    asked = guesses.question(spec, out, place)
    if "rows" not in spec["truth"]:  # words decide: inf, error, a number of binary digits
        assert "out" in spec["truth"]
        return
    other = re.sub(r"\d", lambda digit: str((int(digit[0]) + 3) % 10), out)
    try:
        found = guesses.question(spec, other, place)
    except ExtensionError:
        return
    assert found != asked or "options" in spec  # the same option may still be right


def test_each_chapter_asks_for_guesses_of_each_kind():
    kinds = [{"options", "axes", "within", "factor"} & {*spec} for spec, _ in ASKED.values()]
    chapters = [place.partition("#")[0] for place in ASKED]
    assert all(2 <= chapters.count(f"chapters/{path.stem}") <= 5 for path in prose.CHAPTERS)
    assert sum(kind == {"axes"} for kind in kinds) >= 2
    assert sum(kind != {"axes"} for kind in kinds) >= 20  # else no reliability diagram is reached


CHOICE = {"truth": "rows[0][0]", "options": [["small", "v < 1"], ["large", "v >= 1"]]}
FAULTS = {
    "no truth": ({"options": CHOICE["options"]}, "wanted truth, and options"),
    "two kinds": (CHOICE | {"ask": "?", "within": 1}, "wanted truth, and options"),
    "a strange key": (CHOICE | {"confidence": 1}, "confidence"),
    "no option right": (
        CHOICE | {"options": [["a", "v < 0"], ["b", "v > 9"]]},
        "exactly one option",
    ),
    "two options right": (
        CHOICE | {"options": [["a", "v > 0"], ["b", "v > 1"]]},
        "exactly one option",
    ),
    "no such row": (CHOICE | {"truth": "rows[9][0]"}, "cannot be computed"),
    "no Python": (CHOICE | {"truth": "rows["}, "cannot be computed"),
    "no question": ({"truth": "rows[0][0]", "within": 1}, "wanted truth, and options"),
    "a curve out of range": (
        {"truth": "rows[0]", "x": "[1, 2]", "ask": "?", "axes": ["x", "y"], "range": [0, 1]},
        "must fit",
    ),
}


@pytest.mark.parametrize(("spec", "says"), FAULTS.values(), ids=FAULTS)
def test_a_wrong_annotation_is_named(spec, says):
    assert guesses.question(CHOICE, "2.5 of 3", "ch#cell")["right"] == 1
    with pytest.raises(ExtensionError, match=says) as caught:
        guesses.question(spec, "2.5 of 3", "ch#cell")
    assert str(caught.value).startswith("ch#cell: ")


def test_the_pages_have_every_question_with_its_truth(site):
    listed = json.loads((site / "pages/your_guesses.json").read_text(encoding="utf-8"))
    found = {f"{c['page']}#{asked['id']}": asked for c in listed for asked in c["guesses"]}
    assert [*found] == [*ASKED]
    for place, asked in found.items():
        assert asked == {"id": asked["id"], "question": asked["question"], **question(place)}
        assert asked["question"].endswith("?")
        html = (site / f"{place.partition('#')[0]}.html").read_text(encoding="utf-8")
        assert f'id="guess-{asked["id"]}"' in html
        assert html.count(f"answers-{asked['id']}") >= 2, "output and the text that reads it"


def test_the_scripts_are_small(site):
    for name in ("guess.js", "your_guesses.js", "review.js"):
        assert len(gzip.compress((site / "_static" / name).read_bytes())) <= 10_000


# On the page --------------------------------------------------------------------------------------
COVERED = "[...document.querySelectorAll('[class*=\"answers-\"]')].filter((e) => e.hidden).length"


def open_guess(page, address, place):
    """Go to a question and wait for its form; the box."""
    chapter, _, name = place.partition("#")
    page.goto(f"{address}{chapter}.html#guess-{name}")
    box = page.locator(f"#guess-{name}")
    box.locator("form").wait_for()
    return box


def answers(page, place):
    return page.locator(f".answers-{place.partition('#')[2]}")


def shown(page, place):
    """Whether all that answers a question can be read."""
    sizes = answers(page, place).evaluate_all("(all) => all.map((e) => e.offsetHeight)")
    return min(sizes) > 0


@pytest.mark.parametrize("chapter", sorted({place.partition("#")[0] for place in ASKED}))
def test_without_scripts_nothing_is_covered(chapter, chromium, address):
    with chromium.new_context(viewport=NARROW, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{address}{chapter}.html")
        boxes = page.locator(".guess")
        assert all(box["height"] == 0 for box in map(lambda b: b.bounding_box(), boxes.all()))
        for place in ASKED:
            if place.startswith(chapter):
                assert shown(page, place), place


def test_a_failed_script_covers_nothing_and_paper_shows_everything(chromium, address):
    with chromium.new_context(viewport=WIDE, service_workers="block") as context:
        page = context.new_page()
        page.goto(f"{address}chapters/01_surprisal.html")
        assert page.evaluate(COVERED) > 0
        assert not shown(page, COINS)
        page.emulate_media(media="print")
        assert shown(page, COINS)
        page.emulate_media(media="screen")
        context.route("**/_static/guess.js", lambda route: route.abort())
        page.reload()
        page.wait_for_timeout(500)
        assert shown(page, COINS)


SHIFTS = """new PerformanceObserver((list) => {
    for (const { value } of list.getEntries()) window.shifted = (window.shifted ?? 0) + value;
}).observe({ type: 'layout-shift', buffered: true })"""


def test_a_form_takes_its_place_before_the_reader_comes_near(chromium, address):
    """One that came late pushed what a reader who jumps to a section was about to press."""
    with chromium.new_context(viewport=WIDE, service_workers="block") as context:
        context.add_init_script(SHIFTS)
        page = context.new_page()
        page.goto(f"{address}chapters/03_softmax.html", wait_until="networkidle")
        assert page.locator(".guess").count() == page.locator(".guess > form").count() > 1
        for section in page.locator("main section[id]").all():
            section.evaluate("(section) => section.scrollIntoView()")
            page.wait_for_timeout(200)
        assert page.evaluate("window.shifted ?? 0") < 0.05  # 0.24 when each came when it was near


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_guess_uncovers_the_answer_and_stays_made(size, chromium, address):
    with chromium.new_context(viewport=size, service_workers="block") as context:
        page, errors = context.new_page(), []
        page.on("pageerror", lambda error: errors.append(str(error)))
        box = open_guess(page, address, COINS)
        assert answers(page, COINS).first.get_attribute("hidden") == "until-found"
        box.get_by_role("button", name="Show me", exact=True).click()
        expect(box.get_by_role("status")).to_have_text("Choose an answer first.")
        assert not shown(page, COINS)
        box.get_by_label("about half").check()
        box.get_by_role("slider").fill("70")
        page.keyboard.press("Enter")
        for _ in range(2):
            expect(box).to_contain_text("about half, 70% sure")
            expect(box).to_contain_text("✓ Right")
            assert shown(page, COINS)
            assert page.locator("#cell-coins .covered").count() == 0
            page.reload()
        box = open_guess(page, address, PULLS)
        box.get_by_role("textbox").fill("many")
        box.get_by_role("button", name="Show me", exact=True).click()
        expect(box.get_by_role("status")).to_contain_text("Type a number first")
        box.get_by_role("textbox").fill("1,000")
        box.get_by_role("textbox").press("Enter")
        expect(box).to_contain_text("1000, 50% sure")
        expect(box).to_contain_text("1.2e8")
        expect(box).to_contain_text("Off by a factor of 120000")
        assert box.evaluate("(box) => box === document.activeElement")
        assert errors == []


def test_a_curve_is_drawn_by_keyboard_mouse_and_finger(chromium, address):
    with chromium.new_context(viewport=NARROW, has_touch=True, service_workers="block") as context:
        page = context.new_page()
        box = open_guess(page, address, CURVE)
        box.get_by_role("button", name="Show me", exact=True).click()
        expect(box.get_by_role("status")).to_contain_text("Draw the curve first")
        knobs = box.get_by_role("slider")
        assert knobs.count() == len(question(CURVE)["x"])
        knobs.first.press("End")
        assert float(knobs.first.get_attribute("aria-valuenow")) == 1.5
        box.evaluate("(box) => box.scrollIntoView({block: 'center'})")
        at = knobs.nth(2).bounding_box()
        assert min(at["width"], at["height"]) >= 44
        x, y = at["x"] + 22, at["y"] + 22
        session, top = context.new_cdp_session(page), page.evaluate("scrollY")
        for kind, down in (("touchStart", 0), ("touchMove", 10), ("touchMove", 30)):
            points = [{"x": x, "y": y + down}]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert float(knobs.nth(2).get_attribute("aria-valuenow")) < 0.6
        assert page.evaluate("scrollY") == top
        at = knobs.nth(4).bounding_box()
        page.mouse.move(at["x"] + 22, at["y"] + 22)
        page.mouse.down()
        page.mouse.move(at["x"] + 22, at["y"] + 2, steps=3)
        page.mouse.up()
        assert float(knobs.nth(4).get_attribute("aria-valuenow")) > 0.8
        box.get_by_role("button", name="Show me", exact=True).click()
        kept = json.loads(page.evaluate(f"localStorage['ce-book:guess:{CURVE}']"))["given"]
        assert kept[0] == 1.5
        off = np.mean(np.abs(np.subtract(kept, question(CURVE)["truth"])))
        said = float(re.search(r"Your curve is ([\d.]+)", box.inner_text())[1])
        assert abs(said - off) < 0.001
        assert "The book: 1.3 at 1e-01" in box.locator("svg").get_attribute("aria-label")


@pytest.mark.parametrize("way", ["button", "note", "link", "found", "text", "setting"])
def test_an_answer_shows_without_a_guess(way, chromium, address):
    with chromium.new_context(viewport=WIDE, service_workers="block") as context:
        page = context.new_page()
        box = open_guess(page, address, COINS)
        answer = answers(page, COINS).last
        if way == "button":
            box.get_by_role("button", name="Just show me").click()
        elif way == "note":
            page.locator("#cell-coins .covered button").click()
            assert answers(page, COINS).first.evaluate("(e) => e === document.activeElement")
        elif way == "link":
            answer.evaluate(
                "(e) => { e.firstElementChild.id = 'inside'; location.hash = 'inside'; }"
            )
        elif way == "found":
            answer.evaluate("(e) => e.dispatchEvent(new Event('beforematch', {bubbles: true}))")
        elif way == "text":
            page.goto("about:blank")
            page.goto(f"{address}chapters/01_surprisal.html#:~:text=Tails%20are%20rare")
        else:
            page.get_by_label("Always show answers").check()
        expect(answer).not_to_have_attribute("hidden", re.compile(""))
        assert shown(page, COINS)
        expect(page.locator("#cell-coins .covered")).to_have_count(0)
        other = "chapters/01_surprisal#ladder"
        assert shown(page, other) == (way == "setting")
        page.goto(f"{address}chapters/01_surprisal.html")
        page.wait_for_selector("#progress button")
        assert shown(page, COINS)
        if way == "setting":
            page.get_by_label("Always show answers").uncheck()
            assert not shown(page, COINS)


def test_where_nothing_can_be_kept_a_guess_counts_for_the_visit(chromium, address):
    with chromium.new_context(viewport=WIDE, service_workers="block") as context:
        page = context.new_page()
        page.add_init_script(
            "Storage.prototype.setItem = () => { throw new DOMException('full', 'SecurityError'); }"
        )
        box = open_guess(page, address, COINS)
        box.get_by_label("almost nothing").check()
        box.get_by_role("button", name="Show me", exact=True).click()
        expect(box).to_contain_text("✗ Not right")
        assert shown(page, COINS)


@pytest.mark.parametrize("given", ['{"given": "an old option", "sure": 50}', '{"given": 7}', "{"])
def test_what_no_longer_fits_breaks_nothing(given, reader, address):
    errors = []
    reader.on("pageerror", lambda error: errors.append(str(error)))
    reader.evaluate(f"localStorage['ce-book:guess:{COINS}'] = {json.dumps(given)}")
    reader.goto(f"{address}chapters/01_surprisal.html#guess-coins")
    reader.wait_for_timeout(500)
    assert shown(reader, COINS) == ("old" in given)
    reader.goto(f"{address}pages/your_guesses.html")
    expect(reader.locator("#guesses-made")).to_contain_text("You have made no guess yet")
    assert errors == []


# The page "Your guesses" --------------------------------------------------------------------------
SCORE = "async ([asked, kept]) => (await import('../_static/guess.js')).score(asked, kept)"


def test_scores_are_the_books_own(reader):
    """Log loss as ce_lib's surprisal, and the Brier score, of the distribution that was stated."""
    for asked, given, sure in [
        ({"options": ["a", "b", "c"], "right": 1}, "b", 70),
        ({"options": ["a", "b", "c"], "right": 1}, "a", 99),
        ({"options": ["a", "b"], "right": 0}, "b", 50),
        ({"options": ["a", "b", "c", "d"], "right": 3}, "d", 25),
        ({"truth": 10.0, "within": 0.5}, 10.4, 80),
        ({"truth": 10.0, "within": 0.5}, 11.0, 80),
        ({"truth": 1.2e8, "factor": 3}, 4.1e7, 10),
        ({"truth": 1.2e8, "factor": 3}, -1.2e8, 60),
        ({"truth": 1.0, "within": 0}, 1.0, 95),
    ]:
        options = asked.get("options")
        if options:
            K, true, chosen = len(options), asked["right"], options.index(given)
        else:
            low, high = (
                asked["truth"] - asked.get("within", 0),
                asked["truth"] + asked.get("within", 0),
            )
            if "factor" in asked:
                low, high = asked["truth"] / 3, asked["truth"] * 3
            K, chosen, true = 2, 0, 0 if low <= given <= high else 1
        p = np.full(K, (1 - sure / 100) / (K - 1))
        p[chosen] = sure / 100
        y = np.eye(K)[true]
        found = reader.evaluate(SCORE, [asked, {"given": given, "sure": sure}])
        assert found["right"] == (chosen == true)
        assert np.isclose(found["loss"], ce.surprisal(p[true]))
        assert np.isclose(found["brier"], np.sum((p - y) ** 2))
        assert np.isclose(found["evenLoss"], ce.entropy(np.full(K, 1 / K)))
        assert np.isclose(found["evenBrier"], np.sum((1 / K - y) ** 2))


def made(count):
    """What a reader's browser keeps after so many scored guesses, every third of them wrong."""
    kept = {}
    for place in ASKED:
        asked = question(place)
        if "axes" in asked or len(kept) == count:
            continue
        wrong = len(kept) % 3 == 2
        if "options" in asked:
            given = asked["options"][(asked["right"] + wrong) % len(asked["options"])]
        else:
            given = asked["truth"] * (1000 if wrong else 1) + wrong
        kept[place] = {"given": given, "sure": 55 + 10 * (len(kept) % 5)}
    return kept


def test_the_page_of_guesses_scores_and_draws(chromium, address, tmp_path):
    with chromium.new_context(viewport=WIDE, service_workers="block") as context:
        page, errors = context.new_page(), []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{address}pages/your_guesses.html")
        expect(page.locator("#guesses-made")).to_contain_text("You have made no guess yet")
        kept = made(20)
        for count in (19, 20):
            for place, value in made(count).items():
                page.evaluate(
                    f"(v) => {{ localStorage['ce-book:guess:{place}'] = v }}", json.dumps(value)
                )
            page.reload()
            page.wait_for_selector("#guesses-made table")
            assert page.locator(".reliability svg").count() == (count == 20)
        scores = [page.evaluate(SCORE, [question(place), value]) for place, value in kept.items()]
        cells = page.locator("#guesses-made td").all_inner_texts()[1:]
        for cell, key in zip(cells, ("loss", "evenLoss", "brier", "evenBrier"), strict=True):
            assert cell == f"{np.mean([score[key] for score in scores]):.3f}"
        assert page.locator(".guesses > li").count() == 20
        expect(page.locator("#guesses-made")).to_contain_text(
            "Of the 20 with a confidence, 14 are right"
        )
        words = page.locator(".reliability svg").get_attribute("aria-label")
        for sure in (55, 65, 75, 85, 95):
            group = [s["right"] for s in scores if s["p"] == sure / 100]
            share = int(np.floor(100 * np.mean(group) + 0.5))
            assert f"of {len(group)} guesses at {sure}% confidence, {share}% were right" in words
        for size in (WIDE, NARROW, {"width": 320, "height": 700}):
            for scheme in ("light", "dark"):
                page.set_viewport_size(size)
                page.emulate_media(color_scheme=scheme)
                assert axe(page) == []
                assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        # Exported, forgotten, brought back.
        page.set_viewport_size(WIDE)
        browser.export_and_reset(page, tmp_path / "kept.json")
        expect(page.locator("#guesses-made")).to_contain_text("You have made no guess yet")
        with page.expect_navigation():
            page.set_input_files("#progress input[type=file]", tmp_path / "kept.json")
        expect(page.locator("#guesses-made")).to_contain_text("You have made 20 of")
        assert errors == []


# Review -------------------------------------------------------------------------------------------
def test_questions_move_through_the_boxes(reader):
    """Published days: 1, 3, 7, 14, 30; right when due moves on, wrong goes to the first box."""
    steps = [  # day, right, then the box and the day from which its days count
        [(0, True, 2, 0), (2, True, 2, 0), (3, True, 3, 3), (10, True, 4, 10), (24, True, 5, 24)],
        [(0, False, 1, 0), (0, True, 1, 0), (1, True, 2, 1), (2, False, 1, 2), (3, True, 2, 3)],
        [(0, True, 2, 0), (9, True, 3, 9), (16, True, 4, 16), (30, True, 5, 30), (60, True, 5, 60)],
    ]
    for way in steps:
        kept = None
        for day, right, box, since in way:
            kept = reader.evaluate(
                "async (given) => (await import('../_static/review.js')).next(...given)",
                [kept, right, day],
            )
            assert kept == {"box": box, "day": since}, (way, day)


def test_a_question_comes_back_when_it_is_due(chromium, address, site):
    listed = json.loads((site / "pages/review.json").read_text(encoding="utf-8"))
    key, model = next(
        (key, model)
        for chapter in listed
        for key, model in chapter["questions"].items()
        if model["kind"] == "one"
    )
    right = [answer["right"] for answer in model["answers"]].index(True)
    with chromium.new_context(viewport=NARROW, service_workers="block") as context:
        page, errors = context.new_page(), []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.clock.set_fixed_time("2030-03-01T10:00:00")
        page.goto(f"{address}pages/review.html")
        expect(page.locator("#reviews-due")).to_contain_text("Nothing is due yet")
        page.goto(f"{address}{listed[0]['page']}.html")
        quiz = page.locator(f"[data-question='{key}']")
        quiz.scroll_into_view_if_needed()
        quiz.locator("input").nth(1 - min(right, 1)).check()
        quiz.get_by_role("button", name="Check").click()
        expect(quiz.get_by_role("status")).to_contain_text("Not right.")
        page.wait_for_timeout(300)  # until the script that notes it has come
        page.goto(f"{address}pages/review.html")
        expect(page.locator("#reviews-due")).to_contain_text(
            "Nothing is due today. 1 question waits"
        )
        expect(page.locator("#reviews-due")).to_contain_text("comes back tomorrow")
        page.clock.set_fixed_time("2030-03-02T08:00:00")
        page.reload()
        expect(page.locator("#reviews-due")).to_contain_text("1 question is due today")
        quiz = page.locator(f"#reviews-due [data-question='{key}']")
        expect(quiz.locator("input:checked")).to_have_count(0)
        quiz.locator("input").nth(right).check()
        quiz.get_by_role("button", name="Check").click()
        expect(page.locator("#reviews-due")).to_contain_text("This question comes back in 3 days.")
        assert axe(page) == []
        totals = page.locator("#progress")
        every = sum(len(chapter["questions"]) for chapter in listed)
        assert f"1 of {every} questions" in re.sub(r"\s+", " ", totals.text_content())
        page.clock.set_fixed_time("2030-03-05T00:30:00")
        page.reload()
        expect(page.locator("#reviews-due")).to_contain_text("1 question is due today")
        assert errors == []


def test_every_quiz_question_can_come_back_with_links_that_lead_home(site):
    listed = json.loads((site / "pages/review.json").read_text(encoding="utf-8"))
    for chapter in listed:
        html = (site / f"{chapter['page']}.html").read_text(encoding="utf-8")
        assert [*chapter["questions"]] == re.findall(r'data-question="([\w-]+)"', html)
        text = json.dumps(chapter["questions"])
        assert "<math data-tex" not in text, "formulas are set"
        assert 'href=\\"#' not in text
        for anchor in re.findall(rf"\.\./{chapter['page']}\.html#([\w-]+)", text):
            assert f'id="{anchor}"' in html


# The deck -----------------------------------------------------------------------------------------
def notes(path, tmp_path):
    """The notes of a deck: guid, and fields."""
    with zipfile.ZipFile(path) as package:
        (tmp_path / "collection.db").write_bytes(package.read("collection.anki2"))
    with closing(connect(tmp_path / "collection.db")) as database:
        return dict(database.execute("select guid, flds from notes"))


def test_the_deck_holds_each_question_and_recap_line(site, tmp_path):
    anki = pytest.importorskip(
        "downloads.anki", reason="genanki is not installed", exc_type=ImportError
    )
    anki.write(site, tmp_path / "a.apkg")
    anki.write(site, tmp_path / "b.apkg")
    found = notes(tmp_path / "a.apkg", tmp_path)
    assert found == notes(tmp_path / "b.apkg", tmp_path), "ids are stable: an import updates"
    quizzes, recaps = [], []
    for path in prose.CHAPTERS:
        cells = prose.load(path)["cells"]
        quizzes += [c["source"] for c in cells if c["source"].startswith("widgets.Quiz(")]
        (recap,) = (c["source"] for c in cells if c["source"].startswith("## Recap"))
        recaps += re.findall(r"^- ", recap, re.M)
    assert len(found) == len(quizzes) + len(recaps)
    told = sum(fields.count("✓") + fields.count("✗") for fields in found.values())
    assert told == sum(len(re.findall(r"^- \[", quiz, re.M)) for quiz in quizzes)
    for fields in found.values():
        assert not re.search(r"<math|\{\w+\}`|href=\"#|\$", fields), fields
        assert fields.count(r"\(") == fields.count(r"\)")
        assert all(fields.split("\x1f"))
