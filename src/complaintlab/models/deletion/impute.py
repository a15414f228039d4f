"""When within its interval an act happened: multiple imputation that knows the outcome and the confounders.

A post that was seen at one look and missed at the next was deleted in between. Its critic may have escalated
in that gap as well, before the deletion or because of it, and the order decides the effect. A moment t of the
gap is drawn with probability proportional to

    λ(t) exp(−Λ(t)) · Π_e exp(β_e [t < event of e] − ∫ h_e before t − exp(β_e) ∫ h_e after t),

the hazard λ of the act given the history so far, times the likelihood in that gap of each process e
(escalation, turning, first reply), whose hazard h_e the act multiplies by exp(β_e); the events of these
processes multiply λ in turn, from the second at which they happen. The models are fitted to
the completed data, their parameters drawn from the normal approximation to the posterior, and the moments
drawn anew, in turn (data augmentation: Tanner & Wong 1987), so that imputations are proper (Rubin 1987).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from complaintlab.models.causal.logistic import Features
from complaintlab.models.deletion.cohort import Cohort, FloatArray
from complaintlab.models.deletion.processes import IntArray, Process, with_factors

PROCESSES = ("escalated", "turned", "first_reply")
BURN_IN = 4
CANDIDATES = 40
"""Moments offered in each gap, one in each of as many equal parts."""


def midpoint(cohort: Cohort) -> FloatArray:
    """(n,) the middle of each interval, infinite where there was no act: what imputation is compared with."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(cohort.acted, (cohort.lower_s + cohort.upper_s) / 2, np.inf))


def impute(
    cohort: Cohort, features: Features, ends_s: IntArray, imputations: int, rng: np.random.Generator
) -> Iterator[FloatArray]:
    """Yield the moments (n,) of the act, ``imputations`` times; infinite where there was none.

    ``features`` are the history that all hazards may depend on, on the grid ``ends_s``, without the events of
    PROCESSES. Assumes that a look was not taken because of the act or of what followed it.
    """
    gap = Gap.of(cohort, features, ends_s)
    at_s = np.where(cohort.acted, cohort.upper_s, np.inf)
    at_s[gap.rows] = midpoint(cohort)[gap.rows]
    for step in range(BURN_IN + imputations):
        if len(gap.rows):
            at_s = gap.redraw(at_s, rng)
        if step >= BURN_IN:
            yield at_s


@dataclass(frozen=True)
class Gap:
    """The episodes ``rows`` whose act fell between two looks, and the processes that run beside it, if any.

    A process that never happens tells nothing, and has no hazard to draw.
    """

    cohort: Cohort
    features: Features
    processes: dict[str, Process]
    rows: IntArray
    ends_s: IntArray
    _fitted: dict[str, FloatArray] = field(default_factory=dict)
    """Coefficients at the draw before, at which the next fits begin: most moments stay near."""

    @classmethod
    def of(cls, cohort: Cohort, features: Features, ends_s: IntArray) -> Gap:
        horizon_s = float(ends_s[-1])
        moments = [cohort.episodes[f"{name}_s"].cast(pl.Float64).fill_null(np.inf) for name in PROCESSES]
        every = [Process.of(cohort, at.to_numpy(), features, horizon_s) for at in moments]
        processes = {name: one for name, one in zip(PROCESSES, every, strict=True) if one.happens}
        rows = np.flatnonzero(cohort.acted & (cohort.lower_s < cohort.upper_s - 1))
        return cls(cohort, features, processes, rows, ends_s)

    def redraw(self, at_s: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Fit to ``at_s``, draw parameters, then the moments of the gaps."""
        moments = _candidates(self.cohort.lower_s[self.rows], self.cohort.upper_s[self.rows], rng)
        log_weight = self._of_act(at_s, moments, rng)
        for name, process in self.processes.items():
            log_weight += self._of_process(name, process, at_s, moments, rng)
        drawn = at_s.copy()
        drawn[self.rows] = moments[np.arange(len(self.rows)), _choose(log_weight, rng)]
        return drawn

    def _drawn(self, name: str, process: Process, cuts: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Coefficients of a process, fitted and drawn from the normal approximation to their posterior."""
        fit = process.fit(cuts, self.ends_s, self._fitted.get(name))
        self._fitted[name] = fit.coefficients
        root = np.linalg.cholesky(fit.information + np.diag(fit.features.penalty()))
        return np.asarray(fit.coefficients + np.linalg.solve(root.T, rng.standard_normal(len(root))))

    def _of_act(self, at_s: FloatArray, moments: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Logarithm of the density of the act at ``moments`` (rows, m), up to a constant of the episode."""
        act = Process.of(self.cohort, at_s, self.features, float(self.ends_s[-1]))
        events = np.array([one.event_s for one in self.processes.values()]).reshape(-1, len(at_s)).T
        beta = self._drawn("act", act, events, rng)
        hazard, gamma = act.hazard(beta, events.shape[1], self.rows, self.ends_s)
        cuts = events[self.rows]
        level = np.sum(gamma * (cuts[:, None, :] < moments[:, :, None]), axis=2)
        return np.asarray(hazard.log_rate(moments) + level - with_factors(hazard, gamma, cuts, moments))

    def _of_process(
        self, name: str, process: Process, at_s: FloatArray, moments: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """Log likelihood of the process in each gap, given the act at ``moments`` (rows, m)."""
        beta = self._drawn(name, process, at_s[:, None], rng)
        hazard, gamma = process.hazard(beta, 1, self.rows, self.ends_s)
        lower, upper = self.cohort.lower_s[self.rows], self.cohort.upper_s[self.rows]
        closes = np.maximum(np.minimum(process.until_s[self.rows], upper), lower)[:, None]
        event = process.event_s[self.rows][:, None]
        turn = np.minimum(moments, closes)
        before = hazard.summed(turn) - hazard.summed(lower[:, None])
        after = hazard.summed(closes) - hazard.summed(turn)
        follows = (event <= closes) & (event > moments)
        return np.asarray(gamma * follows - before - np.exp(gamma) * after)


def _candidates(lower: FloatArray, upper: FloatArray, rng: np.random.Generator) -> FloatArray:
    """(rows, CANDIDATES): a uniform moment in each equal part of each interval."""
    place = (np.arange(CANDIDATES) + rng.random((len(lower), CANDIDATES))) / CANDIDATES
    return np.asarray(lower[:, None] + (upper - lower)[:, None] * place)


def _choose(log_weight: FloatArray, rng: np.random.Generator) -> IntArray:
    """(rows,) a column each, with probability proportional to its weight."""
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    luck = rng.random(len(weight))[:, None] * weight.sum(axis=1, keepdims=True)
    return np.asarray((np.cumsum(weight, axis=1) > luck).argmax(axis=1))
