"""Figures that cannot be made again from a study's own data: they are committed with the program."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from complaintlab.errors import UserError
from complaintlab.store import conform

QUALITY_FILE = "data/measure_quality.csv"
COMMITTED = {
    "quality": QUALITY_FILE,
    "confusion": "data/measure_confusion.csv",
    "calibration": "data/measure_calibration.csv",
    "learning": "data/learning_curve.csv",
}
"""Table → its committed rows: the measures against coded real messages, and their learning curve."""


def committed(table: str, root: Path) -> pl.DataFrame:
    """The committed rows of a table; a file without the column ``subgroup`` speaks of all messages.

    Raises:
        UserError: the file is absent or is not such a table.
    """
    name = COMMITTED[table]
    try:
        frame = pl.read_csv(root / name)
        if table == "quality" and "subgroup" not in frame.columns:
            frame = frame.with_columns(subgroup=pl.lit("all"))
        return conform(table, frame)
    except FileNotFoundError:
        raise UserError(f"There is no {name}: restore it from the repository.") from None
    except pl.exceptions.PolarsError as error:
        raise UserError(f"{name} is not a table of {table}: {str(error).splitlines()[0]}.") from None
