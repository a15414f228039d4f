"""Keys of pseudonyms: a new one in place of the old, or none any more."""

from __future__ import annotations

import datetime as dt
import os
import secrets
from pathlib import Path

import polars as pl

from complaintlab.errors import UserError
from complaintlab.ids import KEY_BYTES, Key
from complaintlab.rights.files import LOG, append_line, key_path, replace_file
from complaintlab.rights.forget import resume
from complaintlab.rights.named import FORGOTTEN, everybody
from complaintlab.rights.tombstones import read_tombstones, tombstones_path


def rotate(root: Path, source: str, *, let_return: bool = False, today: dt.date | None = None) -> Key:
    """Replace a source's key; the fingerprint changes with it, so that ``collect`` runs again.

    Tombstones are carried over for everybody whom raw answers or the export still name.

    Raises:
        UserError: there is no key, or a tombstone cannot be carried over and ``let_return`` is not set.
    """
    path = _private_key(root, source)
    resume(root, today)
    old, coming = Key(path.read_bytes()), path.with_suffix(".next")
    if not coming.exists():  # else a killed rotation is finished
        replace_file(coming, lambda beside: beside.write_bytes(secrets.token_bytes(KEY_BYTES)))
    new = Key(coming.read_bytes())
    stones = read_tombstones(root, source)
    carried = _carried(root, source, stones, old, new)
    lost = stones.filter(~pl.col("id").is_in(carried["old"].implode()), ~_is_under(new, carried))
    if lost.height and not let_return:
        coming.unlink()
        raise UserError(
            f"Of the tombstones of source '{source}' {lost.height} stand for people and posts that nothing "
            "names any more, so a new key would let them back: rotate with --let-return and forget them "
            "again by handle, or keep the key."
        )
    fresh = carried.select(pl.col("new").alias("id"), "kind", "forgotten_on")
    _write(root, source, pl.concat([stones, fresh]))
    with path.open("rb+") as replaced:  # its bytes are overwritten once it has no name any more
        coming.replace(path)
        _overwrite(replaced.fileno())
    _write_fingerprint(root, source, new.fingerprint)
    _write(root, source, fresh)
    append_line(root / LOG, f"{_day(today)} {source} key: rotated, {fresh.height} tombstones carried over")
    return new


def destroy(root: Path, source: str, *, today: dt.date | None = None) -> None:
    """Overwrite and remove a source's key; its fingerprint says so, and ``collect`` refuses from then on.

    Raises:
        UserError: there is no key.
    """
    path = _private_key(root, source)
    resume(root, today)
    day, was = _day(today), Key(path.read_bytes()).fingerprint
    _write_fingerprint(root, source, f"destroyed on {day} (was {was})")
    for file in (path.with_suffix(".next"), path):
        if file.exists():
            with file.open("rb+") as opened:
                _overwrite(opened.fileno())
            file.unlink()
    append_line(root / LOG, f"{day} {source} key: destroyed")


def _private_key(root: Path, source: str) -> Path:
    path = key_path(source, root)
    if source == "world":
        raise UserError("The world's key is published on purpose: it protects nobody, so it stays.")
    if not path.exists():
        raise UserError(f"Source '{source}' has no key at {path}: there is nothing to rotate or destroy.")
    return path


def _carried(root: Path, source: str, stones: pl.DataFrame, old: Key, new: Key) -> pl.DataFrame:
    """Columns old, new, kind and forgotten_on: tombstones of those who are named somewhere."""
    days = {(id_, kind): day for id_, kind, day in stones.iter_rows()}
    named = {("author", one.author) for one in everybody(root, source) if one.author} if days else set()
    named |= {("post", one.post) for one in everybody(root, source)} if days else set()
    named |= {("author", FORGOTTEN)}
    rows = [
        (old.pseudonym(kind, name), new.pseudonym(kind, name), kind, days[old.pseudonym(kind, name), kind])
        for kind, name in sorted(named)
        if (old.pseudonym(kind, name), kind) in days
    ]
    schema = dict.fromkeys(("old", "new", "kind", "forgotten_on"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")


def _is_under(new: Key, carried: pl.DataFrame) -> pl.Expr:
    """A tombstone that a killed rotation has written already."""
    return pl.col("id").is_in(carried["new"].implode())


def _write(root: Path, source: str, stones: pl.DataFrame) -> None:
    path = tombstones_path(root, source)
    if not stones.is_empty() or path.exists():
        ordered = stones.unique(["id", "kind"], keep="first").sort("id", "kind")
        replace_file(path, lambda beside: ordered.write_csv(beside), mode=0o644)


def _write_fingerprint(root: Path, source: str, said: str) -> None:
    path = root / "data" / "keys" / f"{source}.fingerprint"
    replace_file(path, lambda beside: beside.write_text(said + "\n"), mode=0o644)


def _overwrite(descriptor: int) -> None:
    os.pwrite(descriptor, bytes(os.fstat(descriptor).st_size), 0)
    os.fsync(descriptor)


def _day(today: dt.date | None) -> str:
    return (today or dt.datetime.now(dt.UTC).date()).isoformat()
