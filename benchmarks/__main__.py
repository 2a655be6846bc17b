"""Measure everything and write it to a page of the book: `make bench`."""

import datetime
import importlib.metadata
import os
import platform
import sys
from pathlib import Path

import torch

from benchmarks import accuracy, memory, speed

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "pages" / "benchmarks.md"
SITE = ROOT / "_build" / "site.md"  # benchmarks.site has run before, where the book is built
GRADING = ROOT / "_build" / "grading.md"  # and benchmarks.grading
PACKAGES = ["numpy", "torch", "jax", "optax", "scipy", "scikit-learn", "mpmath"]
HEAD = """# Benchmarks

This page shows the measurements behind what the book says about the accuracy, memory and speed of \
`ce_lib`, about the website and about grading. `make bench` repeats all of them, side by side with \
other programs, and writes this page.

{machine}
"""


def machine():
    """Date, processor and versions, in one paragraph."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [x for x in info.read_text().splitlines() if x.startswith("model name")]
        cpu = names[0].split(":")[1].strip() if names else cpu
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in PACKAGES)
    return (
        f"Measured on {datetime.date.today().isoformat()}: {cpu}, {platform.system()}, "
        f"Python {platform.python_version()}, {versions}; one thread unless said otherwise."
    )


def main():
    """Write the page, section by section as they are measured."""
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):  # whatever a library thinks of its threads
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    sections = {"Accuracy": accuracy.report, "Memory": memory.report, "Speed": speed.report}
    sections["Website"] = lambda: SITE.read_text(encoding="utf-8").strip()
    sections["Grading"] = lambda: GRADING.read_text(encoding="utf-8").strip()
    text = HEAD.format(machine=machine())
    for title, report in sections.items():
        print(f"{title} ...", file=sys.stderr, flush=True)
        part = f"\n## {title}\n\n{report()}\n"
        print(part, flush=True)
        text += part
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
