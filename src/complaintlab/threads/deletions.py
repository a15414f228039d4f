"""Deletions, from sightings only: what disappeared, when at the earliest and latest, and by whose hand.

A look that found a post hidden, or absent from an answer that covered the whole thread, is evidence; so is
an absence that the source itself attributes or dates. An absence from a cut answer and a failed look are
none. Each run of such looks is one disappearance in the interval (last seen present, first seen absent].

Confidence in the kind: 1.0 where a log names and dates the act, 0.9 where the source names who did it, 0.8
where nobody is named but a log dates it or two or more looks agree, 0.5 where one look is all there is. An
act without a named actor is never attributed: it is ``vanished_unknown``.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from complaintlab.labels import DELETION_KINDS

ACCOUNT_GONE: Final = "account_gone"
LOGGED, NAMED, AGREED, ONCE = 1.0, 0.9, 0.8, 0.5
_KINDS: Final = {
    "author": "author_deleted", "host": "host_removed", "platform": "platform_removed",
}  # fmt: skip


def evident(sightings: pl.DataFrame) -> pl.DataFrame:
    """The sightings that are evidence that a post was not to be seen."""
    named = pl.col("actor").is_not_null() & (pl.col("actor") != "unknown")
    attributed = named | pl.col("happened_at").is_not_null() | (pl.col("evidence") == ACCOUNT_GONE)
    absent = (pl.col("status") == "absent") & (pl.col("complete") | attributed.fill_null(False))
    return sightings.filter((pl.col("status") == "hidden") | absent)


def disappearances(sightings: pl.DataFrame) -> pl.DataFrame:
    """One row per disappearance: the columns of ``deletions`` without ``thread_id`` and ``role``.

    Hidden and then absent are two disappearances, since two hands may have done it; the second is dated
    from the last look that still found the post, hidden. ``restored_at`` is the next look that finds the
    post again, which for a hidden post means unhidden.
    """
    gone = evident(sightings)
    present = sightings.filter(pl.col("status") == "present").join(gone, on="post_id", how="semi")
    looks = pl.concat([gone, present]).sort("post_id", "seen_at", "crawl_id")
    changed = (pl.col("status") != pl.col("status").shift(1).over("post_id")).fill_null(True)
    runs = (
        looks.with_columns(pl.col("status").cast(pl.String))
        .with_columns(run=changed.cum_sum().over("post_id"))
        .group_by("post_id", "run", maintain_order=True)
        .agg(*_of_run())
        .with_columns(*_around_run())
        .filter(pl.col("status") != "present")
    )
    ordinal = pl.int_range(1, pl.len() + 1).over("post_id")
    return runs.with_columns(kind=_kind(), ordinal=ordinal.cast(pl.UInt16)).with_columns(
        actor=pl.col("actor").fill_null("unknown"), confidence=_confidence()
    )


def _of_run() -> list[pl.Expr]:
    """A run's looks as one row; who did it is told by the first look that names somebody."""
    names = pl.col("actor").cast(pl.String).replace("unknown", None)
    by = names.is_not_null()
    evidence = pl.coalesce(pl.col("evidence").filter(by).first(), pl.col("evidence").drop_nulls().first())
    return [
        pl.col("status").first(),
        pl.col("seen_at").min().alias("first_absent_at"),
        pl.col("seen_at").max().alias("last_look"),
        pl.len().alias("looks"),
        names.drop_nulls().first().alias("actor"),
        pl.col("happened_at").drop_nulls().first().alias("exact_at"),
        (pl.col("evidence") == ACCOUNT_GONE).any().alias("account_gone"),
        pl.coalesce(evidence, pl.col("status").first()).alias("evidence"),
    ]


def _around_run() -> list[pl.Expr]:
    """When the post was last there before a run, and first there again after it."""
    there = pl.when(pl.col("status") != "absent").then("last_look")
    shown = pl.when(pl.col("status") == "present").then("last_look")
    hidden = pl.col("status") == "hidden"
    last = pl.when(hidden).then(_before(shown)).otherwise(_before(there))
    status_after = pl.col("status").shift(-1).over("post_id")
    after = pl.col("first_absent_at").shift(-1).over("post_id")
    restored = pl.when(pl.when(hidden).then(status_after == "present").otherwise(True)).then(after)
    return [last.alias("last_present_at"), restored.alias("restored_at")]


def _before(expression: pl.Expr) -> pl.Expr:
    return expression.shift(1).forward_fill().over("post_id")


def _kind() -> pl.Expr:
    hidden_by_host = (pl.col("status") == "hidden") & (pl.col("actor") == "host")
    return (
        pl.when("account_gone")
        .then(pl.lit(ACCOUNT_GONE))
        .when(hidden_by_host.fill_null(False))
        .then(pl.lit("host_hidden"))
        .otherwise(pl.col("actor").replace_strict(_KINDS, default="vanished_unknown"))
        .cast(pl.Enum(list(DELETION_KINDS)))
    )


def _confidence() -> pl.Expr:
    named = pl.col("actor").is_not_null() | pl.col("account_gone")
    return (
        pl.when(named & pl.col("exact_at").is_not_null())
        .then(LOGGED)
        .when(named)
        .then(NAMED)
        .when((pl.col("looks") > 1) | pl.col("exact_at").is_not_null())
        .then(AGREED)
        .otherwise(ONCE)
    )
