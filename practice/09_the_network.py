# The cells of the exercises of chapter 9; website/ce_site/exercises.py tells what the parts are.

# %% 1 begin
slopes = ...  # of the weights and biases, in one call of backward
evaluations = ...  # of the loss, for a central difference for each of them

# %% 1 answer
slopes, evaluations = 2410, 4820

# %% 1 mistake: Those are the weights only. Each hidden unit and each score has a bias, too.
slopes, evaluations = 2368, 4736

# %% 1 mistake: A central difference needs two evaluations, one on each side.
evaluations = 2410


# %% 2 begin (value)
def relu(a):  # both return a Value with parents and rules
    ...


def multiply(a, b): ...


# %% 2 answer
def relu(a):
    return Value(np.maximum(a.data, 0), (a,), (lambda g: g * (a.data > 0),))


def multiply(a, b):
    rules = (lambda g: g * b.data, lambda g: g * a.data)
    return Value(a.data * b.data, (a, b), rules)


# %% 2 check
a, b = Value([[1.5, -0.5, 2.0]]), Value([[2.0, 3.0, -1.0]])
out = relu(a)
assert isinstance(out, Value), "relu should return a Value."
assert same(out.data, [[1.5, 0.0, 2.0]], 1e-9), (
    f"relu of 1.5, −0.5 and 2 is 1.5, 0 and 2; got {out.data}."
)
rules = dict(zip(out.parents, out.rules, strict=True))
assert [*rules] == [a], "relu has one parent, its argument, and so one rule."
passed = rules[a](np.array([[4.0, 5.0, 6.0]]))
assert not same(passed, [[4.0, 5.0, 6.0]], 1e-9), (
    "Where the input is negative, no slope passes relu."
)
assert same(passed, [[4.0, 0.0, 6.0]], 1e-9), (
    f"The slopes 4, 5 and 6 become 4, 0 and 6 behind relu; got {passed}."
)
out = multiply(a, b)
assert isinstance(out, Value), "multiply should return a Value."
assert same(out.data, a.data * b.data, 1e-9), f"The product, entry by entry; got {out.data}."
rules = dict(zip(out.parents, out.rules, strict=True))
assert {*rules} == {a, b}, "multiply has two parents, its arguments, and so two rules."
g = np.array([[1.0, 2.0, 3.0]])
assert not same(rules[a](g), g * a.data, 1e-9), "The rule for a multiplies by the other parent, b."
assert same(rules[a](g), g * b.data, 1e-9), f"The slope in a is g times b; got {rules[a](g)}."
assert same(rules[b](g), g * a.data, 1e-9), f"The slope in b is g times a; got {rules[b](g)}."


# %% 2 mistake: Where the input is negative, no slope passes relu.
def relu(a):
    return Value(np.maximum(a.data, 0), (a,), (lambda g: g,))


# %% 2 mistake: The rule for a multiplies by the other parent, b.
def multiply(a, b):
    rules = (lambda g: g * a.data, lambda g: g * b.data)
    return Value(a.data * b.data, (a, b), rules)


# %% 3 begin
first_loss = ...  # with W2 = 0
largest = ...  # the largest of the first slopes of W1, without its sign

# %% 3 answer
first_loss, largest = np.log(10), 0.0

# %% 3 mistake: With equal scores each of ten classes has the probability 1/10. What does that cost?
first_loss = 0.0

# %% 3 mistake: The slope of W1 contains the factor W2. What is that at the start?
largest = 0.01


# %% 4 begin (value)
def log_softmax(z):  # returns a Value with the parent z and one rule
    ...


# %% 4 answer
def log_softmax(z):
    p = ce.softmax(z.data)
    return Value(ce.log_softmax(z.data), (z,), (lambda g: g - p * g.sum(axis=1, keepdims=True),))


# %% 4 check
for data in ([2.0, 1.0, 0.1], [0.0, 800.0, 0.0]):
    z = Value([data])
    out, p = log_softmax(z), ce.softmax(np.array(data))
    assert isinstance(out, Value), "log_softmax should return a Value."
    assert same(out.data[0], ce.log_softmax(np.array(data)), 1e-9), (
        f"The value is the log-softmax of each row; got {out.data}."
    )
    rules = dict(zip(out.parents, out.rules, strict=True))
    assert [*rules] == [z], "log_softmax has one parent, its argument, and so one rule."
    found = rules[z](np.array([[-1.0, 0.0, 0.0]]))[0]
    assert np.all(np.isfinite(found)), (
        f"At the scores {data} the rule gives {found}: divide by nothing."
    )
    assert same(found, p - [1, 0, 0], 1e-9), (
        f"Behind pick the slope should be p̂ − y, here {(p - [1, 0, 0]).round(3)}; got {found.round(3)}."
    )
    found = rules[z](np.array([[1.0, 2.0, 3.0]]))[0]
    assert not same(found, [1, 2, 3] - p, 1e-9), (
        "That holds only where the slopes of a row sum to 1. What stands before p̂ in general?"
    )
    assert same(found, [1, 2, 3] - 6 * p, 1e-9), (
        f"With the slopes 1, 2, 3 the result should be {([1, 2, 3] - 6 * p).round(3)}; got {found.round(3)}."
    )


# %% 4 mistake: Behind pick the slope should be p̂ − y (hint: Write the derivative of each output in z_j, and add up.)
def log_softmax(z):
    return Value(ce.log_softmax(z.data), (z,), (lambda g: g / ce.softmax(z.data),))


# %% 4 mistake: Behind pick the slope should be p̂ − y (hint: The sum of the slopes of a row stands before p̂.)
def log_softmax(z):
    p = ce.softmax(z.data)
    return Value(ce.log_softmax(z.data), (z,), (lambda g: g - p,))


# %% 5 begin
# T: 1.75 was chosen on 400 new pictures. What changes on the other new pictures?
loss = ...  # "falls", "stays" or "rises"
accuracy = ...
belief = ...

# %% 5 answer
loss, accuracy, belief = "falls", "stays", "falls"

# %% 5 mistake: Dividing all scores by one number keeps their order, so the predicted class stays.
accuracy = "rises"

# %% 5 mistake: A temperature above 1 draws the probabilities towards each other.
belief = "rises"

# %% 5 mistake: The network was more certain than it was right; less certainty brings the loss down.
loss = "rises"

# %% 6 begin
import math

copies = ...  # of a network with 32 hidden units: orders times signs
# Of the average over all copies: how many different predictions does it make for 500 pictures?
predictions = ...

# %% 6 answer
import math

copies, predictions = math.factorial(32) * 2**32, 1

# %% 6 mistake: That counts the orders only. Each unit can have its signs changed, too.
copies = math.factorial(32)

# %% 6 mistake: That counts the choices of signs only. The units can also be listed in any order.
copies = 2**32

# %% 6 mistake: Its hidden weights are all 0, so it does not look at the picture.
predictions = 10
