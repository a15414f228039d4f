"""Figures of the plan: the causal diagram that the adjustment follows."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.text import Text

from complaintlab.report.style import BLUE, GREY, INK, VERMILLION, Picture, house_style, panels


@dataclass(frozen=True)
class Node:
    x: float
    y: float
    text: str
    colour: str = INK
    dashed: bool = False


NODES = {
    "confounders": Node(
        0.13, 0.80, "before time zero\nhostility, severity, topic,\nburst, load, hour, company"
    ),
    "history": Node(0.50, 0.80, "since time zero\nspread so far, critic's\nlater turns"),
    "unseen": Node(0.87, 0.80, "not seen\ntemper, private talk,\nquality of the product", GREY, True),
    "reply": Node(0.20, 0.22, "reply\ntiming and acts", BLUE),
    "outcome": Node(0.78, 0.22, "shown outcome\nturned, escalated", VERMILLION),
}
ARROWS = (
    ("confounders", "reply", False),
    ("confounders", "outcome", False),
    ("confounders", "history", False),
    ("history", "reply", False),
    ("history", "outcome", False),
    ("reply", "outcome", False),
    ("unseen", "outcome", True),
    ("unseen", "reply", True),
)


def causal_diagram() -> Picture:
    """What drives replies and outcomes; solid arrows are adjusted for, dashed ones cannot be."""
    with house_style():
        figure, (axes,) = panels(1, 1, 2.4)
        axes.set_axis_off()
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        boxes = {name: _box(axes, node) for name, node in NODES.items()}
        for start, end, dashed in ARROWS:
            _arrow(axes, boxes[start], boxes[end], dashed)
    takeaway = "What is measured before the reply is adjusted for; the dashed arrows are what cannot be."
    alt = (
        "Causal diagram: confounders before time zero and history since then point to the reply and to the "
        "shown outcome; the reply points to the outcome; unseen causes point to both, dashed."
    )
    return Picture(figure, takeaway, alt)


def _arrow(axes: Axes, start: Text, end: Text, dashed: bool) -> None:
    look = {
        "arrowstyle": "-|>",
        "linewidth": 0.9,
        "shrinkA": 3,
        "shrinkB": 3,
        "patchA": start.get_bbox_patch(),
        "patchB": end.get_bbox_patch(),
        "color": GREY if dashed else INK,
        "linestyle": "--" if dashed else "-",
        "mutation_scale": 9,
    }
    axes.annotate("", end.get_position(), start.get_position(), arrowprops=look, zorder=1)


def _box(axes: Axes, node: Node) -> Text:
    box = {
        "boxstyle": "round,pad=0.5",
        "facecolor": "white",
        "edgecolor": node.colour,
        "linewidth": 1.0,
        "linestyle": "--" if node.dashed else "-",
    }
    return axes.text(
        node.x,
        node.y,
        node.text,
        ha="center",
        va="center",
        bbox=box,
        zorder=2,
        linespacing=1.25,
        color=node.colour if node.colour != GREY else "#555555",
    )
