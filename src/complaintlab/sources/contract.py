"""What a live source is: what to ask, how to go on from an answer, and what its answers say of posts.

A source is one file with one class. It knows nothing of the network, of files or of time: it makes requests
and reads answers. Client, retries, pacing, ledger, raw storage, revisits, resuming, pseudonyms and quarantine
are shared by all of them.
"""

from __future__ import annotations

import abc
import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, Literal, NamedTuple

from complaintlab.collect.contract import Capabilities

Status = Literal["present", "hidden", "absent", "unreachable"]
Actor = Literal["author", "host", "platform", "unknown"]
Cut = Literal["page_limit", "private"]

Send = Callable[[str, Mapping[str, str]], Any]
"""Posts a JSON object to a path and returns the answer's JSON: only for opening a session."""

MISFIT = (KeyError, IndexError, TypeError, ValueError, AttributeError)
"""What reading an answer raises where it does not have its source's shape."""


class Query(NamedTuple):
    """What the analyst wants to find; a crawl is fixed by it."""

    words: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    communities: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    since: dt.datetime | None = None
    until: dt.datetime | None = None


class Request(NamedTuple):
    """One thing to ask: a path below the source's address, and no secret, since it is written down."""

    path: str
    params: tuple[tuple[str, str], ...] = ()
    thread: str = ""
    """The thread that it is about; empty for discovery."""
    chain: int = 0
    """Discovery: which of the first requests its pages belong to, so that a looping cursor is seen."""


class Answer(NamedTuple):
    """One answer as it came; ``at`` is when it was given, by the server's clock."""

    request: Request
    status: int
    body: bytes
    at: dt.datetime

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Found(NamedTuple):
    """What follows from an answer."""

    requests: tuple[Request, ...] = ()
    threads: Mapping[str, dt.datetime] = {}
    """Thread → when it was opened."""
    posts: tuple[str, ...] = ()
    """Native ids of the posts in the answer (discovery: of its hits)."""


class Look(NamedTuple):
    """All answers about one thread at one visit; ``whole`` where every request of the visit was answered.

    A stream of events belongs to no thread: its ``thread`` is empty, and what it says of posts that no look
    at a thread ever had does not count.
    """

    thread: str
    at: dt.datetime
    answers: tuple[Answer, ...]
    whole: bool = True
    place: str | None = None
    """Host name of the server: whoever lists it among a company's accounts says that the company runs it."""


class Observation(NamedTuple):
    """What a look says of one post.

    ``content`` has raw columns (see ``collect.contract.RAW_COLUMNS``) as strings, for posts of which more
    than their absence is known; its ``text`` is None where the text was not shown. A key ``account`` may be
    the author's public handle, by which companies are known, where ``author`` is an id that never changes.
    """

    post_id: str
    status: Status = "present"
    content: Mapping[str, str | None] | None = None
    evidence: str | None = None
    actor: Actor | None = None
    happened_at: str | None = None
    thread: str | None = None
    """Null: the look's."""
    seen_at: dt.datetime | None = None
    """Null: when the look was made."""


class Observed(NamedTuple):
    """What a look says altogether.

    ``complete``: it covered the thread, so that a post known before and not in it is absent. ``cut``: why
    posts may be missing. ``gone``: what the server said where the whole thread is no longer to be had.
    ``locked_at``: when the thread was closed to answers, empty where only that is known.
    """

    observations: tuple[Observation, ...]
    complete: bool
    cut: Cut | None = None
    gone: str | None = None
    locked_at: str | None = None
    faults: tuple[str, ...] = ()
    """Posts that do not have the source's shape, a sentence each: they go to quarantine."""


class Policy(NamedTuple):
    """What the platform's terms allow; what a source does not say is not allowed."""

    keep_text: bool = False
    record_deletions: bool = False
    honour_deletions: bool = True
    """The text of a post that its author deleted is dropped, whenever it was seen."""


class Window(NamedTuple):
    """At most ``requests`` in any ``seconds``."""

    requests: int
    seconds: float


class Source(abc.ABC):
    """One platform. Subclasses hold constants only."""

    name: str
    address: str | None = None
    """Where it is asked; None where the analyst must say."""
    capabilities: Capabilities
    policy: Policy = Policy()
    pace: tuple[Window, ...] = (Window(1, 1.0),)
    newest_first: bool = True
    """Discovery lists the newest first: a later round ends at the first page without news."""
    revisits: bool = True
    """A later look can say more; an archive says what it says."""

    @abc.abstractmethod
    def discover(self, query: Query) -> list[Request]:
        """The first requests that find threads, each with its own ``chain``."""

    @abc.abstractmethod
    def ask(self, thread: str) -> list[Request]:
        """The first requests of a look at a thread."""

    @abc.abstractmethod
    def follow(self, answer: Answer) -> Found:
        """What an answer leads to: next pages, threads, the rest of a thread.

        Raises one of ``MISFIT`` where the answer does not have the source's shape.
        """

    @abc.abstractmethod
    def observe(self, look: Look) -> Observed:
        """What the answers of a look say of the thread's posts; never needs the network."""

    def verify(self, thread: str, missing: list[str]) -> list[Request]:
        """What else to ask about posts that earlier looks at the thread had and this one did not."""
        return []

    def root(self, thread: str) -> str:
        """The native id of a thread's first post."""
        return thread

    def imported(self, name: str, file: BinaryIO, query: Query) -> Iterator[Look]:
        """Looks in a file of raw answers that no ledger describes, none where it is no such file.

        Their ``at`` is ``UNKNOWN_TIME`` where the file does not say when it was made.
        """
        return iter(())

    def authorise(self, environment: Mapping[str, str], send: Send) -> dict[str, str]:
        """Headers that carry secrets; they come from the environment and are written nowhere."""
        return {}

    def expired(self, answer: Answer) -> bool:
        """Whether the server says that the session must be opened anew."""
        return False

    def body(self, request: Request) -> Mapping[str, Any] | None:
        """The JSON object that is posted to ask for it; None where it is a plain GET."""
        return None


UNKNOWN_TIME = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""When an imported answer was given, where its file does not say."""


def numbered(requests: list[Request]) -> list[Request]:
    """Requests with their places as chains."""
    return [request._replace(chain=chain) for chain, request in enumerate(requests)]


def moment(written: str | float) -> dt.datetime:
    """An ISO 8601 moment or seconds since 1970, in UTC.

    Raises:
        ValueError, TypeError: it is neither.
    """
    if isinstance(written, str) and not written.replace(".", "", 1).isdigit():
        parsed = dt.datetime.fromisoformat(written)
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=dt.UTC)
    return dt.datetime.fromtimestamp(float(written), dt.UTC)


def request_of(written: list[Any]) -> Request:
    """A request as the ledger has it."""
    path, params, thread, chain = written
    return Request(path, tuple((name, value) for name, value in params), thread, chain)


def text_or_none(value: object) -> str | None:
    """A JSON scalar as a CSV would write it."""
    return None if value is None else value if isinstance(value, str) else json.dumps(value)
