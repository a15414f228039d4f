"""Confounders known before time zero: load, burst, the company's habit of answering, its hours."""

from __future__ import annotations

import datetime as dt

import polars as pl

from complaintlab.companies import Companies
from complaintlab.spells.clock import count_before
from complaintlab.threads.hours import hour_of_week, minutes_to_closing, open_at

HOUR = dt.timedelta(hours=1)
_DAY = dt.timedelta(days=1)
_HABIT = dt.timedelta(days=28)


def open_complaints(rows: pl.DataFrame, complaints: pl.DataFrame, *, at: str) -> pl.Series:
    """For each row (company, ``at``): complaints of the hour before that nobody has answered yet.

    ``complaints`` has company, opened_at, first_reply_at. A complaint is open from just after it is posted
    until its first reply or until an hour has passed, so the number open is the number opened before less
    the number closed before.
    """
    closed = complaints.select(
        "company", closed_at=pl.min_horizontal("first_reply_at", pl.col("opened_at") + HOUR)
    )
    opened_before = count_before(rows, complaints, at=at, moment="opened_at", by=["company"])
    closed_before = count_before(rows, closed, at=at, moment="closed_at", by=["company"])
    return (opened_before - closed_before).alias("load")


def burst(episodes: pl.DataFrame, complaints: pl.DataFrame) -> pl.Series:
    """Complaints to the company in the 24 h before, over its mean number a day since its first complaint.

    1 where that is unknown: less than a day has passed since the company's first complaint.
    """
    shifted = episodes.with_columns(day_before=pl.col("started_at") - _DAY)
    n_all = count_before(shifted, complaints, at="started_at", moment="opened_at", by=["company"])
    n_older = count_before(shifted, complaints, at="day_before", moment="opened_at", by=["company"])
    first = complaints.group_by("company").agg(pl.col("opened_at").min().alias("first_at"))
    days = (pl.col("started_at") - pl.col("first_at")).dt.total_microseconds() / 86400e6
    ratio = (pl.col("n_all") - pl.col("n_older")).cast(pl.Float64) * days / pl.col("n_all")
    return (
        shifted.with_columns(n_all=n_all.cast(pl.Int64), n_older=n_older.cast(pl.Int64))
        .join(first, on="company", how="left", maintain_order="left")
        .select(burst=pl.when(days >= 1).then(ratio).otherwise(1.0).fill_null(1.0))
        .to_series()
    )


def answered_share(episodes: pl.DataFrame, complaints: pl.DataFrame) -> pl.Series:
    """Share answered within 24 h of the company's complaints then 1 to 28 days old; null without any."""
    window = episodes.with_columns(older=pl.col("started_at") - _HABIT, settled=pl.col("started_at") - _DAY)
    prompt = complaints.filter(pl.col("first_reply_at") - pl.col("opened_at") <= _DAY)

    def opened(among: pl.DataFrame) -> pl.Series:
        upper = count_before(window, among, at="settled", moment="opened_at", by=["company"])
        lower = count_before(window, among, at="older", moment="opened_at", by=["company"])
        return (upper - lower).cast(pl.Float64)

    frame = pl.DataFrame({"answered": opened(prompt), "all": opened(complaints)})
    share = pl.when(pl.col("all") > 0).then(pl.col("answered") / pl.col("all"))
    return frame.select(answered_share_before=share).to_series()


def add_hours(rows: pl.DataFrame, companies: Companies, *, at: str) -> pl.DataFrame:
    """Add hour_of_week, business_hours and minutes_to_closing at the UTC moments ``at``, row order kept."""
    if rows.is_empty():
        return rows.with_columns(
            hour_of_week=pl.lit(None, pl.UInt8),
            business_hours=pl.lit(None, pl.Boolean),
            minutes_to_closing=pl.lit(None, pl.Float64),
        )
    parts = []
    for part in rows.with_row_index("_row").partition_by("company", maintain_order=True):
        company, moments = companies.named(part["company"][0]), part[at]
        parts.append(
            part.with_columns(
                hour_of_week(moments, company).alias("hour_of_week"),
                open_at(moments, company).alias("business_hours"),
                minutes_to_closing(moments, company).alias("minutes_to_closing"),
            )
        )
    return pl.concat(parts).sort("_row").drop("_row")


def add_before(episodes: pl.DataFrame, complaints: pl.DataFrame, companies: Companies) -> pl.DataFrame:
    """Add every confounder known before time zero; ``complaints`` are all complaint openers of the source."""
    return add_hours(
        episodes.with_columns(
            open_complaints(episodes, complaints, at="started_at"),
            burst(episodes, complaints),
            answered_share(episodes, complaints),
        ),
        companies,
        at="started_at",
    )
