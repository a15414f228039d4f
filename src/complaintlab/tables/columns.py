"""The few column types that every table is made of."""

from __future__ import annotations

import dataframely as dy


def id_(description: str, *, key: bool = False, nullable: bool = False) -> dy.String:
    """A keyed 80-bit pseudonym, 20 hex digits."""
    return dy.String(
        primary_key=key, nullable=nullable, min_length=20, max_length=20, description=description
    )


def at(description: str, *, key: bool = False, nullable: bool = False) -> dy.Datetime:
    """A moment in UTC, microseconds."""
    return dy.Datetime(
        time_unit="us", time_zone="UTC", primary_key=key, nullable=nullable, description=description
    )


def seconds(description: str, *, key: bool = False, nullable: bool = False) -> dy.Int64:
    """Seconds since the episode's start."""
    return dy.Int64(primary_key=key, nullable=nullable, description=description)


def probability(description: str, *, nullable: bool = True) -> dy.Float64:
    """A probability or share in [0, 1]."""
    return dy.Float64(nullable=nullable, min=0.0, max=1.0, description=description)


def string(description: str, *, key: bool = False, nullable: bool = False) -> dy.String:
    return dy.String(primary_key=key, nullable=nullable, description=description)


def count(description: str, *, nullable: bool = False) -> dy.UInt32:
    return dy.UInt32(nullable=nullable, description=description)


def flag(description: str, *, nullable: bool = False) -> dy.Bool:
    return dy.Bool(nullable=nullable, description=description)


def number(description: str, *, nullable: bool = True) -> dy.Float64:
    return dy.Float64(nullable=nullable, description=description)


def one_of(
    values: tuple[str, ...], description: str, *, key: bool = False, nullable: bool = False
) -> dy.Enum:
    return dy.Enum(list(values), primary_key=key, nullable=nullable, description=description)


def texts(description: str) -> dy.List:
    return dy.List(dy.String(), description=description)
