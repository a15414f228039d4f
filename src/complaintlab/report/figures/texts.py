"""Figures of what the texts say: how good the measures are, and the map of reply types."""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from complaintlab.labels import ACTS, STANCES
from complaintlab.report.style import (
    BLUE,
    GREY,
    INK,
    LINES,
    VERMILLION,
    Picture,
    bare_rows,
    house_style,
    panels,
)

SHOWN_REPLIES = 2000
SIGN_WIDTH, LINE_HEIGHT = 0.0085, 0.042
"""Of a letter and a line on the map of replies, as shares of its axes."""
LEAST_POINTS = 20
"""A map of fewer distinct points shows no families."""
STRONG = 0.667
COARSE = pl.col("measure") == "stance3"
"""The three sides of stance: what the six tell already."""


def quality(table: pl.DataFrame) -> Picture | None:
    """F1 of each label with its interval, one mark a corpus: customers' labels and companies' acts."""
    shown = table.filter((pl.col("statistic") == "f1") & pl.col("value").is_not_null() & ~COARSE)
    if shown.is_empty():
        return None
    labels = sorted(shown.select("measure", "label").unique().rows(), key=_codebook_order)
    corpora = sorted(shown["corpus"].unique().to_list())
    sides = [[key for key in labels if (key[0] == "act") == acts] for acts in (False, True)]
    sides = [side for side in sides if side]
    with house_style():
        figure, axes_list = panels(1, len(sides), 0.9 + 0.19 * max(len(side) for side in sides))
        for axes, side in zip(axes_list, sides, strict=True):
            axes.axvline(STRONG, color=GREY, linewidth=0.7, linestyle=":", zorder=0)
            looks = (("o", BLUE), ("D", VERMILLION), ("s", GREY))
            for k, (corpus, (marker, colour)) in enumerate(zip(corpora, looks, strict=False)):
                _dots(axes, shown.filter(pl.col("corpus") == corpus), side, 0.22 * k, marker, colour)
            bare_rows(axes, [_label(*key) for key in side])
            axes.set_xlim(0, 1.02)
            axes.set_xlabel("F1 (dotted: 0.667)")
        figure.legend(
            *axes_list[0].get_legend_handles_labels(), loc="outside upper right", ncols=len(corpora)
        )
    weak = shown.filter(pl.col("lower") < STRONG).select("measure", "label").unique().height
    takeaway = (
        f"The interval of {weak} of {len(labels)} labels reaches below 0.667: these measures are weak."
        if weak
        else f"All {len(labels)} labels lie above 0.667 with their whole interval."
    )
    return Picture(figure, takeaway, f"Dots with intervals, one row a label. {takeaway}")


def _codebook_order(key: tuple[str, ...]) -> tuple[bool, str, int, bool]:
    """Stances before complaint and hostility, each measure's mean last, acts apart."""
    measure, label = key
    labels = (*STANCES, *ACTS)
    place = labels.index(label) if label in labels else len(labels)
    return measure != "stance", measure, place, label == "macro"


def _label(measure: str, label: str) -> str:
    return f"{measure}: mean" if label == "macro" else label


def reply_map(types: pl.DataFrame, members: pl.DataFrame) -> Picture | None:
    """The replies on the map of their texts, coloured and named by family."""
    if types.is_empty() or members.select("x", "y").n_unique() < LEAST_POINTS:
        return None
    every = max(1, members.height // SHOWN_REPLIES)
    sample = members.sort("post_id").gather_every(every)
    names = dict(types.select("type_id", "name").iter_rows())
    with house_style():
        figure, (axes,) = panels(1, 1, 3.6)
        labels: list[tuple[float, float, str]] = []
        families = sample.sort("type_id", "post_id").group_by("type_id", maintain_order=True)
        for k, ((type_id,), part) in enumerate(families):
            colour, noise = LINES[k % len(LINES)][0], type_id == -1
            axes.scatter(
                part["x"].to_numpy(),
                part["y"].to_numpy(),
                s=5,
                linewidths=0,
                marker="osD^"[k % 4],
                color="#CFCFCF" if noise else colour,
                alpha=0.5,
                zorder=1 if noise else 2,
            )
            if not noise:
                x, top = float(np.median(part["x"].to_numpy())), float(part["y"].to_numpy().max())
                labels.append((x, top, _short(names.get(type_id, ""))))
        _name(axes, labels)
        axes.set_axis_off()
    takeaway = _map_takeaway(types)
    return Picture(figure, takeaway, f"Map of replies; near replies say alike things. {takeaway}")


def _dots(
    axes: Axes, table: pl.DataFrame, labels: list[tuple[str, ...]], shift: float, marker: str, colour: str
) -> None:
    for row in table.sort("measure", "label").iter_rows(named=True):
        if (row["measure"], row["label"]) not in labels:
            continue
        place = labels.index((row["measure"], row["label"])) + shift
        if row["lower"] is not None:
            axes.plot([row["lower"], row["upper"]], [place, place], color=colour, linewidth=0.9)
        axes.plot(row["value"], place, marker, color=colour, markersize=4)
    axes.plot([], [], marker, color=colour, markersize=4, label=table["corpus"][0])


def _name(axes: Axes, labels: list[tuple[float, float, str]]) -> None:
    """Above each family's points (x, top, name), so that none is hidden; moved up from one another."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    sign, line = SIGN_WIDTH * (right - left), LINE_HEIGHT * (top - bottom)
    placed: list[tuple[float, float, str]] = []
    for x, y, name in sorted(labels, key=lambda label: (label[1], label[0])):
        height = y + line / 2
        for other_x, other_y, other in placed:
            beside = abs(other_x - x) > sign * (len(other) + len(name)) / 2
            if not beside and height < other_y + line:
                height = other_y + line
        placed.append((x, height, name))
        axes.text(x, height, name, ha="center", va="bottom", fontsize=6.5, color=INK)
    axes.set_ylim(bottom, max([top, *(height + line for _, height, _ in placed)]))


def _short(name: str) -> str:
    return name if len(name) <= 28 else name[:27].rstrip(" ,") + "…"


def _map_takeaway(types: pl.DataFrame) -> str:
    families = types.filter(pl.col("type_id") >= 0).sort("share", "type_id", descending=[True, False])
    if families.is_empty():
        return "No family of replies is common enough to be named."
    top = families.row(0, named=True)
    name, share = _short(top["name"]), top["share"]
    return f"{families.height} families; the largest, “{name}”, holds {share:.0%} of replies."
