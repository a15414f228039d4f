"""Episodes on the reply clock: time zero is the first reply ZR, the exposure is what that reply did."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from complaintlab.labels import ACTS
from complaintlab.models.estimate_rows import Estimate
from complaintlab.models.exposures import EXPOSURES
from complaintlab.models.naive import risk_difference
from complaintlab.models.strategies import DAY
from complaintlab.params import Analysis
from complaintlab.spells.replies import does

OUTCOMES = ("turned", "escalated")

ACT_CLAIMS = {
    claim: (exposure.part[0], exposure.outcome)
    for claim, exposure in EXPOSURES.items()
    if exposure.contrast == f"{''.join(exposure.part)}_vs_not" and exposure.outcome in OUTCOMES
}
"""Claim → act of the first reply that is contrasted with its absence, and the outcome that it is about."""

REPLY_HISTORY = ("log_delay", "hostility_at_reply")
"""What is known at the first reply beyond time zero, and adjusted for."""

RARE = 10
"""An act done (or left undone) in fewer first replies than this is no covariate."""


def reply_clock(complaints: pl.DataFrame, spells: pl.DataFrame, analysis: Analysis) -> pl.DataFrame:
    """Episodes with a first reply within the horizon, with times in seconds since that reply.

    Adds act_<act> (0/1, of the first reply; rare ones left out but for those of a claim), log_delay,
    hostility_at_reply, clock_entry_s (0, or later where the thread was first seen after the reply), and for
    each outcome <outcome>_stop_s, <outcome>_event: the first such turn in (ZR, ZR + horizon]. Critics who
    had shown the outcome by ZR are not at risk of showing it first: their stop is 0.
    """
    horizon_s = round(analysis.horizon_days * DAY)
    at_reply = (
        spells.filter(pl.col("first_acts").is_not_null())
        .sort("episode_id", "start_s")
        .unique("episode_id", keep="first", maintain_order=True)
        .select("episode_id", "first_acts", hostility_at_reply=pl.col("hostility_last"))
    )
    replied = complaints.filter(pl.col("first_reply_s") <= horizon_s).join(
        at_reply, on="episode_id", how="inner", maintain_order="left"
    )
    reply = pl.col("first_reply_s")
    return replied.with_columns(
        *(does(act, "first_acts").cast(pl.Float64).alias(f"act_{act}") for act in ACTS),
        *(expression for outcome in OUTCOMES for expression in _follow(outcome, horizon_s)),
        log_delay=(reply.cast(pl.Float64) / 60).log1p(),
        hostility_at_reply=pl.coalesce("hostility_at_reply", "hostility"),
        clock_entry_s=(pl.col("entry_s") - reply).clip(lower_bound=0),
    ).pipe(_without_rare_acts)


def naive_acts(replied: pl.DataFrame, analysis: Analysis) -> Iterator[Estimate]:
    """Raw risk difference of each act's claim, at the horizon after the first reply; naive on purpose."""
    for claim, (act, outcome) in ACT_CLAIMS.items():
        free = replied.filter(pl.col(f"{outcome}_stop_s") > 0).with_columns(
            shown=pl.col(f"{outcome}_event"), exposed=pl.col(f"act_{act}").cast(pl.Boolean)
        )
        yield risk_difference(free, claim, f"{act}_vs_not", outcome, analysis.horizon_days)


def _follow(outcome: str, horizon_s: int) -> list[pl.Expr]:
    event = pl.col(f"{outcome}_s") - pl.col("first_reply_s")
    end = pl.col("end_s") - pl.col("first_reply_s")
    stop = pl.min_horizontal(event, end, pl.lit(horizon_s)).clip(lower_bound=0)
    return [
        stop.alias(f"{outcome}_stop_s"),
        ((event > 0) & (event == stop)).fill_null(False).alias(f"{outcome}_event"),
    ]


def _without_rare_acts(replied: pl.DataFrame) -> pl.DataFrame:
    claimed = {act for act, _ in ACT_CLAIMS.values()}
    done = {act: int(replied[f"act_{act}"].sum()) for act in ACTS}
    rare = [act for act, n in done.items() if min(n, replied.height - n) < RARE and act not in claimed]
    return replied.drop(f"act_{act}" for act in rare)
