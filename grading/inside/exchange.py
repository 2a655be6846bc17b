"""Plain data between the jail and the grader: one JSON object a line, arrays as raw numbers.

Nothing here runs code that the other side chose: no pickle, no eval, no class by name. Both sides
use `encode` and `decode`; the jail imports this file alone, so it needs nothing but NumPy.
"""

import base64
import math
from collections import deque
from decimal import Decimal
from fractions import Fraction
from json import dumps, loads
from typing import Any, TypedDict

import numpy as np

LARGEST = 4 * 2**20  # bytes of one answer
LINE = 8 * 2**20  # bytes of one frame
DEEPEST = 20  # lists within lists
MOST = LARGEST // 8  # elements of all lists of one answer
GIVES_WAY = "gives way"  # the name of a process that is ended first where memory runs short


class Malformed(ValueError):
    """What arrived is not in the format."""


class Allowed(TypedDict):
    """What the inside is told of the limits: seconds, characters, numbers of rlimits."""

    cell: float
    cells: float
    call: float
    question: float
    shown: int
    uid: int | None
    walls: bool
    rlimits: dict[str, int]


class Other:
    """Stands for an answer that is no plain data; `what` says what it was."""

    def __init__(self, what: str) -> None:
        """Keep the description."""
        self.what = what

    def __repr__(self) -> str:
        """Describe it where a value would stand."""
        return f"<{self.what}>"


def plain(value: Any, depth: int = 0) -> Any:
    """Reduce a value to None, bool, numbers, str, lists, tuples, dicts, arrays or `Other`.

    Arrays and lists are copied, so that what the owner does to them later changes nothing. Kinds of
    lists and tuples (named ones, ranges, deques, views of a dict) become lists and tuples, kinds of
    dicts dicts, and NumPy's scalars stay scalars.
    """
    kind = type(value)
    if value is None or kind in (bool, int, float, complex):
        return value
    if issubclass(kind, str):
        text = str.__str__(value)
        return text if len(text) <= LARGEST else Other(f"a text of {len(text)} characters")
    if depth > DEEPEST:
        return Other(f"lists nested more than {DEEPEST} deep")
    for base in SEQUENCES:
        if issubclass(kind, base):
            if base.__len__(value) > MOST:
                return Other(f"a {kind.__name__} of {base.__len__(value)} elements")
            items = [plain(item, depth + 1) for item in base.__iter__(value)]
            return tuple(items) if base is tuple else items
    if issubclass(kind, dict):
        items = list(dict.items(value))
        if not all(isinstance(key, str) for key, _ in items):
            return Other("a dict with keys that are not text")
        return {str.__str__(key): plain(item, depth + 1) for key, item in items}
    if issubclass(kind, (np.ndarray, np.generic)):
        array = _plain_array(value)
        scalar = issubclass(kind, np.generic) and isinstance(array, np.ndarray)
        return array[()] if scalar else array
    if kind in (Decimal, Fraction):
        try:
            return float(value)
        except (ValueError, OverflowError):  # a signalling nan; more than a float can hold
            return Other(f"a {kind.__name__} that is no float")
    return Other(f"an object of type {str(kind.__name__)[:80]}")


SEQUENCES: tuple[type[Any], ...] = (tuple, list, deque, range, type({}.keys()), type({}.values()))
NUMBERS = (bool, int, float, complex, np.number, np.bool_)


def _plain_array(value: Any) -> Any:
    array = np.asarray(value)
    if array.dtype == object and array.size <= MOST:  # such as np.full(shape, None), filled up
        items = [item.item() if _zero_d(item) else item for item in array.flat]
        if items and all(isinstance(item, NUMBERS) for item in items):
            array = np.array(items).reshape(array.shape)
    if array.nbytes > LARGEST:
        return Other(f"an array of shape {array.shape}, too large to take")
    array = np.array(array, subok=False, order="C")
    if array.dtype.kind == "U" and array.ndim == 0:
        return str(array)
    if array.dtype.kind not in "biufc":
        return Other(f"an array of dtype {array.dtype}")
    if array.dtype.itemsize > (16 if array.dtype.kind == "c" else 8):
        array = array.astype(complex if array.dtype.kind == "c" else float)
    return array.astype(array.dtype.newbyteorder("="), order="C")


def _zero_d(item: object) -> bool:
    return isinstance(item, np.ndarray) and item.ndim == 0 and item.dtype != object


def encode(value: Any) -> Any:
    """Turn plain data into what `json.dumps` takes; arrays and complex numbers are tagged."""
    if isinstance(value, np.ndarray):
        data = base64.b64encode(value.astype(value.dtype.newbyteorder("<")).tobytes()).decode()
        kind = value.dtype.kind + str(value.dtype.itemsize)
        return {"$array": [kind, list(value.shape), data]}
    if isinstance(value, np.generic):
        return {"$scalar": encode(np.asarray(value))["$array"]}
    if isinstance(value, Other):
        return {"$other": value.what}
    if isinstance(value, tuple):
        return {"$tuple": [encode(item) for item in value]}
    if isinstance(value, complex):
        return {"$complex": [value.real, value.imag]}
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 4096:
        return {"$other": f"an integer of {value.bit_length()} bits"}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {"$dict": {key: encode(item) for key, item in value.items()}}
    return value


def decode(value: object) -> Any:
    """Turn parsed JSON from the other side back into plain data, or raise Malformed."""
    try:
        return _decode(value, 0, [0])
    except (OverflowError, RecursionError) as error:
        raise Malformed(str(error)) from None


def _decode(value: object, depth: int, count: list[int]) -> Any:
    count[0] += 1
    if count[0] > MOST + 1:
        raise Malformed(f"more than {MOST} elements")
    if depth > 2 * DEEPEST + 2:
        raise Malformed("nested too deep")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, list):
        return [_decode(item, depth + 1, count) for item in value]
    if not isinstance(value, dict) or len(value) != 1:
        raise Malformed("an object without a tag")
    ((tag, content),) = value.items()
    if tag == "$array":
        return _decode_array(content)
    if tag == "$scalar":
        array = _decode_array(content)
        if array.ndim:
            raise Malformed("a wrong $scalar")
        return array[()]
    if tag == "$tuple" and isinstance(content, list):
        return tuple(_decode(item, depth + 1, count) for item in content)
    if tag == "$other" and isinstance(content, str):
        return Other(
            "".join(one if one.isprintable() else ascii(one)[1:-1] for one in content[:200])
        )
    if tag == "$complex" and isinstance(content, list) and len(content) == 2:
        real, imaginary = content
        if isinstance(real, (int, float)) and isinstance(imaginary, (int, float)):
            return complex(real, imaginary)
    if tag == "$dict" and isinstance(content, dict):
        return {key: _decode(item, depth + 1, count) for key, item in content.items()}
    raise Malformed(f"a wrong {tag[:20]}")


_DTYPES = {
    name: np.dtype(name if name == "b1" else "<" + name)
    for name in (
        "b1",
        "i1",
        "i2",
        "i4",
        "i8",
        "u1",
        "u2",
        "u4",
        "u8",
        "f2",
        "f4",
        "f8",
        "c8",
        "c16",
    )
}


def _decode_array(content: object) -> np.ndarray[Any, Any]:
    match content:
        case [str(kind), [*shape], str(data)] if kind in _DTYPES and len(shape) <= 32:
            pass
        case _:
            raise Malformed("a wrong $array")
    lengths = [length for length in shape if type(length) is int and 0 <= length <= LARGEST]
    if len(lengths) < len(shape):
        raise Malformed("a wrong shape")
    size = math.prod(lengths) * _DTYPES[kind].itemsize
    if size > LARGEST:
        raise Malformed("an array too large")
    try:
        raw = base64.b64decode(data, validate=True)
    except ValueError:
        raise Malformed("an array without its data") from None
    if len(raw) != size:
        raise Malformed("an array whose data do not fit its shape")
    if kind == "b1":
        raw = np.frombuffer(raw, "u1").astype(bool).tobytes()  # a byte of 2 is no boolean
    try:
        return np.frombuffer(raw, _DTYPES[kind]).reshape(lengths).copy()
    except ValueError:  # nothing in it, but lengths whose product is beyond NumPy
        raise Malformed("a wrong shape") from None


def dump(frame: dict[str, Any]) -> bytes:
    """One frame as a line of bytes; its values must have gone through `encode`."""
    return dumps(frame).encode() + b"\n"


def parse(line: bytes | str) -> dict[str, Any]:
    """One line of bytes as a dict, or raise Malformed."""
    try:
        frame = loads(line)
    except (ValueError, RecursionError):
        raise Malformed("not a line of JSON") from None
    if not isinstance(frame, dict):
        raise Malformed("not a JSON object")
    return frame
