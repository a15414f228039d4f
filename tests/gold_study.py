"""A small made-up study for the tests of gold: tables of a few dozen threads, and what coders hand in."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import polars as pl

from complaintlab.gold.codebook import LABELS
from complaintlab.store import Store, conform
from complaintlab.tables import TABLES

ZERO = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
HOUR = 3600
DAY = 86400
SECRET = "SECRETTEXT"
"""Every text holds it, so that a test can look for texts where none must be."""


def ident(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=10).hexdigest()


class Threads:
    """Threads, added one by one; posts are named ``<thread>.<place>``."""

    def __init__(self) -> None:
        self.episodes: list[dict[str, Any]] = []
        self.turns: list[dict[str, Any]] = []
        self.measures: list[dict[str, Any]] = []

    def add(
        self,
        name: str,
        company: str = "Acme",
        *,
        reply_s: int | None = HOUR // 2,
        p_event: tuple[float, ...] = (),
        bystanders: int = 0,
        late_turn: bool = False,
    ) -> None:
        """A thread: opener, perhaps a reply, critic turns of these probabilities of an event, bystanders."""
        start = ZERO + dt.timedelta(days=len(self.episodes))
        said = [("critic", 0, 0.0)]
        said += [] if reply_s is None else [("company", reply_s, 0.0)]
        said += [("critic", 2 * DAY + place, p) for place, p in enumerate(p_event)]
        said += [("bystander", 3 * DAY + place, 0.0) for place in range(bystanders)]
        said += [("critic", 8 * DAY, 0.9)] if late_turn else []
        said.sort(key=lambda turn: turn[1])
        for place, (role, at_s, p) in enumerate(said):
            self._say(name, company, place, role, start + dt.timedelta(seconds=at_s), p)
        replied = next((place for place, (role, _, _) in enumerate(said) if role == "company"), None)
        self.episodes.append({
            "episode_id": ident(f"{name} {company}"), "thread_id": ident(name),
            "author_id": ident(f"by {name}"), "opener_id": ident(f"{name}.0"),
            "company": company, "started_at": start, "kind": "complaint",
            "first_reply_s": reply_s,
            "first_reply_id": None if replied is None else ident(f"{name}.{replied}"),
        })  # fmt: skip

    def _say(self, name: str, company: str, place: int, role: str, at: dt.datetime, p: float) -> None:
        post = {"post_id": ident(f"{name}.{place}"), "company": company}
        text = f"{SECRET} {name}.{place}"
        self.turns.append(post | {
            "thread_id": ident(name), "author_id": ident(f"by {name} {role}"), "role": role, "created_at": at,
            "position": place, "text": text, "text_hash": ident(text),
        })  # fmt: skip
        self.measures.append(post | {"p_resolved": p / 2, "p_advocates": 0.0, "p_escalates": p / 2})

    def tables(self) -> dict[str, pl.DataFrame]:
        rows = {"episodes": self.episodes, "turns": self.turns, "measures": self.measures}
        source = {"source": "world", "crawl_id": "one"}
        return {name: filled(name, of) for name, of in (rows | {"source": [source]}).items()}


def filled(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows with any value in the columns that a table must have."""
    frame = pl.DataFrame(rows, infer_schema_length=None)
    columns = {name: c for name, c in TABLES[table].columns().items() if not c.nullable}
    missing = [_any_of(c.dtype).alias(name) for name, c in columns.items() if name not in frame.columns]
    return conform(table, frame.with_columns(missing))


def _any_of(dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Enum):
        return pl.lit(dtype.categories[0])
    if isinstance(dtype, pl.Datetime):
        return pl.lit(ZERO)
    return pl.lit(ident("any") if dtype == pl.String else 0)


def mixed_threads(n: int = 48) -> Threads:
    """Threads of two companies, of every timing of the first reply, silent and speaking."""
    threads = Threads()
    for number in range(n):
        threads.add(
            f"t{number}",
            "Acme" if number % 3 else "Bolt",
            reply_s=(HOUR // 2, 5 * HOUR, 30 * HOUR, None)[number % 4],
            p_event=(() if number // 4 % 2 else (0.02 * number, 0.01)),
            bystanders=number % 2,
        )
    return threads


def write_study(root: Path, threads: Threads, params: Path) -> None:
    """A study's folder with its tables, as a run would have left them."""
    (root / "params.yaml").write_text(params.read_text())
    for name, table in threads.tables().items():
        Store(root).write(name, table)


def result(answer: str, *values: str) -> dict[str, Any]:
    """One answer as Label Studio's JSON export holds it."""
    return {
        "id": ident(answer)[:10], "from_name": answer, "to_name": "text", "type": "choices",
        "origin": "manual", "value": {"choices": list(values)},
    }  # fmt: skip


def annotation(
    coder: int | dict[str, Any], *results: dict[str, Any], cancelled: bool = False
) -> dict[str, Any]:
    return {
        "id": 1, "completed_by": coder, "result": list(results), "was_cancelled": cancelled,
        "ground_truth": False, "created_at": "2024-03-08T22:16:08.728353Z", "lead_time": 4.2, "task": 1,
        "result_count": len(results), "prediction": {},
    }  # fmt: skip


def answers(item: str, changed: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """A full annotation of one kind of message: the first value of each label, but for what is changed."""
    given = {name: label.values[0] for name, label in LABELS.items() if item in label.items}
    if item == "reply":
        given = {"acts": "fix"}
    return [result(name, *value.split("|")) for name, value in (given | (changed or {})).items()]


def exported(task: dict[str, Any], *annotations: dict[str, Any]) -> dict[str, Any]:
    """A task as Label Studio's JSON export holds it."""
    cancelled = sum(a["was_cancelled"] for a in annotations)
    return task | {
        "annotations": list(annotations), "predictions": [], "drafts": [], "project": 3, "updated_by": 1,
        "file_upload": "x.json", "total_annotations": len(annotations) - cancelled,
        "cancelled_annotations": cancelled, "total_predictions": 0, "inner_id": 1, "comment_count": 0,
    }  # fmt: skip
