"""The arms of the claims on replies: what they hold, that they exclude each other, that claims name them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaintlab.claims import load_claims
from complaintlab.labels import ACTS, reply_quality
from complaintlab.models.exposures import EXPOSURES, FAIR, SPREAD_CONTRAST, reply_features
from complaintlab.models.reply_clock import ACT_CLAIMS

REPLIES = st.lists(st.sets(st.sampled_from(ACTS)), min_size=1, max_size=30)
ON_REPLIES = [e for e in EXPOSURES.values() if e.clock in ("first_reply", "reply_to_hostile")]


def features(replies: list[set[str]]) -> pl.DataFrame:
    acts = ["|".join(act for act in ACTS if act in done) for done in replies]
    score = [k / len(replies) for k in range(len(replies))]
    return reply_features(
        pl.DataFrame({"acts": acts, "template": score}, schema_overrides={"acts": pl.String})
    )


def arms(claim: str, *done: str) -> tuple[bool, bool]:
    """Whether a reply with these acts is in the first and in the second arm."""
    exposure = EXPOSURES[claim]
    row = features([set(done)]).select(first=exposure.first.holds(), second=exposure.second.holds())
    return row["first"][0], row["second"][0]


def test_the_claims_of_the_stage_are_those_that_have_an_exposure(repo: Path) -> None:
    claims = load_claims(repo / "claims.yaml")
    asked = {
        claim.id: (claim.contrast, claim.outcome) for claim in claims.claims if claim.stage == "reply_effects"
    }
    defined = {name: (exposure.contrast, exposure.outcome) for name, exposure in EXPOSURES.items()}
    assert asked == defined | {
        "P2": (SPREAD_CONTRAST, "spread"),
        "S7": ("replied_vs_not_yet", "bystanders_negative_share"),
    }


def test_what_an_exposure_is_about_is_resting_on_a_measure_of_its_claim(repo: Path) -> None:
    claims = load_claims(repo / "claims.yaml")
    for exposure in ON_REPLIES:
        named = {label for pair in claims.of(exposure.claim).measures for label in pair.split(":")[1:]}
        assert {*exposure.part} & {*ACTS} <= named, exposure.claim


@given(REPLIES)
def test_no_reply_is_in_both_arms(replies: list[set[str]]) -> None:
    table = features(replies)
    for exposure in ON_REPLIES:
        both = table.select((exposure.first.holds() & exposure.second.holds()).any()).item()
        assert not both, exposure.claim


@given(REPLIES)
def test_quality_is_the_codebook_s(replies: list[set[str]]) -> None:
    table = features(replies)
    for row, done in zip(table.iter_rows(named=True), replies, strict=True):
        assert (row["proper"], row["bad"]) == (
            reply_quality(done) == "proper",
            reply_quality(done) == "bad",
        )
    assert table.select(FAIR.holds()).to_series().to_list() == [reply_quality(d) != "bad" for d in replies]


@pytest.mark.parametrize(
    ("claim", "done", "expected"),
    [
        ("N1", ("apology", "fix"), (True, False)),
        ("N1", ("regret",), (False, True)),
        ("N6", ("joke",), (False, False)),
        ("N6", ("joke", "mock"), (True, False)),
        ("N10", ("ask", "thank"), (True, False)),
        ("N10", ("ask", "explain"), (False, False)),
        ("N10", ("defend",), (False, True)),
        ("N10", ("thank",), (False, False)),
        ("S3", ("apology", "compensate"), (True, False)),
        ("S3", ("compensate",), (False, False)),
        ("S3", ("apology",), (False, True)),
        ("N8", ("regret", "ask"), (False, True)),
        ("N8", ("regret",), (True, False)),
    ],
)
def test_who_is_in_which_arm(claim: str, done: tuple[str, ...], expected: tuple[bool, bool]) -> None:
    assert arms(claim, *done) == expected


def test_the_act_that_makes_the_arms_is_known_where_there_is_one() -> None:
    made = {claim: exposure.act_set for claim, exposure in EXPOSURES.items() if exposure.act_set}
    assert made == {
        "N1": "apology", "N2": "empathy", "N4": "thank", "N5": "defend", "N6": "mock", "N7": "attack",
        "N9": "acknowledge", "S1": "contact", "S2": "fix", "S3": "compensate",
    }  # fmt: skip


def test_replies_without_a_template_score_are_in_no_half() -> None:
    table = reply_features(pl.DataFrame({"acts": ["", ""], "template": [None, 0.5]}))
    exposure = EXPOSURES["N3"]
    held = table.select(first=exposure.first.holds(), second=exposure.second.holds())
    assert held.rows() == [(False, False), (False, True)]


def test_cox_models_stand_beside_the_plain_acts() -> None:
    assert set(ACT_CLAIMS) == {"N1", "N2", "N4", "N5", "N9", "S1", "S2"}
    assert ACT_CLAIMS["S1"] == ("contact", "escalated")
