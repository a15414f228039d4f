"""Threads before they have words: one row per post, who writes it, when, and what it means."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from complaintlab.labels import ACTS, STANCES
from complaintlab.worlds.calendar import Flags, Ints
from complaintlab.worlds.history import AUTHOR_REMOVES, HOST_REMOVES, LATER_REPLY, REPLY, History
from complaintlab.worlds.laws import Floats, Laws
from complaintlab.worlds.people import Complaints

DRAFT: dict[str, pl.DataType | type[pl.DataType]] = {
    "thread": pl.String,
    "post": pl.String,
    "parent": pl.String,
    "author": pl.String,
    "at_s": pl.Int64,
    "kind": pl.String,  # complaint, question, praise, nonsense; turn, reply, bystander
    "company": pl.Int64,
    "second": pl.Int64,
    "on_page": pl.Boolean,
    "stance": pl.String,
    "sarcastic": pl.Boolean,
    "invited": pl.Boolean,  # the latest reply offered a private way on
    "hostility": pl.Int64,
    "severity": pl.Int64,
    "topic": pl.String,
    "acts": pl.List(pl.String),
    "agent": pl.Int64,
    "split": pl.Boolean,
    "removed_s": pl.Int64,
    "removed_by": pl.String,
}
"""Columns of a draft; times are whole seconds since the world's start, ``company`` a position in the laws."""

ANGRY = 2
"""Hostility from which somebody is angry; above it are insults, which the codebook counts as escalating."""


def draft(given: pl.DataFrame | dict[str, Any]) -> pl.DataFrame:
    """A frame with all columns of ``DRAFT``, cast and in order; those not given are null."""
    frame = pl.DataFrame(given)
    missing = [
        pl.lit(None, dtype=dtype).alias(name) for name, dtype in DRAFT.items() if name not in frame.columns
    ]
    return frame.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in DRAFT.items())


def whole_seconds(after_s: Floats) -> Ints:
    """Rounded up: nothing happens at the very moment that causes it."""
    return np.asarray(np.ceil(after_s)).astype(np.int64)


def complaint_threads(
    prefix: str, people: Complaints, history: History, laws: Laws, rng: np.random.Generator
) -> pl.DataFrame:
    """Openers, critics' turns and company replies of one batch; threads are named ``prefix`` + position."""
    thread = np.array([f"{prefix}{i}" for i in range(len(people))])
    openers = _openers(thread, people, history, laws, rng)
    removal = np.isin(history.what, (HOST_REMOVES, AUTHOR_REMOVES))
    told = ~removal
    who, what = history.who[told], history.what[told]
    at_s = people.at_s[who].astype(np.int64) + whole_seconds(history.at_s[told])
    answers = np.isin(what, (REPLY, LATER_REPLY))
    events = draft(
        {
            "thread": thread[who],
            "post": _post_names(thread[who], who),
            "author": pl.Series([f"p{a}" for a in people.author[who]], dtype=pl.String).set(
                pl.Series(answers), None
            ),
            "at_s": at_s,
            "kind": np.where(answers, "reply", "turn"),
            "company": people.company[who],
            "on_page": people.on_page[who],
            "stance": pl.Series([None if w >= len(STANCES) else STANCES[w] for w in what], dtype=pl.String),
            "hostility": _loudness(what, people.hostility[who]),
            "topic": openers["topic"].gather(who),
            "acts": _acts(who, what, history, laws, rng),
            "agent": pl.Series(_agents(who, what, people, history, laws)).set(pl.Series(~answers), None),
            "split": (what == REPLY) & (rng.random(len(who)) < laws.split_replies),
            "sarcastic": _sarcastic(what, laws, rng),
        }
    )
    return _with_parents(pl.concat([openers, events]))


def _openers(
    thread: np.ndarray, people: Complaints, history: History, laws: Laws, rng: np.random.Generator
) -> pl.DataFrame:
    topics, n = list(laws.topics), len(people)
    removed_s, removed_by = _removals(people, history)
    other = (people.company + 1 + (rng.random(n) * (len(laws.companies) - 1)).astype(np.int64)) % len(
        laws.companies
    )
    return draft(
        {
            "thread": thread,
            "post": np.char.add(thread.astype(str), ".0"),
            "author": [f"p{a}" for a in people.author],
            "at_s": people.at_s.astype(np.int64),
            "kind": ["complaint"] * n,
            "company": people.company,
            "second": pl.Series(other).set(pl.Series(rng.random(n) >= laws.two_companies), None),
            "on_page": people.on_page,
            "stance": np.where(people.hostility > ANGRY, "escalates", "persists"),
            "sarcastic": rng.random(n) < laws.sarcasm.persists / 2,
            "hostility": people.hostility,
            "severity": people.severity,
            "topic": [topics[t] for t in people.topic],
            "removed_s": removed_s,
            "removed_by": removed_by,
        }
    )


def _removals(people: Complaints, history: History) -> tuple[pl.Series, pl.Series]:
    """When the opener was first removed, and by whom; null where it stayed."""
    at_s, by = np.full(len(people), -1, dtype=np.int64), np.full(len(people), "", dtype=object)
    for code, name in ((AUTHOR_REMOVES, "author"), (HOST_REMOVES, "host")):
        rows = history.what == code
        who = history.who[rows]
        at_s[who] = people.at_s[who].astype(np.int64) + whole_seconds(history.at_s[rows])
        by[who] = name
    stayed = pl.Series(at_s < 0)
    return pl.Series(at_s).set(stayed, None), pl.Series(by.tolist(), dtype=pl.String).set(stayed, None)


def _post_names(thread: np.ndarray, who: Ints) -> np.ndarray:
    first = np.concatenate([[True], who[1:] != who[:-1]]) if len(who) else np.zeros(0, dtype=bool)
    place = np.arange(len(who))
    ordinal = place - np.maximum.accumulate(np.where(first, place, 0)) + 1
    return np.array([f"{t}.{k}" for t, k in zip(thread, ordinal, strict=True)], dtype=object)


def _loudness(what: Ints, opener: Ints) -> pl.Series:
    """Hostility of a turn: who escalates is at least angry, who insults escalates, the others are calm."""
    hostility = np.select(
        [what == STANCES.index("escalates"), what == STANCES.index("persists")],
        [np.maximum(opener, ANGRY), np.minimum(opener, ANGRY)],
        0,
    )
    return pl.Series(hostility).set(pl.Series(what >= len(STANCES)), None)


def _acts(who: Ints, what: Ints, history: History, laws: Laws, rng: np.random.Generator) -> pl.Series:
    """First replies do as the history says; later ones by what the critic said before them."""
    names = np.array(ACTS)
    luck = rng.random((len(who), len(ACTS)))
    chances = np.array([[laws.later_acts[s].get(act, 0.0) for act in ACTS] for s in STANCES])
    acts: list[list[str]] = []
    stance, critic = -1, -1
    for i, code in enumerate(what):
        stance, critic = (stance if who[i] == critic else -1), int(who[i])
        if code < len(STANCES):
            stance = int(code)
            acts.append([])
        elif code == REPLY:
            acts.append(names[history.acts[:, critic]].tolist())
        else:
            done = luck[i] < chances[stance]
            done[-1] = history.acts[-1, critic]
            acts.append(names[done].tolist())
    return pl.Series(acts, dtype=pl.List(pl.String))


def _agents(who: Ints, what: Ints, people: Complaints, history: History, laws: Laws) -> Ints:
    agents = np.array([company.agents for company in laws.companies.values()])[people.company[who]]
    another = (what == LATER_REPLY) & ~history.handled_by_one[who]
    return np.asarray((history.agent[who] + another) % agents)


def _sarcastic(what: Ints, laws: Laws, rng: np.random.Generator) -> Flags:
    share = {
        STANCES.index("escalates"): laws.sarcasm.escalates,
        STANCES.index("persists"): laws.sarcasm.persists,
    }
    odds = np.array([share.get(code, 0.0) for code in range(len(STANCES) + 4)])
    return np.asarray(rng.random(len(what)) < odds[what])


def _with_parents(posts: pl.DataFrame) -> pl.DataFrame:
    """A reply answers the critic's latest post, a critic's turn the latest reply or the opener."""
    said = pl.when(pl.col("kind") != "reply").then(pl.col("post"))
    told = pl.when(pl.col("kind") == "reply").then(pl.col("post"))
    inviting = pl.when(pl.col("kind") == "reply").then(pl.col("acts").list.contains("contact"))
    before = posts.sort("thread", "at_s", "post").with_columns(
        said=said.forward_fill().shift(1).over("thread"),
        told=told.forward_fill().shift(1).over("thread"),
        invited=inviting.forward_fill().shift(1).over("thread"),
    )
    root = pl.concat_str("thread", pl.lit(".0"))
    parent = (
        pl.when(pl.col("kind") == "complaint")
        .then(None)
        .when(pl.col("kind") == "reply")
        .then(pl.coalesce("said", root))
        .otherwise(pl.coalesce("told", root))
    )
    return before.with_columns(parent=parent).select(list(DRAFT))
