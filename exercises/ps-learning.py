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
    "bend": [
        {
            "loss": r"the cross-entropy in nats of $\operatorname{softmax}(z)$",
            "T": 1,
            "factor": 1.0,
            "slip": 0.5,
            "slip_says": "the factor ½ belongs to the parabola, not to its curvature",
        },
        {
            "loss": r"the cross-entropy in nats of $\operatorname{softmax}(z/2)$, a softmax at the temperature 2",
            "T": 2,
            "factor": 0.25,
            "slip": 0.5,
            "slip_says": "each of the two derivatives brings a factor of 1/T",
        },
        {
            "loss": r"the cross-entropy of $\operatorname{softmax}(z)$ in *bits*",
            "T": 1,
            "factor": 1 / np.log(2),
            "slip": 1.0,
            "slip_says": "differentiate the loss in bits",
        },
        {
            "loss": r"the cross-entropy in *bits* of $\operatorname{softmax}(z/2)$, a softmax at the temperature 2",
            "T": 2,
            "factor": 0.25 / np.log(2),
            "slip": 0.5 / np.log(2),
            "slip_says": "each of the two derivatives brings a factor of 1/T",
        },
        {
            "loss": r"the cross-entropy in nats of $\operatorname{softmax}(2z)$, a softmax at the temperature ½",
            "T": 0.5,
            "factor": 4.0,
            "slip": 2.0,
            "slip_says": "each of the two derivatives brings a factor of 1/T",
        },
    ],
    "K": [4, 3, 5, 6, 8, 7, 9, 10],
    "gauge": [
        {
            "gauge": "whose entries sum to 0 in each row",
            "zero": "step.mean(axis=-1, keepdims=True)",
        },
        {"gauge": "that leaves the score of class 0 where it is", "zero": "step[..., :1]"},
        {"gauge": "that leaves the score of the last class where it is", "zero": "step[..., -1:]"},
    ],
    "scale": [
        {
            "argument": "temperature",
            "letter": "T",
            "model": r"$\hat p = \operatorname{softmax}(z/T)$ at a temperature $T$",
            "times": "scale",
            "against": "1 / scale",
            "three": 3.0,
        },
        {
            "argument": "factor",
            "letter": "β",
            "model": r"$\hat p = \operatorname{softmax}(\beta z)$ with a factor $\beta > 0$",
            "times": "1 / scale",
            "against": "scale",
            "three": 1 / 3,
        },
    ],
    "count": [
        {
            "matrix": r"$W$ of shape $(K, D)$ makes the scores $z = Wx$ of $K$ classes",
            "number": r"In how many linearly independent directions does the mean cross-entropy, without a penalty, not change at all, however far $W$ is moved?",
            "formula": "n_classes * D - (n_classes - 1) * rank",
            "miscount": "D + n_classes * (D - rank)",
            "full": 3,
            "short": 7,
            "count_says": "the common shift of all the weights on one pixel must not be counted twice",
        },
        {
            "matrix": r"$W$ of shape $(K - 1, D)$ makes the scores of all classes but the last, whose score is always 0",
            "number": r"In how many linearly independent directions does the mean cross-entropy, without a penalty, not change at all, however far $W$ is moved?",
            "formula": "(n_classes - 1) * (D - rank)",
            "miscount": "n_classes * (D - rank)",
            "full": 0,
            "short": 4,
            "count_says": "the last class has no weights that could be moved",
        },
        {
            "matrix": r"$W$ of shape $(K, D)$ makes the scores $z = Wx$ of $K$ classes",
            "number": r"In how many linearly independent directions does the mean cross-entropy, without a penalty, have a positive curvature? (That is the rank of its matrix of second derivatives, which is the same at all $W$.)",
            "formula": "(n_classes - 1) * rank",
            "miscount": "n_classes * rank",
            "full": 12,
            "short": 8,
            "count_says": "one row added to all rows of W changes no probability",
        },
    ],
    "pulled": [
        {
            "pulled": r"$\frac{\lambda}{2}$ times the sum of the squared weights",
            "half": "penalty / 2",
            "full_pull": "penalty",
        },
        {
            "pulled": r"$\lambda$ times the sum of the squared weights",
            "half": "penalty",
            "full_pull": "2 * penalty",
        },
        {
            "pulled": r"$\frac{\lambda}{2N}$ times the sum of the squared weights",
            "half": "penalty / (2 * len(X))",
            "full_pull": "penalty / len(X)",
        },
    ],
    "found": [
        {
            "slopes": "W.copy()",
            "data": "(p - y).T @ X / len(X)",
            "pull": "penalty * slopes",
        },
        {
            "slopes": "np.where(np.arange(X.shape[1]) < X.shape[1] - 1, W, 0)",
            "data": "(p - y).T @ X",
            "pull": "penalty * slopes",
        },
        {
            "slopes": "np.where(np.arange(X.shape[1]) < X.shape[1] - 1, W, 0)",
            "data": "(p - y).T @ X / len(X)",
            "pull": "2 * penalty * slopes",
        },
        {
            "slopes": "np.where(np.arange(X.shape[1]) < X.shape[1] - 1, W, 0)",
            "data": "(p - y).T @ X / len(X)",
            "pull": "penalty / 2 * slopes",
        },
        {
            "slopes": "np.where(np.arange(X.shape[1]) < X.shape[1] - 1, W, 0)",
            "data": "(p - y).T @ X / len(X)",
            "pull": "penalty / len(X) * slopes",
        },
        {
            "slopes": "np.where(np.arange(X.shape[1]) > 0, W, 0)",
            "data": "(p - y).T @ X / len(X)",
            "pull": "penalty * slopes",
        },
    ],
    "form": [
        {
            "form": r"the *mean* loss plus $\frac{\lambda}{2} \sum_{k,a} W_{ka}^2$, with $\lambda$ = `strength`",
            "mean_form": "strength",
            "mixed_up": "strength / len(X)",
            "back": "small",
            "result": "(weights, biases)",
            "at": 0,
            "shapes": [(3, 2), (3,)],
        },
        {
            "form": r"the *sum* of the losses plus $\frac{\kappa}{2} \sum_{k,a} W_{ka}^2$, with $\kappa$ = `strength`",
            "mean_form": "strength / len(X)",
            "mixed_up": "strength",
            "back": "small * len(pictures)",
            "result": "(weights, biases)",
            "at": 0,
            "shapes": [(3, 2), (3,)],
        },
        {
            "form": r"$C$ times the *sum* of the losses plus $\frac12 \sum_{k,a} W_{ka}^2$, with $C$ = `strength`",
            "mean_form": "1 / (strength * len(X))",
            "mixed_up": "1 / strength",
            "back": "1 / (small * len(pictures))",
            "result": "(biases, weights)",
            "at": 1,
            "shapes": [(3,), (3, 2)],
        },
        {
            "form": r"the *sum* of the losses plus $\frac{\kappa}{2} \sum_{k,a} W_{ka}^2$, with $\kappa$ = `strength`",
            "mean_form": "strength / len(X)",
            "mixed_up": "strength",
            "back": "small * len(pictures)",
            "result": "(biases, weights)",
            "at": 1,
            "shapes": [(3,), (3, 2)],
        },
    ],
    "size": [2.0, 1.5, 2.5, 3.0, 1.8],
    "seed": [0, 1, 2, 3, 4, 5],
    "proof": [
        {
            "title": "A stronger penalty, smaller weights",
            "ask": r"Write $L(W)$ for the mean loss, $S(W)$ for the sum of the squared weights without the biases, and $W_\lambda$ for a minimum of $L + \frac{\lambda}{2} S$. Let $0 < \lambda < \mu$. Prove that $S(W_\lambda) \ge S(W_\mu)$ and $L(W_\lambda) \le L(W_\mu)$: a stronger penalty never gives larger weights or a smaller loss on the pictures it was trained on. Then show that equality in the first is possible only if $S(W_\lambda) = S(W_\mu) = 0$. You need no formula for $L$; for the last part you may use that the minimum of $L + \frac{\mu}{2} S$ is unique up to one number added to all biases, and that $L$ is differentiable.",
            "answer": r"""Each of the two is a minimum for its own penalty:

$$L(W_\lambda) + \tfrac\lambda2 S(W_\lambda) \le L(W_\mu) + \tfrac\lambda2 S(W_\mu), \qquad L(W_\mu) + \tfrac\mu2 S(W_\mu) \le L(W_\lambda) + \tfrac\mu2 S(W_\lambda)$$

Add the two. The losses cancel, and $\frac{\mu - \lambda}{2} \bigl( S(W_\mu) - S(W_\lambda) \bigr) \le 0$ is left. Since $\mu > \lambda$, $S(W_\mu) \le S(W_\lambda)$. The first inequality now gives $L(W_\lambda) - L(W_\mu) \le \frac\lambda2 \bigl( S(W_\mu) - S(W_\lambda) \bigr) \le 0$.

Let $S(W_\lambda) = S(W_\mu)$. Then the two inequalities say $L(W_\lambda) \le L(W_\mu)$ and $L(W_\mu) \le L(W_\lambda)$, so the losses are equal too, and $W_\lambda$ is also a minimum for $\mu$. By uniqueness $W_\lambda$ and $W_\mu$ have the same weights $w$ (their biases differ by a common number at most). At a minimum the gradient is 0; for the weights of $W_\lambda$, which is a minimum for both penalties, it says $\nabla_w L = -\lambda w$ and $\nabla_w L = -\mu w$. Hence $(\mu - \lambda) w = 0$ and $w = 0$. ∎""",
            "marks": r"""- 1: writes down that each is a minimum for its own penalty, with the other put in.
- 1: adds the two and gets the claim about $S$.
- 1: goes back and gets the claim about $L$.
- 1: equality: the losses are equal, one $W$ is a minimum for both penalties, its two gradients force $w = 0$. Uniqueness alone, without the two gradients, is not enough.

Differentiating the minimum by $\lambda$ needs a proof that it can be differentiated, and earns at most 3 points without it.""",
        },
        {
            "title": "What is true at the minimum",
            "ask": r"Let $W$, with weights $w_{ka}$ and biases $b_k$, be a minimum of the mean loss plus $\frac{\lambda}{2} \sum_{k,a} w_{ka}^2$, with $\lambda > 0$ and no penalty on the biases. Prove four things about it. The mean over the pictures of the predicted probability $\hat p_k$ is the share of class $k$ among the labels. The weights on each pixel add up to 0 over the classes. A pixel that is 0 in all pictures has the weight 0 in each class. If two pixels are equal in all pictures, so are their weights.",
            "answer": r"""At a minimum all derivatives are 0. With $g^{(i)}_k = \hat p^{(i)}_k - y^{(i)}_k$ they are

$$\frac{\partial}{\partial b_k} = \frac1N \sum_i g^{(i)}_k = 0, \qquad \frac{\partial}{\partial w_{ka}} = \frac1N \sum_i g^{(i)}_k x^{(i)}_a + \lambda w_{ka} = 0$$

*Shares.* The first says $\frac1N \sum_i \hat p^{(i)}_k = \frac1N \sum_i y^{(i)}_k$, and the right side is the share of class $k$.

*Sums.* Add the second over $k$. In each picture $\sum_k g^{(i)}_k = 1 - 1 = 0$, so $\lambda \sum_k w_{ka} = 0$, and $\lambda > 0$.

*Pixels that are always 0, and equal pixels.* Since $\lambda > 0$, the second can be solved for the weight: $w_{ka} = -\frac{1}{\lambda N} \sum_i g^{(i)}_k x^{(i)}_a$. The numbers $g^{(i)}_k$ do not depend on $a$. If $x^{(i)}_a = 0$ for all $i$, then $w_{ka} = 0$; if $x^{(i)}_a = x^{(i)}_{a'}$ for all $i$, then $w_{ka} = w_{ka'}$. ∎""",
            "marks": r"""- 1: both derivatives at the minimum, the penalty in the right one only.
- 1: the shares.
- 1: the weights on a pixel add up to 0, with the reason that probabilities and targets both sum to 1, and $\lambda > 0$.
- 1: solves for the weight, and reads off the two claims about pixels (half a point for each).

For the two claims about pixels, an argument by uniqueness (setting the weight to 0, or exchanging the two, changes no score and does not raise the penalty) earns the same.""",
        },
    ],
}

# %% [markdown]
# # Problem set: curvature and learning
#
# It goes with [chapter 8]({{book}}/08_learning.html). ★ asks you to recall, ★★ to apply, ★★★ to derive or build.
#
# {{rules}}

# %%
import matplotlib.pyplot as plt
import numpy as np

# %% [markdown]
# ## 1 · The curvature in a direction ★ ({{points["q1"]}} points)
#
# Move the scores from $z$ to $z + tv$. Write `curvature(logits, v)`, which returns the second derivative with respect to $t$, at $t = 0$, of {{loss}}. `logits` holds $z$ and `v` the direction; they have the same shape, with the classes along the last axis, and the result has one axis less. No label is given, because the curvature does not depend on it.
#
# *Section: [The curvature is a variance]({{book}}/08_learning.html#the-curvature-is-a-variance).*


# %% nbgrader={"grade_id": "q1-answer", "solution": true}
def curvature(logits, v):
    """The second derivative of the loss along v."""
    ### BEGIN SOLUTION
    p = np.exp((logits - logits.max(axis=-1, keepdims=True)) / {{T}})
    p = p / p.sum(axis=-1, keepdims=True)
    mean = (p * v).sum(axis=-1, keepdims=True)
    return {{factor}} * (p * (v - mean) ** 2).sum(axis=-1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "q1", "grade": true, "points": 2}
z = {{T}} * np.log([0.5, 0.25, 0.25])  # the model's probabilities are ½, ¼, ¼
found = curvature(z, np.ones(3))
assert found is not None, "curvature returned nothing; does it end in `return`?"
assert np.shape(found) == (), f"one row of scores has one curvature, got shape {np.shape(found)}"
assert np.isclose(found, 0), (
    f"along (1, 1, 1) all scores change by the same amount and the loss stays the same; got {found:.3f}. Did you subtract the mean?"
)
found = curvature(z, np.array([1.0, 0.0, 0.0]))
assert not np.isclose(found, {{factor}} * 2 / 9), (
    "that counts all classes equally; a class with a larger probability counts more"
)
assert not np.isclose(found, {{slip}} / 4), "{{slip_says}}"
assert np.isclose(found, {{factor}} / 4), (
    f"the score of a class with probability ½ has a curvature of {{round(factor / 4, 4)}}, got {found:.4f}"
)
assert np.shape(curvature(np.zeros((4, 3)), np.eye(4, 3))) == (4,), "four rows, four curvatures"

# %% tags=["grading"] question="q1"
name = "curvature"


def inputs(rng):
    shapes = [(3,), (5, 4), (3, 3), (2, 3, 10)]
    return [(2 * rng.normal(size=shape), rng.normal(size=shape)) for shape in shapes]


# %% tags=["mistake"] question="q1"
says = "Did you subtract the mean?"


def curvature(logits, v):
    p = np.exp(logits / {{T}})
    p = p / p.sum(axis=-1, keepdims=True)
    return {{factor}} * (p * v**2).sum(axis=-1)


# %% tags=["mistake"] question="q1"
says = "that counts all classes equally"


def curvature(logits, v):
    return {{factor}} * v.var(axis=-1)


# %% tags=["mistake"] question="q1"
says = "{{slip_says}}"
right = curvature


def curvature(logits, v):
    return right(logits, v) / {{factor}} * {{slip}}


# %% tags=["mistake"] question="q1"
says = "four rows, four curvatures"
hint = "The classes lie along the last axis, so that is the one to sum over."


def curvature(logits, v):
    p = np.exp((logits - logits.max()) / {{T}})
    p = p / p.sum(axis=0)
    return {{factor}} * (p * (v - (p * v).sum(axis=0)) ** 2).sum(axis=0)


# %% [markdown]
# ## 2 · Two Newton steps ★ ({{points["q2"]}} points)
#
# A softmax regression for {{K}} classes is trained on a few pictures, which are linearly independent. It starts at $W = 0$, has no penalty, and takes two full steps of Newton's method. What is its mean loss after them, in nats? Assign the number to `final_loss`, correct to three digits or better. No pictures are needed.
#
# *Sections: [What one Newton step does]({{book}}/08_learning.html#what-one-newton-step-does), [Softmax regression on ten digits]({{book}}/08_learning.html#softmax-regression-on-ten-digits).*

# %% nbgrader={"grade_id": "q2-answer", "solution": true}
### BEGIN SOLUTION
margin = {{K}}  # at equal scores each class has 1/{{K}}, and the step is 1/p
margin = margin + (1 + {{K - 1}} * np.exp(-margin))  # again 1/p, now slightly more than 1
final_loss = np.log1p({{K - 1}} * np.exp(-margin))
### END SOLUTION

# %% nbgrader={"grade_id": "q2", "grade": true, "points": 2}
assert final_loss > 0, f"a loss is positive, got {final_loss:.4g}"
assert final_loss < np.log({{K}}), (
    f"equal scores cost ln {{K}} = {np.log({{K}}):.3f}, and two steps should lower that; got {final_loss:.3f}"
)
assert final_loss < 0.1, (
    f"already after one step the loss is below your {final_loss:.3f}: how long is the first step, from a probability of 1/{{K}}?"
)

# %% tags=["grading"] question="q2"
name = "final_loss"
rtol = 5e-3

# %% tags=["mistake"] question="q2"
says = "how long is the first step"
final_loss = np.log1p({{K - 1}} * np.exp(-2))

# %% tags=["mistake"] question="q2"
says = "how long is the first step"
final_loss = np.log({{K}}) / np.e**2

# %% tags=["mistake"] question="q2"
says = "that is the loss after one step"
hidden = True
final_loss = np.log1p({{K - 1}} * np.exp(-{{K}}))

# %% tags=["mistake"] question="q2"
says = "the second step is shorter than the first, since the probability has risen"
hidden = True
final_loss = np.log1p({{K - 1}} * np.exp(-2 * {{K}}))

# %% tags=["mistake"] question="q2"
says = "the right class has more than one rival"
hidden = True
final_loss = np.log1p(np.exp(-margin))

# %% [markdown]
# ## 3 · Newton's step with a scale ★★ ({{points["q3"]}} points)
#
# A model predicts {{model}}, and its loss is the cross-entropy against a target, one-hot or soft, in nats. Write `newton_step(probs, target, scale)`, where `scale` is the {{argument}}: the change of the scores $z$ by one step of Newton's method. Of all solutions, return the one {{gauge}}. `probs`, `target` and the result have the same shape, with the classes along the last axis. No probability is 0.
#
# *Section: [What one Newton step does]({{book}}/08_learning.html#what-one-newton-step-does). Look at what {{letter}} does to the gradient and to the curvature.*


# %% nbgrader={"grade_id": "q3-answer", "solution": true}
def newton_step(probs, target, scale):
    """Newton's change of the scores; of all solutions the one {{gauge}}."""
    ### BEGIN SOLUTION
    step = {{times}} * target / probs
    return step - {{zero}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q3", "grade": true, "points": 3}
p, y = np.array([0.5, 0.25, 0.25]), np.array([1.0, 0.0, 0.0])
step = np.asarray(newton_step(p, y, 1.0))
assert step.shape == p.shape, f"three scores have three changes, got shape {step.shape}"
assert np.all(np.isfinite(step)), "no entry should be infinite; which of the two do you divide by?"
assert step[0] > step[1], "the score of the right class should rise above the others"
assert np.allclose(step[0] - step[1:], 2), (
    f"from a probability of ½ the margin over both others grows by 2, yours by {step[0] - step[1]:.3f} and {step[0] - step[2]:.3f}"
)
step = np.asarray(newton_step(p, np.array([0.75, 0.125, 0.125]), 1.0))
assert np.allclose({{zero}}, 0), (
    f"the differences are right, but the step {{gauge}} was asked for, got {step.round(3)}"
)
gain = np.ptp(newton_step(p, y, {{three}}))
assert not np.isclose(gain, 2), "your step does not depend on the {{argument}} {{letter}}"
assert gain > 2, (
    f"with {{letter}} = {{round(three, 3)}} the scores are divided by three, so they must move further, three times as far; yours move {gain / 2:.3g} times as far"
)
assert np.isclose(gain, 6), (
    f"with {{letter}} = {{round(three, 3)}} the scores are divided by three and must move three times as far, yours {gain / 2:.3g} times; the gradient and the curvature have different powers of {{letter}}"
)

# %% tags=["grading"] question="q3"
name = "newton_step"


def inputs(rng):
    drawn = []
    for shape, k in [((), 3), ((5,), 4), ((4,), 4), ((2, 3), 10)]:
        probs, soft = rng.dirichlet(np.full(k, 2.0), size=(2, *shape))
        drawn += [
            (probs, soft, rng.uniform(0.3, 4)),
            (probs, np.eye(k)[rng.integers(k, size=shape)], rng.uniform(0.3, 4)),
        ]
    return drawn


# %% tags=["mistake"] question="q3"
says = "your step does not depend on the {{argument}} {{letter}}"


def newton_step(probs, target, scale):
    step = target / probs
    return step - {{zero}}


# %% tags=["mistake"] question="q3"
says = "so they must move further"


def newton_step(probs, target, scale):
    step = {{against}} * target / probs
    return step - {{zero}}


# %% tags=["mistake"] question="q3"
says = "the gradient and the curvature have different powers of {{letter}}"


def newton_step(probs, target, scale):
    step = ({{times}}) ** 2 * target / probs
    return step - {{zero}}


# %% tags=["mistake"] question="q3"
says = "the differences are right, but the step"


def newton_step(probs, target, scale):
    return {{times}} * target / probs


# %% tags=["mistake"] question="q3"
says = "which of the two do you divide by?"


def newton_step(probs, target, scale):
    step = {{times}} * probs / target
    return step - {{zero}}


# %% tags=["mistake"] question="q3"
says = "the score of the right class should rise above the others"


def newton_step(probs, target, scale):
    step = -{{times}} * target / probs
    return step - {{zero}}


# %% [markdown]
# ## 4 · Count the flat directions ★★ ({{points["q4"]}} points)
#
# The rows of `X` are pictures with $D$ pixels each (a constant 1 may be among them, or may not). A matrix {{matrix}}. {{number}}
#
# Write `count(X, n_classes)`, which returns this number as an `int`. Some pixels may be 0 in all pictures, or be linear combinations of other pixels, and there may be fewer pictures than pixels.
#
# *Section: [Softmax regression on ten digits]({{book}}/08_learning.html#softmax-regression-on-ten-digits).*


# %% nbgrader={"grade_id": "q4-answer", "solution": true}
def count(X, n_classes):
    """The number of directions, as asked."""
    ### BEGIN SOLUTION
    D, rank = X.shape[1], np.linalg.matrix_rank(X)
    return int({{formula}})
    ### END SOLUTION


# %% nbgrader={"grade_id": "q4", "grade": true, "points": 3}
whole, short = np.eye(3), np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
found = count(whole, 5)
assert isinstance(found, int | np.integer), f"a count is a whole number, an int, got {found!r}"
assert found == {{full}}, (
    f"three pictures of three pixels, linearly independent, and five classes: {{full}} directions, got {found}"
)
found = count(short, 5)
assert found != {{full}}, (
    "a pixel that is never inked should show in the count, as the third one here"
)
assert found == {{short}}, (
    f"with a pixel that is never inked there are {{short}} directions, got {found}; {{count_says}}"
)
copied = short[:, [0, 1, 1]]
assert count(copied, 5) == {{short}}, (
    f"a pixel that copies another adds no more than one that is always 0: {{short}} directions, got {count(copied, 5)}"
)
assert count(whole[:2] + 1, 5) == {{short}}, (
    f"two pictures have rank 2 at most: {{short}} directions, got {count(whole[:2] + 1, 5)}"
)

# %% tags=["grading"] question="q4"
name = "count"


def inputs(rng):
    drawn = []
    for n, d, most, k in [(12, 5, 3, 3), (4, 9, 4, 10), (20, 6, 5, 2), (8, 8, 6, 4)]:
        rank = rng.integers(2, most + 1)
        X = rng.integers(-3, 4, size=(n, rank)) @ rng.integers(-3, 4, size=(rank, d))
        dead, copy, source = rng.permutation(d)[:3]
        X[:, dead], X[:, copy] = 0, X[:, source]
        drawn.append((X.astype(float), k))
    return drawn


# %% tags=["mistake"] question="q4"
says = "a pixel that is never inked should show in the count"


def count(X, n_classes):
    D, rank = X.shape[1], min(X.shape)
    return int({{formula}})


# %% tags=["mistake"] question="q4"
says = "a pixel that copies another adds no more than one that is always 0"


def count(X, n_classes):
    D, rank = X.shape[1], int(np.any(X != 0, axis=0).sum())
    return int({{formula}})


# %% tags=["mistake"] question="q4"
says = "two pictures have rank 2 at most"


def count(X, n_classes):
    D, rank = X.shape[1], len(np.unique(X[:, np.any(X != 0, axis=0)], axis=1).T)
    return int({{formula}})


# %% tags=["mistake"] question="q4"
says = "{{count_says}}"


def count(X, n_classes):
    D, rank = X.shape[1], np.linalg.matrix_rank(X)
    return int({{miscount if full != 12 else formula + " + D - rank"}})


# %% [markdown]
# ## 5 · Repair the descent ★★ ({{points["q5"]}} points)
#
# The function `objective` below is correct: the mean loss in nats, plus {{pulled}} without the biases. The last column of `X` is 1, and the last column of `W` holds the biases. `nudged` finds the slope of a function numerically, entry by entry.
#
# `descend_found` should take `steps` steps of gradient descent on this objective, from $W = 0$, but it converges to the wrong place. Find out why, and write `descend(X, labels, n_classes, penalty, rate, steps)`, which returns $W$ after these steps.
#
# *Section: [Separable data have no best weights]({{book}}/08_learning.html#separable-data-have-no-best-weights).*


# %%
def objective(W, X, labels, penalty):
    """The mean loss, and the penalty on all weights but the biases."""
    z = X @ W.T
    z = z - z.max(axis=1, keepdims=True)
    losses = np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(X)), labels]
    return losses.mean() + {{half}} * (W[:, :-1] ** 2).sum()


def nudged(function, W, h=1e-5):
    """The derivative of function(W) in each entry of W, by central differences."""
    slope = np.zeros(W.shape)
    for at in np.ndindex(*W.shape):
        step = np.zeros(W.shape)
        step[at] = h
        slope[at] = (function(W + step) - function(W - step)) / (2 * h)
    return slope


def descend_found(X, labels, n_classes, penalty, rate, steps):
    """Meant to be: W after some steps of gradient descent on the objective."""
    W, y = np.zeros((n_classes, X.shape[1])), np.eye(n_classes)[labels]
    for _ in range(steps):
        z = X @ W.T
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        slopes = {{slopes}}
        W -= rate * ({{data}} + {{pull.replace("penalty", full_pull)}})
    return W


rng = np.random.default_rng(0)
kinds = np.array([0] * 6 + [1] * 3 + [2])  # ten points in the plane, of three unequal classes
points = np.array([[0.0, 0.0], [1.5, 0.5], [0.5, 1.5]])[kinds] + 0.5 * rng.normal(size=(10, 2))
points = np.column_stack([points, np.ones(10)])
resting = descend_found(points, kinds, 3, 0.1, 0.1, 5000)
print("at the end, the objective still has these slopes:")
print(nudged(lambda W: objective(W, points, kinds, 0.1), resting).round(3))


# %% nbgrader={"grade_id": "q5-answer", "solution": true}
def descend(X, labels, n_classes, penalty, rate, steps):
    """W after some steps of gradient descent on the objective, from W = 0."""
    ### BEGIN SOLUTION
    W, y = np.zeros((n_classes, X.shape[1])), np.eye(n_classes)[labels]
    for _ in range(steps):
        z = X @ W.T
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        slopes = np.column_stack([W[:, :-1], np.zeros(n_classes)])
        W -= rate * ((p - y).T @ X / len(X) + {{full_pull}} * slopes)
    return W
    ### END SOLUTION


# %% nbgrader={"grade_id": "q5", "grade": true, "points": 3}
W = [np.asarray(descend(points, kinds, 3, 0.5, 0.2, steps)) for steps in (0, 1, 5, 6)]
assert W[0].shape == (3, 3), f"3 classes with 2 weights and a bias each, got shape {W[0].shape}"
assert np.all(W[0] == 0), "after no step at all the weights should still be 0"
assert not np.allclose(W[3], descend_found(points, kinds, 3, 0.5, 0.2, 6)), (
    "that is what descend_found returns, with its fault"
)
for start, end, which in [(0, 1, "first"), (2, 3, "sixth")]:
    slope = nudged(lambda V: objective(V, points, kinds, 0.5), W[start])
    rise = objective(W[end], points, kinds, 0.5) > objective(W[start], points, kinds, 0.5)
    assert not rise, f"your {which} step raises the objective; which way is down?"
    moved = (W[start] - W[end]) / 0.2
    for part, cut in {"weights": np.s_[:, :-1], "biases": np.s_[:, -1]}.items():
        off = np.linalg.norm(moved[cut] - slope[cut])
        assert off < 1e-6, (
            f"in the {which} step the {part} do not follow the slope: they moved as if its length were {np.linalg.norm(moved[cut]):.3f}, and it has {np.linalg.norm(slope[cut]):.3f}, off by {off:.3f}"
        )

# %% tags=["grading"] question="q5"
name = "descend"


def inputs(rng):
    drawn = []
    for n, d, k, steps in [(12, 2, 3, 7), (9, 3, 4, 15), (20, 5, 2, 30), (4, 4, 3, 3)]:
        X = np.column_stack([rng.normal(size=(n, d)), np.ones(n)])
        rate, penalty = rng.uniform(0.05, 0.3), rng.uniform(0.1, 1)
        drawn.append((X, rng.integers(k, size=n), k, penalty, rate, steps))
    return drawn


# %% tags=["mistake"] question="q5"
says = "that is what descend_found returns, with its fault"
descend = descend_found

# %% tags=["mistake"] question="q5"
says = "your first step raises the objective"
forwards = descend


def descend(X, labels, n_classes, penalty, rate, steps):
    return forwards(X, labels, n_classes, penalty, -rate, steps)


# %% tags=["mistake"] question="q5"
says = "after no step at all"
counted = descend


def descend(X, labels, n_classes, penalty, rate, steps):
    return counted(X, labels, n_classes, penalty, rate, steps + 1)


# %% [markdown]
# ## 6 · The minimum itself ★★★ ({{points["q6"]}} points)
#
# Write `minimum(X, labels, n_classes, strength)`. `X` has shape $(N, D)$ and *no* column of ones; each class has a row of $D$ weights and a bias. Find the weights and biases that minimise {{form}}; losses are in nats, the biases are not penalised. Every class occurs among the labels. Return the tuple `{{result}}`, with weights of shape $(K, D)$ and biases of shape $(K,)$ that sum to 0, correct to six digits or better. How you find them is your choice; Newton's method with damped steps needs few of them.
#
# *Section: [Separable data have no best weights]({{book}}/08_learning.html#separable-data-have-no-best-weights).*


# %% nbgrader={"grade_id": "q6-answer", "solution": true}
def minimum(X, labels, n_classes, strength):
    """Weights and biases at the minimum, as {{result}}."""
    ### BEGIN SOLUTION
    penalty = {{mean_form}}  # that of the mean loss
    X = np.column_stack([X, np.ones(len(X))])
    (N, D), K = X.shape, n_classes
    W, y = np.zeros((K, D)), np.eye(K)[labels]
    decay = np.tile(np.append(np.full(D - 1, penalty), 0.0), K)  # no penalty on the biases
    common = np.tile(np.append(np.zeros(D - 1), 1.0), K)  # all biases together: flat
    for _ in range(50):
        z = X @ W.T
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        g = ((p - y).T @ X / N).ravel() + decay * W.ravel()
        cov = p[:, :, None] * (np.eye(K) - p[:, None, :])
        H = np.einsum("njk,nd,ne->jdke", cov, X, X).reshape(K * D, K * D) / N
        step = np.linalg.solve(H + np.diag(decay) + np.outer(common, common), g)
        W -= step.reshape(K, D)
        if np.abs(step).max() < 1e-12:
            break
    weights, biases = W[:, :-1], W[:, -1] - W[:, -1].mean()
    return {{result}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q6", "grade": true, "points": 4}
X = points[:, :-1]
### BEGIN VALUES


def in_mean_form(strength):
    return {{mean_form}}


penalty = in_mean_form(0.3)
### END VALUES
found = minimum(X, kinds, 3, 0.3)
assert isinstance(found, tuple | list), f"a tuple {{result}} was asked for, got {found!r}"
assert [np.shape(part) for part in found] == {{shapes}}, (
    f"{{result}} should have the shapes {{shapes}}, got {[np.shape(part) for part in found]}"
)
W = np.column_stack([found[{{at}}], found[{{1 - at}}]])
slope = nudged(lambda V: objective(V, points, kinds, 0.0), W)  # of the mean loss alone
assert np.abs(slope[:, -1]).max() < 1e-5, (
    f"moving a bias still changes the mean loss, by {np.abs(slope[:, -1]).max():.2g} per unit: not at the minimum, or are the biases penalised?"
)
held = -(slope * W)[:, :-1].sum() / (W[:, :-1] ** 2).sum()  # the penalty at which W would rest
for factor, why in {
    2: "the penalty has a factor of ½",
    0.5: "the factor of ½ goes when you differentiate",
    len(X): "sum or mean?",
    1 / len(X): "sum or mean?",
}.items():
    assert not np.isclose(held, factor * penalty, rtol=1e-3), (
        f"that is the minimum for a penalty {factor:g} times as strong; {why}"
    )
slope[:, :-1] += penalty * W[:, :-1]
assert np.abs(slope).max() < 1e-5, (
    f"not yet at the minimum: in some weight the objective, in its mean form, still has a slope of {np.abs(slope).max():.2g}"
)
assert abs(W[:, -1].sum()) < 1e-6, (
    f"this is the minimum, and the biases should sum to 0; yours sum to {W[:, -1].sum():.3f}"
)

# %% tags=["grading"] question="q6"
name = "minimum"
rtol, atol = 1e-5, 1e-6


def inputs(rng):
    drawn = []
    for n, d, k in [(12, 2, 3), (30, 3, 4), (20, 5, 2), (9, 1, 3)]:
        labels = rng.permutation(np.arange(n) % k)
        X = rng.normal(size=(k, d))[labels] + rng.normal(size=(n, d))
        drawn.append((X, labels, k, rng.uniform(0.1, 1)))
    return drawn


# %% tags=["mistake"] question="q6"
says = "are the biases penalised?"


def minimum(X, labels, n_classes, strength):
    penalty = {{mean_form}}
    X = np.column_stack([X, np.ones(len(X))])
    W, y = np.zeros((n_classes, X.shape[1])), np.eye(n_classes)[labels]
    for _ in range(2000):
        p = np.exp(X @ W.T)
        p /= p.sum(axis=1, keepdims=True)
        W -= 0.2 * ((p - y).T @ X / len(X) + penalty * W)
    weights, biases = W[:, :-1], W[:, -1]
    return {{result}}


# %% tags=["mistake"] question="q6"
says = "sum or mean?"
settled = minimum


def minimum(X, labels, n_classes, strength):
    mean_form, other = {{mean_form}}, {{mixed_up}}
    return settled(
        X,
        labels,
        n_classes,
        strength * {{"mean_form / other" if "1 /" in mean_form else "other / mean_form"}},
    )


# %% tags=["mistake"] question="q6"
says = "the penalty has a factor of ½"
settled = minimum


def minimum(X, labels, n_classes, strength):
    return settled(X, labels, n_classes, strength * {{0.5 if "1 /" in mean_form else 2}})


# %% tags=["mistake"] question="q6"
says = "the biases should sum to 0"
settled = minimum


def minimum(X, labels, n_classes, strength):
    found = list(settled(X, labels, n_classes, strength))
    found[{{1 - at}}] = found[{{1 - at}}] - found[{{1 - at}}][0]
    return tuple(found)


# %% tags=["mistake"] question="q6"
says = "not yet at the minimum: in some weight"
hint = "Every class has weights of its own; with a penalty it matters that none is held at 0."


def minimum(X, labels, n_classes, strength):
    penalty = {{mean_form}}
    X = np.column_stack([X, np.ones(len(X))])
    W, y = np.zeros((n_classes, X.shape[1])), np.eye(n_classes)[labels]
    for _ in range(6000):
        p = np.exp(X @ W.T)
        p /= p.sum(axis=1, keepdims=True)
        g = (p - y).T @ X / len(X)
        g[:, :-1] += penalty * W[:, :-1]
        g[0, :-1] = 0
        W -= 0.3 * g
    weights, biases = W[:, :-1], W[:, -1]
    return {{result}}


# %% [markdown]
# ## 7 · Weights of a given size ★★★ ({{points["q7"]}} points)
#
# Sixty pictures of the letters L, T and O have 5 × 5 pixels, each flipped with probability ⅛. For which `strength`, as in question 6, is the sum of the squared weights at the minimum, without the biases, equal to {{size}}² = {{round(size**2, 2)}}? Assign the number to `strength`, correct to three digits or better.
#
# *Section: [Separable data have no best weights]({{book}}/08_learning.html#separable-data-have-no-best-weights).*

# %%
drawings = ["#....#....#....#....#####", "#####..#....#....#....#..", ".###.#...##...##...#.###."]
rng = np.random.default_rng({{seed}})
letters = np.arange(60) % 3
pictures = np.array([[float(pixel == "#") for pixel in drawing] for drawing in drawings])[letters]
pictures = np.where(rng.random(pictures.shape) < 1 / 8, 1 - pictures, pictures)
print("\n".join("".join(" #"[int(v)] for v in row) for row in pictures[2].reshape(5, 5)))

# %% nbgrader={"grade_id": "q7-answer", "solution": true}
### BEGIN SOLUTION
low, high = 1e-5, 10.0  # of the mean form; the weights shrink as it grows, so bisect
for _ in range(60):
    small = np.sqrt(low * high)
    strength = {{back}}
    weights = minimum(pictures, letters, 3, strength)[{{at}}]
    low, high = (small, high) if (weights**2).sum() > {{size}} ** 2 else (low, small)
### END SOLUTION

# %% nbgrader={"grade_id": "q7", "grade": true, "points": 3}
assert strength > 0, f"a strength is positive, got {strength:.4g}"
parts = minimum(pictures, letters, 3, strength)
square, other = ((np.asarray(parts[i]) ** 2).sum() for i in ({{at}}, {{1 - at}}))
assert not np.isclose(square, {{size}}, rtol=0.02), (
    "the sum of the squares should be {{size}} squared"
)
assert not np.isclose(square + other, {{size}} ** 2, rtol=1e-3), "leave the biases out of the sum"
assert abs(np.sqrt(square) - {{size}}) < 0.1, (
    f"the squares do not have the right sum: by your own `minimum` it is {square:.3f} at that strength, and {{round(size**2, 2)}} was asked for"
)

# %% tags=["grading"] question="q7"
name = "strength"
rtol = 5e-3

# %% tags=["mistake"] question="q7"
says = "the sum of the squares should be {{size}} squared"
low, high = 1e-5, 10.0
for _ in range(60):
    small = np.sqrt(low * high)
    strength = {{back}}
    weights = minimum(pictures, letters, 3, strength)[{{at}}]
    low, high = (small, high) if (weights**2).sum() > {{size}} else (low, small)

# %% tags=["mistake"] question="q7"
says = "the squares do not have the right sum"
small = 1e-5
strength = {{back}}

# %% tags=["mistake"] question="q7"
says = "leave the biases out of the sum"
low, high = 1e-5, 10.0
for _ in range(60):
    small = np.sqrt(low * high)
    strength = {{back}}
    square = sum((part**2).sum() for part in minimum(pictures, letters, 3, strength))
    low, high = (small, high) if square > {{size}} ** 2 else (low, small)

# %% [markdown]
# The weights of your model as pictures, blue where ink raises the letter's score and red where ink lowers it.

# %%
figure, axes = plt.subplots(1, 3, figsize=(6, 2.2), layout="constrained")
weights = np.asarray(minimum(pictures, letters, 3, strength)[{{at}}])
for ax, name, row in zip(axes, "LTO", weights, strict=True):
    ax.imshow(row.reshape(5, 5), cmap="RdBu", vmin=-abs(weights).max(), vmax=abs(weights).max())
    ax.set(title=name, xticks=[], yticks=[])

# %% [markdown]
# ## 8 · {{title}} ★★★ ({{points["q8"]}} points)
#
# {{ask}}
#
# *Section: [Separable data have no best weights]({{book}}/08_learning.html#separable-data-have-no-best-weights).*

# %% [markdown] nbgrader={"grade_id": "q8", "grade": true, "solution": true, "points": 4}
# ### BEGIN SOLUTION
# {{answer}}
# ### END SOLUTION

# %% [markdown] tags=["rubric"] question="q8"
# **Rubric, 4 points**
#
# {{marks}}
