"""What a notebook needs to look at a study: its tables, its threads as a person reads them, its report."""

from __future__ import annotations

import datetime as dt
import html
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from complaintlab.errors import UserError
from complaintlab.store import Store

ROLE_COLOURS = {"critic": "#D55E00", "company": "#0072B2", "bystander": "#666666", "unknown": "#999999"}


@dataclass(frozen=True)
class Page:
    """HTML that JupyterLab shows."""

    html: str

    def _repr_html_(self) -> str:
        return self.html


def table(name: str, root: Path | None = None) -> pl.DataFrame:
    """A table of the study by name, checked against its schema (the names are in data/dictionary.md).

    Raises:
        UserError: there is no such table, or the pipeline has not made it yet.
    """
    return Store(root).read(name)


def find_threads(
    *,
    company: str | None = None,
    answered: bool | None = None,
    event: str | None = None,
    limit: int = 20,
    root: Path | None = None,
) -> pl.DataFrame:
    """Complaint episodes to look at, the most discussed first.

    Args:
        company: only this company.
        answered: only answered, or only unanswered ones.
        event: only those that 'turned', 'advocate' or 'escalated'.

    Returns:
        One row per episode: thread_id, company, started_at, hostility, first_reply_minutes, turns, events.
    """
    events = ("turned", "advocate", "escalated")
    if event is not None and event not in events:
        raise UserError(f"event is '{event}': choose one of {', '.join(events)}.")
    threads = table("threads", root).select("thread_id", "company", "n_turns")
    frame = (
        table("episodes", root)
        .filter(pl.col("kind") == "complaint")
        .join(threads, on=["thread_id", "company"])
    )
    if company is not None:
        frame = frame.filter(pl.col("company") == company)
    if answered is not None:
        frame = frame.filter(pl.col("first_reply_s").is_not_null() == answered)
    if event is not None:
        frame = frame.filter(pl.col(f"{event}_s").is_not_null())
    happened = [pl.when(pl.col(f"{name}_s").is_not_null()).then(pl.lit(name)) for name in events]
    return (
        frame.sort(["n_turns", "episode_id"], descending=[True, False])
        .head(limit)
        .select(
            "thread_id",
            "company",
            "started_at",
            pl.col("hostility").round(1),
            (pl.col("first_reply_s") / 60).round(1).alias("first_reply_minutes"),
            "n_turns",
            pl.concat_list(happened).list.drop_nulls().list.join(", ").alias("events"),
        )
    )


def show_thread(thread_id: str, company: str | None = None, root: Path | None = None) -> Page:
    """A thread as a person reads it: who, when, what, and how each turn was coded.

    Raises:
        UserError: there is no such thread.
    """
    turns = table("turns", root).filter(pl.col("thread_id") == thread_id)
    if turns.is_empty():
        raise UserError(f"There is no thread '{thread_id}': take an id from find_threads().")
    company = company or str(turns["company"].min())
    coded = table("measures", root).select("post_id", "company", "stance", "acts", "hostility")
    gone = table("deletions", root).group_by("post_id").agg(pl.col("kind").cast(pl.String).first())
    rows = (
        turns.filter((pl.col("company") == company) & pl.col("joined_into").is_null())
        .join(coded, on=["post_id", "company"], how="left")
        .join(gone, on="post_id", how="left")
        .sort("position")
    )
    start: dt.datetime = rows["created_at"][0]
    body = "".join(_turn_html(row, start) for row in rows.iter_rows(named=True))
    return Page(f"<div style='max-width:46em;font-family:sans-serif;line-height:1.4'>{body}</div>")


def _turn_html(row: dict[str, object], start: dt.datetime) -> str:
    role, at = str(row["role"]), row["created_at"]
    assert isinstance(at, dt.datetime)
    acts, depth = row["acts"], row["depth"]
    coded = ", ".join(acts) if isinstance(acts, list) and acts else row["stance"] or ""
    mark = f" · <b>{row['kind']}</b>" if row["kind"] else ""
    indent = min(int(str(depth)), 6)
    colour = ROLE_COLOURS.get(role, "#999999")
    return (
        f"<div style='margin:.4em 0 .4em {indent}em;padding:.3em .7em;border-left:4px solid {colour}'>"
        f"<div style='color:{colour};font-size:85%'>{role} · {elapsed(at - start)} · "
        f"<i>{html.escape(str(coded))}</i>{mark}</div>{html.escape(str(row['text']))}</div>"
    )


def elapsed(span: dt.timedelta) -> str:
    """A time since the opener in words: 'start', '+12 min', '+3.5 h', '+2.1 d'."""
    minutes = span.total_seconds() / 60
    if minutes == 0:
        return "start"
    if abs(minutes) < 60:
        return f"{minutes:+.0f} min"
    return f"{minutes / 60:+.1f} h" if abs(minutes) < 48 * 60 else f"{minutes / 1440:+.1f} d"


def show_report(root: Path | None = None) -> Page:
    """A link to the study's PDFs, newest first.

    Raises:
        UserError: there is none yet.
    """
    folder = Store(root).root / "reports"
    files = sorted(folder.glob("*.pdf"), key=lambda path: path.stat().st_mtime, reverse=True)
    if not files:
        raise UserError("There is no PDF in reports/ yet: run `complaintlab run` first.")
    links = "".join(f"<li><a href='../reports/{file.name}'>{file.name}</a></li>" for file in files)
    return Page(f"<ul>{links}</ul>")
