"""Infinitesimal-jackknife variance of Aalen–Johansen risks, in one pass over entries and exits.

The influence of row i on the risk of a cause at t is the derivative of the estimate in its weight. With the
common functions F (risk), C = ∫ dΛ / (n (1 − ΔΛ)) and D = ∫ S₋ (C₋ − 1/n) dΛₖ it is

    D(t) − D(in) − C(in) (F(t) − F(in))   while at risk since ``in``,
    U(out) + a (F(t) − F(out))            after ``out``, a = C(out) − C(in) less the own event's share,

so it is linear in (D, F, 1) with coefficients that change only at entry and exit. The sum of squares over
clusters is a quadratic form whose 3 × 3 matrix is a running sum. (The estimator: Therneau, survfit.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from complaintlab.models.cox.rows import BoolArray, FloatArray, IntArray
from complaintlab.models.incidence.curves import Curve

ROUNDING = 1e-12  # of the largest variance of a curve: what is below it is 0 but for rounding


@dataclass(frozen=True)
class _Changes:
    """Entries, then exits, of all rows: place on the axis, cluster, and the order by cluster and place."""

    places: IntArray
    order: IntArray
    first: FloatArray  # 1 where another cluster begins, in that order


def jackknife_errors(curve: Curve, clusters: IntArray) -> FloatArray:
    """Standard errors after each time, for no event (first row) and each cause: (1 + causes) × K.

    ``clusters`` codes the rows of ``curve.rows``: influences add up within a cluster. The risk of no event
    has the error of the risk of any event.
    """
    changes = _changes(curve, clusters)
    any_event = 1 - curve.survival
    any_error = _error(curve, changes, curve.events.sum(axis=0), any_event, curve.rows.event > 0)
    by_cause = [
        _error(curve, changes, events, risk, curve.rows.event == cause)
        for cause, events, risk in zip(curve.causes, curve.events, curve.risks, strict=True)
    ]
    return np.stack([any_error, *by_cause])


def _changes(curve: Curve, clusters: IntArray) -> _Changes:
    places = np.concatenate([curve.sets.entry, curve.sets.exit])
    both = np.concatenate([clusters, clusters])
    order = np.lexsort((places, both))
    first = np.diff(both[order], prepend=-1) != 0
    return _Changes(places, order, first.astype(float))


def _error(
    curve: Curve, changes: _Changes, events: FloatArray, risk: FloatArray, has_event: BoolArray
) -> FloatArray:
    """Error of one cause's ``risk`` (K + 1 values) with weighted ``events`` (K) at the rows ``has_event``."""
    phi, entering, leaving = _coefficients(curve, events, risk, has_event)
    steps = np.concatenate([entering, leaving], axis=1)[:, changes.order]
    running = _restarted_cumsum(steps, changes.first)
    before = running - steps
    at = changes.places[changes.order]
    size = len(risk)
    variance = np.zeros(size)
    for i in range(3):
        for j in range(3):
            growth = np.bincount(at, running[i] * running[j] - before[i] * before[j], minlength=size)
            variance += phi[i] * phi[j] * np.cumsum(growth)
    rounding = ROUNDING * np.max(variance)
    return np.sqrt(np.where(variance > rounding, variance, 0.0)[1:])


def _coefficients(
    curve: Curve, events: FloatArray, risk: FloatArray, has_event: BoolArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(D, F, 1) at each place; how each row's coefficients change as it enters and leaves (3 × rows)."""
    sets, weights = curve.sets, curve.rows.weights
    entry, exit_ = sets.entry, sets.exit
    before, n = curve.survival[:-1], curve.n_risk
    hazard = curve.events.sum(axis=0) / n
    with_someone_left = curve.survival[1:] > 0  # after everybody had the event nothing can change
    staying = np.where(with_someone_left, 1 - hazard, np.inf)
    C = np.concatenate([[0.0], np.cumsum(hazard / (n * staying))])
    C -= np.median(C[entry])  # only differences count: keeps D and C small where most rows enter
    D = np.concatenate([[0.0], np.cumsum(before * (C[:-1] - 1 / n) * events / n)])
    D -= np.median(D[entry])
    F = risk - np.median(risk[entry])

    own = exit_ - 1
    any_event = curve.rows.event > 0
    slope = C[exit_] - C[entry] - any_event / (n * staying)[own]
    reached = D[exit_] - D[entry] - C[entry] * (F[exit_] - F[entry]) + has_event * (before / n)[own]
    entering = np.stack([np.ones(len(entry)), -C[entry], C[entry] * F[entry] - D[entry]]) * weights
    after = np.stack([np.zeros(len(entry)), slope, reached - slope * F[exit_]]) * weights
    return np.stack([D, F, np.ones(len(D))]), entering, after - entering


def _restarted_cumsum(steps: FloatArray, first: FloatArray) -> FloatArray:
    """Running sums along each row of ``steps`` that start anew where ``first`` is 1."""
    begins = np.flatnonzero(first)
    lengths = np.diff(np.append(begins, steps.shape[1]))
    total = np.cumsum(steps, axis=1)
    base = total[:, begins] - steps[:, begins]
    return total - np.repeat(base, lengths, axis=1)
