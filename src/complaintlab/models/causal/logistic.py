"""Pooled logistic regression for discrete hazards, on an episode × interval panel that is never laid out.

A row of the usual person-interval table has features of three kinds: the episode's (the same in every
interval), the interval's (the same for every episode), and those that vary with both. Kept apart, scores
and information are small matrix products per episode, so that a bootstrap resample needs one weighted sum.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

RIDGE = 1.0
ITERATIONS = 50
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Features:
    """What a hazard may depend on, for n episodes and K intervals.

    ``baseline`` (n, p); ``time`` (K, q) with the intercept first; ``varying`` (r, n, K), known at the start
    of the interval, the first ``history`` of them not foreseeable before; ``offset`` (K,) enters with
    coefficient 1. Baseline and varying features are standardised by the caller, since the ridge treats all
    alike.
    """

    baseline: FloatArray
    time: FloatArray
    varying: npt.NDArray[np.float32]
    offset: FloatArray
    history: int = 0

    @property
    def size(self) -> int:
        return int(self.baseline.shape[1] + self.time.shape[1] + len(self.varying))

    def predictor(self, coefficients: FloatArray) -> FloatArray:
        """Linear predictor, (n, K)."""
        p, q = self.baseline.shape[1], self.time.shape[1]
        of_time = self.time @ coefficients[p : p + q] + self.offset
        eta: FloatArray = (self.baseline @ coefficients[:p])[:, None] + of_time[None, :]
        for coefficient, values in zip(coefficients[p + q :], self.varying, strict=True):
            eta += np.multiply(values, coefficient, dtype=np.float64)
        return eta

    def history_part(self, coefficients: FloatArray) -> FloatArray:
        """The part of the linear predictor that the history adds, (n, K)."""
        first = self.baseline.shape[1] + self.time.shape[1]
        part = np.zeros((len(self.baseline), len(self.time)))
        for coefficient, values in zip(coefficients[first:], self.varying[: self.history], strict=False):
            part += np.multiply(values, coefficient, dtype=np.float64)
        return part

    def penalty(self) -> FloatArray:
        """Ridge of each coefficient: a standard normal prior, but none (beyond rounding) on the intercept."""
        ridge = np.full(self.size, RIDGE)
        ridge[self.baseline.shape[1]] = 1e-8
        return ridge


@dataclass(frozen=True)
class Moments:
    """Score and information of each episode; ``score``, ``cross`` (n, z) and ``square`` (n, the upper
    triangle of z × z) are those of time and varying features."""

    baseline: FloatArray
    residual: FloatArray
    score: FloatArray
    weight: FloatArray
    cross: FloatArray
    square: FloatArray

    def total(self, multiplicity: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Score and information when episode i counts ``multiplicity[i]`` times."""
        z = self.cross.shape[1]
        B = self.baseline
        score = np.concatenate([B.T @ (multiplicity * self.residual), multiplicity @ self.score])
        corner = B.T @ (multiplicity[:, None] * self.cross)
        within = B.T @ ((multiplicity * self.weight)[:, None] * B)
        square = np.zeros((z, z))
        square[np.triu_indices(z)] = multiplicity @ self.square
        square = square + np.triu(square, 1).T
        return score, np.block([[within, corner], [corner.T, square]])


@dataclass(frozen=True)
class PooledLogistic:
    """A fitted discrete hazard; ``moments`` are those at ``coefficients``."""

    features: Features
    coefficients: FloatArray
    converged: bool
    moments: Moments = field(repr=False)

    def one_step(self, multiplicity: FloatArray) -> FloatArray:
        """Coefficients refitted to a resample: one Newton step from the fit to all data.

        Differs from the full refit by a term of order 1/n, against a standard error of order 1/√n
        (Le Cam 1956).
        """
        score, information = self.moments.total(multiplicity)
        ridge = self.features.penalty()
        step = np.linalg.solve(information + np.diag(ridge), score - ridge * self.coefficients)
        return np.asarray(self.coefficients + step)


def fit_hazard(
    features: Features, exposure: FloatArray, event: FloatArray, start: FloatArray | None = None
) -> PooledLogistic:
    """Fit logit hazard = features to ``event`` (n, K) of ``exposure`` (n, K), by Newton's method.

    ``exposure`` is 0 out of the risk set, 1 in it, or a part or a case weight; ``event`` lies in
    [0, exposure]. A ridge of a standard normal prior per standardised feature keeps separated data finite.
    ``start``: coefficients of a fit to nearly the same data, to begin at; left aside if they are not as many.
    """
    ridge = features.penalty()
    beta = np.zeros(features.size)
    total = max(float(exposure.sum()), 1.0)
    share = (float(event.sum()) + 0.5) / (total + 1.0)
    beta[features.baseline.shape[1]] = np.log(share / (1 - share)) - float(
        (exposure.sum(axis=0) @ features.offset) / total
    )
    if start is not None and len(start) == len(beta):
        beta = start
    everyone = np.ones(len(exposure))
    objective = _objective(features, exposure, event, beta, ridge)
    converged = False
    for _ in range(ITERATIONS):
        moments = _moments(features, exposure, event, beta)
        score, information = moments.total(everyone)
        gradient = score - ridge * beta
        step = np.linalg.solve(information + np.diag(ridge), gradient)
        if converged := bool(gradient @ step < TOLERANCE):
            break
        beta, objective = _climb(features, exposure, event, beta, np.asarray(step), ridge, objective)
    return PooledLogistic(features, beta, converged, moments)


def softplus(eta: FloatArray) -> FloatArray:
    """−log(1 − hazard) at a linear predictor."""
    return np.log1p(np.exp(-np.abs(eta))) + np.maximum(eta, 0.0)


def logistic(X: FloatArray, y: FloatArray, weights: FloatArray | None = None) -> tuple[FloatArray, bool]:
    """Ridge logistic regression of y (0/1) on standardised X (n, p): (intercept and slopes, converged)."""
    case = np.ones(len(y)) if weights is None else weights
    features = Features(X, np.ones((1, 1)), np.empty((0, len(y), 1), dtype=np.float32), np.zeros(1))
    fit = fit_hazard(features, case[:, None], (case * y)[:, None])
    return np.roll(fit.coefficients, 1), fit.converged


def expit(eta: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-softplus(-eta)))


def _climb(
    features: Features,
    exposure: FloatArray,
    event: FloatArray,
    beta: FloatArray,
    step: FloatArray,
    ridge: FloatArray,
    before: float,
) -> tuple[FloatArray, float]:
    for halving in range(20):
        moved = beta + step / 2**halving
        value = _objective(features, exposure, event, moved, ridge)
        if value >= before:
            return moved, value
    return beta, before


def _objective(
    features: Features, exposure: FloatArray, event: FloatArray, beta: FloatArray, ridge: FloatArray
) -> float:
    eta = features.predictor(beta)
    return float(np.sum(event * eta) - np.sum(exposure * softplus(eta)) - 0.5 * np.sum(ridge * beta**2))


def _moments(features: Features, exposure: FloatArray, event: FloatArray, beta: FloatArray) -> Moments:
    hazard = expit(features.predictor(beta))
    residual = event - exposure * hazard
    weight = exposure * hazard * (1 - hazard)
    T, V = features.time, features.varying
    q, r, n = T.shape[1], len(V), len(exposure)
    weighted = [weight * values for values in V]
    square = np.empty((n, q + r, q + r))
    square[:, :q, :q] = (weight @ (T[:, :, None] * T[:, None, :]).reshape(len(T), -1)).reshape(n, q, q)
    for a, values in enumerate(weighted):
        square[:, q + a, :q] = square[:, :q, q + a] = values @ T
        for b in range(a + 1):
            square[:, q + a, q + b] = square[:, q + b, q + a] = np.einsum("ik,ik->i", values, V[b])
    return Moments(
        baseline=features.baseline,
        residual=residual.sum(axis=1),
        score=_stack(residual @ T, [np.einsum("ik,ik->i", residual, values) for values in V]),
        weight=weight.sum(axis=1),
        cross=_stack(weight @ T, [values.sum(axis=1) for values in weighted]),
        square=square[:, *np.triu_indices(q + r)],
    )


def _stack(of_time: FloatArray, of_varying: list[FloatArray]) -> FloatArray:
    return np.column_stack([of_time, *of_varying])
