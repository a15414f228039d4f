"""Source `mastodon`: recorded statuses, what is gone and what is only cut, and a server crawled twice."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from complaintlab.errors import InputError
from complaintlab.sources.contract import Query
from stubs.four import gone, looked_twice, saved, tables
from stubs.server import START
from stubs.toots import SHOWN, Toots

CASSETTES = "data/fixtures/mastodon/tests"
TAG = Query(tags=("acme",))


def answers(path: Path) -> list[tuple[str, Any]]:
    """Requested address and answer of each exchange in a cassette that went well."""
    cassette = yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"]
    well = [one for one in cassette if one["response"]["status"]["code"] == 200]
    return [(one["request"]["uri"], json.loads(one["response"]["body"]["string"])) for one in well]


def test_a_recorded_context_is_read_and_private_statuses_are_not(shared: Path, tmp_path: Path) -> None:
    said = answers(shared / CASSETTES / "cassettes_entity_tests/test_entity_context.yaml")
    context = next(answer for uri, answer in said if uri.endswith("/context"))
    root, *rest = [*context["ancestors"], *context["descendants"]]
    raw = {"status": root, "context": {"ancestors": [], "descendants": rest}}
    private = [status["id"] for status in (root, *rest) if status["visibility"] == "private"]
    assert private
    with pytest.raises(InputError, match="holds no post"):
        tables("mastodon", saved(tmp_path / "private", raw), tmp_path)
    for status in (root, *rest):
        status["visibility"] = "public"
    outputs = tables("mastodon", saved(tmp_path / "raw", raw), tmp_path)
    assert set(outputs.posts["native_id"]) == set(private)
    assert outputs.posts["root_hint"].n_unique() == 1


def test_a_recorded_edit_is_dated(shared: Path, tmp_path: Path) -> None:
    said = answers(shared / CASSETTES / "cassettes/test_status_edit.yaml")
    edited = [answer for _, answer in said if isinstance(answer, dict) and answer.get("edited_at")][-1]
    raw = {"status": edited, "context": {"ancestors": [], "descendants": []}}
    post = tables("mastodon", saved(tmp_path / "raw", raw), tmp_path).posts.row(0, named=True)
    assert post["edited_at"] == dt.datetime.fromisoformat(edited["edited_at"])
    assert "<p>" not in post["text"]


def complaint() -> tuple[Toots, dict[str, str]]:
    toots, said = Toots(), dict[str, str]()
    said["root"] = toots.say("bo", "<p>My phone broke #acme</p>")
    said["reply"] = toots.say("acme", "<p>Sorry!</p>", said["root"])
    said["angry"] = toots.say("cy@far.example", "<p>Mine too</p>", said["reply"])
    said["below"] = toots.say("di", "<p>And mine</p>", said["angry"])
    return toots, said


def test_a_status_that_is_gone_is_a_deletion_by_nobody_named(tmp_path: Path) -> None:
    toots, said = complaint()
    outputs = looked_twice("mastodon", toots.answer, TAG, tmp_path, lambda: toots.delete(said["angry"]))
    assert gone(outputs) == {said["angry"]: ("vanished_unknown", "unknown", "HTTP 404")}
    texts = dict(outputs.posts.select("native_id", "text").iter_rows())
    assert texts[said["below"]] == "And mine", "what hung below it is there by itself"
    assert outputs.posts.filter(pl.col("company") == "Acme")["native_id"].to_list() == [said["reply"]]
    assert set(outputs.posts["root_hint"].unique()) == set(
        outputs.posts.filter(pl.col("native_id") == said["root"])["post_id"]
    )
    assert outputs.sightings["reposts"].max() == 1


def test_answers_outlive_a_root_that_is_gone(tmp_path: Path) -> None:
    toots, said = complaint()
    outputs = looked_twice("mastodon", toots.answer, TAG, tmp_path, lambda: toots.delete(said["root"]))
    assert gone(outputs) == {said["root"]: ("vanished_unknown", "unknown", "HTTP 404")}


def test_a_thread_cut_without_a_login_is_no_deletion(tmp_path: Path) -> None:
    toots = Toots()
    root = toots.say("bo", "<p>Down again #acme</p>")
    below = [toots.say(f"p{n}", f"<p>{n}</p>", root) for n in range(SHOWN + 5)]

    def act() -> None:
        toots.statuses = {root: toots.statuses[root]} | {
            one: toots.statuses[one] for one in [*below[10:], *below[:10]]
        }

    outputs = looked_twice("mastodon", toots.answer, TAG, tmp_path, act)
    assert gone(outputs) == {}
    assert not outputs.sightings["complete"].any()
    assert "page_limit" in outputs.sightings["evidence"].to_list()


def test_a_hit_deep_in_a_thread_leads_to_its_root(tmp_path: Path) -> None:
    toots, said = complaint()
    said["hit"] = toots.say("ed", "<p>late but slow</p>", said["below"])
    outputs = looked_twice(
        "mastodon", toots.answer, Query(words=("slow",)), tmp_path, lambda: None,
        {"COMPLAINTLAB_MASTODON_TOKEN": "token-0123456789"},
    )  # fmt: skip
    assert set(outputs.posts["native_id"]) == set(said.values())
    assert outputs.posts["root_hint"].n_unique() == 1
    assert gone(outputs) == {}


def test_what_a_token_sees_beyond_the_public_is_not_kept(tmp_path: Path) -> None:
    toots, said = complaint()
    toots.statuses[said["angry"]]["visibility"] = "private"
    outputs = looked_twice("mastodon", toots.answer, TAG, tmp_path, lambda: None)
    assert said["angry"] not in outputs.posts["native_id"].to_list()


def test_a_mention_keeps_its_server_and_addresses_the_company(tmp_path: Path) -> None:
    toots = Toots()
    url = "https://mastodon.example/@acme"
    html = f'<p><span class="h-card"><a href="{url}" class="u-url mention">@<span>acme</span></a></span></p>'
    toots.say("bo", html + "#acme", mentions=[{"acct": "acme", "url": url, "username": "acme"}])
    outputs = looked_twice("mastodon", toots.answer, TAG, tmp_path, lambda: None)
    assert outputs.posts["addressed"].to_list() == [["Acme"]]


def test_no_hit_is_lost_between_pages_nor_before_the_period(tmp_path: Path) -> None:
    toots = Toots()
    roots = [toots.say("bo", f"<p>{n} #acme</p>") for n in range(8)]
    since = START - dt.timedelta(days=3)
    outputs = looked_twice("mastodon", toots.answer, TAG._replace(since=since), tmp_path, lambda: None)
    assert set(outputs.posts["native_id"]) == set(roots)
