"""Language models: units, labels, guards, filters, drafts and a vocabulary in parts."""

import math
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import ce_lib as ce

quick = settings(derandomize=True, deadline=None, max_examples=60, database=None)
scores = arrays(np.float64, (4, 6), elements=st.floats(-30, 30))
seeds = st.integers(0, 10**6)


@quick
@given(seeds)
def test_means_of_batches_give_the_perplexity_of_their_tokens(seed):
    rng = np.random.default_rng(seed)
    losses = rng.exponential(2, 30)
    cuts = np.sort(rng.choice(np.arange(1, 30), 4, replace=False))
    batches = np.split(losses, cuts)
    means, counts = [b.mean() for b in batches], [len(b) for b in batches]
    np.testing.assert_allclose(ce.perplexity(means, counts), math.exp(losses.mean()), rtol=1e-12)
    bits = losses.sum() / math.log(2)
    np.testing.assert_allclose(ce.bits_per_byte(means, 17, counts), bits / 17, rtol=1e-12)
    np.testing.assert_allclose(ce.bits_per_byte(losses, 17), bits / 17, rtol=1e-12)


def test_perplexity_of_equal_choices_and_of_the_impossible():
    assert ce.perplexity([0.0]) == 1
    np.testing.assert_allclose(ce.perplexity(np.full(5, np.log(27))), 27)
    assert ce.perplexity([1.0, np.inf]) == np.inf
    assert ce.perplexity([1.0, np.inf], [1, 0]) == math.e


def test_each_position_is_labelled_with_the_next_token_of_its_text():
    """By a loop over positions, for every way of leaving some out."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        tokens = rng.integers(0, 4, (3, 7))
        lengths = rng.integers(0, 8, 3)
        documents = np.sort(rng.integers(0, 3, (3, 7)), axis=1)
        found = ce.next_token_labels(tokens, lengths=lengths, documents=documents, ignore_index=-1)
        for r in range(3):
            for i in range(7):
                there = i + 1 < lengths[r] and documents[r, i + 1] == documents[r, i]
                assert found[r, i] == (tokens[r, i + 1] if there else -1)


def test_an_end_token_keeps_its_label_where_its_number_also_fills_up():
    found = ce.next_token_labels([[5, 8, 2, 2, 2]], lengths=[3])
    assert found.tolist() == [[8, 2, -100, -100, -100]]
    z = np.random.default_rng(0).normal(size=(1, 5, 9))
    alone = ce.cross_entropy(z[0, :2], [8, 2])
    np.testing.assert_allclose(ce.cross_entropy(z, found, ignore_index=-100), alone)


@quick
@given(scores, st.floats(0, 2))
def test_the_z_loss_is_its_formula_and_the_gradient_its_derivative(z, coefficient):
    losses, grad = ce.z_loss_with_grad(z, coefficient=coefficient, reduction="none")
    with mpmath.workdps(50):
        for row, loss in zip(z.tolist(), losses, strict=True):
            level = mpmath.log(mpmath.fsum(mpmath.exp(v) for v in row))
            assert abs(loss - coefficient * level**2) <= 1e-13 * (1 + loss)
    np.testing.assert_allclose(ce.z_loss(z, coefficient=coefficient), losses.mean(), rtol=1e-14)
    level = np.asarray(ce.logsumexp(z))
    np.testing.assert_allclose(grad.sum(axis=1), 2 * coefficient * level, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_the_gradients_of_z_loss_and_soft_cap_are_those_of_the_values(reduction):
    z = 2 * np.random.default_rng(0).normal(size=(4, 3)) + 5

    def loss(at):
        return ce.z_loss(at, coefficient=0.3, reduction=reduction)

    grad = ce.z_loss_with_grad(z, coefficient=0.3, reduction=reduction)[1]
    assert ce.check_gradient(loss, grad, z) < 1e-7
    slope = 1 - (ce.logit_softcap(z, 4) / 4) ** 2
    assert ce.check_gradient(lambda at: ce.logit_softcap(at, 4).sum(), slope, z) < 1e-7


@quick
@given(scores, st.floats(0.1, 100))
def test_a_soft_cap_keeps_order_and_bounds_and_small_logits(z, cap):
    capped = ce.logit_softcap(z, cap)
    assert np.all(np.abs(capped) <= cap)
    assert np.all(np.diff(np.take_along_axis(capped, np.argsort(z), axis=-1)) >= 0)
    small = z * 1e-6 * cap
    np.testing.assert_allclose(ce.logit_softcap(small, cap), small, rtol=1e-8)
    assert ce.logit_softcap([np.inf, -np.inf], cap).tolist() == [cap, -cap]


@quick
@given(scores, st.integers(1, 6), st.floats(0.01, 1))
def test_each_filter_keeps_what_its_definition_says(z, k, p):
    """By counting, entry by entry; the probabilities keep their ratios."""
    probs = ce.softmax(z)
    filters = {
        "k": ce.keep_top_k(z, k),
        "p": ce.keep_top_p(z, p),
        "min": ce.keep_min_p(z, p),
    }
    for name, found in filters.items():
        kept = found > -np.inf
        assert np.array_equal(found[kept], z[kept])
        for row, there, own in zip(probs, kept, z, strict=True):
            larger = np.array([np.sum(own > v) for v in own])
            mass = np.array([row[own > v].sum() for v in own])
            if name == "k":
                assert np.array_equal(there, larger < k)
            elif name == "min":
                assert np.array_equal(there, own - own.max() >= np.log(p))
            else:
                assert there[own.argmax()]
                assert not np.any(there & (mass >= p + 1e-12))
                assert row[there].sum() >= p - 1e-12
                assert len(set(own)) < 6 or np.all(there | (mass >= p - 1e-12))


def test_the_nucleus_stops_where_the_sum_is_reached():
    """Exactly in binary: 1/2 + 1/4 reach 3/4, so the third token is left out."""
    z = np.log(np.array([0.125, 0.5, 0.125, 0.25]))
    exact = ce.softmax(z)
    assert exact.tolist() == [0.125, 0.5, 0.125, 0.25]
    assert (ce.keep_top_p(z, 0.75) > -np.inf).tolist() == [False, True, False, True]
    assert (ce.keep_top_p(z, 0.7501) > -np.inf).sum() == 3
    assert (ce.keep_top_p(z, 0.01) > -np.inf).sum() == 1
    far = np.array([0.0, -800.0, -np.inf])
    assert ce.keep_top_p(far, 1).tolist() == far.tolist()


@quick
@given(seeds)
def test_accepted_or_redrawn_a_token_has_the_target_distribution(seed):
    """The sum over all ways to a token, which chapter 12 proves to be the target."""
    rng = np.random.default_rng(seed)
    p, q = rng.dirichlet(np.full(5, 0.4), 2)
    chances, residual = ce.speculative_acceptance(p, q)
    kept = q * chances
    np.testing.assert_allclose(kept, np.minimum(p, q), atol=1e-15)
    np.testing.assert_allclose(kept + (1 - kept.sum()) * residual, p, atol=1e-14)
    np.testing.assert_allclose(residual.sum(), 1, rtol=1e-14)


def test_equal_distributions_always_agree():
    chances, residual = ce.speculative_acceptance([0.5, 0.5, 0.0], [0.5, 0.5, 0.0])
    assert chances.tolist() == [1, 1, 1]
    assert residual.tolist() == [0.5, 0.5, 0]


@quick
@given(scores, seeds)
def test_parts_of_a_vocabulary_give_the_loss_of_the_whole(z, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(6, size=4)
    cut, other = np.sort(rng.choice([1, 2, 3, 4, 5], 2, replace=False))
    edges = [0, cut, other, 6]
    z[0, :cut] = -np.inf
    parts = [ce.vocabulary_part(z[:, a:b], labels, a) for a, b in pairwise(edges)]
    found = ce.merge_parts(*(np.array(held) for held in zip(*parts, strict=True)))
    np.testing.assert_allclose(
        found, ce.cross_entropy(z, labels, reduction="none"), rtol=1e-13, atol=1e-12
    )


def test_a_whole_vocabulary_on_every_machine_adds_the_log_of_their_number():
    """The report of chapter 12: each of 8 parts holds all logits, and the label is found once."""
    z, labels = np.random.default_rng(0).normal(size=(5, 16)), np.arange(5)
    top, total, own = (np.array([value] * 8) for value in ce.vocabulary_part(z, labels, 0))
    wrong = ce.merge_parts(top, total, own)
    right = ce.cross_entropy(z, labels, reduction="none")
    np.testing.assert_allclose(wrong - right, math.log(8), rtol=1e-13)


def test_parts_of_large_logits_and_of_masked_ones():
    parts = [ce.vocabulary_part([-np.inf, -np.inf], 2, 0), ce.vocabulary_part([1e4, 0.0], 2, 2)]
    assert parts[0] == (-np.inf, 0, -np.inf)
    assert ce.merge_parts(*np.array(parts).T) == 0
    masked = [ce.vocabulary_part([-np.inf, 1.0], 0, 0)]
    assert ce.merge_parts(*np.array(masked).T) == np.inf


def test_filters_take_a_sum_or_a_tie_as_it_is_written():
    """0.4 + 0.3 + 0.2 is below 0.9 in floats, and 0.06 is below 0.1 of 0.6."""
    assert np.isfinite(ce.keep_top_p(np.log([0.4, 0.3, 0.2, 0.1]), 0.9)).sum() == 3
    assert np.isfinite(ce.keep_top_p(np.log([0.7, 0.2, 0.1]), 0.9)).sum() == 2
    assert np.isfinite(ce.keep_min_p(np.log([0.6, 0.06, 0.34]), 0.1)).sum() == 3


def test_float16_losses_and_logits_do_not_end_at_65504():
    many = np.zeros(70_000, np.float16)
    assert ce.vocabulary_part(many, 0, 0)[1] == 70_000
    assert np.isfinite(
        ce.merge_parts(*(np.array([part]) for part in ce.vocabulary_part(many, 0, 0)))
    )
    assert ce.perplexity(np.float16([12.0])) == np.exp(12.0)
