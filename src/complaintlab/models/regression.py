"""Stage ``regression``: who gets answered, and who turns or escalates, by logit with company effects.

Description for the report, not effects: the confounders of the plan beside each other, average marginal
effects (changes of a probability, proportions) and log odds ratios, errors clustered by author, and by
company as well where there are enough companies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl

from complaintlab.errors import ModelError
from complaintlab.models.design import FloatArray, confounders, independent_columns, indicators
from complaintlab.models.estimate_rows import Estimate, cluster_columns, estimates_table
from complaintlab.models.marginal_effects import LogitFit, average_change, average_derivative, fit_logit
from complaintlab.models.strategies import DAY, HOUR
from complaintlab.params import Analysis

TERMS = ("hostility", "severity", "log_burst", "log_load", "business_hours", "log_earlier_complaints")
"""Columns of the design whose association with being answered is reported, each per unit of the column."""

EXPOSURE = "answered_1h"
EVENTS_PER_COLUMN = 5
"""Fewer events (or non-events) than this per column are too few (Vittinghoff and McCulloch 2007)."""


class Outputs(NamedTuple):
    """Tables that the stage writes."""

    estimates_regression: pl.DataFrame


def run(episodes: pl.DataFrame, analysis: Analysis) -> Outputs:
    """Associations among complaint episodes.

    Rows (claim ``-``, variant ``descriptive``, scales ``ame`` and ``log_or``): outcome ``answered_24h`` by
    each of TERMS; ``turned`` and ``escalated`` within the horizon by ``answered_1h_vs_not`` among critics who
    had shown neither within the hour and were followed from before its end. Companies where everybody or
    nobody has the outcome tell nothing and are left out. What cannot be fitted has a null and a reason.
    """
    complaints = episodes.filter(pl.col("kind").cast(pl.String) == "complaint").sort("episode_id")
    rows = list(_answered(complaints))
    for outcome in ("turned", "escalated"):
        rows.extend(_shown(complaints, outcome, analysis))
    return Outputs(estimates_table(rows))


def _answered(complaints: pl.DataFrame) -> Iterator[Estimate]:
    answered = (pl.col("first_reply_s") <= DAY).fill_null(False)
    known = complaints.filter(answered | (pl.col("end_s") >= DAY)).with_columns(y=answered)
    rows = {
        term: Estimate(
            contrast=term, outcome="answered_24h", model="logit", scale="ame", variant="descriptive",
            time_days=1.0,
        )
        for term in TERMS
    }  # fmt: skip
    yield from associations(known, confounders(known), rows)


def _shown(complaints: pl.DataFrame, outcome: str, analysis: Analysis) -> Iterator[Estimate]:
    horizon_s = round(analysis.horizon_days * DAY)
    event = pl.col(f"{outcome}_s")
    shown = (event <= horizon_s).fill_null(False)
    known = complaints.filter(
        shown | (pl.col("end_s") >= horizon_s),
        (event > HOUR).fill_null(True),
        pl.col("entry_s") <= HOUR,
    ).with_columns(y=shown)
    soon = (known["first_reply_s"] <= HOUR).fill_null(False).cast(pl.Float64).alias(EXPOSURE)
    row = Estimate(
        contrast=f"{EXPOSURE}_vs_not", outcome=outcome, model="logit", scale="ame", variant="descriptive",
        time_days=analysis.horizon_days,
    )  # fmt: skip
    yield from associations(known, confounders(known).insert_column(0, soon), {EXPOSURE: row})


def associations(frame: pl.DataFrame, columns: pl.DataFrame, rows: dict[str, Estimate]) -> Iterator[Estimate]:
    """Fit ``y`` of ``frame`` on ``columns`` and company effects; two rows (ame, log_or) for each of ``rows``.

    ``rows`` maps a column to its row of estimates, still without values.
    """
    informative = (pl.col("y").sum().over("company") > 0) & ((~pl.col("y")).sum().over("company") > 0)
    telling = frame.select(informative.alias("telling"))["telling"]
    used, columns = frame.filter(telling), columns.filter(telling)
    counted = {name: _counted(used, columns[name], row) for name, row in rows.items()}
    firms = indicators(used["company"], "company")
    X, names = independent_columns(pl.DataFrame([*columns.get_columns(), *firms.get_columns()]))
    try:
        fit = _fit(used, X)
    except ModelError as error:
        yield from (r.unknown(str(error)) for row in counted.values() for r in _scales(row))
        return
    for name, row in counted.items():
        if name not in names:
            yield from (r.unknown("it does not vary apart from the others") for r in _scales(row))
            continue
        yield from _effects(fit, names.index(name), columns[name], row)


def _fit(used: pl.DataFrame, X: FloatArray) -> LogitFit:
    y = used["y"].to_numpy().astype(bool)
    fewer = min(int(y.sum()), int((~y).sum()))
    if fewer < EVENTS_PER_COLUMN * (X.shape[1] + 1):
        raise ModelError(f"too few: {fewer} with, or without, the outcome for {X.shape[1] + 1} parameters")
    codes = [used[name].rank("dense").to_numpy().astype(np.int64) for name in cluster_columns(used)]
    return fit_logit(y, X, codes[0] if len(codes) == 1 else np.column_stack(codes))


def _effects(fit: LogitFit, place: int, values: pl.Series, row: Estimate) -> Iterator[Estimate]:
    """The two rows of the standardised column at ``place``, per unit of its raw ``values``."""
    raw = values.to_numpy()
    column, unit = place + 1, 1 / float(raw.std())
    ame, log_or = _scales(row)
    if set(np.unique(raw)) <= {0.0, 1.0}:
        low, high = (0 - raw.mean()) * unit, (1 - raw.mean()) * unit
        yield ame.known(*average_change(fit, column, low, high))
    else:
        yield ame.known(*average_derivative(fit, column, unit))
    yield log_or.known(float(fit.beta[column]) * unit, float(np.sqrt(fit.covariance[column, column])) * unit)


def _scales(row: Estimate) -> tuple[Estimate, Estimate]:
    return replace(row, scale="ame"), replace(row, scale="log_or")


def _counted(used: pl.DataFrame, values: pl.Series, row: Estimate) -> Estimate:
    exposed = values > 0
    return replace(
        row,
        n=used.height,
        n_exposed=int(exposed.sum()),
        events=int(used["y"].sum()),
        events_exposed=int((used["y"] & exposed).sum()),
        clusters=used["author_id"].n_unique(),
    )
