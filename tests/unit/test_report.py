"""What the report draws and prints: pure functions on a made-up study."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import report_study
from complaintlab.report.cells import cell, linked_cells
from complaintlab.report.contents import Tables, pictures, source_row
from complaintlab.report.figures import checks, course, effects, texts
from complaintlab.report.results import cited, flow_rows, quarantine_rows, reply_type_rows
from complaintlab.report.style import save
from complaintlab.store import conform
from complaintlab.tables import TABLES

STUDY = report_study.study()
EMPTY = report_study.empty()


@given(st.integers(0, 10**6), st.integers(0, 20))
def test_no_small_cell_is_printed(n: int, minimum: int) -> None:
    printed = cell(n, minimum)
    assert printed == f"<{minimum}" if 0 < n < minimum else int(printed.replace(" ", "")) == n


@given(st.lists(st.integers(0, 500), min_size=2, max_size=6))
def test_a_small_loss_cannot_be_had_by_subtraction(losses: list[int]) -> None:
    totals = [sum(losses[k:]) for k in range(len(losses))]
    printed = linked_cells([*totals, *losses], 10)
    if any(0 < loss < 10 for loss in losses):
        exact = [text for text in printed if not text.startswith("<")]
        assert all(int(text.replace(" ", "")) % 10 == 0 for text in exact)


def test_flow_prints_small_losses_as_below_ten() -> None:
    steps, _ = flow_rows(STUDY["flow"], 10)
    assert steps[-1]["lost"] == "<10"
    assert steps[3]["n"] == "460"


def test_flow_sets_apart_what_is_not_lost() -> None:
    aside = STUDY["flow"].with_columns(reason=pl.lit("set apart, not lost"))
    steps, others = flow_rows(aside, 10)
    assert (len(steps), len(others)) == (0, 6)


def test_small_families_show_no_words() -> None:
    rows = {row["name"]: row for row in reply_type_rows(STUDY["reply_types"], 10)}
    assert (rows["rare"]["n"], rows["rare"]["exemplar"]) == ("<10", "too few to show")
    assert rows["sorry, send details"]["exemplar"].startswith("We are sorry")


def test_quarantine_is_counted_without_values() -> None:
    rows = [
        {"file": "a.csv", "row": k, "column": "created_at", "reason": f"'2{k} June' in row {k} is no time"}
        for k in range(12)
    ]
    printed = quarantine_rows(conform("quarantine", pl.DataFrame(rows)), 10)
    assert printed == [{"column": "created_at", "reason": "… in row # is no time", "n": "12"}]


def test_citations_are_taken_from_the_sentence() -> None:
    assert cited("A (Gu & Ye 2014); b (Min, Lim & Magnini 2015; Liao 2024).") == (
        "Gu & Ye 2014; Min, Lim & Magnini 2015; Liao 2024"
    )
    assert cited("No field result is known to us.") == "–"


def test_every_figure_is_drawn_and_says_what_it_shows() -> None:
    drawn = pictures(_tables(STUDY), 10)
    assert {"diagram", "quality", "replies", "delays", "answered", "outcomes", "strategies", "balance",
            "positivity"} <= set(drawn)  # fmt: skip
    assert all(len(picture.alt) > 40 and picture.takeaway.endswith(".") for picture in drawn.values())


def test_nothing_to_draw_is_no_figure() -> None:
    assert set(pictures(_tables(EMPTY), 10)) == {"diagram"}


@pytest.mark.parametrize("name", ["diagram", "strategies", "replies", "positivity"])
def test_a_figure_drawn_twice_has_the_same_bytes(name: str, tmp_path: Path) -> None:
    written = []
    for _ in range(2):
        path = tmp_path / f"{name}.svg"
        save(pictures(_tables(STUDY), 10)[name], path)
        written.append(path.read_bytes())
    assert written[0] == written[1]
    assert b"<text" not in written[0], "text must be drawn as paths"


def test_takeaways_speak_from_the_numbers() -> None:
    balance = checks.love_plot(STUDY["balance_trials"])
    assert balance is not None
    assert balance.takeaway == "The largest standardised difference is 0.30 before weighting and 0.03 after."
    curves = course.strategies(STUDY["curves_trials"])
    assert curves is not None
    assert "20.0% under “reply within 24 h” and 25.0% under “no reply”" in curves.takeaway
    answered = effects.who_is_answered(STUDY["estimates_regression"])
    assert answered is not None
    assert "business hours: +18.0 points" in answered.takeaway
    weak = texts.quality(report_study.quality(value=0.6))
    assert weak is not None
    assert "15 of 15 labels reaches below 0.667" in weak.takeaway


def test_companies_below_the_minimum_cell_have_no_curve() -> None:
    few = STUDY | {"episodes": STUDY["episodes"].filter(pl.col("company") != "company 2")}
    whole, part = (pictures(_tables(tables), 10)["delays"].figure.axes[0] for tables in (STUDY, few))
    assert len(whole.lines) - len(part.lines) == 1


def _tables(tables: dict[str, pl.DataFrame]) -> Tables:
    return Tables(
        verdicts=TABLES["verdicts"].create_empty(),
        source=source_row(tables["source"]),
        flow=tables["flow"],
        quarantine=tables["quarantine"],
        complaints=tables["episodes"],
        measures=tables["measures"],
        quality=tables["quality"],
        reply_types=tables["reply_types"],
        reply_members=tables["reply_members"],
        curves_incidence=tables["curves_incidence"],
        curves_trials=tables["curves_trials"],
        answered=tables["estimates_regression"],
        estimates=pl.concat([tables["estimates_trials"], tables["estimates_reply_effects"]]),
        balance=pl.concat([tables["balance_trials"], tables["balance_reply_effects"]]),
        weights=pl.concat([tables["weights_trials"], tables["weights_reply_effects"]]),
        positivity=tables["positivity"],
    )
