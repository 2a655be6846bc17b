# %% tags=["variants"]
variants = {
    "hand": [
        {"L": 2.6, "b": 3.7},
        {"L": 1.9, "b": 2.4},
        {"L": 3.2, "b": 4.1},
        {"L": 2.1, "b": 2.9},
        {"L": 2.9, "b": 3.3},
    ],
    "ask": [
        {
            "asked": "How many bits per byte is that?",
            "value": "L / np.log(2) / b",
            "first": "L / b",
            "why1": "these are nats per byte; one bit is ln 2 nats",
            "second": "L / np.log(2)",
            "why2": "these are the bits of a token; a byte has fewer",
        },
        {
            "asked": "A model with bytes as tokens has the same bits per byte. What is its perplexity?",
            "value": "np.exp(L / b)",
            "first": "np.exp(L)",
            "why1": "that is the perplexity of the tokens; a byte has less than their loss",
            "second": "np.exp(L) / b",
            "why2": "divide the loss by the bytes, not the perplexity",
        },
        {
            "asked": "Another model has the same bits per byte, with tokens of 1.5 bytes on average. What is its mean loss per token, in nats?",
            "value": "1.5 * L / b",
            "first": "L",
            "why1": "a token of another length costs another number of nats",
            "second": "L * b / 1.5",
            "why2": "shorter tokens cost fewer nats, not more",
        },
    ],
    "left": [
        {
            "left": "row `r` has `given[r]` tokens at its front, and padding after them",
            "kept": "np.arange(tokens.shape[1]) + 1 < given[:, None]",
            "off": "np.arange(tokens.shape[1]) < given[:, None]",
        },
        {
            "left": "row `r` begins with `given[r]` tokens of padding",
            "kept": "np.arange(tokens.shape[1]) >= given[:, None]",
            "off": "np.arange(tokens.shape[1]) + 1 >= given[:, None]",
        },
        {
            "left": "row `r` begins with a prompt of `given[r]` tokens, and only the tokens after the prompt are to be predicted",
            "kept": "np.arange(tokens.shape[1]) + 1 >= given[:, None]",
            "off": "np.arange(tokens.shape[1]) >= given[:, None]",
        },
    ],
    "mark": [{"unused": "-100"}, {"unused": "-1"}, {"unused": "-7"}],
    "known": [
        {
            "known": "mean losses of the tokens of each batch",
            "mean": "values",
            "misread": "values / counts",
        },
        {
            "known": "summed losses of the tokens of each batch",
            "mean": "(values / counts)",
            "misread": "values",
        },
        {"known": "perplexities of each batch", "mean": "np.log(values)", "misread": "values"},
    ],
    "wanted": [
        {"wanted": "the mean loss of a token in nats", "made": "loss"},
        {"wanted": "the perplexity", "made": "np.exp(loss)"},
        {"wanted": "the mean loss of a token in bits", "made": "loss / np.log(2)"},
    ],
    "filter": [
        {
            "filter": "min-p keeps the tokens with at least `amount` times the largest probability",
            "masked": "p >= amount * p.max(axis=-1, keepdims=True)",
            "drawn": "float(rng.uniform(0.1, 0.5))",
            "tried": "0.3",
        },
        {
            "filter": "nucleus sampling keeps the fewest most probable tokens whose probabilities add up to `amount` or more",
            "masked": "p >= np.where(np.cumsum(-np.sort(-p, axis=-1), axis=-1) + np.sort(-p, axis=-1) < amount, -np.sort(-p, axis=-1), 2).min(axis=-1, keepdims=True)",
            "drawn": "float(rng.uniform(0.4, 0.9))",
            "tried": "0.6",
        },
        {
            "filter": "tokens with a probability of `amount` or more are kept, and the most probable one in any case",
            "masked": "(p >= amount) | (p == p.max(axis=-1, keepdims=True))",
            "drawn": "float(rng.uniform(0.21, 0.25))",
            "tried": "0.12",
        },
    ],
    "order": [
        {
            "order": "the scores are divided by the temperature `T` before the filter looks at their probabilities",
            "looks": "z / T",
            "instead": "z",
        },
        {
            "order": "the filter looks at the probabilities at temperature 1, and what it keeps is then drawn at the temperature `T`",
            "looks": "z",
            "instead": "z / T",
        },
    ],
    "gives": [
        {
            "gives": "the probabilities that are drawn from, in the shape of `z`",
            "given4": "softmax(np.where(mask, z / T, -np.inf))",
            "shape4": "(3, 5)",
        },
        {
            "gives": "how much of the probability that the filter looked at is kept, with one number for each row",
            "given4": "np.where(mask, p, 0).sum(axis=-1)",
            "shape4": "(3,)",
        },
        {
            "gives": "the largest probability that is drawn from in each row, with one number for each row",
            "given4": "softmax(np.where(mask, z / T, -np.inf)).max(axis=-1)",
            "shape4": "(3,)",
        },
    ],
    "loss": [
        {
            "loss": "cross-entropy plus $a$ times the square of the logsumexp of the scores",
            "f": "lse - own + a * lse**2",
            "grad": "p - y + 2 * a * lse[:, None] * p",
        },
        {
            "loss": "the cross-entropy of the scores $\\tanh(a z)/a$, which are capped at $1/a$",
            "f": "np.log(np.exp(np.tanh(a * z) / a).sum(axis=1)) - np.tanh(a * own) / a",
            "grad": "(softmax(np.tanh(a * z) / a) - y) * (1 - np.tanh(a * z) ** 2)",
        },
        {
            "loss": "cross-entropy plus $a$ times the logsumexp of the scores",
            "f": "lse - own + a * lse",
            "grad": "p - y + a * p",
        },
        {
            "loss": "cross-entropy plus $a$ times the sum of the squares of the scores",
            "f": "lse - own + a * (z**2).sum(axis=1)",
            "grad": "p - y + 2 * a * z",
        },
    ],
    "over": [
        {"over": "mean", "share": "len(z)"},
        {"over": "sum", "share": "1"},
    ],
    "pair": [
        {
            "pair": "`s` has the sums of $e^{z - m}$ over the tokens of each machine",
            "gathered": "np.log((s * np.exp(m - m.max(axis={0}, keepdims=True))).sum(axis={0})) + m.max(axis={0})",
            "sent": "np.exp(part - m[..., None]).sum(axis=-1)",
            "unshifted": "s * np.exp(m)",
        },
        {
            "pair": "`s` has the logsumexp of the scores of each machine",
            "gathered": "np.log(np.exp(s - s.max(axis={0}, keepdims=True)).sum(axis={0})) + s.max(axis={0})",
            "sent": "np.log(np.exp(part - m[..., None]).sum(axis=-1)) + m",
            "unshifted": "np.exp(s)",
        },
        {
            "pair": "`s` has the logarithm of the sum of $e^{z - m}$ over the tokens of each machine",
            "gathered": "np.log(np.exp(s + m - m.max(axis={0}, keepdims=True)).sum(axis={0})) + m.max(axis={0})",
            "sent": "np.log(np.exp(part - m[..., None]).sum(axis=-1))",
            "unshifted": "np.exp(s + m)",
        },
    ],
    "side": [
        {"side": "the first", "axis": "0", "form6": "$(P, N)$"},
        {"side": "the last", "axis": "1", "form6": "$(N, P)$"},
    ],
    "tells": [
        {"tells": "the loss of each row in nats", "told": "whole - label"},
        {"tells": "the probability of the label of each row", "told": "np.exp(label - whole)"},
        {"tells": "the loss of each row in bits", "told": "(whole - label) / np.log(2)"},
    ],
    "rule": [
        {
            "rule": "A token that is drawn from `q` is kept with the chance $\\min(1, p_k/q_k)$. After a rejection the token is drawn from `p`, which is a mistake.",
            "keeping": "np.minimum(p, q)",
            "again": "p",
        },
        {
            "rule": "The most probable token $k$ of `q` is drafted, without a draw, and kept with the chance $\\min(1, p_k/q_k)$, which is a mistake. After a rejection the token is drawn from the residual.",
            "keeping": "np.where(q == q.max(axis=-1, keepdims=True), np.minimum(p, q) / q, 0)",
            "again": "residual",
        },
        {
            "rule": "A token that is drawn from `q` is kept with the chance $\\min(1, (p_k/q_k)^2)$, which is a mistake. After a rejection the token is drawn from the residual.",
            "keeping": "q * np.minimum(1, (p / q) ** 2)",
            "again": "residual",
        },
        {
            "rule": "A token that is drawn from `q` is kept with the chance $\\min(1, 1.5\\, p_k/q_k)$, to keep more of them, which is a mistake. After a rejection the token is drawn from the residual.",
            "keeping": "np.minimum(1.5 * p, q)",
            "again": "residual",
        },
    ],
    "shows": [
        {
            "shows": "the distribution of the token, in the shape of `p`",
            "shown7": "token",
            "shape7": "(2, 4)",
        },
        {
            "shows": "half the sum of the absolute differences between the distribution of the token and `p`, with one number for each row",
            "shown7": "np.abs(token - p).sum(axis=-1) / 2",
            "shape7": "(2,)",
        },
        {
            "shows": "by how much the token is more probable than `p` says where it is most so, with one number for each row",
            "shown7": "(token - p).max(axis=-1)",
            "shape7": "(2,)",
        },
    ],
    "proof": [
        {
            "claim": r"""A token is drawn from $q$ and kept with the chance $\min(1, p_k/q_k)$; after a rejection it is drawn from $\rho_k = \max(p_k - q_k, 0)/\sum_j \max(p_j - q_j, 0)$. All $q_k$ are above 0, and $p \ne q$. Prove that the token has the distribution $p$. Prove that no rule with chances $a_k$ of keeping, whatever is drawn after a rejection, can keep drafts more often and still have the distribution $p$.""",
            "shown": r"""A token $k$ is drafted and kept with the probability $q_k \min(1, p_k/q_k) = \min(q_k, p_k)$. So a draft is rejected with the probability $1 - \sum_j \min(p_j, q_j) = \sum_j (p_j - \min(p_j, q_j)) = \sum_j \max(p_j - q_j, 0)$, since $\sum_j p_j = 1$. After a rejection $k$ comes with $\rho_k$, whose denominator is this number. Together $k$ has the probability $\min(p_k, q_k) + \max(p_k - q_k, 0) = p_k$.

With other chances $a_k$ a token $k$ is drafted and kept with the probability $q_k a_k \le q_k$. It must also be at most $p_k$, because what is drawn after a rejection can only add to it. So $q_k a_k \le \min(p_k, q_k)$, and drafts are kept with a probability of at most $\sum_k \min(p_k, q_k)$, which is that of the rule. ∎""",
            "marks": r"""- 1: the probability of a token that is drafted and kept.
- 1: the probability of a rejection, as the denominator of $\rho$.
- 1: the sum of both ways.
- 1: the bound for other chances, with both inequalities.""",
        },
        {
            "claim": r"""Scores $z_k$ are trained by sampled softmax with many negatives, so that the loss of a label $c$ is $-(z_c - \log q_c) + \log \sum_k q_k e^{z_k - \log q_k}$ up to a constant, and labels have the frequencies $f_k > 0$. Prove that the expected loss is lowest exactly where $e^{z_k}$ is proportional to $f_k$. Find the minimum if $\log q_k$ is left out in both places, and if it is added instead of subtracted.""",
            "shown": r"""Since $q_k e^{z_k - \log q_k} = e^{z_k}$, the expected loss is $-\sum_k f_k z_k + \log \sum_k e^{z_k} + \sum_k f_k \log q_k$. The last term does not depend on $z$. The rest is the cross-entropy $-\sum_k f_k \log \hat p_k$ with $\hat p = \operatorname{softmax}(z)$, which by Gibbs' inequality is lowest at exactly $\hat p = f$, so where $e^{z_k} \propto f_k$.

With $\log q_k$ left out the loss is $-\sum_k f_k z_k + \log \sum_k q_k e^{z_k}$. Put $t_k = z_k + \log q_k$: it is $-\sum_k f_k t_k + \log \sum_k e^{t_k}$ plus a constant, lowest for $e^{t_k} = q_k e^{z_k} \propto f_k$, so $e^{z_k} \propto f_k/q_k$.

Added, the scores in the loss are $z_k + \log q_k$, and the sum is $\sum_k q_k e^{z_k + \log q_k} = \sum_k q_k^2 e^{z_k}$. With $t_k = z_k + 2 \log q_k$ the same argument gives $e^{z_k} \propto f_k/q_k^2$. ∎""",
            "marks": r"""- 1: the expected loss as a cross-entropy plus a constant.
- 1: Gibbs' inequality, with the uniqueness up to a common number.
- 1: the minimum without the term.
- 1: the minimum with the wrong sign.""",
        },
        {
            "claim": r"""A bigram model has one row of scores $W_a$ for each letter $a$. In a text of $N$ pairs the letter $k$ comes $N_{ak}$ times after $a$, and $N_a = \sum_k N_{ak} > 0$. Prove that the gradient of the mean loss in $W_{ak}$ is $\frac{N_a}{N}(\hat p_{ak} - N_{ak}/N_a)$, and that the model is best exactly where $\hat p_{ak} = N_{ak}/N_a$, if all $N_{ak}$ are above 0. What happens if some $N_{ak}$ is 0?""",
            "shown": r"""The mean loss is $-\frac1N \sum_{a,k} N_{ak} \log \hat p_{ak} = \frac1N \sum_a \bigl(N_a \operatorname{logsumexp}(W_a) - \sum_k N_{ak} W_{ak}\bigr)$. The derivative of the logsumexp in $W_{ak}$ is $\hat p_{ak}$, so the gradient is $\frac1N (N_a \hat p_{ak} - N_{ak}) = \frac{N_a}{N}(\hat p_{ak} - N_{ak}/N_a)$.

The mean loss is $\sum_a \frac{N_a}{N}$ times the cross-entropy of the frequencies $f_a = (N_{ak}/N_a)_k$ and $\hat p_a$. By Gibbs' inequality each term is lowest at exactly $\hat p_a = f_a$, and such scores exist, $W_{ak} = \log f_{ak}$, if all are above 0.

If some $N_{ak}$ is 0, the softmax is above 0 for all finite scores, so $\hat p_{ak} = 0$ is not reached. The loss still comes as close as one likes to that of the counts, with $W_{ak} \to -\infty$: there is an infimum and no minimum. ∎""",
            "marks": r"""- 1: the mean loss in the counts and scores.
- 1: its gradient.
- 1: the minimum, with Gibbs' inequality.
- 1: the infimum that is not reached.""",
        },
        {
            "claim": r"""The last layer of a language model has the logits $z = W x + b$, with $D$ inputs and $K$ tokens. For $N$ contexts $x_1, \dots, x_N$ let $A$ be the $N \times K$ table of the logarithms of the stated probabilities. Prove that $A$ has a rank of at most $D + 2$. Conclude that there are $K$ distributions over $K$ tokens, all with probabilities above 0, that no such layer can state together if $D + 2 < K$.""",
            "shown": r"""The row of a context is $z^\top - \operatorname{logsumexp}(z)\, \mathbf 1^\top = x^\top W^\top + b^\top - \operatorname{logsumexp}(z)\, \mathbf 1^\top$. With $X$ for the matrix of all contexts and $v$ for the vector of their logsumexps, $A = X W^\top + \mathbf 1 b^\top - v \mathbf 1^\top$. The first product has a rank of at most $D$, because $X$ has $D$ columns; each of the other two has a rank of at most 1. The rank of a sum is at most the sum of the ranks, so $A$ has a rank of at most $D + 2$.

It remains to find $K$ distributions whose table has the rank $K$. Let distribution $i$ give the token $i$ the probability $u$ and each other token $w = (1 - u)/(K - 1)$, with $u \ne w$ and $u \ne 1$. The table is $(\log u - \log w) I + \log w\, \mathbf 1 \mathbf 1^\top$. Its eigenvalues are $\log u - \log w \ne 0$ and, for the vector $\mathbf 1$, $\log u + (K - 1) \log w$, which is negative, since both probabilities are below 1. So its rank is $K > D + 2$, and the layer cannot state it. ∎""",
            "marks": r"""- 1: the row, with its logsumexp.
- 1: the three terms and their ranks.
- 1: distributions with positive probabilities.
- 1: their table has full rank.""",
        },
    ],
}

# %% [markdown]
# # Problem set: language models
#
# This set goes with [chapter 12]({{book}}/12_language_models.html). The questions become harder: ★
# recalls, ★★ applies, ★★★ derives or builds.
#
# {{rules}}
#
# A softmax is given below; each row of an array is one example.

# %%
import numpy as np


def softmax(z):
    """Probabilities from scores along the last axis; a score of -inf gives 0."""
    weights = np.exp(z - z.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


# %% [markdown]
# ## 1 · Nats, bits and bytes ★ ({{points["q1"]}} points)
#
# A model has a mean loss of $L = {{L}}$ nats per token on a text in which a token has $b = {{b}}$ bytes on
# average. {{asked}} Assign the number to `answer`, correct to
# three digits or better.
#
# *Section: [Nats, perplexity, bits per
# byte]({{book}}/12_language_models.html#nats-perplexity-bits-per-byte).*

# %% nbgrader={"grade_id": "q1-answer", "solution": true}
L, b = {{L}}, {{b}}
### BEGIN SOLUTION
answer = {{value}}
### END SOLUTION

# %% nbgrader={"grade_id": "q1", "grade": true, "points": 2}
assert 0 < answer < 30, f"the answer is positive and below 30; got {answer:.3g}"

# %% tags=["grading"] question="q1"
name = "answer"
rtol = 5e-3

# %% tags=["mistake"] question="q1"
says = "{{why1}}"
hidden = True
L, b = {{L}}, {{b}}
answer = {{first}}

# %% tags=["mistake"] question="q1"
says = "{{why2}}"
hidden = True
L, b = {{L}}, {{b}}
answer = {{second}}

# %% [markdown]
# ## 2 · Labels of a batch ★ ({{points["q2"]}} points)
#
# In a batch `tokens` $(N, n)$, {{left}}. Write `labels_of(tokens, given)`: the label of each place is the
# token after it, and the label is {{unused}} where none counts: at the last place of each row, and
# where the token or its label is left out as said. `given` $(N,)$ holds integers from 0 to $n$; the answer
# is an integer array $(N, n)$.
#
# *Section: [Which tokens count]({{book}}/12_language_models.html#which-tokens-count).*


# %% nbgrader={"grade_id": "q2-answer", "solution": true}
def labels_of(tokens, given):
    """The next tokens, {{unused}} where none counts."""
    ### BEGIN SOLUTION
    after = np.full(tokens.shape, {{unused}})
    after[:, :-1] = tokens[:, 1:]
    return np.where({{kept}}, after, {{unused}})
    ### END SOLUTION


# %% nbgrader={"grade_id": "q2", "grade": true, "points": 2}
tokens, given = np.array([[5, 3, 8, 2, 2], [7, 1, 4, 6, 2], [9, 2, 2, 2, 2]]), np.array([3, 1, 2])
### BEGIN VALUES
after = np.full(tokens.shape, {{unused}})
after[:, :-1] = tokens[:, 1:]
want = np.where({{kept}}, after, {{unused}})
off = np.where({{off}}, after, {{unused}})
itself = np.where({{kept}}, tokens, {{unused}})
### END VALUES
found = np.asarray(labels_of(tokens, given))
assert found.shape == (3, 5), f"one label for each place, so the shape is (3, 5), got {found.shape}"
assert found.dtype.kind in "iu", f"labels are integers, got an array of dtype {found.dtype}"
assert not np.array_equal(found, itself), (
    "the label is the token after a place, not the token at it"
)
assert not np.array_equal(found, off), "off by one: at which place is the first label that counts?"
assert np.array_equal(found, want), (
    f"in the open example the first row is {want[0]}, and you say {found[0]}"
)

# %% tags=["grading"] question="q2"
name = "labels_of"


def inputs(rng):
    drawn = []
    for rows, n in [(4, 7), (1, 5), (6, 12), (3, 2)]:
        drawn.append((rng.integers(0, 50, (rows, n)), rng.integers(0, n + 1, rows)))
    return drawn


# %% tags=["mistake"] question="q2"
says = "the label is the token after a place"


def labels_of(tokens, given):
    return np.where({{kept}}, tokens, {{unused}})


# %% tags=["mistake"] question="q2"
says = "off by one"


def labels_of(tokens, given):
    after = np.full(tokens.shape, {{unused}})
    after[:, :-1] = tokens[:, 1:]
    return np.where({{off}}, after, {{unused}})


# %% tags=["mistake"] question="q2"
says = "in the open example the first row is"
hint = "Read again which places are left out."


def labels_of(tokens, given):
    after = np.full(tokens.shape, {{unused}})
    after[:, :-1] = tokens[:, 1:]
    return after


# %% [markdown]
# ## 3 · Several batches ★★ ({{points["q3"]}} points)
#
# `values` $(M,)$ are the {{known}}, and `counts` $(M,)$ how many tokens each of the $M$ batches has. Write
# `together(values, counts)`, which returns {{wanted}} of all tokens, one number.
#
# *Section: [Which tokens count]({{book}}/12_language_models.html#which-tokens-count).*


# %% nbgrader={"grade_id": "q3-answer", "solution": true}
def together(values, counts):
    """Returns {{wanted}} of all tokens."""
    ### BEGIN SOLUTION
    loss = ({{mean}} * counts).sum() / counts.sum()
    return {{made}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q3", "grade": true, "points": 3}
values, counts = np.array([1.4, 3.1, 2.2]), np.array([5, 2, 13])
### BEGIN VALUES
loss = {{mean}}.mean()
unweighted = {{made}}
loss = ({{misread}} * counts).sum() / counts.sum()
misread = {{made}}
loss = ({{mean}} * counts).sum() / counts.sum()
want = {{made}}
### END VALUES
found = together(values, counts)
assert np.shape(found) == (), f"one number was asked for, got shape {np.shape(found)}"
assert isinstance(found, (int, float, np.number)), f"one number was asked for, got {found!r}"
assert not np.isclose(found, unweighted), (
    "a mean of the batches: in it a token of a short batch counts more than one of a long batch"
)
assert not np.isclose(found, misread), "read again what the values are"
assert np.isclose(found, want), (
    f"in the open example the answer is {want:.4f}, and you say {found:.4f}"
)

# %% tags=["grading"] question="q3"
name = "together"


def inputs(rng):
    drawn = []
    for n in (2, 3, 7, 20):
        drawn.append((rng.uniform(1.2, 4, n), rng.integers(1, 40, n)))
    return drawn


# %% tags=["mistake"] question="q3"
says = "a mean of the batches"


def together(values, counts):
    loss = {{mean}}.mean()
    return {{made}}


# %% tags=["mistake"] question="q3"
says = "in the open example the answer is"
hint = "Each token counts once: multiply the loss of a batch by its tokens, and divide once."


def together(values, counts):
    loss = ({{mean}} * counts).sum() / len(counts) / counts.max()
    return {{made}}


# %% tags=["mistake"] question="q3"
says = "read again what the values are"


def together(values, counts):
    loss = ({{misread}} * counts).sum() / counts.sum()
    return {{made}}


# %% [markdown]
# ## 4 · Filter and temperature ★★ ({{points["q4"]}} points)
#
# Scores `z` $(\dots, K)$ are filtered: {{filter}}; {{order}}. Write `drawn(z, T, amount)`, which returns
# {{gives}}.
#
# *Section: [Choose the next letter]({{book}}/12_language_models.html#choose-the-next-letter).*


# %% nbgrader={"grade_id": "q4-answer", "solution": true}
def drawn(z, T, amount):
    """Returns {{gives}}."""
    ### BEGIN SOLUTION
    p = softmax({{looks}})
    mask = {{masked}}
    return {{given4}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q4", "grade": true, "points": 4}
first, second = [0.4, 0.3, 0.15, 0.1, 0.05], [0.1, 0.62, 0.2, 0.05, 0.03]
z, T = np.log([first, second, [0.2, 0.25, 0.15, 0.3, 0.1]]), 2.5
amount = {{tried}}
### BEGIN VALUES
p = softmax({{instead}})
mask = {{masked}}
exchanged = {{given4}}
mask = p >= 0
p = softmax({{looks}})
unfiltered = {{given4}}
mask = {{masked}}
want = {{given4}}
### END VALUES
found = np.asarray(drawn(z, T, amount), float)
assert found.shape == {{shape4}}, f"the answer should have the shape {{shape4}}, got {found.shape}"
assert not np.allclose(found, unfiltered), "nothing is left out"
assert not np.allclose(found, exchanged), (
    "the temperature is in the wrong place: read again what the filter looks at"
)
assert np.allclose(found, want), (
    f"in the open example the first answer is {np.round(want[0], 4)}, and you say {np.round(found[0], 4)}"
)

# %% tags=["grading"] question="q4"
name = "drawn"


def inputs(rng):
    def kept(z, amount):
        p = softmax(z)
        return {{masked}}

    chosen = []
    for shape in [(5, 6), (4,), (3, 2, 9), (8, 5)]:
        decided = False
        while not decided:  # some row keeps several tokens, not all, nor those of the other order
            z, T = 1.5 * rng.normal(size=shape), float(rng.uniform(1.5, 3))
            if z.ndim > 1:
                z[0] *= 0.02  # no token is probable there
            amount = {{drawn}}
            mask, other = kept({{looks}}, amount), kept({{instead}}, amount)
            several = (mask.sum(axis=-1) > 1) & ~mask.all(axis=-1)
            decided = np.any(several & (mask != other).any(axis=-1))
        chosen.append((z, T, amount))
    return chosen


# %% tags=["mistake"] question="q4"
says = "nothing is left out"


def drawn(z, T, amount):
    p = softmax({{looks}})
    mask = p >= 0
    return {{given4}}


# %% tags=["mistake"] question="q4"
says = "the temperature is in the wrong place"


def drawn(z, T, amount):
    p = softmax({{instead}})
    mask = {{masked}}
    return {{given4}}


# %% tags=["mistake"] question="q4"
says = "in the open example the first answer is"
hint = "Look at the probabilities that the filter looks at, and at what is drawn from in the end."


def drawn(z, T, amount):
    p = softmax({{looks}})
    mask = p >= p.max(axis=-1, keepdims=True)
    return {{given4}}


# %% [markdown]
# ## 5 · The gradient of a guarded loss ★★ ({{points["q5"]}} points)
#
# The loss of a row is {{loss}}. Write `slope(z, labels, a)`: the gradient of the {{over}} of the losses in
# the scores, an array of the shape of `z` $(N, K)$. `labels` has the shape $(N,)$, and `a` is a number
# between 0 and 1. Use a formula: the answer should be correct to twelve digits, which central
# differences do not give.
#
# *Section: [A large vocabulary]({{book}}/12_language_models.html#a-large-vocabulary).*


# %% nbgrader={"grade_id": "q5-answer", "solution": true}
def slope(z, labels, a):
    """Of the {{over}} of the losses."""
    ### BEGIN SOLUTION
    p, y = softmax(z), np.eye(z.shape[1])[labels]
    lse = np.log(np.exp(z).sum(axis=1))
    return ({{grad}}) / {{share}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q5", "grade": true, "points": 4}
z = np.array([[2.0, 1.0, 0.1], [0.5, -1.0, 1.5], [0.0, 0.4, 0.2]])
labels, a = np.array([0, 1, 2]), 0.4
### BEGIN VALUES


def total(z):
    """The {{over}} of the losses."""
    own, lse = z[np.arange(3), labels], np.log(np.exp(z).sum(axis=1))
    return ({{f}}).sum() / {{share}}


want = np.zeros((3, 3))
for place in np.ndindex(3, 3):
    step = np.zeros((3, 3))
    step[place] = 1e-5
    want[place] = (total(z + step) - total(z - step)) / 2e-5
plain = (softmax(z) - np.eye(3)[labels]) / {{share}}
### END VALUES
found = np.asarray(slope(z, labels, a), float)
assert found.shape == (3, 3), f"the gradient should have the shape of z, (3, 3), got {found.shape}"
assert not np.allclose(found, -want, atol=1e-6), "the sign of the gradient is flipped"
assert not np.allclose(found, plain, atol=1e-6), "that is the gradient of cross-entropy alone"
assert np.allclose(found, want, atol=1e-6), (
    f"by differences the first row is {np.round(want[0], 4)}, and you say {np.round(found[0], 4)}"
)

# %% tags=["grading"] question="q5"
name = "slope"
rtol, atol = 5e-12, 1e-13


def inputs(rng):
    drawn = []
    for n, k in [(5, 3), (1, 4), (8, 2), (6, 10)]:
        drawn.append((2 * rng.normal(size=(n, k)), rng.integers(k, size=n), rng.uniform(0.2, 0.8)))
    return drawn


# %% tags=["mistake"] question="q5"
says = "the sign of the gradient is flipped"


def slope(z, labels, a, right=slope):
    return -right(z, labels, a)


# %% tags=["mistake"] question="q5"
says = "that is the gradient of cross-entropy alone"


def slope(z, labels, a):
    return (softmax(z) - np.eye(z.shape[1])[labels]) / {{share}}


# %% tags=["mistake"] question="q5"
says = "by differences the first row is"
hint = "The derivative of the logsumexp in a score is the probability of its class."


def slope(z, labels, a, right=slope):
    plain = (softmax(z) - np.eye(z.shape[1])[labels]) / {{share}}
    return plain + 2 * (right(z, labels, a) - plain)


# %% [markdown]
# ## 6 · A vocabulary on several machines ★★ ({{points["q6"]}} points)
#
# $P$ machines have the scores of some tokens each. For each of $N$ rows a machine sends three numbers: `m`
# has the largest of its scores, {{pair}}, and `own` has the score of the label if it is on this machine, and
# $-\infty$ if not. The three arrays have the shape {{form6}}: the machines are on {{side}} axis. Write
# `merged(m, s, own)`, which returns {{tells}}, an array $(N,)$, correct to three digits or better.
# Scores may be large: none of your exponentials may overflow.
#
# *Section: [A large vocabulary]({{book}}/12_language_models.html#a-large-vocabulary).*


# %% nbgrader={"grade_id": "q6-answer", "solution": true}
def merged(m, s, own):
    """Returns {{tells}}."""
    ### BEGIN SOLUTION
    whole = {{gathered.format(axis)}}
    label = own.max(axis={{axis}})
    return {{told}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q6", "grade": true, "points": 4}
z = np.array([[2.0, 1.0, 0.1, 1.4, -1.0, 0.6], [0.5, 2.5, 1.5, 0.0, 1.0, 2.2]])
labels = np.array([1, 4])
# What three machines send that have two of the six tokens each, and with 1000 added to `z`:
### BEGIN VALUES


def sent_by(z):
    part, hot = z.reshape(2, 3, 2), np.arange(6) == labels[:, None]
    m = part.max(axis=-1)
    sent = {{sent}}
    own = np.where(hot, z, -np.inf).reshape(2, 3, 2).max(axis=-1)
    return (m.T, sent.T, own.T) if {{axis}} == 0 else (m, sent, own)


received, raised = sent_by(z), sent_by(z + 1000)
whole, label = np.log(np.exp(z).sum(axis=1)), z[[0, 1], labels]
want = {{told}}
whole = whole + np.log(3)
often = {{told}}
### END VALUES
found = np.asarray(merged(*received), float)
assert found.shape == (2,), f"one number for each row was asked for, got shape {found.shape}"
assert not np.allclose(found, often), "off by the logarithm of the number of machines"
assert np.allclose(found, want), (
    f"in the open example the answer is {np.round(want, 4)}, and you say {np.round(found, 4)}"
)
with np.errstate(all="ignore"):
    high = np.asarray(merged(*raised), float)
assert np.allclose(high, want), (
    "with 1000 added to all scores the answer should be the same: shift before you exponentiate"
)

# %% tags=["grading"] question="q6"
name = "merged"
rtol = 5e-3


def inputs(rng):
    drawn = []
    for rows, machines, each, level in [
        (4, 3, 5, 0),
        (1, 2, 4, 1000),
        (6, 8, 3, 0),
        (5, 4, 10, 900),
    ]:
        part = 3 * rng.normal(size=(rows, machines, each)) + level
        labels = part.reshape(rows, -1).argsort(axis=1)[:, rng.integers(machines * each - 1)]
        hot = np.arange(machines * each) == labels[:, None]
        own = np.where(hot, part.reshape(rows, -1), -np.inf).reshape(part.shape).max(axis=-1)
        m = np.max(part, axis=-1)
        s = {{sent}}
        sent = (m, s, own)
        drawn.append(tuple(array.T for array in sent) if {{axis}} == 0 else sent)
    return drawn


# %% tags=["mistake"] question="q6"
says = "off by the logarithm of the number of machines"


def merged(m, s, own):
    whole = {{gathered.format(axis)}} + np.log(m.shape[{{axis}}])
    label = own.max(axis={{axis}})
    return {{told}}


# %% tags=["mistake"] question="q6"
says = "in the open example the answer is"
hint = "Bring the sums to one unit before you add them."


def merged(m, s, own):
    whole = {{gathered.format(axis)}} - 0.5
    label = own.max(axis={{axis}})
    return {{told}}


# %% tags=["mistake"] question="q6"
says = "shift before you exponentiate"


def merged(m, s, own):
    whole = np.log(({{unshifted}}).sum(axis={{axis}}))
    label = own.max(axis={{axis}})
    return {{told}}


# %% [markdown]
# ## 7 · A rule that is not exact ★★★ ({{points["q7"]}} points)
#
# The target is `p` and the draft `q`, both $(\dots, K)$ with entries above 0, and no two entries of a row
# are equal. The residual is $\max(p - q, 0)$, divided by its sum. {{rule}} Write `outcome(p, q)`, which
# returns {{shows}}.
#
# *Section: [A draft that changes nothing]({{book}}/12_language_models.html#a-draft-that-changes-nothing).*


# %% nbgrader={"grade_id": "q7-answer", "solution": true}
def outcome(p, q):
    """Returns {{shows}}."""
    ### BEGIN SOLUTION
    residual = np.maximum(p - q, 0)
    residual = residual / residual.sum(axis=-1, keepdims=True)
    held = {{keeping}}
    token = held + (1 - held.sum(axis=-1, keepdims=True)) * {{again}}
    return {{shown7}}
    ### END SOLUTION


# %% nbgrader={"grade_id": "q7", "grade": true, "points": 4}
p = np.array([[0.4, 0.3, 0.2, 0.1], [0.05, 0.15, 0.3, 0.5]])
q = np.array([[0.25, 0.5, 0.1, 0.15], [0.3, 0.25, 0.35, 0.1]])
### BEGIN VALUES
token = p
exact = {{shown7}}
residual = np.maximum(p - q, 0)
residual = residual / residual.sum(axis=-1, keepdims=True)
held = {{keeping}}
token = held / held.sum(axis=-1, keepdims=True)
alone = {{shown7}}
token = held + (1 - held.sum(axis=-1, keepdims=True)) * {{again}}
want = {{shown7}}
### END VALUES
found = np.asarray(outcome(p, q), float)
assert found.shape == {{shape7}}, f"the answer should have the shape {{shape7}}, got {found.shape}"
assert not np.allclose(found, exact), "that is what the exact rule gives; this rule has a mistake"
assert not np.allclose(found, alone), "a rejected draft is replaced: add what is drawn then"
assert np.allclose(found, want), (
    f"in the open example the first answer is {np.round(want[0], 4)}, and you say {np.round(found[0], 4)}"
)

# %% tags=["grading"] question="q7"
name = "outcome"


def inputs(rng):
    drawn = []
    for shape in [(5,), (4, 3), (2, 3, 6), (10, 2)]:
        p, z = softmax(rng.normal(size=shape)), rng.normal(size=shape)
        high = z.max(axis=-1, keepdims=True) + 2  # some draft is rejected in each row
        np.put_along_axis(z, p.argmin(axis=-1, keepdims=True), high, axis=-1)
        drawn.append((p, softmax(z)))
    return drawn


# %% tags=["mistake"] question="q7"
says = "that is what the exact rule gives"


def outcome(p, q):
    token = p
    return {{shown7}}


# %% tags=["mistake"] question="q7"
says = "a rejected draft is replaced"


def outcome(p, q):
    held = {{keeping}}
    token = held / held.sum(axis=-1, keepdims=True)
    return {{shown7}}


# %% tags=["mistake"] question="q7"
says = "in the open example the first answer is"
hint = "Add the two ways to a token: drafted and kept, or drawn after a rejection."


def outcome(p, q):
    token = (p + q) / 2
    return {{shown7}}


# %% [markdown]
# ## 8 · A proof ★★★ ({{points["q8"]}} points)
#
# {{claim}}
#
# *Sections: [Predict the next letter]({{book}}/12_language_models.html#predict-the-next-letter), [A draft
# that changes nothing]({{book}}/12_language_models.html#a-draft-that-changes-nothing), [A large
# vocabulary]({{book}}/12_language_models.html#a-large-vocabulary).*

# %% [markdown] nbgrader={"grade_id": "q8", "grade": true, "solution": true, "points": 4}
# ### BEGIN SOLUTION
# {{shown}}
# ### END SOLUTION

# %% [markdown] tags=["rubric"] question="q8"
# **Rubric, 4 points**
#
# {{marks}}
