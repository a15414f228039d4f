"""Figures of what critics have shown after a week, and of how much agents differ."""

from __future__ import annotations

from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from complaintlab.labels import STANCES
from complaintlab.models.regression.answered import EXPOSURE
from complaintlab.models.regression.stance import ARMS, SILENT
from complaintlab.report.style import BLUE, Picture, bare_rows, house_style, panels, zero_line
from complaintlab.verdicts.wording import probability, signed

Row = dict[str, Any]
PREFIX = "stance_7d_"
FILLS = {
    "escalates": "#B84A00", "persists": "#F0B27A", "neutral": "#D9D9D9", "thanks": "#A9D3EC",
    "resolved": "#3C8DC0", "advocates": "#004C78", SILENT: "#FFFFFF",
}  # fmt: skip
DARK = ("escalates", "resolved", "advocates")
LABELLED = 0.055
"""Least share that has room for its number."""


def stance_after_a_week(estimates: pl.DataFrame, minimum: int) -> Picture | None:
    """Last stance by how soon critics were answered (bars), and changes of each given the confounders (dots).

    Where a group is smaller than ``minimum`` people it is not drawn, and all others are rounded to that.
    """
    shares = estimates.filter((pl.col("model") == "share") & pl.col("outcome").str.starts_with(PREFIX))
    arms = [arm for arm in ARMS if shares.filter(pl.col("contrast") == arm)["n"].sum() > 0]
    if not arms:
        return None
    changes = _changes(estimates)
    with house_style():
        figure, axes_list = panels(1, 2 if changes else 1, 2.5)
        counts = {arm: _counts(shares, arm, minimum) for arm in arms}
        _bars(axes_list[0], counts)
        if changes:
            _dots(axes_list[1], changes)
        handles, labels = axes_list[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncol=len(FILLS), handlelength=1.0,
                      columnspacing=1.0)  # fmt: skip
    told = " ".join(_told(arm, counts[arm]) for arm in arms)
    takeaway = f"{told} {_adjusted(changes)}Description, not effect."
    return Picture(figure, takeaway, f"Stacked bars by when critics were answered. {takeaway}")


def agents_apart(agents: pl.DataFrame, estimates: pl.DataFrame, minimum: int) -> Picture | None:
    """Each agent's predicted deviation from the company, in order, without names (a caterpillar plot)."""
    correlation = estimates.filter(
        (pl.col("contrast") == "between_agents") & pl.col("estimate").is_not_null()
    )
    shown = agents.filter(pl.col("n") >= minimum, pl.col("critics") >= minimum).sort("effect", "agent_id")
    if shown.is_empty() or correlation.is_empty():
        return None
    effect, lower, upper = (100 * shown[name].to_numpy() for name in ("effect", "lower", "upper"))
    with house_style():
        figure, (axes,) = panels(1, 1, 2.2)
        places = range(shown.height)
        axes.axhline(0, color="#999999", linewidth=0.7, zorder=0)
        axes.vlines(places, lower, upper, color=BLUE, linewidth=0.8, alpha=0.6)
        axes.plot(places, effect, "o", color=BLUE, markersize=2.6)
        axes.set(xlim=(-1, shown.height), xticks=[], xlabel=f"{shown.height} agents, in order")
        axes.set_ylabel("from the company's,\npercentage points")
        if not effect.any():
            axes.set_ylim(-5, 5)
            axes.annotate("no variance between agents was found", (0, 1), color="#666666", fontsize=8)
    clear = int(((lower > 0) | (upper < 0)).sum())
    row = correlation.row(0, named=True)
    hidden = agents.height - shown.height
    limits = f"{row['lower']:.1%} to {row['upper']:.1%}, {probability(row['p'])}"
    takeaway = (
        f"Of what company and complaint leave open in whether critics turn, {row['estimate']:.1%} lies "
        f"between a company's agents (95% interval {limits}); {clear or 'none'} of {shown.height} agents "
        f"{'differs' if clear < 2 else 'differ'} clearly from the company's average."
    )
    if hidden:
        takeaway += f" {hidden} with fewer than {minimum} replies or critics are not drawn."
    return Picture(figure, takeaway, f"Dots with intervals, one an agent, sorted. {takeaway}")


def _counts(shares: pl.DataFrame, arm: str, minimum: int) -> dict[str, int]:
    """How many show each stance; rounded, and without the small ones, if there are any of these."""
    of = shares.filter(pl.col("contrast") == arm)
    exact = {name.removeprefix(PREFIX): n for name, n in of.select("outcome", "events").iter_rows()}
    if not any(0 < n < minimum for n in exact.values()):
        return exact
    return {name: 0 if n < minimum else minimum * round(n / minimum) for name, n in exact.items()}


def _bars(axes: Axes, counts: dict[str, dict[str, int]]) -> None:
    for place, of in enumerate(counts.values()):
        total, left = max(sum(of.values()), 1), 0.0
        for name in (*STANCES, SILENT):
            share = of.get(name, 0) / total
            axes.barh(
                place, share, left=left, color=FILLS[name], edgecolor="#888888", linewidth=0.4, height=0.62,
                label=name if place == 0 else None,
            )  # fmt: skip
            if share >= LABELLED:
                colour = "white" if name in DARK else "#262626"
                axes.text(left + share / 2, place, f"{share:.0%}", ha="center", va="center", fontsize=7,
                          color=colour)  # fmt: skip
            left += share
    bare_rows(axes, [arm.replace("answered ", "answered\n", 1) for arm in counts])
    axes.set(xlim=(0, 1), xlabel="critics")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_title("Last stance within 7 days")


def _changes(estimates: pl.DataFrame) -> list[Row]:
    known = estimates.filter(
        (pl.col("model") == "multinomial-logit") & pl.col("estimate").is_not_null(),
        pl.col("contrast") == f"{EXPOSURE}_vs_not",
    )
    order = {name: place for place, name in enumerate((*STANCES, SILENT))}
    rows = known.with_columns(stance=pl.col("outcome").str.replace(PREFIX, "")).to_dicts()
    return sorted(rows, key=lambda row: order.get(row["stance"].split("_or_")[0], len(order)))


def _dots(axes: Axes, rows: list[Row]) -> None:
    zero_line(axes)
    for place, row in enumerate(rows):
        axes.plot([100 * row["lower"], 100 * row["upper"]], [place, place], color=BLUE, linewidth=1.2)
        clear = row["lower"] * row["upper"] > 0
        axes.plot(100 * row["estimate"], place, "o", color=BLUE, markersize=5,
                  markerfacecolor=BLUE if clear else "white")  # fmt: skip
    bare_rows(axes, [row["stance"].replace("_", " ") for row in rows])
    axes.set_xlabel("answered within 1 h, percentage points")
    axes.set_title("Change given confounders")


def _told(arm: str, counts: dict[str, int]) -> str:
    total = max(sum(counts.values()), 1)
    good = sum(counts.get(name, 0) for name in ("resolved", "advocates")) / total
    return (
        f"{arm[:1].upper()}{arm[1:]}: {good:.0%} resolved or advocates, "
        f"{counts.get('escalates', 0) / total:.0%} escalate, {counts.get(SILENT, 0) / total:.0%} silent."
    )


def _adjusted(rows: list[Row]) -> str:
    silent = next((row for row in rows if row["stance"] == SILENT), None)
    if silent is None:
        return ""
    limits = " to ".join(signed(100 * silent[side]) for side in ("lower", "upper"))
    return (
        "Given the confounders, the share of the silent is with an answer within the hour different by "
        f"{signed(100 * silent['estimate'])} points (95% interval {limits}). "
    )
