# The cells of the exercises of chapter 2; website/ce_site/exercises.py tells what the parts are.

# %% 1 begin
probs = np.array([[0.5, 0.25, 0.25], [0.25, 0.25, 0.5]])
labels = np.array([0, 1])
nats = ...  # the mean loss in nats
bits = ...  # and in bits

# %% 1 answer
nats, bits = 1.5 * np.log(2), 1.5

# %% 1 mistake: That is the sum of the two losses. Divide by the number of rows.
nats = 3 * np.log(2)

# %% 1 mistake: That is minus the logarithm of the mean probability. Take the mean of the logarithms.
nats = -np.log(0.375)

# %% 1 mistake: That multiplies by ln 2 where it should divide: a bit is ln 2 = 0.693 nats.
bits = 1.5 * np.log(2) ** 2

# %% 2 begin
f = np.array([0.80, 0.15, 0.05])
lowest = ...  # the lowest mean loss of a model that always gives the same answer, in nats

# %% 2 answer
f = np.array([0.80, 0.15, 0.05])
lowest = ce.entropy(f)

# %% 2 mistake: That is the loss of the uniform answer. A constant answer may prefer cats.
lowest = np.log(3)

# %% 2 mistake: That is the loss on a cat alone. Average over all three animals, with their frequencies.
lowest = -np.log(0.8)

# %% 2 mistake: That is the loss in bits.
lowest = ce.entropy(f, base=2)

# %% 3 begin
# Two predictions for a cat: cross-entropy prefers a, the Brier score prefers b.
a = np.array([..., ..., ...])
b = np.array([..., ..., ...])

# %% 3 answer
a, b = np.array([0.32, 0.68, 0.0]), np.array([0.3, 0.35, 0.35])

# %% 3 check
assert not any(v is ... for v in [*a, *b]), (
    "Put three probabilities in place of the dots of a and b."
)
a, b, cat = np.array(a, float), np.array(b, float), np.eye(3)[0]
for p in (a, b):
    assert p.shape == (3,), "A prediction has three probabilities."
    assert np.allclose([np.abs(p).sum(), p.sum()], 1), (
        f"{p} is no distribution: it sums to {p.sum():.3g}."
    )
brier = [np.sum((p - cat) ** 2) for p in (a, b)]
assert a[0] != b[0], "Both give the cat the same probability, so their losses are equal."
assert a[0] > b[0] or brier[0] > brier[1], (
    "You have exchanged them: cross-entropy prefers your b and the Brier score your a."
)
assert a[0] > b[0], "Both scores prefer b. Give a slightly more cat than b."
assert brier[0] > brier[1], (
    f"Both scores prefer a: the Brier scores are {brier[0]:.3f} and {brier[1]:.3f}. Give all that a has left to one wrong animal."
)

# %% 3 mistake: is no distribution (hint: The three probabilities of each prediction sum to 1.)
a, b = np.array([0.5, 0.4, 0.2]), np.array([0.3, 0.35, 0.35])

# %% 3 mistake: You have exchanged them (hint: Cross-entropy looks at the cat alone, so give the cat slightly more in a than in b.)
a, b = np.array([0.3, 0.35, 0.35]), np.array([0.32, 0.68, 0.0])

# %% 3 mistake: Give all that a has left to one wrong animal.
a, b = np.array([0.8, 0.2, 0.0]), np.array([0.3, 0.35, 0.35])

# %% 3 mistake: Both give the cat the same probability, so their losses are equal.
a, b = np.array([0.3, 0.7, 0.0]), np.array([0.3, 0.35, 0.35])

# %% 4 begin
y = np.array([0.7, 0.2, 0.1])
best = ...  # the prediction on your grid with the least expected squared surprisal

# %% 4 answer
y = np.array([0.7, 0.2, 0.1])
best = np.array([0.525, 0.285, 0.19])

# %% 4 check
assert best is not ..., "Put your answer for best in place of the dots."
best = np.asarray(best, float)
assert best.shape == (3,), f"best should have three entries, got the shape {best.shape}."
assert abs(best.sum() - 1) < 1e-6, f"best should sum to 1; it sums to {best.sum():.3f}."
assert np.abs(best - y).max() > 0.03, (
    "That is the truth itself, which cross-entropy prefers. Square the surprisals."
)
assert np.abs(best - 1 / 3).max() > 0.03, (
    "That is the uniform prediction. Weight the squares with y, not with the prediction."
)
assert np.abs(best - [0.525, 0.285, 0.19]).max() < 0.025, (
    f"{best.round(3)} is not the lowest point: minimise the sum of y times the square of ln p."
)

# %% 4 mistake: That is the truth itself, which cross-entropy prefers. Square the surprisals.
best = y

# %% 4 mistake: That is the uniform prediction. Weight the squares with y, not with the prediction.
best = np.full(3, 1 / 3)

# %% 4 mistake: best should sum to 1 (hint: Two loops give the first two entries, and the third is what remains.)
best = np.array([0.7, 0.4, 0.2])


# %% 5 begin
def penalty(t):  # of an array of probabilities of what happened
    ...


# %% 5 answer
def penalty(t):
    return (1 - t) ** 2


# %% 5 check
q = np.linspace(0.002, 0.998, 499)
got = penalty(q)
assert got is not None, "penalty returned nothing; does it end in return?"
assert np.shape(got) == q.shape, "penalty should work on an array, entry by entry."
assert np.isfinite(got).all(), "penalty should be finite between 0 and 1."
line = np.polyval(np.polyfit(np.log(q), got, 1), np.log(q))
assert np.abs(got - line).max() > 1e-3 * np.ptp(got), (
    "That is a logarithm. Another penalty is asked for."
)
for r in [0.1, 0.3, 0.5, 0.7, 0.9]:
    expected = r * penalty(q) + (1 - r) * penalty(1 - q)
    low = q[np.argmin(expected)]
    assert abs(low - r) < 0.006, (
        f"If the chance is {r}, the expected penalty is lowest at {low:.2f}, so it is not strictly proper."
    )


# %% 5 mistake: That is a logarithm. Another penalty is asked for.
def penalty(t):
    return -2 * np.log(t) + 1


# %% 5 mistake: so it is not strictly proper (hint: With a penalty that is a straight line, it is best to exaggerate.)
def penalty(t):
    return 1 - t


# %% 5 mistake: the expected penalty is lowest at (hint: With two classes the Brier score depends only on the probability of what happened.)
def penalty(t):
    return np.log(t) ** 2


# %% 6 begin (four-answers two-models two-models-loss)
# cost["bold"] and cost["plain"] are the chapter's losses of each photograph.
average = ...  # after how many photographs at the average rate
passed = ...  # after how many in the order of the data

# %% 6 answer
gap = cost["bold"] - cost["plain"]
average = int(np.ceil(np.log(1e6) / gap.mean()))
passed = np.flatnonzero(np.cumsum(gap) > np.log(1e6))[0] + 1

# %% 6 mistake: That is 6 divided by the mean difference, as with log10. The losses are in nats: use ln.
average = int(np.ceil(6 / gap.mean()))

# %% 6 mistake: After that many the ratio is still below a million: round up.
average = int(np.log(1e6) / gap.mean())

# %% 6 mistake: That is the index of the photograph, which counts from 0.
passed = np.flatnonzero(np.cumsum(gap) > np.log(1e6))[0]

# %% 6 mistake: That is 6 divided by the mean difference, counted in the data: use ln, since the losses are in nats.
passed = np.flatnonzero(np.cumsum(gap) > 6)[0] + 1

# %% 7 begin
rng = np.random.default_rng(2)
difference = ...  # mean loss of the model that predicts r, minus the mean entropy of the targets

# %% 7 answer
difference = 0.107

# %% 7 check
assert difference is not ..., "Put your answer for difference in place of the dots."
difference = float(difference)
assert abs(difference + 0.107) > 0.012, (
    "The sign: the model's loss is larger than the entropy of the votes."
)
assert abs(difference - 0.107 / np.log(2)) > 0.012, "That is in bits."
assert abs(difference) > 0.012, (
    "There should be a difference. Take the entropy of the shares of the votes, not of r."
)
assert abs(difference - 0.107) < 0.012, (
    f"Got {difference:.3f}. Draw r from dirichlet([1, 1, 1]) and ten votes from it, many times."
)

# %% 7 mistake: The sign: the model's loss is larger than the entropy of the votes.
difference = -0.107

# %% 7 mistake: Take the entropy of the shares of the votes, not of r.
difference = 0.001

# %% 7 mistake: That is in bits.
difference = 0.107 / np.log(2)
