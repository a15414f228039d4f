"""The only reader and writer of tables and results: checked, ordered, atomic."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import dataframely as dy
import polars as pl

from complaintlab.errors import UserError
from complaintlab.tables import TABLES


def find_root(start: Path | None = None) -> Path:
    """The study's folder: the nearest one upwards that holds params.yaml.

    Raises:
        UserError: there is none.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "params.yaml").exists():
            return folder
    raise UserError(f"There is no params.yaml in {here} or above it: run in the study's folder.")


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a file beside ``path``, then move it into place: never half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    beside = Path(name)
    try:
        write(beside)
        beside.chmod(0o644)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    write_atomically(path, lambda beside: beside.write_bytes(text.encode()))


def write_json(path: Path, value: object) -> None:
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_csv(path: Path, frame: pl.DataFrame) -> None:
    """Write a CSV; list columns are joined by ``|``."""
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    flat = frame.with_columns(pl.col(lists).cast(pl.List(pl.String)).list.join("|")) if lists else frame
    write_atomically(path, lambda beside: flat.write_csv(beside))


class Store:
    """The tables of one study, in ``data/tables`` under its folder."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = find_root(root)

    def path(self, table: str) -> Path:
        return self.root / "data" / "tables" / f"{table}.parquet"

    def read(self, table: str) -> pl.DataFrame:
        """Read a table and check it against its schema.

        Raises:
            UserError: the table is unknown, not there yet, or not as its schema says.
        """
        schema = _schema(table)
        path = self.path(table)
        if not path.exists():
            raise UserError(f"The table '{table}' is not there yet: run `complaintlab run` first.")
        return _checked(table, schema, pl.read_parquet(path))

    def write(self, table: str, frame: pl.DataFrame) -> None:
        """Check a table, order its rows by its key, and write it whole."""
        schema = _schema(table)
        ordered = _checked(table, schema, frame).sort(schema.primary_key())
        write_atomically(
            self.path(table),
            lambda beside: ordered.write_parquet(beside, compression="zstd", statistics=True),
        )


def conform(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Give a frame its table's columns, in order and cast; missing nullable columns become null."""
    columns = _schema(table).columns()
    absent = [
        pl.lit(None, dtype=column.dtype).alias(name)
        for name, column in columns.items()
        if name not in frame.columns and column.nullable
    ]
    return frame.with_columns(absent).select(
        pl.col(name).cast(column.dtype) for name, column in columns.items()
    )


def _schema(table: str) -> type[dy.Schema]:
    try:
        return TABLES[table]
    except KeyError:
        raise UserError(f"There is no table '{table}'; there are: {', '.join(TABLES)}.") from None


def _checked(table: str, schema: type[dy.Schema], frame: pl.DataFrame) -> pl.DataFrame:
    try:
        return schema.validate(frame)
    except dy.exc.SchemaError as error:
        raise UserError(f"The table '{table}' does not have its columns: {_first_line(error)}.") from None
    except dy.exc.ValidationError as error:
        raise UserError(f"The table '{table}' breaks a rule of its schema: {_first_line(error)}.") from None


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:400].rstrip(".")
