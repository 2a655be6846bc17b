"""Softmax and cross-entropy in NumPy: the package that the book's chapters import.

    import ce_lib as ce

Losses are in nats unless a base is given. Logits have shape (..., K), labels (...,).
"""

from ce_lib.calibration import (
    brier_decomposition,
    brier_score,
    cross_entropy_decomposition,
    expected_calibration_error,
    fit_temperature,
    reliability,
    squared_calibration_error,
)
from ce_lib.derivatives import check_gradient, cross_entropy_hessian, softmax_jacobian
from ce_lib.imbalance import (
    focal_loss,
    focal_loss_with_grad,
    forward_cross_entropy,
    forward_cross_entropy_with_grad,
    shift_priors,
)
from ce_lib.information import entropy, huffman_lengths, kl_divergence, surprisal
from ce_lib.language import (
    bits_per_byte,
    keep_min_p,
    keep_top_k,
    keep_top_p,
    logit_softcap,
    merge_parts,
    next_token_labels,
    perplexity,
    speculative_acceptance,
    vocabulary_part,
    z_loss,
    z_loss_with_grad,
)
from ce_lib.linear import linear_cross_entropy, linear_cross_entropy_with_grad
from ce_lib.logits import log_softmax, logsumexp, softmax
from ce_lib.loss import cross_entropy, cross_entropy_from_probs, cross_entropy_with_grad

__version__ = "0.1.0"
__all__ = [
    "bits_per_byte",
    "brier_decomposition",
    "brier_score",
    "check_gradient",
    "cross_entropy",
    "cross_entropy_decomposition",
    "cross_entropy_from_probs",
    "cross_entropy_hessian",
    "cross_entropy_with_grad",
    "entropy",
    "expected_calibration_error",
    "fit_temperature",
    "focal_loss",
    "focal_loss_with_grad",
    "forward_cross_entropy",
    "forward_cross_entropy_with_grad",
    "huffman_lengths",
    "keep_min_p",
    "keep_top_k",
    "keep_top_p",
    "kl_divergence",
    "linear_cross_entropy",
    "linear_cross_entropy_with_grad",
    "log_softmax",
    "logit_softcap",
    "logsumexp",
    "merge_parts",
    "next_token_labels",
    "perplexity",
    "reliability",
    "shift_priors",
    "softmax",
    "softmax_jacobian",
    "speculative_acceptance",
    "squared_calibration_error",
    "surprisal",
    "vocabulary_part",
    "z_loss",
    "z_loss_with_grad",
]
