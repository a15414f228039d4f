"""Complaints at the reply that starts the clock: what it did, and what was known when it came."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.labels import ACTS
from complaintlab.models.design import confounders, independent_columns, indicators
from complaintlab.models.exposures import HOSTILE, Exposure, reply_features
from complaintlab.models.reply_effects.index import first_replies, thread_turns
from complaintlab.models.strategies import DAY, MINUTE
from complaintlab.spells.replies import acts_expr

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Answered:
    """Complaints on one clock (``episodes``, one row each, with zero_s), and what was known at its start.

    ``history`` has numeric columns, ``features`` those that arms are made of, ``groups`` those of moderators;
    ``after`` says what came: heard (the critic was heard again), spread (others against within the horizon).
    """

    episodes: pl.DataFrame
    history: pl.DataFrame
    features: pl.DataFrame
    groups: pl.DataFrame
    after: pl.DataFrame

    def confounders_beside(self, part: tuple[str, ...]) -> tuple[FloatArray, list[str]]:
        """Standardised confounders: opener, history, the reply's acts that are not in ``part``, company."""
        others = [act for act in ACTS if act not in part and act in self.features.columns]
        acts = self.features.select(pl.col(act).cast(pl.Float64).alias(f"act:{act}") for act in others)
        company = indicators(self.episodes["company"], "company")
        columns = [confounders(self.episodes), self.history, acts, company]
        return independent_columns(pl.concat(columns, how="horizontal"))

    def in_arm(self, exposure: Exposure) -> tuple[BoolArray, BoolArray]:
        """Which complaints are in the first and in the second arm; in neither where features are missing."""
        arms = []
        for arm in (exposure.first, exposure.second):
            there = {*arm.all_of, *arm.any_of, *arm.none_of} <= set(self.features.columns)
            held = self.features.select(arm.holds()).to_series().to_numpy() if there else None
            arms.append(np.zeros(self.episodes.height, dtype=bool) if held is None else held)
        return arms[0], arms[1]

    def filter(self, rows: BoolArray) -> Answered:
        tables = (self.episodes, self.history, self.features, self.groups, self.after)
        return Answered(*(table.filter(rows) for table in tables))


def answered(
    episodes: pl.DataFrame,
    turns: pl.DataFrame,
    measures: pl.DataFrame,
    *,
    horizon_days: float,
    act_threshold: float,
) -> Answered:
    """Complaints at their first reply."""
    complaints = episodes.filter(pl.col("kind") == "complaint").sort("episode_id")
    said = thread_turns(complaints, turns, measures)
    index = first_replies(complaints)
    return at_reply(complaints, index, said, measures, horizon_days=horizon_days, act_threshold=act_threshold)


def at_reply(
    complaints: pl.DataFrame,
    index: pl.DataFrame,
    said: pl.DataFrame,
    measures: pl.DataFrame,
    *,
    horizon_days: float,
    act_threshold: float,
) -> Answered:
    """Complaints whose reply came within the horizon, while they were followed, and has measured acts.

    Args:
        complaints: episodes, sorted by their id.
        index: episode_id, zero_s, reply_id; further columns become features.
        said: ``index.thread_turns`` of the complaints.
        measures: acts and template scores of replies.
    """
    frame = (
        complaints.join(index, on="episode_id", maintain_order="left")
        .filter(
            pl.col("zero_s") <= horizon_days * DAY,
            pl.col("zero_s") < pl.col("end_s"),
            pl.col("zero_s") >= pl.col("entry_s"),
        )
        .join(_measured(measures, act_threshold), on=["reply_id", "company"], maintain_order="left")
    )
    frame = frame.join(
        _around(frame, said, measures, act_threshold, horizon_days), on="episode_id", how="left",
        maintain_order="left",
    )  # fmt: skip
    more = frame.select(name for name in index.columns if name not in ("episode_id", "zero_s", "reply_id"))
    features = pl.concat([reply_features(frame), frame.select("template"), more], how="horizontal")
    history = _history(frame)
    groups = frame.select(
        hostile=pl.max_horizontal("hostility", "hostility_now") >= HOSTILE,
        spread=(pl.col("spread_before") + pl.col("against").fill_null(0)) > 0,
        apology=features["apology"],
    )
    after = frame.select(
        heard=pl.col("heard").fill_null(False), spread=pl.col("spread_after").fill_null(0).cast(pl.Float64)
    )
    return Answered(frame.select(*complaints.columns, "zero_s"), history, features, groups, after)


def once_more(population: Answered, said: pl.DataFrame) -> Answered:
    """The same complaints with the first escalation after the reply, whether or not there were earlier ones.

    Whoever has provoked may do so again. Where the first of all was before, the next is looked for in the
    thread (``said``); the earlier one stays a confounder.
    """
    later = (
        said.filter("by_critic", pl.col("stance").cast(pl.String) == "escalates")
        .join(population.episodes.select("episode_id", "zero_s"), on="episode_id")
        .filter(pl.col("at_s") > pl.col("zero_s"))
        .group_by("episode_id")
        .agg(again_s=pl.col("at_s").min())
    )
    before = pl.col("escalated_s") <= pl.col("zero_s")
    episodes = (
        population.episodes.join(later, on="episode_id", how="left", maintain_order="left")
        .with_columns(escalated_s=pl.when(before).then("again_s").otherwise("escalated_s"))
        .drop("again_s")
    )
    return replace(population, episodes=episodes)


def _history(frame: pl.DataFrame) -> pl.DataFrame:
    """Numeric columns known when the reply came."""
    zero_s, in_hours = pl.col("zero_s"), pl.col("reply_in_hours")
    earlier = [pl.col(f"earlier_{act}").fill_null(0).cast(pl.Float64) for act in ACTS]
    return frame.select(
        (zero_s / MINUTE).log1p().alias("log_delay"),
        in_hours.fill_null(False).cast(pl.Float64),
        in_hours.is_null().cast(pl.Float64).alias("reply_in_hours_unknown"),
        pl.col("critic_turns").fill_null(0).cast(pl.Float64).log1p().alias("log_critic_turns"),
        pl.col("hostility_now").fill_null(pl.col("hostility")).alias("hostility_now"),
        pl.max_horizontal("hostility", "hostility_most").alias("hostility_most"),
        (pl.col("spread_before") + pl.col("against").fill_null(0)).log1p().alias("log_spread"),
        pl.col("replies").fill_null(0).cast(pl.Float64).alias("earlier_replies"),
        (pl.col("turned_s") <= zero_s).fill_null(False).cast(pl.Float64).alias("turned_before"),
        (pl.col("escalated_s") <= zero_s).fill_null(False).cast(pl.Float64).alias("escalated_before"),
        *earlier,
    )


def _measured(measures: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """reply_id, company, acts (joined) and template of posts with measured acts."""
    return measures.filter(pl.col("p_apology").is_not_null()).select(
        pl.col("post_id").alias("reply_id"), "company", "template", acts=acts_expr(threshold)
    )


def _around(
    frame: pl.DataFrame, said: pl.DataFrame, measures: pl.DataFrame, threshold: float, horizon_days: float
) -> pl.DataFrame:
    """Per episode, what was said before its reply and after it."""
    did = [(pl.col(f"p_{act}") >= threshold).alias(f"did_{act}") for act in ACTS]
    acts = measures.select("post_id", "company", *did)
    told = (
        said.join(frame.select("episode_id", "zero_s", "reply_id"), on="episode_id", maintain_order="left")
        .join(acts, on=["post_id", "company"], how="left", maintain_order="left")
    )  # fmt: skip
    early, late = pl.col("at_s") < pl.col("zero_s"), pl.col("at_s") > pl.col("zero_s")
    soon = late & (pl.col("at_s") <= pl.col("zero_s") + horizon_days * DAY)
    critic, others = pl.col("by_critic"), pl.col("against").fill_null(False)
    hostility = pl.col("hostility").filter(critic & early).drop_nulls()
    around = told.group_by("episode_id", maintain_order=True).agg(
        reply_in_hours=pl.col("business_hours").filter(pl.col("post_id") == pl.col("reply_id")).first(),
        critic_turns=(critic & early).sum(),
        hostility_now=hostility.last(),
        hostility_most=hostility.max(),
        against=pl.col("author_id").filter(others & early).n_unique(),
        replies=(pl.col("by_company") & early).sum(),
        heard=(critic & late).any(),
        joined=pl.col("author_id").filter(others & soon).unique(),
        joined_before=pl.col("author_id").filter(others & ~late).unique(),
        **{f"earlier_{act}": (pl.col(f"did_{act}") & pl.col("by_company") & early).any() for act in ACTS},
    )
    new = pl.col("joined").list.set_difference("joined_before")
    return around.with_columns(spread_after=new.list.len())
