"""Cox models beside the risks: marginal structural, and deleted now against deleted later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import polars as pl

from complaintlab.errors import ModelError
from complaintlab.models.causal.inference import Effect
from complaintlab.models.causal.logistic import Features, FloatArray, PooledLogistic, fit_hazard, softplus
from complaintlab.models.cox import cox
from complaintlab.models.deletion.cohort import Cohort
from complaintlab.models.deletion.histories import IntArray, ends, lived
from complaintlab.models.deletion.rubin import pooled
from complaintlab.models.design import independent_columns, indicators

CLUSTERS = "author_id"


def stabilised_weights(cohort: Cohort, act: PooledLogistic, at_s: FloatArray) -> FloatArray:
    """(n, K + 1) weights at the start of each interval, and after the last (Robins, Hernán & Brumback 2000).

    The chance of the history of the act up to then given time and company, over that given everything in
    ``act``. Without an act so far the chance is that of none; the interval of the act adds that of the act.
    """
    numerator = _marginal(cohort, act.features, at_s)
    common = [model.features.predictor(model.coefficients) for model in (numerator, act)]
    none = softplus(common[1]) - softplus(common[0])
    happens = none + common[0] - common[1]
    k = np.searchsorted(ends(), at_s, side="left")[:, None]
    interval = np.arange(none.shape[1])[None, :]
    log = np.where(interval < k, none, np.where(interval == k, happens, 0.0))
    return np.asarray(np.exp(np.hstack([np.zeros((cohort.n, 1)), np.cumsum(log, axis=1)])))


def person_intervals(cohort: Cohort, at_s: FloatArray, weights: FloatArray | None = None) -> pl.DataFrame:
    """Rows at risk of escalation, split at the grid and at the act.

    Columns i, start, stop (seconds), deleted (by start), escalated (at stop), weight, company and author_id.
    """
    event = cohort.episodes["escalated_s"].cast(pl.Float64).fill_null(np.inf).to_numpy()
    end = cohort.episodes["end_s"].cast(pl.Float64).to_numpy()
    until = np.minimum(np.minimum(event, end), ends()[-1])
    edges = np.concatenate([[0.0], ends().astype(float)])
    parts = []
    for deleted in (False, True):
        opens, closes = (at_s, until) if deleted else (np.zeros(cohort.n), np.minimum(at_s, until))
        start = np.maximum(opens[:, None], edges[:-1])
        stop = np.minimum(closes[:, None], edges[1:])
        i, k = np.nonzero(start < stop)
        weight = np.ones(len(i)) if weights is None else weights[i, k + 1 if deleted else k]
        parts.append(_rows(i, start[i, k], stop[i, k], deleted, event, weight))
    who = cohort.episodes.select("company", CLUSTERS).with_row_index("i").cast({"i": pl.Int64})
    return pl.concat(parts).sort("i", "start").join(who, on="i", how="left", maintain_order="left")


def _rows(
    i: IntArray, start: FloatArray, stop: FloatArray, deleted: bool, event: FloatArray, weight: FloatArray
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "i": i, "start": start, "stop": stop, "deleted": np.full(len(i), float(deleted)),
            "escalated": event[i] == stop, "weight": weight,
        }
    )  # fmt: skip


def marginal_structural(
    cohort: Cohort, fits: Iterable[PooledLogistic], moments: Iterable[FloatArray], df: float
) -> Effect | str:
    """Log hazard ratio of escalation once deleted, in a marginal structural Cox model stratified by company.

    Or why there is none. Errors are clustered by author and take the weights as known, which is conservative.
    """
    frames = (
        person_intervals(cohort, at_s, stabilised_weights(cohort, act, at_s))
        for act, at_s in zip(fits, moments, strict=True)
    )
    return _pooled_cox(frames, "company", df)


def delayed_feedback(cohort: Cohort, moments: Iterable[FloatArray], df: float) -> Effect | str:
    """Log hazard ratio of escalation, deleted now against deleted later, among all who were deleted in time.

    Whoever speaks before a deletion that is still to come has written what gets deleted, but has not been
    deleted (delayed feedback; Srinivasan et al. 2019). Who is later deleted is chosen with knowledge of the
    future, so this stands beside, as a check of what the order alone tells.
    """
    frames = []
    for at_s in moments:
        within = at_s <= ends()[-1]
        frames.append(person_intervals(cohort.within(within), at_s[within]))
    return _pooled_cox(frames, None, df)


def _pooled_cox(frames: Iterable[pl.DataFrame], strata: str | None, df: float) -> Effect | str:
    found = []
    try:
        for frame in frames:
            fit = cox(
                frame, start="start", stop="stop", event="escalated", covariates=["deleted"],
                weights="weight", strata=strata, cluster=CLUSTERS,
            )  # fmt: skip
            found.append((float(fit.table["coef"][0]), float(fit.table["robust_se"][0]) ** 2))
    except ModelError as error:
        return f"The Cox model cannot be fitted: {error}"
    estimates, variances = np.array(found).T
    return pooled(estimates, variances, df) or "The standard error is zero or not finite."


def _marginal(cohort: Cohort, features: Features, at_s: FloatArray) -> PooledLogistic:
    """The act's hazard given time and company alone."""
    firms, _ = independent_columns(indicators(cohort.episodes["company"], "company"))
    nothing = np.empty((0, *features.varying.shape[1:]), dtype=np.float32)
    plain = replace(features, baseline=firms, varying=nothing, history=0)
    return fit_hazard(plain, *lived(cohort, at_s).awaiting_reply())
