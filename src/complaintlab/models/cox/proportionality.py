"""Are hazards proportional? Grambsch and Therneau's (1994) test as a score test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from complaintlab.models.cox.likelihood import Moments
from complaintlab.models.cox.residuals import schoenfeld
from complaintlab.models.cox.risk_sets import risk_sets
from complaintlab.models.cox.rows import FloatArray, Rows


def proportionality_test(fitted: Moments, rows: Rows, names: Sequence[str]) -> pl.DataFrame:
    """Score test of coefficients β + θ g(t) against θ = 0, with g = 1 − Kaplan–Meier just before t.

    Each term alone, and all together in the row GLOBAL; the exact variance is used, as in R's survival
    ≥ 3. Returns term, chisq, df, p.
    """
    from scipy.stats import chi2

    p = len(names)
    g = _elapsed(fitted, rows)
    weighted_g = fitted.problem.event_weights * g
    u = np.array([np.sum(column * weighted_g) for column in schoenfeld(fitted).T])
    beta_beta = fitted.information()
    beta_theta = fitted.information(g)
    theta_theta = fitted.information(g**2)
    adjusted = theta_theta - beta_theta.T @ np.linalg.solve(beta_beta, beta_theta)
    chisq = [*(u**2 / np.diag(adjusted)), float(u @ np.linalg.solve(adjusted, u))]
    df = [*([1] * p), p]
    return pl.DataFrame(
        {"term": [*names, "GLOBAL"], "chisq": chisq, "df": df, "p": chi2.sf(chisq, df)},
        schema={"term": pl.String, "chisq": pl.Float64, "df": pl.Int64, "p": pl.Float64},
    )


def _elapsed(fitted: Moments, rows: Rows) -> FloatArray:
    """1 − Kaplan–Meier of all rows, unweighted and over all strata, just before each event; centred."""
    pooled = risk_sets(rows)
    survival = np.cumprod(1 - pooled.n_tied / pooled.at_risk(np.ones(rows.n)))
    before = np.concatenate([[1.0], survival])
    event_times = fitted.problem.sets.times[fitted.problem.sets.event_positions]
    elapsed = 1 - before[np.searchsorted(pooled.times, event_times)]
    centred: FloatArray = elapsed - np.mean(elapsed)
    return centred
