"""The retention clock: raw answers older than the param are refused, or removed on demand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from complaintlab.errors import UserError
from complaintlab.rights.expiry import remove_expired
from complaintlab.rights.retention import expired, refuse_expired
from rights_study import crawl_into, forum
from stubs.server import START

LATER = START + dt.timedelta(days=31)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    crawl_into(tmp_path, forum())
    return tmp_path


def test_raw_expires_after_the_days_of_its_last_answer(study: Path) -> None:
    assert expired(study, "discourse", 30, START + dt.timedelta(days=29)) == []
    assert expired(study, "discourse", None, LATER) == []
    assert len(expired(study, "discourse", 30, LATER)) == 1
    assert expired(study, "bluesky", 30, LATER) == []


def test_expired_raw_is_refused_in_one_sentence(study: Path) -> None:
    refuse_expired(study, "discourse", 30, START)
    with pytest.raises(UserError, match=r"rights\.retention_days: run `complaintlab forget --expired`"):
        refuse_expired(study, "discourse", 30, LATER)


def test_expired_raw_is_removed_and_logged(study: Path) -> None:
    (removed,) = remove_expired(study, "discourse", 30, LATER)
    assert not list((study / "data/raw/discourse").iterdir())
    assert not (study / ".cache/expired").exists()
    assert removed in (study / "data/forgotten.log").read_text()
    assert remove_expired(study, "discourse", 30, LATER) == []


def test_what_a_killed_removal_left_is_removed(study: Path) -> None:
    left = study / ".cache/expired/crawl"
    left.mkdir(parents=True)
    (left / "answers.zst").write_bytes(b"x")
    remove_expired(study, "discourse", 30, START)
    assert not left.exists()
    assert list((study / "data/raw/discourse").iterdir())


def test_without_the_param_nothing_expires(study: Path) -> None:
    with pytest.raises(UserError, match="is null"):
        remove_expired(study, "discourse", None, LATER)
