"""The embedded world: a simulated public whose truth is known.

``simulate`` writes down one run of it, as a crawler would have seen it; ``truth`` (the stage) asks the same
laws what the claims' contrasts really are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from complaintlab.companies import Companies, load_companies
from complaintlab.params import World
from complaintlab.worlds.archive import WorldTables, archive
from complaintlab.worlds.bystanders import bystander_turns
from complaintlab.worlds.calendar import make_calendar
from complaintlab.worlds.drafts import complaint_threads
from complaintlab.worlds.history import simulate_history
from complaintlab.worlds.laws import Laws, load_laws
from complaintlab.worlds.others import other_threads, praise_threads
from complaintlab.worlds.people import draw_complaints, draw_recurrences
from complaintlab.worlds.sequels import later_praise, recurrences

__all__ = ["WorldTables", "simulate"]


def simulate(world: World, laws: Path) -> WorldTables:
    """Simulate the public of ``laws`` (data/world.yaml, with companies.yaml beside it).

    Returns the tables posts, sightings and latent under the world's published key, in order of their keys.
    The same size, seed and laws give the same bytes.

    Raises:
        UserError: the laws or the companies are missing or not as they should be.
    """
    written = load_laws(laws)
    companies = load_companies(laws.with_name("companies.yaml"))
    rng = np.random.default_rng(world.seed)
    return archive(_drafts(world.complaints, written, companies, rng), written, companies, rng)


def _drafts(n: int, laws: Laws, companies: Companies, rng: np.random.Generator) -> pl.DataFrame:
    """All threads of the world, without words."""
    calendar = make_calendar(laws, companies, rng)
    people = draw_complaints(n, laws, calendar, rng)
    history = simulate_history(people, laws, calendar, rng)
    again = draw_recurrences(people, *recurrences(people, history, laws, rng), laws, calendar, rng)
    history_again = simulate_history(again, laws, calendar, rng)
    return pl.concat(
        [
            complaint_threads("c", people, history, laws, rng),
            complaint_threads("r", again, history_again, laws, rng),
            bystander_turns("c", people, history, laws, rng),
            bystander_turns("r", again, history_again, laws, rng),
            praise_threads(people, *later_praise(people, history, laws, rng), laws, rng),
            other_threads(n, laws, rng),
        ]
    )
