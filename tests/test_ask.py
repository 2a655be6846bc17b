"""Ask about this chapter: the book answers from its own index, and a prompt is copied."""

import re

import prose
import pytest
from playwright.sync_api import expect
from test_cells import open_page
from test_site import NARROW, WIDE, axe, local

CHAPTERS = [path.stem for path in prose.CHAPTERS]
QUESTIONS = {  # what a reader types: a place that must be among the answers
    "why do I get nan": "nan",
    "what does a temperature do?": "03_softmax.html",
    "Why should I not add eps to the logarithm?": "05_stability.html#",
    "perplexity": "perplexity",
    "how large can the gradient be": "07_gradients.html#",
}


def opened(context, url):
    """A page with its panel open and filled."""
    page = open_page(context, url)
    page.click(".ask summary")
    expect(page.locator(".ask select")).to_be_visible()
    return page


@pytest.fixture
def reader(chromium):
    """A browser that may copy, with all that it asked for."""
    with chromium.new_context(
        viewport=WIDE,
        service_workers="block",
        permissions=["clipboard-read", "clipboard-write"],
    ) as context:
        context.asked = []
        context.on("request", lambda request: context.asked.append(request.url))
        yield context


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_answers_its_readers_questions_and_makes_a_prompt(name, reader, address):
    """Nothing of it is fetched before, no other host is asked, and each section is found."""
    page = open_page(reader, f"{address}chapters/{name}.html")
    page.wait_for_load_state("networkidle")
    assert not [url for url in reader.asked if re.search(r"/(ask|search)\.js|search\.json", url)]
    page.click(".ask summary")
    asked = page.locator(".ask .suggested").first.locator("button")
    asked.first.click()
    answer = page.locator(".answer")
    expect(answer.locator("b").first).to_have_text(asked.first.inner_text())
    assert len(answer.inner_text()) > len(asked.first.inner_text()) + 60
    options = page.locator("#ask-section option").all_inner_texts()
    copied = page.evaluate(
        "async () => { const { sections } = await import('../_static/ask.js');"
        "const from = document.querySelector('[data-from]').dataset.from;"
        "const text = await (await fetch(from)).text();"
        "return sections(text).map((section) => section.split('\\n')[0].slice(3)); }"
    )
    for k in range(len(options)):  # a term may stand in a fold, or in what a guess covers
        page.select_option("#ask-section", index=k)
        assert "“”" not in page.locator(".ask .suggested").last.inner_text(), options[k]
    titles = [re.sub(r"^[\d.]+ ", "", option) for option in options]
    letters = [[re.sub(r"\W|_", "", text)[:12] for text in texts] for texts in (copied, titles)]
    assert letters[0] == letters[1]
    page.select_option("#ask-section", index=1)
    page.fill("#ask-text", "Why?")
    page.get_by_role("button", name="Copy as a tutor prompt").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    assert "ask one short question at a time" in text
    assert "Do not solve" in text
    assert f"\n## {copied[1]}\n" in text
    assert f"\n## {copied[2]}\n" not in text
    assert text.endswith("My question: Why?")
    assert [url for url in reader.asked if not local(url)] == []
    assert page.faults == []


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_in_a_readers_words_is_answered_by_a_passage(question, reader, address):
    page = opened(reader, f"{address}chapters/05_stability.html")
    page.fill("#ask-text", question)
    page.keyboard.press("Enter")
    passages = page.locator(".answer li")
    expect(passages.first).to_be_visible()
    assert passages.count() <= 5
    links = page.locator(".answer li a").evaluate_all("(links) => links.map((a) => a.href)")
    assert any(QUESTIONS[question].lower() in link.lower() for link in links), links
    assert all(len(text) > 30 for text in passages.locator(".context").all_inner_texts())


def test_a_term_of_the_section_and_a_word_that_is_nowhere(reader, address):
    page = opened(reader, f"{address}chapters/02_cross_entropy.html")
    page.select_option("#ask-section", label="2.10 Label smoothing")
    page.get_by_role("button", name="What is meant by “Label smoothing”?").click()
    expect(page.locator(".answer li a[href*='glossary.html#term-label-smoothing']")).to_have_count(
        1
    )
    page.fill("#ask-text", "zzxqv")
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_contain_text("No passage of the book has these words")
    for link in page.locator(".ask a[target=_blank]").all():
        assert link.get_attribute("href").startswith("https://")
        assert "noopener" in link.get_attribute("rel")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_panel_is_accessible_fits_and_does_not_print(size, scheme, chromium, address):
    with chromium.new_context(
        viewport=size, color_scheme=scheme, service_workers="block"
    ) as context:
        page = opened(context, f"{address}chapters/03_softmax.html")
        page.fill("#ask-text", "temperature")
        page.keyboard.press("Enter")
        expect(page.locator(".answer li").first).to_be_visible()
        page.locator(".ask .suggested button").first.click()
        expect(page.locator(".answer b")).to_be_in_viewport()
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        page.emulate_media(media="print")
        expect(page.locator(".ask")).to_be_hidden()


def test_without_a_network_the_panel_says_so(chromium, address):
    with chromium.new_context(viewport=WIDE, service_workers="block") as context:
        page = opened(context, f"{address}chapters/03_softmax.html")
        context.route("**/search.json", lambda route: route.abort())
        page.fill("#ask-text", "temperature")
        page.keyboard.press("Enter")
        expect(page.locator(".answer")).to_contain_text("index of the book could not be loaded")
