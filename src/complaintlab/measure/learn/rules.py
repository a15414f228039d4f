"""Weights of the features alone: ridge-penalised logistic regressions."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

from complaintlab.measure.features import Side
from complaintlab.measure.model import HEADS, Floats
from complaintlab.measure.targets import known

STRENGTH = 0.3
"""Inverse of the ridge penalty; .1 to 1 did alike on writers left out."""

Linear = dict[str, tuple[Floats, Floats]]
"""Head → weights (features × labels) and intercepts (labels)."""


def fit_rules(X: Floats, y: dict[str, Floats], side: Side) -> Linear:
    """Fit every head of a side on features (texts × features) and targets."""
    return fit_heads(X, y, side, STRENGTH)


def fit_heads(X: Floats, y: dict[str, Floats], side: Side, strength: float) -> Linear:
    """Every head of a side by ridge regression on X (texts × columns)."""
    return {
        name: _fit(X, y[name], strength, one_of=head.kind == "one of") for name, head in HEADS[side].items()
    }


def _fit(X: Floats, y: Floats, strength: float, *, one_of: bool) -> tuple[Floats, Floats]:
    coded = known(y)
    X, y = X[coded], y[coded]
    if one_of:
        found = _regression(strength).fit(X, y.argmax(axis=1))
        return found.coef_.T, found.intercept_
    columns = [_regression(strength).fit(X, column) for column in y.T]
    return np.stack([found.coef_[0] for found in columns], axis=1), np.concatenate(
        [found.intercept_ for found in columns]
    )


def _regression(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=2000, tol=1e-6)


def scores(X: Floats, found: Linear) -> dict[str, Floats]:
    """What these columns alone say (texts × labels), per head."""
    return {name: np.asarray(X @ weights + intercepts) for name, (weights, intercepts) in found.items()}
