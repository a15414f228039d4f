"""Work that falls into independent pieces, spread over the machine's processors."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from importlib import import_module
from itertools import pairwise
from multiprocessing import get_context
from typing import TypeVar

from threadpoolctl import threadpool_limits

from complaintlab.progress import silence, track

Item = TypeVar("Item")
Result = TypeVar("Result")


def spread(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    what: str,
    *,
    worth: bool = True,
    alike: bool = False,
) -> list[Result]:
    """``work`` of every item, in the items' order, behind a bar named ``what``.

    Each piece is computed by one thread, so results are the same however many processes share them. The
    longest piece should come first. ``work``, items and results are pickled; with pieces that are ``alike``
    in length, once for each process, which saves much where they share data. ``worth``: whether all of it
    takes longer than to begin processes, a second or two. Nothing is spread unless this process was allowed
    to, which only the command is: a user's script may not bear being imported again.

    Raises:
        Exception: whatever ``work`` raises.
    """
    if not (worth and _Place.allowed) or min(len(items), available()) <= 1:
        return [_by_one_thread(work, item) for item in track(items, what)]
    if alike:
        shares = [items[part.start : part.stop] for part in parts(len(items))]
        return [result for share in spread(partial(_each, work), shares, what) for result in share]
    waiting = [_pool().submit(_by_one_thread, work, item) for item in items]
    return [done.result() for done in track(waiting, what)]


def parts(count: int, by: int = 1) -> list[range]:
    """``count`` things in order, in a piece of like size for each processor.

    Pieces are of whole groups of ``by`` things, so that what is computed group by group has the same groups
    however many pieces there are.
    """
    groups = -(-count // by)
    pieces = max(1, min(available(), groups))
    bounds = [min(by * (groups * place // pieces), count) for place in range(pieces + 1)]
    return [range(first, last) for first, last in pairwise(bounds)]


def prepare(module: str) -> None:
    """Let the processes begin and import ``module`` now, while this one goes on to where they are needed."""
    if _Place.allowed and available() > 1:
        for _ in range(available()):
            _pool().submit(_import, module)


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


def _each(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [work(item) for item in items]


def _import(module: str) -> None:
    import_module(module)


def _by_one_thread(work: Callable[[Item], Result], item: Item) -> Result:
    with threadpool_limits(1):
        return work(item)
