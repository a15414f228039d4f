"""Parts of the stage ``deletion``: intervals, factors, imputations, Rubin's rules, person-intervals."""

import numpy as np
import polars as pl
import pytest
from deletion_case import deleted, posts
from hypothesis import given
from hypothesis import strategies as st
from made_episodes import DAY, made_episodes, made_spells

from complaintlab.models.causal.logistic import fit_hazard
from complaintlab.models.deletion.cohort import HOST, Cohort, acts_on, answered, complaints, without
from complaintlab.models.deletion.histories import act_features, acted_at, ends, lived
from complaintlab.models.deletion.impute import impute, midpoint
from complaintlab.models.deletion.marginal import person_intervals, stabilised_weights
from complaintlab.models.deletion.processes import Hazard, with_factors
from complaintlab.models.deletion.rubin import pooled

HOUR = 3600


@pytest.fixture
def episodes() -> pl.DataFrame:
    frame = made_episodes(120, 1, companies=2)
    return frame.with_columns(
        first_reply_id=pl.when(pl.col("first_reply_s").is_not_null()).then(pl.format("r{}", "episode_id"))
    )


def drawn(episodes: pl.DataFrame, seed: int = 1) -> Cohort:
    """A cohort of all ``episodes`` of which a third is deleted between two looks."""
    rng = np.random.default_rng(seed)
    lower = np.where(rng.random(episodes.height) < 1 / 3, rng.random(episodes.height) * 2 * DAY, np.inf)
    return Cohort(episodes, np.zeros(episodes.height), lower, lower + 12 * HOUR)


def test_an_act_between_two_looks_has_their_interval_and_a_logged_one_its_second(
    episodes: pl.DataFrame,
) -> None:
    deletions = pl.concat([deleted(episodes, [0]), deleted(episodes, [2], exact=3.0)])
    cohort = complaints(episodes, posts(episodes, ["page"] * 120), acts_on(deletions, HOST))
    at = {row["episode_id"]: i for i, row in enumerate(cohort.episodes.iter_rows(named=True))}
    first, second = at[episodes["episode_id"][0]], at[episodes["episode_id"][2]]
    assert (cohort.lower_s[first], cohort.upper_s[first]) == (HOUR, 5 * HOUR)
    assert (cohort.lower_s[second], cohort.upper_s[second]) == (3 * HOUR - 1, 3 * HOUR)
    assert cohort.acted.sum() == 2


def test_a_post_that_no_look_found_was_deleted_since_it_was_posted(episodes: pl.DataFrame) -> None:
    acts = acts_on(deleted(episodes, [0], present=None), HOST)
    cohort = complaints(episodes, posts(episodes, ["page"] * 120), acts)
    assert cohort.lower_s[cohort.acted].tolist() == [0.0]


def test_only_places_where_this_company_deletes_are_comparable(episodes: pl.DataFrame) -> None:
    """The company of episode 0 deletes on its page; not on the timeline, and the other company not at all."""
    place: list[str | None] = ["page" if i % 4 < 2 else None for i in range(120)]
    cohort = complaints(episodes, posts(episodes, place), acts_on(deleted(episodes, [0]), HOST))
    expected = [i for i in range(120) if i % 2 == 0 and place[i] == "page"]
    assert sorted(cohort.episodes["episode_id"]) == sorted(episodes["episode_id"][expected])


def test_deletions_by_unknown_hands_are_no_acts_of_the_host(episodes: pl.DataFrame) -> None:
    assert acts_on(deleted(episodes, [0], "vanished_unknown"), HOST).is_empty()


def test_taken_for_the_authors_a_deletion_ends_follow_up_in_the_middle(episodes: pl.DataFrame) -> None:
    both = pl.concat([deleted(episodes, [0]), deleted(episodes, [2], "vanished_unknown")])
    cohort = complaints(episodes, posts(episodes, ["page"] * 120), acts_on(both, HOST))
    ended = without(cohort, acts_on(both, ["vanished_unknown"])).episodes
    row = ended.filter(pl.col("episode_id") == episodes["episode_id"][2])
    if episodes["end_s"][2] > 3 * HOUR:
        assert row.select("end_s", pl.col("end").cast(pl.String)).row(0) == (3 * HOUR, "author_deleted")
    assert (ended["end_s"] <= cohort.episodes["end_s"]).all()


def test_the_reply_clock_counts_from_the_reply_and_leaves_out_who_had_escalated(
    episodes: pl.DataFrame,
) -> None:
    replied = [i for i, s in enumerate(episodes["first_reply_s"]) if s is not None and s < 6 * DAY]
    edits = {i: episodes["first_reply_s"][i] / HOUR + 2 for i in replied[:40]}
    cohort = answered(episodes, posts(episodes, [None] * 120, edits), deleted(episodes, []))
    assert cohort.acted.any()
    assert np.abs(cohort.upper_s[cohort.acted] - 2 * HOUR).max() <= 1
    assert (cohort.episodes["escalated_s"].drop_nulls() > 0).all()
    assert (cohort.episodes["first_reply_s"] == 0).all()


@given(
    cuts=st.lists(st.floats(0, 8 * DAY), min_size=1, max_size=3),
    gamma=st.lists(st.floats(-2, 2), min_size=3, max_size=3),
    until=st.floats(1, 7 * DAY),
)
def test_factors_multiply_the_hazard_from_their_moments_on(
    cuts: list[float], gamma: list[float], until: float
) -> None:
    """Against a sum over seconds-wide steps of the product."""
    rng = np.random.default_rng(1)
    hazard = Hazard.of(rng.normal(-3, 1, (1, len(ends()))), ends())
    factors = np.array(gamma[: len(cuts)])
    found = with_factors(hazard, factors, np.array([cuts]), np.array([[until]]))[0, 0]
    edges = np.unique(np.clip([0.0, until, *ends().astype(float), *cuts], 0, until))
    middle = (edges[1:] + edges[:-1]) / 2
    rate = np.exp(hazard.log_rate(middle[None, :])[0])
    level = np.sum(factors * (np.array(cuts) < middle[:, None]), axis=1)
    assert found == pytest.approx(float(np.sum(rate * np.exp(level) * np.diff(edges))), rel=1e-8, abs=1e-12)


def test_imputations_stay_in_their_gaps_keep_what_is_known_and_repeat(episodes: pl.DataFrame) -> None:
    cohort = drawn(episodes)
    features = act_features(cohort, made_spells(episodes), shown=())
    one, again = (list(impute(cohort, features, ends(), 3, np.random.default_rng(7))) for _ in range(2))
    for moments, same in zip(one, again, strict=True):
        assert (moments == same).all()
        assert np.isinf(moments[~cohort.acted]).all()
        assert (moments[cohort.acted] >= cohort.lower_s[cohort.acted]).all()
        assert (moments[cohort.acted] <= cohort.upper_s[cohort.acted]).all()
    assert not np.allclose(one[0][cohort.acted], one[1][cohort.acted])
    known = Cohort(episodes, cohort.origin_s, cohort.upper_s - 1, cohort.upper_s)
    assert (next(impute(known, features, ends(), 1, np.random.default_rng(7))) == cohort.upper_s).all()


def test_rubin_adds_the_variance_between_imputations() -> None:
    """By hand: within 4, between 1, M = 5 (Rubin 1987; df of Barnard & Rubin 1999)."""
    estimates = np.array([-1.0, -1.0, 0.0, 1.0, 1.0])
    found = pooled(estimates, np.full(5, 4.0), 50.0)
    assert found is not None
    assert found.estimate == 0
    assert found.se == pytest.approx(np.sqrt(4 + 1.2))
    share = 1.2 / 5.2
    imputed, observed = 4 / share**2, 51 / 53 * 50 * (1 - share)
    assert found.df == pytest.approx(1 / (1 / imputed + 1 / observed))


def test_rubin_without_missing_times_leaves_the_plain_interval() -> None:
    found = pooled(np.full(4, 0.1), np.full(4, 0.01), 1e9)
    assert found is not None
    assert (found.se, found.upper) == pytest.approx((0.1, 0.1 + 1.96 * 0.1), abs=1e-3)


def test_rubin_gives_nothing_of_an_estimate_that_does_not_exist() -> None:
    assert pooled(np.array([0.1, np.nan]), np.ones(2), 10.0) is None


def test_person_intervals_tile_the_time_at_risk_and_split_at_the_act(episodes: pl.DataFrame) -> None:
    cohort = drawn(episodes)
    at_s = midpoint(cohort)
    rows = person_intervals(cohort, at_s)
    event = episodes["escalated_s"].cast(pl.Float64).fill_null(np.inf).to_numpy()
    until = np.minimum(np.minimum(event, episodes["end_s"].to_numpy()), 7 * DAY)
    lived_s = rows.group_by("i").agg((pl.col("stop") - pl.col("start")).sum()).sort("i")
    assert np.allclose(lived_s["stop"].to_numpy(), until[lived_s["i"].to_numpy()])
    at = at_s[rows["i"].to_numpy()]
    assert ((rows["start"].to_numpy() >= at) == (rows["deleted"].to_numpy() == 1)).all()
    assert rows["escalated"].sum() == int(np.sum(event == until))


def test_stabilised_weights_average_one(episodes: pl.DataFrame) -> None:
    large = made_episodes(1500, 3, companies=2)
    cohort = drawn(large)
    at_s = midpoint(cohort)
    act = fit_hazard(act_features(cohort, made_spells(large)), *lived(cohort, at_s).awaiting_reply())
    weights = stabilised_weights(cohort, act, at_s)
    assert (weights[:, 0] == 1).all()
    assert np.abs(weights.mean(axis=0) - 1).max() < 0.05


def test_the_act_takes_the_place_of_the_reply(episodes: pl.DataFrame) -> None:
    at_s = np.arange(120.0)
    assert acted_at(drawn(episodes), at_s)["first_reply_s"].to_list() == at_s.tolist()
