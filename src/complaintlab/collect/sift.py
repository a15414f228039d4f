"""Which rows fit: each raw value is parsed once, and a row that does not fit is put aside with a reason."""

from __future__ import annotations

import datetime as dt
from typing import Final, NamedTuple

import polars as pl
import polars.selectors as cs

from complaintlab.collect.contract import RAW_COLUMNS
from complaintlab.collect.dates import UNDERSTOOD, parse_moments
from complaintlab.collect.files import FAULT_SCHEMA

_MISSING: Final = ("", "NA", "NaN", "nan", "null", "NULL", "None", "<NA>", "NaT")
"""What programs write where there is no value; never applied to texts."""

_IDS: Final = ("post_id", "parent", "author")
_MOMENTS: Final = ("created_at", "edited_at", "deleted_at")
_COUNTS: Final = ("likes", "reposts", "followers")
_ACTORS: Final = ("author", "host", "platform", "unknown")
_FLAGS: Final = {
    "true": True,
    "t": True,
    "yes": True,
    "1": True,
    "false": False,
    "f": False,
    "no": False,
    "0": False,
}

_CONTENT: Final = tuple(name for name in RAW_COLUMNS if name != "post_id")


class Check(NamedTuple):
    """A rule: rows for which ``broken`` holds leave with ``reason`` (an expression over the row)."""

    column: str
    broken: pl.Expr
    reason: pl.Expr


def parse(rows: pl.DataFrame) -> pl.DataFrame:
    """Give raw columns their types; what cannot be parsed is null, its raw form kept as ``raw_<name>``.

    Returns:
        Columns of ``rows`` with moments as Datetime UTC, counts as Int64, ``is_host`` as Boolean, ids without
        the ``.0`` that a column of floats leaves, and ``raw_`` columns of moments, counts and flags.
    """
    values = [name for name in RAW_COLUMNS if name != "text" and rows[name].null_count() < rows.height]
    rows = rows.with_columns(_or_null(name) for name in values).with_columns(pl.col("text").fill_null(""))
    typed = ("is_host", "deleted_by", *_MOMENTS, *_COUNTS)
    rows = rows.with_columns(pl.col(name).alias(f"raw_{name}") for name in typed)
    counts = (pl.col(name).str.replace(r"\.0+$", "").cast(pl.Int64, strict=False) for name in _COUNTS)
    return rows.with_columns(
        *(parse_moments(rows[name]) for name in _MOMENTS),
        *(pl.col(name).str.replace(r"^(\d+)\.0$", "${1}") for name in _IDS),
        *counts,
        pl.col("is_host").str.to_lowercase().replace_strict(_FLAGS, default=None, return_dtype=pl.Boolean),
        pl.col("deleted_by").str.to_lowercase(),
    )


def _or_null(name: str) -> pl.Expr:
    value = pl.col(name).str.strip_chars()
    return pl.when(value.is_in(_MISSING)).then(None).otherwise(value).alias(name)


def latest_moment(rows: pl.DataFrame) -> dt.datetime | None:
    """The latest ``created_at``; None where no row has one."""
    latest = rows["created_at"].max()
    assert latest is None or isinstance(latest, dt.datetime)
    return latest


def sift(rows: pl.DataFrame, as_of: dt.datetime | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part parsed rows that fit from those that do not; a row leaves at the first rule that it breaks.

    Args:
        rows: what ``parse`` returned.
        as_of: rows created later are put aside; None for no limit.

    Returns:
        The rows that fit, in their order, and the faults: row, column, reason.
    """
    faults = [pl.DataFrame(schema=FAULT_SCHEMA)]
    for check in _checks(as_of):
        broken = rows.select(check.broken.fill_null(False)).to_series()
        if broken.any():
            faults.append(rows.filter(broken).select("row", column=pl.lit(check.column), reason=check.reason))
            rows = rows.filter(~broken)
    rows, doubled = _without_doubles(rows.drop(cs.starts_with("raw_")))
    return rows, pl.concat([*faults, doubled])


def _checks(as_of: dt.datetime | None) -> list[Check]:
    checks = [Check("post_id", pl.col("post_id").is_null(), pl.lit("The post has no id."))]
    checks.append(Check("created_at", pl.col("raw_created_at").is_null(), pl.lit("The post has no date.")))
    checks += [
        _unread(name, f"is no date that can be read: {UNDERSTOOD} are understood") for name in _MOMENTS
    ]
    checks += [_unread(name, "is no whole number") for name in _COUNTS]
    checks.append(_unread("is_host", "is neither true nor false"))
    unknown = pl.col("deleted_by").is_not_null() & ~pl.col("deleted_by").is_in(_ACTORS)
    checks.append(Check("deleted_by", unknown, _quoting("deleted_by", f"is none of {', '.join(_ACTORS)}")))
    if as_of is not None:
        late = pl.lit(f"The post is later than collect.as_of ({as_of.isoformat()}).")
        checks.append(Check("created_at", pl.col("created_at") > as_of, late))
    early = pl.lit("The post was deleted before it was posted.")
    checks.append(Check("deleted_at", pl.col("deleted_at") < pl.col("created_at"), early))
    itself = pl.lit("The post answers itself.")
    checks.append(Check("parent", pl.col("parent") == pl.col("post_id"), itself))
    return checks


def _unread(column: str, what: str) -> Check:
    broken = pl.col(column).is_null() & pl.col(f"raw_{column}").is_not_null()
    return Check(column, broken, _quoting(column, what))


def _quoting(column: str, what: str) -> pl.Expr:
    # not pl.format: polars 2.1 panics in it on a filtered frame of several chunks
    return pl.concat_str(pl.lit("'"), pl.col(f"raw_{column}").str.slice(0, 40), pl.lit(f"' {what}."))


def _without_doubles(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keep the first row of each post; a later one is reported as its repetition or its contradiction."""
    first = rows["post_id"].is_first_distinct()
    if first.all():
        return rows, pl.DataFrame(schema=FAULT_SCHEMA)
    later = rows.filter(~first)
    kept = rows.filter(first).filter(pl.col("post_id").is_in(later["post_id"].implode()))
    pairs = later.join(kept, on="post_id", suffix="_kept", maintain_order="left")
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_kept")) for name in _CONTENT)
    kind = pl.when(same).then(pl.lit("repeats")).otherwise(pl.lit("contradicts"))
    which = pl.col("row_kept").cast(pl.String)
    reason = pl.concat_str(
        pl.lit("The row "), kind, pl.lit(" row "), which, pl.lit(", which has the same post_id and is kept.")
    )
    return rows.filter(first), pairs.select("row", column=pl.lit("post_id"), reason=reason)
