"""Stretches of the wait for a first reply in which the history of a complaint does not change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from complaintlab.models.causal.logistic import FloatArray, softplus

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

LEAST_CHANCE = 1e-12


@dataclass(frozen=True)
class Segments:
    """``who`` and ``since`` (S,): the complaint and first interval of each segment, in order of both.

    ``at`` (n, W) is the segment in force in each interval; after the reply it is that of the reply.
    """

    who: IntArray
    since: IntArray
    at: IntArray


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
    return Segments(who, since, np.cumsum(begins.ravel()).reshape(n, W) - 1)


@dataclass(frozen=True)
class Waiting:
    """The natural hazard of a first reply: −log(1 − hazard).

    ``stay`` (n, W) along the history that was; ``ahead`` (S, W + 1) summed from each interval to the last,
    as foreseen in a segment: the calendar goes on as it will, the history stays as it is.
    """

    segments: Segments
    stay: FloatArray
    ahead: FloatArray

    @classmethod
    def foreseen(cls, segments: Segments, calendar: FloatArray, history: FloatArray) -> Waiting:
        """From the parts of the linear predictor (n, W) that can and cannot be foreseen."""
        W = calendar.shape[1]
        frozen = history[segments.who, segments.since]
        stay = softplus(calendar[segments.who] + frozen[:, None])
        ahead = np.zeros((len(stay), W + 1))
        ahead[:, :-1] = np.cumsum(stay[:, ::-1], axis=1)[:, ::-1]
        return cls(segments, stay[segments.at, np.arange(W)[None, :]], ahead)

    def window(self, opens: int, closes: int) -> tuple[FloatArray, FloatArray]:
        """Weights of a reply between two intervals: while waiting, (n, closes − opens + 1), and once replied.

        With P the chance, foreseen at a moment, of a reply before the window closes, whoever still waits has
        the product of P′ / P over the intervals passed, P′ being the chance foreseen at the same moment for
        the time after the interval. Within a segment this telescopes, so that a segment has one constant a:
        waiting weighs P · a, and the reply, imposed with hazard h / P, leaves a. The second array is a of the
        segment in force in the last interval of the wait, 0 for waits that end outside the window.
        """
        of = self.segments
        beyond = self.ahead[:, closes + 1]
        entry = of.at[:, opens]
        changes = np.flatnonzero((of.since > opens) & (of.since <= closes))
        ratio = np.zeros(len(of.who))
        before, since = self.ahead[changes - 1, of.since[changes]], self.ahead[changes, of.since[changes]]
        ratio[changes] = np.log(_chance(before - beyond[changes - 1]) / _chance(since - beyond[changes]))
        gained = np.cumsum(ratio)
        opening = np.log(_chance(self.ahead[entry, opens] - beyond[entry])) + gained[entry]
        constant = np.exp(np.minimum(gained - opening[of.who], HEAVIEST))
        inside = of.at[:, opens : closes + 1]
        ahead = self.ahead[inside, np.arange(opens, closes + 1)[None, :]]
        return _chance(ahead - beyond[inside]) * constant[inside], constant


def _chance(log_none: FloatArray) -> FloatArray:
    """1 − exp(−x) for x ≥ 0, bounded below where there is no chance at all."""
    return np.asarray(np.maximum(-np.expm1(-log_none), LEAST_CHANCE))


HEAVIEST = 200.0
"""Bound of the logarithm of a weight: arithmetic stays finite where nobody could have complied."""
