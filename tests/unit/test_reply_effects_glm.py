"""Penalised regressions and what is made of them: exact at their optimum, fold by fold."""

from __future__ import annotations

import numpy as np
import pytest

from complaintlab.models.causal.aipw import contributions, difference_between
from complaintlab.models.causal.glm import Family, affordable_ridge, cross_fit, fit_glm, information_of
from complaintlab.models.causal.logistic import logistic


def made(seed: int, family: Family, n: int = 500) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    eta = -0.5 + X @ np.array([0.8, -0.5, 0.0, 0.2])
    y = rng.random(n) < 1 / (1 + np.exp(-eta)) if family == "binomial" else rng.poisson(np.exp(eta))
    return X, y.astype(float)


def test_logistic_is_that_of_the_discrete_hazards() -> None:
    X, y = made(1, "binomial")
    beta, converged = fit_glm(X, y, np.ones(500), "binomial")
    assert converged
    np.testing.assert_allclose(beta, logistic(X, y)[0], atol=1e-4)


def test_poisson_is_where_the_penalised_score_is_zero() -> None:
    X, y = made(2, "poisson")
    beta, converged = fit_glm(X, y, np.ones(500), "poisson")
    score = X.T @ (y - np.exp(beta[0] + X @ beta[1:])) - beta[1:]
    assert converged
    np.testing.assert_allclose(score, 0, atol=0.05)


def test_separated_data_stay_finite() -> None:
    X = np.linspace(-1, 1, 50)[:, None]
    beta, converged = fit_glm(X, (X[:, 0] > 0).astype(float), np.ones(50), "binomial")
    assert converged
    assert np.abs(beta).max() < 10


@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_folds_are_fitted_without_their_own_rows(family: Family) -> None:
    X, y = made(3, family)
    fold = np.arange(500) % 5
    (predicted,), converged = cross_fit(X, y, np.ones(500), fold, family)
    assert converged
    for number in range(5):
        out = fold == number
        beta, _ = fit_glm(X[~out], y[~out], np.ones((~out).sum()), family)
        eta = beta[0] + X[out] @ beta[1:]
        mean = 1 / (1 + np.exp(-eta)) if family == "binomial" else np.exp(eta)
        np.testing.assert_allclose(predicted[out], mean, atol=2e-3)


def test_a_ratio_s_error_is_that_of_its_logarithm() -> None:
    rng = np.random.default_rng(4)
    first, second = rng.poisson(2.0, 4000).astype(float), rng.poisson(1.0, 4000).astype(float)
    own = contributions(first, second, "log_ratio")
    assert own.mean() == pytest.approx(np.log(first.mean() / second.mean()))
    assert own.var() == pytest.approx(1 / 2 + 1 / 1, rel=0.1)


def test_an_interaction_is_a_difference_of_two_means_with_both_their_errors() -> None:
    rng = np.random.default_rng(5)
    own, group = rng.normal(size=1000), rng.random(1000) < 0.2
    found = difference_between(own, group)
    assert found.mean() == pytest.approx(own[group].mean() - own[~group].mean())
    expected = own[group].var() / group.sum() + own[~group].var() / (~group).sum()
    assert found.var() / 1000 == pytest.approx(expected)


@pytest.mark.parametrize("signed", [False, True])
def test_a_fit_begun_at_another_ends_where_it_would_from_nothing(signed: bool) -> None:
    rng = np.random.default_rng(4)
    X = rng.standard_normal((600, 8))
    y = (rng.random(600) < 1 / (1 + np.exp(1 - X[:, 0]))).astype(float)
    weights = np.where(rng.random(600) < 0.05, -0.2, 1.0) if signed else np.ones(600)
    fold = rng.integers(0, 5, 600)
    ridge, _, beta = affordable_ridge(X, y, weights, "binomial", free=(0,))
    assert beta is not None
    (begun,), settled = cross_fit(X, y, weights, fold, ridge=ridge, start=beta)
    (whole,), also = cross_fit(X, y, weights, fold, ridge=ridge)
    assert settled
    assert also
    assert begun == pytest.approx(whole, abs=1e-6)


def test_information_is_the_same_however_it_is_multiplied() -> None:
    rng = np.random.default_rng(5)
    design, mean, weights = rng.standard_normal((50, 4)), rng.random(50), rng.random(50)
    less = weights.copy()
    less[0] = -0.3
    own = 0.3 * mean[0] * (1 - mean[0]) * np.outer(design[0], design[0])
    rest = information_of(design[1:], mean[1:], weights[1:], "binomial")
    assert information_of(design, mean, less, "binomial") == pytest.approx(rest - own)
