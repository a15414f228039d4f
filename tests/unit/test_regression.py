"""Logit with company effects: marginal effects, separation, too few events."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from made_episodes import made_episodes, made_spells
from spells_case import ANALYSIS

from complaintlab.errors import ModelError
from complaintlab.models.design import confounder_matrix, stratified_matrix
from complaintlab.models.marginal_effects import (
    LogitFit,
    average_change,
    average_derivative,
    fit_linear,
    fit_logit,
)
from complaintlab.models.regression import run
from complaintlab.models.regression.answered import TERMS
from complaintlab.params import Inference
from complaintlab.tables import TABLES

INFERENCE = Inference(resamples=30, seed=1, folds=5)


def fitted(episodes: pl.DataFrame) -> pl.DataFrame:
    found = run(episodes, made_spells(episodes), ANALYSIS, INFERENCE)
    TABLES["estimates_regression"].validate(found.estimates_regression)
    TABLES["agents"].validate(found.agents)
    return found.estimates_regression


def small_fit(seed: int = 1) -> LogitFit:
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.normal(size=400), rng.integers(0, 2, 400)])
    y = rng.random(400) < 1 / (1 + np.exp(-(0.3 + 0.8 * X[:, 0] - 0.6 * X[:, 1])))
    return fit_logit(y, X, np.arange(400) // 2)


@pytest.mark.parametrize("binary", [False, True])
def test_marginal_effects_and_their_errors_agree_with_numerical_derivatives(binary: bool) -> None:
    fit = small_fit()

    def effect(beta: np.ndarray) -> float:
        moved = replace(fit, beta=beta)
        if binary:
            return average_change(moved, 2, 0.0, 1.0)[0]
        up, down = (moved.probabilities(sign * 1e-5 * beta[1]) for sign in (1, -1))
        return float(np.mean(up - down) / 2e-5)

    found = average_change(fit, 2, 0.0, 1.0) if binary else average_derivative(fit, 1, 1.0)
    steps = np.eye(3) * 1e-5
    gradient = np.array([(effect(fit.beta + s) - effect(fit.beta - s)) / 2e-5 for s in steps])
    assert found[0] == pytest.approx(effect(fit.beta), rel=1e-6)
    assert found[1] == pytest.approx(float(np.sqrt(gradient @ fit.covariance @ gradient)), rel=1e-4)


@pytest.mark.parametrize("ways", [1, 2])
def test_company_effects_and_errors_are_those_of_statsmodels_with_indicators(ways: int) -> None:
    rng = np.random.default_rng(8)
    n, firm = 900, rng.integers(0, 7, 900)
    X = rng.normal(size=(n, 2))
    y = rng.random(n) < 1 / (1 + np.exp(-(X[:, 0] - 0.5 + 0.2 * firm)))
    author = np.arange(n) // 3
    clusters = author if ways == 1 else np.column_stack([author, rng.integers(0, 30, n)])
    found = fit_logit(y, X, clusters, pl.Series(firm).cast(pl.String))
    columns = np.column_stack([np.ones(n), X, *(firm == k for k in range(1, 7))])
    options = {"cov_type": "cluster", "cov_kwds": {"groups": clusters}}
    theirs = sm.Logit(y.astype(float), columns).fit(disp=0, **options)
    assert found.beta == pytest.approx(theirs.params, abs=1e-7)
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(theirs.bse, rel=1e-6)
    linear = fit_linear(y.astype(float), X, clusters, pl.Series(firm).cast(pl.String))
    least_squares = sm.OLS(y.astype(float), columns).fit(**options)
    assert linear.beta == pytest.approx(least_squares.params, abs=1e-9)
    assert np.sqrt(np.diag(linear.covariance)) == pytest.approx(least_squares.bse, rel=1e-6)


def test_a_separated_outcome_is_refused() -> None:
    x = np.linspace(-1, 1, 200)
    with pytest.raises(ModelError):
        fit_logit(x > 0, x[:, None], np.arange(200))


def test_who_is_answered_is_found_per_unit_of_hostility() -> None:
    found = fitted(made_episodes(3000, seed=2)).filter(model=pl.lit("logit"))
    hostility = found.filter(contrast=pl.lit("hostility"), scale=pl.lit("ame"))
    assert hostility["upper"].item() < -0.1  # the made-up companies answer the hostile later
    severity = found.filter(contrast=pl.lit("severity"), scale=pl.lit("ame"))
    assert abs(severity["estimate"].item()) < 3.5 * severity["se"].item()
    assert set(found["contrast"]) == {*TERMS, "answered_1h_vs_not"}


def test_a_term_that_does_not_vary_says_so() -> None:
    found = fitted(made_episodes(1500, seed=2))
    constant = found.filter(contrast=pl.lit("log_earlier_complaints"))
    assert constant["estimate"].is_null().all()
    assert constant["reason"].str.contains("vary").all()


@pytest.mark.parametrize("n", [0, 1, 60])
def test_too_few_events_give_rows_with_a_reason(n: int) -> None:
    found = fitted(made_episodes(100, seed=2).head(n))
    assert found["estimate"].is_null().all()
    assert found["reason"].str.contains("too few").all()
    assert found.height == 41


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
