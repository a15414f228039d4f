"""Risks by when: competing ends, late entry, landmarks."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from made_episodes import DAY, made_episodes
from spells_case import ANALYSIS

from complaintlab.models.incidence.stage import at_risk, drawn_times, run
from complaintlab.tables import TABLES

EPISODES = made_episodes(1500, seed=3, effect=0.7)


def risk(estimates: pl.DataFrame, figure: str, curve: str, outcome: str, days: float) -> float:
    row = estimates.filter(
        subgroup=pl.lit(figure), contrast=pl.lit(curve), outcome=pl.lit(outcome), time_days=pl.lit(days)
    )
    return float(row["estimate"].item())


def test_without_late_entry_or_loss_the_risk_is_the_share() -> None:
    kept = EPISODES.with_columns(end_s=pl.lit(30 * DAY), end=pl.lit("horizon"))
    estimates = run(kept, ANALYSIS).estimates_incidence
    for days in (1.0, 3.0, 7.0):
        share = float((kept["turned_s"] <= days * DAY).fill_null(False).to_numpy().mean())
        assert risk(estimates, "outcomes", "all", "turned", days) == pytest.approx(share, abs=1e-12)


def test_a_competing_end_is_no_censoring() -> None:
    deleted = EPISODES.head(40).with_columns(end_s=pl.lit(3600), end=pl.lit("author_deleted"), turned_s=None)
    shown = EPISODES.head(40).with_columns(
        turned_s=pl.lit(7200), end_s=pl.lit(30 * DAY), end=pl.lit("horizon")
    )
    both = pl.concat([deleted, shown.with_columns(pl.col("turned_s").cast(pl.Int64))], how="vertical_relaxed")
    estimates = run(both, ANALYSIS).estimates_incidence
    assert risk(estimates, "outcomes", "all", "turned", 7.0) == pytest.approx(0.5)
    lost = both.with_columns(end=pl.when(pl.col("end_s") == 3600).then(pl.lit("last_seen")).otherwise("end"))
    assert risk(run(lost, ANALYSIS).estimates_incidence, "outcomes", "all", "turned", 7.0) == pytest.approx(1)


def test_late_entry_drops_whoever_had_the_event_before() -> None:
    late = EPISODES.with_columns(entry_s=pl.lit(DAY))
    frame = at_risk(late, "turned_s", until_s=7 * DAY)
    assert frame["start_s"].unique().to_list() == [DAY]
    assert not frame.filter(pl.col("turned_s") <= DAY).height
    assert (frame["stop_s"] > DAY).all()


def test_landmarks_look_only_at_those_in_whom_nothing_had_happened() -> None:
    estimates = run(EPISODES, ANALYSIS).estimates_incidence
    at = estimates.filter(subgroup=pl.lit("landmark_6h_turned"), time_days=pl.lit(7.0))
    free = EPISODES.filter((pl.col("turned_s") > 6 * 3600).fill_null(True), pl.col("end_s") > 6 * 3600)
    answered = free.filter(pl.col("first_reply_s") <= 6 * 3600).height
    sizes = dict(at.select("contrast", "n").iter_rows())
    assert sizes == {"answered": answered, "not answered": free.height - answered}


def test_curves_are_drawn_at_no_more_than_200_times_and_rise() -> None:
    curves = run(EPISODES, ANALYSIS).curves_incidence
    TABLES["curves_incidence"].validate(curves)
    assert len(drawn_times(30 * DAY)) <= 200
    for _, curve in curves.group_by("figure", "curve", "outcome"):
        assert curve.height <= 200
        assert (np.diff(curve.sort("time_s")["value"].to_numpy()) >= 0).all()
    assert set(curves.filter(figure=pl.lit("reply"))["curve"]) == {"all", *(f"c{i}" for i in range(6))}


@pytest.mark.parametrize("n", [0, 1, 2])
def test_tiny_input_gives_rows_with_a_reason(n: int) -> None:
    outputs = run(EPISODES.head(n), ANALYSIS)
    TABLES["estimates_incidence"].validate(outputs.estimates_incidence)
    unknown = outputs.estimates_incidence.filter(pl.col("estimate").is_null())
    assert unknown["reason"].is_not_null().all()
    assert unknown.height > 0
