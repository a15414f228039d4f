"""Multinomial logit: against statsmodels' logit, numerical derivatives, and a known truth."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from complaintlab.errors import ModelError
from complaintlab.models.multinomial import MultinomialFit, average_changes, fit_multinomial


def data(n: int, seed: int, categories: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Categories by a Boolean exposure and a number; clusters of two rows."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.integers(0, 2, n), rng.normal(size=n)]).astype(float)
    others = [0.2 * k + 0.6 * X[:, 0] - 0.3 * k * X[:, 1] for k in range(1, categories)]
    eta = np.column_stack([np.zeros(n), *others])
    chance = np.exp(eta) / np.exp(eta).sum(axis=1, keepdims=True)
    draws = rng.random(n)[:, None] > np.cumsum(chance, axis=1)
    return draws.sum(axis=1), X, np.arange(n) // 2


@pytest.mark.parametrize("ways", [1, 2])
def test_two_categories_are_the_clustered_logit_of_statsmodels(ways: int) -> None:
    category, X, cluster = data(600, 1, categories=2)
    clusters = cluster if ways == 1 else np.column_stack([cluster, np.arange(600) % 37])
    found = fit_multinomial(category, X, clusters)
    full = np.column_stack([np.ones(600), X])
    theirs = sm.Logit(category, full).fit(disp=0, cov_type="cluster", cov_kwds={"groups": clusters})
    assert found.beta[:, 0] == pytest.approx(theirs.params, rel=1e-6)
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(theirs.bse, rel=1e-5)


def test_coefficients_are_those_of_mnlogit() -> None:
    category, X, cluster = data(500, 2)
    theirs = sm.MNLogit(category, np.column_stack([np.ones(500), X])).fit(disp=0)
    assert fit_multinomial(category, X, cluster).beta == pytest.approx(np.asarray(theirs.params), rel=1e-8)


def test_average_changes_and_their_errors_agree_with_numerical_derivatives() -> None:
    fit = fit_multinomial(*data(400, 3))
    found, errors = average_changes(fit, 1, 0.0, 1.0)

    def changes(flat: np.ndarray) -> np.ndarray:
        moved = MultinomialFit(fit.X, flat.reshape(2, 3).T, fit.covariance)
        sides = []
        for value in (0.0, 1.0):
            X = fit.X.copy()
            X[:, 1] = value
            sides.append(moved.probabilities(X).mean(axis=0))
        return sides[1] - sides[0]

    flat = fit.beta.T.ravel()
    gradient = np.array([(changes(flat + s) - changes(flat - s)) / 2e-6 for s in np.eye(6) * 1e-6]).T
    assert found == pytest.approx(changes(flat), abs=1e-12)
    assert errors == pytest.approx(np.sqrt(np.diag(gradient @ fit.covariance @ gradient.T)), rel=1e-5)


def test_changes_sum_to_zero_and_hold_the_truth() -> None:
    fit = fit_multinomial(*data(8000, 4))
    found, errors = average_changes(fit, 1, 0.0, 1.0)
    assert found.sum() == pytest.approx(0, abs=1e-12)
    rng = np.random.default_rng(9)
    z = rng.normal(size=200_000)
    risks = []
    for x in (0.0, 1.0):
        eta = np.column_stack([np.zeros(len(z)), 0.2 + 0.6 * x - 0.3 * z, 0.4 + 0.6 * x - 0.6 * z])
        risks.append((np.exp(eta) / np.exp(eta).sum(axis=1, keepdims=True)).mean(axis=0))
    assert np.all(np.abs(found - (risks[1] - risks[0])) < 3.5 * errors)


def test_separated_categories_are_refused() -> None:
    _, X, cluster = data(300, 5)
    with pytest.raises(ModelError):
        fit_multinomial((X[:, 1] > 0).astype(int), X, cluster)
