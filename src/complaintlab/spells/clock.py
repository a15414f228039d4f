"""Moments and counts: seconds since time zero, and how many moments lie before another one."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

DAY_S = 24 * 3600


def seconds_since(moment: pl.Expr | str, zero: pl.Expr | str) -> pl.Expr:
    """Whole seconds from ``zero`` to ``moment``, both UTC; truncated."""
    moment = pl.col(moment) if isinstance(moment, str) else moment
    zero = pl.col(zero) if isinstance(zero, str) else zero
    return (moment - zero).dt.total_seconds()


def event_seconds(moment: pl.Expr | str, zero: pl.Expr | str) -> pl.Expr:
    """Seconds to an event after time zero; one in the very second of time zero gets one second."""
    return seconds_since(moment, zero).clip(lower_bound=1)


def count_before(
    rows: pl.DataFrame, moments: pl.DataFrame, *, at: str, moment: str, by: Sequence[str]
) -> pl.Series:
    """For each row, in order, how many ``moments`` of the same group lie strictly before its ``at``.

    Args:
        rows: columns ``by`` and ``at``.
        moments: columns ``by`` and ``moment`` (null: never).
        by: the columns that make the groups.
    """
    counted = (
        moments.select(*by, pl.col(moment).alias("_moment"))
        .drop_nulls("_moment")
        .sort("_moment")
        .with_columns(_count=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over(by))
    )
    found = (
        rows.select(*by, pl.col(at).alias("_at"))
        .with_row_index("_row")
        .sort("_at")
        .join_asof(
            counted,
            left_on="_at",
            right_on="_moment",
            by=list(by),
            allow_exact_matches=False,
            check_sortedness=False,
        )
    )
    return found.sort("_row")["_count"].fill_null(0)
