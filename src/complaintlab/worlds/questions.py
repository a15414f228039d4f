"""What the stage ``truth`` is asked: each claim's contrast as two policies, an outcome and a population."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from complaintlab.claims import Claim, Claims
from complaintlab.labels import STANCES
from complaintlab.models.deletion_strategies import DELETED, LEFT
from complaintlab.models.exposures import EXPOSURES, Exposure
from complaintlab.models.strategies import (
    BESIDE,
    LATER,
    PROPER_24H,
    TIMING_CONTRASTS,
    Contrast,
    Population,
)
from complaintlab.params import Analysis
from complaintlab.worlds.bystanders import expected_spread
from complaintlab.worlds.history import TURNED, History, Policy
from complaintlab.worlds.laws import Floats, Laws
from complaintlab.worlds.naturally import NATURALLY, Naturally
from complaintlab.worlds.people import Complaints
from complaintlab.worlds.sequels import expected_recurrences

OUTCOMES: dict[str, tuple[int, ...]] = {"turned": TURNED, "escalated": (STANCES.index("escalates"),)}
EXPECTED: dict[str, Callable[[Complaints, History, Laws, float], Floats]] = {
    "spread": expected_spread,
    "recurrences": expected_recurrences,
}
"""Counts, expected given a history."""
DELETION_ARMS: dict[str, tuple[Policy, Policy]] = {
    "D1": (Policy(deletion=DELETED), Policy(deletion=LEFT)),
    "D3": (Policy(timing=PROPER_24H, deletion=LEFT), Policy(deletion=DELETED)),
}
"""Of complaints on the company's own page. D2 is D1 less the same of nonsense, which is an integral."""

PRECISION = 0.0195
"""Largest Monte-Carlo error aimed at, as a share of the smallest effect of interest."""


@dataclass(frozen=True)
class Question:
    """One contrast: risk of ``outcome`` under the first policy minus that under the second.

    Of a count the logarithm of the ratio of means. With an ``exposure`` over the episodes that each policy
    puts into its arm, else over those of ``population``; ``hosted``: only on the company's own page. With
    ``naturally`` of natural histories instead, whatever the policies. ``scale`` is that of estimates.
    """

    claim: str
    contrast: str
    outcome: str
    first: Policy
    second: Policy
    clock: Literal["complaint", "reply"]
    sesoi: float
    exposure: Exposure | None = None
    population: Population = "complaints"
    hosted: bool = False
    naturally: Naturally | None = None
    scale: str = "rd"

    @property
    def counted(self) -> bool:
        return self.scale == "log_rr"

    @property
    def precision(self) -> float:
        """Largest Monte-Carlo error aimed at, on the scale of the contrast."""
        return PRECISION * (abs(math.log(self.sesoi)) if self.counted else self.sesoi)

    def days(self, analysis: Analysis) -> tuple[float, ...]:
        """The horizons at which the contrast is told."""
        if self.counted or self.naturally is not None:
            late = self.outcome in (*LATER, "later_praise")
            return (float(analysis.long_horizon_days if late else analysis.horizon_days),)
        return tuple(sorted({1.0, 3.0, float(analysis.horizon_days)}))


def questions(claims: Claims) -> list[Question]:
    """What is asked of the world: every timing contrast, every act that the stage reply_effects estimates."""
    asked = []
    for claim in claims.claims:
        if claim.id in NATURALLY:
            about = (claim.id, claim.contrast, claim.outcome)
            scale = {"ratio": "log_rr"}.get(claim.scale, claim.scale)
            asked.append(
                Question(
                    *about, Policy(), Policy(), "complaint", claim.sesoi,
                    naturally=NATURALLY[claim.id], scale=scale,
                )
            )  # fmt: skip
        elif claim.id in TIMING_CONTRASTS:
            contrasts = (TIMING_CONTRASTS[claim.id], *BESIDE.get(claim.id, ()))
            asked += [question for contrast in contrasts for question in _timing(claim, contrast)]
        elif claim.id in DELETION_ARMS:
            about = (claim.id, claim.contrast, claim.outcome)
            asked.append(Question(*about, *DELETION_ARMS[claim.id], "complaint", claim.sesoi, hosted=True))
        elif (exposure := _exposure_of(claim)) and (act := exposure.act_set):
            arms = Policy(act=(act, True)), Policy(act=(act, False))
            asked.append(
                Question(claim.id, claim.contrast, claim.outcome, *arms, "reply", claim.sesoi, exposure)
            )
    return asked


def _timing(claim: Claim, contrast: Contrast) -> Iterator[Question]:
    """The outcomes of a contrast of strategies that the world has laws for."""
    arms = Policy(timing=contrast.first), Policy(timing=contrast.second)
    for outcome in (contrast.outcome, *contrast.also):
        if outcome in OUTCOMES or outcome in EXPECTED:
            about = (claim.id, contrast.name, outcome)
            scale = "log_rr" if outcome in EXPECTED else "rd"
            yield Question(
                *about, *arms, "complaint", claim.sesoi, population=contrast.population, scale=scale
            )


def _exposure_of(claim: Claim) -> Exposure | None:
    """The claim's exposure, if its outcome is simulated."""
    exposure = EXPOSURES.get(claim.id)
    asked = claim.stage == "reply_effects" and claim.outcome in OUTCOMES
    return exposure if asked and exposure and exposure.contrast == claim.contrast else None
