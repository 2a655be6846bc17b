# The cells of the exercises of chapter 12; website/ce_site/exercises.py tells what the parts are.

# %% 1 begin
bits = ...  # of a letter, at a loss of 1.6 nats
pairs = ...  # the perplexity of the same model, with pairs of letters as tokens

# %% 1 answer
bits, pairs = 1.6 / np.log(2), np.exp(3.2)

# %% 1 mistake: A nat is more than a bit: divide by ln 2.
bits = 1.6 * np.log(2)

# %% 1 mistake: That is the perplexity with letters. A pair costs twice as many nats.
pairs = np.exp(1.6)

# %% 1 mistake: The nats of a pair double; the perplexity is their exponential.
pairs = 2 * np.exp(1.6)


# %% 2 begin
def merged(counts, least):  # the perplexity of words if all with fewer than `least` are one token
    ...


# %% 2 answer
def merged(counts, least):
    counts = np.asarray(counts)
    kept = np.append(counts[counts >= least], counts[counts < least].sum())
    return np.exp(ce.entropy(kept / kept.sum()))


# %% 2 inputs
inputs = [(np.array([50, 20, 10, 5, 5, 4, 3, 1]), 5), (np.array([9, 9, 1, 1, 1]), 2)]


# %% 2 mistake: The rare words do not vanish: their token has the sum of their counts.
def merged(counts, least):
    counts = np.asarray(counts)
    kept = counts[counts >= least]
    return np.exp(ce.entropy(kept / kept.sum()))


# %% 2 mistake: That is the loss in nats; the perplexity is its exponential.
def merged(counts, least):
    counts = np.asarray(counts)
    kept = np.append(counts[counts >= least], counts[counts < least].sum())
    return ce.entropy(kept / kept.sum())


# %% 2 mistake: Replace only words that occur fewer than `least` times.
def merged(counts, least):
    counts = np.asarray(counts)
    kept = np.append(counts[counts > least], counts[counts <= least].sum())
    return np.exp(ce.entropy(kept / kept.sum()))


# %% 3 begin
# the probabilities are 0.4, 0.3, 0.15, 0.1, 0.05
first_k = ...  # the probability of the first token after top-k with 2
first_p = ...  # after nucleus sampling with 0.8
T = ...  # the temperature from which min-p with 0.3 keeps all five

# %% 3 answer
first_k, first_p, T = 0.4 / 0.7, 0.4 / 0.85, np.log(0.05 / 0.4) / np.log(0.3)

# %% 3 mistake: What is left is normalised again.
first_k = 0.4

# %% 3 mistake: Two tokens have 0.7 together, which is less than 0.8: a third one is kept.
first_p = 0.4 / 0.7

# %% 3 mistake: That is 1/T: the exponent of the ratio.
T = np.log(0.3) / np.log(0.05 / 0.4)


# %% 4 begin
def tokens(a, n):  # of one pass on average, n drafted tokens, each kept with the chance a
    ...


# %% 4 answer
def tokens(a, n):
    return (1 - a ** (n + 1)) / (1 - a)


# %% 4 inputs
inputs = [(0.525, 4), (0.9, 4), (0.5, 1)]


# %% 4 mistake: After the first rejection, or after the last draft, one more token comes.
def tokens(a, n):
    return a * (1 - a**n) / (1 - a)


# %% 4 mistake: A token after a rejected one does not count.
def tokens(a, n):
    return 1 + n * a


# %% 5 begin
def if_equal(p, q):  # how often the draft is kept if it must equal a draw from the target
    ...


def by_ratio(p, q):  # how often with the chances min(1, p/q)
    ...


# %% 5 answer
def if_equal(p, q):
    return np.sum(np.multiply(p, q))


def by_ratio(p, q):
    return np.sum(np.minimum(p, q))


# %% 5 inputs
inputs = [(np.array([0.5, 0.3, 0.2]), np.array([0.3, 0.6, 0.1])), (np.array([0.9, 0.1]),) * 2]


# %% 5 mistake: Both draws must give the same token, so multiply the two probabilities of it.
def if_equal(p, q):
    return np.sum(np.minimum(p, q))


# %% 5 mistake: The chance for a token counts as often as the token is drafted.
def by_ratio(p, q):
    return np.mean(np.minimum(1, np.divide(p, q)))


# %% 6 begin
def part(z, m, s, own):  # of p̂ − y: z of one machine, the merged pair, the label's place or None
    ...


# %% 6 answer
def part(z, m, s, own):
    grad = np.exp(np.asarray(z) - m) / s
    if own is not None:
        grad[own] -= 1
    return grad


# %% 6 inputs
inputs = [(np.array([2.0, 1.0]), 2.0, 1.517, 0), (np.array([0.1, -1.0, 3.0]), 5.0, 1.4, None)]


# %% 6 mistake: The sum is shifted by m, so the exponentials must be, too.
def part(z, m, s, own):
    grad = np.exp(np.asarray(z)) / s
    if own is not None:
        grad[own] -= 1
    return grad


# %% 6 mistake: Divide by the sum of all machines, which is s, not by the sum of this one.
def part(z, m, s, own):
    grad = np.exp(np.asarray(z) - m)
    grad = grad / grad.sum()
    if own is not None:
        grad[own] -= 1
    return grad


# %% 6 mistake: The label's entry is p̂ − 1.
def part(z, m, s, own):
    return np.exp(np.asarray(z) - m) / s
