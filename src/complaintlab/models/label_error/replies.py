"""The claims on what a reply does, corrected for errors of the labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl

from complaintlab.models.causal.inference import codes
from complaintlab.models.exposures import EXPOSURES, GROUPS, Exposure
from complaintlab.models.label_error.augmented import (
    SignedEffect,
    SignedRows,
    signed_dose_effect,
    signed_reply_effect,
)
from complaintlab.models.label_error.enough import (
    NEGATIVE,
    NOT_CODED,
    UNSETTLED,
    WIDE,
    too_thin,
    too_uneven,
    too_wide,
)
from complaintlab.models.label_error.signed import CODED, MASS, signed_population
from complaintlab.models.reply_effects import populations
from complaintlab.models.reply_effects.answers import HIGHEST, LOWEST
from complaintlab.models.reply_effects.followup import COUNTS, AtRisk, at_risk, seen_by
from complaintlab.models.reply_effects.population import Answered
from complaintlab.models.reply_effects.rows import Row, key_of, numbers, row
from complaintlab.params import Analysis, Inference, LabelErrors, ReplyEffects
from complaintlab.progress import track

VARIANT = "corrected"


def corrected_replies(
    measured: tuple[pl.DataFrame, pl.DataFrame],
    coded: tuple[pl.DataFrame, pl.DataFrame],
    chance: pl.DataFrame,
    turns: pl.DataFrame,
    analysis: Analysis,
    inference: Inference,
    settings: ReplyEffects,
    rule: LabelErrors,
    ess_per_arm: int,
) -> list[Row]:
    """Rows of variant ``corrected`` of each claim with two arms, and the risk in the second arm.

    Args:
        measured, coded: episodes and measures; of the coded ones the population only.
        chance: episode_id and pi of all coded episodes.
        ess_per_arm: least effective size of an arm; with less there is no corrected estimate.
    """
    as_measured = populations(measured[0], turns, measured[1], analysis)
    as_coded = populations(coded[0], turns, coded[1], analysis)
    stacked = signed_population(as_measured["first_reply"], as_coded["first_reply"], chance)
    asked = [exposure for claim, exposure in EXPOSURES.items() if claim not in NOT_CODED]
    return [
        one
        for exposure in track(asked, "Correcting replies")
        for one in _rows(stacked, exposure, analysis, inference, settings, rule, ess_per_arm)
    ]


def _rows(
    population: Answered,
    exposure: Exposure,
    analysis: Analysis,
    inference: Inference,
    settings: ReplyEffects,
    rule: LabelErrors,
    ess_per_arm: int,
) -> Iterator[Row]:
    days = float(analysis.horizon_days)
    key = key_of(exposure, exposure.outcome, days, inference.seed, primary=True) | {"variant": VARIANT}
    case = at_risk(population, exposure, exposure.outcome, days)
    is_coded = case.answered.episodes[CODED].to_numpy()
    case = replace(case, fitted=(~is_coded).astype(np.float64))
    y, seen = seen_by(case, days)
    hostile = _inside(case, exposure)
    thin = _too_thin(case, exposure, y * (seen > 0), is_coded, hostile, rule)
    if thin is not None:
        yield row(key, n=int((~is_coded).sum()), reason=thin)
        return
    rows = _signed_rows(case, y, seen)
    found = _estimate(case, exposure, rows, hostile, inference, settings)
    counted = _counts(rows, found)
    if not found.converged:
        yield row(key, **counted, reason=UNSETTLED)
        return
    outside = case.outcome not in COUNTS and not all(0 <= risk <= 1 for risk in found.risks)
    if found.effect is None or not np.isfinite(found.effect.se) or outside:
        yield row(key, **counted, reason=NEGATIVE)
        return
    if uneven := too_uneven(found.ess, ess_per_arm):
        yield row(key, **counted, reason=uneven)
        return
    if too_wide(found.effect.lower, found.effect.upper, key["scale"]):
        yield row(key, **counted, reason=WIDE)
        return
    yield row(
        key, **numbers(found.effect), **counted, clusters=found.clusters, ess=found.ess,
        parameters=found.parameters, converged=True,
    )  # fmt: skip
    if case.outcome not in COUNTS and hostile is None:
        yield row(key | {"scale": "risk"}, estimate=found.risks[1], **counted, converged=True)


def _inside(case: AtRisk, exposure: Exposure) -> np.ndarray | None:
    """Rows of the group in which an interaction takes its contrast; null where it is no interaction."""
    if exposure.interaction is None:
        return None
    group: np.ndarray = case.answered.groups[exposure.interaction].fill_null(False).to_numpy()
    return group


def _too_thin(
    case: AtRisk,
    exposure: Exposure,
    events: np.ndarray,
    is_coded: np.ndarray,
    inside: np.ndarray | None,
    rule: LabelErrors,
) -> str | None:
    """Why coded events are too few; of an interaction those of the group that has fewer."""
    for group in (np.ones(len(events), dtype=bool),) if inside is None else (inside, ~inside):
        first, second = (int(events[is_coded & arm & group].sum()) for arm in (case.exposed, ~case.exposed))
        if thin := too_thin(first, second, (exposure.first.name, exposure.second.name), rule):
            return thin
    return None


def _signed_rows(case: AtRisk, y: np.ndarray, seen: np.ndarray) -> SignedRows:
    episodes = case.answered.episodes
    unit, author, company = (codes(episodes[name]) for name in ("episode_id", "author_id", "company"))
    return SignedRows(case.exposed, y, seen, case.X, author, company, episodes[MASS].to_numpy(), unit)


def _estimate(
    case: AtRisk,
    exposure: Exposure,
    rows: SignedRows,
    inside: np.ndarray | None,
    inference: Inference,
    settings: ReplyEffects,
) -> SignedEffect:
    if exposure.dose is not None:
        dose = case.answered.features[exposure.dose].to_numpy()
        of_all = dose[~case.answered.episodes[CODED].to_numpy()]
        span = float(np.quantile(of_all, LOWEST)), float(np.quantile(of_all, HIGHEST))
        return signed_dose_effect(rows, dose, span, folds=inference.folds, seed=inference.seed)
    wanted = [GROUPS[name].confounder for name in exposure.moderators]
    return signed_reply_effect(
        rows,
        floor=settings.propensity_floor,
        folds=inference.folds,
        seed=inference.seed,
        modifiers=tuple(case.names.index(name) for name in wanted if name in case.names),
        count=case.outcome in COUNTS,
        inside=inside,
    )


def _counts(rows: SignedRows, found: SignedEffect) -> Row:
    """Replies and events in both arms and in the first, as the codes let them be estimated."""
    used = rows.mass * found.kept
    events = used * rows.outcome * (rows.seen > 0)

    def total(values: np.ndarray) -> int:
        return max(0, round(float(values.sum())))

    return {
        "n": total(used),
        "n_exposed": total(used * rows.exposed),
        "events": total(events),
        "events_exposed": total(events * rows.exposed),
    }
