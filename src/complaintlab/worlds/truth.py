"""The stage ``truth``: what the claims' contrasts really are in the simulated world.

Each contrast is the analysts' own estimand, never a coefficient: the same complaints are simulated under
both arms with common random numbers, over the episodes that an analysis would select, until the Monte-Carlo
error is small beside the claim's smallest effect of interest. The truth is that of the laws; it does not
depend on the size and the seed of the world that is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from complaintlab.claims import Claims
from complaintlab.companies import Companies
from complaintlab.errors import UserError
from complaintlab.labels import ACTS
from complaintlab.models.exposures import Exposure
from complaintlab.models.strategies import (
    DAY,
    HOUR,
    Population,
)
from complaintlab.parallel import spread
from complaintlab.params import Analysis, Collect
from complaintlab.store import conform
from complaintlab.tables import TABLES
from complaintlab.worlds.calendar import Calendar, Flags, make_calendar
from complaintlab.worlds.history import FOLLOWED_DAYS, History, simulate_history
from complaintlab.worlds.laws import Floats, Laws, fingerprint, load_laws
from complaintlab.worlds.naturally import Naturally
from complaintlab.worlds.nonsense import removal_risks
from complaintlab.worlds.people import Complaints, draw_complaints
from complaintlab.worlds.questions import EXPECTED, OUTCOMES, Question, questions
from complaintlab.worlds.risks import Watch

CODE_VERSION = "4"
"""Raised whenever a change of code changes what follows from the same laws."""

PATIENCE_DAYS = 7
"""A first reply counts for the reply clock within these, as in the analysis."""

BATCH = 20_000
MAX_BATCHES = 20
Nature = Callable[[int], tuple[Complaints, History]]
"""Complaints and natural histories by the number of their batch."""


class Outputs(NamedTuple):
    truth: pl.DataFrame


@dataclass(frozen=True)
class Answer:
    """Risks or expected counts of both arms by horizon (rows) and episode (columns)."""

    first: Floats
    second: Floats
    counted: bool = False

    @property
    def difference(self) -> Floats:
        """Difference of risks, or logarithm of the ratio of mean counts."""
        if self.counted:
            return np.asarray(np.log(self.first.mean(axis=1)) - np.log(self.second.mean(axis=1)))
        return np.asarray((self.first - self.second).mean(axis=1))

    @property
    def mc_se(self) -> Floats:
        """Of the paired contrast; of a ratio by the delta method."""
        first, second = self.first, self.second
        if self.counted:
            first, second = (arm / arm.mean(axis=1, keepdims=True) for arm in (first, second))
        difference = first - second
        return np.asarray(difference.std(axis=1, ddof=1) / np.sqrt(difference.shape[1]))


def run(collect: Collect, analysis: Analysis, companies: Companies, claims: Claims, root: Path) -> Outputs:
    """True risk differences of timing and of first replies' acts, by 1, 3 and the primary number of days.

    Of spread and recurrences the logarithms of ratios of means at their horizon. Empty unless the source is
    the world. Timing: the strategies of ``models/strategies.py``, with the world's own reply hazard; usual
    care after the first reply; a quality that is set has the acts of such replies as they are. Acts: among
    episodes answered within 7 days whose critics had not shown the outcome by then, the first reply with and
    without the act, all else of it as it was; where arms ask for more of a reply (an apology with and without
    compensation), among the replies that have it.

    Raises:
        UserError: the laws or companies are not as they should be, or the horizon is over 7 days.
    """
    if collect.source != "world":
        return Outputs(TABLES["truth"].create_empty())
    if analysis.horizon_days > FOLLOWED_DAYS - PATIENCE_DAYS:
        raise UserError(
            f"params.yaml: analysis.horizon_days is {analysis.horizon_days:g}, but the simulated critics are "
            f"followed for {FOLLOWED_DAYS - PATIENCE_DAYS} days after a reply: lower it."
        )
    path = root / collect.path
    laws = load_laws(path)
    world = fingerprint(
        path.read_text(encoding="utf-8"),
        companies.model_dump_json(),
        f"{analysis.washout_days:g} {analysis.gap_days:g} {analysis.long_horizon_days:g} {CODE_VERSION}",
    )
    asked = questions(claims)
    about = _Asked(laws, companies, analysis)
    answered = spread(about.answers, _by_effort(asked), "Simulating both arms")
    found = {question: one for part in answered for question, one in part.items()}
    rows = [
        row for question in asked for row in _rows(question, found[question], question.days(analysis), world)
    ]
    rows += _less_nonsense([row for row in rows if row["claim"] == "D1"], claims, laws)
    return Outputs(conform("truth", pl.DataFrame(rows)))


@dataclass(frozen=True)
class _Asked:
    """The world that is asked, and how."""

    laws: Laws
    companies: Companies
    analysis: Analysis

    def answers(self, questions: Sequence[Question]) -> dict[Question, Answer]:
        nature = cache(lambda batch: natural_batch(batch, self.laws, self.companies))
        return {
            question: answer(question, self.laws, self.companies, self.analysis, nature)
            for question in questions
        }


def _by_effort(asked: Sequence[Question]) -> list[list[Question]]:
    """Questions of natural histories, which share them, and then every other by itself."""
    shared = [question for question in asked if question.naturally is not None]
    return [*filter(None, [shared]), *([question] for question in asked if question.naturally is None)]


def _less_nonsense(
    fair: list[dict[str, str | float | int]], claims: Claims, laws: Laws
) -> Iterator[dict[str, str | float | int]]:
    """D2 from the rows of D1: the effect of deletion on fair comments less that on nonsense."""
    asked = {claim.id: claim for claim in claims.claims}
    for row in fair if "D2" in asked else ():
        deleted, left = removal_risks(laws, float(row["time_days"]))
        effect, of_nonsense = float(row["truth"]), deleted - left
        yield row | {
            "claim": "D2",
            "contrast": asked["D2"].contrast,
            "truth": effect - of_nonsense,
            "arm_value": effect,
            "reference_value": of_nonsense,
            "sesoi": asked["D2"].sesoi,
        }


def answer(
    question: Question, laws: Laws, companies: Companies, analysis: Analysis, nature: Nature | None = None
) -> Answer:
    """Simulate batches of complaints under both arms until the Monte-Carlo error is small enough.

    ``nature`` has the natural histories of a batch, so that questions can share them; null: simulated anew.
    """
    nature = nature or (lambda batch: natural_batch(batch, laws, companies))
    found = (
        _batches(question, laws, companies, analysis)
        if question.naturally is None
        else _as_things_go(question, question.naturally, nature, laws, analysis)
    )
    batches = []
    for batch in found:
        batches.append(batch)
        first, second = (np.concatenate(arms, axis=1) for arms in zip(*batches, strict=True))
        both = Answer(first, second, question.counted)
        if both.mc_se.max() < question.precision:
            break
    return both


def _batches(
    question: Question, laws: Laws, companies: Companies, analysis: Analysis
) -> Iterator[tuple[Floats, Floats]]:
    days = question.days(analysis)
    for batch in range(MAX_BATCHES):
        rng = np.random.default_rng([batch, 0])
        calendar = make_calendar(laws, companies, rng)
        people = draw_complaints(BATCH, laws, calendar, rng)
        kept = people.eligible(analysis.washout_days, analysis.gap_days)
        kept = kept & _belongs(people, calendar, question.population)
        if question.hosted:
            kept = kept & people.on_page
        values = []
        for arm, policy in enumerate((question.first, question.second)):
            watch = (
                None
                if question.counted
                else Watch(OUTCOMES[question.outcome], question.clock, days, len(people))
            )
            luck = np.random.default_rng([batch, 1])
            history = simulate_history(people, laws, calendar, luck, policy, watch)
            if question.exposure is not None:
                kept = kept & _at_risk(history, question.exposure, arm, OUTCOMES[question.outcome])
            if watch is None:
                values.append(EXPECTED[question.outcome](people, history, laws, days[0])[None, :])
            else:
                values.append(watch.risks)
        yield values[0][:, kept], values[1][:, kept]


def _as_things_go(
    question: Question, compare: Naturally, nature: Nature, laws: Laws, analysis: Analysis
) -> Iterator[tuple[Floats, Floats]]:
    (days,) = question.days(analysis)
    for batch in range(MAX_BATCHES):
        people, history = nature(batch)
        first, second, concerned = compare(people, history, laws, days)
        kept = people.eligible(analysis.washout_days, analysis.gap_days) & concerned
        yield first[None, kept], second[None, kept]


def natural_batch(batch: int, laws: Laws, companies: Companies) -> tuple[Complaints, History]:
    """A batch of complaints and what follows them without any policy."""
    rng = np.random.default_rng([batch, 0])
    calendar = make_calendar(laws, companies, rng)
    people = draw_complaints(BATCH, laws, calendar, rng)
    return people, simulate_history(people, laws, calendar, np.random.default_rng([batch, 1]))


def _belongs(people: Complaints, calendar: Calendar, population: Population) -> Flags:
    """Whose complaints the contrast is about: all, those opened an hour before closing, or out of hours."""
    if population == "complaints":
        return np.ones(len(people), dtype=bool)
    opened = [calendar.opened_by(people.company, people.at_s + after) for after in (0, 1, HOUR)]
    if population == "in hours":
        return np.asarray(opened[2] - opened[0] > 1 - 1e-6)
    return np.asarray(opened[1] - opened[0] < 1e-9)


def _at_risk(history: History, exposure: Exposure, arm: int, stances: tuple[int, ...]) -> Flags:
    """Answered in time, the reply in its arm, and the critic without the outcome when it came."""
    acts = pl.DataFrame(history.acts.T, schema=list(ACTS))
    inside = acts.select((exposure.first, exposure.second)[arm].holds()).to_series().to_numpy()
    early = np.isin(history.what, stances) & (history.at_s <= history.first_reply_s[history.who])
    free = ~np.isin(np.arange(len(inside)), history.who[early])
    return np.asarray((history.first_reply_s <= PATIENCE_DAYS * DAY) & inside & free)


def _rows(
    question: Question, found: Answer, days: tuple[float, ...], world: str
) -> Iterator[dict[str, str | float | int]]:
    for row, day in enumerate(days):
        yield {
            "claim": question.claim,
            "contrast": question.contrast,
            "outcome": question.outcome,
            "time_days": day,
            "scale": question.scale,
            "truth": float(found.difference[row]),
            "arm_value": float(found.first[row].mean()),
            "reference_value": float(found.second[row].mean()),
            "mc_se": float(found.mc_se[row]),
            "sesoi": question.sesoi,
            "episodes": found.first.shape[1],
            "world": world,
        }
