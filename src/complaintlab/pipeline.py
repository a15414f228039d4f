"""dvc.yaml: made from the stages' contracts, and run with this environment first on the path."""

from __future__ import annotations

import ast
import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from complaintlab.errors import UserError
from complaintlab.freeze import GOLD_FILES
from complaintlab.params import Collect, Rights, load_params
from complaintlab.rights.retention import refuse_expired
from complaintlab.stages import CLAIMS_FILE, COMPANIES_FILE, CRAWLED_FILE, STAGES, contract
from complaintlab.store import find_root
from complaintlab.topics.files import TOPICS_FILE

PACKAGE = Path(__file__).parent
HEADER = "# What follows from what. Made from the stages' signatures by `make dvc.yaml`; a test compares.\n"

BINDING = ("stages.py", "store.py", "params.py", "tables/__init__.py")
"""Modules that bind every stage to its files, beside what the stage itself imports."""

WORLD_FILE = "data/world.yaml"

RESOURCES = {".safetensors", ".yaml", ".csv", ".txt", ".typ", ".json"}

COMMANDS = {"crawl": "complaintlab crawl --needed"}
"""Stages whose command is not just their name."""

EXTRA_DEPS: dict[str, tuple[str, ...]] = {
    "collect": (
        CRAWLED_FILE,
        "${collect.path}",
        "data/keys/${collect.source}.fingerprint",
        "data/tombstones/${collect.source}.csv",
    ),
    "truth": (WORLD_FILE,),
    "embed": (TOPICS_FILE,),
    "measure": (
        TOPICS_FILE,
        "data/measure_quality.csv",
        "data/measure_confusion.csv",
        "data/measure_calibration.csv",
        "data/learning_curve.csv",
        "data/coding/critics.csv",
        "data/coding/replies.csv",
        *GOLD_FILES,
    ),
    "coded": GOLD_FILES,
    "verdicts": ("plan.lock", *GOLD_FILES),
    "report": ("plan.lock", *GOLD_FILES, "reports/recovery.csv"),
}

EXTRA_OUTS: dict[str, dict[str, list[Any]]] = {
    # persistent outputs are not taken from dvc's run cache, which knows nothing of what is due by now
    "crawl": {"outs": [{CRAWLED_FILE: {"cache": False, "persist": True}}]},
    "verdicts": {
        "outs": [{"reports/verdicts.csv": {"cache": False}}, {"reports/estimates.csv": {"cache": False}}],
        "metrics": [{"reports/metrics.json": {"cache": False}}],
    },
    # not cached: when the source changes, dvc removes cached outputs that the new run does not make
    "report": {
        "outs": [{"reports/${study.name}-${collect.source}.pdf": {"cache": False}}, "reports/figures"]
    },
}

PLOTS: list[dict[str, Any]] = [
    {
        "answers": {
            "x": "estimate",
            "y": {"reports/verdicts.csv": "claim"},
            "template": "scatter",
            "title": "Primary estimate of each claim",
        }
    },
]


def code_closure(module: str) -> list[str]:
    """Files of this package that ``module`` imports, directly or not, itself included.

    Read off the import statements, so that an import inside a function counts as well.
    """
    seen = {PACKAGE / "__init__.py"}  # imports what it offers on first use only
    waiting = [_file_of(module)]
    while waiting:
        file = waiting.pop()
        if file is None or file in seen:
            continue
        seen.add(file)
        waiting.extend(_file_of(name) for name in _imports(file))
    seen.remove(PACKAGE / "__init__.py")
    return sorted(file.relative_to(PACKAGE.parents[1]).as_posix() for file in seen)


def _file_of(module: str) -> Path | None:
    parts = module.split(".")
    if parts[0] != PACKAGE.name:
        return None
    base = PACKAGE.joinpath(*parts[1:])
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.exists()), None)


@cache
def _imports(file: Path) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


@cache
def _data_of(file: Path) -> list[Path]:
    """Folders of the data that a file reads: its own, if it is a package or asks for it, and those named."""
    found = [file.parent] if file.name == "__init__.py" else []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name) and node.id in ("__file__", "__package__"):
            found.append(file.parent)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "files":
            named = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            found += [PACKAGE.joinpath(*str(name).split(".")[1:]) for name in named]
    return [folder for folder in found if folder != PACKAGE]


def _resources(code: Iterable[str]) -> set[str]:
    """Files of data that these files of code read."""
    root = PACKAGE.parents[1]
    folders = {folder for path in code for folder in _data_of(root / path)}
    data = (path for folder in folders for path in folder.rglob("*") if path.suffix in RESOURCES)
    return {path.relative_to(root).as_posix() for path in data}


def dvc_stage(stage: str) -> dict[str, Any]:
    """One stage of dvc.yaml: command, dependencies, parameters, outputs."""
    bound = contract(stage)
    module = STAGES[stage]
    code = set(code_closure(module)) | {f"src/complaintlab/{name}" for name in BINDING}
    deps = [f"data/tables/{name}.parquet" for name in bound.reads]
    deps += list(EXTRA_DEPS.get(stage, ()))
    deps += [COMPANIES_FILE] * bound.companies + [CLAIMS_FILE] * bound.claims
    deps += [*sorted(code | _resources(code)), "pins.txt"]
    described: dict[str, Any] = {"cmd": COMMANDS.get(stage, f"complaintlab {stage}"), "deps": deps}
    if bound.sections:
        described["params"] = [section.key for section in bound.sections]
    extra = EXTRA_OUTS.get(stage, {})
    outs: list[Any] = [f"data/tables/{name}.parquet" for name in bound.writes] + extra.get("outs", [])
    described["outs"] = outs
    return described | {key: value for key, value in extra.items() if key != "outs"}


def dvc_yaml() -> str:
    """The whole of dvc.yaml."""
    described = {"stages": {stage: dvc_stage(stage) for stage in STAGES}, "plots": PLOTS}
    return HEADER + yaml.safe_dump(described, sort_keys=False, width=110, allow_unicode=True)


def reproduce(targets: tuple[str, ...] = (), *, force: bool = False) -> int:
    """Run ``dvc repro`` in the study's folder; returns its exit code.

    Works in a copy without git as well: DVC is told so in .dvc/config.local.

    Raises:
        UserError: a target is no stage, params.yaml is not as it should be, or its file is not there.
    """
    if unknown := [target for target in targets if target not in STAGES]:
        raise UserError(f"There is no stage '{unknown[0]}'; there are: {', '.join(STAGES)}.")
    root = find_root()
    params = load_params(root / "params.yaml")
    collect = params.section(Collect)
    _check_source(collect, root)
    if collect.live:
        kept = params.section(Rights).retention_days
        refuse_expired(root, collect.source, kept, dt.datetime.now(dt.UTC))
    if collect.crawled:
        from complaintlab.crawl.stage import reopen  # the world needs no client of the network

        reopen(root, params)
    _tell_dvc_about_git(root)
    _keep_private(root)
    here = str(Path(sys.executable).parent)
    environment = os.environ | {"PATH": here + os.pathsep + os.environ.get("PATH", "")}
    command = [sys.executable, "-m", "dvc", "repro", *(["--force"] if force else []), *targets]
    return subprocess.run(command, cwd=root, env=environment, check=False).returncode


def _check_source(collect: Collect, root: Path) -> None:
    path = root / collect.path
    if collect.live and not collect.crawled and not path.exists():
        raise UserError(
            f"params.yaml: collect.path: {collect.path} is not there: set it to a folder or tar of raw "
            f"answers; or, to crawl, to data/raw/{collect.source} and collect.as_of to the crawl's end."
        )
    if not path.is_file() and not collect.live:
        what = "is a folder" if path.is_dir() else "is not there"
        raise UserError(f"params.yaml: collect.path: {collect.path} {what}: set it to the file to read.")
    if collect.source != "world" and path == root / WORLD_FILE:
        raise UserError(f"params.yaml: collect.path is the world's {WORLD_FILE}: set it to your file.")


def _tell_dvc_about_git(root: Path) -> None:
    local = root / ".dvc" / "config.local"
    without_git = "[core]\n    no_scm = true\n"
    if (root / ".git").exists():
        if local.exists() and local.read_text() == without_git:
            local.unlink()
    elif not local.exists():
        local.parent.mkdir(exist_ok=True)
        local.write_text(without_git)


def _keep_private(root: Path) -> None:
    """Tables and DVC's cache may hold people's texts: only their owner may look inside."""
    for folder in (root / "data" / "tables", root / ".dvc" / "cache", root / ".cache"):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)


if __name__ == "__main__":
    sys.stdout.write(dvc_yaml())
