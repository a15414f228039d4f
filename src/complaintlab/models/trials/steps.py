"""T4's second half: no step of the grid of delays is reversed by more than two points."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from complaintlab.models.normal_or_t import upper_tail
from complaintlab.models.strategies import T4_STEPS
from complaintlab.store import conform

STEPPED = "T4"
SMALLEST_STEP = "smallest_step"
REVERSAL = 0.02
"""The largest reversal, as a risk difference, that leaves "the faster the better" standing."""


def no_step_reversed(rows: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """One row of ``estimates_trials`` from those of the steps, ``smallest_step``; none without steps.

    Its estimate and interval are those of the step with the lowest lower limit. ``p`` tests against a
    reversal of more than two points in any step: the largest of the steps' one-sided p-values, since all of
    them have to be rejected (intersection–union; Berger 1982).
    """
    names = [step.name for step in T4_STEPS]
    steps = pl.concat(rows).filter(pl.col("contrast").is_in(names), pl.col("subgroup") == "all")
    if steps.is_empty():
        return []
    known = steps.drop_nulls("estimate")
    if known.height < len(names):
        why = next(reason for reason in steps["reason"] if reason is not None)
        row = (
            steps.head(1)
            .with_columns(
                pl.lit(None, pl.Float64).alias(name) for name in ("estimate", "se", "lower", "upper", "p")
            )
            .with_columns(pl.lit(why).alias("reason"))
        )
    else:
        p = max(_p_reversed(step) for step in known.iter_rows(named=True))
        row = known.sort("lower", "contrast").head(1).with_columns(pl.lit(p).alias("p"))
    return [conform("estimates_trials", row.with_columns(pl.lit(SMALLEST_STEP).alias("contrast")))]


def _p_reversed(step: dict[str, float | None]) -> float:
    estimate, se, df = step["estimate"], step["se"], step["df"]
    assert estimate is not None
    assert se is not None
    statistic = (estimate + REVERSAL) / se
    return upper_tail(statistic, df)
