"""Residuals of a Cox model, and the variances made of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from complaintlab.models.cox.likelihood import Moments
from complaintlab.models.cox.rows import FloatArray, IntArray


def schoenfeld(fitted: Moments) -> FloatArray:
    """Covariates of each event minus their mean in its risk set (events × p), sorted by stratum and time."""
    sets = fitted.problem.sets
    return fitted.problem.X[sets.event_rows] - _tied_mean(fitted, fitted.means)[:, sets.event_positions].T


def score_column(fitted: Moments, j: int, row_hazard: FloatArray) -> FloatArray:
    """The score residual of covariate ``j``, one per row (Therneau, Grambsch and Fleming 1990).

    ∫ (x − x̄) dM: what the row's events and its time at risk add to the score, unweighted. ``row_hazard``
    is the row's cumulative hazard, the same for all covariates.
    """
    problem, sets = fitted.problem, fitted.problem.sets
    column = problem.X[:, j]
    steps = fitted.hazard_steps * fitted.means[j]
    expected = sets.over_time(sets.at_events(steps))
    if problem.efron:
        expected[sets.event_rows] -= sets.at_events(steps * problem.fractions)[sets.event_positions]
    residual = -fitted.risk * (column * row_hazard - expected)
    tied_mean = sets.at_events(fitted.means[j]) / sets.n_tied
    residual[sets.event_rows] += column[sets.event_rows] - tied_mean[sets.event_positions]
    return residual


def score_residuals(fitted: Moments) -> FloatArray:
    """Score residuals, rows × p."""
    row_hazard = fitted.row_hazard()
    columns = [score_column(fitted, j, row_hazard) for j in range(fitted.problem.X.shape[1])]
    return np.stack(columns, axis=1)


def cluster_scores(fitted: Moments, clusters: Sequence[IntArray]) -> list[FloatArray]:
    """Weighted score residuals summed within the codes of each clustering (clusters × p each)."""
    row_hazard = fitted.row_hazard()
    summed: list[list[FloatArray]] = [[] for _ in clusters]
    for j in range(fitted.problem.X.shape[1]):
        weighted = fitted.problem.weights * score_column(fitted, j, row_hazard)
        for columns, codes in zip(summed, clusters, strict=True):
            columns.append(np.bincount(codes, weighted).astype(np.float64, copy=False))
    return [np.stack(columns, axis=1) for columns in summed]


def robust_covariance(
    fitted: Moments, model_covariance: FloatArray, clusters: Sequence[IntArray]
) -> FloatArray:
    """The sandwich of Lin and Wei (1989), without a small-sample factor.

    One clustering gives V; two give V₁ + V₂ − V₁₂ (Cameron, Gelbach and Miller 2011), its negative
    eigenvalues set to zero if it has a variance that is not positive, as they advise.
    """
    if len(clusters) == 1:
        return _sandwich(cluster_scores(fitted, clusters)[0], model_covariance)
    first, second = clusters
    _, both = np.unique(first * (second.max() + 1) + second, return_inverse=True)
    one, two, crossed = (
        _sandwich(scores, model_covariance) for scores in cluster_scores(fitted, [first, second, both])
    )
    combined = one + two - crossed
    return combined if (np.diag(combined) > 0).all() else _nearest_positive(combined)


def _sandwich(scores: FloatArray, model_covariance: FloatArray) -> FloatArray:
    dfbeta = scores @ model_covariance
    return dfbeta.T @ dfbeta


def _nearest_positive(covariance: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(covariance)
    repaired: FloatArray = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return repaired


def _tied_mean(fitted: Moments, values: FloatArray) -> FloatArray:
    """Mean of ``values`` (p × events) over the events tied at each position (p × K)."""
    sets = fitted.problem.sets
    return np.stack([sets.at_events(row) for row in values]) / sets.n_tied
