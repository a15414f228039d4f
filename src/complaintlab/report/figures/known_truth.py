"""How the methods behave in worlds whose truth is known: bias and coverage, ours beside the naive."""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from complaintlab.recovery.rules import HIGHEST_COVERAGE, LOWEST_COVERAGE
from complaintlab.report.style import BLUE, GREY, WIDTH, Picture, bare_rows, house_style, zero_line

FARTHEST = 12.0
"""Bias in standard errors beyond which a mark is drawn at the edge."""
ROW = 0.21
"""Height of a row in inches."""


def known_truth(table: pl.DataFrame) -> Picture | None:
    """A row per kind of world; a mark per estimator and estimand (table ``recovery.csv``)."""
    known = table.filter(pl.col("bias").is_not_null(), pl.col("empirical_se") > 0)
    if known.is_empty():
        return None
    known = known.with_columns(off=(pl.col("bias") / pl.col("empirical_se")).clip(-FARTHEST, FARTHEST))
    cells = known["cell"].unique(maintain_order=True).to_list()
    with house_style():
        figure = Figure(figsize=(WIDTH, ROW * len(cells) + 1.0), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        _bias(left, known, cells)
        _coverage(right, known, cells)
        handles, labels = left.get_legend_handles_labels()
        by_label = dict(zip(labels, handles, strict=True))
        figure.legend(list(by_label.values()), list(by_label), loc="outside upper center", ncols=2)
    takeaway = _takeaway(known, table)
    return Picture(figure, takeaway, f"Bias and coverage of estimators by kind of world. {takeaway}")


def _bias(axes: Axes, known: pl.DataFrame, cells: list[str]) -> None:
    zero_line(axes)
    for naive, colour, mark, label in ((True, GREY, "x", "naive"), (False, BLUE, "o", "ours")):
        part = known.filter(pl.col("naive") == naive)
        places = [cells.index(cell) for cell in part["cell"]]
        axes.plot(part["off"], places, mark, color=colour, markersize=4.5, alpha=0.8, label=label)
    axes.set_xlabel("bias, in standard errors of one world")
    bare_rows(axes, cells)


def _coverage(axes: Axes, known: pl.DataFrame, cells: list[str]) -> None:
    axes.axvspan(100 * LOWEST_COVERAGE, 100 * HIGHEST_COVERAGE, color="#EDEDED", zorder=0)
    for row in known.filter(pl.col("coverage").is_not_null()).sort("naive", descending=True).to_dicts():
        place, colour, mark = cells.index(row["cell"]), *((GREY, "x") if row["naive"] else (BLUE, "o"))
        if not row["naive"]:
            limits = [100 * row["coverage_lower"], 100 * row["coverage_upper"]]
            axes.plot(limits, [place, place], color=BLUE, linewidth=0.9, alpha=0.5)
        axes.plot(100 * row["coverage"], place, mark, color=colour, markersize=4.5, alpha=0.8)
    axes.set_xlim(0, 101)
    axes.set_xlabel("intervals that hold the truth, % (95 is meant)")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _takeaway(known: pl.DataFrame, table: pl.DataFrame) -> str:
    judged = table.with_columns(failing=pl.col("fails").str.len_chars() > 0)
    own, naive = (judged.filter(pl.col("naive") == flag)["failing"] for flag in (False, True))
    short = table.filter(~pl.col("naive"), pl.col("worlds") < pl.col("asked")).height
    rest = f" {short} of ours rest on fewer worlds than planned." if short else ""
    return (
        f"{len(own) - int(own.sum())} of {len(own)} rows of our estimators pass the plan's rules; "
        f"{int(naive.sum())} of {len(naive)} naive ones fail them, as they should.{rest} "
        f"Marks at {FARTHEST:g} standard errors are farther off."
    )
