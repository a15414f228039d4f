"""Which acts a company's reply does, and who writes it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from complaintlab.labels import ACTS, COURTESIES, HOSTILITIES, REMEDIES
from complaintlab.worlds.calendar import Flags, Ints
from complaintlab.worlds.laws import Floats, Laws
from complaintlab.worlds.people import Complaints

WARM = ("apology", "empathy", "thank")
CIVIL = {"regret", "explain", "joke", "close"}
LASHING_OUT = [ACTS.index(act) for act in ("mock", "attack")]
KIND = [row for row, act in enumerate(ACTS) if act in COURTESIES | REMEDIES | CIVIL]
"""Who mocks or attacks does nothing of this in the same reply."""
DRAWS = 500
"""Of a reply of a quality that is set, at most: one in a hundred is bad where that is rarest."""


class ReplyHabits:
    """The laws of first replies as arrays, and each complaint's own luck with them.

    The luck (one uniform per complaint and act, one for the agent) is drawn once, so that a reply is the same
    whenever it comes and whatever is forced on it, but for what the laws say about waiting and history.
    """

    def __init__(self, laws: Laws, people: Complaints, rng: np.random.Generator) -> None:
        n = len(people)
        companies = tuple(laws.companies.values())
        self.agents = np.array([company.agents for company in companies])[people.company]
        self.agent = (rng.random(n) * self.agents).astype(np.int64)
        self.handled_by_one = rng.random(n) < laws.replies.same_agent
        self._luck = rng.random((len(ACTS), n))
        self._signed = np.array([company.signs != "none" for company in companies])[people.company]
        self._waited = np.array([_act(laws, act, "waited") for act in ACTS])[:, None]
        self._escalated = np.array([_act(laws, act, "escalated") for act in ACTS])[:, None]
        self._logit = self._logits(laws, people)

    def _logits(self, laws: Laws, people: Complaints) -> Floats:
        companies = tuple(laws.companies.values())
        warmth = np.array([company.warmth for company in companies])[people.company]
        temper = np.array([company.temper for company in companies])[people.company]
        ability = np.where(self.agents > 1, 2 * self.agent / np.maximum(self.agents - 1, 1) - 1, 0.0)
        logits = np.empty((len(ACTS), len(people)))
        for row, act in enumerate(ACTS):
            logits[row] = (
                _act(laws, act, "logit")
                + _act(laws, act, "hostility") * (people.hostility - 1)
                + _act(laws, act, "severity") * (people.severity - 1)
                + _act(laws, act, "ability") * ability
                + warmth * (act in WARM)
                + temper * (act == "defend")
            )
        logits[ACTS.index("personal")] = np.where(self._signed, 2.9, -3.5)
        return logits

    def first_reply(
        self, who: Ints, doublings: Floats, escalated: Flags, fresh: np.random.Generator | None = None
    ) -> Flags:
        """Acts (16 × len(who), bool) of first replies after a wait of 2^``doublings`` hours.

        With each complaint's own luck, or with luck drawn from ``fresh``. Who lashes out is not kind.
        """
        logit = self._logit[:, who] + self._waited * doublings + self._escalated * escalated
        luck = self._luck[:, who] if fresh is None else fresh.random(logit.shape)
        done = luck < 1 / (1 + np.exp(-logit))
        done[KIND] &= ~done[LASHING_OUT].any(axis=0)
        return np.asarray(done)

    def first_reply_of(
        self, quality: str, who: Ints, doublings: Floats, escalated: Flags, fresh: np.random.Generator
    ) -> Flags:
        """Acts of first replies as they are when they are of ``quality``: drawn again until they are."""
        acts = self.first_reply(who, doublings, escalated)
        for _ in range(DRAWS):
            wrong = np.flatnonzero(qualities(acts) != quality)
            if not len(wrong):
                break
            acts[:, wrong] = self.first_reply(who[wrong], doublings[wrong], escalated[wrong], fresh)
        return acts


def qualities(acts: Flags) -> npt.NDArray[np.str_]:
    """Quality of each column of acts (16 × n), as ``labels.reply_quality`` has it."""

    def any_of(names: frozenset[str]) -> Flags:
        return np.asarray(acts[[row for row, act in enumerate(ACTS) if act in names]].any(axis=0))

    remedied = any_of(REMEDIES)
    bad = any_of(HOSTILITIES) | (any_of(frozenset({"regret"})) & ~remedied)
    return np.where(bad, "bad", np.where(any_of(COURTESIES) & remedied, "proper", "other"))


def _act(laws: Laws, act: str, field: str) -> float:
    return float(getattr(laws.acts[act], field)) if act in laws.acts else 0.0
