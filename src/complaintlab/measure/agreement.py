"""Agreement of measures with codes, weighted by the sampling, with bootstrap intervals over clusters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

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


@dataclass(frozen=True)
class Sample:
    """Coded messages as they were drawn, and the resamples of their clusters.

    Each message counts 1/π (Horvitz and Thompson 1952), so that shares are those of Hájek (1971). A
    resample draws whole clusters (an author, an episode, or a message of its own) with replacement (Efron
    and Tibshirani 1993, ch. 8).
    """

    cluster: Integers
    weight: Floats
    draws: Floats
    """How often each cluster occurs (clusters × resamples); the first column is the sample itself."""

    @classmethod
    def of(cls, cluster: Integers, weight: Floats) -> Sample:
        """Of messages with the number of their cluster and a weight; weights are scaled to a mean of 1."""
        g = int(cluster.max()) + 1
        rng = np.random.default_rng(_SEED)
        draws = np.ones((g, RESAMPLES + 1))
        for k in range(1, RESAMPLES + 1):
            draws[:, k] = np.bincount(rng.integers(0, g, g), minlength=g)
        return cls(cluster, weight * (len(weight) / weight.sum()), draws)

    @classmethod
    def simple(cls, n: int) -> Sample:
        """Of n messages that count alike and stand each for itself."""
        return cls.of(np.arange(n), np.ones(n))

    def totals(self, place: Integers, size: int, value: Floats | None = None) -> Floats:
        """Weighted sums of ``value`` (of ones) by place below ``size``: (resamples + 1, size)."""
        amount = self.weight if value is None else self.weight * value
        shape = (size, self.draws.shape[0])
        return np.asarray((csr_array((amount, (place, self.cluster)), shape=shape) @ self.draws).T)

    def figure(self, statistic: Callable[[Floats], float]) -> Figure:
        """A statistic of the messages' weights."""
        weights = (self.weight * drawn[self.cluster] for drawn in self.draws.T)
        return figure(np.array([statistic(weight) for weight in weights]))


def figure(values: Floats) -> Figure:
    """The first value, and the interval of the others: those of the resamples."""
    lower, upper = np.quantile(values[1:], [0.025, 0.975])
    return Figure(float(values[0]), float(lower), float(upper))


def confusion_figures(
    coded: Integers, measured: Integers, k: int, statistic: Statistic, sample: Sample | None = None
) -> list[Figure]:
    """Statistics of a k × k confusion matrix.

    Args:
        coded, measured: label numbers below k, one per message.
        statistic: from matrices (…, k, k), coded by row, to values (…, m).
        sample: how the messages were drawn; as a simple random sample where it is not given.
    """
    sample = sample or Sample.simple(len(coded))
    return figures(statistic(confusion_matrices(coded, measured, k, sample)))


def confusion_matrices(coded: Integers, measured: Integers, k: int, sample: Sample) -> Floats:
    """The weighted confusion matrix of the sample, then of each resample: (resamples + 1, k, k)."""
    return sample.totals(coded * k + measured, k * k).reshape(-1, k, k)


def figures(values: Floats) -> list[Figure]:
    """A figure of each column; a row is the sample or a resample."""
    return [figure(column) for column in values.T]


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


def nominal_alpha(matrices: Floats) -> Floats:
    """Agreement of two coders on labels without an order (Krippendorff 2004); 1 where there is one label."""
    k = matrices.shape[-1]
    return _alpha(matrices, np.broadcast_to(1.0 - np.eye(k), matrices.shape))


def ordinal_alpha(matrices: Floats) -> Floats:
    """Agreement of two coders on ordered labels: distances are those of mid-ranks (Krippendorff 2004)."""
    given = matrices.sum(axis=-1) + matrices.sum(axis=-2)
    ranks = np.cumsum(given, axis=-1) - given / 2
    return _alpha(matrices, np.square(ranks[..., :, None] - ranks[..., None, :]))


def _alpha(matrices: Floats, distance: Floats) -> Floats:
    pairs = matrices + np.swapaxes(matrices, -2, -1)
    given = pairs.sum(axis=-1)
    n = given.sum(axis=-1)
    seen = (pairs * distance).sum(axis=(-2, -1))
    chance = (given[..., :, None] * given[..., None, :] * distance).sum(axis=(-2, -1))
    return np.asarray(1.0 - (n - 1.0) * _ratio(seen, chance))[..., None]


def spearman(coded: Floats, measured: Floats, weight: Floats | None = None) -> float:
    """Rank correlation with mid-ranks for ties; 0 where either does not vary."""
    w = np.ones(len(coded)) if weight is None else weight
    first, second = (_centred_ranks(values, w) for values in (coded, measured))
    spread = float(np.sqrt((w * first * first).sum() * (w * second * second).sum()))
    return float((w * first * second).sum()) / spread if spread else 0.0


def _centred_ranks(values: Floats, weight: Floats) -> Floats:
    _, tie = np.unique(values, return_inverse=True)
    tied = np.bincount(tie, weights=weight)
    return np.asarray((np.cumsum(tied) - tied / 2 - weight.sum() / 2)[tie])


def calibration_error(
    happened: NDArray[np.bool_], probability: Floats, weight: Floats | None = None
) -> float:
    """Mean distance between probability and frequency over ten equal bins (Naeini et al. 2015)."""
    w = np.ones(len(probability)) if weight is None else weight
    gap = np.bincount(probability_bin(probability), weights=w * (happened - probability), minlength=BINS)
    return float(np.abs(gap).sum() / w.sum())


def probability_bin(probability: Floats) -> Integers:
    """Number of the tenth of [0, 1] in which a probability lies."""
    return np.minimum((probability * BINS).astype(np.int64), BINS - 1)


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)
