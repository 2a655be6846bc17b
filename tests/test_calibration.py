"""Calibration: the estimators against their definitions, the temperature against 50 digits."""

from itertools import product

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import ce_lib as ce

quick = settings(derandomize=True, deadline=None, max_examples=60, database=None)
beliefs = st.one_of(st.floats(0.5, 1), st.sampled_from([0.5, 0.6, 2 / 3, 0.8, 0.9, 1.0]))


def binned(p, labels, n_bins):
    """Belief, whether right, for the rows of each bin, one row after the other."""
    rows = [[] for _ in range(n_bins)]
    for row, label in zip(p, labels, strict=True):
        inside = [b for b in range(n_bins) if b / n_bins < row.max() <= (b + 1) / n_bins]
        rows[min(inside[0] if inside else n_bins - 1, n_bins - 1)].append(
            (row.max(), float(row.argmax() == label))
        )
    return rows


@quick
@given(st.lists(st.tuples(beliefs, st.integers(0, 1)), min_size=1, max_size=40), st.integers(1, 20))
def test_bins_and_errors_are_what_their_formulas_say(rows, n_bins):
    p = np.array([[q, 1 - q] for q, _ in rows])
    labels = np.array([label for _, label in rows])
    bins = binned(p, labels, n_bins)
    counts, belief, right = ce.reliability(p, labels, n_bins=n_bins)
    assert counts.tolist() == [len(rows) for rows in bins]
    for b, inside in enumerate(bins):
        means = np.mean(inside, axis=0) if inside else [np.nan, np.nan]
        np.testing.assert_allclose([belief[b], right[b]], means, rtol=1e-13)
    ece = sum(abs(sum(q - r for q, r in inside)) for inside in bins) / len(rows)
    found = ce.expected_calibration_error(p, labels, n_bins=n_bins)
    np.testing.assert_allclose(found, ece, rtol=1e-12, atol=1e-15)
    square = 0.0
    for inside in bins:
        d = [q - r for q, r in inside]
        pairs = [a * b for i, a in enumerate(d) for j, b in enumerate(d) if i != j]
        square += len(d) * np.mean(pairs) if pairs else 0
    found = ce.squared_calibration_error(p, labels, n_bins=n_bins)
    np.testing.assert_allclose(found, square / len(rows), rtol=1e-10, atol=1e-14)


def test_a_belief_of_exactly_one_counts():
    """Wrong on every row, and sure of it: no calibration is worse."""
    p, labels = np.tile([1.0, 0.0], (5, 1)), np.ones(5, int)
    assert ce.expected_calibration_error(p, labels) == 1
    assert ce.squared_calibration_error(p, labels) == 1
    assert ce.reliability(p, labels)[0].tolist() == [0] * 14 + [5]


@pytest.mark.parametrize("chance", [0.5, 0.7, 0.95])
def test_the_squared_error_has_no_bias_and_the_ece_has(chance):
    """The expectation over all outcomes of five rows, each with its chance."""
    p = np.tile([0.7, 0.3], (5, 1))
    mean = np.zeros(2)
    for outcome in product([0, 1], repeat=5):
        weight = np.prod([1 - chance if label else chance for label in outcome])
        errors = ce.squared_calibration_error(p, outcome), ce.expected_calibration_error(p, outcome)
        mean += weight * np.array(errors)
    assert abs(mean[0] - (0.7 - chance) ** 2) < 1e-15
    assert mean[1] > abs(0.7 - chance) + 0.004


@quick
@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(1, 30))
def test_the_decompositions_add_up(seed, k, n):
    rng = np.random.default_rng(seed)
    forecasts = rng.dirichlet(np.ones(k), 3)
    p, labels = forecasts[rng.integers(3, size=n)], rng.integers(k, size=n)
    for score, parts in (
        (ce.brier_score, ce.brier_decomposition),
        (ce.cross_entropy_from_probs, ce.cross_entropy_decomposition),
    ):
        calibration, refinement = parts(p, labels)
        assert min(calibration, refinement) >= 0
        np.testing.assert_allclose(calibration + refinement, score(p, labels), rtol=1e-12)
        cooled = ce.softmax(np.log(p), temperature=2)  # the same groups
        np.testing.assert_allclose(parts(cooled, labels)[1], refinement, rtol=1e-12)
    shares = np.bincount(labels, minlength=k) / n  # said of all, they are calibrated
    for parts in (ce.brier_decomposition, ce.cross_entropy_decomposition):
        assert parts(np.tile(shares, (n, 1)), labels)[0] < 1e-12


def test_a_prediction_of_zero_costs_in_the_calibration():
    calibration, refinement = ce.cross_entropy_decomposition([[1.0, 0.0]] * 2, [0, 1])
    assert (calibration, refinement) == (np.inf, np.log(2))
    assert ce.cross_entropy_decomposition([[1.0, 0.0]] * 2, [0, 0]) == (0, 0)


def slope(z, labels, beta):
    """Of the mean loss in beta = 1 / T, to 50 digits."""
    slopes = []
    for row, label in zip(z.tolist(), labels, strict=True):
        scores = [mpmath.mpf(v) for v in row if v != -np.inf]
        e = [mpmath.exp(beta * (v - max(scores))) for v in scores]
        slopes.append(mpmath.fdot(e, scores) / mpmath.fsum(e) - mpmath.mpf(row[label]))
    return mpmath.fsum(slopes) / len(slopes)


@quick
@given(
    arrays(np.float64, (8, 4), elements=st.floats(-20, 20)),
    arrays(np.int64, 8, elements=st.integers(0, 3)),
    st.sampled_from([1e-300, 1e-3, 1.0, 1e6, 1e300]),
)
def test_the_temperature_is_the_zero_of_the_slope_or_there_is_none(z, labels, scale):
    own = z[np.arange(8), labels]
    below, above = np.mean(own - z.mean(axis=1)), np.mean(z.max(axis=1) - own)
    if min(abs(below), 1) < 1e-9 or 0 < above < 1e-9:
        return
    if below < 0 or above == 0:
        what = "T grows" if below < 0 else "T goes to 0"
        with pytest.raises(ValueError, match=what):
            ce.fit_temperature(z * scale, labels)
        return
    found = ce.fit_temperature(z * scale, labels)
    with mpmath.workdps(50):
        beta = scale / mpmath.mpf(float(found))
        assert slope(z, labels, beta * (1 - mpmath.mpf(10) ** -7)) < 0
        assert slope(z, labels, beta * (1 + mpmath.mpf(10) ** -7)) > 0


def test_the_temperature_of_the_book_and_of_a_shifted_row():
    z = np.array([[4.0, 0.0], [0.0, 4.0], [4.0, 0.0], [4.0, 0.0]])
    labels = [0, 1, 0, 1]
    assert abs(ce.fit_temperature(z, labels) - 4 / np.log(3)) < 1e-14
    assert (
        abs(ce.fit_temperature(z + np.array([[1e3], [-5], [0], [7]]), labels) - 4 / np.log(3))
        < 1e-12
    )
    masked = np.concatenate([z, np.full((4, 2), -np.inf)], axis=1)
    assert abs(ce.fit_temperature(masked, labels) - 4 / np.log(3)) < 1e-14
    assert ce.fit_temperature(z.astype(np.float32), labels).dtype == np.float32
    assert ce.fit_temperature(z.reshape(2, 2, 2), np.reshape(labels, (2, 2))) == ce.fit_temperature(
        z, labels
    )


def test_newtons_steps_from_one_would_run_away_and_the_bracket_holds_them():
    """A narrow curvature: the first step overshoots by far."""
    z = np.array([[30.0, 0.0]] * 9 + [[0.0, 0.5]])
    found = ce.fit_temperature(z, [0] * 10)
    losses = [ce.cross_entropy(z / t, [0] * 10) for t in (found, found * 1.001, found / 1.001)]
    assert losses[0] == min(losses)


def test_a_fitted_temperature_never_raises_the_loss():
    rng = np.random.default_rng(0)
    for scale in (0.1, 1, 10):
        z = scale * rng.normal(size=(200, 5))
        labels = (z + rng.gumbel(size=z.shape)).argmax(axis=1)
        found = ce.fit_temperature(z, labels)
        assert ce.cross_entropy(z / found, labels) <= ce.cross_entropy(z, labels) + 1e-15
        assert 0.5 < found < 2 or scale == 0.1  # the labels are drawn at T = 1


def test_rounding_and_masks_mislead_no_temperature():
    """A slope of 0 is not taken for a small one; a mask of any depth is one."""
    with pytest.raises(ValueError, match="as T grows"):
        ce.fit_temperature(np.tile([0.1, 0.2, 0.4], (3, 1)), [0, 1, 2])
    rows = np.array([[1.0, 0, -np.inf], [0, 1, -np.inf], [1, 0, -np.inf], [1, 0, -np.inf]])
    wanted = ce.fit_temperature(rows, [0, 1, 1, 0])
    for mask in (-1e4, -1e30, -1e300, -1e308, np.finfo(float).min):
        masked = np.where(np.isinf(rows), mask, rows)
        assert abs(ce.fit_temperature(masked, [0, 1, 1, 0]) / wanted - 1) < 1e-14
