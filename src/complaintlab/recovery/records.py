"""What was found, world by world, kept on disk so that a killed run goes on where it was.

One file per cell, estimator and key: a line of JSON per world, on the disk before the next begins. A last
line that was torn by a crash is no record and is cut off before the next is written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from complaintlab.recovery.contract import Finding


@dataclass(frozen=True)
class Record:
    """What one estimator found in the world of one seed; ``seconds`` of CPU, simulation included."""

    seed: int
    seconds: float
    findings: tuple[Finding, ...]


class Records:
    """The records of one cell's estimator, made by the code that ``key`` stands for, under ``folder``."""

    def __init__(self, folder: Path, cell: str, estimator: str, key: str) -> None:
        self.path = folder / filename(cell) / f"{filename(estimator)}-{key}.ndjson"

    def read(self) -> list[Record]:
        """All whole records, one a seed, sorted by seed."""
        if not self.path.exists():
            return []
        lines = self.path.read_bytes().split(b"\n")[:-1]
        found = {record.seed: record for record in map(_parsed, lines)}
        return [found[seed] for seed in sorted(found)]

    def append(self, record: Record) -> None:
        """Add a record; it is on the disk when this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps(asdict(record), separators=(",", ":"), allow_nan=False).encode() + b"\n"
        with self.path.open("a+b") as file:
            _cut_torn_line(file)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


def filename(name: str) -> str:
    """A cell's or estimator's name as part of a path."""
    return name.replace("/", "-").replace(" ", "-").replace("%", "")


def _cut_torn_line(file: BinaryIO) -> None:
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return
    file.seek(size - 1)
    if file.read(1) != b"\n":
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)


def _parsed(line: bytes) -> Record:
    raw = json.loads(line)
    return Record(raw["seed"], raw["seconds"], tuple(Finding(**finding) for finding in raw["findings"]))


def missing(records: Sequence[Record], worlds: int) -> list[int]:
    """Seeds from 0 to ``worlds`` that have no record yet."""
    done = {record.seed for record in records}
    return [seed for seed in range(worlds) if seed not in done]
