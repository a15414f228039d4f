"""Comparisons that look right and are not, made on purpose: they stand beside the answers, labelled naive.

Whoever is answered by some time had to go that long without an end (immortal time: Suissa 2008), and who is
answered soon, or with an apology, complained of something else. No adjustment is made here.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from complaintlab.models.estimate_rows import Estimate, clustered_se
from complaintlab.models.strategies import DAY, TIMING_CONTRASTS

ARM_MINIMUM = 10
"""Episodes an arm must have to be compared."""


def naive_timing(complaints: pl.DataFrame, horizon_days: float) -> Iterator[Estimate]:
    """T1: ever answered against never, T2: answered within the hour against later that day; raw shares."""
    horizon_s = round(horizon_days * DAY)
    reply = pl.col("first_reply_s")
    ever = (reply <= horizon_s).fill_null(False)
    for outcome in ("escalated", "turned"):
        frame = _shown(complaints, outcome, horizon_s).with_columns(exposed=ever)
        yield risk_difference(frame, "T1", "answered_vs_not", outcome, horizon_days)
    soon = TIMING_CONTRASTS["T2"]
    later = reply.is_between(soon.second.after_s, soon.second.by_s, closed="right")
    frame = _shown(complaints, "turned", horizon_s).with_columns(exposed=reply <= soon.first.by_s)
    yield risk_difference(frame.filter(pl.col("exposed") | later), "T2", soon.name, "turned", horizon_days)


def risk_difference(
    frame: pl.DataFrame, claim: str, contrast: str, outcome: str, time_days: float
) -> Estimate:
    """Unadjusted difference of shares (columns exposed, shown, author_id), errors clustered by author."""
    exposed = frame["exposed"].to_numpy().astype(bool)
    shown = frame["shown"].to_numpy().astype(float)
    n_exposed, n_other = int(exposed.sum()), int((~exposed).sum())
    row = Estimate(
        claim=claim, contrast=contrast, outcome=outcome, model="unadjusted", scale="rd", variant="naive",
        time_days=time_days, n=frame.height, n_exposed=n_exposed, events=int(shown.sum()),
        events_exposed=int(shown[exposed].sum()), clusters=frame["author_id"].n_unique(),
    )  # fmt: skip
    if min(n_exposed, n_other) < ARM_MINIMUM:
        return row.unknown(f"fewer than {ARM_MINIMUM} episodes in one arm")
    share, other = shown[exposed].mean(), shown[~exposed].mean()
    influence = np.where(exposed, (shown - share) / n_exposed, -(shown - other) / n_other)
    return row.known(float(share - other), clustered_se(influence, frame["author_id"]))


def _shown(complaints: pl.DataFrame, outcome: str, horizon_s: int) -> pl.DataFrame:
    """Whether the outcome was shown within the horizon; silence counts as no, however short the follow-up."""
    return complaints.with_columns(shown=(pl.col(f"{outcome}_s") <= horizon_s).fill_null(False))
