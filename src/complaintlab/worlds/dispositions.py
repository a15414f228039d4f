"""What each complaint brings with it before anything has happened: multipliers and expected counts."""

from __future__ import annotations

import numpy as np

from complaintlab.labels import STANCES
from complaintlab.worlds.laws import Floats, Laws
from complaintlab.worlds.people import Complaints


def moods(laws: Laws, people: Complaints) -> Floats:
    """Multiplier of the critic's expected turns of each stance (6 × n)."""
    ease = np.array([topic.ease for topic in laws.topics.values()])[people.topic]
    rows = [
        law.hostility * (people.hostility - 1)
        + law.severity * (people.severity - 1)
        + law.earlier * (people.earlier > 0)
        + law.ease * ease
        for law in (laws.turns[stance] for stance in STANCES)
    ]
    return np.asarray(np.exp(np.stack(rows)))


def reply_multipliers(laws: Laws, people: Complaints) -> Floats:
    """Multiplier of the rate of first replies (n)."""
    replies = laws.replies
    pace = np.array([company.pace for company in laws.companies.values()])[people.company]
    topic = np.array([replies.topics.get(name, 0.0) for name in laws.topics])[people.topic]
    return np.asarray(
        np.exp(
            pace
            + topic
            + replies.hostility * (people.hostility - 1)
            + replies.severity * (people.severity - 1)
            + replies.earlier * (people.earlier > 0)
            + replies.surge * people.surge
        )
    )


def removal_counts(laws: Laws, people: Complaints) -> Floats:
    """Expected removals of the opener in the long run (2 × n): by the host, by its author."""
    removes = np.array([company.removes for company in laws.companies.values()])[people.company]
    host = laws.removal.host
    by_host = host.count * np.exp(removes + host.hostility * (people.hostility - 1)) * people.on_page
    return np.stack([by_host, np.full(len(people), laws.removal.author.count)])
