"""Small made-up sources for the tests of episodes and spells: who said what, when, and what was measured."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from complaintlab import spells
from complaintlab.companies import Companies
from complaintlab.labels import ACTS
from complaintlab.params import Analysis
from complaintlab.store import conform
from complaintlab.tables import TABLES

ZERO = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
DAY = 86400
ANALYSIS = Analysis(
    washout_days=30, gap_days=30, horizon_days=7, long_horizon_days=30,
    complaint_threshold=0.5, nonsense_threshold=0.5, act_threshold=0.5,
)  # fmt: skip


def ident(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=10).hexdigest()


def moment(seconds: float) -> dt.datetime:
    return ZERO + dt.timedelta(seconds=seconds)


@dataclass
class Turn:
    """A later turn: ``who`` is an author's name, or ``company``; ``at`` in seconds after the opener."""

    who: str
    at: float
    stance: str | None = "neutral"
    acts: tuple[str, ...] = ()
    against: float | None = None
    hostility: float = 1.0
    agent: str | None = None


@dataclass
class Thread:
    """A thread; ``at`` in seconds after the source's first post, ``until`` after the opener."""

    critic: str
    at: float
    turns: list[Turn] = field(default_factory=list)
    company: str = "acme"
    complaint: float = 0.9
    praise: float = 0.0
    nonsense: float = 0.0
    supported: bool = True
    root_seen: bool = True
    until: float = 60 * DAY
    locked: float | None = None
    text: str | None = None
    hostility: float = 1.0


@dataclass
class Case:
    """A source made of threads; posts are named ``<thread>.<turn>``, the opener ``<thread>.0``.

    Where it is ``busy``, a passer-by opens an unmeasured thread every 20 days from the first post
    to the last opener, so that observation is continuous.
    """

    threads: list[Thread]
    deletions: list[dict[str, Any]] = field(default_factory=list)
    sightings: list[dict[str, Any]] = field(default_factory=list)
    prospective: bool = False
    as_of: float = 400 * DAY
    busy: bool = True

    def run(self, analysis: Analysis = ANALYSIS, companies: Companies | None = None) -> spells.Outputs:
        tables = self.tables()
        return spells.run(**tables, analysis=analysis, companies=companies or Companies(companies=()))

    def tables(self) -> dict[str, pl.DataFrame]:
        rows = [row for number, thread in enumerate(self.threads) for row in _posts(number, thread)]
        return {
            "turns": _table("turns", [turn for turn, _ in rows]),
            "measures": _table("measures", [measure for _, measure in rows]),
            "threads": _table("threads", [_thread(n, t) for n, t in self._all_threads()]),
            "deletions": _table("deletions", [_deletion(**d) for d in self.deletions]),
            "sightings": _table("sightings", [_sighting(**s) for s in self.sightings]),
            "source": _table("source", [self._source()]),
        }

    def _all_threads(self) -> list[tuple[int, Thread]]:
        days = range(0, int(max((t.at for t in self.threads), default=0)), 20 * DAY) if self.busy else ()
        passing = [Thread("passer-by", at) for at in days]
        return [*enumerate(self.threads), *enumerate(passing, start=len(self.threads))]

    def _source(self) -> dict[str, Any]:
        flags = ("simulated", "selected_on_reply", "deletions_attributed", "engagement_timestamped")
        return {
            "source": "made up", "crawl_id": "one", "as_of": moment(self.as_of), "first_at": ZERO,
            "last_at": moment(self.as_of), "threads_complete": True, "prospective": self.prospective,
            "rows_read": 0, "rows_quarantined": 0, "rows_repaired": 0, "fingerprint": "x",
            **dict.fromkeys(flags, False),
        }  # fmt: skip


def episode_of(outputs: spells.Outputs, number: int = 0) -> dict[str, Any]:
    """The episode that thread ``number`` opened."""
    return outputs.episodes.row(by_predicate=pl.col("opener_id") == ident(f"{number}.0"), named=True)


def rows_of(outputs: spells.Outputs, number: int = 0) -> pl.DataFrame:
    return outputs.spells.filter(pl.col("episode_id") == episode_of(outputs, number)["episode_id"])


def _table(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    if not rows:
        return TABLES[name].create_empty()
    return conform(name, pl.DataFrame(rows, infer_schema_length=None))


def _posts(number: int, thread: Thread) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    opener = Turn(thread.critic, 0, "persists", hostility=thread.hostility)
    posts = []
    for place, turn in enumerate([opener, *sorted(thread.turns, key=lambda t: t.at)]):
        if place == 0 and not thread.root_seen:
            continue
        posts.append(
            (_turn(number, place, thread, turn), _measure(number, place, thread, turn, opener=place == 0))
        )
    return posts


def _role(thread: Thread, who: str) -> str:
    if not thread.root_seen:
        return "unknown"
    return {"company": "company", thread.critic: "critic"}.get(who, "bystander")


def _turn(number: int, place: int, thread: Thread, turn: Turn) -> dict[str, Any]:
    name = f"{number}.{place}"
    text = thread.text if place == 0 and thread.text else name
    return {
        "post_id": ident(name), "company": thread.company, "thread_id": ident(f"{number}.0"),
        "author_id": ident(thread.company if turn.who == "company" else turn.who),
        "role": _role(thread, turn.who), "created_at": moment(thread.at + turn.at), "position": place,
        "depth": min(place, 1), "parent_status": "present" if place else "root",
        "agent_id": ident(turn.agent) if turn.agent else None, "text": text, "text_hash": ident(text),
    }  # fmt: skip


def _measure(number: int, place: int, thread: Thread, turn: Turn, *, opener: bool) -> dict[str, Any]:
    reply = turn.who == "company"
    return {
        "post_id": ident(f"{number}.{place}"), "company": thread.company, "language": "en",
        "supported": thread.supported, "stance": None if reply else turn.stance,
        "p_complaint": thread.complaint if opener else 0.0, "p_praise": thread.praise if opener else 0.0,
        "p_nonsense": thread.nonsense if opener else 0.0, "p_against": turn.against,
        "hostility": None if reply else turn.hostility, "severity": 1.0, "model_version": "1",
        **({f"p_{act}": float(act in turn.acts) for act in ACTS} if reply else {}),
    }  # fmt: skip


def _thread(number: int, thread: Thread) -> dict[str, Any]:
    replies = sorted(t.at for t in thread.turns if t.who == "company")
    return {
        "thread_id": ident(f"{number}.0"), "company": thread.company, "opener_id": ident(f"{number}.0"),
        "critic_id": ident(thread.critic) if thread.root_seen else None, "opened_at": moment(thread.at),
        "root_seen": thread.root_seen, "n_turns": len(thread.turns) + 1, "n_people": 1,
        "n_company_turns": len(replies),
        "first_reply_at": moment(thread.at + replies[0]) if replies else None,
        "followed_until": moment(thread.at + thread.until), "cut": "no",
        "locked_at": None if thread.locked is None else moment(thread.at + thread.locked),
    }  # fmt: skip


def _deletion(
    post: str, kind: str, by: float, after: float | None = None, exact: float | None = None
) -> dict[str, Any]:
    actor = {"author_deleted": "author", "account_gone": "unknown"}.get(kind, "host")
    return {
        "post_id": ident(post), "ordinal": 1, "role": "critic", "kind": kind, "actor": actor,
        "evidence": "made up", "confidence": 1.0, "first_absent_at": moment(by),
        "last_present_at": None if after is None else moment(after),
        "exact_at": None if exact is None else moment(exact),
    }  # fmt: skip


def _sighting(post: str, at: float, **values: Any) -> dict[str, Any]:
    return {
        "post_id": ident(post), "seen_at": moment(at), "crawl_id": "one", "status": "present",
        "complete": True, **values,
    }  # fmt: skip
