"""Codes on their way in: what fits is kept, what does not is set aside with a reason, nothing is lost."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaintlab.errors import InputError
from complaintlab.gold.codes import CODES_SCHEMA, Merged, disagreements, merge, resolved_codes
from complaintlab.gold.draw import draw_sample
from complaintlab.gold.label_studio import RAW_SCHEMA
from complaintlab.gold.messages import messages_to_code
from complaintlab.gold.sheets import blank_sheet, read_sheet
from complaintlab.labels import ACTS
from gold_study import Threads, ident


@pytest.fixture(scope="module")
def drawn() -> tuple[pl.DataFrame, pl.DataFrame]:
    """A sample of thread ``a`` (opener, reply, turn, bystander), and turns of ``a`` and ``b``."""
    threads = Threads()
    threads.add("a", p_event=(0.3,), bystanders=1)
    tables = threads.tables()
    sample = draw_sample(
        tables["episodes"], tables["turns"], tables["measures"], horizon_days=7, n=9, seed=1, minimum=1
    )
    threads.add("b")
    return sample, threads.tables()["turns"]


Row = tuple[str, str, str, str]


def handed(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=RAW_SCHEMA, orient="row")


def merged(drawn: tuple[pl.DataFrame, pl.DataFrame], *rows: Row, onto: pl.DataFrame | None = None) -> Merged:
    standing = pl.DataFrame(schema=CODES_SCHEMA) if onto is None else onto
    return merge(standing, handed(*rows), "file.csv", *drawn)


OPENER, REPLY, TURN, BYSTANDER = (ident(f"a.{place}") for place in range(4))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("nobody knows", "ann", "stance", "thanks"), "unknown post"),
        ((ident("b.0"), "ann", "stance", "thanks"), "the message is not in the sample"),
        ((TURN, "ann", "mood", "thanks"), "unknown label"),
        ((TURN, "ann", "stance", "happy"), "impossible value"),
        ((TURN, "ann", "stance", "thanks|neutral"), "impossible value"),
        ((OPENER, "ann", "hostility", "4"), "impossible value"),
        ((REPLY, "ann", "acts", "fix|shrug"), "impossible value"),
        ((REPLY, "ann", "acts", "fix|none"), "impossible value"),
        ((TURN, "ann", "acts", "fix"), "the label is not asked of such a message"),
        ((REPLY, "ann", "stance", "thanks"), "the label is not asked of such a message"),
        ((TURN, "", "stance", "thanks"), "no coder is named"),
    ],
)
def test_what_does_not_fit_is_set_aside_with_its_reason(drawn, row: Row, reason: str) -> None:  # type: ignore[no-untyped-def]
    good = (BYSTANDER, "ann", "target", "against")
    codes, quarantine = merged(drawn, row, good, row)
    assert codes.select("post_id", "coder", "label", "value").rows() == [good]
    assert quarantine.rows() == [("file.csv", *row, reason, 2)]


def test_a_text_that_was_changed_since_the_draw_is_set_aside(drawn) -> None:  # type: ignore[no-untyped-def]
    sample, turns = drawn
    changed = turns.with_columns(text_hash=pl.lit(ident("another text")))
    codes, quarantine = merged((sample, changed), (TURN, "ann", "stance", "thanks"))
    assert codes.is_empty()
    assert quarantine["reason"].to_list() == ["the text is not the one that was drawn"]


def test_a_second_code_by_one_coder_is_set_aside_and_the_first_stays(drawn) -> None:  # type: ignore[no-untyped-def]
    first, second = (TURN, "ann", "stance", "thanks"), (TURN, "ann", "stance", "resolved")
    codes, quarantine = merged(drawn, first, second, first)
    assert codes["value"].to_list() == ["thanks"]
    assert quarantine["reason"].to_list() == ["this coder has coded it thanks before"]
    codes, quarantine = merged(drawn, second, onto=codes)
    assert codes["value"].to_list() == ["thanks"]
    assert quarantine.height == 1


def test_acts_become_one_code_each_and_none_is_an_answer(drawn) -> None:  # type: ignore[no-untyped-def]
    codes, _ = merged(drawn, (REPLY, "ann", "acts", "fix|apology"), (REPLY, "bob", "acts", " None "))
    assert codes.height == 2 * len(ACTS)
    assert set(codes.filter(coder="ann", value="1")["label"]) == {"fix", "apology"}
    assert codes.filter(coder="bob", value="1").is_empty()


def test_a_code_carries_what_the_correction_needs(drawn) -> None:  # type: ignore[no-untyped-def]
    codes, _ = merged(drawn, (TURN, "ann", "stance", "thanks"))
    assert codes.rows() == [(TURN, "ann", "stance", "thanks", 1.0, ident("by a"), ident("a"))]


rows = st.lists(
    st.tuples(
        st.sampled_from([OPENER, REPLY, TURN, ident("b.0"), ""]),
        st.sampled_from(["ann", "bob", ""]),
        st.sampled_from(["stance", "acts", "fix", "mood"]),
        st.sampled_from(["thanks", "resolved", "fix|ask", "none", "1", "?"]),
    ),
    max_size=12,
)


@given(rows)
def test_merging_again_changes_nothing_and_nothing_is_lost(drawn, rows: list[Row]) -> None:  # type: ignore[no-untyped-def]
    once = merged(drawn, *rows)
    again = merged(drawn, *rows, onto=once.codes)
    assert again.codes.equals(once.codes)
    assert again.quarantine.equals(once.quarantine)
    kept = {(post, coder, label, value) for post, coder, label, value, *_ in once.codes.rows()}
    refused = {tuple(row[1:5]) for row in once.quarantine.rows()}
    for post, coder, label, value in rows:
        one_per_act = {(post, coder, act, "1" if act in value.split("|") else "0") for act in ACTS}
        assert {(post, coder, label, value)} <= kept | refused or one_per_act <= kept | refused


def coded(*rows: Row) -> pl.DataFrame:
    return handed(*rows).with_columns(
        sampling_probability=0.5, author_id=pl.lit("author"), thread_id=pl.lit("thread")
    )  # fmt: skip


def test_a_decision_wins_then_a_majority_then_nobody() -> None:
    codes = coded(
        ("p1", "ann", "stance", "thanks"), ("p1", "bob", "stance", "thanks"),
        ("p1", "cat", "stance", "neutral"),
        ("p2", "ann", "stance", "thanks"), ("p2", "bob", "stance", "neutral"),
        ("p3", "ann", "stance", "thanks"), ("p3", "bob", "stance", "neutral"),
        ("p3", "adjudicated", "stance", "resolved"),
        ("p4", "ann", "stance", "persists"),
        ("p5", "ann", "stance", "thanks"), ("p5", "bob", "stance", "thanks"),
        ("p5", "adjudicated", "stance", "neutral"),
    )  # fmt: skip
    settled = resolved_codes(codes)
    values = ["thanks", None, "resolved", "persists", "neutral"]
    assert settled["value"].to_list() == values
    assert settled["coders"].to_list() == [3, 2, 2, 1, 2]
    assert set(settled["sampling_probability"]) == {0.5}


def test_disagreements_show_each_coder_until_they_are_decided() -> None:
    codes = coded(
        ("p1", "ann", "stance", "thanks"), ("p1", "bob", "stance", "neutral"),
        ("p2", "ann", "stance", "thanks"), ("p2", "bob", "stance", "thanks"),
        ("p3", "ann", "fix", "1"), ("p3", "bob", "fix", "0"), ("p3", "adjudicated", "fix", "1"),
    )  # fmt: skip
    listed = disagreements(codes)
    assert listed.columns == ["post_id", "label", "ann", "bob", "adjudicated"]
    assert listed.rows() == [("p1", "stance", "thanks", "neutral", None)]


def test_long_wide_and_adjudicated_sheets_say_the_same(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "sheet.csv"
    path.write_text("post_id,coder,stance,acts,remark\np1,ann,thanks,,x\np2,ann,,fix|ask,\n")
    wide = read_sheet(path).codes
    path.write_text("post_id,coder,label,value\np1,ann,stance,thanks\np2,ann,acts,fix|ask\np3,ann,stance,\n")
    assert wide.equals(read_sheet(path).codes)
    path.write_text("post_id,label,ann,bob,adjudicated\np1,stance,thanks,neutral,neutral\np2,fix,1,0,\n")
    assert read_sheet(path).codes.rows() == [("p1", "adjudicated", "stance", "neutral")]


def test_a_sheet_of_another_shape_names_the_shapes(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "sheet.csv"
    path.write_text("id,mood\n1,good\n")
    with pytest.raises(InputError, match=r"sheet\.csv has the columns id, mood"):
        read_sheet(path)


def test_a_blank_sheet_filled_in_comes_back_as_codes(drawn, tmp_path) -> None:  # type: ignore[no-untyped-def]
    sheet = blank_sheet(messages_to_code(*drawn))
    assert all(not text.startswith(("=", "@", "+", "-")) for text in sheet["text"])
    path = tmp_path / "ann.csv"
    sheet.with_columns(
        coder=pl.lit("ann"),
        acts=pl.when(pl.col("item") == "reply").then(pl.lit("contact")).otherwise(pl.lit("")),
    ).write_csv(path)
    codes, quarantine = merge(pl.DataFrame(schema=CODES_SCHEMA), read_sheet(path).codes, "x", *drawn)
    assert codes.filter(value="1")["label"].to_list() == ["contact"]
    assert quarantine.is_empty()
