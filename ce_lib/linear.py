"""A linear layer and its cross-entropy without ever holding all N x K logits (chapter 6)."""

import numpy as np

from ce_lib import _checks
from ce_lib.loss import cross_entropy, cross_entropy_with_grad

# Bytes of logits held at a time. Fewer rows make poorer matrix products; with the gradient each
# chunk also rewrites dweight, so its chunks are larger.
CHUNK, CHUNK_WITH_GRAD = 24 * 2**20, 96 * 2**20
COLUMNS = 4096  # classes of dweight updated at a time: a temporary of COLUMNS x D


def linear_cross_entropy(x, weight, bias, labels, *, reduction="mean"):
    """`cross_entropy(x @ weight.T + bias, labels)`, a few rows at a time.

    x : floats (..., D). weight : (K, D), as in torch.nn.Linear. bias : (K,) or None.
    labels : integers (...,) in [0, K). Returns the loss in nats, reduced as in `cross_entropy`.
    Raises ValueError or TypeError, naming the argument.

    Extra memory: about 24 MB of logits, or one row of them, however large N is. The losses are
    those of `cross_entropy`, so no logit is too large. Reference: Wijmans et al. (2025).
    """
    x, weight, bias, labels, shape, dtype = _prepare(x, weight, bias, labels, reduction)
    losses = np.empty(len(x), x.dtype)
    for rows, logits in _chunks(x, weight, bias, CHUNK):
        losses[rows] = cross_entropy(logits, labels[rows], reduction="none")
    losses = losses.astype(np.float64).reshape(shape)
    return _checks.reduce(losses, reduction, len(x), dtype)


def linear_cross_entropy_with_grad(x, weight, bias, labels, *, reduction="mean"):
    """The same loss, and its gradients (dx, dweight, dbias) in the shapes of their arguments.

    dx = g weight, dweight = g^T x (equation 6.6), dbias = the sum of g's rows, where g is the
    gradient with respect to the logits; dbias is None without a bias. "mean" divides all by N;
    "none" and "sum" do not. Extra memory: about 96 MB of logits beside the gradients.
    Arguments, errors and reference as in `linear_cross_entropy`.
    """
    x, weight, bias, labels, shape, dtype = _prepare(x, weight, bias, labels, reduction)
    losses, dx, dweight = np.empty(len(x), x.dtype), np.empty_like(x), np.zeros_like(weight)
    dbias = np.zeros(len(weight), x.dtype)
    divisor = max(len(x), 1) if reduction == "mean" else 1
    for rows, g in _chunks(x, weight, bias, CHUNK_WITH_GRAD):
        losses[rows] = cross_entropy_with_grad(g, labels[rows], reduction="none", out=g)[0]
        np.matmul(g, weight, out=dx[rows])
        dx[rows] /= divisor
        share = x[rows] / x.dtype.type(divisor)  # N x D numbers to divide, where g has N x K
        for k in range(0, len(weight), COLUMNS):
            dweight[k : k + COLUMNS] += g[:, k : k + COLUMNS].T @ share
        dbias += g.sum(axis=0)
    dbias = None if bias is None else (dbias / divisor).astype(dtype)
    losses = losses.astype(np.float64).reshape(shape)
    loss = _checks.reduce(losses, reduction, len(x), dtype)
    gradients = dx.reshape(*shape, -1).astype(dtype, copy=False), dweight.astype(dtype, copy=False)
    return loss, (*gradients, dbias)


def _prepare(x, weight, bias, labels, reduction):
    """Everything checked, in one dtype and with x as (N, D); the losses' shape, their dtype."""
    _checks.as_reduction(reduction)
    x, x_dtype = _checks.as_floats("x", x)
    weight, w_dtype = _checks.as_floats("weight", weight)
    if weight.ndim != 2 or 0 in weight.shape:
        raise ValueError(f"weight must have shape (K, D) with K, D > 0, got shape {weight.shape}")
    k, d = weight.shape
    if x.ndim == 0 or x.shape[-1] != d:
        raise ValueError(f"x must have shape (..., {d}), got shape {x.shape}")
    dtypes = [x_dtype, w_dtype]
    if bias is not None:
        bias, b_dtype = _checks.as_floats("bias", bias)
        dtypes.append(b_dtype)
        if bias.shape != (k,):
            raise ValueError(f"bias must have shape ({k},), got shape {bias.shape}")
    labels, shape = np.asarray(labels), x.shape[:-1]
    if labels.shape != shape:
        raise ValueError(f"labels must have shape {shape}, got shape {labels.shape}")
    labels = _checks.as_labels("labels", labels, k).reshape(-1)
    dtype = np.result_type(*dtypes)
    work = np.result_type(dtype, np.float32)
    x, weight = x.astype(work, copy=False).reshape(-1, d), weight.astype(work, copy=False)
    return x, weight, None if bias is None else bias.astype(work), labels, shape, dtype


def _chunks(x, weight, bias, size):
    """Rows and their logits, `size` bytes at a time, in one array used again and again."""
    step = max(1, size // (len(weight) * x.itemsize))
    room = np.empty((min(step, len(x)), len(weight)), x.dtype)
    for start in range(0, len(x), step):
        rows = slice(start, min(start + step, len(x)))
        logits = np.matmul(x[rows], weight.T, out=room[: rows.stop - start])
        if bias is not None:
            logits += bias
        yield rows, logits
