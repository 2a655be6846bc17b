# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% tags=["variants"]
variants = {
    "leads": [
        {
            "given": r"the differences $z_c - z_j$ between the true class and each of its rivals",
            "sign": -1,
            "axis": -1,
            "unit": "nats",
            "per_nat": 1.0,
        },
        {
            "given": r"the differences $z_j - z_c$ between each rival and the true class",
            "sign": 1,
            "axis": -1,
            "unit": "bits",
            "per_nat": 1 / np.log(2),
        },
        {
            "given": r"the differences $z_c - z_j$ between the true class and each of its rivals",
            "sign": -1,
            "axis": 0,
            "unit": "bits",
            "per_nat": 1 / np.log(2),
        },
        {
            "given": r"the differences $z_j - z_c$ between each rival and the true class",
            "sign": 1,
            "axis": 0,
            "unit": "nats",
            "per_nat": 1.0,
        },
    ],
    "K": [7, 12, 15, 26, 23, 10, 18, 29, 34],
    "soft": [
        {"meant": r"the sharpness $\beta$", "beta": "scale", "two": 2.0},
        {"meant": r"a temperature, $1/\beta$", "beta": "1 / scale", "two": 0.5},
    ],
    "reduction": [
        {
            "reduction": "an array with one loss for each row",
            "reduced": "losses",
            "other": "losses.mean()",
        },
        {
            "reduction": "the mean over the rows",
            "reduced": "losses.mean()",
            "other": "losses * len(logits)",
        },
        {
            "reduction": "the sum over the rows",
            "reduced": "losses.sum()",
            "other": "losses / len(logits)",
        },
    ],
    "counted": [
        {
            "counted": "nats",
            "log": "np.log",
            "times": "1",
            "each": "np.log1p(np.exp(-(2 * truth - 1) * scores))",
        },
        {
            "counted": "bits",
            "log": "np.log2",
            "times": "1 / np.log(2)",
            "each": "np.log1p(np.exp(-(2 * truth - 1) * scores)) / np.log(2)",
        },
        {
            "counted": "hartleys (the logarithm to base 10)",
            "log": "np.log10",
            "times": "1 / np.log(10)",
            "each": "np.log1p(np.exp(-(2 * truth - 1) * scores)) / np.log(10)",
        },
    ],
    "several": [
        {
            "belief": "np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)",
            "charge": "-truth * np.log(p) - (1 - truth) * np.log(1 - p)",
            "result": "losses.sum(axis=1).mean()",
        },
        {
            "belief": "1 / (1 + np.exp(-scores))",
            "charge": "-truth * np.log(p)",
            "result": "losses.sum(axis=1).mean()",
        },
        {
            "belief": "1 / (1 + np.exp(-truth * scores))",
            "charge": "-np.log(p)",
            "result": "losses.sum(axis=1).mean()",
        },
        {
            "belief": "1 / (1 + np.exp(-scores))",
            "charge": "-truth * np.log(p) - (1 - truth) * np.log(1 - p)",
            "result": "losses.mean()",
        },
        {
            "belief": "1 / (1 + np.exp(scores))",
            "charge": "-truth * np.log(p) - (1 - truth) * np.log(1 - p)",
            "result": "losses.sum(axis=1).mean()",
        },
    ],
    "crossing": [
        {"classes": 3, "margin": 1},
        {"classes": 10, "margin": 1},
        {"classes": 4, "margin": 2},
        {"classes": 5, "margin": 0.5},
        {"classes": 27, "margin": 1.5},
        {"classes": 6, "margin": 1},
        {"classes": 8, "margin": 2},
        {"classes": 20, "margin": 0.5},
    ],
    "undo": [
        {
            "undone": "the loss in nats that the pair would have reported",
            "of_p": "-np.log(p)",
        },
        {
            "undone": "the loss in *bits* that the pair would have reported",
            "of_p": "-np.log2(p)",
        },
        {
            "undone": "the loss in *hartleys* (base 10) that the pair would have reported",
            "of_p": "-np.log10(p)",
        },
        {
            "undone": "the probability that the model gave to the true class",
            "of_p": "p",
        },
        {
            "undone": r"the margin $z_c - z_j$ of the true class, in logits",
            "of_p": "np.log(p / (1 - p))",
        },
    ],
    "walk": [
        {"walk": "$z + tv$", "way": 1},
        {"walk": "$z - tv$ (a step of length $t$ against $v$)", "way": -1},
    ],
    "forever": [
        {
            "forever": "If it keeps falling as $t$ grows, return `np.inf`, and `-np.inf` if it falls without end as $t$ decreases",
            "up": "np.inf",
            "down": "-np.inf",
        },
        {
            "forever": "If it has no minimum, because it keeps falling in one of the two directions, return `np.nan`",
            "up": "np.nan",
            "down": "np.nan",
        },
    ],
    "proof": [
        {
            "title": "Logsumexp as a maximum over distributions",
            "ask": r"Let $z$ be finite logits. Prove that for *every* distribution $q$ over the $K$ classes, zeros allowed, $\sum_k q_k z_k + H(q) \le \operatorname{logsumexp}(z)$, with $H(q) = -\sum_k q_k \ln q_k$, and find the only $q$ for which the two are equal. Conclude, without a derivative, that logsumexp is convex: $\operatorname{logsumexp}((1 - t) a + t b) \le (1 - t) \operatorname{logsumexp}(a) + t \operatorname{logsumexp}(b)$ for $0 \le t \le 1$. You may use Gibbs' inequality, $-\sum_k q_k \ln p_k \ge H(q)$ with equality only for $p = q$.",
            "answer": r"""Let $p = \operatorname{softmax}(z)$, so that $\ln p_k = z_k - \operatorname{logsumexp}(z)$. Since the $q_k$ sum to 1,

$$-\sum_k q_k \ln p_k = \operatorname{logsumexp}(z) - \sum_k q_k z_k$$

By Gibbs the left side is at least $H(q)$, with equality only for $q = p$. So $\sum_k q_k z_k + H(q) \le \operatorname{logsumexp}(z)$, and the two are equal for $q = \operatorname{softmax}(z)$ and for no other $q$.

*Convex.* Put $z = (1 - t) a + t b$ and take the $q$ for which there is equality at this $z$. Then

$$\operatorname{logsumexp}(z) = (1 - t) \Bigl( \sum_k q_k a_k + H(q) \Bigr) + t \Bigl( \sum_k q_k b_k + H(q) \Bigr) \le (1 - t) \operatorname{logsumexp}(a) + t \operatorname{logsumexp}(b)$$

where the first step splits $H(q)$ in the shares $1 - t$ and $t$, and the second is the inequality just proved, at $a$ and at $b$ with the same $q$; the factors $1 - t$ and $t$ are not negative. ∎""",
            "marks": r"""- 1: inserts $\ln p_k = z_k - \operatorname{logsumexp}(z)$, with the $q_k$ summing to 1.
- 1: the inequality by Gibbs, and equality exactly for $\operatorname{softmax}(z)$.
- 1: for the convexity takes the best $q$ at the point between (or says: a maximum of functions that are linear in $z$).
- 1: applies the inequality at $a$ and $b$ with this one $q$, and uses that both factors are not negative.

A proof of the inequality by Lagrange's multipliers needs a reason why the stationary point is a maximum. Convexity by the variance is not what was asked, and earns none of the last two points.""",
        },
        {
            "title": "How much a small change of the logits changes the loss",
            "ask": r"Two sets of finite logits, $a$ and $b$, differ by at most $\delta$ in each entry: $|a_k - b_k| \le \delta$. Prove that $|\operatorname{logsumexp}(a) - \operatorname{logsumexp}(b)| \le \delta$, and that the losses $\ell(a, c)$ and $\ell(b, c)$ differ by at most $2 \delta$. Then show that the 2 cannot be replaced by a smaller factor: for each $\delta > 0$ and each $\varepsilon > 0$ find logits whose losses differ by more than $2\delta - \varepsilon$.",
            "answer": r"""Since $a_k \le b_k + \delta$ for each $k$ and the exponential rises, $\sum_k e^{a_k} \le \sum_k e^{b_k + \delta} = e^\delta \sum_k e^{b_k}$. The logarithm rises too, so $\operatorname{logsumexp}(a) \le \operatorname{logsumexp}(b) + \delta$. Exchange $a$ and $b$: $\operatorname{logsumexp}(b) \le \operatorname{logsumexp}(a) + \delta$. Together, $|\operatorname{logsumexp}(a) - \operatorname{logsumexp}(b)| \le \delta$.

The loss is $\operatorname{logsumexp}(z) - z_c$. Hence $|\ell(a, c) - \ell(b, c)| \le |\operatorname{logsumexp}(a) - \operatorname{logsumexp}(b)| + |a_c - b_c| \le 2 \delta$.

*No smaller factor.* Take two classes, $c = 0$, $b = (0, s)$ and $a = (-\delta, s + \delta)$. The losses are $\ln(1 + e^{s})$ and $\ln(1 + e^{s + 2\delta})$. From $x < \ln(1 + e^x) = x + \ln(1 + e^{-x}) \le x + e^{-x}$ the difference is more than $s + 2\delta - s - e^{-s} = 2\delta - e^{-s}$, and $e^{-s} \le \varepsilon$ for $s \ge \ln(1/\varepsilon)$. ∎""",
            "marks": r"""- 1: logsumexp: that it rises in each entry, and a common shift comes out.
- 1: both directions, and so the absolute value.
- 1: the loss, with $|a_c - b_c| \le \delta$ and the triangle inequality.
- 1: an example with the true class pushed one way and a rival far ahead the other, and a proof that its difference gets as near to $2\delta$ as is asked.

A proof by the mean value theorem, with slopes $\hat p_k$ that sum to 1, earns the same.""",
        },
    ],
}

# %% [markdown]
# # Problem set: softmax and cross-entropy as one
#
# It goes with [chapter 4]({{book}}/04_the_pair.html). The questions become harder: ★ recalls, ★★ applies, ★★★ derives or builds.
#
# {{rules}}

# %%
import matplotlib.pyplot as plt
import numpy as np

# %% [markdown]
# ## 1 · The loss depends only on differences ★ ({{points["q1"]}} points)
#
# Write `loss_of(gaps)`: the loss in {{unit}} of each example. The logits are not known; `gaps` holds {{given}}. The $K - 1$ rivals of an example lie along the {{"last" if axis == -1 else "first"}} axis, and the result has the other axes. No gap is larger than 100 in size.
#
# *Section: [The logarithm undoes the exponential]({{book}}/04_the_pair.html#the-logarithm-undoes-the-exponential).*


# %% nbgrader={"grade_id": "q1-answer", "solution": true}
def loss_of(gaps):
    """The loss in {{unit}} of each example, from the gaps between the true class and its rivals."""
    ### BEGIN SOLUTION
    return {{per_nat}} * np.log(1 + np.exp({{sign}} * gaps).sum(axis={{axis}}))
    ### END SOLUTION


# %% nbgrader={"grade_id": "q1", "grade": true, "points": 2}
gaps = {{-sign}} * np.log([2.0, 2.0])  # probabilities ½, ¼, ¼, and the first class is true
found = loss_of(gaps)
assert found is not None, "loss_of returned nothing; does it end in `return`?"
assert np.shape(found) == (), (
    f"the two gaps of one example make one loss, got shape {np.shape(found)}"
)
assert not np.isclose(found, 0), "the true class is part of the sum too: what is its own gap?"
assert not np.isclose(found, {{per_nat}} * np.log(5)), (
    "a true class with the highest score would pay more than one that trails; mind the sign of the gaps"
)
assert not np.isclose(found, {{per_nat}} * np.log(1.5)), "every rival counts, and there are two"
assert np.isclose(found, {{per_nat}} * np.log(2)), (
    f"the true class has the probability ½ and costs one bit, {{round(per_nat * np.log(2), 4)}} {{unit}}; got {found:.4f}; in which unit is that?"
)
shape = np.shape(loss_of(np.zeros((4, 2) if {{axis}} == -1 else (2, 4))))
assert shape == (4,), f"four examples with two rivals each have four losses, got shape {shape}"

# %% tags=["grading"] question="q1"
name = "loss_of"


def inputs(rng):
    shapes = [(2,), (5, 4), (3, 3), (4, 2, 9)]
    return [(rng.uniform(-4, 4, size=shape),) for shape in shapes]


# %% tags=["mistake"] question="q1"
says = "what is its own gap?"


def loss_of(gaps):
    return {{per_nat}} * np.log(np.exp({{sign}} * gaps).sum(axis={{axis}}))


# %% tags=["mistake"] question="q1"
says = "mind the sign of the gaps"


def loss_of(gaps):
    return {{per_nat}} * np.log(1 + np.exp({{-sign}} * gaps).sum(axis={{axis}}))


# %% tags=["mistake"] question="q1"
says = "every rival counts"


def loss_of(gaps):
    return {{per_nat}} * np.log(1 + np.exp({{sign}} * gaps).max(axis={{axis}}))


# %% tags=["mistake"] question="q1"
says = "in which unit is that?"


def loss_of(gaps):
    return {{1 if per_nat != 1 else 1 / np.log(2)}} * np.log(
        1 + np.exp({{sign}} * gaps).sum(axis={{axis}})
    )


# %% tags=["mistake"] question="q1"
says = "four examples with two rivals each have four losses"
hint = "The rivals lie along axis {{axis}}."


def loss_of(gaps):
    return {{per_nat}} * np.log(1 + np.exp({{sign}} * gaps).sum(axis={{-1 - axis}}))


# %% [markdown]
# ## 2 · How many classes has it? ★ ({{points["q2"]}} points)
#
# In a training log, nearly all training examples are classified correctly, and their mean loss has fallen to {{round(np.log(1 + (K - 1) / np.e), 3)}} nats and does not fall further. You suspect that softmax is applied twice. How many classes are there? Assign the whole number to `classes`.
#
# *Section: [Softmax applied twice]({{book}}/04_the_pair.html#softmax-applied-twice).*

# %% nbgrader={"grade_id": "q2-answer", "solution": true}
### BEGIN SOLUTION
classes = round(1 + np.e * (np.exp({{round(np.log(1 + (K - 1) / np.e), 3)}}) - 1))
### END SOLUTION

# %% nbgrader={"grade_id": "q2", "grade": true, "points": 2}
assert classes == np.round(classes), f"classes come in whole numbers, got {classes}"
assert classes >= 2, f"there are at least two classes, got {classes}"
assert np.log(classes) > {{round(np.log(1 + (K - 1) / np.e), 3)}}, (
    f"with {classes} classes equal probabilities cost {np.log(classes):.3f}, even if softmax is applied twice; a model nearly always right should pay less"
)

# %% tags=["grading"] question="q2"
name = "classes"

# %% tags=["mistake"] question="q2"
says = "a model nearly always right should pay less"
classes = round(np.exp({{np.log(1 + (K - 1) / np.e)}}))

# %% tags=["mistake"] question="q2"
says = "that counts the rivals; the true class is a class too"
hidden = True
classes = classes - 1

# %% [markdown]
# ## 3 · A margin inside ★★ ({{points["q3"]}} points)
#
# The hinge loss of chapter 4 is 0 once the margin $d = z_c - \max_{j \ne c} z_j$ is at least 1. The pair (softmax with cross-entropy) comes close to 0 only when the margin is large. A loss between the two, which asks for a margin $m$, is
#
# $$\ell(z, c) = \frac1\beta \log \Bigl( 1 + \sum_{j \ne c} e^{\beta (z_j - z_c + m)} \Bigr)$$
#
# It is the pair for $m = 0$ and $\beta = 1$. For large $\beta$ it becomes a hinge that charges only for the strongest rival. Write `margin_loss(logits, labels, margin, scale)` for `logits` of shape $(N, K)$, an index for each row in `labels`, and numbers `margin` and `scale`; `scale` is {{meant}}. Return {{reduction}}.
#
# *Sections: [Logsumexp is a soft maximum]({{book}}/04_the_pair.html#logsumexp-is-a-soft-maximum), [The hinge loss]({{book}}/04_the_pair.html#the-hinge-loss).*


# %% nbgrader={"grade_id": "q3-answer", "solution": true}
def margin_loss(logits, labels, margin, scale):
    """The pair with a margin; returns {{reduction}}."""
    ### BEGIN SOLUTION
    rows, beta = np.arange(len(labels)), {{beta}}
    raised = logits + margin
    raised[rows, labels] -= margin  # the true class does not compete with itself
    terms = np.exp(beta * (raised - logits[rows, labels][:, None]))
    losses = np.log(terms.sum(axis=1)) / beta
    return {{reduced}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q3", "grade": true, "points": 3}
rows, labels = np.log([[0.5, 0.25, 0.25], [0.25, 0.25, 0.5]]), np.array([0, 2])
### BEGIN VALUES
losses = np.full(2, np.log(2))
both = {{reduced}}
### END VALUES


def paid(margin, scale):
    found, want = margin_loss(rows.copy(), labels, margin, scale), np.shape(both)
    assert np.shape(found) == want, (
        f"{{reduction}} was asked for, of shape {want}; got {np.shape(found)}"
    )
    return np.sum(found) / np.sum(both) * np.log(2)


plain = paid(0, 1.0)
for slip, factor in {"sum": 2, "mean": 0.5}.items():
    assert not np.isclose(plain, factor * np.log(2)), (
        f"that looks like the {slip}; {{reduction}} was asked for"
    )
assert np.isclose(plain, np.log(2)), (
    f"without a margin this is the pair, and a probability of ½ costs 0.6931; got {plain:.4f}"
)
found = paid(np.log(2), 1.0)
assert found > plain, (
    f"a margin makes the loss larger, yours changed from {plain:.4f} to {found:.4f}"
)
assert not np.isclose(found, np.log(4)), (
    "the true class does not compete with itself: its own term stays 1, without a margin"
)
assert np.isclose(found, np.log(3)), (
    f"with a margin of ln 2 each rival's term doubles, which makes ln 3, 1.0986; got {found:.4f}"
)
found = paid(0, {{two}})
assert not np.isclose(found, np.log(1.5)), "the factor 1/β in front is missing"
assert np.isclose(found, np.log(1.5) / 2), (
    f"at β = 2 (a scale of {{two}}) and without a margin the loss here is half of ln 1.5, 0.2027; got {found:.4f}. is `scale` β or its inverse?"
)

# %% tags=["grading"] question="q3"
name = "margin_loss"


def inputs(rng):
    drawn = []
    for n, k in [(6, 3), (4, 4), (1, 10), (20, 27)]:
        logits, labels = 2 * rng.normal(size=(n, k)), rng.integers(k, size=n)
        drawn.append((logits, labels, rng.uniform(0, 2), rng.uniform(0.4, 2.5)))
    return drawn


# %% tags=["mistake"] question="q3"
says = "{{reduction}} was asked for"
right = margin_loss


def margin_loss(logits, labels, margin, scale):
    losses = right(logits, labels, margin, scale)
    return {{other}}


# %% tags=["mistake"] question="q3"
says = "a margin makes the loss larger"
right = margin_loss


def margin_loss(logits, labels, margin, scale):
    return right(logits, labels, -margin, scale)


# %% tags=["mistake"] question="q3"
says = "does not compete with itself"


def margin_loss(logits, labels, margin, scale):
    beta, own = {{beta}}, logits[np.arange(len(labels)), labels][:, None]
    terms = np.exp(beta * (logits - own + margin))
    losses = np.log(terms.sum(axis=1)) / beta
    return {{reduced}}


# %% tags=["mistake"] question="q3"
says = "the factor 1/β in front is missing"
right = margin_loss


def margin_loss(logits, labels, margin, scale):
    return {{beta}} * right(logits, labels, margin, scale)


# %% tags=["mistake"] question="q3"
says = "is `scale` β or its inverse?"
right = margin_loss


def margin_loss(logits, labels, margin, scale):
    return right(logits, labels, margin, 1 / scale)


# %% tags=["mistake"] question="q3"
says = "with a margin of ln 2 each rival's term doubles"
hint = "The margin is added to every rival, and not only to the strongest."


def margin_loss(logits, labels, margin, scale):
    rows, beta = np.arange(len(labels)), {{beta}}
    gaps = logits - logits[rows, labels][:, None]
    gaps[rows, labels] = -np.inf
    gaps[rows, gaps.argmax(axis=1)] += margin
    losses = np.log(1 + np.exp(beta * gaps).sum(axis=1)) / beta
    return {{reduced}}


# %% [markdown]
# ## 4 · Repair the loss for several true classes ★★ ({{points["q4"]}} points)
#
# A photograph may show any of $K$ animals, several or none. `scores` and `truth` have shape $(N, K)$, and `truth` is 1 where an animal is there and 0 where it is not. `several_found` is meant to add up one logistic loss for each animal of a photograph, in {{counted}}, and to return the mean of these sums over the photographs. The three values that it prints below are wrong. Find out why, and write a correct version, `several(scores, truth)`. Scores are moderate, below 30 in size.
#
# *Section: [When several classes can be true: another loss]({{book}}/04_the_pair.html#when-several-classes-can-be-true-another-loss).*


# %%
def several_found(scores, truth):
    """The mean over the photographs of their logistic losses, added up (so it says)."""
    p = {{belief}}
    losses = {{charge.replace("np.log", log)}}
    return {{result}}


animals = np.array([[1, 1, 0], [0, 0, 0]])
sure = 10.0 * (2 * animals - 1)
print(f"sure and right, should be near 0:      {several_found(sure, animals):.4f}")
print(
    f"sure and wrong, should be near { {{times}} * 30:.1f}:   {several_found(-sure, animals):.4f}"
)
print(
    f"all scores 0, should be { {{times}} * 3 * np.log(2):.4f}:  {several_found(0 * sure, animals):.4f}"
)


# %% nbgrader={"grade_id": "q4-answer", "solution": true}
def several(scores, truth):
    """The mean over the photographs of their logistic losses, added up."""
    ### BEGIN SOLUTION
    losses = {{each}}
    return losses.sum(axis=1).mean()
    ### END SOLUTION


# %% nbgrader={"grade_id": "q4", "grade": true, "points": 3}
animals = np.array([[1, 1, 0], [0, 0, 0]])
sure, doubtful = 10.0 * (2 * animals - 1), np.array([[1.0, -2.0, 0.5], [0.0, 1.0, -1.0]])
found = several(sure, animals)
assert found is not None, "several returned nothing; does it end in `return`?"
assert np.shape(found) == (), (
    f"a mean over the photographs is one number, got shape {np.shape(found)}"
)
assert not np.isclose(several(doubtful, animals), several_found(doubtful, animals)), (
    "that is what several_found returns, with its fault"
)
assert found < 0.01, (  # in any unit
    f"a model that is sure and right in all questions pays nearly nothing, got {found:.4f}; are the animals rivals?"
)
found = several(np.zeros((2, 3)), animals)
assert not np.isclose(found, {{times}} * 6 * np.log(2)), (
    "the losses of all photographs are added; their mean was asked for"
)
for i, k in np.ndindex(2, 3):
    doubt = sure.copy()
    doubt[i, k] *= -1
    found = several(doubt, animals)
    what = "there, and denied" if animals[i, k] else "not there, and seen"
    assert np.isclose(found, {{times}} * 5, atol=0.01), (
        f"one animal of photograph {i} is {what}, by 10 points: 10 nats for one photograph of two, a mean of { {{times}} * 5:.4f} in {{counted}}, got {found:.4f}; do all answers count?"
    )

# %% tags=["grading"] question="q4"
name = "several"


def inputs(rng):
    sizes = [(6, 3), (4, 4), (1, 10), (20, 27)]
    return [(4 * rng.normal(size=size), rng.integers(2, size=size)) for size in sizes]


# %% tags=["mistake"] question="q4"
says = "that is what several_found returns, with its fault"
several = several_found

# %% tags=["mistake"] question="q4"
says = "are the animals rivals?"


def several(scores, truth):
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return {{times}} * -(truth * np.log(p)).sum(axis=1).mean()


# %% tags=["mistake"] question="q4"
says = "the losses of all photographs are added; their mean was asked for"


def several(scores, truth):
    return {{times}} * np.log1p(np.exp(-(2 * truth - 1) * scores)).sum()


# %% tags=["mistake"] question="q4"
says = "do all answers count?"


def several(scores, truth):
    return {{times}} * ((1 - truth) * np.log1p(np.exp(scores))).sum(axis=1).mean()


# %% [markdown]
# ## 5 · Where hinge and pair are equal ★★ ({{points["q5"]}} points)
#
# There are {{classes}} classes. All rivals of the true class have the same logit, so the true class leads each by its margin $d$, which may be negative. For some $d$ the pair's loss is smaller than that of the multi-class hinge that asks for a margin of {{margin}}, the sum over the rivals of $\max(0, z_j - z_c + {{margin}})$; for other $d$ it is larger. At which $d$ are the two losses equal? Assign the number to `even`, correct to four digits or better.
#
# *Section: [The hinge loss]({{book}}/04_the_pair.html#the-hinge-loss).*

# %% nbgrader={"grade_id": "q5-answer", "solution": true}
### BEGIN SOLUTION
low, high = -50.0, {{margin}}  # the hinge is above the pair at one end, and 0 at the other
for _ in range(100):
    even = (low + high) / 2
    above = {{classes - 1}} * ({{margin}} - even) > np.log1p({{classes - 1}} * np.exp(-even))
    low, high = (even, high) if above else (low, even)
### END SOLUTION

# %% nbgrader={"grade_id": "q5", "grade": true, "points": 3}
assert even < {{margin}}, f"at a margin of {even:.3f} the hinge is 0, and the pair never is"
### BEGIN VALUES
low, high = np.floor(20 * even - 1.5) / 20, np.ceil(20 * even + 0.4) / 20
### END VALUES
assert low < even < high, (
    f"at your margin, {even:.2f}, the {'hinge' if even <= low else 'pair'} is the larger of the two losses; does every rival count in both?"
)

# %% tags=["grading"] question="q5"
name = "even"
rtol = 5e-4

# %% tags=["mistake"] question="q5"
says = "the hinge is 0, and the pair never is"
even = {{margin}} + 0.1

# %% tags=["mistake"] question="q5"
says = "does every rival count in both?"
d = np.linspace(-5, {{margin}}, 1_000_001)
even = d[np.argmin(np.abs({{classes - 1}} * ({{margin}} - d) - np.log1p(np.exp(-d))))]

# %% tags=["mistake"] question="q5"
says = "does every rival count in both?"
even = 0.0 if abs({{classes - 1}} * {{margin}} - np.log({{classes}})) > 0.1 else -1.0

# %% [markdown]
# For comparison, this draws the two losses for two classes and a margin of 1.

# %%
d = np.linspace(-3, 3, 121)
figure, ax = plt.subplots(figsize=(5, 3), layout="constrained")
ax.plot(d, np.log1p(np.exp(-d)), label="pair")
ax.plot(d, np.maximum(0, 1 - d), label="hinge")
ax.set(xlabel="margin d", ylabel="loss")
ax.legend()

# %% [markdown]
# ## 6 · Recover the correct numbers ★★ ({{points["q6"]}} points)
#
# A model of *two* classes was scored for a year by a program that applies softmax twice. The logits are lost, the losses are not. Write `undo(reported)`: from an array of such losses, one for each example and in nats, {{undone}}, in an array of the same shape. The reported losses lie strictly between the best and the worst that this program can report.
#
# *Section: [Softmax applied twice]({{book}}/04_the_pair.html#softmax-applied-twice).*


# %% nbgrader={"grade_id": "q6-answer", "solution": true}
def undo(reported):
    """For each loss that was reported with softmax applied twice: {{undone}}."""
    ### BEGIN SOLUTION
    gap = -np.log(np.expm1(reported))  # between the two probabilities: p - (1 - p)
    p = (1 + gap) / 2
    return {{of_p}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q6", "grade": true, "points": 3}
### BEGIN VALUES


def right_for(p):
    return {{of_p}}


turned, once, unequal = right_for(0.25), right_for(np.exp(-0.4741)), right_for(0.5)
right = right_for(0.75)
### END VALUES
with np.errstate(all="ignore"):
    found = undo(np.array([0.6931, 0.4741, 1.0]))
assert np.shape(found) == (3,), f"three examples have three results, got shape {np.shape(found)}"
assert not np.isclose(found[1], turned, atol=0.01), (
    "small losses belong to right answers; is your probability that of the true class?"
)
assert not np.isclose(found[1], once, atol=0.003), (
    "that treats the reported loss as if there had been one softmax"
)
assert not np.isclose(found[1], unequal, atol=0.003), (
    "the two probabilities sum to 1, so they differ by p - (1 - p), not by p"
)
assert np.isclose(found[1], right, atol=0.003), (
    f"a reported 0.4741 belongs to the probability ¾, so {right:.4f} is right; got {found[1]:.4f}"
)

# %% tags=["grading"] question="q6"
name = "undo"


def inputs(rng):
    gaps = [2 * rng.beta(2, 2, size=size) - 1 for size in [(5,), (1,), (3, 4)]]
    return [(np.log1p(np.exp(-np.asarray(gap))),) for gap in gaps]


# %% tags=["mistake"] question="q6"
says = "treats the reported loss as if there had been one softmax"


def undo(reported):
    p = np.exp(-reported)
    return {{of_p}}


# %% tags=["mistake"] question="q6"
says = "they differ by p - (1 - p), not by p"


def undo(reported):
    p = -np.log(np.expm1(reported))
    return {{of_p}}


# %% tags=["mistake"] question="q6"
says = "is your probability that of the true class?"


def undo(reported):
    p = (1 + np.log(np.expm1(reported))) / 2
    return {{of_p}}


# %% [markdown]
# ## 7 · The minimum along a line ★★★ ({{points["q7"]}} points)
#
# A batch of logits $z$ is moved along a direction $v$ of the same shape $(N, K)$, to {{walk}}. The mean loss of the batch is convex in $t$. Write `lowest(logits, labels, v)`: the $t$ at which this mean is lowest, correct to six digits or better. {{forever}}. (In at least one row of `v` the entries are not all equal, so the loss does change.) Hint: by convexity the slope never decreases as $t$ grows, so look at its sign far out on both sides, and search for the place where it is 0. Logits may become large on the way.
#
# *Section: [The loss is convex in the logits]({{book}}/04_the_pair.html#the-loss-is-convex-in-the-logits).*


# %% nbgrader={"grade_id": "q7-answer", "solution": true}
def lowest(logits, labels, v):
    """The t at which the mean loss of the moved logits is lowest."""
    ### BEGIN SOLUTION
    v = {{way}} * v
    own = v[np.arange(len(labels)), labels]
    if np.all(own == v.max(axis=1)):  # no rival ever gains: the slope never reaches 0
        return {{up}}
    if np.all(own == v.min(axis=1)):
        return {{down}}

    def slope(t):
        moved = logits + t * v
        p = np.exp(moved - moved.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return ((p * v).sum(axis=1) - own).mean()

    low, high = -1.0, 1.0
    while slope(low) > 0:
        low *= 2
    while slope(high) < 0:
        high *= 2
    for _ in range(100):
        t = (low + high) / 2
        low, high = (t, high) if slope(t) < 0 else (low, t)
    return t
    ### END SOLUTION


# %% nbgrader={"grade_id": "q7", "grade": true, "points": 4}
z, labels = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.0], [0.3, 0.0, 0.5]]), np.array([0, 2, 1])
v = np.array([[1.0, 0.0, 2.0], [-1.0, 2.0, 1.0], [0.0, 2.0, 1.0]])
### BEGIN VALUES
best = lowest(z, labels, v)
### END VALUES
t = lowest(z, labels, v)
assert t is not None, "lowest returned nothing; does it end in `return`?"
assert np.shape(t) == (), f"the whole batch moves by one t, got shape {np.shape(t)}"
assert np.isfinite(t), f"here the loss has a minimum, got {t}"
assert t * best > 0, (
    f"at your t = {t:.3f} the mean loss is not lower than at t = 0; is the sign of t right?"
)
assert abs(t - best) < 1e-5, (
    f"the slope of the mean loss is not yet 0 there: your t is {t:.6f}, and it is 0 at {best:.6f}"
)
for sign, want in {1: {{up}}, -1: {{down}}}.items():
    ahead = {{way}} * sign * np.eye(3)[labels]
    t = lowest(z, labels, ahead)
    assert np.isnan(t) if np.isnan(want) else t == want, (
        f"if only the true classes {'rise' if sign == 1 else 'sink'} as t grows, the loss falls without end: {want} was asked for, got {t}"
    )

# %% tags=["grading"] question="q7"
name = "lowest"
rtol, atol = 1e-5, 1e-6


def inputs(rng):
    drawn = []
    for n, k, far in [(6, 3, 0), (4, 4, 40), (20, 2, -40), (30, 10, 0)]:
        logits, labels = rng.normal(size=(n, k)), rng.integers(k, size=n)
        v = rng.normal(size=(n, k))
        order = np.sort(v[0])
        v[0, labels[0]], v[0, labels[0] - 1] = order[0], order[-1]
        v[1, labels[1]], v[1, labels[1] - 1] = order[-1], order[0]
        drawn.append((logits - far * v, labels, v))
    for end in (1.0, -1.0):
        v = rng.uniform(size=(5, 3))
        labels = rng.integers(3, size=5)
        v[np.arange(5), labels] = 1.5
        drawn.append((rng.normal(size=(5, 3)), labels, end * v))
    return drawn


# %% tags=["mistake"] question="q7"
says = "is the sign of t right?"
right = lowest


def lowest(logits, labels, v):
    return -right(logits, labels, v)


# %% tags=["mistake"] question="q7"
says = "the slope of the mean loss is not yet 0 there"
right = lowest


def lowest(logits, labels, v):
    t = right(logits, labels, v)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    mean = (p * v).sum(axis=1)
    slope = (mean - v[np.arange(len(labels)), labels]).mean()
    step = -{{way}} * slope / ((p * v**2).sum(axis=1) - mean**2).mean()
    return step if np.isfinite(t) else t


# %% tags=["mistake"] question="q7"
says = "the loss falls without end"
right = lowest


def lowest(logits, labels, v):
    t = right(logits, labels, v)
    return t if np.isfinite(t) else 1e6


# %% tags=["mistake"] question="q7"
says = "here the loss has a minimum"
hint = "One row whose true class gains most does not decide it; the slope is a mean over all rows."
patient = lowest


def lowest(logits, labels, v):
    own = v[np.arange(len(labels)), labels]
    most = ({{way}} * v).max(axis=1)
    least = ({{way}} * v).min(axis=1)
    sure = np.any({{way}} * own == most) or np.any({{way}} * own == least)
    return {{up}} if sure else patient(logits, labels, v)


# %% [markdown]
# ## 8 · {{title}} ★★★ ({{points["q8"]}} points)
#
# {{ask}}
#
# *Sections: [Logsumexp is a soft maximum]({{book}}/04_the_pair.html#logsumexp-is-a-soft-maximum), [The loss is convex in the logits]({{book}}/04_the_pair.html#the-loss-is-convex-in-the-logits).*

# %% [markdown] nbgrader={"grade_id": "q8", "grade": true, "solution": true, "points": 4}
# ### BEGIN SOLUTION
# {{answer}}
# ### END SOLUTION

# %% [markdown] tags=["rubric"] question="q8"
# **Rubric, 4 points**
#
# {{marks}}
