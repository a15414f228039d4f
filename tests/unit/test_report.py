"""What the report draws and prints: pure functions on a made-up study."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import report_study
from complaintlab.claims import load_claims
from complaintlab.freeze import Deviation, Deviations
from complaintlab.models.strategies import TIMING_CONTRASTS
from complaintlab.report.cells import cell, linked_cells
from complaintlab.report.contents import Tables, pictures, source_row
from complaintlab.report.figures import checks, course, effects, forest, texts
from complaintlab.report.results import (
    cited,
    deviation_rows,
    flow_rows,
    quarantine_rows,
    reply_type_rows,
    verdict_rows,
    weight_rows,
)
from complaintlab.report.selection import shown_balance, shown_curves, shown_positivity
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
    assert rows["sorry, send details"]["exemplar"].startswith("… We are sorry")


def test_quarantine_is_counted_without_values() -> None:
    rows = [
        {
            "file": "a.csv",
            "row": k,
            "column": "created_at",
            "reason": f"'2{k} June' in row {k} is no ISO 8601 time",
        }
        for k in range(12)
    ]
    printed = quarantine_rows(conform("quarantine", pl.DataFrame(rows)))
    assert printed == [{"column": "created_at", "reason": "… in row # is no ISO 8601 time", "n": "12"}]


def test_fixed_text_of_a_reason_keeps_its_digits() -> None:
    reasons = [f"'it's 1{k}' o'clock' is no date: ISO 8601, Twitter's format. See row {k}." for k in range(3)]
    rows = [{"file": "a", "row": k, "column": "created_at", "reason": r} for k, r in enumerate(reasons)]
    (printed,) = quarantine_rows(conform("quarantine", pl.DataFrame(rows)))
    assert printed["reason"] == "… is no date: ISO 8601, Twitter's format. See row #."
    assert printed["n"] == "3", "rows are not people"


def test_what_is_set_apart_does_not_undo_the_rounding() -> None:
    apart = (
        STUDY["flow"]
        .tail(1)
        .with_columns(
            step=pl.lit(9).cast(pl.UInt16),
            n=pl.lit(203),
            lost=pl.lit(0),
            reason=pl.lit("set apart, not lost"),
        )
    )
    _, others = flow_rows(pl.concat([STUDY["flow"], conform("flow", apart)]), 10)
    assert others[0]["n"] == "200"
    nearly_all = conform("flow", apart.with_columns(n=pl.lit(396)))
    whole = STUDY["flow"].with_columns(lost=pl.lit(0, dtype=pl.Int64))
    _, others = flow_rows(pl.concat([whole, nearly_all]), 10)
    assert others[0]["n"] == "400", "the four others could be had by subtraction"


def test_weights_of_arms_that_are_too_small_are_not_printed() -> None:
    few = STUDY["weights_trials"].with_columns(ess=pl.Series([700.0, 12.0]))
    small, enough = weight_rows(few, 10, 50)
    assert (small["ess"], small["mean"], small["p99"], small["largest"]) == ("12", "–", "–", "–")
    assert enough["largest"] == "7.90"


def test_deviations_say_all_and_sort_claims_as_people_do(repo: Path) -> None:
    claims = load_claims(repo / "claims.yaml")
    every = frozenset(claim.id for claim in claims.claims)
    found = (
        Deviation("analysis.horizon_days was 7.0, is 0.05", every),
        Deviation("trials.x was 1, is 2", frozenset({"N10", "N2", "N1"})),
        Deviation("a wording", frozenset()),
    )
    rows = deviation_rows(Deviations(found, "now", "x", {}), claims)
    assert [row["claims"] for row in rows] == ["all", "N1, N2, N10", "none (wording only)"]
    assert rows[0]["text"] == "analysis.horizon_days was 7, is 0.05"


def test_citations_are_taken_from_the_sentence() -> None:
    assert cited("A (Gu & Ye 2014); b (Min, Lim & Magnini 2015; Liao 2024).") == (
        "Gu & Ye 2014; Min, Lim & Magnini 2015; Liao 2024"
    )
    assert cited("No field result is known to us.") == "–"


def test_every_figure_is_drawn_and_says_what_it_shows() -> None:
    drawn = pictures(_tables(STUDY), 10, 7)
    assert {"diagram", "quality", "confusion", "calibration", "learning", "replies", "delays", "answered",
            "outcomes", "strategies", "balance", "positivity"} <= set(drawn)  # fmt: skip
    assert all(len(picture.alt) > 40 and picture.takeaway.endswith(".") for picture in drawn.values())


def test_nothing_to_draw_is_no_figure() -> None:
    assert set(pictures(_tables(EMPTY), 10, 7)) == {"diagram"}


@pytest.mark.parametrize("name", ["diagram", "strategies", "replies", "positivity"])
def test_a_figure_drawn_twice_has_the_same_bytes(name: str, tmp_path: Path) -> None:
    written = []
    for _ in range(2):
        path = tmp_path / f"{name}.svg"
        save(pictures(_tables(STUDY), 10, 7)[name], path)
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


def test_the_strongest_tie_is_the_clearest_and_a_failed_fit_is_not_shown() -> None:
    ames = STUDY["estimates_regression"]
    broken = ames.with_columns(
        estimate=pl.when(pl.col("contrast") == "load").then(-2.689).otherwise("estimate"),
        se=pl.when(pl.col("contrast") == "business_hours").then(0.09).otherwise("se"),
    )
    shown = effects.who_is_answered(broken)
    assert shown is not None
    assert "with hostility: −6.0 points" in shown.takeaway
    labels = [label.get_text() for label in shown.figure.axes[0].get_yticklabels()]
    assert "load" not in labels
    unclear = effects.who_is_answered(ames.with_columns(lower=pl.lit(-0.3), upper=pl.lit(0.3)))
    assert unclear is not None
    assert unclear.takeaway == effects.NO_TIE
    assert effects.who_is_answered(ames.with_columns(lower=pl.lit(-2.0), upper=pl.lit(2.0))) is None


def test_a_source_of_incomplete_threads_says_that_its_shares_are_too_high() -> None:
    source = STUDY["source"].with_columns(threads_complete=False)
    drawn = pictures(_tables(STUDY | {"source": source}), 10, 7)
    assert {name for name, one in drawn.items() if one.takeaway.endswith("these shares are too high.")} == {
        "delays",
        "outcomes",
    }


def test_outcomes_are_named_by_the_horizon_and_labels_keep_apart() -> None:
    curves = STUDY["curves_incidence"].with_columns(value=pl.col("value") * 0 + 0.2)
    drawn = course.outcomes(curves.filter(pl.col("time_s") <= 86400), 7)
    assert drawn is not None
    assert drawn.takeaway.startswith("Within 7 days (the curves end at 24 h")
    axes = drawn.figure.axes[0]
    heights = sorted(text.xy[1] for text in axes.texts)
    least = course.LABEL_GAP * axes.get_ylim()[1]
    assert all(b - a > 0.99 * least for a, b in pairwise(heights))
    assert all(abs(100 * tick - round(100 * tick)) < 1e-9 for tick in axes.get_yticks())


def test_contrasts_with_the_same_cells_share_a_panel() -> None:
    first = STUDY["positivity"]
    again = first.with_columns(contrast=pl.lit("reply_1h_vs_1h_24h"))
    drawn = checks.positivity(pl.concat([first, again]), 10)
    assert drawn is not None
    assert [axes.get_title(loc="left") for axes in drawn.figure.axes] == [
        "reply 1h vs 1h 24h and reply 24h vs none"
    ]
    differing = again.with_columns(answered=pl.col("answered") - 1)
    apart = checks.positivity(pl.concat([first, differing]), 10)
    assert apart is not None
    assert len(apart.figure.axes) == 2


def _verdicts(*rows: tuple[str, str, str, str, float]) -> pl.DataFrame:
    """Answered claims: claim, contrast, outcome, scale, estimate."""
    names = ["claim", "contrast", "outcome", "scale", "estimate"]
    frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        verdict=pl.lit("inconclusive"),
        reason=pl.lit("."),
        sentence=pl.lit("."),
        lower=pl.col("estimate") - 0.02,
        upper=pl.col("estimate") + 0.02,
        sesoi=pl.when(pl.col("scale") == "log_rr").then(0.22).otherwise(0.02),
        p_adjusted=pl.lit(0.4),
        detectable=pl.lit(0.3),
        n=pl.lit(4629),
        confirmatory=pl.lit(False),
        lowered_by=pl.lit([], pl.List(pl.String)),
        deviations=pl.lit([], pl.List(pl.String)),
    )
    return conform("verdicts", frame)


COUNTED = ("T5", "reply_1h_vs_1h_24h", "spread", "log_rr", -0.1)


def test_ratios_have_a_panel_of_their_own_and_the_naive_of_their_scale() -> None:
    verdicts = _verdicts(("T1", "reply_24h_vs_none", "escalated", "rd", -0.04), COUNTED)
    naive = report_study.estimates(
        {"T1": ("x", "escalated", 0.1, 0.01, 0.0), "T5": ("x", "spread", 0.2, 0.01, 0.0)}, "m"
    )
    drawn = forest.claims_forest(verdicts, naive)
    assert drawn is not None
    points, ratios = drawn.figure.axes
    assert (points.get_xlabel(), ratios.get_xlabel()) == (forest.POINTS, forest.RATIO)
    assert ratios.get_xscale() == "log"
    assert list(forest.naive_of(verdicts, naive)) == ["T1"]


def test_two_claims_of_one_contrast_have_their_own_curves() -> None:
    both = pl.concat(
        [
            report_study.made_curves("counts_reply_1h_vs_1h_24h", ("spread",), ("reply within 1 h", "later")),
            report_study.made_curves("trial_reply_1h_vs_1h_24h", ("turned", "escalated"), ("soon", "later")),
        ]
    )
    early = ("T2", "reply_1h_vs_1h_24h", "turned", "rd", 0.1)
    keys = ["figure", "outcome"]
    shown = shown_curves(both, _verdicts(early, COUNTED)).select(keys).unique(maintain_order=True)
    assert shown.rows() == [
        ("trial_reply_1h_vs_1h_24h", "turned"), ("counts_reply_1h_vs_1h_24h", "spread"),
    ]  # fmt: skip
    assert shown_curves(both, _verdicts(early))["outcome"].unique().to_list() == ["turned"]
    drawn = course.strategies(shown_curves(both, _verdicts(early, COUNTED)))
    assert drawn is not None
    titles = [axes.get_title(loc="left") for axes in drawn.figure.axes]
    assert titles == ["Risk of turning", "Mean number of others against the company"]
    assert "Mean number of others against the company: 0.200 under" in drawn.takeaway


def test_balance_is_shown_for_the_arms_of_answered_claims_only() -> None:
    listed = ("proper_vs_not", "apology_vs_not", "fix_vs_not")
    balance = pl.concat([report_study.made_balance(contrast) for contrast in listed])
    verdicts = _verdicts(
        ("S6", "proper_x_hostile", "advocate", "rd", 0.1), ("N1", "apology_vs_not", "turned", "rd", 0.1)
    )
    shown = shown_balance(balance, verdicts)
    assert shown["contrast"].unique(maintain_order=True).to_list() == ["proper_vs_not", "apology_vs_not"]


def test_positivity_is_shown_once_for_each_population_of_complaints() -> None:
    names = [contrast.name for contrast in TIMING_CONTRASTS.values()]
    cells = pl.concat(
        [STUDY["positivity"].with_columns(contrast=pl.lit(name)) for name in dict.fromkeys(names)]
    )
    shown = shown_positivity(cells)["contrast"].unique().sort()
    assert shown.to_list() == ["reply_24h_vs_none", "reply_30min_vs_30_60min"]


def test_a_ratio_is_marked_in_the_table_of_verdicts(repo: Path) -> None:
    [row] = verdict_rows(_verdicts(COUNTED), load_claims(repo / "claims.yaml"))
    assert (row["estimate"], row["interval"], row["sesoi"]) == ("×0.90", "0.89 to 0.92", "×0.80")
    assert row["estimand"] == "mean number of others against the company within 7\u00a0d"


def test_a_map_of_few_points_is_not_drawn() -> None:
    assert texts.reply_map(STUDY["reply_types"], STUDY["reply_members"].head(19)) is None


def test_companies_below_the_minimum_cell_have_no_curve() -> None:
    few = STUDY | {"episodes": STUDY["episodes"].filter(pl.col("company") != "company 2")}
    whole, part = (pictures(_tables(tables), 10, 7)["delays"].figure.axes[0] for tables in (STUDY, few))
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
        confusion=tables["confusion"],
        calibration=tables["calibration"],
        learning=tables["learning"],
        drift=tables["drift"],
        reply_types=tables["reply_types"],
        reply_members=tables["reply_members"],
        curves_incidence=tables["curves_incidence"],
        curves_trials=tables["curves_trials"],
        answered=tables["estimates_regression"],
        estimates=pl.concat([tables["estimates_trials"], tables["estimates_reply_effects"]]),
        agents=tables["agents"],
        what_if=tables["what_if"],
        balance=pl.concat([tables["balance_trials"], tables["balance_reply_effects"]]),
        weights=pl.concat([tables["weights_trials"], tables["weights_reply_effects"]]),
        positivity=tables["positivity"],
        robustness=tables["estimates_robustness"],
        specifications=tables["specifications"],
        strengths=tables["confounder_strengths"],
        tipping=tables["tipping_points"],
    )
