"""One exposure's answers: its rows of estimates, balance and weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from complaintlab.models.causal.aipw import (
    Propensity,
    ReplyEffect,
    contributions,
    difference_between,
    dose_effect,
    propensity_of,
    reply_effect,
)
from complaintlab.models.causal.inference import codes, resampling_unit
from complaintlab.models.causal.negative_binomial import MODEL as NEGATIVE_BINOMIAL
from complaintlab.models.causal.negative_binomial import negative_binomial_ratio
from complaintlab.models.causal.pooling import clustered_effect
from complaintlab.models.exposures import GROUPS, Exposure
from complaintlab.models.reply_effects.arms import arm_rows, companies_row
from complaintlab.models.reply_effects.described import balance_rows, weight_rows
from complaintlab.models.reply_effects.followup import COUNTS, AtRisk, at_risk, seen_by
from complaintlab.models.reply_effects.population import Answered
from complaintlab.models.reply_effects.rows import Row, counts, key_of, numbers, row, too_little
from complaintlab.params import Analysis, Inference

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

SECONDARY_DAYS = (1.0, 3.0)
BESIDE = ("turned", "escalated")
"""Outcomes shown beside the one that decides."""

LOWEST, HIGHEST = 0.1, 0.9
"""Quantiles between which a dose is contrasted."""


@dataclass
class Answers:
    """Rows of the stage's tables."""

    estimates: list[Row] = field(default_factory=list)
    balance: list[Row] = field(default_factory=list)
    weights: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Estimation:
    """One population's contrast at one horizon: the data that it was made of, and what was found."""

    case: AtRisk
    y: FloatArray
    seen: FloatArray
    found: ReplyEffect
    author: IntArray
    company: IntArray

    def among(self, rows: BoolArray) -> tuple[FloatArray, BoolArray]:
        """Contributions of the kept rows within ``rows`` (n,), and which of all rows these are."""
        kept = self.found.kept
        first, second = (part[rows[kept]] for part in self.found.pair)
        return contributions(first, second, self.found.measure), rows & kept


def answers(
    population: Answered, exposure: Exposure, analysis: Analysis, inference: Inference, floor: float
) -> Answers:
    """All that is estimated of one exposure."""
    told = Answers()
    beside = () if exposure.clock == "landmark" else BESIDE
    for outcome in dict.fromkeys((exposure.outcome, *beside)):
        _answer(told, population, exposure, outcome, analysis, inference, floor)
    if exposure.clock in ("reply_to_hostile", "second_reply"):
        told.estimates.append(companies_row(population, exposure, analysis.horizon_days, inference.seed))
    if exposure.shown:
        told.estimates += arm_rows(population, exposure, analysis.horizon_days, inference, floor)
    return told


def _answer(
    told: Answers,
    population: Answered,
    exposure: Exposure,
    outcome: str,
    analysis: Analysis,
    inference: Inference,
    floor: float,
) -> None:
    """Add the rows of one outcome: the horizon first, then the earlier ones."""
    late = exposure.clock == "landmark"
    horizon = float(analysis.long_horizon_days - analysis.horizon_days if late else analysis.horizon_days)
    case = at_risk(population, exposure, outcome, horizon)
    author, company = (codes(case.answered.episodes[name]) for name in ("author_id", "company"))
    decides = outcome == exposure.outcome
    earlier = () if late or outcome in COUNTS else SECONDARY_DAYS
    propensity: Propensity | None = None
    for days in (horizon, *(day for day in earlier if day < horizon)):
        first = days == horizon
        time_days = float(analysis.long_horizon_days) if late else days
        key = key_of(exposure, outcome, time_days, inference.seed, primary=decides and first)
        y, seen = seen_by(case, days)
        if reason := too_little(case, y, exposure, np.ones(len(y), dtype=bool)):
            told.estimates += _unknown(key, exposure, decides and first, len(y), reason)
            continue
        propensity = propensity or propensity_of(
            case.exposed, case.X, author, inference.folds, inference.seed
        )
        found = estimate(case, exposure, y, seen, propensity, inference, floor)
        made = Estimation(case, y, seen, found, author, company)
        if reason := too_little(case, y, exposure, found.kept):
            told.estimates += _unknown(key, exposure, decides and first, len(y), reason)
            continue
        told.estimates += _rows(made, exposure, key, decides and first)
        if decides and first:
            told.balance += balance_rows(made.case, exposure, found)
            told.weights += weight_rows(made.case, exposure, found, horizon)


def _unknown(key: Row, exposure: Exposure, decides: bool, n: int, reason: str) -> list[Row]:
    """The row without an estimate; for an interaction the primary one under its own name."""
    name = exposure.contrast if decides else exposure.within_groups
    return [row(key, contrast=name, n=n, reason=reason)]


def estimate(
    case: AtRisk,
    exposure: Exposure,
    y: FloatArray,
    seen: FloatArray,
    propensity: Propensity,
    inference: Inference,
    floor: float,
    stricter: float = 1.0,
) -> ReplyEffect:
    """One population's contrast: a dose's slope, or the two arms by augmented weighting.

    ``floor`` and ``stricter`` as in :func:`~complaintlab.models.causal.aipw.overlap`.
    """
    author, company = (codes(case.answered.episodes[name]) for name in ("author_id", "company"))
    if exposure.dose is not None:
        dose = case.answered.features[exposure.dose].to_numpy()
        span = float(np.quantile(dose, LOWEST)), float(np.quantile(dose, HIGHEST))
        return dose_effect(
            dose, span, y, seen, case.X, author, company, folds=inference.folds, seed=inference.seed
        )
    wanted = [GROUPS[name].confounder for name in exposure.moderators]
    modifiers = tuple(case.names.index(name) for name in wanted if name in case.names)
    return reply_effect(
        case.exposed, y, seen, case.X, author, company, propensity, floor=floor, modifiers=modifiers,
        count=case.outcome in COUNTS, stricter=stricter,
    )  # fmt: skip


def _rows(made: Estimation, exposure: Exposure, key: Row, decides: bool) -> Iterator[Row]:
    """The contrast; for the outcome that decides also share kept, reference, groups, and an interaction."""
    case, found = made.case, made.found
    everybody = np.ones(len(made.y), dtype=bool)
    plain = (
        key
        if exposure.interaction is None
        else {**key, "contrast": exposure.within_groups, "variant": "secondary"}
    )
    yield row(
        plain, **numbers(found.effect), **counts(case, made.y, found, everybody), clusters=found.clusters
    )
    if not decides:
        return
    kept = int(found.kept.sum())
    over = {"claim": "-", "outcome": "-", "variant": "secondary", "time_days": 0.0, "scale": "share"}
    yield row(
        {**key, **over}, estimate=kept / len(found.kept), n=len(found.kept), n_exposed=kept, converged=True
    )
    if found.measure == "log_ratio":
        yield _dispersed(made, plain)
    reference = {**key, "variant": "reference", "scale": "risk"}
    if found.measure != "log_ratio" and exposure.interaction is None:
        yield row(reference, estimate=found.risk_unexposed, n=kept, converged=found.converged)
    for moderator in exposure.moderators:
        yield from _groups(made, exposure, moderator, {**plain, "variant": "secondary"})
    if exposure.interaction is not None:
        yield _interaction(made, exposure, key)


def _dispersed(made: Estimation, key: Row) -> Row:
    """The ratio of mean counts by negative binomial regression with the same weights and confounders."""
    case, found = made.case, made.found
    everybody = np.ones(len(made.y), dtype=bool)
    cluster, df = resampling_unit(made.author, made.company)
    ratio = negative_binomial_ratio(made.y, case.exposed, case.X, found.weights, cluster, df)
    counted = counts(case, made.y, found, everybody) | {"clusters": len(np.unique(cluster[found.kept]))}
    here = {**key, "model": NEGATIVE_BINOMIAL, "variant": NEGATIVE_BINOMIAL}
    if isinstance(ratio, str):
        return row(here, **counted | {"converged": False}, reason=ratio)
    return row(here, **counted, **numbers(ratio))


def _groups(made: Estimation, exposure: Exposure, moderator: str, key: Row) -> Iterator[Row]:
    """The contrast within the two groups of a moderator."""
    inside = made.case.answered.groups[moderator].fill_null(False).to_numpy()
    for name, rows in ((GROUPS[moderator].yes, inside), (GROUPS[moderator].no, ~inside)):
        here = {**key, "subgroup": name}
        if reason := too_little(made.case, made.y, exposure, rows & made.found.kept):
            yield row(here, n=int(rows.sum()), reason=reason)
            continue
        own, which = made.among(rows)
        found, clusters, _ = clustered_effect(
            own, made.author[which], made.company[which], made.case.exposed[which]
        )
        yield row(here, **numbers(found), **counts(made.case, made.y, made.found, rows), clusters=clusters)


def _interaction(made: Estimation, exposure: Exposure, key: Row) -> Row:
    """The contrast inside a group minus that outside; events are those of the group that has fewer.

    Of the model's effective parameters that group has its share by events.
    """
    assert exposure.interaction is not None
    case, kept = made.case, made.found.kept
    inside = case.answered.groups[exposure.interaction].fill_null(False).to_numpy()
    for rows in (inside, ~inside):
        if reason := too_little(case, made.y, exposure, rows & kept):
            return row(key, n=len(made.y), reason=reason)
    own, _ = made.among(np.ones(len(made.y), dtype=bool))
    found, clusters, _ = clustered_effect(
        difference_between(own, inside[kept]), made.author[kept], made.company[kept], case.exposed[kept]
    )
    fewer = min((inside, ~inside), key=lambda rows: float(made.y[rows & kept].sum()))
    counted = counts(case, made.y, made.found, fewer)
    share = float(made.y[fewer & kept].sum()) / max(float(made.y[kept].sum()), 1.0)
    counted["parameters"] = made.found.parameters * share
    return row(key, **numbers(found), **counted, clusters=clusters)
