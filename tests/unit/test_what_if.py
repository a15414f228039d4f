"""What-if curves: what they recover, when they call themselves an extrapolation, and what they look like."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from spells_case import ANALYSIS

from complaintlab.errors import UserError
from complaintlab.models.strategies import DAY, HOUR, WITHIN_1H
from complaintlab.models.what_if import SCENARIOS, run, share_beyond, what_if
from complaintlab.params import Inference, Trials
from complaintlab.report.figures.what_if import what_if_curves
from complaintlab.tables import TABLES

HOURLY, PROPER_24H, PROPER, KEPT = (scenario.name for scenario in SCENARIOS)
SOOTHED, ROUSED = 0.2, 3.0


def study(n: int, seed: int, *, deleted_share: float = 0.4) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Critics escalate once in 6 days; a reply soothes them and deletion rouses them.

    Only some are deleted, more often those whose openers are hostile, who escalate more as well.
    """
    rng = np.random.default_rng(seed)
    hostility = rng.integers(0, 2, n).astype(float)
    reply = rng.exponential(np.where(rng.random(n) < 0.5, HOUR, 3 * DAY))
    gone = rng.exponential(2 * DAY, n)
    gone[rng.random(n) > deleted_share * (0.5 + hostility)] = np.inf
    escalated = _escalated(rng, hostility, reply, gone)
    start = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    episodes = pl.DataFrame({
        "episode_id": [f"e{i:05}" for i in range(n)], "author_id": [f"a{i}" for i in range(n)],
        "company": [f"c{i % 4}" for i in range(n)], "kind": "complaint", "topic": "delivery",
        "started_at": [start + dt.timedelta(hours=5 * i) for i in range(n)],
        "hour_of_week": [5 * i % 168 for i in range(n)], "business_hours": True, "hostility": hostility,
        "severity": 1.0, "load": 0, "burst": 1.0, "earlier_complaints": 0, "spread_before": 0,
        "answered_share_before": 0.5, "entry_s": 0, "end_s": 30 * DAY, "end": "horizon",
        "first_reply_quality": rng.choice(["proper", "other"], n),
        "turned_s": pl.Series([None] * n, dtype=pl.Int64),
        "first_reply_s": reply.astype(int) + 1, "escalated_s": escalated.astype(int) + 1,
    })  # fmt: skip
    at = pl.Series("gone", np.where(np.isfinite(gone), gone, 0)).cast(pl.Int64)
    rows = episodes.select(
        "episode_id", "company", "load", "hour_of_week", "business_hours", start_s=pl.lit(0, pl.Int64),
        hostility_last="hostility", against_so_far=0, replies_so_far=0, critic_deleted=False,
        deletion_lower_s=pl.lit(None, pl.Int64), deletion_upper_s=pl.lit(None, pl.Int64),
        answered=pl.lit(False), agent_id=pl.lit(None, pl.String),
    ).with_columns(at)  # fmt: skip
    deleted = rows.filter(pl.Series(np.isfinite(gone))).with_columns(
        start_s=pl.col("gone") + 1, critic_deleted=True, deletion_lower_s="gone",
        deletion_upper_s=pl.col("gone") + 1,
    )  # fmt: skip
    replied = rows.with_columns(start_s=pl.Series(reply.astype(int) + 1), answered=pl.lit(True))
    return episodes, pl.concat([rows, deleted, replied]).drop("gone").sort("episode_id", "start_s")


def _escalated(
    rng: np.random.Generator, hostility: np.ndarray, reply: np.ndarray, gone: np.ndarray
) -> np.ndarray:
    """Moments of an event whose hazard changes with the reply and with the deletion."""
    rate = np.exp(0.8 * hostility) / (12 * DAY)
    load, now, when = rng.exponential(1, len(reply)), np.zeros(len(reply)), np.full(len(reply), np.inf)
    for end in (*np.sort(np.stack([reply, gone]), axis=0), np.full(len(reply), np.inf)):
        hazard = rate * np.where(now >= reply, SOOTHED, 1) * np.where(now >= gone, ROUSED, 1)
        with np.errstate(invalid="ignore"):
            spent = hazard * (end - now)
        here = (when == np.inf) & (load <= spent) & np.isfinite(now)
        when = np.where(here, now + load / hazard, when)
        load = np.where(here, np.inf, load - np.where(np.isfinite(spent), spent, 0))
        now = end
    return when


def truth(*, at_once: bool, kept: bool, n: int = 200_000) -> float:
    """Risk by day 7 with all replies within an hour, or none deleted."""
    rng = np.random.default_rng(99)
    hostility = rng.integers(0, 2, n).astype(float)
    quick = rng.exponential(HOUR, n)
    within = -HOUR * np.log(1 - rng.random(n) * (1 - np.exp(-1.0)))
    reply = within if at_once else np.where(rng.random(n) < 0.5, quick, rng.exponential(3 * DAY, n))
    gone = rng.exponential(2 * DAY, n)
    gone[(rng.random(n) > 0.4 * (0.5 + hostility)) | kept] = np.inf
    return float(np.mean(_escalated(rng, hostility, reply, gone) <= 7 * DAY))


@pytest.fixture(scope="module")
def curves() -> pl.DataFrame:
    return what_if(*study(2000, 1), resamples=15)


def last(curves: pl.DataFrame, scenario: str) -> dict[str, float]:
    return curves.filter(pl.col("scenario") == scenario).sort("time_s").row(-1, named=True)


def test_recovers_the_risks_under_scenarios_and_usual_care(curves: pl.DataFrame) -> None:
    usual = truth(at_once=False, kept=False)
    for scenario, value in (
        (HOURLY, truth(at_once=True, kept=False)),
        (KEPT, truth(at_once=False, kept=True)),
    ):
        found = last(curves, scenario)
        assert abs(found["usual"] - usual) < 0.035
        assert abs(found["risk"] - value) < 0.05
        assert found["difference_lower"] - 0.02 < value - usual < found["difference_upper"] + 0.02
        assert found["difference"] < 0


def test_curves_start_at_zero_never_fall_and_lie_in_their_band(curves: pl.DataFrame) -> None:
    for _, curve in curves.group_by("scenario"):
        ordered = curve.sort("time_s")
        assert ordered["risk"][0] == ordered["usual"][0] == 0
        assert (ordered["risk"].diff().drop_nulls() >= 0).all()
        assert ((ordered["lower"] <= ordered["risk"]) & (ordered["risk"] <= ordered["upper"])).all()
        assert ordered["time_s"][-1] == 7 * DAY


def test_usual_care_is_the_share_that_was_seen_where_nobody_is_lost(curves: pl.DataFrame) -> None:
    episodes, _ = study(2000, 1)
    seen = (episodes["escalated_s"] <= 7 * DAY).mean()
    assert last(curves, HOURLY)["usual"] == pytest.approx(seen, abs=1e-9)
    assert last(curves, KEPT)["usual"] == pytest.approx(seen, abs=1e-9)


def test_every_reply_proper_recovers_the_risk_that_better_replies_would_leave() -> None:
    rng, n = np.random.default_rng(7), 5000
    episodes, spells = study(n, 7)
    hostility = episodes["hostility"].to_numpy()
    proper = rng.random(n) < np.where(hostility == 1, 0.3, 0.7)
    chance = 0.02 + 0.10 * ~proper + 0.2 * hostility
    shown = rng.random(n) < chance
    after = pl.Series((rng.random(n) * 6 * DAY).astype(int) + 1)
    told = episodes.with_columns(
        first_reply_quality=pl.Series(np.where(proper, "proper", "other")),
        escalated_s=pl.when(pl.Series(shown)).then(pl.col("first_reply_s") + after),
    )
    found = last(what_if(told, spells, scenarios=[SCENARIOS[2]]), PROPER)
    truth_if, truth_usual = float((0.02 + 0.2 * hostility).mean()), float(chance.mean())
    naive = shown[proper].mean() - shown.mean()
    assert found["difference_lower"] < truth_if - truth_usual < found["difference_upper"]
    assert abs(found["risk"] - truth_if) < 0.02
    assert naive < found["difference"] - 0.03  # the calm get the proper replies
    assert not found["extrapolation"]


def test_without_proper_replies_that_scenario_says_so() -> None:
    episodes, spells = study(300, 2)
    none = episodes.with_columns(first_reply_quality=pl.lit("other"))
    found = what_if(none, spells, scenarios=[SCENARIOS[2]])
    assert found["reason"].to_list() == ["Only 0 critics escalated after a reply that was proper: too few."]


def test_the_stage_writes_its_table_and_an_empty_one_without_complaints() -> None:
    episodes, spells = study(400, 4)
    trials = Trials(positivity_lower=0.05, positivity_upper=0.95, truncate_at=0.99)
    settings = ANALYSIS, Inference(resamples=4, seed=1, folds=5), trials
    found = run(episodes, spells, *settings).what_if
    TABLES["what_if"].validate(found)
    assert found.select("scenario", "outcome").unique().height == 8
    assert run(episodes.clear(), spells.clear(), *settings).what_if.is_empty()


def test_says_why_a_scenario_has_no_curve() -> None:
    episodes, spells = study(400, 2, deleted_share=0.0)
    found = what_if(episodes, spells, scenarios=SCENARIOS[3:], resamples=2)
    assert found["reason"].to_list() == ["Nothing was deleted."]
    assert found["risk"].to_list() == [None]
    assert what_if_curves(found) is None


def test_more_complaints_in_an_hour_than_were_ever_answered_is_an_extrapolation() -> None:
    start = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    bursts = [start + dt.timedelta(days=day, minutes=minute) for day in range(20) for minute in range(10)]
    slow = [DAY // 10 * (i % 10) + HOUR for i in range(200)]
    busy = pl.DataFrame({"company": "c", "started_at": bursts, "first_reply_s": slow})
    assert share_beyond(busy, busy, WITHIN_1H) > 0.5
    at_once = busy.with_columns(first_reply_s=pl.lit(60))
    assert share_beyond(at_once, at_once, WITHIN_1H) == 0
    ignored = busy.with_columns(first_reply_s=pl.lit(None, pl.Int64))
    assert share_beyond(ignored, ignored, WITHIN_1H) == 1


def test_the_figure_marks_an_extrapolation_and_says_the_change(curves: pl.DataFrame) -> None:
    picture = what_if_curves(curves)
    assert picture is not None
    assert len(picture.figure.axes) == 4
    assert f"{KEPT}: escalating −" in picture.takeaway
    assert "extrapolation" not in picture.takeaway
    marked = what_if_curves(curves.with_columns(extrapolation=pl.lit(True)))
    assert marked is not None
    assert all("(extrapolation)" in axes.get_title(loc="left") for axes in marked.figure.axes)
    both = pl.concat([curves, curves.with_columns(outcome=pl.lit("turned"))])
    assert (grid := what_if_curves(both)) is not None
    assert len(grid.figure.axes) == 8


def test_refuses_an_unknown_outcome_and_too_few_complaints() -> None:
    episodes, spells = study(60, 3)
    with pytest.raises(UserError, match="outcome is 'happy'"):
        what_if(episodes, spells, outcome="happy")
    with pytest.raises(UserError, match="fewer than 50"):
        what_if(episodes.head(30), spells)
