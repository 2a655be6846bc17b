"""Jacobian, Hessian and the gradient's check."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import ce_lib as ce

quick = settings(derandomize=True, deadline=None, max_examples=30, database=None)
rows = arrays(np.float64, 4, elements=st.floats(-8, 8))


@quick
@given(rows)
def test_jacobian_is_symmetric_semidefinite_and_maps_ones_to_zero(z):
    jacobian = ce.softmax_jacobian(z)
    assert np.array_equal(jacobian, jacobian.T)
    assert np.abs(jacobian @ np.ones(4)).max() < 1e-15
    assert np.linalg.eigvalsh(jacobian).min() > -1e-15


@quick
@given(rows, st.integers(0, 3))
def test_jacobian_and_hessian_are_the_derivatives_they_claim(z, label):
    for i in range(4):
        assert (
            ce.check_gradient(lambda v, i=i: ce.softmax(v)[i], ce.softmax_jacobian(z)[i], z) < 1e-8
        )
        row = ce.cross_entropy_hessian(z)[i]
        f = lambda v, i=i: ce.cross_entropy_with_grad(v, label)[1][i]  # noqa: E731
        assert ce.check_gradient(f, row, z) < 1e-8


def test_jacobian_keeps_its_digits_when_one_class_is_sure():
    assert np.isclose(ce.softmax_jacobian([0.0, -40.0])[0, 0], np.exp(-40.0), rtol=1e-15)


def test_check_gradient_sees_a_wrong_entry_and_a_nan():
    x = np.array([1.0, 2.0])
    assert ce.check_gradient(lambda v: (v**2).sum(), 2 * x, x) < 1e-9
    assert ce.check_gradient(lambda v: (v**2).sum(), [2.0, 4.1], x) > 0.01
    assert np.isnan(ce.check_gradient(lambda v: np.nan, 2 * x, x))
