"""Clear errors for bad input: the argument's name, what was given, what was wanted."""

import numpy as np


def as_floats(name, values):
    """`values` as a float array (integers become float64); refuses complex and objects."""
    array = np.asarray(values)
    if array.dtype.kind in "iub":
        return array.astype(np.float64)
    if array.dtype.kind != "f":
        raise TypeError(f"{name} must be real numbers, got an array of dtype {array.dtype}")
    return array


def as_logits(name, values):
    """Logits: floats with at least one class on the last axis."""
    array = as_floats(name, values)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(
            f"{name} must have shape (..., K) with at least one class, got shape {array.shape}"
        )
    return array


def as_distribution(name, values, *, axis=-1):
    """Probabilities: in [0, 1] and summing to 1 over `axis` (to 1e-6, or the dtype's worth)."""
    array = as_floats(name, values)
    if array.ndim == 0:
        raise ValueError(f"{name} must have at least one axis, got the number {values}")
    if array.size and not (array >= 0).all():
        where = tuple(int(i) for i in np.argwhere(~(array >= 0))[0])
        raise ValueError(f"{name} must not be negative or nan, got {array[where]:g} at index {where}")
    total = array.sum(axis=axis)
    off = np.abs(total - 1) > max(1e-6, 8 * np.finfo(array.dtype).eps)
    if np.any(off):
        raise ValueError(
            f"{name} must sum to 1 over axis {axis}, got {np.atleast_1d(total)[np.atleast_1d(off)][0]:g}"
        )
    return array


def as_labels(labels, shape, n_classes, *, ignore_index=None):
    """Integer labels of `shape`, each in [0, n_classes) or equal to `ignore_index`."""
    if labels.shape != shape:
        raise ValueError(
            f"target must be integer labels of shape {shape} or a distribution of shape"
            f" {(*shape, n_classes)}, got shape {labels.shape}"
        )
    bad = (labels < 0) | (labels >= n_classes)
    if ignore_index is not None:
        bad &= labels != ignore_index
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(f"labels must lie in [0, {n_classes}), got {labels[where]} at index {where}")
    return labels


def positive(name, value):
    """A finite number above zero."""
    if not (np.isscalar(value) and 0 < value < np.inf):
        raise ValueError(f"{name} must be a finite number above 0, got {value!r}")
    return value


def reduce(losses, reduction, divisor):
    """Apply a reduction; "mean" divides the sum by `divisor`."""
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    if reduction == "mean":
        with np.errstate(invalid="ignore", divide="ignore"):
            return losses.sum() / divisor
    raise ValueError(f'reduction must be "none", "sum" or "mean", got {reduction!r}')
