"""Cross-entropy, from logits and from probabilities (chapters 2, 4, 5 and 7)."""

import math
import os
import threading

import numpy as np

from ce_lib import _checks
from ce_lib.logits import shifted_terms

# Rows are worked in blocks of at most this many bytes: a block and its exponentials stay in the
# cache, and nothing of the logits' size is made but the gradient.
BLOCK = 2**19
# Where the gradient itself holds the exponentials, larger blocks pay: fewer calls, 8 % in all.
FEWER = 4
# Logits this near 0 are safe: neither exp, nor a sum over 10^6 classes, nor the ratio of two
# such numbers leaves the normal numbers. A block of them needs no shift, which saves a pass
# over memory and the rounding of z - max.
SAFE = {np.dtype(np.float32): 36.0, np.dtype(np.float64): 340.0}
# Shorter rows of float32 are worked in float64. In longer ones the 2.4 ulp of NumPy's float32
# exp average out in the sum, and its speed (twice float64's) pays.
SHORT = 128
# Inputs of up to so many logits are all call overhead: a form with fewer calls saves 18 % there.
SMALL = 1024
# A single row of up to so many logits is worked in Python's own numbers, in half the time.
FEW = 16
ONES, DOUBLE = np.ones(SHORT), np.dtype(np.float64)
# From so many bytes of logits on, a second thread takes half of the blocks: 1.6 to 1.9 times as
# fast on two processors, and two blocks are then below 2 % of the logits' memory.
MANY = 2**26
_asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
_mine = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
THREADS = int(_asked) if _asked.isdigit() else len(_mine)


@_checks.quiet
def cross_entropy_from_probs(probs, target, *, reduction="mean"):
    """-sum_k y_k log p_k for predictions that are probabilities already (equation 2.1).

    probs : floats (..., K), distributions over the last axis. target : integer labels (...,)
    or distributions (..., K). Returns the loss in nats: a number, or shape (...,) with
    reduction="none"; inf where the target has weight on a class with p = 0. Raises ValueError
    or TypeError, naming the argument.

    For logits use `cross_entropy`, which keeps digits that log(softmax(z)) loses.
    Reference: Good (1952).
    """
    _checks.as_reduction(reduction)
    p, dtype = _checks.as_distribution("probs", probs)
    y, labels = _checks.as_target(target, p)
    p = np.minimum(p, 1)  # a sum within the tolerance may leave an entry just above 1
    if labels is not None:
        losses = -np.log(np.take_along_axis(p, labels[..., None], axis=-1)[..., 0])
    else:
        losses = -(y * np.log(np.where(y > 0, p, 1))).sum(axis=-1)
    return _checks.reduce(losses + 0.0, reduction, losses.size, dtype)


@_checks.quiet
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

    logits : floats (..., K); integers become float64, float16 is returned as float16.
        -inf masks a class: it costs nothing unless the target (or its smoothing, which spreads
        over all K classes) has weight there, then inf. A row with nan or +inf, or nothing but
        -inf, costs nan.
    target : integer labels (...,), or distributions (..., K), one-hot integers included.
    class_weights : (K,), finite, >= 0. label_smoothing : a in [0, 1]; y becomes
        (1 - a) y + a / K, and each class's share takes that class's weight.
    ignore_index : an integer; rows with this label cost 0 and get no gradient, nan or not.
    reduction : "none", "sum", or "mean", which is PyTorch's:
        labels:        sum_n loss_n / sum_n w[label_n] over the rows kept;
        distributions: sum_n loss_n / N, and ignore_index is refused.
    Returns nats: a number, or shape (...,) with "none". A mean over nothing (an empty batch,
    every label ignored, weights all zero) is 0 / 0: nan, as in PyTorch.

    How: loss = log1p(rest / e_label), rest being the sum of the other classes' exponentials
    (equation 5.5): no subtraction, so a loss far below 1e-16 keeps its digits. For float32 and
    float64 logits the extra memory is one block of rows. From 64 MB of logits on, two threads
    share the work unless OMP_NUM_THREADS is 1. A temperature other than 1 costs up to
    |z - top| / T ulp more. Raises ValueError or TypeError, naming the argument,
    what was given and what was wanted. Reference: PyTorch, torch.nn.CrossEntropyLoss.
    """
    options = (class_weights, label_smoothing, ignore_index, temperature, reduction)
    return _cross_entropy(logits, target, *options, want_grad=False)[0]


@_checks.quiet
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
    the gradient; it may be the logits themselves. No other input is ever changed.
    Returns (loss, gradient (..., K)). For a label without smoothing its entry is
    -(sum of the others) / total, not p - 1, which would cancel (equations 7.7 and 7.16).
    Reference: Bridle (1990).
    """
    options = (class_weights, label_smoothing, ignore_index, temperature, reduction)
    return _cross_entropy(logits, target, *options, want_grad=True, out=out)


def _cross_entropy(
    logits, target, class_weights, smoothing, ignored, t, reduction, *, want_grad, out=None
):
    """Check everything, work, reduce: (loss, gradient or None)."""
    _checks.as_reduction(reduction)
    z, dtype = _checks.as_logits("logits", logits)
    if type(t) is not float or t != 1:
        t = _checks.number("temperature", t, 0, math.inf)
    if type(smoothing) is not float or smoothing != 0:
        smoothing = _checks.number("label_smoothing", smoothing, 0, 1, ends=True)
    y, labels = _checks.as_target(target, z, ignored)
    shape, k = z.shape, z.shape[-1]
    n = z.size // k
    w = None if class_weights is None else _checks.as_weights(class_weights, k)
    if out is not None:
        _checks.as_out(out, shape, dtype)
        z = z.copy() if out is not logits and np.may_share_memory(out, z) else z
        y = y.copy() if y is not None and np.may_share_memory(out, y) else y
    z, grad = z.reshape(n, k), None
    if want_grad:
        in_place = out is not None and out.flags.c_contiguous
        grad = out.reshape(n, k) if in_place else np.empty((n, k), dtype)

    soft = labels is None or smoothing > 0
    weight, divisor = None, n  # of each row, and in total; None stands for ones
    if labels is not None:
        labels = labels.reshape(n)
        if ignored is not None or w is not None:
            kept = np.ones(n) if ignored is None else labels != ignored
            labels = np.where(kept, labels, 0)
            weight = kept * (1.0 if w is None else w[labels])
            divisor = weight.sum()
    scale = t * divisor if reduction == "mean" else t  # what the gradient is divided by
    row = z.tolist()[0] if n == 1 and k <= FEW and not soft and weight is None and t == 1 else ()
    if row and min(row) > -340 and max(row) < 340:
        losses, row = _one_row(row, labels[0])
        losses = np.array([losses])
        if want_grad:
            grad[0] = row
    elif soft:
        y = labels if y is None else y.reshape(n, k)
        losses = _soft(z, y, None if ignored is None else kept, smoothing, w, t, scale, grad)
    else:
        losses = _labelled(z, labels, weight, t, scale, dtype, grad)
    loss = _checks.reduce(losses.reshape(shape[:-1]), reduction, divisor, dtype)
    if want_grad:
        grad = grad.reshape(shape)
        if out is not None:
            if not in_place:
                out[...] = grad
            grad = out
    return loss, grad


def _labelled(z, labels, weight, t, scale, dtype, grad):
    """Losses of all rows with labels; their gradient goes to grad, if there is one."""
    n, k = z.shape
    work = z.dtype if k >= SHORT else DOUBLE
    in_grad = grad is not None and work == dtype  # where the exponentials have room
    if z.size <= SMALL:
        e = grad if in_grad else np.empty((n, k), work)
        return _label_rows(z, labels, weight, t, scale, e, grad)

    def work_rows(rows, room):
        v = None if weight is None else weight[rows]
        g = None if grad is None else grad[rows]
        return _label_rows(z[rows], labels[rows], v, t, scale, g if in_grad else room, g)

    return _by_blocks(z, work_rows, FEWER, None) if in_grad else _by_blocks(z, work_rows, 1, work)


def _soft(z, y, kept, smoothing, class_weights, t, scale, grad):
    """The same for rows with distributions y (n, K), or with labels y (n,) to be smoothed."""

    def work_rows(rows, room):
        v = _weighted(y[rows], z.shape[1], smoothing, class_weights)
        if kept is not None:
            v[~kept[rows]] = 0
        return _soft_rows(z[rows], v, t, scale, None if grad is None else grad[rows])

    return _by_blocks(z, work_rows, 1, None)


def _by_blocks(z, work_rows, times, work):
    """Losses of all rows, by work_rows(rows, room) for `times` BLOCK bytes of logits at a time.

    room : an array for a block in dtype `work`, used again and again, or None.
    """
    n, k = z.shape
    losses, step = np.empty(n), times * max(1, BLOCK // (k * z.itemsize))

    @_checks.quiet  # a thread does not inherit it
    def some(first, last):
        room = None if work is None else np.empty((min(last - first, step), k), work)
        np.setbufsize(512)  # NumPy copies a broadcast column buffer by buffer: 15 % in all
        for start in range(first, last, step):
            rows = slice(start, min(start + step, last))
            losses[rows] = work_rows(rows, None if room is None else room[: rows.stop - start])

    with np.errstate():  # restores the buffer's size
        if z.nbytes >= MANY and THREADS > 1:
            half = n // step // 2 * step
            _in_two_threads(lambda: some(0, half), lambda: some(half, n))
        else:
            some(0, n)
    return losses


def _in_two_threads(here, there):
    """Run both, one in a second thread; both here if no thread can start (at exit, by a limit)."""
    errors = []

    def watched():
        try:
            there()
        except BaseException as error:  # raised again below, in the caller's thread
            errors.append(error)

    other = threading.Thread(target=watched)
    try:
        other.start()
    except RuntimeError:
        here()
        return there()
    try:
        here()
    finally:
        other.join()
    if errors:
        raise errors[0]


def _weighted(y, k, smoothing, class_weights):
    """Distributions or labels y as rows (n, K) in float64, smoothed, then weighted."""
    v = (y[:, None] == np.arange(k) if y.ndim == 1 else y).astype(np.float64)
    v *= 1 - smoothing
    v += smoothing / k
    if class_weights is not None:
        v *= class_weights
    return v


def _one_row(z, label):
    """The loss of one safe row, a list, and the row of its gradient; nan in, nan out."""
    e = [math.exp(value) for value in z]
    mine, e[label] = e[label], 0.0
    rest = math.fsum(e)
    total = rest + mine
    grad = [value / total for value in e]
    grad[label] = -rest / total
    return math.log1p(rest / mine), grad


def _label_rows(z, labels, weight, t, scale, e, grad):
    """Losses of rows z (n, K) with labels; their gradient / scale goes to grad, if there is one.

    e : (n, K), room for the exponentials; it may be grad, and grad may be z.
    """
    n, k = z.shape
    starts = np.arange(0, n * k, k)
    own = labels + starts
    if t == 1 and _safe(z):
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
            rest = e.dot(ONES[:k]) if k < SHORT else np.add.reduce(e, axis=1)
        losses, total = np.log1p(rest / mine), rest + mine
    elif z.nbytes > BLOCK and n > 1:  # the shift makes copies, and they are to be small
        half = n // 2
        return np.concatenate(
            [
                _label_rows(
                    z[part],
                    labels[part],
                    None if weight is None else weight[part],
                    t,
                    scale,
                    e[part],
                    None if grad is None else grad[part],
                )
                for part in (slice(half), slice(half, n))
            ]
        )
    else:
        s, e, rest, _ = shifted_terms(z.astype(np.float64), temperature=t)
        losses, total = np.log1p(rest[:, 0]) - s.take(own), 1 + rest[:, 0]
        e.put(own, 0)
        rest = e.sum(axis=1)
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


def _soft_rows(z, y, t, scale, grad):
    """The same for weighted distributions y (n, K), in float64."""
    weight = y.sum(axis=1)
    z = np.where(weight[:, None] > 0, z, 0)  # a row without weight may hold anything
    s, e, rest, _ = shifted_terms(z.astype(np.float64), temperature=t)
    gap = -(y * np.where(y > 0, s, 0)).sum(axis=1)  # both sums are of terms >= 0
    if grad is not None:
        e *= weight[:, None] / (1 + rest)
        e -= y
        np.divide(e, scale, out=grad, casting="same_kind")
        grad[weight == 0] = 0
    return gap + weight * np.log1p(rest[:, 0])


def _safe(z):
    """No logit of this block needs a shift; nan is never safe."""
    limit = SAFE.get(z.dtype, 0)
    if z.size <= SMALL:  # the sum of squares bounds them all, in one call instead of two
        return np.vdot(z, z) <= limit * limit
    return z.max() <= limit and z.min() >= -limit
