# %% tags=["variants"]
variants = {
    "hand": [
        {"r1": 0.7, "r2": 0.2, "r3": 0.1, "w1": 1, "w2": 2, "w3": 5},
        {"r1": 0.6, "r2": 0.3, "r3": 0.1, "w1": 1, "w2": 3, "w3": 8},
        {"r1": 0.9, "r2": 0.06, "r3": 0.04, "w1": 1, "w2": 10, "w3": 20},
        {"r1": 0.5, "r2": 0.3, "r3": 0.2, "w1": 2, "w2": 4, "w3": 7},
        {"r1": 0.8, "r2": 0.15, "r3": 0.05, "w1": 0.5, "w2": 3, "w3": 6},
    ],
    "divided": [
        {"by": "the sum of the rows' weights", "divisor": "own.sum()"},
        {"by": "the number of rows", "divisor": "len(own)"},
        {"by": "the number of rows whose weight is above 0", "divisor": "(own > 0).sum()"},
        {
            "by": "the number of rows times the mean of the class weights",
            "divisor": "len(own) * weights.mean()",
        },
        {
            "by": "the number of rows times the largest class weight",
            "divisor": "len(own) * weights.max()",
        },
    ],
    "story": [
        {
            "told": "`a` are the shares of the classes in training, `b` their shares in use",
            "ratio": "b / a",
            "upside": "a / b",
            "half": "1 / a",
        },
        {
            "told": "the model was trained with the class weights `a`, and each row of class $k$ was copied so that it occurs `b[k]` times; in use there are neither weights nor copies",
            "ratio": "1 / (a * b)",
            "upside": "a * b",
            "half": "1 / a",
        },
        {
            "told": "the model was trained on equal shares with the class weights `b`; in use the classes have the shares `a`",
            "ratio": "a / b",
            "upside": "b / a",
            "half": "1 / b",
        },
        {
            "told": "the model was trained by balanced softmax on the shares `a`, and `p` is the softmax of its scores without the added term; in use the classes have the shares `b`",
            "ratio": "b",
            "upside": "1 / b",
            "half": "b / a",
        },
    ],
    "form": [
        {"form": "the probabilities in use", "formed": "right / right.sum(axis=-1, keepdims=True)"},
        {
            "form": "the logarithms of the probabilities in use",
            "formed": "np.log(right / right.sum(axis=-1, keepdims=True))",
        },
        {
            "form": "scores for use, whose mean over the classes is 0 in each row",
            "formed": "np.log(right) - np.log(right).mean(axis=-1, keepdims=True)",
        },
    ],
    "loss": [
        {
            "loss": "-(1 - p)^k \\log p",
            "f": "-((1 - p) ** k) * np.log(p)",
            "m": "(1 - p) ** k - k * p * (1 - p) ** (k - 1) * np.log(p)",
        },
        {"loss": "(1 - p^k) / k", "f": "(1 - p**k) / k", "m": "p**k"},
        {"loss": "-\\log p + k\\,(1 - p)", "f": "-np.log(p) + k * (1 - p)", "m": "1 + k * p"},
        {"loss": "k\\,(1 - p)^2", "f": "k * (1 - p) ** 2", "m": "2 * k * p * (1 - p)"},
        {"loss": "-\\log(p + k)", "f": "-np.log(p + k)", "m": "p / (p + k)"},
    ],
    "over": [
        {"over": "mean", "share": "len(z)"},
        {"over": "sum", "share": "1"},
    ],
    "second": [
        {
            "loss2": "-(1 - p)^k \\log p",
            "m2": "(1 - p) ** k - k * p * (1 - p) ** (k - 1) * np.log(p)",
        },
        {"loss2": "-\\log p + k\\,(1 - p)", "m2": "1 + k * p"},
        {"loss2": "(1 - p^k) / k", "m2": "p**k"},
        {"loss2": "-\\log(p + k)", "m2": "p / (p + k)"},
        {"loss2": "-\\log p - k \\log(1 + p)", "m2": "1 + k * p / (1 + p)"},
    ],
    "matrix": [
        {
            "matrix": "`noise[k, j]` is the chance that an example of class $k$ is labelled $j$",
            "column": "noise[:, labels].T",
            "turned": "noise[labels]",
        },
        {
            "matrix": "`noise[j, k]` is the chance that an example of class $k$ is labelled $j$",
            "column": "noise[labels]",
            "turned": "noise[:, labels].T",
        },
    ],
    "what": [
        {
            "what": "the probabilities of the true classes once the label is read, an array $(N, K)$",
            "gives": "joint / joint.sum(axis=1, keepdims=True)",
            "shape": "(4, 3)",
        },
        {
            "what": "the gradient of the sum of the losses in the scores, an array $(N, K)$",
            "gives": "p - joint / joint.sum(axis=1, keepdims=True)",
            "shape": "(4, 3)",
        },
        {
            "what": "the loss of each row in nats, an array $(N,)$",
            "gives": "-np.log(joint.sum(axis=1))",
            "shape": "(4,)",
        },
    ],
    "table": [
        {
            "table": "`table[k, j]` is the cost of the decision $j$ if the class is $k$",
            "sums": "p @ table",
            "other": "p @ table.T",
        },
        {
            "table": "`table[j, k]` is the cost of the decision $j$ if the class is $k$",
            "sums": "p @ table.T",
            "other": "p @ table",
        },
        {
            "table": "`table[k, j]` is the *gain* of the decision $j$ if the class is $k$, which is a negative cost",
            "sums": "-(p @ table)",
            "other": "p @ table",
        },
    ],
    "answer": [
        {
            "answer": "the best decision of each row, an integer array $(N,)$; where even the best one has an expected cost above `limit`, the answer is −1",
            "made": "np.where(costs.min(axis=1) > limit, -1, costs.argmin(axis=1))",
        },
        {
            "answer": "the expected cost of each row, an array $(N,)$, if the best decision is taken, and `limit` is paid instead where even that costs more than `limit`",
            "made": "np.minimum(costs.min(axis=1), limit)",
        },
        {
            "answer": "how much the best decision saves in each row, beside the decision for the most probable class, an array $(N,)$; where even the best one has an expected cost above `limit`, the answer is 0",
            "made": "np.where(costs.min(axis=1) > limit, 0, np.take_along_axis(costs, p.argmax(axis=1)[:, None], 1)[:, 0] - costs.min(axis=1))",
        },
    ],
    "proof": [
        {
            "claim": r"""For an input with the true chances $r$, all above 0, a model is trained with the class weights $w_k > 0$. Prove that the expected weighted loss $-\sum_k r_k w_k \log p_k$ is lowest at exactly one distribution $p$, and find it. Conclude that subtracting $\log w_k$ from the scores of this $p$ gives scores of $r$.""",
            "shown": r"""Write $W = \sum_j w_j r_j$ and $q_k = w_k r_k / W$. These are positive and add up to 1. The expected loss is $W \cdot \bigl(-\sum_k q_k \log p_k\bigr)$, a positive number times the cross-entropy of $q$ and $p$.

The cross-entropy is $H(q) + D_{KL}(q \,\Vert\, p)$, and by Gibbs' inequality the divergence is 0 for $p = q$ and positive for every other $p$. So $q$ is the only minimum.

Scores of $q$ are $z_k = \log q_k + a$ with any $a$. Then $z_k - \log w_k = \log r_k + a - \log W$, which are scores of $r$, since a number that is the same for all classes does not change a softmax. ∎""",
            "marks": r"""- 1: $q$ is a distribution, and the expected loss is a positive multiple of a cross-entropy.
- 1: Gibbs' inequality, with the uniqueness.
- 1: the scores of $q$, up to a constant.
- 1: the subtraction gives scores of $r$.""",
        },
        {
            "claim": r"""A loss is a differentiable function $f(p_c)$ of the softmax's probability of the label $c$, and $m(p) = -p f'(p)$. Prove that its gradient in the scores is $m(p_c)(p_k - y_k)$ with the one-hot $y$. Prove that for true chances $r$ the expected gradient is 0 if $r_k$ is proportional to $p_k / m(p_k)$, all $m(p_k)$ being positive.""",
            "shown": r"""The softmax has $\partial p_c / \partial z_k = p_c (y_k - p_k)$, with $y_k = 1$ for $k = c$ and 0 otherwise. By the chain rule $\partial f(p_c) / \partial z_k = f'(p_c)\, p_c\, (y_k - p_k) = m(p_c)(p_k - y_k)$.

The label is $c$ with the chance $r_c$. The expected gradient in $z_k$ is $\sum_c r_c\, m(p_c)\, p_k - r_k\, m(p_k)$, since $y_k = 1$ only for $c = k$.

Let $r_k = a\, p_k / m(p_k)$ with a number $a > 0$. Then $r_c\, m(p_c) = a\, p_c$, the sum over $c$ is $a$, and the expected gradient is $a\, p_k - a\, p_k = 0$ for every $k$. ∎""",
            "marks": r"""- 1: the derivative of the softmax.
- 1: the chain rule, with the sign.
- 1: the expected gradient, both of its terms.
- 1: the ratio put in, and the sum over $c$ taken.""",
        },
        {
            "claim": r"""The labels of class $c$ are wrong with the chance $\varepsilon < (K - 1)/K$, spread evenly over the other $K - 1$ classes, for every class and whatever else is in the example. A loss $\ell(p, k)$ has $\sum_k \ell(p, k) = a$ for every prediction $p$. Prove that the mean loss with the labels as they are written has its minimum at the same models as the mean loss with the right labels. Show that $1 - p_k$ is such a loss and that cross-entropy is not.""",
            "shown": r"""For an example of class $c$ the expected loss of the written label is $(1 - \varepsilon)\, \ell(p, c) + \frac{\varepsilon}{K - 1} \sum_{k \ne c} \ell(p, k)$. The sum is $a - \ell(p, c)$. Together: $\bigl(1 - \varepsilon - \frac{\varepsilon}{K - 1}\bigr)\, \ell(p, c) + \frac{\varepsilon\, a}{K - 1} = \bigl(1 - \frac{\varepsilon K}{K - 1}\bigr)\, \ell(p, c) + \frac{\varepsilon\, a}{K - 1}$.

The factor of $\ell(p, c)$ is the same for all examples, and positive because $\varepsilon < (K - 1)/K$. So the mean loss with noise is a positive number times the one without, plus a constant, and both are lowest for the same models.

$\sum_k (1 - p_k) = K - 1$. For cross-entropy the sum is $-\sum_k \log p_k$, which is $K \log K$ at $p_k = 1/K$ and grows without end if one $p_k$ goes to 0, so it is not constant. ∎""",
            "marks": r"""- 1: the expected loss of the written label.
- 1: the sum replaced by $a - \ell(p, c)$, and the terms put together.
- 1: the factor is positive and the same for all examples, and the conclusion.
- 1: both examples.""",
        },
        {
            "claim": r"""Between training and use the shares of the classes change from $\pi_k > 0$ to $\pi'_k$, and the chance $P(x \mid k)$ of an input $x$ in each class stays. Prove that the true chances change from $r_k$ to $r'_k \propto r_k\, \pi'_k / \pi_k$. Conclude that with equal shares in use the class with the largest $r_k / \pi_k$ is predicted best, and prove that this rule has the highest balanced accuracy of all rules, for any shares in use.""",
            "shown": r"""By Bayes' rule $r_k = \pi_k P(x \mid k) / P(x)$, so $P(x \mid k) = r_k P(x) / \pi_k$. In use $r'_k \propto \pi'_k P(x \mid k) \propto r_k\, \pi'_k / \pi_k$, because $P(x)$ is the same for all classes.

With equal $\pi'_k$ this is proportional to $r_k / \pi_k$, and the share right is highest if for each $x$ the class with the largest chance is predicted.

The balanced accuracy of a rule is $\frac1K \sum_k P(\text{the rule says } k \mid k) = \sum_x \frac1K P(x \mid k(x))$, where $k(x)$ is what the rule says at $x$ (an integral, if there are continuously many $x$). It contains no shares of the classes in use. Each term is largest if $k(x)$ is a class with the largest $P(x \mid k)$, which is proportional to $r_k / \pi_k$. So this rule has the largest sum. ∎""",
            "marks": r"""- 1: Bayes' rule in training, solved for $P(x \mid k)$.
- 1: the chances in use, and the common factor left out.
- 1: the balanced accuracy as a sum over $x$, without shares.
- 1: each term is largest for the largest $r_k / \pi_k$.""",
        },
    ],
}

# %% [markdown]
# # Problem set: skewed data and wrong labels
#
# This set goes with [chapter 11]({{book}}/11_imbalance_and_noise.html). The questions become harder: ★
# recalls, ★★ applies, ★★★ derives or builds.
#
# {{rules}}
#
# A softmax is given below; each row of an array is one example.

# %%
import numpy as np


def softmax(z):
    """Probabilities from scores along the last axis."""
    weights = np.exp(z - z.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


# %% [markdown]
# ## 1 · A weighted answer ★ ({{points["q1"]}} points)
#
# For some input the true chances of three classes are {{r1}}, {{r2}} and {{r3}}. A model is trained with
# the class weights {{w1}}, {{w2}} and {{w3}}, to the minimum. Which probability does it state for the
# third class? Assign the number to `third`, correct to three digits or better.
#
# *Section: [What a weight changes]({{book}}/11_imbalance_and_noise.html#what-a-weight-changes).*

# %% nbgrader={"grade_id": "q1-answer", "solution": true}
### BEGIN SOLUTION
third = {{r3}} * {{w3}} / ({{r1}} * {{w1}} + {{r2}} * {{w2}} + {{r3}} * {{w3}})
### END SOLUTION

# %% nbgrader={"grade_id": "q1", "grade": true, "points": 2}
### BEGIN VALUES
chances, weights = np.array([{{r1}}, {{r2}}, {{r3}}]), np.array([{{w1}}, {{w2}}, {{w3}}])
by_weights = chances[2] * weights[2] / weights.sum()
divided = (chances / weights)[2] / (chances / weights).sum()
### END VALUES
assert not np.isclose(third, by_weights, rtol=4e-3), (
    "divide by the sum of the products, not by the sum of the weights"
)
assert not np.isclose(third, divided, rtol=4e-3), "a weight multiplies the chance of its class"
assert {{r3}} < third < 1, (
    "the third class has the largest weight, so that the model states more than {{r3}} for it; "
    f"got {third:.3g}"
)

# %% tags=["grading"] question="q1"
name = "third"
rtol = 5e-3

# %% tags=["mistake"] question="q1"
says = "divide by the sum of the products"
third = {{r3}} * {{w3}} / ({{w1}} + {{w2}} + {{w3}})

# %% tags=["mistake"] question="q1"
says = "a weight multiplies the chance"
third = {{r3}} / {{w3}} / ({{r1}} / {{w1}} + {{r2}} / {{w2}} + {{r3}} / {{w3}})

# %% [markdown]
# ## 2 · Divided by what? ★ ({{points["q2"]}} points)
#
# Write `batch_loss(losses, labels, weights)`: the sum of the weighted losses of a batch, divided by
# {{by}}. `losses` $(N,)$ are the losses of the rows without weights, `labels` $(N,)$ integers, `weights`
# $(K,)$ the weights of the classes. At least one row has a weight above 0.
#
# *Section: [A weight in a batch]({{book}}/11_imbalance_and_noise.html#a-weight-in-a-batch).*


# %% nbgrader={"grade_id": "q2-answer", "solution": true}
def batch_loss(losses, labels, weights):
    """Divided by {{by}}."""
    ### BEGIN SOLUTION
    own = weights[labels]
    return (own * losses).sum() / ({{divisor}})
    ### END SOLUTION


# %% nbgrader={"grade_id": "q2", "grade": true, "points": 2}
losses, labels = np.array([2.0, 1.0, 0.5, 3.0]), np.array([0, 1, 2, 0])
weights = np.array([1.0, 3.0, 0.0])
### BEGIN VALUES
own = weights[labels]
added = (own * losses).sum()
plain = losses.sum() / ({{divisor}})
want = added / ({{divisor}})
### END VALUES
found = batch_loss(losses, labels, weights)
assert np.shape(found) == (), f"one number was asked for, got shape {np.shape(found)}"
assert isinstance(found, (int, float, np.number)), f"one number was asked for, got {found!r}"
assert not np.isclose(found, plain), "each loss is multiplied by its weight"
assert np.isclose(found, want), (
    f"in the open example the weighted losses add up to {added:.2f}, divided by "
    f"{{by}}: {want:.4f}; you say {found:.4f}"
)

# %% tags=["grading"] question="q2"
name = "batch_loss"


def inputs(rng):
    drawn = []
    for n, k in [(6, 3), (20, 4), (50, 2), (9, 9)]:
        weights = np.append(rng.uniform(0.2, 5, k - 1), 0.0)
        labels = np.append(rng.integers(k, size=n - 2), [0, k - 1])
        drawn.append((rng.uniform(0, 3, n), labels, weights))
    return drawn


# %% tags=["mistake"] question="q2"
says = "each loss is multiplied by its weight"


def batch_loss(losses, labels, weights):
    own = weights[labels]
    return losses.sum() / ({{divisor}})


# %% tags=["mistake"] question="q2"
says = "in the open example the weighted losses add up to"
hint = "Read again by what the sum is divided."


def batch_loss(losses, labels, weights):
    own = weights[labels]
    return (own * losses).sum() / (len(own) + own.sum())


# %% [markdown]
# ## 3 · Probabilities for use ★★ ({{points["q3"]}} points)
#
# A model states the probabilities `p` $(\dots, K)$, all above 0, and is the best one for its training.
# Write `for_use(p, a, b)`, where {{told}}. Return {{form}}, in the shape of `p`. `a` and `b` have the
# shape $(K,)$ and entries above 0.
#
# *Sections: [What a weight changes]({{book}}/11_imbalance_and_noise.html#what-a-weight-changes), [Other
# shares where the model is
# used]({{book}}/11_imbalance_and_noise.html#other-shares-where-the-model-is-used), [When every class
# counts the same]({{book}}/11_imbalance_and_noise.html#when-every-class-counts-the-same).*


# %% nbgrader={"grade_id": "q3-answer", "solution": true}
def for_use(p, a, b):
    """Returns {{form}}."""
    ### BEGIN SOLUTION
    right = p * ({{ratio}})
    return {{formed}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q3", "grade": true, "points": 3}
p = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
a, b = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.2, 0.7])
### BEGIN VALUES


def formed(ratio):
    """The answer with this ratio."""
    right = p * ratio
    return {{formed}}


upside = formed({{upside}})
half = formed({{half}})
products = p * ({{ratio}})
want = formed({{ratio}})
### END VALUES
found = np.asarray(for_use(p, a, b), float)
assert found.shape == (2, 3), f"the answer should have the shape of p, (2, 3), got {found.shape}"
assert not np.allclose(found, upside), (
    "that corrects in the wrong direction: the ratio is upside down"
)
assert not np.allclose(found, half), "not what both a and b say: read again what they are"
assert not np.allclose(found, products), (
    "the products of a row are no answer yet: they do not add up to 1"
)
assert np.allclose(found, want), (
    f"in the open example the first row is {np.round(want[0], 4)}, and you say "
    f"{np.round(found[0], 4)}"
)

# %% tags=["grading"] question="q3"
name = "for_use"


def inputs(rng):
    drawn = []
    for shape in [(6, 3), (2,), (4, 5), (3, 2, 4)]:
        a, b = rng.dirichlet(np.full(shape[-1], 3.0), 2) * 0.9 + 0.1 / shape[-1]
        drawn.append((softmax(2 * rng.normal(size=shape)), a, b))
    return drawn


# %% tags=["mistake"] question="q3"
says = "the ratio is upside down"


def for_use(p, a, b):
    right = p * ({{upside}})
    return {{formed}}


# %% tags=["mistake"] question="q3"
says = "not what both a and b say"


def for_use(p, a, b):
    right = p * ({{half}})
    return {{formed}}


# %% tags=["mistake"] question="q3"
says = "they do not add up to 1"


def for_use(p, a, b):
    return p * ({{ratio}})


# %% tags=["mistake"] question="q3"
says = "in the open example the first row is"
hint = "The correction belongs to the odds, so to the logarithms of the probabilities."


def for_use(p, a, b):
    right = p + ({{ratio}})
    return {{formed}}


# %% [markdown]
# ## 4 · The gradient of another loss ★★ ({{points["q4"]}} points)
#
# A loss of the probability $p$ of the label is ${{loss}}$. Write `slope(z, labels, k)`: the gradient of
# the {{over}} of the losses in the scores, an array of the shape of `z` $(N, K)$. `labels` has the shape
# $(N,)$, and `k` is a number between 0 and 1. Use a formula: the answer should be correct to twelve
# digits, which central differences do not give.
#
# *Section: [One factor tells a loss]({{book}}/11_imbalance_and_noise.html#one-factor-tells-a-loss).*


# %% nbgrader={"grade_id": "q4-answer", "solution": true}
def slope(z, labels, k):
    """Of the {{over}} of the losses."""
    ### BEGIN SOLUTION
    probs, rows = softmax(z), np.arange(len(z))
    p = probs[rows, labels]
    grad = ({{m}})[:, None] * (probs - np.eye(z.shape[1])[labels])
    return grad / {{share}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q4", "grade": true, "points": 4}
z = np.array([[2.0, 1.0, 0.1], [0.5, -1.0, 1.5], [0.0, 0.4, 0.2]])
labels, k = np.array([0, 1, 2]), 0.6
### BEGIN VALUES


def total(z):
    """The {{over}} of the losses."""
    p = softmax(z)[np.arange(3), labels]
    return ({{f}}).sum() / {{share}}


want = np.zeros((3, 3))
for place in np.ndindex(3, 3):
    step = np.zeros((3, 3))
    step[place] = 1e-5
    want[place] = (total(z + step) - total(z - step)) / 2e-5
plain = (softmax(z) - np.eye(3)[labels]) / {{share}}
### END VALUES
found = np.asarray(slope(z, labels, k), float)
assert found.shape == (3, 3), f"the gradient should have the shape of z, (3, 3), got {found.shape}"
assert not np.allclose(found, -want, atol=1e-6), "the sign of the gradient is flipped"
assert not np.allclose(found, plain, atol=1e-6), (
    "that is the gradient of cross-entropy; this loss has another factor"
)
assert np.allclose(found, want, atol=1e-6), (
    f"by differences the first row is {np.round(want[0], 4)}, and you say {np.round(found[0], 4)}"
)

# %% tags=["grading"] question="q4"
name = "slope"
rtol, atol = 5e-12, 1e-13


def inputs(rng):
    drawn = []
    for n, k in [(5, 3), (1, 4), (8, 2), (6, 10)]:
        drawn.append((2 * rng.normal(size=(n, k)), rng.integers(k, size=n), rng.uniform(0.3, 0.9)))
    return drawn


# %% tags=["mistake"] question="q4"
says = "the sign of the gradient is flipped"


def slope(z, labels, k, right=slope):
    return -right(z, labels, k)


# %% tags=["mistake"] question="q4"
says = "that is the gradient of cross-entropy"


def slope(z, labels, k):
    return (softmax(z) - np.eye(z.shape[1])[labels]) / {{share}}


# %% tags=["mistake"] question="q4"
says = "by differences the first row is"
hint = "The factor is −p times the derivative of the loss in p; the derivative alone is not enough."


def slope(z, labels, k):
    probs, rows = softmax(z), np.arange(len(z))
    p = probs[rows, labels]
    grad = (({{m}}) / p)[:, None] * (probs - np.eye(z.shape[1])[labels])
    return grad / {{share}}


# %% [markdown]
# ## 5 · From stated to true ★★ ({{points["q5"]}} points)
#
# A model is trained with the loss ${{loss2}}$ of the probability $p$ of the label, to the minimum, and
# then states the probabilities `stated` $(\dots, K)$. Write `truth(stated, k)`, which returns the true
# chances in the same shape. `k` is a number between 0 and 1.
#
# *Section: [One factor tells a loss]({{book}}/11_imbalance_and_noise.html#one-factor-tells-a-loss).*


# %% nbgrader={"grade_id": "q5-answer", "solution": true}
def truth(stated, k):
    """The chances for which this loss is lowest at `stated`."""
    ### BEGIN SOLUTION
    p = stated
    ratio = p / ({{m2}})
    return ratio / ratio.sum(axis=-1, keepdims=True)
    ### END SOLUTION


# %% nbgrader={"grade_id": "q5", "grade": true, "points": 3}
stated, k = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3]]), 0.5
### BEGIN VALUES
p = stated
factor = {{m2}}
upside = p * factor / (p * factor).sum(axis=1, keepdims=True)
want = p / factor / (p / factor).sum(axis=1, keepdims=True)
### END VALUES
found = np.asarray(truth(stated, k), float)
assert found.shape == (2, 3), (
    f"the answer should have the shape of stated, (2, 3), got {found.shape}"
)
assert not np.allclose(found, upside), (
    "the chances are in the ratio of p divided by its factor, not multiplied by it"
)
assert np.allclose(found.sum(axis=1), 1), f"chances add up to 1, yours to {found.sum(axis=1)}"
assert np.allclose(found, want), (
    f"in the open example the first row is {np.round(want[0], 4)}, and you say "
    f"{np.round(found[0], 4)}"
)

# %% tags=["grading"] question="q5"
name = "truth"


def inputs(rng):
    drawn = []
    for shape in [(4, 3), (2,), (6, 2), (2, 3, 5)]:
        stated = softmax(rng.normal(size=shape))
        drawn.append((stated, rng.uniform(0.3, 0.9)))
    return drawn


# %% tags=["mistake"] question="q5"
says = "divided by its factor, not multiplied by it"


def truth(stated, k):
    p = stated
    ratio = p * ({{m2}})
    return ratio / ratio.sum(axis=-1, keepdims=True)


# %% tags=["mistake"] question="q5"
says = "chances add up to 1, yours to"


def truth(stated, k):
    p = stated
    return p / ({{m2}})


# %% tags=["mistake"] question="q5"
says = "in the open example the first row is"
hint = (
    "At the minimum of any loss but cross-entropy the stated probabilities are not the true ones."
)


def truth(stated, k):
    return stated


# %% [markdown]
# ## 6 · What a wrong label tells ★★ ({{points["q6"]}} points)
#
# Labels are wrong with known chances: {{matrix}}. Write `told(z, labels, noise)` for the forward
# correction: it returns {{what}}. `z` holds scores $(N, K)$, `labels` $(N,)$ the labels as they are
# written, and `noise` has the shape $(K, K)$.
#
# *Section: [Wrong labels]({{book}}/11_imbalance_and_noise.html#wrong-labels).*


# %% nbgrader={"grade_id": "q6-answer", "solution": true}
def told(z, labels, noise):
    """Returns {{what}}."""
    ### BEGIN SOLUTION
    p = softmax(z)
    joint = p * {{column}}
    return {{gives}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q6", "grade": true, "points": 4}
z = np.array([[2.0, 1.0, 0.1], [0.5, -1.0, 1.5], [0.0, 0.4, 0.2], [3.0, 0.0, 0.0]])
labels = np.array([0, 1, 2, 1])
### BEGIN VALUES
noise = np.array([[0.8, 0.3, 0.1], [0.15, 0.5, 0.2], [0.05, 0.2, 0.7]])
if not np.allclose(({{column}})[0], noise[0]):  # the rows are the true classes
    noise = noise.T
p = softmax(z)
joint = p * {{turned}}
turned = {{gives}}
joint = p * np.eye(3)[labels]
right_labels = {{gives}}
joint = p * {{column}}
want = {{gives}}
### END VALUES
found = np.asarray(told(z, labels, noise), float)
assert found.shape == {{shape}}, f"the answer should have the shape {{shape}}, got {found.shape}"
assert not np.allclose(found, turned), "rows and columns of noise are exchanged"
assert not np.allclose(found, right_labels), "that takes the labels as right; noise is not used"
assert np.allclose(found, want), (
    f"in the open example the first answer is {np.round(want[0], 4)}, and you say "
    f"{np.round(found[0], 4)}"
)

# %% tags=["grading"] question="q6"
name = "told"


def inputs(rng):
    drawn = []
    for n, k in [(5, 3), (1, 4), (8, 2), (6, 6)]:
        noise = rng.dirichlet(np.ones(k), k) * 0.4 + 0.6 * np.eye(k)
        labels = rng.integers(k, size=n)
        if not np.array_equal({{column}}, noise[:, labels].T):
            noise = noise.T
        drawn.append((2 * rng.normal(size=(n, k)), labels, noise))
    return drawn


# %% tags=["mistake"] question="q6"
says = "rows and columns of noise are exchanged"


def told(z, labels, noise):
    p = softmax(z)
    joint = p * {{turned}}
    return {{gives}}


# %% tags=["mistake"] question="q6"
says = "that takes the labels as right"


def told(z, labels, noise):
    p = softmax(z)
    joint = p * np.eye(z.shape[1])[labels]
    return {{gives}}


# %% tags=["mistake"] question="q6"
says = "in the open example the first answer is"
hint = "By Bayes' rule the probability of a class is multiplied by the chance of this label in it."


def told(z, labels, noise):
    p = softmax(z)
    joint = p + {{column}}
    return {{gives}}


# %% [markdown]
# ## 7 · The cheapest decision ★★★ ({{points["q7"]}} points)
#
# A calibrated model states the probabilities `p` $(N, K)$ of $K$ classes. There are $D$ decisions, and
# {{table}}. Write `decide(p, table, limit)`, which returns {{answer}}.
#
# *Section: [Decide afterwards: thresholds from
# costs]({{book}}/11_imbalance_and_noise.html#decide-afterwards-thresholds-from-costs).*


# %% nbgrader={"grade_id": "q7-answer", "solution": true}
def decide(p, table, limit):
    """Returns {{answer}}."""
    ### BEGIN SOLUTION
    costs = {{sums}}
    return {{made}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q7", "grade": true, "points": 4}
p = np.array([[0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.45, 0.1, 0.45], [0.15, 0.05, 0.8]])
### BEGIN VALUES
table = np.array([[0.0, 1.0, 2.0], [1.5, 0.2, 0.5], [4.0, 1.2, 0.1]])
if not np.allclose({{sums}}, p @ table):  # the same costs in the form that is asked for
    table = table.T if np.allclose({{sums}}, p @ table.T) else 0 - table
costs = {{other}}
limit = 0.9
otherwise = {{made}}
limit = np.inf
costs = {{sums}}
unlimited = {{made}}
limit = 0.9
want = {{made}}
### END VALUES
found = np.asarray(decide(p, table, 0.9))
assert found.shape == (4,), f"one answer for each row was asked for, got shape {found.shape}"
assert not np.allclose(found, otherwise), (
    "read again what an entry of the table is: its rows, its columns and its sign"
)
assert not np.allclose(found, unlimited), (
    "in the third row even the best decision costs more than limit"
)
assert np.allclose(found, want), (
    f"in the open example the answer is {np.round(want, 3)}, and you say {np.round(found, 3)}"
)

# %% tags=["grading"] question="q7"
name = "decide"


def inputs(rng):
    def costs_of(p, table):
        return {{sums}}

    drawn = []
    for n, k in [(12, 3), (30, 2), (20, 5), (1, 4)]:
        decided = False
        while not decided:  # in some row the best decision is not that for the likeliest class
            p = softmax(2 * rng.normal(size=(n, k)))
            table = rng.uniform(0, 3, (k, k)) * (1 - np.eye(k)) + rng.uniform(0, 0.3, (k, k))
            table = -table if costs_of(p, table).min() < 0 else table
            costs = costs_of(p, table)
            best = np.sort(costs.min(axis=1))
            limit = float(best[-1] * 0.8 + best[0] * 0.2 if n > 1 else best[0] + 1)
            likeliest, chosen = p.argmax(axis=1), costs.argmin(axis=1)
            alone = costs_of(np.eye(k)[likeliest], table).argmin(axis=1)
            other = (chosen != likeliest) & (chosen != alone) & (costs.min(axis=1) < limit)
            decided = other.any() or n == 1
        drawn.append((p, table, limit))
    return drawn


# %% tags=["mistake"] question="q7"
says = "read again what an entry of the table is"


def decide(p, table, limit):
    costs = {{other}}
    return {{made}}


# %% tags=["mistake"] question="q7"
says = "even the best decision costs more than limit"


def decide(p, table, limit, right=decide):
    return right(p, table, np.inf)


# %% tags=["mistake"] question="q7"
says = "in the open example the answer is"
hint = "The expected cost of a decision is a sum over all classes, not the cost in the most probable one."


def decide(p, table, limit, right=decide):
    return right(np.eye(p.shape[1])[p.argmax(axis=1)], table, limit)


# %% [markdown]
# ## 8 · A proof ★★★ ({{points["q8"]}} points)
#
# {{claim}}
#
# *Sections: [What a weight changes]({{book}}/11_imbalance_and_noise.html#what-a-weight-changes), [Other
# shares where the model is
# used]({{book}}/11_imbalance_and_noise.html#other-shares-where-the-model-is-used), [One factor tells a
# loss]({{book}}/11_imbalance_and_noise.html#one-factor-tells-a-loss), [Wrong
# labels]({{book}}/11_imbalance_and_noise.html#wrong-labels).*

# %% [markdown] nbgrader={"grade_id": "q8", "grade": true, "solution": true, "points": 4}
# ### BEGIN SOLUTION
# {{shown}}
# ### END SOLUTION

# %% [markdown] tags=["rubric"] question="q8"
# **Rubric, 4 points**
#
# {{marks}}
