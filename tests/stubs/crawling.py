"""A crawl of a stub and what comes of it, in one call each."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from complaintlab.collect.live import collect_live
from complaintlab.collect.normalise import Outputs
from complaintlab.companies import Companies, Company
from complaintlab.crawl.client import Client, Clock
from complaintlab.crawl.engine import Outcome, crawl
from complaintlab.crawl.retry import Patience
from complaintlab.crawl.settings import Plan
from complaintlab.crawl.state import State
from complaintlab.params import Collect, Columns, Crawl, Declares
from complaintlab.sources import source_named
from complaintlab.sources.contract import Query
from stubs.server import START, FakeClock

ACME = Companies(
    companies=(
        Company(
            name="Acme",
            accounts={
                "discourse": ("127.0.0.1",),
                "reddit": ("acme_help", "r/acme"),
                "bluesky": ("acme.example.com",),
            },
        ),
    )
)
HOURS = (0.25, 1.0, 3.0, 12.0, 24.0, 48.0)


def plan(source: str, address: str, **chosen: Any) -> Plan:
    """A crawl with one look at each thread unless ``as_of`` is moved ahead."""
    made = Plan(source, address, Query(), START - dt.timedelta(minutes=1), HOURS, 1e6)
    return made._replace(**chosen)


def crawled(
    of: Plan,
    root: Path,
    clock: FakeClock | None = None,
    *,
    wait: bool = False,
    environment: Mapping[str, str] = {},
    patience: Patience = Patience(),
    timeout_s: float = 5.0,
    report: Callable[[State], None] = lambda state: None,
) -> Outcome:
    """Run a crawl into ``root`` without waiting for anything but the stub."""
    time = clock or FakeClock()
    source, clock_ = source_named(of.source), Clock(time.now, time.sleep)
    client = Client(
        source, of.address, "ann@example.org", environment, clock_, patience, random.Random(1), timeout_s
    )
    try:
        return crawl(of, source, client, of.folder(root), clock_, wait=wait, report=report)
    finally:
        client.close()


def collect_raw(
    source: str, path: Path, root: Path, communities: tuple[str, ...] = (), **chosen: Any
) -> Outputs:
    """The tables from raw answers."""
    settings = {"as_of": None, "columns": Columns(), "declares": Declares()} | chosen
    collect = Collect.model_construct(source=source, path=path, **settings)
    return collect_live(collect, asked(communities=communities), ACME, root)


def asked(**chosen: Any) -> Crawl:
    """The section ``crawl`` of params, only as far as the stage ``collect`` reads it."""
    return Crawl.model_construct(**{"address": None, "communities": ()} | chosen)
