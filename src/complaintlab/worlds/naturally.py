"""Truths that follow from the natural histories of complaints alone, each complaint compared with itself.

A function takes complaints, what followed them as things go, the laws and a number of days. It returns the
expected outcome of each complaint in both arms, and which complaints the claim is about.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from complaintlab.labels import ACTS, STANCES
from complaintlab.models.exposures import SPREAD_FAR, USUAL_SHARE
from complaintlab.models.strategies import PATIENCE_S
from complaintlab.worlds.acts import qualities
from complaintlab.worlds.bystanders import chance_of_spread, spread_after_reply
from complaintlab.worlds.calendar import Flags
from complaintlab.worlds.history import History
from complaintlab.worlds.laws import Floats, Laws
from complaintlab.worlds.people import Complaints
from complaintlab.worlds.sequels import later_praise_odds, praise_again_odds

Naturally = Callable[[Complaints, History, Laws, float], tuple[Floats, Floats, Flags]]


def answered_praise(
    people: Complaints, history: History, laws: Laws, days: float
) -> tuple[Floats, Floats, Flags]:
    """T7: praise again after praise that was answered within a day, or not; the same for everybody."""
    unanswered, answered = _expit(praise_again_odds(laws))
    everybody = np.ones(len(people))
    return answered * everybody, unanswered * everybody, everybody > 0


def attacked(people: Complaints, history: History, laws: Laws, days: float) -> tuple[Floats, Floats, Flags]:
    """N7: others against the company after the reply, with and without an attack in it."""
    arms = []
    for attacks in (True, False):
        acts = history.acts.copy()
        acts[ACTS.index("attack")] = attacks
        arms.append(spread_after_reply(people, history._replace(acts=acts), laws, days))
    return arms[0], arms[1], _answered(history)


def far_after_fair(
    people: Complaints, history: History, laws: Laws, days: float
) -> tuple[Floats, Floats, Flags]:
    """P2: the chance that the complaint spreads far after a reply that is not bad, and the usual one."""
    fair = _answered(history) & (qualities(history.acts) != "bad")
    chance = chance_of_spread(spread_after_reply(people, history, laws, days), SPREAD_FAR, laws)
    return chance, np.full(len(people), USUAL_SHARE), fair


def told_to_others(
    people: Complaints, history: History, laws: Laws, days: float
) -> tuple[Floats, Floats, Flags]:
    """S4: later praise if the critic has turned, and if not, all else as it was."""
    odds = [later_praise_odds(history, turned, len(people), laws) for turned in (True, False)]
    return _expit(odds[0]), _expit(odds[1]), np.ones(len(people), dtype=bool)


def taken_back(people: Complaints, history: History, laws: Laws, days: float) -> tuple[Floats, Floats, Flags]:
    """D4: nobody minds here that a reply is taken back, so both arms are the same."""
    escalated = np.isin(np.arange(len(people)), history.who[history.what == STANCES.index("escalates")])
    return escalated.astype(float), escalated.astype(float), _answered(history)


NATURALLY: dict[str, Naturally] = {
    "T7": answered_praise, "N7": attacked, "S4": told_to_others, "D4": taken_back, "P2": far_after_fair,
}  # fmt: skip


def _answered(history: History) -> Flags:
    return np.asarray(history.first_reply_s <= PATIENCE_S)


def _expit(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)))
