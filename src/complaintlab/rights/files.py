"""Small helpers on files: atomic and with their mode kept, and where keys lie."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

LOG: Final = "data/forgotten.log"
"""What was removed when, and never of whom."""


def key_path(source: str, root: Path) -> Path:
    """Where the private key of a source lies (see ``ids.study_key``)."""
    return Path(os.environ.get("COMPLAINTLAB_KEYS", root / ".keys")) / f"{source}.key"


def replace_file(path: Path, write: Callable[[Path], object], mode: int = 0o600) -> None:
    """Replace a file whole, on disk when this returns; an existing one keeps its mode.

    The file beside it has one name, so that what a killed process left is overwritten by the next one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    write(beside)
    with beside.open("rb+") as opened:
        os.fsync(opened.fileno())
    beside.chmod(path.stat().st_mode & 0o777 if path.exists() else mode)
    beside.replace(path)


def append_line(path: Path, line: str) -> None:
    """Add a line to a file that only grows, on disk when this returns; a torn last line is ended first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torn = path.exists() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
    with path.open("ab") as file:
        file.write(b"\n" * torn + line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
