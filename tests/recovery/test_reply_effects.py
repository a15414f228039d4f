"""The stage of the reply clock on replies with a known effect; bias and coverage are in ``test_suite``."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from complaintlab.models.causal.aipw import propensity_of, reply_effect
from complaintlab.models.exposures import EXPOSURES
from complaintlab.models.reply_effects import run
from complaintlab.models.reply_effects.followup import at_risk
from complaintlab.models.reply_effects.population import answered
from complaintlab.params import Analysis, Inference, ReplyEffects
from complaintlab.recovery.estimators.replies import standard
from complaintlab.recovery.worlds.replies import simulate, tables, truth
from complaintlab.tables import TABLES

N = 1200
TRUTH = truth()["N1"].value


def test_biased_if_both_models_are_wrong() -> None:
    estimates = []
    for seed in range(10):
        made = simulate(N, seed)
        wrong = standard(np.cos(3 * made.hostility))
        chance = propensity_of(made.apology, wrong, made.author, 5, 1)
        found = reply_effect(
            made.apology, made.turned, np.ones(N), wrong, made.author, made.company, chance, floor=0.01
        )
        estimates.append(found.effect.estimate)
    assert np.mean(estimates) - TRUTH > 0.08


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
    assert apology["lower"] < TRUTH < apology["upper"]
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
