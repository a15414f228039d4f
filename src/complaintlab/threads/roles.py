"""Which companies a thread concerns, and who is who in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from complaintlab.labels import ROLES
from complaintlab.threads.trees import Forest, Mask, Rows

ROLE = pl.Enum(list(ROLES))


@dataclass(frozen=True)
class Cast:
    """Who the people of n posts in k threads are."""

    critic: pl.Series  # (k,) author of the root, null where it is unseen, unnamed or official
    is_critic: Mask  # (n,) the post is by its thread's critic
    role: (
        pl.Series
    )  # (n,) role of the author toward any company: critic, company (of one), bystander, unknown


def cast_people(posts: pl.DataFrame, forest: Forest) -> Cast:
    """Tell critics, official accounts and bystanders apart.

    The critic is the author of the root. Where the root is unseen, or its author is not named, the critic
    is not known, so that nobody else can be called a bystander: the role is ``unknown``. Below the root of
    an official account there is no critic and everybody is a bystander. A post without an author is
    ``unknown``.
    """
    seen = pl.Series(forest.root >= 0)
    root = posts.select("author_id", "company").gather(np.maximum(forest.root, 0)) if posts.height else posts
    official_root = seen & root["company"].is_not_null()
    critic = root.select(pl.when(seen & ~official_root).then("author_id")).to_series()
    told = official_root | critic.is_not_null()
    thread = pl.Series(forest.thread)
    frame = posts.select("author_id", "company").with_columns(
        critic=critic.gather(thread), told=told.gather(thread)
    )
    is_critic = pl.col("company").is_null() & (pl.col("author_id") == pl.col("critic")).fill_null(False)
    role = (
        pl.when(pl.col("company").is_not_null())
        .then(pl.lit("company"))
        .when(is_critic)
        .then(pl.lit("critic"))
        .when(pl.col("told") & pl.col("author_id").is_not_null())
        .then(pl.lit("bystander"))
        .otherwise(pl.lit("unknown"))
    )
    roles = frame.select(is_critic.alias("is_critic"), role.cast(ROLE).alias("role"))
    return Cast(critic, roles["is_critic"].to_numpy(), roles["role"])


def companies_of_threads(posts: pl.DataFrame, forest: Forest, cast: Cast) -> pl.DataFrame:
    """Companies that each thread concerns: ``thread`` and ``company``, sorted, each pair once.

    They are those that the root (or a topmost seen post, where the root is unseen) or any post of the
    critic addresses, and those whose official account posts there.
    """
    root_seen = forest.root[forest.thread] >= 0
    speaks = np.where(root_seen, forest.is_root, forest.depth == 0) | cast.is_critic
    thread = pl.Series("thread", forest.thread)
    addressed = posts.select(thread, company="addressed").filter(pl.Series(speaks)).explode("company")
    official = posts.select(thread, "company")
    return pl.concat([addressed, official]).drop_nulls().unique().sort("thread", "company")


def spread(thread: Rows, pairs: pl.DataFrame, n_threads: int) -> tuple[Rows, Rows]:
    """Rows of posts × companies of their thread: row of the post, row of the pair, in the posts' order."""
    of_thread = np.bincount(pairs["thread"].to_numpy(), minlength=n_threads)
    first_pair = np.cumsum(of_thread) - of_thread
    of_post = of_thread[thread]
    row = np.repeat(np.arange(thread.size), of_post)
    within = np.arange(row.size) - np.repeat(np.cumsum(of_post) - of_post, of_post)
    return row, first_pair[thread[row]] + within
