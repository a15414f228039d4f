"""The world under strategies that ask for a quality, and what it expects of counts."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaintlab.claims import load_claims
from complaintlab.companies import load_companies
from complaintlab.labels import ACTS, reply_quality
from complaintlab.models.strategies import BAD_24H, NONE, TIMING_CONTRASTS, WITHIN_24H
from complaintlab.params import Analysis, load_params
from complaintlab.worlds import truth
from complaintlab.worlds.acts import qualities
from complaintlab.worlds.bystanders import bystander_turns, expected_spread
from complaintlab.worlds.calendar import Calendar, make_calendar
from complaintlab.worlds.history import History, Policy, simulate_history
from complaintlab.worlds.laws import Laws, load_laws
from complaintlab.worlds.naturally import NATURALLY
from complaintlab.worlds.people import Complaints, draw_complaints
from complaintlab.worlds.sequels import expected_recurrences, recurrences

SIZE = 3000


@pytest.fixture(scope="module")
def laws(repo: Path) -> Laws:
    return load_laws(repo / "data" / "world.yaml")


@pytest.fixture(scope="module")
def calendar(repo: Path, laws: Laws) -> Calendar:
    return make_calendar(laws, load_companies(repo / "data" / "companies.yaml"), np.random.default_rng(1))


@pytest.fixture(scope="module")
def people(laws: Laws, calendar: Calendar) -> Complaints:
    return draw_complaints(SIZE, laws, calendar, np.random.default_rng(2))


@pytest.fixture(scope="module")
def natural(people: Complaints, laws: Laws, calendar: Calendar) -> History:
    return simulate_history(people, laws, calendar, np.random.default_rng(3))


@given(st.lists(st.sets(st.sampled_from(ACTS)), min_size=1, max_size=8))
def test_quality_of_many_replies_is_that_of_each(replies: list[set[str]]) -> None:
    acts = np.array([[act in reply for reply in replies] for act in ACTS])
    assert qualities(acts).tolist() == [reply_quality(reply) for reply in replies]


def test_a_strategy_of_bad_replies_answers_as_soon_and_badly(
    people: Complaints, laws: Laws, calendar: Calendar
) -> None:
    bad, any_reply = (
        simulate_history(people, laws, calendar, np.random.default_rng(3), Policy(timing=arm))
        for arm in (BAD_24H, WITHIN_24H)
    )
    answered = np.isfinite(bad.first_reply_s)
    assert set(qualities(bad.acts[:, answered])) == {"bad"}
    already = answered & np.isfinite(any_reply.first_reply_s) & (qualities(any_reply.acts) == "bad")
    soonest = already & (bad.first_reply_s <= 300)
    np.testing.assert_array_equal(bad.acts[:, soonest], any_reply.acts[:, soonest])


def test_expected_counts_are_the_means_of_what_is_drawn(
    people: Complaints, natural: History, laws: Laws
) -> None:
    drawn = [bystander_turns("c", people, natural, laws, np.random.default_rng(seed)) for seed in range(5)]
    against = np.mean([turns["stance"].is_in(["escalates", "persists"]).sum() for turns in drawn])
    assert against == pytest.approx(expected_spread(people, natural, laws, 365).sum(), rel=0.1)
    again = np.mean(
        [len(recurrences(people, natural, laws, np.random.default_rng(seed))[0]) for seed in range(20)]
    )
    assert again == pytest.approx(expected_recurrences(people, natural, laws, 30).sum(), rel=0.1)


def test_truth_is_asked_of_every_claim_that_the_laws_cover(repo: Path) -> None:
    asked = truth.questions(load_claims(repo / "claims.yaml"))
    set_arms = {q.claim for q in asked if q.clock == "complaint" and q.naturally is None}
    assert set_arms == set(TIMING_CONTRASTS) - {"T7"} | {"D1", "D3"}
    assert {q.claim for q in asked if q.naturally} == set(NATURALLY)
    assert {q.claim for q in asked if q.counted} == {"T5", "T6", "T7", "N7"}


def test_claims_about_natural_histories_share_them(
    repo: Path, laws: Laws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(truth, "BATCH", 300)
    monkeypatch.setattr(truth, "MAX_BATCHES", 2)
    companies = load_companies(repo / "data" / "companies.yaml")
    analysis = load_params(repo / "params.yaml").section(Analysis)
    simulated = []

    @cache
    def nature(batch: int) -> tuple[Complaints, History]:
        simulated.append(batch)
        return truth.natural_batch(batch, laws, companies)

    asked = [q for q in truth.questions(load_claims(repo / "claims.yaml")) if q.naturally]
    found = {q.claim: truth.answer(q, laws, companies, analysis, nature) for q in asked}
    assert simulated == [0, 1]
    alone = next(q for q in asked if q.claim == "S4")
    assert truth.answer(alone, laws, companies, analysis).difference == found["S4"].difference
    assert found["S4"].difference > 0


def test_the_truth_of_a_ratio_is_its_logarithm(repo: Path, laws: Laws) -> None:
    question = next(
        q for q in truth.questions(load_claims(repo / "claims.yaml")) if q.outcome == "recurrences"
    )
    assert question.first.timing == NONE
    analysis = load_params(repo / "params.yaml").section(Analysis)
    found = truth.answer(question, laws, load_companies(repo / "data" / "companies.yaml"), analysis)
    assert question.days(analysis) == (30.0,)
    assert np.exp(found.difference[0]) == pytest.approx(found.first.mean() / found.second.mean())
    assert 0.3 < found.difference[0] < 0.9
    assert found.mc_se[0] < 0.02 * np.log(1.25)
