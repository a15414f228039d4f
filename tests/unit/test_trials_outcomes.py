"""What the trials count, whom they concern, and who follows a strategy: read off the tables."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from complaintlab.models.strategies import (
    BAD_24H,
    DAY,
    NONE,
    TIMING_CONTRASTS,
    WITHIN_24H,
    concerns,
    follows,
    grid,
)
from complaintlab.models.trials.outcomes import counted
from complaintlab.models.trials.questions import Question
from complaintlab.models.trials.tables import estimate_row
from complaintlab.params import Analysis

EPISODES = pl.DataFrame(
    {
        "episode_id": ["a", "b", "c"],
        "kind": ["complaint", "complaint", "praise"],
        "minutes_to_closing": [60.0, None, 90.0],
        "business_hours": [True, False, True],
        "entry_s": [0, 100, 0],
        "end_s": [30 * DAY, 30 * DAY, 2 * DAY],
        "end": ["horizon", "horizon", "last_seen"],
        "first_reply_s": [50, None, 8 * DAY],
        "first_reply_quality": ["bad", None, "proper"],
        "spread_before": [1, 0, 0],
        "recurrences": [0, 2, 0],
        "praise_later": [2, 0, 1],
    }
)
SPELLS = pl.DataFrame(
    {
        "episode_id": ["a", "a", "a", "b", "b", "b"],
        "start_s": [0, 40, 8 * DAY, 100, 900, 9 * DAY],
        "stop_s": [40, 8 * DAY, 30 * DAY, 900, 9 * DAY, 30 * DAY],
        "against_so_far": [1, 3, 4, 1, 4, 4],
        "recurred": [False, False, False, False, True, False],
    }
)


def moments(name: str, days: float) -> list[tuple[int, float]]:
    growth = counted(EPISODES, SPELLS, name, grid(days))[0].growth
    return list(zip(growth.who.tolist(), growth.at_s.tolist(), strict=True))


def test_spread_is_who_joined_after_the_complaint_and_under_observation() -> None:
    """Not the one before time zero, not the one before the first sighting, not what comes after 7 days."""
    assert moments("spread", 7) == [(0, 40), (0, 40), (1, 900), (1, 900), (1, 900)]


def test_recurrences_count_from_the_first_on() -> None:
    assert moments("recurrences", 30) == [(1, 9 * DAY), (1, 9 * DAY)]


def test_praise_counts_at_the_end_of_those_who_were_not_lost() -> None:
    assert moments("praise", 30) == [(0, 30 * DAY), (0, 30 * DAY)]


def test_beside_a_count_stand_its_winsorised_double_and_the_risk_of_three() -> None:
    spread, winsorised, many = counted(EPISODES, SPELLS, "spread", grid(7))
    assert [spread.name, winsorised.name, many.name] == ["spread", "spread_winsorised", "spread_3_or_more"]
    assert winsorised.growth.counts(3).max() <= np.quantile(spread.growth.counts(3), 0.99)
    assert many.course.stop_s.tolist() == [np.inf, 900, 2 * DAY]


@pytest.mark.parametrize(
    ("population", "members"),
    [
        ("complaints", [True, True, False]),
        ("in hours", [True, False, False]),
        ("out of hours", [False, True, False]),
        ("praise", [False, False, True]),
    ],
)
def test_whom_a_contrast_concerns(population: str, members: list[bool]) -> None:
    assert EPISODES.select(concerns(population)).to_series().to_list() == members


def test_who_follows_a_strategy() -> None:
    found = EPISODES.select(a=follows(WITHIN_24H), b=follows(NONE), c=follows(BAD_24H))
    assert found.rows() == [(True, False, True), (False, True, False), (False, True, False)]


def test_every_strategy_begins_and_ends_on_the_grid() -> None:
    ends = {0, *grid(7).tolist()}
    for contrast in TIMING_CONTRASTS.values():
        for arm in (contrast.first, contrast.second):
            assert arm.after_s in ends
            assert arm.never or arm.by_s in ends


def test_counts_and_only_counts_are_followed_to_their_own_horizon() -> None:
    from complaintlab.models.trials.questions import horizon_days

    analysis = Analysis(
        washout_days=30,
        gap_days=30,
        horizon_days=7,
        long_horizon_days=30,
        complaint_threshold=0.5,
        nonsense_threshold=0.5,
        act_threshold=0.5,
    )
    days = {claim: horizon_days(c.outcome, analysis) for claim, c in TIMING_CONTRASTS.items()}
    assert {claim for claim, day in days.items() if day == 30} == {"T6", "T7"}


@pytest.mark.parametrize(("claim", "says"), [("T3", "hours in data/companies.yaml"), ("T2", "of this kind")])
def test_without_opening_hours_the_claim_on_them_says_what_to_describe(claim: str, says: str) -> None:
    contrast = TIMING_CONTRASTS[claim]
    nobody = [
        SimpleNamespace(n=0, events=0, complete=0, ess=0.0, plan=SimpleNamespace(strategy=arm, outcome=None))
        for arm in (contrast.first, contrast.second)
    ]
    trial: Any = SimpleNamespace(arms=nobody, converged=True)
    question = Question(claim, contrast, contrast.outcome, 7, "primary")
    row = estimate_row(question, trial, (0, 1), 0, 0, 1).row(0, named=True)
    assert row["estimate"] is None
    assert says in row["reason"]
