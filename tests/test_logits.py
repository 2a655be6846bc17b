"""Logits to probabilities and losses, held to 50 digits in every regime."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import ce_lib as ce

# Largest errors in ulp that the sample below may show; with T = 1.
LIMIT = 4
REGIMES = ["normal", "wide", "offset", "thousand", "dominant", "far", "ties"]
quick = settings(derandomize=True, deadline=None, max_examples=40, database=None)
rows = st.integers(1, 6).flatmap(
    lambda k: arrays(np.float64, k, elements=st.floats(-300, 300, allow_subnormal=False))
)


def sample(regime, dtype, k, n=12):
    rng = np.random.default_rng([REGIMES.index(regime), k, np.dtype(dtype).itemsize])
    z = rng.normal(size=(n, k))
    single = dtype == np.float32
    if regime == "wide":
        z *= 10
    elif regime == "offset":
        z += 1e4 if single else 1e8
    elif regime == "thousand":
        z = rng.uniform(-1000, 1000, (n, k))
    elif regime == "dominant":
        z[:, 0] += rng.uniform(10, 38, n)
    elif regime == "far":
        z[:, 0] += rng.uniform(41, 80 if single else 690, n)
    elif regime == "ties":
        z = 1 + 1e-6 * z
    return z.astype(dtype)


def exact(z, labels=None):
    """Of one row, to 50 digits: probabilities; the other classes' share and the loss by label."""
    with mpmath.workdps(50):
        top = mpmath.mpf(float(max(z)))
        e = [mpmath.exp(mpmath.mpf(float(v)) - top) for v in z]
        total = mpmath.fsum(e)
        labels = range(len(e)) if labels is None else labels
        rest = {i: mpmath.fsum(e[:i] + e[i + 1 :]) / total for i in labels}
        # log1p of the others over the label's own term: no cancellation to worry about
        loss = {i: mpmath.log1p(rest[i] * total / e[i]) if e[i] else mpmath.inf for i in labels}
        return [v / total for v in e], rest, loss


def ulps(value, truth):
    """The error in units of the last place; truths below the normal numbers do not count."""
    if abs(truth) < np.finfo(value.dtype).smallest_normal:
        return 0.0
    spacing = float(np.spacing(np.abs(value.dtype.type(float(truth)))))
    return float(abs(mpmath.mpf(float(value)) - truth) / mpmath.mpf(spacing))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("k", [1, 2, 3, 10])
@pytest.mark.parametrize("regime", REGIMES)
def test_loss_gradient_and_softmax_are_within_their_ulp_of_50_digits(regime, k, dtype):
    """The loss, its gradient, softmax and log_softmax are all held to the same limit."""
    worst = dict.fromkeys(["loss", "gradient", "softmax", "log_softmax"], 0.0)
    with mpmath.workdps(50):
        for z in sample(regime, dtype, k):
            own, rest, loss = exact(z)
            p, logs = ce.softmax(z), ce.log_softmax(z)
            for label in {0, k // 2, k - 1}:
                got, grad = ce.cross_entropy_with_grad(z, label)
                assert got == ce.cross_entropy(z, label)
                assert got.dtype == grad.dtype == p.dtype == logs.dtype == dtype
                worst["loss"] = max(worst["loss"], ulps(got, loss[label]))
                for i in range(k):
                    truth = -rest[i] if i == label else own[i]
                    worst["gradient"] = max(worst["gradient"], ulps(grad[i], truth))
            for i in range(k):
                worst["softmax"] = max(worst["softmax"], ulps(p[i], own[i]))
                worst["log_softmax"] = max(worst["log_softmax"], ulps(logs[i], -loss[i]))
    assert max(worst.values()) <= LIMIT, worst


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("regime", REGIMES)
def test_long_rows_are_within_their_ulp_too(regime, dtype):
    """K = 5,000: worked in blocks without a shift where safe, float32 in float32."""
    k = 5000
    for z in sample(regime, dtype, k, n=2):
        own, rest, loss = exact(z, (0, 1))
        for label in (0, 1):
            got, grad = ce.cross_entropy_with_grad(z, label)
            assert ulps(got, loss[label]) <= LIMIT
            assert ulps(grad[label], -rest[label]) <= LIMIT
            for i in range(2, k, 7):
                assert ulps(grad[i], own[i]) <= LIMIT + z.max() - z[i]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("regime", REGIMES)
def test_soft_targets_are_within_their_ulp_of_50_digits(regime, smoothing, dtype):
    """The gradient p - y cancels: it is held in ulp of the larger of the two."""
    k = 10
    for z, y in zip(sample(regime, dtype, k), ce.softmax(sample("normal", dtype, k)), strict=True):
        own, _, losses = exact(z)
        with mpmath.workdps(50):
            total = mpmath.fsum(mpmath.mpf(float(v)) for v in y)
            share = mpmath.mpf(smoothing) / k
            t = [(1 - mpmath.mpf(smoothing)) * mpmath.mpf(float(v)) + share for v in y]
            truth = mpmath.fsum(a * losses[i] for i, a in enumerate(t))
            got, grad = ce.cross_entropy_with_grad(z, y, label_smoothing=smoothing)
            assert ulps(got, truth) <= LIMIT
            weight = (1 - mpmath.mpf(smoothing)) * total + mpmath.mpf(smoothing)
            for g, p, target in zip(grad, own, t, strict=True):
                larger = dtype(float(max(weight * p, target)))
                error = abs(mpmath.mpf(float(g)) - (weight * p - target))
                assert error <= LIMIT * float(np.spacing(larger))


@pytest.mark.parametrize("z", [[0, -40], [5, -35]])
def test_a_sure_answer_keeps_its_small_loss(z):
    loss, grad = ce.cross_entropy_with_grad(z, 0)
    assert loss == 4.248354255291589e-18
    assert grad.tolist() == [-4.248354255291589e-18, 4.248354255291589e-18]


@pytest.mark.parametrize("regime", REGIMES)
def test_logsumexp_is_within_two_ulp_of_the_larger_of_answer_and_top(regime):
    for z in sample(regime, np.float64, 10):
        with mpmath.workdps(50):
            truth = mpmath.log(mpmath.fsum(mpmath.exp(mpmath.mpf(float(v))) for v in z))
            error = float(abs(mpmath.mpf(float(ce.logsumexp(z))) - truth))
        assert error <= 2 * np.spacing(max(abs(z.max()), float(abs(truth))))


@quick
@given(rows)
def test_softmax_is_a_distribution_that_keeps_order_and_ignores_shifts(z):
    p = ce.softmax(z)
    assert abs(p.sum() - 1) < 1e-14
    assert (np.diff(p[np.argsort(z, kind="stable")]) >= 0).all()
    assert np.allclose(ce.softmax(z + 3.0), p, rtol=1e-12, atol=1e-300)
    assert np.allclose(np.exp(ce.log_softmax(z)), p, rtol=1e-12, atol=1e-300)
    assert np.isclose(ce.logsumexp(z + 3.0), ce.logsumexp(z) + 3.0, atol=1e-12)


def test_masked_infinite_and_missing_logits_are_answered_as_documented():
    inf = np.inf
    assert ce.softmax([1.0, -inf, 1.0]).tolist() == [0.5, 0, 0.5]
    assert ce.log_softmax([1.0, -inf])[1] == -inf
    assert np.isnan(ce.softmax([-inf, -inf])).all()
    assert np.isnan(ce.softmax([inf, 0.0])[0])
    assert [ce.logsumexp(z) for z in ([-inf, -inf], [inf, 0], [-inf, 2])] == [-inf, inf, 2]
    assert np.isnan(ce.logsumexp([np.nan, 0]))
    assert ce.logsumexp([1e308, -1e308]) == 1e308


def test_axis_and_temperature_mean_what_they_say():
    z = np.random.default_rng(0).normal(size=(3, 4))
    assert np.array_equal(ce.softmax(z, axis=0), ce.softmax(z.T).T)
    assert np.array_equal(ce.logsumexp(z, axis=0), ce.logsumexp(z.T))
    assert np.allclose(ce.softmax(z, temperature=2.0), ce.softmax(z / 2), rtol=1e-14)
    assert np.allclose(ce.log_softmax(z, temperature=0.1), ce.log_softmax(z / 0.1), rtol=1e-13)


def test_the_example_of_the_book_has_its_three_probabilities():
    assert ce.softmax([2.0, 1.0, 0.1]).round(3).tolist() == [0.659, 0.242, 0.099]
