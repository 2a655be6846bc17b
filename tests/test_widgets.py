"""The widgets: ce_lib's numbers, by mouse, touch and keyboard, on the page and in JupyterLab."""

import functools
import gzip
import json
import re
import shutil
import subprocess
import sys
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path

import browser
import numpy as np
import prose
import pytest
import traitlets
from playwright.sync_api import expect
from test_site import axe

import ce_lib as ce
from ce_lib import datasets, widgets

PLACES = {
    "code_explorer": "chapters/01_surprisal.html",
    "boldness_dial": "chapters/02_cross_entropy.html",
    "softmax_explorer": "chapters/03_softmax.html",
    "temperature_path": "chapters/03_softmax.html",
    "gumbel_race": "chapters/03_softmax.html",
    "loss_explorer": "chapters/04_the_pair.html",
    "overflow_explorer": "chapters/05_stability.html",
    "online_softmax": "chapters/06_at_scale.html",
    "gradient_explorer": "chapters/07_gradients.html",
    "step_microscope": "chapters/07_gradients.html",
    "newton_step": "chapters/08_learning.html",
    "training": "chapters/08_learning.html",
    "backward_pass": "chapters/09_the_network.html",
    "boundary": "chapters/09_the_network.html",
    "reliability": "chapters/10_calibration.html",
    "conformal": "chapters/10_calibration.html",
    "decision_line": "chapters/11_imbalance_and_noise.html",
    "best_answer": "chapters/11_imbalance_and_noise.html",
    "writer": "chapters/12_language_models.html",
    "speculative": "chapters/12_language_models.html",
}
NETWORK = prose.ROOT / "chapters/09_the_network.ipynb"
SET_BY_CHAPTER = {"overflow_explorer", "training", "writer"}  # they open in a chapter's own state
COMPUTE = """async ([name, states, what]) => {
    const module = await import(new URL(`_static/widgets/${name}.js`, location.href));
    return states.map((state) => module[what](state));
}"""
CLASS_COLOURED = {  # they draw the classes in colours that the text beside them takes up
    *("softmax_explorer", "temperature_path", "gumbel_race"),
    *("gradient_explorer", "boundary"),
}
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def computed(chromium, address):
    """What a widget's module computes, in the browser, for a list of states."""
    context = chromium.new_context(service_workers="block")
    page = context.new_page()
    page.goto(address + "index.html")
    yield lambda name, states, what="compute": page.evaluate(COMPUTE, [name, states, what])
    context.close()


def agree(found, wanted, tolerance=1e-12):
    """Equal to 12 digits."""
    np.testing.assert_allclose(np.asarray(found, float), wanted, rtol=tolerance, atol=0)


def test_the_dial_draws_the_chapter_s_photographs_and_computes_the_means(computed):
    """NumPy's generator, in the browser: each of thousands of draws is the same."""
    for seed, count in ((0, 10_000), (1, 3000), (2, 3000)):
        figure = widgets.BoldnessDial(seed=seed, count=count)
        alphas = [0.0, 1.0, 3.0, *RNG.uniform(0, 5, 4).tolist()]
        for penalty in ("log", "Brier", "absolute"):
            states = [figure.state() | {"alpha": a, "penalty": penalty} for a in alphas]
            found = [
                {key: s[key] for key in ("accuracy", "largest", "truth", "mean")}
                for s in computed("boldness_dial", states)
            ]
            for alpha, numbers in zip(alphas, found, strict=True):
                wanted = figure.means(alpha)
                keys = ("accuracy", "largest", "truth", penalty)
                agree([*numbers.values()], [wanted[key] for key in keys], 1e-12)
    assert "3 | 0.608 | 0.819 | 0.586 | 1.151 | 0.577 | 0.414" in widgets.BoldnessDial().words()


def test_the_coder_computes_entropy_and_a_shortest_code(computed):
    alphabet = list("abcdefghijklmnopqrstuvwxyz ")
    rates = RNG.dirichlet(np.full(27, 0.3), 30)
    texts = ["".join(RNG.choice(alphabet, RNG.integers(1, 400), p=p)) for p in rates]
    texts += [
        "a",
        "B-b!",
        "aaaabbcd",
        "Zażółć gęślą jaźń",
        "Άγιος 日本語、漢字 ок",
        "e\u0301é",
        "한국어",
    ]
    texts += ["👩‍🚀👩‍🚀👍🏽👍🇵🇱🇵🇱🇩🇪", "שָׁלוֹם", "สวัสดีที่"]
    states = [{"text": text, "block": k} for text in texts for k in (1, 2, 3)]
    for state, found in zip(states, computed("code_explorer", states), strict=True):
        text = widgets.graphemes(state["text"])
        letters = sorted(set(text))
        n = np.array([text.count(letter) for letter in letters])
        p = n / n.sum()
        weights = functools.reduce(np.multiply.outer, [n] * state["block"]).ravel()
        blocks = weights / weights.sum()
        assert found["letters"] == letters
        agree(found["entropy"], ce.entropy(p, base=2))
        agree(found["mean"], blocks @ ce.huffman_lengths(weights) / state["block"])
        assert found["lengths"] == ce.huffman_lengths(weights).tolist()
        agree(found["surprisals"], ce.surprisal(blocks, base=2), 1e-9)
        assert np.sum(0.5 ** np.array(found["lengths"], float)) == 1
        merged = np.array([node["weight"] for node in found["nodes"]])[found["merges"]]
        assert np.all(np.diff(merged.ravel()) >= 0)  # the two rarest each time
    assert computed("code_explorer", [{"text": "", "block": 1}]) == [None]


def test_the_explorer_computes_exponentials_shares_and_loss(computed):
    states = [
        {
            "logits": RNG.normal(0, 4, 3).tolist(),
            "shift": RNG.uniform(-5, 5),
            "temperature": 10 ** RNG.uniform(-1, 1),
            "label": int(RNG.integers(3)),
        }
        for _ in range(200)
    ]
    for state, found in zip(states, computed("softmax_explorer", states), strict=True):
        z = np.add(state["logits"], state["shift"]) / state["temperature"]
        agree(found["z"], z)
        agree(found["exps"], np.exp(z))
        agree(found["total"], np.exp(ce.logsumexp(z)))
        agree(found["probs"], ce.softmax(z))
        agree(found["loss"], ce.cross_entropy(z, state["label"]))


def test_the_path_computes_the_prediction_its_entropy_and_its_place(computed):
    states = [
        {"logits": RNG.uniform(-3, 3, 3).tolist(), "beta": float(np.sinh(RNG.uniform(-4, 4)))}
        for _ in range(200)
    ]
    for state, found in zip(states, computed("temperature_path", states), strict=True):
        p = ce.softmax(np.multiply(state["logits"], state["beta"]))
        np.testing.assert_allclose(found["probs"], p, 1e-12)
        np.testing.assert_allclose(found["entropy"], ce.entropy(p), 1e-12, 1e-15)
        corners = np.array([[0, 0], [1, 0], [0.5, np.sqrt(3) / 2]])
        np.testing.assert_allclose(found["at"], p @ corners, 1e-12, 1e-15)
    assert "0.25 | 0.982 | 0.018" in widgets.TemperaturePath(beta=-2.0).words()


def test_the_race_draws_numpy_s_gumbel_noise_and_counts_the_winners(computed):
    for seed in range(4):
        figure = widgets.GumbelRace(seed=seed, logits=RNG.uniform(-3, 3, 3).tolist())
        noise = np.random.default_rng(seed).gumbel(size=(10_000, 3))
        counts = [1, 7, 3000, 10_000, 40]
        states = [figure.state() | {"draws": draws} for draws in counts]
        winners = (figure.logits + noise).argmax(axis=1)
        for draws, found in zip(counts, computed("gumbel_race", states), strict=True):
            np.testing.assert_allclose(found["noise"], noise[draws - 1], 1e-12, 1e-14)
            assert found["wins"] == np.bincount(winners[:draws], minlength=3).tolist()
            agree(found["probs"], ce.softmax(figure.logits))
    words = widgets.GumbelRace(draws=1).words().split("\n")
    assert words[2] == "1 | 0.000 | 0.000 | 1.000"
    assert words[-1] == "softmax | 0.659 | 0.242 | 0.099"


def test_the_losses_and_their_gradients_are_computed(computed):
    states = RNG.uniform(-12, 12, (200, 3)).tolist()
    for state, found in zip(states, computed("loss_explorer", states), strict=True):
        z = np.array(state)
        p, (pair, grad) = ce.softmax(z), ce.cross_entropy_with_grad(z, 0)
        twice, pull = ce.cross_entropy_with_grad(p, 0)
        error, margins = np.array([-(p[1] + p[2]), p[1], p[2]]), z[1:] - z[0] + 1
        jacobian, close = ce.softmax_jacobian(z), (margins > 0).astype(float)
        agree(found["values"], [pair, error @ error, np.maximum(margins, 0).sum(), twice])
        slopes = [grad, 2 * jacobian @ error, np.array([-close.sum(), *close]), jacobian @ pull]
        np.testing.assert_allclose(found["gradients"], slopes, 1e-8, 1e-15)


@pytest.mark.parametrize("rivals", [[10.0, 0.0], [12.0, 3.0], [2.0, 2.0], [-1.0, -2.0]])
def test_the_race_ends_after_the_steps_that_the_words_say(rivals, computed):
    """At the chapter's start after its printed steps; farther off, not within ten thousand."""
    found = computed("loss_explorer", [rivals], "arrivals")[0]
    figure = widgets.LossExplorer(rivals=rivals)
    rows = [line.split(" | ")[1:] for line in figure.words().split("\n")[2:]]
    assert [row[-1] for row in rows] == [str(n) if n is not None else "> 10000" for n in found]
    values, gradients = computed("loss_explorer", [[0.0, *rivals]])[0].values()
    said = [[float(loss), float(slope)] for loss, slope, _ in rows]
    wanted = np.transpose([values, [gradient[0] for gradient in gradients]])
    np.testing.assert_allclose(said, wanted, 1e-3, 6e-4)
    if rivals == [10.0, 0.0]:
        text = (prose.ROOT / "chapters/04_the_pair.ipynb").read_text()
        for name, n in zip(
            ["pair", "squared", "twice"], [found[0], found[1], found[3]], strict=True
        ):
            assert f"{name:8s} {n:4d} steps" in text


def test_the_gradient_explorer_computes_the_jacobian_its_terms_and_who_gives(computed):
    states = [
        {
            "logits": RNG.normal(0, 3, 3).tolist(),
            "target": (np.eye(3)[k % 3] if k % 2 else RNG.dirichlet([1, 1, 1])).tolist(),
            "rate": RNG.uniform(0.1, 4),
        }
        for k in range(200)
    ]
    found = computed("gradient_explorer", states)
    for state, numbers in zip(states, found, strict=True):
        z, y = np.array(state["logits"]), np.array(state["target"])
        p, jacobian = ce.softmax(z), ce.softmax_jacobian(z)
        loss, grad = ce.cross_entropy_with_grad(z, y)
        agree(numbers["loss"], loss)
        agree(numbers["probs"], p)
        agree(numbers["jacobian"], jacobian)
        agree(numbers["terms"], -(y / p)[:, None] * jacobian)
        assert np.all(np.abs(numbers["grad"] - grad) <= 1e-12 * np.maximum(p, y))
        assert np.abs(np.sum(numbers["terms"], axis=0) - grad).max() < 1e-12
    moves = [{"probs": n["probs"], "change": RNG.normal(size=3).tolist()} for n in found]
    for move, gifts in zip(moves, computed("gradient_explorer", moves, "gifts"), strict=True):
        p, change = np.array(move["probs"]), np.array(move["change"])
        given = {(g["from"], g["to"]): g["amount"] for g in gifts}
        for (i, j), amount in given.items():
            agree(amount, p[i] * p[j] * (change[j] - change[i]))
        into = [sum(v * ((j == k) - (i == k)) for (i, j), v in given.items()) for k in range(3)]
        wanted = (np.diag(p) - np.outer(p, p)) @ change
        np.testing.assert_allclose(into, wanted, rtol=0, atol=1e-12)
    steps = computed("gradient_explorer", states, "step")
    for state, after in zip(states, steps, strict=True):
        grad = ce.cross_entropy_with_grad(state["logits"], state["target"])[1]
        np.testing.assert_allclose(after, state["logits"] - state["rate"] * grad, 1e-12, 1e-14)


def test_the_microscope_s_losses_are_the_exact_ones_rounded_once(computed):
    """The same doubles as by 50-digit arithmetic, and so the same errors; below the bounds."""
    figure, powers = widgets.StepMicroscope(), range(51)
    found = computed("step_microscope", [{"power": power} for power in powers])
    for power, numbers in zip(powers, found, strict=True):
        h = 2.0**-power
        places = (2 - h, 2.0, 2 + h)
        assert numbers["losses"] == [float(widgets._exact_loss(x)) for x in places]
        by_library = ce.cross_entropy([[x, 1.0, 0.1] for x in places], [0] * 3, reduction="none")
        assert np.all(np.abs(numbers["losses"] - by_library) <= 4 * np.spacing(by_library))
        below, here, above = numbers["losses"]
        assert numbers["slopes"]["forward"] == (above - here) / h
        assert numbers["slopes"]["central"] == (above - below) / (2 * h)
        errors = numbers["errors"]
        agree([errors["forward"], errors["central"]], figure.errors(power))
        third, eps = np.sqrt(3) / 18, 2.0**-52
        assert errors["forward"] <= h / 8 + eps * below / h
        assert errors["central"] <= third * h**2 / 6 + eps * below / (2 * h)
        assert errors["complex"] <= third * h**2 / 6 + 3e-16


def test_the_microscope_s_window_shows_the_loss_and_its_rounding(computed):
    states = [{"power": power, "flat": flat} for power in range(4, 51) for flat in (True, False)]
    with localcontext(prec=50):
        point = widgets._exact_loss(2.0)
        terms = [Decimal(z).exp() for z in (2.0, 1.0, 0.1)]
        slope = terms[0] / sum(terms) - 1
        for state, samples in zip(states, computed("step_microscope", states, "view"), strict=True):
            h = 2.0 ** -state["power"]
            assert {-h, 0, h} <= {sample["t"] for sample in samples}
            for sample in samples[:: 1 + state["power"] % 5]:
                at = widgets._exact_loss(2 + sample["t"])
                line = point + slope * Decimal(sample["t"]) * state["flat"]
                agree(sample["exact"], float(at - line), 1e-12)
                agree(sample["rounded"], float(Decimal(float(at)) - line), 1e-12)


def test_the_online_figure_reads_every_order_and_chunk_to_the_same_end(computed):
    states = [
        {
            "logits": RNG.normal(0, 5, 8).tolist(),
            "order": RNG.permutation(8).tolist(),
            "chunk": int(RNG.choice([1, 2, 4])),
        }
        for _ in range(200)
    ]
    for state, rows in zip(states, computed("online_softmax", states), strict=True):
        z = np.array(state["logits"])[state["order"]]
        for row, end in zip(rows, range(state["chunk"], 9, state["chunk"]), strict=True):
            agree(row["m"], z[:end].max())
            agree(row["s"], np.exp(z[:end] - z[:end].max()).sum())
            agree(row["total"], ce.logsumexp(z[:end]), 1e-12 * max(1, 1 / abs(row["total"])))
        figure = widgets.OnlineSoftmax(**state)
        assert widgets.digits(ce.logsumexp(z)) == [*figure.lines()][-1][-1]


def test_pairs_merged_in_any_order_are_the_pair_of_the_row(computed):
    rows = RNG.normal(0, 5, (100, 8))
    pairs = [[[value, 1.0] for value in row] for row in rows.tolist()]
    while len(pairs[0]) > 1:  # in every row two at random, again and again
        places = [RNG.permutation(len(row)) for row in pairs]
        two = [[row[p[0]], row[p[1]]] for row, p in zip(pairs, places, strict=True)]
        rest = [[row[k] for k in p[2:]] for row, p in zip(pairs, places, strict=True)]
        found = computed("online_softmax", two, "merge")
        pairs = [[*row, one] for row, one in zip(rest, found, strict=True)]
    for row, [(m, s)] in zip(rows, pairs, strict=True):
        agree(m, row.max())
        agree(s, np.exp(row - row.max()).sum())


@pytest.fixture(scope="module")
def chapter9():
    """What the cells of the chapter on networks define, up to its spiral arms."""
    cells = {cell["id"]: cell["source"] for cell in prose.load(NETWORK)["cells"]}
    names = ["value", "layer-steps", "softmax-steps", "loss-steps", "backward", "fused"]
    found = {}
    for name in [*names, "network", "train", "arms"]:
        exec(cells[name], found)
    return found


def test_both_passes_agree_with_the_chapter_s_program(computed, chapter9):
    shapes = {"inputs": (2,), "W1": (2, 2), "b1": (2,), "W2": (3, 2), "b2": (3,)}
    states = [
        {name: RNG.normal(0, 2, shape).tolist() for name, shape in shapes.items()}
        | {"label": int(RNG.integers(3))}
        for _ in range(200)
    ]
    for state, found in zip(states, computed("backward_pass", states), strict=True):
        x, *params = (chapter9["Value"](state[name]) for name in shapes)
        x.data, x.grad = x.data[None], x.grad[None]
        a = chapter9["linear"](x, *params[:2])
        u = chapter9["tanh"](a)
        z = chapter9["linear"](u, *params[2:])
        loss = chapter9["cross_entropy"](z, [state["label"]])
        chapter9["backward"](loss)
        agree(found["loss"], loss.data)
        agree(found["probs"], ce.softmax(z.data)[0])
        values = {"a": a.data, "u": u.data, "z": z.data, "g": z.grad, "du": u.grad, "da": a.grad}
        values |= {"dx": x.grad, "dW1": params[0].grad, "dW2": params[2].grad}
        for name, wanted in values.items():
            np.testing.assert_allclose(np.reshape(found[name], wanted.shape), wanted, 1e-12, 1e-13)
        figure = widgets.BackwardPass(**state)
        for name, wanted in (("dz", z), ("du", u), ("da", a), ("dx", x)):
            np.testing.assert_allclose(figure.passes()[name], wanted.grad[0], 1e-12, 1e-15)


def test_the_arms_and_the_first_weights_are_the_chapter_s(computed, chapter9):
    """NumPy's normal draws, in the browser: tens of thousands, so also those of the tail."""
    figure = widgets.Boundary()
    [found] = computed("boundary", [figure.state()], "arms")
    points = np.array(found)
    np.testing.assert_allclose(points[:, :2], chapter9["arms"], 1e-12, 1e-15)
    assert points[:, 2].tolist() == chapter9["animals"].tolist()
    seeds = range(400)
    pcg = [np.random.default_rng(seed).bit_generator.state["state"] for seed in seeds]
    starts = [[str(at["state"]), str(at["inc"])] for at in pcg]
    assert starts[:12] == figure.starts
    states = [
        {"starts": starts, "seed": seed, "units": 16 if seed > 9 else [0, 2, 4, 8, 16][seed % 5]}
        for seed in seeds
    ]
    for state, weights in zip(states, computed("boundary", states, "first"), strict=True):
        sizes = [2, state["units"], 3] if state["units"] else [2, 3]
        params = chapter9["network"](sizes, seed=state["seed"])
        agree(weights, np.concatenate([v.data.ravel() for v in params]))


@pytest.mark.parametrize("units", [0, 2, 4, 8, 16])
def test_the_network_learns_as_the_chapter_s_does(units, computed, chapter9):
    """Losses and weights of 25 steps from the same weights, with points of the reader's."""
    figure = widgets.Boundary(units=units, steps=0)
    added = [[*RNG.uniform(-1, 1, 2).tolist(), int(RNG.integers(3))] for _ in range(5)]
    [arms] = computed("boundary", [figure.state()], "arms")
    state = figure.state() | {"points": arms + added, "rate": 1.5, "steps": 25}
    [state["weights"]] = computed("boundary", [state], "first")
    [found] = computed("boundary", [state], "train")
    params = chapter9["network"]([2, units, 3] if units else [2, 3])
    x, labels = np.array(state["points"])[:, :2], np.array(state["points"])[:, 2].astype(int)
    agree(found["losses"], chapter9["train"](params, x, labels, 25, rate=1.5))
    wanted = np.concatenate([v.data.ravel() for v in params])
    np.testing.assert_allclose(found["weights"], wanted, 1e-12, 1e-13)
    state["weights"] = wanted.tolist()
    [now] = computed("boundary", [state], "slopes")
    assert now["right"] == chapter9["accuracy"](params, x, labels)
    for place in RNG.normal(0, 3, (20, 2)).tolist():
        [there] = computed("boundary", [state | {"probe": place}])
        value = chapter9["scores"](params, np.array([place]))
        np.testing.assert_allclose(there["probs"], ce.softmax(value.data)[0], 1e-10)
        hidden = value.parents[0].data if units else np.zeros(1)
        assert there["saturated"] == np.sum(np.abs(hidden) > 0.99)


def test_the_boundary_opens_with_the_numbers_of_the_chapter(chapter9):
    params = chapter9["network"]([2, 4, 3])
    chapter9["train"](params, chapter9["arms"], chapter9["animals"], 3000, rate=0.3)
    loss = chapter9["cross_entropy"](
        chapter9["scores"](params, chapter9["arms"]), chapter9["animals"]
    )
    words = widgets.Boundary().words()
    assert f"after 3000 steps on 300 points: loss {loss.data:.3f} nats, 99.7% right" in words
    far = np.array([[84.0, 84.0]])
    p = ce.softmax(chapter9["scores"](params, far).data)[0]
    assert words.endswith("4 of 4 | " + " | ".join(f"{value:.3f}" for value in p))


def test_the_forecasts_are_binned_and_judged_as_by_ce_lib(computed):
    """The same photographs, too, and beliefs at the ends of bins."""
    figures = [
        widgets.Reliability(
            temperature=float(2 ** RNG.uniform(-2, 2)),
            bins=int(RNG.integers(1, 51)),
            count=int(RNG.integers(1, 600)),
            seed=int(RNG.integers(8)),
        )
        for _ in range(40)
    ]
    found = computed("reliability", [figure.state() for figure in figures])
    for figure, numbers in zip(figures, found, strict=True):
        wanted = figure.errors(figure.temperature)
        assert numbers["counts"] == wanted["counts"].tolist()
        for name in ("belief", "right"):
            values = [np.nan if value is None else value for value in numbers[name]]
            np.testing.assert_allclose(values, wanted[name], rtol=1e-12)
        for name in ("ece", "gap", "square", "loss"):
            np.testing.assert_allclose(numbers[name], wanted[name], rtol=1e-12, atol=1e-14)
    words = widgets.Reliability(count=1000, temperature=1.0).words()
    assert "1 | " in words
    assert " | 0.000 | " in words  # true chances have no true error


def test_the_sets_cover_as_in_python(computed):
    figures = [
        widgets.Conformal(
            temperature=float(RNG.choice([0.4, 1.0, 2.5])),
            coverage=float(RNG.uniform(0.05, 0.99)),
            held=int(RNG.integers(1, 300)),
            draws=int(RNG.integers(1, 8)),
        )
        for _ in range(30)
    ]
    states = [figure.state() for figure in figures]
    more = [state | {"draws": state["draws"] + 2} for state in states]  # goes on where it was
    pairs = [state for both in zip(states, more, states, strict=True) for state in both]
    found = computed("conformal", pairs)
    for k, figure in enumerate(figures):
        wanted = figure.drawn()
        for numbers in (found[3 * k], found[3 * k + 2]):
            agree(numbers["coverages"], wanted["coverages"])
            np.testing.assert_allclose(numbers["threshold"], wanted["threshold"], rtol=1e-12)
            agree(numbers["size"], wanted["size"])
        assert found[3 * k + 1]["coverages"][: figure.draws] == found[3 * k]["coverages"]


def test_the_mean_coverage_of_the_figure_is_the_proof_s():
    """In the figure's simulation, for an overconfident model, too."""
    for temperature in (0.4, 1.0):
        figure = widgets.Conformal(temperature=temperature, held=20, draws=2000)
        covered = figure.drawn()["coverages"]
        assert abs(np.mean(covered) - 19 / 21) < 4 * np.std(covered) / np.sqrt(2000)


def test_the_decisions_are_those_of_the_shifted_scores(computed):
    figures = [
        widgets.DecisionLine(
            used=float(RNG.uniform(0.01, 0.6)),
            trained=float(RNG.uniform(0.01, 0.6)),
            weight=float(RNG.uniform(0.5, 100)),
            cost=float(RNG.uniform(0.5, 100)),
            corrected=bool(RNG.integers(2)),
        )
        for _ in range(40)
    ]
    found = computed("decision_line", [figure.state() for figure in figures])
    for figure, numbers in zip(figures, found, strict=True):
        for name, value in figure.scores().items():
            np.testing.assert_allclose(numbers[name], value, rtol=1e-12)


def test_shares_a_weight_and_a_cost_move_the_line_alike_and_the_cost_keeps_the_probabilities():
    """What chapter 11 says of its figure."""
    three = [{"trained": 0.5}, {"weight": 19.0}, {"cost": 19.0}]
    found = [widgets.DecisionLine(**{"trained": 0.05} | change).scores() for change in three]
    for key in ("accuracy", "balanced", "f1"):
        np.testing.assert_allclose([f[key] for f in found], found[0][key], rtol=1e-12)
    np.testing.assert_allclose([f["mean"] > 0.2 for f in found], [True, True, False])
    assert abs(found[2]["mean"] - 0.05) < 1e-12
    corrected = widgets.DecisionLine(trained=0.5, weight=9.0, corrected=True).scores()
    np.testing.assert_allclose(corrected["stated"], corrected["truth"], rtol=1e-12)


def test_the_best_answer_is_where_the_expected_slope_is_0(computed):
    figures = [
        widgets.BestAnswer(
            kind=str(RNG.choice(["cross-entropy", "focal", "power"])),
            exponent=float(RNG.uniform(0.05, 5)),
            truth=float(RNG.uniform(0.02, 0.98)),
        )
        for _ in range(60)
    ]
    found = computed("best_answer", [figure.state() for figure in figures])
    for figure, numbers in zip(figures, found, strict=True):
        for name, value in figure.answer().items():
            np.testing.assert_allclose(numbers[name], value, rtol=1e-12)
        np.testing.assert_allclose(numbers["back"], figure.truth, rtol=1e-12)
        if figure.kind == "power":
            continue
        z = [np.log(numbers["stated"]), np.log1p(-numbers["stated"])]
        gamma = figure.exponent if figure.kind == "focal" else 0
        slopes = [ce.focal_loss_with_grad(z, label, gamma=gamma)[1][0] for label in (0, 1)]
        assert abs(np.dot([figure.truth, 1 - figure.truth], slopes)) < 1e-14
    stated = [
        widgets.BestAnswer(kind=kind, exponent=k, truth=0.95).answer()["stated"]
        for kind, k in (("focal", 1.3), ("focal", 1.4), ("power", 0.05))
    ]
    assert stated[1] < 0.8 < stated[0]  # as chapter 11 says
    assert stated[2] > 0.95


def some_network(rng, context=4, width=3, units=5, size=1.0):
    """A small network for the writer, with random weights."""
    shapes = [(27, width), (units, context * width), (units,), (27, units), (27,)]
    return [rng.normal(0, size, shape) for shape in shapes]


def test_the_writer_keeps_and_writes_what_ce_lib_does(computed):
    """The same letters from the same random numbers, and the probabilities to 12 digits."""
    figures = [
        widgets.Writer(
            some_network(RNG, context=int(RNG.integers(1, 7))),
            seed=int(RNG.integers(100)),
            prompt=str(RNG.choice(["", "a", "The mock turtle!  said", "Ünder 12 o'clock, " * 8])),
            temperature=float(RNG.uniform(0.3, 3)),
            k=int(RNG.integers(1, 28)),
            p=float(RNG.choice([0.05, 0.5, 0.9, 1.0])),
            least=float(RNG.uniform(0.01, 0.5)),
            round=int(RNG.integers(3)),
        )
        for _ in range(30)
    ]
    found = computed("writer", [figure.state() for figure in figures])
    for figure, told in zip(figures, found, strict=True):
        begun = ["abcdefghijklmnopqrstuvwxyz ".index(letter) for letter in figure.begun()]
        z = figure.scores(begun)
        agree(told["probs"], ce.softmax(z), 1e-11)
        assert told["kept"] == [np.isfinite(kept).tolist() for kept in figure.filtered(z)]
        assert told["texts"] == figure.texts()


def test_the_writer_rounds_weights_to_1_256_and_refuses_others():
    params = some_network(RNG)
    figure = widgets.Writer(params)
    for given, kept in zip(params, figure._parts, strict=True):
        assert np.abs(given - kept).max() <= 1 / 512
    assert len(figure.weights) == 2 * sum(part.size for part in params)
    assert "none | 27 | 1.000 | " in widgets.Writer().words()
    with pytest.raises(ValueError, match="params must lie between -8 and 8, got 9"):
        widgets.Writer([*params[:4], np.full(27, 9.0)])
    with pytest.raises(ValueError, match=r"params must have the shapes .* got .*\(26,\)"):
        widgets.Writer([*params[:4], np.zeros(26)])


def test_the_chapter_s_network_is_in_its_figure():
    """Rounded weights cost hardly anything: the figure's network is the chapter's."""
    cells = prose.load(prose.ROOT / "chapters/12_language_models.ipynb")["cells"]
    (cell,) = (cell for cell in cells if cell["id"] == "writer-figure")
    said = "".join(cell["outputs"][0]["data"]["text/plain"])
    assert said.startswith(
        "After “said the ”, at temperature 1, the most probable letters are m 0.11"
    )


def test_drafts_are_kept_and_replaced_as_ce_lib_says(computed):
    figures = [
        widgets.Speculative(
            target=RNG.dirichlet([1, 1, 1]).tolist(),
            draft=RNG.uniform(0.1, 1, 3).tolist(),
            rule=str(RNG.choice(["residual", "target", "greedy"])),
        )
        for _ in range(60)
    ]
    found = computed("speculative", [figure.state() for figure in figures])
    for figure, numbers in zip(figures, found, strict=True):
        for name, value in figure.parts().items():
            np.testing.assert_allclose(numbers[name], value, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(np.sum(numbers["token"]), 1, rtol=1e-12)
        if figure.rule == "residual":
            np.testing.assert_allclose(numbers["token"], figure.target, rtol=1e-12)
    figure = widgets.Speculative(rule="target")
    over = figure.parts()["token"] - figure.target
    np.testing.assert_allclose(over, [-0.05, 0.09, -0.04], atol=1e-12)  # the dog: chapter 12


def learning(*cells):
    """The names that cells of chapter 8 define."""
    cells = ["data", "model", "curvature", "newton-step", "fit", *cells]
    found = {"np": np, "ce": ce, "datasets": datasets, "zero": np.zeros((10, 65))}
    for cell in prose.load(prose.ROOT / PLACES["training"].replace("html", "ipynb"))["cells"]:
        if cell["id"] in cells:
            exec(cell["source"], found)
    X, labels = found["X"], found["labels"]
    return found | {"train": (X[:1000], labels[:1000]), "held_out": (X[1000:], labels[1000:])}


def test_a_drawing_is_scored_as_by_ce_lib(computed):
    states = [
        {
            "weights": RNG.normal(0, 10 ** RNG.uniform(-3, 1), 650).tolist(),
            "picture": RNG.integers(0, 17, 64).tolist(),
            "meant": int(RNG.integers(10)),
        }
        for _ in range(100)
    ]
    for state, found in zip(states, computed("training", states), strict=True):
        W, x = np.reshape(state["weights"], (10, 65)), np.divide(state["picture"], 16)
        z = W @ [*x, 1.0]
        agree(found["products"], W[:, :64] * x)
        assert np.all(np.abs(found["z"] - z) <= 1e-12 * (np.abs(W) @ [*x, 1.0]))
        agree(found["probs"], ce.softmax(found["z"]))
        agree(found["loss"], ce.cross_entropy(found["z"], state["meant"]))


@pytest.mark.parametrize(  # without a penalty Newton's matrix has no inverse, which the figure says
    ("method", "penalty"),
    [("descent", 0), ("descent", 1e-3), ("descent", 1e-1), ("Newton", 1e-3), ("Newton", 1e-1)],
)
def test_the_browser_takes_the_steps_of_the_chapter(method, penalty, computed):
    """From zero and from random weights; Newton's step by the chapter's own code."""
    chapter, steps = learning(), {"descent": 12, "Newton": 3}[method]
    M = np.linalg.eigvalsh(chapter["train"][0].T @ chapter["train"][0] / 1000)[-1] / 2
    for size, scale in ((0, 0), (0.2, 3)):
        W = RNG.normal(size=(10, 65)) * size
        state = {"digits": widgets.pictures(), "weights": W.ravel().tolist(), "steps": steps}
        state |= {"method": method, "penalty": penalty, "scale": scale}
        (found,) = computed("training", [state], "train")
        agree(found["bound"], M)
        agree(widgets.Training().bound, M, 1e-5)  # as it is shown
        losses, slope = [], chapter["loss_and_gradient"]
        if method == "Newton":
            path = [*chapter["fit"](*chapter["train"], penalty, W=W, steps=steps + 1)]
            W, losses = path[-1][0], [loss for _, loss, _ in path]
        else:
            for _ in range(steps):
                loss, gradient = slope(W, *chapter["train"], penalty)
                W, losses = W - 2**scale / (M + penalty) * gradient, [*losses, loss]
            losses.append(slope(W, *chapter["train"], penalty)[0])
        agree(found["losses"], losses)
        gap = np.abs(np.reshape(found["weights"], W.shape) - W).max() / abs(W).max()
        assert gap <= (1e-11 if method == "Newton" else 1e-12)  # eps times the matrix's condition
        X, labels = chapter["held_out"]
        agree(found["heldOut"]["loss"], ce.cross_entropy(X @ W.T, labels))
        assert found["heldOut"]["right"] == np.mean((X @ W.T).argmax(axis=1) == labels)


def test_newton_s_and_the_gradient_s_step_are_computed(computed):
    states = [
        {"margin": RNG.uniform(-9, 15), "target": target, "damped": bool(k % 2)}
        for target in (1.0, 0.7)
        for k in range(60)
    ]
    for state, found in zip(states, computed("newton_step", states), strict=True):
        figure = widgets.NewtonStep(**state)
        loss, slope, curvature = figure.at(state["margin"])
        agree(found["loss"], loss)
        agree(found["curvature"], curvature)
        size = max(1 - state["target"], abs(slope))
        assert abs(found["slope"] - slope) <= 1e-12 * size
        near = 1e-12 * (1 + size / curvature)
        assert abs(found["newton"]["to"] - figure.newton(state["margin"])) <= near
        assert abs(found["gradient"]["to"] - (state["margin"] - 4 * slope)) <= 1e-11
        agree(found["newton"]["loss"], figure.at(found["newton"]["to"])[0], 1e-11)
        if state["damped"]:
            assert found["newton"]["loss"] <= loss


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"weights": np.zeros((10, 64))}, r"weights must have shape \(10, 65\), got .*64"),
        ({"picture": np.zeros(64)}, r"picture must have shape \(8, 8\), got shape \(64,\)"),
        ({"picture": np.full((8, 8), 17)}, "whole numbers from 0 to 16, got .*17"),
        ({"picture": np.full((8, 8), 0.5)}, "whole numbers from 0 to 16, got .*0.5"),
    ],
)
def test_what_is_no_picture_or_no_weights_is_refused(arguments, says):
    with pytest.raises(ValueError, match=says):
        widgets.Training(**arguments)


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_the_overflow_explorer_rounds_as_the_format_does(name, computed):
    """Every step within 4 ulp of the same step in NumPy's own type, and infinite where it is."""
    kind, reach = np.dtype(name).type, {"float16": 20, "float32": 120, "float64": 800}[name]
    states = [
        {
            "logits": RNG.normal(0, 2, 3).tolist(),
            "added": RNG.uniform(-reach, reach),
            "format": name,
            "label": 0,
        }
        for _ in range(300)
    ]
    for state, found in zip(states, computed("overflow_explorer", states), strict=True):
        step = {key: np.asarray(value, kind) for key, value in found.items()}
        with np.errstate(all="ignore"):
            same(step["z"], np.asarray(state["logits"], kind) + kind(state["added"]))
            same(step["e"], np.exp(step["z"]))
            same(step["total"], (step["e"][0] + step["e"][1]) + step["e"][2])
            same(step["naive"], step["e"] / step["total"])
            same(step["naiveLoss"], -np.log(step["naive"][0]))
            same(step["shifted"], step["z"] - step["z"].max())
            same(step["es"], np.exp(step["shifted"]))
            same(step["stable"], step["es"] / step["sum"])
            same(step["loss"], np.log(step["sum"]) - step["shifted"][0])
            others = step["z"][1:] - step["z"][0]
            behind = np.maximum(others.max(), kind(0))
            rest = np.exp(others[0] - behind) + np.exp(others[1] - behind)
            form = behind + np.log(rest + np.exp(-behind)) if behind else np.log1p(rest)
            same(step["accurate"], form)
        assert all(np.all(np.isfinite(step[key])) for key in ("stable", "loss"))


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_a_digit_is_called_true_where_it_is_the_exact_loss_s(name, computed):
    """The exact loss by 60-digit arithmetic; each program's digits, and how many begin it."""
    kind = np.dtype(name).type
    states = [
        {
            "logits": [RNG.uniform(-20, 60), *RNG.normal(0, 2, 2)],
            "added": RNG.uniform(-15, 15),
            "format": name,
            "label": int(RNG.integers(3)),
        }
        for _ in range(60)
    ]
    for state, rows in zip(states, computed("overflow_explorer", states, "printed"), strict=True):
        z = [Decimal(float(kind(v) + kind(state["added"]))) for v in state["logits"]]
        with localcontext(prec=60):
            exact = sum((v - z[state["label"]]).exp() for v in z).ln()
        printed = ["".join(row["parts"]).replace("−", "-") for row in rows]
        with localcontext(prec=17):
            assert Decimal(printed[0]) == +exact
        for row, text in zip(rows[1:], printed[1:], strict=True):
            if not np.isfinite(row["value"]) or row["value"] == 0:
                assert (row["count"], text) in [(0, "0"), (0, "inf"), (0, "nan")]
                continue
            with localcontext(prec=17, rounding=ROUND_HALF_UP):
                value = +Decimal(row["value"])
                assert Decimal(text) == value
            same_size = value.adjusted() == exact.adjusted()
            both = [f"{v:.16e}".partition("e")[0] for v in (value, Decimal(printed[0]))]
            alike = [a == b for a, b in zip(*both, strict=True)] + [False]
            begins = len(both[0][: alike.index(False)].replace(".", ""))
            assert row["count"] == (begins if same_size else 0)


def same(found, wanted):
    """Equal to 4 ulp of their own type, and equally infinite or nan."""
    found, wanted = np.atleast_1d(found), np.atleast_1d(wanted)
    assert found.dtype == wanted.dtype
    finite = np.isfinite(wanted)
    np.testing.assert_array_equal(np.isfinite(found), finite)
    np.testing.assert_array_equal(found[~finite], wanted[~finite])
    gap = np.abs(found[finite].astype(float) - wanted[finite].astype(float))
    assert np.all(gap <= 4 * np.abs(np.spacing(wanted[finite])).astype(float))


@pytest.fixture(params=["mouse", "touch"])
def hand(request, chromium, address):
    """A page to handle with a mouse or a finger: opens a chapter and brings its widget to life."""
    touch = request.param == "touch"
    context = chromium.new_context(
        viewport={"width": 390, "height": 800} if touch else {"width": 1280, "height": 900},
        has_touch=touch,
        service_workers="block",
    )
    context.set_default_timeout(10_000)
    page = context.new_page()

    def open_widget(name, where=None):
        page.goto(address + (where or PLACES[name]))
        box = page.locator(f"[data-widget={name}]").first
        box.scroll_into_view_if_needed()
        box.locator("form, input").first.wait_for()
        box.evaluate("(box) => box.scrollIntoView({block: 'center'})")
        return box

    def drag(box, start, end, knob=True):
        """From one place of the drawing to another, both as fractions of it.

        knob : whether a finger starts at the knob instead, as it must to move anything
        """
        at = box.locator("svg").bounding_box()
        (x0, y0), (x1, y1) = [
            (at["x"] + fx * at["width"], at["y"] + fy * at["height"]) for fx, fy in (start, end)
        ]
        if touch and knob:
            at = box.locator(".ce-knob").bounding_box()
            x0, y0 = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
        if touch:
            session = context.new_cdp_session(page)
            steps = [(x0 + (x1 - x0) * k / 8, y0 + (y1 - y0) * k / 8) for k in (*range(9), 8, 8)]
            for k, (x, y) in enumerate(steps):  # as slow as a finger, and at rest at the end
                kind = "touchMove" if k else "touchStart"
                touches = {"type": kind, "touchPoints": [{"x": x, "y": y}]}
                session.send("Input.dispatchTouchEvent", touches)
                page.wait_for_timeout(40)
            session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        else:
            page.mouse.move(x0, y0)
            page.mouse.down()
            page.mouse.move(x1, y1, steps=4)
            page.mouse.up()

    def stroke(start, by):
        """From a place of the window, so many pixels right and down."""
        (x, y), (right, down) = start, by
        if not touch:
            page.mouse.move(x, y)
            page.mouse.down()
            page.mouse.move(x + right, y + down, steps=4)
            page.mouse.up()
            return
        session = context.new_cdp_session(page)
        for k in range(9):
            kind = "touchMove" if k else "touchStart"
            point = {"x": x + right * k / 8, "y": y + down * k / 8}
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
            page.wait_for_timeout(20)
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def lift(knob, down, right=0):
        """Drag a knob so many pixels down."""
        at = knob.bounding_box()
        stroke((at["x"] + at["width"] / 2, at["y"] + at["height"] / 2), (right, down))

    page.stroke = stroke
    page.lift, page.press_on = lift, lambda place: place.tap() if touch else place.click()
    page.open_widget, page.drag_on, page.address = open_widget, drag, address
    yield page
    context.close()


def test_the_dial_finds_the_boldness_that_each_penalty_wants(hand):
    box, figure = hand.open_widget("boldness_dial"), widgets.BoldnessDial()
    numbers, note, knob = (
        box.locator(".ce-figures b"),
        box.locator(".ce-note"),
        box.locator(".ce-knob"),
    )
    expect(numbers.nth(3)).to_have_text("1.151")
    at = knob.bounding_box()
    hand.drag_on(box, (0.3, 0.3), (0.02, 0.3))
    hand.wait_for_timeout(100)
    assert knob.bounding_box()["x"] < at["x"]
    for penalty, best in (("log", 1), ("Brier", 1), ("absolute", 5)):
        hand.press_on(box.locator("fieldset label", has_text=penalty))
        knob.focus()
        hand.keyboard.press("Home")
        expect(note).to_contain_text("Find the α")
        hand.keyboard.press("End")
        for _ in range(8 if best == 1 else 0):
            hand.keyboard.press("Shift+ArrowLeft")
        expect(note).to_contain_text(
            f"Lowest here: of all α on the dial, the {penalty} penalty wants {best}"
        )
        expect(numbers.nth(0)).to_have_text("0.608")
        expect(numbers.nth(3)).to_have_text(f"{figure.means(best)[penalty]:.3f}")
    hand.press_on(box.locator("button", has_text="bold"))
    expect(numbers.nth(2)).to_have_text("0.586")
    box.locator("input[type=range]").focus()
    hand.keyboard.press("ArrowRight")
    expect(numbers.nth(1)).to_have_text(f"{figure.means(3.05)['largest']:.3f}")
    expect(box.locator("[role=status]")).to_contain_text("At boldness 3.05")


def test_the_coder_follows_typing_examples_and_keys(hand):
    box = hand.open_widget("code_explorer")
    figures, note = box.locator(".ce-figures b"), box.locator(".ce-note")
    hand.press_on(box.locator("button", has_text="aaaaaaaaab"))
    expect(figures.nth(0)).to_have_text(f"{ce.entropy([0.9, 0.1], base=2):.3f}")
    expect(figures.nth(1)).to_have_text("1.000")
    hand.press_on(box.locator("label", has_text="pairs"))
    expect(figures.nth(1)).to_have_text("0.645")
    hand.press_on(box.locator("label", has_text="letters"))
    field = box.locator("input[type=text]")
    field.fill("")
    expect(figures.nth(0)).to_have_text("–")
    expect(note).to_contain_text("Type a text")
    field.press_sequentially("Żółw")
    expect(figures.nth(0)).to_have_text("2.000")
    expect(figures.nth(1)).to_have_text("2.000")
    scrub = box.locator("input[type=range]")
    scrub.focus()
    hand.keyboard.press("Home")
    expect(note).to_contain_text("The two rarest go first: “w” (1) and “ó” (1)")
    expect(box.locator(".ce-one, .ce-null")).to_have_count(0)
    hand.keyboard.press("ArrowRight")
    expect(note).to_contain_text("Merge 1: “w” (1) and “ó” (1).")
    expect(box.locator(".ce-one, .ce-null")).to_have_count(2)
    expect(box.locator("[role=status]")).to_contain_text("0.500 digits per letter so far")
    hand.press_on(box.locator("button", has_text="Play"))
    expect(box.locator("button", has_text="Pause")).to_be_visible()
    expect(figures.nth(1)).to_have_text("2.000")  # it ends by itself
    expect(box.locator("button", has_text="Play")).to_be_visible()


def test_the_marks_stand_where_the_named_merge_joins(hand):
    """Both ends of the newest branch are marked, and the sentence says whose they are."""
    box = hand.open_widget("code_explorer")
    note, ends = box.locator(".ce-note"), box.locator(".ce-mark")
    expect(note).to_contain_text("Merge 9: “t” (4) and the envelope of i, r (4).")
    starts, last = box.evaluate(
        """(box) => {
            const [, x0, y0, y1, x1] = box.querySelector('.ce-new').getAttribute('d')
                .match(/M(\\S+) (\\S+)H\\S+V(\\S+)H(\\S+)/).map(Number);
            const marks = [...box.querySelectorAll('.ce-mark')];
            const at = (each) => ['cx', 'cy'].map((name) => Number(each.getAttribute(name)));
            return [[[x0, y0], [x1, y1]], marks.map(at)];
        }"""
    )
    assert starts == last
    box.locator("input[type=range]").focus()
    hand.keyboard.press("End")
    expect(note).to_contain_text("Merge 15: the envelope of")
    expect(ends).to_have_count(2)


def test_the_merging_can_be_paused_and_goes_in_steps_where_motion_is_reduced(hand):
    hand.emulate_media(reduced_motion="reduce")
    box = hand.open_widget("code_explorer")
    drawn = "(box) => box.querySelector('svg').innerHTML"
    box.locator("input[type=range]").focus()
    hand.keyboard.press("Home")
    before = box.evaluate(drawn)
    hand.press_on(box.locator("button", has_text="Play"))
    hand.wait_for_timeout(500)
    assert box.evaluate(drawn) == before
    expect(box.locator(".ce-note")).to_contain_text("Merge 1")
    hand.press_on(box.locator("button", has_text="Pause"))
    before = box.evaluate(drawn)
    hand.wait_for_timeout(1200)
    assert box.evaluate(drawn) == before


@pytest.mark.parametrize("place", ["index.html", PLACES["softmax_explorer"]])
def test_a_score_changes_the_shares_and_all_three_together_change_none(place, hand):
    box = hand.open_widget("softmax_explorer", place)
    rows, knobs, loss = box.locator("tbody tr"), box.locator(".ce-knob"), box.locator(".ce-line")

    def shares():
        return [row.locator("td").last.inner_text() for row in rows.all()[:3]]

    parts = "(box) => [...box.querySelectorAll('.ce-part')].map((p) => p.getAttribute('y'))"
    before, drawn = shares(), box.evaluate(parts)
    assert before == [f"{p:.3f}" for p in ce.softmax([2.0, 1.0, 0.1])]
    hand.lift(knobs.nth(0), -30)  # 30 px of 200 for 6 points
    expect(rows.nth(0).locator("td").first).to_have_text("2.9")
    assert shares() == before
    np.testing.assert_allclose(*np.array([box.evaluate(parts), drawn], float), atol=1e-9)
    expect(box.locator(".ce-note")).to_contain_text("+0.9: each exponential is ×2.460")
    hand.lift(knobs.nth(3), 40)
    expect(rows.nth(2).locator("td").first).to_have_text("-0.2".replace("-", "−"))
    assert shares() == [f"{p:.3f}" for p in ce.softmax([2.0, 1.0, -1.1])]
    knobs.nth(2).focus()
    hand.keyboard.press("Shift+ArrowUp")
    expect(rows.nth(1).locator("td").first).to_have_text("2.9")
    assert shares() == [f"{p:.3f}" for p in ce.softmax([2.0, 2.0, -1.1])]
    hand.press_on(box.locator("label", has_text="bird").last)
    expect(loss.last).to_contain_text(f"{ce.cross_entropy([2.0, 2.0, -1.1], 2):.3f}")
    expect(box.locator("[role=status]")).to_contain_text("That changes no share.")
    hand.press_on(box.locator("button"))
    expect(rows.nth(0).locator("td").first).to_have_text("2.0")
    assert shares() == before


RENDER = """async ([name, width, states]) => {
    const at = new URL(`_static/widgets/${name}.js`, location.href);
    const { default: { render } } = await import(at);
    const faults = [], heights = new Set();
    for (const state of states) {
        const el = document.createElement('div');
        el.style.width = `${width}px`;
        document.querySelector('main article').prepend(el);
        const get = (key) => state[key];
        render({ model: { get, set() {}, on() {}, save_changes() {} }, el });
        const fault = (what) => faults.push(`${what}: ${JSON.stringify(state).slice(0, 300)}`);
        for (const text of state.press ?? []) {
            [...el.querySelectorAll('button')].find((b) => b.textContent === text).click();
        }
        heights.add(Math.round(el.getBoundingClientRect().height));
        if (el.scrollWidth > el.clientWidth + 1) fault('too wide');
        for (const drawing of el.querySelectorAll('svg')) {
            const frame = drawing.getBoundingClientRect();
            const labels = [...drawing.querySelectorAll('text')]
                .filter((t) => t.textContent && getComputedStyle(t).visibility === 'visible');
            const boxes = labels.map((t) => [t.textContent, t.getBoundingClientRect()]);
            const rows = {}; // of numbers below an axis: each stands in the middle below its tick
            for (const label of labels) {
                const number = /^[−0-9.e½]+$/.test(label.textContent);
                if (!number || label.matches('.ce-letter, .ce-bit')) continue;
                const row = rows[Math.round(label.getBoundingClientRect().bottom)] ??= [];
                row.push(label.getAttribute('text-anchor'));
            }
            for (const row of Object.values(rows)) {
                const middle = row.filter((anchor) => anchor === 'middle').length;
                if (middle > 1 && row.includes('end')) fault(`ticks at ${row}`);
            }
            boxes.forEach(([text, a], i) => {
                const cut = a.left < frame.left - 1 || a.right > frame.right + 1
                    || a.top < frame.top - 2 || a.bottom > frame.bottom + 2;
                if (cut) fault(`${text} cut`);
                for (const [other, b] of boxes.slice(0, i)) {
                    const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
                    const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
                    if (x > 1 && y > 5) fault(`${text} over ${other}`);
                }
            });
        }
        for (const part of el.querySelectorAll('*')) {
            if (![...part.childNodes].some((child) => child.nodeType === 3)) continue;
            const scale = part.ownerSVGElement?.getScreenCTM().a ?? 1;
            const size = parseFloat(getComputedStyle(part).fontSize) * scale;
            if (size < 10.95) fault(`${part.textContent} in letters of ${size} px`);
        }
        for (const cell of el.querySelectorAll('td, th')) {
            if (cell.scrollWidth > cell.clientWidth + 1) fault(`${cell.textContent} cut`);
            const [right, left] = [cell, cell.nextElementSibling].map((each, k) => {
                const letters = document.createRange();
                if (each) letters.selectNodeContents(each);
                return letters.getBoundingClientRect()[k ? 'left' : 'right'];
            });
            const touches = cell.scope === 'row' && left && right && left - right < 3;
            if (touches) fault(`${cell.textContent} touches the next`);
        }
        for (const knob of el.querySelectorAll('.ce-knob')) {
            const now = knob.getAttribute('aria-valuenow');
            if (!/^-?[0-9.]+(e[-+]?[0-9]+)?$/.test(now)) fault(`a slider at ${now}`);
        }
        el.remove();
    }
    return [faults, [...heights]];
}"""
SCRIPTS = [
    "abcdefghijklmnopqrstuvwxyz ",
    "абвгдежз ",
    "日本語漢字仮名交文",
    "🙂👩‍🚀🐱🐶🐦",
    "0123456789",
]
RANDOM = {
    "code_explorer": lambda: {
        "text": "".join(RNG.choice(list(RNG.choice(SCRIPTS)), RNG.geometric(0.02))),
        "block": int(RNG.integers(1, 4)),
        "left": int(RNG.integers(0, 20)),
    },
    "boldness_dial": lambda: widgets.BoldnessDial(
        seed=int(RNG.integers(9)),
        count=50,
        alpha=round(RNG.uniform(0, 5), 2),
        penalty=str(RNG.choice(["log", "Brier", "absolute"])),
    ).state(),
    "softmax_explorer": lambda: {
        "logits": RNG.uniform(-5, 5, 3).round(1).tolist(),
        "shift": round(RNG.uniform(-5, 5), 1),
        "temperature": float(10 ** RNG.choice([-1, -0.5, 0, 0, 0, 1])),
        "label": int(RNG.integers(3)),
        "details": True,
    },
    "temperature_path": lambda: {
        "logits": RNG.uniform(-3, 3, 3).round(int(RNG.integers(2))).tolist(),
        "beta": float(np.sinh(RNG.uniform(-3, 4)) / np.sinh(1)),
    },
    "gumbel_race": lambda: widgets.GumbelRace(
        seed=int(RNG.integers(9)),
        logits=RNG.uniform(-3, 3, 3).round(1).tolist(),
        draws=int(10 ** RNG.uniform(0, 4)),
    ).state(),
    "loss_explorer": lambda: {
        "rivals": RNG.uniform(-8, 12, 2).round(1).tolist(),
        "third": int(RNG.choice([2, 3])),
        "press": ["One step", *["Play"] * int(RNG.integers(4))],
    },
    "overflow_explorer": lambda: {
        "logits": RNG.uniform(-30, 30, 3).round(1).tolist(),
        "added": round(RNG.uniform(-120, 120), 1),
        "format": str(RNG.choice(["float16", "float32", "float64"])),
        "label": int(RNG.integers(3)),
    },
    "online_softmax": lambda: {
        "logits": RNG.uniform(-9, 9, 8).round(1).tolist(),
        "order": RNG.permutation(8).tolist(),
        "chunk": int(RNG.choice([1, 2, 4])),
        "read": int(RNG.integers(1, 9)),
    },
    "gradient_explorer": lambda: widgets.GradientExplorer(
        logits=RNG.uniform(-6, 6, 3).round(1).tolist(),
        target=[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.7, 0.2, 0.1]][RNG.integers(3)],
        nudged=int(RNG.integers(3)),
        cells=str(RNG.choice(["J", "slopes"])),
    ).state(),
    "gradient_explorer, race": lambda: widgets.GradientExplorer(
        logits=RNG.normal(0, 2, 3).tolist(), rival=RNG.normal(0, 2, 3).tolist()
    ).state(),
    "step_microscope": lambda: {
        "power": int(RNG.integers(51)),
        "shown": str(RNG.choice(["flat", "loss"])),
    },
    "newton_step": lambda: {
        "margin": float(RNG.choice([RNG.uniform(-6, 12), RNG.normal(0, 1e3)])),
        "target": float(RNG.choice([1.0, 0.7])),
        "damped": bool(RNG.integers(2)),
        "trail": [0.0],
    },
    "training": lambda: {
        "weights": RNG.normal(0, 10 ** RNG.uniform(-3, 3), 650).tolist(),
        "picture": RNG.integers(0, 17, 64).tolist(),
        "meant": int(RNG.integers(10)),
        "shown": int(RNG.integers(10)),
        "method": str(RNG.choice(["descent", "Newton"])),
        "penalty": float(RNG.choice([0, 1e-4, 1e-3, 1e-2, 1e-1])),
        "scale": int(RNG.integers(-2, 9)),
        "bound": 5.78605,
    },
    "backward_pass": lambda: widgets.BackwardPass(
        inputs=RNG.uniform(-5, 5, 2).round(1).tolist(),
        label=int(RNG.integers(3)),
        at=int(RNG.integers(10)),
    ).state(),
    "boundary": lambda: {
        "starts": widgets.Boundary(steps=0).starts,
        "seed": 0,
        "units": (units := int(RNG.choice([0, 2, 4, 8, 16]))),
        "weights": RNG.normal(0, 4, 6 * units + 3 if units else 9).tolist(),
        "steps": int(RNG.integers(10_000)),
        "curve": [[0, RNG.exponential()]],
        "rate": 1.0,
        "view": (view := float(RNG.choice([1.2, 4.0, 20.0]))),
        "probe": RNG.uniform(-view, view, 2).tolist(),
        "label": 0,
        "added": [[*RNG.uniform(-view, view, 2).tolist(), 1]],
    },
    "reliability": lambda: widgets.Reliability(
        temperature=float(2 ** RNG.uniform(-1.5, 1.5)),
        bins=int(RNG.integers(1, 51)),
        count=int(RNG.choice([100, 300, 1000])),
        seed=int(RNG.integers(8)),
    ).state(),
    "conformal": lambda: widgets.Conformal(
        temperature=float(RNG.choice([0.4, 1.0, 2.5])),
        coverage=float(RNG.choice([0.5, 0.9, 0.99])),
        held=int(RNG.choice([10, 50, 500])),
        draws=int(RNG.choice([1, 20, 200])),
        scores=RNG.uniform(0, 8, 3).round(1).tolist(),
    ).state(),
    "decision_line": lambda: widgets.DecisionLine(
        used=float(RNG.choice([0.01, 0.05, 0.5])),
        trained=float(RNG.choice([0.01, 0.05, 0.5])),
        weight=float(RNG.choice([1, 9, 99])),
        cost=float(RNG.choice([1, 19, 99])),
        corrected=bool(RNG.integers(2)),
    ).state(),
    "best_answer": lambda: widgets.BestAnswer(
        kind=str(RNG.choice(["cross-entropy", "focal", "power"])),
        exponent=float(RNG.uniform(0.05, 5)),
        truth=float(RNG.uniform(0.02, 0.98)),
    ).state(),
    "writer": lambda: widgets.Writer(
        some_network(RNG),
        prompt=str(RNG.choice(["", "w" * 60, "said the "])),
        temperature=float(RNG.choice([0.1, 1.0, 3.0])),
        k=int(RNG.integers(1, 28)),
        p=float(RNG.choice([0.05, 1.0])),
        least=float(RNG.choice([0.01, 0.5])),
    ).state(),
    "speculative": lambda: widgets.Speculative(
        draft=RNG.choice([0.1, 0.5, 1.0], 3).tolist(),
        rule=str(RNG.choice(["residual", "target", "greedy"])),
    ).state(),
}


@pytest.fixture(scope="module", params=[280, 330, 520, 736])
def board(request, chromium, address):
    """A page to draw figures on, and their width."""
    settings = {
        "viewport": {"width": max(1280 * (request.param > 400), request.param + 40), "height": 900},
        "reduced_motion": "reduce",  # Play goes to its next stop at once
        "service_workers": "block",
    }
    with chromium.new_context(**settings) as context:
        page = context.new_page()
        page.goto(address + "index.html")
        yield page, request.param


@pytest.mark.parametrize("name", RANDOM)
def test_no_label_is_cut_or_over_another(name, board):
    """In random states, from the narrowest box to the widest; and the height stays the same.

    All letters are at least 11 px high.
    """
    page, width = board
    states = [RANDOM[name]() for _ in range(40)]
    faults, heights = page.evaluate(RENDER, [name.split(",")[0], width, states])
    assert faults[:5] == []
    assert len(heights) == 1


TOO_WIDE = """(box) => {
    const { right } = box.getBoundingClientRect();
    const parts = [box, ...box.querySelectorAll('*:not(.ce-said, text, .ce-view *)')];
    const off = (part) => part.getBoundingClientRect().right > right + 1;
    return parts.filter((part) => off(part) || part.matches('.ce-scroll, td, th')
        && part.scrollWidth > part.clientWidth + 1).map((part) => part.outerHTML.slice(0, 120));
}"""


@pytest.mark.parametrize(("name", "place"), [*PLACES.items(), ("softmax_explorer", "index.html")])
def test_a_figure_fits_its_own_page_at_320_px(name, place, chromium, address):
    """The page's own style of tables applies there."""
    context = chromium.new_context(
        viewport={"width": 320, "height": 800}, has_touch=True, service_workers="block"
    )
    page = context.new_page()
    page.goto(address + place)
    for box in page.locator(f"[data-widget={name}]").all():
        box.scroll_into_view_if_needed()
        box.locator("input").first.wait_for()
        assert box.evaluate(TOO_WIDE) == []
    context.close()


THROUGH = """(box) => [...box.querySelectorAll('svg text')].filter((label) => {
    if (!label.textContent || label.matches('.ce-box ~ *')) return false;
    const { left, right, top, bottom } = label.getBoundingClientRect();
    const over = (part) => part.compareDocumentPosition(label) & Node.DOCUMENT_POSITION_FOLLOWING;
    const plates = [...box.querySelectorAll('.ce-plate')].filter(over)
        .map((plate) => plate.getBoundingClientRect());
    const hidden = ({ x, y }) => plates.some((plate) =>
        x >= plate.left - 1 && x <= plate.right + 1 && y >= plate.top - 1 && y <= plate.bottom + 1);
    return [...box.querySelectorAll('svg path')].some((path) => {
        const [length, screen] = [path.getTotalLength(), path.getScreenCTM()];
        for (let far = 0; far < length; far += 1) {
            const at = path.getPointAtLength(far).matrixTransform(screen);
            const inside = at.x > left && at.x < right && at.y > top + 2 && at.y < bottom - 2;
            if (inside && !hidden(at)) return true;
        }
        return false;
    });
}).map((label) => label.textContent)"""


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("name", ["temperature_path", "loss_explorer"])
def test_no_line_runs_between_the_letters_of_a_label(name, width, hand):
    """Neither a grey line nor a line of equal loss; in the first state and in one farther on."""
    hand.set_viewport_size({"width": width, "height": 900})
    box = hand.open_widget(name)
    assert box.evaluate(THROUGH) == []
    box.locator("input[type=range]").last.focus()
    for _ in range(8):
        hand.keyboard.press("ArrowRight")
    assert box.evaluate(THROUGH) == []


@pytest.mark.parametrize("width", [320, 375, 1280])
def test_no_edge_runs_between_the_digits_of_a_weight(width, hand):
    hand.set_viewport_size({"width": width, "height": 900})
    box = hand.open_widget("backward_pass")
    hand.press_on(box.locator("button", has_text="Reset"))
    for _ in range(9):
        hand.press_on(box.locator("button", has_text="Step"))
    expect(box.locator("svg")).to_contain_text("∇x =")
    assert box.evaluate(THROUGH) == []
    for value in box.locator(".ce-box").all():  # a value has some room in its box
        assert value.evaluate(ROOM) >= 4


ROOM = """(box) => {
    const { left, right, top, bottom } = box.getBoundingClientRect();
    const inside = [...box.ownerSVGElement.querySelectorAll('.ce-box ~ text')].filter((text) => {
        const at = text.getBoundingClientRect();
        const [x, y] = [(at.left + at.right) / 2, (at.top + at.bottom) / 2];
        return x > left && x < right && y > top && y < bottom;
    }).map((text) => text.getBoundingClientRect());
    return Math.min(...inside.flatMap((at) => [at.left - left, right - at.right]));
}"""


NAMED = {  # what is drawn or counted is said in the figure itself
    "code_explorer": [
        "Blue boxes",
        "Orange ruler",
        "how often the letter occurs",
        "named below",
        "space",
    ],
    "boldness_dial": ["become p^α", "plain, α = 1", "cut at 8; the highest is 17.1"],
    "softmax_explorer": ["The bracket “all” spans the three scores"],
    "temperature_path": ["(score of cat − score of dog) ÷ T", "temperature T", "Large dot"],
    "gumbel_race": ["Filled dot", "hollow: the losers", "Stroke at a share: softmax", "400 draws"],
    "loss_explorer": [
        "cross-entropy",
        "softmax twice",
        "gets a ✓",
        "0 steps",
        "the cat’s lead",
        "1 to 10",
    ],
    "overflow_explorer": [
        "true digits",
        "exact sum",
        "stored: 1 +",
        "subnormal",
        "as the format stores them",
    ],
    "online_softmax": ["naive: 32 = 4 × 8", "four arrays", "s = 1.354", "Orange: ", "s: the sum"],
    "gradient_explorer": [
        *("equal loss", "Ring: the truth", "Arrow: where p̂ goes", "press a column"),
        *("Large dot: p̂", "lit score rises", "rounded to three digits"),
    ],
    "step_microscope": [
        *("dots: measured; lines: bounds", "1e−18", "thin curve: the exact loss"),
        *("small dots: the loss rounded", "orange and blue lines: forward and central"),
        "only the slope itself is rounded",
    ],
    "newton_step": [
        "margin",
        "Dashed: tangent",
        "ring: its lowest point",
        "Margin: the score of the first",
        "lower than",
    ],
    "training": [
        *("blue adds", "orange takes off", "its area is the ink", "M = 5.786: the largest"),
        "already trained",
    ],
    "backward_pass": [
        *("∇: slope of the loss", "bias 0.1", "bias −0.2"),
        *("A wide edge passes a large slope back", "Numbers on the edges: weights"),
    ],
    "boundary": [
        *("hidden units", "x₁ = 1.2", "x₂ = 1.2", "A press adds a", "Dot in a cross: the probe"),
        *("drag it", "3 are saturated there (output beyond ±0.99)", "η = 0.3"),
    ],
    "reliability": [
        "a dot and a pale bar for each",
        "share right = belief",
        "0 on average",
        "expected calibration",
    ],
    "conformal": [
        "pale bars are not",
        "mean classes in a set",
        "how many of the draws",
        "A draw: ",
    ],
    "decision_line": [
        "Thick line: where",
        "Dashed: the true chance",
        "Bars: ",
        "so both accuracies are the same",
    ],
    "best_answer": ["Dot: where the expected loss", "Dashed: the true probability", "Factor m"],
    "writer": ["Columns: the largest first", "Dot: the filter keeps", "the same random numbers"],
    "speculative": ["Left column: the draft", "pale, drawn after a rejection", "Dashed, and"],
}


@pytest.mark.parametrize("name", NAMED)
def test_a_figure_names_what_it_draws(name, hand):
    box = hand.open_widget(name)
    parts = "text, p, th, legend, .ce-figures span, .ce-row span"
    text = re.sub(r"\s+", " ", " ".join(box.locator(parts).all_text_contents()))
    for phrase in NAMED[name]:
        assert phrase in text


@pytest.mark.parametrize("name", ["quiz", *PLACES])
def test_a_module_takes_at_most_15_kb_on_the_way(name):
    assert len(gzip.compress(widgets.source(name).encode())) <= 15_000


def test_the_point_stays_on_the_path_of_the_temperature(hand):
    box = hand.open_widget("temperature_path")
    numbers, knob = box.locator(".ce-figures b"), box.locator(".ce-knob")

    def shown(logits, beta):
        p = ce.softmax(np.multiply(logits, beta))
        shown = f"{1 / beta:.2f}".replace("-", "−")
        *shares, entropy = (
            f"{value:.3f}" if value >= 5e-4 else "<0.001" for value in [*p, ce.entropy(p)]
        )
        return [*shares, shown, entropy]

    expect(numbers).to_have_text(shown([2, 1, 0.1], 1))
    hand.lift(knob, -60, right=20)  # off the curve: its nearest point
    beta = box.evaluate("(box) => box.model.get('beta')")
    assert -0.5 < beta < 0.7
    assert numbers.all_text_contents() == shown([2, 1, 0.1], beta)
    knob.focus()
    hand.keyboard.press("End")
    expect(numbers).to_have_text(["1.000", "<0.001", "<0.001", "0.026", "<0.001"])
    hand.keyboard.press("Home")
    expect(box.locator(".ce-note")).to_contain_text("reversed: the path leads to bird")
    hand.press_on(box.locator("button"))
    hand.keyboard.press("Tab")
    box.locator("input").nth(2).focus()
    hand.keyboard.press("End")
    expect(numbers).to_have_text(shown([2, 1, 3], 1))
    expect(box.locator("[role=status]")).to_contain_text("Temperature 1.00: cat 0.245")
    box.locator("input").nth(0).focus()
    hand.keyboard.press("End")
    expect(box.locator(".ce-note")).to_contain_text("leads to cat and bird")


def test_scores_race_with_noise_by_hand_and_keys(hand):
    box = hand.open_widget("gumbel_race")
    status, note = box.locator("[role=status]"), box.locator(".ce-note")
    draws, knobs = "(box) => box.model.get('draws')", box.locator(".ce-knob")
    expect(note).to_contain_text("The cat wins draw 400.")
    found = np.add(widgets.GumbelRace()._noise[:400], [2.0, 1.0, 0.1]).argmax(axis=1)
    off = np.abs(np.bincount(found) / 400 - ce.softmax([2.0, 1.0, 0.1])).max()
    assert off < 0.02  # the first state already shows the shares
    expect(note).to_contain_text(f"differ from the softmax by {off:.3f} at most")
    hand.press_on(box.locator("button", has_text="Start again"))
    expect(note).to_contain_text("The bird wins draw 1.")
    hand.press_on(box.locator("button", has_text="One draw"))
    expect(status).to_contain_text("After 2 draws:")
    box.locator("input[type=range]").focus()
    hand.keyboard.press("End")
    won = np.add(widgets.GumbelRace()._noise, [2.0, 1.0, 0.1]).argmax(axis=1) == 0
    expect(status).to_contain_text(f"After 10000 draws: cat won {won.sum()}, softmax 0.659")
    hand.press_on(box.locator("button", has_text="Start again"))
    height = box.bounding_box()["height"]
    hand.press_on(box.locator("button", has_text="Play"))
    hand.wait_for_function("(box) => box.model.get('draws') > 4", arg=box.element_handle())
    hand.press_on(box.locator("button", has_text="Pause"))
    seen = box.evaluate(draws)
    hand.wait_for_timeout(700)
    assert box.evaluate(draws) == seen
    assert box.bounding_box()["height"] == height
    hand.lift(knobs.nth(1), 0, right=60)
    assert box.evaluate("(box) => box.model.get('logits')[1]") > 2
    knobs.nth(2).focus()
    hand.keyboard.press("Shift+ArrowRight")
    assert box.evaluate("(box) => box.model.get('logits')[2]") == 1.1
    hand.emulate_media(reduced_motion="reduce")
    hand.press_on(box.locator("button", has_text="Start again"))
    for seen in (10, 100, 1000):
        hand.press_on(box.locator("button", has_text="Play"))
        assert box.evaluate(draws) == seen


def test_the_race_follows_hand_and_keys(hand):
    box = hand.open_widget("loss_explorer")
    steps = box.locator("tbody td:last-child")
    for _ in range(6):
        hand.press_on(box.locator("button", has_text="One step"))
    expect(steps).to_have_text(["6 ✓", "6", "5 ✓", "6"])
    expect(box.locator("[role=status]")).to_contain_text(
        "cross-entropy: loss 0.355, slope −0.299, arrived"
    )
    knob = box.locator(".ce-knob")
    at = knob.bounding_box()["x"]
    knob.focus()
    hand.keyboard.press("Shift+ArrowLeft")
    point = at - knob.bounding_box()["x"]  # so many pixels wide
    hand.lift(knob, 0, right=-7 * point)  # from dog − cat = 9 to 2
    expect(steps).to_have_text(["0", "0", "0", "0"])
    rows = box.locator("tbody tr")
    assert re.search("dog 2.*bird 0", box.locator(".ce-knob").get_attribute("aria-valuetext"))
    box.locator("input[type=range]").first.focus()
    hand.keyboard.press("End")
    expect(rows.first).to_contain_text("12.000")
    hand.press_on(box.locator("label", has_text="hinge"))
    expect(box.locator("svg")).to_contain_text("hinge")
    height = box.bounding_box()["height"]
    hand.press_on(box.locator("button", has_text="Play"))
    expect(steps.nth(2)).to_have_text("6 ✓")
    hand.press_on(box.locator("button", has_text="Pause"))
    at = steps.nth(1).inner_text()
    hand.wait_for_timeout(300)
    assert steps.nth(1).inner_text() == at
    assert box.bounding_box()["height"] == height
    hand.emulate_media(reduced_motion="reduce")
    hand.press_on(box.locator("button", has_text="Reset"))
    hand.press_on(box.locator("button", has_text="Play"))
    expect(steps).to_have_text(["6", "6", "6 ✓", "6"])


def test_the_overflow_explorer_breaks_where_the_format_does(hand):
    box = hand.open_widget("overflow_explorer")
    losses = box.locator(".ce-digits")
    added = box.locator("input[type=range]").nth(1)
    expect(losses.nth(1)).to_have_text("nan")  # at first sight
    expect(losses.nth(2)).to_contain_text("0.417")
    added.focus()
    for _ in range(4):  # from 88 to 86
        hand.keyboard.press("ArrowLeft")
    expect(losses.nth(1)).to_contain_text("0.417")
    hand.keyboard.press("ArrowRight")  # 86.5: the sum is infinite, the exponentials are not
    expect(losses.nth(1)).to_have_text("inf")
    expect(box.locator(".ce-note")).to_contain_text("no exponential overflows, but their sum")
    expect(box.locator("tbody tr").filter(has_text="naive p̂")).to_contain_text("0.000")
    hand.keyboard.press("ArrowRight")
    expect(losses.nth(1)).to_have_text("nan")
    double = box.locator("label", has_text="float64")
    hand.press_on(double)
    expect(losses.nth(1)).to_contain_text("0.417")
    added.focus()
    hand.keyboard.press("End")
    expect(losses.nth(1)).to_have_text("nan")
    expect(losses.nth(2)).to_contain_text("0.417")


def test_true_digits_follow_the_lead(hand):
    hand.open_widget("overflow_explorer")
    box = hand.locator("[data-widget=overflow_explorer]").nth(1)
    box.scroll_into_view_if_needed()
    lead = box.locator("input[type=range]").first
    lead.focus()
    height = box.bounding_box()["height"]
    counts, losses = box.locator(".ce-digits + td"), box.locator(".ce-digits")
    expect(counts.nth(1)).to_have_text("17")
    expect(box.locator(".ce-note")).to_contain_text("Naive keeps more digits here")
    while float(lead.input_value()) < 37:
        hand.keyboard.press("ArrowRight")
    expect(losses.nth(2)).to_have_text("0")
    expect(losses.nth(3)).to_contain_text("1.20023258954")
    expect(counts).to_have_text(["", "1", "0", "15"])
    expect(box.locator("svg")).to_contain_text("spacing 2.220e−16")
    expect(box.locator(".ce-note")).to_contain_text("Max_shifted prints 0")
    expect(box.locator("[role=status]")).to_contain_text("log1p form 1.200e−16 with 15 true")
    assert box.bounding_box()["height"] == height


def test_a_nudged_score_lights_its_column_and_the_arrows_run(hand):
    """By slider, press and point; each column of J sums to 0, with −y/p̂ to the slope."""
    box = hand.open_widget("gradient_explorer")
    drawing, note, z = box.locator("svg"), box.locator(".ce-note"), [2.0, 1.0, 0.1]
    sums = drawing.locator("text[text-anchor=middle]:not(.ce-in):not([class])")
    widths = "(svg) => [...svg.querySelectorAll('.ce-run')].map((r) => r.getAttribute('d').length)"
    assert [t for t in sums.all_text_contents() if t == "0"] == ["0"] * 3
    expect(note).to_contain_text(
        "the dog gains 0.184 per unit. The cat gives 0.160, the bird gives 0.024"
    )
    corner, row = (drawing.locator("text", has_text=t).first for t in ("dog", "p̂ dog"))
    corner, row = corner.bounding_box(), row.bounding_box()
    apart = row["x"] - corner["x"] - corner["width"]  # else they read as one
    assert apart >= 4 or row["y"] > corner["y"] + corner["height"]
    assert len(drawing.evaluate(widths)) == 2
    sliders = box.locator("input[type=range]")
    sliders.nth(0).focus()
    hand.keyboard.press("ArrowRight")
    z[0] += 0.1
    p = ce.softmax(z)
    expect(note).to_contain_text(f"the cat gains {p[0] * (1 - p[0]):.3f}")
    hand.keyboard.press("ArrowLeft")
    expect(note).to_contain_text(
        "the cat loses 0.225 per unit. The dog gets 0.160, the bird gets 0.065"
    )
    hand.press_on(drawing.locator("rect[data-column='2']").first)
    expect(note).to_contain_text("As the bird's score begins to rise, the bird gains 0.089")
    hand.press_on(box.locator("fieldset label", has_text="terms"))
    p, y = ce.softmax([2.0, 1.0, 0.1]), np.array([0.7, 0.2, 0.1])
    shown = [f"{v:+.3f}".replace("-", "−") for v in p - y]
    texts = drawing.locator("text").all_text_contents()
    assert all(texts.count(text) == 2 for text in shown)  # the sum, and p̂ − y
    expect(drawing.locator(".ce-gone")).to_have_count(6)  # in each cell, p̂ below and above
    expect(note).to_contain_text(f"= {shown[2]}, which is p̂ − y = 0.099 − 0.100")
    expect(box.locator("[role=status]")).to_contain_text("The bird's slope is the sum")
    height = box.bounding_box()["height"]
    box.locator(".ce-knob").scroll_into_view_if_needed()
    at, frame = box.locator(".ce-handle").bounding_box(), drawing.bounding_box()
    middle = [
        (at[k] + at[s] / 2 - frame[k]) / frame[s] for k, s in (("x", "width"), ("y", "height"))
    ]
    hand.drag_on(box, middle, (middle[0] + 0.05, middle[1] - 0.05))
    said = box.locator(".ce-knob").get_attribute("aria-valuetext")
    p = [float(text) for text in re.findall(r"(?:cat|dog|bird) ([\d.]+)", said)]
    assert sum(p) == pytest.approx(1, abs=0.002)
    assert p[2] > 0.1
    centred = [float(slider.input_value()) for slider in sliders.all()]
    np.testing.assert_allclose(ce.softmax(centred), p, atol=0.05)
    assert box.bounding_box()["height"] == height


DASHES = "(path) => path.getTotalLength() / parseFloat(getComputedStyle(path).strokeDasharray)"


def test_two_models_race_and_leave_a_dot_for_each_step(hand):
    hand.open_widget("gradient_explorer")
    box = hand.locator("[data-widget=gradient_explorer]").nth(1)
    box.scroll_into_view_if_needed()
    box.locator("input").first.wait_for()
    box.evaluate("(box) => box.scrollIntoView({block: 'center'})")
    note, dots = box.locator(".ce-note"), box.locator("svg circle[r='3.5']")
    cells = box.locator("tbody td")
    runs = {
        name: np.log(p) for name, p in (("sure", [0.1, 0.8, 0.1]), ("split", [0.1, 0.45, 0.45]))
    }

    def shown():
        texts = [text.replace("−", "-") for text in cells.all_text_contents()]
        return [float(t) for t in (texts[0], texts[1], texts[4], texts[5])]

    def wanted():
        found = [ce.cross_entropy_with_grad(z, 0) for z in runs.values()]
        return [v for loss, grad in found for v in (loss, grad @ grad)]

    np.testing.assert_allclose(shown(), wanted(), atol=5e-4)
    assert shown()[0] == shown()[2] == 2.303  # equal losses, unequal gradients
    expect(note).to_contain_text(
        "in sure: dog loses, cat and bird gain; in split: dog and bird lose"
    )
    for _ in range(3):
        hand.press_on(box.locator("button", has_text="One step"))
        runs = {name: z - 0.5 * ce.cross_entropy_with_grad(z, 0)[1] for name, z in runs.items()}
    np.testing.assert_allclose(shown(), wanted(), atol=5e-4)
    expect(dots).to_have_count(6)
    assert shown()[0] < shown()[2]
    even = box.locator(".ce-even")  # one line, so that it is dashed
    assert even.get_attribute("d").count("M") == 1
    assert even.evaluate(DASHES) > 1
    hand.press_on(box.locator("label", has_text="dog"))  # another truth is another race
    expect(note).to_contain_text("After 0 steps")
    expect(dots).to_have_count(0)
    hand.press_on(box.locator("label", has_text="cat"))
    for _ in range(3):
        hand.press_on(box.locator("button", has_text="One step"))
    height = box.bounding_box()["height"]
    hand.press_on(box.locator("button", has_text="Play"))
    expect(note).not_to_contain_text("After 3 steps")
    hand.press_on(box.locator("button", has_text="Pause"))
    said = note.inner_text()
    hand.wait_for_timeout(500)
    assert note.inner_text() == said
    assert box.bounding_box()["height"] == height
    hand.emulate_media(reduced_motion="reduce")
    hand.press_on(box.locator("button", has_text="Back to the start"))
    expect(note).to_contain_text("After 0 steps")
    hand.press_on(box.locator("button", has_text="Play"))
    expect(note).to_contain_text("After 10 steps")  # no motion: ten at once
    knob = box.locator(".ce-knob").first
    assert min(knob.bounding_box()[side] for side in ("width", "height")) >= 44
    knob.focus()
    hand.keyboard.press("ArrowUp")
    expect(note).to_contain_text("After 0 steps")
    expect(box.locator("[role=status]")).to_contain_text("squared length of the gradient")
    hand.press_on(box.locator("label", has_text="0.7, 0.2, 0.1"))
    box.locator("input[type=range]").focus()
    hand.keyboard.press("End")
    expect(box.locator(".ce-value")).to_have_text("4.0")
    assert box.bounding_box()["height"] == height


def test_the_microscope_follows_hand_and_keys(hand):
    box, figure = hand.open_widget("step_microscope"), widgets.StepMicroscope()
    note, knob = box.locator(".ce-note"), box.locator(".ce-knob")

    def says(power):
        for name, error in zip(("forward", "central"), figure.errors(power), strict=True):
            shown = re.sub("e-0*", "e−", f"{error:.1e}")
            expect(note).to_contain_text(f"{name} {shown}")

    says(26)
    hand.press_on(box.locator("button", has_text="∛ε"))
    says(17)
    expect(note).to_contain_text("forward 8.6e−7, from the bend")
    expect(note).to_contain_text("central 1.1e−12, from rounding")
    height = box.bounding_box()["height"]
    knob.focus()
    hand.keyboard.press("Shift+ArrowLeft")
    says(27)
    box.locator("input[type=range]").focus()
    hand.keyboard.press("Home")
    expect(box.locator(".ce-value")).to_contain_text("2⁻⁵⁰ = 8.9e−16")
    hand.press_on(box.locator("button", has_text="√ε"))
    at, frame = knob.bounding_box(), box.locator("svg").bounding_box()
    middle = [
        (at[k] + at[s] / 2 - frame[k]) / frame[s] for k, s in (("x", "width"), ("y", "height"))
    ]
    hand.drag_on(box, middle, (middle[0] - 0.1, middle[1]))
    hand.wait_for_timeout(100)
    assert knob.bounding_box()["x"] < at["x"]
    hand.press_on(box.locator("button", has_text="too long"))
    expect(box.locator("svg .ce-band")).to_have_count(0)  # rounding is too small to be seen
    hand.press_on(box.locator("button", has_text="too short"))
    expect(box.locator("svg .ce-band")).to_have_count(1)
    hand.press_on(box.locator("fieldset label", has_text="the loss").last)
    expect(box.locator("svg .ce-band")).to_have_count(0)
    expect(box.locator("[role=status]")).to_contain_text(
        "Step 9.1e−13. Error of the slope: forward"
    )
    assert box.bounding_box()["height"] == height


def test_the_still_forms_of_chapter_7_are_drawn():
    """For paper and for readers without scripts: the cells and flows, the paths, the curves."""
    figure = widgets.GradientExplorer()
    for value in ce.softmax_jacobian(figure.logits).ravel():
        assert f">{value:+.3f}<".replace("-", "−") in figure.still()
    assert figure.still().count("ce-give") == 2
    race = widgets.GradientExplorer(logits=[0.0, 2.0, 0.0], rival=[0.0, 1.0, 1.0])
    for name in ("cat", "bird"):  # an arrow has the colour of the class that gives
        assert f'class="ce-give ce-line-{name}"' in figure.still()
    rule = re.search(r"\.ce-give \{([^}]*)\}", figure._css)
    assert "stroke" not in rule[1]
    assert race.still().count('r="3.5"') == 24  # a dot for each of twelve steps
    drawn = re.findall(r'cy="([\d.]+)" r="2.2" class="ce-cat"', widgets.StepMicroscope().still())
    heights = np.array(drawn, float)
    assert len(heights) == 51
    assert heights.argmax() == 17  # the lowest point of the curve
    with pytest.raises(traitlets.TraitError, match="rival must have 3 scores, or none, got 2"):
        widgets.GradientExplorer(rival=[1.0, 2.0])


@pytest.mark.parametrize("name", ["gradient_explorer", "step_microscope"])
def test_a_knob_lies_over_its_point(name, hand):
    """Also before anything has moved, and in both models of a race."""
    hand.open_widget(name)
    for box in hand.locator(f"[data-widget={name}]").all():
        box.scroll_into_view_if_needed()
        box.locator("input").first.wait_for()
        knobs, points = box.locator(".ce-knob").all(), box.locator("svg circle.ce-handle[r='8']")
        points = points if len(knobs) == 1 else box.locator("svg circle[class*=runner][r='7']")
        for knob, point in zip(knobs, points.all(), strict=True):
            found = [place.bounding_box() for place in (knob, point)]
            x, y = (
                [at[k] + at[s] / 2 for at in found] for k, s in (("x", "width"), ("y", "height"))
            )
            assert abs(x[0] - x[1]) < 2
            assert abs(y[0] - y[1]) < 2


DRAGGED = {  # what is drawn with a point to drag, and where a key takes it
    "boldness_dial": ("ArrowLeft", lambda x, y: x < 0),
    "loss_explorer": ("ArrowLeft", lambda x, y: x < 0),
    "temperature_path": ("ArrowLeft", lambda x, y: x > 0),
    "gradient_explorer": ("ArrowUp", lambda x, y: y < 0),
    "step_microscope": ("ArrowLeft", lambda x, y: x < 0),
    "newton_step": ("ArrowLeft", lambda x, y: x < 0),
}


def values_of(page, name):
    """What a figure's model holds; the figure is awake then."""
    box = page.locator(f"[data-widget={name}]").first
    box.scroll_into_view_if_needed()
    expect(box).to_have_class(re.compile("awake"))
    return box.evaluate("(box) => box.model.values")


@pytest.mark.parametrize("name", PLACES)
def test_a_figure_stands_as_it_was_left(name, chromium, address):
    """After a reload; what cannot be read is ignored, and a reset forgets it."""
    with chromium.new_context(service_workers="block") as context:
        page = context.new_page()
        page.goto(address + PLACES[name])
        first = values_of(page, name)
        slider = page.locator(f"[data-widget={name}] input[type=range]").first
        slider.focus()
        page.keyboard.press("ArrowLeft" if name == "overflow_explorer" else "ArrowRight")
        left = values_of(page, name)
        assert left != first
        page.reload()
        assert values_of(page, name) == left
        page.goto(address + "pages/glossary.html")
        page.evaluate("""() => {
            const bad = ['{', 'null', '[]', '{"foreign": 1}', '{"rate": [], "alpha": {}}'];
            const spoil = (key, k) => { sessionStorage[key] = bad[k % bad.length]; };
            Object.keys(sessionStorage).forEach(spoil);
        }""")
        page.goto(address + PLACES[name])
        assert values_of(page, name) == first
        slider.focus()
        page.keyboard.press("ArrowLeft" if name == "overflow_explorer" else "ArrowRight")
        page.evaluate("document.querySelector('#contents').open = true")
        page.locator("#progress button", has_text="Reset").dispatch_event("click")
        with page.expect_navigation():
            page.get_by_role("button", name="Delete", exact=True).click()
        assert values_of(page, name) == first


@pytest.mark.parametrize("name", [*DRAGGED, "boundary"])
def test_a_point_is_moved_by_keys_and_ten_times_as_far_with_shift(name, hand):
    box = hand.open_widget(name)
    knob = box.locator(".ce-knob")
    assert knob.get_attribute("role") == "slider"
    assert min(knob.bounding_box()[side] for side in ("width", "height")) >= 44
    key, as_wanted = DRAGGED.get(name, DRAGGED["gradient_explorer"])

    def moved(pressed):
        before, said = knob.bounding_box(), knob.get_attribute("aria-valuetext")
        hand.keyboard.press(pressed)
        expect(knob).not_to_have_attribute("aria-valuetext", said)
        after = knob.bounding_box()
        return after["x"] - before["x"], after["y"] - before["y"]

    place = hand.url
    knob.evaluate("(knob) => knob.scrollIntoView({block: 'center', behavior: 'instant'})")
    knob.focus()
    one = moved(key)
    assert as_wanted(*one)
    ten = moved(f"Shift+{key}")
    np.testing.assert_allclose(np.hypot(*ten), 10 * np.hypot(*one), rtol=0.35)
    assert hand.url == place


@pytest.mark.parametrize("name", DRAGGED)
def test_a_swipe_over_a_drawing_scrolls_and_changes_nothing(name, hand):
    """A mouse may start anywhere; a finger that starts off the point only passes by."""
    box = hand.open_widget(name)
    knob = box.locator(".ce-knob")
    before, top = knob.get_attribute("aria-valuetext"), hand.evaluate("scrollY")
    hand.drag_on(box, (0.2, 0.3), (0.1, 0.7), knob=False)
    hand.wait_for_timeout(300)
    touch = hand.evaluate("navigator.maxTouchPoints") > 0
    assert (knob.get_attribute("aria-valuetext") == before) == touch
    assert (hand.evaluate("scrollY") != top) == touch


def test_of_two_knobs_that_overlap_the_nearer_one_is_taken(hand):
    """At 320 px, the bars of the softmax machine are 36 px apart; keys reach each of them."""
    hand.set_viewport_size({"width": 320, "height": 800})
    box = hand.open_widget("softmax_explorer")
    box.evaluate("(box) => box.model.set('logits', [1, 1, 1])")
    knobs = box.locator(".ce-knob")
    at = [knob.bounding_box() for knob in (knobs.nth(1), knobs.nth(2))]
    middle = [place["x"] + place["width"] / 2 for place in at]
    assert 30 < middle[1] - middle[0] < 44
    height = at[0]["y"] + at[0]["height"] / 2
    for share, taken in ((0.45, 0), (0.55, 1)):
        box.evaluate("(box) => box.model.set('logits', [1, 1, 1])")
        hand.stroke((middle[0] + share * (middle[1] - middle[0]), height), (0, 40))
        logits = box.evaluate("(box) => box.model.get('logits')")
        assert [value < 0.5 for value in logits] == [k == taken for k in range(3)]
    for k in range(4):
        knobs.nth(k).focus()
        said = knobs.nth(k).get_attribute("aria-valuetext")
        hand.keyboard.press("ArrowUp")
        expect(knobs.nth(k)).not_to_have_attribute("aria-valuetext", said)


def test_the_map_of_the_chapters_has_letters_of_11_px_on_a_phone(hand):
    hand.set_viewport_size({"width": 320, "height": 800})
    hand.goto(hand.address + "index.html")
    assert hand.evaluate(MAP_FAULTS) == []


MAP_FAULTS = """() => {
    const drawing = document.querySelector('.ce-map svg');
    const frame = drawing.getBoundingClientRect();
    return [...drawing.querySelectorAll('text')].filter((text) => {
        const size = parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a;
        const { left, right } = text.getBoundingClientRect();
        return size < 11 || left < frame.left || right > frame.right;
    }).map((text) => text.textContent);
}"""


@pytest.mark.parametrize("name", PLACES)
def test_a_control_is_large_enough_for_a_hand(name, hand):
    """Tracks of 12 rem, thumbs of 24 px by style, and rows of 44 px for a finger."""
    box = hand.open_widget(name)
    touch = hand.evaluate("navigator.maxTouchPoints") > 0
    for track in box.locator("input[type=range]").all():
        size = track.bounding_box()
        assert size["width"] >= 192
        assert size["height"] >= (44 if touch else 24)
    for target in box.locator(".ce-choice label, button").all():
        assert target.bounding_box()["height"] >= (44 if touch else 24)
    for knob in box.locator(".ce-knob").all():
        assert min(knob.bounding_box()[side] for side in ("width", "height")) >= 44
    assert box.evaluate("(box) => box.scrollWidth <= box.clientWidth + 1")


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("place", [*dict.fromkeys(PLACES.values()), "index.html"])
def test_a_figure_takes_the_room_that_was_kept_for_it(place, narrow, hand):
    """Else the text below jumps when it wakes, or an empty band stays.

    narrow : 375 px wide for a mouse, 320 px for a finger.
    """
    touch = hand.evaluate("navigator.maxTouchPoints") > 0
    if narrow:
        hand.set_viewport_size({"width": 320 if touch else 375, "height": 800})
    hand.goto(hand.address + place)
    kinds = [name for name in PLACES if PLACES[name] == place] or ["softmax_explorer"]
    boxes = hand.locator(",".join(f"[data-widget={name}]" for name in kinds)).all()
    assert len(boxes) >= len(kinds)
    asleep = [box.bounding_box()["height"] for box in boxes]  # before one is near and wakes
    for box, kept in zip(boxes, asleep, strict=True):
        box.scroll_into_view_if_needed()
        box.locator("input").first.wait_for()
        hand.wait_for_timeout(200)
        needed = box.evaluate(
            "(box) => { box.style.minHeight = 0; return box.getBoundingClientRect().height; }"
        )
        assert abs(kept - needed) <= 24, needed / 16


HANDLE = re.compile(r"<span data-sets='(\w+) (\{[^']*\})'>")
HANDLES = {
    place.removesuffix(".html"): HANDLE.findall(
        next(prose.ROOT.glob(place.replace(".html", ".[im]*"))).read_text().replace('\\"', '"')
    )
    for place in dict.fromkeys([*PLACES.values(), "index.html"])
}


def test_a_phrase_of_the_text_names_a_figure_of_its_chapter_and_a_state_of_it():
    for name, place in [*PLACES.items(), ("softmax_explorer", "index.html")]:
        page = place.removesuffix(".html")
        assert sum(figure == name for figure, _ in HANDLES[page]) >= 2, (page, name)
    for page, found in HANDLES.items():
        (path,) = prose.ROOT.glob(f"{page}.[im]*")  # a notebook, or Markdown
        text = path.read_text()
        assert text.count("data-sets") == len(found)
        for name, state in found:
            kind, state = widgets.FIGURES[name], json.loads(state)
            assert f"widgets.{kind.__name__}(" in text or f":::{{widget}} {name}\n" in text, page
            assert kind(**state).state() | state == kind(**state).state()
            assert set(state) <= set(kind().state())


@pytest.mark.parametrize("chapter", HANDLES)
def test_a_phrase_of_the_text_sets_the_figure(chapter, hand):
    """By mouse, finger and Enter; the figure says what it shows, and stays in sight."""
    hand.goto(f"{hand.address}{chapter}.html")
    hand.evaluate("for (const fold of document.querySelectorAll('main details')) fold.open = true")
    before, phrases = {}, hand.locator("button.sets")
    assert phrases.count() == len(HANDLES[chapter])
    for k, phrase in enumerate(phrases.all()):
        name, state = HANDLES[chapter][k]
        phrase.scroll_into_view_if_needed()
        assert phrase.bounding_box()["height"] >= 24
        if k % 2:
            phrase.focus()
            hand.keyboard.press("Enter")
        else:
            hand.press_on(phrase)
        box = phrase.evaluate_handle(NEAREST, name).as_element()
        box.wait_for_selector("input, .ce-knob")
        hand.wait_for_timeout(100)
        values = box.evaluate("(box) => box.model.values")
        assert values == values | json.loads(state), (name, state)
        shown = box.inner_html()
        assert shown != before.get(name), (chapter, name, state)
        before[name] = shown
        assert box.evaluate("(box) => Boolean(box.querySelector('[role=status]'))")
        top, tall = box.bounding_box()["y"], box.bounding_box()["height"]
        assert -tall < top < hand.viewport_size["height"]


def test_the_text_before_a_figure_asks_and_the_text_after_it_answers():
    """Two figures may share a question only with text between them."""
    for path in prose.CHAPTERS:
        cells = [
            (cell["cell_type"], "".join(cell["source"]))
            for cell in prose.load(path)["cells"]
            if "remove-cell" not in cell["metadata"].get("tags", [])
        ]
        for k, (kind, source) in enumerate(cells):
            if kind == "code" and re.match(r"widgets\.(?!Quiz)\w+\(", source):
                (before, asks), (after, answers) = cells[k - 1], cells[k + 1]
                assert before == after == "markdown", (path.stem, source)
                assert "?" in asks.split("\n\n")[-1], (path.stem, source)
                assert not re.match(r"[(#:]|.*\?$", answers.split("\n\n")[0]), (path.stem, source)


SAME_COLOURS = """() => [...document.querySelectorAll('.is-cat, .is-dog, .is-bird')].map((word) => {
    const lit = (colour) => {
        const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
            .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    };
    const name = word.className.slice(3);
    const text = document.createElementNS('http://www.w3.org/2000/svg', 'text');
    text.setAttribute('class', `ce-${name}`);
    const drawing = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    drawing.append(text);
    document.querySelector('.ce-widget').append(drawing);
    const [own, drawn] = [getComputedStyle(word).color, getComputedStyle(text).fill];
    drawing.remove();
    const two = [lit(own), lit(getComputedStyle(document.body).backgroundColor)];
    return [name, word.textContent, own === drawn, Math.max(...two) / Math.min(...two)];
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_class_has_its_colour_in_the_text_beside_a_figure(scheme, chromium, address):
    """Where the figure draws the classes in these colours; contrast is at least 4.5 : 1."""
    with chromium.new_context(color_scheme=scheme, service_workers="block") as context:
        page = context.new_page()
        for name in [*PLACES, "index.html"]:
            page.goto(address + PLACES.get(name, name))
            words = page.evaluate(SAME_COLOURS)
            wanted = name in {*CLASS_COLOURED, "index.html"}
            if PLACES.get(name) not in [PLACES[figure] for figure in CLASS_COLOURED]:
                assert bool(words) == wanted, name
            if wanted:
                kinds = {"bird"} if name == "boundary" else {"cat", "dog", "bird"}
                assert {kind for kind, *_ in words} == kinds, name
            for kind, text, same, contrast in words:
                assert text.lower().rstrip("s") == kind
                assert same
                assert contrast >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_point_has_the_colour_of_a_class_where_the_classes_have_theirs(
    scheme, chromium, address
):
    fills = """(box) => ['.ce-handle', '.ce-cat', '.ce-dog', '.ce-bird'].map((name) =>
        [...box.querySelectorAll(`svg ${name}:not(text)`)].map((part) => {
            const { fill, stroke } = getComputedStyle(part);
            return fill === 'none' ? stroke : fill;
        }))"""
    with chromium.new_context(color_scheme=scheme, service_workers="block") as context:
        page = context.new_page()
        for name in sorted({*CLASS_COLOURED, "step_microscope"}):
            page.goto(address + PLACES[name])
            box = page.locator(f"[data-widget={name}]").first
            box.scroll_into_view_if_needed()
            box.locator("input").first.wait_for()
            points, *classes = box.evaluate(fills)
            assert points, name
            assert not set(points) & {colour for kind in classes for colour in kind}, name


NEAREST = """(phrase, name) => {
    const top = (part) => part.getBoundingClientRect().top;
    const far = (box) => Math.abs(top(box) - top(phrase));
    const boxes = [...document.querySelectorAll(`[data-widget=${name}]`)];
    return boxes.sort((a, b) => far(a) - far(b))[0];
}"""
TRACKS = """async (box) => {
    const tracks = [...box.querySelectorAll('input[type=range]')];
    const place = () => [box, ...tracks].map((each) => {
        const { top, height } = each.getBoundingClientRect();
        return `${Math.round(top - box.getBoundingClientRect().top)} ${Math.round(height)}`;
    }).join(', ');
    const found = new Set([place()]);
    for (const track of tracks) {
        const { min, max, value } = track;
        for (let k = 0; k <= 16; k += 1) {
            track.value = Number(min) + (max - min) * k / 16;
            track.dispatchEvent(new Event('input'));
            found.add(place());
            await new Promise(requestAnimationFrame);
            found.add(place());
        }
        track.value = value;
        track.dispatchEvent(new Event('input'));
    }
    return [...found];
}"""


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("name", [name for name in PLACES if name != "softmax_explorer"])
def test_nothing_moves_while_a_slider_does(name, width, hand):
    """Neither the text below a figure, nor a slider away from the hand."""
    hand.set_viewport_size({"width": width, "height": 900})
    box = hand.open_widget(name)
    for option in [None, *box.locator(".ce-choice input").all()]:
        if option:
            option.check()
        places = box.evaluate(TRACKS)
        assert len(places) == 1, places


def test_the_online_figure_follows_hand_and_keys(hand):
    box = hand.open_widget("online_softmax")
    total = widgets.digits(ce.logsumexp(widgets.OnlineSoftmax().logits))
    line, tape = box.locator(".ce-two"), box.locator("svg")
    box.locator("input[type=range]").focus()
    hand.keyboard.press("End")
    expect(line).to_contain_text(f"m + log s {total}")
    hand.press_on(box.locator("button", has_text="Rising"))
    expect(line).to_contain_text(f"m + log s {total}")
    factors = box.locator("svg .ce-small:not([text-anchor=start])")
    assert "1.000" not in factors.all_text_contents()
    hand.press_on(box.locator("button", has_text="Falling"))
    assert factors.all_text_contents() == ["", "1.000", "1.000", "1.000", "", "", "", ""]
    hand.press_on(box.locator("fieldset label", has_text="4"))
    expect(box.locator("[role=status]")).to_contain_text("1 of 2 chunks read")
    height = box.bounding_box()["height"]
    hand.press_on(box.locator("button", has_text="Play"))
    expect(line).to_contain_text(f"m + log s {total}")
    expect(tape).to_contain_text("s = 1.764")
    assert box.bounding_box()["height"] == height


def test_pairs_merge_by_drag_press_and_keys_to_one_total(hand):
    box = hand.open_widget("online_softmax")
    total = widgets.digits(ce.logsumexp(widgets.OnlineSoftmax().logits))
    slots, shown = box.locator(".ce-slot"), box.locator(".ce-row b")
    expect(slots).to_have_text(["(1.0, 1.449)", "(2.5, 1.030)", "(4.0, 1.037)", "(3.1, 1.045)"])
    middle = [
        (at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
        for at in (slots.nth(0).bounding_box(), slots.nth(1).bounding_box())
    ]
    if hand.evaluate("navigator.maxTouchPoints") > 0:
        session = hand.context.new_cdp_session(hand)
        for kind, k in (("touchStart", 0), ("touchMove", 0.5), ("touchMove", 1), ("touchEnd", 1)):
            x, y = np.multiply(1 - k, middle[0]) + np.multiply(k, middle[1])
            points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    else:
        hand.mouse.move(*middle[0])
        hand.mouse.down()
        hand.mouse.move(*middle[1], steps=4)
        hand.mouse.up()
    expect(slots).to_have_text(["–", "(2.5, 1.354)", "(4.0, 1.037)", "(3.1, 1.045)"])
    expect(shown).to_have_text(total)
    hand.press_on(slots.nth(3))
    hand.press_on(slots.nth(1))
    expect(shown).to_have_text(total)
    hand.keyboard.press("Enter")
    hand.keyboard.press("ArrowRight")
    hand.keyboard.press("Enter")
    expect(slots).to_have_text(["–", "–", "(4.0, 1.764)", "–"])
    expect(shown).to_have_text(total)
    expect(box.locator("[role=status]")).to_contain_text(f"1 left; all together still {total}")
    hand.press_on(box.locator("button", has_text="Split again"))
    expect(slots.first).to_have_text("(1.0, 1.449)")


def test_newton_s_parabola_follows_hand_keys_and_steps(hand):
    box = hand.open_widget("newton_step")
    cells, note = box.locator("td"), box.locator(".ce-note")
    expect(cells).to_have_text(["+5.482", "3.982", "0.018", "+3.270", "1.770", "0.157"])
    box.locator("input[type=range]").fill("0")
    expect(cells).to_have_text(["+2.000", "2.000", "0.127", "+2.000", "2.000", "0.127"])
    last = "(svg) => [...svg.querySelectorAll('circle')].at(-2).getAttribute('class')"
    assert "ce-hollow" in box.locator("svg").evaluate(last)  # no other dot hides the ring
    box.locator("input[type=range]").fill("-6")
    expect(box.locator(".ce-key")).to_contain_text("its lowest point is off the drawing")
    box.locator("input[type=range]").fill("0")
    for lands in (2, 3.135, 4.179):  # as the chapter says
        hand.press_on(box.locator("button", has_text="Newton step"))
        expect(note).to_contain_text(f"Margin {lands:.3f}: loss {np.log1p(np.exp(-lands)):.3f}")
    expect(note).to_contain_text("after 3 steps")
    hand.press_on(box.locator("button", has_text="Gradient step"))
    expect(note).to_contain_text("Margin 4.239")
    hand.press_on(box.locator("button", has_text="Back"))
    expect(note).to_contain_text("Margin 0.000")
    box.locator("input[type=range]").focus()
    hand.keyboard.press("Home")
    expect(cells.nth(0)).to_have_text(f"+{1 + np.exp(6):.3f}")
    hand.press_on(box.locator("button", has_text="Newton step"))
    expect(note).to_contain_text("The dot is off the drawing")
    hand.press_on(box.locator("label", has_text="soft"))
    expect(box.locator("button", has_text="Newton step")).to_be_enabled()
    box.locator("input[type=range]").fill("4")
    expect(note).to_contain_text("overshoots: the loss rises")
    hand.press_on(box.locator("label", has_text="damped"))
    expect(note).to_contain_text("cut to 0.250 of its length")
    expect(box.locator("[role=status]")).to_contain_text("Newton leads to")
    assert box.locator("input[type=radio]:checked").count() == 2
    hand.locator("[data-widget=training]").scroll_into_view_if_needed()
    other = hand.locator("[data-widget=training] input[type=radio]:checked")
    expect(other).to_have_count(3)  # groups of two figures on a page stay apart
    assert box.locator("input[type=radio]:checked").count() == 2


def test_a_digit_is_drawn_by_hand_and_by_keys(hand):
    box = hand.open_widget("training")
    pad, caption, rows = box.locator(".ce-pad"), box.locator(".ce-two"), box.locator("tbody tr")
    expect(caption).to_contain_text("Answer 8, with 0.992: wrong if a 3 is meant")
    expect(box.locator("tr.ce-missed")).to_contain_text("9.04")
    hand.press_on(rows.nth(3).locator("button"))
    expect(box.locator("figcaption")).to_contain_text("Class 3")
    hand.press_on(box.locator("button", has_text="Clear"))
    drawn = """(box) => [...box.querySelectorAll('.ce-pad + svg .ce-ink')]
        .map((cell) => 16 * cell.getAttribute('fill-opacity'))"""
    assert sum(box.evaluate(drawn)) == 0
    pad.evaluate("(pad) => pad.scrollIntoView({block: 'center'})")
    at, top = pad.bounding_box(), hand.evaluate("scrollY")
    assert min(at["width"], at["height"]) >= 200
    path = [(at["x"] + at["width"] * 0.56, at["y"] + at["height"] * y) for y in (0.1, 0.5, 0.95)]
    if hand.evaluate("navigator.maxTouchPoints") > 0:
        session = hand.context.new_cdp_session(hand)
        for kind, k in (("touchStart", 0), ("touchMove", 1), ("touchMove", 2), ("touchEnd", 2)):
            points = [] if kind == "touchEnd" else [dict(zip("xy", path[k], strict=True))]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            hand.wait_for_timeout(30)
    else:
        hand.mouse.move(*path[0])
        hand.mouse.down()
        for place in path[1:]:
            hand.mouse.move(*place, steps=3)
        hand.mouse.up()
    ink = np.reshape(box.evaluate(drawn), (8, 8))
    assert np.all(ink[1:7, 4] >= 12)
    assert ink[:, [0, 1, 7]].sum() == 0
    assert hand.evaluate("scrollY") == top  # a finger draws here
    hand.press_on(box.locator("fieldset", has_text="true digit").locator("label").nth(1))
    (state,) = hand.locator("[data-widget=training]").evaluate_all(
        "(boxes) => boxes.map((box) => JSON.parse(box.dataset.model))"
    )
    W = np.reshape(state["weights"], (10, 65))
    loss = ce.cross_entropy(W @ [*ink.ravel() / 16, 1.0], 1)
    expect(caption).to_contain_text(f"if a 1 is meant; loss {widgets.digits(loss)} nats")
    pad.focus()
    for key in ("ArrowRight", "ArrowDown", "Space"):
        hand.keyboard.press(key)
    after = np.reshape(box.evaluate(drawn), (8, 8))
    assert (after - ink).nonzero()[0].tolist() == [1]
    assert after[1, 1] == 16
    expect(box.locator("[role=status]")).to_contain_text("Answer")


def test_training_fetches_runs_pauses_diverges_and_shows_mistakes(hand):
    asked = []
    hand.on("request", lambda request: asked.append(request.url))
    box = hand.open_widget("training")
    note, press = box.locator(".ce-note"), lambda text: hand.press_on(box.locator(text).first)
    curve, status = box.locator(".ce-later"), box.locator("[role=status]")
    assert not any("digits.json" in url for url in asked)
    expect(box.locator(".ce-value")).to_have_text("1 / (M + λ) = 0.173")  # 1 / 5.786
    expect(curve).to_contain_text("No step yet")  # instead of an empty chart
    expect(box.locator(".ce-play")).to_have_text("Train from zero")
    back = box.get_by_role("button", name="Bring the weights back")
    expect(back).to_be_hidden()
    press("button:has-text('Show its mistakes')")
    expect(box.get_by_role("group", name="52 mistakes on 797")).to_be_visible()
    assert sum("digits.json" in url for url in asked) == 1
    assert axe(hand) == []
    press(".ce-shots button >> nth=1")
    expect(box.locator(".ce-two")).to_contain_text("wrong if an 8 is meant")
    press("button:has-text('Reset')")
    expect(note).to_contain_text("After 0 steps: training loss 2.303, 9.9% right")
    press("button:has-text('One step')")
    expect(note).to_contain_text("After 1 step: training loss 2.268, 85.0% right")
    expect(curve).not_to_contain_text("No step yet")
    expect(note).to_contain_text("held out 2.270, 81.3% right")
    press("button:has-text('Train')")
    expect(note).not_to_contain_text("After 1 step:")
    expect(status).to_have_text("Training has begun.")
    press("button:has-text('Pause')")
    rests = note.inner_text()
    hand.wait_for_timeout(300)
    assert note.inner_text() == rests
    expect(status).to_contain_text("After")  # what training has led to
    press("label:has-text('Newton')")
    expect(note).to_contain_text("needs a penalty")  # which is why nothing can be pressed
    for name in ("Train", "One step"):
        expect(box.get_by_role("button", name=name)).to_be_disabled()
    expect(box.locator("input[type=range]")).to_be_disabled()
    expect(box.locator(".ce-value")).to_have_text("not used")
    press("fieldset label:has-text('0.001')")
    expect(note).not_to_contain_text("needs a penalty")
    press("button:has-text('Reset')")
    hand.emulate_media(reduced_motion="reduce")
    press("button:has-text('Train')")  # it ends by itself
    expect(note).to_contain_text("After 7 steps", timeout=60_000)
    expect(note).to_contain_text("this is the minimum")
    expect(box.locator("button", has_text="Train")).to_be_visible()
    expect(box.locator("[role=status]")).to_contain_text("After 7 steps")
    press("label:has-text('gradient descent')")
    press("fieldset label:text-is('0.1')")
    box.locator("input[type=range]").focus()
    hand.keyboard.press("End")
    press("button:has-text('Train')")
    expect(note).to_contain_text("Diverged", timeout=60_000)
    hand.press_on(back)  # what training has put aside
    expect(note).to_contain_text("already trained")
    expect(box.get_by_role("group", name="52 mistakes on 797")).to_be_visible()


def test_the_passes_go_step_by_step_and_a_saturated_unit_passes_nothing_on(hand):
    box = hand.open_widget("backward_pass")
    note, drawing, cells = box.locator(".ce-note"), box.locator("svg"), box.locator("td")

    def press(name):
        hand.press_on(box.get_by_role("button", name=name, exact=True))

    expect(note).to_contain_text("0/9 The inputs are given. Press Step")
    for _ in range(9):
        press("Step")
    expect(note).to_contain_text("9/9")
    height = box.bounding_box()["height"]
    shown = [text.replace("−", "-") for text in cells.all_text_contents()]
    found = widgets.BackwardPass().passes()
    layers = [
        np.column_stack([found["dW1"], found["da"]]),
        np.column_stack([found["dW2"], found["dz"]]),
    ]
    assert shown == [f"{value:.3f}" for value in np.concatenate(layers).ravel()]
    press("Reset")
    expect(note).to_contain_text("0/9 The inputs are given")
    expect(drawing).not_to_contain_text("1.150")
    assert set(cells.all_text_contents()) == {""}
    for _ in range(5):
        press("Step")
    expect(note).to_contain_text("5/9 Forward, done")
    expect(drawing).to_contain_text("2.281")
    expect(box.locator(".ce-carried")).to_have_count(0)
    press("Step")
    expect(drawing).to_contain_text("∇ −0.898")
    expect(box.locator(".ce-carried")).to_have_count(3)
    expect(box.locator("[role=status]")).to_contain_text("∇z: 0.581, −0.898, 0.317")
    press("Step")
    press("Undo")
    expect(note).to_contain_text("6/9 Back")
    press("Play")
    expect(note).to_contain_text("9/9 Back, done")  # it ends by itself
    expect(box.get_by_role("button", name="Play")).to_be_visible()
    box.locator("input[type=range]").first.focus()
    hand.keyboard.press("End")  # x₁ = 5
    expect(note).to_contain_text("Saturated: u₁. Compare the slopes at u₁ and at a₁")
    expect(drawing).to_contain_text("1 − u² = 2.7e−5")
    assert abs(float(cells.nth(0).inner_text().replace("−", "-"))) < 1e-3
    hand.press_on(box.locator("label", has_text="cat"))
    expect(drawing.locator(".ce-truth")).to_contain_text("cat 0.487")
    assert box.bounding_box()["height"] == height


def test_the_play_of_both_passes_can_be_paused_and_nothing_flows_where_motion_is_reduced(hand):
    hand.emulate_media(reduced_motion="reduce")
    box = hand.open_widget("backward_pass")
    note = box.locator(".ce-note")
    hand.press_on(box.get_by_role("button", name="Play"))
    expect(note).to_contain_text("1/9")
    hand.press_on(box.get_by_role("button", name="Pause"))
    hand.wait_for_timeout(1700)
    expect(note).to_contain_text("1/9")
    assert box.evaluate("(box) => box.getAnimations({subtree: true}).length") == 0
    for _ in range(6):
        hand.press_on(box.get_by_role("button", name="Step", exact=True))
    assert box.locator(".ce-flow").count() > 0
    assert box.evaluate("(box) => box.getAnimations({subtree: true}).length") == 0


def test_the_boundary_trains_takes_points_and_is_probed(hand):
    box = hand.open_widget("boundary")
    drawing, note, knob = box.locator("svg"), box.locator(".ce-note"), box.locator(".ce-knob")
    status = box.locator("[role=status]")

    def press(name):
        hand.press_on(box.get_by_role("button", name=name, exact=True))

    expect(drawing).to_contain_text("loss 0.060 nats, 99.7% right")
    expect(note).to_contain_text("(0.84, 0.84): bird, p̂ 0.990")
    hand.press_on(box.locator("label", has_text="±20"))
    expect(note).to_contain_text("(14.00, 14.00): bird, p̂ 0.991")
    expect(note).to_contain_text("Of 4 hidden units 4 are saturated")
    knob.evaluate("(knob) => knob.scrollIntoView({block: 'center'})")
    hand.lift(knob, 60)
    expect(note).not_to_contain_text("14.00, 14.00")
    knob.focus()
    hand.keyboard.press("Home")
    expect(note).to_contain_text("(−20.00, ")
    hand.press_on(box.locator("label", has_text="±1.2"))
    hand.press_on(box.locator("label", has_text="dog"))
    at = drawing.bounding_box()
    for x, y in ((0.2, 40), (0.3, 40)):  # a press of mouse or finger, away from the probe
        place = {"x": x * at["width"], "y": y}
        drawing.tap(position=place) if hand.evaluate("navigator.maxTouchPoints") else (
            drawing.click(position=place)
        )
    expect(drawing.locator("circle.ce-axis")).to_have_count(2)
    expect(status).to_contain_text("A dog added at")
    expect(drawing).to_contain_text("99.0% right")  # of 302
    knob.focus()
    hand.keyboard.press("Enter")
    press("Add at the probe")
    expect(drawing.locator("circle.ce-axis")).to_have_count(4)
    press("Remove added")
    expect(drawing).to_contain_text("99.7% right")
    slope = box.locator("input[type=range]")
    slope.fill("1")
    expect(drawing).to_contain_text("η = 0.3")  # the curve was made with the old one
    press("Step")
    expect(drawing).to_contain_text("η = 0.3, then 1.0")
    press("Start over")
    expect(drawing).to_contain_text("0 steps")
    expect(drawing.locator("text", has_text="η =")).to_have_text("η = 1.0")
    before = drawing.text_content()
    press("Other first weights")
    expect(drawing).not_to_have_text(before)
    hand.press_on(box.locator("label", has_text="16"))
    press("Step")
    expect(drawing).to_contain_text("1 steps")
    press("Train")
    hand.wait_for_timeout(1500)
    press("Pause")
    at = drawing.text_content()
    assert float(re.search(r"loss (\S+) nats", at)[1]) < 0.9
    hand.wait_for_timeout(300)
    assert drawing.text_content() == at
    expect(status).to_contain_text("hidden units")


def test_the_boundary_moves_once_a_second_where_motion_is_reduced(hand):
    hand.emulate_media(reduced_motion="reduce")
    box = hand.open_widget("boundary")
    hand.press_on(box.get_by_role("button", name="Start over"))
    hand.press_on(box.get_by_role("button", name="Train"))
    drawing = box.locator("svg")
    hand.wait_for_timeout(300)
    first = drawing.text_content()
    hand.wait_for_timeout(400)
    assert drawing.text_content() == first
    hand.press_on(box.get_by_role("button", name="Pause"))


def test_the_reliability_diagram_follows_its_sliders(hand):
    box, figure = hand.open_widget("reliability"), widgets.Reliability()
    values, note = box.locator(".ce-figures b"), box.locator(".ce-note")

    def shown(found):
        numbers = [f"{found[name]:.3f}" for name in ("ece", "gap")]
        numbers += [f"{found['square']:.4f}".replace("-", "−"), f"{found['loss']:.3f}"]
        expect(values).to_have_text(numbers)

    shown(figure.errors(1.0))
    heat = box.get_by_label("temperature T")
    heat.focus()
    for _ in range(10):
        hand.keyboard.press("ArrowLeft")
    shown(figure.errors(0.5))
    expect(heat).to_have_attribute("aria-valuetext", "0.50")
    box.get_by_label("bins").fill("5")
    shown(widgets.Reliability(bins=5).errors(0.5))
    box.get_by_label("photographs", exact=False).first.fill("5")
    shown(widgets.Reliability(bins=5, count=2000).errors(0.5))
    expect(note).to_contain_text("The loss is lowest at T = 1.0")
    hand.press_on(box.locator("button", has_text="Other photographs"))
    shown(widgets.Reliability(bins=5, count=2000, seed=1).errors(0.5))
    expect(box.locator("[role=status]")).to_contain_text("2000 photographs: ECE 0.1")
    hand.press_on(box.locator("button", has_text="Start again"))
    shown(figure.errors(1.0))


def test_the_sets_follow_scores_and_draws(hand):
    box = hand.open_widget("conformal")
    values, note = box.locator(".ce-figures b"), box.locator(".ce-note")

    def shown(**state):
        found = widgets.Conformal(**state).drawn()
        numbers = [found["threshold"], found["coverages"][-1], np.mean(found["coverages"])]
        expect(values).to_have_text([*(f"{x:.3f}" for x in numbers), f"{found['size']:.2f}"])
        return found["threshold"]

    shown()
    hand.press_on(box.locator("button", has_text="One draw"))
    reach = shown(draws=101)
    p = ce.softmax([5.0, 4.0, 1.0])
    inside = [name for name, chance in zip(widgets.CLASSES, p, strict=True) if chance >= reach]
    expect(note).to_contain_text(f"Your set: {', '.join(inside)}.")
    box.get_by_label("score of bird").fill("5")
    expect(note).to_contain_text("Your set: cat, bird.")  # as likely as the cat now
    hand.press_on(box.locator("label", has_text="overconfident").first)
    shown(draws=101, temperature=0.4)
    box.get_by_label("held-out photographs").fill("0")
    shown(draws=101, temperature=0.4, held=10)
    expect(note).to_contain_text("0.909 as proved")
    box.get_by_label("coverage γ").fill("5")
    expect(note).to_contain_text("1.000 as proved")
    expect(values.first).to_have_text("0.000")
    hand.press_on(box.locator("button", has_text="Start again"))
    shown()


def test_the_decision_line_follows_its_sliders_and_is_corrected(hand):
    box = hand.open_widget("decision_line")
    values = box.locator(".ce-figures b")

    def shown(**state):
        found = widgets.DecisionLine(**state).scores()
        numbers = [f"{found[key]:.3f}" for key in ("mean", "accuracy", "balanced", "f1")]
        share = f"{state.get('used', 0.05)}"
        expect(values).to_have_text([share, *numbers, f"{found['cost']:.1f}"])

    shown()
    apart = "(svg) => ['.ce-rule', '.ce-stated'].map((c) => svg.querySelector(c).getAttribute('d'))"
    stated, truth = box.locator("svg").evaluate(apart)
    assert stated != truth  # the first state shows what shares do
    box.get_by_label("birds in training").fill("3")
    shown(trained=0.1)
    box.get_by_label("birds in training").fill("6")
    shown(trained=0.5)
    box.get_by_label("weight of a bird").fill("3")
    shown(trained=0.5, weight=9.0)
    hand.press_on(box.locator("label", has_text="corrected").first)
    shown(trained=0.5, weight=9.0, corrected=True)
    expect(values.nth(1)).to_have_text("0.050")
    box.get_by_label("cost of a miss").fill("4")
    shown(trained=0.5, weight=9.0, corrected=True, cost=19.0)
    expect(box.locator(".ce-note")).to_contain_text("from 1.00 on, where it states 0.05 or more")
    hand.press_on(box.locator("button", has_text="Start again"))
    shown()


def test_the_best_answer_follows_loss_exponent_and_truth(hand):
    box = hand.open_widget("best_answer")
    values, note = box.locator(".ce-figures b"), box.locator(".ce-note")

    def shown(**state):
        figure = widgets.BestAnswer(**state)
        found = figure.answer()
        numbers = [f"{found[key]:.3f}" for key in ("stated", "factor", "back")]
        expect(values).to_have_text([f"{figure.truth:.2f}", *numbers])

    shown()
    expect(note).to_contain_text("too timid")
    hand.press_on(box.locator("label", has_text="power").first)
    shown(kind="power", exponent=0.7)
    expect(note).to_contain_text("too bold")
    box.get_by_label("true probability").fill("0.8")
    shown(kind="power", exponent=0.7, truth=0.8)
    hand.press_on(box.locator("label", has_text="cross-entropy").first)
    shown(kind="cross-entropy", truth=0.8)
    expect(note).to_contain_text("the truth")
    expect(box.get_by_label("exponent")).to_be_disabled()
    hand.press_on(box.locator("button", has_text="Start again"))
    shown()


def test_the_writer_goes_on_with_a_reader_s_text(hand):
    box = hand.open_widget("writer")
    texts, note = box.locator(".ce-texts p"), box.locator(".ce-note")
    before = texts.all_text_contents()
    assert all(text.startswith("said the ") for text in before)
    box.get_by_label("begin with").fill("Oh, my EARS")
    expect(texts.first).to_contain_text("oh my ears")
    expect(note).to_contain_text("top-k keeps 5")
    box.get_by_label("top-k").fill("1")
    expect(note).to_contain_text("top-k keeps 1")
    greedy = texts.nth(1).text_content()
    hand.press_on(box.locator("button", has_text="Draw again"))
    expect(texts.first).not_to_have_text(before[0])
    expect(texts.nth(1)).to_have_text(greedy)  # one letter is left: nothing is drawn
    box.get_by_label("temperature").fill("0.1")
    expect(texts.nth(1)).to_have_text(greedy)
    hand.press_on(box.locator("button", has_text="Start again"))
    expect(texts).to_have_text(before)


def test_the_draft_follows_its_sliders_and_rules(hand):
    box = hand.open_widget("speculative")
    values, note = box.locator(".ce-figures b"), box.locator(".ce-note")

    def shown(**state):
        found = widgets.Speculative(**state).parts()
        numbers = [found["share"], *found["token"]]
        expect(values).to_have_text([f"{value:.3f}" for value in numbers])

    shown()
    expect(note).to_contain_text("ends at the target")
    hand.press_on(box.locator("label", has_text="the target").first)
    shown(rule="target")
    expect(note).to_contain_text("The dog is too frequent by 0.090")
    hand.press_on(box.locator("label", has_text="greedy").first)
    shown(rule="greedy")
    box.get_by_label("draft: cat").fill("1")
    shown(rule="greedy", draft=[1.0, 0.6, 0.1])
    hand.press_on(box.locator("button", has_text="Start again"))
    shown()


def test_weights_of_another_shape_are_named():
    with pytest.raises(ValueError, match="weights must be 27 numbers for 4 hidden units, got 9"):
        widgets.Boundary(weights=[0.0] * 9)
    for name, wrong in (("W1", [[1.0, 2.0]]), ("W2", [[1.0], [2.0], [3.0]])):
        with pytest.raises(traitlets.TraitError, match=name):
            widgets.BackwardPass(**{name: wrong})


def test_the_choices_of_two_figures_on_a_page_are_apart(hand):
    places = list(PLACES.values())
    for place in {place for place in places if places.count(place) > 1}:
        for name in (names := [name for name in PLACES if PLACES[name] == place]):
            if name == names[0]:
                hand.open_widget(name)
            box = hand.locator(f"[data-widget={name}]").first
            box.scroll_into_view_if_needed()
            box.locator("input").first.wait_for()
        for group in hand.locator(".ce-widget:not([data-widget=quiz]) .ce-choice").all():
            assert group.locator("input:checked").count() == 1


def test_a_swipe_over_the_boundary_adds_no_point(hand):
    box = hand.open_widget("boundary")
    hand.drag_on(box, (0.2, 0.1), (0.25, 0.5), knob=False)
    hand.wait_for_timeout(300)
    expect(box.locator("circle.ce-axis")).to_have_count(0)


def test_a_question_explains_keeps_and_counts(hand):
    box = hand.open_widget("quiz", PLACES["boldness_dial"])
    press = hand.press_on
    expect(box.locator("legend")).to_contain_text("Its loss is …")  # the answers complete it
    press(box.locator("button"))
    expect(box.locator("[role=status]")).to_contain_text("Choose an answer first")
    press(box.locator("label").first)
    press(box.locator("button"))
    expect(box.locator("[role=status]")).to_contain_text("if class 1, which it prefers")
    expect(hand.locator("#progress")).to_contain_text(", 0 of")
    box.locator("input").first.focus()
    hand.keyboard.press("ArrowDown")
    hand.keyboard.press("Enter")
    expect(box.locator("[role=status]")).to_contain_text("Right.")
    expect(hand.locator("#progress")).to_contain_text(", 1 of")
    box = hand.open_widget("quiz", PLACES["boldness_dial"])
    expect(box.locator("[role=status]")).to_contain_text("Right.")
    assert box.locator("input").nth(1).is_checked()
    stored = "ce-book:quiz:02-loss-of-a-label"
    for foreign in ("{", '{"given": "9", "right": true}', '{"given": 1}', '"x"'):
        hand.evaluate("([key, value]) => localStorage.setItem(key, value)", [stored, foreign])
        box = hand.open_widget("quiz", PLACES["boldness_dial"])
        assert box.locator("input:checked").count() == 0


def test_a_new_number_is_judged_at_the_first_press(hand):
    """The verdict on the old one goes while one types, and not from under the finger."""
    hand.open_widget("boldness_dial")
    box = hand.locator("[data-question='02-choices']")
    box.scroll_into_view_if_needed()
    for given, says in (("7", "Not right."), ("2", "Right.")):
        box.locator("input").fill(given)
        hand.press_on(box.locator("button[type=submit]"))
        expect(box.locator("[role=status]")).to_contain_text(says)


@pytest.mark.parametrize("hand", ["touch"], indirect=True)
def test_a_finger_that_scrolls_changes_no_slider(hand):
    box = hand.open_widget("boldness_dial")
    slider = box.locator("input[type=range]")
    before, at = slider.input_value(), slider.bounding_box()
    session = hand.context.new_cdp_session(hand)
    for k in range(12):
        point = {"x": at["x"] + at["width"] / 3 + k, "y": at["y"] + at["height"] / 2 - 25 * k}
        kind = "touchMove" if k else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        hand.wait_for_timeout(30)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    hand.wait_for_timeout(300)
    assert slider.input_value() == before


def test_a_number_and_a_tick_list_are_judged(hand):
    hand.open_widget("boldness_dial")
    box = hand.locator("[data-question='02-choices']")
    box.scroll_into_view_if_needed()
    for given, says in [
        ("0.693", "the loss itself"),
        ("7", "effective number of choices"),
        ("two", "not a number"),
        ("", "Type a number first"),
        ("2,0", "Right."),
    ]:
        box.locator("input").fill(given)
        box.locator("input").press("Enter")
        expect(box.locator("[role=status]")).to_contain_text(says)
    hand.open_widget("softmax_explorer")
    box = hand.locator("[data-question='03-leaves-alone']")
    box.scroll_into_view_if_needed()
    for k, says in [(0, "not ticked yet"), (2, "Right."), (1, "the order is reversed")]:
        box.locator("input").nth(k).check()
        box.locator("button").click()
        expect(box.locator("[role=status]")).to_contain_text(says)


def test_a_right_answer_stays_and_its_verdict_goes_with_a_change(hand):
    """Reading why another option is wrong costs nothing; no verdict stays at another answer."""
    box = hand.open_widget("quiz", PLACES["boldness_dial"])
    right = hand.evaluate(
        "JSON.parse(document.querySelector('[data-widget=quiz]').dataset.model)"
        ".answers.findIndex((answer) => answer.right)"
    )
    status = box.locator("[role=status]")
    box.locator("input").nth(right).check()
    box.locator("button", has_text="Check").click()
    expect(status).to_contain_text("Right.")
    expect(box.locator(".ce-option").nth(right).locator(".ce-why")).to_contain_text("✓")
    expect(hand.locator("#progress")).to_contain_text(", 1 of")
    box.locator("input").nth((right + 1) % 2).check()
    expect(status).to_have_text("")
    assert box.locator(".ce-why").count() == 0
    box.locator("button", has_text="Check").click()
    expect(status).to_contain_text("Not right.")
    expect(box.locator(".ce-option").nth((right + 1) % 2)).to_contain_text("✗")
    expect(hand.locator("#progress")).to_contain_text(", 1 of")
    box.locator("input").nth(right).check()
    box.locator("button", has_text="Check").click()
    box.locator("button", has_text="Explain every option").click()
    assert box.locator(".ce-why").count() == box.locator(".ce-option").count()


def test_without_scripts_the_first_state_is_there(chromium, address):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    for name, place in PLACES.items():
        page.goto(address + place)
        box = page.locator(f"[data-widget={name}]").first
        for line in widgets.FIGURES[name]().words().split("\n")[-1].split(" | "):
            if name not in SET_BY_CHAPTER:
                expect(box).to_contain_text(line)
        assert box.locator("td").count() >= 12
        assert page.locator("[data-widget=quiz] details").first.is_visible()
    context.close()


def test_print_shows_the_current_state(chromium, address):
    with chromium.new_context(service_workers="block") as context:
        page = context.new_page()
        page.goto(address + PLACES["boldness_dial"])
        box = page.locator("[data-widget=boldness_dial]")
        box.scroll_into_view_if_needed()
        box.locator("button", has_text="plain").click()
        page.emulate_media(media="print")
        expect(box.locator(".ce-figures")).to_contain_text("0.828")
        assert not box.locator("input[type=range]").is_visible()
        assert not page.locator(".bar").is_visible()
        page.emulate_media(media="screen")
        page.goto(address + PLACES["training"])
        box = page.locator("[data-widget=training]")
        box.scroll_into_view_if_needed()
        box.locator("input").first.wait_for()
        page.emulate_media(media="print")
        for k, name in enumerate(box.locator(".ce-classes th[scope=row]").all()):
            assert name.inner_text() == str(k)  # a button on the screen
        assert not box.locator(".ce-later").is_visible()  # no curve yet
        assert not box.locator(".ce-hint").is_visible()


def test_the_words_hold_the_numbers_of_ce_lib():
    words = widgets.SoftmaxExplorer(logits=[3.0, 0.0, 0.0], label=1, details=True).words()
    assert f"{ce.cross_entropy([3.0, 0.0, 0.0], 1):.3f} nats" in words
    assert "nan" in widgets.OverflowExplorer(added=100).words()
    picture = widgets.Training().still()
    assert picture.count('fill="currentColor"') > 3  # readable on dark paper without scripts


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("What?\n- [ ] a\n  no", "must be marked right"),
        ("What?\n- [x] a", "needs an explanation"),
        ("What?\n- [y] a\n  no", "must be [x]"),
        ("What?\n- [= 1] a\n  no", "must be [x]"),
    ],
)
def test_an_ill_formed_question_is_named(text, says):
    with pytest.raises(ValueError, match="my-question") as error:
        widgets.Quiz("my-question", text)
    assert says in str(error.value)
    with pytest.raises(ValueError, match="joined by hyphens"):
        widgets.Quiz("My question", text)


def test_each_question_has_a_name_of_its_own(site):
    names = []
    for path in prose.CHAPTERS:
        text = (site / path.relative_to(prose.ROOT)).with_suffix(".html").read_text()
        found = re.findall(r'data-question="([\w-]+)"', text)
        assert all(name.startswith(path.stem[:2]) for name in found)
        names += found
    assert len(names) == len(set(names)) >= 20


def test_nothing_loads_with_the_package():
    code = "import sys, ce_lib; print(sorted({'anywidget', 'traitlets'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture
def lab(tmp_path):
    """A JupyterLab on copies of the chapters; yields its address."""
    for path in prose.CHAPTERS:
        shutil.copy(path, tmp_path)
    with browser.jupyterlab(tmp_path, PYTHONPATH=str(prose.ROOT)) as url:
        yield url


SHOW_CELL = """async (start) => {
    const { content } = jupyterapp.shell.currentWidget;
    const source = (cell) => cell.model.sharedModel.getSource();
    const k = content.widgets.findIndex((cell) => source(cell).startsWith(start));
    content.activeCellIndex = k;
    await content.scrollToItem(k, 'center');
}"""


HELD = {  # what is dragged in a figure, and how far; a finger goes the other way up
    **{name: (".ce-knob", (-25, -25)) for name in [*DRAGGED, "softmax_explorer", "boundary"]},
    "gumbel_race": (".ce-knob", (-25, 0)),
    "online_softmax": (".ce-slot:enabled", (150, 0)),
    "training": (".ce-pad", (-70, -70)),
}


UNSAID = """(box) => [...box.children].filter((part) => !part.matches('.ce-said'))
    .map((part) => part.outerHTML).join('')"""


def move(page, place, by, touch):
    """Drag from the middle of a place, with a mouse or a finger, so many pixels."""
    place.scroll_into_view_if_needed()
    at = place.bounding_box()
    start = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
    path = [(start[0] + by[0] * k / 4, start[1] + by[1] * k / 4) for k in range(5)]
    if not touch:
        page.mouse.move(*path[0])
        page.mouse.down()
        for x, y in path[1:]:
            page.mouse.move(x, y)
        page.mouse.up()
        return
    session = page.context.new_cdp_session(page)
    for k, (x, y) in enumerate(path):
        event = {"type": "touchMove" if k else "touchStart", "touchPoints": [{"x": x, "y": y}]}
        session.send("Input.dispatchTouchEvent", event)
        page.wait_for_timeout(30)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_in_jupyterlab_the_same_widgets_run(lab, chromium):
    """Each chapter run from top to bottom: its widgets follow slider, mouse and finger."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, has_touch=True)
    context.set_default_timeout(60_000)
    for place in dict.fromkeys(PLACES.values()):
        page = context.new_page()
        page.goto(f"{lab}/doc/tree/{Path(place).stem}.ipynb")
        page.locator(".jp-Notebook").wait_for()
        page.get_by_text("| Idle").wait_for()
        page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
        for name in [name for name in PLACES if PLACES[name] == place]:
            page.evaluate(SHOW_CELL, f"widgets.{widgets.FIGURES[name].__name__}(")
            box = page.locator(f".ce-widget[data-widget={name}]:has(input)").first
            box.locator("input[type=range]").first.focus()
            before = box.inner_text()
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(300)
            assert box.inner_text() != before, name
            for touch in (False, True) if name in HELD else ():
                before = box.evaluate(UNSAID)
                part, (right, down) = HELD[name]
                move(page, box.locator(part).first, (right, -down if touch else down), touch)
                page.wait_for_timeout(300)
                assert box.evaluate(UNSAID) != before, (name, touch)
            if name == "training":  # the pictures come from the kernel
                box.locator("button", has_text="One step").click()
                expect(box.locator(".ce-note")).to_contain_text("After 1 step: training loss")
        page.evaluate(SHOW_CELL, "widgets.Quiz(")
        question = page.locator(".ce-widget[data-widget=quiz]:has(form)").first
        first = question.locator("input").first
        first.fill("1") if first.get_attribute("type") == "text" else first.check()
        question.locator("button[type=submit]").click()
        expect(question.locator("[role=status]")).not_to_be_empty()
        page.close()
    context.close()


def test_in_firefox_each_widget_moves(address):
    found = browser.firefox(address, "widgets", json.dumps(PLACES))
    assert found == {**dict.fromkeys(PLACES, "moved"), "errors": []}


def test_in_firefox_questions_are_answered(address):
    covered = ["until-found", False, True]  # covered, then not, and judged
    found = browser.firefox(address, "questions")
    assert found == {"quiz": "Right.", "guess": covered, "errors": []}
