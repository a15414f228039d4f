"""Hazards that are constant within the grid's intervals, and processes that an act multiplies by a factor."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.causal.logistic import Features, PooledLogistic, fit_hazard, softplus
from complaintlab.models.deletion.cohort import Cohort, FloatArray

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Hazard:
    """Hazards of some episodes: ``rate`` (rows, K) per second, ``cumulative`` to each interval's start."""

    edges: FloatArray
    rate: FloatArray
    cumulative: FloatArray

    @classmethod
    def of(cls, eta: FloatArray, ends_s: IntArray) -> Hazard:
        """From linear predictors (rows, K) of a pooled logistic model."""
        edges = np.concatenate([[0.0], ends_s.astype(float)])
        mass = softplus(eta)
        return cls(edges, mass / np.diff(edges), np.cumsum(mass, axis=1) - mass)

    def _interval(self, at_s: FloatArray) -> IntArray:
        found = np.searchsorted(self.edges, at_s, side="left") - 1
        return np.asarray(np.clip(found, 0, self.rate.shape[1] - 1))

    def log_rate(self, at_s: FloatArray) -> FloatArray:
        """At moments (rows, m)."""
        return np.asarray(np.log(np.take_along_axis(self.rate, self._interval(at_s), axis=1)))

    def summed(self, at_s: FloatArray) -> FloatArray:
        """From time zero to moments (rows, m); after the grid's end at the last rate."""
        k = self._interval(at_s)
        start = np.take_along_axis(self.cumulative, k, axis=1)
        return np.asarray(start + np.take_along_axis(self.rate, k, axis=1) * (at_s - self.edges[k]))


@dataclass(frozen=True)
class Process:
    """First event of a process at ``event_s`` (n,), at risk until ``until_s``; ``features`` of its hazard.

    Beside these the hazard has factors: from moments ``cuts`` (n, c) on, known to the second, it is
    exp(γ) times what it was.
    """

    event_s: FloatArray
    until_s: FloatArray
    features: Features

    @classmethod
    def of(cls, cohort: Cohort, event_s: FloatArray, features: Features, horizon_s: float) -> Process:
        """At risk until the event, the end of follow-up or the horizon."""
        end = cohort.episodes["end_s"].cast(pl.Float64).to_numpy()
        return cls(event_s, np.clip(np.minimum(event_s, end), 0.0, horizon_s), features)

    @property
    def happens(self) -> bool:
        """Whether it does, to anybody at risk."""
        return bool(np.any((self.event_s <= self.until_s) & (self.event_s > 0)))

    def fit(self, cuts: FloatArray, ends_s: IntArray, start: FloatArray | None = None) -> PooledLogistic:
        """Its hazard; the γ are the last c coefficients of the baseline. ``start``: where to begin.

        An episode is a row between any two of its cuts, each with its own part of every interval, so that
        an event in the interval of a cut is on the right side of it.
        """
        bounds = np.column_stack([np.zeros(len(cuts)), np.sort(cuts, axis=1), np.full(len(cuts), np.inf)])
        who, part = np.nonzero(bounds[:, :-1] < np.minimum(bounds[:, 1:], self.until_s[:, None]))
        opens, closes = bounds[who, part], np.minimum(bounds[who, part + 1], self.until_s[who])
        edges = np.concatenate([[0.0], ends_s.astype(float)])
        overlap = np.minimum(closes[:, None], edges[1:]) - np.maximum(opens[:, None], edges[:-1])
        event = np.zeros_like(overlap)
        hit = np.flatnonzero((self.event_s[who] > opens) & (self.event_s[who] <= closes))
        event[hit, np.searchsorted(ends_s, self.event_s[who[hit]], side="left")] = 1.0
        passed = (cuts[who] <= opens[:, None]).astype(float)
        features = replace(
            self.features,
            baseline=np.column_stack([self.features.baseline[who], passed]),
            varying=self.features.varying[:, who],
        )
        return fit_hazard(features, np.maximum(overlap, 0.0) / np.diff(edges), event, start)

    def hazard(
        self, coefficients: FloatArray, factors: int, rows: IntArray, ends_s: IntArray
    ) -> tuple[Hazard, FloatArray]:
        """The hazard of ``rows`` before any cut, and the γ, at the coefficients of such a fit."""
        p = self.features.baseline.shape[1]
        eta = self.features.predictor(np.delete(coefficients, slice(p, p + factors)))
        return Hazard.of(eta[rows], ends_s), coefficients[p : p + factors]


def with_factors(hazard: Hazard, gamma: FloatArray, cuts: FloatArray, at_s: FloatArray) -> FloatArray:
    """Hazard summed to moments (rows, m), multiplied by exp(γ) from each of ``cuts`` (rows, c) on."""
    order = np.argsort(cuts, axis=1, kind="stable")
    bounds = np.column_stack([np.zeros(len(cuts)), np.take_along_axis(cuts, order, axis=1)])
    level = np.column_stack([np.zeros(len(cuts)), np.cumsum(gamma[order], axis=1)])
    total = np.zeros_like(at_s)
    for j in range(bounds.shape[1]):
        opens = np.minimum(at_s, bounds[:, [j]])
        closes = np.minimum(at_s, bounds[:, [j + 1]]) if j + 1 < bounds.shape[1] else at_s
        total += np.exp(level[:, [j]]) * (hazard.summed(closes) - hazard.summed(opens))
    return total
