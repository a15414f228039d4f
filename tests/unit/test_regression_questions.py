"""Stance with silence, agents and provocation: rules, small tables and known truth."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_episodes import DAY, made_episodes, made_spells
from spells_case import ANALYSIS

from complaintlab.labels import STANCES
from complaintlab.models.estimate_rows import Estimate
from complaintlab.models.regression import run
from complaintlab.models.regression.agents import between_agents, signed_replies
from complaintlab.models.regression.provocation import next_replies, provoked
from complaintlab.models.regression.stance import ARMS, SILENT, fit_ordered, merged, stance_after
from complaintlab.params import Inference
from complaintlab.store import conform
from complaintlab.tables import TABLES

INFERENCE = Inference(resamples=60, seed=1, folds=5)
COUNTS = st.lists(st.integers(0, 40), min_size=len(STANCES), max_size=len(STANCES))


def answered_soon(n: int, seed: int, effect: float = 0.25) -> pl.DataFrame:
    """Complaints, half of them answered in minutes, which makes critics resolve instead of staying silent."""
    rng = np.random.default_rng(seed)
    soon = rng.random(n) < 0.5
    draw = rng.random(n)
    resolved = 0.2 + effect * soon
    stance = np.where(draw < resolved, "resolved", np.where(draw < resolved + 0.2, "persists", SILENT))
    reply = np.where(soon, 600, 2 * DAY)
    episodes = made_episodes(n, seed).with_columns(
        first_reply_s=pl.Series(reply),
        stance_7d=pl.Series(stance),
        end_s=pl.lit(30 * DAY),
        end=pl.lit("horizon"),
    )
    return conform("episodes", episodes)


@given(COUNTS, st.integers(0, 60), st.integers(1, 30))
def test_merging_keeps_every_row_and_the_order_and_leaves_silence_alone(
    counts: list[int], silent: int, least: int
) -> None:
    stance = pl.Series(
        [s for s, n in zip(STANCES, counts, strict=True) for _ in range(n)] + [SILENT] * silent
    )
    found = merged(stance.cast(pl.String), least)
    assert len(found) == len(stance)
    assert ((found == SILENT) == (stance.cast(pl.String) == SILENT)).all()
    groups = {name: name.split(" or ") for name in found.unique() if name != SILENT}
    for name, parts in groups.items():
        assert set(stance.filter(found == name)) == set(parts)
        present = [s for s, n in zip(STANCES, counts, strict=True) if n]
        places = [present.index(part) for part in parts]
        assert places == list(range(min(places), max(places) + 1))  # neighbours only
        assert (found == name).sum() >= least or len(groups) == 1


def test_stances_that_are_frequent_enough_stay_apart() -> None:
    stance = pl.Series([s for s in STANCES for _ in range(20)])
    assert merged(stance, 20).to_list() == stance.to_list()
    apart = {"escalates or persists", "neutral or thanks", "resolved or advocates"}
    assert set(merged(stance, 21)) == apart


def test_changes_of_stance_hold_what_was_simulated_and_sum_to_zero() -> None:
    rows = [row for row in stance_after(answered_soon(3000, 1)) if row.model == "multinomial-logit"]
    changes = {row.outcome: row for row in rows}
    assert set(changes) == {"stance_7d_silent", "stance_7d_persists", "stance_7d_resolved"}
    for outcome, truth in (("silent", -0.25), ("persists", 0.0), ("resolved", 0.25)):
        row = changes[f"stance_7d_{outcome}"]
        assert row.estimate is not None
        assert row.se is not None
        assert abs(row.estimate - truth) < 3.5 * row.se
    assert sum(row.estimate or 0 for row in rows) == pytest.approx(0, abs=1e-9)


def test_shares_are_those_counted_and_the_ordered_logit_speaks_of_speakers() -> None:
    episodes = answered_soon(1500, 2)
    rows = list(stance_after(episodes))
    shares = [row for row in rows if row.model == "share" and row.n]
    assert {row.contrast for row in shares} == set(ARMS[:2])
    for arm in ARMS[:2]:
        of = [row for row in shares if row.contrast == arm]
        assert sum(row.events for row in of) == of[0].n
        assert sum(row.estimate or 0 for row in of) == pytest.approx(1)
    (ordered,) = (row for row in rows if row.model == "ordered-logit")
    assert (ordered.subgroup, ordered.variant) == ("speakers", "descriptive")
    assert ordered.n == (episodes["stance_7d"].cast(pl.String) != SILENT).sum()
    assert ordered.lower is not None
    assert ordered.lower > 0  # the answered resolve more, so those who speak are friendlier


def test_only_silence_gives_a_reason() -> None:
    silent = answered_soon(300, 3).with_columns(stance_7d=pl.lit(SILENT).cast(pl.Enum([*STANCES, SILENT])))
    rows = [row for row in stance_after(silent) if row.model != "share"]
    assert [row.estimate for row in rows] == [None, None]
    assert rows[0].reason == "too few: everybody is 'silent'"


def with_agents(
    episodes: pl.DataFrame, between: float, seed: int, agents: int = 8
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Complaints that turn after the reply with a chance that differs between a company's agents."""
    rng = np.random.default_rng(seed)
    n = episodes.height
    agent = rng.integers(0, agents, n)
    company = episodes["company"].str.slice(1).cast(pl.Int64).to_numpy()
    deviation = rng.normal(0, np.sqrt(between), (company.max() + 1, agents))
    chance = np.clip(0.35 + deviation[company, agent], 0.02, 0.98)
    turned = np.where(rng.random(n) < chance, 7200, -1)
    told = episodes.with_columns(
        first_reply_s=pl.lit(3600), end_s=pl.lit(30 * DAY), end=pl.lit("horizon"),
        turned_s=pl.when(pl.Series(turned) > 0).then(pl.Series(turned)),
    )  # fmt: skip
    told = conform("episodes", told)
    names = pl.Series("agent", [f"{c:010x}{a:010x}" for c, a in zip(company, agent, strict=True)])
    signs = told.select("episode_id").with_columns(names)
    spells = (
        made_spells(told)
        .join(signs, on="episode_id")
        .with_columns(
            agent_id=pl.when("answered").then("agent"), n_replies=pl.col("answered").cast(pl.UInt16)
        )
    )
    return told, conform("spells", spells.drop("agent"))


def test_the_correlation_of_agents_is_recovered() -> None:
    between = 0.02
    episodes, spells = with_agents(made_episodes(6000, 1, companies=10), between, seed=2)
    row, agents = between_agents(episodes, spells, ANALYSIS, INFERENCE)
    TABLES["agents"].validate(agents)
    truth = between / (0.35 * 0.65)  # variance of the chance over that of the outcome
    assert row.lower is not None
    assert row.upper is not None
    assert row.lower < truth < row.upper
    assert row.p is not None
    assert row.p < 0.05
    assert agents.height == 80
    assert agents["n"].sum() == row.n
    assert agents.select(pl.corr("effect", pl.col("turned") / pl.col("n"))).item() > 0.8


def test_without_agents_or_with_one_each_there_is_a_reason() -> None:
    episodes, spells = with_agents(made_episodes(400, 1), 0.0, seed=1, agents=1)
    row, agents = between_agents(episodes, spells, ANALYSIS, INFERENCE)
    assert (row.estimate, row.reason) == (None, "too few: 6 agents signed first replies")
    assert agents.is_empty()
    unsigned = spells.with_columns(agent_id=pl.lit(None, pl.String))
    assert between_agents(episodes, unsigned, ANALYSIS, INFERENCE)[0].n == 0


def test_critics_who_turned_before_the_reply_are_not_the_agents() -> None:
    episodes, spells = with_agents(made_episodes(60, 1), 0.0, seed=1)
    early = episodes.with_columns(turned_s=pl.lit(60, pl.Int64))
    assert signed_replies(early, spells, 7.0).is_empty()
    lost = episodes.with_columns(turned_s=pl.lit(None, pl.Int64), end_s=pl.lit(DAY), end=pl.lit("last_seen"))
    assert signed_replies(conform("episodes", lost), spells, 7.0).is_empty()


def conversation(n: int, seed: int, slope: float, companies: int = 6) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Three replies to each complaint; a reply's chance of hostility rises with the critic's last turn."""
    rng = np.random.default_rng(seed)
    episodes = made_episodes(n, seed, companies=companies)
    temper = rng.uniform(0, 0.2, companies)
    base = made_spells(episodes).unique("episode_id", keep="first", maintain_order=True).sort("episode_id")
    firm = base["company"].str.slice(1).cast(pl.Int64).to_numpy()
    rows, said = [], np.full(n, np.nan)
    critic = rng.integers(0, 4, (4, n)).astype(float)
    for k in range(4):
        if k:
            said = np.clip(0.1 + temper[firm] + slope * critic[k - 1] + rng.normal(0, 0.05, n), 0, 1)
        rows.append(
            base.with_columns(
                start_s=pl.lit(k * 3600, pl.Int64),
                stop_s=pl.lit((k + 1) * 3600, pl.Int64),
                n_replies=pl.lit(k, pl.UInt16),
                answered=pl.lit(k > 0),
                hostility_last=pl.Series(critic[k]),
                company_hostility_last=pl.Series(said).fill_nan(None),
            )
        )
    return episodes, conform("spells", pl.concat(rows))


def test_provocation_is_what_was_said_before_the_reply_not_after() -> None:
    episodes, spells = conversation(600, 1, slope=0.08)
    replies = next_replies(episodes, spells)
    assert replies.height == 3 * 600
    first = replies.filter(pl.col("replies_before") == 0)
    before = spells.filter(pl.col("start_s") == 0).sort("episode_id")
    assert first["critic_hostility"].to_list() == before["hostility_last"].to_list()
    row = provoked(episodes, spells, ANALYSIS)
    assert row.se is not None
    assert row.estimate == pytest.approx(0.08, abs=3.5 * row.se)
    none = provoked(*conversation(600, 1, slope=0.0), ANALYSIS)
    assert none.lower is not None
    assert none.lower - 0.005 < 0 < (none.upper or 0) + 0.005


def test_one_company_is_enough_for_provocation_and_no_replies_are_not() -> None:
    row: Estimate = provoked(*conversation(300, 2, slope=0.08, companies=1), ANALYSIS)
    assert row.estimate is not None
    episodes = made_episodes(50, 1)
    assert provoked(episodes, made_spells(episodes), ANALYSIS).reason == "too few: 0 replies"


def test_the_stage_gives_rows_for_one_company_and_for_none() -> None:
    for episodes in (made_episodes(200, 1, companies=1), made_episodes(10, 1).clear()):
        found = run(episodes, made_spells(made_episodes(200, 1, companies=1)), ANALYSIS, INFERENCE)
        TABLES["estimates_regression"].validate(found.estimates_regression)
        TABLES["agents"].validate(found.agents)
        assert found.estimates_regression.height >= 40


def ordered_case(seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((300, 3))
    latent = X @ [0.5, -0.3, 0.0] + rng.logistic(size=300)
    return np.digitize(latent, [-1.0, 0.5]), X, rng.integers(0, 80, 300)


def test_the_ordered_logit_has_the_clustered_errors_of_statsmodels() -> None:
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    codes, X, clusters = ordered_case()
    by_hand = fit_ordered(codes, X, clusters, 0)
    fit = OrderedModel(codes, X, distr="logit").fit(
        method="bfgs", disp=0, maxiter=500, cov_type="cluster", cov_kwds={"groups": clusters}
    )
    assert by_hand == pytest.approx((fit.params[0], fit.bse[0]), rel=1e-8)


def test_an_ordered_logit_without_a_single_maximum_is_refused() -> None:
    codes, X, clusters = ordered_case()
    found = fit_ordered(codes, np.column_stack([X, X[:, 0] + X[:, 1]]), clusters, 0)
    assert isinstance(found, str)
    assert "cannot be fitted" in found
