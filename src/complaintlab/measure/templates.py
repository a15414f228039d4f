"""How much of a reply its company has said before."""

from __future__ import annotations

import polars as pl

from complaintlab.texts import normalise

RUN_WORDS = 4
"""Length of a run of words: long enough to be a phrase, short enough to survive a changed name."""


def template_closeness(replies: pl.DataFrame) -> pl.DataFrame:
    """Share of a reply's runs of four words that the same company used in an earlier reply.

    Only replies posted strictly before count, so nothing later can change a value. Texts are normalised
    (names, links and numbers slotted); a reply shorter than four words is one run. The work grows with
    the number of words, not with its square. A company's later replies have a longer past to resemble.

    Args:
        replies: columns post_id, company, created_at (datetime) and text.

    Returns:
        Columns post_id, company, template in [0, 1]; null for a company's first reply (and for replies
        posted at that same moment).
    """
    texts = replies.select(
        "post_id", "company", "created_at", normalise(pl.col("text")).str.split(" ").alias("words")
    ).with_row_index("reply")
    runs = _runs(texts)
    first_used = runs.group_by("company", "run").agg(pl.col("created_at").min().alias("first_used"))
    known = (
        runs.join(first_used, on=["company", "run"])
        .group_by("reply")
        .agg((pl.col("first_used") < pl.col("created_at")).sum().alias("used"), pl.len().alias("of"))
    )
    opened = pl.col("created_at").min().over("company")
    return (
        texts.join(known, on="reply", how="left", maintain_order="left")
        .with_columns(template=pl.when(pl.col("created_at") > opened).then(pl.col("used") / pl.col("of")))
        .select("post_id", "company", "template")
    )


def _runs(texts: pl.DataFrame) -> pl.DataFrame:
    """A row per reply and distinct run of words."""
    words = texts.explode("words").with_columns(
        length=pl.len().over("reply"), place=pl.int_range(pl.len()).over("reply")
    )
    later = [pl.col("words").shift(-step) for step in range(1, RUN_WORDS)]
    whole = pl.col("place") + RUN_WORDS <= pl.col("length")
    short = (pl.col("length") < RUN_WORDS) & (pl.col("place") == 0)
    same = [pl.when(pl.col("length") > step).then(word) for step, word in enumerate(later, start=1)]
    return (
        words.with_columns(run=pl.concat_str("words", *same, separator=" ", ignore_nulls=True))
        .filter(whole | short)
        .select("reply", "company", "created_at", "run")
        .unique()
    )
