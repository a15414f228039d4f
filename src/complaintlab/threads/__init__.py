"""Stage ``threads``: from posts and sightings to reply trees, turns and deletions."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from complaintlab.companies import Companies
from complaintlab.ids import Key
from complaintlab.store import conform
from complaintlab.tables.threads import Deletions
from complaintlab.threads.deletions import disappearances, evident
from complaintlab.threads.followup import follow_up
from complaintlab.threads.roles import Cast, cast_people, companies_of_threads
from complaintlab.threads.summary import summarise
from complaintlab.threads.trees import Forest, grow, threads_of
from complaintlab.threads.turns import said, take_turns

__all__ = ["Outputs", "run"]


class Outputs(NamedTuple):
    """Tables of the stage."""

    turns: pl.DataFrame
    threads: pl.DataFrame
    deletions: pl.DataFrame


def run(posts: pl.DataFrame, sightings: pl.DataFrame, source: pl.DataFrame, companies: Companies) -> Outputs:
    """Arrange posts in threads, give everybody a role, and date what disappeared.

    Args:
        posts: the table ``posts``, rows in any order.
        sightings: the table ``sightings``.
        source: the table ``source``, one row: what the source can carry, its end, its key's fingerprint.
        companies: opening hours and time zones; other companies may occur, their hours are unknown.

    Returns:
        ``turns`` and ``threads``, one row per post or thread and company that it concerns (a thread that
        concerns no company has none), and ``deletions``, one row per disappearance that a sighting shows.
    """
    posts = posts if posts["post_id"].is_sorted() else posts.sort("post_id")
    forest = grow(posts)
    cast = cast_people(posts, forest)
    pairs = companies_of_threads(posts, forest, cast)
    key = Key(source["fingerprint"].item().encode())
    deleted = evident(sightings)["post_id"].unique()
    turns = take_turns(posts, forest, cast, pairs, said(posts, forest, key), deleted, companies)
    followed = follow_up(posts, sightings, source, forest)
    threads = summarise(turns, posts, forest, cast, pairs, followed)
    deletions = _placed(disappearances(sightings), posts, forest, cast)
    return Outputs(conform("turns", turns), conform("threads", threads), conform("deletions", deletions))


def _placed(gone: pl.DataFrame, posts: pl.DataFrame, forest: Forest, cast: Cast) -> pl.DataFrame:
    """Deletions with their thread and whose post it was, as far as the post was ever seen."""
    if gone.is_empty():
        return Deletions.create_empty()
    roles = posts.select("post_id", cast.role.alias("role"))
    thread = threads_of(gone, posts, forest)["thread"]
    placed = (
        gone.with_columns(thread_id=forest.thread_ids.gather(thread))
        .join(roles, on="post_id", how="left")
        .with_columns(pl.col("role").fill_null("unknown"))
    )
    return placed.sort("post_id", "ordinal")
