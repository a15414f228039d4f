"""Real threads: a union of samples in which most parents are missing and nothing is known to be deleted."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from collect_exports import NO_CRAWL, NO_LIMIT
from complaintlab import collect, threads
from complaintlab.companies import Companies
from complaintlab.params import Collect, Columns, Declares, World
from complaintlab.tables import TABLES

NOBODY = Companies(companies=())


@pytest.fixture(scope="module")
def collected(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> collect.Outputs:
    sample = shared / "data" / "twcs" / "twcs_sample.csv"
    if not sample.exists():
        pytest.skip(f"{sample.name} is not beside the checkout")
    root = tmp_path_factory.mktemp("study")
    shutil.copy(sample, root / "twcs.csv")
    settings = Collect(
        source="twcs", path=Path("twcs.csv"), as_of=None, columns=Columns(), declares=Declares()
    )
    return collect.run(settings, World(complaints=1, seed=1), NOBODY, root, NO_CRAWL, NO_LIMIT)


@pytest.fixture(scope="module")
def made(collected: collect.Outputs) -> threads.Outputs:
    return threads.run(collected.posts, collected.sightings, collected.source, NOBODY)


def test_the_tables_are_as_their_schemas_say(made: threads.Outputs) -> None:
    for name in made._fields:
        TABLES[name].validate(getattr(made, name))


def test_parents_that_were_not_sampled_are_unseen_and_nothing_is_deleted(
    collected: collect.Outputs, made: threads.Outputs
) -> None:
    posts = set(collected.posts["post_id"])
    turns = made.turns.unique("post_id")
    missing = turns.filter(pl.col("answers_id").is_not_null() & ~pl.col("answers_id").is_in(posts))
    assert missing.height > 40_000
    assert set(missing["parent_status"]) == {"unseen"}
    assert turns.filter(pl.col("parent_status") == "unseen").height == missing.height
    assert made.deletions.is_empty()
    assert set(made.threads["cut"]) == {"sampled"}


def test_threads_are_those_that_a_walk_from_post_to_post_finds(
    collected: collect.Outputs, made: threads.Outputs
) -> None:
    parent = dict(collected.posts.select("post_id", "parent_id").iter_rows())
    for post, thread, depth in made.turns.select("post_id", "thread_id", "depth").iter_rows():
        above, steps = post, 0
        while parent.get(above) is not None:
            steps += parent[above] in parent
            above = parent[above]
        assert (above, steps) == (thread, depth)


def test_the_sample_holds_the_threads_that_its_description_leads_to_expect(made: threads.Outputs) -> None:
    whole = made.threads.filter("root_seen", pl.col("critic_id").is_not_null())
    answered = whole.filter(pl.col("n_company_turns") > 0)
    assert 2_100 < whole["thread_id"].n_unique() < 2_300
    assert 1_300 < answered["thread_id"].n_unique() < 1_450
    assert (
        made.threads.filter(~pl.col("root_seen"))["critic_id"].null_count()
        == made.threads.filter(~pl.col("root_seen")).height
    )
    delays = answered["first_reply_delay_minutes"].drop_nulls()
    assert delays.min() >= 0
    assert 5 < delays.median() < 60


def test_agents_are_found_by_the_hundred_and_only_where_a_company_signs(made: threads.Outputs) -> None:
    signed = made.turns.filter(pl.col("agent_id").is_not_null())
    assert set(signed["role"]) == {"company"}
    per_company = (
        made.turns.filter(pl.col("role") == "company")
        .group_by("company")
        .agg(n=pl.len(), share=pl.col("agent_id").is_not_null().mean(), agents=pl.col("agent_id").n_unique())
    )
    shares = dict(per_company.select("company", "share").iter_rows())
    assert shares["SpotifyCares"] > 0.95
    assert shares["AppleSupport"] == 0
    assert 1_000 < signed["agent_id"].n_unique() < 1_400
