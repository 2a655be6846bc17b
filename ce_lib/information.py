"""Surprisal, entropy and divergence: what a probability costs (chapters 1 and 2)."""

import math

import numpy as np

from ce_lib import _checks


def surprisal(p, *, base=math.e):
    """-log p, the cost of seeing what had probability p.

    p : floats of any shape, each in [0, 1]. base : e for nats, 2 for bits, anything above 1.
    Returns p's shape; inf where p is 0. Raises ValueError outside [0, 1].
    Reference: Shannon (1948).
    """
    p, dtype = _checks.as_floats("p", p)
    _checks.refuse("p", p, ~((p >= 0) & (p <= 1)), "in [0, 1]")
    with np.errstate(divide="ignore"):
        return (-np.log(p) / _checks.log_base(base) + 0.0).astype(dtype)[()]


def entropy(p, *, axis=-1, base=math.e):
    """H(p) = -sum_k p_k log p_k, the expected surprisal of p about itself.

    p : floats, a distribution over `axis`. Returns p's shape without `axis`, in nats (base e)
    or bits (base 2). Classes with p = 0 contribute nothing. Raises ValueError where p is
    negative or does not sum to 1. Reference: Shannon (1948).
    """
    p, dtype = _checks.as_distribution("p", p, axis=axis)
    terms = p * np.log(np.where(p > 0, p, 1))
    return (-terms.sum(axis=axis) / _checks.log_base(base) + 0.0).astype(dtype)[()]


def kl_divergence(p, q, *, axis=-1, base=math.e):
    """D(p || q) = sum_k p_k log(p_k / q_k): what believing q costs beyond H(p) if p is true.

    p, q : floats of one shape, distributions over `axis`. Returns their shape without `axis`;
    inf where p > 0 meets q = 0. Never negative (Gibbs): a sum that rounding takes below 0 is 0.
    Raises ValueError as `entropy` does. Reference: Kullback and Leibler (1951).
    """
    p, p_dtype = _checks.as_distribution("p", p, axis=axis)
    q, q_dtype = _checks.as_distribution("q", q, axis=axis)
    if p.shape != q.shape:
        raise ValueError(f"p and q must have one shape, got {p.shape} and {q.shape}")
    with np.errstate(divide="ignore"):
        terms = p * (np.log(np.where(p > 0, p, 1)) - np.log(np.where(p > 0, q, 1)))
    answer = np.maximum(terms.sum(axis=axis), 0) / _checks.log_base(base)
    return answer.astype(np.result_type(p_dtype, q_dtype))[()]
