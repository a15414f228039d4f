"""The stage ``deletion``: a row for every claim, numbers where there are any, else the reason."""

import numpy as np
import polars as pl
import pytest
from deletion_case import deleted, posts
from made_episodes import made_episodes, made_spells

from complaintlab.claims import load_claims
from complaintlab.models.deletion import run
from complaintlab.params import Analysis, Inference
from complaintlab.tables import TABLES
from complaintlab.tables.estimates import Estimates

N = 900
CLAIMS = ("D1", "D2", "D3", "D4")


@pytest.fixture(scope="module")
def settings(repo) -> tuple[Analysis, Inference]:  # type: ignore[no-untyped-def]
    analysis = Analysis(
        washout_days=30, gap_days=30, horizon_days=7, long_horizon_days=30, complaint_threshold=0.5,
        nonsense_threshold=0.5, act_threshold=0.5,
    )  # fmt: skip
    return analysis, Inference(resamples=40, seed=1, folds=2)


@pytest.fixture(scope="module")
def episodes() -> pl.DataFrame:
    """Answered ones get proper replies or others; a third are nonsense."""
    frame = made_episodes(N, 2, companies=5, effect=0.3)
    quality = pl.Series(np.random.default_rng(1).choice(["proper", "other"], N))
    replied = pl.col("first_reply_s").is_not_null()
    return frame.with_columns(
        first_reply_id=pl.when(replied).then(pl.format("r{}", "episode_id")),
        first_reply_quality=pl.when(replied).then(quality).cast(frame.schema["first_reply_quality"]),
        kind=pl.Series(np.where(np.arange(N) % 3 == 0, "nonsense", "complaint")),
    )


@pytest.fixture(scope="module")
def found(episodes: pl.DataFrame, settings: tuple[Analysis, Inference]) -> pl.DataFrame:
    """A third of the complaints are deleted by their host in the first hours, a few by nobody knows whom."""
    chosen = np.random.default_rng(2).permutation(N).tolist()
    deletions = pl.concat(
        [
            deleted(episodes, chosen[:180], exact=2.0),
            deleted(episodes, chosen[180:300], "host_hidden", present=1.0, absent=12.0),
            deleted(episodes, chosen[300:360], "vanished_unknown", present=1.0, absent=3.0),
        ]
    )
    edited = {
        i: s / 3600 + 1 for i, s in enumerate(episodes["first_reply_s"]) if s is not None and i % 4 == 0
    }
    tables = episodes, made_spells(episodes), deletions, posts(episodes, ["page"] * N, edited)
    return run(*tables, *settings).estimates_deletion


def test_rows_fit_the_table_of_estimates(found: pl.DataFrame) -> None:
    assert Estimates.validate(found).height == found.height
    assert found["estimate"].drop_nulls().is_finite().all()


@pytest.mark.parametrize("claim", CLAIMS)
def test_each_claim_has_one_primary_row_of_its_contrast(claim: str, found: pl.DataFrame, repo) -> None:  # type: ignore[no-untyped-def]
    asked = load_claims(repo / "claims.yaml").of(claim)
    rows = found.filter(pl.col("claim") == claim, pl.col("variant") == "primary")
    assert rows.height == 1
    row = rows.row(0, named=True)
    assert (row["contrast"], row["outcome"], row["time_days"]) == (
        asked.contrast, asked.outcome, asked.time_days,
    )  # fmt: skip
    assert row["estimate"] is not None
    assert row["lower"] < row["estimate"] < row["upper"]
    assert row["df"] > 0
    assert asked.stage == "deletion"


def test_days_companies_reference_and_models_stand_beside(found: pl.DataFrame) -> None:
    d1 = found.filter(pl.col("claim") == "D1")
    beside = d1.filter(pl.col("variant") == "secondary", pl.col("scale") == "rd")
    assert beside["time_days"].to_list() == [1, 3]
    assert d1.filter(pl.col("variant") == "companies")["n_exposed"].to_list() == [5]
    risk = d1.filter(pl.col("variant") == "reference")["estimate"].item()
    assert 0 < risk < 1
    assert set(d1.filter(pl.col("scale") == "log_hr")["model"]) == {
        "marginal structural cox", "delayed-feedback cox",
    }  # fmt: skip


def test_fair_less_nonsense_counts_companies_with_both_arms_in_both(found: pl.DataFrame) -> None:
    d2 = found.filter(pl.col("claim") == "D2", pl.col("variant") == "companies")
    assert d2.select("n", "n_exposed", "time_days").rows() == [(5, 5, 7.0)]


def test_unknown_hands_give_bounds_around_the_estimate(found: pl.DataFrame) -> None:
    d1 = found.filter(pl.col("claim") == "D1", pl.col("time_days") == 7)
    lower, middle, upper = (
        d1.filter(pl.col("variant") == name)["estimate"].item()
        for name in ("lower_bound", "primary", "upper_bound")
    )
    assert lower <= middle <= upper
    assert lower < upper


def test_fair_less_nonsense_is_wider_than_either(found: pl.DataFrame) -> None:
    primary = found.filter(pl.col("variant") == "primary")
    errors = dict(primary.select("claim", "se").iter_rows())
    assert errors["D2"] > errors["D1"]


def test_without_deletions_every_claim_says_why_there_is_no_answer(
    episodes: pl.DataFrame, settings: tuple[Analysis, Inference]
) -> None:
    nothing = TABLES["deletions"].create_empty()
    tables = episodes, made_spells(episodes), nothing, posts(episodes, ["page"] * N)
    rows = run(*tables, *settings).estimates_deletion
    assert rows.select("claim", "variant").rows() == [(claim, "primary") for claim in CLAIMS]
    assert rows["estimate"].null_count() == len(CLAIMS)
    assert rows["reason"].str.starts_with("No ").all()


def test_few_deletions_are_told_as_too_few(
    episodes: pl.DataFrame, settings: tuple[Analysis, Inference]
) -> None:
    few = deleted(episodes, [1, 2, 4], exact=2.0)
    tables = episodes, made_spells(episodes), few, posts(episodes, ["page"] * N)
    rows = run(*tables, *settings).estimates_deletion
    assert rows["reason"].drop_nulls().str.contains("Only 3 complaints were deleted").sum() >= 2


def test_without_nonsense_openers_there_is_nothing_to_compare_with(
    episodes: pl.DataFrame, settings: tuple[Analysis, Inference]
) -> None:
    fair = episodes.filter(pl.col("kind") == "complaint")
    deletions = deleted(fair, list(range(0, fair.height, 4)), exact=2.0)
    tables = fair, made_spells(fair), deletions, posts(fair, ["page"] * fair.height)
    rows = run(*tables, *settings).estimates_deletion
    assert rows.filter(pl.col("claim") == "D2")["reason"].item() == (
        "There is nothing to compare with: no opener that is nonsense is followed"
    )
