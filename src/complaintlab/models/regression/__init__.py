"""Stage ``regression``: associations, each beside the claims that it helps to read; description, not effects.

Who gets answered, and who turns or escalates by how soon (``answered``); what critics have shown after a
week, silence being an answer of its own (``stance``); how much agents differ (``agents``); whether hostile
critics make companies hostile (``provocation``). Errors are clustered by author, and by company as well where
there are enough companies.
"""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

import polars as pl
from threadpoolctl import threadpool_limits

from complaintlab.models.estimate_rows import estimates_table
from complaintlab.models.regression.agents import between_agents
from complaintlab.models.regression.answered import who_is_answered, who_shows
from complaintlab.models.regression.provocation import provoked
from complaintlab.models.regression.stance import stance_after
from complaintlab.params import Analysis, Inference


class Outputs(NamedTuple):
    """Tables that the stage writes."""

    estimates_regression: pl.DataFrame
    agents: pl.DataFrame


def run(episodes: pl.DataFrame, spells: pl.DataFrame, analysis: Analysis, inference: Inference) -> Outputs:
    """Associations among complaint episodes.

    Rows have the variant ``descriptive``, scales ``ame`` (change of a probability), ``log_or`` and ``share``.
    ``agents`` has a row per agent who signed a first reply. What cannot be fitted has a null and a reason.
    """
    complaints = episodes.filter(pl.col("kind").cast(pl.String) == "complaint").sort("episode_id")
    import_module("glum")  # a library's threads can be held only once it is there
    with threadpool_limits(1):  # sums stay in order, and on so few rows threads only wait for each other
        rows = list(who_is_answered(complaints))
        for outcome in ("turned", "escalated"):
            rows.extend(who_shows(complaints, outcome, analysis))
        rows.extend(stance_after(complaints))
        rows.append(provoked(complaints, spells, analysis))
        correlation, agents = between_agents(complaints, spells, analysis, inference)
    return Outputs(estimates_table([*rows, correlation]), agents)
