"""Which posts open an episode: root posts by critics, labelled, with their author's history."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import cast

import polars as pl

from complaintlab.params import Analysis
from complaintlab.spells.clock import count_before

_LABELS = ("p_complaint", "p_nonsense", "p_praise", "hostility", "severity", "topic", "supported", "stance")
_NEEDED = ("p_complaint", "p_nonsense", "hostility", "severity")


def find_openers(
    turns: pl.DataFrame, threads: pl.DataFrame, measures: pl.DataFrame, analysis: Analysis
) -> pl.DataFrame:
    """One row per thread and company whose root is seen and by a critic.

    Columns: opener_id, thread_id, company, author_id, opened_at, first_reply_at, followed_until, locked_at,
    text_hash, the opener's labels, measured (all labels are there), kind (of an episode, or null).
    An opener is nonsense (spam, off-topic, abuse without a grievance) from ``nonsense_threshold`` on; else a
    complaint from ``complaint_threshold`` on; else praise if it praises with at least that probability or
    advocates.
    """
    labels = measures.select("post_id", "company", *_LABELS)
    hashes = turns.select("post_id", "company", "text_hash")
    measured = pl.col("supported").fill_null(False) & pl.all_horizontal(
        pl.col(name).is_not_null() for name in _NEEDED
    )
    return (
        threads.filter("root_seen", pl.col("critic_id").is_not_null())
        .select(
            "opener_id", "thread_id", "company", pl.col("critic_id").alias("author_id"),
            "opened_at", "first_reply_at", "followed_until", "locked_at",
        )
        .join(hashes, left_on=["opener_id", "company"], right_on=["post_id", "company"], how="left")
        .join(labels, left_on=["opener_id", "company"], right_on=["post_id", "company"], how="left")
        .with_columns(measured=measured)
        .with_columns(kind=pl.when("measured").then(_kind(analysis)))
        .sort("author_id", "company", "opened_at", "opener_id")
    )  # fmt: skip


def _kind(analysis: Analysis) -> pl.Expr:
    nonsense = pl.col("p_nonsense") >= analysis.nonsense_threshold
    complains = pl.col("p_complaint") >= analysis.complaint_threshold
    praises = (pl.col("p_praise").fill_null(0) >= analysis.complaint_threshold) | (
        pl.col("stance").cast(pl.String).fill_null("") == "advocates"
    )
    kinds = pl.when(nonsense).then(pl.lit("nonsense")).when(complains).then(pl.lit("complaint"))
    return kinds.when(praises).then(pl.lit("praise"))


def mark_first(openers: pl.DataFrame, source: pl.DataFrame, analysis: Analysis) -> pl.DataFrame:
    """Keep openers with a kind; add washout, first (no opener of that kind in the gap before), episode.

    Openers in the first ``washout_days`` of the observed period (see ``observed_from``) or before it make no
    episode but count as history. Exactly ``gap_days`` later still is a recurrence. Two openers at one moment:
    the first by post id counts.
    """
    gap = dt.timedelta(days=analysis.gap_days)
    washed = pl.lit(observed_from(openers, source, gap)) + dt.timedelta(days=analysis.washout_days)
    previous = pl.col("opened_at").shift(1).over("author_id", "company", "kind")
    return (
        openers.filter(pl.col("kind").is_not_null())
        .sort("author_id", "company", "opened_at", "opener_id")
        .with_columns(
            washout=(pl.col("opened_at") < washed).fill_null(False),
            first=previous.is_null() | (pl.col("opened_at") - previous > gap),
        )
        .with_columns(episode=pl.col("first") & ~pl.col("washout"))
    )


def observed_from(openers: pl.DataFrame, source: pl.DataFrame, gap: dt.timedelta) -> dt.datetime | None:
    """When the observed period of the source begins; null for a source without posts.

    Observation must be continuous: silences of more than ``gap`` without any opener, to whatever company,
    cut the source into stretches, and the period begins with the stretch that holds the most openers (the
    earliest of these). A few stray posts from years before are then no observation.
    """
    moments = (
        pl.concat([source.select(at="first_at"), openers.select(at="opened_at")]).drop_nulls().sort("at")
    )
    stretch = (pl.col("at").diff() > gap).fill_null(False).cum_sum().alias("stretch")
    stretches = moments.group_by(stretch, maintain_order=True).agg(begins=pl.col("at").first(), n=pl.len())
    longest = stretches.filter(pl.col("n") == pl.col("n").max())
    return cast("dt.datetime | None", longest["begins"].min())


def open_episodes(marked: pl.DataFrame) -> pl.DataFrame:
    """The openers that start an episode, with episode_id, started_at and earlier_complaints."""
    complaints = marked.filter(pl.col("kind") == "complaint")
    episodes = marked.filter("episode").rename({"opened_at": "started_at"})
    earlier = count_before(
        episodes, complaints, at="started_at", moment="opened_at", by=["author_id", "company"]
    )
    return episodes.with_columns(earlier.alias("earlier_complaints"), _episode_ids(episodes))


def _episode_ids(episodes: pl.DataFrame) -> pl.Series:
    """80-bit hash of opener and company: an opener that names k companies starts k episodes."""
    ids = [
        hashlib.blake2b(f"{opener}|{company}".encode(), digest_size=10).hexdigest()
        for opener, company in episodes.select("opener_id", "company").iter_rows()
    ]
    return pl.Series("episode_id", ids, dtype=pl.String)
