"""Where a crawl lies: its params, a ledger of what was done, and the answers as they came.

``data/raw/<source>/<crawl>/`` holds ``crawl.json`` (what fixes it), ``ledger.ndjson`` (one event a line) and
``answers.zst`` (one zstd frame an answer; `zstd -d` reads it whole). Both files only grow. An answer is on
disk before the event that speaks of it, so whatever a killed process left behind the last whole line of the
ledger was never said to be there and is cut off. Everything is readable by its owner only.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import zstandard

from complaintlab.errors import InputError, UserError

PARAMS, LEDGER, ANSWERS = "crawl.json", "ledger.ndjson", "answers.zst"
_LEVEL: Final = 9

Event = dict[str, Any]


class Place(NamedTuple):
    """Where an answer lies in ``answers.zst``."""

    offset: int
    length: int
    sha256: str
    """Of the answer itself, unpacked."""


class RawStore:
    """A crawl's folder, open for writing by one process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self._ledger = _open_private(folder / LEDGER)
        self._lock()
        self._answers = _open_private(folder / ANSWERS)
        self.events = list(self._restore())
        self._packer = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)

    def keep(self, body: bytes) -> Place:
        """Append an answer, on disk when this returns."""
        frame = self._packer.compress(body)
        offset = self._answers.seek(0, os.SEEK_END)
        _append(self._answers, frame)
        return Place(offset, len(frame), hashlib.sha256(body).hexdigest())

    def record(self, event: Event) -> None:
        """Append an event, on disk when this returns."""
        _append(self._ledger, json.dumps(event, ensure_ascii=False).encode() + b"\n")

    def close(self) -> None:
        self._answers.close()
        self._ledger.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._ledger, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._ledger.close()
            raise UserError(f"Another process is crawling into {self.folder}: let it finish.") from None

    def _restore(self) -> Iterator[Event]:
        """The events so far, both files cut back to what the ledger vouches for."""
        whole, answered = 0, 0
        for line in self._ledger:
            if not line.endswith(b"\n"):
                break
            event = _parsed(self.folder / LEDGER, line)
            whole += len(line)
            answered = max(answered, event.get("offset", 0) + event.get("length", 0))
            yield event
        size = self._answers.seek(0, os.SEEK_END)
        if size < answered:
            raise InputError(f"{self.folder / ANSWERS} is shorter than its ledger says: restore it.")
        self._ledger.truncate(whole)
        self._answers.truncate(answered)


def read_events(folder: Path) -> Iterator[Event]:
    """The events of a crawl, without touching it; a torn last line is left out."""
    with (folder / LEDGER).open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield _parsed(folder / LEDGER, line)


def read_answers(folder: Path, places: list[Place]) -> Iterator[bytes]:
    """Answers by their places, each checked.

    Raises:
        InputError: an answer is not what the ledger says.
    """
    unpacker = zstandard.ZstdDecompressor()
    with (folder / ANSWERS).open("rb") as file:
        for place in places:
            file.seek(place.offset)
            try:
                body = unpacker.decompressobj().decompress(file.read(place.length))
            except zstandard.ZstdError:
                body = b""
            if hashlib.sha256(body).hexdigest() != place.sha256:
                raise InputError(f"{folder / ANSWERS} is damaged at byte {place.offset}: restore it.")
            yield body


def _parsed(path: Path, line: bytes) -> Event:
    try:
        event: Event = json.loads(line)
    except ValueError:
        raise InputError(f"{path} is damaged: the line {line[:60]!r} is no JSON; restore it.") from None
    return event


def _open_private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b")


def _append(file: BinaryIO, content: bytes) -> None:
    file.seek(0, os.SEEK_END)
    file.write(content)
    file.flush()
    os.fsync(file.fileno())
