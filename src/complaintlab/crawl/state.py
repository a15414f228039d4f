"""Where a crawl stands: a function of its ledger, the same whether it is running or read again."""

from __future__ import annotations

import datetime as dt
import heapq
from collections import defaultdict
from dataclasses import dataclass, field

from complaintlab.crawl.raw import Event
from complaintlab.crawl.settings import Plan
from complaintlab.sources.contract import Request, request_of


@dataclass
class Thread:
    """What is known of one thread."""

    opened_at: dt.datetime
    looks: int = 0
    looked_at: dt.datetime | None = None
    """When the last finished look began."""
    look_at: dt.datetime | None = None
    """When the look under way began; None where none is."""
    waiting: int = 0
    """Requests of the look under way that are not answered yet."""
    failed: bool = False
    verified: bool = False
    asked: set[Request] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    """Posts in the look under way."""
    posts: set[str] = field(default_factory=set)
    """Posts in any look before."""


@dataclass
class Tally:
    """What was done so far."""

    answers: int = 0
    retries: int = 0
    failed: int = 0
    repeated: int = 0
    """Requests that an answer led to though they had been asked: a cursor that turns in circles."""
    looped: int = 0
    """Chains of pages that were ended since a page had nothing but what pages before it had."""
    looks: int = 0
    rounds: int = 0
    skew_s: float = 0.0
    """Largest difference between the server's clock and ours."""


class State:
    """Applies events in their order; see ``engine`` for who makes them."""

    def __init__(self, plan: Plan, revisits: bool) -> None:
        self.plan, self._revisits = plan, revisits
        self.threads: dict[str, Thread] = {}
        self.pending: dict[Request, None] = {}
        self.settled: dict[str, None] = {}
        """Threads whose look has all its answers and is not closed yet."""
        self.hits: defaultdict[int, set[str]] = defaultdict(set)
        self.barren: defaultdict[int, int] = defaultdict(int)
        self.failed_pages: dict[Request, None] = {}
        self.round_at: dt.datetime | None = None
        self.tally = Tally()
        self._asked: set[Request] = set()
        self._due: list[tuple[dt.datetime, str]] = []

    def apply(self, event: Event) -> None:
        kind = event["event"]
        getattr(self, f"_{kind}")(event)

    def next_look(self) -> tuple[dt.datetime, str] | None:
        """The thread that is due first, and when."""
        return self._due[0] if self._due else None

    def next_round(self) -> dt.datetime | None:
        """When to look for new threads again; None when the period is over."""
        horizon = min(self.plan.query.until or self.plan.as_of, self.plan.as_of)
        if self.round_at is None:
            return dt.datetime.min.replace(tzinfo=dt.UTC)
        if self.round_at >= horizon:
            return None
        return min(self.round_at + dt.timedelta(minutes=self.plan.discover_minutes), horizon)

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to do, now or later; what failed may be asked for again."""
        waiting = self.settled or self.pending or self._due
        return not waiting and self.next_round() is None

    def wanted(self, opened_at: dt.datetime) -> bool:
        """Whether a thread opened then belongs to the crawl."""
        query = self.plan.query
        return (query.since is None or opened_at >= query.since) and (
            query.until is None or opened_at < query.until
        )

    def _known(self, event: Event) -> None:
        """Threads of earlier crawls of the same query."""
        for thread, opened in event["threads"].items():
            self._meet(thread, dt.datetime.fromisoformat(opened))
        for thread, posts in event.get("posts", {}).items():
            if thread in self.threads:
                self.threads[thread].posts.update(posts)

    def _again(self, event: Event) -> None:
        """A new run asks again for what failed in the last one."""
        for request in self.failed_pages:
            self.pending[request] = None
        self.failed_pages = {}
        due = {thread for _, thread in self._due}
        for name, thread in self.threads.items():
            if thread.failed and name not in due and thread.look_at is None:
                heapq.heappush(self._due, (thread.opened_at, name))

    def _round(self, event: Event) -> None:
        self.round_at = dt.datetime.fromisoformat(event["at"])
        self.tally.rounds += 1
        self._asked, self.failed_pages = set(), {}
        self.hits.clear()
        self.barren.clear()
        self._queue(event)

    def _look(self, event: Event) -> None:
        name = event["thread"]
        heapq.heappop(self._due)
        thread = self.threads[name]
        thread.looks += 1
        thread.look_at = dt.datetime.fromisoformat(event["at"])
        thread.failed = thread.verified = False
        thread.asked, thread.seen = set(), set()
        self.tally.looks += 1
        self._queue(event)
        self._settle(name)

    def _verify(self, event: Event) -> None:
        self.threads[event["thread"]].verified = True
        del self.settled[event["thread"]]
        self._queue(event)

    def _looked(self, event: Event) -> None:
        name = event["thread"]
        thread = self.threads[name]
        del self.settled[name]
        thread.looked_at, thread.look_at = thread.look_at, None
        thread.posts |= thread.seen
        thread.asked, thread.seen = set(), set()
        due = next_look(self.plan, thread) if self._revisits else None
        if due is not None:
            heapq.heappush(self._due, (due, name))

    def _answer(self, event: Event) -> None:
        request = request_of(event["request"])
        self.tally.answers += 1
        self.tally.retries += event["attempts"] - 1
        self.tally.skew_s = max(self.tally.skew_s, event["skew_s"], key=abs)
        self.tally.looped += event.get("looped", False)
        self._queue(event)
        if request.thread:
            self.threads[request.thread].seen.update(event["posts"])
        else:
            fresh = set(event["posts"]) - self.hits[request.chain]
            self.barren[request.chain] = 0 if fresh else self.barren[request.chain] + 1
            self.hits[request.chain] |= fresh
        for thread, opened in event["threads"].items():
            self._meet(thread, dt.datetime.fromisoformat(opened))
        self._done(request)

    def _failed(self, event: Event) -> None:
        request = request_of(event["request"])
        self.tally.failed += 1
        self.tally.retries += event["attempts"] - 1
        if request.thread:
            self.threads[request.thread].failed = True
        else:
            self.failed_pages[request] = None
        self._done(request)

    def _queue(self, event: Event) -> None:
        """Add the event's requests, each once in its look or round."""
        for written in event["requests"]:
            request = request_of(written)
            asked = self.threads[request.thread].asked if request.thread else self._asked
            if request in asked:
                self.tally.repeated += 1
                continue
            asked.add(request)
            self.pending[request] = None
            if request.thread:
                self.threads[request.thread].waiting += 1

    def _done(self, request: Request) -> None:
        self.pending.pop(request, None)
        if request.thread:
            self.threads[request.thread].waiting -= 1
            self._settle(request.thread)

    def _settle(self, name: str) -> None:
        if self.threads[name].waiting == 0:
            self.settled[name] = None

    def _meet(self, thread: str, opened_at: dt.datetime) -> None:
        if thread not in self.threads and self.wanted(opened_at):
            self.threads[thread] = Thread(opened_at)
            heapq.heappush(self._due, (opened_at, thread))


def next_look(plan: Plan, thread: Thread) -> dt.datetime | None:
    """When to look again: at the next of the plan's ages of a thread, last at the crawl's end.

    Ages that passed unobserved are made up for by the one look after them.
    """
    assert thread.looked_at is not None
    ages = (thread.opened_at + dt.timedelta(hours=hours) for hours in plan.look_hours)
    ahead = [moment for moment in (*ages, plan.as_of) if thread.looked_at < moment <= plan.as_of]
    return min(ahead, default=None)
