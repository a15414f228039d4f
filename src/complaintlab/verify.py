"""`make verify`: does a run made anew say what the committed reports say?

``dvc.lock`` speaks for one processor and system: there every byte of every output must be the same. Elsewhere
the last digits of sums differ, and the published tables must have the same rows, the same words, and numbers
within a millionth of each other.
"""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path

import polars as pl

from complaintlab.store import find_root

PUBLISHED = ("reports/verdicts.csv", "reports/estimates.csv")
TOLERANCE = 1e-6
"""Relative to the number; of numbers near zero (p-values, differences), to a thousandth."""

SMALL = 1e-3


def main() -> None:
    root = find_root()
    if committed(root, "dvc.lock") == (root / "dvc.lock").read_bytes():
        print("Every output has the bytes that dvc.lock recorded.")
        return
    print("Some bytes differ from those that dvc.lock recorded: comparing what was published.")
    found = [line for path in PUBLISHED for line in compared(root, path)]
    print("\n".join(found) or "The published tables have the same rows, words and numbers (to 1e-6).")
    sys.exit(bool(found))


def committed(root: Path, path: str) -> bytes:
    """A file as the last commit has it."""
    return subprocess.run(["git", "show", f"HEAD:./{path}"], cwd=root, capture_output=True, check=True).stdout


def compared(root: Path, path: str) -> list[str]:
    """What differs between the committed table and the one that a run has just written, in sentences."""
    before = pl.read_csv(BytesIO(committed(root, path)), infer_schema_length=None)
    after = pl.read_csv(root / path, infer_schema_length=None)
    return [f"{path}: {line}" for line in differences(before, after)]


def differences(before: pl.DataFrame, after: pl.DataFrame) -> list[str]:
    """Columns in which two tables differ: in words, or in numbers by more than the tolerance."""
    if before.columns != after.columns or before.height != after.height:
        return [
            f"{after.height} rows × {after.width} columns, recorded were {before.height} × {before.width}"
        ]
    found = []
    for name in before.columns:
        one, other = before[name], after[name]
        if one.dtype.is_numeric() and other.dtype.is_numeric():
            scale = pl.max_horizontal(pl.col("one").abs(), pl.col("other").abs(), pl.lit(SMALL))
            near = (pl.col("one") - pl.col("other")).abs() <= TOLERANCE * scale
            both = pl.DataFrame({"one": one.cast(pl.Float64), "other": other.cast(pl.Float64)})
            same = both.select(
                pl.when(pl.col("one").is_null() | pl.col("other").is_null())
                .then(pl.col("one").is_null() & pl.col("other").is_null())
                .otherwise(near | pl.col("one").eq_missing(pl.col("other")))
            ).to_series()
        else:
            same = one.cast(pl.String).eq_missing(other.cast(pl.String))
        if not same.all():
            found.append(f"{int((~same).sum())} rows differ in '{name}', the first is row {same.arg_min()}")
    return found


if __name__ == "__main__":
    main()
