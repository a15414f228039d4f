"""What a crawler saw of the simulated public, and when: dense looks at a thread first, then sparser ones."""

from __future__ import annotations

import numpy as np
import polars as pl

from complaintlab.worlds.laws import Laws

LOOKS_S = (60, 15 * 60, 3600, 3 * 3600, 12 * 3600, *(day * 86400 for day in (1, 2, 4, 7, 14, 30)))
"""Looks at a thread after its opener, seconds; every thread is looked at once more at the archive's end."""


def look(posts: pl.DataFrame, laws: Laws, rng: np.random.Generator) -> pl.DataFrame:
    """Sightings of all posts: post, seen_s, look, status, evidence, actor, happened_s, likes.

    ``posts`` has post, thread, at_s, removed_s, removed_by, hidden, logged, applause and text_hash. A post
    that is gone at every look is reported only if the host removed it.
    """
    end_s = laws.days * 86400
    opened = posts.group_by("thread", maintain_order=True).agg(opened_s=pl.col("at_s").min())
    jitter = rng.integers(0, 60, (len(opened), len(LOOKS_S) + 1))
    times = opened["opened_s"].to_numpy()[:, None] + np.array([*LOOKS_S, 0]) + jitter
    times[:, -1] = end_s
    kept = times <= end_s
    kept[:, -1] = True
    thread, ordinal = np.nonzero(kept)
    looks = pl.DataFrame(
        {
            "thread": opened["thread"].gather(thread),
            "seen_s": times[thread, ordinal],
            "look": pl.Series(np.where(ordinal == len(LOOKS_S), -1, ordinal)),
        }
    ).unique(["thread", "seen_s"], keep="first", maintain_order=True)
    seen = posts.join(looks, on="thread", how="inner", maintain_order="left_right").filter(
        pl.col("seen_s") > pl.col("at_s")
    )
    return _as_seen(seen, end_s)


def _as_seen(seen: pl.DataFrame, end_s: int) -> pl.DataFrame:
    gone = (pl.col("removed_s") <= pl.col("seen_s")).fill_null(False)
    removed = seen.with_columns(gone=gone).with_columns(
        status=pl.when(pl.col("gone") & pl.col("hidden"))
        .then(pl.lit("hidden"))
        .when("gone")
        .then(pl.lit("absent"))
        .otherwise(pl.lit("present"))
    )
    ever = pl.col("status").ne("absent").any().over("post")
    host = pl.col("removed_by") == "host"
    return removed.filter(ever | host).select(
        "post",
        "seen_s",
        "look",
        "status",
        "text_hash",
        evidence=pl.when("gone").then(
            pl.when("hidden")
            .then(pl.lit("hidden by the page"))
            .when(host)
            .then(pl.lit("removed by the page"))
            .otherwise(pl.lit("deleted by its author"))
        ),
        actor=pl.when("gone").then(pl.col("removed_by")),
        happened_s=pl.when(pl.col("gone") & pl.col("logged")).then(pl.col("removed_s")),
        likes=pl.when(pl.col("status") != "absent").then(_likes()),
    )


def _likes() -> pl.Expr:
    """Grows with age towards the post's own ceiling."""
    age_hours = (pl.col("seen_s") - pl.col("at_s")) / 3600
    return (pl.col("applause") * age_hours / (age_hours + 12)).floor().cast(pl.Int64)
