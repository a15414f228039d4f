"""Scenarios on the complaint's clock: replies, and deletions in the place of replies, by emulation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from complaintlab.models.causal.inference import codes, resampling_unit
from complaintlab.models.causal.logistic import Features
from complaintlab.models.design import confounder_matrix
from complaintlab.models.normal_or_t import quantile
from complaintlab.models.strategies import DAY, PATIENCE_S, grid
from complaintlab.models.trials import SHOWN, fit
from complaintlab.models.trials.arms import Plan, Trial
from complaintlab.models.trials.course import course
from complaintlab.models.trials.emulation import emulate
from complaintlab.models.trials.features import features, with_answered
from complaintlab.models.trials.outcomes import event
from complaintlab.models.trials.processes import Processes, fit_processes
from complaintlab.models.trials.tables import why_not
from complaintlab.models.what_if.scenarios import USUAL, Scenario


def emulated(
    eligible: pl.DataFrame,
    spells: pl.DataFrame,
    group: Sequence[Scenario],
    outcomes: Sequence[str],
    days: int,
    resamples: int,
    seed: int,
) -> dict[tuple[str, str], pl.DataFrame | str]:
    """Curves of each scenario of one kind and each outcome, or why there are none.

    All are made in one emulation: the processes are fitted once, and resamples are the same.
    """
    keys = [(one.name, outcome) for one in group for outcome in outcomes]
    of_deletion = group[0].kind == "deletion"
    episodes = _deletion_for_reply(eligible, spells) if of_deletion else eligible
    if episodes["first_reply_s"].null_count() == episodes.height:
        nothing = "Nothing was deleted." if of_deletion else "No complaint was answered."
        return dict.fromkeys(keys, nothing)
    quality = any(one.strategy.quality for one in group)
    if of_deletion:
        processes = _deletion_processes(episodes, spells, days)
    else:
        processes = fit(episodes, spells, days, quality=quality)
    strategies = (USUAL, *(one.strategy for one in group))
    everybody, ends_s = np.ones(episodes.height, dtype=bool), grid(days)
    plans = [
        Plan(strategy, shown, everybody)
        for shown in (event(episodes, outcome, ends_s) for outcome in outcomes)
        for strategy in strategies
    ]
    cluster, df = resampling_unit(codes(episodes["author_id"]), codes(episodes["company"]))
    of = episodes["first_reply_quality"].cast(pl.String).fill_null("other").to_numpy()
    trial = emulate(
        processes, plans, cluster, resamples=resamples, seed=seed, quality=of if quality else None, df=df
    )
    width = len(strategies)
    return {
        (scenario.name, outcome): _curve(trial, width * i, width * i + j, days)
        for i, outcome in enumerate(outcomes)
        for j, scenario in enumerate(group, start=1)
    }


def _deletion_for_reply(episodes: pl.DataFrame, spells: pl.DataFrame) -> pl.DataFrame:
    """The host's first deletion in the place of the first reply, which becomes history: answered_s."""
    middle = (pl.col("deletion_lower_s") + pl.col("deletion_upper_s")) // 2
    gone = spells.filter(pl.col("critic_deleted")).sort("episode_id", "start_s")
    gone = gone.unique("episode_id", keep="first", maintain_order=True)
    moment = gone.select("episode_id", deleted_s=pl.coalesce(middle, "start_s").clip(lower_bound=1))
    told = episodes.join(moment, on="episode_id", how="left", maintain_order="left")
    return told.with_columns(answered_s="first_reply_s", first_reply_s="deleted_s").drop("deleted_s")


def _deletion_processes(episodes: pl.DataFrame, spells: pl.DataFrame, days: int) -> Processes:
    """Hazards of deletion and loss; what the spells say of the deletion itself is no history of it."""
    lived = course(episodes, None, grid(max(days, PATIENCE_S / DAY)))
    baseline, _ = confounder_matrix(episodes, companies=True)
    untold = spells.with_columns(critic_deleted=pl.lit(False))
    whole = features(episodes, untold, baseline, lived, (*SHOWN, "answered"))
    W = lived.patience
    act = Features(baseline, whole.time[:W], whole.varying[:, :, :W], whole.offset[:W], whole.history)
    return fit_processes(lived, act, with_answered(whole, lived))


def _curve(trial: Trial, base: int, place: int, days: int) -> pl.DataFrame | str:
    """Risk, usual risk and difference at the ends of the intervals; or why the arm has none."""
    usual, arm = trial.arms[base], trial.arms[place]
    if reason := why_not(arm, usual):
        return reason
    k = slice(arm.plan.outcome.until(days) + 1)
    if not np.isfinite(arm.value[k]).all():
        return f"By day {days} nobody is left under '{arm.plan.strategy.name}'."
    difference = arm.value[k] - usual.value[k]
    far = quantile(0.975, trial.df)
    half = far * np.nanstd(arm.resampled[:, k], axis=0, ddof=1)
    half_difference = far * np.nanstd(arm.resampled[:, k] - usual.resampled[:, k], axis=0, ddof=1)
    columns = {
        "risk": arm.value[k],
        "lower": np.clip(arm.value[k] - half, 0, 1),
        "upper": np.clip(arm.value[k] + half, 0, 1),
        "usual": usual.value[k],
        "difference": difference,
        "difference_lower": difference - half_difference,
        "difference_upper": difference + half_difference,
    }
    started = {name: np.concatenate([[0.0], values]) for name, values in columns.items()}
    return pl.DataFrame({"time_s": np.concatenate([[0.0], arm.plan.outcome.course.ends_s[k]]), **started})
