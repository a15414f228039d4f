"""Live sources from their raw answers: rows of all looks brought into the tables of the stage ``collect``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import polars as pl

from complaintlab.collect.addressed import named
from complaintlab.collect.contract import RAW_COLUMNS, Raw
from complaintlab.collect.dates import parse_moments
from complaintlab.collect.handles import pseudonymise
from complaintlab.collect.looks import Seen, latest, watch
from complaintlab.collect.normalise import Outputs, normalise_export
from complaintlab.collect.recorded import read_recorded
from complaintlab.collect.repair import repair
from complaintlab.companies import Companies
from complaintlab.crawl.settings import plan_of
from complaintlab.errors import InputError
from complaintlab.ids import Key, study_key
from complaintlab.params import Collect, Crawl
from complaintlab.sources import source_named
from complaintlab.sources.contract import Policy, Query, Source
from complaintlab.store import conform
from complaintlab.texts import text_hashes
from complaintlab.threads.deletions import ACCOUNT_GONE

_COUNTS: Final = ("likes", "reposts", "followers")


def collect_live(collect: Collect, crawl: Crawl, companies: Companies, root: Path) -> Outputs:
    """Normalise the raw answers at ``collect.path``; the network is not asked.

    Args:
        collect: ``source`` is a live one; ``path`` a crawl's folder, a folder of crawls, or a folder, tar or
            file of raw answers; ``as_of`` is when answers without a ledger were given (null: at their latest
            post).
        crawl: ``communities`` is what archives are filtered by; ``address`` the server's, where imported
            answers do not say: its host name is the posts' place. Where ``path`` has crawls of several
            queries, those of this one are read.
        companies: official accounts, and the places that companies run.
        root: the study's folder.

    Raises:
        InputError: nothing is there, it is damaged, or holds no post.
    """
    source, path = source_named(collect.source), root / collect.path
    plan = plan_of(crawl, source, collect.as_of, companies) if collect.crawled else None
    place = urlsplit(crawl.address).hostname if crawl.address else None
    query = Query(communities=crawl.communities)
    seen = watch(read_recorded(path, source, query, place, plan), source)
    if not seen.rows["known"].any():
        first = f"; the first fault: {seen.faults['reason'][0]}" if seen.faults.height else ""
        raise InputError(
            f"{path} holds no post of source {source.name}{first}: run `complaintlab crawl` first, or set "
            "collect.path to the folder or tar of its raw answers."
        )
    return normalise_seen(seen, source, path.name, study_key(source.name, root), collect, companies)


def normalise_seen(
    seen: Seen, source: Source, file: str, key: Key, collect: Collect, companies: Companies
) -> Outputs:
    """Rows of looks as posts (the latest that was shown of each) and sightings (each look)."""
    officials = companies.official(source.name)
    names = {company.name.lower(): company.name for company in companies.companies} | officials
    rows = _without_strangers(seen.rows)
    content = _as_raw(_latest_content(rows, source.policy), names)
    raw = Raw(source.name, file, content, seen.faults, officials, names, source.capabilities)
    dated = latest(rows)
    outputs = normalise_export(raw, key, None if dated else collect.as_of, collect.declares)
    end = dated or outputs.source["as_of"].item()
    fits = pl.col("post_id").is_in(outputs.posts["native_id"].implode())
    sightings = _sightings(rows.filter(~pl.col("known") | fits), end, list(names), key, source.policy)
    described = outputs.source.with_columns(
        as_of=pl.lit(end, pl.Datetime("us", "UTC")),
        rows_read=pl.lit(rows["known"].sum() + seen.faults.height, pl.UInt64),
    )
    posts = _with_threads(outputs.posts, rows, source, key)
    return outputs._replace(posts=posts, sightings=sightings, source=described)


def _without_strangers(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows less those of a stream about posts that no look at a thread ever had: a stream is of everybody."""
    ours = rows.filter("known")["post_id"]
    return rows.filter((pl.col("thread") != "") | pl.col("post_id").is_in(ours.implode()))


def _latest_content(rows: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """One row a post: of each column what was shown last, texts as the policy allows."""
    shown = [name for name in ("account", *RAW_COLUMNS) if name in rows.columns and name != "post_id"]
    ordered = rows.sort("seen_at", "row", nulls_last=False)
    last_status = ordered.group_by("post_id", maintain_order=True).agg(
        pl.col("status", "actor", "evidence").last()
    )
    withdrawn = last_status.filter(_is_withdrawn())["post_id"]
    dropped = pl.col("post_id").is_in(withdrawn.implode()) if policy.honour_deletions else pl.lit(False)
    return (
        ordered.filter("known")
        .group_by("post_id", maintain_order=True)
        .agg(pl.col("row").first(), pl.col(shown).drop_nulls().last())
        .with_columns(text=pl.when(dropped | pl.lit(not policy.keep_text)).then(None).otherwise("text"))
        .sort("row")
    )


def _is_withdrawn() -> pl.Expr:
    """The author took it back, or is gone himself."""
    by_author = (pl.col("actor") == "author") | (pl.col("evidence") == ACCOUNT_GONE)
    return (pl.col("status") == "absent") & by_author.fill_null(False)


def _as_raw(content: pl.DataFrame, names: dict[str, str]) -> pl.DataFrame:
    """Content under all raw columns; whoever may moderate a company's own place speaks for the company."""
    absent = [pl.lit(None, pl.String).alias(name) for name in RAW_COLUMNS if name not in content.columns]
    staff = pl.when(pl.col("is_host") == "true").then(named("place", names))
    return content.with_columns(
        *absent, company=pl.coalesce("company", named("account", names), staff), mended=pl.lit(False)
    ).select("row", "mended", *RAW_COLUMNS)


def _sightings(
    rows: pl.DataFrame, end: dt.datetime, names: list[str], key: Key, policy: Policy
) -> pl.DataFrame:
    if not policy.record_deletions:
        rows = rows.filter(pl.col("status").is_in(["present", "unreachable"]))
    said = (
        pseudonymise(repair(rows["text"])[0], names) if policy.keep_text else rows["text"].clear(rows.height)
    )
    frame = rows.with_columns(
        post_id=key.pseudonyms("post", rows["post_id"].str.strip_chars()),
        seen_at=pl.col("seen_at").fill_null(end),
        happened_at=parse_moments(rows["happened_at"]),
        text_hash=text_hashes(said),
        **{name: pl.col(name).cast(pl.Int64, strict=False) for name in _COUNTS},
    )
    distinct = frame.unique(["post_id", "seen_at", "crawl_id"], keep="first", maintain_order=True)
    return conform("sightings", distinct.sort("post_id", "seen_at", "crawl_id"))


def _with_threads(posts: pl.DataFrame, rows: pl.DataFrame, source: Source, key: Key) -> pl.DataFrame:
    """Posts with the root of their thread, which is known even where the way there is broken."""
    threads = rows.filter("known").select("post_id", "thread").unique("post_id", keep="first")
    roots = {thread: source.root(thread) for thread in threads["thread"].unique().sort()}
    hints = threads.with_columns(pl.col("thread").replace_strict(roots, return_dtype=pl.String))
    joined = posts.join(hints, left_on="native_id", right_on="post_id", how="left", maintain_order="left")
    return conform("posts", joined.with_columns(root_hint=key.pseudonyms("post", joined["thread"])))
