# The cells of the exercises of chapter 3; website/ce_site/exercises.py tells what the parts are.

# %% 1 begin
p = np.array([..., ..., ...])  # the softmax of (ln 6, ln 3, ln 1)

# %% 1 answer
p = np.array([0.6, 0.3, 0.1])

# %% 1 check
assert not any(v is ... for v in p), "Put three probabilities in place of the dots."
p = np.asarray(p, float)
logs = np.log([6, 3, 1])
assert not same(p, [6, 3, 1], 2e-3), "Those are the exponentials. Divide them by their sum."
assert not same(p, logs / logs.sum(), 2e-3), (
    "That divides the logits by their sum. Exponentiate first."
)
assert same(p, [0.6, 0.3, 0.1], 2e-3), f"The exponentials are 6, 3 and 1; got {p}."

# %% 1 mistake: Those are the exponentials. Divide them by their sum.
p = np.array([6, 3, 1])

# %% 1 mistake: That divides the logits by their sum. Exponentiate first.
p = np.log([6, 3, 1]) / np.log([6, 3, 1]).sum()

# %% 2 begin
logits = np.array([2.0, 1.0, 0.1])
rise = ...  # by how much the cat's logit must rise

# %% 2 answer
logits = np.array([2.0, 1.0, 0.1])
p = ce.softmax(logits)[0]
rise = np.log(9) - np.log(p / (1 - p))

# %% 2 mistake: That is the new log odds. Subtract the log odds that the cat has now.
rise = np.log(9)

# %% 2 mistake: That is the logarithm of the ratio of the probabilities. Take the odds of cat to not cat.
rise = np.log(0.9 / p)

# %% 2 mistake: The sign is wrong: a higher probability needs a higher logit.
rise = -(np.log(9) - np.log(p / (1 - p)))

# %% 2 mistake: That starts from the odds of cat to dog. Take cat to all that is not cat.
rise = np.log(9) - 1


# %% 3 begin
def fall(n):  # by how much the logits of n equal buses must fall
    ...


# %% 3 answer
def fall(n):
    return np.log(n)


# %% 3 inputs
inputs = [(2,), (1,), (3,), (10,)]


# %% 3 mistake: That is how the logits change. By how much they fall is a positive number.
def fall(n):
    return -np.log(n)


# %% 3 mistake: Shares are divided by n, but logits are logarithms: dividing a share by n subtracts a logarithm.
def fall(n):
    return n


# %% 3 mistake: That is in bits. Logits are natural logarithms.
def fall(n):
    return np.log2(n)


# %% 4 begin
logits = np.array([2.0, 1.0, 0.1])
T = ...  # the temperature at which the entropy is half of ln 3

# %% 4 answer
logits = np.array([2.0, 1.0, 0.1])
low, high = 0.01, 100.0
for _ in range(60):
    T = (low + high) / 2
    below = ce.entropy(ce.softmax(logits, temperature=T)) < np.log(3) / 2
    low, high = (T, high) if below else (low, T)

# %% 4 mistake: That is 1 / T. Divide the logits by T, not by its inverse.
T = 1 / T

# %% 4 mistake: At that temperature the entropy is half a bit. Half of ln 3 is 0.5493 nats.
for T in np.linspace(0.3, 0.8, 5001):
    if ce.entropy(ce.softmax(logits, temperature=T)) >= 0.5 * np.log(2):
        break

# %% 4 mistake: That is the entropy that is wanted. Which temperature leads to it?
T = np.log(3) / 2


# %% 5 begin (seed-demo gumbel)
# logits and noise, a million rows of Gumbel noise, are the chapter's.
def sample(T):  # the class that each row of noise draws from softmax(logits / T)
    ...


# %% 5 answer
def sample(T):
    return (logits + T * noise).argmax(axis=1)


# %% 5 check
found = sample(2)
assert found is not None, "sample returned nothing; does it end in return?"
assert np.shape(found) == (len(noise),), (
    f"sample should return a class for each of the {len(noise):,} rows, got the shape {np.shape(found)}."
)
for T in [2, 0.5]:
    shares = np.bincount(sample(T), minlength=3) / len(noise)
    plain, inverse = ce.softmax(logits), ce.softmax(logits * T)
    assert np.abs(shares - plain).max() > 0.01, "That samples at T = 1. Where does T go?"
    assert np.abs(shares - inverse).max() > 0.01, (
        "That samples from softmax(z T). The noise is multiplied by T, or the logits are divided by it."
    )
    assert np.abs(shares - ce.softmax(logits / T)).max() < 0.01, (
        f"At T = {T} the shares should be near {ce.softmax(logits / T).round(2)} and are {shares.round(2)}."
    )


# %% 5 mistake: That samples at T = 1. Where does T go?
def sample(T):
    return ((logits + noise) / T).argmax(axis=1)


# %% 5 mistake: The noise is multiplied by T, or the logits are divided by it.
def sample(T):
    return (logits + noise / T).argmax(axis=1)


# %% 5 mistake: sample should return a class for each of the 1,000,000 rows (hint: Take the argmax along the last axis.)
def sample(T):
    return (logits + T * noise).argmax()


# %% 6 begin
logits = np.array([2.0, 1.0, 0.1])


def slope(beta):  # the derivative of H(softmax(beta z)) with respect to beta, by the formula
    ...


# %% 6 answer
logits = np.array([2.0, 1.0, 0.1])


def slope(beta):
    p = ce.softmax(beta * logits)
    return -beta * (p @ logits**2 - (p @ logits) ** 2)


# %% 6 inputs
inputs = [(0.8,), (1.0,), (2.0,), (0.1,)]


# %% 6 mistake: The factor beta is missing: at beta = 0 the entropy is at its maximum, where the slope is 0.
def slope(beta):
    p = ce.softmax(beta * logits)
    return -(p @ logits**2 - (p @ logits) ** 2)


# %% 6 mistake: The sign is wrong: with a larger beta the prediction is bolder, so the entropy falls.
def slope(beta):
    p = ce.softmax(beta * logits)
    return beta * (p @ logits**2 - (p @ logits) ** 2)


# %% 6 mistake: That is the variance over equally likely classes. The class is drawn from p.
def slope(beta):
    return -beta * logits.var()
