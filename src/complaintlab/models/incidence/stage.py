"""Stage ``incidence``: what share of critics is answered, turns, advocates or escalates by when.

Aalen–Johansen risks with the author's deletion, the loss of the account and a lock as competing ends, left
truncated at the first sighting; and landmark curves (Anderson, Cain and Gelber 1983), which compare those
answered and not answered by a landmark among those in whom nothing had happened until then. Description,
not effect: who is answered soon differs from who is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import polars as pl

from complaintlab.models.estimate_rows import Estimate, estimates_table
from complaintlab.models.incidence import cumulative_incidence
from complaintlab.models.strategies import DAY, HOUR, MINUTE
from complaintlab.params import Analysis
from complaintlab.spells.followup import COMPETING
from complaintlab.store import conform

OUTCOMES = ("turned", "advocate", "escalated")
LANDMARKS = {"30min": 30 * MINUTE, "1h": HOUR, "6h": 6 * HOUR, "24h": DAY}
COMPANY_MINIMUM = 30
REPORTED_DAYS = (1.0, 3.0, 7.0)
MODEL = "aalen_johansen"


class Outputs(NamedTuple):
    """Tables that the stage writes."""

    curves_incidence: pl.DataFrame
    estimates_incidence: pl.DataFrame


@dataclass(frozen=True)
class Curve:
    """One curve to draw: episodes at risk (start_s, stop_s, cause, author_id) under its names."""

    figure: str
    curve: str
    outcome: str
    at_risk: pl.DataFrame


def run(episodes: pl.DataFrame, analysis: Analysis) -> Outputs:
    """Cumulative incidence among complaint episodes up to ``horizon_days``, overall and by landmark.

    Figures: ``reply`` (all, and each company with at least 30 episodes), ``outcomes``, and
    ``landmark_<when>_<outcome>``. Estimates are risks at 1, 3 and 7 days within the horizon; their subgroup
    is the figure, their contrast the curve. Errors are clustered by author.
    """
    complaints = episodes.filter(pl.col("kind").cast(pl.String) == "complaint").sort("episode_id")
    horizon_s = round(analysis.horizon_days * DAY)
    curves: list[pl.DataFrame] = []
    estimates: list[Estimate] = []
    for curve in wanted_curves(complaints, horizon_s):
        fitted = _fit(curve)
        curves.append(_sampled(curve, fitted, horizon_s))
        estimates.extend(_estimates(curve, fitted, analysis))
    drawn = pl.concat(curves)
    return Outputs(
        conform("curves_incidence", drawn).sort("figure", "curve", "outcome", "time_s"),
        estimates_table(estimates),
    )


def at_risk(episodes: pl.DataFrame, event_s: str, *, until_s: int, from_s: int = 0) -> pl.DataFrame:
    """One row per episode at risk of its first ``event_s`` in (start_s, stop_s].

    ``cause`` is 1 for the event, 2 for a competing end, 0 for the end of looking. Episodes whose event or
    end is not after max(entry, ``from_s``) were never at risk and are left out.
    """
    event, end = pl.col(event_s), pl.col("end_s")
    stop = pl.min_horizontal(event, end, pl.lit(until_s))
    competing = pl.col("end").cast(pl.String).is_in(COMPETING) & (end == stop)
    cause = pl.when((event == stop).fill_null(False)).then(1).when(competing).then(2).otherwise(0)
    return episodes.with_columns(
        start_s=pl.max_horizontal("entry_s", pl.lit(from_s)), stop_s=stop, cause=cause
    ).filter(pl.col("start_s") < pl.col("stop_s"))


def wanted_curves(complaints: pl.DataFrame, horizon_s: int) -> Iterator[Curve]:
    """Every curve of the stage."""
    replies = at_risk(complaints, "first_reply_s", until_s=horizon_s)
    yield Curve("reply", "all", "reply", replies)
    for (company,), part in replies.group_by("company", maintain_order=True):
        if part.height >= COMPANY_MINIMUM:
            yield Curve("reply", str(company), "reply", part)
    for outcome in OUTCOMES:
        yield Curve("outcomes", "all", outcome, at_risk(complaints, f"{outcome}_s", until_s=horizon_s))
    for when, landmark_s in LANDMARKS.items():
        answered = (pl.col("first_reply_s") <= landmark_s).fill_null(False)
        for outcome in OUTCOMES:
            event_free = at_risk(complaints, f"{outcome}_s", until_s=horizon_s, from_s=landmark_s)
            figure = f"landmark_{when}_{outcome}"
            yield Curve(figure, "answered", outcome, event_free.filter(answered))
            yield Curve(figure, "not answered", outcome, event_free.filter(~answered))


def _fit(curve: Curve) -> pl.DataFrame:
    """time, risk, se, lower, upper, n_risk of the event itself; empty if it never happened."""
    columns = ("time", "risk", "se", "lower", "upper", "n_risk")
    if not (curve.at_risk["cause"] == 1).any():
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.Float64))
    fitted = cumulative_incidence(
        curve.at_risk, start="start_s", stop="stop_s", event="cause", id="author_id"
    )
    return fitted.filter(pl.col("cause") == 1).select(pl.col(columns).cast(pl.Float64)).sort("time")


def drawn_times(horizon_s: int) -> list[float]:
    """Times in seconds at which curves are drawn: every 5 min to 2 h, 30 min to 24 h, then 2 h."""
    fine = np.arange(0, 2 * HOUR, 5 * MINUTE)
    middle = np.arange(2 * HOUR, DAY, 30 * MINUTE)
    coarse = np.arange(DAY, horizon_s + 1, max(2 * HOUR, (horizon_s - DAY) // 120))
    times = np.concatenate([fine, middle, coarse, [horizon_s]])
    return sorted({float(time) for time in times if time <= horizon_s})


def _at_times(curve: Curve, fitted: pl.DataFrame, times: list[float]) -> pl.DataFrame:
    """The step function at these times, as far as it is known.

    It is known up to the last moment at which somebody was followed, and on to any time where everybody who
    was followed so long had an event or a competing end.
    """
    stops = curve.at_risk.filter(pl.col("stop_s") == pl.col("stop_s").max())
    all_ended = stops.height > 0 and (stops["cause"] > 0).all()
    last = max(times) if all_ended else max(stops["stop_s"].to_list(), default=-1)
    asked = pl.DataFrame({"time_s": times}, schema={"time_s": pl.Float64}).filter(pl.col("time_s") <= last)
    return asked.join_asof(fitted, left_on="time_s", right_on="time").with_columns(
        pl.col("risk", "se").fill_null(0.0), pl.col("upper").clip(upper_bound=1.0)
    )


def _sampled(curve: Curve, fitted: pl.DataFrame, horizon_s: int) -> pl.DataFrame:
    drawn = _at_times(curve, fitted, drawn_times(horizon_s))
    return drawn.select(
        pl.lit(curve.figure).alias("figure"),
        pl.lit(curve.curve).alias("curve"),
        pl.lit(curve.outcome).alias("outcome"),
        "time_s",
        pl.col("risk").alias("value"),
        "lower",
        "upper",
        "n_risk",
    )


def _estimates(curve: Curve, fitted: pl.DataFrame, analysis: Analysis) -> Iterator[Estimate]:
    clusters = curve.at_risk["author_id"].n_unique()
    for days in (days for days in REPORTED_DAYS if days <= analysis.horizon_days):
        by_then = curve.at_risk.filter(pl.col("cause") == 1, pl.col("stop_s") <= days * DAY)
        row = Estimate(
            contrast=curve.curve, outcome=curve.outcome, model=MODEL, scale="risk", variant="descriptive",
            subgroup=curve.figure, time_days=days, n=curve.at_risk.height, n_exposed=curve.at_risk.height,
            events=by_then.height, events_exposed=by_then.height, clusters=clusters,
        )  # fmt: skip
        yield _with_risk(row, _at_times(curve, fitted, [days * DAY]))


def _with_risk(row: Estimate, risk: pl.DataFrame) -> Estimate:
    if risk.is_empty():
        return row.unknown("nobody was at risk and followed that long")
    value = risk.row(0, named=True)
    return replace(
        row,
        estimate=value["risk"],
        se=value["se"],
        lower=value["lower"],
        upper=value["upper"],
        converged=True,
    )
