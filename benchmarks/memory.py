"""Peak memory beyond the inputs: how much more of a process is resident during a call.

One definition for all libraries. `python -m benchmarks.memory PROGRAM` runs one of them in a
process of its own and prints the bytes.
"""

import ctypes
import gc
import json
import re
import subprocess
import sys
from pathlib import Path

from benchmarks import table

SHAPES = [(8192, 1000), (4096, 50257), (256, 128256)]
OURS = ["ce_lib", "ce_lib, out=logits"]


def _resident(which):
    """Bytes that are resident now (VmRSS), or were at most since `_forget` (VmHWM)."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(rf"^{which}:\s+(\d+) kB", status, re.MULTILINE)[1])


def of_call(call):
    """Bytes resident at the peak of a call, its result included, beyond those before it.

    The call has been made once before, so that its program is compiled and its library's own
    tables exist; what that call freed has been returned to the system. Needs Linux and glibc.
    """
    kept = call()
    del kept
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    before = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    kept = call()
    peak = _resident("VmHWM") - before
    del kept
    return max(peak, 0)


def peak(name, shape, want_grad):
    """Bytes at a program's peak; shape (N, K), or (N, D, K) for a linear layer and its loss."""
    program = json.dumps([name, shape, want_grad])
    command = [sys.executable, "-m", "benchmarks.memory", program]
    root = Path(__file__).parents[1]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(f"{program}: {run.stderr}")
    return int(run.stdout.split()[-1])


def main():
    """Measure the program that the command line names."""
    from benchmarks import peers

    name, shape, want_grad = json.loads(sys.argv[1])
    peers.torch.set_num_threads(1)
    if len(shape) == 3:
        call = peers.ready_linear(name, want_grad, dict(zip("NDK", shape, strict=True)))
    else:
        call = peers.ready(name, *peers.batch(shape), want_grad)
    print(of_call(call))


def report():
    """Both tables: the loss from logits, and the linear layer with its loss."""
    from benchmarks.peers import KINDS, LINEAR, LINEAR_PEERS, PEERS

    rows, linear_rows = [], []
    for n, k in SHAPES:
        for what, want_grad in KINDS.items():
            cells = [f"{n} × {k:,}", what]
            for name in [*OURS, *PEERS]:
                there = want_grad or name != OURS[1]
                cells.append(f"{peak(name, (n, k), want_grad) / (4 * n * k):.3f}" if there else "–")
            rows.append(cells)
    n, d, k = LINEAR.values()
    for what, want_grad in KINDS.items():
        peaks = [peak(name, (n, d, k), want_grad) for name in ["ce_lib", *LINEAR_PEERS]]
        linear_rows.append([what, *(f"{bytes_ / 1e6:,.0f}" for bytes_ in peaks)])
    sizes = ", ".join(f"{name} = {size:,}" for name, size in LINEAR.items())
    return f"""\
Peak memory of a call in units of the logits (float32): the gradient itself is 1. It is measured \
for all programs in one way: by how much the resident memory of a process of its own grows at most \
during the call, with the inputs there already and the result included. The call was made once \
before, so that programs are compiled and each library's own tables are there.

{table(["logits", "computed", *OURS, *PEERS], rows)}

Linear layer and loss together, {sizes}, float32, in MB; the gradients themselves are \
{4 * (n * d + k * d + k) / 1e6:.0f} MB. *PyTorch, chunked* is PyTorch's `linear_cross_entropy` \
with `options=LinearCrossEntropyOptions()`. Only this and `ce_lib` never hold all logits:

{table(["computed", "ce_lib", *LINEAR_PEERS], linear_rows)}"""


if __name__ == "__main__":
    main()
