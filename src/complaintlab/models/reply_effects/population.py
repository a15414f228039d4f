"""Who was answered, what the first reply did, and what was known when it came (the clock ZR)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.labels import ACTS
from complaintlab.models.design import confounders, independent_columns, indicators
from complaintlab.models.strategies import DAY, MINUTE

FloatArray = npt.NDArray[np.float64]

AGAINST = 0.5
OUTCOMES = ("turned", "escalated")


@dataclass(frozen=True)
class Answered:
    """Answered complaints (``episodes``, one row each) with columns known when the first reply came.

    ``history`` has numeric columns, ``acts`` one Boolean column per act of the first reply; ``heard`` says
    whether the critic was heard again after it.
    """

    episodes: pl.DataFrame
    history: pl.DataFrame
    acts: pl.DataFrame
    heard: pl.Series

    def confounders_of(self, act: str) -> tuple[FloatArray, list[str]]:
        """Standardised confounders of one act: opener, history up to ZR, the reply's other acts, company."""
        others = self.acts.drop(act).cast(pl.Float64).rename(lambda name: f"act:{name}")
        company = indicators(self.episodes["company"], "company")
        columns = [confounders(self.episodes), self.history, others, company]
        return independent_columns(pl.concat(columns, how="horizontal"))

    def filter(self, rows: pl.Series) -> Answered:
        return Answered(
            self.episodes.filter(rows),
            self.history.filter(rows),
            self.acts.filter(rows),
            self.heard.filter(rows),
        )


def answered(
    episodes: pl.DataFrame,
    turns: pl.DataFrame,
    measures: pl.DataFrame,
    *,
    horizon_days: float,
    act_threshold: float,
) -> Answered:
    """Complaints answered within the horizon and followed at that moment, whose reply has measured acts."""
    replies = _replies(turns, measures, act_threshold)
    frame = (
        episodes.filter(
            pl.col("kind") == "complaint",
            pl.col("first_reply_s") <= horizon_days * DAY,
            pl.col("first_reply_s") < pl.col("end_s"),
            pl.col("first_reply_s") >= pl.col("entry_s"),
        )
        .join(replies, left_on=["first_reply_id", "company"], right_on=["post_id", "company"])
        .sort("episode_id")
    )
    frame = frame.join(_before(frame, turns, measures), on="episode_id", how="left", maintain_order="left")
    reply_s = pl.col("first_reply_s")
    history = frame.select(
        (reply_s / MINUTE).log1p().alias("log_delay"),
        pl.col("reply_in_hours").fill_null(False).cast(pl.Float64),
        pl.col("reply_in_hours").is_null().cast(pl.Float64).alias("reply_in_hours_unknown"),
        pl.col("critic_turns").fill_null(0).cast(pl.Float64).log1p().alias("log_critic_turns"),
        pl.col("hostility_now").fill_null(pl.col("hostility")).alias("hostility_now"),
        pl.max_horizontal("hostility", "hostility_most").alias("hostility_most"),
        (pl.col("spread_before") + pl.col("against").fill_null(0)).log1p().alias("log_spread"),
        *(
            (pl.col(f"{o}_s") <= reply_s).fill_null(False).cast(pl.Float64).alias(f"{o}_before")
            for o in OUTCOMES
        ),
    )
    heard = frame.select(pl.col("heard").fill_null(False)).to_series()
    return Answered(frame.select(episodes.columns), history, frame.select(ACTS), heard)


def _replies(turns: pl.DataFrame, measures: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """post_id, company, reply_at, reply_in_hours and the acts, of company replies with measured acts."""
    act = [(pl.col(f"p_{name}") >= threshold).alias(name) for name in ACTS]
    measured = measures.filter(pl.col("p_apology").is_not_null()).select("post_id", "company", *act)
    return (
        turns.filter(pl.col("role").cast(pl.String) == "company")
        .select(
            "post_id",
            "company",
            pl.col("created_at").alias("reply_at"),
            pl.col("business_hours").alias("reply_in_hours"),
        )
        .join(measured, on=["post_id", "company"])
    )


def _before(frame: pl.DataFrame, turns: pl.DataFrame, measures: pl.DataFrame) -> pl.DataFrame:
    """Per episode: the critic's turns before the reply, their hostility, others against; heard after it."""
    told = turns.join(
        measures.select("post_id", "company", pl.col("hostility").alias("turn_hostility"), "p_against"),
        on=["post_id", "company"],
        how="left",
    )
    said = (
        frame.select(
            "episode_id", "company", "thread_id", "opener_id", "started_at", "reply_at", critic="author_id"
        )
        .join(told, on=["company", "thread_id"])
        .filter(pl.col("created_at") >= pl.col("started_at"), pl.col("post_id") != pl.col("opener_id"))
        .sort("episode_id", "created_at", "position", "post_id")
    )
    by_critic = pl.col("author_id") == pl.col("critic")
    early = pl.col("created_at") < pl.col("reply_at")
    against = (pl.col("role").cast(pl.String) == "bystander") & (pl.col("p_against") >= AGAINST)
    hostility = pl.col("turn_hostility").filter(by_critic & early).drop_nulls()
    return said.group_by("episode_id", maintain_order=True).agg(
        critic_turns=(by_critic & early).sum(),
        hostility_now=hostility.last(),
        hostility_most=hostility.max(),
        against=pl.col("author_id").filter(against & early).n_unique(),
        heard=(by_critic & (pl.col("created_at") > pl.col("reply_at"))).any(),
    )
