"""`complaintlab recover`: run what is missing, rebuild the table, say what fails."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from complaintlab.errors import UserError

HELP = """Try every estimator in simulated worlds whose truth is known, and rebuild reports/recovery.csv.

A killed run goes on where it was: each world is recorded in .cache/recovery before the next begins, under a
key of the code that made it.

quick: 20 worlds where errors have closed forms, one where they are resampled: is anything broken?

hour: the plan's 2,000 worlds of all closed-form cells (Cox, incidence, augmented weighting), 100 of the slow
one (all contrasts of the reply clock), 10 where errors are resampled (trials, deletion) and one whole
pipeline: coverage of the closed forms, and gross bias everywhere.

night: the whole suite by the plan's numbers: 2,000, 200 and 30 worlds.

Ends with exit code 1 if one of our own estimators fails a rule of the plan; naive ones are expected to.
"""


def recover(
    part: Annotated[str, typer.Option(help="quick, hour or night.")] = "quick",
    only: Annotated[
        list[str] | None, typer.Option(help="Only cells whose names begin so; may be repeated.")
    ] = None,
    worlds: Annotated[
        int | None, typer.Option(min=1, help="So many worlds in each cell, instead of the part's.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Worlds at the same time.")] = 1,
    table: Annotated[bool, typer.Option("--table", help="Run nothing, only rebuild the table.")] = False,
) -> None:
    os.environ.setdefault("POLARS_MAX_THREADS", "1")  # before polars is imported: workers inherit it
    from complaintlab.recovery.cells import cells
    from complaintlab.recovery.schedule import WORLDS
    from complaintlab.store import find_root

    asked = next((known for known in WORLDS if known == part), None)
    if asked is None:
        raise UserError(f"--part {part}: choose one of {', '.join(WORLDS)}.")
    root, chosen = find_root(), cells(tuple(only or ()))
    if not table:
        from complaintlab.recovery.schedule import worlds as of_part

        plan = [(cell.name, worlds or of_part(asked, cell)) for cell in chosen]
        run_cells(root, [(name, n) for name, n in plan if n], jobs, typer.echo)
    broken = rebuild(root, typer.echo)
    if broken:
        raise typer.Exit(1)


def run_cells(root: Path, plan: Sequence[tuple[str, int]], jobs: int, say: Callable[[str], None]) -> None:
    """Run so many worlds of each cell by name, saying what is left and when it should be done."""
    from complaintlab.progress import track
    from complaintlab.recovery.cells import cells
    from complaintlab.recovery.suite import left, run, true_values

    known = seconds_per_world(root)
    for place, (name, worlds) in enumerate(plan):
        cell = next(cell for cell in cells() if cell.name == name)
        true_values(root, cell)
        todo = left(root, cell, worlds)
        ahead = [len(todo) * known.get(name, 0.0)] + [
            n * known.get(later, 0.0) for later, n in plan[place + 1 :]
        ]
        ends = dt.datetime.now() + dt.timedelta(seconds=sum(ahead) / jobs)
        mark = "" if all(later in known for later, _ in plan[place:]) else " at the earliest"
        say(f"{name}: {len(todo):,} of {worlds:,} worlds to run; all done about {ends:%a %H:%M}{mark}")
        for _ in track(run(root, todo, jobs), name, len(todo)):
            pass


def seconds_per_world(root: Path) -> dict[str, float]:
    """Seconds that one world of a cell takes with all its estimators, as the stored table has measured it."""
    from complaintlab.recovery.stored import RECOVERY, read_rows

    found: dict[str, dict[str, float]] = {}
    for row in read_rows(root / RECOVERY):
        found.setdefault(row.cell, {})[row.estimator] = row.seconds
    return {cell: sum(by.values()) for cell, by in found.items()}


def rebuild(root: Path, say: Callable[[str], None]) -> bool:
    """Write the table from all records at hand and say what fails: whether one of our own estimators does."""
    from complaintlab.recovery.cells import CELLS
    from complaintlab.recovery.stored import RECOVERY, read_rows, write_rows
    from complaintlab.recovery.suite import record_key, records_of, touched, true_values
    from complaintlab.recovery.table import judged, merged, rows_of

    fresh = [
        row
        for cell in CELLS
        if touched(root, cell)
        for estimator in cell.estimators
        if (records := records_of(root, cell, estimator).read())
        for row in rows_of(cell, estimator, true_values(root, cell), records, record_key(cell, estimator))
    ]
    rows = judged(merged(fresh, read_rows(root / RECOVERY), CELLS))
    if not rows:
        raise UserError("There are no records yet: run `complaintlab recover` without --table first.")
    write_rows(root / RECOVERY, rows)
    for row in rows:
        if row.fails and not row.naive:
            say(f"FAILS {row.cell}: {row.estimator}, {row.estimand}: {row.fails.replace('|', ', ')}")
    naive = [row for row in rows if row.naive]
    own = [row for row in rows if not row.naive]
    failing = [row for row in own if row.fails]
    say(
        f"{RECOVERY}: {len(own) - len(failing)} of {len(own)} rows of our own estimators pass; "
        f"{sum(bool(row.fails) for row in naive)} of {len(naive)} naive ones fail, as they should."
    )
    return bool(failing)
