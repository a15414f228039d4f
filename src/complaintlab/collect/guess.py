"""Guesses which column of an unknown export holds what: by its name, else by what stands in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import polars as pl

from complaintlab.collect import twcs
from complaintlab.collect.contract import RAW_COLUMNS
from complaintlab.collect.dates import parse_moments

Why = Literal["same name", "its name", "its content"]

NAMES: Final[dict[str, tuple[str, ...]]] = {
    "post_id": ("id", "tweet_id", "status_id", "comment_id", "message_id", "uri", "postid", "post_number"),
    "author": (
        "author_id", "user", "username", "user_name", "user_id", "screen_name",
        "account", "sender", "by", "from",
    ),
    "created_at": (
        "created", "created_utc", "date", "datetime", "time", "timestamp", "posted_at", "published_at",
    ),
    "text": ("body", "content", "message", "tweet", "comment", "full_text", "post", "selftext"),
    "parent": (
        "parent_id", "in_reply_to", "in_reply_to_id", "in_reply_to_status_id", "in_response_to_tweet_id",
        "reply_to", "reply_to_id", "replied_to", "in_reply_to_tweet_id", "reply_to_post_number",
    ),
    "company": ("brand", "firm", "official_account"),
    "addressed": ("mentions", "addressee", "target", "about"),
    "edited_at": ("edited", "edited_utc", "last_edited_at"),
    "place": ("subreddit", "page", "forum", "channel", "community", "category"),
    "is_host": ("is_moderator", "moderator"),
    "deleted_at": ("removed_at", "deleted_on"),
    "deleted_by": ("removed_by", "removed_by_category"),
    "likes": ("like_count", "favorite_count", "favourites_count", "score", "upvotes"),
    "reposts": ("repost_count", "retweet_count", "retweets", "reblogs_count", "shares"),
    "followers": ("followers_count", "follower_count", "author_followers"),
}  # fmt: skip
"""Our column → names that exports use for it, the likeliest first."""

SAMPLE_ROWS: Final = 2_000
_FILLED_EVERYWHERE: Final = 0.95
_MOST: Final = 0.8
"""Of the values of a column must look like what it is taken for."""


def is_tweet_set(columns: list[str]) -> bool:
    """Whether a file has the columns of source ``twcs``."""
    return set(twcs.COLUMNS.values()) <= set(columns)


def guess_columns(frame: pl.DataFrame) -> dict[str, tuple[str, Why]]:
    """Our column → the file's column and why; ours without a likely one are left out.

    Args:
        frame: the file's columns, all String.
    """
    guessed = _by_name(frame.columns)
    if "company" in guessed and "addressed" not in guessed and _filled(frame, guessed["company"][0]):
        guessed["addressed"] = guessed.pop("company")
    for ours, find in _FINDERS.items():
        if ours not in guessed:
            taken = {theirs for theirs, _ in guessed.values()}
            free = frame.select(name for name in frame.columns if name not in taken)
            ids = guessed.get("post_id")
            found = find(free, frame[ids[0]] if ids else None)
            if found is not None:
                guessed[ours] = (found, "its content")
    return {ours: guessed[ours] for ours in RAW_COLUMNS if ours in guessed}


def _by_name(columns: list[str]) -> dict[str, tuple[str, Why]]:
    folded = {name.strip().lower().replace(" ", "_").replace("-", "_"): name for name in reversed(columns)}
    guessed: dict[str, tuple[str, Why]] = {}
    for ours, names in NAMES.items():
        taken = {theirs for theirs, _ in guessed.values()}
        if ours in folded:
            guessed[ours] = (folded[ours], "same name" if folded[ours] == ours else "its name")
        elif found := next((folded[n] for n in names if n in folded and folded[n] not in taken), None):
            guessed[ours] = (found, "its name")
    return guessed


def _filled(frame: pl.DataFrame, column: str) -> bool:
    """A company in nearly every row is the one spoken to: official accounts never write everything."""
    share = (frame[column].fill_null("").str.strip_chars() != "").mean()
    return isinstance(share, float) and share >= _FILLED_EVERYWHERE


def _present(values: pl.Series) -> pl.Series:
    return values.filter((values.str.strip_chars() != "").fill_null(False))


def _date(frame: pl.DataFrame, ids: pl.Series | None) -> str | None:
    """The first column that is nearly all dates; written ones go before numbers, which may be ids."""
    sample = frame.head(SAMPLE_ROWS)
    read = [values for values in sample if parse_moments(values).is_not_null().sum() > _MOST * len(values)]
    read.sort(key=lambda values: bool(values.str.contains(r"^[\d.]*$").all()))
    return read[0].name if read else None


def _id(frame: pl.DataFrame, ids: pl.Series | None) -> str | None:
    """The first column of single words that has another value in nearly every row."""
    for values in frame:
        present = _present(values)
        if present.n_unique() > _MOST * frame.height and not present.str.contains(r"\s").any():
            return values.name
    return None


def _parent(frame: pl.DataFrame, ids: pl.Series | None) -> str | None:
    """The column whose values are most often ids of posts in the file."""
    if ids is None:
        return None
    known = ids.implode()
    found = {values.name: _present(values).is_in(known).sum() for values in frame}
    best = max(found, key=lambda name: found[name], default=None)
    return best if best is not None and found[best] else None


def _text(frame: pl.DataFrame, ids: pl.Series | None) -> str | None:
    """The column with the most words."""
    words = {
        values.name: values.fill_null("").str.count_matches(r"\S\s+\S").sum()
        for values in frame.head(SAMPLE_ROWS)
    }
    best = max(words, key=lambda name: words[name], default=None)
    return best if best is not None and words[best] else None


def _author(frame: pl.DataFrame, ids: pl.Series | None) -> str | None:
    """Of the columns in which single words come again, the one with the most different ones."""
    distinct = {}
    for values in frame:
        present = _present(values)
        if len(present) > _MOST * frame.height and not present.str.contains(r"\s").any():
            distinct[values.name] = present.n_unique() if present.n_unique() < len(present) else 0
    best = max(distinct, key=lambda name: distinct[name], default=None)
    return best if best is not None and distinct[best] > 1 else None


_FINDERS: Final[dict[str, Callable[[pl.DataFrame, pl.Series | None], str | None]]] = {
    "created_at": _date,
    "post_id": _id,
    "parent": _parent,
    "text": _text,
    "author": _author,
}
"""How a required column is known by its content, given the columns still free and the ids; in this order."""
