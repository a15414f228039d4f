"""What was known when: covariates join a start–stop row only as they stood at its start.

A covariate that looks into its row's future makes the immortal-time and reverse-causation errors that this
workbench exists to avoid, so every covariate carries the second at which it was known, and rows whose
covariates were known later than their start are refused (Andersen and Gill 1982: predictable covariates).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from complaintlab.errors import ModelError

KEYS = ("episode_id", "known_s")


@dataclass(frozen=True)
class History:
    """How some covariates changed over time.

    ``frame`` has episode_id, known_s (seconds since the episode's start from which the values hold), and one
    column per covariate; a row per change. Of several changes in one second the last row counts.
    """

    name: str
    frame: pl.DataFrame

    @property
    def covariates(self) -> tuple[str, ...]:
        return tuple(column for column in self.frame.columns if column not in KEYS)

    @property
    def known_at(self) -> str:
        """Name of the column that says when the joined values were known."""
        return f"{self.name}_known_s"

    def changes(self) -> pl.DataFrame:
        """episode_id, at_s: the seconds at which a row must be split."""
        return self.frame.select("episode_id", pl.col("known_s").alias("at_s"))


def join_known(rows: pl.DataFrame, history: History) -> pl.DataFrame:
    """Add the history's covariates to ``rows`` (episode_id, start_s) as known at start_s, null before.

    A change in the very second of start_s is known: the row is at risk in (start_s, stop_s]. The column
    ``history.known_at`` says since when the values hold. Rows come back sorted by start_s.
    """
    last = history.frame.unique(list(KEYS), keep="last", maintain_order=True)
    right = last.with_columns(pl.col("known_s").alias(history.known_at)).sort("known_s")
    return (
        rows.sort("start_s")
        .join_asof(right, left_on="start_s", right_on="known_s", by="episode_id", check_sortedness=False)
        .drop("known_s")
    )


def refuse_future(rows: pl.DataFrame, known_at: Iterable[str], *, start: str = "start_s") -> pl.DataFrame:
    """Return ``rows`` unchanged if every covariate was known by its row's start.

    ``known_at`` names the columns with the second at which a covariate was known (null: no value yet).

    Raises:
        ModelError: a covariate of some row was known only after the row's start.
    """
    for column in known_at:
        ahead = rows.filter(pl.col(column) > pl.col(start))
        if ahead.height:
            first = ahead.row(0, named=True)
            raise ModelError(
                f"{ahead.height} rows use a covariate from the future: in episode {first['episode_id']} "
                f"'{column}' is {first[column]}, after the row's {start} {first[start]}; "
                "join its value as it was known at the start."
            )
    return rows


def attach(rows: pl.DataFrame, histories: Sequence[History]) -> pl.DataFrame:
    """Add the covariates of all histories to ``rows`` in their order, and refuse the future."""
    known = rows.select("episode_id", "start_s").with_row_index("_row")
    for history in histories:
        known = join_known(known, history)
    known_at = [history.known_at for history in histories]
    covariates = [name for history in histories for name in history.covariates]
    return rows.hstack(refuse_future(known, known_at).sort("_row").select(covariates))
