"""Source `reddit`: dumps streamed and filtered, what a record says of a deletion, and the archive's API."""

from __future__ import annotations

import datetime as dt
import io
import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard

from complaintlab.collect.normalise import Outputs
from complaintlab.sources.contract import Query
from complaintlab.sources.reddit_dump import matching_lines
from complaintlab.tables import TABLES
from complaintlab.threads.deletions import disappearances
from stubs.archive import AT, Archive, comment, post
from stubs.crawling import collect_raw, crawled, plan
from stubs.server import serving


def dump(records: list[dict[str, Any]], path: Path) -> Path:
    body = "".join(json.dumps(record, sort_keys=True, separators=(",", ":")) + "\n" for record in records)
    path.write_bytes(zstandard.ZstdCompressor().compress(body.encode()))
    return path


def collect_dump(records: list[dict[str, Any]], tmp_path: Path, *communities: str) -> Outputs:
    return collect_raw("reddit", dump(records, tmp_path / "RC_2024-01.zst"), tmp_path, communities)


def test_records_as_they_are_meant(tmp_path: Path) -> None:
    records = [
        post("p1"),
        comment("c1", author="acme_help", parent_id="t3_p1", edited=AT + 60.0),
        comment("c2", parent_id="t1_c1", distinguished="moderator", author="mod"),
    ]
    outputs = collect_dump(records, tmp_path)
    posts = {row["native_id"]: row for row in outputs.posts.to_dicts()}
    assert posts["t3_p1"]["text"] == "Broken\n\nWho helps?"
    assert posts["t1_c2"]["parent_id"] == posts["t1_c1"]["post_id"]
    assert posts["t1_c2"]["root_hint"] == posts["t3_p1"]["post_id"]
    assert posts["t1_c1"]["edited_at"] == dt.datetime.fromtimestamp(AT + 60, dt.UTC)
    assert [posts[name]["company"] for name in ("t3_p1", "t1_c1", "t1_c2")] == [None, "Acme", "Acme"]
    assert posts["t3_p1"]["addressed"] == ["Acme"], "on the page that the company runs"
    for name in outputs._fields:
        TABLES[name].validate(getattr(outputs, name))


LATER = {"retrieved_2nd_on": AT + 129_600, "was_deleted_later": True}


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"_meta": LATER | {"removal_type": "deleted"}}, "author_deleted"),
        ({"_meta": LATER | {"removal_type": "removed by reddit"}}, "platform_removed"),
        ({"_meta": LATER | {"removal_type": "removed"}}, "vanished_unknown"),
        ({"_meta": LATER}, "vanished_unknown"),
        ({"body": "[deleted]", "author": "[deleted]"}, "author_deleted"),
        ({"body": "[removed]"}, "vanished_unknown"),
        ({"body": "[ Removed by Reddit ]"}, "platform_removed"),
        ({"body": "[removed]", "removed_by_category": "moderator"}, "host_removed"),
        ({"body": "[removed]", "removed_by_category": "anti_evil_ops"}, "platform_removed"),
        ({"author": "[deleted]"}, None),
        ({"_meta": {"note": "no_2nd_retrieval"}}, None),
        ({"_meta": {"was_initially_deleted": True, "removal_type": "removed"}}, None),
    ],
)
def test_what_a_record_says_of_its_end(changes: dict[str, Any], kind: str | None, tmp_path: Path) -> None:
    gone = disappearances(collect_dump([comment("c1", **changes)], tmp_path).sightings)
    assert gone["kind"].to_list() == ([kind] if kind else [])


def test_likes_and_crossposts_are_those_of_the_last_visit(tmp_path: Path) -> None:
    gone = {"_meta": LATER | {"removal_type": "deleted"}}
    records = [post("p1", num_crossposts=2), post("p2", num_crossposts=1, **gone), comment("c1", edited=True)]
    outputs = collect_dump(records, tmp_path)
    seen = outputs.sightings.join(outputs.posts, on="post_id").sort("native_id", "seen_at")
    assert seen.select("native_id", "status", "likes", "reposts").rows() == [
        ("t1_c1", "present", 3, None),
        ("t3_p1", "present", 3, 2),
        ("t3_p2", "present", None, None),
        ("t3_p2", "absent", 3, 1),
    ]
    assert outputs.posts["edited_at"].null_count() == 3, "old records say that they were edited, not when"


def test_two_visits_of_the_archive_bound_the_deletion(tmp_path: Path) -> None:
    meta = {"_meta": LATER | {"removal_type": "deleted"}}
    outputs = collect_dump([comment("c1", **meta), comment("c2")], tmp_path)
    gone = disappearances(outputs.sightings).row(0, named=True)
    bounds = [gone["last_present_at"].timestamp(), gone["first_absent_at"].timestamp()]
    assert bounds == [AT + 30, AT + 129_600]
    assert dict(outputs.posts.select("native_id", "text").iter_rows()) == {"t1_c1": "", "t1_c2": "it broke"}


def test_what_is_missing_from_a_dump_is_no_deletion(tmp_path: Path) -> None:
    outputs = collect_dump([comment("c2", parent_id="t1_never_fetched")], tmp_path)
    assert disappearances(outputs.sightings).is_empty()
    assert not outputs.sightings["complete"].any()


def test_only_the_asked_communities_are_read(tmp_path: Path) -> None:
    records = [
        comment("c1", subreddit="Acme"),
        comment("c2", subreddit="acmefans"),
        comment("c3", subreddit="other", body='say "subreddit":"acme"'),
        post("p4", subreddit="other", crosspost_parent_list=[{"subreddit": "acme"}]),
    ]
    assert collect_dump(records, tmp_path, "r/acme").posts["native_id"].to_list() == ["t1_c1"]
    assert collect_dump(records, tmp_path).posts.height == 4


def test_lines_are_found_wherever_chunks_and_frames_end() -> None:
    rng = random.Random(5)
    records = [
        comment(f"c{n}", subreddit=rng.choice(["acme", "b"]), body="x" * rng.randrange(5_000))
        for n in range(3_000)
    ]
    lines = [json.dumps(record).encode() for record in records]
    wanted = [line for line, record in zip(lines, records, strict=True) if record["subreddit"] == "acme"]
    body = b"\n".join(lines)
    packer = zstandard.ZstdCompressor()
    half = len(body) // 2
    for content, packed in (
        (body, False),
        (packer.compress(body[:half]) + packer.compress(body[half:]), True),
    ):
        kept = b"\n".join(matching_lines(io.BytesIO(content), packed, ("acme",)))
        assert kept.split(b"\n") == wanted


def test_a_dump_that_is_cut_off_or_has_a_broken_line_says_so(tmp_path: Path) -> None:
    path = dump([comment(f"c{n}", body=f"{n} " * 2_000) for n in range(3_000)], tmp_path / "RC_2024-01.zst")
    path.write_bytes(path.read_bytes()[:-2_000])
    outputs = collect_raw("reddit", path, tmp_path)
    assert outputs.posts.height > 0
    assert any("cut off" in reason for reason in outputs.quarantine["reason"])


def test_bad_records_are_reported_and_the_others_kept(tmp_path: Path) -> None:
    broken: list[dict[str, Any]] = [comment("c2"), comment("c3", created_utc="soon"), comment("c4")]
    del broken[0]["author"]
    outputs = collect_dump(broken, tmp_path)
    assert outputs.posts["native_id"].to_list() == ["t1_c4"]
    assert outputs.quarantine.height == 2
    assert outputs.source["rows_read"].item() == 3


def test_the_archive_crawled_gives_all_that_it_has(tmp_path: Path) -> None:
    archive = Archive()
    with serving(archive.answer) as server:
        of = plan("reddit", server.address, query=Query(communities=("acme",)))
        outcome = crawled(of, tmp_path)
    outputs = collect_raw("reddit", of.folder(tmp_path), tmp_path)
    assert (outcome.finished, outcome.threads, outcome.tally.failed) == (True, 7, 0)
    assert outputs.posts.height == len(archive.posts) + len(archive.comments)
    assert outputs.posts["root_hint"].n_unique() == 7
    assert disappearances(outputs.sightings).is_empty()


def things(value: Any) -> list[dict[str, Any]]:
    """Every record (`t1`, `t3`) anywhere in an answer."""
    if isinstance(value, list):
        return [thing for item in value for thing in things(item)]
    if not isinstance(value, dict):
        return []
    own = [value["data"]] if value.get("kind") in ("t1", "t3") else []
    return own + [thing for item in value.values() for thing in things(item)]


@pytest.mark.parametrize("name", ["deleted", "removed"])
def test_recorded_answers_of_reddit_itself(shared: Path, name: str, tmp_path: Path) -> None:
    """The archive's records have Reddit's own keys."""
    folder = shared / "data/fixtures/reddit_praw/tests/integration/cassettes"
    cassette = json.loads((folder / f"TestComment.test_refresh__{name}_comment.json").read_text())
    answers = [json.loads(one["response"]["body"]["string"]) for one in cassette["interactions"]]
    records = {record["id"]: record for record in things(answers)}
    whole = [record for record in records.values() if "created_utc" in record]
    outputs = collect_dump(whole, tmp_path)
    assert outputs.posts.height == len(whole)
    gone = [
        record for record in whole if record.get("body", record.get("selftext")) in ("[deleted]", "[removed]")
    ]
    found = disappearances(outputs.sightings).join(outputs.posts, on="post_id")
    assert found.height == len(gone)
    assert bool(gone) == (name == "deleted")
    assert found.filter(pl.col("actor") == "host").is_empty(), "nobody is named without evidence"
