"""What all tests share: where the shared data are, and a study in an empty folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repo() -> Path:
    """The checkout."""
    return REPO


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real data and reference numbers beside the checkout; skips where they are absent."""
    folder = Path(os.environ.get("COMPLAINTLAB_SHARED", REPO.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"real data are not at {folder.name}/ beside the checkout (or COMPLAINTLAB_SHARED)")
    return folder
