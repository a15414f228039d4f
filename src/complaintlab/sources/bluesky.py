"""Source ``bluesky``: posts of the AT Protocol as an app view shows them, and deletions from Jetstream.

A reply that the thread's author hides stays in the thread; only the gate's ``hiddenReplies`` tells. A post
that is gone is ``notFoundPost`` where its children stand, else it is just not there: who deleted it is known
only from Jetstream, where the author's own repository says so. Blocked posts are there for others.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final

import zstandard

from complaintlab.collect.contract import Capabilities
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
_THREAD: Final = "/xrpc/app.bsky.feed.getPostThread"
_POSTS: Final = "/xrpc/app.bsky.feed.getPosts"
_PROFILES: Final = "/xrpc/app.bsky.actor.getProfiles"
_SESSION: Final = "/xrpc/com.atproto.server.createSession"
_DEPTH: Final = 1000
_BATCH: Final = 25


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
        params = (("uri", thread), ("depth", str(_DEPTH)), ("parentHeight", "0"))
        return [Request(_THREAD, params, thread)]

    def follow(self, answer: Answer) -> Found:
        request, said = answer.request, answer.json
        if not request.thread:
            return _searched(request, said)
        if request.path != _THREAD:
            return Found((), {}, tuple(post["uri"] for post in said.get("posts", said.get("profiles", []))
                                       if "uri" in post))  # fmt: skip
        return Found((), {}, tuple(post["uri"] for post, _ in _walk(said["thread"]) if "record" in post))

    def verify(self, thread: str, missing: list[str]) -> list[Request]:
        """Whether posts that a thread no longer shows are there by themselves, and their authors at all."""
        authors = sorted({_author(uri) for uri in missing})
        return [
            *(Request(_POSTS, tuple(("uris", uri) for uri in some), thread) for some in _batches(missing)),
            *(
                Request(_PROFILES, tuple(("actors", did) for did in some), thread)
                for some in _batches(authors)
            ),
        ]

    def observe(self, look: Look) -> Observed:
        first = look.answers[0]
        if first.request.path != _THREAD:
            return _streamed(look)
        if first.status != 200:
            gone = first.status in (400, 404) and first.json.get("error") == "NotFound"
            return Observed(
                (), complete=gone, cut=None if gone else "private", gone="NotFound" if gone else None
            )
        root = first.json["thread"]
        if root.get("blocked"):
            return Observed((), complete=False, cut="private")
        hidden, host = _hidden(first.json), (root.get("post") or {}).get("author")
        seen, faults, cut = [], [], not look.whole
        blocked = False
        for post, replies in _walk(root):
            try:
                seen.append(_observation(post, hidden, host))
            except MISFIT as error:
                faults.append(f"A post of thread {look.thread} does not have its shape ({error!r:.120}).")
            blocked |= bool(post.get("blocked"))  # whoever answered him is not shown either
            cut |= int(post.get("replyCount") or 0) > 0 and replies is None
        cut |= bool(faults)
        gone_root = "NotFound" if root.get("notFound") else None
        why: Cut | None = "page_limit" if cut else "private" if blocked else None
        found = (*seen, *_verified(look, host))
        return Observed(found, why is None, why, gone_root, None, tuple(faults))

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


def _verified(look: Look, host: Any) -> list[Observation]:
    """What was found of posts that the thread no longer has: there, gone, or gone with their author."""
    asked = [pair[1] for answer in look.answers for pair in answer.request.params if pair[0] == "uris"]
    answers = [answer for answer in look.answers if answer.status == 200]
    posts = [post for answer in answers if answer.request.path == _POSTS for post in answer.json["posts"]]
    profiles = [answer for answer in answers if answer.request.path == _PROFILES]
    there = {str(profile["did"]) for answer in profiles for profile in answer.json["profiles"]}
    found = [
        Observation(str(post["uri"]), "present", _content(post, host), "not in its thread") for post in posts
    ]
    missing = sorted(set(asked) - {observation.post_id for observation in found})
    return found + [
        Observation(
            uri, "absent", evidence="account_gone" if profiles and _author(uri) not in there else "not found"
        )
        for uri in missing
    ]


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
                seen.append(
                    Observation(uri, "absent", None, "Jetstream delete", "author", at.isoformat(), uri, at)
                )
        except MISFIT as error:
            faults.append(
                f"An event of {look.answers[0].request.path} does not have its shape ({error!r:.120})."
            )
    return Observed(tuple(seen), complete=False, faults=tuple(faults))


def _author(uri: str) -> str:
    """The DID in ``at://did/collection/key``."""
    return uri.removeprefix("at://").partition("/")[0]


def _batches(items: list[str]) -> list[list[str]]:
    return [items[start : start + _BATCH] for start in range(0, len(items), _BATCH)]
