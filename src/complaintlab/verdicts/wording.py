"""Numbers and verdicts in plain words."""

from __future__ import annotations

import math

from complaintlab.claims import Claim

OUTCOMES = {
    "turned": "turning (says that it is solved, or praises)",
    "advocate": "becoming an advocate",
    "escalated": "escalating",
    "later_praise": "praising the company later",
    "spread": "others against the company",
    "recurrences": "further complaints",
    "praise": "later posts of praise",
    "bystanders_negative_share": "bystanders' turns being against the company",
}
MINUS = "−"


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign, a true minus, and no negative zero."""
    rounded = round(value, digits)
    if rounded == 0:
        return f"{0:.{digits}f}"
    return f"{MINUS if rounded < 0 else '+'}{abs(rounded):.{digits}f}"


def amount(value: float, scale: str) -> str:
    """An effect without its unit: points of a risk difference, else the ratio."""
    return f"{math.exp(value):.2f}" if scale == "log_rr" else signed(100 * value)


def marked(value: float, scale: str) -> str:
    """An effect for a table in points, where a ratio stands out by its sign."""
    return f"{'×' if scale == 'log_rr' else ''}{amount(value, scale)}"


def with_unit(value: float, scale: str) -> str:
    """An effect with its unit."""
    return f"a ratio of {amount(value, scale)}" if scale == "log_rr" else f"{amount(value, scale)} points"


def interval(lower: float, upper: float, scale: str) -> str:
    return f"{amount(lower, scale)} to {amount(upper, scale)}"


def probability(p: float) -> str:
    """A p-value after an equals sign or a less-than sign."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def subject(claim: Claim) -> str:
    """Which risk, mean or share the contrast is about, and of what against what."""
    what = quantity(claim)
    comparison = claim.comparison or claim.contrast.replace("_", " ")
    return f"{what[:1].upper()}{what[1:]} within {claim.time_days:g} days, {comparison}"


def quantity(claim: Claim) -> str:
    """What is compared, by the claim's scale."""
    outcome = OUTCOMES.get(claim.outcome, claim.outcome.replace("_", " "))
    kinds = {"rd": "risk of", "ratio": "mean number of", "share": "share with many"}
    return f"{kinds[claim.scale]} {outcome}"


def against_sesoi(estimate: float, lower: float, upper: float, half_width: float, scale: str) -> str:
    """How an effect that is not zero lies to the smallest effect of interest."""
    sesoi = smallest_effect(half_width, scale)
    if min(abs(lower), abs(upper)) >= half_width:
        return f"the whole interval exceeds {sesoi}"
    if abs(estimate) >= half_width:
        return f"the estimate exceeds {sesoi}, not the whole interval"
    return f"the estimate is below {sesoi}"


def smallest_effect(half_width: float, scale: str) -> str:
    return f"the smallest effect of interest ({magnitude(half_width, scale)})"


def detectable_effect(value: float, scale: str, power: float) -> str:
    """The effect that could have been detected, in words."""
    size = magnitude(value, scale) if scale == "log_rr" else f"an effect of {magnitude(value, scale)}"
    return f"{size} would have been detected with probability {power:g}"


def magnitude(value: float, scale: str) -> str:
    """The size of an effect whose direction does not matter; of a ratio above and below one."""
    if scale == "log_rr":
        return f"a ratio of {math.exp(value):.2f} or {math.exp(-value):.2f}"
    return f"{100 * value:.1f} points"
