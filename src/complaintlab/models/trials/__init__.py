"""The stage ``trials``: what reply strategies do, by clone–censor–weight emulation of target trials.

Complaints (and praise) from the moment they are posted (Z0), in company-weeks in which some but not all were
answered. Each is cloned into every strategy and censored when it departs; weights undo the censoring.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from complaintlab.models.causal.inference import codes, resampling_unit
from complaintlab.models.causal.logistic import Features, FloatArray
from complaintlab.models.design import confounder_matrix
from complaintlab.models.strategies import DAY, PATIENCE_S, Strategy, grid
from complaintlab.models.trials.arms import Trial
from complaintlab.models.trials.course import course
from complaintlab.models.trials.dispersed import negative_binomial_row
from complaintlab.models.trials.emulation import emulate, worth_spreading
from complaintlab.models.trials.features import features, with_answered
from complaintlab.models.trials.processes import Processes, fit_processes
from complaintlab.models.trials.questions import Plans, Question, asked, outcomes, questions
from complaintlab.models.trials.steps import no_step_reversed
from complaintlab.models.trials.tables import (
    MODEL,
    balance_rows,
    curve_rows,
    empty_row,
    estimate_row,
    positivity_rows,
    reference_row,
    weight_row,
)
from complaintlab.parallel import prepare
from complaintlab.params import Analysis, Inference, Trials
from complaintlab.store import conform
from complaintlab.tables import TABLES

SHOWN = ("turned", "escalated")
"""Events that belong to the history of reply and loss once they have been shown."""
MINIMUM_EPISODES = 50


class Outputs(NamedTuple):
    estimates_trials: pl.DataFrame
    curves_trials: pl.DataFrame
    balance_trials: pl.DataFrame
    weights_trials: pl.DataFrame
    positivity: pl.DataFrame


def run(
    episodes: pl.DataFrame, spells: pl.DataFrame, analysis: Analysis, inference: Inference, trials: Trials
) -> Outputs:
    """Estimate the claims on the complaint's clock, and what stands behind.

    Risk differences at 1, 3 and the horizon's days, with the risk in the second arm beside each primary one
    (variant ``reference``, scale ``risk``); logarithms of ratios of mean counts. Where companies are worth at
    least 15 of equal size, whole companies are drawn; with fewer, authors are drawn, and the estimate is the
    random-effects average over companies, with t(G − 1); where fewer than 5 have both arms, it is for these
    companies only, with the authors' interval. What cannot be estimated has a row with the reason.
    """
    share = pl.col("answered_share_before")
    kind = pl.col("kind").cast(pl.String)
    rows = episodes.sort("episode_id")
    eligible = rows.filter(share.is_between(trials.positivity_lower, trials.positivity_upper))
    complaints, praise = (eligible.filter(kind == what) for what in ("complaint", "praise"))
    parts = [
        _answers(complaints, spells, analysis, inference, trials, praise=False),
        _answers(praise, spells, analysis, inference, trials, praise=True),
        _none(estimates_trials=_share_eligible(rows.filter(kind == "complaint"), complaints)),
    ]
    return Outputs(*(pl.concat(tables) for tables in zip(*parts, strict=True)))


def fit(
    episodes: pl.DataFrame,
    spells: pl.DataFrame,
    days: float,
    *,
    quality: bool,
    fitted: FloatArray | None = None,
    mass: FloatArray | None = None,
    start: Processes | None = None,
) -> Processes:
    """Fit reply, quality and loss to eligible ``episodes`` with their ``spells``, followed for ``days``.

    ``quality``: whether a strategy asks for one; ``fitted``, ``mass`` and ``start`` as in
    :func:`~complaintlab.models.trials.processes.fit_processes`.
    """
    lived = course(episodes, None, grid(max(days, PATIENCE_S / DAY)))
    baseline, _ = confounder_matrix(episodes, companies=True)
    whole = features(episodes, spells, baseline, lived, SHOWN)
    W = lived.patience
    reply = Features(baseline, whole.time[:W], whole.varying[:, :, :W], whole.offset[:W], whole.history)
    of = episodes["first_reply_quality"] if quality else None
    return fit_processes(lived, reply, with_answered(whole, lived), of, fitted, mass, start)


def _answers(
    eligible: pl.DataFrame,
    spells: pl.DataFrame,
    analysis: Analysis,
    inference: Inference,
    trials: Trials,
    *,
    praise: bool,
) -> Outputs:
    contrasts = asked(praise)
    wanted = [q for claim, contrast in contrasts for q in questions(claim, contrast, analysis)]
    if reason := _too_little(eligible, "praise" if praise else "complaints"):
        rows = [empty_row(question, reason, eligible.height, inference.seed) for question in wanted]
        return _none(estimates_trials=pl.concat(rows))
    plans = Plans(eligible, outcomes(eligible, spells, [c for _, c in contrasts], analysis), wanted)
    needs_quality = any(plan.strategy.quality for plan in plans.plans)
    days = max(float(plan.outcome.course.ends_s[-1]) for plan in plans.plans) / DAY
    company = codes(eligible["company"])
    cluster, df = resampling_unit(codes(eligible["author_id"]), company)
    if worth_spreading(inference.resamples, eligible.height):
        prepare(emulate.__module__)
    trial = emulate(
        fit(eligible, spells, days, quality=needs_quality),
        plans.plans,
        cluster,
        resamples=inference.resamples,
        seed=inference.seed,
        quality=eligible["first_reply_quality"].cast(pl.String).fill_null("other").to_numpy()
        if needs_quality
        else None,
        truncate_at=trials.truncate_at,
        df=df,
        company=company if df is None else None,
    )
    clusters = int(cluster.max()) + 1
    rows = [
        estimate_row(q, trial, plans.pair(q), clusters, inference.resamples, inference.seed) for q in wanted
    ]
    rows += [
        reference_row(q, trial, *plans.pair(q)) for q in wanted if q.variant == "primary" and not q.ratio
    ]
    X, _ = confounder_matrix(eligible, companies=False)
    rows += [
        negative_binomial_row(q, trial, plans.pair(q), X, cluster)
        for q in wanted
        if q.ratio and q.variant == "primary"
    ]
    rows += no_step_reversed(rows)
    return _described(pl.concat(rows), eligible, trial, plans, wanted)


def _described(
    rows: pl.DataFrame, eligible: pl.DataFrame, trial: Trial, plans: Plans, wanted: list[Question]
) -> Outputs:
    """Curves of every pair of arms; balance, weights and positivity of each claim's primary contrast.

    The figure of a contrast is ``trial_<contrast>`` for risks, ``counts_<contrast>`` for mean counts.
    """
    X, names = confounder_matrix(eligible, companies=True)
    heard = eligible["any_later_turn"].cast(pl.Float64).to_numpy()
    curves: dict[tuple[str, str, Strategy], pl.DataFrame] = {}
    balance: dict[str, pl.DataFrame] = {}
    weights: dict[str, pl.DataFrame] = {}
    positivity: dict[str, pl.DataFrame] = {}
    for q in wanted:
        pair, name = plans.pair(q), q.contrast.name
        arms = [trial.arms[j] for j in pair]
        lived = arms[0].plan.outcome.course
        if q.outcome in (q.contrast.outcome, *q.contrast.also):
            figure = f"{'counts' if q.contrast.counted else 'trial'}_{name}"
            curves |= {(figure, q.outcome, arm.plan.strategy): curve_rows(figure, arm) for arm in arms}
        if q.variant != "primary" or name in balance:
            continue
        private = (eligible["private_s"] <= lived.ends_s[-1]).fill_null(False).cast(pl.Float64).to_numpy()
        balance[name] = balance_rows(name, X, names, trial, pair)
        weights[name] = pl.concat([weight_row(name, arm, heard, private) for arm in arms])
        positivity[name] = positivity_rows(
            q.contrast, lived, eligible["hostility"].to_numpy(), arms[0].plan.population
        )
    return Outputs(rows, *(pl.concat(list(part.values())) for part in (curves, balance, weights, positivity)))


def _too_little(eligible: pl.DataFrame, what: str) -> str | None:
    if eligible.height < MINIMUM_EPISODES:
        noun = "openers with praise" if what == "praise" else "complaints"
        return f"Only {eligible.height} {noun} fall in weeks in which the company answered some but not all."
    if eligible["first_reply_s"].null_count() == eligible.height:
        return f"No {'praise' if what == 'praise' else 'complaint'} was answered."
    return None


def _share_eligible(complaints: pl.DataFrame, eligible: pl.DataFrame) -> pl.DataFrame:
    """The share of complaints in company-weeks that can be compared, as a row of ``estimates_trials``."""
    row = {
        "claim": "-",
        "contrast": "eligible",
        "outcome": "-",
        "model": MODEL,
        "subgroup": "all",
        "variant": "secondary",
        "time_days": 0.0,
        "scale": "share",
        "estimate": eligible.height / complaints.height if complaints.height else None,
        "n": complaints.height,
        "n_exposed": eligible.height,
        "events": 0,
        "clusters": complaints["author_id"].n_unique(),
        "converged": True,
        "reason": None if complaints.height else "There are no complaints.",
        "resamples": 0,
        "seed": 0,
    }
    return conform("estimates_trials", pl.DataFrame([row], infer_schema_length=None))


def _none(**tables: pl.DataFrame) -> Outputs:
    """The given tables, the others empty."""
    return Outputs(*(tables.get(name, TABLES[name].create_empty()) for name in Outputs._fields))
