"""Leaving out one group at a time: errors that hold with few or uneven companies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from complaintlab.errors import InputError, ModelError
from complaintlab.models.cox.fit import CoxFit
from complaintlab.models.cox.fit import fit as fit_call
from complaintlab.models.cox.rows import FloatArray, IntArray, label_codes


def jackknife(fit: CoxFit, by: str) -> pl.DataFrame:
    """Cluster-jackknife inference for ``fit``: it is refitted without each value of the column ``by``.

    Returns term, coef, se, df, t, p, lower, upper (95%), with se² = (G − 1)/G Σ (β₍g₎ − β)² around the
    full estimate and t(G − 1) (the CV₃ of MacKinnon, Nielsen and Webb 2023). Raises :class:`InputError` for
    fewer than two groups and :class:`ModelError`, naming the group, if the model cannot be fitted without it.
    """
    from scipy.stats import t as student

    codes, labels = label_codes(fit.frame, [by], "jackknife")
    groups = labels.height
    if groups < 2:
        raise InputError(f"jackknife column '{by}' has {groups} value: leaving one out needs at least two.")
    left_out = np.stack([_without(fit, by, codes, labels, code) for code in range(groups)])
    se = np.sqrt((groups - 1) / groups * np.sum((left_out - fit.coefficients) ** 2, axis=0))
    df = groups - 1
    half_width = student.ppf(0.975, df) * se
    ratio = fit.coefficients / se
    return pl.DataFrame(
        {
            "term": list(fit.call.covariates),
            "coef": fit.coefficients,
            "se": se,
            "df": [df] * len(se),
            "t": ratio,
            "p": 2 * student.sf(np.abs(ratio), df),
            "lower": fit.coefficients - half_width,
            "upper": fit.coefficients + half_width,
        }
    )


def _without(fit: CoxFit, by: str, codes: IntArray, labels: pl.DataFrame, code: int) -> FloatArray:
    """Coefficients without one group, from the full estimate on."""
    try:
        kept = fit.frame.filter(pl.Series(codes != code))
        return fit_call(kept, replace(fit.call, cluster=()), fit.coefficients).coefficients
    except ModelError as error:
        label = labels[by][code]
        raise ModelError(f"the model cannot be fitted without {by} {label!r}: {error}") from error
