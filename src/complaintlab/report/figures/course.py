"""Figures over time since the complaint: replies, outcomes, outcomes under reply strategies."""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter

from complaintlab.models.strategies import DAY, HOUR, MINUTE
from complaintlab.report.style import GREY, LINES, Picture, house_style, panels
from complaintlab.verdicts.wording import OUTCOMES

TICKS = {5 * MINUTE: "5 min", 30 * MINUTE: "30", HOUR: "1 h", 6 * HOUR: "6", DAY: "1 d", 7 * DAY: "7"}
MARKS = (30 * MINUTE, HOUR)
SHORT = {"turned": "turned", "advocate": "advocate", "escalated": "escalated"}


def reply_delays(curves: pl.DataFrame) -> Picture | None:
    """Share of complaints answered by time since the complaint: all, and each company thin behind it."""
    drawn = curves.filter((pl.col("figure") == "reply") & (pl.col("time_s") > 0))
    everybody = drawn.filter(pl.col("curve") == "all")
    if everybody.is_empty():
        return None
    with house_style():
        figure, (axes,) = panels(1, 1, 2.7)
        for _, company in drawn.filter(pl.col("curve") != "all").group_by("curve", maintain_order=True):
            _steps(axes, company, color="#BBBBBB", linewidth=0.7)
        _band(axes, everybody, LINES[0][0])
        _steps(axes, everybody, color=LINES[0][0], linewidth=1.8)
        _name_end(axes, everybody, "all companies", LINES[0][0])
        _time_axis(axes, everybody)
        axes.set_ylabel("answered")
    soon, day = _at(everybody, HOUR), _at(everybody, DAY)
    takeaway = (
        f"{soon:.0%} of complaints have a first reply within an hour and {day:.0%} within a day; "
        "grey lines are companies."
    )
    return Picture(figure, takeaway, f"Step curve of the share answered over time. {takeaway}")


def outcomes(curves: pl.DataFrame) -> Picture | None:
    """Cumulative incidence of each outcome with its 95% band."""
    drawn = curves.filter((pl.col("figure") == "outcomes") & (pl.col("time_s") > 0))
    if drawn.is_empty():
        return None
    with house_style():
        figure, (axes,) = panels(1, 1, 2.7)
        ends = {}
        for (colour, line), (name, label) in zip(LINES, SHORT.items(), strict=False):
            curve = drawn.filter(pl.col("outcome") == name)
            if not curve.is_empty():
                _band(axes, curve, colour)
                _steps(axes, curve, color=colour, linestyle=line)
                _name_end(axes, curve, label, colour)
                ends[label] = float(curve.sort("time_s")["value"][-1])
        _time_axis(axes, drawn)
        axes.set_ylabel("critics")
    listed = ", ".join(f"{value:.0%} have {_perfect(label)}" for label, value in ends.items())
    days = float(drawn["time_s"].to_numpy().max()) / DAY
    takeaway = (
        f"Within {days:.0f} days {listed}; the rest have shown nothing, which is not the same as unhappy."
    )
    return Picture(figure, takeaway, f"Step curves with bands. {takeaway}")


def strategies(curves: pl.DataFrame) -> Picture | None:
    """Risk under each reply strategy of each trial, with its 95% band; dotted lines mark 30 and 60 min."""
    drawn = curves.filter(pl.col("time_s") > 0)
    trials = drawn.select("figure", "outcome").unique().sort("figure", "outcome").rows()
    if not trials:
        return None
    with house_style():
        columns = min(2, len(trials))
        rows = -(-len(trials) // columns)
        figure, axes_list = panels(rows, columns, 0.3 + 2.4 * rows)
        for axes, (name, outcome) in zip(axes_list, trials, strict=False):
            _trial(axes, drawn.filter((pl.col("figure") == name) & (pl.col("outcome") == outcome)))
            axes.set_title(OUTCOMES.get(outcome, outcome).split(" (")[0].capitalize())
        for axes in axes_list[len(trials) :]:
            axes.set_axis_off()
    takeaway = " ".join(_gap(drawn, name, outcome) for name, outcome in trials)
    return Picture(figure, takeaway, f"Risk curves by reply strategy, one panel a trial. {takeaway}")


def _trial(axes: Axes, curves: pl.DataFrame) -> None:
    for (colour, line), ((label,), curve) in zip(
        LINES, curves.group_by("curve", maintain_order=True), strict=False
    ):
        _band(axes, curve, colour)
        _steps(axes, curve, color=colour, linestyle=line, label=str(label))
    _time_axis(axes, curves)
    axes.legend(loc="upper left", handlelength=2.2, borderaxespad=0.1)


def _gap(curves: pl.DataFrame, figure: str, outcome: str) -> str:
    of = curves.filter((pl.col("figure") == figure) & (pl.col("outcome") == outcome)).sort("time_s")
    ends = of.group_by("curve", maintain_order=True).agg(pl.col("value").last())
    risks = " and ".join(f"{row['value']:.1%} under “{row['curve']}”" for row in ends.iter_rows(named=True))
    return f"Risk of {OUTCOMES.get(outcome, outcome).split(' (')[0]}: {risks}."


def _steps(axes: Axes, curve: pl.DataFrame, **look: object) -> None:
    ordered = curve.sort("time_s")
    axes.step(ordered["time_s"].to_numpy(), ordered["value"].to_numpy(), where="post", **look)


def _band(axes: Axes, curve: pl.DataFrame, colour: str) -> None:
    known = curve.sort("time_s").drop_nulls(["lower", "upper"])
    if not known.is_empty():
        times, lower, upper = (known[name].to_numpy() for name in ("time_s", "lower", "upper"))
        axes.fill_between(times, lower, upper, step="post", color=colour, alpha=0.15, linewidth=0)


def _name_end(axes: Axes, curve: pl.DataFrame, label: str, colour: str) -> None:
    last = curve.sort("time_s").row(-1, named=True)
    axes.annotate(
        label,
        (last["time_s"], last["value"]),
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
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(FixedLocator([float(tick) for tick in TICKS if tick <= last]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([label for tick, label in TICKS.items() if tick <= last])
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    for mark in MARKS:
        axes.axvline(mark, color=GREY, linewidth=0.6, linestyle=":", zorder=0)
    axes.set_xlabel("time since the complaint (30 and 60 min dotted)")


def _at(curve: pl.DataFrame, time_s: float) -> float:
    before = curve.filter(pl.col("time_s") <= time_s).sort("time_s")["value"]
    return float(before[-1]) if len(before) else 0.0


def _perfect(label: str) -> str:
    return "become advocates" if label == "advocate" else label
