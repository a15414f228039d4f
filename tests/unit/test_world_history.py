"""What follows a complaint obeys the laws and the policy; nothing is lost when it is put into words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from complaintlab.companies import load_companies
from complaintlab.labels import ACTS, STANCES
from complaintlab.models.strategies import BETWEEN_1H_24H, DAY, NONE, WITHIN_1H, WITHIN_24H
from complaintlab.worlds.archive import archive
from complaintlab.worlds.calendar import BIN_S, Calendar, make_calendar
from complaintlab.worlds.drafts import complaint_threads
from complaintlab.worlds.history import (
    AUTHOR_REMOVES,
    LATER_REPLY,
    REPLY,
    TURNED,
    History,
    Policy,
    simulate_history,
)
from complaintlab.worlds.laws import Laws, load_laws
from complaintlab.worlds.people import Complaints, draw_complaints
from complaintlab.worlds.risks import Watch

SIZE = 4000


@pytest.fixture(scope="module")
def laws(repo: Path) -> Laws:
    return load_laws(repo / "data" / "world.yaml")


@pytest.fixture(scope="module")
def calendar(repo: Path, laws: Laws) -> Calendar:
    return make_calendar(laws, load_companies(repo / "data" / "companies.yaml"), np.random.default_rng(1))


@pytest.fixture(scope="module")
def people(laws: Laws, calendar: Calendar) -> Complaints:
    return draw_complaints(SIZE, laws, calendar, np.random.default_rng(2))


@pytest.fixture(scope="module")
def natural(people: Complaints, laws: Laws, calendar: Calendar) -> History:
    return simulate_history(people, laws, calendar, np.random.default_rng(3))


def under(policy: Policy, people: Complaints, laws: Laws, calendar: Calendar) -> History:
    return simulate_history(people, laws, calendar, np.random.default_rng(3), policy)


def gone(history: History) -> np.ndarray:
    """Who deleted the complaint; nobody answers what is not there."""
    return np.isin(np.arange(SIZE), history.who[history.what == AUTHOR_REMOVES])


def happened(history: History, stances: tuple[int, ...], days: float) -> np.ndarray:
    rows = np.isin(history.what, stances) & (history.at_s <= days * DAY)
    return np.isin(np.arange(SIZE), history.who[rows])


def test_under_no_reply_nobody_is_answered(people: Complaints, laws: Laws, calendar: Calendar) -> None:
    history = under(Policy(timing=NONE), people, laws, calendar)
    assert np.isinf(history.first_reply_s).all()
    assert not np.isin(history.what, (REPLY, LATER_REPLY)).any()


@pytest.mark.parametrize("strategy", [WITHIN_1H, WITHIN_24H, BETWEEN_1H_24H])
def test_a_window_answers_everybody_inside_it(strategy, people, laws, calendar) -> None:
    history = under(Policy(timing=strategy), people, laws, calendar)
    answered = history.first_reply_s[~gone(history)]
    assert (answered > strategy.after_s).all()
    assert (answered <= strategy.by_s).all()


def test_a_window_answers_nobody_later_than_nature_would_inside_it(natural, people, laws, calendar) -> None:
    history = under(Policy(timing=WITHIN_24H), people, laws, calendar)
    assert (history.first_reply_s <= natural.first_reply_s)[~gone(history)].all()


def test_inside_the_window_replies_are_timed_as_natural_ones_that_fall_into_it(
    people, laws, calendar
) -> None:
    """The first of many natural courses that answers inside the window has the strategy's timing."""
    drawn = np.full(SIZE, np.nan)
    for seed in range(100, 130):
        reply_s = simulate_history(people, laws, calendar, np.random.default_rng(seed)).first_reply_s
        inside = np.isnan(drawn) & (reply_s > BETWEEN_1H_24H.after_s) & (reply_s <= BETWEEN_1H_24H.by_s)
        drawn[inside] = reply_s[inside]
    history = under(Policy(timing=BETWEEN_1H_24H), people, laws, calendar)
    both = ~np.isnan(drawn) & ~gone(history)
    assert both.mean() > 0.9
    difference = np.log(drawn[both]) - np.log(history.first_reply_s[both])
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(both.sum()) + 0.02


def test_a_set_act_changes_that_act_and_nothing_before_the_reply(natural, people, laws, calendar) -> None:
    history = under(Policy(act=("fix", True)), people, laws, calendar)
    row, answered = ACTS.index("fix"), np.isfinite(natural.first_reply_s)
    assert history.acts[row, answered].all()
    np.testing.assert_array_equal(np.delete(history.acts, row, 0), np.delete(natural.acts, row, 0))
    np.testing.assert_array_equal(history.first_reply_s, natural.first_reply_s)


def test_who_deleted_the_complaint_is_not_heard_again(natural: History) -> None:
    rows = natural.what == AUTHOR_REMOVES
    left_s = np.full(SIZE, np.inf)
    left_s[natural.who[rows]] = natural.at_s[rows]
    step_s = DAY / 4
    later = ~rows & (natural.at_s > left_s[natural.who] + step_s)
    assert rows.any()
    assert not later.any()


@pytest.mark.parametrize(
    ("clock", "stances"), [("complaint", TURNED), ("complaint", (0,)), ("reply", TURNED)]
)
def test_summed_risks_agree_with_counted_ones(clock, stances, natural, people, laws, calendar) -> None:
    watch = Watch(stances, clock, (1.0, 7.0), SIZE)
    simulate_history(people, laws, calendar, np.random.default_rng(4), None, watch)
    zero_s = natural.first_reply_s if clock == "reply" else np.zeros(SIZE)
    asked = zero_s <= 7 * DAY
    for row, days in enumerate((1.0, 7.0)):
        after_s = natural.at_s - zero_s[natural.who]
        rows = np.isin(natural.what, stances) & (after_s > 0) & (after_s <= days * DAY)
        counted = np.isin(np.arange(SIZE), natural.who[rows])[asked].mean()
        summed = watch.risks[row, asked].mean()
        assert abs(counted - summed) < 4 * np.sqrt(2 * counted * (1 - counted) / asked.sum())


def test_words_lose_nothing(repo: Path, people: Complaints, calendar: Calendar, laws: Laws) -> None:
    removal = laws.removal.model_copy(
        update={
            "turn": 0.0,
            "host": laws.removal.host.model_copy(update={"count": 0.0}),
            "author": laws.removal.author.model_copy(update={"count": 0.0}),
            "own_reply": laws.removal.own_reply.model_copy(update={"share": 0.0}),
        }
    )
    kept = laws.model_copy(update={"removal": removal})
    rng = np.random.default_rng(8)
    history = simulate_history(people, kept, calendar, rng)
    drafts = complaint_threads("c", people, history, kept, rng)
    written = archive(drafts, kept, load_companies(repo / "data" / "companies.yaml"), rng)
    labelled = written.posts.join(written.latent, on="post_id")
    opened = labelled.filter(pl.col("parent_id").is_null()).select("post_id", opened_at="created_at")
    turns = (
        labelled.filter(pl.col("parent_id").is_not_null() & (pl.col("role") == "critic"))
        .join(opened, left_on="root_hint", right_on="post_id")
        .filter(pl.col("created_at") - pl.col("opened_at") <= pl.duration(days=7))
    )
    followed = people.at_s < (kept.days - 7) * DAY
    for stances in (TURNED, (STANCES.index("escalates"),)):
        said = turns.filter(pl.col("stance").cast(pl.String).is_in([STANCES[stance] for stance in stances]))
        threads = said["native_id"].str.extract(r"^c(\d+)\.", 1).cast(pl.Int64)
        recounted = np.isin(np.arange(SIZE), threads.to_numpy())[followed]
        np.testing.assert_array_equal(recounted, happened(history, stances, 7)[followed])


def test_outages_bring_bursts_of_what_outages_break(laws: Laws, calendar: Calendar) -> None:
    many = draw_complaints(40_000, laws, calendar, np.random.default_rng(9))
    struck = calendar.surge[:, : laws.days * 48] > 0
    usual = calendar.traffic[:, : laws.days * 48] / np.exp(calendar.surge[:, : laws.days * 48])
    expected = laws.arrivals.outage_times * usual[struck].sum() / usual[~struck].sum()
    in_outage = many.surge > 0
    assert in_outage.sum() / (~in_outage).sum() == pytest.approx(expected, rel=0.1)
    about = many.topic == list(laws.topics).index("outage")
    assert about[in_outage].mean() > 3 * about[~in_outage].mean()


def test_opening_hours_follow_the_local_clock(calendar: Calendar, laws: Laws) -> None:
    company = calendar.names.index("Brightlark Broadband")
    noon_monday, night = 12 * 3600, 3 * 3600
    bins = [noon_monday // BIN_S, night // BIN_S]
    np.testing.assert_array_equal(calendar.open[company, bins], [1.0, 0.0])
    sydney = calendar.names.index("Vanterrow Energy")
    np.testing.assert_array_equal(calendar.open[sydney, bins], [0.0, 1.0])
    one_day = calendar.opened_by(np.array([company]), np.array([86400.0]))
    assert one_day[0] == pytest.approx(15.0)


def test_somebody_who_complains_again_is_no_new_episode(people: Complaints) -> None:
    eligible = people.eligible(washout_days=30, gap_days=30)
    assert (people.at_s[eligible] >= 30 * DAY).all()
    assert (people.earlier > 0).any()
    pairs = pl.DataFrame({"author": people.author, "company": people.company, "at_s": people.at_s})
    gaps = (
        pairs.filter(pl.Series(eligible))
        .sort("at_s")
        .with_columns(gap=pl.col("at_s").diff().over("author", "company"))
    )
    assert gaps["gap"].drop_nulls().min() >= 30 * DAY
