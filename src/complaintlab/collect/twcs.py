"""Source ``twcs``: "Customer Support on Twitter" (Axelbrooke 2017) in its own columns.

The set was drawn from companies' replies, so every thread in it was answered; customers are numbered, also
where texts mention them, and companies keep their handles.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from complaintlab.collect.contract import OPTIONAL, Capabilities, Raw
from complaintlab.collect.files import Rows, read_rows
from complaintlab.companies import Companies
from complaintlab.errors import InputError

COLUMNS: Final = {
    "post_id": "tweet_id",
    "author": "author_id",
    "created_at": "created_at",
    "text": "text",
    "parent": "in_response_to_tweet_id",
}

ESCAPED: Final = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
"""What Twitter escapes in a text, and nothing else."""

CAPABILITIES: Final = Capabilities(
    selected_on_reply=True,
    threads_complete=False,
    prospective=False,
    deletions_attributed=False,
    engagement_timestamped=False,
)


def read(path: Path, companies: Companies) -> Raw:
    """Read the tweet set; authors whose name is no number are companies.

    Raises:
        InputError: the file cannot be read or does not have the set's columns.
    """
    return understand(path, read_rows(path), companies)


def understand(path: Path, file: Rows, companies: Companies) -> Raw:
    """The rows of ``file`` under the raw columns' names; see ``read``."""
    if missing := [column for column in COLUMNS.values() if column not in file.frame.columns]:
        raise InputError(
            f"{path} has no column '{missing[0]}' (it has {', '.join(file.frame.columns)}): it is not the "
            "tweet set of source twcs; for another table set collect.source=table."
        )
    rows = file.frame.select(
        file.numbers,
        file.mended,
        *(pl.col(theirs).alias(ours) for ours, theirs in COLUMNS.items()),
        *(pl.lit(None, pl.String).alias(name) for name in OPTIONAL),
    ).with_columns(pl.col("text").str.replace_many(ESCAPED))
    accounts = _accounts(rows["author"]) | companies.official("twcs")
    return Raw("twcs", path.name, rows, file.faults, accounts, accounts, CAPABILITIES, answer_tells=True)


def _accounts(authors: pl.Series) -> dict[str, str]:
    """Account in lower case → the company, named as its account is written."""
    distinct = authors.unique().str.strip_chars().sort()
    official = distinct.filter(distinct.str.contains(r"^\d*[A-Za-z_]\w*$").fill_null(False))
    return {account.lower(): account for account in official}
