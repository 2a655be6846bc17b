"""Surprisal, entropy and divergence: what a probability costs (chapters 1 and 2)."""

import math

import numpy as np

from ce_lib import _checks


def surprisal(p, *, base=math.e):
    """-log p, the cost of seeing what had probability p.

    p : float array, any shape, each in [0, 1]. base : e for nats, 2 for bits.
    Returns an array of p's shape; inf where p is 0. Raises ValueError outside [0, 1].
    """
    p = _checks.as_floats("p", p)
    if p.size and not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p must lie in [0, 1], got {p[~((p >= 0) & (p <= 1))].flat[0]:g}")
    with np.errstate(divide="ignore"):
        return -np.log(p) / math.log(_checks.positive("base", base)) + 0.0


def entropy(p, *, axis=-1, base=math.e):
    """H(p) = -sum p log p, the expected surprisal of p about itself.

    p : float array, a distribution over `axis`. Returns p's shape without `axis`,
    in nats (base e) or bits (base 2). Classes with p = 0 contribute nothing.
    """
    p = _checks.as_distribution("p", p, axis=axis)
    terms = p * np.log(np.where(p > 0, p, 1))
    return -terms.sum(axis=axis) / math.log(_checks.positive("base", base)) + 0.0


def kl_divergence(p, q, *, axis=-1, base=math.e):
    """D(p || q) = sum p log(p / q): what believing q costs beyond H(p) when p is true.

    p, q : float arrays of one shape, distributions over `axis`. Returns their shape
    without `axis`; inf where p > 0 meets q = 0. Never negative (Gibbs, chapter 2).
    """
    p = _checks.as_distribution("p", p, axis=axis)
    q = _checks.as_distribution("q", q, axis=axis)
    if p.shape != q.shape:
        raise ValueError(f"p and q must have one shape, got {p.shape} and {q.shape}")
    with np.errstate(divide="ignore"):
        ratio = np.where(p > 0, p, 1) / np.where(p > 0, q, 1)
        terms = p * np.log(ratio)
    return np.maximum(terms.sum(axis=axis), 0) / math.log(_checks.positive("base", base))
