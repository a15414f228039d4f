"""Pooled logistic regression for discrete hazards, on an episode × interval panel that is never laid out.

A row of the usual person-interval table has features of three kinds: the episode's (the same in every
interval), the interval's (the same for every episode), and those that vary with both. Kept apart, scores
and information are small matrix products per episode, so that a bootstrap resample needs one weighted sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import expit

FloatArray = npt.NDArray[np.float64]
SingleArray = npt.NDArray[np.float32]

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

    def predictors(self, coefficients: FloatArray, *, foreseeable: bool = False) -> SingleArray:
        """Linear predictors (m, n, K) of several coefficient vectors (m, size), in single precision.

        One product reads the panel once for all of them. ``foreseeable``: without what the history adds.
        """
        n, K = self.varying.shape[1:]
        p, q = self.baseline.shape[1], self.time.shape[1]
        first = self.history if foreseeable else 0
        of_varying = coefficients[:, p + q + first :].astype(np.float32)
        found = (of_varying @ self.varying[first:].reshape(-1, n * K)).reshape(-1, n, K)
        found += (coefficients[:, :p] @ self.baseline.T).astype(np.float32)[:, :, None]
        found += (coefficients[:, p : p + q] @ self.time.T + self.offset).astype(np.float32)[:, None, :]
        return found

    def of_history(self, coefficients: FloatArray) -> FloatArray:
        """The coefficients of the history (m, history) among those of everything (m, size)."""
        first = self.baseline.shape[1] + self.time.shape[1]
        return coefficients[:, first : first + self.history]

    def penalty(self) -> FloatArray:
        """Ridge of each coefficient: a standard normal prior, but none (beyond rounding) on the intercept."""
        ridge = np.full(self.size, RIDGE)
        ridge[self.baseline.shape[1]] = 1e-8
        return ridge


@dataclass(frozen=True)
class Moments:
    """Score and information of each episode; ``score``, ``cross`` (n, z) and ``square`` (n, the lower
    triangle of z × z) are those of time and varying features."""

    baseline: FloatArray
    residual: FloatArray
    score: FloatArray
    weight: FloatArray
    cross: FloatArray
    square: FloatArray

    @classmethod
    def of(cls, features: Features, residual: FloatArray, weight: FloatArray) -> Moments:
        """From the residual and the weight (n, K) of each interval."""
        T, V = features.time, features.varying
        q, r, n = T.shape[1], len(V), len(weight)
        # Products of varying features in their own, single precision: an information needs no more
        weighted = V * weight.astype(np.float32)
        square = np.empty((n, q + r, q + r))
        square[:, :q, :q] = (weight @ (T[:, :, None] * T[:, None, :]).reshape(len(T), -1)).reshape(n, q, q)
        square[:, q:, :q] = np.moveaxis(weighted @ T.astype(np.float32), 0, 1)
        square[:, q:, q:] = weighted.transpose(1, 0, 2) @ V.transpose(1, 2, 0)
        return cls(
            baseline=features.baseline,
            residual=residual.sum(axis=1),
            score=np.column_stack([residual @ T, *(np.einsum("ik,ik->i", residual, v) for v in V)]),
            weight=weight.sum(axis=1),
            cross=np.column_stack([weight @ T, weighted.sum(axis=2).T]),
            square=square[:, *np.tril_indices(q + r)],
        )

    def totals(self, multiplicities: FloatArray) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Score and information when episode i counts ``multiplicities[j, i]`` times, for each j (m, n)."""
        z = self.cross.shape[1]
        B, below = self.baseline, np.tril_indices(z)
        scores, squares = multiplicities @ self.score, multiplicities @ self.square
        for multiplicity, of_rest, flat in zip(multiplicities, scores, squares, strict=True):
            score = np.concatenate([B.T @ (multiplicity * self.residual), of_rest])
            corner = B.T @ (multiplicity[:, None] * self.cross)
            within = B.T @ ((multiplicity * self.weight)[:, None] * B)
            square = np.zeros((z, z))
            square[below] = flat
            square = square + np.tril(square, -1).T
            yield score, np.block([[within, corner], [corner.T, square]])


@dataclass(frozen=True)
class PooledLogistic:
    """A fitted discrete hazard, with the ``residual`` and ``weight`` (n, K) of each interval at its fit."""

    features: Features
    coefficients: FloatArray
    converged: bool
    residual: FloatArray = field(repr=False)
    weight: FloatArray = field(repr=False)

    @property
    def information(self) -> FloatArray:
        """Fisher's, without the ridge."""
        return _information(self.features, self.weight)

    @cached_property
    def moments(self) -> Moments:
        return Moments.of(self.features, self.residual, self.weight)

    def one_steps(self, multiplicities: FloatArray) -> FloatArray:
        """Coefficients (m, size) refitted to resamples (m, n): one Newton step from the fit to all data.

        Differs from the full refit by a term of order 1/n, against a standard error of order 1/√n
        (Le Cam 1956).
        """
        ridge = self.features.penalty()
        steps = [
            np.linalg.solve(information + np.diag(ridge), score - ridge * self.coefficients)
            for score, information in self.moments.totals(multiplicities)
        ]
        return np.asarray(self.coefficients + np.array(steps))


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
    eta = features.predictor(beta)
    objective = _objective(exposure, event, beta, eta, ridge)
    for _ in range(ITERATIONS):
        hazard = expit(eta)
        residual, weight = event - exposure * hazard, exposure * hazard * (1 - hazard)
        gradient = _score(features, residual) - ridge * beta
        step = np.linalg.solve(_information(features, weight) + np.diag(ridge), gradient)
        if converged := bool(gradient @ step < TOLERANCE):
            break
        beta, eta, objective = _climb(features, exposure, event, (beta, eta, objective), np.asarray(step))
    return PooledLogistic(features, beta, converged, residual, weight)


def softplus(eta: FloatArray) -> FloatArray:
    """−log(1 − hazard) at a linear predictor."""
    return np.log1p(np.exp(-np.abs(eta))) + np.maximum(eta, 0.0)


def logistic(X: FloatArray, y: FloatArray, weights: FloatArray | None = None) -> tuple[FloatArray, bool]:
    """Ridge logistic regression of y (0/1) on standardised X (n, p): (intercept and slopes, converged)."""
    case = np.ones(len(y)) if weights is None else weights
    features = Features(X, np.ones((1, 1)), np.empty((0, len(y), 1), dtype=np.float32), np.zeros(1))
    fit = fit_hazard(features, case[:, None], (case * y)[:, None])
    return np.roll(fit.coefficients, 1), fit.converged


def _climb(
    features: Features,
    exposure: FloatArray,
    event: FloatArray,
    at: tuple[FloatArray, FloatArray, float],
    step: FloatArray,
) -> tuple[FloatArray, FloatArray, float]:
    """Coefficients, linear predictor and objective after the longest of step, half, … that leads upwards."""
    ridge = features.penalty()
    for halving in range(20):
        beta = at[0] + step / 2**halving
        eta = features.predictor(beta)
        objective = _objective(exposure, event, beta, eta, ridge)
        if objective >= at[2]:
            return beta, eta, objective
    return at


def _objective(
    exposure: FloatArray, event: FloatArray, beta: FloatArray, eta: FloatArray, ridge: FloatArray
) -> float:
    return float(np.sum(event * eta) - np.sum(exposure * softplus(eta)) - 0.5 * np.sum(ridge * beta**2))


def _score(features: Features, residual: FloatArray) -> FloatArray:
    of_varying = [np.einsum("ik,ik->", residual, values) for values in features.varying]
    parts = features.baseline.T @ residual.sum(axis=1), features.time.T @ residual.sum(axis=0)
    return np.concatenate([*parts, of_varying])


def _information(features: Features, weight: FloatArray) -> FloatArray:
    """As the totals of :class:`Moments`, at the cost of one product over the panel."""
    B, T, V = features.baseline, features.time, features.varying
    weighted = V * weight.astype(np.float32)
    flat = (len(V), -1) if len(V) else (0, 0)
    of_varying = [
        weighted.sum(axis=2) @ B,
        weighted.sum(axis=1) @ T,
        weighted.reshape(flat) @ V.reshape(flat).T,
    ]
    of_time = [(weight @ T).T @ B, T.T @ (weight.sum(axis=0)[:, None] * T), of_varying[1].T]
    of_baseline = [B.T @ (weight.sum(axis=1)[:, None] * B), of_time[0].T, of_varying[0].T]
    return np.block([of_baseline, of_time, of_varying])
