"""The rule of the analysis plan: from an estimate to a verdict, tests adjusted within the claim's family."""

from __future__ import annotations

import math
from collections.abc import Mapping

from statsmodels.stats.multitest import multipletests

from complaintlab.models.normal_or_t import quantile, upper_tail


def p_zero(estimate: float, se: float, df: float | None) -> float:
    """Two-sided test of no effect; normal where ``df`` is null, else t."""
    return 2 * upper_tail(abs(estimate) / se, df)


def p_equivalence(estimate: float, se: float, df: float | None, band: float) -> float:
    """Two one-sided tests (Schuirmann 1987) that the effect lies inside ±``band``: the larger p-value."""
    return max(upper_tail((estimate + band) / se, df), upper_tail((band - estimate) / se, df))


def holm(p_values: Mapping[str, float], size: int) -> dict[str, float]:
    """Holm's (1979) adjusted p-values in a family of ``size`` tests.

    Tests of the family that could not be made are counted with p = 1, so that a claim that cannot be
    tested here makes the others no easier to support.
    """
    if not p_values:
        return {}
    names = list(p_values)
    untested = max(0, size - len(names))
    adjusted = multipletests([*p_values.values(), *[1.0] * untested], method="holm")[1]
    return {name: float(adjusted[row]) for row, name in enumerate(names)}


def benjamini_hochberg(p_values: Mapping[str, float]) -> dict[str, float]:
    """Benjamini and Hochberg's (1995) adjusted p-values: the false discovery rates."""
    if not p_values:
        return {}
    adjusted = multipletests(list(p_values.values()), method="fdr_bh")[1]
    return {name: float(value) for name, value in zip(p_values, adjusted, strict=True)}


def decide(estimate: float, expected: int, p_adjusted: float, p_equivalent: float, alpha: float) -> str:
    """The verdict of a testable claim, equivalence first; both p-values are Holm-adjusted."""
    if p_equivalent < alpha:
        return "no meaningful effect"
    if p_adjusted < alpha:
        return "supported" if estimate * expected > 0 else "contradicted"
    return "inconclusive"


def detectable(se: float, df: float | None, family_size: int, alpha: float, power: float) -> float:
    """The effect that Holm's first step would have detected with probability ``power``.

    Quantiles of the test's own distribution: normal where ``df`` is null, else t (Bloom 1995), which
    is close to the noncentral t unless ``df`` is below 10 (with 4 the probability is 0.74 for 0.8).
    """
    return (quantile(1 - alpha / (2 * family_size), df) + quantile(power, df)) * se


def band(scale: str, sesoi: float) -> float:
    """Half width of the band of no meaningful effect, on the estimate's scale (a ratio's logarithm)."""
    return abs(math.log(sesoi)) if scale == "ratio" else sesoi


def e_value(risk_ratio: float) -> float:
    """E-value (VanderWeele & Ding 2017): how strongly an unmeasured confounder must be tied to both."""
    ratio = max(risk_ratio, 1 / risk_ratio)
    return ratio + math.sqrt(ratio * (ratio - 1))
