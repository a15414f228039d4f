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
    costs: Sequence[float] | None = None,
) -> list[Result]:
    """``work`` of every item, in the items' order, behind a bar named ``what``.

    Each piece is computed by one thread, so results are the same however many processes share them. The
    longest piece should come first. ``work``, items and results are pickled, each item by itself. Where items
    share data, ``costs`` says about how long each takes, in any unit: each process then gets one share of
    them, and what they have in common is pickled, and made, once for a share; the bar counts shares.
    ``worth``: whether all of it takes longer than to begin processes, a second or two. Nothing is spread
    unless this process was allowed to, which only the command is: a user's script may not bear being imported
    again.

    Raises:
        ValueError: not one cost for each item.
        Exception: whatever ``work`` raises.
    """
    if costs is not None and len(costs) != len(items):
        raise ValueError(f"{len(costs)} costs for {len(items)} items")
    if not (worth and _Place.allowed) or min(len(items), available()) <= 1:
        return [_by_one_thread(work, item) for item in track(items, what)]
    if costs is not None:
        shares = shares_of(costs)
        made = spread(partial(_each, work), [[items[place] for place in share] for share in shares], what)
        found = {
            place: one
            for share, part in zip(shares, made, strict=True)
            for place, one in zip(share, part, strict=True)
        }
        return [found[place] for place in range(len(items))]
    waiting = [_pool().submit(_by_one_thread, work, item) for item in items]
    return [done.result() for done in track(waiting, what)]


def together(
    pieces: Sequence[Callable[[], Result]],
    what: str,
    *,
    worth: bool = True,
    costs: Sequence[float] | None = None,
) -> list[Result]:
    """What each of several different ``pieces`` of work gives, in their order, as :func:`spread`."""
    return spread(_call, pieces, what, worth=worth, costs=costs)


def _call(piece: Callable[[], Result]) -> Result:
    return piece()


def shares_of(costs: Sequence[float]) -> list[list[int]]:
    """Places of pieces with these costs, in a share of like cost for each processor, the dearest first.

    Each piece goes to the share that has the least so far (Graham 1969).
    """
    shares: list[list[int]] = [[] for _ in range(min(available(), len(costs)))]
    for place in sorted(range(len(costs)), key=lambda place: -costs[place]):
        min(shares, key=lambda share: sum(costs[one] for one in share)).append(place)
    return shares


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
