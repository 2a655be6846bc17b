"""Peak memory beyond the inputs, by the operating system's own account (Linux)."""

import subprocess
import sys
from pathlib import Path

SHAPES = [(8192, 1000), (4096, 50257), (256, 128256)]
LIBRARIES = ["ce_lib", "PyTorch", "JAX, Optax", "SciPy", "naive NumPy"]
KINDS = ["loss", "loss + gradient", "gradient over the logits"]
STATUS = Path("/proc/self/status")
# One measurement in a process of its own: what was allocated before must not be used again.
CHILD = "from benchmarks.memory import measure; measure({!r}, {!r}, {!r})"


def field(name):
    """A figure of this process in bytes."""
    line = next(x for x in STATUS.read_text().splitlines() if x.startswith(name))
    return int(line.split()[1]) * 1024


def measure(library, kind, shape):
    """Print the peak extra memory of one call in units of the logits."""
    import numpy as np

    import ce_lib as ce
    from benchmarks.peers import timed

    want_grad = kind != "loss"
    if kind == "linear":
        peak_of_linear(library, *shape)
        return
    timed((64, 100), want_grad)[1][library]()  # whatever is loaded on first use
    z, calls = timed(shape, want_grad)
    call = calls[library]
    if kind == KINDS[2]:
        labels = np.zeros(len(z), int)
        call = lambda: ce.cross_entropy_with_grad(z, labels, out=z)  # noqa: E731
    if library == "JAX, Optax":
        import jax

        jax.block_until_ready(call())  # compile; its result is let go
    print(peak(call) / z.nbytes)


def peak(call):
    """Bytes by which the resident set rises at most during a call."""
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM starts anew
    before = field("VmRSS")
    kept = call()
    rise = field("VmHWM") - before
    del kept
    return rise


def peak_of_linear(library, n, d, k):
    """Print the peak of the linear layer's loss, and of the loss with gradients, in MB."""
    import numpy as np
    import torch

    import ce_lib as ce

    rng = np.random.default_rng(0)
    x, weight, bias = (rng.random(s, np.float32) for s in ((n, d), (k, d), k))
    labels = rng.integers(0, k, n)
    if library == "ce_lib":
        calls = [
            lambda f=f: f(x, weight, bias, labels)
            for f in (ce.linear_cross_entropy, ce.linear_cross_entropy_with_grad)
        ]
        ce.linear_cross_entropy_with_grad(x[:2, :8], weight[:9, :8], bias[:9], labels[:2] % 9)
    else:
        tensors, target = [torch.tensor(a, requires_grad=True) for a in (x, weight, bias)], labels
        target = torch.tensor(labels)

        def loss():
            return torch.nn.functional.cross_entropy(torch.nn.functional.linear(*tensors), target)

        calls = [torch.no_grad()(loss), lambda: loss().backward()]
    print(*(peak(call) / 1e6 for call in calls))


def ask(*arguments):
    """Run one measurement in a fresh process; the numbers it prints."""
    command = [sys.executable, "-c", CHILD.format(*arguments)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(run.stderr)
    return [float(word) for word in run.stdout.split()]


def report():
    """Both tables, or one line on a system that has no such account."""
    if not STATUS.exists():
        return "Not measured: this system has no /proc/self/status."
    lines = [
        "Peak of resident memory beyond what was there before the call, in units of the logits "
        "(float32); each figure from a process of its own. The gradient itself is 1.",
        "",
        "| logits | | " + " | ".join(LIBRARIES) + " |",
        "|---|---|" + "---|" * len(LIBRARIES),
    ]
    for shape in SHAPES:
        for kind in KINDS:
            some = LIBRARIES if kind != KINDS[2] else LIBRARIES[:1]
            cells = [f"{ask(name, kind, shape)[0]:.3f}" for name in some]
            cells += ["–"] * (len(LIBRARIES) - len(cells))
            lines.append(f"| {shape[0]} × {shape[1]:,} | {kind} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "Linear layer and loss, N = 4,096, D = 768, K = 50,257, float32, in MB (the gradients of "
        "the weights and inputs are 167 MB of the second row):",
        "",
        "| | ce_lib | PyTorch |",
        "|---|---|---|",
    ]
    found = [ask(name, "linear", (4096, 768, 50257)) for name in ("ce_lib", "PyTorch")]
    for what, ours, theirs in zip(("loss", "loss + gradients"), *found, strict=True):
        lines.append(f"| {what} | {ours:,.0f} | {theirs:,.0f} |")
    return "\n".join(lines)
