"""Laws of the correction: coding everybody gives the coded estimate, perfect measures change nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlab.models.label_error.augmented import SignedRows, signed_dose_effect, signed_reply_effect
from complaintlab.models.label_error.enough import too_thin
from complaintlab.models.label_error.signed import CODED, MASS, signed
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
    assert found.effect.estimate == pytest.approx(known.effect.estimate, abs=1e-4)
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
    assert found.effect.estimate == pytest.approx(known.effect.estimate, abs=1e-4)


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
