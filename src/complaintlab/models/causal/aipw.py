"""Augmented inverse-probability weighting for a binary exposure, cross-fitted, with clustered errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize

from complaintlab.models.causal.inference import (
    ENOUGH_CLUSTERS,
    Effect,
    effect,
    effective_clusters,
    effective_size,
)
from complaintlab.models.causal.logistic import expit, logistic

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

ENOUGH_TO_POOL = 5


@dataclass(frozen=True)
class ReplyEffect:
    """Risk with the act minus risk without it, among the ``kept`` rows whose propensity is above the floor.

    ``weights`` (n,) are the inverse probabilities of each row's own arm and of being seen, 0 where it left or
    was not seen; ``ess`` is that of the smaller arm; ``pooled`` says whether companies were pooled.
    """

    effect: Effect
    risk_exposed: float
    risk_unexposed: float
    kept: BoolArray
    propensity: FloatArray
    weights: FloatArray
    ess: float
    clusters: int
    pooled: bool
    converged: bool


def reply_effect(
    exposed: BoolArray,
    event: BoolArray,
    seen: FloatArray,
    X: FloatArray,
    author: IntArray,
    company: IntArray,
    *,
    folds: int,
    seed: int,
    floor: float,
    X_outcome: FloatArray | None = None,
) -> ReplyEffect:
    """Estimate a risk difference by augmented weighting (Robins, Rotnitzky & Zhao 1994).

    ``exposed``, ``event`` (n,); ``seen`` (n,) is the inverse probability that the outcome was seen, 0 where
    it was not; ``X`` (n, p) standardised confounders, ``X_outcome`` those of the outcome model where they
    differ. Propensity and the outcome's risk in each arm are ridge logistic, fitted without the fold they
    are used on, folds being whole authors (Chernozhukov et al. 2018). Consistent if either is right. Rows
    whose propensity is within ``floor`` of 0 or 1 leave the population. The error is that of
    :func:`clustered_effect`.
    """
    fold = author_folds(author, folds, seed)
    propensity, fitted = _cross_fit(X, exposed.astype(float), np.ones(len(exposed)), fold)
    kept = (propensity >= floor) & (propensity <= 1 - floor)
    X_risk = X if X_outcome is None else X_outcome
    parts, weights = [], np.zeros(len(exposed))
    for arm, chance in ((exposed, propensity), (~exposed, 1 - propensity)):
        use = seen * arm * kept
        expected, settled = _cross_fit(X_risk, event.astype(float), use, fold)
        weight = np.divide(use, chance, out=np.zeros(len(use)), where=kept)
        weight = weight / max(float(weight.sum()) / max(int(kept.sum()), 1), 1e-12)
        parts.append((expected + weight * (event - expected))[kept])
        weights += weight
        fitted &= settled
    found, clusters, pooled = clustered_effect(
        parts[0] - parts[1], author[kept], company[kept], exposed[kept]
    )
    return ReplyEffect(
        effect=found,
        risk_exposed=float(parts[0].mean()),
        risk_unexposed=float(parts[1].mean()),
        kept=kept,
        propensity=propensity,
        weights=weights,
        ess=min(effective_size(weights[exposed]), effective_size(weights[~exposed])),
        clusters=clusters,
        pooled=pooled,
        converged=fitted,
    )


def author_folds(author: IntArray, folds: int, seed: int) -> IntArray:
    """The fold of each row: whole authors, in random order, dealt out evenly."""
    order = np.random.default_rng(seed).permutation(int(author.max()) + 1)
    return np.asarray(order[author] % folds)


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
    """Average over companies: Paule & Mandel's (1982) variance between, Hartung & Knapp's (2001) interval."""
    G = len(means)

    def excess(between: float) -> float:
        weights = 1 / (variances + between)
        centre = np.sum(weights * means) / weights.sum()
        return float(np.sum(weights * (means - centre) ** 2)) - (G - 1)

    largest = float(np.sum((means - means.mean()) ** 2)) + 1e-12
    between = float(optimize.brentq(excess, 0.0, largest)) if excess(0.0) > 0 else 0.0
    weights = 1 / (variances + between)
    centre = float(np.sum(weights * means) / weights.sum())
    spread = float(np.sum(weights * (means - centre) ** 2)) / (G - 1)
    return effect(centre, float(np.sqrt(spread / weights.sum())), G - 1.0)


def _by_company(contributions: FloatArray, company: IntArray) -> tuple[FloatArray, FloatArray]:
    labels = np.unique(company, return_inverse=True)[1]
    sizes = np.bincount(labels).astype(float)
    return np.bincount(labels, contributions) / sizes, sizes


def _cross_fit(X: FloatArray, y: FloatArray, weights: FloatArray, fold: IntArray) -> tuple[FloatArray, bool]:
    """Probability of y = 1 for each row, from a model fitted to the other folds."""
    predicted = np.empty(len(y))
    settled = True
    for number in np.unique(fold):
        out = fold == number
        beta, converged = logistic(X[~out], y[~out], weights[~out])
        predicted[out] = expit(beta[0] + X[out] @ beta[1:])
        settled &= converged
    return predicted, settled
