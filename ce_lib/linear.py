"""A linear layer and its cross-entropy without storing all N x K logits (chapter 6).

What this adds to `naive`: the logits exist in pieces only, one after the other.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ce_lib import _checks
from ce_lib._checks import Array, Floats, Losses
from ce_lib.loss import cross_entropy, cross_entropy_with_grad

# Bytes of logits held at a time; with the gradient each chunk also rewrites dweight, so its chunks
# are larger.
CHUNK, CHUNK_WITH_GRAD = 20 * 2**20, 96 * 2**20
# With fewer rows than this a matrix product spends its time on reading the weights (a third of it
# at 125 rows), so for the loss alone a chunk has so many rows and is cut between classes.
ROWS = 512
COLUMNS = 4096  # classes of dweight updated at a time: a temporary of COLUMNS x D


@_checks.public
def linear_cross_entropy(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None,
    labels: ArrayLike,
    *,
    reduction: str = "mean",
) -> Losses:
    """`cross_entropy(x @ weight.T + bias, labels)`, some rows and classes at a time.

    x : floats (..., D). weight : (K, D), as in torch.nn.Linear. bias : (K,) or None.
    labels : integers (...,) in [0, K). Returns the loss in nats, reduced as in `cross_entropy`.
    Raises ValueError or TypeError, naming the argument.

    Extra memory: about 20 MB of logits for any N and K; an argument whose dtype is not the
    answer's, or is float16, is copied first. Each piece of a row gives the loss
    l_i = log1p(rest_i) of the label against the piece's other classes, and the rests add up
    (equation 6.5), so large logits do not overflow and small losses keep their digits.
    Reference: Wijmans et al. (2025).

    >>> x, weight = np.ones((2, 3)), np.eye(4, 3)
    >>> ce.linear_cross_entropy(x, weight, None, [0, 3]).round(3)
    np.float64(1.714)
    """
    x, weight, bias, labels, shape, dtype = _prepare(x, weight, bias, labels, reduction)
    columns = min(len(weight), max(1, CHUNK // (ROWS * x.itemsize)))
    step = max(1, CHUNK // (columns * x.itemsize))
    room, losses = np.empty(min(step, len(x)) * columns, x.dtype), np.empty(len(x))
    for start in range(0, len(x), step):
        part, own = x[start : start + step], labels[start : start + step]
        mine = np.einsum("nd,nd->n", part, weight[own]) + (0 if bias is None else bias[own])
        rest, log_rest = np.zeros(len(part)), np.full(len(part), -np.inf)
        for first in range(0, len(weight), columns):
            classes = weight[first : first + columns]
            z = room[: len(part) * len(classes)].reshape(len(part), -1)
            np.matmul(part, classes.T, out=z)
            if bias is not None:
                z += bias[first : first + columns]
            pieces = _pieces(z, mine, own - first)
            rest += sum(map(np.expm1, pieces))
            log_rest = np.logaddexp(log_rest, np.logaddexp(*pieces))
        losses[start : start + step] = np.where(rest == np.inf, log_rest, np.log1p(rest))
    return _checks.reduce(losses.reshape(shape), reduction, len(x), dtype)


@_checks.public
def linear_cross_entropy_with_grad(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None,
    labels: ArrayLike,
    *,
    reduction: str = "mean",
) -> tuple[Losses, tuple[Floats, Floats, Floats | None]]:
    """The same loss, and its gradients (dx, dweight, dbias) in the shapes of their arguments.

    dx = g weight, dweight = g^T x (equation 6.6), dbias = the sum of g's rows, where g is the
    gradient with respect to the logits; dbias is None without a bias. "mean" divides all by N;
    "none" and "sum" do not. Extra memory: about 96 MB of logits beside the gradients.
    Arguments, errors and reference as in `linear_cross_entropy`.

    >>> x, weight = np.ones((2, 3)), np.eye(4, 3)
    >>> loss, (dx, dweight, dbias) = ce.linear_cross_entropy_with_grad(x, weight, None, [0, 3])
    >>> dx.shape, dweight.shape, dbias
    ((2, 3), (4, 3), None)
    """
    x, weight, bias, labels, shape, dtype = _prepare(x, weight, bias, labels, reduction)
    losses, dx, dweight = np.empty(len(x), x.dtype), np.empty_like(x), np.zeros_like(weight)
    into_bias = np.zeros(len(weight), x.dtype)
    divisor = max(len(x), 1) if reduction == "mean" else 1
    for rows, g in _chunks(x, weight, bias, CHUNK_WITH_GRAD):
        losses[rows] = cross_entropy_with_grad(g, labels[rows], reduction="none", out=g)[0]
        np.matmul(g, weight, out=dx[rows])
        dx[rows] /= divisor
        share = x[rows] / x.dtype.type(divisor)  # N x D numbers to divide, where g has N x K
        for k in range(0, len(weight), COLUMNS):
            dweight[k : k + COLUMNS] += g[:, k : k + COLUMNS].T @ share
        into_bias += g.sum(axis=0)
    dbias = None if bias is None else (into_bias / divisor).astype(dtype)
    losses = losses.astype(np.float64).reshape(shape)
    loss = _checks.reduce(losses, reduction, len(x), dtype)
    dx = dx.reshape(*shape, x.shape[1]).astype(dtype, copy=False)
    return loss, (dx, dweight.astype(dtype, copy=False), dbias)


def _prepare(
    x: ArrayLike, weight: ArrayLike, bias: ArrayLike | None, labels: ArrayLike, reduction: str
) -> tuple[Array, Array, Array | None, Array, tuple[int, ...], np.dtype[Any]]:
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
    shape = x.shape[:-1]
    labels = _checks.labels_of("labels", labels, shape, k).reshape(-1)
    dtype = np.result_type(*dtypes)
    work = np.result_type(dtype, np.float32)
    x, weight = x.astype(work, copy=False).reshape(-1, d), weight.astype(work, copy=False)
    return x, weight, None if bias is None else bias.astype(work), labels, shape, dtype


def _chunks(
    x: Array, weight: Array, bias: Array | None, size: int
) -> Iterator[tuple[slice, Array]]:
    """Rows and their logits, `size` bytes at a time, in one array used again and again."""
    step = max(1, size // (len(weight) * x.itemsize))
    room = np.empty((min(step, len(x)), len(weight)), x.dtype)
    for start in range(0, len(x), step):
        rows = slice(start, min(start + step, len(x)))
        logits = np.matmul(x[rows], weight.T, out=room[: rows.stop - start])
        if bias is not None:
            logits += bias
        yield rows, logits


def _pieces(z: Array, mine: Array, at: Array) -> tuple[Array, Array]:
    """Losses of labels against some of their rivals: the classes in z, which is overwritten.

    mine : the labels' logits. at : where they stand in z; outside of it, the first class of z makes
    room, and its share is the second of the two losses returned.
    """
    inside = (at >= 0) & (at < z.shape[1])
    rows, at = np.arange(len(z)), np.where(inside, at, 0)
    displaced = z[rows, at].astype(np.float64)
    z[rows, at] = mine
    losses = np.asarray(cross_entropy(z, at, reduction="none"), np.float64)
    gap = np.where(inside, -np.inf, displaced - mine)
    gap[gap == np.inf] = np.nan  # what a logit of +inf costs
    return losses, np.logaddexp(0, gap)
