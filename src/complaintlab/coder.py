"""``complaintlab code``: anybody's messages, coded as the pipeline codes them."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, cast, get_args

import polars as pl

from complaintlab.collect.files import read_rows
from complaintlab.collect.repair import repair
from complaintlab.embed.messages import Asked, read_messages, unread
from complaintlab.errors import InputError, UserError
from complaintlab.labels import ACTS, STANCES
from complaintlab.measure import measure_messages
from complaintlab.measure.messages import with_hashes
from complaintlab.store import write_csv

REQUIRED = ("message_id", "role", "text")
ROLES = ("critic", "bystander", "company")
BETWEEN = "\x1e"
"""Stands between earlier messages: the record separator, which no message contains."""

DIGITS = 6

YES = 0.5
"""From this probability on a label is said to hold."""


class Coded(NamedTuple):
    """Codes of the good rows, in the file's order, and the other rows with the reason."""

    codes: pl.DataFrame
    quarantine: pl.DataFrame


def code_file(source: Path, target: Path, root: Path, asked: Asked = "needed") -> Coded:
    """Code the messages of a CSV or NDJSON file and write a CSV.

    Rows that cannot be coded go to ``<target>.quarantine.csv`` (row, column, reason); the others are kept.

    Args:
        source: message_id, role (critic, bystander or company), text, and perhaps before: the earlier
            message, or a JSON list of the earlier messages, oldest first.
        target: the CSV to write, see ``codes_of``.
        root: the folder whose ``.cache`` keeps readings.
        asked: which messages are read in context (``embed.unread``).

    Raises:
        InputError: the file cannot be read or lacks a column.
    """
    rows = read_rows(source, between=BETWEEN)
    if absent := [name for name in REQUIRED if name not in rows.frame.columns]:
        raise InputError(
            f"{source} has no column '{absent[0]}': give {', '.join(REQUIRED)}, and before if there is one."
        )
    messages, faults = _sift(rows.frame.with_columns(row=rows.numbers))
    quarantine = pl.concat([rows.faults, faults]).sort("row")
    coded = Coded(codes_of(messages, root, asked), quarantine)
    write_csv(target, coded.codes)
    beside = target.with_name(f"{target.name}.quarantine.csv")
    if quarantine.is_empty():
        beside.unlink(missing_ok=True)
    else:
        write_csv(beside, quarantine)
    return coded


def asked_of(readings: str) -> Asked:
    """The option ``--readings``.

    Raises:
        UserError: it is none of the three.
    """
    if readings not in get_args(Asked):
        raise UserError(f"--readings is '{readings}': give one of {', '.join(get_args(Asked))}.")
    return cast(Asked, readings)


def codes_of(messages: pl.DataFrame, root: Path, asked: Asked = "needed") -> pl.DataFrame:
    """Codes of messages.

    Args:
        messages: message_id, role, text, before (null where there is none).
        root: the folder whose ``.cache`` keeps readings.
        asked: which messages are read in context.

    Returns:
        A row per message, in order: message_id; stance and p_<stance> ×6, sarcastic and complaint (0 or 1),
        p_complaint, hostility (0 to 3) of customers; acts (joined by ``|``) and p_<act> ×16 of companies;
        language. What was not asked of a message, or not in a language that the measures know, is null.
    """
    known = with_hashes(messages)
    measured = measure_messages(known, read_messages(unread(known, asked), root))
    return measured.select(
        "message_id",
        pl.col("stance").cast(pl.String),
        *(f"p_{stance}" for stance in STANCES),
        sarcastic=(pl.col("p_sarcastic") >= YES).cast(pl.Int8),
        complaint=(pl.col("p_complaint") >= YES).cast(pl.Int8),
        p_complaint="p_complaint",
        hostility="hostility",
        acts=pl.col("acts").cast(pl.List(pl.String)).list.join("|"),
        **{f"p_{act}": f"p_{act}" for act in ACTS},
        language="language",
    ).with_columns(pl.selectors.float().round(DIGITS))


def _sift(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Messages that can be coded, and why the others cannot."""
    before = pl.col("before") if "before" in rows.columns else pl.lit(None, dtype=pl.String)
    blank = {name: pl.col(name).fill_null("").str.strip_chars() == "" for name in REQUIRED}
    named = rows.with_columns(role=pl.col("role").str.strip_chars().str.to_lowercase(), before=before)
    roles = ", ".join(ROLES)
    reasons = [
        *(pl.when(blank[name]).then(pl.lit(f"{name}|there is none")) for name in REQUIRED),
        pl.when(~pl.col("role").is_in(list(ROLES))).then(pl.lit(f"role|it is not one of {roles}")),
        pl.when(~pl.col("message_id").is_first_distinct()).then(pl.lit("message_id|an earlier row has it")),
    ]
    judged = named.with_columns(fault=pl.coalesce(reasons))
    good = judged.filter(pl.col("fault").is_null())
    messages = good.select(
        "message_id",
        "role",
        repair(good["text"])[0].alias("text"),
        repair(pl.Series([_last(text) for text in good["before"]], dtype=pl.String))[0].alias("before"),
    )
    parts = pl.col("fault").str.split_exact("|", 1).struct
    faults = judged.filter(pl.col("fault").is_not_null()).select(
        "row", column=parts.field("field_0"), reason=parts.field("field_1")
    )
    return messages, faults


def _last(before: str | None) -> str | None:
    """The message that is answered: the last of several, else the text as it stands."""
    earlier: list[Any] = list((before or "").split(BETWEEN))
    if before and before.lstrip().startswith("["):
        with suppress(json.JSONDecodeError):
            earlier = json.loads(before)
    said = [str(text) for text in earlier if text and str(text).strip()]
    return said[-1] if said else None
