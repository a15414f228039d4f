"""What reply and loss may depend on in a target trial: confounders, time, and history known by then."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.causal.logistic import Features
from complaintlab.models.strategies import DAY, HOUR, MINUTE
from complaintlab.models.trials.course import Course

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

KNOTS_S = (15 * MINUTE, 45 * MINUTE, 2 * HOUR, 6 * HOUR, 16 * HOUR, 2 * DAY)
WAITED_FLOOR_HOURS = 0.1
WAITED_KNOTS_HOURS = (0.5, 2.0, 8.0)
HOURS_OF_DAYPART = 4
HOURS_OF_WEEK = 168


def features(
    episodes: pl.DataFrame,
    spells: pl.DataFrame,
    baseline: FloatArray,
    course: Course,
    other_events: Sequence[str],
) -> Features:
    """Features of the reply hazard: ``baseline`` (n, p), time since the complaint, and history.

    History is what the spells' row in force at the interval's start says: hostility of the critic's latest
    turn, others against so far, turns so far, load, a host's deletion; whether one of ``other_events``
    (columns <event>_s of ``episodes``) has been shown. What can be foreseen is the company's opening hours,
    part of day and weekend at that moment, and how the effect of the opener's hostility fades.
    """
    starts = course.starts_s
    history = _told_apart(
        [
            *_in_force(episodes, spells, starts),
            *(_by(episodes[f"{event}_s"], starts) for event in other_events),
        ]
    )
    fading = _scaled(episodes["hostility"].to_numpy())[:, None] * np.log(course.ends_s / HOUR)[None, :]
    foreseeable = _told_apart([*_calendar(episodes, spells, starts), fading])
    varying = np.array(history + foreseeable, dtype=np.float32).reshape(-1, course.n, len(course.ends_s))
    return Features(baseline, time_basis(course.ends_s), varying, log_hours(course.ends_s), len(history))


def with_answered(base: Features, course: Course) -> Features:
    """Features of the hazard of loss: those of the reply, and whether there has been one."""
    answered = (course.reply_s[:, None] <= course.starts_s[None, :]).astype(float)
    time = time_basis(course.ends_s)[:, [0, 1, -1]]
    varying = np.concatenate([base.varying, _scaled(answered)[None].astype(np.float32)])
    return Features(base.baseline, time, varying, base.offset)


def time_basis(ends_s: IntArray) -> FloatArray:
    """(K, q): intercept, log hours (linear between knots), and whole days."""
    hours = np.log(_middle(ends_s) / HOUR)
    bends = [np.maximum(hours - np.log(knot / HOUR), 0.0) for knot in KNOTS_S]
    return np.column_stack([np.ones(len(ends_s)), hours, *bends, ends_s > DAY])


def _in_force(episodes: pl.DataFrame, spells: pl.DataFrame, starts: IntArray) -> list[FloatArray]:
    """(n, K) of each history column of ``spells``, from the row in force at each interval's start."""
    order = episodes.select("episode_id").with_row_index("i")
    rows = spells.join(order, on="episode_id").sort("i", "start_s")
    span = np.int64(2**40)
    known = rows["i"].cast(pl.Int64).to_numpy() * span + rows["start_s"].clip(lower_bound=0).to_numpy()
    wanted = np.arange(episodes.height, dtype=np.int64)[:, None] * span + starts[None, :]
    found = np.searchsorted(known, wanted, side="right") - 1
    first = np.searchsorted(known, np.arange(episodes.height, dtype=np.int64) * span)
    covered = found >= first[:, None]
    found = np.clip(found, 0, None)
    at_start = {
        "hostility_last": episodes["hostility"],
        "against_so_far": episodes["spread_before"].cast(pl.Float64).log1p(),
        "replies_so_far": pl.zeros(episodes.height, eager=True),
        "load": episodes["load"].cast(pl.Float64).log1p(),
        "critic_deleted": pl.zeros(episodes.height, eager=True),
    }
    columns = []
    for name, default in at_start.items():
        otherwise = default.cast(pl.Float64).to_numpy()[:, None]
        values = rows[name].cast(pl.Float64)
        known_values = (values if name == "hostility_last" else values.log1p()).fill_null(float("nan"))
        now = known_values.to_numpy()[found] if rows.height else np.full(wanted.shape, np.nan)
        columns.append(np.where(covered & ~np.isnan(now), now, otherwise))
    return columns


def _by(seconds: pl.Series, starts: IntArray) -> FloatArray:
    """(n, K): whether it has happened by the interval's start."""
    when = seconds.cast(pl.Float64).fill_null(float("inf")).to_numpy()
    return (when[:, None] <= starts[None, :]).astype(float)


def _calendar(episodes: pl.DataFrame, spells: pl.DataFrame, starts: IntArray) -> list[FloatArray]:
    """(n, K) each: opening hours now and those waited so far, parts of the day (but one), weekend now.

    Many companies answer by the opening hours that a complaint has waited, not by the clock.
    """
    within = episodes.select(
        pl.col("started_at").dt.minute().cast(pl.Int64) * 60 + pl.col("started_at").dt.second()
    ).to_series()
    first = episodes["hour_of_week"].cast(pl.Int64).to_numpy() * HOUR + within.to_numpy()
    hour = (first[:, None] + starts[None, :]) // HOUR % HOURS_OF_WEEK
    part = hour % 24 // HOURS_OF_DAYPART
    parts = [(part == p).astype(float) for p in range(1, 24 // HOURS_OF_DAYPART)]
    company = episodes["company"].rank("dense").cast(pl.Int64).to_numpy() - 1
    now_open = opening_hours(episodes, spells)[company[:, None], hour]
    lengths = np.diff(starts, append=starts[-1]) / HOUR
    waited = np.cumsum(now_open * lengths, axis=1) - now_open * lengths
    log_waited = np.log(waited + WAITED_FLOOR_HOURS)
    bends = [np.maximum(log_waited - np.log(knot), 0.0) for knot in WAITED_KNOTS_HOURS]
    return [now_open, log_waited, *bends, *parts, (hour >= 5 * 24).astype(float)]


def opening_hours(episodes: pl.DataFrame, spells: pl.DataFrame) -> FloatArray:
    """(companies, 168): share of rows marked as business hours, by company (sorted) and hour of its week.

    An hour that no row of the company shows takes the mean over companies; 0.5 where nothing is known.
    """
    columns = ["company", "hour_of_week", "business_hours"]
    rows = pl.concat([episodes.select(columns), spells.select(columns)]).drop_nulls()
    companies = episodes["company"].unique().sort()
    known = rows.group_by("company", "hour_of_week").agg(
        pl.len(), pl.col("business_hours").cast(pl.Int64).sum().alias("open")
    )
    known = known.join(companies.to_frame().with_row_index("i"), on="company")
    table = np.full((len(companies), HOURS_OF_WEEK), np.nan)
    table[known["i"].to_numpy(), known["hour_of_week"].to_numpy()] = (known["open"] / known["len"]).to_numpy()
    seen = ~np.isnan(table)
    total = np.where(seen, table, 0.0).sum(axis=0)
    mean = np.divide(total, seen.sum(axis=0), out=np.full(HOURS_OF_WEEK, 0.5), where=seen.any(axis=0))
    return np.asarray(np.where(seen, table, mean[None, :]))


def _told_apart(spans: list[FloatArray]) -> list[FloatArray]:
    """Standardised, without those that are the same everywhere."""
    return [_scaled(values) for values in spans if values.std() > 1e-9]


def _scaled(values: FloatArray) -> FloatArray:
    spread = float(values.std())
    return np.asarray((values - values.mean()) / (spread if spread > 0 else 1.0))


def _middle(ends_s: IntArray) -> FloatArray:
    return (np.concatenate([[0], ends_s[:-1]]) + ends_s) / 2


def log_hours(ends_s: IntArray) -> FloatArray:
    """(K,) logarithm of each interval's length in hours."""
    return np.asarray(np.log(np.diff(ends_s, prepend=0) / HOUR))
