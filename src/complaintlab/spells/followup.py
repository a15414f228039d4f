"""From when and until when an episode is followed."""

from __future__ import annotations

import polars as pl

from complaintlab.labels import ENDS
from complaintlab.params import Analysis
from complaintlab.spells.clock import DAY_S, seconds_since

COMPETING = ("author_deleted", "account_gone", "locked")
"""Ends after which an event can no longer be shown; the others only stop our looking."""


def add_follow_up(
    episodes: pl.DataFrame,
    turns: pl.DataFrame,
    deletions: pl.DataFrame,
    sightings: pl.DataFrame,
    source: pl.DataFrame,
    analysis: Analysis,
) -> pl.DataFrame:
    """Add entry_s, end_s, end and later_followed_days to episodes.

    Follow-up ends with the author's deletion of the opener, the loss of the account, a lock of the thread,
    the long horizon, or when the thread was last seen, whichever is first (in this order at a tie). A host's
    deletion is an exposure and ends nothing. A removal between two looks is put at their midpoint.

    In a prospective source follow-up counts from the opener's first sighting: an opener that was deleted
    before anybody looked is not in the data, so nobody was at risk of being seen to do so (delayed entry).
    An export or archive shows only what was left; its threads are replayed whole, and entry is time zero.
    """
    ends = (
        episodes.join(_own_deletion(deletions), left_on="opener_id", right_on="post_id", how="left")
        .join(_accounts_gone(deletions, turns), on="author_id", how="left")
        .join(_first_seen(sightings, source), left_on="opener_id", right_on="post_id", how="left")
    )
    since = "started_at"
    removed = _removal_moment(
        pl.col("deleted_exact_at"), pl.coalesce("deleted_after", since), pl.col("deleted_by")
    )
    candidates = {
        "author_deleted": seconds_since(removed, since),
        "account_gone": seconds_since("gone_at", since),
        "locked": seconds_since("locked_at", since),
        "horizon": pl.lit(round(analysis.long_horizon_days * DAY_S), pl.Int64),
        "last_seen": seconds_since("followed_until", since),
    }
    positive = {name: expr.clip(lower_bound=1).alias(f"_{name}") for name, expr in candidates.items()}
    earliest = pl.min_horizontal(f"_{name}" for name in ENDS)
    which = pl.coalesce(pl.when(pl.col(f"_{name}") == pl.col("end_s")).then(pl.lit(name)) for name in ENDS)
    return (
        ends.with_columns(positive.values())
        .with_columns(end_s=earliest)
        .with_columns(
            which.alias("end"),
            seconds_since("first_seen_at", since).clip(lower_bound=0).fill_null(0).alias("entry_s"),
            _later_followed(source, analysis).alias("later_followed_days"),
        )
        .select(*episodes.columns, "entry_s", "end_s", "end", "later_followed_days")
    )


def _removal_moment(exact: pl.Expr, after: pl.Expr, by: pl.Expr) -> pl.Expr:
    return pl.coalesce(exact, after + (by - after) / 2)


def _own_deletion(deletions: pl.DataFrame) -> pl.DataFrame:
    """post_id and interval of the first deletion by its author that was not taken back."""
    return (
        deletions.filter(pl.col("kind").cast(pl.String) == "author_deleted", pl.col("restored_at").is_null())
        .sort("post_id", "ordinal")
        .unique("post_id", keep="first", maintain_order=True)
        .select(
            "post_id",
            deleted_exact_at="exact_at",
            deleted_after="last_present_at",
            deleted_by="first_absent_at",
        )
    )


def _accounts_gone(deletions: pl.DataFrame, turns: pl.DataFrame) -> pl.DataFrame:
    """author_id and the first moment at which a post of theirs had gone with the account."""
    authors = turns.select("post_id", "author_id").drop_nulls().unique()
    moment = _removal_moment(
        pl.col("exact_at"),
        pl.coalesce("last_present_at", "first_absent_at"),
        pl.col("first_absent_at"),
    )
    return (
        deletions.filter(pl.col("kind").cast(pl.String) == "account_gone", pl.col("restored_at").is_null())
        .join(authors, on="post_id")
        .group_by("author_id")
        .agg(moment.min().alias("gone_at"))
    )


def _first_seen(sightings: pl.DataFrame, source: pl.DataFrame) -> pl.DataFrame:
    """post_id and when it was first seen, for a prospective source; else nothing.

    A source that was looked at once (a file export) does not tell when its posts were first seen.
    """
    prospective = bool(source["prospective"].any()) and sightings["seen_at"].n_unique() > 1
    return (
        sightings.filter(pl.lit(prospective), pl.col("status").cast(pl.String).is_in(["present", "hidden"]))
        .group_by("post_id")
        .agg(pl.col("seen_at").min().alias("first_seen_at"))
    )


def _later_followed(source: pl.DataFrame, analysis: Analysis) -> pl.Expr:
    """Days of the long horizon in which openers anywhere in the source would have been seen."""
    until = pl.min_horizontal(pl.lit(source["as_of"].max()), pl.col("gone_at"))
    days = (until - pl.col("started_at")).dt.total_microseconds() / (DAY_S * 1e6)
    return days.clip(0.0, analysis.long_horizon_days)
