"""The stage ``label_error``: what errors of the labels do to the estimates, taken out where codes allow it.

Outcomes, what replies do, and the hostility of complaints are measured from texts, with errors that may differ
between arms. Codes of a probability sample take them out (``signed``, ``replies``, ``timing``); where there are
too few, ``grid`` shows how far plausible errors could move each estimate.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from complaintlab.models.label_error.replies import corrected_replies
from complaintlab.models.label_error.timing import corrected_timing
from complaintlab.models.reply_effects.rows import Row
from complaintlab.params import Analysis, Inference, LabelErrors, ReplyEffects, Trials
from complaintlab.store import conform
from complaintlab.tables import TABLES


class Outputs(NamedTuple):
    estimates_label_error: pl.DataFrame


def run(
    episodes: pl.DataFrame,
    spells: pl.DataFrame,
    turns: pl.DataFrame,
    measures: pl.DataFrame,
    coded_episodes: pl.DataFrame,
    coded_spells: pl.DataFrame,
    coded_measures: pl.DataFrame,
    analysis: Analysis,
    inference: Inference,
    trials: Trials,
    reply_effects: ReplyEffects,
    label_error: LabelErrors,
) -> Outputs:
    rows: list[Row] = []
    chance = coded_episodes.select("episode_id", "pi")
    members = coded_episodes.filter(
        pl.col("p_complaint") >= analysis.complaint_threshold,
        pl.col("p_nonsense") < analysis.nonsense_threshold,
    )
    both = pl.concat(
        [measures.join(coded_measures, on=["post_id", "company"], how="anti"), coded_measures]
    )
    rows += corrected_replies(
        (episodes, measures), (members, both), chance, turns, analysis, inference, reply_effects, label_error
    )
    rows += corrected_timing(
        (episodes, spells), (members, coded_spells.join(members, on="episode_id", how="semi")), chance,
        analysis, inference, trials, label_error,
    )
    table = pl.DataFrame(rows, infer_schema_length=None)
    return Outputs(conform("estimates_label_error", table))
