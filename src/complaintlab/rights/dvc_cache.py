"""DVC's own copies: objects of its cache, its run cache; experiments and remotes are named, not touched."""

from __future__ import annotations

import configparser
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl
import yaml

from complaintlab.rights.tables import without_theirs
from complaintlab.rights.target import Target

_PARQUET: Final = b"PAR1"


class Copies(NamedTuple):
    """What was removed, and what still may hold a copy, in words."""

    objects: int
    runs: int
    elsewhere: tuple[str, ...]


def clean_dvc(root: Path, target: Target) -> Copies:
    """Remove cached tables that hold the forgotten, of whatever run or experiment, and runs that name them.

    Every cached table is looked into, since dvc.lock knows those of the last run only. What is removed here
    is made again by the next run.
    """
    cache = root / ".dvc" / "cache"
    touched = {path for path in sorted((cache / "files").rglob("*")) if _holds(path, target)}
    named = _locked_outputs(root)
    removed = {path.parent.name + path.name for path in touched}
    runs = [path for path in sorted((cache / "runs").rglob("*")) if path.is_file()]
    stale = [path for path in runs if removed & _outputs(path)]
    for path in (*stale, *sorted(touched)):  # runs first: they are found by the objects
        path.unlink()
    elsewhere = [*_experiments(root), *_temporary(root), *_remotes(root)]
    lost = sorted(name for name, md5 in named.items() if md5 in removed)
    if lost:
        elsewhere.append(f"dvc.lock still names the removed versions of {', '.join(lost)}: run again.")
    return Copies(len(touched), len(stale), tuple(elsewhere))


def _holds(path: Path, target: Target) -> bool:
    """Whether a cached object is a table with a row of the forgotten."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        if file.read(len(_PARQUET)) != _PARQUET:
            return False
    try:
        frame = pl.read_parquet(path)
    except pl.exceptions.PolarsError:
        return True  # torn: it is of no use, and what is in it cannot be told
    return not without_theirs(frame, target).equals(frame)


def _outputs(path: Path) -> set[str]:
    """Checksums of the outputs that a run (or a stage of dvc.lock) names."""
    said = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return {str(out["md5"]) for out in said.get("outs", []) if "md5" in out}


def _locked_outputs(root: Path) -> dict[str, str]:
    lock = root / "dvc.lock"
    stages = (
        (yaml.safe_load(lock.read_text(encoding="utf-8")) or {}).get("stages", {}) if lock.exists() else {}
    )
    return {out["path"]: str(out.get("md5")) for stage in stages.values() for out in stage.get("outs", [])}


def _experiments(root: Path) -> list[str]:
    """Refs under refs/exps hold dvc.lock and reports of other runs, no tables."""
    if not (root / ".git").exists():
        return []
    listed = subprocess.run(
        ["git", "for-each-ref", "--format=%(refname)", "refs/exps"],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return [f"The experiment {ref} may hold a report: remove it with `dvc exp remove`."
            for ref in listed.stdout.split()]  # fmt: skip


def _temporary(root: Path) -> list[str]:
    """Copies of the study that DVC makes for queued experiments."""
    folders = sorted((root / ".dvc" / "tmp" / "exps").glob("*/*/data/tables"))
    return [f"{path.relative_to(root)} is a copy of an experiment under way: remove it." for path in folders]


def _remotes(root: Path) -> list[str]:
    """Remotes of DVC by name only: an address may hold a password."""
    config = configparser.ConfigParser(strict=False, interpolation=None)
    config.read([root / ".dvc" / "config", root / ".dvc" / "config.local"])
    names = [
        section.split('"')[1] for section in config.sections() if section.strip("'").startswith("remote ")
    ]
    return [
        f"The DVC remote '{name}' was not reached: if tables were ever pushed to it, run "
        f"`dvc gc --workspace --cloud --remote {name}`."
        for name in names
    ]
