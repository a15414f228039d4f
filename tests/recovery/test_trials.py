"""Clone–censor–weight recovers what reply strategies do where naive comparisons fail."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import pytest
from scipy import stats

from complaintlab.models.strategies import TIMING_CONTRASTS
from complaintlab.models.trials import run
from complaintlab.params import Analysis, Inference, Trials
from complaintlab.recovery.contract import Finding, Truth
from complaintlab.recovery.estimators.timing import (
    complaints,
    complaints_and_praise,
    one_contrast,
    raw,
    stage,
)
from complaintlab.recovery.worlds.timing import episodes, simulate, spells, truth
from complaintlab.tables import TABLES

WORLDS = 8
PRECISION = 0.1
"""Monte-Carlo error of the truths, as a share of the SESOI."""
ALLOWED = 3.5
"""Monte-Carlo errors off: of nine such tests a right one fails in a hundredth of all suites of seeds."""


@pytest.fixture(scope="module")
def true() -> Mapping[str, Truth]:
    return truth(precision=PRECISION)


@pytest.fixture(scope="module")
def found() -> list[Finding]:
    """Primary estimates of some worlds, by the stage itself."""
    claims = tuple(TIMING_CONTRASTS)
    return [
        one
        for seed in range(WORLDS)
        for one in stage(complaints_and_praise(seed, n=2000), claims=claims, resamples=4)
    ]


def off_by(estimates: Sequence[float | None], true: Truth) -> float:
    """Distance of their mean from the truth, in Monte-Carlo errors."""
    values = np.array(estimates, dtype=float)
    scatter = values.std(ddof=1) / np.sqrt(len(values))
    return float(abs(values.mean() - true.value) / np.hypot(scatter, true.mc_se))


@pytest.mark.parametrize("claim", list(TIMING_CONTRASTS))
def test_unbiased_under_confounding_that_varies_with_time(
    claim: str, found: list[Finding], true: Mapping[str, Truth]
) -> None:
    estimates = [one.estimate for one in found if one.estimand == claim]
    assert len(estimates) == WORLDS
    assert off_by(estimates, true[claim]) < ALLOWED


def test_naive_comparison_is_far_off(true: Mapping[str, Truth]) -> None:
    by_hand = next(iter(raw(complaints(5, n=6000), claims=("T1",)))).estimate
    assert by_hand is not None
    assert abs(by_hand - true["T1"].value) > 0.08


def test_informative_loss_is_weighted_away(true: Mapping[str, Truth]) -> None:
    worlds = [complaints(seed, n=2000, loss=0.5) for seed in range(6)]
    estimates = [next(one_contrast(made, claim="T1", resamples=2)).estimate for made in worlds]
    assert off_by(estimates, true["T1"]) < ALLOWED


@pytest.fixture(scope="module")
def settings() -> tuple[Analysis, Inference, Trials]:
    return (
        Analysis(
            washout_days=30,
            gap_days=30,
            horizon_days=7,
            long_horizon_days=30,
            complaint_threshold=0.5,
            nonsense_threshold=0.5,
            act_threshold=0.5,
        ),
        Inference(resamples=4, seed=1, folds=5),
        Trials(positivity_lower=0.05, positivity_upper=0.95, truncate_at=0.99),
    )


def test_stage_writes_its_tables_and_one_primary_row_a_claim(settings) -> None:
    made = simulate(1000, 7, loss=0.3)
    frame = episodes(made, authors=600).with_columns(
        answered_share_before=pl.when(pl.int_range(pl.len()) % 10 == 0).then(0.99).otherwise(0.5)
    )
    out = run(frame, spells(made, frame), *settings)
    for name, table in out._asdict().items():
        TABLES[name].validate(table)
    rows = out.estimates_trials
    primary = rows.filter(pl.col("variant") == "primary")
    assert sorted(primary["claim"]) == sorted(TIMING_CONTRASTS)
    of_complaints = primary.filter(pl.col("claim").is_in(["T1", "T2", "T5", "T6", "S5"]))
    assert of_complaints["n"].to_list() == [900] * 5
    assert of_complaints["estimate"].null_count() == 0
    scales = dict(primary.select("claim", pl.col("scale").cast(pl.String)).rows())
    assert {claim for claim, scale in scales.items() if scale == "log_rr"} == {"T5", "T6", "T7"}
    days = dict(primary.select("claim", "time_days").rows())
    assert days == {claim: 30 if claim in ("T6", "T7") else 7 for claim in TIMING_CONTRASTS}
    assert "Only 0 openers with praise" in primary.filter(pl.col("claim") == "T7")["reason"][0]
    dispersed = rows.filter(pl.col("variant") == "negative-binomial")
    assert sorted(dispersed["claim"]) == [
        "T5",
        "T6",
    ]  # of praise there is too little for any row but the first
    assert (dispersed["estimate"].is_null() == dispersed["reason"].is_not_null()).all()
    reference = rows.filter(pl.col("variant") == "reference", pl.col("claim") == "T1")
    curve = out.curves_trials.filter(
        pl.col("figure") == "trial_reply_24h_vs_none",
        pl.col("curve") == "no reply",
        pl.col("outcome") == "escalated",
    )
    assert reference.select("scale", "estimate").rows() == [("risk", curve.sort("time_s")["value"][-1])]
    share = rows.filter(pl.col("contrast") == "eligible")
    assert share["estimate"].to_list() == [0.9]
    balance = out.balance_trials.filter(
        pl.col("contrast") == "reply_24h_vs_none", pl.col("covariate") == "hostility"
    )
    assert abs(balance["smd_after"][0]) < 0.5 * abs(balance["smd_before"][0])
    again = run(frame, spells(made, frame), *settings)
    assert all(first.equals(second) for first, second in zip(out, again, strict=True))


def test_faster_is_better_is_said_only_where_every_step_says_so(settings) -> None:
    made = simulate(3000, 8)
    frame = episodes(made)
    rows = run(frame, spells(made, frame), *settings).estimates_trials.filter(pl.col("claim") == "T4")
    steps = rows.filter(pl.col("contrast").str.contains("_vs_"), pl.col("variant") == "secondary")
    steps = steps.filter(pl.col("contrast") != "reply_15min_vs_24h")
    smallest = rows.filter(pl.col("contrast") == "smallest_step")
    assert steps.height == 3
    assert smallest["lower"].to_list() == [steps["lower"].min()]
    assert smallest["p"][0] >= stats.norm.sf(((steps["estimate"] + 0.02) / steps["se"]).min()) - 1e-12


@pytest.mark.parametrize("rows", [0, 20, 200])
def test_stage_says_why_there_is_no_estimate(settings, rows: int) -> None:
    made = simulate(200, 7)
    frame = episodes(made).head(rows).with_columns(first_reply_s=pl.lit(None, dtype=pl.Int64))
    out = run(frame, spells(made, episodes(made)).join(frame, on="episode_id", how="semi"), *settings)
    asked = out.estimates_trials.filter(pl.col("claim") != "-")
    assert asked["estimate"].null_count() == asked.height
    assert set(asked["claim"]) == set(TIMING_CONTRASTS)
    assert asked["reason"].null_count() == 0


def test_few_replies_are_a_reason_and_no_crash(settings) -> None:
    made = simulate(120, 3)
    frame = episodes(made)
    late = pl.when(pl.int_range(pl.len()) < 3).then(pl.lit(10 * 3600)).cast(pl.Int64)
    frame = frame.with_columns(first_reply_s=late)
    out = run(frame, spells(made, frame), *settings).estimates_trials
    narrow = out.filter(pl.col("claim").is_in(["T3", "T4"]), pl.col("variant") == "primary")
    assert narrow["estimate"].null_count() == 2
    assert narrow["reason"].null_count() == 0
