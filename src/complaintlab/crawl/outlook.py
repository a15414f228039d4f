"""What a crawl would ask and about how long it takes, said without asking anything."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from urllib.parse import urlencode

from complaintlab.crawl.raw import LEDGER, read_events
from complaintlab.crawl.settings import Plan, first_requests, unasked
from complaintlab.crawl.state import State, Thread, next_look
from complaintlab.sources.contract import Request, Source

_PER_THREAD = 1_000
"""Threads that an estimate is given for where none is known yet."""


def outlook(plan: Plan, source: Source, folder: Path, now: dt.datetime) -> str:
    """The first requests, the pace, the looks at a thread, and the time for what is known so far."""
    state = State(plan, source.revisits)
    if (folder / LEDGER).exists():
        for event in read_events(folder):
            state.apply(event)
    asked = first_requests(plan, source)
    rate = min(window.requests / window.seconds for window in source.pace)
    lines = [
        f"{source.name} at {plan.address} into {folder.parent.name}/{folder.name}",
        "First it asks:",
        *(f"  GET {plan.address}{_shown(request)}" for request in asked),
        *(
            f"It does not ask for crawl.{name}: {source.name} has no search for that."
            for name in unasked(plan, source)
        ),
        f"At most {rate * 60:.0f} requests a minute, fewer where the server says so.",
    ]
    waiting = sum(1 for thread in state.threads.values() if _is_due(plan, source, thread, now))
    known = waiting + len(state.pending)
    per_look = max(1, len(source.ask("")))
    if state.threads:
        answered = state.tally.answers / max(1, state.tally.looks)
        lines.append(
            f"{len(state.threads)} threads are known, {waiting} are due to be looked at and "
            f"{len(state.pending)} requests are open: about "
            f"{_duration(known * max(answered, per_look) / rate)}."
        )
    else:
        seconds = _PER_THREAD * per_look / rate
        lines.append(
            f"A look at {_PER_THREAD:,} threads takes {_duration(seconds)} or more, by their length."
        )
    ages = ", ".join(f"{hours:g} h" for hours in plan.look_hours)
    lines.append(
        f"Threads are looked at again at these ages: {ages}; last at {plan.as_of:%Y-%m-%d %H:%M} UTC."
        if source.revisits
        else "Each thread is looked at once: an archive does not change."
    )
    return "\n".join(lines)


def _is_due(plan: Plan, source: Source, thread: Thread, now: dt.datetime) -> bool:
    if thread.looked_at is None:
        return True
    due = next_look(plan, thread) if source.revisits else None
    return due is not None and due <= now


def _shown(request: Request) -> str:
    return request.path + (f"?{urlencode(request.params)}" if request.params else "")


def _duration(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"
