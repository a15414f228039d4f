"""Source ``world``: the simulated public, where everything is known."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from complaintlab.collect.contract import Capabilities
from complaintlab.collect.normalise import Outputs, declared, describe
from complaintlab.errors import UserError
from complaintlab.ids import study_key
from complaintlab.params import Collect, World
from complaintlab.store import conform
from complaintlab.tables import TABLES

CAPABILITIES: Final = Capabilities(
    selected_on_reply=False,
    threads_complete=True,
    prospective=True,
    deletions_attributed=True,
    engagement_timestamped=True,
)


def collect_world(collect: Collect, world: World, root: Path) -> Outputs:
    """Simulate the world and describe it as a source.

    Raises:
        UserError: ``collect.as_of`` is set, which the world decides itself.
    """
    from complaintlab.worlds import simulate

    if collect.as_of is not None:
        raise UserError(
            "collect.as_of is for files: the simulated world ends by its own laws, so set it to null."
        )
    simulated = simulate(world, root / collect.path)
    posts, sightings = conform("posts", simulated.posts), conform("sightings", simulated.sightings)
    source = describe(
        "world", posts["crawl_id"][0], sightings.select(pl.col("seen_at").max()).item(), posts,
        declared(CAPABILITIES, collect.declares), study_key("world", root),
        rows_read=posts.height, rows_quarantined=0,
    )  # fmt: skip
    latent = conform("latent", simulated.latent)
    return Outputs(posts, sightings, TABLES["quarantine"].create_empty(), source, latent)
