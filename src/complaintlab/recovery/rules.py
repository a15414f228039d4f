"""What fails: the rules of the analysis plan on coverage, false verdicts and bias."""

from __future__ import annotations

from math import isnan

from scipy import stats

from complaintlab.recovery.contract import Scale

LEVEL = 0.99
"""Of the exact binomial intervals, Bonferroni-corrected over the table's rows of our own estimators."""
ALPHA = 0.05
LOWEST_COVERAGE, HIGHEST_COVERAGE = 0.93, 0.97
RELATIVE_BIAS = 0.05
BIAS: dict[Scale, float] = {"log_hr": 0.03, "log_rr": 0.03, "rd": 0.005, "risk": 0.005}
"""Bias that may always be: 0.03 on a logarithm; of risks half a point, a quarter of the smallest SESOI."""


def exact_interval(successes: int, n: int, level: float) -> tuple[float, float]:
    """Clopper and Pearson's (1934) interval of a share; the whole range without trials."""
    if n == 0:
        return 0.0, 1.0
    found = stats.binomtest(successes, n).proportion_ci(confidence_level=level, method="exact")
    return float(found.low), float(found.high)


def bonferroni(rows: int) -> float:
    """The level of each of ``rows`` intervals that are to hold together."""
    return 1 - (1 - LEVEL) / max(rows, 1)


def biased(bias: float, mcse: float, truth: float, scale: Scale) -> bool:
    """Whether the bias is beyond Monte-Carlo error and beyond what may be."""
    if isnan(mcse):
        return False
    return abs(bias) - 2 * mcse > max(RELATIVE_BIAS * abs(truth), BIAS[scale])


def miscovering(interval: tuple[float, float], *, few_companies: bool) -> bool:
    """Whether the coverage's interval excludes 93 to 97% (with few companies: lies below 93%)."""
    lower, upper = interval
    return upper < LOWEST_COVERAGE or (lower > HIGHEST_COVERAGE and not few_companies)


def too_often_false(interval: tuple[float, float]) -> bool:
    """Whether verdicts where nothing has an effect are surely more frequent than the test's size."""
    return interval[0] > ALPHA
