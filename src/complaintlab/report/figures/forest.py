"""The claims' forest: every answered claim with its interval, a panel for each kind of scale."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from complaintlab.report.style import BLUE, GREY, INK, VERMILLION, WIDTH, Picture, bare_rows, house_style

Row = dict[str, Any]
POINTS = "difference in risk or share, percentage points (95% interval)"
RATIO = "ratio of mean counts (95% interval)"
ROW = 0.3
"""Height of a row in inches."""
RATIOS = (0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 5, 10)


def claims_forest(verdicts: pl.DataFrame, estimates: pl.DataFrame) -> Picture | None:
    """Estimate of each answered claim with its interval, beside the naive one and, in a world, the truth.

    Args:
        verdicts: the table of that name; differences and shares in one panel, ratios in another.
        estimates: estimates of all stages; variant ``naive`` is drawn in grey.
    """
    answered = verdicts.filter(pl.col("estimate").is_not_null())
    counted = pl.col("scale") == "log_rr"
    parts = [part.to_dicts() for part in (answered.filter(~counted), answered.filter(counted))]
    if answered.is_empty():
        return None
    naive = naive_of(answered, estimates)
    with house_style():
        heights = [ROW * len(rows) + 0.55 for rows in parts if rows]
        figure = Figure(figsize=(WIDTH, sum(heights) + 0.35), layout="constrained")
        panels = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
        looks = [look for look, rows in zip((_points, _ratios), parts, strict=True) if rows]
        for axes, draw, rows in zip(panels, looks, [rows for rows in parts if rows], strict=True):
            draw(axes, rows, naive)
        found = {label: handle for axes in panels for handle, label in zip(*_legend(axes), strict=True)}
        figure.legend(list(found.values()), list(found), loc="outside upper center", ncols=4)
    takeaway = _takeaway([row for rows in parts for row in rows], naive)
    return Picture(figure, takeaway, f"Forest of the claims' estimates. {takeaway}")


def naive_of(answered: pl.DataFrame, estimates: pl.DataFrame) -> dict[str, float]:
    """Each claim's naive estimate on the scale of its verdict, the one nearest to the week's horizon."""
    known = estimates.filter(
        (pl.col("variant") == "naive") & (pl.col("subgroup") == "all") & pl.col("estimate").is_not_null()
    ).with_columns(pl.col("scale").cast(pl.String))
    joined = answered.select("claim", "outcome", "scale").join(known, on=["claim", "outcome", "scale"])
    nearest = joined.with_columns((pl.col("time_days") - 7).abs().alias("off")).sort("claim", "off", "model")
    return dict(nearest.unique("claim", keep="first").select("claim", "estimate").iter_rows())


def _points(axes: Axes, rows: list[Row], naive: dict[str, float]) -> None:
    _rows(axes, rows, naive, lambda value: 100 * value)
    axes.set_xlabel(POINTS)


def _ratios(axes: Axes, rows: list[Row], naive: dict[str, float]) -> None:
    axes.set_xscale("log")
    _rows(axes, rows, naive, math.exp)
    axes.xaxis.set_major_locator(FixedLocator(RATIOS))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(RATIO)


def _rows(axes: Axes, rows: list[Row], naive: dict[str, float], on: Callable[[float], float]) -> None:
    """Rows top down; ``on`` takes an effect to the panel's axis."""
    axes.axvline(on(0), color="#999999", linewidth=0.7, zorder=0)
    for place, row in enumerate(rows):
        _row(axes, place, row, naive.get(row["claim"]), on)
    bare_rows(axes, [_label(row) for row in rows])


def _row(axes: Axes, place: int, row: Row, naive: float | None, on: Callable[[float], float]) -> None:
    band, half = row["sesoi"], 0.36
    axes.fill_between(
        [on(-band), on(band)], place - half, place + half, color="#EDEDED", linewidth=0, zorder=0,
        label="± smallest effect of interest",
    )  # fmt: skip
    axes.plot([on(row["lower"]), on(row["upper"])], [place, place], color=BLUE, linewidth=1.6)
    axes.plot(on(row["estimate"]), place, "o", color=BLUE, markersize=5, label="estimate")
    if naive is not None:
        axes.plot(on(naive), place, "x", color=GREY, markersize=5.5, markeredgewidth=1.4, label="naive")
    if row["truth"] is not None:
        axes.plot(
            on(row["truth"]), place, "D", color=VERMILLION, markerfacecolor="none", markersize=6,
            label="truth of the world",
        )  # fmt: skip
    axes.annotate(row["verdict"], (1.01, place), xycoords=("axes fraction", "data"), va="center", color=INK)


def _label(row: Row) -> str:
    contrast = str(row["contrast"]).replace("_vs_", " vs ").replace("_", " ")
    return f"{row['claim']}  {str(row['outcome']).replace('_', ' ')}: {contrast}"


def _legend(axes: Axes) -> tuple[list[Any], list[str]]:
    handles, labels = axes.get_legend_handles_labels()
    return handles, labels


def _takeaway(rows: list[Row], naive: dict[str, float]) -> str:
    known = [row for row in rows if row["truth"] is not None]
    if known:
        held = sum(row["lower"] <= row["truth"] <= row["upper"] for row in known)
        return f"{held} of {len(known)} intervals hold the world's truth." + _naive_misses(known, naive)
    clear = sum(row["lower"] > 0 or row["upper"] < 0 for row in rows)
    return f"{clear} of {len(rows)} intervals exclude no effect."


def _naive_misses(known: list[Row], naive: dict[str, float]) -> str:
    pairs = [(row, naive[row["claim"]]) for row in known if row["claim"] in naive]
    worse = sum(abs(value - row["truth"]) > abs(row["estimate"] - row["truth"]) for row, value in pairs)
    return f" The naive comparison lies farther from it in {worse} of {len(pairs)}." if pairs else ""
