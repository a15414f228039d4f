"""How figures look: the report's font, colours that survive colour-blindness and grey print, stable bytes."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

FONT = "Source Sans Pro"
WIDTH = 6.3
"""Width of the text block in inches."""

BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, GREY, INK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#8A8A8A", "#262626",
)  # fmt: skip
"""Okabe and Ito (2008), and two greys."""

LINES = ((BLUE, "-"), (VERMILLION, "--"), (GREEN, "-."), (PURPLE, ":"))
"""Colour and line style together: each pair can be told apart without colour."""

RC = {
    "font.family": FONT, "font.size": 8.5, "axes.titlesize": 9.5, "axes.titleweight": "semibold",
    "axes.titlelocation": "left", "axes.labelsize": 8.5, "axes.edgecolor": "#BBBBBB", "axes.linewidth": 0.6,
    "axes.spines.top": False, "axes.spines.right": False, "axes.labelcolor": INK, "text.color": INK,
    "xtick.color": "#666666", "ytick.color": "#666666", "xtick.labelcolor": INK, "ytick.labelcolor": INK,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.major.size": 3, "ytick.major.size": 3,
    "lines.linewidth": 1.4, "legend.frameon": False, "legend.fontsize": 8.5, "axes.unicode_minus": True,
    "svg.fonttype": "path", "svg.hashsalt": "complaintlab", "figure.dpi": 100, "axes.grid": False,
}  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """A figure, a sentence made from its numbers, and a text for those who cannot see it."""

    figure: Figure
    takeaway: str
    alt: str


def font_folder() -> Path:
    """Where the pinned font lies."""
    spec = importlib.util.find_spec("font_source_sans_pro")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "files"


@contextmanager
def house_style() -> Iterator[None]:
    """Matplotlib with the report's font and settings, and nothing left behind."""
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for weight in ("Regular", "Semibold", "It"):
        path = font_folder() / f"SourceSansPro-{weight}.ttf"
        if str(path) not in known:
            font_manager.fontManager.addfont(path)
    with mpl.rc_context(RC):
        yield


def panels(rows: int, columns: int, height: float) -> tuple[Figure, list[Axes]]:
    """A figure as wide as the text with a grid of panels, row by row."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.flat)


def save(picture: Picture, path: Path) -> None:
    """Write an SVG without a date: the same picture gives the same bytes."""
    with house_style():
        picture.figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def zero_line(axes: Axes) -> None:
    axes.axvline(0, color="#999999", linewidth=0.7, zorder=0)


def bare_rows(axes: Axes, labels: list[str]) -> None:
    """Name the rows of a forest, top down, without a frame on the left."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
