"""Codes in CSV files: long (a row per code), wide (a row per message and coder), or adjudicated."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from complaintlab.errors import InputError
from complaintlab.gold.codebook import ADJUDICATED, ANSWERS, LABELS
from complaintlab.gold.label_studio import RAW_SCHEMA, Handed

SHAPES = "post_id, coder, label, value; or post_id, coder and labels; or post_id, label, adjudicated"


def read_sheet(path: Path) -> Handed:
    """Read a CSV of codes, of whichever of the three shapes; empty cells are no codes.

    Raises:
        InputError: it is no CSV, or has none of the shapes.
    """
    try:
        sheet = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is not a CSV: {str(error).splitlines()[0]}.") from None
    return Handed(_raw(path.name, sheet).filter(pl.col("value").str.strip_chars() != ""), 0)


def _raw(name: str, sheet: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``RAW_SCHEMA``, empty where nothing is said."""
    has = set(sheet.columns)
    answers = [answer for answer in dict.fromkeys((*ANSWERS, *LABELS)) if answer in has]
    if {"post_id", "coder", "label", "value"} <= has:
        long = sheet
    elif {"post_id", "label", ADJUDICATED} <= has:
        long = sheet.with_columns(coder=pl.lit(ADJUDICATED), value=ADJUDICATED)
    elif {"post_id", "coder"} <= has and answers:
        long = sheet.unpivot(answers, index=["post_id", "coder"], variable_name="label", value_name="value")
    else:
        raise InputError(f"{name} has the columns {', '.join(sheet.columns)}; a file of codes has {SHAPES}.")
    return long.select(pl.col(column).fill_null("") for column in RAW_SCHEMA)


def blank_sheet(messages: pl.DataFrame) -> pl.DataFrame:
    """A wide sheet to fill in, one row per message of ``messages.messages_to_code``.

    Texts begin with the role of who speaks, so that no spreadsheet takes a handle for a formula.
    """
    said = pl.element().struct.field("role") + ": " + pl.element().struct.field("text")
    return messages.select(
        "task",
        "post_id",
        "item",
        "company",
        before=pl.col("before").list.eval(said).list.join("\n"),
        text=pl.concat_str("role", "text", separator=": "),
        coder=pl.lit(""),
        **{answer: pl.lit("") for answer in ANSWERS},
    )
