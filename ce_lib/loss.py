"""Cross-entropy, from logits and from probabilities (chapters 2, 4, 5 and 7)."""

import numpy as np

from ce_lib import _checks


def cross_entropy_from_probs(probs, target, *, reduction="mean"):
    """-sum_k y_k log p_k for predictions that are probabilities already.

    probs : float array (..., K), distributions over the last axis.
    target : integer labels (...,) or distributions (..., K).
    Returns the loss in nats: a number, or shape (...,) with reduction="none".
    Prefer `cross_entropy` where you have logits: log(softmax(z)) loses what it keeps.
    """
    probs = _checks.as_distribution("probs", probs)
    y = _as_target(target, probs.shape)
    with np.errstate(divide="ignore"):
        losses = -(y * np.log(np.where(y > 0, probs, 1))).sum(axis=-1) + 0.0
    return _checks.reduce(losses, reduction, losses.size)


def _as_target(target, shape, ignore_index=None):
    """The target as a distribution over the last axis; a zero row where it is ignored."""
    target = np.asarray(target)
    if target.dtype.kind in "iu" and target.shape != shape:
        labels = _checks.as_labels(target, shape[:-1], shape[-1], ignore_index=ignore_index)
        return (labels[..., None] == np.arange(shape[-1])) * 1.0
    if target.shape != shape:
        _checks.as_labels(target, shape[:-1], shape[-1])
    if ignore_index is not None:
        raise ValueError("ignore_index needs integer labels, got a distribution as target")
    return _checks.as_distribution("target", target)


def _prepare(logits, target, class_weights, label_smoothing, ignore_index, temperature):
    """Logits, the weighted target, and what the mean divides by."""
    z = _checks.as_logits("logits", logits) / _checks.positive("temperature", temperature)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing must lie in [0, 1], got {label_smoothing}")
    is_label = np.asarray(target).shape != z.shape
    y = _as_target(target, z.shape, ignore_index)
    w = np.ones(z.shape[-1]) if class_weights is None else _checks.as_floats(
        "class_weights", class_weights
    )
    if w.shape != z.shape[-1:] or (w < 0).any():
        raise ValueError(f"class_weights must be {z.shape[-1]} numbers >= 0, got {class_weights}")
    divisor = (y * w).sum() if is_label else y.size / y.shape[-1]
    kept = y.sum(axis=-1, keepdims=True)
    return z, ((1 - label_smoothing) * y + label_smoothing * kept / z.shape[-1]) * w, divisor


def cross_entropy(
    logits, target, *, class_weights=None, label_smoothing=0.0, ignore_index=None,
    temperature=1.0, reduction="mean",
):
    """-sum_k y_k log softmax(logits / T)_k, accurate however confident the logits are.

    logits : float array (..., K). target : integer labels (...,) or distributions (..., K).
    Returns the loss in nats: a number, or shape (...,) with reduction="none".
    """
    z, y, divisor = _prepare(
        logits, target, class_weights, label_smoothing, ignore_index, temperature
    )
    return _checks.reduce(_losses(z, y), reduction, divisor)


def _losses(z, y):
    """The loss per row; nothing is added for classes without truth."""
    top = np.expand_dims(z.argmax(axis=-1), -1)
    shifted = z - np.take_along_axis(z, top, axis=-1)
    rest = np.exp(shifted)
    np.put_along_axis(rest, top, 0, axis=-1)
    log_total = np.log1p(rest.sum(axis=-1))
    gap = -(y * np.where(y > 0, shifted, 0)).sum(axis=-1)
    return gap + y.sum(axis=-1) * log_total


def cross_entropy_with_grad(
    logits, target, *, class_weights=None, label_smoothing=0.0, ignore_index=None,
    temperature=1.0, reduction="mean", out=None,
):
    """The loss, and its gradient with respect to the logits: (p - y) / T per row.

    Arguments as in `cross_entropy`; `out` receives the gradient and may be the logits.
    """
    z, y, divisor = _prepare(
        logits, target, class_weights, label_smoothing, ignore_index, temperature
    )
    losses = _losses(z, y)
    weights = np.exp(z - z.max(axis=-1, keepdims=True))
    p = weights / weights.sum(axis=-1, keepdims=True)
    grad = (p * y.sum(axis=-1, keepdims=True) - y) / temperature
    if reduction == "mean":
        grad /= divisor
    if out is not None:
        out[...] = grad
        grad = out
    return _checks.reduce(losses, reduction, divisor), grad
