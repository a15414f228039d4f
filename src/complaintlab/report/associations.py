"""What the regressions say beside the figures, a sentence each."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from complaintlab.models.regression.provocation import PROVOCATION
from complaintlab.verdicts.wording import probability, signed

Row = dict[str, Any]


def associations(estimates: pl.DataFrame) -> list[str]:
    """Sentences on provocation and on the stance of those who spoke; none where there is no estimate."""
    told = (
        _provocation(_row(estimates, "company_hostile", "ame")),
        _speakers(_row(estimates, "stance_7d", "log_or")),
    )
    return [sentence for sentence in told if sentence]


def _row(estimates: pl.DataFrame, outcome: str, scale: str) -> Row | None:
    found = estimates.filter(
        (pl.col("outcome") == outcome)
        & (pl.col("scale").cast(pl.String) == scale)
        & pl.col("estimate").is_not_null()
    )
    return found.row(0, named=True) if found.height else None


def _provocation(row: Row | None) -> str | None:
    if row is None or row["contrast"] != PROVOCATION:
        return None
    limits = " to ".join(signed(100 * row[side]) for side in ("lower", "upper"))
    return (
        "Does provocation make companies hostile? Each point of hostility (0 to 3) in the critic's last turn "
        f"goes with {signed(100 * row['estimate'])} points in the chance that the next reply defends, "
        f"mocks or attacks (95% interval {limits}, {probability(row['p'])}; {row['n']} replies, "
        "company held fixed)."
    )


def _speakers(row: Row | None) -> str | None:
    if row is None:
        return None
    estimate, lower, upper = (math.exp(row[name]) for name in ("estimate", "lower", "upper"))
    return (
        f"Among the {row['n']} who wrote again, the odds of a friendlier last stance are {estimate:.2f} "
        f"times as large with an answer within the hour (95% interval {lower:.2f} to {upper:.2f}). Who "
        "writes again is itself an outcome, so this compares groups that the answer has made."
    )
