"""How long each thread was watched, what may be missing from it, and when it was locked."""

from __future__ import annotations

from typing import Final

import polars as pl

from complaintlab.threads.trees import Forest, threads_of

LOCKED: Final = "locked"
CUTS: Final = ("page_limit", "private")
"""Words of ``sightings.evidence`` that speak of the whole thread rather than of one post."""

CUT = pl.Enum(["no", "page_limit", "sampled", "private"])


def follow_up(
    posts: pl.DataFrame, sightings: pl.DataFrame, source: pl.DataFrame, forest: Forest
) -> pl.DataFrame:
    """One row per thread, in order: ``followed_until``, ``locked_at`` and ``cut``.

    A thread was watched until the last look that covered it whole. Without such a look it was watched until
    the end of the archive (``source.as_of``) only where the archive's threads are complete and this one is
    not cut; else until its last seen post, since silence after that may be a gap. A post that is here was
    seen, so the follow-up never ends before it.
    """
    complete, as_of = source["threads_complete"].item(), source["as_of"].item()
    threads = pl.int_range(len(forest.thread_ids), dtype=pl.Int64, eager=True).alias("thread").to_frame()
    last_post = pl.DataFrame({"thread": forest.thread, "created_at": posts["created_at"]})
    looks = _by_thread(sightings, posts, forest)
    frame = (
        threads.join(last_post.group_by("thread").agg(last_post=pl.col("created_at").max()), on="thread")
        .join(looks, on="thread", how="left")
        .with_columns(cut=_cut(complete))
        .sort("thread")
    )
    end_of_archive = pl.when(complete & (pl.col("cut") == "no")).then(pl.lit(as_of, pl.Datetime("us", "UTC")))
    until = pl.max_horizontal(pl.coalesce("looked_at", end_of_archive), "last_post")
    return frame.select(until.alias("followed_until"), "locked_at", "cut")


def _by_thread(sightings: pl.DataFrame, posts: pl.DataFrame, forest: Forest) -> pl.DataFrame:
    """What looks say of threads; a look at a missing root counts for the thread that is named after it."""
    word = pl.col("evidence")
    telling = sightings.filter(pl.col("complete") | word.is_in([LOCKED, *CUTS]))
    return (
        threads_of(telling, posts, forest)
        .drop_nulls("thread")
        .group_by("thread")
        .agg(
            looked_at=pl.col("seen_at").filter(pl.col("complete")).max(),
            locked_at=pl.coalesce("happened_at", "seen_at").filter(word == LOCKED).min(),
            **{name: (word == name).any() for name in CUTS},
        )
    )


def _cut(complete: bool) -> pl.Expr:
    cut = pl.when("private").then(pl.lit("private")).when("page_limit").then(pl.lit("page_limit"))
    return cut.otherwise(pl.lit("no" if complete else "sampled")).cast(CUT)
