"""Posts and deletions for made episodes, where the stage ``deletion`` is tested."""

from __future__ import annotations

import polars as pl

from complaintlab.store import conform

HOUR = 3600


def deleted(
    episodes: pl.DataFrame,
    rows: list[int],
    kind: str = "host_removed",
    *,
    present: float | None = 1.0,
    absent: float = 5.0,
    exact: float | None = None,
) -> pl.DataFrame:
    """Deletions of the openers of ``rows``; moments in hours after the complaint."""
    chosen = episodes[rows]
    at = {"last_present_at": present, "first_absent_at": absent, "exact_at": exact}
    moments = {
        name: None if hours is None else pl.col("started_at") + pl.duration(seconds=round(hours * HOUR))
        for name, hours in at.items()
    }
    return conform(
        "deletions",
        chosen.select(
            pl.col("opener_id").alias("post_id"), pl.lit(1).alias("ordinal"), "thread_id",
            pl.lit("critic").alias("role"), pl.lit(kind).alias("kind"), pl.lit("host").alias("actor"),
            pl.lit("").alias("evidence"), pl.lit(1.0).alias("confidence"),
            *(pl.lit(None).alias(n) if m is None else m.alias(n) for n, m in moments.items()),
        ),
    )  # fmt: skip


def posts(
    episodes: pl.DataFrame, place: list[str | None], edited: dict[int, float] | None = None
) -> pl.DataFrame:
    """Openers at ``place``, and first replies; some ``edited``, so many hours after the complaint, by row."""
    at = [(edited or {}).get(i) for i in range(episodes.height)]
    openers = episodes.select(pl.col("opener_id").alias("post_id"), place=pl.Series(place, dtype=pl.String))
    openers = openers.with_columns(edited_at=pl.lit(None, pl.Datetime("us", "UTC")))
    hours = pl.Series("h", at, dtype=pl.Float64)
    replies = episodes.with_columns(hours).select(
        pl.col("first_reply_id").alias("post_id"),
        pl.lit(None, pl.String).alias("place"),
        edited_at=pl.col("started_at") + pl.duration(seconds=(pl.col("h") * HOUR).cast(pl.Int64)),
    )
    return pl.concat([openers, replies.drop_nulls("post_id")])
