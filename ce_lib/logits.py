"""From scores to probabilities, without overflow (chapters 3 and 5)."""

import numpy as np

from ce_lib import _checks


def _shifted(z, axis):
    """z minus its maximum, and the maximum: exp of the first lies in [0, 1]."""
    top = z.max(axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    return z - top, top


def logsumexp(z, *, axis=-1):
    """log(sum(exp(z))) over `axis`, for logits of any size.

    z : float array. Returns z's shape without `axis`. -inf entries add nothing.
    """
    z = _checks.as_logits("z", z)
    shifted, top = _shifted(z, axis)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(shifted).sum(axis=axis)) + top.squeeze(axis)


def softmax(z, *, axis=-1, temperature=1.0):
    """exp(z / T) / sum(exp(z / T)) over `axis`: scores to probabilities.

    z : float array of logits. temperature : T > 0. Returns z's shape, summing to 1 over
    `axis`. A row that is -inf throughout has no distribution: nan.
    """
    z = _checks.as_logits("z", z) / _checks.positive("temperature", temperature)
    weights = np.exp(_shifted(z, axis)[0])
    with np.errstate(invalid="ignore"):
        return weights / weights.sum(axis=axis, keepdims=True)


def log_softmax(z, *, axis=-1, temperature=1.0):
    """The logarithm of softmax, from the logits: z/T - logsumexp(z/T).

    Takes and returns what `softmax` does, in nats below zero.
    """
    z = _checks.as_logits("z", z) / _checks.positive("temperature", temperature)
    shifted, _ = _shifted(z, axis)
    weights = np.exp(shifted)
    index = np.expand_dims(shifted.argmax(axis=axis), axis)
    np.put_along_axis(weights, index, 0, axis=axis)  # the largest term is exp(0) = 1
    with np.errstate(invalid="ignore"):
        return shifted - np.log1p(weights.sum(axis=axis, keepdims=True))
