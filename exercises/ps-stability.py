# %% tags=["variants"]
variants = {
    "layout": [
        {"axis": -1, "layout": "the last axis", "wrong": 0, "spread": "rows", "gathered": "found"},
        {
            "axis": 0,
            "layout": "the first axis, so that each *column* is an example",
            "wrong": -1,
            "spread": "rows.T",
            "gathered": "found.T",
        },
        {
            "axis": 1,
            "layout": "the second axis, as in a batch of images $(N, K, H, W)$",
            "wrong": 0,
            "spread": "rows[:, :, None]",
            "gathered": "found[:, :, 0]",
        },
    ],
    "format": [
        {"format": "float16", "largest": "65504", "K": 27},
        {"format": "float32", "largest": "3.4028235e38", "K": 1000},
        {"format": "float64", "largest": "1.7976931348623157e308", "K": 500},
        {"format": "float16", "largest": "65504", "K": 500},
        {"format": "float32", "largest": "3.4028235e38", "K": 50257},
        {"format": "float16", "largest": "65504", "K": 100},
        {"format": "float64", "largest": "1.7976931348623157e308", "K": 50257},
        {"format": "float32", "largest": "3.4028235e38", "K": 27},
    ],
    "models": [
        {"models": "first", "over": 0},
        {"models": "last", "over": -1},
    ],
    "logs": [
        {"logs": "The logarithm of the softmax of each row", "by": "1"},
        {"logs": "Minus the logarithm of the softmax of each row", "by": "-1"},
        {"logs": "The logarithm, to base 2, of the softmax of each row", "by": "1 / np.log(2)"},
        {
            "logs": "Minus the logarithm, to base 2, of the softmax of each row",
            "by": "-1 / np.log(2)",
        },
    ],
    "averaged": [
        {
            "averaged": "return the logarithm of that mean",
            "mean_by": "1",
            "never": r"$-\infty$",
            "of_mean": "log of the mean",
        },
        {
            "averaged": "return *minus* the logarithm of that mean, its surprisal",
            "mean_by": "-1",
            "never": r"$+\infty$",
            "of_mean": "surprisal of the mean",
        },
        {
            "averaged": "return the logarithm of that mean to base 2",
            "mean_by": "1 / np.log(2)",
            "never": r"$-\infty$",
            "of_mean": "log2 of the mean",
        },
    ],
    "bug": [
        {
            "top": "z.max()",
            "found": "z - top - np.log(weights.sum(axis=-1, keepdims=True))",
        },
        {
            "top": "z.max(axis=-1, keepdims=True)",
            "found": "np.log(weights / weights.sum(axis=-1, keepdims=True))",
        },
        {
            "top": "z.max(axis=-1, keepdims=True)",
            "found": "z - np.log(weights.sum(axis=-1, keepdims=True))",
        },
        {
            "top": "z.max(axis=-1, keepdims=True)",
            "found": "np.log(weights / weights.sum(axis=-1, keepdims=True) + 1e-12)",
        },
    ],
    "reduction": [
        {
            "reduction": "the mean over the rows",
            "reduced": "losses.mean()",
            "other": "losses.sum()",
        },
        {"reduction": "the sum over the rows", "reduced": "losses.sum()", "other": "losses.mean()"},
        {
            "reduction": "an array with one loss for each row",
            "reduced": "losses",
            "other": "losses.mean()",
        },
    ],
    "ceiling": [
        {"ceiling": 27.631, "share": 10, "words": "a tenth"},
        {"ceiling": 16.118, "share": 20, "words": "a twentieth"},
        {"ceiling": 18.421, "share": 5, "words": "a fifth"},
        {"ceiling": 23.026, "share": 50, "words": "a fiftieth"},
        {"ceiling": 34.539, "share": 4, "words": "a quarter"},
        {"ceiling": 20.723, "share": 3, "words": "a third"},
        {"ceiling": 32.236, "share": 8, "words": "an eighth"},
        {"ceiling": 29.934, "share": 25, "words": "a twenty-fifth"},
    ],
    "empty": [
        {"empty": "0.0", "why": "there is nothing to learn from it"},
        {"empty": "np.nan", "why": "there is no loss to report"},
        {"empty": "-1.0", "why": "no loss is negative, so that it is noticed"},
    ],
    "denied": [
        {
            "denied": r"the logarithm of the probability of all *other* classes together, $\log(1 - \hat p_c)$",
            "not_c": "the logarithm of 1 - p_c",
            "denied_by": "-1",
        },
        {
            "denied": r"the surprisal, in nats, of all *other* classes together, $-\log(1 - \hat p_c)$",
            "not_c": "the surprisal of not c in nats",
            "denied_by": "1",
        },
        {
            "denied": r"the logarithm, to base 2, of the probability of all *other* classes together, $\log_2(1 - \hat p_c)$",
            "not_c": "the logarithm to base 2 of 1 - p_c",
            "denied_by": "-1 / np.log(2)",
        },
        {
            "denied": r"the surprisal, in bits, of all *other* classes together, $-\log_2(1 - \hat p_c)$",
            "not_c": "the surprisal of not c in bits",
            "denied_by": "1 / np.log(2)",
        },
    ],
    "shift": [
        {"shift": r"the mean of the logits, $b = \bar z$", "name": r"$\bar z$"},
        {"shift": "the first logit, $b = z_0$", "name": "$z_0$"},
        {"shift": "a median of the logits", "name": "a median"},
    ],
}

# %% [markdown]
# # Problem set: when exp overflows
#
# It belongs to [chapter 5]({{book}}/05_stability.html). The questions become harder: ★ recalls, ★★
# applies, ★★★ derives or builds. All inputs are float64, unless another format is named. NumPy's
# warnings cost no points; wrong numbers do.
#
# {{rules}}

# %%
import numpy as np

# %% [markdown]
# ## 1 · A softmax that survives ★ ({{points["q1"]}} points)
#
# Write `softmax(logits)`. The classes lie along {{layout}}. Logits may be as large as $10^5$, of
# either sign, and may differ by as much from one example to another. A logit of $-\infty$ masks
# its class: the probability is 0. Each example has at least one finite logit.
#
# *Sections: [Subtract the maximum]({{book}}/05_stability.html#subtract-the-maximum), [Masks and
# minus infinity]({{book}}/05_stability.html#masks-and-minus-infinity).*


# %% nbgrader={"grade_id": "q1-answer", "solution": true}
def softmax(logits):
    """Probabilities from logits of any size; the classes lie along axis {{axis}}."""
    ### BEGIN SOLUTION
    weights = np.exp(logits - logits.max(axis={{axis}}, keepdims=True))
    return weights / weights.sum(axis={{axis}}, keepdims=True)
    ### END SOLUTION


# %% nbgrader={"grade_id": "q1", "grade": true, "points": 2}
def examples(*rows):
    """What softmax makes of these examples, one in each row of the result."""
    rows = np.array(rows)
    with np.errstate(all="ignore"):
        found = softmax({{spread}})
    assert found is not None, "softmax returned nothing; does it end in `return`?"
    return {{gathered}}


found = examples([2.0, 1.0, 0.1], [2.0, 1.0, 0.1])
assert np.allclose(found.sum(axis=1), 1), (
    f"your softmax returns examples that sum to {found.sum(axis=1).round(3)}; which axis did you sum over?"
)
assert np.isfinite(examples([1000.0, 999.0, 998.1])).all(), (
    "at logits near 1000 the exponential is infinite; shift the logits first"
)
assert np.isfinite(examples([1500.0, 0.0, 0.0])).all(), (
    "at 1500, 0, 0 an exponential still overflows; by how much did you shift?"
)
assert np.isfinite(examples([2.0, 1.0, 0.1], [-1000.0, -1001.0, -1002.0])).all(), (
    "an example far below another one loses all its weights; each example needs a shift of its own"
)
assert np.allclose(examples([1000.0, 999.0, 998.1]), found[:1]), (
    "a number added to all logits of an example should change no probability"
)
assert np.array_equal(examples([0.0, -np.inf, 0.0]), [[0.5, 0, 0.5]]), (
    "a logit of minus infinity should give a probability of 0, and the others should share"
)

# %% tags=["grading"] question="q1"
name = "softmax"


def inputs(rng):
    drawn = []
    shapes = [(4, 3), (3, 3), (5, 2, 4), (6,) if {{axis}} == -1 else (6, 2)]
    shapes = [(2, 3, 4), (3, 3, 3), (2, 5, 4), (2, 3, 2, 2)] if {{axis}} == 1 else shapes
    for shape in shapes:  # of each a mask, a class far ahead, and examples far from each other
        for more, heights in [(-np.inf, [-9e4, 9e4, -1000.0]), (1500.0, [9e4, 0.0, -9e4, 1000.0])]:
            z = np.moveaxis(3 * rng.normal(size=shape), {{axis}}, -1)
            z[..., rng.integers(z.shape[-1])] += more
            z += rng.permuted(np.resize(heights, (*z.shape[:-1], 1)))
            z = z.astype(np.float32).astype(float)  # the same numbers in single precision
            drawn.append((np.moveaxis(z, -1, {{axis}}),))
    return drawn


# %% tags=["mistake"] question="q1"
says = "the exponential is infinite; shift the logits first"


def softmax(logits):
    weights = np.exp(logits)
    return weights / weights.sum(axis={{axis}}, keepdims=True)


# %% tags=["mistake"] question="q1"
says = "and the others should share"


def softmax(logits):
    return (logits == logits.max(axis={{axis}}, keepdims=True)).astype(float)


# %% tags=["mistake"] question="q1"
says = "by how much did you shift?"


def softmax(logits):
    weights = np.exp(logits - logits.mean(axis={{axis}}, keepdims=True))
    return weights / weights.sum(axis={{axis}}, keepdims=True)


# %% tags=["mistake"] question="q1"
says = "each example needs a shift of its own"


def softmax(logits):
    weights = np.exp(logits - logits.max())
    return weights / weights.sum(axis={{axis}}, keepdims=True)


# %% tags=["mistake"] question="q1"
says = "which axis did you sum over?"


def softmax(logits):
    weights = np.exp(logits - logits.max(axis={{axis}}, keepdims=True))
    return weights / weights.sum(axis={{wrong}}, keepdims=True)


# %% tags=["mistake"] question="q1"
says = "a number added to all logits of an example should change no probability"
hint = "Clipping the logits changes the differences between them; shift the logits instead."


def softmax(logits):
    weights = np.exp(np.clip(logits, -700, 700))
    return weights / weights.sum(axis={{axis}}, keepdims=True)


# %% tags=["mistake"] question="q1"
says = "a logit of minus infinity should give a probability of 0"


def softmax(logits, right=softmax):
    return right(np.where(np.isfinite(logits), logits, 0))


# %% [markdown]
# ## 2 · Each exponential fits, their sum does not ★ ({{points["q2"]}} points)
#
# The largest number of {{format}} is {{largest}}. A naive softmax of {{K}} *equal* logits $z$
# adds {{K}} equal exponentials in {{format}}. Each of them may be finite while their sum is
# infinite. From which $z$ on is the sum infinite? Assign the number to `limit`, correct to four
# digits. Assume that sums are exact until they overflow.
#
# *Section: [Where exp breaks]({{book}}/05_stability.html#where-exp-breaks).*

# %% nbgrader={"grade_id": "q2-answer", "solution": true}
### BEGIN SOLUTION
limit = np.log({{largest}}) - np.log({{K}})  # {{K}} e^z reaches the largest number
### END SOLUTION

# %% nbgrader={"grade_id": "q2", "grade": true, "points": 2}
assert np.isfinite(limit), f"the limit is an ordinary number, got {limit}"
assert limit > 0, (
    f"at a logit of {limit:.3g} an exponential is below 1; so few of them do not overflow"
)
### BEGIN VALUES
alone = np.log({{largest}})
### END VALUES
assert limit < alone + 0.001, f"above {alone:.2f} one exponential is infinite by itself"
assert not np.isclose(limit, alone, rtol=1e-4), (
    "that is where a single exponential overflows; there are {{K}} to be added"
)
assert limit > alone / 10, (
    f"at {limit:.3g} the sum is far from overflowing; divide the largest number by {{K}}, not its logarithm"
)

# %% tags=["grading"] question="q2"
name = "limit"
rtol = 5e-4

# %% tags=["mistake"] question="q2"
says = "that is where a single exponential overflows"
limit = np.log({{largest}})

# %% tags=["mistake"] question="q2"
says = "divide the largest number by {{K}}, not its logarithm"
limit = np.log({{largest}}) / {{K}}

# %% tags=["mistake"] question="q2"
says = "above"
hint = "A single exponential is infinite there already; the limit for the sum is lower."
limit = np.log({{largest}}) + np.log({{K}})

# %% [markdown]
# ## 3 · The mean of many models ★★ ({{points["q3"]}} points)
#
# Several models give probabilities for the same events. You have the *logarithms* of these
# probabilities. They go down to $-10^4$, and are $-\infty$ where a model gives probability 0. Write
# `log_mean_exp(logs)`: average the probabilities themselves over the models, and
# {{averaged}}. The models lie along the {{models}} axis of `logs`, and the result has the
# other axes. Where all models give probability 0, the result is {{never}}.
#
# *Sections: [Subtract the maximum]({{book}}/05_stability.html#subtract-the-maximum), [Masks and
# minus infinity]({{book}}/05_stability.html#masks-and-minus-infinity).*


# %% nbgrader={"grade_id": "q3-answer", "solution": true}
def log_mean_exp(logs):
    """The {{of_mean}} of exp(logs) over the {{models}} axis."""
    ### BEGIN SOLUTION
    top = logs.max(axis={{over}}, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)  # nothing but minus infinity needs no shift
    with np.errstate(divide="ignore"):
        means = np.log(np.exp(logs - top).mean(axis={{over}})) + top.squeeze(axis={{over}})
    return {{"means" if mean_by == "1" else f"{mean_by} * means"}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q3", "grade": true, "points": 3}
def of_events(*events):
    """The logarithm of the mean, in nats, for some events, from the logarithms of two models."""
    with np.errstate(all="ignore"):
        found = log_mean_exp(np.moveaxis(np.array(events), -1, {{over}}))
    assert found is not None, "log_mean_exp returned nothing; does it end in `return`?"
    return np.asarray(found) / ({{mean_by}})


found = of_events(
    [np.log(0.5), np.log(0.125)], [np.log(0.25), np.log(0.25)], [np.log(0.1), np.log(0.3)]
)
assert found.shape == (3,), f"three events have three results, got shape {found.shape}"
assert not np.isclose(found[0], -2 * np.log(2)), (
    "that is the mean of the logarithms; the logarithm of the mean probability is wanted"
)
assert not np.isclose(found[0], np.log(0.625)), (
    "that is the logarithm of the sum; for the mean, subtract the logarithm of the number of models"
)
assert np.isclose(found[0], np.log(0.3125)), (
    f"1/2 and 1/8 have the mean 5/16, its logarithm is {np.log(0.3125):.4f}; got {found[0]:.4f}"
)
assert np.allclose(of_events([-9000.0, -9000.0]), -9000), (
    f"two models that both say -9000 have a mean of -9000, got {of_events([-9000.0, -9000.0])[0]}; does an exponential underflow?"
)
assert of_events([-np.inf, -np.inf])[0] == -np.inf, (
    "where all models say minus infinity, minus infinity less minus infinity is nan; the answer is minus infinity"
)

# %% tags=["grading"] question="q3"
name = "log_mean_exp"


def inputs(rng):
    drawn = []
    for events, models in [((6,), 3), ((3,), 3), ((2, 4), 5), ((2,), 4)]:
        # In each shape an event is improbable in all models, and another one impossible.
        sizes = rng.permuted(np.resize([-9000.0, -np.inf, -1.0, -40.0, -2000.0], events))
        logs = sizes[..., None] * rng.uniform(0.3, 1.1, size=(*events, models))
        logs[..., 1:][rng.random((*events, models - 1)) < 0.2] = -np.inf
        drawn.append((np.moveaxis(logs, -1, {{over}}),))
    return drawn


# %% tags=["mistake"] question="q3"
says = "does an exponential underflow?"


def log_mean_exp(logs):
    return {{mean_by}} * np.log(np.exp(logs).mean(axis={{over}}))


# %% tags=["mistake"] question="q3"
says = "that is the mean of the logarithms"


def log_mean_exp(logs):
    return {{mean_by}} * logs.mean(axis={{over}})


# %% tags=["mistake"] question="q3"
says = "for the mean, subtract the logarithm of the number of models"
hint = "That is the logarithm of the sum, not of the mean."


def log_mean_exp(logs, right=log_mean_exp):
    return right(logs) + {{mean_by}} * np.log(logs.shape[{{over}}])


# %% tags=["mistake"] question="q3"
says = "minus infinity less minus infinity is nan"


def log_mean_exp(logs):
    top = logs.max(axis={{over}}, keepdims=True)
    means = np.log(np.exp(logs - top).mean(axis={{over}}))
    return {{mean_by}} * (means + top.squeeze(axis={{over}}))


# %% [markdown]
# ## 4 · Fix the logarithm ★★ ({{points["q4"]}} points)
#
# `log_softmax_found` shifts the logits, and is still wrong for some of them. It should return what
# its docstring says, and the classes lie along the last axis. Try it on rows whose logits differ in size, find the error, and write
# `log_softmax(z)`, correct for any finite logits up to $10^5$ in size.
#
# *Section: [Never take the logarithm of a
# softmax]({{book}}/05_stability.html#never-take-the-logarithm-of-a-softmax).*


# %%
def log_softmax_found(z):
    """{{logs}} (so it says)."""
    top = {{top}}
    weights = np.exp(z - top)
    return {{found if by == "1" else f"{by} * ({found})"}}


print(log_softmax_found(np.array([[0.0, -1.0, -2.0], [0.0, 0.0, 0.0]])).round(3))


# %% nbgrader={"grade_id": "q4-answer", "solution": true}
def log_softmax(z):
    """{{logs}}."""
    ### BEGIN SOLUTION
    shifted = z - z.max(axis=-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return {{"logs" if by == "1" else f"{by} * logs"}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q4", "grade": true, "points": 3}
rows = np.array([[3.0, 3.0, 3.0], [0.0, -5000.0, -5000.0], [-2000.0, -2000.0, -2000.0]])
with np.errstate(all="ignore"):
    found = np.asarray(log_softmax(rows))
assert found.shape == rows.shape, f"the shape should stay {rows.shape}, got {found.shape}"
for row, value, second in zip(rows, found[:, 1], [-np.log(3), -5000, -np.log(3)], strict=True):
    second = {{by}} * second
    assert np.isclose(value, second, rtol=1e-9), (
        f"in the row {row} of this batch the second class should get {second:.4f}, and yours gets {value:.4f}"
    )

# %% tags=["grading"] question="q4"
name = "log_softmax"


def inputs(rng):
    drawn = []
    for shape in [(4, 3), (3, 3), (2, 3, 5), (3,)]:  # of each a class far behind, and far examples
        z = rng.normal(size=shape)
        z[..., rng.integers(shape[-1])] -= 5000.0
        z += rng.permuted(np.resize([5e4, -9e4, 0.0, -1000.0, 50.0], (*shape[:-1], 1)))
        drawn.append((z.astype(np.float32).astype(float),))  # the same in single precision
    return drawn


# %% tags=["mistake"] question="q4"
says = "of this batch the second class should get"
hint = "That is what the function as found gives."
log_softmax = log_softmax_found

# %% tags=["mistake"] question="q4"
says = "of this batch the second class should get"
hint = "Where the largest logit is far above their mean, exp of the difference overflows."


def log_softmax(z):
    shifted = z - z.mean(axis=-1, keepdims=True)
    return {{by}} * (shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


# %% [markdown]
# ## 5 · Where the gradient vanishes ★★ ({{points["q5"]}} points)
#
# A program computes its loss as $-\log(\hat p_c + \varepsilon)$. It reports that no single
# example ever costs more than {{ceiling}} nats. There are two classes. By how many logits must the
# true class be behind, so that the derivative of this loss in $z_c$ is {{words}} of the derivative
# of the true loss? Assign the number to `behind`, correct to four digits.
#
# *Section: [Adding eps is the wrong
# cure]({{book}}/05_stability.html#adding-eps-is-the-wrong-cure).*

# %% nbgrader={"grade_id": "q5-answer", "solution": true}
### BEGIN SOLUTION
eps = np.exp(-{{ceiling}})
p = eps / ({{share}} - 1)  # where p / (p + eps) is one part in {{share}}
behind = np.log((1 - p) / p)
### END SOLUTION

# %% nbgrader={"grade_id": "q5", "grade": true, "points": 3}
assert behind > 0, f"behind by {behind:.3f} means ahead; the number should be positive"
assert not np.isclose(behind, {{ceiling}}, rtol=1e-3), (
    "there the probability equals eps, and the derivative is half of the true one"
)
assert behind > {{ceiling}}, (
    f"behind by {behind:.2f}, the derivative is still more than half of the true one"
)
assert behind < {{ceiling}} + 10, (
    f"behind by {behind:.2f}, almost nothing is left of the derivative"
)

# %% tags=["grading"] question="q5"
name = "behind"
rtol = 5e-4

# %% tags=["mistake"] question="q5"
says = "there the probability equals eps"
hint = "There the probability equals eps, and the derivative is half of the true one."
behind = {{ceiling}}

# %% tags=["mistake"] question="q5"
says = "the derivative is still more than half of the true one"
behind = {{ceiling}} - np.log({{share}} - 1)

# %% tags=["mistake"] question="q5"
says = "the factor is p / (p + eps), so p is not eps over {{share}}"
hidden = True
behind = {{ceiling}} + np.log({{share}})

# %% [markdown]
# ## 6 · All sixteen digits ★★ ({{points["q6"]}} points)
#
# Write `cross_entropy(logits, labels)`: `logits` has shape $(N, K)$, `labels` holds an index for
# each row, and the loss of a row is $-\log \operatorname{softmax}(z)_c$ in nats. Return
# {{reduction}}. Nine digits are compared, *also where the loss is tiny*: for a model that is right
# and confident, most programs get no digit right. A loss of a thousand nats must be correct too.
#
# *Section: [The loss near zero]({{book}}/05_stability.html#the-loss-near-zero).*


# %% nbgrader={"grade_id": "q6-answer", "solution": true}
def cross_entropy(logits, labels):
    """The loss of each row in nats, with its digits; returns {{reduction}}."""
    ### BEGIN SOLUTION
    rows = np.arange(len(labels))
    gaps = logits - logits[rows, labels][:, None]
    gaps[rows, labels] = -np.inf  # the label's own term is the 1 of log1p
    behind = np.maximum(gaps.max(axis=1), 0)
    rest = np.exp(gaps - behind[:, None]).sum(axis=1)
    losses = np.where(behind == 0, np.log1p(rest), behind + np.log(rest + np.exp(-behind)))
    return {{reduced}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q6", "grade": true, "points": 3}
def one(row, label):
    """The loss of one row, as a number."""
    with np.errstate(all="ignore"):
        found = cross_entropy(np.array([row]), np.array([label]))
    assert found is not None, "cross_entropy returned nothing; does it end in `return`?"
    return float(np.sum(found))


assert np.isclose(one([0.0, 0.0], 0), np.log(2)), (
    f"a row of two equal logits costs ln 2, got {one([0.0, 0.0], 0):.4f}"
)
### BEGIN VALUES
losses = np.log(2) * np.ones(2)
want = {{reduced}}
### END VALUES
both = cross_entropy(np.zeros((2, 2)), np.array([0, 1]))
assert np.shape(both) == np.shape(want), (
    f"for two rows that cost ln 2 each, {{reduction}} was asked for, got {both}"
)
assert np.allclose(both, want), (
    f"for two rows that cost ln 2 each, {{reduction}} was asked for, got {both}"
)
assert np.isclose(one([0.0, 1000.0], 0), 1000, rtol=1e-9), (
    f"a row that is wrong by 1000 logits costs 1000 nats, got {one([0.0, 1000.0], 0)}"
)
for row in [[0.0, -40.0], [5.0, -35.0]]:
    assert one(row, 0) != 0, (
        f"the loss of {row} with label 0 is e^-40 and not 0; 1 + e^-40 is 1, so keep the label's own term out of the sum"
    )
    assert np.isclose(one(row, 0), np.exp(-40), rtol=1e-9, atol=0), (
        f"the loss of {row} with label 0 is {np.exp(-40):.6e}, got {one(row, 0):.6e}"
    )

# %% tags=["grading"] question="q6"
name = "cross_entropy"
rtol, atol = 5e-9, 0.0


def inputs(rng):
    drawn = []
    for n, k, ahead in [
        (6, 3, (20, 45)),
        (3, 3, (30, 60)),
        (1, 10, (8, 20)),
        (8, 27, (-900, 2)),
        (6, 4, (-3, 1)),
    ]:
        logits, labels = rng.normal(size=(n, k)), rng.integers(k, size=n)
        logits[np.arange(n), labels] += rng.uniform(*ahead, size=n)
        logits[0, labels[0]] -= 750 if ahead[0] < 0 else 0
        drawn.append((logits + rng.uniform(-9, 9, size=(n, 1)), labels))
    return drawn


# %% tags=["mistake"] question="q6"
says = "keep the label's own term out of the sum"


def cross_entropy(logits, labels):
    top = logits.max(axis=1)
    losses = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    losses = losses - logits[np.arange(len(labels)), labels]
    return {{reduced}}


# %% tags=["mistake"] question="q6"
says = "a row that is wrong by 1000 logits costs 1000 nats"
hint = "Where another class is far ahead, an exponential overflows: subtract its lead first."


def cross_entropy(logits, labels):
    rows = np.arange(len(labels))
    gaps = logits - logits[rows, labels][:, None]
    gaps[rows, labels] = -np.inf
    losses = np.log1p(np.exp(gaps).sum(axis=1))
    return {{reduced}}


# %% tags=["mistake"] question="q6"
says = "{{reduction}} was asked for"


def cross_entropy(logits, labels, right=cross_entropy):
    losses = np.array([np.sum(right(logits[[i]], labels[[i]])) for i in range(len(labels))])
    return {{other}}


# %% tags=["mistake"] question="q6"
says = "the loss of [0.0, -40.0] with label 0 is 4.248354e-18"
hint = "Fewer than nine digits are right; is everything computed in float64?"


def cross_entropy(logits, labels, right=cross_entropy):
    return right(logits.astype(np.float32), labels)


# %% [markdown]
# ## 7 · Classes that do not exist ★★ ({{points["q7"]}} points)
#
# Write `masked_loss(logits, labels, allowed)`. `logits` and `allowed` have shape $(N, K)$;
# `allowed` is boolean and says which classes exist for each row. The softmax of a row runs over
# its allowed classes only. The loss of a row, in nats, is infinite if its label is not an allowed
# class. A row with no allowed class has no loss and is left out. Return the mean loss of the other
# rows. If there are no other rows, return `{{empty}}`, since {{why}}. All logits are below 100 in
# size.
#
# *Section: [Masks and minus infinity]({{book}}/05_stability.html#masks-and-minus-infinity).*


# %% nbgrader={"grade_id": "q7-answer", "solution": true}
def masked_loss(logits, labels, allowed):
    """The mean loss in nats over the rows in which something is allowed."""
    ### BEGIN SOLUTION
    kept = allowed.any(axis=1)
    if not kept.any():
        return {{empty}}
    z = np.where(allowed, logits, -np.inf)[kept]
    z = z - z.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(z).sum(axis=1))
    return (log_sums - z[np.arange(len(z)), labels[kept]]).mean()
    ### END SOLUTION


# %% nbgrader={"grade_id": "q7", "grade": true, "points": 3}
def masked(labels, *allowed):
    with np.errstate(all="ignore"):
        z = np.tile([2.0, 1.0, 0.1], (len(labels), 1))
        found = masked_loss(z, np.array(labels), np.array(allowed, bool))
    assert found is not None, "masked_loss returned nothing; does it end in `return`?"
    return found


found = masked([0], [1, 1, 0])
assert np.shape(found) == (), f"the mean is one number, got shape {np.shape(found)}"
assert not np.isclose(found, 0.407606, atol=1e-5), (
    "a class that is not allowed has a logit of minus infinity, not of 0"
)
assert np.isclose(found, np.log1p(np.exp(-1))), (
    f"between the logits 2.0 and 1.0 the first costs {np.log1p(np.exp(-1)):.4f}, got {found:.4f}"
)
assert masked([2], [1, 1, 0]) == np.inf, "a label that is not allowed makes the loss infinite"
found = masked([0, 1], [1, 0, 0], [0, 0, 0])
assert not np.isnan(found), (
    "a row in which nothing is allowed should be left out; its softmax is nan"
)
found, want = masked([1, 0, 1], [1, 1, 0], [1, 1, 0], [0, 0, 0]), 0.5 + np.log1p(np.exp(-1))
assert not np.isclose(found, want * 2 / 3), (
    "a row that is left out should not count in the mean either"
)
assert np.isclose(found, want), (
    f"one of three rows is left out, so the mean is that of two, {want:.4f}; got {found:.4f}"
)
assert np.array_equal(masked([0, 0], [0, 0, 0], [0, 0, 0]), {{empty}}, equal_nan=True), (
    "when every row is left out, {{empty}} was asked for"
)

# %% tags=["grading"] question="q7"
name = "masked_loss"


def inputs(rng):
    drawn = []
    for n, k in [(6, 3), (4, 4), (1, 10), (9, 5)]:
        allowed, labels = rng.random((n, k)) < 0.6, rng.integers(k, size=n)
        allowed[np.arange(n), labels] = True
        allowed[0, labels[0] - 1] = False
        out = rng.random(n) < 0.3
        out[0], out[-1] = False, n > 1
        allowed[out] = False
        drawn.append((3 * rng.normal(size=(n, k)), labels, allowed))
    nothing = (rng.normal(size=(2, 3)), np.array([0, 1]), np.zeros((2, 3), bool))
    never = (rng.normal(size=(2, 3)), np.array([2, 1]), np.array([[True, True, False], [True] * 3]))
    return [*drawn, nothing, never]


# %% tags=["mistake"] question="q7"
says = "has a logit of minus infinity, not of 0"
hint = "A class that is not allowed has a logit of minus infinity, not of 0."


def masked_loss(logits, labels, allowed):
    kept = allowed.any(axis=1)
    if not kept.any():
        return {{empty}}
    z = (logits * allowed)[kept]
    return (np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), labels[kept]]).mean()


# %% tags=["mistake"] question="q7"
says = "a row that is left out should not count in the mean either"


def masked_loss(logits, labels, allowed, right=masked_loss):
    kept = allowed.any(axis=1)
    return right(logits, labels, allowed) * kept.mean() if kept.any() else {{empty}}


# %% tags=["mistake"] question="q7"
says = "when every row is left out, {{empty}} was asked for"


def masked_loss(logits, labels, allowed, right=masked_loss):
    return (
        right(logits, labels, allowed)
        if allowed.any()
        else {{"0.0" if empty != "0.0" else "np.nan"}}
    )


# %% tags=["mistake"] question="q7"
says = "should be left out; its softmax is nan"
hint = "A row in which nothing is allowed should be left out; its softmax is nan."


def masked_loss(logits, labels, allowed):
    z = np.where(allowed, logits, -np.inf)
    z = z - z.max(axis=1, keepdims=True)
    return (np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), labels]).mean()


# %% tags=["mistake"] question="q7"
says = "a label that is not allowed makes the loss infinite"
hint = "A class that is not allowed has a logit of minus infinity; a large negative number is not enough."


def masked_loss(logits, labels, allowed):
    kept = allowed.any(axis=1)
    if not kept.any():
        return {{empty}}
    z = np.where(allowed, logits, -1e9)[kept]
    z = z - z.max(axis=1, keepdims=True)
    return (np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), labels[kept]]).mean()


# %% tags=["mistake"] question="q7"
says = "one of three rows is left out, so the mean is that of two"
hint = "That is the sum of the losses, not their mean."


def masked_loss(logits, labels, allowed, right=masked_loss):
    return right(logits, labels, allowed) * max(allowed.any(axis=1).sum(), 1)


# %% [markdown]
# ## 8 · The logarithm of *not* ★★★ ({{points["q8"]}} points)
#
# Write `log_not(logits, labels)`: for each row of `logits`, of shape $(N, K)$ with $K \ge 2$,
# {{denied}} with $\hat p = \operatorname{softmax}(z)$. Return an array with one number for each row. Nine digits
# are compared at both ends: where $\hat p_c$ is so near 1 that $1 - \hat p_c$ is 0 in floating
# point, and where $\hat p_c$ is so small that $1 - \hat p_c$ is 1.
#
# A hint: treat all other classes as one class. What is its logit? Then you have a softmax of two
# classes.
#
# *Section: [The loss near zero]({{book}}/05_stability.html#the-loss-near-zero).*


# %% nbgrader={"grade_id": "q8-answer", "solution": true}
def log_not(logits, labels):
    """For each row {{not_c}}, with its digits for every p_c."""
    ### BEGIN SOLUTION
    rows = np.arange(len(labels))
    others = logits.copy()
    others[rows, labels] = -np.inf
    top = others.max(axis=1)
    merged = top + np.log(np.exp(others - top[:, None]).sum(axis=1))  # the logit of not c
    gap = logits[rows, labels] - merged
    # 1 - p_c is 1 / (1 + e^gap)
    surprisal = np.maximum(gap, 0) + np.log1p(np.exp(-np.abs(gap)))
    return {{"surprisal" if denied_by == "1" else f"{denied_by} * surprisal"}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q8", "grade": true, "points": 4}
def lone(*row):
    """For the first class of one row, as log(1 - p) in nats."""
    with np.errstate(all="ignore"):
        found = log_not(np.array([row]), np.array([0]))
    assert found is not None, "log_not returned nothing; does it end in `return`?"
    assert np.shape(found) == (1,), f"one row has an array of one result, got {np.shape(found)}"
    return -found[0] / ({{denied_by}})


even, sure, never, far = lone(0.0, 0.0), lone(40.0, 0.0), lone(0.0, 40.0), lone(1000.0, 0.0, 0.0)
assert np.isclose(even, -np.log(2)), (
    f"at equal logits it is ln 1/2 = {-np.log(2):.4f}, got {even:.4f}"
)
assert np.isclose(sure, -40), (
    f"with a margin of 40 the answer is near -40, got {sure}; 1 - p is 0 there in floating point, so never form 1 - p"
)
assert np.isclose(never, -np.exp(-40), rtol=1e-9, atol=0), (
    f"with a margin of -40 the answer is {-np.exp(-40):.6e}, got {never}; a difference of two nearly equal logarithms leaves nothing"
)
assert np.isclose(far, -1000 + np.log(2)), (
    f"with a margin of 1000 over two classes the answer is {-1000 + np.log(2):.3f}, got {far}"
)

# %% tags=["grading"] question="q8"
name = "log_not"
rtol, atol = 5e-9, 0.0


def inputs(rng):
    drawn = []
    for n, k, ahead in [(6, 3, 50), (4, 4, 3), (5, 10, 40), (3, 2, 1200)]:
        logits, labels = rng.normal(size=(n, k)), rng.integers(k, size=n)
        logits[np.arange(n), labels] += np.resize([-ahead, ahead], n) * rng.uniform(0.7, 1, size=n)
        drawn.append((logits, labels))
    return drawn


# %% tags=["mistake"] question="q8"
says = "with a margin of 1000 over two classes the answer is"
hint = "Where the label is ahead by hundreds of logits, the exponential overflows; subtract that lead first."


def log_not(logits, labels):
    others = logits.copy()
    others[np.arange(len(labels)), labels] = -np.inf
    top = others.max(axis=1)
    merged = top + np.log(np.exp(others - top[:, None]).sum(axis=1))
    return {{denied_by}} * np.log1p(np.exp(logits[np.arange(len(labels)), labels] - merged))


# %% tags=["mistake"] question="q8"
says = "so never form 1 - p"
hint = "Where p is near 1 or near 0, 1 - p has lost its digits: never form it."


def log_not(logits, labels):
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = weights / weights.sum(axis=1, keepdims=True)
    return {{denied_by}} * -np.log(1 - p[np.arange(len(labels)), labels])


# %% tags=["mistake"] question="q8"
says = "1 - p is 0 there in floating point"
hint = "Where p is 1 in floating point, log1p comes too late: never form p."


def log_not(logits, labels):
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = weights / weights.sum(axis=1, keepdims=True)
    return {{denied_by}} * -np.log1p(-p[np.arange(len(labels)), labels])


# %% tags=["mistake"] question="q8"
says = "a difference of two nearly equal logarithms leaves nothing"


def log_not(logits, labels):
    others = logits.copy()
    others[np.arange(len(labels)), labels] = -np.inf
    top = logits.max(axis=1, keepdims=True)
    high = others.max(axis=1, keepdims=True)
    logsum = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0]
    merged = np.log(np.exp(others - high).sum(axis=1)) + high[:, 0]
    return {{denied_by}} * (logsum - merged)


# %% [markdown]
# ## 9 · Which shifts are safe? ★★★ ({{points["q9"]}} points)
#
# A float format has a largest number, $e^u$, and a smallest positive number of full precision,
# $e^{-v}$ (in float64, $u$ is 709.78 and $v$ is 708.40, rounded). A program subtracts some number
# $b$ from $K$ finite logits with maximum $m$, and then computes their softmax. Assume that all
# arithmetic is exact, except that a result above $e^u$ is infinite and a result below $e^{-v}$ may
# be replaced by 0.
#
# Prove: if $m - u + \ln K \le b \le m + v$, then no term and no sum overflows, and the sum is not
# 0. Then conclude: if $u \ge \ln K$, {{shift}}, is a safe shift whenever the largest and the
# smallest logit differ by at most $u - \ln K$.
#
# *Sections: [Subtract the maximum]({{book}}/05_stability.html#subtract-the-maximum), [Where exp
# breaks]({{book}}/05_stability.html#where-exp-breaks).*

# %% [markdown] nbgrader={"grade_id": "q9", "grade": true, "solution": true, "points": 4}
# ### BEGIN SOLUTION
# No logit exceeds $m$, and $m - b \le u - \ln K$ by the left inequality. So each of the $K$ terms
# is at most
#
# $$e^{z_k - b} \le e^{m - b} \le e^{u - \ln K} = \frac{e^u}{K},$$
#
# which does not overflow, and the sum of all, or of some of them, is at most
# $K \cdot e^u / K = e^u$: no overflow either. By the right inequality the term of the largest
# logit is $e^{m - b} \ge e^{-v}$, so it is not lost; the others are not negative, so the sum is at
# least $e^{-v} > 0$.
#
# Let $z_{\min}$ be the smallest logit and $b$ be {{name}}. It lies between the smallest and the
# largest logit: $z_{\min} \le b \le m$. Hence $m - b \le m - z_{\min} \le u - \ln K$, which is the
# left inequality, and $b \le m \le m + v$, which is the right one. The shift is safe. ∎
# ### END SOLUTION

# %% [markdown] tags=["rubric"] question="q9"
# **Rubric, 4 points**
#
# - 1: bounds every term by that of the largest logit, and this by $e^u / K$.
# - 1: bounds the sum; $\ln K$ is used here, and the answer says so or shows it.
# - 1: the sum is not 0, because the term of the largest logit is at least $e^{-v}$ (that the
#   others are not negative may go unsaid).
# - 1: the conclusion, from $z_{\min} \le b \le m$ to *both* inequalities. One of them only: no point.
