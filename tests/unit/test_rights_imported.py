"""People's rights where raw answers were brought by the analyst: `collect.path` is a tar outside data/raw."""

from __future__ import annotations

import datetime as dt
import io
import json
import tarfile
from pathlib import Path

import pytest
import yaml

from complaintlab.rights.forget import forget
from complaintlab.rights.keys import rotate
from complaintlab.rights.scan import scan
from complaintlab.rights.tombstones import without_forgotten
from rights_study import DAY, WORDS
from stubs.crawling import collect_raw
from stubs.forum import made_topic
from stubs.server import START


@pytest.fixture
def root(repo: Path, tmp_path: Path) -> Path:
    """A study of two topics, opened by person1 and person2, whose tables are made."""
    with tarfile.open(tmp_path / "raw.tar", "w") as tar:
        for number in (1, 2):
            topic = made_topic(number, 4, START - dt.timedelta(days=3))
            posts = topic["post_stream"]["posts"]
            posts[0]["cooked"] = f"<p>{WORDS}</p>" if number == 1 else posts[0]["cooked"]
            topic["post_stream"]["stream"] = [post["id"] for post in posts]
            packed = tarfile.TarInfo(f"{number}.json")
            packed.size = len(body := json.dumps(topic).encode())
            tar.addfile(packed, io.BytesIO(body))
    params = yaml.safe_load((repo / "params.yaml").read_text())
    params["collect"] |= {"source": "discourse", "path": "raw.tar"}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    (tmp_path / "data/tables").mkdir(parents=True)
    (tmp_path / "reports").mkdir()
    _tables(tmp_path)
    return tmp_path


def _tables(root: Path) -> set[str]:
    """Make the tables as the stage does; whose posts are in them."""
    outputs = collect_raw("discourse", root / "raw.tar", root)
    posts, sightings = without_forgotten(outputs.posts, outputs.sightings, root, "discourse")
    posts.write_parquet(root / "data/tables/posts.parquet")
    sightings.write_parquet(root / "data/tables/sightings.parquet")
    return {native.split("/")[0] for native in posts["native_id"] if native.endswith("/1")}


def test_a_scan_looks_for_those_whom_the_tar_names(root: Path) -> None:
    clean = scan(root, "discourse")
    assert (clean.handles, clean.findings) == (3, ())
    (root / "reports/notes.csv").write_text(f"text\nperson1\n{WORDS}\n")
    assert len(scan(root, "discourse").findings) == 2


def test_a_handle_in_any_case_is_forgotten_and_a_new_key_lets_nobody_back(root: Path) -> None:
    done = forget(root, "discourse", author="PERSON1", today=DAY)
    assert done.removed["data/tables/posts.parquet"] == 3
    assert any(note.startswith("raw.tar is yours and was not changed") for note in done.by_hand)
    assert _tables(root) == {"2"}
    rotate(root, "discourse", today=DAY)
    assert _tables(root) == {"2"}


def test_stock_phrases_in_texts_of_the_measures_are_no_finding(root: Path) -> None:
    (root / "data/coding").mkdir()
    (root / "data/coding/critics.csv").write_text(" ".join(WORDS.split()[:9]) + "\n")
    assert scan(root, "discourse").findings == ()


def test_a_person_named_like_a_company_hides_no_company(root: Path) -> None:
    (root / "reports/estimates.csv").write_text("company\nperson1\n")
    assert len(scan(root, "discourse").findings) == 1
    (root / "data/companies.yaml").write_text("companies: [{name: Person1}]\n")
    assert scan(root, "discourse").findings == ()
