"""Others who join a complaint's thread: a Poisson process with gamma frailty, thinned by good replies."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import stats

from complaintlab.models.strategies import DAY
from complaintlab.worlds.acts import qualities
from complaintlab.worlds.calendar import Flags, Ints
from complaintlab.worlds.drafts import draft, whole_seconds
from complaintlab.worlds.history import AUTHOR_REMOVES, History
from complaintlab.worlds.laws import Floats, Laws
from complaintlab.worlds.people import Complaints

ESCALATING_SHARE = 0.25
"""Of those against the company."""
PRAISING_SHARE = 0.30
"""Of the others."""


def bystander_turns(
    prefix: str, people: Complaints, history: History, laws: Laws, rng: np.random.Generator
) -> pl.DataFrame:
    """Drafts of bystanders' turns in the threads named ``prefix`` + position; all answer the opener."""
    who, after_s, against = _arrivals(people, history, laws, rng)
    thread = [f"{prefix}{i}" for i in who]
    stance = np.where(
        against,
        np.where(rng.random(len(who)) < ESCALATING_SHARE, "escalates", "persists"),
        np.where(rng.random(len(who)) < PRAISING_SHARE, "advocates", "neutral"),
    )
    return draft(
        {
            "thread": thread,
            "post": [f"{name}.b{k}" for k, name in enumerate(thread)],
            "parent": [f"{name}.0" for name in thread],
            "author": [f"b{prefix}{k}" for k in _passers_by(len(who), rng)],
            "at_s": people.at_s[who].astype(np.int64) + whole_seconds(after_s),
            "kind": ["bystander"] * len(who),
            "company": people.company[who],
            "on_page": people.on_page[who],
            "stance": stance,
            "sarcastic": np.zeros(len(who), dtype=bool),
            "hostility": np.where(stance == "escalates", 2, np.where(against, 1, 0)),
            "topic": np.array(list(laws.topics))[people.topic[who]],
        }
    )


def expected_spread(people: Complaints, history: History, laws: Laws, days: float) -> Floats:
    """Expected number of others who speak against the company by ``days``, or until the author deletes."""
    law, until_s = laws.bystanders, np.full(len(people), days * DAY)
    removed = history.what == AUTHOR_REMOVES
    np.minimum.at(until_s, history.who[removed], history.at_s[removed])
    reply_s = np.minimum(history.first_reply_s, until_s)
    before, after = law.pace.mass(0.0, reply_s), law.pace.mass(reply_s, until_s)
    return np.asarray(_mean(people, laws) * law.against * (before + _still(history, laws) * after))


def spread_after_reply(people: Complaints, history: History, laws: Laws, days: float) -> Floats:
    """Expected number of others who speak against the company in the ``days`` after the first reply.

    0 without a reply. Until the author deletes, as all that is seen of a thread.
    """
    law, replied = laws.bystanders, np.isfinite(history.first_reply_s)
    start_s = np.where(replied, history.first_reply_s, 0.0)
    until_s = start_s + days * DAY
    removed = history.what == AUTHOR_REMOVES
    np.minimum.at(until_s, history.who[removed], history.at_s[removed])
    after = law.pace.mass(start_s, np.maximum(until_s, start_s)) * replied
    return np.asarray(_mean(people, laws) * law.against * _still(history, laws) * after)


def chance_of_spread(expected: Floats, least: int, laws: Laws) -> Floats:
    """Chance that so many others or more speak against the company: a negative binomial number."""
    shape = laws.bystanders.shape
    return np.asarray(stats.nbinom.sf(least - 1, shape, shape / (shape + expected)))


def _mean(people: Complaints, laws: Laws) -> Floats:
    law = laws.bystanders
    return np.asarray(
        law.count * np.exp(law.hostility * (people.hostility - 1) + law.outage * (people.surge > 0))
    )


def _still(history: History, laws: Laws) -> Floats:
    """Share of those against the company who still speak after the first reply, by its quality."""
    law, quality = laws.bystanders, qualities(history.acts)
    return np.where(quality == "proper", law.after_proper, np.where(quality == "bad", law.after_bad, 1.0))


def _arrivals(
    people: Complaints, history: History, laws: Laws, rng: np.random.Generator
) -> tuple[Ints, Floats, Flags]:
    """In whose thread, how many seconds after the opener, and whether against the company."""
    law, n = laws.bystanders, len(people)
    who = np.repeat(np.arange(n), rng.poisson(rng.gamma(law.shape, 1 / law.shape, n) * _mean(people, laws)))
    after_s = law.pace.draw_s(rng, len(who))
    against = rng.random(len(who)) < law.against
    odds = np.where(against & (after_s > history.first_reply_s[who]), _still(history, laws)[who], 1.0)
    stays = rng.random(len(who)) < odds
    return who[stays], after_s[stays], against[stays]


def _passers_by(n: int, rng: np.random.Generator) -> Ints:
    """Authors of ``n`` turns; about one in ten has been there before."""
    return np.where(rng.random(n) < 0.9, np.arange(n), (rng.random(n) * n).astype(np.int64))
