"""Small exports for the tests of `collect`, in every format that it reads."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import zstandard

from complaintlab.collect import Outputs, run
from complaintlab.companies import Companies
from complaintlab.params import Collect, Columns, Crawl, Declares, Rights, World

WORLD = World(complaints=1, seed=1)
NO_CRAWL = Crawl(
    address=None, words=(), tags=(), communities=(), accounts=True, since=None, until=None,
    look_hours=(1.0,), discover_minutes=60.0,
)  # fmt: skip
NO_LIMIT = Rights(retention_days=None)
NOBODY = Companies(companies=())

HEADER = ("post_id", "author", "created_at", "text", "parent", "company", "addressed")

POSTS: list[dict[str, str]] = [
    {"post_id": "1", "author": "ann", "created_at": "2024-01-01T10:00:00Z", "text": "@AcmeHelp it broke @bo"},
    {"post_id": "2", "author": "AcmeHelp", "created_at": "2024-01-01T10:05:00Z", "text": "@ann Sorry! ^JK",
     "parent": "1", "company": "Acme"},
    {"post_id": "3", "author": "ann", "created_at": "2024-01-01T11:00:00Z", "text": 'two\nlines, "quoted"',
     "parent": "2"},
    {"post_id": "4", "author": "eve", "created_at": "2024-01-02T09:00:00Z", "text": "nobody named",
     "addressed": "Acme|Bolt"},
]  # fmt: skip


def export(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows with every column of ``HEADER`` (others as given), absent values as empty strings."""
    names = list(dict.fromkeys([*HEADER, *(name for row in rows for name in row)]))
    return pl.DataFrame([{name: row.get(name, "") for name in names} for row in rows])


def save(frame: pl.DataFrame, path: Path) -> Path:
    """Write a frame in the format of the path's suffixes."""
    kind = path.suffixes[0]
    if kind == ".parquet":
        frame.write_parquet(path)
        return path
    if kind == ".csv":
        content = frame.write_csv().encode()
    else:
        content = "".join(json.dumps(row) + "\n" for row in frame.to_dicts()).encode()
    packers = {".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}
    path.write_bytes(packers.get(path.suffix, bytes)(content))
    return path


def collect(path: Path, source: str = "table", companies: Companies = NOBODY, **settings: Any) -> Outputs:
    """Run the stage on one file, its folder being the study's."""
    chosen = {"as_of": None, "columns": Columns(), "declares": Declares()} | settings
    return run(Collect(source=source, path=path, **chosen), WORLD, companies, path.parent, NO_CRAWL, NO_LIMIT)
