"""A linear mixed model with one random intercept per group, refitted often enough for a parametric bootstrap.

statsmodels' ``MixedLM`` fits the model once in about a second; an interval for the intraclass correlation
needs hundreds of refits. With one random intercept the restricted likelihood has one free parameter, the
ratio of the two variances. A test holds the fit against ``MixedLM``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from complaintlab.errors import ModelError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

LARGEST_RATIO = 1e3
"""Variance between groups over that within, beyond which a fit is taken not to have converged."""
SMALLEST_RATIO = 1e-8
NOTHING = 1e-10
"""An eigenvalue below this share of the largest group is rounding."""
TINY = 1e-300


@dataclass(frozen=True)
class MixedFit:
    """Fixed effects ``beta`` (p,), variances of the groups' intercepts and of the residuals, and per group
    the predicted intercept with the error of that prediction (both (G,))."""

    beta: FloatArray
    between: float
    within: float
    intercepts: FloatArray
    errors: FloatArray
    converged: bool

    @property
    def intraclass(self) -> float:
        """Share of the variance that lies between groups: the correlation of two rows of one group."""
        return self.between / (self.between + self.within)


class Design:
    """A design ``X`` (n, p, of full rank, its intercept included) and ``group`` (n,), ready for any outcome.

    Between errors of X, the variance of groups' sums is diagonal in a basis that does not depend on the
    outcome, so that a refit costs no more than a search along a line (Patterson and Thompson 1971; Kang et
    al. 2008).
    """

    def __init__(self, X: FloatArray, group: IntArray) -> None:
        if np.linalg.matrix_rank(X) < X.shape[1]:
            raise ModelError("The columns of the mixed model depend on each other.")
        self.X, self.group = X, group
        self.sizes = np.bincount(group).astype(np.float64)
        self.sums = np.column_stack([np.bincount(group, column) for column in X.T])
        self.basis = np.linalg.qr(X)[0]
        self.carried = np.column_stack([np.bincount(group, column) for column in self.basis.T])
        values, vectors = np.linalg.eigh(np.diag(self.sizes) - self.carried @ self.carried.T)
        kept = values > NOTHING * self.sizes.max()
        self.values, self.vectors = values[kept], vectors[:, kept]
        self.free = len(X) - X.shape[1]

    def fit(self, y: FloatArray) -> MixedFit:
        """Restricted maximum likelihood for ``y`` (n,)."""
        ratio, within = self.variances(y)
        totals = np.bincount(self.group, y)
        shrunk = ratio / (1 + ratio * self.sizes)
        information = self.X.T @ self.X - self.sums.T @ (shrunk[:, None] * self.sums)
        beta = np.linalg.solve(information, self.X.T @ y - self.sums.T @ (shrunk * totals))
        intercepts = shrunk * (totals - self.sums @ beta)
        of_beta = np.einsum("gp,pq,gq->g", self.sums, np.linalg.inv(information), self.sums)
        return MixedFit(
            beta=np.asarray(beta, dtype=np.float64),
            between=ratio * within,
            within=within,
            intercepts=intercepts,
            errors=np.sqrt(within * (shrunk + shrunk**2 * of_beta)),
            converged=ratio < LARGEST_RATIO / 2,
        )

    def variances(self, y: FloatArray) -> tuple[float, float]:
        """The variance between groups over that of the residuals, and the latter."""
        inside = self.basis.T @ y
        sums = self.vectors.T @ (np.bincount(self.group, y) - self.carried @ inside)
        squares = sums**2 / self.values
        rest = float(y @ y - inside @ inside - squares.sum())

        def within(ratio: float) -> float:
            return float(max(np.sum(squares / (1 + ratio * self.values)) + rest, TINY) / self.free)

        def deviance(ratio: float) -> float:
            return float(self.free * np.log(within(ratio)) + np.log1p(ratio * self.values).sum())

        found = minimize_scalar(
            lambda log_ratio: deviance(float(np.exp(log_ratio))),
            bounds=(float(np.log(SMALLEST_RATIO)), float(np.log(LARGEST_RATIO))),
            method="bounded",
            options={"xatol": 1e-8},
        )
        ratio = 0.0 if deviance(0.0) <= found.fun else float(np.exp(found.x))
        return ratio, within(ratio)


@dataclass(frozen=True)
class Intraclass:
    """An intraclass correlation with its 95% interval, its error and the test that there is none."""

    estimate: float
    se: float
    lower: float
    upper: float
    p: float


def intraclass_interval(design: Design, fit: MixedFit, resamples: int, seed: int) -> Intraclass:
    """Parametric bootstrap of the intraclass correlation (percentiles; Efron and Tibshirani 1993, 13.5).

    ``resamples`` outcomes are drawn from the fitted model for the interval, and as many from the model
    without any difference between groups for the test: ``p`` is the share of these whose correlation is as
    large as the one found (with one added above and below; Davison and Hinkley 1997, 4.2). Residuals are
    drawn as normal: of an outcome of zeros and ones the groups' means, which alone tell the variance between
    them, are that nearly from some ten rows on.
    """
    rng = np.random.default_rng(seed)
    mean, G = design.X @ fit.beta, len(design.sizes)

    def drawn(between: float, within: float) -> FloatArray:
        found = np.empty(resamples)
        for i in range(resamples):
            intercepts = rng.normal(0.0, np.sqrt(between), G)
            noise = rng.normal(0.0, np.sqrt(within), len(mean))
            ratio, _ = design.variances(mean + intercepts[design.group] + noise)
            found[i] = ratio / (1 + ratio)
        return found

    around, none = drawn(fit.between, fit.within), drawn(0.0, fit.between + fit.within)
    lower, upper = np.quantile(around, [0.025, 0.975])
    p = (1 + int(np.sum(none >= fit.intraclass))) / (1 + resamples)
    return Intraclass(fit.intraclass, float(around.std(ddof=1)), float(lower), float(upper), float(p))
