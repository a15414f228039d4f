"""The stage ``reply_effects``: what the first reply's acts do, on the clock that starts with it (ZR).

Each act is contrasted with its absence among complaints with a first reply, everything else about the reply
and the history up to it as they are, by augmented inverse-probability weighting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.causal.aipw import ReplyEffect, reply_effect
from complaintlab.models.causal.inference import codes, effective_size, smd, weighted_mean
from complaintlab.models.reply_effects.followup import AtRisk, at_risk, seen_by
from complaintlab.models.reply_effects.population import OUTCOMES, Answered, answered
from complaintlab.models.strategies import DAY
from complaintlab.params import Analysis, Inference, ReplyEffects
from complaintlab.store import conform
from complaintlab.tables import TABLES

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

MODEL = "augmented-ipw"
SECONDARY_DAYS = (1.0, 3.0)
MINIMUM_EVENTS = 5
MINIMUM_ARM = 20


@dataclass(frozen=True)
class ActClaim:
    """A claim about one act of the first reply and the outcome that decides it."""

    act: str
    primary: str

    @property
    def contrast(self) -> str:
        return f"{self.act}_vs_not"


ACT_CLAIMS = {
    "N1": ActClaim("apology", "turned"),
    "N5": ActClaim("defend", "escalated"),
    "S2": ActClaim("fix", "turned"),
}


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
    """Estimate the claims on apology, defence and fix: risk differences after the first reply.

    A first event before the reply is history, and its complaint leaves that outcome's population. ``n``
    counts the replies that stay; the share of those whose chance of either arm is above the floor has a row
    of scale ``share``, the risk without the act one of scale ``risk``. What cannot be estimated has a row
    with the reason.
    """
    population = answered(
        episodes,
        turns,
        measures,
        horizon_days=analysis.horizon_days,
        act_threshold=analysis.act_threshold,
    )
    parts = [
        _answers(population, claim, outcome, analysis, inference, reply_effects)
        for claim in ACT_CLAIMS
        for outcome in OUTCOMES
    ]
    return Outputs(*(pl.concat(tables) for tables in zip(*parts, strict=True)))


def _answers(
    population: Answered,
    claim: str,
    outcome: str,
    analysis: Analysis,
    inference: Inference,
    reply_effects: ReplyEffects,
) -> Outputs:
    asked = ACT_CLAIMS[claim]
    primary = asked.primary == outcome
    horizon = analysis.horizon_days
    case = at_risk(population, asked.act, outcome, horizon)
    rows, described = [], _none()
    for days in (horizon, *(day for day in SECONDARY_DAYS if day < horizon)):
        key: dict[str, object] = {
            "claim": claim,
            "contrast": asked.contrast,
            "outcome": outcome,
            "variant": "primary" if primary and days == horizon else "secondary",
            "time_days": days,
            "seed": inference.seed,
        }
        event, seen = seen_by(case, days)
        if reason := _too_little(case, event, asked.act, outcome):
            rows.append(_row(key, n=len(event), reason=reason, converged=False))
            continue
        found = estimate(case, event, seen, inference, reply_effects.propensity_floor)
        rows.append(_row(key, **_result(case, event, found)))
        if primary and days == horizon:
            rows += [_share_kept(key, found), _reference(key, found)]
            described = _described(case, asked, found, horizon)
    return described._replace(estimates_reply_effects=pl.concat(rows))


def estimate(
    case: AtRisk, event: BoolArray, seen: FloatArray, inference: Inference, floor: float
) -> ReplyEffect:
    """The act's risk difference in one population, from events and the weights of having seen them."""
    return reply_effect(
        case.exposed,
        event,
        seen,
        case.X,
        codes(case.answered.episodes["author_id"]),
        codes(case.answered.episodes["company"]),
        folds=inference.folds,
        seed=inference.seed,
        floor=floor,
    )


def _too_little(case: AtRisk, event: BoolArray, act: str, outcome: str) -> str | None:
    for arm, name in ((case.exposed, f"with {act}"), (~case.exposed, f"without {act}")):
        if arm.sum() < MINIMUM_ARM:
            return f"Only {int(arm.sum())} first replies {name}: too few to compare."
        if (events := int(event[arm].sum())) < MINIMUM_EVENTS:
            return f"Only {events} critics {outcome} after a first reply {name}: too few."
    return None


def _result(case: AtRisk, event: BoolArray, found: ReplyEffect) -> dict[str, object]:
    counted = event & found.kept & (found.weights > 0)
    return {
        **{name: getattr(found.effect, name) for name in ("estimate", "se", "lower", "upper", "p", "df")},
        "n": int(found.kept.sum()),
        "n_exposed": int((found.kept & case.exposed).sum()),
        "events": int(counted.sum()),
        "events_exposed": int((counted & case.exposed).sum()),
        "clusters": found.clusters,
        "ess": found.ess,
        "converged": found.converged,
    }


def _share_kept(key: dict[str, object], found: ReplyEffect) -> pl.DataFrame:
    share = float(found.kept.mean())
    kept = {"estimate": share, "n": len(found.kept), "n_exposed": int(found.kept.sum()), "converged": True}
    over = {"claim": "-", "outcome": "-", "variant": "secondary", "time_days": 0.0, "scale": "share"}
    return _row({**key, **over}, **kept)


def _reference(key: dict[str, object], found: ReplyEffect) -> pl.DataFrame:
    """The weighted risk without the act, to which the difference is to be added."""
    over = {"variant": "reference", "scale": "risk"}
    return _row(
        {**key, **over}, estimate=found.risk_unexposed, n=int(found.kept.sum()), converged=found.converged
    )


def _row(key: dict[str, object], **rest: object) -> pl.DataFrame:
    default = {"model": MODEL, "subgroup": "all", "scale": "rd", "n": 0, "n_exposed": 0, "events": 0}
    row = {**default, "clusters": 0, "resamples": 0, **key, **rest}
    return conform("estimates_reply_effects", pl.DataFrame([row], infer_schema_length=None))


def _described(case: AtRisk, asked: ActClaim, found: ReplyEffect, horizon_days: float) -> Outputs:
    """Balance and weights of a claim's primary population."""
    first, second = (np.where(arm, found.weights, 0.0) for arm in (case.exposed, ~case.exposed))
    kept = found.kept
    balance = pl.DataFrame(
        {
            "covariate": case.names,
            "smd_before": smd(case.X, case.exposed.astype(float), (~case.exposed).astype(float)),
            "smd_after": smd(case.X[kept], first[kept], second[kept]),
        }
    ).fill_nan(None)
    rows = [
        _weights(case, f"with {asked.act}", case.exposed & kept, first, horizon_days),
        _weights(case, f"without {asked.act}", ~case.exposed & kept, second, horizon_days),
    ]
    contrast = pl.lit(asked.contrast).alias("contrast")
    return _none(
        balance_reply_effects=conform("balance_reply_effects", balance.with_columns(contrast)),
        weights_reply_effects=conform("weights_reply_effects", pl.DataFrame(rows).with_columns(contrast)),
    )


def _weights(
    case: AtRisk, name: str, arm: BoolArray, weights: FloatArray, horizon_days: float
) -> dict[str, object]:
    """One row of ``weights_reply_effects``; ``private`` counts what came by the horizon after the reply."""
    moved = pl.col("private_s") <= pl.col("first_reply_s") + horizon_days * DAY
    private = case.answered.episodes.select(moved.fill_null(False).cast(pl.Float64)).to_series().to_numpy()
    used = weights[weights > 0]
    return {
        "arm": name,
        "n": int(arm.sum()),
        "ess": effective_size(weights),
        "mean": float(used.mean()),
        "p99": float(np.quantile(used, 0.99)),
        "largest": float(used.max()),
        "heard": weighted_mean(case.answered.heard.cast(pl.Float64).to_numpy(), weights),
        "private": weighted_mean(private, weights),
    }


def _none(**tables: pl.DataFrame) -> Outputs:
    """The given tables, the others empty."""
    return Outputs(*(tables.get(name, TABLES[name].create_empty()) for name in Outputs._fields))
