"""Clone–censor–weight emulation of target trials: risks and mean counts by strategy, with a bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from complaintlab.models.causal.inference import multiplicities
from complaintlab.models.trials.arms import Arm, Plan, Trial
from complaintlab.models.trials.clones import Clones, clone
from complaintlab.models.trials.processes import AT_A_TIME, Nature, Processes
from complaintlab.models.trials.risks import (
    Grown,
    final,
    grown,
    growth_weights,
    mean_count,
    risk,
    seen,
    settled_mass,
    waiting_at_risk,
)
from complaintlab.models.trials.weights import Weights, of_quality, weigh
from complaintlab.parallel import parts, spread

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

WORTH_SPREADING = 500_000
"""Resamples times complaints from which on processes are begun: a few seconds' work."""


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
    work = partial(_resampled, plans, quality, processes, everyone, truncate_at, cluster, resamples, seed)
    worth = worth_spreading(resamples, processes.course.n)
    pieces = parts(resamples, AT_A_TIME)
    drawn = [draw for part in spread(work, pieces, "Resampling", worth=worth) for draw in part]
    arms = tuple(
        _arm(p, point[j], [draw[j] for draw in drawn], [one[j] for one in within], company, everyone)
        for j, p in enumerate(made)
    )
    return Trial(processes, nature, arms, df)


def worth_spreading(resamples: int, n: int) -> bool:
    """Whether so many resamples of n complaints take longer than to begin processes."""
    return resamples * n >= WORTH_SPREADING


def _resampled(
    plans: Sequence[Plan],
    quality: npt.NDArray[np.str_] | None,
    processes: Processes,
    everyone: FloatArray,
    truncate_at: float,
    cluster: IntArray,
    resamples: int,
    seed: int,
    which: range,
) -> list[list[tuple[FloatArray, FloatArray]]]:
    """Of some resamples each arm's value, and that with truncated weights.

    Clones are made again: all of them are many times larger than the plans, which come from another process.
    """
    made = [_Prepared.of(plan, quality) for plan in plans]
    drawn = islice(multiplicities(cluster, resamples, seed), which.start, which.stop)
    found = []
    for multiplicity, nature in processes.resampled(drawn):
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


@dataclass(frozen=True)
class _Weighted:
    """A plan's clones with their weights, at each one's end in ``weight`` (n,), and what each counts (n,)."""

    one: _Prepared
    weights: Weights
    weight: FloatArray
    mass: FloatArray
    waiting: FloatArray

    def cut(self, at: float, loss: FloatArray | None) -> _Weighted:
        """Weights above their quantile ``at`` are cut there."""
        limit = _quantile(self.weight, self.mass, at)
        less = replace(
            self.weights,
            waiting=np.minimum(self.weights.waiting, limit),
            settled=np.minimum(self.weights.settled, limit),
        )
        waiting = seen(less.waiting, loss)
        return replace(self, weights=less, weight=np.minimum(self.weight, limit), waiting=waiting)

    def value(self, risked: FloatArray, loss: FloatArray | None) -> FloatArray:
        """Risk or mean count (K,), from the weight at risk."""
        clones, found = self.one.clones, self.one.grown
        if found is None:
            return risk(clones, self.weight, risked, self.mass)
        grows = growth_weights(found, self.weights, loss)
        return mean_count(clones, found, self.weight, risked, self.mass, grows)


def _values(
    made: Sequence[_Prepared],
    processes: Processes,
    nature: Nature,
    multiplicity: FloatArray,
    truncate_at: float,
) -> list[_Values]:
    """All arms under one nature: weights are made once a strategy."""
    loss = None if nature.loss is None else nature.loss.middle
    timed: dict[tuple[float, float], tuple[Weights, FloatArray]] = {}
    whole = []
    for one in made:
        strategy = one.plan.strategy
        window = strategy.after_s, strategy.by_s
        if window not in timed:
            weights = weigh(processes.course, strategy, nature)
            timed[window] = weights, seen(weights.waiting, loss)
        weights = of_quality(timed[window][0], strategy, nature)
        weight, mass = final(one.clones, weights, nature.loss), multiplicity * one.plan.population
        whole.append(_Weighted(one, weights, weight, mass, timed[window][1]))
    truncated = {j: of.cut(truncate_at, loss) for j, of in enumerate(whole) if of.one.plan.truncated}
    at_risk = _at_risk([*whole, *truncated.values()], loss)
    cut = {j: of.value(at_risk[len(whole) + i], loss) for i, (j, of) in enumerate(truncated.items())}
    return [
        _Values(
            of.weight * of.one.plan.population,
            at_risk[j],
            of.value(at_risk[j], loss),
            cut.get(j, np.empty(0)),
        )
        for j, of in enumerate(whole)
    ]


def _at_risk(whole: Sequence[_Weighted], loss: FloatArray | None) -> list[FloatArray]:
    """Weight at risk (K,) of each; those of one outcome by one product over its settled exposure."""
    alike: dict[int, list[int]] = {}
    for j, of in enumerate(whole):
        alike.setdefault(id(of.one.clones.settled), []).append(j)
    found: list[FloatArray] = [np.empty(0)] * len(whole)
    for places in alike.values():
        masses = [settled_mass(whole[j].one.clones, whole[j].weights, whole[j].mass) for j in places]
        totals = np.array(masses) @ seen(whole[places[0]].one.clones.settled, loss)
        for j, total in zip(places, totals, strict=True):
            of = whole[j]
            total[: of.waiting.shape[1]] += waiting_at_risk(of.one.clones, of.waiting, of.mass)
            found[j] = total
    return found


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
