"""A server at its worst: nothing is lost, nothing comes twice, everything is counted."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path

import pytest

from complaintlab.crawl.limits import Pacer, exhausted_for, retry_after
from complaintlab.crawl.raw import read_events
from complaintlab.crawl.retry import Patience
from complaintlab.errors import UserError
from complaintlab.sources.contract import Window
from complaintlab.sources.hacker_news import HackerNews
from stubs.crawling import collect_raw, crawled, plan
from stubs.forum import Forum, iso, made_topic
from stubs.places import PLACES
from stubs.server import START, Asked, FakeClock, Reply, as_json, serving
from stubs.unreliable import AT_ONCE, FAULTS, unreliable

OPENED = START - dt.timedelta(days=3)
TOPICS = [made_topic(n, 3 + n * 4 % 29, OPENED + dt.timedelta(minutes=n)) for n in range(1, 41)]
FORUM = Forum(TOPICS)
POSTS = sum(len(topic["post_stream"]["posts"]) for topic in TOPICS)


def native_ids(source_root: Path, folder: Path) -> list[str]:
    return sorted(collect_raw("discourse", folder, source_root).posts["native_id"])


def test_every_fault_is_outlasted(tmp_path: Path) -> None:
    clock = FakeClock()
    with serving(unreliable(FORUM.answer, AT_ONCE, 4, seed=3), clock.now) as server:
        of = plan("discourse", server.address)
        outcome = crawled(of, tmp_path, clock)
    assert outcome.finished
    assert outcome.tally.failed == 0
    assert outcome.tally.retries == len(server.log) - outcome.tally.answers > 50
    assert len(native_ids(tmp_path, of.folder(tmp_path))) == POSTS
    asked = Counter(
        json.dumps(event["request"])
        for event in read_events(of.folder(tmp_path))
        if event["event"] == "answer"
    )
    assert set(asked.values()) == {1}


@pytest.mark.parametrize("source", PLACES)
def test_every_source_outlasts_every_fault(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HackerNews, "facts", "")  # the stub answers for both hosts
    place, rows = PLACES[source](), []
    for name, answer in (("well", place.answer), ("ill", unreliable(place.answer, AT_ONCE, 4, seed=5))):
        clock, folder = FakeClock(), tmp_path / name
        with serving(answer, clock.now) as server:
            of = plan(source, server.address, query=place.query)
            outcome = crawled(of, folder, clock, environment=place.environment)
        assert (outcome.finished, outcome.tally.failed) == (True, 0)
        assert (outcome.tally.retries > 0) == (name == "ill")
        tables = collect_raw(source, of.folder(folder), folder)
        assert tables.quarantine.is_empty()
        rows.append(tables.posts.select("native_id", "text", "company", "is_host").sort("native_id").rows())
    assert rows[0] == rows[1]
    assert rows[0]


def test_time_outs_are_outlasted(tmp_path: Path) -> None:
    slow = {"left": 3}

    def answer(asked: Asked) -> Reply:
        good = FORUM.answer(asked)
        slow["left"] -= 1
        return FAULTS["time-out"](good) if slow["left"] >= 0 else good

    with serving(answer) as server:
        of = plan("discourse", server.address)
        outcome = crawled(of, tmp_path, timeout_s=0.2)
    assert (outcome.finished, outcome.tally.retries) == (True, 3)


def test_what_never_answers_is_recorded_as_failed_and_is_no_deletion(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(500) if asked.path in ("/t/7.json", "/t/6/posts.json") else FORUM.answer(asked)

    with serving(answer) as server:
        of = plan("discourse", server.address)
        outcome = crawled(of, tmp_path, patience=Patience(attempts=3))
    outputs = collect_raw("discourse", of.folder(tmp_path), tmp_path)
    assert outcome.tally.failed == 2
    assert outputs.quarantine.height == 2
    assert "HTTP 500, 3 attempts" in outputs.quarantine["reason"][0]
    assert outputs.sightings["status"].unique().sort().to_list() == ["present", "unreachable"]
    assert not {"7/1"} & set(outputs.posts["native_id"])
    assert "6/20" in set(outputs.posts["native_id"]), "what was answered is kept"


def test_a_later_run_asks_again_for_what_failed(tmp_path: Path) -> None:
    down = {"7": True}

    def answer(asked: Asked) -> Reply:
        return Reply(500) if down["7"] and asked.path == "/t/7.json" else FORUM.answer(asked)

    with serving(answer) as server:
        of = plan("discourse", server.address)
        crawled(of, tmp_path)
        down["7"] = False
        before = len(server.log)
        outcome = crawled(of, tmp_path)
        assert len(server.log) - before == 1 + (len(FORUM.topics["7"]["post_stream"]["posts"]) > 20)
    assert outcome.finished
    assert len(native_ids(tmp_path, of.folder(tmp_path))) == POSTS


def test_a_server_that_is_down_is_left_alone(tmp_path: Path) -> None:
    with serving(lambda asked: Reply(503) if asked.path.startswith("/t/") else FORUM.answer(asked)) as server:
        outcome = crawled(plan("discourse", server.address), tmp_path)
    assert not outcome.finished
    assert outcome.stopped == "5 requests in a row failed"


def test_a_long_pause_that_the_server_orders_ends_the_run_and_not_the_crawl(tmp_path: Path) -> None:
    angry = {"left": 1}

    def answer(asked: Asked) -> Reply:
        if asked.path.startswith("/t/") and angry["left"]:
            angry["left"] -= 1
            return Reply(429, headers={"Retry-After": "86400"})
        return FORUM.answer(asked)

    with serving(answer) as server:
        of = plan("discourse", server.address)
        first = crawled(of, tmp_path)
        second = crawled(of, tmp_path)
    assert "1440 minutes" in (first.stopped or "")
    assert (second.finished, second.tally.failed) == (True, 0)
    assert len(native_ids(tmp_path, of.folder(tmp_path))) == POSTS


@pytest.mark.parametrize("kind", ["same page", "same cursor", "endless new pages"])
def test_a_cursor_that_turns_in_circles_is_followed_once(kind: str, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path != "/latest.json":
            return FORUM.answer(asked)
        page = int(dict(asked.params)["page"])
        listed = [{"id": topic["id"], "created_at": topic["created_at"]} for topic in TOPICS]
        shown = {"same page": listed, "same cursor": listed[page % 2 :: 2], "endless new pages": []}[kind]
        return as_json({"topic_list": {"topics": shown or listed, "more_topics_url": "/latest?page=1"}})

    with serving(answer) as server:
        of = plan("discourse", server.address)
        outcome = crawled(of, tmp_path)
    assert (outcome.finished, outcome.threads) == (True, len(TOPICS))
    assert outcome.tally.looped == 1
    assert len(native_ids(tmp_path, of.folder(tmp_path))) == POSTS


def test_times_are_by_the_servers_clock(tmp_path: Path) -> None:
    """Posts are dated by the server: seen by our clock, which is an hour late, they would not exist yet."""
    clock = FakeClock()
    topic = made_topic(1, 3, START + dt.timedelta(minutes=50))
    with serving(Forum([topic]).answer, lambda: clock.now() + dt.timedelta(hours=1)) as server:
        of = plan("discourse", server.address, as_of=START + dt.timedelta(days=30))
        for _ in range(2):
            clock.sleep(3600)
            outcome = crawled(of, tmp_path, clock)
    assert outcome.tally.skew_s == pytest.approx(3600, abs=2)
    sightings = collect_raw("discourse", of.folder(tmp_path), tmp_path).sightings
    assert sightings["seen_at"].min() >= START + dt.timedelta(hours=1.9)


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"created_at": "soon"}, "created_at"),
        ({"created_at": None}, "created_at"),
        ({"username": None}, None),
    ],
)
def test_one_post_that_does_not_fit_is_reported_and_the_others_kept(
    change: dict[str, object], column: str | None, tmp_path: Path
) -> None:
    forum = Forum([made_topic(1, 4, OPENED)])
    forum.post(1, 3).update(change)
    with serving(forum.answer) as server:
        of = plan("discourse", server.address)
        crawled(of, tmp_path)
    outputs = collect_raw("discourse", of.folder(tmp_path), tmp_path)
    assert outputs.quarantine["column"].to_list() == ([column] if column else [])
    assert outputs.posts.height == (3 if column else 4), "an author may be unknown"


def test_a_post_without_its_shape_makes_the_topic_incomplete(tmp_path: Path) -> None:
    forum = Forum([made_topic(1, 4, OPENED)])
    forum.post(1, 3)["cooked"] = {"html": "x"}
    with serving(forum.answer) as server:
        of = plan("discourse", server.address)
        crawled(of, tmp_path)
    outputs = collect_raw("discourse", of.folder(tmp_path), tmp_path)
    assert outputs.posts.height == 3
    assert outputs.quarantine.height == 1
    assert not outputs.sightings["complete"].any()


def test_no_secret_is_written_anywhere(tmp_path: Path) -> None:
    secret = "s3cret-0123456789"

    def answer(asked: Asked) -> Reply:
        if asked.path == "/t/7.json":
            return Reply(500, asked.headers["Api-Key"].encode())
        good = FORUM.answer(asked)
        return Reply(200, good.body.replace(b"Words 1", b"Words " + asked.headers["Api-Key"].encode()))

    with serving(answer) as server:
        of = plan("discourse", server.address)
        environment = {"COMPLAINTLAB_DISCOURSE_KEY": secret, "COMPLAINTLAB_DISCOURSE_USER": "ann"}
        crawled(of, tmp_path, environment=environment)
    outputs = collect_raw("discourse", of.folder(tmp_path), tmp_path)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert secret.encode() not in written
    assert outputs.posts["text"].str.contains("[secret]", literal=True).any()


def test_secrets_do_not_follow_a_redirect_to_another_host(tmp_path: Path) -> None:
    away = "https://elsewhere.example.com/"
    with (
        serving(lambda asked: Reply(302, headers={"Location": away})) as server,
        pytest.raises(UserError, match=r"redirects to elsewhere\.example\.com: set crawl\.address"),
    ):
        crawled(plan("discourse", server.address), tmp_path)


def test_a_redirect_on_the_host_is_followed(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path == "/t/7.json":
            return Reply(301, headers={"Location": "/t/slug/7.json"})
        return FORUM.answer(Asked("GET", asked.path.replace("/slug", ""), asked.params, {}))

    with serving(answer) as server:
        outcome = crawled(plan("discourse", server.address), tmp_path)
    assert (outcome.finished, outcome.tally.failed) == (True, 0)


def test_a_door_that_is_closed_is_no_deletion(tmp_path: Path) -> None:
    private = {"now": False}

    def answer(asked: Asked) -> Reply:
        if private["now"] and asked.path == "/t/7.json":
            return as_json({"error_type": "not_logged_in"}, 403)
        return FORUM.answer(asked)

    with serving(answer) as server:
        crawled(plan("discourse", server.address), tmp_path)
        private["now"] = True
        crawled(plan("discourse", server.address, as_of=START + dt.timedelta(hours=5)), tmp_path, wait=True)
    outputs = collect_raw("discourse", tmp_path / "data" / "raw", tmp_path)
    assert outputs.sightings["status"].unique().sort().to_list() == ["present", "unreachable"]
    assert outputs.sightings.filter(evidence="private").height == 2, "at once, and at the end"


HEADERS = [
    ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}, 30),
    ({"ratelimit-remaining": "0", "ratelimit-reset": str(int(START.timestamp()) + 40)}, 40),
    ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": iso(START + dt.timedelta(seconds=50))}, 50),
    ({"ratelimit": "limit=100, remaining=0, reset=60"}, 60),
    ({"x-ratelimit-remaining": "5", "x-ratelimit-reset": "30"}, 0),
    ({"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "soon"}, 0),
    ({}, 0),
]


@pytest.mark.parametrize(("headers", "seconds"), HEADERS)
def test_limit_headers_of_every_form(headers: dict[str, str], seconds: float) -> None:
    assert exhausted_for(headers | {"date": "Fri, 01 Mar 2024 12:00:00 GMT"}) == seconds


def test_a_date_to_retry_after_is_read_by_the_servers_clock() -> None:
    headers = {"retry-after": "Fri, 01 Mar 2024 12:01:30 GMT", "date": "Fri, 01 Mar 2024 12:00:00 GMT"}
    assert retry_after(headers) == 90
    assert retry_after({"retry-after": "soon"}) is None


def test_requests_keep_to_every_window() -> None:
    pacer, now, sent = Pacer((Window(3, 10.0), Window(5, 60.0))), 0.0, list[float]()
    for _ in range(30):
        now += pacer.wait(now) + 0.001
        pacer.sent(now)
        sent.append(now)
    for window in (Window(3, 10.0), Window(5, 60.0)):
        spans = [late - early for early, late in zip(sent, sent[window.requests :], strict=False)]
        assert min(spans) >= window.seconds
