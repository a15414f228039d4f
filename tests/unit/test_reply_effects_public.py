"""``reply_effect`` for notebooks: its documented example, missing outcomes, counts, and clear errors."""

from __future__ import annotations

import doctest

import numpy as np
import polars as pl
import pytest

import complaintlab
from complaintlab.errors import UserError
from complaintlab.models.reply_effects import public
from complaintlab.models.reply_effects.public import reply_effect


@pytest.fixture
def replies() -> pl.DataFrame:
    """Calm critics get the exposure more often, turn more often, and are heard more often."""
    rng = np.random.default_rng(3)
    hostility = rng.integers(0, 4, 4000)
    exposed = rng.random(4000) < 0.7 - 0.15 * hostility
    turned = rng.random(4000) < 0.40 - 0.08 * hostility + 0.10 * exposed
    return pl.DataFrame(
        {
            "author_id": rng.integers(0, 2000, 4000),
            "company": [f"c{k % 20}" for k in range(4000)],
            "hostility": hostility,
            "topic": rng.choice(["a", "b"], 4000),
            "exposed": exposed,
            "turned": turned,
            "others": rng.poisson(0.5 * np.exp(0.4 * hostility + 0.5 * exposed)),
        }
    )


def test_the_documented_example_is_true() -> None:
    assert doctest.testmod(public).failed == 0
    assert doctest.testmod(public).attempted > 5


def test_confounding_is_taken_out_and_balance_says_so(replies: pl.DataFrame) -> None:
    found = reply_effect(replies, exposure="exposed", outcome="turned", confounders=["hostility", "topic"])
    assert found.lower < 0.10 < found.upper
    assert found.clusters == 20
    hostility = found.balance.row(by_predicate=pl.col("covariate") == "hostility", named=True)
    assert abs(hostility["smd_before"]) > 0.5 > 0.05 > abs(hostility["smd_after"])
    assert found.first - found.second == pytest.approx(found.estimate)


def test_outcomes_that_were_not_seen_are_made_up_for_by_others_alike(replies: pl.DataFrame) -> None:
    rng = np.random.default_rng(4)
    seen = pl.Series(rng.random(4000) < 0.95 - 0.2 * replies["hostility"].to_numpy())
    part = replies.with_columns(turned=pl.when(seen).then("turned"))
    found = reply_effect(part, exposure="exposed", outcome="turned", confounders=["hostility"])
    risk = np.mean(0.40 - 0.08 * replies["hostility"].to_numpy()) + 0.10
    assert found.first == pytest.approx(risk, abs=0.03)
    assert part.filter("exposed")["turned"].mean() > risk + 0.05


def test_counts_are_compared_as_a_ratio_of_means(replies: pl.DataFrame) -> None:
    found = reply_effect(replies, exposure="exposed", outcome="others", confounders=["hostility"])
    assert found.scale == "log_rr"
    assert found.lower < 0.5 < found.upper
    assert found.se < 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"exposed": pl.col("hostility")}, "exposure 'exposed' is Int64"),
        ({"exposed": pl.lit(True)}, "no row without 'exposed'"),
        ({"turned": pl.lit(False)}, "no row with 'exposed' has the outcome"),
        ({"turned": pl.lit("yes")}, "must be a column of Booleans or counts"),
        ({"hostility": pl.lit(None, pl.Int64)}, "'hostility' has 4000 nulls"),
    ],
)
def test_what_cannot_be_estimated_is_said(
    replies: pl.DataFrame, change: dict[str, pl.Expr], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        reply_effect(
            replies.with_columns(**change), exposure="exposed", outcome="turned", confounders=["hostility"]
        )


def test_a_column_that_is_not_there_is_named(replies: pl.DataFrame) -> None:
    with pytest.raises(UserError, match="no column 'anger'"):
        reply_effect(replies, exposure="exposed", outcome="turned", confounders=["anger"])


def test_it_stands_in_the_package_itself() -> None:
    assert complaintlab.reply_effect is reply_effect
