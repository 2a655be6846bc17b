# %% tags=["variants"]
variants = {
    "table": [
        {"n1": 40, "q1": 0.9, "r1": 30, "n2": 60, "q2": 0.6, "r2": 42},
        {"n1": 80, "q1": 0.95, "r1": 68, "n2": 20, "q2": 0.55, "r2": 14},
        {"n1": 50, "q1": 0.7, "r1": 40, "n2": 150, "q2": 0.9, "r2": 126},
        {"n1": 30, "q1": 0.8, "r1": 18, "n2": 90, "q2": 0.5, "r2": 54},
        {"n1": 25, "q1": 0.99, "r1": 20, "n2": 75, "q2": 0.65, "r2": 54},
    ],
    "bins": [
        {
            "held": "bin $b$ holds the beliefs above $b/n$ and up to $(b+1)/n$, and bin 0 also the belief 0",
            "place": "np.maximum(np.ceil(belief * n_bins), 1) - 1",
            "careless": "np.ceil(belief * n_bins) - 1",
            "ends": "0.0",
            "other": "np.minimum(np.floor(belief * n_bins), n_bins - 1)",
            "places": "[0, 0, 0, 1, 1, 3, 3]",
        },
        {
            "held": "bin $b$ holds the beliefs from $b/n$ to just below $(b+1)/n$, and the last bin also the belief 1",
            "place": "np.minimum(np.floor(belief * n_bins), n_bins - 1)",
            "careless": "np.floor(belief * n_bins)",
            "ends": "1.0",
            "other": "np.maximum(np.ceil(belief * n_bins), 1) - 1",
            "places": "[0, 0, 1, 1, 2, 3, 3]",
        },
        {
            "held": "counted from 1, bin $b$ holds the beliefs above $(b-1)/n$ and up to $b/n$, and bin 1 also the belief 0",
            "place": "np.maximum(np.ceil(belief * n_bins), 1)",
            "careless": "np.ceil(belief * n_bins)",
            "ends": "0.0",
            "other": "np.minimum(np.floor(belief * n_bins), n_bins - 1) + 1",
            "places": "[1, 1, 1, 2, 2, 4, 4]",
        },
        {
            "held": "counted from 1, bin $b$ holds the beliefs from $(b-1)/n$ to just below $b/n$, and bin $n$ also the belief 1",
            "place": "np.minimum(np.floor(belief * n_bins), n_bins - 1) + 1",
            "careless": "np.floor(belief * n_bins) + 1",
            "ends": "1.0",
            "other": "np.maximum(np.ceil(belief * n_bins), 1)",
            "places": "[1, 1, 2, 2, 3, 4, 4]",
        },
        {
            "held": "bins are counted from the *most* certain one, bin 0, and bin $b$ holds the beliefs above $1 - (b+1)/n$ and up to $1 - b/n$, the last bin also the belief 0",
            "place": "n_bins - np.maximum(np.ceil(belief * n_bins), 1)",
            "careless": "n_bins - np.ceil(belief * n_bins)",
            "ends": "0.0",
            "other": "n_bins - 1 - np.minimum(np.floor(belief * n_bins), n_bins - 1)",
            "places": "[3, 3, 3, 2, 2, 0, 0]",
        },
    ],
    "model": [
        {"K": 10, "s": 6.0, "a": 0.9},
        {"K": 2, "s": 5.0, "a": 0.8},
        {"K": 100, "s": 8.0, "a": 0.7},
        {"K": 3, "s": 2.5, "a": 0.6},
        {"K": 27, "s": 7.0, "a": 0.5},
    ],
    "mixed": [
        {"how": "each bin weighted by its number of predictions", "mix": "squares @ n / n.sum()"},
        {"how": "all bins weighted equally", "mix": "squares.mean()"},
        {"how": "added up over the bins", "mix": "squares.sum()"},
        {"how": "of the bin where the estimate is largest", "mix": "squares.max()"},
    ],
    "of": [
        {"of": "the belief minus 1 if right, the belief if wrong", "difference": "belief - right"},
        {
            "of": "the logarithm of the belief if right, of its complement to 1 if wrong",
            "difference": "np.log(np.where(right == 1, belief, 1 - belief))",
        },
        {
            "of": "the belief if wrong, and minus the belief if right",
            "difference": "np.where(right == 1, -belief, belief)",
        },
    ],
    "score": [
        {
            "score": "Brier score, the sum of the squared differences over all classes",
            "apart": "((p - a) ** 2).sum()",
            "left": "1 - (a**2).sum()",
            "swapped": "((p - a) ** 2).mean()",
            "slip": "The differences of all classes are added up, not averaged.",
        },
        {
            "score": "cross-entropy in nats",
            "apart": "(a[a > 0] * np.log(a[a > 0] / p[a > 0])).sum()",
            "left": "-(a[a > 0] * np.log(a[a > 0])).sum()",
            "swapped": "(p[a > 0] * np.log(p[a > 0] / a[a > 0])).sum()",
            "slip": "The divergence goes from the shares to the prediction.",
        },
        {
            "score": "cross-entropy in bits",
            "apart": "(a[a > 0] * np.log2(a[a > 0] / p[a > 0])).sum()",
            "left": "-(a[a > 0] * np.log2(a[a > 0])).sum()",
            "swapped": "(p[a > 0] * np.log2(p[a > 0] / a[a > 0])).sum()",
            "slip": "The divergence goes from the shares to the prediction.",
        },
        {
            "score": "half Brier score, half the sum of the squared differences over all classes",
            "apart": "((p - a) ** 2).sum() / 2",
            "left": "(1 - (a**2).sum()) / 2",
            "swapped": "((p - a) ** 2).sum()",
            "slip": "The half counts for both parts.",
        },
    ],
    "order": [
        {"order": "(calibration, refinement)", "pair": "calibration, refinement"},
        {"order": "(refinement, calibration)", "pair": "refinement, calibration"},
    ],
    "variable": [
        {"in_words": "$\\beta = 1/T$", "T": "1 / at", "first": "slope", "second": "curvature"},
        {
            "in_words": "the temperature $T$",
            "T": "at",
            "first": "-slope / T**2",
            "second": "curvature / T**4 + 2 * slope / T**3",
        },
        {
            "in_words": "$u = \\log T$",
            "T": "np.exp(at)",
            "first": "-slope / T",
            "second": "curvature / T**2 + slope / T",
        },
        {
            "in_words": "$v = 1/T^2$",
            "T": "at**-0.5",
            "first": "slope * T / 2",
            "second": "curvature * T**2 / 4 - slope * T**3 / 4",
        },
    ],
    "over": [
        {"over": "mean", "take": "np.mean"},
        {"over": "sum", "take": "np.sum"},
    ],
    "number": [
        {"number": "its probability", "numbers": "p"},
        {
            "number": "its probability divided by the largest one of the example",
            "numbers": "p / p.max(axis=1, keepdims=True)",
        },
        {
            "number": "its probability minus the largest one of the example",
            "numbers": "p - p.max(axis=1, keepdims=True)",
        },
        {
            "number": "its probability, plus those of all classes that are less probable, if the probabilities of an example are different",
            "numbers": "(p[:, None, :] * (p[:, None, :] <= p[:, :, None])).sum(axis=2)",
        },
    ],
    "out": [
        {"out": "a Boolean array $(M, K)$, true where the class is in the set", "made": "inside"},
        {
            "out": "an integer array $(M,)$, how many classes are in each set",
            "made": "inside.sum(axis=1)",
        },
        {
            "out": "a Boolean array $(M, K)$, true where the class is *not* in the set",
            "made": "~inside",
        },
    ],
    "proof": [
        {
            "claim": r"""Each of $N$ examples has scores $z$ and a label $c$. Prove: if the mean of $z_c$ over the examples is larger than the mean of all scores, and in at least one example $z_c < \max_k z_k$, then there is exactly one $T > 0$ at which the mean loss of $\operatorname{softmax}(z/T)$ is lowest.""",
            "shown": r"""Write $\beta = 1/T$ and $\hat p = \operatorname{softmax}(\beta z)$. The mean loss $L(\beta)$ is the mean of $\operatorname{logsumexp}(\beta z) - \beta z_c$, with $L'(\beta)$ the mean of $\sum_k \hat p_k z_k - z_c$ and $L''(\beta)$ the mean of the variance of $z_k$ under $\hat p$.

A variance is not negative, and under positive probabilities it is 0 only if all $z_k$ of the example are equal. In the example with $z_c < \max_k z_k$ they are not, so $L'' > 0$ and $L'$ increases strictly.

$L'(0)$ is the mean of all scores minus the mean of $z_c$, which is negative. For $\beta \to \infty$ the probability goes to the largest scores, so $L'(\beta)$ tends to the mean of $\max_k z_k - z_c$, which is positive. $L'$ is continuous, so it is 0 at exactly one $\beta > 0$, negative before and positive after it: $L$ is lowest there, and only there. ∎""",
            "marks": r"""- 1: $L'$ in $\beta$.
- 1: $L''$ is a mean of variances, and is positive here, with the reason.
- 1: $L'(0) < 0$ from the first condition.
- 1: the limit of $L'$ for $\beta \to \infty$ is positive, and the conclusion.""",
        },
        {
            "claim": r"""A conformal predictor takes the numbers $s_1, \dots, s_n$ of the labels of $n$ held-out examples and puts a class of a new example into its set if the number of this class is at least the $k$-th largest of $s_1, \dots, s_n$, $k = \lceil \gamma (n + 1) \rceil \le n$. Let $s_{n+1}$ be the number of the new example's label. Suppose that $s_1, \dots, s_{n+1}$ are exchangeable and that no two of them are equal. Prove that the label is in the set with the probability $k/(n+1)$, and that this lies in $[\gamma, \gamma + \tfrac{1}{n+1})$.""",
            "shown": r"""The label is in the set exactly if $s_{n+1}$ is at least the $k$-th largest of $s_1, \dots, s_n$, that is, if fewer than $k$ of these $n$ numbers are larger than $s_{n+1}$ (there are no ties). The rank of $s_{n+1}$ among all $n + 1$ numbers, counted from the largest, is 1 plus the number of those that are larger. So the label is in the set exactly if this rank is at most $k$.

All orders of the $n + 1$ numbers are equally likely, so the rank of the last one takes each of the values $1, \dots, n + 1$ with the probability $1/(n+1)$. It is at most $k$ with the probability $k/(n+1)$.

By the definition of $k$, $\gamma (n+1) \le k < \gamma (n+1) + 1$. Divide by $n + 1$. ∎""",
            "marks": r"""- 1: in the set if and only if fewer than $k$ held-out numbers are larger.
- 1: the rank among all $n + 1$ is uniform, with exchangeability as the reason.
- 1: the probability $k/(n+1)$.
- 1: both bounds from the rounding up.""",
        },
        {
            "claim": r"""In a bin there are $n \ge 2$ predictions. The number $d_i$ is the belief of prediction $i$, minus 1 if it is right. The $d_i$ are independent and have the same expectation $\delta$ and the same variance $v$. Prove that the mean of $d_i d_j$ over all pairs $i \ne j$ has the expectation $\delta^2$, that the square of the mean of the $d_i$ has the expectation $\delta^2 + v/n$, and that for $\delta = 0$ and $v > 0$ the absolute value of the mean has an expectation above 0.""",
            "shown": r"""For $i \ne j$ independence gives $\mathrm{E}\, d_i d_j = \mathrm{E}\, d_i\, \mathrm{E}\, d_j = \delta^2$. A mean of numbers with the expectation $\delta^2$ has the expectation $\delta^2$.

The square of the mean is $\frac{1}{n^2} \sum_{i,j} d_i d_j$. Of its $n^2$ terms $n (n-1)$ have $i \ne j$ and the expectation $\delta^2$; the other $n$ have the expectation $\mathrm{E}\, d_i^2 = \delta^2 + v$. Together: $\frac{1}{n^2} \bigl(n (n - 1) \delta^2 + n (\delta^2 + v)\bigr) = \delta^2 + v/n$.

For $\delta = 0$ the square of the mean has the expectation $v/n > 0$. So the mean is not 0 with probability 1, and its absolute value, which is never negative and sometimes positive, has an expectation above 0. ∎""",
            "marks": r"""- 1: the product of independent numbers, and the mean over pairs.
- 1: the number of terms with $i = j$ and their expectation.
- 1: the sum, $\delta^2 + v/n$.
- 1: the absolute value, with a reason (not 0 with probability 1, or Jensen with strictness).""",
        },
        {
            "claim": r"""A group of examples gets the same prediction $p$; the shares of their labels are $a$, and $Y$ is the one-hot row of a label. Prove that the mean of $\sum_k (p_k - Y_k)^2$ over the group is $\sum_k (p_k - a_k)^2 + 1 - \sum_k a_k^2$. Conclude that of all predictions for this group, $p = a$ has the lowest mean, and that dividing all scores of a softmax by a temperature $T > 0$ changes the sum of the second parts over all groups by nothing.""",
            "shown": r"""The mean of $Y_k$ over the group is $a_k$, and $Y_k^2 = Y_k$. So the mean of $(p_k - Y_k)^2$ is $p_k^2 - 2 p_k a_k + a_k = (p_k - a_k)^2 + a_k - a_k^2$. The sum over the classes, with $\sum_k a_k = 1$, is the claim.

The part $1 - \sum_k a_k^2$ does not contain $p$. The first part is never negative and is 0 only for $p = a$.

$\operatorname{softmax}(z/T)_k$ is $\hat p_k^{1/T} / \sum_j \hat p_j^{1/T}$ with $\hat p = \operatorname{softmax}(z)$, a function of $\hat p$; with the power $T$ instead of $1/T$ one gets $\hat p$ back. So two examples have the same prediction after the division exactly if they had the same one before: the groups and their shares $a$ stay, and with them the second parts. ∎""",
            "marks": r"""- 1: $Y_k^2 = Y_k$ with mean $a_k$, and the square completed.
- 1: $\sum_k a_k = 1$ gives the constant, and $p = a$ is lowest.
- 1: softmax with $T$ is a function of the prediction without it.
- 1: it can be inverted, so the groups stay, and the second parts with them.""",
        },
    ],
}

# %% [markdown]
# # Problem set: are the probabilities honest?
#
# This set goes with [chapter 10]({{book}}/10_calibration.html). The questions become harder: ★ recalls,
# ★★ applies, ★★★ derives or builds.
#
# {{rules}}
#
# The *belief* of a prediction is the probability of the predicted class. A softmax is given below;
# each row of an array is one example.

# %%
import numpy as np


def softmax(z):
    """Probabilities from scores along the last axis."""
    weights = np.exp(z - z.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


# %% [markdown]
# ## 1 · An error by hand ★ ({{points["q1"]}} points)
#
# Of {{n1}} predictions with a belief of {{q1}}, {{r1}} are right; of {{n2}} with a belief of {{q2}},
# {{r2}}. Each belief is in a bin of its own. What is the expected calibration error? Assign the number
# to `error`, correct to three digits or better.
#
# *Section: [One number, and its bias]({{book}}/10_calibration.html#one-number-and-its-bias).*

# %% nbgrader={"grade_id": "q1-answer", "solution": true}
### BEGIN SOLUTION
error = (abs({{n1}} * {{q1}} - {{r1}}) + abs({{n2}} * {{q2}} - {{r2}})) / ({{n1}} + {{n2}})
### END SOLUTION

# %% nbgrader={"grade_id": "q1", "grade": true, "points": 2}
### BEGIN VALUES
gaps = np.array([{{q1}} - {{r1}} / {{n1}}, {{q2}} - {{r2}} / {{n2}}])
unweighted, largest = abs(gaps).mean(), abs(gaps).max()
cancelled = abs({{n1}} * {{q1}} - {{r1}} + {{n2}} * {{q2}} - {{r2}}) / ({{n1}} + {{n2}})
### END VALUES
assert not np.isclose(error, unweighted, rtol=4e-3), (
    "weight each gap by the share of the predictions in its bin"
)
assert not np.isclose(abs(error), cancelled, rtol=4e-3), (
    "the two gaps have different signs; the absolute value is taken of each"
)
assert 0 < error < largest * 1.01, (
    f"the error lies between 0 and the larger gap, {largest:.3g}; got {error:.3g}"
)

# %% tags=["grading"] question="q1"
name = "error"
rtol = 5e-3

# %% tags=["mistake"] question="q1"
says = "weight each gap by the share"
error = (abs({{q1}} - {{r1}} / {{n1}}) + abs({{q2}} - {{r2}} / {{n2}})) / 2

# %% tags=["mistake"] question="q1"
says = "the two gaps have different signs"
error = abs({{n1}} * {{q1}} - {{r1}} + {{n2}} * {{q2}} - {{r2}}) / ({{n1}} + {{n2}})

# %% [markdown]
# ## 2 · Which bin? ★ ({{points["q2"]}} points)
#
# There are $n$ bins of equal width: {{held}}. Write `which_bin(belief, n_bins)`, which returns the
# number of each belief's bin, as an array of the shape of `belief`. No belief is lost.
#
# *Sections: [Belief against the share
# right]({{book}}/10_calibration.html#belief-against-the-share-right), [What goes
# wrong]({{book}}/10_calibration.html#what-goes-wrong).*


# %% nbgrader={"grade_id": "q2-answer", "solution": true}
def which_bin(belief, n_bins):
    """The number of each belief's bin."""
    ### BEGIN SOLUTION
    return {{place}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q2", "grade": true, "points": 2}
belief = np.array([0.0, 0.125, 0.25, 0.375, 0.5, 0.875, 1.0])
places = np.array({{places}})
found = np.asarray(which_bin(belief, 4))
assert found.shape == (7,), f"seven beliefs have seven bins, got shape {found.shape}"
at_end = belief == {{ends}}
assert np.array_equal(found[at_end], places[at_end]), (
    f"with four bins a belief of {{ends}} belongs to bin {places[at_end][0]}, got {found[at_end][0]}"
)
assert np.array_equal(found, places), (
    f"with four bins the beliefs {belief} belong to the bins {places}, got {found}"
)

# %% tags=["grading"] question="q2"
name = "which_bin"


def inputs(rng):
    drawn = []
    for n in (2, 8, 16, 64):
        belief = rng.integers(0, 129, size=20 + n) / 128
        drawn.append((np.concatenate([belief, [0.0, 1.0]]), n))
    return drawn


# %% tags=["mistake"] question="q2"
says = "with four bins a belief of"


def which_bin(belief, n_bins):
    return {{careless}}


# %% tags=["mistake"] question="q2"
says = "with four bins the beliefs"
hint = "A belief on the border of two bins: read which of them holds it."


def which_bin(belief, n_bins):
    return {{other}}


# %% [markdown]
# ## 3 · The best temperature ★★ ({{points["q3"]}} points)
#
# A model for {{K}} classes gives every picture a score of {{s}} for one class and 0 for the others.
# {{round(100 * a)}}% of these predictions are right. Which temperature has the lowest loss? Assign the
# number to `temperature`, correct to four digits or better.
#
# *Section: [One number repairs it: temperature
# scaling]({{book}}/10_calibration.html#one-number-repairs-it-temperature-scaling).*

# %% nbgrader={"grade_id": "q3-answer", "solution": true}
### BEGIN SOLUTION
temperature = {{s}} / np.log({{a}} * ({{K}} - 1) / (1 - {{a}}))
### END SOLUTION

# %% nbgrader={"grade_id": "q3", "grade": true, "points": 3}
assert 1e-3 < temperature < 1e3, f"a temperature is positive and finite, got {temperature:.3g}"
### BEGIN VALUES
low, high = (
    {{s}} / np.log(belief * ({{K}} - 1) / (1 - belief)) for belief in ({{a}} + 0.05, {{a}} - 0.06)
)
### END VALUES
assert low < temperature < high, (
    f"at your temperature the belief is too {'high' if temperature <= low else 'low'}, beside a share right of {{a}}"
)

# %% tags=["grading"] question="q3"
name = "temperature"
rtol = 5e-4

# %% tags=["mistake"] question="q3"
says = "at your temperature the belief is"
hint = (
    "Solve for the belief that equals the share right; every other class has an exponential of 1."
)
temperature = np.log({{a}} * ({{K}} - 1) / (1 - {{a}})) / {{s}}

# %% [markdown]
# ## 4 · A square without bias ★★ ({{points["q4"]}} points)
#
# Each prediction has a number $d$: {{of}}. Write `squared(belief, right, bins)`: the estimate without
# bias of the squared expectation of $d$, {{how}}. In a bin the estimate is the mean of $d_i d_j$ over
# all pairs of different predictions. `belief` and `right` (1 or 0) are arrays $(N,)$, `bins` holds the
# number of the bin of each. In every bin that occurs there are two predictions or more, with beliefs
# above 0 and below 1.
#
# *Section: [One number, and its bias]({{book}}/10_calibration.html#one-number-and-its-bias).*


# %% nbgrader={"grade_id": "q4-answer", "solution": true}
def squared(belief, right, bins):
    """The estimate without bias, {{how}}."""
    ### BEGIN SOLUTION
    d = {{difference}}
    groups = [d[bins == b] for b in np.unique(bins)]
    n = np.array([len(g) for g in groups])
    squares = np.array([(g.sum() ** 2 - (g**2).sum()) / (len(g) * (len(g) - 1)) for g in groups])
    return {{mix}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q4", "grade": true, "points": 3}
belief, right = np.array([0.8, 0.6, 0.9, 0.7, 0.6]), np.array([1, 0, 0, 0, 1])
bins = np.array([0, 0, 1, 1, 1])
### BEGIN VALUES
d = {{difference}}
n = np.array([2, 3])
squares = np.array([d[0] * d[1], (d[2] * d[3] + d[2] * d[4] + d[3] * d[4]) / 3])
want = {{mix}}
squares = np.array([d[:2].mean() ** 2, d[2:].mean() ** 2])
biased = {{mix}}
squares = np.array([2 * d[0] * d[1] / 4, 2 * (d[2] * d[3] + d[2] * d[4] + d[3] * d[4]) / 9])
too_small = {{mix}}
### END VALUES
found = squared(belief, right, bins)
assert np.shape(found) == (), f"one number was asked for, got shape {np.shape(found)}"
assert isinstance(found, (int, float, np.number)), f"one number was asked for, got {found!r}"
assert not np.isclose(found, biased), (
    "that squares the mean of each bin, and contains the pairs of a prediction with itself"
)
assert not np.isclose(found, too_small), (
    "n (n − 1) pairs are added up, so the sum is divided by as many"
)
assert np.isclose(found, want), (
    f"in the open example the estimate is {want:.4f}, and you say {found:.4f}"
)

# %% tags=["grading"] question="q4"
name = "squared"


def inputs(rng):
    drawn = []
    for n, n_bins in [(12, 2), (30, 5), (40, 1), (50, 6)]:
        bins = rng.permutation(
            np.concatenate([np.repeat(np.arange(n_bins), 2), rng.integers(0, n_bins, n)])
        )
        belief = rng.uniform(0.3, 0.95, len(bins))
        right = (rng.random(len(bins)) < belief - 0.2).astype(int)
        drawn.append((belief, right, 2 * bins + 1))  # not every number occurs
    return drawn


# %% tags=["mistake"] question="q4"
says = "that squares the mean of each bin"


def squared(belief, right, bins):
    d = {{difference}}
    n = np.array([(bins == b).sum() for b in np.unique(bins)])
    squares = np.array([d[bins == b].mean() ** 2 for b in np.unique(bins)])
    return {{mix}}


# %% tags=["mistake"] question="q4"
says = "so the sum is divided by as many"


def squared(belief, right, bins):
    d = {{difference}}
    groups = [d[bins == b] for b in np.unique(bins)]
    n = np.array([len(g) for g in groups])
    squares = np.array([(g.sum() ** 2 - (g**2).sum()) / len(g) ** 2 for g in groups])
    return {{mix}}


# %% [markdown]
# ## 5 · Two parts of a score ★★ ({{points["q5"]}} points)
#
# Write `two_parts(probs, labels)`, which splits the mean {{score}}, into calibration and refinement.
# Examples with equal predictions form a group. `probs` has the shape $(N, K)$ and no zeros, `labels`
# $(N,)$. Return {{order}}, a tuple of two numbers.
#
# *Section: [Two parts of a loss: calibration and
# refinement]({{book}}/10_calibration.html#two-parts-of-a-loss-calibration-and-refinement).*


# %% nbgrader={"grade_id": "q5-answer", "solution": true}
def two_parts(probs, labels):
    """{{order}} of the mean {{score}}."""
    ### BEGIN SOLUTION
    calibration = refinement = 0.0
    for p in np.unique(probs, axis=0):
        own = labels[(probs == p).all(axis=1)]
        a = np.bincount(own, minlength=len(p)) / len(own)
        calibration += len(own) / len(labels) * {{apart}}
        refinement += len(own) / len(labels) * ({{left}})
    return {{pair}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q5", "grade": true, "points": 3}
probs = np.array([[0.5, 0.3, 0.2]] * 4 + [[0.1, 0.1, 0.8]] * 2)
labels = np.array([0, 0, 1, 2, 2, 2])
### BEGIN VALUES
groups = [
    (probs[0], np.array([0.5, 0.25, 0.25]), 4 / 6),
    (probs[5], np.array([0.0, 0.0, 1.0]), 2 / 6),
]
calibration = sum(share * {{apart}} for p, a, share in groups)
refinement = sum(share * ({{left}}) for p, a, share in groups)
want = {{pair}}
### END VALUES
found = two_parts(probs, labels)
assert isinstance(found, tuple), f"a tuple of two numbers was asked for, got {found!r}"
shapes = [np.shape(f) for f in found]
assert shapes == [(), ()], f"two numbers were asked for, got shapes {shapes}"
assert not np.allclose(np.asarray(found, float), want[::-1]), (
    "the two parts stand in the opposite order"
)
total, of_want = sum(found), sum(want)
assert np.allclose(total, of_want), (
    f"in the open example the mean {{score}}, is {of_want:.4f}; your parts add up to {total:.4f}"
)
assert np.allclose(np.asarray(found, float), want), (
    f"the sum is right, but in the open example the parts are {want[0]:.4f} and {want[1]:.4f}, and you say {found[0]:.4f} and {found[1]:.4f}"
)

# %% tags=["grading"] question="q5"
name = "two_parts"


def inputs(rng):
    drawn = []
    for n, k, groups in [(20, 3, 2), (60, 5, 4), (30, 2, 6), (80, 10, 3)]:
        forecasts = rng.dirichlet(np.full(k, 2.0), groups) * 0.9 + 0.1 / k
        # Two groups have the same numbers, the first of them too; in one the last class is missing.
        forecasts[1] = forecasts[0, [0, *range(k - 1, 0, -1)] if k > 2 else [1, 0]]
        which = np.append(rng.integers(groups, size=n - 2), [0, 1])
        labels = rng.integers(k, size=n)
        labels[which == 0] %= k - 1
        drawn.append((forecasts[which], labels))
    return drawn


# %% tags=["mistake"] question="q5"
says = "the two parts stand in the opposite order"


def two_parts(probs, labels, right=two_parts):
    return right(probs, labels)[::-1]


# %% tags=["mistake"] question="q5"
says = "your parts add up to"
hint = "{{slip}}"


def two_parts(probs, labels):
    calibration = refinement = 0.0
    for p in np.unique(probs, axis=0):
        own = labels[(probs == p).all(axis=1)]
        a = np.bincount(own, minlength=len(p)) / len(own)
        calibration += len(own) / len(labels) * {{swapped}}
        refinement += len(own) / len(labels) * ({{left}})
    return {{pair}}


# %% tags=["mistake"] question="q5"
says = "the sum is right, but"
hint = "Within a group, compare the prediction with the shares of the labels."


def two_parts(probs, labels, right=two_parts):
    return sum(right(probs, labels)) / 2, sum(right(probs, labels)) / 2


# %% [markdown]
# ## 6 · Slope and curvature of a temperature ★★ ({{points["q6"]}} points)
#
# Write `derivatives(z, labels, at)`: the first and the second derivative of the {{over}} of
# the losses of $\operatorname{softmax}(z/T)$, in nats, with respect to {{in_words}}, where
# this has the value `at`, as a tuple of two numbers. Use formulas: the numbers should be correct to
# twelve digits, which central differences do not give. `z` has the shape $(N, K)$, `labels` $(N,)$.
#
# *Section: [One number repairs it: temperature
# scaling]({{book}}/10_calibration.html#one-number-repairs-it-temperature-scaling).*


# %% nbgrader={"grade_id": "q6-answer", "solution": true}
def derivatives(z, labels, at):
    """First and second derivative of the {{over}} of the losses."""
    ### BEGIN SOLUTION
    T = {{T}}
    p, own = softmax(z / T), z[np.arange(len(z)), labels]
    mean = (p * z).sum(axis=1)
    slope = {{take}}(mean - own)
    curvature = {{take}}((p * (z - mean[:, None]) ** 2).sum(axis=1))
    return {{first}}, {{second}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q6", "grade": true, "points": 4}
z = np.array([[2.0, 1.0, 0.1], [0.5, -1.0, 3.0], [0.0, 0.4, 0.2]])
labels = np.array([0, 1, 1])
### BEGIN VALUES


def loss(at):
    """The {{over}} of the losses."""
    T = {{T}}
    return {{take}}(-np.log(softmax(z / T)[np.arange(3), labels]))


firsts = [(loss(at + 1e-4) - loss(at - 1e-4)) / 2e-4 for at in (0.6, 1.3)]
seconds = [(loss(at + 1e-4) - 2 * loss(at) + loss(at - 1e-4)) / 1e-8 for at in (0.6, 1.3)]
### END VALUES
for at, first, second in zip((0.6, 1.3), firsts, seconds, strict=True):
    found = derivatives(z, labels, at)
    assert isinstance(found, tuple), (
        f"a tuple of two numbers was asked for, got {type(found).__name__}"
    )
    shapes = [np.shape(f) for f in found]
    assert shapes == [(), ()], f"two numbers were asked for, got shapes {shapes}"
    assert not np.isclose(float(found[0]), -first, rtol=1e-4), "the sign of the slope is flipped"
    assert np.isclose(float(found[0]), first, rtol=1e-4), (
        f"at {at} the slope is {first:.4f} by differences, and you say {found[0]:.4f}"
    )
    assert np.isclose(float(found[1]), second, rtol=1e-3), (
        f"at {at} the second derivative is {second:.4f} by differences, and you say {found[1]:.4f}"
    )

# %% tags=["grading"] question="q6"
name = "derivatives"
rtol, atol = 5e-12, 1e-13


def inputs(rng):
    drawn = []
    for n, k in [(5, 3), (1, 4), (8, 2), (6, 10)]:
        drawn.append((2 * rng.normal(size=(n, k)), rng.integers(k, size=n), rng.uniform(0.4, 2)))
    return drawn


# %% tags=["mistake"] question="q6"
says = "the sign of the slope is flipped"


def derivatives(z, labels, at, right=derivatives):
    first, second = right(z, labels, at)
    return -first, second


# %% tags=["mistake"] question="q6"
says = "the second derivative is"
hint = "The curvature in β is the variance of the scores under p: the mean of the squares minus the square of the mean. In another variable the chain rule adds a term."


def derivatives(z, labels, at):
    T = {{T}}
    p, own = softmax(z / T), z[np.arange(len(z)), labels]
    slope = {{take}}((p * z).sum(axis=1) - own)
    curvature = {{take}}((p * z**2).sum(axis=1))
    return {{first}}, {{second}}


# %% [markdown]
# ## 7 · Sets with a guarantee ★★ ({{points["q7"]}} points)
#
# Each class of an example has a number: {{number}}. Take the numbers of the labels of $n$ held-out
# examples and let the threshold be the one of rank $\lceil \gamma (n + 1) \rceil$ from the top; if
# this rank is above $n$, every class is in every set. Otherwise the set of a new example holds the
# classes whose number is at least the threshold. Write `sets(held, labels, new, coverage)`, which
# returns {{out}}. `held` has the shape $(n, K)$, `new` $(M, K)$; both hold probabilities, and
# `coverage` is $\gamma$.
#
# *Section: [Sets with a guarantee]({{book}}/10_calibration.html#sets-with-a-guarantee).*


# %% nbgrader={"grade_id": "q7-answer", "solution": true}
def sets(held, labels, new, coverage):
    """Returns {{out}}."""
    ### BEGIN SOLUTION
    p = held
    of_label = np.sort(({{numbers}})[np.arange(len(held)), labels])[::-1]
    rank = int(np.ceil(coverage * (len(held) + 1)))
    p = new
    inside = {{numbers}} >= (of_label[rank - 1] if rank <= len(held) else -np.inf)
    return {{made}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q7", "grade": true, "points": 4}
held = np.array([[k / 40, (33 - k) / 40, 7 / 40] for k in (30, 28, 26, 24, 22, 5, 3, 2, 1)])
labels = np.array([0, 0, 0, 0, 0, 0, 0, 1, 1])
new = np.array([[0.7, 0.2, 0.1], [0.5, 0.35, 0.15], [0.12, 0.4, 0.48], [0.97, 0.02, 0.01]])
### BEGIN VALUES


def by_rank(rank):
    """The answer with this rank."""
    p = held
    of_label = np.sort(({{numbers}})[np.arange(9), labels])[::-1]
    p = new
    inside = {{numbers}} >= (of_label[rank - 1] if rank <= 9 else -np.inf)
    return {{made}}


wants = [by_rank(rank) for rank in (8, 9, 10)]
### END VALUES
for coverage, rank, want in zip((0.75, 0.85, 0.95), (8, 9, 10), wants, strict=True):
    found = np.asarray(sets(held, labels, new, coverage))
    assert found.shape == want.shape, (
        f"the answer should have the shape {want.shape}, got {found.shape}"
    )
    capped = rank == 10 and np.array_equal(found, wants[1])
    assert not capped, (
        "with a coverage of 0.95 and 9 held-out examples the rank is 10: every class is in every set"
    )
    assert found.dtype.kind == want.dtype.kind, (
        f"the answer should hold {'integers' if want.dtype.kind == 'i' else 'True and False'}, got {found.dtype}"
    )
    assert np.array_equal(found, want), (
        f"with a coverage of {coverage} and 9 held-out examples the rank is {rank}; the answer is then {want.tolist()}, and you say {found.tolist()}"
    )

# %% tags=["grading"] question="q7"
name = "sets"


def inputs(rng):
    drawn = []
    for n, k, coverage in [(30, 4, 0.75), (12, 3, 0.8), (50, 10, 0.6), (5, 3, 0.95)]:
        z = 2 * rng.normal(size=(n + 25, k))
        p = softmax(z)
        rank = int(np.ceil(coverage * (n + 1)))
        # Above n each label is the likeliest class, so that no rank of theirs lets every class in.
        labels = (z + rng.gumbel(size=z.shape) * (rank <= n)).argmax(axis=1)
        # Else the one at the threshold is not: a sum of all probabilities is 1 but for rounding.
        others = slice(max(n + 1 - rank, 0))
        labels[others] = z.argsort(axis=1)[others, -2]
        both, p = p, p[:n]
        order = ({{numbers}})[np.arange(n), labels[:n]].argsort()[::-1]
        at = order[min(rank, n) - 1]  # its row comes once more: a class is exactly at the threshold
        drawn.append((p, labels[:n], np.vstack([both[n:], p[at]]), coverage))
    return drawn


# %% tags=["mistake"] question="q7"
says = "every class is in every set"


def sets(held, labels, new, coverage):
    p = held
    of_label = np.sort(({{numbers}})[np.arange(len(held)), labels])[::-1]
    rank = min(int(np.ceil(coverage * (len(held) + 1))), len(held))
    p = new
    inside = {{numbers}} >= of_label[rank - 1]
    return {{made}}


# %% tags=["mistake"] question="q7"
says = "and 9 held-out examples the rank is"
hint = "Sort the numbers of the labels from the largest down, and take the one of that rank."


def sets(held, labels, new, coverage):
    p = held
    of_label = np.sort(({{numbers}})[np.arange(len(held)), labels])
    rank = int(np.ceil(coverage * (len(held) + 1)))
    p = new
    inside = {{numbers}} >= (of_label[rank - 1] if rank <= len(held) else -np.inf)
    return {{made}}


# %% [markdown]
# ## 8 · A proof ★★★ ({{points["q8"]}} points)
#
# {{claim}}
#
# *Sections: [One number, and its bias]({{book}}/10_calibration.html#one-number-and-its-bias), [Two
# parts of a loss: calibration and
# refinement]({{book}}/10_calibration.html#two-parts-of-a-loss-calibration-and-refinement), [One number
# repairs it: temperature
# scaling]({{book}}/10_calibration.html#one-number-repairs-it-temperature-scaling), [Sets with a
# guarantee]({{book}}/10_calibration.html#sets-with-a-guarantee).*

# %% [markdown] nbgrader={"grade_id": "q8", "grade": true, "solution": true, "points": 4}
# ### BEGIN SOLUTION
# {{shown}}
# ### END SOLUTION

# %% [markdown] tags=["rubric"] question="q8"
# **Rubric, 4 points**
#
# {{marks}}
