"""The programs that ce_lib is compared with, all with one signature.

Each takes logits (N, K) and labels (N,) as the library wants them and returns the losses or
their mean, with or without the gradient. "naive" is the formula as a first course writes it.
"""

import jax
import numpy as np
import optax
import torch
from scipy import special
from sklearn.metrics import log_loss

import ce_lib as ce

KINDS = {"loss": False, "loss + gradient": True}  # and whether the gradient is wanted

jax.config.update("jax_enable_x64", True)


def naive(z, labels, want_grad=True):
    """Shifted softmax, its logarithm, and p - y: what most readers would write first."""
    rows = np.arange(len(z))
    with np.errstate(all="ignore"):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        losses = -np.log(p[rows, labels])
    if want_grad:
        p[rows, labels] -= 1
    return losses, p


def scipy_log_softmax(z, labels, want_grad=True):
    """SciPy's log_softmax, and its exponential for the gradient."""
    rows = np.arange(len(z))
    logs = special.log_softmax(z, axis=1)
    losses = -logs[rows, labels]
    if want_grad:
        p = np.exp(logs)
        p[rows, labels] -= 1
        return losses, p
    return losses, None


def optax_losses(z, labels):
    """Optax's losses."""
    return optax.softmax_cross_entropy_with_integer_labels(z, labels)


def jitted_optax(want_grad):
    """Optax's mean loss (and its gradient), compiled by JAX."""

    def mean(z, labels):
        return optax_losses(z, labels).mean()

    return jax.jit(jax.value_and_grad(mean) if want_grad else mean)


def losses_and_gradients(name, z, labels, **options):
    """Each row's loss and gradient by one library, as NumPy arrays."""
    if name == "ce_lib":
        return ce.cross_entropy_with_grad(z, labels, reduction="none", **options)
    if name == "PyTorch":
        t = torch.tensor(z, requires_grad=True)
        target = torch.tensor(labels)
        losses = torch.nn.functional.cross_entropy(t, target, reduction="none", **options)
        losses.sum().backward()
        return losses.detach().numpy(), t.grad.numpy()
    if name == "JAX, Optax":
        losses, pull = jax.vjp(lambda v: optax_losses(v, labels), z)
        return np.asarray(losses), np.asarray(pull(np.ones_like(losses))[0])
    return (scipy_log_softmax if name == "SciPy" else naive)(z, labels)


def timed(shape, want_grad, compiled=False):
    """{name: call} for a mean loss (and its gradient) on float32 logits, each ready to run."""
    rng = np.random.default_rng(0)
    z, labels = rng.normal(size=shape).astype(np.float32), rng.integers(0, shape[1], shape[0])
    t, t_labels = torch.tensor(z, requires_grad=want_grad), torch.tensor(labels)
    j, j_labels = jax.numpy.asarray(z), jax.numpy.asarray(labels)
    loss = torch.nn.functional.cross_entropy
    fused = torch.compile(loss) if compiled else None

    def run_torch(f):
        if not want_grad:
            return f(t, t_labels)
        t.grad = None
        f(t, t_labels).backward()
        return t.grad

    jitted = jitted_optax(want_grad)

    def run_numpy(f):
        losses, grad = f(z, labels, want_grad)
        if want_grad:
            grad /= len(z)
        return losses.mean(), grad

    ours = ce.cross_entropy_with_grad if want_grad else ce.cross_entropy
    calls = {
        "ce_lib": lambda: ours(z, labels),
        "PyTorch": lambda: run_torch(loss),
        "JAX, Optax": lambda: jax.block_until_ready(jitted(j, j_labels)),
        "SciPy": lambda: run_numpy(scipy_log_softmax),
        "naive NumPy": lambda: run_numpy(naive),
    }
    if compiled:
        calls["torch.compile"] = lambda: run_torch(fused)
    if not want_grad:
        p = ce.softmax(z)
        calls["scikit-learn"] = lambda: log_loss(labels, p, labels=np.arange(shape[1]))
    return z, calls


LINEAR = {"N": 4096, "D": 768, "K": 50257}  # a batch of tokens and the vocabulary of GPT-2


def linear(want_grad):
    """{name: call} for a linear layer and its mean loss (and gradients), float32."""
    n, d, k = LINEAR.values()
    rng = np.random.default_rng(0)
    x, weight, bias = (rng.standard_normal(s, np.float32) for s in ((n, d), (k, d), k))
    weight *= np.float32(d**-0.5)
    labels = rng.integers(0, k, n)
    tensors = [torch.tensor(a, requires_grad=want_grad) for a in (x, weight, bias)]
    target = torch.tensor(labels)
    ours = ce.linear_cross_entropy_with_grad if want_grad else ce.linear_cross_entropy

    def theirs():
        loss = torch.nn.functional.cross_entropy(torch.nn.functional.linear(*tensors), target)
        for tensor in tensors:
            tensor.grad = None
        return loss.backward() if want_grad else loss

    return {"ce_lib": lambda: ours(x, weight, bias, labels), "PyTorch": theirs}
