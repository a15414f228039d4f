"""Batches of one fixed shape, so that a vector depends on its own text alone.

32 texts, padded to a length bucket, the last batch filled up with copies of its first text: a text's vector
is then the same whatever else is embedded with it, in whatever order and on however many threads.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Tokens = list[int]
Floats = NDArray[np.float32]

BATCH = 32


@dataclass(frozen=True)
class Batch:
    """Up to 32 rows (text_hash, truncated), their tokens, and the length that all are padded to."""

    rows: pl.DataFrame
    tokens: list[Tokens]
    bucket: int


def batches(texts: pl.DataFrame, tokens: list[Tokens], buckets: tuple[int, ...]) -> Iterator[Batch]:
    """Texts of one length bucket each, in the order of their hashes, 32 at a time.

    Args:
        texts: text_hash, truncated.
        tokens: of each text, none longer than the last bucket.
    """
    sized = texts.select(
        "text_hash",
        "truncated",
        bucket=pl.Series([bisect_left(buckets, len(ids)) for ids in tokens], dtype=pl.Int64),
        place=pl.int_range(pl.len()),
    ).sort("bucket", "text_hash")
    for (bucket,), rows in sized.group_by("bucket", maintain_order=True):
        for some in rows.iter_slices(BATCH):
            yield Batch(some, [tokens[place] for place in some["place"]], buckets[int(bucket)])


def embed_batch(batch: Batch, forward: Callable[[list[Tokens], int], Floats]) -> pl.DataFrame:
    """Columns text_hash, vector, truncated of one batch."""
    filled = batch.tokens + [batch.tokens[0]] * (BATCH - len(batch.tokens))
    vectors = forward(filled, batch.bucket)[: len(batch.tokens)]
    series = pl.Series(vectors, dtype=pl.Array(pl.Float32, vectors.shape[1]))
    return batch.rows.select("text_hash", series.alias("vector"), "truncated")
