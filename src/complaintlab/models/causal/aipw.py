"""Augmented weighting of two arms, and a dose's partly linear effect: cross-fitted, with clustered errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from complaintlab.models.causal.glm import Family, affordable_ridge, cross_fit
from complaintlab.models.causal.inference import Effect, effective_size
from complaintlab.models.causal.pooling import clustered_effect

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

RARE = 10.0

Measure = Literal["difference", "log_ratio", "slope"]


@dataclass(frozen=True)
class Propensity:
    """Chance of the first arm, fitted without the fold it is for; ``fold`` (n,) are whole authors."""

    chance: FloatArray
    fold: IntArray
    converged: bool


@dataclass(frozen=True)
class ReplyEffect:
    """First arm against second, among the ``kept`` rows, which might be in either.

    ``pair`` are two terms per kept row whose means make the estimate, by ``measure``: potential outcomes of
    the arms (``difference``, ``log_ratio``), or numerator and denominator (``slope``). ``risk_exposed`` and
    ``risk_unexposed`` are mean outcomes of the arms, over companies where the effect is pooled over them.
    ``weights`` (n,) are inverse probabilities of each row's own arm and of being seen, 0 where it left or was
    not seen; ``ess`` is that of the smaller arm;
    ``pooled`` says whether companies were pooled; ``parameters`` are the outcome's model's, effectively.
    """

    effect: Effect
    pair: tuple[FloatArray, FloatArray]
    measure: Measure
    risk_exposed: float
    risk_unexposed: float
    kept: BoolArray
    weights: FloatArray
    ess: float
    clusters: int
    pooled: bool
    converged: bool
    parameters: float


def propensity_of(exposed: BoolArray, X: FloatArray, author: IntArray, folds: int, seed: int) -> Propensity:
    """Ridge logistic regression of the arm on standardised confounders X (n, p)."""
    fold = author_folds(author, folds, seed)
    (chance,), converged = cross_fit(X, exposed.astype(float), np.ones(len(exposed)), fold)
    return Propensity(chance, fold, converged)


def reply_effect(
    exposed: BoolArray,
    outcome: npt.NDArray[np.generic],
    seen: FloatArray,
    X: FloatArray,
    author: IntArray,
    company: IntArray,
    propensity: Propensity,
    *,
    floor: float,
    modifiers: tuple[int, ...] = (),
    count: bool = False,
    stricter: float = 1.0,
) -> ReplyEffect:
    """Estimate a risk difference by augmented weighting (Robins, Rotnitzky & Zhao 1994).

    ``exposed`` (n,); ``outcome`` (n,) an event, or with ``count`` a number whose arms' means are compared as
    the logarithm of their ratio; ``seen`` (n,) is the inverse probability that the outcome was seen, 0 where
    it was not; ``X`` (n, p) standardised confounders, of which the columns ``modifiers`` may change the
    effect. The outcome's model is ridge logistic (Poisson for counts) in exposure and confounders, fitted
    without the fold it is used on, folds being whole authors (Chernozhukov et al. 2018), its ridge raised
    until ten events stand behind each effective parameter. Consistent if this or the propensity is right.
    Rows without :func:`overlap` leave the population (``stricter`` as there). The error is that of
    :func:`~complaintlab.models.causal.pooling.clustered_effect`.
    """
    y = outcome.astype(np.float64)
    kept = overlap(exposed, propensity.chance, floor, stricter)
    expected, settled, parameters = expected_outcomes(
        exposed, y, seen * kept, X, propensity.fold, modifiers, count
    )
    weights, pair = np.zeros(len(y)), []
    for arm, chance, mean in (
        (exposed, propensity.chance, expected[0]),
        (~exposed, 1 - propensity.chance, expected[1]),
    ):
        weight = np.divide(seen * arm, chance, out=np.zeros(len(y)), where=kept)
        weight *= int(kept.sum()) / max(float(weight.sum()), 1e-12)
        pair.append((mean + weight * (y - mean))[kept])
        weights += weight
    measure: Measure = "log_ratio" if count else "difference"
    own = contributions(pair[0], pair[1], measure)
    effect, clusters, shares = clustered_effect(own, author[kept], company[kept], exposed[kept])
    return ReplyEffect(
        effect=effect,
        pair=(pair[0], pair[1]),
        measure=measure,
        risk_exposed=float(np.average(pair[0], weights=shares)),
        risk_unexposed=float(np.average(pair[1], weights=shares)),
        kept=kept,
        weights=weights,
        ess=min(effective_size(weights[exposed]), effective_size(weights[~exposed])),
        clusters=clusters,
        pooled=shares is not None,
        converged=settled and propensity.converged,
        parameters=parameters,
    )


def dose_effect(
    dose: FloatArray,
    span: tuple[float, float],
    outcome: npt.NDArray[np.generic],
    seen: FloatArray,
    X: FloatArray,
    author: IntArray,
    company: IntArray,
    *,
    folds: int,
    seed: int,
) -> ReplyEffect:
    """Risk at a dose of ``span[0]`` minus that at ``span[1]``, where the dose works in proportion.

    Partly linear regression (Robinson 1988), cross-fitted: what confounders do not explain of the outcome on
    what they do not explain of the dose. Consistent if both are explained rightly. "Exposed" are doses on
    the side of ``span[0]`` of the median.
    """
    y = outcome.astype(np.float64)
    fold = author_folds(author, folds, seed)
    usual = linear_cross_fit(X, dose, np.ones(len(dose)), fold)
    ridge, parameters, beta = affordable_ridge(X, y, seen, "binomial", (), extra=1)
    (expected,), settled = cross_fit(X, y, seen, fold, ridge=ridge, start=beta)
    rest = dose - usual
    pair = (seen * rest * (y - expected) * (span[0] - span[1]), seen * rest**2)
    exposed = (dose < np.median(dose)) == (span[0] < span[1])
    own = contributions(*pair, "slope")
    effect, clusters, shares = clustered_effect(own, author, company, exposed)
    slope = effect.estimate / (span[0] - span[1])
    mean = float(np.average(y, weights=seen))
    at = [mean + slope * (value - float(np.average(dose, weights=seen))) for value in span]
    return ReplyEffect(
        effect=effect,
        pair=pair,
        measure="slope",
        risk_exposed=at[0],
        risk_unexposed=at[1],
        kept=np.ones(len(y), dtype=bool),
        weights=seen,
        ess=min(effective_size((seen * rest**2)[arm]) for arm in (exposed, ~exposed)),
        clusters=clusters,
        pooled=shares is not None,
        converged=settled,
        parameters=parameters,
    )


def overlap(exposed: BoolArray, chance: FloatArray, floor: float, stricter: float = 1.0) -> BoolArray:
    """Rows whose chance of either arm is at least ``floor``, or a tenth of that arm's share if that is less.

    A fixed floor would leave nobody to compare with an act that is rare everywhere. ``stricter`` is what
    the least chance, whichever of the two it is, is multiplied by.
    """
    return overlap_of(float(exposed.mean()), chance, floor, stricter)


def overlap_of(share: float, chance: FloatArray, floor: float, stricter: float = 1.0) -> BoolArray:
    """The same where the first arm's share is known."""
    least = stricter * min(floor, share / RARE)
    most = 1 - stricter * min(floor, (1 - share) / RARE)
    return np.asarray((chance >= least) & (chance <= most))


def contributions(first: FloatArray, second: FloatArray, measure: Measure) -> FloatArray:
    """Per-row terms whose mean is the estimate and whose spread is its (linearised) error."""
    if measure == "difference":
        return first - second
    if measure == "slope":
        ratio = float(first.sum() / second.sum())
        return np.asarray(ratio + (first - ratio * second) / second.mean())
    if min(first.mean(), second.mean()) <= 0:
        return np.full(len(first), np.nan)
    return np.asarray(np.log(first.mean() / second.mean()) + first / first.mean() - second / second.mean())


def difference_between(own: FloatArray, group: BoolArray) -> FloatArray:
    """Contributions to the mean inside ``group`` minus the mean outside: an additive interaction."""
    inside, outside = float(own[group].mean()), float(own[~group].mean())
    share = float(group.mean())
    around = np.where(group, (own - inside) / share, -(own - outside) / (1 - share))
    return np.asarray(inside - outside + around)


def author_folds(author: IntArray, folds: int, seed: int) -> IntArray:
    """The fold of each row: whole authors, in random order, dealt out evenly."""
    order = np.random.default_rng(seed).permutation(int(author.max()) + 1)
    return np.asarray(order[author] % folds)


def expected_outcomes(
    exposed: BoolArray,
    y: FloatArray,
    weights: FloatArray,
    X: FloatArray,
    fold: IntArray,
    modifiers: tuple[int, ...],
    count: bool,
) -> tuple[list[FloatArray], bool, float]:
    """Expected outcome of each row in the first and in the second arm, whether the fits converged, and the
    effective parameters.
    """
    centre, spread = float(exposed.mean()), max(float(exposed.std()), 1e-12)

    def with_arm(value: FloatArray) -> FloatArray:
        arm = (value - centre) / spread
        return np.column_stack([X, arm, X[:, modifiers] * arm[:, None]])

    family: Family = "poisson" if count else "binomial"
    both = with_arm(np.ones(len(y))), with_arm(np.zeros(len(y)))
    design = with_arm(exposed.astype(float))
    ridge, parameters, beta = affordable_ridge(design, y, weights, family, free=(X.shape[1],))
    expected, settled = cross_fit(design, y, weights, fold, family, both, ridge, beta)
    return expected, settled, parameters


def linear_cross_fit(X: FloatArray, y: FloatArray, weights: FloatArray, fold: IntArray) -> FloatArray:
    """Weighted ridge regression's prediction of each row from the other folds."""
    predicted = np.empty(len(y))
    for number in np.unique(fold):
        out = fold == number
        w = weights[~out]
        centre = float(w @ y[~out] / w.sum())
        moment = X[~out].T @ (w[:, None] * X[~out]) + np.eye(X.shape[1])
        slopes = np.linalg.solve(moment, X[~out].T @ (w * (y[~out] - centre)))
        predicted[out] = centre + X[out] @ slopes
    return predicted
