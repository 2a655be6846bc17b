"""Clear errors for bad input: the argument's name, what was given, what was wanted."""

import math
from numbers import Real

import numpy as np


def as_floats(name, values):
    """`values` as a float array and the dtype of the answer: float16 is worked in float32."""
    array = np.asarray(values)
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    if array.dtype.kind != "f":
        raise TypeError(f"{name} must be real numbers, got an array of dtype {array.dtype}")
    half = array.dtype == np.float16
    return (array.astype(np.float32) if half else array), array.dtype


def as_logits(name, values, *, axis=-1):
    """Floats with at least one class on `axis`, and the dtype of the answer."""
    array, dtype = as_floats(name, values)
    if array.ndim == 0 or not -array.ndim <= axis < array.ndim or array.shape[axis] == 0:
        raise ValueError(
            f"{name} must have shape (..., K) with at least one class on axis {axis},"
            f" got shape {array.shape}"
        )
    return array, dtype


def as_distribution(name, values, *, axis=-1):
    """Numbers >= 0 that sum to 1 over `axis` (to 1e-6, or 100 eps of a coarser dtype)."""
    array, dtype = as_logits(name, values, axis=axis)
    refuse(name, array, ~(array >= 0), "numbers of 0 or more")
    total = array.sum(axis=axis, dtype=np.float64)
    off = ~(np.abs(total - 1) <= max(1e-6, 100 * float(np.finfo(dtype).eps)))
    refuse(f"the sums of {name} over axis {axis}", total, off, "1")
    return array, dtype


def as_labels(labels, shape, n_classes, *, ignore_index=None):
    """Integer labels of `shape`, each in [0, n_classes) or equal to `ignore_index`."""
    if labels.shape != shape:
        raise ValueError(
            f"target must be integer labels of shape {shape} or a distribution of shape"
            f" {(*shape, n_classes)}, got shape {labels.shape}"
        )
    if labels.size == 0:
        return labels.astype(np.intp)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"target: labels must be integers, got an array of dtype {labels.dtype}")
    bad = (labels < 0) | (labels >= n_classes)
    if ignore_index is not None:
        bad &= labels != ignore_index
    refuse("labels in target", labels, bad, f"in [0, {n_classes})")
    return labels.astype(np.intp)


def refuse(name, array, bad, wanted):
    """Raise ValueError with the first entry of `array` that is bad, and its index."""
    if np.any(bad):
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(f"{name} must be {wanted}, got {array[where]:g} at index {where}")


def number(name, value, low, high, *, ends=False):
    """`value` as a float between `low` and `high`, the ends included or not."""
    good = isinstance(value, Real | np.ndarray) and np.ndim(value) == 0
    if not good or not (low <= value <= high if ends else low < value < high):
        between = f"[{low}, {high}]" if ends else f"({low}, {high})"
        raise ValueError(f"{name} must be a number in {between}, got {value!r}")
    return float(value)


def log_base(base):
    """The natural logarithm of a base above 1."""
    return math.log(number("base", base, 1, math.inf))


def as_reduction(reduction):
    """One of the three names of a reduction."""
    if reduction not in ("none", "sum", "mean"):
        raise ValueError(f'reduction must be "none", "sum" or "mean", got {reduction!r}')
    return reduction


def reduce(losses, reduction, divisor, dtype):
    """Apply a reduction; "mean" divides the sum by `divisor`, and 0 / 0 is nan."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        if reduction != "none":
            losses = losses.sum()
        if reduction == "mean":
            losses = losses / losses.dtype.type(divisor)
        return losses.astype(dtype)[()]
