"""Each public function with everything NumPy can hold: the right answer, or a clear refusal.

A matrix of function, argument, kind of array and options. The oracle is `ce_lib.naive` in long
doubles, on the same numbers; KINDS says how an array can hold them, REFUSED what is no array of
numbers. Each call is also checked to change no input, to warn of nothing (pytest makes warnings
errors) and to return plain NumPy arrays or numbers of the promised dtype.
"""

import os
import re
import subprocess
import sys
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

import ce_lib as ce
from ce_lib import loss as loss_module
from ce_lib import naive

LONG = np.longdouble
Z = np.array([[2, 5, 0], [1, 1, 3], [4, 0, 2], [0, 2, 2]])
P = np.array([[2, 5, 1], [4, 2, 2], [1, 6, 1], [3, 3, 2]]) / 8
ONE_HOT = np.eye(3, dtype=int)[[1, 0, 2, 1]]
LABELS = np.array([1, 0, 2, 1])
WEIGHTS = np.array([1, 0, 3])
X, MATRIX, BIAS = Z + 1, np.array([[1, 0, 2], [0, 1, 1]]), np.array([1, 2])


def one_hot(labels, k):
    return np.eye(k, dtype=LONG)[np.where((labels >= 0) & (labels < k), labels, 0)]


def loss(z, target, axis=-1, reduction="mean", want_grad=False, **options):
    """Cross-entropy and its gradient as the docstring defines them."""
    z = np.moveaxis(z, axis, -1)
    k, t, a = z.shape[-1], options.get("temperature", 1), options.get("label_smoothing", 0)
    hard = target.ndim < z.ndim
    y = one_hot(target, k) if hard else np.moveaxis(target, axis, -1).astype(LONG)
    w = np.asarray(options.get("class_weights", np.ones(k)), LONG)
    row = (w * y).sum(axis=-1) if hard else np.ones(z.shape[:-1], LONG)
    y = w * ((1 - LONG(a)) * y + LONG(a) / k)
    if "ignore_index" in options:
        kept = target != options["ignore_index"]
        row, y = row * kept, y * kept[..., None]
    losses = naive.cross_entropy(z / LONG(t), y)
    grad = (naive.softmax(z / LONG(t)) * y.sum(axis=-1, keepdims=True) - y) / LONG(t)
    if reduction == "mean":
        grad = grad / row.sum()
        losses = losses.sum() / row.sum()
    elif reduction == "sum":
        losses = losses.sum()
    return (losses, np.moveaxis(grad, -1, axis)) if want_grad else losses


def linear(x, weight, bias, labels, reduction="mean", want_grad=False):
    losses = loss(x @ weight.T + bias, labels, reduction=reduction)
    gradients = naive.linear_gradients(x, weight, bias, one_hot(labels, len(weight)))
    divisor = len(x) if reduction == "mean" else 1
    return (losses, tuple(g / divisor for g in gradients)) if want_grad else losses


def over(f):
    """A formula along the last axis, along any."""
    return lambda *arrays, axis=-1: f(*(np.moveaxis(a, axis, -1) for a in arrays))


def in_base(f):
    return lambda *arrays, base=np.e, **options: f(*arrays, **options) / np.log(LONG(base))


def cooled(f):
    def at(z, axis=-1, temperature=1):
        return np.moveaxis(f(np.moveaxis(z, axis, -1) / LONG(temperature)), -1, axis)

    return at


AXES = [{}, {"axis": 0}, {"axis": np.int8(-1)}]
BASES = [{}, {"base": 2}, {"axis": 0, "base": 10}]
LOSS = [
    {},
    {"reduction": "none", "temperature": 2},
    {"label_smoothing": 0.25, "reduction": "sum"},
    {"class_weights": [1, 2, 3]},
    {"class_weights": [1, 0, 3], "label_smoothing": 0.5, "temperature": 0.5},
]
IGNORED = [{"ignore_index": 1}, {"ignore_index": np.uint8(2), "class_weights": [1, 2, 3]}]


def loss_and_grad(*args, **options):
    return loss(*args, want_grad=True, **options)


# name: (function, {argument: the numbers it holds}, oracle, options to try)
LOSSES = {"cross_entropy": loss, "cross_entropy_with_grad": loss_and_grad}
FUNCTIONS = {
    "softmax": (ce.softmax, {"z": Z}, cooled(naive.softmax), [*AXES, {"temperature": 2}]),
    "log_softmax": (ce.log_softmax, {"z": Z}, cooled(naive.log_softmax), AXES),
    "logsumexp": (ce.logsumexp, {"z": Z}, over(naive.logsumexp), AXES),
    "jacobian": (ce.softmax_jacobian, {"z": Z}, naive.jacobian, [{}]),
    "hessian": (ce.cross_entropy_hessian, {"z": Z}, naive.jacobian, [{}]),
    "surprisal": (ce.surprisal, {"p": P}, in_base(naive.surprisal), [{}, {"base": 2}]),
    "entropy": (ce.entropy, {"p": P}, in_base(over(naive.entropy)), BASES[:2]),
    "entropy of columns": (ce.entropy, {"p": P.T}, in_base(over(naive.entropy)), BASES[2:]),
    "kl": (ce.kl_divergence, {"p": P, "q": P[::-1]}, in_base(over(naive.kl_divergence)), BASES[:2]),
    "huffman": (
        ce.huffman_lengths,
        {"weights": np.array([5, 1, 2])},
        lambda w: LONG([1, 2, 2]),
        [{}],
    ),
    "from_probs": (
        ce.cross_entropy_from_probs,
        {"probs": P, "target": LABELS},
        lambda p, y, **o: loss(np.log(p), y, **o),
        [{}, {"reduction": "none"}],
    ),
    "from_probs, soft": (
        ce.cross_entropy_from_probs,
        {"probs": P.T, "target": P[::-1].T},
        lambda p, y, **o: loss(np.log(p), y, **o),
        [{"axis": 0}, {"axis": 0, "reduction": "sum"}],
    ),
    **{
        name: (getattr(ce, name), {"logits": Z, "target": LABELS}, oracle, LOSS + IGNORED)
        for name, oracle in LOSSES.items()
    },
    **{
        f"{name}, soft": (getattr(ce, name), {"logits": Z, "target": P}, oracle, LOSS)
        for name, oracle in LOSSES.items()
    },
    **{
        f"{name}, one-hot": (getattr(ce, name), {"logits": Z, "target": ONE_HOT}, oracle, LOSS)
        for name, oracle in LOSSES.items()
    },
    **{
        f"{name}, axis": (
            getattr(ce, name),
            {"logits": np.stack([Z, Z[::-1]]).transpose(0, 2, 1), "target": np.stack([LABELS] * 2)},
            oracle,
            [{"axis": 1, **options} for options in LOSS[:3]],
        )
        for name, oracle in LOSSES.items()
    },
    **{
        f"{name}, weighted": (
            lambda w, name=name: getattr(ce, name)(Z, LABELS, class_weights=w),
            {"class_weights": WEIGHTS},
            lambda w, f=oracle: f(Z.astype(LONG), LABELS, class_weights=w),
            [{}],
        )
        for name, oracle in LOSSES.items()
    },
    **{
        name: (
            getattr(ce, name),
            {"x": X, "weight": MATRIX, "bias": BIAS, "labels": LABELS % 2},
            lambda *arrays, n=name, **o: linear(*arrays, want_grad=n.endswith("grad"), **o),
            [{}, {"reduction": "none"}],
        )
        for name in ("linear_cross_entropy", "linear_cross_entropy_with_grad")
    },
    "check_gradient": (
        lambda grad, x: ce.check_gradient(lambda v: (v**2).sum() / 2, grad, x) < 1e-8,
        {"grad": Z, "x": Z},
        lambda grad, x: LONG(1),
        [{}],
    ),
}


def summed_up(p, labels, n_bins=15):
    """Count, mean belief and share right of each bin, in which some rows are."""
    right = (p.argmax(axis=1) == labels).astype(LONG)
    bins = np.maximum(np.ceil(p.max(axis=1) * int(n_bins)).astype(int) - 1, 0)
    own = [bins == b for b in range(int(n_bins))]
    sums = [np.array([a[b].sum() for b in own]) for a in (right**0, p.max(axis=1), right)]
    return sums[0], sums[1] / np.maximum(sums[0], 1), sums[2] / np.maximum(sums[0], 1)


def ece(p, labels, n_bins=15):
    counts, belief, right = summed_up(p, labels, n_bins)
    return (counts * abs(belief - right)).sum() / len(p)


def squared(p, labels, n_bins=15):
    d = p.max(axis=1) - (p.argmax(axis=1) == labels)
    bins = np.ceil(p.max(axis=1) * int(n_bins))
    pairs = (np.outer(d, d) - np.diag(d * d)) * (bins[:, None] == bins)
    return (pairs.sum(axis=1) / np.maximum((bins[:, None] == bins).sum(axis=1) - 1, 1)).mean()


def brier(p, labels, reduction="mean"):
    losses = ((p - one_hot(labels, p.shape[-1])) ** 2).sum(axis=-1)
    return {"none": losses, "sum": losses.sum(), "mean": losses.mean()}[reduction]


def temperature(z, labels):
    """By halving."""
    low, high, own = LONG(0), LONG(64), z[np.arange(len(z)), labels]
    for _ in range(80):
        beta = (low + high) / 2
        rising = ((naive.softmax(beta * z) * z).sum(axis=1) - own).mean() > 0
        low, high = (low, beta) if rising else (beta, high)
    return 1 / beta


def in_groups(apart, left):
    """Of SHARED and LABELS: the first three rows have one of each label, the last the dog."""
    a, b = LONG([1, 1, 1]) / 3, LONG([0, 1, 0])
    return lambda p, labels: (
        (3 * apart(a, p[0]) + apart(b, p[3])) / 4,
        (3 * left(a) + left(b)) / 4,
    )


def entropy(a):
    return -(a * np.log(np.where(a > 0, a, 1))).sum()


def divergence(a, p):
    return -(a * np.log(p)).sum() - entropy(a)


ROWS = {"probs": P, "labels": LABELS}
SHARED = np.array([[2, 4, 2], [2, 4, 2], [2, 4, 2], [4, 2, 2]]) / 8  # one forecast for three rows
FUNCTIONS |= {
    "fit_temperature": (ce.fit_temperature, {"logits": Z, "labels": LABELS}, temperature, [{}]),
    "reliability": (ce.reliability, ROWS, summed_up, [{"n_bins": 1}, {"n_bins": np.int8(2)}]),
    "ece": (ce.expected_calibration_error, ROWS, ece, [{}, {"n_bins": 2}]),
    "squared": (ce.squared_calibration_error, ROWS, squared, [{}, {"n_bins": np.uint8(2)}]),
    "brier": (ce.brier_score, ROWS, brier, [{}, {"reduction": "none"}, {"reduction": "sum"}]),
    "brier parts": (
        ce.brier_decomposition,
        {"probs": SHARED, "labels": LABELS},
        in_groups(lambda a, p: ((a - p) ** 2).sum(), lambda a: 1 - a @ a),
        [{}],
    ),
    "loss parts": (
        ce.cross_entropy_decomposition,
        {"probs": SHARED, "labels": LABELS},
        in_groups(divergence, entropy),
        [{}],
    ),
}


def shifted(z, source, target):
    return z + np.log(target) - np.log(source)


def focal(z, labels, gamma=2, class_weights=(1, 1, 1), reduction="mean"):
    p, y = naive.softmax(z), one_hot(labels, z.shape[-1])
    own, w = (p * y).sum(axis=-1), LONG(class_weights)[labels]
    losses = -w * (1 - own) ** gamma * np.log(own)
    factor = w * ((1 - own) ** gamma - gamma * own * (1 - own) ** (gamma - 1) * np.log(own))
    return reduced(losses, factor[..., None] * (p - y), reduction)


def forward(z, labels, noise, reduction="mean"):
    p = naive.softmax(z)
    joint = p * noise.T[labels]
    told = joint / joint.sum(axis=-1, keepdims=True)
    return reduced(-np.log(joint.sum(axis=-1)), p - told, reduction)


def reduced(losses, grad, reduction):
    whole = {"none": losses, "sum": losses.sum(), "mean": losses.mean()}[reduction]
    return whole, grad / len(losses) if reduction == "mean" else grad


FOCAL = [{}, {"gamma": 0.5, "reduction": "sum"}, {"gamma": np.int8(0), "class_weights": [1, 2, 3]}]
NOISE = np.array([[6, 1, 1], [2, 4, 2], [1, 1, 6]]) / 8
GIVEN = {"logits": Z, "labels": LABELS}
WITH_NOISE = {**GIVEN, "noise": NOISE}
FUNCTIONS |= {
    "shift_priors": (
        ce.shift_priors,
        {"logits": Z, "source": P[0], "target": P[1]},
        shifted,
        [{}],
    ),
    "focal": (ce.focal_loss, GIVEN, lambda *a, **o: focal(*a, **o)[0], FOCAL),
    "focal, gradient": (ce.focal_loss_with_grad, GIVEN, focal, [*FOCAL, {"reduction": "none"}]),
    "forward": (
        ce.forward_cross_entropy,
        WITH_NOISE,
        lambda *a, **o: forward(*a, **o)[0],
        [{}, {"reduction": "none"}],
    ),
    "forward, gradient": (
        ce.forward_cross_entropy_with_grad,
        WITH_NOISE,
        forward,
        [{}, {"reduction": "sum"}],
    ),
}


def perplexity(losses, counts):
    return np.exp((losses * counts).sum() / counts.sum())


def bits_per_byte(losses, n_bytes, counts):
    return (losses * counts).sum() / (n_bytes * np.log(LONG(2)))


def shifted_labels(tokens, lengths, documents):
    labels = np.concatenate([tokens[:, 1:], np.full((2, 1), -100)], axis=1)
    other = np.concatenate([documents[:, 1:] != documents[:, :-1], np.ones((2, 1), bool)], axis=1)
    return np.where(other | (np.arange(1, 5) >= lengths[:, None]), -100, labels)


def level(z, coefficient=1e-4, reduction="mean"):
    sums, c = naive.logsumexp(z), LONG(coefficient)
    return reduced(c * sums**2, 2 * c * sums[:, None] * naive.softmax(z), reduction)


def accepted(target, draft):
    extra = np.maximum(target - draft, 0)
    return np.minimum(target / draft, 1), extra / extra.sum(axis=-1, keepdims=True)


def part(z, labels, start=1):
    own = labels - start
    here = (own >= 0) & (own < 3)
    label = np.where(here, z[np.arange(4), np.where(here, own, 0)], -np.inf)
    return z.max(axis=1), np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1), label


def merged(top, total, own):
    return np.log((total * np.exp(top)).sum(axis=0)) - own.max(axis=0)


MEANS, COUNTS = np.array([1, 2, 3]), np.array([4, 1, 3])
TOKENS, IN_TEXT = np.array([[3, 1, 2, 2], [2, 5, 4, 1]]), np.array([[0, 0, 0, 0], [1, 1, 2, 2]])
FUNCTIONS |= {
    "perplexity": (ce.perplexity, {"losses": MEANS, "counts": COUNTS}, perplexity, [{}]),
    "bits per byte": (
        lambda losses, counts, **o: ce.bits_per_byte(losses, 5, counts, **o),
        {"losses": MEANS, "counts": COUNTS},
        lambda losses, counts: bits_per_byte(losses, 5, counts),
        [{}],
    ),
    "next token": (
        lambda tokens, lengths, documents: ce.next_token_labels(
            tokens, lengths=lengths, documents=documents
        ),
        {"tokens": TOKENS, "lengths": np.array([3, 4]), "documents": IN_TEXT},
        shifted_labels,
        [{}],
    ),
    "z loss": (
        ce.z_loss,
        {"logits": Z},
        lambda *a, **o: level(*a, **o)[0],
        [{}, {"coefficient": 0.5, "reduction": "sum"}],
    ),
    "z loss, gradient": (
        ce.z_loss_with_grad,
        {"logits": Z},
        level,
        [{"coefficient": np.int8(1)}, {"reduction": "none"}],
    ),
    "soft cap": (
        ce.logit_softcap,
        {"logits": Z},
        lambda z, cap: cap * np.tanh(z / cap),
        [{"cap": 4}],
    ),
    "top k": (
        ce.keep_top_k,
        {"logits": X},
        lambda z, k: np.where(z >= np.sort(z)[:, [-k]], z, -np.inf),
        [{"k": 1}, {"k": np.int8(2)}],
    ),
    "min p": (
        ce.keep_min_p,
        {"logits": X},
        lambda z, p: np.where(z - z.max(axis=1, keepdims=True) >= np.log(LONG(p)), z, -np.inf),
        [{"p": 0.1}],
    ),
    "top p": (
        ce.keep_top_p,
        {"logits": X},
        lambda z, p: np.where(z >= z.max(axis=1, keepdims=True), z, -np.inf),
        [{"p": 0.6}],
    ),
    "speculative": (
        ce.speculative_acceptance,
        {"target": P, "draft": P[::-1].copy()},
        accepted,
        [{}],
    ),
    "part of a vocabulary": (ce.vocabulary_part, GIVEN, part, [{"start": 1}]),
    "merged parts": (
        ce.merge_parts,
        {"top": Z, "total": X, "own": Z},
        merged,
        [{}],
    ),
}


class Sub(np.ndarray):
    """A subclass of NumPy's array, with a sum of its own."""

    def sum(self, *args, **kwargs):
        """Fail."""
        raise AssertionError("a subclass's own methods are not asked")


class Other:
    """What another library's array is to NumPy."""

    def __init__(self, array):
        """Hold it."""
        self.array = array

    def __array__(self, dtype=None, copy=None):
        """Hand it out."""
        return np.asarray(self.array, dtype)


def frozen(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def on_disk(array, folder):
    array.tofile(folder / "numbers")
    return np.memmap(folder / "numbers", array.dtype, "r", shape=array.shape)


def apart(array):
    """Every second number of an array twice as wide."""
    return np.repeat(array, 2, axis=-1)[..., ::2]


def backwards(array):
    return np.ascontiguousarray(array[..., ::-1])[..., ::-1]


FLOATS = ["f2", "f4", "f8", ">f2", ">f4", ">f8"]
INTEGERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", ">i2", ">i4", ">u4", ">i8", ">u8"]
LAYOUTS = {
    "Fortran": np.asfortranarray,
    "apart": apart,
    "backwards": backwards,
    "upside down": lambda a: np.ascontiguousarray(a[::-1])[::-1],
    "read-only": frozen,
    "subclass": lambda a: a.view(Sub),
    "no mask": lambda a: np.ma.masked_array(a),
    "nothing masked": lambda a: np.ma.masked_array(a, np.zeros(a.shape, bool)),
    "list": lambda a: a.tolist(),
    "numbers in lists": lambda a: [list(row) if np.ndim(row) else row for row in a],
    "another library's": Other,
    "with a field": lambda a: a.astype(np.dtype((a.dtype.type, [("field", a.dtype)]))),
    "memory view": lambda a: memoryview(np.ascontiguousarray(a)),
}
DTYPES = [*FLOATS, "?", *INTEGERS]
INTEGRAL = ("labels", "lengths")
MAY_BE_NONE = ("bias", "class_weights", "counts", "lengths", "documents")
KINDS = [*DTYPES, *LAYOUTS, "on disk", "float32 apart", "float16 Fortran"]
REFUSED = {
    "masked": lambda a: np.ma.masked_array(a, np.arange(a.size).reshape(a.shape) == 1),
    "objects": lambda a: a.astype(object),
    "fractions": lambda a: np.vectorize(Fraction, otypes=[object])(a),
    "structured": lambda a: np.rec.fromarrays([a, a], names="a,b"),
    "masked structure": lambda a: np.ma.masked_array(np.rec.fromarrays([a, a], names="a,b")),
    "complex": lambda a: a + 0j,
    "text": lambda a: a.astype(str),
    "times": lambda a: a.astype("m8[s]"),
    "ragged": lambda a: [[1.0], [2.0, 3.0]],
    "none": lambda a: None,
    "nothing": lambda a: {},
    "too large": lambda a: [10**400] * a.size,
    "broken": lambda a: Broken(),
}
if LONG(1).itemsize > 8:  # elsewhere it is float64 by another name
    REFUSED["long double"] = lambda a: a.astype(LONG)


class Broken:
    """Such as a tensor on a graphics card."""

    def __array__(self, dtype=None, copy=None):
        """Fail as such a tensor does."""
        raise RuntimeError("it is elsewhere")


def hold(kind, array, folder):
    """The array in another form."""
    if kind == "on disk":
        return on_disk(array, folder)
    if kind.startswith("float"):
        dtype, kind = kind.split()
        array = array.astype(dtype)
    return LAYOUTS[kind](array) if kind in LAYOUTS else array.astype(kind)


def parts(answer):
    """Every number and array in an answer."""
    if isinstance(answer, tuple):
        return [part for item in answer for part in parts(item)]
    return [] if answer is None else [answer]


def expected_dtype(given):
    """The widest float of the arguments, integers being float64; a loss's target does not count."""
    others = ("labels",) if "draft" in given else ("target", "labels")
    kinds = [np.asarray(a).dtype for name, a in given.items() if name not in others]
    kinds = [d.newbyteorder("=") if d.kind == "f" else np.dtype("f8") for d in kinds]
    return np.result_type(*kinds)


def close(found, truth, ulps=8):
    """Of one shape, and within some ulps of each number, or of 1 where the oracle cancels."""
    found = np.asarray(found)
    if found.shape != np.shape(truth):
        return False
    eps = np.finfo(found.dtype if found.dtype.kind == "f" else np.float64).eps
    with np.errstate(invalid="ignore"):  # -inf is -inf
        error = np.where(found == truth, 0, np.abs(found.astype(LONG) - truth))
    truth = np.where(np.isfinite(truth), truth, 0)
    return np.all(error <= ulps * eps * np.maximum(np.abs(truth), 1))


CASES = [
    pytest.param(name, argument, id=f"{name}-{argument}")
    for name, (_, arguments, _, _) in FUNCTIONS.items()
    for argument in arguments
]


def exact(name, array):
    """An argument as the oracle takes it."""
    return array if name in ("target", "labels") else array.astype(LONG)


def holdable(name, argument):
    """The kinds of array that can hold an argument's numbers; labels are integers."""
    numbers = FUNCTIONS[name][1][argument]
    labels = numbers is LABELS or argument in INTEGRAL or numbers.shape == (2, 4)
    for kind in KINDS:
        if labels and (kind in FLOATS or kind.startswith(("float", "?"))):
            continue
        dtype = kind if kind in DTYPES else numbers.dtype
        if np.array_equal(numbers.astype(dtype), numbers):
            yield kind


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_each_kind_of_array_holds_the_same_numbers(name, argument, tmp_path):
    function, given, oracle, choices = FUNCTIONS[name]
    kinds = list(holdable(name, argument))
    assert len(kinds) > 15
    for kind, options in product(kinds, choices):
        held = hold(kind, given[argument], tmp_path)
        arguments, before = {**given, argument: held}, np.array(held, copy=True)
        answer = function(*arguments.values(), **options)
        truth = oracle(*(exact(key, array) for key, array in given.items()), **options)
        for found, true in zip(parts(answer), parts(truth), strict=True):
            where = f"{argument} as {kind}, {options}: {found!r}, not {true!r}"
            assert isinstance(found, np.generic | bool | int) or type(found) is np.ndarray, where
            wider = "weighted" in name or name == "part of a vocabulary"  # its sums have no room
            if np.asarray(found).dtype.kind == "f" and not wider:
                assert found.dtype == expected_dtype(arguments), where
            assert close(found, true), where
        assert np.array_equal(np.asarray(held), before), f"{kind} was changed"


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_what_holds_no_numbers_is_refused_by_name(name, argument):
    function, given, _, choices = FUNCTIONS[name]
    for kind, make in REFUSED.items():
        if argument in MAY_BE_NONE and kind == "none":
            continue  # it means that there are none
        arguments = {**given, argument: make(given[argument].astype(float))}
        message = ""
        try:
            function(*arguments.values(), **choices[0])
        except (TypeError, ValueError) as error:
            message = str(error)
        assert re.search(rf"\b{argument}\b", message), f"{argument}, {kind}: {message!r}"


@pytest.mark.parametrize("labels", [LABELS * 1.0, LABELS > 0, LABELS.astype(object)])
@pytest.mark.parametrize("name", ["cross_entropy", "cross_entropy_with_grad", "from_probs"])
def test_labels_are_integers(name, labels):
    function, given, _, _ = FUNCTIONS[name]
    with pytest.raises(TypeError, match=f"target must hold integer labels, got .* {labels.dtype}"):
        function(next(iter(given.values())), labels)


ALONG = {
    "softmax": lambda **o: ce.softmax(Z, **o),
    "log_softmax": lambda **o: ce.log_softmax(Z, **o),
    "logsumexp": lambda **o: ce.logsumexp(Z, **o),
    "entropy": lambda **o: ce.entropy(P, **o),
    "kl_divergence": lambda **o: ce.kl_divergence(P, P, **o),
    "cross_entropy": lambda **o: ce.cross_entropy(Z, P, **o),
    "cross_entropy_with_grad": lambda **o: ce.cross_entropy_with_grad(Z, P, **o),
    "cross_entropy_from_probs": lambda **o: ce.cross_entropy_from_probs(P, LABELS, **o),
}


@pytest.mark.parametrize("name", ALONG)
def test_an_axis_is_one_integer(name):
    for axis in ((0, 1), 1.0, None, "1", True, np.array([0, 1]), np.float32(1)):
        with pytest.raises(TypeError, match="axis must be an integer, got "):
            ALONG[name](axis=axis)
    for axis in (2, -3, np.int64(7), 2**70):
        with pytest.raises(ValueError, match=f"on axis {axis}, got shape"):
            ALONG[name](axis=axis)
    for axis in (1, -1, np.int8(1), np.uint64(1), np.array(1)):
        repeated = [np.asarray(part) for part in parts(ALONG[name](axis=axis))]
        for one, other in zip(repeated, parts(ALONG[name]()), strict=True):
            np.testing.assert_array_equal(one, other)


def test_the_types_admit_every_kind_of_number_that_is_taken(tmp_path):
    """A caller who checks types may pass NumPy's numbers, too; text is refused."""
    (tmp_path / "caller.py").write_text(
        """\
import numpy as np
import ce_lib as ce

z, y = np.zeros((2, 3)), np.zeros(2, np.int64)
for f in (ce.cross_entropy, ce.cross_entropy_with_grad):
    f(z, y, axis=np.int8(1), ignore_index=np.uint8(2), temperature=np.float32(2))
    f(z, y, label_smoothing=np.float16(0), temperature=np.int64(1))
ce.softmax(z, axis=np.int8(1), temperature=np.float32(2))
ce.log_softmax(z, axis=np.int8(1), temperature=2)
ce.logsumexp(z, axis=np.int8(1))
p = np.ones(1)
ce.entropy(p, axis=np.int8(0), base=np.float32(2))
ce.kl_divergence(p, p, axis=np.int8(0), base=np.int8(2))
ce.surprisal(p, base=np.float64(2))
ce.cross_entropy_from_probs(p, 0, axis=np.int8(0))
ce.softmax(z, axis="1")  # type: ignore[arg-type]
ce.softmax(z, temperature="1")  # type: ignore[arg-type]
"""
    )
    command = [sys.executable, "-m", "mypy", "--strict", "caller.py"]
    done = subprocess.run(
        [*command, "--follow-imports=silent", f"--cache-dir={tmp_path}"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(Path(ce.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


SHAPES = {(0, 3): (0,), (2, 0, 3): (2, 0), (3,): (), (1, 3): (1,), (2, 1, 3): (2, 1), (2, 1): (2,)}
REFUSED_SHAPES = [(), (0,), (3, 0), (0, 0)]


@pytest.mark.parametrize("soft", [False, True])
def test_every_shape_has_an_answer_or_is_refused(soft):
    """Rows may be missing; classes may not."""
    for shape, lead in SHAPES.items():
        z, p = np.zeros(shape), np.full(shape, 1 / shape[-1])
        target = p if soft else np.zeros(lead, int)
        for answer in (ce.softmax(z), ce.log_softmax(z), ce.cross_entropy_with_grad(z, target)[1]):
            assert answer.shape == shape
        losses = ce.cross_entropy_with_grad(z, target, reduction="none", label_smoothing=0.5)[0]
        for answer in (ce.logsumexp(z), ce.entropy(p), ce.kl_divergence(p, p), losses):
            assert np.shape(answer) == lead
        probs = ce.cross_entropy_from_probs(p, target, reduction="none")
        assert np.shape(probs) == np.shape(ce.cross_entropy(z, target, reduction="none")) == lead
        assert ce.softmax_jacobian(z).shape == (*shape, shape[-1])
        weight, x = np.zeros((shape[-1], 2)), np.zeros((*lead, 2))
        if not soft:
            answer = ce.linear_cross_entropy_with_grad(x, weight, None, target, reduction="none")
            assert [np.shape(part) for part in parts(answer)] == [lead, x.shape, weight.shape]
    for shape in REFUSED_SHAPES:
        z = np.zeros(shape)
        target = z if soft else np.zeros(shape[:-1], int)
        for f in (ce.softmax, ce.log_softmax, ce.logsumexp, ce.softmax_jacobian, ce.entropy):
            with pytest.raises(ValueError, match=r"^[zp] must have shape"):
                f(z)
        for f in (ce.cross_entropy, ce.cross_entropy_with_grad, ce.cross_entropy_from_probs):
            with pytest.raises(ValueError, match=r"^(logits|probs) must have shape"):
                f(z, target)


numbers = st.sampled_from(
    ["f8", "f4", "f8", "f4", "f2", ">f2", ">f4", ">f8", "i1", ">i4", "u2", "?"]
)
rarely = st.sampled_from([False, False, True])
steps = st.sampled_from([slice(None), slice(None, None, -1), slice(None, None, 2)])


@settings(derandomize=True, deadline=None, max_examples=300, database=None)
@given(st.data(), numbers, nps.array_shapes(min_dims=1, max_dims=4, max_side=5))
def test_a_drawn_array_costs_what_the_formula_says(data, dtype, shape):
    """Any dtype, number of axes, strides, class axis, target, weights, reduction and block size."""
    values = st.integers(0, 1) if dtype == "?" else st.integers(0 if dtype == "u2" else -9, 9)
    z = data.draw(nps.arrays(int, shape, elements=values)).astype(dtype)
    z = z[tuple(data.draw(steps) for _ in shape)]
    z = z.transpose(data.draw(st.permutations(range(z.ndim))))
    axis = data.draw(st.integers(-z.ndim, z.ndim - 1))
    k, lead = z.shape[axis], tuple(np.delete(z.shape, axis).tolist())
    if data.draw(st.booleans()):
        target = data.draw(nps.arrays(np.int8, lead, elements=st.integers(0, k - 1)))
    else:
        counts = data.draw(nps.arrays(np.int64, z.shape, elements=st.integers(0, 5)))
        counts = counts + (counts.sum(axis=axis, keepdims=True) == 0)
        target = counts / counts.sum(axis=axis, keepdims=True)
    options = {"reduction": data.draw(st.sampled_from(["none", "sum", "mean"]))}
    weights = nps.arrays(float, k, elements=st.sampled_from([0.5, 1, 3]))
    others = {"label_smoothing": st.just(0.5), "temperature": st.just(2), "class_weights": weights}
    options |= {name: data.draw(some) for name, some in others.items() if data.draw(rarely)}
    sizes = {name: getattr(loss_module, name) for name in ("BLOCK", "ONE_BLOCK", "SMALL", "PART")}
    small = [
        {"BLOCK": 8, "ONE_BLOCK": 0, "SMALL": 0},
        {"BLOCK": 64, "ONE_BLOCK": 0, "SMALL": 0, "PART": 2},
    ]
    sizes |= data.draw(st.sampled_from([{}, *small]))
    with pytest.MonkeyPatch.context() as patch:
        for name, size in sizes.items():
            patch.setattr(loss_module, name, size)
        found, grad = ce.cross_entropy_with_grad(z, target, axis=axis, **options)
        assert close(ce.cross_entropy(z, target, axis=axis, **options), found)
    true, true_grad = loss_and_grad(z.astype(LONG), target, axis=axis, **options)
    assert close(found, true, 64)
    assert close(grad, true_grad, 64)
    assert (
        found.dtype == grad.dtype == (z.dtype.newbyteorder("=") if z.dtype.kind == "f" else float)
    )
