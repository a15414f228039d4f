"""Counts under two strategies by negative binomial regression, beside the ratio of weighted means."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.causal.negative_binomial import MODEL, negative_binomial_ratio
from complaintlab.models.trials.arms import Trial
from complaintlab.models.trials.questions import Question
from complaintlab.models.trials.tables import filled_row, why_not


def negative_binomial_row(
    question: Question,
    trial: Trial,
    pair: tuple[int, int],
    X: npt.NDArray[np.float64],
    cluster: npt.NDArray[np.int64],
) -> pl.DataFrame:
    """One row of ``estimates_trials``, variant and model ``negative-binomial``: the log ratio of mean counts.

    Clones that followed a strategy to their end, with their weights there; ``X`` (n, p) are the confounders
    of the episodes and ``cluster`` (n,) the unit that is resampled elsewhere.
    """
    arms = [trial.arms[j] for j in pair]
    growth = arms[0].plan.outcome.growth
    assert growth is not None
    n = len(cluster)
    found = why_not(*arms) or negative_binomial_ratio(
        np.tile(growth.counts(n).astype(np.float64), 2),
        np.repeat([True, False], n),
        np.tile(X, (2, 1)),
        np.concatenate([arm.weights for arm in arms]),
        np.tile(cluster, 2),
        trial.df,
    )
    return filled_row(
        question,
        found,
        model=MODEL,
        variant=MODEL,
        n=arms[0].n,
        n_exposed=arms[0].complete,
        events=arms[0].events + arms[1].events,
        events_exposed=arms[0].events,
        clusters=int(cluster.max()) + 1,
        ess=min(arm.ess for arm in arms),
        converged=not isinstance(found, str),
    )
