"""What comes of openers that are nonsense: some are taken down by the host, some writers go on to abuse.

Abuse is a Poisson process with the pace of critics who are left alone, and rises or falls once the opener is
removed. Both laws are simple enough for the truth of a removal's effect to be an integral instead of a
simulation.
"""

from __future__ import annotations

import numpy as np

from complaintlab.models.deletion_strategies import DELETED
from complaintlab.models.strategies import DAY
from complaintlab.worlds.calendar import Ints
from complaintlab.worlds.laws import Floats, Laws

MOMENTS = 4000
"""Of the window in which a removal can fall, in the integral over them."""


def removals(on_page: Ints, laws: Laws, rng: np.random.Generator) -> Floats:
    """(n,) seconds until the host removes each opener; infinite where it never does, as off its page.

    The first of a Poisson number of attempts, which is the law of complaints' removals too: the chance that
    an opener still stands falls as exp(−E F(t)), E removals expected in the long run, F the pace.
    """
    attempts = rng.poisson(_expected_removals(laws) * on_page.astype(bool))
    first = np.full(len(on_page), np.inf)
    who = np.repeat(np.arange(len(on_page)), attempts)
    np.minimum.at(first, who, laws.removal.pace.draw_s(rng, len(who)))
    return first


def abuse(removed_s: Floats, laws: Laws, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Whose writer abuses, and how many seconds after the opener, given when each opener is removed."""
    law = laws.others.nonsense
    lift = np.exp(law.removed)
    most = max(1.0, lift)
    who = np.repeat(np.arange(len(removed_s)), rng.poisson(law.escalates * most, len(removed_s)))
    at_s = laws.waiting.draw_s(rng, len(who))
    rate = np.where(at_s > removed_s[who], lift, 1.0)
    happens = rng.random(len(who)) * most < rate
    return who[happens], at_s[happens]


def removal_risks(laws: Laws, days: float) -> tuple[float, float]:
    """Risk of abuse within ``days`` if every opener on a page is removed as ``DELETED`` says, and if left.

    Inside the window of the strategy removals are timed as the host times them, given that one comes.
    """
    law, until = laws.others.nonsense, days * DAY
    cumulative = law.escalates * laws.waiting.mass(0.0, until)
    edges = np.linspace(DELETED.after_s, DELETED.by_s, MOMENTS + 1)
    reached = np.exp(-_expected_removals(laws) * laws.removal.pace.mass(0.0, edges))
    chance = (reached[:-1] - reached[1:]) / (reached[0] - reached[-1])
    at_s = np.minimum((edges[:-1] + edges[1:]) / 2, until)
    before = law.escalates * laws.waiting.mass(0.0, at_s)
    deleted = chance @ -np.expm1(-(before + np.exp(law.removed) * (cumulative - before)))
    return float(deleted), float(-np.expm1(-cumulative))


def _expected_removals(laws: Laws) -> float:
    """In the long run, of an opener on the company's own page."""
    return laws.removal.host.count * float(np.exp(laws.removal.host.nonsense))
