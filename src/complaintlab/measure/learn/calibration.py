"""From scores to probabilities: Platt scaling on writers that were left out (Platt 1999).

The features and the reading get a slope each (stacking; Wolpert 1992): on writers whose texts it has not
learned, a reading deserves less trust than the texts that it learned from give it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from complaintlab.measure.model import Floats, Kind
from complaintlab.measure.targets import known

_STEADY = 1e-3
"""Penalty on moving away from the raw score, for labels with few cases."""

_LEAST = 0.05
"""The features keep some say: what the reading adds is stored in relation to theirs."""


Loss = Callable[[Floats, Floats], float]


class Calibration(NamedTuple):
    """Per label: slopes of the features' score and of what the reading adds, and an intercept."""

    features: Floats
    reading: Floats
    intercepts: Floats


def calibrate(score: Floats, added: Floats | None, y: Floats, kind: Kind) -> Calibration:
    """What makes left-out scores (texts × labels) probabilities.

    ``added`` is what the reading adds to the features' ``score``; None without a reading. Of labels of which
    one holds, all share the slopes; others have their own.
    """
    coded = known(y)
    parts = np.stack([score[coded], np.zeros_like(score[coded]) if added is None else added[coded]])
    y = y[coded]
    if kind == "one of":
        return Calibration(*_fit(parts, y, _softmax_loss))
    columns = [_fit(parts[:, :, [k]], y[:, [k]], _logistic_loss) for k in range(y.shape[1])]
    return Calibration(*(np.concatenate(each) for each in zip(*columns, strict=True)))


def _fit(parts: Floats, y: Floats, loss: Loss) -> tuple[Floats, Floats, Floats]:
    labels = y.shape[1]

    def objective(at: Floats) -> float:
        z = at[0] * parts[0] + at[1] * parts[1] + at[2:]
        away = (at[0] - 1) ** 2 + (at[1] - 1) ** 2 + at[2:] @ at[2:]
        return loss(z, y) + _STEADY * float(away)

    bounds = [(_LEAST, None), (0.0, None), *[(None, None)] * labels]
    at = minimize(objective, np.array([1.0, 1.0, *[0.0] * labels]), method="L-BFGS-B", bounds=bounds).x
    return np.full(labels, at[0]), np.full(labels, at[1]), at[2:]


def _logistic_loss(z: Floats, y: Floats) -> float:
    return float(np.mean(np.logaddexp(0.0, z) - y * z))


def _softmax_loss(z: Floats, y: Floats) -> float:
    highest = z.max(axis=1)
    log_total = highest + np.log(np.exp(z - highest[:, None]).sum(axis=1))
    return float(np.mean(log_total - (y * z).sum(axis=1)))
