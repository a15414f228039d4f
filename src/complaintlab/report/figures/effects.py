"""Who gets answered: average marginal effects."""

from __future__ import annotations

import polars as pl

from complaintlab.report.style import BLUE, Picture, bare_rows, house_style, panels, zero_line
from complaintlab.verdicts.wording import signed

SHOWN_TERMS = 16
NO_TIE = "No tie is clearly different from none."


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


def _preferred(shown: pl.DataFrame) -> str:
    variants = sorted(shown["variant"].unique().to_list())
    return "primary" if "primary" in variants else str(variants[0])
