"""Figures over time since the complaint: replies, outcomes, outcomes under reply strategies."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, PercentFormatter

from complaintlab.models.strategies import COUNTS, DAY, HOUR, LATER, MINUTE
from complaintlab.report.style import GREY, LINES, Picture, house_style, panels
from complaintlab.verdicts.wording import OUTCOMES

TICKS = {
    5 * MINUTE: "5 min", 30 * MINUTE: "30 min", HOUR: "1 h", 6 * HOUR: "6 h", DAY: "1 d", 7 * DAY: "7 d",
}  # fmt: skip
MARKS = (30 * MINUTE, HOUR)
WEEKS = (0, 7, 14, 21, 28)
LABEL_GAP = 0.08
"""Least distance of two labels, as a share of the panel's height."""
SHORT = {"turned": "turned", "advocate": "advocate", "escalated": "escalated"}


def reply_delays(curves: pl.DataFrame) -> Picture | None:
    """Share of complaints answered by time since the complaint: all, and each company thin behind it."""
    drawn = curves.filter((pl.col("figure") == "reply") & (pl.col("time_s") > 0))
    everybody = drawn.filter(pl.col("curve") == "all")
    if everybody.is_empty():
        return None
    with house_style():
        figure, (axes,) = panels(1, 1, 2.7)
        companies = drawn.filter(pl.col("curve") != "all").partition_by("curve", maintain_order=True)
        if len(companies) == 1 and companies[0]["value"].equals(everybody["value"]):
            companies = []  # all complaints are to this one
        for company in companies:
            _steps(axes, company, color="#BBBBBB", linewidth=0.7)
        _band(axes, everybody, LINES[0][0])
        _steps(axes, everybody, color=LINES[0][0], linewidth=1.8)
        _time_axis(axes, everybody)
        _percent_axis(axes)
        _name_ends(axes, [("all companies" if companies else "all", LINES[0][0], everybody)])
        axes.set_ylabel("answered")
    soon, day = _at(everybody, HOUR), _at(everybody, DAY)
    thin = "; grey lines are companies" if companies else ""
    takeaway = f"{soon:.0%} of complaints have a first reply within an hour and {day:.0%} within a day{thin}."
    return Picture(figure, takeaway, f"Step curve of the share answered over time. {takeaway}")


def outcomes(curves: pl.DataFrame, horizon_days: float) -> Picture | None:
    """Cumulative incidence of each outcome with its 95% band."""
    drawn = curves.filter((pl.col("figure") == "outcomes") & (pl.col("time_s") > 0))
    if drawn.is_empty():
        return None
    with house_style():
        figure, (axes,) = panels(1, 1, 2.7)
        named = []
        for (colour, line), (name, label) in zip(LINES, SHORT.items(), strict=False):
            curve = drawn.filter(pl.col("outcome") == name)
            if not curve.is_empty():
                _band(axes, curve, colour)
                _steps(axes, curve, color=colour, linestyle=line)
                named.append((label, colour, curve))
        _time_axis(axes, drawn)
        _percent_axis(axes)
        _name_ends(axes, named)
        axes.set_ylabel("critics")
    listed = ", ".join(f"{_end(curve)[1]:.0%} have {_perfect(label)}" for label, _, curve in named)
    takeaway = (
        f"{_period(drawn, horizon_days)} {listed}; the rest have shown nothing, which is not the same as "
        "unhappy."
    )
    return Picture(figure, takeaway, f"Step curves with bands. {takeaway}")


def _period(curves: pl.DataFrame, horizon_days: float) -> str:
    """The horizon, and how far the curves reach where follow-up ends before it."""
    within = f"Within {horizon_days:g} {'day' if horizon_days == 1 else 'days'}"
    last = float(curves["time_s"].to_numpy().max())
    short = last < horizon_days * DAY
    return f"{within} (the curves end at {last / HOUR:.0f} h, with the follow-up)" if short else within


def strategies(curves: pl.DataFrame) -> Picture | None:
    """Risk or mean count under each reply strategy of each trial, with its 95% band.

    One panel a figure and outcome, in the order of ``curves``; dotted lines mark 30 and 60 min.
    """
    drawn = curves.filter(pl.col("time_s") > 0)
    trials = drawn.select("figure", "outcome").unique(maintain_order=True).rows()
    if not trials:
        return None
    with house_style():
        columns = min(2, len(trials))
        rows = -(-len(trials) // columns)
        figure, axes_list = panels(rows, columns, 0.3 + (2.4 if rows < 3 else 2.15) * rows)
        for axes, (name, outcome) in zip(axes_list, trials, strict=False):
            of = drawn.filter((pl.col("figure") == name) & (pl.col("outcome") == outcome))
            _trial(axes, of, outcome)
            axes.set_title(_quantity(outcome))
        for axes in axes_list[len(trials) :]:
            axes.set_axis_off()
    takeaway = " ".join(_gap(drawn, name, outcome) for name, outcome in trials)
    return Picture(figure, takeaway, f"Curves by reply strategy, one panel a trial. {takeaway}")


def _quantity(outcome: str) -> str:
    what = OUTCOMES.get(outcome, outcome).split(" (")[0]
    return f"Mean number of {what}" if outcome in COUNTS else f"Risk of {what}"


def _trial(axes: Axes, curves: pl.DataFrame, outcome: str) -> None:
    for (colour, line), ((label,), curve) in zip(
        LINES, curves.group_by("curve", maintain_order=True), strict=False
    ):
        _band(axes, curve, colour)
        _steps(axes, curve, color=colour, linestyle=line, label=str(label))
    if outcome in LATER:
        axes.set_xlim(0, float(curves["time_s"].to_numpy().max()))
        axes.set_xticks([day * DAY for day in WEEKS], [f"{day} d" for day in WEEKS])
    else:
        _time_axis(axes, curves)
    axes.set_ylim(bottom=0)
    if outcome not in COUNTS:
        _percent_axis(axes)
    axes.set_xlabel("time since the complaint")
    axes.tick_params(axis="x", labelsize=7)
    axes.legend(loc="upper left", handlelength=2.2, borderaxespad=0.1)


def _gap(curves: pl.DataFrame, figure: str, outcome: str) -> str:
    of = curves.filter((pl.col("figure") == figure) & (pl.col("outcome") == outcome)).sort("time_s")
    ends = of.group_by("curve", maintain_order=True).agg(pl.col("value").last())
    digits = ".3f" if outcome in COUNTS else ".1%"
    values = " and ".join(f"{value:{digits}} under “{name}”" for name, value in ends.iter_rows())
    return f"{_quantity(outcome)}: {values}."


def _steps(axes: Axes, curve: pl.DataFrame, **look: object) -> None:
    ordered = curve.sort("time_s")
    axes.step(ordered["time_s"].to_numpy(), ordered["value"].to_numpy(), where="post", **look)


def _band(axes: Axes, curve: pl.DataFrame, colour: str) -> None:
    known = curve.sort("time_s").drop_nulls(["lower", "upper"])
    if not known.is_empty():
        times, lower, upper = (known[name].to_numpy() for name in ("time_s", "lower", "upper"))
        axes.fill_between(times, lower, upper, step="post", color=colour, alpha=0.15, linewidth=0)


def _end(curve: pl.DataFrame) -> tuple[float, float]:
    last = curve.sort("time_s").row(-1, named=True)
    return float(last["time_s"]), float(last["value"])


def _name_ends(axes: Axes, named: Sequence[tuple[str, str, pl.DataFrame]]) -> None:
    """Label, colour and curve: the label beside the curve's end, moved up where it would hide another."""
    gap = LABEL_GAP * axes.get_ylim()[1]
    lowest = 0.0
    for label, colour, curve in sorted(named, key=lambda item: _end(item[2])[1]):
        time_s, value = _end(curve)
        height = max(value, lowest)
        lowest = height + gap
        axes.annotate(
            label,
            (time_s, height),
            (4, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            annotation_clip=False,
        )


def _time_axis(axes: Axes, curves: pl.DataFrame) -> None:
    axes.set_xscale("log")
    last = max(float(curves["time_s"].to_numpy().max()), 10 * MINUTE)
    axes.set_xlim(5 * MINUTE, last)
    axes.xaxis.set_major_locator(FixedLocator([float(tick) for tick in TICKS if tick <= last]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([label for tick, label in TICKS.items() if tick <= last])
    for mark in MARKS:
        axes.axvline(mark, color=GREY, linewidth=0.6, linestyle=":", zorder=0)
    axes.set_xlabel("time since the complaint (30 and 60 min dotted)")


def _percent_axis(axes: Axes) -> None:
    """From zero, with ticks at whole percents."""
    top = max(0.01, axes.get_ylim()[1])
    ticks = MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]).tick_values(0, 100 * top)
    axes.set_ylim(0, top)
    axes.yaxis.set_major_locator(FixedLocator([tick / 100 for tick in ticks if 0 <= tick <= 100 * top]))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _at(curve: pl.DataFrame, time_s: float) -> float:
    before = curve.filter(pl.col("time_s") <= time_s).sort("time_s")["value"]
    return float(before[-1]) if len(before) else 0.0


def _perfect(label: str) -> str:
    return "become advocates" if label == "advocate" else label
