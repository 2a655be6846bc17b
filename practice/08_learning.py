# The cells of the exercises of chapter 8; website/ce_site/exercises.py tells what the parts are.

# %% 1 begin
p = np.array([0.5, 0.25, 0.25])
hessian = np.array([[..., ..., ...], [..., ..., ...], [..., ..., ...]])
curvatures = [..., ..., ...]  # along (1, 0, 0), (1, 1, 1) and (0, 1, -1)

# %% 1 answer
p = np.array([0.5, 0.25, 0.25])
hessian, curvatures = np.diag(p) - np.outer(p, p), [0.25, 0.0, 0.5]

# %% 1 check
assert ... not in [*np.ravel(hessian), *curvatures], "Put numbers in place of all dots."
H, curvatures = np.asarray(hessian, float), np.asarray(curvatures, float)
p = np.array([0.5, 0.25, 0.25])
right = np.diag(p) - np.outer(p, p)
assert H.shape == (3, 3), f"The Hessian has three rows of three entries, got the shape {H.shape}."
assert not same(H, np.diag(np.diag(right)), 2e-3), (
    "The entries off the diagonal are not 0: they are -p_i p_j."
)
assert not same(H, np.abs(right), 2e-3), "Off the diagonal the sign is minus: each row sums to 0."
assert not same(H, np.diag(p), 2e-3), "That is diag(p). Subtract the products p_i p_j."
assert same(H, right, 2e-3), f"The Hessian is diag(p) minus the products p_i p_j:\n{right}"
assert not same(curvatures, [0.25, 0, 0.25], 2e-3), (
    "Along (0, 1, -1) the mean square is 1/4 + 1/4. The direction is not a unit vector."
)
assert curvatures[1] == 0, "Along (1, 1, 1) no probability changes, so nothing is curved."
assert same(curvatures, [0.25, 0, 0.5], 2e-3), (
    f"The curvature along v is the variance of v; got {curvatures}."
)

# %% 1 mistake: The entries off the diagonal are not 0: they are -p_i p_j.
hessian = np.diag(np.diag(hessian))

# %% 1 mistake: Off the diagonal the sign is minus: each row sums to 0.
hessian = np.abs(hessian)

# %% 1 mistake: Along (1, 1, 1) no probability changes, so nothing is curved.
curvatures = [0.25, 1.0, 0.5]

# %% 1 mistake: Along (0, 1, -1) the mean square is 1/4 + 1/4. The direction is not a unit vector.
curvatures = [0.25, 0.0, 0.25]

# %% 2 begin
probs = ...  # after one Newton step from equal scores towards (0.7, 0.2, 0.1), an array
factor = ...  # by which each later step divides the distance, for the target (0.5, 0.5, 0)

# %% 2 answer
probs, factor = ce.softmax([2.1, 0.6, 0.3]), np.e

# %% 2 mistake: That is the target itself. One step comes close to it, but not all the way.
probs = np.array([0.7, 0.2, 0.1])

# %% 2 mistake: That is a gradient step. Newton's step divides each entry of the target by its probability.
probs = ce.softmax(np.array([0.7, 0.2, 0.1]) - 1 / 3)

# %% 2 mistake: Those are the new scores. Apply softmax to them.
probs = np.array([2.1, 0.6, 0.3])

# %% 2 mistake: Each step adds nearly 1 to the margin, and the distance is nearly exp(-margin).
factor = 2

# %% 3 begin
longest = ...  # the longest step that the proof shows to be safe, in units of 1/M
rises = [...]  # those of 1, 4, 16 and 64 with which the loss ever rises

# %% 3 answer
longest, rises = 2, [16, 64]

# %% 3 check
assert longest is not ..., "Put your answer for longest in place of the dots."
assert rises != [...], "Put your answer for rises in place of the dots."
assert float(longest) != 1, (
    "1/M promises the largest decrease. How far does the inequality still promise one?"
)
assert float(longest) != 4, (
    "That is a step that works on these digits. What does the proof show for every W?"
)
assert float(longest) == 2, (
    f"Half of M times the step squared may be at most the step; got {longest}."
)
rises = sorted(np.atleast_1d(rises).tolist())
assert 4 not in rises, (
    "With 4/M the loss falls in every step: the curvature is below its bound here."
)
assert rises == [16, 64], f"Compare each loss with the one before it; {rises} is not right."

# %% 3 mistake: 1/M promises the largest decrease. How far does the inequality still promise one?
longest = 1

# %% 3 mistake: With 4/M the loss falls in every step: the curvature is below its bound here.
rises = [4, 16, 64]

# %% 3 mistake: That is a step that works on these digits. What does the proof show for every W?
longest = 4


# %% 4 begin
def loss(t, eta):  # for large t
    ...


# %% 4 answer
def loss(t, eta):
    return 1 / (eta * t)


# %% 4 check
def by_steps(t, eta, d=0.0):
    for _ in range(t):
        d += eta / (1 + np.exp(d))
    return np.log1p(np.exp(-d))


for t, eta in [(3200, 0.5), (4000, 1.0), (6400, 0.25)]:
    found, want = loss(t, eta), by_steps(t, eta)
    assert found is not None, "loss returned nothing; does it end in return?"
    assert not np.isclose(found, 1 / t, rtol=0.05) or eta == 1, (
        "The step size eta is missing: t counts steps."
    )
    assert not np.isclose(found, np.log(1 + eta * t), rtol=0.05), (
        "That is the margin d. The loss is nearly e to the power of -d."
    )
    assert not np.isclose(found, np.exp(-eta * t), rtol=0.05), (
        "That falls exponentially. The pull falls with the loss, so the margin grows only like a logarithm."
    )
    assert np.isclose(found, want, rtol=0.05), (
        f"After {t} steps of eta = {eta} the loss is {want:.5f}; yours is {found:.5f}."
    )


# %% 4 mistake: The step size eta is missing: t counts steps.
def loss(t, eta):
    return 1 / t


# %% 4 mistake: That is the margin d. The loss is nearly e to the power of -d.
def loss(t, eta):
    return np.log(1 + eta * t)


# %% 4 mistake: That falls exponentially. The pull falls with the loss, so the margin grows only like a logarithm.
def loss(t, eta):
    return np.exp(-eta * t)


# %% 6 begin
# X has a row of 65 entries for each picture, the last one 1 for the bias; penalty is lambda.
def step(W, g, X, penalty):  # the weights after one step; g is the gradient with the penalty
    ...


# %% 6 answer
def step(W, g, X, penalty):
    one_matrix = X.T @ X / (2 * len(X)) + penalty * np.diag([1.0] * (X.shape[1] - 1) + [0.0])
    return W - np.linalg.solve(one_matrix, g.T).T


# %% 6 inputs
rng = np.random.default_rng(0)
X = np.column_stack([rng.normal(size=(30, 4)), np.ones(30)])
W = rng.normal(size=(3, 5))
W = W - W.mean(axis=0)
g = rng.normal(size=(3, 5))
inputs = [(W, g - g.mean(axis=0), X, 0.1)]


# %% 6 mistake: The penalty leaves out the bias: the last entry of its diagonal is 0.
def step(W, g, X, penalty):
    return W - np.linalg.solve(X.T @ X / (2 * len(X)) + penalty * np.eye(X.shape[1]), g.T).T


# %% 6 mistake: The factor 1/2 of A is missing.
def step(W, g, X, penalty):
    matrix = X.T @ X / len(X) + penalty * np.diag([1.0] * (X.shape[1] - 1) + [0.0])
    return W - np.linalg.solve(matrix, g.T).T


# %% 6 mistake: That adds the step. Descent goes against the gradient.
def step(W, g, X, penalty):
    matrix = X.T @ X / (2 * len(X)) + penalty * np.diag([1.0] * (X.shape[1] - 1) + [0.0])
    return W + np.linalg.solve(matrix, g.T).T


# %% 6 mistake: Divide by the number of pictures: the loss is a mean.
def step(W, g, X, penalty):
    matrix = X.T @ X / 2 + penalty * np.diag([1.0] * (X.shape[1] - 1) + [0.0])
    return W - np.linalg.solve(matrix, g.T).T
