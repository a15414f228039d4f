"""Who complains about whom, when and how: the critics of the simulated public, before anything follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from complaintlab.worlds.calendar import BIN_S, Calendar, Flags, Ints
from complaintlab.worlds.laws import Floats, Laws

DAY_S = 86400


@dataclass(frozen=True)
class Complaints:
    """One element per complaint, in order of time; times in seconds since the world's start.

    ``topic`` and ``company`` are positions in the laws; ``earlier`` counts the author's complaints about this
    company before, ``last_s`` is when the latest of these was (minus infinity if there is none).
    """

    company: Ints
    at_s: Floats
    author: Ints
    topic: Ints
    severity: Ints
    hostility: Ints
    surge: Floats
    earlier: Ints
    last_s: Floats
    on_page: Flags

    def __len__(self) -> int:
        return len(self.at_s)

    def eligible(self, washout_days: float, gap_days: float) -> Flags:
        """Which complaints open an episode: after the washout, nothing from this author in the gap."""
        return (self.at_s >= washout_days * DAY_S) & (self.at_s - self.last_s >= gap_days * DAY_S)


def draw_complaints(n: int, laws: Laws, calendar: Calendar, rng: np.random.Generator) -> Complaints:
    """Draw ``n`` complaints over the laws' days."""
    company, at_s = _arrivals(n, laws, calendar, rng)
    author, company = _authors(company, at_s, laws, rng)
    earlier, last_s = _history(author, company, at_s)
    surge = calendar.surge[company, (at_s // BIN_S).astype(np.int64)]
    topic = _topics(surge > 0, laws, rng)
    severity, hostility = _moods(topic, surge > 0, earlier > 0, laws, rng)
    return Complaints(
        company=company,
        at_s=at_s,
        author=author,
        topic=topic,
        severity=severity,
        hostility=hostility,
        surge=surge,
        earlier=earlier,
        last_s=last_s,
        on_page=draw_pages(company, laws, rng),
    )


def draw_recurrences(
    first: Complaints, which: Ints, at_s: Floats, laws: Laws, calendar: Calendar, rng: np.random.Generator
) -> Complaints:
    """Complaints by the critics ``which`` about the same company and topic, at ``at_s``."""
    company, topic = first.company[which], first.topic[which]
    surge = calendar.surge[company, (at_s // BIN_S).astype(np.int64)]
    severity, hostility = _moods(topic, surge > 0, np.ones(len(which), dtype=bool), laws, rng)
    return Complaints(
        company=company,
        at_s=at_s,
        author=first.author[which],
        topic=topic,
        severity=np.maximum(severity, first.severity[which]),
        hostility=hostility,
        surge=surge,
        earlier=first.earlier[which] + 1,
        last_s=first.at_s[which],
        on_page=draw_pages(company, laws, rng),
    )


def _arrivals(n: int, laws: Laws, calendar: Calendar, rng: np.random.Generator) -> tuple[Ints, Floats]:
    bins = laws.days * DAY_S // BIN_S
    cumulated = np.cumsum(calendar.traffic[:, :bins].ravel())
    cell = np.searchsorted(cumulated, rng.random(n) * cumulated[-1], side="right")
    company, half_hour = np.divmod(cell, bins)
    at_s = np.floor((half_hour + rng.random(n)) * BIN_S)
    order = np.lexsort((company, at_s))
    return company[order].astype(np.int64), at_s[order]


def _authors(company: Ints, at_s: Floats, laws: Laws, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Some are by people who complained more than 30 days before, mostly about the same company."""
    n = len(at_s)
    author, company = np.arange(n), company.copy()
    before = np.searchsorted(at_s, at_s - 30 * DAY_S)
    returns = (rng.random(n) < laws.arrivals.returning) & (before > 0)
    loyal, pick = rng.random(n) < laws.arrivals.loyal, rng.random(n)
    for i in np.flatnonzero(returns):
        j = int(pick[i] * before[i])
        author[i] = author[j]
        if loyal[i]:
            company[i] = company[j]
    return author, company


def _history(author: Ints, company: Ints, at_s: Floats) -> tuple[Ints, Floats]:
    order = np.lexsort((at_s, company, author))
    same = (author[order][1:] == author[order][:-1]) & (company[order][1:] == company[order][:-1])
    same = np.concatenate([[False], same])
    place = np.arange(len(order))
    first = np.maximum.accumulate(np.where(same, 0, place))
    earlier, last_s = np.empty_like(place), np.full(len(order), -np.inf)
    earlier[order] = place - first
    last_s[order[1:]] = np.where(same[1:], at_s[order][:-1], -np.inf)
    return earlier, last_s


def _topics(in_outage: Flags, laws: Laws, rng: np.random.Generator) -> Ints:
    weights = np.array([topic.weight for topic in laws.topics.values()])
    struck = weights * np.array([0.15 + 10 * topic.outage for topic in laws.topics.values()])
    usual, outage = (np.cumsum(w / w.sum()) for w in (weights, struck))
    u = rng.random(len(in_outage))
    drawn = np.where(in_outage, np.searchsorted(outage, u), np.searchsorted(usual, u))
    return np.minimum(drawn, len(weights) - 1).astype(np.int64)


def _moods(
    topic: Ints, in_outage: Flags, earlier: Flags, laws: Laws, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Severity and hostility, 0 to 3: ordered probit scores cut at the laws' thresholds."""
    critics = laws.critics
    shift = np.array([t.severity for t in laws.topics.values()])[topic]
    severity = np.searchsorted(critics.severity_cuts, rng.standard_normal(len(topic)) + shift)
    score = (
        rng.standard_normal(len(topic))
        + critics.hostility_by_severity * (severity - 1)
        + critics.hostility_by_outage * in_outage
        + critics.hostility_by_earlier * earlier
    )
    return severity.astype(np.int64), np.searchsorted(critics.hostility_cuts, score).astype(np.int64)


def draw_pages(company: Ints, laws: Laws, rng: np.random.Generator) -> Flags:
    """Which posts stand on their company's own page."""
    share = np.array([law.page for law in laws.companies.values()])[company]
    return np.asarray(rng.random(len(company)) < share)
