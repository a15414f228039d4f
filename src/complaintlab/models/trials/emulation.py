"""Clone–censor–weight emulation of target trials: risk under each reply strategy, with a bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from complaintlab.models.causal.inference import Effect, effect, effective_size, multiplicities
from complaintlab.models.causal.logistic import Features, PooledLogistic, fit_hazard
from complaintlab.models.strategies import DAY, Strategy
from complaintlab.models.trials.clones import Clones, clone, risk
from complaintlab.models.trials.course import EVENT, Course
from complaintlab.models.trials.weights import Replying, Staying, log_weights, replying, staying
from complaintlab.progress import track

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


HEAVIEST = 200.0
"""Bound of the logarithm of a weight: arithmetic stays finite where nobody could have complied."""


@dataclass(frozen=True)
class Arm:
    """One strategy's clones, their weights at the end of each one's follow-up, and the risk, (K,) each.

    ``weights`` (n,) are 0 for censored and lost clones, ``grace`` those at the end of the latest window;
    ``resampled`` is (resamples, K). ``truncated`` risks have weights cut at a quantile.
    """

    clones: Clones
    weights: FloatArray
    grace: FloatArray
    at_risk: FloatArray
    risk: FloatArray
    resampled: FloatArray
    truncated: FloatArray
    truncated_resampled: FloatArray

    @property
    def ess(self) -> float:
        return effective_size(self.weights)

    @property
    def events(self) -> int:
        return int(np.sum(self.clones.shown == EVENT))

    def limits(self) -> tuple[FloatArray, FloatArray]:
        """Pointwise 95% interval of the risk, within [0, 1]."""
        half = 1.96 * np.std(self.resampled, axis=0, ddof=1)
        return np.clip(self.risk - half, 0, 1), np.clip(self.risk + half, 0, 1)


@dataclass(frozen=True)
class Trial:
    """Arms of one emulation in the order of their strategies; all have the same resamples."""

    course: Course
    arms: tuple[Arm, ...]
    converged: bool
    df: float | None

    def difference(self, first: int, second: int, days: float, *, truncated: bool = False) -> Effect | None:
        """Risk under the first strategy minus risk under the second by ``days``; None where it is undefined.

        The interval is normal (t where whole companies were drawn) with the bootstrap's standard error:
        200 resamples give a standard deviation to 5%, but percentiles only roughly.
        """
        k = int(np.searchsorted(self.course.ends_s, days * DAY))
        one, other = self.arms[first], self.arms[second]
        if truncated:
            value = one.truncated[k] - other.truncated[k]
            draws = one.truncated_resampled[:, k] - other.truncated_resampled[:, k]
        else:
            value = one.risk[k] - other.risk[k]
            draws = one.resampled[:, k] - other.resampled[:, k]
        drawn = draws[np.isfinite(draws)]
        if not np.isfinite(value) or len(drawn) < max(2, 0.9 * len(draws)):
            return None
        return effect(float(value), float(np.std(drawn, ddof=1)), self.df)


@dataclass(frozen=True)
class _Hazards:
    """The natural hazards of reply and loss; no model of loss where nobody was lost."""

    reply: PooledLogistic
    loss: PooledLogistic | None

    def at(self, multiplicity: FloatArray | None = None) -> tuple[Replying, Staying | None]:
        """The hazards fitted to all data, or refitted to a resample."""
        reply = replying(self.reply, multiplicity)
        return reply, None if self.loss is None else staying(self.loss, multiplicity)


def target_trial(
    course: Course,
    reply: Features,
    loss: Features,
    strategies: Sequence[Strategy],
    cluster: IntArray,
    *,
    resamples: int,
    seed: int,
    truncate_at: float = 0.99,
    df: float | None = None,
) -> Trial:
    """Emulate a target trial of ``strategies`` (clone–censor–weight; Hernán 2018, Cain et al. 2010).

    Reply and loss have pooled logistic hazards with features ``reply`` and ``loss``. Assumes that, given
    these, reply and loss are independent of the outcome to come, and that each strategy could be followed by
    everybody. ``resamples`` times whole clusters are drawn and the weights refitted. ``truncate_at`` is the
    quantile of a sensitivity run's weights; ``df`` those of the interval.
    """
    exposure, lost = course.followed()
    hazards = _Hazards(
        reply=fit_hazard(reply, *course.awaiting_reply()),
        loss=fit_hazard(loss, exposure, lost) if lost.any() else None,
    )
    clones = [clone(course, strategy) for strategy in strategies]
    everyone = np.ones(course.n)
    grace = max((c.closes for c in clones if not c.strategy.never), default=0)
    fitted = hazards.at()
    point = [_risks(c, *fitted, grace, everyone, truncate_at) for c in clones]
    drawn: list[list[_Risks]] = []
    resampled = multiplicities(cluster, resamples, seed)
    for multiplicity in track(resampled, "Resampling", resamples):
        refitted = hazards.at(multiplicity)
        drawn.append([_risks(c, *refitted, grace, multiplicity, truncate_at) for c in clones])
    converged = hazards.reply.converged and (hazards.loss is None or hazards.loss.converged)
    arms = tuple(_arm(c, point[j], [draw[j] for draw in drawn]) for j, c in enumerate(clones))
    return Trial(course, arms, converged, df)


@dataclass(frozen=True)
class _Risks:
    weights: FloatArray
    grace: FloatArray
    at_risk: FloatArray
    risk: FloatArray
    truncated: FloatArray


def _risks(
    clones: Clones,
    reply: Replying,
    loss: Staying | None,
    grace: int,
    multiplicity: FloatArray,
    truncate_at: float,
) -> _Risks:
    logs = log_weights(clones, reply, loss, grace)
    during, final, by_grace = (np.exp(np.minimum(w, HEAVIEST)) for w in (logs.during, logs.final, logs.grace))
    final = np.where(clones.complete, final, 0.0)
    by_grace = np.where(clones.complete | (clones.last > grace), by_grace, 0.0)
    value, at_risk = risk(clones, during, final, multiplicity)
    drawn = np.repeat(final, multiplicity.astype(np.int64) * clones.complete)
    cut = float(np.quantile(drawn, truncate_at)) if len(drawn) else np.inf
    truncated, _ = risk(clones, np.minimum(during, cut), np.minimum(final, cut), multiplicity)
    return _Risks(final, by_grace, at_risk, value, truncated)


def _arm(clones: Clones, point: _Risks, drawn: list[_Risks]) -> Arm:
    return Arm(
        clones=clones,
        weights=point.weights,
        grace=point.grace,
        at_risk=point.at_risk,
        risk=point.risk,
        resampled=np.array([draw.risk for draw in drawn]),
        truncated=point.truncated,
        truncated_resampled=np.array([draw.truncated for draw in drawn]),
    )
