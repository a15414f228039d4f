"""Figures of robustness: specification curves, leave one company out, checks that must find nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from complaintlab.report.robustness import as_measured, curve_summary, shown_checks
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
from complaintlab.verdicts.wording import marked

COLUMNS = 4
Row = dict[str, Any]


def specification_curves(verdicts: pl.DataFrame, specifications: pl.DataFrame) -> Picture | None:
    """Each answered claim's estimates under all specifications, sorted, with their intervals."""
    known = specifications.drop_nulls(["estimate", "lower", "upper"])
    shown = verdicts.drop_nulls("estimate").join(known, on="claim", how="semi", maintain_order="left")
    if shown.is_empty():
        return None
    with house_style():
        rows = math.ceil(shown.height / COLUMNS)
        figure, axes_list = panels(rows, COLUMNS, 0.3 + 1.25 * rows)
        for axes, row in zip(axes_list, shown.iter_rows(named=True), strict=False):
            _curve(axes, row, known.filter(pl.col("claim") == row["claim"]).sort("estimate", "place"))
        for axes in axes_list[shown.height :]:
            axes.set_axis_off()
        handles, labels = axes_list[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=3)
    summary = curve_summary(verdicts, specifications)
    firm = summary.filter(pl.col("same_sign") == 1)["claim"].to_list()
    clear = summary.filter(pl.col("clear") == 1)["claim"].to_list()
    takeaway = (
        f"All specifications have the primary one's sign in {len(firm)} of {summary.height} claims "
        f"and exclude no effect on its side in {len(clear)}{_names(clear)}. "
        "Percentage points; ratios as 100 times their logarithm."
    )
    return Picture(figure, takeaway, f"Specification curves, one panel a claim. {takeaway}")


def _names(claims: list[str]) -> str:
    return f" ({', '.join(claims)})" if claims else ""


def _curve(axes: Axes, row: Row, of_claim: pl.DataFrame) -> None:
    lower, upper, estimate = (100 * of_claim[name].to_numpy() for name in ("lower", "upper", "estimate"))
    place = np.arange(of_claim.height)
    primary = of_claim["primary"].to_numpy()
    clear = ((lower > 0) | (upper < 0)) & ~primary
    axes.axhline(0, color="#999999", linewidth=0.7, zorder=0)
    axes.vlines(place, lower, upper, color="#D5D5D5", linewidth=1.6, zorder=1)
    axes.plot(place[clear], estimate[clear], "o", color=BLUE, markersize=2.6, label="excludes no effect")
    open_ = ~clear & ~primary
    axes.plot(place[open_], estimate[open_], "o", color=GREY, markersize=2.6, label="does not")
    axes.plot(place[primary], estimate[primary], "D", color=VERMILLION, markersize=4.2, label="primary")
    axes.set_title(f"{row['claim']}  {str(row['outcome']).replace('_', ' ')}", fontsize=8.5)
    axes.set_xticks([])
    axes.tick_params(axis="y", labelsize=7)
    axes.margins(x=0.04)


def without_one(verdicts: pl.DataFrame, estimates: pl.DataFrame, named: frozenset[str]) -> Picture | None:
    """Each answered claim's estimate, its interval, and the range of it without one company at a time.

    ``named`` are the companies that may be named; at the right stands the one without which the estimate
    moves most. Labels are as measured on both sides.
    """
    left_out = estimates.filter(pl.col("variant") == "without_company").drop_nulls("estimate")
    answered = as_measured(verdicts).drop_nulls("estimate")
    shown = answered.join(left_out, on="claim", how="semi", maintain_order="left")
    if shown.is_empty():
        return None
    parts = shown.partition_by("scale", maintain_order=True)
    with house_style():
        heights = [0.24 * part.height + 0.45 for part in parts]
        figure, _ = panels(1, 1, sum(heights) + 0.35)
        figure.clear()
        axes_list = figure.subplots(len(parts), 1, squeeze=False, height_ratios=heights)[:, 0]
        changes = [
            change
            for axes, part in zip(axes_list, parts, strict=True)
            for change in _ranges(axes, part, left_out, named)
        ]
        handles, labels = axes_list[0].get_legend_handles_labels()
        figure.legend(handles[:3], labels[:3], loc="outside upper center", ncols=3)
    turned = [claim for claim, reversed_ in changes if reversed_]
    takeaway = (
        f"Leaving one company out reverses the sign of {len(turned)} of {len(changes)} estimates"
        f"{_names(turned)}."
    )
    return Picture(figure, takeaway, f"Estimates without one company at a time. {takeaway}")


def _ranges(
    axes: Axes, part: pl.DataFrame, left_out: pl.DataFrame, named: frozenset[str]
) -> list[tuple[str, bool]]:
    """Draw one scale's claims; which of them change their sign."""
    zero_line(axes)
    changes = []
    scale = str(part["scale"][0])
    for place, row in enumerate(part.iter_rows(named=True)):
        of_claim = left_out.filter(pl.col("claim") == row["claim"]).sort("subgroup")
        values = of_claim["estimate"].to_numpy()
        axes.plot(
            [100 * row["lower"], 100 * row["upper"]], [place, place], color="#D5D5D5", linewidth=4.5,
            solid_capstyle="butt", label="95% interval",
        )  # fmt: skip
        axes.plot(
            100 * values, np.full(len(values), place), "|", color=BLUE, markersize=7, label="without one"
        )
        axes.plot(100 * row["estimate"], place, "D", color=VERMILLION, markersize=4, label="all companies")
        most = int(np.argmax(np.abs(values - row["estimate"])))
        name = str(of_claim["subgroup"][most])
        which = f"without {name}" if name in named else "at most"
        axes.annotate(
            f"{which} {marked(float(values[most]), scale)}", (1.01, place),
            xycoords=("axes fraction", "data"), va="center", color=INK, fontsize=7.5,
        )  # fmt: skip
        changes.append((str(row["claim"]), bool((values * row["estimate"] < 0).any())))
    bare_rows(axes, [f"{row['claim']}  {str(row['outcome']).replace('_', ' ')}" for row in part.to_dicts()])
    axes.set_xlabel("100 × logarithm of the ratio" if scale == "log_rr" else "percentage points")
    return changes


def must_find_nothing(verdicts: pl.DataFrame, estimates: pl.DataFrame) -> Picture | None:
    """Negative controls and placebos with their intervals: all should hold zero."""
    checks = shown_checks(verdicts, estimates).drop_nulls("estimate")
    if checks.is_empty():
        return None
    rows = checks.to_dicts()
    with house_style():
        figure, (axes,) = panels(1, 1, 0.75 + 0.26 * len(rows))
        zero_line(axes)
        for place, row in enumerate(rows):
            off = row["lower"] > 0 or row["upper"] < 0
            colour = VERMILLION if off else BLUE
            axes.plot([100 * row["lower"], 100 * row["upper"]], [place, place], color=colour, linewidth=1.6)
            axes.plot(100 * row["estimate"], place, "o", color=colour, markersize=4.5)
        bare_rows(axes, [f"{str(row['variant']).replace('_', ' ')}: {row['claims']}" for row in rows])
        axes.set_xlabel("difference where there can be none, percentage points (95% interval)")
    held = sum(row["lower"] <= 0 <= row["upper"] for row in rows)
    takeaway = f"{held} of {len(rows)} intervals hold zero, as they should."
    return Picture(figure, takeaway, f"Negative controls and placebos. {takeaway}")
