"""Figures of effects: the claims' forest and who gets answered."""

from __future__ import annotations

from typing import Any

import polars as pl
from matplotlib.axes import Axes

from complaintlab.report.style import (
    BLUE,
    GREY,
    INK,
    VERMILLION,
    Picture,
    bare_rows,
    house_style,
    panels,
    zero_line,
)
from complaintlab.verdicts.wording import signed

Row = dict[str, Any]
SHOWN_TERMS = 16
NO_TIE = "No tie is clearly different from none."


def claims_forest(verdicts: pl.DataFrame, estimates: pl.DataFrame) -> Picture | None:
    """Estimate of each answered claim with its interval, beside the naive one and, in a world, the truth.

    Args:
        verdicts: the table of that name.
        estimates: estimates of all stages; variant ``naive`` is drawn in grey.
    """
    shown = verdicts.filter(pl.col("estimate").is_not_null() & (pl.col("scale") == "rd"))
    if shown.is_empty():
        return None
    rows = shown.to_dicts()
    naive = _naive(shown, estimates)
    with house_style():
        figure, (axes,) = panels(1, 1, 0.9 + 0.42 * len(rows))
        zero_line(axes)
        for place, row in enumerate(rows):
            _row(axes, place, row, naive.get(row["claim"]))
        bare_rows(axes, [_label(row) for row in rows])
        axes.set_xlabel("difference in risk within 7 days, percentage points (95% interval)")
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(*_distinct(handles, labels), loc="outside upper center", ncols=4)
    takeaway = _forest_takeaway(rows, naive)
    return Picture(figure, takeaway, f"Forest of the claims' estimates. {takeaway}")


def who_is_answered(estimates: pl.DataFrame) -> Picture | None:
    """Average marginal effects on being answered, largest first.

    An effect beyond 100 points, or an interval wider than 200, is a model that did not fit: not shown.
    """
    shown = estimates.filter(
        (pl.col("scale") == "ame")
        & (pl.col("estimate").abs() <= 1)
        & ((pl.col("upper") - pl.col("lower")).fill_null(0.0) <= 2)
        & pl.col("outcome").str.contains("answered")
    )
    if not shown.is_empty():
        first = shown.sort("outcome", "variant").row(0, named=True)
        shown = shown.filter(
            (pl.col("outcome") == first["outcome"]) & (pl.col("subgroup") == first["subgroup"])
        )
        shown = shown.filter(pl.col("variant") == _preferred(shown)).unique("contrast", keep="first")
    if shown.is_empty():
        return None
    rows = (
        shown.sort(pl.col("estimate").abs(), "contrast", descending=[True, False])
        .head(SHOWN_TERMS)
        .to_dicts()
    )
    with house_style():
        figure, (axes,) = panels(1, 1, 0.7 + 0.22 * len(rows))
        zero_line(axes)
        for place, row in enumerate(rows):
            clear = row["lower"] is not None and row["lower"] * row["upper"] > 0
            if row["lower"] is not None:
                axes.plot([100 * row["lower"], 100 * row["upper"]], [place, place], color=BLUE, linewidth=1.2)
            axes.plot(
                100 * row["estimate"],
                place,
                "o",
                color=BLUE,
                markerfacecolor=BLUE if clear else "white",
                markersize=5,
            )
        bare_rows(axes, [str(row["contrast"]).replace("_", " ") for row in rows])
        axes.set_xlabel(
            "change in the chance of an answer, percentage points (filled: interval without zero)"
        )
    takeaway = _strongest_tie(shown)
    return Picture(figure, takeaway, f"Dots with intervals, one row a term. {takeaway}")


def _strongest_tie(shown: pl.DataFrame) -> str:
    """The tie with the largest estimate in standard errors, among intervals without zero."""
    clear = shown.filter((pl.col("lower") * pl.col("upper") > 0) & (pl.col("se") > 0))
    if clear.is_empty():
        return NO_TIE
    top = clear.sort((pl.col("estimate") / pl.col("se")).abs(), "contrast", descending=[True, False])
    first = top.row(0, named=True)
    return (
        f"The strongest tie is with {str(first['contrast']).replace('_', ' ')}: "
        f"{signed(100 * first['estimate'])} points in the chance of an answer. Description, not effect."
    )


def _row(axes: Axes, place: int, row: Row, naive: float | None) -> None:
    band, half = 100 * row["sesoi"], 0.36
    axes.fill_between(
        [-band, band],
        place - half,
        place + half,
        color="#EDEDED",
        linewidth=0,
        zorder=0,
        label="± smallest effect of interest",
    )
    axes.plot([100 * row["lower"], 100 * row["upper"]], [place, place], color=BLUE, linewidth=1.6)
    axes.plot(100 * row["estimate"], place, "o", color=BLUE, markersize=6, label="estimate")
    if naive is not None:
        axes.plot(100 * naive, place, "x", color=GREY, markersize=6, markeredgewidth=1.4, label="naive")
    if row["truth"] is not None:
        axes.plot(
            100 * row["truth"],
            place,
            "D",
            color=VERMILLION,
            markerfacecolor="none",
            markersize=7,
            label="truth of the world",
        )
    axes.annotate(row["verdict"], (1.01, place), xycoords=("axes fraction", "data"), va="center", color=INK)


def _label(row: Row) -> str:
    contrast = str(row["contrast"]).replace("_vs_", " vs ").replace("_", " ")
    return f"{row['claim']}  {row['outcome']}: {contrast}"


def _naive(shown: pl.DataFrame, estimates: pl.DataFrame) -> dict[str, float]:
    known = estimates.filter(
        (pl.col("variant") == "naive")
        & (pl.col("subgroup") == "all")
        & pl.col("estimate").is_not_null()
        & (pl.col("scale") == "rd")
    )
    joined = shown.select("claim", "outcome").join(known, on=["claim", "outcome"])
    nearest = joined.with_columns((pl.col("time_days") - 7).abs().alias("off")).sort("claim", "off", "model")
    return dict(nearest.unique("claim", keep="first").select("claim", "estimate").iter_rows())


def _preferred(shown: pl.DataFrame) -> str:
    variants = sorted(shown["variant"].unique().to_list())
    return "primary" if "primary" in variants else str(variants[0])


def _distinct(handles: list[Any], labels: list[str]) -> tuple[list[Any], list[str]]:
    found = dict(zip(labels, handles, strict=True))
    return list(found.values()), list(found)


def _forest_takeaway(rows: list[Row], naive: dict[str, float]) -> str:
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
