"""From drafts to what an archive holds: words, ids, removals, looks; and the latent labels beside them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from complaintlab.companies import Companies
from complaintlab.ids import WORLD_KEY, Key
from complaintlab.labels import reply_quality
from complaintlab.store import conform
from complaintlab.texts import text_hashes
from complaintlab.worlds.laws import Laws
from complaintlab.worlds.sightings import look
from complaintlab.worlds.speech import Grammar, Speaker

SPLIT_S = 20
"""Seconds between the two parts of a split reply."""


class WorldTables(NamedTuple):
    """What a crawler of the simulated public wrote down, and the labels that it could not see."""

    posts: pl.DataFrame
    sightings: pl.DataFrame
    latent: pl.DataFrame


def archive(drafts: pl.DataFrame, laws: Laws, companies: Companies, rng: np.random.Generator) -> WorldTables:
    """Say the drafts in words, remove what is removed, look at it, and put everything under keyed ids."""
    handles = [_handle(name, companies) for name in laws.companies]
    ended = drafts.filter(pl.col("at_s") < laws.days * 86400).sort("at_s", "post")
    removed = _later_removals(ended, laws, rng)
    speaker = Speaker(Grammar(), laws, handles, int(rng.integers(2**62)))
    said = _split(removed.with_columns(text=pl.Series(speaker.say(removed), dtype=pl.String)))
    named = _identified(said, laws, handles)
    sightings = _sightings(named, laws, rng)
    seen = sightings.filter(pl.col("status").cast(pl.String) != "absent").select("post_id").unique()
    posts = named.join(seen, on="post_id", how="semi").sort("post_id")
    return WorldTables(conform("posts", posts), sightings, conform("latent", _latent(posts)))


def _handle(name: str, companies: Companies) -> str:
    company = companies.named(name)
    assert company is not None  # the calendar has asked for it
    return company.accounts["world"][0]


def _later_removals(drafts: pl.DataFrame, laws: Laws, rng: np.random.Generator) -> pl.DataFrame:
    """Turns that authors delete, replies that companies take back or edit; what is hidden, what logged."""
    law, n = laws.removal, len(drafts)
    bad = np.array(
        [reply_quality(set(acts)) == "bad" if acts is not None else False for acts in drafts["acts"]]
    )
    reply = (drafts["kind"] == "reply").to_numpy()
    turn = drafts["kind"].is_in(["turn", "bystander"]).to_numpy()
    share = np.where(reply, law.own_reply.share * np.where(bad, law.own_reply.bad, 1.0), law.turn * turn)
    removed = rng.random(n) < share
    edited = reply & (rng.random(n) < law.own_reply.edited)
    delay_s = np.ceil(law.pace.draw_s(rng, n)).astype(np.int64)
    by_host = (drafts["removed_by"] == "host").fill_null(False).to_numpy()
    at_s = drafts["at_s"].to_numpy() + delay_s
    return drafts.with_columns(
        removed_s=pl.when(pl.Series(removed)).then(pl.Series(at_s)).otherwise("removed_s"),
        removed_by=pl.when(pl.Series(removed)).then(pl.lit("author")).otherwise("removed_by"),
        edited_s=pl.when(pl.Series(edited & ~removed)).then(pl.Series(at_s)),
        hidden=pl.Series(by_host & (rng.random(n) < law.host.hidden)),
        logged=pl.Series(by_host & (rng.random(n) < law.logged)),
        applause=pl.Series(np.floor(rng.gamma(0.4, 6.0, n))),
    )


def _split(said: pl.DataFrame) -> pl.DataFrame:
    """A split reply becomes two posts; the first carries the whole reply's labels."""
    parts = said.with_columns(pl.col("text").str.split("\x1e")).with_columns(
        part=pl.int_ranges(pl.col("text").list.len())
    )
    rows = parts.explode("text", "part")
    second = pl.col("part") == 1
    return rows.with_columns(
        parent=pl.when(second).then("post").otherwise("parent"),
        post=pl.when(second).then(pl.concat_str("post", pl.lit("b"))).otherwise("post"),
        at_s=pl.col("at_s") + SPLIT_S * pl.col("part"),
    )


def _identified(said: pl.DataFrame, laws: Laws, handles: list[str]) -> pl.DataFrame:
    key, names = Key(WORLD_KEY), list(laws.companies)
    company = pl.Series(names, dtype=pl.String).gather(said["company"])
    second = pl.Series(names, dtype=pl.String).gather(said["second"])
    official = said["kind"] == "reply"
    handle = pl.Series(handles, dtype=pl.String).gather(said["company"])
    native_author = said["author"].fill_null(handle)
    start = pl.lit(laws.start_at).cast(pl.Datetime("us", "UTC"))
    return said.with_columns(
        post_id=key.pseudonyms("post", said["post"]),
        native_id=pl.col("post"),
        source=pl.lit("world"),
        crawl_id=pl.lit("world"),
        author_id=key.pseudonyms("person", native_author),
        parent_id=key.pseudonyms("post", said["parent"]),
        root_hint=key.pseudonyms("post", said["thread"] + ".0"),
        created_at=start + pl.duration(seconds=pl.col("at_s")),
        edited_at=start + pl.duration(seconds=pl.col("edited_s")),
        repaired=pl.lit(False),
        company_name=company,
        addressed=pl.concat_list(company, second).list.drop_nulls(),
        place=pl.when("on_page").then(company),
        is_host=official,
        text_hash=text_hashes(said["text"]),
    ).with_columns(company=pl.when(official).then("company_name"))


def _sightings(named: pl.DataFrame, laws: Laws, rng: np.random.Generator) -> pl.DataFrame:
    start = pl.lit(laws.start_at).cast(pl.Datetime("us", "UTC"))
    looks = look(named.with_columns(post="post_id"), laws, rng)
    rows = looks.with_columns(
        post_id="post",
        seen_at=start + pl.duration(seconds=pl.col("seen_s")),
        crawl_id=pl.when(pl.col("look") < 0)
        .then(pl.lit("last look"))
        .otherwise(pl.format("look {}", pl.col("look") + 1)),
        complete=pl.lit(True),
        happened_at=start + pl.duration(seconds=pl.col("happened_s")),
        text_hash=pl.when(pl.col("status") != "absent").then("text_hash"),
        reposts=pl.lit(None, dtype=pl.Int64),
        followers=pl.lit(None, dtype=pl.Int64),
    )
    return conform("sightings", rows).sort("post_id", "seen_at", "crawl_id")


def _latent(posts: pl.DataFrame) -> pl.DataFrame:
    kind = pl.col("kind")
    reply = kind == "reply"
    role = pl.when(reply).then(pl.lit("company")).when(kind == "bystander").then(pl.lit("bystander"))
    return posts.with_columns(
        role=role.otherwise(pl.lit("critic")),
        complaint=pl.when(~reply).then(
            (kind == "complaint") | pl.col("stance").is_in(["escalates", "persists"])
        ),
        nonsense=pl.when(~reply).then(kind == "nonsense"),
        acts=pl.when(reply & (pl.col("part") == 0))
        .then("acts")
        .otherwise(pl.lit([], dtype=pl.List(pl.String))),
        agent=pl.when(reply).then(pl.format("{}: agent {}", "company", "agent")),
    )
