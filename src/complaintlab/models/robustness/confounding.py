"""How strong the measured confounders are, to hold E-values against.

An E-value says how strongly an unmeasured confounder would have to be tied to exposure and outcome. Beside it
belongs how strongly the measured ones are tied: their joint strength by the bounding factor (Ding &
VanderWeele 2016), put as the E-value of that factor (VanderWeele & Ding 2017), so that the two compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

COMMON = 0.05
"""A level of a confounder that fewer (or all but fewer) have is too rare to be told from chance."""
LEAST_EVENTS = 10.0


@dataclass(frozen=True)
class Strength:
    """Risk ratios, turned so that they are at least 1, of having the ``confounder`` by exposure, and of the
    outcome by the confounder."""

    confounder: str
    n: int
    rr_exposure: float
    rr_outcome: float

    @property
    def bounding(self) -> float:
        """By how much such a confounder can move a risk ratio at most."""
        return bounding_factor(self.rr_exposure, self.rr_outcome)

    @property
    def e_value(self) -> float:
        """The equal strength on both sides that has the same bounding factor."""
        factor = self.bounding
        return factor + float(np.sqrt(factor * (factor - 1)))


def bounding_factor(rr_exposure: float, rr_outcome: float) -> float:
    """RR_AU · RR_UY / (RR_AU + RR_UY − 1)."""
    return rr_exposure * rr_outcome / (rr_exposure + rr_outcome - 1)


def strengths(
    X: FloatArray, names: Sequence[str], company: IntArray, exposed: BoolArray, outcome: FloatArray
) -> list[Strength]:
    """Each confounder's strength, the strongest first.

    A column of X (n, p) with two values is itself, any other is high (above its median) or low; the company
    is one confounder: whether it is one of those that are exposed more often than the median company. The
    outcome's ratio is that within arms (Mantel & Haenszel 1959), of risks or of mean counts. Neither ratio is
    adjusted for the other confounders, so they are, if anything, too strong.
    """
    levels = {name: _high(X[:, j]) for j, name in enumerate(names) if not name.startswith("company:")}
    levels["company"] = _often_exposed(company, exposed)
    found = [_strength(name, has, exposed, outcome) for name, has in levels.items()]
    known = [one for one in found if one is not None]
    return sorted(known, key=lambda one: (-one.bounding, one.confounder))


def _strength(name: str, has: BoolArray, exposed: BoolArray, outcome: FloatArray) -> Strength | None:
    """None where a level is rare, or where a whole arm has one: the ratios are then not defined."""
    if not exposed.any() or exposed.all():
        return None
    shares = [float(has[arm].mean()) for arm in (exposed, ~exposed)]
    events = min(float(outcome[has].sum()), float(outcome[~has].sum()))
    common = COMMON <= float(has.mean()) <= 1 - COMMON and min(shares) > 0 and max(shares) < 1
    if not common or events < LEAST_EVENTS:
        return None
    ratios = shares[0] / shares[1], _mantel_haenszel(has, exposed, outcome)
    return Strength(name, len(has), *(max(ratio, 1 / ratio) for ratio in ratios))


def _mantel_haenszel(has: BoolArray, exposed: BoolArray, outcome: FloatArray) -> float:
    """Ratio of the outcome's mean with the confounder to that without, over arms."""
    above = below = 0.0
    for arm in (exposed, ~exposed):
        n, n_with = float(arm.sum()), float((arm & has).sum())
        above += float(outcome[arm & has].sum()) * (n - n_with) / n
        below += float(outcome[arm & ~has].sum()) * n_with / n
    return above / below


def _high(values: FloatArray) -> BoolArray:
    levels = np.unique(values)
    middle = levels.mean() if len(levels) == 2 else np.median(values)
    return np.asarray(values > middle)


def _often_exposed(company: IntArray, exposed: BoolArray) -> BoolArray:
    share = np.bincount(company, exposed) / np.maximum(np.bincount(company), 1)
    return np.asarray(share[company] > np.median(share[np.unique(company)]))
