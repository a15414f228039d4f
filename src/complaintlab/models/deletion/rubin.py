"""Rubin's rules: one estimate of several imputations, with degrees of freedom."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from complaintlab.models.causal.inference import Effect, effect

FloatArray = npt.NDArray[np.float64]


def pooled(estimates: FloatArray, variances: FloatArray, complete_df: float) -> Effect | None:
    """Estimate, total variance and t interval of M imputations (Rubin 1987; df: Barnard & Rubin 1999).

    ``variances`` are those within each imputation, ``complete_df`` the degrees of freedom had nothing been
    missing. None where an estimate or the total variance is not finite and positive.
    """
    M = len(estimates)
    between = float(np.var(estimates, ddof=1))
    total = float(variances.mean()) + (1 + 1 / M) * between
    if not (np.isfinite(estimates).all() and np.isfinite(total) and total > 0):
        return None
    return effect(float(estimates.mean()), float(np.sqrt(total)), _df(M, between, total, complete_df))


def _df(M: int, between: float, total: float, complete_df: float) -> float:
    missing = (1 + 1 / M) * between / total
    observed = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - missing)
    if missing <= 0:
        return observed
    imputed = (M - 1) / missing**2
    return imputed * observed / (imputed + observed)
