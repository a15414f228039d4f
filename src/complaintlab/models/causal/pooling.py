"""Errors of an average over complaints whose authors and companies repeat, and pooling of few companies."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from complaintlab.models.causal.inference import ENOUGH_CLUSTERS, Effect, effect, effective_clusters

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

ENOUGH_TO_POOL = 5


def clustered_effect(
    contributions: FloatArray, author: IntArray, company: IntArray, exposed: BoolArray
) -> tuple[Effect, int, FloatArray | None]:
    """The mean of per-row contributions with its error: (effect, clusters, what each row counts).

    Companies worth at least 15 of equal size: clustered by author and by company (Cameron, Gelbach & Miller
    2011), t with G − 1. Fewer, but at least 5 with both arms: their average by random effects. Fewer still:
    clustered by author, for these companies only. What rows (n,) count sums to one, and is told only where
    companies were pooled: else all count alike.
    """
    by_author = cluster_variance(contributions, author)
    mean = float(contributions.mean())
    companies = len(np.unique(company))
    if effective_clusters(company) >= ENOUGH_CLUSTERS:
        pair = np.unique(np.stack([author, company]), axis=1, return_inverse=True)[1].ravel()
        by_company = cluster_variance(contributions, company)
        both = by_author + by_company - cluster_variance(contributions, pair)
        se = float(np.sqrt(max(both, by_author, by_company)))
        return effect(mean, se, companies - 1.0), companies, None
    both_arms = np.intersect1d(company[exposed], company[~exposed])
    if len(both_arms) >= ENOUGH_TO_POOL:
        inside = np.isin(company, both_arms)
        means, sizes, place = _by_company(contributions[inside], company[inside])
        variances = by_author * len(contributions) / sizes
        counts = np.zeros(len(contributions))
        counts[inside] = (company_weights(means, variances) / sizes)[place]
        return pool(means, variances), len(both_arms), counts
    return effect(mean, float(np.sqrt(by_author))), len(np.unique(author)), None


def cluster_variance(contributions: FloatArray, cluster: IntArray) -> float:
    """Variance of the mean of contributions that are independent between clusters only."""
    sums = np.bincount(cluster, contributions - contributions.mean())
    G = len(np.unique(cluster))
    return float(np.sum(sums**2)) / len(contributions) ** 2 * G / max(G - 1, 1)


def pool(means: FloatArray, variances: FloatArray) -> Effect:
    """Average over companies: Sidik & Jonkman's (2005) variance between, Hartung & Knapp's (2001) interval.

    Modified (Röver, Knapp & Friede 2015): never with a smaller error than the variances given have, which is
    what uneven companies that happen to agree would have.
    """
    G = len(means)
    weights = 1 / (variances + between_variance(means, variances))
    centre = float(company_weights(means, variances) @ means)
    spread = float(np.sum(weights * (means - centre) ** 2)) / (G - 1)
    return effect(centre, float(np.sqrt(max(1.0, spread) / weights.sum())), G - 1.0)


def company_weights(means: FloatArray, variances: FloatArray) -> FloatArray:
    """What each company counts in :func:`pool`'s average; sums to one."""
    weights = 1 / (variances + between_variance(means, variances))
    return np.asarray(weights / weights.sum())


def between_variance(means: FloatArray, variances: FloatArray) -> float:
    """Sidik & Jonkman's (2005) variance between G estimates, which is never zero unless they are all alike.

    Others' estimates of few companies are often zero; the largest company then gets all the weight and the
    interval is too short: with one of five holding 70%, Paule & Mandel's covered 91 to 95% in simulations,
    this 93 to 96%.
    """
    crude = float(np.mean((means - means.mean()) ** 2))
    weights = crude / (variances + crude)
    centre = np.sum(weights * means) / max(float(weights.sum()), 1e-300)
    return float(np.sum(weights * (means - centre) ** 2)) / (len(means) - 1)


def _by_company(contributions: FloatArray, company: IntArray) -> tuple[FloatArray, FloatArray, IntArray]:
    labels = np.unique(company, return_inverse=True)[1]
    sizes = np.bincount(labels).astype(float)
    return np.bincount(labels, contributions) / sizes, sizes, labels
