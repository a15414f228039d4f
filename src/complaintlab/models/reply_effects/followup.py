"""Follow-up from the first reply (ZR): whether the outcome came in time, and whether one knows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.causal.logistic import Features, fit_hazard, softplus
from complaintlab.models.reply_effects.population import Answered
from complaintlab.models.strategies import DAY
from complaintlab.models.trials.course import COMPETING, EVENT, FOLLOWED, Course, course

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class AtRisk:
    """One outcome's population of one act: who had not shown the outcome when the reply came.

    ``lived`` is its course in seconds from the reply, in whole days; ``X`` (n, p) the confounders.
    """

    answered: Answered
    exposed: BoolArray
    lived: Course
    X: FloatArray
    names: list[str]


def at_risk(population: Answered, act: str, outcome: str, horizon_days: float) -> AtRisk:
    """Complaints without the outcome at ZR, followed from there on."""
    shown = (pl.col(f"{outcome}_s") <= pl.col("first_reply_s")).fill_null(False)
    rest = population.filter(population.episodes.select(~shown).to_series())
    since = [pl.col(name) - pl.col("first_reply_s") for name in ("end_s", f"{outcome}_s")]
    clock = rest.episodes.with_columns(since).with_columns(
        pl.lit(0).alias("entry_s"), pl.lit(None, pl.Int64).alias("first_reply_s")
    )
    days = np.arange(1, int(np.ceil(horizon_days)) + 1) * DAY
    X, names = rest.confounders_of(act)
    return AtRisk(rest, rest.acts[act].to_numpy(), course(clock, outcome, days), X, names)


def seen_by(case: AtRisk, days: float) -> tuple[BoolArray, FloatArray]:
    """(n,) the event by ``days``, and the inverse probability that one knows: 0 for those lost before.

    A competing end is known to be no event. The hazard of loss is pooled logistic in confounders and act.
    """
    lived, n = case.lived, case.lived.n
    limit = int(np.searchsorted(lived.ends_s, days * DAY))
    stopped = (lived.cause != FOLLOWED) & (lived.stop_at <= limit)
    event = stopped & (lived.cause == EVENT)
    known = ~stopped | event | (lived.cause == COMPETING)
    exposure, lost = lived.followed()
    if not lost[:, : limit + 1].any():
        return event, known.astype(float)
    act = (case.exposed - case.exposed.mean()) / max(float(case.exposed.std()), 1e-12)
    time = np.column_stack([np.ones(len(lived.ends_s)), np.log(lived.ends_s / DAY)])
    nothing = np.empty((0, n, len(lived.ends_s)), dtype=np.float32)
    features = Features(np.column_stack([case.X, act]), time, nothing, np.zeros(len(time)))
    stay = softplus(features.predictor(fit_hazard(features, exposure, lost).coefficients))
    rows, k = np.arange(n), np.minimum(lived.stop_at, limit)
    gone = np.cumsum(stay, axis=1)[rows, k] - np.where(stopped, 0.5, 0.0) * stay[rows, k]
    return event, np.where(known, np.exp(gone), 0.0)
