"""Opening hours, usual traffic and outages of the simulated companies, in half hours of UTC."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.companies import Companies, Company
from complaintlab.errors import UserError
from complaintlab.worlds.laws import Floats, Laws

BIN_S = 1800
TAIL_DAYS = 50
"""Days after the archive's end that are still simulated, so that every follow-up is whole."""

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Calendar:
    """Per company (rows, in the order of ``names``) and half hour (columns) since the world's start.

    ``open`` is 1.0 in opening hours; ``open_hours`` the opening hours before each half hour; ``traffic``
    relative complaints; ``surge`` the logarithm of complaints over usual, above 0 in an outage only.
    """

    names: tuple[str, ...]
    open: Floats
    open_hours: Floats
    traffic: Floats
    surge: Floats

    def opened_by(self, company: Ints, at_s: Floats) -> Floats:
        """Opening hours from the world's start to ``at_s`` (seconds), elementwise."""
        bins = (at_s // BIN_S).astype(np.int64)
        inside = (at_s - bins * BIN_S) / 3600
        return np.asarray(self.open_hours[company, bins] + self.open[company, bins] * inside)


def make_calendar(laws: Laws, companies: Companies, rng: np.random.Generator) -> Calendar:
    """Lay out the calendar; only the outages are drawn.

    Raises:
        UserError: a company of the laws is not described with zone and hours in data/companies.yaml.
    """
    n_bins = (laws.days + TAIL_DAYS) * 86400 // BIN_S
    described = [_described(name, companies) for name in laws.companies]
    local = [_local_half_hours(laws, company.time_zone or "UTC", n_bins) for company in described]
    is_open = np.stack(
        [_open(company, day, minute) for company, (day, minute) in zip(described, local, strict=True)]
    )
    usual = np.stack([_usual_traffic(laws, day, minute) for day, minute in local])
    surge = np.stack([_surge(laws, n_bins, rng) for _ in described])
    weight = np.array([law.weight for law in laws.companies.values()])[:, None]
    return Calendar(
        names=tuple(laws.companies),
        open=is_open,
        open_hours=np.cumsum(is_open, axis=1) * (BIN_S / 3600) - is_open * (BIN_S / 3600),
        traffic=weight * usual / usual.mean(axis=1, keepdims=True) * np.exp(surge),
        surge=surge,
    )


def _described(name: str, companies: Companies) -> Company:
    company = companies.named(name)
    if company is None or company.time_zone is None or not company.hours or not company.accounts.get("world"):
        raise UserError(
            f"The world's company '{name}' needs time_zone, hours and accounts.world in data/companies.yaml."
        )
    return company


def _local_half_hours(laws: Laws, zone: str, n_bins: int) -> tuple[Ints, Ints]:
    """Local weekday (Monday 0) and minute of day at the start of each half hour."""
    start = laws.start_at
    stop = start + dt.timedelta(seconds=BIN_S * (n_bins - 1))
    local = pl.datetime_range(start, stop, f"{BIN_S}s", eager=True).dt.convert_time_zone(zone)
    weekday = (local.dt.weekday() - 1).cast(pl.Int64).to_numpy()
    minute = (local.dt.hour().cast(pl.Int64) * 60 + local.dt.minute().cast(pl.Int64)).to_numpy()
    return weekday, minute


def _open(company: Company, weekday: Ints, minute: Ints) -> Floats:
    opens, closes = np.full(7, 1441), np.zeros(7, dtype=np.int64)
    for day, hours in (company.hours or {}).items():
        opens[day] = hours.opens.hour * 60 + hours.opens.minute
        closes[day] = hours.closes.hour * 60 + hours.closes.minute
    return ((minute >= opens[weekday]) & (minute < closes[weekday])).astype(np.float64)


def _usual_traffic(laws: Laws, weekday: Ints, minute: Ints) -> Floats:
    by_hour = np.array(laws.arrivals.by_hour)[minute // 60]
    return np.asarray(by_hour * np.where(weekday >= 5, laws.arrivals.weekend, 1.0))


def _surge(laws: Laws, n_bins: int, rng: np.random.Generator) -> Floats:
    surge = np.zeros(n_bins)
    days = n_bins * BIN_S / 86400
    for _ in range(rng.poisson(laws.arrivals.outages * days / laws.days)):
        first = rng.integers(n_bins)
        length = int(rng.uniform(*laws.arrivals.outage_hours) * 3600 / BIN_S)
        surge[first : first + length] = np.log(laws.arrivals.outage_times)
    return surge
