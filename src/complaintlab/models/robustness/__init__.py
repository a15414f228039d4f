"""The stage ``robustness``: would the answers stand with other choices, companies or critics?

Of every claim on timing and on replies that can be tested: what comes out by other choices that were open,
and without each company; what the measured confounders could do; checks that must find nothing (negative
controls and placebos); what the silent would have to be like. Claims on deletion and S7 are not run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import polars as pl

from complaintlab.companies import Companies
from complaintlab.models.reply_effects.rows import Row
from complaintlab.models.robustness.nothing import controls_of_timing
from complaintlab.models.robustness.of_replies import of_reply
from complaintlab.models.robustness.of_timing import contrasts_of, of_timing
from complaintlab.models.robustness.replies import ReplyClock, exposures_with
from complaintlab.models.robustness.rows import Primary
from complaintlab.models.robustness.silent import tipping_rows
from complaintlab.models.robustness.study import Material
from complaintlab.parallel import together
from complaintlab.params import Analysis, Inference, ReplyEffects, Robustness, Trials, VerdictRule
from complaintlab.store import conform
from complaintlab.tables import TABLES

WORTH_SPREADING = 1_000
"""Episodes from which on processes are begun: a few seconds' work."""

Checked = tuple[list[Row], list[Row], list[Row]]
"""Rows of estimates, of specifications, and of confounders' strengths."""


class Outputs(NamedTuple):
    estimates_robustness: pl.DataFrame
    specifications: pl.DataFrame
    confounder_strengths: pl.DataFrame
    tipping_points: pl.DataFrame


def run(
    episodes: pl.DataFrame,
    spells: pl.DataFrame,
    turns: pl.DataFrame,
    threads: pl.DataFrame,
    deletions: pl.DataFrame,
    measures: pl.DataFrame,
    sightings: pl.DataFrame,
    source: pl.DataFrame,
    estimates_trials: pl.DataFrame,
    estimates_reply_effects: pl.DataFrame,
    weights_trials: pl.DataFrame,
    weights_reply_effects: pl.DataFrame,
    companies: Companies,
    analysis: Analysis,
    inference: Inference,
    trials: Trials,
    reply_effects: ReplyEffects,
    robustness: Robustness,
    verdicts: VerdictRule,
) -> Outputs:
    """Check every claim whose primary estimate has the least events and effective size of ``verdicts``.

    Rows of ``estimates_robustness``: variant ``without_company`` (subgroup: the company left out),
    ``negative_control`` and ``placebo`` (scale rd decides; a Cox model beside it has log_hr). What could not
    be estimated has the reason.
    """
    material = Material(
        episodes, spells, turns, threads, deletions, measures, sightings, source, companies, analysis
    )
    asked = {
        row["claim"]: row
        for table in (estimates_trials, estimates_reply_effects)
        for row in enough_to_test(table, verdicts)
    }
    of = material, trials, asked, robustness, inference.seed
    clock = ReplyClock(material, inference, reply_effects.propensity_floor)
    exposures = exposures_with(list(asked))
    checks: list[Callable[[], Checked]] = [
        *(partial(of_timing, *of, praise=praise) for praise in (False, True)),
        partial(_controls, *of),
        *(partial(of_reply, clock, one, asked[one.claim], robustness, inference.seed) for one in exposures),
    ]
    # By claims: one on timing takes about as long as one on replies, or all controls
    costs = [*(len(contrasts_of(asked, praise)) for praise in (False, True)), 1, *(1 for _ in exposures)]
    worth = episodes.height >= WORTH_SPREADING
    parts = together(checks, "Checking the answers", worth=worth, costs=costs)
    estimates, specifications, strengths = (
        [row for part in parts for row in part[place]] for place in range(3)
    )
    return Outputs(
        _table("estimates_robustness", estimates),
        _table("specifications", specifications),
        _table("confounder_strengths", strengths),
        _table("tipping_points", tipping_rows(asked, pl.concat([weights_trials, weights_reply_effects]))),
    )


def _controls(
    material: Material, trials: Trials, asked: dict[str, Primary], robustness: Robustness, seed: int
) -> Checked:
    return controls_of_timing(material, trials, asked, robustness, seed), [], []


def enough_to_test(estimates: pl.DataFrame, rule: VerdictRule) -> Iterator[Primary]:
    """Primary rows that have an estimate from enough events and weight to be tested."""
    known = estimates.filter(pl.col("variant") == "primary", pl.col("subgroup") == "all", "converged")
    for row in known.drop_nulls(["estimate", "se"]).sort("claim", "contrast").iter_rows(named=True):
        exposed = row["events"] // 2 if row["events_exposed"] is None else row["events_exposed"]
        enough = min(exposed, row["events"] - exposed) >= rule.events_per_arm
        if enough and (row["ess"] is None or row["ess"] >= rule.ess_per_arm):
            yield row


def _table(name: str, rows: list[Row]) -> pl.DataFrame:
    if not rows:
        return TABLES[name].create_empty()
    return conform(name, pl.DataFrame(rows, infer_schema_length=None))
