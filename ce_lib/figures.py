"""The book's figures: one style, ink that follows the page's theme, and a form in words.

    figures.style()                 # once per notebook
    fig, ax = plt.subplots()
    ...                             # plain Matplotlib
    figures.show(fig)               # an SVG, and beside it what is drawn, as text

The SVG holds a second drawing of the figure, hidden and made for a phone; the website shows the
one that suits the page's width. The text form is computed from the artists. It is what a terminal
and a screen reader get, and what the checks compare when a notebook is re-run.
"""

import hashlib
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any, SupportsFloat

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib import collections, container, patches, quiver, text
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox

from ce_lib._checks import Array

__all__ = [
    "BIRD",
    "CAT",
    "DOG",
    "INK",
    "OTHER",
    "PAPER",
    "QUIET",
    "describe",
    "show",
    "style",
    "svg",
]

CAT, DOG, BIRD, OTHER = "#0072B2", "#D55E00", "#009E73", "#CC79A7"  # Okabe and Ito's
INK, QUIET, PAPER = "#010203", "#808080", "#fefdfc"  # INK and PAPER stand for the theme's
_THEME = {
    INK: "currentColor",
    PAPER: "var(--paper, #fff)",
    **{
        colour.lower(): f"var(--{name}, {colour})"
        for name, colour in {"cat": CAT, "dog": DOG, "bird": BIRD, "other": OTHER}.items()
    },
}
_PHONE = 320 / 72 / 11.1  # inches per point of the smallest letter: 11 px of 320 px, and a little
_POWER = 0.7  # the size of an exponent or index, in parts of its text's
_SVG = "http://www.w3.org/2000/svg"
_HREF = "{http://www.w3.org/1999/xlink}href"


def style() -> None:
    """Set the book's figure style for all figures that follow."""
    plt.rcdefaults()
    labels = ("text.color", "axes.labelcolor", "axes.edgecolor", "axes.titlecolor")
    ink: Any = dict.fromkeys([*labels, "xtick.color", "ytick.color"], INK)
    plt.rcParams.update(
        {
            **ink,
            "figure.figsize": (6.4, 3.4),
            "figure.constrained_layout.use": True,
            "figure.facecolor": PAPER,
            "axes.facecolor": "none",
            "axes.prop_cycle": cycler(color=[CAT, DOG, BIRD, OTHER]),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": "medium",
            "lines.linewidth": 2,
            "font.size": 10.5,
            "svg.fonttype": "path",
            "svg.hashsalt": "ce_lib",
        }
    )


def show(fig: Figure, columns: int = 1, height: float | None = None) -> None:
    """Display a figure as an SVG with its form in words, and close it.

    columns : in how many columns the panels of one row stand on a phone; ValueError below 1
    height : of the drawing for a phone, in inches; by default it follows from the figure's
    """
    from IPython.display import display

    if columns < 1:
        raise ValueError(f"columns must be 1 or more, got {columns}")
    words = describe(fig)
    wide, phone = svg(fig, words), svg(fig, words, _for_phone(fig, columns, height), "n")
    shared = set(re.findall(r'<path id="f(\S+)"', wide))  # glyphs and marks: defined once
    phone = re.sub(r'<path id="n(\S+)".*?/>', lambda m: m[0] * (m[1] not in shared), phone)
    phone = re.sub(r'"#n(\S+)"', lambda m: f'"#{"nf"[m[1] in shared]}{m[1]}"', phone)
    both = wide.replace("</svg>", phone.replace("<svg ", '<svg display="none" ', 1) + "</svg>")
    display({"image/svg+xml": both, "text/plain": words}, raw=True)
    plt.close(fig)


def _for_phone(fig: Figure, columns: int, height: float | None) -> Bbox:
    """Lay a figure out for a screen of 320 px, every letter 11 px high; the box to draw."""
    width, tall = fig.get_size_inches()
    first = next(iter(fig.axes), None)
    spec = first.get_gridspec() if first else None
    if first and spec and spec.nrows == 1 and spec.ncols > columns:
        rows = -(-spec.ncols // columns)
        tall *= rows * (0.85 if first.get_aspect() == "auto" else 1)
        places = GridSpec(rows, columns, fig)
        for number, ax in enumerate(fig.axes[: rows * columns]):
            ax.set_subplotspec(places[divmod(number, columns)])
            ax.tick_params(labelleft=True)
            ax.set_ylabel(ax.get_ylabel() or first.get_ylabel())
    letters = [each for each in fig.findobj(text.Text) if each.get_text()]
    raised = [each for each in letters if re.search(r"\$.*[\^_]", each.get_text())]
    least = min([float(each.get_fontsize()) for each in letters], default=10.5)
    for each in raised:
        each.set_fontsize(least / _POWER)
    for axis in (axis for ax in fig.axes for axis in (ax.xaxis, ax.yaxis)):
        if any(label in raised for label in axis.get_ticklabels()):
            axis.set_tick_params(labelsize=least / _POWER)
    width = min(width, _PHONE * least)
    fig.set_size_inches(width, height or tall)
    fig.draw_without_rendering()
    fig.set_layout_engine("none")  # else drawing makes a new layout, and the box is another
    drawn = fig.get_tightbbox()
    return Bbox([[min(0, drawn.x0), drawn.y0 - 0.05], [max(width, drawn.x1), drawn.y1 + 0.05]])


def svg(fig: Figure, words: str = "", box: Bbox | None = None, prefix: str = "f") -> str:
    """The figure as SVG text, fit to stand inside a page beside others.

    Ink becomes `currentColor`, paper the page's `--paper`; ids are used only where something
    refers to them, and begin with `prefix` and what is the figure's own; `words` become its
    description; `box`, in inches, is the part that is drawn, instead of all.
    """
    file = io.StringIO()
    fig.savefig(file, format="svg", bbox_inches=box, metadata={"Date": None, "Creator": None})
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _HREF[1:].partition("}")[0])
    root = ET.fromstring(file.getvalue())
    for junk in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(junk)
    ET.SubElement(root, f"{{{_SVG}}}desc").text = words
    root.insert(0, root[-1])
    root.remove(root[-1])
    source = ET.tostring(root, encoding="unicode")
    prefix += hashlib.sha256(words.encode()).hexdigest()[:6] + "-"
    for element in root.iter():
        name = element.attrib.get("id")
        if name and f'#{name}"' not in source and f"#{name})" not in source:
            del element.attrib["id"]
        for key, value in element.attrib.items():
            for colour, themed in _THEME.items():
                value = value.replace(colour, themed)
            if key == "id":
                value = prefix + value
            elif key == _HREF and value.startswith("#"):
                value = "#" + prefix + value[1:]
            element.attrib[key] = value.replace("url(#", f"url(#{prefix}")
    return ET.tostring(root, encoding="unicode")


def describe(fig: Figure) -> str:
    """What a figure draws, in words and numbers, computed from its artists."""
    axes = [ax for ax in fig.axes if ax.get_visible()]
    lines = [f"Figure with {len(axes)} panels"] if len(axes) > 1 else []
    for ax in axes:
        lines.append(_panel(ax))
        lines += ["  " + line for line in _artists(ax)]
    return "\n".join(lines)


def number(value: SupportsFloat) -> str:
    """A number to four significant digits, without the noise of the last bits."""
    rounded = float(f"{float(value):.10g}") + 0.0
    return f"{rounded:.4g}" if abs(rounded) > 1e-12 or rounded == 0 else f"{rounded:.1e}"


def _point(x: SupportsFloat, y: SupportsFloat) -> str:
    return f"({number(x)}, {number(y)})"


def _panel(ax: Axes) -> str:
    """The panel's title, and each axis with its label, range and scale."""
    parts = []
    for name in ("x", "y"):
        label, scale = getattr(ax, f"get_{name}label")(), getattr(ax, f"get_{name}scale")()
        low, high = getattr(ax, f"get_{name}lim")()
        log = "" if scale == "linear" else f", {scale} scale"
        parts.append(
            f"{name} {label!r} " * bool(label)
            + f"{name} " * (not label)
            + f"from {number(low)} to {number(high)}{log}"
        )
    title = f"{ax.get_title()}: " if ax.get_title() else "Axes: "
    return title + "; ".join(parts) if ax.axison else title.rstrip(": ") + " (no axes drawn)"


def _artists(ax: Any) -> Iterator[str]:
    """One line for each thing drawn, in drawing order."""
    bars = [c for c in ax.containers if isinstance(c, container.BarContainer)]
    for group in bars:
        spans = (
            (b.get_x(), b.get_width())
            if group.orientation == "horizontal"
            else (b.get_y(), b.get_height())
            for b in group
        )
        yield "bars: " + ", ".join(f"{number(a)} to {number(a + size)}" for a, size in spans)
    skip = (ax.patch, *ax.spines.values())
    in_bars = {id(b) for group in bars for b in group}
    for artist in ax.get_children():
        if not artist.get_visible() or id(artist) in in_bars or artist in skip:
            continue
        if isinstance(artist, Line2D):
            yield _curve(ax, artist)
        elif isinstance(artist, text.Text):
            if artist.get_text() and artist not in (ax.title, ax._left_title, ax._right_title):
                where = _point(*artist.get_position())
                kind = (
                    "arrow to " + _point(*artist.xy) + ", text"
                    if (isinstance(artist, text.Annotation) and artist.arrowprops)
                    else "text"
                )
                yield f"{kind} {artist.get_text()!r} at {where}".replace("\\n", " ")
            elif isinstance(artist, text.Annotation) and artist.arrowprops:
                yield f"arrow from {_point(*artist.get_position())} to {_point(*artist.xy)}"
        elif isinstance(artist, collections.QuadMesh):
            yield "colour mesh: " + _values(np.asarray(artist.get_array()))
        elif isinstance(artist, quiver.Quiver):
            yield (
                f"{artist.N} arrows: starts {_cloud(artist.XY)}; "
                f"steps {_cloud(np.column_stack([artist.U, artist.V]))}"
            )
        elif hasattr(artist, "levels"):
            paths = artist.get_paths()
            for level, path in zip(artist.levels, paths, strict=False):
                if len(path.vertices):
                    yield f"contour at {number(level)}: {_cloud(path.vertices)}"
        elif isinstance(artist, collections.PathCollection):
            points = np.asarray(artist.get_offsets())
            yield f"{len(points)} points: {_cloud(points)}"
        elif isinstance(artist, collections.Collection):
            for path in artist.get_paths():
                yield f"area or lines: {_cloud(path.vertices)}"
        elif isinstance(artist, patches.Patch):
            yield f"{type(artist).__name__.lower()}: {_cloud(_outline(artist))}"


def _outline(patch: Any) -> Array:
    """The corners of a patch, in data coordinates."""
    if hasattr(patch, "_posA_posB"):  # an arrow's ends
        return np.array(patch._posA_posB)
    corners: Array = patch.get_patch_transform().transform_path(patch.get_path()).vertices
    return corners


def _curve(ax: Axes, line: Any) -> str:
    """A curve: its points if they are few, else its values where the axis has ticks."""
    x, y = (np.asarray(v, dtype=float) for v in line.get_data())
    name = "" if line.get_label().startswith("_") else f" {line.get_label()!r}"
    if line.get_transform() != ax.transData:
        flat = len(y) > 1 and y[0] == y[-1] and list(x) == [0, 1]
        return f"line{name} at {'y' if flat else 'x'} = {number(y[0] if flat else x[0])}"
    if len(x) <= 12:
        return f"{'points' if line.get_linestyle() == 'None' else 'line'}{name} " + " ".join(
            map(_point, x, y)
        )
    low, high = np.nanmin(x), np.nanmax(x)
    if np.all(np.diff(x) > 0):
        ticks = [t for t in ax.get_xticks() if low <= t <= high]
        samples = [(t, np.interp(t, x, y)) for t in ticks]
    else:
        samples = [(x[i], y[i]) for i in np.linspace(0, len(x) - 1, 5).astype(int)]
    finite = y[np.isfinite(y)]
    return (
        f"curve{name} of {len(x)} points: "
        + " ".join(_point(*s) for s in samples)
        + f"; lowest {number(finite.min())}, highest {number(finite.max())},"
        f" mean {number(finite.mean())}"
    )


def _cloud(points: Any) -> str:
    """Points: all if they are few, else their ranges and means."""
    points = np.asarray(points, dtype=float)
    if len(points) <= 12:
        return " ".join(_point(*p) for p in points)
    low, high, mean = points.min(axis=0), points.max(axis=0), points.mean(axis=0)
    return (
        f"{len(points)} points, x {number(low[0])} to {number(high[0])},"
        f" y {number(low[1])} to {number(high[1])}, mean {_point(*mean)}"
    )


def _values(array: Array) -> str:
    """The entries of an array: all if they are few, else shape, range and mean."""
    if array.size <= 36:
        return "; ".join(" ".join(number(v) for v in row) for row in np.atleast_2d(array))
    return (
        f"{' x '.join(map(str, array.shape))} values from {number(array.min())}"
        f" to {number(array.max())}, mean {number(array.mean())}"
    )
