"""What went in, what was lost at each step on the way to episodes, and why."""

from __future__ import annotations

import polars as pl

from complaintlab.labels import EPISODE_KINDS
from complaintlab.spells.followup import COMPETING

_Step = tuple[str, str, int, int, str | None]


def count_flow(
    source: pl.DataFrame,
    turns: pl.DataFrame,
    threads: pl.DataFrame,
    openers: pl.DataFrame,
    marked: pl.DataFrame,
    episodes: pl.DataFrame,
) -> pl.DataFrame:
    """The table ``flow``: remaining rows step by step, then what is set apart but not lost."""
    seen = threads.filter("root_seen")
    complaints = marked.filter(pl.col("kind") == "complaint")
    after_washout = complaints.filter(~pl.col("washout"))
    chosen = episodes.filter(pl.col("kind") == "complaint")
    chain = [
        ("threads", "threads and the companies they concern", threads.height, None),
        ("threads", "root seen", seen.height, "orphaned: the opening post is missing, so is time zero"),
        ("openers", "opened by a critic", openers.height, "opened by the company, or by nobody named"),
        (
            "openers",
            "language supported",
            int(openers["measured"].sum()),
            "the measures do not know the language",
        ),
        ("openers", "complaints", complaints.height, "praise, a question, or nonsense"),
        (
            "openers",
            "after the washout",
            after_washout.height,
            "in the first days observed, or before",
        ),
        ("episodes", "first in the gap: episodes", chosen.height, "recurrences: complained shortly before"),
    ]
    read, quarantined = int(source["rows_read"].sum()), int(source["rows_quarantined"].sum())
    kept, concerned = read - quarantined, turns["post_id"].n_unique()
    steps: list[_Step] = [
        ("rows", "rows read", read, 0, None),
        ("posts", "posts", kept, quarantined, "in quarantine: they did not fit"),
        ("posts", "in threads about a company", concerned, kept - concerned, "no company is meant"),
    ]
    before = threads.height
    for unit, name, n, reason in chain:
        steps.append((unit, name, n, before - n, reason))
        before = n
    apart = [(unit, name, n, 0, "set apart, not lost") for unit, name, n in _apart(threads, episodes, chosen)]
    frame = pl.DataFrame([*steps, *apart], schema=["unit", "name", "n", "lost", "reason"], orient="row")
    return frame.with_row_index("step", offset=1)


def _apart(threads: pl.DataFrame, episodes: pl.DataFrame, chosen: pl.DataFrame) -> list[tuple[str, str, int]]:
    competing = pl.col("end").cast(pl.String).is_in(COMPETING)
    return [
        ("threads", "orphaned", int((~threads["root_seen"]).sum())),
        ("episodes", "ended by deletion, loss of the account or a lock", chosen.filter(competing).height),
        ("episodes", "unanswered", int(chosen["first_reply_s"].is_null().sum())),
        ("episodes", "silent", int((~chosen["any_later_turn"]).sum())),
        ("episodes", "never followed after entry", int((chosen["entry_s"] >= chosen["end_s"]).sum())),
        *(("episodes", kind, int((episodes["kind"] == kind).sum())) for kind in EPISODE_KINDS[1:]),
    ]
