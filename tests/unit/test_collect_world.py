"""Source `world`: the simulated public goes through the same door as real exports."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from collect_exports import NO_CRAWL, NO_LIMIT
from complaintlab.collect import Outputs, run
from complaintlab.companies import Companies
from complaintlab.errors import UserError
from complaintlab.ids import WORLD_KEY, Key
from complaintlab.params import Collect, Columns, Declares, World
from complaintlab.tables import TABLES

SMALL = World(complaints=150, seed=3)


def collect_world(repo: Path, as_of: dt.datetime | None = None, **declares: bool) -> Outputs:
    laws = Path("data/world.yaml")
    collect = Collect(
        source="world", path=laws, as_of=as_of, columns=Columns(), declares=Declares(**declares)
    )
    return run(collect, SMALL, Companies(companies=()), repo, NO_CRAWL, NO_LIMIT)


def test_the_world_is_a_source_that_carries_everything(repo: Path) -> None:
    outputs = collect_world(repo)
    source = outputs.source.row(0, named=True)
    assert source["simulated"]
    assert not source["selected_on_reply"]
    assert source["deletions_attributed"]
    assert source["rows_read"] == outputs.posts.height == outputs.latent.height
    assert source["fingerprint"] == Key(WORLD_KEY).fingerprint
    assert source["as_of"] >= source["last_at"]
    for name in outputs._fields:
        TABLES[name].validate(getattr(outputs, name))


def test_the_world_too_may_be_declared_poorer(repo: Path) -> None:
    assert not collect_world(repo, threads_complete=False).source["threads_complete"].item()


def test_the_end_of_the_world_is_not_for_params_to_say(repo: Path) -> None:
    with pytest.raises(UserError, match=r"collect\.as_of is for files"):
        collect_world(repo, as_of=dt.datetime(2025, 1, 1))
