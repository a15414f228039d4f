"""Stretches of the wait for a first reply in which the history of a complaint does not change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from complaintlab.models.causal.logistic import FloatArray, SingleArray

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

LEAST_CHANCE = 1e-12
LARGEST_LOGIT = 40.0
"""Above it a chance is 1 in double precision."""
LOG_HEAVIEST = 200.0
HEAVIEST = float(np.exp(LOG_HEAVIEST))
"""Bound of a weight: arithmetic stays finite where nobody could have complied."""


@dataclass(frozen=True)
class Segments:
    """``who`` and ``since`` (S,): the complaint and first interval of each segment, in order of both.

    ``at`` (n, W) is the segment in force in each interval; after the reply it is that of the reply.
    ``waits_until`` (n,) is the last interval of each wait.
    """

    who: IntArray
    since: IntArray
    at: IntArray
    waits_until: IntArray


def segments(history: npt.NDArray[np.float32], waits_until: IntArray) -> Segments:
    """Cut the waits at changes of any of the ``history`` features (r, n, W), known at interval's start.

    ``waits_until`` (n,) is the last interval of each wait.
    """
    _, n, W = history.shape
    begins = np.zeros((n, W), dtype=bool)
    for values in history:
        begins[:, 1:] |= np.diff(values, axis=1) != 0
    begins &= np.arange(W)[None, :] <= waits_until[:, None]
    begins[:, 0] = True
    who, since = np.nonzero(begins)
    return Segments(who, since, np.cumsum(begins.ravel()).reshape(n, W) - 1, waits_until)


@dataclass(frozen=True)
class Staying:
    """Inverse of the chance to have met no event by the end and the middle of each interval, (n, K) each."""

    end: FloatArray
    middle: FloatArray

    @classmethod
    def of(cls, odds: FloatArray) -> Staying:
        """From the odds (n, K) of the event in each interval: 1 − hazard is 1 / (1 + odds)."""
        factor = 1 + odds
        with np.errstate(over="ignore"):
            end = np.minimum(np.cumprod(factor, axis=1), HEAVIEST)
        return cls(end, end / np.sqrt(factor))

    def times(self, other: Staying) -> Staying:
        """Neither of two events."""
        return Staying(self.end * other.end, self.middle * other.middle)


@dataclass(frozen=True)
class Waiting:
    """The natural hazard of a first reply.

    ``so_far`` goes along the history that was. ``none`` (S, W + 1) is the chance, foreseen in a segment, of
    no reply before each interval and in all: the calendar goes on as it will, the history stays as it is.
    """

    segments: Segments
    so_far: Staying
    none: FloatArray

    @classmethod
    def foreseen(cls, segments: Segments, calendar: SingleArray, history: FloatArray) -> Waiting:
        """From the linear predictor's parts that can (n, W), and cannot (S,), be foreseen."""
        by_calendar, by_history = odds(calendar), np.exp(np.minimum(history, LARGEST_LOGIT))
        none = np.ones((len(history), calendar.shape[1] + 1))
        np.cumprod(1 / (1 + by_calendar[segments.who] * by_history[:, None]), axis=1, out=none[:, 1:])
        so_far = Staying.of(by_calendar * by_history[segments.at])
        return cls(segments, so_far, np.maximum(none, 1 / HEAVIEST))

    def window(self, opens: int, closes: int) -> tuple[FloatArray, FloatArray]:
        """Weights of a reply between two intervals: while waiting, (n, closes − opens + 1), and once replied.

        With P the chance, foreseen at a moment, of a reply before the window closes, whoever still waits has
        the product of P′ / P over the intervals passed, P′ being the chance foreseen at the same moment for
        the time after the interval. Within a segment this telescopes, so that a segment has one constant a:
        waiting weighs P · a, and the reply, imposed with hazard h / P, leaves a. The second array is a of the
        segment in force in the last interval of the wait, 0 for waits that end outside the window. Whoever
        no longer waits when the window opens weighs 0.
        """
        of = self.segments
        beyond = self.none[:, closes + 1]
        entry = of.at[:, opens]
        changes = np.flatnonzero((of.since > opens) & (of.since <= closes))
        ratio = np.zeros(len(of.who))
        since = of.since[changes]
        before, after = self.none[changes - 1, since], self.none[changes, since]
        ratio[changes] = np.log(_chance(beyond[changes - 1], before) / _chance(beyond[changes], after))
        gained = np.cumsum(ratio)
        opening = np.log(_chance(beyond[entry], self.none[entry, opens])) + gained[entry]
        constant = np.exp(np.minimum(gained - opening[of.who], LOG_HEAVIEST))

        k = np.arange(opens, closes + 1)
        within = np.zeros((len(entry), len(k)))
        still = np.flatnonzero(of.waits_until >= opens)
        one = entry[still]
        chance = _chance(beyond[one, None], self.none[one, opens : closes + 1])
        within[still] = chance * constant[one, None]
        changed = np.unique(of.who[changes])
        several = of.at[changed, opens : closes + 1]
        within[changed] = _chance(beyond[several], self.none[several, k]) * constant[several]
        return within, constant


def odds(predictor: SingleArray) -> FloatArray:
    """Of an event at its logit, bounded so that arithmetic stays finite.

    The logarithm of odds is known to 1e-6 in single precision, in which it is twice as fast; chances
    near 1 are not, and are made from the odds in double.
    """
    return np.exp(np.minimum(predictor, LARGEST_LOGIT)).astype(np.float64)


def _chance(none_by_end: FloatArray, none_by_now: FloatArray) -> FloatArray:
    """Chance of a reply from now to the end, bounded below where there is none at all."""
    return np.asarray(np.maximum(1 - none_by_end / none_by_now, LEAST_CHANCE))
