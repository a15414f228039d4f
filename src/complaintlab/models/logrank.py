"""The log-rank test and its relatives (Mantel 1966; Harrington and Fleming 1982)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from complaintlab.errors import InputError, ModelError
from complaintlab.models.cox.risk_sets import RiskSets, risk_sets
from complaintlab.models.cox.rows import FloatArray, IntArray, as_names, label_codes, read_rows


@dataclass(frozen=True)
class LogRank:
    """The test: ``chisq`` on ``df`` degrees of freedom, and ``table``: group columns, n, observed, expected.

    With ``rho`` observed and expected are weighted by survival to the power ``rho``.
    """

    chisq: float
    df: int
    p: float
    table: pl.DataFrame


def logrank(
    frame: pl.DataFrame,
    *,
    stop: str,
    event: str,
    by: str | Sequence[str],
    start: str | None = None,
    strata: str | Sequence[str] | None = None,
    rho: float = 0.0,
) -> LogRank:
    """Test that the groups ``by`` have one hazard; ``rho`` = 1 weights early events (Peto and Peto 1972).

    ``event`` is boolean or 0/1; rows are at risk in (start, stop]. With ``strata`` groups are compared
    within them. The weight of an event is the pooled Kaplan–Meier estimate of its stratum just before it, to
    the power ``rho``. Raises :class:`InputError` for missing columns or values, or fewer than two groups, and
    :class:`ModelError` if no event can tell the groups apart.
    """
    from scipy.stats import chi2

    rows = read_rows(frame, stop=stop, event=event, start=start, weights=None)
    groups, labels = label_codes(frame, as_names(by), "by")
    if labels.height < 2:
        raise InputError("the groups in 'by' are fewer than two: there is nothing to compare.")
    codes, _ = label_codes(frame, as_names(strata), "strata")
    sets = risk_sets(rows, codes)
    weight = _survival_before(sets) ** rho
    members = [groups == code for code in range(labels.height)]
    at_risk = np.stack([sets.at_risk(member.astype(float)) for member in members])
    events = np.stack([sets.at_events(member[sets.event_rows].astype(float)) for member in members])
    observed, expected, covariance = _moments(at_risk, events, weight)
    estimable = np.flatnonzero(np.diag(covariance) > 0)[:-1]
    if not len(estimable):
        raise ModelError("no event happens while two groups are at risk: the groups cannot be compared.")
    difference = (observed - expected)[estimable]
    chisq = float(difference @ np.linalg.solve(covariance[np.ix_(estimable, estimable)], difference))
    counts = np.bincount(groups, minlength=labels.height)
    table = labels.with_columns(
        n=pl.Series(counts), observed=pl.Series(observed), expected=pl.Series(expected)
    )
    return LogRank(chisq, len(estimable), float(chi2.sf(chisq, len(estimable))), table)


def _survival_before(sets: RiskSets) -> FloatArray:
    """Kaplan–Meier just before each event time, within strata."""
    staying = 1 - sets.n_tied / sets.at_risk(np.ones(len(sets.entry)))
    before = np.ones(sets.n_positions)
    for stratum in np.unique(sets.strata):
        places: IntArray = np.flatnonzero(sets.strata == stratum)
        before[places[1:]] = np.cumprod(staying[places])[:-1]
    return before


def _moments(
    at_risk: FloatArray, events: FloatArray, weight: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weighted observed and expected events of each group and the hypergeometric covariance of observed."""
    n, d = at_risk.sum(axis=0), events.sum(axis=0)
    share = at_risk / n
    spread = weight**2 * d * (n - d) / np.maximum(n - 1, 1)
    covariance = np.diag(share @ spread) - (share * spread) @ share.T
    return events @ weight, share @ (weight * d), covariance
