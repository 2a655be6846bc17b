# The cells of the exercises of chapter 11; website/ce_site/exercises.py tells what the parts are.

# %% 1 begin
stated = ...  # what a model trained with the weights 1, 2, 4 states at the chances 0.7, 0.2, 0.1


def back(stated, weights):  # the chances, from what is stated
    ...


# %% 1 answer
stated = np.array([0.7, 0.4, 0.4]) / 1.5


def back(stated, weights):
    chances = np.asarray(stated) / weights
    return chances / chances.sum()


# %% 1 inputs
inputs = [(np.array([0.5, 0.3, 0.2]), np.array([1.0, 2.0, 4.0])), (np.array([0.9, 0.1]), [1, 50])]


# %% 1 mistake: Probabilities add up to 1: divide the products by their sum.
stated = np.array([0.7, 0.4, 0.4])

# %% 1 mistake: A weight above 1 makes a class more probable, so multiply.
stated = np.array([0.7, 0.1, 0.025]) / 0.825


# %% 1 mistake: To go back, divide by the weights.
def back(stated, weights):
    chances = np.asarray(stated) * weights
    return chances / chances.sum()


# %% 1 mistake: After the division by the weights the sum is no longer 1.
def back(stated, weights):
    return np.asarray(stated) / weights


# %% 2 begin
def decide(p, cost):  # p (..., K), cost (K, K): true class, decision; the cheapest decision
    ...


limit = ...  # the cost of calling a bird a cat at which cat stops being the best decision

# %% 2 answer
limit = 4


def decide(p, cost):
    return (p @ cost).argmin(axis=-1)


# %% 2 inputs
inputs = [
    (np.array([0.6, 0.3, 0.1]), np.array([[0, 1, 1], [1, 0, 1], [9.0, 1, 0]])),
    (np.array([[0.6, 0.4], [0.97, 0.03]]), np.array([[0, 1], [20.0, 0]])),
    (np.array([0.5, 0.3, 0.2]), np.array([[0, 5, 2], [1, 0, 1], [3.0, 1, 0]])),
]


# %% 2 mistake: The rows of the table are the true classes, so the sum over them is p @ cost.
def decide(p, cost):
    return (p @ cost.T).argmin(axis=-1)


# %% 2 mistake: Costs are to be low.
def decide(p, cost):
    return (p @ cost).argmax(axis=-1)


# %% 2 mistake: The expected cost of dog is 0.6 + 0.1, that of cat 0.3 + 0.1 C.
limit = 7


# %% 3 begin
largest = ...  # the largest factor of the focal loss with the exponent 2
where = ...  # the probability that has it; both to two digits

# %% 3 check
assert not np.isclose(largest, 1, atol=0.005), "1 is the factor at p = 0"
assert 0 < where < 1, "where is a probability"
p = np.linspace(0.0005, 0.9995, 19_981)
m = (1 - p) ** 2 - 2 * p * (1 - p) * np.log(p)
assert abs(where - p[m.argmax()]) < 0.02, "the largest factor is at another probability"
assert abs(largest - m.max()) < 0.006, "that is not the largest factor"

# %% 3 answer
largest, where = 1.22, 0.10

# %% 3 mistake: 1 is the factor at p = 0 (hint: Is the factor at p = 0.1 above or below the one at 0?)
largest = 1.0

# %% 3 mistake: the largest factor is at another probability (hint: Compute the factor on a grid.)
where = 0.3


# %% 4 begin
def recover(stated, phi):  # the truth, from what is stated at the minimum of the focal loss
    ...


# %% 4 answer
def recover(stated, phi):
    p = np.asarray(stated)
    ratio = p / ((1 - p) ** phi - phi * p * (1 - p) ** (phi - 1) * np.log(p))
    return ratio / ratio.sum()


# %% 4 inputs
inputs = [(np.array([0.6, 0.3, 0.1]), 2), (np.array([0.55, 0.45]), 5), (np.array([0.7, 0.3]), 1)]


# %% 4 mistake: The truth is proportional to p divided by its factor.
def recover(stated, phi):
    p = np.asarray(stated)
    ratio = p * ((1 - p) ** phi - phi * p * (1 - p) ** (phi - 1) * np.log(p))
    return ratio / ratio.sum()


# %% 4 mistake: The factor has two terms: (1 − p)^φ depends on p, too.
def recover(stated, phi):
    p = np.asarray(stated)
    ratio = p / (1 - p) ** phi
    return ratio / ratio.sum()


# %% 4 mistake: The logarithm of p is negative, so that the second term adds to the first.
def recover(stated, phi):
    p = np.asarray(stated)
    ratio = p / np.abs((1 - p) ** phi + phi * p * (1 - p) ** (phi - 1) * np.log(p))
    return ratio / ratio.sum()


# %% 5 begin
def estimate(p, source, steps):  # probabilities (N, K) of unlabelled rows; the shares in use
    ...


# %% 5 answer
def estimate(p, source, steps):
    source = np.asarray(source)
    present = source
    for _ in range(steps):
        shifted = p * present / source
        present = (shifted / shifted.sum(axis=1, keepdims=True)).mean(axis=0)
    return present


# %% 5 inputs
p = ce.softmax(np.random.default_rng(0).normal(size=(40, 3)) + np.array([2, 0, -1]))
inputs = [(p, np.ones(3) / 3, 1), (p, np.ones(3) / 3, 20), (p, np.array([0.2, 0.3, 0.5]), 10)]


# %% 5 mistake: Each step shifts the probabilities of the model, from the training shares to the present ones.
def estimate(p, source, steps):
    present = np.asarray(source)
    for _ in range(steps):
        shifted = p * present
        present = (shifted / shifted.sum(axis=1, keepdims=True)).mean(axis=0)
    return present


# %% 5 mistake: The shifted probabilities of a row must add up to 1 before the mean is taken.
def estimate(p, source, steps):
    source = np.asarray(source)
    present = source
    for _ in range(steps):
        present = (p * present / source).mean(axis=0)
        present = present / present.sum()
    return present


# %% 6 begin
def m(p, a, b):  # the factor of symmetric cross-entropy, log 0 replaced by -a
    ...


stated = ...  # at a truth of 0.8 of two classes, a = 4, b = 0.5; three digits

# %% 6 check
assert not np.isclose(m(0.5, 4.0, 0.5), 1 + 0.5 * 4 * 0.5**2), "the slope of 1 − p is −1"
assert np.isclose(m(0.5, 4.0, 0.5), 2.0), "at p = 0.5 with a = 4 and b = 0.5 the factor is another"
assert np.isclose(m(0.2, 1.0, 2.0), 1.4), "the factor is right at one place only"
assert not np.isclose(stated, 0.8, atol=0.002), "0.8 is stated with cross-entropy alone"
assert (
    abs(np.log(stated * (3 - 2 * stated) / ((1 - stated) * (1 + 2 * stated))) - np.log(4)) < 0.02
), "at the minimum the truths are in the ratio of p / m(p)"

# %% 6 answer
stated = 0.904


def m(p, a, b):
    return 1 + a * b * p


# %% 6 mistake: the slope of 1 − p is −1 (hint: The factor is −p times the slope of the loss.)
def m(p, a, b):
    return 1 + a * b * p**2


# %% 6 mistake: at p = 0.5 with a = 4 and b = 0.5 the factor is another (hint: Cross-entropy has the factor 1, and the second part adds to it.)
def m(p, a, b):
    return a * b * p


# %% 6 mistake: 0.8 is stated with cross-entropy alone (hint: Solve for the stated probability whose ratio gives 0.8.)
stated = 0.8
