"""The mixed model with one random intercept: against statsmodels, and against known truth."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from complaintlab.errors import ModelError
from complaintlab.models.random_intercept import Design, intraclass_interval


def grouped(groups: int, size: int, between: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A design with an intercept, groups of about ``size`` rows, and an outcome with residual variance 1."""
    rng = np.random.default_rng(seed)
    group = np.sort(np.concatenate([np.arange(groups), rng.integers(0, groups, groups * (size - 1))]))
    X = np.column_stack([np.ones(len(group)), rng.normal(size=(len(group), 2))])
    intercepts = rng.normal(0, np.sqrt(between), groups)
    y = X @ [0.3, 0.5, -0.2] + intercepts[group] + rng.normal(size=len(group))
    return X, group, y


def test_fit_agrees_with_statsmodels_mixedlm() -> None:
    X, group, y = grouped(40, 12, 0.3, seed=3)
    found = Design(X, group).fit(y)
    theirs = sm.MixedLM(y, X, groups=group).fit(reml=True)
    assert theirs.converged
    assert found.converged
    assert found.between == pytest.approx(float(theirs.cov_re[0, 0]), rel=1e-4)
    assert found.within == pytest.approx(theirs.scale, rel=1e-4)
    assert found.beta == pytest.approx(theirs.fe_params, rel=1e-5)
    predicted = [float(np.asarray(theirs.random_effects[g])[0]) for g in range(40)]
    assert found.intercepts == pytest.approx(predicted, rel=1e-3, abs=1e-5)
    conditional = [float(np.asarray(theirs.random_effects_cov[g])[0, 0]) for g in range(40)]
    assert np.all(found.errors**2 >= np.array(conditional) * (1 - 1e-4))  # theirs take beta as known


def test_balanced_groups_give_the_analysis_of_variance() -> None:
    rng = np.random.default_rng(5)
    group = np.repeat(np.arange(30), 8)
    y = rng.normal(0, 0.7, 30)[group] + rng.normal(size=240)
    means = y.reshape(30, 8).mean(axis=1)
    inside = float(((y.reshape(30, 8) - means[:, None]) ** 2).sum()) / (30 * 7)
    outside = 8 * float(np.var(means, ddof=1))
    found = Design(np.ones((240, 1)), group).fit(y)
    assert found.within == pytest.approx(inside, rel=1e-5)
    assert found.between == pytest.approx((outside - inside) / 8, rel=1e-4)


def test_intervals_hold_the_correlation_that_was_simulated() -> None:
    truth = 0.1 / 1.1
    inside = 0
    for seed in range(20):
        X, group, y = grouped(60, 25, 0.1, seed)
        design = Design(X, group)
        found = intraclass_interval(design, design.fit(y), resamples=60, seed=seed)
        inside += found.lower <= truth <= found.upper
        assert found.lower <= found.estimate <= found.upper
    assert inside >= 16  # 20 at 95%: fewer than 16 in one study of a thousand


def test_without_differences_between_groups_the_test_does_not_find_any() -> None:
    p = []
    for seed in range(20):
        X, group, y = grouped(40, 15, 0.0, seed)
        design = Design(X, group)
        p.append(intraclass_interval(design, design.fit(y), resamples=60, seed=seed).p)
    assert sum(one < 0.05 for one in p) <= 4
    X, group, y = grouped(40, 15, 0.3, seed=1)
    design = Design(X, group)
    assert intraclass_interval(design, design.fit(y), resamples=99, seed=1).p == pytest.approx(0.01)


def test_the_same_seed_gives_the_same_interval() -> None:
    X, group, y = grouped(20, 10, 0.2, seed=1)
    design = Design(X, group)
    fit = design.fit(y)
    assert intraclass_interval(design, fit, 20, seed=4) == intraclass_interval(design, fit, 20, seed=4)


def test_columns_that_depend_on_each_other_are_refused() -> None:
    X, group, _ = grouped(10, 5, 0.1, seed=1)
    with pytest.raises(ModelError, match="depend on each other"):
        Design(np.column_stack([X, X[:, 1] * 2]), group)
