"""What errors of the labels did: estimates as measured beside the same corrected by codes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from complaintlab.report.figures.forest import POINTS, RATIO, RATIOS, ROW
from complaintlab.report.style import BLUE, GREY, VERMILLION, WIDTH, Picture, bare_rows, house_style

Row = dict[str, Any]
APART = 0.17
"""How far the two estimates of a claim lie from the middle of its row."""


def labels_forest(verdicts: pl.DataFrame) -> Picture | None:
    """Each corrected claim: as measured in grey above, corrected in blue below, a world's truth between."""
    corrected = verdicts.drop_nulls(["estimate", "measured_estimate"])
    counted = pl.col("scale") == "log_rr"
    parts = [
        (draw, rows)
        for draw, rows in (
            (_points, corrected.filter(~counted).to_dicts()),
            (_ratios, corrected.filter(counted).to_dicts()),
        )
        if rows
    ]
    if not parts:
        return None
    with house_style():
        heights = [(ROW + 0.08) * len(rows) + 0.55 for _, rows in parts]
        figure = Figure(figsize=(WIDTH, sum(heights) + 0.35), layout="constrained")
        panels = figure.subplots(len(parts), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axes, (draw, rows) in zip(panels, parts, strict=True):
            draw(axes, rows)
        found = {
            label: handle
            for axes in panels
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(list(found.values()), list(found), loc="outside upper center", ncols=3)
    takeaway = _takeaway([row for _, rows in parts for row in rows])
    return Picture(figure, takeaway, f"Forest of estimates as measured and as corrected. {takeaway}")


def _points(axes: Axes, rows: list[Row]) -> None:
    _rows(axes, rows, lambda value: 100 * value)
    axes.set_xlabel(POINTS)


def _ratios(axes: Axes, rows: list[Row]) -> None:
    axes.set_xscale("log")
    _rows(axes, rows, math.exp)
    axes.xaxis.set_major_locator(FixedLocator(RATIOS))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(RATIO)


def _rows(axes: Axes, rows: list[Row], on: Callable[[float], float]) -> None:
    axes.axvline(on(0), color="#999999", linewidth=0.7, zorder=0)
    for place, row in enumerate(rows):
        _interval(axes, place - APART, row, "measured_", GREY, "labels as measured", on)
        _interval(axes, place + APART, row, "", BLUE, "corrected by codes", on)
        if row["truth"] is not None:
            axes.plot(
                on(row["truth"]), place, "D", color=VERMILLION, markerfacecolor="none", markersize=6,
                label="truth of the world",
            )  # fmt: skip
    bare_rows(axes, [f"{row['claim']}  {str(row['outcome']).replace('_', ' ')}" for row in rows])


def _interval(
    axes: Axes, place: float, row: Row, prefix: str, colour: str, label: str, on: Callable[[float], float]
) -> None:
    lower, middle, upper = (on(row[f"{prefix}{name}"]) for name in ("lower", "estimate", "upper"))
    axes.plot([lower, upper], [place, place], color=colour, linewidth=1.5)
    axes.plot(middle, place, "o", color=colour, markersize=4.5, label=label)


def _takeaway(rows: list[Row]) -> str:
    wider = sorted(
        (row["upper"] - row["lower"]) / (row["measured_upper"] - row["measured_lower"]) for row in rows
    )
    said = f"Corrected intervals are {wider[len(wider) // 2]:.1f} times as wide (median of {len(rows)})."
    known = [row for row in rows if row["truth"] is not None]
    if not known:
        return said
    held = [
        sum(row[f"{prefix}lower"] <= row["truth"] <= row[f"{prefix}upper"] for row in known)
        for prefix in ("", "measured_")
    ]
    return (
        f"{held[0]} of {len(known)} corrected intervals hold the world's truth, {held[1]} as measured. {said}"
    )
