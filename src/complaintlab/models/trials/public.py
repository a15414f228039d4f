"""Target trials for notebooks: the code of the stage ``trials`` on any table of episodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from complaintlab.errors import UserError
from complaintlab.models.causal.inference import Effect, codes
from complaintlab.models.causal.logistic import Features
from complaintlab.models.design import FloatArray, independent_columns, indicators
from complaintlab.models.strategies import DAY, HOUR, PATIENCE_S, Strategy, grid
from complaintlab.models.trials.arms import Plan, Trial
from complaintlab.models.trials.course import Course, course
from complaintlab.models.trials.emulation import emulate
from complaintlab.models.trials.features import log_hours, time_basis, with_answered
from complaintlab.models.trials.outcomes import event as event_of
from complaintlab.models.trials.processes import fit_processes
from complaintlab.models.trials.tables import balance_rows, curve_rows, why_not

FADING_S = (HOUR, 6 * HOUR)


@dataclass(frozen=True)
class TrialResult:
    """Two strategies compared; risks are proportions, ``difference`` is the first's minus the second's.

    ``effective_sizes`` are Kish's of the weights in both arms, ``events`` those seen while compliant.
    ``balance`` has covariate, smd_before, smd_after (standardised mean differences of those who still comply
    at the end of the later window); ``curves`` curve, time_s, value, lower, upper, n_risk.
    """

    first: Strategy
    second: Strategy
    horizon_days: float
    n: int
    risks: tuple[float, float]
    difference: Effect
    effective_sizes: tuple[float, float]
    events: tuple[int, int]
    balance: pl.DataFrame
    curves: pl.DataFrame
    converged: bool


def target_trial(
    episodes: pl.DataFrame,
    first: Strategy,
    second: Strategy,
    *,
    first_reply: str = "first_reply_s",
    event: str = "event_s",
    end: str = "end_s",
    entry: str | None = None,
    competing: str | None = None,
    quality: str | None = None,
    cluster: str | None = None,
    confounders: Sequence[str] = (),
    horizon_days: int = 7,
    resamples: int = 200,
    seed: int = 1,
) -> TrialResult:
    """Emulate a target trial of two reply strategies on observed episodes.

    Clone–censor–weight (Hernán 2018; Cain et al. 2010): every episode follows both strategies until it
    departs from them; weights from pooled logistic hazards of the first reply, and of loss, undo the
    censoring. Time runs in steps of 5 min to 2 h, 30 min to 24 h, then days.

    Args:
        episodes: one row per episode. Columns named by the next arguments hold whole seconds since the
            episode's start: ``first_reply`` and ``event`` (null: never), ``end`` of follow-up (not null),
            ``entry`` (first sighting; by default 0).
        first, second: ``Strategy(name, after_s, by_s)``: first reply in (after_s, by_s] seconds; with
            ``by_s`` infinite none until ``after_s``, at most 7 days. A quality needs the column ``quality``.
        competing: Boolean column: the end precludes the event. Any other end before the horizon is loss.
        quality: column with proper, bad or other for the first reply.
        cluster: column whose values are resampled as wholes; by default each row.
        confounders: columns known at the start, numeric, Boolean or text, without nulls.

    Assumes that given the confounders, and the time waited, reply and loss are independent of the outcome
    to come; what changes during an episode is not adjusted for (the stage ``trials`` does). The interval is
    normal with the bootstrap's standard error, weights refitted in each resample.

    Raises:
        UserError: a column is missing or unfit, or an arm has too few events or nobody who complies.

    Example:
        Angry critics (1) are answered later and escalate more; the reply itself does nothing.

        >>> import numpy as np, polars as pl
        >>> from complaintlab.models.strategies import Strategy
        >>> rng = np.random.default_rng(1)
        >>> angry = rng.integers(0, 2, 4000)
        >>> reply_s = rng.exponential(3600 * np.where(angry == 1, 12, 3)).astype(int) + 1
        >>> escalated_s = rng.exponential(86400 * np.where(angry == 1, 20, 60)).astype(int) + 1
        >>> episodes = pl.DataFrame(
        ...     {"angry": angry, "first_reply_s": reply_s, "event_s": escalated_s, "end_s": 30 * 86400}
        ... )
        >>> soon, late = Strategy("within 1 h", 0, 3600), Strategy("1 to 24 h", 3600, 86400)
        >>> found = target_trial(episodes, soon, late, confounders=["angry"], resamples=50)
        >>> found.difference.lower < 0 < found.difference.upper
        True
        >>> by_hand = episodes["event_s"] <= 7 * 86400
        >>> answered_soon = episodes["first_reply_s"] <= 3600
        >>> bool(by_hand.filter(answered_soon).mean() - by_hand.filter(~answered_soon).mean() < -0.04)
        True
    """
    named = {"first_reply_s": first_reply, "event_s": event, "end_s": end}
    optional = {"entry_s": entry, "competing": competing, "quality": quality, "cluster": cluster}
    named |= {ours: theirs for ours, theirs in optional.items() if theirs is not None}
    _check(episodes, [*named.values(), *confounders], [end, *confounders])
    if quality is None and (first.quality or second.quality):
        raise UserError("target_trial: a strategy asks for a quality: name the column in quality=.")
    frame = _canonical(episodes.select(**{ours: pl.col(theirs) for ours, theirs in named.items()}))
    baseline, names = _design(episodes, confounders)
    outcome = event_of(frame, "event", grid(horizon_days))
    everybody = np.ones(frame.height, dtype=bool)
    trial = emulate(
        fit_processes(
            *_models(frame, baseline, horizon_days), frame["quality"] if quality is not None else None
        ),
        [Plan(strategy, outcome, everybody) for strategy in (first, second)],
        codes(frame["cluster"]),
        resamples=resamples,
        seed=seed,
        quality=frame["quality"].cast(pl.String).fill_null("other").to_numpy(),
    )
    return _result(trial, first, second, float(horizon_days), baseline, names)


def _check(episodes: pl.DataFrame, needed: Sequence[str], complete: Sequence[str]) -> None:
    if missing := [name for name in needed if name not in episodes.columns]:
        raise UserError(f"target_trial: episodes have no column '{missing[0]}': add it or name another.")
    if holes := [name for name in complete if episodes[name].null_count()]:
        raise UserError(f"target_trial: column '{holes[0]}' has nulls: fill them or leave these rows out.")
    if episodes.is_empty():
        raise UserError("target_trial: episodes have no rows: there is nothing to compare.")


def _canonical(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns that the stage reads, defaults where none were named."""
    defaults = {
        "entry_s": pl.lit(0),
        "competing": pl.lit(False),
        "quality": pl.lit(None, pl.String),
        "cluster": pl.int_range(pl.len()),
    }
    frame = frame.with_columns(
        value.alias(name) for name, value in defaults.items() if name not in frame.columns
    )
    return frame.with_columns(end=pl.when("competing").then(pl.lit("locked")).otherwise(pl.lit("last_seen")))


def _design(episodes: pl.DataFrame, confounders: Sequence[str]) -> tuple[FloatArray, list[str]]:
    columns: list[pl.Series] = []
    for name in confounders:
        values = episodes[name]
        if values.dtype.is_numeric() or values.dtype == pl.Boolean:
            columns.append(values.cast(pl.Float64))
        else:
            columns += indicators(values.cast(pl.String), name).get_columns()
    return independent_columns(pl.DataFrame(columns)) if columns else (np.empty((episodes.height, 0)), [])


def _models(
    frame: pl.DataFrame, baseline: FloatArray, horizon_days: int
) -> tuple[Course, Features, Features]:
    """The course without an outcome, and the features of reply and loss.

    What the confounders do may change: each has slopes over the logarithm of time, between ``FADING_S``.
    """
    ends_s = grid(max(horizon_days, PATIENCE_S / DAY))
    lived = course(frame, None, ends_s)
    hours = np.log(ends_s / HOUR)
    slopes = [hours, *(np.maximum(hours - np.log(knot / HOUR), 0) for knot in FADING_S)]
    fading = np.concatenate([baseline.T[:, :, None] * slope[None, None, :] for slope in slopes])
    whole = Features(baseline, time_basis(ends_s), fading.astype(np.float32), log_hours(ends_s))
    W = lived.patience
    reply = Features(baseline, whole.time[:W], whole.varying[:, :, :W], whole.offset[:W])
    return lived, reply, with_answered(whole, lived)


def _result(
    trial: Trial, first: Strategy, second: Strategy, days: float, baseline: FloatArray, names: list[str]
) -> TrialResult:
    one, other = trial.arms
    if reason := why_not(one, other):
        raise UserError(f"target_trial: {reason}")
    difference = trial.effect(0, 1, days)
    if difference is None:
        raise UserError(
            f"target_trial: by day {days:g} nobody is at risk in one of the arms: ask for fewer days."
        )
    k = one.plan.outcome.until(days)
    return TrialResult(
        first=first,
        second=second,
        horizon_days=days,
        n=one.n,
        risks=(float(one.value[k]), float(other.value[k])),
        difference=difference,
        effective_sizes=(one.ess, other.ess),
        events=(one.events, other.events),
        balance=balance_rows("", baseline, names, trial, (0, 1)).drop("contrast"),
        curves=pl.concat([curve_rows("", arm).drop("figure", "outcome") for arm in trial.arms]),
        converged=trial.converged,
    )
