"""Ridge-penalised logistic and Poisson regression, and their predictions across folds."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from complaintlab.models.causal.logistic import softplus

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Family = Literal["binomial", "poisson"]

RIDGE = 1.0
ITERATIONS = 200
TOLERANCE = 1e-8
EVENTS_PER_PARAMETER = 10.0
ROUNDS, SPARE = 6, 0.99
LARGEST = 30.0
"""Of a linear predictor on the logarithm's scale: keeps a far prediction finite."""


def fit_glm(
    X: FloatArray,
    y: FloatArray,
    weights: FloatArray,
    family: Family,
    start: FloatArray | None = None,
    information: FloatArray | None = None,
    ridge: FloatArray | None = None,
) -> tuple[FloatArray, bool]:
    """Intercept and slopes of y on standardised X (n, p) with a canonical link, and whether they converged.

    A standard normal prior on each slope keeps separated data finite; ``ridge`` (1 + p,) are other penalties.
    Newton's method; ``information``, if given, stays as it is, which costs a few more, far cheaper steps, and
    is that of weights none of which is negative.
    Weights may be negative as long as their sum is not: where the curvature is indefinite, a step takes that
    of the positive ones alone; only a maximum counts as converged.
    """
    design = np.column_stack([np.ones(len(y)), X])
    ridge = standard_ridge(X.shape[1]) if ridge is None else ridge
    beta = _null(y, weights, family, design.shape[1]) if start is None else start
    signed = bool(weights.min() < 0)
    fixed = None if information is None else np.linalg.inv(information + np.diag(ridge))
    eta = design @ beta
    value = _objective(eta, y, weights, family) - 0.5 * np.sum(ridge * beta**2)
    for _ in range(ITERATIONS):
        mean = _mean(eta, family)
        gradient = design.T @ (weights * (y - mean)) - ridge * beta
        concave = True
        if fixed is not None:
            step = np.asarray(fixed @ gradient)
        else:
            curvature = information_of(design, mean, weights, family)
            concave = not signed or _definite(curvature + np.diag(ridge))
            if not concave:
                curvature = information_of(design, mean, np.maximum(weights, 0.0), family)
            step = np.asarray(np.linalg.solve(curvature + np.diag(ridge), gradient))
        if gradient @ step < TOLERANCE:
            return beta, concave
        for _ in range(20):
            moved = beta + step
            eta = design @ moved
            gained = _objective(eta, y, weights, family) - 0.5 * np.sum(ridge * moved**2)
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
    ridge: FloatArray | None = None,
    start: FloatArray | None = None,
) -> tuple[list[FloatArray], bool]:
    """Expected y of each row at X, or at each matrix of ``at``, from models fitted to the other folds.

    The fit to all rows, which begins at ``start``, only gives the folds' fits their start and, of each fold's
    own rows, the curvature of their steps.
    """
    whole, settled = fit_glm(X, y, weights, family, start, ridge=ridge)
    if weights.min() < 0 and not settled:
        return [np.full(len(y), np.nan) for _ in at or (X,)], False
    design = np.column_stack([np.ones(len(y)), X])
    mean = _mean(design @ whole, family)
    variance = information_of(design, mean, weights, family)
    where = at or (X,)
    predicted = [np.empty(len(y)) for _ in where]
    for number in np.unique(fold):
        out = fold == number
        signed = bool(weights[~out].min() < 0)
        # Signed sums differ more between folds
        shaped = None if signed else variance - information_of(design[out], mean[out], weights[out], family)
        beta, converged = fit_glm(X[~out], y[~out], weights[~out], family, whole, shaped, ridge)
        if not converged and not signed:
            beta, converged = fit_glm(X[~out], y[~out], weights[~out], family, ridge=ridge)
        settled &= converged
        for values, place in zip(predicted, where, strict=True):
            values[out] = _mean(beta[0] + place[out] @ beta[1:], family)
    return predicted, settled


def standard_ridge(slopes: int) -> FloatArray:
    """The penalties (1 + slopes,) of a standard normal prior on each slope, none on the intercept."""
    return np.concatenate([[1e-8], np.full(slopes, RIDGE)])


class Affordable(NamedTuple):
    """Penalties (1 + p,), the effective parameters that they leave, and coefficients (1 + p,) under them.

    ``beta`` is None unless the fit settled.
    """

    ridge: FloatArray
    parameters: float
    beta: FloatArray | None


def affordable_ridge(
    X: FloatArray,
    y: FloatArray,
    weights: FloatArray,
    family: Family,
    free: tuple[int, ...],
    extra: float = 0.0,
) -> Affordable:
    """Penalties under which y's regression has no more effective parameters than a tenth of its events.

    Effective parameters are the trace of the hat matrix, that of (I + R)⁻¹ I with information I and
    penalties R (Hastie & Tibshirani 1990); events are those with the outcome, or without it if these are
    fewer (Harrell 2015). The standard ridge where that is little enough; else all penalties are raised
    alike but those of the columns ``free``. ``extra`` parameters are estimated beside and take their share of
    the events; they are included in those returned, which may still be too many: the intercept and what is
    free count whatever the rest is worth.
    """
    ridge = standard_ridge(X.shape[1])
    raised = np.ones(len(ridge), dtype=bool)
    raised[[0, *(1 + j for j in free)]] = False
    budget = limiting_events(y, weights, family) / EVENTS_PER_PARAMETER - extra
    design = np.column_stack([np.ones(len(y)), X])
    factor = 1.0
    beta: FloatArray | None = None
    for _ in range(ROUNDS):
        penalties = np.where(raised, ridge * factor, ridge)
        beta, settled = fit_glm(X, y, weights, family, beta, ridge=penalties)
        information = information_of(design, _mean(design @ beta, family), weights, family)
        parameters = effective_parameters(information, penalties)
        if parameters <= budget:
            break

        def excess(log_factor: float, information: FloatArray = information) -> float:
            penalties = np.where(raised, ridge * np.exp(log_factor), ridge)
            return effective_parameters(information, penalties) - SPARE * budget

        if excess(LARGEST) > 0:
            factor = float(np.exp(LARGEST))
            continue
        from scipy.optimize import brentq  # takes a third of a second to import, in every process

        factor = float(np.exp(brentq(excess, 0.0, LARGEST)))
    return Affordable(penalties, parameters + extra, beta if settled else None)


def limiting_events(y: FloatArray, weights: FloatArray, family: Family) -> float:
    """How many rows that count have the outcome, or lack it if these are fewer; of a count its sum."""
    used = y[weights > 0]
    return float(used.sum() if family == "poisson" else min(used.sum(), (1 - used).sum()))


def effective_parameters(information: FloatArray, ridge: FloatArray) -> float:
    return float(np.trace(np.linalg.solve(information + np.diag(ridge), information)))


def information_of(design: FloatArray, mean: FloatArray, weights: FloatArray, family: Family) -> FloatArray:
    counted = weights * (mean * (1 - mean) if family == "binomial" else mean)
    if not np.all(counted >= 0):
        return np.asarray(design.T @ (counted[:, None] * design))
    root = np.sqrt(counted)[:, None] * design  # times itself, which is half the work
    return np.asarray(root.T @ root)


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
