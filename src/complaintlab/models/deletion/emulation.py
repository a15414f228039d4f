"""Clone–censor–weight within each imputation, and what the imputations say together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.causal.inference import Effect, codes, resampling_unit
from complaintlab.models.causal.logistic import Features, FloatArray, PooledLogistic, fit_hazard
from complaintlab.models.deletion.cohort import Cohort
from complaintlab.models.deletion.histories import acted_at, ends, lived, reply_features
from complaintlab.models.deletion.rubin import pooled
from complaintlab.models.strategies import Strategy
from complaintlab.models.trials.arms import Arm, Plan, average
from complaintlab.models.trials.companies import Averaged
from complaintlab.models.trials.course import course as course_of
from complaintlab.models.trials.emulation import emulate
from complaintlab.models.trials.features import with_answered
from complaintlab.models.trials.outcomes import event
from complaintlab.models.trials.processes import Processes, fit_processes, staying
from complaintlab.models.trials.quality import fit_qualities
from complaintlab.models.trials.segments import Staying, segments
from complaintlab.progress import track

IntArray = npt.NDArray[np.int64]

OUTCOME = "escalated"
FEWEST_DRAWS = 10
"""Resamples within each imputation at least; the variance is averaged over imputations."""


@dataclass(frozen=True)
class Imputed:
    """One strategy's arm for one outcome, in each imputation."""

    arms: tuple[Arm, ...]
    converged: bool

    @property
    def name(self) -> str:
        return self.arms[0].plan.strategy.name

    def risks(self, days: float) -> FloatArray:
        """(M, 1 + resamples): the estimate, then those of the resamples, by a number of days."""
        k = self.arms[0].plan.outcome.until(days)
        return np.array([[arm.value[k], *arm.resampled[:, k]] for arm in self.arms])

    def mean(self, what: str) -> float:
        """Of a number that each arm has (n, ess, complete, events), over the imputations."""
        return float(np.mean([getattr(arm, what) for arm in self.arms]))


@dataclass(frozen=True)
class Design:
    """What stays the same in every imputation of a cohort."""

    cohort: Cohort
    act: Features
    loss: Features
    resamples: int
    seed: int

    @classmethod
    def of(cls, cohort: Cohort, act: Features, imputations: int, resamples: int, seed: int) -> Design:
        draws = max(FEWEST_DRAWS, -(-resamples // imputations))
        return cls(cohort, act, with_answered(act, lived(cohort)), draws, seed)

    @property
    def clusters(self) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], float]:
        """Cluster of each episode, and the degrees of freedom that they would leave."""
        rows = self.cohort.episodes
        cluster, df = resampling_unit(codes(rows["author_id"]), codes(rows["company"]))
        return cluster, float(cluster.max()) if df is None else df

    @property
    def averaged(self) -> IntArray | None:
        """Company of each episode where companies are too few or uneven to be drawn; else None."""
        rows = self.cohort.episodes
        company = codes(rows["company"])
        return company if resampling_unit(codes(rows["author_id"]), company)[1] is None else None


@dataclass(frozen=True)
class LeftStanding(Processes):
    """Processes of complaints that nobody deletes: a deletion takes them out of sight, as a loss does."""

    deletion: PooledLogistic

    @property
    def converged(self) -> bool:
        return super().converged and self.deletion.converged

    def _losses(self, multiplicities: FloatArray | None) -> Iterator[Staying]:
        """Weights of loss multiplied by those of deletion."""
        losses = super()._losses(multiplicities)
        for deleted in staying(self.deletion, multiplicities):
            lost = next(losses, None)
            yield deleted if lost is None else deleted.times(lost)


def act_arms(
    design: Design, moments: Iterable[FloatArray], strategies: tuple[Strategy, ...]
) -> tuple[list[Imputed], list[Processes]]:
    """Arms of strategies about the act, and the fitted processes of each imputation."""
    made = [_act_arms(design, strategies, at_s) for at_s in track(list(moments), "Imputations")]
    trials, fits = zip(*made, strict=True)
    return _imputed(trials, fits), list(fits)


def _act_arms(
    design: Design, strategies: tuple[Strategy, ...], at_s: FloatArray
) -> tuple[tuple[Arm, ...], Processes]:
    fit = fit_processes(lived(design.cohort, at_s), design.act, design.loss)
    return _emulated(design, fit, acted_at(design.cohort, at_s), strategies, None), fit


def left_arms(
    design: Design,
    spells: pl.DataFrame,
    moments: Iterable[FloatArray],
    fits: Iterable[Processes],
    strategies: tuple[Strategy, ...],
) -> list[Imputed]:
    """Arms of strategies about the first reply while the complaint is left as it is.

    ``fits`` are the processes of the act in the same imputations.
    """
    reply, pairs = reply_features(design.cohort, spells), list(zip(moments, fits, strict=True))
    made = [_left_arms(design, reply, strategies, *pair) for pair in track(pairs, "Left as they are")]
    trials, models = zip(*made, strict=True)
    return _imputed(trials, models)


def _left_arms(
    design: Design, reply: Features, strategies: tuple[Strategy, ...], at_s: FloatArray, fit: Processes
) -> tuple[tuple[Arm, ...], Processes]:
    cohort = design.cohort
    quality = cohort.episodes["first_reply_quality"]
    episodes = _until_deleted(cohort, at_s)
    course = course_of(episodes, None, ends())
    waits_until = np.minimum(np.minimum(course.reply_at, course.stop_at), course.patience - 1)
    model = LeftStanding(
        course=course,
        segments=segments(reply.varying[: reply.history], waits_until),
        reply=fit_hazard(reply, *course.awaiting_reply()),
        loss=fit.loss,
        qualities=fit_qualities(course, reply, quality),
        deletion=fit.reply,
    )
    levels = quality.cast(pl.String).fill_null("other").to_numpy()
    return _emulated(design, model, episodes, strategies, levels), model


def difference(first: Imputed, second: Imputed, days: float, complete_df: float) -> Effect | None:
    """Risk in the first arm less that in the second, by Rubin's rules; the resamples are the same in both.

    Where companies are averaged, and enough of them have both arms in every imputation, it is the average
    over companies with G − 1 degrees of freedom.
    """
    draws = first.risks(days) - second.risks(days)
    variances = np.var(draws[:, 1:], axis=1, ddof=1)
    known = _averages(first, second, days, variances)
    if known is None:
        return pooled(draws[:, 0], variances, complete_df)
    effects = [one.effect for one in known]
    squares = np.array([one.se**2 for one in effects])
    least = min(one.df or complete_df for one in effects)
    return pooled(np.array([one.estimate for one in effects]), squares, least)


def reference(first: Imputed, second: Imputed, days: float) -> float:
    """Risk in the second arm, averaged over companies where their :func:`difference` is."""
    variances = np.var((first.risks(days) - second.risks(days))[:, 1:], axis=1, ddof=1)
    known = _averages(first, second, days, variances)
    values = second.risks(days)[:, 0] if known is None else [one.second for one in known]
    return float(np.mean(values))


def _averages(first: Imputed, second: Imputed, days: float, variances: FloatArray) -> list[Averaged] | None:
    """The averages over companies in each imputation; None unless every imputation has one."""
    made = [
        average((one, other), days, float(variance))
        for one, other, variance in zip(first.arms, second.arms, variances, strict=True)
    ]
    known = [one for one in made if one is not None]
    return known if len(known) == len(made) else None


def _emulated(
    design: Design,
    fit: Processes,
    episodes: pl.DataFrame,
    strategies: tuple[Strategy, ...],
    quality: np.ndarray[tuple[int], np.dtype[np.str_]] | None,
) -> tuple[Arm, ...]:
    shown = event(episodes, OUTCOME, ends())
    everybody = np.ones(episodes.height, dtype=bool)
    plans = [Plan(strategy, shown, everybody) for strategy in strategies]
    cluster, _ = design.clusters
    return emulate(
        fit, plans, cluster, resamples=design.resamples, seed=design.seed, quality=quality,
        company=design.averaged,
    ).arms  # fmt: skip


def _until_deleted(cohort: Cohort, at_s: FloatArray) -> pl.DataFrame:
    """Episodes that are lost from sight when they are deleted."""
    deleted = pl.Series(at_s < cohort.episodes["end_s"].to_numpy())
    at = pl.Series(np.where(np.isfinite(at_s), np.ceil(at_s), 0)).cast(pl.Int64)
    return cohort.episodes.with_columns(
        end_s=pl.when(deleted).then(at.clip(lower_bound=1)).otherwise("end_s"),
        end=pl.when(deleted).then(pl.lit("last_seen")).otherwise(pl.col("end").cast(pl.String)),
    )


def _imputed(trials: Sequence[tuple[Arm, ...]], fits: Sequence[Processes]) -> list[Imputed]:
    converged = all(fit.converged for fit in fits)
    return [Imputed(arms, converged) for arms in zip(*trials, strict=True)]
