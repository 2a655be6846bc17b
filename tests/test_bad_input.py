"""Every error names the argument, what was given and what was wanted."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

import ce_lib as ce

Z = np.zeros((2, 3))
READ_ONLY = np.zeros((2, 3))
READ_ONLY.flags.writeable = False
WITH_FIELD = np.dtype((np.int64, [("label", "i8")]))  # integers still
IMAGES = np.full((2, 5, 3, 4), 0.2)  # as in PyTorch: 5 classes on axis 1
LABELS = np.zeros((2, 3, 4), int)


class Series:
    """A column with missing values, as NumPy sees it."""

    def __init__(self, values):
        """Hold it."""
        self.values = values

    def __array__(self, dtype=None, copy=None):
        """Hand it out."""
        return np.array(self.values, dtype or object)


LOSS = [
    ((Z, np.array([0, -1]).astype(WITH_FIELD)), {}, ValueError, r"got -1 at index \(1,\)"),
    ((Z, [0, -1]), {}, ValueError, r"labels in target must be in \[0, 3\), got -1 at index \(1,\)"),
    ((Z, [3, 0]), {}, ValueError, r"got 3 at index \(0,\)"),
    ((Z, [0, -100]), {"ignore_index": -1}, ValueError, "got -100"),
    (
        (Z, [0.0, 1.0]),
        {},
        TypeError,
        "target must hold integer labels, got an array of dtype float64",
    ),
    ((Z, [True, False]), {}, TypeError, "dtype bool"),
    ((Z, [0, 1, 2]), {}, ValueError, r"shape \(2,\) or a distribution of shape \(2, 3\)"),
    ((np.zeros((2, 0)), [0, 0]), {}, ValueError, r"logits must have shape .* got shape \(2, 0\)"),
    ((1.0, 0), {}, ValueError, r"logits .* got shape \(\)"),
    ((Z + 1j, [0, 1]), {}, TypeError, "logits must be real numbers, got .* complex128"),
    ((Z, [[0.5, 0.5, 0.5]] * 2), {}, ValueError, r"sums of target .* must be 1, got 1.5"),
    ((Z, [[1.5, -0.5, 0]] * 2), {}, ValueError, r"target .* got -0.5 at index \(0, 1\)"),
    ((Z, [[np.nan, 0, 1]] * 2), {}, ValueError, "target .* got nan"),
    ((Z, [[1, 0, 0]] * 2), {"ignore_index": 0}, ValueError, "ignore_index needs integer labels"),
    ((Z, [0, 1]), {"ignore_index": 1.5}, TypeError, "ignore_index must be an integer"),
    ((Z, [0, 1]), {"temperature": 0}, ValueError, r"temperature must be a number in \(0, inf\)"),
    ((Z, [0, 1]), {"temperature": np.nan}, ValueError, "temperature .* got nan"),
    ((Z, [0, 1]), {"temperature": np.ones(2)}, ValueError, "temperature must be a number"),
    ((Z, [0, 1]), {"label_smoothing": [0.1]}, ValueError, r"label_smoothing must be a number"),
    ((Z, [0, 1]), {"temperature": "1"}, ValueError, "temperature .* got '1'"),
    ((Z, [0, 1]), {"label_smoothing": 1.1}, ValueError, r"label_smoothing .* in \[0, 1\], got 1.1"),
    ((Z, [0, 1]), {"label_smoothing": -0.1}, ValueError, "got -0.1"),
    ((Z, [0, 1]), {"class_weights": [1, -1, 1]}, ValueError, r"class_weights .* got -1 at index"),
    ((Z, [0, 1]), {"class_weights": [1, 1]}, ValueError, r"class_weights must have shape \(3,\)"),
    ((Z, [0, 1]), {"temperature": True}, ValueError, "temperature .* got True"),
    ((Z, [0, 1]), {"temperature": 10**400}, ValueError, "temperature .* got 1000"),
    ((Z, [0, 1]), {"temperature": Fraction(1, 10**400)}, ValueError, "temperature"),
    ((Z, [0, 1]), {"temperature": np.array("1")}, ValueError, "temperature"),
    ((Z, [0, 1]), {"temperature": np.ma.masked}, TypeError, "temperature must not have masked"),
    ((Z, [0, 1]), {"label_smoothing": np.ma.masked}, TypeError, "label_smoothing must not have"),
    ((Z, [0, 1]), {"temperature": np.bool_(True)}, ValueError, "temperature must be a number"),
    ((Z, [0, 1]), {"reduction": "avg"}, ValueError, "reduction must be .* got 'avg'"),
    ((Z, [0, 1]), {"reduction": np.array(["sum", "mean"])}, ValueError, "reduction must be"),
    ((Z, [0, 1]), {"ignore_index": True}, TypeError, "ignore_index must be an integer, got True"),
    ((Z, [0, -100]), {}, ValueError, r"got -100 at .* \(ignore_index=-100 leaves such rows out\)"),
    ((Z, [0, 1]), {"weight": [1, 1, 1]}, TypeError, "no argument weight: .* called class_weights"),
    ((Z, [0, 1]), {"dim": 1}, TypeError, "no argument dim: here it is called axis"),
    ((Z, [0, 1]), {"size_average": True}, TypeError, "here it is called reduction"),
    ((Z, [0, 1]), {"beta": 2}, TypeError, "no argument beta: the arguments are logits, target, "),
    ((np.zeros((2, 3, 4, 4)), np.zeros((2, 4, 4), int)), {}, ValueError, r"\(N, C, .* say axis=1"),
]
OUT = [
    (np.zeros((3, 2)), ValueError, r"out must have shape \(2, 3\) and dtype float64, got .*3, 2"),
    (np.zeros((2, 3), np.float32), ValueError, "and dtype float32"),
    (READ_ONLY, ValueError, "read-only"),
    ([[0.0] * 3] * 2, TypeError, "out must be a NumPy array, got list"),
    (np.ma.zeros((2, 3)), TypeError, "out must be a NumPy array, got MaskedArray"),
    (np.zeros((2, 3), ">f8"), ValueError, "dtype float64, got .* >f8"),
    *(
        (as_strided(np.zeros(10), (2, 3), steps), ValueError, "out must have room for each entry")
        for steps in ((0, 8), (8, 8), (16, 8), (8, 0), (8, 12), (24, 4))
    ),
]
OTHER = [
    (lambda: ce.surprisal(1.2), r"p must be in \[0, 1\], got 1.2"),
    (lambda: ce.surprisal(0.5, base=1), "base must be a number"),
    (lambda: ce.huffman_lengths([]), r"weights must have shape \(K,\) .* got shape \(0,\)"),
    (lambda: ce.huffman_lengths([2, -1]), r"weights must be finite and >= 0, got -1 at index \(1,"),
    (lambda: ce.entropy([0.5, 0.6]), "sums of p over axis -1 must be 1, got 1.1"),
    (lambda: ce.entropy([0.5, 0.5], axis=1), "p must have shape .* on axis 1"),
    (lambda: ce.kl_divergence([0.5, 0.5], [1.0]), "p and q must have one shape"),
    (lambda: ce.softmax([1.0], temperature=-1), "temperature"),
    (lambda: ce.logsumexp([]), "z must have shape"),
    (lambda: ce.cross_entropy_from_probs([2.0, 1.0], 0), "sums of probs"),
    (lambda: ce.cross_entropy_from_probs([0.5, 0.5], 2), r"in \[0, 2\), got 2"),
    (lambda: ce.check_gradient(np.sum, [1.0], [1.0, 2.0]), "grad must have x's shape"),
    (lambda: ce.cross_entropy_from_probs(IMAGES, LABELS), r"over axis -1 .* say axis=1\)"),
    (lambda: ce.cross_entropy(IMAGES, IMAGES), r"got 0.8 at .* \(those over axis 1 are 1: say"),
    (lambda: ce.entropy([[0.5, 0.75], [0.5, 0.25]]), r"got 1.25 .* say axis=0\)"),
    (lambda: ce.fit_temperature(Z, [0]), r"labels must have shape \(2,\), got shape \(1,\)"),
    (lambda: ce.fit_temperature(np.zeros((0, 3)), []), "logits must have at least one row, got"),
    (lambda: ce.fit_temperature([[np.nan, 0]], [0]), "largest logit .* finite, got nan at index"),
    (lambda: ce.fit_temperature([[0, np.inf]], [0]), "largest logit of a row .* got inf"),
    (lambda: ce.fit_temperature([[0, -np.inf]], [1]), "label's logit.* finite, got -inf"),
    (lambda: ce.fit_temperature([[2.0, 1.0]], [0]), "all are right, .* T goes to 0"),
    (lambda: ce.fit_temperature([[2.0, 1.0]], [1]), "above the mean .* as T grows"),
    (lambda: ce.fit_temperature(Z, [0, 1]), "above the mean of their rows"),
    (lambda: ce.reliability([[1.0, 0.0]], [2]), r"labels must be in \[0, 2\), got 2"),
    (lambda: ce.reliability([[1.0, 0.0]], [0], n_bins=0), "n_bins must be 1 or more, got 0"),
    (lambda: ce.expected_calibration_error([[2.0, 1.0]], [0]), "sums of probs over axis -1"),
    (lambda: ce.brier_score([[0.5, 0.5]], [0], reduction="avg"), "reduction must be"),
    (lambda: ce.brier_decomposition(np.ones((0, 1)), []), "probs must have at least one row"),
    (lambda: ce.shift_priors(Z, [1.0], [1.0]), r"source must have shape \(3,\), got shape \(1,\)"),
    (lambda: ce.shift_priors([0, 0], [1, 0], [0, 1]), "source must be above 0, got 0"),
    (lambda: ce.shift_priors([0, 0], [0.5, 0.5], [3, 1]), "sums of target over axis -1 must be 1"),
    (lambda: ce.focal_loss(Z, [0]), r"labels must have shape \(2,\), got shape \(1,\)"),
    (lambda: ce.focal_loss(Z, [0, 3]), r"labels must be in \[0, 3\), got 3 at index \(1,\)"),
    (lambda: ce.focal_loss(Z, [0, 1], gamma=-1), r"gamma must be a number in \[0, 100\], got -1"),
    (lambda: ce.focal_loss(Z, [0, 1], gamma=np.nan), "gamma must be a number .* got nan"),
    (lambda: ce.focal_loss(Z, [0, 1], gamma=[1, 2, 3]), "gamma must be a number"),
    (lambda: ce.focal_loss(Z, [0, 1], class_weights=[0.25]), "class_weights must have shape"),
    (lambda: ce.focal_loss(Z, [0, 1], reduction="avg"), "reduction must be"),
    (lambda: ce.forward_cross_entropy(Z, [0, 1], np.eye(2)), r"noise must have shape \(3, 3\)"),
    (lambda: ce.forward_cross_entropy([0, 0], 0, [[1, 1], [0, 0]]), "sums of noise .* got 2"),
    (lambda: ce.perplexity([]), "losses must have at least one entry"),
    (lambda: ce.perplexity([1.0, 2.0], [1]), r"counts must have shape \(2,\), got shape \(1,\)"),
    (lambda: ce.perplexity([1.0], [-1]), r"counts must be 0 or more, got -1 at index \(0,\)"),
    (lambda: ce.perplexity([1.0], [0]), "counts must have an entry above 0"),
    (lambda: ce.bits_per_byte([1.0], 0), r"n_bytes must be a number in \(0, inf\), got 0"),
    (lambda: ce.next_token_labels(3), r"tokens must have shape \(..., L\)"),
    (lambda: ce.next_token_labels([[1, 2]], lengths=[3]), r"lengths must be in \[0, 2\], got 3"),
    (lambda: ce.next_token_labels([[1, 2]], lengths=3), r"lengths must have shape \(1,\)"),
    (lambda: ce.next_token_labels([1, 2], documents=[0]), r"documents must have shape \(2,\)"),
    (lambda: ce.z_loss(Z, coefficient=-1), r"coefficient must be a number in \[0, inf\]"),
    (lambda: ce.z_loss(Z, reduction="avg"), "reduction must be"),
    (lambda: ce.logit_softcap(Z, 0), r"cap must be a number in \(0, inf\), got 0"),
    (lambda: ce.keep_top_k(Z, 4), r"k must be in \[1, 3\], got 4"),
    (lambda: ce.keep_top_p(Z, 1.1), r"p must be a number in \[0, 1\], got 1.1"),
    (lambda: ce.keep_top_p(Z, 0), r"p must be a number in \(0, 1\], got 0"),
    (lambda: ce.keep_min_p(Z, np.nan), "p must be a number .* got nan"),
    (lambda: ce.keep_min_p([0, np.nan], 0.1), r"logits must be finite or -inf, got nan at index"),
    (lambda: ce.keep_top_p([-np.inf, -np.inf], 0.1), "logits must have a finite entry in each row"),
    (lambda: ce.speculative_acceptance([0.5, 0.5], [1.0]), r"draft must have shape \(2,\)"),
    (lambda: ce.speculative_acceptance([0.5, 0.6], [0.5, 0.5]), "sums of target .* got 1.1"),
    (lambda: ce.vocabulary_part(Z, [0, -1], 0), r"labels must be in \[0, .* got -1 at index"),
    (lambda: ce.vocabulary_part(Z, [0], 0), r"labels must have shape \(2,\), got shape \(1,\)"),
    (lambda: ce.vocabulary_part(Z, [0, 1], -3), "start must be 0 or more, got -3"),
    (lambda: ce.merge_parts(1.0, 1.0, 1.0), r"top must have shape \(parts, ...\), got shape \(\)"),
    (lambda: ce.merge_parts([1.0], [1.0, 2.0], [1.0]), r"total must have shape \(1,\)"),
    (lambda: ce.merge_parts([1.0], [-1.0], [1.0]), "total must be 0 or more, got -1"),
]
MISPLACED = [
    (lambda: ce.softmax(Z, 0), "takes z by position and axis=, temperature= by name: too many"),
    (lambda: ce.entropy([1.0], 0), "entropy takes p by position and axis=, base= by name"),
    (lambda: ce.surprisal(0.5, 2), "takes p by position and base= by name"),
    (lambda: ce.cross_entropy(Z, [0, 1], [1, 1, 1]), "logits, target by position and axis=, class"),
    (lambda: ce.linear_cross_entropy(Z, Z, [0, 1]), "x, weight, bias, labels by .*: missing .*"),
    (lambda: ce.check_gradient(np.sum, 1), "takes f, grad, x by position: missing"),
    (lambda: ce.softmax(Series([1.0])), r"dtype object from Series .*\.to_numpy\(float\)"),
]


@pytest.mark.parametrize("f", [ce.cross_entropy, ce.cross_entropy_with_grad])
@pytest.mark.parametrize(("given", "options", "error", "message"), LOSS)
def test_losses_refuse_and_say_why(f, given, options, error, message):
    with pytest.raises(error, match=message):
        f(*given, **options)


@pytest.mark.parametrize(("out", "error", "message"), OUT)
def test_out_is_checked_before_anything_is_written(out, error, message):
    with pytest.raises(error, match=message):
        ce.cross_entropy_with_grad(Z, [0, 1], out=out)


@pytest.mark.parametrize(("given", "options", "error", "message"), LOSS)
def test_an_error_leaves_out_as_it_was(given, options, error, message):
    """Also where out is the logits."""
    shape = np.shape(given[0])
    for logits, out in ((given[0], np.full(shape, 7.0)), (given[0], given[0])):
        before = np.array(out, copy=True)
        with pytest.raises((error, TypeError)):
            ce.cross_entropy_with_grad(logits, *given[1:], out=out, **options)
        np.testing.assert_array_equal(out, before)


@pytest.mark.parametrize(
    ("call", "ours"),
    [
        (lambda: ce.softmax(z=[1.0], dim=0), "axis"),
        (lambda: ce.logsumexp(input=[1.0]), "z"),
        (lambda: ce.cross_entropy_from_probs([1.0], labels=0), "target"),
        (lambda: ce.linear_cross_entropy([1.0], [[1.0]], None, target=0), "labels"),
        (lambda: ce.cross_entropy(input=[1.0], target=0), "logits"),
        (lambda: ce.cross_entropy([1.0], 0, smoothing=0.1), "label_smoothing"),
    ],
)
def test_a_name_from_another_library_is_answered_with_ours(call, ours):
    with pytest.raises(TypeError, match=f"has no argument .*: here it is called {ours}$"):
        call()


@pytest.mark.parametrize(("call", "message"), MISPLACED)
def test_arguments_that_do_not_fit_are_answered_with_what_does(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize("answer", [[1.0], np.zeros(2), "1", None, np.ma.masked])
def test_the_function_of_a_gradient_returns_a_number(answer):
    with pytest.raises(TypeError, match=f"f must return a number, got {type(answer).__name__}"):
        ce.check_gradient(lambda x: answer, [1.0], [1.0])


WRONG_TYPES = [
    (lambda: ce.next_token_labels([1.0, 2.0]), "tokens must hold integers"),
    (lambda: ce.next_token_labels([1, 2], ignore_index=None), "ignore_index must be an integer"),
    (lambda: ce.keep_top_k(Z, 1.5), "k must be an integer, got 1.5"),
]


@pytest.mark.parametrize(("call", "message"), WRONG_TYPES)
def test_what_must_be_integers_is_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize(("call", "message"), OTHER)
def test_the_other_functions_refuse_and_say_why(call, message):
    with pytest.raises(ValueError, match=message):
        call()


EXTREME = np.array([[0.0, -1000.0, 3.0], [1e300, -1e300, 0.0], [-1e-310, 0.0, 5.0]])
CALLS = {
    "softmax": lambda z: ce.softmax(z),
    "log_softmax": lambda z: ce.log_softmax(z, temperature=1e-3),
    "logsumexp": lambda z: ce.logsumexp(z),
    "cross_entropy": lambda z: ce.cross_entropy(z, [0, 1, 2]),
    "soft": lambda z: ce.cross_entropy_with_grad(z, np.full((3, 3), 1 / 3)),
    "smoothed": lambda z: ce.cross_entropy_with_grad(z, [0, 1, 2], label_smoothing=0.1),
    "weighted": lambda z: ce.cross_entropy_with_grad(z, [0, 1, 2], class_weights=[0, 1e-300, 2]),
    "ignored": lambda z: ce.cross_entropy_with_grad(z, [0, 1, 2], ignore_index=1),
    "cold": lambda z: ce.cross_entropy_with_grad(z, [0, 1, 2], temperature=1e-9),
    "from_probs": lambda z: ce.cross_entropy_from_probs(ce.softmax(z[:1]), [1]),
    "linear": lambda z: ce.linear_cross_entropy_with_grad(z, np.ones((2, 3)), None, [0, 1, 0]),
    "jacobian": lambda z: ce.softmax_jacobian(z),
    "surprisal": lambda z: ce.surprisal([0, 5e-324, 1]),
    "entropy": lambda z: ce.entropy([5e-324, 1]),
    "divergence": lambda z: ce.kl_divergence([5e-324, 1], [1, 5e-324]),
}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", CALLS)
def test_no_function_depends_on_what_the_caller_set_with_seterr(name, dtype):
    """Nor does one warn: pytest turns warnings into errors."""
    with np.errstate(over="ignore"):
        z = EXTREME.astype(dtype)
    usual = CALLS[name](z.copy())
    with np.errstate(all="raise"):
        strict = CALLS[name](z.copy())
    assert repr(usual) == repr(strict)


@pytest.mark.parametrize("p", [[1.0000005, 0.0], np.array([1.0005, 0.0], np.float16)])
def test_a_sum_within_the_tolerance_gives_nothing_below_zero(p):
    assert ce.entropy(p) >= 0
    assert ce.cross_entropy_from_probs(p, 0) >= 0


def test_a_sum_outside_the_tolerance_is_printed_with_the_digits_that_tell():
    with pytest.raises(ValueError, match=r"must be 1, got 1\.00001$"):
        ce.entropy([1.00001, 0.0])
    with pytest.raises(ValueError, match=r"got 1234567 at"):
        ce.cross_entropy(np.zeros((1, 3)), [1234567])
    with pytest.raises(ValueError, match=r"must be 1, got 1\.0898"):
        ce.entropy(np.array([1.09, 0.0], np.float16))
