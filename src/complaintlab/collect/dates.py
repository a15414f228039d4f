"""Moments as exports write them, brought to UTC."""

from __future__ import annotations

from typing import Final

import polars as pl

from complaintlab.tables.columns import at

MOMENT: Final = at("a moment").dtype
UNDERSTOOD: Final = "ISO 8601, seconds or milliseconds since 1970, and Twitter's format"

_TWITTER = "%a %b %d %H:%M:%S %z %Y"
_ISO: tuple[str, ...] = (
    "%Y-%m-%dT%H:%M:%S%.f%z",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M%z",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d",
)
_EPOCH_MICROSECONDS: tuple[tuple[str, int], ...] = (
    (r"^\d{9,10}(\.\d+)?$", 1_000_000),
    (r"^\d{12,13}$", 1000),
)
"""Pattern → microseconds per unit: seconds from 1973 to 2286, milliseconds likewise."""


def parse_moments(written: pl.Series) -> pl.Series:
    """Read dates of any understood form, each row in its own; null where none fits.

    A moment without a zone is taken as UTC. Each form is tried only on what the forms before it left, so
    that a file in one form costs one pass.

    Args:
        written: String series.

    Returns:
        Datetime("us", "UTC") series of the same length and name.
    """
    parsed = pl.Series(written.name, [None], dtype=MOMENT).new_from_index(0, len(written))
    if written.is_null().all():
        return parsed
    left = written
    for reader in (_parse_twitter, _parse_epoch, _parse_iso):
        read = reader(left)
        parsed = parsed.zip_with(read.is_null(), read)
        left = left.set(read.is_not_null(), None)
        if left.is_null().all():
            break
    return parsed


def _parse_twitter(written: pl.Series) -> pl.Series:
    return _parse_format(written, _TWITTER)


def _parse_epoch(written: pl.Series) -> pl.Series:
    moments = pl.Series([None], dtype=pl.Int64).new_from_index(0, len(written))
    for pattern, microseconds in _EPOCH_MICROSECONDS:
        fits = written.str.contains(pattern).fill_null(False)
        if fits.any():
            numbers = written.set(~fits, None).cast(pl.Float64) * microseconds
            moments = moments.zip_with(~fits, numbers.round().cast(pl.Int64))
    return moments.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _parse_iso(written: pl.Series) -> pl.Series:
    """ISO 8601 with a blank for the T, a zone without minutes, or ``UTC`` in words as well."""
    canonical = (
        written.str.replace(r"^(\d{4}-\d\d-\d\d) ", "${1}T")
        .str.replace(r"(?i) ?(Z|UTC)$", "+00:00")
        .str.replace(r"(T.*[+-]\d\d)$", "${1}00")
    )
    parsed = _parse_format(canonical, _ISO[0])
    for form in _ISO[1:]:
        if parsed.null_count() == canonical.null_count():
            break
        parsed = parsed.zip_with(parsed.is_not_null(), _parse_format(canonical, form))
    return parsed


def _parse_format(written: pl.Series, form: str) -> pl.Series:
    parsed = written.str.to_datetime(form, strict=False, time_unit="us", cache=False)
    return parsed if "%z" in form else parsed.dt.replace_time_zone("UTC")
