"""Clear errors for bad input: the argument's name, what was given, what was wanted."""

import math
from numbers import Integral, Real

import numpy as np

# Every public function runs under this: what it returns at the limits (inf, nan, 0) is documented,
# so it neither warns nor raises FloatingPointError, whatever the caller has set with np.seterr.
quiet = np.errstate(all="ignore")


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
    """Numbers >= 0 that sum to 1 over `axis` (to 1e-6, or K times half the dtype's eps)."""
    array, dtype = as_logits(name, values, axis=axis)
    refuse(name, array, ~(array >= 0), "numbers of 0 or more")
    total = array.sum(axis=axis, dtype=np.float64)
    eps = float(np.finfo(dtype if dtype.kind == "f" else np.float64).eps)
    off = ~(np.abs(total - 1) <= max(1e-6, array.shape[axis] * eps / 2))
    refuse(f"the sums of {name} over axis {axis}", total, off, "1")
    return array, dtype


def as_target(target, z, ignore_index=None):
    """(distributions of z's shape, None), or (None, labels in [0, K) or ignored)."""
    target, k = np.asarray(target), z.shape[-1]
    if target.shape == z.shape:  # never the shape of labels: those have one axis less
        if ignore_index is not None:
            raise ValueError("ignore_index needs integer labels, got a distribution as target")
        return as_distribution("target", target)[0], None
    if target.shape != z.shape[:-1]:
        raise ValueError(
            f"target must be integer labels of shape {z.shape[:-1]} or a distribution of shape"
            f" {z.shape}, got shape {target.shape}"
        )
    return None, as_labels("target", target, k, ignore_index)


def as_labels(name, labels, n_classes, ignore_index=None):
    """Integer labels, each in [0, n_classes) or equal to `ignore_index`."""
    if not (ignore_index is None or isinstance(ignore_index, Integral)):
        raise TypeError(f"ignore_index must be an integer or None, got {ignore_index!r}")
    if labels.size and labels.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold integer labels, got an array of dtype {labels.dtype}")
    index = labels.astype(np.intp, copy=False)
    # Read without their sign, negative labels are large: one pass finds both kinds. A label
    # alone is read as a Python number, in a third of the time.
    if index.size == 1:
        good = 0 <= index.item() < n_classes
    else:
        good = not index.size or index.view(np.uintp).max() < n_classes
    if not good:
        bad = (labels < 0) | (labels >= n_classes)
        if ignore_index is not None:
            bad &= labels != ignore_index
        refuse(
            f"labels in {name}" if name == "target" else name, labels, bad, f"in [0, {n_classes})"
        )
    return index


def as_weights(values, n_classes):
    """The weights of the classes in float64, finite and not negative."""
    w = as_floats("class_weights", values)[0].astype(np.float64)
    if w.shape != (n_classes,):
        raise ValueError(f"class_weights must have shape ({n_classes},), got shape {w.shape}")
    refuse("class_weights", w, ~((w >= 0) & (w < np.inf)), "finite and not negative")
    return w


def as_out(out, shape, dtype):
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


def refuse(name, array, bad, wanted):
    """Raise ValueError with the first entry of `array` that is bad, and its index."""
    if np.any(bad):
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        value = array[where]
        text = f"{value:g}"
        if float(text) != float(value) and value == value:  # 1.0000005 is not 1
            text = str(value)
        place = f" at index {where}" if where else ""
        raise ValueError(f"{name} must be {wanted}, got {text}{place}")


def number(name, value, low, high, *, ends=False):
    """`value` as a float between `low` and `high`, the ends included or not."""
    good = isinstance(value, Real | np.ndarray) and np.ndim(value) == 0
    if not good or not (low <= value <= high if ends else low < value < high):
        between = f"[{low}, {high}]" if ends else f"({low}, {high})"
        raise ValueError(f"{name} must be a number in {between}, got {value!r}")
    return float(value)


def logarithm(base):
    """The logarithm to a base above 1, as a function of an array; exact at powers of 2 and 10."""
    base = number("base", base, 1, math.inf)
    own = {math.e: np.log, 2: np.log2, 10: np.log10}.get(base)
    return own or (lambda x: np.log(x) / math.log(base))


def as_reduction(reduction):
    """One of the three names of a reduction."""
    if reduction not in ("none", "sum", "mean"):
        raise ValueError(f'reduction must be "none", "sum" or "mean", got {reduction!r}')
    return reduction


def reduce(losses, reduction, divisor, dtype):
    """Apply a reduction; "mean" divides the sum by `divisor`, and 0 / 0 is nan."""
    if reduction == "none":
        return losses.astype(dtype)[()]
    total = losses.sum()
    if reduction == "mean":
        total = total / divisor if divisor else np.nan
    return dtype.type(total)
