"""One cohort's answer: imputed, emulated, and told as rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from complaintlab.models.causal.inference import Effect
from complaintlab.models.causal.logistic import FloatArray
from complaintlab.models.deletion.cohort import Cohort
from complaintlab.models.deletion.emulation import Design, Imputed, act_arms, difference, reference
from complaintlab.models.deletion.histories import act_features, ends
from complaintlab.models.deletion.impute import impute
from complaintlab.models.deletion.marginal import delayed_feedback, marginal_structural
from complaintlab.models.deletion.rows import DELAYED, MSM, Row, arms_counts, numbers, row, too_little
from complaintlab.models.strategies import DAY, Strategy
from complaintlab.models.trials.processes import Processes
from complaintlab.params import Analysis, Inference

IMPUTATIONS = 20
SECONDARY_DAYS = (1.0, 3.0)
NAIVE = "ever against never"


@dataclass(frozen=True)
class Comparison:
    """What a cohort is asked: a strategy of the act against none; ``act`` says what was done to it."""

    first: Strategy
    second: Strategy
    act: str


@dataclass(frozen=True)
class Answer:
    """A cohort, its imputed ``moments`` of the act, and the arms and fits made in each imputation."""

    design: Design
    moments: list[FloatArray]
    fits: list[Processes]
    first: Imputed
    second: Imputed

    @property
    def complete_df(self) -> float:
        return self.design.clusters[1]

    def effect(self, days: float) -> Effect | None:
        """Risk difference between the cohort's own arms."""
        return difference(self.first, self.second, days, self.complete_df)


@dataclass(frozen=True)
class Settings:
    """What every answer of the stage takes from params.yaml, and the start–stop rows."""

    spells: pl.DataFrame
    horizon_days: float
    inference: Inference
    imputations: int = IMPUTATIONS

    @classmethod
    def of(cls, spells: pl.DataFrame, analysis: Analysis, inference: Inference) -> Settings:
        return cls(spells, float(analysis.horizon_days), inference)

    @property
    def days(self) -> list[float]:
        """The horizon, then the earlier days that are told beside."""
        return [self.horizon_days, *(day for day in SECONDARY_DAYS if day < self.horizon_days)]

    @property
    def resampled(self) -> Row:
        return {"resamples": self.inference.resamples, "seed": self.inference.seed}


def answer(cohort: Cohort, asked: Comparison, settings: Settings) -> Answer | str:
    """Impute and emulate one cohort, or say why that cannot be done."""
    if settings.horizon_days * DAY > ends()[-1]:
        return f"Deletions are followed for {ends()[-1] // DAY} days only."
    if reason := too_little(cohort, asked.act, asked.first.by_s, settings.horizon_days * DAY):
        return reason
    inference = settings.inference
    act = act_features(cohort, settings.spells)
    rng = np.random.default_rng(inference.seed)
    history = act_features(cohort, settings.spells, shown=())
    moments = list(impute(cohort, history, ends(), settings.imputations, rng))
    design = Design.of(cohort, act, settings.imputations, inference.resamples, inference.seed)
    (first, second), fits = act_arms(design, moments, (asked.first, asked.second))
    return Answer(design, moments, fits, first, second)


def arm_rows(
    claim: str,
    contrast: str,
    made: Answer,
    settings: Settings,
    arms: tuple[Imputed, Imputed] | None = None,
    *,
    primary: bool = False,
) -> list[Row]:
    """A contrast of ``arms`` (those of ``made``) at each day; of a primary one also its second arm's risk."""
    first, second = arms or (made.first, made.second)
    counts: Row = {**arms_counts(first, second), "clusters": int(made.design.clusters[0].max()) + 1}
    rows = []
    for days in settings.days:
        found = numbers(difference(first, second, days, made.complete_df))
        converged = bool(counts["converged"]) and "reason" not in found
        rows.append(
            row(claim, contrast, days, **settings.resampled | counts | found | {"converged": converged})
        )
    if primary:
        rows[0]["variant"] = "primary"
        rows.append(_reference_row(claim, contrast, first, second, settings.horizon_days))
    return rows


def _reference_row(claim: str, contrast: str, first: Imputed, arm: Imputed, days: float) -> Row:
    """The weighted risk under the second strategy."""
    risk = reference(first, arm, days)
    known = np.isfinite(risk)
    return row(
        claim, contrast, days, variant="reference", scale="risk", estimate=risk if known else None,
        n=round(arm.mean("complete")), events=round(arm.mean("events")), ess=arm.mean("ess"),
        converged=arm.converged, reason=None if known else f"By then nobody is at risk under '{arm.name}'.",
    )  # fmt: skip


def companies_row(claim: str, contrast: str, of: int, both: int, days: float) -> Row:
    """How many companies have both arms, as a share of all of them."""
    return row(
        claim, contrast, days, variant="companies", scale="share", estimate=both / of if of else None, n=of,
        n_exposed=both, converged=True,
    )  # fmt: skip


def cox_rows(claim: str, contrast: str, made: Answer, days: float) -> list[Row]:
    """The marginal structural Cox model, and deleted now against deleted later."""
    cohort, df = made.design.cohort, made.complete_df
    event = cohort.episodes["escalated_s"].cast(pl.Float64).fill_null(np.inf).to_numpy()
    shown, acted = event <= days * DAY, cohort.upper_s <= days * DAY
    after = shown & (event > cohort.lower_s)
    acts = [fit.reply for fit in made.fits]
    models = {
        MSM: (marginal_structural(cohort, acts, made.moments, df), np.ones(cohort.n, dtype=bool)),
        DELAYED: (delayed_feedback(cohort, made.moments, df), acted),
    }
    return [
        row(
            claim, contrast, days, model=model, scale="log_hr", n=int(used.sum()), n_exposed=int(acted.sum()),
            events=int(np.sum(shown & used)), events_exposed=int(np.sum(after & used)),
            clusters=cohort.episodes.filter(pl.Series(used))["author_id"].n_unique(), **numbers(found),
        )
        for model, (found, used) in models.items()
    ]  # fmt: skip


def naive_row(claim: str, contrast: str, cohort: Cohort, days: float) -> Row:
    """Ever acted on against never, as one reads it off the table: immortal time and all."""
    event = cohort.episodes["escalated_s"].cast(pl.Float64).fill_null(np.inf).to_numpy()
    shown, acted = event <= days * DAY, cohort.upper_s <= days * DAY
    counts: Row = {
        "n": cohort.n, "n_exposed": int(acted.sum()), "events": int(shown.sum()),
        "events_exposed": int(np.sum(shown & acted)),
    }  # fmt: skip
    if not acted.any() or acted.all():
        return row(claim, contrast, days, variant="naive", model=NAIVE, reason="One arm is empty.", **counts)
    risks = [shown[arm].mean() for arm in (acted, ~acted)]
    return row(
        claim, contrast, days, variant="naive", model=NAIVE, estimate=float(risks[0] - risks[1]),
        converged=True, **counts,
    )  # fmt: skip
