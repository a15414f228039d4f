"""The claims on when a company answers, corrected for errors of the labels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from complaintlab.models.causal.inference import codes, resampling_unit
from complaintlab.models.label_error.enough import (
    NEGATIVE,
    NOT_CODED,
    UNSETTLED,
    WIDE,
    too_thin,
    too_uneven,
    too_wide,
)
from complaintlab.models.label_error.replies import VARIANT
from complaintlab.models.label_error.signed import CODED, MASS, signed
from complaintlab.models.reply_effects.rows import Row, numbers, row
from complaintlab.models.strategies import DAY, TIMING_CONTRASTS
from complaintlab.models.trials import fit
from complaintlab.models.trials.arms import Arm, Trial
from complaintlab.models.trials.course import EVENT
from complaintlab.models.trials.emulation import emulate
from complaintlab.models.trials.questions import Plans, Question, outcomes, questions
from complaintlab.models.trials.risks import grown
from complaintlab.models.trials.tables import ARMS, MODEL
from complaintlab.params import Analysis, Inference, LabelErrors, Trials

RESAMPLED = 2
"""One resample for so many of the naive estimates: a standard deviation from 100 is known to 7%."""

CODED_ID = ":coded"
"""Ends the id of an episode's second row, under which its spells stand."""


def corrected_timing(
    measured: tuple[pl.DataFrame, pl.DataFrame],
    coded: tuple[pl.DataFrame, pl.DataFrame],
    chance: pl.DataFrame,
    analysis: Analysis,
    inference: Inference,
    trials: Trials,
    rule: LabelErrors,
    ess_per_arm: int,
) -> list[Row]:
    """Rows of variant ``corrected`` of each claim on timing, and the risk in the second arm.

    One emulation of all of them on signed rows: risk sets, events and the chances of a reply's quality are
    signed sums. When a reply came is no label, and its hazard and that of loss are fitted once, to the
    complaints as measured: a coded row has the weights of its measured twin. Weights of its own, from coded
    hostility, would take out what is left of confounding by hostility that was measured badly, but made the
    intervals several times as wide. Whole companies or authors are drawn, and few companies averaged, as for
    the naive estimates.

    Args:
        measured, coded: episodes and spells; of the coded ones the population only.
        chance: episode_id and pi of all coded episodes.
        ess_per_arm: least effective size of an arm; with less there is no corrected estimate.
    """
    contrasts = {claim: contrast for claim, contrast in TIMING_CONTRASTS.items() if claim not in NOT_CODED}
    wanted = [
        question
        for claim, contrast in contrasts.items()
        for question in questions(claim, contrast, analysis)
        if question.variant == "primary"
    ]
    stacked, spells = _stacked(measured, coded, chance, trials)
    twice = measured[0].join(coded[0], on="episode_id", how="semi")
    again = measured[1].join(twice, on="episode_id", how="semi")
    as_measured, measured_spells = _stacked(measured, (twice, again), chance, trials)
    plans = Plans(stacked, outcomes(stacked, spells, list(contrasts.values()), analysis), wanted)
    days = max(float(plan.outcome.course.ends_s[-1]) for plan in plans.plans) / DAY
    company = codes(stacked["company"])
    cluster, df = resampling_unit(codes(stacked["author_id"]), company)
    mass, resamples = stacked[MASS].to_numpy(), max(2, inference.resamples // RESAMPLED)
    quality = stacked["first_reply_quality"].cast(pl.String).fill_null("other")
    processes = fit(
        as_measured.with_columns(stacked["first_reply_quality"]), measured_spells, days,
        quality=True, fitted=(~stacked[CODED]).cast(pl.Float64).to_numpy(), mass=mass,
    )  # fmt: skip
    trial = emulate(
        processes, plans.plans, cluster, resamples=resamples, seed=inference.seed,
        quality=quality.to_numpy(), df=df, mass=mass, company=company if df is None else None,
    )  # fmt: skip
    is_coded, clusters = stacked[CODED].to_numpy(), int(cluster.max()) + 1
    return [
        one
        for question in wanted
        for one in _rows(
            question, trial, plans.pair(question), is_coded, clusters, inference, rule, ess_per_arm
        )
    ]


def _stacked(
    measured: tuple[pl.DataFrame, pl.DataFrame],
    coded: tuple[pl.DataFrame, pl.DataFrame],
    chance: pl.DataFrame,
    trials: Trials,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Eligible complaints as signed rows, and the spells of both kinds."""
    share = pl.col("answered_share_before").is_between(trials.positivity_lower, trials.positivity_upper)
    complaint = pl.col("kind").cast(pl.String) == "complaint"
    both = [episodes.filter(share, complaint).sort("episode_id") for episodes in (measured[0], coded[0])]
    own = pl.concat_str("episode_id", pl.when(CODED).then(pl.lit(CODED_ID)).otherwise(pl.lit("")))
    stacked = signed(both[0], both[1], chance).with_columns(episode_id=own)
    again = coded[1].with_columns(pl.col("episode_id") + CODED_ID)
    return stacked, pl.concat([measured[1], again])


def _rows(
    question: Question,
    trial: Trial,
    pair: tuple[int, int],
    is_coded: np.ndarray,
    clusters: int,
    inference: Inference,
    rule: LabelErrors,
    ess_per_arm: int,
) -> Iterator[Row]:
    first, second = (trial.arms[j] for j in pair)
    key: Row = {
        "claim": question.claim, "contrast": question.contrast.name, "outcome": question.outcome,
        "model": MODEL, "subgroup": question.subgroup, "variant": VARIANT, "time_days": question.days,
        "scale": "log_rr" if question.ratio else "rd", "seed": inference.seed,
    }  # fmt: skip
    seen = [_coded_events(arm, is_coded) for arm in (first, second)]
    names = first.plan.strategy.name, second.plan.strategy.name
    k = first.plan.outcome.until(question.days)
    positive = all(bool(np.all(arm.at_risk[: k + 1] > 0)) for arm in (first, second))
    if not question.ratio:
        positive &= all(0 <= float(arm.value[k]) <= 1 for arm in (first, second))
    found = trial.effect(*pair, question.days, ratio=question.ratio) if positive else None
    if found is not None and found.df != trial.df and not positive_within(first, second, k):
        found = None
    ess = min(first.ess, second.ess)
    reason = too_thin(seen[0], seen[1], names, rule)
    if reason is None and not trial.converged:
        reason = UNSETTLED
    if reason is None and found is None:
        reason = NEGATIVE
    reason = reason or too_uneven(ess, ess_per_arm)
    if reason is None and found is not None and too_wide(found.lower, found.upper, key["scale"]):
        reason = WIDE
    if reason is not None or found is None:
        yield row(key, n=first.n, reason=reason)
        return
    counted: Row = {
        "n": first.n, "n_exposed": first.complete, "events": first.events + second.events,
        "events_exposed": first.events, "ess": ess, "parameters": ARMS, "converged": True,
        "clusters": clusters if found.df is None else round(found.df) + 1,
        "resamples": len(first.resampled),
    }  # fmt: skip
    yield row(key, **numbers(found), **counted)
    if not question.ratio:
        yield row(key | {"scale": "risk"}, **counted, estimate=trial.reference(*pair, question.days))


def positive_within(first: Arm, second: Arm, k: int) -> bool:
    """Whether the signed risk sets are positive until interval ``k`` in every company that is averaged."""
    both = np.isfinite(first.companies[:, k]) & np.isfinite(second.companies[:, k])
    risked = [arm.companies_at_risk[both, : k + 1] for arm in (first, second)]
    return bool(np.all(first.sizes[both] > 0)) and all(bool(np.all(of_arm > 0)) for of_arm in risked)


def _coded_events(arm: Arm, is_coded: np.ndarray) -> int:
    """Events, or growth of the count, of coded complaints while compliant."""
    mine = is_coded & arm.plan.population
    growth = grown(arm.plan.outcome, arm.clones)
    if growth is not None:
        return int(mine[growth.who].sum())
    return int(((arm.clones.shown == EVENT) & mine).sum())
