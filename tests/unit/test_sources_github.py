"""Source `github`: who deleted a comment and when, what is minimised, and what webhooks told."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from complaintlab.collect.normalise import Outputs
from complaintlab.sources.contract import Answer, Query, Source
from complaintlab.sources.github import GitHub
from complaintlab.sources.github_deletions import deleted, marked
from complaintlab.threads.deletions import disappearances
from stubs import four
from stubs.four import gone, saved, tables
from stubs.hub import TOKEN, Hub
from stubs.server import START

WHEN = START + dt.timedelta(minutes=20)
PAYLOADS = "data/fixtures/github_webhooks/payload-examples/api.github.com"
posts_questions = pytest.mark.skipif(not hasattr(Source, "body"), reason="the client does not post questions")


def looked_twice(hub: Hub, tmp_path: Path, act: Callable[[], object] = lambda: None) -> Outputs:
    token = {"COMPLAINTLAB_GITHUB_TOKEN": TOKEN}
    return four.looked_twice("github", hub.answer, Query(communities=("acme/widget",)), tmp_path, act, token)


def issue() -> tuple[Hub, tuple[str, int], dict[str, str]]:
    hub = Hub()
    key = hub.open("issue", "bo", "It broke")
    said = {who: hub.comment(key, who, f"{who} speaks") for who in ("staff1", "cy", "di", "ed")}
    return hub, key, said


def event(name: str, author: str, by: str, minute: int) -> dict[str, Any]:
    return {
        "__typename": "CommentDeletedEvent", "id": name, "createdAt": f"2024-03-01T12:{minute:02}:00Z",
        "actor": {"login": by}, "deletedCommentAuthor": {"login": author},
    }  # fmt: skip


def test_an_event_finds_the_comment_that_it_speaks_of() -> None:
    events = [event("e1", "bo", "staff", 1), event("e2", "cy", "cy", 2)]
    found = deleted([marked("n1", "bo"), marked("n2", "cy"), marked("n3", "di")], events)
    said = [
        (one.post_id.partition("~")[0], one.actor, one.happened_at and one.happened_at[14:16])
        for one in found
    ]
    assert said == [("n1", "host", "01"), ("n2", "author", "02"), ("n3", None, None)]


def test_where_several_events_fit_only_what_they_agree_on_is_said() -> None:
    agreed = deleted([marked("n1", "bo")], [event("e1", "bo", "staff", 1), event("e2", "bo", "staff", 2)])
    assert [(one.post_id[:2], one.actor, one.happened_at is None) for one in agreed] == [
        ("n1", "host", True), ("e1", "host", False),
    ]  # fmt: skip
    split = deleted([marked("n1", "bo")], [event("e1", "bo", "staff", 1), event("e2", "bo", "bo", 2)])
    assert split[0].actor == "unknown", "nobody is named without evidence"


def test_a_token_comes_from_the_environment_only() -> None:
    def send(path: str, value: object) -> None:
        raise AssertionError("no session is opened")

    assert GitHub().authorise({}, send) == {}
    assert GitHub().authorise({"GITHUB_TOKEN": TOKEN}, send) == {"Authorization": f"Bearer {TOKEN}"}


def test_search_goes_on_behind_a_thousand_hits() -> None:
    request = GitHub().discover(Query(("broken",), until=START))[0]
    hits = [{"number": n, "createdAt": f"2024-02-0{n}T00:00:00Z", "repository": {"nameWithOwner": "a/b"}}
            for n in (3, 2)]  # fmt: skip
    page = {"issueCount": 4_000, "discussionCount": 0, "pageInfo": {"hasNextPage": False}, "nodes": hits}
    body = json.dumps({"data": {"search": page}}).encode()
    found = GitHub().follow(Answer(request, 200, body, START))
    assert list(found.threads) == ["a/b/issues/3", "a/b/issues/2"]
    asked = dict(found.requests[0].params)["q"]
    assert asked == "broken is:issue created:2008-01-01..2024-02-02T00:00:00Z sort:created-desc"


def test_an_error_of_the_api_is_no_answer_and_so_asked_again() -> None:
    body = json.dumps({"data": None, "errors": [{"type": "RATE_LIMITED"}]}).encode()
    with pytest.raises(ValueError, match="RATE_LIMITED"):
        GitHub().follow(Answer(GitHub().ask("a/b/issues/1")[0], 200, body, START))


def test_questions_carry_variables_of_their_types() -> None:
    source = GitHub()
    asked = source.body(source.ask("acme/widget/issues/12")[0])
    assert asked["variables"] == {"owner": "acme", "name": "widget", "number": 12}
    nodes = source.body(source.verify("acme/widget/issues/12", [marked("N_1", "bo")])[0])
    assert nodes["variables"] == {"ids": ["N_1"]}
    for question in (asked["query"], nodes["query"]):
        assert question.count("{") == question.count("}")


@pytest.mark.parametrize("name", ["created", "edited", "deleted"])
@pytest.mark.parametrize("kind", ["issue_comment", "discussion_comment"])
def test_recorded_webhooks(kind: str, name: str, shared: Path, tmp_path: Path) -> None:
    told = json.loads((shared / PAYLOADS / kind / f"{name}.payload.json").read_text())
    outputs = tables("github", saved(tmp_path / "raw", told), tmp_path)
    opener, comment = told.get("issue") or told["discussion"], told["comment"]
    posts = {row["native_id"].partition("~")[0]: row for row in outputs.posts.to_dicts()}
    where = f"{told['repository']['full_name']}/{'issues' if 'issue' in told else 'discussions'}"
    root = f"{where}/{opener['number']}"
    assert set(posts) == {root, comment["node_id"]}
    assert posts[comment["node_id"]]["is_host"] == (comment["author_association"] in ("OWNER", "MEMBER"))
    assert posts[comment["node_id"]]["created_at"] == dt.datetime.fromisoformat(comment["created_at"])
    assert (posts[comment["node_id"]]["edited_at"] is not None) == (name == "edited")
    kinds = disappearances(outputs.sightings).select("kind", "evidence").rows()
    assert kinds == ([("author_deleted", "webhook")] if name == "deleted" else [])


@pytest.mark.parametrize(("by", "kind"), [("staff1", "host_removed"), ("cy", "author_deleted")])
@posts_questions
def test_a_deletion_is_exact_and_attributed(by: str, kind: str, tmp_path: Path) -> None:
    hub, key, said = issue()
    outputs = looked_twice(hub, tmp_path, lambda: hub.delete(key, said["cy"], by, WHEN))
    actor = {"host_removed": "host", "author_deleted": "author"}[kind]
    assert gone(outputs) == {marked(said["cy"], "cy"): (kind, actor, "CommentDeletedEvent")}
    assert disappearances(outputs.sightings).select("exact_at", "confidence").rows() == [(WHEN, 1.0)]
    dropped = outputs.posts.filter(pl.col("native_id") == marked(said["cy"], "cy"))["text"].item() == ""
    assert dropped == (kind == "author_deleted")


@posts_questions
def test_what_was_gone_before_the_first_look_is_known_by_its_event(tmp_path: Path) -> None:
    hub, key, said = issue()
    hub.delete(key, said["cy"], "staff1", START - dt.timedelta(hours=5))
    outputs = looked_twice(hub, tmp_path)
    assert [kind for kind, *_ in gone(outputs).values()] == ["host_removed"]
    assert outputs.posts.height == 4


@posts_questions
def test_posts_as_they_are_meant_and_what_is_minimised(tmp_path: Path) -> None:
    hub, key, said = issue()

    def act() -> None:
        hub.item(key, said["di"]).update(isMinimized=True, minimizedReason="off-topic")
        hub.item(key, said["ed"]).update(lastEditedAt=WHEN.isoformat(), body="changed")

    outputs = looked_twice(hub, tmp_path, act)
    posts = {row["native_id"].partition("~")[0]: row for row in outputs.posts.to_dicts()}
    assert posts["acme/widget/issues/1"]["text"] == "It broke\n\nWho helps?"
    assert (posts[said["staff1"]]["company"], posts[said["staff1"]]["is_host"]) == ("Acme", True)
    assert posts[said["cy"]]["company"] is None
    assert (posts[said["ed"]]["text"], posts[said["ed"]]["edited_at"]) == ("changed", WHEN)
    assert gone(outputs) == {marked(said["di"], "di"): ("host_hidden", "host", "minimized: off-topic")}
    assert outputs.sightings["likes"].drop_nulls().unique().to_list() == [4]


@posts_questions
def test_discussions_with_replies_over_pages(tmp_path: Path) -> None:
    hub = Hub()
    key = hub.open("discussion", "bo", "It broke")
    tops = [hub.comment(key, f"p{n}", "top") for n in range(5)]
    replies = [hub.comment(key, f"q{n}", "below", tops[1]) for n in range(8)]
    at = WHEN.isoformat()
    outputs = looked_twice(hub, tmp_path, lambda: hub.item(key, tops[3]).update(deletedAt=at, body=""))
    posts = {row["native_id"].partition("~")[0]: row for row in outputs.posts.to_dicts()}
    assert set(posts) == {"acme/widget/discussions/1", *tops, *replies}
    assert posts[replies[7]]["parent_id"] == posts[tops[1]]["post_id"]
    assert gone(outputs) == {marked(tops[3], "p3"): ("vanished_unknown", "unknown", "deletedAt")}
    assert disappearances(outputs.sightings)["exact_at"].to_list() == [WHEN]


@pytest.mark.parametrize("private", [True, False])
@posts_questions
def test_a_repository_that_closes_its_doors_deletes_nothing(private: bool, tmp_path: Path) -> None:
    hub, _, _ = issue()

    def act() -> None:
        hub.is_private = private
        hub.threads = hub.threads if private else {}

    outputs = looked_twice(hub, tmp_path, act)
    kinds = {kind for kind, *_ in gone(outputs).values()}
    assert kinds == (set() if private else {"vanished_unknown"})


@posts_questions
def test_a_locked_issue_says_since_when(tmp_path: Path) -> None:
    hub, key, _ = issue()
    hub.threads[key]["locked"] = True
    hub.threads[key]["items"].append({"__typename": "LockedEvent", "createdAt": WHEN.isoformat()})
    sightings = looked_twice(hub, tmp_path).sightings
    assert sightings.filter(pl.col("evidence") == "locked")["happened_at"].unique().to_list() == [WHEN]
