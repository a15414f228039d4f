"""What fails in the recovery table, and what its numbers are."""

from __future__ import annotations

from functools import partial
from math import sqrt

import numpy as np
import pytest

from complaintlab.recovery.contract import Cell, Estimand, Estimator, Finding, Truth
from complaintlab.recovery.records import Record
from complaintlab.recovery.rules import biased, bonferroni, exact_interval, miscovering, too_often_false
from complaintlab.recovery.table import FAMILY, Row, judged, merged, rows_of
from complaintlab.recovery.truths import nothing, paired_difference

RNG = np.random.default_rng(1)


def none(seed: int) -> int:
    return seed


def finds(world: int) -> list[Finding]:
    return []


def cell_of(*estimands: Estimand, null: bool = False, few_companies: bool = False) -> Cell[int]:
    return Cell(
        "made/up", "Made up", none, partial(nothing, "a"), estimands, (Estimator("ours", finds),),
        null=null, few_companies=few_companies,
    )  # fmt: skip


def row(estimates: np.ndarray, truth: float, *, se: float = 0.02, scale: str = "rd", **how: bool) -> Row:
    """The row of worlds in which an estimator found these values."""
    cell = cell_of(Estimand("a", scale, 0.03), **how)  # type: ignore[arg-type]
    records = [
        Record(seed, 0.1, (Finding("a", float(x), se, float(x) - 1.96 * se, float(x) + 1.96 * se),))
        for seed, x in enumerate(estimates)
    ]
    made = rows_of(cell, cell.estimators[0], {"a": Truth(truth, 0.0)}, records, "key")
    return judged(list(made))[0]


def test_exact_interval_is_clopper_and_pearsons() -> None:
    assert exact_interval(0, 10, 0.95) == pytest.approx((0, 0.3085), abs=1e-4)
    assert exact_interval(95, 100, 0.95) == pytest.approx((0.8872, 0.9836), abs=1e-4)
    assert exact_interval(0, 0, 0.95) == (0, 1)


def test_bias_must_be_beyond_its_error_and_beyond_what_may_be() -> None:
    assert not biased(0.03, 0.02, 0.1, "rd")
    assert biased(0.03, 0.01, 0.1, "rd")
    assert not biased(0.03, 0.001, 0.7, "rd")
    assert not biased(0.03, 0.001, 0.1, "log_hr")
    assert biased(0.034, 0.001, 0.1, "log_hr")


def test_coverage_fails_on_either_side_but_with_few_companies_only_below() -> None:
    assert miscovering((0.90, 0.92), few_companies=True)
    assert miscovering((0.975, 0.99), few_companies=False)
    assert not miscovering((0.975, 0.99), few_companies=True)
    assert not miscovering((0.92, 0.96), few_companies=False)


def test_only_a_surely_too_large_rate_of_false_verdicts_fails() -> None:
    assert too_often_false((0.051, 0.2))
    assert not too_often_false((0.049, 0.2))
    assert bonferroni(10) == pytest.approx(0.999)


def test_a_right_estimator_passes_and_its_numbers_are_those_of_the_worlds() -> None:
    found = row(0.1 + 0.02 * RNG.normal(size=2000), 0.1)
    assert found.fails == ""
    assert found.empirical_se == pytest.approx(0.02, rel=0.05)
    assert found.bias_mcse == pytest.approx(0.02 / sqrt(2000), rel=0.05)
    assert found.coverage == pytest.approx(0.95, abs=0.015)
    assert found.power is not None
    assert found.power > 0.99
    assert found.sign_errors == 0


def test_bias_and_too_small_errors_fail() -> None:
    assert row(0.12 + 0.02 * RNG.normal(size=2000), 0.1).fails == "bias|coverage"
    assert row(0.1 + 0.03 * RNG.normal(size=2000), 0.1).fails == "coverage"


def test_too_large_errors_fail_unless_companies_are_few() -> None:
    estimates = 0.1 + 0.01 * RNG.normal(size=2000)
    assert row(estimates, 0.1).fails == "coverage"
    assert row(estimates, 0.1, few_companies=True).fails == ""


def test_effects_where_there_are_none_are_false_and_equivalence_is_not() -> None:
    found = row(0.04 + 0.02 * RNG.normal(size=500), 0.0, null=True)
    assert "false verdicts" in found.fails
    right = row(0.005 * RNG.normal(size=500), 0.0, se=0.005, null=True)
    assert right.false_verdicts == pytest.approx(0.0, abs=0.02)


def test_at_the_sesoi_no_meaningful_effect_is_the_false_verdict() -> None:
    found = row(0.03 + 0.006 * RNG.normal(size=4000), 0.03, se=0.006)
    assert found.false_verdicts == pytest.approx(0.05, abs=0.015)
    assert found.sign_errors == 0


def test_too_often_no_meaningful_effect_where_there_is_one_fails() -> None:
    """Errors that are said to be half as large as they are call an effect of interest none."""
    found = row(0.03 + 0.012 * RNG.normal(size=500), 0.03, se=0.006)
    assert "false verdicts" in found.fails
    below = row(0.01 + 0.002 * RNG.normal(size=500), 0.01, se=0.002)
    assert below.wrong == 0
    assert below.fails == ""


def test_a_null_cell_of_several_claims_counts_worlds_with_any_false_verdict() -> None:
    cell = cell_of(Estimand("a", "rd", 0.03), Estimand("b", "rd", 0.03), null=True)
    p_values = [(0.03, 0.5), (0.02, 0.5), (0.5, 0.5), (0.04, 0.04)]
    records = [
        Record(seed, 0.1, (Finding("a", 0.01, 0.01, -1, 1, one), Finding("b", 0.01, 0.01, -1, 1, other)))
        for seed, (one, other) in enumerate(p_values)
    ]
    truth = {"a": Truth(0, 0), "b": Truth(0, 0)}
    family = list(rows_of(cell, cell.estimators[0], truth, records, "key"))[-1]
    assert family.estimand == FAMILY
    assert family.wrong == 1  # Holm asks for .025 first: only .02 is below


def test_a_stored_row_stays_if_the_same_code_saw_more_worlds() -> None:
    cell = cell_of(Estimand("a", "rd", 0.03))
    old = row(0.1 + 0.02 * RNG.normal(size=50), 0.1)
    new = row(0.1 + 0.02 * RNG.normal(size=20), 0.1)
    assert merged([new], [old], [cell])[0].worlds == 50
    other = Row(**vars(old) | {"code": "older"})
    assert merged([new], [other], [cell])[0].worlds == 20
    gone = Row(**vars(old) | {"cell": "no more"})
    assert merged([], [gone], [cell]) == []


def test_truth_stops_when_it_is_precise_enough() -> None:
    asked: list[int] = []

    def batch(seed: int) -> tuple[np.ndarray, np.ndarray]:
        asked.append(seed)
        rng = np.random.default_rng(seed)
        return 0.1 + 0.01 * rng.normal(size=1000), np.zeros(1000)

    found = paired_difference(batch, 0.01)
    assert found.mc_se < 0.02 * 0.01
    assert abs(found.value - 0.1) < 4 * found.mc_se
    assert len(asked) == len(set(asked)) > 1
