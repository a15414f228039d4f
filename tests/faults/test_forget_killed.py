"""A `forget` that is killed at any write is finished by running it again; no file is ever half-written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from complaintlab.rights.forget import forget
from rights_study import DAY, collected, everything, made_study

TESTS = Path(__file__).parents[1]

FORGET = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
left = int(sys.argv[3])

def counted(real):
    def call(*arguments):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return real(*arguments)
    return call

os.fsync, os.replace, os.unlink = counted(os.fsync), counted(os.replace), counted(os.unlink)
from rights_study import DAY
from complaintlab.rights.forget import forget
forget(Path(sys.argv[2]), "discourse", author="person1", today=DAY)
"""


def killed_at(root: Path, step: int) -> int:
    command = [sys.executable, "-c", FORGET, str(TESTS), str(root), str(step)]
    return subprocess.run(command, env=os.environ | {"POLARS_MAX_THREADS": "1"}, check=False).returncode


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def alone(study: Path, tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """What is left where nobody disturbed it."""
    root = shutil.copytree(study, tmp_path_factory.mktemp("alone") / "study")
    forget(root, "discourse", author="person1", today=DAY)
    return state(root)


def state(root: Path) -> list[object]:
    tables = [pl.read_parquet(path).rows() for path in sorted((root / "data/tables").glob("*.parquet"))]
    posts, sightings = collected(root)
    files = sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and "raw" not in path.parts
    )
    stones = (root / "data/tombstones/discourse.csv").read_text()
    return [tables, posts.rows(), sightings.rows(), files, stones]


@pytest.mark.slow
@pytest.mark.parametrize("step", [0, 1, 5, 10, 14, 16, 18, 20, 22, 24, 26, 28])
def test_killed_at_a_write_it_is_finished_by_the_next(
    study: Path, alone: list[object], tmp_path: Path, step: int
) -> None:
    root = shutil.copytree(study, tmp_path / "study")
    assert killed_at(root, step) == -9
    for path in [*root.rglob("data/tables/*.parquet"), *root.rglob(".cache/**/*.parquet")]:
        pl.read_parquet(path)  # whole at every moment
    collected(root)  # raw answers and their ledger agree at every moment
    forget(root, "discourse", author="person1", today=DAY)
    left = everything(root)
    for trace in ("person1", "Quagga", "zebra"):
        assert trace not in left, trace
    assert state(root) == alone


def test_left_alone_it_ends(study: Path, tmp_path: Path) -> None:
    root = shutil.copytree(study, tmp_path / "study")
    assert killed_at(root, 10_000) == 0
