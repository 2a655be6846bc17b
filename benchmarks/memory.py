"""Peak memory beyond the inputs, by each library's own account of what it allocates."""

import itertools
import tracemalloc

import jax
import numpy as np
import torch

import ce_lib as ce
from benchmarks.peers import optax_losses, timed

SHAPES = [(8192, 1000), (4096, 50257), (256, 128256)]
COLUMNS = ["ce_lib", "ce_lib, out=logits", "PyTorch", "JAX, Optax", "SciPy", "naive NumPy"]


def of_numpy(call):
    """Bytes at the peak of a call made of NumPy, which tells tracemalloc of every array."""
    tracemalloc.start()
    kept = call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del kept
    return peak


def of_torch(call):
    """Bytes at the peak of a call of PyTorch, from its profiler's record of each allocation."""
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    ) as profile:
        kept = call()
    del kept
    events = [e for e in profile.profiler.kineto_results.events() if e.name() == "[memory]"]
    if not events:
        raise RuntimeError("PyTorch's profiler recorded no allocation")
    events.sort(key=lambda e: e.start_ns())
    return max(itertools.accumulate(e.nbytes() for e in events))


def of_jax(shape, want_grad):
    """Bytes that XLA says the compiled function needs: its temporaries and its results."""

    def mean(v, labels):
        return optax_losses(v, labels).mean()

    z, labels = (jax.ShapeDtypeStruct(s, t) for s, t in ((shape, "float32"), (shape[:1], "int32")))
    f = jax.jit(jax.value_and_grad(mean) if want_grad else mean)
    plan = f.lower(z, labels).compile().memory_analysis()
    return plan.temp_size_in_bytes + plan.output_size_in_bytes


def report():
    """Both tables: the loss from logits, and the linear layer with its loss."""
    lines = [
        "Peak of what a call allocates, its result included, in units of the logits (float32): the "
        "gradient itself is 1. NumPy's arrays are counted by `tracemalloc`, PyTorch's by its "
        "profiler, JAX's are what its compiler plans.",
        "",
        "| logits | | " + " | ".join(COLUMNS) + " |",
        "|---|---|" + "---|" * len(COLUMNS),
    ]
    for shape in SHAPES:
        for want_grad in (False, True):
            z, calls = timed(shape, want_grad)
            labels = np.zeros(len(z), int)
            found = {name: of_numpy(calls[name]) for name in ("ce_lib", "SciPy", "naive NumPy")}
            found["PyTorch"] = of_torch(calls["PyTorch"])
            found["JAX, Optax"] = of_jax(shape, want_grad)
            if want_grad:
                in_place = lambda z=z, y=labels: ce.cross_entropy_with_grad(z, y, out=z)  # noqa: E731
                found["ce_lib, out=logits"] = of_numpy(in_place)
            cells = [f"{found[c] / z.nbytes:.3f}" if c in found else "–" for c in COLUMNS]
            what = "loss + gradient" if want_grad else "loss"
            lines.append(f"| {shape[0]} × {shape[1]:,} | {what} | " + " | ".join(cells) + " |")
            del z, calls
    return "\n".join([*lines, "", linear()])


def linear(n=4096, d=768, k=50257):
    """The peaks of the linear layer with its loss, in MB."""
    rng = np.random.default_rng(0)
    arrays = [rng.random(s, np.float32) for s in ((n, d), (k, d), k)]
    labels = rng.integers(0, k, n)
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    target = torch.tensor(labels)

    def loss():
        return torch.nn.functional.cross_entropy(torch.nn.functional.linear(*tensors), target)

    rows = [
        ("loss", ce.linear_cross_entropy, torch.no_grad()(loss)),
        ("loss + gradients", ce.linear_cross_entropy_with_grad, lambda: loss().backward()),
    ]
    lines = [
        f"Linear layer and loss together, N = {n:,}, D = {d}, K = {k:,}, float32, in MB; the "
        f"gradients themselves are {sum(a.nbytes for a in arrays) / 1e6:.0f} MB:",
        "",
        "| | ce_lib | PyTorch |",
        "|---|---|---|",
    ]
    for what, ours, theirs in rows:
        peaks = of_numpy(lambda f=ours: f(*arrays, labels)), of_torch(theirs)
        lines.append(f"| {what} | {peaks[0] / 1e6:,.0f} | {peaks[1] / 1e6:,.0f} |")
    return "\n".join(lines)
