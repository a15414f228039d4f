"""Logit and least squares with many fixed effects and clustered errors; average marginal effects.

The fits are glum's, whose categorical columns are never laid out, so that company effects cost one code a row
(``benchmarks/fixed_effects.py`` measures it beside statsmodels).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.errors import ModelError
from complaintlab.models.design import FloatArray

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
SEPARATED = 1e-8
"""A fitted probability nearer than this to 0 or 1 means that the covariates separate the outcome."""


@dataclass(frozen=True)
class LogitFit:
    """A fitted model. ``X`` (n, p) has its numeric columns, the intercept first; ``effects`` those of levels.

    ``beta`` are log odds ratios of the numeric columns, then of the levels; ``covariance`` is theirs.
    """

    X: FloatArray
    beta: FloatArray
    covariance: FloatArray
    effects: Any = field(default=None, repr=False)

    def predictor(self) -> FloatArray:
        """The linear predictor of each row."""
        p = self.X.shape[1]
        eta = self.X @ self.beta[:p]
        return np.asarray(eta if self.effects is None else eta + self.effects.matvec(self.beta[p:]))

    def probabilities(self, shift: FloatArray | float = 0.0) -> FloatArray:
        """Of the outcome, with ``shift`` added to the linear predictor."""
        return np.asarray(1 / (1 + np.exp(-(self.predictor() + shift))), dtype=np.float64)

    def score(self, weight: FloatArray) -> FloatArray:
        """Sum of ``weight`` (n,) times each column, numeric ones first."""
        own = self.X.T @ weight
        if self.effects is None:
            return np.asarray(own)
        return np.concatenate([own, self.effects.transpose_matvec(weight)])


@dataclass(frozen=True)
class LinearFit:
    """Coefficients of an intercept, ``X`` (its column 0 is the intercept) and the levels' columns."""

    X: FloatArray
    beta: FloatArray
    covariance: FloatArray


def fit_logit(y: BoolArray, X: FloatArray, clusters: IntArray, effects: pl.Series | None = None) -> LogitFit:
    """Maximum-likelihood logit of ``y`` on an intercept, ``X`` and a column per level of ``effects`` but one.

    ``clusters`` is (n,) or (n, 2) integer codes: errors are clustered in one or two ways (Liang and Zeger
    1986; Cameron, Gelbach and Miller 2011).

    Raises:
        ModelError: the outcome is separated by the covariates, or there is no convergence.
    """
    fit = LogitFit(*_fitted("binomial", y.astype(float), X, clusters, effects))
    chance = fit.probabilities()
    if np.any(np.minimum(chance, 1 - chance) < SEPARATED):
        raise ModelError("The covariates separate those with the outcome from those without it.")
    return fit


def fit_linear(
    y: FloatArray, X: FloatArray, clusters: IntArray, effects: pl.Series | None = None
) -> LinearFit:
    """Least squares of ``y`` on the same, with the same errors.

    Raises:
        ModelError: the columns depend on each other.
    """
    full, beta, covariance, _ = _fitted("normal", y, X, clusters, effects)
    return LinearFit(full, beta, covariance)


def average_derivative(fit: LogitFit, column: int, unit: float) -> tuple[float, float]:
    """Mean change of the probability per ``unit`` of a continuous column, and its standard error."""
    p = fit.probabilities()
    slope = p * (1 - p)
    effect = unit * fit.beta[column] * slope.mean()
    gradient = unit * fit.beta[column] * fit.score(slope * (1 - 2 * p)) / len(p)
    gradient[column] += unit * slope.mean()
    return float(effect), _delta(fit, gradient)


def average_change(fit: LogitFit, column: int, low: float, high: float) -> tuple[float, float]:
    """Mean change of the probability when a column goes from ``low`` to ``high``, and its standard error."""
    effect, gradient = 0.0, np.zeros(len(fit.beta))
    for sign, value in ((1.0, high), (-1.0, low)):
        p = fit.probabilities(fit.beta[column] * (value - fit.X[:, column]))
        slope = p * (1 - p)
        moved = fit.score(slope)
        moved[column] = value * slope.sum()
        effect += sign * float(p.mean())
        gradient += sign * moved / len(p)
    return effect, _delta(fit, gradient)


def _delta(fit: LogitFit, gradient: FloatArray) -> float:
    return float(np.sqrt(gradient @ fit.covariance @ gradient))


def _fitted(
    family: str, y: FloatArray, X: FloatArray, clusters: IntArray, effects: pl.Series | None
) -> tuple[FloatArray, FloatArray, FloatArray, Any]:
    """Numeric columns with the intercept, coefficients, their covariance, and the levels' columns."""
    import tabmat
    from glum import GeneralizedLinearRegressor

    full = np.column_stack([np.ones(len(X)), X])
    levels = None if effects is None or effects.n_unique() < 2 else _codes(effects.to_numpy())
    columns = None if levels is None else tabmat.CategoricalMatrix(levels, drop_first=True)
    dense = tabmat.DenseMatrix(full)
    design = dense if columns is None else tabmat.SplitMatrix([dense, columns])
    model = GeneralizedLinearRegressor(
        family=family, alpha=0, fit_intercept=False, gradient_tol=1e-9, max_iter=100, check_input=False
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            model.fit(design, y)
            covariance = _clustered(model, design, y, clusters)
        except (Warning, np.linalg.LinAlgError, ArithmeticError) as problem:
            raise ModelError(f"The model cannot be fitted ({type(problem).__name__}): {problem}") from None
    return full, np.asarray(model.coef_, dtype=np.float64), covariance, columns


def _clustered(model: Any, design: Any, y: FloatArray, clusters: IntArray) -> FloatArray:
    """Clustered covariance; of two ways the sum, less that of the pairs."""

    def by(codes: IntArray) -> FloatArray:
        return np.asarray(model.covariance_matrix(design, y, clusters=codes, robust=True))

    ways = [_codes(way) for way in np.atleast_2d(clusters.T)]
    if len(ways) == 1:
        return by(ways[0])
    return by(ways[0]) + by(ways[1]) - by(_codes(ways[0] * (ways[1].max() + 1) + ways[1]))


def _codes(values: npt.NDArray[np.generic]) -> IntArray:
    return np.asarray(np.unique(values, return_inverse=True)[1].ravel(), dtype=np.int64)
