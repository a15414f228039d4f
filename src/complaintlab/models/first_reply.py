"""Complaints at their first reply, as the start–stop rows know them there."""

from __future__ import annotations

import polars as pl

from complaintlab.models.strategies import DAY


def at_first_reply(complaints: pl.DataFrame, spells: pl.DataFrame, horizon_days: float) -> pl.DataFrame:
    """Complaints answered within the horizon while they were followed, sorted by episode_id.

    Adds zero_s (the reply), agent_id (null if it is not signed) and, as they were when it came, hostility_now
    (of the critic's latest turn), against_so_far, replies_so_far; load, hour_of_week and business_hours are
    those at the reply.
    """
    there = ("load", "hour_of_week", "business_hours")
    first = (
        spells.filter("answered")
        .sort("episode_id", "start_s")
        .unique("episode_id", keep="first", maintain_order=True)
        .select("episode_id", "agent_id", "against_so_far", "replies_so_far", "hostility_last", *there)
    )
    zero = pl.col("first_reply_s")
    return (
        complaints.drop(there)
        .join(first, on="episode_id")
        .filter(zero <= horizon_days * DAY, zero < pl.col("end_s"), zero >= pl.col("entry_s"))
        .with_columns(zero_s=zero, hostility_now=pl.coalesce("hostility_last", "hostility"))
        .drop("hostility_last")
        .sort("episode_id")
    )
