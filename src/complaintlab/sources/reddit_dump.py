"""Lines of a dump that belong to some communities, found without decoding the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

import zstandard

_CHUNK: Final = 2**22
_PACKED_CHUNK: Final = 2**18
_WINDOW: Final = 2**31
"""The dumps are packed with `--long=31`."""


def matching_lines(file: BinaryIO, packed: bool, communities: tuple[str, ...]) -> Iterator[bytes]:
    """Whole lines about ``communities`` (all where empty), joined by line feeds, a few megabytes at a time.

    A line is kept where it holds the community as the value of a key ``subreddit``, in any case; memory is a
    chunk, a line, and the window of the compression.

    Raises:
        ValueError: the file is no zstd, or cut off.
    """
    wanted = _pattern(communities)
    rest = b""
    for chunk in _chunks(file, packed):
        whole, found, tail = (rest + chunk).rpartition(b"\n")
        rest = tail
        if found and (kept := _kept(whole, wanted)):
            yield kept
    if kept := _kept(rest, wanted):
        yield kept


def _chunks(file: BinaryIO, packed: bool) -> Iterator[bytes]:
    if not packed:
        while chunk := file.read(_CHUNK):
            yield chunk
        return
    frame = _frame()
    while chunk := file.read(_PACKED_CHUNK):
        while chunk:
            if frame.eof:
                frame = _frame()
            try:
                yield frame.decompress(chunk)
            except zstandard.ZstdError as error:
                raise ValueError(f"it cannot be unpacked: {error}") from None
            chunk = frame.unused_data if frame.eof else b""
    if not frame.eof:
        raise ValueError("it is cut off")


def _frame() -> zstandard.ZstdDecompressionObj:
    return zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()


def _pattern(communities: tuple[str, ...]) -> re.Pattern[bytes] | None:
    if not communities:
        return None
    names = b"|".join(re.escape(name.removeprefix("r/")).encode() for name in communities)
    return re.compile(rb'"subreddit": ?"(?i:' + names + rb')"')


def _kept(lines: bytes, wanted: re.Pattern[bytes] | None) -> bytes:
    """The lines that match; only around a match is a line looked for."""
    if wanted is None:
        return lines
    kept, at = [], 0
    while (match := wanted.search(lines, at)) is not None:
        start, end = lines.rfind(b"\n", 0, match.start()) + 1, lines.find(b"\n", match.end())
        at = len(lines) if end < 0 else end
        kept.append(lines[start:at])
    return b"\n".join(kept)
