"""Cross-entropy, from logits and from probabilities (chapters 2, 4, 5 and 7)."""

import math
from numbers import Integral

import numpy as np

from ce_lib import _checks
from ce_lib.logits import shifted_terms


def cross_entropy_from_probs(probs, target, *, reduction="mean"):
    """-sum_k y_k log p_k for predictions that are probabilities already.

    probs : floats (..., K), distributions over the last axis. target : integer labels (...,)
    or distributions (..., K). Returns the loss in nats: a number, or shape (...,) with
    reduction="none"; inf where truth meets p = 0. Raises ValueError or TypeError, naming the
    argument. With logits use `cross_entropy`: log(softmax(z)) loses what it keeps.
    Reference: Good (1952).
    """
    _checks.as_reduction(reduction)
    p, dtype = _checks.as_distribution("probs", probs)
    y, _ = _as_target(target, p, None)
    with np.errstate(divide="ignore"):
        losses = -(y * np.log(np.where(y > 0, p, 1))).sum(axis=-1) + 0.0
    return _checks.reduce(losses, reduction, losses.size, dtype)


def _as_target(target, z, ignore_index):
    """The target as a distribution (a zero row where ignored), and the labels or None."""
    target, k = np.asarray(target), z.shape[-1]
    if target.shape == z.shape:  # never the shape of labels: those have one axis less
        if ignore_index is not None:
            raise ValueError("ignore_index needs integer labels, got a distribution as target")
        return _checks.as_distribution("target", target)[0].astype(z.dtype), None
    if not (ignore_index is None or isinstance(ignore_index, Integral)):
        raise TypeError(f"ignore_index must be an integer or None, got {ignore_index!r}")
    labels = _checks.as_labels(target, z.shape[:-1], k, ignore_index=ignore_index)
    y = (labels[..., None] == np.arange(k)).astype(z.dtype)
    if ignore_index is not None:
        y[labels == ignore_index] = 0
    return y, labels


def _prepare(logits, target, class_weights, label_smoothing, ignore_index, temperature):
    """Everything checked: z, T, the weighted target y, labels, the mean's divisor, dtype."""
    z, dtype = _checks.as_logits("logits", logits)
    temperature = _checks.number("temperature", temperature, 0, math.inf)
    smoothing = _checks.number("label_smoothing", label_smoothing, 0, 1, ends=True)
    y, labels = _as_target(target, z, ignore_index)
    k = z.shape[-1]
    w = np.ones(k, z.dtype)
    if class_weights is not None:
        w = _checks.as_floats("class_weights", class_weights)[0].astype(z.dtype)
        if w.shape != (k,):
            raise ValueError(f"class_weights must have shape ({k},), got shape {w.shape}")
        _checks.refuse("class_weights", w, ~((w >= 0) & (w < np.inf)), "finite and not negative")
    kept = y.sum(axis=-1, keepdims=True)
    rows = math.prod(z.shape[:-1])
    divisor = rows if labels is None else (y * w).sum(dtype=np.float64)
    if labels is not None:
        z = np.where(kept > 0, z, 0)  # whatever an ignored row holds, nan included
    if smoothing:
        y, labels = (1 - smoothing) * y + smoothing * kept / k, None
    return z, temperature, (y * w).astype(z.dtype), labels, divisor, dtype


def _losses(y, s, rest):
    """Per row -sum_k y_k (s_k - log1p(rest)): two sums of terms >= 0, so nothing cancels."""
    with np.errstate(over="ignore"):
        gap = -(y * np.where(y > 0, s, 0)).sum(axis=-1)
        return gap + y.sum(axis=-1) * np.log1p(rest[..., 0])


def cross_entropy(
    logits,
    target,
    *,
    class_weights=None,
    label_smoothing=0.0,
    ignore_index=None,
    temperature=1.0,
    reduction="mean",
):
    """-sum_k w_k y_k log softmax(logits / T)_k, accurate however confident the logits are.

    logits : floats (..., K); integers become float64, float16 is worked in float32 and
        returned as float16. -inf masks a class: it costs nothing unless the target (or its
        smoothing, which spreads over all K classes) has weight there, then inf. A row with nan
        or +inf, or nothing but -inf, costs nan.
    target : integer labels (...,), or distributions (..., K); one-hot integers are the latter.
    class_weights : (K,), finite, >= 0. label_smoothing : a in [0, 1]; y becomes
        (1 - a) y + a / K, and each class's share takes that class's weight.
    ignore_index : an integer; rows with this label cost 0 and get no gradient, nan or not.
    reduction : "none", "sum", or "mean", which is PyTorch's:
        labels:        sum_n loss_n / sum_n w[label_n] over the rows kept;
        distributions: sum_n loss_n / N, and ignore_index is refused.
    Returns nats: a number, or shape (...,) with "none". A mean over nothing (an empty batch,
    every label ignored, weights all zero) is 0 / 0: nan, as in PyTorch.

    How: loss = log1p(rest) + (top - z_label) / T, where rest is the sum of
    exp((z_k - top) / T) without the largest term. If the label dominates, its own term has been
    taken out and log1p keeps a loss far below 1e-16. A temperature other than 1 costs up to
    |z - top| / T ulp more. Raises ValueError or TypeError, naming the argument, what was given
    and what was wanted. Reference: PyTorch, torch.nn.CrossEntropyLoss.
    """
    _checks.as_reduction(reduction)
    z, t, y, _, divisor, dtype = _prepare(
        logits, target, class_weights, label_smoothing, ignore_index, temperature
    )
    s, _, rest, _ = shifted_terms(z, temperature=t)
    return _checks.reduce(_losses(y, s, rest), reduction, divisor, dtype)


def cross_entropy_with_grad(
    logits,
    target,
    *,
    class_weights=None,
    label_smoothing=0.0,
    ignore_index=None,
    temperature=1.0,
    reduction="mean",
    out=None,
):
    """The loss, and its gradient with respect to the logits, per row (p sum_k y_k - y) / T.

    Arguments, loss and errors as in `cross_entropy`; y includes the class weights. "mean"
    divides the gradient by the mean's divisor; "none" and "sum" do not divide.
    out : an array of the logits' shape and dtype (float64 for integer logits) that receives
    the gradient; it may be the logits, otherwise inputs are never changed.
    Returns (loss, gradient (..., K)). For a label without smoothing its entry is
    -(sum of the others) / total, not p - 1, which would cancel. Reference: Bridle (1990).
    """
    _checks.as_reduction(reduction)
    z, t, y, labels, divisor, dtype = _prepare(
        logits, target, class_weights, label_smoothing, ignore_index, temperature
    )
    if out is not None:
        _check_out(out, z.shape, dtype)
    s, e, rest, _ = shifted_terms(z, temperature=t)
    loss = _checks.reduce(_losses(y, s, rest), reduction, divisor, dtype)
    total, weight = 1 + rest, y.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        if labels is None:
            grad = weight * (e / total) - y
        else:
            index = np.clip(labels, 0, z.shape[-1] - 1)[..., None]  # ignored rows: weight is 0
            np.put_along_axis(e, index, 0, axis=-1)
            np.put_along_axis(e, index, -e.sum(axis=-1, keepdims=True), axis=-1)
            grad = weight * (e / total) + 0.0
        scale = t * divisor if reduction == "mean" else t
        if scale != 1:
            grad /= z.dtype.type(scale)
        grad = grad.astype(dtype, copy=False)
    if out is None:
        return loss, grad
    out[...] = grad
    return loss, out


def _check_out(out, shape, dtype):
    """`out` can take the gradient: an array of that shape and dtype that may be written."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be a NumPy array, got {type(out).__name__}")
    if out.shape != shape or out.dtype != dtype:
        raise ValueError(
            f"out must have shape {shape} and dtype {dtype},"
            f" got shape {out.shape} and dtype {out.dtype}"
        )
    if not out.flags.writeable:
        raise ValueError("out must be writeable, got a read-only array")
