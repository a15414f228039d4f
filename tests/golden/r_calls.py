"""Reads the R calls beside the golden numbers, so that other sets of the kind need no new code."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

Entry = dict[str, Any]


def golden_folder() -> Path:
    """Where the golden numbers are: as the ``shared`` fixture has it, but known when tests are collected."""
    beside = Path(__file__).resolve().parents[3] / "shared"
    return Path(os.environ.get("COMPLAINTLAB_SHARED", beside)) / "golden"


def entries() -> dict[str, Entry]:
    """All golden entries by name; none where the folder is absent."""
    path = golden_folder() / "expected.json"
    return json.loads(path.read_text()) if path.is_file() else {}


def named(*functions: str) -> dict[str, Entry]:
    """Entries whose R call begins with one of ``functions`` (interval censoring and Fine–Gray apart)."""
    return {
        name: entry
        for name, entry in entries().items()
        if entry.get("call", "").startswith(tuple(f"{function}(" for function in functions))
        and "interval2" not in entry["call"]
        and "fgstart" not in entry["call"]
    }


def table(entry: Entry) -> pl.DataFrame:
    """The data file of an entry."""
    return pl.read_csv(golden_folder() / entry["data"].split()[0], null_values="NA", infer_schema_length=None)


@dataclass(frozen=True)
class Formula:
    """``Surv(...) ~ terms``: times, event (``column`` or ``column==value``), terms and strata."""

    start: str | None
    stop: str
    event: str
    terms: list[str]
    strata: list[str]


def arguments(call: str) -> list[str]:
    """The arguments of the outermost call, split at its own commas."""
    inside = call[call.index("(") + 1 : _closing(call, call.index("("))]
    parts, depth = [""], 0
    for sign in inside:
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]


def option(call: str, name: str) -> str | None:
    """The value of a named argument of the outermost call."""
    found = [part.split("=", 1)[1] for part in arguments(call) if re.match(rf"{name}\s*=[^=]", part)]
    return found[0].strip().strip("'\"") if found else None


def formula(text: str) -> Formula:
    """Parse ``Surv(start,stop,event)~a+b+strata(c)``."""
    left, right = text.split("~", 1)
    times = arguments(left)
    strata = [name for inner in re.findall(r"strata\(([^)]*)\)", right) for name in inner.split(",")]
    plain = re.sub(r"\+?strata\([^)]*\)", "", right)
    terms = [term for term in plain.split("+") if term not in ("", "1")]
    return Formula(times[0] if len(times) == 3 else None, times[-2], times[-1], terms, strata)


def with_event(frame: pl.DataFrame, event: str) -> pl.DataFrame:
    """``frame`` with the event of a formula in the column ``event_``."""
    if "==" not in event:
        return frame.with_columns(event_=pl.col(event))
    column, value = event.split("==")
    return frame.with_columns(event_=(pl.col(column) == int(value)))


def _closing(text: str, opening: int) -> int:
    depth = 0
    for place in range(opening, len(text)):
        depth += (text[place] == "(") - (text[place] == ")")
        if depth == 0:
            return place
    raise ValueError(f"unbalanced call: {text}")
