"""Source `bluesky`: recorded threads, what hides and what deletes, and a small network crawled twice."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from complaintlab.collect.normalise import Outputs
from complaintlab.crawl.raw import LEDGER
from complaintlab.errors import UserError
from complaintlab.sources.contract import Query
from complaintlab.tables import TABLES
from complaintlab.threads.deletions import disappearances
from stubs.crawling import collect_raw, crawled, plan
from stubs.server import START, FakeClock, serving
from stubs.sky import PASSWORD, TOKEN, Sky

LOGIN = {"COMPLAINTLAB_BLUESKY_HANDLE": "ann.example.com", "COMPLAINTLAB_BLUESKY_PASSWORD": PASSWORD}
SNAPSHOTS = "data/fixtures/bluesky/packages/bsky/tests/views/__snapshots__/thread.test.ts.snap"


def recorded(shared: Path, title: str, folder: Path) -> Path:
    """A thread of the app view's own tests, as a raw answer."""
    text = (shared / SNAPSHOTS).read_text(encoding="utf-8")
    snapshot = text.split(f"exports[`appview thread views > {title}`] = `")[1].split("\n`;")[0]
    folder.mkdir()
    thread = json.loads(re.sub(r",(\s*[}\]])", r"\1", snapshot))
    (folder / "thread.json").write_text(json.dumps({"thread": thread}))
    return folder


def test_a_recorded_thread_is_read_to_its_depths(shared: Path, tmp_path: Path) -> None:
    folder = recorded(shared, "fetches deep post thread 1", tmp_path / "raw")
    outputs = collect_raw("bluesky", folder, tmp_path)
    written = (folder / "thread.json").read_text().count('"$type": "app.bsky.feed.post"')
    assert outputs.posts.height == written == 4
    assert outputs.posts["parent_id"].is_in(outputs.posts["post_id"].implode()).sum() == 3
    assert outputs.sightings["likes"].max() == 3
    assert outputs.sightings["complete"].all()
    for name in outputs._fields:
        TABLES[name].validate(getattr(outputs, name))


def test_a_recorded_parent_that_is_gone_is_a_deletion_by_nobody_named(shared: Path, tmp_path: Path) -> None:
    folder = recorded(shared, "handles deleted posts correctly 3", tmp_path / "raw")
    outputs = collect_raw("bluesky", folder, tmp_path)
    gone = disappearances(outputs.sightings)
    assert gone.select("kind", "evidence").rows() == [("vanished_unknown", "notFoundPost")]
    assert gone["post_id"].item() == outputs.posts["parent_id"].item()


def test_depth_that_was_not_asked_for_is_no_deletion(shared: Path, tmp_path: Path) -> None:
    folder = recorded(shared, "fetches shallow post thread 1", tmp_path / "raw")
    thread = json.loads((folder / "thread.json").read_text())
    for reply in thread["thread"]["replies"]:
        reply.pop("replies", None)
    (folder / "thread.json").write_text(json.dumps(thread))
    outputs = collect_raw("bluesky", folder, tmp_path)
    assert not outputs.sightings["complete"].any()
    assert "page_limit" in outputs.sightings["evidence"].to_list()


def thread_of_complaints() -> tuple[Sky, dict[str, str]]:
    sky, said = Sky(), dict[str, str]()
    said["root"] = sky.say("acme", "New phones at #acme")
    said["angry"] = sky.say("bo", "Mine broke, acme", said["root"])
    said["below"] = sky.say("cy", "Mine too", said["angry"])
    said["rude"] = sky.say("di", "acme are crooks", said["root"])
    said["leaver"] = sky.say("ed", "I leave acme", said["root"])
    said["other"] = sky.say("fi", "acme never answers")
    return sky, said


def act_and_look_again(tmp_path: Path, sky: Sky, act: Any) -> Outputs:
    """Two looks with ``act`` in between."""
    clock = FakeClock()
    with serving(sky.answer) as server:
        of = plan(
            "bluesky", server.address, query=Query(words=("acme",)), as_of=START + dt.timedelta(hours=1)
        )
        crawled(of, tmp_path, clock, environment=LOGIN)
        act()
        assert crawled(of, tmp_path, clock, wait=True, environment=LOGIN).finished
    secrets = (PASSWORD.encode(), TOKEN.encode())
    written = b"".join(path.read_bytes() for path in of.folder(tmp_path).iterdir())
    assert not any(secret in written for secret in secrets)
    return collect_raw("bluesky", of.folder(tmp_path), tmp_path)


def kinds(outputs: Outputs, said: dict[str, str]) -> dict[str, tuple[str, str]]:
    names = pl.DataFrame({"native_id": list(said.values()), "name": list(said)})
    gone = disappearances(outputs.sightings).join(outputs.posts, on="post_id").join(names, on="native_id")
    return {name: (kind, actor) for name, kind, actor in gone.select("name", "kind", "actor").rows()}


def test_the_ledger_says_what_happened(tmp_path: Path) -> None:
    sky, said = thread_of_complaints()

    def act() -> None:
        sky.hidden.append(said["rude"])
        del sky.posts[said["angry"]]
        del sky.posts[said["leaver"]]
        sky.gone.add("did:plc:ed")

    outputs = act_and_look_again(tmp_path, sky, act)
    assert kinds(outputs, said) == {
        "rude": ("host_hidden", "host"),
        "angry": ("vanished_unknown", "unknown"),
        "leaver": ("account_gone", "unknown"),
    }, "what hung below the deleted reply is there by itself"
    company = outputs.posts.filter(pl.col("company") == "Acme")
    assert company.select("native_id", "is_host", "place").rows() == [
        (said["root"], True, "acme.example.com")
    ]
    texts = dict(outputs.posts.select("native_id", "text").iter_rows())
    assert texts[said["leaver"]] == "", "who leaves is honoured"
    assert texts[said["angry"]] == "Mine broke, acme"


def test_jetstream_says_that_it_was_the_author_and_when(tmp_path: Path) -> None:
    sky, said = thread_of_complaints()
    outputs = act_and_look_again(tmp_path, sky, lambda: sky.posts.pop(said["angry"]))
    assert kinds(outputs, said)["angry"] == ("vanished_unknown", "unknown")
    at = START + dt.timedelta(minutes=20)
    event = {
        "did": "did:plc:bo", "time_us": int(at.timestamp() * 1e6), "kind": "commit",
        "commit": {"operation": "delete", "collection": "app.bsky.feed.post", "rkey": said["angry"][-3:]},
    }  # fmt: skip
    strangers = event | {"did": "did:plc:nobody-we-know"}
    folder = tmp_path / "data" / "raw" / "bluesky"
    lines = [json.dumps(event), json.dumps(strangers), "no json"]
    (folder / "jetstream.ndjson").write_text("\n".join(lines))
    outputs = collect_raw("bluesky", folder, tmp_path)
    gone = disappearances(outputs.sightings)
    assert gone.select("kind", "exact_at", "confidence").rows() == [("author_deleted", at, 1.0)]
    assert outputs.sightings["post_id"].is_in(outputs.posts["post_id"].implode()).all()
    assert outputs.quarantine.height == 1


def test_a_blocked_reply_hides_what_is_below_it_and_deletes_nothing(tmp_path: Path) -> None:
    sky, said = thread_of_complaints()
    outputs = act_and_look_again(tmp_path, sky, lambda: sky.blocked.add(said["angry"]))
    assert kinds(outputs, said) == {}
    assert "blockedPost" in outputs.sightings["evidence"].to_list()


def test_a_thread_whose_root_is_gone(tmp_path: Path) -> None:
    sky, said = thread_of_complaints()
    outputs = act_and_look_again(tmp_path, sky, lambda: sky.posts.pop(said["other"]))
    assert kinds(outputs, said) == {"other": ("vanished_unknown", "unknown")}


def test_replies_to_a_root_that_is_gone_are_there_by_themselves(tmp_path: Path) -> None:
    """And what is said below them afterwards is found as well."""
    sky, said = thread_of_complaints()

    def act() -> None:
        said["later"] = sky.say("gu", "Still broken", said["below"])
        del sky.posts[said["root"]]

    outputs = act_and_look_again(tmp_path, sky, act)
    assert kinds(outputs, said) == {"root": ("vanished_unknown", "unknown")}
    assert said["later"] in outputs.posts["native_id"].to_list()


def test_a_later_crawl_asks_about_what_its_first_look_misses(tmp_path: Path) -> None:
    """A reply that is no longer shown in its thread, seen by the crawl before, is there by itself."""
    sky, said = thread_of_complaints()
    clock, query = FakeClock(), Query(words=("acme",))
    with serving(sky.answer) as server:
        for hours in (0, 2):
            end = START + dt.timedelta(hours=hours)
            clock.moment = end + dt.timedelta(minutes=1)
            of = plan("bluesky", server.address, query=query, as_of=end)
            assert crawled(of, tmp_path, clock, environment=LOGIN).finished
            sky.posts.pop(said["angry"], None)
    outputs = collect_raw("bluesky", tmp_path / "data" / "raw" / "bluesky", tmp_path)
    assert outputs.sightings["crawl_id"].n_unique() == 2
    assert kinds(outputs, said) == {"angry": ("vanished_unknown", "unknown")}


@pytest.mark.parametrize(
    ("status", "kind", "text"),
    [
        (None, ("account_gone", "unknown"), ""),
        ("deactivated", ("account_gone", "author"), ""),
        ("takendown", ("platform_removed", "platform"), "I leave acme"),
    ],
)
def test_what_the_host_says_of_an_account_tells_who_took_it_away(
    status: str | None, kind: tuple[str, str], text: str, tmp_path: Path
) -> None:
    sky, said = thread_of_complaints()

    def act() -> None:
        del sky.posts[said["leaver"]]
        sky.gone.add("did:plc:ed")
        sky.statuses |= {"did:plc:ed": status} if status else {}

    outputs = act_and_look_again(tmp_path, sky, act)
    assert kinds(outputs, said) == {"leaver": kind}
    assert outputs.posts.filter(native_id=said["leaver"])["text"].item() == text


def test_search_without_a_login_says_what_to_do(tmp_path: Path) -> None:
    with serving(Sky().answer) as server:
        of = plan("bluesky", server.address, query=Query(words=("acme",)))
        with pytest.raises(UserError, match="wants a login"):
            crawled(of, tmp_path)
    assert "round" in (of.folder(tmp_path) / LEDGER).read_text()
