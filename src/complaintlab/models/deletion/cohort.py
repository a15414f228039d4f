"""Whom an act of a host can concern, and between which two moments it happened to each of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.strategies import DAY, PATIENCE_S

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

HOST = ("host_removed", "host_hidden")
UNKNOWN = ("vanished_unknown",)
OWN = ("author_deleted", *HOST)
"""A company takes its reply back as its author or as the host of the place."""

_CLOCKS = ("escalated_s", "turned_s", "first_reply_s", "end_s")


@dataclass(frozen=True)
class Cohort:
    """Episodes that the act may concern; it happened in (``lower_s``, ``upper_s``], infinite where never.

    ``episodes`` has the columns of the table, its seconds counted from the cohort's time zero, which is
    ``origin_s`` (n,) seconds after the complaint.
    """

    episodes: pl.DataFrame
    origin_s: FloatArray
    lower_s: FloatArray
    upper_s: FloatArray

    @property
    def n(self) -> int:
        return self.episodes.height

    @property
    def acted(self) -> BoolArray:
        """To whom the act happened, at whatever time."""
        return np.isfinite(self.upper_s)

    def within(self, kept: BoolArray) -> Cohort:
        """The cohort's episodes in ``kept`` (n,)."""
        episodes = self.episodes.filter(pl.Series(kept))
        return Cohort(episodes, self.origin_s[kept], self.lower_s[kept], self.upper_s[kept])

    def companies(self, other: pl.Series | None = None) -> tuple[int, int]:
        """Companies, and those of them with both arms: the act within a day, and ``other`` without it."""
        arms = self._arms(other)
        return arms.height, arms.filter("early", "rest").height

    def companies_with(self, other: Cohort) -> tuple[int, int]:
        """Companies of either cohort, and those that have both arms in this and in the ``other``."""
        mine, others = self._arms(), other._arms()
        either = pl.concat([mine["company"], others["company"]]).n_unique()
        both = (arms.filter("early", "rest").select("company") for arms in (mine, others))
        return either, next(both).join(next(both), on="company").height

    def _arms(self, other: pl.Series | None = None) -> pl.DataFrame:
        """company, whether the act happened within a day to any episode (early), and not to any (rest)."""
        early = pl.Series("early", self.upper_s <= DAY)
        rest = ~early if other is None else ~early & other
        frame = self.episodes.select("company").with_columns(early, rest.alias("rest"))
        return frame.group_by("company").agg(pl.col("early", "rest").any())


def acts_on(deletions: pl.DataFrame, kinds: Collection[str]) -> pl.DataFrame:
    """post_id and the interval (after_at, by_at] of the first deletion of one of these ``kinds``.

    A logged moment leaves an interval of one second. ``after_at`` is null where no look found the post.
    """
    return (
        deletions.filter(pl.col("kind").cast(pl.String).is_in(list(kinds)))
        .sort("post_id", "ordinal")
        .unique("post_id", keep="first", maintain_order=True)
        .select(
            "post_id",
            after_at=pl.coalesce(pl.col("exact_at") - pl.duration(seconds=1), "last_present_at"),
            by_at=pl.coalesce("exact_at", "first_absent_at"),
        )
    )


def complaints(episodes: pl.DataFrame, posts: pl.DataFrame, acts: pl.DataFrame) -> Cohort:
    """Complaints at places where this company's complaints have been acted on at all, from Z0 on.

    Elsewhere (a public timeline, another's page) nobody could have deleted them: no such complaint is
    comparable. The act is that on the opener.
    """
    places = posts.select("post_id", "place")
    rows = (
        episodes.join(places, left_on="opener_id", right_on="post_id", how="left")
        .join(acts, left_on="opener_id", right_on="post_id", how="left")
        .filter(pl.col("by_at").is_not_null().any().over("company", pl.col("place").fill_null("")))
        .sort("episode_id")
    )
    return _cohort(rows.drop("place"), pl.lit(0, pl.Int64))


def answered(episodes: pl.DataFrame, posts: pl.DataFrame, deletions: pl.DataFrame) -> Cohort:
    """Complaints answered within 7 days whose critics had not escalated by then, from the first reply on.

    The act is that the company removes or edits this reply; only companies that ever did so.
    """
    edits = posts.select("post_id", after_at=pl.col("edited_at") - pl.duration(seconds=1), by_at="edited_at")
    acts = pl.concat([acts_on(deletions, OWN), edits.drop_nulls("by_at")])
    acts = acts.sort("post_id", "by_at").unique("post_id", keep="first", maintain_order=True)
    reply = pl.col("first_reply_s")
    rows = (
        episodes.filter(reply <= PATIENCE_S, reply < pl.col("end_s"))
        .filter(pl.col("escalated_s").is_null() | (pl.col("escalated_s") > reply))
        .join(acts, left_on="first_reply_id", right_on="post_id", how="left")
        .filter(pl.col("by_at").is_not_null().any().over("company"))
        .sort("episode_id")
    )
    return _cohort(rows, reply)


def without(cohort: Cohort, acts: pl.DataFrame) -> Cohort:
    """The cohort, followed only until the middle of these ``acts`` on the opener, as if by its author."""
    rows = cohort.episodes.join(acts, left_on="opener_id", right_on="post_id", how="left")
    lower, upper = _interval(rows, pl.lit(0, pl.Int64))
    at_s = np.ceil(_middle(lower, upper))
    gone = pl.Series(at_s < rows["end_s"].to_numpy())
    ended = rows.with_columns(
        end_s=pl.when(gone)
        .then(pl.Series(np.where(np.isfinite(at_s), at_s, 0)).cast(pl.Int64).clip(lower_bound=1))
        .otherwise("end_s"),
        end=pl.when(gone).then(pl.lit("author_deleted")).otherwise(pl.col("end").cast(pl.String)),
    )
    return Cohort(ended.drop("after_at", "by_at"), cohort.origin_s, cohort.lower_s, cohort.upper_s)


def _cohort(rows: pl.DataFrame, origin: pl.Expr) -> Cohort:
    """``rows`` are episodes with after_at and by_at of the act; ``origin`` is the cohort's time zero."""
    origin_s = rows.with_columns(origin_s=origin)["origin_s"].cast(pl.Float64)
    lower, upper = _interval(rows, origin)
    shifted = rows.with_columns(
        *(pl.col(name) - origin for name in _CLOCKS),
        entry_s=(pl.col("entry_s") - origin).clip(lower_bound=0),
    ).drop("after_at", "by_at")
    return Cohort(shifted, origin_s.to_numpy(), lower, upper)


def _interval(rows: pl.DataFrame, origin: pl.Expr) -> tuple[FloatArray, FloatArray]:
    """Seconds from time zero to both ends; at least a second long, and from time zero on."""
    seconds = rows.select(
        lower=(pl.col("after_at") - pl.col("started_at")).dt.total_seconds() - origin,
        upper=(pl.col("by_at") - pl.col("started_at")).dt.total_seconds() - origin,
    ).cast(pl.Float64)
    upper = np.maximum(seconds["upper"].fill_null(np.inf).to_numpy(), 1.0)
    lower = np.maximum(seconds["lower"].fill_null(0.0).to_numpy(), 0.0)
    return np.where(np.isfinite(upper), np.minimum(lower, upper - 1), np.inf), upper


def _middle(lower: FloatArray, upper: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(np.isfinite(upper), (lower + upper) / 2, np.inf))
