"""Deletions: what counts as evidence, of which kind, and between which looks."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from threads_case import COMPLAINT, START, id_of, outputs, post, seen, turn


def test_a_missing_parent_is_deleted_only_with_evidence() -> None:
    posts = [post("b", "eve", "x", 1), post("c", "eve", "y", 2), post("d", "eve", "z", 3)]
    looks = [
        seen("x", 1, "absent"),
        seen("y", 1, "absent", complete=False),
        seen("z", 1, "unreachable"),
    ]
    made = outputs([row | {"addressed": ["acme"]} for row in posts], looks)
    assert {n: turn(made, n)["parent_status"] for n in "bcd"} == {
        "b": "deleted",
        "c": "unseen",
        "d": "unseen",
    }
    gone = made.deletions.row(0, named=True)
    assert (gone["post_id"], gone["thread_id"], gone["role"]) == (id_of("x"), id_of("x"), "unknown")


@pytest.mark.parametrize(
    ("look", "kind", "confidence"),
    [
        ({"status": "hidden", "actor": "host"}, "host_hidden", 0.9),
        ({"status": "absent", "actor": "host"}, "host_removed", 0.9),
        ({"status": "absent", "actor": "author"}, "author_deleted", 0.9),
        ({"status": "absent", "actor": "author", "happened_at": START}, "author_deleted", 1.0),
        ({"status": "absent", "actor": "platform", "complete": False}, "platform_removed", 0.9),
        ({"status": "absent", "evidence": "account_gone"}, "account_gone", 0.9),
        ({"status": "absent"}, "vanished_unknown", 0.5),
        ({"status": "absent", "actor": "unknown"}, "vanished_unknown", 0.5),
        ({"status": "absent", "happened_at": START, "complete": False}, "vanished_unknown", 0.8),
        ({"status": "hidden"}, "vanished_unknown", 0.5),
    ],
)
def test_a_deletion_is_of_the_kind_that_its_evidence_names(
    look: dict[str, Any], kind: str, confidence: float
) -> None:
    made = outputs(COMPLAINT, [seen("c", 1), seen("c", 2, **look)])
    gone = made.deletions.row(0, named=True)
    assert (gone["kind"], gone["confidence"], gone["role"]) == (kind, confidence, "critic")
    assert gone["last_present_at"] == START + dt.timedelta(days=1)
    assert gone["first_absent_at"] == START + dt.timedelta(days=2)


@pytest.mark.parametrize("look", [{"status": "absent", "complete": False}, {"status": "unreachable"}])
def test_a_cut_answer_or_a_failed_look_is_no_deletion(look: dict[str, Any]) -> None:
    assert outputs(COMPLAINT, [seen("c", 1), seen("c", 2, **look)]).deletions.is_empty()


def test_a_post_that_comes_back_and_goes_again_has_two_disappearances() -> None:
    looks = [
        seen("c", 1),
        seen("c", 2, "absent"),
        seen("c", 3, "absent"),
        seen("c", 4),
        seen("c", 5, "absent"),
    ]
    gone = outputs(COMPLAINT, looks).deletions
    day = [START + dt.timedelta(days=d) for d in range(6)]
    assert gone["ordinal"].to_list() == [1, 2]
    assert gone["last_present_at"].to_list() == [day[1], day[4]]
    assert gone["first_absent_at"].to_list() == [day[2], day[5]]
    assert gone["restored_at"].to_list() == [day[4], None]
    assert gone["confidence"].to_list() == [0.8, 0.5]


def test_hidden_by_the_host_and_then_deleted_by_the_author_are_two() -> None:
    looks = [seen("c", 1), seen("c", 2, "hidden", actor="host"), seen("c", 3, "absent", actor="author")]
    gone = outputs(COMPLAINT, looks).deletions
    assert gone["kind"].to_list() == ["host_hidden", "author_deleted"]
    assert gone["last_present_at"].to_list() == [START + dt.timedelta(days=d) for d in (1, 2)]
    assert gone["restored_at"].to_list() == [None, None]
