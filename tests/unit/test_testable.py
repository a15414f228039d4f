"""The minima of the analysis plan: events per effective parameter, exact tests, a condition beside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from complaintlab.claims import Claim, load_claims
from complaintlab.models.causal.glm import affordable_ridge, effective_parameters, standard_ridge
from complaintlab.models.exposures import USUAL_SHARE
from complaintlab.models.reply_effects.tail import (
    EXACT,
    detectable_excess,
    exact_share,
    informative_size,
    p_smaller,
)
from complaintlab.params import VerdictRule, load_params
from complaintlab.verdicts.answer import Case, adjust
from complaintlab.verdicts.certainty import THESE_ONLY, certainty
from complaintlab.verdicts.testable import Primary, below_minimum

Pick = Callable[[str], Claim]

ENOUGH = Primary(
    model="augmented-ipw", estimate=0.05, se=0.01, lower=0.03, upper=0.07, p=None, df=None, n=3000,
    n_exposed=1000, events=700, events_exposed=300, ess=900.0, reference_risk=0.2, parameters=40.0,
)  # fmt: skip
NONE_FAR = replace(
    ENOUGH, model=EXACT, estimate=-0.001, n=1000, n_exposed=1000, events=0, events_exposed=0, ess=1000.0,
    reference_risk=None, parameters=None,
)  # fmt: skip


@pytest.fixture(scope="module")
def rule(repo: Path) -> VerdictRule:
    return load_params(repo / "params.yaml").section(VerdictRule)


@pytest.fixture(scope="module")
def claim(repo: Path) -> Pick:
    claims = load_claims(repo / "claims.yaml")
    return claims.of


def data(n: int, columns: int, share: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, columns))
    return X, (rng.random(n) < share).astype(float), np.ones(n)


def test_seven_hundred_events_afford_forty_columns_not_three_hundred(rule: VerdictRule, claim: Pick) -> None:
    assert below_minimum(ENOUGH, claim("N1"), 24, rule) is None
    few = replace(ENOUGH, events=300, events_exposed=150)
    assert below_minimum(few, claim("N1"), 24, rule) == "fewer than 10 events per effective parameter"


def test_where_nearly_all_have_the_outcome_the_others_are_counted(rule: VerdictRule, claim: Pick) -> None:
    most = replace(ENOUGH, events=2900, events_exposed=950)
    assert below_minimum(most, claim("N1"), 24, rule) == "fewer than 10 events per effective parameter"


def test_without_a_penalty_effective_parameters_are_the_columns() -> None:
    X, _, _ = data(500, 7, 0.3)
    information = X.T @ X
    assert effective_parameters(information, np.full(7, 1e-9)) == pytest.approx(7)


def test_a_model_that_it_can_afford_keeps_the_standard_ridge() -> None:
    ridge, parameters, _ = affordable_ridge(*data(3000, 40, 0.25), "binomial", free=(0,))
    assert ridge.tolist() == standard_ridge(40).tolist()
    assert 38 < parameters < 41


@settings(deadline=None, max_examples=25)
@given(st.integers(30, 300), st.integers(5, 40))
def test_shrinks_until_ten_events_stand_behind_each_parameter_but_never_the_arm(
    events: int, columns: int
) -> None:
    X, y, weights = data(600, columns, 0.0)
    y[:events] = 1.0
    ridge, parameters, _ = affordable_ridge(X, y, weights, "binomial", free=(0,))
    assert parameters <= events / 10
    assert ridge[1] == 1.0
    assert (ridge[2:] >= 1.0).all()


def test_a_parameter_estimated_beside_takes_its_share_of_the_events() -> None:
    """A dose beside a raised ridge: no more than a tenth of the events in all, as the plan asks."""
    X, y, weights = data(600, 40, 0.0)
    y[:150] = 1.0
    ridge, parameters, _ = affordable_ridge(X, y, weights, "binomial", (), extra=1)
    assert (ridge[1:] > 1.0).all()
    assert 10 < parameters <= 150 / 10


def test_of_too_few_events_no_penalty_makes_enough() -> None:
    X, y, weights = data(600, 20, 0.0)
    y[:9] = 1.0
    _, parameters, _ = affordable_ridge(X, y, weights, "binomial", free=(0,))
    assert parameters > 9 / 10


def test_no_event_in_a_large_sample_is_an_answer(rule: VerdictRule, claim: Pick) -> None:
    assert below_minimum(NONE_FAR, claim("P2"), 24, rule) is None
    small = replace(NONE_FAR, n=300, n_exposed=300, ess=300.0)
    assert below_minimum(small, claim("P2"), 24, rule) == (
        "fewer than 334 independent threads: even none with the outcome would tell nothing"
    )
    assert below_minimum(NONE_FAR, claim("P2"), 4, rule) == "fewer than 5 companies with both arms"


def test_informative_is_what_bounds_the_share_below_the_smallest_effect_of_interest() -> None:
    n = informative_size(0.01)
    limits = [stats.binomtest(0, size).proportion_ci(0.95, method="exact").high for size in (n - 1, n)]
    assert limits[0] > 0.011 >= limits[1]
    assert p_smaller(-0.001, n, 0.01) == pytest.approx(0.025, abs=1e-3)


def test_what_an_exact_test_detects_it_finds_with_the_stated_power() -> None:
    """The least number of events that is significant comes with that probability, one fewer is not."""
    size, level = 1000, 0.05 / 2
    share = USUAL_SHARE + detectable_excess(size, level, 0.8)
    everybody = np.arange(size)
    found = [exact_share(everybody < k, everybody, everybody % 7, USUAL_SHARE).p < level for k in range(20)]
    least = found.index(True, 2)
    assert stats.binom.sf(least - 1, size, share) == pytest.approx(0.8)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 60), st.integers(60, 400))
def test_of_independent_threads_limits_are_clopper_and_pearson_s(events: int, n: int) -> None:
    far, everybody = np.arange(n) < events, np.arange(n)
    company = everybody % 7
    found = exact_share(far, everybody, company, 0.1)
    if found.size == n:
        limits = stats.binomtest(events, n).proportion_ci(0.95, method="exact")
        assert (found.lower, found.upper) == pytest.approx((limits.low, limits.high))
    assert found.size <= n
    assert (found.p < 0.05) == (not found.lower <= 0.1 <= found.upper)


def test_without_events_threads_of_one_author_count_as_one() -> None:
    nobody, author = np.zeros(1000, dtype=bool), np.arange(1000) % 200
    found = exact_share(nobody, author, author % 7, 0.001)
    assert found.size == 200
    assert found.upper == pytest.approx(stats.binomtest(0, 200).proportion_ci(0.95, method="exact").high)


def test_events_of_one_company_make_the_sample_smaller() -> None:
    rng = np.random.default_rng(1)
    n, author = 4000, np.arange(4000)
    company = author % 20
    spread, bunched = rng.random(n) < 0.02, (company < 2) & (rng.random(n) < 0.2)
    apart, together = (exact_share(far, author, company, 0.001) for far in (spread, bunched))
    assert together.size < 0.2 * apart.size
    assert together.upper - together.lower > 2 * (apart.upper - apart.lower)


@pytest.mark.parametrize(
    ("estimate", "p_beside", "supported"), [(0.2, 0.001, True), (0.2, 0.4, False), (-0.2, 0.4, True)]
)
def test_the_faster_the_better_asks_that_no_step_is_reversed(
    estimate: float, p_beside: float, supported: bool, claim: Pick
) -> None:
    """On the other side, slower is better, the steps do not matter."""
    t4: Claim = claim("T4")
    found = replace(ENOUGH, estimate=estimate, se=0.03, p_beside=p_beside)
    (case,) = adjust([Case(t4, found, None, (), 1)])
    assert case.p_adjusted is not None
    assert (case.p_adjusted < 0.05) == supported
    assert case.p_discovery == case.p_adjusted  # of a single test both are the p-value that decides


def test_what_rests_on_fewer_than_five_companies_is_tentative_at_most() -> None:
    assert certainty([]) == "high"
    assert certainty([THESE_ONLY]) == "tentative"
