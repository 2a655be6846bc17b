"""What all public functions share: clear errors for bad input, and silence about the limits."""

import functools
import inspect
import math
import operator
from collections.abc import Callable
from numbers import Real
from typing import Any, ParamSpec, SupportsIndex, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Floats = NDArray[np.floating[Any]]
# One loss, as a NumPy number, or with reduction="none" an array of them.
Losses = np.floating[Any] | Floats
# One number, Python's or NumPy's; an axis and a label are SupportsIndex.
Number = float | np.floating[Any] | np.integer[Any]
P = ParamSpec("P")
R = TypeVar("R")

# What public functions return at the limits (inf, nan, 0) is documented, so none warns or raises
# FloatingPointError, whatever the caller has set with np.seterr.
quiet = np.errstate(all="ignore")
HALF, SINGLE, DOUBLE = (np.dtype(kind) for kind in (np.float16, np.float32, np.float64))
# The names that other libraries give to arguments of ours.
ELSEWHERE = {
    "weight": "class_weights",
    "weights": "class_weights",
    "pos_weight": "class_weights",
    "input": "logits",
    "dim": "axis",
    "labels": "target",
    "smoothing": "label_smoothing",
    "size_average": "reduction",
    "reduce": "reduction",
    "tau": "temperature",
    "linear_weight": "weight",
    "linear_bias": "bias",
}
SYNONYMS = {"logits": ("z", "x", "probs"), "target": ("labels",)}


def public(f: Callable[P, R]) -> Callable[P, R]:
    """A public function: quiet, and helpful about the names of its arguments."""
    quietly = quiet(f)
    return functools.wraps(f)(helpful(quietly))


def helpful(f: Callable[P, R]) -> Callable[P, R]:
    """The same function, which says what it calls an argument that it does not know.

    Of arguments that do not fit, it says which are given by position, and which by name.
    """
    signature = inspect.signature(f)
    names = tuple(signature.parameters)
    by_name = [p.name for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY]
    order = ", ".join(names[: len(names) - len(by_name)]) + " by position"
    order += (" and " + ", ".join(f"{name}=" for name in by_name) + " by name") * bool(by_name)

    @functools.wraps(f)
    def call(*args: P.args, **options: P.kwargs) -> R:
        try:
            return f(*args, **options)
        except TypeError:
            unknown = [name for name in options if name not in names]
            if not unknown:
                try:
                    signature.bind(*args, **options)
                except TypeError as error:
                    raise TypeError(f"{f.__name__} takes {order}: {error}") from None
                raise
        ours = ELSEWHERE.get(unknown[0], unknown[0])
        same = [name for name in (ours, *SYNONYMS.get(ours, ())) if name in names]
        hint = f"here it is called {same[0]}" if same else f"the arguments are {', '.join(names)}"
        raise TypeError(f"{f.__name__} has no argument {unknown[0]}: {hint}")

    return call


def as_array(name: str, values: ArrayLike) -> Array:
    """`values` as a NumPy array, of no subclass."""
    if type(values) is np.ndarray:
        return values
    if isinstance(values, np.ma.MaskedArray) and not values.dtype.names and np.ma.is_masked(values):
        raise TypeError(
            f"{name} must not have masked entries, got {np.ma.getmask(values).sum()} of them:"
            " give them a value with .filled() (a logit of -inf leaves a class out)"
        )
    try:
        return np.asarray(values)
    except Exception as error:  # a ragged list, a tensor on another device or with a gradient
        kind = type(values).__name__
        raise TypeError(f"{name} must be an array of numbers, got {kind}: {error}") from error


def as_numbers(name: str, values: ArrayLike) -> tuple[Array, np.dtype[Any]]:
    """`values` as an array as it is, and the dtype of the answer."""
    array = as_array(name, values)
    dtype = array.dtype
    if dtype is SINGLE or dtype is DOUBLE:
        return array, dtype
    if dtype.kind in "iub":
        return array, DOUBLE
    if dtype.kind != "f" or dtype.itemsize > 8:
        hint = " (convert it to float64, the widest that is worked in)" * (dtype.kind == "f")
        if dtype.kind == "O":
            hint = (
                f" from {type(values).__name__} (if it is sparse, give its .toarray(),"
                " if a table, its .to_numpy(float))"
            )
        raise TypeError(f"{name} must be real numbers, got an array of dtype {dtype}{hint}")
    return array, np.dtype(f"f{dtype.itemsize}")  # in the machine's byte order


def worked(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype that an answer is worked in: float16 in float32."""
    return SINGLE if dtype is HALF else dtype


def as_floats(name: str, values: ArrayLike) -> tuple[Array, np.dtype[Any]]:
    """`values` as an array in the dtype that they are worked in, and the dtype of the answer."""
    array, dtype = as_numbers(name, values)
    return array.astype(worked(dtype), copy=False), dtype


def as_integer(name: str, value: Any) -> int:
    """An integer, Python's or NumPy's."""
    try:
        if not isinstance(value, bool | np.bool_):
            return operator.index(value)
    except TypeError:
        pass
    raise TypeError(f"{name} must be an integer, got {value!r}")


def as_classes(
    name: str, values: ArrayLike, axis: SupportsIndex = -1
) -> tuple[Array, np.dtype[Any], int]:
    """Numbers as they are with at least one class on `axis`, the answer's dtype, the axis >= 0."""
    array, dtype = as_numbers(name, values)
    if type(axis) is not int:
        axis = as_integer("axis", axis)
    n = array.ndim
    if n == 0 or not -n <= axis < n or array.shape[axis] == 0:
        raise ValueError(
            f"{name} must have shape (..., K) with at least one class on axis {axis},"
            f" got shape {array.shape}"
        )
    return array, dtype, axis % n


def as_logits(
    name: str, values: ArrayLike, axis: SupportsIndex = -1
) -> tuple[Array, np.dtype[Any], int]:
    """The same as floats in the dtype that they are worked in."""
    array, dtype, axis = as_classes(name, values, axis)
    return array.astype(worked(dtype), copy=False), dtype, axis


def as_distribution(
    name: str, values: ArrayLike, axis: SupportsIndex = -1
) -> tuple[Array, np.dtype[Any], int]:
    """The same, >= 0 and summing to 1 over `axis` (to 1e-6, or K times half the dtype's eps)."""
    array, dtype, place = as_classes(name, values, axis)
    check_distribution(name, array, dtype, place, axis)
    return array.astype(worked(dtype), copy=False), dtype, place


def check_distribution(
    name: str, array: Array, dtype: np.dtype[Any], place: int, axis: SupportsIndex
) -> None:
    """Raise ValueError if an entry is below 0, or a sum is not 1; with no array of that size."""
    if array.size and not array.min() >= 0:  # nan is not, either
        refuse(name, array, ~(array >= 0), "numbers of 0 or more")
    total = array.sum(axis=place, dtype=np.float64)
    eps = float(np.finfo(dtype).eps)
    near = max(1e-6, array.shape[place] * eps / 2)
    off = ~(np.abs(total - 1) <= near)
    if np.any(off):
        for other in range(array.ndim):
            if np.all(np.abs(array.sum(axis=other, dtype=np.float64) - 1) <= near):
                hint = f" (those over axis {other} are 1: say axis={other})"
                break
        else:
            hint = ""
        refuse(f"the sums of {name} over axis {axis}", total, off, "1", hint)


def as_target(
    target: ArrayLike, z: Array, axis: int, ignore_index: SupportsIndex | None = None
) -> tuple[Array | None, Array | None, Array | None]:
    """(distributions of z's shape, None, None) or (None, labels in [0, K), which are not ignored).

    z has its classes on `axis`; so do the distributions. The last is None if none is ignored.
    """
    array = as_array("target", target)
    if array.shape == z.shape:  # never the shape of labels: those have one axis less
        if ignore_index is not None:
            raise ValueError("ignore_index needs integer labels, got a distribution as target")
        array, dtype = as_numbers("target", array)
        check_distribution("target", array, dtype, axis, axis if axis != z.ndim - 1 else -1)
        return array, None, None
    shape = z.shape[:axis] + z.shape[axis + 1 :]
    if array.shape != shape:
        hint = ""
        if array.shape == z.shape[:1] + z.shape[2:]:
            hint = "; for logits of shape (N, C, ...), as in PyTorch, say axis=1"
        raise ValueError(
            f"target must be integer labels of shape {shape} or a distribution of shape"
            f" {z.shape}, got shape {array.shape}{hint}"
        )
    return None, *as_labels("target", array, z.shape[axis], ignore_index)


def as_labels(
    name: str, labels: Array, n_classes: int, ignore_index: SupportsIndex | None = None
) -> tuple[Array, Array | None]:
    """Labels in [0, n_classes), 0 where they are ignored, and which of them are not.

    They are read in the dtype they have, before they become indices, which are narrower in a
    browser.
    """
    if labels.size and labels.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold integer labels, got an array of dtype {labels.dtype}")
    kept = None
    if ignore_index is not None:
        kept = labels != as_integer("ignore_index", ignore_index)
        labels = np.where(kept, labels, 0)
    if labels.size == 1:  # read as a Python number, in a third of the time
        good = 0 <= labels.item() < n_classes
    elif labels.size:
        if not labels.dtype.isnative:
            labels = labels.astype(labels.dtype.newbyteorder("="))
        # Read without their sign, negative labels are large: one pass finds both kinds.
        signed, bits = labels.dtype.kind == "i", 8 * labels.itemsize
        limit = min(n_classes, 1 << bits - 1) if signed else n_classes
        good = labels.view(f"u{labels.itemsize}").max() < limit
    else:
        good = True
    if not good:
        whose = f"labels in {name}" if name == "target" else name
        hint = f" (ignore_index={labels.min()} leaves such rows out)" * (
            name == "target" and ignore_index is None and int(labels.min()) < 0
        )
        bad = (labels < 0) | (labels >= n_classes)
        refuse(whose, labels, bad, f"in [0, {n_classes})", hint)
    return labels.astype(np.intp, copy=False), kept


def labels_of(name: str, labels: ArrayLike, shape: tuple[int, ...], n_classes: int) -> Array:
    """Labels in [0, n_classes), one for each row of an array whose other axes have this shape."""
    held = as_array(name, labels)
    if held.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got shape {held.shape}")
    return as_labels(name, held, n_classes)[0]


def as_weights(values: ArrayLike, n_classes: int) -> Array:
    """The weights of the classes in float64, finite and not negative."""
    w = as_numbers("class_weights", values)[0].astype(np.float64)
    if w.shape != (n_classes,):
        raise ValueError(f"class_weights must have shape ({n_classes},), got shape {w.shape}")
    if not (w.min() >= 0 and w.max() < np.inf):  # nan is not, either
        refuse("class_weights", w, ~((w >= 0) & (w < np.inf)), "finite and not negative")
    return w


def as_out(out: object, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """`out` as a plain array that can take the gradient: that shape and dtype, and writeable."""
    if not isinstance(out, np.ndarray) or isinstance(out, np.ma.MaskedArray):
        raise TypeError(f"out must be a NumPy array, got {type(out).__name__}")
    if out.shape != shape or out.dtype != dtype:
        raise ValueError(
            f"out must have shape {shape} and dtype {dtype},"
            f" got shape {out.shape} and dtype {out.dtype}"
        )
    if not out.flags.writeable:
        raise ValueError("out must be writeable, got a read-only array")
    room = out.itemsize  # of what lies within a step, from the shortest step to the longest
    for step, n in sorted((abs(step), n) for step, n in zip(out.strides, shape, strict=True)):
        if n > 1 and step < room:
            raise ValueError("out must have room for each entry, got entries that share memory")
        room += step * (n - 1)
    return out.view(np.ndarray)


def refuse(name: str, array: Array, bad: Array, wanted: str, hint: str = "") -> None:
    """Raise ValueError with the first entry of `array` that is bad, and its index."""
    if np.any(bad):
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        value = array[where]
        text = f"{value:g}"
        if float(text) != float(value) and value == value:  # 1.0000005 is not 1
            text = str(value)
        place = f" at index {where}" if where else ""
        raise ValueError(f"{name} must be {wanted}, got {text}{place}{hint}")


def number(name: str, value: Any, low: float, high: float, *, ends: bool = False) -> float:
    """`value` as a float between `low` and `high`, the ends included or not."""
    found = math.nan
    real = isinstance(value, Real) and not isinstance(value, bool)
    if not real and hasattr(value, "__array__"):  # NumPy's, a tensor
        array = as_array(name, value)
        real = array.ndim == 0 and array.dtype.kind in "fiu"
    if real:
        try:
            found = float(value)
        except OverflowError:  # an integer of 400 digits
            found = math.inf
    if not (low <= found <= high if ends else low < found < high):
        between = f"[{low}, {high}]" if ends else f"({low}, {high})"
        raise ValueError(f"{name} must be a number in {between}, got {value!r}")
    return found


def logarithm(base: Number) -> Callable[[Array], Array]:
    """The logarithm to a base above 1, as a function of an array, in float64.

    It is exact at powers of 2 and at float64's nearest numbers to powers of 10; NumPy's log10 is
    not, in float32.
    """
    base = number("base", base, 1, math.inf)
    own: dict[float, Callable[[Any], Any]] = {math.e: np.log, 2: np.log2, 10: np.log10}
    log = own.get(base) or (lambda x: np.log(x) / math.log(base))
    return lambda x: log(x.astype(np.float64, copy=False))


def as_reduction(reduction: str) -> str:
    """One of the three names of a reduction."""
    if not isinstance(reduction, str) or reduction not in ("none", "sum", "mean"):
        raise ValueError(f'reduction must be "none", "sum" or "mean", got {reduction!r}')
    return reduction


def reduce(losses: Array, reduction: str, divisor: float, dtype: np.dtype[Any]) -> Losses:
    """Apply a reduction; "mean" divides the sum by `divisor`, and by 0 it is nan."""
    if reduction == "none":
        answer: Losses = losses.astype(dtype)[()]
        return answer
    total = losses.sum()
    if reduction == "mean":
        total = total / divisor if divisor else np.nan
    answer = dtype.type(total)
    return answer


def reduce_with_grad(
    losses: Array, grad: Array, reduction: str, dtype: np.dtype[Any]
) -> tuple[Losses, Floats]:
    """Apply a reduction over rows to losses (...,) and to their gradients (..., K)."""
    if reduction == "mean" and losses.size:
        grad = grad / losses.size
    return reduce(losses, reduction, losses.size, dtype), grad.astype(dtype)
