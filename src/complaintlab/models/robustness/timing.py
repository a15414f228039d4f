"""What reply strategies do, over again: by other choices, and without a company.

Interval and test of a specification are of a jackknife over whole companies (over groups of authors where
companies are too few or uneven; the estimate is then their average, as in the trials themselves: Sidik
& Jonkman 2005), with the weights held as they are (Efron & Stein 1981): a bootstrap with
refitted weights of every specification would take an hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.causal.inference import Effect, codes, effect, resampling_unit
from complaintlab.models.causal.pooling import ENOUGH_TO_POOL
from complaintlab.models.robustness.choices import (
    ANY_PRAISE,
    AS_ASKED,
    ATTRIBUTED,
    CUT,
    DAYS,
    FIRST,
    LAST,
    MOST_PROBABLE,
    NARROWER,
    NEGATIVE,
    POSITIVE,
    THRESHOLDS,
    WHOLE,
    WIDER,
    EventRule,
    Specification,
)
from complaintlab.models.robustness.emulated import Arm, Emulated
from complaintlab.models.robustness.study import EVENTS, Material
from complaintlab.models.strategies import DAY, HOUR, LATER, MINUTE, Contrast, Strategy, concerns, grid
from complaintlab.models.trials import fit
from complaintlab.models.trials.companies import over_companies
from complaintlab.models.trials.outcomes import Outcome, counted, event, horizon_days
from complaintlab.models.trials.processes import Nature
from complaintlab.models.trials.quality import fit_qualities
from complaintlab.params import Trials
from complaintlab.spells.replies import acts_expr, quality_expr

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

AUTHOR_GROUPS = 50
"""Authors are jackknifed in so many groups."""

WINDOWS: dict[str, dict[float, float]] = {
    NARROWER: {
        30 * MINUTE: 25 * MINUTE, HOUR: 45 * MINUTE, DAY: 18 * HOUR,
        10 * MINUTE: 10 * MINUTE, 20 * MINUTE: 15 * MINUTE, 16 * HOUR: 20 * HOUR,
    },
    WIDER: {
        30 * MINUTE: 35 * MINUTE, HOUR: 75 * MINUTE, DAY: 2 * DAY,
        10 * MINUTE: 5 * MINUTE, 20 * MINUTE: 25 * MINUTE, 16 * HOUR: 12 * HOUR,
    },
}  # fmt: skip
"""Other ends of the reply's window, on the grid: what else "within 30 min", "1 h", "24 h" might mean."""


@dataclass(frozen=True)
class Estimated:
    """A contrast by one specification: its jackknifed effect, and the counts behind it.

    ``variance`` is that of the contrast of all companies together, ``pooled`` whether ``effect`` is their
    average.
    """

    effect: Effect
    variance: float
    pooled: bool
    n: int
    n_exposed: int
    events: int
    events_exposed: int
    clusters: int


@dataclass
class Timing:
    """Contrasts of reply strategies under any specification; each threshold's processes are fitted once."""

    material: Material
    trials: Trials
    praise: bool
    quality: bool
    _emulated: dict[tuple[float, float], Emulated] = field(default_factory=dict)
    _refitted: list[tuple[str, FloatArray, Nature]] = field(default_factory=list)

    def primary(self, contrast: Contrast) -> Specification:
        analysis = self.material.analysis
        days = horizon_days(contrast.outcome, analysis.horizon_days, analysis.long_horizon_days)
        return Specification(analysis.complaint_threshold, analysis.act_threshold, float(days))

    def emulated(self, complaint: float, act: float) -> Emulated:
        """Eligible episodes from one threshold on; ``act`` decides on the quality of first replies."""
        key = complaint, act if self.quality else self.material.analysis.act_threshold
        if key not in self._emulated:
            self._emulated[key] = self._emulate(*key)
        return self._emulated[key]

    def _emulate(self, complaint: float, act: float) -> Emulated:
        usual = self.material.analysis.act_threshold
        if act != usual:
            return self._of_other_acts(self.emulated(complaint, usual), act)
        told = self.material.told(complaint)
        kind = "praise" if self.praise else "complaint"
        share = pl.col("answered_share_before")
        eligible = told.episodes.sort("episode_id").filter(
            pl.col("kind").cast(pl.String) == kind,
            share.is_between(self.trials.positivity_lower, self.trials.positivity_upper),
        )
        primary = self._emulated.get((self.material.analysis.complaint_threshold, usual))
        processes = fit(
            eligible,
            told.spells,
            float(self.material.analysis.long_horizon_days),
            quality=self.quality,
            start=primary.processes if primary else None,
        )
        company = codes(eligible["company"])
        cluster, df = resampling_unit(codes(eligible["author_id"]), company)
        group = cluster if df is not None else cluster % AUTHOR_GROUPS
        return Emulated(eligible, told.spells, processes, processes.at(), group, company, df)

    def _of_other_acts(self, made: Emulated, act: float) -> Emulated:
        """The same with first replies' qualities from another threshold of their acts."""
        acts = self.material.measures.filter(pl.col("p_apology").is_not_null()).select(
            "company", first_reply_id="post_id", acts=acts_expr(act)
        )
        episodes = made.episodes.join(
            acts, on=["first_reply_id", "company"], how="left", maintain_order="left"
        ).with_columns(first_reply_quality=quality_expr())
        processes = made.processes
        qualities = fit_qualities(processes.course, processes.reply.features, episodes["first_reply_quality"])
        processes = replace(processes, qualities=qualities)
        return replace(made, episodes=episodes, processes=processes, nature=processes.at())

    def estimated(self, contrast: Contrast, spec: Specification) -> Estimated | str:
        """The contrast by one specification, or why there is none."""
        made = self.emulated(spec.complaint, spec.act)
        outcome = self.outcome(made, contrast, spec)
        population = made.episodes.select(concerns(contrast.population)).to_series().to_numpy()
        masses = np.vstack([made.masses(), made.inside()]) * population
        arms = [
            Arm.of(made, windowed(strategy, contrast, spec.window), outcome)
            for strategy in (contrast.first, contrast.second)
        ]
        counts = [arm.events(population) for arm in arms]
        if min(counts) < 1:
            return "nothing was shown in one of the arms"
        k = outcome.until(spec.days)
        first, second = (
            arm.values(made.processes, made.nature, masses, cut_at=self._cut(spec))[:, k] for arm in arms
        )
        return self._told(made, contrast, (first, second), population, arms, counts)

    def _told(
        self,
        made: Emulated,
        contrast: Contrast,
        values: tuple[FloatArray, FloatArray],
        population: npt.NDArray[np.bool_],
        arms: Sequence[Arm],
        counts: Sequence[int],
    ) -> Estimated | str:
        sizes = made.inside() @ population
        groups = len(values[0]) - 1 - len(sizes)
        found = differences((values[0][: 1 + groups], values[1][: 1 + groups]), ratio=contrast.counted)
        if not np.isfinite(found).all():
            return "nobody is at risk in one of the arms"
        spread = float(np.sum((found[1:] - found[1:].mean()) ** 2)) * (groups - 1) / groups
        pooled = _over(values, 1 + groups, sizes, spread, contrast, ENOUGH_TO_POOL)
        return Estimated(
            effect=pooled or effect(float(found[0]), float(np.sqrt(spread)), made.df),
            variance=spread,
            pooled=pooled is not None,
            n=int(population.sum()),
            n_exposed=int(np.sum(arms[0].clones.complete & population)),
            events=sum(counts),
            events_exposed=counts[0],
            clusters=groups if pooled is None or pooled.df is None else round(pooled.df) + 1,
        )

    def outcome(self, made: Emulated, contrast: Contrast, spec: Specification) -> Outcome:
        """What is looked for, by the specification's rule, to the horizon of the primary one."""
        days = self.primary(contrast).days
        if contrast.counted:
            return counted(made.episodes, made.spells, contrast.outcome, grid(days))[0]
        episodes = made.episodes
        if spec.rule != EventRule():
            episodes = self.material.retold(episodes, spec.complaint, spec.rule)
        return event(episodes, contrast.outcome, grid(days))

    def without_companies(self, contrast: Contrast) -> Iterator[tuple[str, float | None, int]]:
        """Each company's name, the contrast without it, models refitted by one step, and what remains.

        Where the contrast is an average over companies, so is that of the others, of which there may then be
        one fewer than such an average asks for.
        """
        spec = self.primary(contrast)
        made = self.emulated(spec.complaint, spec.act)
        outcome = self.outcome(made, contrast, spec)
        population = made.episodes.select(concerns(contrast.population)).to_series().to_numpy()
        arms = [Arm.of(made, strategy, outcome) for strategy in (contrast.first, contrast.second)]
        k = outcome.until(spec.days)
        whole = self.estimated(contrast, spec) if made.df is None else None
        pooled = isinstance(whole, Estimated) and whole.pooled
        for name, mass, nature in self.refitted(made):
            rest = mass * population
            inside = made.inside() * rest if pooled else np.empty((0, len(rest)))
            masses = np.vstack([rest[None, :], inside])
            first, second = (arm.values(made.processes, nature, masses)[:, k] for arm in arms)
            found = float(differences((first[:1], second[:1]), ratio=contrast.counted)[0])
            if isinstance(whole, Estimated) and whole.pooled:
                variance = whole.variance * population.sum() / max(rest.sum(), 1.0)
                average = _over(
                    (first, second), 1, inside.sum(axis=1), variance, contrast, ENOUGH_TO_POOL - 1
                )
                found = average.estimate if average else np.nan
            yield name, found if np.isfinite(found) else None, int(rest.sum())

    def refitted(self, made: Emulated) -> list[tuple[str, FloatArray, Nature]]:
        """Each company's name, mass (n,) of everybody else, and nature as fitted to them."""
        if not self._refitted:
            for name in sorted(made.episodes["company"].unique().to_list()):
                mass = (made.episodes["company"] != name).cast(pl.Float64).to_numpy()
                self._refitted.append((name, mass, made.processes.at(mass)))
        return self._refitted

    def _cut(self, spec: Specification) -> float | None:
        return self.trials.truncate_at if spec.weights == CUT else None

    def open_to(self, contrast: Contrast) -> dict[str, Sequence[Any]]:
        """What may be chosen otherwise for this contrast."""
        primary = self.primary(contrast)
        choices: dict[str, Sequence[Any]] = {
            "complaint": tuple(sorted({*THRESHOLDS, primary.complaint})),
            "weights": (WHOLE, CUT),
            "window": (AS_ASKED, NARROWER, WIDER),
        }
        if contrast.first.quality is not None:
            choices |= {"act": tuple(sorted({*THRESHOLDS, primary.act}))}
        if contrast.outcome in EVENTS:
            choices |= {"ties": (MOST_PROBABLE, NEGATIVE, POSITIVE), "turn": (FIRST, LAST)}
        if contrast.outcome == "turned":
            choices |= {"praise": (ATTRIBUTED, ANY_PRAISE)}
        if contrast.outcome not in LATER:
            choices |= {"days": (*(day for day in DAYS if day < primary.days), primary.days)}
        return choices


def windowed(strategy: Strategy, contrast: Contrast, window: str) -> Strategy:
    """The strategy with another window; where both arms share an end, both move alike."""
    if window == AS_ASKED or strategy.never:
        return strategy
    ends = WINDOWS[window]
    last = strategy.by_s
    if not (strategy.after_s > 0 and last == DAY):  # the far end of "later, but within a day" stays
        last = ends.get(last, last)
    return replace(strategy, after_s=ends.get(strategy.after_s, strategy.after_s), by_s=last)


def differences(values: tuple[FloatArray, FloatArray], *, ratio: bool) -> FloatArray:
    """First arm less second, or the logarithm of their ratio."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(values[0]) - np.log(values[1]) if ratio else values[0] - values[1])


def _over(
    values: tuple[FloatArray, FloatArray],
    start: int,
    sizes: FloatArray,
    variance: float,
    contrast: Contrast,
    least: int,
) -> Effect | None:
    """The average over companies, whose ``values`` begin at ``start``; None where it is not to be had."""
    if not len(sizes):
        return None
    whole = float(values[0][0]), float(values[1][0])
    found = over_companies(
        values[0][start:], values[1][start:], whole, sizes, variance, ratio=contrast.counted, least=least
    )
    return found.effect if found else None
