"""Language models: units of a loss, labels, large vocabularies, and what is drawn (chapter 12).

What this adds to `naive`: means that count tokens, labels that are shifted once, two guards for
large logits, filters for sampling, and a vocabulary in parts.
"""

import math
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike

from ce_lib import _checks
from ce_lib._checks import Array, Floats, Losses, Number
from ce_lib.logits import logsumexp, softmax

MOST = 2**31 - 1  # classes of all parts together


@_checks.public
def perplexity(losses: ArrayLike, counts: ArrayLike | None = None) -> np.floating[Any]:
    """exp of the mean loss of a token: the number of equally likely choices (equation 12.3).

    losses : nats, (...,), of tokens; or with counts : (...,), the mean losses of batches, and how
    many tokens each has. Returns a float64, inf above about 709 nats. Raises ValueError or
    TypeError, naming the argument. Reference: Jelinek et al. (1977).

    >>> ce.perplexity([0.0, np.log(16)])
    np.float64(4.0)
    >>> ce.perplexity([0.0, np.log(16)], [3, 1]).round(3)
    np.float64(2.0)
    """
    total, tokens, _ = _total(losses, counts)
    answer: np.floating[Any] = np.exp(np.float64(total / tokens))
    return answer


@_checks.public
def bits_per_byte(
    losses: ArrayLike, n_bytes: Number, counts: ArrayLike | None = None
) -> np.floating[Any]:
    """The summed loss of a text in bits, divided by the bytes of the text (equation 12.3).

    Unlike perplexity it does not depend on how the text is cut into tokens. With the number of
    characters in place of `n_bytes` it is bits per character.

    losses, counts : as in `perplexity`; together they must cover the whole text. n_bytes : above 0.
    Returns bits, a number. Raises ValueError or TypeError, naming the argument.
    Reference: Gao et al. (2020).

    >>> ce.bits_per_byte([np.log(2), np.log(8)], len("né".encode())).round(3)
    np.float64(1.333)
    """
    total, _, dtype = _total(losses, counts)
    n_bytes = _checks.number("n_bytes", n_bytes, 0, math.inf)
    answer: np.floating[Any] = dtype.type(total / (n_bytes * math.log(2)))
    return answer


def _total(losses: ArrayLike, counts: ArrayLike | None) -> tuple[float, float, np.dtype[Any]]:
    """The sum of the losses of all tokens, the number of tokens, and the answer's dtype."""
    array, dtype = _checks.as_numbers("losses", losses)
    array = array.astype(np.float64)
    if array.size == 0:
        raise ValueError("losses must have at least one entry, got none")
    if counts is None:
        return float(array.sum()), array.size, dtype
    weights, own = _checks.as_numbers("counts", counts)
    weights = weights.astype(np.float64)
    if weights.shape != array.shape:
        raise ValueError(f"counts must have shape {array.shape}, got shape {weights.shape}")
    _checks.refuse("counts", weights, ~(weights >= 0) | (weights == np.inf), "0 or more")
    if not weights.any():
        raise ValueError("counts must have an entry above 0, got only zeros")
    total = float((np.where(weights > 0, array, 0) * weights).sum())
    return total, float(weights.sum()), np.result_type(dtype, own)


@_checks.public
def next_token_labels(
    tokens: ArrayLike,
    *,
    lengths: ArrayLike | None = None,
    documents: ArrayLike | None = None,
    ignore_index: SupportsIndex = -100,
) -> Array:
    """The label of each position, which is the token after it; `ignore_index` where none counts.

    The last position of a row has no label. Padding is left out by its place, not by its value, so
    that an end token keeps its label where the same number is used for padding. Pass the result to
    `cross_entropy` with the same ignore_index, and do not shift again.

    tokens : integers (..., L). lengths : integers (...,) in [0, L], how many tokens at the front
    of each row are no padding. documents : integers (..., L), the text that each token of a packed
    row belongs to; the last token of a text does not predict the first one of the next.
    Returns integers (..., L). Raises ValueError or TypeError, naming the argument.
    Reference: Bengio et al. (2003).

    >>> ce.next_token_labels([[5, 8, 2, 2], [7, 2, 2, 2]], lengths=[3, 2])
    array([[   8,    2, -100, -100],
           [   2, -100, -100, -100]])
    """
    ids, unused = _integers("tokens", tokens), _checks.as_integer("ignore_index", ignore_index)
    if ids.ndim == 0:
        raise ValueError("tokens must have shape (..., L), got shape ()")
    n = ids.shape[-1]
    labels = np.full(ids.shape, unused, np.int64)
    labels[..., :-1] = ids[..., 1:]
    if lengths is not None:
        ends = _integers("lengths", lengths)
        if ends.shape != ids.shape[:-1]:
            raise ValueError(f"lengths must have shape {ids.shape[:-1]}, got shape {ends.shape}")
        _checks.refuse("lengths", ends, (ends < 0) | (ends > n), f"in [0, {n}]")
        labels[np.arange(n) + 1 >= ends[..., None]] = unused
    if documents is not None:
        texts = _integers("documents", documents)
        if texts.shape != ids.shape:
            raise ValueError(f"documents must have shape {ids.shape}, got shape {texts.shape}")
        labels[..., :-1][texts[..., 1:] != texts[..., :-1]] = unused
    return labels


def _integers(name: str, values: ArrayLike) -> Array:
    """`values` as an array of integers."""
    array = _checks.as_array(name, values)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold integers, got an array of dtype {array.dtype}")
    return array.astype(np.int64)


@_checks.public
def z_loss(logits: ArrayLike, *, coefficient: Number = 1e-4, reduction: str = "mean") -> Losses:
    """coefficient * logsumexp(logits)^2: a penalty that keeps the logits' level near 0.

    Softmax does not depend on that level; the penalty fixes it (equation 12.8).

    logits : floats (..., K). coefficient : 0 or more. "mean" divides by the number of rows; leave
    out the rows that are ignored. Returns a number, or shape (...,) with reduction="none". Raises
    ValueError or TypeError, naming the argument. Reference: Chowdhery et al. (2022).

    >>> ce.z_loss([[2.0, 1.0, 0.1]], coefficient=0.01).round(4)
    np.float64(0.0584)
    """
    _checks.as_reduction(reduction)
    losses, _, dtype = _z(logits, coefficient)
    return _checks.reduce(losses, reduction, losses.size, dtype)


@_checks.public
def z_loss_with_grad(
    logits: ArrayLike, *, coefficient: Number = 1e-4, reduction: str = "mean"
) -> tuple[Losses, Floats]:
    """That penalty, and its gradient in the logits: per row 2 coefficient logsumexp(logits) p.

    Arguments and errors as in `z_loss`; "mean" divides the gradient by the number of rows, "none"
    and "sum" do not divide. Returns (penalty, gradient (..., K)).
    Reference: Chowdhery et al. (2022).

    >>> loss, grad = ce.z_loss_with_grad([2.0, 1.0, 0.1], coefficient=0.01)
    >>> grad.round(4)
    array([0.0319, 0.0117, 0.0048])
    """
    _checks.as_reduction(reduction)
    losses, grad, dtype = _z(logits, coefficient)
    return _checks.reduce_with_grad(losses, grad, reduction, dtype)


def _z(logits: ArrayLike, coefficient: Number) -> tuple[Array, Array, np.dtype[Any]]:
    """Penalties (...,) and gradients (..., K) of the rows in float64, and the answer's dtype."""
    z, dtype, _ = _checks.as_logits("logits", logits)
    c = _checks.number("coefficient", coefficient, 0, math.inf, ends=True)
    z = z.astype(np.float64)
    level = np.asarray(logsumexp(z))
    return c * level**2, 2 * c * level[..., None] * softmax(z), dtype


@_checks.public
def logit_softcap(logits: ArrayLike, cap: Number) -> Floats:
    """cap * tanh(logits / cap): logits between -cap and cap, in their order (equation 12.8).

    Near 0 they hardly change. The slope of an entry is 1 - (capped / cap)^2. A masked -inf becomes
    -cap, so mask afterwards.

    logits : floats (..., K). cap : above 0. Returns floats (..., K). Raises ValueError or
    TypeError, naming the argument. Reference: Gemma (2024).

    >>> ce.logit_softcap([1.0, 30.0, 300.0], 30).round(3)
    array([ 1.   , 22.848, 30.   ])
    """
    z, dtype, _ = _checks.as_logits("logits", logits)
    cap = _checks.number("cap", cap, 0, math.inf)
    capped: Floats = (cap * np.tanh(z.astype(np.float64) / cap)).astype(dtype)
    return capped


@_checks.public
def keep_top_k(logits: ArrayLike, k: SupportsIndex) -> Floats:
    """The k largest logits of each row; -inf in place of the others.

    Entries equal to the k-th are kept, too. Divide by a temperature before, and draw from the
    softmax of the answer.

    logits : floats (..., K), finite or -inf. k : an integer in [1, K]. Returns floats (..., K).
    Raises ValueError or TypeError, naming the argument. Reference: Fan et al. (2018).

    >>> ce.keep_top_k([2.0, 1.0, 0.1], 2)
    array([  2.,   1., -inf])
    """
    z, dtype = _drawable(logits)
    k = _checks.as_integer("k", k)
    if not 1 <= k <= z.shape[-1]:
        raise ValueError(f"k must be in [1, {z.shape[-1]}], got {k}")
    least = np.partition(z, -k, axis=-1)[..., -k, None]
    return np.where(z >= least, z, -np.inf).astype(dtype)


@_checks.public
def keep_top_p(logits: ArrayLike, p: Number) -> Floats:
    """The nucleus: the fewest largest logits whose probabilities add up to p or more.

    Sums are compared up to a relative 1e-12, so that rounding adds no token.

    logits : floats (..., K), finite or -inf. p : in (0, 1]; at 1 all are kept. Returns floats
    (..., K), -inf in place of what is left out. Raises ValueError or TypeError, naming the
    argument. Reference: Holtzman et al. (2020).

    >>> ce.keep_top_p(np.log([0.5, 0.25, 0.125, 0.125]), 0.7).round(3)
    array([-0.693, -1.386,   -inf,   -inf])
    """
    z, dtype = _drawable(logits)
    p = _checks.number("p", p, 0, 1, ends=True)
    if p == 0:
        raise ValueError("p must be a number in (0, 1], got 0")
    order = np.argsort(-z, axis=-1, kind="stable")
    falling = np.take_along_axis(softmax(z), order, axis=-1)
    before = np.cumsum(falling, axis=-1) - falling
    kept = np.zeros(z.shape, bool)
    np.put_along_axis(kept, order, (before < p * (1 - 1e-12)) | (p == 1), axis=-1)
    return np.where(kept, z, -np.inf).astype(dtype)


@_checks.public
def keep_min_p(logits: ArrayLike, p: Number) -> Floats:
    """The logits whose probability is at least p times the largest one, up to a relative 1e-12.

    logits : floats (..., K), finite or -inf. p : in (0, 1]; at 1 only the largest are kept.
    Returns floats (..., K), -inf in place of what is left out. Raises ValueError or TypeError,
    naming the argument. Reference: Nguyen et al. (2025).

    >>> ce.keep_min_p(np.log([0.5, 0.25, 0.125, 0.125]), 0.4).round(3)
    array([-0.693, -1.386,   -inf,   -inf])
    """
    z, dtype = _drawable(logits)
    p = _checks.number("p", p, 0, 1, ends=True)
    if p == 0:
        raise ValueError("p must be a number in (0, 1], got 0")
    lead = z - z.max(axis=-1, keepdims=True)
    return np.where(lead >= math.log(p) - 1e-12, z, -np.inf).astype(dtype)


def _drawable(logits: ArrayLike) -> tuple[Array, np.dtype[Any]]:
    """Logits in float64 that have a softmax, and the answer's dtype."""
    z, dtype, _ = _checks.as_logits("logits", logits)
    _checks.refuse("logits", z, ~(z < np.inf), "finite or -inf")
    if not np.all(np.isfinite(z.max(axis=-1))):
        raise ValueError("logits must have a finite entry in each row, got a row of only -inf")
    return z.astype(np.float64), dtype


@_checks.public
def speculative_acceptance(target: ArrayLike, draft: ArrayLike) -> tuple[Floats, Floats]:
    """With what chance a drafted token is kept, and what is drawn from if it is not.

    A token k that was drawn from `draft` is kept with the chance min(1, target_k / draft_k);
    otherwise one is drawn from the residual, max(target - draft, 0) divided by its sum. The token
    then has exactly the distribution `target` (equations 12.4 and 12.5). It is kept with the chance
    sum_k min(target_k, draft_k).

    target, draft : distributions (..., K) of one shape, after temperature and filters. Returns
    (chances (..., K), residual (..., K)); where the two are equal the residual, which is never
    drawn from, is the target. Raises ValueError or TypeError, naming the argument.
    Reference: Leviathan, Kalman and Matias (2023).

    >>> chances, residual = ce.speculative_acceptance([0.5, 0.25, 0.25], [0.25, 0.5, 0.25])
    >>> chances, residual
    (array([1. , 0.5, 1. ]), array([1., 0., 0.]))
    """
    p, dtype, _ = _checks.as_distribution("target", target)
    q, own, _ = _checks.as_distribution("draft", draft)
    if p.shape != q.shape:
        raise ValueError(f"draft must have shape {p.shape}, got shape {q.shape}")
    p, q, dtype = p.astype(np.float64), q.astype(np.float64), np.result_type(dtype, own)
    chances = np.where(q > p, p / np.where(q > 0, q, 1), 1)
    extra = np.maximum(p - q, 0)
    sums = extra.sum(axis=-1, keepdims=True)
    residual = np.where(sums > 0, extra / np.where(sums > 0, sums, 1), p)
    return chances.astype(dtype), residual.astype(dtype)


@_checks.public
def vocabulary_part(
    logits: ArrayLike, labels: ArrayLike, start: SupportsIndex
) -> tuple[Losses, Losses, Losses]:
    """What one machine sends of a vocabulary in parts: the pair (m, s), and the label's logit.

    logits : floats (..., n), those of the classes start, ..., start + n - 1. labels : integers
    (...,), numbered over all parts; leave out rows that do not count. start : an integer, 0 or
    more. Returns three arrays (...,): m, the largest logit; s, the sum of exp(logits - m), in
    float32 at least; and the label's logit, -inf if the label is in another part. A row of only
    -inf gives m = -inf and s = 0. Raises ValueError or TypeError, naming the argument.
    Reference: Shoeybi et al. (2019).

    >>> ce.vocabulary_part([2.0, 1.0], 3, start=2)
    (np.float64(2.0), np.float64(1.3678794411714423), np.float64(1.0))
    """
    z, dtype, _ = _checks.as_logits("logits", logits)
    first = _checks.as_integer("start", start)
    if first < 0:
        raise ValueError(f"start must be 0 or more, got {first}")
    own = _checks.labels_of("labels", labels, z.shape[:-1], MOST) - first
    n = z.shape[-1]
    top = z.max(axis=-1)
    shifted = z.astype(np.float64) - np.where(np.isfinite(top), top, 0)[..., None]
    total = np.where(top == -np.inf, 0, np.exp(shifted).sum(axis=-1))
    here = (own >= 0) & (own < n)
    found = np.take_along_axis(z, np.where(here, own, 0)[..., None], axis=-1)[..., 0]
    label = np.where(here, found, -np.inf)
    return (
        top.astype(dtype)[()],
        total.astype(np.promote_types(dtype, np.float32))[()],
        label.astype(dtype)[()],
    )


@_checks.public
def merge_parts(top: ArrayLike, total: ArrayLike, own: ArrayLike) -> Losses:
    """Cross-entropy of a vocabulary in parts, from what `vocabulary_part` gives for each of them.

    M + log(sum_i s_i exp(m_i - M)) - z_c, where M is the largest m_i (equation 12.7).

    top, total, own : m, s and the label's logit, (parts, ...), the parts on the first axis.
    Returns nats, (...,); inf for a label that is masked, or in no part. The error is a few ulps of
    the loss or of the largest logit. Raises ValueError or TypeError, naming the argument.
    Reference: Shoeybi et al. (2019).

    >>> parts = [ce.vocabulary_part([2.0, 1.0], 2, 0), ce.vocabulary_part([0.1], 2, 2)]
    >>> ce.merge_parts(*zip(*parts)).round(3)
    np.float64(2.317)
    """
    given = (("top", top), ("total", total), ("own", own))
    held, kinds = zip(*(_checks.as_numbers(*pair) for pair in given), strict=True)
    shape = held[0].shape
    if not shape or shape[0] == 0:
        raise ValueError(f"top must have shape (parts, ...), got shape {shape}")
    for (name, _), array in zip(given, held, strict=True):
        if array.shape != shape:
            raise ValueError(f"{name} must have shape {shape}, got shape {array.shape}")
    m, s, z = (array.astype(np.float64) for array in held)
    _checks.refuse("total", s, s < 0, "0 or more")
    largest = m.max(axis=0)
    whole = (s * np.exp(np.where(m == -np.inf, -np.inf, m - largest))).sum(axis=0)
    losses: Losses = (np.log(whole) + (largest - z.max(axis=0))).astype(np.result_type(*kinds))[()]
    return losses
