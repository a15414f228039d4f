"""The error of an average over replies: by author, by author and company, or pooled over few companies."""

import numpy as np
import pytest
from statsmodels.api import WLS

from complaintlab.models.causal.aipw import author_folds
from complaintlab.models.causal.pooling import between_variance, cluster_variance, clustered_effect, pool


def test_one_reply_an_author_is_the_usual_variance_of_a_mean() -> None:
    values = np.random.default_rng(1).normal(size=200)
    assert cluster_variance(values, np.arange(200)) == pytest.approx(values.var(ddof=1) / 200)


def test_copies_of_an_author_add_no_information() -> None:
    values = np.random.default_rng(2).normal(size=100)
    twice, author = np.repeat(values, 2), np.repeat(np.arange(100), 2)
    assert cluster_variance(twice, author) == pytest.approx(cluster_variance(values, np.arange(100)))


def test_equal_companies_pool_to_their_mean_with_a_t_interval() -> None:
    found = pool(np.array([0.1, 0.2, 0.3, 0.4, 0.5]), np.full(5, 1e-6))
    assert found.estimate == pytest.approx(0.3)
    assert found.se == pytest.approx(np.std([0.1, 0.2, 0.3, 0.4, 0.5], ddof=1) / np.sqrt(5), rel=1e-3)
    assert found.df == 4


def test_pooling_moves_from_the_weighted_to_the_plain_average_as_companies_differ() -> None:
    variances = np.array([0.0001, 0.01, 0.01, 0.01, 0.01])
    alike = pool(np.array([0.1, 0.11, 0.09, 0.1, 0.11]), variances)
    unlike = pool(np.array([0.0, 1.0, 1.0, 1.0, 1.0]), variances)
    assert alike.estimate == pytest.approx(0.1, abs=0.001)
    assert unlike.estimate == pytest.approx(0.8, abs=0.03)


def test_five_companies_of_which_one_is_large_are_covered() -> None:
    rng = np.random.default_rng(4)
    variances = 0.025**2 / np.array([0.7, 0.075, 0.075, 0.075, 0.075])
    means = 0.1 + rng.normal(size=(4000, 5)) * np.sqrt(0.06**2 + variances)
    found = [pool(row, variances) for row in means]
    assert np.mean([one.lower <= 0.1 <= one.upper for one in found]) > 0.925


@pytest.mark.parametrize(("companies", "df", "pooled"), [(30, 29.0, False), (8, 7.0, True), (3, None, False)])
def test_how_many_companies_decides_the_error(companies: int, df: float | None, pooled: bool) -> None:
    rng = np.random.default_rng(3)
    n = 1200
    values, company = rng.normal(size=n), np.arange(n) % companies
    found, clusters, counts = clustered_effect(values, rng.integers(0, 600, n), company, rng.random(n) < 0.5)
    assert (found.df, counts is not None) == (df, pooled)
    if counts is not None:
        assert counts.sum() == pytest.approx(1)
        assert counts @ values == pytest.approx(found.estimate)
    assert clusters == (companies if df else 600) or companies == 3


def test_companies_that_differ_widen_the_two_way_error() -> None:
    rng = np.random.default_rng(4)
    company = np.repeat(np.arange(20), 50)
    values = rng.normal(size=1000) + rng.normal(size=20)[company]
    author, exposed = np.arange(1000), rng.random(1000) < 0.5
    found, _, _ = clustered_effect(values, author, company, exposed)
    assert found.se > 3 * np.sqrt(cluster_variance(values, author))


def test_an_author_is_in_one_fold() -> None:
    author = np.random.default_rng(5).integers(0, 40, 300)
    fold = author_folds(author, 5, seed=1)
    assert all(len(set(fold[author == a])) == 1 for a in np.unique(author))
    assert set(fold) == set(range(5))


BCG = np.array(
    [[4, 119, 11, 128], [6, 300, 29, 274], [3, 228, 11, 209], [62, 13536, 248, 12619], [33, 5036, 47, 5761],
     [180, 1361, 372, 1079], [8, 2537, 10, 619], [505, 87886, 499, 87892], [29, 7470, 45, 7232],
     [17, 1699, 65, 1600], [186, 50448, 141, 27197], [5, 2493, 3, 2338], [27, 16886, 29, 17825]]
)  # fmt: skip
"""Thirteen trials of BCG: cases and others, vaccinated and not (Colditz et al. 1994)."""


def test_pooling_thirteen_trials_of_bcg() -> None:
    a, b, c, d = BCG.T.astype(float)
    ratio = np.log(a / (a + b)) - np.log(c / (c + d))
    variance = 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    found = pool(ratio, variance)
    between = between_variance(ratio, variance)
    assert between == pytest.approx(0.3455, abs=0.00005)  # metafor's dat.bcg, method "SJ"
    known = WLS(ratio, np.ones(13), weights=1 / (variance + between)).fit()
    assert found.estimate == pytest.approx(known.params[0])
    within = np.sum(1 / (variance + between)) ** -0.5
    assert found.se == pytest.approx(max(known.bse[0], within)), "never less than the variances allow"
    assert found.df == 12


def test_companies_that_happen_to_agree_are_no_surer_than_their_errors() -> None:
    variances = np.full(5, 0.04)
    found = pool(np.full(5, 0.1), variances)
    assert found.se == pytest.approx(np.sqrt(0.04 / 5))
