"""Weighted risk and mean count of one strategy's clones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from complaintlab.models.trials.clones import Clones
from complaintlab.models.trials.course import COMPETING, EVENT, FOLLOWED
from complaintlab.models.trials.outcomes import Outcome
from complaintlab.models.trials.segments import Staying
from complaintlab.models.trials.weights import Weights

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Grown:
    """Growth of a count among compliant clones: whose, in which interval, and whether it waited still."""

    who: IntArray
    interval: IntArray
    waiting: BoolArray


def grown(outcome: Outcome, clones: Clones) -> Grown | None:
    """The growth that happened while a clone complied; None for an event."""
    if outcome.growth is None:
        return None
    lived, (who, at_s) = outcome.course, outcome.growth
    k = lived.interval(at_s)
    waiting = (at_s <= lived.reply_s[who]) & (k < clones.waiting.shape[1])
    kept = (k <= clones.last[who]) & (waiting | clones.settles[who])
    return Grown(who[kept], k[kept], waiting[kept])


def final(clones: Clones, weights: Weights, loss: Staying | None) -> FloatArray:
    """Weights (n,) at the end of each clone's follow-up, 0 for the censored and the lost.

    An event or competing end before the reply has the weight of its interval's start: what the strategy
    would have done later in that interval has not happened.
    """
    found = np.zeros(len(clones.last))
    rows = np.flatnonzero(clones.complete)
    last, unsettled = clones.last[rows], clones.unsettled[rows]
    waited = weights.waiting[rows, np.where(unsettled, last, 0)] if weights.waiting.size else 1.0
    found[rows] = np.where(unsettled, waited, weights.settled[rows])
    if loss is not None:
        followed = clones.shown[rows] == FOLLOWED
        found[rows] *= np.where(followed, loss.end[rows, last], loss.middle[rows, last])
    return found


def at_risk(
    clones: Clones, waiting: FloatArray, settled: FloatArray, weights: Weights, mass: FloatArray
) -> FloatArray:
    """Weight at risk in each interval, (K,), or of each row of ``mass`` (m, n), (m, K).

    ``waiting`` (n, w) are the weights of those who wait, and ``settled`` (n, K) the clones' exposure once
    settled, both times the weights of loss.
    """
    total = settled_mass(clones, weights, mass) @ settled
    total[..., : waiting.shape[1]] += waiting_at_risk(clones, waiting, mass)
    return np.asarray(total)


def seen(values: FloatArray, loss: FloatArray | None) -> FloatArray:
    """Times the weights of loss in the first intervals."""
    return values if loss is None else values * loss[:, : values.shape[1]]


def settled_mass(clones: Clones, weights: Weights, mass: FloatArray) -> FloatArray:
    """What each complaint weighs once its clone has settled, but for loss."""
    return mass * weights.settled * clones.settles


def waiting_at_risk(clones: Clones, waiting: FloatArray, mass: FloatArray) -> FloatArray:
    """The part of :func:`at_risk` of those who wait, in the first w intervals."""
    return np.asarray(mass @ (clones.waiting * waiting))


def risk(clones: Clones, weight: FloatArray, at_risk: FloatArray, mass: FloatArray) -> FloatArray:
    """Weighted Aalen–Johansen risk of the event by the end of each interval, (K,).

    ``weight`` (n,) is each clone's at its end. NaN from the first interval on in which nobody is at risk.
    """
    of_event = _hazard(clones, EVENT, weight * mass, at_risk)
    of_competing = _hazard(clones, COMPETING, weight * mass, at_risk)
    stays = np.maximum(1 - of_event - of_competing, 0.0)
    return np.asarray(np.cumsum(_lagged(stays) * of_event))


def mean_count(
    clones: Clones, found: Grown, weight: FloatArray, at_risk: FloatArray, mass: FloatArray, grows: FloatArray
) -> FloatArray:
    """Weighted mean cumulative function at the end of each interval, (K,) (Lawless & Nadeau 1995).

    The piecewise-constant Poisson mean: per interval, weighted growth over weight at risk, times the share
    without a competing end by then (Ghosh & Lin 2000). ``grows`` are the weights of ``found``.
    """
    stays = np.maximum(1 - _hazard(clones, COMPETING, weight * mass, at_risk), 0.0)
    growth = np.bincount(found.interval, mass[found.who] * grows, minlength=len(at_risk))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.cumsum(_lagged(stays) * (growth / at_risk)))


def growth_weights(found: Grown, weights: Weights, loss: FloatArray | None) -> FloatArray:
    """The weight of each growth: of those who wait still, or of the settled."""
    value = weights.settled[found.who]
    waiting = found.waiting
    if waiting.any():
        value = value.copy()
        value[waiting] = weights.waiting[found.who[waiting], found.interval[waiting]]
    return value if loss is None else value * loss[found.who, found.interval]


def _hazard(clones: Clones, what: int, mass: FloatArray, at_risk: FloatArray) -> FloatArray:
    rows = np.flatnonzero(clones.shown == what)
    total = np.bincount(clones.last[rows], mass[rows], minlength=len(at_risk))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(total / at_risk)


def _lagged(stays: FloatArray) -> FloatArray:
    return np.concatenate([[1.0], np.cumprod(stays)[:-1]])
