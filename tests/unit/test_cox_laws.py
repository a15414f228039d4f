"""What must hold for any data: laws of the partial likelihood that need no reference numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from complaintlab.errors import UserError
from complaintlab.models.cox import CoxFit, cox, jackknife
from complaintlab.models.cox.risk_sets import risk_sets
from complaintlab.models.cox.rows import Rows

SEEDS = st.integers(0, 2**32 - 1)
TIES = st.sampled_from(["efron", "breslow"])
COLUMNS = {"start": "start", "stop": "stop", "event": "event", "covariates": ["x", "z"]}
quick = settings(max_examples=20, deadline=None)


def subjects(seed: int, n: int = 60) -> pl.DataFrame:
    """Start–stop rows with many tied times, a binary and a continuous covariate, two strata."""
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 6, n).astype(float)
    return pl.DataFrame(
        {
            "subject": np.arange(n),
            "company": rng.integers(0, 6, n),
            "stratum": rng.choice(["south", "north"], n),
            "start": start,
            "stop": start + rng.integers(1, 10, n),
            "event": rng.random(n) < 0.6,
            "x": rng.normal(size=n),
            "z": rng.random(n) < 0.5,
            "w": rng.uniform(0.5, 2, n),
        }
    )


def fitted(frame: pl.DataFrame, **options: Any) -> CoxFit:
    """The model, or hypothesis looks for another example where the data cannot carry one."""
    try:
        return cox(frame, **{**COLUMNS, **options})
    except UserError:
        assume(False)
        raise


def assert_same(one: CoxFit, other: CoxFit, tolerance: float = 1e-8) -> None:
    np.testing.assert_allclose(one.coefficients, other.coefficients, atol=tolerance)
    np.testing.assert_allclose(one.covariance, other.covariance, rtol=1e-7, atol=tolerance)
    np.testing.assert_allclose(one.loglik, other.loglik, rtol=1e-10)
    if one.robust_covariance is not None:
        np.testing.assert_allclose(one.robust_covariance, other.robust_covariance, rtol=1e-7, atol=tolerance)


@given(SEEDS, TIES, st.floats(0.05, 0.95))
@quick
def test_splitting_a_row_changes_nothing(seed: int, ties: str, share: float) -> None:
    frame = subjects(seed)
    cut = frame["start"] + share * (frame["stop"] - frame["start"])
    head = frame.with_columns(stop=cut, event=pl.lit(False))
    halves = pl.concat([head, frame.with_columns(start=cut)])
    options = {"ties": ties, "strata": "stratum", "weights": "w", "cluster": "subject"}
    assert_same(fitted(frame, **options), fitted(halves, **options))


@given(SEEDS)
@quick
def test_doubling_weights_is_repeating_rows(seed: int) -> None:
    frame = subjects(seed).with_columns(w=2.0)
    options = {"ties": "breslow", "cluster": "subject"}
    assert_same(fitted(frame, weights="w", **options), fitted(pl.concat([frame, frame]), **options))


@given(SEEDS)
@quick
def test_signed_weights_that_add_up_to_one_change_nothing(seed: int) -> None:
    frame = subjects(seed)
    signed = pl.concat([frame.with_columns(w=2.0), frame.with_columns(w=-1.0)])
    options = {"ties": "breslow", "cluster": "subject"}
    assert_same(fitted(frame, **options), fitted(signed, weights="w", **options))


@given(SEEDS, TIES)
@quick
def test_order_of_rows_is_irrelevant(seed: int, ties: str) -> None:
    frame = subjects(seed)
    options = {"ties": ties, "strata": ["stratum"], "weights": "w", "cluster": ["subject", "company"]}
    shuffled = frame.sample(fraction=1, shuffle=True, seed=seed % 1000)
    assert_same(fitted(frame, **options), fitted(shuffled, **options))


@given(SEEDS, TIES, st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
@quick
def test_shift_and_scale_of_a_covariate(seed: int, ties: str, shift: float, scale: float) -> None:
    frame = subjects(seed)
    one = fitted(frame, ties=ties, cluster="company")
    other = fitted(frame.with_columns(x=shift + scale * pl.col("x")), ties=ties, cluster="company")
    np.testing.assert_allclose(other.coefficients * [scale, 1], one.coefficients, atol=1e-7)
    np.testing.assert_allclose(other.table["z"], one.table["z"], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(other.loglik, one.loglik, rtol=1e-10)


@given(SEEDS, TIES)
@quick
def test_residuals_add_up(seed: int, ties: str) -> None:
    fit = fitted(subjects(seed), ties=ties, strata="stratum")
    assert fit.residuals("martingale")["martingale"].sum() == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(fit.residuals("score").sum().row(0), 0, atol=1e-8)
    np.testing.assert_allclose(fit.residuals("schoenfeld").select("x", "z").sum().row(0), 0, atol=1e-8)
    martingale = fit.residuals("martingale", collapse="company")
    assert martingale.columns == ["company", "martingale"]


@given(SEEDS)
@quick
def test_two_way_clusters_are_inclusion_and_exclusion(seed: int) -> None:
    frame = subjects(seed).with_columns(author=pl.col("subject") % 7)
    both = frame.with_columns(pair=pl.format("{}-{}", "author", "company"))
    one, two, crossed = (
        fitted(both, cluster=name).robust_covariance for name in ("author", "company", "pair")
    )
    expected = one + two - crossed
    assume((np.diag(expected) > 0).all())
    got = fitted(both, cluster=("author", "company")).robust_covariance
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-14)


@given(SEEDS, TIES)
@quick
def test_concordance_counts_pairs(seed: int, ties: str) -> None:
    frame = subjects(seed, 40)
    fit = fitted(frame, ties=ties, weights="w", strata="stratum")
    score = np.round(frame.select("x", "z").to_numpy().astype(float) @ fit.coefficients, 10)
    start, stop, event, stratum, w = (frame[c].to_numpy() for c in ("start", "stop", "event", "stratum", "w"))
    concordant = total = 0.0
    for i in np.flatnonzero(event):
        later = (start < stop[i]) & (stop >= stop[i]) & ~(event & (stop == stop[i])) & (stratum == stratum[i])
        total += w[i] * w[later].sum()
        concordant += w[i] * (w[later] * ((score[i] > score[later]) + (score[i] == score[later]) / 2)).sum()
    assert fit.concordance == pytest.approx(concordant / total)


@given(SEEDS, st.integers(1, 4))
@quick
def test_sums_over_risk_sets_keep_their_digits(seed: int, n_strata: int) -> None:
    rng = np.random.default_rng(seed)
    n = 200
    start = rng.integers(-1, 20, n)
    stop = start + rng.integers(1, 5, n)
    rows = Rows(np.arange(30.0), start, stop, (rng.random(n) < 0.5).astype(int), np.ones(n))
    strata = rng.integers(0, n_strata, n)
    values = np.exp(rng.normal(size=n) + 12 * strata)
    sets = risk_sets(rows, strata)
    got = sets.at_risk(values)
    for position, (time, stratum) in enumerate(zip(sets.times, sets.strata, strict=True)):
        members = (start < time) & (stop >= time) & (strata == stratum)
        assert got[position] == pytest.approx(values[members].sum(), rel=1e-12)


def test_offset_is_a_coefficient_of_one() -> None:
    frame = subjects(3)
    free = cox(frame, **COLUMNS)
    held = frame.with_columns(shift=free.coefficients[1] * pl.col("z").cast(pl.Float64) + 5)
    fixed = cox(held, **{**COLUMNS, "covariates": ["x"]}, offset="shift")
    assert fixed.coefficients[0] == pytest.approx(free.coefficients[0], abs=1e-8)
    free_hazard, fixed_hazard = free.baseline_hazard()["hazard"], fixed.baseline_hazard()["hazard"]
    np.testing.assert_allclose(fixed_hazard * np.exp(5), free_hazard, rtol=1e-8)


def test_times_that_differ_by_rounding_are_ties() -> None:
    frame = subjects(4)
    rounded = frame.with_columns(stop=pl.col("stop") / 10, start=pl.col("start") / 10)
    noisy = rounded.with_columns(stop=pl.col("stop") * (1 + 1e-12 * (pl.col("subject") % 3)))
    assert_same(cox(rounded, **COLUMNS), cox(noisy, **COLUMNS))


def test_expected_events_from_the_baseline_hazard() -> None:
    """Martingale residual = event − H(stop) exp(xβ) for rows at risk from the beginning (Breslow)."""
    frame = subjects(5).drop("start")
    fit = cox(
        frame,
        stop="stop",
        event="event",
        covariates=["x", "z"],
        strata="stratum",
        weights="w",
        ties="breslow",
    )
    lived = frame.join(
        fit.baseline_hazard(),
        left_on=["stratum", "stop"],
        right_on=["stratum", "time"],
        how="left",
        maintain_order="left",
    )["hazard"]
    risk = np.exp(frame.select("x", "z").to_numpy().astype(float) @ fit.coefficients)
    np.testing.assert_allclose(
        fit.residuals("martingale")["martingale"], frame["event"].cast(int) - lived * risk, atol=1e-10
    )


def test_jackknife_is_leaving_out_each_company() -> None:
    frame = subjects(6, 200)
    fit = cox(frame, **COLUMNS)
    got = jackknife(fit, by="company")
    left = [cox(frame.filter(pl.col("company") != g), **COLUMNS).coefficients for g in range(6)]
    expected = np.sqrt(5 / 6 * np.sum((np.array(left) - fit.coefficients) ** 2, axis=0))
    np.testing.assert_allclose(got["se"], expected, rtol=1e-6)
    assert got["df"].to_list() == [5, 5]
    assert (got["upper"] - got["lower"])[0] == pytest.approx(2 * 2.570581835636314 * expected[0], rel=1e-6)
