"""Trials run again with few companies ask what the trials asked: an average over companies."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from complaintlab.models.causal.logistic import Features, fit_hazard
from complaintlab.models.robustness.emulated import Arm, Emulated
from complaintlab.models.robustness.timing import Timing
from complaintlab.models.strategies import TIMING_CONTRASTS
from complaintlab.models.trials.companies import over_companies

SIZES = np.array([800, 50, 50, 50, 50])
COMPANY = np.repeat(np.arange(5), SIZES)
WITHIN = np.array([-0.10, 0.02, 0.01, 0.03, 0.00])
"""The risk difference within each company; the largest is alone in having an effect."""


def made(df: float | None) -> Emulated:
    n = len(COMPANY)
    return cast(
        Emulated,
        SimpleNamespace(
            df=df, inside=Emulated.inside.__get__(SimpleNamespace(df=df, company=COMPANY)), group=np.arange(n)
        ),
    )


def values(masses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted risks of the arms for each row of masses, the second being 0.3 everywhere."""
    with np.errstate(invalid="ignore"):
        second = np.where(masses.sum(axis=1) > 0, 0.3, np.nan)
        return second + masses @ WITHIN[COMPANY] / masses.sum(axis=1), second


def estimate(df: float | None) -> tuple[float, bool]:
    everybody = np.ones(len(COMPANY))
    of = made(df)
    groups = np.random.default_rng(1).integers(0, 50, len(COMPANY))
    jackknife = np.vstack([everybody, groups[None, :] != np.arange(50)[:, None]])
    arms = [SimpleNamespace(clones=SimpleNamespace(complete=everybody > 0))] * 2
    found = Timing._told(
        cast(Timing, None), of, TIMING_CONTRASTS["T2"], values(np.vstack([jackknife, of.inside()])),
        everybody > 0, cast("list[Arm]", arms), [20, 20],
    )  # fmt: skip
    assert not isinstance(found, str)
    return found.effect.estimate, found.pooled


def test_few_companies_are_averaged_and_many_are_not() -> None:
    whole = float(WITHIN[COMPANY].mean())
    assert estimate(df=4.0) == (pytest.approx(whole), False)
    averaged, pooled = estimate(df=None)
    assert pooled
    assert averaged > whole + 0.02  # the largest company no longer is the answer


def test_leaving_one_of_five_out_averages_the_other_four() -> None:
    rest = SIZES.astype(float)
    rest[0] = 0
    first = np.where(rest > 0, 0.3 + WITHIN, np.nan)
    second = np.where(rest > 0, 0.3, np.nan)
    asked = (first, second, (0.31, 0.3), rest, 1e-4)
    assert over_companies(*asked) is None
    found = over_companies(*asked, least=4)
    assert found is not None
    assert found.effect.estimate == pytest.approx(WITHIN[1:].mean(), abs=1e-9)
    assert found.second == pytest.approx(0.3)
    assert found.effect.df == 3


def test_the_reference_counts_companies_as_the_contrast_does() -> None:
    second = np.array([0.5, 0.1, 0.1, 0.1, 0.1])
    found = over_companies(second + WITHIN, second, (0.4, 0.42), SIZES.astype(float), 1e-4)
    assert found is not None
    share = (found.second - 0.1) / 0.4  # of the largest company, whose complaints are four fifths
    assert 0.2 < share < 0.35
    rest = (found.effect.estimate - share * WITHIN[0]) / (1 - share)
    assert min(WITHIN[1:]) < rest < max(WITHIN[1:])


def test_a_fit_begun_at_another_s_coefficients_is_the_same_fit() -> None:
    rng = np.random.default_rng(1)
    n, k = 400, 6
    features = Features(
        rng.normal(size=(n, 2)), np.ones((k, 1)), np.empty((0, n, k), dtype=np.float32), np.zeros(k)
    )
    event = (rng.random((n, k)) < 0.2).astype(float)
    exposure = np.ones((n, k))
    plain = fit_hazard(features, exposure, event)
    near = fit_hazard(features, exposure, event, plain.coefficients)
    other = fit_hazard(features, exposure, event, np.array([0.5, -0.5, 0.0]))
    assert near.converged
    assert other.coefficients == pytest.approx(plain.coefficients, abs=1e-4)
    assert near.coefficients == pytest.approx(plain.coefficients, abs=1e-6)
    many = fit_hazard(features, exposure, event, np.zeros(9))  # of another model
    assert many.coefficients == pytest.approx(plain.coefficients, abs=1e-12)
