"""Cox models of escalation once answered: time-dependent and adjusted, and two ways to go wrong."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from complaintlab.models.causal.inference import effect
from complaintlab.models.cox import cox
from complaintlab.recovery.contract import Finding
from complaintlab.recovery.worlds.hazards import HORIZON_DAYS, Waiting


def time_dependent(made: Waiting, *, adjusted: tuple[str, ...] = ("hostility",)) -> Iterator[Finding]:
    """Answered as a covariate that changes at the reply; strata by company, errors clustered by author.

    Naive with a confounder missing from ``adjusted``.
    """
    yield _fit(made.rows(), adjusted)


def ever_answered(made: Waiting) -> Iterator[Finding]:
    """Naive: answered before the end, as if from the start (immortal time: Suissa 2008)."""
    event = made.escalated_days
    stop = np.minimum(np.minimum(event, made.lost_days), HORIZON_DAYS)
    rows = pl.DataFrame(
        {
            "start": np.zeros(len(stop)), "stop": stop, "escalated": event == stop,
            "answered": (made.reply_days < stop).astype(float), "hostility": made.hostility,
            "author": made.author, "company": made.company,
        }
    )  # fmt: skip
    yield _fit(rows, ("hostility",))


def _fit(rows: pl.DataFrame, adjusted: tuple[str, ...]) -> Finding:
    fit = cox(
        rows, start="start", stop="stop", event="escalated", strata="company", cluster="author",
        covariates=["answered", *adjusted],
    )  # fmt: skip
    return Finding.of("answered", effect(float(fit.table["coef"][0]), float(fit.table["robust_se"][0])))
