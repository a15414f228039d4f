"""Corrected trials: with perfect codes they are the trials as measured, few companies averaged alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from made_episodes import made_episodes, made_spells

from complaintlab.models.label_error.timing import corrected_timing, positive_within
from complaintlab.models.strategies import DAY, NONE, WITHIN_24H, grid
from complaintlab.models.trials import fit
from complaintlab.models.trials.arms import Plan, Trial
from complaintlab.models.trials.emulation import emulate
from complaintlab.models.trials.outcomes import event
from complaintlab.params import Analysis, Inference, LabelErrors, Trials, load_params

N, RESAMPLES, ESS_PER_ARM = 480, 6, 20
RULE = LabelErrors(events=10, events_per_arm=5, world_episodes=0, seed=1)


@pytest.fixture(scope="module")
def episodes() -> pl.DataFrame:
    """Complaints to six companies, half of them never answered; a fifth leaves sight early."""
    rng = np.random.default_rng(5)
    lost, silent = rng.random(N) < 0.2, pl.Series(rng.random(N) < 0.5)
    quality = pl.when(pl.col("first_reply_s").is_not_null()).then(pl.lit("proper"))
    made = made_episodes(N, 11).with_columns(first_reply_s=pl.when(~silent).then("first_reply_s"))
    return made.with_columns(
        answered_share_before=pl.lit(0.5),
        first_reply_quality=quality.cast(made.schema["first_reply_quality"]),
        end=pl.when(pl.Series(lost)).then(pl.lit("last_seen")).otherwise(pl.col("end").cast(pl.String)).cast(
            made.schema["end"]
        ),
        end_s=pl.when(pl.Series(lost)).then(pl.min_horizontal("end_s", pl.lit(5 * DAY))).otherwise("end_s"),
    )  # fmt: skip


def emulated(episodes: pl.DataFrame, mass: np.ndarray | None = None) -> Trial:
    """A reply within a day against none, companies averaged, authors drawn."""
    shown = event(episodes, "escalated", grid(7))
    everybody = np.ones(episodes.height, dtype=bool)
    return emulate(
        fit(episodes, made_spells(episodes), 7, quality=False, mass=mass),
        [Plan(strategy, shown, everybody) for strategy in (WITHIN_24H, NONE)],
        np.arange(episodes.height) % (N // 2),
        resamples=RESAMPLES,
        seed=1,
        company=np.arange(episodes.height) % 6,
        mass=mass,
    )


def corrected(
    episodes: pl.DataFrame, chance: float, drawn: pl.DataFrame, repo: Path, *, least: int = ESS_PER_ARM
) -> dict[str, dict[str, Any]]:
    """The corrected row of each claim on timing; ``drawn`` are coded as they were measured."""
    params = load_params(repo / "params.yaml")
    rows = corrected_timing(
        (episodes, made_spells(episodes)),
        (drawn, made_spells(drawn)),
        drawn.select("episode_id", pi=pl.lit(chance)),
        params.section(Analysis),
        params.section(Inference).model_copy(update={"resamples": 2 * RESAMPLES}),
        params.section(Trials),
        RULE,
        least,
    )
    return {str(row["claim"]): row for row in rows if row["scale"] in ("rd", "log_rr")}


@pytest.fixture(scope="module")
def measured(episodes: pl.DataFrame) -> Trial:
    return emulated(episodes)


def test_all_coded_is_the_trial_as_measured_averaged_over_companies(
    episodes: pl.DataFrame, measured: Trial, repo: Path
) -> None:
    row = corrected(episodes, 1.0, episodes, repo)["T1"]
    known = measured.effect(0, 1, 7)
    assert known is not None
    assert row["df"] == known.df == 5
    assert row["clusters"] == 6
    assert row["estimate"] == pytest.approx(known.estimate, abs=0.02)
    first, second = measured.arms
    assert row["n"] == N
    assert row["n_exposed"] == first.complete
    assert (row["events"], row["events_exposed"]) == (first.events + second.events, first.events)
    assert row["ess"] == pytest.approx(min(first.ess, second.ess), rel=0.02)


def test_counts_of_a_sample_s_codes_are_signed_sums_not_heads(
    episodes: pl.DataFrame, measured: Trial, repo: Path
) -> None:
    drawn = episodes.filter(pl.Series(np.random.default_rng(2).random(N) < 0.5))
    row = corrected(episodes, 0.5, drawn, repo)["T1"]
    first, second = measured.arms
    assert row["reason"] is None
    assert (row["events"], row["events_exposed"]) == (first.events + second.events, first.events)
    assert row["ess"] < min(first.ess, second.ess)


def test_too_small_an_effective_size_leaves_the_estimate_as_measured(
    episodes: pl.DataFrame, repo: Path
) -> None:
    row = corrected(episodes, 1.0, episodes, repo, least=N)["T1"]
    assert row["estimate"] is None
    assert row["reason"] == f"effective sample size of an arm below {N} with the codes"


def test_mass_counts_in_sizes_events_and_effective_size(episodes: pl.DataFrame, measured: Trial) -> None:
    half = emulated(episodes, np.full(N, 0.5))
    for mine, whole in zip(half.arms, measured.arms, strict=True):
        assert mine.sizes == pytest.approx(whole.sizes / 2)
        assert mine.n == N // 2
        assert abs(mine.events - whole.events / 2) <= 0.5
        assert abs(mine.complete - whole.complete / 2) <= 0.5
        assert mine.ess == pytest.approx(whole.ess)


def test_a_company_with_a_negative_risk_set_refuses_the_average(measured: Trial) -> None:
    first, second = measured.arms
    k = first.plan.outcome.until(7)
    assert positive_within(first, second, k)
    below = first.companies_at_risk.copy()
    below[3, k] = -1.0
    assert not positive_within(replace(first, companies_at_risk=below), second, k)
    assert not positive_within(replace(first, sizes=np.where(np.arange(6) == 2, -4.0, 80.0)), second, k)
