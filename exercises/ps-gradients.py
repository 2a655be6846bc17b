# %% tags=["variants"]
variants = {
    "loss": [
        {"loss": "the mean loss of the rows in nats", "over": "len(logits)", "slip": "1"},
        {"loss": "the sum of the losses of the rows in nats", "over": "1", "slip": "len(logits)"},
        {
            "loss": "the mean loss of the rows in bits",
            "over": "(len(logits) * np.log(2))",
            "slip": "len(logits)",
        },
        {
            "loss": "the sum of the losses of the rows in bits",
            "over": "np.log(2)",
            "slip": "1",
        },
    ],
    "answer": [
        {"answer": "the probabilities $\\hat p$", "plain": "the probabilities", "factor": "probs"},
        {
            "answer": "the logarithms $\\log \\hat p$ of the probabilities",
            "plain": "the logarithms of the probabilities",
            "factor": "1",
        },
        {
            "answer": "the probabilities, in per cent of their old values,",
            "plain": "the probabilities, in per cent of what they were,",
            "factor": "100",
        },
    ],
    "length": [
        {"K": 3, "length": 0.5},
        {"K": 10, "length": 0.3},
        {"K": 27, "length": 0.4},
        {"K": 10, "length": 0.2},
        {"K": 3, "length": 0.25},
        {"K": 27, "length": 0.25},
        {"K": 5, "length": 0.35},
        {"K": 50, "length": 0.45},
        {"K": 100, "length": 0.15},
    ],
    "soft": [
        {"soft_loss": "mean cross-entropy", "soft_unit": "nats", "soft_over": "len(logits)"},
        {"soft_loss": "sum of the cross-entropies", "soft_unit": "nats", "soft_over": "1"},
        {
            "soft_loss": "mean cross-entropy",
            "soft_unit": "bits",
            "soft_over": "(len(logits) * np.log(2))",
        },
        {"soft_loss": "sum of the cross-entropies", "soft_unit": "bits", "soft_over": "np.log(2)"},
    ],
    "bug": [
        {"inside": "logits / temperature", "found": "(probs - target) / len(logits)"},
        {
            "inside": "logits / temperature",
            "found": "(probs - target) / (temperature * logits.size)",
        },
        {"inside": "logits", "found": "(probs - target) / (temperature * len(logits))"},
        {"inside": "logits / temperature", "found": "temperature * (probs - target) / len(logits)"},
        {
            "inside": "logits / temperature",
            "found": "(target - probs) / (temperature * len(logits))",
        },
    ],
    "layout": [
        {
            "shape": "$(D, K)$, so that the scores are `inputs @ weights + bias`",
            "scores": "inputs @ weights + bias",
            "by_weights": "inputs.T @ delta",
            "turned": "delta.T @ inputs",
            "size": "d, k",
        },
        {
            "shape": "$(K, D)$, so that the scores are `inputs @ weights.T + bias`",
            "scores": "inputs @ weights.T + bias",
            "by_weights": "delta.T @ inputs",
            "turned": "inputs.T @ delta",
            "size": "k, d",
        },
    ],
    "results": [
        {"results": "(by_weights, by_bias)", "reversed": "(by_bias, by_weights)", "at": 0},
        {"results": "(by_bias, by_weights)", "reversed": "(by_weights, by_bias)", "at": 1},
    ],
    "names": [
        {"large": "N times too large", "small": "N times too small", "flip": "sign flipped"},
        {"large": "missing 1/N", "small": "1/N twice", "flip": "uphill"},
        {"large": "summed", "small": "averaged twice", "flip": "negated"},
        {"large": "of the sum", "small": "divided by N again", "flip": "y - p"},
        {"large": "too steep", "small": "too flat", "flip": "downhill"},
        {"large": "x N", "small": "/ N", "flip": "x -1"},
    ],
    "step": [
        {"kind": "central", "digits": 24, "format": "float32", "F": 3},
        {"kind": "forward", "digits": 24, "format": "float32", "F": 2},
        {"kind": "central", "digits": 24, "format": "float32", "F": 5},
        {"kind": "forward", "digits": 53, "format": "float64", "F": 6},
        {"kind": "central", "digits": 53, "format": "float64", "F": 9},
        {"kind": "forward", "digits": 24, "format": "float32", "F": 7},
        {"kind": "central", "digits": 53, "format": "float64", "F": 4},
        {"kind": "forward", "digits": 53, "format": "float64", "F": 3},
    ],
    "noise": [
        {
            "claim": r"""that its mean is the zero vector, that its expected squared length is $1 - \sum_k \hat p_k^2$, and that this is at most $1 - 1/K$""",
            "proof": r"""Multiply out: $\|g\|^2 = \sum_k \hat p_k^2 - 2 \hat p_c + 1$, since $e_c$ has length 1 and its product with $\hat p$ is $\hat p_c$. The expectation of $\hat p_c$ is $\sum_k \hat p_k \cdot \hat p_k$. So $\mathrm{E}\,\|g\|^2 = \sum_k \hat p_k^2 - 2 \sum_k \hat p_k^2 + 1 = 1 - \sum_k \hat p_k^2$.

Finally $0 \le \sum_k (\hat p_k - 1/K)^2 = \sum_k \hat p_k^2 - 2/K + 1/K$, so $\sum_k \hat p_k^2 \ge 1/K$, and the expected squared length is at most $1 - 1/K$. ∎""",
            "marks": r"""- 1: multiplies $\|g\|^2$ out for a fixed class, with $\hat p_c$ in it.
- 1: takes its expectation correctly, $\mathrm{E}\,\hat p_c = \sum_k \hat p_k^2$.
- 1: $\sum_k \hat p_k^2 \ge 1/K$ with a reason (the square above, Cauchy–Schwarz, Jensen).""",
        },
        {
            "claim": r"""that its mean is the zero vector, that its covariance matrix $\mathrm{E}\, g g^\top$ is the Jacobian $J$ of softmax, and that its expected squared length is therefore the trace of $J$; write the trace as a function of $\hat p$""",
            "proof": r"""Multiply out: $g g^\top = \hat p \hat p^\top - \hat p e_c^\top - e_c \hat p^\top + e_c e_c^\top$. The two middle terms have the expectation $-\hat p \hat p^\top$ each. The matrix $e_c e_c^\top$ has a single 1, at place $c$ of the diagonal, so its expectation is $\operatorname{diag}(\hat p)$. Together $\mathrm{E}\, g g^\top = \operatorname{diag}(\hat p) - \hat p \hat p^\top = J$.

The squared length is the trace of $g g^\top$, and the trace of an expectation is the expectation of the trace. So $\mathrm{E}\,\|g\|^2 = \operatorname{tr} J = \sum_k (\hat p_k - \hat p_k^2) = 1 - \sum_k \hat p_k^2$. ∎""",
            "marks": r"""- 1: multiplies $g g^\top$ out and takes the expectation of the mixed terms.
- 1: $\mathrm{E}\, e_c e_c^\top = \operatorname{diag}(\hat p)$, with its reason, and so $J$.
- 1: squared length as a trace, and $\operatorname{tr} J = 1 - \sum_k \hat p_k^2$.""",
        },
    ],
}

# %% [markdown]
# # Problem set: the gradient is p̂ − y
#
# This set goes with [chapter 7]({{book}}/07_gradients.html). The questions become harder: ★ recalls,
# ★★ applies, ★★★ derives or builds.
#
# {{rules}}
#
# A softmax is given below, so that you can work on its derivatives. In every question the classes
# are on the last axis.

# %%
import numpy as np


def softmax(z):
    """Probabilities from scores along the last axis."""
    weights = np.exp(z - z.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


# %% [markdown]
# ## 1 · Of which loss? ★ ({{points["q1"]}} points)
#
# Write `gradient(logits, labels)`: the gradient, with respect to the logits, of {{loss}}. `logits`
# has shape $(N, K)$, `labels` holds an index for each row, and the result has the shape of
# `logits`.
#
# *Section: [A batch, and backwards through
# it]({{book}}/07_gradients.html#a-batch-and-backwards-through-it).*


# %% nbgrader={"grade_id": "q1-answer", "solution": true}
def gradient(logits, labels):
    """The gradient of {{loss}} by the logits."""
    ### BEGIN SOLUTION
    one_hot = np.eye(logits.shape[1])[labels]
    return (softmax(logits) - one_hot) / {{over}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q1", "grade": true, "points": 2}
logits, labels = np.log([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]), np.array([0, 1])
### BEGIN VALUES
want = np.array([[-0.5, 0.25, 0.25], [0.1, -0.9, 0.8]]) / {{over}}
### END VALUES
found = np.asarray(gradient(logits, labels))
assert found.shape == (2, 3), (
    f"the gradient has a slope for each of the 2 × 3 logits; got shape {found.shape}"
)
assert not np.allclose(found[0] / np.abs(found[0]).max(), [1, -0.5, -0.5]), (
    "that points downhill, at y − p̂; the gradient points uphill"
)
assert np.allclose(found.sum(axis=1), 0), (
    f"each row of a gradient sums to 0, yours to {found.sum(axis=1).round(3)}; is the 1 subtracted in the column of the label only?"
)
ratio = found[0, 1] / want[0, 1]
assert np.isclose(ratio, 1), f"your gradient is {ratio:.3f} times that of {{loss}}"
assert np.allclose(found[1], want[1]), (
    f"the second row has another label than the first: {found[1].round(3)}"
)

# %% tags=["grading"] question="q1"
name = "gradient"


def inputs(rng):
    sizes = [(6, 3), (4, 4), (1, 10), (12, 27)]
    return [(rng.normal(size=size), rng.integers(size[1], size=size[0])) for size in sizes]


# %% tags=["mistake"] question="q1"
says = "the gradient points uphill"


def gradient(logits, labels):
    return (np.eye(logits.shape[1])[labels] - softmax(logits)) / {{over}}


# %% tags=["mistake"] question="q1"
says = "times that of {{loss}}"
hint = "The direction is right, but this is not the gradient of {{loss}}: look at the factor."


def gradient(logits, labels):
    return (softmax(logits) - np.eye(logits.shape[1])[labels]) / {{slip}}


# %% tags=["mistake"] question="q1"
says = "is the 1 subtracted in the column of the label only?"


def gradient(logits, labels):
    found = softmax(logits)
    found[:, labels] -= 1
    return found / {{over}}


# %% tags=["mistake"] question="q1"
says = "the second row has another label than the first"
hint = "Each row has a label of its own."


def gradient(logits, labels):
    return (softmax(logits) - np.eye(logits.shape[1])[labels[0]]) / {{over}}


# %% [markdown]
# ## 2 · Which step? ★ ({{points["q2"]}} points)
#
# You want to check a gradient of the loss along one score by {{kind}} differences. The loss is
# computed in {{format}}, whose spacing at 1 is
# $\varepsilon_{\mathrm{mach}} = 2^{-{{digits - 1}}}$. Values of the loss are at most $F = {{F}}$ in
# size. For its second and third derivatives along one score take the bounds that the chapter derives,
# $F_2 = 1/4$ and $F_3 = \sqrt 3/18$. Which step $h$ makes the bound on the error smallest? Assign it
# to `step`, correct to two digits or better.
#
# *Section: [Which step to take]({{book}}/07_gradients.html#which-step-to-take), with its fold "The
# best step, derived".*

# %% nbgrader={"grade_id": "q2-answer", "solution": true}
### BEGIN SOLUTION
eps = 2.0 ** -{{digits - 1}}
central = (3 * eps * {{F}} / 2 / (np.sqrt(3) / 18)) ** (1 / 3)
forward = np.sqrt(2 * eps * {{F}} / (1 / 4))
step = {{kind}}
### END SOLUTION

# %% nbgrader={"grade_id": "q2", "grade": true, "points": 2}
### BEGIN VALUES
rule = (2.0 ** -{{digits - 1}}) ** ({{"1 / 3" if kind == "central" else "1 / 2"}})
### END VALUES
assert 0 < step < 1, f"a step lies between 0 and 1, got {step}"
assert step < 30 * rule, (
    f"the rule of thumb says {rule:.1e}, and {step:.1e} is far longer; is it the step for {{kind}} differences in {{format}}?"
)
assert step > rule * 0.99, (
    f"the loss is larger than its higher derivatives, so the best step is longer than the {rule:.1e} of the rule of thumb, and yours is {step:.1e}; is it the step for {{kind}} differences in {{format}}?"
)
assert not np.isclose(step, rule, rtol=1e-2), (
    "that is the rule of thumb for a function whose value and derivatives are all 1; put in the bounds for this one"
)

# %% tags=["grading"] question="q2"
name = "step"
rtol = 5e-2

# %% tags=["mistake"] question="q2"
says = "put in the bounds for this one"
hint = "That is the rule of thumb; put in the bounds for this loss."
step = (2.0 ** -{{digits - 1}}) ** ({{"1 / 3" if kind == "central" else "1 / 2"}})

# %% tags=["mistake"] question="q2"
says = "is it the step for {{kind}} differences in {{format}}?"
step = {{"forward" if kind == "central" else "central"}}

# %% [markdown]
# ## 3 · Which margin makes the gradient short? ★★ ({{points["q3"]}} points)
#
# There are {{K}} classes and one example with a one-hot label. The scores of the wrong classes are
# equal, and the true class is ahead of them by the margin $d$. For which $d$ does the gradient
# $\hat p - y$ have the length {{length}}? Assign the number to `margin`, correct to four digits or
# better. Solve for $\hat p_c$ on paper first.
#
# *Section: [How long the gradient can
# be]({{book}}/07_gradients.html#how-long-the-gradient-can-be).*

# %% nbgrader={"grade_id": "q3-answer", "solution": true}
### BEGIN SOLUTION
# (1 - q)^2 + (K - 1) ((1 - q) / (K - 1))^2 = (1 - q)^2 K / (K - 1)
q = 1 - {{length}} * np.sqrt(({{K}} - 1) / {{K}})
margin = np.log(({{K}} - 1) * q / (1 - q))
### END SOLUTION

# %% nbgrader={"grade_id": "q3", "grade": true, "points": 3}
### BEGIN VALUES
short = np.sqrt(({{K}} - 1) / {{K}})
rests = [
    {{length}},
    np.sqrt({{length}}) * short,
    ({{length}} + 0.1) * short,
    ({{length}} - 0.09) * short,
]
of_own, of_square, low, high = (np.log(({{K}} - 1) * (1 - rest) / rest) for rest in rests)
### END VALUES
assert not np.isclose(margin, of_own, rtol=4e-4), (
    "that makes 1 − p̂ of the true class {{length}}; the other classes have entries in the gradient too"
)
assert not np.isclose(margin, of_square, rtol=1e-3), (
    "that makes the *square* of the length {{length}}"
)
assert low < margin < high, (
    f"with your margin the gradient has a length well {'above' if margin <= low else 'below'} {{length}}"
)

# %% tags=["grading"] question="q3"
name = "margin"
rtol = 5e-4

# %% tags=["mistake"] question="q3"
says = "the other classes have entries in the gradient too"
margin = np.log(({{K}} - 1) * (1 - {{length}}) / {{length}})

# %% tags=["mistake"] question="q3"
says = "that makes the *square* of the length"
hint = "That makes the square of the length what the length should be."
q = 1 - np.sqrt({{length}} * ({{K}} - 1) / {{K}})
margin = np.log(({{K}} - 1) * q / (1 - q))

# %% tags=["mistake"] question="q3"
says = "with your margin the gradient has a length well"
hint = "Each of the other classes has an equal share of the rest."
q = 1 - {{length}} * np.sqrt(({{K}} - 1) / {{K}})
margin = np.log(q / (1 - q))

# %% [markdown]
# ## 4 · How the answer moves ★★ ({{points["q4"]}} points)
#
# A prediction $\hat p = \operatorname{softmax}(z/T)$ is known, and the logits are not. The logits
# move by a small amount in the direction $v$, from $z$ to $z + \eta v$. Write
# `response(probs, v, temperature)`: the rate, per unit of $\eta$ at $\eta = 0$, at which
# {{answer}} change. `probs`, `v` and the result have the same shape. Use a formula: the rates should
# be correct to twelve digits, which central differences do not give.
#
# *Section: [How softmax answers a nudge]({{book}}/07_gradients.html#how-softmax-answers-a-nudge).*


# %% nbgrader={"grade_id": "q4-answer", "solution": true}
def response(probs, v, temperature):
    """The rate at which {{plain}} change when the logits move along v."""
    ### BEGIN SOLUTION
    average = (probs * v).sum(axis=-1, keepdims=True)
    return {{factor}} * (v - average) / temperature
    ### END SOLUTION


# %% nbgrader={"grade_id": "q4", "grade": true, "points": 3}
probs, v = (
    np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1]]),
    np.array([[1.0, 0.0, 2.0], [0.5, -1.0, 0.0]]),
)
### BEGIN VALUES
up, down = (np.log(softmax(np.log(probs) + h * v)) for h in (1e-5, -1e-5))
want = {{factor}} * (up - down) / 2e-5
unweighted = {{factor}} * (v - v.mean(axis=1, keepdims=True))
### END VALUES
found = np.asarray(response(probs, v, 1.0))
assert found.shape == (2, 3), (
    f"two examples of three classes have a response of shape (2, 3), got {found.shape}"
)
level = np.asarray(response(probs, np.ones((2, 3)), 1.0))
assert np.allclose(level, 0, atol=1e-12), (
    f"a shift of all logits changes nothing, and your response to it is {level[0].round(3)}; do you subtract the average, weighted by the probabilities?"
)
assert not np.allclose(found, unweighted), (
    "the average to subtract is weighted by the probabilities"
)
assert np.allclose(found, want, rtol=1e-5, atol=1e-8), (
    f"by differences {{plain}} change by {want[0].round(3)} in the first example, and you say {found[0].round(3)}"
)
ratio = found[0, 0] / np.asarray(response(probs, v, 2.0))[0, 0]
assert not np.isclose(ratio, 1), (
    "at twice the temperature the same probabilities should answer half as strongly; where is the temperature?"
)
assert np.isclose(ratio, 2), (
    f"at twice the temperature the same probabilities should answer half as strongly, not by the factor {1 / ratio:.3f}"
)

# %% tags=["grading"] question="q4"
name = "response"
rtol, atol = 5e-12, 1e-13


def inputs(rng):
    shapes = [(3,), (5, 3), (4, 4), (2, 3, 10)]
    return [
        (softmax(rng.normal(size=s)), rng.normal(size=s), float(rng.uniform(0.3, 5)))
        for s in shapes
    ]


# %% tags=["mistake"] question="q4"
says = "where is the temperature?"


def response(probs, v, temperature):
    return {{factor}} * (v - (probs * v).sum(axis=-1, keepdims=True))


# %% tags=["mistake"] question="q4"
says = "do you subtract the average"
hint = "Subtract the average of v, weighted by the probabilities."


def response(probs, v, temperature):
    return {{factor}} * v / temperature


# %% tags=["mistake"] question="q4"
says = "the average to subtract is weighted by the probabilities"


def response(probs, v, temperature):
    return {{factor}} * (v - v.mean(axis=-1, keepdims=True)) / temperature


# %% tags=["mistake"] question="q4"
says = "should answer half as strongly, not by the factor"
hint = "A higher temperature makes the answer weaker, not stronger."


def response(probs, v, temperature, right=response):
    return right(probs, v, 1.0) * temperature


# %% [markdown]
# ## 5 · Repair the gradient ★★ ({{points["q5"]}} points)
#
# `soft_gradient_found` should return the gradient, with respect to the logits, of the {{soft_loss}}
# of $\operatorname{softmax}(z/T)$ against soft targets, in {{soft_unit}}. `logits` and `target` have
# shape $(N, K)$. The function has a bug. The cell below prints its result divided by the right
# slopes, entry by entry. Find the bug from these ratios, and write
# `soft_gradient(logits, target, temperature)`, by the formula: the slopes should be correct to
# twelve digits, which central differences do not give.
#
# *Sections: [The chain rule, in full and then
# collapsed]({{book}}/07_gradients.html#the-chain-rule-in-full-and-then-collapsed), [What goes
# wrong]({{book}}/07_gradients.html#what-goes-wrong).*


# %%
def soft_gradient_found(logits, target, temperature):
    """The gradient of the loss by the logits, with a bug."""
    probs = softmax({{inside}})
    return {{found.replace("len(logits)", soft_over)}}


def ratios(candidate, temperature=2.0):
    """A gradient divided by the slopes that central differences give."""
    logits = np.array([[2.0, 1.0, 0.1], [0.0, -1.0, 0.5]])
    target = np.array([[0.7, 0.2, 0.1], [0.0, 0.0, 1.0]])
    slopes = np.zeros((2, 3))
    for place in np.ndindex(2, 3):
        nudge = np.zeros((2, 3))
        nudge[place] = 1e-5
        up, down = (np.log(softmax((logits + t * nudge) / temperature)) for t in (1, -1))
        slopes[place] = -(target * (up - down)).sum() / {{soft_over}} / 2e-5
    found = candidate(logits, target, temperature)
    assert found is not None, "the function returned nothing; does it end in `return`?"
    return np.asarray(found) / slopes


print(ratios(soft_gradient_found).round(3))


# %% nbgrader={"grade_id": "q5-answer", "solution": true}
def soft_gradient(logits, target, temperature):
    """The gradient of the loss by the logits."""
    ### BEGIN SOLUTION
    probs = softmax(logits / temperature)
    return (probs - target) / (temperature * {{soft_over}})
    ### END SOLUTION


# %% nbgrader={"grade_id": "q5", "grade": true, "points": 3}
for temperature in [2.0, 0.7]:
    found = ratios(soft_gradient, temperature)
    assert found.shape == (2, 3), (
        f"the gradient should have the shape of the logits, got {found.shape}"
    )
    low, high = found.min(), found.max()
    assert np.allclose(found, 1, rtol=1e-4), (
        f"at T = {temperature} your gradient is between {low:.3f} and {high:.3f} times the slopes by differences, for 2 rows of 3 classes"
    )

# %% tags=["grading"] question="q5"
name = "soft_gradient"
rtol, atol = 5e-12, 1e-13


def inputs(rng):
    drawn = []
    for n, k in [(6, 3), (4, 4), (1, 10), (9, 27)]:
        target = rng.multinomial(10, rng.dirichlet(np.ones(k)), size=n) / 10
        drawn.append((2 * rng.normal(size=(n, k)), target, float(rng.uniform(0.3, 5))))
    return drawn


# %% tags=["mistake"] question="q5"
says = "times the slopes by differences"
hint = "The bug of the given function is still there."
soft_gradient = soft_gradient_found

# %% [markdown]
# ## 6 · One layer down ★★ ({{points["q6"]}} points)
#
# A linear layer computes the scores. `inputs` has shape $(N, D)$, `bias` has shape $(K,)$, and
# `weights` has shape {{shape}}. Write `layer_gradients(inputs, weights, bias, labels)`: the
# gradients of the mean cross-entropy in nats with respect to the weights and to the bias, each in
# the shape of what it belongs to, as the tuple `{{results}}`.
#
# *Section: [A batch, and backwards through
# it]({{book}}/07_gradients.html#a-batch-and-backwards-through-it). Use the chain rule: a change of a
# weight changes one score in each row, in proportion to the input that the weight multiplies.*


# %% nbgrader={"grade_id": "q6-answer", "solution": true}
def layer_gradients(inputs, weights, bias, labels):
    """The gradients of the mean loss by the layer's parameters, {{results}}."""
    ### BEGIN SOLUTION
    scores = {{scores}}
    delta = (softmax(scores) - np.eye(len(bias))[labels]) / len(inputs)
    by_weights = {{by_weights}}
    by_bias = delta.sum(axis=0)
    return {{results}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q6", "grade": true, "points": 4}
n, d, k = 4, 2, 3
inputs = np.array([[1.0, 2.0], [0.0, -1.0], [0.5, 0.5], [-2.0, 1.0]])
weights, bias, labels = (
    np.arange(6.0).reshape({{size}}) / 4,
    np.array([0.1, 0.0, -0.1]),
    np.array([0, 2, 1, 0]),
)
### BEGIN VALUES


def layer_loss(weights, bias):
    """The mean loss of the layer on the open example."""
    return -np.log(softmax({{scores}})[np.arange(n), labels]).mean()


numeric = np.zeros(weights.shape)
for place in np.ndindex(weights.shape):
    nudge = np.zeros(weights.shape)
    nudge[place] = 1e-5
    numeric[place] = (layer_loss(weights + nudge, bias) - layer_loss(weights - nudge, bias)) / 2e-5
nudge = np.array([1e-5, 0, 0])
first = (layer_loss(weights, bias + nudge) - layer_loss(weights, bias - nudge)) / 2e-5
### END VALUES
found = layer_gradients(inputs, weights, bias, labels)
assert isinstance(found, tuple), f"a tuple of two arrays was asked for, got {type(found).__name__}"
assert len(found) == 2, f"a tuple of two arrays was asked for, got {len(found)}"
by_w, by_b = np.asarray(found[{{at}}]), np.asarray(found[{{1 - at}}])
assert by_w.shape != bias.shape, "the two gradients should come in the order {{results}}"
assert by_w.shape == weights.shape, (
    f"the gradient of the weights should have their shape {weights.shape}, got {by_w.shape}"
)
assert by_b.shape == bias.shape, (
    f"the gradient of the bias should have its shape {bias.shape}, got {by_b.shape}"
)
low, high = (by_w / numeric).min(), (by_w / numeric).max()
assert np.allclose(by_w, numeric, atol=1e-8), (
    f"your slopes of the weights are between {low:.3f} and {high:.3f} times those by differences, for {n} rows"
)
assert np.isclose(by_b[0], first, atol=1e-8), (
    f"the first slope of the bias is {first:.4f} by differences, got {by_b[0]:.4f}; how do the rows share the bias?"
)

# %% tags=["grading"] question="q6"
name = "layer_gradients"


def inputs(rng):
    drawn = []
    for n, d, k in [(6, 4, 3), (5, 3, 3), (1, 2, 10), (8, 16, 5)]:
        weights, bias = rng.normal(size=({{size}})), rng.normal(size=k)
        drawn.append((rng.normal(size=(n, d)), weights, bias, rng.integers(k, size=n)))
    return drawn


# %% tags=["mistake"] question="q6"
says = "times those by differences"
hint = "The direction is right, and the gradient is $N$ times too large: the loss is a mean."


def layer_gradients(inputs, weights, bias, labels):
    scores = {{scores}}
    delta = softmax(scores) - np.eye(len(bias))[labels]
    by_weights, by_bias = {{by_weights}}, delta.sum(axis=0)
    return {{results}}


# %% tags=["mistake"] question="q6"
says = "the gradient of the weights should have their shape"


def layer_gradients(inputs, weights, bias, labels):
    scores = {{scores}}
    delta = (softmax(scores) - np.eye(len(bias))[labels]) / len(inputs)
    by_weights, by_bias = {{turned}}, delta.sum(axis=0)
    return {{results}}


# %% tags=["mistake"] question="q6"
says = "the two gradients should come in the order {{results}}"


def layer_gradients(inputs, weights, bias, labels):
    scores = {{scores}}
    delta = (softmax(scores) - np.eye(len(bias))[labels]) / len(inputs)
    by_weights, by_bias = {{by_weights}}, delta.sum(axis=0)
    return {{reversed}}


# %% tags=["mistake"] question="q6"
says = "how do the rows share the bias?"


def layer_gradients(inputs, weights, bias, labels):
    scores = {{scores}}
    delta = (softmax(scores) - np.eye(len(bias))[labels]) / len(inputs)
    by_weights, by_bias = {{by_weights}}, delta.mean(axis=0)
    return {{results}}


# %% tags=["mistake"] question="q6"
says = "the gradient of the bias should have its shape"
hint = "All rows share the bias, so its gradient is a sum over the rows."


def layer_gradients(inputs, weights, bias, labels):
    scores = {{scores}}
    delta = (softmax(scores) - np.eye(len(bias))[labels]) / len(inputs)
    by_weights, by_bias = {{by_weights}}, delta
    return {{results}}


# %% [markdown]
# ## 7 · Name the bug ★★ ({{points["q7"]}} points)
#
# Colleagues send you gradients that they call those of the *mean* loss in nats with respect to the
# logits. Write `diagnose(found, logits, labels)`, which compares such a gradient `found` (an array
# of the shape of `logits`, $(N, K)$ with $N \ge 2$) with the right one and returns a string:
#
# - `"right"`;
# - `"{{flip}}"`, if it is the right one times −1;
# - `"{{large}}"`, if it is the right one times $N$;
# - `"{{small}}"`, if it is the right one divided by $N$;
# - `"something else"` in all other cases.
#
# Compare *every* entry. Entries that differ by less than a millionth of the largest slope count as
# equal.
#
# *Sections: [What to compare]({{book}}/07_gradients.html#what-to-compare), [What goes
# wrong]({{book}}/07_gradients.html#what-goes-wrong).*


# %% nbgrader={"grade_id": "q7-answer", "solution": true}
def diagnose(found, logits, labels):
    """What is wrong with a gradient of the mean loss, in words."""
    ### BEGIN SOLUTION
    n, k = logits.shape
    right = (softmax(logits) - np.eye(k)[labels]) / n
    for words, factor in {"right": 1, "{{flip}}": -1, "{{large}}": n, "{{small}}": 1 / n}.items():
        wanted = factor * right
        if np.abs(found - wanted).max() < 1e-6 * np.abs(wanted).max():
            return words
    return "something else"
    ### END SOLUTION


# %% nbgrader={"grade_id": "q7", "grade": true, "points": 4}
logits, labels = np.log([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]), np.array([0, 1])
right = np.array([[-0.25, 0.125, 0.125], [0.05, -0.45, 0.4]])
cases = {"right": right, "{{flip}}": -right, "{{large}}": 2 * right, "{{small}}": right / 2}
for words, gradient_sent in cases.items():
    found = diagnose(gradient_sent, logits, labels)
    assert isinstance(found, str), f"a string was asked for, got {found!r}"
    assert found == words, f"that gradient is {words!r}, and you say {found!r}"
found = diagnose(right * (1 + 1e-9), logits, labels)
assert found == "right", (
    f"a gradient that is off in the tenth digit is right, and you say {found!r}"
)
found = diagnose(np.where(logits == logits[0, 0], right, 0), logits, labels)
assert found == "something else", (
    f"one entry is right and five are 0, and you say {found!r}; do you look at every entry?"
)

# %% tags=["grading"] question="q7"
name = "diagnose"


def inputs(rng):
    drawn = []
    for n, k in [(6, 3), (4, 4), (2, 10), (12, 27)]:
        logits, labels = rng.normal(size=(n, k)), rng.integers(k, size=n)
        right = (softmax(logits) - np.eye(k)[labels]) / n
        right *= 1 + 1e-10 * rng.normal(size=(n, k))
        one_off = right.copy()
        one_off[rng.integers(n), rng.integers(k)] *= 1.5
        for sent in [right, -right, n * right, right / n, -n * right, right[::-1], one_off]:
            drawn.append((sent, logits, labels))
    return [drawn[place] for place in rng.permutation(len(drawn))]  # not to be told by counting


# %% tags=["mistake"] question="q7"
says = "a gradient that is off in the tenth digit is right"
hint = "Entries that differ only in their last digits should count as equal."


def diagnose(found, logits, labels):
    n, k = logits.shape
    right = (softmax(logits) - np.eye(k)[labels]) / n
    for words, factor in {"right": 1, "{{flip}}": -1, "{{large}}": n, "{{small}}": 1 / n}.items():
        if np.abs(found - factor * right).max() < 1e-15:
            return words
    return "something else"


# %% tags=["mistake"] question="q7"
says = "do you look at every entry?"


def diagnose(found, logits, labels):
    n, k = logits.shape
    ratio = found[0, 0] / ((softmax(logits) - np.eye(k)[labels]) / n)[0, 0]
    for words, factor in {"right": 1, "{{flip}}": -1, "{{large}}": n, "{{small}}": 1 / n}.items():
        if np.isclose(ratio, factor, rtol=1e-6):
            return words
    return "something else"


# %% tags=["mistake"] question="q7"
says = "that gradient is"
hint = "It compares with the gradient of the sum of the losses."


def diagnose(found, logits, labels, right=diagnose):
    return right(found * len(logits), logits, labels)


# %% [markdown]
# ## 8 · If a model is right, its gradient is noise ★★★ ({{points["q8"]}} points)
#
# A model's prediction $\hat p$ for some photograph is exactly right: the class $c$ is drawn with the
# probabilities $\hat p$. Then the gradient with respect to the logits for this one example,
# $g = \hat p - e_c$ with $e_c$ the one-hot vector of $c$, is random. Prove {{claim}}.
#
# *Sections: [How softmax answers a nudge]({{book}}/07_gradients.html#how-softmax-answers-a-nudge),
# [How long the gradient can be]({{book}}/07_gradients.html#how-long-the-gradient-can-be).*

# %% [markdown] nbgrader={"grade_id": "q8", "grade": true, "solution": true, "points": 4}
# ### BEGIN SOLUTION
# Entry $k$ of $e_c$ is 1 with probability $\hat p_k$ and 0 otherwise, so
# $\mathrm{E}\,e_c = \hat p$ and $\mathrm{E}\,g = \hat p - \hat p = 0$.
#
# {{proof}}
# ### END SOLUTION

# %% [markdown] tags=["rubric"] question="q8"
# **Rubric, 4 points**
#
# - 1: $\mathrm{E}\,g = 0$, from $\mathrm{E}\,e_c = \hat p$.
# {{marks}}
