"""What is asked of the target trials: contrasts, of which outcomes, by when; and the arms these need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.strategies import (
    BESIDE,
    LATER,
    TIMING_CONTRASTS,
    Contrast,
    Population,
    Strategy,
    concerns,
    grid,
)
from complaintlab.models.trials.arms import Plan
from complaintlab.models.trials.course import COMPETING_ENDS
from complaintlab.models.trials.outcomes import Outcome, counted, event
from complaintlab.params import Analysis

SECONDARY_DAYS = (1.0, 3.0)
CAUSE_SPECIFIC = "_cause_specific"


@dataclass(frozen=True)
class Question:
    """A claim's contrast, for one outcome, by a horizon; ``ratio`` of mean counts, else risk difference."""

    claim: str
    contrast: Contrast
    outcome: str
    days: float
    variant: str
    ratio: bool = False

    @property
    def truncated(self) -> bool:
        return self.variant == "truncated"

    @property
    def subgroup(self) -> str:
        return self.contrast.population if self.contrast.population == "out of hours" else "all"


def asked(praise: bool) -> list[tuple[str, Contrast]]:
    """Claim and contrast of everything asked of complaints, or of praise; primary first."""
    pairs = [
        (claim, contrast)
        for claim, primary in TIMING_CONTRASTS.items()
        for contrast in (primary, *BESIDE.get(claim, ()))
    ]
    return [pair for pair in pairs if (pair[1].population == "praise") == praise]


def questions(claim: str, contrast: Contrast, analysis: Analysis) -> Iterator[Question]:
    """The primary question of a contrast, its truncated double, other outcomes and earlier horizons."""
    at = horizon_days(contrast.outcome, analysis)
    primary = contrast is TIMING_CONTRASTS[claim]
    of = (claim, contrast)
    yield Question(*of, contrast.outcome, at, "primary" if primary else "secondary", contrast.counted)
    if primary:
        yield Question(*of, contrast.outcome, at, "truncated", contrast.counted)
    if contrast.counted:
        yield Question(*of, f"{contrast.outcome}_winsorised", at, "secondary", ratio=True)
        yield Question(*of, f"{contrast.outcome}_3_or_more", at, "secondary")
        return
    if primary:
        yield Question(*of, f"{contrast.outcome}{CAUSE_SPECIFIC}", at, "secondary")
    earlier = [day for day in SECONDARY_DAYS if day < at] if primary else []
    yield from (Question(*of, contrast.outcome, day, "secondary") for day in earlier)
    for other in contrast.also:
        yield from (Question(*of, other, day, "secondary") for day in (*earlier, at))


def horizon_days(outcome: str, analysis: Analysis) -> float:
    """Days for which an outcome is followed."""
    return analysis.long_horizon_days if outcome in LATER else analysis.horizon_days


def outcomes(
    episodes: pl.DataFrame, spells: pl.DataFrame, contrasts: Iterable[Contrast], analysis: Analysis
) -> dict[str, Outcome]:
    """Every outcome that the contrasts ask for, by name."""
    found: dict[str, Outcome] = {}
    for contrast in contrasts:
        for name in (contrast.outcome, *contrast.also):
            if name in found:
                continue
            ends_s = grid(horizon_days(name, analysis))
            read = (
                counted(episodes, spells, name, ends_s)
                if contrast.counted
                else [event(episodes, name, ends_s), _cause_specific(episodes, name, ends_s)]
            )
            found |= {outcome.name: outcome for outcome in read}
    return found


def _cause_specific(episodes: pl.DataFrame, name: str, ends_s: npt.NDArray[np.int64]) -> Outcome:
    """The event as if competing ends only ended the looking: the risk that its own hazard alone would make.

    Beside the risk that counts whoever deletes or leaves as not having shown the event (the total effect);
    that those would have been like the others cannot be checked (Young et al. 2020).
    """
    seen_no_more = pl.when(pl.col("end").cast(pl.String).is_in(COMPETING_ENDS)).then(pl.lit("last_seen"))
    censored = episodes.with_columns(end=seen_no_more.otherwise(pl.col("end").cast(pl.String)))
    return replace(event(censored, name, ends_s), name=f"{name}{CAUSE_SPECIFIC}")


class Plans:
    """The arms that questions need, each of them once."""

    def __init__(
        self, episodes: pl.DataFrame, outcomes: dict[str, Outcome], asked: Sequence[Question]
    ) -> None:
        self._index: dict[tuple[Strategy, str, Population], int] = {}
        cut = {self._key(q, arm) for q in asked if q.truncated for arm in _arms(q)}
        members: dict[Population, np.ndarray] = {}
        self.plans: list[Plan] = []
        for question in asked:
            for arm in _arms(question):
                key = self._key(question, arm)
                if key in self._index:
                    continue
                whom = question.contrast.population
                if whom not in members:
                    members[whom] = episodes.select(concerns(whom)).to_series().to_numpy()
                self._index[key] = len(self.plans)
                self.plans.append(Plan(arm, outcomes[question.outcome], members[whom], key in cut))

    @staticmethod
    def _key(question: Question, arm: Strategy) -> tuple[Strategy, str, Population]:
        return arm, question.outcome, question.contrast.population

    def pair(self, question: Question) -> tuple[int, int]:
        """Positions of the arms of a question's contrast."""
        first, second = (self._index[self._key(question, arm)] for arm in _arms(question))
        return first, second


def _arms(question: Question) -> tuple[Strategy, Strategy]:
    return question.contrast.first, question.contrast.second
