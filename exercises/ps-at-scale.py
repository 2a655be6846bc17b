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
        {"dtype": "bfloat16", "bits": 8, "classes": 50_257},
        {"dtype": "float16", "bits": 11, "classes": 128_256},
        {"dtype": "float16", "bits": 11, "classes": 50_257},
        {"dtype": "bfloat16", "bits": 8, "classes": 32_000},
        {"dtype": "float32", "bits": 24, "classes": 10**9},
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
            "third": r"t = \sum_j e^{z_j - m} (z_j - m)",
            "inward": "t",
            "outward": "t",
            "entropy": r"\ln s - t/s",
            "of_state": "np.log(s) - t / s",
            "shifts": "0",
        },
        {
            "third": r"t = \sum_j e^{z_j - m} (m - z_j)",
            "inward": "-t",
            "outward": "-t",
            "entropy": r"\ln s + t/s",
            "of_state": "np.log(s) + t / s",
            "shifts": "0",
        },
        {
            "third": r"t = \sum_j e^{z_j - m} z_j",
            "inward": "t - base * s",
            "outward": "t + top * s",
            "entropy": r"m + \ln s - t/s",
            "of_state": "m + np.log(s) - t / s",
            "shifts": "2 * (base - top) * s",
        },
    ],
    "layer": [
        {
            "layout": "$(K, D)$",
            "scores": "x[part] @ weight.T",
            "slope": "g.T @ x[part]",
            "turned": "weight",
            "reduction": "mean",
            "divisor": "len(x)",
            "result": "(loss, dweight)",
            "at": 0,
        },
        {
            "layout": "$(D, K)$",
            "scores": "x[part] @ weight",
            "slope": "x[part].T @ g",
            "turned": "weight.T",
            "reduction": "mean",
            "divisor": "len(x)",
            "result": "(loss, dweight)",
            "at": 0,
        },
        {
            "layout": "$(K, D)$",
            "scores": "x[part] @ weight.T",
            "slope": "g.T @ x[part]",
            "turned": "weight",
            "reduction": "sum",
            "divisor": "1",
            "result": "(loss, dweight)",
            "at": 0,
        },
        {
            "layout": "$(D, K)$",
            "scores": "x[part] @ weight",
            "slope": "x[part].T @ g",
            "turned": "weight.T",
            "reduction": "sum",
            "divisor": "1",
            "result": "(dweight, loss)",
            "at": 1,
        },
        {
            "layout": "$(D, K)$",
            "scores": "x[part] @ weight",
            "slope": "x[part].T @ g",
            "turned": "weight.T",
            "reduction": "mean",
            "divisor": "len(x)",
            "result": "(dweight, loss)",
            "at": 1,
        },
    ],
    "proof": [
        {
            "title": "One pass, one fair draw",
            "ask": r"Question 5 draws a class while the logits $z_0, \dots, z_{K-1}$ stream by: class 0 is the first candidate, and class $n$ replaces the candidate, whichever it is, with probability $r_n = e^{z_n} / (e^{z_0} + \dots + e^{z_n})$, independently of all that went before. Prove that after the last logit class $k$ is the candidate with probability $\operatorname{softmax}(z)_k$. Then find how often the candidate changes on average if all $K$ logits are equal, and show that this is at most $\ln K$.",
            "answer": r"""Write $S_n = e^{z_0} + \dots + e^{z_n}$. *Claim*: after logit $n$ class $k \le n$ is the candidate with probability $e^{z_k} / S_n$. For $n = 0$ class 0 is the candidate with probability $1 = e^{z_0}/S_0$. Let the claim hold for $n - 1$. Class $n$ becomes the candidate with probability $r_n = e^{z_n} / S_n$. A class $k < n$ is the candidate afterwards if it was before and is not replaced; the two are independent, so the probability is

$$\frac{e^{z_k}}{S_{n-1}} (1 - r_n) = \frac{e^{z_k}}{S_{n-1}} \cdot \frac{S_n - e^{z_n}}{S_n} = \frac{e^{z_k}}{S_{n-1}} \cdot \frac{S_{n-1}}{S_n} = \frac{e^{z_k}}{S_n}$$

and the claim holds for $n$. At $n = K - 1$ it says $e^{z_k} / S_{K-1} = \operatorname{softmax}(z)_k$.

*Changes.* For equal logits $r_n = 1/(n + 1)$. A mean of a sum is the sum of the means, so the candidate changes $\sum_{n=1}^{K-1} \frac{1}{n+1} = \frac12 + \frac13 + \dots + \frac1K$ times on average. Since $\frac1j \le \int_{j-1}^{j} \frac{dx}{x}$, this is at most $\int_1^K \frac{dx}{x} = \ln K$. ∎""",
            "marks": r"""- 1: states what is true after each logit, for all classes so far, and starts it.
- 1: the step for an old class: it was the candidate and was not replaced, independent, so the probabilities multiply.
- 1: $1 - r_n = S_{n-1}/S_n$, and the end at $K - 1$.
- 1: the mean number of changes as a sum, and the bound with a reason.

A direct product $r_k \prod_{n > k} (1 - r_n)$ that is shown to telescope earns the first three points too.""",
        },
        {
            "title": "In any order, in any brackets",
            "ask": r"Let a block of logits, $-\infty$ allowed, have the state $(m, s)$ with $m$ its maximum and $s = \sum_j e^{z_j - m}$; a block without a finite logit has the state $(-\infty, 0)$. Merging gives $(m, s) \oplus (m', s') = (M, s e^{m - M} + s' e^{m' - M})$ with $M = \max(m, m')$, where $e^{-\infty} = 0$, and $(-\infty, 0)$ if $M = -\infty$. Prove that the merged state is the state of the two blocks together. Conclude that $\oplus$ is commutative and associative on such states, so that blocks may be merged in any order and in any brackets. Then prove that along the way, with $n$ logits merged so far and one of them finite, $1 \le s \le n$.",
            "answer": r"""*The merged state.* Let $M = \max(m, m')$; it is the maximum of all logits of both blocks. If $M = -\infty$, no logit is finite, and $(-\infty, 0)$ is the state by definition. Else let $m$ be finite. Then $s e^{m - M} = \sum_j e^{z_j - m} e^{m - M} = \sum_j e^{z_j - M}$ over the first block (a logit of $-\infty$ adds 0 on both sides). If $m = -\infty$, then $s = 0$, and $\sum_j e^{z_j - M} = 0$ too, since each logit is $-\infty$. The same for the second block. So the second entry is $\sum e^{z_j - M}$ over both blocks, which is what the state of the two together has.

*Order and brackets.* Let $A, B, C$ be blocks with states $a, b, c$. Then $a \oplus b$ is the state of $A$ and $B$ together, and so is $b \oplus a$, since neither maximum nor sum depends on the order. And $(a \oplus b) \oplus c$ and $a \oplus (b \oplus c)$ are both the state of all logits of $A, B, C$. So they are equal.

*Bounds.* By the first part each state on the way is $(m, s)$ with $m$ the maximum of the $n$ logits so far and $s$ the sum of their $e^{z_j - m}$. One term has $z_j = m$ and is 1; no term is negative, so $s \ge 1$; none is above 1, so $s \le n$. ∎""",
            "marks": r"""- 1: the merged maximum, and $s e^{m - M} = \sum e^{z_j - M}$ for a block with a finite logit.
- 1: the cases with $-\infty$, of one block and of both.
- 1: commutative and associative, as both sides are the state of the same logits (or by calculation, with the cases).
- 1: $1 \le s \le n$, both sides with a reason.""",
        },
    ],
}

# %% [markdown]
# # Problem set: softmax at scale
#
# It goes with [chapter 6]({{book}}/06_at_scale.html). The questions become harder: ★ recalls, ★★ applies, ★★★ derives or builds.
#
# {{rules}}

# %%
import tracemalloc

import matplotlib.pyplot as plt
import numpy as np

# %% [markdown]
# ## 1 · What fits on the card ★ ({{points["q1"]}} points)
#
# A graphics card has {{room}} {{unit}} free, where 1 {{unit}} is {{means}}. The loss of a language model with {{format(vocabulary, ",")}} tokens holds, for each position of the text, {{held}}, with {{each}} bytes for each number, all at the same time. For how many positions is there room? Assign the whole number to `positions`.
#
# *Section: [BYTES]({{book}}/06_at_scale.html#bytes).*

# %% nbgrader={"grade_id": "q1-answer", "solution": true}
### BEGIN SOLUTION
positions = {{room}} * {{unit_bytes}} // ({{arrays}} * {{vocabulary}} * {{each}})
### END SOLUTION

# %% nbgrader={"grade_id": "q1", "grade": true, "points": 2}
assert np.ndim(positions) == 0, f"positions should be one number, got {positions!r}"
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
rtol, atol = 0, 0.5

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
# ## 2 · A sum that stops growing ★ ({{points["q2"]}} points)
#
# A program adds up the exponentials of {{format(classes, ",")}} equal logits, after it has subtracted the maximum, one after the other. Each sum is rounded to {{dtype}}, whose numbers have {{bits}} significant binary digits, to the nearest, and from halfway to the even one. By how many nats is the loss that it reports too small? Assign the number, right to three digits or better, to `missing`. The logarithm at the end is exact.
#
# *Section: [SUMS]({{book}}/06_at_scale.html#sums).*

# %% nbgrader={"grade_id": "q2-answer", "solution": true}
### BEGIN SOLUTION
stuck = 2.0 ** {{bits}}  # from here on the next number is 2 away, and adding 1 rounds back
missing = np.log({{classes}}) - np.log(stuck)
### END SOLUTION

# %% nbgrader={"grade_id": "q2", "grade": true, "points": 2}
assert np.ndim(missing) == 0, f"missing should be one number, got {missing!r}"
assert missing > 0, f"the loss is too small, so something is missing; got {missing:.3f}"
assert missing < np.log({{classes}}), (
    f"the true loss is ln {{classes}}, {np.log({{classes}}):.3f}, and cannot miss more than that; got {missing:.3f}"
)
assert missing > 0.1, (
    f"only {missing:.2g}? Adding 1 to a large number that is rounded may leave it as it is"
)

# %% tags=["grading"] question="q2"
name = "missing"
rtol = 2e-3

# %% tags=["mistake"] question="q2"
says = "the loss is too small, so something is missing"
missing = -missing

# %% tags=["mistake"] question="q2"
says = "Adding 1 to a large number that is rounded may leave it as it is"
missing = 2.0 ** -{{bits}}

# %% tags=["mistake"] question="q2"
says = "that is what the program reports"
hidden = True
missing = {{bits}} * np.log(2)

# %% tags=["mistake"] question="q2"
says = "up to 2 to the power of the digits all whole numbers can be told apart"
hidden = True
missing = np.log({{classes}}) - ({{bits}} - 1) * np.log(2)

# %% tags=["mistake"] question="q2"
says = "that is in bits"
hidden = True
missing = missing / np.log(2)

# %% [markdown]
# ## 3 · Merge two blocks ★★ ({{points["q3"]}} points)
#
# Two processors have each read a block of the same row of logits. Each sends its state, the tuple `{{state}}` of the maximum $m$ of its block and the sum $s = \sum_j {{power}}^{z_j - m}$.{{remark}} A block in which every logit is $-\infty$ has $m = -\infty$ and $s = 0$.
#
# Write `merge(left, right)`: the state of the two blocks together, in the same order `{{state}}`. $m$ and $s$ may be numbers, or arrays of one shape with an entry for each row. Logits may be $10^5$ in size.
#
# *Section: [RECURRENCE]({{book}}/06_at_scale.html#recurrence).*


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
    for shape, size in [((), 3.0), ((6,), 30.0), ((5,), 1e5), ((2, 3), 800.0)]:
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


# %% [markdown]
# ## 4 · Mend the stream ★★ ({{points["q4"]}} points)
#
# `logsumexp_found` reads the rows of `z`, of shape $(N, K)$, `block` classes at a time, and should return the logsumexp of each row, with no more than a block in hand. The rows below are logarithms of seven probabilities, moved by some number, so that their logsumexp is that number; in the last, all is on one class. Find the fault, and write `logsumexp(z, block)`, which is right for any finite logits up to $10^5$ in size, and any `block` from 1 on.
#
# *Section: [RECURRENCE]({{book}}/06_at_scale.html#recurrence).*


# %%
def logsumexp_found(z, block):
    """The logsumexp of each row, read a block at a time (so it says)."""
    m, s = np.full(len(z), {{start}}), np.zeros(len(z))
    for i in range(0, {{end}}, block):
        part = z[:, i : i + block]
        new = {{new}}
        s = {{old}} + np.exp(part - new[:, None]).sum(axis=1)
        m = new
    return m + np.log(s)


seven = np.log([0.05, 0.1, 0.15, 0.2, 0.15, 0.05, 0.3])
moved = np.vstack([seven, seven + 1000, seven - 1000, [1000] + [-1000] * 6])
with np.errstate(all="ignore"):
    print("wanted 0, 1000, -1000, 1000")
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
    return m + np.log(s)
    ### END SOLUTION


# %% nbgrader={"grade_id": "q4", "grade": true, "points": 3}
moved = np.vstack([seven, seven + 1000, seven - 1000, [1000] + [-1000] * 6])
with np.errstate(all="ignore"):
    found = np.array([logsumexp(moved, block) for block in (1, 2, 3, 7)])
    given = np.array([logsumexp_found(moved, block) for block in (1, 2, 3, 7)])
    assert found.shape == (4, 4), f"four rows have four results, got shape {found.shape[1:]}"
    assert not np.allclose(found, given, equal_nan=True), (
        "that is what logsumexp_found returns, fault and all"
    )
for row, want in enumerate([0, 1000, -1000, 1000]):
    for block, value in zip((1, 2, 3, 7), found[:, row], strict=True):
        assert np.isfinite(value), (
            f"row {row} in blocks of {block} gives {value}; an exponential or a sum left the range of a float"
        )
        assert abs(value - want) < 1e-9, (
            f"row {row} in blocks of {block} should give {want}, got {value:.4f}; the answer may not depend on the blocks"
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
    return drawn


# %% tags=["mistake"] question="q4"
says = "that is what logsumexp_found returns, fault and all"
logsumexp = logsumexp_found

# %% tags=["mistake"] question="q4"
says = "an exponential or a sum left the range of a float"


def logsumexp(z, block):
    return np.log(sum(np.exp(z[:, i : i + block]).sum(axis=1) for i in range(0, z.shape[1], block)))


# %% tags=["mistake"] question="q4"
says = "the answer may not depend on the blocks"


def logsumexp(z, block):
    parts = [z[:, i : i + block] for i in range(0, z.shape[1], block)]
    tops = [part.max(axis=1) for part in parts]
    each = [
        m + np.log(np.exp(p - m[:, None]).sum(axis=1)) for p, m in zip(parts, tops, strict=True)
    ]
    return np.max(each, axis=0)


# %% [markdown]
# ## 5 · Draw while you read ★★ ({{points["q5"]}} points)
#
# A class can be drawn from the softmax of a row without ever holding the row. Read the logits of row $i$ {{order}}, and keep one *candidate*. The class that is read first is the candidate at the beginning. For each class $k$ that is read after it let $r$ be $e^{z_k}$ divided by the sum of the exponentials of *all classes read so far, $k$ included*; {{rule}}. The last candidate is the draw.
#
# Write `draw(logits, uniforms)` for two arrays of shape $(N, K)$; it returns the draws, $N$ class numbers. The logits of a row may be $10^4$ in size, of either sign.
#
# *Section: [RECURRENCE]({{book}}/06_at_scale.html#recurrence).*


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
# How unsure is a model with a million classes? The entropy of its softmax can be had in the pass that finds the loss, if the state carries a third number. Let the state of a row be $m$, the maximum of the logits read so far, $s = \sum_j e^{z_j - m}$, and
#
# $${{third}}$$
#
# Then $H = {{entropy}}$. At the start $m = -\infty$ and $s = t = 0$. A logit of $-\infty$ adds nothing to any of the sums.
#
# Write `absorb(state, part)`. `state` is `(m, s, t)`, three arrays with an entry for each of $N$ rows, and `part`, of shape $(N, n)$, holds the next logits of each row; the result is the state after them, again `(m, s, t)`. A row may still have read nothing but $-\infty$.
#
# *Section: [RECURRENCE]({{book}}/06_at_scale.html#recurrence).*


# %%
def entropies(state):
    """The entropy of each row in nats, from its state."""
    m, s, t = state
    return {{of_state}}


# %% nbgrader={"grade_id": "q6-answer", "solution": true}
def absorb(state, part):
    """The state (m, s, t) after the next logits of each row."""
    ### BEGIN SOLUTION
    m, s, t = state
    base = np.where(m == -np.inf, 0.0, m)
    t = {{inward}}  # the sum of e^(z - m) (z - m)
    new = np.maximum(m, part.max(axis=1))
    top = np.where(new == -np.inf, 0.0, new)
    keep = np.exp(m - top)
    t = keep * (t + (base - top) * s)  # each old z - m becomes z - m + (m - new)
    gap = np.where(part == -np.inf, 0.0, part - top[:, None])
    weight = np.where(part == -np.inf, 0.0, np.exp(gap))
    s = keep * s + weight.sum(axis=1)
    t = t + (weight * gap).sum(axis=1)
    return new, s, {{outward}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q6", "grade": true, "points": 3}
p = np.array([[0.05, 0.05, 0.1, 0.5, 0.3], [0.4, 0.3, 0.1, 0.1, 0.1]])
start = (np.full(2, -np.inf), np.zeros(2), np.zeros(2))


with np.errstate(all="ignore"):
    once = absorb(start, np.log(p))
    assert len(once) == 3, f"a state has three parts, got {len(once)}"
    shapes = [np.shape(part) for part in once]
    assert shapes == [(2,)] * 3, f"two rows have two of each, got shapes {shapes}"
    assert np.allclose(once[1], 1 / p.max(axis=1)), (
        f"relative to the largest probability the others sum to {1 / p.max(axis=1)}, got s = {once[1]}"
    )
    right = -(p * np.log(p)).sum(axis=1)
    assert np.allclose(entropies(once), right), (
        f"read at once, the two rows have the entropies {right.round(4)}; your state gives {entropies(once).round(4)}: how is t defined?"
    )
    twice = absorb(absorb(start, np.log(p[:, :2])), np.log(p[:, 2:]))
    assert np.allclose(twice[1], once[1]), (
        f"read in two parts the sums should be {once[1]} again, got {np.round(twice[1], 4)}"
    )
    assert np.isclose(entropies(twice)[1], right[1]), (
        f"row 1 read in two parts, its maximum in the first, should have the entropy {right[1]:.4f} again, got {entropies(twice)[1]:.4f}"
    )
    assert np.isclose(entropies(twice)[0], right[0]), (
        f"row 0 read in two parts, its maximum in the second, should have the entropy {right[0]:.4f} again, got {entropies(twice)[0]:.4f}: what becomes of the old t when the maximum moves?"
    )
    masked = absorb(absorb(start, np.full((2, 2), -np.inf)), np.log([[0.5, 0.5, 0], [1.0, 0, 0]]))
    assert not np.any(np.isnan(np.array(masked))), (
        "0 times minus infinity is nan: a logit of minus infinity adds nothing"
    )
    assert np.allclose(entropies(masked), [np.log(2), 0]), (
        f"two equal logits have the entropy ln 2 and a single one has 0, got {np.round(entropies(masked), 4)}"
    )

# %% tags=["grading"] question="q6"
name = "absorb"


def inputs(rng):
    drawn = []
    for n, k, size in [(4, 3, 3.0), (3, 3, 50.0), (1, 20, 2.0), (6, 5, 300.0)]:
        state = (np.full(n, -np.inf), np.zeros(n), np.zeros(n))
        old, new = size * rng.normal(size=(2, n, k))
        old = np.where(rng.random((n, k)) < 0.2, -np.inf, old)
        old[0] = -np.inf if n > 1 else old[0]
        new = np.where(rng.random((n, k)) < 0.2, -np.inf, new)
        drawn += [(state, old), (absorb(state, old), new)]
    return drawn


# %% tags=["mistake"] question="q6"
says = "what becomes of the old t when the maximum moves?"
right_one = absorb


def absorb(state, part):
    m, s, t = state
    new, total, third = right_one(state, part)
    base, top = np.where(m == -np.inf, 0.0, m), np.where(new == -np.inf, 0.0, new)
    only = right_one((m, s, 0 * t), part)[2] - right_one((m, 0 * s, 0 * t), part)[2]
    return new, total, third - only + np.exp(m - top) * {{shifts}}


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


# %% [markdown]
# Once your function works: a million classes, read in parts. A model that knows nothing has the entropy $\ln n$ after $n$ classes; the larger the logits, the less of it is left.

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
ax.set(xscale="log", xlabel="classes read", ylabel="entropy so far (nats)")
ax.legend()

# %% [markdown]
# ## 7 · The loss without the logits ★★★ ({{points["q7"]}} points)
#
# A linear layer makes the logits, `x` times the weights, and all of them at once would not fit. Write `linear_loss(x, weight, labels, rows)`, which makes and uses the logits of at most `rows` examples at a time. `x` has shape $(N, D)$, `weight` has shape {{layout}}, `labels` holds an index for each example, and `rows` need not divide $N$. Return the tuple `{{result}}`: the {{reduction}} of the cross-entropy over all examples in nats, and its gradient with respect to the weights, in their shape. Logits may be $10^3$ in size. The check below measures the memory you take.
#
# *Section: [CHUNKS]({{book}}/06_at_scale.html#chunks).*


# %% nbgrader={"grade_id": "q7-answer", "solution": true}
def linear_loss(x, weight, labels, rows):
    """The {{reduction}} loss and its gradient by the weights, some rows at a time: {{result}}."""
    ### BEGIN SOLUTION
    loss, dweight = 0.0, np.zeros(weight.shape)
    for i in range(0, len(x), rows):
        part = slice(i, i + rows)
        g = {{scores}}
        own = np.arange(len(g)), labels[part]
        g -= g.max(axis=1, keepdims=True)
        z_own = g[own]
        np.exp(g, out=g)
        sums = g.sum(axis=1, keepdims=True)
        loss += (np.log(sums[:, 0]) - z_own).sum() / {{divisor}}
        g /= sums
        g[own] -= 1
        dweight += {{slope}} / {{divisor}}
    return {{result}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q7", "grade": true, "points": 4}
def ask(x, weight, labels, rows):
    found = linear_loss(x, {{turned}}.copy(), labels, rows)
    assert isinstance(found, tuple | list), f"a tuple {{result}} was asked for, got {type(found)}"
    loss, dweight = found[{{at}}], found[{{1 - at}}]
    assert np.shape(loss) == (), (
        f"the loss should be one number, got shape {np.shape(loss)}; in the order {{result}}?"
    )
    want = {{turned}}.shape
    assert np.shape(dweight) == want, (
        f"the gradient should have the shape {want} of the weights, got {np.shape(dweight)}"
    )
    return loss, {{turned.replace("weight", "dweight")}}


rng = np.random.default_rng(0)
x, weight, labels = rng.normal(size=(10, 4)), rng.normal(size=(6, 4)), rng.integers(6, size=10)
whole, slope = ask(x, weight, labels, 10)
alone = [ask(x[i : i + 1], weight, labels[i : i + 1], 1)[0] for i in range(10)]
total = sum(alone) / {{10 if reduction == "mean" else 1}}
assert np.isclose(whole, total), (
    f"one example at a time the losses have the {{reduction}} {total:.4f}, and all ten in one chunk give {whole:.4f}"
)
step = 1e-5 * np.eye(24)[7].reshape(6, 4)
nudge = (ask(x, weight + step, labels, 10)[0] - ask(x, weight - step, labels, 10)[0]) / 2e-5
assert np.isclose(slope[1, 3], nudge, rtol=1e-4), (
    f"nudging a weight changes the loss at a rate of {nudge:.4f}, your gradient says {slope[1, 3]:.4f}"
)
for rows in (5, 4, 3):
    loss, dweight = ask(x, weight, labels, rows)
    assert np.isclose(loss, whole), (
        f"in chunks of {rows} the loss of ten examples should be {whole:.4f} again, got {loss:.4f}; the last chunk may be shorter"
    )
    assert np.allclose(dweight, slope), (
        f"in chunks of {rows} the gradient should be the same as in one; does each chunk add its share of all ten examples?"
    )
with np.errstate(all="ignore"):
    assert np.isfinite(ask(1e3 * x, weight, labels, 4)[0]), (
        "for logits in the thousands your loss is not finite"
    )
x, weight, labels = (
    rng.normal(size=(2000, 4)),
    rng.normal(size=(500, 4)),
    rng.integers(500, size=2000),
)
tracemalloc.start()
ask(x, weight, labels, 50)
peak = tracemalloc.get_traced_memory()[1] / 1e6
tracemalloc.stop()
assert peak < 3, (
    f"you held {peak:.1f} MB at a time: fifty rows of 500 logits take 0.2 MB, and all 2,000 of them 8"
)

# %% tags=["grading"] question="q7"
name = "linear_loss"


def inputs(rng):
    drawn = []
    for n, d, k, rows, size in [
        (10, 3, 4, 4, 1),
        (7, 7, 7, 7, 1),
        (30, 5, 27, 8, 1),
        (5, 2, 3, 2, 400),
    ]:
        x, weight = size * rng.normal(size=(n, d)), rng.normal(size=(k, d))
        drawn.append((x, {{turned}}.copy(), rng.integers(k, size=n), rows))
    return drawn


# %% tags=["mistake"] question="q7"
says = "the last chunk may be shorter"


def linear_loss(x, weight, labels, rows, right=linear_loss):
    starts = range(0, len(x) - rows + 1, rows)
    parts = [right(x[i : i + rows], weight, labels[i : i + rows], rows) for i in starts]
    first, second = zip(*parts, strict=True)
    chunks = len(parts) if {{divisor}} > 1 else 1
    return sum(first) / chunks, sum(second) / chunks


# %% tags=["mistake"] question="q7"
says = "does each chunk add its share of all ten examples?"


def linear_loss(x, weight, labels, rows, right=linear_loss):
    loss = right(x, weight, labels, rows)[{{at}}]
    start = (len(x) - 1) // rows * rows
    share = (len(x) - start) / len(x) if {{divisor}} > 1 else 1
    last = right(x[start:], weight, labels[start:], rows)
    dweight = share * last[{{1 - at}}]
    return {{result}}


# %% tags=["mistake"] question="q7"
says = "your loss is not finite"


def linear_loss(x, weight, labels, rows, right=linear_loss):
    found, part = list(right(x, weight, labels, rows)), slice(None)
    with np.errstate(all="ignore"):
        over = np.isinf(np.exp({{scores}}).sum())
    found[{{at}}] += np.inf if over else 0
    return tuple(found)


# %% [markdown]
# ## 8 · {{title}} ★★★ ({{points["q8"]}} points)
#
# {{ask}}
#
# *Section: [RECURRENCE]({{book}}/06_at_scale.html#recurrence).*

# %% [markdown] nbgrader={"grade_id": "q8", "grade": true, "solution": true, "points": 4}
# ### BEGIN SOLUTION
# {{answer}}
# ### END SOLUTION

# %% [markdown] tags=["rubric"] question="q8"
# **Rubric, 4 points**
#
# {{marks}}
