"""Keyed pseudonyms for people, posts and agents.

An id is the keyed BLAKE2b hash (Aumasson et al. 2013; RFC 7693) of a native id, 80 bits in hex. Without
the key nobody can test a guess; when the key is destroyed the ids stay distinct and mean nothing more.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from complaintlab.errors import UserError

WORLD_KEY = b"complaintlab: the simulated world has nobody to protect"
"""Published on purpose: two people who simulate the same world must get the same ids."""

NO_KEY_YET = "none yet"

KEY_BYTES = 32


@dataclass(frozen=True)
class Key:
    """A secret for pseudonyms. Its fingerprint may be published, itself never."""

    secret: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """80 bits of the secret's hash, hex: tells two keys apart and reveals neither."""
        return hashlib.blake2b(b"fingerprint", key=self.secret[:64], digest_size=10).hexdigest()

    def pseudonym(self, kind: str, native_id: str) -> str:
        """The id of one native id; ``kind`` keeps a person and a post of the same name apart."""
        return _digest(self._hasher(kind), native_id)

    def pseudonyms(self, kind: str, native_ids: pl.Series) -> pl.Series:
        """Ids of a series, null where it is null; each distinct value is hashed once."""
        native = native_ids.cast(pl.String).alias("native").to_frame()
        distinct = native.unique().drop_nulls()
        hasher = self._hasher(kind)
        hashed = pl.Series("id", [_digest(hasher, value) for value in distinct["native"]], dtype=pl.String)
        return native.join(distinct.with_columns(hashed), on="native", how="left", maintain_order="left")[
            "id"
        ].alias(native_ids.name)

    def _hasher(self, kind: str) -> hashlib.blake2b:
        return hashlib.blake2b(key=self.secret[:64], digest_size=10, person=kind.encode())


def _digest(hasher: hashlib.blake2b, value: str) -> str:
    hasher = hasher.copy()  # the key is mixed in once, not once a value
    hasher.update(value.encode())
    return hasher.hexdigest()


def study_key(source: str, root: Path) -> Key:
    """The key for a source: the published one for the world, else a private file, made on first need.

    The private key lies in ``.keys/<source>.key`` under ``root`` (or in the folder that
    ``COMPLAINTLAB_KEYS`` names), readable by its owner only, outside the data. Its fingerprint stands in
    ``data/keys/<source>.fingerprint``, on which the stage ``collect`` depends.

    Raises:
        UserError: the recorded fingerprint belongs to another key, or the key is readable by others.
    """
    if source == "world":
        return Key(WORLD_KEY)
    folder = Path(os.environ.get("COMPLAINTLAB_KEYS", root / ".keys"))
    path = folder / f"{source}.key"
    recorded = _recorded_fingerprint(source, root)
    if not path.exists():
        if recorded:
            raise UserError(
                f"The key of source '{source}' (fingerprint {recorded}) is not at {path}: put it back, or "
                f"write '{NO_KEY_YET}' into data/keys/{source}.fingerprint to begin with new ids."
            )
        _create_key(path)
    if path.stat().st_mode & 0o077:
        raise UserError(f"The key {path} can be read by others: run `chmod 600 {path}`.")
    key = Key(path.read_bytes())
    if recorded and recorded != key.fingerprint:
        raise UserError(
            f"The key {path} has fingerprint {key.fingerprint}, but data/keys/{source}.fingerprint records "
            f"{recorded}: use the recorded key, or write '{NO_KEY_YET}' into that file to accept new ids."
        )
    _record_fingerprint(source, root, key)
    return key


def _fingerprint_path(source: str, root: Path) -> Path:
    return root / "data" / "keys" / f"{source}.fingerprint"


def _recorded_fingerprint(source: str, root: Path) -> str:
    path = _fingerprint_path(source, root)
    recorded = path.read_text().strip() if path.exists() else NO_KEY_YET
    return "" if recorded == NO_KEY_YET else recorded


def _record_fingerprint(source: str, root: Path, key: Key) -> None:
    path = _fingerprint_path(source, root)
    if not path.exists() or path.read_text().strip() != key.fingerprint:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(key.fingerprint + "\n")


def _create_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
