# The cells of the exercises of chapter 4; website/ce_site/exercises.py tells what the parts are.

# %% 1 begin
z = np.log([6.0, 3.0, 1.0])
lse = ...  # the logsumexp of z
losses = ...  # the losses of the three classes, an array

# %% 1 answer
z = np.log([6.0, 3.0, 1.0])
lse = np.log(10)
losses = lse - z

# %% 1 mistake: That is the sum of the exponentials. Take its logarithm.
lse = 10

# %% 1 mistake: Those are the logarithms of the probabilities. The loss is minus that.
losses = z - np.log(10)

# %% 1 mistake: Those are the probabilities. The loss is minus the logarithm of each.
losses = np.array([0.6, 0.3, 0.1])

# %% 2 begin
temperatures = [1.0, 0.5, 0.2, 0.1]
near = [...]  # those that bring it within 0.001 of the maximum of (2, 1, 0.1)

# %% 2 answer
near = [0.1]

# %% 2 check
assert near != [...], "Put the temperatures in place of the dots."
near = [*np.atleast_1d(near)]
assert near, (
    "The bound T ln 3 is above 0.001 for all four, but the gap itself is smaller. Compute the gap."
)
assert 0.2 not in near, "At T = 0.2 the gap is 0.001358, slightly too much."
assert near == [0.1], (
    f"Compute T logsumexp(z / T) - max(z) for each of the four; {near} is not right."
)

# %% 2 mistake: but the gap itself is smaller. Compute the gap. (hint: The bound is not reached. Compute the gap itself.)
near = []

# %% 2 mistake: At T = 0.2 the gap is 0.001358, slightly too much.
near = [0.2, 0.1]

# %% 3 begin
probability = ...  # of the true class, where squared error pulls hardest
pull = ...  # how hard it pulls there

# %% 3 answer
probability, pull = 1 / 3, 16 / 27

# %% 3 mistake: At 1/2 the pull is 0.5. It is 4 q (1 - q)^2, which is not symmetric; take its derivative.
probability = 0.5

# %% 3 mistake: At 0 the pull is 0: squared error does not correct a model that is certain of the wrong class.
probability = 0

# %% 3 mistake: For two classes the Brier score is 2 (1 - q)^2, since both entries are off. You have half of it.
pull = 8 / 27

# %% 4 begin
lowest = ...  # the lowest loss with a = 1 and 1,000 classes
highest = ...  # and the highest
a = ...  # the scale with which the lowest loss is 0.01

# %% 4 answer
lowest, highest = np.log1p(999 * np.exp(-2)), np.log1p(999 * np.exp(2))
a = np.log(999 / np.expm1(0.01)) / 2

# %% 4 mistake: That takes 1 for the largest margin. From -1 to 1 it is 2.
lowest = np.log1p(999 * np.exp(-1))

# %% 4 mistake: That is 2a, the margin. Divide it by 2.
a = np.log(999 / np.expm1(0.01))

# %% 4 mistake: That takes 1 for the largest margin. From -1 to 1 it is 2, in both directions.
highest = np.log1p(999 * np.exp(1))


# %% 5 begin
def slopes(p, y):  # the slopes of squared error in all logits, from p = softmax(z)
    ...


# %% 5 answer
def slopes(p, y):
    return 2 * p * (p - y - p @ (p - y))


# %% 5 inputs
inputs = [
    (np.array([0.7, 0.2, 0.1]), np.array([0.0, 1.0, 0.0])),
    (np.array([0.1, 0.9]), np.array([1.0, 0.0])),
]


# %% 5 mistake: That is the derivative with respect to p. Multiply it by the Jacobian of softmax.
def slopes(p, y):
    return 2 * (p - y)


# %% 5 mistake: That has only the terms of each logit's own probability. A logit moves all probabilities.
def slopes(p, y):
    return 2 * (p - y) * p * (1 - p)


# %% 5 mistake: That is the gradient of cross-entropy.
def slopes(p, y):
    return p - y


# %% 5 mistake: The factor 2 of the square is missing.
def slopes(p, y):
    return p * (p - y - p @ (p - y))
