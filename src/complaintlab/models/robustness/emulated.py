"""One emulation that other choices are tried on: its episodes, and a strategy's clones among them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.strategies import Strategy
from complaintlab.models.trials.clones import Clones, clone
from complaintlab.models.trials.course import EVENT
from complaintlab.models.trials.outcomes import Outcome
from complaintlab.models.trials.processes import Nature, Processes
from complaintlab.models.trials.risks import at_risk, final, grown, growth_weights, mean_count, risk, seen
from complaintlab.models.trials.weights import Weights, of_quality, weigh

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Emulated:
    """Eligible episodes with the processes of their replies and losses, jackknife groups and companies (n,).

    Without ``df`` companies are too few or uneven to be resampled, and contrasts are averages over them.
    """

    episodes: pl.DataFrame
    spells: pl.DataFrame
    processes: Processes
    nature: Nature
    group: IntArray
    company: IntArray
    df: float | None

    def masses(self) -> FloatArray:
        """(1 + groups, n): everybody, then everybody but each group."""
        groups = int(self.group.max()) + 1
        return np.vstack([np.ones(len(self.group)), self.group[None, :] != np.arange(groups)[:, None]])

    def inside(self) -> FloatArray:
        """(G, n): each company by itself, where contrasts are averages over companies; else without rows."""
        companies = np.unique(self.company) if self.df is None else np.empty(0, dtype=np.int64)
        return np.asarray(self.company[None, :] == companies[:, None], dtype=np.float64)


@dataclass(frozen=True)
class Arm:
    """One strategy's clones, for one outcome."""

    strategy: Strategy
    outcome: Outcome
    clones: Clones

    @classmethod
    def of(cls, made: Emulated, strategy: Strategy, outcome: Outcome) -> Arm:
        quality = made.episodes["first_reply_quality"].cast(pl.String).fill_null("other").to_numpy()
        return cls(strategy, outcome, clone(outcome.course, strategy, quality))

    def events(self, population: npt.NDArray[np.bool_]) -> int:
        found = grown(self.outcome, self.clones)
        if found is not None:
            return int(np.sum(population[found.who]))
        return int(np.sum((self.clones.shown == EVENT) & population))

    def values(
        self, processes: Processes, nature: Nature, masses: FloatArray, cut_at: float | None = None
    ) -> FloatArray:
        """Risk or mean count (m, K) of each row of ``masses`` (m, n), as in ``trials.emulation``."""
        weights = of_quality(weigh(processes.course, self.strategy, nature), self.strategy, nature)
        weight = final(self.clones, weights, nature.loss)
        if cut_at is not None:
            limit = float(np.quantile(weight[(weight > 0) & (masses[0] > 0)], cut_at))
            weight = np.minimum(weight, limit)
            weights = replace(
                weights,
                waiting=np.minimum(weights.waiting, limit),
                settled=np.minimum(weights.settled, limit),
            )
        loss = None if nature.loss is None else nature.loss.middle
        risked = at_risk(
            self.clones, seen(weights.waiting, loss), seen(self.clones.settled, loss), weights, masses
        )
        return np.array(
            [self._value(weights, weight, loss, *pair) for pair in zip(risked, masses, strict=True)]
        )

    def _value(
        self,
        weights: Weights,
        weight: FloatArray,
        loss: FloatArray | None,
        risked: FloatArray,
        mass: FloatArray,
    ) -> FloatArray:
        found = grown(self.outcome, self.clones)
        if found is None:
            return risk(self.clones, weight, risked, mass)
        return mean_count(self.clones, found, weight, risked, mass, growth_weights(found, weights, loss))
