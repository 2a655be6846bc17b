"""The book's picture: on the card that links to it show, on the PDF's title and the EPUB's cover.

python -m downloads.cover        writes website/theme/static/card.png
"""

import matplotlib.pyplot as plt
import numpy as np

import ce_lib as ce
from ce_lib import figures
from downloads import ROOT

TARGET = ROOT / "website" / "theme" / "static" / "card.png"
INK, PAPER, QUIET = "#1d1b19", "#fffdfa", "#625c55"


def picture(fig, curve, bars):
    """The loss over the probability of what happened, and three probabilities, in two boxes."""
    ax = fig.add_axes(curve, facecolor="none")
    p = np.linspace(0.01, 1, 400)
    ax.plot(p, ce.surprisal(p), color=INK, linewidth=3)
    colours = (figures.CAT, figures.BIRD, figures.OTHER, figures.DOG)
    for point, colour in zip((0.9, 0.6, 0.33, 0.1), colours, strict=True):
        ax.plot(point, ce.surprisal(point), "o", color=colour, markersize=16)
    ax.set_axis_off()
    z = np.array([2.0, 1.0, 0.1])
    ax = fig.add_axes(bars)
    names = ["cat", "dog", "bird"]
    ax.barh(names, ce.softmax(z), color=(figures.CAT, figures.DOG, figures.BIRD))
    for row, value in enumerate(ce.softmax(z)):
        ax.text(value + 0.02, row, f"{value:.3f}", va="center", size=22, color=INK)
    ax.set_xlim(0, 0.9)
    ax.invert_yaxis()
    ax.tick_params(left=False, labelsize=22, labelcolor=INK, bottom=False, labelbottom=False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def card():
    """The title beside the picture, 1200 by 630."""
    fig = plt.figure(figsize=(12, 6.3), facecolor=PAPER)
    fig.text(0.06, 0.80, "Cross-Entropy and Softmax", size=44, weight="bold", color=INK)
    fig.text(0.06, 0.70, "From scores to loss, by running it", size=24, color=QUIET)
    picture(fig, (0.06, 0.12, 0.52, 0.5), (0.66, 0.12, 0.27, 0.5))
    return fig


def drawing():
    """The picture alone, as SVG text."""
    fig = plt.figure(figsize=(12, 5.5), facecolor="none")
    picture(fig, (0, 0.02, 0.58, 0.96), (0.69, 0.12, 0.31, 0.76))
    text = figures.svg(fig)
    plt.close(fig)
    return text[text.index("<svg") :]


if __name__ == "__main__":
    card().savefig(TARGET, dpi=100, facecolor=PAPER)
