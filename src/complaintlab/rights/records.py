"""What somebody wrote, taken out of raw answers in place: names, words and ids go, the skeleton stays.

An answer holds many people's posts. If a record were cut out, its replies would hang in the air and its place
would look like a deletion, so the record stays as an empty shell. The same rules serve all sources: a record
is theirs where the key that names its author has one of their names, or its own id is one of their posts.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from complaintlab.rights.named import FORGOTTEN
from complaintlab.rights.target import Target

_AUTHOR: Final = ("author", "username", "account", "creator", "by")
"""Keys of a record that name its author, itself or an object with his handle."""
_NAMES: Final = frozenset({*_AUTHOR, "did", "handle", "acct", "login", "name"})
_SHAPE: Final = frozenset(
    {
        "id", "uri", "$type", "kind", "hiddenReplies", "link_id", "parent_id", "subreddit",
        "in_reply_to_id", "createdAt", "created_at", "created_utc", "indexedAt", "updated_at", "deleted_at",
        "edited_at", "published", "removal_type", "removed_by_category", "distinguished", "action_code",
    }
)  # fmt: skip
"""Keys whose strings are needed to read the thread around a record."""
_NESTED: Final = frozenset({"replies", "children", "parent"})
"""Keys that hold other people's records."""
_ACCOUNT_NUMBER: Final = re.compile(r"(user|author|account|creator|actor)_?id$|^author_fullname$", re.I)
_TITLE: Final = ("title", "fancy_title", "slug", "excerpt", "unicode_title", "topic_slug")


class Cleaner:
    """Takes one target out of decoded JSON."""

    def __init__(self, target: Target) -> None:
        self._names = frozenset(name.casefold() for name in target.names)
        self._posts = frozenset(target.posts)
        self._renamed = target.renamed
        self._threads = {post.removesuffix("/1") for post in target.posts if re.fullmatch(r"\d+/1", post)}
        self._ids = {
            form: renamed
            for native, new in target.renamed.items()
            if native != new
            for form, renamed in {native: new, _bare(native): _bare(new)}.items()
        }
        self._whole = _alternatives([name for name in target.names if name.startswith("did:")], r"{}")
        spoken = [name for name in target.names if not name.startswith("did:")]
        self._spoken = _alternatives(
            spoken, r"(?P<lead>[@＠]|\bu/|\busers?/|\bprofile/|username=\\?[\"'])(?:{})(?![\w-])"
        )

    def body(self, answer: bytes, thread: str) -> bytes:
        """An answer without the forgotten; one that is no JSON and names them is emptied."""
        try:
            said = json.loads(answer)
        except ValueError:
            text = answer.decode("utf-8", "replace")
            return b"" if self.text(text) != text else answer
        cleaned = self.clean(said, thread)
        return answer if cleaned == said else json.dumps(cleaned, ensure_ascii=False).encode()

    def clean(self, value: Any, thread: str = "") -> Any:
        """A copy of a JSON value with the forgotten's records emptied and their names replaced elsewhere."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.clean(item, thread) for item in value]
        if not isinstance(value, dict):
            return value
        if self._is_theirs(value, thread):
            return {key: self._emptied(key, inner, thread) for key, inner in value.items()}
        title = str(value.get("id", value.get("topic_id"))) in self._threads
        return {
            self.text(key): "" if title and key in _TITLE else self.clean(inner, thread)
            for key, inner in value.items()
        }

    def text(self, written: str) -> str:
        """A string with the forgotten's names and ids replaced."""
        if written.casefold() in self._names:
            return FORGOTTEN
        if not any(mark.isspace() for mark in written):  # an id or a list of ids, no prose
            written = re.sub(r"at://\S+|[A-Za-z0-9_]+", lambda m: self._ids.get(m[0], m[0]), written)
        written = self._whole.sub(FORGOTTEN, written)
        return self._spoken.sub(lambda m: m["lead"] + FORGOTTEN, written)

    def _is_theirs(self, value: dict[str, Any], thread: str) -> bool:
        for key in _AUTHOR:
            named = value.get(key)
            said = named.values() if isinstance(named, dict) else (named,)
            if any(isinstance(name, str) and name.casefold() in self._names for name in said):
                return True
        number = value.get("post_number")
        if number is not None:
            return f"{value.get('topic_id', thread)}/{number}" in self._posts
        own = [str(value[key]) for key in ("uri", "id", "name") if isinstance(value.get(key), str | int)]
        speaks = isinstance(value.get("author", value.get("account", value.get("by"))), str | dict)
        return speaks and any(form in self._posts for one in own for form in (one, f"t1_{one}", f"t3_{one}"))

    def _emptied(self, key: str, value: Any, thread: str) -> Any:
        """A value of a record of theirs: names replaced, words gone, what gives the thread its shape kept."""
        if key in _NESTED and not isinstance(value, str):
            return self.clean(value, thread)
        if _ACCOUNT_NUMBER.search(key):
            return 0 if isinstance(value, int) else ""
        if isinstance(value, str):
            return FORGOTTEN if key in _NAMES else self.text(value) if key in _SHAPE else ""
        if isinstance(value, list):
            return [self._emptied(key, item, thread) for item in value]
        if isinstance(value, dict):
            return {inner: self._emptied(inner, item, thread) for inner, item in value.items()}
        return value


def _bare(native: str) -> str:
    """Reddit writes an id with its kind (``t1_…``) and without."""
    return native.split("_", 1)[-1] if re.match(r"t\d_", native) else native


def _alternatives(names: list[str], frame: str) -> re.Pattern[str]:
    """A pattern of any of the names in any case; one that never matches where there are none."""
    if not names:
        return re.compile(r"(?!)")
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(frame.format("|".join(re.escape(name) for name in longest_first)), re.I)
