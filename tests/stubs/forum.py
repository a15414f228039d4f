"""A forum like Discourse: topics in pages, posts in chunks, numbers that are never given twice."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

from stubs.server import Asked, Reply, as_json

CHUNK = 20
PER_PAGE = 30


def made_topic(topic: int, posts: int, opened_at: dt.datetime) -> dict[str, Any]:
    """A topic in the shape of `/t/{id}.json`, every third post by the forum's staff."""
    return {
        "id": topic, "title": f"Topic {topic} does not work", "chunk_size": CHUNK, "closed": False,
        "archived": False, "created_at": iso(opened_at), "highest_post_number": posts,
        "post_stream": {"posts": [made_post(topic, number, opened_at) for number in range(1, posts + 1)]},
    }  # fmt: skip


def made_post(topic: int, number: int, opened_at: dt.datetime) -> dict[str, Any]:
    at = iso(opened_at + dt.timedelta(minutes=number - 1))
    staff = number % 3 == 2
    return {
        "id": topic * 1000 + number, "post_number": number, "post_type": 1, "topic_id": topic,
        "username": "helper" if staff else f"person{topic}", "created_at": at, "updated_at": at, "version": 1,
        "cooked": f"<p>Words {number} of topic {topic}</p>", "reply_to_post_number": number - 1 or None,
        "staff": staff, "admin": staff, "moderator": False, "hidden": False, "user_deleted": False,
        "deleted_at": None, "actions_summary": [{"id": 2, "count": number}] if number % 2 else [],
    }  # fmt: skip


def iso(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Forum:
    """Topics by their ids; tests change them between looks."""

    def __init__(self, topics: list[dict[str, Any]]) -> None:
        self.topics = {str(topic["id"]): copy.deepcopy(topic) for topic in topics}
        for topic in self.topics.values():
            topic["post_stream"].pop("stream", None)

    def delete(self, topic: int, number: int) -> None:
        stream = self.topics[str(topic)]["post_stream"]
        stream["posts"] = [post for post in stream["posts"] if post["post_number"] != number]

    def post(self, topic: int, number: int) -> dict[str, Any]:
        posts = self.topics[str(topic)]["post_stream"]["posts"]
        return next(post for post in posts if post["post_number"] == number)

    def answer(self, asked: Asked) -> Reply:
        """What the forum says to a request."""
        parts = asked.path.strip("/").removesuffix(".json").split("/")
        params = dict(asked.params)
        if parts[0] in ("latest", "search"):
            return self._listing(parts[0], int(params["page"]))
        topic = self.topics.get(parts[1])
        if topic is None:
            return as_json({"errors": ["not found"]}, 404)
        if len(parts) == 3:
            wanted = {value for name, value in asked.params if name == "post_ids[]"}
            chosen = [post for post in topic["post_stream"]["posts"] if str(post["id"]) in wanted]
            return as_json({"id": topic["id"], "post_stream": {"posts": chosen}})
        return as_json(self._first(topic))

    def _listing(self, kind: str, page: int) -> Reply:
        newest = sorted(
            self.topics.values(), key=lambda topic: (topic["created_at"], topic["id"]), reverse=True
        )
        start = (page if kind == "latest" else page - 1) * PER_PAGE
        topics = [
            {"id": topic["id"], "created_at": topic["created_at"]}
            for topic in newest[start : start + PER_PAGE]
        ]
        more = start + PER_PAGE < len(newest)
        if kind == "search":
            return as_json({"topics": topics, "grouped_search_result": {"more_full_page_results": more}})
        listed = {"topics": topics} | ({"more_topics_url": f"/latest?page={page + 1}"} if more else {})
        return as_json({"topic_list": listed})

    def _first(self, topic: dict[str, Any]) -> dict[str, Any]:
        posts = topic["post_stream"]["posts"]
        stream = {"posts": posts[:CHUNK], "stream": [post["id"] for post in posts]}
        return topic | {"post_stream": stream}
