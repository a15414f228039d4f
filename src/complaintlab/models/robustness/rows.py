"""Rows of the stage's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from complaintlab.models.causal.inference import Effect
from complaintlab.models.reply_effects.rows import Row, numbers, row
from complaintlab.models.robustness.before import Before
from complaintlab.models.robustness.choices import Specification
from complaintlab.models.robustness.confounding import Strength

NEGATIVE_CONTROL, PLACEBO, WITHOUT = "negative_control", "placebo", "without_company"
"""Variants of the rows of ``estimates_robustness``."""

HOSTILE_BEFORE = "negative_before_reply"
RISK_SETS, COX = "risk-set matching", "cox_time_dependent"

Primary = dict[str, Any]
"""A claim's primary row of ``estimates_trials`` or ``estimates_reply_effects``."""


def variant_of(primary: Primary, variant: str, seed: int, **changed: Any) -> Row:
    """What tells a row of ``estimates_robustness`` from others: the claim's own key under another variant."""
    kept = ("claim", "contrast", "outcome", "model", "subgroup", "time_days", "scale")
    return {name: primary[name] for name in kept} | {"variant": variant, "seed": seed} | changed


def without_row(
    primary: Primary,
    company: str,
    estimate: float | None,
    effect: Effect | None,
    n: int,
    clusters: int,
    seed: int,
) -> Row:
    """A claim's contrast without one company; with an interval where one is to be had for nothing."""
    key = variant_of(primary, WITHOUT, seed, subgroup=company)
    found = {"estimate": estimate} if effect is None else numbers(effect)
    why = None if estimate is not None else "nobody is at risk in one of the arms"
    return row(key, **found, n=n, clusters=clusters, converged=estimate is not None, reason=why)


def before_row(
    primary: Primary, variant: str, outcome: str, days: float, made: Before | str, seed: int
) -> Row:
    """A negative control or placebo of a claim on timing."""
    key = variant_of(
        primary, variant, seed, outcome=outcome, model=RISK_SETS, scale="rd", time_days=days, subgroup="all"
    )
    if isinstance(made, str):
        return row(key, reason=made)
    return row(
        key, **numbers(made.effect), n=made.n, n_exposed=made.n, events=made.events,
        events_exposed=made.events, clusters=made.clusters, converged=True,
    )  # fmt: skip


def specification_row(
    primary: Primary, place: int, spec: Specification, effect: Effect | str, n: int, events: int
) -> Row:
    """A row of ``specifications``; of place 0 the numbers are those of the primary estimate itself."""
    head = {name: primary[name] for name in ("claim", "contrast", "outcome")}
    head |= {"scale": str(primary["scale"]), "place": place, "primary": place == 0}
    # a landmark's horizon counts from the complaint
    head |= spec.columns() | {"time_days": primary["time_days"] if place == 0 else spec.days}
    if place == 0:
        told = {name: primary[name] for name in ("estimate", "se", "lower", "upper", "n", "events", "reason")}
        return head | told
    if isinstance(effect, str):
        nothing: Row = dict.fromkeys(("estimate", "se", "lower", "upper"))
        return head | nothing | {"n": n, "events": events, "reason": effect}
    told = {name: getattr(effect, name) for name in ("estimate", "se", "lower", "upper")}
    return head | told | {"n": n, "events": events, "reason": None}


def strength_rows(claim: str, found: Sequence[Strength]) -> list[Row]:
    """Rows of ``confounder_strengths``."""
    names = ("confounder", "n", "rr_exposure", "rr_outcome", "bounding", "e_value")
    return [{"claim": claim} | {name: getattr(one, name) for name in names} for one in found]
