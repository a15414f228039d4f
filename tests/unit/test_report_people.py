"""Counts, what-if, stances and agents as the report shows them."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from complaintlab.claims import load_claims
from complaintlab.models.estimate_rows import Estimate, estimates_table
from complaintlab.models.regression.stance import ARMS, SILENT
from complaintlab.report.associations import associations
from complaintlab.report.counts import count_rows
from complaintlab.report.figures.people import agents_apart, stance_after_a_week
from complaintlab.store import conform
from complaintlab.tables import TABLES

COUNTS = {"resolved": 40, "escalates": 20, SILENT: 60, "thanks": 4}


def shares() -> list[Estimate]:
    return [
        Estimate(
            contrast=arm, outcome=f"stance_7d_{stance}", model="share", scale="share", variant="descriptive",
            time_days=7.0, estimate=n / 124, n=124, events=n,
        )
        for arm in ARMS
        for stance, n in COUNTS.items()
    ]  # fmt: skip


def change(stance: str, value: float) -> Estimate:
    return Estimate(
        contrast="answered_1h_vs_not", outcome=f"stance_7d_{stance}", model="multinomial-logit", scale="ame",
        variant="descriptive", time_days=7.0,
    ).known(value, 0.02)  # fmt: skip


def test_bars_show_no_stance_of_fewer_than_the_minimum_cell() -> None:
    picture = stance_after_a_week(estimates_table(shares()), 10)
    assert picture is not None
    widths = [patch.get_width() for patch in picture.figure.axes[0].patches]
    assert sum(widths) == 3.0
    assert 4 / 124 not in widths
    assert min(w for w in widths if w > 0) == 20 / 120
    exact = stance_after_a_week(estimates_table(shares()), 0)
    assert exact is not None
    assert 4 / 124 in [patch.get_width() for patch in exact.figure.axes[0].patches]


def test_changes_stand_beside_the_bars_where_they_could_be_fitted() -> None:
    rows = estimates_table([*shares(), change("resolved", 0.1), change(SILENT, -0.1)])
    picture = stance_after_a_week(rows, 10)
    assert picture is not None
    assert len(picture.figure.axes) == 2
    assert "−10.0 points (95% interval −13.9 to −6.1)" in picture.takeaway
    assert "Answered within 1 h: 33% resolved or advocates, 17% escalate, 50% silent." in picture.takeaway
    assert stance_after_a_week(TABLES["estimates_regression"].create_empty(), 10) is None


def test_agents_are_drawn_without_names_and_only_with_enough_replies() -> None:
    agents = conform(
        "agents",
        pl.DataFrame(
            {
                "agent_id": [f"{i:020x}" for i in range(4)], "company": ["Acme"] * 4, "n": [30, 30, 30, 9],
                "critics": [30, 30, 30, 9], "turned": [5, 6, 20, 9], "effect": [-0.05, 0.0, 0.2, 0.3],
                "lower": [-0.1, -0.1, 0.1, 0.1], "upper": [0.05, 0.1, 0.3, 0.5],
            }
        ),
    )  # fmt: skip
    correlation = Estimate(
        claim="P1", contrast="between_agents", outcome="turned", model="mixed-linear", scale="share",
        variant="descriptive", estimate=0.05, lower=0.01, upper=0.1, p=0.01, n=99,
    )  # fmt: skip
    picture = agents_apart(agents, estimates_table([correlation]), 10)
    assert picture is not None
    (axes,) = picture.figure.axes
    assert len(axes.lines[1].get_xdata()) == 3
    assert "5.0% lies between" in picture.takeaway
    assert "1 of 3 agents differs clearly" in picture.takeaway
    assert "1 with fewer than 10 replies or critics are not drawn" in picture.takeaway
    assert "Acme" not in picture.alt
    assert agents_apart(agents, estimates_table([correlation.unknown("x")]).clear(), 10) is None


def test_the_table_of_counts_has_all_views_or_the_reason(repo: Path) -> None:
    claims = load_claims(repo / "claims.yaml")
    key = {"claim": "T5", "contrast": "reply_1h_vs_1h_24h", "time_days": 7.0, "model": "clone-censor-weight"}
    ratio = Estimate(outcome="spread", scale="log_rr", variant="primary", events=120, **key).known(-0.1, 0.05)  # type: ignore[arg-type]
    dispersed = Estimate(outcome="spread", scale="log_rr", variant="negative-binomial", **key).known(
        -0.2, 0.05
    )  # type: ignore[arg-type]
    tail = Estimate(outcome="spread_3_or_more", scale="rd", **key).known(0.01, 0.01)  # type: ignore[arg-type]
    rows = {row["id"]: row for row in count_rows(estimates_table([ratio, dispersed, tail]), claims)}
    assert set(rows) == {"T5", "T6", "T7", "N7"}
    assert rows["T5"]["ratio"] == "×0.90 (0.82 to 1.00)"
    assert rows["T5"]["dispersed"] == "×0.82 (0.74 to 0.90)"
    assert rows["T5"]["tail"] == "+1.0 (−1.0 to +3.0)"
    assert (rows["T5"]["winsorised"], rows["T5"]["events"], rows["T5"]["reason"]) == ("–", "120", "")
    assert rows["T6"]["reason"] == "It was not estimated."


def test_associations_are_told_in_words_and_not_without_an_estimate() -> None:
    provoked = Estimate(
        contrast="critic_hostility", outcome="company_hostile", model="linear", scale="ame",
        variant="descriptive", n=500,
    )  # fmt: skip
    spoke = Estimate(
        contrast="answered_1h_vs_not", outcome="stance_7d", model="ordered-logit", scale="log_or",
        variant="descriptive", n=300,
    )  # fmt: skip
    told = associations(estimates_table([provoked.known(0.03, 0.01), spoke.known(0.7, 0.1)]))
    assert "+3.0 points" in told[0]
    assert "2.01 times as large" in told[1]
    assert associations(estimates_table([provoked.unknown("x"), spoke.unknown("y")])) == []


def test_without_variance_between_agents_the_scale_is_not_that_of_rounding() -> None:
    agents = pl.DataFrame(
        {
            "agent_id": [f"{i:020x}" for i in range(4)],
            "n": 40, "critics": 30, "effect": 0.0, "lower": 0.0, "upper": 0.0,
        }
    )  # fmt: skip
    correlation = Estimate(
        contrast="between_agents", outcome="turned", model="random-intercept", scale="icc",
        variant="descriptive", time_days=7.0, estimate=0.0, lower=0.0, upper=0.01, p=1.0,
    )  # fmt: skip
    picture = agents_apart(agents, estimates_table([correlation]), 10)
    assert picture is not None
    (axes,) = picture.figure.axes
    assert axes.get_ylim() == (-5, 5)
    assert [text.get_text() for text in axes.texts] == ["no variance between agents was found"]
