# %% tags=["variants"]
variants = {
    "unit": [
        {"unit": "nats", "base": "the natural logarithm", "per_bit": np.log(2), "log": "np.log"},
        {"unit": "bits", "base": "the logarithm to base 2", "per_bit": 1.0, "log": "np.log2"},
        {
            "unit": "hartleys",
            "base": "the logarithm to base 10",
            "per_bit": np.log10(2),
            "log": "np.log10",
        },
    ],
    "reduction": [
        {
            "reduction": "the mean over the rows",
            "reduced": "losses.mean()",
            "other": "losses.sum()",
            "of_two": "2.0",
        },
        {
            "reduction": "the sum over the rows",
            "reduced": "losses.sum()",
            "other": "losses.mean()",
            "of_two": "4.0",
        },
        {
            "reduction": "an array with one loss for each row",
            "reduced": "losses",
            "other": "losses.mean()",
            "of_two": "np.array([1.0, 3.0])",
        },
    ],
    "order": [
        {
            "order": "the target first and the prediction second",
            "taken": "first, second",
            "given": "target, probs",
        },
        {
            "order": "the prediction first and the target second",
            "taken": "second, first",
            "given": "probs, target",
        },
    ],
    "soft": [
        {"soft_unit": "nats", "soft_log": "np.log"},
        {"soft_unit": "bits", "soft_log": "np.log2"},
        {"soft_unit": "hartleys", "soft_log": "np.log10"},
    ],
    "parts": [
        {"part_unit": "nats", "part_log": "np.log"},
        {"part_unit": "bits", "part_log": "np.log2"},
        {"part_unit": "hartleys", "part_log": "np.log10"},
    ],
    "pair": [
        {"pair": "(floor, own)", "swapped": "(own, floor)", "at": 0},
        {"pair": "(own, floor)", "swapped": "(floor, own)", "at": 1},
    ],
    "bits": [2.6, 2.2, 2.4, 2.8, 2.9, 3.1, 2.5, 2.7, 3.2, 2.3, 3.0, 3.3],
    "repair": [
        {"loss_unit": "nats", "loss_log": "np.log"},
        {"loss_unit": "bits", "loss_log": "np.log2"},
        {"loss_unit": "hartleys", "loss_log": "np.log10"},
    ],
    "faulty": [
        "-np.log(probs[:, labels]).mean()",
        "-np.log(probs[np.arange(len(labels)), labels].mean())",
        "-(np.eye(probs.shape[1])[labels] * np.log(probs)).mean()",
        "-(probs * np.log(np.clip(np.eye(probs.shape[1])[labels], 1e-7, 1))).sum(axis=1).mean()",
    ],
    "votes": [
        [[10, 0, 0], [7, 2, 1], [1, 9, 0], [3, 3, 4]],
        [[9, 1, 0], [0, 10, 0], [4, 4, 2], [2, 2, 6]],
        [[0, 0, 10], [5, 5, 0], [8, 1, 1], [2, 7, 1]],
        [[6, 3, 1], [0, 2, 8], [0, 10, 0], [5, 4, 1]],
    ],
    "floor": [
        {"floor_unit": "nats", "floor_log": "np.log"},
        {"floor_unit": "bits", "floor_log": "np.log2"},
        {"floor_unit": "hartleys", "floor_log": "np.log10"},
    ],
    "brier": [
        {"brier": "the sum of the squares", "scale": 1.0},
        {"brier": "half the sum of the squares", "scale": 0.5},
        {"brier": "twice the sum of the squares", "scale": 2.0},
        {"brier": "a quarter of the sum of the squares", "scale": 0.25},
        {"brier": "four times the sum of the squares", "scale": 4.0},
    ],
    "swap": [
        {"belief": 0.62, "eps": 1e-6},
        {"belief": 0.65, "eps": 1e-8},
        {"belief": 0.7, "eps": 1e-9},
        {"belief": 0.6, "eps": 1e-5},
        {"belief": 0.64, "eps": 2e-7},
        {"belief": 0.58, "eps": 5e-6},
        {"belief": 0.67, "eps": 3e-8},
        {"belief": 0.66, "eps": 4e-9},
    ],
    "mixture": [
        {
            "mixture": r"$\bar p = \gamma \hat p + (1 - \gamma) \hat q$, with one weight $0 < \gamma < 1$ for all photographs",
            "mean": r"$\gamma L(\hat p) + (1 - \gamma) L(\hat q)$, the mean of the two losses under the same weights",
            "models": "Two models answer",
            "answers": r"$\hat p$ and $\hat q$",
            "sum": r"\gamma \ln\frac{p}{\bar p} + (1 - \gamma) \ln\frac{q}{\bar p}",
            "tangent": r"\gamma \Bigl(\frac{p}{\bar p} - 1\Bigr) + (1 - \gamma) \Bigl(\frac{q}{\bar p} - 1\Bigr) = \frac{\bar p}{\bar p} - 1 = 0",
            "so": r"$-\ln \bar p \le -\gamma \ln p - (1 - \gamma) \ln q$",
            "equal": "$p = \\bar p$ and $q = \\bar p$, that is, $p = q$",
            "mass": "$p$, $q$ and $\\bar p$",
        },
        {
            "mixture": r"$\bar p = \frac1Q \sum_j \hat p^{(j)}$",
            "mean": r"$\frac1Q \sum_j L(\hat p^{(j)})$, the mean of their losses",
            "models": "$Q$ models answer",
            "answers": r"$\hat p^{(1)}, \dots, \hat p^{(Q)}$",
            "sum": r"\frac1Q \sum_j \ln\frac{p_j}{\bar p}",
            "tangent": r"\frac1Q \sum_j \Bigl(\frac{p_j}{\bar p} - 1\Bigr) = \frac{\bar p}{\bar p} - 1 = 0",
            "so": r"$-\ln \bar p \le -\frac1Q \sum_j \ln p_j$",
            "equal": "$p_j = \\bar p$ for every $j$, that is, all $p_j$ are equal",
            "mass": "$p_1, \\dots, p_Q$ and $\\bar p$",
        },
    ],
}

# %% [markdown]
# # Problem set: cross-entropy
#
# It goes with [chapter 2]({{book}}/02_cross_entropy.html). The questions become harder: ★ recalls,
# ★★ applies, ★★★ derives or builds.
#
# {{rules}}

# %%
import numpy as np

# %% [markdown]
# ## 1 · The loss of a label ★ ({{points["q1"]}} points)
#
# Write `cross_entropy(probs, labels)`. `probs` has shape $(N, K)$, a predicted distribution in
# each row; `labels` holds for each row the index of the true class. The loss of a row is
# the surprisal of its label, in {{unit}}, that is, with {{base}}. Return {{reduction}}.
#
# *Section: [The formula and its two
# arguments]({{book}}/02_cross_entropy.html#the-formula-and-its-two-arguments).*


# %% nbgrader={"grade_id": "q1-answer", "solution": true}
def cross_entropy(probs, labels):
    """The loss of each row in {{unit}}; returns {{reduction}}."""
    ### BEGIN SOLUTION
    losses = -{{log}}(probs[np.arange(len(labels)), labels])
    return {{reduced}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q1", "grade": true, "points": 2}
rows = np.array([[0.5, 0.25, 0.25], [0.125, 0.125, 0.75]])
found, want = cross_entropy(rows, np.array([0, 1])), {{per_bit}} * {{of_two}}
assert found is not None, "cross_entropy returned nothing; does it end in `return`?"
assert np.shape(found) == np.shape(want), (
    f"{{reduction}} was asked for, of shape {np.shape(want)}; got {np.shape(found)}"
)
ratio = np.sum(found) / np.sum(want)
assert ratio > 0, "the logarithm of a probability is negative, a surprisal is not"
for unit, per_bit in {"nats": np.log(2), "bits": 1, "hartleys": np.log10(2)}.items():
    right = unit == "{{unit}}" or not np.isclose(ratio, per_bit / {{per_bit}})
    assert right, f"that is in {unit}; {{unit}} were asked for"
for slip, factor in {"sum": 2, "mean": 0.5}.items():
    assert not np.isclose(ratio, factor), f"that looks like the {slip}; {{reduction}} was asked for"
assert np.allclose(found, want), (
    f"the labels had probabilities 1/2 and 1/8, so the losses are 1 bit and 3 bits, together {np.sum(want):.3f} {{unit}} here; yours is {np.sum(found):.3f}. Do you read the entry of the label in each row?"
)

# %% tags=["grading"] question="q1"
name = "cross_entropy"


def inputs(rng):
    sizes = [(6, 3), (4, 4), (1, 10), (30, 27)]
    return [(rng.dirichlet(np.ones(k), size=n), rng.integers(k, size=n)) for n, k in sizes]


# %% tags=["mistake"] question="q1"
says = "the logarithm of a probability is negative, a surprisal is not"


def cross_entropy(probs, labels):
    losses = {{log}}(probs[np.arange(len(labels)), labels])
    return {{reduced}}


# %% tags=["mistake"] question="q1"
says = "{{unit}} were asked for"


def cross_entropy(probs, labels):
    losses = -{{"np.log2" if log != "np.log2" else "np.log"}}(probs[np.arange(len(labels)), labels])
    return {{reduced}}


# %% tags=["mistake"] question="q1"
says = "{{reduction}} was asked for"


def cross_entropy(probs, labels):
    losses = -{{log}}(probs[np.arange(len(labels)), labels])
    return {{other}}


# %% tags=["mistake"] question="q1"
says = "Do you read the entry of the label in each row?"


def cross_entropy(probs, labels):
    losses = -{{log}}(probs.max(axis=1))
    return {{reduced}}


# %% [markdown]
# ## 2 · The loss of a soft target ★ ({{points["q2"]}} points)
#
# Write `soft_cross_entropy(first, second)`, in {{soft_unit}}, with {{order}}. Both are arrays of the same
# shape with the classes along the last axis, and each row is a distribution; the result
# has one loss for each row, so one axis less. A class whose target is 0 adds nothing, even if its
# probability is 0. A class whose target is above 0 and whose probability is 0 makes the loss
# infinite.
#
# *Section: [The formula and its two
# arguments]({{book}}/02_cross_entropy.html#the-formula-and-its-two-arguments).*


# %% nbgrader={"grade_id": "q2-answer", "solution": true}
def soft_cross_entropy(first, second):
    """The loss of each row in {{soft_unit}}: {{order}}."""
    ### BEGIN SOLUTION
    target, probs = {{taken}}
    counts = target > 0
    logs = {{soft_log}}(probs, where=counts, out=np.zeros(np.shape(probs)))
    return -(target * logs).sum(axis=-1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "q2", "grade": true, "points": 2}
def soft(*rows):
    target, probs = map(np.array, rows)
    with np.errstate(all="ignore"):
        return soft_cross_entropy({{given}})


found = soft([0.5, 0.5, 0.0], [0.5, 0.25, 0.25])
assert found is not None, "soft_cross_entropy returned nothing; does it end in `return`?"
assert np.shape(found) == (), f"one row has one loss, got shape {np.shape(found)}"
assert not np.isinf(found), "a class whose target is 0 should add nothing; do you take {{order}}?"
assert np.isclose(found, 1.5 * {{soft_log}}(2)), (
    f"1 bit or 2 bits, equally likely, is 1.5 bits, {1.5 * {{soft_log}}(2):.4f} {{soft_unit}}; got {found:.4f}"
)
found = soft([1.0, 0.0, 0.0], [0.9, 0.1, 0.0])
assert not np.isnan(found), (
    "0 times log 0 is nan; leave the classes whose target is 0 out of the sum"
)
found = soft([0.5, 0.5, 0.0], [1.0, 0.0, 0.0])
assert found == np.inf, (
    f"a class with target 1/2 has probability 0, so the loss is infinite, and yours is {found:.4g}; did you add an eps? `nan_to_num` also makes infinity a number"
)
assert np.shape(soft(np.full((2, 4, 3), 1 / 3), np.full((2, 4, 3), 1 / 3))) == (2, 4), (
    "two times four rows have two times four losses"
)

# %% tags=["grading"] question="q2"
name = "soft_cross_entropy"


def inputs(rng):
    drawn = []
    for size, k in [((), 3), ((), 4), ((5,), 3), ((4,), 4), ((2, 3), 10)]:
        for infinite in (0, 1):  # examples, of those that are drawn together
            target, probs = rng.dirichlet(np.full(k, 2.0), size=(2, *size))
            zero, less, lost = rng.permutation(k)[:3]
            target[..., zero] = probs[..., zero] = 0
            target[..., less] *= rng.random(size) < 0.6
            probs[..., lost] *= rng.permutation(int(np.prod(size))).reshape(size) >= infinite
            target, probs = (part / part.sum(axis=-1, keepdims=True) for part in (target, probs))
            both = {{given}}
            drawn.append(both)
    return drawn


# %% tags=["mistake"] question="q2"
says = "do you take {{order}}?"


def soft_cross_entropy(first, second):
    probs, target = {{taken}}
    return np.where(target > 0, -target * {{soft_log}}(probs), 0).sum(axis=-1)


# %% tags=["mistake"] question="q2"
says = "0 times log 0 is nan; leave the classes whose target is 0 out of the sum"


def soft_cross_entropy(first, second):
    target, probs = {{taken}}
    return -(target * {{soft_log}}(probs)).sum(axis=-1)


# %% tags=["mistake"] question="q2"
says = "did you add an eps?"


def soft_cross_entropy(first, second):
    target, probs = {{taken}}
    return -(target * {{soft_log}}(probs + 1e-15)).sum(axis=-1)


# %% tags=["mistake"] question="q2"
says = "two times four rows have two times four losses"
hint = "The sum runs over the classes only, the last axis."


def soft_cross_entropy(first, second):
    target, probs = {{taken}}
    return np.where(target > 0, -target * {{soft_log}}(probs), 0).sum()


# %% [markdown]
# ## 3 · Perplexity ★ ({{points["q3"]}} points)
#
# A model of 27 letters has a mean loss of {{bits}} *bits* for each letter. What is its perplexity,
# the number of equally likely letters that would cost as much? Assign the number,
# correct to three digits or better, to `choices`.
#
# *Section: [Reading a loss]({{book}}/02_cross_entropy.html#reading-a-loss).*

# %% nbgrader={"grade_id": "q3-answer", "solution": true}
### BEGIN SOLUTION
choices = 2 ** {{bits}}
### END SOLUTION

# %% nbgrader={"grade_id": "q3", "grade": true, "points": 2}
assert choices >= 1, f"a perplexity is at least 1, got {choices:.3f}"
assert choices <= 27, f"there are 27 letters and no more, got {choices:.1f}"
### BEGIN VALUES
in_nats = np.exp({{bits}})
### END VALUES
assert not np.isclose(choices, in_nats, rtol=1e-3), (
    "that would be right for a loss in nats; this one is in bits"
)

# %% tags=["grading"] question="q3"
name = "choices"
rtol = 5e-3

# %% tags=["mistake"] question="q3"
says = "that would be right for a loss in nats; this one is in bits"
choices = np.exp({{bits}})

# %% tags=["mistake"] question="q3"
says = "a perplexity is at least 1"
choices = {{bits}} / np.log2(27)

# %% tags=["mistake"] question="q3"
says = "that divides the 27 letters by the number of choices"
hidden = True
choices = 27 / 2 ** {{bits}}

# %% [markdown]
# ## 4 · Repair the loss ★★ ({{points["q4"]}} points)
#
# `mean_loss_found` is meant to return the mean loss in {{loss_unit}}. It takes the arguments of question 1
# with their shapes, raises nothing, and returns one number that looks like a loss. Find what is
# wrong and write `mean_loss(probs, labels)`, which returns the mean over the rows of the surprisal
# at the label. No probability is 0.
#
# *Sections: [The formula and its two
# arguments]({{book}}/02_cross_entropy.html#the-formula-and-its-two-arguments), [Reading a
# loss]({{book}}/02_cross_entropy.html#reading-a-loss), [What goes
# wrong]({{book}}/02_cross_entropy.html#what-goes-wrong).*


# %%
def mean_loss_found(probs, labels):
    """The mean loss of the rows in {{loss_unit}} (so it says)."""
    return {{faulty.replace("np.log", loss_log)}}


rows = np.array([[0.5, 0.25, 0.25], [0.25, 0.25, 0.5], [0.125, 0.75, 0.125]])
print("wanted ", {{loss_log}}(4), " found ", mean_loss_found(rows, np.array([0, 1, 2])))


# %% nbgrader={"grade_id": "q4-answer", "solution": true}
def mean_loss(probs, labels):
    """The mean loss of the rows in {{loss_unit}}."""
    ### BEGIN SOLUTION
    return -{{loss_log}}(probs[np.arange(len(labels)), labels]).mean()
    ### END SOLUTION


# %% nbgrader={"grade_id": "q4", "grade": true, "points": 3}
rows = np.array([[0.5, 0.25, 0.25], [0.25, 0.25, 0.5], [0.125, 0.75, 0.125]])
found, labels = mean_loss(rows, np.array([0, 1, 2])), np.array([0, 1, 2])
assert found is not None, "mean_loss returned nothing; does it end in `return`?"
assert np.shape(found) == (), f"a mean is one number, got shape {np.shape(found)}"
alone = [float(mean_loss(rows[i : i + 1], labels[i : i + 1])) for i in range(3)]
assert np.isclose(found, {{loss_log}}(4)), (
    f"the rows cost 1, 2 and 3 bits, on average 2 bits or { {{loss_log}}(4):.3f} {{loss_unit}}; your mean is {found:.3f}, and one row at a time your function says {np.round(alone, 3)}"
)

# %% tags=["grading"] question="q4"
name = "mean_loss"


def inputs(rng):
    sizes = [(6, 3), (4, 4), (1, 10), (20, 27)]
    return [(rng.dirichlet(np.full(k, 2.0), size=n), rng.integers(k, size=n)) for n, k in sizes]


# %% tags=["mistake"] question="q4"
says = "and one row at a time your function says"
hint = "That is what the function as found gives."
mean_loss = mean_loss_found

# %% tags=["mistake"] question="q4"
says = "a mean is one number"


def mean_loss(probs, labels):
    return -{{loss_log}}(probs[np.arange(len(labels)), labels])


# %% [markdown]
# ## 5 · The floor of a loss ★★ ({{points["q5"]}} points)
#
# Ten people were shown each of four photographs; `votes` counts for each photograph (a row) how
# many of them said cat, dog and bird. The shares of the votes are the soft targets. How low can
# the mean loss over the four photographs be, for the best model that looks at them? Assign it to
# `floor`, in {{floor_unit}}, correct to four digits or better.
#
# *Section: [Soft targets and the floor of a
# loss]({{book}}/02_cross_entropy.html#soft-targets-and-the-floor-of-a-loss).*

# %%
votes = np.array({{votes}})

# %% nbgrader={"grade_id": "q5-answer", "solution": true}
### BEGIN SOLUTION
shares = votes / 10
surprise = {{floor_log}}(shares, where=votes > 0, out=np.zeros(votes.shape))
floor = -(shares * surprise).sum(axis=1).mean()
### END SOLUTION

# %% nbgrader={"grade_id": "q5", "grade": true, "points": 3}
assert not np.isnan(floor), "0 times log 0 is nan; some photographs got no vote for some animal"
assert floor > 0, "the voters disagree, so every model is surprised by some of the votes"
assert not np.isclose(floor, {{floor_log}}(3), rtol=1e-3), (
    "the logarithm of 3 is the loss of a model that knows nothing; the best model pays less"
)
### BEGIN VALUES
total = votes.sum(axis=0) / votes.sum()
together = -(total * {{floor_log}}(total)).sum()
### END VALUES
assert not np.isclose(floor, together, rtol=1e-3), (
    "that is the entropy of all the votes together: the least for a model that gives every photograph the same answer"
)

# %% tags=["grading"] question="q5"
name = "floor"
rtol = 5e-4

# %% tags=["mistake"] question="q5"
says = "the least for a model that gives every photograph the same answer"
hint = "That is the least for a model that gives every photograph the same answer."
shares = votes.sum(axis=0) / votes.sum()
floor = -(shares * {{floor_log}}(shares)).sum()

# %% tags=["mistake"] question="q5"
says = "0 times log 0 is nan"
floor = -(votes / 10 * {{floor_log}}(votes / 10)).sum(axis=1).mean()

# %% tags=["mistake"] question="q5"
says = "so every model is surprised by some of the votes"
hint = "The voters disagree, so every model is surprised by some of the votes."
floor = 0.0

# %% tags=["mistake"] question="q5"
says = "the logarithm of 3 is the loss of a model that knows nothing"
floor = {{floor_log}}(3)

# %% [markdown]
# ## 6 · Split a loss ★★ ({{points["q6"]}} points)
#
# Write `split(target, probs)`. The arguments are arrays of shape $(N, K)$. The mean loss over the
# rows, in {{part_unit}}, has two parts: the *floor* that no model can lower, and the divergence, which is
# the model's *own* part. Return the two numbers as the tuple `{{pair}}`. Targets may hold zeros, probabilities do not.
#
# *Section: [Soft targets and the floor of a
# loss]({{book}}/02_cross_entropy.html#soft-targets-and-the-floor-of-a-loss).*


# %% nbgrader={"grade_id": "q6-answer", "solution": true}
def split(target, probs):
    """The two parts of the mean loss in {{part_unit}}, {{pair}}."""
    ### BEGIN SOLUTION
    logs = {{part_log}}(target, where=target > 0, out=np.zeros(target.shape))
    floor = -(target * logs).sum(axis=1).mean()
    own = -(target * {{part_log}}(probs)).sum(axis=1).mean() - floor
    return {{pair}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q6", "grade": true, "points": 3}
target = np.array([[0.5, 0.5, 0.0], [0.5, 0.25, 0.25]])
rows = np.array([[0.25, 0.5, 0.25], [0.125, 0.125, 0.75]])
### BEGIN VALUES
loss = -(target * {{part_log}}(rows)).sum(axis=1).mean()
### END VALUES
with np.errstate(all="ignore"):
    found = split(target, rows)
assert isinstance(found, tuple), f"a tuple of two numbers was asked for, got {found!r}"
assert len(found) == 2, f"a tuple of two numbers was asked for, got {found!r}"
assert np.shape(found[0]) == np.shape(found[1]) == (), (
    "each part is one number, the mean over the rows"
)
lowest, rest = found[{{at}}], found[{{1 - at}}]
assert not np.isnan(lowest), (
    "0 times log 0 is nan; leave the classes whose target is 0 out of the floor"
)
assert not np.isclose(rest, 1.25 * {{part_log}}(2)), (
    "the floor is the entropy of the targets: 1 bit and 1.5 bits here; do the two parts come in the order {{pair}}?"
)
assert np.isclose(lowest, 1.25 * {{part_log}}(2)), (
    f"the floor is the entropy of the targets: 1 bit and 1.5 bits here, on average {1.25 * {{part_log}}(2):.4f} {{part_unit}}; got {lowest:.4f}"
)
assert np.isclose(lowest + rest, loss), (
    f"the parts should add up to the mean loss, {loss:.4f}, and add up to {lowest + rest:.4f}; which way round is your divergence?"
)

# %% tags=["grading"] question="q6"
name = "split"


def inputs(rng):
    drawn = []
    for n, k in [(5, 3), (4, 4), (1, 10), (12, 27)]:
        target = rng.multinomial(10, rng.dirichlet(np.ones(k)), size=n) / 10
        drawn.append((target, rng.dirichlet(np.full(k, 2.0), size=n)))
    return drawn


# %% tags=["mistake"] question="q6"
says = "do the two parts come in the order {{pair}}?"


def split(target, probs):
    logs = {{part_log}}(target, where=target > 0, out=np.zeros(target.shape))
    floor = -(target * logs).sum(axis=1).mean()
    own = -(target * {{part_log}}(probs)).sum(axis=1).mean() - floor
    return {{swapped}}


# %% tags=["mistake"] question="q6"
says = "which way round is your divergence?"


def split(target, probs):
    logs = {{part_log}}(target, where=target > 0, out=np.zeros(target.shape))
    floor = -(target * logs).sum(axis=1).mean()
    own = (probs * ({{part_log}}(probs) - logs)).sum(axis=1).mean()
    return {{pair}}


# %% tags=["mistake"] question="q6"
says = "leave the classes whose target is 0 out of the floor"


def split(target, probs):
    floor = -(target * {{part_log}}(target)).sum(axis=1).mean()
    own = -(target * {{part_log}}(probs)).sum(axis=1).mean() - floor
    return {{pair}}


# %% [markdown]
# ## 7 · What a report costs on average ★★ ({{points["q7"]}} points)
#
# The true chances are `truth`, a model reports `report`, and then the class is drawn from `truth`.
# Write `expected(truth, report, penalty)`, the expected penalty. `truth` and `report` have
# the same shape, classes along the last axis, and the result has one axis less. No entry is 0.
# `penalty` is one of three strings. With $\hat p$ the report, $c$ the class drawn and $y$
# its one-hot vector,
#
# - `"log"` is $-\ln \hat p_c$;
# - `"absolute"` is $1 - \hat p_c$;
# - `"brier"` is {{brier}} of the entries of $\hat p - y$.
#
# *Section: [A penalty that cannot be
# gamed]({{book}}/02_cross_entropy.html#a-penalty-that-cannot-be-gamed).*


# %% nbgrader={"grade_id": "q7-answer", "solution": true}
def expected(truth, report, penalty):
    """The expected "log", "absolute" or "brier" penalty of a report."""
    ### BEGIN SOLUTION
    if penalty == "log":
        charged = -np.log(report)
    elif penalty == "absolute":
        charged = 1 - report
    else:  # |p - y|^2 = |p|^2 - 2 p_c + 1
        charged = {{scale}} * ((report**2).sum(axis=-1, keepdims=True) - 2 * report + 1)
    return (truth * charged).sum(axis=-1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "q7", "grade": true, "points": 3}
truth, report = np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.25, 0.5])
found = {name: expected(truth, report, name) for name in ("log", "absolute", "brier")}
for name, value in found.items():
    assert value is not None, f"expected returned nothing for {name}; does it end in `return`?"
    assert np.shape(value) == (), (
        f"one report has one expected penalty, {name} has shape {np.shape(value)}"
    )
assert not np.isclose(found["log"], -np.log(5 / 16)), (
    "the mean of the logarithms is wanted, not the logarithm of the mean probability"
)
assert np.isclose(found["log"], 1.75 * np.log(2)), (
    f"the log penalty is 2 bits with chance 3/4 and 1 bit with chance 1/4, {1.75 * np.log(2):.4f} nats; got {found['log']:.4f}"
)
assert not np.isclose(found["absolute"], 0.5), (
    "the report is compared with the class drawn, not with the chances: absolute"
)
assert np.isclose(found["absolute"], 11 / 16), (
    f"the mean probability of the class drawn is 5/16, so absolute is 11/16; got {found['absolute']:.4f}"
)
assert not np.isclose(found["brier"], {{scale}} / 8), (
    "the report is compared with the class drawn, not with the chances: brier"
)
assert not np.isclose(found["brier"], {{scale}} * 31 / 64), (
    "the squares run over all classes, not only over the one drawn: brier"
)
assert np.isclose(found["brier"], {{scale}} * 0.75), (
    f"here brier, {{brier}}, is {{scale * 0.75}}; got {found['brier']:.4f}"
)

# %% tags=["grading"] question="q7"
name = "expected"


def inputs(rng):
    drawn = []
    for size, k in [(None, 3), (4, 3), (3, 3), ((2, 5), 10)]:
        truth, report = rng.dirichlet(
            np.full(k, 2.0), size=(2, *np.atleast_1d(size or []).astype(int))
        )
        drawn += [(truth, report, penalty) for penalty in ("log", "absolute", "brier")]
    return drawn


# %% tags=["mistake"] question="q7"
says = "not the logarithm of the mean probability"
hint = "The mean of the logarithms is wanted, not the logarithm of the mean probability."


def expected(truth, report, penalty, right=expected):
    if penalty == "log":
        return -np.log((truth * report).sum(axis=-1))
    return right(truth, report, penalty)


# %% tags=["mistake"] question="q7"
says = "not with the chances"
hint = "The report is compared with the class drawn, not with the chances."


def expected(truth, report, penalty, right=expected):
    if penalty == "brier":
        return {{scale}} * ((truth - report) ** 2).sum(axis=-1)
    return right(truth, report, penalty)


# %% tags=["mistake"] question="q7"
says = "not with the chances"
hint = "The report is compared with the class drawn, not with the chances."


def expected(truth, report, penalty, right=expected):
    if penalty == "absolute":
        return np.abs(truth - report).sum(axis=-1)
    return right(truth, report, penalty)


# %% tags=["mistake"] question="q7"
says = "the mean probability of the class drawn is 5/16"
hint = "The absolute penalty is 1 minus the probability of the class drawn."


def expected(truth, report, penalty, right=expected):
    if penalty == "absolute":
        return (truth * report).sum(axis=-1)
    return right(truth, report, penalty)


# %% tags=["mistake"] question="q7"
says = "the squares run over all classes"
hint = "The squares run over all classes, not only over the one drawn."


def expected(truth, report, penalty, right=expected):
    if penalty == "brier":
        return {{scale}} * (truth * (1 - report) ** 2).sum(axis=-1)
    return right(truth, report, penalty)


# %% tags=["mistake"] question="q7"
says = "here brier, {{brier}}, is"
hint = "Right in everything but a factor: brier is {{brier}}."


def expected(truth, report, penalty, right=expected):
    return right(truth, report, penalty) * (3 if penalty == "brier" else 1)


# %% [markdown]
# ## 8 · Read the bug off the log ★★★ ({{points["q8"]}} points)
#
# A training log says, for a batch with one-hot labels: mean probability of the right class
# {{belief}}, mean loss {{f"{-np.log(eps) * (1 - belief):.4f}"}}. The program has
# swapped target and prediction in the formula of cross-entropy, and it clips the argument of the
# logarithm from below. At which number? Assign it to `clip`, correct to two digits or better.
#
# *Section: [The arguments swapped]({{book}}/02_cross_entropy.html#the-arguments-swapped).*

# %% nbgrader={"grade_id": "q8-answer", "solution": true}
### BEGIN SOLUTION
clip = np.exp(
    -{{f"{-np.log(eps) * (1 - belief):.4f}"}} / (1 - {{belief}})
)  # the loss is -ln(clip) times 1 - p
### END SOLUTION

# %% nbgrader={"grade_id": "q8", "grade": true, "points": 3}
assert 0 < clip < 1, f"a lower bound for probabilities lies between 0 and 1, got {clip:.4g}"
assert clip < 1e-3, (
    f"a clip at {clip:.1g} would be noticed; the loss is -ln of the clip times something"
)

# %% tags=["grading"] question="q8"
name = "clip"
rtol, atol = 5e-2, 0

# %% tags=["mistake"] question="q8"
says = "the loss is -ln of the clip times something"
clip = np.exp(-{{-np.log(eps) * (1 - belief)}})

# %% tags=["mistake"] question="q8"
says = "the swapped loss charges the probability of the wrong classes, not that of the right one"
hidden = True
clip = np.exp(-{{-np.log(eps) * (1 - belief)}} / {{belief}})

# %% tags=["mistake"] question="q8"
says = "a lower bound for probabilities lies between 0 and 1"
clip = {{-np.log(eps)}}

# %% [markdown]
# ## 9 · The loss of a mixture ★★★ ({{points["q9"]}} points)
#
# {{models}} {{answers}} for each of $N$ photographs, and no probability is 0. Their mixture
# answers {{mixture}}. Prove that the mixture's mean loss $L(\bar p)$ is at most
# {{mean}}, and say exactly when the two are equal. You may use that $\ln t \le t - 1$ with
# equality only at $t = 1$, or another property of the logarithm if you name it.
#
# *Section: [Nothing beats the truth]({{book}}/02_cross_entropy.html#nothing-beats-the-truth).*

# %% [markdown] nbgrader={"grade_id": "q9", "grade": true, "solution": true, "points": 4}
# ### BEGIN SOLUTION
# Take one photograph with label $c$, and write {{mass}} for the probabilities that the models and
# their mixture give to $c$. By the tangent,
#
# $${{sum}} \le {{tangent}}$$
#
# so {{so}}: on this photograph the mixture pays at most the mean. The mean over the $N$
# photographs keeps the inequality, which was to be proved. The tangent is met only at 1, so one
# photograph gives equality only for {{equal}}; and since no photograph can make up for another,
# the mean losses are equal exactly if on *every* photograph the models agree about the probability
# of the label (about the other classes they may differ). ∎
# ### END SOLUTION

# %% [markdown] tags=["rubric"] question="q9"
# **Rubric, 4 points**
#
# - 1: reduces the claim to one photograph and to the probability of its label.
# - 1: the inequality for one photograph, with a reason that is named (the tangent, concavity of
#   the logarithm, Jensen, the means).
# - 1: passes to the mean over the photographs.
# - 1: equality exactly if on every photograph all models give the label the same probability. "If
#   the models are equal" is half of it: no point.
