"""What judges an answer to an exercise: the text of this file stands before each check."""

import copy

import numpy as np


def alike(got, want, inputs=()):
    """Whether two answers are the same: numbers to three digits, functions by their values."""
    if callable(want):
        pairs = [(got(*copy.deepcopy(a)), want(*copy.deepcopy(a))) for a in inputs]
        return all(same(g, w, rtol=1e-6) for g, w in pairs)
    return same(got, want, rtol=2e-3)


def same(got, want, rtol):
    """Whether two values are the same: floats within `rtol`, all else exactly."""
    try:
        a, b = np.asarray(got), np.asarray(want)
        if b.dtype.kind == "f":
            a = a.astype(float)
            return a.shape == b.shape and np.allclose(a, b, rtol=rtol, atol=1e-9, equal_nan=True)
        return a.shape == b.shape and bool(np.all(a == b))
    except (TypeError, ValueError):
        return False


def asked(own, names):
    """Each name has an answer, else AssertionError. own : what the reader's cell defines."""
    for name in names:
        assert own.get(name, ...) is not ..., f"Put your answer for {name} in place of the dots."


def judge(own, names, answer, mistakes, inputs=()):
    """AssertionError with a sentence, unless the answer is right; known mistakes come first."""
    asked(own, names)
    right = {**own["_given"]}
    exec(answer, right)
    for name in filter(lambda name: callable(right[name]), names):
        assert callable(own[name]), f"{name} should be a function."
        found = own[name](*copy.deepcopy(inputs[0]))
        assert found is not None, f"{name} returned nothing; does it end in return?"
    for says, code in mistakes:
        wrong = {**right}
        exec(code, wrong)
        changed = [name for name in names if wrong[name] is not right[name]]
        made = all(alike(own[name], wrong[name], inputs) for name in changed)
        assert not made, says
    for name in names:
        if callable(right[name]):
            for given in inputs:
                got, want = own[name](*copy.deepcopy(given)), right[name](*copy.deepcopy(given))
                call = f"{name}({', '.join(map(repr, given))})"
                assert same(got, want, rtol=1e-6), f"{call} should be\n{want}\nand is\n{got}"
        else:
            assert alike(own[name], right[name]), f"{name} is not right: {own[name]}"
