"""The stage ``label_error``: what errors of the labels do to the estimates, taken out where codes allow it.

Outcomes, what replies do, and the hostility of complaints are measured from texts, with errors that may
differ between arms. Codes of a probability sample take them out (``signed``, ``replies``, ``timing``,
``hazards``); where there are too few, ``grid`` shows how far plausible errors could move each estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import polars as pl

from complaintlab.models.label_error.enough import NO_GOLD, NOT_CODED
from complaintlab.models.label_error.grid import grid_rows, judged_here
from complaintlab.models.label_error.hazards import corrected_hazards
from complaintlab.models.label_error.replies import VARIANT, corrected_replies
from complaintlab.models.label_error.timing import corrected_timing
from complaintlab.models.reply_effects.rows import Row, row
from complaintlab.parallel import together
from complaintlab.params import Analysis, Inference, LabelErrors, ReplyEffects, Trials, VerdictRule
from complaintlab.store import conform
from complaintlab.tables import TABLES

WORTH_SPREADING = 2_000
"""Episodes from which on processes are begun: a few seconds' work."""

DECIDING = ("rd", "log_rr")
"""Scales of primary estimates; hazard ratios and risks stand beside."""


class Outputs(NamedTuple):
    estimates_label_error: pl.DataFrame


def run(
    episodes: pl.DataFrame,
    spells: pl.DataFrame,
    turns: pl.DataFrame,
    measures: pl.DataFrame,
    quality: pl.DataFrame,
    source: pl.DataFrame,
    coded_episodes: pl.DataFrame,
    coded_spells: pl.DataFrame,
    coded_measures: pl.DataFrame,
    estimates_trials: pl.DataFrame,
    estimates_reply_effects: pl.DataFrame,
    estimates_deletion: pl.DataFrame,
    analysis: Analysis,
    inference: Inference,
    trials: Trials,
    reply_effects: ReplyEffects,
    label_error: LabelErrors,
    verdicts: VerdictRule,
) -> Outputs:
    """Correct the primary estimates, or say why not and print the grid.

    Rows: variant ``corrected`` beside each primary estimate of the stages, with the corrected risk in the
    second arm (scale ``risk``), or the reason why there is none; then variants ``label_grid``,
    ``label_grid_lowest`` and ``label_grid_highest``. The population of the corrected are the measured
    complaints that are complaints by their codes.
    """
    estimates = pl.concat([estimates_trials, estimates_reply_effects, estimates_deletion])
    if coded_episodes.is_empty():
        rows = []
    else:
        coded = _Coded.of(episodes, measures, coded_episodes, coded_spells, coded_measures, analysis)
        lived = (episodes, spells), (coded.episodes, coded.spells), coded.chance
        said = (episodes, measures), (coded.episodes, coded.measures), coded.chance
        ess = verdicts.ess_per_arm
        pieces: list[Callable[[], list[Row]]] = [
            partial(corrected_timing, *lived, analysis, inference, trials, label_error, ess),
            partial(corrected_replies, *said, turns, analysis, inference, reply_effects, label_error, ess),
            partial(corrected_hazards, *lived, analysis, label_error),
        ]
        worth = episodes.height >= WORTH_SPREADING
        found = together(pieces, "Correcting for errors of the labels", worth=worth)  # the longest first
        rows = [one for part in found for one in part]
    rows += _others(estimates, rows)
    corrected = {r["claim"] for r in rows if r["scale"] in DECIDING and r["estimate"] is not None}
    judged = judged_here(quality, source)
    for of_claim in estimates.partition_by("claim", maintain_order=True):
        if of_claim["claim"][0] not in corrected:
            rows += grid_rows(of_claim, judged)
    if not rows:
        return Outputs(TABLES["estimates_label_error"].create_empty())
    return Outputs(conform("estimates_label_error", pl.DataFrame(rows, infer_schema_length=None)))


class _Coded(NamedTuple):
    """Coded complaints, their spells, all measures with codes laid over them, and chances to be coded."""

    episodes: pl.DataFrame
    spells: pl.DataFrame
    measures: pl.DataFrame
    chance: pl.DataFrame

    @classmethod
    def of(
        cls,
        episodes: pl.DataFrame,
        measures: pl.DataFrame,
        coded_episodes: pl.DataFrame,
        coded_spells: pl.DataFrame,
        coded_measures: pl.DataFrame,
        analysis: Analysis,
    ) -> _Coded:
        members = coded_episodes.filter(
            pl.col("p_complaint") >= analysis.complaint_threshold,
            pl.col("p_nonsense") < analysis.nonsense_threshold,
        )
        others = measures.join(coded_measures, on=["post_id", "company"], how="anti")
        return cls(
            members,
            coded_spells.join(members, on="episode_id", how="semi", maintain_order="left"),
            pl.concat([others, coded_measures]),
            coded_episodes.select("episode_id", "pi"),
        )


def _others(estimates: pl.DataFrame, rows: list[Row]) -> Iterator[Row]:
    """A row with the reason for each primary estimate that nothing was said about."""
    told = {r["claim"] for r in rows if r["scale"] in DECIDING}
    primary = estimates.filter(pl.col("variant") == "primary").sort("claim")
    for found in primary.iter_rows(named=True):
        if found["claim"] in told:
            continue
        key: Row = {
            name: found[name] for name in ("claim", "contrast", "outcome", "model", "subgroup", "time_days")
        }
        key |= {"variant": VARIANT, "scale": str(found["scale"]), "seed": found["seed"]}
        yield row(key, n=found["n"], reason=NOT_CODED.get(found["claim"], NO_GOLD) if rows else NO_GOLD)
