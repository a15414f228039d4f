"""Files of rows: CSV, NDJSON and Parquet, also .gz and .zst, read into one frame of strings."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import json
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import zstandard

from complaintlab.collect.repair import UNDECODED, mend_bytes
from complaintlab.errors import InputError

FAULT_SCHEMA = pl.Schema({"row": pl.UInt64, "column": pl.String, "reason": pl.String})

_BATCH = 50_000
_SEPARATORS = ",;\t|"


class Rows(NamedTuple):
    """What a file holds, before anything is understood."""

    frame: pl.DataFrame
    """The file's columns, each String; an empty field is null or an empty string."""
    numbers: pl.Series
    """UInt64, row in the file: 1 is the first below the header (NDJSON: the first line)."""
    mended: pl.Series
    """Boolean, the row held bytes that were no UTF-8."""
    faults: pl.DataFrame
    """Rows that could not be read at all: row, column, reason."""


def read_rows(path: Path, between: str = "|") -> Rows:
    """Read a file of rows by its suffix; a list in NDJSON becomes its items joined by ``between``.

    Raises:
        InputError: the file is missing, empty, damaged, or of a kind that nothing here reads.
    """
    kinds = {".csv": _read_csv, ".tsv": _read_csv, ".parquet": _read_parquet}
    kinds |= dict.fromkeys((".ndjson", ".jsonl", ".json"), _read_ndjson)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = bool(suffixes) and suffixes[-1] in {".gz", ".zst"}
    kind = suffixes[-2] if packed and len(suffixes) > 1 else (suffixes or [""])[-1]
    if kind not in kinds:
        raise InputError(
            f"{path} is not one of .csv, .tsv, .ndjson, .jsonl, .json, .parquet (or .gz, .zst of these)."
        )
    content = _unpacked(path)
    if not content.strip():
        raise InputError(f"{path} is empty: give a file with at least one row.")
    if kinds[kind] is _read_ndjson:
        return _read_ndjson(path, content, between)
    return kinds[kind](path, content)


def _unpacked(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        if path.suffix.lower() == ".gz":
            return gzip.decompress(content)
        if path.suffix.lower() == ".zst":
            return _without_zstd(content)
    except FileNotFoundError:
        raise InputError(
            f"There is no file {path}: give the path of the file to read (collect.path)."
        ) from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder: give the path of the file to read (collect.path).") from None
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise InputError(f"{path} cannot be read ({error}): make or fetch it again.") from None
    return content


def _without_zstd(content: bytes) -> bytes:
    """Every frame unpacked, with windows of any size; a frame that is cut off is an error."""
    frames = []
    while content:
        frame = zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj()
        frames.append(frame.decompress(content))
        if not frame.eof:
            raise EOFError("it is cut off")
        content = frame.unused_data
    return b"".join(frames)


def _read_csv(path: Path, content: bytes) -> Rows:
    """Read a CSV fast where it is well formed, else row by row, to say which rows are not."""
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise InputError(f"{path} is in UTF-16: save it as UTF-8.")
    header, separator = _header(path, content)
    try:
        frame = pl.read_csv(content, infer_schema=False, empty_string_is_null=False, separator=separator)
    except (pl.exceptions.ComputeError, pl.exceptions.NoDataError):
        return _read_csv_by_row(content, header, separator)
    if frame.columns != header or not _is_rectangular(frame, content, separator):
        return _read_csv_by_row(content, header, separator)
    return _all_rows(frame)


def _header(path: Path, content: bytes) -> tuple[list[str], str]:
    lines = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", "surrogateescape", newline="")
    first = lines.readline()
    separator = max(_SEPARATORS, key=first.count)
    header = [
        mend_bytes(name) for name in next(csv.reader(itertools.chain([first], lines), delimiter=separator))
    ]
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise InputError(f"{path} has two columns called '{twice}': rename one of them.")
    return header, separator


def _is_rectangular(frame: pl.DataFrame, content: bytes, separator: str) -> bool:
    """Whether every row has as many fields as the header: polars fills a short row up without a word.

    Then the separators between fields and those inside fields add up to all that the file has.
    """
    counts = frame.select(pl.all().str.count_matches(separator, literal=True).cast(pl.Int64).sum())
    inside: int = sum(counts.row(0)) + sum(name.count(separator) for name in frame.columns)
    return content.count(separator.encode()) == inside + (frame.height + 1) * (frame.width - 1)


def _read_csv_by_row(content: bytes, header: list[str], separator: str) -> Rows:
    csv.field_size_limit(sys.maxsize)
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", "surrogateescape", newline="")
    reader = csv.reader(text, delimiter=separator)
    next(reader)

    def records() -> Iterator[dict[str, str | None] | str]:
        line = reader.line_num
        for fields in reader:
            if not fields or len(fields) == len(header):
                yield dict(zip(header, fields, strict=False))
            else:
                yield (
                    f"The row has {len(fields)} fields and the header {len(header)} "
                    f"(lines {line + 1} to {reader.line_num} of the file)."
                )
            line = reader.line_num

    return _gather(records(), header)


def _read_ndjson(path: Path, content: bytes, between: str = "|") -> Rows:
    def records() -> Iterator[dict[str, str | None] | str]:
        for line in io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", "surrogateescape", newline="\n"):
            try:
                record = json.loads(line) if line.strip() else {}
            except ValueError as error:
                yield f"The line is no JSON: {error}."
                continue
            if isinstance(record, dict):
                yield {str(name): _written(value, between) for name, value in record.items()}
            else:
                yield "The line holds no JSON object: write one object a line, its names the columns."

    return _gather(records(), [])


def _written(value: Any, between: str) -> str | None:
    """A JSON value as a CSV would write it."""
    match value:
        case None | str():
            return value
        case list():
            return between.join(str(item) for item in value)
        case _:
            return json.dumps(value)


def _gather(records: Iterable[dict[str, str | None] | str], names: list[str]) -> Rows:
    """Rows from records (a dict, empty for a blank line) and reasons (a string) in the file's order."""
    frames = [pl.DataFrame(schema=dict.fromkeys(names, pl.String))]
    numbers: list[int] = []
    mended: list[bool] = []
    faults: list[tuple[int, None, str]] = []
    numbered = enumerate(records, 1)
    while batch := list(itertools.islice(numbered, _BATCH)):
        faults += [(number, None, record) for number, record in batch if isinstance(record, str)]
        kept = [(number, record) for number, record in batch if isinstance(record, dict) and record]
        whole = [_mended(record) for _, record in kept]
        numbers += [number for number, _ in kept]
        mended += [new is not old for new, (_, old) in zip(whole, kept, strict=True)]
        columns = dict.fromkeys(name for record in whole for name in record)
        frames.append(pl.DataFrame(whole, schema=dict.fromkeys(columns, pl.String)))
    return Rows(
        pl.concat(frames, how="diagonal"),
        pl.Series("row", numbers, dtype=pl.UInt64),
        pl.Series("mended", mended, dtype=pl.Boolean),
        pl.DataFrame(faults, schema=FAULT_SCHEMA, orient="row"),
    )


def _mended(record: dict[str, str | None]) -> dict[str, str | None]:
    if not any(value and UNDECODED.search(value) for value in record.values()):
        return record
    return {name: value and mend_bytes(value) for name, value in record.items()}


def _read_parquet(path: Path, content: bytes) -> Rows:
    try:
        frame = pl.read_parquet(content)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path} is no readable Parquet file ({str(error).splitlines()[0]}).") from None
    return _all_rows(frame.select(_as_string(name, dtype) for name, dtype in frame.schema.items()))


def _as_string(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    match dtype:
        case pl.Datetime(time_zone=zone):
            moment = column.dt.convert_time_zone("UTC") if zone else column.dt.replace_time_zone("UTC")
            return moment.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
        case pl.List():
            return column.cast(pl.List(pl.String)).list.join("|")
        case pl.Struct():
            return column.struct.json_encode()
        case _:
            return column.cast(pl.String, strict=False)


def _all_rows(frame: pl.DataFrame) -> Rows:
    return Rows(
        frame,
        pl.Series("row", range(1, frame.height + 1), dtype=pl.UInt64),
        pl.Series("mended", [False]).new_from_index(0, frame.height),
        pl.DataFrame(schema=FAULT_SCHEMA),
    )
