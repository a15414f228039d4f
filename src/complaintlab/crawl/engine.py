"""The crawl itself: find threads, take them whole, look again on schedule; every step is an event.

An event is on disk before the next step, and the steps follow from the events alone, so that a crawl that is
killed at any moment goes on as if nothing had been. Whatever is asked for ends as an answer or as failed.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from complaintlab.crawl.client import Client, Clock, Received
from complaintlab.crawl.raw import PARAMS, Event, RawStore, read_events
from complaintlab.crawl.retry import ComeBackLaterError, ExhaustedError
from complaintlab.crawl.settings import Plan
from complaintlab.crawl.state import State, Tally
from complaintlab.sources.contract import Found, Request, Source, request_of

_GIVE_UP_AFTER: Final = 5
"""Failures in a row after which the server is taken to be down."""

_BARREN_PAGES: Final = 3
"""Empty pages in a row after which a cursor is not followed further."""

_NAP_S: Final = 60.0


class Outcome(NamedTuple):
    """How a run of a crawl ended."""

    tally: Tally
    threads: int
    finished: bool
    due_at: dt.datetime | None
    """When there is something to do again; None where the crawl is finished."""
    stopped: str | None
    """Why it stopped before that, in a sentence."""


def crawl(
    plan: Plan,
    source: Source,
    client: Client,
    folder: Path,
    clock: Clock,
    *,
    wait: bool = False,
    report: Callable[[State], None] = lambda state: None,
) -> Outcome:
    """Do all that is due, resuming from the ledger in ``folder``; with ``wait``, stay until the crawl's end.

    Raises:
        UserError: the folder holds another plan, another process is at it, or a login is wanted.
    """
    plan.save(folder)
    store = RawStore(folder)
    try:
        return _Run(plan, source, client, store, clock, report).go(wait)
    finally:
        store.close()


class _Run:
    """One run of a crawl; all that outlives it is in the store."""

    def __init__(
        self, plan: Plan, source: Source, client: Client, store: RawStore, clock: Clock,
        report: Callable[[State], None],
    ) -> None:  # fmt: skip
        self._source, self._client, self._store, self._clock = source, client, store, clock
        self._report = report
        self._failures = 0
        self.state = State(plan, source.revisits)
        for event in store.events:
            self.state.apply(event)

    def go(self, wait: bool) -> Outcome:
        self._begin()
        stopped = None
        while stopped is None:
            try:
                due = self._step()
            except ComeBackLaterError as error:
                stopped = str(error)
                break
            if self._failures >= _GIVE_UP_AFTER:
                stopped = f"{self._failures} requests in a row failed"
            elif due is not None:
                ahead = (due - self._clock.now()).total_seconds()
                if not wait or due == _NEVER:
                    break
                self._clock.sleep(min(max(ahead, 0.0), _NAP_S))
        due = self._next()
        finished = due == _NEVER and stopped is None
        return Outcome(
            self.state.tally, len(self.state.threads), finished, None if due == _NEVER else due, stopped
        )

    def _begin(self) -> None:
        """Threads of earlier crawls first: what was deleted since then, no search finds any more."""
        if not self._store.events:
            self._record(_known_before(self.state.plan, self._store.folder))
        elif self.state.failed_pages or any(thread.failed for thread in self.state.threads.values()):
            self._record({"event": "again"})

    def _step(self) -> dt.datetime | None:
        """Do one thing; where nothing is due now, when something is."""
        state = self.state
        if state.settled:
            self._close(next(iter(state.settled)))
        elif state.pending:
            self._ask(next(iter(state.pending)))
        elif (due := self._next()) > self._clock.now():
            return due
        else:
            self._open()
        return None

    def _next(self) -> dt.datetime:
        if self.state.settled or self.state.pending:
            return self._clock.now()
        look, round_at = self.state.next_look(), self.state.next_round()
        return min(look[0] if look else _NEVER, round_at or _NEVER)

    def _open(self) -> None:
        """Begin a look or, where no thread waits, a round of discovery."""
        look, now = self.state.next_look(), self._clock.now()
        if look is not None and look[0] <= now:
            requests = self._source.ask(look[1])
            self._record({"event": "look", "at": now.isoformat(), "thread": look[1], "requests": requests})
        else:
            requests = self._source.discover(self.state.plan.query)
            self._record({"event": "round", "at": now.isoformat(), "requests": requests})

    def _close(self, name: str) -> None:
        """End a look, after asking about posts that it should have had."""
        thread = self.state.threads[name]
        missing = sorted(thread.posts - thread.seen)
        if missing and not thread.verified and not thread.failed:
            requests = self._source.verify(name, missing)
            if requests:
                self._record({"event": "verify", "thread": name, "requests": requests})
                return
        self._record({"event": "looked", "thread": name})

    def _ask(self, request: Request) -> None:
        asked: Event = {"request": request, "look": self._look_number(request)}
        try:
            received = self._client.get(request)
        except ExhaustedError as error:
            self._failures += 1
            self._fail(asked, str(error), error.attempts)
            return
        self._failures = 0
        answer = received.answer
        if answer.status >= 300 and not request.thread:
            self._fail(asked, f"HTTP {answer.status}", received.attempts)
            return
        # about a thread, an answer like 404 says something; the source knows what
        found = self._source.follow(answer) if answer.status < 300 else Found()
        found, looped = self._worth(request, found)
        place = self._store.keep(answer.body)
        self._record(_answered(received, found) | asked | place._asdict() | {"looped": looped})

    def _fail(self, asked: Event, reason: str, attempts: int) -> None:
        at = self._clock.now().isoformat()
        self._record({"event": "failed", "at": at, **asked, "reason": reason, "attempts": attempts})

    def _look_number(self, request: Request) -> int:
        return self.state.threads[request.thread].looks if request.thread else self.state.tally.rounds

    def _worth(self, request: Request, found: Found) -> tuple[Found, bool]:
        """What of ``found`` is worth asking for, and whether a cursor turned in circles."""
        if request.thread or not found.requests:
            return found, False
        state, hits = self.state, set(found.posts)
        if hits and hits <= state.hits[request.chain]:
            return found._replace(requests=()), True
        ends = not hits and state.barren[request.chain] + 1 >= _BARREN_PAGES
        if self._source.newest_first and found.threads:
            since = state.plan.query.since
            ends |= since is not None and all(opened < since for opened in found.threads.values())
            ends |= state.tally.rounds > 1 and state.threads.keys() >= found.threads.keys()
        return (found._replace(requests=()) if ends else found), False

    def _record(self, event: Event) -> None:
        self._store.record(event)
        self.state.apply(event)
        self._report(self.state)


_NEVER: Final = dt.datetime.max.replace(tzinfo=dt.UTC)


def _answered(received: Received, found: Found) -> Event:
    answer = received.answer
    return {
        "event": "answer",
        "at": answer.at.isoformat(),
        "status": answer.status,
        "attempts": received.attempts,
        "skew_s": received.skew_s,
        "requests": list(found.requests),
        "threads": {thread: opened.isoformat() for thread, opened in found.threads.items()},
        "posts": list(found.posts),
    }


def _known_before(plan: Plan, folder: Path) -> Event:
    """Threads that sibling crawls of the same query know, with their openings, and posts seen in them.

    Posts too, since a post that is missed at the first look is asked about before it counts as absent.
    """
    threads: dict[str, str] = {}
    posts: defaultdict[str, set[str]] = defaultdict(set)
    siblings = [path.parent for path in sorted(folder.parent.glob(f"*/{PARAMS}")) if path.parent != folder]
    for sibling in filter(plan.has_query_of, siblings):
        for event in read_events(sibling):
            threads |= event.get("threads", {})
            if event["event"] == "known":
                for name, seen in event.get("posts", {}).items():
                    posts[name].update(seen)
            elif event["event"] == "answer" and (name := request_of(event["request"]).thread):
                posts[name].update(event["posts"])
    return {
        "event": "known",
        "threads": threads,
        "posts": {name: sorted(seen) for name, seen in posts.items()},
    }
