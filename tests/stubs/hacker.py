"""Hacker News twice: the site's items as Firebase has them, and an index of them as Algolia has it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from stubs.server import START, Asked, Reply, as_json

FIRST = int((START - dt.timedelta(days=2)).timestamp())


class Hacker:
    """Items by number; ``say`` adds one, tests mark them ``deleted`` or ``dead``."""

    def __init__(self, hits: int = 1000) -> None:
        self.items: dict[int, dict[str, Any]] = {}
        self.hits = hits
        self.dropped: set[int] = set()
        """What the index does not even show as empty."""

    def say(self, who: str, text: str, parent: str | None = None, title: str | None = None) -> str:
        number = 100 + len(self.items)
        item: dict[str, Any] = {
            "id": number, "by": who, "text": text, "time": FIRST + 60 * len(self.items), "kids": [],
            "type": "comment" if parent else "story",
        }  # fmt: skip
        item |= {"parent": int(parent)} if parent else {"title": title, "score": 7}
        self.items[number] = item
        if parent:
            self.items[int(parent)]["kids"].append(number)
        return str(number)

    def delete(self, native: str) -> None:
        item = self.items[int(native)]
        kept = {key: item[key] for key in ("id", "time", "type", "kids", "parent") if key in item}
        self.items[int(native)] = kept | {"deleted": True}

    def answer(self, asked: Asked) -> Reply:
        params = dict(asked.params)
        if asked.path.startswith("/v0/item/"):
            return as_json(self.items.get(int(asked.path.split("/")[-1].removesuffix(".json"))))
        if asked.path.startswith("/api/v1/items/"):
            number = int(asked.path.split("/")[-1])
            return as_json(self.tree(self.items[number])) if number in self.items else as_json({}, 404)
        bounds = dict(one.split("<", 1) for one in params.get("numericFilters", "").split(",") if "<" in one)
        until = int(bounds.get("created_at_i", 2**40))
        hits = [
            {"objectID": str(item["id"]), "created_at_i": item["time"], "story_id": self._story(item)}
            for item in reversed(self.items.values())
            if params["query"] in str(item.get("title") or item.get("text")) and item["time"] < until
        ]
        return as_json({"hits": hits[: self.hits], "nbHits": len(hits)})

    def _story(self, item: Any) -> int:
        return self._story(self.items[item["parent"]]) if item.get("parent") else item["id"]

    def tree(self, item: Any) -> dict[str, Any]:
        gone = bool(item.get("deleted") or item.get("dead"))
        at = dt.datetime.fromtimestamp(item["time"], dt.UTC).isoformat().replace("+00:00", "Z")
        kids = [self.tree(self.items[kid]) for kid in item["kids"] if kid not in self.dropped]
        return {
            "id": item["id"], "created_at": at, "created_at_i": item["time"], "type": item["type"],
            "author": None if gone else item["by"], "title": None if gone else item.get("title"),
            "text": None if gone else item.get("text"), "points": item.get("score"),
            "parent_id": item.get("parent"), "story_id": self._story(item), "children": kids,
        }  # fmt: skip
