"""Start–stop rows (counting process): each episode tiled from entry to end, split at every change."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from complaintlab.companies import Companies
from complaintlab.spells.before import HOUR, add_hours, open_complaints
from complaintlab.spells.followup import COMPETING
from complaintlab.spells.history import History, attach

FIRST_EVENTS = {
    "turned": "turned_s",
    "advocate": "advocate_s",
    "escalated": "escalated_s",
    "spread_passed": "spread_passed_s",
    "recurred": "recurred_s",
}
"""Flag of a row → the episode's second of that first event."""

_FALSE_BEFORE = (
    "answered", "critic_deleted", "critic_deleted_nonsense", "own_reply_deleted", "own_reply_edited",
)  # fmt: skip
_ZERO_BEFORE = ("n_replies", "agents_so_far", "against_so_far", "replies_so_far")


def tile(episodes: pl.DataFrame, histories: Sequence[History]) -> pl.DataFrame:
    """Rows (start_s, stop_s] that tile (entry_s, end_s] of each episode, split at changes and events.

    An episode that was never followed after its entry has no row.
    """
    followed = episodes.filter(pl.col("entry_s") < pl.col("end_s"))
    events = [
        followed.select("episode_id", pl.col(second).alias("at_s")).drop_nulls()
        for second in FIRST_EVENTS.values()
    ]
    starts = followed.select("episode_id", pl.col("entry_s").alias("at_s"))
    inside = (
        pl.concat([*events, *(history.changes() for history in histories)])
        .join(followed.select("episode_id", "entry_s", "end_s"), on="episode_id")
        .filter(pl.col("at_s") > pl.col("entry_s"), pl.col("at_s") < pl.col("end_s"))
        .select("episode_id", "at_s")
    )
    cuts = pl.concat([starts, inside]).unique().sort("episode_id", "at_s").rename({"at_s": "start_s"})
    return cuts.join(followed, on="episode_id", how="left", maintain_order="left").with_columns(
        stop_s=pl.col("start_s").shift(-1).over("episode_id").fill_null(pl.col("end_s"))
    )


def mark_events(rows: pl.DataFrame) -> pl.DataFrame:
    """Flag the row at whose stop a first event, or a competing end, happened."""
    flags = [
        (pl.col(second) == pl.col("stop_s")).fill_null(False).alias(flag)
        for flag, second in FIRST_EVENTS.items()
    ]
    ended = pl.col("end").cast(pl.String).is_in(COMPETING) & (pl.col("stop_s") == pl.col("end_s"))
    return rows.with_columns(*flags, competing=ended)


def start_stop_rows(
    episodes: pl.DataFrame, histories: Sequence[History], complaints: pl.DataFrame, companies: Companies
) -> pl.DataFrame:
    """The table ``spells`` of these episodes (with recurred_s and spread_passed_s).

    Load and hours are those at start_s; the rows are not split at their changes. A first event at or before
    entry flags no row: whoever had it was not at risk of it, and models leave that episode out.
    """
    rows = attach(mark_events(tile(episodes, histories)), histories)
    rows = rows.with_columns(
        pl.col(_FALSE_BEFORE).fill_null(False),
        pl.col(_ZERO_BEFORE).fill_null(0),
        at=pl.col("started_at") + pl.duration(seconds=pl.col("start_s")),
    )
    load = open_complaints(rows, complaints, at="at").cast(pl.Int64)
    own = (
        (pl.col("kind") == "complaint")
        & (pl.col("at") > pl.col("started_at"))
        & (pl.col("at") <= pl.min_horizontal("first_reply_at", pl.col("started_at") + HOUR))
    )
    rows = rows.with_columns(load=load - own.cast(pl.Int64))
    return add_hours(rows, companies, at="at")
