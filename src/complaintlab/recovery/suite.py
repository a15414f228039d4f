"""Running what is missing of the suite: world by world, each on the disk before the next begins."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

from threadpoolctl import threadpool_limits

from complaintlab.errors import UserError
from complaintlab.recovery.cells import cells
from complaintlab.recovery.contract import AnyCell, Estimator, Finding, Truth
from complaintlab.recovery.keys import key_of
from complaintlab.recovery.records import Record, Records, filename, missing
from complaintlab.store import write_json

FOLDER = Path(".cache") / "recovery"


@dataclass(frozen=True)
class World:
    """One world that is still to be tried, by these estimators."""

    cell: str
    seed: int
    estimators: tuple[str, ...]


def records_of(root: Path, cell: AnyCell, estimator: Estimator[object]) -> Records:
    """Where the records of an estimator are kept."""
    return Records(root / FOLDER, cell.name, estimator.name, record_key(cell, estimator))


def touched(root: Path, cell: AnyCell) -> bool:
    """Whether there are records of this cell, of whatever code."""
    return (root / FOLDER / filename(cell.name)).is_dir()


def record_key(cell: AnyCell, estimator: Estimator[object]) -> str:
    return key_of(cell.simulate, estimator.of)


def true_values(root: Path, cell: AnyCell) -> Mapping[str, Truth]:
    """The cell's truth, from the disk where the same code has simulated it before."""
    path = root / FOLDER / "truth" / f"{filename(cell.name)}-{key_of(cell.truth)}.json"
    if path.exists():
        return {estimand: Truth(**raw) for estimand, raw in json.loads(path.read_text()).items()}
    with threadpool_limits(1):
        found = cell.truth()
    write_json(path, {estimand: asdict(truth) for estimand, truth in found.items()})
    return found


def left(root: Path, cell: AnyCell, worlds: int) -> list[World]:
    """The worlds that some estimator has not seen yet."""
    wanted: dict[int, list[str]] = {}
    for estimator in cell.estimators:
        for seed in missing(records_of(root, cell, estimator).read(), worlds):
            wanted.setdefault(seed, []).append(estimator.name)
    return [World(cell.name, seed, tuple(wanted[seed])) for seed in sorted(wanted)]


def run(root: Path, worlds: Sequence[World], jobs: int) -> Iterator[World]:
    """Try the worlds of one cell and record what was found; yields each when it is on the disk."""
    if not worlds:
        return
    cell = next(cell for cell in cells() if cell.name == worlds[0].cell)
    stores = {one.name: records_of(root, cell, one) for one in cell.estimators}
    for world, found in _tried(worlds, jobs):
        for name, record in found.items():
            stores[name].append(record)
        yield world


def _tried(worlds: Sequence[World], jobs: int) -> Iterator[tuple[World, dict[str, Record]]]:
    if jobs == 1:
        yield from ((world, tried(world)) for world in worlds)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context) as pool:
        waiting = {pool.submit(tried, world): world for world in worlds}
        for done in as_completed(waiting):
            yield waiting[done], done.result()


def tried(world: World) -> dict[str, Record]:
    """Simulate one world and let its estimators say what they find; by estimator's name.

    A user's error (a model that cannot be fitted) is a finding without an estimate; any other is a bug.
    """
    cell = next(cell for cell in cells() if cell.name == world.cell)
    with threadpool_limits(1):
        began = time.process_time()
        made = cell.simulate(world.seed)
        simulated = time.process_time() - began
        return {
            estimator.name: _recorded(cell, estimator, made, world.seed, simulated)
            for estimator in cell.estimators
            if estimator.name in world.estimators
        }


def _recorded(
    cell: AnyCell, estimator: Estimator[object], made: object, seed: int, simulated: float
) -> Record:
    began = time.process_time()
    try:
        found = tuple(estimator.of(made))
    except UserError as error:
        found = tuple(Finding(estimand.name, reason=str(error)) for estimand in cell.estimands)
    seconds = simulated + time.process_time() - began
    return Record(seed, round(seconds, 4), found)
