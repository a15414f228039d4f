"""The command ``complaintlab crawl``: ask a live source what params.yaml says, resuming what is there."""

from __future__ import annotations

import datetime as dt

import typer

from complaintlab.companies import load_companies
from complaintlab.crawl.fetch import fetched, summary
from complaintlab.crawl.outlook import outlook
from complaintlab.crawl.settings import plan_of
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
    source = source_named(collect.source)
    companies = load_companies(root / COMPANIES_FILE)
    plan = plan_of(params.section(Crawl), source, collect.as_of, companies)
    if dry_run:
        typer.echo(outlook(plan, source, plan.folder(root), dt.datetime.now(dt.UTC)))
        return
    typer.echo(summary(fetched(plan, study.contact, root, wait=wait)))
