"""What an emulated target trial says, as rows of tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.causal.inference import Effect, effective_size, smd, weighted_mean
from complaintlab.models.strategies import DAY, HOUR, MINUTE, Contrast
from complaintlab.models.trials.course import Course
from complaintlab.models.trials.emulation import Arm, Trial
from complaintlab.store import conform

FloatArray = npt.NDArray[np.float64]

MODEL = "clone-censor-weight"
MINIMUM_EVENTS = 5

POSITIVITY_S = (
    0, 15 * MINUTE, 30 * MINUTE, 55 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR,
    23 * HOUR + 30 * MINUTE, DAY, 7 * DAY,
)  # fmt: skip
HOSTILITY = ("0 calm", "1 annoyed", "2 angry", "3 abusive")


@dataclass(frozen=True)
class Question:
    """What is asked of a trial: a claim's contrast, for one outcome, by a horizon."""

    claim: str
    contrast: Contrast
    outcome: str
    days: float
    variant: str


def estimate_row(
    question: Question, trial: Trial, pair: tuple[int, int], clusters: int, resamples: int, seed: int
) -> pl.DataFrame:
    """One row of ``estimates_trials``: the risk difference, or why there is none."""
    first, second = (trial.arms[j] for j in pair)
    reason = why_not(question, first, second)
    found = trial.difference(*pair, question.days, truncated=question.variant == "truncated")
    if reason is None and found is None:
        reason = f"By day {question.days:g} nobody is at risk in one of the arms, or in too many resamples."
    return _row(
        question,
        found if reason is None else None,
        reason,
        n=trial.course.n,
        n_exposed=int(first.clones.complete.sum()),
        events=first.events + second.events,
        events_exposed=first.events,
        clusters=clusters,
        ess=min(first.ess, second.ess),
        converged=trial.converged,
        resamples=resamples,
        seed=seed,
    )


def reference_row(question: Question, trial: Trial, second: int) -> pl.DataFrame:
    """One row of ``estimates_trials``, scale ``risk``: the weighted risk under the second strategy.

    Counted heads do not give it: a complaint counts in every arm whose strategy it has followed.
    """
    arm = trial.arms[second]
    risk = float(arm.risk[int(np.searchsorted(trial.course.ends_s, question.days * DAY))])
    known = bool(np.isfinite(risk))
    row = _row(
        question,
        None,
        None if known else f"By day {question.days:g} nobody is at risk under '{arm.clones.strategy.name}'.",
        n=int(arm.clones.complete.sum()),
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


def why_not(question: Question, first: Arm, second: Arm) -> str | None:
    """The reason for which the arms cannot be compared, in one sentence; None where they can."""
    for arm in (first, second):
        name = arm.clones.strategy.name
        if arm.events < MINIMUM_EVENTS:
            return f"Only {arm.events} complaints that followed '{name}' {question.outcome}: too few."
        if not arm.clones.weighable():
            return f"No complaint was answered in the window of '{name}': nobody stands for it."
    return None


def _row(question: Question, found: Effect | None, reason: str | None, **rest: object) -> pl.DataFrame:
    counted = {"n": 0, "n_exposed": 0, "events": 0, "events_exposed": 0, "clusters": 0, "ess": None}
    row = {
        "claim": question.claim,
        "contrast": question.contrast.name,
        "outcome": question.outcome,
        "model": MODEL,
        "subgroup": "all",
        "variant": question.variant,
        "time_days": question.days,
        "scale": "rd",
        "reason": reason,
        **counted,
        **rest,
    }
    if found is not None:
        row |= {name: getattr(found, name) for name in ("estimate", "se", "lower", "upper", "p", "df")}
    return conform("estimates_trials", pl.DataFrame([row], infer_schema_length=None))


def curve_rows(figure: str, outcome: str, course: Course, arm: Arm) -> pl.DataFrame:
    """Rows of ``curves_trials``: the arm's risk at 0 and at the end of each interval."""
    lower, upper = arm.limits()
    seen = np.isfinite(arm.risk)
    rows = pl.DataFrame(
        {
            "time_s": course.ends_s[seen].astype(float),
            "value": arm.risk[seen],
            "lower": lower[seen],
            "upper": upper[seen],
            "n_risk": arm.at_risk[seen],
        }
    ).with_columns(pl.col("lower", "upper").fill_nan(None))
    start = pl.DataFrame({"time_s": 0.0, "value": 0.0, "lower": 0.0, "upper": 0.0, "n_risk": float(course.n)})
    name = arm.clones.strategy.name
    labels = [pl.lit(v).alias(k) for k, v in (("figure", figure), ("curve", name), ("outcome", outcome))]
    return conform("curves_trials", pl.concat([start, rows]).with_columns(labels))


def balance_rows(contrast: str, X: FloatArray, names: Sequence[str], first: Arm, second: Arm) -> pl.DataFrame:
    """Rows of ``balance_trials``: confounders of those who still comply at the end of the later window."""
    before = smd(X, (first.grace > 0).astype(float), (second.grace > 0).astype(float))
    after = smd(X, first.grace, second.grace)
    rows = pl.DataFrame({"covariate": list(names), "smd_before": before, "smd_after": after}).fill_nan(None)
    return conform("balance_trials", rows.with_columns(pl.lit(contrast).alias("contrast")))


def weight_row(contrast: str, arm: Arm, heard: FloatArray, private: FloatArray) -> pl.DataFrame:
    """One row of ``weights_trials``.

    ``mean`` is over all clones, censored ones counting 0: near 1 where the reply model is right. ``heard``
    and ``private`` (n,) are averaged with the weights at each clone's end.
    """
    kept = arm.weights[arm.weights > 0]
    row = {
        "contrast": contrast,
        "arm": arm.clones.strategy.name,
        "n": len(arm.weights),
        "ess": effective_size(arm.weights),
        "mean": float(arm.weights.mean()),
        "p99": float(np.quantile(kept, 0.99)) if len(kept) else 0.0,
        "largest": float(kept.max()) if len(kept) else 0.0,
        "heard": weighted_mean(heard, arm.weights),
        "private": weighted_mean(private, arm.weights),
    }
    return conform("weights_trials", pl.DataFrame([row], infer_schema_length=None))


def positivity_rows(contrast: str, course: Course, hostility: FloatArray) -> pl.DataFrame:
    """Rows of ``positivity``: unanswered and answered by opener's hostility (rounded) and time."""
    level = np.clip(np.rint(hostility), 0, len(HOSTILITY) - 1).astype(int)
    waiting = np.minimum(course.reply_s, course.stop_s)
    rows = []
    for start, end in pairwise(POSITIVITY_S):
        at_risk = (course.entry_s <= start) & (waiting > start)
        answered = at_risk & course.replied & (course.reply_s <= end)
        for number, name in enumerate(HOSTILITY):
            counts = [int(np.sum(which & (level == number))) for which in (at_risk, answered)]
            rows.append((contrast, name, _span(start, end), *counts))
    columns = ["contrast", "stratum", "interval", "at_risk", "answered"]
    return conform("positivity", pl.DataFrame(rows, schema=columns, orient="row"))


def _span(start_s: int, end_s: int) -> str:
    """Hours and minutes, so written that the order of the names is that of time."""
    return " to ".join(f"{s // HOUR:03d}:{s % HOUR // MINUTE:02d}" for s in (start_s, end_s))
