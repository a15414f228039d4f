"""Laws of the counting process: start–stop rows tile follow-up, and the future never touches the past."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from spells_case import ANALYSIS, DAY, Case, Thread, Turn, episode_of, rows_of

from complaintlab import spells
from complaintlab.companies import Companies
from complaintlab.labels import STANCES
from complaintlab.spells.rows import FIRST_EVENTS
from complaintlab.tables import TABLES

LATE = 40 * DAY
FLAGS = [*FIRST_EVENTS, "competing"]
BY_START = [c for c in TABLES["spells"].columns() if c not in ("stop_s", *FLAGS)]

later_turns = st.lists(
    st.builds(
        Turn,
        who=st.sampled_from(["company", "ann", "bob", "eve", "dan"]),
        at=st.integers(0, 40 * DAY).map(float),
        stance=st.sampled_from([*STANCES, None]),
        acts=st.sampled_from([(), ("apology", "fix"), ("defend",), ("ask",)]),
        against=st.sampled_from([None, 0.2, 0.9]),
        agent=st.sampled_from([None, "x", "y"]),
    ),
    max_size=8,
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    second = Thread("ann", LATE + draw(st.integers(1, 45)) * DAY, draw(later_turns))
    first = Thread("ann", LATE, draw(later_turns), until=float(draw(st.integers(0, 45 * DAY))))
    kinds = st.sampled_from(["author_deleted", "host_removed", "host_hidden", "account_gone"])
    deletions = [
        {"post": f"0.{draw(st.integers(0, 2))}", "kind": kind, "by": LATE + draw(st.integers(1, 40 * DAY))}
        for kind in draw(st.lists(kinds, max_size=2, unique=True))
    ]
    entry = draw(st.integers(0, 3 * DAY))
    looks = [{"post": "0.0", "at": LATE + entry + i * DAY, "likes": i} for i in range(3)]
    return Case([first, second], deletions=deletions, sightings=looks, prospective=draw(st.booleans()))


@settings(max_examples=40, deadline=None)
@given(cases())
def test_rows_tile_follow_up_without_gap_or_overlap(case: Case) -> None:
    outputs = case.run()
    TABLES["spells"].validate(outputs.spells)
    TABLES["episodes"].validate(outputs.episodes)
    followed = outputs.episodes.filter(pl.col("entry_s") < pl.col("end_s"))
    assert set(outputs.spells["episode_id"]) == set(followed["episode_id"])
    for episode in followed.iter_rows(named=True):
        rows = outputs.spells.filter(pl.col("episode_id") == episode["episode_id"]).sort("start_s")
        starts, stops = rows["start_s"].to_list(), rows["stop_s"].to_list()
        assert starts[0] == episode["entry_s"]
        assert stops[-1] == episode["end_s"]
        assert starts[1:] == stops[:-1]
        assert all(a < b for a, b in zip(starts, stops, strict=True))


@settings(max_examples=40, deadline=None)
@given(cases())
def test_each_first_event_is_flagged_once_at_its_second(case: Case) -> None:
    outputs = case.run()
    for episode in outputs.episodes.filter(pl.col("entry_s") < pl.col("end_s")).iter_rows(named=True):
        rows = outputs.spells.filter(pl.col("episode_id") == episode["episode_id"])
        assert all(rows[flag].sum() <= 1 for flag in FLAGS)
        for outcome in ("turned", "advocate", "escalated"):
            second = episode[f"{outcome}_s"]
            expected = [] if second is None or second <= episode["entry_s"] else [second]
            assert rows.filter(outcome)["stop_s"].to_list() == expected
        competing = episode["end"] in ("author_deleted", "account_gone", "locked")
        assert rows["competing"].any() == competing


@settings(max_examples=40, deadline=None)
@given(cases(), st.integers(0, 30 * DAY), st.integers(1, 5 * DAY))
def test_moving_the_future_leaves_covariates_of_the_past_alone(case: Case, now: int, shift: int) -> None:
    first, second = case.threads
    moved = [
        Turn(**{**vars(turn), "at": turn.at + shift * (turn.at > now)})
        for turn in sorted(first.turns, key=lambda turn: turn.at)
    ]
    later = Thread(**{**vars(second), "at": second.at + shift * (second.at > LATE + now)})
    other = Case([Thread(**{**vars(first), "turns": moved}), later], case.deletions, case.sightings)
    same_source = Case(case.threads, case.deletions, case.sightings)
    rows, after = (
        rows_of(c.run()).filter(pl.col("start_s") <= now).select(BY_START) for c in (same_source, other)
    )
    assert rows.equals(after)


def test_covariates_are_those_known_at_the_start() -> None:
    turns = [
        Turn("company", 600, acts=("ask",), agent="x"),
        Turn("ann", 900, "persists", hostility=3.0),
        Turn("bob", 1000, "persists"),
        Turn("company", 1200, acts=("defend",), agent="y"),
    ]
    rows = rows_of(Case([Thread("ann", LATE, turns)]).run())
    assert rows["start_s"].to_list() == [0, 600, 900, 1000, 1200]
    assert rows["answered"].to_list() == [False, True, True, True, True]
    assert rows["first_acts"].to_list() == [None, "ask", "ask", "ask", "ask"]
    assert rows["latest_acts"].to_list() == [None, "ask", "ask", "ask", "defend"]
    assert rows["asked_first"].to_list() == [None, True, True, True, True]
    assert rows["agents_so_far"].to_list() == [0, 1, 1, 1, 2]
    assert rows["hostility_last"].to_list() == [1, 1, 3, 3, 3]
    assert rows["against_so_far"].to_list() == [0, 0, 0, 1, 1]
    assert rows["replies_so_far"].to_list() == [0, 1, 2, 3, 4]
    assert rows["company_hostility_last"].to_list() == [None, 0, 0, 0, 1]


def test_own_complaint_is_no_load_of_its_own() -> None:
    turns = [Turn("company", 600), Turn("bob", 700), Turn("bob", 300)]
    case = Case([Thread("ann", LATE, turns), Thread("eve", LATE + 500)])
    assert rows_of(case.run())["load"].to_list() == [0, 0, 1, 1]


def test_a_hosts_deletion_is_known_from_the_look_that_missed_the_post() -> None:
    removal = {"post": "0.0", "kind": "host_removed", "by": LATE + 900, "after": LATE + 300}
    rows = rows_of(Case([Thread("ann", LATE)], deletions=[removal]).run())
    assert rows["start_s"].to_list() == [0, 900]
    assert rows["critic_deleted"].to_list() == [False, True]
    assert rows["deletion_lower_s"].to_list() == [None, 300]
    assert rows["deletion_upper_s"].to_list() == [None, 900]


def test_a_reply_taken_back_or_edited_is_known_from_then_on() -> None:
    looks = [
        {"post": "0.1", "at": LATE + 300, "text_hash": "0" * 20},
        {"post": "0.1", "at": LATE + 400, "text_hash": "1" * 20},
    ]
    gone = {"post": "0.1", "kind": "author_deleted", "by": LATE + 900, "exact": LATE + 800}
    case = Case([Thread("ann", LATE, [Turn("company", 60)])], deletions=[gone], sightings=looks)
    rows = rows_of(case.run())
    assert rows["start_s"].to_list() == [0, 60, 400, 800]
    assert rows["own_reply_edited"].to_list() == [False, False, True, True]
    assert rows["own_reply_deleted"].to_list() == [False, False, False, True]
    assert episode_of(case.run())["end"] == "horizon"


def test_likes_count_from_the_sighting_on() -> None:
    looks = [{"post": "0.0", "at": LATE + 300, "likes": 5}, {"post": "0.0", "at": LATE + 900, "likes": 7}]
    rows = rows_of(Case([Thread("ann", LATE)], sightings=looks).run())
    assert rows.select("start_s", "likes_so_far").rows() == [(0, None), (300, 5), (900, 7)]


def test_an_event_before_the_first_sighting_is_no_event_of_a_row() -> None:
    case = Case(
        [Thread("ann", LATE, [Turn("ann", 60, "escalates")])],
        sightings=[{"post": "0.0", "at": LATE + 3600}, {"post": "0.0", "at": LATE + 7200}],
        prospective=True,
    )
    outputs = case.run()
    assert episode_of(outputs)["escalated_s"] == 60
    assert not rows_of(outputs)["escalated"].any()


def test_a_follow_up_of_no_length_gets_one_second() -> None:
    rows = rows_of(Case([Thread("ann", LATE, until=0)]).run())
    assert rows.select("start_s", "stop_s").rows() == [(0, 1)]


@settings(max_examples=15, deadline=None)
@given(cases(), st.integers(0, 2**16))
def test_the_order_of_input_rows_does_not_matter(case: Case, seed: int) -> None:
    tables = case.tables()
    shuffled = {name: table.sample(fraction=1, shuffle=True, seed=seed) for name, table in tables.items()}
    nobody = Companies(companies=())
    straight = spells.run(**tables, analysis=ANALYSIS, companies=nobody)
    other = spells.run(**shuffled, analysis=ANALYSIS, companies=nobody)
    assert all(a.equals(b) for a, b in zip(straight, other, strict=True))
