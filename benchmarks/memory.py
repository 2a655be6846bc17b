"""Peak memory beyond the inputs, by each library's own account of what it allocates."""

import itertools
import tracemalloc
from functools import partial

import jax
import numpy as np
import torch

import ce_lib as ce
from benchmarks import table
from benchmarks.peers import KINDS, LINEAR, jitted_optax, linear, timed

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
    z, labels = (jax.ShapeDtypeStruct(s, t) for s, t in ((shape, "float32"), (shape[:1], "int32")))
    plan = jitted_optax(want_grad).lower(z, labels).compile().memory_analysis()
    return plan.temp_size_in_bytes + plan.output_size_in_bytes


def report():
    """Both tables: the loss from logits, and the linear layer with its loss."""
    rows, linear_rows = [], []
    for shape in SHAPES:
        for what, want_grad in KINDS.items():
            z, calls = timed(shape, want_grad)
            labels = np.zeros(len(z), int)
            found = {name: of_numpy(calls[name]) for name in ("ce_lib", "SciPy", "naive NumPy")}
            found["PyTorch"] = of_torch(calls["PyTorch"])
            found["JAX, Optax"] = of_jax(shape, want_grad)
            if want_grad:
                in_place = partial(ce.cross_entropy_with_grad, z, labels, out=z)
                found["ce_lib, out=logits"] = of_numpy(in_place)
            cells = [f"{found[c] / z.nbytes:.3f}" if c in found else "–" for c in COLUMNS]
            rows.append([f"{shape[0]} × {shape[1]:,}", what, *cells])
            calls = in_place = None  # the next logits need the room
    for what, want_grad in KINDS.items():
        calls = linear(want_grad)
        peaks = of_numpy(calls["ce_lib"]), of_torch(calls["PyTorch"])
        linear_rows.append([what, *(f"{peak / 1e6:,.0f}" for peak in peaks)])
    n, d, k = LINEAR.values()
    sizes = ", ".join(f"{name} = {size:,}" for name, size in LINEAR.items())
    return f"""\
Peak of what a call allocates, its result included, in units of the logits (float32): the gradient \
itself is 1. NumPy's arrays are counted by `tracemalloc`, PyTorch's by its profiler, JAX's are \
what its compiler plans.

{table(["logits", "computed", *COLUMNS], rows)}

Linear layer and loss together, {sizes}, float32, in MB; the gradients themselves are \
{4 * (n * d + k * d + k) / 1e6:.0f} MB:

{table(["computed", "ce_lib", "PyTorch"], linear_rows)}"""
