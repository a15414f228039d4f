"""S7: what bystanders say after a reply, against threads of the same age that wait still."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from complaintlab.claims import load_claims
from complaintlab.models.reply_effects.bystander_pairs import follow, match, thread_bystanders
from complaintlab.models.reply_effects.bystanders import CONTRAST, OUTCOME, bystander_rows
from complaintlab.models.reply_effects.rows import Row
from complaintlab.models.strategies import DAY, HOUR
from complaintlab.params import Inference, Trials
from complaintlab.verdicts.testable import companies_with_both_arms

INFERENCE = Inference(resamples=100, seed=1, folds=2)
START = datetime(2025, 3, 1, tzinfo=UTC)
Tables = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]


def world(n: int, effect: float, seed: int, companies: int = 20) -> Tables:
    """Bystanders turn against the company as a thread ages; the hostile are answered late; a reply helps."""
    rng = np.random.default_rng(seed)
    hostility = rng.integers(0, 3, n)
    reply_s = rng.exponential(10 * HOUR * (1 + hostility), n).astype(int) + 60
    company = rng.integers(0, companies, n)
    who = np.repeat(np.arange(n), rng.poisson(3, n))
    at_s = (rng.exponential(DAY, len(who))).astype(int) + 1
    chance = 0.2 + 0.1 * hostility[who] + 0.5 * (1 - np.exp(-at_s / DAY))
    chance += effect * (at_s > reply_s[who])
    threads = pl.DataFrame({"i": range(n), "company": [f"c{k}" for k in company]})
    ids = [
        pl.format(kind + "{}", pl.col("i")).alias(name)
        for kind, name in (("e", "episode_id"), ("a", "author_id"), ("t", "thread_id"), ("o", "opener_id"))
    ]
    episodes = threads.select(
        *ids, "company", started_at=pl.lit(START) + pl.duration(hours=pl.col("i")), entry_s=0,
        end_s=pl.lit(30 * DAY), first_reply_s=pl.Series(reply_s), spread_before=0,
        hostility=pl.Series(hostility.astype(float)),
    )  # fmt: skip
    turns = pl.DataFrame({"i": who, "at_s": at_s}).join(
        episodes.with_row_index("i").cast({"i": pl.Int64}), on="i", maintain_order="left"
    ).select(
        pl.format("p{}", pl.int_range(pl.len())).alias("post_id"), "company", "thread_id",
        pl.format("b{}", pl.int_range(pl.len())).alias("author_id"), role=pl.lit("bystander"),
        created_at=pl.col("started_at") + pl.duration(seconds="at_s"), joined_into=pl.lit(None, pl.String),
    )  # fmt: skip
    against = rng.random(len(who)) < chance
    return episodes, turns, turns.select("post_id", "company", p_against=pl.Series(against.astype(float)))


def rows(tables: Tables, days: float = 7.0) -> dict[tuple[object, object], Row]:
    found = bystander_rows(*tables, days, INFERENCE)
    return {(row["variant"], row["time_days"]): row for row in found}


def numbers(row: Row) -> tuple[float, float, float]:
    estimate, lower, upper = (float(str(row[name])) for name in ("estimate", "lower", "upper"))
    return estimate, lower, upper


@pytest.mark.parametrize("effect", [0.0, -0.2])
def test_finds_what_the_reply_did_where_before_and_after_alone_misleads(effect: float) -> None:
    found = rows(world(3000, effect, seed=2))
    estimate, lower, upper = numbers(found["primary", 7.0])
    assert lower < effect < upper
    assert upper - lower < 0.2
    assert abs(estimate - effect) < 0.06
    assert float(str(found["naive", 7.0]["estimate"])) - effect > 0.06
    assert found["primary", 7.0]["clusters"] == found["companies", 7.0]["n_exposed"] == 20


def test_intervals_cover_a_reply_that_does_nothing() -> None:
    covered = 0
    for seed in range(20):
        _, lower, upper = numbers(rows(world(600, 0.0, seed))["primary", 7.0])
        covered += int(lower < 0 < upper)
    assert covered >= 16


def test_controls_wait_still_at_the_same_age_and_are_alike() -> None:
    threads = thread_bystanders(*world(500, 0.0, seed=3))
    pairs = match(threads, 7)
    reply, hostility = threads.seconds("first_reply_s"), threads.seconds("hostility")
    assert len(pairs.replied) > 1000
    assert (pairs.age_s == reply[pairs.replied]).all()
    assert (reply[pairs.waiting] > pairs.age_s).all()
    assert (pairs.span_s <= reply[pairs.waiting] - pairs.age_s).all()
    assert (hostility[pairs.waiting] == hostility[pairs.replied]).all()
    before = [
        np.sum(threads.passes[who] < pairs.age_s[:, None], axis=1) for who in (pairs.replied, pairs.waiting)
    ]
    assert (before[0] == before[1]).all()
    weight = np.bincount(pairs.replied, pairs.weight)
    assert weight[weight > 0] == pytest.approx(1.0)


def test_turns_are_counted_on_their_side_of_the_reply() -> None:
    threads = thread_bystanders(*world(200, 0.0, seed=4))
    pairs = match(threads, 7)
    seen = follow(threads, pairs, 7)
    for p in range(0, len(pairs.replied), 37):
        for arm, who in enumerate((pairs.replied[p], pairs.waiting[p])):
            at = threads.when[threads.when // 2**40 == who] % 2**40
            age, until = pairs.age_s[p], pairs.age_s[p] + min(pairs.span_s[p], 7 * DAY + 1)
            expected = [np.sum(at < age), np.sum((at > age) & (at < until))]
            assert seen.turns[arm, :, 0, p].tolist() == expected


def test_few_companies_are_these_companies_only() -> None:
    primary = rows(world(600, 0.0, seed=5, companies=4))["primary", 7.0]
    assert primary["df"] is None
    assert int(str(primary["clusters"])) > 100


def test_the_order_of_the_tables_does_not_matter() -> None:
    episodes, turns, measures = world(300, -0.2, seed=6)
    shuffled = tuple(t.sample(fraction=1, shuffle=True, seed=9) for t in (episodes, turns, measures))
    assert bystander_rows(*shuffled, 7, INFERENCE) == bystander_rows(episodes, turns, measures, 7, INFERENCE)


def test_says_why_there_is_no_estimate() -> None:
    episodes, turns, measures = world(300, 0.0, seed=7)
    silent = rows((episodes, turns.clear(), measures.clear()))
    assert "No bystander spoke" in str(silent["primary", 7.0]["reason"])
    unanswered = episodes.with_columns(first_reply_s=pl.lit(None, pl.Int64))
    nobody = rows((unanswered, turns, measures))
    assert "Only 0 threads in the arm 'replied'" in str(nobody["primary", 7.0]["reason"])
    assert nobody["companies", 7.0]["estimate"] is None
    assert rows((episodes.clear(), turns, measures))["primary", 7.0]["estimate"] is None


def test_the_claim_asks_what_the_stage_answers(repo: Path) -> None:
    claim = load_claims(repo / "claims.yaml").of("S7")
    assert (claim.stage, claim.contrast, claim.outcome) == ("reply_effects", CONTRAST, OUTCOME)
    trials = Trials(positivity_lower=0.05, positivity_upper=0.95, truncate_at=0.99)
    assert companies_with_both_arms(claim, pl.DataFrame(), pl.DataFrame(), trials, 7) == 0
