"""Skewed data and wrong labels: minima where the formulas say, gradients, limits."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import ce_lib as ce

quick = settings(derandomize=True, deadline=None, max_examples=60, database=None)
scores = arrays(np.float64, (4, 3), elements=st.floats(-30, 30))
LABELS = np.array([0, 1, 2, 1])
NOISE = np.array([[0.8, 0.1, 0.1], [0.25, 0.5, 0.25], [0.0, 0.1, 0.9]])


@quick
@given(scores, st.integers(0, 10**6))
def test_new_shares_multiply_the_odds_and_can_be_taken_back(z, seed):
    source, target = np.random.default_rng(seed).dirichlet([2, 2, 2], size=2)
    moved = ce.shift_priors(z, source, target)
    wanted = ce.softmax(z) * target / source
    np.testing.assert_allclose(
        ce.softmax(moved), wanted / wanted.sum(axis=1, keepdims=True), rtol=1e-12
    )
    np.testing.assert_allclose(ce.shift_priors(moved, target, source), z, rtol=1e-12, atol=1e-12)


def test_a_class_that_no_longer_occurs_is_masked():
    moved = ce.shift_priors([1.0, 2.0, 3.0], [0.25, 0.25, 0.5], [0.5, 0.5, 0.0])
    assert moved[2] == -np.inf
    np.testing.assert_allclose(ce.softmax(moved), ce.softmax([1.0, 2.0, -np.inf]), rtol=1e-14)


@quick
@given(scores, st.sampled_from([0, 0.25, 1, 2, 5]))
def test_the_focal_loss_is_its_formula_to_50_digits(z, gamma):
    losses, grads = ce.focal_loss_with_grad(z, LABELS, gamma=gamma, reduction="none")
    with mpmath.workdps(50):
        for row, label, loss, grad in zip(z.tolist(), LABELS, losses, grads, strict=True):
            e = [mpmath.exp(v) for v in row]
            p = e[label] / mpmath.fsum(e)
            rest = mpmath.fsum(v for k, v in enumerate(e) if k != label) / mpmath.fsum(e)
            true = -(rest**gamma) * mpmath.log(p)
            assert abs(loss - true) <= 1e-12 * true
            factor = rest**gamma - gamma * p * rest ** (gamma - 1) * mpmath.log(p)
            assert abs(grad[label] + factor * rest) <= 1e-11 * factor * rest


def test_without_focus_it_is_cross_entropy_and_a_sure_label_has_no_slope():
    z = np.array([[2.0, 1.0, 0.1], [800.0, 0.0, 0.0], [-800.0, 0.0, 0.0]])
    labels = [0, 0, 0]
    for found, plain in zip(
        ce.focal_loss_with_grad(z, labels, gamma=0),
        ce.cross_entropy_with_grad(z, labels),
        strict=True,
    ):
        np.testing.assert_allclose(found, plain, rtol=1e-13)
    losses, grads = ce.focal_loss_with_grad(z, labels, gamma=0.5, reduction="none")
    assert losses[1] == 0
    assert not grads[1].any()
    assert losses[2] > 800
    assert np.all(np.isfinite(grads))
    masked = [[-np.inf, 0.0]]
    assert ce.focal_loss(masked, [0]) == np.inf
    assert ce.focal_loss(masked, [0], class_weights=[0, 1], reduction="sum") == 0
    assert ce.focal_loss(np.zeros((0, 2)), np.zeros(0, int), reduction="sum") == 0


@pytest.mark.parametrize("function", [ce.focal_loss_with_grad, ce.forward_cross_entropy_with_grad])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_the_gradients_are_those_of_the_losses(function, reduction):
    z = 2 * np.random.default_rng(0).normal(size=(4, 3))
    given = () if function is ce.focal_loss_with_grad else (NOISE,)
    grad = function(z, LABELS, *given, reduction=reduction)[1]

    def loss(at):
        return function(at, LABELS, *given, reduction=reduction)[0]

    assert ce.check_gradient(loss, grad, z) < 1e-7


@pytest.mark.parametrize("gamma", [0.5, 2, 5])
def test_at_the_minimum_of_the_focal_loss_the_truth_is_q_over_m(gamma):
    """The gradient of the expected loss is 0 there, for several classes."""
    q = np.array([0.6, 0.3, 0.1])
    m = (1 - q) ** gamma - gamma * q * (1 - q) ** (gamma - 1) * np.log(q)
    for w in (np.ones(3), np.array([1, 3, 0.5])):
        truth = q / (w * m) / (q / (w * m)).sum()
        grads = [
            ce.focal_loss_with_grad(
                np.log(q), label, gamma=gamma, class_weights=w, reduction="sum"
            )[1]
            for label in range(3)
        ]
        assert np.abs(truth @ grads).max() < 1e-15


@pytest.mark.parametrize("gamma", [0.25, 0.5, 1, 2, 5])
def test_the_focal_loss_states_less_than_the_truth_from_a_half_on_and_can_state_more(gamma):
    def m(p):
        return (1 - p) ** gamma - gamma * p * (1 - p) ** (gamma - 1) * np.log(p)

    rest = np.linspace(1e-6, 0.5, 5001)
    for top in np.linspace(0.5, 0.999, 50):
        assert m(top) < m(rest[rest <= 1 - top + 1e-12]).min() + 1e-9
    q = np.array([0.15, *[0.85 / 49] * 49])  # no favourite, many classes: the other way round
    if gamma in (1, 2):
        assert (q / m(q) / (q / m(q)).sum())[0] < q[0]


@quick
@given(scores)
def test_the_forward_correction_is_the_cross_entropy_of_the_labels_as_written(z):
    p = ce.softmax(z) @ NOISE
    found = ce.forward_cross_entropy(z, LABELS, NOISE, reduction="none")
    np.testing.assert_allclose(found, -np.log(p[np.arange(4), LABELS]), rtol=1e-9, atol=1e-12)
    none, plain = ce.forward_cross_entropy(z, LABELS, np.eye(3)), ce.cross_entropy(z, LABELS)
    np.testing.assert_allclose(none, plain, rtol=1e-12, atol=1e-15)


def test_at_the_true_probabilities_the_expected_forward_gradient_is_zero():
    truth = np.array([0.5, 0.3, 0.2])
    written = truth @ NOISE
    grads = [
        ce.forward_cross_entropy_with_grad(np.log(truth), label, NOISE, reduction="sum")[1]
        for label in range(3)
    ]
    assert np.abs(written @ grads).max() < 1e-16


def test_a_forward_gradient_sums_to_0_where_the_model_is_almost_certain():
    _, forward = ce.forward_cross_entropy_with_grad([40.0, 0.0], 0, np.eye(2))
    _, plain = ce.cross_entropy_with_grad([40.0, 0.0], 0)
    np.testing.assert_allclose(forward, plain, rtol=1e-14)


def test_a_label_that_no_class_can_have_costs_without_end():
    loss, grad = ce.forward_cross_entropy_with_grad([1.0, 2.0], 1, [[1.0, 0.0], [1.0, 0.0]])
    assert loss == np.inf
    assert np.isnan(grad).all()
