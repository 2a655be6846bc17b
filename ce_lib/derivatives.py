"""First and second derivatives, and a check of yours (chapters 7 and 8)."""

import numpy as np

from ce_lib import _checks
from ce_lib.logits import softmax


@_checks.quiet
def softmax_jacobian(z):
    """diag(p) - p p^T, the K x K matrix of d p_i / d z_j at each row (equation 7.3).

    z : floats (..., K). Returns (..., K, K): symmetric, rows summing to 0. The diagonal
    p_i (1 - p_i) is the sum of p_i p_j over the others, which keeps its digits when p_i nears 1.
    Raises ValueError for an empty last axis. Reference: Bridle (1990).
    """
    z, dtype = _checks.as_logits("z", z)
    p = softmax(z)
    jacobian = -p[..., :, None] * p[..., None, :]
    diagonal = np.arange(p.shape[-1])
    jacobian[..., diagonal, diagonal] = 0
    jacobian[..., diagonal, diagonal] = -jacobian.sum(axis=-1)
    return (jacobian + 0.0).astype(dtype)


def cross_entropy_hessian(z):
    """The second derivative of the loss with respect to the logits, for any target.

    z : floats (..., K). Returns (..., K, K), equal to `softmax_jacobian(z)`, diag(p) - p p^T
    (equation 8.2): the covariance of the class indicator under p, so positive semi-definite
    (equation 8.4). Raises as `softmax_jacobian` does.
    Reference: Boyd and Vandenberghe (2004), section 3.1.5.
    """
    return softmax_jacobian(z)


def check_gradient(f, grad, x):
    """The largest error of `grad` against central differences of f at x, relative above 1.

    f : function of a float64 array of x's shape, to a number. grad : an array of x's shape.
    x : floats. Each entry's step is cbrt(eps) * max(1, |x|), where truncation and rounding
    balance. Returns max |numeric - grad| / max(1, |numeric|, |grad|): about 1e-10 when right,
    nan where f or grad is. Raises ValueError for a grad of another shape.
    Reference: Nocedal and Wright (2006), section 8.1.
    """
    x = _checks.as_floats("x", x)[0].astype(np.float64)
    grad, _ = _checks.as_floats("grad", grad)
    if grad.shape != x.shape:
        raise ValueError(f"grad must have x's shape {x.shape}, got shape {grad.shape}")
    errors = [0.0]
    for index in np.ndindex(x.shape):
        h = np.cbrt(np.finfo(float).eps) * max(1.0, abs(x[index]))
        above, below = x.copy(), x.copy()
        above[index] += h
        below[index] -= h
        numeric = (float(f(above)) - float(f(below))) / ((x[index] + h) - (x[index] - h))
        scale = max(1.0, abs(numeric), abs(grad[index]))
        errors.append(abs(numeric - grad[index]) / scale)
    return float(np.max(errors))
