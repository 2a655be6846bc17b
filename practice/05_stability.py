# The cells of the exercises of chapter 5; website/ce_site/exercises.py tells what the parts are.

# %% 1 begin
limit = ...  # the logit from which on exp overflows in bfloat16
apart = ...  # how far apart bfloat16 numbers are near 20

# %% 1 answer
limit, apart = np.log((2 - 2.0**-7) * 2.0**127), 2.0**-3

# %% 1 mistake: That is the exponent of 10. The limit is the natural logarithm of the largest number.
limit = np.log10(3.39e38)

# %% 1 mistake: That is the limit of float16. bfloat16 has float32's range.
limit = np.log(65504)

# %% 1 mistake: Of eight binary digits the leading one counts, too: seven follow it.
apart = 2.0**-4

# %% 1 mistake: That is the distance near 1. Between 16 and 32 it is 16 times as large.
apart = 2.0**-7


# %% 2 begin
def sigmoid(x):  # of an array; no exponential overflows
    ...


def log_sigmoid(x):  # of an array
    ...


# %% 2 answer
def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def log_sigmoid(x):
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


# %% 2 check
x = np.array([-1000.0, -20.0, -1.0, 0.0, 2.0, 50.0, 1000.0])
for f in (sigmoid, log_sigmoid):
    with np.errstate(over="raise"):
        try:
            found = f(x)
        except FloatingPointError:
            raise AssertionError(
                f"{f.__name__}: an exponential overflows. Exponentiate -|x| only."
            ) from None
    assert found is not None, f"{f.__name__} returned nothing; does it end in return?"
    assert np.shape(found) == x.shape, f"{f.__name__} should work on an array, entry by entry."
assert np.isfinite(log_sigmoid(x)).all(), (
    "log_sigmoid is not finite at x = -1000: the logarithm of a sigmoid that has become 0."
)
assert log_sigmoid(x)[-2] != 0, "log_sigmoid is 0 at x = 50, where it is -1.9e-22. Use log1p."
exact = np.where(x < 0, x, 0) - np.log1p(np.exp(-np.abs(x)))
assert np.allclose(log_sigmoid(x), exact, rtol=1e-6), (
    f"log_sigmoid({x}) should be\n{exact}\nand is\n{log_sigmoid(x)}"
)
assert np.allclose(sigmoid(x), np.exp(exact), rtol=1e-6), (
    f"sigmoid({x}) should be\n{np.exp(exact)}\nand is\n{sigmoid(x)}"
)


# %% 2 mistake: sigmoid: an exponential overflows. Exponentiate -|x| only.
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# %% 2 mistake: log_sigmoid is not finite at x = -1000: the logarithm of a sigmoid that has become 0.
def log_sigmoid(x):
    with np.errstate(divide="ignore"):
        return np.log(sigmoid(x))


# %% 2 mistake: log_sigmoid is 0 at x = 50, where it is -1.9e-22. Use log1p.
def log_sigmoid(x):
    return np.minimum(x, 0) - np.log(1 + np.exp(-np.abs(x)))


# %% 3 begin
row = np.array([..., ..., ...])  # three logits for which exp(row - row.mean()) overflows

# %% 3 answer
row = np.array([1500.0, 0.0, 0.0])

# %% 3 check
assert not any(v is ... for v in row), "Put three logits in place of the dots."
row = np.asarray(row, float)
assert row.shape == (3,), f"A row of length 3 is asked for, got the shape {row.shape}."
assert np.isfinite(row).all(), "The logits themselves should be finite."
left = row.max() - row.mean()
assert left > 0, (
    "All logits are equal, so the shift leaves zeros. Let two lie far below the largest."
)
assert left > np.log(np.finfo(float).max), (
    f"The largest exponent after the shift is {left:.6g}; exp overflows above 709.78. Move the largest logit further away from the other two."
)

# %% 3 mistake: Move the largest logit further away from the other two.
row = np.array([1000.0, 0.0, 0.0])

# %% 3 mistake: All logits are equal, so the shift leaves zeros. Let two lie far below the largest.
row = np.full(3, 5000.0)

# %% 4 begin
rng = np.random.default_rng(0)
z, c = 8 * rng.normal(size=(10_000, 10)), rng.integers(10, size=10_000)
too_low = ...  # by how much the mean loss is too low with log(p + 1e-7)

# %% 4 answer
rng = np.random.default_rng(0)
z, c = 8 * rng.normal(size=(10_000, 10)), rng.integers(10, size=10_000)
true = ce.cross_entropy(z, c, reduction="none")
low = -np.log(ce.softmax(z)[np.arange(10_000), c] + 1e-7)
too_low = (true - low).mean()

# %% 4 mistake: The sign: too low by how much is a positive number.
too_low = -too_low

# %% 4 mistake: That is the mean loss with the 1e-7. Subtract it from the true mean loss.
too_low = low.mean()

# %% 4 mistake: That adds 1e-7 to the loss. It is added to the probability, before the logarithm.
too_low = -1e-7

# %% 6 begin
margin = ...  # from which d on the float32 loss of (0, -d) is 0
margin64 = ...  # and in float64

# %% 6 answer
margin, margin64 = 24 * np.log(2), 53 * np.log(2)

# %% 6 mistake: That is where exp(-d) equals the spacing at 1. Half the spacing is enough to be rounded away.
margin = 23 * np.log(2)

# %% 6 mistake: That is the exponent of 2. The margin is in nats.
margin = 24

# %% 6 mistake: That is where exp(-d) itself becomes 0. The sum 1 + exp(-d) rounds to 1 much earlier.
margin = 149 * np.log(2)

# %% 6 mistake: In float64, too, half the spacing at 1 is enough: 2 to the power of -53.
margin64 = 52 * np.log(2)
