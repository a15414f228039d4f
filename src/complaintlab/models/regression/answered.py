"""Who gets answered, and who turns or escalates by how soon they were answered."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from complaintlab.models.design import confounders
from complaintlab.models.estimate_rows import Estimate
from complaintlab.models.regression.logits import associations
from complaintlab.models.strategies import DAY, HOUR
from complaintlab.params import Analysis

TERMS = ("hostility", "severity", "log_burst", "log_load", "business_hours", "log_earlier_complaints")
"""Columns of the design whose association with being answered is reported, each per unit of the column."""

EXPOSURE = "answered_1h"


def who_is_answered(complaints: pl.DataFrame) -> Iterator[Estimate]:
    """Outcome ``answered_24h`` by each of TERMS, among complaints followed for a day or answered within."""
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


def who_shows(complaints: pl.DataFrame, outcome: str, analysis: Analysis) -> Iterator[Estimate]:
    """``outcome`` within the horizon by ``answered_1h_vs_not``, among critics who had not shown it within the
    hour and were followed from before its end."""
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
