"""The stage ``reply_effects``: what a company's reply does, on the clock that starts with it (ZR).

Each contrast of ``models/exposures.py`` is estimated among the complaints that have such a reply, everything
else about the reply and the history up to it as they are, by augmented inverse-probability weighting.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import polars as pl

from complaintlab.models.exposures import EXPOSURES, Clock, Exposure
from complaintlab.models.reply_effects.answers import Answers, answers
from complaintlab.models.reply_effects.bystanders import bystander_rows
from complaintlab.models.reply_effects.index import (
    first_replies,
    replies_to_hostile,
    second_replies,
    thread_turns,
)
from complaintlab.models.reply_effects.landmark import at_landmark
from complaintlab.models.reply_effects.population import Answered, at_reply, once_more
from complaintlab.models.reply_effects.rows import Row
from complaintlab.models.reply_effects.tail import large_spread
from complaintlab.parallel import prepare, spread
from complaintlab.params import Analysis, Inference, ReplyEffects
from complaintlab.store import conform
from complaintlab.tables import TABLES

WORTH_SPREADING = 2_000
"""Episodes from which on processes are begun: a few seconds' work."""


class Outputs(NamedTuple):
    estimates_reply_effects: pl.DataFrame
    balance_reply_effects: pl.DataFrame
    weights_reply_effects: pl.DataFrame


def run(
    episodes: pl.DataFrame,
    turns: pl.DataFrame,
    measures: pl.DataFrame,
    analysis: Analysis,
    inference: Inference,
    reply_effects: ReplyEffects,
) -> Outputs:
    """Estimate the claims on what replies do: risk differences and ratios of mean spread after the reply.

    A first event before the reply is history, and its complaint leaves that outcome's population. ``n``
    counts the replies that stay (S7: the threads matched); the share of those whose chance of either arm is
    above the floor has a row of scale ``share``, the risk in the second arm one of scale ``risk``. Where arms
    rest on more than first replies, a row of variant ``companies`` counts in ``n_exposed`` the companies with
    both. What cannot be estimated has a row with the reason.
    """
    worth = episodes.height >= WORTH_SPREADING
    if worth:
        prepare(answers.__module__)
    clocks = populations(episodes, turns, measures, analysis)
    work = partial(_answers, analysis, inference, reply_effects.propensity_floor)
    asked = [(clocks[exposure.clock], exposure) for exposure in EXPOSURES.values()]
    found = spread(work, asked, "What replies do", worth=worth)
    tail = large_spread(clocks["first_reply"], analysis.horizon_days, inference.seed)
    complaints = episodes.filter(pl.col("kind").cast(pl.String) == "complaint")
    watched = bystander_rows(complaints, turns, measures, analysis.horizon_days, inference)
    return Outputs(
        _table(
            "estimates_reply_effects", [*(row for each in found for row in each.estimates), tail, *watched]
        ),
        _table("balance_reply_effects", [row for each in found for row in each.balance]),
        _table("weights_reply_effects", [row for each in found for row in each.weights]),
    )


def _answers(
    analysis: Analysis, inference: Inference, floor: float, asked: tuple[Answered, Exposure]
) -> Answers:
    return answers(*asked, analysis, inference, floor)


def populations(
    episodes: pl.DataFrame, turns: pl.DataFrame, measures: pl.DataFrame, analysis: Analysis
) -> dict[Clock, Answered]:
    """The complaints on each clock."""
    complaints = episodes.filter(pl.col("kind").cast(pl.String) == "complaint").sort("episode_id")
    said = thread_turns(complaints, turns, measures)

    def on(index: pl.DataFrame) -> Answered:
        return at_reply(
            complaints,
            index,
            said,
            measures,
            horizon_days=analysis.horizon_days,
            act_threshold=analysis.act_threshold,
        )

    return {
        "first_reply": on(first_replies(complaints)),
        "reply_to_hostile": once_more(on(replies_to_hostile(complaints, said)), said),
        "second_reply": on(second_replies(said)),
        "landmark": at_landmark(episodes, said, analysis.horizon_days),
    }


def _table(name: str, rows: list[Row]) -> pl.DataFrame:
    if not rows:
        return TABLES[name].create_empty()
    return conform(name, pl.DataFrame(rows, infer_schema_length=None))
