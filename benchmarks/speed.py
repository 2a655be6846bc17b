"""Times as paired ratios: each peer beside ce_lib, in turn, in one process with one thread."""

import os
import statistics
import time

import numpy as np

from benchmarks import table
from benchmarks.peers import KINDS, LINEAR, LINEAR_PEERS, PEERS, ready_linear, timed
from ce_lib import _checks, loss

SHAPES = [
    *((1, 10), (64, 10), (256, 100), (1024, 100), (1024, 1000)),
    *((8192, 1000), (4096, 50257), (256, 128256)),
]
COLUMNS = [*PEERS, "scikit-learn"]


def medians(calls, base, seconds=6.0, most=400, turn=2e-3):
    """{name: (median seconds, median of the ratios to `base`, pair by pair)}.

    A quick call is repeated for `turn` seconds each time it has its turn, as it would be in a
    loop; else it would pay for the caches that the others have emptied.
    """
    taken, repeats = {name: [] for name in calls}, {}
    for name, call in calls.items():
        call()  # compiles, allocates
        begin = time.perf_counter()
        call()
        repeats[name] = max(1, int(turn / (time.perf_counter() - begin)))
    start = time.perf_counter()
    while len(taken[base]) < 3 or (
        time.perf_counter() - start < seconds and len(taken[base]) < most
    ):
        for name, call in calls.items():
            begin = time.perf_counter()
            for _ in range(repeats[name]):
                call()
            taken[name].append((time.perf_counter() - begin) / repeats[name])
    return {
        name: (
            statistics.median(times),
            statistics.median(t / b for t, b in zip(times, taken[base], strict=True)),
        )
        for name, times in taken.items()
    }


def floor(z):
    """Seconds for one read of the logits from memory plus one exp of them in the cache."""
    few = z.reshape(-1)[: 2**15].copy()
    out = np.empty_like(few)
    flat = z.reshape(-1)
    calls = {"read": lambda: flat.max(), "exp": lambda: np.exp(few, out=out)}
    found = medians(calls, "read", seconds=1.0)
    return found["read"][0] + found["exp"][0] * z.size / few.size


def passes():
    """Where the loss alone spends its time at 1024 x 1000, in ns a logit: a sentence."""
    z, calls = timed((1024, 1000), False, ("ce_lib", "PyTorch"))
    block = z[: 2**17 // 1000].copy()
    out = np.empty_like(block)
    steps = {
        "max": lambda: block.max(),
        "min": lambda: block.min(),
        "exp": lambda: np.exp(block, out=out),
        "sum": lambda: np.add.reduce(out, axis=1),
    }
    each = {name: found[0] / block.size * 1e9 for name, found in medians(steps, "exp", 2).items()}
    whole = {name: found[0] / z.size * 1e9 for name, found in medians(calls, "ce_lib", 4).items()}
    parts = ", ".join(f"{name} {time:.2f}" for name, time in each.items())
    text = (
        f"Measured by itself, too, the loss alone at 1024 × 1,000 takes `ce_lib`"
        f" {whole['ce_lib']:.2f} ns a logit and"
        f" PyTorch {whole['PyTorch']:.2f}. NumPy makes a pass over a block of rows for each"
        f" operation. On a block in the cache these passes take, in ns a logit: {parts}; together"
        f" {sum(each.values()):.2f}."
    )
    if whole["PyTorch"] < each["exp"] + each["sum"]:
        text += (
            " PyTorch's compiled loop does all of it in less than exp and sum take one after the"
            " other, which no sequence of NumPy calls can reach."
        )
    return text


def small():
    """Why a compiled library is ahead in the loss of a few logits: a sentence."""
    z, calls = timed((1, 10), False, ("ce_lib", "PyTorch"))
    labels = np.zeros(1, int)

    def checks():
        _checks.as_reduction("mean")
        _checks.as_target(labels, _checks.as_classes("logits", z)[0], 1)

    parts = {"checks": checks, "call": lambda: np.add(z, z)}
    us = {name: found[0] * 1e6 for name, found in medians(calls | parts, "ce_lib", 2).items()}
    return (
        f"Measured once more by itself, the loss of one row of ten takes `ce_lib`"
        f" {us['ce_lib']:.1f} µs and PyTorch"
        f" {us['PyTorch']:.1f}: checking the arguments in Python takes {us['checks']:.1f} µs before"
        f" any arithmetic, and any one call of NumPy {us['call']:.1f}. At 64 × 10 it is the same:"
        " the arithmetic is a dozen such calls."
    )


def two_threads():
    """How much a second thread saves on large logits: a sentence."""
    if not hasattr(os, "sched_setaffinity") or (os.cpu_count() or 1) < 2:
        return "There was one processor, so the second thread was not measured."
    calls = timed((4096, 50257), True, ("ce_lib",))[1]
    pinned = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count()))

    def with_threads(count):
        def call():
            loss.THREADS = count
            calls["ce_lib"]()

        return call

    ratio = medians({"one": with_threads(1), "two": with_threads(2)}, "two", most=9)["one"][1]
    loss.THREADS = 1
    os.sched_setaffinity(0, pinned)
    return (
        "On two processors `ce_lib` gives half of the blocks to a second thread once the logits"
        f" take {loss.MANY >> 20} MB: at 4096 × 50,257 loss and gradient are then"
        f" {ratio:.2f} times as fast. `OMP_NUM_THREADS=1` keeps to one."
    )


def report():
    """The table of ratios, and the times of the linear layer with its loss."""
    rows, linear_rows = [], []
    for shape in SHAPES:
        for what, want_grad in KINDS.items():
            names = ["ce_lib", *(COLUMNS[: len(PEERS)] if want_grad else COLUMNS)]
            z, calls = timed(shape, want_grad, names)
            result = medians(calls, "ce_lib", most=400 if z.size < 1e5 else 15)
            seconds = result["ce_lib"][0]
            cells = [f"{result[c][1]:.2f}" if c in result else "–" for c in COLUMNS]
            size = f"{shape[0]} × {shape[1]:,}"
            rows.append([size, what, unit(seconds), f"{seconds / floor(z):.1f}", *cells])
            z = calls = None  # the next logits need the room
    for what, want_grad in KINDS.items():
        calls = {name: ready_linear(name, want_grad) for name in ["ce_lib", *LINEAR_PEERS]}
        result = medians(calls, "ce_lib", seconds=20, most=5)
        ratios = [f"{result[name][1]:.2f}" for name in LINEAR_PEERS]
        linear_rows.append([what, unit(result["ce_lib"][0]), *ratios])
    sizes = ", ".join(f"{name} = {size:,}" for name, size in LINEAR.items())
    return f"""\
A peer's time divided by `ce_lib`'s: above 1, `ce_lib` is ahead. Medians of pairs taken in turn in \
one process; float32 logits from N(0, 1), mean loss, one thread on one processor. PyTorch, JAX and \
SciPy get arrays of their own kind, ready made; scikit-learn's `log_loss` gets probabilities. \
*torch.compile* and what JAX runs are compiled for each size before they are timed. *Optax, safe* \
is `safe_softmax_cross_entropy`, with the labels made one-hot in the compiled program. \
*÷ floor* is `ce_lib`'s time over one read of the logits plus one exp of them in the cache.

{table(["logits", "computed", "ce_lib", "÷ floor", *COLUMNS], rows)}

{small()}

{passes()}

{two_threads()}

Linear layer and loss together, {sizes}, float32, as ratios of the same kind:

{table(["computed", "ce_lib", *LINEAR_PEERS], linear_rows)}"""


def unit(seconds):
    """A time with a unit that suits it."""
    for scale, name in ((1, "s"), (1e3, "ms")):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {name}"
    return f"{seconds * 1e6:.3g} µs"
