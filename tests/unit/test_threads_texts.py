"""Signatures of agents and messages in parts."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from complaintlab.ids import Key
from complaintlab.threads.signatures import sign_off
from complaintlab.threads.splits import join_splits

KEY = Key(b"0" * 20)
START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def signed(texts: list[str], company: str = "acme") -> pl.DataFrame:
    return sign_off(pl.DataFrame({"row": range(len(texts)), "company": company, "text": texts}), KEY)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("We are on it. {}", "We are on it."),
        ("We are on it.{}", "We are on it."),
        ("We are on it {} https://t.co/abc", "We are on it https://t.co/abc"),
        ("First part {} 1/2", "First part 1/2"),
        ("Done! {}.", "Done!"),
    ],
)
@pytest.mark.parametrize("signature", ["^AB", "/JK", "-Ann", "- Ann", "*TR", "~Ann", "–Ann"])
def test_a_habitual_signature_is_taken_off(text: str, rest: str, signature: str) -> None:
    found = signed([text.format(signature)] * 5)
    assert found["text"].to_list() == [rest] * 5
    assert found["agent_id"].n_unique() == 1


def test_a_signature_at_the_start_is_taken_off_behind_the_handle() -> None:
    assert signed(["@someone ^AB We are on it"] * 5)["text"][0] == "@someone We are on it"


def test_what_a_company_seldom_does_is_no_signature() -> None:
    assert signed(["See Settings - General"] * 4).is_empty()
    assert signed(["See Settings - General"] * 5 + ["Nothing here"] * 200).is_empty()


@pytest.mark.parametrize(
    "text", ["Turn on Wi-Fi", "yes and/or No", "Many Thanks", "see https://t.co/ABC", "4/5"]
)
def test_hyphens_slashes_and_links_are_no_signatures(text: str) -> None:
    assert signed([text] * 20).is_empty()


def test_agents_differ_by_company_and_key_but_not_by_letter_case() -> None:
    texts = ["On it ^AB"] * 5 + ["On it ^ab"] * 5
    ours, theirs = signed(texts, "acme"), signed(texts, "other")
    assert ours["agent_id"].n_unique() == 1
    assert ours["agent_id"][0] != theirs["agent_id"][0]
    assert (
        sign_off(ours.select("row", text=pl.lit("On it ^AB"), company=pl.lit("acme")), Key(b"1"))["agent_id"][
            0
        ]
        != ours["agent_id"][0]
    )


Said = tuple[str, str | None, float, str]


def joined(*said: Said, thread: list[int] | None = None) -> dict[int, tuple[int, str]]:
    """Row → (first part, whole text), from (author, parent, minute, text); rows name posts p0, p1, …"""
    authors = {f"p{i}": author for i, (author, _, _, _) in enumerate(said)}
    frame = pl.DataFrame(
        {
            "row": list(range(len(said))),
            "thread": thread or [0] * len(said),
            "author_id": [s[0] for s in said],
            "parent_id": [s[1] for s in said],
            "parent_author": [authors.get(s[1] or "") for s in said],
            "created_at": [START + dt.timedelta(minutes=s[2]) for s in said],
            "text": [s[3] for s in said],
        },
        schema_overrides={"parent_id": pl.String, "parent_author": pl.String},
    )
    return {row: (first, text) for row, first, text in join_splits(frame).iter_rows()}


def test_two_parts_that_answer_the_same_post_are_one_message() -> None:
    found = joined(("a", "x", 0, "@you one (1/2)"), ("a", "x", 1, "@you two 2/2"))
    assert found == {0: (0, "@you one two"), 1: (0, "@you one two")}


def test_parts_that_answer_each_other_are_one_message_in_the_order_of_their_numbers() -> None:
    found = joined(("a", "x", 1, "one 1 of 3"), ("a", "p2", 1, "three 3 of 3"), ("a", "p0", 1, "two 2 of 3"))
    assert set(found.values()) == {(0, "one two three")}


def test_numbers_at_the_start_and_before_a_signature_count_too() -> None:
    found = joined(("a", "x", 0, "1/2 one"), ("a", "x", 0, "two 2/2 ^JK"))
    assert found[0] == (0, "one two ^JK")


def test_a_second_part_stamped_before_the_first_is_joined() -> None:
    assert joined(("a", "x", 1, "one 1/2"), ("a", "x", 0, "two 2/2"))[1] == (0, "one two")


def test_a_continued_message_takes_in_what_follows_and_goes_on() -> None:
    found = joined(("a", None, 0, "one …(cont)"), ("a", "p0", 2, "two (cont)"), ("a", "p1", 4, "three"))
    assert set(found.values()) == {(0, "one two three")}


@pytest.mark.parametrize(
    "second",
    [
        ("b", "x", 1, "two 2/2"),  # somebody else
        ("a", "x", 11, "two 2/2"),  # too late
        ("a", "y", 1, "two 2/2"),  # an answer to somebody else
        ("a", "x", 1, "two 2/3"),  # of another whole
        ("a", "x", 1, "open 24/7"),  # no part
    ],
)
def test_what_only_looks_like_a_second_part_is_left_alone(second: Said) -> None:
    assert joined(("a", "x", 0, "one 1/2"), second) == {}


def test_parts_are_not_joined_across_threads_nor_without_an_author() -> None:
    pair = (("a", "x", 0, "one 1/2"), ("a", "x", 1, "two 2/2"))
    assert joined(*pair, thread=[0, 1]) == {}
    assert joined(*[(None, *part[1:]) for part in pair]) == {}  # type: ignore[misc]
