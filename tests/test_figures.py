"""A figure's form in words tells what is drawn, and its SVG follows the page."""

import re
import xml.etree.ElementTree as ET

import matplotlib.pyplot as plt
import numpy as np
import prose
import pytest

from ce_lib import figures


@pytest.fixture
def draw():
    """draw(change) makes a figure of every kind, with one change, and returns it."""
    figures.style()

    def make(curve=0.0, point=0.0, bar=0.0, mesh=0.0, area=0.0, label="loss (nats)"):
        fig, axes = plt.subplots(1, 3)
        x = np.linspace(0, 4, 41)
        axes[0].plot(x, x**2 + curve * (x == 2.5), color=figures.CAT)
        axes[0].plot([1.0], [2.0 + point], "o", color=figures.DOG)
        axes[0].fill_between(x, 0, x + area, alpha=0.2)
        axes[0].axhline(1.5)
        axes[0].set(xlabel="z", ylabel=label)
        axes[1].bar(["cat", "dog"], [0.7, 0.3 + bar])
        axes[2].pcolormesh([[1.0, 2.0], [3.0, 4.0 + mesh]])
        return fig

    yield make
    plt.close("all")


@pytest.mark.parametrize(
    "change",
    [{"curve": 0.5}, {"point": 0.01}, {"bar": 0.01}, {"mesh": 0.01}, {"area": 0.1}],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_datum_changes_the_words(draw, change):
    assert figures.describe(draw()) == figures.describe(draw())
    assert figures.describe(draw(**change)) != figures.describe(draw())


def test_the_words_name_axes_ranges_and_guides(draw):
    words = figures.describe(draw())
    assert "y 'loss (nats)'" in words
    assert "line at y = 1.5" in words
    assert "bars: 0 to 0.7, 0 to 0.3" in words
    assert figures.describe(draw(label="loss (bits)")) != words


def test_the_last_bits_of_a_value_do_not_show(draw):
    assert figures.describe(draw(point=1e-14)) == figures.describe(draw())


def test_the_svg_takes_its_colours_from_the_page(draw):
    svg = figures.svg(draw())
    assert "currentColor" in svg
    assert "var(--paper, #fff)" in svg
    assert "var(--cat, #0072B2)" in svg
    assert figures.INK not in svg


def test_two_figures_on_one_page_share_no_id_and_miss_none(draw):
    svgs = [figures.svg(f, figures.describe(f)) for f in (draw(), draw(point=1))]
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in svgs]
    assert ids[0].isdisjoint(ids[1])
    for svg, own in zip(svgs, ids, strict=True):
        used = re.findall(r'(?:href="#|url\(#)([^")]+)', svg)
        assert used
        assert set(used) <= own


def test_the_same_figure_gives_the_same_svg(draw):
    assert figures.svg(draw()) == figures.svg(draw())


@pytest.mark.parametrize(("columns", "rows"), [(1, 3), (2, 2), (3, 1)])
def test_a_figure_is_drawn_again_for_a_phone(columns, rows, draw, monkeypatch):
    """Hidden, with all its letters at least as large, its panels in rows, and no id twice."""
    shown, fig = [], draw()
    fig.axes[0].set(yscale="log", ylim=(1e-7, 1))
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    figures.show(fig, columns=columns)
    wide = ET.fromstring(shown[0]["image/svg+xml"])
    (phone,) = wide.findall("{http://www.w3.org/2000/svg}svg")
    assert phone.get("display") == "none"
    assert wide.get("display") is None
    assert len({round(ax.get_position().y0, 2) for ax in fig.axes}) == rows
    letters = [
        float(size) * float(part or 1)
        for size, text in re.findall(
            r'scale\(([\d.]+) -[\d.]+\)">(.*?)</g>', ET.tostring(phone, "unicode"), re.S
        )
        for part in re.findall(r"<use [^>]*?(?:scale\(([\d.]+)\))?\" ?/>", text)
    ]
    assert min(letters) * 100 * 320 / float(phone.get("viewBox").split()[2]) >= 11
    ids = [each.get("id") for each in wide.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', shown[0]["image/svg+xml"])) <= set(ids)


@pytest.mark.parametrize("place", [[], [(0.1, 0.1, 0.8, 0.8)]], ids=["no axes", "free axes"])
def test_a_figure_without_a_grid_is_shown(place, draw, monkeypatch):
    shown, fig = [], plt.figure()
    fig.set_layout_engine("none")
    for box in place:
        fig.add_axes(box)
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    figures.show(fig)
    assert shown[0]["image/svg+xml"].count("<svg ") == 2


def test_no_columns_are_refused(draw):
    with pytest.raises(ValueError, match="columns must be 1 or more, got 0"):
        figures.show(draw(), columns=0)


STYLES = ["ce_lib/widgets", "website/theme/static", "website/ce_site"]
FILES = [
    p for d in STYLES for p in sorted((prose.ROOT / d).iterdir()) if p.suffix in (".css", ".mjs")
]
COLOUR = re.compile(r"--(cat|dog|bird|other)(?:: (?:light-dark\()?|, ?)(#\w+)")


def test_a_class_has_one_colour_in_figures_widgets_and_pages():
    """The palette is the one of `figures`; styles repeat it where no page gives it."""
    palette = {name: getattr(figures, name.upper()) for name in ("cat", "dog", "bird", "other")}
    found = [(path.name, *pair) for path in FILES for pair in COLOUR.findall(path.read_text())]
    assert {name for _, name, _ in found} == set(palette)
    assert [each for each in found if each[2].lower() != palette[each[1]].lower()] == []


def test_a_browser_without_light_dark_gets_the_light_colours():
    style = (prose.ROOT / "website/theme/static/book.css").read_text()
    pairs = dict(re.findall(r"(--[\w-]+): light-dark\((#\w+),", style))
    plain = dict(re.findall(r"(--[\w-]+): (#\w+);", style))
    assert len(pairs) > 15
    assert pairs == {name: plain.get(name) for name in pairs}
