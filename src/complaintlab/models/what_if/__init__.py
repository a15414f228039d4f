"""Stage ``what_if``: every complaint answered within an hour, every reply proper, nothing deleted.

Risk curves under each scenario and as it was. Replies and deletions by the trials' clone–censor–weight,
whose weights carry the compliant over to all eligible complaints (standardisation by weighting; Hernán &
Robins 2020, chapters 12 and 21); quality by augmented weighting among the replies that there were.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl
from threadpoolctl import threadpool_limits

from complaintlab.models.strategies import concerns
from complaintlab.models.trials import MINIMUM_EPISODES
from complaintlab.models.what_if.load import share_beyond
from complaintlab.models.what_if.public import curves, what_if
from complaintlab.models.what_if.scenarios import SCENARIOS, Scenario
from complaintlab.params import Analysis, Inference, Trials
from complaintlab.store import conform
from complaintlab.tables import TABLES

__all__ = ["SCENARIOS", "Outputs", "Scenario", "run", "share_beyond", "what_if"]

TOLD = ("escalated", "turned")
"""Outcomes whose curves the report draws."""


ENOUGH_FOR_A_BAND = 50
"""Resamples that give the width of a band to a tenth; no verdict rests on it."""


class Outputs(NamedTuple):
    """Tables that the stage writes."""

    what_if: pl.DataFrame


def run(
    episodes: pl.DataFrame, spells: pl.DataFrame, analysis: Analysis, inference: Inference, trials: Trials
) -> Outputs:
    """Curves of every scenario, of escalation and of turning; empty where too few complaints are eligible.

    Bands rest on a quarter of ``inference.resamples``, at least 50 where there are as many.
    """
    complaints = episodes.filter(concerns("complaints")).sort("episode_id")
    share = pl.col("answered_share_before")
    eligible = complaints.filter(share.is_between(trials.positivity_lower, trials.positivity_upper))
    if eligible.height < MINIMUM_EPISODES:
        return Outputs(TABLES["what_if"].create_empty())
    resamples = min(inference.resamples, max(ENOUGH_FOR_A_BAND, inference.resamples // 4))
    with threadpool_limits(1):  # on so few rows threads only wait for each other, and sums stay in order
        found = curves(
            complaints, eligible, spells, SCENARIOS, TOLD, analysis.horizon_days, resamples, inference.seed
        )
    order = {scenario.name: place for place, scenario in enumerate(SCENARIOS)}
    placed = found.with_columns(place=pl.col("scenario").replace_strict(order, return_dtype=pl.UInt32))
    return Outputs(conform("what_if", placed.with_columns(pl.col("time_s").fill_null(0.0))))
