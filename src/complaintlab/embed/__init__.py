"""Stage ``embed``: vectors of texts, and readings of messages in their context.

``vectors`` holds one vector per distinct normalised text that ``cluster`` needs; ``readings`` one per
message whose codes the rules alone cannot tell. Both are made in batches of fixed shape and cached by
content (``batches``, ``cache``): what stands in a row depends on its own text alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import polars as pl

from complaintlab.embed.batches import batches
from complaintlab.embed.cache import Cache
from complaintlab.embed.encoder import BATCHING, load_encoder
from complaintlab.embed.messages import read_messages, unread
from complaintlab.embed.model import Model, find_model, quiet
from complaintlab.measure.messages import messages_of
from complaintlab.params import Embed
from complaintlab.store import conform
from complaintlab.tables.texts import Vectors
from complaintlab.texts import NORMALISER_VERSION, normalise
from complaintlab.topics.files import load_topics
from complaintlab.topics.openers import readable_openers

__all__ = ["Outputs", "embed_texts", "find_model", "needed_texts", "read_messages", "run"]


class Outputs(NamedTuple):
    vectors: pl.DataFrame
    readings: pl.DataFrame


def run(
    turns: pl.DataFrame, threads: pl.DataFrame, source: pl.DataFrame, embed: Embed, root: Path
) -> Outputs:
    """Embed what ``cluster`` and ``measure`` need of the threads whose root was seen.

    ``vectors``: the distinct normalised texts of ``embed.roles`` (with ``embed.replies: first``, of a
    company's turns only its first reply in each thread), and of openers where data/topics.yaml has topics.
    ``readings``: messages that ``embed.readings`` asks for; by default those that the rules cannot code, and
    of the world, whose texts are made by rules that rules read as well, only those that the rules suspect of
    something rare.

    Raises:
        UserError: the model is not there, is not the one expected or that of data/topics.yaml, or does not
            give 384 numbers a text.
    """
    topics = load_topics(root)
    if topics.topics:
        topics.require_model(find_model(embed.model, root).checksum)
    needed = needed_texts(turns, threads, embed, openers=bool(topics.topics))
    vectors = embed_texts(needed, embed, root)
    asked = embed.readings or ("suspected" if source["simulated"].any() else "needed")
    messages = unread(messages_of(_rooted(turns, threads)), asked)
    return Outputs(conform("vectors", vectors), read_messages(messages, root))


def embed_texts(texts: pl.DataFrame, embed: Embed, root: Path) -> pl.DataFrame:
    """Columns of ``vectors``, by hash, of text_hash and text (normalised); cached ones are not made again."""
    if texts.is_empty():
        return Vectors.create_empty()
    model = find_model(embed.model, root)
    cache = Cache.of(root, model.checksum, model.backend, BATCHING, NORMALISER_VERSION)
    missing = texts.join(cache.read(), on="text_hash", how="anti")
    if not missing.is_empty():
        _fill(cache, model, missing)
    found = texts.join(cache.read(), on="text_hash")
    return found.with_columns(backend=pl.lit(model.backend)).sort("text_hash")


def _fill(cache: Cache, model: Model, missing: pl.DataFrame) -> None:
    with quiet(offline=True):
        encoder = load_encoder(model)
        tokens = encoder.tokens(missing["text"].to_list())
        long = pl.Series([len(ids) > encoder.limit for ids in tokens], dtype=pl.Boolean)
        texts = missing.with_columns(truncated=long)
        cut = [encoder.cut(ids) for ids in tokens]
        cache.fill(list(batches(texts, cut, encoder.buckets)), encoder.forward, "Embedding")


def needed_texts(
    turns: pl.DataFrame, threads: pl.DataFrame, embed: Embed, *, openers: bool = False
) -> pl.DataFrame:
    """Columns text_hash and text (normalised), by hash: one row per distinct text that ``cluster`` needs.

    With ``openers`` also those that ``measure`` needs to tell topics.
    """
    asked = _rooted(turns, threads).filter(
        pl.col("role").cast(pl.String).is_in(list(embed.roles)), pl.col("joined_into").is_null()
    )
    if embed.replies == "first":
        asked = _without_later_replies(asked)
    if openers:
        asked = pl.concat([asked, readable_openers(turns, threads)])
    return (
        asked.unique("text_hash", keep="first", maintain_order=True)
        .select("text_hash", normalise(pl.col("text")).alias("text"))
        .sort("text_hash")
    )


def _rooted(turns: pl.DataFrame, threads: pl.DataFrame) -> pl.DataFrame:
    rooted = threads.filter("root_seen").select("thread_id", "company")
    return turns.join(rooted, on=["thread_id", "company"], how="semi", maintain_order="left")


def _without_later_replies(turns: pl.DataFrame) -> pl.DataFrame:
    """Of a company's turns in a thread the earliest alone (by post id at one moment); all of the others'."""
    by_company = pl.col("role") == "company"
    first = (
        turns.filter(by_company)
        .sort("created_at", "post_id")
        .unique(["thread_id", "company"], keep="first", maintain_order=True)
    )
    return pl.concat([turns.filter(~by_company), first])
