"""Follow-up from the reply that starts the clock: whether the outcome came in time, and whether one knows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.causal.logistic import Features, fit_hazard, softplus
from complaintlab.models.exposures import Exposure
from complaintlab.models.reply_effects.population import Answered
from complaintlab.models.strategies import DAY
from complaintlab.models.trials.course import COMPETING, EVENT, FOLLOWED, Course, course

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

COUNTS = ("spread",)
"""Outcomes that are counted over the horizon; all others are first events."""


@dataclass(frozen=True)
class AtRisk:
    """Complaints in either arm of an exposure that had not shown the outcome when the clock started.

    ``lived`` is their course in seconds from there, in whole days; ``X`` (n, p) the confounders; ``fitted``
    (n,) says which rows loss is fitted to, all by default.
    """

    answered: Answered
    exposed: BoolArray
    lived: Course
    X: FloatArray
    names: list[str]
    outcome: str
    fitted: FloatArray | None = None

    @cached_property
    def lost_by(self) -> FloatArray | None:
        """(n, K) cumulative hazard of loss at the end of each day; null where nobody is lost.

        Pooled logistic in confounders and arm.
        """
        lived = self.lived
        exposure, lost = lived.followed()
        if self.fitted is not None:
            exposure, lost = exposure * self.fitted[:, None], lost * self.fitted[:, None]
        if not lost.any():
            return None
        arm = (self.exposed - self.exposed.mean()) / max(float(self.exposed.std()), 1e-12)
        time = np.column_stack([np.ones(len(lived.ends_s)), np.log(lived.ends_s / DAY)])
        nothing = np.empty((0, lived.n, len(lived.ends_s)), dtype=np.float32)
        features = Features(np.column_stack([self.X, arm]), time, nothing, np.zeros(len(time)))
        hazard = features.predictor(fit_hazard(features, exposure, lost).coefficients)
        return np.asarray(np.cumsum(softplus(hazard), axis=1))


def at_risk(population: Answered, exposure: Exposure, outcome: str, horizon_days: float) -> AtRisk:
    """Complaints in either arm without the outcome at the start, followed from there on."""
    first, second = population.in_arm(exposure)
    return follow(population, first, second, exposure.part, outcome, horizon_days)


def follow(
    population: Answered,
    first: BoolArray,
    second: BoolArray,
    part: tuple[str, ...],
    outcome: str,
    horizon_days: float,
) -> AtRisk:
    """The same with the arms given, ``part`` being what stays out of the confounders."""
    never = pl.lit(None, pl.Int64)
    event = never if outcome in COUNTS else pl.col(f"{outcome}_s")
    shown = population.episodes.select((event <= pl.col("zero_s")).fill_null(False)).to_series()
    chosen = (first | second) & ~np.broadcast_to(shown.to_numpy(), first.shape)
    rest = population.filter(chosen)
    clock = rest.episodes.with_columns(
        (pl.col("end_s") - pl.col("zero_s")),
        (event - pl.col("zero_s")).alias(f"{outcome}_s"),
        pl.lit(0).alias("entry_s"),
        never.alias("first_reply_s"),
    )
    days = np.arange(1, int(np.ceil(horizon_days)) + 1) * DAY
    X, names = rest.confounders_beside(part)
    return AtRisk(rest, first[chosen], course(clock, outcome, days), X, names, outcome)


def seen_by(case: AtRisk, days: float) -> tuple[FloatArray, FloatArray]:
    """(n,) the outcome by ``days``, and the inverse probability that one knows: 0 for those lost before.

    A competing end is known to be no event, and ends a count. Whoever leaves within a day was followed for
    half of it.
    """
    lived, n = case.lived, case.lived.n
    limit = int(np.searchsorted(lived.ends_s, days * DAY))
    stopped = (lived.cause != FOLLOWED) & (lived.stop_at <= limit)
    event = stopped & (lived.cause == EVENT)
    known = ~stopped | event | (lived.cause == COMPETING)
    counted = case.outcome in COUNTS
    outcome = case.answered.after[case.outcome].to_numpy() if counted else event.astype(np.float64)
    if case.lost_by is None:
        return outcome, known.astype(float)
    rows, k = np.arange(n), np.minimum(lived.stop_at, limit)
    gone, before = case.lost_by[rows, k], np.where(k > 0, case.lost_by[rows, k - 1], 0.0)
    followed = np.where(stopped, (gone + before) / 2, gone)
    return outcome, np.where(known, np.exp(followed), 0.0)
