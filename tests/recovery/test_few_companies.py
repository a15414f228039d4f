"""Five companies, one with seven tenths: the average over companies is covered, authors alone fail."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from complaintlab.models.causal.inference import codes
from complaintlab.models.causal.logistic import Features
from complaintlab.models.strategies import DAY, NONE, WITHIN_24H, grid
from complaintlab.models.trials.arms import Plan, Trial
from complaintlab.models.trials.course import course
from complaintlab.models.trials.emulation import emulate
from complaintlab.models.trials.features import log_hours, time_basis, with_answered
from complaintlab.models.trials.outcomes import event
from complaintlab.models.trials.processes import fit_processes

WORLDS, N, RESAMPLES = 40, 700, 20
SHARES = (0.7, 0.075, 0.075, 0.075, 0.075)
MEAN, SPREAD = -0.10, 0.10
"""Of the companies' effects, which are risk differences."""


def world(seed: int) -> pl.DataFrame:
    """The hostile are answered less and escalate more; a reply within a day works as its company has it."""
    rng = np.random.default_rng(seed)
    company = rng.choice(len(SHARES), N, p=SHARES)
    effects = np.clip(rng.normal(MEAN, SPREAD, len(SHARES)), -0.34, 0.3)
    hostile = rng.random(N) < 0.4
    replied = rng.random(N) < np.where(hostile, 0.4, 0.7)
    escalates = rng.random(N) < 0.35 + 0.2 * hostile + effects[company] * replied
    return pl.DataFrame(
        {
            "company": company, "hostile": hostile.astype(float), "entry_s": 0, "end_s": 30 * DAY,
            "end": "horizon",
            "first_reply_s": np.where(replied, rng.integers(60, DAY, N), 0),
            "escalated_s": np.where(escalates, rng.integers(DAY + 1, 7 * DAY, N), 0),
        }
    ).with_columns(
        pl.when(pl.col(name) > 0).then(pl.col(name)).alias(name) for name in ("first_reply_s", "escalated_s")
    )  # fmt: skip


def emulated(frame: pl.DataFrame, *, averaged: bool) -> Trial:
    ends_s = grid(7)
    lived = course(frame, None, ends_s)
    company = codes(frame["company"])
    firms = np.column_stack([company == g for g in range(1, int(company.max()) + 1)]).astype(float)
    baseline = np.column_stack([frame["hostile"].to_numpy(), firms])
    baseline = (baseline - baseline.mean(axis=0)) / baseline.std(axis=0)
    nothing = np.empty((0, frame.height, len(ends_s)), dtype=np.float32)
    reply = Features(baseline, time_basis(ends_s), nothing, log_hours(ends_s))
    shown, everybody = event(frame, "escalated", ends_s), np.ones(frame.height, dtype=bool)
    return emulate(
        fit_processes(lived, reply, with_answered(reply, lived)),
        [Plan(strategy, shown, everybody) for strategy in (WITHIN_24H, NONE)],
        np.arange(frame.height),
        resamples=RESAMPLES,
        seed=1,
        company=company if averaged else None,
    )


@pytest.fixture(scope="module")
def covered() -> dict[bool, int]:
    """In how many worlds the interval holds the mean of the companies' effects, averaged or not."""
    count = {True: 0, False: 0}
    for seed in range(WORLDS):
        frame = world(seed)
        for averaged in count:
            found = emulated(frame, averaged=averaged).effect(0, 1, 7)
            assert found is not None
            count[averaged] += found.lower <= MEAN <= found.upper
    return count


def test_average_over_companies_covers(covered: dict[bool, int]) -> None:
    """Of 40 worlds 95% are 38; fewer than 34 come by chance in one of 600 suites."""
    assert covered[True] >= 34


def test_intervals_of_authors_alone_do_not(covered: dict[bool, int]) -> None:
    assert covered[False] <= 30


def test_average_has_the_companies_degrees_of_freedom_and_nobody_s_silence_counts_for_certain() -> None:
    frame = world(3).with_columns(
        escalated_s=pl.when(pl.col("company") != 4).then("escalated_s")
    )  # company 4 never sees anybody escalate
    found = emulated(frame, averaged=True).effect(0, 1, 7)
    assert found is not None
    assert found.df == 4
    assert found.se > 0.01


def test_with_fewer_than_five_companies_authors_are_all_there_is() -> None:
    frame = world(2).with_columns(company=pl.col("company").clip(upper_bound=3))
    apart, together = (emulated(frame, averaged=averaged).effect(0, 1, 7) for averaged in (True, False))
    assert apart == together
