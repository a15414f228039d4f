"""Stage ``collect``: what the public posted, and what was seen of it when, in one form for all sources."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from complaintlab.collect import table, twcs
from complaintlab.collect.normalise import Outputs, normalise_export
from complaintlab.collect.world import collect_world
from complaintlab.companies import Companies
from complaintlab.ids import study_key
from complaintlab.params import Collect, Crawl, Rights, World
from complaintlab.rights.retention import refuse_expired
from complaintlab.rights.tombstones import without_forgotten

__all__ = ["Outputs", "run"]


def run(
    collect: Collect, world: World, companies: Companies, root: Path, crawl: Crawl, rights: Rights
) -> Outputs:
    """Bring the source of ``params.yaml`` into posts, sightings, quarantine, source and latent.

    Whoever was forgotten (``rights``) does not come back by being read again.

    Raises:
        InputError: the file is missing, empty, without a needed column, or has no row that fits.
        UserError: the key of the source's ids is not the recorded one, or raw answers are older than they
            may be.
    """
    if collect.live:
        refuse_expired(root, collect.source, rights.retention_days, dt.datetime.now(dt.UTC))
    outputs = _read(collect, world, companies, root, crawl)
    posts, sightings = without_forgotten(outputs.posts, outputs.sightings, root, collect.source)
    latent = outputs.latent.join(posts, on="post_id", how="semi", maintain_order="left")
    return outputs._replace(posts=posts, sightings=sightings, latent=latent)


def _read(collect: Collect, world: World, companies: Companies, root: Path, crawl: Crawl) -> Outputs:
    if collect.live:
        from complaintlab.collect.live import collect_live  # it takes Outputs from here: a cycle at the top

        return collect_live(collect, crawl, companies, root)
    if collect.source == "world":
        return collect_world(collect, world, root)
    path = root / collect.path
    read = (
        twcs.read(path, companies)
        if collect.source == "twcs"
        else table.read(path, collect.columns, companies)
    )
    return normalise_export(read, study_key(collect.source, root), collect.as_of, collect.declares)
