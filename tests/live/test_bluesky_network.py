"""Bluesky's own servers on loopback: people complain, hide, delete, leave; the ledger says who and when."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
import yaml
from bluesky_network import PASSWORD, Network, Post, bluesky

COMMAND = [sys.executable, "-c", "from complaintlab.cli import main; main()"]
COMPANIES = "companies: [{name: Kettle & Co, accounts: {bluesky: [kettle-help.test]}}]\n"


class Told(NamedTuple):
    """Posts by name, moments before and after what was done to them, and what was made of it."""

    posts: dict[str, Post]
    before: dt.datetime
    after: dt.datetime
    tables: dict[str, pl.DataFrame]
    with_events: dict[str, pl.DataFrame]
    """The same with Jetstream's events beside the crawls."""


def complaintlab(folder: Path, *arguments: str) -> str:
    login = {"COMPLAINTLAB_BLUESKY_HANDLE": "watcher.test", "COMPLAINTLAB_BLUESKY_PASSWORD": PASSWORD}
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=os.environ | login, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def study(repo: Path, folder: Path, network: Network, as_of: dt.datetime) -> None:
    """Params that look for two words until ``as_of``."""
    params = yaml.safe_load((repo / "params.yaml").read_text(encoding="utf-8"))
    params["study"]["contact"] = "ann@example.org"
    params["collect"] |= {"source": "bluesky", "path": "data/raw/bluesky", "as_of": str(as_of)}
    params["crawl"] |= {"address": network.address, "words": ["kettle", "toaster"]}
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "companies.yaml").write_text(COMPANIES, encoding="utf-8")


@pytest.fixture(scope="module")
def told(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Two crawls with acts between them, read into tables."""
    folder = tmp_path_factory.mktemp("study")
    with bluesky() as network:
        names = ("kettle-help", "watcher", "bob", "cyd", "dia", "edd", "fin", "gus")
        help_, watcher, bob, cyd, dia, edd, fin, gus = (network.join(name) for name in names)
        said = {"broken": bob.say("My kettle from @kettle-help.test broke after a week")}
        root = said["broken"]
        said["sorry"] = help_.say("Sorry! A new one is on its way.", root)
        said["never"] = cyd.say("They never answer me", root)
        said["neither"] = dia.say("Me neither", said["never"], root)
        said["leaving"] = edd.say("I leave them", root)
        said["crooks"] = fin.say("What crooks", root)
        said["spam"] = gus.say("Buy pills", root)
        said["toaster"] = cyd.say("And their toaster burns")
        said["mine"] = dia.say("Mine as well", said["toaster"])
        bob.like(said["sorry"])
        dia.repost(root)
        network.until(lambda: _shown(network.shows(watcher, root)) == 7)
        network.until(lambda: _shown(network.shows(watcher, said["toaster"])) == 2)
        study(repo, folder, network, dt.datetime.now(dt.UTC))
        complaintlab(folder, "crawl")
        before = _now()
        bob.hide(root, said["crooks"])
        cyd.delete(said["never"])
        cyd.delete(said["toaster"])
        edd.leave()
        network.take_down(gus)
        network.until(lambda: _shown(network.shows(watcher, root)) == 3)
        network.until(lambda: network.shows(watcher, said["toaster"]) is None)
        after = _now()
        study(repo, folder, network, dt.datetime.now(dt.UTC))
        complaintlab(folder, "crawl")
        events = network.events.read_bytes()
    tables = made(folder)  # the network is gone by now
    (folder / "data" / "raw" / "bluesky" / "jetstream.ndjson").write_bytes(events)
    return Told(said, before, after, tables, made(folder))


def made(folder: Path) -> dict[str, pl.DataFrame]:
    """The tables of a study's raw answers."""
    for stage in ("collect", "threads"):
        complaintlab(folder, stage)
    return {path.stem: pl.read_parquet(path) for path in (folder / "data" / "tables").iterdir()}


def gone(told: Told, tables: dict[str, pl.DataFrame], *columns: str) -> dict[str, tuple[Any, ...]]:
    """Columns of the table of deletions by the names of posts."""
    names = {post.uri: name for name, post in told.posts.items()}
    posts = tables["posts"].select("post_id", "native_id")
    found = tables["deletions"].join(posts, on="post_id").select("native_id", *columns)
    assert found["native_id"].is_unique().all()
    return {names[native]: tuple(rest) for native, *rest in found.rows()}


def test_what_was_done_stands_in_the_table_of_deletions(told: Told) -> None:
    assert gone(told, told.tables, "kind", "actor") == {
        "crooks": ("host_hidden", "host"),
        "never": ("vanished_unknown", "unknown"),
        "toaster": ("vanished_unknown", "unknown"),
        "leaving": ("account_gone", "author"),
        "spam": ("platform_removed", "platform"),
    }, "a reply below what is gone is no deletion"


def test_events_of_the_repositories_say_that_authors_did_it_and_when(told: Told) -> None:
    found = gone(told, told.with_events, "kind", "actor", "exact_at", "confidence")
    for name in ("never", "toaster"):
        kind, actor, at, confidence = found[name]
        assert (kind, actor, confidence) == ("author_deleted", "author", 1.0)
        assert told.before <= at <= told.after
    assert found.keys() == gone(told, told.tables).keys()


def test_every_act_lies_in_the_interval_that_the_ledger_gives(told: Told) -> None:
    found = told.tables["deletions"]
    assert found["last_present_at"].max() <= told.before
    assert found["first_absent_at"].min() >= told.after


def test_all_that_was_said_is_there_with_its_company_and_its_likes(told: Told) -> None:
    posts, sightings = told.tables["posts"], told.tables["sightings"]
    assert sorted(posts["native_id"]) == sorted(post.uri for post in told.posts.values())
    assert posts.filter(company="Kettle & Co")["native_id"].to_list() == [told.posts["sorry"].uri]
    counts = sightings.join(posts, on="post_id").group_by("native_id").agg(pl.col("likes", "reposts").max())
    found = {native: (likes, reposts) for native, likes, reposts in counts.rows()}
    assert found[told.posts["sorry"].uri] == (1, 0)
    assert found[told.posts["broken"].uri] == (0, 1)
    texts = dict(posts.select("native_id", "text").iter_rows())
    assert texts[told.posts["leaving"].uri] == "", "who leaves is honoured"
    assert texts[told.posts["crooks"].uri] == "What crooks"


def test_nothing_came_to_quarantine(told: Told) -> None:
    assert told.tables["quarantine"].height == 0


def _shown(answer: Any) -> int:
    """Posts that a thread shows."""
    return json.dumps(answer).count('"$type": "app.bsky.feed.post"')


def _now() -> dt.datetime:
    """To the second that the server's clock tells, beyond doubt."""
    time.sleep(1.1)
    moment = dt.datetime.now(dt.UTC)
    time.sleep(1.1)
    return moment
