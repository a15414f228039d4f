"""Stage ``verdicts``: each claim of claims.yaml answered by the rule of the analysis plan, never by hand.

In this order: not testable here, no meaningful effect, supported or contradicted, inconclusive. Tests are
Holm-adjusted (1979) within the claim's family at the size it had when the plan was frozen; intervals are not.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import polars as pl

from complaintlab.claims import Claim, Claims
from complaintlab.freeze import Deviations, Plan, deviations, gold_digest, measures_version
from complaintlab.models.causal.pooling import ENOUGH_TO_POOL
from complaintlab.params import Analysis, Inference, LabelErrors, ReplyEffects, Trials, VerdictRule
from complaintlab.params import Robustness as RobustnessChecks
from complaintlab.store import conform, write_csv, write_json
from complaintlab.verdicts.answer import SCALES, Case, adjust, answer
from complaintlab.verdicts.certainty import (
    CHECKS,
    THESE_ONLY,
    Robustness,
    e_values,
    failed_checks,
    for_these_only,
    lowered_by,
    relevant,
    unrobust,
    without_checks,
)
from complaintlab.verdicts.labels import NOT_CHECKED, with_corrected
from complaintlab.verdicts.results import CSV_COLUMNS, metrics, stack
from complaintlab.verdicts.testable import below_minimum, companies_with_both_arms, primary, unmet


class Outputs(NamedTuple):
    verdicts: pl.DataFrame


def run(
    estimates_incidence: pl.DataFrame,
    estimates_hazard: pl.DataFrame,
    estimates_regression: pl.DataFrame,
    estimates_trials: pl.DataFrame,
    estimates_reply_effects: pl.DataFrame,
    estimates_deletion: pl.DataFrame,
    estimates_label_error: pl.DataFrame,
    estimates_robustness: pl.DataFrame,
    confounder_strengths: pl.DataFrame,
    truth: pl.DataFrame,
    source: pl.DataFrame,
    episodes: pl.DataFrame,
    measures: pl.DataFrame,
    quality: pl.DataFrame,
    claims: Claims,
    verdicts: VerdictRule,
    analysis: Analysis,
    inference: Inference,
    trials: Trials,
    reply_effects: ReplyEffects,
    label_error: LabelErrors,
    robustness: RobustnessChecks,
    root: Path,
) -> Outputs:
    """Answer every claim; also write reports/verdicts.csv, estimates.csv and metrics.json under ``root``.

    Raises:
        UserError: a claim has two primary estimates or a stage that does not estimate its contrast, or
            plan.lock is damaged.
    """
    stacked = stack(
        {
            "incidence": estimates_incidence,
            "hazard": estimates_hazard,
            "regression": estimates_regression,
            "trials": estimates_trials,
            "reply_effects": estimates_reply_effects,
            "deletion": estimates_deletion,
            "label_error": estimates_label_error,
            "robustness": estimates_robustness.filter(pl.col("variant").is_in(list(CHECKS))),
        },
        truth,
    )
    complaints = episodes.filter(pl.col("kind") == "complaint")
    planned = analysis, inference, trials, reply_effects, label_error, robustness, verdicts
    plan = Plan.of(claims, planned, measures_version(measures), gold_digest(root))
    against_plan = deviations(root, plan)
    checked = Robustness(
        failed_checks(estimates_robustness, claims, verdicts.alpha),
        confounder_strengths,
        without_checks(estimates_robustness),
    )
    evidence = Evidence(stacked, source, complaints, episodes, measures, relevant(quality, source), checked)
    cases = [
        judge(claim, evidence, verdicts, trials, analysis.horizon_days, _size(claim, claims, against_plan))
        for claim in claims.claims
    ]
    answers = pl.DataFrame(
        [answer(case, verdicts) | _planned(case.claim, against_plan) for case in adjust(cases)],
        schema_overrides={"lowered_by": pl.List(pl.String), "deviations": pl.List(pl.String)},
        infer_schema_length=None,
    )
    table = conform("verdicts", _with_truth(answers, claims, truth))
    write_csv(root / "reports" / "verdicts.csv", table.select(CSV_COLUMNS))
    write_csv(root / "reports" / "estimates.csv", stacked)
    write_json(root / "reports" / "metrics.json", metrics(complaints, table))
    return Outputs(table)


class Evidence(NamedTuple):
    """The tables that speak to a claim; ``complaints`` are those of ``episodes``, which also holds praise."""

    estimates: pl.DataFrame
    source: pl.DataFrame
    complaints: pl.DataFrame
    episodes: pl.DataFrame
    measures: pl.DataFrame
    quality: pl.DataFrame
    robustness: Robustness


def judge(
    claim: Claim,
    evidence: Evidence,
    rule: VerdictRule,
    trials: Trials,
    horizon_days: float,
    family_size: int,
) -> Case:
    """A claim with its primary estimate, or why it is not testable, and what lowers its certainty."""
    why = "; ".join(unmet(claim, evidence.source, evidence.complaints, evidence.measures)) or None
    if not claim.estimated or why:
        return Case(claim, None, why, (), family_size)
    measured = primary(claim, evidence.estimates.filter(pl.col("stage") == claim.stage), rule)
    found = with_corrected(claim, measured, evidence.estimates)
    if isinstance(found, str):
        return Case(claim, None, found, (), family_size)
    companies = companies_with_both_arms(claim, evidence.episodes, evidence.measures, trials, horizon_days)
    why = below_minimum(found, claim, companies, rule)
    lowered = lowered_by(claim, evidence.quality, evidence.estimates, evidence.complaints)
    both_arms = companies if found.companies is None else found.companies
    if both_arms < ENOUGH_TO_POOL or for_these_only(found, evidence.complaints):
        lowered.append(THESE_ONLY)
    if isinstance(measured, str):
        lowered.append(NOT_CHECKED)
    lowered += unrobust(claim, e_values(found, SCALES[claim.scale])[1], evidence.robustness)
    beside = None if found is measured or isinstance(measured, str) else measured
    return Case(
        claim, found, why, tuple(lowered), family_size, corrected=found is not measured, measured=beside
    )


def _size(claim: Claim, claims: Claims, against_plan: Deviations) -> int:
    return max(against_plan.family_sizes.get(claim.family, 0), len(claims.family(claim.family)))


def _planned(claim: Claim, against_plan: Deviations) -> dict[str, object]:
    return {
        "confirmatory": against_plan.confirmatory(claim.id),
        "deviations": against_plan.of(claim.id),
    }


def _with_truth(answers: pl.DataFrame, claims: Claims, truth: pl.DataFrame) -> pl.DataFrame:
    asked = pl.DataFrame(
        [(c.id, c.contrast, c.outcome, c.time_days, SCALES[c.scale]) for c in claims.claims],
        schema={"claim": pl.String, "contrast": pl.String, "outcome": pl.String, "time_days": pl.Float64,
                "scale": pl.String},
        orient="row",
    )  # fmt: skip
    known = asked.join(
        truth.with_columns(pl.col("scale").cast(pl.String)), on=list(asked.columns), how="inner"
    ).select("claim", "truth")
    return answers.join(known, on="claim", how="left", maintain_order="left")
