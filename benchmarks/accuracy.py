"""Errors against 50 digits, by regime, precision and number of classes."""

import numpy as np

import ce_lib as ce
from benchmarks import oracle, table
from benchmarks.peers import (
    LINEAR_PEERS,
    PEERS,
    linear_batch,
    losses_and_gradients,
    ready_linear,
)

NAMES = ["ce_lib", *PEERS]
SOFT = ["ce_lib", "PyTorch", "torch.compile", "Optax, safe"]  # those that take distributions
SIZES = [(2, 2000), (3, 2000), (10, 2000), (100, 200), (5000, 50)]  # classes, rows
LARGE = 10**6, 2
LINEAR = {"N": 64, "D": 256, "K": 5000}


def cases():
    """(regime, side of the dominant logit that the label is on, dtype, K, rows)."""
    for dtype in (np.float64, np.float32):
        for regime in oracle.REGIMES:
            for k, n in SIZES:
                sided = regime in ("dominant", "far")
                for side in ("on it", "off it") if sided else ("any",):
                    yield regime, side, dtype, k, n
        yield "normal", "any", dtype, *LARGE


def worst(regime, side, dtype, k, n):
    """{library: (loss, gradient, gradient beyond |z - max|)}, largest errors in ulp."""
    z = oracle.sample(regime, dtype, k, n)
    labels = np.random.default_rng(k).integers(0, k, n)
    if side != "any":
        labels = np.zeros(n, int) if side == "on it" else 1 + labels % (k - 1)
    truth = [oracle.exact(row, label) for row, label in zip(z, labels, strict=True)]
    result = {}
    for name in NAMES:
        losses, grads = losses_and_gradients(name, z, labels)
        in_loss = max(oracle.ulps(a, t[0]).max() for a, t in zip(losses, truth, strict=True))
        errors = [oracle.ulps(g, t[1]) for g, t in zip(grads, truth, strict=True)]
        beyond = max((e - (r.max() - r)).max() for e, r in zip(errors, z, strict=True))
        result[name] = in_loss, max(e.max() for e in errors), beyond
    return result


def worst_soft(regime, dtype, smoothing, n):
    """The same for soft targets of 10 classes, the gradient in ulp of max(p, y)."""
    z = oracle.sample(regime, dtype, 10, n)
    targets = ce.softmax(oracle.sample("normal", dtype, 10, n))
    truth = [oracle.exact_soft(r, y, smoothing) for r, y in zip(z, targets, strict=True)]
    result = {}
    for name in SOFT:
        losses, grads = losses_and_gradients(name, z, targets, label_smoothing=smoothing)
        in_loss = max(oracle.ulps(a, t[0]).max() for a, t in zip(losses, truth, strict=True))
        in_grad = max(oracle.ulps(g, t[1], t[2]).max() for g, t in zip(grads, truth, strict=True))
        result[name] = in_loss, in_grad
    return result


def worst_linear():
    """{library: errors of the loss and of each gradient of a linear layer}; see `report`."""
    loss, *gradients = oracle.exact_linear(*linear_batch(LINEAR))
    result = {}
    for name in ["ce_lib", *LINEAR_PEERS]:
        value, found = ready_linear(name, True, LINEAR)()
        errors = [abs(np.longdouble(float(value)) - loss) / loss]
        errors += [
            np.abs(np.asarray(f).astype(np.longdouble) - g).max() / np.abs(g).max()
            for f, g in zip(found, gradients, strict=True)
        ]
        result[name] = [float(e / np.finfo(np.float32).eps) for e in errors]
    return result


def number(ulp):
    """An error as the table prints it."""
    if ulp < 0.05:
        return "0"
    return "∞" if np.isinf(ulp) else f"{ulp:.1f}" if ulp < 100 else f"{ulp:.0e}"


def both(errors):
    """The cell of a loss and a gradient."""
    return f"{number(errors[0])} / {number(errors[1])}"


def report():
    """Two tables: labels in every regime; soft targets and label smoothing."""
    found = {}
    for regime, side, dtype, k, n in cases():
        group = "2 to 10" if k <= 10 else f"{k:,}"
        key = oracle.REGIMES[regime], side, np.dtype(dtype).name, group
        new = worst(regime, side, dtype, k, n)
        old = found.get(key, new)
        found[key] = {p: tuple(map(max, zip(old[p], new[p], strict=True))) for p in new}
    ours = [row["ce_lib"] for row in found.values()]
    behind = max(
        row["ce_lib"][i] - min(row[peer][i] for peer in PEERS[:-1])
        for row in found.values()
        for i in (0, 1)
    )
    rows = [[*key, *map(both, row.values())] for key, row in found.items()]
    soft = [
        [name, f"{smoothing:g}", np.dtype(dtype).name]
        + [both(errors) for errors in worst_soft(regime, dtype, smoothing, 2000).values()]
        for dtype in (np.float64, np.float32)
        for regime, name in oracle.REGIMES.items()
        for smoothing in (0.0, 0.1)
    ]
    linear = [[name, *map(number, errors)] for name, errors in worst_linear().items()]
    sizes = ", ".join(f"{name} = {size:,}" for name, size in LINEAR.items())
    return f"""\
Largest error of a loss / of an entry of the gradient, in units of the last place (ulp), wherever \
the true value is a normal number. 2,000 rows for each of K = 2, 3, 10; 200 at K = 100; 50 at \
K = 5,000; two at 10⁶. ∞: the answer was infinite or nan. Logits are N(0, 1) unless said: \
*offset*, with 10⁸ added (10⁴ in float32); *±1000*, uniform; *one ahead*, by 10 to 38; *one far \
ahead*, by 41 to 690 (to 80 in float32), the label on it or off it; *near ties*, \
1 + 10⁻⁶ N(0, 1).

{table(["logits", "label", "format", "K", *NAMES], rows)}

Over all of these, `ce_lib`'s loss is within {max(e[0] for e in ours):.1f} ulp, and no entry of \
its gradient is further off than {max(e[2] for e in ours):.1f} ulp plus |z_k − max z|. Where \
PyTorch, JAX, Optax or SciPy does better in a row of the table, it does so by at most \
{max(behind, 0):.1f} ulp.

With soft or smoothed targets, p̂ and y can be nearly equal, and their digits cancel in p̂ − y. The \
gradient's error is therefore given in ulp of the larger of p̂ and y. K = 10.

{table(["logits", "smoothing", "format", *SOFT], soft)}

A linear layer and its mean loss in one call, {sizes}, float32, against long doubles: the loss's \
relative error, and each gradient's largest error over its largest entry, both in units of \
float32's spacing at 1.

{table(["program", "loss", "gradient of x", "of the weights", "of the biases"], linear)}"""
