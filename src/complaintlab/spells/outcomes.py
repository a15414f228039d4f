"""What an episode came to: first events, replies, spread, bystanders, recurrences, later praise."""

from __future__ import annotations

import polars as pl

from complaintlab.params import Analysis
from complaintlab.spells.clock import DAY_S
from complaintlab.spells.replies import does

SPREAD = 3
"""Spread is passed when this many others have spoken against the company."""


def first_at(turns: pl.DataFrame, name: str, *where: pl.Expr) -> pl.DataFrame:
    """episode_id and the second of the first of these turns."""
    return turns.filter(*where).group_by("episode_id").agg(pl.col("at_s").min().alias(name))


def add_outcomes(
    episodes: pl.DataFrame, thread: pl.DataFrame, critic: pl.DataFrame, analysis: Analysis
) -> pl.DataFrame:
    """Add to episodes everything that follows time zero.

    Args:
        thread: ``seen.thread_turns``; the company's replies and the bystanders are looked for here.
        critic: ``seen.critic_turns``; events are looked for here, author-wide.

    First events are the first within follow-up, whether or not anybody had sighted the thread by then:
    whose first event is not after ``entry_s`` was never at risk of it, which each model has to respect.
    """
    parts = (
        _events(critic, analysis),
        _replies(thread),
        _stance(critic, analysis),
        _spread(thread, analysis),
    )
    joined = episodes
    for part in parts:
        joined = joined.join(part, on="episode_id", how="left")
    followed = pl.col("end_s") >= _horizon_s(analysis)
    heard = pl.col("any_later_turn").fill_null(False)
    counts = ("praise_later", "recurrences", "spread_before")
    joined = joined.with_columns(
        any_later_turn=heard,
        stance_7d=pl.when(followed).then(pl.when("heard_7d").then("stance_7d").otherwise(pl.lit("silent"))),
        spread_7d=pl.when(followed).then(pl.col("spread_7d").fill_null(0)),
    ).with_columns(pl.col(counts).fill_null(0))
    return joined.join(_bystanders(joined, thread), on="episode_id", how="left")


def recurrences(critic: pl.DataFrame) -> pl.DataFrame:
    """The critic's later complaint openers whose text is not that of the first one."""
    return critic.filter((pl.col("kind") == "complaint").fill_null(False), ~pl.col("repeats"))


def _horizon_s(analysis: Analysis) -> int:
    return round(analysis.horizon_days * DAY_S)


def _events(critic: pl.DataFrame, analysis: Analysis) -> pl.DataFrame:
    stance = pl.col("stance").cast(pl.String)
    praise = (pl.col("kind") == "praise").fill_null(False)

    def first(where: pl.Expr) -> pl.Expr:
        return pl.col("at_s").filter(where).min()

    complains = (pl.col("kind") == "complaint").fill_null(False) & ~pl.col("repeats")
    return critic.group_by("episode_id").agg(
        turned_s=first(stance.is_in(["resolved", "advocates"])),
        advocate_s=first((stance == "advocates").fill_null(False) | praise),
        escalated_s=first(stance == "escalates"),
        any_later_turn=pl.lit(True),
        praise_later=praise.sum().cast(pl.UInt32),
        recurrences=complains.sum().cast(pl.UInt32),
    )


def _replies(thread: pl.DataFrame) -> pl.DataFrame:
    """first_reply_s and id, second_reply_s, quality of the first, and the first way to a private channel."""
    replies = thread.filter(pl.col("role").cast(pl.String) == "company", pl.col("at_s") > 0)
    return replies.group_by("episode_id", maintain_order=True).agg(
        first_reply_s=pl.col("at_s").first(),
        first_reply_id=pl.col("post_id").first(),
        first_reply_quality=pl.col("quality").first(),
        second_reply_s=pl.col("at_s").get(1, null_on_oob=True),
        private_s=pl.col("at_s").filter(does("contact")).min(),
    )


def _stance(critic: pl.DataFrame, analysis: Analysis) -> pl.DataFrame:
    early = critic.filter(pl.col("at_s") <= _horizon_s(analysis))
    return early.group_by("episode_id", maintain_order=True).agg(
        heard_7d=pl.lit(True), stance_7d=pl.col("stance").cast(pl.String).drop_nulls().last()
    )


def negative_others(thread: pl.DataFrame) -> pl.DataFrame:
    """The first negative turn of each bystander, in order."""
    return thread.filter(pl.col("role").cast(pl.String) == "bystander", "negative").unique(
        ["episode_id", "author_id"], keep="first", maintain_order=True
    )


def _spread(thread: pl.DataFrame, analysis: Analysis) -> pl.DataFrame:
    others = negative_others(thread)
    after = pl.col("at_s").is_between(1, _horizon_s(analysis))
    spread_passed = pl.col("at_s").filter(pl.col("at_s") > 0).sort().get(SPREAD - 1, null_on_oob=True)
    return others.group_by("episode_id").agg(
        spread_before=(pl.col("at_s") == 0).sum().cast(pl.UInt32),
        spread_7d=after.sum().cast(pl.UInt32),
        spread_passed_s=spread_passed,
    )


def _bystanders(episodes: pl.DataFrame, thread: pl.DataFrame) -> pl.DataFrame:
    """Bystander turns before and after the first reply; without one, before and after half the follow-up."""
    cut = episodes.select("episode_id", cut_s=pl.coalesce("first_reply_s", pl.col("end_s") // 2))
    turns = cut.join(
        thread.filter(pl.col("role").cast(pl.String) == "bystander"), on="episode_id", how="left"
    )
    present = pl.col("post_id").is_not_null()
    before = present & (pl.col("at_s") <= pl.col("cut_s"))
    after = present & (pl.col("at_s") > pl.col("cut_s"))
    return turns.group_by("episode_id").agg(
        bystanders_before=before.sum().cast(pl.UInt32),
        bystanders_before_negative=_share(before),
        bystanders_after=after.sum().cast(pl.UInt32),
        bystanders_after_negative=_share(after),
    )


def _share(among: pl.Expr) -> pl.Expr:
    negative = pl.col("negative").fill_null(False)
    n = among.fill_null(False).sum()
    return pl.when(n > 0).then((among & negative).fill_null(False).sum() / n)
