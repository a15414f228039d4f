"""The stage regression sums in one order: the threads of every library that it uses are held."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import polars as pl
from threadpoolctl import threadpool_info

from complaintlab.models import regression


def told(complaints):
    assert any("tabmat" in pool["filepath"] for pool in threadpool_info()), "glum's threads are not there yet"
    print(sorted({pool["num_threads"] for pool in threadpool_info()}))
    raise SystemExit


regression.who_is_answered = told
nobody = pl.DataFrame(schema={"kind": pl.String, "episode_id": pl.String})
regression.run(nobody, nobody, None, None)
"""


def test_threads_of_libraries_that_load_late_are_held() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[1]", done.stderr
