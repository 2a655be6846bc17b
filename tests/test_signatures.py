"""The number in your log: each number of the table by another way, the page, and the tool on it."""

import itertools
import re

import browser
import numpy as np
import prose
import pytest
from ce_site import signatures
from playwright.sync_api import expect
from test_cells import open_page
from test_site import NARROW, WIDE, axe

import ce_lib as ce

DATA = signatures.table(prose.ROOT)
ROWS = {row["id"]: row for row in DATA["row"]}
PAGE = "pages/your_log.html"
NUMPY = {"float16": np.float16, "float32": np.float32, "float64": np.float64}


def uniform(K):
    """The loss of equal probabilities, from ce_lib."""
    return ce.cross_entropy(np.zeros(K), 0)


def one_hot(K, c):
    """The output of a softmax that is certain."""
    return np.where(np.arange(K) == c, 1.0, 0.0)


def smoothed(K, alpha):
    """The loss of the best prediction under label smoothing."""
    target = (1 - alpha) * one_hot(K, 0) + alpha / K
    return ce.cross_entropy(np.log(target), 0, label_smoothing=alpha)


def clipped(p):
    """The loss of a probability."""
    return ce.surprisal(p)


def bfloat16(name):
    """A number of bfloat16, whose bits are the first half of a float32's."""
    bits = {"tiny": 0x00800000, "next": 0x3F810000, "smallest": 0x00010000}[name]
    return np.uint32(bits).view(np.float32).astype(float)


def format_of(dtype):
    """A format's constants, from NumPy."""
    if dtype == "bfloat16":
        ulp = bfloat16("next") - 1
        return {
            "ulp": ulp,
            "tiny": bfloat16("tiny"),
            "smallest": bfloat16("smallest"),
            "digits": 1 - int(np.log2(ulp)),
        }
    info = np.finfo(NUMPY[dtype])
    return {
        "ulp": float(info.eps),
        "tiny": float(info.smallest_normal),
        "smallest": float(info.smallest_subnormal),
        "digits": info.nmant + 1,
    }


def stuck_sum(dtype):
    """Where adding ones stops, in this format: its logarithm is the loss of a long row of zeros."""
    return ce.surprisal(format_of(dtype)["ulp"] / 2)


BY = {  # each number without its formula: through ce_lib's loss, or NumPy's formats
    "uniform": lambda K, **_: uniform(K),
    "twice": lambda K, **_: ce.cross_entropy(one_hot(K, 0), 0),
    "twice-worst": lambda K, **_: ce.cross_entropy(one_hot(K, 1), 0),
    "flt-min": lambda dtype, **_: clipped(format_of(dtype)["tiny"]),
    "flt-min-chance": lambda K, dtype, **_: np.mean(
        [0.0, *[clipped(format_of(dtype)["tiny"])] * (K - 1)]
    ),
    "eps": lambda eps, **_: clipped(eps),
    "ulp": lambda dtype, **_: clipped(format_of(dtype)["ulp"]),
    "hundred": lambda **_: 100,
    "smallest": lambda dtype, **_: clipped(format_of(dtype)["smallest"]),
    "long-sum": lambda dtype, **_: stuck_sum(dtype),
    "smoothing": lambda K, alpha, **_: smoothed(K, alpha),
    "swapped": lambda K, **_: ce.cross_entropy(one_hot(K, 0), one_hot(K, 0)),
    "sum": lambda K, N, **_: (
        ce.cross_entropy(np.zeros((N, min(K, 1000))), np.zeros(N, int), reduction="sum")
        * (uniform(K) / uniform(min(K, 1000)))
    ),
    "mean-twice": lambda K, N, **_: uniform(K) / N,
    "bits": lambda K, **_: ce.surprisal(1 / K, base=2),
    "base-10": lambda K, **_: ce.surprisal(1 / K, base=10),
    "masked": lambda **_: ce.cross_entropy([0.0, -1e9], 1),
    "bases": lambda **_: ce.surprisal(0.3, base=2) / ce.surprisal(0.3),
    "nats-base-10": lambda **_: ce.surprisal(0.3) / ce.surprisal(0.3, base=10),
    "bits-base-10": lambda **_: ce.surprisal(0.3, base=2) / ce.surprisal(0.3, base=10),
    "factor": lambda N, **_: (
        ce.cross_entropy(np.zeros((N, 3)), np.zeros(N, int), reduction="sum")
        / ce.cross_entropy(np.zeros((N, 3)), np.zeros(N, int))
    ),
    "doubled": lambda **_: ce.surprisal(0.15) - ce.surprisal(0.3),
    "rescaled": lambda N, **_: ce.surprisal(0.3 / N) - ce.surprisal(0.3),
    "gathered-logits": lambda machines, **_: (
        ce.merge_parts(*(np.full(machines, part) for part in ce.vocabulary_part([2.0, 0.1], 1, 0)))
        - ce.cross_entropy([2.0, 0.1], 1)
    ),
}


def choices(row):
    """Each K, format and choice of its own that a row's number is asked for."""
    used = signatures.names(row)
    by_format = used & {"digits", "ulp", "tiny", "smallest"}
    formats = DATA["formats"] if by_format else ["float32"]
    classes = DATA["classes"] if "K" in used else [10]
    yield from itertools.product(formats, classes, signatures.cases(row))


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if "value" in row])
def test_a_number_of_the_table_is_the_loss_that_it_says(name):
    """For each number of classes and each format that the tool offers."""
    for dtype, K, own in choices(ROWS[name]):
        constants = signatures.constants(DATA["formats"][dtype])
        assert constants == format_of(dtype)
        number = signatures.value(ROWS[name], K=K, **own, **constants)
        assert np.isclose(number, BY[name](K=K, dtype=dtype, **own), rtol=1e-12), (K, dtype, own)


def test_every_row_names_a_section_and_the_cheat_sheet_is_a_part(site):
    sheet = (site / "pages/cheat_sheet.md").read_text(encoding="utf-8")
    page = (site / "pages/your_log.md").read_text(encoding="utf-8")
    of_chapters = "".join(path.read_text(encoding="utf-8") for path in prose.CHAPTERS)
    for name, row in ROWS.items():
        look, full = (
            re.sub(r"\{output\}`(\S+) <\S+>`", r"\1", text)
            for text in (row["look"], signatures.advice(row))
        )
        assert f"({row['section']})=" in of_chapters, name
        assert (f"| {look} |" in sheet) == row.get("sheet", False), name
        assert f"| {full} |" in page, name
        assert row["kind"] != "message" or re.search(row["match"], row["see"], re.I), name
    assert "<form" not in page + sheet


def says(function):
    """What a call complains of."""
    with np.errstate(all="raise"):
        try:
            function()
        except Exception as error:
            return str(error)
    return ""


MESSAGES = [
    ("label-range", lambda: ce.cross_entropy(np.zeros((1, 10)), [10])),
    ("label-type", lambda: ce.cross_entropy(np.zeros((1, 10)), [1.0])),
    ("batch", lambda: ce.cross_entropy(np.zeros((4, 10)), [1, 2, 3])),
    ("not-probabilities", lambda: ce.cross_entropy_from_probs([[-1.0, 2.0]], [1])),
    ("overflow", lambda: np.exp(np.array([800.0]))),
    ("log-zero", lambda: np.log(np.array([0.0]))),
    ("invalid", lambda: np.array([np.inf]) - np.inf),
    ("invalid", lambda: np.array([0.0]) / np.array([0.0])),
    ("invalid", lambda: np.array([0.0]) * -np.inf),
    ("singular", lambda: np.linalg.solve(np.zeros((2, 2)), np.ones(2))),
]


@pytest.mark.parametrize(("name", "call"), MESSAGES)
def test_a_message_of_numpy_or_ce_lib_is_known(name, call):
    said = says(call)
    known = [row["id"] for row in DATA["row"] if re.search(row.get("match", "(?!)"), said, re.I)]
    assert known == [name], said


@pytest.fixture(scope="module")
def tool(chromium, address):
    """The page with the tool, and a call of it without the form."""
    with chromium.new_context(viewport=WIDE, service_workers="block") as context:
        page = open_page(context, address + PAGE)
        page.evaluate("import('../_static/your_log.js').then((m) => { window.log = m; })")
        page.wait_for_function("window.log")
        yield page
        assert page.faults == []


def diagnosed(page, text, K=10, dtype="float32"):
    """The ids of the candidates, in their order."""
    call = "([text, K, format]) => log.diagnose(text, { K, format }).map(({ row }) => row.id)"
    return page.evaluate(call, [text, K, dtype])


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row["kind"] == "value"])
def test_the_tool_finds_each_number_of_the_table(name, tool):
    """As a log prints it, with 4 decimals and with 7 digits: the arithmetic is the same here."""
    asked = []
    for dtype, K, own in choices(ROWS[name]):
        constants = signatures.constants(DATA["formats"][dtype])
        number = signatures.value(ROWS[name], K=K, **own, **constants)
        asked += [[text, {"K": K, "format": dtype}] for text in (f"{number:.4f}", f"{number:.7g}")]
    call = "(asked) => asked.map(([text, given]) => log.diagnose(text, given).map((f) => f.row.id))"
    for found, given in zip(tool.evaluate(call, asked), asked, strict=True):
        assert name in found, given


LOGS = {  # what is pasted, K and format: what must come first, or ids that must be among the rest
    ("2.3026", 10, "float32"): ["uniform"],
    ("2.30", 10, "float32"): ["uniform"],
    ("1.0986", 10, "float32"): ["uniform"],
    ("0.7437", 4, "float32"): ["twice", "swapped"],
    ("87.3365", 10, "float32"): ["flt-min"],
    ("87.34", 10, "float16"): ["flt-min"],
    ("78.603", 10, "float32"): ["flt-min-chance"],
    ("16.118", 10, "float32"): ["eps"],
    ("18.42", 10, "float32"): ["eps"],
    ("4.605", 2, "float32"): ["eps"],
    ("16.636", 3, "float32"): ["long-sum"],
    ("16.636", 3, "float16"): ["smallest"],
    ("15.942", 3, "float32"): ["ulp"],
    ("100", 10, "float32"): ["hundred"],
    ("147.365", 10, "float32"): ["sum"],
    ("0.500", 10, "float32"): ["smoothing"],
    ("2.3024", 10, "float32"): ["shares"],
    ("0", 10, "float32"): ["zero", "zero-right"],
    ("-1.19e-7", 10, "float32"): ["negative"],
    ("−0.02", 10, "float32"): ["negative"],
    ("nan", 10, "float32"): ["nan-first", "nan"],
    ("nan nan nan", 10, "float32"): ["nan-first", "nan"],
    ("2.31, 1.20, nan", 10, "float32"): ["nan"],
    ("loss: inf", 10, "float32"): ["inf"],
    ("epoch 1 loss 2.3026 acc 0.10\nepoch 2 loss 2.3026 acc 0.10\nepoch 3 loss 2.3026", 10,
     "float32"): ["uniform", "constant"],
    ("1.9 1.9 1.9", 10, "float32"): ["constant"],
    ("2.31 1.2 0.8 1.1 1.6", 10, "float32"): ["rises"],
    ("{'loss': 9.71}\n{'loss': 5.5}", 10, "float32"): ["start-high"],
    ("0.4463 1.1394", 10, "float32"): ["doubled"],
    ("1.8326 1.1394", 10, "float32"): ["doubled"],
    ("0.7340 1.0589", 10, "float32"): ["bases"],
    ("0.5 32.0", 3, "float32"): ["factor"],
    ("IndexError: Target 10 is out of bounds.", 10, "float32"): ["label-range"],
    ("RuntimeError: expected scalar type Long but found Float", 10, "float32"): ["label-type"],
    ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", 10, "float32"): [
        "memory"
    ],
    ("../aten/src/ATen/native/cuda/Loss.cu:245: Assertion `t >= 0 && t < n_classes` failed.", 10,
     "float32"): ["label-range"],
    ("3.21987", 10, "float32"): [],
    ("no number at all", 10, "float32"): [],
}  # fmt: skip


@pytest.mark.parametrize("given", LOGS, ids=lambda given: given[0].split("\n")[0][:24])
def test_a_log_is_diagnosed(given, tool):
    found = diagnosed(tool, *given)
    wanted = LOGS[given]
    assert found[:1] == wanted[:1], found
    assert {*wanted} <= {*found}, found


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_answers_shares_and_admits(size, scheme, chromium, address):
    """By keyboard: a paste, its link, and a number that nothing explains."""
    with chromium.new_context(
        viewport=size, color_scheme=scheme, service_workers="block"
    ) as context:
        page = open_page(context, address + PAGE)
        field, found = page.locator("#log-text"), page.locator("#log-found")
        page.wait_for_load_state("networkidle")
        field.focus()
        page.keyboard.type("0.7437")
        page.keyboard.press("Tab")
        page.keyboard.press("Control+a")
        page.keyboard.type("4")
        expect(found.locator("li").first).to_contain_text("0.74366838, K = 4")
        expect(found.locator("li a").first).to_have_attribute("href", re.compile("#sec-pa-twice"))
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        again = open_page(context, page.url)
        expect(again.locator("#log-found li").first).to_contain_text("K = 4")
        assert again.locator("#log-text").input_value() == "0.7437"
        field.fill("3.21987")
        expect(found).to_contain_text("No row of the table has this number")
        found.get_by_role("link", name="How to look further").click()
        expect(page.locator("#if-nothing-fits ol li")).to_have_count(6)
        assert page.faults == again.faults == []


def test_the_page_serves_without_scripts_and_the_tool_is_small(chromium, address, site):
    import gzip

    assert len(gzip.compress((site / "_static/your_log.js").read_bytes(), 6)) <= 8000
    with chromium.new_context(viewport=NARROW, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(address + PAGE)
        assert page.locator("form#your-log:visible").count() == 0
        assert page.locator("main td:visible").count() >= 3 * len(ROWS)
        assert "87.3365" in page.locator("main").inner_text()


def test_in_firefox_the_tool_answers(address):
    assert browser.firefox(address, "log") == {"log": "8.10", "errors": []}
