"""ce_lib beside PyTorch, JAX, Keras, SciPy and scikit-learn, in an environment of their own.

`make peers` makes .venv-peers and runs this file there. In the ordinary environment one test
starts that run where .venv-peers exists; with CI set and no .venv-peers it fails.
"""

import ast
import contextlib
import importlib.util
import io
import json
import math
import os
import re
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path

import numpy as np
import prose
import pytest

import ce_lib as ce
from ce_lib import datasets

ROOT = Path(__file__).resolve().parents[1]
PEERS = [ROOT / ".venv-peers" / p for p in ("bin/python", "Scripts/python.exe")]
os.environ.setdefault("KERAS_BACKEND", "jax")  # Keras works with any; this one is installed
HERE = all(
    importlib.util.find_spec(m) for m in ("torch", "scipy", "sklearn", "jax", "optax", "keras")
)
with_peers = pytest.mark.skipif(not HERE, reason="runs in .venv-peers (make peers)")

rng = np.random.default_rng(11)
Z = rng.normal(size=(8, 5)) * 4
LABELS = rng.integers(0, 5, 8)
SOFT = ce.softmax(rng.normal(size=(8, 5)))
WEIGHTS = rng.uniform(0.2, 2, 5)


@pytest.mark.machine
@pytest.mark.skipif(HERE, reason="the peers are here: they are compared directly")
def test_the_peers_agree_in_their_own_environment():
    python = next((p for p in PEERS if p.exists()), None)
    if python is None and os.environ.get("CI"):
        pytest.fail(".venv-peers is missing: CI must run `make .venv-peers/installed` first")
    if python is None:
        pytest.skip("agreement with PyTorch, SciPy and scikit-learn: not tested (make peers)")
    command = [python, "-m", "pytest", "-q", "-o", "addopts=", "-p", "no:cacheprovider", __file__]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@with_peers
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("kind", ["labels", "ignored", "soft"])
def test_loss_and_gradient_agree_with_pytorch(kind, weights, smoothing, reduction):
    import torch

    target = {"labels": LABELS, "soft": SOFT, "ignored": np.where(LABELS == 1, -100, LABELS)}[kind]
    options = {"label_smoothing": smoothing, "reduction": reduction}
    z = torch.tensor(Z, requires_grad=True)
    w = None if weights is None else torch.tensor(weights)
    theirs = torch.nn.functional.cross_entropy(z, torch.tensor(target), weight=w, **options)
    theirs.sum().backward()
    if kind == "ignored":
        options["ignore_index"] = -100
    loss, grad = ce.cross_entropy_with_grad(Z, target, class_weights=weights, **options)
    np.testing.assert_allclose(loss, theirs.detach().numpy(), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(grad, z.grad.numpy(), rtol=1e-11, atol=1e-15)


@with_peers
def test_a_mean_over_nothing_is_nan_in_pytorch_too():
    import torch

    labels = torch.full((8,), -100)
    assert torch.nn.functional.cross_entropy(torch.tensor(Z), labels).isnan()
    assert np.isnan(ce.cross_entropy(Z, labels.numpy(), ignore_index=-100))


@with_peers
def test_the_small_loss_that_pytorch_rounds_to_zero_is_kept():
    import torch

    z = torch.tensor([0.0, -40.0], dtype=torch.float64)
    assert torch.nn.functional.cross_entropy(z, torch.tensor(0)) == 0
    assert ce.cross_entropy(z.numpy(), 0) == 4.248354255291589e-18


@with_peers
def test_chapter_5_names_the_binary_loss_that_keeps_small_losses():
    """Optax's does for both labels, PyTorch's only for label 1."""
    import optax
    import torch

    exact = math.log1p(math.exp(-20))
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    for sign, label in ((20, 1), (-20, 0)):
        logit, target = np.float32([sign]), np.float32([label])
        np.testing.assert_allclose(optax.sigmoid_binary_cross_entropy(logit, target), exact, 1e-6)
    assert math.isclose(loss(torch.tensor([20.0]), torch.ones(1)), exact, rel_tol=1e-6)
    assert loss(torch.tensor([-20.0]), torch.zeros(1)) == 0


@with_peers
def test_probabilities_and_entropies_agree_with_scipy():
    from scipy import special, stats

    near = {"rtol": 1e-12, "atol": 1e-15}
    np.testing.assert_allclose(ce.softmax(Z), special.softmax(Z, axis=-1), **near)
    np.testing.assert_allclose(ce.log_softmax(Z), special.log_softmax(Z, axis=-1), **near)
    np.testing.assert_allclose(ce.logsumexp(Z), special.logsumexp(Z, axis=-1), **near)
    np.testing.assert_allclose(ce.entropy(SOFT, base=2), stats.entropy(SOFT, axis=-1, base=2))
    theirs = stats.entropy(SOFT, ce.softmax(Z), axis=-1)
    np.testing.assert_allclose(ce.kl_divergence(SOFT, ce.softmax(Z)), theirs, rtol=1e-11)


@with_peers
def test_loss_and_gradient_agree_with_optax():
    from benchmarks.peers import losses_and_gradients

    for theirs, ours in zip(
        losses_and_gradients("JAX, Optax", Z, LABELS),
        ce.cross_entropy_with_grad(Z, LABELS, reduction="none"),
        strict=True,
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-15)


@with_peers
def test_the_linear_layer_with_its_loss_agrees_with_pytorch():
    import torch

    x, weight, bias = rng.normal(size=(8, 3)), rng.normal(size=(5, 3)), rng.normal(size=5)
    tensors = [torch.tensor(a, requires_grad=True) for a in (x, weight, bias)]
    logits = torch.nn.functional.linear(*tensors)
    theirs = torch.nn.functional.cross_entropy(logits, torch.tensor(LABELS))
    theirs.backward()
    loss, gradients = ce.linear_cross_entropy_with_grad(x, weight, bias, LABELS)
    np.testing.assert_allclose(loss, theirs.item(), rtol=1e-13)
    for ours, tensor in zip(gradients, tensors, strict=True):
        np.testing.assert_allclose(ours, tensor.grad.numpy(), rtol=1e-11, atol=1e-15)


@with_peers
@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from Linux's /proc")
def test_peak_memory_is_what_each_program_holds():
    """PyTorch's default holds the logits three times, its chunked form and ours do not."""
    from benchmarks.memory import peak

    logits = 4 * 1024 * 20000
    held = {
        name: peak(name, (1024, 16, 20000), True) / logits
        for name in ("ce_lib", "PyTorch", "PyTorch, chunked")
    }
    assert 2.9 < held["PyTorch"] < 3.2
    assert held["PyTorch, chunked"] < held["PyTorch"] / 5
    assert held["ce_lib"] < held["PyTorch"] / 2


@with_peers
def test_a_tensor_is_an_array_or_is_refused_by_name():
    import torch

    z, labels = torch.tensor(Z), torch.tensor(LABELS)
    for dtype in (torch.float16, torch.float32, torch.float64):
        found = ce.cross_entropy_with_grad(z.to(dtype), labels, class_weights=torch.tensor(WEIGHTS))
        wanted = ce.cross_entropy_with_grad(z.to(dtype).numpy(), LABELS, class_weights=WEIGHTS)
        assert found[0] == wanted[0]
        np.testing.assert_array_equal(found[1], wanted[1])
    for bad in (z.to(torch.bfloat16), z.requires_grad_(), z.detach().to("meta")):
        with pytest.raises(TypeError, match=r"^logits must be an array of numbers, got Tensor: "):
            ce.cross_entropy(bad, labels)
    with pytest.raises(TypeError, match=r"^out must be a NumPy array, got Tensor"):
        ce.cross_entropy_with_grad(Z, LABELS, out=z)


@with_peers
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PyTorch by its own compiler
@pytest.mark.parametrize("name", ["torch.compile", "Optax, safe"])
def test_every_program_of_the_benchmarks_computes_the_same(name):
    from benchmarks.peers import losses_and_gradients

    for target in (LABELS, SOFT):
        options = {"label_smoothing": 0.2} if target is SOFT else {}
        theirs = losses_and_gradients(name, Z, target, **options)
        ours = ce.cross_entropy_with_grad(Z, target, reduction="none", **options)
        for one, other in zip(theirs, ours, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-14)


@with_peers
def test_loss_from_probabilities_agrees_with_scikit_learn():
    from sklearn.metrics import log_loss

    p = ce.softmax(Z)
    theirs = log_loss(LABELS, p, labels=range(5))
    np.testing.assert_allclose(ce.cross_entropy_from_probs(p, LABELS), theirs, rtol=1e-12)
    np.testing.assert_allclose(ce.cross_entropy(Z, LABELS), theirs, rtol=1e-12)


@with_peers
def test_the_temperature_and_the_brier_score_agree_with_scikit_learn():
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import brier_score_loss

    z = 3 * rng.normal(size=(300, 5))
    labels = (z / 2 + rng.gumbel(size=z.shape)).argmax(axis=1)
    model = LogisticRegression()  # whose scores are z
    model.classes_, model.n_features_in_ = np.arange(5), 5
    model.coef_, model.intercept_ = np.eye(5), np.zeros(5)
    fitted = CalibratedClassifierCV(FrozenEstimator(model), method="temperature").fit(z, labels)
    p = ce.softmax(z, temperature=ce.fit_temperature(z, labels))
    np.testing.assert_allclose(fitted.predict_proba(z), p, atol=1e-4)
    theirs = brier_score_loss(labels, p, labels=range(5), scale_by_half=False)
    np.testing.assert_allclose(ce.brier_score(p, labels), theirs, rtol=1e-12)


@with_peers
def test_the_bins_agree_with_scikit_learn():
    from sklearn.calibration import calibration_curve

    q = rng.uniform(0.5, 1, 500)
    right = rng.random(500) < q
    counts, belief, share = ce.reliability(np.stack([q, 1 - q], axis=1), 1 - right, n_bins=10)
    theirs = calibration_curve(right, q, n_bins=10)
    np.testing.assert_allclose(share[counts > 0], theirs[0], rtol=1e-12)
    np.testing.assert_allclose(belief[counts > 0], theirs[1], rtol=1e-12)


@with_peers
@pytest.mark.parametrize("zeroed", [True, False])
def test_chapter_10_takes_the_steps_of_pytorchs_optimiser(zeroed):
    """With one parameter, L-BFGS is the secant method of the chapter, with and without the bug."""
    import torch

    z = 3 * rng.normal(size=(300, 5))
    labels = (z / 2 + rng.gumbel(size=z.shape)).argmax(axis=1)
    T = torch.nn.Parameter(torch.full((1,), 1.5, dtype=torch.float64))
    optimiser = torch.optim.LBFGS([T], lr=0.01, max_iter=50)

    def evaluate():
        if zeroed:
            optimiser.zero_grad()
        found = torch.nn.functional.cross_entropy(torch.tensor(z) / T, torch.tensor(labels))
        found.backward()
        return found

    optimiser.step(evaluate)
    names, tree = {"ce": ce, "np": np}, ast.parse(cell_source("secant", "10_calibration"))
    exec(ast.unparse(tree.body[0]), names)  # its function
    np.testing.assert_allclose(names["secant"](z, labels, keep=not zeroed), T.item(), rtol=1e-6)


@with_peers
@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_the_focal_loss_agrees_with_keras_and_its_gradient_with_pytorch(gamma):
    import keras
    import torch

    one_hot = np.eye(5)[LABELS]
    theirs = keras.losses.categorical_focal_crossentropy(
        one_hot, SOFT, alpha=WEIGHTS.tolist(), gamma=gamma
    )
    ours = ce.focal_loss(np.log(SOFT), LABELS, gamma=gamma, class_weights=WEIGHTS, reduction="none")
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=1e-5)
    z, labels = torch.tensor(Z, requires_grad=True), torch.tensor(LABELS)
    plain = torch.nn.functional.cross_entropy(z, labels, reduction="none")
    found = (torch.tensor(WEIGHTS)[labels] * (1 - torch.exp(-plain)) ** gamma * plain).mean()
    found.backward()
    loss, grad = ce.focal_loss_with_grad(Z, LABELS, gamma=gamma, class_weights=WEIGHTS)
    np.testing.assert_allclose(loss, found.item(), rtol=1e-9)
    np.testing.assert_allclose(grad, z.grad.numpy(), rtol=1e-7, atol=1e-12)


@with_peers
def test_the_forward_correction_agrees_with_pytorch():
    import torch

    noise = rng.dirichlet(np.ones(5), 5) * 0.4 + 0.6 * np.eye(5)
    z, labels = torch.tensor(Z, requires_grad=True), torch.tensor(LABELS)
    written = torch.softmax(z, dim=1) @ torch.tensor(noise)
    found = torch.nn.functional.nll_loss(torch.log(written), labels)
    found.backward()
    loss, grad = ce.forward_cross_entropy_with_grad(Z, LABELS, noise)
    np.testing.assert_allclose(loss, found.item(), rtol=1e-12)
    np.testing.assert_allclose(grad, z.grad.numpy(), rtol=1e-10, atol=1e-14)


@with_peers
def test_labels_for_pytorch_are_shifted_once_and_leave_out_padding_by_place():
    import torch
    from torch.nn.functional import cross_entropy

    tokens, lengths = rng.integers(0, 5, (3, 6)), np.array([6, 4, 2])
    z = rng.normal(size=(3, 6, 5))
    labels = ce.next_token_labels(tokens, lengths=lengths)
    theirs = cross_entropy(torch.tensor(z).flatten(0, 1), torch.tensor(labels).flatten())
    ours = ce.cross_entropy(z, labels, ignore_index=-100)
    np.testing.assert_allclose(ours, theirs.item(), rtol=1e-12)
    rows = [z[r, i] for r in range(3) for i in range(lengths[r] - 1)]
    own = [tokens[r, i + 1] for r in range(3) for i in range(lengths[r] - 1)]
    np.testing.assert_allclose(ours, ce.cross_entropy(rows, own), rtol=1e-12)


@with_peers
def test_z_loss_and_soft_cap_agree_with_pytorchs_derivatives():
    import torch

    z = torch.tensor(Z, requires_grad=True)
    found = 0.01 * (torch.logsumexp(z, dim=1) ** 2).mean()
    found.backward()
    loss, grad = ce.z_loss_with_grad(Z, coefficient=0.01)
    np.testing.assert_allclose(loss, found.item(), rtol=1e-12)
    np.testing.assert_allclose(grad, z.grad.numpy(), rtol=1e-10)
    z = torch.tensor(Z, requires_grad=True)
    capped = 3 * torch.tanh(z / 3)
    capped.sum().backward()
    ours = ce.logit_softcap(Z, 3)
    np.testing.assert_allclose(ours, capped.detach().numpy(), rtol=1e-14)
    np.testing.assert_allclose(1 - (ours / 3) ** 2, z.grad.numpy(), rtol=1e-9, atol=1e-12)


@with_peers
@pytest.mark.parametrize("p", [0.05, 0.3, 0.9])
def test_the_filters_keep_what_transformers_definitions_keep(p):
    """Their definitions in PyTorch: sums from the smallest, a k-th largest, a share of the top."""
    import torch

    z = torch.tensor(3 * rng.normal(size=(50, 20)))
    ordered, order = torch.sort(z)
    dropped = torch.softmax(ordered, dim=-1).cumsum(dim=-1) <= 1 - p
    dropped[:, -1] = False
    dropped = dropped.scatter(1, order, dropped)
    probs = torch.softmax(z, dim=-1)
    small = probs < p * probs.max(dim=-1, keepdim=True).values
    rare = z < torch.topk(z, 7).values[:, [-1]]
    for found, gone in (
        (ce.keep_top_p(z.numpy(), p), dropped),
        (ce.keep_min_p(z.numpy(), p), small),
        (ce.keep_top_k(z.numpy(), 7), rare),
    ):
        np.testing.assert_array_equal(found == -np.inf, gone.numpy())


def cell_source(name, chapter):
    """The code of the cell that is called by this name."""
    notebook = json.loads((ROOT / f"chapters/{chapter}.ipynb").read_text(encoding="utf-8"))
    return next("".join(c["source"]) for c in notebook["cells"] if c["id"] == name)


def assigned(name, chapter="05_stability"):
    """The expression that the cell called as the name assigns to it."""
    code = cell_source(name, chapter)
    values = (s.value for s in ast.parse(code).body if s.targets[0].id == name)
    return ast.Expression(next(values))


@with_peers
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_chapter_5_records_what_the_libraries_make_of_bad_input():
    from benchmarks.peers import losses_and_gradients

    names = {"inf": np.inf, "np": np}
    edges = eval(compile(assigned("edges"), "chapter 5", "eval"), names)
    for name, (z, label, *recorded) in edges.items():
        answers = []
        for library in ("PyTorch", "JAX, Optax", "SciPy", "naive NumPy"):
            try:
                losses = losses_and_gradients(library, np.array([z]), np.array([label]))[0]
                answers.append(f"{losses[0]:.4g}")
            except IndexError:
                answers.append("error")
        assert answers == recorded, name


@with_peers
def test_chapter_5_records_what_the_libraries_answer():
    import torch
    from scipy import special

    recorded = ast.literal_eval(assigned("recorded"))
    rows = [np.array([0.0, -40.0]), np.array([5.0, -35.0])]
    label = torch.tensor(0)
    programs = {
        "SciPy log_softmax": lambda z: -special.log_softmax(z)[0],
        "SciPy logsumexp(z) - z[c]": lambda z: special.logsumexp(z) - z[0],
        "PyTorch cross_entropy": lambda z: torch.nn.functional.cross_entropy(
            torch.tensor(z), label
        ).item(),
    }
    assert recorded.keys() == programs.keys()
    for name, program in programs.items():
        np.testing.assert_allclose([program(z) for z in rows], recorded[name], rtol=1e-12)


@with_peers
def test_the_digits_are_scikit_learns():
    from sklearn.datasets import load_digits

    images, labels = datasets.digits()
    np.testing.assert_array_equal(images, load_digits().images)
    np.testing.assert_array_equal(labels, load_digits().target)


@with_peers
def test_chapter_8_records_what_scikit_learn_finds():
    from sklearn.linear_model import LogisticRegression

    images, labels = datasets.digits()
    model = LogisticRegression(C=1.0, tol=1e-12, max_iter=10_000)
    model.fit(images[:1000].reshape(-1, 64) / 16, labels[:1000])
    recorded = ast.literal_eval(assigned("recorded", "08_learning"))
    assert abs(np.linalg.norm(model.coef_) - recorded["size"]) < 1e-4
    assert abs(model.coef_.max() - recorded["largest"]) < 1e-4
    biases = model.intercept_ - model.intercept_.mean()
    np.testing.assert_allclose(biases, np.array(recorded["biases"].split(), float), atol=6e-4)


SNIPPET = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
SNIPPETS = [
    pytest.param(code, id=f"{path.stem}-{cell['id']}-{number}")
    for path in prose.CHAPTERS
    for cell in prose.load(path)["cells"]
    if cell["cell_type"] == "markdown"
    for number, code in enumerate(SNIPPET.findall(cell["source"]))
]


def wrong_comments(code):
    """Run a snippet; yields each `print(...)  # what it prints` whose comment is not true."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    said = re.findall(r"^print\(.*\)(?:  |\n)# (.+)$", code, re.MULTILINE)
    if not said:
        yield "a snippet prints what it shows, and says it in a comment"
    for comment, line in zip_longest(said, printed.getvalue().splitlines()):
        if comment != line:
            yield f"says {comment}, prints {line}"


@with_peers
@pytest.mark.parametrize("code", SNIPPETS)
def test_a_snippet_for_another_framework_prints_what_the_page_says(code):
    assert not list(wrong_comments(code))


def test_a_wrong_comment_is_found():
    assert not list(wrong_comments("print(1 + 1)  # 2\n"))
    assert list(wrong_comments("print(1 + 1)  # 3\n")) == ["says 3, prints 2"]
    assert list(wrong_comments("x = 2\n"))
