"""The real command in an empty folder: from nothing to the PDF, and then only what has changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import polars as pl
import pytest
import yaml
from nbclient import NotebookClient

from complaintlab.claims import load_claims

BIN = Path(sys.executable).parent
COPIED = (
    "params.yaml",
    "claims.yaml",
    "dvc.yaml",
    "pins.txt",
    "src",
    "data",
    "notebooks",
    ".dvc",
    ".dvcignore",
    "plan.lock",
    "reports/recovery.csv",
)
LEFT_BEHIND = {"data/tables", "data/raw", ".dvc/tmp", ".dvc/cache", ".dvc/config.local"}
CONTRACT = (
    "claim", "verdict", "certainty", "reason", "contrast", "scale", "estimate", "lower", "upper", "p",
    "p_adjusted", "n", "events",
)  # fmt: skip


def command(study: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(
        arguments, cwd=study, env=environment, capture_output=True, text=True, check=False, timeout=1800
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def study(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy without git, with a smaller world, run once."""
    folder = tmp_path_factory.mktemp("study")

    def made(directory: str, names: list[str]) -> set[str]:
        place = Path(directory).relative_to(repo)
        return {name for name in names if name == "__pycache__" or (place / name).as_posix() in LEFT_BEHIND}

    for name in COPIED:
        source = repo / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=made)
        else:
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(source, folder / name)
    settings = yaml.safe_load((folder / "params.yaml").read_text())
    settings["world"]["complaints"] = 1500
    settings["inference"]["resamples"] = 20
    (folder / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    command(folder, "complaintlab", "run")
    return folder


def test_the_run_ends_in_a_pdf_and_the_stable_contracts(study: Path) -> None:
    assert (study / "reports" / "complaints-world.pdf").read_bytes().startswith(b"%PDF")
    verdicts = pl.read_csv(study / "reports" / "verdicts.csv", infer_schema_length=None)
    assert tuple(verdicts.columns[: len(CONTRACT)]) == CONTRACT
    assert verdicts["claim"].to_list() == [claim.id for claim in load_claims(study / "claims.yaml").claims]
    assert json.loads((study / "reports" / "metrics.json").read_text())
    assert pl.read_csv(study / "reports" / "estimates.csv", infer_schema_length=None).height > 20


def test_every_claim_is_answered_or_says_why_not(study: Path) -> None:
    verdicts = pl.read_parquet(study / "data/tables/verdicts.parquet")
    silent = verdicts.filter(pl.col("estimate").is_null())
    assert all(claim.estimated for claim in load_claims(study / "claims.yaml").claims)
    assert verdicts.height == 30
    assert silent["verdict"].cast(pl.String).unique().to_list() == ["not testable here"]
    assert silent["reason"].str.len_chars().min() > 20


def test_a_second_run_has_nothing_to_do(study: Path) -> None:
    said = command(study, "complaintlab", "run").stdout
    assert "Running stage" not in said


def test_a_changed_model_parameter_runs_only_what_is_behind_it(study: Path) -> None:
    settings = yaml.safe_load((study / "params.yaml").read_text())
    settings["verdicts"]["power"] = 0.9
    (study / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    said = command(study, "complaintlab", "run").stdout
    ran = [line.split("'")[1] for line in said.splitlines() if line.startswith("Running stage")]
    assert "verdicts" in ran
    assert set(ran) <= {"label_error", "robustness", "verdicts", "report"}, "those ask for the rule's minimum"


NOTEBOOKS = (
    "1_look_at_threads",
    "2_measures_and_gold",
    "3_reply_clusters",
    "4_survival",
    "5_regression_trials_what_if",
    "6_your_own_data",
    "7_known_truth",
)


MEANT = {"1_look_at_threads": "assert curve['risk'].is_sorted(), 'a cumulative incidence only rises'"}
"""What a figure of a notebook shows, said of what it draws."""


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_notebooks_run_from_top_to_bottom(study: Path, name: str) -> None:
    notebook = nbformat.read(study / "notebooks" / f"{name}.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "strip outputs before committing"
    if name in MEANT:
        notebook.cells.append(nbformat.v4.new_code_cell(MEANT[name]))
    NotebookClient(
        notebook, kernel_name="python3", timeout=500, resources={"metadata": {"path": study / "notebooks"}}
    ).execute()
    red = [
        output.text
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and output.name == "stderr"
    ]
    assert not red
