"""Clone–censor–weight recovers the difference between reply strategies where naive comparisons fail."""

import numpy as np
import polars as pl
import pytest
from scipy import stats
from trials_complaints import Complaints, episodes, simulate, spells, truth

from complaintlab.models.design import confounder_matrix
from complaintlab.models.strategies import BETWEEN_1H_24H, DAY, NONE, WITHIN_1H, WITHIN_24H, Strategy, grid
from complaintlab.models.trials import run
from complaintlab.models.trials.course import course
from complaintlab.models.trials.emulation import Trial, target_trial
from complaintlab.models.trials.features import features, with_answered
from complaintlab.params import Analysis, Inference, Trials
from complaintlab.tables import TABLES

ANY = (WITHIN_24H, NONE)
EARLY = (WITHIN_1H, BETWEEN_1H_24H)


def emulated(
    made: Complaints, outcome: str, strategies: tuple[Strategy, Strategy], resamples: int = 2
) -> Trial:
    frame = episodes(made)
    lived = course(frame, outcome, grid(7))
    baseline, _ = confounder_matrix(frame, companies=True)
    other = ["turned" if outcome == "escalated" else "escalated"]
    reply = features(frame, spells(made, frame), baseline, lived, other)
    return target_trial(
        lived,
        reply,
        with_answered(reply, lived),
        strategies,
        np.arange(lived.n),
        resamples=resamples,
        seed=1,
    )


def naive(made: Complaints, outcome: str) -> float:
    """Answered within a day against never answered, as one reads it off the table."""
    shown = getattr(made, f"{outcome}_s") <= 7 * DAY
    return float(shown[made.reply_s <= DAY].mean() - shown[made.reply_s > 7 * DAY].mean())


TRUTH_ERROR = 0.003
"""Monte-Carlo error of a true risk difference from 30,000 pairs, at most."""


@pytest.fixture(scope="module")
def effect_of_any() -> float:
    return truth(*ANY, "escalated", 7, n=30_000)


@pytest.fixture(scope="module")
def effect_of_early() -> float:
    return truth(*EARLY, "turned", 7, n=30_000)


@pytest.mark.parametrize(
    ("outcome", "strategies", "which"),
    [("escalated", ANY, "effect_of_any"), ("turned", EARLY, "effect_of_early")],
)
def test_unbiased_under_confounding_that_varies_with_time(
    outcome: str, strategies: tuple[Strategy, Strategy], which: str, request: pytest.FixtureRequest
) -> None:
    target = request.getfixturevalue(which)
    found = np.array(
        [
            emulated(simulate(2000, seed), outcome, strategies).difference(0, 1, 7).estimate
            for seed in range(10)
        ]
    )
    mcse = float(np.hypot(found.std(ddof=1) / np.sqrt(len(found)), TRUTH_ERROR))
    assert abs(found.mean() - target) < 2.5 * mcse


def test_naive_comparison_is_far_off_where_the_weighted_one_is_not(effect_of_any: float) -> None:
    made = simulate(6000, 5)
    weighted = emulated(made, "escalated", ANY).difference(0, 1, 7).estimate
    assert abs(naive(made, "escalated") - effect_of_any) > 0.08
    assert abs(weighted - effect_of_any) < 0.05


def test_informative_loss_is_weighted_away(effect_of_any: float) -> None:
    found = [
        emulated(simulate(2000, seed, loss=0.5), "escalated", ANY).difference(0, 1, 7).estimate
        for seed in range(6)
    ]
    mcse = float(np.hypot(np.std(found, ddof=1) / np.sqrt(len(found)), TRUTH_ERROR))
    assert abs(np.mean(found) - effect_of_any) < 2.5 * mcse


def test_bootstrap_interval_covers_the_null() -> None:
    """Ten worlds are few: the exact binomial rejects only gross errors."""
    covered = 0
    for seed in range(10):
        interval = emulated(simulate(1000, 100 + seed, effect=0.0), "escalated", ANY, 30).difference(0, 1, 7)
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
    primary = out.estimates_trials.filter(pl.col("variant") == "primary")
    assert sorted(primary.select("claim", "outcome").rows()) == [("T1", "escalated"), ("T2", "turned")]
    assert primary["n"].to_list() == [900, 900]
    assert primary["estimate"].null_count() == 0
    assert primary["time_days"].to_list() == [7, 7]
    reference = out.estimates_trials.filter(pl.col("variant") == "reference", pl.col("claim") == "T1")
    curve = out.curves_trials.filter(pl.col("curve") == "no reply", pl.col("outcome") == "escalated")
    assert reference.select("scale", "estimate").rows() == [("risk", curve.sort("time_s")["value"][-1])]
    share = out.estimates_trials.filter(pl.col("contrast") == "eligible")
    assert share["estimate"].to_list() == [0.9]
    balance = out.balance_trials.filter(
        pl.col("contrast") == "reply_24h_vs_none", pl.col("covariate") == "hostility"
    )
    assert abs(balance["smd_after"][0]) < 0.5 * abs(balance["smd_before"][0])
    again = run(frame, spells(made, frame), *settings)
    assert all(first.equals(second) for first, second in zip(out, again, strict=True))


@pytest.mark.parametrize("rows", [0, 20, 200])
def test_stage_says_why_there_is_no_estimate(settings, rows: int) -> None:
    made = simulate(200, 7)
    frame = episodes(made).head(rows).with_columns(first_reply_s=pl.lit(None, dtype=pl.Int64))
    out = run(frame, spells(made, episodes(made)).join(frame, on="episode_id", how="semi"), *settings)
    asked = out.estimates_trials.filter(pl.col("claim") != "-")
    assert asked["estimate"].null_count() == asked.height == 16
    assert asked["reason"].null_count() == 0
