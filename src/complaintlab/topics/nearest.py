"""The topic of an opener: the name of the nearest centre of data/topics.yaml."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from complaintlab.topics.files import Topics

OTHER: Final = "other"
NONE: Final = -1
"""The place of the centre of a text that is near none."""

_DECIMALS = 6
"""Distances are rounded so that the last bits of a matrix product cannot move a text to another topic."""

Vectors = NDArray[np.float32]
Places = NDArray[np.int64]


def nearest(vectors: Vectors, centres: Vectors, farthest: float) -> Places:
    """The place of the nearest centre by cosine distance, NONE where all are farther than ``farthest``.

    Args:
        vectors: of unit length, one row per text.
        centres: one row per centre, of any length but zero; the first of equally near ones counts.
    """
    if len(centres) == 0:
        return np.full(len(vectors), NONE, dtype=np.int64)
    directions = centres / np.linalg.norm(centres, axis=1, keepdims=True)
    with threadpool_limits(1):
        distances = np.round(1.0 - vectors @ directions.T, _DECIMALS)
    places = distances.argmin(axis=1)
    return np.where(distances.min(axis=1) <= farthest, places, NONE).astype(np.int64)


def topics_of(texts: pl.DataFrame, topics: Topics) -> pl.DataFrame:
    """The topic of each text.

    Args:
        texts: text_hash and vector (unit length), one row per text.
        topics: at least one.

    Returns:
        text_hash and topic, in the order of ``texts``: the nearest centre's name (``topic 3`` for an unnamed
        one), ``other`` where none is near enough.
    """
    assert topics.farthest is not None
    places = nearest(texts["vector"].to_numpy(), centres_of(topics), topics.farthest)
    names = pl.Series("topic", [*topics.names, OTHER], dtype=pl.String)
    return texts.select("text_hash", names.gather(np.where(places == NONE, len(names) - 1, places)))


def centres_of(topics: Topics) -> Vectors:
    """The centres as a matrix, one row per topic."""
    return np.array([topic.centre for topic in topics.topics], dtype=np.float32)


def with_topics(rows: pl.DataFrame, vectors: pl.DataFrame, topics: Topics) -> pl.DataFrame:
    """Replace the lexicon's topics by those of the file; without topics in it, ``rows`` as they are.

    A row has a topic where it had one before and its text has a vector, else null: an opener without a
    vector (its thread's root unseen) makes no episode.

    Args:
        rows: topic (the lexicon's, null where a row has none) and text_hash, among other columns.
        vectors: text_hash and vector.
    """
    if not topics.topics:
        return rows
    asked = rows.filter(pl.col("topic").is_not_null()).select("text_hash").unique()
    needed = vectors.join(asked, on="text_hash", how="semi").unique("text_hash").sort("text_hash")
    named = topics_of(needed, topics).rename({"topic": "named"})
    found = rows.join(named, on="text_hash", how="left", maintain_order="left")
    return found.with_columns(topic=pl.when(pl.col("topic").is_not_null()).then("named")).drop("named")
