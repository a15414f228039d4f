"""Where a report comes from: what is printed in it, and what changes with every run and stands beside it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from complaintlab.params import Section

PACKAGES = ("polars", "numpy", "scipy", "statsmodels", "scikit-learn", "sentence-transformers", "typst")


def provenance(root: Path, sections: Sequence[Section], source: dict[str, Any]) -> list[dict[str, str]]:
    """Digests of what the report follows from, package versions, seeds; the same until one changes."""
    settings = {section.key: section.model_dump(mode="json") for section in sections}
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    seeds = [f"{key} {values['seed']}" for key, values in sorted(settings.items()) if "seed" in values]
    rows = [
        ("claims.yaml", _file_digest(root / "claims.yaml")),
        ("params.yaml", f"sha256 {digest[:16]} (settings read)"),
        ("plan.lock", _file_digest(root / "plan.lock")),
        ("pins.txt", _file_digest(root / "pins.txt")),
        ("key of ids", str(source["fingerprint"])),
        (
            "source",
            f"{source['source']}, crawl {source['crawl_id']}, as of {source['as_of']:%Y-%m-%d %H:%M} UTC",
        ),
        ("seeds", ", ".join(seeds)),
        ("packages", ", ".join(f"{name} {version(name)}" for name in PACKAGES)),
        ("complaintlab", version("complaintlab")),
    ]
    return [{"what": what, "value": value} for what, value in rows]


def this_run(root: Path, now: dt.datetime) -> dict[str, str | None]:
    """Revision, time and machine of one run, for reports/run.json."""
    return {
        "revision": _revision(root),
        "finished_at": now.isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def _file_digest(path: Path) -> str:
    if not path.exists() or not path.stat().st_size:
        return "none"
    return f"sha256 {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"


def _revision(root: Path) -> str | None:
    try:
        command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
