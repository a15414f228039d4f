"""Source ``discourse``: a forum that runs on Discourse, by its JSON pages.

Posts of a topic are numbered without gaps, so a missing number is a post that is gone: deleted, by whom is
not said, or moved. Moving puts a notice in the place of the first moved post (``PostMover`` of Discourse), so
numbers missing behind such a notice are no evidence. A post is known by its topic and number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
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
    Send,
    Source,
    Window,
    moment,
    numbered,
    text_or_none,
)  # fmt: skip
from complaintlab.sources.html import to_text

_LIKE: Final = 2
_SPOKEN: Final = (1, 2)
"""Types of posts that somebody wrote; the others are notices of what was done to the topic."""

_HIDDEN_BY_SOFTWARE: Final = (3, 5, 7)
"""Reasons for hiding in which nobody decided: spam limits for new users and mail checks."""

_PAGE: Final = 20


class Discourse(Source):
    name = "discourse"
    capabilities = Capabilities(
        selected_on_reply=False,
        threads_complete=True,
        prospective=False,
        deletions_attributed=False,
        engagement_timestamped=True,
    )
    policy = Policy(keep_text=True, record_deletions=True, honour_deletions=True)
    pace = (Window(50, 10.0), Window(200, 60.0))

    def discover(self, query: Query) -> list[Request]:
        """A search for each word, tag, category and account; without any, the list of latest topics."""
        asked = [*query.words, *(f"@{name}" for name in query.accounts if "." not in name)]
        asked += [f"tags:{tag}" for tag in query.tags]
        asked += [f"category:{name}" for name in query.communities]
        if not asked:
            return [Request("/latest.json", (("order", "created"), ("page", "0")))]
        bounds = " order:latest_topic"
        bounds += f" after:{query.since:%Y-%m-%d}" if query.since else ""
        return numbered([Request("/search.json", (("q", word + bounds), ("page", "1"))) for word in asked])

    def ask(self, thread: str) -> list[Request]:
        return [Request(f"/t/{thread}.json", (("include_suggested", "false"),), thread)]

    def follow(self, answer: Answer) -> Found:
        request = answer.request
        if not request.thread:
            return _listed(request, answer.json)
        stream = answer.json["post_stream"]
        posts = {post["id"]: _native(request.thread, post["post_number"]) for post in stream["posts"]}
        rest = [number for number in stream.get("stream", []) if number not in posts]
        size = int(answer.json.get("chunk_size", _PAGE))
        chunks = [rest[start : start + size] for start in range(0, len(rest), size)]
        return Found(
            tuple(_more(request.thread, chunk) for chunk in chunks), {}, tuple(posts.values())
        )  # fmt: skip

    def observe(self, look: Look) -> Observed:
        first = look.answers[0]
        if first.status in (404, 410):
            return Observed((), complete=True, gone=f"HTTP {first.status}")
        if first.status != 200:
            return Observed((), complete=False, cut="private")
        topic = first.json
        said, faults = _read(look, topic)
        posts = [post for post, _ in said.values()]
        covered = look.whole and not faults and set(topic["post_stream"]["stream"]) <= set(said)
        gaps = _gaps(look.thread, topic, posts) if covered else []
        spoken = [observation for _, observation in said.values() if observation is not None]
        return Observed(
            (*spoken, *gaps), covered, None if covered else "page_limit",
            locked_at=_locked(topic, posts), faults=tuple(faults),
        )  # fmt: skip

    def root(self, thread: str) -> str:
        return _native(thread, 1)

    def imported(self, name: str, file: BinaryIO, query: Query) -> Iterator[Look]:
        """A JSON file holds one topic with all its posts, as the forum's pages give them."""
        if name.endswith(".json"):
            answer = Answer(Request(name), 200, file.read(), UNKNOWN_TIME)
            yield Look(str(answer.json["id"]), UNKNOWN_TIME, (answer,))

    def authorise(self, environment: Mapping[str, str], send: Send) -> dict[str, str]:
        key, user = (
            environment.get("COMPLAINTLAB_DISCOURSE_KEY"),
            environment.get("COMPLAINTLAB_DISCOURSE_USER"),
        )
        return {"Api-Key": key, "Api-Username": user} if key and user else {}


def _native(thread: str, number: int) -> str:
    return f"{thread}/{int(number)}"


def _more(thread: str, ids: list[int]) -> Request:
    return Request(f"/t/{thread}/posts.json", tuple(("post_ids[]", str(number)) for number in ids), thread)


def _listed(request: Request, page: Any) -> Found:
    """Topics of a page of search or of the latest ones, and the next page where there is one."""
    listing = page.get("topic_list")
    topics = listing["topics"] if listing is not None else page.get("topics", [])
    threads = {str(topic["id"]): moment(topic["created_at"]) for topic in topics}
    result = page.get("grouped_search_result") or {}
    more = bool(listing and listing.get("more_topics_url")) or bool(result.get("more_full_page_results"))
    params = dict(request.params)
    following = request._replace(params=tuple((params | {"page": str(int(params["page"]) + 1)}).items()))
    return Found((following,) if more and topics else (), threads, tuple(threads))


def _read(look: Look, topic: Any) -> tuple[dict[int, tuple[Any, Observation | None]], list[str]]:
    """The posts of all answers by their ids, and a sentence for each that has not their shape."""
    said: dict[int, tuple[Any, Observation | None]] = {}
    faults = []
    for answer in look.answers:
        for post in answer.json["post_stream"]["posts"] if answer.status == 200 else []:
            try:
                said[post["id"]] = post, _observation(look.thread, topic, post, look.place)
            except MISFIT as error:
                faults.append(f"A post of topic {look.thread} does not have its shape ({error!r:.120}).")
    return said, faults


def _observation(thread: str, topic: Any, post: Any, place: str | None) -> Observation | None:
    if post["post_type"] not in _SPOKEN:
        return None
    native = _native(thread, post["post_number"])
    status, evidence, actor = _status(post)
    text = _text(topic, post) if status == "present" else None
    content = _content(thread, post, place) | {"text": text}
    happened = post.get("deleted_at")
    return Observation(native, status, content, evidence, actor, happened)


def _status(post: Any) -> tuple[Any, str | None, Actor | None]:
    """Only a key of the forum's staff is told who deleted a post (``deleted_by``)."""
    if post.get("deleted_at"):
        by = (post.get("deleted_by") or {}).get("username")
        actor: Actor = "unknown" if by is None else "author" if by == post["username"] else "host"
        return "absent", "deleted_at", actor
    if post.get("user_deleted"):
        return "absent", "user_deleted", "author"
    if post.get("hidden"):
        by_software = post.get("hidden_reason_id") in _HIDDEN_BY_SOFTWARE
        return "hidden", "hidden", "platform" if by_software else "unknown"
    return "present", None, None


def _content(thread: str, post: Any, place: str | None) -> dict[str, str | None]:
    number, answered = int(post["post_number"]), post.get("reply_to_post_number")
    parent = None if number == 1 else _native(thread, answered or 1)
    likes = [action.get("count", 0) for action in post.get("actions_summary", []) if action["id"] == _LIKE]
    return {
        "author": post["username"],
        "created_at": post["created_at"],
        "edited_at": post.get("updated_at") if post.get("version", 1) > 1 else None,
        "parent": parent if parent != _native(thread, number) else _native(thread, 1),
        "place": place,
        "is_host": text_or_none(bool(post.get("staff") or post.get("admin") or post.get("moderator"))),
        "likes": str(sum(likes)),
    }


def _text(topic: Any, post: Any) -> str:
    """A topic's title belongs to what its opener says."""
    words = to_text(post["cooked"])
    return f"{topic.get('title') or ''}\n\n{words}".strip() if post["post_number"] == 1 else words


def _gaps(thread: str, topic: Any, posts: list[Any]) -> list[Observation]:
    numbers = {int(post["post_number"]) for post in posts}
    moved_from = min(
        (int(post["post_number"]) for post in posts if post.get("action_code") == "split_topic"), default=None
    )
    missing = sorted(set(range(1, int(topic["highest_post_number"]) + 1)) - numbers)
    return [
        Observation(_native(thread, number), "absent", evidence="gap in post_number")
        if moved_from is None or number < moved_from
        else Observation(_native(thread, number), "unreachable", evidence="perhaps moved to another topic")
        for number in missing
    ]


def _locked(topic: Any, posts: list[Any]) -> str | None:
    if not (topic.get("closed") or topic.get("archived")):
        return None
    codes = ("closed.enabled", "archived.enabled", "autoclosed.enabled")
    closed = [str(post["created_at"]) for post in posts if post.get("action_code") in codes]
    return max(closed, key=dt.datetime.fromisoformat) if closed else ""
