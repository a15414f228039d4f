"""Truths without a policy: zero where nothing works, signs as the laws have them, chances that add up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from complaintlab.companies import load_companies
from complaintlab.worlds.bystanders import chance_of_spread, expected_spread, spread_after_reply
from complaintlab.worlds.calendar import make_calendar
from complaintlab.worlds.history import History, simulate_history
from complaintlab.worlds.laws import Laws, load_laws
from complaintlab.worlds.naturally import NATURALLY
from complaintlab.worlds.people import Complaints, draw_complaints


@pytest.fixture(scope="module")
def laws(repo: Path) -> Laws:
    return load_laws(repo / "data" / "world.yaml")


@pytest.fixture(scope="module")
def natural(laws: Laws, repo: Path) -> tuple[Complaints, History]:
    rng = np.random.default_rng(1)
    calendar = make_calendar(laws, load_companies(repo / "data" / "companies.yaml"), rng)
    people = draw_complaints(1500, laws, calendar, rng)
    return people, simulate_history(people, laws, calendar, rng)


@pytest.mark.parametrize(("claim", "sign"), [("T7", 1), ("N7", 1), ("S4", 1), ("D4", 0), ("P2", -1)])
def test_arms_differ_as_the_laws_say(
    claim: str, sign: int, natural: tuple[Complaints, History], laws: Laws
) -> None:
    first, second, concerned = NATURALLY[claim](*natural, laws, 7.0)
    assert concerned.any()
    assert np.sign(first[concerned].mean() - second[concerned].mean()) == sign


def test_without_an_effect_of_replies_on_others_an_attack_costs_nothing(
    natural: tuple[Complaints, History], laws: Laws
) -> None:
    alike = laws.bystanders.model_copy(update={"after_proper": 1.0, "after_bad": 1.0})
    first, second, _ = NATURALLY["N7"](*natural, laws.model_copy(update={"bystanders": alike}), 7.0)
    assert first == pytest.approx(second)


def test_spread_after_the_reply_is_part_of_all_spread(
    natural: tuple[Complaints, History], laws: Laws
) -> None:
    people, history = natural
    after = spread_after_reply(people, history, laws, 14.0)
    assert (after[np.isinf(history.first_reply_s)] == 0).all()
    soon = history.first_reply_s <= 7 * 86400
    assert (after[soon] <= expected_spread(people, history, laws, 30.0)[soon] + 1e-9).all()


def test_chance_of_spread_is_that_of_gamma_frailty_and_poisson_numbers(laws: Laws) -> None:
    rng, shape = np.random.default_rng(1), laws.bystanders.shape
    drawn = rng.poisson(rng.gamma(shape, 2.0 / shape, 400_000))
    assert chance_of_spread(np.array([2.0]), 10, laws)[0] == pytest.approx((drawn >= 10).mean(), rel=0.03)
