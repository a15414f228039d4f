"""Logistic regression with cluster-robust errors, and average marginal effects by the delta method."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from complaintlab.errors import ModelError
from complaintlab.models.design import FloatArray

IntArray = npt.NDArray[np.int64]
SEPARATED = 1e-8
"""A fitted probability nearer than this to 0 or 1 means that the covariates separate the outcome."""


@dataclass(frozen=True)
class LogitFit:
    """A fitted model; column 0 of ``X`` is the intercept. Coefficients are log odds ratios."""

    X: FloatArray
    beta: FloatArray
    covariance: FloatArray

    def probabilities(self, X: FloatArray | None = None) -> FloatArray:
        eta = (self.X if X is None else X) @ self.beta
        return np.asarray(1 / (1 + np.exp(-eta)), dtype=np.float64)


def fit_logit(y: npt.NDArray[np.bool_], X: FloatArray, clusters: IntArray) -> LogitFit:
    """Maximum-likelihood logit of ``y`` on an intercept and ``X``.

    ``clusters`` is (n,) or (n, 2) integer codes: errors are clustered in one or two ways (Liang and Zeger
    1986; Cameron, Gelbach and Miller 2011).

    Raises:
        ModelError: the outcome is separated by the covariates, or there is no convergence.
    """
    import statsmodels.api as sm

    full = np.column_stack([np.ones(len(X)), X])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            fit = sm.Logit(y.astype(float), full).fit(
                disp=0, maxiter=100, cov_type="cluster", cov_kwds={"groups": clusters}
            )
        except (Warning, np.linalg.LinAlgError, ArithmeticError) as problem:
            raise ModelError(f"The logit cannot be fitted ({type(problem).__name__}): {problem}") from None
    result = LogitFit(full, np.asarray(fit.params), np.asarray(fit.cov_params()))
    fitted = result.probabilities()
    if np.any(np.minimum(fitted, 1 - fitted) < SEPARATED):
        raise ModelError("The covariates separate those with the outcome from those without it.")
    return result


def average_derivative(fit: LogitFit, column: int, unit: float) -> tuple[float, float]:
    """Mean change of the probability per ``unit`` of a continuous column, and its standard error."""
    p = fit.probabilities()
    slope = p * (1 - p)
    effect = unit * fit.beta[column] * slope.mean()
    gradient = unit * fit.beta[column] * (fit.X.T @ (slope * (1 - 2 * p))) / len(p)
    gradient[column] += unit * slope.mean()
    return float(effect), _delta(fit, gradient)


def average_change(fit: LogitFit, column: int, low: float, high: float) -> tuple[float, float]:
    """Mean change of the probability when a column goes from ``low`` to ``high``, and its standard error."""
    effect, gradient = 0.0, np.zeros(len(fit.beta))
    for sign, value in ((1.0, high), (-1.0, low)):
        X = fit.X.copy()
        X[:, column] = value
        p = fit.probabilities(X)
        effect += sign * float(p.mean())
        gradient += sign * (X.T @ (p * (1 - p))) / len(p)
    return effect, _delta(fit, gradient)


def _delta(fit: LogitFit, gradient: FloatArray) -> float:
    return float(np.sqrt(gradient @ fit.covariance @ gradient))
