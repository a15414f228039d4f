"""Stage ``report``: figures, tables and verdicts as a tagged PDF, every number made by the pipeline.

The template sets and computes nothing. When the source is simulated, every page says so.
"""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import polars as pl

from complaintlab.claims import Claims
from complaintlab.params import (
    Analysis,
    Cluster,
    Collect,
    Embed,
    Inference,
    LabelErrors,
    ReplyEffects,
    Robustness,
    Study,
    Trials,
    VerdictRule,
    World,
)
from complaintlab.recovery.stored import RECOVERY, read_table
from complaintlab.report.contents import Settings, Tables, content, pictures, source_row
from complaintlab.report.figures.known_truth import known_truth
from complaintlab.report.provenance import this_run
from complaintlab.report.selection import shown_balance, shown_curves, shown_positivity
from complaintlab.report.style import save
from complaintlab.report.typeset import typeset
from complaintlab.store import write_json


def run(
    verdicts: pl.DataFrame,
    source: pl.DataFrame,
    flow: pl.DataFrame,
    quarantine: pl.DataFrame,
    episodes: pl.DataFrame,
    measures: pl.DataFrame,
    quality: pl.DataFrame,
    confusion: pl.DataFrame,
    calibration: pl.DataFrame,
    learning: pl.DataFrame,
    drift: pl.DataFrame,
    reply_types: pl.DataFrame,
    reply_members: pl.DataFrame,
    curves_incidence: pl.DataFrame,
    curves_trials: pl.DataFrame,
    estimates_hazard: pl.DataFrame,
    estimates_regression: pl.DataFrame,
    estimates_trials: pl.DataFrame,
    estimates_reply_effects: pl.DataFrame,
    estimates_deletion: pl.DataFrame,
    agents: pl.DataFrame,
    what_if: pl.DataFrame,
    estimates_label_error: pl.DataFrame,
    estimates_robustness: pl.DataFrame,
    specifications: pl.DataFrame,
    confounder_strengths: pl.DataFrame,
    tipping_points: pl.DataFrame,
    balance_trials: pl.DataFrame,
    balance_reply_effects: pl.DataFrame,
    weights_trials: pl.DataFrame,
    weights_reply_effects: pl.DataFrame,
    positivity: pl.DataFrame,
    claims: Claims,
    study: Study,
    collect: Collect,
    world: World,
    embed: Embed,
    cluster: Cluster,
    analysis: Analysis,
    inference: Inference,
    trials: Trials,
    reply_effects: ReplyEffects,
    label_error: LabelErrors,
    robustness: Robustness,
    rule: VerdictRule,
    root: Path,
) -> None:
    """Write reports/<study>-<source>.pdf, reports/figures/*.svg and reports/run.json under ``root``.

    Raises:
        UserError: plan.lock is damaged.
        RuntimeError: the typesetter warned, for instance of a glyph that the font does not have.
    """
    order = {claim.id: place for place, claim in enumerate(claims.claims)}
    ordered = verdicts.sort(pl.col("claim").replace_strict(order, default=len(order)))
    tables = Tables(
        verdicts=ordered,
        source=source_row(source),
        flow=flow,
        quarantine=quarantine,
        complaints=episodes.filter(pl.col("kind") == "complaint"),
        measures=measures,
        quality=quality,
        confusion=confusion,
        calibration=calibration,
        learning=learning,
        drift=drift,
        reply_types=reply_types,
        reply_members=reply_members,
        curves_incidence=curves_incidence,
        curves_trials=shown_curves(curves_trials, ordered),
        answered=estimates_regression,
        estimates=pl.concat(
            [
                estimates_hazard,
                estimates_regression,
                estimates_trials,
                estimates_reply_effects,
                estimates_deletion,
                estimates_label_error,
            ]
        ),
        agents=agents,
        what_if=what_if,
        balance=shown_balance(pl.concat([balance_trials, balance_reply_effects]), ordered),
        weights=pl.concat([weights_trials, weights_reply_effects]),
        positivity=shown_positivity(positivity),
        robustness=estimates_robustness,
        specifications=specifications,
        strengths=confounder_strengths,
        tipping=tipping_points,
    )
    settings = Settings(
        study,
        collect,
        world,
        embed,
        cluster,
        analysis,
        inference,
        trials,
        reply_effects,
        rule,
        label_error,
        robustness,
    )
    drawn = pictures(tables, study.minimum_cell, analysis.horizon_days)
    if proof := known_truth(read_table(root / RECOVERY)):
        drawn["known_truth"] = proof
    folder = root / "reports" / "figures"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, picture in drawn.items():
        save(picture, folder / f"{name}.svg")
    printed = content(tables, drawn, claims, settings, root)
    typeset(printed, folder, tables.source["as_of"], root / "reports" / f"{study.name}-{collect.source}.pdf")
    write_json(root / "reports" / "run.json", this_run(root, dt.datetime.now(dt.UTC)))
