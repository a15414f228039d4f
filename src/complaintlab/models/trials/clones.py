"""Clones of complaints under reply strategies, and their weighted risk.

A clone follows its strategy until its complaint departs from it, and is then censored (Hernán 2018; Cain
et al. 2010): by a reply before the window opens, or by none until it closes. Afterwards comes usual care.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from complaintlab.models.strategies import Strategy
from complaintlab.models.trials.course import COMPETING, EVENT, FOLLOWED, LOST, Course

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Clones:
    """All complaints as clones under one strategy.

    ``exposure`` (n, K); ``last`` the interval in which a clone leaves; ``shown`` its event or competing end
    while compliant (FOLLOWED for neither); ``complete``: entered, and neither censored nor lost;
    ``reply_at`` the interval of the reply, K without one. The first ``opens`` intervals are before the
    window; ``closes`` is its last.
    """

    strategy: Strategy
    exposure: FloatArray
    last: IntArray
    shown: IntArray
    complete: BoolArray
    reply_at: IntArray
    opens: int
    closes: int

    @property
    def answered(self) -> BoolArray:
        """Who was answered inside the window; nobody where the strategy is never to answer."""
        within = (self.reply_at >= self.opens) & (self.reply_at <= self.closes)
        return np.asarray(within & (not self.strategy.never))

    def weighable(self) -> bool:
        """Whether somebody was answered inside the window, or nobody was left to be."""
        departed = ~self.complete & (self.last == self.closes)
        return self.strategy.never or bool(self.answered.any()) or not bool(departed.any())


def clone(course: Course, strategy: Strategy) -> Clones:
    """Follow every complaint under ``strategy`` for as long as it complies."""
    K = len(course.ends_s)
    opens = K if strategy.never else int(np.searchsorted(course.ends_s, strategy.after_s, side="right"))
    closes = K if strategy.never else int(np.searchsorted(course.ends_s, strategy.by_s, side="left"))
    early = course.replied & (course.reply_at < opens)
    late = ~early & (course.stop_at > closes) & (course.reply_at > closes)
    late |= ~early & (course.cause == FOLLOWED) & (closes < K) & (course.reply_at > closes)
    last = np.where(early, course.reply_at, np.where(late, closes, course.stop_at))
    lost = ~early & ~late & (course.cause == LOST)
    exposure = course.until(last, early | lost) * course.presence
    complete = ~early & ~late & ~lost & (exposure[np.arange(course.n), last] > 0)
    return Clones(
        strategy=strategy,
        exposure=exposure,
        last=last,
        shown=np.where(complete, course.cause, FOLLOWED).astype(np.int64),
        complete=complete,
        reply_at=course.reply_at,
        opens=opens,
        closes=closes,
    )


def risk(
    clones: Clones, weights: FloatArray, final: FloatArray, multiplicity: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Weighted Aalen–Johansen risk of the event by the end of each interval, and the weight at risk, (K,).

    NaN from the first interval on in which nobody is at risk.
    """
    K = clones.exposure.shape[1]
    at_risk = multiplicity @ (clones.exposure * weights)
    counted = multiplicity * final
    event = np.bincount(clones.last, counted * (clones.shown == EVENT), minlength=K)
    competing = np.bincount(clones.last, counted * (clones.shown == COMPETING), minlength=K)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_event, of_competing = event / at_risk, competing / at_risk
    stays = np.maximum(1 - of_event - of_competing, 0.0)
    before = np.concatenate([[1.0], np.cumprod(stays)[:-1]])
    return np.cumsum(before * of_event), at_risk
