"""Vectors kept by content under ``.cache/vectors``: deleting them costs time and changes no byte."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from complaintlab.embed.batches import Batch, Floats, Tokens, embed_batch
from complaintlab.progress import track
from complaintlab.store import write_atomically
from complaintlab.tables.texts import DIMENSIONS


def columns(width: int) -> pl.Schema:
    """Of a part, whose vectors have so many numbers."""
    return pl.Schema(
        [
            ("text_hash", pl.String()),
            ("vector", pl.Array(pl.Float32, width)),
            ("truncated", pl.Boolean()),
        ]
    )


BATCHES_PER_PART = 8
"""Batches between two writes: the most that a killed run loses."""


@dataclass(frozen=True)
class Cache:
    """One folder per way of making vectors: weights, batching and normaliser are its key."""

    folder: Path
    width: int

    @classmethod
    def of(cls, root: Path, *made_by: str, width: int = DIMENSIONS) -> Cache:
        key = hashlib.sha256("\n".join(made_by).encode()).hexdigest()
        return cls(root / ".cache" / "vectors" / key[:20], width)

    def read(self) -> pl.DataFrame:
        """Every whole part; a torn one counts as absent."""
        schema = columns(self.width)
        parts = [pl.DataFrame(schema=schema)]
        for path in sorted(self.folder.glob("*.parquet")):
            try:
                parts.append(pl.read_parquet(path).select(schema.names()).cast(schema))
            except pl.exceptions.PolarsError:
                continue
        return pl.concat(parts).unique("text_hash", keep="first", maintain_order=True)

    def fill(
        self, batches: Sequence[Batch], forward: Callable[[list[Tokens], int], Floats], what: str
    ) -> None:
        """Embed batch after batch and write them part by part, so that a killed run goes on where it was."""
        parts = [batches[i : i + BATCHES_PER_PART] for i in range(0, len(batches), BATCHES_PER_PART)]
        for part in track(parts, what):
            rows = pl.concat([embed_batch(batch, forward) for batch in part])
            name = hashlib.sha256("".join(rows["text_hash"]).encode()).hexdigest()[:20]
            write_atomically(self.folder / f"{name}.parquet", rows.write_parquet)
