"""Ridge-penalised logistic and Poisson regression, and their predictions across folds."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from complaintlab.models.causal.logistic import expit, softplus

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Family = Literal["binomial", "poisson"]

RIDGE = 1.0
ITERATIONS = 200
TOLERANCE = 1e-6
LARGEST = 30.0
"""Of a linear predictor on the logarithm's scale: keeps a far prediction finite."""


def fit_glm(
    X: FloatArray,
    y: FloatArray,
    weights: FloatArray,
    family: Family,
    start: FloatArray | None = None,
    information: FloatArray | None = None,
) -> tuple[FloatArray, bool]:
    """Intercept and slopes of y on standardised X (n, p) with a canonical link, and whether they converged.

    A standard normal prior on each slope keeps separated data finite. Newton's method; with ``information``
    given it stays as it is, which costs a few more, far cheaper steps. Weights may be negative as long as
    their sum is not: where the curvature is indefinite, a step takes that of the positive ones alone; only
    a maximum counts as converged.
    """
    design = np.column_stack([np.ones(len(y)), X])
    ridge = np.full(design.shape[1], RIDGE)
    ridge[0] = 1e-8
    beta = _null(y, weights, family, design.shape[1]) if start is None else start
    signed = bool(weights.min() < 0)
    value = _objective(design @ beta, y, weights, family) - 0.5 * np.sum(ridge * beta**2)
    for _ in range(ITERATIONS):
        mean = _mean(design @ beta, family)
        gradient = design.T @ (weights * (y - mean)) - ridge * beta
        curvature = information_of(design, mean, weights, family) if information is None else information
        concave = not signed or _definite(curvature + np.diag(ridge))
        if not concave:
            curvature = information_of(design, mean, np.maximum(weights, 0.0), family)
        step = np.linalg.solve(curvature + np.diag(ridge), gradient)
        if gradient @ step < TOLERANCE:
            return beta, concave
        for _ in range(20):
            moved = beta + step
            gained = _objective(design @ moved, y, weights, family) - 0.5 * np.sum(ridge * moved**2)
            if gained >= value:
                break
            step = step / 2
        else:
            if signed:  # nothing is gained along an ascent: there is no maximum near
                return beta, False
        beta, value = moved, gained
    return beta, False


def cross_fit(
    X: FloatArray,
    y: FloatArray,
    weights: FloatArray,
    fold: IntArray,
    family: Family = "binomial",
    at: tuple[FloatArray, ...] = (),
) -> tuple[list[FloatArray], bool]:
    """Expected y of each row at X, or at each matrix of ``at``, from models fitted to the other folds.

    The fit to all rows only gives the folds' fits their start and the curvature of their steps.
    """
    whole, settled = fit_glm(X, y, weights, family)
    if weights.min() < 0 and not settled:
        return [np.full(len(y), np.nan) for _ in at or (X,)], False
    design = np.column_stack([np.ones(len(y)), X])
    variance = information_of(design, _mean(design @ whole, family), weights, family)
    where = at or (X,)
    predicted = [np.empty(len(y)) for _ in where]
    for number in np.unique(fold):
        out = fold == number
        share = float(weights[~out].sum() / max(weights.sum(), 1e-12))
        signed = bool(weights[~out].min() < 0)
        shaped = None if signed else variance * share  # signed sums differ more between folds
        beta, converged = fit_glm(X[~out], y[~out], weights[~out], family, whole, shaped)
        if not converged and not signed:
            beta, converged = fit_glm(X[~out], y[~out], weights[~out], family)
        settled &= converged
        for values, place in zip(predicted, where, strict=True):
            values[out] = _mean(beta[0] + place[out] @ beta[1:], family)
    return predicted, settled


def information_of(design: FloatArray, mean: FloatArray, weights: FloatArray, family: Family) -> FloatArray:
    variance = mean * (1 - mean) if family == "binomial" else mean
    return np.asarray(design.T @ ((weights * variance)[:, None] * design))


def _definite(information: FloatArray) -> bool:
    try:
        np.linalg.cholesky(information)
    except np.linalg.LinAlgError:
        return False
    return True


def _null(y: FloatArray, weights: FloatArray, family: Family, size: int) -> FloatArray:
    """The model without slopes."""
    beta = np.zeros(size)
    total = max(float(weights.sum()), 0.0)
    events = max(float(weights @ y), 0.0)
    mean = ((min(events, total) if family == "binomial" else events) + 0.5) / (total + 1.0)
    beta[0] = np.log(mean / (1 - mean)) if family == "binomial" else np.log(mean)
    return beta


def _mean(eta: FloatArray, family: Family) -> FloatArray:
    return expit(eta) if family == "binomial" else np.exp(np.minimum(eta, LARGEST))


def _objective(eta: FloatArray, y: FloatArray, weights: FloatArray, family: Family) -> float:
    cumulant = softplus(eta) if family == "binomial" else np.exp(np.minimum(eta, LARGEST))
    return float(np.sum(weights * (y * eta - cumulant)))
