"""Logit with company effects: marginal effects, separation, too few events."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from made_episodes import made_episodes
from spells_case import ANALYSIS

from complaintlab.errors import ModelError
from complaintlab.models.design import confounder_matrix, stratified_matrix
from complaintlab.models.marginal_effects import (
    LogitFit,
    average_change,
    average_derivative,
    fit_logit,
)
from complaintlab.models.regression import TERMS, run
from complaintlab.tables import TABLES


def small_fit(seed: int = 1) -> LogitFit:
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.normal(size=400), rng.integers(0, 2, 400)])
    y = rng.random(400) < 1 / (1 + np.exp(-(0.3 + 0.8 * X[:, 0] - 0.6 * X[:, 1])))
    return fit_logit(y, X, np.arange(400) // 2)


@pytest.mark.parametrize("binary", [False, True])
def test_marginal_effects_and_their_errors_agree_with_numerical_derivatives(binary: bool) -> None:
    fit = small_fit()

    def effect(beta: np.ndarray) -> float:
        moved = LogitFit(fit.X, beta, fit.covariance)
        if binary:
            return average_change(moved, 2, 0.0, 1.0)[0]
        step = np.zeros_like(fit.X)
        step[:, 1] = 1e-5
        up, down = moved.probabilities(fit.X + step), moved.probabilities(fit.X - step)
        return float(np.mean(up - down) / 2e-5)

    found = average_change(fit, 2, 0.0, 1.0) if binary else average_derivative(fit, 1, 1.0)
    steps = np.eye(3) * 1e-5
    gradient = np.array([(effect(fit.beta + s) - effect(fit.beta - s)) / 2e-5 for s in steps])
    assert found[0] == pytest.approx(effect(fit.beta), rel=1e-6)
    assert found[1] == pytest.approx(float(np.sqrt(gradient @ fit.covariance @ gradient)), rel=1e-4)


def test_a_separated_outcome_is_refused() -> None:
    x = np.linspace(-1, 1, 200)
    with pytest.raises(ModelError):
        fit_logit(x > 0, x[:, None], np.arange(200))


def test_who_is_answered_is_found_per_unit_of_hostility() -> None:
    found = run(made_episodes(3000, seed=2), ANALYSIS).estimates_regression
    TABLES["estimates_regression"].validate(found)
    hostility = found.filter(contrast=pl.lit("hostility"), scale=pl.lit("ame"))
    assert hostility["upper"].item() < -0.1  # the made-up companies answer the hostile later
    severity = found.filter(contrast=pl.lit("severity"), scale=pl.lit("ame"))
    assert abs(severity["estimate"].item()) < 3.5 * severity["se"].item()
    assert set(found["contrast"]) == {*TERMS, "answered_1h_vs_not"}


def test_a_term_that_does_not_vary_says_so() -> None:
    found = run(made_episodes(1500, seed=2), ANALYSIS).estimates_regression
    constant = found.filter(contrast=pl.lit("log_earlier_complaints"))
    assert constant["estimate"].is_null().all()
    assert constant["reason"].str.contains("vary").all()


@pytest.mark.parametrize("n", [0, 1, 60])
def test_too_few_events_give_rows_with_a_reason(n: int) -> None:
    found = run(made_episodes(100, seed=2).head(n), ANALYSIS).estimates_regression
    TABLES["estimates_regression"].validate(found)
    assert found["estimate"].is_null().all()
    assert found["reason"].str.contains("too few").all()
    assert found.height == 16


def test_the_design_is_standardised_of_full_rank_and_tells_unknown_hours_apart() -> None:
    episodes = made_episodes(400, seed=4).with_columns(
        business_hours=pl.when(pl.col("company") != "c0").then("business_hours"),
        topic=pl.when(pl.int_range(400) < 8).then(pl.lit("rare")).otherwise("topic"),
    )
    X, names = confounder_matrix(episodes, companies=True)
    assert np.linalg.matrix_rank(np.column_stack([np.ones(len(X)), X])) == X.shape[1] + 1
    assert np.allclose(X.mean(axis=0), 0)
    assert np.allclose(X.std(axis=0), 1)
    assert "business_hours_unknown" in names
    assert "topic:rare" not in names
    assert "log_earlier_complaints" not in names  # constant here


def test_what_does_not_vary_within_companies_leaves_a_stratified_design() -> None:
    episodes = made_episodes(400, seed=4).with_columns(
        business_hours=pl.when(pl.col("company") != "c0").then("business_hours"),
    )
    assert "business_hours_unknown" not in stratified_matrix(episodes)[1]
