"""Whether probabilities agree with frequencies, and the temperature that repairs them (chapter 10).

What this adds to `naive`: how far a set of predictions is from calibrated, and what to do about it.
"""

import math
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ce_lib import _checks
from ce_lib._checks import Array, Floats, Losses

MOST_STEPS = 3000  # of Newton's method or of a halving; 10 are usual


@_checks.public
def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> np.floating[Any]:
    """The T > 0 at which the mean of `cross_entropy(logits / T, labels)` is lowest.

    logits : floats (..., K), of examples that the model was not trained on; -inf masks a class.
    labels : integers (...,) in [0, K). Returns T, a number, in the logits' dtype.

    How: Newton's method on beta = 1 / T, in which the loss is convex (equations 10.4 and 10.5),
    with a halving of the bracket where a step would leave it. There is one best T if the labels'
    logits are on average above the mean of their rows, and at least one is below its row's
    largest; else the loss falls without end towards T = inf or T = 0, and ValueError says so.
    Raises ValueError, too, for logits that are nan or +inf, for a row of -inf only, a label that
    is masked, no rows, and labels outside [0, K). Reference: Guo et al. (2017).

    >>> ce.fit_temperature([[4.0, 0.0], [0.0, 4.0], [4.0, 0.0], [4.0, 0.0]], [0, 1, 0, 1]).round(3)
    np.float64(3.641)
    """
    z, dtype, _ = _checks.as_logits("logits", logits)
    z, own = _rows("logits", z.astype(np.float64), labels)
    top = z.max(axis=1, keepdims=True)
    _checks.refuse("the largest logit of a row", top[:, 0], ~np.isfinite(top[:, 0]), "finite")
    s = z - top
    mine = s[np.arange(len(s)), own]
    _checks.refuse("the label's logit, minus the largest", mine, mine == -np.inf, "finite")
    masked = s == -np.inf
    largest = np.max(-s, where=~masked, initial=0) or 1.0  # logits of any size
    slope, _ = _derivatives(s / largest, masked, mine / largest, 0.0)
    if not slope < -8 * np.finfo(float).eps * np.mean(-mine / largest):  # 0 but for the rounding
        raise ValueError(
            "labels must have logits above the mean of their rows, on average; here they have not,"
            " so that no finite temperature is best: the loss falls as T grows"
        )
    if not mine.min() < 0:
        raise ValueError(
            "labels must include one whose logit is not the largest of its row; here all are right,"
            " so that no positive temperature is best: the loss falls as T goes to 0"
        )
    # In units of the largest gap of a label the loss is at least beta / N, and ln K at beta = 0,
    # so the best beta is at most N ln K. A logit far below, such as a mask of -1e308, counts as 0.
    scale = -mine.min()
    s, mine = np.maximum(s / scale, -1e150), mine / scale
    low, high, last = 0.0, len(s) * math.log(s.shape[1]), math.inf
    beta = min(scale, high / 2)
    for _ in range(MOST_STEPS):
        slope, curvature = _derivatives(s, masked, mine, beta)
        if slope == 0:
            break
        low, high = (beta, high) if slope < 0 else (low, beta)
        to = beta - slope / curvature if curvature > 0 else math.nan
        if not (low < to < high and abs(to - beta) <= last / 2):
            to = (low + high) / 2
        last, beta = abs(to - beta), to
        if last <= 1e-15 * beta:
            break
    best: np.floating[Any] = dtype.type(scale / beta)
    return best


def _derivatives(s: Array, masked: Array, mine: Array, beta: float) -> tuple[float, float]:
    """Slope and curvature in beta of the mean loss at the logits beta s, none of them above 0."""
    s = np.where(masked, 0, s)
    e = np.where(masked, 0, np.exp(beta * s))
    p = e / e.sum(axis=1, keepdims=True)
    mean = (p * s).sum(axis=1, keepdims=True)
    spread = (p * (s - mean) ** 2).sum(axis=1)
    return float(np.mean(mean[:, 0] - mine)), float(spread.mean())


@_checks.public
def reliability(
    probs: ArrayLike, labels: ArrayLike, *, n_bins: SupportsIndex = 15
) -> tuple[NDArray[np.intp], Floats, Floats]:
    """What a reliability diagram shows: for each bin its count, mean belief and share right.

    The belief is the largest probability of a row, and the prediction its class (the first of
    equal ones). n_bins bins of equal width divide [0, 1]; bin b holds beliefs in
    (b / n_bins, (b + 1) / n_bins], the first one 0 as well.

    probs : floats (..., K), distributions. labels : integers (...,) in [0, K). n_bins : 1 or more.
    Returns three arrays of shape (n_bins,): integers, and floats that are nan in an empty bin.
    Raises ValueError or TypeError, naming the argument. Reference: Naeini et al. (2015).

    >>> counts, belief, right = ce.reliability([[0.75, 0.25], [0.875, 0.125]], [0, 1], n_bins=2)
    >>> counts, belief, right
    (array([0, 2]), array([   nan, 0.8125]), array([nan, 0.5]))
    """
    belief, right, bins, n_bins, dtype = _binned(probs, labels, n_bins)
    counts = np.bincount(bins, minlength=n_bins)
    sums = (np.bincount(bins, weights, n_bins) for weights in (belief, right))
    mean_belief, share = ((total / counts).astype(dtype) for total in sums)
    return counts, mean_belief, share


@_checks.public
def expected_calibration_error(
    probs: ArrayLike, labels: ArrayLike, *, n_bins: SupportsIndex = 15
) -> np.floating[Any]:
    """ECE = sum_b (n_b / N) |mean belief - share right| over the bins (equation 10.1).

    Arguments, bins and errors as in `reliability`. Returns a number in [0, 1].

    It looks only at the predicted class, depends on the bins, and is above 0 on average even for a
    calibrated model: by about sum_b sqrt(2 n_b a_b (1 - a_b) / pi) / N, a_b being the share right.
    `squared_calibration_error` has no such bias. Reference: Naeini et al. (2015).

    >>> ce.expected_calibration_error([[0.75, 0.25], [0.875, 0.125]], [0, 1], n_bins=2)
    np.float64(0.3125)
    """
    belief, right, bins, n_bins, dtype = _binned(probs, labels, n_bins)
    gaps = np.bincount(bins, belief - right, n_bins)
    error: np.floating[Any] = dtype.type(np.abs(gaps).sum() / len(bins))
    return error


@_checks.public
def squared_calibration_error(
    probs: ArrayLike, labels: ArrayLike, *, n_bins: SupportsIndex = 15
) -> np.floating[Any]:
    """An estimate without bias of sum_b (n_b / N) gap_b^2, gap_b = E[belief - right] in bin b.

    Arguments, bins and errors as in `reliability`. Returns a number, often below 0 if the
    predictions are calibrated; the square root of one above 0 is on the scale of the ECE.

    The square of a bin's mean gap is too large on average, by the variance of this mean. Here it
    is the mean of d_i d_j over all pairs of different rows of the bin, d being belief minus right
    (equation 10.2), whose expectation is gap_b^2 if the rows of a bin are drawn independently and
    alike. The sum is over bins with two rows or more: one row has no pair, and its bin adds 0.
    Reference: Kumar, Liang and Ma (2019), who correct the square by an estimated variance.

    >>> ce.squared_calibration_error([[0.75, 0.25], [0.875, 0.125]], [0, 1], n_bins=2)
    np.float64(-0.21875)
    """
    belief, right, bins, n_bins, dtype = _binned(probs, labels, n_bins)
    d = belief - right
    n, total, squares = (np.bincount(bins, w, n_bins) for w in (np.ones(len(d)), d, d**2))
    pairs = np.where(n > 1, (total**2 - squares) / np.where(n > 1, n - 1, 1), 0)
    error: np.floating[Any] = dtype.type(pairs.sum() / len(d))
    return error


@_checks.public
def brier_score(probs: ArrayLike, labels: ArrayLike, *, reduction: str = "mean") -> Losses:
    """sum_k (p_k - y_k)^2, y being one-hot for the label: from 0 to 2.

    probs : floats (..., K), distributions. labels : integers (...,) in [0, K). Returns a number,
    or shape (...,) with reduction="none"; "sum" and "mean" are over the rows. Raises ValueError or
    TypeError, naming the argument. With two classes some libraries return half of it, the square
    for one class only. Reference: Brier (1950).

    >>> ce.brier_score([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]], [0, 0], reduction="none")
    array([0.375, 2.   ])
    """
    _checks.as_reduction(reduction)
    p, dtype, _ = _checks.as_distribution("probs", probs)
    shape = p.shape[:-1]
    p, own = _rows("probs", p.astype(np.float64), labels)
    losses = _squares(p - np.eye(p.shape[1])[own])
    return _checks.reduce(losses.reshape(shape), reduction, len(own), dtype)


@_checks.public
def brier_decomposition(
    probs: ArrayLike, labels: ArrayLike
) -> tuple[np.floating[Any], np.floating[Any]]:
    """(calibration, refinement), two numbers of 0 or more that add up to the mean Brier score.

    Rows with the same prediction p form a group, whose shares of labels are a. Calibration is the
    mean of |p - a|^2 over the rows, refinement that of 1 - |a|^2 (equation 10.3).

    probs : floats (..., K), distributions. labels : integers (...,) in [0, K). Returns two numbers.
    Raises ValueError or TypeError, naming the argument. If nearly every row has a prediction of its
    own, calibration is nearly all: round the predictions first, which changes them.
    Reference: Murphy (1973); Broecker (2009) for other scores.

    >>> ce.brier_decomposition([[0.75, 0.25], [0.75, 0.25]], [0, 1])
    (np.float64(0.125), np.float64(0.5))
    """
    p, shares, weights, dtype = _groups(probs, labels)
    calibration = weights @ _squares(p - shares)
    return dtype.type(calibration), dtype.type(weights @ (1 - _squares(shares)))


@_checks.public
def cross_entropy_decomposition(
    probs: ArrayLike, labels: ArrayLike
) -> tuple[np.floating[Any], np.floating[Any]]:
    """(calibration, refinement) in nats, which add up to `cross_entropy_from_probs(probs, labels)`.

    Calibration is the mean of D(a || p) over the rows, refinement that of the entropy H(a), with
    the groups and shares a, and the arguments and errors, as in `brier_decomposition`. Returns two
    numbers of 0 or more; the first is inf if a label has p = 0.
    Reference: Broecker (2009).

    >>> ce.cross_entropy_decomposition([[0.5, 0.5], [0.5, 0.5]], [0, 1])
    (np.float64(0.0), np.float64(0.6931471805599453))
    """
    p, shares, weights, dtype = _groups(probs, labels)
    logs = np.log(np.where(shares > 0, shares, 1))
    far = shares * (logs - np.where(shares > 0, np.log(p), 0))
    calibration = max(0.0, float(weights @ far.sum(axis=1)))
    return dtype.type(calibration), dtype.type(weights @ -(shares * logs).sum(axis=1))


def _rows(name: str, array: Array, labels: ArrayLike) -> tuple[Array, Array]:
    """An array (..., K) as (N, K) with N > 0, and its labels (N,)."""
    own = _checks.labels_of("labels", labels, array.shape[:-1], array.shape[-1])
    if not own.size:
        raise ValueError(f"{name} must have at least one row, got shape {array.shape}")
    return array.reshape(-1, array.shape[-1]), own.reshape(-1)


def _binned(
    probs: ArrayLike, labels: ArrayLike, n_bins: SupportsIndex
) -> tuple[Array, Array, Array, int, np.dtype[Any]]:
    """Each row's belief, whether it is right and its bin; the number of bins, the dtype."""
    n_bins = _checks.as_integer("n_bins", n_bins)
    if n_bins < 1:
        raise ValueError(f"n_bins must be 1 or more, got {n_bins}")
    p, dtype, _ = _checks.as_distribution("probs", probs)
    p, own = _rows("probs", p.astype(np.float64), labels)
    belief = p.max(axis=1)
    right = (p.argmax(axis=1) == own).astype(np.float64)
    return belief, right, np.searchsorted(np.arange(1, n_bins) / n_bins, belief), n_bins, dtype


def _groups(probs: ArrayLike, labels: ArrayLike) -> tuple[Array, Array, Array, np.dtype[Any]]:
    """The different predictions, their labels' shares, their shares of the rows, the dtype."""
    p, dtype, _ = _checks.as_distribution("probs", probs)
    p, own = _rows("probs", p.astype(np.float64), labels)
    different, group = np.unique(p, axis=0, return_inverse=True)
    counts = np.zeros(different.shape)
    np.add.at(counts, (group.reshape(-1), own), 1)
    rows = counts.sum(axis=1)
    return different, counts / rows[:, None], rows / len(own), dtype


def _squares(a: Array) -> Array:
    """The squared length of each row."""
    squares: Array = (a * a).sum(axis=1)
    return squares
