"""Smallest effects of interest by claim, as claims.yaml ships them; of ratios their logarithms.

They are fixed here, not read from the study at hand: the recovery table must not change when an analyst asks
for another smallest effect. A test compares.
"""

from __future__ import annotations

from math import log

from complaintlab.recovery.contract import Estimand

RATIOS = {"T5": 0.8, "T6": 1.25, "T7": 1.15, "N7": 1.25}
DIFFERENCES = {
    "T1": 0.02, "T2": 0.03, "T3": 0.03, "T4": 0.05, "S5": 0.02,
    "N1": 0.03, "N3": 0.03, "N6": 0.02, "N8": 0.03, "N9": 0.03, "N10": 0.03,
    "S1": 0.02, "S2": 0.05, "S3": 0.05, "S4": 0.01, "S6": 0.02,
    "D1": 0.03, "D3": 0.03, "P1": 0.03,
}  # fmt: skip


def sesoi(claim: str) -> float:
    """Half width of the band of no meaningful effect."""
    return abs(log(RATIOS[claim])) if claim in RATIOS else DIFFERENCES[claim]


def estimands(*claims: str) -> tuple[Estimand, ...]:
    """The claims as estimands."""
    return tuple(Estimand(claim, "log_rr" if claim in RATIOS else "rd", sesoi(claim)) for claim in claims)
