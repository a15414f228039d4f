"""Figure of what-if curves: each scenario against usual care."""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter

from complaintlab.models.strategies import MINUTE
from complaintlab.report.figures.course import TICKS
from complaintlab.report.style import BLUE, GREY, Picture, house_style, panels
from complaintlab.verdicts.wording import OUTCOMES, signed


def what_if_curves(curves: pl.DataFrame) -> Picture | None:
    """Risk over time under each scenario (95% band) and under usual care (grey), one panel a scenario.

    ``curves`` is what :func:`complaintlab.models.what_if.what_if` gives. Where the scenario asks for more
    replies than were seen the curve is dashed and its title says "extrapolation". None without any curve.
    """
    drawn = curves.filter(pl.col("reason").is_null())
    names = drawn["scenario"].unique(maintain_order=True).to_list()
    if not names:
        return None
    with house_style():
        figure, axes_list = panels(1, len(names), 2.6)
        top = 1.05 * float(drawn.select(pl.max_horizontal("upper", "usual")).to_series().to_numpy().max())
        for axes, name in zip(axes_list, names, strict=True):
            _scenario(axes, drawn.filter(pl.col("scenario") == name), max(top, 0.01))
        axes_list[0].legend(loc="upper left", handlelength=2.2, borderaxespad=0.1)
        what = OUTCOMES.get(str(drawn["outcome"][0]), str(drawn["outcome"][0])).split(" (")[0]
        axes_list[0].set_ylabel(f"risk of {what}")
    takeaway = " ".join(_gap(drawn.filter(pl.col("scenario") == name), what) for name in names)
    return Picture(figure, takeaway, f"Curves of each scenario beside usual care. {takeaway}")


def _scenario(axes: Axes, curve: pl.DataFrame, top: float) -> None:
    beyond = bool(curve["extrapolation"][0])
    times, risk, usual, lower, upper = (
        curve[name].to_numpy() for name in ("time_s", "risk", "usual", "lower", "upper")
    )
    axes.fill_between(times, lower, upper, step="post", color=BLUE, alpha=0.15, linewidth=0)
    axes.step(times, usual, where="post", color=GREY, linewidth=1.1, label="usual care")
    axes.step(times, risk, where="post", color=BLUE, linestyle="--" if beyond else "-", label="scenario")
    axes.set_title(_folded(str(curve["scenario"][0])) + ("\n(extrapolation)" if beyond else ""), fontsize=7.5)
    last = max(float(times.max()), 10 * MINUTE)
    axes.set_xscale("log")
    axes.set_xlim(5 * MINUTE, last)
    ticks = {tick: label for tick, label in TICKS.items() if tick <= last and tick != 30 * MINUTE}
    axes.xaxis.set_major_locator(FixedLocator([float(tick) for tick in ticks]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels(list(ticks.values()), fontsize=7)
    axes.set_ylim(0, top)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel("time since the complaint")


def _folded(title: str) -> str:
    """In two lines, broken at the space next to the middle."""
    spaces = [place for place, sign in enumerate(title) if sign == " "]
    if len(title) < 24 or not spaces:
        return title
    middle = min(spaces, key=lambda place: abs(place - len(title) / 2))
    return f"{title[:middle]}\n{title[middle + 1 :]}"


def _gap(curve: pl.DataFrame, what: str) -> str:
    last = curve.sort("time_s").row(-1, named=True)
    limits = " to ".join(signed(100 * last[f"difference_{side}"]) for side in ("lower", "upper"))
    mark = ", an extrapolation" if last["extrapolation"] else ""
    scenario = str(last["scenario"])
    return (
        f"{scenario[:1].upper()}{scenario[1:]}: the risk of {what} changes by "
        f"{signed(100 * last['difference'])} points (95% interval {limits}{mark})."
    )
