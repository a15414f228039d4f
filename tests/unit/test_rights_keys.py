"""Keys that end: rotation gives new ids and keeps the forgotten out, destruction ends collecting."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from complaintlab.errors import UserError
from complaintlab.ids import study_key
from complaintlab.rights.keys import destroy, rotate
from complaintlab.rights.tombstones import add_tombstones, read_tombstones
from rights_study import DAY, collected, crawl_into, forum


def test_rotation_changes_every_id_and_the_fingerprint(tmp_path: Path) -> None:
    crawl_into(tmp_path, forum())
    before, old = collected(tmp_path)[0], study_key("discourse", tmp_path)
    new = rotate(tmp_path, "discourse", today=DAY)
    after = collected(tmp_path)[0]
    assert (tmp_path / "data/keys/discourse.fingerprint").read_text().strip() == new.fingerprint
    assert new.fingerprint != old.fingerprint
    assert study_key("discourse", tmp_path) == new
    assert not set(before["post_id"]) & set(after["post_id"])
    assert sorted(before["native_id"]) == sorted(after["native_id"])
    assert [path.name for path in (tmp_path / ".keys").iterdir()] == ["discourse.key"]
    assert "rotated" in (tmp_path / "data/forgotten.log").read_text()


def test_rotation_carries_tombstones_of_whom_raw_still_names(tmp_path: Path) -> None:
    crawl_into(tmp_path, forum())
    key = study_key("discourse", tmp_path)
    add_tombstones(tmp_path, "discourse", [key.pseudonym("author", "person1")], [], DAY)
    kept = sorted(collected(tmp_path)[0]["native_id"])
    new = rotate(tmp_path, "discourse", today=DAY)
    assert read_tombstones(tmp_path, "discourse").rows() == [
        (new.pseudonym("author", "person1"), "author", "2024-03-02")
    ]
    assert sorted(collected(tmp_path)[0]["native_id"]) == kept


def test_rotation_that_would_let_somebody_back_is_refused(tmp_path: Path) -> None:
    crawl_into(tmp_path, forum())
    key = study_key("discourse", tmp_path)
    add_tombstones(tmp_path, "discourse", [key.pseudonym("author", "stranger")], [], DAY)
    with pytest.raises(UserError, match="Of the tombstones of source 'discourse' 1 "):
        rotate(tmp_path, "discourse", today=DAY)
    assert study_key("discourse", tmp_path) == key
    rotate(tmp_path, "discourse", let_return=True, today=DAY)
    assert read_tombstones(tmp_path, "discourse").is_empty()


def test_a_killed_rotation_is_finished_with_the_key_that_it_had_begun(tmp_path: Path) -> None:
    study_key("table", tmp_path)
    coming = tmp_path / ".keys" / "table.next"
    coming.write_bytes(b"n" * 32)
    coming.chmod(0o600)
    assert rotate(tmp_path, "table", today=DAY).secret == b"n" * 32
    assert not coming.exists()


def test_a_destroyed_key_ends_collecting_and_says_so(tmp_path: Path) -> None:
    fingerprint = study_key("table", tmp_path).fingerprint
    destroy(tmp_path, "table", today=DAY)
    assert not (tmp_path / ".keys" / "table.key").exists()
    said = (tmp_path / "data/keys/table.fingerprint").read_text()
    assert said == f"destroyed on 2024-03-02 (was {fingerprint})\n"
    with pytest.raises(UserError, match="destroyed on 2024-03-02"):
        study_key("table", tmp_path)
    with pytest.raises(UserError, match="has no key"):
        destroy(tmp_path, "table", today=DAY)


def test_the_worlds_key_stays(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="published on purpose"):
        rotate(tmp_path, "world")


def test_tombstones_are_kept_in_one_order(tmp_path: Path) -> None:
    add_tombstones(tmp_path, "table", ["b", "a"], ["c"], DAY)
    add_tombstones(tmp_path, "table", ["a"], [], DAY.replace(year=2025))
    stones = read_tombstones(tmp_path, "table")
    assert stones["id"].to_list() == ["a", "b", "c"]
    assert stones["forgotten_on"].n_unique() == 1
    assert stones.equals(stones.sort("id", "kind"))
    assert isinstance(stones, pl.DataFrame)
