"""Reply strategies by the stage ``trials``, one contrast by the emulation alone, and raw shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from complaintlab.models.strategies import DAY, TIMING_CONTRASTS, follows, grid
from complaintlab.models.trials import fit, run
from complaintlab.models.trials.arms import Plan
from complaintlab.models.trials.emulation import emulate
from complaintlab.models.trials.outcomes import event
from complaintlab.params import Inference
from complaintlab.recovery.contract import Finding
from complaintlab.recovery.estimators.settings import ANALYSIS, TRIALS
from complaintlab.recovery.estimators.shares import shares
from complaintlab.recovery.worlds.timing import Complaints, episodes, simulate, spells


@dataclass(frozen=True)
class Public:
    """The tables ``episodes`` and ``spells`` of complaints and, for T7, of praise."""

    complaints: Complaints
    episodes: pl.DataFrame
    spells: pl.DataFrame


def complaints(seed: int, *, n: int, effect: float = 1.0, loss: float = 0.0) -> Public:
    """A world of n complaints."""
    made = simulate(n, seed, effect=effect, loss=loss)
    frame = episodes(made)
    return Public(made, frame, spells(made, frame))


def complaints_and_praise(seed: int, *, n: int, effect: float = 1.0) -> Public:
    """n complaints and as many openers that praise."""
    one, other = complaints(seed, n=n, effect=effect), simulate(n, 10_000_000 + seed, effect=effect)
    thanks = episodes(other, kind="praise").with_columns(pl.format("p{}", "episode_id").alias("episode_id"))
    return Public(
        one.complaints,
        pl.concat([one.episodes, thanks]),
        pl.concat([one.spells, spells(other, thanks)]),
    )


def stage(made: Public, *, claims: Sequence[str], resamples: int) -> Iterator[Finding]:
    """The stage's primary row of each claim."""
    inference = Inference(resamples=resamples, seed=1, folds=5)
    table = run(made.episodes, made.spells, ANALYSIS, inference, TRIALS).estimates_trials
    rows = table.filter(pl.col("variant") == "primary")
    for claim in claims:
        found = rows.row(by_predicate=pl.col("claim") == claim, named=True)
        numbers = {name: found.get(name) for name in ("estimate", "se", "lower", "upper", "p", "df")}
        yield Finding(claim, **numbers, reason=found["reason"])


def one_contrast(made: Public, *, claim: str, resamples: int) -> Iterator[Finding]:
    """One claim alone, by the stage's emulation: a tenth of its time."""
    contrast = TIMING_CONTRASTS[claim]
    outcome = event(made.episodes, contrast.outcome, grid(7))
    everybody = np.ones(made.episodes.height, dtype=bool)
    trial = emulate(
        fit(made.episodes, made.spells, 7, quality=contrast.first.quality is not None),
        [Plan(strategy, outcome, everybody) for strategy in (contrast.first, contrast.second)],
        np.arange(made.episodes.height),
        resamples=resamples,
        seed=1,
    )
    yield Finding.of(claim, trial.effect(0, 1, 7))


def raw(made: Public, *, claims: Sequence[str]) -> Iterator[Finding]:
    """Naive: those whose reply was as the first strategy has it against those of the second, as they are."""
    frame = made.episodes.filter(pl.col("kind") == "complaint")
    for claim in claims:
        contrast = TIMING_CONTRASTS[claim]
        first, second = (
            frame.select(follows(arm)).to_series().to_numpy() for arm in (contrast.first, contrast.second)
        )
        shown = frame[f"{contrast.outcome}_s"].fill_null(10**9).to_numpy() <= 7 * DAY
        kept = first | second
        author = frame["author_id"].rank("dense").cast(pl.Int64).to_numpy() - 1
        yield shares(claim, shown[kept], first[kept], author[kept])
