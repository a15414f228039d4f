"""Augmented weighting recovers an act's effect after the first reply, if one of its two models is right."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from reply_effects_replies import Replies, simulate, tables, truth
from scipy import stats

from complaintlab.models.causal.aipw import ReplyEffect, propensity_of, reply_effect
from complaintlab.models.exposures import EXPOSURES
from complaintlab.models.reply_effects import run
from complaintlab.models.reply_effects.followup import at_risk, seen_by
from complaintlab.models.reply_effects.population import answered
from complaintlab.params import Analysis, Inference, ReplyEffects
from complaintlab.tables import TABLES

WORLDS, N = 40, 1200


def standard(*columns: np.ndarray) -> np.ndarray:
    X = np.column_stack(columns)
    return (X - X.mean(axis=0)) / X.std(axis=0)


def fit(made: Replies, *, propensity: bool, outcome: bool) -> ReplyEffect:
    """``propensity`` and ``outcome``: whether that model has the right confounders."""
    right, wrong = standard(made.hostility, made.fix), standard(np.cos(3 * made.hostility))
    chance = propensity_of(made.apology, right if propensity else wrong, made.author, 5, 1)
    X = right if outcome else wrong
    return reply_effect(
        made.apology, made.turned_days <= 7, np.ones(N), X, made.author, made.company, chance, floor=0.01
    )


@pytest.mark.parametrize(("propensity", "outcome"), [(True, True), (True, False), (False, True)])
def test_unbiased_and_covering_if_one_model_is_right(propensity: bool, outcome: bool) -> None:
    target = truth()
    found = [fit(simulate(N, seed), propensity=propensity, outcome=outcome).effect for seed in range(WORLDS)]
    estimates = np.array([effect.estimate for effect in found])
    assert abs(estimates.mean() - target) < 2.5 * estimates.std(ddof=1) / np.sqrt(WORLDS)
    covered = sum(effect.lower <= target <= effect.upper for effect in found)
    assert stats.binomtest(covered, WORLDS, 0.95, alternative="less").pvalue > 0.005


def test_biased_if_both_models_are_wrong() -> None:
    estimates = [
        fit(simulate(N, seed), propensity=False, outcome=False).effect.estimate for seed in range(10)
    ]
    assert np.mean(estimates) - truth() > 0.08


def test_an_act_that_is_rare_everywhere_keeps_its_population() -> None:
    rng = np.random.default_rng(8)
    n = 40_000
    hostility, author = rng.normal(size=n), np.arange(n)
    rare = rng.random(n) < 0.005 * np.exp(0.5 * hostility)
    event = rng.random(n) < np.clip(0.2 + 0.05 * hostility + 0.2 * rare, 0, 1)
    X = standard(hostility)
    chance = propensity_of(rare, X, author, 5, 1)
    found = reply_effect(rare, event, np.ones(n), X, author, author * 0, chance, floor=0.01)
    assert found.kept.mean() > 0.99
    assert abs(found.effect.estimate - 0.2) < 2.5 * found.effect.se < 0.2


def test_loss_that_depends_on_hostility_is_weighted_away() -> None:
    weighted, plain = [], []
    for seed in range(25):
        made = simulate(N, seed, loss=1.0)
        population = answered(*tables(made), horizon_days=7, act_threshold=0.5)
        case = at_risk(population, EXPOSURES["N1"], "turned", 7)
        event, seen = seen_by(case, 7)
        chance = propensity_of(case.exposed, case.X, made.author, 5, 1)
        for to, weights in ((weighted, seen), (plain, (seen > 0).astype(float))):
            found = reply_effect(
                case.exposed, event, weights, case.X, made.author, made.company, chance, floor=0.01
            )
            to.append(found.risk_exposed)
    rates = simulate(200_000, 99)
    risk = np.mean(1 - np.exp(-7 * 0.05 * np.exp(-0.6 * rates.hostility + 0.8 * rates.fix + 0.6)))
    assert abs(np.mean(weighted) - risk) < 2.5 * np.std(weighted) / 5
    assert np.mean(plain) - risk > 5 * np.std(plain) / 5


@pytest.fixture(scope="module")
def settings() -> tuple[Analysis, Inference, ReplyEffects]:
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
        Inference(resamples=10, seed=1, folds=5),
        ReplyEffects(propensity_floor=0.01),
    )


def test_stage_writes_its_tables_and_one_primary_row_a_claim(settings) -> None:
    out = run(*tables(simulate(3000, 4, loss=0.5)), *settings)
    for name, table in out._asdict().items():
        TABLES[name].validate(table)
    primary = out.estimates_reply_effects.filter(pl.col("variant") == "primary").sort("claim")
    asked = {(e.claim, e.contrast, e.outcome) for e in EXPOSURES.values()}
    assert primary.height == len(asked) + 2
    assert set(primary.select("claim", "contrast", "outcome").rows()) == asked | {
        ("P2", "spread_10_after_fair_reply", "spread"),
        ("S7", "replied_vs_not_yet", "bystanders_negative_share"),
    }
    apology, defend = (
        primary.row(by_predicate=pl.col("claim") == claim, named=True) for claim in ("N1", "N5")
    )
    assert apology["lower"] < truth() < apology["upper"]
    assert apology["lower"] > 0
    assert defend["estimate"] is None
    assert "defend" in defend["reason"]
    reference = out.estimates_reply_effects.filter(pl.col("variant") == "reference")
    assert reference.select("claim", "scale").rows() == [("N1", "risk"), ("S2", "risk")]
    assert 0 < reference["estimate"][0] < reference["estimate"][0] + apology["estimate"] < 1
    balance = out.balance_reply_effects.filter(pl.col("contrast") == "apology_vs_not")
    assert "act:fix" in balance["covariate"].to_list()
    assert balance["smd_before"].abs().max() > 0.5
    assert balance["smd_after"].abs().max() < 0.15


def test_a_critic_who_turned_before_the_reply_is_history(settings) -> None:
    episodes, turns, measures = tables(simulate(500, 4))
    early = pl.int_range(pl.len()) < 100
    before = episodes.with_columns(turned_s=pl.when(early).then(60).otherwise("turned_s"))
    population = answered(before, turns, measures, horizon_days=7, act_threshold=0.5)
    assert at_risk(population, EXPOSURES["N1"], "turned", 7).lived.n == 400
    assert at_risk(population, EXPOSURES["N1"], "escalated", 7).lived.n == 500
    assert population.history["turned_before"].sum() == 100


def test_what_the_critic_said_before_the_reply_is_a_confounder_and_after_it_is_not() -> None:
    episodes, turns, measures = tables(simulate(50, 4))
    said = pl.concat(
        [
            episodes.select(
                pl.lit(f"{name}" + "0" * 15).alias("post_id") + pl.int_range(pl.len()).cast(pl.String),
                "company",
                "thread_id",
                "author_id",
                pl.lit("critic").alias("role"),
                (pl.col("started_at") + dt.timedelta(hours=hours)).alias("created_at"),
                pl.lit(1).alias("position"),
                pl.lit(None, dtype=pl.Boolean).alias("business_hours"),
            )
            for name, hours in (("early", 1), ("later", 9))
        ]
    )
    rated = said.select(
        "post_id",
        "company",
        hostility=pl.when(pl.col("post_id").str.starts_with("early")).then(2.5).otherwise(3.0),
    )
    population = answered(
        episodes,
        pl.concat([turns, said], how="diagonal_relaxed"),
        pl.concat([measures, rated], how="diagonal_relaxed"),
        horizon_days=7,
        act_threshold=0.5,
    )
    assert population.history["hostility_now"].to_list() == [2.5] * 50
    assert population.history["log_critic_turns"].to_list() == pytest.approx([np.log(2)] * 50)
    assert population.after["heard"].all()


def test_stage_says_why_there_is_no_estimate(settings) -> None:
    out = run(*(table.clear() for table in tables(simulate(10, 1))), *settings)
    primary = out.estimates_reply_effects.filter(pl.col("variant") == "primary")
    assert primary.height == len(EXPOSURES) + 2
    assert out.estimates_reply_effects["reason"].null_count() == 0
    assert out.balance_reply_effects.is_empty()
