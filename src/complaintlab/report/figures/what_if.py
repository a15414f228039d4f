"""Figure of what-if curves: each scenario against what was seen."""

from __future__ import annotations

from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, PercentFormatter

from complaintlab.models.strategies import DAY, HOUR, MINUTE
from complaintlab.report.style import BLUE, GREY, Picture, house_style, panels
from complaintlab.verdicts.wording import OUTCOMES, signed

TICKS = {HOUR: "1 h", 6 * HOUR: "6 h", DAY: "1 d", 7 * DAY: "7 d"}


def what_if_curves(curves: pl.DataFrame) -> Picture | None:
    """Risk over time under each scenario (95% band) and as it was (grey).

    ``curves`` is what :func:`complaintlab.what_if` gives, or the table ``what_if``: one column of panels a
    scenario, one row an outcome. Where the scenario asks for more replies than were seen the curve is dashed
    and its title says "extrapolation". None without any curve.
    """
    drawn = curves.filter(pl.col("reason").is_null())
    names = drawn["scenario"].unique(maintain_order=True).to_list()
    outcomes = drawn["outcome"].unique(maintain_order=True).to_list()
    if not names:
        return None
    with house_style():
        figure, axes_list = panels(len(outcomes), len(names), 0.7 + 1.75 * len(outcomes))
        for i, outcome in enumerate(outcomes):
            of = drawn.filter(pl.col("outcome") == outcome)
            top = 1.05 * float(of.select(pl.max_horizontal("upper", "usual")).to_series().to_numpy().max())
            row = axes_list[i * len(names) : (i + 1) * len(names)]
            for axes, name in zip(row, names, strict=True):
                curve = of.filter(pl.col("scenario") == name)
                if curve.is_empty():
                    axes.set_axis_off()
                    continue
                _scenario(axes, curve, max(top, 0.01))
                if i == 0:
                    _titled(axes, curve)
                if i == len(outcomes) - 1:
                    axes.set_xlabel(f"time since the {curve['clock'][0]}", fontsize=7.5)
            row[0].set_ylabel(f"risk of {_what(outcome)}")
        axes_list[0].legend(loc="upper left", handlelength=1.6, borderaxespad=0.1, fontsize=7.5)
    gaps = "; ".join(_gaps(drawn.filter(pl.col("scenario") == name)) for name in names)
    takeaway = f"Change of the risk by the end, in points (95% interval): {gaps}."
    return Picture(figure, takeaway, f"Curves of each scenario beside what was seen. {takeaway}")


def _what(outcome: str) -> str:
    return OUTCOMES.get(outcome, outcome).split(" (")[0]


def _titled(axes: Axes, curve: pl.DataFrame) -> None:
    beyond = bool(curve["extrapolation"][0])
    axes.set_title(_folded(str(curve["scenario"][0])) + ("\n(extrapolation)" if beyond else ""), fontsize=7.5)


def _scenario(axes: Axes, curve: pl.DataFrame, top: float) -> None:
    beyond = bool(curve["extrapolation"][0])
    times, risk, usual, lower, upper = (
        curve[name].to_numpy() for name in ("time_s", "risk", "usual", "lower", "upper")
    )
    by_day, line = curve["clock"][0] == "reply", "--" if beyond else "-"
    drawn = "default" if by_day else "steps-post"  # between two days nothing is known but that it rises
    axes.fill_between(
        times, lower, upper, step=None if by_day else "post", color=BLUE, alpha=0.15, linewidth=0
    )
    axes.plot(times, usual, drawstyle=drawn, color=GREY, linewidth=1.1, label="as it was")
    axes.plot(times, risk, drawstyle=drawn, color=BLUE, linestyle=line, label="scenario")
    _time_axis(axes, max(float(times.max()), 10 * MINUTE), by_day=by_day)
    axes.set_ylim(0, top)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 4, 5, 10]))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _time_axis(axes: Axes, last: float, *, by_day: bool) -> None:
    """Logarithmic from 5 min; linear where the curve only has days."""
    if by_day:
        axes.set_xlim(0, last)
        ticks = {day * DAY: f"{day} d" for day in (1, 3, 7) if day * DAY <= last}
    else:
        axes.set_xscale("log")
        axes.set_xlim(5 * MINUTE, last)
        ticks = {tick: label for tick, label in TICKS.items() if tick <= last}
    axes.xaxis.set_major_locator(FixedLocator([float(tick) for tick in ticks]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels(list(ticks.values()), fontsize=7)


def _folded(title: str) -> str:
    """In two lines, broken at the space next to the middle."""
    spaces = [place for place, sign in enumerate(title) if sign == " "]
    if len(title) < 24 or not spaces:
        return title
    middle = min(spaces, key=lambda place: abs(place - len(title) / 2))
    return f"{title[:middle]}\n{title[middle + 1 :]}"


def _gaps(curves: pl.DataFrame) -> str:
    """A scenario, and the change of each outcome's risk at the end."""
    ends = curves.sort("time_s").group_by("outcome", maintain_order=True).last()
    changes = ", ".join(_change(row) for row in ends.iter_rows(named=True))
    mark = " (an extrapolation)" if curves["extrapolation"][0] else ""
    return f"{curves['scenario'][0]}{mark}: {changes}"


def _change(row: dict[str, Any]) -> str:
    limits = " to ".join(signed(100 * row[f"difference_{side}"]) for side in ("lower", "upper"))
    return f"{_what(row['outcome'])} {signed(100 * row['difference'])} ({limits})"
