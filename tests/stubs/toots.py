"""A server like Mastodon: statuses, their context without a login, tags and search."""

from __future__ import annotations

import datetime as dt
from typing import Any

from stubs.server import START, Asked, Reply, as_json

SHOWN = 60
"""Descendants that a context shows without a login."""


class Toots:
    """Statuses by id; ``say`` adds one, tests take away and change."""

    def __init__(self) -> None:
        self.statuses: dict[str, dict[str, Any]] = {}

    def say(self, who: str, html: str, parent: str | None = None, **changes: Any) -> str:
        at = START - dt.timedelta(days=2) + dt.timedelta(minutes=len(self.statuses))
        native = str((int(at.timestamp() * 1000) << 16) + 1)
        name, _, server = who.partition("@")
        self.statuses[native] = {
            "id": native, "created_at": at.isoformat().replace("+00:00", "Z"), "in_reply_to_id": parent,
            "edited_at": None, "visibility": "public", "spoiler_text": "", "content": html, "mentions": [],
            "favourites_count": 2, "reblogs_count": 1,
            "account": {"id": name, "acct": who, "bot": False, "followers_count": 9,
                        "url": f"https://{server or 'mastodon.example'}/@{name}"},
        } | changes  # fmt: skip
        return native

    def delete(self, native: str) -> None:
        """As Mastodon does: what answered it has no parent any more."""
        del self.statuses[native]
        for status in self.statuses.values():
            if status["in_reply_to_id"] == native:
                status["in_reply_to_id"] = None

    def answer(self, asked: Asked) -> Reply:
        parts, params = asked.path.strip("/").split("/"), dict(asked.params)
        if parts[2] == "timelines":
            return as_json(self._hits(f"#{parts[-1]}", params.get("max_id"))[:3])
        if parts[2] == "search":
            start = int(params["offset"])
            return as_json({"statuses": self._hits(params["q"], None)[start : start + 3]})
        status = self.statuses.get(parts[3])
        if status is None:
            return as_json({"error": "Record not found"}, 404)
        if parts[-1] == "context":
            return as_json({"ancestors": self._above(status), "descendants": self._below(parts[3])[:SHOWN]})
        return as_json(status)

    def _hits(self, word: str, before: str | None) -> list[Any]:
        hits = [status for status in reversed(self.statuses.values()) if word in status["content"]]
        return [status for status in hits if before is None or int(status["id"]) < int(before)]

    def _above(self, status: Any) -> list[Any]:
        parent = self.statuses.get(status["in_reply_to_id"] or "")
        return [*self._above(parent), parent] if parent else []

    def _below(self, native: str) -> list[Any]:
        below = [status for status in self.statuses.values() if status["in_reply_to_id"] == native]
        return [one for status in below for one in (status, *self._below(status["id"]))]
