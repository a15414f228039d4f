"""A run of a crawl as a person sees it: what goes on meanwhile, and what was done."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)  # fmt: skip
from rich.text import Text

from complaintlab.crawl.client import Client, Clock
from complaintlab.crawl.engine import Outcome, crawl
from complaintlab.crawl.settings import Plan, first_requests
from complaintlab.crawl.state import State
from complaintlab.errors import UserError
from complaintlab.sources import source_named


def fetched(plan: Plan, contact: str | None, root: Path, *, wait: bool) -> Outcome:
    """Run a crawl into its folder, with a bar of its progress on a terminal.

    Raises:
        UserError: nobody can be asked about the crawl, nothing is to be looked for, or see ``engine.crawl``.
    """
    if not contact:
        raise UserError(
            "A crawler must say whom to ask about it: set study.contact to a mail address or page."
        )
    source, clock = source_named(plan.source), Clock()
    first_requests(plan, source)
    client = Client(source, plan.address, contact, os.environ, clock)
    try:
        with _bar() as bar:
            task = bar.add_task(source.name, total=None)
            return crawl(
                plan, source, client, plan.folder(root), clock,
                wait=wait, report=lambda state: _advance(bar, task, state),
            )  # fmt: skip
    finally:
        client.close()


def summary(outcome: Outcome) -> str:
    """What a run did, in sentences."""
    tally = outcome.tally
    said = [
        f"{outcome.threads} threads, {tally.looks} looks, {tally.answers} answers, {tally.retries} retries, "
        f"{tally.failed} failed, {tally.repeated + tally.looped} repeated."
    ]
    if abs(tally.skew_s) > 60:
        said.append(f"The server's clock is {tally.skew_s:+.0f} s from ours; its own is used.")
    if outcome.stopped:
        said.append(f"It stopped early: {outcome.stopped}; run it again to go on.")
    elif outcome.due_at is not None:
        said.append(
            f"Nothing is due before {outcome.due_at:%Y-%m-%d %H:%M} UTC: run it again then (or --wait)."
        )
    else:
        said.append("The crawl is finished.")
    return " ".join(said)


class _Rate(ProgressColumn):
    """Answers a minute."""

    def render(self, task: Task) -> Text:
        return Text(f"{60 * (task.speed or 0):.0f}/min")


def _bar() -> Progress:
    columns: tuple[ProgressColumn, ...] = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        _Rate(), TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


def _advance(bar: Progress, task: TaskID, state: State) -> None:
    done = state.tally.answers + state.tally.failed
    unseen = sum(thread.looks == 0 for thread in state.threads.values())
    bar.update(task, completed=done, total=done + len(state.pending) + unseen)
