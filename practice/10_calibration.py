# The cells of the exercises of chapter 10; website/ce_site/exercises.py tells what the parts are.

# %% 1 begin
error = ...  # the ECE, one bin for each belief
overconfident = ...  # of all predictions together: True or False

# %% 1 answer
error, overconfident = 0.1, False

# %% 1 mistake: The gaps have different signs, but the ECE takes the absolute value of each.
error = 0.05

# %% 1 mistake: Weight each gap by the share of predictions in its bin; the weights add up to 1.
error = 0.2

# %% 1 mistake: Compare the mean belief, 0.675, with the share right.
overconfident = True


# %% 2 begin
def best(s, a):  # the best temperature for scores (s, 0), a share a of first-class labels
    ...


# %% 2 answer
def best(s, a):
    return s / np.log(a / (1 - a))


# %% 2 inputs
inputs = [(4.0, 0.75), (2.0, 0.9), (0.5, 0.6)]


# %% 2 mistake: That is β = 1/T.
def best(s, a):
    return np.log(a / (1 - a)) / s


# %% 2 mistake: The sigmoid of s/T is a. Its inverse is the logarithm of the odds, a/(1 − a).
def best(s, a):
    return s / -np.log(1 - a)


# %% 3 begin
# the honest forecaster: by day 0.8 and 0.2, by night 0.3 and 0.7, equally many of both
uncertainty = ...  # the entropy of all labels together
resolution = ...
refinement = ...

# %% 3 answer
a = np.array([[0.8, 0.2], [0.3, 0.7]])
uncertainty, refinement = ce.entropy(a.mean(axis=0)), ce.entropy(a).mean()
resolution = uncertainty - refinement

# %% 3 mistake: That is the mean of the entropies by day and by night. All labels together have one distribution.
uncertainty = ce.entropy(np.array([[0.8, 0.2], [0.3, 0.7]])).mean()

# %% 3 mistake: The divergence goes from the shares of a group to the shares of all labels, not back.
a = np.array([[0.8, 0.2], [0.3, 0.7]])
resolution = ce.kl_divergence(np.tile(a.mean(axis=0), (2, 1)), a).mean()

# %% 3 mistake: The refinement is the mean entropy of the labels within the groups.
refinement = ce.entropy(np.array([0.55, 0.45]))


# %% 4 begin
def gain(logs):  # log-probabilities (S, K); how far the ensemble's loss is below the average loss
    ...


# %% 4 answer
def gain(logs):
    return -np.log(np.exp(logs.mean(axis=0)).sum())


# %% 4 inputs
inputs = [
    (np.log([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]]),),
    (np.log([[0.5, 0.5], [0.5, 0.5], [0.9, 0.1]]),),
]


# %% 4 mistake: Below means positive: the logarithm of a sum that is at most 1 is negative.
def gain(logs):
    return np.log(np.exp(logs.mean(axis=0)).sum())


# %% 4 mistake: That averages the probabilities, whose sum is 1. The geometric mean averages the logarithms.
def gain(logs):
    return -np.log(np.exp(logs).mean(axis=0).sum())


# %% 5 begin
def thresholds(p, labels, coverage, classes):  # an array with one threshold for each class
    ...


# %% 5 answer
def thresholds(p, labels, coverage, classes):
    found = np.zeros(classes)
    for k in range(classes):
        own = np.sort(p[labels == k, k])[::-1]
        rank = int(np.ceil(coverage * (len(own) + 1)))
        if rank <= len(own):
            found[k] = own[rank - 1]
    return found


# %% 5 inputs
p = np.array([[k / 20, 1 - k / 20] for k in range(1, 20)])
inputs = [
    (p, np.arange(19) % 2, 0.8, 2),
    (p, np.arange(19) // 4 % 2, 0.5, 2),
    (p[:4], np.array([0, 0, 0, 1]), 0.9, 2),
]


# %% 5 mistake: A class with too few held-out examples gets the threshold 0: its set always holds it.
def thresholds(p, labels, coverage, classes):
    found = np.zeros(classes)
    for k in range(classes):
        own = np.sort(p[labels == k, k])[::-1]
        found[k] = own[min(int(np.ceil(coverage * (len(own) + 1))), len(own)) - 1]
    return found


# %% 5 mistake: The rank counts from the largest probability down.
def thresholds(p, labels, coverage, classes):
    found = np.zeros(classes)
    for k in range(classes):
        own = np.sort(p[labels == k, k])
        rank = int(np.ceil(coverage * (len(own) + 1)))
        if rank <= len(own):
            found[k] = own[rank - 1]
    return found


# %% 6 begin
# (a) Newton's steps from β = 1 on the held-out pictures
# β after the first step is "below 0", "between 0 and the best" or "above the best"
after_one = ...
# (b) where the slope is concave and negative, a step from the left ends ...
ends = ...  # "at the best or to its left", or "at the best or to its right"

# %% 6 answer
after_one, ends = "below 0", "at the best or to its left"

# %% 6 mistake: At β = 1 the slope is about 0.30 and the curvature about 0.21. What is the step?
after_one = "between 0 and the best"

# %% 6 mistake: A concave function lies below its tangents: where the tangent is 0, the slope is still at most 0.
ends = "at the best or to its right"
