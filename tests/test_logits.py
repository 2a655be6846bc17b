"""Logits to probabilities and losses, held to 50 digits in every regime."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import ce_lib as ce
from benchmarks.oracle import REGIMES, exact, exact_soft, sample, ulps

# Largest errors in ulp that the sample below may show; with T = 1.
LIMIT = 4
quick = settings(derandomize=True, deadline=None, max_examples=40, database=None)
rows = st.integers(1, 6).flatmap(
    lambda k: arrays(np.float64, k, elements=st.floats(-300, 300, allow_subnormal=False))
)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("k", [1, 2, 3, 10, 5000])
@pytest.mark.parametrize("regime", REGIMES)
def test_loss_gradient_and_softmax_are_within_their_ulp_of_50_digits(regime, k, dtype):
    """A sample of what `make bench` sweeps; class 0 is the dominant one.

    Up to 10 classes every answer is held to the same limit. In long rows an entry of the
    gradient or of softmax may be off by |z - max| ulp more: one rounding of that difference.
    """
    short = k <= 10
    for z in sample(regime, dtype, k, 12 if short else 1):
        p, logs = ce.softmax(z), ce.log_softmax(z)
        assert k > 1 or p[0] == 1
        allowed = np.full(k, LIMIT) if short else LIMIT + z.max() - z
        for label in range(k) if short else (0, k - 1):
            loss, grad = exact(z, label)
            got, got_grad = ce.cross_entropy_with_grad(z, label)
            assert got == ce.cross_entropy(z, label)
            assert got.dtype == got_grad.dtype == p.dtype == logs.dtype == dtype
            assert ulps(got, loss) <= LIMIT
            assert ulps(-logs[label], loss) <= LIMIT
            assert (ulps(got_grad, grad) <= allowed).all()
            others = np.arange(k) != label
            truth = tuple(part[others] for part in grad)
            assert (ulps(p[others], truth) <= allowed[others]).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("regime", REGIMES)
def test_soft_targets_are_within_their_ulp_of_50_digits(regime, smoothing, dtype):
    """The gradient p - y cancels: it is held in ulp of the larger of the two."""
    targets = ce.softmax(sample("normal", dtype, 10, 12))
    for z, y in zip(sample(regime, dtype, 10, 12), targets, strict=True):
        loss, grad, larger = exact_soft(z, y, smoothing)
        got, got_grad = ce.cross_entropy_with_grad(z, y, label_smoothing=smoothing)
        assert ulps(got, loss) <= LIMIT
        assert (ulps(got_grad, grad, larger) <= LIMIT).all()


def test_the_measure_sees_one_unit_in_the_last_place_and_a_wrong_answer():
    """What the tests above stand on: a nudge of one ulp, a zero and a nan are all seen."""
    z = np.array([0.0, -40.0])
    loss, grad = exact(z, 0)
    right = np.float64(4.248354255291589e-18)
    assert ulps(right, loss) < 1
    assert 1 <= ulps(np.nextafter(right, 1) + np.spacing(right), loss) < 3
    assert ulps(np.float64(0), loss) > 1e15
    assert np.isinf(ulps(np.float64(np.nan), loss))
    assert (ulps(np.array([right, -right]), grad) > 1e15).all()


@pytest.mark.parametrize("z", [[0, -40], [5, -35]])
def test_a_sure_answer_keeps_its_small_loss(z):
    loss, grad = ce.cross_entropy_with_grad(z, 0)
    assert loss == 4.248354255291589e-18
    assert grad.tolist() == [-4.248354255291589e-18, 4.248354255291589e-18]


@pytest.mark.parametrize("regime", REGIMES)
def test_logsumexp_is_within_two_ulp_of_the_larger_of_answer_and_top(regime):
    for z in sample(regime, np.float64, 10, 12):
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


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("temperature", [1e-46, 2e-45, 1e-20, 0.1, 3.7, 1e30, 1e38])
def test_a_temperature_need_not_fit_the_dtype_of_the_logits(temperature, dtype):
    """Logits up to 6 temperatures apart, which cost 6 ulp; float32 ends within the list."""
    info = np.finfo(dtype)
    rows = np.array([[0.0, 0.0, 0.0], [3.0, 0.0, -3.0], [1.5, -1.0, 0.0]]) * temperature
    z = np.clip(rows, float(info.min), float(info.max)).astype(dtype)
    logs, p = (f(z, temperature=temperature) for f in (ce.log_softmax, ce.softmax))
    with mpmath.workdps(50):
        for row, found, probs in zip(z, logs, p, strict=True):
            s = [mpmath.mpf(float(v)) / mpmath.mpf(temperature) for v in row]
            total = mpmath.fsum(map(mpmath.exp, s))
            true = np.array([float(v - mpmath.log(total)) for v in s])
            np.testing.assert_allclose(found, true, rtol=8 * info.eps)
            np.testing.assert_allclose(probs, np.exp(true), rtol=8 * info.eps)
    assert logs.dtype == p.dtype == dtype


def test_the_example_of_the_book_has_its_three_probabilities():
    assert ce.softmax([2.0, 1.0, 0.1]).round(3).tolist() == [0.659, 0.242, 0.099]
