"""Laws of the correction: coding everybody gives the coded estimate, perfect measures change nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlab.models.exposures import EXPOSURES
from complaintlab.models.label_error.augmented import SignedRows, signed_dose_effect, signed_reply_effect
from complaintlab.models.label_error.enough import NOT_CODED, too_thin, too_uneven
from complaintlab.models.label_error.signed import CODED, MASS, signed
from complaintlab.models.reply_effects.followup import AtRisk
from complaintlab.models.reply_effects.population import Answered
from complaintlab.models.strategies import DAY
from complaintlab.models.trials.course import course
from complaintlab.params import LabelErrors

N = 240
RULE = LabelErrors(events=30, events_per_arm=10, world_episodes=0, seed=1)


def replies(seed: int) -> SignedRows:
    """N replies, each once and of mass 1."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=N)
    exposed = rng.random(N) < 0.3 + 0.4 * (x > 0)
    outcome = (rng.random(N) < 0.35 + 0.1 * exposed).astype(float)
    return SignedRows(
        exposed, outcome, np.ones(N), ((x - x.mean()) / x.std())[:, None], rng.integers(0, 150, N),
        rng.integers(0, 18, N), np.ones(N), np.arange(N),
    )  # fmt: skip


def twice(measured: SignedRows, coded: SignedRows, chance: np.ndarray, drawn: np.ndarray) -> SignedRows:
    """Signed rows of the same replies as measured, and the drawn ones as coded."""
    at = np.flatnonzero(drawn)
    rows = {
        name: np.concatenate([getattr(measured, name), getattr(coded, name)[at]])
        for name in ("exposed", "outcome", "seen", "X", "author", "company", "unit")
    }
    mass = np.concatenate([1 - drawn / chance, 1 / chance[at]])
    return SignedRows(**rows, mass=mass)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.booleans())
def test_everybody_coded_with_certainty_gives_the_estimate_of_the_codes(
    seed: int, count: bool, grouped: bool
) -> None:
    coded, measured = replies(seed), replies(seed + 1)
    measured = replace(measured, author=coded.author, company=coded.company)
    everybody = twice(measured, coded, np.ones(N), np.ones(N, dtype=bool))
    inside = coded.X[:, 0] > 0 if grouped and not count else None
    both = None if inside is None else np.concatenate([measured.X[:, 0] > 0, inside])
    asked = {"floor": 0.01, "folds": 2, "seed": 3, "count": count}
    found = signed_reply_effect(everybody, **asked, inside=both)
    known = signed_reply_effect(coded, **asked, inside=inside)
    assert found.effect is not None
    assert known.effect is not None
    assert found.effect.estimate == pytest.approx(known.effect.estimate, abs=2e-3)
    assert found.effect.se == pytest.approx(known.effect.se, rel=0.02)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 0.9), st.booleans())
def test_perfect_measures_give_the_measured_estimate(seed: int, share: float, count: bool) -> None:
    measured = replies(seed)
    drawn = np.random.default_rng(seed + 2).random(N) < share
    asked = {"floor": 0.01, "folds": 2, "seed": 3, "count": count}
    found = signed_reply_effect(twice(measured, measured, np.full(N, share), drawn), **asked)
    known = signed_reply_effect(measured, **asked)
    assert found.effect is not None
    assert known.effect is not None
    # the outcome model's penalty is sought to a hundredth of its parameters, which moves an estimate a little
    assert found.effect.estimate == pytest.approx(known.effect.estimate, abs=1e-3)
    assert found.effect.se == pytest.approx(known.effect.se, rel=1e-3)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000))
def test_a_dose_measured_without_error_stays_as_it_is(seed: int) -> None:
    measured = replies(seed)
    drawn = np.random.default_rng(seed).random(N) < 0.5
    rows = twice(measured, measured, np.full(N, 0.5), drawn)
    dose = np.random.default_rng(seed + 5).random(N)
    asked = {"span": (0.1, 0.9), "folds": 2, "seed": 1}
    found = signed_dose_effect(rows, np.concatenate([dose, dose[drawn]]), **asked)
    known = signed_dose_effect(measured, dose, **asked)
    assert found.effect is not None
    assert known.effect is not None
    # the outcome model's penalty is sought to a hundredth of its parameters, which moves an estimate a little
    assert found.effect.estimate == pytest.approx(known.effect.estimate, abs=1e-3)


@given(st.lists(st.floats(0.05, 1.0), min_size=1, max_size=12))
def test_an_episode_counts_once_in_all(chances: list[float]) -> None:
    ids = [f"e{k}" for k in range(len(chances) + 3)]
    measured = pl.DataFrame({"episode_id": ids})
    chance = pl.DataFrame({"episode_id": ids[: len(chances)], "pi": chances})
    rows = signed(measured, measured.head(len(chances)), chance)
    totals = rows.group_by("episode_id").agg(pl.col(MASS).sum())[MASS].to_list()
    assert totals == pytest.approx([1.0] * len(ids))
    assert rows[CODED].sum() == len(chances)


def test_one_who_by_the_codes_is_no_complaint_leaves_the_population() -> None:
    measured = pl.DataFrame({"episode_id": ["a", "b"]})
    chance = pl.DataFrame({"episode_id": ["a"], "pi": [0.25]})
    rows = signed(measured, measured.clear(), chance)
    assert rows[MASS].to_list() == [-3.0, 1.0]


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (12, 40, None),
        (12, 12, "fewer than 30 coded events"),
        (9, 40, "fewer than 10 coded events in the arm 'with'"),
        (40, 9, "fewer than 10 coded events in the arm 'without'"),
    ],
)
def test_too_few_coded_events_are_said_without_their_number(first: int, second: int, why: str | None) -> None:
    assert too_thin(first, second, ("with", "without"), RULE) == why


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.3, 0.9))
def test_effective_size_falls_with_signed_weights_and_parameters_are_told(seed: int, share: float) -> None:
    measured = replies(seed)
    drawn = np.random.default_rng(seed + 2).random(N) < share
    asked = {"floor": 0.01, "folds": 2, "seed": 3}
    found = signed_reply_effect(twice(measured, measured, np.full(N, share), drawn), **asked)
    known = signed_reply_effect(measured, **asked)
    assert found.ess < known.ess
    assert found.parameters == pytest.approx(known.parameters, rel=0.02)
    assert found.parameters > 2


@pytest.mark.parametrize(("ess", "refused"), [(49.9, True), (50.0, False)])
def test_the_plan_s_effective_size_holds_for_what_is_corrected(ess: float, refused: bool) -> None:
    assert (too_uneven(ess, 50) is not None) == refused


def test_loss_is_fitted_to_the_complaints_as_measured_once_each() -> None:
    """Coded twins that were all lost would double the hazard of loss if they were fitted too."""
    rng = np.random.default_rng(3)
    end = np.where(rng.random(N) < 0.3, rng.integers(1, 7, N) * DAY, 30 * DAY)
    alone = pl.DataFrame(
        {"entry_s": 0, "end_s": end, "end": np.where(end < 30 * DAY, "last_seen", "horizon")},
    ).with_columns(first_reply_s=pl.lit(None, pl.Int64), turned_s=pl.lit(None, pl.Int64))
    gone = alone.with_columns(end_s=pl.lit(2 * DAY), end=pl.lit("last_seen"))
    X, exposed = rng.normal(size=(N, 1)), rng.random(N) < 0.4

    def losses(rows: pl.DataFrame, times: int, fitted: np.ndarray | None) -> np.ndarray:
        lived = course(rows.with_columns(pl.col("end_s").cast(pl.Int64)), "turned", DAY * np.arange(1, 8))
        nothing = pl.DataFrame()
        answered = Answered(rows, nothing, nothing, nothing, nothing)
        case = AtRisk(
            answered, np.tile(exposed, times), lived, np.tile(X, (times, 1)), ["x"], "turned", fitted
        )
        assert case.lost_by is not None
        return case.lost_by[:N]

    stacked = losses(pl.concat([alone, gone], how="vertical_relaxed"), 2, np.repeat([1.0, 0.0], N))
    assert stacked == pytest.approx(losses(alone, 1, None), rel=1e-6)


def test_only_what_starts_with_the_first_reply_is_corrected() -> None:
    """Coders see what came within 7 days of it: a clock that starts later would need longer."""
    assert {of.clock for claim, of in EXPOSURES.items() if claim not in NOT_CODED} == {"first_reply"}
