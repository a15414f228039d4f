"""Opening hours: whether a company is open, for how long still, and which hour of its week it is.

Times are UTC; local time follows the company's own time zone, daylight saving included. A company that
closes at 00:00 closes at the end of that day. Where time zone or hours are unknown, so is the answer.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl

from complaintlab.companies import Company

_DAY: Final = 24 * 3600 * 1_000_000


def open_at(times: pl.Series, company: Company | None) -> pl.Series:
    """Whether the company's own clock shows opening hours at these UTC times: Boolean, null if unknown."""
    if company is None or company.time_zone is None or company.hours is None:
        return _unknown(times, pl.Boolean)
    opens = {day: _microseconds(hours.opens) for day, hours in company.hours.items()}
    closes = {day: _microseconds(hours.closes) or _DAY for day, hours in company.hours.items()}
    clock = pl.col("local").dt.epoch("us") % _DAY
    is_open = (clock >= _today(opens)) & (clock < _today(closes))
    return _local(times, company.time_zone).select(is_open.fill_null(False)).to_series()


def minutes_to_closing(times: pl.Series, company: Company | None) -> pl.Series:
    """Minutes (Float64) from each UTC time to closing; null out of hours or where these are unknown.

    These are minutes that pass: the night on which the clock skips an hour is an hour shorter.
    """
    if company is None or company.time_zone is None or company.hours is None:
        return _unknown(times, pl.Float64)
    closes = {day: _microseconds(hours.closes) or _DAY for day, hours in company.hours.items()}
    midnight = pl.col("local").dt.truncate("1d")
    closing = _utc(midnight + pl.duration(microseconds=_today(closes)), company.time_zone)
    left = (closing - pl.col("utc")).dt.total_microseconds() / 60e6
    return (
        _local(times, company.time_zone)
        .with_columns(open_at(times, company).alias("is_open"))
        .select(pl.when("is_open").then(left))
        .to_series()
    )


def hour_of_week(times: pl.Series, company: Company | None) -> pl.Series:
    """Hour of the week (UInt8, Monday 0:00 is 0) in the company's time zone; in UTC where it is unknown."""
    zone = company.time_zone if company is not None and company.time_zone is not None else "UTC"
    day = pl.col("local").dt.weekday().cast(pl.Int32) - 1
    hour = day * 24 + pl.col("local").dt.hour()
    return _local(times, zone).select(hour.cast(pl.UInt8)).to_series()


def _unknown(times: pl.Series, dtype: type[pl.DataType]) -> pl.Series:
    return pl.Series(times.name, [None], dtype=dtype).new_from_index(0, times.len())


def _local(times: pl.Series, zone: str) -> pl.DataFrame:
    """The times as ``utc`` and as the company's wall clock shows them, ``local`` (without a zone)."""
    wall = pl.col("utc").dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return times.to_frame("utc").with_columns(local=wall)


def _today(by_weekday: dict[int, int]) -> pl.Expr:
    """The value of each row's local weekday, null on days without one."""
    weekday = pl.col("local").dt.weekday().cast(pl.Int64) - 1
    return weekday.replace_strict(
        list(by_weekday), list(by_weekday.values()), default=None, return_dtype=pl.Int64
    )


def _utc(wall: pl.Expr, zone: str) -> pl.Expr:
    """The moment of a wall-clock time; one that the clock skips falls an hour later."""
    there, later = (
        moment.dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")
        for moment in (wall, wall + pl.duration(hours=1))
    )
    return pl.coalesce(there, later).dt.convert_time_zone("UTC")


def _microseconds(time: dt.time) -> int:
    return ((time.hour * 60 + time.minute) * 60 + time.second) * 1_000_000 + time.microsecond
