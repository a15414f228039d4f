"""Covariates are joined as they were known, and what was known later is refused."""

from __future__ import annotations

import itertools

import polars as pl
import pytest

from complaintlab.errors import ModelError
from complaintlab.labels import ACTS, COURTESIES, HOSTILITIES, REMEDIES, reply_quality
from complaintlab.spells.clock import count_before
from complaintlab.spells.history import History, attach, refuse_future
from complaintlab.spells.replies import acts_expr, quality_expr

ROWS = pl.DataFrame({"episode_id": ["a", "a", "a", "b"], "start_s": [0, 10, 20, 10]})


def test_a_value_holds_from_the_second_in_which_it_is_known() -> None:
    history = History(
        "mood",
        pl.DataFrame({"episode_id": ["a", "a", "a"], "known_s": [10, 19, 21], "mood": [1, 2, 3]}),
    )
    assert attach(ROWS, [history]).sort("episode_id", "start_s")["mood"].to_list() == [None, 1, 2, None]


def test_of_two_values_in_one_second_the_last_holds() -> None:
    history = History("mood", pl.DataFrame({"episode_id": ["a", "a"], "known_s": [10, 10], "mood": [1, 2]}))
    assert attach(ROWS, [history])["mood"].to_list() == [None, 2, 2, None]


def test_a_covariate_from_the_future_is_refused_by_name() -> None:
    rows = ROWS.with_columns(likes_known_s=pl.Series([None, 10, 21, 3]))
    with pytest.raises(ModelError, match=r"episode a 'likes_known_s' is 21, after the row's start_s 20"):
        refuse_future(rows, ["likes_known_s"])
    assert refuse_future(rows.filter(pl.col("start_s") != 20), ["likes_known_s"]).height == 3


def test_counts_are_strictly_before_and_within_the_group() -> None:
    rows = pl.DataFrame({"g": ["x", "y", "x"], "at": [5, 5, 9]})
    moments = pl.DataFrame({"g": ["x", "x", "x", "y"], "when": [4, 5, None, 8]})
    assert count_before(rows, moments, at="at", moment="when", by=["g"]).to_list() == [1, 0, 2]


def test_quality_is_the_codebooks_for_every_combination_that_matters() -> None:
    telling = [*sorted(REMEDIES)[:2], *sorted(COURTESIES)[:2], *sorted(HOSTILITIES)[:2], "regret", "close"]
    combinations = [set(c) for n in range(len(telling) + 1) for c in itertools.combinations(telling, n)]
    frame = pl.DataFrame({f"p_{act}": [float(act in c) for c in combinations] for act in ACTS})
    derived = frame.select(acts=acts_expr(0.5)).select(quality_expr()).to_series().to_list()
    assert derived == [reply_quality(c) for c in combinations]
