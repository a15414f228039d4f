"""Source ``table``: any export with at least id, author, date, text and parent of each post."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Final

import polars as pl

from complaintlab.collect.addressed import named
from complaintlab.collect.contract import RAW_COLUMNS, REQUIRED, Capabilities, Raw
from complaintlab.collect.files import Rows, read_rows
from complaintlab.companies import Companies
from complaintlab.errors import InputError
from complaintlab.params import Columns

ALIASES: Final = {"author": "author_id", "parent": "parent_id"}
"""The names that ``posts`` uses itself."""

CAPABILITIES: Final = Capabilities(
    selected_on_reply=True,
    threads_complete=False,
    prospective=False,
    deletions_attributed=False,
    engagement_timestamped=False,
)
"""An export of unknown making is trusted with nothing: only answered threads may be in it, posts may be
missing, may have been gone before it was made, and nobody vouches for who deleted them. ``collect.declares``
says where that is too little."""


def read(path: Path, columns: Columns, companies: Companies) -> Raw:
    """Read an export under the raw columns' names.

    A company's accounts are its accounts of source ``table`` in data/companies.yaml, and every author of a
    row whose ``company`` is filled; its name works as a handle as well.

    Raises:
        InputError: the file cannot be read, or a column is missing.
    """
    return understand(path, read_rows(path), columns, companies)


def understand(path: Path, file: Rows, columns: Columns, companies: Companies) -> Raw:
    """The rows of ``file`` under the raw columns' names; see ``read``."""
    mapping = map_columns(path, file.frame.columns, columns)
    absent = [name for name in RAW_COLUMNS if name not in mapping]
    rows = file.frame.select(
        file.numbers,
        file.mended,
        *(pl.col(theirs).alias(ours) for ours, theirs in mapping.items()),
        *(pl.lit(None, pl.String).alias(name) for name in absent),
    )
    accounts, names = official_names(rows, companies)
    return Raw("table", path.name, rows, file.faults, accounts, names, CAPABILITIES)


def map_columns(path: Path, found: list[str], columns: Columns) -> dict[str, str]:
    """Our column → the file's: as params say, else of the same name, else of the name in ``posts``.

    Raises:
        InputError: params name a column that the file does not have, or a required one is nowhere.
    """
    mapping: dict[str, str] = {}
    for ours in RAW_COLUMNS:
        chosen: str | None = getattr(columns, ours)
        candidates = [chosen] if chosen else [ours, *([ALIASES[ours]] if ours in ALIASES else [])]
        theirs = next((name for name in candidates if name in found), None)
        if theirs is not None:
            mapping[ours] = theirs
        elif chosen or ours in REQUIRED:
            raise InputError(_missing(path, ours, candidates[0], found))
    return mapping


def _missing(path: Path, ours: str, wanted: str, found: list[str]) -> str:
    folded = {name.lower(): name for name in found}
    near = difflib.get_close_matches(wanted.lower(), folded, n=1, cutoff=0.5)
    example = folded[near[0]] if near else "<its name>"
    return (
        f"{path} has no column '{wanted}' (it has {', '.join(found)}): "
        f"set collect.columns.{ours}={example}, or look at it with `complaintlab inspect`."
    )


def official_names(rows: pl.DataFrame, companies: Companies) -> tuple[dict[str, str], dict[str, str]]:
    """Accounts → company and names (accounts included) → company, all in lower case."""
    listed = companies.official("table")
    by_name = {company.name.lower(): company.name for company in companies.companies}
    known = by_name | listed
    filled = rows.filter(pl.col("company").str.strip_chars() != "").select("author", "company").unique()
    stated = filled.select(
        author=pl.col("author").str.strip_chars().str.to_lowercase(),
        company=pl.coalesce(named("company", known), pl.col("company").str.strip_chars()),
    ).sort("author", "company")
    companies_stated = {name.lower(): name for name in stated["company"]}
    accounts = dict(stated.drop_nulls().iter_rows()) | listed
    return accounts, by_name | companies_stated | accounts
