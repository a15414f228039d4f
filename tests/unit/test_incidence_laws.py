"""Laws of cumulative incidence and survival, and their errors against brute force."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import survdiff

from complaintlab.errors import UserError
from complaintlab.models.incidence import cumulative_incidence, incidence_at, survival, survival_quantiles
from complaintlab.models.logrank import logrank

SEEDS = st.integers(0, 2**32 - 1)
quick = settings(max_examples=20, deadline=None)
COLUMNS = {"start": "start", "stop": "stop", "event": "event"}


def subjects(seed: int, n: int = 40) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 4, n).astype(float)
    return pl.DataFrame(
        {
            "subject": rng.permutation(n),
            "household": rng.integers(0, 10, n),
            "arm": rng.choice(["none", "proper"], n),
            "start": start,
            "stop": start + rng.integers(1, 8, n),
            "event": rng.integers(0, 3, n),
            "w": rng.uniform(0.5, 2, n),
        }
    )


@given(SEEDS)
@quick
def test_risks_of_a_time_add_up_to_one(seed: int) -> None:
    curves = cumulative_incidence(subjects(seed), **COLUMNS, by="arm", weights="w")
    total = curves.group_by("arm", "time").agg(pl.col("risk").sum())["risk"]
    np.testing.assert_allclose(total, 1, atol=1e-12)
    assert curves["risk"].is_between(-1e-12, 1 + 1e-12).all()


@given(SEEDS)
@quick
def test_without_censoring_and_late_entry_risks_are_proportions(seed: int) -> None:
    frame = subjects(seed).with_columns(event=1 + pl.col("event") % 2)
    curves = cumulative_incidence(frame, stop="stop", event="event")
    for time, cause, risk, se in (
        curves.filter(pl.col("cause") > 0).select("time", "cause", "risk", "se").rows()
    ):
        share = ((frame["stop"] <= time) & (frame["event"] == cause)).mean()
        assert risk == pytest.approx(share, abs=1e-12)
        assert se == pytest.approx(np.sqrt(share * (1 - share) / frame.height), abs=1e-12)


@given(SEEDS)
@quick
def test_errors_are_the_infinitesimal_jackknife(seed: int) -> None:
    """Against numerical derivatives of the estimate in each row's weight, summed within households."""
    frame = subjects(seed, 25)
    curves = cumulative_incidence(frame, **COLUMNS, weights="w", id="household")
    influence = dict.fromkeys(range(10), 0.0)
    for row, (w, household) in enumerate(frame.select("w", "household").rows()):
        up, down = (
            cumulative_incidence(
                frame.with_columns(w=pl.Series([*frame["w"][:row], w + h, *frame["w"][row + 1 :]])),
                **COLUMNS,
                weights="w",
            )["risk"].to_numpy()
            for h in (1e-5, -1e-5)
        )
        influence[household] = influence[household] + w * (up - down) / 2e-5
    expected = np.sqrt(sum(np.square(value) for value in influence.values()))
    np.testing.assert_allclose(curves["se"], expected, atol=1e-7)


@given(SEEDS, st.floats(0.05, 0.95))
@quick
def test_splitting_a_subject_over_rows_changes_nothing(seed: int, share: float) -> None:
    frame = subjects(seed)
    cut = frame["start"] + share * (frame["stop"] - frame["start"])
    halves = pl.concat(
        [frame.with_columns(stop=cut, event=0 * pl.col("event")), frame.with_columns(start=cut)]
    )
    times = sorted(set(frame["stop"]))
    whole, split = (
        incidence_at(cumulative_incidence(f, **COLUMNS, weights="w", id="subject"), times)
        for f in (frame, halves)
    )
    np.testing.assert_allclose(split["risk"], whole["risk"], atol=1e-12)
    np.testing.assert_allclose(split["se"], whole["se"], atol=1e-9)
    np.testing.assert_allclose(split["n_risk"], whole["n_risk"], atol=1e-9)


@given(SEEDS)
@quick
def test_survival_is_the_complement_of_all_causes_and_greenwood_the_jackknife(seed: int) -> None:
    """Greenwood's error is the jackknife's where nobody enters late."""
    frame = subjects(seed)
    curve = survival(frame, stop="stop", event="event", by="arm")
    none = cumulative_incidence(frame, stop="stop", event="event", by="arm").filter(pl.col("cause") == 0)
    np.testing.assert_allclose(curve["survival"], none["risk"], atol=1e-12)
    alive = curve["survival"] > 0
    np.testing.assert_allclose(curve.filter(alive)["se"], none.filter(alive)["se"], atol=1e-12)
    assert curve.filter(~alive)["se"].null_count() == (~alive).sum()


@given(SEEDS)
@quick
def test_whole_weights_are_frequencies_and_fractional_ones_are_robust(seed: int) -> None:
    frame = subjects(seed).with_columns(twice=2, half=2.5)
    repeated = survival(pl.concat([frame, frame]), **COLUMNS)
    weighted, fractional = (survival(frame, **COLUMNS, weights=name) for name in ("twice", "half"))
    np.testing.assert_allclose(weighted["se"].fill_null(-1), repeated["se"].fill_null(-1), atol=1e-12)
    none = cumulative_incidence(frame, **COLUMNS).filter(pl.col("cause") == 0)
    np.testing.assert_allclose(fractional["se"], none["se"], atol=1e-12)


@given(SEEDS)
@quick
def test_order_of_rows_and_scale_of_weights_are_irrelevant(seed: int) -> None:
    frame = subjects(seed)
    other = frame.sample(fraction=1, shuffle=True, seed=1).with_columns(w=7 * pl.col("w"))
    one, two = (cumulative_incidence(f, **COLUMNS, by="arm", weights="w") for f in (frame, other))
    np.testing.assert_allclose(two["risk"], one["risk"], atol=1e-12)
    np.testing.assert_allclose(two["se"], one["se"], atol=1e-10)


def test_landmarks_before_the_first_and_after_the_last_time() -> None:
    frame = pl.DataFrame({"stop": [2.0, 3.0, 5.0], "event": [1, 0, 2]})
    at = incidence_at(cumulative_incidence(frame, stop="stop", event="event"), [1, 2, 4, 9])
    assert at.filter(pl.col("cause") == 1)["risk"].to_list() == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3])
    assert at.filter(pl.col("cause") == 0)["risk"].to_list() == pytest.approx([1, 2 / 3, 2 / 3, 0])
    assert at.filter(pl.col("cause") == 2)["n_risk"].to_list() == [3, 3, 1, 0]
    assert at.filter(pl.col("cause") == 2)["n_event"].to_list() == [0, 0, 0, 1]


def test_quantiles_of_flat_and_unfinished_curves() -> None:
    frame = pl.DataFrame({"stop": [1.0, 2.0, 3.0, 4.0], "event": [1, 1, 1, 0]})
    got = survival_quantiles(survival(frame, stop="stop", event="event"), [0.25, 0.5, 0.9])
    assert got["time"].to_list() == [1.5, 2.5, None]


@given(SEEDS)
@quick
def test_logrank_agrees_with_statsmodels_under_late_entry(seed: int) -> None:
    frame = subjects(seed, 80).with_columns(died=pl.col("event") > 0, third=pl.col("household") % 3)
    got = logrank(frame, start="start", stop="stop", event="died", by="third")
    columns = {name: frame[name].to_numpy() for name in ("stop", "died", "third", "start")}
    chisq, p = survdiff(
        columns["stop"],
        columns["died"].astype(int),
        columns["third"],
        entry=columns["start"],
    )
    assert (got.chisq, got.p, got.df) == (pytest.approx(chisq), pytest.approx(p), 2)


def test_mistakes_are_named() -> None:
    frame = subjects(1)
    with pytest.raises(UserError, match=r"'event' is -1 in row 0: .* cause"):
        cumulative_incidence(frame.with_columns(event=pl.lit(-1)), **COLUMNS)
    with pytest.raises(UserError, match="level is 95"):
        survival(frame, **COLUMNS, level=95)
    with pytest.raises(UserError, match="not positive"):
        cumulative_incidence(frame.with_columns(w=pl.lit(-1.0)), **COLUMNS, weights="w")
    with pytest.raises(UserError, match="fewer than two"):
        logrank(frame.with_columns(event=1), **COLUMNS, by="event")
    with pytest.raises(UserError, match="no column 'survival'"):
        survival_quantiles(cumulative_incidence(frame, **COLUMNS))
