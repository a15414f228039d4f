"""Figures that check the design: balance of confounders, and where treatment was possible at all."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from complaintlab.report.style import (
    BLUE,
    GREY,
    INK,
    WIDTH,
    Picture,
    bare_rows,
    house_style,
    panels,
    zero_line,
)
from complaintlab.verdicts.wording import signed

ALIKE = 0.1
"""Standardised difference below which arms count as alike (Austin 2009)."""


def love_plot(balance: pl.DataFrame) -> Picture | None:
    """Standardised mean differences of all confounders before and after weighting, one row a contrast.

    Rows keep the order of ``balance``; at the right the confounder that differs most after weighting.
    """
    known = balance.drop_nulls(["smd_before", "smd_after"])
    contrasts = known["contrast"].unique(maintain_order=True).to_list()
    if not contrasts:
        return None
    with house_style():
        figure, (axes,) = panels(1, 1, 0.9 + 0.27 * len(contrasts))
        zero_line(axes)
        axes.axvspan(-ALIKE, ALIKE, color="#EDEDED", zorder=0, linewidth=0)
        for place, contrast in enumerate(contrasts):
            _differences(axes, place, known.filter(pl.col("contrast") == contrast))
        bare_rows(axes, [contrast.replace("_vs_", " vs ").replace("_", " ") for contrast in contrasts])
        axes.set_xlabel("standardised mean difference of each confounder; at the right the largest after")
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles[:2], labels[:2], loc="outside upper right", ncols=2, handletextpad=0.2)
    before, after = (float(np.abs(known[f"smd_{when}"].to_numpy()).max()) for when in ("before", "after"))
    takeaway = f"The largest standardised difference is {before:.2f} before weighting and {after:.2f} after."
    return Picture(figure, takeaway, f"Love plot, one row a contrast. {takeaway}")


def _differences(axes: Axes, place: int, balance: pl.DataFrame) -> None:
    """Confounders before weighting above the row's middle, after it below."""
    places = np.full(balance.height, float(place))
    axes.plot(balance["smd_before"], places - 0.16, "|", color=GREY, label="before", markersize=6)
    axes.plot(
        balance["smd_after"], places + 0.16, "o", color=BLUE, label="after", markersize=3, alpha=0.6,
        markeredgewidth=0,
    )  # fmt: skip
    worst = balance.sort(pl.col("smd_after").abs(), "covariate", descending=[True, False]).row(0, named=True)
    name = str(worst["covariate"]).replace("_", " ").replace(":", " ")
    axes.annotate(
        f"{name} {signed(worst['smd_after'], 2)}", (1.01, place), xycoords=("axes fraction", "data"),
        va="center", color=INK, fontsize=7.5,
    )  # fmt: skip


def positivity(table: pl.DataFrame, minimum_cell: int) -> Picture | None:
    """Share answered in each interval among those still unanswered, by hostility; small cells are blank."""
    alike = _distinct_panels(table)
    if not alike:
        return None
    with house_style():
        strata = table["stratum"].n_unique()
        figure, axes_list = panels(len(alike), 1, len(alike) * (0.9 + 0.24 * strata))
        for axes, contrasts in zip(axes_list, alike, strict=True):
            _heat(axes, table.filter(pl.col("contrast") == contrasts[0]), minimum_cell)
            axes.set_title(" and ".join(contrasts).replace("_vs_", " vs ").replace("_", " "))
    drawn = table.filter(pl.col("contrast").is_in([contrasts[0] for contrasts in alike]))
    rare = drawn.filter(pl.col("at_risk") > 0).filter(pl.col("answered") < 0.01 * pl.col("at_risk")).height
    takeaway = (
        f"In {rare} of {drawn.height} cells fewer than 1% of the unanswered were answered: there an early "
        "reply could hardly happen, and its effect is not seen."
    )
    return Picture(figure, takeaway, f"Table of shares by hostility and time since the complaint. {takeaway}")


def _distinct_panels(table: pl.DataFrame) -> list[list[str]]:
    """Contrasts, those together whose tables are the same cell for cell."""
    cells = table.sort("contrast", "stratum", "interval").partition_by(
        "contrast", maintain_order=True, include_key=True
    )
    groups: list[tuple[pl.DataFrame, list[str]]] = []
    for part in cells:
        contrast, rest = str(part["contrast"][0]), part.drop("contrast")
        same = next((names for seen, names in groups if seen.equals(rest)), None)
        if same is None:
            groups.append((rest, [contrast]))
        else:
            same.append(contrast)
    return [names for _, names in groups]


def _heat(axes: Axes, table: pl.DataFrame, minimum_cell: int) -> None:
    strata = sorted(table["stratum"].unique().to_list())
    intervals = table["interval"].unique(maintain_order=True).to_list()
    intervals.sort(key=_first_minute)
    shares = np.full((len(strata), len(intervals)), np.nan)
    for row in table.iter_rows(named=True):
        if row["at_risk"] >= max(1, minimum_cell):
            place = strata.index(row["stratum"]), intervals.index(row["interval"])
            shares[place] = row["answered"] / row["at_risk"]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    size = 8.5 if len(intervals) <= WIDTH * 2 else 6.5
    for (i, j), share in np.ndenumerate(shares):
        text = "·" if np.isnan(share) else f"{share:.0%}"
        axes.text(
            j, i, text, ha="center", va="center", fontsize=size, color="white" if share > 0.55 else "black"
        )
    axes.set_yticks(range(len(strata)), strata)
    axes.set_xticks(range(len(intervals)), [_short(interval) for interval in intervals])
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _short(interval: str) -> str:
    """'001:00 to 002:00' as '1–2 h'; what is not of that shape as it is."""
    found = re.fullmatch(r"(\d+):(\d\d) to (\d+):(\d\d)", interval)
    if not found:
        return interval
    hours, minutes, to_hours, to_minutes = (int(part) for part in found.groups())
    start, end = 60 * hours + minutes, 60 * to_hours + to_minutes
    return f"{start}–{end} min" if end <= 60 else f"{start / 60:.3g}–{end / 60:.3g} h"


def _first_minute(interval: str) -> float:
    """Start of an interval such as '30-60 min', '1–6 h' or '(1 h, 2 h]', in minutes, for sorting."""
    if clock := re.match(r"(\d+):(\d\d) to ", interval):
        return 60.0 * int(clock[1]) + int(clock[2])
    digits = "".join(sign if sign.isdigit() or sign == "." else " " for sign in interval).split()
    unit = 1440 if "d" in interval else 60 if "h" in interval else 1
    return float(digits[0]) * unit if digits else float("inf")
