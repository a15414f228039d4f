"""The weighted negative binomial ratio: against statsmodels, known truth, and counts without dispersion."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from complaintlab.models.causal.negative_binomial import NO_DISPERSION, negative_binomial_ratio


def counts(n: int, ratio: float, seed: int, dispersion: float = 1.5) -> tuple[np.ndarray, ...]:
    """Negative binomial counts by an exposure that the confounder makes more frequent."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    exposed = rng.random(n) < 1 / (1 + np.exp(-x))
    mean = np.exp(-0.5 + np.log(ratio) * exposed + 0.4 * x)
    heavy = rng.gamma(1 / dispersion, dispersion, n) if dispersion else np.ones(n)
    return rng.poisson(mean * heavy).astype(float), exposed, x[:, None]


def test_without_weights_the_ratio_is_that_of_statsmodels() -> None:
    y, exposed, X = counts(1500, 1.4, seed=1)
    found = negative_binomial_ratio(y, exposed, X, np.ones(1500), np.arange(1500), None)
    design = np.column_stack([np.ones(1500), exposed, X])
    theirs = sm.NegativeBinomial(y, design).fit(
        disp=0, cov_type="cluster", cov_kwds={"groups": np.arange(1500)}
    )
    assert not isinstance(found, str)
    assert found.estimate == pytest.approx(theirs.params[1], abs=1e-4)
    assert found.se == pytest.approx(theirs.bse[1], rel=0.06)  # theirs has the dispersion's error in it
    family = sm.families.NegativeBinomial(alpha=theirs.params[-1])
    known = sm.GLM(y, design, family=family).fit(cov_type="cluster", cov_kwds={"groups": np.arange(1500)})
    assert found.se == pytest.approx(known.bse[1], rel=1e-3)


def test_the_interval_holds_the_ratio_that_was_simulated() -> None:
    inside = 0
    for seed in range(20):
        y, exposed, X = counts(1200, 1.4, seed)
        found = negative_binomial_ratio(y, exposed, X, np.ones(1200), np.arange(1200) // 2, None)
        assert not isinstance(found, str)
        inside += found.lower <= np.log(1.4) <= found.upper
    assert inside >= 16


def test_weights_count_as_rows_and_their_scale_does_not_matter() -> None:
    y, exposed, X = counts(600, 1.2, seed=3)
    weights = np.random.default_rng(1).choice([0.0, 1.0, 2.0], 600)
    once = negative_binomial_ratio(y, exposed, X, weights, np.arange(600), None)
    doubled = negative_binomial_ratio(y, exposed, X, 7 * weights, np.arange(600), None)
    assert not isinstance(once, str)
    assert not isinstance(doubled, str)
    assert doubled.estimate == pytest.approx(once.estimate, abs=1e-8)
    assert doubled.se == pytest.approx(once.se, rel=1e-6)
    kept = weights > 0
    fewer = negative_binomial_ratio(
        y[kept], exposed[kept], X[kept], weights[kept], np.arange(600)[kept], None
    )
    assert not isinstance(fewer, str)
    assert fewer.estimate == pytest.approx(once.estimate, abs=1e-8)


def test_counts_without_dispersion_or_events_say_so() -> None:
    exposed = np.arange(400) % 2 == 0
    nothing = np.empty((400, 0))
    alike = negative_binomial_ratio(
        np.tile([1.0, 1.0, 2.0, 2.0], 100), exposed, nothing, np.ones(400), np.arange(400), None
    )
    assert alike == NO_DISPERSION
    none = negative_binomial_ratio(np.zeros(400), exposed, nothing, np.ones(400), np.arange(400), None)
    assert isinstance(none, str)
