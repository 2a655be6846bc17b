"""Interactive figures and questions, alive in JupyterLab and on the website without a kernel.

    from ce_lib import widgets

    widgets.BoldnessDial(alpha=3.0)

Each is an anywidget: its arithmetic and drawing are in the .mjs file of its name, put after
shared.mjs; its first state is also there in words (`text/plain`, which the checks compare) and
as still HTML (for print, and for readers without JavaScript). `import ce_lib` does not load this.
"""

import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal, localcontext
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from latex2mathml.converter import convert

import ce_lib as ce
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
    draws = traitlets.Int(1, min=1, max=10_000).tag(sync=True)
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
                parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" class="ce-{colour}"/>')
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
    """Softmax regression step by step: its weights as pictures, its loss, its right answers.

        Training({"gradient descent": {0: W0, 10: W10}}, seen=(X, labels), held_out=(X, labels))

    Each run maps numbers of steps to weights (K, D); pictures are drawn of the first 64 columns.
    """

    name = "training"
    runs: traitlets.List[Any] = traitlets.List().tag(sync=True)
    run = traitlets.Int(0).tag(sync=True)
    at = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        runs: dict[str, dict[int, Array]] | None = None,
        seen: Sequence[Array] = (),
        held_out: Sequence[Array] = (),
        **kwargs: Any,
    ) -> None:
        """Measure every stored step, and round its weights to what a picture shows."""
        for name, history in (runs or {}).items():
            found = {"name": name, "steps": list(history)}
            measured = [_measured(W, *seen) + _measured(W, *held_out) for W in history.values()]
            keys = ("loss", "right", "newLoss", "newRight")
            found |= dict(zip(keys, map(list, zip(*measured, strict=True)), strict=True))
            found["largest"] = [_short(np.abs(W[:, :64]).max()) for W in history.values()]
            found["weights"] = [shades(W[:, :64]) for W in history.values()]
            kwargs.setdefault("runs", []).append(found)
        super().__init__(**kwargs)

    def lines(self) -> Iterator[Any]:
        """Each stored step of each run."""
        yield f"{len(self.runs)} runs of softmax regression, step by step (* on held-out pictures)."
        yield ["run", "steps", "loss", "right", "loss*", "right*", "largest weight"]
        for run in self.runs:
            for k, step in enumerate(run["steps"]):
                losses = [f"{run[key][k]:.3f}" for key in ("loss", "newLoss")]
                shares = [f"{run[key][k]:.1%}" for key in ("right", "newRight")]
                row = [losses[0], shares[0], losses[1], shares[1], f"{run['largest'][k]:.3f}"]
                yield [run["name"], str(step), *row]


def _short(x: Any) -> float:
    return float(f"{x:.4g}")


def _measured(W: Array, X: Array, labels: Array) -> list[float]:
    """The mean loss and the share of the labels whose class leads."""
    z = X @ W.T
    return [_short(ce.cross_entropy(z, labels)), _short(np.mean(z.argmax(axis=1) == labels))]


SHADES = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-"


def shades(W: Array) -> str:
    """Weights as text: one of 63 letters each, from minus the largest size to plus it."""
    size = np.abs(W).max() or 1.0
    return "".join(SHADES[k] for k in np.rint(W / size * 31).astype(int).ravel() + 31)


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
        Training,
    )
}
__all__ = [*(figure.__name__ for figure in FIGURES.values()), "Quiz"]
