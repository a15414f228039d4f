"""The stage as a whole: roles, turns and threads of small threads made by hand."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from threads_case import AS_OF, COMPLAINT, START, id_of, outputs, post, roles, seen, turn

from complaintlab.texts import text_hash


def test_everybody_has_a_role_toward_the_company() -> None:
    made = outputs(COMPLAINT)
    assert roles(made) == {"a": "critic", "b": "company", "c": "critic", "d": "bystander", "e": "unknown"}


def test_a_thread_says_when_it_was_opened_and_first_answered() -> None:
    thread = outputs(COMPLAINT).threads.row(0, named=True)
    assert (thread["critic_id"], thread["opener_id"]) == (id_of("eve"), id_of("a"))
    assert (thread["n_turns"], thread["n_people"], thread["n_company_turns"]) == (5, 2, 1)
    assert thread["first_reply_at"] == START + dt.timedelta(minutes=30)
    assert thread["first_reply_delay_minutes"] == 30.0
    assert thread["root_seen"]


def test_a_turn_knows_what_it_answers_how_late_and_in_which_hours() -> None:
    made = outputs(COMPLAINT)
    last = turn(made, "c")
    assert (last["answers_id"], last["delay_minutes"]) == (id_of("b"), 60.0)
    assert last["before_hash"] == turn(made, "b")["text_hash"] == text_hash("says b")
    assert (turn(made, "b")["business_hours"], last["business_hours"]) == (True, False)
    assert (last["position"], last["depth"]) == (4, 2)
    assert turn(made, "a")["before_hash"] is None


def test_a_thread_of_two_companies_has_a_row_for_each() -> None:
    made = outputs([post("a", "eve", addressed=["acme", "bolt"]), post("b", "BOLT", "a", 5)])
    assert roles(made, "acme") == {"a": "critic", "b": "unknown"}
    assert roles(made, "bolt") == {"a": "critic", "b": "company"}
    answered = dict(made.threads.select("company", "n_company_turns").iter_rows())
    assert answered == {"acme": 0, "bolt": 1}
    assert turn(made, "b", "bolt")["business_hours"] is None


def test_a_company_that_the_critic_names_later_is_concerned_one_that_a_bystander_names_is_not() -> None:
    made = outputs(
        [
            *COMPLAINT,
            post("f", "eve", "a", 99, addressed=["late"]),
            post("g", "bob", "a", 99, addressed=["no"]),
        ]
    )
    assert made.threads["company"].to_list() == ["acme", "late"]


def test_a_thread_that_concerns_no_company_has_no_turns() -> None:
    made = outputs([post("a", "eve", addressed=[]), post("b", "bob", "a", 1)])
    assert made.turns.is_empty()
    assert made.threads.is_empty()


def test_below_an_official_root_nobody_is_the_critic() -> None:
    made = outputs([post("a", "ACME"), post("b", "eve", "a", 1), post("c", "ACME", "b", 3)])
    assert roles(made) == {"a": "company", "b": "bystander", "c": "company"}
    thread = made.threads.row(0, named=True)
    assert thread["critic_id"] is None
    assert thread["n_company_turns"] == 1


def test_without_a_seen_root_nobody_can_be_told_a_critic_and_there_is_no_delay() -> None:
    made = outputs([post("b", "ACME", "x", 1), post("c", "eve", "b", 2)])
    assert roles(made) == {"b": "company", "c": "unknown"}
    thread = made.threads.row(0, named=True)
    assert (thread["root_seen"], thread["thread_id"], thread["opener_id"]) == (False, id_of("x"), id_of("b"))
    assert thread["first_reply_delay_minutes"] is None
    assert turn(made, "b")["parent_status"] == "unseen"


def test_a_reply_stamped_before_the_complaint_has_no_delay_and_no_text_before_it() -> None:
    made = outputs([post("a", "eve", minute=9), post("b", "ACME", "a", 1)])
    reply = turn(made, "b")
    assert (reply["delay_minutes"], reply["before_hash"], reply["answers_id"]) == (None, None, id_of("a"))
    assert made.threads["first_reply_delay_minutes"].to_list() == [None]


def test_a_split_reply_is_one_reply_signed_where_any_part_is() -> None:
    made = outputs(
        [
            post("a", "eve"),
            post("b", "ACME", "a", 5, text="Sorry. (1/2)"),
            post("c", "ACME", "a", 6, text="We call you. 2/2 ^AB"),
            post("d", "eve", "c", 9),
            *[post(f"r{i}", "ACME", f"q{i}", i, text="Hello ^AB") for i in range(4)],
        ]
    )
    first, later = turn(made, "b"), turn(made, "c")
    assert (first["text"], later["joined_into"]) == ("Sorry. We call you.", id_of("b"))
    assert first["agent_id"] == turn(made, "r0")["agent_id"] is not None
    assert turn(made, "d")["before_hash"] == first["text_hash"]
    thread = made.threads.filter(pl.col("thread_id") == id_of("a")).row(0, named=True)
    assert (thread["n_turns"], thread["n_company_turns"]) == (4, 1)


def test_follow_up_ends_with_the_archive_only_where_threads_are_complete() -> None:
    complete, sampled = (outputs(COMPLAINT, complete=c).threads.row(0, named=True) for c in (True, False))
    assert (complete["followed_until"], complete["cut"]) == (AS_OF, "no")
    assert (sampled["followed_until"], sampled["cut"]) == (START + dt.timedelta(minutes=90), "sampled")


def test_the_last_complete_look_at_any_of_its_posts_ends_the_follow_up() -> None:
    looks = [seen("a", 1), seen("b", 3), seen("c", 5, complete=False)]
    assert outputs(COMPLAINT, looks).threads["followed_until"].item() == START + dt.timedelta(days=3)


def test_a_cut_thread_is_not_followed_to_the_end_and_a_lock_is_dated() -> None:
    looks = [
        seen("a", 1, evidence="page_limit", complete=False),
        seen("b", 2, evidence="locked", complete=False),
    ]
    thread = outputs(COMPLAINT, looks).threads.row(0, named=True)
    assert (thread["cut"], thread["followed_until"]) == ("page_limit", START + dt.timedelta(minutes=90))
    assert thread["locked_at"] == START + dt.timedelta(days=2)


def test_nothing_in_gives_empty_tables() -> None:
    assert [table.height for table in outputs([])] == [0, 0, 0]


@st.composite
def crowds(draw: st.DrawFn) -> list[dict[str, Any]]:
    n = draw(st.integers(1, 10))
    names = st.none() | st.integers(0, n + 1).map(lambda i: f"p{i}x")
    authors = st.sampled_from([None, "eve", "bob", "ACME", "BOLT"])
    texts = st.sampled_from(["one 1/2", "two 2/2", "more (cont)", "plain ^AB"])
    return [
        post(
            f"p{i}x",
            draw(authors),
            draw(names),
            draw(st.integers(0, 9)),
            text=draw(texts),
            addressed=["acme"],
        )
        for i in range(n)
    ]


@settings(max_examples=60, deadline=None)
@given(crowds(), st.integers(0, 2**32))
def test_the_order_of_rows_says_nothing_and_no_post_is_lost(posts: list[dict[str, Any]], seed: int) -> None:
    shuffled = random.Random(seed).sample(posts, len(posts))
    made, again = outputs(posts), outputs(shuffled)
    for one, other in zip(made, again, strict=True):
        assert one.equals(other)
    assert made.turns["post_id"].n_unique() <= len(posts)
    per_thread = made.turns.group_by("thread_id", "company").agg(
        n=pl.len(), places=pl.col("position").n_unique()
    )
    checked = made.threads.join(per_thread, on=["thread_id", "company"])
    assert checked.height == made.threads.height
    assert checked.filter((pl.col("n") != pl.col("n_turns")) | (pl.col("n") != pl.col("places"))).is_empty()
    assert made.turns.group_by("post_id").agg(pl.col("thread_id").n_unique())["thread_id"].eq(1).all()
