"""reports/recovery.csv: the table as it is committed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from complaintlab.errors import UserError
from complaintlab.recovery.table import SCHEMA, Row, as_frame
from complaintlab.store import write_csv

RECOVERY = Path("reports") / "recovery.csv"


def read_table(path: Path) -> pl.DataFrame:
    """The table; empty where there is none yet.

    Raises:
        UserError: the file does not have the table's columns.
    """
    if not path.exists():
        return pl.DataFrame(schema=SCHEMA)
    frame = pl.read_csv(path, schema_overrides=SCHEMA)
    if missing := [name for name in SCHEMA if name not in frame.columns]:
        raise UserError(
            f"{path.name} has no column '{missing[0]}': delete it and run `complaintlab recover --table`."
        )
    text = [name for name, dtype in SCHEMA.items() if dtype == pl.String]
    return frame.select(list(SCHEMA)).with_columns(pl.col(text).fill_null(""))


def read_rows(path: Path) -> list[Row]:
    return [Row(**row) for row in read_table(path).iter_rows(named=True)]


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    write_csv(path, as_frame(rows))
