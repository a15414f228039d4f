"""The retention clock: raw answers are kept for so many days after the last of them came."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

from complaintlab.crawl.raw import LEDGER, read_events
from complaintlab.errors import UserError
from complaintlab.rights.files import append_line
from complaintlab.rights.forget import LOG
from complaintlab.rights.raw import locked

_GOING = ".cache/expired"


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


def remove_expired(
    root: Path, source: str, retention_days: int | None, now: dt.datetime | None = None
) -> list[str]:
    """Remove expired crawls of a source, with an entry in the log; their names.

    Raises:
        UserError: rights.retention_days is not set, or a crawl is under way.
    """
    if retention_days is None:
        raise UserError("rights.retention_days is null, so nothing expires: set it in params.yaml.")
    moment = now or dt.datetime.now(dt.UTC)
    going = root / _GOING
    removed = []
    for folder in expired(root, source, retention_days, moment):
        going.mkdir(parents=True, exist_ok=True)
        append_line(root / LOG, f"{moment.date().isoformat()} {source} expired: data/raw crawl {folder.name}")
        with locked(folder):
            folder.rename(going / folder.name)  # whole until it has left the study
        removed.append(folder.name)
    shutil.rmtree(going, ignore_errors=not going.exists())  # also what a killed process left
    return removed


def _last_answer(folder: Path, now: dt.datetime) -> dt.datetime:
    """When the last answer came; a crawl without any is as young as can be."""
    moments = [event["at"] for event in read_events(folder) if event["event"] == "answer"]
    return max(map(dt.datetime.fromisoformat, moments), default=now)
