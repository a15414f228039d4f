"""The forgotten taken out of tables, vectors and gold: whatever is a row of theirs goes, nothing else."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import polars as pl

from complaintlab.rights.files import replace_file
from complaintlab.rights.target import Target
from complaintlab.texts import normalise, text_hashes

OWN: Final = ("post_id", "author_id", "critic_id", "opener_id", "episode_id")
"""Columns that say whose row it is. Others only refer to a post (``parent_id``, ``thread_id``, …): they stay,
so that an answer does not become a root, and lead to nothing."""

_HASHES: Final = ("text_hash", "before_hash")


def is_theirs(columns: pl.Schema, target: Target) -> pl.Expr:
    """Which rows of a frame with these columns belong to the forgotten."""
    ids, hashes = list(target.ids), list(target.text_hashes)
    own = [pl.col(name).cast(pl.String).is_in(ids) for name in OWN if name in columns]
    if "joined_into" in columns:  # the first part holds the words of the later ones
        own.append(
            pl.col("post_id").is_in(
                pl.col("joined_into").filter(pl.col("post_id").is_in(ids)).drop_nulls().implode()
            )
        )
    if "vector" in columns:
        own += [pl.col(name).is_in(hashes) for name in _HASHES if name in columns]
    if "reason" in columns:
        folded = pl.col("reason").str.to_lowercase()
        own += [folded.str.contains(name.lower(), literal=True) for name in target.names]
    return pl.any_horizontal(pl.lit(False), *(expression.fill_null(False) for expression in own))


def without_theirs(frame: pl.DataFrame, target: Target) -> pl.DataFrame:
    """A frame without the forgotten's rows, and without their words in lists of examples."""
    kept = frame.filter(~is_theirs(frame.schema, target))
    if "exemplars" not in frame.columns or not target.text_hashes:
        return kept
    told = kept.select(pl.col("exemplars").explode().unique()).drop_nulls()
    plain = told.select(normalise(pl.col("exemplars"))).to_series()
    theirs = text_hashes(plain).is_in(list(target.text_hashes))
    words = told.filter(theirs)["exemplars"].implode()
    return kept.with_columns(pl.col("exemplars").list.set_difference(words)) if theirs.any() else kept


def clean_parquet(path: Path, target: Target) -> int:
    """Rewrite a Parquet file without the forgotten's rows; how many went (a torn file goes whole)."""
    try:
        frame = pl.read_parquet(path)
    except pl.exceptions.PolarsError:
        path.unlink()
        return 1
    kept = without_theirs(frame, target)
    if kept.equals(frame):
        return 0
    replace_file(path, lambda beside: kept.write_parquet(beside, compression="zstd", statistics=True))
    return max(frame.height - kept.height, 1)


def clean_tables(root: Path, target: Target) -> Counter[str]:
    """Rows removed by table; ``posts`` and ``turns`` last, since what else is theirs is found by them."""
    last = ("turns", "posts")
    paths = sorted((root / "data" / "tables").glob("*.parquet"), key=lambda p: (p.stem in last, p.stem))
    return Counter({f"data/tables/{path.name}": clean_parquet(path, target) for path in paths})


def clean_vectors(root: Path, target: Target) -> Counter[str]:
    """Vectors removed from the caches below ``.cache``; a part without rows is removed itself."""
    removed: Counter[str] = Counter()
    for path in sorted((root / ".cache").rglob("*.parquet")):
        removed[".cache"] += clean_parquet(path, target)
        if path.exists() and not pl.read_parquet_schema(path):
            path.unlink()
    return removed


def clean_gold(root: Path, target: Target) -> Counter[str]:
    """Rows of CSVs and items of Label Studio projects removed below ``data/gold``."""
    removed: Counter[str] = Counter()
    for path in sorted((root / "data" / "gold").rglob("*.csv")):
        frame = pl.read_csv(path, infer_schema=False)
        kept = frame.filter(~is_theirs(frame.schema, target))
        if kept.height < frame.height:
            replace_file(path, lambda beside, kept=kept: kept.write_csv(beside))  # type: ignore[misc]
        removed["data/gold"] += frame.height - kept.height
    for path in sorted((root / "data" / "gold").rglob("*.json")):
        removed["data/gold"] += _clean_items(path, target)
    return removed


def _clean_items(path: Path, target: Target) -> int:
    """Items of a list that name one of the forgotten's ids anywhere; what is no list has no items."""
    items: Any = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(items, list):
        return 0
    kept = [item for item in items if not any(id_ in json.dumps(item) for id_ in target.ids)]
    if len(kept) < len(items):
        written = json.dumps(kept, indent=2, ensure_ascii=False) + "\n"
        replace_file(path, lambda beside: beside.write_text(written, encoding="utf-8"))
    return len(items) - len(kept)
