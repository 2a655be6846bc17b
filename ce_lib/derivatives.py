"""First and second derivatives, and a check of yours (chapters 7 and 8).

What this adds to `naive`: the diagonal keeps its digits, and gradients can be checked.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from ce_lib import _checks
from ce_lib._checks import Floats
from ce_lib.logits import softmax


@_checks.public
def softmax_jacobian(z: ArrayLike) -> Floats:
    """diag(p) - p p^T, the K x K matrix of d p_i / d z_j at each row (equation 7.3).

    z : floats (..., K). Returns (..., K, K): symmetric, rows summing to 0. The diagonal
    p_i (1 - p_i) is the sum of p_i p_j over the others, which keeps its digits when p_i nears 1.
    Raises ValueError for an empty last axis. Reference: Bridle (1990).

    >>> ce.softmax_jacobian([0.0, 0.0])
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])
    """
    logits, dtype, _ = _checks.as_logits("z", z)
    p = softmax(logits)
    jacobian = -p[..., :, None] * p[..., None, :]
    diagonal = np.arange(p.shape[-1])
    jacobian[..., diagonal, diagonal] = 0
    jacobian[..., diagonal, diagonal] = -jacobian.sum(axis=-1)
    answer: Floats = (jacobian + 0.0).astype(dtype)
    return answer


@_checks.public
def cross_entropy_hessian(z: ArrayLike) -> Floats:
    """The second derivative of the loss with respect to the logits, for any target.

    z : floats (..., K). Returns (..., K, K), equal to `softmax_jacobian(z)`, diag(p) - p p^T
    (equation 8.2): the covariance of the class indicator under p, so positive semi-definite
    (equation 8.4). Raises as `softmax_jacobian` does.
    Reference: Boyd and Vandenberghe (2004), section 3.1.5.

    >>> np.linalg.eigvalsh(ce.cross_entropy_hessian([0.0, 0.0]))
    array([0. , 0.5])
    """
    return softmax_jacobian(z)


@_checks.helpful
def check_gradient(f: Callable[[Floats], ArrayLike], grad: ArrayLike, x: ArrayLike) -> float:
    """The largest error of `grad` against central differences of f at x, relative above 1.

    f : function of a float64 array of x's shape, to a number. grad : an array of x's shape.
    x : floats. Each entry's step is cbrt(eps) * max(1, |x|), where truncation and rounding
    balance. Returns max |numeric - grad| / max(1, |numeric|, |grad|): about 1e-10 when right,
    nan where f or grad is. Raises ValueError for a grad of another shape, TypeError for an f that
    returns no number. Reference: Nocedal and Wright (2006), section 8.1.

    >>> x = np.array([1.0, 2.0])
    >>> ce.check_gradient(lambda x: (x**2).sum(), 2 * x, x) < 1e-9
    True
    """
    x = _checks.as_numbers("x", x)[0].astype(np.float64)
    grad = _checks.as_numbers("grad", grad)[0].astype(np.float64)
    if grad.shape != x.shape:
        raise ValueError(f"grad must have x's shape {x.shape}, got shape {grad.shape}")
    errors = [0.0]
    for index in np.ndindex(x.shape):
        h = np.cbrt(np.finfo(float).eps) * max(1.0, abs(x[index]))
        above, below = x.copy(), x.copy()
        with np.errstate(all="ignore"):
            above[index] += h
            below[index] -= h
        high, low = _value(f(above)), _value(f(below))  # under the caller's own np.seterr
        with np.errstate(all="ignore"):
            numeric = (high - low) / ((x[index] + h) - (x[index] - h))
            scale = max(1.0, abs(numeric), abs(grad[index]))
            errors.append(abs(numeric - grad[index]) / scale)
    return float(np.max(errors))


def _value(answer: ArrayLike) -> np.float64:
    """What f returned, a number."""
    array = np.asarray(answer)
    if array.ndim or array.dtype.kind not in "fiub" or np.ma.is_masked(answer):
        raise TypeError(
            f"f must return a number, got {type(answer).__name__} of shape {array.shape}"
        )
    return np.float64(array)
