"""The claims on counts: ratio of means, and what stands beside because a few large counts could make it."""

from __future__ import annotations

from typing import Any

import polars as pl

from complaintlab.claims import Claim, Claims
from complaintlab.verdicts.wording import OUTCOMES, interval, marked

Row = dict[str, Any]
NOTHING = "–"
TAIL = "_3_or_more"
VIEWS: dict[str, tuple[str, str, str]] = {
    "ratio": ("", "primary", "log_rr"),
    "winsorised": ("_winsorised", "secondary", "log_rr"),
    "dispersed": ("", "negative-binomial", "log_rr"),
    "tail": (TAIL, "secondary", "rd"),
}
"""What is printed of each claim: suffix of the outcome's name, variant and scale of its row."""


def count_rows(estimates: pl.DataFrame, claims: Claims) -> list[Row]:
    """One row per claim on a ratio of mean counts: the ratio, winsorised, negative binomial, P(≥ 3)."""
    return [_row(estimates, claim) for claim in claims.claims if claim.scale == "ratio"]


def _row(estimates: pl.DataFrame, claim: Claim) -> Row:
    own = estimates.filter(pl.col("claim") == claim.id)
    cells = {name: _cell(own, claim.outcome + suffix, *rest) for name, (suffix, *rest) in VIEWS.items()}
    primary = own.filter(pl.col("variant") == "primary")
    reason = primary["reason"][0] if primary.height else "It was not estimated."
    what = OUTCOMES.get(claim.outcome, claim.outcome).split(" (")[0]
    return {
        "id": claim.id,
        "what": f"{what}, {claim.comparison or claim.contrast.replace('_', ' ')}",
        "days": f"{claim.time_days:g}",
        "events": f"{primary['events'][0]:,}".replace(",", " ")
        if primary.height and reason is None
        else NOTHING,
        "reason": reason or "",
        **cells,
    }


def _cell(own: pl.DataFrame, outcome: str, variant: str, scale: str) -> str:
    """Estimate and interval; a dash where there is none."""
    found = own.filter(
        (pl.col("outcome") == outcome)
        & (pl.col("variant") == variant)
        & (pl.col("scale").cast(pl.String) == scale)
        & pl.col("estimate").is_not_null()
    )
    if found.is_empty():
        return NOTHING
    row = found.row(0, named=True)
    return f"{marked(row['estimate'], scale)} ({interval(row['lower'], row['upper'], scale)})"
