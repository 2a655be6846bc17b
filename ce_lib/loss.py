"""Cross-entropy, from logits and from probabilities (chapters 2, 4, 5 and 7).

What this adds to `naive`: small losses keep their digits, and rows are worked in blocks that stay
in the cache, so that nothing of the logits' size is made but the gradient.
"""

import math
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike

from ce_lib import _checks
from ce_lib._checks import Array, Floats, Losses, Number
from ce_lib.logits import shifted

# Rows are worked in blocks of at most this many bytes, or one row: a block and its exponentials
# stay in the cache, and nothing of the logits' size is made but the gradient.
BLOCK = 2**19
# Where the gradient itself holds the exponentials, larger blocks pay: fewer calls, 8 % in all.
FEWER = 4
# Logits this near 0 are safe: neither exp, nor a sum over 10^6 classes, nor the ratio of two
# such numbers leaves the normal numbers. A block of them needs no shift, which saves a pass
# over memory and the rounding of z - max.
SAFE = {np.dtype(np.float32): 36.0, np.dtype(np.float64): 340.0}
# Weights further than this from the number that the gradient is divided by need the shift, too:
# their products with the sums of safe exponentials might leave float32.
FAR = 1e15
# With the shift, a row is worked in parts of at most so many classes (1 MB of float64).
PART = 2**17
# Shorter rows of float32 are worked in float64. In longer ones the 2.4 ulp of NumPy's float32
# exp average out in the sum, and its speed (twice float64's) pays: a fifth at 256 rows of 100.
SHORT = 64
# Up to so many exponentials are added in float64 by a product, which is exact to float32 and,
# copy included, quicker than adding them in float32.
FLAT = 128
# Up to so many logits are one block, worked without the machinery for several: 25 % at 256 × 64,
# 8 % at 1,024 × 100. It takes at most 1 MB.
ONE_BLOCK = 2**17
# Inputs of up to so many logits are all call overhead: a check in one call saves 8 to 11 % there.
SMALL = 1024
# A single row of up to so many logits is worked in Python's own numbers, in half the time.
FEW = 16
ONES, DOUBLE = np.ones(FLAT), np.dtype(np.float64)
# From so many bytes of logits on, a second thread takes half of the blocks: 1.6 to 1.9 times as
# fast on two processors, and two blocks are then below 2 % of the logits' memory.
MANY = 2**26
Index = tuple[int | slice, ...]
_asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
_mine = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
THREADS = int(_asked) if _asked.isdigit() else len(_mine)


@_checks.public
def cross_entropy_from_probs(
    probs: ArrayLike, target: ArrayLike, *, axis: SupportsIndex = -1, reduction: str = "mean"
) -> Losses:
    """-sum_k y_k log p_k for predictions that are probabilities already (equation 2.1).

    probs : floats (..., K), distributions over `axis`. target : integer labels (...,)
    or distributions (..., K). Returns the loss in nats: a number, or shape (...,) with
    reduction="none"; inf where the target has weight on a class with p = 0. Raises ValueError
    or TypeError, naming the argument.

    For logits use `cross_entropy`, which keeps digits that log(softmax(z)) loses.
    Reference: Good (1952).

    >>> ce.cross_entropy_from_probs([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], [0, 1]).round(3)
    np.float64(0.29)
    """
    _checks.as_reduction(reduction)
    p, dtype, axis = _checks.as_distribution("probs", probs, axis)
    y, labels, _ = _checks.as_target(target, p, axis)
    p = np.minimum(p, 1)  # a sum within the tolerance may leave an entry just above 1
    if labels is not None:
        index = np.expand_dims(labels, axis)
        losses: Array = -np.log(np.take_along_axis(p, index, axis=axis).squeeze(axis))
    else:
        assert y is not None
        losses = -(y * np.log(np.where(y > 0, p, 1))).sum(axis=axis)
    return _checks.reduce(losses + 0.0, reduction, losses.size, dtype)


@_checks.public
def cross_entropy(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    axis: SupportsIndex = -1,
    class_weights: ArrayLike | None = None,
    label_smoothing: Number = 0.0,
    ignore_index: SupportsIndex | None = None,
    temperature: Number = 1.0,
    reduction: str = "mean",
) -> Losses:
    """-sum_k w_k y_k log softmax(logits / T)_k, accurate however confident the logits are.

    logits : floats (..., K); integers become float64, float16 is returned as float16.
        -inf masks a class: it costs nothing unless the target (or its smoothing, which spreads
        over all K classes) has weight there, then inf. A row with nan or +inf, or nothing but
        -inf, costs nan.
    target : integer labels (...,), or distributions (..., K), one-hot integers included.
    axis : where the classes are, in the logits and in distributions; 1 for PyTorch's (N, C, ...).
    class_weights : (K,), finite, >= 0. label_smoothing : a in [0, 1]; y becomes
        (1 - a) y + a / K, and each class's share takes that class's weight.
    ignore_index : an integer; rows with this label cost 0 and get no gradient, nan or not.
    reduction : "none", "sum", or "mean", which is PyTorch's:
        labels:        sum_n loss_n / sum_n w[label_n] over the rows kept;
        distributions: sum_n loss_n / N, and ignore_index is refused.
    Returns nats: a number, or shape (...,) with "none". A mean that would divide by 0 (an empty
    batch, every label ignored or of weight 0) is nan, and its gradient is 0 everywhere.

    How: loss = log1p(rest / e_label), rest being the sum of the other classes' exponentials
    (equation 5.5): no subtraction, so a loss far below 1e-16 keeps its digits. Whatever the
    logits' and target's dtype and layout, the extra memory is a few MB and a few numbers for each
    row. From 64 MB of logits on, two threads share the work unless OMP_NUM_THREADS is 1. A
    temperature other than 1 costs up to |z - top| / T ulp more; a logit more than 1.8e308 below the
    top counts as -inf at any T. Raises ValueError or TypeError, naming the argument, what was given
    and what was wanted. Reference: PyTorch, torch.nn.CrossEntropyLoss.

    >>> ce.cross_entropy([[2.0, 1.0, 0.1], [0.3, 0.2, 0.5]], [0, 2]).round(3)
    np.float64(0.678)
    >>> print(f"{ce.cross_entropy([0.0, -40.0], 0):.3e}")  # a small loss keeps its digits
    4.248e-18
    """
    options = (axis, class_weights, label_smoothing, ignore_index, temperature, reduction)
    return _cross_entropy(logits, target, *options, want_grad=False)[0]


@_checks.public
def cross_entropy_with_grad(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    axis: SupportsIndex = -1,
    class_weights: ArrayLike | None = None,
    label_smoothing: Number = 0.0,
    ignore_index: SupportsIndex | None = None,
    temperature: Number = 1.0,
    reduction: str = "mean",
    out: Floats | None = None,
) -> tuple[Losses, Floats]:
    """The loss, and its gradient with respect to the logits, per row (p sum_k y_k - y) / T.

    Arguments, loss and errors as in `cross_entropy`; y includes the class weights. "mean"
    divides the gradient by the mean's divisor; "none" and "sum" do not divide. Rows without weight
    get 0.
    out : an array of the logits' shape and dtype (float64 for integer logits) that receives
    the gradient; it may be the logits themselves. Everything is checked before it is written to.
    No other input is ever changed.
    Returns (loss, gradient (..., K)). For a label without smoothing its entry is
    -(sum of the others) / total, not p - 1, which would cancel (equations 7.7 and 7.16).
    Reference: Bridle (1990).

    >>> loss, grad = ce.cross_entropy_with_grad([2.0, 1.0, 0.1], 0)
    >>> grad.round(3)
    array([-0.341,  0.242,  0.099])
    """
    options = (axis, class_weights, label_smoothing, ignore_index, temperature, reduction)
    loss, grad = _cross_entropy(logits, target, *options, want_grad=True, out=out)
    assert grad is not None
    return loss, grad


def _cross_entropy(
    logits: ArrayLike,
    target: ArrayLike,
    axis: SupportsIndex,
    class_weights: ArrayLike | None,
    smoothing: Number,
    ignored: SupportsIndex | None,
    t: Number,
    reduction: str,
    *,
    want_grad: bool,
    out: Array | None = None,
) -> tuple[Losses, Floats | None]:
    """Check everything, work, reduce: (loss, gradient or None)."""
    _checks.as_reduction(reduction)
    z, dtype, axis = _checks.as_classes("logits", logits, axis)
    if type(t) is not float or t != 1:
        t = _checks.number("temperature", t, 0, math.inf)
    if type(smoothing) is not float or smoothing != 0:
        smoothing = _checks.number("label_smoothing", smoothing, 0, 1, ends=True)
    y, labels, kept = _checks.as_target(target, z, axis, ignored)
    shape, k = z.shape, z.shape[axis]
    n = z.size // k
    w = None if class_weights is None else _checks.as_weights(class_weights, k)
    grad: Array | None = None
    if out is not None:
        grad = _checks.as_out(out, shape, dtype)
        z, y, labels = (_apart(array, grad) for array in (z, y, labels))
    elif want_grad:
        grad = np.empty(shape, dtype)
    answer = out if out is not None else grad
    if axis != len(shape) - 1:
        z = np.moveaxis(z, axis, -1)
        y = None if y is None else np.moveaxis(y, axis, -1)
        grad = None if grad is None else np.moveaxis(grad, axis, -1)
        shape = z.shape
    if len(shape) == 1 or (len(shape) > 2 and (n == 1 or _in_order(z, y, grad))):
        z = z.reshape(n, k)
        y = None if y is None else y.reshape(n, k)
        grad = None if grad is None else grad.reshape(n, k)

    soft = labels is None or smoothing > 0
    weight, divisor = None, float(n)  # of each row, and in total; None stands for ones
    if labels is not None:
        labels = labels.reshape(n)
        if kept is not None or w is not None:
            weight = np.ones(n) if w is None else w[labels]
            if kept is not None:
                kept = kept.reshape(n)
                weight *= kept
            if w is not None and reduction == "mean":  # no sum is then 0 or inf by rounding
                up = -np.frexp(weight.max(initial=0))[1]
                if smoothing:  # here the other classes' weights count, too
                    up = min(up, 1023 - np.frexp(w.max())[1])
                weight, w = np.ldexp(weight, up), np.ldexp(w, up)
            divisor = weight.sum()
    scale = t * (divisor or 1) if reduction == "mean" else t  # what the gradient is divided by
    row = z.tolist()[0] if n == 1 and k <= FEW and not soft and weight is None and t == 1 else ()
    if labels is not None and row and min(row) > -340 and max(row) < 340:
        loss, row = _one_row(row, labels[0])
        losses = np.array([loss])
        if grad is not None:
            grad[...] = row
    elif soft or labels is None:
        y = labels if y is None else y
        assert y is not None
        losses = _soft(z, y, kept, smoothing, w, t, scale, dtype, grad)
    else:
        far = False
        if w is not None:
            least = w.min() or w[w > 0].min(initial=scale)
            far = bool(least * FAR < scale or w.max() > scale * FAR)
        losses = _labelled(z, labels, weight, far, t, scale, dtype, grad)
    if grad is not None and reduction == "mean" and divisor == 0:
        grad[...] = 0
    return _checks.reduce(losses.reshape(shape[:-1]), reduction, divisor, dtype), answer


def _apart(array: Any, out: Array) -> Any:
    """The array, or a copy if it shares memory with `out` other than entry by entry."""
    if array is None or not np.may_share_memory(array, out):
        return array
    place, other = ((a.shape, a.strides, a.itemsize, a.ctypes.data) for a in (array, out))
    return array if place == other else array.copy()


def _in_order(*arrays: Array | None) -> bool:
    """All of them can be read as rows without a copy."""
    return all(a is None or a.flags.c_contiguous for a in arrays)


def _labelled(
    z: Array,
    labels: Array,
    weight: Array | None,
    far: bool,
    t: float,
    scale: float,
    dtype: np.dtype[Any],
    grad: Array | None,
) -> Array:
    """Losses of all rows with labels; their gradient goes to grad, if there is one.

    far : some weights are further than FAR from `scale`.
    """
    k, own = z.shape[-1], _checks.worked(dtype)
    work = own if k >= SHORT else DOUBLE
    in_grad = grad is not None and work == dtype  # where the exponentials have room
    if (
        z.size <= ONE_BLOCK
        and z.ndim == 2
        and not far
        and (grad is None or grad.flags.c_contiguous)
    ):
        e = grad if in_grad else np.empty(z.shape, work)
        z = z if z.dtype is own and z.flags.c_contiguous else np.ascontiguousarray(z, own)
        return _label_rows(z, labels, weight, t, scale, e, grad)

    def work_rows(index: Index, rows: slice, block: Array, into: Array | None) -> Array:
        v = None if weight is None else weight[rows]
        if far:
            return _shifted_label_rows(block, labels[rows], v, t, scale, into)
        e = into if in_grad else None if k > PART else np.empty(block.shape, work)
        return _label_rows(block, labels[rows], v, t, scale, e, into)

    step = max(1, (FEWER if in_grad else 1) * BLOCK // (k * own.itemsize))
    return _by_blocks(z, own, step, work_rows, grad)


def _soft(
    z: Array,
    y: Array,
    kept: Array | None,
    smoothing: float,
    class_weights: Array | None,
    t: float,
    scale: float,
    dtype: np.dtype[Any],
    grad: Array | None,
) -> Array:
    """The same for rows with distributions y (..., K), or with labels y (n,) to be smoothed."""
    k = z.shape[-1]

    def work_rows(index: Index, rows: slice, block: Array, into: Array | None) -> Array:
        part = y[rows] if y.ndim == 1 else y[index].reshape(-1, k)
        keep = None if kept is None else kept[rows]
        return _soft_rows(block, part, keep, smoothing, class_weights, t, scale, into)

    step = max(1, BLOCK // (k * DOUBLE.itemsize))
    return _by_blocks(z, _checks.worked(dtype), step, work_rows, grad)


def _by_blocks(
    z: Array,
    own: np.dtype[Any],
    step: int,
    work_rows: Callable[[Index, slice, Array, Array | None], Array],
    grad: Array | None,
) -> Array:
    """Losses of all rows, by work_rows(index, rows, block, into) for `step` rows at a time.

    index : where the block stands in z and grad (..., K). rows : where among all rows.
    block : the logits (n, K) in dtype `own`, or a long row as it is.
    into : (n, K), which receives the gradient, or None.
    """
    k = z.shape[-1]
    blocks = list(_blocks(z.shape[:-1], 1 if k > PART else step))
    losses = np.empty(z.size // k)

    def some(blocks: list[tuple[Index, slice]]) -> None:
        # A thread inherits neither this nor the buffer's size, which the end restores.
        with np.errstate(all="ignore"):
            np.setbufsize(512)  # NumPy copies a broadcast column buffer by buffer: 15 % in all
            for index, rows in blocks:
                block = z[index] if k > PART else np.ascontiguousarray(z[index], own)
                place = into = None if grad is None else grad[index]
                if place is not None and not place.flags.c_contiguous:
                    into = np.empty(place.shape, place.dtype)
                if block.ndim == 2:
                    losses[rows] = work_rows(index, rows, block, into)
                else:
                    flat = None if into is None else into.reshape(-1, k)
                    losses[rows] = work_rows(index, rows, block.reshape(-1, k), flat)
                if place is not None and into is not place:
                    place[...] = into

    if z.size * own.itemsize >= MANY and THREADS > 1:
        half = len(blocks) // 2
        _in_two_threads(lambda: some(blocks[:half]), lambda: some(blocks[half:]))
    else:
        some(blocks)
    return losses


def _blocks(shape: tuple[int, ...], step: int) -> Iterator[tuple[Index, slice]]:
    """Cut an array of that shape into blocks of at most `step` entries.

    Yields each block's index, and where its entries stand among all of them, in C order.
    """
    inner = math.prod(shape[1:])
    if inner > step:
        for i in range(shape[0]):
            for index, rows in _blocks(shape[1:], step):
                yield (i, *index), slice(i * inner + rows.start, i * inner + rows.stop)
    elif inner:
        for first in range(0, shape[0], step // inner):
            last = min(first + step // inner, shape[0])
            yield (slice(first, last),), slice(first * inner, last * inner)


def _in_two_threads(here: Callable[[], None], there: Callable[[], None]) -> None:
    """Run both, one in a second thread; both here if no thread can start (at exit, by a limit)."""
    errors: list[BaseException] = []

    def watched() -> None:
        try:
            there()
        except BaseException as error:  # raised again below, in the caller's thread
            errors.append(error)

    other = threading.Thread(target=watched)
    try:
        other.start()
    except RuntimeError:
        here()
        there()
        return
    try:
        here()
    finally:
        other.join()
    if errors:
        raise errors[0]


def _one_row(z: list[float], label: int) -> tuple[float, list[float]]:
    """The loss of one safe row, a list, and the row of its gradient; nan in, nan out."""
    e = [math.exp(value) for value in z]
    mine, e[label] = e[label], 0.0
    rest = math.fsum(e)
    total = rest + mine
    grad = [value / total for value in e]
    grad[label] = -rest / total
    return math.log1p(rest / mine), grad


def _label_rows(
    z: Array,
    labels: Array,
    weight: Array | None,
    t: float,
    scale: Any,
    e: Any,
    grad: Array | None,
) -> Array:
    """Losses of rows z (n, K) with labels; their gradient / scale goes to grad, if there is one.

    e : (n, K), room for the exponentials, if K is at most PART or there is a gradient; it may be
    grad, and grad may be z.
    """
    if not (t == 1 and _safe(z)):
        return _shifted_label_rows(z, labels, weight, t, scale, grad)
    own, mine, rest = _exponentials(z, labels, e)
    total: Array = rest + mine
    losses: Array = np.log1p(rest / mine)
    if weight is not None:
        losses = np.where(weight > 0, losses * weight, 0)
        scale = scale / weight  # a weight of 0: divided by infinity
    if grad is not None:
        e.put(own, 0.0 - rest)
        total *= scale
        each = total.astype(e.dtype, copy=False)[:, None]
        np.divide(e, each, out=grad, casting="same_kind")
        if weight is not None:
            grad[weight == 0] = 0
    return losses


def _exponentials(z: Array, labels: Array, e: Any) -> tuple[Array, Array, Array]:
    """Fill e with exp(z), 0 for the labels; the labels' places, their exponentials, e's sums."""
    n, k = z.shape
    starts = np.arange(0, n * k, k)
    own = labels + starts
    if k > PART:
        return own, *_exponentials_of_one(z[0], labels[0], e)
    mine = None if e.dtype == np.float64 else np.exp(z.take(own), dtype=np.float64)
    np.exp(z, out=e, dtype=e.dtype)  # e may be z
    mine = e.take(own) if mine is None else mine
    e.put(own, 0)
    if z.dtype == np.float64:  # a dominant term would be rounded with each of the others
        top = e.argmax(axis=1) + starts
        largest = e.take(top)
        e.put(top, 0)
        rest = np.add.reduce(e, axis=1) + largest
        e.put(top, largest)
    else:
        rest = e.astype(DOUBLE, copy=False).dot(ONES[:k]) if k <= FLAT else np.add.reduce(e, axis=1)
    return own, mine, rest


def _exponentials_of_one(z: Array, label: int, e: Any) -> tuple[Array, Array]:
    """The same for a long row z (K,), PART classes at a time; e (1, K) or None."""
    mine, sums = np.exp(z[[label]], dtype=np.float64), []
    for first in range(0, len(z), PART):
        some = np.exp(
            z[first : first + PART], out=None if e is None else e[0, first : first + PART]
        )
        if 0 <= label - first < PART:
            some[label - first] = 0
        top = some.argmax()
        largest = some[top]
        some[top] = 0
        sums += [float(np.add.reduce(some)), float(largest)]
        some[top] = largest
    return mine, np.array([math.fsum(sums)])


def _shifted_label_rows(
    z: Array, labels: Array, weight: Array | None, t: float, scale: Any, grad: Array | None
) -> Array:
    """The same for logits of any size, in float64, PART of them at a time."""
    n, k = z.shape
    if z.size > PART and n > 1:  # the shift makes copies, and they are to be small
        halves = []
        for part in (slice(n // 2), slice(n // 2, n)):
            v, g = (None if a is None else a[part] for a in (weight, grad))
            halves.append(_shifted_label_rows(z[part], labels[part], v, t, scale, g))
        return np.concatenate(halves)
    top, base = _largest(z)
    rest, others, mine = np.zeros(n), np.zeros(n), np.zeros(n)
    for first in range(0, k, PART):
        s, e = shifted(z[:, first : first + PART].astype(np.float64), base, t)
        own = s.take(_place(labels - first, e))
        mine = own if own.size else mine
        rest += _without(e, top - first)
        others += _without(e, labels - first)
    rest[np.isnan(base[:, 0])] = np.nan
    losses = np.log1p(rest) - mine
    if weight is not None:
        losses = np.where(weight > 0, losses * weight, 0)
        scale = scale / weight
    if grad is not None:
        total = (1 + rest) * scale
        for first in range(0, k, PART):
            if k > PART:
                _, e = shifted(z[:, first : first + PART].astype(np.float64), base, t)
            e.put(_place(labels - first, e), 0.0 - others)
            np.divide(e, total[:, None], out=grad[:, first : first + PART], casting="same_kind")
        if weight is not None:
            grad[weight == 0] = 0
    return losses


def _soft_rows(
    z: Array,
    y: Array,
    kept: Array | None,
    smoothing: float,
    class_weights: Array | None,
    t: float,
    scale: float,
    grad: Array | None,
) -> Array:
    """The same for distributions y (n, K) or labels y (n,), smoothed and weighted."""
    n, k = z.shape
    top, base = _largest(z)
    weight, gap, rest = np.zeros(n), np.zeros(n), np.zeros(n)
    for first in range(0, k, PART):
        s, e = shifted(z[:, first : first + PART].astype(np.float64), base, t)
        v = _weighted(y, k, first, kept, smoothing, class_weights)
        weight += v.sum(axis=1)
        gap -= (v * np.where(v > 0, s, 0)).sum(axis=1)  # both sums are of terms >= 0
        rest += _without(e, top - first)
    rest[np.isnan(base[:, 0])] = np.nan
    if grad is not None:
        for first in range(0, k, PART):
            if k > PART:
                _, e = shifted(z[:, first : first + PART].astype(np.float64), base, t)
                v = _weighted(y, k, first, kept, smoothing, class_weights)
            e *= (weight / (1 + rest))[:, None]
            e -= v
            np.divide(e, scale, out=grad[:, first : first + PART], casting="same_kind")
        grad[weight == 0] = 0
    losses: Array = np.where(weight > 0, gap + weight * np.log1p(rest), 0)
    return losses  # a row without weight may hold anything


def _weighted(
    y: Array,
    k: int,
    first: int,
    kept: Array | None,
    smoothing: float,
    class_weights: Array | None,
) -> Array:
    """Distributions or labels y as rows in float64, smoothed, then weighted: PART classes."""
    part = slice(first, min(first + PART, k))
    v = y[:, None] == np.arange(part.start, part.stop) if y.ndim == 1 else y[:, part]
    v = v.astype(np.float64)
    v *= 1 - smoothing
    v += smoothing / k
    if class_weights is not None:
        v *= class_weights[part]
    if kept is not None:
        v[~kept] = 0
    return v


def _largest(z: Array) -> tuple[Array, Array]:
    """Where the largest logit of each row is, and its value as a column; nan if not finite."""
    top = z.argmax(axis=1)
    base = np.take_along_axis(z, top[:, None], axis=1).astype(np.float64)
    return top, np.where(np.isfinite(base), base, np.nan)


def _place(at: Array, e: Array) -> Array:
    """The flat index of each row's column `at` in e; of none if e is a part without it."""
    n, k = e.shape
    return at + np.arange(0, n * k, k) if n > 1 else at[(at >= 0) & (at < k)]


def _without(e: Array, at: Array) -> Array:
    """The sums of e's rows without the column `at`."""
    place = _place(at, e)
    kept = e.take(place)
    e.put(place, 0)
    total: Array = e.sum(axis=1)
    e.put(place, kept)
    return total


def _safe(z: Array) -> bool:
    """No logit of this block needs a shift; nan is never safe."""
    if z.dtype not in SAFE:  # float16, and foreign byte orders, left as they are in a long row
        return False
    limit = SAFE[z.dtype]
    if z.size <= SMALL:  # the sum of squares bounds them all, in one call instead of two
        return bool(np.vdot(z, z) <= limit * limit)
    return bool(z.max() <= limit and z.min() >= -limit)
