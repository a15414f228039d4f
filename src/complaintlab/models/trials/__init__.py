"""The stage ``trials``: risk under reply strategies, by clone–censor–weight emulation of target trials.

Complaints from the moment they are posted (Z0), in company-weeks in which some but not all were answered.
Each is cloned into every strategy and censored when it departs; weights undo the censoring.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from complaintlab.models.causal.inference import codes, resampling_unit
from complaintlab.models.design import confounder_matrix
from complaintlab.models.strategies import TIMING_CONTRASTS, Contrast, Strategy, grid
from complaintlab.models.trials.course import course
from complaintlab.models.trials.emulation import Trial, target_trial
from complaintlab.models.trials.features import features, with_answered
from complaintlab.models.trials.tables import (
    MODEL,
    Question,
    balance_rows,
    curve_rows,
    empty_row,
    estimate_row,
    positivity_rows,
    reference_row,
    weight_row,
)
from complaintlab.params import Analysis, Inference, Trials
from complaintlab.store import conform
from complaintlab.tables import TABLES

PRIMARY_OUTCOME = {"T1": "escalated", "T2": "turned"}
OUTCOMES = ("turned", "escalated")
SECONDARY_DAYS = (1.0, 3.0)
MINIMUM_EPISODES = 50


class Outputs(NamedTuple):
    estimates_trials: pl.DataFrame
    curves_trials: pl.DataFrame
    balance_trials: pl.DataFrame
    weights_trials: pl.DataFrame
    positivity: pl.DataFrame


def run(
    episodes: pl.DataFrame, spells: pl.DataFrame, analysis: Analysis, inference: Inference, trials: Trials
) -> Outputs:
    """Estimate the timing claims: risk differences at 1, 3 and the horizon's days, and what stands behind.

    Beside each primary row stands the risk in its second arm (variant ``reference``, scale ``risk``).
    Intervals are of resampled authors, for these companies; where companies are worth at least 15 of equal
    size, whole companies are drawn. What cannot be estimated has a row with the reason.
    """
    complaints = episodes.filter(pl.col("kind") == "complaint").sort("episode_id")
    share = pl.col("answered_share_before")
    eligible = complaints.filter(share.is_between(trials.positivity_lower, trials.positivity_upper))
    parts = [_answers(eligible, spells, outcome, analysis, inference, trials) for outcome in OUTCOMES]
    parts.append(_none(estimates_trials=_share_eligible(complaints, eligible)))
    return Outputs(*(pl.concat(tables) for tables in zip(*parts, strict=True)))


def emulate(
    episodes: pl.DataFrame,
    spells: pl.DataFrame,
    outcome: str,
    strategies: tuple[Strategy, ...],
    *,
    horizon_days: float,
    inference: Inference,
    truncate_at: float,
) -> Trial:
    """Emulate a trial of ``strategies`` on eligible complaints: ``episodes`` with their ``spells``."""
    baseline, _ = confounder_matrix(episodes, companies=True)
    lived = course(episodes, outcome, grid(horizon_days))
    others = [name for name in OUTCOMES if name != outcome]
    reply = features(episodes, spells, baseline, lived, others)
    cluster, df = resampling_unit(codes(episodes["author_id"]), codes(episodes["company"]))
    return target_trial(
        lived,
        reply,
        with_answered(reply, lived),
        strategies,
        cluster,
        resamples=inference.resamples,
        seed=inference.seed,
        truncate_at=truncate_at,
        df=df,
    )


def _answers(
    eligible: pl.DataFrame,
    spells: pl.DataFrame,
    outcome: str,
    analysis: Analysis,
    inference: Inference,
    trials: Trials,
) -> Outputs:
    questions = [q for claim in TIMING_CONTRASTS for q in _questions(claim, outcome, analysis.horizon_days)]
    if reason := _too_little(eligible):
        rows = [empty_row(question, reason, eligible.height, inference.seed) for question in questions]
        return _none(estimates_trials=pl.concat(rows))
    strategies = _strategies()
    trial = emulate(
        eligible,
        spells,
        outcome,
        strategies,
        horizon_days=analysis.horizon_days,
        inference=inference,
        truncate_at=trials.truncate_at,
    )
    clusters = eligible["author_id" if trial.df is None else "company"].n_unique()
    rows = [
        estimate_row(q, trial, _pair(q.contrast, strategies), clusters, inference.resamples, inference.seed)
        for q in questions
    ]
    rows += [
        reference_row(q, trial, _pair(q.contrast, strategies)[1]) for q in questions if q.variant == "primary"
    ]
    described = [
        _described(eligible, trial, contrast, outcome, primary=PRIMARY_OUTCOME[claim] == outcome)
        for claim, contrast in TIMING_CONTRASTS.items()
    ]
    return Outputs(pl.concat(rows), *(pl.concat(tables) for tables in list(zip(*described, strict=True))[1:]))


def _described(
    eligible: pl.DataFrame, trial: Trial, contrast: Contrast, outcome: str, *, primary: bool
) -> Outputs:
    """Curves of a contrast's arms; balance, weights and positivity for the claim's primary outcome alone."""
    arms = [trial.arms[j] for j in _pair(contrast, _strategies())]
    curves = pl.concat([curve_rows(f"trial_{contrast.name}", outcome, trial.course, arm) for arm in arms])
    if not primary:
        return _none(curves_trials=curves)
    X, names = confounder_matrix(eligible, companies=True)
    heard = eligible["any_later_turn"].cast(pl.Float64).to_numpy()
    private = (eligible["private_s"] <= trial.course.ends_s[-1]).fill_null(False).cast(pl.Float64).to_numpy()
    return _none(
        curves_trials=curves,
        balance_trials=balance_rows(contrast.name, X, names, *arms),
        weights_trials=pl.concat([weight_row(contrast.name, arm, heard, private) for arm in arms]),
        positivity=positivity_rows(contrast.name, trial.course, eligible["hostility"].to_numpy()),
    )


def _questions(claim: str, outcome: str, horizon_days: float) -> list[Question]:
    contrast = TIMING_CONTRASTS[claim]
    at_horizon = "primary" if outcome == PRIMARY_OUTCOME[claim] else "secondary"
    days = [day for day in SECONDARY_DAYS if day < horizon_days]
    return [
        Question(claim, contrast, outcome, horizon_days, at_horizon),
        Question(claim, contrast, outcome, horizon_days, "truncated"),
        *(Question(claim, contrast, outcome, day, "secondary") for day in days),
    ]


def _too_little(eligible: pl.DataFrame) -> str | None:
    if eligible.height < MINIMUM_EPISODES:
        return (
            f"Only {eligible.height} complaints fall in weeks in which the company answered some but not all."
        )
    if eligible["first_reply_s"].null_count() == eligible.height:
        return "No complaint was answered."
    return None


def _strategies() -> tuple[Strategy, ...]:
    """The distinct arms of all contrasts, in the order of the claims."""
    arms = [arm for contrast in TIMING_CONTRASTS.values() for arm in (contrast.first, contrast.second)]
    return tuple(dict.fromkeys(arms))


def _pair(contrast: Contrast, strategies: tuple[Strategy, ...]) -> tuple[int, int]:
    return strategies.index(contrast.first), strategies.index(contrast.second)


def _share_eligible(complaints: pl.DataFrame, eligible: pl.DataFrame) -> pl.DataFrame:
    """The share of complaints in company-weeks that can be compared, as a row of ``estimates_trials``."""
    row = {
        "claim": "-",
        "contrast": "eligible",
        "outcome": "-",
        "model": MODEL,
        "subgroup": "all",
        "variant": "secondary",
        "time_days": 0.0,
        "scale": "share",
        "estimate": eligible.height / complaints.height if complaints.height else None,
        "n": complaints.height,
        "n_exposed": eligible.height,
        "events": 0,
        "clusters": complaints["author_id"].n_unique(),
        "converged": True,
        "reason": None if complaints.height else "There are no complaints.",
        "resamples": 0,
        "seed": 0,
    }
    return conform("estimates_trials", pl.DataFrame([row], infer_schema_length=None))


def _none(**tables: pl.DataFrame) -> Outputs:
    """The given tables, the others empty."""
    return Outputs(*(tables.get(name, TABLES[name].create_empty()) for name in Outputs._fields))
