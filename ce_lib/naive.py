"""The whole subject as its formulas say it: no check, no trick, and no number far from 1.

Read this first. The other modules give the same answers here, and right ones where exp overflows,
a difference cancels or memory runs out; each says in its first lines what it adds. p, q and y are
distributions over the last axis (y is one-hot for a label), z logits; losses are in nats.
"""

from typing import Any

import numpy as np

from ce_lib._checks import Array


def surprisal(p: Array) -> Any:
    """How surprising an event of probability p is."""
    return -np.log(p)


def entropy(p: Array) -> Any:
    """The mean surprisal."""
    return np.sum(p * surprisal(p), axis=-1)


def kl_divergence(p: Array, q: Array) -> Any:
    """What it costs to predict q where p is true, beyond the entropy."""
    return np.sum(p * (surprisal(q) - surprisal(p)), axis=-1)


def logsumexp(z: Array) -> Any:
    """A smooth maximum; its gradient is softmax."""
    return np.log(np.sum(np.exp(z), axis=-1))


def log_softmax(z: Array) -> Any:
    """From scores to logarithms of probabilities."""
    return z - logsumexp(z)[..., None]


def softmax(z: Array) -> Any:
    """From scores to probabilities."""
    return np.exp(log_softmax(z))


def cross_entropy(z: Array, y: Array) -> Any:
    """The mean surprisal of y under softmax(z), for each row."""
    return -np.sum(y * log_softmax(z), axis=-1)


def gradient(z: Array, y: Array) -> Any:
    """Of the cross-entropy with respect to z."""
    return softmax(z) - y


def jacobian(z: Array) -> Any:
    """Of softmax; also the Hessian of the cross-entropy, whatever y is."""
    p = softmax(z)
    return p[..., :, None] * np.eye(p.shape[-1]) - p[..., :, None] * p[..., None, :]


def linear_gradients(x: Array, weight: Array, bias: Array, y: Array) -> Any:
    """Of the summed cross-entropy of x @ weight.T + bias; x is (N, D), weight (K, D), bias (K,)."""
    g = gradient(x @ weight.T + bias, y)
    return g @ weight, g.T @ x, g.sum(axis=0)
