"""Weights of clones: what it takes for the compliant to stand for all complaints.

Before the window opens a clone is weighted by the inverse probability of no reply so far. Inside it the
strategy replies with hazard q = h / P, where h is the natural hazard and P the chance, foreseen from the
history, of a reply before the window closes. Whoever is answered gets the factor q / h = 1 / P; whoever
still waits gets (1 − q) / (1 − h) = P' / P, where P' is the chance foreseen at the same moment for the time
after this interval. With a history that does not change the factors telescope to 1 / P at the opening: the
inverse probability of being answered in the window at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from complaintlab.models.causal.logistic import FloatArray, PooledLogistic, softplus
from complaintlab.models.trials.clones import Clones
from complaintlab.models.trials.course import FOLLOWED

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Staying:
    """−log of the chance of no reply (or no loss) until the end and middle of each interval, (n, K)."""

    end: FloatArray
    middle: FloatArray


@dataclass(frozen=True)
class Replying:
    """The natural hazard of the reply, (n, K) each.

    ``stay`` is −log(1 − hazard); ``calendar`` the part of the linear predictor that can be foreseen, and
    ``history`` the part that cannot.
    """

    stay: FloatArray
    calendar: FloatArray
    history: FloatArray

    def staying(self) -> Staying:
        return _staying(self.stay)

    def foreseen(self, opens: int, closes: int) -> FloatArray:
        """−log of the chance of no reply until the window closes, foreseen at the start of each interval.

        (n, closes − opens + 1). The history stays as it is at that moment.
        """
        window = slice(opens, closes + 1)
        calendar, history = self.calendar[:, window], self.history[:, window]
        ahead = np.empty_like(calendar)
        changed = np.diff(history, axis=1, prepend=np.inf) != 0
        for k in range(calendar.shape[1]):
            rows = np.flatnonzero(changed[:, k])
            stay = softplus(calendar[rows, k:] + history[rows, k : k + 1])
            ahead[rows, k:] = np.cumsum(stay[:, ::-1], axis=1)[:, ::-1]
        return ahead


@dataclass(frozen=True)
class Weights:
    """Logarithms of the weights of one strategy's clones.

    ``during`` (n, K) holds from the start of each interval; ``final`` (n,) at the end of each clone's
    follow-up; ``grace`` (n,) at the end of the latest window, or of follow-up if that is sooner.
    """

    during: FloatArray
    final: FloatArray
    grace: FloatArray


def replying(model: PooledLogistic, multiplicity: FloatArray | None = None) -> Replying:
    """The reply's hazard as fitted to all data, or refitted to a resample."""
    coefficients = model.coefficients if multiplicity is None else model.one_step(multiplicity)
    eta = model.features.predictor(coefficients)
    history = model.features.history_part(coefficients)
    return Replying(softplus(eta), eta - history, history)


def staying(model: PooledLogistic, multiplicity: FloatArray | None = None) -> Staying:
    """The probability of not being lost, as fitted to all data, or refitted to a resample."""
    coefficients = model.coefficients if multiplicity is None else model.one_step(multiplicity)
    return _staying(softplus(model.features.predictor(coefficients)))


def log_weights(clones: Clones, reply: Replying, loss: Staying | None, grace: int) -> Weights:
    """Inverse probabilities of complying with the strategy, and of being seen.

    Not stabilised: a numerator that depends on time and arm alone cancels in hazards within arm and
    interval. ``grace`` is the last interval of the latest window of the trial.
    """
    K = clones.exposure.shape[1]
    during, after = _before_window(clones, reply.staying())
    if not clones.strategy.never:
        within, answered = _within_window(clones, reply.foreseen(clones.opens, clones.closes), reply.stay)
        window = slice(clones.opens, clones.closes + 1)
        during[:, window] += within
        during[:, clones.closes + 1 :] += answered[:, None]
        after[:, window] += _next(within, answered)
        after[:, clones.closes + 1 :] += answered[:, None]
    if loss is not None:
        during, after = during + loss.middle, after + loss.end
    return Weights(during, _at(clones, during, after, K - 1), _at(clones, during, after, grace))


def _staying(stay: FloatArray) -> Staying:
    end = np.cumsum(stay, axis=1)
    return Staying(end, end - stay / 2)


def _before_window(clones: Clones, stay: Staying) -> tuple[FloatArray, FloatArray]:
    """Weights during and after each interval that come from waiting until the window opens."""
    opens, K = clones.opens, clones.exposure.shape[1]
    during, after = np.zeros_like(stay.end), np.zeros_like(stay.end)
    during[:, :opens], after[:, :opens] = stay.middle[:, :opens], stay.end[:, :opens]
    if 0 < opens < K:
        during[:, opens:] = after[:, opens:] = stay.end[:, opens - 1 : opens]
    return during, after


def _within_window(clones: Clones, ahead: FloatArray, stay: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Weights at the start of each interval of the window, (n, w), and from the reply on, (n,).

    A clone that has been answered keeps its weight. Clones that are never answered keep the weight of
    their last interval; they are censored, or have had their event, by then.
    """
    later = np.maximum(ahead - stay[:, clones.opens : clones.closes + 1], 0.0)
    chance = _log_chance(ahead)
    wait = _log_chance(later[:, :-1]) - chance[:, :-1]
    start = np.concatenate([np.zeros((len(ahead), 1)), np.cumsum(wait, axis=1)], axis=1)
    rows = np.flatnonzero(clones.answered)
    at = clones.reply_at[rows] - clones.opens
    answered = start[:, -1].copy()
    answered[rows] = start[rows, at] - chance[rows, at]
    passed = np.full(len(ahead), ahead.shape[1])
    passed[rows] = at
    gone_by = np.arange(ahead.shape[1])[None, :] > passed[:, None]
    return np.where(gone_by, answered[:, None], start), answered


def _next(within: FloatArray, answered: FloatArray) -> FloatArray:
    """Weights at the end of each interval of the window from those at the starts.

    An interval in which the reply comes ends with the weight of the answered, which is the next one's
    start; for the last interval it is stated.
    """
    return np.concatenate([within[:, 1:], answered[:, None]], axis=1)


def _log_chance(log_none: FloatArray) -> FloatArray:
    """log(1 − exp(−x)) for x ≥ 0, bounded below where there is no chance at all."""
    return np.log(np.maximum(-np.expm1(-log_none), 1e-12))


def _at(clones: Clones, during: FloatArray, after: FloatArray, limit: int) -> FloatArray:
    """Weights at the end of interval ``limit``, or where the clone leaves before.

    An event or competing end before the reply has the weight of its interval's start: what the strategy
    would have done later in that interval has not happened.
    """
    rows = np.arange(len(clones.last))
    at = np.minimum(clones.last, limit)
    shown = (clones.shown != FOLLOWED) & (clones.last <= limit) & (clones.reply_at > at)
    return np.where(shown, during[rows, at], after[rows, at])
