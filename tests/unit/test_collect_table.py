"""Source `table`: the same rows give the same posts, whatever they come in."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collect_exports import POSTS, collect, export, save
from complaintlab.collect import Outputs
from complaintlab.companies import Companies, Company
from complaintlab.ids import study_key
from complaintlab.params import Columns, Declares
from complaintlab.tables import TABLES


@pytest.fixture
def outputs(tmp_path: Path) -> Outputs:
    return collect(save(export(POSTS), tmp_path / "posts.csv"))


def by_native_id(posts: pl.DataFrame) -> dict[str, dict[str, object]]:
    return {row["native_id"]: row for row in posts.to_dicts()}


def test_every_table_keeps_its_schema(outputs: Outputs) -> None:
    for name in outputs._fields:
        TABLES[name].validate(getattr(outputs, name))


def test_posts_as_they_are_meant(outputs: Outputs) -> None:
    posts = by_native_id(outputs.posts)
    assert posts["1"]["text"] == "@AcmeHelp it broke @user"
    assert posts["1"]["addressed"] == ["Acme"]
    assert posts["2"]["company"] == "Acme"
    assert posts["2"]["parent_id"] == posts["1"]["post_id"]
    assert posts["2"]["text"] == "@user Sorry! ^JK"
    assert posts["3"]["author_id"] == posts["1"]["author_id"]
    assert posts["3"]["text"] == 'two\nlines, "quoted"'
    assert posts["4"]["addressed"] == ["Acme", "Bolt"]
    assert posts["4"]["parent_id"] is None


def test_ids_are_keyed_and_the_key_is_private(outputs: Outputs, tmp_path: Path) -> None:
    key = study_key("table", tmp_path)
    assert by_native_id(outputs.posts)["1"]["post_id"] == key.pseudonym("post", "1")
    assert outputs.source["fingerprint"].item() == key.fingerprint
    assert (tmp_path / ".keys" / "table.key").stat().st_mode & 0o077 == 0


def test_a_file_is_one_look_at_its_latest_post(outputs: Outputs) -> None:
    assert outputs.sightings["seen_at"].unique().to_list() == [dt.datetime(2024, 1, 2, 9, tzinfo=dt.UTC)]
    assert outputs.sightings["status"].unique().to_list() == ["present"]
    assert not outputs.sightings["complete"].any()


FORMATS = ["p.csv.gz", "p.csv.zst", "p.ndjson", "p.jsonl.gz", "p.json.zst", "p.parquet"]


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_rows_in_another_format_give_the_same_posts(name: str, tmp_path: Path) -> None:
    plain = collect(save(export(POSTS), tmp_path / "p.csv"))
    other = collect(save(export(POSTS), tmp_path / name))
    assert other.posts.drop("crawl_id").equals(plain.posts.drop("crawl_id"))


def test_typed_parquet_and_ndjson_read_like_text(tmp_path: Path) -> None:
    frame = export(POSTS).with_columns(
        pl.col("post_id").cast(pl.Int64),
        pl.col("parent").replace("", None).cast(pl.Float64),
        pl.col("created_at").str.to_datetime(time_zone="UTC").dt.convert_time_zone("Asia/Tokyo"),
        pl.col("addressed").str.split("|").list.filter(pl.element() != ""),
    )
    plain = collect(save(export(POSTS), tmp_path / "p.csv")).posts.drop("crawl_id")
    assert collect(save(frame, tmp_path / "p.parquet")).posts.drop("crawl_id").equals(plain)
    seconds = frame.with_columns(pl.col("created_at").dt.epoch("s"))
    assert collect(save(seconds, tmp_path / "p.ndjson")).posts.drop("crawl_id").equals(plain)


names = st.text('abcdef 12é@.,"\n|', max_size=8)
exports = st.lists(
    st.fixed_dictionaries(
        {
            "post_id": st.sampled_from(["", "1", "2", "3", "x 4"]),
            "author": names,
            "created_at": st.sampled_from(["2024-01-01", "1704103200", "soon", ""]),
            "text": names,
            "parent": st.sampled_from(["", "1", "2", "9"]),
            "likes": st.sampled_from(["", "3", "many"]),
        }
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(exports, st.randoms())
def test_every_row_is_kept_or_reported_in_any_order(rows: list[dict[str, str]], random: object) -> None:
    good = {"post_id": "ok", "author": "ann", "created_at": "2024-01-01", "text": "fine"}
    with tempfile.TemporaryDirectory() as folder:
        outputs = collect(save(export([*rows, good]), Path(folder) / "p.csv"))
    source = outputs.source.row(0, named=True)
    assert source["rows_read"] == len(rows) + 1
    assert source["rows_read"] == outputs.posts.height + outputs.quarantine.height
    assert source["rows_quarantined"] == outputs.quarantine.height
    TABLES["quarantine"].validate(outputs.quarantine)


@settings(max_examples=20, deadline=None)
@given(st.permutations([*POSTS, POSTS[1]]))
def test_the_order_of_rows_does_not_matter(rows: list[dict[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shuffled = collect(save(export(rows), Path(folder) / "p.csv"))
        plain = collect(save(export(POSTS), Path(folder) / "p.csv"))
    assert shuffled.posts.equals(plain.posts)
    assert shuffled.sightings.equals(plain.sightings)


def test_columns_are_mapped_and_aliases_need_no_mapping(tmp_path: Path) -> None:
    mapped = export(POSTS).rename(
        {"post_id": "Nr", "text": "Body", "author": "author_id", "parent": "parent_id"}
    )
    outputs = collect(save(mapped, tmp_path / "p.csv"), columns=Columns(post_id="Nr", text="Body"))
    assert outputs.posts.equals(collect(save(export(POSTS), tmp_path / "p.csv")).posts)


def test_official_accounts_are_known_from_companies_yaml_too(tmp_path: Path) -> None:
    acme = Company(name="Acme", accounts={"table": ("AcmeHelp",)})
    frame = export(POSTS).drop("company")
    outputs = collect(save(frame, tmp_path / "p.csv"), companies=Companies(companies=(acme,)))
    assert outputs.posts.equals(collect(save(export(POSTS), tmp_path / "p.csv")).posts)


def test_deletions_and_counts_become_sightings(tmp_path: Path) -> None:
    rows = [
        POSTS[0] | {"deleted_at": "2024-01-01T20:00:00Z", "deleted_by": "host", "likes": "7"},
        POSTS[1] | {"deleted_at": "2024-03-01T00:00:00Z"},
        *POSTS[2:],
    ]
    outputs = collect(save(export(rows), tmp_path / "p.csv"))
    ids = {row["native_id"]: row["post_id"] for row in outputs.posts.to_dicts()}
    looks = {name: outputs.sightings.filter(pl.col("post_id") == ids[name]) for name in ids}
    assert looks["1"].select("status", "actor", "likes").rows() == [("absent", "host", 7)]
    assert looks["1"]["happened_at"].item() == dt.datetime(2024, 1, 1, 20, tzinfo=dt.UTC)
    assert looks["2"].sort("seen_at").select("status", "actor").rows() == [
        ("present", None),
        ("absent", "unknown"),
    ]
    assert looks["3"]["status"].to_list() == ["present"]


def test_what_the_analyst_declares_stands_above_the_default(tmp_path: Path) -> None:
    path = save(export(POSTS), tmp_path / "p.csv")
    default = collect(path).source.row(0, named=True)
    assert default["selected_on_reply"]
    assert not default["threads_complete"]
    said = collect(path, declares=Declares(selected_on_reply=False, threads_complete=True))
    assert not said.source["selected_on_reply"].item()
    assert said.source["threads_complete"].item()
    assert said.sightings["complete"].all()


def test_as_of_bounds_the_posts(tmp_path: Path) -> None:
    path = save(export(POSTS), tmp_path / "p.csv")
    outputs = collect(path, as_of=dt.datetime(2024, 1, 1, 12))
    assert outputs.quarantine.select("row", "column").rows() == [(4, "created_at")]
    assert outputs.source["as_of"].item() == dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)


def test_several_unreadable_dates_among_many_rows_go_to_quarantine(tmp_path: Path) -> None:
    """polars 2.1 panics when `pl.format` meets a filtered frame of several chunks."""
    good = [f"g{i},u,2025-03-01T10:00:00Z,{'nobody answers me ' * 4},," for i in range(900)]
    bad = ["b1,u,yesterday,x,,", "b2,u,2023-13-45,x,,"]
    path = tmp_path / "posts.csv"
    path.write_text("\n".join(["post_id,author,created_at,text,parent,company", *good, *bad]) + "\n")
    outputs = collect(path)
    assert outputs.posts.height == 900
    assert outputs.quarantine["row"].to_list() == [901, 902]
    assert "'yesterday' is no date" in outputs.quarantine["reason"][0]
