"""What happened to each complaint until the horizon, on the grid of a target trial."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.strategies import PATIENCE_S

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

COMPETING_ENDS = ("author_deleted", "account_gone", "locked")

FOLLOWED, EVENT, COMPETING, LOST = 0, 1, 2, 3


@dataclass(frozen=True)
class Course:
    """The course of n complaints, in seconds from the complaint; infinite where never.

    ``ends_s`` (K,) are the ends of the grid's intervals (start, end]. ``stop_s`` ends follow-up, by
    ``cause``: the event of an outcome if there is one, a competing end, loss, or followed to the horizon. An
    event or end at the second of the reply came before it.
    """

    ends_s: IntArray
    entry_s: FloatArray
    reply_s: FloatArray
    stop_s: FloatArray
    cause: npt.NDArray[np.int8]

    @property
    def n(self) -> int:
        return len(self.reply_s)

    @property
    def starts_s(self) -> IntArray:
        return np.concatenate([[0], self.ends_s[:-1]])

    @cached_property
    def patience(self) -> int:
        """Number of intervals in which a first reply counts."""
        return int(np.searchsorted(self.ends_s, PATIENCE_S, side="right"))

    @cached_property
    def replied(self) -> BoolArray:
        """Replied within the horizon, while at risk of the outcome."""
        return np.asarray((self.reply_s < self.stop_s) & (self.reply_s <= self.ends_s[-1]))

    @cached_property
    def reply_at(self) -> IntArray:
        """Interval of the reply; K where there is none while at risk."""
        return np.where(self.replied, self.interval(self.reply_s), len(self.ends_s))

    @cached_property
    def stop_at(self) -> IntArray:
        """Interval in which follow-up stops, the last one where it does not."""
        return np.minimum(self.interval(self.stop_s), len(self.ends_s) - 1)

    @cached_property
    def presence(self) -> FloatArray:
        """(n, K): 1 where under observation, 0 before the first sighting, half in that interval.

        Whoever stopped before being sighted was never at risk.
        """
        entry = self.entry_s[:, None]
        present = np.where(entry <= self.starts_s, 1.0, np.where(entry < self.ends_s, 0.5, 0.0))
        return np.asarray(present * (self.entry_s < self.stop_s)[:, None])

    @cached_property
    def settled(self) -> FloatArray:
        """(n, K) exposure after the interval of the reply, or after the last one in which one counts."""
        return self.since(np.minimum(self.reply_at + 1, self.patience))

    def since(self, first: IntArray) -> FloatArray:
        """(n, K) exposure from interval ``first`` (n,) on."""
        exposure = self.until(self.stop_at, self.cause == LOST) * self.presence
        return np.asarray(exposure * (np.arange(len(self.ends_s))[None, :] >= first[:, None]))

    def interval(self, seconds: FloatArray) -> IntArray:
        """Interval (start, end] that holds each moment."""
        return np.searchsorted(self.ends_s, seconds, side="left")

    def until(self, last: IntArray, partial: BoolArray) -> FloatArray:
        """(n, K) exposure from time zero to interval ``last``, which counts half where it is ``partial``.

        Half an interval for those who leave within it is the life table's actuarial rule.
        """
        exposure = (np.arange(len(self.ends_s))[None, :] <= last[:, None]).astype(float)
        leaving = np.flatnonzero(partial)
        exposure[leaving, last[leaving]] = 0.5
        return exposure

    def at(self, interval: IntArray, rows: BoolArray) -> FloatArray:
        """(n, K) indicator of ``interval`` in the chosen rows."""
        indicator = np.zeros((self.n, len(self.ends_s)))
        chosen = np.flatnonzero(rows)
        indicator[chosen, interval[chosen]] = 1.0
        return indicator

    def awaiting_reply(self) -> tuple[FloatArray, FloatArray]:
        """Exposure to, and occurrence of, a first reply that counts, (n, patience) each.

        From time zero on: when a complaint was first sighted says nothing of when it is answered.
        """
        last = np.minimum(self.reply_at, self.stop_at)
        partial = ~self.replied & (self.cause != FOLLOWED)
        counts = slice(self.patience)
        return self.until(last, partial)[:, counts], self.at(last, self.replied)[:, counts]

    def followed(self) -> tuple[FloatArray, FloatArray]:
        """Exposure to, and occurrence of, loss to follow-up while observed, (n, K) each."""
        partial = (self.cause == EVENT) | (self.cause == COMPETING)
        observed = self.presence > 0
        return self.until(self.stop_at, partial) * observed, self.at(
            self.stop_at, self.cause == LOST
        ) * observed


def course(episodes: pl.DataFrame, outcome: str | None, ends_s: IntArray) -> Course:
    """Read the course off ``episodes`` (columns entry_s, first_reply_s, end_s, end, <outcome>_s).

    Without an ``outcome`` it stops at the end of follow-up alone.
    Deletion by the author, loss of the account and a lock are competing ends; any other end of follow-up
    before the horizon is loss.
    """
    event = np.full(episodes.height, np.inf) if outcome is None else _seconds(episodes, f"{outcome}_s")
    end = _seconds(episodes, "end_s")
    horizon = float(ends_s[-1])
    competing = episodes["end"].cast(pl.String).is_in(COMPETING_ENDS).to_numpy()
    stop = np.minimum(event, end)
    cause = np.where(np.isfinite(event) & (event <= end), EVENT, np.where(competing, COMPETING, LOST))
    beyond = np.where(cause == LOST, stop >= horizon, stop > horizon)
    return Course(
        ends_s=ends_s,
        entry_s=_seconds(episodes, "entry_s"),
        reply_s=_seconds(episodes, "first_reply_s"),
        stop_s=np.where(beyond, np.inf, stop),
        cause=np.where(beyond, FOLLOWED, cause).astype(np.int8),
    )


def _seconds(episodes: pl.DataFrame, column: str) -> FloatArray:
    return episodes[column].cast(pl.Float64).fill_null(float("inf")).to_numpy()
