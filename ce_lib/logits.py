"""From scores to probabilities, without overflow (chapters 3 and 5)."""

import math

import numpy as np

from ce_lib import _checks


def shifted_terms(z, axis=-1, temperature=1.0):
    """The parts that all functions here use: s, e, rest and top of the logits z.

    top = max z; s = (z - top) / T; e = exp(s), so the largest e is 1; rest = the sum of e
    without that 1. The axis is kept. The rounding error of z - top is added back to e to first
    order; without this correction a dominant logit costs up to |z - top| ulp. Rows with nan or
    +inf, and rows with only -inf, have no largest finite logit and give nan.
    """
    index = np.expand_dims(z.argmax(axis=axis), axis)
    top = np.take_along_axis(z, index, axis=axis)
    base = np.where(np.isfinite(top), top, np.nan)
    s = z - base
    back = s + base  # TwoSum: s + dropped is z - base exactly
    dropped = (z - back) - (base - (back - s))
    s, dropped = s / temperature, dropped / temperature
    e = np.exp(s)
    e += e * np.where(np.isfinite(dropped), dropped, 0)
    others = e.copy()
    np.put_along_axis(others, index, 0, axis=axis)
    rest = others.sum(axis=axis, keepdims=True)
    return s, e, np.where(np.isfinite(top), rest, np.nan), top


@_checks.quiet
def logsumexp(z, *, axis=-1):
    """log(sum_k exp(z_k)) over `axis`, for logits of any size: top + log1p(rest) (equation 5.3).

    z : floats with at least one entry on `axis`; -inf entries add nothing. Returns z's shape
    without `axis`. Only -inf gives -inf; +inf gives inf; nan gives nan. If the answer is
    near 0, the two parts cancel: the error is then an ulp of `top`, not of the answer.
    Raises ValueError for a missing or empty axis. Reference: Blanchard, Higham, Higham (2021).
    """
    z, dtype = _checks.as_logits("z", z, axis=axis)
    _, _, rest, top = shifted_terms(z, axis)
    answer = np.where(np.isfinite(top), top + np.log1p(rest), top)
    return answer.squeeze(axis).astype(dtype)[()]


@_checks.quiet
def softmax(z, *, axis=-1, temperature=1.0):
    """exp(z_k / T) / sum_j exp(z_j / T) over `axis`: scores to probabilities (equation 3.1).

    z : floats, logits on `axis`; -inf masks a class (p = 0). temperature : T > 0.
    Returns z's shape, summing to 1 over `axis`; nan in rows that hold nan or +inf or only -inf.
    Raises ValueError for T <= 0 or an empty axis. Reference: Bridle (1990).
    """
    z, dtype = _checks.as_logits("z", z, axis=axis)
    temperature = _checks.number("temperature", temperature, 0, math.inf)
    _, e, rest, _ = shifted_terms(z, axis, temperature)
    return (e / (1 + rest)).astype(dtype)


@_checks.quiet
def log_softmax(z, *, axis=-1, temperature=1.0):
    """The logarithm of softmax, from the logits: (z - top) / T - log1p(rest), in nats.

    Equation 5.3, with the largest term taken out of the sum.

    Takes what `softmax` does and raises the same errors; a masked class gets -inf. Both terms
    are at most 0, so nothing cancels. Reference: Blanchard, Higham, Higham (2021).
    """
    z, dtype = _checks.as_logits("z", z, axis=axis)
    temperature = _checks.number("temperature", temperature, 0, math.inf)
    s, _, rest, _ = shifted_terms(z, axis, temperature)
    return (s - np.log1p(rest)).astype(dtype)
