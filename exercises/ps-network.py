# %% tags=["variants"]
variants = {
    "sizes": [
        {"sizes": "64, 32 and 10", "weights": "64 * 32 + 32 * 10", "biases": "32 + 10"},
        {"sizes": "784, 100 and 10", "weights": "784 * 100 + 100 * 10", "biases": "100 + 10"},
        {"sizes": "2, 16, 16 and 3", "weights": "2 * 16 + 16 * 16 + 16 * 3", "biases": "35"},
        {"sizes": "30, 20 and 27", "weights": "30 * 20 + 20 * 27", "biases": "20 + 27"},
        {"sizes": "5, 8, 6 and 4", "weights": "5 * 8 + 8 * 6 + 6 * 4", "biases": "8 + 6 + 4"},
    ],
    "unit": [
        {"unit": "tanh", "of": "np.tanh(a)", "slope": "1 - u**2", "half": "1 - u"},
        {
            "unit": "the sigmoid $1/(1 + e^{-a})$",
            "of": "1 / (1 + np.exp(-a))",
            "slope": "u * (1 - u)",
            "half": "1 - u",
        },
        {
            "unit": "softplus, $\\log(1 + e^a)$",
            "of": "np.log1p(np.exp(a))",
            "slope": "1 - np.exp(-u)",
            "half": "np.exp(-u)",
        },
        {
            "unit": "$a / (1 + |a|)$",
            "of": "a / (1 + np.abs(a))",
            "slope": "(1 - np.abs(u)) ** 2",
            "half": "1 - np.abs(u)",
        },
        {
            "unit": "$a / \\sqrt{1 + a^2}$",
            "of": "a / np.sqrt(1 + a**2)",
            "slope": "(1 - u**2) ** 1.5",
            "half": "1 - u**2",
        },
    ],
    "start": [
        {"K": 10, "above": 0.03, "unit_of_loss": "nats", "in_nats": "0.03"},
        {"K": 100, "above": 0.07, "unit_of_loss": "nats", "in_nats": "0.07"},
        {"K": 1000, "above": 0.1, "unit_of_loss": "bits", "in_nats": "0.1 * np.log(2)"},
        {"K": 27, "above": 0.4, "unit_of_loss": "nats", "in_nats": "0.4"},
        {"K": 3, "above": 0.05, "unit_of_loss": "bits", "in_nats": "0.05 * np.log(2)"},
    ],
    "node": [
        {
            "node": "softmax",
            "out": "softmax(z)",
            "rule": "p * (slope - (p * slope).sum(axis=1, keepdims=True))",
            "wrong": "p * (1 - p) * slope",
            "slip": "it has only the diagonal of the Jacobian",
        },
        {
            "node": "log-softmax",
            "out": "np.log(softmax(z))",
            "rule": "slope - p * slope.sum(axis=1, keepdims=True)",
            "wrong": "slope - p",
            "slip": "it is right only where the slopes of a row sum to 1",
        },
        {
            "node": "the sum of the exponentials, divided by the last exponential,",
            "out": "np.exp(z - z[:, -1:]).sum(axis=1, keepdims=True)",
            "rule": "slope * (p - np.eye(p.shape[1])[-1]) / p[:, -1:]",
            "wrong": "slope * p / p[:, -1:]",
            "slip": "the last score is in the denominator, too",
        },
        {
            "node": "the logsumexp",
            "out": "np.log(np.exp(z).sum(axis=1, keepdims=True))",
            "rule": "slope * p",
            "wrong": "slope + 0 * p",
            "slip": "a larger score takes a larger part of the slope",
        },
        {
            "node": "the exponentials minus their mean,",
            "out": "np.exp(z) - np.exp(z).mean(axis=1, keepdims=True)",
            "rule": "np.exp(z) * (slope - slope.mean(axis=1, keepdims=True)) + 0 * p",
            "wrong": "np.exp(z) * slope + 0 * p",
            "slip": "the mean depends on every score, too",
        },
    ],
    "bug": [
        {"back": "(delta @ W2)", "down": "delta.T @ u"},
        {"back": "(delta @ W2) * (1 - (x @ W1.T + b1) ** 2)", "down": "delta.T @ u"},
        {"back": "(delta @ W2) * (1 - u)", "down": "delta.T @ u"},
        {"back": "(delta @ W2) * (1 - u) ** 2", "down": "delta.T @ u"},
        {"back": "(delta @ W2) * (1 - u**2)", "down": "delta.T @ (1 - u**2)"},
    ],
    "graph": [
        {"listed": "from step 0 to the loss", "list": ":"},
        {"listed": "from the loss to step 0", "list": "::-1"},
        {"listed": "from step 0 to the loss, without the loss itself,", "list": ":-1"},
    ],
    "what": [
        {"what": "the slopes of the loss", "made": "slopes"},
        {"what": "minus the slopes of the loss", "made": "-slopes"},
        {"what": "the slopes of a tenth of the loss", "made": "slopes / 10"},
        {"what": "the slopes of twice the loss", "made": "2 * slopes"},
    ],
    "loss": [
        {"loss": "mean cross-entropy in nats", "over": "len(x)"},
        {"loss": "sum of the cross-entropies in nats", "over": "1"},
        {"loss": "mean cross-entropy in bits", "over": "(len(x) * np.log(2))"},
        {"loss": "sum of the cross-entropies in bits", "over": "np.log(2)"},
    ],
    "results": [
        {
            "results": "W1, W2",
            "first": "W1",
            "second": "W2",
            "ordered": "through.T @ x, delta.T @ u",
            "shapes": "[(3, 2), (3, 3)]",
        },
        {
            "results": "W2, W1",
            "first": "W2",
            "second": "W1",
            "ordered": "delta.T @ u, through.T @ x",
            "shapes": "[(3, 3), (3, 2)]",
        },
    ],
    "form": [
        {"sign": "the bias is positive", "signs": "np.sign(b1)"},
        {"sign": "the first input's weight is positive", "signs": "np.sign(W1[:, 0])"},
        {"sign": "the sum of its outgoing weights is positive", "signs": "np.sign(W2.sum(axis=0))"},
        {"sign": "the last input's weight is negative", "signs": "-np.sign(W1[:, -1])"},
    ],
    "sort": [
        {"sort": "increasing weight of the last input", "by": "W[:, -1]"},
        {"sort": "decreasing weight of the last input", "by": "-W[:, -1]"},
        {"sort": "increasing length of the weights of the inputs", "by": "(W**2).sum(axis=1)"},
        {"sort": "decreasing first outgoing weight", "by": "-out[0]"},
    ],
    "proof": [
        {
            "claim": r"""Suppose the first scores $z_1, \dots, z_K$ are normally distributed with mean 0 and standard deviation $\rho$, and independent of the label. Prove that the expected first loss lies between $\ln K$ and $\ln K + \rho^2/2$.""",
            "shown": r"""The loss is $\log \sum_k e^{z_k} - z_c$, and $\mathrm{E}\, z_c = 0$ since the label is independent of the scores.

*Upper bound.* The logarithm is concave, so $\mathrm{E} \log S \le \log \mathrm{E}\, S$ (Jensen). For a normal $z_k$ with mean 0, $\mathrm{E}\, e^{z_k} = e^{\rho^2/2}$, so $\log \mathrm{E}\, S = \log(K e^{\rho^2/2}) = \ln K + \rho^2/2$.

*Lower bound.* Logsumexp is convex, so $\mathrm{E} \log \sum_k e^{z_k} \ge \log \sum_k e^{\mathrm{E} z_k} = \ln K$. ∎""",
            "marks": r"""- 1: writes the loss as logsumexp minus $z_c$, and $\mathrm{E}\, z_c = 0$ with the independence as the reason.
- 1: Jensen for the concave logarithm, in the right direction.
- 1: $\mathrm{E}\, e^{z_k} = e^{\rho^2/2}$.
- 1: the lower bound (Jensen for the convex logsumexp).""",
        },
        {
            "claim": r"""A network $z = W_2 \tanh(W_1 x + b_1) + b_2$ has learned something: its mean loss on a balanced set of $K$ classes is below $\ln K$. Prove that its mean loss is not a convex function of $(W_1, b_1, W_2, b_2)$.""",
            "shown": r"""Change the sign of $W_1$, $b_1$ and $W_2$. Since $\tanh(-a) = -\tanh(a)$, the scores and the loss $L$ stay the same. The point halfway between the two networks has $W_1 = 0$, $b_1 = 0$, $W_2 = 0$, and the scores $b_2$ for every picture.

With the same prediction $\hat p$ for all pictures of a balanced set, the mean loss is $-\frac1K \sum_k \log \hat p_k$, the cross-entropy of $\hat p$ against equal shares. By Gibbs' inequality it is at least the entropy of equal shares, $\ln K > L$.

If the loss were convex, its value halfway would be at most the average of the two ends, $L$. So it is not convex. ∎""",
            "marks": r"""- 1: the network with changed signs has the same scores, with the reason ($\tanh$ is odd).
- 1: halfway the hidden weights are 0 and the scores do not depend on the picture.
- 1: the loss there is at least $\ln K$ (Gibbs, or concavity of the logarithm).
- 1: states what convexity would require, and the contradiction.""",
        },
        {
            "claim": r"""A network $z = W_2 \tanh(W_1 x + b_1) + b_2$ for $K \ge 2$ classes starts with $W_2 = 0$, $b_2 = 0$ and any $W_1$, $b_1$. Prove that the first loss is $\ln K$ for every example and that the first slopes of $W_1$ and $b_1$ are 0. Now take one step of gradient descent, $\eta > 0$, on a single example with $W_1 x + b_1 \ne 0$. Prove that the slope of $b_1$ for the same example is then not 0.""",
            "shown": r"""With $W_2 = 0$ and $b_2 = 0$ all scores are 0, so $\hat p_k = 1/K$ and the loss is $\ln K$.

The slope of $b_1$ is $(1 - u^2) \odot W_2^\top g$, and that of $W_1$ is this vector times $x^\top$. Both contain the factor $W_2^\top = 0$.

One step changes $W_2$ to $-\eta\, g u^\top$ and $b_2$ to $-\eta\, g$, with $g = \hat p - y$ and $u = \tanh(W_1 x + b_1)$. With the new gradient $g'$ the slope of $b_1$ is $-\eta\,(1 - u^2) \odot u\, (g^\top g')$. The new scores are $-\eta\,(\|u\|^2 + 1)\, g$: all wrong classes have equal scores. So $g'$ is $g$ times a number, which is positive since $\hat p'_c < 1$, and $g^\top g' > 0$. Since $W_1 x + b_1 \ne 0$, some entry of $u$ is not 0; and $1 - u^2 > 0$ for every tanh. ∎""",
            "marks": r"""- 1: the first loss, with $\hat p_k = 1/K$.
- 1: the slopes of $W_1$ and $b_1$ contain $W_2^\top$.
- 1: $W_2 = -\eta\, g u^\top$ after the step, and the slope of $b_1$ with it.
- 1: $g^\top g' \ne 0$, with a reason.""",
        },
    ],
}

# %% [markdown]
# # Problem set: behind the last layer
#
# This set goes with [chapter 9]({{book}}/09_the_network.html). The questions become harder: ★ recalls,
# ★★ applies, ★★★ derives or builds.
#
# {{rules}}
#
# A softmax is given below. In every question each row of an array is one example, and a layer with
# weights $W$ and biases $b$ computes `x @ W.T + b`.

# %%
import numpy as np


def softmax(z):
    """Probabilities from scores along the last axis."""
    weights = np.exp(z - z.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


# %% [markdown]
# ## 1 · How many slopes? ★ ({{points["q1"]}} points)
#
# The layers of a network have {{sizes}} values, from the inputs to the scores. Every layer after the
# inputs has weights and biases. For how many weights and biases does one pass back compute a slope?
# Assign the number to `how_many`.
#
# *Section: [A program that
# differentiates]({{book}}/09_the_network.html#a-program-that-differentiates).*

# %% nbgrader={"grade_id": "q1-answer", "solution": true}
### BEGIN SOLUTION
how_many = {{weights}} + {{biases}}
### END SOLUTION

# %% nbgrader={"grade_id": "q1", "grade": true, "points": 2}
### BEGIN VALUES
of_weights = {{weights}}
### END VALUES
assert how_many == int(how_many), f"a whole number was asked for, got {how_many}"
assert how_many != of_weights, "those are the weights; the biases have slopes, too"
assert how_many > of_weights, (
    f"there are more weights than {how_many}: each value of a layer has a weight for every value of the layer before"
)

# %% tags=["grading"] question="q1"
name = "how_many"

# %% tags=["mistake"] question="q1"
says = "the biases have slopes, too"
how_many = {{weights}}

# %% tags=["mistake"] question="q1"
says = "each value of a layer has a weight for every value of the layer before"
how_many = {{biases}}

# %% [markdown]
# ## 2 · Back through a unit ★ ({{points["q2"]}} points)
#
# A hidden unit computes $u$ from the sum $a$ that enters it by {{unit}}. Write `through_unit(slope, u)`: the slope
# of the loss in this sum, from the slope of the loss in the output and from the output $u$.
# `slope`, `u` and the result are arrays of one shape.
#
# *Section: [Check every slope]({{book}}/09_the_network.html#check-every-slope).*


# %% nbgrader={"grade_id": "q2-answer", "solution": true}
def through_unit(slope, u):
    """The slope of the loss in the sum that enters a unit with the output u."""
    ### BEGIN SOLUTION
    return slope * ({{slope}})
    ### END SOLUTION


# %% nbgrader={"grade_id": "q2", "grade": true, "points": 2}
### BEGIN VALUES


def output(a):
    """The unit."""
    return {{of}}


a = np.array([-1.0, 0.3, 2.0])
u, want = output(a), (output(a + 1e-6) - output(a - 1e-6)) / 2e-6
### END VALUES
found = np.asarray(through_unit(np.ones(3), u))
assert found.shape == (3,), f"three units have three slopes, got shape {found.shape}"
assert not np.allclose(found, u), "that multiplies by the output; multiply by the derivative"
assert np.allclose(found, want, rtol=1e-6), (
    f"with a slope of 1 in the output, the slopes in the sums −1, 0.3 and 2 are {want.round(3)} by differences, and you say {found.round(3)}"
)
twice = np.asarray(through_unit(2 * np.ones(3), u))
assert np.allclose(twice, 2 * want, rtol=1e-6), (
    "twice the slope in the output should give twice the slope in the sum"
)

# %% tags=["grading"] question="q2"
name = "through_unit"


def inputs(rng):
    drawn = []
    for size in [(4,), (3, 5), (1, 8)]:
        a = rng.normal(size=size)
        drawn.append((rng.normal(size=size), {{of}}))
    return drawn


# %% tags=["mistake"] question="q2"
says = "that multiplies by the output"


def through_unit(slope, u):
    return slope * u


# %% tags=["mistake"] question="q2"
says = "the slopes in the sums"
hint = "Write the derivative of the unit with the help of its output."


def through_unit(slope, u):
    return slope * ({{half}})


# %% tags=["mistake"] question="q2"
says = "twice the slope in the output should give twice the slope in the sum"


def through_unit(slope, u):
    return {{slope}}


# %% [markdown]
# ## 3 · How large may the first scores be? ★★ ({{points["q3"]}} points)
#
# A network for {{K}} classes starts with scores that are independent of the labels and normally
# distributed, with mean 0 and standard deviation $\rho$. For which $\rho$ does the chapter's bound lie
# {{above}} {{unit_of_loss}} above the loss of equal scores? Assign the number to `spread`, correct to
# four digits or better.
#
# *Section: [The first loss]({{book}}/09_the_network.html#the-first-loss).*

# %% nbgrader={"grade_id": "q3-answer", "solution": true}
### BEGIN SOLUTION
spread = np.sqrt(2 * {{in_nats}})
### END SOLUTION

# %% nbgrader={"grade_id": "q3", "grade": true, "points": 3}
### BEGIN VALUES
low, high = np.sqrt(1.7 * {{in_nats}}), np.sqrt(2.6 * {{in_nats}})
### END VALUES
assert spread > 0, f"a standard deviation is positive, got {spread}"
assert low < spread < high, (
    f"with your spread the bound lies {'less' if spread <= low else 'more'} than {{above}} {{unit_of_loss}} above the loss of equal scores"
)

# %% tags=["grading"] question="q3"
name = "spread"
rtol = 5e-4

# %% tags=["mistake"] question="q3"
says = "above the loss of equal scores"
hint = "That is the variance; its root was asked for."
spread = 2 * {{in_nats}}

# %% tags=["mistake"] question="q3"
says = "above the loss of equal scores"
hint = "The bound has half of the variance in it."
spread = np.sqrt({{in_nats}})

# %% tags=["mistake"] question="q3"
says = "above the loss of equal scores"
hint = "Solve $\rho^2/2$ for what the bound adds, and mind the unit."
spread = 2 * np.sqrt(2 * {{in_nats}})

# %% [markdown]
# ## 4 · A rule for one more step ★★ ({{points["q4"]}} points)
#
# A program for automatic differentiation gets a new step, {{node}} of each row of `z`. `given(z)`
# below computes it. Write its rule, `rule(z, slope)`: the slope of the loss in `z`, shape $(N, K)$,
# from the slope of the loss in `given(z)`, an array of the shape of `given(z)`. Use a formula: the
# slopes should be correct to twelve digits, which central differences do not give.
#
# *Sections: [A program that
# differentiates]({{book}}/09_the_network.html#a-program-that-differentiates), [Check every
# slope]({{book}}/09_the_network.html#check-every-slope).*


# %%
def given(z):
    """The new step, for each row of z."""
    return {{out}}


# %% nbgrader={"grade_id": "q4-answer", "solution": true}
def rule(z, slope):
    """The slope of the loss in z, from its slope in given(z)."""
    ### BEGIN SOLUTION
    p = softmax(z)
    return {{rule}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q4", "grade": true, "points": 3}
z = np.array([[2.0, 1.0, 0.1], [0.0, -1.0, 0.5]])
slope = np.array([[0.3, -1.0, 2.0], [1.0, 0.5, 0.0]])[:, : given(z).shape[1]]
### BEGIN VALUES
want = np.zeros((2, 3))
for place in np.ndindex(2, 3):
    nudge = np.zeros((2, 3))
    nudge[place] = 1e-5
    want[place] = ((given(z + nudge) - given(z - nudge)) * slope).sum() / 2e-5
### END VALUES
found = np.asarray(rule(z, slope))
assert found.shape == (2, 3), f"the slope in z should have its shape (2, 3), got {found.shape}"
assert not np.allclose(found, -want, rtol=1e-5), "the sign is flipped: the slope points uphill"
assert np.allclose(found, want, rtol=1e-5, atol=1e-8), (
    f"in the first row the slopes are {want[0].round(4)} by differences, and you say {found[0].round(4)}"
)

# %% tags=["grading"] question="q4"
name = "rule"
rtol, atol = 5e-12, 1e-13


def inputs(rng):
    drawn = []
    for size in [(1, 3), (5, 3), (4, 4), (2, 10)]:
        z = rng.normal(size=size)
        drawn.append((z, rng.normal(size=given(z).shape)))
    return drawn


# %% tags=["mistake"] question="q4"
says = "in the first row the slopes are"
hint = "Test the rule with slopes of your own: {{slip}}."


def rule(z, slope):
    p = softmax(z)
    return {{wrong}}


# %% tags=["mistake"] question="q4"
says = "the sign is flipped"


def rule(z, slope, right=rule):
    return -right(z, slope)


# %% [markdown]
# ## 5 · Slopes in a graph ★★ ({{points["q5"]}} points)
#
# A computation has the steps 0, 1, 2, …; the last one is the loss. Each use of one step by another is
# an entry in three arrays of equal length: step `child[i]` uses step `parent[i]`, which has a smaller
# number, and `derivative[i]` is the derivative of the child in this parent. A step may use the same
# step twice. Write `all_slopes(child, parent, derivative)`, which returns an array with
# {{what}} in the steps, {{listed}}. The slope of the loss in itself is 1. In a step that
# the loss does not use, the slope is 0.
#
# *Section: [A program that
# differentiates]({{book}}/09_the_network.html#a-program-that-differentiates).*


# %% nbgrader={"grade_id": "q5-answer", "solution": true}
def all_slopes(child, parent, derivative):
    """For each step {{what}} in it, {{listed}}."""
    ### BEGIN SOLUTION
    slopes = np.zeros(max(child) + 1)
    slopes[-1] = 1.0
    for v in range(max(child), 0, -1):
        for i in np.flatnonzero(np.equal(child, v)):
            slopes[parent[i]] += derivative[i] * slopes[v]
    turned = {{made}}
    return turned[{{list}}]
    ### END SOLUTION


# %% nbgrader={"grade_id": "q5", "grade": true, "points": 4}
# step 1 is twice step 0; step 2 adds step 0 and step 1; step 3, the loss, is 10 times step 2
child, parent = np.array([1, 2, 2, 3]), np.array([0, 0, 1, 2])
derivative = np.array([2.0, 1.0, 1.0, 10.0])
### BEGIN VALUES
slopes = np.array([20.0, 10.0, 10.0, 1.0])  # one of the two ways only
turned = {{made}}
one_way = turned[{{list}}]
slopes = np.array([30.0, 10.0, 10.0, 1.0])
turned = {{made}}
want = turned[{{list}}]
### END VALUES
found = np.asarray(all_slopes(child, parent, derivative))
assert found.shape == want.shape, (
    f"{len(want)} numbers were asked for, {{listed}}; got shape {found.shape}"
)
assert not np.allclose(found, one_way), (
    "step 0 is used by two steps; the slopes along both ways are added"
)
assert not np.array_equal(found[::-1], want), "the slopes stand in the opposite order"
assert np.allclose(found, want), (
    f"in the open example {{what}} are {want}, {{listed}}, and you say {found}"
)
shuffled = np.array([3, 0, 2, 1])
found = np.asarray(all_slopes(child[shuffled], parent[shuffled], derivative[shuffled]))
assert np.allclose(found, want), (
    f"the uses may be listed in any order; with another order you say {found}"
)

# %% tags=["grading"] question="q5"
name = "all_slopes"


def inputs(rng):
    drawn = []
    for steps in (3, 5, 8, 12):
        child = np.concatenate([np.arange(1, steps), rng.integers(1, steps, size=steps)])
        parent = (rng.random(len(child)) * child).astype(int)
        order = rng.permutation(len(child))
        drawn.append((child[order], parent[order], rng.normal(size=len(child))))
    return drawn


# %% tags=["mistake"] question="q5"
says = "the slopes along both ways are added"


def all_slopes(child, parent, derivative):
    slopes = np.zeros(max(child) + 1)
    slopes[-1] = 1.0
    for v in range(max(child), 0, -1):
        for i in np.flatnonzero(np.equal(child, v)):
            slopes[parent[i]] = derivative[i] * slopes[v]
    turned = {{made}}
    return turned[{{list}}]


# %% tags=["mistake"] question="q5"
says = "in the open example {{what}} are"
hint = "A slope must be complete before it is passed on: go through the steps from the last to the first."


def all_slopes(child, parent, derivative):
    slopes = np.zeros(max(child) + 1)
    slopes[-1] = 1.0
    for v in range(1, max(child) + 1):
        for i in np.flatnonzero(np.equal(child, v)):
            slopes[parent[i]] += derivative[i] * slopes[v]
    turned = {{made}}
    return turned[{{list}}]


# %% tags=["mistake"] question="q5"
says = "the uses may be listed in any order"


def all_slopes(child, parent, derivative):
    slopes = np.zeros(max(child) + 1)
    slopes[-1] = 1.0
    for i in range(len(child) - 1, -1, -1):
        slopes[parent[i]] += derivative[i] * slopes[child[i]]
    turned = {{made}}
    return turned[{{list}}]


# %% [markdown]
# ## 6 · Repair the way back ★★ ({{points["q6"]}} points)
#
# `gradients_found` should return the slopes of the {{loss}} in `{{results}}`, as a tuple in this order,
# for a network with a hidden layer of tanh units. The function has a bug. The cell below
# prints its results divided by the right slopes, entry by entry. Write
# `gradients(x, W1, b1, W2, b2, labels)`, by formulas: the slopes should be correct to twelve
# digits, which central differences do not give. `x` has shape $(N, D)$, `W1` $(U, D)$ and `W2` $(K, U)$.
#
# *Sections: [Check every slope]({{book}}/09_the_network.html#check-every-slope), [What goes
# wrong]({{book}}/09_the_network.html#what-goes-wrong).*


# %%
def gradients_found(x, W1, b1, W2, b2, labels):
    """The slopes of the {{loss}} in {{results}}, with a bug."""
    u = np.tanh(x @ W1.T + b1)
    delta = (softmax(u @ W2.T + b2) - np.eye(len(b2))[labels]) / {{over}}
    through = {{back}}
    by_W1, by_W2 = through.T @ x, {{down}}
    return {{results.replace("W", "by_W")}}


def ratios(candidate, seed=0):
    """The slopes of {{results}}, divided by those that central differences give."""
    rng = np.random.default_rng(seed)
    x, labels = rng.normal(size=(4, 2)), np.array([0, 2, 1, 0])
    W1, b1 = rng.normal(size=(3, 2)), rng.normal(size=3)
    W2, b2 = rng.normal(size=(3, 3)), rng.normal(size=3)
    found = candidate(x, W1, b1, W2, b2, labels)
    assert isinstance(found, tuple), (
        f"a tuple of two arrays was asked for, got {type(found).__name__}"
    )
    shapes = [np.shape(f) for f in found]
    assert shapes == {{shapes}}, (
        f"the slopes of {{results}} should have the shapes {{shapes}}, got {shapes}"
    )
    divided = []
    for W, slopes in zip(({{results}}), found, strict=True):
        right = np.zeros(W.shape)
        for place in np.ndindex(W.shape):
            losses = []
            for step in (1e-5, -1e-5):
                W[place] += step
                p = softmax(np.tanh(x @ W1.T + b1) @ W2.T + b2)
                losses.append(-np.log(p[np.arange(4), labels]).sum() / {{over}})
                W[place] -= step
            right[place] = (losses[0] - losses[1]) / 2e-5
        divided.append(np.asarray(slopes) / right)
    return divided


for name, ratio in zip(("{{first}}", "{{second}}"), ratios(gradients_found), strict=True):
    print(name, "found / right:", *ratio.round(2), sep="\n")


# %% nbgrader={"grade_id": "q6-answer", "solution": true}
def gradients(x, W1, b1, W2, b2, labels):
    """The slopes of the {{loss}} in {{results}}."""
    ### BEGIN SOLUTION
    u = np.tanh(x @ W1.T + b1)
    delta = (softmax(u @ W2.T + b2) - np.eye(len(b2))[labels]) / {{over}}
    through = (delta @ W2) * (1 - u**2)
    return {{ordered}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q6", "grade": true, "points": 4}
for seed in (0, 1):
    for name, ratio in zip(("{{first}}", "{{second}}"), ratios(gradients, seed), strict=True):
        assert np.allclose(ratio, 1, rtol=1e-4), (
            f"your slopes of {name} are between {ratio.min():.3f} and {ratio.max():.3f} times the right ones, for 4 rows"
        )

# %% tags=["grading"] question="q6"
name = "gradients"
rtol, atol = 5e-12, 1e-13


def inputs(rng):
    drawn = []
    for n, d, m, k in [(6, 4, 5, 3), (1, 2, 3, 10), (4, 4, 4, 4), (9, 8, 16, 5)]:
        drawn.append(
            (
                rng.normal(size=(n, d)),
                rng.normal(size=(m, d)),
                rng.normal(size=m),
                rng.normal(size=(k, m)),
                rng.normal(size=k),
                rng.integers(k, size=n),
            )
        )
    return drawn


# %% tags=["mistake"] question="q6"
says = "times the right ones, for 4 rows"
hint = "The bug of the given function is still there."
gradients = gradients_found

# %% tags=["mistake"] question="q6"
says = "the slopes of {{results}} should have the shapes"


def gradients(x, W1, b1, W2, b2, labels, right=gradients):
    return right(x, W1, b1, W2, b2, labels)[::-1]


# %% [markdown]
# ## 7 · The same network in another order ★★ ({{points["q7"]}} points)
#
# Reordering the tanh units of a hidden layer, or changing the signs of everything into and out of a
# unit, changes no score. Write `standard(W1, b1, W2)`, which returns `(W1, b1, W2)` of the same
# network in a standard form: for each unit {{sign}} (change the signs of a unit where it isn't), and
# the units are listed by {{sort}}, measured after the signs have been changed. `W1` has shape
# $(U, D)$, `b1` $(U,)$ and `W2` $(K, U)$. No number that decides is 0, and no two are equal.
#
# *Section: [The loss is not convex]({{book}}/09_the_network.html#the-loss-is-not-convex).*


# %% nbgrader={"grade_id": "q7-answer", "solution": true}
def standard(W1, b1, W2):
    """The same network with its hidden units in a standard form."""
    ### BEGIN SOLUTION
    flip = {{signs}}
    W, b, out = W1 * flip[:, None], b1 * flip, W2 * flip
    listed = np.argsort({{by}})
    return W[listed], b[listed], out[:, listed]
    ### END SOLUTION


# %% nbgrader={"grade_id": "q7", "grade": true, "points": 4}
W1 = np.array([[1.0, -2.0], [-0.5, 3.0], [2.5, 0.2]])
b1 = np.array([0.3, -0.7, -0.1])
W2 = np.array([[1.0, 2.0, -3.0], [0.5, -4.0, 1.0]])
x = np.array([[0.4, -1.0], [2.0, 0.3]])
### BEGIN VALUES
flip = {{signs}}
W, b, out = W1 * flip[:, None], b1 * flip, W2 * flip
biases = b[np.argsort({{by}})]
### END VALUES
found = standard(W1, b1, W2)
assert isinstance(found, tuple), (
    f"a tuple of three arrays was asked for, got {type(found).__name__}"
)
shapes = [np.shape(f) for f in found]
assert shapes == [(3, 2), (3,), (2, 3)], f"the shapes should stay as they are, got {shapes}"
new = [np.asarray(f) for f in found]
before, after = np.tanh(x @ W1.T + b1) @ W2.T, np.tanh(x @ new[0].T + new[1]) @ new[2].T
assert np.allclose(before, after), (
    f"the scores of the first example were {before[0].round(3)} and are {after[0].round(3)}; a unit's bias and its weights on both sides change together"
)
assert np.allclose(np.sort(new[1]), np.sort(biases)), (
    f"for each unit {{sign}}; the biases are then {np.sort(biases)} in some order, got {new[1]}"
)
assert np.allclose(new[1], biases), (
    f"the units are listed by {{sort}}, which gives the biases {biases}, got {new[1]}"
)

# %% tags=["grading"] question="q7"
name = "standard"


def inputs(rng):
    sizes = [(4, 2, 3), (1, 3, 3), (5, 5, 5), (16, 8, 10)]
    return [
        (rng.normal(size=(m, d)), rng.normal(size=m), rng.normal(size=(k, m))) for m, d, k in sizes
    ]


# %% tags=["mistake"] question="q7"
says = "a unit's bias and its weights on both sides change together"


def standard(W1, b1, W2):
    flip = {{signs}}
    W, b, out = W1 * flip[:, None], b1 * flip, W2
    listed = np.argsort({{by}})
    return W[listed], b[listed], out[:, listed]


# %% tags=["mistake"] question="q7"
says = "the biases are then"


def standard(W1, b1, W2):
    flip = -({{signs}})
    W, b, out = W1 * flip[:, None], b1 * flip, W2 * flip
    listed = np.argsort({{by}})
    return W[listed], b[listed], out[:, listed]


# %% tags=["mistake"] question="q7"
says = "which gives the biases"


def standard(W1, b1, W2):
    flip = {{signs}}
    W, b, out = W1 * flip[:, None], b1 * flip, W2 * flip
    listed = np.argsort(-({{by}}))
    return W[listed], b[listed], out[:, listed]


# %% [markdown]
# ## 8 · A proof ★★★ ({{points["q8"]}} points)
#
# {{claim}}
#
# *Sections: [The first loss]({{book}}/09_the_network.html#the-first-loss), [The loss is not
# convex]({{book}}/09_the_network.html#the-loss-is-not-convex), [Check every
# slope]({{book}}/09_the_network.html#check-every-slope).*

# %% [markdown] nbgrader={"grade_id": "q8", "grade": true, "solution": true, "points": 4}
# ### BEGIN SOLUTION
# {{shown}}
# ### END SOLUTION

# %% [markdown] tags=["rubric"] question="q8"
# **Rubric, 4 points**
#
# {{marks}}
