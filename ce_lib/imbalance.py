"""Skewed shares of the classes and wrong labels: corrections and other losses (chapter 11).

What this adds to `naive`: scores for other shares of the classes, the focal loss, and the loss of
labels that are wrong with known chances.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ce_lib import _checks
from ce_lib._checks import Array, Floats, Losses, Number
from ce_lib.logits import log_softmax, logsumexp, softmax
from ce_lib.loss import cross_entropy_with_grad


@_checks.public
def shift_priors(logits: ArrayLike, source: ArrayLike, target: ArrayLike) -> Floats:
    """Logits of a model for shares of the classes `source`, turned into those for `target`.

    z_k + log target_k - log source_k (equation 11.2): exact if the model states the true chances
    for `source`, and the inputs of each class are distributed as before.

    logits : floats (..., K). source, target : distributions (K,); source_k > 0 for each class, and
    a class with target_k = 0 gets -inf. Class weights w act like source_k proportional to
    w_k times the share of k. Returns floats (..., K). Raises ValueError or TypeError, naming the
    argument. Reference: Saerens, Latinne and Decaestecker (2002).

    >>> z = ce.shift_priors([[0.0, 0.0]], [0.5, 0.5], [0.75, 0.25])
    >>> ce.softmax(z)
    array([[0.75, 0.25]])
    """
    z, dtype, _ = _checks.as_logits("logits", logits)
    priors = []
    for name, values in (("source", source), ("target", target)):
        prior, own, _ = _checks.as_distribution(name, values)
        if prior.shape != z.shape[-1:]:
            raise ValueError(f"{name} must have shape {z.shape[-1:]}, got shape {prior.shape}")
        priors.append(prior.astype(np.float64))
        dtype = np.result_type(dtype, own)
    _checks.refuse("source", priors[0], priors[0] == 0, "above 0")
    shifted: Floats = (z + (np.log(priors[1]) - np.log(priors[0]))).astype(dtype)
    return shifted


@_checks.public
def focal_loss(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    gamma: Number = 2.0,
    class_weights: ArrayLike | None = None,
    reduction: str = "mean",
) -> Losses:
    """-w_c (1 - p_c)^gamma log p_c, p_c being the softmax's probability of the label.

    logits : floats (..., K). labels : integers (...,) in [0, K). gamma : in [0, 100]; 0 gives
    `cross_entropy`. class_weights : (K,), often called alpha; one number for all classes would
    only scale the loss. "mean" divides by the number of rows, unlike `cross_entropy`.
    Returns nats: a number, or shape (...,) with reduction="none". Raises ValueError or TypeError,
    naming the argument.

    For gamma > 0 its minimum is not at the true probabilities: it is at a q for which these are
    proportional to q_k / (w_k m(q_k)), m being the factor of the gradient (equations 11.4, 11.5).
    Reference: Lin et al. (2017).

    >>> ce.focal_loss([[2.0, 1.0, 0.1], [0.3, 0.2, 0.5]], [0, 2]).round(3)
    np.float64(0.199)
    """
    losses, _, dtype = _focal(logits, labels, gamma, class_weights, reduction)
    return _checks.reduce(losses, reduction, losses.size, dtype)


@_checks.public
def focal_loss_with_grad(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    gamma: Number = 2.0,
    class_weights: ArrayLike | None = None,
    reduction: str = "mean",
) -> tuple[Losses, Floats]:
    """The focal loss, and its gradient in the logits: per row w_c m(p_c) (p - y).

    m(p) = (1 - p)^gamma - gamma p (1 - p)^(gamma - 1) log p (equation 11.5). Arguments, loss and
    errors as in `focal_loss`; "mean" divides the gradient by the number of rows, "none" and "sum"
    do not divide. Returns (loss, gradient (..., K)). Reference: Lin et al. (2017).

    >>> loss, grad = ce.focal_loss_with_grad([2.0, 1.0, 0.1], 0)
    >>> grad.round(3)
    array([-0.104,  0.074,  0.03 ])
    """
    losses, grad, dtype = _focal(logits, labels, gamma, class_weights, reduction)
    return _checks.reduce_with_grad(losses, grad, reduction, dtype)


def _focal(
    logits: ArrayLike,
    labels: ArrayLike,
    gamma: Number,
    class_weights: ArrayLike | None,
    reduction: str,
) -> tuple[Array, Array, np.dtype[Any]]:
    """Losses (...,) and gradients (..., K) of the rows in float64, and the answer's dtype."""
    _checks.as_reduction(reduction)
    gamma = _checks.number("gamma", gamma, 0, 100, ends=True)
    z, dtype, own = _labelled(logits, labels)
    plain, grad = cross_entropy_with_grad(z, own, reduction="none")
    p, other = np.exp(-plain), -np.expm1(-plain)  # of the label, of all other classes
    weight = 1.0 if class_weights is None else _checks.as_weights(class_weights, z.shape[-1])[own]
    power = other**gamma
    steep = np.where(other > 0, np.where(p > 0, p * plain, 0) / np.where(other > 0, other, 1), 1)
    factor = weight * power * (1 + gamma * steep)
    losses = np.where(weight == 0, 0, weight * power * plain)
    return losses, np.asarray(factor)[..., None] * grad, dtype


@_checks.public
def forward_cross_entropy(
    logits: ArrayLike, labels: ArrayLike, noise: ArrayLike, *, reduction: str = "mean"
) -> Losses:
    """-log sum_k p_k noise_kj for a label j that may be wrong: the forward correction.

    It is the cross-entropy of the labels as they are written, if noise[k, j] is the chance that an
    example of class k is labelled j. Its minimum is at the probabilities of the true classes if the
    rows of `noise` are linearly independent (equation 11.7).

    logits : floats (..., K). labels : integers (...,) in [0, K). noise : (K, K), each row a
    distribution. Returns nats: a number, or shape (...,) with reduction="none"; inf for a label
    that no class can have. Raises ValueError or TypeError, naming the argument.
    Reference: Patrini et al. (2017).

    >>> ce.forward_cross_entropy([2.0, 0.0], 1, [[0.9, 0.1], [0.1, 0.9]]).round(3)
    np.float64(1.633)
    """
    losses, _, dtype = _forward(logits, labels, noise, reduction)
    return _checks.reduce(losses, reduction, losses.size, dtype)


@_checks.public
def forward_cross_entropy_with_grad(
    logits: ArrayLike, labels: ArrayLike, noise: ArrayLike, *, reduction: str = "mean"
) -> tuple[Losses, Floats]:
    """That loss, and its gradient in the logits: per row p - s, s being what the label tells.

    s_k, proportional to p_k noise_kj, is the probability of class k once the label j is known. A
    label that no class can have has a gradient of nan. Arguments and errors are
    as in `forward_cross_entropy`, and "mean" divides the gradient by the number of rows. Returns
    (loss, gradient (..., K)). Reference: Patrini et al. (2017).

    >>> loss, grad = ce.forward_cross_entropy_with_grad([2.0, 0.0], 1, [[0.9, 0.1], [0.1, 0.9]])
    >>> grad.round(3)
    array([ 0.43, -0.43])
    """
    losses, grad, dtype = _forward(logits, labels, noise, reduction)
    return _checks.reduce_with_grad(losses, grad, reduction, dtype)


def _forward(
    logits: ArrayLike, labels: ArrayLike, noise: ArrayLike, reduction: str
) -> tuple[Array, Array, np.dtype[Any]]:
    """Losses (...,) and gradients (..., K) of the rows in float64, and the answer's dtype."""
    _checks.as_reduction(reduction)
    z, dtype, own = _labelled(logits, labels)
    chances, kind, _ = _checks.as_distribution("noise", noise)
    if chances.shape != (z.shape[-1],) * 2:
        wanted = (z.shape[-1],) * 2
        raise ValueError(f"noise must have shape {wanted}, got shape {chances.shape}")
    joint = log_softmax(z) + np.log(chances.astype(np.float64)).T[own]
    losses = np.maximum(-np.asarray(logsumexp(joint)), 0)
    grad, largest = softmax(z) - softmax(joint), z.argmax(axis=-1, keepdims=True)
    np.put_along_axis(grad, largest, 0, axis=-1)  # near 1 - 1: minus the other entries instead
    np.put_along_axis(grad, largest, -grad.sum(axis=-1, keepdims=True), axis=-1)
    return losses, grad, np.result_type(dtype, kind)


def _labelled(logits: ArrayLike, labels: ArrayLike) -> tuple[Array, np.dtype[Any], Array]:
    """Logits in float64, the answer's dtype, and labels (...,) in [0, K)."""
    z, dtype, _ = _checks.as_logits("logits", logits)
    own = _checks.labels_of("labels", labels, z.shape[:-1], z.shape[-1])
    return z.astype(np.float64), dtype, own
