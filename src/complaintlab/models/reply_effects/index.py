"""Which reply starts the clock: the first, the second, or the first to a hostile turn of the critic."""

from __future__ import annotations

import polars as pl

from complaintlab.models.exposures import HOSTILE


def thread_turns(episodes: pl.DataFrame, turns: pl.DataFrame, measures: pl.DataFrame) -> pl.DataFrame:
    """Turns in each episode's thread after its opener, in order, with what their texts say of others.

    Columns: episode_id, post_id, company, author_id, agent_id, by_company, by_critic, against (a bystander
    more likely against the company than not), hostility and stance (of the turn), business_hours, at_s. Later
    parts of split replies are left out.
    """
    labels = measures.select(
        "post_id", "company", "stance", "p_against", pl.col("hostility").alias("turn_hostility")
    )
    own = episodes.select("episode_id", "company", "thread_id", "opener_id", "started_at", critic="author_id")
    told = turns.filter(pl.col("joined_into").is_null()).join(labels, on=["post_id", "company"], how="left")
    role = pl.col("role").cast(pl.String)
    return (
        own.join(told, on=["company", "thread_id"])
        .filter(pl.col("created_at") >= pl.col("started_at"), pl.col("post_id") != pl.col("opener_id"))
        .sort("episode_id", "created_at", "position", "post_id")
        .select(
            "episode_id", "post_id", "company", "author_id", "agent_id", "business_hours", "stance",
            by_company=role == "company",
            by_critic=pl.col("author_id") == pl.col("critic"),
            against=(role == "bystander") & (pl.col("p_against") >= 0.5),
            hostility="turn_hostility",
            at_s=(pl.col("created_at") - pl.col("started_at")).dt.total_seconds(),
        )
    )  # fmt: skip


def first_replies(episodes: pl.DataFrame) -> pl.DataFrame:
    """episode_id, zero_s, reply_id of answered complaints."""
    answered = episodes.filter(pl.col("first_reply_s").is_not_null())
    return answered.select("episode_id", zero_s="first_reply_s", reply_id="first_reply_id")


def second_replies(said: pl.DataFrame) -> pl.DataFrame:
    """The index of second replies, with same_agent and another_agent; null where a reply is not signed."""
    replies = said.filter("by_company", pl.col("at_s") > 0)
    second = replies.group_by("episode_id", maintain_order=True).agg(
        pl.col("at_s").get(1, null_on_oob=True).alias("zero_s"),
        pl.col("post_id").get(1, null_on_oob=True).alias("reply_id"),
        (pl.col("agent_id").get(0) == pl.col("agent_id").get(1, null_on_oob=True)).alias("same_agent"),
    )
    return second.drop_nulls("zero_s").with_columns(another_agent=~pl.col("same_agent"))


def replies_to_hostile(episodes: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """The first reply of each thread that finds the critic's latest turn, the opener included, hostile."""
    opener = episodes.select("episode_id", "hostility")
    told = said.with_columns(turn=pl.when("by_critic").then("hostility")).with_columns(
        pl.col("turn").forward_fill().over("episode_id")
    )
    found = told.join(opener, on="episode_id", suffix="_opener", maintain_order="left").filter(
        "by_company", pl.col("at_s") > 0, pl.coalesce("turn", "hostility_opener") >= HOSTILE
    )
    return found.unique("episode_id", keep="first", maintain_order=True).select(
        "episode_id", zero_s="at_s", reply_id="post_id"
    )
