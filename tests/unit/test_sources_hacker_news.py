"""Source `hacker_news`: the index's tree, the site's word on what is gone, and search sliced by time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from complaintlab.collect.normalise import Outputs
from complaintlab.sources.contract import Query
from complaintlab.sources.hacker_news import HackerNews
from stubs import four
from stubs.four import gone, saved, tables
from stubs.hacker import Hacker
from stubs.server import Asked, Reply

WORDS = Query(words=("acme",))


@pytest.fixture(autouse=True)
def _one_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stub answers for both hosts."""
    monkeypatch.setattr(HackerNews, "facts", "")


def story() -> tuple[Hacker, dict[str, str]]:
    site, said = Hacker(), dict[str, str]()
    said["root"] = site.say("bo", "It &amp; I.<p>Broke.", title="Ask HN: acme?")
    said["reply"] = site.say("acme_help", "<p>Sorry!", said["root"])
    said["angry"] = site.say("cy", "Mine too", said["reply"])
    said["below"] = site.say("di", "And mine", said["angry"])
    return site, said


def looked_twice(site: Hacker, tmp_path: Path, act: Callable[[], object] = lambda: None) -> Outputs:
    return four.looked_twice("hacker_news", site.answer, WORDS, tmp_path, act)


def test_posts_as_they_are_meant(tmp_path: Path) -> None:
    site, said = story()
    outputs = looked_twice(site, tmp_path)
    posts = {row["native_id"]: row for row in outputs.posts.to_dicts()}
    assert set(posts) == set(said.values())
    assert posts[said["root"]]["text"] == "Ask HN: acme?\n\nIt & I.\nBroke."
    assert posts[said["below"]]["parent_id"] == posts[said["angry"]]["post_id"]
    assert posts[said["reply"]]["company"] == "Acme"
    assert outputs.sightings["likes"].drop_nulls().unique().to_list() == [7]
    assert outputs.sightings["complete"].all()
    assert gone(outputs) == {}


@pytest.mark.parametrize("leaf", [False, True])
def test_deleted_is_its_authors_doing_and_its_words_are_dropped(leaf: bool, tmp_path: Path) -> None:
    site, said = story()
    native = said["below" if leaf else "angry"]

    def act() -> None:
        site.delete(native)
        site.dropped |= {int(native)} if leaf else set()

    outputs = looked_twice(site, tmp_path, act)
    assert gone(outputs) == {native: ("author_deleted", "author", "deleted")}
    assert outputs.posts.filter(pl.col("native_id") == native)["text"].item() == ""


def test_dead_is_the_sites_doing_and_no_companys(tmp_path: Path) -> None:
    site, said = story()
    outputs = looked_twice(site, tmp_path, lambda: site.items[int(said["angry"])].update(dead=True))
    assert gone(outputs) == {said["angry"]: ("platform_removed", "platform", "dead")}
    assert outputs.posts.filter(pl.col("native_id") == said["angry"])["text"].item() == "Mine too"


def test_a_story_that_is_deleted_takes_no_comment_with_it(tmp_path: Path) -> None:
    site, said = story()
    outputs = looked_twice(site, tmp_path, lambda: site.delete(said["root"]))
    assert gone(outputs) == {said["root"]: ("author_deleted", "author", "deleted")}


def test_a_story_that_the_index_lost_is_no_deletion(tmp_path: Path) -> None:
    site, said = story()
    lost = False

    def answer(asked: Asked) -> Reply:
        return Reply(404, b"{}") if lost and "/items/" in asked.path else site.answer(asked)

    def act() -> None:
        nonlocal lost
        lost = True

    outputs = four.looked_twice("hacker_news", answer, WORDS, tmp_path, act)
    assert gone(outputs) == {}
    assert outputs.posts.height == len(said)


def test_search_is_sliced_where_a_query_has_too_many_hits(tmp_path: Path) -> None:
    site = Hacker(hits=4)
    roots = {site.say("bo", "x", title=f"acme {n}") for n in range(15)}
    site.items[105]["time"] = site.items[106]["time"]
    assert set(looked_twice(site, tmp_path).posts["native_id"]) == roots


def test_a_tree_from_a_file(tmp_path: Path) -> None:
    site, said = story()
    site.delete(said["angry"])
    outputs = tables("hacker_news", saved(tmp_path / "raw", site.tree(site.items[100])), tmp_path)
    assert outputs.posts.height == 3
    assert gone(outputs) == {}, "why its words are missing was not asked"
