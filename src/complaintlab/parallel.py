"""Work that falls into independent pieces, spread over the machine's processors."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

from threadpoolctl import threadpool_limits

from complaintlab.progress import silence, track

Item = TypeVar("Item")
Result = TypeVar("Result")


def spread(work: Callable[[Item], Result], items: Sequence[Item], what: str) -> list[Result]:
    """``work`` of every item, in the items' order, behind a bar named ``what``.

    Each piece is computed by one thread, so results are the same however many processes share them. The
    longest piece should come first. ``work``, items and results are pickled.

    Raises:
        Exception: whatever ``work`` raises.
    """
    processes = min(len(items), available())
    if processes <= 1:
        return [_by_one_thread(work, item) for item in track(items, what)]
    with ProcessPoolExecutor(processes, get_context("spawn"), silence) as pool:
        waiting = [pool.submit(_by_one_thread, work, item) for item in items]
        return [done.result() for done in track(waiting, what)]


def available() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _by_one_thread(work: Callable[[Item], Result], item: Item) -> Result:
    with threadpool_limits(1):
        return work(item)
