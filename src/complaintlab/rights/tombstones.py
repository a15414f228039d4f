"""Tombstones: keyed hashes of whom to leave out for good, so that nobody comes back by normalising again.

``data/tombstones/<source>.csv`` holds ids as the tables have them (keyed, see ``ids``) and the day; no handle
and no native id. Without the key nobody can tell who it is, and a table can be cleaned without the key.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import polars as pl

from complaintlab.errors import InputError
from complaintlab.rights.files import replace_file

SCHEMA: Final = pl.Schema({"id": pl.String(), "kind": pl.String(), "forgotten_on": pl.String()})


def tombstones_path(root: Path, source: str) -> Path:
    """Where the tombstones of a source stand."""
    return root / "data" / "tombstones" / f"{source}.csv"


def read_tombstones(root: Path, source: str) -> pl.DataFrame:
    """Columns id, kind (author or post) and forgotten_on (ISO date); empty where nobody was forgotten.

    Raises:
        InputError: the file does not have these columns: a damaged one must not let anybody back.
    """
    path = tombstones_path(root, source)
    if not path.exists():
        return SCHEMA.to_frame()
    try:
        return pl.read_csv(path, schema=SCHEMA)
    except pl.exceptions.PolarsError:
        raise InputError(f"{path} does not have the columns {', '.join(SCHEMA)}: restore it.") from None


def add_tombstones(
    root: Path, source: str, authors: Iterable[str], posts: Iterable[str], on: dt.date
) -> None:
    """Add ids of authors and posts; one that is there already keeps its day."""
    rows = [(id_, "author", on.isoformat()) for id_ in authors] + [
        (id_, "post", on.isoformat()) for id_ in posts
    ]
    added = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    both = pl.concat([read_tombstones(root, source), added]).unique(["id", "kind"], keep="first")
    ordered = both.sort("id", "kind")
    replace_file(tombstones_path(root, source), lambda beside: ordered.write_csv(beside), mode=0o644)


def without_forgotten(
    posts: pl.DataFrame, sightings: pl.DataFrame, root: Path, source: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Posts and sightings without those of forgotten authors and without forgotten posts.

    Args:
        posts: with post_id and author_id.
        sightings: with post_id.
        root: the study's folder, where the tombstones are.
        source: whose tombstones.
    """
    stones = read_tombstones(root, source)
    if stones.is_empty():
        return posts, sightings
    authors = stones.filter(pl.col("kind") == "author")["id"].implode()
    gone_ids = stones.filter(pl.col("kind") == "post")["id"]
    gone = pl.col("author_id").is_in(authors).fill_null(False) | pl.col("post_id").is_in(gone_ids.implode())
    gone_ids = pl.concat([gone_ids, posts.filter(gone)["post_id"]]).unique()
    return posts.filter(~gone), sightings.filter(~pl.col("post_id").is_in(gone_ids.implode()))
