"""The linear layer with its loss: the same answers as with the logits held, and no N x K array."""

import tracemalloc

import numpy as np
import pytest

import ce_lib as ce
from ce_lib import linear

rng = np.random.default_rng(3)
X, W, B = rng.normal(size=(7, 5)), rng.normal(size=(9, 5)), rng.normal(size=9)
LABELS = rng.integers(0, 9, 7)


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("bias", [B, None], ids=["bias", "no bias"])
def test_loss_and_gradients_are_those_of_the_logits_held_whole(bias, reduction, monkeypatch):
    monkeypatch.setattr(linear, "CHUNK", 128)  # four classes, then four, then one,
    monkeypatch.setattr(linear, "ROWS", 4)  # for four rows, then three
    monkeypatch.setattr(linear, "CHUNK_WITH_GRAD", 150)
    monkeypatch.setattr(linear, "COLUMNS", 4)
    logits = X @ W.T + (0 if bias is None else bias)
    wanted, g = ce.cross_entropy_with_grad(logits, LABELS, reduction=reduction)
    loss, (dx, dw, db) = ce.linear_cross_entropy_with_grad(X, W, bias, LABELS, reduction=reduction)
    assert np.allclose(loss, wanted, rtol=1e-13)
    assert np.allclose(
        ce.linear_cross_entropy(X, W, bias, LABELS, reduction=reduction), wanted, rtol=1e-13
    )
    assert np.allclose(dx, g @ W, atol=1e-14)
    assert np.allclose(dw, g.T @ X, atol=1e-14)
    assert db is None if bias is None else np.allclose(db, g.sum(axis=0), atol=1e-14)


@pytest.mark.parametrize("rows", [512, 4])
@pytest.mark.parametrize("size", [1e6, 1e2, 0.0])
def test_logits_of_every_size_are_as_safe_as_in_cross_entropy(size, rows, monkeypatch):
    monkeypatch.setattr(linear, "ROWS", rows)
    monkeypatch.setattr(linear, "CHUNK", 32 * rows)
    wanted = ce.cross_entropy(X * size @ W.T + B, LABELS, reduction="none")
    loss = ce.linear_cross_entropy(X * size, W, B, LABELS, reduction="none")
    assert np.allclose(loss, wanted, rtol=1e-11, atol=0)
    loss, gradients = ce.linear_cross_entropy_with_grad(X * size, W, B, LABELS)
    assert np.isclose(loss, wanted.mean(), rtol=1e-12)
    assert all(np.isfinite(g).all() for g in gradients)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_logit_that_is_no_number_costs_nan_wherever_it_stands(bad, monkeypatch):
    monkeypatch.setattr(linear, "ROWS", 4)
    monkeypatch.setattr(linear, "CHUNK", 128)
    for k in range(9):
        bias = B.copy()
        bias[k] = bad
        assert np.isnan(ce.linear_cross_entropy(X, W, bias, LABELS, reduction="none")).all(), k


def test_shapes_and_dtypes_are_those_of_the_arguments():
    x, labels = X[:6].reshape(2, 3, 5).astype(np.float16), LABELS[:6].reshape(2, 3)
    loss, (dx, dw, db) = ce.linear_cross_entropy_with_grad(
        x, W.astype(np.float16), B.astype(np.float16), labels, reduction="none"
    )
    assert (loss.shape, dx.shape, dw.shape, db.shape) == ((2, 3), (2, 3, 5), (9, 5), (9,))
    assert loss.dtype == dx.dtype == dw.dtype == db.dtype == np.float16
    assert np.isnan(ce.linear_cross_entropy(np.empty((0, 5)), W, B, np.empty(0, int)))


def test_memory_does_not_grow_with_the_rows():
    x, w = rng.normal(size=(4000, 4)), rng.normal(size=(5000, 4))
    labels = rng.integers(0, 5000, 4000)
    tracemalloc.start()
    ce.linear_cross_entropy(x, w, None, labels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 * 2**20 < x.shape[0] * w.shape[0] * 8


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ((X, W[:, :4], B, LABELS), ValueError, r"x must have shape \(..., 4\), got shape \(7, 5\)"),
        ((X, W[0], B, LABELS), ValueError, r"weight must have shape \(K, D\).*got shape \(5,\)"),
        ((X, W, B[:3], LABELS), ValueError, r"bias must have shape \(9,\), got shape \(3,\)"),
        ((X, W, B, LABELS[:3]), ValueError, r"labels must have shape \(7,\), got shape \(3,\)"),
        ((X, W, B, LABELS - 9), ValueError, r"labels must be in \[0, 9\), got -"),
        ((X, W, B, LABELS * 1.0), TypeError, "labels must hold integer labels, got .* float64"),
        ((X * 1j, W, B, LABELS), TypeError, "x must be real numbers"),
    ],
)
@pytest.mark.parametrize("f", [ce.linear_cross_entropy, ce.linear_cross_entropy_with_grad])
def test_bad_input_is_named(f, given, error, message):
    with pytest.raises(error, match=message):
        f(*given)
