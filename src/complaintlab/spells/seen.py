"""What was seen after time zero: the turns of an episode's thread, and its critic's turns anywhere."""

from __future__ import annotations

import polars as pl

from complaintlab.labels import STANCE_RANK
from complaintlab.params import Analysis
from complaintlab.spells.clock import event_seconds
from complaintlab.spells.replies import ACT_PROBABILITIES, acts_expr, quality_expr

AGAINST = 0.5
"""A bystander's turn is against the company when that is more likely than not."""

_EPISODE = ("episode_id", "thread_id", "company", "opener_id", "started_at", "end_s")


def label_turns(turns: pl.DataFrame, measures: pl.DataFrame, analysis: Analysis) -> pl.DataFrame:
    """Turns (later parts of split replies left out) with the labels that follow-up needs.

    Adds stance, negative, hostility, and for company turns acts (joined by ``|``), quality and p_hostile:
    the largest of the probabilities to defend, mock or attack, a lower limit of that of any of them.
    """
    labels = measures.select(
        "post_id", "company", "stance", "p_against", "hostility", "p_nonsense", *ACT_PROBABILITIES
    )
    rank = pl.col("stance").cast(pl.String).replace_strict(STANCE_RANK, default=None, return_dtype=pl.Int8)
    is_reply = pl.col("role").cast(pl.String) == "company"
    return (
        turns.filter(pl.col("joined_into").is_null())
        .select(
            "post_id", "company", "thread_id", "author_id", "role", "created_at", "position", "agent_id",
            "text_hash",
        )
        .join(labels, on=["post_id", "company"], how="left")
        .with_columns(
            negative=pl.coalesce(pl.col("p_against") >= AGAINST, rank < 0, pl.lit(False)),
            acts=pl.when(is_reply).then(acts_expr(analysis.act_threshold)),
            p_hostile=pl.when(is_reply).then(pl.max_horizontal("p_defend", "p_mock", "p_attack")),
        )
        .with_columns(quality=quality_expr())
        .drop(ACT_PROBABILITIES)
    )  # fmt: skip


def thread_turns(episodes: pl.DataFrame, labelled: pl.DataFrame) -> pl.DataFrame:
    """Every turn of each episode's thread but the opener, in order, with at_s (≥ 1 from time zero on).

    Turns before time zero have at_s 0; those after the end of follow-up are left out.
    """
    at_s = pl.when(pl.col("created_at") < pl.col("started_at")).then(0).otherwise(
        event_seconds("created_at", "started_at")
    )  # fmt: skip
    return (
        episodes.select(_EPISODE)
        .join(labelled, on=["thread_id", "company"])
        .filter(pl.col("post_id") != pl.col("opener_id"))
        .with_columns(at_s=at_s)
        .filter(pl.col("at_s") <= pl.col("end_s"))
        .sort("episode_id", "at_s", "position", "post_id")
    )


def critic_turns(episodes: pl.DataFrame, labelled: pl.DataFrame, openers: pl.DataFrame) -> pl.DataFrame:
    """The critic's later turns toward the company, in the thread or anywhere else, until the end, in order.

    A critic whose post was deleted speaks elsewhere, so all of the source is searched. Adds at_s, kind
    (of an opener) and repeats (its text is that of the episode's own opener: not a distinct complaint).
    """
    kinds = openers.select(pl.col("opener_id").alias("post_id"), "company", "kind")
    said = (
        labelled.filter(pl.col("author_id").is_not_null(), pl.col("role").cast(pl.String) != "company")
        .join(kinds, on=["post_id", "company"], how="left")
        .drop("thread_id")
    )
    return (
        episodes.select(*_EPISODE, "author_id", opener_hash="text_hash")
        .join(said, on=["author_id", "company"])
        .filter(pl.col("post_id") != pl.col("opener_id"), pl.col("created_at") >= pl.col("started_at"))
        .with_columns(
            at_s=event_seconds("created_at", "started_at"),
            repeats=(pl.col("text_hash") == pl.col("opener_hash")).fill_null(False),
        )
        .filter(pl.col("at_s") <= pl.col("end_s"))
        .sort("episode_id", "at_s", "position", "post_id")
    )  # fmt: skip
