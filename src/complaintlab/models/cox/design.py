"""From a table and column names to a standardised partial-likelihood problem."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl

from complaintlab.errors import ModelError
from complaintlab.models.cox.likelihood import Problem
from complaintlab.models.cox.newton import Scale, standardise
from complaintlab.models.cox.risk_sets import risk_sets
from complaintlab.models.cox.rows import IntArray, Rows, label_codes, numeric_column, read_rows

Ties = Literal["efron", "breslow"]


@dataclass(frozen=True)
class CoxCall:
    """The columns that a model was fitted with."""

    stop: str
    event: str
    covariates: tuple[str, ...]
    start: str | None = None
    strata: tuple[str, ...] = ()
    weights: str | None = None
    offset: str | None = None
    cluster: tuple[str, ...] = ()
    ties: Ties = "efron"


@dataclass(frozen=True)
class Design:
    """A model made ready: all rows, the rows that are ever at risk, and the standardised problem."""

    rows: Rows
    used: IntArray
    strata: IntArray
    strata_labels: pl.DataFrame
    exit: IntArray
    problem: Problem
    scale: Scale
    offset_centre: float

    def stratum_names(self, codes: IntArray) -> pl.Series:
        """A readable name for the stratum of each code."""
        names = [", ".join(str(value) for value in row) for row in self.strata_labels.iter_rows()]
        return pl.Series("stratum", names or ["all"], dtype=pl.String).gather(codes)


def prepare(frame: pl.DataFrame, call: CoxCall) -> Design:
    """Check and arrange the columns of ``call``; raises as :func:`complaintlab.models.cox.cox` says."""
    rows = read_rows(frame, stop=call.stop, event=call.event, start=call.start, weights=call.weights)
    rows = replace(rows, event=np.where(rows.weights == 0, 0, rows.event))
    strata, labels = label_codes(frame, call.strata, "strata")
    if not rows.event.any():
        raise ModelError(f"event column '{call.event}' has no events: there is nothing to estimate.")
    everybody = risk_sets(rows, strata if call.strata else None)
    at_risk = (everybody.entry < everybody.exit) & (rows.weights != 0)
    sets = everybody if at_risk.all() else everybody.select(at_risk)
    X = np.empty((int(at_risk.sum()), len(call.covariates)), order="F")
    for j, name in enumerate(call.covariates):
        X[:, j] = numeric_column(frame, name, "covariate")[at_risk]
    offset = numeric_column(frame, call.offset, "offset") if call.offset else np.zeros(rows.n)
    offset = offset[at_risk]
    centre = float(np.mean(offset))
    scale = standardise(X, call.covariates)
    problem = Problem(sets, X, rows.weights[at_risk], offset - centre, call.ties == "efron")
    used = np.flatnonzero(at_risk)
    return Design(rows, used, strata, labels, everybody.exit, problem, scale, centre)
