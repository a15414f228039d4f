"""Turns: every post toward every company that its thread concerns, its text made whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import polars as pl

from complaintlab.companies import Companies
from complaintlab.ids import Key
from complaintlab.texts import text_hashes
from complaintlab.threads.hours import open_at
from complaintlab.threads.roles import ROLE, Cast, spread
from complaintlab.threads.signatures import sign_off
from complaintlab.threads.splits import join_splits
from complaintlab.threads.trees import Forest, Rows

PARENT_STATUS = pl.Enum(["root", "present", "unseen", "deleted"])
HASHERS: Final = 2
HASHED_AT_ONCE: Final = 200_000  # texts per slice: bounds the memory that Python strings take


def said(posts: pl.DataFrame, forest: Forest, key: Key) -> pl.DataFrame:
    """What each post says: its text made whole, who signed it, and which message it is a part of.

    Signatures are stripped from official replies; the first part of a split message gets the whole of it
    and, where only a later part is signed, that signature.

    Returns:
        In the posts' order ``text``, ``text_hash``, ``agent_id`` and ``joined_row``, the row of the first
        part, null but for later parts.
    """
    rows = posts.select("author_id", "parent_id", "created_at", "text", "company").with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row"), agent_id=pl.lit(None, pl.String)
    )
    signed = sign_off(rows.filter(pl.col("company").is_not_null()), key)
    rows = rows.with_columns(_put(rows[name], signed["row"], signed[name]) for name in ("text", "agent_id"))
    thread = pl.Series("thread", forest.thread)
    parts = join_splits(rows.with_columns(thread, parent_author=_at(posts["author_id"], forest.parent)))
    heads = parts.with_columns(rows["agent_id"].gather(parts["row"])).group_by("first", maintain_order=True)
    whole = heads.agg(pl.col("joined").first(), pl.col("agent_id").drop_nulls().first())
    later = parts.filter(pl.col("row") != pl.col("first"))
    nothing = pl.Series([None], dtype=pl.Int64).new_from_index(0, posts.height)
    text = _put(rows["text"], whole["first"], whole["joined"])
    return pl.DataFrame(
        {
            "text": text,
            "text_hash": _hashes(text),
            "agent_id": _put(rows["agent_id"], whole["first"], whole["agent_id"]),
            "joined_row": _put(nothing, later["row"], later["first"]),
        }
    )


def take_turns(
    posts: pl.DataFrame,
    forest: Forest,
    cast: Cast,
    pairs: pl.DataFrame,
    words: pl.DataFrame,
    deleted: pl.Series,
    companies: Companies,
) -> pl.DataFrame:
    """The table ``turns``, sorted by post and company.

    Args:
        posts: sorted by ``post_id``; ``forest``, ``cast`` and ``words`` (of ``said``) in the same order.
        pairs: threads and the companies that they concern (``companies_of_threads``).
        deleted: ids of posts with evidence of a disappearance.
        companies: opening hours and time zones.
    """
    own = _own_columns(posts, forest, cast, words, deleted)
    row, pair = spread(forest.thread, pairs, len(forest.thread_ids))
    turns = own.gather(row).with_columns(pairs["company"].gather(pair))
    is_own = (pl.col("official") == pl.col("company")).fill_null(False)
    role = pl.when((pl.col("role") == "company") & ~is_own).then(pl.lit("unknown", ROLE)).otherwise("role")
    return turns.with_columns(
        role=role,
        agent_id=pl.when(is_own).then("agent_id"),
        business_hours=_business_hours(turns, companies),
    )


def _own_columns(
    posts: pl.DataFrame, forest: Forest, cast: Cast, words: pl.DataFrame, deleted: pl.Series
) -> pl.DataFrame:
    """What a turn says of its post, whichever the company."""
    joined = words["joined_row"].fill_null(-1).to_numpy()
    answered = np.where(forest.parent >= 0, joined[forest.parent], -1) if posts.height else forest.parent
    answered = np.where(answered >= 0, answered, forest.parent)
    answered_at = _at(posts["created_at"], forest.parent)
    earlier = (answered_at <= posts["created_at"]).fill_null(False)
    minutes = (posts["created_at"] - answered_at).dt.total_microseconds() / 60e6
    frame = posts.select("post_id", "author_id", "parent_id", "created_at", official="company").with_columns(
        words["text", "text_hash", "agent_id"],
        role=cast.role,
        thread_id=forest.thread_ids.gather(forest.thread),
        position=pl.Series(forest.place),
        depth=pl.Series(forest.depth),
        is_root=pl.Series(forest.is_root),
        answers_seen=pl.Series(forest.parent >= 0),
        joined_into=_at(posts["post_id"], joined),
        earlier=earlier,
        minutes=minutes,
        before=_at(words["text_hash"], answered),
    )
    return frame.with_columns(
        answers_id=pl.when(~pl.col("is_root")).then("parent_id"),
        parent_status=_parent_status(deleted),
        delay_minutes=pl.when("earlier").then("minutes"),
        before_hash=pl.when("earlier", pl.col("joined_into").is_null()).then("before"),
    )


def _parent_status(deleted: pl.Series) -> pl.Expr:
    status = pl.when("is_root").then(pl.lit("root")).when("answers_seen").then(pl.lit("present"))
    gone = pl.col("parent_id").is_in(deleted.implode()).fill_null(False)
    return status.when(gone).then(pl.lit("deleted")).otherwise(pl.lit("unseen")).cast(PARENT_STATUS)


def _business_hours(turns: pl.DataFrame, companies: Companies) -> pl.Series:
    """Whether each turn was posted in its company's opening hours, one described company at a time."""
    rows = turns.select(pl.int_range(pl.len()).alias("row"), "company", "created_at")
    described = [c for c in companies.companies if c.hours is not None and c.time_zone is not None]
    by_company = rows.filter(pl.col("company").is_in([c.name for c in described])).partition_by(
        "company", as_dict=True
    )
    known = [
        by_company[c.name,].select("row", open=open_at(by_company[c.name,]["created_at"], c))
        for c in described
        if (c.name,) in by_company
    ]
    nothing = pl.DataFrame(schema={"row": pl.Int64, "open": pl.Boolean})
    found = rows.join(pl.concat([nothing, *known]), on="row", how="left", maintain_order="left")
    return found["open"]


def _at(values: pl.Series, rows: Rows) -> pl.Series:
    """Values at these rows, null where a row is negative."""
    return values.gather(pl.Series(rows).replace(-1, None))


def _put(values: pl.Series, rows: pl.Series, new: pl.Series) -> pl.Series:
    """The values with new ones at these rows."""
    place = np.arange(values.len())
    place[rows.to_numpy()] = values.len() + np.arange(new.len())
    return pl.concat([values, new.rename(values.name)]).gather(place)


def _hashes(texts: pl.Series) -> pl.Series:
    slices = [texts.slice(start, HASHED_AT_ONCE) for start in range(0, texts.len(), HASHED_AT_ONCE)]
    with ThreadPoolExecutor(HASHERS) as pool:
        hashed = [part.rename("text_hash") for part in pool.map(text_hashes, slices)]
    return pl.concat([pl.Series("text_hash", [], dtype=pl.String), *hashed])
