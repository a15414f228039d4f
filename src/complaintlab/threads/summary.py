"""Threads: one row per thread and company, counted from the turns."""

from __future__ import annotations

import polars as pl

from complaintlab.threads.roles import Cast
from complaintlab.threads.trees import Forest


def summarise(
    turns: pl.DataFrame,
    posts: pl.DataFrame,
    forest: Forest,
    cast: Cast,
    pairs: pl.DataFrame,
    followed: pl.DataFrame,
) -> pl.DataFrame:
    """The table ``threads``, sorted by thread and company.

    A reply of the company is a turn of its official account other than the root; of a split reply only the
    first part counts. The first reply's delay runs from the root, null where the root is unseen or the
    reply is stamped before it.
    """
    per_thread = _per_thread(posts, forest, cast, followed)
    opened = per_thread.gather(pairs["thread"]).with_columns(pairs["company"])
    first = pl.col("first_reply_at")
    minutes = (first - pl.col("opened_at")).dt.total_microseconds() / 60e6
    return (
        opened.join(_replies(turns), on=["thread_id", "company"], how="left")
        .with_columns(
            pl.col("n_company_turns").fill_null(0),
            first_reply_delay_minutes=pl.when("root_seen", first >= pl.col("opened_at")).then(minutes),
        )
        .sort("thread_id", "company")
    )


def _per_thread(posts: pl.DataFrame, forest: Forest, cast: Cast, followed: pl.DataFrame) -> pl.DataFrame:
    """What a thread's row says whichever the company, in the threads' order."""
    thread = pl.Series("thread", forest.thread)
    people = posts.select(thread, "author_id", "company").filter(
        pl.col("company").is_null(), pl.col("author_id").is_not_null()
    )
    counts = (
        pl.int_range(len(forest.thread_ids), dtype=pl.Int64, eager=True).alias("thread").to_frame()
        .join(thread.to_frame().group_by("thread").agg(n_turns=pl.len()), on="thread", how="left")
        .join(
            people.select("thread", "author_id").unique().group_by("thread").agg(n_people=pl.len()),
            on="thread", how="left",
        )
        .sort("thread")
    )  # fmt: skip
    return followed.with_columns(
        counts["n_turns"],
        counts["n_people"].fill_null(0),
        thread_id=forest.thread_ids,
        opener_id=posts["post_id"].gather(forest.opener),
        opened_at=posts["created_at"].gather(forest.opener),
        critic_id=cast.critic,
        root_seen=pl.Series(forest.root >= 0),
    )


def _replies(turns: pl.DataFrame) -> pl.DataFrame:
    is_reply = (
        (pl.col("role") == "company") & (pl.col("parent_status") != "root") & pl.col("joined_into").is_null()
    )
    return (
        turns.filter(is_reply)
        .group_by("thread_id", "company")
        .agg(n_company_turns=pl.len(), first_reply_at=pl.col("created_at").min())
    )
