"""`complaintlab recover` in an empty folder: runs, goes on, rebuilds, and fails when an estimator does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

BIN = Path(sys.executable).parent
CELL = "hazard/null"


def recover(study: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "complaintlab"), "recover", *arguments]
    return subprocess.run(command, cwd=study, capture_output=True, text=True, check=False, timeout=900)


def table(study: Path) -> pl.DataFrame:
    return pl.read_csv(study / "reports" / "recovery.csv")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "params.yaml").write_text("")
    return tmp_path


def test_it_goes_on_where_it_was_and_the_table_can_be_rebuilt(study: Path) -> None:
    first = recover(study, "--only", CELL, "--worlds", "3")
    assert first.returncode == 0, first.stderr
    assert "3 of 3 worlds to run" in first.stdout
    (stored,) = (study / ".cache" / "recovery" / "hazard-null").glob("Cox-[0-9a-f]*.ndjson")
    stored.write_bytes(stored.read_bytes()[:-20])  # as if killed while writing
    second = recover(study, "--only", CELL, "--worlds", "4", "--jobs", "2")
    assert "2 of 4 worlds to run" in second.stdout
    found = table(study)
    assert found["worlds"].to_list() == [4] * found.height
    assert found.filter(pl.col("estimator") == "Cox")["truth"].to_list() == [0.0]
    before = (study / "reports" / "recovery.csv").read_bytes()
    (study / "reports" / "recovery.csv").unlink()
    assert recover(study, "--table").returncode == 0
    assert (study / "reports" / "recovery.csv").read_bytes() == before


def test_an_own_estimator_that_fails_is_named_and_ends_with_an_error(study: Path) -> None:
    recover(study, "--only", CELL, "--worlds", "2")
    (stored,) = (study / ".cache" / "recovery" / "hazard-null").glob("Cox-[0-9a-f]*.ndjson")
    record = json.loads(stored.read_text().splitlines()[0])
    for finding in record["findings"]:
        finding |= {"estimate": 1.0, "se": 0.1, "lower": 0.8, "upper": 1.2, "p": 1e-20}
    stored.write_text("".join(json.dumps(record | {"seed": seed}) + "\n" for seed in range(40)))
    done = recover(study, "--table")
    assert done.returncode == 1
    assert "FAILS hazard/null: Cox, answered: bias, coverage, false verdicts" in done.stdout


def test_mistakes_are_told_in_a_sentence(study: Path) -> None:
    assert "choose one of quick, hour, night" in recover(study, "--part", "day").stderr
    assert "no cell is named so" in recover(study, "--only", "nothing").stderr
    assert "There are no records yet" in recover(study, "--table").stderr
    assert os.listdir(study) == ["params.yaml"]
