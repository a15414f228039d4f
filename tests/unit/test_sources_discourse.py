"""Source `discourse`: topics from raw answers, what is missing from them, and a forum crawled end to end."""

from __future__ import annotations

import datetime as dt
import json
import tarfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from complaintlab.collect.normalise import Outputs
from complaintlab.sources.html import to_text
from complaintlab.tables import TABLES
from complaintlab.threads.deletions import disappearances
from stubs.crawling import collect_raw, crawled, plan
from stubs.forum import CHUNK, Forum, made_topic
from stubs.server import START, FakeClock, serving

OPENED = START - dt.timedelta(days=3)


def save(topic: dict[str, Any], folder: Path) -> Path:
    """A topic with all its posts, as a raw answer."""
    folder.mkdir(exist_ok=True)
    stream = topic["post_stream"]
    stream["stream"] = [post["id"] for post in stream["posts"]]
    (folder / f"topic.{topic['id']}.json").write_text(json.dumps(topic))
    return folder


def looks(outputs: Outputs) -> dict[str, dict[str, Any]]:
    """Last sighting of each post that is in posts, by native id."""
    ids = outputs.posts.select("post_id", "native_id")
    joined = outputs.sightings.sort("seen_at").join(ids, on="post_id", how="left")
    return {row["native_id"]: row for row in joined.to_dicts()}


def test_posts_as_they_are_meant(tmp_path: Path) -> None:
    outputs = collect_raw("discourse", save(made_topic(7, 3, OPENED), tmp_path / "raw"), tmp_path)
    posts = {row["native_id"]: row for row in outputs.posts.to_dicts()}
    assert posts["7/1"]["text"] == "Topic 7 does not work\n\nWords 1 of topic 7"
    assert posts["7/1"]["parent_id"] is None
    assert posts["7/3"]["parent_id"] == posts["7/2"]["post_id"]
    assert {row["root_hint"] for row in posts.values()} == {posts["7/1"]["post_id"]}
    assert [posts[f"7/{n}"]["is_host"] for n in (1, 2, 3)] == [False, True, False]
    assert looks(outputs)["7/3"]["likes"] == 3
    for name in outputs._fields:
        TABLES[name].validate(getattr(outputs, name))


def test_a_gap_in_the_numbers_is_a_deletion_by_nobody_named(tmp_path: Path) -> None:
    topic = made_topic(7, 5, OPENED)
    del topic["post_stream"]["posts"][2]
    outputs = collect_raw("discourse", save(topic, tmp_path / "raw"), tmp_path)
    gone = disappearances(outputs.sightings)
    assert gone.select("kind", "actor", "evidence").rows() == [
        ("vanished_unknown", "unknown", "gap in post_number")
    ]
    answer = outputs.posts.filter(pl.col("native_id") == "7/4")
    assert answer["parent_id"].item() == gone["post_id"].item()


def test_posts_that_were_moved_are_no_deletions(tmp_path: Path) -> None:
    topic = made_topic(7, 6, OPENED)
    posts = topic["post_stream"]["posts"]
    posts[3] |= {"post_type": 3, "action_code": "split_topic"}
    del posts[4], posts[1]
    outputs = collect_raw("discourse", save(topic, tmp_path / "raw"), tmp_path)
    assert disappearances(outputs.sightings).height == 1, (
        "number 2 lies before the notice, number 5 behind it"
    )
    assert outputs.posts["native_id"].sort().to_list() == ["7/1", "7/3", "7/6"], "a notice is no post"


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"user_deleted": True}, "author_deleted"),
        ({"deleted_at": "2024-02-29T10:00:00Z", "deleted_by": {"username": "helper"}}, "host_removed"),
        ({"deleted_at": "2024-02-29T10:00:00Z", "deleted_by": {"username": "person7"}}, "author_deleted"),
        ({"hidden": True, "hidden_reason_id": 1}, "vanished_unknown"),
        ({"hidden": True, "hidden_reason_id": 3}, "platform_removed"),
    ],
)
def test_what_the_forum_says_of_a_post(change: dict[str, Any], kind: str, tmp_path: Path) -> None:
    topic = made_topic(7, 3, OPENED)
    topic["post_stream"]["posts"][2] |= change
    outputs = collect_raw("discourse", save(topic, tmp_path / "raw"), tmp_path)
    assert disappearances(outputs.sightings)["kind"].to_list() == [kind]
    assert outputs.posts.filter(pl.col("native_id") == "7/3")["text"].item() == ""


def test_a_topic_that_is_not_whole_yields_no_deletion(tmp_path: Path) -> None:
    topic = made_topic(7, 5, OPENED)
    folder = save(topic, tmp_path / "raw")
    del topic["post_stream"]["posts"][2]
    (folder / "topic.7.json").write_text(json.dumps(topic))
    outputs = collect_raw("discourse", folder, tmp_path)
    assert disappearances(outputs.sightings).is_empty()
    assert not outputs.sightings["complete"].any()
    assert "page_limit" in outputs.sightings["evidence"].to_list()


def test_a_locked_topic_says_since_when(tmp_path: Path) -> None:
    topic = made_topic(7, 3, OPENED) | {"closed": True}
    topic["post_stream"]["posts"][2] |= {"post_type": 3, "action_code": "closed.enabled"}
    outputs = collect_raw("discourse", save(topic, tmp_path / "raw"), tmp_path)
    root = looks(outputs)["7/1"]
    assert (root["evidence"], root["happened_at"]) == ("locked", OPENED + dt.timedelta(minutes=2))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one<br>two &amp; three</p>", "one\ntwo & three"),
        ('<aside class="quote"><blockquote><p>his</p></blockquote></aside><p>mine</p>', "mine"),
        ("<pre><code>if x:\n    y()</code></pre>", "if x:\n    y()"),
        ('<p>so <img class="emoji" alt=":smile:"> </p>', "so 😄"),
        ('<p><img class="emoji only-emoji" alt=":+1:t2:"></p>', "👍"),
        ('<p><img class="emoji" alt=":our_logo:"></p>', ":our_logo:"),
        ("<p>ask <a class='mention'>@bob</a></p><svg><title>x</title></svg>", "ask @bob"),
        ("<p>never closed", "never closed"),
        (
            '<aside class="onebox" data-onebox-src="https://x.example/1"><p>theirs</p></aside>',
            "https://x.example/1",
        ),
    ],
)
def test_html_is_read_as_its_author_wrote_it(html: str, text: str) -> None:
    assert to_text(html) == text


def test_a_forum_crawled_whole_gives_what_it_has(tmp_path: Path) -> None:
    forum = Forum([made_topic(n, 3 + n % 50, OPENED + dt.timedelta(minutes=n)) for n in range(1, 71)])
    with serving(forum.answer) as server:
        of = plan("discourse", server.address)
        outcome = crawled(of, tmp_path)
    outputs = collect_raw("discourse", of.folder(tmp_path), tmp_path)
    posts = [post for topic in forum.topics.values() for post in topic["post_stream"]["posts"]]
    assert outcome.finished
    assert outputs.posts.height == len(posts)
    assert outputs.sightings["complete"].all()
    assert outputs.posts["company"].drop_nulls().unique().to_list() == ["Acme"], "who runs the forum"
    assert len([asked for asked in server.log if asked.path.endswith("/posts.json")]) >= 25
    assert all("ann@example.org" in asked.headers["User-Agent"] for asked in server.log)


def test_each_look_is_a_sighting_and_tells_when_a_post_went(tmp_path: Path) -> None:
    forum = Forum([made_topic(7, CHUNK + 5, START)])
    clock = FakeClock()
    acts = {2: lambda: forum.delete(7, CHUNK + 2), 4: lambda: forum.topics.pop("7")}
    done: set[int] = set()

    def act(state: Any) -> None:
        looks = state.tally.looks
        if looks in acts and looks not in done and not state.pending and not state.settled:
            done.add(looks)
            acts[looks]()

    with serving(forum.answer) as server:
        of = plan("discourse", server.address, as_of=START + dt.timedelta(days=4))
        outcome = crawled(of, tmp_path, clock, wait=True, report=act)
    assert outcome.finished
    assert outcome.tally.looks == 8, "at once, six ages, the end"
    outputs = collect_raw("discourse", of.folder(tmp_path), tmp_path)
    ids = outputs.posts.select("post_id", "native_id")
    gone = disappearances(outputs.sightings).join(ids, on="post_id").sort("first_absent_at")
    first = gone.row(0, named=True)
    assert first["native_id"] == f"7/{CHUNK + 2}"
    hours = [(first[name] - START) / dt.timedelta(hours=1) for name in ("last_present_at", "first_absent_at")]
    assert hours == pytest.approx([0.25, 1.0], abs=0.01)
    assert gone.height == CHUNK + 5
    assert gone["evidence"].value_counts().sort("count").rows() == [
        ("gap in post_number", 1), ("HTTP 404", CHUNK + 4),
    ]  # fmt: skip


def test_a_later_crawl_knows_what_was_there_before(tmp_path: Path) -> None:
    forum, clock = (
        Forum([made_topic(n, 3, OPENED + dt.timedelta(minutes=n)) for n in range(1, 4)]),
        FakeClock(),
    )
    with serving(forum.answer) as server:
        crawled(plan("discourse", server.address), tmp_path, clock)
        del forum.topics["2"]
        later = plan("discourse", server.address, as_of=START + dt.timedelta(days=1))
        crawled(later, tmp_path, clock, wait=True)
    outputs = collect_raw("discourse", tmp_path / "data" / "raw" / "discourse", tmp_path)
    gone = disappearances(outputs.sightings).join(outputs.posts, on="post_id")
    assert gone["native_id"].sort().to_list() == ["2/1", "2/2", "2/3"]
    assert outputs.sightings["crawl_id"].n_unique() == 2


@pytest.fixture(scope="module")
def real(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    root = tmp_path_factory.mktemp("study")
    return collect_raw("discourse", shared / "data" / "discourse_a" / "topics.tar.gz", root)


def test_the_real_forum_is_kept_whole(real: Outputs) -> None:
    assert (real.posts.height, real.quarantine.height) == (17_631, 0)
    assert real.posts["root_hint"].n_unique() == 2_487
    hidden = real.sightings.filter(status="hidden")["post_id"]
    texts = real.posts.filter(pl.col("post_id").is_in(hidden.implode()))["text"]
    assert texts.to_list() == [""] * 22
    for name in real._fields:
        TABLES[name].validate(getattr(real, name))


def test_the_gaps_of_the_real_forum_are_deletions_unless_posts_were_moved(real: Outputs) -> None:
    """Of 230 missing numbers 31 lie behind the notice that posts were moved away."""
    gone = disappearances(real.sightings)
    assert gone["kind"].value_counts().sort("count").rows() == [
        ("platform_removed", 22), ("vanished_unknown", 199),
    ]  # fmt: skip
    answers = real.posts.filter(pl.col("parent_id").is_not_null())
    orphans = answers.join(real.posts, left_on="parent_id", right_on="post_id", how="anti")
    explained = orphans.filter(pl.col("parent_id").is_in(gone["post_id"].implode()))
    assert (orphans.height, explained.height) == (20, 19)


def test_the_real_forum_served_and_crawled_gives_the_same_posts(
    real: Outputs, shared: Path, tmp_path: Path
) -> None:
    with tarfile.open(shared / "data" / "discourse_a" / "topics.tar.gz", "r|*") as tar:
        files = (tar.extractfile(member) for member in tar)
        topics = [json.loads(file.read()) for _, file in zip(range(150), files, strict=False) if file]
    with serving(Forum(topics).answer) as server:
        of = plan("discourse", server.address)
        outcome = crawled(of, tmp_path)
    outputs = collect_raw("discourse", of.folder(tmp_path), tmp_path)
    assert outcome.finished
    assert (outcome.tally.failed, outcome.threads) == (0, 150)
    kept = ["native_id", "created_at", "edited_at", "text", "is_host"]
    expected = real.posts.filter(pl.col("native_id").is_in(outputs.posts["native_id"].implode()))
    assert outputs.posts.select(kept).sort("native_id").equals(expected.select(kept).sort("native_id"))
    assert outputs.posts.height == sum(
        post["post_type"] in (1, 2) for topic in topics for post in topic["post_stream"]["posts"]
    )
