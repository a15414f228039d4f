"""How fast the stage ``threads`` is, against what one would write instead, and as the input grows.

Posts are made in the shape of the tweet set: a customer opens, company and customer alternate, some
strangers join in, 3% of parents are missing, a tenth of the companies' turns are split in two, and all are
signed. Run ``python benchmarks/threads.py [posts]``; the table goes to benchmarks/results/threads.csv.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl

from complaintlab.companies import Companies, Company, Hours
from complaintlab.store import conform
from complaintlab.texts import text_hashes
from complaintlab.threads import run
from complaintlab.threads.trees import grow

POSTS = 2_800_000
SLICE = 200_000
COMPANIES = 108
WORDS = 4096
START = dt.datetime(2017, 10, 1, tzinfo=dt.UTC)
RESULTS = Path(__file__).parent / "results" / "threads.csv"


def make_posts(n: int, seed: int = 1) -> pl.DataFrame:
    """``n`` posts with the columns of ``posts``; threads have 3.5 posts on average, the longest hundreds."""
    rng = np.random.default_rng(seed)
    sizes = np.minimum(rng.geometric(0.5, n) + rng.poisson(np.exp(rng.normal(-0.3, 1.1, n))), 400)
    threads = int(np.searchsorted(np.cumsum(sizes), n)) + 1
    thread = np.repeat(np.arange(threads), sizes[:threads])[:n]
    start = np.searchsorted(thread, np.arange(threads))
    place = np.arange(n) - start[thread]
    official = np.isin(place % 4, (1, 2))
    split = (rng.random(n) < 0.1)[np.maximum(np.arange(n) - (place % 4 == 2), 0)] & official
    stranger = ~official & (place > 0) & (rng.random(n) < 0.1)
    company = _skewed(rng, threads, COMPANIES)[thread]
    ids = _ids(n, 0)
    answered = np.arange(n) - np.where(rng.random(n) < 0.8, 1, np.minimum(place, 2))
    missing = (place > 0) & (rng.random(n) < 0.03)
    parent = pl.Series(np.where(place > 0, answered, -1)).replace(-1, None)
    unseen = _ids(n, n).scatter(np.flatnonzero(~missing), None)
    author = np.where(official, 10**9 + company, np.where(stranger, rng.integers(0, n, n), thread))
    gap = np.where(split & (place % 4 == 2), 30, rng.integers(60, 9_000, n))
    seconds = np.cumsum(gap) + (rng.integers(0, 60 * 86_400, threads) - np.cumsum(gap)[start])[thread]
    name = pl.Series(np.arange(COMPANIES)).cast(pl.String) + "_cares"
    frame = pl.DataFrame(
        {
            "post_id": ids,
            "source": "made",
            "crawl_id": "made",
            "author_id": _hexed(pl.Series(author).hash(3)),
            "parent_id": ids.gather(parent).zip_with(pl.Series(~missing), unseen),
            "created_at": pl.Series(seconds * 1_000_000).cast(pl.Duration("us")) + START,
            "text": _texts(rng, official, np.where(split, place % 4, 0)),
            "repaired": False,
            "company": name.gather(pl.Series(np.where(official, company, -1)).replace(-1, None)),
            "addressed": name.gather(company),
            "is_host": False,
        }
    )
    addressed = pl.when(pl.col("company").is_null()).then(pl.concat_list("addressed")).otherwise([])
    return conform("posts", frame.with_columns(addressed)).sort("post_id")


def _skewed(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    share = 1 / np.arange(1, k + 1)
    return rng.choice(k, n, p=share / share.sum())


def _ids(n: int, start: int) -> pl.Series:
    return _hexed(pl.int_range(start, start + n, dtype=pl.UInt64, eager=True).hash(7))


def _hexed(numbers: pl.Series) -> pl.Series:
    return numbers.cast(pl.String).str.zfill(20)


def _texts(rng: np.random.Generator, official: np.ndarray, part: np.ndarray) -> pl.Series:
    n = official.size
    words = _ids(WORDS, 0).str.tail(5).str.replace_all("[0-4]", "a").str.replace_all("[5-9]", "er")
    said = {f"w{i}": words.gather(rng.integers(0, WORDS, n)) for i in range(12)}
    initials = pl.Series([f" ^{chr(65 + a)}{chr(65 + b)}" for a in range(26) for b in range(26)])
    ends = initials.gather(rng.integers(0, 676, n)).zip_with(pl.Series(official), pl.Series([""]))
    parts = pl.Series(np.array(["", " 1/2", " 2/2"])[part])
    links = pl.Series(np.where(rng.random(n) < 0.15, " https://t.co/abc" + "x", ""))
    frame = pl.DataFrame({**said, "p": parts, "l": links, "e": ends})
    return frame.select(
        pl.concat_str([pl.lit("@11580"), *[pl.col(c) for c in said]], separator=" ")
        + pl.concat_str("p", "l", "e")
    ).to_series()


def inputs(posts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, Companies]:
    """Sightings of one export, its source, and companies of which half have known hours."""
    as_of = posts["created_at"].max()
    sightings = posts.select("post_id", crawl_id="crawl_id").with_columns(
        seen_at=pl.lit(as_of), status=pl.lit("present"), complete=True
    )
    source = pl.DataFrame({"threads_complete": [True], "as_of": [as_of], "fingerprint": ["0" * 20]})
    week = {day: Hours(opens=dt.time(8), closes=dt.time(20)) for day in range(6)}
    known = tuple(
        Company(name=f"{i}_cares", time_zone="America/New_York", hours=week) for i in range(0, COMPANIES, 2)
    )
    return conform("sightings", sightings), source, Companies(companies=known)


def walk_in_pandas(posts: pd.DataFrame) -> list[tuple[str, int]]:
    """Root and depth by walking up from every post: what one would write without this stage."""
    parent = dict(zip(posts["post_id"], posts["parent_id"], strict=True))
    found: list[tuple[str, int]] = []
    for post in posts["post_id"]:
        depth = 0
        while (above := parent[post]) in parent:
            post, depth = above, depth + 1
        found.append((post, depth))
    return found


def components_in_networkx(posts: pd.DataFrame) -> int:
    """Number of threads as the connected components of a graph of replies."""
    import networkx

    graph = networkx.Graph()
    graph.add_nodes_from(posts["post_id"])
    answers = posts.dropna(subset=["parent_id"])
    graph.add_edges_from(zip(answers["post_id"], answers["parent_id"], strict=True))
    return sum(1 for _ in networkx.connected_components(graph))


class Spent(NamedTuple):
    """What a piece of work took: wall-clock and processor seconds, peak memory of its process in GiB."""

    seconds: float
    cpu_seconds: float
    peak_gib: float


def measured(work: Callable[[], object]) -> Spent:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Spent(wall, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)


def in_fresh_process(work: Callable[..., Spent], *arguments: object) -> Spent:
    """Work in a process of its own, so that its peak memory is its own too."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def whole_stage(path: str) -> Spent:
    posts = pl.read_parquet(path)
    arguments = inputs(posts)
    return measured(lambda: run(posts, *arguments))


def hashing(path: str) -> Spent:
    texts = pl.read_parquet(path, columns=["text"])["text"]
    return measured(lambda: text_hashes(texts))


def main(n: int) -> None:
    rows: list[dict[str, object]] = []

    def note(work: str, size: int, spent: Spent) -> None:
        per_post = spent.cpu_seconds / size * 1e6
        rows.append({"work": work, "posts": size, **spent._asdict(), "cpu_us_per_post": per_post})
        print(
            f"{work:36s}{size:>10,}{spent.seconds:8.2f} s{spent.cpu_seconds:8.2f} CPU s"
            f"{per_post:8.2f} CPU µs/post{spent.peak_gib:7.2f} GiB",
            flush=True,
        )

    small = make_posts(SLICE)
    plain = small.select("post_id", "parent_id").to_pandas()
    note("trees: this stage", SLICE, measured(lambda: grow(small)))
    note("trees: walk in pandas", SLICE, measured(lambda: walk_in_pandas(plain)))
    note("components only: networkx", SLICE, measured(lambda: components_in_networkx(plain)))
    with tempfile.TemporaryDirectory() as folder:
        for size in (n // 10, n):
            path = f"{folder}/{size}.parquet"
            make_posts(size).write_parquet(path)
            note("whole stage", size, in_fresh_process(whole_stage, path))
            note("of which text hashes (one thread)", size, in_fresh_process(hashing, path))
    RESULTS.parent.mkdir(exist_ok=True)
    pl.DataFrame(rows).with_columns(pl.selectors.float().round(3)).write_csv(RESULTS)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else POSTS)
