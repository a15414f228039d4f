"""Imputed clone–censor–weight finds what deletion does where the order of events is not seen."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from threadpoolctl import threadpool_limits

from complaintlab.models.deletion.answers import Comparison, Settings, answer
from complaintlab.models.deletion.cohort import Cohort
from complaintlab.models.deletion.emulation import difference, left_arms
from complaintlab.models.deletion.impute import midpoint
from complaintlab.models.deletion.marginal import marginal_structural
from complaintlab.models.deletion_strategies import DELETED, LEFT
from complaintlab.models.strategies import DAY, PROPER_24H
from complaintlab.params import Inference
from complaintlab.recovery.worlds.deleted import Page, cohort, simulate, spells, truth

FloatArray = npt.NDArray[np.float64]

WORLDS, COMPLAINTS = 6, 2000
PRECISION = 0.1
"""Monte-Carlo error of the truth, as a share of the SESOI: a third of a point."""
BIAS = 0.03
"""A bias counts that is larger than this by more than two Monte-Carlo errors."""
INFERENCE = Inference(resamples=40, seed=1, folds=2)
IMPUTATIONS = 4


@dataclass(frozen=True)
class Found:
    """Of one world: risk differences with their errors, log hazard ratios, and the order within gaps."""

    deleted: float
    se: float
    proper: float
    log_hr: dict[str, float]
    first: dict[str, float]


def world(seed: int, effect: float) -> Found:
    page = simulate(COMPLAINTS, seed, effect=effect)
    seen, rows = cohort(page, DAY, seed), spells(page)
    settings = Settings(rows, 7.0, INFERENCE, IMPUTATIONS)
    with threadpool_limits(1):
        made = answer(seen, Comparison(DELETED, LEFT, "deleted"), settings)
        assert not isinstance(made, str)
        proper = left_arms(made.design, rows, made.moments, made.fits, (PROPER_24H,))[0]
        about_deletion, about_reply = made.effect(7), difference(proper, made.first, 7, made.complete_df)
        acts = [fit.reply for fit in made.fits]
        moments = {"imputed": made.moments, "midpoint": [midpoint(seen)] * IMPUTATIONS}
        fitted = {name: marginal_structural(seen, acts, at, 1e4) for name, at in moments.items()}
    assert about_deletion is not None
    assert about_reply is not None
    log_hr = {name: one.estimate for name, one in fitted.items() if not isinstance(one, str)}
    order = {name: float(np.mean([deleted_first(page, seen, m) for m in at])) for name, at in moments.items()}
    order["true"] = deleted_first(page, seen, page.deleted_s)
    return Found(about_deletion.estimate, about_deletion.se, about_reply.estimate, log_hr, order)


def deleted_first(page: Page, seen: Cohort, at_s: FloatArray) -> float:
    """Where critic and host acted in one gap, how often the host came first."""
    both = (page.escalated_s > seen.lower_s) & (page.escalated_s <= seen.upper_s) & seen.acted
    return float(np.mean(at_s[both] < page.escalated_s[both]))


def mean_and_error(values: list[float]) -> tuple[float, float]:
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))


@pytest.fixture(scope="module")
def harmful() -> list[Found]:
    return [world(seed, 1.0) for seed in range(WORLDS)]


@pytest.fixture(scope="module")
def harmless() -> list[Found]:
    return [world(100 + seed, 0.0) for seed in range(WORLDS)]


def test_what_deletion_does_is_found(harmful: list[Found]) -> None:
    """D1."""
    true = truth(precision=PRECISION)["D1"].value
    found, error = mean_and_error([one.deleted for one in harmful])
    assert true > 0.1
    assert abs(found - true) - 2 * error < BIAS


def test_what_a_proper_answer_does_instead_is_found(harmful: list[Found]) -> None:
    """D3."""
    true = truth(precision=PRECISION)["D3"].value
    found, error = mean_and_error([one.proper for one in harmful])
    assert abs(found - true) - 2 * error < BIAS


def test_errors_are_as_large_as_the_estimates_scatter(harmful: list[Found]) -> None:
    scatter = float(np.std([one.deleted for one in harmful], ddof=1))
    said = float(np.mean([one.se for one in harmful]))
    assert 0.5 < said / scatter < 2.5


def test_harmless_deletion_of_those_who_escalate_looks_harmful_from_the_middle_of_the_gap(
    harmless: list[Found],
) -> None:
    """Escalation brings deletion, not the reverse: midpoints turn some of that round."""
    imputed, error = mean_and_error([one.log_hr["imputed"] for one in harmless])
    middle, _ = mean_and_error([one.log_hr["midpoint"] for one in harmless])
    assert imputed - 2 * error < BIAS
    assert middle > imputed + 0.1


@pytest.mark.parametrize("worlds", ["harmful", "harmless"])
def test_imputed_order_is_nearer_to_the_true_one(worlds: str, request: pytest.FixtureRequest) -> None:
    found: list[Found] = request.getfixturevalue(worlds)
    off = {
        name: abs(np.mean([one.first[name] - one.first["true"] for one in found]))
        for name in ("imputed", "midpoint")
    }
    assert off["imputed"] < 0.05
    assert off["imputed"] < off["midpoint"]


def test_with_frequent_looks_nothing_is_left_to_impute() -> None:
    page = simulate(300, 5)
    seen = cohort(page, 60, 5)
    acted = seen.acted
    assert float(np.max(np.abs(midpoint(seen)[acted] - page.deleted_s[acted]))) <= 30
