"""Families of vectors: two ways to find them, and how stable what they find is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

NOISE = -1
COMPONENTS = 20
_DECIMALS = 6
"""Coordinates are rounded so that the last bits of a matrix product cannot move a row to another family."""

HDBSCAN_ROWS = 8_000
"""HDBSCAN compares all pairs; beyond this many distinct texts only k-means is tried."""


LARGEST_SHARE = 2 / 3
"""A family that holds more of the replies than this is no family among others."""


class Grouping(NamedTuple):
    """A family per row, NOISE for none, and how firmly each row belongs, in [0, 1]."""

    labels: Labels
    strength: Floats


Method = Callable[[Floats, Floats], Grouping]
"""From points and weights to a grouping."""


class Families(NamedTuple):
    """The chosen grouping and the stability of each of its families."""

    grouping: Grouping
    stability: dict[int, float]


def principal_components(vectors: NDArray[np.float32], weights: Floats) -> Floats:
    """The first 20 weighted principal components; each points where its largest loading is positive."""
    X = vectors.astype(np.float64)
    X = X - np.average(X, axis=0, weights=weights)
    covariance = (X * weights[:, None]).T @ X / weights.sum()
    _, axes = np.linalg.eigh(covariance)
    axes = axes[:, ::-1][:, :COMPONENTS]
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return np.asarray(np.round(X @ (axes * np.where(largest < 0, -1.0, 1.0)), _DECIMALS))


def k_means(types: int, seed: int) -> Method:
    """MiniBatchKMeans (Sculley 2010); strength is how much nearer the own centre is than the next."""

    def group(points: Floats, weights: Floats) -> Grouping:
        from sklearn.cluster import MiniBatchKMeans

        k = min(types, len(points))
        model = MiniBatchKMeans(k, random_state=seed, n_init=5, batch_size=1024)
        labels = model.fit(points, sample_weight=weights).labels_.astype(np.int64)
        nearest = np.sort(model.transform(points), axis=1)[:, :2]
        if k == 1:
            return Grouping(labels, np.ones(len(points)))
        return Grouping(labels, 1.0 - _ratio(nearest[:, 0], nearest[:, 1]))

    return group


def density(minimum_share: float) -> Method:
    """HDBSCAN (Campello et al. 2013) on distinct texts; the smallest family holds ``minimum_share``."""

    def group(points: Floats, weights: Floats) -> Grouping:
        from sklearn.cluster import HDBSCAN

        smallest = max(5, int(np.ceil(minimum_share * len(points))))
        if len(points) <= smallest:
            return Grouping(np.full(len(points), NOISE), np.zeros(len(points)))
        model = HDBSCAN(min_cluster_size=smallest, min_samples=5, copy=True).fit(points)
        return Grouping(model.labels_.astype(np.int64), np.clip(model.probabilities_, 0.0, 1.0))

    return group


def choose(points: Floats, weights: Floats, methods: list[Method], resamples: int, seed: int) -> Families:
    """The grouping in which a reply's family is most stable on average; the first of equals.

    A reply without a family counts as wholly unstable, so leaving the hard ones out does not pay. A grouping
    in which one family holds nearly everything is trivially stable and tells nothing apart: it counts for
    nothing.
    """
    tried = []
    with threadpool_limits(1):  # on so few rows threads only wait for each other, and sums stay in order
        for method in methods:
            grouping = method(points, weights)
            stable = stability(points, weights, grouping, method, resamples, seed)
            share = {label: weights[grouping.labels == label].sum() / weights.sum() for label in stable}
            tells_apart = max(share.values(), default=0.0) <= LARGEST_SHARE
            score = tells_apart * sum(share[label] * value for label, value in stable.items())
            tried.append((score, grouping, stable))
    _, grouping, stable = max(tried, key=lambda found: found[0])
    return Families(grouping, stable)


def stability(
    points: Floats, weights: Floats, grouping: Grouping, method: Method, resamples: int, seed: int
) -> dict[int, float]:
    """Mean best Jaccard overlap of each family when half of the texts is grouped again (Hennig 2007).

    Args:
        resamples: halves drawn; a family absent from a half is not judged by it.

    Returns:
        Family → stability in [0, 1].
    """
    rng = np.random.default_rng(seed)
    found = np.unique(grouping.labels[grouping.labels != NOISE])
    overlaps: dict[int, list[float]] = {int(label): [] for label in found}
    for _ in range(resamples):
        half = np.sort(rng.permutation(len(points))[: max(2, len(points) // 2)])
        again = method(points[half], weights[half]).labels
        for label, best in _best_overlaps(grouping.labels[half], again, weights[half]).items():
            overlaps[label].append(best)
    return {label: float(np.mean(seen)) if seen else 0.0 for label, seen in overlaps.items()}


def _best_overlaps(first: Labels, second: Labels, weights: Floats) -> dict[int, float]:
    """Per family of ``first`` the greatest weighted Jaccard index with a family of ``second``."""
    best = {}
    for label in np.unique(first[first != NOISE]):
        own = first == label
        overlaps = [
            weights[own & (second == other)].sum() / weights[own | (second == other)].sum()
            for other in np.unique(second[own])
            if other != NOISE
        ]
        best[int(label)] = float(max(overlaps, default=0.0))
    return best


def _ratio(first: Floats, second: Floats) -> Floats:
    return np.divide(first, second, out=np.zeros_like(first), where=second > 0)
