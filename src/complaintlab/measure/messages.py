"""Messages as they are measured: a text, who wrote it, and the message that it answers."""

from __future__ import annotations

import polars as pl

from complaintlab.texts import text_hashes

CONTENT = ("side", "text_hash", "before_hash")
"""What a measure of a message depends on, up to normalising."""


def messages_of(turns: pl.DataFrame) -> pl.DataFrame:
    """The distinct posts of ``turns``, the text before each found by its hash.

    Returns:
        message_id, role, author_id, text, before (null where there is none), side (customer or company),
        text_hash, before_hash ('' where there is nothing before).
    """
    posts = turns.unique("post_id", keep="first", maintain_order=True)
    texts = posts.unique("text_hash", keep="first", maintain_order=True).select(
        before_hash="text_hash", before="text"
    )
    found = posts.join(texts, on="before_hash", how="left", maintain_order="left")
    return found.select(
        pl.col("post_id").alias("message_id"),
        pl.col("role").cast(pl.String),
        "author_id",
        "text",
        "before",
        _side(),
        "text_hash",
        before_hash=pl.when(pl.col("before").is_not_null()).then("before_hash").otherwise(pl.lit("")),
    )


def with_hashes(messages: pl.DataFrame) -> pl.DataFrame:
    """Add side, text_hash and before_hash to message_id, role, text, before."""
    return messages.select(
        "message_id",
        "role",
        "text",
        "before",
        _side(),
        text_hashes(messages["text"]).alias("text_hash"),
        text_hashes(messages["before"]).fill_null("").alias("before_hash"),
    )


def _side() -> pl.Expr:
    company = pl.col("role").cast(pl.String) == "company"
    return pl.when(company).then(pl.lit("company")).otherwise(pl.lit("customer")).alias("side")
