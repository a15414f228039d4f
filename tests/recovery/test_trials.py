"""Clone–censor–weight recovers what reply strategies do where naive comparisons fail."""

import numpy as np
import polars as pl
import pytest
from scipy import stats
from trials_complaints import Complaints, episodes, simulate, spells, truth

from complaintlab.models.strategies import (
    COUNTS,
    DAY,
    LATER,
    NONE,
    TIMING_CONTRASTS,
    WITHIN_24H,
    grid,
)
from complaintlab.models.trials import fit, run
from complaintlab.models.trials.emulation import Plan, Trial, emulate
from complaintlab.models.trials.outcomes import event
from complaintlab.params import Analysis, Inference, Trials
from complaintlab.tables import TABLES

OF_COMPLAINTS = [claim for claim in TIMING_CONTRASTS if claim != "T7"]
WORLDS = 10


def any_or_none(made: Complaints, resamples: int = 2) -> Trial:
    """T1 alone."""
    frame = episodes(made)
    outcome, everybody = event(frame, "escalated", grid(7)), np.ones(frame.height, dtype=bool)
    return emulate(
        fit(frame, spells(made, frame), 7, quality=False),
        [Plan(strategy, outcome, everybody) for strategy in (WITHIN_24H, NONE)],
        np.arange(frame.height),
        resamples=resamples,
        seed=1,
    )


def naive(made: Complaints, outcome: str) -> float:
    """Answered within a day against never answered, as one reads it off the table."""
    shown = getattr(made, f"{outcome}_s") <= 7 * DAY
    return float(shown[made.reply_s <= DAY].mean() - shown[made.reply_s > 7 * DAY].mean())


def target(claim: str) -> float:
    contrast = TIMING_CONTRASTS[claim]
    days = 30 if contrast.outcome in LATER else 7
    return truth(contrast.first, contrast.second, contrast.outcome, days, n=30_000)


TRUTH_ERROR = 0.003
"""Monte-Carlo error of a true risk difference from 30,000 pairs, at most."""
ALLOWED = 3.0
"""Monte-Carlo errors off: of ten such tests a right one fails in a fortieth of all suites of seeds."""
RATIO_ERROR = 0.02
"""And of the logarithm of a true ratio of mean counts."""


@pytest.fixture(scope="module")
def effect_of_any() -> float:
    return target("T1")


@pytest.fixture(scope="module")
def found(settings: tuple[Analysis, Inference, Trials]) -> pl.DataFrame:
    """Primary estimates of ten worlds, by the stage itself."""
    rows = []
    for seed in range(WORLDS):
        complaints, praise = simulate(2000, seed), simulate(2000, 100 + seed)
        about, thanks = episodes(complaints), episodes(praise, kind="praise")
        thanks = thanks.with_columns(pl.format("p{}", "episode_id").alias("episode_id"))
        both = pl.concat([spells(complaints, about), spells(praise, thanks)])
        rows.append(run(pl.concat([about, thanks]), both, *settings).estimates_trials)
    return pl.concat(rows).filter(pl.col("variant") == "primary")


@pytest.mark.parametrize("claim", [*OF_COMPLAINTS, "T7"])
def test_unbiased_under_confounding_that_varies_with_time(claim: str, found: pl.DataFrame) -> None:
    estimates = found.filter(pl.col("claim") == claim)["estimate"].to_numpy()
    assert len(estimates) == WORLDS
    error = RATIO_ERROR if TIMING_CONTRASTS[claim].outcome in COUNTS else TRUTH_ERROR
    mcse = float(np.hypot(estimates.std(ddof=1) / np.sqrt(WORLDS), error))
    assert abs(estimates.mean() - target(claim)) < ALLOWED * mcse


def test_naive_comparison_is_far_off_where_the_weighted_one_is_not(effect_of_any: float) -> None:
    made = simulate(6000, 5)
    weighted = any_or_none(made).effect(0, 1, 7).estimate
    assert abs(naive(made, "escalated") - effect_of_any) > 0.08
    assert abs(weighted - effect_of_any) < 0.05


def test_informative_loss_is_weighted_away(effect_of_any: float) -> None:
    estimates = [any_or_none(simulate(2000, seed, loss=0.5)).effect(0, 1, 7).estimate for seed in range(6)]
    mcse = float(np.hypot(np.std(estimates, ddof=1) / np.sqrt(len(estimates)), TRUTH_ERROR))
    assert abs(np.mean(estimates) - effect_of_any) < ALLOWED * mcse


def test_bootstrap_interval_covers_the_null() -> None:
    """Ten worlds are few: the exact binomial rejects only gross errors."""
    covered = 0
    for seed in range(10):
        interval = any_or_none(simulate(1000, 100 + seed, effect=0.0), 30).effect(0, 1, 7)
        covered += interval.lower <= 0 <= interval.upper
    assert stats.binomtest(covered, 10, 0.95, alternative="less").pvalue > 0.005


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
