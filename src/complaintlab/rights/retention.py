"""The retention clock: raw answers are kept for so many days after the last of them came.

The stages ``crawl`` and ``collect`` ask it, so this module imports nothing of what removes (``expiry``).
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from complaintlab.crawl.raw import LEDGER, read_events
from complaintlab.errors import UserError


def expired(root: Path, source: str, retention_days: int | None, now: dt.datetime) -> list[Path]:
    """Crawls of a source whose last answer is older than ``retention_days`` (None: none ever is)."""
    if retention_days is None:
        return []
    oldest = now - dt.timedelta(days=retention_days)
    folders = sorted({ledger.parent for ledger in (root / "data" / "raw" / source).rglob(LEDGER)})
    return [folder for folder in folders if _last_answer(folder, now) < oldest]


def refuse_expired(root: Path, source: str, retention_days: int | None, now: dt.datetime) -> None:
    """Neither crawl nor collect works on raw answers that should be gone.

    Raises:
        UserError: there are some.
    """
    found = expired(root, source, retention_days, now)
    if found:
        raise UserError(
            f"{found[0].relative_to(root)} is older than the {retention_days} days of rights.retention_days: "
            "run `complaintlab forget --expired`, or raise the param."
        )


def _last_answer(folder: Path, now: dt.datetime) -> dt.datetime:
    """When the last answer came; a crawl without any is as young as can be."""
    moments = [event["at"] for event in read_events(folder) if event["event"] == "answer"]
    return max(map(dt.datetime.fromisoformat, moments), default=now)
