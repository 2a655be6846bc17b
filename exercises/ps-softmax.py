# %% tags=["variants"]
variants = {
    "layout": [
        {"axis": -1, "layout": "the last axis, as in the chapter", "swap": 0, "spread": "shares"},
        {
            "axis": 0,
            "layout": "the first axis, so that each *column* is an example",
            "swap": -1,
            "spread": "shares.T",
        },
        {
            "axis": 1,
            "layout": "the second axis, as in a batch of images $(N, K, H, W)$",
            "swap": 0,
            "spread": "np.stack([shares, shares[::-1]], axis=-1)",
        },
    ],
    "unit": [
        {"unit": "nats", "per_nat": 1.0, "two_to_one": "0.693"},
        {"unit": "bits", "per_nat": 1 / np.log(2), "two_to_one": "1.000"},
        {
            "unit": "decibans (10 for each factor of 10)",
            "per_nat": 10 / np.log(10),
            "two_to_one": "3.010",
        },
        {
            "unit": "hartleys (1 for each factor of 10)",
            "per_nat": 1 / np.log(10),
            "two_to_one": "0.301",
        },
        {
            "unit": "trits (1 for each factor of 3)",
            "per_nat": 1 / np.log(3),
            "two_to_one": "0.631",
        },
    ],
    "gauge": [
        {"gauge": "their mean is 0", "zero": "z.mean(axis=-1, keepdims=True)"},
        {"gauge": "the largest is 0", "zero": "z.max(axis=-1, keepdims=True)"},
        {"gauge": "the last is 0", "zero": "z[..., -1:]"},
        {"gauge": "the first is 0", "zero": "z[..., :1]"},
        {"gauge": "the smallest is 0", "zero": "z.min(axis=-1, keepdims=True)"},
    ],
    "p": [0.9, 0.75, 0.8, 0.85, 0.95, 0.6, 0.7, 0.65, 0.55, 0.92],
    "bug": [
        {"noise": "-np.log(-np.log(uniforms[..., :1]))", "total": "logits + noise"},
        {"noise": "np.log(-np.log(uniforms))", "total": "logits + noise"},
        {"noise": "-np.log(uniforms)", "total": "logits + noise"},
        {
            "noise": "-np.log(-np.log(uniforms))",
            "total": "np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True) + noise",
        },
    ],
    "drawn": [
        {"drawn": "the softmax of each row of `logits`", "z": "logits", "back": "1"},
        {
            "drawn": "the softmax of each row of `logits / 2`, at a temperature of 2",
            "z": "logits / 2",
            "back": "2",
        },
        {
            "drawn": "the softmax of each row of `3 * logits`, at a temperature of ⅓",
            "z": "3 * logits",
            "back": "1 / 3",
        },
        {
            "drawn": "the softmax of each row of `-logits`, so that the smallest number is the most probable",
            "z": "-logits",
            "back": "-1",
        },
    ],
    "place": [
        {
            "place": "last, after the others",
            "whole": "np.concatenate([kept, new], axis=-1)",
            "misplaced": "np.concatenate([new, kept], axis=-1)",
            "at": -1,
        },
        {
            "place": "first, before the others",
            "whole": "np.concatenate([new, kept], axis=-1)",
            "misplaced": "np.concatenate([kept, new], axis=-1)",
            "at": 0,
        },
        {
            "place": "where the smallest of `classes` stood",
            "whole": "np.insert(kept, [min(classes)], new, axis=-1)",
            "misplaced": "np.concatenate([new, kept], axis=-1)",
            "at": -1,
        },
        {
            "place": "where the largest of `classes` stood",
            "whole": "np.insert(kept, [max(classes) + 1 - len(classes)], new, axis=-1)",
            "misplaced": "np.concatenate([new, kept], axis=-1)",
            "at": -1,
        },
    ],
    "pips": [4.5, 4.2, 4.8, 5.0, 5.2],
    "wanted": [
        {
            "wanted": "the distribution $p$, an array of length $K$",
            "result": "p",
            "as_p": "found",
            "shape": (6,),
            "slip": "1 / len(z) + (average - z.mean()) * (z - z.mean()) / ((z - z.mean()) ** 2).sum()",
            "slip_says": "its logarithm should rise in equal steps",
            "slip_hint": "That has the right average, but is not a softmax of the scores.",
            "hint": "below the plain mean 3.5 the factor beta is negative",
        },
        {
            "wanted": "the natural logarithms of the distribution $p$, an array of length $K$",
            "result": "np.log(p)",
            "as_p": "np.exp(found)",
            "shape": (6,),
            "slip": "np.log(1 / len(z) + (average - z.mean()) * (z - z.mean()) / ((z - z.mean()) ** 2).sum())",
            "slip_says": "its logarithm should rise in equal steps",
            "slip_hint": "That has the right average, but is not a softmax of the scores.",
            "hint": "below the plain mean 3.5 the factor beta is negative",
        },
        {
            "wanted": "the odds of each class against the first, $p_k / p_0$, an array of length $K$",
            "result": "p / p[0]",
            "as_p": "np.divide(found, np.sum(found))",
            "shape": (6,),
            "slip": "1 + (average - z.mean()) * (z - z[0]) / ((z - z.mean()) ** 2).sum() / (1 / len(z) + (average - z.mean()) * (z[0] - z.mean()) / ((z - z.mean()) ** 2).sum())",
            "slip_says": "its logarithm should rise in equal steps",
            "slip_hint": "That has the right average, but is not a softmax of the scores.",
            "hint": "below the plain mean 3.5 the factor beta is negative",
        },
        {
            "wanted": r"the factor $\beta$ for which $p = \operatorname{softmax}(\beta z)$, a number",
            "result": "beta",
            "as_p": "np.exp(found * faces) / np.exp(found * faces).sum()",
            "shape": (),
            "slip": "1 / solved(z, average)",
            "slip_says": "a temperature is 1 over it",
            "slip_hint": "That is the temperature; the factor beta is 1 divided by it.",
            "hint": "below the plain mean 3.5 the factor beta is negative; a temperature is 1 over it",
        },
    ],
    "claim": [
        {
            "claim": "largest",
            "moves": "rises",
            "terms": r"at most 1: exactly 1 for the classes that share the largest logit, and below 1 for the others, whose exponent is negative. As $T$ falls, a negative number divided by $T$ falls",
            "sum": "falls",
            "limit": r"In the limit the terms below 1 tend to 0, so the probability tends to $1/|S|$, where $S$ is the set of classes that share the largest logit: to 1 if one class alone has it.",
        },
        {
            "claim": "smallest",
            "moves": "falls",
            "terms": r"at least 1: exactly 1 for the classes that share the smallest logit, and above 1 for the others, whose exponent is positive. As $T$ falls, a positive number divided by $T$ rises",
            "sum": "rises",
            "limit": "In the limit the terms above 1 grow without bound, and there is at least one, so the probability tends to 0.",
        },
    ],
}

# %% [markdown]
# # Problem set: from scores to probabilities
#
# It goes with [chapter 3]({{book}}/03_softmax.html). The questions become harder: ★ recalls, ★★
# applies, ★★★ derives or builds.
#
# {{rules}}

# %%
import matplotlib.pyplot as plt
import numpy as np

# %% [markdown]
# ## 1 · Where the classes lie ★ ({{points["q1"]}} points)
#
# Write `softmax(logits)`. The classes lie along {{layout}}. All other axes count examples, and each
# example gets a distribution of its own. The result has the shape of `logits`.
#
# *Section: [Three scores]({{book}}/03_softmax.html#three-scores).*


# %% nbgrader={"grade_id": "q1-answer", "solution": true}
def softmax(logits):
    """Probabilities from scores; the classes lie along axis {{axis}}."""
    ### BEGIN SOLUTION
    weights = np.exp(logits)
    return weights / weights.sum(axis={{axis}}, keepdims=True)
    ### END SOLUTION


# %% nbgrader={"grade_id": "q1", "grade": true, "points": 2}
shares = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7]])
shares = {{spread}}
found = np.asarray(softmax(np.log(shares)))
assert found.shape == shares.shape, f"the shape should stay {shares.shape}, got {found.shape}"
assert np.all(found > 0), (
    f"a probability is never negative, got {found.min():.3f}; did you exponentiate?"
)
assert not np.isclose(found.sum(), 1), (
    "all the numbers together sum to 1; each example needs a sum of its own"
)
sums = found.sum(axis={{axis}})
assert np.allclose(sums, 1), (
    f"your softmax returns examples that sum to {sums.round(3)}; which axis did you sum over?"
)
assert np.allclose(found, shares), (
    f"the softmax of ln p is p: wanted\n{shares}\ngot\n{found.round(3)}"
)

# %% tags=["grading"] question="q1"
name = "softmax"


def inputs(rng):
    shapes = (
        [(4, 3), (3, 3)] * ({{axis}} != 1) + [(2, 5, 4), (2, 3, 2, 2)] + [(3,)] * ({{axis}} == -1)
    )
    shapes += [(3, 3, 3), (2, 2, 2, 2)] * ({{axis}} == 1)
    return [(3 * rng.normal(size=shape),) for shape in shapes]


# %% tags=["mistake"] question="q1"
says = "which axis did you sum over?"


def softmax(logits):
    weights = np.exp(logits)
    return weights / weights.sum(axis={{swap}}, keepdims=True)


# %% tags=["mistake"] question="q1"
says = "each example needs a sum of its own"


def softmax(logits):
    weights = np.exp(logits)
    return weights / weights.sum()


# %% tags=["mistake"] question="q1"
says = "did you exponentiate?"


def softmax(logits):
    return -np.abs(logits) / np.abs(logits).sum(axis={{axis}}, keepdims=True)


# %% tags=["mistake"] question="q1"
says = "the softmax of ln p is p"
hint = "The weights are powers of e, so that a gap of 1 between logits is a factor of e."


def softmax(logits):
    weights = 2.0**logits
    return weights / weights.sum(axis={{axis}}, keepdims=True)


# %% [markdown]
# ## 2 · The unit of log odds ★ ({{points["q2"]}} points)
#
# A model answers with probabilities. Write `log_odds(probs, i, j)`: the logarithm of the odds of
# class `i` against class `j`, in {{unit}}. Here and in all questions below the classes lie along
# the last axis of `probs`, so the result has one axis less.
#
# *Section: [What a score means]({{book}}/03_softmax.html#what-a-score-means).*


# %% nbgrader={"grade_id": "q2-answer", "solution": true}
def log_odds(probs, i, j):
    """The log odds of class i against class j, in {{unit}}."""
    ### BEGIN SOLUTION
    return {{per_nat}} * np.log(probs[..., i] / probs[..., j])
    ### END SOLUTION


# %% nbgrader={"grade_id": "q2", "grade": true, "points": 2}
found = log_odds(np.array([0.6, 0.3, 0.1]), 0, 1)
assert found is not None, "log_odds returned nothing; does it end in `return`?"
assert np.ndim(found) == 0, (
    f"one row of probabilities gives one number, got shape {np.shape(found)}"
)
assert found > 0, (
    "0.6 is more than 0.3, so the log odds of class 0 against class 1 are positive; which of them did you divide by?"
)
assert not np.isclose(found, 0.3), (
    "log odds are the logarithm of a ratio, not a difference of probabilities"
)
assert round(float(found), 3) == {{two_to_one}}, (
    f"two to one is {{two_to_one}} {{unit}}, got {found:.3f}; in which unit is that?"
)
assert np.shape(log_odds(np.full((4, 3), 1 / 3), 0, 2)) == (4,), "four rows give four numbers"

# %% tags=["grading"] question="q2"
name = "log_odds"


def inputs(rng):
    sets = [rng.dirichlet(np.ones(k), size=size) for k, size in [(3, 6), (2, None), (27, (2, 4))]]
    drawn = []
    for probs in sets:  # both ways round: what looks at neither class is wrong for each array
        i, j = rng.permutation(probs.shape[-1])[:2].tolist()
        drawn += [(probs, i, j), (probs, j, i)]
    return drawn


# %% tags=["mistake"] question="q2"
says = "which of them did you divide by?"
hint = "The sign is wrong: which of the two did you divide by?"


def log_odds(probs, i, j):
    return {{per_nat}} * np.log(probs[..., j] / probs[..., i])


# %% tags=["mistake"] question="q2"
says = "in which unit is that?"


def log_odds(probs, i, j):
    return {{1.0 if per_nat != 1 else 1 / np.log(2)}} * np.log(probs[..., i] / probs[..., j])


# %% tags=["mistake"] question="q2"
says = "not a difference of probabilities"
hint = "Log odds are the logarithm of a ratio, not a difference of probabilities."


def log_odds(probs, i, j):
    return probs[..., i] - probs[..., j]


# %% tags=["mistake"] question="q2"
says = "four rows give four numbers"
hint = "The classes lie along the last axis of probs, whatever comes before it."


def log_odds(probs, i, j):
    return {{per_nat}} * np.log(probs[i] / probs[j])


# %% [markdown]
# ## 3 · The way back ★★ ({{points["q3"]}} points)
#
# You have the probabilities of a softmax at temperature $T$, but not its logits. The logits can be
# recovered from the probabilities, up to one number for each example. Write
# `scores(probs, temperature)`, which returns logits whose softmax at this temperature is `probs`.
# Of all such logits, return those for which, in each example, {{gauge}}.
#
# *Sections: [What a score means]({{book}}/03_softmax.html#what-a-score-means),
# [Temperature]({{book}}/03_softmax.html#temperature).*


# %% nbgrader={"grade_id": "q3-answer", "solution": true}
def scores(probs, temperature):
    """Logits whose softmax at this temperature is probs; in each row {{gauge}}."""
    ### BEGIN SOLUTION
    z = temperature * np.log(probs)
    return z - {{zero}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q3", "grade": true, "points": 3}
p = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3]])
z = np.asarray(scores(p, 2.0))
assert z.shape == p.shape, (
    f"two examples of three classes have logits of shape (2, 3), got {z.shape}"
)
gap, right = z[0, 0] - z[0, 1], 2 * np.log(2)
assert not np.isclose(gap, right / 4), (
    "that divides by the temperature; the softmax will divide by it again"
)
assert not np.isclose(gap, right / 2), (
    f"those are the logits for T = 1; at T = 2 the same odds need other gaps than {gap:.3f}"
)
assert np.isclose(gap, right), (
    f"at T = 2, odds of two to one are a gap of {right:.3f}, got {gap:.3f}"
)
assert np.allclose({{zero}}, 0), (
    "the gaps are right, the shift is not: return logits for which, in each example, {{gauge}}"
)

# %% tags=["grading"] question="q3"
name = "scores"


def inputs(rng):
    shapes = [(3, 4), (5, None), (27, None), (27, (2, 3)), (4, 4)]
    return [(rng.dirichlet(np.full(k, 2.0), size=size), rng.uniform(0.3, 4)) for k, size in shapes]


# %% tags=["mistake"] question="q3"
says = "the softmax will divide by it again"
hint = "That divides by the temperature, and the softmax will divide by it again."


def scores(probs, temperature):
    z = np.log(probs) / temperature
    return z - {{zero}}


# %% tags=["mistake"] question="q3"
says = "those are the logits for T = 1"


def scores(probs, temperature):
    z = np.log(probs)
    return z - {{zero}}


# %% tags=["mistake"] question="q3"
says = "the gaps are right, the shift is not"


def scores(probs, temperature):
    return temperature * np.log(probs)


# %% [markdown]
# ## 4 · The gap that makes a model sure ★★ ({{points["q4"]}} points)
#
# A model of 27 letters gives the logit 0 to 26 of them and the logit $d$ to the letter *e*. At
# which $d$ does *e* have the probability {{p}}? Assign this $d$ to `needed`, correct to four digits or
# better: solve it on paper and let NumPy do the last step.
#
# *Section: [What a score means]({{book}}/03_softmax.html#what-a-score-means).*

# %% nbgrader={"grade_id": "q4-answer", "solution": true}
### BEGIN SOLUTION
needed = np.log(26 * {{p}} / (1 - {{p}}))  # the odds against each of the 26 are 26 p : (1 - p)
### END SOLUTION

# %% nbgrader={"grade_id": "q4", "grade": true, "points": 3}
assert needed < 30, f"d = {needed:.1f} makes odds of e to that power; did you take the logarithm?"
### BEGIN VALUES
low, high = np.floor(5 * needed - 1.5) / 5, np.ceil(5 * needed + 0.4) / 5
### END VALUES
assert needed > low - 1, (
    f"with your d, {needed:.2f}, the letter has a probability far below {{p}}; how many rivals does it have?"
)
assert low < needed < high, (
    f"with your d, {needed:.2f}, the letter has a probability {'below' if needed <= low else 'above'} {{p}}"
)

# %% tags=["grading"] question="q4"
name = "needed"
rtol = 5e-4

# %% tags=["mistake"] question="q4"
says = "how many rivals does it have?"
needed = np.log({{p}} / (1 - {{p}}))

# %% tags=["mistake"] question="q4"
says = "did you take the logarithm?"
needed = 26 * {{p}} / (1 - {{p}})

# %% tags=["mistake"] question="q4"
says = "of 27 letters one is e itself, so it has 26 rivals"
hidden = True
needed = np.log(27 * {{p}} / (1 - {{p}}))

# %% [markdown]
# ## 5 · Repair the sampler ★★ ({{points["q5"]}} points)
#
# `draw_found` should draw a class from {{drawn}}, by adding Gumbel noise and taking the argmax. `uniforms` has the shape of `logits` and holds independent uniform random
# numbers between 0 and 1 (you may assume that none is 0). The function runs and returns classes,
# but it does not draw them from the softmax. Find out why, and write `draw(logits, uniforms)`,
# which does what its docstring says. Use the number `uniforms[..., k]` for class `k`; the
# distribution function of Gumbel noise, $F(t) = e^{-e^{-t}}$, tells you how a uniform number
# becomes noise.
#
# *Section: [Sampling with argmax]({{book}}/03_softmax.html#sampling-with-argmax).*


# %%
def draw_found(logits, uniforms):
    """A class for each row, drawn from {{drawn}} (so it says)."""
    noise = {{noise}}
    return np.argmax({{total.replace("logits", z)}}, axis=-1)


rng = np.random.default_rng(0)
many = np.tile({{back}} * np.log([0.6, 0.3, 0.1]), (20_000, 1))
classes = draw_found(many, rng.random((20_000, 3)))
print("wanted 0.6 0.3 0.1, drawn", np.bincount(classes, minlength=3) / 20_000)


# %% nbgrader={"grade_id": "q5-answer", "solution": true}
def draw(logits, uniforms):
    """A class for each row, drawn from {{drawn}}."""
    ### BEGIN SOLUTION
    noise = -np.log(-np.log(uniforms))
    return np.argmax({{z}} + noise, axis=-1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "q5", "grade": true, "points": 3}
uniforms = np.random.default_rng(1).random((20_000, 3))
classes = np.asarray(draw(np.tile({{back}} * np.log([0.6, 0.3, 0.1]), (20_000, 1)), uniforms))
assert classes.shape == (20_000,), f"20,000 rows give 20,000 classes, got shape {classes.shape}"
drawn = np.bincount(classes, minlength=3) / 20_000
hint = "; a number added to all three logits changes no argmax" if drawn.max() == 1 else ""
assert np.allclose(drawn, [0.6, 0.3, 0.1], atol=0.02), (
    f"your shares are {drawn}, where softmax gives [0.6 0.3 0.1]{hint}"
)

# %% tags=["grading"] question="q5"
name = "draw"


def inputs(rng):
    shapes = [(50, 3), (50, 2), (20, 27), (3, 20, 5)]
    return [(2 * rng.normal(size=shape), rng.random(shape)) for shape in shapes]


# %% tags=["mistake"] question="q5"
says = "where softmax gives"
hint = "As found, the function does not draw from the softmax."
draw = draw_found

# %% [markdown]
# ## 6 · Two animals become one class ★★ ({{points["q6"]}} points)
#
# A model has logits for cat, dog and bird. You only want to know whether there is a cat, so you
# merge the other two into one class, *no cat*. The logit of the cat stays as it is, and the new
# class must have the probability of the two together. Which logit must it have?
#
# Write `merge(logits, classes)`. `classes` is a list of two class numbers or more; the result
# holds the logits of the other classes, unchanged and in order, and the logit of the merged
# class, which comes {{place}}.
#
# *Sections: [Three scores]({{book}}/03_softmax.html#three-scores), [What a score
# means]({{book}}/03_softmax.html#what-a-score-means).*


# %% nbgrader={"grade_id": "q6-answer", "solution": true}
def merge(logits, classes):
    """The logits after merging some classes; the merged class comes {{place}}."""
    ### BEGIN SOLUTION
    new = np.log(np.exp(logits[..., classes]).sum(axis=-1, keepdims=True))
    kept = np.delete(logits, classes, axis=-1)
    return {{whole}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q6", "grade": true, "points": 3}
z = np.array([2.0, 1.0, 0.1])
found = np.asarray(merge(z, [1, 2]))
assert found.shape == (2,), (
    f"three classes with two of them merged make two classes; got shape {found.shape}"
)
new, cat = found[{{at}}], found[{{-1 - at}}]
assert not (new == 2.0 != cat), "the merged class should come {{place}}"
assert cat == 2.0, f"the logit of the cat should stay 2.0, got {cat:.3f}"
for what, wrong in {"sum": 1.1, "mean": 0.55, "larger": 1.0}.items():
    assert not np.isclose(new, wrong), (
        f"that is the {what} of the two logits; it is their probabilities that add"
    )
p, q = np.exp(z) / np.exp(z).sum(), np.exp(found) / np.exp(found).sum()
assert np.isclose(q[{{at}}], p[1] + p[2]), (
    f"dog and bird together had {p[1] + p[2]:.3f}, your merged class has {q[{{at}}]:.3f}"
)

# %% tags=["grading"] question="q6"
name = "merge"


def inputs(rng):
    drawn = []
    for shape, n in [((7,), 2), ((5, 6), 3), ((2, 3, 8), 4), ((27,), 20)]:
        chosen = 2 + rng.permutation(shape[-1] - 3)[:n]
        drawn.append((rng.normal(size=shape), chosen.tolist()))
    return drawn


# %% tags=["mistake"] question="q6"
says = "that is the sum of the two logits"


def merge(logits, classes):
    new, kept = (
        logits[..., classes].sum(axis=-1, keepdims=True),
        np.delete(logits, classes, axis=-1),
    )
    return {{whole}}


# %% tags=["mistake"] question="q6"
says = "that is the larger of the two logits"


def merge(logits, classes):
    new, kept = (
        logits[..., classes].max(axis=-1, keepdims=True),
        np.delete(logits, classes, axis=-1),
    )
    return {{whole}}


# %% tags=["mistake"] question="q6"
says = "the merged class should come {{place}}"


def merge(logits, classes):
    new = np.log(np.exp(logits[..., classes]).sum(axis=-1, keepdims=True))
    kept = np.delete(logits, classes, axis=-1)
    return {{misplaced}}


# %% tags=["mistake"] question="q6"
says = "dog and bird together had"
hint = "That is the logarithm of the mean of their weights; the probabilities add."


def merge(logits, classes):
    new = np.log(np.exp(logits[..., classes]).mean(axis=-1, keepdims=True))
    kept = np.delete(logits, classes, axis=-1)
    return {{whole}}


# %% [markdown]
# ## 7 · A die that was thrown often ★★★ ({{points["q7"]}} points)
#
# A die was thrown many times, and all you know is the average: {{pips}} pips. How probable is each
# face? Of all distributions with this average, the one of largest entropy is
# $p = \operatorname{softmax}(\beta z)$, with the scores $z = (1, 2, \dots, 6)$ and the factor
# $\beta$ that gives the average. The same question can be asked for any scores.
#
# Write `max_entropy(z, average)`. `z` is an array of $K$ scores and `average` a number strictly
# between the smallest and the largest; find the distribution $p$ of largest entropy with
# $\sum_k p_k z_k$ equal to `average`, and return {{wanted}}, correct to six digits or better. In all
# tests the factor lies between −30 and 30.
#
# *Section: [The same function from maximum
# entropy]({{book}}/03_softmax.html#the-same-function-from-maximum-entropy).*


# %% nbgrader={"grade_id": "q7-answer", "solution": true}
def max_entropy(z, average):
    """Of the distribution of largest entropy with this average score: {{result}}."""
    ### BEGIN SOLUTION
    low, high = -100.0, 100.0  # the average rises with beta, so bisect
    for _ in range(100):
        beta = (low + high) / 2
        p = np.exp(beta * z - (beta * z).max())
        p /= p.sum()
        low, high = (beta, high) if p @ z < average else (low, beta)
    return {{result}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q7", "grade": true, "points": 4}
faces = np.arange(1.0, 7.0)
for average in [2.4, {{pips}}]:
    found = max_entropy(faces, average)
    assert np.shape(found) == {{shape}}, (
        f"the result should have shape {{shape}}, got {np.shape(found)}"
    )
    p = {{as_p}}
    assert np.isclose(p.sum(), 1), f"your probabilities sum to {p.sum():.3f}"
    assert np.isclose(p @ faces, average), (
        f"your average is {p @ faces:.3f}, and {average} was asked for; {{hint}}"
    )
    steps = np.diff(np.log(p))
    assert np.allclose(steps, steps[0]), (
        "it has the right average, but is not a softmax of the scores: its logarithm should rise in equal steps"
    )

# %% tags=["grading"] question="q7"
name = "max_entropy"
rtol, atol = 1e-5, 1e-7


def inputs(rng):
    gaps = [rng.uniform(0.3, 1.5, size=size) for size in (2, 5, 5, 9)]
    drawn = []
    for number, g in enumerate([*gaps, np.ones(6)]):
        z = g.cumsum() - g.sum() / 2
        beta = rng.uniform(0.2, 0.8) if number in (0, 1, 4) else rng.uniform(10, 25)
        p = np.exp(beta * z if number % 2 else -beta * z)  # averages below and above the plain mean
        drawn.append((rng.permutation(z), float(z @ p / p.sum())))
    return drawn


# %% tags=["mistake"] question="q7"
says = "the factor beta is negative"
hint = "Where the average lies below the plain mean of the scores, beta is negative."


def max_entropy(z, average):
    low, high = 0.0, 100.0
    for _ in range(100):
        beta = (low + high) / 2
        p = np.exp(beta * z - (beta * z).max())
        p /= p.sum()
        low, high = (beta, high) if p @ z < average else (low, beta)
    return {{result}}


# %% tags=["mistake"] question="q7"
says = "{{slip_says}}"
hint = "{{slip_hint}}"
solved = max_entropy


def max_entropy(z, average):
    return {{slip}}


# %% [markdown]
# Once your function works, this plots four dice. Within each die, the probability changes by the same
# factor from every face to the next.

# %%
faces = np.arange(1.0, 7.0)
figure, axes = plt.subplots(1, 4, figsize=(9, 2), sharey=True, layout="constrained")
for ax, average in zip(axes, [2.5, 3.5, 4.5, 5.5], strict=True):
    found = max_entropy(faces, average)
    ax.bar(faces, {{as_p}})
    ax.set(title=f"average {average}", xlabel="pips")
axes[0].set_ylabel("probability")

# %% [markdown]
# ## 8 · What cooling does ★★★ ({{points["q8"]}} points)
#
# Let the logits $z_0, \dots, z_{K-1}$ not all be equal, and let $k$ be a class with the {{claim}}
# logit. Prove that the probability $\operatorname{softmax}(z/T)_k$ strictly {{moves}} whenever the
# temperature $T > 0$ falls, and find its limit as $T \to 0$. Say where you use that the logits are
# not all equal. A few lines are enough if you give the reason for each step.
#
# *Section: [Temperature]({{book}}/03_softmax.html#temperature).*

# %% [markdown] nbgrader={"grade_id": "q8", "grade": true, "solution": true, "points": 4}
# ### BEGIN SOLUTION
# Divide numerator and denominator by $e^{z_k/T}$:
#
# $$\operatorname{softmax}(z/T)_k = \frac{1}{\sum_j e^{(z_j - z_k)/T}}$$
#
# Since $z_k$ is the {{claim}} logit, each term of the sum is {{terms}}; so those terms
# {{sum[:-1]}} strictly, while the others stay 1. There is at least one of those terms, because the
# logits are not all equal. Hence the sum strictly {{sum}} when $T$ falls, and the probability
# strictly {{moves}}. {{limit}} ∎
# ### END SOLUTION

# %% [markdown] tags=["rubric"] question="q8"
# **Rubric, 4 points**
#
# - 1: writes the probability as $1 / \sum_j e^{(z_j - z_k)/T}$, or as an equivalent in which the
#   temperature stands in each term alone.
# - 1: says in which direction each term moves as $T$ falls, with the sign of $z_j - z_k$ as the
#   reason.
# - 1: gets *strictly*, from a class with another logit, and names this as the use of "not all
#   equal".
# - 1: the limit, ties included.
#
# A derivative by $T$ with its sign explained earns the same points. "The exponential dominates",
# with no reason given, earns none.
