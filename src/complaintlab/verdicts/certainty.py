"""How far a verdict can be trusted: what lowers its certainty, and by how much."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from complaintlab.claims import Claim, Claims
from complaintlab.models.reply_effects.tail import EXACT
from complaintlab.tables.estimates import CERTAINTIES
from complaintlab.verdicts.labels import NOT_CORRECTED, why_not_corrected
from complaintlab.verdicts.rule import e_value, holm
from complaintlab.verdicts.testable import Primary

MODEL_CODED = "model-coded"
WORLD = "world"
"""How the column ``corpus`` of ``quality`` marks coders who are not people, and a world's own truth."""

WEAK_AGREEMENT = 0.667
"""Lower limit below which a measure is too weak (Krippendorff 2004)."""

THESE_ONLY = "these companies only"
"""Of an estimate whose error allows for authors only, or with fewer than 5 companies: it cannot speak for
others."""

NO_CONTROL = "no control could be made"
"""Of a claim whose negative control and placebo were asked for and all came out without an estimate."""

CHECKS = {"negative_control": "negative control", "placebo": "placebo"}
"""Variants of ``estimates_robustness`` that must find nothing."""

FEW_COMPANIES = 15.0
"""Effective number of companies below which estimates are averages over companies, whose number limits
them."""


class Robustness(NamedTuple):
    """What the stage ``robustness`` says: failed checks by claim, and the table ``confounder_strengths``.

    ``unchecked`` are claims of which no check could be made.
    """

    failed: Mapping[str, Sequence[str]]
    confounders: pl.DataFrame
    unchecked: frozenset[str] = frozenset()


def lowered_by(
    claim: Claim, quality: pl.DataFrame, estimates: pl.DataFrame, episodes: pl.DataFrame
) -> list[str]:
    """What lowers the certainty of a claim, the measures first.

    Args:
        quality: how well the measures agree with coded messages.
        estimates: of all stages: labels are corrected where ``label_error`` has an estimate; how weak a
            measure is then costs width of the interval, which shows it. episodes: complaints, for the
            number of companies.
    """
    reasons = ["coders who are not people"] if quality["corpus"].str.contains(MODEL_CODED).any() else []
    if not_corrected := why_not_corrected(claim, estimates):
        if weak := weak_measures(claim, quality):
            reasons.append(f"weak or unjudged measures ({', '.join(weak)})")
        reasons.append(not_corrected)
    if effective_companies(episodes) < FEW_COMPANIES:
        reasons.append("few companies")
    return reasons


def for_these_only(found: Primary, complaints: pl.DataFrame) -> bool:
    """Whether an estimate's error allows for authors, not for companies: too few were left to average.

    The stages count among the complaints that they keep, so their degrees of freedom tell: fewer than
    companies where these are drawn or averaged (than twice of them, of a difference of two such), but those
    of authors, or none, where authors are. An exact test allows for both.
    """
    if found.model == EXACT:
        return False
    return found.df is None or found.df >= 2 * complaints["company"].n_unique()


def unrobust(claim: Claim, e_limit: float | None, robustness: Robustness) -> list[str]:
    """What of the stage ``robustness`` lowers the certainty of a claim.

    Args:
        e_limit: E-value of the limit nearer to no effect; null where there is none.
        robustness: failed checks by claim, and the measured confounders.
    """
    reasons = [f"a failing {check}" for check in robustness.failed.get(claim.id, ())]
    if claim.id in robustness.unchecked:
        reasons.append(NO_CONTROL)
    of_claim = robustness.confounders.filter(pl.col("claim") == claim.id)
    if e_limit is not None and of_claim.height:
        row = of_claim.sort("e_value", "confounder", descending=[True, False]).row(0, named=True)
        if e_limit < row["e_value"]:
            name = str(row["confounder"]).replace("act:", "").replace(":", " ").replace("_", " ")
            reasons.append(f"an E-value under that of the strongest measured confounder ({name})")
    return reasons


def failed_checks(checks: pl.DataFrame, claims: Claims, alpha: float) -> dict[str, list[str]]:
    """Negative controls and placebos, by claim, that found what cannot be.

    Tests are Holm-adjusted over those of a family that are not one and the same: with ten true controls one
    in three families would fail by chance. Cox models stand beside and do not decide.
    """
    failed: dict[str, list[str]] = {}
    family = {claim.id: claim.family for claim in claims.claims}
    known = checks.filter(pl.col("scale").cast(pl.String) == "rd").drop_nulls("p")
    for variant, name in CHECKS.items():
        rows = known.filter(pl.col("variant") == variant).sort("claim").rows(named=True)
        for of in sorted(set(family.values())):
            mine = [row for row in rows if family.get(row["claim"]) == of]
            distinct = {(row["estimate"], row["se"]): row["p"] for row in mine}
            adjusted = holm({str(key): p for key, p in distinct.items()}, 0)
            for row in mine:
                if adjusted[str((row["estimate"], row["se"]))] < alpha:
                    failed.setdefault(row["claim"], []).append(name)
    return failed


def without_checks(checks: pl.DataFrame) -> frozenset[str]:
    """Claims whose negative controls and placebos all came out without a test: nothing was passed.

    A claim with one of them made is not among these, nor one for which none is asked (the placebo of later
    complaints, all of claims that are not run again).
    """
    asked = checks.filter(pl.col("variant").is_in(list(CHECKS)), pl.col("scale").cast(pl.String) == "rd")
    made = asked.drop_nulls("p")["claim"].to_list()
    return frozenset(asked["claim"].to_list()) - frozenset(made)


def certainty(reasons: list[str]) -> str:
    """High without a reason, moderate with one, tentative with more.

    Labels that are not corrected, or a finding for these companies only, make it tentative by themselves.
    """
    if any(reason == THESE_ONLY or reason.startswith(NOT_CORRECTED) for reason in reasons):
        return CERTAINTIES[-1]
    return CERTAINTIES[min(len(reasons), len(CERTAINTIES) - 1)]


def weak_measures(claim: Claim, quality: pl.DataFrame) -> list[str]:
    """Labels on which the claim rests whose F1 (or its measure's agreement) may lie below 0.667."""
    return [label.split(":")[1] for label in claim.measures if not _strong(label, quality)]


def effective_companies(episodes: pl.DataFrame) -> float:
    """(Σn)² / Σn² over companies (Carter, Schnepel & Steigerwald 2017); 0 without complaints."""
    n = np.sort(episodes.group_by("company").len()["len"].to_numpy()).astype(np.float64)
    return float(n.sum() ** 2 / np.square(n).sum()) if len(n) else 0.0


def e_values(found: Primary, scale: str) -> tuple[float | None, float | None]:
    """E-values of an effect and of its limit nearer to no effect (1 where the interval holds it).

    Of ``scale`` log_rr the ratio is the estimate's own. Of a risk difference it is (r + difference) / r,
    where r is the weighted risk of the second arm; null where r is not known or 0, or where a ratio would
    not be positive. A share has no second arm, and nothing that could confound it.
    """
    nearer = 0.0 if found.lower <= 0 <= found.upper else min(found.lower, found.upper, key=abs)
    if scale == "log_rr":
        return e_value(math.exp(found.estimate)), e_value(math.exp(nearer))
    risk = found.reference_risk
    if scale != "rd" or not risk:
        return None, None
    ratios = [(risk + difference) / risk for difference in (found.estimate, nearer)]
    value, limit = (e_value(ratio) if ratio > 0 else None for ratio in ratios)
    return value, limit


def relevant(quality: pl.DataFrame, source: pl.DataFrame) -> pl.DataFrame:
    """The quality that speaks for this source: the world's own truth for a world, else coded messages."""
    simulated = bool(source["simulated"].any())
    whole = quality.filter(pl.col("subgroup") == "all")
    own = whole.filter(pl.col("corpus") == WORLD)
    return own if simulated and own.height else whole.filter(pl.col("corpus") != WORLD)


def _strong(label: str, quality: pl.DataFrame) -> bool:
    """Whether the lower limit of the label's F1, else of its measure's agreement, reaches 0.667."""
    measure, name = label.split(":")
    of = quality.filter((pl.col("measure") == measure) & pl.col("lower").is_not_null())
    lowest = {(statistic, of_label): low for statistic, of_label, low in _lower_limits(of)}
    sought = (("f1", name), ("f1", "macro"), ("spearman", name), ("spearman", "all"), ("kappa", "all"))
    return next((lowest[key] for key in sought if key in lowest), 0.0) >= WEAK_AGREEMENT


def _lower_limits(quality: pl.DataFrame) -> list[tuple[str, str, float]]:
    lowest = quality.group_by(pl.col("statistic").cast(pl.String), "label").agg(pl.col("lower").min())
    return [(str(statistic), str(label), float(low)) for statistic, label, low in lowest.iter_rows()]
