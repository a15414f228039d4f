"""What the causal stages share: resampling of clusters, intervals, effective sizes and balance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.normal_or_t import quantile, upper_tail

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ENOUGH_CLUSTERS = 15.0


@dataclass(frozen=True)
class Effect:
    """An estimate with its 95% interval and the two-sided test of zero; ``df`` None for the normal."""

    estimate: float
    se: float
    lower: float
    upper: float
    p: float
    df: float | None


def effect(estimate: float, se: float, df: float | None = None) -> Effect:
    """Interval and test of an estimate whose error is normal, or t with ``df``."""
    half = quantile(0.975, df) * se
    p = 2 * upper_tail(abs(estimate) / se, df) if se > 0 else float("nan")
    return Effect(estimate, se, estimate - half, estimate + half, p, df)


def codes(values: pl.Series) -> IntArray:
    """Number of each value among the sorted distinct values."""
    return values.rank("dense").cast(pl.Int64).to_numpy() - 1


def effective_clusters(cluster: IntArray) -> float:
    """G* = (Σn)²/Σn²: clusters of equal size these are worth (Carter et al. 2017)."""
    if len(cluster) == 0:
        return 0.0
    sizes = np.bincount(cluster).astype(float)
    return float(sizes.sum() ** 2 / np.sum(sizes**2))


def resampling_unit(author: IntArray, company: IntArray) -> tuple[IntArray, float | None]:
    """Clusters to resample and degrees of freedom: whole companies where G* ≥ 15, else whole authors."""
    if effective_clusters(company) >= ENOUGH_CLUSTERS:
        return company, float(len(np.unique(company)) - 1)
    return author, None


def multiplicities(cluster: IntArray, resamples: int, seed: int) -> Iterator[FloatArray]:
    """How often each row is drawn when whole clusters are drawn with replacement, resample by resample."""
    generator = np.random.default_rng(seed)
    n = int(cluster.max()) + 1
    for _ in range(resamples):
        drawn = np.bincount(generator.integers(0, n, n), minlength=n)
        yield drawn[cluster].astype(float)


def effective_size(weights: FloatArray) -> float:
    """Kish's (Σw)²/Σw²; 0 without any weight."""
    squares = float(np.sum(weights**2))
    return float(np.sum(weights)) ** 2 / squares if squares > 0 else 0.0


def weighted_mean(values: FloatArray, weights: FloatArray) -> float | None:
    """None without any weight."""
    total = float(np.sum(weights))
    return float(np.sum(values * weights)) / total if total > 0 else None


def smd(X: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
    """Standardised mean difference of each column between two weightings of the same rows.

    The unit is the standard deviation over all rows, unweighted, so that before and after compare
    (Austin & Stuart 2015). NaN for a constant column or an empty arm.
    """
    spread = X.std(axis=0)
    if first.sum() <= 0 or second.sum() <= 0:
        return np.full(X.shape[1], np.nan)
    difference = first @ X / first.sum() - second @ X / second.sum()
    varies = X.max(axis=0) > X.min(axis=0)  # the deviation of a constant may be a rounding error
    return np.asarray(np.divide(difference, spread, out=np.full(X.shape[1], np.nan), where=varies))


def standardise(X: FloatArray) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Columns with mean 0 and standard deviation 1, constant ones dropped: (matrix, which were kept)."""
    if len(X) == 0:
        return X, np.zeros(X.shape[1], dtype=bool)
    spread = X.std(axis=0)
    kept = spread > 1e-12
    return (X[:, kept] - X[:, kept].mean(axis=0)) / spread[kept], kept
