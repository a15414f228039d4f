"""Arms of an emulated trial, with their resamples, and the contrasts of two of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from complaintlab.models.causal.inference import Effect, effect, effective_size
from complaintlab.models.strategies import Strategy
from complaintlab.models.trials.clones import Clones
from complaintlab.models.trials.companies import Averaged, over_companies
from complaintlab.models.trials.course import EVENT
from complaintlab.models.trials.outcomes import Outcome
from complaintlab.models.trials.processes import Nature, Processes
from complaintlab.models.trials.risks import grown

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

ENOUGH_RESAMPLES = 0.9
"""Share of the resamples in which a contrast has to exist."""


@dataclass(frozen=True)
class Plan:
    """One arm to emulate: ``strategy`` among the episodes of ``population`` (n,), for ``outcome``."""

    strategy: Strategy
    outcome: Outcome
    population: BoolArray
    truncated: bool = False


@dataclass(frozen=True)
class Arm:
    """One plan's clones, their weights (n,) at each one's end, and the risk or mean count, (K,).

    ``weights`` are 0 for censored and lost clones and outside the population. ``resampled`` is
    (resamples, K). ``truncated`` values have weights cut at a quantile; empty where that was not planned.
    ``mass`` (n,) is what each complaint counts, in all sums and counts; it may be negative where one stands
    there twice (``label_error.signed``). ``companies`` (G, K) are values within each company, and
    ``companies_at_risk`` the weight at risk there, ``sizes`` (G,) their complaints; all empty where companies
    are not averaged.
    """

    plan: Plan
    clones: Clones
    weights: FloatArray
    mass: FloatArray
    at_risk: FloatArray
    value: FloatArray
    truncated: FloatArray
    resampled: FloatArray
    truncated_resampled: FloatArray
    companies: FloatArray
    companies_at_risk: FloatArray
    truncated_companies: FloatArray
    sizes: FloatArray

    @cached_property
    def n(self) -> int:
        return self._total(self.plan.population)

    @cached_property
    def ess(self) -> float:
        return effective_size(self.weights * self.mass)

    @cached_property
    def complete(self) -> int:
        return self._total(self.clones.complete & self.plan.population)

    @cached_property
    def events(self) -> int:
        """Events, or growth of the count, while compliant."""
        found = grown(self.plan.outcome, self.clones)
        if found is not None:
            growth = np.bincount(found.who, minlength=len(self.mass))
            return self._total(growth * self.plan.population)
        return self._total((self.clones.shown == EVENT) & self.plan.population)

    def limits(self) -> tuple[FloatArray, FloatArray]:
        """Pointwise 95% interval of the risk, within [0, 1], or of the mean count."""
        half = 1.96 * np.std(self.resampled, axis=0, ddof=1)
        top = 1.0 if self.plan.outcome.growth is None else np.inf
        return np.clip(self.value - half, 0, top), np.clip(self.value + half, 0, top)

    def _total(self, counted: npt.NDArray[np.generic]) -> int:
        return max(0, round(float(self.mass @ counted.astype(np.float64))))


@dataclass(frozen=True)
class Trial:
    """Arms of one emulation in the order of their plans; all have the same resamples."""

    processes: Processes
    nature: Nature
    arms: tuple[Arm, ...]
    df: float | None

    @property
    def converged(self) -> bool:
        return self.processes.converged

    def effect(
        self, first: int, second: int, days: float, *, truncated: bool = False, ratio: bool = False
    ) -> Effect | None:
        """Value of the first arm minus that of the second by ``days``, or the logarithm of their ratio.

        None where it is undefined. The interval is normal (t where whole companies were drawn) with the
        bootstrap's standard error: 200 resamples give a standard deviation to 5%, but percentiles only
        roughly. Where companies are averaged, of which enough have both arms, it is theirs.
        """
        drawn = self._drawn(first, second, days, truncated=truncated, ratio=ratio)
        if drawn is None:
            return None
        value, se = drawn
        arms = self.arms[first], self.arms[second]
        pooled = average(arms, days, se**2, truncated=truncated, ratio=ratio)
        return pooled.effect if pooled else effect(value, se, self.df)

    def reference(self, first: int, second: int, days: float) -> float:
        """Value of the second arm, over companies as in the arms' contrast; NaN where nobody is at risk."""
        of = self.arms[second]
        drawn = self._drawn(first, second, days)
        pooled = average((self.arms[first], of), days, drawn[1] ** 2) if drawn else None
        return pooled.second if pooled else float(of.value[of.plan.outcome.until(days)])

    def _drawn(
        self, first: int, second: int, days: float, *, truncated: bool = False, ratio: bool = False
    ) -> tuple[float, float] | None:
        """The contrast of all companies together, and the resamples' standard deviation."""
        one, other = (self._values(arm, days, truncated) for arm in (first, second))
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.log(one) - np.log(other) if ratio else one - other
        drawn = values[1:][np.isfinite(values[1:])]
        if not np.isfinite(values[0]) or len(drawn) < max(2, ENOUGH_RESAMPLES * (len(values) - 1)):
            return None
        return float(values[0]), float(np.std(drawn, ddof=1))

    def _values(self, arm: int, days: float, truncated: bool) -> FloatArray:
        """The point estimate, then those of the resamples."""
        of = self.arms[arm]
        k = of.plan.outcome.until(days)
        point, drawn = (of.truncated, of.truncated_resampled) if truncated else (of.value, of.resampled)
        return np.concatenate([point[k : k + 1], drawn[:, k]])


def average(
    arms: tuple[Arm, Arm], days: float, variance: float, *, truncated: bool = False, ratio: bool = False
) -> Averaged | None:
    """Random-effects average over companies of the arms' contrast; None where it is not asked or too few."""
    if not len(arms[0].sizes):
        return None
    k = arms[0].plan.outcome.until(days)
    within = [(arm.truncated_companies if truncated else arm.companies)[:, k] for arm in arms]
    whole = [float((arm.truncated if truncated else arm.value)[k]) for arm in arms]
    return over_companies(within[0], within[1], (whole[0], whole[1]), arms[0].sizes, variance, ratio=ratio)
