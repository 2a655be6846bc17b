"""Surprisal, entropy, code lengths and divergence."""

from itertools import product

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import ce_lib as ce
from benchmarks.oracle import pair, ulps

quick = settings(derandomize=True, deadline=None, max_examples=40, database=None)
scores = arrays(np.float64, (2, 5), elements=st.floats(-30, 30))


def test_the_surprisals_of_the_book():
    assert ce.surprisal([0.9, 0.6, 0.33, 0.1]).round(3).tolist() == [0.105, 0.511, 1.109, 2.303]
    assert ce.surprisal(0.125, base=2) == 3
    assert ce.surprisal([0.0, 1.0]).tolist() == [np.inf, 0.0]


@quick
@given(scores)
def test_entropy_and_divergence_keep_their_bounds(z):
    p, q = ce.softmax(z)
    assert 0 <= ce.entropy(p) <= np.log(5) + 1e-14
    assert ce.kl_divergence(p, q) >= 0
    assert ce.kl_divergence(p, p) == 0
    cross = ce.cross_entropy_from_probs(q, p)
    assert np.isclose(cross, ce.entropy(p) + ce.kl_divergence(p, q), rtol=1e-9, atol=1e-12)


@quick
@given(arrays(np.int64, st.integers(2, 40), elements=st.integers(1, 1000)))
def test_a_huffman_code_uses_all_room_and_is_within_a_bit_of_the_entropy(counts):
    lengths, p = ce.huffman_lengths(counts), counts / counts.sum()
    assert np.sum(0.5**lengths) == 1
    assert -1e-12 < p @ lengths - ce.entropy(p, base=2) < 1
    for n in counts:  # what comes more often never has the longer word
        assert lengths[counts > n].max(initial=0) <= lengths[counts == n].min()


def test_no_code_is_shorter_than_huffmans():
    rng = np.random.default_rng(0)
    allowed = [n for n in product(range(1, 5), repeat=5) if sum(0.5**k for k in n) <= 1]
    for p in rng.dirichlet(np.ones(5), 50):
        shortest = min(p @ np.array(n) for n in allowed)
        np.testing.assert_allclose(p @ ce.huffman_lengths(p), shortest, rtol=1e-12)
    assert ce.huffman_lengths([7]).tolist() == [0]
    assert sorted(ce.huffman_lengths([0, 3, 0, 1])) == [1, 2, 3, 3]


def test_impossible_classes_cost_nothing_or_everything():
    assert ce.entropy([1.0, 0.0]) == 0
    assert ce.entropy([0.5, 0.5], base=2) == 1
    assert ce.kl_divergence([1.0, 0.0], [0.5, 0.5], base=2) == 1
    assert ce.kl_divergence([0.5, 0.5], [1.0, 0.0]) == np.inf
    assert ce.cross_entropy_from_probs([1.0, 0.0], 1) == np.inf


def test_dtypes_axes_and_scalars():
    p = np.full((4, 2), 0.25, np.float32)
    assert ce.entropy(p, axis=0).dtype == np.float32
    assert ce.entropy(p.astype(np.float16), axis=0).dtype == np.float16
    assert ce.surprisal(np.float16(0.5)).dtype == np.float16
    assert isinstance(ce.entropy([0.5, 0.5]), np.float64)


def test_powers_of_the_base_are_exact():
    """Shannon's lengths round surprisals up, so an error in the last place would cost a digit."""
    powers = np.arange(1, 1075)
    np.testing.assert_array_equal(ce.surprisal(2.0**-powers, base=2), powers)
    for dtype, most in ((np.float16, 5), (np.float32, 38), (np.float64, 300)):
        tens = np.arange(1, most)
        found = ce.surprisal((10.0**-tens).astype(dtype), base=10)
        np.testing.assert_array_equal(found, tens.astype(dtype))
        assert found.dtype == dtype
    for k in range(1, 5):
        assert ce.entropy(np.full(10**k, 10.0**-k), base=10) == k
    for k in range(1, 12):
        assert ce.entropy(np.full(2**k, 2.0**-k), base=2) == k


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [2, 3, 10, 1000])
def test_a_divergence_is_within_its_ulp_of_50_digits_near_zero_too(k, dtype):
    """Two sums that differ by rounding leave sum(p - q), which may cancel the rest of it."""
    rng = np.random.default_rng(k)
    for step in (10, 1, 0.3, 0.1, 1e-2, 1e-4, 1e-6, 1e-8):
        p = rng.dirichlet(np.ones(k), 3 if k == 1000 else 15)
        q = np.abs(p * (1 + step * rng.normal(size=p.shape)))
        p, q = p.astype(dtype), (q / q.sum(axis=1, keepdims=True)).astype(dtype)
        for base in (np.e, 2):
            for a, b, found in zip(p, q, ce.kl_divergence(p, q, base=base), strict=True):
                with mpmath.workdps(50):
                    pairs = [
                        (mpmath.mpf(float(u)), mpmath.mpf(float(v)))
                        for u, v in zip(a, b, strict=True)
                    ]
                    nats = mpmath.fsum(u * mpmath.log(u / v) for u, v in pairs if u > 0)
                    gap = mpmath.fsum(u - v for u, v in pairs)
                    true, second = (x / mpmath.log(base) for x in (nats, nats - gap))
                    scale = np.array([float(max(abs(true), second))])
                    assert found == 0 >= true or ulps(found, pair([true]), scale) <= 8
