"""Multinomial logit with cluster-robust errors, and average marginal effects by the delta method."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from complaintlab.errors import ModelError
from complaintlab.models.design import FloatArray
from complaintlab.models.sandwich import clustered_covariance

IntArray = npt.NDArray[np.int64]
SEPARATED = 1e-9
"""A fitted probability below this of what was seen means that the covariates separate the categories."""
LARGEST_COEFFICIENT = 12.0
"""A log odds ratio beyond this, on a standardised column, is a separation that the optimiser left early."""


@dataclass(frozen=True)
class MultinomialFit:
    """A fitted model of K categories, the first of which is the base.

    ``X`` (n, p) with the intercept in column 0; ``beta`` (p, K − 1) log odds ratios against the base;
    ``covariance`` ((K − 1)·p, (K − 1)·p) of the columns of ``beta`` one after the other.
    """

    X: FloatArray
    beta: FloatArray
    covariance: FloatArray

    def probabilities(self, X: FloatArray | None = None) -> FloatArray:
        """(n, K), each row summing to one."""
        eta = (self.X if X is None else X) @ self.beta
        eta = np.column_stack([np.zeros(len(eta)), eta])
        odds = np.exp(eta - eta.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def fit_multinomial(category: IntArray, X: FloatArray, clusters: IntArray) -> MultinomialFit:
    """Maximum-likelihood multinomial logit of ``category`` (n,), numbers 0 to K − 1, on an intercept and X.

    Coefficients are statsmodels' ``MNLogit``. ``clusters`` is (n,) or (n, 2) integer codes: errors are
    clustered in one or two ways (Liang and Zeger 1986; Cameron, Gelbach and Miller 2011), with the factor
    G/(G − 1) · (n − 1)/(n − k) of statsmodels' ``Logit``.

    Raises:
        ModelError: the categories are separated by the covariates, or there is no convergence.
    """
    from statsmodels.discrete.discrete_model import MNLogit

    full = np.column_stack([np.ones(len(X)), X])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            fit = MNLogit(category, full).fit(disp=0, maxiter=100, method="newton")
        except (Warning, np.linalg.LinAlgError, ArithmeticError) as problem:
            raise ModelError(
                f"The multinomial logit cannot be fitted ({type(problem).__name__}): {problem}"
            ) from None
    beta = np.asarray(fit.params, dtype=np.float64)
    found = MultinomialFit(full, beta, np.empty((0, 0)))
    chance = found.probabilities()
    if np.abs(beta).max() > LARGEST_COEFFICIENT or chance[np.arange(len(X)), category].min() < SEPARATED:
        raise ModelError("The covariates separate the categories.")
    return MultinomialFit(full, beta, _sandwich(full, category, chance, clusters))


def average_changes(
    fit: MultinomialFit, column: int, low: float, high: float
) -> tuple[FloatArray, FloatArray]:
    """Mean change of each category's probability as a column goes from ``low`` to ``high``: (K,) and errors.

    The K changes sum to zero. Errors are the delta method's, for the covariates that were seen.
    """
    K, p = fit.beta.shape[1] + 1, fit.beta.shape[0]
    effect, gradient = np.zeros(K), np.zeros((K, (K - 1) * p))
    for sign, value in ((1.0, high), (-1.0, low)):
        X = fit.X.copy()
        X[:, column] = value
        chance = fit.probabilities(X)
        effect += sign * chance.mean(axis=0)
        for k in range(K):
            for j in range(1, K):
                slope = chance[:, k] * ((k == j) - chance[:, j])
                gradient[k, (j - 1) * p : j * p] += sign * (slope @ X) / len(X)
    variance = np.einsum("kp,pq,kq->k", gradient, fit.covariance, gradient)
    return effect, np.sqrt(np.maximum(variance, 0.0))


def _sandwich(X: FloatArray, category: IntArray, chance: FloatArray, clusters: IntArray) -> FloatArray:
    K, p = chance.shape[1], X.shape[1]
    own = (category[:, None] == np.arange(1, K)) - chance[:, 1:]
    scores = np.concatenate([own[:, [j]] * X for j in range(K - 1)], axis=1)
    information = np.empty(((K - 1) * p, (K - 1) * p))
    for j in range(1, K):
        for k in range(1, K):
            weight = chance[:, j] * ((j == k) - chance[:, k])
            information[(j - 1) * p : j * p, (k - 1) * p : k * p] = X.T @ (weight[:, None] * X)
    return clustered_covariance(scores, information, clusters)
