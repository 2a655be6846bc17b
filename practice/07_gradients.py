# The cells of the exercises of chapter 7; website/ce_site/exercises.py tells what the parts are.

# %% 1 begin
probs = np.array([0.05, 0.90, 0.05])
gradients = np.array([[..., ..., ...]] * 3)  # a row for each label: cat, dog, bird
squared = [..., ..., ...]  # the squared length of each row

# %% 1 answer
gradients = np.array([0.05, 0.90, 0.05]) - np.eye(3)
squared = (gradients**2).sum(axis=1)

# %% 1 check
assert ... not in [*np.ravel(gradients), *squared], "Put numbers in place of all dots."
g, squared = np.asarray(gradients, float), np.asarray(squared, float)
right = np.array([0.05, 0.90, 0.05]) - np.eye(3)
assert g.shape == (3, 3), f"Three rows of three entries, got the shape {g.shape}."
assert not same(g, -right, 2e-3), "The sign: the gradient is the prediction minus the label."
assert not same(g, np.diag(np.diag(right)), 2e-3), (
    "The entries of the other classes are not 0: each is the probability of its class."
)
assert same(g, right, 2e-3), (
    f"Subtract 1 from the label's entry of the prediction; the rows should be\n{right}"
)
assert not same(squared, np.sqrt((right**2).sum(axis=1)), 2e-3), (
    "Those are the lengths. Their squares are asked for."
)
assert same(squared, (right**2).sum(axis=1), 3e-3), (
    f"Add the squares of each row's entries; got {squared}."
)

# %% 1 mistake: The sign: the gradient is the prediction minus the label.
gradients = -gradients

# %% 1 mistake: The entries of the other classes are not 0: each is the probability of its class.
gradients = np.diag(np.diag(gradients))

# %% 1 mistake: Those are the lengths. Their squares are asked for.
squared = np.sqrt(squared)

# %% 2 begin
# alpha = 0.1 and K = 3
margin = ...  # at which the gradient vanishes
below = ...  # the slope in the true score at a margin 1 smaller
above = ...  # and at a margin 1 larger

# %% 2 answer
margin = np.log(28)
below = ce.softmax([margin - 1, 0, 0])[0] - 0.9 - 0.1 / 3
above = ce.softmax([margin + 1, 0, 0])[0] - 0.9 - 0.1 / 3

# %% 2 mistake: That leaves out the share that the true class itself gets of alpha: its target is 0.9 + 0.1 / 3.
margin = np.log(27)

# %% 2 mistake: That divides alpha among the two other classes. Label smoothing divides it among all three.
margin = np.log(18)

# %% 2 mistake: That is the ratio of the two probabilities. The margin is its logarithm.
margin = 28

# %% 2 mistake: Below the margin the slope is negative: a step against it raises the true score.
below = -below

# %% 2 mistake: That is the slope with the plain label. Subtract the smoothed target.
above = ce.softmax([margin + 1, 0, 0])[0] - 1


# %% 3 begin
def brier_gradient(z, y):  # with respect to the scores z
    ...


# %% 3 answer
def brier_gradient(z, y):
    return 2 * ce.softmax_jacobian(z) @ (ce.softmax(z) - y)


# %% 3 inputs
inputs = [
    (np.array([-2.0, 0.0, -2.0]), np.array([1.0, 0.0, 0.0])),
    (np.array([-5.0, 0.0, -5.0]), np.array([1.0, 0.0, 0.0])),
    (np.array([1.0, 2.0, 0.5]), np.array([0.2, 0.3, 0.5])),
]


# %% 3 mistake: That is the derivative with respect to the probabilities. Multiply it by the Jacobian.
def brier_gradient(z, y):
    return 2 * (ce.softmax(z) - y)


# %% 3 mistake: That is the gradient of cross-entropy, which has no Jacobian left.
def brier_gradient(z, y):
    return ce.softmax(z) - y


# %% 3 mistake: The factor 2 of the square is missing.
def brier_gradient(z, y):
    return ce.softmax_jacobian(z) @ (ce.softmax(z) - y)


# %% 3 mistake: That takes only the diagonal of the Jacobian. A score moves all probabilities.
def brier_gradient(z, y):
    p = ce.softmax(z)
    return 2 * p * (1 - p) * (p - y)


# %% 4 begin
scores = np.array([..., ..., ...])
target = np.array([..., ..., ...])

# %% 4 answer
scores, target = np.zeros(3), np.full(3, 1 / 3)

# %% 4 check
assert not any(v is ... for v in [*scores, *target]), "Put numbers in place of all dots."
z, y = np.asarray(scores, float), np.asarray(target, float)
assert z.shape == y.shape, f"As many scores as entries of the target: got {z.shape} and {y.shape}."
assert np.allclose([np.abs(y).sum(), y.sum()], 1), (
    f"The target is a distribution; yours sums to {y.sum():.3g}."
)
g = ce.softmax(z) - y
error = ce.check_gradient(lambda v: ce.cross_entropy(v, y), -g, z)
assert not (np.sort(y)[-1] == 1 and error > 1e-8), (
    "With a label the gradient is never 0, so the flipped one fails. Take a soft target."
)
assert error < 1e-8, (
    f"There the flipped gradient is caught: it is {-g.round(3)} and should be {g.round(3)}. Where are both 0?"
)

# %% 4 mistake: With a label the gradient is never 0, so the flipped one fails. Take a soft target.
scores, target = np.zeros(3), np.array([1.0, 0.0, 0.0])

# %% 4 mistake: Where are both 0? (hint: Two opposite gradients agree where both are 0.)
scores, target = np.array([1.0, 0.0, 0.0]), np.full(3, 1 / 3)

# %% 5 begin
# Where between the two bounds is the squared distance? 0 is the lower bound, 1 the upper one.
sure = ...  # of (0.10, 0.80, 0.10), for a cat
split = ...  # of (0.10, 0.45, 0.45)

# %% 5 answer
low, high = 0.9**2 * 3 / 2, 0.9**2 * 2
sure, split = (0.9**2 + 0.8**2 + 0.1**2 - low) / (high - low), 0.0

# %% 5 mistake: That is the squared distance itself. How far is it on the way from the lower to the upper bound?
sure = 1.46

# %% 5 mistake: That is the squared distance as a share of the upper bound. Begin at the lower bound.
sure = 1.46 / 1.62

# %% 5 mistake: That leaves out the entry of the true class, which adds 0.9 squared.
sure = (0.8**2 + 0.1**2 - low) / (high - low)

# %% 5 mistake: The two wrong classes of the split model are equal. Which bound is that?
split = 1.0


# %% 6 begin
def five_point(f, x, h):  # the slope of f at the number x
    ...


# %% 6 answer
def five_point(f, x, h):
    return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h)


# %% 6 check
found = five_point(np.exp, 0.0, 0.1)
assert found is not None, "five_point returned nothing; does it end in return?"
error = abs(found - 1)
assert error > 1e-12, "That is the exact derivative. Use the four values of f."
central = abs(np.sinh(0.1) / 0.1 - 1)
assert not np.isclose(error, central, rtol=0.01), (
    "That is the central difference. Combine it with the one of 2 h."
)
assert not np.isclose(found, 3 * 1.0, rtol=0.02), "That is three times the slope. Divide by 12 h."
assert not np.isclose(found, -1, rtol=0.05), "The sign is wrong."
assert error < 1e-4, (
    f"The slope of exp at 0 is 1, got {found:.6f}: in (4 Q_h - Q_2h) / 3 the h squared cancels."
)
assert np.isclose(error / abs(five_point(np.exp, 0.0, 0.05) - 1), 16, rtol=0.1), (
    "Half the step should divide the error by 16. Which term is left?"
)


# %% 6 mistake: That is the central difference. Combine it with the one of 2 h.
def five_point(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


# %% 6 mistake: That is three times the slope. Divide by 12 h.
def five_point(f, x, h):
    return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (4 * h)


# %% 6 mistake: the h squared cancels (hint: In Q_2h the term with h squared is four times as large. In which combination does it cancel?)
def five_point(f, x, h):
    return (2 * (f(x + h) - f(x - h)) / (2 * h) + (f(x + 2 * h) - f(x - 2 * h)) / (4 * h)) / 3
