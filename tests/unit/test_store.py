from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from complaintlab.errors import UserError
from complaintlab.store import Store, conform, find_root, write_atomically, write_csv
from complaintlab.tables import TABLES


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "params.yaml").write_text("study: {}\n")
    return tmp_path


def flow(steps: list[int]) -> pl.DataFrame:
    return conform(
        "flow",
        pl.DataFrame({"step": steps}).with_columns(
            unit=pl.lit("posts"), name=pl.lit("read"), n=pl.lit(1), lost=pl.lit(0)
        ),
    )


def test_rows_are_kept_in_the_order_of_the_key(study: Path) -> None:
    Store(study).write("flow", flow([3, 1, 2]))
    assert Store(study).read("flow")["step"].to_list() == [1, 2, 3]


def test_the_same_rows_give_the_same_bytes(study: Path) -> None:
    store = Store(study)
    store.write("flow", flow([1, 2, 3]))
    first = store.path("flow").read_bytes()
    store.write("flow", flow([3, 2, 1]))
    assert store.path("flow").read_bytes() == first


def test_a_table_that_breaks_its_schema_is_not_written(study: Path) -> None:
    with pytest.raises(UserError, match="'flow'"):
        Store(study).write("flow", flow([1, 1]))
    assert not Store(study).path("flow").exists()


def test_a_table_that_is_not_there_yet_says_what_to_do(study: Path) -> None:
    with pytest.raises(UserError, match="complaintlab run"):
        Store(study).read("flow")


def test_an_unknown_table_names_the_known_ones(study: Path) -> None:
    with pytest.raises(UserError, match="episodes"):
        Store(study).read("nothing")


def test_a_writer_that_fails_leaves_the_old_file_and_no_other(study: Path) -> None:
    target = study / "out" / "file.txt"
    write_atomically(target, lambda beside: beside.write_text("old"))

    def fail(beside: Path) -> None:
        beside.write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_atomically(target, fail)
    assert target.read_text() == "old"
    assert list(target.parent.iterdir()) == [target]


def test_lists_are_joined_in_csv(tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", pl.DataFrame({"a": [["p", "q"], []], "b": [1, 2]}))
    assert (tmp_path / "x.csv").read_text() == 'a,b\np|q,1\n"",2\n'


def test_outside_a_study_the_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"params\.yaml"):
        find_root(tmp_path)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_has_a_key_documentation_and_an_empty_form(table: str) -> None:
    schema = TABLES[table]
    assert schema.primary_key()
    assert schema.__doc__
    assert all(column.description for column in schema.columns().values())
    assert schema.validate(schema.create_empty()).is_empty()
