"""Random logits in the regimes where losses go wrong, and their answers to 50 digits."""

import mpmath
import numpy as np

REGIMES = {
    "normal": "N(0, 1)",
    "wide": "N(0, 10²)",
    "offset": "offset",
    "thousand": "±1000",
    "dominant": "one ahead",
    "far": "one far ahead",
    "ties": "near ties",
}


def sample(regime, dtype, k, n):
    """n rows of k logits; in "dominant" and "far" class 0 is the one ahead."""
    rng = np.random.default_rng([list(REGIMES).index(regime), k, np.dtype(dtype).itemsize])
    z = rng.normal(size=(n, k))
    single = dtype == np.float32
    if regime == "wide":
        z *= 10
    elif regime == "offset":
        z += 1e4 if single else 1e8
    elif regime == "thousand":
        z = rng.uniform(-1000, 1000, (n, k))
    elif regime == "dominant":
        z[:, 0] += rng.uniform(10, 38, n)
    elif regime == "far":
        z[:, 0] += rng.uniform(41, 80 if single else 690, n)
    elif regime == "ties":
        z = 1 + 1e-6 * z
    return z.astype(dtype)


def exact(z, label):
    """Loss and gradient of one row, each as a pair of floats (high, low): 32 digits."""
    with mpmath.workdps(50):
        top = mpmath.mpf(float(z.max()))
        e = [mpmath.exp(mpmath.mpf(float(v)) - top) for v in z]
        rest, own = mpmath.fsum(e[:label] + e[label + 1 :]), e[label]
        total = rest + own
        grad = [v / total for v in e]
        grad[label] = -rest / total
        # log1p of the others over the label's own term: no cancellation to worry about
        loss = mpmath.log1p(rest / own) if own else mpmath.inf
        return pair([loss]), pair(grad)


def exact_soft(z, y, smoothing):
    """The same for a distribution y, smoothed; and the larger of p and y, entry by entry."""
    with mpmath.workdps(50):
        k, a = len(z), mpmath.mpf(smoothing)
        y = [(1 - a) * mpmath.mpf(float(v)) + a / k for v in y]
        top = mpmath.mpf(float(z.max()))
        s = [mpmath.mpf(float(v)) - top for v in z]
        total, weight = mpmath.fsum(map(mpmath.exp, s)), mpmath.fsum(y)
        p = [weight * mpmath.exp(v) / total for v in s]
        terms = [t * (mpmath.log(total) - v) for t, v in zip(y, s, strict=True)]
        grad = [u - v for u, v in zip(p, y, strict=True)]
        larger = np.array([float(max(pair)) for pair in zip(p, y, strict=True)])
        return pair([mpmath.fsum(terms)]), pair(grad), larger


def exact_linear(x, weight, bias, labels):
    """A linear layer's mean loss and its gradients for x, weight and bias, in long doubles."""
    x, weight, bias = (a.astype(np.longdouble) for a in (x, weight, bias))
    rows = np.arange(len(x))
    z = x @ weight.T + bias
    z -= z.max(axis=1, keepdims=True)
    e = np.exp(z)
    total = e.sum(axis=1)
    loss = (np.log(total) - z[rows, labels]).mean()
    g = e / total[:, None]
    g[rows, labels] -= 1
    g /= len(x)
    return loss, g @ weight, g.T @ x, g.sum(axis=0)


def pair(values):
    """Each number as the nearest float and what that leaves."""
    high = [float(v) for v in values]
    low = [float(v - h) if np.isfinite(h) else 0.0 for v, h in zip(values, high, strict=True)]
    return np.array(high), np.array(low)


def ulps(values, truth, scale=None):
    """Errors in units of the last place of `scale`, or of the truth; 0 where that is not normal.

    An infinite or missing answer to a finite question is infinitely wrong.
    """
    values, (high, low) = np.atleast_1d(values), truth
    scale = np.abs(high if scale is None else scale)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs((values.astype(np.float64) - high) - low)
        unit = np.spacing(scale.astype(values.dtype)).astype(np.float64)
        error = np.where(np.isnan(error) & np.isfinite(high), np.inf, error / unit)
    counts = (scale >= np.finfo(values.dtype).smallest_normal) & np.isfinite(high)
    return np.where(counts, error, 0.0)
