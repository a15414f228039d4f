"""Cox models beside the trials: known effects come back, and the naive ones fail as they should."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from made_episodes import DAY, made_episodes, made_spells
from spells_case import ANALYSIS

from complaintlab.models.estimate_rows import cluster_columns
from complaintlab.models.hazard import run
from complaintlab.models.naive import risk_difference
from complaintlab.models.reply_clock import reply_clock
from complaintlab.tables import TABLES

EFFECT = 0.7


@pytest.fixture(scope="module")
def estimates() -> pl.DataFrame:
    episodes = made_episodes(3000, seed=5, effect=EFFECT)
    rng = np.random.default_rng(6)
    acts = pl.Series(
        ["|".join(a for a in ("apology", "fix", "defend") if rng.random() < 0.4) for _ in range(3000)]
    )
    return run(episodes, made_spells(episodes, acts), ANALYSIS).estimates_hazard


def row(estimates: pl.DataFrame, **key: str) -> dict[str, Any]:
    return estimates.row(by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in key.items()), named=True)


@pytest.mark.parametrize(("outcome", "truth"), [("turned", EFFECT), ("escalated", -EFFECT)])
def test_answered_as_it_happens_finds_the_effect(estimates: pl.DataFrame, outcome: str, truth: float) -> None:
    found = row(estimates, claim="T1", outcome=outcome, model="cox_time_dependent", variant="secondary")
    assert abs(found["estimate"] - truth) < 3 * found["se"]
    assert found["se"] < 0.15


def test_ever_answered_is_biased_by_immortal_time(estimates: pl.DataFrame) -> None:
    null_effect = made_episodes(3000, seed=7, effect=0.0)
    found = run(null_effect, made_spells(null_effect), ANALYSIS).estimates_hazard
    honest = row(found, claim="T1", outcome="escalated", model="cox_time_dependent", variant="secondary")
    naive = row(found, claim="T1", outcome="escalated", model="cox_ever_answered", variant="naive")
    assert honest["lower"] < 0 < honest["upper"]
    assert naive["upper"] < 0


def test_acts_without_effect_have_intervals_around_zero(estimates: pl.DataFrame) -> None:
    for claim in ("N1", "N5", "S2"):
        found = row(estimates, claim=claim, model="cox_reply_clock", variant="secondary")
        assert abs(found["estimate"]) < 3.5 * found["se"]
        assert found["events_exposed"] < found["events"]


def test_every_claim_has_its_naive_counterpart(estimates: pl.DataFrame) -> None:
    TABLES["estimates_hazard"].validate(estimates)
    naive = estimates.filter(variant=pl.lit("naive"), scale=pl.lit("rd"))
    assert set(naive["claim"]) == {"T1", "T2", "N1", "N2", "N4", "N5", "N9", "S1", "S2"}
    done = naive.filter(pl.col("claim").is_in(["T1", "T2", "N1", "N5", "S2"]))
    assert done["estimate"].is_not_null().all()


def test_the_reply_clock_starts_at_the_reply_and_leaves_out_who_had_the_event() -> None:
    episodes = made_episodes(300, seed=8)
    replied = reply_clock(episodes, made_spells(episodes), ANALYSIS)
    assert (replied["first_reply_s"] <= 7 * DAY).all()
    after = replied.filter("turned_event")
    assert (after["turned_stop_s"] == after["turned_s"] - after["first_reply_s"]).all()
    before = replied.filter(pl.col("turned_s") <= pl.col("first_reply_s"))
    assert before.height > 0
    assert (before["turned_stop_s"] == 0).all()


def test_a_raw_risk_difference_is_the_difference_of_shares() -> None:
    frame = pl.DataFrame(
        {
            "exposed": [True] * 20 + [False] * 40,
            "shown": [True] * 10 + [False] * 10 + [True] * 10 + [False] * 30,
            "author_id": [str(i) for i in range(60)],
        }
    )
    found = risk_difference(frame, "T1", "a_vs_b", "turned", 7)
    assert found.estimate == pytest.approx(0.25)
    assert found.se == pytest.approx((0.25 / 20 + 0.1875 / 40) ** 0.5)


def test_errors_are_clustered_by_company_only_where_there_are_enough_of_like_size() -> None:
    many = pl.DataFrame(
        {"episode_id": [str(i) for i in range(60)], "company": [str(i % 20) for i in range(60)]}
    )
    uneven = many.with_columns(
        company=pl.when(pl.int_range(60) < 40).then(pl.lit("big")).otherwise("company")
    )
    assert cluster_columns(many) == ["author_id", "company"]
    assert cluster_columns(uneven) == ["author_id"]


@pytest.mark.parametrize("n", [0, 1, 30])
def test_tiny_input_gives_rows_with_a_reason(n: int) -> None:
    episodes = made_episodes(40, seed=9).head(n)
    found = run(episodes, made_spells(episodes), ANALYSIS).estimates_hazard
    TABLES["estimates_hazard"].validate(found)
    assert found.filter(pl.col("estimate").is_null())["reason"].is_not_null().all()
    assert {"T1", "T2", "N1", "N5", "S2"} <= set(found["claim"])


def test_an_act_that_no_event_ever_follows_does_not_take_the_others_down() -> None:
    episodes = made_episodes(1500, seed=10)
    rng = np.random.default_rng(11)
    silent = episodes["turned_s"].is_null().to_numpy() & (rng.random(1500) < 0.1)
    acts = pl.Series(
        [
            "mock" if mocks else "|".join(a for a in ("apology", "fix") if rng.random() < 0.5)
            for mocks in silent
        ]
    )
    found = run(episodes, made_spells(episodes, acts), ANALYSIS).estimates_hazard
    fix = row(found, claim="S2", model="cox_reply_clock", variant="secondary")
    assert abs(fix["estimate"]) < 3.5 * fix["se"]
