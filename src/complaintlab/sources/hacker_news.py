"""Source ``hacker_news``: searched and read in Algolia's index, deletions from the site's own Firebase.

The index shows a story's comments as a tree, without words where one is gone. Why it is gone only Firebase
says: ``deleted`` (by its author) or ``dead`` (killed by the site's people, software or flags; who is logged
in may still read it). Neither is dated, and neither is any company's doing.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any, BinaryIO, ClassVar, Final

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
    Source,
    Window,
    moment,
    numbered,
    text_or_none,
)  # fmt: skip
from complaintlab.sources.html import to_text

_SEARCH: Final = "/api/v1/search_by_date"
_ITEMS: Final = "/api/v1/items/"
_FACTS: Final = "/v0/item/"
_PAGE: Final = "1000"
_UNTIL: Final = "created_at_i<"


class HackerNews(Source):
    name = "hacker_news"
    address = "https://hn.algolia.com"
    facts: ClassVar[str] = "https://hacker-news.firebaseio.com"
    """Where single items are asked for, as the site itself has them."""
    capabilities = Capabilities(
        selected_on_reply=False,
        threads_complete=True,
        prospective=False,
        deletions_attributed=True,
        engagement_timestamped=False,  # comments' points are not shown
    )
    policy = Policy(keep_text=True, record_deletions=True, honour_deletions=True)
    pace = (Window(2, 1.0), Window(9_000, 3600.0))

    def discover(self, query: Query) -> list[Request]:
        """Stories and comments with each word or account's name, and stories of each tag (``ask_hn`` …)."""
        bounds = [f"created_at_i>={query.since.timestamp():.0f}"] if query.since else []
        bounds += [f"{_UNTIL}{query.until.timestamp():.0f}"] if query.until else []
        fixed = (("hitsPerPage", _PAGE), *((("numericFilters", ",".join(bounds)),) if bounds else ()))
        asked = [(word, "(story,comment)") for word in (*query.words, *query.accounts)]
        asked += [("", tag) for tag in query.tags]
        return numbered([Request(_SEARCH, (("query", word), ("tags", tags), *fixed)) for word, tags in asked])

    def ask(self, thread: str) -> list[Request]:
        return [Request(f"{_ITEMS}{thread}", (), thread), self._fact(thread, thread)]

    def follow(self, answer: Answer) -> Found:
        request, said = answer.request, answer.json
        if not request.thread:
            return _listed(request, said)
        if not request.path.startswith(_ITEMS):
            return Found((), {}, () if said is None else (str(said["id"]),))
        wordless = [str(item["id"]) for item in _walk(said) if not _has_words(item)]
        spoken = tuple(str(item["id"]) for item in _walk(said) if _has_words(item))
        asked = (self._fact(native, request.thread) for native in wordless if native != request.thread)
        return Found(tuple(asked), {}, spoken)

    def verify(self, thread: str, missing: list[str]) -> list[Request]:
        """Each item that the index no longer shows."""
        return [self._fact(native, thread) for native in missing if native != thread]

    def observe(self, look: Look) -> Observed:
        trees = [answer for answer in look.answers if answer.request.path.startswith(_ITEMS)]
        facts = [answer for answer in look.answers if answer not in trees]
        tree = trees[0].json if trees and trees[0].status == 200 else None
        seen = [_stated(answer) for answer in facts if answer.status == 200]
        faults = []
        for item in _walk(tree) if tree else ():
            try:
                seen += [Observation(str(item["id"]), "present", _indexed(item))] if _has_words(item) else []
            except MISFIT as error:
                faults.append(f"An item of story {look.thread} does not have its shape ({error!r:.120}).")
        whole = look.whole and bool(tree) and not faults and all(fact.status == 200 for fact in facts)
        return Observed(tuple(seen), whole, None if whole else "page_limit", faults=tuple(faults))

    def imported(self, name: str, file: BinaryIO, query: Query) -> Iterator[Look]:
        """A JSON file with a story as ``items`` gives it."""
        if name.endswith(".json"):
            body = file.read()
            thread = str(json.loads(body)["id"])
            yield Look(thread, UNKNOWN_TIME, (Answer(Request(f"{_ITEMS}{thread}"), 200, body, UNKNOWN_TIME),))

    def _fact(self, native: str, thread: str) -> Request:
        return Request(f"{self.facts}{_FACTS}{native}.json", (), thread)


def _listed(request: Request, page: Any) -> Found:
    """Stories of a page's hits, opened when their first hit was posted at the latest.

    A query has 1,000 hits at most, so the next page is the same query up to the oldest hit, that second
    included: its last hits come twice and none is lost.
    """
    threads: dict[str, dt.datetime] = {}
    for hit in page["hits"]:
        story, at = str(hit.get("story_id") or hit["objectID"]), moment(hit["created_at_i"])
        threads[story] = min(threads.get(story, at), at)
    hits = tuple(str(hit["objectID"]) for hit in page["hits"])
    if page["nbHits"] <= len(hits) or not hits:
        return Found((), threads, hits)
    params = dict(request.params)
    kept = [one for one in params.get("numericFilters", "").split(",") if one and not one.startswith(_UNTIL)]
    oldest = min(hit["created_at_i"] for hit in page["hits"])
    params |= {"numericFilters": ",".join([*kept, f"{_UNTIL}{oldest + 1}"])}
    return Found((request._replace(params=tuple(params.items())),), threads, hits)


def _walk(tree: Any) -> Iterator[Any]:
    """A story and all below it, without recursion."""
    waiting = [tree]
    while waiting:
        item = waiting.pop()
        yield item
        waiting += reversed(item["children"])


def _has_words(item: Any) -> bool:
    """Whether the index still shows who said what."""
    return item.get("author") is not None and (item.get("text") or item.get("title")) is not None


def _stated(answer: Answer) -> Observation:
    """What the site itself says of one item; ``null`` where it has none of that number."""
    item = answer.json
    if item is None:
        return Observation(
            answer.request.path.rpartition("/")[2].removesuffix(".json"), "absent", evidence="null"
        )
    native = str(item["id"])
    if item.get("deleted"):
        return Observation(native, "absent", None, "deleted", "author")
    content = {
        "author": str(item["by"]),
        "created_at": text_or_none(item["time"]),
        "text": _text(item),
        "parent": text_or_none(item.get("parent")),
        "likes": text_or_none(item.get("score")),
    }
    if item.get("dead"):
        return Observation(native, "hidden", content | {"text": None}, "dead", "platform")
    return Observation(native, "present", content)


def _indexed(item: Any) -> dict[str, str | None]:
    return {
        "author": str(item["author"]),
        "created_at": str(item["created_at"]),
        "text": _text(item),
        "parent": text_or_none(item.get("parent_id")),
        "likes": text_or_none(item.get("points")),
    }


def _text(item: Any) -> str:
    """A story's title belongs to what its opener says."""
    return f"{item.get('title') or ''}\n\n{to_text(item.get('text') or '')}".strip()
