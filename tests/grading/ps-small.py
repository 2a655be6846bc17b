# %% [markdown]
# # Problem set: small
#
# {{rules}}

# %%
import numpy as np

# %% [markdown]
# ## 1 · Double ★ ({{points["q1"]}} points)
#
# Write `scale(x)`, twice the array.


# %% nbgrader={"grade_id": "q1-answer", "solution": true}
def scale(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * np.asarray(x)
    ### END SOLUTION


# %% nbgrader={"grade_id": "q1", "grade": true, "points": 2}
assert np.allclose(scale(np.ones(2)), 2), "twice, not squared"

# %% tags=["grading"] question="q1"
name = "scale"


def inputs(rng):
    return [(rng.normal(size=shape),) for shape in [(3,), (2, 4), (1,)]]


# %% tags=["mistake"] question="q1"
says = "twice, not squared"


def scale(x):
    return np.square(x)


# %% [markdown]
# ## 2 · Share ★★ ({{points["q2"]}} points)
#
# Write `share(x)`: each part of the whole.


# %% nbgrader={"grade_id": "q2-answer", "solution": true}
def share(x):
    """Parts that sum to 1."""
    ### BEGIN SOLUTION
    return x / np.sum(x)
    ### END SOLUTION


# %% nbgrader={"grade_id": "q2", "grade": true, "points": 2}
assert np.allclose(share(np.array([1.0, 3.0])), [0.25, 0.75]), "a quarter and three quarters"

# %% tags=["grading"] question="q2"
name = "share"
show = False


def inputs(rng):
    return [(rng.uniform(1, 2, size=size),) for size in (3, 5)]


# %% tags=["mistake"] question="q2"
says = "a quarter and three quarters"


def share(x):
    return x / np.max(x)


# %% [markdown]
# ## 3 · A number ★ ({{points["q3"]}} points)
#
# Set `answer` to seven times six.

# %% nbgrader={"grade_id": "q3-answer", "solution": true}
### BEGIN SOLUTION
answer = 6 * 7.0
### END SOLUTION

# %% nbgrader={"grade_id": "q3", "grade": true, "points": 1}
assert answer > 40, "seven sixes are more than that"

# %% tags=["grading"] question="q3"
name = "answer"

# %% tags=["mistake"] question="q3"
says = "seven sixes are more than that"
answer = 13.0

# %% [markdown]
# ## 4 · Why ★★★ ({{points["q4"]}} points)
#
# Derive it.

# %% [markdown] nbgrader={"grade_id": "q4", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# Because $2x = x + x$.
# ### END SOLUTION

# %% [markdown] tags=["rubric"] question="q4"
# 3 points for the rubric's secret sentence.
