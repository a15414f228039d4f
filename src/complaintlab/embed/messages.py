"""Which messages have to be read in context, and the cached reading of each."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import polars as pl

from complaintlab.embed.batches import batches
from complaintlab.embed.cache import Cache
from complaintlab.embed.model import PACKAGED_SHA256
from complaintlab.embed.reader import BATCHING, BUCKETS, adapters_of, load_reader
from complaintlab.measure.features import SIDES, Side
from complaintlab.measure.languages import SUPPORTED, detect_language
from complaintlab.measure.messages import CONTENT
from complaintlab.measure.model import load_model
from complaintlab.store import conform
from complaintlab.tables.texts import READING, Readings
from complaintlab.texts import NORMALISER_VERSION, text_hash

Asked = Literal["needed", "suspected", "all", "none"]


def unread(messages: pl.DataFrame, asked: Asked) -> pl.DataFrame:
    """Distinct messages to read: those in a supported language of which the rules alone are not sure.

    Args:
        messages: as ``measure.messages`` makes them.
        asked: needed; suspected (of nonsense or hostility, which rules alone hardly ever dare to code); all
            (of a supported language); none.
    """
    distinct = messages.unique(CONTENT, keep="first", maintain_order=True)
    if asked == "none":
        return distinct.clear()
    readable = distinct.filter(detect_language(distinct["text"]).is_in(list(SUPPORTED)))
    if asked == "all":
        return readable
    sides = {side: readable.filter(pl.col("side") == side) for side in SIDES}
    if asked == "suspected":
        return pl.concat([some.filter(load_model(side).suspects(some)) for side, some in sides.items()])
    return pl.concat([some.filter(~load_model(side).sure(some)) for side, some in sides.items()])


def read_messages(messages: pl.DataFrame, root: Path) -> pl.DataFrame:
    """The table ``readings`` of distinct messages: side, text_hash, before_hash, vector, by these keys."""
    sides = {side: messages.filter(pl.col("side") == side) for side in SIDES}
    parts = [_read(some, side, root) for side, some in sides.items() if not some.is_empty()]
    return pl.concat([Readings.create_empty(), *parts]).sort(CONTENT)


def _read(messages: pl.DataFrame, side: Side, root: Path) -> pl.DataFrame:
    pairs = messages.with_columns(pair=_pair(messages))
    adapters = adapters_of(side)
    weights = hashlib.sha256(adapters.read_bytes()).hexdigest()
    made_by = ("reading", PACKAGED_SHA256, weights, BATCHING, NORMALISER_VERSION)
    cache = Cache.of(root, *made_by, width=READING)
    missing = pairs.join(cache.read(), left_on="pair", right_on="text_hash", how="anti")
    if not missing.is_empty():
        _fill(cache, missing, adapters)
    found = pairs.join(cache.read(), left_on="pair", right_on="text_hash")
    return conform("readings", found)


def _pair(messages: pl.DataFrame) -> pl.Series:
    both = messages.select(pl.concat_str("text_hash", "before_hash", separator=" ")).to_series()
    return pl.Series([text_hash(pair) for pair in both], dtype=pl.String)


def _fill(cache: Cache, missing: pl.DataFrame, adapters: Path) -> None:
    reader = load_reader(adapters)
    tokens = reader.tokens(missing["text"], missing["before"])
    rows = missing.select(pl.col("pair").alias("text_hash"), truncated=pl.lit(False))
    cache.fill(list(batches(rows, tokens, BUCKETS)), reader.forward, "Reading")
