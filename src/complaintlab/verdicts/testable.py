"""Whether a claim can be tested here: what its source must carry, and the minimum of events and companies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import polars as pl

from complaintlab.claims import Claim
from complaintlab.errors import UserError
from complaintlab.models.exposures import (
    EXPOSURES,
    FAIR,
    SPREAD_CONTRAST,
    Exposure,
    joined,
    reply_features,
)
from complaintlab.models.reply_effects.bystanders import CONTRAST as NOT_YET_CONTRAST
from complaintlab.models.reply_effects.tail import EXACT, informative_size
from complaintlab.models.strategies import DAY, TIMING_CONTRASTS, concerns, follows
from complaintlab.models.trials.steps import SMALLEST_STEP
from complaintlab.params import Trials, VerdictRule

UNMET = {
    "answered_and_not": "the source holds only threads that were answered",
    "threads_complete": "the source does not hold whole threads",
    "prospective": "posts were not first seen soon after they were posted",
    "deletions_attributed": "the source does not tell who deleted a post",
    "engagement_timestamped": "likes and reposts carry no time of counting",
    "roots_seen": "no complaint has its opener here",
    "signatures": "replies carry no signatures",
}
"""What to say where a requirement of claims.yaml is not met."""


@dataclass(frozen=True)
class Primary:
    """The primary estimate of a claim, as its stage made it; risks and differences are proportions.

    ``reference_risk`` is the weighted risk in the second arm, ``companies`` how many have both arms,
    ``parameters`` the effective number in the outcome's model, ``p_beside`` the test of a second condition
    without which the claim is not supported; null where the stage does not tell, or there is none.
    """

    model: str
    estimate: float
    se: float
    lower: float
    upper: float
    p: float | None
    df: float | None
    n: int
    n_exposed: int
    events: int
    events_exposed: int | None
    ess: float | None
    reference_risk: float | None
    companies: int | None = None
    parameters: float | None = None
    p_beside: float | None = None


def unmet(claim: Claim, source: pl.DataFrame, episodes: pl.DataFrame, measures: pl.DataFrame) -> list[str]:
    """Which of the claim's requirements the source does not meet, in words; all where ``source`` is empty."""
    row = source.row(0, named=True) if source.height else {}
    signed = measures.filter(pl.col("acts").list.contains("personal"))
    met = {
        "answered_and_not": not row.get("selected_on_reply", True),
        "roots_seen": not episodes.is_empty(),
        "signatures": not signed.is_empty(),
    }
    return [UNMET[need] for need in claim.requires if not met.get(need, row.get(need, False))]


def primary(claim: Claim, estimates: pl.DataFrame, rule: VerdictRule) -> Primary | str:
    """The claim's primary estimate, or one phrase that says why there is none."""
    of_claim = estimates.filter(
        (pl.col("claim") == claim.id)
        & (pl.col("contrast") == claim.contrast)
        & (pl.col("outcome") == claim.outcome)
        & (pl.col("subgroup") == "all")
        & (pl.col("time_days") == claim.time_days)
    )
    rows = of_claim.filter(pl.col("variant") == "primary")
    if rows.is_empty():
        return f"the stage {claim.stage} made no estimate of it"
    if rows.height > 1:
        raise UserError(
            f"The stage {claim.stage} gave {rows.height} primary estimates of claim {claim.id}: "
            "there must be one."
        )
    row = rows.row(0, named=True)
    if row["estimate"] is None or not row["se"] or not row["converged"]:
        return _why_none(row, rule)
    reference = of_claim.filter(pl.col("variant") == "reference", pl.col("scale").cast(pl.String) == "risk")
    row["reference_risk"] = reference["estimate"][0] if reference.height else None
    counted = of_claim.filter(pl.col("variant") == "companies")
    row["companies"] = counted["n_exposed"][0] if counted.height else None
    row["p_beside"] = p_beside(claim, estimates)
    return Primary(**{field: row[field] for field in Primary.__dataclass_fields__})


def p_beside(claim: Claim, estimates: pl.DataFrame) -> float | None:
    """Of T4 the test that no step of the grid of delays is reversed; 1 where a step has no estimate."""
    steps = estimates.filter((pl.col("claim") == claim.id) & (pl.col("contrast") == SMALLEST_STEP))
    if steps.is_empty():
        return None
    p = steps["p"][0]
    return 1.0 if p is None else float(p)


def _why_none(row: dict[str, Any], rule: VerdictRule) -> str:
    """Why there is no estimate; too few events are said without their number, which may be a small cell."""
    exposed = row["events_exposed"] or 0
    if row["events"] and min(exposed, row["events"] - exposed) < rule.events_per_arm:
        return f"fewer than {rule.events_per_arm} events in an arm"
    if row["reason"]:
        reason = str(row["reason"]).rstrip(". ")
        return _without_small_counts(reason[:1].lower() + reason[1:], rule.events_per_arm)
    if row["estimate"] is not None and row["se"]:
        return "a fit behind the estimate did not converge"
    return "there is no estimate with a standard error"


def _without_small_counts(reason: str, minimum: int) -> str:
    def counted(found: re.Match[str]) -> str:
        return f"fewer than {minimum}" if int(found[1]) < minimum else found[0]

    return re.sub(r"\bonly (\d+)\b", counted, reason)


def below_minimum(found: Primary, claim: Claim, companies: int, rule: VerdictRule) -> str | None:
    """The first minimum of the analysis plan that an estimate misses, in words; null if none.

    ``companies`` have both arms, unless the estimate itself says how many do. An exact test of one sample
    needs no events: without any it still bounds the share, if the sample is large enough.
    """
    if found.model == EXACT:
        if (found.ess or 0) < (least := informative_size(claim.sesoi)):
            return f"fewer than {least} independent threads: even none with the outcome would tell nothing"
    elif why := _too_few_events(found, rule):
        return why
    if found.ess is not None and found.ess < rule.ess_per_arm:
        return f"effective sample size of an arm below {rule.ess_per_arm}"
    if (companies if found.companies is None else found.companies) < rule.companies_both_arms:
        return f"fewer than {rule.companies_both_arms} companies with both arms"
    return None


def _too_few_events(found: Primary, rule: VerdictRule) -> str | None:
    exposed = found.events // 2 if found.events_exposed is None else found.events_exposed
    if min(exposed, found.events - exposed) < rule.events_per_arm:
        return f"fewer than {rule.events_per_arm} events in an arm"
    limiting = min(found.events, found.n - found.events) if found.n > found.events else found.events
    if found.parameters is not None and limiting < rule.events_per_parameter * found.parameters:
        return f"fewer than {rule.events_per_parameter} events per effective parameter"
    return None


def companies_with_both_arms(
    claim: Claim, episodes: pl.DataFrame, measures: pl.DataFrame, trials: Trials, horizon_days: float
) -> int:
    """How many companies have complaints in either arm of the claim's contrast.

    Args:
        episodes: complaints and praise, of which those that the claim is about are taken.
        measures: acts of replies, by ``post_id`` and ``company``.
        trials: shares answered before, between which an episode is eligible for a timing trial.
        horizon_days: first replies after this many days count as none; also the landmark.

    0 where arms rest on more than first replies, or on matches: the stage itself counts the companies then.
    Of the one sample of P2 all companies with a fair reply count.

    Raises:
        UserError: nothing defines the arms of this contrast.
    """
    if claim.stage == "deletion" or claim.contrast == NOT_YET_CONTRAST:
        return 0
    if claim.id in TIMING_CONTRASTS:
        arms = TIMING_CONTRASTS[claim.id]
        eligible = episodes.filter(
            concerns(arms.population),
            pl.col("answered_share_before").is_between(trials.positivity_lower, trials.positivity_upper),
        )
        return _with_both(eligible, follows(arms.first), follows(arms.second))
    complaints = episodes.filter(concerns("complaints"))
    if claim.contrast == SPREAD_CONTRAST:
        return _with_both(_replied(complaints, measures, horizon_days), FAIR.holds(), FAIR.holds())
    exposure = _exposure(claim)
    if exposure.clock == "landmark":
        turned = (pl.col("turned_s") <= horizon_days * DAY).fill_null(False)
        eligible = complaints.with_columns(turned_by_landmark=turned)
    elif exposure.clock == "first_reply":
        eligible = _replied(complaints, measures, horizon_days)
    else:
        return 0
    return _with_both(eligible, exposure.first.holds(), exposure.second.holds())


def _with_both(eligible: pl.DataFrame, first: pl.Expr, second: pl.Expr) -> int:
    arms_of = eligible.group_by("company").agg(first.any().alias("first"), second.any().alias("second"))
    return arms_of.filter(pl.col("first") & pl.col("second")).height


def _replied(episodes: pl.DataFrame, measures: pl.DataFrame, horizon_days: float) -> pl.DataFrame:
    """company and the features of each first reply that was measured."""
    acts = measures.drop_nulls("acts").select(
        pl.col("post_id").alias("first_reply_id"), "company", "template", acts=joined()
    )
    replies = episodes.filter(pl.col("first_reply_s") <= horizon_days * DAY).join(
        acts, on=["first_reply_id", "company"]
    )
    return pl.concat([replies.select("company"), reply_features(replies)], how="horizontal")


def _exposure(claim: Claim) -> Exposure:
    exposure = EXPOSURES.get(claim.id)
    if exposure is None or exposure.contrast != claim.contrast:
        raise UserError(
            f"claims.yaml: claim {claim.id} has the stage '{claim.stage}', which does not estimate the "
            f"contrast '{claim.contrast}': set its stage to null."
        )
    return exposure
