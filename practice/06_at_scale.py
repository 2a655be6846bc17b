# The cells of the exercises of chapter 6; website/ce_site/exercises.py tells what the parts are.

# %% 1 begin
float32 = ...  # GB for the logits in float32; a GB is a billion bytes
bfloat16 = ...  # and in bfloat16

# %% 1 answer
float32, bfloat16 = 2 * 8192 * 128_256 * 4 / 1e9, 2 * 8192 * 128_256 * 2 / 1e9

# %% 1 mistake: That is one sequence. Two are trained at a time.
float32 = 8192 * 128_256 * 4 / 1e9

# %% 1 mistake: That is the number of logits in billions. Each takes 4 bytes.
float32 = 2 * 8192 * 128_256 / 1e9

# %% 1 mistake: That divides by 2 to the power of 30, which is a GiB. A GB is a billion bytes.
float32 = 2 * 8192 * 128_256 * 4 / 2**30

# %% 1 mistake: That is the number of logits in billions. Each takes 2 bytes.
bfloat16 = 2 * 8192 * 128_256 / 1e9

# %% 2 begin
m = [..., ..., ...]  # after ln 1, after ln 3 and after ln 2
s = [..., ..., ...]

# %% 2 answer
m, s = np.log([1, 3, 3]), np.array([1, 4 / 3, 2])

# %% 2 check
assert ... not in [*m, *s], "Put three numbers in place of the dots of m and of s."
m, s = np.asarray(m, float), np.asarray(s, float)
assert not same(m, np.log([1, 3, 2]), 2e-3), (
    "m is the maximum so far: it stays ln 3 when ln 2 comes."
)
assert same(m, np.log([1, 3, 3]), 2e-3), f"m should be the maximum of the logits so far, got {m}."
assert not same(s, [1, 2, 8 / 3], 2e-3), (
    "At the second logit the maximum changes, so the old sum is multiplied by 1/3."
)
assert not same(s, [1, 4, 6], 2e-3), (
    "Those are the totals s times e^m. s itself is relative to the maximum."
)
assert same(s, [1, 4 / 3, 2], 2e-3), f"s is not right: {s}; s times e^m should be 1, 4 and 6."

# %% 2 mistake: m is the maximum so far: it stays ln 3 when ln 2 comes.
m = np.log([1, 3, 2])

# %% 2 mistake: At the second logit the maximum changes, so the old sum is multiplied by 1/3.
s = np.array([1, 2, 8 / 3])

# %% 2 mistake: Those are the totals s times e^m. s itself is relative to the maximum.
s = np.array([1, 4, 6])

# %% 3 begin
chain = ...  # the number of classes from which on one class more no longer changes s
halves = ...  # the number of classes from which on tree (a) gives infinity
neighbours = ...  # and tree (b)

# %% 3 answer
chain, halves, neighbours = 2048, 65505, 65515

# %% 3 mistake: float16 counts every whole number up to 2,048, and 2,048 + 1 is rounded down to 2,048.
chain = 2047

# %% 3 mistake: That is where the distance becomes 1. One class more is lost where it becomes 2.
chain = 1024

# %% 3 mistake: With 65,504 classes the sum is the largest number of float16, still finite.
halves = 65504

# %% 3 mistake: That is where a single rounding gives infinity. In the tree the sums inside are rounded, too.
halves = 65520

# %% 3 mistake: That is where a single rounding gives infinity. In this tree, too, the sums inside are rounded.
neighbours = 65520

# %% 4 begin
b = ...  # the length for which the bound is smallest, of 1, 10, 100, ..., 10**6
additions = ...  # through how many additions a term passes then, at most

# %% 4 answer
b, additions = 1000, 2000

# %% 4 mistake: b + 1,000,000 / b is smallest where both parts are equal.
b = 10**6

# %% 4 mistake: With b = 1 all numbers are in the second chain, which then has a million additions.
b = 1

# %% 4 mistake: That counts one of the two chains.
additions = 1000


# %% 5 begin
def merge3(a, b):  # of two triples (m, s, o)
    ...


# %% 5 answer
def merge3(a, b):
    m = max(a[0], b[0])
    left, right = np.exp(a[0] - m), np.exp(b[0] - m)
    return m, a[1] * left + b[1] * right, a[2] * left + b[2] * right


# %% 5 check
rng = np.random.default_rng(0)
z, v = rng.normal(0, 3, 12), rng.normal(size=(12, 2))


def triple(some):
    e = np.exp(z[some] - z[some].max())
    return z[some].max(), e.sum(), e @ v[some]


first, last, whole = triple(slice(0, 5)), triple(slice(5, 12)), triple(slice(0, 12))
with np.errstate(invalid="ignore", over="ignore"):
    found = merge3(first, last)
    assert found is not None, "merge3 returned nothing; does it end in return?"
    assert len(found) == 3, f"merge3 should return m, s and o, got {len(found)} values."
    assert np.isclose(found[0], whole[0]), "m is the larger of the two maxima."
    assert not np.isclose(found[1], first[1] + last[1]), (
        "The two sums have different units: multiply each by e to the power of its own m minus the new one."
    )
    assert np.isclose(found[1], whole[1]), f"s should be {whole[1]:.4f} and is {found[1]:.4f}."
    assert not np.allclose(found[2], first[2] + last[2]), (
        "o changes its unit by the same factor as s."
    )
    assert not np.allclose(found[2], (first[2] / first[1] + last[2] / last[1]) / 2), (
        "A mean of the two results gives both blocks the same weight. Merge the numerators o."
    )
    assert np.allclose(found[2], whole[2]), f"o should be {whole[2]} and is {found[2]}."
    empty = merge3((-np.inf, 0.0, np.zeros(2)), whole)
    far = merge3((1000.0, 1.0, np.ones(2)), (0.0, 1.0, np.ones(2)))
assert np.allclose(empty[2], whole[2]), (
    "Merged with an empty block (-inf, 0, 0) a triple should stay as it is."
)
assert np.isfinite(far[1]), (
    "With a maximum of 1,000 an exponential overflows. Subtract the larger maximum."
)


# %% 5 mistake: The two sums have different units: multiply each by e to the power of its own m minus the new one.
def merge3(a, b):
    return max(a[0], b[0]), a[1] + b[1], a[2] + b[2]


# %% 5 mistake: o changes its unit by the same factor as s.
def merge3(a, b):
    m = max(a[0], b[0])
    return m, a[1] * np.exp(a[0] - m) + b[1] * np.exp(b[0] - m), a[2] + b[2]


# %% 5 mistake: With a maximum of 1,000 an exponential overflows. Subtract the larger maximum.
def merge3(a, b):
    m = max(a[0], b[0])
    left, right = np.exp(a[0]), np.exp(b[0])
    return m, (a[1] * left + b[1] * right) / np.exp(m), (a[2] * left + b[2] * right) / np.exp(m)


# %% 6 begin
def loss_in_pieces(x, W, labels):  # with at most 1,000 columns of logits at a time
    ...


# %% 6 answer
def loss_in_pieces(x, W, labels):
    m, s, own = np.full(len(x), -np.inf), np.zeros(len(x)), np.empty(len(x))
    for start in range(0, len(W), 1000):
        z = x @ W[start : start + 1000].T
        here = (labels >= start) & (labels < start + 1000)
        own[here] = z[here, labels[here] - start]
        z[here, labels[here] - start] = -np.inf
        top = np.maximum(m, z.max(axis=1))
        s = s * np.exp(m - top) + np.exp(z - top[:, None]).sum(axis=1)
        m = top
    return np.log1p(s * np.exp(m - own)).mean()


# %% 6 check
class Watched(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *args, **more):
        plain = [np.asarray(a) if isinstance(a, Watched) else a for a in args]
        found = getattr(ufunc, method)(*plain, **more)
        if ufunc is np.matmul:
            columns = np.shape(found)[-1]
            assert columns <= 1000, (
                f"At most 1,000 columns of logits at a time; this product has {columns:,}."
            )
        return found


rng = np.random.default_rng(0)
x, W = rng.normal(size=(50, 8)), rng.normal(size=(3500, 8))
labels = rng.integers(0, 3500, 50)
found = loss_in_pieces(x.copy(), W.copy().view(Watched), labels)
assert found is not None, "loss_in_pieces returned nothing; does it end in return?"
assert np.ndim(found) == 0, f"The mean loss is one number, got the shape {np.shape(found)}."
whole = ce.linear_cross_entropy(x, W, None, labels)
parts = [ce.logsumexp(x @ W[k : k + 1000].T) for k in range(0, 3500, 1000)]
own = np.sum(x * W[labels], axis=1)
assert not np.isclose(found, np.mean(parts[-1] - own)), (
    "That is the logsumexp of the last piece alone. Merge the pieces."
)
assert not np.isclose(found, whole * 50), (
    "That is the sum of the losses. Take the mean over the rows."
)
assert np.isclose(found, whole, rtol=1e-9), f"The loss should be {whole:.6f} and is {found:.6f}."
high = np.column_stack([x, np.full(50, 800.0)]), np.column_stack([W, np.ones(3500)])
assert np.isfinite(loss_in_pieces(*high, labels)), (
    "With large logits an exponential overflows. Keep the maximum of each row, too."
)


# %% 6 mistake: At most 1,000 columns of logits at a time; this product has 3,500.
def loss_in_pieces(x, W, labels):
    return ce.cross_entropy(x @ W.T, labels)


# %% 6 mistake: That is the logsumexp of the last piece alone. Merge the pieces.
def loss_in_pieces(x, W, labels):
    for start in range(0, len(W), 1000):
        z = x @ W[start : start + 1000].T
    own = np.sum(x * np.asarray(W)[labels], axis=1)
    return np.mean(np.log(np.exp(z).sum(axis=1)) - own)


# %% 6 mistake: With large logits an exponential overflows. Keep the maximum of each row, too.
def loss_in_pieces(x, W, labels):
    total = 0
    for start in range(0, len(W), 1000):
        with np.errstate(all="ignore"):
            total = total + np.exp(x @ W[start : start + 1000].T).sum(axis=1)
    return np.mean(np.log(total) - np.sum(x * np.asarray(W)[labels], axis=1))
