"""Source ``reddit``: the monthly dumps, and the archive's API (Arctic Shift), whose records have one shape.

The archive fetches a post soon after it was made and once more about 36 hours later, and says what the second
visit found (``_meta``). A record speaks of itself only: what is missing from an archive was perhaps never
fetched, and is no deletion.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from complaintlab.collect.contract import Capabilities
from complaintlab.sources.contract import (
    MISFIT,
    UNKNOWN_TIME,
    Actor,
    Answer,
    Found,
    Look,
    Observation,
    Observed,
    Policy,
    Query,
    Request,
    Source,
    Status,
    Window,
    moment,
    numbered,
    text_or_none,
)  # fmt: skip
from complaintlab.sources.reddit_dump import matching_lines

_PAGE: Final = 100
_TREE: Final = 25_000
_IDS: Final = 500
_COMMUNITY: Final = "subreddit"
_GONE: Final = ("[deleted]", "[removed]", "[ Removed by Reddit ]")

_HANDS: Final[dict[str, Actor]] = {
    "deleted": "author", "author": "author",
    "moderator": "host", "automod_filtered": "host",
    "reddit": "platform", "removed by reddit": "platform", "anti_evil_ops": "platform",
    "content_takedown": "platform", "copyright_takedown": "platform", "community_ops": "platform",
    "[ removed by reddit ]": "platform", "[deleted]": "author",
}  # fmt: skip
"""Whom a word of the platform names. ``removed`` alone names nobody: moderators, filters and Reddit do it."""


_COUNTS: Final = ("likes", "reposts")
"""What a record counts as of the archive's last visit."""


class Reddit(Source):
    name = "reddit"
    address = "https://arctic-shift.photon-reddit.com"
    capabilities = Capabilities(
        selected_on_reply=False,
        threads_complete=True,
        prospective=False,
        deletions_attributed=True,
        engagement_timestamped=True,
    )
    policy = Policy(keep_text=True, record_deletions=True, honour_deletions=True)
    pace = (Window(2, 1.0), Window(60, 60.0))
    revisits = False

    def discover(self, query: Query) -> list[Request]:
        """Posts of each community, of each word in each community, and by each account."""
        bounds = [("limit", "auto"), ("sort", "desc")]
        bounds += [("after", query.since.isoformat())] if query.since else []
        bounds += [("before", query.until.isoformat())] if query.until else []
        places = [[("subreddit", name)] for name in query.communities]
        if query.words:
            places = [[*place, ("query", word)] for place in places for word in query.words]
        places += [[("author", name)] for name in query.accounts if "/" not in name]
        return numbered([Request("/api/posts/search", tuple(sorted(asked + bounds))) for asked in places])

    def ask(self, thread: str) -> list[Request]:
        tree = (("limit", str(_TREE)), ("link_id", thread))
        return [
            Request("/api/posts/ids", (("ids", thread),), thread),
            Request("/api/comments/tree", tree, thread),
        ]

    def follow(self, answer: Answer) -> Found:
        request, things = answer.request, answer.json["data"]
        if not request.thread:
            return _listed(request, things)
        found = [thing for thing, _ in _flat(things)]
        more = [name for _, names in _flat(things) for name in names]
        chunks = [more[start : start + _IDS] for start in range(0, len(more), _IDS)]
        asked = [
            Request("/api/comments/ids", (("ids", ",".join(chunk)),), request.thread) for chunk in chunks
        ]
        return Found(tuple(asked), {}, tuple(_native(thing) for thing in found if thing))

    def observe(self, look: Look) -> Observed:
        """Never complete: who is missing from an archive may never have been in it."""
        observations: list[Observation] = []
        faults: list[str] = []
        cut = not look.whole
        for answer in look.answers:
            if answer.status != 200:
                cut = True
                continue
            for thing in _things(answer, faults):
                try:
                    observations += _observations(thing)
                except MISFIT as error:
                    faults.append(f"A record does not have its shape ({error!r:.120}).")
        cut = cut and bool(look.thread)
        return Observed(
            tuple(observations), complete=False, cut="page_limit" if cut else None, faults=tuple(faults)
        )

    def imported(self, name: str, file: BinaryIO, query: Query) -> Iterator[Look]:
        """A dump (NDJSON, also .zst), streamed; with communities, only their records are ever decoded."""
        if name.removesuffix(".zst").endswith((".ndjson", ".jsonl")) or name.startswith(("RC_", "RS_")):
            for lines in matching_lines(file, name.endswith(".zst"), query.communities):
                request = Request(name, tuple((_COMMUNITY, place) for place in query.communities))
                yield Look("", UNKNOWN_TIME, (Answer(request, 200, lines, UNKNOWN_TIME),))


def _native(thing: Any) -> str:
    """The full name of a post (``t3_…``) or comment (``t1_…``)."""
    kind = "t1_" if "link_id" in thing else "t3_"
    return kind + str(thing["id"]).removeprefix(kind)


def _listed(request: Request, things: list[Any]) -> Found:
    """Posts of a page, and the page before its oldest; pages end where one is empty."""
    threads = {_native(thing): moment(thing["created_utc"]) for thing in things}
    if not threads:
        return Found()
    params = dict(request.params) | {"before": min(threads.values()).isoformat()}
    following = request._replace(params=tuple(sorted(params.items())))
    return Found((following,), threads, tuple(threads))


def _flat(things: list[Any]) -> Iterator[tuple[Any | None, list[str]]]:
    """Records of a list or tree, and with each the names that the tree leaves out."""
    waiting = list(reversed(things))
    while waiting:
        thing = waiting.pop()
        kind, data = (thing["kind"], thing["data"]) if "kind" in thing else ("", thing)
        if kind == "more":
            yield None, [str(name) for name in data["children"]]
            continue
        replies = data.get("replies") or {}
        children = replies["data"]["children"] if isinstance(replies, dict) and replies else replies or []
        waiting += reversed(children)
        yield data, []


def _things(answer: Answer, faults: list[str]) -> Iterator[Any]:
    """Records of an answer of the API, or of the lines of a dump."""
    if answer.request.path.startswith("/"):
        yield from (thing for thing, _ in _flat(answer.json["data"]) if thing is not None)
        return
    places = {place.removeprefix("r/").lower() for _, place in answer.request.params}
    for line in answer.body.split(b"\n"):
        try:
            thing = json.loads(line)
        except ValueError as error:
            faults.append(f"A line of {answer.request.path} is no JSON ({error}).")
            continue
        # a post may hold another one, of another community, in itself
        if not places or str(thing.get(_COMMUNITY)).lower() in places:
            yield thing


def _observations(thing: Any) -> list[Observation]:
    """What a record says of its post: one visit of the archive, or two."""
    meta = thing.get("_meta") or {}
    first, second = thing.get("retrieved_on") or thing.get("retrieved_utc"), meta.get("retrieved_2nd_on")
    native, thread = _native(thing), thing.get("link_id") or _native(thing)
    content = _content(thing)
    status, evidence, actor = _status(thing, meta)
    if status == "present" or not (meta.get("was_deleted_later") and second):
        at = second or first
        return [_seen(native, thread, status, content, evidence, actor, at)]
    return [
        _seen(native, thread, "present", content | dict.fromkeys(_COUNTS), None, None, first),
        _seen(native, thread, status, content | {"text": None}, evidence, actor, second),
    ]


def _seen(
    native: str, thread: str, status: Status, content: dict[str, str | None], evidence: str | None,
    actor: Actor | None, at: float | None,
) -> Observation:  # fmt: skip
    seen_at: dt.datetime | None = moment(at) if at is not None else None
    return Observation(native, status, content, evidence, actor, None, str(thread), seen_at)


def _status(thing: Any, meta: Any) -> tuple[Status, str | None, Actor | None]:
    """Whether the platform still showed it, and whose hand its own words name."""
    words = thing.get("body", thing.get("selftext"))
    said = meta.get("removal_type") or thing.get("removed_by_category")
    was_gone = bool(meta.get("was_deleted_later") or thing.get("removed_by_category"))
    if not was_gone and words not in _GONE:
        # an account that is gone leaves its posts standing
        return "present", "account_gone" if thing["author"] == "[deleted]" else None, None
    if meta.get("was_initially_deleted") and words not in _GONE:
        return "present", None, None
    evidence = str(said or (words if words in _GONE else "was_deleted_later"))
    actor = _HANDS.get(evidence.lower(), "unknown")
    # the place of what was removed is still shown, without its words; whose hand it was is not said
    return "hidden" if actor == "unknown" else "absent", evidence, actor


def _content(thing: Any) -> dict[str, str | None]:
    words = thing.get("body", thing.get("selftext"))
    text = None if words in _GONE else str(words or "")
    if text is not None and "title" in thing:
        text = f"{thing['title']}\n\n{text}".strip()
    edited = thing.get("edited")
    return {
        "author": None if thing["author"] in ("[deleted]", "[removed]") else str(thing["author"]),
        "created_at": text_or_none(thing["created_utc"]),
        "edited_at": text_or_none(edited) if edited not in (None, False, True) else None,
        "text": text,
        "parent": str(thing["parent_id"]) if "link_id" in thing else None,
        "place": f"r/{thing['subreddit']}",
        "is_host": text_or_none(thing.get("distinguished") in ("moderator", "admin")),
        "likes": text_or_none(thing.get("score")),
        "reposts": text_or_none(thing.get("num_crossposts")),
    }
