"""One claim's answer: the row of the table ``verdicts``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from complaintlab.claims import Claim
from complaintlab.models.reply_effects.tail import EXACT, detectable_excess, p_smaller
from complaintlab.params import VerdictRule
from complaintlab.verdicts import rule as rules
from complaintlab.verdicts import wording
from complaintlab.verdicts.certainty import certainty, e_values
from complaintlab.verdicts.testable import Primary

SCALES = {"rd": "rd", "ratio": "log_rr", "share": "share"}
"""Scale of claims.yaml → scale of estimates and verdicts."""


@dataclass(frozen=True)
class Case:
    """A claim with all that decides about it.

    ``untestable`` says why it cannot be tested (null: it can); p-values are Holm-adjusted, null until then.
    ``corrected``: errors of the labels are taken out of ``found``; ``measured`` is then the estimate from
    labels as measured, null where there was none.
    """

    claim: Claim
    found: Primary | None
    untestable: str | None
    lowered_by: tuple[str, ...]
    family_size: int
    p_adjusted: float | None = None
    p_equivalent: float | None = None
    corrected: bool = False
    measured: Primary | None = None
    p_discovery: float | None = None

    @property
    def band(self) -> float:
        return rules.band(self.claim.scale, self.claim.sesoi)

    @property
    def p_zero(self) -> float:
        assert self.found is not None
        found = self.found
        return rules.p_zero(found.estimate, found.se, found.df) if found.p is None else found.p

    @property
    def p_decisive(self) -> float:
        """The test that decides: on the expected side a condition beside has to hold as well.

        Both have to be rejected, so the larger p-value counts (intersection–union; Berger 1982).
        """
        assert self.found is not None
        if self.found.p_beside is None or self.found.estimate * self.claim.expected <= 0:
            return self.p_zero
        return max(self.p_zero, self.found.p_beside)


def adjust(cases: list[Case]) -> list[Case]:
    """Holm-adjust the tests of zero and of equivalence within each family at its full size.

    ``p_discovery`` is adjusted over all tested claims by Benjamini and Hochberg, for whoever explores.
    """
    zero: dict[str, float] = {}
    equivalent: dict[str, float] = {}
    for family in sorted({case.claim.family for case in cases}):
        tested = {c.claim.id: c for c in cases if c.claim.family == family and c.found and not c.untestable}
        size = max((c.family_size for c in tested.values()), default=0)
        zero |= rules.holm({name: case.p_decisive for name, case in tested.items()}, size)
        equivalent |= rules.holm({name: _p_equivalent(case) for name, case in tested.items()}, size)
    everything = {c.claim.id: c.p_decisive for c in cases if c.claim.id in zero}
    discovery = rules.benjamini_hochberg(everything)
    return [
        replace(
            case,
            p_adjusted=zero.get(case.claim.id),
            p_equivalent=equivalent.get(case.claim.id),
            p_discovery=discovery.get(case.claim.id),
        )
        for case in cases
    ]


def answer(case: Case, rule: VerdictRule) -> dict[str, Any]:
    """The row of ``verdicts`` but for truth, confirmatory and deviations."""
    head = {
        "claim": case.claim.id,
        "contrast": case.claim.contrast,
        "outcome": case.claim.outcome,
        "scale": SCALES[case.claim.scale],
        "sesoi": case.band,
    }
    if not case.claim.estimated:
        reason = "its estimator is not built yet" + (f"; {case.untestable}" if case.untestable else "")
        return head | _without_estimate("not estimated yet", reason, case.claim)
    if case.untestable or case.found is None:
        return head | _without_estimate("not testable here", case.untestable or "", case.claim)
    return head | _with_estimate(case, case.found, rule)


def _without_estimate(verdict: str, reason: str, claim: Claim) -> dict[str, Any]:
    sentence = f"{wording.subject(claim)}: {verdict}, {reason}."
    return {"verdict": verdict, "reason": reason, "sentence": sentence, "lowered_by": []}


def _with_estimate(case: Case, found: Primary, rule: VerdictRule) -> dict[str, Any]:
    assert case.p_adjusted is not None
    assert case.p_equivalent is not None
    expected, scale = case.claim.expected, SCALES[case.claim.scale]
    verdict = rules.decide(found.estimate, expected, case.p_adjusted, case.p_equivalent, rule.alpha)
    value, limit = e_values(found, scale)
    detectable = _detectable(case, found, rule)
    reason = _reason(verdict, case, found, detectable, rule)
    return {
        "verdict": verdict,
        "certainty": certainty(list(case.lowered_by)),
        "lowered_by": list(case.lowered_by),
        "reason": reason,
        "sentence": (
            f"{wording.subject(case.claim)}: {wording.with_unit(found.estimate, scale)} "
            f"(95% interval {wording.interval(found.lower, found.upper, scale)}{_as_measured(case, scale)}); "
            f"{verdict}: {reason}."
        ),
        **_numbers(found),
        **_measured_numbers(case.measured),
        "p": case.p_zero,
        "p_adjusted": case.p_adjusted,
        "p_discovery": case.p_discovery,
        "detectable": detectable,
        "e_value": value,
        "e_limit": limit,
    }


def _as_measured(case: Case, scale: str) -> str:
    """What stands beside a corrected estimate."""
    if not case.corrected:
        return ""
    if case.measured is None:
        return "; corrected for errors of the labels, which as measured gave none"
    measured = case.measured
    return (
        f"; corrected for errors of the labels, as measured {wording.amount(measured.estimate, scale)}, "
        f"{wording.interval(measured.lower, measured.upper, scale)}"
    )


def _measured_numbers(measured: Primary | None) -> Mapping[str, Any]:
    fields = ("estimate", "lower", "upper")
    return {f"measured_{field}": None if measured is None else getattr(measured, field) for field in fields}


def _numbers(found: Primary) -> Mapping[str, Any]:
    fields = ("model", "estimate", "lower", "upper", "n", "events")
    return {field: getattr(found, field) for field in fields}


def _reason(verdict: str, case: Case, found: Primary, detectable: float, rule: VerdictRule) -> str:
    assert case.p_adjusted is not None
    assert case.p_equivalent is not None
    scale = SCALES[case.claim.scale]
    if verdict == "no meaningful effect":
        size = wording.smallest_effect(case.band, scale)
        but = "" if case.corrected else "; but errors of the labels, not corrected, pull towards no effect"
        return f"smaller than {size}, adjusted {wording.probability(case.p_equivalent)}{but}"
    if verdict == "inconclusive":
        could = wording.detectable_effect(detectable, scale, rule.power)
        if case.p_decisive > case.p_zero:
            could = f"a step of the grid of delays may be reversed by more than 2 points; {could}"
        return f"adjusted {wording.probability(case.p_adjusted)}; {could}"
    size = wording.against_sesoi(found.estimate, found.lower, found.upper, case.band, scale)
    return f"adjusted {wording.probability(case.p_adjusted)}; {size}"


def _detectable(case: Case, found: Primary, rule: VerdictRule) -> float:
    """The effect that the claim's test would have detected; of an exact test the standard error says less."""
    if found.model == EXACT:
        return detectable_excess(found.ess or 1.0, rule.alpha / case.family_size, rule.power)
    return rules.detectable(found.se, found.df, case.family_size, rule.alpha, rule.power)


def _p_equivalent(case: Case) -> float:
    assert case.found is not None
    if case.found.model == EXACT:
        return p_smaller(case.found.estimate, case.found.ess or 1.0, case.band)
    return rules.p_equivalence(case.found.estimate, case.found.se, case.found.df, case.band)
