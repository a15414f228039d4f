"""How fast `collect` brings a file of the tweet set's shape into posts, against bare reading with pandas.

    python benchmarks/collect.py [tweets ...]      (default 280000 2800000)

Each size is generated (seeded, from made-up words), then read twice in processes of their own: by
`complaintlab.collect.run`, which also checks, repairs, pseudonymises and sorts, and by `pandas.read_csv`
with `pandas.to_datetime`. Results: benchmarks/results/collect.csv.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

RESULTS = Path(__file__).parent / "results" / "collect.csv"
COMPANIES = 108
CHUNK = 200_000
FIRST_CUSTOMER = 115_712
MOJIBAKE_SHARE = 0.002
"""Parts of the set that nobody saved again have none; the parts that were have up to a fifth."""


def generate(path: Path, tweets: int, seed: int = 1) -> None:
    """Write ``tweets`` rows in the tweet set's columns, in chunks: threads of about four turns."""
    rng = np.random.default_rng(seed)
    words = _words(rng, 8_000)
    handles = np.array([f"{word.title()}{i}Care" for i, word in enumerate(words[:COMPANIES])])
    for start in range(0, tweets, CHUNK):
        chunk = _chunk(rng, words, handles, start, min(CHUNK, tweets - start))
        with path.open("ab" if start else "wb") as file:
            chunk.write_csv(file, include_header=start == 0)


def _words(rng: np.random.Generator, number: int) -> list[str]:
    syllables = ["ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "wen", "dor", "pa"]
    return ["".join(rng.choice(syllables, size=rng.integers(1, 4))) for _ in range(number)]


def _chunk(
    rng: np.random.Generator, words: list[str], handles: np.ndarray, start: int, size: int
) -> pl.DataFrame:
    opens = rng.random(size) < 0.26
    opens[0] = True
    thread = np.cumsum(opens) - 1
    turn = np.arange(size) - np.flatnonzero(opens)[thread]
    company = handles[np.minimum(rng.zipf(1.4, size) - 1, COMPANIES - 1)[np.flatnonzero(opens)][thread]]
    customer = (FIRST_CUSTOMER + start // 3 + thread).astype(str)
    by_company = turn % 2 == 1
    ids = np.arange(start + 1, start + size + 1)
    seconds = 1_506_816_000 + rng.integers(0, 5_000_000, size=thread.max() + 1)[thread] + turn * 900
    return pl.DataFrame(
        {
            "tweet_id": ids,
            "author_id": np.where(by_company, company, customer),
            "inbound": np.where(by_company, "False", "True"),
            "created_at": seconds,
            "text": _texts(rng, words, np.where(by_company, customer, company)),
            "response_tweet_id": pl.Series(ids + 1).cast(pl.String),
            "in_response_to_tweet_id": pl.Series(ids - 1).set(pl.Series(turn == 0), None).cast(pl.Float64),
        }
    ).with_columns(pl.from_epoch("created_at", time_unit="s").dt.strftime("%a %b %d %H:%M:%S +0000 %Y"))


def _texts(rng: np.random.Generator, words: list[str], spoken_to: np.ndarray) -> pl.Series:
    """About 110 characters: a handle, 8 to 26 words, now and then a line break, a link, mojibake."""
    size = len(spoken_to)
    vocabulary = pl.Series(words)
    drawn = [vocabulary.gather(rng.integers(0, len(words), size)) for _ in range(26)]
    lengths = rng.integers(8, 27, size)
    kept = [word.set(pl.Series(lengths <= i), None).alias(f"w{i}") for i, word in enumerate(drawn)]
    end = np.select(
        [rng.random(size) < MOJIBAKE_SHARE, rng.random(size) < 0.1, rng.random(size) < 0.2],
        ["canâ€™t", "line\nbreak, twice", "https://t.co/abcdefghij"],
        "",
    )
    frame = pl.DataFrame([pl.Series("to", spoken_to), *kept, pl.Series("end", end)])
    said = pl.concat_str(pl.exclude("to"), separator=" ", ignore_nulls=True)
    return frame.select(text=pl.concat_str(pl.lit("@"), "to", pl.lit(" "), said)).to_series()


def read_with_collect(path: Path) -> int:
    from complaintlab.collect import run
    from complaintlab.companies import Companies
    from complaintlab.params import Collect, Columns, Crawl, Declares, Rights, World, load_params

    settings = Collect(source="twcs", path=path, as_of=None, columns=Columns(), declares=Declares())
    shipped = load_params(Path(__file__).resolve().parents[1] / "params.yaml")
    rest = shipped.section(Crawl), shipped.section(Rights)
    outputs = run(settings, World(complaints=1, seed=1), Companies(companies=()), path.parent, *rest)
    return outputs.posts.height


def read_with_pandas(path: Path) -> int:
    import pandas as pd

    frame = pd.read_csv(path)
    frame["created_at"] = pd.to_datetime(frame["created_at"], format="%a %b %d %H:%M:%S %z %Y")
    return len(frame)


class Cost(NamedTuple):
    """What a reading cost, imports included: seconds by the clock and of the processors, peak memory."""

    seconds: float
    cpu_seconds: float
    peak_gb: float


def _measured(read: Callable[[Path], int], path: Path, answer: multiprocessing.Queue[Cost]) -> None:
    started, started_cpu = time.perf_counter(), time.process_time()
    read(path)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - started_cpu
    answer.put(Cost(seconds, cpu_seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6))


def measure(read: Callable[[Path], int], path: Path) -> Cost:
    """Cost of ``read`` in a fresh process."""
    context = multiprocessing.get_context("spawn")
    answer: multiprocessing.Queue[Cost] = context.Queue()
    process = context.Process(target=_measured, args=(read, path, answer))
    process.start()
    cost = answer.get()
    process.join()
    return cost


def main(sizes: list[int]) -> None:
    results = []
    for tweets in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "twcs.csv"
            generate(path, tweets)
            ours, theirs = measure(read_with_collect, path), measure(read_with_pandas, path)
            megabytes = path.stat().st_size / 1e6
        costs = {f"collect_{name}": round(value, 2) for name, value in ours._asdict().items()}
        costs |= {f"pandas_{name}": round(value, 2) for name, value in theirs._asdict().items()}
        ratios = {
            "ratio": round(ours.seconds / theirs.seconds, 2),
            "cpu_ratio": round(ours.cpu_seconds / theirs.cpu_seconds, 2),
        }
        results.append({"tweets": tweets, "file_mb": round(megabytes, 1), **costs, **ratios})
    RESULTS.parent.mkdir(exist_ok=True)
    table = pl.DataFrame(results)
    table.write_csv(RESULTS)
    print(table)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [280_000, 2_800_000])
