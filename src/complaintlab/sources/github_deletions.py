"""Which comments of an issue its deletion events speak of: they name the author, and not the comment."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from complaintlab.sources.contract import Actor, Observation

EVENT: Final = "CommentDeletedEvent"


def login_of(actor: Any) -> str:
    """Who it was; empty for an account that is gone."""
    return str(actor["login"]) if actor else ""


def marked(node: str, login: str) -> str:
    """A comment's native id: its node's and a digest of that and its author, so that it names nobody."""
    return f"{node}~{hashlib.blake2b(f'{node} {login}'.encode(), digest_size=4).hexdigest()}"


def node_id(native: str) -> str:
    """The node's id in a comment's native id."""
    return native.partition("~")[0]


def deleted(missing: list[str], events: list[Any]) -> list[Observation]:
    """Missing comments with what the events agree on, and events on comments that no look ever had.

    Args:
        missing: native ids that are not to be found any more.
        events: nodes of the issue's whole timeline.

    Returns:
        One absence a missing comment: with its actor where all deletions of that author's comments have the
        same, with its moment where there is one only. Of an author with more deletions than missing comments
        the earliest stand for themselves, under the event's id: later ones fit what was seen before.
    """
    deletions = [event for event in events if event.get("__typename") == EVENT]
    deletions.sort(key=lambda event: (event["createdAt"], event["id"]))
    seen = []
    for author in sorted({login_of(event["deletedCommentAuthor"]) for event in deletions}):
        own = [event for event in deletions if login_of(event["deletedCommentAuthor"]) == author]
        lost = [native for native in missing if marked(node_id(native), author) == native]
        hands = {_hand(event) for event in own}
        actor = hands.pop() if len(hands) == 1 else "unknown"
        at = str(own[0]["createdAt"]) if len(own) == len(lost) == 1 else None
        seen += [Observation(native, "absent", None, EVENT, actor, at) for native in lost]
        seen += [
            Observation(str(event["id"]), "absent", None, EVENT, _hand(event), str(event["createdAt"]))
            for event in own[: max(0, len(own) - len(lost))]
        ]
    explained = {observation.post_id for observation in seen}
    rest = [native for native in missing if native not in explained]
    return seen + [Observation(native, "absent", evidence="not found") for native in rest]


def _hand(event: Any) -> Actor:
    if not event.get("actor"):
        return "unknown"
    return "author" if login_of(event["actor"]) == login_of(event["deletedCommentAuthor"]) else "host"
