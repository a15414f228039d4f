"""Source ``lemmy``: posts and comments of a community, and the public log of what its moderators did.

``deleted`` is the author's own doing, ``removed`` a moderator's: the log says who it was, when, and whether a
reason was given (the reason itself stays in the raw answers, since it is somebody's words about somebody).
What a list no longer has is asked for by itself. A post is known as ``post/ID``, a comment as ``comment/ID``.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final, NamedTuple
from urllib.parse import urlsplit

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
    Send,
    Source,
    Window,
    moment,
    numbered,
    text_or_none,
)  # fmt: skip

_API: Final = "/api/v3"
_POST, _LIST, _COMMENT = f"{_API}/post", f"{_API}/comment/list", f"{_API}/comment"
_MODLOG: Final = f"{_API}/modlog"
_PAGE: Final = 50

_ABSENT: Final = (400, 404)
_REMOVED: Final = {
    "post": ("ModRemovePost", "removed_posts"),
    "comment": ("ModRemoveComment", "removed_comments"),
}
_LOCKED: Final = ("ModLockPost", "locked_posts")


class Removal(NamedTuple):
    """The log's last entry on a post: whose hand it was, when, and whether it said why."""

    actor: Actor
    at: str
    has_reason: bool


class Lemmy(Source):
    name = "lemmy"
    capabilities = Capabilities(
        selected_on_reply=False,
        threads_complete=True,
        prospective=False,
        deletions_attributed=True,
        engagement_timestamped=True,
    )
    policy = Policy(keep_text=True, record_deletions=True, honour_deletions=True)
    pace = (Window(1, 1.0),)

    def discover(self, query: Query) -> list[Request]:
        """The posts of each community, and a search for each word, tag and mention of an official account."""
        fixed = (("limit", str(_PAGE)), ("page", "1"), ("sort", "New"))
        asked = [Request(f"{_POST}/list", (("community_name", name), *fixed)) for name in query.communities]
        words = [*query.words, *(f"#{tag}" for tag in query.tags), *(f"@{name}" for name in query.accounts)]
        kinds = ("Posts", "Comments")
        asked += [
            Request(f"{_API}/search", (("q", word), ("type_", kind), *fixed))
            for word in words for kind in kinds
        ]  # fmt: skip
        return numbered(asked)

    def ask(self, thread: str) -> list[Request]:
        listed = (
            ("limit", str(_PAGE)),
            ("page", "1"),
            ("post_id", thread),
            ("sort", "Old"),
            ("type_", "All"),
        )
        return [Request(_POST, (("id", thread),), thread), Request(_LIST, listed, thread)]

    def follow(self, answer: Answer) -> Found:
        request, said = answer.request, answer.json
        if not request.thread:
            return _found(request, said)
        views = _views(request, said)
        asked = [_log(view, request.thread) for view in views if _thing(view)["removed"]]
        if request.path == _POST and views[0]["post"]["locked"]:
            asked.append(_log_of(_LOCKED[0], "post_id", request.thread, request.thread))
        if request.path == _LIST and len(views) >= _PAGE:
            asked.append(_next(request))
        return Found(tuple(asked), {}, tuple(_native(view) for view in views))

    def verify(self, thread: str, missing: list[str]) -> list[Request]:
        """Each comment that the list no longer has, and what the log says of it."""
        asked = []
        for native in missing:
            kind, _, number = native.partition("/")
            asked += [Request(_COMMENT, (("id", number),), thread)] if kind == "comment" else []
            asked.append(_log_of(_REMOVED[kind][0], f"{kind}_id", number, thread))
        return asked

    def observe(self, look: Look) -> Observed:
        said = {answer.request: answer for answer in look.answers}
        opener = next((answer for request, answer in said.items() if request.path == _POST), None)
        gone = opener is not None and opener.status in _ABSENT and b"couldnt_find_post" in opener.body
        if opener is None or (opener.status != 200 and not gone):
            return Observed((), complete=False, cut="private")
        entries = [entry for answer in look.answers for entry in _entries(answer)]
        removals, locked_at = _removals(entries), _locked_at(entries, look.thread)
        seen, faults = _read(look, removals)
        if gone:
            seen.append(_absent(self.root(look.thread), "couldnt_find_post", removals))
        else:
            locked_at = locked_at or "" if opener.json["post_view"]["post"]["locked"] else None
        listed = all(answer.status == 200 for request, answer in said.items() if request.path == _LIST)
        whole = look.whole and not faults and (listed or gone)
        return Observed(tuple(seen), whole, None if whole else "page_limit", None, locked_at, tuple(faults))

    def root(self, thread: str) -> str:
        return f"post/{thread}"

    def imported(self, name: str, file: BinaryIO, query: Query) -> Iterator[Look]:
        """A JSON file with what the API says of one post: ``post``, all its ``comments``, its ``modlog``."""
        if name.endswith(".json"):
            said = json.loads(file.read())
            thread = str(said["post"]["post_view"]["post"]["id"])
            asked = [*self.ask(thread), _log_of("All", "post_id", thread, thread)]
            bodies = (json.dumps(said.get(part) or {}).encode() for part in ("post", "comments", "modlog"))
            answers = zip(asked, bodies, strict=True)
            yield Look(
                thread,
                UNKNOWN_TIME,
                tuple(Answer(request, 200, body, UNKNOWN_TIME) for request, body in answers),
            )

    def authorise(self, environment: Mapping[str, str], send: Send) -> dict[str, str]:
        """A session's token, for servers that show nothing without one."""
        token = environment.get("COMPLAINTLAB_LEMMY_TOKEN")
        return {"Authorization": f"Bearer {token}"} if token else {}


def _next(request: Request) -> Request:
    params = dict(request.params)
    return request._replace(params=tuple((params | {"page": str(int(params["page"]) + 1)}).items()))


def _found(request: Request, page: Any) -> Found:
    """Posts of a page, and of its comments, opened when they were published; and the next page."""
    views = [*page.get("posts", []), *page.get("comments", [])]
    threads = {str(view["post"]["id"]): moment(view["post"]["published"]) for view in views}
    full = len(views) >= int(dict(request.params)["limit"])
    return Found((_next(request),) if full else (), threads, tuple(_native(view) for view in views))


def _views(request: Request, said: Any) -> list[Any]:
    """Posts and comments in an answer about a thread; the log has none."""
    if request.path == _MODLOG:
        return []
    if request.path == _LIST:
        return list(said["comments"])
    return [said["post_view" if request.path == _POST else "comment_view"]]


def _thing(view: Any) -> Any:
    """The comment where it is one, else the post."""
    return view.get("comment") or view["post"]


def _native(view: Any) -> str:
    return f"{'comment' if view.get('comment') else 'post'}/{int(_thing(view)['id'])}"


def _log(view: Any, thread: str) -> Request:
    kind, _, number = _native(view).partition("/")
    return _log_of(_REMOVED[kind][0], f"{kind}_id", number, thread)


def _log_of(action: str, field: str, number: str, thread: str) -> Request:
    """The log's entries on one post or comment (a server before 0.19.4 answers with the latest of all)."""
    return Request(_MODLOG, ((field, number), ("limit", str(_PAGE)), ("type_", action)), thread)


def _entries(answer: Answer) -> list[tuple[str, Any]]:
    """Entries of a log by their kind; a log that is not shown has none."""
    if answer.request.path != _MODLOG or answer.status != 200:
        return []
    lists = (*(name for _, name in _REMOVED.values()), _LOCKED[1])
    return [(name, entry) for name in lists for entry in answer.json.get(name, [])]


def _removals(entries: list[tuple[str, Any]]) -> dict[str, Removal]:
    """What the log says last of each post and comment, where that is a removal."""
    last: dict[str, tuple[dt.datetime, Removal | None]] = {}
    for kind, (_, name) in _REMOVED.items():
        for entry in (entry for listed, entry in entries if listed == name):
            done, native = entry[f"mod_remove_{kind}"], f"{kind}/{entry[kind]['id']}"
            by = (entry.get("moderator") or {}).get("id")
            actor: Actor = "author" if by == entry[kind]["creator_id"] else "host"
            removal = Removal(actor, str(done["when_"]), bool(done.get("reason")))
            at = moment(done["when_"])
            if native not in last or last[native][0] < at:
                last[native] = at, removal if done["removed"] else None
    return {native: removal for native, (_, removal) in last.items() if removal is not None}


def _locked_at(entries: list[tuple[str, Any]], thread: str) -> str | None:
    done = [entry["mod_lock_post"] for name, entry in entries if name == _LOCKED[1]]
    own = [str(one["when_"]) for one in done if str(one["post_id"]) == thread and one["locked"]]
    return max(own, key=moment, default=None)


def _read(look: Look, removals: dict[str, Removal]) -> tuple[list[Observation], list[str]]:
    """What all answers show, and a sentence for each post that has not its shape."""
    seen, faults = [], []
    for answer in look.answers:
        request = answer.request
        if request.path == _COMMENT and answer.status != 200:
            native = f"comment/{dict(request.params)['id']}"
            gone = answer.status in _ABSENT and b"couldnt_find_comment" in answer.body
            shut = Observation(native, "unreachable", evidence=f"HTTP {answer.status}")
            seen.append(_absent(native, "couldnt_find_comment", removals) if gone else shut)
        for view in _views(request, answer.json) if answer.status == 200 else []:
            try:
                seen.append(_observation(view, removals))
            except MISFIT as error:
                faults.append(f"A post of thread {look.thread} does not have its shape ({error!r:.120}).")
    return seen, faults


def _absent(native: str, evidence: str, removals: dict[str, Removal]) -> Observation:
    """What is no longer to be had; the log may know by whom."""
    removal = removals.get(native)
    if removal is None:
        return Observation(native, "absent", evidence=evidence)
    return Observation(native, "absent", None, _logged(removal), removal.actor, removal.at)


def _logged(removal: Removal) -> str:
    return f"modlog, {'with a' if removal.has_reason else 'without a'} reason"


def _observation(view: Any, removals: dict[str, Removal]) -> Observation:
    thing, native = _thing(view), _native(view)
    content = _content(view)
    if thing["deleted"]:
        gone = "account_gone" if view["creator"].get("deleted") else "deleted"
        return Observation(native, "absent", content | {"text": None}, gone, "author")
    if thing["removed"]:
        removal = removals.get(native)
        evidence, actor = (_logged(removal), removal.actor) if removal else ("removed", "host")
        return Observation(
            native, "absent", content | {"text": None}, evidence, actor, removal.at if removal else None
        )
    return Observation(native, "present", content)


def _content(view: Any) -> dict[str, str | None]:
    thing, creator = _thing(view), view["creator"]
    words = thing.get("content") if view.get("comment") else f"{thing['name']}\n\n{thing.get('body') or ''}"
    staff = view.get("creator_is_moderator") or view.get("creator_is_admin") or thing.get("distinguished")
    return {
        "author": str(creator["actor_id"]),
        "account": _handle(creator),
        "created_at": str(thing["published"]),
        "edited_at": text_or_none(thing.get("updated")),
        "text": str(words or "").strip(),
        "parent": _parent(view),
        "place": _handle(view["community"]),
        "is_host": text_or_none(bool(staff)),
        "likes": text_or_none(view["counts"].get("upvotes")),
    }


def _parent(view: Any) -> str | None:
    """A comment's path is ``0.1.2``, itself last; at the top stands the post."""
    if not view.get("comment"):
        return None
    above = str(view["comment"]["path"]).split(".")[-2]
    return f"comment/{above}" if above != "0" else f"post/{view['post']['id']}"


def _handle(actor: Any) -> str:
    """``name@server`` of a person or community."""
    return f"{actor['name']}@{urlsplit(actor['actor_id']).hostname}"
