"""`complaintlab scan`: a handle or a text in anything that can be published is found, and nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from complaintlab.rights.scan import scan, shingles
from rights_study import OTHER, WORDS, made_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = made_study(tmp_path_factory.mktemp("study"))
    (root / "reports/complaints.pdf").unlink()
    return root


@pytest.fixture
def root(study: Path, tmp_path: Path) -> Path:
    return shutil.copytree(study, tmp_path / "study")


def test_a_study_as_it_is_made_has_nothing_in_it(root: Path) -> None:
    scanned = scan(root, "discourse")
    assert scanned.findings == ()
    assert scanned.files >= 2
    assert scanned.handles >= 3
    assert scanned.texts > 20


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("reports/notes.csv", "who\nPERSON1\n"),
        ("reports/run.json", json.dumps({"by": "person2"})),
        ("notebooks/1.ipynb", json.dumps({"cells": [{"source": ["print(1)\n", "# ask @person1"]}]})),
        ("data/gold/codes.csv", "note\nsee /u/person2 there\n"),
        ("dvc.lock", "path: data/raw/person1.json\n".replace(".json", "")),
    ],
)
def test_a_handle_is_found_without_being_repeated(root: Path, name: str, content: str) -> None:
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text(content)
    (finding,) = scan(root, "discourse").findings
    assert finding.startswith(f"{name} names a person in line ")
    assert "person" not in finding.removeprefix(name).replace("a person", "").lower()


@pytest.mark.parametrize("text", [WORDS, OTHER.upper(), WORDS.replace(" ", "\n  ")])
def test_words_are_found_in_another_dress(root: Path, text: str) -> None:
    cells = [{"outputs": [{"text": [f"│ {text} │\n"]}]}]
    (root / "notebooks").mkdir()
    (root / "notebooks/1.ipynb").write_text(json.dumps({"cells": cells}))
    (finding,) = scan(root, "discourse").findings
    assert finding.startswith("notebooks/1.ipynb has 8 or more words in a row of ")
    assert "kettle" not in finding


def test_seven_words_numbers_and_private_files_are_let_be(root: Path) -> None:
    (root / "data/gold/private").mkdir()
    (root / "data/gold/private/tasks.json").write_text(json.dumps([WORDS]))
    (root / "reports/few.csv").write_text(" ".join(WORDS.split()[:7]) + "\n1,2,3,4,5,6,7,8,9,10,11\n")
    assert scan(root, "discourse").findings == ()


def test_what_a_company_says_is_public(root: Path) -> None:
    posts = pl.read_parquet(root / "data/tables/posts.parquet")
    said = "we are sorry that your order has not reached you in time"
    first = posts["post_id"][0]
    for company, found in (("Acme", 0), (None, 1)):
        changed = pl.col("post_id") == first
        posts.with_columns(
            text=pl.when(changed).then(pl.lit(said)).otherwise("text"),
            company=pl.when(changed).then(pl.lit(company)).otherwise("company"),
        ).write_parquet(root / "data/tables/posts.parquet")
        (root / "reports/families.csv").write_text(said)
        assert len(scan(root, "discourse").findings) == found


def test_what_cannot_be_searched_is_a_finding(root: Path) -> None:
    (root / "reports/figures").mkdir()
    (root / "reports/figures/a.png").write_bytes(b"\x89PNG")
    (root / "reports/broken.pdf").write_bytes(b"no pdf")
    findings = scan(root, "discourse").findings
    assert len(findings) == 2
    assert all("cannot be searched" in finding for finding in findings)


def test_shingles_are_runs_of_eight_words() -> None:
    assert list(shingles("one two three four five six seven")) == []
    assert len(list(shingles("One two, three four five six seven eight nine"))) == 2
    assert list(shingles("1 2 3 4 5 6 7 8 9")) == []
