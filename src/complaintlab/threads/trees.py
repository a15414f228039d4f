"""Reply trees: which thread a post belongs to, how deep, and what is known of its parent.

Roots are found by pointer doubling (Wyllie 1979): in each round every post points to what its pointer
points to, so that a thread of depth d is resolved in ⌈log₂ d⌉ rounds over whole arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Forest:
    """The reply trees of n posts in k threads; a row is a post's place in the frame that was given."""

    thread: Rows  # (n,) thread of each post, 0 … k−1
    depth: Rows  # (n,) steps from the root, or from the topmost seen post
    parent: Rows  # (n,) row of the post it answers, −1 where there is none or it is not here
    is_root: Mask  # (n,) it answers nothing
    place: Rows  # (n,) place in the thread by created_at, depth, post_id
    thread_ids: pl.Series  # (k,) id of the thread's root, seen or not
    root: Rows  # (k,) row of the root, −1 where it is unseen
    opener: Rows  # (k,) row of the root, or of the first seen post


def grow(posts: pl.DataFrame) -> Forest:
    """Find the trees of posts that are sorted by ``post_id`` (columns of the table ``posts``).

    - A post whose parent is not here is an orphan: its thread is named by ``root_hint`` where any post
      below that missing parent gives one, else by the missing parent, so that siblings stay together.
    - A post that names itself as its parent is a root.
    - A cycle (a answers b, b answers a) is cut at its earliest post, ties by id; its thread has no seen
      root, since what its posts say of each other cannot all be true.
    - A parent posted after its child is kept.
    """
    n = posts.height
    ids, own, answered, hinted = _nodes(posts)
    answered = np.where(answered == own, -1, answered)
    hinted = np.where(hinted == own, -1, hinted)
    is_root = (answered < 0) & (hinted < 0)
    age = _age(posts)
    up = np.arange(ids.len(), dtype=np.int64)
    up[:n] = np.where(answered >= 0, answered, own)
    step = np.zeros(ids.len(), dtype=np.int64)
    step[:n] = (answered >= 0) & (answered < n)
    top, depth = _climb(up, step, age)
    if (hinted >= 0).any():
        movable = np.ones(ids.len(), dtype=np.bool_)
        movable[:n] = (answered < 0) & (hinted >= 0)
        top, _ = _climb(_follow_hints(up, top, hinted, movable), step, age)
    return _number(posts, ids, top[:n], depth[:n], np.where(answered < n, answered, -1), is_root)


def threads_of(looked_at: pl.DataFrame, posts: pl.DataFrame, forest: Forest) -> pl.DataFrame:
    """Rows about posts (column ``post_id``) with their ``thread``, null where none is known.

    A missing root belongs to the thread that is named after it.
    """
    if looked_at["post_id"].equals(posts["post_id"]):
        return looked_at.with_columns(thread=pl.Series(forest.thread))
    seen = posts.select("post_id", pl.Series("thread", forest.thread))
    named = np.flatnonzero(forest.root < 0)
    missing = pl.DataFrame({"post_id": forest.thread_ids.gather(named), "thread": named})
    known = pl.concat([seen, missing.join(posts, on="post_id", how="anti")])
    return looked_at.join(known, on="post_id", how="left", maintain_order="left")


def _nodes(posts: pl.DataFrame) -> tuple[pl.Series, Rows, Rows, Rows]:
    """Ids of all posts, seen ones first, and as codes: each post, its parent, its hint (−1 for null)."""
    seen = posts.select(pl.int_range(pl.len(), dtype=pl.Int64).alias("code"), id="post_id")
    named = [posts.select(id=column) for column in ("parent_id", "root_hint")]
    codes = [_code(ids, seen) for ids in named]
    is_unseen = [ids["id"].is_not_null() & code.is_null() for ids, code in zip(named, codes, strict=True)]
    unseen = [ids.filter(mask) for ids, mask in zip(named, is_unseen, strict=True)]
    missing = pl.concat(unseen).unique().sort("id").with_row_index("code", posts.height)
    for code, mask, ids in zip(codes, is_unseen, unseen, strict=True):
        code.scatter(mask.arg_true(), _code(ids, missing))
    own, parent, hint = (code.fill_null(-1).to_numpy() for code in (seen["code"], *codes))
    return pl.concat([seen["id"], missing["id"]]), own, parent, hint


def _code(ids: pl.DataFrame, codes: pl.DataFrame) -> pl.Series:
    if ids["id"].null_count() == ids.height:
        return pl.Series("code", [None], dtype=pl.Int64).new_from_index(0, ids.height)
    return ids.join(codes, on="id", how="left", maintain_order="left")["code"].cast(pl.Int64)


def _age(posts: pl.DataFrame) -> Rows:
    return posts["created_at"].dt.epoch("us").to_numpy()


def _climb(up: Rows, step: Rows, age: Rows) -> tuple[Rows, Rows]:
    """Top and depth of every node; ``step`` is the depth that the way to ``up`` adds."""
    top, depth = _double(up, np.where(up == np.arange(up.size), 0, step))
    endless = np.flatnonzero(up[top] != top)
    if endless.size == 0:
        return top, depth
    cut = up.copy()
    for earliest in _earliest_of_cycles(up, np.unique(top[endless]), age):
        cut[earliest] = earliest
    return _double(cut, np.where(cut == np.arange(cut.size), 0, step))


def _double(up: Rows, step: Rows) -> tuple[Rows, Rows]:
    top, depth = up.copy(), step.copy()
    for _ in range(up.size.bit_length() + 1):
        further = top[top]
        if np.array_equal(further, top):
            break
        depth += depth[top]
        top = further
    return top, depth


def _earliest_of_cycles(up: Rows, on_cycles: Rows, age: Rows) -> list[int]:
    """The earliest post of each cycle, missing ones (which have no time) last; walks the rows on cycles."""

    def moment(node: int) -> tuple[bool, int, int]:
        return (node >= age.size, int(age[node]) if node < age.size else 0, node)

    earliest: list[int] = []
    waiting = set(on_cycles.tolist())
    while waiting:
        cycle = [waiting.pop()]
        while (above := int(up[cycle[-1]])) != cycle[0]:
            cycle.append(above)
        waiting.difference_update(cycle)
        earliest.append(min(cycle, key=moment))
    return earliest


def _follow_hints(up: Rows, top: Rows, hinted: Rows, movable: Mask) -> Rows:
    """Let every movable top point to the first hint that posts below it give, outside its own tree."""
    rows = np.flatnonzero(hinted >= 0)
    tops, hints = top[rows], hinted[rows]
    useful = movable[tops] & (top[hints] != tops)
    first = np.full(up.size, up.size, dtype=np.int64)
    np.minimum.at(first, tops[useful], hints[useful])
    return np.where(first < up.size, first, up)


def _number(
    posts: pl.DataFrame, ids: pl.Series, top: Rows, depth: Rows, parent: Rows, is_root: Mask
) -> Forest:
    used = np.zeros(ids.len(), dtype=np.bool_)
    used[top] = True
    tops = np.flatnonzero(used)
    thread = (np.cumsum(used) - 1)[top]
    seen = tops < top.size
    root = np.where(seen, tops, -1)
    root[seen] = np.where(is_root[tops[seen]], tops[seen], -1)
    order = np.lexsort((depth, _age(posts), thread))
    starts = np.searchsorted(thread[order], np.arange(tops.size))
    place = np.empty(top.size, dtype=np.int64)
    place[order] = np.arange(top.size) - starts[thread[order]]
    opener = np.where(root >= 0, root, order[starts] if top.size else root)
    return Forest(thread, depth, parent, is_root, place, ids.gather(tops), root, opener)
