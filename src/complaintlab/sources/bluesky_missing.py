"""Posts of Bluesky that a thread no longer shows: there by themselves, gone, or gone with their account.

What hangs below a deleted post is not shown in its thread any more, and below a deleted root nothing is. So
posts are asked for by themselves, and what is there is asked for with all below it; the authors of the others
are asked for, and, of an account that is not there, what its host says of it.
"""

from __future__ import annotations

from typing import Any, Final

from complaintlab.sources.contract import Actor, Answer, Found, Look, Observation, Request

THREAD: Final = "/xrpc/app.bsky.feed.getPostThread"
_POSTS: Final = "/xrpc/app.bsky.feed.getPosts"
_PROFILES: Final = "/xrpc/app.bsky.actor.getProfiles"
_STATUS: Final = "/xrpc/com.atproto.sync.getRepoStatus"
_DEPTH: Final = 1000
_BATCH: Final = 25

_BY_PLATFORM: Final = ("takendown", "suspended")
_BY_AUTHOR: Final = ("deactivated", "deleted")


def thread_from(uri: str, thread: str) -> Request:
    """A post and all below it."""
    return Request(THREAD, (("uri", uri), ("depth", str(_DEPTH)), ("parentHeight", "0")), thread)


def asked_about(thread: str, missing: list[str]) -> list[Request]:
    """The first requests about posts that a thread no longer shows."""
    authors = sorted({_author(uri) for uri in missing})
    posts = (tuple(("uris", uri) for uri in some) for some in _batches(missing))
    profiles = (tuple(("actors", did) for did in some) for some in _batches(authors))
    return [
        *(Request(_POSTS, params, thread) for params in posts),
        *(Request(_PROFILES, params, thread) for params in profiles),
    ]


def led_to(answer: Answer) -> Found:
    """What follows from an answer to one of them: the posts' own threads, and hosts of authors not there."""
    said, thread = answer.json, answer.request.thread
    if answer.request.path == _POSTS:
        found = {str(post["uri"]): _above(post) for post in said["posts"]}
        tops = [uri for uri, above in found.items() if above not in found]
        return Found(tuple(thread_from(uri, thread) for uri in tops), {}, tuple(found))
    if answer.request.path == _PROFILES:
        there = {str(profile["did"]) for profile in said["profiles"]}
        gone = [did for _, did in answer.request.params if did not in there]
        return Found(tuple(Request(_STATUS, (("did", did),), thread) for did in gone))
    said["active"]
    return Found()


def absences(look: Look, there: set[str]) -> list[Observation]:
    """Posts that were asked for and are not among those ``there``, with what became of their accounts."""
    answers = [answer for answer in look.answers if answer.status == 200]
    asked = [uri for answer in look.answers for name, uri in answer.request.params if name == "uris"]
    asked_of = {did for answer in answers for name, did in answer.request.params if name == "actors"}
    profiles = [answer.json["profiles"] for answer in answers if answer.request.path == _PROFILES]
    gone = asked_of - {str(profile["did"]) for some in profiles for profile in some}
    statuses = [answer.json for answer in answers if answer.request.path == _STATUS]
    status = {str(said["did"]): str(said.get("status", "")) for said in statuses}
    alone = {str(post["uri"]) for answer in answers if answer.request.path == _POSTS
             for post in answer.json["posts"]} - there  # fmt: skip
    return [
        *(Observation(uri, "unreachable", evidence="not in its thread") for uri in sorted(alone)),
        *(
            _absence(uri, status.get(_author(uri), "") if _author(uri) in gone else None)
            for uri in sorted(set(asked) - there - alone)
        ),
    ]


def _absence(uri: str, status: str | None) -> Observation:
    """``status``: the account's, empty where its host does not say; None where the account is there."""
    if status is None:
        return Observation(uri, "absent", evidence="not found")
    if status in _BY_PLATFORM:
        return Observation(uri, "absent", evidence=f"account {status}", actor="platform")
    actor: Actor | None = "author" if status in _BY_AUTHOR else None
    return Observation(uri, "absent", evidence="account_gone", actor=actor)


def _above(post: Any) -> str | None:
    reply = post["record"].get("reply")
    return str(reply["parent"]["uri"]) if reply else None


def _author(uri: str) -> str:
    """The DID in ``at://did/collection/key``."""
    return uri.removeprefix("at://").partition("/")[0]


def _batches(items: list[str]) -> list[list[str]]:
    return [items[start : start + _BATCH] for start in range(0, len(items), _BATCH)]
