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
    "card": [
        {"room": 8, "unit": "GB", "means": "$10^9$ bytes", "unit_bytes": 10**9, "mixed_up": 2**30},
        {"room": 16, "unit": "GB", "means": "$10^9$ bytes", "unit_bytes": 10**9, "mixed_up": 2**30},
        {
            "room": 8,
            "unit": "GiB",
            "means": "$2^{30}$ bytes",
            "unit_bytes": 2**30,
            "mixed_up": 10**9,
        },
        {
            "room": 24,
            "unit": "GiB",
            "means": "$2^{30}$ bytes",
            "unit_bytes": 2**30,
            "mixed_up": 10**9,
        },
    ],
    "vocabulary": [50_257, 128_256, 151_936, 32_000, 256_000],
    "held": [
        {"held": "the logits, the probabilities and the gradient", "arrays": 3, "each": 4},
        {"held": "the logits and the gradient", "arrays": 2, "each": 4},
        {"held": "the logits, the probabilities and the gradient", "arrays": 3, "each": 2},
        {"held": "the logits, their exponentials and the gradient", "arrays": 3, "each": 8},
    ],
    "short": [
        {"dtype": "bfloat16", "bits": 8, "chunk": 128, "classes": 50_257},
        {"dtype": "float16", "bits": 11, "chunk": 16, "classes": 128_256},
        {"dtype": "bfloat16", "bits": 8, "chunk": 64, "classes": 50_257},
        {"dtype": "bfloat16", "bits": 8, "chunk": 256, "classes": 128_256},
        {"dtype": "float16", "bits": 11, "chunk": 8, "classes": 32_000},
    ],
    "state": [
        {"state": "(m, s)", "other_state": "(s, m)"},
        {"state": "(s, m)", "other_state": "(m, s)"},
    ],
    "power": [
        {"power": "e", "exp": "np.exp", "four": "np.log(4)", "remark": ""},
        {
            "power": "2",
            "exp": "np.exp2",
            "four": "2.0",
            "remark": " Powers of 2 are what programs for graphics cards use here, since the processors take them directly.",
        },
    ],
    "summed": [
        {"summed": "the logsumexp of each row", "lead": "1"},
        {"summed": "*minus* the logsumexp of each row (in physics, the free energy)", "lead": "-1"},
        {
            "summed": "the logsumexp of each row in bits, that is, divided by $\\ln 2$,",
            "lead": "1 / np.log(2)",
        },
    ],
    "stream": [
        {
            "start": "-np.inf",
            "end": "z.shape[1]",
            "new": "np.maximum(m, part.max(axis=1))",
            "old": "s",
        },
        {
            "start": "-np.inf",
            "end": "z.shape[1]",
            "new": "part.max(axis=1)",
            "old": "s * np.exp(m - new)",
        },
        {
            "start": "0.0",
            "end": "z.shape[1]",
            "new": "np.maximum(m, part.max(axis=1))",
            "old": "s * np.exp(m - new)",
        },
        {
            "start": "-np.inf",
            "end": "z.shape[1] - block + 1",
            "new": "np.maximum(m, part.max(axis=1))",
            "old": "s * np.exp(m - new)",
        },
        {
            "start": "-np.inf",
            "end": "z.shape[1]",
            "new": "np.maximum(m, part.max())",
            "old": "s * np.exp(m - new)",
        },
    ],
    "rule": [
        {
            "order": "from the first to the last",
            "rule": "it becomes the candidate if `uniforms[i, k]` $< r$",
            "streamed": "logits, uniforms",
            "taken": "u < ratio",
            "number": "k",
        },
        {
            "order": "from the first to the last",
            "rule": "the old candidate stays if `uniforms[i, k]` $< 1 - r$",
            "streamed": "logits, uniforms",
            "taken": "u >= 1 - ratio",
            "number": "k",
        },
        {
            "order": "from the last to the first",
            "rule": "it becomes the candidate if `uniforms[i, k]` $< r$",
            "streamed": "logits[:, ::-1], uniforms[:, ::-1]",
            "taken": "u < ratio",
            "number": "logits.shape[1] - 1 - k",
        },
        {
            "order": "from the last to the first",
            "rule": "the old candidate stays if `uniforms[i, k]` $< 1 - r$",
            "streamed": "logits[:, ::-1], uniforms[:, ::-1]",
            "taken": "u >= 1 - ratio",
            "number": "logits.shape[1] - 1 - k",
        },
    ],
    "third": [
        {
            "of": "e",
            "raised": "np.exp",
            "third": r"t = \sum_j e^{z_j - m} (z_j - m)",
            "inward": "t",
            "entropy": r"\ln s - t/s$ nats",
            "of_state": "np.log(s) - t / s",
            "logarithm": "np.log",
        },
        {
            "of": "e",
            "raised": "np.exp",
            "third": r"t = \sum_j e^{z_j - m} (m - z_j)",
            "inward": "-t",
            "entropy": r"\ln s + t/s$ nats",
            "of_state": "np.log(s) + t / s",
            "logarithm": "np.log",
        },
        {
            "of": "2",
            "raised": "np.exp2",
            "third": r"t = \sum_j 2^{z_j - m} (z_j - m)",
            "inward": "t",
            "entropy": r"\log_2 s - t/s$ bits",
            "of_state": "np.log2(s) - t / s",
            "logarithm": "np.log2",
        },
        {
            "of": "2",
            "raised": "np.exp2",
            "third": r"t = \sum_j 2^{z_j - m} (m - z_j)",
            "inward": "-t",
            "entropy": r"\log_2 s + t/s$ bits",
            "of_state": "np.log2(s) + t / s",
            "logarithm": "np.log2",
        },
    ],
    "layer": [
        {
            "layout": "$(K, D)$",
            "piece": "weight[part].T",
            "cut_off": "weight[part]",
            "classes_of": "len(weight)",
            "turned": "weight",
            "reduction": "mean",
            "divisor": "len(x)",
            "result": "(loss, dx)",
            "at": 0,
        },
        {
            "layout": "$(D, K)$",
            "piece": "weight[:, part]",
            "cut_off": "weight[:, part]",
            "classes_of": "weight.shape[1]",
            "turned": "weight.T",
            "reduction": "mean",
            "divisor": "len(x)",
            "result": "(loss, dx)",
            "at": 0,
        },
        {
            "layout": "$(K, D)$",
            "piece": "weight[part].T",
            "cut_off": "weight[part]",
            "classes_of": "len(weight)",
            "turned": "weight",
            "reduction": "sum",
            "divisor": "1",
            "result": "(loss, dx)",
            "at": 0,
        },
        {
            "layout": "$(D, K)$",
            "piece": "weight[:, part]",
            "cut_off": "weight[:, part]",
            "classes_of": "weight.shape[1]",
            "turned": "weight.T",
            "reduction": "sum",
            "divisor": "1",
            "result": "(dx, loss)",
            "at": 1,
        },
        {
            "layout": "$(D, K)$",
            "piece": "weight[:, part]",
            "cut_off": "weight[:, part]",
            "classes_of": "weight.shape[1]",
            "turned": "weight.T",
            "reduction": "mean",
            "divisor": "len(x)",
            "result": "(dx, loss)",
            "at": 1,
        },
    ],
    "proof": [
        {
            "title": "One pass, one fair draw",
            "ask": r"Question 5 draws a class while the logits $z_0, \dots, z_{K-1}$ are read one after another: class 0 is the first candidate, and class $n$ replaces the candidate, whichever it is, with probability $r_n = e^{z_n} / (e^{z_0} + \dots + e^{z_n})$, independently of all earlier choices. Prove that after the last logit class $k$ is the candidate with probability $\operatorname{softmax}(z)_k$. Then find how often the candidate changes on average if all $K$ logits are equal, and show that this is at most $\ln K$.",
            "answer": r"""Let $t_n = e^{z_0} + \dots + e^{z_n}$. *Claim*: after logit $n$ class $k \le n$ is the candidate with probability $e^{z_k} / t_n$. For $n = 0$ class 0 is the candidate with probability $1 = e^{z_0}/t_0$. Let the claim hold for $n - 1$. Class $n$ becomes the candidate with probability $r_n = e^{z_n} / t_n$. A class $k < n$ is the candidate afterwards if it was before and is not replaced; the two are independent, so the probability is

$$\frac{e^{z_k}}{t_{n-1}} (1 - r_n) = \frac{e^{z_k}}{t_{n-1}} \cdot \frac{t_n - e^{z_n}}{t_n} = \frac{e^{z_k}}{t_{n-1}} \cdot \frac{t_{n-1}}{t_n} = \frac{e^{z_k}}{t_n}$$

and the claim holds for $n$. At $n = K - 1$ it says $e^{z_k} / t_{K-1} = \operatorname{softmax}(z)_k$.

*Changes.* For equal logits $r_n = 1/(n + 1)$. A mean of a sum is the sum of the means, so the candidate changes $\sum_{n=1}^{K-1} \frac{1}{n+1} = \frac12 + \frac13 + \dots + \frac1K$ times on average. Since $\frac1j \le \int_{j-1}^{j} \frac{dx}{x}$, this is at most $\int_1^K \frac{dx}{x} = \ln K$. ∎""",
            "marks": r"""- 1: states what is true after each logit, for all classes so far, and starts it.
- 1: the step for an old class: it was the candidate and was not replaced, independent, so the probabilities multiply.
- 1: $1 - r_n = t_{n-1}/t_n$, and the end at $K - 1$.
- 1: the mean number of changes as a sum, and the bound with a reason.

A direct product $r_k \prod_{n > k} (1 - r_n)$ that is shown to telescope earns the first three points too.""",
        },
        {
            "title": "Fair draws merge too",
            "ask": r"The classes are divided into two parts, and each of two processors holds the logits of one part. Each draws one class from the softmax of its own part, independently of the other, and sends it with the pair $(m_1, s_1)$ or $(m_2, s_2)$ of its part, where $m_i$ is the largest logit of part $i$ and $s_i$ is the sum of $e^{z_j - m_i}$ over the part. A third processor keeps the class drawn from part 2 with probability $r = s_2 e^{m_2 - m} / (s_1 e^{m_1 - m} + s_2 e^{m_2 - m})$, where $m = \max(m_1, m_2)$, and the class drawn from part 1 otherwise; this choice is independent of both draws. Prove that the class it keeps is a draw from the softmax of all $K$ logits. Conclude that the same works with any number of parts, merged in any tree. And show that for finite logits no exponential in $r$ overflows and the denominator lies between 1 and $K$.",
            "answer": r"""Let $t_i$ be the sum of $e^{z_j}$ over the classes of part $i$, so $s_i e^{m_i} = t_i$. Multiplying numerator and denominator by $e^m$, $r = t_2 / (t_1 + t_2)$ and $1 - r = t_1 / (t_1 + t_2)$. A class $k$ of part 2 is kept if it was drawn from part 2 and the third processor keeps the class drawn from part 2. These are independent, so the probability is

$$\frac{e^{z_k}}{t_2} \cdot \frac{t_2}{t_1 + t_2} = \frac{e^{z_k}}{t_1 + t_2} = \operatorname{softmax}(z)_k$$

and for a class of part 1 it is $\frac{e^{z_k}}{t_1} \cdot \frac{t_1}{t_1 + t_2}$, which is the same formula.

*Trees.* By induction on the number of parts: if there is one part, its draw is fair. In a tree of several, the last merge joins two groups with fewer parts each. By induction each group hands on a draw from the softmax of its own logits, and its pair is that of the group, since pairs merge. Different parts draw and choose independently, so the two draws are independent, and the first part of the proof applies to the two groups.

*Numbers.* $m_1 - m$ and $m_2 - m$ are not positive, so both exponentials are at most 1. The denominator is $\sum_j e^{z_j - m}$ over all $K$ classes. The largest logit adds 1 to it and no other adds more than 1 or less than 0, so it lies between 1 and $K$. ∎""",
            "marks": r"""- 1: $s_i e^{m_i}$ is the sum of the exponentials of part $i$, and so $r = t_2/(t_1 + t_2)$.
- 1: the product of the two probabilities, with independence named, for a class of either part.
- 1: the tree, by induction, with the group's draw and the group's pair.
- 1: exponents that are not positive, and the denominator between 1 and $K$.""",
        },
    ],
}

# %% [markdown]
# # Problem set: softmax at scale
#
# This set belongs to [chapter 6]({{book}}/06_at_scale.html). The questions become harder: ★ recalls, ★★ applies, ★★★ derives or builds.
#
# {{rules}}

# %%
import tracemalloc

import matplotlib.pyplot as plt
import numpy as np

# %% [markdown]
# ## 1 · What fits on the card ★ ({{points["q1"]}} points)
#
# A graphics card has {{room}} {{unit}} free, where 1 {{unit}} is {{means}}. The loss of a language model with {{format(vocabulary, ",")}} tokens holds, for each position of the text, {{held}}, with {{each}} bytes for each number, all at the same time. For how many positions is there enough memory? Assign the whole number to `positions`.
#
# *Section: [Where the memory goes]({{book}}/06_at_scale.html#where-the-memory-goes).*

# %% nbgrader={"grade_id": "q1-answer", "solution": true}
### BEGIN SOLUTION
positions = {{room}} * {{unit_bytes}} // ({{arrays}} * {{vocabulary}} * {{each}})
### END SOLUTION

# %% nbgrader={"grade_id": "q1", "grade": true, "points": 2}
assert positions == np.floor(positions), f"a position fits or it does not; got {positions}"
logits = positions * {{vocabulary}} * {{each}} / ({{room}} * {{unit_bytes}})
assert logits > 0.1, (
    f"the logits of so many positions would fill only {logits:.1%} of the card; did you count in bits?"
)
assert logits < 0.6, (
    f"the logits of so many positions would fill {logits:.0%} of the card; what else is held?"
)

# %% tags=["grading"] question="q1"
name = "positions"
rtol, atol = 0, 0

# %% tags=["mistake"] question="q1"
says = "what else is held?"
positions = {{room}} * {{unit_bytes}} // ({{vocabulary}} * {{each}})

# %% tags=["mistake"] question="q1"
says = "did you count in bits?"
positions = {{room}} * {{unit_bytes}} // ({{arrays}} * {{vocabulary}} * {{each}} * 8)

# %% tags=["mistake"] question="q1"
says = "a position fits or it does not"
positions = {{room}} * {{unit_bytes}} / ({{arrays}} * {{vocabulary}} * {{each}})

# %% tags=["mistake"] question="q1"
says = "1 {{unit}} was to be {{means}}"
hidden = True
positions = {{room}} * {{mixed_up}} // ({{arrays}} * {{vocabulary}} * {{each}})

# %% [markdown]
# ## 2 · Two sums that stop growing ★ ({{points["q2"]}} points)
#
# A program subtracts the maximum from {{format(classes, ",")}} equal logits and adds up their exponentials in chunks of {{chunk}} classes: one after another in each chunk, and then the sums of the chunks, one after another. Each sum on the way is rounded to {{dtype}}, whose numbers have {{bits}} significant binary digits. It is rounded to the nearest number of the format, and if it lies halfway between two, to the one whose last digit is even. (The largest number of the format is not reached.) By how many nats is the logsumexp that it reports too small? Assign the number, correct to three digits or better, to `missing`. The logarithm at the end is exact.
#
# *Section: [A million terms in float32]({{book}}/06_at_scale.html#a-million-terms-in-float32).*

# %% nbgrader={"grade_id": "q2-answer", "solution": true}
### BEGIN SOLUTION
# A chunk sums to {{chunk}} exactly. The sum of chunks stops at {{chunk}} * 2**{{bits}}: from there on
# the next number is 2 * {{chunk}} away, and adding {{chunk}} rounds back.
missing = np.log({{classes}}) - np.log({{chunk}} * 2.0 ** {{bits}})
### END SOLUTION

# %% nbgrader={"grade_id": "q2", "grade": true, "points": 2}
assert missing > 0, f"what is reported is too small, so something is missing; got {missing:.3f}"
assert missing > 0.01, (
    f"only {missing:.2g}? Adding a small number to a large one that is rounded may leave it as it is"
)
assert missing < np.log({{classes}}), (
    f"the true value is ln {{classes}}, {np.log({{classes}}):.3f}, so no more can be missing; got {missing:.3f}"
)

# %% tags=["grading"] question="q2"
name = "missing"
rtol = 5e-3

# %% tags=["mistake"] question="q2"
says = "what is reported is too small, so something is missing"
missing = -missing

# %% tags=["mistake"] question="q2"
says = "Adding a small number to a large one that is rounded may leave it as it is"
missing = 2.0 ** -({{bits}})

# %% tags=["mistake"] question="q2"
says = "that is what the program reports"
hidden = True
missing = np.log({{chunk}} * 2.0 ** {{bits}})

# %% tags=["mistake"] question="q2"
says = "that would be right for one long chain; the sums of chunks grow in larger steps"
hidden = True
missing = np.log({{classes}}) - {{bits}} * np.log(2)

# %% tags=["mistake"] question="q2"
says = "up to 2 to the power of the digits, times the step, all sums are exact"
hidden = True
missing = missing + np.log(2)

# %% [markdown]
# ## 3 · Merge two blocks ★★ ({{points["q3"]}} points)
#
# Two processors have each read a block of the same row of logits. Each sends its state: the tuple `{{state}}`, where $m$ is the maximum of its block and $s = \sum_j {{power}}^{z_j - m}$.{{remark}} A block in which every logit is $-\infty$ has $m = -\infty$ and $s = 0$.
#
# Write `merge(left, right)`, which returns the state of the two blocks together, in the same order `{{state}}`. $m$ and $s$ may be numbers, or arrays of one shape with an entry for each row. Logits may be as large as $10^5$, of either sign.
#
# *Sections: [Any cut, any order]({{book}}/06_at_scale.html#any-cut-any-order), [A chunk in which everything is masked]({{book}}/06_at_scale.html#a-chunk-in-which-everything-is-masked).*


# %% nbgrader={"grade_id": "q3-answer", "solution": true}
def merge(left, right):
    """The state {{state}} of two blocks together, from the states of each."""

    ### BEGIN SOLUTION
    def swapped(m, s):
        return {{state}}

    (m, s), (n, t) = swapped(*left), swapped(*right)
    top = np.maximum(m, n)
    base = np.where(top == -np.inf, 0.0, top)  # where both are empty, any finite number will do
    return swapped(top, s * {{exp}}(m - base) + t * {{exp}}(n - base))
    ### END SOLUTION


# %% nbgrader={"grade_id": "q3", "grade": true, "points": 3}
def state(m, s):
    return {{state}}


with np.errstate(all="ignore"):
    four = {{four}}
    found = merge(state(0.0, 1.5), state(four, 2.0))
    assert isinstance(found, tuple | list), f"a state is a tuple {{state}}, got {found!r}"
    m, s = state(*found)
    assert not np.isclose(s, four), "the state should come back in the order {{state}}"
    assert np.isclose(m, four), f"the larger maximum is {four:.3f}, got {m:.3f}"
    assert not np.isclose(s, 3.5), (
        "the two sums are relative to different maxima; bring both to the larger one first"
    )
    assert np.isclose(s, 2.375), (
        f"relative to the larger maximum, 4 times as large as a power, 1.5 becomes a quarter of it, and 2.375 is the sum; got {s:.4f}"
    )
    m, s = state(*merge(state(four, 2.0), state(0.0, 1.5)))
    assert np.isclose(s, 2.375), f"left and right exchanged should make the same sum, got {s:.4f}"
    m, s = state(*merge(state(1e5, 3.0), state(-1e5, 2.0)))
    assert np.isfinite(s), (
        f"a block far below adds nothing, and your sum is {s}; which of the two do you rescale?"
    )
    for other in [7.0, -np.inf]:
        m, s = state(*merge(state(-np.inf, 0.0), state(other, 2.0 * (other > 0))))
        assert not np.isnan(s), (
            f"an empty block merged with one whose maximum is {other} gives nan; inf minus inf is nan"
        )
        assert m == other, f"an empty block should change no maximum, got {m}"
    shapes = [
        np.shape(part)
        for part in merge(state(np.zeros(4), np.ones(4)), state(np.ones(4), np.ones(4)))
    ]
assert shapes == [(4,), (4,)], f"four rows have four maxima and four sums, got shapes {shapes}"

# %% tags=["grading"] question="q3"
name = "merge"


def inputs(rng):
    drawn = []
    for shape, size in [((4,), 3.0), ((6,), 30.0), ((25,), 1e5), ((2, 3), 800.0)]:
        states = []
        for _ in range(2):
            m, s = size * rng.normal(size=shape), rng.uniform(1, 9, size=shape)
            empty = rng.random(shape) < (0.3 if size > 30 else 0.0)
            m, s = np.where(empty, -np.inf, m), np.where(empty, 0, s)
            states.append({{state}})
        drawn.append(tuple(states))
    m, s = np.array([-np.inf, rng.normal()]), np.array([0.0, rng.uniform(1, 9)])
    half_empty = {{state}}
    return [*drawn, (half_empty, half_empty)]


# %% tags=["mistake"] question="q3"
says = "bring both to the larger one first"


def merge(left, right):
    def state(m, s):
        return {{state}}

    (m, s), (n, t) = state(*left), state(*right)
    return state(np.maximum(m, n), s + t)


# %% tags=["mistake"] question="q3"
says = "the state should come back in the order {{state}}"
right_one = merge


def merge(left, right):
    return tuple(right_one(left, right))[::-1]


# %% tags=["mistake"] question="q3"
says = "inf minus inf is nan"


def merge(left, right):
    def state(m, s):
        return {{state}}

    (m, s), (n, t) = state(*left), state(*right)
    top = np.maximum(m, n)
    return state(top, s * {{exp}}(m - top) + t * {{exp}}(n - top))


# %% tags=["mistake"] question="q3"
says = "which of the two do you rescale?"


def merge(left, right):
    def state(m, s):
        return {{state}}

    (m, s), (n, t) = state(*left), state(*right)
    m, n = np.where(s == 0, n, m), np.where(t == 0, m, n)
    low = np.minimum(m, n)
    low = np.where(low == -np.inf, 0, low)
    top = np.maximum(m, n)
    return state(
        top,
        (s * {{exp}}(m - low) + t * {{exp}}(n - low))
        * {{exp}}(low - np.where(top == -np.inf, 0, top)),
    )


# %% tags=["mistake"] question="q3"
says = "relative to the larger maximum"
hint = "The sums are of powers of {{power}}, and so is the factor that rescales them."


def merge(left, right):
    def state(m, s):
        return {{state}}

    (m, s), (n, t) = state(*left), state(*right)
    top = np.maximum(m, n)
    base = np.where(top == -np.inf, 0.0, top)
    power = {{"np.exp2" if exp == "np.exp" else "np.exp"}}
    return state(top, s * power(m - base) + t * power(n - base))


# %% tags=["mistake"] question="q3"
says = "left and right exchanged should make the same sum"
hint = "The larger maximum may be that of either block."


def merge(left, right):
    def state(m, s):
        return {{state}}

    (m, s), (n, t) = state(*left), state(*right)
    base = np.where(n == -np.inf, 0.0, n)
    return state(n, s * {{exp}}(m - base) + t)


# %% tags=["mistake"] question="q3"
says = "an empty block should change no maximum"


def merge(left, right):
    def state(m, s):
        return {{state}}

    (m, s), (n, t) = state(*left), state(*right)
    top = np.maximum(m, n)
    top = np.where(top == -np.inf, 0.0, top)
    return state(top, s * {{exp}}(m - top) + t * {{exp}}(n - top))


# %% [markdown]
# ## 4 · Correct the stream ★★ ({{points["q4"]}} points)
#
# `logsumexp_found` reads the rows of `z`, of shape $(N, K)$, `block` classes at a time, and should return {{summed}}, with only one block in memory at a time. It has a fault. Each of the first three rows below holds seven log-probabilities shifted by one number, so that its logsumexp is that number; in the last row one class has all the probability. Find the fault, and write `logsumexp(z, block)`, which returns {{summed}}, and is right for all finite logits up to $10^5$ in size, and for every `block` from 1 on.
#
# *Section: [One row, read once]({{book}}/06_at_scale.html#one-row-read-once).*


# %%
def logsumexp_found(z, block):
    """Meant to be the logsumexp of each row, read a block at a time."""
    m, s = np.full(len(z), {{start}}), np.zeros(len(z))
    for i in range(0, {{end}}, block):
        part = z[:, i : i + block]
        new = {{new}}
        s = {{old}} + np.exp(part - new[:, None]).sum(axis=1)
        m = new
    return {{"m + np.log(s)" if lead == "1" else f"{lead} * (m + np.log(s))"}}


seven = np.log([0.05, 0.1, 0.15, 0.2, 0.15, 0.05, 0.3])
moved = np.vstack([seven, seven + 1000, seven - 1000, [1000] + [-1000] * 6])
with np.errstate(all="ignore"):
    print("wanted", {{lead}} * np.array([0, 1000, -1000, 1000]))
    for block in (1, 2, 3, 7):
        print(f"block of {block}:", logsumexp_found(moved, block).round(4))


# %% nbgrader={"grade_id": "q4-answer", "solution": true}
def logsumexp(z, block):
    """The logsumexp of each row, read a block at a time."""
    ### BEGIN SOLUTION
    m, s = np.full(len(z), -np.inf), np.zeros(len(z))
    for i in range(0, z.shape[1], block):
        part = z[:, i : i + block]
        new = np.maximum(m, part.max(axis=1))
        s = s * np.exp(m - new) + np.exp(part - new[:, None]).sum(axis=1)
        m = new
    return {{"m + np.log(s)" if lead == "1" else f"{lead} * (m + np.log(s))"}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q4", "grade": true, "points": 3}
moved = np.vstack([seven, seven + 1000, seven - 1000, [1000] + [-1000] * 6])
with np.errstate(all="ignore"):
    found = np.array([logsumexp(moved, block) for block in (1, 2, 3, 7)])
    given = np.array([logsumexp_found(moved, block) for block in (1, 2, 3, 7)])
    assert found.shape == (4, 4), f"four rows have four results, got shape {found.shape[1:]}"
    assert not np.allclose(found, given, equal_nan=True), (
        "that is what logsumexp_found returns, with its fault"
    )
for row, want in enumerate({{lead}} * np.array([0.0, 1000.0, -1000.0, 1000.0])):
    for block, value in zip((1, 2, 3, 7), found[:, row], strict=True):
        assert np.isfinite(value), (
            f"row {row} in blocks of {block} gives {value}; an exponential or a sum left the range of a float"
        )
        assert abs(value - want) < 1e-9, (
            f"row {row} in blocks of {block} should give {want:.4f}, got {value:.4f}; the answer may not depend on the blocks"
        )

# %% tags=["grading"] question="q4"
name = "logsumexp"


def inputs(rng):
    drawn = []
    for n, k, block, size in [(3, 7, 2, 5.0), (4, 4, 4, 1e3), (2, 100, 9, 1e5), (6, 10, 3, 40.0)]:
        z = rng.normal(size=(n, k)) * rng.choice([1.0, size], size=(n, k))
        heights = np.linspace(-size, size, n)[:, None]
        drawn.append((z + heights, block))
    z = np.sort(rng.normal(size=(3, 8)), axis=1)[:, ::-1] * 2000
    drawn.append((z.copy(), 3))
    drawn.append((rng.normal(size=(3, 5)) + np.array([[-2000], [0], [2000]]), 2))
    return drawn


# %% tags=["mistake"] question="q4"
says = "that is what logsumexp_found returns, with its fault"
logsumexp = logsumexp_found

# %% tags=["mistake"] question="q4"
says = "an exponential or a sum left the range of a float"


def logsumexp(z, block):
    parts = (np.exp(z[:, i : i + block]).sum(axis=1) for i in range(0, z.shape[1], block))
    return {{lead}} * np.log(sum(parts))


# %% tags=["mistake"] question="q4"
says = "the answer may not depend on the blocks"


def logsumexp(z, block):
    parts = [z[:, i : i + block] for i in range(0, z.shape[1], block)]
    tops = [part.max(axis=1) for part in parts]
    each = [
        m + np.log(np.exp(p - m[:, None]).sum(axis=1)) for p, m in zip(parts, tops, strict=True)
    ]
    return {{lead}} * np.max(each, axis=0)


# %% [markdown]
# ## 5 · Draw while you read ★★ ({{points["q5"]}} points)
#
# A class can be drawn from the softmax of a row while the row is read once, without keeping the row. Read the logits of row $i$ {{order}}, and keep one *candidate*. The first candidate is the class that is read first. For each class $k$ that is read after it let $r$ be $e^{z_k}$ divided by the sum of the exponentials of *all classes read so far, $k$ included*; {{rule}}. The last candidate is the class that is drawn.
#
# Write `draw(logits, uniforms)` for two arrays of shape $(N, K)$; it returns the drawn classes, $N$ integers. The logits of a row may be as large as $10^4$, of either sign.
#
# *Section: [One row, read once]({{book}}/06_at_scale.html#one-row-read-once).*


# %% nbgrader={"grade_id": "q5-answer", "solution": true}
def draw(logits, uniforms):
    """A class for each row, drawn from its softmax in one pass."""
    ### BEGIN SOLUTION
    z, u = {{streamed}}
    ratio = np.exp(z - np.logaddexp.accumulate(z, axis=1))
    taken = {{taken}}
    taken[:, 0] = True
    k = taken.shape[1] - 1 - np.argmax(taken[:, ::-1], axis=1)  # the last that was taken
    return {{number}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q5", "grade": true, "points": 3}
uniforms = np.random.default_rng(1).random((20_000, 3))
with np.errstate(all="ignore"):
    far = np.asarray(draw(np.tile([1e4, 1e4, -1e4], (20_000, 1)), uniforms))
    classes = np.asarray(draw(np.tile(np.log([0.6, 0.3, 0.1]), (20_000, 1)), uniforms))
assert classes.shape == (20_000,), f"20,000 rows give 20,000 classes, got shape {classes.shape}"
drawn = np.bincount(classes, minlength=3) / 20_000
assert np.allclose(drawn, [0.6, 0.3, 0.1], atol=0.02), (
    f"your shares are {drawn}, where softmax gives [0.6 0.3 0.1]; is r what the text says?"
)
drawn = np.bincount(far, minlength=3) / 20_000
assert np.allclose(drawn, [0.5, 0.5, 0], atol=0.02), (
    f"for the logits 10000, 10000 and -10000 your shares are {drawn}; carry the sum as its logarithm"
)

# %% tags=["grading"] question="q5"
name = "draw"


def inputs(rng):
    shapes = [(50, 3), (50, 2), (20, 27), (10, 10)]
    drawn = [(2 * rng.normal(size=shape), rng.random(shape)) for shape in shapes]
    big = 5e3 * rng.normal(size=(20, 1)) + rng.normal(size=(20, 5))
    return [*drawn, (big, rng.random(big.shape))]


# %% tags=["mistake"] question="q5"
says = "is r what the text says?"


def draw(logits, uniforms):
    z, u = {{streamed}}
    ratio = np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))
    taken = {{taken}}
    taken[:, 0] = True
    k = taken.shape[1] - 1 - np.argmax(taken[:, ::-1], axis=1)
    return {{number}}


# %% tags=["mistake"] question="q5"
says = "carry the sum as its logarithm"


def draw(logits, uniforms):
    z, u = {{streamed}}
    with np.errstate(all="ignore"):
        ratio = np.exp(z) / np.cumsum(np.exp(z), axis=1)
    taken = {{taken}}
    taken[:, 0] = True
    k = taken.shape[1] - 1 - np.argmax(taken[:, ::-1], axis=1)
    return {{number}}


# %% [markdown]
# ## 6 · The entropy, in the same pass ★★★ ({{points["q6"]}} points)
#
# How uncertain is a model with a million classes? Its entropy can be computed in the same reading of the logits as the loss, if the state has a third number. The probabilities are proportional to ${{of}}^{z_j}$ here. Let the state of a row be $m$, the maximum of the logits read so far, $s = \sum_j {{of}}^{z_j - m}$, and
#
# $${{third}}$$
#
# Then $H = {{entropy}}. At the start $m = -\infty$ and $s = t = 0$. A logit of $-\infty$ adds nothing to any of the sums.
#
# Write `absorb(state, part)`. `state` is `(m, s, t)`, three arrays with an entry for each of $N$ rows, and `part`, of shape $(N, n)$, holds the next logits of each row; the result is the state after them, again `(m, s, t)`. A row may have had only logits of $-\infty$ so far.
#
# *Sections: [One row, read once]({{book}}/06_at_scale.html#one-row-read-once), [Any cut, any order]({{book}}/06_at_scale.html#any-cut-any-order).*


# %%
def entropies(state):
    """The entropy of each row, from its state."""
    m, s, t = state
    return {{of_state}}


# %% nbgrader={"grade_id": "q6-answer", "solution": true}
def absorb(state, part):
    """The state (m, s, t) after the next logits of each row."""
    ### BEGIN SOLUTION
    m, s, t = state
    base = np.where(m == -np.inf, 0.0, m)
    t = {{inward}}
    new = np.maximum(m, part.max(axis=1))
    top = np.where(new == -np.inf, 0.0, new)
    keep = {{raised}}(m - top)
    t = keep * (t + (base - top) * s)  # each old z - m grows by m - new
    gap = np.where(part == -np.inf, 0.0, part - top[:, None])
    weight = np.where(part == -np.inf, 0.0, {{raised}}(gap))
    s = keep * s + weight.sum(axis=1)
    t = t + (weight * gap).sum(axis=1)
    return new, s, {{inward}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q6", "grade": true, "points": 3}
p = np.array([[0.05, 0.05, 0.1, 0.5, 0.3], [0.4, 0.3, 0.1, 0.1, 0.1]])
start = (np.full(2, -np.inf), np.zeros(2), np.zeros(2))


with np.errstate(all="ignore"):
    once = absorb(start, {{logarithm}}(p))
    assert once is not None, "absorb returned nothing; does it end in `return`?"
    assert len(once) == 3, f"a state has three parts, got {len(once)}"
    shapes = [np.shape(part) for part in once]
    assert shapes == [(2,)] * 3, f"two rows have two of each, got shapes {shapes}"
    assert np.allclose(once[1], 1 / p.max(axis=1)), (
        f"relative to the largest probability the others sum to {1 / p.max(axis=1)}, got s = {once[1]}"
    )
    right = -(p * {{logarithm}}(p)).sum(axis=1)
    assert np.allclose(entropies(once), right), (
        f"read at once, the two rows have the entropies {right.round(4)}; your state gives {entropies(once).round(4)}: how is t defined?"
    )
    twice = absorb(absorb(start, {{logarithm}}(p[:, :2])), {{logarithm}}(p[:, 2:]))
    assert np.allclose(twice[1], once[1]), (
        f"read in two parts the sums should be {once[1]} again, got {np.round(twice[1], 4)}"
    )
    assert np.isclose(entropies(twice)[1], right[1]), (
        f"row 1 read in two parts, its maximum in the first, should have the entropy {right[1]:.4f} again, got {entropies(twice)[1]:.4f}"
    )
    assert np.isclose(entropies(twice)[0], right[0]), (
        f"row 0 read in two parts, its maximum in the second, should have the entropy {right[0]:.4f} again, got {entropies(twice)[0]:.4f}: how must the old t change when the maximum changes?"
    )
    masked = absorb(
        absorb(start, np.full((2, 2), -np.inf)), {{logarithm}}([[0.5, 0.5, 0], [1.0, 0, 0]])
    )
    assert not np.any(np.isnan(np.array(masked))), (
        "0 times minus infinity is nan: a logit of minus infinity adds nothing"
    )

# %% tags=["grading"] question="q6"
name = "absorb"


def inputs(rng):
    drawn = []
    for n, k, size in [(4, 3, 3.0), (3, 3, 50.0), (1, 20, 2.0), (6, 5, 300.0), (5, 4, 1.0)]:
        state = (np.full(n, -np.inf), np.zeros(n), np.zeros(n))
        old, new = size * rng.normal(size=(2, n, k))
        old = np.where(rng.random((n, k)) < 0.2, -np.inf, old)
        old[0] = -np.inf if n > 1 else old[0]
        new = np.where(rng.random((n, k)) < 0.2, -np.inf, new)
        before = size * rng.normal(size=(n, k))  # in no call, so a state has to be used
        before[0] = -np.inf if n > 1 else before[0]
        drawn += [(state, old), (absorb(state, before), new)]
    return drawn


# %% tags=["mistake"] question="q6"
says = "how must the old t change when the maximum changes?"
right_one = absorb


def absorb(state, part):
    m, s, t = state
    new, total, third = right_one(state, part)
    lost = right_one((m, s, 0 * t), part)[2] - right_one((m, 0 * s, 0 * t), part)[2]
    return new, total, third - lost


# %% tags=["mistake"] question="q6"
says = "a logit of minus infinity adds nothing"
right_one = absorb


def absorb(state, part):
    new, s, t = right_one(state, part)
    with np.errstate(all="ignore"):
        return new, s, t + 0 * part.min(axis=1)


# %% tags=["mistake"] question="q6"
says = "how is t defined?"
right_one = absorb


def absorb(state, part):
    m, s, t = state
    new, s, t = right_one((m, s, -t), part)
    return new, s, -t


# %% tags=["mistake"] question="q6"
says = "read in two parts the sums should be"
hint = "The old sum is relative to the old maximum; bring it to the new one."
right_one = absorb


def absorb(state, part):
    new, s, t = right_one(state, part)
    base = np.where(state[0] == -np.inf, 0.0, state[0])
    top = np.where(new == -np.inf, 0.0, new)
    return new, s + state[1] * (1 - {{raised}}(base - top)), t


# %% tags=["mistake"] question="q6"
says = "its maximum in the first"
hint = "What was read before stays in t; the new terms are added to it."
right_one = absorb


def absorb(state, part):
    new, s, t = right_one(state, part)
    return new, s, right_one(tuple(0 * x if i else x for i, x in enumerate(state)), part)[2]


# %% [markdown]
# Once your function works, the next cell reads a million classes in parts. With equal logits the entropy is the logarithm of the number of classes; the larger the logits, the smaller the entropy.

# %%
noise = np.random.default_rng(0).normal(size=1_000_000)
parts = np.unique(np.geomspace(1, len(noise), 100).astype(int))
figure, ax = plt.subplots(figsize=(5, 3), layout="constrained")
for size in [0, 1, 2, 3]:
    state, so_far = (np.full(1, -np.inf), np.zeros(1), np.zeros(1)), []
    for part in np.split(size * noise, parts)[:-1]:
        state = absorb(state, part[None])
        so_far.append(entropies(state)[0])
    ax.plot(parts, so_far, label=f"logits of size {size}")
ax.set(xscale="log", xlabel="classes read", ylabel="entropy so far")
ax.legend()

# %% [markdown]
# ## 7 · A vocabulary in pieces, and its gradient ★★★ ({{points["q7"]}} points)
#
# A linear layer makes the logits, `x` times the weights, and all of them at once would not fit into memory. Here the *classes* are cut into pieces. Write `linear_loss(x, weight, labels, columns)`, which makes the logits of at most `columns` classes at a time, for all examples. It may make each logit twice. `x` has shape $(N, D)$, `weight` has shape {{layout}}, `labels` holds an index for each example, and `columns` need not divide $K$. Return the tuple `{{result}}`: the {{reduction}} of the cross-entropies of all examples in nats, and its gradient with respect to `x`. Logits may be as large as $10^3$, of either sign. The check below measures the memory that your function takes; your points depend on what it returns.
#
# *Sections: [Any cut, any order]({{book}}/06_at_scale.html#any-cut-any-order), [Logits that never exist]({{book}}/06_at_scale.html#logits-that-never-exist).*


# %% nbgrader={"grade_id": "q7-answer", "solution": true}
def linear_loss(x, weight, labels, columns):
    """The {{reduction}} of the losses and its gradient in x, some classes at a time: {{result}}."""
    ### BEGIN SOLUTION
    parts = [slice(i, i + columns) for i in range(0, {{classes_of}}, columns)]
    m, s, own = np.full(len(x), -np.inf), np.zeros(len(x)), np.empty(len(x))
    for part in parts:
        z = x @ {{piece}}
        here = (labels >= part.start) & (labels < part.stop)
        own[here] = z[here, labels[here] - part.start]
        top = np.maximum(m, z.max(axis=1))
        s = s * np.exp(m - top) + np.exp(z - top[:, None]).sum(axis=1)
        m = top
    loss = (m + np.log(s) - own).sum() / {{divisor}}
    dx = np.zeros(x.shape)
    for part in parts:  # m and s are those of all classes now, so make the logits again
        g = np.exp(x @ {{piece}} - m[:, None]) / s[:, None]
        here = (labels >= part.start) & (labels < part.stop)
        g[here, labels[here] - part.start] -= 1
        dx += g @ {{piece}}.T / {{divisor}}
    return {{result}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q7", "grade": true, "points": 4}
def ask(x, weight, labels, columns):
    found = linear_loss(x, {{turned}}.copy(), labels, columns)
    assert isinstance(found, tuple | list), f"a tuple {{result}} was asked for, got {type(found)}"
    loss, dx = found[{{at}}], found[{{1 - at}}]
    assert np.shape(loss) == (), (
        f"the loss should be one number, got shape {np.shape(loss)}; in the order {{result}}?"
    )
    assert np.shape(dx) == x.shape, (
        f"the gradient should have the shape {x.shape} of x, got {np.shape(dx)}"
    )
    return loss, dx


rng = np.random.default_rng(0)
x, weight, labels = rng.normal(size=(6, 4)), rng.normal(size=(10, 4)), rng.integers(10, size=6)
### BEGIN VALUES
step = 1e-5 * np.eye(24)[7].reshape(6, 4)
nudge = (ask(x + step, weight, labels, 10)[0] - ask(x - step, weight, labels, 10)[0]) / 2e-5
### END VALUES
even = ask(0 * x, weight, labels, 10)[0]
assert np.isclose(even, {{6 if reduction == "sum" else 1}} * np.log(10)), (
    f"with all logits 0, six examples of ten classes cost ln 10 each; their {{reduction}} is not {even:.4f}"
)
whole, slope = ask(x, weight, labels, 10)
assert np.isclose(slope[1, 3], nudge, rtol=1e-4), (
    f"nudging an entry of x changes the loss at a rate of {nudge:.4f}, your gradient says {slope[1, 3]:.4f}"
)
for columns in (5, 4, 3):
    loss, dx = ask(x, weight, labels, columns)
    assert np.isclose(loss, whole), (
        f"in pieces of {columns} the loss should be {whole:.4f} again, got {loss:.4f}; the last piece may be narrower, and a label lies in one of them only"
    )
    assert np.allclose(dx, slope), (
        f"in pieces of {columns} the gradient should be the same as in one; are the probabilities in a piece relative to all classes?"
    )
with np.errstate(all="ignore"):
    assert np.isfinite(ask(1e3 * x, weight, labels, 4)[0]), (
        "for logits in the thousands your loss is not finite"
    )
x, weight, labels = (
    rng.normal(size=(500, 4)),
    rng.normal(size=(2000, 4)),
    rng.integers(2000, size=500),
)
tracemalloc.start()
ask(x, weight, labels, 50)
peak = tracemalloc.get_traced_memory()[1] / 1e6
tracemalloc.stop()
assert peak < 3, (
    f"you held {peak:.1f} MB at a time: 500 rows of fifty logits take 0.2 MB, and all 2,000 columns of them 8"
)

# %% tags=["grading"] question="q7"
name = "linear_loss"


def inputs(rng):
    drawn = []
    for n, d, k, columns, size in [
        (4, 3, 10, 4, 1),
        (7, 7, 7, 7, 1),
        (9, 5, 27, 8, 1),
        (5, 2, 7, 2, 4000),
    ]:
        x, weight = size * rng.normal(size=(n, d)), rng.normal(size=(k, d))
        drawn.append((x, {{turned}}.copy(), rng.integers(k, size=n), columns))
    return drawn


# %% tags=["mistake"] question="q7"
says = "the last piece may be narrower"


def linear_loss(x, weight, labels, columns, right=linear_loss):
    part = slice(0, {{classes_of}} // columns * columns)
    return right(x, {{cut_off}}, labels % part.stop, columns)


# %% tags=["mistake"] question="q7"
says = "are the probabilities in a piece relative to all classes?"


def linear_loss(x, weight, labels, columns, right=linear_loss):
    loss, dx = right(x, weight, labels, columns)[{{at}}], np.zeros(x.shape)
    for i in range(0, {{classes_of}}, columns):
        part = slice(i, i + columns)
        z = x @ {{piece}}
        g = np.exp(z - z.max(axis=1, keepdims=True))
        g /= g.sum(axis=1, keepdims=True)
        here = (labels >= i) & (labels < i + columns)
        g[here, labels[here] - i] -= 1
        dx += g @ {{piece}}.T / {{divisor}}
    return {{result}}


# %% tags=["mistake"] question="q7"
says = "your loss is not finite"


def linear_loss(x, weight, labels, columns, right=linear_loss):
    found, part = list(right(x, weight, labels, columns)), slice(None)
    with np.errstate(all="ignore"):
        found[{{at}}] += 0 * np.exp(x @ {{piece}}).sum()
    return tuple(found)


# %% tags=["mistake"] question="q7"
says = "their {{reduction}} is not"


def linear_loss(x, weight, labels, columns, right=linear_loss):
    loss, dx = (
        right(x, weight, labels, columns)[{{at}}],
        right(x, weight, labels, columns)[{{1 - at}}],
    )
    loss, dx = (
        loss * {{6 if reduction == "mean" else 0.1}},
        dx * {{6 if reduction == "mean" else 0.1}},
    )
    return {{result}}


# %% tags=["mistake"] question="q7"
says = "the gradient should have the shape"
hint = "That is the gradient with respect to the weights; the one with respect to x was asked for."


def linear_loss(x, weight, labels, columns, right=linear_loss):
    part, loss = slice(None), right(x, weight, labels, columns)[{{at}}]
    g = x @ {{piece}}
    g = np.exp(g - g.max(axis=1, keepdims=True))
    g /= g.sum(axis=1, keepdims=True)
    g[np.arange(len(x)), labels] -= 1
    dx = g.T @ x / {{divisor}}
    return {{result}}


# %% tags=["mistake"] question="q7"
says = "nudging an entry of x changes the loss at a rate of"
hint = "The gradient should be that of the {{reduction}}, as the loss is."


def linear_loss(x, weight, labels, columns, right=linear_loss):
    found = right(x, weight, labels, columns)
    loss, dx = found[{{at}}], found[{{1 - at}}]
    dx = dx * (len(x) if {{divisor}} > 1 else 1 / len(x))
    return {{result}}


# %% tags=["mistake"] question="q7"
says = "all 2,000 columns of them 8"
hint = "Not all digits are right; were sums kept in a shorter format, or rounded?"


def linear_loss(x, weight, labels, columns, right=linear_loss):
    part = slice(None)
    logits = x @ {{piece}}
    found = right(x, weight, labels, columns)
    loss, dx = found[{{at}}], found[{{1 - at}}].round(4 + 0 * len(logits))
    return {{result}}


# %% [markdown]
# ## 8 · {{title}} ★★★ ({{points["q8"]}} points)
#
# {{ask}}
#
# *Sections: [One row, read once]({{book}}/06_at_scale.html#one-row-read-once), [Any cut, any order]({{book}}/06_at_scale.html#any-cut-any-order).*

# %% [markdown] nbgrader={"grade_id": "q8", "grade": true, "solution": true, "points": 4}
# ### BEGIN SOLUTION
# {{answer}}
# ### END SOLUTION

# %% [markdown] tags=["rubric"] question="q8"
# **Rubric, 4 points**
#
# {{marks}}
