"""The risk of turning by day 7 beside deletion, and two shares that miss it."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from complaintlab.models.incidence import cumulative_incidence
from complaintlab.recovery.contract import Finding
from complaintlab.recovery.worlds.ends import HORIZON_DAYS, Ends


def aalen_johansen(made: Ends, *, competing: bool = True) -> Iterator[Finding]:
    """Left-truncated, deletion competing, errors summed by author; naive with deletion as mere censoring."""
    rows = made.rows()
    if not competing:
        rows = rows.with_columns(event=pl.when(pl.col("event") == 1).then(1).otherwise(0))
    curve = cumulative_incidence(rows, start="entry", stop="stop", event="event", id="author")
    at = curve.filter(pl.col("cause") == 1, pl.col("time") <= HORIZON_DAYS).row(-1, named=True)
    yield Finding("turned", at["risk"], at["se"], at["lower"], at["upper"])


def share_turned(made: Ends) -> Iterator[Finding]:
    """Naive: turned by day 7 among all who were seen, as if everybody had been followed from the start."""
    rows = made.rows()
    turned = rows.select((pl.col("event") == 1) & (pl.col("stop") <= HORIZON_DAYS)).to_series()
    share = float(turned.cast(pl.Float64).mean())  # type: ignore[arg-type]
    se = (share * (1 - share) / rows.height) ** 0.5
    yield Finding("turned", share, se, share - 1.96 * se, share + 1.96 * se)
