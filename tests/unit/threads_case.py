"""Small threads made by hand, and the stage ``threads`` run on them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from complaintlab.companies import Companies, Company, Hours
from complaintlab.store import conform
from complaintlab.tables import TABLES
from complaintlab.threads import Outputs, run

START = dt.datetime(2020, 1, 6, 12, tzinfo=dt.UTC)  # a Monday
AS_OF = START + dt.timedelta(days=10)
WEEKDAYS = {day: Hours(opens=dt.time(9), closes=dt.time(13)) for day in range(5)}
COMPANIES = Companies(companies=(Company(name="acme", time_zone="UTC", hours=WEEKDAYS),))


def id_of(name: str | None) -> str | None:
    return None if name is None else name.ljust(20, "0")


def post(
    name: str, author: str | None, parent: str | None = None, minute: float = 0, **other: Any
) -> dict[str, Any]:
    """A post; an author in capitals is the official account of that company."""
    official = author is not None and author.isupper()
    return {
        "post_id": id_of(name),
        "author_id": id_of(author),
        "parent_id": id_of(parent),
        "created_at": START + dt.timedelta(minutes=minute),
        "company": author.lower() if official and author else None,
        "addressed": ["acme"] if parent is None and not official else [],
        "text": f"says {name}",
        **other,
    }


def seen(name: str, day: float, status: str = "present", **other: Any) -> dict[str, Any]:
    at = START + dt.timedelta(days=day)
    return {"post_id": id_of(name), "seen_at": at, "status": status, "complete": True, **other}


def table_of(name: str, rows: list[dict[str, Any]], **constant: Any) -> pl.DataFrame:
    schema = {column: spec.dtype for column, spec in TABLES[name].columns().items()}
    frame = pl.DataFrame([{**constant, **row} for row in rows], schema=schema, infer_schema_length=None)
    return conform(name, frame)


def outputs(
    posts: list[dict[str, Any]], sightings: list[dict[str, Any]] | None = None, complete: bool = True
) -> Outputs:
    source = {
        "source": "made", "crawl_id": "c", "as_of": AS_OF, "first_at": None, "last_at": None,
        "simulated": False, "selected_on_reply": False, "threads_complete": complete, "prospective": False,
        "deletions_attributed": False, "engagement_timestamped": False, "rows_read": 0,
        "rows_quarantined": 0, "rows_repaired": 0, "fingerprint": "f" * 20,
    }  # fmt: skip
    made = run(
        table_of("posts", posts, source="made", crawl_id="c", repaired=False, is_host=False),
        table_of("sightings", sightings or [], crawl_id="c"),
        table_of("source", [source]),
        COMPANIES,
    )
    for name in made._fields:
        TABLES[name].validate(getattr(made, name))
    return made


def turn(made: Outputs, name: str, company: str = "acme") -> dict[str, Any]:
    found = made.turns.filter(pl.col("post_id") == id_of(name), pl.col("company") == company)
    return found.row(0, named=True)


def roles(made: Outputs, company: str = "acme") -> dict[str, str]:
    rows = made.turns.filter(pl.col("company") == company)
    return {name.rstrip("0"): role for name, role in rows.select("post_id", "role").iter_rows()}


COMPLAINT = [
    post("a", "eve"),
    post("b", "ACME", "a", 30),
    post("c", "eve", "b", 90),
    post("d", "bob", "a", 45),
    post("e", None, "d", 50),
]
