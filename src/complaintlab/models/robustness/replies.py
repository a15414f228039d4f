"""What replies do, over again: by other choices, without a company, and before they came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.causal.aipw import (
    Propensity,
    ReplyEffect,
    contributions,
    difference_between,
    propensity_of,
)
from complaintlab.models.causal.inference import Effect, codes
from complaintlab.models.causal.pooling import clustered_effect
from complaintlab.models.exposures import EXPOSURES, Clock, Exposure
from complaintlab.models.reply_effects import populations
from complaintlab.models.reply_effects.answers import estimate
from complaintlab.models.reply_effects.followup import COUNTS, AtRisk, at_risk, seen_by
from complaintlab.models.reply_effects.population import Answered
from complaintlab.models.reply_effects.rows import MINIMUM_EVENTS, too_little
from complaintlab.models.robustness.choices import (
    ANY_PRAISE,
    ATTRIBUTED,
    CUT,
    DAYS,
    FIRST,
    LAST,
    MOST_PROBABLE,
    NEGATIVE,
    POSITIVE,
    THRESHOLDS,
    WHOLE,
    EventRule,
    Specification,
)
from complaintlab.models.robustness.study import (
    EVENTS,
    Material,
    spoke_negatively,
)
from complaintlab.params import Inference

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

OF_TURNS = ("log_critic_turns", "hostility_now", "hostility_most", "turned_before", "escalated_before")
"""Columns of the history that tell of the critic's turns before the reply."""

CUT_FLOOR = 5.0
"""Cut weights: the least chance of either arm is this many times the primary one."""


@dataclass(frozen=True)
class Contrast:
    """One contrast by one specification, with the counts behind it."""

    effect: Effect
    n: int
    n_exposed: int
    events: int
    events_exposed: int
    clusters: int
    ess: float
    converged: bool


@dataclass(frozen=True)
class Estimated:
    """A contrast with what it was made of, rows in the order of ``case``."""

    exposure: Exposure
    case: AtRisk
    y: FloatArray
    found: ReplyEffect
    author: IntArray
    company: IntArray

    def among(self, rows: BoolArray) -> tuple[Effect, int]:
        """The contrast among the kept ``rows`` (n,), the models as they are: its effect and clusters."""
        kept = self.found.kept
        used, inside = rows & kept, rows[kept]
        first, second = (part[inside] for part in self.found.pair)
        own = contributions(first, second, self.found.measure)
        if self.exposure.interaction is not None:
            group = self.case.answered.groups[self.exposure.interaction].fill_null(False).to_numpy()
            own = difference_between(own, group[used])
        made, clusters, _ = clustered_effect(
            own, self.author[used], self.company[used], self.case.exposed[used]
        )
        return made, clusters

    def contrast(self) -> Contrast:
        """The whole of it."""
        made, clusters = self.among(np.ones(len(self.y), dtype=bool))
        used = self.found.kept & (self.found.weights > 0)
        return Contrast(
            effect=made,
            n=int(self.found.kept.sum()),
            n_exposed=int((self.found.kept & self.case.exposed).sum()),
            events=int(self.y[used].sum()),
            events_exposed=int(self.y[used & self.case.exposed].sum()),
            clusters=clusters,
            ess=self.found.ess,
            converged=self.found.converged,
        )


@dataclass
class ReplyClock:
    """Contrasts of replies under any specification; populations, cases and propensities are made once."""

    material: Material
    inference: Inference
    floor: float
    _populations: dict[tuple[float, float], dict[Clock, Answered]] = field(default_factory=dict)
    _cases: dict[Any, tuple[AtRisk, Propensity | None]] = field(default_factory=dict)
    _claim: str = ""

    @property
    def primary(self) -> Specification:
        analysis = self.material.analysis
        return Specification(
            analysis.complaint_threshold, analysis.act_threshold, float(analysis.horizon_days)
        )

    def population(self, exposure: Exposure, spec: Specification) -> Answered:
        """Complaints on the exposure's clock, with events by the specification's rule."""
        key = spec.complaint, spec.act
        if key not in self._populations:
            analysis = self.material.analysis.model_copy(
                update={"complaint_threshold": spec.complaint, "act_threshold": spec.act}
            )
            told = self.material.told(spec.complaint)
            self._populations[key] = populations(
                told.episodes, self.material.turns, self.material.measures, analysis
            )
        found = self._populations[key][exposure.clock]
        if spec.rule == EventRule():
            return found
        return replace(found, episodes=self.material.retold(found.episodes, spec.complaint, spec.rule))

    def estimated(self, exposure: Exposure, spec: Specification) -> Estimated | str:
        """The exposure's contrast by one specification, or why there is none."""
        late = exposure.clock == "landmark"
        analysis = self.material.analysis
        longest = float(analysis.long_horizon_days - analysis.horizon_days if late else analysis.horizon_days)
        case, propensity = self._case(exposure, spec, longest)
        y, seen = seen_by(case, longest if late else spec.days)
        if reason := too_little(case, y, exposure, np.ones(len(y), dtype=bool)):
            return reason
        author, company = (codes(case.answered.episodes[name]) for name in ("author_id", "company"))
        if propensity is None:
            propensity = propensity_of(
                case.exposed, case.X, author, self.inference.folds, self.inference.seed
            )
            self._cases[_base(spec)] = (case, propensity)
        stricter = CUT_FLOOR if spec.weights == CUT else 1.0
        found = estimate(case, exposure, y, seen, propensity, self.inference, self.floor, stricter)
        if reason := too_little(case, y, exposure, found.kept):
            return reason
        return Estimated(exposure, case, y, found, author, company)

    def _case(self, exposure: Exposure, spec: Specification, days: float) -> tuple[AtRisk, Propensity | None]:
        """The complaints, and the propensities if they have been fitted; kept for one claim at a time."""
        if self._claim != exposure.claim:
            self._claim, self._cases = exposure.claim, {}
        if _base(spec) not in self._cases:
            case = at_risk(self.population(exposure, spec), exposure, exposure.outcome, days)
            self._cases[_base(spec)] = (case, None)
        return self._cases[_base(spec)]

    def open_to(self, exposure: Exposure) -> dict[str, Sequence[Any]]:
        """What may be chosen otherwise for this exposure, slowly changing choices first."""
        primary = self.primary
        choices: dict[str, Sequence[Any]] = {
            "complaint": tuple(sorted({*THRESHOLDS, primary.complaint})),
            "act": tuple(sorted({*THRESHOLDS, primary.act})),
        }
        by_statement = exposure.outcome in EVENTS and exposure.clock in ("first_reply", "second_reply")
        if by_statement:
            choices |= {"ties": (MOST_PROBABLE, NEGATIVE, POSITIVE), "turn": (FIRST, LAST)}
        if by_statement and exposure.outcome == "turned":
            choices |= {"praise": (ATTRIBUTED, ANY_PRAISE)}
        if exposure.dose is None:
            choices |= {"weights": (WHOLE, CUT)}
        if exposure.clock != "landmark" and exposure.outcome not in COUNTS:
            choices |= {"days": (*(day for day in DAYS if day < primary.days), primary.days)}
        return choices


def negative_control(clock: ReplyClock, exposure: Exposure) -> Estimated | str:
    """The contrast in whether the critic spoke negatively between the complaint and the reply.

    What a reply does cannot change what was said before it. Estimated as the claim is, among the same
    replies, but for the confounders that these turns are (Lipsitch, Tchetgen Tchetgen & Cohen 2010). It also
    fails where companies visibly answer to such turns, which the claim's own estimate adjusts for.
    """
    spec = clock.primary
    population = clock.population(exposure, spec)
    history = population.history.select(name for name in population.history.columns if name not in OF_TURNS)
    case = at_risk(replace(population, history=history), exposure, exposure.outcome, spec.days)
    case = replace(case, outcome="turned")  # an event, whatever the claim counts
    told = spoke_negatively(clock.material.told(spec.complaint).said)
    early = (
        told.join(case.answered.episodes.select("episode_id", "zero_s"), on="episode_id")
        .filter(pl.col("at_s") < pl.col("zero_s"))["episode_id"]
        .unique()
    )
    y = case.answered.episodes["episode_id"].is_in(early.implode()).cast(pl.Float64).to_numpy()
    for arm, name in ((case.exposed, exposure.first.name), (~case.exposed, exposure.second.name)):
        if int(y[arm].sum()) < MINIMUM_EVENTS:
            return f"Too few critics spoke negatively before a reply of the arm '{name}'."
    author, company = (codes(case.answered.episodes[name]) for name in ("author_id", "company"))
    inference = clock.inference
    propensity = propensity_of(case.exposed, case.X, author, inference.folds, inference.seed)
    plain = replace(exposure, interaction=None)
    found = estimate(case, plain, y, np.ones(len(y)), propensity, inference, clock.floor)
    return Estimated(plain, case, y, found, author, company)


def _base(spec: Specification) -> tuple[float, float, EventRule]:
    return spec.complaint, spec.act, spec.rule


def without_companies(of: Estimated) -> Iterator[tuple[str, Effect, int, int]]:
    """Each company's name, and the contrast, clusters and number of replies without it.

    The estimate is a mean of per-reply contributions, of which those of the company are left out; the models
    of exposure and outcome stay as they are.
    """
    names = of.case.answered.episodes["company"]
    for name in sorted(names.unique().to_list()):
        rest = (names != name).to_numpy()
        used = rest & of.found.kept
        if not (of.case.exposed[used].any() and (~of.case.exposed[used]).any()):
            continue
        made, clusters = of.among(rest)
        yield name, made, clusters, int(used.sum())


def exposures_with(claims: Sequence[str]) -> list[Exposure]:
    """The exposures of these claims, in the order of the stage ``reply_effects``."""
    return [exposure for claim, exposure in EXPOSURES.items() if claim in claims]
