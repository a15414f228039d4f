"""How fast a monthly Reddit dump is read, filtered by community, and in how much memory.

    python benchmarks/reddit_dump.py [comments ...]      (default 200000 800000)

Each dump is generated (seeded, made-up words) with the keys, their order and the packing of the true ones
(`RC_YYYY-MM.zst`, JSON keys sorted, about 1.4 kB a comment, window of 2 GiB) and read in a process of its
own on one thread: once to its matching lines, once through `complaintlab.collect` to posts and sightings.
Results: benchmarks/results/reddit_dump.csv.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import zstandard

RESULTS = Path(__file__).parent / "results" / "reddit_dump.csv"
COMMUNITY = "Community7"
COMMUNITIES = 2_000
STARTED = 1_704_067_200


def generate(path: Path, comments: int, seed: int = 1) -> None:
    """Write a dump of ``comments``, one in about a hundred about ``COMMUNITY``."""
    packer = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    )
    with path.open("wb") as file, packer.stream_writer(file) as stream:
        for line in lines(comments, seed):
            stream.write(line)


def lines(comments: int, seed: int) -> Iterator[bytes]:
    rng = np.random.default_rng(seed)
    words = ["".join(rng.choice(list("abcdefghiklmnoprstuw"), rng.integers(2, 10))) for _ in range(5_000)]
    place = np.minimum(rng.zipf(1.3, comments), COMMUNITIES)
    length = np.minimum(rng.geometric(1 / 30, comments), 1_500)
    spoken = rng.integers(0, len(words), int(length.sum()))
    start = 0
    for number in range(comments):
        body = " ".join(words[word] for word in spoken[start : start + length[number]])
        start += length[number]
        yield json.dumps(comment(number, f"Community{place[number]}", body), sort_keys=True).encode() + b"\n"


def comment(number: int, community: str, body: str) -> dict[str, Any]:
    """A record with the keys that the archive's dumps of 2024 have."""
    name, post = f"k{number:06x}", f"p{number // 20:05x}"
    at = STARTED + number * 2
    return {
        "_meta": {"retrieved_2nd_on": at + 129_600} | ({"is_edited": True} if number % 50 == 0 else {}),
        "all_awardings": [], "approved_at_utc": None, "approved_by": None, "archived": False,
        "associated_award": None, "author": f"person_{number % 9973}", "author_flair_background_color": "",
        "author_flair_css_class": None, "author_flair_richtext": [], "author_flair_template_id": None,
        "author_flair_text": None, "author_flair_text_color": "dark", "author_flair_type": "text",
        "author_fullname": f"t2_{number % 9973:x}", "author_is_blocked": False, "author_patreon_flair": False,
        "author_premium": False, "awarders": [], "banned_at_utc": None, "banned_by": None, "body": body,
        "can_gild": False, "can_mod_post": False, "collapsed": False, "collapsed_because_crowd_control": None,
        "collapsed_reason": None, "collapsed_reason_code": None, "comment_type": None, "controversiality": 0,
        "created": at, "created_utc": at, "distinguished": None, "downs": 0, "edited": False, "gilded": 0,
        "gildings": {}, "id": name, "is_submitter": number % 20 == 3, "likes": None, "link_id": f"t3_{post}",
        "locked": False, "mod_note": None, "mod_reason_by": None, "mod_reason_title": None, "mod_reports": [],
        "name": f"t1_{name}", "no_follow": True, "num_reports": None, "parent_id": f"t3_{post}",
        "permalink": f"/r/{community}/comments/{post}/some_title_of_a_post/{name}/", "removal_reason": None,
        "replies": "", "report_reasons": None, "retrieved_on": at + 20, "saved": False, "score": 1,
        "score_hidden": False, "send_replies": True, "stickied": False, "subreddit": community,
        "subreddit_id": "t5_2qh33", "subreddit_name_prefixed": f"r/{community}", "subreddit_type": "public",
        "top_awarded_type": None, "total_awards_received": 0, "treatment_tags": [],
        "unrepliable_reason": None, "ups": 1, "user_reports": [],
    }  # fmt: skip


def read_lines(path: Path, communities: tuple[str, ...]) -> int:
    from complaintlab.sources.reddit_dump import matching_lines

    with path.open("rb") as file:
        return sum(kept.count(b"\n") + 1 for kept in matching_lines(file, True, communities))


def read_tables(path: Path, communities: tuple[str, ...]) -> int:
    from complaintlab.collect.live import collect_live
    from complaintlab.companies import Companies
    from complaintlab.params import Collect, Columns, Crawl, Declares

    settings = {"as_of": None, "columns": Columns(), "declares": Declares()}
    collect = Collect.model_construct(source="reddit", path=path, **settings)
    crawl = Crawl.model_construct(communities=communities, address=None)
    return collect_live(collect, crawl, Companies(companies=()), path.parent).posts.height


class Cost(NamedTuple):
    posts: int
    seconds: float
    cpu_seconds: float
    peak_mb: float


Read = Callable[[Path, tuple[str, ...]], int]


def _measured(
    read: Read, path: Path, communities: tuple[str, ...], answer: multiprocessing.Queue[Cost]
) -> None:
    started, started_cpu = time.perf_counter(), time.process_time()
    posts = read(path, communities)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - started_cpu
    answer.put(Cost(posts, seconds, cpu_seconds, _peak_mb()))


def _peak_mb() -> float:
    """Peak memory of this process; ``ru_maxrss`` would count the parent's before it began as its own."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1e3 if found else float("nan")


def measure(read: Read, path: Path, communities: tuple[str, ...]) -> Cost:
    """Cost of ``read`` in a fresh process, imports included."""
    context = multiprocessing.get_context("spawn")
    answer: multiprocessing.Queue[Cost] = context.Queue()
    process = context.Process(target=_measured, args=(read, path, communities, answer))
    process.start()
    cost = answer.get()
    process.join()
    return cost


def main(sizes: list[int]) -> None:
    os.environ["POLARS_MAX_THREADS"] = "1"
    results = []
    for comments in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "RC_2024-01.zst"
            generate(path, comments)
            megabytes = path.stat().st_size / 1e6
            for what, read in (("lines", read_lines), ("tables", read_tables)):
                cost = measure(read, path, (COMMUNITY,))
                results.append(
                    {"comments": comments, "packed_mb": round(megabytes, 1), "to": what}
                    | {name: round(value, 2) for name, value in cost._asdict().items()}
                    | {"comments_per_cpu_second": round(comments / cost.cpu_seconds)}
                )
    RESULTS.parent.mkdir(exist_ok=True)
    table = pl.DataFrame(results)
    table.write_csv(RESULTS)
    print(table)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [200_000, 800_000])
