"""`complaintlab collect` and `complaintlab inspect` as an analyst types them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml

from collect_exports import POSTS, export, save

COMMAND = [sys.executable, "-c", "from complaintlab.cli import main; main()"]


def complaintlab(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def study(repo: Path, tmp_path: Path) -> Path:
    """A study in an empty folder, its source a small table."""
    params = yaml.safe_load((repo / "params.yaml").read_text(encoding="utf-8"))
    params["collect"] |= {"source": "table", "path": "posts.csv"}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "companies.yaml").write_text("companies: []\n", encoding="utf-8")
    save(export([*POSTS, {"post_id": "5", "created_at": "soon"}]), tmp_path / "posts.csv")
    return tmp_path


def test_collect_writes_its_tables(study: Path) -> None:
    done = complaintlab(study, "collect")
    assert done.returncode == 0, done.stderr
    tables = {path.stem: pl.read_parquet(path) for path in (study / "data" / "tables").iterdir()}
    assert tables["posts"].height == 4
    assert tables["posts"]["post_id"].is_sorted()
    assert tables["quarantine"].select("file", "row", "column").rows() == [("posts.csv", 5, "created_at")]
    assert tables["source"].select("rows_read", "rows_quarantined").rows() == [(5, 1)]
    assert tables["latent"].is_empty()


def test_collecting_again_writes_the_same_bytes(study: Path) -> None:
    def tables() -> dict[str, bytes]:
        assert complaintlab(study, "collect").returncode == 0
        return {path.name: path.read_bytes() for path in (study / "data" / "tables").iterdir()}

    assert tables() == tables()


def test_a_missing_column_ends_with_one_sentence(study: Path) -> None:
    save(export(POSTS).rename({"text": "texts"}), study / "posts.csv")
    done = complaintlab(study, "collect")
    assert done.returncode == 3
    assert done.stderr.startswith("complaintlab: ")
    assert "collect.columns.text=texts" in done.stderr
    assert "Traceback" not in done.stderr


def test_inspect_shows_the_file(study: Path) -> None:
    done = complaintlab(study, "inspect", "posts.csv")
    assert done.returncode == 0, done.stderr
    assert "What seems testable" in done.stdout
    assert "collect.source=table" in done.stdout
