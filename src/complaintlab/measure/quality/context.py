"""Where a coded message stands: its author, its place in the thread, and how soon its thread was answered."""

from __future__ import annotations

import polars as pl

ARMS = ("reply within 1 h", "1 to 24 h", "later", "none")
"""Threads by the delay of the company's first reply: the arms of the claims on timing."""


def world_judged(
    measures: pl.DataFrame, latent: pl.DataFrame, turns: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Measures beside what the simulated authors meant; no row where there is no such truth.

    A post that concerns several companies counts once, for the first of them.

    Args:
        turns: where given, authors, places and arms stand beside (``in_context``).
    """
    truth = latent.select(
        "post_id", "role", "complaint",
        coded_stance="stance", coded_hostility="hostility", coded_acts="acts",
    )  # fmt: skip
    measured = measures.filter("supported").unique("post_id", keep="first", maintain_order=True)
    judged = measured.join(truth, on="post_id", maintain_order="left")
    return judged if turns is None else in_context(judged, turns)


def in_context(judged: pl.DataFrame, turns: pl.DataFrame) -> pl.DataFrame:
    """Add author_id, thread_id, position (0: the opener) and arm, found by post_id and company.

    Args:
        judged: post_id, company, and whatever else.
        turns: the table of that name.

    Returns:
        The rows in order; ``arm`` is null where the root is unseen or a reply is stamped before it.
    """
    places = turns.select("post_id", "company", "thread_id", "author_id", "position")
    added = judged.drop("author_id", "thread_id", "position", "arm", strict=False)
    return added.join(places, on=["post_id", "company"], how="left", maintain_order="left").join(
        _arms(turns), on=["thread_id", "company"], how="left", maintain_order="left"
    )


def _arms(turns: pl.DataFrame) -> pl.DataFrame:
    """thread_id, company and arm of the threads whose root was seen."""
    root = pl.col("parent_status") == "root"
    reply = (pl.col("role") == "company") & ~root & pl.col("joined_into").is_null()
    keys = ["thread_id", "company"]
    opened = turns.filter(root).select(*keys, opened_at="created_at")
    first = turns.filter(reply).group_by(keys).agg(first_at=pl.col("created_at").min())
    hours = (pl.col("first_at") - pl.col("opened_at")).dt.total_microseconds() / 3600e6
    within_hour, within_day, later, none = (pl.lit(arm) for arm in ARMS)
    arm = (
        pl.when(hours.is_null()).then(none)
        .when(hours < 0).then(None)
        .when(hours <= 1).then(within_hour)
        .when(hours <= 24).then(within_day)
        .otherwise(later)
    )  # fmt: skip
    return opened.join(first, on=keys, how="left").select(*keys, arm=arm)
