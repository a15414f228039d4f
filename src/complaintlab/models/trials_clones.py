"""Clones of complaints under reply strategies: exposure, weights and weighted risk.

A clone follows its strategy until its complaint departs from it, and is then censored (Hernán 2018; Cain
et al. 2010). Before the window a clone is kept by not being answered, within it by nothing (natural timing
counts), in its last interval by being answered, afterwards by nothing (usual care).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from complaintlab.models.strategies import Strategy
from complaintlab.models.trials_course import COMPETING, EVENT, FOLLOWED, LOST, Course

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Clones:
    """All complaints as clones under one strategy.

    ``exposure`` (n, K); ``last`` the interval in which a clone leaves; ``shown`` its event or competing end
    while compliant (FOLLOWED for neither); ``complete``: entered, and neither censored nor lost;
    ``forced``: replied in the window's last interval. The first ``opens`` intervals are before the window;
    ``closes`` is its last.
    """

    strategy: Strategy
    exposure: FloatArray
    last: IntArray
    shown: IntArray
    complete: BoolArray
    forced: BoolArray
    opens: int
    closes: int

    def weighable(self) -> bool:
        """Whether somebody replied in the last interval, or nobody was left to reply there."""
        if self.strategy.never or bool(self.forced.any()):
            return True
        departed = ~self.complete & (self.last == self.closes)
        return not bool(departed.any())


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
        forced=course.replied & (course.reply_at == closes),
        opens=opens,
        closes=closes,
    )


@dataclass(frozen=True)
class Inverse:
    """−log of the probability of staying until the ``end`` and the ``middle`` of each interval, (n, K).

    ``last`` holds −log of the reply's hazard (n, K), of which only the windows' last intervals are used.
    """

    end: FloatArray
    middle: FloatArray
    last: FloatArray


def log_weights(clones: Clones, reply: Inverse, loss: Inverse | None) -> FloatArray:
    """(n, K) log inverse probability of complying, and of being seen, to the middle of each interval.

    Weights are not stabilised: a numerator that depends on time and arm alone cancels in hazards
    within arm and interval.
    """
    opens, closes = clones.opens, clones.closes
    weights = np.zeros_like(clones.exposure)
    weights[:, :opens] = reply.middle[:, :opens]
    if 0 < opens < weights.shape[1]:
        weights[:, opens:] = reply.end[:, opens - 1 : opens]
    weights[:, closes + 1 :] += _forced(clones, reply)[:, None]
    return weights if loss is None else weights + loss.middle


def log_weights_by(clones: Clones, reply: Inverse, loss: Inverse | None, limit: int) -> FloatArray:
    """(n,) the same at the end of interval ``limit``, or of follow-up where the clone leaves before."""
    rows = np.arange(len(clones.last))
    at = np.minimum(clones.last, limit)
    within = (clones.shown != FOLLOWED) & (clones.last <= limit)
    weights = np.zeros(len(rows))
    if clones.opens:
        kept = reply.end[rows, np.minimum(at, clones.opens - 1)]
        weights += np.where(within & (at < clones.opens), reply.middle[rows, at], kept)
    weights += np.where(at >= clones.closes, _forced(clones, reply), 0.0)
    if loss is not None:
        weights += np.where(within, loss.middle[rows, at], loss.end[rows, at])
    return weights


def _forced(clones: Clones, reply: Inverse) -> FloatArray:
    """−log probability of replying in the window's last interval, for the clones that did."""
    if clones.strategy.never:
        return np.zeros(len(clones.last))
    return np.where(clones.forced, reply.last[:, clones.closes], 0.0)


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
