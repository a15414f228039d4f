"""What is looked for in a trial: first events, and counts with the moments at which they grow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.strategies import DAY, LATER
from complaintlab.models.trials.course import LOST, Course, course

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MANY = 3
"""Beside a mean count stands the risk of at least this many."""
WINSOR = 0.99


class Growth(NamedTuple):
    """Moments at which counts grow by one: the complaint ``who`` and ``at_s`` seconds, in this order."""

    who: IntArray
    at_s: FloatArray

    def first(self, most: int) -> Growth:
        """Without what comes after the first ``most`` of each complaint."""
        kept = _ordinal(self.who) < most
        return Growth(self.who[kept], self.at_s[kept])

    def counts(self, n: int) -> IntArray:
        return np.bincount(self.who, minlength=n)


@dataclass(frozen=True)
class Outcome:
    """A first event by its ``course``; or, with ``growth``, a count that grows until the course stops."""

    name: str
    course: Course
    growth: Growth | None = None

    def until(self, days: float) -> int:
        """The interval that ends after ``days``."""
        return int(np.searchsorted(self.course.ends_s, days * DAY))


def event(episodes: pl.DataFrame, name: str, ends_s: IntArray) -> Outcome:
    """First event ``name`` (column <name>_s of ``episodes``) by the end of the grid."""
    return Outcome(name, course(episodes, name, ends_s))


def counted(episodes: pl.DataFrame, spells: pl.DataFrame, name: str, ends_s: IntArray) -> list[Outcome]:
    """A count, the same winsorised at its 99th percentile, and the first moment of at least three.

    Named ``name``, ``name_winsorised`` and ``name_3_or_more``.
    """
    lived = course(episodes, None, ends_s)
    growth = _until(READ[name](episodes, spells, lived), lived)
    most = max(1, int(np.quantile(growth.counts(lived.n), WINSOR))) if lived.n else 1
    third = np.full(lived.n, np.inf)
    is_third = _ordinal(growth.who) == MANY - 1
    third[growth.who[is_third]] = growth.at_s[is_third]
    many = episodes.with_columns(pl.Series("many_s", third).cast(pl.Float64))
    return [
        Outcome(name, lived, growth),
        Outcome(f"{name}_winsorised", lived, growth.first(most)),
        Outcome(f"{name}_3_or_more", course(many, "many", ends_s)),
    ]


def horizon_days(name: str, horizon: float, long_horizon: float) -> float:
    """Days for which an outcome is followed."""
    return long_horizon if name in LATER else horizon


def _spread(episodes: pl.DataFrame, spells: pl.DataFrame, lived: Course) -> Growth:
    """Others who speak against the company in the thread, each when the spells know of them."""
    before = episodes.select("episode_id", "spread_before").with_row_index("who")
    rows = (
        spells.select("episode_id", "start_s", "against_so_far")
        .join(before, on="episode_id")
        .sort("who", "start_s")
        .with_columns(
            more=pl.col("against_so_far").cast(pl.Int64)
            - pl.col("against_so_far").shift(1).over("who").fill_null(pl.col("spread_before")).cast(pl.Int64)
        )
        .filter(pl.col("more") > 0)
    )
    more = rows["more"].to_numpy()
    return Growth(
        np.repeat(rows["who"].cast(pl.Int64).to_numpy(), more),
        np.repeat(rows["start_s"].cast(pl.Float64).to_numpy(), more),
    )


def _recurrences(episodes: pl.DataFrame, spells: pl.DataFrame, lived: Course) -> Growth:
    """Distinct later complaints; the tables time the first of them, and the others are put beside it."""
    first = spells.filter("recurred").group_by("episode_id").agg(at_s=pl.col("stop_s").min())
    rows = (
        episodes.select("episode_id", "recurrences")
        .with_row_index("who")
        .join(first, on="episode_id")
        .sort("who")
    )
    times = rows["recurrences"].cast(pl.Int64).clip(lower_bound=1).to_numpy()
    return Growth(
        np.repeat(rows["who"].cast(pl.Int64).to_numpy(), times),
        np.repeat(rows["at_s"].cast(pl.Float64).to_numpy(), times),
    )


def _praise(episodes: pl.DataFrame, spells: pl.DataFrame, lived: Course) -> Growth:
    """Later unprompted praise; untimed, so it is counted at the end, of those who were not lost before."""
    times = episodes["praise_later"].cast(pl.Int64).to_numpy() * (lived.cause != LOST)
    end_s = np.minimum(lived.stop_s, float(lived.ends_s[-1]))
    return Growth(np.repeat(np.arange(lived.n), times), np.repeat(end_s, times))


READ: dict[str, Callable[[pl.DataFrame, pl.DataFrame, Course], Growth]] = {
    "spread": _spread,
    "recurrences": _recurrences,
    "praise": _praise,
}


def _until(growth: Growth, lived: Course) -> Growth:
    """What grows under observation."""
    end_s = np.minimum(lived.stop_s, float(lived.ends_s[-1]))[growth.who]
    kept = (growth.at_s <= end_s) & (growth.at_s > lived.entry_s[growth.who])
    return Growth(growth.who[kept], growth.at_s[kept])


def _ordinal(who: IntArray) -> IntArray:
    """How many of the same complaint come before, in sorted rows."""
    place = np.arange(len(who))
    begins = np.concatenate([[True], who[1:] != who[:-1]])[: len(who)]
    return place - np.maximum.accumulate(np.where(begins, place, 0))
