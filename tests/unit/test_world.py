"""The simulated public: tables that hold, the same for the same seed, confounded as it is meant to be."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from complaintlab.labels import ACTS, STANCES
from complaintlab.params import World
from complaintlab.tables import TABLES
from complaintlab.worlds import WorldTables, simulate

SIZE = 1500


@pytest.fixture(scope="module")
def laws(repo: Path) -> Path:
    return repo / "data" / "world.yaml"


@pytest.fixture(scope="module")
def world(laws: Path) -> WorldTables:
    return simulate(World(complaints=SIZE, seed=3), laws)


@pytest.fixture(scope="module")
def openers(world: WorldTables) -> pl.DataFrame:
    """Complaints with the delay of the first reply in minutes, null without one."""
    labelled = world.posts.join(world.latent, on="post_id")
    replies = (
        labelled.filter(pl.col("role") == "company").group_by("root_hint").agg(pl.col("created_at").min())
    )
    return (
        labelled.filter(pl.col("parent_id").is_null() & pl.col("complaint"))
        .join(
            replies.rename({"created_at": "replied_at"}), left_on="post_id", right_on="root_hint", how="left"
        )
        .with_columns(delay=(pl.col("replied_at") - pl.col("created_at")).dt.total_seconds() / 60)
    )


@pytest.mark.parametrize("table", WorldTables._fields)
def test_tables_hold_their_schemas(world: WorldTables, table: str) -> None:
    TABLES[table].validate(getattr(world, table))


def test_same_seed_gives_the_same_tables_and_another_seed_does_not(laws: Path) -> None:
    once, again, other = (simulate(World(complaints=200, seed=seed), laws) for seed in (5, 5, 6))
    for table in WorldTables._fields:
        assert_frame_equal(getattr(once, table), getattr(again, table))
    assert not once.posts.equals(other.posts)


@pytest.mark.parametrize("complaints", [1, 7])
def test_smallest_worlds_are_worlds_too(laws: Path, complaints: int) -> None:
    tiny = simulate(World(complaints=complaints, seed=1), laws)
    TABLES["posts"].validate(tiny.posts)
    assert tiny.posts["addressed"].list.len().min() == 1


def test_every_post_has_its_labels_and_everything_else_is_null(world: WorldTables) -> None:
    labelled = world.posts.join(world.latent, on="post_id", how="full", coalesce=True)
    assert len(labelled) == len(world.posts)
    company = labelled.filter(pl.col("role") == "company")
    others = labelled.filter(pl.col("role") != "company")
    assert company["company"].null_count() == 0
    assert company["stance"].null_count() == len(company)
    assert others["company"].null_count() == len(others)
    assert others["stance"].null_count() == 0
    assert others["acts"].list.len().max() == 0


def test_nobody_answers_before_there_is_something_to_answer(world: WorldTables) -> None:
    times = world.posts.select("post_id", "created_at")
    pairs = world.posts.join(times, left_on="parent_id", right_on="post_id", suffix="_parent")
    assert (pairs["created_at"] > pairs["created_at_parent"]).all()


def test_a_missing_parent_was_removed_before_the_first_look(world: WorldTables) -> None:
    orphans = world.posts.filter(pl.col("parent_id").is_not_null()).join(
        world.posts.select("post_id"), left_on="parent_id", right_on="post_id", how="anti"
    )
    seen = world.sightings.filter(pl.col("status") == "present")["post_id"]
    assert not orphans["parent_id"].is_in(seen.implode()).any()
    assert len(orphans) < 0.01 * len(world.posts)


def test_every_stance_and_act_occurs_in_many_words(world: WorldTables) -> None:
    labelled = world.posts.join(world.latent, on="post_id")
    assert set(labelled["stance"].drop_nulls().cast(pl.String)) == set(STANCES)
    assert set(labelled["acts"].explode().drop_nulls().cast(pl.String)) == set(ACTS)
    assert labelled["text"].n_unique() > 0.6 * len(labelled)
    assert (labelled["text"].str.strip_chars().str.len_chars() > 0).all()
    assert not labelled["text"].str.contains(r"[{}\x1e]").any()


def test_the_hostile_and_the_severe_wait_longer_and_are_ignored_more(openers: pl.DataFrame) -> None:
    by_hostility = (
        openers.group_by("hostility")
        .agg(answered=(pl.col("delay") < 7 * 1440).fill_null(False).mean(), delay=pl.col("delay").median())
        .sort("hostility")
    )
    assert by_hostility["answered"].is_sorted(descending=True)
    assert by_hostility["delay"][3] > 1.5 * by_hostility["delay"][0]
    mild, severe = (
        openers.filter(test)["delay"].median() for test in (pl.col("severity") == 0, pl.col("severity") >= 2)
    )
    assert severe > mild


def test_base_rates_leave_both_arms_of_every_claim_with_events(openers: pl.DataFrame) -> None:
    within = openers.select(
        hour=(pl.col("delay") <= 60).fill_null(False).mean(),
        day=((pl.col("delay") > 60) & (pl.col("delay") <= 1440)).fill_null(False).mean(),
        week=(pl.col("delay") <= 7 * 1440).fill_null(False).mean(),
    ).row(0, named=True)
    assert within["hour"] > 0.25
    assert within["day"] > 0.25
    assert 0.65 < within["week"] < 0.85


def test_hosts_remove_the_hostile_more_and_only_on_their_own_page(world: WorldTables) -> None:
    removed = world.sightings.filter(pl.col("actor") == "host")["post_id"].unique()
    openers = world.posts.join(world.latent, on="post_id").filter(pl.col("post_id").is_in(removed.implode()))
    assert openers["place"].null_count() == 0
    everyone = world.posts.join(world.latent, on="post_id").filter(pl.col("severity").is_not_null())
    assert openers["hostility"].mean() > everyone["hostility"].mean() + 0.2


def test_a_post_is_seen_after_it_was_posted_and_never_again_after_its_removal(world: WorldTables) -> None:
    seen = world.sightings.join(world.posts.select("post_id", "created_at"), on="post_id")
    assert (seen["seen_at"] > seen["created_at"]).all()
    status = seen.sort("post_id", "seen_at").select("post_id", gone=pl.col("status") != "present")
    back = status.with_columns(before=pl.col("gone").shift(1).over("post_id").fill_null(False))
    assert not (back["before"] & ~back["gone"]).any()
    gone = world.sightings.filter(pl.col("status") != "present")
    assert gone["actor"].null_count() == 0
    assert gone["evidence"].null_count() == 0
