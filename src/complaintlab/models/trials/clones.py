"""Clones of complaints under reply strategies: for how long they comply, and what they showed.

A clone follows its strategy until its complaint departs from it, and is then censored (Hernán 2018; Cain
et al. 2010): by a reply before the window opens or of another quality, or by none until it closes.
Afterwards comes usual care.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from complaintlab.models.strategies import Strategy
from complaintlab.models.trials.course import FOLLOWED, LOST, Course
from complaintlab.models.trials.weights import span

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Clones:
    """All complaints as clones under one strategy, followed for one outcome.

    Exposure is ``waiting`` (n, w) until the end of the reply's interval and ``settled`` (n, K) after it;
    ``last`` the interval in which a clone leaves; ``shown`` its event or competing end while compliant
    (FOLLOWED for neither); ``complete``: entered, and neither censored nor lost; ``unsettled``: it waited
    still when it left; ``settles``: it complied once and for all, if it came to that. The first ``opens``
    intervals are before the window; ``closes`` is its last.
    """

    strategy: Strategy
    waiting: FloatArray
    settled: FloatArray
    last: IntArray
    shown: IntArray
    complete: BoolArray
    unsettled: BoolArray
    settles: BoolArray
    opens: int
    closes: int

    @property
    def exposure(self) -> FloatArray:
        """(n, K), of the compliant and the censored."""
        exposure = self.settled * self.settles[:, None]
        exposure[:, : self.waiting.shape[1]] += self.waiting
        return exposure

    def weighable(self) -> bool:
        """Whether somebody was answered as the strategy says, or nobody was left to be."""
        departed = ~self.complete & (self.last == self.closes)
        return self.strategy.never or bool(self.settles.any()) or not bool(departed.any())


def clone(course: Course, strategy: Strategy, quality: npt.NDArray[np.str_] | None = None) -> Clones:
    """Follow every complaint under ``strategy`` for as long as it complies; ``quality`` is of the replies."""
    K = len(course.ends_s)
    opens, closes = span(course, strategy)
    within = (course.reply_at >= opens) & (course.reply_at <= closes) & course.replied
    other = np.zeros(course.n, dtype=bool)
    if strategy.quality is not None:
        other = within & (quality != strategy.quality)
    early = other | (course.replied & (course.reply_at < opens))
    late = ~early & (course.stop_at > closes) & (course.reply_at > closes)
    late |= ~early & (course.cause == FOLLOWED) & (closes < K) & (course.reply_at > closes)
    last = np.where(early, course.reply_at, np.where(late, closes, course.stop_at))
    lost = ~early & ~late & (course.cause == LOST)
    exposure = course.until(last, early | lost) * course.presence
    complete = ~early & ~late & ~lost & (exposure[np.arange(course.n), last] > 0)
    waits_for = opens if strategy.never else closes + 1
    waiting = exposure[:, :waits_for] * (np.arange(min(waits_for, K))[None, :] <= course.reply_at[:, None])
    settled = course.settled
    if strategy.never and opens < course.patience:
        settled = course.since(np.full(course.n, opens))
    return Clones(
        strategy=strategy,
        waiting=waiting,
        settled=settled,
        last=last,
        shown=np.where(complete, course.cause, FOLLOWED).astype(np.int64),
        complete=complete,
        unsettled=(course.cause != FOLLOWED) & (last < waits_for) & (course.reply_at > last),
        settles=course.reply_at >= opens if strategy.never else within & ~other,
        opens=opens,
        closes=closes,
    )
