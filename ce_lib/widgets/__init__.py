"""Interactive figures and questions, alive in JupyterLab and on the website without a kernel.

    from ce_lib import widgets

    widgets.BoldnessDial(alpha=3.0)

Each is an anywidget: its arithmetic and drawing are in the .mjs file of its name, put after
shared.mjs; its first state is also there in words (`text/plain`, which the checks compare) and
as still HTML (for print, and for readers without JavaScript). `import ce_lib` does not load this.
"""

import itertools
import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal, localcontext
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from latex2mathml.converter import convert

import ce_lib as ce
from ce_lib import datasets
from ce_lib._checks import Array

HERE = Path(__file__).resolve().parent
CLASSES = ("cat", "dog", "bird")


def source(name: str) -> str:
    """A widget's module, complete: the shared part and its own.

    name : file in this folder, without .mjs. Raises FileNotFoundError if there is none.
    """
    parts = [HERE / "shared.mjs", HERE / f"{name}.mjs"]
    return "\n".join(part.read_text(encoding="utf-8") for part in parts)


def digits(x: Any) -> str:
    """A number as the widgets print it."""
    return f"{x:.3f}" if x == 0 or 1e-3 <= abs(x) < 1e6 else f"{x:.3e}"


class Widget(anywidget.AnyWidget):
    """What all widgets do: know their module, and say their state in words and as still HTML."""

    _css = (HERE / "widgets.css").read_text(encoding="utf-8")
    name: str = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Take the module of the widget's name."""
        if "_esm" not in vars(cls):  # anywidget derives a class for each widget made
            cls._esm = source(cls.name)
        super().__init_subclass__(**kwargs)

    def state(self) -> dict[str, Any]:
        """The values that the module reads: a dict that JSON can hold."""
        own = set(Widget.class_traits())
        names = [key for key in self.traits() if key not in own and not key.startswith("_")]
        return {key: getattr(self, key) for key in names}

    def lines(self) -> Iterator[Any]:
        """The state in words: a first sentence, then lines of a table."""
        raise NotImplementedError

    def words(self) -> str:
        """The plain-text form."""
        first, *rows = self.lines()
        return "\n".join([first, *(" | ".join(row) for row in rows)])

    def still(self) -> str:
        """The HTML form, inside its box."""
        first, *rows = self.lines()
        cells = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
        table = "".join(f"<tr>{row}</tr>" for row in cells)
        return f"<p>{escape(first)}</p><table>{table}</table>"

    def html(self) -> str:
        """The still form in the box that the website's loader brings to life."""
        model = escape(json.dumps(self.state(), ensure_ascii=False))
        box = (
            f'<div class="ce-widget" data-widget="{self.name}"{self._marks()} data-model="{model}">'
        )
        return f"{box}{self.still()}</div>"

    def _marks(self) -> str:
        return ""

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return {**data, "text/plain": self.words(), "text/html": self.html()}, metadata


class BoldnessDial(Widget):
    """Ten thousand forecasts, each raised to the power α and rescaled, under three penalties.

    Row i of the true chances, and its class, are drawn as in the chapter on cross-entropy:
    `rng.dirichlet([1, 1, 1], size=count)`, then `rng.random(count)`. The browser draws the same
    from the generator's state.

    seed : of `np.random.default_rng`.
    """

    name = "boldness_dial"
    alpha = traitlets.Float(3.0, min=0.0, max=5.0).tag(sync=True)
    penalty = traitlets.Enum(["log", "Brier", "absolute"], "log").tag(sync=True)
    start: traitlets.List[Any] = traitlets.List(traitlets.Unicode()).tag(sync=True)
    count = traitlets.Int(10_000, min=1).tag(sync=True)

    def __init__(self, seed: int = 0, **kwargs: Any) -> None:
        """Draw the chances and the classes."""
        rng = np.random.default_rng(seed)
        found = rng.bit_generator.state["state"]
        super().__init__(start=[str(found["state"]), str(found["inc"])], **kwargs)
        self._truth = rng.dirichlet([1, 1, 1], size=self.count)
        draw = rng.random((self.count, 1))
        self._labels = (draw > self._truth.cumsum(axis=1)[:, :2]).sum(axis=1)

    def means(self, alpha: float) -> dict[str, float]:
        """Accuracy, mean probability of the answer and of the truth, and the mean penalties."""
        p = ce.softmax(alpha * np.log(self._truth))
        hit = p[np.arange(self.count), self._labels]
        brier = np.sum((p - np.eye(3)[self._labels]) ** 2, axis=1)
        found = {
            "accuracy": np.mean(self._truth.argmax(axis=1) == self._labels),
            "largest": p.max(axis=1).mean(),
            "truth": hit.mean(),
            "log": ce.cross_entropy(alpha * np.log(self._truth), self._labels),
            "Brier": brier.mean(),
            "absolute": (1 - hit).mean(),
        }
        return {name: float(value) for name, value in found.items()}

    def lines(self) -> Iterator[Any]:
        """The means at α from a uniform forecast to a very bold one."""
        yield f"The forecasts of {self.count:,} photographs, each p raised to α and rescaled."
        yield ["α", "accuracy", "p of the answer", "p of the truth", "log", "Brier", "absolute"]
        for alpha in sorted({0.0, 0.5, 1.0, 2.0, 3.0, 5.0, self.alpha}):
            accuracy, *means = map(digits, self.means(alpha).values())
            yield [f"{alpha:g}", accuracy if alpha else "–", *means]  # at 0 the classes tie


class CodeExplorer(Widget):
    """Huffman's recipe on a text of the reader's: envelopes, words and rulers as long as −log₂ p.

    block : letters that are coded together. left : merges that are still to be made.
    """

    name = "code_explorer"
    text = traitlets.Unicode("she said that she had met this curve before").tag(sync=True)
    block = traitlets.Int(1, min=1, max=3).tag(sync=True)
    left = traitlets.Int(6, min=0).tag(sync=True)

    def lines(self) -> Iterator[Any]:
        """Entropy and digits per letter of the text, then each letter's surprisal and word."""
        counts = Counter(graphemes(self.text))
        if not counts:
            yield "A text without a letter."
            return
        letters = sorted(counts)
        n = np.array([counts[letter] for letter in letters])
        p, weights = n / n.sum(), np.ones(1, dtype=int)
        for _ in range(self.block):
            weights = np.outer(weights, n).ravel()
        lengths = ce.huffman_lengths(weights)
        mean = weights @ lengths / weights.sum() / self.block
        unit = ["letter by letter", "in pairs of letters", "in triples of letters"][self.block - 1]
        yield (
            f"The text “{self.text}” has an entropy of {digits(ce.entropy(p, base=2))} bits per"
            f" letter. Huffman's code, {unit}, spends {digits(mean)} digits per letter."
        )
        yield ["letter", "surprisal (bits)", "digits of its word"]
        for letter, chance, length in zip(letters, p, ce.huffman_lengths(n), strict=True):
            yield [letter.replace(" ", "space"), digits(ce.surprisal(chance, base=2)), str(length)]


def graphemes(text: str) -> list[str]:
    """The letters of a text as a reader counts them: marks, joined emoji and flags are one letter.

    A short form of Unicode's rules (Annex 29), which browsers have in full.
    """
    found: list[str] = []
    flag, joiner = (
        re.compile(f"[{s}]") for s in ("\U0001f1e6-\U0001f1ff", "\u200d\U0001f3fb-\U0001f3ff")
    )
    for char in re.sub(r"\s+", " ", unicodedata.normalize("NFC", text).lower()):
        before = found[-1] if found else ""
        mark = unicodedata.category(char)[0] == "M" or joiner.match(char)
        pair = flag.match(char) and flag.fullmatch(before)
        if before and (mark or pair or before.endswith("\u200d")):
            found[-1] += char
        else:
            found.append(char)
    return found


class SoftmaxExplorer(Widget):
    """Three scores on a number line, their exponentials, and their shares: softmax as a machine.

    details : whether the temperature and the book's symbols are shown.
    """

    name = "softmax_explorer"
    logits = traitlets.List(traitlets.Float(), [2.0, 1.0, 0.1], minlen=3, maxlen=3).tag(sync=True)
    shift = traitlets.Float(0.0).tag(sync=True)
    temperature = traitlets.Float(1.0, min=0.1, max=10.0).tag(sync=True)
    label = traitlets.Int(0, min=0, max=2).tag(sync=True)
    details = traitlets.Bool(False).tag(sync=True)

    def lines(self) -> Iterator[Any]:
        """The loss, then score, exponential and share of each class."""
        z = np.add(self.logits, self.shift)
        loss = ce.cross_entropy(z, self.label, temperature=self.temperature)
        probs = ce.softmax(z, temperature=self.temperature)
        warm = f" at temperature {self.temperature:g}" if self.details else ""
        yield (
            f"Softmax{warm}: the photograph shows a {CLASSES[self.label]},"
            f" and the loss is {digits(loss)}{' nats' if self.details else ''}."
        )
        power = "exp(z / T)" if self.details else "exp(score)"
        yield ["", "score z" if self.details else "score", power, "share"]
        for name, *row in zip(CLASSES, z, np.exp(z / self.temperature), probs, strict=True):
            yield [name, f"{row[0]:.1f}", digits(row[1]), digits(row[2])]


class TemperaturePath(Widget):
    """The triangle of predictions, and the curve on which the temperature moves one of them.

    beta : the inverse temperature 1/T; 0 is the centre, and T is negative below it.
    """

    name = "temperature_path"
    logits = traitlets.List(traitlets.Float(), [2.0, 1.0, 0.1], minlen=3, maxlen=3).tag(sync=True)
    beta = traitlets.Float(1.0).tag(sync=True)

    def lines(self) -> Iterator[Any]:
        """The prediction and its entropy along the path, from cold to hot and below zero."""
        z = np.array(self.logits)
        yield f"The prediction from the scores {', '.join(f'{v:g}' for v in z)} by temperature."
        yield ["T", *CLASSES, "entropy"]
        for beta in sorted({4.0, 2.0, 1.0, 0.5, 0.0, -1.0, self.beta}, reverse=True):
            p = ce.softmax(beta * z)
            yield [f"{1 / beta:.4g}" if beta else "∞", *map(digits, p), digits(ce.entropy(p))]


class GumbelRace(Widget):
    """Scores plus Gumbel noise: the largest total wins, in the long run as often as softmax says.

    The noise is that of `rng.gumbel`, which the browser draws from the generator's state.

    seed : of `np.random.default_rng`.
    """

    name = "gumbel_race"
    logits = traitlets.List(traitlets.Float(), [2.0, 1.0, 0.1], minlen=3, maxlen=3).tag(sync=True)
    draws = traitlets.Int(400, min=1, max=10_000).tag(sync=True)
    start: traitlets.List[Any] = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, seed: int = 0, **kwargs: Any) -> None:
        """Draw the noise."""
        rng = np.random.default_rng(seed)
        found = rng.bit_generator.state["state"]
        super().__init__(start=[str(found["state"]), str(found["inc"])], **kwargs)
        self._noise = rng.gumbel(size=(10_000, 3))

    def lines(self) -> Iterator[Any]:
        """How often each class has won after so many draws, and the softmax."""
        winners = (self.logits + self._noise).argmax(axis=1)
        yield "How often each score plus Gumbel noise is the largest of the three."
        yield ["draws", *CLASSES]
        for draws in sorted({10, 100, 1000, 10_000, self.draws}):
            wins = np.bincount(winners[:draws], minlength=3)
            yield [f"{draws}", *map(digits, wins / draws)]
        yield ["softmax", *map(digits, ce.softmax(self.logits))]


class LossExplorer(Widget):
    """Four losses race downhill by gradient steps of size 1 from one start; the cat is true."""

    name = "loss_explorer"
    rivals = traitlets.List(
        traitlets.Float(min=-8.0, max=12.0), [10.0, 0.0], minlen=2, maxlen=2
    ).tag(sync=True)  # the scores of dog and bird; the cat's is 0
    third = traitlets.Enum([2, 3], 3).tag(sync=True)  # the third map: hinge or softmax twice

    def lines(self) -> Iterator[Any]:
        """Each loss and its slope at the start, and the steps until the cat leads."""
        z = np.array([0.0, *self.rivals])
        (loss, grad), p = ce.cross_entropy_with_grad(z, 0), ce.softmax(z)
        brier = np.sum((p - [1, 0, 0]) ** 2)
        missing = z[1:] - z[0] + 1
        twice, pull = ce.cross_entropy_with_grad(p, 0)
        yield (
            f"Four losses for the scores 0, {self.rivals[0]:g}, {self.rivals[1]:g} of cat, dog,"
            " bird; the true class is the cat. The last column counts the gradient steps of size 1"
            " until the cat has the highest score."
        )
        yield ["", "loss", "slope in the cat's logit", "steps"]
        hinge, twice_slope = np.maximum(missing, 0).sum(), (ce.softmax_jacobian(z) @ pull)[0]
        table = {
            "cross-entropy": (loss, grad[0]),
            "squared error on softmax": (brier, -2 * p[0] * brier),
            "hinge": (hinge, -np.sum(missing > 0, dtype=float)),
            "cross-entropy, softmax twice": (twice, twice_slope),
        }
        for (name, numbers), slope in zip(table.items(), SLOPES, strict=True):
            yield [name, *map(digits, numbers), _steps(slope, z) or "> 10000"]


def _squared(z: Array) -> Array:
    p = ce.softmax(z)
    return 2 * ce.softmax_jacobian(z) @ (p - [1, 0, 0])


def _hinge(z: Array) -> Array:
    close = np.where(z[1:] - z[0] + 1 > 0, 1.0, 0.0)
    return np.array([-close.sum(), *close])


def _twice(z: Array) -> Array:
    return ce.softmax_jacobian(z) @ ce.cross_entropy_with_grad(ce.softmax(z), 0)[1]


SLOPES = [lambda z: ce.cross_entropy_with_grad(z, 0)[1], _squared, _hinge, _twice]


def _steps(slope: Callable[[Array], Array], z: Array, limit: int = 10_000) -> str:
    """How many gradient steps of size 1 make the first score the highest; "" above the limit."""
    for count in range(limit + 1):
        if z[0] >= z[1:].max():
            return str(count)
        z = z - slope(z)
    return ""


class OverflowExplorer(Widget):
    """Three programs for one loss in half, single or double precision, and their true digits."""

    name = "overflow_explorer"
    logits = traitlets.List(traitlets.Float(), [2.0, 1.0, 0.1], minlen=3, maxlen=3).tag(sync=True)
    added = traitlets.Float(0.0).tag(sync=True)
    format = traitlets.Enum(["float16", "float32", "float64"], "float32").tag(sync=True)
    label = traitlets.Int(0, min=0, max=2).tag(sync=True)

    def lines(self) -> Iterator[Any]:
        """Each step of both computations, every operation rounded to the format."""
        kind = np.dtype(self.format).type
        with np.errstate(all="ignore"):
            z = np.asarray(self.logits, kind) + kind(self.added)
            exps, shifted = np.exp(z), z - z.max()
            naive, stable = exps / exps.sum(), np.exp(shifted) / np.exp(shifted).sum()
            naive_loss = -np.log(naive[self.label])
            loss = np.log(np.exp(shifted).sum()) - shifted[self.label]
            others = np.delete(z, self.label) - z[self.label]
            behind = np.maximum(others.max(), kind(0))
            rest = np.exp(others - behind).sum()
            form = behind + np.log(rest + np.exp(-behind)) if behind else np.log1p(rest)
        yield (
            f"Softmax and loss in {self.format}, {self.added:g} added to all logits: the formula as"
            f" written gives the loss {digits(naive_loss)}, with the maximum subtracted first"
            f" it is {digits(loss)}, and in the log1p form {digits(form)}."
        )
        yield ["", *CLASSES]
        named = {"z": z, "exp(z)": exps, "naive p̂": naive}
        named |= {"z − max": shifted, "exp(z − max)": np.exp(shifted), "p̂": stable}
        for name, values in named.items():
            yield [name, *map(digits, values)]


class GradientExplorer(Widget):
    """Who gives to whom when a score rises: the triangle of predictions, the Jacobian, its flows.

    With `rival`, the scores of a second model, the figure is a race: both models go downhill,
    with a dot for each step, and the flows are those of a short step.

    nudged : the score whose column is lit. cells : "J", the Jacobian, or "slopes", each of its
    cells times −y/p̂ of its row. names : of the two models of a race.
    """

    name = "gradient_explorer"
    logits = traitlets.List(traitlets.Float(), [2.0, 1.0, 0.1], minlen=3, maxlen=3).tag(sync=True)
    target = traitlets.List(traitlets.Float(), [0.7, 0.2, 0.1], minlen=3, maxlen=3).tag(sync=True)
    nudged = traitlets.Int(1, min=0, max=2).tag(sync=True)
    cells = traitlets.Enum(["J", "slopes"], "J").tag(sync=True)
    rival = traitlets.List(traitlets.Float(), maxlen=3).tag(sync=True)
    names = traitlets.List(traitlets.Unicode(), ["first", "second"], minlen=2, maxlen=2).tag(
        sync=True
    )
    rate = traitlets.Float(0.5, min=0.1, max=4.0).tag(sync=True)

    @traitlets.validate("rival")
    def _three_or_none(self, proposal: dict[str, Any]) -> list[float]:
        found: list[float] = proposal["value"]
        if len(found) not in (0, 3):
            raise traitlets.TraitError(f"rival must have 3 scores, or none, got {len(found)}")
        return found

    def lines(self) -> Iterator[Any]:
        """The Jacobian with the sums of its columns; or both models after 0, 1 and 10 steps."""
        if self.rival:
            yield (
                f"Two models descend by steps of size {self.rate:g} towards the truth"
                f" {tuple(self.target)}."
            )
            yield ["model", "steps", "p̂ (cat, dog, bird)", "loss", "‖p̂ − y‖²"]
            for name, path in zip(self.names, self._paths(10), strict=True):
                for steps in (0, 1, 10):
                    loss, grad = ce.cross_entropy_with_grad(path[steps], self.target)
                    probs = ", ".join(map(digits, ce.softmax(path[steps])))
                    yield [name, str(steps), probs, digits(loss), digits(grad @ grad)]
            return
        cells, p = self._cells(), ce.softmax(self.logits)
        kind = "times −y/p̂ of its row " if self.cells == "slopes" else ""
        yield (
            f"The Jacobian of softmax {kind}at the scores {tuple(self.logits)}, where p̂ is"
            f" {', '.join(map(digits, p))}: what each row's probability"
            f" {'adds to the slope of the loss' if kind else 'gains'} in each column's score."
        )
        yield ["", *(f"z {name}" for name in CLASSES)]
        for name, row in zip(CLASSES, cells, strict=True):
            yield [f"p̂ {name}", *map(digits, row)]
        off = cells - np.diag(np.diag(cells))
        yield ["sum", *(digits(v + 0.0) for v in off.sum(axis=0) + np.diag(cells))]

    def _cells(self) -> Array:
        """The nine numbers that are shown."""
        jacobian: Array = ce.softmax_jacobian(self.logits)
        if self.cells == "J":
            return jacobian
        times: Array = -np.array(self.target) / ce.softmax(self.logits)
        return times[:, None] * jacobian

    def _paths(self, steps: int) -> list[Array]:
        """The scores of both models before each step and after the last, (steps + 1, 3) each."""
        paths = []
        for z in (np.array(self.logits), np.array(self.rival)):
            path = [z]
            for _ in range(steps):
                grad = ce.cross_entropy_with_grad(path[-1], self.target)[1]
                path.append(path[-1] - self.rate * grad)
            paths.append(np.array(path))
        return paths

    def still(self) -> str:
        """The drawing's first state, and the numbers."""
        first, rows = super().still().split("<table>")
        drawn = self._race_drawn() if self.rival else self._cells_drawn()
        return f"{first}{drawn}<table>{rows}"

    def _cells_drawn(self) -> str:
        """The nine cells, and below them what the lit column gives and takes, as arrows."""
        cells, parts = self._cells(), []
        for i, j in np.ndindex(3, 3):
            x, y, value = 40 + 90 * j, 26 + 34 * i, float(cells[i, j])
            parts.append(
                f'<rect x="{x}" y="{y}" width="90" height="34" class="ce-{CLASSES[i]}"'
                f' fill-opacity="{0.6 * math.sqrt(min(1.0, abs(value))):.2f}"/>'
            )
            parts.append(_label(x + 45, y + 22, f"{value:+.3f}".replace("-", "−")))
        for k, name in enumerate(CLASSES):
            parts.append(_label(85 + 90 * k, 18, f"z {name}"))
            parts.append(_label(18, 48 + 34 * k, name))
        x = 40 + 90 * self.nudged
        parts.append(f'<rect x="{x}" y="26" width="90" height="102" class="ce-axis ce-bold"/>')
        p, moved = ce.softmax(self.logits), ce.softmax_jacobian(self.logits)[:, self.nudged]
        for k, name in enumerate(CLASSES):
            x, to = 85 + 90 * k, 85 + 90 * self.nudged
            parts.append(
                f'<circle cx="{x}" cy="190" r="{4 + 24 * p[k] ** 0.5:.1f}" class="ce-{name}"/>'
            )
            parts.append(_label(x, 236, f"{name} {moved[k]:+.3f}".replace("-", "−")))
            if k != self.nudged:
                d = f"M{x} 188C{x} 132 {to} 132 {to} 184"
                wide = max(1.0, -100 * moved[k])
                parts.append(
                    f'<path d="{d}" class="ce-give ce-line-{name}" stroke-width="{wide:.1f}"/>'
                )
        said = f"The nine cells, and what the other classes give when the {CLASSES[self.nudged]}'s"
        return _drawing(246, f"{said} score rises", parts)

    def _race_drawn(self) -> str:
        """The triangle with both paths, a dot for each step."""
        corners = np.array(
            [[50, 222], [270, 222], [160, 222 - 110 * math.sqrt(3)]]
        )  # cat, dog, bird
        parts = [f'<path d="{_line(corners)}Z" class="ce-triangle"/>']
        for k, path in enumerate(self._paths(12)):
            places = ce.softmax(path) @ corners
            parts.append(f'<path d="{_line(places)}" class="ce-axis"/>')
            fill = ("var(--w-ink)", "var(--w-paper)")[k]
            for step, (x, y) in enumerate(places):
                parts.append(
                    f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{3.5 if step else 7}" class="ce-axis"'
                    f' style="fill: {fill}"/>'
                )
            mark = '<circle cx="{}" cy="14" r="5" class="ce-axis" style="fill: {}"/>'
            parts.append(mark.format(14 + 80 * k, fill))
            parts.append(_label(44 + 80 * k, 18, self.names[k]))
        for k, (x, y) in enumerate(corners + np.array([[0, 20], [0, 20], [22, 4]])):
            parts.append(_label(x, y, CLASSES[k]))
        return _drawing(246, "The triangle of predictions with two paths, a dot a step", parts)


def _label(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{escape(text)}</text>'


def _line(points: Array) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _drawing(height: float, said: str, parts: list[str]) -> str:
    """A drawing 320 wide, for the still form."""
    box = f'viewBox="0 0 320 {height:g}" role="img" aria-label="{escape(said)}"'
    return f'<svg class="ce-first" {box}>{"".join(parts)}</svg>'


class StepMicroscope(Widget):
    """The error of a numeric slope against its step, and the loss near the point, ever closer.

    The loss is that of the cat at the scores 2, 1, 0.1; its value is rounded once to a double.

    power : the step is 2^-power. shown : the loss as it is, or "flat", minus its tangent.
    """

    name = "step_microscope"
    power = traitlets.Int(26, min=0, max=50).tag(sync=True)
    shown = traitlets.Enum(["flat", "loss"], "flat").tag(sync=True)

    def errors(self, power: int) -> tuple[float, float]:
        """Those of the forward and the central difference with the step 2^-power."""
        h = 2.0**-power
        above, here, below = (float(_exact_loss(2 + t)) for t in (h, 0, -h))
        slopes = ((above - here) / h, (above - below) / (2 * h))
        with localcontext(prec=50):
            terms = [Decimal(z).exp() for z in (2.0, 1.0, 0.1)]
            slope = terms[0] / sum(terms) - 1
            forward, central = (float(abs(Decimal(each) - slope)) for each in slopes)
        return forward, central

    def lines(self) -> Iterator[Any]:
        """Both errors at steps from 1/4 to the smallest."""
        yield "The slope of the loss in the score of the cat at 2, 1, 0.1, by two differences."
        yield ["step h", "error, forward", "error, central"]
        for power in sorted({2, 8, 17, 26, 35, 44, 50, self.power}):
            yield [f"{v:.1e}" for v in (2.0**-power, *self.errors(power))]

    def still(self) -> str:
        """Both curves, and the numbers."""
        first, rows = super().still().split("<table>")
        parts = ['<path d="M58 20V217H316" class="ce-axis"/>']
        for tick in (0, -4, -8, -12, -16):
            parts.append(_label(30, 34 - 11 * tick, f"1e{tick}".replace("-", "−")))
        for tick in (0, -5, -10, -15):
            parts.append(_label(296 + 15 * tick, 236, f"1e{tick}".replace("-", "−")))
        parts.append(_label(180, 258, "step h; upwards, the error"))
        for power in range(51):
            for error, colour in zip(self.errors(power), ("dog", "cat"), strict=True):
                x, y = 296 - 15 * power * math.log10(2), 30 - 11 * math.log10(max(error, 1e-17))
                kind = 'r="2.2" class="ce-cat"'
                if colour == "dog":  # a ring around the dot
                    kind = 'r="3.4" class="ce-line-dog" fill="none"'
                parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" {kind}/>')
        parts += [_label(230, 38, "forward"), _label(285, 140, "central")]
        said = "The errors of the forward and the central difference against the step"
        return f"{first}{_drawing(264, said, parts)}<table>{rows}"


def _exact_loss(x: float) -> Decimal:
    """The loss of the cat at the scores x, 1, 0.1, to 50 digits."""
    with localcontext(prec=50):
        terms = [Decimal(z).exp() for z in (x, 1.0, 0.1)]
        return sum(terms, Decimal(0)).ln() - Decimal(x)


class OnlineSoftmax(Widget):
    """Eight logits read in chunks: the running maximum, the rescaled sum, and their logsumexp."""

    name = "online_softmax"
    logits = traitlets.List(
        traitlets.Float(), [1.0, 0.2, 2.5, -1.0, 0.7, 4.0, 3.1, 0.0], minlen=8, maxlen=8
    ).tag(sync=True)
    order = traitlets.List(traitlets.Int(), list(range(8)), minlen=8, maxlen=8).tag(sync=True)
    chunk = traitlets.Enum([1, 2, 4], 2).tag(sync=True)
    read = traitlets.Int(2, min=1, max=8).tag(sync=True)

    def lines(self) -> Iterator[Any]:
        """A line for each chunk: the old sum's factor, the new terms, and the pair after it."""
        z = np.array(self.logits)[self.order].reshape(-1, self.chunk)
        yield f"Eight logits, {self.chunk} at a time: running maximum m and rescaled sum s."
        yield ["chunk", "m", "old s times", "new terms", "s", "m + log s"]
        m, s = -math.inf, 0.0
        for values in z:
            top = max(m, values.max())
            factor, terms = math.exp(m - top), np.exp(values - top).sum()
            m, s = top, s * factor + terms
            numbers = [digits(v) for v in (m, factor, terms, s, m + math.log(s))]
            yield [", ".join(f"{v:g}" for v in values), *numbers]


class Training(Widget):
    """A drawn digit, what each pixel adds to the score of a class, and softmax regression, trained.

        Training(W, picture=images[3], meant=3)

    weights : (10, 65), a row for each class, its last entry the bias; rounded to three decimals.
    Without it, zeros. picture : (8, 8), ink from 0 to 16; without it, the first 3 of the data.
    meant : the digit whose loss is shown. shown : the class whose weights are. Raises ValueError
    for another shape, or ink beyond 0 to 16.

    The browser trains on the first 1,000 of `datasets.digits()`, by the steps of the chapter on
    learning, and fetches them when they are first needed: on a page the file `digits.json` beside
    the module, which is `pictures()`; in a notebook the same from the kernel.
    """

    name = "training"
    weights = traitlets.List(traitlets.Float()).tag(sync=True)
    picture = traitlets.List(traitlets.Int(min=0, max=16)).tag(sync=True)
    meant = traitlets.Int(3, min=0, max=9).tag(sync=True)
    shown = traitlets.Int(3, min=0, max=9).tag(sync=True)
    method = traitlets.Enum(["descent", "Newton"], "descent").tag(sync=True)
    penalty = traitlets.Enum([0, 1e-4, 1e-3, 1e-2, 1e-1], 0).tag(sync=True)
    scale = traitlets.Int(0, min=-2, max=8).tag(sync=True)  # the step size is 2^scale / (M + λ)
    bound = traitlets.Float().tag(sync=True)  # M: no curvature of the mean loss is larger

    def __init__(
        self, weights: Array | None = None, picture: Array | None = None, **kwargs: Any
    ) -> None:
        """Check the arrays, and listen for the module's request of the data."""
        W = np.zeros((10, 65)) if weights is None else np.asarray(weights, float)
        ink = datasets.digits()[0][3] if picture is None else np.asarray(picture)
        for name, values, shape in (("weights", W, (10, 65)), ("picture", ink, (8, 8))):
            if values.shape != shape:
                raise ValueError(f"{name} must have shape {shape}, got shape {values.shape}")
        if not np.all((ink >= 0) & (ink <= 16) & (ink == np.rint(ink))):
            raise ValueError(f"picture must hold whole numbers from 0 to 16, got {ink.tolist()}")
        x = np.column_stack([datasets.digits()[0][:1000].reshape(1000, 64) / 16, np.ones(1000)])
        bound = float(f"{np.linalg.eigvalsh(x.T @ x / 1000)[-1] / 2:.6g}")
        rounded = (np.round(W, 3) + 0.0).ravel().tolist()  # + 0.0: no -0.0
        super().__init__(weights=rounded, picture=ink.astype(int).ravel().tolist(), **kwargs)
        self.bound = bound
        self.on_msg(self._answer)

    def _answer(self, _: Any, message: Any, __: Any) -> None:
        if message == {"want": "digits"}:
            self.send(pictures())

    def lines(self) -> Iterator[Any]:
        """The answer and the loss, then score and probability of each class."""
        W = np.reshape(self.weights, (10, 65))
        z = W @ [*np.divide(self.picture, 16), 1.0]
        loss = ce.cross_entropy(z, self.meant)
        yield (
            "A drawn digit under softmax regression: with the weights given its loss is"
            f" {digits(loss)} nats, if the digit is meant as {self.meant}."
        )
        yield ["class", "score", "softmax"]
        for k, p in enumerate(ce.softmax(z)):
            yield [str(k), f"{z[k]:.2f}", digits(p)]

    def still(self) -> str:
        """The table, below the picture and the weights of the ten classes as pictures."""
        W = np.reshape(self.weights, (10, 65))[:, :64]
        size = np.abs(W).max() or 1.0
        shots = [_pixels(np.divide(self.picture, 16), 0, 0, 'fill="currentColor"')]
        for k, row in enumerate(W / size):
            x, y = 10 + 9 * (k % 5), 9 * (k // 5)
            for values, kind in ((row, 'class="ce-cat"'), (-row, 'class="ce-dog"')):
                shots.append(_pixels(np.maximum(values, 0), x, y, kind))
        drawn = '<svg viewBox="0 0 55 18" role="img" aria-label="The picture, and the weights of'
        drawn += f' the classes 0 to 9: blue adds to a score, orange takes off">{"".join(shots)}'
        return f"{drawn}</svg>{super().still()}"


def _pixels(values: Array, x: int, y: int, kind: str) -> str:
    """64 values from 0 to 1 as squares, in eight strengths of one colour, which `kind` says."""
    steps = np.rint(8 * values).astype(int)
    return "".join(
        f'<path {kind} fill-opacity="{level / 8}" d="'
        + "".join(f"M{x + j % 8} {y + j // 8}h1v1h-1z" for j in np.flatnonzero(steps == level))
        + '"/>'
        for level in sorted(set(steps[steps > 0].tolist()))
    )


def pictures() -> dict[str, str]:
    """`datasets.digits()` as text: a letter for each pixel, 0 to g for 0 to 16, and the labels."""
    images, labels = datasets.digits()
    inks = np.array(list("0123456789abcdefg"))[images.astype(int).ravel()]
    return {"inks": "".join(inks), "labels": "".join(map(str, labels))}


class NewtonStep(Widget):
    """The loss of two classes, and what Newton's parabola and the tangent make of it at a point.

    margin : the first class's score minus the second's. target : the first class's share of the
    target, 1 for a label. damped : whether Newton's step is halved until the loss falls enough.
    trail : the margins so far, which "Back" returns to. Gradient steps have the size 4, one over
    the largest curvature.
    """

    name = "newton_step"
    margin = traitlets.Float(-1.5).tag(sync=True)
    target = traitlets.Enum([1.0, 0.7], 1.0).tag(sync=True)
    damped = traitlets.Bool(False).tag(sync=True)
    trail: traitlets.List[Any] = traitlets.List(traitlets.Float()).tag(sync=True)

    @traitlets.default("trail")
    def _start(self) -> list[float]:
        return [self.margin]

    def at(self, d: float) -> tuple[float, float, float]:
        """Loss, slope and curvature at the margin d."""
        p, q = ce.softmax([d, 0.0])
        loss = ce.cross_entropy([d, 0.0], [self.target, 1 - self.target])
        slope = (1 - self.target) * p - self.target * q  # p - y, and exact near y = 1
        return float(loss), float(slope), float(ce.cross_entropy_hessian([d, 0.0])[0, 0])

    def newton(self, d: float) -> float:
        """The margin that Newton's step leads to; d where the curvature is 0."""
        loss, slope, curvature = self.at(d)
        step = -slope / curvature if curvature > 0 else 0.0
        t = 1.0
        while self.damped and self.at(d + t * step)[0] > loss + t / 4 * slope * step + 1e-12:
            t /= 2
        return d + t * step

    def lines(self) -> Iterator[Any]:
        """The first steps of both from the margin."""
        soft = "the label (1, 0)" if self.target == 1 else f"({self.target:g}, {1 - self.target:g})"
        yield (
            f"Two classes, target {soft}: Newton's steps{', damped,' * self.damped} and gradient"
            f" steps of size 4, from the margin {self.margin:g}."
        )
        yield ["steps", "Newton: margin", "loss", "gradient: margin", "loss"]
        d = e = self.margin
        for step in range(6):
            yield [str(step), *(digits(v) for m in (d, e) for v in (m, self.at(m)[0]))]
            d, e = self.newton(d), e - 4 * self.at(e)[1]

    def still(self) -> str:
        """The table, below the loss and its parabola at the margin."""
        loss, slope, curvature = self.at(self.margin)
        d = np.linspace(-6, 12, 73)
        lines = {
            "ce-rule": loss + slope * (d - self.margin),
            "ce-trail": loss + slope * (d - self.margin) + curvature * (d - self.margin) ** 2 / 2,
            "ce-curve": np.array([self.at(v)[0] for v in d]),
        }
        paths = []
        for kind, values in lines.items():
            inside = (values >= -1) & (values <= 6)
            points = zip(20 * (d[inside] + 6), 20 * (6 - values[inside]), strict=True)
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            paths.append(f'<path class="{kind}" d="M{path}"/>')
        dot = f'<circle class="ce-handle" r="6" cx="{20 * (self.margin + 6):g}"'
        drawn = '<svg class="ce-first" viewBox="0 0 360 145" role="img" aria-label="The loss'
        drawn += " against the margin, its tangent and the parabola of its slope and curvature"
        drawn += f'">{"".join(paths)}'
        return f'{drawn}{dot} cy="{20 * (6 - loss):g}"/></svg>{super().still()}'


class BackwardPass(Widget):
    """A network of two inputs, two hidden units and three classes, forward and back, step by step.

    inputs : the two numbers x. label : the true class, 0 to 2. W1, b1, W2, b2 : the weights and
    biases of `z = W2 @ tanh(W1 @ x + b1) + b2`. at : steps done, of nine: five forward, four back.
    """

    name = "backward_pass"
    inputs = traitlets.List(traitlets.Float(), [1.0, 0.5], minlen=2, maxlen=2).tag(sync=True)
    label = traitlets.Int(1, min=0, max=2).tag(sync=True)
    W1: traitlets.List[Any] = traitlets.List(
        traitlets.List(traitlets.Float(), minlen=2, maxlen=2),
        [[1.2, -0.3], [0.2, 0.9]],
        minlen=2,
        maxlen=2,
    ).tag(sync=True)
    b1 = traitlets.List(traitlets.Float(), [0.1, -0.2], minlen=2, maxlen=2).tag(sync=True)
    W2: traitlets.List[Any] = traitlets.List(
        traitlets.List(traitlets.Float(), minlen=2, maxlen=2),
        [[1.5, -0.5], [-1.0, 0.7], [0.3, 1.1]],
        minlen=3,
        maxlen=3,
    ).tag(sync=True)
    b2 = traitlets.List(traitlets.Float(), [0.2, 0.0, -0.1], minlen=3, maxlen=3).tag(sync=True)
    at = traitlets.Int(0, min=0, max=9).tag(sync=True)

    def passes(self) -> dict[str, Array]:
        """The values of all stages, and the slopes of the loss in them and in the weights."""
        x, W1, W2 = np.array(self.inputs), np.array(self.W1), np.array(self.W2)
        a = W1 @ x + self.b1
        u = np.tanh(a)
        z = W2 @ u + self.b2
        loss, dz = ce.cross_entropy_with_grad(z, self.label)
        du = W2.T @ dz
        da = (1 - u**2) * du
        found = {"x": x, "a": a, "u": u, "z": z, "p": ce.softmax(z), "loss": np.array(loss)}
        weights = {"dW1": np.outer(da, x), "dW2": np.outer(dz, u)}
        return found | {"dz": dz, "du": du, "da": da, "dx": W1.T @ da} | weights

    def lines(self) -> Iterator[Any]:
        """Each stage with its value and its slope; then the slopes of the weights."""
        found = self.passes()
        yield (
            f"A network on the way forward and back; the truth is {CLASSES[self.label]}, and the"
            f" loss is {digits(found['loss'])} nats. Read the values down, the slopes up."
        )
        rules = {
            "x": ("x", "∇x = W₁ᵀ ∇a", "dx"),
            "a": ("a = W₁ x + b₁", "∇a = (1 − u²) ⊙ ∇u", "da"),
            "u": ("u = tanh(a)", "∇u = W₂ᵀ ∇z", "du"),
            "z": ("z = W₂ u + b₂", "∇z = p̂ − y", "dz"),
            "p": ("p̂ = softmax(z)", "∇W₂ = ∇z uᵀ, in rows", "dW2"),
            "loss": ("ℓ = −log p̂ of the truth", "∇W₁ = ∇a xᵀ, in rows", "dW1"),
        }
        yield ["forward", "value", "back", "slope of the loss"]
        for name, (forward, back, slope) in rules.items():
            yield [forward, _numbers(found[name]), back, _numbers(found[slope])]


def _numbers(values: Array) -> str:
    return ", ".join(map(digits, np.ravel(values)))


class Boundary(Widget):
    """A network with one hidden layer learns three spiral arms, in the browser, step by step.

    The arms, the first weights and the steps are those of the chapter on networks: gradient descent
    on the mean cross-entropy of all points, tanh units, weights `rng.normal(0, 1 / sqrt(inputs))`,
    biases 0. The browser draws points and weights from the states of NumPy's generator.

    units : hidden units. seed : of the first weights, 0 to 11. rate : size of a step.
    steps : made before the figure is shown. view : half the width of the plane that is drawn.
    probe : where the answer is read, (x₁, x₂). label : class of the points that a press adds.
    added : points of the reader's, [x₁, x₂, class] each.
    weights : W₁, b₁, W₂, b₂ in one list, W by rows; without hidden units W₂ and b₂. Where none are
    given, the steps are made from the first weights. Raises ValueError for another number of them.
    """

    name = "boundary"
    units = traitlets.Enum([0, 2, 4, 8, 16], 4).tag(sync=True)
    seed = traitlets.Int(0, min=0, max=11).tag(sync=True)
    rate = traitlets.Float(0.3, min=0.1, max=5.0).tag(sync=True)
    steps = traitlets.Int(3000, min=0, max=10_000).tag(sync=True)
    view = traitlets.Enum([1.2, 4.0, 20.0], 1.2).tag(sync=True)
    probe = traitlets.List(traitlets.Float(), [0.84, 0.84], minlen=2, maxlen=2).tag(sync=True)
    label = traitlets.Int(0, min=0, max=2).tag(sync=True)
    added: traitlets.List[Any] = traitlets.List().tag(sync=True)
    weights = traitlets.List(traitlets.Float()).tag(sync=True)
    curve: traitlets.List[Any] = traitlets.List().tag(sync=True)
    starts: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(self, **kwargs: Any) -> None:
        """Draw the points and the first weights, and train."""
        super().__init__(**kwargs)
        states = [np.random.default_rng(seed).bit_generator.state["state"] for seed in range(12)]
        self.starts = [[str(found["state"]), str(found["inc"])] for found in states]
        rng, r = np.random.default_rng(0), np.linspace(0.1, 1, 100)
        angles = [2 * np.pi * k / 3 + 3.5 * r + rng.normal(0, 0.15, 100) for k in range(3)]
        arms = [np.column_stack([r * np.cos(angle), r * np.sin(angle)]) for angle in angles]
        self._points = np.concatenate(arms)
        self._labels = np.repeat([0, 1, 2], 100)
        wanted = 6 * self.units + 3 if self.units else 9
        if not self.weights:
            self._train()
        elif len(self.weights) != wanted:
            raise ValueError(
                f"weights must be {wanted} numbers for {self.units} hidden units,"
                f" got {len(self.weights)}"
            )

    def _train(self) -> None:
        """Make the steps; keep the weights to 6 places, and some of the losses for the curve."""
        rng, sizes = np.random.default_rng(self.seed), [2, self.units, 3] if self.units else [2, 3]
        layers = []
        for n, m in itertools.pairwise(sizes):
            layers += [rng.normal(0, 1 / np.sqrt(n), (m, n)), np.zeros(m)]
        curve: list[list[float]] = []
        for step in range(self.steps + 1):
            *hidden, W, b = layers
            u = np.tanh(self._points @ hidden[0].T + hidden[1]) if hidden else self._points
            loss, g = ce.cross_entropy_with_grad(u @ W.T + b, self._labels)
            if not curve or step >= 1.05 * curve[-1][0] + 1:
                curve.append([step, float(f"{loss:.4g}"), self.rate])
            if step == self.steps:
                break
            slopes = [g.T @ u, g.sum(axis=0)]
            if hidden:
                back = g @ W * (1 - u**2)
                slopes = [back.T @ self._points, back.sum(axis=0), *slopes]
            layers = [v - self.rate * slope for v, slope in zip(layers, slopes, strict=True)]
        self.curve = curve
        self.weights = np.concatenate([v.ravel() for v in layers]).round(6).tolist()

    def answer(self, points: Array) -> tuple[Array, Array]:
        """The scores (N, 3) and the hidden outputs (N, units) at points (N, 2)."""
        m = self.units
        u, w = np.asarray(points, float), np.array(self.weights)
        if m:
            u = np.tanh(u @ w[: 2 * m].reshape(m, 2).T + w[2 * m : 3 * m])
        return u @ w[3 * m : -3].reshape(3, -1).T + w[-3:], u[:, : self.units]

    def lines(self) -> Iterator[Any]:
        """Loss and share right; then the answer at the probe, and farther out."""
        z, _ = self.answer(self._points)
        loss, right = ce.cross_entropy(z, self._labels), np.mean(z.argmax(axis=1) == self._labels)
        yield (
            f"A network with {self.units} hidden units after {self.steps} steps on 300 points:"
            f" loss {digits(loss)} nats, {right:.1%} right. Its answers, ever farther out:"
        )
        yield ["x₁, x₂", "saturated units", *(f"p̂ {name}" for name in CLASSES)]
        for far in (1, 4, 20, 100):
            place = np.array([self.probe]) * far
            z, u = self.answer(place)
            saturated = f"{np.sum(np.abs(u) > 0.99)} of {self.units}"
            where = ", ".join(f"{x:g}" for x in place[0])
            yield [where, saturated, *(f"{p:.3f}" for p in ce.softmax(z[0]))]

    def still(self) -> str:
        """The regions and the points as a drawing, above the table."""
        count, side = 48, 240
        axis = self.view * ((2 * np.arange(count) + 1) / count - 1)
        grid = np.column_stack([m.ravel() for m in np.meshgrid(axis, -axis)])
        p = ce.softmax(self.answer(grid)[0])
        which = (3 * p.argmax(axis=1) + np.digitize(p.max(axis=1), [0.6, 0.9])).reshape(count, -1)
        paths = [""] * 9
        for i, row in enumerate(which):
            start = 0
            for value, run in itertools.groupby(row):
                size = len([*run])
                paths[value] += f"M{5 * start} {5 * i}h{5 * size}v5h{-5 * size}"
                start += size
        parts = [
            f'<path class="ce-{CLASSES[k // 3]}" fill="{INK[k // 3]}"'
            f' fill-opacity="{0.1 + 0.16 * (k % 3):.2f}" d="{path}"/>'
            for k, path in enumerate(paths)
        ]
        places = np.rint(side / 2 * (1 + self._points * [1, -1] / self.view)).astype(int)
        for k in range(3):
            dots = "".join(f"M{x} {y}h2v2h-2" for x, y in places[self._labels == k][::2])
            parts.append(f'<path class="ce-{CLASSES[k]}" fill="{INK[k]}" d="{dots}"/>')
        title = "Three spiral arms of points; the plane coloured by the answer of the network"
        box = f'viewBox="0 0 {side} {side}" role="img" aria-label="{title}"'
        return f'<svg class="ce-first" {box}>{"".join(parts)}</svg>{super().still()}'


INK = ("#0072b2", "#d55e00", "#009e73")  # of the classes, where no style sheet is


def _photographs(rng: np.random.Generator, count: int) -> tuple[Array, Array, Array]:
    """Scores of cat, dog and bird, their softmax, and a label drawn from it, as in chapter 10."""
    scores = 8 * rng.random((count, 3))
    chances = ce.softmax(scores)
    draw = rng.random((count, 1))
    return scores, chances, (draw > chances.cumsum(axis=1)[:, :2]).sum(axis=1)


class Reliability(Widget):
    """Forecasts of photographs whose true chances are known: bins, errors and the temperature.

    A forecaster divides the scores of the true chances by the temperature. The browser draws the
    photographs from the states of NumPy's generator.

    temperature : 1 states the true chances, less is overconfident. bins : of equal width.
    count : of photographs. seed : of the generator, 0 to 7.
    """

    name = "reliability"
    temperature = traitlets.Float(1.0, min=0.1, max=10.0).tag(sync=True)
    bins = traitlets.Int(15, min=1, max=50).tag(sync=True)
    count = traitlets.Int(300, min=1, max=3000).tag(sync=True)
    seed = traitlets.Int(0, min=0, max=7).tag(sync=True)
    starts: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(self, **kwargs: Any) -> None:
        """Keep the states from which the browser draws."""
        super().__init__(**kwargs)
        states = [np.random.default_rng(seed).bit_generator.state["state"] for seed in range(8)]
        self.starts = [[str(found["state"]), str(found["inc"])] for found in states]

    def errors(self, temperature: float) -> dict[str, Any]:
        """The bins and the errors of the forecasts at a temperature."""
        rng = np.random.default_rng(self.seed)
        scores, chances, labels = _photographs(rng, self.count)
        p = ce.softmax(scores, temperature=temperature)
        counts, belief, right = ce.reliability(p, labels, n_bins=self.bins)
        gap = p.max(axis=1) - chances[np.arange(self.count), scores.argmax(axis=1)]
        return {
            "counts": counts,
            "belief": belief,
            "right": right,
            "ece": ce.expected_calibration_error(p, labels, n_bins=self.bins),
            "square": ce.squared_calibration_error(p, labels, n_bins=self.bins),
            "gap": np.abs(gap).mean(),
            "loss": ce.cross_entropy(scores, labels, temperature=temperature),
        }

    def lines(self) -> Iterator[Any]:
        """The errors at some temperatures."""
        yield f"Forecasts of {self.count} photographs in {self.bins} bins, at a temperature T."
        yield ["T", "ECE", "true error", "unbiased squared gap", "loss, nats"]
        for t in sorted({0.5, 0.7, 1.0, 1.4, 2.0, self.temperature}):
            found = self.errors(t)
            numbers = [f"{found[key]:.3f}" for key in ("ece", "gap")]
            yield [f"{t:g}", *numbers, f"{found['square']:.4f}", f"{found['loss']:.3f}"]

    def still(self) -> str:
        """The diagram as a drawing, above the table."""
        found = self.errors(self.temperature)
        parts = ['<path d="M40 20V220H300" class="ce-axis"/>']
        parts.append('<path d="M40 160L300 20" class="ce-rule"/>')
        for n, q, share in zip(found["counts"], found["belief"], found["right"], strict=True):
            if n:
                x, y = 40 + 260 * (q - 0.3) / 0.7, 220 - 200 * share
                r = 2.5 + 6 * math.sqrt(n / self.count)
                parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" class="ce-cat"/>')
        parts += [_label(x, 238, t) for x, t in ((77, "0.4"), (226, "0.8"), (300, "1"))]
        parts += [_label(26, y, t) for y, t in ((224, "0"), (26, "1"))]
        parts.append(_label(170, 256, "mean belief; upwards, share right"))
        said = "The share right against the mean belief, a dot for each bin"
        return f"{_drawing(262, said, parts)}{super().still()}"


class Conformal(Widget):
    """Prediction sets whose coverage is guaranteed: thresholds from held-out photographs.

    The photographs are those of `Reliability`, a thousand of them. Each draw holds some out, takes
    the threshold from them, and counts how many labels of the others it covers.

    temperature : of the model; 1 states the true chances. coverage : the promise.
    held : photographs held out. draws : so far. scores : of the reader's own photograph.
    """

    name = "conformal"
    temperature = traitlets.Float(1.0, min=0.1, max=10.0).tag(sync=True)
    coverage = traitlets.Float(0.9, min=0.01, max=0.99).tag(sync=True)
    held = traitlets.Int(50, min=1, max=999).tag(sync=True)
    draws = traitlets.Int(100, min=1, max=10_000).tag(sync=True)
    scores = traitlets.List(traitlets.Float(), [5.0, 4.0, 1.0], minlen=3, maxlen=3).tag(sync=True)
    start: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(self, **kwargs: Any) -> None:
        """Keep the state from which the browser draws."""
        super().__init__(**kwargs)
        found = np.random.default_rng(0).bit_generator.state["state"]
        self.start = [str(found["state"]), str(found["inc"])]

    def drawn(self) -> dict[str, Any]:
        """The last threshold, the coverage of each draw, and the mean size of the last sets."""
        rng, count = np.random.default_rng(0), 1000
        scores, _, labels = _photographs(rng, count)
        p = ce.softmax(scores, temperature=self.temperature)
        mine, order = p[np.arange(count), labels], np.arange(count)
        rank = math.ceil(self.coverage * (self.held + 1))
        coverages = []
        for _ in range(self.draws):
            for i, u in enumerate(rng.random(self.held)):
                j = i + int(u * (count - i))
                order[[i, j]] = order[[j, i]]
            ranked = np.sort(mine[order[: self.held]])[::-1]
            threshold = ranked[rank - 1] if rank <= self.held else 0.0
            coverages.append(np.mean(mine[order[self.held :]] >= threshold))
        size = (p[order[self.held :]] >= threshold).sum(axis=1).mean()
        return {"threshold": threshold, "coverages": coverages, "size": size}

    def lines(self) -> Iterator[Any]:
        """The draws in numbers, beside what the proof says."""
        found = self.drawn()
        rank = math.ceil(self.coverage * (self.held + 1))
        yield (
            f"{self.draws} draws of {self.held} held-out photographs, sets that promise"
            f" {self.coverage:g}, a model at T = {self.temperature:g}."
        )
        yield ["mean coverage", "as proved", "lowest", "highest", "threshold", "mean classes"]
        mean, low, high = (f(found["coverages"]) for f in (np.mean, min, max))
        proof = min(1.0, rank / (self.held + 1))
        numbers = [digits(v) for v in (mean, proof, low, high, found["threshold"])]
        yield [*numbers, f"{found['size']:.2f}"]

    def still(self) -> str:
        """How often each coverage occurred, above the table."""
        cells = np.floor((np.array(self.drawn()["coverages"]) - 0.5) * 100 + 1e-9).astype(int)
        counts = np.bincount(np.clip(cells, 0, 50), minlength=51)
        parts = ['<path d="M20 140H310" class="ce-axis"/>']
        for k, n in enumerate(counts):
            if n:
                high = 110 * n / counts.max()
                place = f'x="{20 + 5.6 * k:.1f}" y="{140 - high:.1f}"'
                parts.append(f'<rect {place} width="4.6" height="{high:.1f}" class="ce-cat"/>')
        x = 20 + 560 * (max(0.5, self.coverage) - 0.5)
        parts.append(f'<path d="M{x:.1f} 20V140" class="ce-rule"/>')
        parts += [_label(x, 158, t) for x, t in ((20, "0.5"), (160, "0.75"), (300, "1"))]
        parts.append(_label(160, 176, "coverage of a draw; dashed: the promise"))
        return f"{_drawing(182, 'How often each coverage occurred', parts)}{super().still()}"


class DecisionLine(Widget):
    """Where a model begins to say bird: shares, a weight and a cost pull the same line.

    One measurement, 80 values; cats scatter about 0 and birds about 2. The model is the exact one
    for its training data.

    used, trained : the share of birds where the model is used, and in its training data.
    weight : of a bird in training. cost : of a missed bird, in false alarms. corrected : whether
    the scores are shifted to the share in use.
    """

    name = "decision_line"
    used = traitlets.Float(0.05, min=0.001, max=0.999).tag(sync=True)
    trained = traitlets.Float(0.5, min=0.001, max=0.999).tag(sync=True)
    weight = traitlets.Float(1.0, min=0.001, max=1000.0).tag(sync=True)
    cost = traitlets.Float(1.0, min=0.001, max=1000.0).tag(sync=True)
    corrected = traitlets.Bool(False).tag(sync=True)

    def scores(self) -> dict[str, Any]:
        """The stated probabilities, their mean, and what the decisions are worth."""
        x = (10 * np.arange(80) - 295) / 100
        cat, bird = ce.softmax([-(x**2) / 2, -((x - 2) ** 2) / 2])
        weighted = np.array([1 - self.trained, self.weight * self.trained])
        learned, used = weighted / weighted.sum(), np.array([1 - self.used, self.used])
        likelihoods = np.log([cat, bird]).T
        z = ce.shift_priors(likelihoods, [0.5, 0.5], learned)
        if self.corrected:
            z = ce.shift_priors(z, learned, used)
        stated = ce.softmax(z)[:, 1]
        says = z[:, 1] + math.log(self.cost) >= z[:, 0]
        found, mistaken = bird[says].sum(), cat[says].sum()
        misses, alarms = self.used * (1 - found), (1 - self.used) * mistaken
        return {
            "stated": stated,
            "truth": ce.softmax(ce.shift_priors(likelihoods, [0.5, 0.5], used))[:, 1],
            "mean": stated @ (self.used * bird + (1 - self.used) * cat),
            "accuracy": 1 - misses - alarms,
            "balanced": (found + 1 - mistaken) / 2,
            "f1": 2 * self.used * found / (2 * self.used * found + misses + alarms),
            "cost": 100 * (self.cost * misses + alarms),
        }

    def lines(self) -> Iterator[Any]:
        """The scores as trained and corrected."""
        yield (
            f"Birds: {self.used:g} of the photographs in use, {self.trained:g} in training, with"
            f" the weight {self.weight:g}; a missed bird costs {self.cost:g} false alarms."
        )
        yield ["scores", "mean stated", "accuracy", "balanced", "F1", "cost of 100"]
        for corrected in (False, True):
            found = DecisionLine(**{**self._chosen(), "corrected": corrected}).scores()
            numbers = [f"{found[key]:.3f}" for key in ("mean", "accuracy", "balanced", "f1")]
            yield ["corrected" if corrected else "as trained", *numbers, f"{found['cost']:.1f}"]

    def _chosen(self) -> dict[str, float]:
        """The shares, the weight and the cost."""
        return {name: getattr(self, name) for name in ("used", "trained", "weight", "cost")}

    def still(self) -> str:
        """The stated and the true probability against the measurement, above the table."""
        found = self.scores()
        across = 40 + 260 * np.arange(80) / 79
        parts = ['<path d="M40 20V200H300" class="ce-axis"/>']
        for key, kind in (("truth", "ce-rule"), ("stated", "ce-curve")):
            points = np.column_stack([across, 200 - 180 * found[key]])
            parts.append(f'<path d="{_line(points)}" class="{kind}"/>')
        parts += [_label(x, 218, t) for x, t in ((73, "−2"), (138, "0"), (202, "2"), (268, "4"))]
        parts += [_label(26, y, t) for y, t in ((204, "0"), (26, "1"))]
        parts.append(_label(170, 236, "chance of a bird; dashed: true"))
        said = "The stated and the true probability of a bird against the measurement"
        return f"{_drawing(242, said, parts)}{super().still()}"


class BestAnswer(Widget):
    """What a model states at the minimum of a loss, for a true probability of one of two classes.

    kind : "cross-entropy", "focal" or "power" (generalised cross-entropy). exponent : of the focal
    loss or of the power; of a power at most 0.9. truth : the true probability.
    """

    name = "best_answer"
    kind = traitlets.Enum(["cross-entropy", "focal", "power"], "focal").tag(sync=True)
    exponent = traitlets.Float(2.0, min=0.01, max=10.0).tag(sync=True)
    truth = traitlets.Float(0.95, min=0.001, max=0.999).tag(sync=True)

    def factor(self, p: Any, rest: Any) -> Any:
        """The factor m of the gradient, equation 11.3, at p = 1 - rest."""
        if self.kind == "power":
            return p ** min(self.exponent, 0.9)
        k = self.exponent if self.kind == "focal" else 0.0
        log = np.where(rest < 0.5, np.log1p(-np.minimum(rest, 0.5)), np.log(p))
        return rest**k * (1 - k * p * log / rest)

    def truth_of(self, t: Any) -> Any:
        """The log-odds of the truth for which the log-odds t are best, equation 11.4."""
        p, rest = ce.softmax([t, np.zeros_like(t)], axis=0)
        with np.errstate(divide="ignore"):
            return t - np.log(self.factor(p, rest)) + np.log(self.factor(rest, p))

    def answer(self) -> dict[str, float]:
        """What is stated, the factor there, and the truth that equation 11.4 gives for it."""
        low, high, wanted = -200.0, 200.0, math.log(self.truth / (1 - self.truth))
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if self.truth_of(middle) < wanted else (low, middle)
        stated, rest = ce.softmax([(low + high) / 2, 0.0])
        back = ce.softmax([self.truth_of((low + high) / 2), 0.0])[0]
        return {"stated": stated, "factor": float(self.factor(stated, rest)), "back": back}

    def lines(self) -> Iterator[Any]:
        """The answers of some losses."""
        yield f"Two classes, one with the true probability {self.truth:g}."
        yield ["loss", "exponent", "stated at the minimum", "factor m there"]
        choices = [("cross-entropy", 1.0), ("focal", 1.0), ("focal", 2.0), ("power", 0.7)]
        if (self.kind, self.exponent) not in choices:
            choices.append((self.kind, self.exponent))
        for kind, k in choices:
            found = BestAnswer(kind=kind, exponent=k, truth=self.truth).answer()
            shown = "" if kind == "cross-entropy" else f"{k:g}"
            yield [kind, shown, f"{found['stated']:.3f}", f"{found['factor']:.3f}"]

    def still(self) -> str:
        """What is stated against the truth, above the table."""
        t = np.linspace(-10, 10, 121)
        truth, stated = (ce.softmax([u, 0 * u], axis=0)[0] for u in (self.truth_of(t), t))
        parts = ['<path d="M60 20V220H260" class="ce-axis"/>']
        parts.append('<path d="M60 220L260 20" class="ce-rule"/>')
        points = np.column_stack([60 + 200 * truth, 220 - 200 * stated])
        parts.append(f'<path d="{_line(points)}" class="ce-curve"/>')
        at = self.answer()["stated"]
        place = f'cx="{60 + 200 * self.truth:.1f}" cy="{220 - 200 * at:.1f}"'
        parts.append(f'<circle {place} r="5" class="ce-cat"/>')
        parts += [_label(x, 238, t) for x, t in ((60, "0"), (160, "½"), (260, "1"))]
        parts += [_label(46, y, t) for y, t in ((124, "½"), (26, "1"))]
        parts.append(_label(160, 256, "truth; upwards, stated"))
        said = "The stated probability against the truth"
        return f"{_drawing(262, said, parts)}{super().still()}"


class Writer(Widget):
    """A network that goes on with the reader's text, letter by letter: plainly, and with filters.

        Writer(params, prompt="said the ")

    params : the network of the chapter on language models, (E, W1, b1, W2, b2): a table (27, d) of
    vectors for a to z and the space, the hidden layer (units, letters * d), and the last layer
    (27, units). They are rounded to 1/256. Without it, zeros: each letter is as probable.
    temperature : divides the scores before the filters. k, p, least : of top-k, top-p and min-p.
    round : how often the letters were drawn again; seed : of `np.random.default_rng`.

    Raises ValueError for other shapes, or a weight beyond -8 to 8.
    """

    name = "writer"
    weights = traitlets.Unicode().tag(sync=True)
    sizes: traitlets.List[Any] = traitlets.List(traitlets.Int()).tag(sync=True)
    prompt = traitlets.Unicode("said the ").tag(sync=True)
    temperature = traitlets.Float(1.0, min=0.1, max=3.0).tag(sync=True)
    k = traitlets.Int(5, min=1, max=27).tag(sync=True)
    p = traitlets.Float(0.9, min=0.05, max=1.0).tag(sync=True)
    least = traitlets.Float(0.1, min=0.01, max=0.5).tag(sync=True)
    start: traitlets.List[Any] = traitlets.List(traitlets.Unicode()).tag(sync=True)
    round = traitlets.Int(0, min=0).tag(sync=True)
    LETTERS = "abcdefghijklmnopqrstuvwxyz "
    SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    LENGTH, MOST = 80, 60

    def __init__(self, params: Any = None, seed: int = 0, **kwargs: Any) -> None:
        """Check and round the weights."""
        if params is None:
            params = [np.zeros((27, 1)), np.zeros((1, 6)), np.zeros(1), np.zeros((27, 1))]
            params.append(np.zeros(27))
        E, W1, b1, W2, b2 = (np.asarray(part, float) for part in params)
        width, units = E.shape[-1], len(b1)
        context = W1.shape[-1] // width
        wanted = [(27, width), (units, context * width), (units,), (27, units), (27,)]
        if [part.shape for part in (E, W1, b1, W2, b2)] != wanted or context < 1:
            given = [part.shape for part in (E, W1, b1, W2, b2)]
            raise ValueError(f"params must have the shapes {wanted}, got {given}")
        flat = np.concatenate([part.ravel() for part in (E, W1, b1, W2, b2)])
        if not np.all(np.abs(flat) < 7.99):
            raise ValueError(f"params must lie between -8 and 8, got {np.abs(flat).max():g}")
        codes = np.rint(256 * flat).astype(int) + 2048
        signs = "".join(self.SIGNS[c >> 6] + self.SIGNS[c & 63] for c in codes)
        found = np.random.default_rng(seed).bit_generator.state["state"]
        start = [str(found["state"]), str(found["inc"])]
        super().__init__(weights=signs, sizes=[context, width, units], start=start, **kwargs)
        ends = np.cumsum([math.prod(shape) for shape in wanted])[:-1]
        parts = np.split((codes - 2048) / 256, ends)
        self._parts = [part.reshape(shape) for part, shape in zip(parts, wanted, strict=True)]
        self._seed = seed

    def scores(self, letters: list[int]) -> Array:
        """The scores of the next letter, divided by the temperature."""
        E, W1, b1, W2, b2 = self._parts
        context = [26] * self.sizes[0] + letters
        x = E[context[-self.sizes[0] :]].ravel()
        z: Array = (np.tanh(W1 @ x + b1) @ W2.T + b2) / self.temperature
        return z

    def begun(self) -> str:
        """The reader's text in small letters and single spaces."""
        return re.sub("[^a-z]+", " ", self.prompt.lower())[: self.MOST]

    def filtered(self, z: Array) -> list[Array]:
        """The scores as they are, and as each filter leaves them."""
        kept = [ce.keep_top_k(z, self.k), ce.keep_top_p(z, self.p), ce.keep_min_p(z, self.least)]
        return [z, *kept]

    def texts(self) -> list[str]:
        """What each way writes after the reader's text, from the same random numbers."""
        draws = np.random.default_rng(self._seed).random((self.round + 1, self.LENGTH))[-1]
        found = []
        for way in range(4):
            letters = [self.LETTERS.index(letter) for letter in self.begun()]
            for draw in draws:
                p = ce.softmax(self.filtered(self.scores(letters))[way])
                letters.append(min(int(np.sum(np.cumsum(p) <= draw)), 26))
            found.append("".join(self.LETTERS[k] for k in letters[-self.LENGTH :]))
        return found

    def lines(self) -> Iterator[Any]:
        """What each way keeps of the next letter, and what it writes."""
        z = self.scores([self.LETTERS.index(letter) for letter in self.begun()])
        p = ce.softmax(z)
        best = ", ".join(f"{self.LETTERS[k]} {p[k]:.3f}" for k in np.argsort(-p, kind="stable")[:3])
        yield (
            f"After “{self.begun()}”, at temperature {self.temperature:g}, the most probable"
            f" letters are {best}."
        )
        yield ["filter", "letters", "share", "goes on with"]
        names = ["none", f"top-k {self.k}", f"top-p {self.p:g}", f"min-p {self.least:g}"]
        for name, kept, text in zip(names, self.filtered(z), self.texts(), strict=True):
            there = np.isfinite(kept)
            yield [name, str(there.sum()), f"{p[there].sum():.3f}", text]


class Speculative(Widget):
    """One token of speculative sampling: what is drafted, kept, and drawn after a rejection.

    target : the probabilities of cat, dog and bird. draft : their weights in the draft. rule : what
    is drawn from after a rejection, the "residual" or, wrongly, the "target"; or "greedy", the
    residual after a draft that is not drawn but the most probable one, which is wrong as well.
    """

    name = "speculative"
    target = traitlets.List(traitlets.Float(), [0.5, 0.3, 0.2], minlen=3, maxlen=3).tag(sync=True)
    draft = traitlets.List(traitlets.Float(), [0.3, 0.6, 0.1], minlen=3, maxlen=3).tag(sync=True)
    rule = traitlets.Enum(["residual", "target", "greedy"], "residual").tag(sync=True)

    def parts(self) -> dict[str, Any]:
        """The draft, what is kept and drawn again of each class, and the token's distribution."""
        p, q = np.array(self.target), np.divide(self.draft, np.sum(self.draft))
        chances, residual = ce.speculative_acceptance(p, q)
        drafted = np.eye(3)[q.argmax()] if self.rule == "greedy" else q
        kept = drafted * chances
        again = (1 - kept.sum()) * (p if self.rule == "target" else residual)
        found = {"q": q, "drafted": drafted, "kept": kept, "again": again, "token": kept + again}
        return {**found, "share": kept.sum(), "residual": residual}

    def lines(self) -> Iterator[Any]:
        """The parts of each class."""
        found = self.parts()
        told = {"residual": "the residual", "target": "the target"}
        told["greedy"] = "the residual, after a greedy draft"
        yield f"Kept: {found['share']:.3f} of the drafts; after a rejection {told[self.rule]}."
        yield ["class", "target", "draft", "kept", "drawn again", "token"]
        columns = (found[key] for key in ("q", "kept", "again", "token"))
        for name, p, *row in zip(CLASSES, self.target, *columns, strict=True):
            yield [name, f"{p:.3f}", *(f"{value:.3f}" for value in row)]

    def still(self) -> str:
        """The columns, above the table."""
        found = self.parts()
        parts = ['<path d="M30 20V200H310" class="ce-axis"/>']
        for k, name in enumerate(CLASSES):
            x = 50 + 90 * k
            kept, again, drafted = (180 * found[key][k] for key in ("kept", "again", "drafted"))
            box = f'x="{x}" y="{200 - drafted:.1f}" width="30" height="{drafted:.1f}"'
            parts.append(f'<rect {box} fill="none" stroke="currentColor"/>')
            for left in (x, x + 34):
                box = f'x="{left}" y="{200 - kept:.1f}" width="30" height="{kept:.1f}"'
                parts.append(f'<rect {box} class="ce-{name}"/>')
            box = f'y="{200 - kept - again:.1f}" width="30" height="{again:.1f}"'
            parts.append(f'<rect x="{x + 34}" {box} class="ce-{name}" opacity="0.45"/>')
            line = f"M{x - 4} {200 - 180 * self.target[k]:.1f}h72"
            parts.append(f'<path d="{line}" class="ce-rule"/>')
            parts.append(_label(x + 32, 218, name))
        parts += [_label(18, y, t) for y, t in ((204, "0"), (114, "½"), (26, "1"))]
        parts.append(_label(170, 236, "left: draft; right: token"))
        return (
            f"{_drawing(242, 'Draft, kept part and token of each class', parts)}{super().still()}"
        )


class Quiz(Widget):
    """A question to check yourself with; every wrong answer is explained.

    name : the question's own name, lower-case words joined by hyphens.
    text : the question, then a line for each answer, each followed by an indented explanation:

        - [x] right            - [= 0.25 ± 0.01]  a right number
        - [ ] wrong            - [0.5 ± 0.01]     a wrong number that people give
                               - [else]           any other number

    Several right answers make a question where all of them are to be ticked. A text may hold code,
    emphasis, formulas and links, written as in Markdown. Raises ValueError naming the question
    and the line for anything else.
    """

    name = "quiz"
    question = traitlets.Unicode().tag(sync=True)
    kind = traitlets.Enum(["one", "many", "number"]).tag(sync=True)
    answers: traitlets.List[Any] = traitlets.List().tag(sync=True)
    key = traitlets.Unicode().tag(sync=True)

    def __init__(self, name: str, text: str, **kwargs: Any) -> None:
        """Read the question."""
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
            raise ValueError(f"name must be lower-case words joined by hyphens, got {name!r}")
        self._plain, found = _read(name, text)
        kind = "number" if any("value" in a for a in found) else "one"
        if kind == "one" and sum(a["right"] for a in found) > 1:
            kind = "many"
        answers = [
            {**a, "said": spoken(a["text"]), "text": markup(a["text"]), "why": markup(a["why"])}
            for a in found
        ]
        super().__init__(
            key=name, question=markup(self._plain[0]), kind=kind, answers=answers, **kwargs
        )

    def lines(self) -> Iterator[Any]:
        """The question and the answers to choose from."""
        yield self._plain[0]
        for letter, text in zip("abcdefgh", self._plain[1:], strict=False):
            yield [f"({letter}) {text}"]

    def _marks(self) -> str:
        return f' data-question="{self.key}"'

    def still(self) -> str:
        """The question, its answers, and folded below them what to say of each."""
        if self.kind == "number":
            options, names = "", [_number(answer) for answer in self.answers]
        else:
            options = "".join(f"<li>{answer['text']}</li>" for answer in self.answers)
            options = f'<ol type="a">{options}</ol>'
            names = [f"({letter})" for letter in "abcdefgh"]
        rows = sorted(zip(names, self.answers, strict=False), key=lambda row: not row[1]["right"])
        said = "".join(
            f"<p>{'<b>' + name + '</b>' if answer['right'] else name} {answer['why']}</p>"
            for name, answer in rows
        )
        ask = f"<p><b>{self.question}</b></p>"
        return f"{ask}{options}<details><summary>Answer</summary><div>{said}</div></details>"


def _number(answer: dict[str, Any]) -> str:
    return f"{answer['value']:g}." if "value" in answer else "Any other number."


MARK = re.compile(r"x| |else|(?P<right>= ?)?(?P<value>\S+) ± (?P<within>\S+)")


def _read(name: str, text: str) -> tuple[list[str], list[dict[str, Any]]]:
    """The plain question and answers, and for each answer a dict of what is to be said of it."""
    head, *items = re.split(r"^- \[", text.strip(), flags=re.MULTILINE)
    found: list[dict[str, Any]] = []
    for item in items:
        mark, _, rest = item.partition("]")
        said, _, why = rest.strip().partition("\n")
        form = MARK.fullmatch(mark)
        if not form:
            wanted = "[x], [ ], [= 1.5 ± 0.1], [1.5 ± 0.1] or [else]"
            raise ValueError(f"{name}: [{mark}] must be {wanted}")
        answer: dict[str, Any] = {"right": mark == "x" or bool(form["right"]), "text": said}
        answer["why"] = re.sub(r"\s+", " ", why).strip()
        if form["value"]:
            answer |= {"value": float(form["value"]), "within": float(form["within"])}
        answer |= {"other": True} if mark == "else" else {}
        if form["value"] or mark == "else":
            answer["why"], answer["text"] = f"{said} {answer['why']}".strip(), ""
        if not answer["why"]:
            raise ValueError(f"{name}: the answer [{mark}] {said} needs an explanation below it")
        found.append(answer)
    if not any(answer["right"] for answer in found):
        raise ValueError(f"{name}: one answer at least must be marked right")
    question = re.sub(r"\s+", " ", head).strip()
    return [question, *(answer["text"] for answer in found if answer["text"])], found


def spoken(text: str) -> str:
    """A line as a screen reader can say it: formulas as typed, without TeX's marks."""
    return re.sub(r"[\\${}`*]", "", re.sub(r"\\hat ?p", "p̂", text)).strip()


INLINE = re.compile(
    r"\$(?P<tex>[^$]+)\$|`(?P<code>[^`]+)`|\*\*(?P<b>[^*]+)\*\*|\*(?P<i>[^*]+)\*"
    r"|\[(?P<text>[^\]]+)\]\((?P<to>#[\w-]+)\)"
)


def curly(text: str) -> str:
    """Text with typographic quotation marks and apostrophes, as in the rest of the book."""
    text = re.sub(r'(^|[\s(])"', r"\1“", text).replace('"', "”")
    return re.sub(r"(^|[\s(])'(?=\w)", r"\1‘", text).replace("'", "’")


def markup(text: str) -> str:
    """A line of a question as HTML; formulas become MathML that remembers its TeX."""
    parts, end = [], 0
    for match in INLINE.finditer(text):
        parts.append(escape(curly(text[end : match.start()])))
        end = match.end()
        kind = str(match.lastgroup)
        inner = escape(match[kind])
        if kind == "tex":
            maths = re.sub(
                r"(<mi>(?:ln|log|exp)</mi>)(?!<mo)",
                r'\1<mspace width="0.17em"/>',
                convert(match["tex"]),
            )
            parts.append(maths.replace("<math ", f'<math data-tex="{inner}" ', 1))
        elif kind == "to":
            parts.append(f'<a href="{inner}">{escape(match["text"])}</a>')
        else:
            parts.append(f"<{kind}>{inner}</{kind}>")
    return "".join(parts) + escape(curly(text[end:]))


FIGURES = {
    figure.name: figure
    for figure in (
        CodeExplorer,
        BoldnessDial,
        SoftmaxExplorer,
        TemperaturePath,
        GumbelRace,
        LossExplorer,
        OverflowExplorer,
        OnlineSoftmax,
        GradientExplorer,
        StepMicroscope,
        NewtonStep,
        Training,
        BackwardPass,
        Boundary,
        Reliability,
        Conformal,
        DecisionLine,
        BestAnswer,
        Writer,
        Speculative,
    )
}
__all__ = [*(figure.__name__ for figure in FIGURES.values()), "Quiz"]
