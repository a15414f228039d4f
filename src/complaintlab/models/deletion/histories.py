"""The grid of time, and what a host's act may depend on: confounders, time, and history known by then."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.causal.inference import standardise
from complaintlab.models.causal.logistic import Features
from complaintlab.models.deletion.cohort import Cohort, FloatArray
from complaintlab.models.design import confounder_matrix
from complaintlab.models.strategies import HOUR
from complaintlab.models.trials.course import Course, course
from complaintlab.models.trials.features import features

IntArray = npt.NDArray[np.int64]

HOURS = (0.5, 1, 2, 3, 4, 6, 8, 12, 16, 20, 24)
DAYS = (36, 48, 72, 96, 120, 144, 168)
SHOWN = ("turned", "escalated")
_SLOPES = (0, 1, -1)
"""Of the basis of time in ``trials``: intercept, log hours, and whole days. The acts are few."""


def ends() -> IntArray:
    """Ends of the intervals in seconds: hours to the first day, then days to the seventh.

    Within an interval what came first is known to the second; only history is known at its start alone.
    """
    return np.array([round(hours * HOUR) for hours in (*HOURS, *DAYS)], dtype=np.int64)


def lived(cohort: Cohort, at_s: FloatArray | None = None) -> Course:
    """The course of the cohort's episodes, with the act at ``at_s`` (n,) where ``trials`` has the reply."""
    return course(acted_at(cohort, cohort.upper_s if at_s is None else at_s), None, ends())


def acted_at(cohort: Cohort, at_s: FloatArray) -> pl.DataFrame:
    """The episodes with the moment of the act in place of that of the reply."""
    return cohort.episodes.with_columns(first_reply_s=pl.Series(at_s))


def act_features(
    cohort: Cohort, spells: pl.DataFrame, shown: tuple[str, ...] = ("first_reply", *SHOWN)
) -> Features:
    """Features of the hazard of the act: confounders and company; history at each interval's start.

    History: hostility of the critic's latest turn, others against so far, turns so far, load, whether there
    has been one of the events ``shown`` (a reply; the critic turned, escalated). What happens within an
    interval does not count before the next.
    """
    whole = reply_features(cohort, spells, shown)
    return replace(whole, time=whole.time[:, _SLOPES], varying=whole.varying[: whole.history])


def reply_features(cohort: Cohort, spells: pl.DataFrame, shown: tuple[str, ...] = SHOWN) -> Features:
    """Features of the hazard of a first reply, as in ``trials``: calendar beside history."""
    baseline, _ = confounder_matrix(cohort.episodes, companies=True)
    if cohort.origin_s.any():
        baseline = np.hstack([baseline, _of_reply(cohort)])
    return features(cohort.episodes, _from_origin(cohort, spells), baseline, lived(cohort), shown)


def _from_origin(cohort: Cohort, spells: pl.DataFrame) -> pl.DataFrame:
    """Spells on the cohort's clock; the act itself is not its own history."""
    origin = cohort.episodes.select("episode_id").with_columns(origin_s=pl.Series(cohort.origin_s))
    start = pl.col("start_s") - pl.col("origin_s").cast(pl.Int64)
    return spells.join(origin, on="episode_id").with_columns(start_s=start, critic_deleted=pl.lit(False))


def _of_reply(cohort: Cohort) -> FloatArray:
    """Delay (log) and quality of the reply at which a cohort starts, standardised."""
    quality = cohort.episodes["first_reply_quality"].cast(pl.String).fill_null("other").to_numpy()
    columns = [np.log(cohort.origin_s), quality == "proper", quality == "bad"]
    return standardise(np.column_stack(columns).astype(np.float64))[0]
