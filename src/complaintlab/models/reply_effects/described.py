"""How alike the arms of a primary population are, and how its weights lie."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.causal.aipw import ReplyEffect
from complaintlab.models.causal.inference import effective_size, smd, weighted_mean
from complaintlab.models.exposures import Exposure
from complaintlab.models.reply_effects.followup import AtRisk
from complaintlab.models.reply_effects.rows import Row
from complaintlab.models.strategies import DAY

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def balance_rows(case: AtRisk, exposure: Exposure, found: ReplyEffect) -> list[Row]:
    """Rows of ``balance_reply_effects``: none for a dose, which has no arms to be alike."""
    if exposure.dose is not None:
        return []
    first, second = (np.where(arm, found.weights, 0.0) for arm in (case.exposed, ~case.exposed))
    kept = found.kept
    before = smd(case.X, case.exposed.astype(float), (~case.exposed).astype(float))
    after = smd(case.X[kept], first[kept], second[kept])
    return [
        {
            "contrast": exposure.within_groups,
            "covariate": name,
            "smd_before": _finite(before[j]),
            "smd_after": _finite(after[j]),
        }
        for j, name in enumerate(case.names)
    ]


def weight_rows(case: AtRisk, exposure: Exposure, found: ReplyEffect, horizon_days: float) -> list[Row]:
    """Rows of ``weights_reply_effects``, one per arm."""
    arms = ((exposure.first.name, case.exposed), (exposure.second.name, ~case.exposed))
    return [
        {"contrast": exposure.within_groups, "arm": name}
        | _weights(case, arm & found.kept, np.where(arm, found.weights, 0.0), horizon_days)
        for name, arm in arms
    ]


def _weights(case: AtRisk, arm: BoolArray, weights: FloatArray, horizon_days: float) -> Row:
    """``private`` counts what came by the horizon after the start."""
    moved = pl.col("private_s") <= pl.col("zero_s") + horizon_days * DAY
    private = case.answered.episodes.select(moved.fill_null(False).cast(pl.Float64)).to_series().to_numpy()
    used = weights[weights > 0]
    return {
        "n": int(arm.sum()),
        "ess": effective_size(weights),
        "mean": float(used.mean()),
        "p99": float(np.quantile(used, 0.99)),
        "largest": float(used.max()),
        "heard": weighted_mean(case.answered.after["heard"].cast(pl.Float64).to_numpy(), weights),
        "private": weighted_mean(private, weights),
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
