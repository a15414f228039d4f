"""Nonsense in the simulated public: taken down, heard again, with a truth that simulation confirms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from complaintlab.models.deletion_strategies import DELETED
from complaintlab.models.strategies import DAY
from complaintlab.worlds.laws import Laws, load_laws
from complaintlab.worlds.nonsense import abuse, removal_risks, removals

N = 200_000


@pytest.fixture(scope="module")
def laws(repo: Path) -> Laws:
    """Those of the default world, but a removal that matters."""
    written = load_laws(repo / "data" / "world.yaml")
    nonsense = written.others.nonsense.model_copy(update={"removed": 0.8, "escalates": 0.4})
    others = written.others.model_copy(update={"nonsense": nonsense})
    return written.model_copy(update={"others": others})


def risk(removed_s: np.ndarray, laws: Laws, days: float) -> float:
    who, at_s = abuse(removed_s, laws, np.random.default_rng(2))
    return len(np.unique(who[at_s <= days * DAY])) / len(removed_s)


@pytest.mark.parametrize("days", [1.0, 7.0])
def test_truth_of_a_removal_is_what_simulation_finds(laws: Laws, days: float) -> None:
    removed_s = removals(np.ones(N, dtype=np.int64), laws, np.random.default_rng(1))
    within = removed_s[removed_s <= DELETED.by_s]  # nature, given a removal in the window
    deleted, left = removal_risks(laws, days)
    assert risk(within, laws, days) == pytest.approx(deleted, abs=0.006)
    assert risk(np.full(N, np.inf), laws, days) == pytest.approx(left, abs=0.004)
    assert deleted > left


@pytest.mark.parametrize("hours", [1.0, 6.0, 24.0, 24.0 * 90])
def test_openers_stand_as_long_as_under_the_law_of_complaints(laws: Laws, hours: float) -> None:
    """The chance to stand is exp(−E F(t)), as of what competing exponential hazards remove in steps."""
    often = laws.removal.host.model_copy(update={"count": 2.0, "nonsense": 0.0})
    laws = laws.model_copy(update={"removal": laws.removal.model_copy(update={"host": often})})
    removed_s = removals(np.ones(N, dtype=np.int64), laws, np.random.default_rng(3))
    standing = np.exp(-2.0 * laws.removal.pace.mass(0.0, hours * 3600))
    assert np.mean(removed_s > hours * 3600) == pytest.approx(float(standing), abs=0.005)


def test_only_what_stands_on_the_company_s_page_is_taken_down(laws: Laws) -> None:
    on_page = np.arange(1000) % 2
    removed_s = removals(on_page, laws, np.random.default_rng(1))
    assert np.isinf(removed_s[on_page == 0]).all()
    assert 0.3 < np.isfinite(removed_s[on_page == 1]).mean() < 0.9


def test_without_an_effect_both_risks_are_one(repo: Path) -> None:
    written = load_laws(repo / "data" / "world.yaml")
    nonsense = written.others.nonsense.model_copy(update={"removed": 0.0})
    laws = written.model_copy(update={"others": written.others.model_copy(update={"nonsense": nonsense})})
    deleted, left = removal_risks(laws, 7.0)
    assert deleted == pytest.approx(left)
