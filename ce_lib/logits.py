"""From scores to probabilities, without overflow (chapters 3 and 5).

What this adds to `naive`: the shift by the largest logit, and the digits that the shift loses.
"""

import math
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike

from ce_lib import _checks
from ce_lib._checks import Array, Floats, Losses, Number


def shifted(z: Array, base: Array, temperature: float = 1.0) -> tuple[Array, Array]:
    """s = (z - base) / T and e = exp(s) for floats z and a base that is no smaller.

    The rounding error of z - base is added back to e to first order; without this correction a
    dominant logit costs up to |z - base| ulp.
    """
    s = z - base
    back = s + base  # TwoSum: s + dropped is z - base exactly
    dropped = (z - back) - (base - (back - s))
    if temperature != 1:
        s, dropped = s / temperature, dropped / temperature
    e = np.exp(s)
    e += e * np.where(np.isfinite(dropped), dropped, 0)
    return s, e


def shifted_terms(
    z: Array, axis: int = -1, temperature: float = 1.0
) -> tuple[Array, Array, Array, Array]:
    """The parts that all functions here use: s, e, rest and top of the logits z.

    top = max z; s = (z - top) / T; e = exp(s), so the largest e is 1; rest = the sum of e
    without that 1. The axis is kept. Rows with nan or +inf, and rows with only -inf, have no
    largest finite logit and give nan.
    """
    index = np.expand_dims(z.argmax(axis=axis), axis)
    top = np.take_along_axis(z, index, axis=axis)
    s, e = shifted(z, np.where(np.isfinite(top), top, np.nan), temperature)
    others = e.copy()
    np.put_along_axis(others, index, 0, axis=axis)
    rest = others.sum(axis=axis, keepdims=True)
    return s, e, np.where(np.isfinite(top), rest, np.nan), top


@_checks.public
def logsumexp(z: ArrayLike, *, axis: SupportsIndex = -1) -> Losses:
    """log(sum_k exp(z_k)) over `axis`, for logits of any size: top + log1p(rest) (equation 5.3).

    z : floats with at least one entry on `axis`; -inf entries add nothing. Returns z's shape
    without `axis`. Only -inf gives -inf; +inf gives inf; nan gives nan. If the answer is
    near 0, the two parts cancel: the error is then an ulp of `top`, not of the answer.
    Raises ValueError for a missing or empty axis, TypeError for an axis that is no integer.
    Reference: Blanchard, Higham, Higham (2021).

    >>> ce.logsumexp([1000.0, 1000.0]).round(3)  # np.log(np.sum(np.exp(z))) is inf
    np.float64(1000.693)
    """
    z, dtype, axis = _checks.as_logits("z", z, axis)
    _, _, rest, top = shifted_terms(z, axis)
    answer = np.where(np.isfinite(top), top + np.log1p(rest), top)
    sums: Losses = answer.squeeze(axis).astype(dtype)[()]
    return sums


def _cooled(
    z: ArrayLike, axis: SupportsIndex, temperature: Number
) -> tuple[Array, np.dtype[Any], int, float]:
    """Checked logits, in float64 if a temperature divides them; the answer's dtype, axis, T."""
    z, dtype, axis = _checks.as_logits("z", z, axis)
    temperature = _checks.number("temperature", temperature, 0, math.inf)
    return z if temperature == 1 else z.astype(np.float64), dtype, axis, temperature


@_checks.public
def softmax(z: ArrayLike, *, axis: SupportsIndex = -1, temperature: Number = 1.0) -> Floats:
    """exp(z_k / T) / sum_j exp(z_j / T) over `axis`: scores to probabilities (equation 3.1).

    z : floats, logits on `axis`; -inf masks a class (p = 0), and so does, at any T, a logit more
    than 1.8e308 below the largest. temperature : T > 0.
    Returns z's shape, summing to 1 over `axis`; nan in rows that hold nan or +inf or only -inf.
    Raises ValueError for T <= 0 or an empty axis, TypeError for an axis that is no integer.
    Reference: Bridle (1990).

    >>> ce.softmax([2.0, 1.0, 0.1]).round(3)
    array([0.659, 0.242, 0.099])
    """
    z, dtype, axis, temperature = _cooled(z, axis, temperature)
    _, e, rest, _ = shifted_terms(z, axis, temperature)
    p: Floats = (e / (1 + rest)).astype(dtype)
    return p


@_checks.public
def log_softmax(z: ArrayLike, *, axis: SupportsIndex = -1, temperature: Number = 1.0) -> Floats:
    """The logarithm of softmax, from the logits: (z - top) / T - log1p(rest), in nats.

    Equation 5.3, with the largest term taken out of the sum.

    Takes what `softmax` does and raises the same errors; a masked class gets -inf. Both terms
    are at most 0, so nothing cancels. Reference: Blanchard, Higham, Higham (2021).

    >>> ce.log_softmax([0.0, -1000.0])  # np.log(ce.softmax(z)) has -inf
    array([    0., -1000.])
    """
    z, dtype, axis, temperature = _cooled(z, axis, temperature)
    s, _, rest, _ = shifted_terms(z, axis, temperature)
    logs: Floats = (s - np.log1p(rest)).astype(dtype)
    return logs
