"""The programs that ce_lib is compared with, all with one signature.

Each takes logits (N, K) and labels (N,) as the library wants them and returns the losses or
their mean, with or without the gradient. "naive NumPy" is the formula as a first course writes it.
PyTorch runs as it is and compiled; what JAX runs is compiled, as its users do. "Optax, safe" is
Optax's loss for distributions that keeps masked classes free of nan.
"""

import functools
from functools import partial

import jax
import numpy as np
import optax
import torch
import torch.nn.functional as F
from scipy import special
from sklearn.metrics import log_loss

import ce_lib as ce

KINDS = {"loss": False, "loss + gradient": True}  # and whether the gradient is wanted
PEERS = ["PyTorch", "torch.compile", "JAX, Optax", "Optax, safe", "SciPy", "naive NumPy"]

jax.config.update("jax_enable_x64", True)
# Each size and dtype is compiled for itself, as in a training run, which has one.
torch._dynamo.config.recompile_limit = 64
torch._dynamo.config.automatic_dynamic_shapes = False


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


def safe_optax_losses(z, target):
    """Optax's losses for distributions, or for labels made one-hot."""
    one_hot = (
        target if target.ndim == z.ndim else jax.nn.one_hot(target, z.shape[-1], dtype=z.dtype)
    )
    return optax.safe_softmax_cross_entropy(z, one_hot)


JITTED = {"JAX, Optax": optax_losses, "Optax, safe": safe_optax_losses}
compiled = functools.cache(torch.compile)  # importing the compiler takes seconds


def jitted(name, want_grad):
    """The mean loss (and its gradient) of one of Optax's losses, compiled by JAX."""

    def mean(z, labels):
        return JITTED[name](z, labels).mean()

    return jax.jit(jax.value_and_grad(mean) if want_grad else mean)


@functools.cache
def _jitted_rows(name):
    """Each row's loss and gradient by one of Optax's losses, compiled by JAX."""

    def rows(z, target):
        losses, pull = jax.vjp(lambda v: JITTED[name](v, target), z)
        return losses, pull(jax.numpy.ones_like(losses))[0]

    return jax.jit(rows)


def losses_and_gradients(name, z, target, label_smoothing=0.0):
    """Each row's loss and gradient by one library, as NumPy arrays."""
    if name == "ce_lib":
        options = {"label_smoothing": label_smoothing, "reduction": "none"}
        return ce.cross_entropy_with_grad(z, target, **options)
    if name in ("PyTorch", "torch.compile"):
        t = torch.tensor(z, requires_grad=True)
        f = compiled(F.cross_entropy) if name == "torch.compile" else F.cross_entropy
        options = {"label_smoothing": label_smoothing, "reduction": "none"}
        losses = f(t, torch.tensor(target), **options)
        losses.sum().backward()
        return losses.detach().numpy(), t.grad.numpy()
    if name in JITTED:
        if target.ndim == z.ndim:
            target = optax.smooth_labels(jax.numpy.asarray(target), label_smoothing)
        losses, gradients = _jitted_rows(name)(z, target)
        return np.asarray(losses), np.asarray(gradients)
    return (scipy_log_softmax if name == "SciPy" else naive)(z, target)


def batch(shape):
    """Random float32 logits and labels."""
    rng = np.random.default_rng(0)
    return rng.normal(size=shape).astype(np.float32), rng.integers(0, shape[1], shape[0])


def ready(name, z, labels, want_grad):
    """A call of one library that computes the mean loss (and its gradient), inputs ready made."""
    if name == "ce_lib":
        return partial(ce.cross_entropy_with_grad if want_grad else ce.cross_entropy, z, labels)
    if name == "ce_lib, out=logits":
        return partial(ce.cross_entropy_with_grad, z, labels, out=z)
    if name in JITTED:
        program, inputs = jitted(name, want_grad), [jax.numpy.asarray(a) for a in (z, labels)]
        return lambda: jax.block_until_ready(program(*inputs))
    if name in ("PyTorch", "torch.compile"):
        program = compiled(F.cross_entropy) if name == "torch.compile" else F.cross_entropy
        inputs = torch.tensor(z, requires_grad=want_grad), torch.tensor(labels)
        return partial(_torch_gradients, lambda: program(*inputs), inputs[:want_grad])
    if name == "scikit-learn":
        p, classes = ce.softmax(z), np.arange(z.shape[1])
        return lambda: log_loss(labels, p, labels=classes)
    program = scipy_log_softmax if name == "SciPy" else naive

    def call():
        losses, grad = program(z, labels, want_grad)
        if want_grad:
            grad /= len(z)
        return losses.mean(), grad

    return call


def _torch_gradients(loss, leaves):
    """The loss by PyTorch, and the gradients of the leaves, which do not keep them."""
    if not leaves:
        return loss()
    value = loss()
    value.backward()
    gradients = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.grad = None
    return value.detach(), gradients


def timed(shape, want_grad, names=("ce_lib", *PEERS)):
    """The logits, and {name: call} for a mean loss (and its gradient) on them."""
    z, labels = batch(shape)
    return z, {name: ready(name, z, labels, want_grad) for name in names}


LINEAR = {"N": 4096, "D": 768, "K": 50257}  # a batch of tokens and the vocabulary of GPT-2
LINEAR_PEERS = ["PyTorch", "PyTorch, chunked", "torch.compile", "JAX, Optax"]


def _linear_loss(x, weight, bias, labels):
    """PyTorch's loss of a linear layer, all logits held."""
    return F.cross_entropy(F.linear(x, weight, bias), labels)


def linear_batch(sizes):
    """Random float32 rows, weights that give logits of about N(0, 1), biases and labels."""
    n, d, k = sizes.values()
    rng = np.random.default_rng(0)
    x, weight, bias = (rng.standard_normal(s, np.float32) for s in ((n, d), (k, d), k))
    weight *= np.float32(d**-0.5)
    return x, weight, bias, rng.integers(0, k, n)


def ready_linear(name, want_grad, sizes=LINEAR):
    """A call of one library: a linear layer and its mean loss (and gradients), float32."""
    x, weight, bias, labels = linear_batch(sizes)
    if name == "ce_lib":
        ours = ce.linear_cross_entropy_with_grad if want_grad else ce.linear_cross_entropy
        return partial(ours, x, weight, bias, labels)
    if name == "JAX, Optax":

        def mean(x, weight, bias, labels):
            return optax_losses(x @ weight.T + bias, labels).mean()

        program = jax.jit(jax.value_and_grad(mean, argnums=(0, 1, 2)) if want_grad else mean)
        inputs = [jax.numpy.asarray(a) for a in (x, weight, bias, labels)]
        return lambda: jax.block_until_ready(program(*inputs))
    leaves = [torch.tensor(a, requires_grad=want_grad) for a in (x, weight, bias)]
    target = torch.tensor(labels)
    program = compiled(_linear_loss) if name == "torch.compile" else _linear_loss
    if name == "PyTorch, chunked":
        options = torch.nn.LinearCrossEntropyOptions()

        def program(x, weight, bias, labels):
            options_ = {"linear_bias": bias, "options": options}
            return F.linear_cross_entropy(x, weight, labels, **options_)

    return partial(_torch_gradients, lambda: program(*leaves, target), leaves if want_grad else [])
