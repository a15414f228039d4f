"""Reply trees: roots, orphans, cycles and hints, by hand and by law."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlab.store import conform
from complaintlab.threads.trees import Forest, grow

START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)

Row = tuple[str, str | None, int] | tuple[str, str | None, int, str | None]


def id_of(name: str) -> str:
    return name.ljust(20, "0")


def posts_of(*rows: Row) -> pl.DataFrame:
    """Posts from (id, parent, minute[, root hint])."""
    hints = [row[3] if len(row) == 4 else None for row in rows]
    frame = pl.DataFrame(
        {
            "post_id": [id_of(row[0]) for row in rows],
            "parent_id": [row[1] and id_of(row[1]) for row in rows],
            "root_hint": [hint and id_of(hint) for hint in hints],
            "created_at": [START + dt.timedelta(minutes=row[2]) for row in rows],
        },
        schema_overrides={"parent_id": pl.String, "root_hint": pl.String},
    ).with_columns(
        source=pl.lit("made"), crawl_id=pl.lit("made"), text=pl.lit(""), repaired=False, is_host=False,
        addressed=pl.lit([], dtype=pl.List(pl.String)),
    )  # fmt: skip
    return conform("posts", frame).sort("post_id")


def described(posts: pl.DataFrame) -> dict[str, tuple[str, int, int]]:
    """Post → (thread, depth, place)."""
    forest = grow(posts)
    threads = forest.thread_ids.gather(forest.thread)
    return {
        post.rstrip("0"): (thread.rstrip("0"), int(depth), int(place))
        for post, thread, depth, place in zip(
            posts["post_id"], threads, forest.depth, forest.place, strict=True
        )
    }


def roots_seen(posts: pl.DataFrame) -> dict[str, bool]:
    forest = grow(posts)
    return {t.rstrip("0"): bool(r >= 0) for t, r in zip(forest.thread_ids, forest.root, strict=True)}


def test_a_chain_and_a_branch_hang_on_their_root() -> None:
    posts = posts_of(("a", None, 0), ("b", "a", 1), ("c", "b", 3), ("d", "a", 2))
    assert described(posts) == {"a": ("a", 0, 0), "b": ("a", 1, 1), "d": ("a", 1, 2), "c": ("a", 2, 3)}
    assert roots_seen(posts) == {"a": True}


def test_children_of_one_missing_parent_share_a_thread_whose_root_is_unseen() -> None:
    posts = posts_of(("b", "x", 1), ("c", "x", 2), ("d", "c", 3), ("e", "y", 4))
    assert described(posts) == {"b": ("x", 0, 0), "c": ("x", 0, 1), "d": ("x", 1, 2), "e": ("y", 0, 0)}
    assert roots_seen(posts) == {"x": False, "y": False}


def test_a_hint_takes_orphans_to_the_root_whether_it_is_seen_or_not() -> None:
    posts = posts_of(("a", None, 0), ("b", "x", 1, "a"), ("c", "y", 2, "z"), ("d", "w", 3, "z"))
    found = described(posts)
    assert [found[post][0] for post in "abcd"] == ["a", "a", "z", "z"]
    assert roots_seen(posts) == {"a": True, "z": False}


def test_a_hint_given_by_one_sibling_counts_for_all_below_the_missing_parent() -> None:
    found = described(posts_of(("a", None, 0), ("b", "x", 1), ("c", "x", 2), ("d", "c", 3, "a")))
    assert {thread for thread, _, _ in found.values()} == {"a"}


def test_a_hint_never_moves_a_post_whose_chain_reaches_its_root() -> None:
    found = described(posts_of(("a", None, 0), ("b", "a", 1, "c"), ("c", None, 2)))
    assert found["b"][0] == "a"


def test_a_root_that_names_itself_stays_a_root() -> None:
    posts = posts_of(("a", "a", 0, "a"), ("b", "a", 1, "a"))
    assert described(posts) == {"a": ("a", 0, 0), "b": ("a", 1, 1)}
    assert roots_seen(posts) == {"a": True}


def test_a_cycle_is_cut_at_its_earliest_post_and_has_no_seen_root() -> None:
    posts = posts_of(("a", "b", 5), ("b", "c", 1), ("c", "a", 3), ("d", "a", 6))
    assert described(posts) == {"b": ("b", 0, 0), "a": ("b", 1, 2), "c": ("b", 2, 1), "d": ("b", 2, 3)}
    assert roots_seen(posts) == {"b": False}


def test_a_cycle_of_one_moment_is_cut_at_the_lower_id() -> None:
    assert described(posts_of(("b", "a", 0), ("a", "b", 0)))["b"] == ("a", 1, 1)


def test_two_trees_that_hint_at_each_other_end_in_one_thread() -> None:
    found = described(posts_of(("a", "x", 0), ("b", "y", 1), ("c", "a", 2, "b"), ("d", "b", 3, "a")))
    assert len({thread for thread, _, _ in found.values()}) == 1


def test_two_missing_roots_that_are_hinted_at_each_other_end_in_one_thread() -> None:
    found = described(posts_of(("a", "x", 0, "y"), ("b", "y", 0, "x")))
    assert {thread for thread, _, _ in found.values()} == {"x"}


def test_a_parent_posted_after_its_child_is_kept() -> None:
    assert described(posts_of(("a", None, 9), ("b", "a", 1))) == {"a": ("a", 0, 1), "b": ("a", 1, 0)}


def test_a_chain_as_long_as_an_endless_argument_is_resolved() -> None:
    n = 5_000
    names = [f"p{i:05d}" for i in range(n)]
    rows = [(name, names[i - 1] if i else None, i) for i, name in enumerate(names)]
    forest = grow(posts_of(*rows))
    np.testing.assert_array_equal(forest.depth, np.arange(n))


def test_no_posts_make_no_threads() -> None:
    assert len(grow(posts_of(("a", None, 0)).clear()).thread_ids) == 0


@st.composite
def parent_graphs(draw: st.DrawFn) -> list[Row]:
    """Any parents and hints at all: cycles, self-parents, orphans, times out of order."""
    n = draw(st.integers(1, 14))
    name = st.none() | st.integers(0, n + 2).map(lambda i: f"p{i:02d}x")
    times = st.integers(0, 5)
    return [(f"p{i:02d}x", draw(name), draw(times), draw(name)) for i in range(n)]


@settings(max_examples=300, deadline=None)
@given(parent_graphs())
def test_any_graph_of_parents_becomes_a_forest(rows: list[Row]) -> None:
    posts = posts_of(*rows)
    forest = grow(posts)
    assert np.array_equal(np.unique(forest.thread), np.arange(len(forest.thread_ids)))
    assert forest.thread_ids.is_unique().all()
    _depths_follow_parents(forest)
    for thread in range(len(forest.thread_ids)):
        assert sorted(forest.place[forest.thread == thread]) == list(range((forest.thread == thread).sum()))
        if forest.root[thread] >= 0:
            assert posts["post_id"][int(forest.root[thread])] == forest.thread_ids[thread]


def _depths_follow_parents(forest: Forest) -> None:
    """A post lies one below the post it answers, in its thread, unless a cycle was cut at it."""
    for post, parent in enumerate(forest.parent):
        if parent < 0 or forest.depth[post] == 0:
            assert forest.depth[post] == 0
        else:
            assert forest.depth[post] == forest.depth[parent] + 1
            assert forest.thread[post] == forest.thread[parent]


@pytest.mark.parametrize("seen_root", [True, False])
def test_the_opener_is_the_root_or_else_the_first_seen_post(seen_root: bool) -> None:
    rows: list[Row] = [("b", "a", 1), ("c", "a", 0)]
    posts = posts_of(*rows, *([("a", None, 2)] if seen_root else []))
    forest = grow(posts)
    assert posts["post_id"][int(forest.opener[0])] == id_of("a" if seen_root else "c")
