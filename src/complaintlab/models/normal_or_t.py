"""The distribution that a statistic is judged by: the normal, or t where few clusters stand behind it.

From ``scipy.special``: ``scipy.stats`` takes a second to import, in every process of every stage.
"""

from __future__ import annotations

from scipy.special import ndtr, ndtri, stdtr, stdtrit


def quantile(probability: float, df: float | None) -> float:
    """Of the normal where ``df`` is None, else of t."""
    return float(ndtri(probability) if df is None else stdtrit(df, probability))


def upper_tail(statistic: float, df: float | None) -> float:
    """The chance to lie above ``statistic``; NaN for NaN."""
    return float(ndtr(-statistic) if df is None else stdtr(df, -statistic))
