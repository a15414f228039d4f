"""Records of each source's shape, emptied in place; and names inside other people's words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from complaintlab.ids import study_key
from complaintlab.rights.forget import forget
from complaintlab.rights.named import FORGOTTEN
from complaintlab.rights.records import Cleaner
from complaintlab.rights.target import Target
from complaintlab.sources.contract import Query
from rights_study import DAY, collected, everything
from stubs.crawling import crawled, plan
from stubs.server import Asked, Reply, as_json, serving
from stubs.sky import PASSWORD, Sky

LOGIN = {"COMPLAINTLAB_BLUESKY_HANDLE": "ann.example.com", "COMPLAINTLAB_BLUESKY_PASSWORD": PASSWORD}


def cleaner(*names: str, posts: tuple[str, ...] = ()) -> Cleaner:
    return Cleaner(Target("reddit", names, posts, dict.fromkeys(posts, "t1_xnew"), (), (), (), (), ()))


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("thanks @Bo_B!", f"thanks @{FORGOTTEN}!"),
        ("see /u/bo_b and u/bo_b", f"see /u/{FORGOTTEN} and u/{FORGOTTEN}"),
        ('<aside data-username="bo_b">', f'<aside data-username="{FORGOTTEN}">'),
        ("bo_b", FORGOTTEN),
        ("@bo_bby is somebody else", "@bo_bby is somebody else"),
        ("no limbo_b here", "no limbo_b here"),
    ],
)
def test_names_in_words(written: str, left: str) -> None:
    assert cleaner("bo_b").text(written) == left


def test_a_common_word_as_a_handle_leaves_prose_alone() -> None:
    assert cleaner("help").text("please help me, @help") == f"please help me, @{FORGOTTEN}"


def test_an_answer_without_them_keeps_its_bytes() -> None:
    body = b'{"a" :  [1, "x"]}'
    assert cleaner("bo").body(body, "") is body
    assert cleaner("bo").body(b"<html>@bo</html>", "") == b""


def test_a_record_keeps_its_replies() -> None:
    record = {
        "kind": "t1",
        "data": {
            "author": "bo", "author_fullname": "t2_77", "body": "secret", "id": "abc", "link_id": "t3_p",
            "parent_id": "t3_p", "permalink": "/r/acme/abc", "created_utc": 5, "score": 3,
            "replies": {"data": {"children": [
                {"kind": "t1", "data": {"author": "cy", "body": "me too", "id": "abd", "parent_id": "t1_abc"}}
            ]}},
        },
    }  # fmt: skip
    left = cleaner("bo", posts=("t1_abc",)).clean(record)
    assert left["data"] == {
        "author": FORGOTTEN, "author_fullname": "", "body": "", "id": "xnew", "link_id": "t3_p",
        "parent_id": "t3_p", "permalink": "", "created_utc": 5, "score": 3,
        "replies": {"data": {"children": [
            {"kind": "t1", "data": {"author": "cy", "body": "me too", "id": "abd", "parent_id": "t1_xnew"}}
        ]}},
    }  # fmt: skip


def test_bluesky_forgets_the_did_behind_a_handle(tmp_path: Path) -> None:
    sky = Sky()
    root = sky.say("acme", "New phones at #acme")
    angry = sky.say("bo", "My zebra phone broke, acme", root)
    sky.say("cy", "Mine too @bo.example.com", angry)
    sky.say("di", "acme are crooks", angry)
    with serving(sky.answer) as server:
        of = plan("bluesky", server.address, query=Query(words=("acme",)))
        assert crawled(of, tmp_path, environment=LOGIN).finished
    posts, sightings = collected(tmp_path, "bluesky")
    forget(tmp_path, "bluesky", author="bo.example.com", today=DAY)
    left = everything(tmp_path)
    for trace in ("did:plc:bo", "bo.example.com", "zebra", "post/002"):
        assert trace not in left, trace
    gone = study_key("bluesky", tmp_path).pseudonym("post", angry)
    again, seen = collected(tmp_path, "bluesky")
    assert sorted(again["text"]) == sorted(posts["text"].filter(posts["post_id"] != gone))
    assert set(again["post_id"]) == set(posts["post_id"]) - {gone}
    assert set(seen["post_id"]) == set(sightings["post_id"]) - {gone}
    assert set(seen["status"]) == {"present"}


def test_reddit_forgets_a_comment_and_its_id(tmp_path: Path) -> None:
    def comment(name: str, author: str, parent: str) -> dict[str, object]:
        return {
            "author": author, "body": f"words of {name}", "created_utc": 1_706_745_600, "id": name,
            "link_id": "t3_p1", "parent_id": parent, "retrieved_on": 1_706_745_700, "score": 1,
            "subreddit": "acme",
        }  # fmt: skip

    opener = {
        key: value for key, value in comment("p1", "ann", "").items() if key[-3:] != "_id" and key != "body"
    }
    opener |= {"title": "Broken", "selftext": "Who helps?"}
    tree = [comment("c1zzzz", "bob", "t3_p1"), comment("c2zzzz", "cyd", "t1_c1zzzz")]

    def answer(asked: Asked) -> Reply:
        if asked.path == "/api/posts/search":
            return as_json({"data": [] if "before" in dict(asked.params) else [opener]})
        return as_json({"data": [opener] if asked.path == "/api/posts/ids" else tree})

    with serving(answer) as server:
        of = plan("reddit", server.address, query=Query(communities=("acme",)))
        assert crawled(of, tmp_path).finished
    assert collected(tmp_path, "reddit")[0].height == 3
    forget(tmp_path, "reddit", post="t1_c1zzzz", today=DAY)
    left = everything(tmp_path)
    assert "bob" not in left
    assert "c1zzzz" not in left
    posts = collected(tmp_path, "reddit")[0]
    assert sorted(posts["text"]) == ["Broken\n\nWho helps?", "words of c2zzzz"]
    assert json.loads((next((tmp_path / "data/raw/reddit").iterdir()) / "crawl.json").read_text())
