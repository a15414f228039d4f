"""What the tests of Mastodon, GitHub, Hacker News and Lemmy share: two looks with an act in between."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from complaintlab.collect.live import collect_live
from complaintlab.collect.normalise import Outputs
from complaintlab.companies import Companies, Company
from complaintlab.params import Collect, Columns, Declares
from complaintlab.sources.contract import Query
from complaintlab.tables import TABLES
from complaintlab.threads.deletions import disappearances
from stubs.crawling import asked, crawled, plan
from stubs.server import START, Asked, FakeClock, Reply, serving

ACCOUNTS = {
    "mastodon": ("acme@mastodon.example",),
    "github": ("acme",),
    "hacker_news": ("acme_help",),
    "lemmy": ("acme@lemmy.example", "acmehelp@lemmy.example"),
}
COMPANIES = Companies(companies=(Company(name="Acme", accounts=ACCOUNTS),))


def tables(source: str, path: Path, root: Path) -> Outputs:
    """The tables from raw answers, each valid."""
    collect = Collect.model_construct(
        source=source, path=path, as_of=None, columns=Columns(), declares=Declares()
    )
    outputs = collect_live(collect, asked(), COMPANIES, root)
    for name in outputs._fields:
        TABLES[name].validate(getattr(outputs, name))
    return outputs


def saved(folder: Path, said: Any, name: str = "thread.json") -> Path:
    """Raw answers without a ledger."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(said))
    return folder


def looked_twice(
    source: str,
    answer: Callable[[Asked], Reply],
    query: Query,
    root: Path,
    act: Callable[[], object],
    environment: Mapping[str, str] = {},
) -> Outputs:
    """Crawl, act, crawl again; all asked once, nothing failed, no secret written down."""
    clock = FakeClock()
    with serving(answer) as server:
        of = plan(source, server.address, query=query, as_of=START + dt.timedelta(hours=1))
        crawled(of, root, clock, environment=environment)
        act()
        outcome = crawled(of, root, clock, wait=True, environment=environment)
    assert outcome.finished
    assert outcome.tally.failed == 0
    written = b"".join(path.read_bytes() for path in of.folder(root).iterdir())
    assert not any(secret.encode() in written for secret in environment.values())
    return tables(source, of.folder(root), root)


def gone(outputs: Outputs) -> dict[str, tuple[str, str, str]]:
    """Native id (of a post that was never shown: its keyed id) → kind, actor and evidence of its going."""
    ids = outputs.posts.select("post_id", "native_id")
    found = disappearances(outputs.sightings).join(ids, on="post_id", how="left")
    named = found.with_columns(name=pl.coalesce("native_id", "post_id"))
    columns = named.select("name", "kind", "actor", "evidence").rows()
    return {name: (kind, actor, evidence) for name, kind, actor, evidence in columns}
