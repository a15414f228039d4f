"""The openers whose topics are asked for."""

from __future__ import annotations

import polars as pl

from complaintlab.measure.languages import SUPPORTED, detect_language
from complaintlab.params import Analysis
from complaintlab.texts import normalise


def rooted_openers(turns: pl.DataFrame, threads: pl.DataFrame) -> pl.DataFrame:
    """The critics' turns that open a thread whose root was seen: all that ``measure`` may give a topic."""
    rooted = threads.filter("root_seen").select("thread_id", "company")
    return turns.filter(pl.col("role").cast(pl.String) == "critic", pl.col("position") == 0).join(
        rooted, on=["thread_id", "company"], how="semi", maintain_order="left"
    )


def readable_openers(turns: pl.DataFrame, threads: pl.DataFrame) -> pl.DataFrame:
    """``rooted_openers`` in a language that the measures know, whether they complain or not."""
    openers = rooted_openers(turns, threads)
    return openers.filter(detect_language(openers["text"]).is_in(list(SUPPORTED)))


def complaint_openers(
    turns: pl.DataFrame, threads: pl.DataFrame, measures: pl.DataFrame, analysis: Analysis
) -> pl.DataFrame:
    """Openers that complain, as ``spells`` has it: complaints from the threshold on that are no nonsense.

    Returns:
        post_id, author_id, text_hash, text (normalised): one row per post, by id.
    """
    complains = measures.filter(
        pl.col("supported"),
        pl.col("p_complaint") >= analysis.complaint_threshold,
        pl.col("p_nonsense") < analysis.nonsense_threshold,
    ).select("post_id", "company")
    return (
        rooted_openers(turns, threads)
        .join(complains, on=["post_id", "company"], how="semi")
        .unique("post_id", keep="first", maintain_order=True)
        .select("post_id", "author_id", "text_hash", normalise(pl.col("text")).alias("text"))
        .sort("post_id")
    )
