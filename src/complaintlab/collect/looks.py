"""From looks at threads to posts and sightings: the way of all live sources, in one pass over raw answers.

A post that a thread's earlier looks had and a complete look has not is absent. What a source says outright,
and every look that was cut, failed or met a closed door, goes before that rule.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import polars as pl

from complaintlab.collect.contract import RAW_COLUMNS
from complaintlab.collect.files import FAULT_SCHEMA
from complaintlab.collect.recorded import Recorded, Unread
from complaintlab.sources.contract import MISFIT, UNKNOWN_TIME, Observation, Observed, Source

LOCKED: Final = "locked"

_BATCH: Final = 50_000
_CONTENT: Final = tuple(name for name in RAW_COLUMNS if name not in ("post_id", "deleted_at", "deleted_by"))
SEEN_SCHEMA: Final = pl.Schema(
    [
        ("row", pl.UInt64()),
        ("post_id", pl.String()),
        ("thread", pl.String()),
        ("seen_at", pl.Datetime("us", "UTC")),
        ("crawl_id", pl.String()),
        ("status", pl.String()),
        ("complete", pl.Boolean()),
        ("evidence", pl.String()),
        ("actor", pl.String()),
        ("happened_at", pl.String()),
        ("known", pl.Boolean()),
        ("account", pl.String()),
        *((name, pl.String()) for name in _CONTENT),
    ]
)
"""One row per post and look; ``known`` where the look had more of the post than its absence."""


class Seen(NamedTuple):
    """What all looks say: ``rows`` (``SEEN_SCHEMA``) and ``faults`` (row, column, reason)."""

    rows: pl.DataFrame
    faults: pl.DataFrame


def watch(recorded: Iterable[Recorded | Unread], source: Source) -> Seen:
    """Bring looks, earliest first, into rows; memory beside the rows is one look and each thread's ids."""
    frames = [pl.DataFrame(schema=SEEN_SCHEMA)]
    faults: list[tuple[int, None, str]] = []
    batch: list[dict[str, Any]] = []
    known: defaultdict[str, set[str]] = defaultdict(set)
    number = 0
    for item in recorded:
        for said in _said(item, source, known):
            number += 1
            if isinstance(said, str):
                faults.append((number, None, said))
                continue
            batch.append(said | {"row": number})
        if len(batch) >= _BATCH:
            frames.append(pl.DataFrame(batch, schema=SEEN_SCHEMA))
            batch = []
    rows = pl.concat([*frames, pl.DataFrame(batch, schema=SEEN_SCHEMA)])
    return Seen(rows, pl.DataFrame(faults, schema=FAULT_SCHEMA, orient="row"))


def _said(
    item: Recorded | Unread, source: Source, known: defaultdict[str, set[str]]
) -> Iterator[dict[str, Any] | str]:
    """Rows and faults of one look."""
    if isinstance(item, Unread):
        yield item.reason
        return
    observed = _observed(item, source)
    look = item.look
    yield from observed.faults
    yield from (f"A request about thread {look.thread} was not answered ({why})." for why in item.failed)
    for observation in _all(observed, source, look.thread, known[look.thread] if look.thread else set()):
        yield {
            "post_id": observation.post_id,
            "thread": observation.thread or look.thread,
            "seen_at": observation.seen_at or (None if look.at == UNKNOWN_TIME else look.at),
            "crawl_id": item.crawl_id,
            "status": observation.status,
            "complete": observed.complete,
            "evidence": observation.evidence,
            "actor": observation.actor,
            "happened_at": observation.happened_at,
            "known": observation.content is not None,
            **(observation.content or {}),
        }


def _observed(item: Recorded, source: Source) -> Observed:
    look = item.look
    if not look.answers:
        return Observed((), complete=False, cut="page_limit")
    try:
        return source.observe(look)
    except MISFIT as error:
        fault = f"An answer about thread {look.thread} does not have its shape ({error!r:.120})."
        return Observed((), complete=False, cut="page_limit", faults=(fault,))


def _all(observed: Observed, source: Source, thread: str, known: set[str]) -> list[Observation]:
    """The look's observations, one a post and moment, and those that follow from what earlier looks had."""
    distinct: dict[tuple[str, dt.datetime | None], Observation] = {}
    for observation in observed.observations:
        distinct.setdefault((observation.post_id, observation.seen_at), observation)
    seen = list(distinct.values())
    if observed.complete:
        evidence = observed.gone or "not in a complete answer"
        expected = known or ({source.root(thread)} if observed.gone else set())
        missing = sorted(expected - {observation.post_id for observation in seen})
        seen += [Observation(post, "absent", evidence=evidence) for post in missing]
    known |= {observation.post_id for observation in seen if observation.status in ("present", "hidden")}
    if observed.cut is not None:
        return _marked(seen, source.root(thread), observed.cut, None)
    if observed.locked_at is not None:
        return _marked(seen, source.root(thread), LOCKED, observed.locked_at or None)
    return seen


def _marked(seen: list[Observation], root: str, word: str, happened_at: str | None) -> list[Observation]:
    """A word about the whole thread goes into the root's row, else into the first that has none."""
    free = [place for place, said in enumerate(seen) if said.status == "present" and said.evidence is None]
    chosen = min(free, key=lambda place: seen[place].post_id != root, default=None)
    if chosen is not None:
        marked = seen[chosen]._replace(evidence=word, happened_at=happened_at)
        return [*seen[:chosen], marked, *seen[chosen + 1 :]]
    if root in {observation.post_id for observation in seen}:
        return seen
    return [*seen, Observation(root, "unreachable", evidence=word)]


def latest(seen: pl.DataFrame) -> dt.datetime | None:
    """The last moment at which anything was looked at; None where no look is dated."""
    last = seen["seen_at"].max()
    assert last is None or isinstance(last, dt.datetime)
    return last
