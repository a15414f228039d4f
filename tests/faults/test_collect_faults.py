"""Damaged exports: what does not fit is reported, what cannot be used is refused in a sentence."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import zstandard

from collect_exports import POSTS, collect, export, save
from complaintlab.collect import Outputs
from complaintlab.errors import InputError
from complaintlab.params import Columns

HEADER = "post_id,author,created_at,text,parent\n"
GOOD = "1,ann,2024-01-01,fine,\n"


def read(tmp_path: Path, content: str | bytes, name: str = "p.csv") -> Outputs:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return collect(path)


def reported(outputs: Outputs) -> list[tuple[int, str | None]]:
    return outputs.quarantine.select("row", "column").rows()


@pytest.mark.parametrize(
    ("line", "column", "says"),
    [
        ("2,bob,soon,x,\n", "created_at", "'soon' is no date"),
        ("2,bob,,x,\n", "created_at", "no date"),
        (",bob,2024-01-01,x,\n", "post_id", "no id"),
        ("2,bob,2024-01-01,x,2\n", "parent", "answers itself"),
        ("1,bob,2024-01-01,other,\n", "post_id", "contradicts row 1"),
        ("1,ann,2024-01-01,fine,\n", "post_id", "repeats row 1"),
        ("2,bob,2024-01-01\n", None, "3 fields and the header 5 (lines 3 to 3"),
        ("2,bob,2024-01-01,x,,,\n", None, "7 fields and the header 5"),
        ('2,bob,2024-01-01,"never closed,\n3,x,y\n', None, "lines 3 to 4"),
    ],
)
def test_a_row_that_does_not_fit_is_reported(
    line: str, column: str | None, says: str, tmp_path: Path
) -> None:
    outputs = read(tmp_path, HEADER + GOOD + line)
    assert outputs.posts.height == 1
    assert reported(outputs) == [(2, column)]
    assert says in outputs.quarantine["reason"].item()
    assert outputs.quarantine["file"].item() == "p.csv"


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ({"likes": "many"}, "likes"),
        ({"is_host": "perhaps"}, "is_host"),
        ({"deleted_at": "2023-01-01"}, "deleted_at"),
        ({"deleted_at": "2024-02-01", "deleted_by": "me"}, "deleted_by"),
        ({"edited_at": "later"}, "edited_at"),
    ],
)
def test_optional_columns_are_checked_as_well(values: dict[str, str], column: str, tmp_path: Path) -> None:
    outputs = collect(save(export([*POSTS[:3], POSTS[3] | values]), tmp_path / "p.csv"))
    assert reported(outputs) == [(4, column)]


def test_rows_are_numbered_as_records_even_where_blank_lines_stand_between(tmp_path: Path) -> None:
    outputs = read(tmp_path, HEADER + GOOD + "\n" + "2,bob,soon,x,\n\n")
    assert reported(outputs) == [(3, "created_at")]
    assert outputs.source["rows_read"].item() == 2


def test_a_null_author_is_kept(tmp_path: Path) -> None:
    outputs = read(tmp_path, HEADER + GOOD + "2,,2024-01-01,gone,1\n")
    assert outputs.posts["author_id"].null_count() == 1


def test_bytes_that_are_no_utf8_are_mended_and_marked(tmp_path: Path) -> None:
    outputs = read(tmp_path, (HEADER + GOOD).encode() + b"2,bob,2024-01-01,caf\xe9,\n")
    posts = {row["native_id"]: row for row in outputs.posts.to_dicts()}
    assert (posts["2"]["text"], posts["2"]["repaired"], posts["1"]["repaired"]) == ("café", True, False)


@pytest.mark.parametrize(("line", "says"), [("{broken\n", "no JSON"), ("[1, 2]\n", "no JSON object")])
def test_a_bad_line_of_ndjson_is_reported(line: str, says: str, tmp_path: Path) -> None:
    good = '{"post_id": 1, "author": "ann", "created_at": 1704103200, "text": "x", "parent": null}\n'
    outputs = read(tmp_path, good + "\n" + line, "p.ndjson")
    assert reported(outputs) == [(3, None)]
    assert says in outputs.quarantine["reason"].item()
    assert outputs.source["rows_read"].item() == 2


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("p.csv", b"", "is empty"),
        ("p.csv", HEADER.encode(), "no rows"),
        ("p.csv", b"post_id,author,created_at,text\n1,a,2024-01-01,x\n", "collect.columns.parent"),
        ("p.csv", b"post_id,author,created_at,texts,parent\n", "collect.columns.text=texts"),
        ("p.csv", b"a,a\n1,2\n", "two columns called 'a'"),
        ("p.csv", HEADER.encode() + b"1,ann,never,x,\n2,bob,never,x,\n", "row 1, column created_at"),
        ("p.csv", (HEADER + GOOD).encode("utf-16"), "UTF-16"),
        ("p.xlsx", b"PK", "not one of"),
        ("p.csv.gz", gzip.compress((HEADER + GOOD).encode(), mtime=0)[:-9], "cannot be read"),
        ("p.csv.gz", b"no gzip", "cannot be read"),
        ("p.csv.zst", b"no zstandard", "cannot be read"),
        ("p.parquet", b"PAR1 no parquet", "no readable Parquet"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(name: str, content: bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, content, name)
    assert says in str(caught.value)
    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["p.csv.gz", "p.csv.zst", "p.ndjson.zst"])
def test_a_packed_file_that_is_cut_off_is_refused_not_shortened(name: str, tmp_path: Path) -> None:
    posts = [POSTS[0] | {"post_id": str(i), "text": f"text {i * i}"} for i in range(3_000)]
    path = save(export(posts), tmp_path / name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(InputError, match="cannot be read"):
        collect(path)


def test_frames_of_zstandard_one_after_another_are_one_file(tmp_path: Path) -> None:
    pack = zstandard.ZstdCompressor().compress
    outputs = read(tmp_path, pack(HEADER.encode()) + pack(GOOD.encode()), "p.csv.zst")
    assert outputs.posts.height == 1


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no file .*absent\.csv: give the path"):
        collect(tmp_path / "absent.csv")


def test_a_column_that_params_name_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no column 'body'"):
        collect(save(export(POSTS), tmp_path / "p.csv"), columns=Columns(text="body"))
