"""Import time is user time: the command line itself loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys


def test_the_command_line_starts_without_tables_models_or_figures() -> None:
    heavy = "{'polars', 'numpy', 'scipy', 'sklearn', 'matplotlib', 'torch', 'httpx'}"
    script = f"import sys, complaintlab.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
