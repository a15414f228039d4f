"""Thirty days later: who complains again, who comes back with praise."""

from __future__ import annotations

import numpy as np

from complaintlab.labels import STANCES
from complaintlab.models.strategies import DAY
from complaintlab.worlds.calendar import Flags, Ints
from complaintlab.worlds.history import AUTHOR_REMOVES, TURNED, History
from complaintlab.worlds.laws import Floats, Laws
from complaintlab.worlds.people import Complaints

FIRST_DAY, LAST_DAY = 15, 30
"""Later complaints and praise come after the horizon of the truth (7 days from a reply within 7 days): what a
critic says in them would otherwise count for the first complaint in the data and not in the truth."""


def recurrences(
    people: Complaints, history: History, laws: Laws, rng: np.random.Generator
) -> tuple[Ints, Floats]:
    """Who complains again within 30 days, and when (seconds since the world's start)."""
    return _draw(people, _recurrence(people, history, laws), rng)


def expected_recurrences(people: Complaints, history: History, laws: Laws, days: float) -> Floats:
    """Expected number of later complaints by ``days``; none is looked for once the author has deleted."""
    gone = _said(history, (AUTHOR_REMOVES,), len(people))
    by_then = np.clip((days - FIRST_DAY) / (LAST_DAY - FIRST_DAY), 0, 1)
    return np.asarray(by_then * ~gone / (1 + np.exp(-_recurrence(people, history, laws))))


def _recurrence(people: Complaints, history: History, laws: Laws) -> Floats:
    """Log odds of a later complaint."""
    law = laws.sequels.recurrence
    return np.asarray(
        law.logit
        + law.ignored * (history.first_reply_s > DAY)
        + law.turned * _said(history, TURNED, len(people))
        + law.hostility * (people.hostility - 1)
    )


def later_praise(
    people: Complaints, history: History, laws: Laws, rng: np.random.Generator
) -> tuple[Ints, Floats]:
    """Who praises the company unprompted within 30 days, and when (seconds since the world's start)."""
    turned = _said(history, TURNED, len(people))
    return _draw(people, later_praise_odds(history, turned, len(people), laws), rng)


def later_praise_odds(history: History, turned: Flags | bool, n: int, laws: Laws) -> Floats:
    """Log odds of later praise by each of ``n`` critics, who have ``turned`` or not."""
    law, escalates = laws.sequels.praise, (STANCES.index("escalates"),)
    return np.asarray(
        law.logit + law.turned * np.asarray(turned) + law.escalated * _said(history, escalates, n)
    )


def praise_again(answered: Flags, at_s: Floats, laws: Laws, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Who praises again within 30 days of praise at ``at_s``, ``answered`` within a day or not, and when."""
    return _timed(praise_again_odds(laws)[answered.astype(np.int64)], at_s, rng)


def praise_again_odds(laws: Laws) -> Floats:
    """Log odds of praising again, unanswered and answered within a day."""
    law = laws.sequels.praise_again
    return np.array([law.logit, law.logit + law.answered])


def _said(history: History, stances: tuple[int, ...], n: int) -> Flags:
    said = np.zeros(n, dtype=bool)
    said[history.who[np.isin(history.what, stances)]] = True
    return said


def _draw(people: Complaints, logit: Floats, rng: np.random.Generator) -> tuple[Ints, Floats]:
    return _timed(logit, people.at_s, rng)


def _timed(logit: Floats, since_s: Floats, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """To whom it happens, and when (seconds since the world's start), after ``since_s``."""
    luck, share = rng.random(len(logit)), rng.random(len(logit))
    who = np.flatnonzero(luck < 1 / (1 + np.exp(-logit)))
    return who, since_s[who] + np.ceil((FIRST_DAY + (LAST_DAY - FIRST_DAY) * share[who]) * DAY)
