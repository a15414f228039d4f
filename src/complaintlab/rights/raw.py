"""The forgotten taken out of the raw answers of crawls, whole and readable at every moment.

Cleaned answers are appended first (the ledger does not speak of them yet), then the ledger is replaced by one
that does, then every byte that it does not vouch for is overwritten by skippable zstd frames (RFC 8878), so
that what was said is gone from the disk and `zstd -d` still reads the file.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import zstandard

from complaintlab.crawl.raw import ANSWERS, LEDGER, Event, Place, read_answers, read_events
from complaintlab.errors import UserError
from complaintlab.rights.files import replace_file
from complaintlab.rights.records import Cleaner
from complaintlab.rights.target import Target

_SKIPPABLE: Final = b"\x50\x2a\x4d\x18"
_HEADER: Final = 8
_LEVEL: Final = 9
_CHUNK: Final = 1 << 20


class Cleaned(NamedTuple):
    """What was done in data/raw: answers rewritten, and files that must be cleaned by hand."""

    answers: int
    by_hand: tuple[str, ...]


def clean_raw(root: Path, target: Target) -> Cleaned:
    """Take a target out of every crawl of its source; imported files are not ours to rewrite.

    Raises:
        UserError: a crawl is under way.
        InputError: a crawl is damaged.
    """
    folder = root / "data" / "raw" / target.source
    ledgers = sorted(folder.rglob(LEDGER))
    cleaner = Cleaner(target)
    answers = sum(clean_crawl(ledger.parent, cleaner) for ledger in ledgers)
    crawls = {ledger.parent for ledger in ledgers}
    others = [path for path in sorted(folder.rglob("*")) if path.is_file() and not set(path.parents) & crawls]
    return Cleaned(answers, tuple(path.relative_to(root).as_posix() for path in others))


def clean_crawl(folder: Path, cleaner: Cleaner) -> int:
    """Clean one crawl; the number of answers that were rewritten."""
    with locked(folder):
        events = list(read_events(folder))
        packed = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
        rewritten: list[bytes] = []
        end = max((event["offset"] + event["length"] for event in events if "offset" in event), default=0)
        told = []
        for event in events:
            fresh = cleaner.clean(event)
            if "offset" in event:
                place = Place(event["offset"], event["length"], event["sha256"])
                body = next(read_answers(folder, [place]))
                cleaned = cleaner.body(body, event["request"][2])
                if cleaned != body:
                    frame = packed.compress(cleaned)
                    fresh |= Place(end, len(frame), hashlib.sha256(cleaned).hexdigest())._asdict()
                    rewritten.append(frame)
                    end += len(frame)
            told.append(fresh)
        if told != events:
            _append(folder / ANSWERS, end - sum(map(len, rewritten)), rewritten)
            lines = b"".join(json.dumps(event, ensure_ascii=False).encode() + b"\n" for event in told)
            replace_file(folder / LEDGER, lambda beside: beside.write_bytes(lines))
        _overwrite_unvouched(folder / ANSWERS, told)
    return len(rewritten)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody crawls into the folder meanwhile (see ``crawl.raw``)."""
    with (folder / LEDGER).open("rb") as ledger:
        try:
            fcntl.flock(ledger, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(
                f"A crawl into {folder} is under way: let it finish, then run it again."
            ) from None
        yield


def _append(path: Path, start: int, frames: list[bytes]) -> None:
    """Write frames from ``start`` on, over whatever a killed process left there."""
    with path.open("rb+") as file:
        file.truncate(start)
        file.seek(start)
        file.writelines(frames)
        _to_disk(file)


def _overwrite_unvouched(path: Path, events: list[Event]) -> None:
    """Overwrite all bytes between the answers that the ledger knows; doing it twice changes nothing."""
    places = sorted((event["offset"], event["length"]) for event in events if "offset" in event)
    if not path.exists():
        return
    with path.open("rb+") as file:
        at = 0
        for offset, length in places:
            _blot(file, at, offset - at)
            at = offset + length
        file.truncate(at)
        _to_disk(file)


def _blot(file: BinaryIO, start: int, length: int) -> None:
    """One skippable frame of zeros; a frame of an answer is always longer than its header."""
    if length == 0:
        return
    file.seek(start)
    file.write(_SKIPPABLE + (length - _HEADER).to_bytes(4, "little"))
    left = length - _HEADER
    while left:
        left -= file.write(bytes(min(left, _CHUNK)))


def _to_disk(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
