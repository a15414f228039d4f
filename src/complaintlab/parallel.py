"""Work that falls into independent pieces, spread over the machine's processors."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import pairwise
from multiprocessing import get_context
from typing import TypeVar

from threadpoolctl import threadpool_limits

from complaintlab.progress import silence, track

Item = TypeVar("Item")
Result = TypeVar("Result")


def spread(work: Callable[[Item], Result], items: Sequence[Item], what: str) -> list[Result]:
    """``work`` of every item, in the items' order, behind a bar named ``what``.

    Each piece is computed by one thread, so results are the same however many processes share them. The
    longest piece should come first. ``work``, items and results are pickled. Nothing is spread unless this
    process was allowed to, which only the command is: a user's script may not bear being imported again.

    Raises:
        Exception: whatever ``work`` raises.
    """
    if not _Place.allowed or min(len(items), available()) <= 1:
        return [_by_one_thread(work, item) for item in track(items, what)]
    waiting = [_pool().submit(_by_one_thread, work, item) for item in items]
    return [done.result() for done in track(waiting, what)]


def parts(count: int) -> list[range]:
    """``count`` things in order, in twice as many pieces of like size as there are processors."""
    pieces = max(1, min(2 * available(), count))
    bounds = [count * place // pieces for place in range(pieces + 1)]
    return [range(first, last) for first, last in pairwise(bounds)]


def available() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def allow() -> None:
    """Let :func:`spread` begin processes from this one."""
    _Place.allowed = True


class _Place:
    allowed = False


@cache
def _pool() -> ProcessPoolExecutor:
    """The processes, which stay for the next call: to begin one takes a second."""
    return ProcessPoolExecutor(available(), get_context("spawn"), silence)


def _by_one_thread(work: Callable[[Item], Result], item: Item) -> Result:
    with threadpool_limits(1):
        return work(item)
