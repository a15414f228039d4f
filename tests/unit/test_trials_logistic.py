"""The pooled logistic model: against statsmodels on the laid-out table, and its bootstrap in one step."""

import numpy as np
import pytest
import statsmodels.api as sm

from complaintlab.models.causal.inference import (
    effective_clusters,
    effective_size,
    multiplicities,
    resampling_unit,
    smd,
)
from complaintlab.models.causal.logistic import Features, PooledLogistic, fit_hazard, logistic

N, K = 1500, 6


@pytest.fixture(scope="module")
def fitted() -> tuple[Features, np.ndarray, np.ndarray, PooledLogistic]:
    rng = np.random.default_rng(3)
    time = np.column_stack([np.ones(K), np.arange(K) / K])
    features = Features(
        rng.normal(size=(N, 2)), time, rng.normal(size=(1, N, K)).astype(np.float32), np.linspace(0, 0.2, K)
    )
    hazard = 1 / (1 + np.exp(-features.predictor(np.array([0.5, -0.3, -2.0, 0.7, 0.4]))))
    happens = rng.random((N, K)) < hazard
    exposure = (np.cumsum(happens, axis=1) - happens == 0).astype(float)
    event = happens * exposure
    return features, exposure, event, fit_hazard(features, exposure, event)


def _laid_out(features: Features, exposure: np.ndarray) -> np.ndarray:
    rows, k = np.nonzero(exposure)
    return np.column_stack([features.baseline[rows], features.time[k], features.varying[0, rows, k]])


def test_agrees_with_logistic_regression_on_person_intervals(fitted) -> None:
    features, exposure, event, model = fitted
    rows, k = np.nonzero(exposure)
    X = _laid_out(features, exposure)
    reference = sm.GLM(event[rows, k], X, sm.families.Binomial(), offset=features.offset[k]).fit()
    assert model.converged
    assert np.max(np.abs(model.coefficients - reference.params) / reference.bse) < 0.15
    information = model.information
    assert np.linalg.inv(information) == pytest.approx(reference.cov_params(), rel=0.02, abs=1e-5)


def test_one_step_is_the_refit_within_a_fifth_of_the_standard_error(fitted) -> None:
    features, exposure, event, model = fitted
    information = model.information
    se = np.sqrt(np.diag(np.linalg.inv(information)))
    for multiplicity in multiplicities(np.arange(N), 5, seed=1):
        again = fit_hazard(features, exposure * multiplicity[:, None], event * multiplicity[:, None])
        assert np.max(np.abs(model.one_steps(multiplicity[None, :])[0] - again.coefficients) / se) < 0.2


def test_separated_data_stay_finite() -> None:
    x = np.linspace(-1.7, 1.7, 40)
    beta, converged = logistic(x[:, None], (x > 0).astype(float))
    assert converged
    assert np.all(np.isfinite(beta))


def test_no_event_at_all_is_a_small_finite_risk() -> None:
    beta, _ = logistic(np.random.default_rng(1).normal(size=(50, 2)), np.zeros(50))
    assert beta[0] < -4
    assert np.all(np.isfinite(beta))


def test_whole_clusters_are_drawn() -> None:
    cluster = np.array([0, 0, 1, 2, 2, 2])
    drawn = list(multiplicities(cluster, 20, seed=2))
    assert all(m[0] == m[1] and m[3] == m[4] == m[5] for m in drawn)
    assert all(m[0] + m[2] + m[3] == 3 for m in drawn)
    assert any(m[0] != 1 for m in drawn)


def test_companies_are_drawn_only_where_they_are_worth_fifteen() -> None:
    author = np.arange(300)
    even, uneven = np.arange(300) % 20, np.where(np.arange(300) < 250, 0, np.arange(300) % 20)
    assert resampling_unit(author, even)[1] == 19
    assert resampling_unit(author, uneven)[1] is None
    assert effective_clusters(even) == pytest.approx(20)


def test_effective_size_of_equal_weights_is_their_number() -> None:
    assert effective_size(np.full(7, 3.0)) == pytest.approx(7)
    assert effective_size(np.zeros(7)) == 0


def test_smd_is_in_standard_deviations() -> None:
    X = np.array([[0.0, 1.0], [2.0, 1.0]])
    first, second = np.array([0.0, 1.0]), np.array([1.0, 0.0])
    difference = smd(X, first, second)
    assert difference[0] == pytest.approx(2.0)
    assert np.isnan(difference[1])


def test_a_constant_covariate_has_no_standardised_difference() -> None:
    """Though its deviation, a rounding error, is not 0."""
    constant = np.full(50, 0.1)
    assert constant.std() > 0
    X = np.column_stack([constant, np.arange(50.0)])
    found = smd(X, np.arange(50.0), np.arange(50.0)[::-1])
    assert np.isnan(found).tolist() == [True, False]
