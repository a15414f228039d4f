"""``complaintlab.what_if``: risk curves had every complaint been treated as a scenario has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import polars as pl
from threadpoolctl import threadpool_limits

from complaintlab.errors import UserError
from complaintlab.models.strategies import concerns
from complaintlab.models.trials import MINIMUM_EPISODES
from complaintlab.models.what_if.emulated import emulated
from complaintlab.models.what_if.load import SEEN_QUANTILE, share_beyond
from complaintlab.models.what_if.proper import every_reply_proper
from complaintlab.models.what_if.scenarios import CURVE, OUTCOMES, SCENARIOS, SCHEMA, Scenario
from complaintlab.parallel import together

WORTH_SPREADING = 2_000
"""Complaints from which on processes are begun: a few seconds' work."""

Found = dict[tuple[str, str], tuple[pl.DataFrame | str, int]]
"""Of a scenario's name and an outcome: the curve, or why there is none, and how many complaints it is of."""


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
        scenarios: of kind reply a strategy each (its replies timed as the company times its replies inside
            the window, of its natural quality unless the strategy asks for one); of kind deletion none by the
            host; of kind quality every first reply when it came, but proper, among the complaints answered
            within the horizon.
        resamples: resamples of whole authors (of companies, where these are worth at least 15 of equal size),
            with all weights refitted.

    Returns one row per scenario and time, 0 and the end of each interval of the trials' grid (of each day for
    quality): scenario, outcome, clock (complaint, or reply where time runs from the first reply), time_s
    (seconds), risk, lower, upper (95%, within 0 and 1), usual (the risk as it was), difference (risk − usual)
    with difference_lower and difference_upper, n (complaints).

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
    with threadpool_limits(1):
        return curves(complaints, eligible, spells, scenarios, (outcome,), horizon_days, resamples, seed)


def curves(
    complaints: pl.DataFrame,
    eligible: pl.DataFrame,
    spells: pl.DataFrame,
    scenarios: Sequence[Scenario],
    outcomes: Sequence[str],
    days: int,
    resamples: int,
    seed: int,
) -> pl.DataFrame:
    """Rows of :data:`SCHEMA`, scenario by scenario and outcome by outcome; ``eligible`` are some of
    ``complaints``, sorted by their id."""
    pieces: list[Callable[[], Found]] = []
    for kind in ("reply", "deletion"):
        if group := [one for one in scenarios if one.kind == kind]:
            pieces.append(partial(_emulated, eligible, spells, group, outcomes, days, resamples, seed))
    for scenario in scenarios:
        if scenario.kind == "quality":
            pieces.append(partial(_proper, complaints, spells, scenario.name, outcomes, days, seed))
    worth = eligible.height >= WORTH_SPREADING
    found = {key: one for part in together(pieces, "What if", worth=worth) for key, one in part.items()}
    tables = []
    for scenario in scenarios:
        beyond = share_beyond(complaints, eligible, scenario.strategy) if scenario.kind == "reply" else 0.0
        for outcome in outcomes:
            rows, n = found[scenario.name, outcome]
            tables.append(_table(scenario, outcome, rows, n, beyond))
    return pl.concat(tables)


def _emulated(
    eligible: pl.DataFrame,
    spells: pl.DataFrame,
    group: Sequence[Scenario],
    outcomes: Sequence[str],
    days: int,
    resamples: int,
    seed: int,
) -> Found:
    curves = emulated(eligible, spells, group, outcomes, days, resamples, seed)
    return {key: (rows, eligible.height) for key, rows in curves.items()}


def _proper(
    complaints: pl.DataFrame, spells: pl.DataFrame, name: str, outcomes: Sequence[str], days: int, seed: int
) -> Found:
    return {
        (name, outcome): every_reply_proper(complaints, spells, outcome, days, seed) for outcome in outcomes
    }


def _table(scenario: Scenario, outcome: str, rows: pl.DataFrame | str, n: int, beyond: float) -> pl.DataFrame:
    reason = rows if isinstance(rows, str) else None
    known = pl.DataFrame({name: [None] for name in CURVE}) if isinstance(rows, str) else rows
    named = {
        "scenario": scenario.name, "outcome": outcome, "n": n, "share_beyond": beyond, "reason": reason,
        "clock": "reply" if scenario.kind == "quality" else "complaint",
        "extrapolation": beyond > 1 - SEEN_QUANTILE,
    }  # fmt: skip
    told = known.with_columns(pl.lit(value).alias(name) for name, value in named.items())
    return told.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
