"""Stage ``crawl``: before raw answers are read, what params ask for is fetched, unless it is there.

Raw answers only grow and are no output of the pipeline; the stage writes down which crawl there is, and
whether it is finished. A finished crawl, a file, the world and raw answers elsewhere need no network.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import typer

from complaintlab.companies import Companies, load_companies
from complaintlab.crawl.fetch import fetched, summary
from complaintlab.crawl.raw import LEDGER, read_events
from complaintlab.crawl.settings import Plan, plan_of
from complaintlab.crawl.state import State
from complaintlab.errors import UserError
from complaintlab.params import Collect, Crawl, Params, Rights, Study
from complaintlab.rights.retention import refuse_expired
from complaintlab.sources import source_named
from complaintlab.stages import COMPANIES_FILE, CRAWLED_FILE
from complaintlab.store import write_text


def run(
    collect: Collect, crawl: Crawl, study: Study, companies: Companies, root: Path, rights: Rights
) -> None:
    """Bring the crawl that params ask for up to now, and say in ``CRAWLED_FILE`` where it stands.

    Raises:
        UserError: something must be asked for, and nobody can be asked about the crawl, an address is
            missing, a login is wanted, or the server failed too often; or raw answers are older than they
            may be.
    """
    if collect.live:
        refuse_expired(root, collect.source, rights.retention_days, dt.datetime.now(dt.UTC))
    if not collect.crawled:
        _tell(root, None, finished=True)
        return
    plan = plan_of(crawl, source_named(collect.source), collect.as_of, companies)
    if not is_finished(plan, root):
        outcome = fetched(plan, study.contact, root, wait=False)
        typer.echo(summary(outcome))
        if outcome.stopped:
            raise UserError(f"The crawl of {collect.source} stopped early: {outcome.stopped}; run again.")
    _tell(root, plan, finished=is_finished(plan, root))


def reopen(root: Path, params: Params) -> None:
    """Have DVC run the stage again where there may be something to ask for: params alone do not tell."""
    collect = params.section(Collect)
    source, companies = source_named(collect.source), load_companies(root / COMPANIES_FILE)
    if not is_finished(plan_of(params.section(Crawl), source, collect.as_of, companies), root):
        (root / CRAWLED_FILE).unlink(missing_ok=True)


def is_finished(plan: Plan, root: Path) -> bool:
    """Whether nothing is due any more, now or later; what failed is asked for by ``complaintlab crawl``."""
    folder = plan.folder(root)
    if not (folder / LEDGER).exists():
        return False
    state = State(plan, source_named(plan.source).revisits)
    for event in read_events(folder):
        state.apply(event)
    return state.is_finished


def _tell(root: Path, plan: Plan | None, *, finished: bool) -> None:
    said = {"crawl": plan and f"{plan.source}/{plan.name}", "finished": finished}
    write_text(root / CRAWLED_FILE, json.dumps(said, indent=2) + "\n")
