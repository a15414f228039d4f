"""Agreement of measures with codes, with bootstrap intervals over messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

Statistic = Callable[[Floats], Floats]
"""From confusion matrices (…, k, k) to values (…, m)."""

RESAMPLES = 400
BINS = 10
_SEED = 20260101


class Figure(NamedTuple):
    """A statistic with its 95% percentile interval."""

    value: float
    lower: float
    upper: float


def confusion_figures(coded: Integers, measured: Integers, k: int, statistic: Statistic) -> list[Figure]:
    """Statistics of a k × k confusion matrix, resampled as whole messages.

    Drawing n messages with replacement changes only the counts of the k² cells, which are multinomial:
    one draw of cells stands for one resample (Efron and Tibshirani 1993, ch. 5).

    Args:
        coded, measured: label numbers below k, one per message.
        statistic: from matrices (…, k, k), coded by row, to values (…, m).
    """
    cells = np.bincount(coded * k + measured, minlength=k * k).astype(np.float64)
    n = int(cells.sum())
    draws = np.random.default_rng(_SEED).multinomial(n, cells / n, size=RESAMPLES).astype(np.float64)
    observed = statistic(cells.reshape(k, k))
    resampled = statistic(draws.reshape(RESAMPLES, k, k))
    return [_figure(float(value), resampled[:, j]) for j, value in enumerate(observed)]


def sample_figure(n: int, statistic: Callable[[Integers], float]) -> Figure:
    """A statistic of a sample of n messages, given by their numbers."""
    rng = np.random.default_rng(_SEED)
    resampled = [statistic(rng.integers(0, n, n)) for _ in range(RESAMPLES)]
    return _figure(statistic(np.arange(n)), np.array(resampled))


def _figure(value: float, resampled: Floats) -> Figure:
    lower, upper = np.quantile(resampled, [0.025, 0.975])
    return Figure(value, float(lower), float(upper))


def f1(matrices: Floats) -> Floats:
    """F1 of each label; 0 for a label that is neither coded nor measured."""
    hits = np.diagonal(matrices, axis1=-2, axis2=-1)
    total = matrices.sum(axis=-1) + matrices.sum(axis=-2)
    return 2.0 * _ratio(hits, total)


def precision(matrices: Floats) -> Floats:
    """Share of the messages measured as a label that are coded so."""
    return _ratio(np.diagonal(matrices, axis1=-2, axis2=-1), matrices.sum(axis=-2))


def recall(matrices: Floats) -> Floats:
    """Share of the messages coded as a label that are measured so."""
    return _ratio(np.diagonal(matrices, axis1=-2, axis2=-1), matrices.sum(axis=-1))


def kappa(matrices: Floats) -> Floats:
    """Agreement beyond chance (Cohen 1960); 1 where both always give the same one label."""
    n = matrices.sum(axis=(-2, -1))
    seen = np.trace(matrices, axis1=-2, axis2=-1) / n
    chance = (matrices.sum(axis=-1) * matrices.sum(axis=-2)).sum(axis=-1) / n**2
    return np.where(chance < 1.0, _ratio(seen - chance, 1.0 - chance), 1.0)[..., None]


def spearman(coded: Floats, measured: Floats) -> float:
    """Rank correlation with mid-ranks for ties; 0 where either does not vary."""
    first, second = (rankdata(values) - (len(values) + 1) / 2 for values in (coded, measured))
    spread = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / spread if spread else 0.0


def calibration_error(happened: NDArray[np.bool_], probability: Floats) -> float:
    """Mean distance between probability and frequency over ten equal bins (Naeini et al. 2015)."""
    place = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    frequency = np.bincount(place, weights=happened.astype(np.float64), minlength=BINS)
    expected = np.bincount(place, weights=probability, minlength=BINS)
    return float(np.abs(frequency - expected).sum() / len(probability))


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)
