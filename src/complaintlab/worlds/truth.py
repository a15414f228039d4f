"""The stage ``truth``: what the claims' contrasts really are in the simulated world.

Each contrast is the analysts' own estimand, never a coefficient: the same complaints are simulated under
both arms with common random numbers, over the episodes that an analysis would select, until the Monte-Carlo
error is small beside the claim's smallest effect of interest. The truth is that of the laws; it does not
depend on the size and the seed of the world that is written down.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import polars as pl

from complaintlab.claims import Claim, Claims
from complaintlab.companies import Companies
from complaintlab.errors import UserError
from complaintlab.labels import ACTS, STANCES
from complaintlab.models.strategies import DAY, TIMING_CONTRASTS
from complaintlab.params import Analysis, Collect
from complaintlab.progress import track
from complaintlab.store import conform
from complaintlab.tables import TABLES
from complaintlab.worlds.calendar import make_calendar
from complaintlab.worlds.history import FOLLOWED_DAYS, TURNED, Policy, simulate_history
from complaintlab.worlds.laws import Floats, Laws, fingerprint, load_laws
from complaintlab.worlds.people import draw_complaints
from complaintlab.worlds.risks import Watch

CODE_VERSION = "1"
"""Raised whenever a change of code changes what follows from the same laws."""

OUTCOMES: dict[str, tuple[int, ...]] = {"turned": TURNED, "escalated": (STANCES.index("escalates"),)}
PATIENCE_DAYS = 7
"""A first reply counts for the reply clock within these, as in the analysis."""

BATCH = 20_000
MAX_BATCHES = 20
PRECISION = 0.018
"""Largest Monte-Carlo error aimed at, as a share of the smallest effect of interest."""


class Outputs(NamedTuple):
    truth: pl.DataFrame


@dataclass(frozen=True)
class Question:
    """One contrast: risk of ``outcome`` under the first policy minus that under the second."""

    claim: str
    contrast: str
    outcome: str
    first: Policy
    second: Policy
    clock: Literal["complaint", "reply"]
    sesoi: float


@dataclass(frozen=True)
class Answer:
    """Risks of both arms by horizon (rows) and episode (columns)."""

    first: Floats
    second: Floats

    @property
    def difference(self) -> Floats:
        return np.asarray((self.first - self.second).mean(axis=1))

    @property
    def mc_se(self) -> Floats:
        difference = self.first - self.second
        return np.asarray(difference.std(axis=1, ddof=1) / np.sqrt(difference.shape[1]))


def run(collect: Collect, analysis: Analysis, companies: Companies, claims: Claims, root: Path) -> Outputs:
    """True risk differences of timing and of first replies' acts, by 1, 3 and the primary number of days.

    Empty unless the source is the world. Timing: the strategies of ``models/strategies.py``, with the
    world's own reply hazard; usual care after the first reply. Acts: among
    episodes answered within 7 days, the first reply with and without the act, all else of it as it was.

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
    days = tuple(sorted({1.0, 3.0, analysis.horizon_days}))
    world = fingerprint(
        path.read_text(encoding="utf-8"),
        companies.model_dump_json(),
        f"{analysis.washout_days:g} {analysis.gap_days:g} {CODE_VERSION}",
    )
    rows = [
        row
        for question in track(questions(claims), "Simulating both arms")
        for row in _rows(question, answer(question, laws, companies, analysis, days), days, world)
    ]
    return Outputs(conform("truth", pl.DataFrame(rows)))


def questions(claims: Claims) -> list[Question]:
    """What is asked of the world: every timing contrast, every act that the stage reply_effects estimates."""
    asked = []
    for claim in claims.claims:
        if claim.id in TIMING_CONTRASTS:
            timing = TIMING_CONTRASTS[claim.id]
            arms = Policy(timing=timing.first), Policy(timing=timing.second)
            asked += [
                Question(claim.id, timing.name, outcome, *arms, "complaint", claim.sesoi)
                for outcome in OUTCOMES
            ]
        elif act := _act_of(claim):
            arms = Policy(act=(act, True)), Policy(act=(act, False))
            asked.append(Question(claim.id, claim.contrast, claim.outcome, *arms, "reply", claim.sesoi))
    return asked


def _act_of(claim: Claim) -> str | None:
    act = claim.contrast.removesuffix("_vs_not")
    asked = claim.stage == "reply_effects" and claim.outcome in OUTCOMES
    return act if asked and act in ACTS and act != claim.contrast else None


def answer(
    question: Question, laws: Laws, companies: Companies, analysis: Analysis, days: tuple[float, ...]
) -> Answer:
    """Simulate batches of complaints under both arms until the Monte-Carlo error is small enough."""
    batches = []
    for batch in _batches(question, laws, companies, analysis, days):
        batches.append(batch)
        both = Answer(*(np.concatenate(arms, axis=1) for arms in zip(*batches, strict=True)))
        if both.mc_se.max() < PRECISION * question.sesoi:
            break
    return both


def _batches(
    question: Question, laws: Laws, companies: Companies, analysis: Analysis, days: tuple[float, ...]
) -> Iterator[tuple[Floats, Floats]]:
    for batch in range(MAX_BATCHES):
        rng = np.random.default_rng([batch, 0])
        calendar = make_calendar(laws, companies, rng)
        people = draw_complaints(BATCH, laws, calendar, rng)
        kept = people.eligible(analysis.washout_days, analysis.gap_days)
        risks = []
        for policy in (question.first, question.second):
            watch = Watch(OUTCOMES[question.outcome], question.clock, days, len(people))
            luck = np.random.default_rng([batch, 1])
            history = simulate_history(people, laws, calendar, luck, policy, watch)
            if question.clock == "reply":
                kept = kept & (history.first_reply_s <= PATIENCE_DAYS * DAY)
            risks.append(watch.risks)
        yield risks[0][:, kept], risks[1][:, kept]


def _rows(
    question: Question, found: Answer, days: tuple[float, ...], world: str
) -> Iterator[dict[str, str | float | int]]:
    for row, day in enumerate(days):
        yield {
            "claim": question.claim,
            "contrast": question.contrast,
            "outcome": question.outcome,
            "time_days": day,
            "scale": "rd",
            "truth": float(found.difference[row]),
            "arm_value": float(found.first[row].mean()),
            "reference_value": float(found.second[row].mean()),
            "mc_se": float(found.mc_se[row]),
            "sesoi": question.sesoi,
            "episodes": found.first.shape[1],
            "world": world,
        }
