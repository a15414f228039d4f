"""A network like Bluesky as an app view shows it: threads, gates, posts and accounts that go."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from stubs.server import START, Asked, Reply, as_json

PASSWORD = "app-pass-word-1234"
TOKEN = "token-0123456789"


class Sky:
    """Posts by uri; ``say`` adds one, tests delete and hide."""

    def __init__(self) -> None:
        self.posts: dict[str, dict[str, Any]] = {}
        self.hidden: list[str] = []
        self.gone: set[str] = set()
        self.statuses: dict[str, str] = {}
        """What the hosts of accounts that are gone say of them, where they say anything."""
        self.blocked: set[str] = set()

    def say(self, who: str, text: str, parent: str | None = None) -> str:
        uri = f"at://did:plc:{who}/app.bsky.feed.post/{len(self.posts) + 1:03d}"
        at = (START - dt.timedelta(days=2) + dt.timedelta(minutes=len(self.posts))).isoformat()
        record: dict[str, Any] = {"$type": "app.bsky.feed.post", "createdAt": at, "text": text}
        if parent is not None:
            root = self.posts[parent]["record"].get("reply", {"root": {"uri": parent}})["root"]
            record["reply"] = {"parent": {"uri": parent}, "root": root}
        author = {"did": f"did:plc:{who}", "handle": f"{who}.example.com"}
        self.posts[uri] = {
            "uri": uri, "author": author, "record": record, "indexedAt": at, "likeCount": 2, "repostCount": 1,
        }  # fmt: skip
        return uri

    def answer(self, asked: Asked) -> Reply:
        name, params = asked.path.rpartition(".")[2], dict(asked.params)
        if name == "createSession":
            if json.loads(asked.body)["password"] != PASSWORD:
                return as_json({"error": "AuthenticationRequired"}, 401)
            return as_json({"accessJwt": TOKEN})
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return as_json({"error": "AuthMissing"}, 401)
        if name == "searchPosts":
            return self._search(params)
        if name == "getPosts":
            wanted = [value for key, value in asked.params if key == "uris"]
            return as_json({"posts": [self.posts[uri] for uri in wanted if uri in self.posts]})
        if name == "getProfiles":
            wanted = [value for key, value in asked.params if key == "actors"]
            return as_json({"profiles": [{"did": did} for did in wanted if did not in self.gone]})
        if name == "getRepoStatus":
            did = params["did"]
            if did not in self.statuses:
                return as_json({"error": "RepoNotFound"}, 400)
            return as_json({"did": did, "active": False, "status": self.statuses[did]})
        if params["uri"] not in self.posts:
            return as_json({"error": "NotFound", "message": "Post not found"}, 400)
        gate = {"threadgate": {"record": {"hiddenReplies": self.hidden}}} if self.hidden else {}
        return as_json({"thread": self._node(params["uri"])} | gate)

    def _search(self, params: dict[str, str]) -> Reply:
        hits = [
            post
            for post in reversed(self.posts.values())
            if params["q"].strip("#@") in post["record"]["text"]
        ]
        start = int(params.get("cursor", "0"))
        more = {"cursor": str(start + 2)} if start + 2 < len(hits) else {}
        return as_json({"posts": hits[start : start + 2]} | more)

    def _node(self, uri: str) -> dict[str, Any]:
        if uri in self.blocked:
            return {"uri": uri, "blocked": True, "author": self.posts[uri]["author"]}
        replies = [
            other for other, post in self.posts.items()
            if post["record"].get("reply", {}).get("parent", {}).get("uri") == uri
        ]  # fmt: skip
        nodes = [self._node(reply) for reply in replies]
        return {"post": self.posts[uri] | {"replyCount": len(replies)}, "replies": nodes}
