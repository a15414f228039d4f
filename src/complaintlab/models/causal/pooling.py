"""Errors of an average over complaints whose authors and companies repeat, and pooling of few companies."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import optimize

from complaintlab.models.causal.inference import ENOUGH_CLUSTERS, Effect, effect, effective_clusters

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

ENOUGH_TO_POOL = 5


def clustered_effect(
    contributions: FloatArray, author: IntArray, company: IntArray, exposed: BoolArray
) -> tuple[Effect, int, bool]:
    """The mean of per-row contributions with its error: (effect, clusters, whether companies were pooled).

    Companies worth at least 15 of equal size: clustered by author and by company (Cameron, Gelbach & Miller
    2011), t with G − 1. Fewer, but at least 5 with both arms: their average by random effects. Fewer still:
    clustered by author, for these companies only.
    """
    by_author = cluster_variance(contributions, author)
    mean = float(contributions.mean())
    companies = len(np.unique(company))
    if effective_clusters(company) >= ENOUGH_CLUSTERS:
        pair = np.unique(np.stack([author, company]), axis=1, return_inverse=True)[1].ravel()
        by_company = cluster_variance(contributions, company)
        both = by_author + by_company - cluster_variance(contributions, pair)
        se = float(np.sqrt(max(both, by_author, by_company)))
        return effect(mean, se, companies - 1.0), companies, False
    both_arms = np.intersect1d(company[exposed], company[~exposed])
    if len(both_arms) >= ENOUGH_TO_POOL:
        inside = np.isin(company, both_arms)
        means, sizes = _by_company(contributions[inside], company[inside])
        return pool(means, by_author * len(contributions) / sizes), len(both_arms), True
    return effect(mean, float(np.sqrt(by_author))), len(np.unique(author)), False


def cluster_variance(contributions: FloatArray, cluster: IntArray) -> float:
    """Variance of the mean of contributions that are independent between clusters only."""
    sums = np.bincount(cluster, contributions - contributions.mean())
    G = len(np.unique(cluster))
    return float(np.sum(sums**2)) / len(contributions) ** 2 * G / max(G - 1, 1)


def pool(means: FloatArray, variances: FloatArray) -> Effect:
    """Average over companies: Paule & Mandel's (1982) variance between, Hartung & Knapp's (2001) interval.

    Modified (Röver, Knapp & Friede 2015): never with a smaller error than the variances given have, which is
    what uneven companies that happen to agree would have. With five companies, one of them seven tenths,
    and effects that differ as much as their errors the plain interval covers 89%, this one 95%.
    """
    G = len(means)
    weights = 1 / (variances + between_variance(means, variances))
    centre = float(np.sum(weights * means) / weights.sum())
    spread = float(np.sum(weights * (means - centre) ** 2)) / (G - 1)
    return effect(centre, float(np.sqrt(max(1.0, spread) / weights.sum())), G - 1.0)


def between_variance(means: FloatArray, variances: FloatArray) -> float:
    """Paule & Mandel's (1982) variance between G estimates: where their weighted squares sum to G − 1."""

    def excess(between: float) -> float:
        weights = 1 / (variances + between)
        centre = np.sum(weights * means) / weights.sum()
        return float(np.sum(weights * (means - centre) ** 2)) - (len(means) - 1)

    largest = float(np.sum((means - means.mean()) ** 2)) + 1e-12
    return float(optimize.brentq(excess, 0.0, largest)) if excess(0.0) > 0 else 0.0


def _by_company(contributions: FloatArray, company: IntArray) -> tuple[FloatArray, FloatArray]:
    labels = np.unique(company, return_inverse=True)[1]
    sizes = np.bincount(labels).astype(float)
    return np.bincount(labels, contributions) / sizes, sizes
