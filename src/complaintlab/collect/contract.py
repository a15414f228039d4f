"""What a source hands over: one raw frame of strings, and what the source can carry."""

from __future__ import annotations

from typing import Final, NamedTuple

import polars as pl

REQUIRED: Final = ("post_id", "author", "created_at", "text", "parent")
"""Raw columns that every source must have; ``parent`` is empty for a root."""

OPTIONAL: Final = (
    "company", "addressed", "edited_at", "place", "is_host",
    "deleted_at", "deleted_by", "likes", "reposts", "followers",
)  # fmt: skip
"""Raw columns that a source may have; the params ``collect.columns`` name them."""

RAW_COLUMNS: Final = (*REQUIRED, *OPTIONAL)


class Capabilities(NamedTuple):
    """What a source can carry; claims whose needs are not met say so."""

    selected_on_reply: bool
    threads_complete: bool
    prospective: bool
    deletions_attributed: bool
    engagement_timestamped: bool


class Raw(NamedTuple):
    """One export as its source wrote it, under the raw columns' names.

    ``rows`` has ``row`` (UInt64), ``mended`` (Boolean) and ``RAW_COLUMNS`` (String; nothing is parsed, null
    or empty where absent; companies in ``addressed`` are joined by ``|`` or ``,``). ``faults`` has the rows
    that could not be read: ``row``, ``column``, ``reason``.
    """

    source: str
    file: str
    rows: pl.DataFrame
    faults: pl.DataFrame
    accounts: dict[str, str]
    """Official account, lower case → company."""
    names: dict[str, str]
    """Whatever stands for a company, accounts included, lower case → company: these handles stay in texts."""
    capabilities: Capabilities
    answer_tells: bool = False
    """A post that names no company speaks to the one that answers it: true only of sources drawn by answers,
    since elsewhere it would make the answered alone count as complaints."""
