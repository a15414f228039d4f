"""What if every complaint were answered within an hour, every reply were proper, or nothing were deleted?

Risk curves of the eligible complaints as a whole under each scenario and under usual care, by the target
trials' clone–censor–weight: weights carry the compliant over to everybody (standardisation by weighting;
Hernán & Robins 2020, chapters 12 and 21).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from complaintlab.errors import UserError
from complaintlab.models.causal.inference import codes, resampling_unit
from complaintlab.models.causal.logistic import Features
from complaintlab.models.deletion_strategies import LEFT
from complaintlab.models.design import confounder_matrix
from complaintlab.models.strategies import (
    DAY,
    PATIENCE_S,
    PROPER_24H,
    WITHIN_1H,
    Strategy,
    concerns,
    grid,
)
from complaintlab.models.trials import MINIMUM_EPISODES, SHOWN, fit
from complaintlab.models.trials.course import course
from complaintlab.models.trials.emulation import Plan, Trial, emulate
from complaintlab.models.trials.features import features, with_answered
from complaintlab.models.trials.outcomes import event
from complaintlab.models.trials.processes import Processes, fit_processes
from complaintlab.models.trials.tables import why_not

FloatArray = npt.NDArray[np.float64]

USUAL = Strategy("usual care", 0, math.inf)
"""No reply until second 0, then as it comes: everybody complies, and only loss is weighted for."""


@dataclass(frozen=True)
class Scenario:
    """What every complaint gets: a reply as ``strategy`` has it or, ``of_deletion``, no host's deletion."""

    name: str
    strategy: Strategy
    of_deletion: bool = False


SCENARIOS = (
    Scenario("every complaint answered within an hour", WITHIN_1H),
    Scenario("every complaint answered properly within 24 h", PROPER_24H),
    Scenario("nothing deleted", LEFT, of_deletion=True),
)
OUTCOMES = ("turned", "advocate", "escalated")
SEEN_QUANTILE = 0.95
"""Up to this quantile of the replies per company-hour that were seen, an effect is not extrapolated."""

SCHEMA: dict[str, type[pl.DataType]] = {
    "scenario": pl.String, "outcome": pl.String, "time_s": pl.Float64, "risk": pl.Float64,
    "lower": pl.Float64, "upper": pl.Float64, "usual": pl.Float64, "difference": pl.Float64,
    "difference_lower": pl.Float64, "difference_upper": pl.Float64, "n": pl.Int64,
    "share_beyond": pl.Float64, "extrapolation": pl.Boolean, "reason": pl.String,
}  # fmt: skip


def what_if(
    episodes: pl.DataFrame,
    spells: pl.DataFrame,
    *,
    outcome: str = "escalated",
    scenarios: Sequence[Scenario] = SCENARIOS,
    horizon_days: int = 7,
    resamples: int = 200,
    seed: int = 1,
    positivity: tuple[float, float] = (0.05, 0.95),
) -> pl.DataFrame:
    """Risk of a first ``outcome`` over time, had every eligible complaint been treated as a scenario has it.

    Args:
        episodes, spells: the tables of these names. Eligible are complaints in company-weeks in which a share
            within ``positivity`` was answered before; each curve stands for all of them.
        outcome: turned, advocate or escalated.
        scenarios: a reply strategy each (its replies timed as the company times its replies inside the
            window, of its natural quality unless the strategy asks for one), or no deletion by the host.
        resamples: resamples of whole authors (of companies, where these are worth at least 15 of equal size),
            with all weights refitted.

    Returns one row per scenario and time, 0 and the end of each interval of the trials' grid: scenario,
    outcome, time_s (seconds since the complaint), risk, lower, upper (95%, within 0 and 1), usual (the risk
    under usual care), difference (risk − usual) with difference_lower and difference_upper, n (complaints).

    ``share_beyond`` is the share of complaints at which the replies per company-hour that the scenario asks
    for (complaints to the company during the window up to then, over its hours) pass the 95th percentile of
    those this company was seen to give; where that is more than 5% of them, ``extrapolation`` is true:
    effects are those of changing one reply at the load that there was. A scenario that cannot be estimated
    has one row with the ``reason``.

    Assumes what the target trials assume: given opener, company, calendar and history so far, replies, their
    quality, deletions and loss are independent of the outcome to come. A deletion between two looks is taken
    at their middle; the stage ``deletion`` imputes it.

    Raises:
        UserError: an unknown outcome, or fewer than 50 eligible complaints.

    Example:
        Half of the replies come in an hour or so, half in days; each lowers the hazard of escalation from one
        in 2 days to one in 16.

        >>> import datetime as dt, numpy as np, polars as pl
        >>> rng, n, day = np.random.default_rng(1), 1500, 86400
        >>> reply = rng.exponential(np.where(rng.random(n) < 0.5, day / 24, 2 * day))
        >>> before, after = rng.exponential(2 * day, n), rng.exponential(16 * day, n)
        >>> escalated = np.where(before < reply, before, reply + after)
        >>> start = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
        >>> episodes = pl.DataFrame({
        ...     "episode_id": [f"e{i}" for i in range(n)], "author_id": [f"a{i}" for i in range(n)],
        ...     "company": [f"c{i % 4}" for i in range(n)], "kind": "complaint", "topic": "delivery",
        ...     "started_at": [start + dt.timedelta(hours=5 * i) for i in range(n)],
        ...     "hour_of_week": [5 * i % 168 for i in range(n)], "business_hours": True, "hostility": 1.0,
        ...     "severity": 1.0, "load": 0, "burst": 1.0, "earlier_complaints": 0, "spread_before": 0,
        ...     "answered_share_before": 0.5, "entry_s": 0, "end_s": 30 * day, "end": "horizon",
        ...     "turned_s": None, "first_reply_quality": "proper",
        ...     "first_reply_s": reply.astype(int) + 1, "escalated_s": escalated.astype(int) + 1,
        ... }).with_columns(pl.col("turned_s").cast(pl.Int64))
        >>> spells = episodes.select(
        ...     "episode_id", "company", "load", "hour_of_week", "business_hours", start_s=0,
        ...     hostility_last="hostility", against_so_far=0, replies_so_far=0, critic_deleted=False,
        ...     deletion_lower_s=pl.lit(None, pl.Int64), deletion_upper_s=pl.lit(None, pl.Int64),
        ... )
        >>> within_an_hour = SCENARIOS[:1]
        >>> found = what_if(episodes, spells, scenarios=within_an_hour, resamples=10).row(-1, named=True)
        >>> bool(abs(found["risk"] - (1 - np.exp(-7 / 16))) < 0.06)
        True
        >>> found["difference_upper"] < 0, found["extrapolation"]
        (True, False)
    """
    if outcome not in OUTCOMES:
        raise UserError(f"what_if: outcome is '{outcome}': choose one of {', '.join(OUTCOMES)}.")
    complaints = episodes.filter(concerns("complaints")).sort("episode_id")
    eligible = complaints.filter(pl.col("answered_share_before").is_between(*positivity))
    if eligible.height < MINIMUM_EPISODES:
        raise UserError(
            f"what_if: {eligible.height} complaints fall in weeks in which the company answered some but not "
            f"all, fewer than {MINIMUM_EPISODES}: widen positivity or give more episodes."
        )
    tables: dict[str, pl.DataFrame] = {}
    for of_deletion in (False, True):
        group = [one for one in scenarios if one.of_deletion == of_deletion]
        if not group:
            continue
        trial = _emulated(eligible, spells, group, outcome, horizon_days, resamples, seed)
        for place, scenario in enumerate(group, start=1):
            rows = trial if isinstance(trial, str) else _curve(trial, place, horizon_days)
            beyond = 0.0 if of_deletion else share_beyond(complaints, eligible, scenario.strategy)
            tables[scenario.name] = _table(scenario, outcome, rows, eligible.height, beyond)
    return pl.concat([tables[scenario.name] for scenario in scenarios])


def share_beyond(complaints: pl.DataFrame, eligible: pl.DataFrame, strategy: Strategy) -> float:
    """Share of ``eligible`` at which answering all ``complaints`` asks for more than was seen.

    Per company: complaints in the window of ``by_s`` up to each complaint, against the 95th percentile of the
    first replies in the same length of time up to each first reply. Everything is beyond where none was seen.
    """
    beyond = 0
    for (company,), of in complaints.group_by("company", maintain_order=True):
        asked = np.sort(of["started_at"].dt.epoch("s").to_numpy())
        replied = of.drop_nulls("first_reply_s")
        given = np.sort((replied["started_at"].dt.epoch("s") + replied["first_reply_s"]).to_numpy())
        most = float(np.quantile(_within(given, given, strategy.by_s), SEEN_QUANTILE)) if len(given) else 0.0
        at = eligible.filter(pl.col("company") == company)["started_at"].dt.epoch("s").to_numpy()
        beyond += int(np.sum(_within(asked, at, strategy.by_s) > most))
    return beyond / eligible.height


def _within(
    moments: npt.NDArray[np.int64], at: npt.NDArray[np.int64], seconds: float
) -> npt.NDArray[np.int64]:
    """How many of the sorted ``moments`` lie in the ``seconds`` up to each of ``at``, which counts."""
    first = np.searchsorted(moments, at - int(seconds), side="right")
    return np.asarray(np.searchsorted(moments, at, side="right") - first, dtype=np.int64)


def _emulated(
    eligible: pl.DataFrame,
    spells: pl.DataFrame,
    group: Sequence[Scenario],
    outcome: str,
    days: int,
    resamples: int,
    seed: int,
) -> Trial | str:
    """Usual care, then each scenario of the group; or why they cannot be emulated."""
    of_deletion = group[0].of_deletion
    quality = any(one.strategy.quality for one in group)
    episodes = _deletion_for_reply(eligible, spells) if of_deletion else eligible
    if episodes["first_reply_s"].null_count() == episodes.height:
        return "Nothing was deleted." if of_deletion else "No complaint was answered."
    processes = (
        _deletion_processes(episodes, spells, days)
        if of_deletion
        else fit(episodes, spells, days, quality=quality)
    )
    shown, everybody = event(episodes, outcome, grid(days)), np.ones(episodes.height, dtype=bool)
    cluster, df = resampling_unit(codes(episodes["author_id"]), codes(episodes["company"]))
    of = episodes["first_reply_quality"].cast(pl.String).fill_null("other").to_numpy()
    return emulate(
        processes,
        [Plan(strategy, shown, everybody) for strategy in (USUAL, *(one.strategy for one in group))],
        cluster,
        resamples=resamples,
        seed=seed,
        quality=of if quality else None,
        df=df,
    )


def _deletion_for_reply(episodes: pl.DataFrame, spells: pl.DataFrame) -> pl.DataFrame:
    """The host's first deletion in the place of the first reply, which becomes history: answered_s."""
    middle = (pl.col("deletion_lower_s") + pl.col("deletion_upper_s")) // 2
    gone = spells.filter(pl.col("critic_deleted")).sort("episode_id", "start_s")
    gone = gone.unique("episode_id", keep="first", maintain_order=True)
    moment = gone.select("episode_id", deleted_s=pl.coalesce(middle, "start_s").clip(lower_bound=1))
    told = episodes.join(moment, on="episode_id", how="left", maintain_order="left")
    return told.with_columns(answered_s="first_reply_s", first_reply_s="deleted_s").drop("deleted_s")


def _deletion_processes(episodes: pl.DataFrame, spells: pl.DataFrame, days: int) -> Processes:
    """Hazards of deletion and loss; what the spells say of the deletion itself is no history of it."""
    lived = course(episodes, None, grid(max(days, PATIENCE_S / DAY)))
    baseline, _ = confounder_matrix(episodes, companies=True)
    untold = spells.with_columns(critic_deleted=pl.lit(False))
    whole = features(episodes, untold, baseline, lived, (*SHOWN, "answered"))
    W = lived.patience
    act = Features(baseline, whole.time[:W], whole.varying[:, :, :W], whole.offset[:W], whole.history)
    return fit_processes(lived, act, with_answered(whole, lived))


def _curve(trial: Trial, place: int, days: int) -> pl.DataFrame | str:
    """Risk, usual risk and difference at the ends of the intervals; or why the arm has none."""
    usual, arm = trial.arms[0], trial.arms[place]
    if reason := why_not(arm, usual):
        return reason
    k = slice(arm.plan.outcome.until(days) + 1)
    if not np.isfinite(arm.value[k]).all():
        return f"By day {days} nobody is left under '{arm.plan.strategy.name}'."
    quantile = float(stats.norm.ppf(0.975) if trial.df is None else stats.t.ppf(0.975, trial.df))
    difference = arm.value[k] - usual.value[k]
    half = quantile * np.nanstd(arm.resampled[:, k], axis=0, ddof=1)
    half_difference = quantile * np.nanstd(arm.resampled[:, k] - usual.resampled[:, k], axis=0, ddof=1)
    columns = {
        "risk": arm.value[k],
        "lower": np.clip(arm.value[k] - half, 0, 1),
        "upper": np.clip(arm.value[k] + half, 0, 1),
        "usual": usual.value[k],
        "difference": difference,
        "difference_lower": difference - half_difference,
        "difference_upper": difference + half_difference,
    }
    started = {name: np.concatenate([[0.0], values]) for name, values in columns.items()}
    return pl.DataFrame({"time_s": np.concatenate([[0.0], arm.plan.outcome.course.ends_s[k]]), **started})


def _table(scenario: Scenario, outcome: str, rows: pl.DataFrame | str, n: int, beyond: float) -> pl.DataFrame:
    reason = rows if isinstance(rows, str) else None
    known = pl.DataFrame({"time_s": [None]}) if isinstance(rows, str) else rows
    named = {
        "scenario": scenario.name, "outcome": outcome, "n": n, "share_beyond": beyond,
        "extrapolation": beyond > 1 - SEEN_QUANTILE, "reason": reason,
    }  # fmt: skip
    told = known.with_columns(pl.lit(value).alias(name) for name, value in named.items())
    empty = [pl.lit(None).alias(name) for name in SCHEMA if name not in told.columns]
    return told.with_columns(empty).select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
