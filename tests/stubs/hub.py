"""Repositories like GitHub's: issues with a timeline, discussions with replies, asked by GraphQL."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from stubs.server import START, Asked, Reply, as_json

TOKEN = "ghp_0123456789abcdef"
PAGE = 3
QUESTIONS = {
    "search(": "search",
    "issue(": "issue",
    "discussion(": "discussion",
    "nodes(": "nodes",
    "node(": "node",
}


class Hub:
    """Threads by kind and number in ``acme/widget``; tests delete, minimise and lock."""

    def __init__(self) -> None:
        self.threads: dict[tuple[str, int], dict[str, Any]] = {}
        self.is_private = False
        self.count = 0

    def open(self, kind: str, who: str, title: str) -> tuple[str, int]:
        key = kind, len(self.threads) + 1
        type_ = kind.capitalize()
        self.threads[key] = self._said(who, "Who helps?", type_) | {
            "number": key[1], "title": title, "locked": False, "items": [],
        }  # fmt: skip
        return key

    def comment(self, key: tuple[str, int], who: str, text: str, above: str | None = None) -> str:
        comment = self._said(who, text, "IssueComment" if key[0] == "issue" else "DiscussionComment")
        items = self.threads[key]["items"]
        if key[0] == "discussion":
            comment |= {"deletedAt": None, "replies": [], "replyTo": None}
        if above is not None:
            parent = next(item for item in items if item["id"] == above)
            comment["replyTo"] = {"id": above, "author": parent["author"]}
            items = parent["replies"]
        items.append(comment)
        return str(comment["id"])

    def delete(self, key: tuple[str, int], node: str, by: str, at: dt.datetime) -> None:
        items = self.threads[key]["items"]
        comment = next(item for item in items if item["id"] == node)
        items.remove(comment)
        self.count += 1
        event = {"__typename": "CommentDeletedEvent", "id": f"CDE_{self.count}", "createdAt": at.isoformat()}
        items.append(event | {"actor": {"login": by}, "deletedCommentAuthor": comment["author"]})

    def item(self, key: tuple[str, int], node: str) -> dict[str, Any]:
        return next(item for item in self.threads[key]["items"] if item["id"] == node)

    def answer(self, asked: Asked) -> Reply:
        if asked.method != "POST" or asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return as_json({"message": "Bad credentials"}, 401)
        said = json.loads(asked.body)
        name = next(name for word, name in QUESTIONS.items() if word in said["query"])
        data, errors = getattr(self, f"_{name}")(said["variables"])
        return as_json({"data": data} | ({"errors": [{"type": "NOT_FOUND"}]} if errors else {}))

    def _search(self, asked: dict[str, Any]) -> tuple[Any, bool]:
        kind = asked["type"].lower()
        found = [thread for (one, _), thread in reversed(self.threads.items()) if one == kind]
        page, info = _paged(found, asked)
        place = {"repository": {"nameWithOwner": "acme/widget"}}
        nodes = [{"number": one["number"], "createdAt": one["createdAt"]} | place for one in page
        ]  # fmt: skip
        return {
            "search": {"issueCount": len(found), "discussionCount": 0, "pageInfo": info, "nodes": nodes}
        }, False

    def _issue(self, asked: dict[str, Any], kind: str = "issue") -> tuple[Any, bool]:
        if self.is_private:
            return {"repository": None}, True
        thread = self.threads.get((kind, asked["number"]))
        place = {"nameWithOwner": "acme/widget", "owner": {"login": "acme"}}
        if thread is None:
            return {"repository": place | {"thread": None}}, True
        page, info = _paged(thread["items"], asked)
        nodes = [
            item | {"replies": _connection(item["replies"], {})} if "replies" in item else item
            for item in page
        ]
        return {
            "repository": place | {"thread": thread | {"items": {"pageInfo": info, "nodes": nodes}}}
        }, False

    def _discussion(self, asked: dict[str, Any]) -> tuple[Any, bool]:
        return self._issue(asked, "discussion")

    def _node(self, asked: dict[str, Any]) -> tuple[Any, bool]:
        items = [item for thread in self.threads.values() for item in thread["items"]]
        replies = next(item["replies"] for item in items if item["id"] == asked["id"])
        return {"node": {"replies": _connection(replies, asked)}}, False

    def _nodes(self, asked: dict[str, Any]) -> tuple[Any, bool]:
        there = {item["id"] for thread in self.threads.values() for item in thread["items"]}
        nodes = [{"id": node} if node in there else None for node in asked["ids"]]
        return {"nodes": nodes}, None in nodes

    def _said(self, who: str, text: str, kind: str) -> dict[str, Any]:
        self.count += 1
        at = START - dt.timedelta(days=2) + dt.timedelta(minutes=self.count)
        return {
            "__typename": kind, "id": f"N_{self.count}", "author": {"login": who},
            "createdAt": at.isoformat(),
            "authorAssociation": "MEMBER" if who.startswith("staff") else "NONE", "lastEditedAt": None,
            "body": text, "isMinimized": False, "minimizedReason": None, "likes": {"totalCount": 4},
        }  # fmt: skip


def _paged(items: list[Any], asked: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    end = int(asked.get("after") or 0) + PAGE
    return items[end - PAGE : end], {"hasNextPage": end < len(items), "endCursor": str(end)}


def _connection(items: list[Any], asked: dict[str, Any]) -> dict[str, Any]:
    page, info = _paged(items, asked)
    return {"nodes": page, "pageInfo": info}
