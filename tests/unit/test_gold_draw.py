"""The draw: every episode has the chance that stands with it, and only what a coder may see is shown."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaintlab.errors import UserError
from complaintlab.gold.draw import allocate, draw_sample, draw_threads, systematic
from complaintlab.gold.messages import messages_to_code
from gold_study import HOUR, Threads, ident, mixed_threads


def sample_of(threads: Threads, n: int = 20, seed: int = 1, minimum: int = 1) -> pl.DataFrame:
    tables = threads.tables()
    del tables["source"]
    return draw_sample(**tables, horizon_days=7, n=n, seed=seed, minimum=minimum)


def test_an_episode_is_coded_from_opener_to_horizon() -> None:
    threads = Threads()
    threads.add("a", reply_s=2 * HOUR, p_event=(0.1, 0.2), bystanders=1, late_turn=True)
    threads.add("b", reply_s=9 * 24 * HOUR)
    sample = sample_of(threads)
    items = dict(zip(sample["post_id"], sample["item"], strict=True))
    assert items == {
        ident("a.0"): "opener", ident("a.1"): "reply", ident("a.2"): "turn", ident("a.3"): "turn",
        ident("a.4"): "bystander", ident("b.0"): "opener",
    }  # fmt: skip
    assert set(sample["author_id"]) == {ident("by a"), ident("by b")}  # the critic's, also of replies


def test_strata_are_timing_by_score() -> None:
    threads = Threads()
    threads.add("quick", reply_s=HOUR)
    threads.add("day", reply_s=HOUR + 1, p_event=(0.01,))
    threads.add("slow", reply_s=25 * HOUR, p_event=(0.01, 0.5))
    threads.add("never", reply_s=None, p_event=(0.9,))
    threads.add("after the horizon", reply_s=8 * 24 * HOUR)
    sample = sample_of(threads)
    strata = dict(zip(sample["thread_id"], sample["stratum"], strict=True))
    assert {name: strata[ident(name)] for name in ("quick", "day", "slow", "never", "after the horizon")} == {
        "quick": "within_1h.silent", "day": "within_24h.low", "slow": "later.middle", "never": "none.high",
        "after the horizon": "none.silent",
    }  # fmt: skip


def test_weights_of_the_drawn_add_up_to_the_population() -> None:
    threads = mixed_threads(200)
    sample = sample_of(threads, n=60, minimum=2).unique("thread_id")
    assert sample.height == 60
    everybody = sample_of(threads, n=1000).unique("thread_id")
    assert everybody.height == 200
    assert set(everybody["sampling_probability"]) == {1.0}
    sizes = dict(everybody.group_by("stratum").len().iter_rows())
    weights = sample.group_by("stratum").agg((1 / pl.col("sampling_probability")).sum())
    assert {stratum: pytest.approx(weight) for stratum, weight in weights.iter_rows()} == sizes


@given(st.integers(1, 60).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size))))
def test_every_unit_has_exactly_the_chance_that_is_said(size_and_n) -> None:  # type: ignore[no-untyped-def]
    size, n = size_and_n
    draws = [systematic(size, n, start).tolist() for start in range(size)]
    assert all(len(set(places)) == n for places in draws)
    times = np.bincount([place for places in draws for place in places], minlength=size)
    assert times.tolist() == [n] * size


@given(
    st.lists(st.tuples(st.integers(1, 60), st.floats(0.001, 1)), min_size=1, max_size=12),
    st.integers(0, 4),
    st.integers(48, 300),
)
def test_allocation_keeps_sizes_minima_and_the_whole(strata, minimum, n) -> None:  # type: ignore[no-untyped-def]
    sizes = np.array([size for size, _ in strata])
    drawn = allocate(sizes, np.array([share for _, share in strata]), n, minimum)
    assert drawn.sum() == min(n, sizes.sum())
    assert (drawn <= sizes).all()
    assert (drawn >= np.minimum(sizes, minimum)).all()


def test_rare_outcomes_are_oversampled_and_no_weight_passes_twice_the_plain_one() -> None:
    frame = pl.DataFrame({
        "thread_id": [str(number) for number in range(1000)],
        "stratum": ["none.high" if number < 100 else "none.low" for number in range(1000)],
        "score": [0.8 if number < 100 else 0.01 for number in range(1000)],
    })  # fmt: skip
    drawn = draw_threads(frame, 200, seed=3, minimum=5)
    chance = dict(drawn.unique("stratum").select("stratum", "sampling_probability").iter_rows())
    assert chance["none.high"] > 2 * 200 / 1000
    assert chance["none.low"] > 0.5 * 200 / 1000


def test_companies_are_drawn_in_proportion() -> None:
    threads = Threads()
    for number in range(90):
        threads.add(f"t{number}", "Acme" if number % 3 else "Bolt")
    drawn = sample_of(threads, n=30).unique("thread_id")
    assert dict(drawn.group_by("company").len().iter_rows()) == {"Acme": 20, "Bolt": 10}


def test_the_same_seed_draws_the_same_and_another_another() -> None:
    threads = mixed_threads()
    assert sample_of(threads, seed=4).equals(sample_of(threads, seed=4))
    assert not sample_of(threads, seed=4).equals(sample_of(threads, seed=5))


def test_episodes_of_one_opener_are_drawn_together() -> None:
    threads = mixed_threads(20)
    threads.add("two", "Acme", p_event=(0.5,))
    threads.add("two", "Bolt", reply_s=None, p_event=(0.5,))
    sample = sample_of(threads, n=200).filter(pl.col("thread_id") == ident("two"))
    assert sample["episode_id"].n_unique() == 2
    assert sample["stratum"].n_unique() == 1
    texts = messages_to_code(sample, threads.tables()["turns"])
    assert texts["post_id"].is_unique().all()  # coded once


def test_a_sample_too_small_for_its_strata_is_refused() -> None:
    with pytest.raises(UserError, match="draw at least"):
        sample_of(mixed_threads(), n=5, minimum=2)


def test_no_complaint_is_said() -> None:
    tables = mixed_threads().tables()
    with pytest.raises(UserError, match="no complaint"):
        draw_sample(
            tables["episodes"].clear(), tables["turns"], tables["measures"],
            horizon_days=7, n=5, seed=1, minimum=1,
        )  # fmt: skip


def test_a_coder_sees_only_what_came_before_oldest_first() -> None:
    threads = Threads()
    threads.add("a", p_event=(0.1, 0.2), bystanders=1)
    turns = threads.tables()["turns"].with_columns(
        agent_id=pl.when(pl.col("role").cast(pl.String) == "company").then(pl.lit(ident("agent")))
    )
    messages = messages_to_code(sample_of(threads), turns)
    assert messages["item"].to_list() == ["opener", "reply", "turn", "turn", "bystander"]
    before = [[said["text"].split()[1] for said in row] for row in messages["before"]]
    assert before == [[], ["a.0"], ["a.0", "a.1"], ["a.0", "a.1", "a.2"], ["a.0", "a.1", "a.2", "a.3"]]
    assert messages["text"][1].endswith("[signed]")  # the signature itself is not kept as text
