"""What deletion does: imputed clone–censor–weight as the stage ``deletion`` has it, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from complaintlab.models.deletion.answers import Comparison, Settings, answer
from complaintlab.models.deletion.cohort import Cohort
from complaintlab.models.deletion.emulation import difference, left_arms
from complaintlab.models.deletion_strategies import DELETED, LEFT
from complaintlab.models.strategies import DAY, PROPER_24H
from complaintlab.params import Inference
from complaintlab.recovery.contract import Finding
from complaintlab.recovery.estimators.shares import shares
from complaintlab.recovery.worlds.deleted import Page, cohort, simulate, spells


@dataclass(frozen=True)
class Looked:
    """A company's page, what daily looks saw of it, and the start–stop rows."""

    page: Page
    seen: Cohort
    spells: pl.DataFrame


def looked_at_daily(seed: int, *, n: int, effect: float = 1.0) -> Looked:
    """A world of n complaints."""
    page = simulate(n, seed, effect=effect)
    return Looked(page, cohort(page, DAY, seed), spells(page))


def imputed(made: Looked, *, imputations: int, resamples: int) -> Iterator[Finding]:
    """D1 and D3 at day 7."""
    inference = Inference(resamples=resamples, seed=1, folds=5)
    settings = Settings(made.spells, 7.0, inference, imputations)
    found = answer(made.seen, Comparison(DELETED, LEFT, "deleted"), settings)
    if isinstance(found, str):
        yield from (Finding.of(claim, found) for claim in ("D1", "D3"))
        return
    yield Finding.of("D1", found.effect(7))
    proper = left_arms(found.design, made.spells, found.moments, found.fits, (PROPER_24H,))[0]
    yield Finding.of("D3", difference(proper, found.first, 7, found.complete_df))


def ever_deleted(made: Looked) -> Iterator[Finding]:
    """Naive: deleted within the week against never, order and hostility ignored."""
    frame = made.seen.episodes
    shown = frame["escalated_s"].cast(pl.Float64).fill_null(np.inf).to_numpy() <= 7 * DAY
    yield shares("D1", shown, made.seen.upper_s <= 7 * DAY, np.arange(frame.height))
