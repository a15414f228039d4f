"""Complaints at a landmark (van Houwelingen 2007): whoever has turned by then, and who praises later."""

from __future__ import annotations

import polars as pl

from complaintlab.models.reply_effects.population import Answered
from complaintlab.models.strategies import DAY, MINUTE


def at_landmark(episodes: pl.DataFrame, said: pl.DataFrame, days: float) -> Answered:
    """Complaints still followed ``days`` after they were made, by whether their critics had turned.

    The outcome ``later_praise_s`` is the first opener that praises the company, by the same author, after
    the landmark; it is looked for author-wide, so follow-up ends after ``later_followed_days``. What is
    known at the landmark is adjusted for: reply, its delay and quality, escalation, spread.
    """
    zero_s = round(days * DAY)
    complaints = episodes.filter(
        pl.col("kind").cast(pl.String) == "complaint",
        pl.col("end_s") > zero_s,
        pl.col("later_followed_days") > days,
        pl.col("entry_s") <= zero_s,
    ).sort("episode_id")
    frame = (
        complaints.join(
            _praise(episodes, complaints, zero_s), on="episode_id", how="left", maintain_order="left"
        )
        .join(_others(said, zero_s), on="episode_id", how="left", maintain_order="left")
        .with_columns(
            zero_s=pl.lit(zero_s, pl.Int64),
            end_s=(pl.col("later_followed_days") * DAY).round().cast(pl.Int64),
            end=pl.lit("last_seen"),
        )
    )  # fmt: skip
    replied = (pl.col("first_reply_s") <= zero_s).fill_null(False)
    quality = pl.col("first_reply_quality").cast(pl.String).fill_null("")
    history = frame.select(
        replied.cast(pl.Float64).alias("replied"),
        pl.when(replied).then((pl.col("first_reply_s") / MINUTE).log1p()).otherwise(0.0).alias("log_delay"),
        *((replied & (quality == kind)).cast(pl.Float64).alias(kind) for kind in ("proper", "bad")),
        (pl.col("escalated_s") <= zero_s).fill_null(False).cast(pl.Float64).alias("escalated_before"),
        (pl.col("spread_before") + pl.col("against").fill_null(0)).log1p().alias("log_spread"),
    )
    features = frame.select(turned_by_landmark=(pl.col("turned_s") <= zero_s).fill_null(False))
    after = frame.select(heard=(pl.col("later_praise_s").is_not_null()))
    kept = [*complaints.columns, "zero_s", "later_praise_s"]
    return Answered(frame.select(kept), history, features, features, after)


def _praise(episodes: pl.DataFrame, complaints: pl.DataFrame, zero_s: int) -> pl.DataFrame:
    """episode_id and later_praise_s: seconds from the complaint to the first praise after the landmark."""
    praise = episodes.filter(pl.col("kind").cast(pl.String) == "praise").select(
        "author_id", "company", praised_at="started_at"
    )
    since = (pl.col("praised_at") - pl.col("started_at")).dt.total_seconds()
    return (
        complaints.select("episode_id", "author_id", "company", "started_at")
        .join(praise, on=["author_id", "company"])
        .filter(since > zero_s)
        .group_by("episode_id")
        .agg(later_praise_s=since.min())
    )


def _others(said: pl.DataFrame, zero_s: int) -> pl.DataFrame:
    """episode_id and against: others against the company in the thread by the landmark."""
    early = said.filter(pl.col("against").fill_null(False), pl.col("at_s") <= zero_s)
    return early.group_by("episode_id").agg(against=pl.col("author_id").n_unique())
