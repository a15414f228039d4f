"""Texts embedded per second of processor time, by the code of the stage.

    python benchmarks/embed.py [TEXTS]

The texts are made of words drawn at random, 5 to 60 of them as in public messages; nothing is cached.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from complaintlab import embed
from complaintlab.params import Embed
from complaintlab.texts import text_hashes

WORDS = np.array(["sorry", "your", "order", "late", "please", "message", "team", "refund", "engineer", "we"])


def made_turns(n: int) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    said = pl.Series("text", [" ".join(rng.choice(WORDS, rng.integers(5, 61))) for _ in range(n)])
    return pl.DataFrame({"thread_id": range(n), "company": "made", "role": "company"}).with_columns(
        said, text_hashes(said).alias("text_hash"), joined_into=pl.lit(None, dtype=pl.String)
    )


def main(n: int) -> None:
    turns = made_turns(n)
    threads = turns.select("thread_id", "company", root_seen=pl.lit(True))
    simulated = pl.DataFrame({"simulated": [True]})
    packaged = Embed(model="packaged", roles=("company",))
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in (("first texts, libraries loaded", 32), ("all texts", n)):
            wall, processor = time.perf_counter(), time.process_time()
            found = embed.run(turns[:rows], threads, simulated, packaged, Path(folder)).vectors.height
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            print(f"{name}: {found} in {wall:.1f} s ({processor:.1f} s of processors)")
    print(f"{(n - 32) / processor:.0f} texts per second of processor time")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
