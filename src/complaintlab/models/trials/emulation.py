"""Clone–censor–weight emulation of target trials: risks and mean counts by strategy, with a bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from complaintlab.models.causal.inference import Effect, effect, effective_size, multiplicities
from complaintlab.models.strategies import Strategy
from complaintlab.models.trials.clones import Clones, clone
from complaintlab.models.trials.companies import Averaged, over_companies
from complaintlab.models.trials.course import EVENT
from complaintlab.models.trials.outcomes import Outcome
from complaintlab.models.trials.processes import Nature, Processes
from complaintlab.models.trials.risks import (
    Grown,
    at_risk,
    final,
    grown,
    growth_weights,
    mean_count,
    risk,
)
from complaintlab.models.trials.weights import Weights, of_quality, weigh
from complaintlab.parallel import parts, spread

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

ENOUGH_RESAMPLES = 0.9
"""Share of the resamples in which a contrast has to exist."""

WORTH_SPREADING = 200_000
"""Resamples times complaints from which on processes are begun: a few seconds' work."""


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


def emulate(
    processes: Processes,
    plans: Sequence[Plan],
    cluster: IntArray,
    *,
    resamples: int,
    seed: int,
    quality: npt.NDArray[np.str_] | None = None,
    truncate_at: float = 0.99,
    df: float | None = None,
    company: IntArray | None = None,
    mass: FloatArray | None = None,
) -> Trial:
    """Emulate target trials (clone–censor–weight; Hernán 2018, Cain et al. 2010).

    Assumes that, given the features of ``processes``, reply, its quality and loss are independent of the
    outcome to come, and that each strategy could be followed by everybody. ``resamples`` times whole clusters
    (n,) are drawn and the weights refitted. ``quality`` (n,) are those of the replies; ``truncate_at`` is the
    quantile of the sensitivity run's weights; ``df`` those of the interval. With ``company`` (n,) contrasts
    are averages over companies. ``mass`` (n,) is what each complaint counts, 1 by default, as in the fits of
    ``processes``.

    Sums are made by one thread, so that they do not depend on how many there are; many resamples of many
    complaints are spread over processes.
    """
    made = [_Prepared.of(plan, quality) for plan in plans]
    everyone = np.ones(processes.course.n) if mass is None else mass
    with threadpool_limits(1):
        nature = processes.at()
        point = _values(made, processes, nature, everyone, truncate_at)
        within = [
            _values(made, processes, nature, (company == g) * everyone, truncate_at)
            for g in (() if company is None else np.unique(company))
        ]
    work = partial(_resampled, made, processes, everyone, truncate_at, cluster, resamples, seed)
    pieces = parts(resamples) if resamples * processes.course.n >= WORTH_SPREADING else [range(resamples)]
    drawn = [draw for part in spread(work, pieces, "Resampling") for draw in part]
    arms = tuple(
        _arm(p, point[j], [draw[j] for draw in drawn], [one[j] for one in within], company, everyone)
        for j, p in enumerate(made)
    )
    return Trial(processes, nature, arms, df)


def _resampled(
    made: Sequence[_Prepared],
    processes: Processes,
    everyone: FloatArray,
    truncate_at: float,
    cluster: IntArray,
    resamples: int,
    seed: int,
    which: range,
) -> list[list[tuple[FloatArray, FloatArray]]]:
    """Of some resamples each arm's value, and that with truncated weights."""
    drawn = islice(multiplicities(cluster, resamples, seed), which.start, which.stop)
    found = []
    for multiplicity in drawn:
        nature = processes.at(multiplicity)
        values = _values(made, processes, nature, multiplicity * everyone, truncate_at)
        found.append([(one.value, one.truncated) for one in values])
    return found


@dataclass(frozen=True)
class _Prepared:
    """A plan with all that is the same in every resample."""

    plan: Plan
    clones: Clones
    grown: Grown | None

    @classmethod
    def of(cls, plan: Plan, quality: npt.NDArray[np.str_] | None) -> _Prepared:
        clones = clone(plan.outcome.course, plan.strategy, quality)
        return cls(plan, clones, grown(plan.outcome, clones))


@dataclass(frozen=True)
class _Values:
    weights: FloatArray
    at_risk: FloatArray
    value: FloatArray
    truncated: FloatArray


def _values(
    made: Sequence[_Prepared],
    processes: Processes,
    nature: Nature,
    multiplicity: FloatArray,
    truncate_at: float,
) -> list[_Values]:
    """All arms under one nature: weights are made once a strategy, those of loss once."""
    loss = None if nature.loss is None else np.exp(nature.loss.middle)
    timed: dict[tuple[float, float], Weights] = {}
    waiting: dict[tuple[float, float], FloatArray] = {}
    settled: dict[int, FloatArray] = {}
    found = []
    for one in made:
        strategy, clones = one.plan.strategy, one.clones
        window = strategy.after_s, strategy.by_s
        if window not in timed:
            timed[window] = weigh(processes.course, strategy, nature)
            waiting[window] = _seen(timed[window].waiting, loss)
        weights = of_quality(timed[window], strategy, nature)
        key = id(clones.settled)
        if key not in settled:
            settled[key] = _seen(clones.settled, loss)
        mass = multiplicity * one.plan.population
        weight = final(clones, weights, nature.loss)
        value, risked = _value(one, weights, weight, waiting[window], settled[key], loss, mass)
        cut = np.empty(0)
        if one.plan.truncated:
            limit = _quantile(weight, mass, truncate_at)
            less = replace(
                weights,
                waiting=np.minimum(weights.waiting, limit),
                settled=np.minimum(weights.settled, limit),
            )
            capped = np.minimum(weight, limit)
            cut, _ = _value(one, less, capped, _seen(less.waiting, loss), settled[key], loss, mass)
        found.append(_Values(weight * one.plan.population, risked, value, cut))
    return found


def _value(
    one: _Prepared,
    weights: Weights,
    weight: FloatArray,
    waiting: FloatArray,
    settled: FloatArray,
    loss: FloatArray | None,
    mass: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    risked = at_risk(one.clones, waiting, settled, weights, mass)
    if one.grown is None:
        return risk(one.clones, weight, risked, mass), risked
    grows = growth_weights(one.grown, weights, loss)
    return mean_count(one.clones, one.grown, weight, risked, mass, grows), risked


def _seen(values: FloatArray, loss: FloatArray | None) -> FloatArray:
    """Times the weights of loss in the first intervals."""
    return values if loss is None else values * loss[:, : values.shape[1]]


def _quantile(weight: FloatArray, mass: FloatArray, at: float) -> float:
    drawn = np.repeat(weight, mass.astype(np.int64) * (weight > 0))
    return float(np.quantile(drawn, at)) if len(drawn) else np.inf


def _arm(
    made: _Prepared,
    point: _Values,
    drawn: list[tuple[FloatArray, FloatArray]],
    within: list[_Values],
    company: IntArray | None,
    mass: FloatArray,
) -> Arm:
    counted = made.plan.population * mass
    return Arm(
        plan=made.plan,
        clones=made.clones,
        weights=point.weights,
        mass=mass,
        at_risk=point.at_risk,
        value=point.value,
        truncated=point.truncated,
        resampled=np.array([value for value, _ in drawn]),
        truncated_resampled=np.array([truncated for _, truncated in drawn]),
        companies=np.array([one.value for one in within]),
        companies_at_risk=np.array([one.at_risk for one in within]),
        truncated_companies=np.array([one.truncated for one in within]),
        sizes=np.empty(0) if company is None else np.bincount(company, counted).astype(np.float64),
    )
