from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaintlab.errors import UserError
from complaintlab.ids import WORLD_KEY, Key, study_key


@given(st.lists(st.one_of(st.none(), st.text(max_size=12)), max_size=30))
def test_a_series_gets_the_ids_of_its_values(values: list[str | None]) -> None:
    key = Key(b"k" * 32)
    ids = key.pseudonyms("post", pl.Series(values, dtype=pl.String)).to_list()
    assert ids == [None if value is None else key.pseudonym("post", value) for value in values]


def test_ids_depend_on_key_and_kind_and_do_not_show_the_secret() -> None:
    one, other = Key(b"a" * 32), Key(b"b" * 32)
    assert len(one.pseudonym("post", "7")) == 20
    assert one.pseudonym("post", "7") != other.pseudonym("post", "7")
    assert one.pseudonym("post", "7") != one.pseudonym("person", "7")
    assert "aaa" not in repr(one)


def test_the_world_has_a_published_key_everybody_else_a_private_one(tmp_path: Path) -> None:
    assert study_key("world", tmp_path).secret == WORLD_KEY
    key = study_key("table", tmp_path)
    assert study_key("table", tmp_path) == key
    assert (tmp_path / ".keys" / "table.key").stat().st_mode & 0o077 == 0
    assert (tmp_path / "data/keys/table.fingerprint").read_text().strip() == key.fingerprint


def test_a_lost_key_is_not_replaced_in_silence(tmp_path: Path) -> None:
    study_key("table", tmp_path)
    (tmp_path / ".keys" / "table.key").unlink()
    with pytest.raises(UserError, match="put it back"):
        study_key("table", tmp_path)


def test_another_key_than_the_recorded_one_is_refused(tmp_path: Path) -> None:
    study_key("table", tmp_path)
    key = tmp_path / ".keys" / "table.key"
    key.write_bytes(b"x" * 32)
    with pytest.raises(UserError, match="records"):
        study_key("table", tmp_path)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    study_key("table", tmp_path)
    (tmp_path / ".keys" / "table.key").chmod(0o644)
    with pytest.raises(UserError, match="chmod 600"):
        study_key("table", tmp_path)
