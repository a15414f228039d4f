"""Who is named in what a source holds at hand: raw answers of a crawl, or the analyst's export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from complaintlab.collect import table, twcs
from complaintlab.collect.recorded import Recorded, read_recorded
from complaintlab.companies import Companies, load_companies
from complaintlab.ids import WORLD_KEY, Key, study_key
from complaintlab.params import Collect, Crawl, load_params
from complaintlab.rights.files import key_path
from complaintlab.sources import SOURCES, source_named
from complaintlab.sources.contract import MISFIT, Query
from complaintlab.stages import COMPANIES_FILE

FORGOTTEN: Final = "forgotten-person"
"""Stands in raw answers where a name was; as a handle in a text it is replaced like any other."""


class Person(NamedTuple):
    """Who wrote one post, as raw answers name it."""

    post: str
    author: str | None
    account: str | None
    text: str | None = None


def existing_key(source: str, root: Path) -> Key | None:
    """The key of a source where there is one; none is made."""
    if source == "world":
        return Key(WORLD_KEY)
    return study_key(source, root) if key_path(source, root).exists() else None


def people(root: Path, source: str) -> Iterator[Person]:
    """Who wrote what in data/raw of a live source: one row per post and look that shows its author."""
    folder = root / "data" / "raw" / source
    if source in SOURCES and folder.is_dir():
        yield from _shown(folder, source, Query())


def _shown(path: Path, source: str, query: Query) -> Iterator[Person]:
    reader = source_named(source)
    for item in read_recorded(path, reader, query, None):
        if not isinstance(item, Recorded) or not item.look.answers:
            continue
        try:
            observed = reader.observe(item.look)
        except MISFIT:  # collect puts it into quarantine: nobody can be read out of it
            continue
        for said in observed.observations:
            if said.content is not None:
                shown = (said.content.get(name) for name in ("author", "account", "text"))
                yield Person(said.post_id, *shown)


def everybody(root: Path, source: str) -> Iterator[Person]:
    """One row per post of raw answers, and of the export or raw answers that params.yaml names."""
    yield from people(root, source)
    if (path := brought(root, source)) is None:
        return
    params = load_params(root / "params.yaml")
    collect = params.section(Collect)
    if collect.live:
        yield from _shown(path, source, Query(communities=params.section(Crawl).communities))
        return
    listed = companies_of(root)
    raw = twcs.read(path, listed) if source == "twcs" else table.read(path, collect.columns, listed)
    for post, author, text in raw.rows.select("post_id", "author", "text").iter_rows():
        yield Person((post or "").strip(), (author or "").strip() or None, None, text)


def brought(root: Path, source: str) -> Path | None:
    """The analyst's own file or folder that params.yaml has the source read, where it is there.

    What lies below data/raw/<source> is not: crawls are ours, and whatever else is there is found there.
    """
    params = root / "params.yaml"
    collect = load_params(params).section(Collect) if params.exists() else None
    if collect is None or collect.source != source or source == "world":
        return None
    path = (root / collect.path).resolve()
    inside = path.is_relative_to((root / "data" / "raw" / source).resolve())
    return path if path.exists() and not inside else None


def companies_of(root: Path) -> Companies:
    """The study's companies; none where it describes none."""
    path = root / COMPANIES_FILE
    return load_companies(path) if path.exists() else Companies(companies=())
