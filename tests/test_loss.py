"""The loss and its gradient: what must hold for every input."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import ce_lib as ce
from ce_lib import loss as loss_module

quick = settings(derandomize=True, deadline=None, max_examples=40, database=None)
batches = arrays(np.float64, (3, 4), elements=st.floats(-50, 50))
labels_of_3 = arrays(np.int64, 3, elements=st.integers(0, 3))
rng = np.random.default_rng(5)
Z, LABELS = rng.normal(size=(6, 4)) * 3, np.array([0, 3, 1, 1, 2, 0])
SOFT, WEIGHTS = ce.softmax(rng.normal(size=(6, 4))), np.array([0.5, 2.0, 1.0, 0.25])


@quick
@given(batches, labels_of_3, st.permutations(range(4)))
def test_loss_is_never_negative_and_follows_shift_permutation_and_one_hot(z, labels, order):
    losses, grad = ce.cross_entropy_with_grad(z, labels, reduction="none")
    assert (losses >= 0).all()
    assert np.abs(grad.sum(axis=-1)).max() < 1e-15
    near = {"rtol": 1e-12, "atol": 1e-12}
    assert np.allclose(ce.cross_entropy(z + 7, labels, reduction="none"), losses, **near)
    order = np.array(order)
    moved = ce.cross_entropy_with_grad(z[:, order], np.argsort(order)[labels], reduction="none")
    assert np.allclose(moved[0], losses, rtol=1e-14)
    assert np.allclose(moved[1], grad[:, order], rtol=1e-13, atol=1e-300)
    for one_hot in (np.eye(4)[labels], np.eye(4, dtype=int)[labels]):
        same = ce.cross_entropy_with_grad(z, one_hot, reduction="none")
        assert np.allclose(same[0], losses, rtol=1e-14)
        assert np.allclose(same[1], grad, atol=1e-15)


@quick
@given(batches, batches, labels_of_3, st.floats(0, 1))
def test_loss_is_convex_on_segments(a, b, labels, t):
    between = ce.cross_entropy(t * a + (1 - t) * b, labels)
    chord = t * ce.cross_entropy(a, labels) + (1 - t) * ce.cross_entropy(b, labels)
    assert between <= chord + 1e-12 * (1 + chord)


OPTIONS = [
    {},
    {"class_weights": WEIGHTS},
    {"label_smoothing": 0.1},
    {"class_weights": WEIGHTS, "label_smoothing": 0.3, "temperature": 2.5},
    {"reduction": "sum", "temperature": 0.5},
]


@pytest.mark.parametrize("target", [LABELS, SOFT, "ignored"], ids=["labels", "soft", "ignored"])
@pytest.mark.parametrize("options", OPTIONS)
def test_gradient_is_the_derivative_of_the_loss_under_every_option(target, options):
    if isinstance(target, str):
        target, options = np.where(LABELS == 1, -100, LABELS), {**options, "ignore_index": -100}
    loss, grad = ce.cross_entropy_with_grad(Z, target, **options)
    assert loss == ce.cross_entropy(Z, target, **options)
    assert ce.check_gradient(lambda v: ce.cross_entropy(v, target, **options), grad, Z) < 1e-8


def test_the_two_means_are_the_formulas_of_the_docstring():
    for target, divisor in ((LABELS, WEIGHTS[LABELS].sum()), (SOFT, 6)):
        options = {"class_weights": WEIGHTS, "label_smoothing": 0.2}
        y = 0.8 * (np.eye(4)[LABELS] if target is LABELS else SOFT) + 0.2 / 4
        wanted = -(WEIGHTS * y * ce.log_softmax(Z)).sum() / divisor
        assert np.isclose(ce.cross_entropy(Z, target, **options), wanted, rtol=1e-14)


def test_an_ignored_row_costs_nothing_even_if_it_holds_nan():
    z = Z.copy()
    z[1] = np.nan
    labels = np.where(np.arange(6) == 1, -1, LABELS)
    losses, grad = ce.cross_entropy_with_grad(z, labels, ignore_index=-1, reduction="none")
    assert losses[1] == 0
    assert (grad[1] == 0).all()
    kept = np.arange(6) != 1
    mean = ce.cross_entropy(z, labels, ignore_index=-1)
    assert np.isclose(mean, ce.cross_entropy(Z[kept], LABELS[kept]), rtol=1e-15)


def test_a_mean_over_nothing_is_nan_and_a_sum_over_nothing_is_zero():
    for z, y in (((np.zeros((2, 3))), [9, 9]), (np.zeros((0, 3)), [])):
        assert np.isnan(ce.cross_entropy(z, y, ignore_index=9))
        assert ce.cross_entropy(z, y, ignore_index=9, reduction="sum") == 0
    assert np.isnan(ce.cross_entropy([[1.0, 2.0]], [0], class_weights=[0, 1]))


def test_masked_and_broken_logits_cost_what_the_docstring_says():
    inf = np.inf
    assert ce.cross_entropy([0.0, -inf], 0) == 0
    assert ce.cross_entropy([0.0, -inf], 1) == inf
    assert ce.cross_entropy([0.0, -inf], 0, label_smoothing=0.1) == inf
    assert np.isfinite(ce.cross_entropy_with_grad([0.0, -inf], 1)[1]).all()
    for row in ([-inf, -inf], [inf, 0.0], [np.nan, 0.0]):
        assert np.isnan(ce.cross_entropy(row, 0))
        assert np.isnan(ce.cross_entropy(row, 1))


def test_dtypes_are_kept_and_scalars_are_numpy_scalars():
    for dtype in (np.float16, np.float32, np.float64):
        loss, grad = ce.cross_entropy_with_grad(Z.astype(dtype), LABELS, class_weights=WEIGHTS)
        assert loss.dtype == grad.dtype == dtype
        assert isinstance(loss, dtype)
    assert ce.cross_entropy(np.array([3, 1]), np.int8(0)).dtype == np.float64
    assert ce.cross_entropy(np.float16([60000, 59968]), 1) == 32
    assert ce.cross_entropy(np.zeros((2, 3, 4)), np.zeros((2, 3), int), reduction="none").shape == (
        2,
        3,
    )


def test_out_may_be_the_logits_and_nothing_else_changes():
    wanted = ce.cross_entropy_with_grad(Z, LABELS)
    z = np.asfortranarray(Z)
    z.flags.writeable = False
    loss, grad = ce.cross_entropy_with_grad(z, LABELS)
    assert loss == wanted[0]
    assert np.array_equal(grad, wanted[1])
    assert np.array_equal(z, Z)
    z = Z.copy()
    loss, grad = ce.cross_entropy_with_grad(z, LABELS, out=z)
    assert grad is z
    assert np.array_equal(z, wanted[1])
    wide = np.repeat(Z, 2, axis=1)[:, ::2]
    assert np.array_equal(ce.cross_entropy_with_grad(wide, LABELS)[1], wanted[1])


def test_peak_memory_is_a_block_and_the_gradient():
    rng = np.random.default_rng(0)
    z, labels = rng.normal(size=(8192, 1000)).astype(np.float32), rng.integers(0, 1000, 8192)
    for call, limit in (
        (lambda: ce.cross_entropy(z, labels), 0.02),
        (lambda: ce.cross_entropy_with_grad(z, labels), 1.02),
        (lambda: ce.cross_entropy_with_grad(z, labels, out=z), 0.02),
    ):
        tracemalloc.start()
        call()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= limit * z.nbytes, (peak / z.nbytes, limit)


N, K = 4096, 1000
HELD = {  # logits, target, options: what memory must not depend on
    "float16": lambda z, y: (z.astype(np.float16), y, {}),
    "integers": lambda z, y: ((8 * z).astype(np.int8), y, {}),
    "byte order": lambda z, y: (z.astype(">f4"), y, {}),
    "Fortran": lambda z, y: (np.asfortranarray(z), y, {}),
    "axis": lambda z, y: (z.reshape(4, -1, K).transpose(0, 2, 1), y.reshape(4, -1), {"axis": 1}),
    "moved axis": lambda z, y: (np.moveaxis(z.reshape(K, 64, 64), 0, -1), y.reshape(64, 64), {}),
    "one-hot": lambda z, y: (z, y[:, None] == np.arange(K), {}),
    "one-hot integers": lambda z, y: (z, np.asfortranarray(y[:, None] == np.arange(K)) + 0, {}),
    "smoothing": lambda z, y: (z, y, {"label_smoothing": 0.1}),
    "weights": lambda z, y: (z, y, {"class_weights": np.ones(K), "ignore_index": 0}),
    "shift": lambda z, y: (60 * z, y, {}),
    "long row": lambda z, y: (z.reshape(-1), 3, {}),
    "long row with the shift": lambda z, y: (60 * z.reshape(-1), 3, {}),
    "long row of float16": lambda z, y: (z.reshape(-1).astype(np.float16), 3, {}),
    "long distribution": lambda z, y: (z.reshape(-1), np.full(N * K, 1 / N / K), {}),
}


@pytest.mark.parametrize("held", HELD)
def test_the_memory_is_a_few_blocks_however_the_logits_are_held(held):
    rng = np.random.default_rng(0)
    z = rng.normal(size=(N, K)).astype(np.float32)
    z, target, options = HELD[held](z, rng.integers(0, K, N))
    gradient = z.size * (z.itemsize if z.dtype.kind == "f" else 8)
    for f, allowed in ((ce.cross_entropy, 0), (ce.cross_entropy_with_grad, gradient)):
        tracemalloc.start()
        f(z, target, **options)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak - allowed < 11e6, f"{(peak - allowed) / 1e6:.1f} MB"


def test_out_that_overlaps_the_inputs_askew_or_lies_otherwise_gets_the_same_gradient():
    wanted = ce.cross_entropy_with_grad(Z, SOFT)[1]
    wall = np.zeros((7, 4))
    wall[:6] = Z
    assert np.array_equal(ce.cross_entropy_with_grad(wall[:6], SOFT, out=wall[1:])[1], wanted)
    target = SOFT.copy()
    assert np.array_equal(ce.cross_entropy_with_grad(Z, target, out=target)[1], wanted)
    fortran = np.asfortranarray(Z)
    assert np.array_equal(ce.cross_entropy_with_grad(fortran, SOFT, out=fortran)[1], wanted)
    for room in (np.empty((2, 6, 4))[0], np.empty((4, 6)).T, np.empty((6, 9))[::-1, ::-2][:, :4]):
        assert np.array_equal(ce.cross_entropy_with_grad(Z, SOFT, out=room)[1], wanted)


@pytest.mark.parametrize("off", [4, 8, 24])
def test_out_that_lies_some_bytes_behind_the_logits_gets_the_same_gradient(off):
    """Also where it is less than an entry, and in blocks."""
    z = np.random.default_rng(0).normal(size=(6000, 100))
    memory = np.zeros(z.nbytes + off, np.uint8)
    logits, out = (memory[i : i + z.nbytes].view(float).reshape(z.shape) for i in (0, off))
    logits[...] = z
    labels = np.arange(6000) % 100
    grad = ce.cross_entropy_with_grad(logits, labels, out=out)[1]
    np.testing.assert_array_equal(grad, ce.cross_entropy_with_grad(z, labels)[1])


@pytest.mark.parametrize("shape", [(1, 3), (5, 3), (300, 200)])
@pytest.mark.parametrize(
    "options",
    [
        {"ignore_index": 1},
        {"class_weights": [1, 0, 1]},
        {"class_weights": [0, 0, 0], "label_smoothing": 0.5},
        {"class_weights": [1, 0, 1], "label_smoothing": 0.5},
        {"ignore_index": 1, "label_smoothing": 0.5, "temperature": 2},
    ],
)
def test_where_the_mean_divides_by_zero_the_loss_is_nan_and_the_gradient_zero(options, shape):
    """Also where smoothing would leave a cost to be divided, and where logits are nan."""
    z = rng.normal(size=shape)
    z[0, 0] = np.nan
    options = dict(options)
    if "class_weights" in options:
        options["class_weights"] = np.pad(options["class_weights"], (0, shape[1] - 3))
    for out in (None, z.copy()):
        loss, grad = ce.cross_entropy_with_grad(z, np.ones(shape[0], int), out=out, **options)
        assert np.isnan(loss)
        assert (grad == 0).all()
        assert np.isnan(ce.cross_entropy(z, np.ones(shape[0], int), **options))


def test_only_the_ratios_of_class_weights_count_in_a_mean():
    """Also where their sum would overflow, or their products lose their digits."""
    usual = ce.cross_entropy_with_grad(Z, LABELS, class_weights=[1, 0.5, 0.25, 1])
    for size in (1e308, 2.0**-1060):
        weights = np.array([1, 0.5, 0.25, 1]) * size
        found = ce.cross_entropy_with_grad(Z, LABELS, class_weights=weights)
        np.testing.assert_allclose(found[0], usual[0], rtol=1e-14)
        np.testing.assert_allclose(found[1], usual[1], rtol=1e-14)


@pytest.mark.parametrize("smoothing", [0, 0.1])
@pytest.mark.parametrize(
    "weights",
    [[1e-30, 3e-30, 1e308], [1e-322, 3e-322, 1], [5e-324, 5e-324, 0], [1, 2, 1e300]],
)
def test_a_mean_is_the_formula_for_weights_of_any_size(weights, smoothing):
    """Also where the largest weight is of a class that no label names."""
    z, labels, w = Z[:, :3], np.array([0, 1, 1, 0, 0, 1]), np.array(weights, np.longdouble)
    y = w * ((1 - smoothing) * np.eye(3, dtype=np.longdouble)[labels] + smoothing / 3)
    logs, divisor = ce.log_softmax(z), w[labels].sum()
    found = ce.cross_entropy_with_grad(z, labels, class_weights=weights, label_smoothing=smoothing)
    true = (np.exp(logs) * y.sum(axis=1, keepdims=True) - y) / divisor
    with np.errstate(over="ignore"):
        for one, other in zip(found, (-(y * logs).sum() / divisor, true), strict=True):
            np.testing.assert_allclose(one, other.astype(float), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("k", [10, 200, 2000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_a_gradient_keeps_the_digits_of_its_weights_however_large_the_exponentials(
    dtype, k, reduction
):
    """Logits that need no shift, beside weights that would take e's sums out of their dtype."""
    n, far = 1200 // k + 40, loss_module.SAFE[np.dtype(dtype)] - 0.5
    labels = np.arange(n) % k
    size = 1e30 if dtype == np.float32 else 1e200
    for level in (far, -far):
        for weight in (size, 1 / size):
            w = np.where(np.arange(k) % 2, 1, weight)
            z = np.full((n, k), level, dtype)
            grad = ce.cross_entropy_with_grad(z, labels, class_weights=w, reduction=reduction)[1]
            true = (1 / k - np.eye(k)[labels]) * w[labels][:, None]
            true /= w[labels].sum() if reduction == "mean" else 1
            allowed = {"rtol": 4 * np.finfo(dtype).eps, "atol": np.finfo(dtype).tiny}
            np.testing.assert_allclose(grad, true, **allowed)


def test_labels_are_read_before_they_become_indices(monkeypatch):
    """In a browser an index has 32 bits: a label beyond them must not come round again."""
    monkeypatch.setattr(np, "intp", np.int32)
    for far in (2**32, 2**32 + 1, -(2**32)):
        with pytest.raises(ValueError, match=rf"in \[0, 4\), got {far} at index \(2,\)"):
            ce.cross_entropy(Z[:3], np.array([0, 1, far]))
        losses = ce.cross_entropy(Z[:3], np.array([0, 1, far]), ignore_index=far, reduction="none")
        assert losses[2] == 0 < losses[0]
        kept = ce.cross_entropy(Z[:3], [0, 1, 0], ignore_index=far, reduction="none")
        assert (kept > 0).all()
    with pytest.raises(ValueError, match="got 18446744073709551615"):
        ce.cross_entropy(Z[:3], np.array([0, 1, 2**64 - 1], np.uint64))
    with pytest.raises(ValueError, match="got -1 "):
        ce.cross_entropy(np.zeros((2, 300)), np.array([3, -1], np.int8))


LATE = """
import atexit, os, sys, threading
import numpy as np
import ce_lib as ce
from ce_lib import loss

loss.MANY, loss.THREADS, loss.BLOCK = 0, 2, 2**12
z, labels = np.random.default_rng(0).normal(size=(300, 200)), np.arange(300) % 200
wanted = repr(ce.cross_entropy(z, labels))

def compare(where):
    found = repr(ce.cross_entropy(z, labels))
    print(where, found == wanted, flush=True)

child = os.fork() if hasattr(os, "fork") else None
if child == 0:
    compare("fork")
    os._exit(0)
elif child:
    os.waitpid(child, 0)
else:
    print("fork True")

def after_main():
    threading.main_thread().join()
    compare("thread")

atexit.register(compare, "atexit")
threading.Thread(target=after_main).start()
"""


def test_two_threads_work_after_a_fork_at_exit_and_when_main_has_ended():
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", LATE],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.split() == ["fork", "True", "thread", "True", "atexit", "True"], done.stderr
    assert not done.stderr


def test_rows_without_weight_are_not_looked_at():
    z = Z.copy()
    z[LABELS == 1] = np.nan
    loss, grad = ce.cross_entropy_with_grad(z, LABELS, class_weights=[1, 0, 1, 1])
    assert np.isfinite(loss)
    assert (grad[LABELS == 1] == 0).all()
    loss, grad = ce.cross_entropy_with_grad(z, np.full(6, 9), ignore_index=9)
    assert np.isnan(loss)
    assert (grad == 0).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("k", [1, 2, 10, 16, 17])
def test_a_row_alone_costs_what_it_costs_among_others(k, dtype):
    """A short row alone is worked in Python's numbers: same loss, same gradient, same types."""
    z = (8 * np.random.default_rng(k).normal(size=(60, k))).astype(dtype)
    labels = np.arange(60) % k
    losses, grads = ce.cross_entropy_with_grad(z, labels, reduction="none")
    for row, label, loss, grad in zip(z, labels, losses, grads, strict=True):
        alone = ce.cross_entropy_with_grad(row, label)
        assert alone[0].dtype == alone[1].dtype == dtype
        assert alone[1].shape == (k,)
        assert abs(alone[0] - loss) <= 4 * np.spacing(loss)
        assert np.all(np.abs(alone[1] - grad) <= 4 * np.spacing(np.abs(grad)))
        for reduction in ("none", "sum", "mean"):
            one = ce.cross_entropy(row[None, None], [[label]], reduction=reduction)
            assert one.shape == ((1, 1) if reduction == "none" else ())
            assert np.all(one == alone[0])


@pytest.mark.parametrize(
    ("row", "cost"),
    [
        ([0.0, np.nan, 1.0], np.nan),
        ([np.nan, 0.0, 1.0], np.nan),
        ([0.0, np.inf, 1.0], np.nan),
        ([0.0, -np.inf, -np.inf], 0.0),
        ([-np.inf, 0.0, -np.inf], np.inf),
        ([-800.0, 0.0, -900.0], 800.0),
        ([1000.0, 1000.0, -1000.0], np.log(2)),
    ],
)
def test_a_broken_masked_or_far_row_alone_is_what_it_is_among_others(row, cost):
    with np.errstate(all="ignore"):
        among = ce.cross_entropy_with_grad([row, row], [0, 0], reduction="sum")
    alone = ce.cross_entropy_with_grad(row, 0, reduction="sum")
    np.testing.assert_allclose(alone[0], cost, rtol=1e-15)
    np.testing.assert_allclose(among[0], 2 * cost, rtol=1e-15)
    np.testing.assert_allclose(alone[1], among[1][0], rtol=1e-15)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"label_smoothing": 0.1},
        {"class_weights": np.linspace(0, 2, 200)},
        {"ignore_index": 3},
        {"temperature": 2.0},
    ],
)
@pytest.mark.parametrize("spread", [1, 100])
def test_a_second_thread_changes_no_bit(options, spread, monkeypatch):
    rng = np.random.default_rng(1)
    z = (spread * rng.normal(size=(3001, 200))).astype(np.float32)
    labels = rng.integers(0, 200, 3001)
    found = {}
    monkeypatch.setattr(loss_module, "MANY", 0)
    for threads in (1, 2):
        monkeypatch.setattr(loss_module, "THREADS", threads)
        found[threads] = ce.cross_entropy_with_grad(z, labels, reduction="none", **options)
    for one, two in zip(found[1], found[2], strict=True):
        np.testing.assert_array_equal(one, two)


def test_rows_of_a_large_block_that_needs_the_shift_are_worked_as_if_alone():
    z = (60 * rng.normal(size=(1024, 1000))).astype(np.float32)
    labels = rng.integers(0, 1000, 1024)
    losses, grad = ce.cross_entropy_with_grad(z, labels, reduction="none")
    for rows in (slice(0, 3), slice(500, 530), slice(1020, 1024)):
        few, few_grad = ce.cross_entropy_with_grad(z[rows], labels[rows], reduction="none")
        np.testing.assert_array_equal(losses[rows], few)
        np.testing.assert_array_equal(grad[rows], few_grad)


def test_a_loss_in_two_threads_is_the_loss_in_one(monkeypatch):
    """Also where no thread can start any more: at exit, or by a limit on processes."""
    from ce_lib import loss

    z, labels = np.random.default_rng(0).normal(size=(600, 200)), np.arange(600) % 200
    one = ce.cross_entropy_with_grad(z, labels)
    monkeypatch.setattr(loss, "MANY", 1)
    monkeypatch.setattr(loss, "BLOCK", 2**14)
    monkeypatch.setattr(loss, "THREADS", 2)
    two = ce.cross_entropy_with_grad(z, labels)

    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(loss.threading.Thread, "start", refuse)
    alone = ce.cross_entropy_with_grad(z, labels)
    for found in (two, alone):
        assert found[0] == one[0]
        np.testing.assert_array_equal(found[1], one[1])
    monkeypatch.undo()


def test_an_error_in_the_second_thread_reaches_the_caller():
    from ce_lib.loss import _in_two_threads

    with pytest.raises(MemoryError):
        _in_two_threads(lambda: None, lambda: (_ for _ in ()).throw(MemoryError()))


@pytest.mark.parametrize("dtype", ["<f2", ">f2", "<f4", ">f4", "<f8"])
@pytest.mark.parametrize("size", [0, 1])
@pytest.mark.parametrize("shape", [(loss_module.PART + 1,), (2, loss_module.PART + 1)])
def test_rows_longer_than_a_part_are_right_in_each_dtype(dtype, size, shape):
    """float16 sums end at 65,504, and its gradient has no room for float32 exponentials."""
    z = np.random.default_rng(0).uniform(-size, size, size=shape).astype(dtype)
    labels = np.zeros(shape[:-1], int)
    wanted, slopes = ce.cross_entropy_with_grad(z.astype(np.float64), labels)
    got, grad = ce.cross_entropy_with_grad(z, labels)
    rtol = {"2": 1e-3, "4": 1e-6, "8": 1e-12}[dtype[-1]]
    np.testing.assert_allclose(ce.cross_entropy(z, labels), wanted, rtol=rtol)
    np.testing.assert_allclose(got, wanted, rtol=rtol)
    np.testing.assert_allclose(grad, slopes, rtol=rtol, atol=1e-7)  # float16's smallest is 6e-8
