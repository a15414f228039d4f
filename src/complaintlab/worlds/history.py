"""What follows a complaint: turns of the critic, replies of the company, removals; without any texts.

One function simulates complaints under a policy: as things go, or with the first reply's timing or one of its
acts set. All policies consume the same random numbers in the same places (common random numbers), so that two
histories differ only by what the policy changes. Only the natural histories are turned into posts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from complaintlab.labels import ACTS, STANCES
from complaintlab.models.strategies import DAY, Strategy, grid
from complaintlab.worlds.acts import ReplyHabits
from complaintlab.worlds.calendar import Calendar, Flags, Ints
from complaintlab.worlds.dispositions import moods, removal_counts, reply_multipliers
from complaintlab.worlds.laws import STATES, Floats, Laws, State
from complaintlab.worlds.people import Complaints
from complaintlab.worlds.removals import removed_as_set
from complaintlab.worlds.risks import Watch

REPLY, LATER_REPLY, HOST_REMOVES, AUTHOR_REMOVES = (len(STANCES) + i for i in range(4))
"""Codes of events; a critic's turn has the position of its stance in STANCES."""

FOLLOWED_DAYS = 14
TURNED = (STANCES.index("resolved"), STANCES.index("advocates"))


@dataclass(frozen=True)
class Policy:
    """What is set: the strategy of the first reply's timing (and quality), one act of it, or the strategy of
    the host's removal of the opener; else nothing."""

    timing: Strategy | None = None
    act: tuple[str, bool] | None = None
    deletion: Strategy | None = None


class History(NamedTuple):
    """Events in order of complaint and time, and the first reply of each complaint.

    ``who`` is the complaint, ``at_s`` seconds since it (Z0), ``what`` a stance's position in STANCES or one
    of the codes above; ``first_reply_s`` is infinite without a reply; ``acts`` is 16 × complaints.
    """

    who: Ints
    at_s: Floats
    what: Ints
    first_reply_s: Floats
    acts: Flags
    agent: Ints
    handled_by_one: Flags


def steps() -> Ints:
    """Ends of the steps in seconds: the trials' grid for a day, then every six hours."""
    return np.concatenate([grid(1), np.arange(DAY + DAY // 4, FOLLOWED_DAYS * DAY + 1, DAY // 4)])


def simulate_history(
    people: Complaints,
    laws: Laws,
    calendar: Calendar,
    rng: np.random.Generator,
    policy: Policy | None = None,
    watch: Watch | None = None,
) -> History:
    """Simulate what follows each complaint for 14 days.

    With a ``watch`` the watched turns are kept from happening and their probability is summed up instead
    (Rao-Blackwell; see ``risks``); its risks are then the result and the history only a means.
    """
    run = _Run(people, laws, calendar, rng, policy or Policy())
    start_s = 0.0
    for stop in steps():
        run.step(start_s, float(stop), rng.random((3, len(people))), watch)
        start_s = float(stop)
    return run.history()


class _Run:
    """The state of all complaints at the start of a step; ``step`` draws what happens and enters it."""

    def __init__(
        self, people: Complaints, laws: Laws, calendar: Calendar, rng: np.random.Generator, policy: Policy
    ) -> None:
        n = len(people)
        self.people, self.laws, self.calendar, self.policy = people, laws, calendar, policy
        self.habits, self.fresh = ReplyHabits(laws, people, rng), rng.spawn(1)[0]
        self.turn_laws = [laws.turns[stance] for stance in STANCES]
        self.mood = moods(laws, people)
        self.alone = np.repeat(self._column("alone"), n, axis=1)
        self.responding = np.zeros((len(STANCES), n))
        self.response_to_first = np.zeros((len(STANCES), n))
        self.reply_rate = reply_multipliers(laws, people)
        self.removal = removal_counts(laws, people)
        self.states: dict[State, Flags] = {state: np.zeros(n, dtype=bool) for state in STATES}
        self.gone = np.zeros(n, dtype=bool)
        self.opened_before = calendar.opened_by(people.company, people.at_s)
        self.waited: dict[float, Floats] = {}
        self.outlook = self._outlook()
        self.first_reply_s = np.full(n, np.inf)
        self.last_reply_s = np.full(n, np.inf)
        self.last_turn_s = np.full(n, -np.inf)
        self.n_replies = np.zeros(n, dtype=np.int64)
        self.acts = np.zeros((len(ACTS), n), dtype=bool)
        nobody, never = np.zeros(0, dtype=np.int64), np.zeros(0)
        self.events: list[tuple[Ints, Floats, Ints]] = [(nobody, never, nobody)]

    def _column(self, field: str) -> Floats:
        return np.array([[getattr(law, field)] for law in self.turn_laws])

    def step(self, start_s: float, stop_s: float, luck: Floats, watch: Watch | None) -> None:
        length = stop_s - start_s
        turns = self._turn_probabilities(start_s, stop_s)
        if watch is not None:
            turns = watch.observe(turns, self.first_reply_s, start_s, stop_s)
        critic = _draw_kind(turns, luck[0])
        replying, reply_odds = self._reply_probabilities(start_s, stop_s)
        removing = _draw_kind(self._removal_probabilities(start_s, stop_s), luck[2])
        answers = luck[1] < reply_odds
        answered = np.flatnonzero(answers & replying)
        again = np.flatnonzero(answers & ~replying)
        reply_s = start_s + length * (luck[1] / np.where(reply_odds > 0, reply_odds, 1))
        for state_code, (who, share) in enumerate(removing):
            self._remove(who, start_s + length * share, HOST_REMOVES + state_code)
        self._answer(answered, reply_s[answered])
        self._answer_again(again, reply_s[again])
        for stance, (who, share) in enumerate(critic):
            self._speak(who, start_s + length * share, stance)
            if watch is not None:
                watch.realise(stance, who, start_s + length * share, self.first_reply_s)

    # -- probabilities in a step, from the state at its start

    def _turn_probabilities(self, start_s: float, stop_s: float) -> Floats:
        """Probability of each stance (6 × n) in the step: competing exponential hazards."""
        since = np.maximum(start_s - self.last_reply_s, 0.0)
        pulse = np.where(
            np.isfinite(self.last_reply_s), self.laws.response.mass(since, since + stop_s - start_s), 0.0
        )
        waiting = float(self.laws.waiting.mass(start_s, stop_s))
        expected = self.mood * (self.alone * waiting + self.responding * pulse)
        total = expected.sum(axis=0)
        return np.asarray(expected * (-np.expm1(-total) / np.maximum(total, 1e-300)))

    def _reply_probabilities(self, start_s: float, stop_s: float) -> tuple[Flags, Floats]:
        """Whether a reply would be the first, and its probability in the step."""
        first = np.isinf(self.first_reply_s)
        laws = self.laws.replies
        owed = ~first & (self.last_turn_s > self.last_reply_s) & (self.n_replies <= laws.later_at_most)
        later = self._hours(start_s, stop_s) * laws.later_per_hour * owed
        odds = -np.expm1(-np.where(first, self._pace(start_s, stop_s) * self.reply_rate, later))
        return first, np.where(self.gone, 0.0, self._as_set(first, odds, start_s))

    def _as_set(self, first: Flags, odds: Floats, start_s: float) -> Floats:
        """Inside the window the natural odds over the foreseen chance of a reply in the rest of it."""
        if self.policy.timing is None:
            return odds
        if start_s not in self.outlook:
            return np.where(first, 0.0, odds)
        chance = -np.expm1(-self.outlook[start_s] * self.reply_rate)
        return np.where(first, odds / np.maximum(chance, 1e-300), odds)

    def _outlook(self) -> dict[float, Floats]:
        """Start of each step of the window -> the pace of replies summed from there until it closes."""
        strategy = self.policy.timing
        if strategy is None or strategy.never:
            return {}
        stops = steps().astype(float)
        starts = np.concatenate([[0.0], stops[:-1]])
        window = [
            (start, stop)
            for start, stop in zip(starts, stops, strict=True)
            if strategy.after_s <= start < strategy.by_s
        ]
        ahead, outlook = np.zeros(len(self.people)), {}
        for start, stop in reversed(window):
            ahead = ahead + self._pace(start, stop)
            outlook[start] = ahead
        return outlook

    def _pace(self, start_s: float, stop_s: float) -> Floats:
        """Expected first replies in the step to a complaint of average speed: the calendar's part alone."""
        laws = self.laws.replies
        law = np.searchsorted(laws.from_hours, self._waited_open(start_s), side="right") - 1
        per_hour = np.array(laws.per_hour)[law] * (start_s < laws.patience_days * DAY)
        return np.asarray(self._hours(start_s, stop_s) * per_hour)

    def _hours(self, start_s: float, stop_s: float) -> Floats:
        """Hours of the step, those after closing counted as the laws say."""
        opened = self._waited_open(stop_s) - self._waited_open(start_s)
        return np.asarray(opened + self.laws.replies.closed * ((stop_s - start_s) / 3600 - opened))

    def _waited_open(self, since_s: float) -> Floats:
        """Opening hours passed ``since_s`` seconds after each complaint; asked for again and again."""
        if since_s not in self.waited:
            opened = self.calendar.opened_by(self.people.company, self.people.at_s + since_s)
            self.waited[since_s] = opened - self.opened_before
        return self.waited[since_s]

    def _removal_probabilities(self, start_s: float, stop_s: float) -> Floats:
        expected = self.removal * float(self.laws.removal.pace.mass(start_s, stop_s))
        expected[0] *= ~self.states["removed"]
        expected[1] *= np.where(self.states["turned"], np.exp(self.laws.removal.author.turned), 1.0)
        odds = -np.expm1(-expected)
        odds[0] = removed_as_set(
            odds[0], self.removal[0], self.policy.deletion, self.laws.removal.pace, start_s
        )
        return np.where(self.gone, 0.0, odds)

    # -- what happens enters the state

    def _enter(self, state: State, who: Ints) -> None:
        fresh = who[~self.states[state][who]]
        self.states[state][fresh] = True
        effect = np.array([[law.after[state]] for law in self.turn_laws])
        self.mood[:, fresh] *= np.exp(effect)
        self.reply_rate[fresh] *= np.exp(self.laws.replies.after[state])

    def _speak(self, who: Ints, at_s: Floats, stance: int) -> None:
        self._record(who, at_s, stance)
        self.last_turn_s[who] = at_s
        if stance in TURNED:
            self._enter("turned", who)
        elif STANCES[stance] == "escalates":
            self._enter("escalates", who)
        elif STANCES[stance] == "persists":
            self._enter("persists", who)

    def _answer(self, who: Ints, at_s: Floats) -> None:
        self._record(who, at_s, REPLY)
        self.first_reply_s[who] = self.last_reply_s[who] = at_s
        self.n_replies[who] = 1
        doublings = np.log2(np.maximum(at_s / 3600, 0.1))
        acts = self._acts(who, doublings, self.states["escalates"][who])
        if self.policy.act is not None:
            acts[ACTS.index(self.policy.act[0])] = self.policy.act[1]
        self.acts[:, who] = acts
        effects = np.array([[law.acts.get(act, 0.0) for act in ACTS] for law in self.turn_laws])
        response = self._column("response") * np.exp(effects @ acts + self._column("waited") * doublings)
        self.response_to_first[:, who] = self.responding[:, who] = response
        self.alone[:, who] *= np.exp(self._column("answered"))

    def _acts(self, who: Ints, doublings: Floats, escalated: Flags) -> Flags:
        timing = self.policy.timing
        if timing is None or timing.quality is None:
            return self.habits.first_reply(who, doublings, escalated)
        return self.habits.first_reply_of(timing.quality, who, doublings, escalated, self.fresh)

    def _answer_again(self, who: Ints, at_s: Floats) -> None:
        self._record(who, at_s, LATER_REPLY)
        self.last_reply_s[who] = at_s
        self.n_replies[who] += 1
        bonus = np.zeros((len(STANCES), 1))
        bonus[list(TURNED)] = self.laws.same_agent_bonus
        lift = np.exp(bonus * self.habits.handled_by_one[who]) * self.laws.later_reply
        self.responding[:, who] = self.response_to_first[:, who] * lift

    def _remove(self, who: Ints, at_s: Floats, what: int) -> None:
        self._record(who, at_s, what)
        if what == HOST_REMOVES:
            self._enter("removed", who)
        else:
            self.gone[who] = True
            self.mood[:, who] = 0.0

    def _record(self, who: Ints, at_s: Floats, what: int) -> None:
        self.events.append((who, at_s, np.full(len(who), what)))

    def history(self) -> History:
        who, at_s, what = (np.concatenate(column) for column in zip(*self.events, strict=True))
        order = np.lexsort((what, at_s, who))
        return History(
            who[order], at_s[order], what[order], self.first_reply_s, self.acts, self.habits.agent,
            self.habits.handled_by_one,
        )  # fmt: skip


def _draw_kind(probabilities: Floats, luck: Floats) -> list[tuple[Ints, Floats]]:
    """Per kind (row): to whom it happens, and when in the step as a share of its length, uniform."""
    happens = np.flatnonzero(luck < probabilities.sum(axis=0))
    odds, lucky = probabilities[:, happens], luck[happens]
    upper = np.cumsum(odds, axis=0)
    kind = np.minimum((lucky >= upper).sum(axis=0), len(odds) - 1)
    drawn = []
    for row in range(len(odds)):
        mine = kind == row
        share = (lucky[mine] - upper[row, mine] + odds[row, mine]) / odds[row, mine]
        drawn.append((happens[mine], share))
    return drawn
