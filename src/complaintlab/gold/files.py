"""Where gold lies, ``data/gold``: codes and sample hold no text and are committed; what does is private.

``data/gold/private/`` (tasks, sheets) and ``data/gold/quarantine.csv`` (values as somebody typed them) can be
read by their owner only and belong into .gitignore.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import polars as pl

from complaintlab.errors import InputError
from complaintlab.gold.codebook import ADJUDICATED
from complaintlab.gold.codes import CODES_SCHEMA, QUARANTINE_SCHEMA, resolved_codes
from complaintlab.gold.draw import SAMPLE_SCHEMA
from complaintlab.store import write_csv, write_text

SAMPLE_FILE: Final = "data/gold/sample.csv"
CODES_FILE: Final = "data/gold/codes.csv"
AGREEMENT_FILE: Final = "data/gold/agreement.csv"
DISAGREEMENTS_FILE: Final = "data/gold/disagreements.csv"
QUARANTINE_FILE: Final = "data/gold/quarantine.csv"
PRIVATE_FOLDER: Final = "data/gold/private"

OWNER_ONLY = 0o600


def read_sample(root: Path) -> pl.DataFrame:
    """The drawn messages (``draw.SAMPLE_SCHEMA``), empty where none were drawn."""
    return _read(root, SAMPLE_FILE, SAMPLE_SCHEMA)


def read_codes(root: Path) -> pl.DataFrame:
    """The codes of all coders (``codes.CODES_SCHEMA``), empty where there are none."""
    return _read(root, CODES_FILE, CODES_SCHEMA)


def read_quarantine(root: Path) -> pl.DataFrame:
    """What did not fit (``codes.QUARANTINE_SCHEMA``)."""
    return _read(root, QUARANTINE_FILE, QUARANTINE_SCHEMA)


def load_gold(root: Path) -> pl.DataFrame:
    """Gold for measures and models: one settled value per message and label; empty where there is none.

    Returns:
        post_id, company, item (opener, reply, turn, bystander), label, value (a string of the codebook),
        sampling_probability, author_id (the episode's critic, to cross-fit by), thread_id (the sampling
        unit, to cluster by); ordered by post_id and label. Messages on which coders disagree are left out.

    Raises:
        InputError: a file of gold does not have its columns.
    """
    of_post = read_sample(root).unique("post_id", keep="first", maintain_order=True)
    settled = resolved_codes(read_codes(root)).filter(pl.col("value").is_not_null())
    return (
        settled.join(of_post.select("post_id", "company", "item"), on="post_id")
        .select(
            "post_id", "company", "item", "label", "value", "sampling_probability", "author_id", "thread_id"
        )
        .sort("post_id", "label")
    )  # fmt: skip


def keep_decisions(root: Path, listed: pl.DataFrame) -> pl.DataFrame:
    """Disagreements with what was filled in already in the file that they will replace."""
    path = root / DISAGREEMENTS_FILE
    if not path.exists():
        return listed
    key = {"post_id": pl.String, "label": pl.String, ADJUDICATED: pl.String}
    filled = _read(root, DISAGREEMENTS_FILE, key).unique(["post_id", "label"], keep="first")
    return listed.drop(ADJUDICATED).join(filled, on=["post_id", "label"], how="left", maintain_order="left")


def write_private_text(path: Path, text: str) -> None:
    """Write a text that only its owner can read, in a folder that only its owner can enter."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    write_text(path, text)
    path.chmod(OWNER_ONLY)


def write_quarantine(root: Path, frame: pl.DataFrame) -> None:
    write_csv(root / QUARANTINE_FILE, frame)
    (root / QUARANTINE_FILE).chmod(OWNER_ONLY)


def _read(root: Path, name: str, schema: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    """Read a CSV of gold, empty where it is absent."""
    path = root / name
    if not path.exists():
        return pl.DataFrame(schema=schema)
    try:
        frame = pl.read_csv(path, infer_schema=False)
        return frame.select(pl.col(column).cast(dtype) for column, dtype in schema.items())
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{name} does not have the columns {', '.join(schema)} ({reason}): restore it."
        ) from None
