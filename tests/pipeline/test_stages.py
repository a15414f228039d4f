"""dvc.yaml says what the stages' signatures and imports say; the command line teaches and forgives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from complaintlab.pipeline import code_closure, dvc_stage, dvc_yaml
from complaintlab.stages import STAGES, contract
from complaintlab.tables import TABLES
from complaintlab.tables.dictionary import dictionary


def cli(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / "complaintlab"), *arguments],
        cwd=cwd, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_dvc_yaml_is_what_the_signatures_say(repo: Path) -> None:
    assert (repo / "dvc.yaml").read_text() == dvc_yaml(), "run `make dvc.yaml`"


def test_the_dictionary_is_what_the_schemas_say(repo: Path) -> None:
    assert (repo / "data" / "dictionary.md").read_text() == dictionary(), "run `make data/dictionary.md`"


def test_every_table_is_written_once_and_read_after_it_is_written() -> None:
    written: list[str] = []
    for stage in STAGES:
        assert set(contract(stage).reads) <= set(written), stage
        written += contract(stage).writes
    assert sorted(written) == sorted(TABLES)


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "embed"])
def test_only_embed_imports_torch(stage: str) -> None:
    program = (
        f"import sys, importlib; importlib.import_module('{STAGES[stage]}'); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_stage_depends_on_what_it_imports_and_on_nothing_behind_it() -> None:
    spells = code_closure("complaintlab.spells")
    assert "src/complaintlab/labels.py" in spells
    assert not any("report" in path or "verdicts" in path for path in spells)


@pytest.mark.parametrize("stage", ["embed", "measure"])
def test_a_stage_that_reads_with_a_model_depends_on_it(stage: str) -> None:
    """Its data as well: readings by another reader than the one that is shipped would be stale."""
    deps = dvc_stage(stage)["deps"]
    for side in ("customer", "company"):
        assert f"src/complaintlab/measure/{side}.yaml" in deps
        for part in ("adapters.safetensors", "heads.safetensors"):
            assert f"src/complaintlab/measure/models/{side}-{part}" in deps


def test_help_lists_every_stage(tmp_path: Path) -> None:
    shown = cli("--help", cwd=tmp_path)
    assert shown.returncode == 0
    assert all(stage in shown.stdout for stage in STAGES)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run"], "params.yaml"),
        (["threads"], "params.yaml"),
        (["freeze"], "params.yaml"),
    ],
)
def test_outside_a_study_one_sentence_and_no_traceback(
    arguments: list[str], says: str, tmp_path: Path
) -> None:
    said = cli(*arguments, cwd=tmp_path)
    assert said.returncode == 2
    assert says in said.stderr
    assert len(said.stderr.strip().splitlines()) == 1


def test_a_stage_before_its_inputs_says_what_to_do(repo: Path, tmp_path: Path) -> None:
    for name in ("params.yaml", "claims.yaml"):
        (tmp_path / name).write_bytes((repo / name).read_bytes())
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "companies.yaml").write_text("companies: []\n")
    said = cli("threads", cwd=tmp_path)
    assert said.returncode == 2
    assert "'posts' is not there yet" in said.stderr


def test_an_unknown_stage_is_named(repo: Path) -> None:
    said = cli("run", "sort", cwd=repo)
    assert said.returncode == 2
    assert "no stage 'sort'" in said.stderr


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("source: world", "source: tabel", "collect.source"),
        ("path: data/world.yaml", "path: nowhere.csv", "collect.path: nowhere.csv is not there"),
        ("path: data/world.yaml", "path: data", "is a folder"),
        ("source: world", "source: table", "set it to your file"),
        ("source: world", "sorce: world", "collect.source"),
        ("study:", "study: [", "not valid YAML"),
    ],
)
def test_a_wrong_param_is_one_sentence_before_anything_runs(
    repo: Path, tmp_path: Path, old: str, new: str, says: str
) -> None:
    (tmp_path / "params.yaml").write_text((repo / "params.yaml").read_text().replace(old, new, 1))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "world.yaml").write_text("{}\n")
    said = cli("run", cwd=tmp_path)
    assert said.returncode == 2
    assert says in said.stderr
    assert len(said.stderr.strip().splitlines()) == 1


def test_inspecting_a_file_without_posts_gives_no_command_and_fails(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("colour,size\nred,1\n")
    said = cli("inspect", "table.csv", cwd=tmp_path)
    assert said.returncode == 3
    assert "dvc exp run" not in said.stdout
