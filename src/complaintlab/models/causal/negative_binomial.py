"""The ratio of mean counts by weighted negative binomial regression: a sensitivity run of the Poisson ratio.

Of two arms alone, weighted means have the same ratio under any such family; the families part where
confounders are in the model as well, which counts with heavy tails weigh less here.
"""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

from complaintlab.models.causal.inference import Effect, effect
from complaintlab.models.sandwich import clustered_covariance

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

MODEL = "negative-binomial"
NO_DISPERSION = "The counts vary no more than Poisson's: there is no dispersion to estimate."


def negative_binomial_ratio(
    y: FloatArray, exposed: BoolArray, X: FloatArray, weights: FloatArray, cluster: IntArray, df: float | None
) -> Effect | str:
    """Log ratio of the mean count ``y`` (n,), exposed over not, given standardised confounders X (n, p).

    The dispersion (variance μ + αμ²; Cameron and Trivedi 1986) is the maximum-likelihood one without weights,
    the coefficients solve the weighted score equations at it; rows of weight 0 are left out. Errors are
    clustered and take weights and dispersion as known. Both fits are statsmodels'. Returns the reason where
    there is none: counts that vary no more than Poisson's have no dispersion to estimate.
    """
    from statsmodels.discrete.discrete_model import NegativeBinomial
    from statsmodels.genmod import families
    from statsmodels.genmod.generalized_linear_model import GLM

    used = weights > 0
    design = np.column_stack([np.ones(int(used.sum())), exposed[used], X[used]])
    groups = np.unique(cluster[used], return_inverse=True)[1].ravel()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            start = GLM(y[used], design, family=families.Poisson()).fit()
            if np.sum((y[used] - start.mu) ** 2 - y[used]) <= 0:
                return NO_DISPERSION
            free = NegativeBinomial(y[used], design).fit(
                start_params=np.append(start.params, 0.5), disp=0, maxiter=200
            )
            dispersion = float(free.params[-1])
            if not dispersion > 0:
                return NO_DISPERSION
            family = families.NegativeBinomial(alpha=dispersion)
            fit = GLM(y[used], design, family=family, freq_weights=weights[used]).fit()
            covariance = _covariance(y[used], design, weights[used], fit.mu, dispersion, groups)
        except (Warning, np.linalg.LinAlgError, ArithmeticError, ValueError) as problem:
            return f"The negative binomial model cannot be fitted ({type(problem).__name__})."
    found, se = float(fit.params[1]), float(np.sqrt(covariance[1, 1]))
    if not (np.isfinite(found) and np.isfinite(se) and se > 0):
        return "The negative binomial model has no finite error."
    return effect(found, se, df)


def _covariance(
    y: FloatArray,
    design: FloatArray,
    weights: FloatArray,
    mean: FloatArray,
    dispersion: float,
    groups: IntArray,
) -> FloatArray:
    """Clustered, of the weighted score equations, observed curvature (statsmodels has none with weights)."""
    spread = 1 + dispersion * mean
    scores = (weights * (y - mean) / spread)[:, None] * design
    curvature = weights * mean * (1 + dispersion * y) / spread**2
    information = design.T @ (curvature[:, None] * design)
    return clustered_covariance(scores, information, groups)
