"""What fixes a crawl, what it would ask, and when threads are looked at again."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaintlab.crawl.fetch import fetched, summary
from complaintlab.crawl.outlook import outlook
from complaintlab.crawl.settings import plan_of
from complaintlab.crawl.state import Thread, next_look
from complaintlab.errors import UserError
from complaintlab.params import Crawl
from complaintlab.sources import SOURCES, source_named
from complaintlab.sources.contract import Policy, Query
from stubs.crawling import ACME, HOURS, crawled, plan
from stubs.forum import Forum, made_topic
from stubs.server import START, serving

SETTINGS: dict[str, Any] = {
    "address": None, "words": ("broken",), "tags": ("help",), "communities": ("acme",), "accounts": True,
    "since": dt.datetime(2024, 1, 1), "until": None, "look_hours": (1.0, 0.25), "discover_minutes": 60.0,
}  # fmt: skip
END = dt.datetime(2024, 3, 1)


def test_the_same_params_are_the_same_crawl_and_others_another() -> None:
    source = source_named("bluesky")
    name = plan_of(Crawl(**SETTINGS), source, END, ACME).name
    assert name == plan_of(Crawl(**SETTINGS), source, END.replace(tzinfo=dt.UTC), ACME).name
    later = plan_of(Crawl(**SETTINGS), source, END + dt.timedelta(days=1), ACME).name
    other = plan_of(Crawl(**SETTINGS | {"words": ("slow",)}), source, END, ACME).name
    assert len({name, later, other}) == 3


@pytest.mark.parametrize(
    ("source", "changes", "as_of", "says"),
    [
        ("bluesky", {}, None, r"set collect\.as_of"),
        ("discourse", {}, END, r"set crawl\.address"),
        ("reddit", {"until": dt.datetime(2023, 1, 1)}, END, r"crawl\.since is not before"),
    ],
)
def test_a_crawl_that_cannot_be_is_refused(
    source: str, changes: dict[str, Any], as_of: dt.datetime | None, says: str
) -> None:
    with pytest.raises(UserError, match=says):
        plan_of(Crawl(**SETTINGS | changes), source_named(source), as_of, ACME)


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_asks_for_each_thing_once(name: str) -> None:
    query = Query(("a", "b"), ("t",), ("c",), ("acme_help",), START, START + dt.timedelta(days=1))
    asked = source_named(name).discover(query)
    assert len(asked) == len({request._replace(chain=0) for request in asked}) >= 3
    assert [request.chain for request in asked] == list(range(len(asked)))


@pytest.mark.parametrize("name", SOURCES)
def test_a_crawl_that_would_find_nothing_says_what_its_source_looks_for(name: str, tmp_path: Path) -> None:
    of, source = plan(name, "http://x"), source_named(name)
    if source.discover(Query()):  # whoever lists all there is needs no words
        return
    with pytest.raises(UserError, match=r"nothing to look for: source .* looks for crawl"):
        outlook(of, source, tmp_path, START)
    with pytest.raises(UserError, match="nothing to look for"):
        fetched(of, "ann@example.org", tmp_path, wait=False)


def test_an_outlook_tells_what_a_source_cannot_ask_for(tmp_path: Path) -> None:
    of = plan("reddit", "http://x", query=Query(tags=("help",), communities=("acme",)))
    said = outlook(of, source_named("reddit"), tmp_path, START)
    assert "It does not ask for crawl.tags: reddit has no search for that." in said
    assert "communities:" not in said
    assert said.endswith("looked at once: an archive does not change.")


def test_a_policy_that_says_nothing_allows_nothing() -> None:
    assert Policy() == (False, False, True)


@given(st.integers(0, 400).map(lambda n: n / 4), st.integers(0, 240).map(lambda n: n / 4))
def test_looks_go_on_and_end_at_the_crawls_end(age_hours: float, end_hours: float) -> None:
    of = plan("discourse", "http://x", as_of=START + dt.timedelta(hours=end_hours))
    thread = Thread(START, looked_at=START + dt.timedelta(hours=age_hours))
    due = next_look(of, thread)
    if age_hours >= end_hours:
        assert due is None
    else:
        assert due is not None
        assert thread.looked_at is not None
        assert thread.looked_at < due <= of.as_of
        ahead = [hours for hours in HOURS if age_hours < hours <= end_hours]
        assert due == (START + dt.timedelta(hours=ahead[0]) if ahead else of.as_of)


def test_a_dry_run_says_what_it_would_ask_and_asks_nothing(tmp_path: Path) -> None:
    with serving(
        Forum([made_topic(n, 3, START - dt.timedelta(days=3)) for n in range(1, 6)]).answer
    ) as server:
        of = plan(
            "discourse", server.address, query=Query(words=("broken",)), as_of=START + dt.timedelta(days=1)
        )
        folder = of.folder(tmp_path)
        said = outlook(of, source_named("discourse"), folder, START)
        assert not server.log
        assert not folder.exists()
        outcome = crawled(of, tmp_path)
    assert f"GET {server.address}/search.json?q=broken" in said
    assert "At most 200 requests a minute" in said
    assert "0.25 h, 1 h, 3 h" in said
    assert "5 threads are known, 0 are due" in outlook(of, source_named("discourse"), folder, START)
    assert "run it again then" in summary(outcome)
