"""Threads that open with no complaint: questions, praise, nonsense."""

from __future__ import annotations

import numpy as np
import polars as pl

from complaintlab.labels import ACTS
from complaintlab.models.strategies import DAY
from complaintlab.worlds.calendar import Flags, Ints
from complaintlab.worlds.drafts import ANGRY, draft, whole_seconds
from complaintlab.worlds.laws import Floats, Laws, Opener
from complaintlab.worlds.nonsense import abuse, removals
from complaintlab.worlds.people import Complaints, draw_pages
from complaintlab.worlds.sequels import praise_again

SOONEST_REPLY_S = 60
NEUTRAL_SHARE = 0.3
"""Of those who are heard again after the reply; the others thank."""


def other_threads(n: int, laws: Laws, rng: np.random.Generator) -> pl.DataFrame:
    """Drafts of threads by people who do not complain, in a world of ``n`` complaints."""
    weight = np.array([company.weight for company in laws.companies.values()])
    frames = []
    for kind, law in laws.others.kinds.items():
        many = round(n * law.share)
        company = rng.choice(len(weight), many, p=weight / weight.sum())
        at_s = np.floor(rng.random(many) * laws.days * DAY)
        authors = [f"{kind}{i}" for i in range(many)]
        drafts = _threads(f"{kind[0]}", kind, authors, company, at_s, laws, rng)
        frames.append(drafts)
        if kind == "praise":
            answered = _answered_within_a_day(drafts, at_s)
            who, again_s = praise_again(answered, at_s, laws, rng)
            again = [authors[i] for i in who]
            frames.append(_threads("a", kind, again, company[who], again_s, laws, rng))
    return pl.concat(frames)


def _answered_within_a_day(drafts: pl.DataFrame, opened_s: Floats) -> Flags:
    """(n,) of threads numbered in the order of ``opened_s``."""
    replies = drafts.filter(pl.col("kind") == "reply")
    who = replies["thread"].str.slice(1).cast(pl.Int64).to_numpy()
    found = np.zeros(len(opened_s), dtype=bool)
    found[who] = replies["at_s"].to_numpy() - opened_s[who] <= DAY
    return found


def praise_threads(
    people: Complaints, who: Ints, at_s: Floats, laws: Laws, rng: np.random.Generator
) -> pl.DataFrame:
    """Drafts of threads that critics open later to praise the company, unprompted."""
    authors = [f"p{author}" for author in people.author[who]]
    return _threads("s", "praise", authors, people.company[who], at_s, laws, rng)


def _threads(
    prefix: str,
    kind: str,
    authors: list[str],
    company: Ints,
    at_s: Floats,
    laws: Laws,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """An opener, perhaps a reply, perhaps a word of thanks; the company's load and hours play no part."""
    n, law = len(authors), laws.others.kinds[kind]
    thread = np.array([f"{prefix}{i}" for i in range(n)], dtype=object)
    base = pl.DataFrame(
        {
            "thread": pl.Series(thread, dtype=pl.String),
            "author": pl.Series(authors, dtype=pl.String),
            "company": company,
            "on_page": draw_pages(company, laws, rng),
            "topic": pl.Series(rng.choice(list(laws.topics), n), dtype=pl.String),
            "sarcastic": np.zeros(n, dtype=bool),
        }
    )
    removed_s = removals(base["on_page"].to_numpy(), laws, rng) if kind == "nonsense" else np.full(n, np.inf)
    reply_s = at_s.astype(np.int64) + SOONEST_REPLY_S + whole_seconds(laws.response.draw_s(rng, n))
    thanks_s = reply_s + whole_seconds(laws.response.draw_s(rng, n))
    answered = rng.random(n) < law.reply
    thanked = answered & (rng.random(n) < law.thanks)
    opener = base.with_columns(_opener(kind, at_s.astype(np.int64), removed_s, rng))
    reply = base.with_columns(_reply(law, reply_s, company, laws, rng))
    thanks = base.with_columns(_thanks(thanks_s, rng))
    drafts = [draft(opener), draft(reply.filter(answered)), draft(thanks.filter(thanked))]
    if kind == "nonsense":
        drafts.append(draft(_abuse(base, at_s, removed_s, laws, rng)))
    return pl.concat(drafts)


def _opener(kind: str, at_s: Ints, removed_s: Floats, rng: np.random.Generator) -> list[pl.Expr | pl.Series]:
    """What the opener says; hosts remove nonsense from their pages, and nothing else of this."""
    n = len(at_s)
    stays = pl.Series(np.isinf(removed_s))
    gone_s = at_s + whole_seconds(np.where(np.isinf(removed_s), 0.0, removed_s))
    rude = rng.integers(0, 4, n) * (kind == "nonsense")
    return [
        pl.concat_str("thread", pl.lit(".0")).alias("post"),
        pl.Series("at_s", at_s),
        pl.lit(kind).alias("kind"),
        pl.lit("advocates" if kind == "praise" else "neutral").alias("stance"),
        pl.Series("hostility", rude),
        pl.lit(0).alias("severity"),
        pl.Series("removed_s", gone_s).set(stays, None),
        pl.Series("removed_by", ["host"] * n, dtype=pl.String).set(stays, None),
    ]


def _reply(
    law: Opener, at_s: Ints, company: Ints, laws: Laws, rng: np.random.Generator
) -> list[pl.Expr | pl.Series]:
    companies = list(laws.companies.values())
    agents = np.array([c.agents for c in companies])[company]
    done = rng.random((len(company), len(ACTS))) < np.array([law.acts.get(act, 0.0) for act in ACTS])
    done[:, ACTS.index("personal")] = np.array([c.signs != "none" for c in companies])[company]
    names = np.array(ACTS)
    return [
        pl.concat_str("thread", pl.lit(".1")).alias("post"),
        pl.concat_str("thread", pl.lit(".0")).alias("parent"),
        pl.lit(None, dtype=pl.String).alias("author"),
        pl.Series("at_s", at_s),
        pl.lit("reply").alias("kind"),
        pl.lit(None, dtype=pl.Boolean).alias("sarcastic"),
        pl.Series("acts", [names[row].tolist() for row in done], dtype=pl.List(pl.String)),
        pl.Series("agent", (rng.random(len(company)) * agents).astype(np.int64)),
    ]


def _thanks(at_s: Ints, rng: np.random.Generator) -> list[pl.Expr | pl.Series]:
    neutral = rng.random(len(at_s)) < NEUTRAL_SHARE
    return [
        pl.concat_str("thread", pl.lit(".2")).alias("post"),
        pl.concat_str("thread", pl.lit(".1")).alias("parent"),
        pl.Series("at_s", at_s),
        pl.lit("turn").alias("kind"),
        pl.Series("stance", np.where(neutral, "neutral", "thanks"), dtype=pl.String),
        pl.lit(0).alias("hostility"),
    ]


def _abuse(
    base: pl.DataFrame, at_s: Floats, removed_s: Floats, laws: Laws, rng: np.random.Generator
) -> pl.DataFrame:
    """Turns in which writers of nonsense abuse the company, after their opener."""
    who, after_s = abuse(removed_s, laws, rng)
    order = np.lexsort((after_s, who))
    who, after_s = who[order], after_s[order]
    ordinal = pl.int_range(1, pl.len() + 1).over("thread")
    return base[who].with_columns(
        pl.format("{}.e{}", "thread", ordinal).alias("post"),
        pl.concat_str("thread", pl.lit(".0")).alias("parent"),
        pl.Series("at_s", at_s[who].astype(np.int64) + whole_seconds(after_s)),
        pl.lit("turn").alias("kind"),
        pl.lit("escalates").alias("stance"),
        pl.lit(ANGRY).alias("hostility"),
    )
