"""From one raw frame of strings to posts, sightings and quarantine: the same for every source."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import polars as pl

from complaintlab.collect.addressed import addressed, named
from complaintlab.collect.contract import Capabilities, Raw
from complaintlab.collect.handles import pseudonymise
from complaintlab.collect.repair import repair
from complaintlab.collect.sift import latest_moment, parse, sift
from complaintlab.errors import InputError
from complaintlab.ids import Key
from complaintlab.params import Declares
from complaintlab.store import conform
from complaintlab.tables import TABLES


class Outputs(NamedTuple):
    """What the stage ``collect`` writes."""

    posts: pl.DataFrame
    sightings: pl.DataFrame
    quarantine: pl.DataFrame
    source: pl.DataFrame
    latent: pl.DataFrame


def normalise_export(raw: Raw, key: Key, as_of: dt.datetime | None, declares: Declares) -> Outputs:
    """Bring an export into the tables of the stage ``collect``; a file is one crawl.

    Args:
        raw: the export (see ``contract.Raw``).
        key: for the ids of posts and people.
        as_of: when every thread was last seen (naive: UTC); None takes the latest ``created_at``.
        declares: what the analyst says that the source can carry; null takes the source's own word.

    Raises:
        InputError: the export has no rows, or none that fits.
    """
    as_of = as_of.replace(tzinfo=dt.UTC) if as_of is not None and as_of.tzinfo is None else as_of
    rows, faults = sift(parse(raw.rows), as_of)
    faults = pl.concat([raw.faults, faults]).sort("row")
    _refuse_without_rows(raw, rows, faults)
    last_seen = as_of or latest_moment(rows)
    assert last_seen is not None
    capabilities = declared(raw.capabilities, declares)
    rows = _in_order(_with_ids(rows, key))
    posts = _posts(rows, raw)
    sightings = _sightings(rows, raw.file, last_seen, capabilities.threads_complete)
    source = describe(
        raw.source, raw.file, last_seen, posts, capabilities, key,
        rows_read=raw.rows.height + raw.faults.height, rows_quarantined=faults.height,
    )  # fmt: skip
    quarantine = conform("quarantine", faults.with_columns(file=pl.lit(raw.file)))
    return Outputs(posts, sightings, quarantine, source, TABLES["latent"].create_empty())


def declared(own: Capabilities, declares: Declares) -> Capabilities:
    """A source's capabilities with the analyst's explicit word above them."""
    said = {name: value for name, value in declares.model_dump().items() if value is not None}
    return own._replace(**said)


def describe(
    source: str,
    crawl_id: str,
    as_of: dt.datetime,
    posts: pl.DataFrame,
    capabilities: Capabilities,
    key: Key,
    *,
    rows_read: int,
    rows_quarantined: int,
) -> pl.DataFrame:
    """The one row of the table ``source``."""
    described = pl.DataFrame(
        {
            "source": source,
            "crawl_id": crawl_id,
            "as_of": as_of,
            "first_at": posts["created_at"].min(),
            "last_at": posts["created_at"].max(),
            "simulated": source == "world",
            **capabilities._asdict(),
            "rows_read": rows_read,
            "rows_quarantined": rows_quarantined,
            "rows_repaired": posts["repaired"].sum(),
            "fingerprint": key.fingerprint,
        }
    )
    return conform("source", described)


def _refuse_without_rows(raw: Raw, rows: pl.DataFrame, faults: pl.DataFrame) -> None:
    if rows.height:
        return
    if not faults.height:
        raise InputError(f"{raw.file} has a header and no rows: give a file with at least one post.")
    row, column, reason = faults.row(0)
    where = f"row {row}" + (f", column {column}" if column else "")
    raise InputError(f"Not one row of {raw.file} fits; the first ({where}): {reason}")


def _with_ids(rows: pl.DataFrame, key: Key) -> pl.DataFrame:
    """Native ids as ``native_id``, keyed ones in place of ``post_id``, ``parent`` and ``author``."""
    ids = key.pseudonyms("post", pl.concat([rows["post_id"], rows["parent"].alias("post_id")]))
    return rows.rename({"post_id": "native_id"}).with_columns(
        ids.head(rows.height).alias("post_id"),
        ids.tail(rows.height).alias("parent_id"),
        key.pseudonyms("author", rows["author"]).alias("author_id"),
    )


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows sorted by their hexadecimal ``post_id``; by its number first, which takes a fifth of the time."""
    leading = pl.col("post_id").str.slice(0, 15).str.to_integer(base=16, dtype=pl.Int64)
    return rows.sort(leading).sort("post_id")


def _posts(rows: pl.DataFrame, raw: Raw) -> pl.DataFrame:
    text, repaired = repair(rows["text"])
    company = pl.coalesce(named("company", raw.names), pl.col("company"), named("author", raw.accounts))
    rows = rows.with_columns(text, company=company, repaired=repaired | pl.col("mended"))
    hosts = pl.col("company") == named("place", raw.names)
    posts = rows.with_columns(
        source=pl.lit(raw.source),
        crawl_id=pl.lit(raw.file),
        text=pseudonymise(text, list(raw.names)),
        addressed=addressed(rows, raw.names, answer_tells=raw.answer_tells),
        is_host=pl.coalesce("is_host", hosts.fill_null(False)),
    )
    return conform("posts", posts)


def _sightings(rows: pl.DataFrame, crawl_id: str, as_of: dt.datetime, threads_complete: bool) -> pl.DataFrame:
    """One look at every post at ``as_of``, and one at each later removal that the export logs.

    A post whose logged removal lies before ``as_of`` is absent then. A log speaks of one post and never of a
    whole thread.
    """
    logged = rows.filter(pl.col("deleted_at").is_not_null())
    if not logged.height:
        return _present(rows, crawl_id, as_of, threads_complete)
    there = rows.filter((pl.col("deleted_at") > as_of).fill_null(True))
    looks = [_present(there, crawl_id, as_of, threads_complete), _removed(logged, crawl_id, as_of)]
    return pl.concat(looks).sort("post_id", "seen_at")


def _present(rows: pl.DataFrame, crawl_id: str, as_of: dt.datetime, complete: bool) -> pl.DataFrame:
    looked = rows.with_columns(
        seen_at=pl.lit(as_of), crawl_id=pl.lit(crawl_id), status=pl.lit("present"), complete=pl.lit(complete)
    )
    return conform("sightings", looked)


def _removed(rows: pl.DataFrame, crawl_id: str, as_of: dt.datetime) -> pl.DataFrame:
    removed = rows.with_columns(
        seen_at=pl.max_horizontal(pl.lit(as_of), "deleted_at"),
        crawl_id=pl.lit(crawl_id),
        status=pl.lit("absent"),
        complete=pl.lit(False),
        evidence=pl.lit("deleted_at"),
        actor=pl.col("deleted_by").fill_null("unknown"),
        happened_at=pl.col("deleted_at"),
    )
    return conform("sightings", removed)
