"""Whom or what to forget: every id and every trace, gathered before anything is removed."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from complaintlab.errors import UserError
from complaintlab.ids import Key
from complaintlab.rights.named import FORGOTTEN, Person, everybody, existing_key
from complaintlab.sources import SOURCES
from complaintlab.texts import text_hashes

_PSEUDONYM: Final = re.compile(r"[0-9a-f]{20}")
_PLACE_IN_THREAD: Final = re.compile(r"\d+(/\d+)?")


@dataclass(frozen=True)
class Target:
    """Everything by which the forgotten is known; ``renamed`` is native post id → what raw has instead."""

    source: str
    names: tuple[str, ...]
    posts: tuple[str, ...]
    renamed: dict[str, str]
    author_ids: tuple[str, ...]
    post_ids: tuple[str, ...]
    stones: tuple[str, ...]
    """Further ids of posts that get a tombstone: those of the renamed ones."""
    episode_ids: tuple[str, ...]
    text_hashes: tuple[str, ...]

    @property
    def ids(self) -> frozenset[str]:
        """All pseudonyms of the forgotten."""
        return frozenset((*self.author_ids, *self.post_ids, *self.episode_ids))

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @staticmethod
    def from_json(written: str) -> Target:
        said = json.loads(written)
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in said.items()}
        return Target(**fields)


def find_target(root: Path, source: str, *, author: str | None = None, post: str | None = None) -> Target:
    """Gather what is known of an author (handle, native id or pseudonym) or a post (native id or pseudonym).

    Raises:
        UserError: it is a native id or handle and the key is gone.
    """
    written = (author or post or "").strip().removeprefix("u/").removeprefix("@")
    key = existing_key(source, root)
    if key is None and not _PSEUDONYM.fullmatch(written):
        raise UserError(
            f"The key of source '{source}' is gone, so '{written}' cannot be matched with any id: "
            "give the pseudonym (20 hex digits, column author_id or post_id of data/tables/posts.parquet)."
        )
    shown = list(everybody(root, source)) if source in SOURCES else []
    own = _own_posts(root, source, key, written, shown, of_author=author is not None)
    if author is None:
        return _target(root, source, key, set(), own)
    theirs = [one for one in shown if one.post in own.natives]
    names = own.names | {name for one in theirs for name in (one.author, one.account) if name}
    names -= {FORGOTTEN}
    own.natives.update(one.post for one in shown if one.author in names)
    return _target(root, source, key, names, own)


class _Own(NamedTuple):
    names: set[str]
    natives: set[str]
    author_ids: set[str]
    post_ids: set[str]


def _own_posts(
    root: Path, source: str, key: Key | None, written: str, shown: list[Person], *, of_author: bool
) -> _Own:
    """Ids and native ids of the author's posts, or of the one post, from tables and raw."""
    kind = "author" if of_author else "post"
    ids = {written} if _PSEUDONYM.fullmatch(written) else set()
    said = [
        one for one in shown
        if (_named(one, written, key) if of_author else _is_post(one, written, key))
    ]  # fmt: skip
    names = {name for one in said for name in (one.author, one.account) if name} if of_author else set()
    if not ids and of_author:
        names |= {written}
    if key is not None:
        natively = {one.author if of_author else one.post for one in said} - {None}
        ids |= {key.pseudonym(kind, str(native)) for native in natively}
    column = f"{kind}_id"
    posts = table_at(root, "posts", ("post_id", "native_id", column))
    if key is not None and not _PSEUDONYM.fullmatch(written):
        literal = key.pseudonym(kind, written)  # not where raw writes the name otherwise: nobody has that id
        ids |= {literal} if not said or literal in posts[column] else set()
    mine = posts.filter(pl.col(column).is_in(list(ids)))
    natives = set(mine["native_id"].drop_nulls()) | {one.post for one in said}
    natives |= set() if of_author or _PSEUDONYM.fullmatch(written) else {written}
    post_ids = set(mine["post_id"]) | (set() if of_author else ids)
    if key is not None:
        post_ids |= {key.pseudonym("post", native) for native in natives}
    return _Own(names, natives, ids if of_author else set(), post_ids)


def _named(one: Person, written: str, key: Key | None) -> bool:
    """Handles do not differ by case on any of the platforms."""
    folded = written.casefold()
    if folded in ((one.author or "").casefold(), (one.account or "").casefold()):
        return True
    return key is not None and one.author is not None and key.pseudonym("author", one.author) == written


def _is_post(one: Person, written: str, key: Key | None) -> bool:
    return one.post == written or (key is not None and key.pseudonym("post", one.post) == written)


def _target(root: Path, source: str, key: Key | None, names: set[str], own: _Own) -> Target:
    renamed = {native: _renamed(native, names) for native in sorted(own.natives)}
    stones = {key.pseudonym("post", new) for new in renamed.values()} if key is not None else set()
    episodes = table_at(root, "episodes", ("episode_id", "author_id", "opener_id"))
    ids = list(own.author_ids | own.post_ids)
    touched = episodes.filter(pl.col("author_id").is_in(ids) | pl.col("opener_id").is_in(ids))
    return Target(
        source, tuple(sorted(names)), tuple(sorted(own.natives)), renamed, tuple(sorted(own.author_ids)),
        tuple(sorted(own.post_ids)), tuple(sorted(stones - own.post_ids)),
        tuple(sorted(touched["episode_id"])), tuple(sorted(_hashes(root, own))),
    )  # fmt: skip


def _renamed(native: str, names: set[str]) -> str:
    """Another id of the same shape; a number in a thread stays, since the thread's numbers tell it anyhow."""
    if _PLACE_IN_THREAD.fullmatch(native):
        return native
    for name in sorted(names, key=len, reverse=True):
        native = native.replace(name, FORGOTTEN)
    return re.sub(r"[^_/]+$", f"x{secrets.token_hex(6)}", native)


def _hashes(root: Path, own: _Own) -> set[str]:
    """Hashes of texts that only the forgotten said, whole and in the parts that were seen."""
    mine = pl.col("post_id").is_in(list(own.post_ids))
    posts = table_at(root, "posts", ("post_id", "text"))
    turns = table_at(root, "turns", ("post_id", "joined_into", "text_hash"))
    sightings = table_at(root, "sightings", ("post_id", "text_hash"))
    said = posts.select("post_id", text_hash=text_hashes(posts["text"]))
    wholes = turns.filter(mine)["joined_into"].drop_nulls().implode()
    turns_mine = mine | pl.col("post_id").is_in(wholes)
    ours = [said.filter(mine), sightings.filter(mine), turns.filter(turns_mine)]
    theirs = [said.filter(~mine), turns.filter(~turns_mine)]
    hashes = [set(frame["text_hash"].drop_nulls()) for frame in (*ours, *theirs)]
    return set().union(*hashes[:3]) - set().union(*hashes[3:])


def table_at(root: Path, table: str, columns: tuple[str, ...]) -> pl.DataFrame:
    """Columns of a table as strings; without rows where it is not there."""
    path = root / "data" / "tables" / f"{table}.parquet"
    if not path.exists():
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    return pl.read_parquet(path, columns=list(dict.fromkeys(columns))).cast(pl.String)
