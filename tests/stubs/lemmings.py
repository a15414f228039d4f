"""A server like Lemmy: one community, its posts and comments, and the log of its moderators."""

from __future__ import annotations

import datetime as dt
from typing import Any

from stubs.server import START, Asked, Reply, as_json

COMMUNITY = {"id": 5, "name": "acmehelp", "actor_id": "https://lemmy.example/c/acmehelp"}
MODERATOR = {"id": 99, "name": "acme", "actor_id": "https://lemmy.example/u/acme", "deleted": False}


class Lemmings:
    """Views by kind and number; ``post`` and ``comment`` add one, ``remove`` is the moderator's act."""

    def __init__(self) -> None:
        self.posts: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, dict[str, Any]] = {}
        self.log: dict[str, list[dict[str, Any]]] = {
            "removed_posts": [],
            "removed_comments": [],
            "locked_posts": [],
        }
        self.unlisted: set[int] = set()
        """Comments that the list leaves out, as it does with leaves that are gone."""

    def post(self, who: str, title: str, body: str) -> int:
        number = len(self.posts) + 1
        thing = self._thing(number, who) | {"name": title, "body": body, "locked": False}
        self.posts[number] = self._view(who) | {"post": thing}
        return number

    def comment(self, who: str, text: str, post: int, above: int | None = None) -> int:
        number = len(self.comments) + 1
        path = f"{self.comments[above]['comment']['path'] if above else '0'}.{number}"
        thing = self._thing(number, who) | {
            "content": text, "path": path, "post_id": post, "distinguished": False,
        }  # fmt: skip
        self.comments[number] = self._view(who) | {"comment": thing, "post": self.posts[post]["post"]}
        return number

    def remove(self, kind: str, number: int, reason: str | None, when: str, removed: bool = True) -> None:
        view = (self.posts if kind == "post" else self.comments)[number]
        view[kind]["removed"] = removed
        done = {"id": 1, f"{kind}_id": number, "reason": reason, "removed": removed, "when_": when}
        entry = {f"mod_remove_{kind}": done, "moderator": MODERATOR, kind: view[kind], "post": view["post"]}
        self.log[f"removed_{kind}s"].append(entry)

    def answer(self, asked: Asked) -> Reply:
        params, name = dict(asked.params), asked.path.removeprefix("/api/v3/")
        if name == "modlog":
            return as_json(self._logged(params))
        page = int(params.get("page", 1)) - 1
        cut = slice(page * int(params.get("limit", 10)), (page + 1) * int(params.get("limit", 10)))
        if name == "post/list":
            return as_json({"posts": list(reversed(self.posts.values()))[cut]})
        if name == "search":
            found = {"Posts": self.posts, "Comments": self.comments}[params["type_"]]
            hits = [view for view in found.values() if params["q"] in str(view)]
            return as_json({"posts": [], "comments": [], params["type_"].lower(): hits[cut]})
        if name == "post":
            view = self.posts.get(int(params["id"]))
            gone = view is None or view["post"]["removed"] or view["post"]["deleted"]
            return as_json({"error": "couldnt_find_post"}, 404) if gone else as_json({"post_view": view})
        if name == "comment":
            view = self.comments.get(int(params["id"]))
            return (
                as_json({"comment_view": _shown(view)})
                if view
                else as_json({"error": "couldnt_find_comment"}, 404)
            )
        mine = [
            _shown(view) for view in self.comments.values()
            if view["comment"]["post_id"] == int(params["post_id"])
            and view["comment"]["id"] not in self.unlisted
        ]  # fmt: skip
        return as_json({"comments": mine[cut]})

    def _logged(self, params: dict[str, str]) -> dict[str, Any]:
        names = {
            "ModRemovePost": "removed_posts",
            "ModRemoveComment": "removed_comments",
            "ModLockPost": "locked_posts",
        }
        field = "comment" if "comment_id" in params else "post"
        chosen = names[params["type_"]]
        own = [one for one in self.log[chosen] if one[field]["id"] == int(params[f"{field}_id"])]
        return {name: own if name == chosen else [] for name in self.log}

    def _thing(self, number: int, who: str) -> dict[str, Any]:
        at = START - dt.timedelta(days=2) + dt.timedelta(minutes=len(self.posts) * 60 + len(self.comments))
        return {
            "id": number, "creator_id": _number(who), "published": at.isoformat().replace("+00:00", "Z"),
            "updated": None, "deleted": False, "removed": False,
        }  # fmt: skip

    def _view(self, who: str) -> dict[str, Any]:
        person = {
            "id": _number(who),
            "name": who,
            "actor_id": f"https://lemmy.example/u/{who}",
            "deleted": False,
        }
        return {
            "creator": person, "community": COMMUNITY, "counts": {"score": 1, "upvotes": 3, "downvotes": 2},
            "creator_is_moderator": who == "acme", "creator_is_admin": False,
        }  # fmt: skip


def _number(who: str) -> int:
    return 99 if who == "acme" else sum(who.encode())


def _shown(view: dict[str, Any]) -> dict[str, Any]:
    """As a stranger sees it: without the words of what is gone."""
    gone = view["comment"]["removed"] or view["comment"]["deleted"]
    return view | {"comment": view["comment"] | {"content": ""}} if gone else view
