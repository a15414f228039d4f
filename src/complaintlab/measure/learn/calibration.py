"""From scores to probabilities: Platt scaling on writers that were left out (Platt 1999)."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from complaintlab.measure.learn.texts import known
from complaintlab.measure.model import Floats, Kind

_STEADY = 1e-3
"""Penalty on moving away from the raw score, for labels with few cases."""


def calibrate(scores: Floats, y: Floats, kind: Kind) -> tuple[Floats, Floats]:
    """Slopes and intercepts (labels each) that make left-out scores probabilities.

    Of labels of which one holds, all share a slope; others have one each.
    """
    coded = known(y)
    if kind == "one of":
        return _softmax(scores[coded], y[coded])
    found = [_logistic(score, target) for score, target in zip(scores[coded].T, y[coded].T, strict=True)]
    return np.array([slope for slope, _ in found]), np.array([intercept for _, intercept in found])


def _logistic(score: Floats, target: Floats) -> tuple[float, float]:
    def loss(at: Floats) -> float:
        z = at[0] * score + at[1]
        return float(np.mean(np.logaddexp(0.0, z) - target * z) + _STEADY * ((at[0] - 1) ** 2 + at[1] ** 2))

    slope, intercept = minimize(loss, np.array([1.0, 0.0]), method="BFGS").x
    return max(float(slope), 0.0), float(intercept)


def _softmax(scores: Floats, y: Floats) -> tuple[Floats, Floats]:
    labels = scores.shape[1]

    def loss(at: Floats) -> float:
        z = at[0] * scores + at[1:]
        highest = z.max(axis=1)
        log_total = highest + np.log(np.exp(z - highest[:, None]).sum(axis=1))
        fit = np.mean(log_total - (y * z).sum(axis=1))
        return float(fit + _STEADY * ((at[0] - 1) ** 2 + at[1:] @ at[1:]))

    found = minimize(loss, np.concatenate([[1.0], np.zeros(labels)]), method="BFGS").x
    return np.full(labels, max(float(found[0]), 0.0)), found[1:]
