"""What an emulated target trial says, as rows of tables."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.causal.inference import Effect, smd, weighted_mean
from complaintlab.models.strategies import DAY, HOUR, MINUTE, Contrast
from complaintlab.models.trials.arms import Arm, Trial
from complaintlab.models.trials.course import Course
from complaintlab.models.trials.questions import Question
from complaintlab.models.trials.weights import of_quality, weigh
from complaintlab.store import conform

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

MODEL = "clone-censor-weight"
MINIMUM_EVENTS = 5
ARMS = 2.0
"""Parameters of the outcome: a weighted risk or mean in each arm, without a regression."""

POSITIVITY_S = (
    0, 15 * MINUTE, 30 * MINUTE, 55 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR,
    23 * HOUR + 30 * MINUTE, DAY, 7 * DAY,
)  # fmt: skip
NO_HOURS = (
    "No complaint is known to have come in (or out of) opening hours: give the companies a time_zone and "
    "hours in data/companies.yaml."
)
HOSTILITY = ("0 calm", "1 annoyed", "2 angry", "3 abusive")


def estimate_row(
    question: Question, trial: Trial, pair: tuple[int, int], clusters: int, resamples: int, seed: int
) -> pl.DataFrame:
    """One row of ``estimates_trials``: the risk difference or log ratio, or why there is none."""
    first, second = (trial.arms[j] for j in pair)
    reason, found = why_not(first, second), None
    if first.n == 0 and question.contrast.population in ("in hours", "out of hours"):
        reason = NO_HOURS
    if reason is None:
        found = trial.effect(*pair, question.days, truncated=question.truncated, ratio=question.ratio)
        if found is None:
            reason = (
                f"By day {question.days:g} nobody is at risk in one of the arms, or in too many resamples."
            )
    return _row(
        question,
        found,
        reason,
        n=first.n,
        n_exposed=first.complete,
        events=first.events + second.events,
        events_exposed=first.events,
        clusters=clusters if found is None or found.df is None else round(found.df) + 1,
        ess=min(first.ess, second.ess),
        converged=trial.converged,
        resamples=resamples,
        seed=seed,
    )


def reference_row(question: Question, trial: Trial, first: int, second: int) -> pl.DataFrame:
    """One row of ``estimates_trials``, scale ``risk``: the weighted risk under the second strategy.

    Where the contrast with the first is an average over companies, so is this.

    Counted heads do not give it: a complaint counts in every arm whose strategy it has followed.
    """
    arm = trial.arms[second]
    risk = trial.reference(first, second, question.days)
    known = bool(np.isfinite(risk))
    row = _row(
        question,
        None,
        None if known else f"By day {question.days:g} nobody is at risk under '{arm.plan.strategy.name}'.",
        n=arm.complete,
        events=arm.events,
        ess=arm.ess,
        converged=trial.converged,
        resamples=0,
        seed=0,
    )
    return conform(
        "estimates_trials",
        row.with_columns(
            pl.lit(risk if known else None, pl.Float64).alias("estimate"),
            pl.lit("reference").alias("variant"),
            pl.lit("risk").alias("scale"),
        ),
    )


def empty_row(question: Question, reason: str, n: int, seed: int) -> pl.DataFrame:
    """One row of ``estimates_trials`` where no trial could be emulated."""
    return _row(question, None, reason, n=n, converged=False, resamples=0, seed=seed)


def filled_row(question: Question, found: Effect | str, **rest: object) -> pl.DataFrame:
    """One row of ``estimates_trials`` from an effect in closed form, or the reason why there is none."""
    known = None if isinstance(found, str) else found
    return _row(question, known, found if isinstance(found, str) else None, resamples=0, seed=0, **rest)


def why_not(first: Arm, second: Arm) -> str | None:
    """The reason for which the arms cannot be compared, in one sentence; None where they can."""
    for arm in (first, second):
        name, outcome = arm.plan.strategy.name, arm.plan.outcome
        if arm.n == 0:
            return "There is no complaint of this kind."
        if arm.events < MINIMUM_EVENTS and outcome.growth is not None:
            return f"Only {arm.events} counts of '{outcome.name}' came under '{name}': too few."
        if arm.events < MINIMUM_EVENTS:
            return f"Only {arm.events} complaints that followed '{name}' {outcome.name}: too few."
        if not arm.clones.weighable():
            return f"No complaint was answered in the window of '{name}': nobody stands for it."
    return None


def _row(question: Question, found: Effect | None, reason: str | None, **rest: object) -> pl.DataFrame:
    counted = {"n": 0, "n_exposed": 0, "events": 0, "events_exposed": 0, "clusters": 0, "ess": None,
               "parameters": ARMS}  # fmt: skip
    row = {
        "claim": question.claim,
        "contrast": question.contrast.name,
        "outcome": question.outcome,
        "model": MODEL,
        "subgroup": question.subgroup,
        "variant": question.variant,
        "time_days": question.days,
        "scale": "log_rr" if question.ratio else "rd",
        "reason": reason,
        **counted,
        **rest,
    }
    if found is not None:
        row |= {name: getattr(found, name) for name in ("estimate", "se", "lower", "upper", "p", "df")}
    return conform("estimates_trials", pl.DataFrame([row], infer_schema_length=None))


def curve_rows(figure: str, arm: Arm) -> pl.DataFrame:
    """Rows of ``curves_trials``: the arm's risk or mean count at 0 and at the end of each interval."""
    lower, upper = arm.limits()
    seen = np.isfinite(arm.value)
    rows = pl.DataFrame(
        {
            "time_s": arm.plan.outcome.course.ends_s[seen].astype(float),
            "value": arm.value[seen],
            "lower": lower[seen],
            "upper": upper[seen],
            "n_risk": arm.at_risk[seen],
        }
    ).with_columns(pl.col("lower", "upper").fill_nan(None))
    start = pl.DataFrame({"time_s": 0.0, "value": 0.0, "lower": 0.0, "upper": 0.0, "n_risk": float(arm.n)})
    labels = {"figure": figure, "curve": arm.plan.strategy.name, "outcome": arm.plan.outcome.name}
    named = [pl.lit(value).alias(name) for name, value in labels.items()]
    return conform("curves_trials", pl.concat([start, rows]).with_columns(named))


def balance_rows(
    contrast: str, X: FloatArray, names: Sequence[str], trial: Trial, pair: tuple[int, int]
) -> pl.DataFrame:
    """Rows of ``balance_trials``: confounders of those who still comply at the end of the later window."""
    arms = [trial.arms[j] for j in pair]
    closes = max((arm.clones.closes for arm in arms if not arm.plan.strategy.never), default=0)
    first, second = (compliant(trial, arm, closes) for arm in arms)
    before = smd(X, (first > 0).astype(float), (second > 0).astype(float))
    after = smd(X, first, second)
    rows = pl.DataFrame({"covariate": list(names), "smd_before": before, "smd_after": after}).fill_nan(None)
    return conform("balance_trials", rows.with_columns(pl.lit(contrast).alias("contrast")))


def compliant(trial: Trial, arm: Arm, until: int) -> FloatArray:
    """Weights (n,) at the end of interval ``until``, or of a clone's follow-up if that is sooner."""
    clones, nature = arm.clones, trial.nature
    strategy = arm.plan.strategy
    weights = of_quality(weigh(trial.processes.course, strategy, nature), strategy, nature)
    now = weights.settled if weights.unanswered is None else weights.unanswered[:, until]
    loss = 1.0 if nature.loss is None else nature.loss.end[:, until]
    return np.where(clones.last > until, now * loss * arm.plan.population, arm.weights)


def weight_row(contrast: str, arm: Arm, heard: FloatArray, private: FloatArray) -> pl.DataFrame:
    """One row of ``weights_trials``.

    ``mean`` is over all clones of the population, censored ones counting 0: near 1 where the models of reply
    and loss are right. ``heard`` and ``private`` (n,) are averaged with the weights at each clone's end.
    """
    kept = arm.weights[arm.weights > 0]
    row = {
        "contrast": contrast,
        "arm": arm.plan.strategy.name,
        "n": arm.n,
        "ess": arm.ess,
        "mean": float(arm.weights.sum()) / max(arm.n, 1),
        "p99": float(np.quantile(kept, 0.99)) if len(kept) else 0.0,
        "largest": float(kept.max()) if len(kept) else 0.0,
        "heard": weighted_mean(heard, arm.weights),
        "private": weighted_mean(private, arm.weights),
    }
    return conform("weights_trials", pl.DataFrame([row], infer_schema_length=None))


def positivity_rows(
    contrast: Contrast, course: Course, hostility: FloatArray, population: BoolArray
) -> pl.DataFrame:
    """Rows of ``positivity``: unanswered and answered by opener's hostility (rounded) and time."""
    level = np.clip(np.rint(hostility), 0, len(HOSTILITY) - 1).astype(int)
    waiting = np.minimum(course.reply_s, course.stop_s)
    rows = []
    for start, end in pairwise(POSITIVITY_S):
        at_risk = population & (course.entry_s <= start) & (waiting > start)
        answered = at_risk & course.replied & (course.reply_s <= end)
        for number, name in enumerate(HOSTILITY):
            counts = [int(np.sum(which & (level == number))) for which in (at_risk, answered)]
            rows.append((contrast.name, name, _span(start, end), *counts))
    columns = ["contrast", "stratum", "interval", "at_risk", "answered"]
    return conform("positivity", pl.DataFrame(rows, schema=columns, orient="row"))


def _span(start_s: int, end_s: int) -> str:
    """Hours and minutes, so written that the order of the names is that of time."""
    return " to ".join(f"{s // HOUR:03d}:{s % HOUR // MINUTE:02d}" for s in (start_s, end_s))
