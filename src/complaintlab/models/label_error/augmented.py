"""Augmented weighting on signed rows: the estimators of ``causal.aipw``, corrected for errors of the
labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from complaintlab.models.causal.aipw import (
    Measure,
    author_folds,
    contributions,
    expected_outcomes,
    linear_cross_fit,
    overlap_of,
)
from complaintlab.models.causal.glm import affordable_ridge, cross_fit
from complaintlab.models.causal.inference import Effect, effective_size
from complaintlab.models.causal.pooling import clustered_effect
from complaintlab.models.label_error.signed import collapse

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SignedRows:
    """Replies as signed rows (n,): in the first arm or the second, outcome, inverse chance to be seen, and
    so on.

    ``unit`` numbers the episodes, ``author`` and ``company`` are clusters, ``mass`` is what a row counts.
    """

    exposed: BoolArray
    outcome: FloatArray
    seen: FloatArray
    X: FloatArray
    author: IntArray
    company: IntArray
    mass: FloatArray
    unit: IntArray


@dataclass(frozen=True)
class SignedEffect:
    """A corrected contrast; ``kept`` (n,) rows might be in either arm.

    ``risks`` are those of the first and the second arm, ``ess`` (Kish) is that of the smaller arm, of rows
    with their signs, ``parameters`` are the outcome's model's, effectively; ``effect`` is null where a signed
    sum that has to be positive is not.
    """

    effect: Effect | None
    risks: tuple[float, float]
    kept: BoolArray
    ess: float
    clusters: int
    converged: bool
    parameters: float


def signed_reply_effect(
    rows: SignedRows,
    *,
    floor: float,
    folds: int,
    seed: int,
    modifiers: tuple[int, ...] = (),
    count: bool = False,
    inside: BoolArray | None = None,
) -> SignedEffect:
    """``causal.aipw.reply_effect`` on signed rows; with ``inside`` (n,) the contrast there less that outside.

    Propensity and outcome model are fitted to the signed rows, without the fold they are used on. An
    episode's contribution is the signed sum over its rows; clusters are those of the naive estimate.
    """
    y, mass = rows.outcome, rows.mass
    fold = author_folds(rows.author, folds, seed)
    (chance,), fitted = cross_fit(rows.X, rows.exposed.astype(float), mass, fold)
    if not fitted:
        return _unsettled(len(y))
    share = float(mass @ rows.exposed / mass.sum())
    kept = overlap_of(min(max(share, 0.0), 1.0), chance, floor)
    counted = mass * kept
    expected, settled, parameters = expected_outcomes(
        rows.exposed, y, rows.seen * counted, rows.X, fold, modifiers, count
    )
    if not settled:
        return _unsettled(len(y))
    arms, weights = [], []
    for arm, of_arm, mean in ((rows.exposed, chance, expected[0]), (~rows.exposed, 1 - chance, expected[1])):
        weight = np.divide(rows.seen * arm, of_arm, out=np.zeros(len(y)), where=kept)
        total = float(mass @ weight)
        if total <= 0 or counted.sum() <= 0:
            return SignedEffect(None, (np.nan, np.nan), kept, 0.0, 0, True, parameters)
        weight *= float(counted.sum()) / total
        arms.append(mean + weight * (y - mean))
        weights.append(effective_size(weight * mass))
    measure: Measure = "log_ratio" if count else "difference"
    effect, clusters, counts = _contrast(rows, arms[0], arms[1], kept, measure, inside)
    means = [_mean(arm[kept], kept[kept], rows.mass[kept], _units(rows, kept)) for arm in arms]
    risks = [np.nan if mean is None else float(np.average(mean, weights=counts)) for mean in means]
    return SignedEffect(effect, (risks[0], risks[1]), kept, min(weights), clusters, True, parameters)


def signed_dose_effect(
    rows: SignedRows, dose: FloatArray, span: tuple[float, float], *, folds: int, seed: int
) -> SignedEffect:
    """``causal.aipw.dose_effect`` on signed rows: risk at ``span[0]`` minus that at ``span[1]``."""
    fold = author_folds(rows.author, folds, seed)
    usual = linear_cross_fit(rows.X, dose, rows.mass, fold)
    weights = rows.seen * rows.mass
    ridge, parameters, beta = affordable_ridge(rows.X, rows.outcome, weights, "binomial", (), extra=1)
    (expected,), settled = cross_fit(rows.X, rows.outcome, weights, fold, ridge=ridge, start=beta)
    if not settled:
        return _unsettled(len(dose))
    rest = dose - usual
    numerator = rows.seen * rest * (rows.outcome - expected) * (span[0] - span[1])
    denominator = rows.seen * rest**2
    everybody = np.ones(len(dose), dtype=bool)
    effect, clusters, _ = _contrast(rows, numerator, denominator, everybody, "slope", None)
    ess = min(effective_size((weights * rest**2)[arm]) for arm in (rows.exposed, ~rows.exposed))
    mean = float(weights @ rows.outcome / weights.sum())
    slope = np.nan if effect is None else effect.estimate / (span[0] - span[1])
    middle = float(weights @ dose / weights.sum())
    risks = (mean + slope * (span[0] - middle), mean + slope * (span[1] - middle))
    return SignedEffect(effect, risks, everybody, ess, clusters, True, parameters)


def _unsettled(n: int) -> SignedEffect:
    return SignedEffect(None, (np.nan, np.nan), np.zeros(n, dtype=bool), 0.0, 0, False, np.nan)


def _contrast(
    rows: SignedRows,
    first: FloatArray,
    second: FloatArray,
    kept: BoolArray,
    measure: Measure,
    inside: BoolArray | None,
) -> tuple[Effect | None, int, FloatArray | None]:
    """The effect from two terms per row, the clusters of its error, and what units count in it.

    As ``causal.pooling.clustered_effect`` tells them.
    """
    unit = _units(rows, kept)
    mass = rows.mass[kept]
    sums = [collapse(term[kept], mass, unit) for term in (first, second)]
    own: FloatArray | None
    if measure == "difference":
        own = _difference((first - second)[kept], mass, unit, None if inside is None else inside[kept])
    elif min(float(sums[1].sum()), float(sums[0].sum()) if measure == "log_ratio" else 1.0) <= 0:
        own = None
    else:
        own = contributions(sums[0], sums[1], measure)
    if own is None:
        return None, 0, None
    at = np.flatnonzero(kept)[np.unique(unit, return_index=True)[1]]
    return clustered_effect(own, rows.author[at], rows.company[at], rows.exposed[at])


def _units(rows: SignedRows, kept: BoolArray) -> IntArray:
    return np.unique(rows.unit[kept], return_inverse=True)[1].astype(np.int64)


def _difference(
    values: FloatArray, mass: FloatArray, unit: IntArray, inside: BoolArray | None
) -> FloatArray | None:
    """The signed mean of all, or inside a group less that outside, as contributions of units."""
    if inside is None:
        return _mean(values, np.ones(len(unit), dtype=bool), mass, unit)
    within, outside = (_mean(values * group, group, mass, unit) for group in (inside, ~inside))
    return None if within is None or outside is None else within - outside


def _mean(values: FloatArray, member: BoolArray, mass: FloatArray, unit: IntArray) -> FloatArray | None:
    """Per unit, terms whose mean is the signed mean of members and whose spread is its (linearised) error."""
    sums, size = collapse(values, mass, unit), collapse(member.astype(float), mass, unit)
    if size.sum() <= 0:
        return None
    mean = float(sums.sum() / size.sum())
    return np.asarray(mean + (sums - mean * size) / size.mean())
