"""Cox's proportional hazards model for start–stop rows.

Weights, offset, strata, Efron's or Breslow's ties, cluster-robust errors in one or two ways, residuals,
baseline hazard and a test of proportionality. Agrees with R's survival::coxph.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from complaintlab.errors import InputError
from complaintlab.models.cox.design import CoxCall, Ties
from complaintlab.models.cox.fit import CoxFit, fit
from complaintlab.models.cox.jackknife import jackknife
from complaintlab.models.cox.rows import as_names

__all__ = ["CoxFit", "cox", "jackknife"]


def cox(
    frame: pl.DataFrame,
    *,
    stop: str,
    event: str,
    covariates: Sequence[str],
    start: str | None = None,
    strata: str | Sequence[str] | None = None,
    weights: str | None = None,
    offset: str | None = None,
    cluster: str | Sequence[str] | None = None,
    ties: Ties = "efron",
) -> CoxFit:
    """Fit a Cox model to rows that are at risk in (start, stop].

    ``event`` is boolean or 0/1; without ``start`` rows are at risk from the beginning. ``covariates`` are
    numeric or boolean columns. ``strata`` (one or several columns) have baseline hazards of their own.
    ``cluster`` (one column, or two for two-way) gives robust standard errors (Lin and Wei 1989; two-way:
    Cameron, Gelbach and Miller 2011); ``weights`` alone do not, and rows of weight 0 count for nothing.
    Times that differ only by rounding are ties, as R's ``timefix`` has it.

    Raises :class:`InputError` for a missing column, missing values, wrong event codes or a row whose start
    is not before its stop, and :class:`ModelError` for no events, covariates that do not vary or are
    collinear, and a monotone likelihood; both are :class:`UserError` and name the culprit.
    """
    if ties not in ("efron", "breslow"):
        raise InputError(f"ties is {ties!r}: choose 'efron' or 'breslow'.")
    names, groups = as_names(covariates), as_names(cluster)
    if not names or len(set(names)) < len(names):
        raise InputError("covariates must name at least one column, and each only once.")
    if len(groups) > 2:
        raise InputError(f"cluster names {len(groups)} columns: errors can be clustered in one or two ways.")
    call = CoxCall(
        stop, event, tuple(names), start, tuple(as_names(strata)), weights, offset, tuple(groups), ties
    )
    return fit(frame, call)
