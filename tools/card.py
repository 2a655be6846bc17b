"""Draw the picture that a link to the book shows elsewhere: website/theme/static/card.png.

python tools/card.py
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import ce_lib as ce
from ce_lib import figures

TARGET = Path(__file__).resolve().parents[1] / "website" / "theme" / "static" / "card.png"
INK, PAPER, QUIET = "#1d1b19", "#fffdfa", "#625c55"


def draw():
    """The title, and the loss over the probability of what happened, with the lesson's points."""
    fig = plt.figure(figsize=(12, 6.3), facecolor=PAPER)
    fig.text(0.06, 0.80, "Cross-Entropy and Softmax", size=44, weight="bold", color=INK)
    fig.text(0.06, 0.70, "From scores to loss, by running it", size=24, color=QUIET)
    ax = fig.add_axes((0.06, 0.12, 0.52, 0.5), facecolor="none")
    p = np.linspace(0.01, 1, 400)
    ax.plot(p, ce.surprisal(p), color=INK, linewidth=3)
    colours = (figures.CAT, figures.BIRD, figures.OTHER, figures.DOG)
    for point, colour in zip((0.9, 0.6, 0.33, 0.1), colours, strict=True):
        ax.plot(point, ce.surprisal(point), "o", color=colour, markersize=16)
    ax.set_axis_off()
    z = np.array([2.0, 1.0, 0.1])
    bars = fig.add_axes((0.66, 0.12, 0.27, 0.5), facecolor="none")
    names = ["cat", "dog", "bird"]
    bars.barh(names, ce.softmax(z), color=(figures.CAT, figures.DOG, figures.BIRD))
    for row, value in enumerate(ce.softmax(z)):
        bars.text(value + 0.02, row, f"{value:.3f}", va="center", size=22, color=INK)
    bars.set_xlim(0, 0.9)
    bars.invert_yaxis()
    bars.tick_params(left=False, labelsize=22, labelcolor=INK, bottom=False, labelbottom=False)
    for spine in bars.spines.values():
        spine.set_visible(False)
    return fig


if __name__ == "__main__":
    draw().savefig(TARGET, dpi=100, facecolor=PAPER)
