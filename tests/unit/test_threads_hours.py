"""Opening hours in the company's own time, daylight saving included."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from complaintlab.companies import Company, Hours
from complaintlab.threads.hours import hour_of_week, minutes_to_closing, open_at

WEEKDAYS = {day: Hours(opens=dt.time(9), closes=dt.time(17, 30)) for day in range(5)}
LONDON = Company(name="shop", time_zone="Europe/London", hours=WEEKDAYS)


def utc(*moments: str) -> pl.Series:
    return pl.Series(
        [dt.datetime.fromisoformat(m + "+00:00") for m in moments], dtype=pl.Datetime("us", "UTC")
    )


def test_summer_time_moves_the_opening_hour() -> None:
    winter, summer = "2020-01-06T08:30", "2020-07-06T08:30"  # both Mondays
    assert open_at(utc(winter, summer), LONDON).to_list() == [False, True]


def test_open_from_the_first_minute_and_closed_at_the_last() -> None:
    moments = utc("2020-01-06T09:00", "2020-01-06T17:29", "2020-01-06T17:30", "2020-01-11T12:00")
    assert open_at(moments, LONDON).to_list() == [True, True, False, False]
    assert minutes_to_closing(moments, LONDON).to_list() == [510.0, 1.0, None, None]


def test_a_company_far_east_is_open_on_its_own_weekday() -> None:
    tokyo = Company(name="t", time_zone="Asia/Tokyo", hours={0: WEEKDAYS[0]})
    sunday_night = utc("2020-01-06T00:00", "2020-01-05T23:59")
    assert open_at(sunday_night, tokyo).to_list() == [True, False]


def test_closing_at_midnight_ends_the_day_and_the_lost_hour_is_not_counted() -> None:
    always = Hours(opens=dt.time(0), closes=dt.time(0))
    night = Company(name="n", time_zone="Europe/London", hours=dict.fromkeys(range(7), always))
    half_past_midnight = utc("2020-03-28T00:30", "2020-03-29T00:30")  # clocks go forward on the 29th
    assert minutes_to_closing(half_past_midnight, night).to_list() == [23.5 * 60, 22.5 * 60]


def test_an_opening_hour_that_the_clock_skips_begins_after_the_skip() -> None:
    early = Company(
        name="e", time_zone="Europe/London", hours={6: Hours(opens=dt.time(1, 30), closes=dt.time(9))}
    )
    assert open_at(utc("2020-03-29T00:59", "2020-03-29T01:30"), early).to_list() == [False, True]


@pytest.mark.parametrize("company", [None, Company(name="x"), Company(name="x", time_zone="Asia/Tokyo")])
def test_unknown_hours_give_unknown_answers(company: Company | None) -> None:
    assert open_at(utc("2020-01-06T09:00"), company).to_list() == [None]
    assert minutes_to_closing(utc("2020-01-06T09:00"), company).to_list() == [None]


def test_hour_of_week_is_local_and_falls_back_to_utc() -> None:
    moments = utc("2020-01-06T00:00", "2020-07-05T23:30", "2020-01-05T23:59")
    assert hour_of_week(moments, LONDON).to_list() == [0, 0, 167]
    assert hour_of_week(moments, None).to_list() == [0, 167, 167]
    assert hour_of_week(moments, None).dtype == pl.UInt8
