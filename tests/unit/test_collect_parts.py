"""Dates, handles, mojibake and column guesses: the parts from which `collect` is made."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlab.collect.addressed import addressed
from complaintlab.collect.dates import parse_moments
from complaintlab.collect.guess import guess_columns
from complaintlab.collect.handles import pseudonymise
from complaintlab.collect.repair import mend_bytes, repair

NOON = dt.datetime(2017, 10, 31, 12, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "written",
    [
        "Tue Oct 31 12:00:00 +0000 2017",
        "Tue Oct 31 14:00:00 +0200 2017",
        "2017-10-31T12:00:00Z",
        "2017-10-31T12:00:00.000Z",
        "2017-10-31 12:00:00",
        "2017-10-31 12:00:00 UTC",
        "2017-10-31 12:00:00+00",
        "2017-10-31T12:00",
        "2017-10-31T07:00:00-05:00",
        "1509451200",
        "1509451200.0",
        "1509451200000",
    ],
)
def test_one_moment_in_every_form(written: str) -> None:
    assert parse_moments(pl.Series([written]))[0] == NOON


@pytest.mark.parametrize(
    "written", ["yesterday", "31/10/2017", "2017-02-30", "12", "", "2017-10-31T25:00:00"]
)
def test_what_is_no_date_is_null(written: str) -> None:
    assert parse_moments(pl.Series([written]))[0] is None


@settings(deadline=None)
@given(st.lists(st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2090, 1, 1)), min_size=1, max_size=20))
def test_dates_of_mixed_forms_survive(moments: list[dt.datetime]) -> None:
    moments = [moment.replace(microsecond=0, tzinfo=dt.UTC) for moment in moments]
    forms = ["%Y-%m-%dT%H:%M:%SZ", "%a %b %d %H:%M:%S +0000 %Y", "%Y-%m-%d %H:%M:%S"]
    written = [moment.strftime(forms[i % 3]) for i, moment in enumerate(moments)]
    assert parse_moments(pl.Series(written)).to_list() == moments


def test_people_lose_their_handles_and_companies_keep_theirs() -> None:
    texts = pl.Series(
        ["@115712 ask @AcmeHelp, not @Bob.bsky.social or @eve@mastodon.example; me@mail.example.com"]
    )
    said = pseudonymise(texts, ["acmehelp"])[0]
    assert said == "@user ask @AcmeHelp, not @user or @user; user@example.org"


def test_an_account_that_begins_like_an_official_one_is_a_person() -> None:
    assert pseudonymise(pl.Series(["@acme_fan @acme"]), ["acme"])[0] == "@user @acme"


@settings(deadline=None)
@given(st.text(max_size=60))
def test_replacing_handles_twice_changes_nothing_more(text: str) -> None:
    once = pseudonymise(pl.Series([text]), ["acme"])
    assert pseudonymise(once, ["acme"]).to_list() == once.to_list()


def test_mojibake_is_mended_and_true_text_is_not_touched() -> None:
    texts = pl.Series(["I canâ€™t", "Ã©tÃ©", "São Tomé – “café” €5", "plain", "naïve Â"])
    mended, repaired = repair(texts)
    assert mended.to_list() == ["I can’t", "été", "São Tomé – “café” €5", "plain", "naïve Â"]
    assert repaired.to_list() == [True, True, False, False, False]


def test_stray_bytes_are_read_as_windows_1252() -> None:
    assert mend_bytes(b"caf\xe9 \x93x\x94".decode("utf-8", "surrogateescape")) == "café “x”"


def test_who_is_addressed() -> None:
    rows = pl.DataFrame(
        {
            "post_id": ["1", "2", "3", "4", "5", "6"],
            "parent_id": [None, None, None, None, None, "5"],
            "company": [None, None, None, None, None, "Bolt"],
            "text": ["@acmehelp and @Bolt_UK", "hello", "no one", "@acmehelp", "hm", "so"],
            "addressed": [None, None, None, "Bolt, Other", None, None],
            "place": [None, "acmehelp", "town", None, None, None],
        }
    )
    names = {"acmehelp": "Acme", "bolt_uk": "Bolt"}
    said = [["Acme", "Bolt"], ["Acme"], [], ["Bolt", "Other"], [], []]
    assert addressed(rows, names).to_list() == said
    assert addressed(rows, names, answer_tells=True).to_list() == [*said[:4], ["Bolt"], []]


def test_columns_are_guessed_by_content_where_names_say_nothing() -> None:
    frame = pl.DataFrame(
        {
            "a": [f"k{i}" for i in range(10)],
            "b": ["ann", "help"] * 5,
            "c": [f"2024-01-{i + 1:02d} 10:00" for i in range(10)],
            "d": ["several words here"] * 10,
            "e": [None, *(f"k{i}" for i in range(9))],
            "brand": ["Acme"] * 10,
        }
    )
    guessed = {ours: theirs for ours, (theirs, _) in guess_columns(frame).items()}
    assert guessed == {
        "post_id": "a", "author": "b", "created_at": "c", "text": "d", "parent": "e", "addressed": "brand",
    }  # fmt: skip
