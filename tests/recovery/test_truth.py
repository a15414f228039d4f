"""Truth of the claims in the simulated world: precise, zero where nothing works, not what meets the eye."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from complaintlab.claims import Claims, load_claims
from complaintlab.companies import Companies, load_companies
from complaintlab.models.strategies import DAY
from complaintlab.params import Analysis, Collect, load_params
from complaintlab.worlds import truth
from complaintlab.worlds.calendar import make_calendar
from complaintlab.worlds.history import TURNED, History, simulate_history
from complaintlab.worlds.laws import load_laws
from complaintlab.worlds.people import Complaints, draw_complaints

ASKED = ("T1", "T2", "N5")

Run = Callable[..., pl.DataFrame]


@pytest.fixture(scope="module")
def companies(repo: Path) -> Companies:
    return load_companies(repo / "data" / "companies.yaml")


@pytest.fixture(scope="module")
def run(repo: Path, companies: Companies) -> Run:
    """The stage for some claims, over the laws at ``path``."""
    params = load_params(repo / "params.yaml")
    claims = load_claims(repo / "claims.yaml")

    def stage(
        asked: tuple[str, ...], path: Path = Path("data/world.yaml"), source: str = "world"
    ) -> pl.DataFrame:
        collect = params.section(Collect).model_copy(update={"path": path, "source": source})
        some = Claims(claims=tuple(claims.of(claim) for claim in asked))
        return truth.run(collect, params.section(Analysis), companies, some, repo).truth

    return stage


@pytest.fixture(scope="module")
def table(run: Run) -> pl.DataFrame:
    return run(ASKED)


@pytest.fixture(scope="module")
def natural(repo: Path, companies: Companies) -> tuple[Complaints, History]:
    laws, rng = load_laws(repo / "data" / "world.yaml"), np.random.default_rng(11)
    calendar = make_calendar(laws, companies, rng)
    people = draw_complaints(60_000, laws, calendar, rng)
    return people, simulate_history(people, laws, calendar, rng)


def seven_days(table: pl.DataFrame, claim: str, outcome: str) -> dict[str, float]:
    return table.row(
        by_predicate=(pl.col("claim") == claim) & (pl.col("outcome") == outcome) & (pl.col("time_days") == 7),
        named=True,
    )


def said(history: History, stances: tuple[int, ...], zero_s: np.ndarray) -> np.ndarray:
    after_s = history.at_s - zero_s[history.who]
    rows = np.isin(history.what, stances) & (after_s > 0) & (after_s <= 7 * DAY)
    return np.isin(np.arange(len(zero_s)), history.who[rows])


def test_monte_carlo_error_is_under_two_percent_of_the_sesoi(table: pl.DataFrame) -> None:
    assert (table["mc_se"] < 0.02 * table["sesoi"]).all()
    assert (table["mc_se"] > 0).all()


def test_every_asked_contrast_has_each_horizon(table: pl.DataFrame) -> None:
    found = set(table.select("claim", "outcome", "time_days").iter_rows())
    assert {
        (claim, outcome, day) for claim in ("T1", "T2") for outcome in truth.OUTCOMES for day in (1, 3, 7)
    } <= found
    assert {("N5", "escalated", day) for day in (1, 3, 7)} <= found
    arms = table["arm_value"] - table["reference_value"]
    np.testing.assert_allclose(arms.to_numpy(), table["truth"].to_numpy(), atol=1e-12)


def test_effects_are_of_the_size_that_practice_would_notice(table: pl.DataFrame) -> None:
    assert -0.07 < seven_days(table, "T1", "escalated")["truth"] < -0.02
    assert 0.04 < seven_days(table, "T2", "turned")["truth"] < 0.10
    assert 0.03 < seven_days(table, "N5", "escalated")["truth"] < 0.08


def test_the_naive_contrast_is_visibly_wrong(
    table: pl.DataFrame, natural: tuple[Complaints, History]
) -> None:
    people, history = natural
    delay_s, kept = history.first_reply_s, people.eligible(30, 30)
    from_complaint = np.zeros(len(people))
    arms = {
        ("T1", "escalated"): (delay_s <= DAY, delay_s > 7 * DAY, said(history, (0,), from_complaint)),
        ("N5", "escalated"): (
            history.acts[truth.ACTS.index("defend")] & (delay_s <= 7 * DAY),
            ~history.acts[truth.ACTS.index("defend")] & (delay_s <= 7 * DAY),
            said(history, (0,), delay_s),
        ),
    }
    for (claim, outcome), (first, second, event) in arms.items():
        naive = event[first & kept].mean() - event[second & kept].mean()
        assert abs(naive - seven_days(table, claim, outcome)["truth"]) > 0.015


def changed_laws(repo: Path, path: Path, change: Callable[[dict], None]) -> Path:
    laws = yaml.safe_load((repo / "data" / "world.yaml").read_text(encoding="utf-8"))
    for turn in laws["turns"].values():
        change(turn)
    path.write_text(yaml.safe_dump(laws), encoding="utf-8")
    return path


def test_where_replies_do_nothing_the_truth_of_timing_is_zero(repo: Path, run: Run, tmp_path: Path) -> None:
    def nothing(turn: dict) -> None:
        turn.update(response=0.0, answered=0.0)

    null = run(("T1", "T2"), changed_laws(repo, tmp_path / "world.yaml", nothing))
    assert (null["truth"].abs() <= 3 * null["mc_se"] + 1e-12).all()
    assert (null["arm_value"] > 0).all()


def test_where_acts_do_nothing_the_truth_of_acts_is_zero(repo: Path, run: Run, tmp_path: Path) -> None:
    def nothing(turn: dict) -> None:
        turn.update(acts={})

    null = run(("N1", "S2"), changed_laws(repo, tmp_path / "world.yaml", nothing))
    assert (null["truth"].abs() <= 3 * null["mc_se"] + 1e-12).all()
    assert (null["arm_value"] > 0.05).all()


def test_truth_names_its_world(run: Run, repo: Path, table: pl.DataFrame, tmp_path: Path) -> None:
    other = run(("S2",), changed_laws(repo, tmp_path / "world.yaml", lambda turn: turn.update(earlier=0.0)))
    assert table["world"].n_unique() == 1
    assert other["world"][0] != table["world"][0]


def test_other_sources_have_no_truth(run: Run) -> None:
    assert run(ASKED, source="twcs").is_empty()


def test_turned_means_resolved_or_advocates() -> None:
    assert truth.OUTCOMES["turned"] == TURNED
