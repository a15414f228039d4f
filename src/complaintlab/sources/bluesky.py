"""Source ``bluesky``: posts of the AT Protocol as an app view shows them, and deletions from Jetstream.

A reply that the thread's author hides stays in the thread; only the gate's ``hiddenReplies`` tells. A post
that is gone is just not there, with all below it, or ``notFoundPost`` as a parent: who deleted it is known
only from Jetstream, where the author's own repository says so. Blocked posts are there for others.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final

import zstandard

from complaintlab.collect.contract import Capabilities
from complaintlab.sources.bluesky_missing import THREAD, absences, asked_about, led_to, thread_from
from complaintlab.sources.contract import (
    MISFIT,
    UNKNOWN_TIME,
    Answer,
    Cut,
    Found,
    Look,
    Observation,
    Observed,
    Policy,
    Query,
    Request,
    Send,
    Source,
    Window,
    moment,
    numbered,
    text_or_none,
)  # fmt: skip

_SEARCH: Final = "/xrpc/app.bsky.feed.searchPosts"
_SESSION: Final = "/xrpc/com.atproto.server.createSession"


class Bluesky(Source):
    name = "bluesky"
    address = "https://bsky.social"
    capabilities = Capabilities(
        selected_on_reply=False,
        threads_complete=True,
        prospective=False,
        deletions_attributed=False,
        engagement_timestamped=True,
    )
    policy = Policy(keep_text=True, record_deletions=True, honour_deletions=True)
    pace = (Window(2_000, 300.0), Window(20, 1.0))

    def discover(self, query: Query) -> list[Request]:
        """A search for each word and tag, and for posts that mention each official account."""
        bounds = [("limit", "100"), ("sort", "latest")]
        bounds += [("since", query.since.isoformat())] if query.since else []
        bounds += [("until", query.until.isoformat())] if query.until else []
        asked = [[("q", word)] for word in query.words]
        asked += [[("q", f"#{tag}"), ("tag", tag)] for tag in query.tags]
        asked += [[("q", f"@{name}"), ("mentions", name)] for name in query.accounts]
        return numbered([Request(_SEARCH, tuple(one + bounds)) for one in asked])

    def ask(self, thread: str) -> list[Request]:
        return [thread_from(thread, thread)]

    def follow(self, answer: Answer) -> Found:
        request = answer.request
        if not request.thread:
            return _searched(request, answer.json)
        if request.path != THREAD:
            return led_to(answer)
        return Found(
            (), {}, tuple(post["uri"] for post, _ in _walk(answer.json["thread"]) if "record" in post)
        )

    def verify(self, thread: str, missing: list[str]) -> list[Request]:
        """Whether posts that a thread no longer shows are there by themselves, and their authors at all."""
        return asked_about(thread, missing)

    def observe(self, look: Look) -> Observed:
        first = look.answers[0]
        if first.request.path != THREAD:
            return _streamed(look)
        gone = _is_gone(first)
        if not gone and (first.status != 200 or first.json["thread"].get("blocked")):
            return Observed((), complete=False, cut="private")
        of_threads = (answer for answer in look.answers if answer.request.path == THREAD)
        said = [answer.json for answer in of_threads if answer.status == 200]
        host = None if gone else first.json["thread"]["post"]["author"]
        seen, faults, blocked, cut = _read(look.thread, said, host)
        why: Cut | None = "page_limit" if cut or not look.whole else "private" if blocked else None
        there = {observation.post_id for observation in seen if observation.status != "absent"}
        found = (*absences(look, there), *seen)  # what is known of an absence goes before that it is one
        return Observed(found, why is None, why, "NotFound" if gone else None, None, tuple(faults))

    def imported(self, name: str, file: BinaryIO, query: Query) -> Iterator[Look]:
        """Events of Jetstream (NDJSON, also .zst), and threads as ``getPostThread`` gives them (JSON)."""
        packed = name.endswith(".zst")
        body = zstandard.ZstdDecompressor().stream_reader(file).read() if packed else file.read()
        kind = name.removesuffix(".zst").rpartition(".")[2]
        if kind in ("ndjson", "jsonl"):
            yield Look("", UNKNOWN_TIME, (Answer(Request(name), 200, body, UNKNOWN_TIME),))
        elif kind == "json":
            thread = json.loads(body)["thread"]
            uri = str(thread["post"]["uri"] if "post" in thread else thread["uri"])
            yield Look(uri, UNKNOWN_TIME, (Answer(self.ask(uri)[0], 200, body, UNKNOWN_TIME),))

    def authorise(self, environment: Mapping[str, str], send: Send) -> dict[str, str]:
        """A session for the account in the environment: search needs one, an app password suffices."""
        name = environment.get("COMPLAINTLAB_BLUESKY_HANDLE")
        password = environment.get("COMPLAINTLAB_BLUESKY_PASSWORD")
        if not name or not password:
            return {}
        session = send(_SESSION, {"identifier": name, "password": password})
        return {"Authorization": f"Bearer {session['accessJwt']}"}

    def expired(self, answer: Answer) -> bool:
        return answer.status == 400 and b'"ExpiredToken"' in answer.body


def _searched(request: Request, page: Any) -> Found:
    """Threads of a page's hits, opened when their first hit was posted at the latest, and the next page."""
    threads: dict[str, dt.datetime] = {}
    for post in page["posts"]:
        root = (post["record"].get("reply") or {}).get("root", post)["uri"]
        threads[root] = min(threads.get(root, moment(post["indexedAt"])), moment(post["indexedAt"]))
    hits = tuple(post["uri"] for post in page["posts"])
    cursor = page.get("cursor")
    params = (*(pair for pair in request.params if pair[0] != "cursor"), ("cursor", str(cursor)))
    return Found((request._replace(params=params),) if cursor else (), threads, hits)


def _walk(node: Any) -> Iterator[tuple[Any, list[Any] | None]]:
    """Every post of a thread with its replies, None where these were not asked for; without recursion."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        replies = node.get("replies")
        yield node.get("post", node), replies
        waiting += reversed(replies or [])
        if node.get("parent", {}).get("notFound"):
            yield node["parent"], []


def _read(thread: str, said: list[Any], host: Any) -> tuple[list[Observation], list[str], bool, bool]:
    """Posts, faults, whether somebody is blocked and whether posts were left out, of a thread in pieces."""
    hidden = frozenset[str]().union(*(_hidden(answer) for answer in said))
    seen, faults, blocked, cut = [], [], False, False
    for post, replies in (pair for answer in said for pair in _walk(answer["thread"])):
        try:
            seen.append(_observation(post, hidden, host))
        except MISFIT as error:
            faults.append(f"A post of thread {thread} does not have its shape ({error!r:.120}).")
        blocked |= bool(post.get("blocked"))  # whoever answered him is not shown either
        cut |= int(post.get("replyCount") or 0) > 0 and replies is None
    return seen, faults, blocked, cut or bool(faults)


def _is_gone(answer: Answer) -> bool:
    """Whether the thread's first post is not there any more."""
    if answer.status == 200:
        return bool(answer.json["thread"].get("notFound"))
    return answer.status in (400, 404) and answer.json.get("error") == "NotFound"


def _hidden(said: Any) -> frozenset[str]:
    gate = said.get("threadgate") or (said["thread"].get("post") or {}).get("threadgate") or {}
    return frozenset(gate.get("record", {}).get("hiddenReplies", []))


def _observation(post: Any, hidden: frozenset[str], host: Any) -> Observation:
    uri = str(post["uri"])
    if post.get("notFound"):
        return Observation(uri, "absent", evidence="notFoundPost")
    if post.get("blocked"):
        return Observation(uri, "unreachable", evidence="blockedPost")
    content = _content(post, host)
    if uri in hidden:
        return Observation(uri, "hidden", content, "hiddenReplies", "host")
    return Observation(uri, "present", content)


def _content(post: Any, host: Any) -> dict[str, str | None]:
    record = post["record"]
    answered = (record.get("reply") or {}).get("parent") or {}
    return {
        "author": str(post["author"]["did"]),
        "account": str(post["author"]["handle"]),
        "place": host and str(host["handle"]),
        "is_host": host and text_or_none(host["did"] == post["author"]["did"]),
        "created_at": str(record["createdAt"]),
        "text": str(record["text"]),
        "parent": answered.get("uri"),
        "likes": text_or_none(post.get("likeCount")),
        "reposts": text_or_none(post.get("repostCount")),
        "followers": text_or_none(post["author"].get("followersCount")),
    }


def _streamed(look: Look) -> Observed:
    """Deletions and accounts that went, from Jetstream's events: dated, and by whom."""
    seen, faults = [], []
    for line in look.answers[0].body.splitlines():
        try:
            event = json.loads(line)
            deleted = event.get("commit", {})
            if deleted.get("operation") == "delete" and deleted["collection"] == "app.bsky.feed.post":
                uri = f"at://{event['did']}/{deleted['collection']}/{deleted['rkey']}"
                at = moment(event["time_us"] / 1e6)
                said = Observation(uri, "absent", evidence="Jetstream delete", actor="author", seen_at=at)
                seen.append(said._replace(happened_at=at.isoformat()))
        except MISFIT as error:
            faults.append(
                f"An event of {look.answers[0].request.path} does not have its shape ({error!r:.120})."
            )
    return Observed(tuple(seen), complete=False, faults=tuple(faults))
