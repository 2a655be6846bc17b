"""First and second derivatives, and a check of yours (chapters 7 and 8)."""

import numpy as np

from ce_lib import _checks
from ce_lib.logits import softmax


def softmax_jacobian(z):
    """diag(p) - p p^T, the K x K matrix of d p_i / d z_j at each row of logits.

    z : float array (..., K). Returns (..., K, K): symmetric, rows summing to 0.
    """
    p = softmax(_checks.as_logits("z", z))
    return p[..., :, None] * np.eye(p.shape[-1]) - p[..., :, None] * p[..., None, :]


def cross_entropy_hessian(z):
    """The second derivative of the loss with respect to the logits.

    It does not depend on the target, and equals `softmax_jacobian(z)`: the covariance of
    the class indicator under p, so it is positive semi-definite.
    """
    return softmax_jacobian(z)


def check_gradient(f, grad, x):
    """The largest relative error of `grad` against central differences of f at x.

    f : array -> float. grad : array of x's shape. x : float array. The step for each entry
    is cbrt(eps) * max(1, |x|), where truncation and rounding errors balance.
    Returns max |numeric - grad| / max(1, |numeric|, |grad|); about 1e-10 when right.
    """
    x = _checks.as_floats("x", x).astype(np.float64)
    grad = _checks.as_floats("grad", grad)
    if grad.shape != x.shape:
        raise ValueError(f"grad must have x's shape {x.shape}, got {grad.shape}")
    worst = 0.0
    for index in np.ndindex(x.shape):
        h = np.cbrt(np.finfo(float).eps) * max(1.0, abs(x[index]))
        above, below = x.copy(), x.copy()
        above[index] += h
        below[index] -= h
        numeric = (f(above) - f(below)) / (above[index] - below[index])
        scale = max(1.0, abs(numeric), abs(grad[index]))
        worst = max(worst, abs(numeric - grad[index]) / scale)
    return float(worst)
