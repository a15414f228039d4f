"""The command ``complaintlab crawl``: ask a live source what params.yaml says, resuming what is there."""

from __future__ import annotations

import datetime as dt
import os
import sys

import typer
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

from complaintlab.companies import load_companies
from complaintlab.crawl.client import Client, Clock
from complaintlab.crawl.engine import Outcome, crawl
from complaintlab.crawl.outlook import outlook
from complaintlab.crawl.settings import plan_of
from complaintlab.crawl.state import State
from complaintlab.errors import UserError
from complaintlab.params import Collect, Crawl, Rights, Study, load_params
from complaintlab.rights.retention import refuse_expired
from complaintlab.sources import SOURCES, source_named
from complaintlab.stages import COMPANIES_FILE
from complaintlab.store import find_root


def crawl_command(*, dry_run: bool, wait: bool) -> None:
    """Fetch raw answers of a live source into data/raw of the study's folder.

    Args:
        dry_run: only say what would be asked.
        wait: stay until ``collect.as_of``, looking again on schedule.

    Raises:
        UserError: the source is a file, nobody can be asked about the crawl, or it lacks an end or address.
    """
    root = find_root()
    params = load_params(root / "params.yaml")
    collect, study = params.section(Collect), params.section(Study)
    kept = params.section(Rights).retention_days
    refuse_expired(root, collect.source, kept, dt.datetime.now(dt.UTC))
    if collect.source not in SOURCES:
        raise UserError(
            f"Source '{collect.source}' is read from a file: only {', '.join(SOURCES)} are crawled."
        )
    if not study.contact:
        raise UserError(
            "A crawler must say whom to ask about it: set study.contact to a mail address or page."
        )
    source = source_named(collect.source)
    companies = load_companies(root / COMPANIES_FILE)
    plan = plan_of(params.section(Crawl), source, collect.as_of, companies)
    folder, clock = plan.folder(root), Clock()
    if dry_run:
        typer.echo(outlook(plan, source, folder, clock.now()))
        return
    client = Client(source, plan.address, study.contact, os.environ, clock)
    try:
        with _bar() as bar:
            task = bar.add_task(source.name, total=None)
            outcome = crawl(
                plan,
                source,
                client,
                folder,
                clock,
                wait=wait,
                report=lambda state: _advance(bar, task, state),
            )
    finally:
        client.close()
    typer.echo(summary(outcome))


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
