"""An archive of Reddit: records as its dumps have them, and its API."""

from __future__ import annotations

import datetime as dt
from typing import Any

from stubs.server import Asked, Reply, as_json

AT = 1_706_745_600


def comment(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "author": "ann", "body": "it broke", "created_utc": AT, "distinguished": None, "edited": False,
        "id": name, "link_id": "t3_p1", "parent_id": "t3_p1", "retrieved_on": AT + 30, "score": 3,
        "subreddit": "acme",
    } | changes  # fmt: skip


def post(name: str, **changes: Any) -> dict[str, Any]:
    record = comment(name, title="Broken", selftext="Who helps?", **changes)
    return {key: value for key, value in record.items() if key not in ("body", "link_id", "parent_id")}


class Archive:
    """The archive's API: search by time, a tree that leaves deep comments out, ids."""

    def __init__(self) -> None:
        self.posts = [post(f"p{n}", created_utc=AT + n * 3600) for n in range(7)]
        self.comments = [
            comment(
                f"c{n}{i}", author=("ann", "acme_help")[i % 2], link_id=f"t3_p{n}",
                parent_id=f"t1_c{n}{i - 1}" if i else f"t3_p{n}",
            )
            for n in range(7) for i in range(4)
        ]  # fmt: skip

    def answer(self, asked: Asked) -> Reply:
        params = dict(asked.params)
        if asked.path == "/api/posts/search":
            before = dt.datetime.fromisoformat(params.get("before", "2030-01-01T00:00:00+00:00")).timestamp()
            hits = [record for record in reversed(self.posts) if record["created_utc"] < before]
            return as_json({"data": hits[:3]})
        if asked.path == "/api/posts/ids":
            return as_json(
                {"data": [record for record in self.posts if f"t3_{record['id']}" == params["ids"]]}
            )
        if asked.path == "/api/comments/ids":
            return as_json(
                {"data": [record for record in self.comments if record["id"] in params["ids"].split(",")]}
            )
        mine = [record for record in self.comments if record["link_id"] == params["link_id"]]
        return as_json(
            {"data": [tree(mine[:2]), {"kind": "more", "data": {"children": [c["id"] for c in mine[2:]]}}]}
        )


def tree(chain: list[dict[str, Any]]) -> dict[str, Any]:
    below = {"kind": "Listing", "data": {"children": [tree(chain[1:])]}} if chain[1:] else ""
    return {"kind": "t1", "data": chain[0] | {"replies": below}}
