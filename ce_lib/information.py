"""Surprisal, entropy, code lengths, divergence: what a probability costs (chapters 1 and 2)."""

import heapq
import math

import numpy as np

from ce_lib import _checks


def surprisal(p, *, base=math.e):
    """-log p, the cost of seeing what had probability p (equations 1.4 and 1.5).

    p : floats of any shape, each in [0, 1]. base : e for nats, 2 for bits, anything above 1.
    Returns p's shape; inf where p is 0. Raises ValueError outside [0, 1].
    Reference: Shannon (1948).
    """
    p, dtype = _checks.as_floats("p", p)
    _checks.refuse("p", p, ~((p >= 0) & (p <= 1)), "in [0, 1]")
    with np.errstate(divide="ignore"):
        return (-np.log(p) / _checks.log_base(base) + 0.0).astype(dtype)[()]


def entropy(p, *, axis=-1, base=math.e):
    """H(p) = -sum_k p_k log p_k, the expected surprisal of p about itself (equation 1.6).

    p : floats, a distribution over `axis`. Returns p's shape without `axis`, in nats (base e)
    or bits (base 2). Classes with p = 0 contribute nothing. Raises ValueError where p is
    negative or does not sum to 1. Reference: Shannon (1948).
    """
    p, dtype = _checks.as_distribution("p", p, axis=axis)
    terms = p * np.log(np.where(p > 0, p, 1))
    return (-terms.sum(axis=axis) / _checks.log_base(base) + 0.0).astype(dtype)[()]


def huffman_lengths(weights):
    """The lengths, in binary digits, of the words of a shortest prefix code (equation 1.11).

    weights : how often each symbol comes, numbers (K,), not negative: counts or probabilities.
    Returns integers (K,). The mean length lies in [H, H + 1) bits, H being the entropy; a single
    symbol needs no digit. Raises ValueError for anything else. Reference: Huffman (1952).
    """
    weights, _ = _checks.as_floats("weights", weights)
    if weights.ndim != 1 or not weights.size:
        raise ValueError(f"weights must have shape (K,) with K > 0, got shape {weights.shape}")
    _checks.refuse("weights", weights, ~((weights >= 0) & (weights < math.inf)), "finite and >= 0")
    heap = [(weight, k) for k, weight in enumerate(weights.tolist())]
    heapq.heapify(heap)
    above = []  # pairs of nodes that were put together, a new node for each pair
    while len(heap) > 1:
        (a, left), (b, right) = heapq.heappop(heap), heapq.heappop(heap)
        heapq.heappush(heap, (a + b, len(weights) + len(above)))
        above.append((left, right))
    depth = [0] * (len(weights) + len(above))
    for node in range(len(depth) - 1, len(weights) - 1, -1):
        for below in above[node - len(weights)]:
            depth[below] = depth[node] + 1
    return np.array(depth[: len(weights)])


def kl_divergence(p, q, *, axis=-1, base=math.e):
    """D(p || q) = sum_k p_k log(p_k / q_k): what believing q costs beyond H(p) if p is true.

    p, q : floats of one shape, distributions over `axis`. Returns their shape without `axis`, in
    nats or bits as in `entropy`; inf where p > 0 meets q = 0. Never negative (Gibbs): a sum that
    rounding takes below 0 is 0. Raises ValueError as `entropy` does.
    Reference: Kullback and Leibler (1951).
    """
    p, p_dtype = _checks.as_distribution("p", p, axis=axis)
    q, q_dtype = _checks.as_distribution("q", q, axis=axis)
    if p.shape != q.shape:
        raise ValueError(f"p and q must have one shape, got {p.shape} and {q.shape}")
    with np.errstate(divide="ignore"):
        terms = p * (np.log(np.where(p > 0, p, 1)) - np.log(np.where(p > 0, q, 1)))
    answer = np.maximum(terms.sum(axis=axis), 0) / _checks.log_base(base)
    return answer.astype(np.result_type(p_dtype, q_dtype))[()]
