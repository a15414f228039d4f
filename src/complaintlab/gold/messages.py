"""What a coder may see of a message: its text and the messages before it in the thread, nothing after."""

from __future__ import annotations

import polars as pl

from complaintlab.gold.codebook import ITEMS

SIGNED = " [signed]"
"""Stands for the signature, which is not kept as text: that a reply was signed is part of what is coded."""


def messages_to_code(sample: pl.DataFrame, turns: pl.DataFrame) -> pl.DataFrame:
    """The texts of a sample, each message once, in the order to code them in.

    Args:
        sample: of ``draw.draw_sample``.
        turns: the table ``turns``.

    Returns:
        task (from 1), post_id, item, company, role, text, before (list of structs role, text: the
        messages before it in its thread, oldest first). Ordered by item, then thread, then time.
    """
    shown = turns.filter(pl.col("joined_into").is_null()).with_columns(
        pl.col("role").cast(pl.String),
        text=pl.when(pl.col("agent_id").is_not_null()).then(pl.col("text") + SIGNED).otherwise("text"),
    )
    asked = (
        sample.sort("episode_id", "post_id")
        .unique("post_id", keep="first", maintain_order=True)
        .select("post_id", "company", "item")
        .join(shown, on=["post_id", "company"])
    )
    earlier = shown.select("thread_id", "company", "position", pl.struct("role", "text").alias("said"))
    before = (
        asked.select("post_id", "thread_id", "company", own="position")
        .join(earlier, on=["thread_id", "company"])
        .filter(pl.col("position") < pl.col("own"))
        .sort("post_id", "position")
        .group_by("post_id", maintain_order=True)
        .agg(before="said")
    )
    return (
        asked.join(before, on="post_id", how="left")
        .with_columns(pl.col("item").cast(pl.Enum(ITEMS)), pl.col("before").fill_null([]))
        .sort("item", "thread_id", "company", "position", "post_id")
        .with_row_index("task", offset=1)
        .select("task", "post_id", pl.col("item").cast(pl.String), "company", "role", "text", "before")
    )
