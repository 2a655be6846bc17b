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
    "lottery": [
        {"balls": 49, "drawn": 6, "orders": 720},
        {"balls": 45, "drawn": 6, "orders": 720},
        {"balls": 50, "drawn": 5, "orders": 120},
        {"balls": 39, "drawn": 7, "orders": 5040},
        {"balls": 47, "drawn": 6, "orders": 720},
        {"balls": 42, "drawn": 6, "orders": 720},
        {"balls": 33, "drawn": 7, "orders": 5040},
        {"balls": 35, "drawn": 7, "orders": 5040},
    ],
    "unit": [
        {"wanted": r"the base $b$ of their logarithm", "result": "np.exp(nats)"},
        {"wanted": r"how many nats one of their units has, $\ln b$", "result": "nats"},
        {
            "wanted": r"how many bits one of their units has, $\log_2 b$",
            "result": "nats / np.log(2)",
        },
        {
            "wanted": r"how many hartleys one of their units has, $\log_{10} b$",
            "result": "nats / np.log(10)",
        },
    ],
    "scale": [
        {"base": 10, "log": "np.log10", "range": r"$1 \le m < 10$", "low": 1, "above": 0},
        {"base": 2, "log": "np.log2", "range": r"$1 \le m < 2$", "low": 1, "above": 0},
        {
            "base": 10,
            "log": "np.log10",
            "range": r"$\frac{1}{10} \le m < 1$",
            "low": 0.1,
            "above": 1,
        },
        {"base": 2, "log": "np.log2", "range": r"$\frac12 \le m < 1$", "low": 0.5, "above": 1},
    ],
    "coin": [0.5, 0.4, 0.3, 0.25, 0.6, 0.45, 0.35, 0.55],
    "spent": [
        {
            "spent": "how many digits the code spends on the message",
            "as_spent": "total",
            "total": "digits(counts)",
            "spends": "digits",
        },
        {
            "spent": "how many digits the code spends on a letter of the message, on average",
            "as_spent": "total / sum(counts)",
            "total": "digits(counts) * sum(counts)",
            "spends": "digits per letter",
        },
        {
            "spent": "how many bytes of eight digits the code spends on the message, as a fraction where it is no whole number",
            "as_spent": "total / 8",
            "total": "digits(counts) * 8",
            "spends": "bytes",
        },
    ],
    "merging": [
        {"least": 1, "adds": "a + b", "put": "[*rest, a + b]"},
        {"least": 1, "adds": "a + b", "put": "sorted([*rest, max(a, b)])"},
        {"least": 2, "adds": "a + b", "put": "sorted([*rest, a + b])"},
        {"least": 1, "adds": "a", "put": "sorted([*rest, a + b])"},
        {"least": 1, "adds": "a + b", "put": "sorted([*rest, a + b], reverse=True)"},
    ],
    "block": [
        {"heads": 0.95, "percent": 5},
        {"heads": 0.94, "percent": 10},
        {"heads": 0.95, "percent": 10},
        {"heads": 0.97, "percent": 10},
        {"heads": 0.96, "percent": 7},
    ],
    "arithmetic": [
        {
            "digits": 2,
            "order": "from the left in the order 0, 1, 2, …",
            "first": "counts[:k]",
            "other": "counts[k + 1 :]",
            "which": "smallest",
            "chosen": "lowest",
            "words": ("0", "10"),
            "tie": ([1], [1, 1, 1], "011"),
            "letter": 1,
            "backwards": "100",
        },
        {
            "digits": 3,
            "order": "from the left in the order 0, 1, 2, …",
            "first": "counts[:k]",
            "other": "counts[k + 1 :]",
            "which": "largest",
            "chosen": "highest",
            "words": ("0", "12"),
            "tie": ([1], [1, 3], "2"),
            "letter": 1,
            "backwards": "120",
        },
        {
            "digits": 2,
            "order": "from the right, so that letter 0 has the rightmost part, letter 1 the one left of it, and so on",
            "first": "counts[k + 1 :]",
            "other": "counts[:k]",
            "which": "largest",
            "chosen": "highest",
            "words": ("1", "00"),
            "tie": ([1], [1, 1, 1], "100"),
            "letter": 2,
            "backwards": "011",
        },
        {
            "digits": 3,
            "order": "from the right, so that letter 0 has the rightmost part, letter 1 the one left of it, and so on",
            "first": "counts[k + 1 :]",
            "other": "counts[:k]",
            "which": "smallest",
            "chosen": "lowest",
            "words": ("2", "00"),
            "tie": ([1], [1, 3], "0"),
            "letter": 2,
            "backwards": "102",
        },
    ],
    "proof": [
        {
            "title": "A pair has at most the entropy of its two letters",
            "ask": r"Let $p_{ij}$ be the probability that a pair of neighbouring letters is $(i, j)$. Then $a_i = \sum_j p_{ij}$ is the probability of $i$ as the first letter, and $b_j = \sum_i p_{ij}$ that of $j$ as the second. Prove that $H(p) \le H(a) + H(b)$, and say exactly when the two sides are equal. Take care of pairs of probability 0.",
            "answer": r"""Only terms with $p_{ij} > 0$ contribute to $H(p)$, and for these $a_i > 0$ and $b_j > 0$. Since $a_i$ is a sum over $j$,

$$H(a) = -\sum_i a_i \ln a_i = -\sum_{p_{ij} > 0} p_{ij} \ln a_i, \qquad H(b) = -\sum_{p_{ij} > 0} p_{ij} \ln b_j$$

Hence, with $\ln t \le t - 1$ for $t = a_i b_j / p_{ij}$,

$$H(p) - H(a) - H(b) = \sum_{p_{ij} > 0} p_{ij} \ln \frac{a_i b_j}{p_{ij}} \le \sum_{p_{ij} > 0} (a_i b_j - p_{ij}) = \sum_{p_{ij} > 0} a_i b_j - 1 \le \sum_{i, j} a_i b_j - 1 = 0$$

Equality needs two things: $t = 1$ in each term, so $p_{ij} = a_i b_j$ where $p_{ij} > 0$; and nothing lost in the last step, so $a_i b_j = 0$ where $p_{ij} = 0$. Together: $p_{ij} = a_i b_j$ for all $i, j$, which says that the two letters are independent. Conversely, then every step is an equality. ∎""",
            "marks": r"""- 1: writes $H(a)$ and $H(b)$ as sums over the pairs.
- 1: puts the three entropies into one sum and bounds it by the tangent (or by Jensen's inequality, named).
- 1: sums correctly where some $p_{ij}$ are 0: the sum of $a_i b_j$ over the possible pairs is at most 1.
- 1: equality exactly for independent letters, with the reason, in both directions. No point for "if they are independent" alone.""",
        },
        {
            "title": "Knowing only the group leaves less entropy",
            "ask": r"The outcomes $0, \dots, K - 1$ have the probabilities $p_k$. Somebody sorts them into groups (vowels and consonants, for example), each outcome into one group, and tells you only the group. Group $j$ has the probability $P_j$, the sum of the $p_k$ in it. Prove that $H(P) \le H(p)$, find the difference as a sum over the groups, and say exactly when the two entropies are equal. Take care of outcomes and groups of probability 0.",
            "answer": r"""Write $j(k)$ for the group of $k$. If $p_k > 0$ then $P_{j(k)} \ge p_k > 0$, and $q_k = p_k / P_{j(k)}$ lies in $(0, 1]$. Since $-\ln p_k = -\ln P_{j(k)} - \ln q_k$,

$$H(p) = -\sum_{p_k > 0} p_k \ln P_{j(k)} - \sum_{p_k > 0} p_k \ln q_k$$

Collect the terms of a group. In the first sum the probabilities in group $j$ add up to $P_j$, which leaves $-\sum_j P_j \ln P_j = H(P)$. In the second sum, $p_k = P_j q_k$ gives $\sum_j P_j \bigl(-\sum q_k \ln q_k\bigr)$, with the inner sum over the possible outcomes in group $j$. The $q_k$ of a group add up to 1, so the inner sum is the entropy $H_j$ of the outcome for somebody who knows the group:

$$H(p) - H(P) = \sum_{P_j > 0} P_j H_j \ge 0$$

since entropies are not negative. The difference is 0 exactly if $H_j = 0$ for each group that can occur, that is, if each such group has only one outcome of positive probability. ∎""",
            "marks": r"""- 1: splits the surprisal of an outcome into that of its group and that of the outcome within the group.
- 1: collects the terms and finds $H(P)$ in the first sum.
- 1: recognises the second sum as $\sum_j P_j H_j$, a mean of entropies, which are not negative; zeros treated.
- 1: equality exactly if each group that can occur has one possible outcome. "If every group has one member" misses outcomes of probability 0: half a point.""",
        },
    ],
}

# %% [markdown]
# # Problem set: surprisal and entropy
#
# It goes with [chapter 1]({{book}}/01_surprisal.html). The questions become harder: ★ recalls, ★★ applies, ★★★ derives or builds.
#
# {{rules}}

# %%
import matplotlib.pyplot as plt
import numpy as np

# %% [markdown]
# ## 1 · A jackpot in coins ★ ({{points["q1"]}} points)
#
# In a lottery, {{drawn}} of {{balls}} numbered balls are drawn, and the order does not count. You bought one ticket, with {{drawn}} different numbers on it, and all of them are drawn. How many fair coins, all showing heads, would be as surprising? Assign the number to `coins`, correct to three digits or better. It does not have to be a whole number.
#
# *Section: [Surprisal: why a logarithm]({{book}}/01_surprisal.html#surprisal-why-a-logarithm).*

# %% nbgrader={"grade_id": "q1-answer", "solution": true}
### BEGIN SOLUTION
i = np.arange({{drawn}})
coins = -np.log2(({{drawn}} - i) / ({{balls}} - i)).sum()  # ball by ball; the surprisals add
### END SOLUTION

# %% nbgrader={"grade_id": "q1", "grade": true, "points": 2}
assert 0 < coins < 1000, f"{coins:.4g} coins are too many or too few. Surprisal is a logarithm"
assert 2.0**coins > 1e6, (
    f"{coins:.1f} coins can fall in {2.0**coins:,.0f} ways, and there are more than a million tickets; one coin is one bit"
)
assert 2.0**coins < 1e8, (
    f"{coins:.1f} coins can fall in {2.0**coins:.1g} ways, and there are fewer than a hundred million tickets; does the order count, can a ball come twice?"
)

# %% tags=["grading"] question="q1"
name = "coins"
rtol = 5e-3

# %% tags=["mistake"] question="q1"
says = "one coin is one bit"
coins = coins * np.log(2)

# %% tags=["mistake"] question="q1"
says = "does the order count, can a ball come twice?"
coins = coins + np.log2({{orders}})

# %% tags=["mistake"] question="q1"
says = "does the order count, can a ball come twice?"
coins = {{drawn}} * np.log2({{balls}})

# %% tags=["mistake"] question="q1"
says = "Surprisal is a logarithm"
coins = 2.0**coins

# %% [markdown]
# ## 2 · In which unit was that? ★ ({{points["q2"]}} points)
#
# A file contains losses, each the surprisal of a probability, and the base of the logarithm is not known. You still have the probabilities. Write `unit(probs, losses)`. The two arrays have the same shape, which can be any shape, and all losses use the same base. Return {{wanted}}, as one number. Some of the probabilities may be 1, but not all.
#
# *Sections: [A logarithm to the wrong base]({{book}}/01_surprisal.html#a-logarithm-to-the-wrong-base), [Surprisal: why a logarithm]({{book}}/01_surprisal.html#surprisal-why-a-logarithm).*


# %% nbgrader={"grade_id": "q2-answer", "solution": true}
def unit(probs, losses):
    r"""Of the unit in which these losses are given: {{wanted}}."""
    ### BEGIN SOLUTION
    nats = -np.log(probs).sum() / losses.sum()  # of one unit; sums, since some losses are 0
    return {{result}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q2", "grade": true, "points": 2}
### BEGIN VALUES


def asked(nats):
    return {{result}}


right, divided = asked(np.log(10)), asked(1 / np.log(10))
units = [10.0, np.log(10), np.log2(10)]
### END VALUES
with np.errstate(all="ignore"):
    found = unit(np.array([1.0, 0.1, 0.01]), np.array([0.0, 1.0, 2.0]))
assert found is not None, "unit returned nothing; does it end in `return`?"
assert np.shape(found) == (), f"all losses are in one unit, got shape {np.shape(found)}"
assert not np.isnan(found), "a certain event has the loss 0 in any unit, and 0/0 is nan"
for what, value in zip(("base", "number of nats", "number of bits"), units, strict=True):
    assert np.isclose(right, value) or not np.isclose(found, value), (
        f"the losses are to base 10, and {found:.3f} is the {what}; the question asks for something else"
    )
assert not np.isclose(found, divided), (
    f"a smaller unit makes the losses larger; did you divide the wrong way, to get {found:.3f}?"
)
assert np.isclose(found, right), (
    f"for losses to base 10 that should be {right:.3f}, got {found:.3f}; which sign does the logarithm of a probability have?"
)

# %% tags=["grading"] question="q2"
name = "unit"


def inputs(rng):
    drawn = []
    for shape in [(5,), (3, 4), (1,), (2, 3, 2)]:
        probs = rng.uniform(0.01, 0.9, size=shape)
        probs.flat[1:] = np.where(rng.random(probs.size - 1) < 0.3, 1, probs.flat[1:])
        probs.flat[1:2] = 1
        probs.flat[:2] = probs.flat[:2][::-1]
        drawn.append((probs, np.abs(np.log(probs)) / np.log(rng.uniform(1.5, 20))))
    return drawn


# %% tags=["mistake"] question="q2"
says = "0/0 is nan"


def unit(probs, losses):
    nats = (-np.log(probs) / losses).mean()
    return {{result}}


# %% tags=["mistake"] question="q2"
says = "the question asks for something else"


def unit(probs, losses):
    nats = -np.log(probs).sum() / losses.sum()
    return {{"np.exp(nats)" if result != "np.exp(nats)" else "nats"}}


# %% tags=["mistake"] question="q2"
says = "did you divide the wrong way"


def unit(probs, losses):
    nats = -losses.sum() / np.log(probs).sum()
    return {{result}}


# %% tags=["mistake"] question="q2"
says = "which sign does the logarithm of a probability have?"


def unit(probs, losses):
    nats = np.log(probs).sum() / losses.sum()
    return {{result}}


# %% [markdown]
# ## 3 · A product that no float can hold ★★ ({{points["q3"]}} points)
#
# The product of 600 factors of 0.2 is smaller than the smallest positive float. Write `product(probs)`, which computes the product of the probabilities along the last axis in the form $m \cdot {{base}}^e$, with a whole number $e$ and {{range}}. Return the tuple `(m, e)`, with $m$ correct to four digits or better. If `probs` has more axes, `m` and `e` are arrays with an entry for each product. No probability is 0.
#
# *Section: [Products underflow, sums do not]({{book}}/01_surprisal.html#products-underflow-sums-do-not).*


# %% nbgrader={"grade_id": "q3-answer", "solution": true}
def product(probs):
    """The product along the last axis as (m, e), which mean m times {{base}} to the power e."""
    ### BEGIN SOLUTION
    power = {{log}}(probs).sum(axis=-1)
    e = np.floor(power) + {{above}}
    return {{base}} ** (power - e), e
    ### END SOLUTION


# %% nbgrader={"grade_id": "q3", "grade": true, "points": 3}
with np.errstate(all="ignore"):
    found = product(np.full(600, 0.2))
assert isinstance(found, tuple | list), f"a tuple (m, e) was asked for, got {found!r}"
assert len(found) == 2, f"a tuple (m, e) was asked for, got {found!r}"
m, e = found
assert np.shape(m) == np.shape(e) == (), (
    f"600 factors in a row have one product, got shapes {np.shape(m)} and {np.shape(e)}"
)
assert 0 < m < np.inf, (
    f"your product is {m} times {{base}} to the power {e}; did you multiply before you took logarithms?"
)
assert e == np.round(e), f"e should be a whole number, got {e}"
assert {{low}} <= m < {{low * base}}, f"m should lie from {{low}} up to {{low * base}}, got {m:.4f}"
assert np.isclose(np.log(m) + e * np.log({{base}}), 600 * np.log(0.2)), (
    f"{m:.4f} times {{base}} to the power {e:.0f} has a surprisal of {-np.log(m) - e * np.log({{base}}):.1f} nats, and 600 factors of 0.2 have {-600 * np.log(0.2):.1f}; to which base is your logarithm?"
)
shapes = [np.shape(part) for part in product(np.full((4, 600), 0.2))]
assert shapes == [(4,), (4,)], f"four rows have four products, got shapes {shapes}"

# %% tags=["grading"] question="q3"
name = "product"
rtol = 5e-4


def inputs(rng):
    shapes = [(1200,), (3, 1100), (2, 2, 1100), (1,), (30, 30)]
    return [(rng.uniform(0.01, 0.99, size=shape),) for shape in shapes]


# %% tags=["mistake"] question="q3"
says = "did you multiply before you took logarithms?"


def product(probs):
    e = np.floor({{log}}(probs.prod(axis=-1))) + {{above}}
    return probs.prod(axis=-1) / {{base}} ** e, e


# %% tags=["mistake"] question="q3"
says = "m should lie from {{low}} up to {{low * base}}"


def product(probs):
    power = {{log}}(probs).sum(axis=-1)
    e = np.floor(power) + {{1 - above}}
    return {{base}} ** (power - e), e


# %% tags=["mistake"] question="q3"
says = "to which base is your logarithm?"


def product(probs):
    power = np.log(probs).sum(axis=-1)
    e = np.floor(power) + {{above}}
    return np.exp(power - e), e


# %% tags=["mistake"] question="q3"
says = "four rows have four products"


def product(probs):
    power = {{log}}(probs).sum()
    e = np.floor(power) + {{above}}
    return {{base}} ** (power - e), e


# %% [markdown]
# ## 4 · A coin worth {{coin}} bits ★★ ({{points["q4"]}} points)
#
# The entropy of one toss of an unfair coin is {{coin}} bits. How probable is the coin's rarer side? Assign the number to `rarer`, correct to three digits or better. There is no formula for it: search for it numerically.
#
# *Section: [Entropy: the expected surprisal]({{book}}/01_surprisal.html#entropy-the-expected-surprisal).*

# %% nbgrader={"grade_id": "q4-answer", "solution": true}
### BEGIN SOLUTION
low, high = 1e-9, 0.5  # the entropy rises from 0 to 1 bit between them, so bisect
for _ in range(50):
    rarer = (low + high) / 2
    bits = -rarer * np.log2(rarer) - (1 - rarer) * np.log2(1 - rarer)
    low, high = (rarer, high) if bits < {{coin}} else (low, rarer)
### END SOLUTION

# %% nbgrader={"grade_id": "q4", "grade": true, "points": 3}
assert 0 < rarer < 1, f"a probability lies between 0 and 1, got {rarer:.3f}"
assert rarer <= 0.5, f"that is the more probable side, {rarer:.3f}"
### BEGIN VALUES
tried = np.linspace(1e-3, 0.5, 100_001)
in_nats = np.interp({{coin}}, -tried * np.log(tried) - (1 - tried) * np.log(1 - tried), tried)
low, high = np.floor(50 * rarer - 1.5) / 50, np.ceil(50 * rarer + 0.4) / 50
### END VALUES
assert not np.isclose(rarer, in_nats, rtol=5e-3), (
    "the entropy of your coin is {{coin}} nats, not bits"
)
assert low < rarer < high, (
    f"with a rarer side of {rarer:.3f} the entropy is {'below' if rarer <= low else 'above'} {{coin}} bits; did you count both of its sides?"
)

# %% tags=["grading"] question="q4"
name = "rarer"
rtol = 5e-3

# %% tags=["mistake"] question="q4"
says = "the entropy of your coin is {{coin}} nats, not bits"
p = np.linspace(1e-4, 0.5, 100_001)
rarer = p[np.argmin(np.abs(-p * np.log(p) - (1 - p) * np.log(1 - p) - {{coin}}))]

# %% tags=["mistake"] question="q4"
says = "did you count both of its sides?"
p = np.linspace(1e-4, 0.3, 100_001)
rarer = p[np.argmin(np.abs(-p * np.log2(p) - {{coin}}))]

# %% tags=["mistake"] question="q4"
says = "that is the more probable side"
rarer = 1 - rarer

# %% [markdown]
# ## 5 · Repair a merging program ★★ ({{points["q5"]}} points)
#
# How many binary digits does Huffman's code spend on a message? `counts` says how often each letter occurs in the message. You do not need the words to answer: whenever two groups are merged, the word of each letter in them becomes one digit longer, and the message grows by a digit for each occurrence of such a letter. `digits_found` counts in this way and has a fault. Find the fault, and write `digits(counts)`, which returns {{spent}}. `counts` is a list of two or more positive numbers, in any order.
#
# *Section: [A program that only counts letters]({{book}}/01_surprisal.html#a-program-that-only-counts-letters).*


# %%
def digits_found(counts):
    """How many {{spends}} Huffman's code spends on a message with these counts (wrong)."""
    groups, total = sorted(counts), 0
    while len(groups) > {{least}}:
        a, b, *rest = groups
        total += {{adds}}
        groups = {{put}}
    return {{as_spent}}


counts = np.array([1, 2, 3, 5, 8, 13])
bits = counts @ np.log2(counts.sum() / counts)
print(
    f"entropy of the whole message {bits:.1f} bits, words of equal length {3 * counts.sum()} digits"
)
print("found", digits_found([1, 2, 3, 5, 8, 13]), "{{spends}}")


# %% nbgrader={"grade_id": "q5-answer", "solution": true}
def digits(counts):
    """How many {{spends}} Huffman's code spends on a message with these counts."""
    ### BEGIN SOLUTION
    groups, total = sorted(counts), 0
    while len(groups) > 1:
        a, b, *rest = groups
        total += a + b
        groups = sorted([*rest, a + b])
    return {{as_spent}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q5", "grade": true, "points": 3}
def in_all(counts):
    """By your function, the digits of the whole message."""
    return {{total}}


assert digits([5, 3]) is not None, "digits returned nothing; does it end in `return`?"
assert np.shape(digits([5, 3])) == (), "the message is one, so the result is one number"
many = [1, 2, 3, 5, 8, 13]
assert digits(many) != digits_found(many), "that is what digits_found returns, with its fault"
assert np.isclose(in_all([5, 3]), 8), (
    f"two letters have the words 0 and 1, so 8 letters need 8 digits; by yours, which returns {digits([5, 3])} {{spends}}, they would need {in_all([5, 3]):g}"
)
assert np.isclose(in_all([1, 4, 1, 2]), 14), (
    f"letters with counts 4, 2, 1 and 1 have words of 1, 2, 3 and 3 digits, which makes 14 digits in all; yours make {in_all([1, 4, 1, 2]):g}"
)
found, bits = in_all([6, 3, 1]), 10 * np.log2(10) - 6 * np.log2(6) - 3 * np.log2(3)
assert not np.isclose(found, bits), (
    f"{found:.2f} bits is the entropy of the message; a word has a whole number of digits"
)
assert not np.isclose(found, 16), (
    "that is what rounding up each letter's surprisal costs, 16; Huffman's code costs less"
)

# %% tags=["grading"] question="q5"
name = "digits"


def inputs(rng):
    return [(rng.integers(1, 50, size=n).tolist(),) for n in (2, 3, 6, 11, 27, 60)]


# %% tags=["mistake"] question="q5"
says = "that is what digits_found returns, with its fault"
digits = digits_found

# %% tags=["mistake"] question="q5"
says = "that is what rounding up each letter's surprisal costs"


def digits(counts):
    n = np.array(counts)
    total = n @ np.ceil(np.log2(n.sum() / n)) if len(n) > 2 else n.sum()
    return {{as_spent}}


# %% tags=["mistake"] question="q5"
says = "a word has a whole number of digits"


def digits(counts):
    n = np.array(counts)
    total = n @ np.log2(n.sum() / n) if len(n) > 2 else n.sum()
    return {{as_spent}}


# %% tags=["mistake"] question="q5"
says = "letters with counts 4, 2, 1 and 1 have words of 1, 2, 3 and 3 digits"
hint = (
    "The counts can come in any order. The two smallest are the first two only after you sort them."
)


def digits(counts):
    groups, total = list(counts), 0
    while len(groups) > 1:
        a, b, *rest = groups
        total += a + b
        groups = sorted([*rest, a + b])
    return {{as_spent}}


# %% [markdown]
# ## 6 · How long a block? ★★ ({{points["q6"]}} points)
#
# A coin falls heads with probability {{heads}}. A code for single tosses spends a digit on each toss, more than twice the entropy. So blocks of $N$ tosses are coded together by Huffman's code, each of the $2^N$ blocks as one symbol. What is the smallest $N$ for which the code spends at most {{percent}} % more than the entropy per toss? Assign it to `tosses`. (Your `digits` works with probabilities as well as with counts, and `spent` below takes its result back to digits.)
#
# *Section: [Word lengths are surprisals]({{book}}/01_surprisal.html#word-lengths-are-surprisals).*


# %%
def spent(counts):
    """By your function, the digits that Huffman's code spends with these weights in all."""
    return {{total}}


# %% nbgrader={"grade_id": "q6-answer", "solution": true}
### BEGIN SOLUTION
chance = np.array([{{heads}}, 1 - {{heads}}])
blocks, tosses = chance, 1
while spent(blocks.tolist()) / tosses > (1 + {{percent}} / 100) * -(chance @ np.log2(chance)):
    blocks, tosses = np.outer(blocks, chance).ravel(), tosses + 1
### END SOLUTION

# %% nbgrader={"grade_id": "q6", "grade": true, "points": 3}
assert tosses == np.round(tosses), f"a block has a whole number of tosses, got {tosses}"
assert tosses > 1, f"a block of one toss costs one digit, far above the entropy; got {tosses}"
assert tosses < 25, (
    f"blocks of {tosses:.0f} have {2.0**tosses:.2g} words. The bound H(p) + 1/N is an upper bound, and the code spends less: shorter blocks are enough"
)

# %% tags=["grading"] question="q6"
name = "tosses"

# %% tags=["mistake"] question="q6"
says = "is an upper bound, and the code spends less"
entropy = -{{heads}} * np.log2({{heads}}) - (1 - {{heads}}) * np.log2(1 - {{heads}})
tosses = int(np.ceil(100 / ({{percent}} * entropy)))

# %% tags=["mistake"] question="q6"
says = (
    "the code may exceed the entropy by {{percent}} % of the entropy, not by {{percent}} % of a bit"
)
hidden = True
entropy, blocks, tosses = -(chance @ np.log2(chance)), chance, 1
while spent(blocks.tolist()) / tosses > entropy + {{percent}} / 100:
    blocks, tosses = np.outer(blocks, chance).ravel(), tosses + 1

# %% tags=["mistake"] question="q6"
says = "that is one toss too few: the longest block that does not yet reach the goal"
hidden = True
tosses = tosses - 1

# %% [markdown]
# ## 7 · One word for the whole message ★★★ ({{points["q7"]}} points)
#
# A code for blocks of letters wastes less than a code for letters. So let the whole message be one block. Its code would have far too many words to list, but only one word is needed, and it can be computed without the others. This is the idea of *arithmetic coding*.
#
# Divide the interval from 0 to 1 among the letters, {{order}}. Letter $k$ gets a part of length `counts[k] / sum(counts)`. Take the part of the message's first letter, and divide this part among the letters in the same order and the same proportions. Take the part of the second letter in it, and so on. After the last letter you have an interval whose length is the probability of the message. A string of digits, each from 0 to {{digits - 1}}, belongs to the message if that interval contains *all* numbers whose base-{{digits}} digits after the point begin with this string. (A shared endpoint belongs to the interval on its right.) The message's word is the shortest string that belongs to it. If several have that length, take the {{which}} one.
#
# Write `word(message, counts)`. `message` is a list of letter numbers, `counts` a list of positive whole numbers; the result is a `str`. Messages may have several hundred letters.
#
# *Section: [Word lengths are surprisals]({{book}}/01_surprisal.html#word-lengths-are-surprisals).*


# %% nbgrader={"grade_id": "q7-answer", "solution": true}
def word(message, counts):
    """The shortest string of digits in base {{digits}} that belongs to the message."""
    ### BEGIN SOLUTION
    low, width, unit = 0, 1, 1  # the interval runs from low / unit to (low + width) / unit
    for k in message:
        low = low * sum(counts) + width * sum({{first}})
        width, unit = width * counts[k], unit * sum(counts)
    length = 0
    while True:  # the strings of this length are 0, 1, ..., {{digits}}**length - 1
        lowest = -(-low * {{digits}} ** length // unit)
        highest = (low + width) * {{digits}} ** length // unit - 1
        if lowest <= highest:
            return "".join(str({{chosen}} // {{digits}} ** i % {{digits}}) for i in range(length))[
                ::-1
            ]
        length += 1
    ### END SOLUTION


# %% nbgrader={"grade_id": "q7", "grade": true, "points": 4}
first, second = {{words}}
found = word([0], [2, 1, 1])
assert isinstance(found, str), f"a word is a string of digits, got {found!r}"
assert set(found) <= set(map(str, range({{digits}}))), (
    f"the digits go from 0 to {{digits - 1}}, got {found!r}"
)
assert found == first, (
    f"with counts 2, 1, 1 the message 0 has half of the interval and the word {first!r}, got {found!r}; at which end of the interval is letter 0?"
)
found = word([{{letter}}], [2, 1, 1])
assert len(found) >= len(second), (
    f"the message {{letter}} has a quarter of the interval; some numbers that begin with your word lie outside of the message's part, got {found!r}"
)
found = word([0, 1], [2, 1, 1])
assert found != {{repr(backwards)}}, (
    "that is the word of the message 1, 0; the first letter divides first"
)
letters, weights, wanted = {{tie}}
found = word(letters, weights)
assert found == wanted, (
    f"with counts {weights} the message {letters} has the word {wanted!r}, got {found!r}; of several words of the same length, take the one for the {{which}} number"
)
message = [0, 1, 2, 0] * 100
surprisal = 400 * np.log2(4) - 200 * np.log2(2)
spare = len(word(message, [2, 1, 1])) - surprisal / np.log2({{digits}})
assert -1e-6 < spare < 2, (
    f"the word of 400 letters differs from their surprisal by {spare:.1f} digits, and should be less than two digits longer; a float has room for 53 bits, a whole number in Python for any number"
)

# %% tags=["grading"] question="q7"
name = "word"


def inputs(rng):
    drawn = []
    for letters, length in [(2, 1), (3, 2), (3, 7), (27, 12), (5, 300), (2, 600)]:
        counts = rng.integers(1, 20, size=letters)
        message = rng.choice(letters, size=length, p=counts / counts.sum())
        drawn.append((message.tolist(), counts.tolist()))
    for _ in range(2):  # to such a message several words of the same length belong
        counts = rng.integers(1, 9) * np.array([1, {{digits}}, {{digits**2 - digits - 1}}])
        drawn.append(([0] * int(rng.integers(1, 40)) + [1], counts.tolist()))
    return drawn


# %% tags=["mistake"] question="q7"
says = "a float has room for 53 bits, a whole number in Python for any number"


def word(message, counts):
    low, width = 0.0, 1.0
    for k in message:
        low += width * sum({{first}}) / sum(counts)
        width *= counts[k] / sum(counts)
    for length in range(34):
        lowest = int(np.ceil(low * float({{digits}}) ** length))
        highest = int(np.floor((low + width) * float({{digits}}) ** length)) - 1
        if lowest <= highest:
            break
    return "".join(str({{chosen}} // {{digits}} ** i % {{digits}}) for i in range(length))[::-1]


# %% tags=["mistake"] question="q7"
says = "some numbers that begin with your word lie outside of the message's part"


def word(message, counts):
    low, width, unit = 0, 1, 1
    for k in message:
        low = low * sum(counts) + width * sum({{first}})
        width, unit = width * counts[k], unit * sum(counts)
    for length in range(1, 2000):
        n = -(-low * {{digits}} ** length // unit)
        if n * unit < (low + width) * {{digits}} ** length:
            return "".join(str(n // {{digits}} ** i % {{digits}}) for i in range(length))[::-1]


# %% tags=["mistake"] question="q7"
says = "at which end of the interval is letter 0?"


def word(message, counts):
    low, width, unit = 0, 1, 1
    for k in message:
        low = low * sum(counts) + width * sum({{other}})
        width, unit = width * counts[k], unit * sum(counts)
    length = 0
    while True:
        lowest = -(-low * {{digits}} ** length // unit)
        highest = (low + width) * {{digits}} ** length // unit - 1
        if lowest <= highest:
            return "".join(str({{chosen}} // {{digits}} ** i % {{digits}}) for i in range(length))[
                ::-1
            ]
        length += 1


# %% tags=["mistake"] question="q7"
says = "the first letter divides first"
right = word


def word(message, counts):
    return right(message[::-1], counts)


# %% tags=["mistake"] question="q7"
says = "the digits go from 0 to {{digits - 1}}"
hint = "The word is what comes after the point. It has digits and nothing else."
pointless = word


def word(message, counts):
    return "0." + pointless(message, counts)


# %% tags=["mistake"] question="q7"
says = "of several words of the same length, take the one for the {{which}} number"


def word(message, counts):
    low, width, unit = 0, 1, 1
    for k in message:
        low = low * sum(counts) + width * sum({{first}})
        width, unit = width * counts[k], unit * sum(counts)
    length = 0
    while True:
        highest = -(-low * {{digits}} ** length // unit)
        lowest = (low + width) * {{digits}} ** length // unit - 1
        if highest <= lowest:
            return "".join(str({{chosen}} // {{digits}} ** i % {{digits}}) for i in range(length))[
                ::-1
            ]
        length += 1


# %% [markdown]
# When your function works, the next cell codes messages of different lengths from an unfair coin. Huffman's code for single tosses would spend a digit on each toss. The word of the whole message is less than two digits longer than the message's surprisal.

# %%
rng = np.random.default_rng(0)
sizes = np.arange(5, 205, 5)
messages = [(rng.random(n) < 0.1).astype(int).tolist() for n in sizes]
surprisals = [-np.log([[0.9, 0.1][k] for k in m]).sum() / np.log({{digits}}) for m in messages]
figure, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.plot(surprisals, [len(word(m, [9, 1])) for m in messages], "o", markersize=3)
ax.axline((0, 0), slope=1, linewidth=1)
ax.set(xlabel="surprisal of the message (digits)", ylabel="length of its word")

# %% [markdown]
# ## 8 · {{title}} ★★★ ({{points["q8"]}} points)
#
# {{ask}} You may use that $\ln t \le t - 1$, with equality only at $t = 1$, and that no entropy is negative.
#
# *Section: [Entropy: the expected surprisal]({{book}}/01_surprisal.html#entropy-the-expected-surprisal).*

# %% [markdown] nbgrader={"grade_id": "q8", "grade": true, "solution": true, "points": 4}
# ### BEGIN SOLUTION
# {{answer}}
# ### END SOLUTION

# %% [markdown] tags=["rubric"] question="q8"
# **Rubric, 4 points**
#
# {{marks}}
