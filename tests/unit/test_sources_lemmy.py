"""Source `lemmy`: what the moderators' log says of a removal, what an author took back, and what is cut."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from complaintlab.collect.normalise import Outputs
from complaintlab.sources.contract import Query
from complaintlab.threads.deletions import disappearances
from stubs import four
from stubs.four import gone, saved, tables
from stubs.lemmings import Lemmings
from stubs.server import START, Asked, Reply, as_json

WHEN = START + dt.timedelta(minutes=20)
HELP = Query(communities=("acmehelp",))


def community() -> Lemmings:
    """Post 1 with comments 1 to 3, each below the last."""
    site = Lemmings()
    site.post("bo", "It broke", "Who helps?")
    site.comment("acme", "Sorry!", 1)
    site.comment("cy", "Mine too", 1, 1)
    site.comment("di", "And mine", 1, 2)
    return site


def looked_twice(site: Lemmings, tmp_path: Path, act: Callable[[], object] = lambda: None) -> Outputs:
    return four.looked_twice("lemmy", site.answer, HELP, tmp_path, act)


def test_posts_as_they_are_meant(tmp_path: Path) -> None:
    site = community()
    site.comments[3]["comment"]["updated"] = WHEN.isoformat()
    outputs = looked_twice(site, tmp_path)
    posts = {row["native_id"]: row for row in outputs.posts.to_dicts()}
    assert set(posts) == {"post/1", "comment/1", "comment/2", "comment/3"}
    assert posts["post/1"]["text"] == "It broke\n\nWho helps?"
    assert posts["comment/1"]["parent_id"] == posts["post/1"]["post_id"]
    assert posts["comment/2"]["parent_id"] == posts["comment/1"]["post_id"]
    assert posts["comment/3"]["edited_at"] == WHEN
    assert [posts[name]["company"] for name in ("post/1", "comment/1")] == [None, "Acme"]
    assert posts["post/1"]["addressed"] == ["Acme"], "in the community that the company runs"
    assert outputs.sightings["likes"].unique().to_list() == [3]
    assert gone(outputs) == {}


@pytest.mark.parametrize("listed", [True, False])
def test_the_log_says_who_removed_a_comment_and_when(listed: bool, tmp_path: Path) -> None:
    site = community()

    def act() -> None:
        site.remove("comment", 2, "rule 1, said @bo", WHEN.isoformat())
        site.unlisted |= set() if listed else {2}

    outputs = looked_twice(site, tmp_path, act)
    assert gone(outputs) == {"comment/2": ("host_removed", "host", "modlog, with a reason")}
    assert disappearances(outputs.sightings).select("exact_at", "confidence").rows() == [(WHEN, 1.0)]
    assert outputs.posts.filter(pl.col("native_id") == "comment/2")["text"].item() == "Mine too"


def test_a_post_that_is_removed_is_only_known_to_the_log(tmp_path: Path) -> None:
    site = community()
    outputs = looked_twice(site, tmp_path, lambda: site.remove("post", 1, None, WHEN.isoformat()))
    assert gone(outputs) == {"post/1": ("host_removed", "host", "modlog, without a reason")}


def test_who_moderates_and_removes_his_own_words_is_their_author(tmp_path: Path) -> None:
    site = community()
    outputs = looked_twice(site, tmp_path, lambda: site.remove("comment", 1, None, WHEN.isoformat()))
    assert gone(outputs)["comment/1"][:2] == ("author_deleted", "author")


def test_a_removal_without_an_entry_is_the_moderators_and_undated(tmp_path: Path) -> None:
    site = community()
    outputs = looked_twice(site, tmp_path, lambda: site.comments[2]["comment"].update(removed=True))
    assert gone(outputs) == {"comment/2": ("host_removed", "host", "removed")}
    assert disappearances(outputs.sightings)["exact_at"].null_count() == 1


@pytest.mark.parametrize(("left", "kind"), [(False, "author_deleted"), (True, "account_gone")])
def test_deleted_is_its_authors_doing(left: bool, kind: str, tmp_path: Path) -> None:
    site = community()

    def act() -> None:
        site.comments[2]["comment"]["deleted"] = True
        site.comments[2]["creator"]["deleted"] = left

    outputs = looked_twice(site, tmp_path, act)
    assert gone(outputs)["comment/2"][0] == kind
    assert outputs.posts.filter(pl.col("native_id") == "comment/2")["text"].item() == ""


def test_what_is_purged_is_gone_by_nobody_named(tmp_path: Path) -> None:
    site = community()
    outputs = looked_twice(site, tmp_path, lambda: site.comments.pop(3))
    assert gone(outputs) == {"comment/3": ("vanished_unknown", "unknown", "couldnt_find_comment")}


def test_a_server_that_closes_its_doors_deletes_nothing(tmp_path: Path) -> None:
    site, closed = community(), False

    def answer(asked: Asked) -> Reply:
        if closed and asked.path != "/api/v3/post/list":
            return as_json({"error": "instance_is_private"}, 400)
        return site.answer(asked)

    def act() -> None:
        nonlocal closed
        closed = True

    outputs = four.looked_twice("lemmy", answer, HELP, tmp_path, act)
    assert gone(outputs) == {}
    assert "private" in outputs.sightings["evidence"].to_list()


def test_long_threads_and_many_posts_are_read_whole(tmp_path: Path) -> None:
    site = community()
    for number in range(120):
        site.comment("ed", f"{number}", 1)
    for number in range(60):
        site.post("fi", f"{number}", "")
    outputs = looked_twice(site, tmp_path)
    assert outputs.posts.height == 4 + 120 + 60
    assert outputs.sightings["complete"].all()


def test_a_locked_post_says_since_when(tmp_path: Path) -> None:
    site = community()
    site.posts[1]["post"]["locked"] = True
    done = {"post_id": 1, "locked": True, "when_": WHEN.isoformat()}
    site.log["locked_posts"].append({"mod_lock_post": done, "post": site.posts[1]["post"]})
    sightings = looked_twice(site, tmp_path).sightings
    locked = sightings.filter(pl.col("evidence") == "locked")
    assert locked["happened_at"].unique().to_list() == [WHEN]


def test_search_finds_comments_and_answers_from_a_file_are_read(tmp_path: Path) -> None:
    site = community()
    found = four.looked_twice("lemmy", site.answer, Query(words=("And mine",)), tmp_path / "a", lambda: None)
    assert found.posts.height == 4
    site.remove("comment", 2, None, WHEN.isoformat())
    raw = {"post": {"post_view": site.posts[1]}, "comments": {"comments": list(site.comments.values())},
           "modlog": site.log}  # fmt: skip
    outputs = tables("lemmy", saved(tmp_path / "raw", raw), tmp_path)
    assert gone(outputs) == {"comment/2": ("host_removed", "host", "modlog, without a reason")}
