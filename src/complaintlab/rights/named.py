"""Who is named in what a source holds at hand: raw answers of a crawl, or the analyst's export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from complaintlab.collect import table, twcs
from complaintlab.collect.recorded import Recorded, read_recorded
from complaintlab.companies import Companies, load_companies
from complaintlab.ids import WORLD_KEY, Key, study_key
from complaintlab.params import Collect, load_params
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
    if source not in SOURCES or not folder.is_dir():
        return
    reader = source_named(source)
    for item in read_recorded(folder, reader, Query(), None):
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
    """One row per post of raw answers and of the export that params.yaml names, with native ids."""
    yield from people(root, source)
    params = root / "params.yaml"
    collect = load_params(params).section(Collect) if params.exists() else None
    if collect is None or collect.source != source or collect.live or source == "world":
        return
    path = root / collect.path
    if not path.exists():
        return
    listed = companies_of(root)
    raw = twcs.read(path, listed) if source == "twcs" else table.read(path, collect.columns, listed)
    for post, author, text in raw.rows.select("post_id", "author", "text").iter_rows():
        yield Person((post or "").strip(), (author or "").strip() or None, None, text)


def companies_of(root: Path) -> Companies:
    """The study's companies; none where it describes none."""
    path = root / COMPANIES_FILE
    return load_companies(path) if path.exists() else Companies(companies=())
