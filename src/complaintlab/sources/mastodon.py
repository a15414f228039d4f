"""Source ``mastodon``: statuses as one server knows them, and what it answers where one is gone.

A status that is deleted is 404 or 410, by whose hand is not said, and what answered it stands on without a
parent: each status that a thread no longer shows is therefore asked for by itself. Without a token a server
shows the first 60 answers of a thread, 20 deep: such a thread is cut, and what is not in it is no deletion.
A server searches statuses for words only with a token (``COMPLAINTLAB_MASTODON_TOKEN``); tags need none.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final
from urllib.parse import urlsplit

from complaintlab.collect.contract import Capabilities
from complaintlab.sources.contract import (
    MISFIT,
    UNKNOWN_TIME,
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
from complaintlab.sources.html import to_text

_PAGE: Final = 40
_GONE: Final = (404, 410)
_PUBLIC: Final = ("public", "unlisted")
_DESCENDANTS: Final = 60
_DEPTH: Final = 20


class Mastodon(Source):
    name = "mastodon"
    capabilities = Capabilities(
        selected_on_reply=False,
        threads_complete=False,  # a server shows the answers that reached it
        prospective=False,
        deletions_attributed=False,
        engagement_timestamped=True,
    )
    policy = Policy(keep_text=True, record_deletions=True, honour_deletions=True)
    pace = (Window(280, 300.0), Window(4, 1.0))

    def discover(self, query: Query) -> list[Request]:
        """The timeline of each tag, and a search for each word and each mention of an official account."""
        bounds = [("limit", str(_PAGE))]
        bounds += [("since_id", _id_at(query.since))] if query.since else []
        bounds += [("max_id", _id_at(query.until))] if query.until else []
        asked = [Request(f"/api/v1/timelines/tag/{tag}", tuple(bounds)) for tag in query.tags]
        words = [*query.words, *(f"@{name}" for name in query.accounts)]
        fixed = (("limit", str(_PAGE)), ("offset", "0"), ("type", "statuses"))
        return numbered([*asked, *(Request("/api/v2/search", (("q", word), *fixed)) for word in words)])

    def ask(self, thread: str) -> list[Request]:
        return [_status_request(thread, thread), Request(f"{_path(thread)}/context", (), thread)]

    def follow(self, answer: Answer) -> Found:
        request, said = answer.request, answer.json
        if not request.thread:
            return _listed(request, said)
        if not request.path.endswith("/context"):
            moment(said["created_at"])
            return Found((), {}, (str(said["id"]),))
        above = said["ancestors"]
        if above:  # a hit deep in a thread: its root's look covers it
            return Found((), {str(above[0]["id"]): moment(above[0]["created_at"])})
        return Found((), {}, tuple(str(status["id"]) for status in said["descendants"]))

    def verify(self, thread: str, missing: list[str]) -> list[Request]:
        """Each status that the thread no longer shows."""
        return [_status_request(status, thread) for status in missing if status != thread]

    def observe(self, look: Look) -> Observed:
        answers = {answer.request.path: answer for answer in look.answers}
        root, context = answers.get(_path(look.thread)), answers.get(f"{_path(look.thread)}/context")
        if root is not None and root.status in _GONE:
            seen, faults = _read([], _alone(look), look.thread)
            return Observed(
                tuple(seen), look.whole and not faults, gone=f"HTTP {root.status}", faults=tuple(faults)
            )
        if root is None or root.status != 200 or context is None or context.status != 200:
            return Observed((), complete=False, cut="private")
        if context.json["ancestors"]:
            return Observed((), complete=False)
        below = context.json["descendants"]
        seen, faults = _read([root.json, *below], _alone(look), look.thread)
        cut = not look.whole or bool(faults) or _is_cut(root.json, below)
        return Observed(tuple(seen), not cut, "page_limit" if cut else None, faults=tuple(faults))

    def imported(self, name: str, file: BinaryIO, query: Query) -> Iterator[Look]:
        """A JSON file with the answers ``status`` and ``context`` about one root."""
        if name.endswith(".json"):
            said = json.loads(file.read())
            root = str(said["status"]["id"])
            bodies = (json.dumps(said[part]).encode() for part in ("status", "context"))
            asked = zip(self.ask(root), bodies, strict=True)
            yield Look(root, UNKNOWN_TIME, tuple(Answer(one, 200, body, UNKNOWN_TIME) for one, body in asked))

    def authorise(self, environment: Mapping[str, str], send: Send) -> dict[str, str]:
        token = environment.get("COMPLAINTLAB_MASTODON_TOKEN")
        return {"Authorization": f"Bearer {token}"} if token else {}


def _path(status: str) -> str:
    return f"/api/v1/statuses/{status}"


def _status_request(status: str, thread: str) -> Request:
    return Request(_path(status), (), thread)


def _id_at(at: dt.datetime) -> str:
    """The smallest id of a status of that moment: milliseconds, then 16 bits (``Mastodon::Snowflake``)."""
    return str(int(at.timestamp() * 1000) << 16)


def _listed(request: Request, said: Any) -> Found:
    """Threads of a page's hits, and the next page.

    A hit that answers another status opens a thread there, at the latest when it was posted itself; where
    that is no root either, its look leads to the root.
    """
    statuses = said["statuses"] if isinstance(said, dict) else said
    threads: dict[str, dt.datetime] = {}
    for status in statuses:
        root, at = str(status["in_reply_to_id"] or status["id"]), moment(status["created_at"])
        threads[root] = min(threads.get(root, at), at)
    hits = tuple(str(status["id"]) for status in statuses)
    if not hits:
        return Found()
    params = dict(request.params)
    if isinstance(said, dict):
        params |= {"offset": str(int(params["offset"]) + len(hits))}
    else:
        params |= {"max_id": hits[-1]}
    return Found((request._replace(params=tuple(params.items())),), threads, hits)


def _alone(look: Look) -> list[tuple[str, Answer]]:
    """Answers about single statuses that the thread no longer shows, by their ids."""
    asked = [(answer.request.path.removeprefix(_path("")), answer) for answer in look.answers]
    return [(status, answer) for status, answer in asked if status.isdigit() and status != look.thread]


def _read(
    statuses: list[Any], alone: list[tuple[str, Answer]], thread: str
) -> tuple[list[Observation], list[str]]:
    """What a thread shows and what is said of single statuses, and a sentence for each misfit."""
    seen, faults = [], []
    for status in statuses:
        try:
            seen.append(_observation(status, None))
        except MISFIT as error:
            faults.append(f"A status of thread {thread} does not have its shape ({error!r:.120}).")
    for native, answer in alone:
        if answer.status in _GONE:
            seen.append(Observation(native, "absent", evidence=f"HTTP {answer.status}"))
        elif answer.status != 200:
            seen.append(Observation(native, "unreachable", evidence=f"HTTP {answer.status}"))
        else:
            seen.append(_observation(answer.json, "not in its thread"))
    return seen, faults


def _is_cut(root: Any, below: list[Any]) -> bool:
    """Whether answers may be missing since the server shows no more of them."""
    depths = {str(root["id"]): 0}
    for status in below:  # parents come first
        depths[str(status["id"])] = depths.get(str(status["in_reply_to_id"]), 0) + 1
    return len(below) >= _DESCENDANTS or max(depths.values()) >= _DEPTH


def _observation(status: Any, evidence: str | None) -> Observation:
    """Only what is public is read; a token may see more than that."""
    native = str(status["id"])
    if status["visibility"] not in _PUBLIC:
        return Observation(native, "unreachable", evidence="not public")
    account = status["account"]
    content = {
        "author": str(account["url"]),
        "account": _handle(account),
        "created_at": str(status["created_at"]),
        "edited_at": text_or_none(status.get("edited_at")),
        "text": f"{status.get('spoiler_text') or ''}\n\n{to_text(_with_handles(status))}".strip(),
        "parent": text_or_none(status["in_reply_to_id"]),
        "likes": text_or_none(status.get("favourites_count")),
        "reposts": text_or_none(status.get("reblogs_count")),
        "followers": text_or_none(account.get("followers_count")),
    }
    return Observation(native, "present", content, evidence)


def _handle(account: Any) -> str:
    """``name@server``, also for the server's own people, whom it calls by name alone."""
    name = str(account["acct"])
    return name if "@" in name else f"{name}@{urlsplit(account['url']).hostname}"


def _with_handles(status: Any) -> str:
    """The HTML with mentions in full: a page shows ``@name`` and keeps the server in the link."""
    html = str(status["content"])
    for mention in status.get("mentions", []):
        link = rf'<a\b[^>]*href="{re.escape(mention["url"])}"[^>]*>.*?</a>'
        html = re.sub(link, f"@{_handle(mention)}", html, flags=re.DOTALL)
    return html
